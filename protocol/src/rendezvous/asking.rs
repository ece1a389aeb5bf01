//! What we look up at the meeting place, for whom, and when.
//!
//! ```text
//! a contact is absent ─▶ in line ─▶ a question a day and secret, 8 at a time ─▶ all ended ─▶ again after 2 s, 4 s … 30 min
//!                                        └─ a record that opens ─▶ a place ─▶ dialled at once
//! ```
//!
//! Days end at different times here and there, and clocks are wrong: asked is for the day by our clock and by theirs, as
//! far as it is known, and for the day beside each that is near. Of what is found only the newest counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use core::time::Duration;

use super::{Place, clocks, day_chain, is_open, record::RecordKeys, take_place, their_now};
use crate::{
    contact::{Contact, ContactRow, FirstState},
    engine::State,
    ids::{DeviceId, LookupId},
    limits,
    moment::WallTime,
    output::{LogLevel, Output},
    reach,
    timer::Timer,
    turn::Turn,
};

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Asking {
    next: u64,
    running: BTreeMap<LookupId, Question>,
    /// Questions of those whose turn it is.
    ready: VecDeque<Question>,
    /// Who waits for their turn.
    line: VecDeque<ContactRow>,
    waits: BTreeMap<ContactRow, Duration>,
}

/// One question.
#[derive(Debug)]
struct Question {
    row: ContactRow,
    keys: RecordKeys,
    found: usize,
    useless: usize,
}

impl Asking {
    fn is_under_way(&self, row: ContactRow) -> bool {
        self.running.values().chain(&self.ready).any(|question| question.row == row)
            || self.line.contains(&row)
    }
}

/// Whether something is being asked about this contact, or will be shortly.
pub(crate) fn is_asking(state: &State, row: ContactRow) -> bool {
    state.rendezvous.asking.is_under_way(row)
}

/// Everybody absent is looked for now, who was seen last first.
pub(super) fn look_for_all(state: &mut State, turn: &mut Turn<'_>) {
    if !is_open(state) {
        return;
    }
    let mut rows: Vec<_> = state
        .contacts
        .iter()
        .filter(|(row, contact)| is_wanted(state, *row, contact))
        .map(|(row, contact)| (std::cmp::Reverse(contact.last_seen), row))
        .collect();
    rows.sort_unstable();
    let asking = &mut state.rendezvous.asking;
    let known: BTreeSet<ContactRow> = asking.line.iter().copied().collect();
    let busy: BTreeSet<ContactRow> =
        asking.running.values().chain(&asking.ready).map(|question| question.row).collect();
    asking.waits.clear();
    for (_, row) in rows {
        state.timers.cancel(Timer::LookUp(row));
        if !known.contains(&row) && !busy.contains(&row) {
            asking.line.push_back(row);
        }
    }
    start(state, turn);
}

/// A contact is looked for from now on.
pub(crate) fn look_for(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    state.rendezvous.asking.waits.remove(&row);
    ask(state, turn, row);
}

/// It is time to look for this contact.
pub(crate) fn ask(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    state.timers.cancel(Timer::LookUp(row));
    let wanted = state.contacts.get(row).is_some_and(|contact| is_wanted(state, row, contact));
    if !is_open(state) || !wanted || is_asking(state, row) {
        return;
    }
    state.rendezvous.asking.line.push_back(row);
    start(state, turn);
}

/// This contact need not be looked for any more.
pub(super) fn stop(state: &mut State, row: ContactRow) {
    state.timers.cancel(Timer::LookUp(row));
    let asking = &mut state.rendezvous.asking;
    asking.waits.remove(&row);
    asking.line.retain(|other| *other != row);
    asking.ready.retain(|question| question.row != row);
}

/// A record lies under a key that was asked for.
pub(crate) fn on_found(state: &mut State, turn: &mut Turn<'_>, lookup: LookupId, value: &[u8]) {
    let Some(question) = state.rendezvous.asking.running.get_mut(&lookup) else { return };
    question.found = question.found.saturating_add(1);
    if question.found > limits::RECORDS_PER_LOOKUP_MAX {
        return;
    }
    let row = question.row;
    let said = question.keys.open(value);
    let clocks = [turn.now.wall, their_now(state, turn, row)];
    let wanted = state.contacts.get(row).is_some_and(|contact| is_wanted(state, row, contact));
    let Some(said) = said.filter(|said| clocks.iter().any(|now| holds(*now, said.until))) else {
        if let Some(question) = state.rendezvous.asking.running.get_mut(&lookup) {
            question.useless = question.useless.saturating_add(1);
        }
        return;
    };
    let is_newer = state.rendezvous.place(row).is_none_or(|place| place.made_at < said.made_at);
    let place =
        Place { peer: said.peer, addresses: said.addresses, relays: said.relays, made_at: said.made_at };
    if wanted && is_newer && take_place(state, row, place) {
        reach::on_place(state, turn, row);
    }
}

/// Nothing more comes under a key, or nobody said so for long.
pub(crate) fn on_ended(state: &mut State, turn: &mut Turn<'_>, lookup: LookupId) {
    state.timers.cancel(Timer::LookupPatience(lookup));
    let Some(question) = state.rendezvous.asking.running.remove(&lookup) else { return };
    let Question { row, found, useless, .. } = question;
    if useless > 0 || found > limits::RECORDS_PER_LOOKUP_MAX {
        let text = format!("of {found} records under a key at least {useless} were of no use");
        turn.log(LogLevel::Debug, text);
    }
    let wanted = state.contacts.get(row).is_some_and(|contact| is_wanted(state, row, contact));
    if wanted && !is_asking(state, row) {
        let waits = &mut state.rendezvous.asking.waits;
        let wait = waits.get(&row).map_or(limits::LOOKUP_FIRST, |last| (*last * 2).min(limits::LOOKUP_MAX));
        waits.insert(row, wait);
        let at = reach::shortened(turn, wait);
        state.timers.set(Timer::LookUp(row), at);
    }
    start(state, turn);
}

/// Asks what is next in line, as far as there is room.
fn start(state: &mut State, turn: &mut Turn<'_>) {
    while state.rendezvous.asking.running.len() < limits::LOOKUPS_MAX {
        if state.rendezvous.asking.ready.is_empty() {
            let Some(row) = state.rendezvous.asking.line.pop_front() else { return };
            let questions = questions(state, turn.now.wall, row);
            state.rendezvous.asking.ready.extend(questions);
            continue;
        }
        let asking = &mut state.rendezvous.asking;
        let Some(question) = asking.ready.pop_front() else { return };
        let lookup = LookupId::new(asking.next);
        asking.next = asking.next.saturating_add(1);
        turn.push(Output::LookUp { lookup, key: question.keys.key() });
        asking.running.insert(lookup, question);
        state.timers.set(Timer::LookupPatience(lookup), turn.now.moment + limits::LOOKUP_PATIENCE);
    }
}

/// Whether it is of use to find them.
fn is_wanted(state: &State, row: ContactRow, contact: &Contact) -> bool {
    state.contacts.is_met(row) && (contact.answer.is_some() || !state.is_online(row))
}

/// Everything that is asked about one contact.
fn questions(state: &State, now: WallTime, row: ContactRow) -> Vec<Question> {
    let Some(contact) = state.contacts.get(row).filter(|contact| is_wanted(state, row, contact)) else {
        return Vec::new();
    };
    let mut keys: Vec<RecordKeys> = Vec::new();
    if let Some(answer) = contact.answer.as_ref().filter(|answer| answer.first != FirstState::OfDevice) {
        keys.extend(days_beside(now).into_iter().map(|day| RecordKeys::of_invitation(&answer.secret, day)));
    }
    if let Some((device, _)) = contact.device {
        let theirs = clocks::shifted(now, state.rendezvous.clocks.difference(row));
        let days: BTreeSet<u32> = days_beside(now).into_iter().chain(days_beside(theirs)).collect();
        // Who does not know this device yet leaves something for the one that it was a copy of.
        let own = state.own.device();
        let is_new = contact.answer.as_ref().is_some_and(|answer| answer.first == FirstState::OfDevice);
        let others = state.own.device_list().device_ids().filter(|other| is_new && *other != own);
        let asked: Vec<DeviceId> = std::iter::once(own).chain(others).collect();
        for pair in contact.pairs.iter().rev().take(limits::PAIRS_ASKED_MAX) {
            for day_key in day_chain::keys_of_days(pair, &days) {
                keys.extend(asked.iter().map(|own| RecordKeys::of_pair(&day_key, device, *own)));
            }
        }
    }
    keys.into_iter().map(|keys| Question { row, keys, found: 0, useless: 0 }).collect()
}

/// The day of a time, and the one that is near it.
fn days_beside(time: WallTime) -> BTreeSet<u32> {
    let near = limits::DAY_SLACK;
    BTreeSet::from([(time - near).day(), time.day(), (time + near).day()])
}

/// Whether something that is to hold until then holds now: clocks may differ by as much as days are looked beside.
fn holds(now: WallTime, until: WallTime) -> bool {
    until + limits::DAY_SLACK >= now && until <= now + limits::RECORD_UNTIL_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;
    const HOUR: u64 = 3_600_000;

    fn days(millis: u64) -> Vec<u32> {
        days_beside(WallTime::from_millis(millis)).into_iter().collect()
    }

    #[test]
    fn the_day_beside_is_asked_for_within_three_hours_of_midnight() {
        assert_eq!(days(5 * DAY), [4, 5]);
        assert_eq!(days(5 * DAY + 3 * HOUR - 1), [4, 5]);
        assert_eq!(days(5 * DAY + 3 * HOUR), [5]);
        assert_eq!(days(6 * DAY - 3 * HOUR - 1), [5]);
        assert_eq!(days(6 * DAY - 3 * HOUR), [5, 6]);
        assert_eq!(days(0), [0]);
    }

    #[test]
    fn what_is_over_or_far_ahead_does_not_hold() {
        let at = WallTime::from_millis;
        assert!(holds(at(10 * HOUR), at(7 * HOUR)));
        assert!(!holds(at(10 * HOUR), at(7 * HOUR - 1)));
        assert!(holds(at(HOUR), at(49 * HOUR)));
        assert!(!holds(at(HOUR), at(49 * HOUR + 1)));
    }
}
