//! Whether two devices can go on with a session: each tells the other how it stands, and both decide alike.
//!
//! A side that was put back to an older state seals under used keys, or in an epoch that the other has closed or never
//! had; the comparison finds this before anything is sealed. What is merely on the way never makes a session unsound.

use serde::{Deserialize, Serialize};

use crate::{ids::SessionId, limits};

/// How a session stands at one device, as it tells the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStatus {
    /// Which session.
    pub session: SessionId,
    /// The epoch it seals in; the count is how many it sealed.
    pub sending: EpochStatus,
    /// Every epoch it can still receive in, oldest first; the count is the index it expects next.
    pub receiving: Vec<EpochStatus>,
}

/// How one direction of one epoch stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochStatus {
    /// The epoch's number.
    pub n: u32,
    /// What tells it from another epoch of that number.
    pub fingerprint: [u8; 16],
    /// Sealed so far, or expected next.
    pub count: u32,
}

/// Whether two devices can go on with a session: each one's sending epoch is open at the other, which expects nothing
/// that is sealed already, and the next envelopes are within its walk.
#[must_use]
pub fn sound(own: &SessionStatus, theirs: &SessionStatus) -> bool {
    own.session == theirs.session
        && reaches(&own.sending, &theirs.receiving)
        && reaches(&theirs.sending, &own.receiving)
}

fn reaches(sending: &EpochStatus, receiving: &[EpochStatus]) -> bool {
    // Whatever is in flight may still be lost before the next one is opened.
    let in_flight = u32::try_from(limits::ENVELOPES_IN_FLIGHT_MAX).unwrap_or(u32::MAX);
    let ahead_max = limits::CHAIN_WALK_MAX.saturating_sub(in_flight);
    receiving
        .iter()
        .filter(|epoch| (epoch.n, epoch.fingerprint) == (sending.n, sending.fingerprint))
        .filter_map(|epoch| sending.count.checked_sub(epoch.count))
        .any(|ahead| ahead <= ahead_max)
}
