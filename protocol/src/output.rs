//! Everything that leaves the engine, in order. What follows a `Persist` waits until it is durable.

use std::collections::BTreeMap;

use core::time::Duration;

use crate::{
    address::{Address, Circuit},
    answer::{Answer, CommandError},
    event::Event,
    ids::{CommandId, DialId, LinkId, LookupId, TransportId},
    vault::ring::Slot,
};

/// One thing to do outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Apply this to the store at once, so that the next turn reads it; hold what follows until it is durable.
    Persist(ChangeSet),
    /// Replace the identity file by these sealed bytes; hold what follows until that is durable.
    PersistIdentity(Vec<u8>),
    /// Write one slot of the ring, in its place and complete; hold what follows until that is durable, and say so
    /// with `Input::RingPersisted`.
    PersistRing {
        /// Which.
        slot: Slot,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// Send one frame.
    Transmit {
        /// On which link.
        link: LinkId,
        /// Its bytes, without the length before them.
        frame: Vec<u8>,
    },
    /// Try to reach somebody; answered by a link that names this dial, or by `DialFailed`.
    Dial {
        /// Its number.
        dial: DialId,
        /// Whom, where that is known.
        peer: Option<TransportId>,
        /// Where, at most `limits::DIAL_ADDRESSES_MAX`; any that answers will do.
        addresses: Vec<Address>,
        /// Over which relays else, at most `limits::DIAL_CIRCUITS_MAX`.
        circuits: Vec<Circuit>,
    },
    /// Leave a record at the meeting place; what lay there under this key from us is replaced. Nobody answers.
    PublishRecord {
        /// Under which key.
        key: [u8; 32],
        /// What; always of `limits::RECORD_BYTES`.
        value: Vec<u8>,
        /// How long it is to stay there.
        life: Duration,
    },
    /// Ask the meeting place what lies under a key; answered by `Input::RecordFound` and one `Input::LookupEnded`.
    LookUp {
        /// Its number.
        lookup: LookupId,
        /// Which key.
        key: [u8; 32],
    },
    /// Close a link; frames before it are still sent.
    CloseLink {
        /// Which.
        link: LinkId,
    },
    /// Tell people.
    Notify(Event),
    /// Answer a command.
    Reply {
        /// Which.
        command: CommandId,
        /// How it went.
        result: Result<Answer, CommandError>,
    },
    /// Write one sentence to the log. It names no person and no text.
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The sentence.
        text: String,
    },
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For those who look for a fault.
    Debug,
    /// For operators.
    Info,
    /// A peer or the store did what it should not.
    Warn,
}

/// One atomic write: all of it or nothing survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    /// What becomes of each key: a new value (at most `limits::VALUE_BYTES_MAX`), or nothing.
    pub writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}
