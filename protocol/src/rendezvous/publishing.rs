//! What we leave at the meeting place, for whom, and when.
//!
//! ```text
//! a change ─ 0.2 s, and 2 s after the last ─▶ round: everybody absent, every open link ─▶ a few at a time ─▶ next round
//! a contact goes, a link is made ─▶ for them at once
//! ```
//!
//! Every hour or so, and when a day ends, a round says everything anew, since records live for two hours. The same is
//! not said twice within a minute, however often a link breaks.

use std::collections::{BTreeMap, BTreeSet};

use core::time::Duration;

use super::{
    day_chain, is_open, own_addresses,
    record::{Announcement, RecordKeys},
};
use crate::{
    address::{Address, Relay},
    contact::{Contact, ContactRow, invitation::InvitationRow},
    engine::State,
    limits,
    moment::{Moment, WallTime},
    output::Output,
    reach,
    secret::hash_plain,
    timer::Timer,
    turn::Turn,
    wire::codec,
};

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    due: BTreeSet<Subject>,
    /// What was said last to whom, and when.
    said: BTreeMap<Subject, (Moment, [u8; 32])>,
    /// When the next ones may be said.
    free_at: Moment,
    /// When a round may begin because of a change.
    round_at: Moment,
}

/// For whom a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// Whoever holds a link of ours.
    Invitation(InvitationRow),
    /// A contact.
    Contact(ContactRow),
}

impl Publishing {
    /// It is not known any more what was said.
    pub(super) fn forget_all(&mut self) {
        self.said.clear();
    }

    /// Nothing is left for them any more.
    pub(super) fn forget(&mut self, subject: Subject) {
        self.due.remove(&subject);
        self.said.remove(&subject);
    }
}

/// What we say changed: everybody absent is to know soon.
pub(super) fn soon(state: &mut State, turn: &Turn<'_>) {
    if is_open(state) {
        let at = state.rendezvous.publishing.round_at.max(turn.now.moment + limits::PUBLISH_AFTER);
        state.timers.bring_forward(Timer::PublishRound, at);
    }
}

/// Says it to one of them, as soon as may be.
pub(super) fn now(state: &mut State, turn: &Turn<'_>, subject: Subject) {
    if is_open(state) {
        state.rendezvous.publishing.due.insert(subject);
        schedule(state, turn);
    }
}

/// A round: everybody absent, and every link that can be answered.
pub(crate) fn on_round(state: &mut State, turn: &mut Turn<'_>) {
    if !is_open(state) {
        return;
    }
    let absent = |(row, _): &(ContactRow, &Contact)| state.contacts.is_met(*row) && !state.is_online(*row);
    let mut due: BTreeSet<Subject> =
        state.contacts.iter().filter(absent).map(|(row, _)| Subject::Contact(row)).collect();
    let answerable: Vec<InvitationRow> =
        state.invitations.in_time(turn.now.wall).map(|(row, _)| row).collect();
    due.extend(answerable.into_iter().rev().take(limits::PUBLISHED_INVITATIONS_MAX).map(Subject::Invitation));
    let publishing = &mut state.rendezvous.publishing;
    publishing.said.retain(|subject, _| due.contains(subject));
    publishing.due = due;
    publishing.round_at = turn.now.moment + limits::PUBLISH_ROUNDS_APART;
    let next = next_round(turn);
    state.timers.set(Timer::PublishRound, next);
    schedule(state, turn);
}

/// The next few.
pub(crate) fn go_on(state: &mut State, turn: &mut Turn<'_>) {
    if !is_open(state) {
        state.rendezvous.publishing.due.clear();
        return;
    }
    for _ in 0..limits::PUBLISHED_TOGETHER_MAX {
        let Some(subject) = state.rendezvous.publishing.due.pop_first() else { return };
        publish(state, turn, subject);
    }
    state.rendezvous.publishing.free_at = turn.now.moment + limits::PUBLISH_PAUSE;
    schedule(state, turn);
}

fn schedule(state: &mut State, turn: &Turn<'_>) {
    let publishing = &state.rendezvous.publishing;
    if !publishing.due.is_empty() {
        let at = publishing.free_at.max(turn.now.moment);
        state.timers.bring_forward(Timer::Publish, at);
    }
}

/// Leaves one record, unless the same lies there since a moment ago, or there is nothing to say.
fn publish(state: &mut State, turn: &mut Turn<'_>, subject: Subject) {
    if !state.settings.announce {
        return;
    }
    let Some((keys, addresses)) = content(state, turn.now.wall, subject) else { return };
    let Some(own) = state.reach.own().cloned() else { return };
    let relays = state.rendezvous.relays().to_vec();
    if addresses.is_empty() && relays.is_empty() {
        return;
    }
    let now = turn.now.moment;
    let what = fingerprint(&keys, &addresses, &relays);
    if let Some((at, said)) = state.rendezvous.publishing.said.get(&subject)
        && *said == what
        && now.since(*at) < limits::PUBLISH_REST
    {
        return;
    }
    let life = limits::RECORD_LIFE - jitter(turn, limits::RECORD_LIFE / 8);
    let times = (turn.now.wall, turn.now.wall + life);
    let said = Announcement::new(own, addresses, relays, times);
    if let Some(value) = keys.seal(&mut turn.random, &said) {
        turn.push(Output::PublishRecord { key: keys.key(), value, life });
        state.rendezvous.publishing.said.insert(subject, (now, what));
    }
}

/// Under which keys something is left for them today, and which addresses it says; `None` where nothing is.
fn content(state: &State, wall: WallTime, subject: Subject) -> Option<(RecordKeys, Vec<Address>)> {
    let mut addresses = own_addresses(state);
    addresses.retain(|address| address.is_dialable(state.settings.loopback));
    match subject {
        Subject::Contact(row) => {
            let contact = state.contacts.get(row).filter(|_| state.contacts.is_met(row))?;
            let ((device, _), pair) = (contact.device?, contact.pairs.last()?);
            let day_key = day_chain::key_of_day(&pair.day_key, pair.day, wall.day())?;
            let absent = !state.is_online(row);
            absent.then(|| (RecordKeys::of_pair(&day_key, state.own.device(), device), addresses))
        }
        Subject::Invitation(row) => {
            let invitation = state.invitations.get(row)?;
            if !state.invitations.tells_addresses(row) {
                addresses.clear();
            }
            Some((RecordKeys::of_invitation(&invitation.secret, wall.day()), addresses))
        }
    }
}

fn fingerprint(keys: &RecordKeys, addresses: &[Address], relays: &[Relay]) -> [u8; 32] {
    let said = codec::encode(&(addresses, relays)).unwrap_or_default();
    hash_plain(&[&keys.key(), &said])
}

/// About an hour from now, or when the day ends.
fn next_round(turn: &mut Turn<'_>) -> Moment {
    let wait = limits::PUBLISH_EVERY - jitter(turn, limits::PUBLISH_EVERY / 4);
    let rest = Duration::from_millis(DAY_MILLIS - turn.now.wall.as_millis() % DAY_MILLIS);
    let midnight = rest + jitter(turn, limits::PUBLISH_REST);
    turn.now.moment + wait.min(midnight)
}

const DAY_MILLIS: u64 = 86_400_000;

fn jitter(turn: &mut Turn<'_>, most: Duration) -> Duration {
    reach::drawn(turn, most)
}
