//! Two channels to one contact: which one is used, and what becomes of the other.
//!
//! ```text
//! of one process:    the lower order stays, if it is alive
//! direct and relayed: the direct one stays; a relayed one that is newer waits as below
//! of two processes:  the newer waits ─▶ the older answers a PING ─▶ the newer is told TWIN and closed
//!                                   └─▶ the older is silent, or gone ─▶ the newer is used
//! ```
//!
//! A device that was started again and a copy of its home look the same until the older channel was asked. So whoever
//! waits is given nothing, and what they say is held, unopened: a copy seals with keys that the device seals with too,
//! and its envelopes would take the place of the device's.

use super::{LiveChannel, hear, send};
use crate::{
    answer::Path,
    contact::ContactRow,
    delivery::{self, Delivery},
    engine::State,
    event::{Event, NoticeKind},
    ids::LinkId,
    limits,
    link::close,
    output::Output,
    reach::{self, direct},
    records::RecordsError,
    testing::plant::{self, Plant},
    timer::Timer,
    turn::Turn,
    wire::frame::FrameKind,
};

/// What is said of our own device.
pub(crate) const OWN_TWIN: &str = "another copy of this device is running, or an old copy of its home was put back; \
                                   run one of them only, or make the copy a device of its own: messages may reach one \
                                   and not the other";

/// What was said on a channel that waits.
#[derive(Debug, Default)]
pub(super) struct Held {
    frames: Vec<(FrameKind, Vec<u8>)>,
    bytes: usize,
}

impl LiveChannel {
    /// Whether an older channel has time to show that it stands, before this one may be used.
    const fn waits(&self) -> bool {
        self.held.is_some()
    }

    /// Which of two stays, on both sides the same: the lower.
    fn rank(&self) -> (bool, [u8; 32]) {
        (self.path == Path::Relayed, self.order)
    }

    fn is_of_same_process(&self, other: &Self) -> bool {
        self.peer.map(|(process, _)| process) == other.peer.map(|(process, _)| process)
    }
}

/// Keeps a frame for later where the channel waits; whether it did. What is about the channel itself never waits.
pub(super) fn hold(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    kind: FrameKind,
    payload: &[u8],
) -> bool {
    let Some(held) = state.links.live_mut(link).and_then(|live| live.held.as_mut()) else { return false };
    if matches!(
        kind,
        FrameKind::Status
            | FrameKind::Ping
            | FrameKind::Pong
            | FrameKind::Twin
            | FrameKind::Close
            | FrameKind::Rehandshake
    ) {
        return false;
    }
    held.bytes += FRAME_COST_BYTES + payload.len();
    if held.bytes <= limits::HELD_BYTES_MAX || plant::is(Plant::QueueUnbounded) {
        held.frames.push((kind, payload.to_vec()));
    } else {
        close(state, turn, link, "it says more than is kept while it waits");
    }
    true
}

/// What a held frame costs beside its payload. Chosen: more than the list's own bytes.
const FRAME_COST_BYTES: usize = 64;

/// A second channel to one contact has said who runs there; one of the two survives.
pub(super) fn choose(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    used: LinkId,
    newer: LinkId,
) -> Result<(), RecordsError> {
    let (Some(one), Some(two)) = (state.links.live(used), state.links.live(newer)) else { return Ok(()) };
    if one.is_of_same_process(two) {
        let heard_since = one.heard_at > two.made_at;
        let fresh = one.silence(turn.now.moment) < limits::TWIN_PATIENCE;
        if two.rank() < one.rank() {
            take(state, turn, row, newer)?;
            close(state, turn, used, OTHER_STAYS);
        } else if heard_since {
            close(state, turn, newer, OTHER_STAYS);
        } else if fresh || one.path != two.path {
            // It may stand, and the way round is used only once the direct one turns out to be gone.
            wait_for(state, turn, newer, used);
        } else {
            take(state, turn, row, newer)?;
            ask(state, turn, used);
        }
        return Ok(());
    }
    // Both sides may have dialled: of the newcomer's own two channels it keeps the lower one too.
    let surplus = waiting(state, row)
        .find(|(link, live)| *link != newer && live.is_of_same_process(two))
        .map(|(other, live)| if live.rank() < two.rank() { newer } else { other });
    if let Some(surplus) = surplus {
        close(state, turn, surplus, OTHER_STAYS);
    }
    wait_for(state, turn, newer, used);
    Ok(())
}

/// What is said on a channel waits until an older one had time to show that it stands.
fn wait_for(state: &mut State, turn: &mut Turn<'_>, newer: LinkId, older: LinkId) {
    if let Some(live) = state.links.live_mut(newer) {
        live.held.get_or_insert_default();
        ask(state, turn, older);
    }
}

const OTHER_STAYS: &str = "of two channels the other one stays";

/// A channel to a contact is gone, and another one takes its place, if one stands; whether it does.
pub(super) fn succeed(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    gone: LinkId,
) -> Result<bool, RecordsError> {
    let other = proven(state, row).map(|(link, _)| link).find(|link| *link != gone);
    if let Some(other) = other {
        take(state, turn, row, other)?;
    }
    Ok(other.is_some())
}

/// The older of two channels proved itself alive: it stays alone, and who runs a second time is told.
pub(super) fn on_answered(state: &mut State, turn: &mut Turn<'_>, older: LinkId) -> Result<(), RecordsError> {
    if !state.timers.is_set(Timer::TwinAnswer(older)) {
        return Ok(());
    }
    state.timers.cancel(Timer::TwinAnswer(older));
    let Some(one) = state.links.live(older) else { return Ok(()) };
    let row = one.row();
    let others: Vec<(LinkId, bool)> = proven(state, row)
        .filter(|(link, _)| *link != older)
        .map(|(link, live)| (link, live.is_of_same_process(one)))
        .collect();
    delivery::attach(state, turn, row, older, false)?;
    for (other, same_process) in others {
        if !same_process {
            send(state, turn, other, FrameKind::Twin, &[]);
            reach::on_copy(state, turn, other);
        }
        close(state, turn, other, "the older channel is alive");
    }
    Ok(())
}

/// The older of two channels had time to answer. What it says may have been behind much else: only who was silent for
/// all that time is gone, and only where another channel stands in its place.
pub(crate) fn on_silent(state: &mut State, turn: &mut Turn<'_>, older: LinkId) -> Result<(), RecordsError> {
    let Some(one) = state.links.live(older) else { return Ok(()) };
    let (row, silence) = (one.row(), one.silence(turn.now.moment));
    if !proven(state, row).any(|(link, _)| link != older) {
        return Ok(());
    }
    if silence < limits::TWIN_PATIENCE {
        let rest = limits::TWIN_PATIENCE.saturating_sub(silence);
        state.timers.set(Timer::TwinAnswer(older), turn.now.moment + rest);
        return Ok(());
    }
    let used = state.deliveries.get(&row).and_then(Delivery::link) == Some(older);
    close(state, turn, older, "it did not answer, and a newer channel stands");
    if used {
        succeed(state, turn, row, older)?;
    }
    Ok(())
}

/// Another copy of this very device was met.
pub(crate) fn tell_of_twin(state: &mut State, turn: &mut Turn<'_>, text: &str) {
    let now = turn.now.moment;
    if state.twin_told.is_none_or(|told| now.since(told) >= limits::TWIN_NOTICE_REST) {
        state.twin_told = Some(now);
        turn.push(Output::Notify(Event::Notice { kind: NoticeKind::Twin, text: text.to_owned() }));
    }
}

/// Lets the other end of a channel show that it is there.
fn ask(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    // Whoever comes meanwhile does not make the time longer.
    if !state.timers.is_set(Timer::TwinAnswer(link)) {
        send(state, turn, link, FrameKind::Ping, &[]);
        state.timers.set(Timer::TwinAnswer(link), turn.now.moment + limits::TWIN_PATIENCE);
    }
}

/// A channel is used from now on: what was said on it while it waited is heard, and who else waits waits for it.
fn take(state: &mut State, turn: &mut Turn<'_>, row: ContactRow, link: LinkId) -> Result<(), RecordsError> {
    let held = state.links.live_mut(link).and_then(|live| live.held.take()).unwrap_or_default();
    if state.path(row) != Some(Path::Relayed) {
        // What was tried beside the relayed channel before the direct one: the other side may have seen them offline.
        direct::forget(state, row);
    }
    delivery::attach(state, turn, row, link, false)?;
    for (kind, payload) in held.frames {
        hear(state, turn, link, row, (kind, &payload))?;
    }
    let others: Vec<LinkId> = waiting(state, row).map(|(other, _)| other).collect();
    for other in others {
        choose(state, turn, row, link, other)?;
    }
    Ok(())
}

fn proven(state: &State, row: ContactRow) -> impl Iterator<Item = (LinkId, &LiveChannel)> {
    state.links.all_live().filter(move |(_, live)| live.row() == row && live.is_proven())
}

fn waiting(state: &State, row: ContactRow) -> impl Iterator<Item = (LinkId, &LiveChannel)> {
    proven(state, row).filter(|(_, live)| live.waits())
}
