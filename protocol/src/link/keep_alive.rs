//! One tick of 4.5 s for all live channels: who said nothing since the last one says PING, who was heard of in neither
//! of two is gone. So an idle node wakes once in a tick, and a dead peer is noticed within three.

use crate::{
    contact::introduction,
    engine::State,
    ids::LinkId,
    limits,
    link::{
        close,
        live_channel::{self, LiveChannel},
    },
    timer::Timer,
    turn::Turn,
    wire::frame::FrameKind,
};

/// Starts the tick when the first channel stands.
pub(crate) fn start(state: &mut State, turn: &Turn<'_>) {
    if !state.timers.is_set(Timer::KeepAlive) {
        state.timers.set(Timer::KeepAlive, turn.now.moment + limits::KEEP_ALIVE_TICK);
    }
}

/// The network changed, or the machine slept: every channel has to show that it still stands, since nobody may tell us
/// that one does not.
pub(crate) fn probe_all(state: &mut State, turn: &mut Turn<'_>) {
    let links: Vec<LinkId> =
        state.links.all_live().filter(|(_, live)| live.is_proven()).map(|(link, _)| link).collect();
    for link in links {
        live_channel::send(state, turn, link, FrameKind::Ping, &[]);
        state.timers.set(Timer::Probe(link), turn.now.moment + limits::PROBE_PATIENCE);
    }
}

/// A channel has had time to show that it stands.
pub(crate) fn on_probe_over(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    let silent = |live: &LiveChannel| live.silence(turn.now.moment) > limits::PROBE_PATIENCE;
    if state.links.live(link).is_some_and(silent) {
        close(state, turn, link, "nothing heard since the network changed");
    }
}

/// The tick; it goes on while a channel stands.
pub(crate) fn on_tick(state: &mut State, turn: &mut Turn<'_>) {
    let links: Vec<LinkId> = state.links.all_live().map(|(link, _)| link).collect();
    let somebody_waits = introduction::on_tick(state, turn);
    if links.is_empty() && !somebody_waits {
        return;
    }
    for link in links {
        let Some(live) = state.links.live_mut(link) else { continue };
        let (said, missed) = live.take_tick();
        if missed >= limits::KEEP_ALIVE_MISSED_MAX {
            close(state, turn, link, "nothing heard in two ticks");
        } else if !said {
            live_channel::send(state, turn, link, FrameKind::Ping, &[]);
        }
        live_channel::rehandshake::on_tick(state, turn, link);
    }
    state.timers.set(Timer::KeepAlive, turn.now.moment + limits::KEEP_ALIVE_TICK);
}
