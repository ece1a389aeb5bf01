//! Everything that enters the engine.

use crate::{
    address::{Address, Relay},
    answer::{DialFailure, Path},
    command::Command,
    ids::{CommandId, DialId, LinkId, LookupId, TransportId},
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
    /// How far we can be reached from beyond this network changed.
    Standing(Standing),
    /// A record was found at the meeting place, under a key that was asked for; there may be several.
    RecordFound {
        /// Which question.
        lookup: LookupId,
        /// What lies there: anybody may have put it.
        value: Vec<u8>,
    },
    /// No further record comes under this key, or the meeting place cannot be asked.
    LookupEnded {
        /// Which question.
        lookup: LookupId,
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
    /// Where they are, as the transport sees it; `None` where it does not say, and over a relay.
    pub address: Option<Address>,
    /// How it came about.
    pub way: Way,
}

/// How a link came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One of the two dialled the other.
    Direct,
    /// One of the two was reached over a relay.
    Relayed,
    /// Both dialled at the same moment, through their routers, because a relayed link stands between them.
    Punched {
        /// Whether we count as the one who dialled.
        first: bool,
    },
}

impl LinkEnds {
    /// Whether we say our tokens first, as whoever dialled does.
    #[must_use]
    pub const fn speaks_first(&self) -> bool {
        self.dial.is_some() || matches!(self.way, Way::Punched { first: true })
    }

    /// By which path its frames go.
    #[must_use]
    pub const fn path(&self) -> Path {
        match self.way {
            Way::Relayed => Path::Relayed,
            Way::Direct | Way::Punched { .. } => Path::Direct,
        }
    }
}

/// What the world beyond this network knows of us: the whole of it, after each change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Where anybody can dial us, proved by somebody who did.
    pub public: Vec<Address>,
    /// Relays that let others in to us.
    pub relays: Vec<Relay>,
    /// Whether the meeting place can be asked.
    pub meeting_place: bool,
    /// Where servers are that we are connected to; the engine puts ourselves before them where we are one.
    pub servers: Vec<Address>,
}
