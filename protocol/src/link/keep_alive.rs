//! One tick of 4.5 s for all live channels: who said nothing since the last one says PING, who was heard of in neither
//! of two is gone. So an idle node wakes once in a tick, and a dead peer is noticed within three.

use crate::{
    contact::{ContactRow, introduction},
    delivery::{Delivery, receiving},
    engine::State,
    ids::LinkId,
    limits,
    link::{close, live_channel},
    reach,
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
        let now = turn.now.moment;
        let Some(live) = state.links.live_mut(link) else { continue };
        // Another change does not give a channel more time that has not answered the last one.
        if live.unanswered(now).is_none() {
            live.asked_at = Some(now);
            state.timers.set(Timer::Probe(link), now + limits::PROBE_DOUBT);
        }
    }
}

/// Whether the channel to this contact may not have survived a change of networks.
pub(crate) fn is_in_doubt(state: &State, turn: &Turn<'_>, row: ContactRow) -> bool {
    let used = state.deliveries.get(&row).and_then(Delivery::link);
    used.and_then(|link| state.links.live(link)).is_some_and(|live| live.is_in_doubt(turn.now.moment))
}

/// A channel has had time to show that it stands: a little, and whoever is there is dialled beside it; or enough.
pub(crate) fn on_probe_over(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    let now = turn.now.moment;
    let Some(live) = state.links.live(link) else { return };
    let row = live.row();
    // Heard of since: it stood after the change, and what is silent later is the tick's concern.
    let Some(waited) = live.unanswered(now) else { return };
    if waited >= limits::PROBE_PATIENCE {
        close(state, turn, link, "nothing heard since the network changed");
    } else {
        state.timers.set(Timer::Probe(link), now + (limits::PROBE_PATIENCE - waited));
        reach::redial(state, turn, row);
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
        if let Some(row) = state.links.live(link).map(live_channel::LiveChannel::row)
            && state.deliveries.get(&row).and_then(Delivery::link) == Some(link)
        {
            receiving::on_tick(state, turn, row);
        }
    }
    state.timers.set(Timer::KeepAlive, turn.now.moment + limits::KEEP_ALIVE_TICK);
}
