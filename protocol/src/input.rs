//! Everything that enters the engine.

use crate::{
    address::Address,
    answer::DialFailure,
    command::Command,
    ids::{CommandId, DialId, LinkId, TransportId},
    room::Room,
};

/// One thing that happened outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// What people asked for since the last turn, in order; at most `limits::COMMANDS_PER_TURN_MAX`. Together they
    /// make one change-set, so that many messages written at once share their cost.
    Commands(Vec<(CommandId, Command)>),
    /// The network runs; before this nothing is dialled.
    NetworkUp {
        /// Our network identity on it.
        own: TransportId,
    },
    /// A stream to a peer stands; nothing was said on it yet.
    LinkUp {
        /// Its number from now on.
        link: LinkId,
        /// The ends and who made it.
        ends: LinkEnds,
    },
    /// A frame arrived whole.
    Frame {
        /// On which link.
        link: LinkId,
        /// Its bytes, without the length before them.
        bytes: Vec<u8>,
    },
    /// The stream is gone, whoever closed it.
    LinkDown {
        /// Which.
        link: LinkId,
    },
    /// Somebody on this network announces themselves.
    Discovered {
        /// Their network identity.
        peer: TransportId,
        /// Where they say they are.
        addresses: Vec<Address>,
    },
    /// They no longer do.
    DiscoveryExpired {
        /// Their network identity.
        peer: TransportId,
    },
    /// Where we listen: the whole list, after each change.
    Listening {
        /// Where.
        addresses: Vec<Address>,
    },
    /// An address of a dial that still runs gave no link. Told before the dial's end.
    AddressFailed {
        /// Which dial.
        dial: DialId,
        /// Which address.
        address: Address,
        /// Why not.
        why: DialFailure,
    },
    /// A dial ended without a link.
    DialFailed {
        /// Which.
        dial: DialId,
    },
    /// The slot of the ring that was to be written is durable.
    RingPersisted,
    /// The node is about to stop: what is sealed with keys that were changed since is sealed anew now.
    Stopping,
    /// The monotonic and the wall clock disagree about how long the last wait was: suspend, or a clock set.
    Resumed,
    /// Whether what is new can be written down changed. While it cannot, the engine writes nothing.
    Room(Room),
    /// Nothing but time: `poll_timeout` has come.
    Timeout,
}

/// The two ends of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEnds {
    /// Our network identity on it.
    pub own: TransportId,
    /// Theirs, proved by the transport.
    pub peer: TransportId,
    /// Which dial made it; `None` when they dialled.
    pub dial: Option<DialId>,
    /// Where they are, as the transport sees it; `None` where it does not say.
    pub address: Option<Address>,
}
