//! A live channel gets new keys every hour: `Noise_KKpsk0` once more, inside the channel.
//!
//! ```text
//! smaller device                      larger device
//!   REHANDSHAKE(message 1) ───────────▶
//!                       ◀───────────── REHANDSHAKE(message 2); what it says next is under the new keys
//!   REHANDSHAKE() ────────────────────▶ what the smaller says next is under the new keys too
//! ```
//!
//! Frames arrive in order, so each side changes the keys of each direction between two frames and nothing waits. Who
//! does not answer keeps the old keys until the next hour: what envelopes hold does not depend on them.

use core::fmt;

use super::{keys, send};
use crate::{
    engine::State,
    ids::LinkId,
    limits,
    moment::Moment,
    session::noise::{self, LiveInitiator, LiveTransport, NoiseError},
    turn::Turn,
    wire::frame::FrameKind,
};

/// The keys of a live channel.
pub(crate) struct Keys {
    current: LiveTransport,
    /// What the other side still seals with.
    before: Option<LiveTransport>,
    /// Our message 1 is out.
    begun: Option<LiveInitiator>,
    /// When the current ones were made, or the next ones begun.
    since: Moment,
    round: u32,
}

impl Keys {
    /// Those of the handshake that began the channel.
    pub(super) const fn new(transport: LiveTransport, now: Moment) -> Self {
        Self { current: transport, before: None, begun: None, since: now, round: 0 }
    }

    /// Opens the next frame.
    pub(super) fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, NoiseError> {
        self.before.as_mut().unwrap_or(&mut self.current).open(sealed)
    }

    /// Seals the next frame.
    pub(super) fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, NoiseError> {
        self.current.seal(plain)
    }

    fn are_old(&self, now: Moment) -> bool {
        now.since(self.since) >= limits::CHANNEL_KEYS_LIFE
            || (self.begun.is_none() && self.current.frames() >= limits::CHANNEL_KEYS_FRAMES_MAX)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys(round {})", self.round)
    }
}

/// The tick of all channels: the smaller device begins when the keys are old.
pub(crate) fn on_tick(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    let now = turn.now.moment;
    let Some(live) = state.links.live(link).filter(|live| live.is_proven() && live.keys.are_old(now)) else {
        return;
    };
    let Some(with) = keys(state, &live.handshake, live.keys.round.saturating_add(1)) else {
        return;
    };
    if !with.initiator {
        return;
    }
    let begun =
        noise::live_initiate(&with.own, &with.their_static, &with.psk, &with.prologue, &mut turn.random);
    let Ok((initiator, message)) = begun else {
        return;
    };
    if let Some(live) = state.links.live_mut(link) {
        live.keys.begun = Some(initiator);
        live.keys.since = now;
    }
    send(state, turn, link, FrameKind::Rehandshake, &message);
}

/// A step of the other side; `false` when it does not check.
pub(super) fn on_frame(state: &mut State, turn: &mut Turn<'_>, link: LinkId, payload: &[u8]) -> bool {
    let now = turn.now.moment;
    let Some(live) = state.links.live_mut(link) else { return true };
    if payload.is_empty() {
        return live.keys.before.take().is_some();
    }
    if let Some(initiator) = live.keys.begun.take() {
        let Ok(next) = initiator.finish(payload) else { return false };
        send(state, turn, link, FrameKind::Rehandshake, &[]);
        let Some(live) = state.links.live_mut(link) else { return true };
        live.keys = Keys {
            current: next,
            before: None,
            begun: None,
            since: now,
            round: live.keys.round.saturating_add(1),
        };
        return true;
    }
    let round = live.keys.round.saturating_add(1);
    let unfinished = live.keys.before.is_some();
    let handshake = live.handshake.clone();
    // The secret may have been replaced meanwhile: then the old keys go on.
    let Some(with) = keys(state, &handshake, round) else { return true };
    if with.initiator || unfinished {
        return false;
    }
    let answered = noise::live_respond(
        &with.own,
        &with.their_static,
        &with.psk,
        &with.prologue,
        payload,
        &mut turn.random,
    );
    let Ok((next, message)) = answered else { return false };
    send(state, turn, link, FrameKind::Rehandshake, &message);
    if let Some(live) = state.links.live_mut(link) {
        let before = core::mem::replace(&mut live.keys.current, next);
        live.keys.before = Some(before);
        live.keys.since = now;
        live.keys.round = round;
    }
    true
}
