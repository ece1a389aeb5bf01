//! How far each contact's clock is from ours: both sides count days by their own, so whoever asks has to know theirs.
//!
//! It is learned from what they say on a live channel, and kept where it matters: no clock is trusted for anything but
//! where to look.

use std::collections::BTreeMap;

use crate::{
    contact::{ContactRow, ROWS_MAX},
    limits,
    moment::WallTime,
    records::{Order, RecordsError},
    turn::{RecordKey, Turn},
    wire::codec,
};

/// What is known of clocks: milliseconds that theirs is ahead of ours.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    known: BTreeMap<ContactRow, i64>,
    stored: BTreeMap<ContactRow, i64>,
}

impl Clocks {
    /// Reads what is kept.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, RecordsError> {
        let found = turn.scan::<(ContactRow, i64)>(&family(turn), (&[], None), Order::Ascending, ROWS_MAX)?;
        let stored: BTreeMap<ContactRow, i64> = found.into_iter().map(|(_, known)| known).collect();
        Ok(Self { known: stored.clone(), stored })
    }

    /// How far a contact's clock is ahead of ours; zero where nothing else is known.
    pub(super) fn difference(&self, row: ContactRow) -> i64 {
        self.known.get(&row).copied().unwrap_or_default()
    }

    /// Their clock shows this now; it is written down where it is far from what is stored.
    pub(super) fn note(
        &mut self,
        turn: &mut Turn<'_>,
        row: ContactRow,
        theirs: WallTime,
        store: bool,
    ) -> Result<(), RecordsError> {
        let difference = between(turn.now.wall, theirs);
        self.known.insert(row, difference);
        let worth = u64::try_from(limits::CLOCK_DIFFERENCE_KEPT.as_millis()).unwrap_or(u64::MAX);
        let stored = self.stored.get(&row).copied().unwrap_or_default();
        if store && stored.abs_diff(difference) > worth {
            turn.save(&key(turn, row), &(row, difference))?;
            self.stored.insert(row, difference);
        }
        Ok(())
    }

    /// Forgets a contact's.
    pub(super) fn forget(&mut self, turn: &mut Turn<'_>, row: ContactRow) {
        self.known.remove(&row);
        if self.stored.remove(&row).is_some() {
            let key = key(turn, row);
            turn.delete(&key);
        }
    }
}

/// A time so many milliseconds later.
pub(super) const fn shifted(time: WallTime, millis: i64) -> WallTime {
    WallTime::from_millis(time.as_millis().saturating_add_signed(millis))
}

fn between(ours: WallTime, theirs: WallTime) -> i64 {
    let distance = i64::try_from(ours.as_millis().abs_diff(theirs.as_millis())).unwrap_or(i64::MAX);
    if theirs < ours { -distance } else { distance }
}

fn family(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'R', &[b"clocks"], &[])
}

fn key(turn: &Turn<'_>, row: ContactRow) -> RecordKey {
    // A row is eight bytes, big-endian.
    family(turn).with(&codec::encode(&row).unwrap_or_default())
}
