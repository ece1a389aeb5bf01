//! The first frame of every live channel: who runs there, and how device lists, sessions and logs stand.
//!
//! `STATUS = {run id(16), starts u64, wall_ms u64, own list (version u32, hash), their list (version u32, hash),
//! sessions, hash of the sorted heads}`, in the one encoding of `wire::codec`, with at most
//! `limits::SESSIONS_PER_DEVICE_MAX` sessions.

use serde::{Deserialize, Serialize};

use crate::{ids::ProcessId, limits, moment::WallTime, session::SessionStatus, wire::codec};

/// What one side says of itself and of what it knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    /// Drawn at each start.
    pub(crate) process: ProcessId,
    /// How often this device was started.
    pub(crate) starts: u64,
    /// What its clock says.
    pub(crate) wall: WallTime,
    /// Its own device list.
    pub(crate) own_list: ListMark,
    /// What it knows of ours.
    pub(crate) their_list: ListMark,
    /// Every session with us that it holds.
    pub(crate) sessions: Vec<SessionStatus>,
    /// Hash of its heads of our conversation.
    pub(crate) heads: [u8; 32],
}

/// Which device list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListMark {
    /// Its version.
    pub(crate) version: u32,
    /// Its hash.
    pub(crate) hash: [u8; 32],
}

impl Status {
    /// Its bytes.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        codec::encode(self).ok()
    }

    /// Reads it; `None` when malformed or over a bound.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        codec::decode::<Self>(bytes)
            .ok()
            .filter(|status| status.sessions.len() <= limits::SESSIONS_PER_DEVICE_MAX)
    }
}
