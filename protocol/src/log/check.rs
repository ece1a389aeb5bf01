//! Walking every chain of a conversation, some records at a time: what is whole, missing, and unreadable.

use crate::{
    ids::{ConversationId, EntryId},
    log::{
        chain::{self, Reach},
        entry::{ChainId, Entry},
        extent::Extents,
        load_list, place, progress,
    },
    records::RecordsError,
    turn::Turn,
};

/// Where a walk goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckCursor {
    /// How many chains are done.
    chains: usize,
    /// The record to read next.
    at: (u32, u8),
    /// The seq that should follow; `None` behind a record that cannot be read.
    expected: Option<u32>,
    /// The entry before that.
    prev: Option<EntryId>,
}

/// What a stretch of a walk found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Entries that are whole.
    pub entries: u64,
    /// Entries that are missing inside a chain, or do not follow the one before them.
    pub gaps: u64,
    /// Records that cannot be read, and index records that are missing.
    pub unreadable: u64,
    /// Where to go on; `None` at the end.
    pub cursor: Option<CheckCursor>,
}

/// Walks on from `cursor` (`None`: from the start) over at most `budget` extents.
///
/// # Errors
/// [`RecordsError`] when the store fails; what is damaged is counted.
pub fn check(
    turn: &Turn<'_>,
    conv: ConversationId,
    cursor: Option<CheckCursor>,
    budget: usize,
) -> Result<Checked, RecordsError> {
    let mut checked = Checked::default();
    let Some(lists) = readable(load_list(turn, &conv))? else {
        checked.unreadable = 1;
        return Ok(checked);
    };
    let chains: Vec<_> = lists.into_iter().flat_map(|list| list.chains).collect();
    let mut at = cursor.unwrap_or_else(start);
    let mut room = budget.max(1);
    while let Some((chain, own)) = chains.get(at.chains).copied() {
        if at.at == (0, 0) {
            let reach = readable(turn.load::<Reach>(&chain::key(turn, &conv, chain)))?.flatten();
            at.expected = Some(reach.map_or(0, |reach| reach.erased));
        }
        let extents = Extents::of(turn, &conv, chain);
        let places = extents.places(turn, at.at, room)?;
        let is_end = places.len() < room;
        room = room.saturating_sub(places.len());
        for place in &places {
            check_extent(turn, (&conv, own), &extents, *place, &mut at, &mut checked)?;
        }
        if !is_end {
            checked.cursor = Some(at);
            break;
        }
        check_end(turn, &conv, chain, &at, &mut checked)?;
        let chains = at.chains + 1;
        at = CheckCursor { chains, ..start() };
    }
    if checked.cursor.is_none() {
        checked.unreadable += progress::unreadable(turn, &conv)?;
    }
    Ok(checked)
}

const fn start() -> CheckCursor {
    CheckCursor { chains: 0, at: (0, 0), expected: Some(0), prev: None }
}

fn check_extent(
    turn: &Turn<'_>,
    (conv, own): (&ConversationId, bool),
    extents: &Extents,
    place: (u32, u8),
    at: &mut CheckCursor,
    checked: &mut Checked,
) -> Result<(), RecordsError> {
    at.at = (place.0, place.1.saturating_add(1));
    let Some(items) = readable(extents.items_at(turn, place))? else {
        checked.unreadable += 1;
        (at.expected, at.prev) = (None, None);
        return Ok(());
    };
    for item in items {
        let Ok(entry) = Entry::decode(&item.bytes) else {
            checked.unreadable += 1;
            (at.expected, at.prev) = (None, None);
            continue;
        };
        let missing = at.expected.map_or(0, |expected| item.seq.saturating_sub(expected));
        let follows = missing > 0 || at.prev.is_none_or(|prev| prev == entry.head().prev);
        checked.gaps += u64::from(missing) + u64::from(!follows);
        checked.entries += 1;
        (at.expected, at.prev) = (item.seq.checked_add(1), Some(entry.id()));
        let found = readable(place::shown(turn, conv, own, entry.head().mid))?.flatten();
        if entry.is_message() && found.is_none() {
            checked.unreadable += 1;
        }
    }
    Ok(())
}

/// The chain's record must be readable, and no more must be promised than was found.
fn check_end(
    turn: &Turn<'_>,
    conv: &ConversationId,
    id: ChainId,
    at: &CheckCursor,
    checked: &mut Checked,
) -> Result<(), RecordsError> {
    match readable(turn.load::<Reach>(&chain::key(turn, conv, id)))? {
        Some(reach) => {
            let promised = reach.map_or(0, |reach| reach.end().0);
            let missing = at.expected.map_or(0, |found| promised.saturating_sub(found));
            checked.gaps += u64::from(missing);
        }
        None => checked.unreadable += 1,
    }
    Ok(())
}

/// `None` where a record is damaged.
fn readable<T>(result: Result<T, RecordsError>) -> Result<Option<T>, RecordsError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(RecordsError::Damaged(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
