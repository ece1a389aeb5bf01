//! Why the node could not do what it was asked, in terms that a person or an operator can act on.
//!
//! Every reason has a kind (one stable word for scripts), a sentence, a hint that says what to do, and says whether the
//! same request may work later. The words are a contract: they leave through JSON-RPC and through the command line.
//! What a peer did wrong is never an error here; it is handled where it arrives.

use std::path::{Path, PathBuf};

use causerie_protocol::{answer::CommandError, records::RecordsError};
use thiserror::Error;

use crate::{entropy::EntropyError, home::HomeError, store::StoreError};

/// A reason, grouped by blame: the request, then the home, then the world.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeError {
    /// The engine refused the command; nothing was changed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// An address to listen on or to dial makes no sense; it is repeated here.
    #[error("{0:?} is not an address that can be listened on or dialled")]
    BadAddress(String),
    /// What was named cannot be a home; in words.
    #[error("{0}")]
    BadHome(String),
    /// Nobody lives in this home yet.
    #[error("this home has no identity yet")]
    NoIdentity,
    /// Somebody already lives in this home.
    #[error("this home already has an identity")]
    IdentityExists,
    /// Another process holds the home's lock.
    #[error("another program has this home open")]
    HomeInUse,
    /// The files are of a version that this program does not know.
    #[error("this home was written by a newer version")]
    NewerHome,
    /// The home is locked and no passphrase was given.
    #[error("this home is locked with a passphrase")]
    Locked,
    /// The home is locked with another passphrase.
    #[error("this is not the passphrase of this home")]
    WrongPassphrase,
    /// The home has no passphrase that could be removed.
    #[error("this home has no passphrase")]
    NoPassphrase,
    /// The identity is gone, and what belongs to it is there.
    #[error("the identity of this home is missing, while its vault and its store are there")]
    IdentityLost,
    /// The store in this directory is not what was written.
    #[error("the store {} is damaged", .0.display())]
    StoreDamaged(PathBuf),
    /// What the home says of networks beyond its own cannot be used; in words.
    #[error("{0}")]
    BadChoices(String),
    /// A file of the home cannot be used as it is; in words.
    #[error("{words}")]
    File {
        /// Which one, and why.
        words: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The home's files cannot be read or written; in words.
    #[error("the home cannot be read or written: {0}")]
    Storage(String),
    /// Too little room is left on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// No network can be used at all; in words.
    #[error("the network cannot be used: {0}")]
    Network(String),
    /// The node is going away or gone.
    #[error("the node has stopped")]
    Stopped,
}

impl NodeError {
    /// Why the engine could not go on with the store in this directory.
    pub(crate) fn of_records(error: &RecordsError, store: &Path) -> Self {
        match error {
            RecordsError::Unreadable | RecordsError::Damaged(_) | RecordsError::Lost(_) => {
                Self::StoreDamaged(store.to_owned())
            }
            other => Self::Storage(other.to_string()),
        }
    }

    /// One stable word for scripts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Command(refusal) => command_kind(refusal),
            Self::BadAddress(_) => "bad_address",
            Self::BadHome(_) => "bad_home",
            Self::NoIdentity => "no_identity",
            Self::IdentityExists => "identity_exists",
            Self::HomeInUse => "home_in_use",
            Self::NewerHome => "newer_home",
            Self::Locked => "locked",
            Self::WrongPassphrase => "wrong_passphrase",
            Self::NoPassphrase => "no_passphrase",
            Self::IdentityLost => "identity_lost",
            Self::StoreDamaged(_) => "store_damaged",
            Self::BadChoices(_) | Self::File { .. } | Self::Storage(_) | Self::DiskFull => "storage",
            Self::Network(_) => "unreachable",
            Self::Stopped => "stopped",
        }
    }

    /// What to do about it: one or two sentences.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Command(refusal) => command_hint(refusal),
            Self::BadAddress(_) => "Write it as in /ip4/0.0.0.0/tcp/47474 or /ip4/0.0.0.0/udp/47474/quic-v1.",
            Self::BadHome(_) => {
                "Nothing was changed. Name a directory of your own with --home or CAUSERIE_HOME."
            }
            Self::NoIdentity => "Make one with `causerie-node init --name NAME`.",
            Self::IdentityExists => {
                "Nothing was changed. Use another directory with --home to make a second identity."
            }
            Self::HomeInUse => {
                "Nothing was changed. Close the program that uses it, or choose another home with --home."
            }
            Self::NewerHome => "Nothing was changed. Install the version that wrote it, or a later one.",
            Self::Locked => {
                "Nothing was changed. Name the file that holds its passphrase with --passphrase-file, or be asked for it in a terminal."
            }
            Self::WrongPassphrase => {
                "Nothing was changed. Try again; upper and lower case, spaces and the layout of the keyboard count."
            }
            Self::NoPassphrase => "Nothing was changed. `causerie-node passphrase set` sets one.",
            Self::IdentityLost => {
                "Put the file `identity` back from a copy of this home. `causerie-node init --name NAME` makes another identity and sets what is there aside."
            }
            Self::StoreDamaged(_) => {
                "`causerie-node run --set-store-aside` moves it out of the way and begins a new one: identity and contacts stay, contacts give back what you said to each other, and what never reached them stays in the old one."
            }
            Self::BadChoices(_) => {
                "Nothing was started, for the file may be there to hide you. Correct it, or move it out of the way with `causerie-node run --set-network-aside`: then nothing that it says counts."
            }
            Self::File { hint, .. } => hint,
            Self::Storage(_) => {
                "What was confirmed before is kept. Look at the free space and the rights of the home's directory."
            }
            Self::DiskFull => {
                "What was confirmed before is kept. Free some space, look whether this was done, and if not, try again."
            }
            Self::Network(_) => "Messages wait here and leave when a network can be used.",
            Self::Stopped => "What was confirmed is kept. Start the node again and repeat the command.",
        }
    }

    /// Whether the very same request may work later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::HomeInUse
                | Self::Storage(_)
                | Self::DiskFull
                | Self::Network(_)
                | Self::Stopped
                | Self::Command(CommandError::Full(_) | CommandError::DiskFull | CommandError::ReadOnly)
        )
    }
}

impl From<HomeError> for NodeError {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::NoIdentity(_) => Self::NoIdentity,
            HomeError::AlreadyThere(_) => Self::IdentityExists,
            HomeError::InUse(_) => Self::HomeInUse,
            HomeError::Newer(_) => Self::NewerHome,
            HomeError::Locked(_) => Self::Locked,
            HomeError::WrongPassphrase(_) => Self::WrongPassphrase,
            HomeError::NoPassphrase(_) => Self::NoPassphrase,
            HomeError::SymbolicLink(_)
            | HomeError::NotADirectory(_)
            | HomeError::Shared(_)
            | HomeError::Nowhere => Self::BadHome(error.to_string()),
            HomeError::IdentityLost(_) => Self::IdentityLost,
            HomeError::Full(_) => Self::DiskFull,
            HomeError::ReadOnly(_) => CommandError::ReadOnly.into(),
            HomeError::NotRunning(_) => Self::Stopped,
            HomeError::Damaged(_)
            | HomeError::VaultDamaged(_)
            | HomeError::NotAFile(_)
            | HomeError::Permission { .. }
            | HomeError::NoRoomForCopy { .. }
            | HomeError::Io { .. } => Self::File { words: error.to_string(), hint: error.hint() },
        }
    }
}

impl From<StoreError> for NodeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse => Self::HomeInUse,
            StoreError::Full => Self::DiskFull,
            StoreError::ReadOnly => CommandError::ReadOnly.into(),
            StoreError::Damaged(path) => Self::StoreDamaged(path),
            StoreError::Permission(path) => HomeError::Permission { path, doing: "read and write" }.into(),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl From<EntropyError> for NodeError {
    fn from(error: EntropyError) -> Self {
        Self::Storage(error.to_string())
    }
}

const fn command_kind(refusal: &CommandError) -> &'static str {
    match refusal {
        CommandError::NotFound => "no_such_contact",
        CommandError::MessageNotFound => "no_such_message",
        CommandError::Ambiguous(_) => "ambiguous",
        CommandError::OwnInvitation => "own_invite",
        CommandError::BadInvitation => "bad_invite",
        CommandError::ExpiredInvitation => "expired_invite",
        CommandError::NewerVersion => "newer_version",
        CommandError::AlreadyContact => "already_contact",
        CommandError::VerificationChanged => "verification_changed",
        CommandError::WrongState(_) => "wrong_state",
        CommandError::Empty => "empty",
        CommandError::TooLong => "too_long",
        CommandError::BadName => "bad_name",
        CommandError::OutOfRange(_) => "out_of_range",
        CommandError::Full(_) => "full",
        CommandError::DiskFull | CommandError::ReadOnly => "storage",
        _ => "refused",
    }
}

const fn command_hint(refusal: &CommandError) -> &'static str {
    match refusal {
        CommandError::NotFound => "`causerie-node contacts` lists everybody, `invite list` every invitation.",
        CommandError::MessageNotFound => "`causerie-node history` shows the ids of the newest messages.",
        CommandError::Ambiguous(_) => "Nothing was changed. Write the id, or more of it.",
        CommandError::OwnInvitation => "Hand it to the person that you want to talk to.",
        CommandError::BadInvitation => "Copy the whole link again, from `causerie:` to its end.",
        CommandError::ExpiredInvitation => {
            "Ask for a new one. If this machine's clock is wrong, set it, or accept with --ignore-end."
        }
        CommandError::NewerVersion => "Install the newest version and accept it again.",
        CommandError::AlreadyContact => "Nothing is to be done: `causerie-node contacts` lists them.",
        CommandError::VerificationChanged => {
            "Nothing was sent. Ask whether they added a device and compare the safety numbers once more, then run `causerie-node contacts verify`."
        }
        CommandError::WrongState(_) => {
            "Nothing was changed. `causerie-node contacts` shows how things stand."
        }
        CommandError::Empty => "Nothing was sent. Write at least one character.",
        CommandError::TooLong => "Nothing was sent. Split it into several messages.",
        CommandError::BadName => "Nothing was changed. Choose another name.",
        CommandError::OutOfRange(_) => "Nothing was changed.",
        CommandError::Full(_) => "Nothing was changed. Remove what is not needed any more, then try again.",
        CommandError::DiskFull => {
            "Nothing was sent or changed. Free some space and try again; what you have can still be read, and what others send waits with them."
        }
        CommandError::ReadOnly => {
            "Nothing was sent or changed. Make the home's directory and its file system writable, then try again; what you have can still be read."
        }
        _ => "Nothing was changed.",
    }
}
