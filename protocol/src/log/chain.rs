//! One chain as it is held here: how far it goes without a gap, what is held beyond, who has it and who has read it.
//!
//! The `H` record keeps that, except for the end of our own current chain: sending writes an extent and an index
//! record only, so that end is read from the last extent. What is held beyond a gap is kept as ranges with the
//! lamport numbers at their ends, so that a late entry is put in its place, or refused, without a look at its
//! neighbours. Rules: `docs/protocol.md`.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConversationId, EntryId},
    limits,
    log::{
        Refusal,
        entry::{ChainId, Entry, NO_ENTRY},
        extent::{Extents, Item, Open},
    },
    records::RecordsError,
    turn::{RecordKey, Turn},
    wire::codec,
};

/// One chain of a conversation.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) id: ChainId,
    /// Whether an account's device of ours writes it.
    pub(super) own: bool,
    pub(super) reach: Reach,
    /// The extent that was written last.
    pub(super) open: Option<Open>,
}

impl Chain {
    pub(super) fn new(id: ChainId, own: bool) -> Self {
        Self { id, own, reach: Reach::default(), open: None }
    }

    /// Reads a chain that is in the conversation's list.
    pub(super) fn load(
        turn: &Turn<'_>,
        conv: &ConversationId,
        id: ChainId,
        own: bool,
    ) -> Result<Self, RecordsError> {
        let reach = turn.load(&key(turn, conv, id))?.unwrap_or_default();
        Ok(Self { reach, ..Self::new(id, own) })
    }

    /// Reads our own current chain: its end is where its last extent ends.
    pub(super) fn load_current(
        turn: &Turn<'_>,
        conv: &ConversationId,
        id: ChainId,
    ) -> Result<Self, RecordsError> {
        let mut chain = Self::load(turn, conv, id, true)?;
        let extents = Extents::of(turn, conv, id).after(chain.reach.erased);
        let items = extents.at_or_before(turn, u32::MAX)?;
        if let Some(last) = items.last() {
            let entry = open_item(last)?;
            chain.reach.next = last.seq.saturating_add(1);
            chain.reach.head = entry.id();
            chain.reach.lamport = entry.head().lamport;
            chain.reach.messages = last.messages;
            chain.open = Open::read(&items);
        }
        Ok(chain)
    }

    pub(super) fn save(&self, turn: &mut Turn<'_>, conv: &ConversationId) -> Result<(), RecordsError> {
        turn.save(&key(turn, conv, self.id), &self.reach)
    }

    /// Puts a linked entry at its end.
    pub(super) fn link(&mut self, entry: &Entry) {
        self.reach.next = self.reach.next.saturating_add(1);
        self.reach.head = entry.id();
        self.reach.lamport = entry.head().lamport;
        self.reach.messages = self.reach.messages.saturating_add(u32::from(entry.is_message()));
    }
}

/// How far a chain goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reach {
    /// Entries without a gap: the seq of the first that is missing.
    pub(super) next: u32,
    /// The last entry before that.
    pub(super) head: EntryId,
    /// Its lamport number.
    pub(super) lamport: u64,
    /// Messages among those entries.
    pub(super) messages: u32,
    /// What is held beyond the first gap, in order.
    pub(super) beyond: Vec<Range>,
    /// Own chains: entries that the contact has said to hold.
    pub(super) delivered: u32,
    /// Messages among those.
    pub(super) delivered_messages: u32,
    /// Entries that were read: by the contact in own chains, by us in the contact's.
    pub(super) read: u32,
    /// Entries from the first on that were deleted here: held as far as others are concerned, and gone.
    pub(super) erased: u32,
    /// Own chains: what the contact has not said to hold was given up and is never sent; the id of the last entry that
    /// they hold.
    pub(super) given_up: Option<EntryId>,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            next: 0,
            head: NO_ENTRY,
            lamport: 0,
            messages: 0,
            beyond: Vec::new(),
            delivered: 0,
            delivered_messages: 0,
            read: 0,
            erased: 0,
            given_up: None,
        }
    }
}

/// Consecutive entries that are held beyond a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    /// The first seq.
    pub(super) from: u32,
    /// One past the last seq.
    pub(super) to: u32,
    /// Lamport number of the first.
    low: u64,
    /// Lamport number of the last.
    high: u64,
}

impl Reach {
    /// One past the last entry that the contact is to have.
    pub(super) const fn owed(&self) -> u32 {
        if self.given_up.is_some() { self.delivered } else { self.next }
    }

    /// Whether an entry is held at this place.
    pub(super) fn holds(&self, seq: u32) -> bool {
        seq < self.next || self.beyond.iter().any(|range| (range.from..range.to).contains(&seq))
    }

    /// The first place, from this one on, that is not held.
    pub(super) fn first_missing(&self, from: u32) -> u32 {
        let beyond = |from: u32| self.beyond.iter().find(|range| (range.from..range.to).contains(&from));
        let from = from.max(self.next);
        beyond(from).map_or(from, |range| range.to)
    }

    /// One past the last place held, and the lamport number there.
    pub(super) fn end(&self) -> (u32, u64) {
        self.beyond.last().map_or((self.next, self.lamport), |range| (range.to, range.high))
    }

    /// Whether an entry can be held at `seq`, beyond a gap, where none is held yet.
    pub(super) fn check_beyond(&self, seq: u32, lamport: u64) -> Result<(), Refusal> {
        let held: u32 = self.beyond.iter().map(|range| range.to - range.from).sum();
        let touches =
            self.beyond.iter().any(|range| range.to == seq || seq.checked_add(1) == Some(range.from));
        if held >= limits::ENTRIES_BEYOND_GAP_MAX
            || (!touches && self.beyond.len() >= limits::RANGES_BEYOND_GAP_MAX)
        {
            return Err(Refusal::TooFarAhead);
        }
        let below = self.beyond.iter().rev().find(|range| range.to <= seq);
        let (at, low) = below.map_or((self.next, self.lamport), |range| (range.to, range.high));
        // Each entry in between is at least one higher than the one before it.
        let lowest = low.saturating_add(u64::from(seq.saturating_sub(at)) + 1);
        let above = self.beyond.iter().find(|range| range.from > seq);
        let fits = lamport >= lowest
            && lamport <= limits::LAMPORT_MAX.max(lowest)
            && above.is_none_or(|range| lamport < range.low);
        fits.then_some(()).ok_or(Refusal::Lamport)
    }

    /// Notes that an entry is held beyond the gap.
    pub(super) fn hold_beyond(&mut self, seq: u32, lamport: u64) {
        self.beyond.push(Range { from: seq, to: seq.saturating_add(1), low: lamport, high: lamport });
        self.beyond.sort_unstable_by_key(|range| range.from);
        self.beyond.dedup_by(|next, kept| {
            let adjacent = kept.to == next.from;
            if adjacent {
                kept.to = next.to;
                kept.high = next.high;
            }
            adjacent
        });
    }

    /// Takes the first entry beyond out of its range, once the gap before it is closed.
    pub(super) fn take_first_beyond(&mut self, its_lamport: u64) {
        if let Some(range) = self.beyond.first_mut() {
            range.from = range.from.saturating_add(1);
            // What follows it is higher; the exact number stands in the entry and is checked when that is linked.
            range.low = its_lamport.saturating_add(1);
            if range.from >= range.to {
                self.beyond.remove(0);
            }
        }
    }
}

/// Whether these bytes are how far a chain goes, in today's layout.
pub(crate) fn is_reach(bytes: &[u8]) -> bool {
    codec::decode::<Reach>(bytes).is_ok()
}

/// The entry of a stored item.
pub(super) fn open_item(item: &Item) -> Result<Entry, RecordsError> {
    Entry::decode(&item.bytes).map_err(|_| RecordsError::Damaged('E'))
}

/// Where a chain's record is.
pub(super) fn key(turn: &Turn<'_>, conv: &ConversationId, id: ChainId) -> RecordKey {
    let logical: [&[u8]; 3] = [conv.as_bytes(), id.author_dev.as_bytes(), id.run.as_bytes()];
    turn.key(b'H', &logical, &[])
}
