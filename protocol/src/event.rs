//! Facts that a person may be told, in the order in which they became so. Each leaves only once it is durable.

use crate::{
    address::Address,
    answer::{ContactView, MessageState, MessageView},
    ids::{AccountId, MessageId},
    input::Standing,
};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody became a pending contact, a request or a contact.
    ContactAdded(Box<ContactView>),
    /// Name, state or verification changed, or they were removed (then the view is the last one).
    ContactChanged(Box<ContactView>),
    /// Their invitation could not be answered; `reason` says why.
    ContactFailed(Box<ContactView>),
    /// A live channel stands.
    ContactOnline(Box<ContactView>),
    /// The last live channel is gone.
    ContactOffline(Box<ContactView>),
    /// A message of theirs is durable here.
    MessageReceived(Box<MessageView>),
    /// Every message of ours up to this one has come at least so far.
    MessageState {
        /// The contact.
        conversation: AccountId,
        /// The last message it holds for.
        up_to: MessageId,
        /// How far they have come.
        state: MessageState,
    },
    /// Where we listen changed.
    Listening {
        /// All of it.
        addresses: Vec<Address>,
    },
    /// How we stand beyond this network changed.
    Standing {
        /// All of it.
        standing: Standing,
    },
    /// Something a person should read once.
    Notice {
        /// Which.
        kind: NoticeKind,
        /// One sentence.
        text: String,
    },
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// A session was lost and replaced; what was not acknowledged is sent again.
    KeysRenewed,
    /// Another copy of this device is running, or an old copy was put back.
    Twin,
    /// The store had lost something that peers gave back.
    StoreRepaired,
    /// A one-use invitation was answered a second time, with other bytes.
    AnsweredTwice,
    /// A second link of a pending contact took the place of the first.
    InvitationReplaced,
    /// Two entries claim one place in an author's chain.
    Fork,
    /// A contact's device list changed.
    DeviceListChanged,
    /// Another device of our own account is known to contacts.
    DeviceAdded,
    /// Somebody sent more than a bound allows.
    LimitReached,
    /// Nothing new can be written down; what can be read can still be read.
    NoRoom,
    /// It can be again, and everything goes on.
    RoomAgain,
    /// The identity file was of no use, and the one before it took its place.
    IdentityRecovered,
    /// A damaged store was moved out of the way, and a new one has begun.
    StoreSetAside,
}

impl NoticeKind {
    /// Its name in events: stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeysRenewed => "keys_renewed",
            Self::Twin => "twin",
            Self::StoreRepaired => "store_repaired",
            Self::AnsweredTwice => "answered_twice",
            Self::InvitationReplaced => "invitation_replaced",
            Self::Fork => "fork",
            Self::DeviceListChanged => "device_list_changed",
            Self::DeviceAdded => "device_added",
            Self::LimitReached => "limit_reached",
            Self::NoRoom => "no_room",
            Self::RoomAgain => "room_again",
            Self::IdentityRecovered => "identity_recovered",
            Self::StoreSetAside => "store_set_aside",
        }
    }
}
