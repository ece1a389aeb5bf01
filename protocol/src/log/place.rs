//! Where a message id is: the `M` record, which is also the index of idempotency keys.
//!
//! One author can have written one message twice: after an old copy of a store was put back, what had not left is
//! chained anew, and the original may turn up later. Then the record names every place, and people are shown the
//! lowest, which is the same on both sides. The two accounts' ids are kept apart, so that nobody hides another's
//! message by using its id.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConversationId, MessageId},
    limits,
    log::entry::{ChainId, Entry},
    records::RecordsError,
    turn::{RecordKey, Turn},
};

/// One place of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    lamport: u64,
    /// In which chain.
    pub(super) chain: ChainId,
    /// Where in it.
    pub(super) seq: u32,
}

impl Place {
    /// Where this entry is.
    pub(super) const fn of(entry: &Entry) -> Self {
        Self { lamport: entry.head().lamport, chain: entry.head().chain, seq: entry.head().seq }
    }
}

/// Where a message of ours (`own`) or of the contact is shown.
pub(super) fn shown(
    turn: &Turn<'_>,
    conv: &ConversationId,
    own: bool,
    mid: MessageId,
) -> Result<Option<Place>, RecordsError> {
    let places: Option<Vec<Place>> = turn.load(&key(turn, conv, own, mid))?;
    Ok(places.and_then(|places| places.first().copied()))
}

/// Notes one more place of a message; returns how many there were, of those that are `kept`.
pub(super) fn add(
    turn: &mut Turn<'_>,
    conv: &ConversationId,
    own: bool,
    entry: &Entry,
    kept: impl Fn(&Place) -> bool,
) -> Result<usize, RecordsError> {
    let key = key(turn, conv, own, entry.head().mid);
    let mut places: Vec<Place> = turn.load(&key)?.unwrap_or_default();
    places.retain(kept);
    let before = places.len();
    places.push(Place::of(entry));
    places.sort_unstable();
    places.dedup();
    places.truncate(limits::PLACES_PER_MESSAGE_MAX);
    turn.save(&key, &places)?;
    Ok(before)
}

/// Forgets one place of a message.
pub(super) fn remove(
    turn: &mut Turn<'_>,
    conv: &ConversationId,
    own: bool,
    entry: &Entry,
) -> Result<(), RecordsError> {
    let key = key(turn, conv, own, entry.head().mid);
    let mut places: Vec<Place> = turn.load(&key)?.unwrap_or_default();
    places.retain(|place| *place != Place::of(entry));
    if places.is_empty() {
        turn.delete(&key);
        return Ok(());
    }
    turn.save(&key, &places)
}

/// Where the index record of a message is.
pub(super) fn key(turn: &Turn<'_>, conv: &ConversationId, own: bool, mid: MessageId) -> RecordKey {
    turn.key(b'M', &[conv.as_bytes(), &[u8::from(own)], mid.as_bytes()], &[])
}
