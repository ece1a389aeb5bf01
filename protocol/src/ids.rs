//! Every identity is a type of its own with a private field, so that none can be taken for another.
//!
//! `Display` is the whole id as people and scripts see it (lower-case base32 without padding); `Debug` is its first
//! bytes only, for logs.

use core::fmt;

use data_encoding::Encoding;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// How many bytes it has.
            pub const BYTES: usize = $bytes;

            /// Takes the bytes for what they are; nothing is checked.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// All its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// Reads what `Display` wrote; `None` for anything else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let bytes = BASE32.decode(text.as_bytes()).ok()?;
                Some(Self(bytes.try_into().ok()?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE32.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let short: String = BASE32.encode(&self.0).chars().take(8).collect();
                write!(f, "{}({short})", stringify!($name))
            }
        }
    };
}

id!(
    /// Who somebody is: `H("causerie/1 account" ‖ account key)`. Unique for all time.
    AccountId, 32
);
id!(
    /// One installation of somebody's: `H(device key)[..16]`. Unique for all time.
    DeviceId, 16
);
id!(
    /// What two accounts say to each other: `H("causerie/1 pair" ‖ sorted accounts)`.
    ConversationId, 32
);
id!(
    /// One element of a log: `H("causerie/1 entry" ‖ head)`.
    EntryId, 32
);
id!(
    /// The id of a message that people and commands see (`mid`); unique within a conversation.
    MessageId, 16
);
id!(
    /// One life of a device's chain in one conversation; drawn anew when a store is created, restored or moved.
    RunId, 8
);
id!(
    /// One running process of one device; drawn at each start.
    ProcessId, 16
);
id!(
    /// One session between two devices: `H("causerie/1 session" ‖ handshake hash)[..16]`.
    SessionId, 16
);
id!(
    /// One invitation of ours, as commands name it: `H("causerie/1 invitation" ‖ its secret)[..8]`.
    InvitationId, 8
);

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// Its number.
            #[must_use]
            pub const fn number(self) -> u64 {
                self.0
            }
        }
    };
}

number!(
    /// One stream to one peer, numbered by the driver; never used twice in a process.
    LinkId
);
number!(
    /// One command in flight, numbered by whoever sent it; its reply carries it.
    CommandId
);
number!(
    /// One attempt to dial, numbered by the engine.
    DialId
);
number!(
    /// One question for a record at the meeting place, numbered by the engine.
    LookupId
);

/// Which network identity a link end has: opaque bytes (a libp2p peer id), fresh at every start, 1 to 64 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct TransportId(Vec<u8>);

impl TryFrom<Vec<u8>> for TransportId {
    type Error = &'static str;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        Self::new(&bytes).ok_or("a network identity has 1 to 64 bytes")
    }
}

impl From<TransportId> for Vec<u8> {
    fn from(id: TransportId) -> Self {
        id.0
    }
}

impl TransportId {
    /// The longest one accepted.
    pub const BYTES_MAX: usize = 64;

    /// Wraps the bytes; `None` when there are none or more than 64.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (!bytes.is_empty() && bytes.len() <= Self::BYTES_MAX).then(|| Self(bytes.to_vec()))
    }

    /// All its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TransportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.0.iter().rev().take(3).rev();
        f.write_str("TransportId(…")?;
        for byte in tail {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

const BASE32: Encoding = data_encoding_macro::new_encoding! { symbols: "abcdefghijklmnopqrstuvwxyz234567", };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_show() {
        let id = AccountId::from_bytes([0x5a; 32]);
        assert_eq!(id.to_string().len(), 52);
        assert_eq!(AccountId::parse(&id.to_string()), Some(id));
        assert_eq!(AccountId::parse("a"), None);
        assert_eq!(AccountId::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(MessageId::parse(&id.to_string()), None);
    }

    #[test]
    fn debug_is_short() {
        assert_eq!(format!("{:?}", DeviceId::from_bytes([0; 16])), "DeviceId(aaaaaaaa)");
    }

    #[test]
    fn transport_ids_are_bounded() {
        assert!(TransportId::new(&[]).is_none());
        assert!(TransportId::new(&[0; 64]).is_some());
        assert!(TransportId::new(&[0; 65]).is_none());
    }
}
