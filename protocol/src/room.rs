//! Whether what is new can be written down, and what goes on while it cannot.
//!
//! ```text
//! Enough ◀──▶ Full | ReadOnly
//! ```
//!
//! Who has no room claims nothing: every command that writes is refused, links are closed, none is made and nobody is
//! dialled, so that contacts keep what they have for us. Looking back, lists, checks and stopping go on. With room
//! again everybody is met at once. What is said inside here is `docs/architecture.md`, "A full disk".

use crate::{
    answer::CommandError, command::Command, engine::State, link, purge, reach, rotation, turn::Turn,
};

/// Whether what is new can be written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// It can.
    #[default]
    Enough,
    /// The disk is full, or so nearly that what is left is for small book-keeping.
    Full,
    /// The home can only be read.
    ReadOnly,
}

impl Room {
    /// Whether it can.
    #[must_use]
    pub const fn is_enough(self) -> bool {
        matches!(self, Self::Enough)
    }

    /// Refuses what would write.
    pub(crate) const fn or_refusal(self) -> Result<(), CommandError> {
        match self {
            Self::Enough => Ok(()),
            Self::Full => Err(CommandError::DiskFull),
            Self::ReadOnly => Err(CommandError::ReadOnly),
        }
    }
}

/// The driver looked: there is room, or there is none.
pub(crate) fn on_room(state: &mut State, turn: &mut Turn<'_>, room: Room) {
    let before = std::mem::replace(&mut state.settings.room, room);
    if before.is_enough() == room.is_enough() {
        return;
    }
    reach::rest(state, !room.is_enough());
    if room.is_enough() {
        purge::resume(state, turn);
        rotation::resume(state, turn);
        reach::on_secrets_changed(state, turn);
    } else {
        link::close_all(state, turn, "what it brings could not be kept");
    }
}

/// Refuses a command that writes while there is no room. A message that is sent once more with its key is found before
/// anything would be written, and so is looked at where it is.
pub(crate) fn may(state: &State, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Status
        | Command::ListInvitations
        | Command::ListContacts
        | Command::ListDevices
        | Command::ListConversations
        | Command::ListMessages { .. }
        | Command::DescribeMessage { .. }
        | Command::TestContact { .. }
        | Command::SendMessage { .. }
        | Command::Check => Ok(()),
        Command::CreateInvitation { .. }
        | Command::SeparateDevice
        | Command::RevokeInvitation { .. }
        | Command::AcceptInvitation { .. }
        | Command::AcceptContact { .. }
        | Command::IgnoreContact { .. }
        | Command::VerifyContact { .. }
        | Command::BlockContact { .. }
        | Command::UnblockContact { .. }
        | Command::RenameContact { .. }
        | Command::MergeContacts { .. }
        | Command::RemoveContact { .. }
        | Command::MarkConversation { .. }
        | Command::MarkRead { .. } => state.settings.room.or_refusal(),
    }
}
