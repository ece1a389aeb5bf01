//! One tick of 4.5 s for all live channels: who said nothing since the last one says PING, who was heard of in neither
//! of two is gone. So an idle node wakes once in a tick, and a dead peer is noticed within three.

use crate::{
    contact::introduction,
    engine::State,
    ids::LinkId,
    limits,
    link::{close, live_channel},
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
