//! Where entries lie: extents, the `E` records of one chain.
//!
//! ```text
//! key    = family of (conv ‖ author_dev ‖ run) ‖ first seq u32 ‖ part u8
//! record = 0 ‖ item …                  consecutive entries that became durable in one turn, part 0
//!        | 1 ‖ parts u8 ‖ piece        one item that is longer than a record, parts 0 to parts - 1
//! item   = received_at u64 ‖ messages u32 ‖ entry len u32 ‖ entry
//! ```
//!
//! An entry is in the last extent that begins at or before it. What was durable before a turn is never written again,
//! except where a chain's end is cut off.

use core::fmt;

use crate::{
    ids::ConversationId,
    limits::RECORD_BYTES_MAX,
    log::entry::{ChainId, SEQ_MAX},
    moment::WallTime,
    records::{Order, RecordsError},
    turn::{RecordKey, Turn},
};

/// The letter of extents.
pub(super) const PREFIX: u8 = b'E';

const ITEMS: u8 = 0;
const PIECE: u8 = 1;
const SUFFIX_BYTES: usize = 5;
const DAMAGED: RecordsError = RecordsError::Damaged('E');

/// The extents of one chain.
#[derive(Debug)]
pub(super) struct Extents {
    family: RecordKey,
    /// Entries before this place are deleted; their records may still be there, whole or in part.
    erased: u32,
}

impl Extents {
    pub(super) fn of(turn: &Turn<'_>, conv: &ConversationId, chain: ChainId) -> Self {
        let logical: [&[u8]; 3] = [conv.as_bytes(), chain.author_dev.as_bytes(), chain.run.as_bytes()];
        Self { family: turn.key(PREFIX, &logical, &[]), erased: 0 }
    }

    /// The same without what is deleted, which a purge may have removed in part.
    pub(super) fn after(self, erased: u32) -> Self {
        Self { erased, ..self }
    }

    /// Writes one item behind what this turn wrote last, or in a record of its own.
    pub(super) fn append(
        &self,
        turn: &mut Turn<'_>,
        open: Option<Open>,
        item: &Item,
    ) -> Result<Open, RecordsError> {
        let bytes = item.encode();
        let mut open = open
            .filter(|open| open.next == item.seq && open.plain.len() + bytes.len() <= RECORD_BYTES_MAX)
            .filter(|open| turn.writes_record(&self.key(open.first, 0)))
            .unwrap_or_else(|| Open::new(item.seq));
        open.next = item.seq.saturating_add(1);
        open.plain.extend_from_slice(&bytes);
        if open.plain.len() <= RECORD_BYTES_MAX {
            turn.save_bytes(&self.key(open.first, 0), &open.plain)?;
        } else {
            self.save_pieces(turn, item.seq, &bytes)?;
        }
        Ok(open)
    }

    /// Writes items that follow one another as one extent.
    pub(super) fn save(&self, turn: &mut Turn<'_>, items: &[Item]) -> Result<(), RecordsError> {
        let Some(first) = items.first() else { return Ok(()) };
        let mut bytes = vec![ITEMS];
        bytes.extend(items.iter().flat_map(Item::encode));
        turn.save_bytes(&self.key(first.seq, 0), &bytes)
    }

    /// The items of the last extent that begins at or before `seq`; none when there is no such extent.
    pub(super) fn at_or_before(&self, turn: &Turn<'_>, seq: u32) -> Result<Vec<Item>, RecordsError> {
        let (from, to) = (suffix(self.erased, 0), suffix(seq.min(SEQ_MAX).saturating_add(1), 0));
        let found = turn.scan_bytes(&self.family, (&from, Some(&to)), Order::Descending, 1)?;
        let Some((at, bytes)) = found.into_iter().next() else { return Ok(Vec::new()) };
        let (first, part) = parse_suffix(&at).ok_or(DAMAGED)?;
        if part == 0 {
            return parse_items(first, bytes.strip_prefix(&[ITEMS]).ok_or(DAMAGED)?).ok_or(DAMAGED);
        }
        self.join_pieces(turn, first, part)
    }

    /// The item at `seq`.
    pub(super) fn read(&self, turn: &Turn<'_>, seq: u32) -> Result<Option<Item>, RecordsError> {
        let items = self.at_or_before(turn, seq)?;
        Ok(items.into_iter().find(|item| item.seq == seq))
    }

    /// Removes every item at or after `from`; `end` is one past the last. Returns what was removed, in order.
    pub(super) fn cut(&self, turn: &mut Turn<'_>, from: u32, end: u32) -> Result<Vec<Item>, RecordsError> {
        let mut removed = Vec::new();
        let mut end = end;
        while let Some(last) = end.checked_sub(1).filter(|last| *last >= from) {
            let items = self.at_or_before(turn, last)?;
            let Some(first) = items.first().map(|item| item.seq) else { break };
            let (kept, cut): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.seq < from);
            if cut.is_empty() {
                break;
            }
            self.delete(turn, first)?;
            self.save(turn, &kept)?;
            removed.extend(cut.into_iter().rev());
            end = first;
        }
        removed.reverse();
        Ok(removed)
    }

    /// Where the chain's records begin, from `from` on, at most `limit`, without opening them.
    pub(super) fn places(
        &self,
        turn: &Turn<'_>,
        from: (u32, u8),
        limit: usize,
    ) -> Result<Vec<(u32, u8)>, RecordsError> {
        let found = turn.suffixes(&self.family, &suffix(from.0, from.1), limit)?;
        found.iter().map(|at| parse_suffix(at).ok_or(DAMAGED)).collect()
    }

    /// The items of the record that begins there; a piece beyond the first has none of its own.
    pub(super) fn items_at(
        &self,
        turn: &Turn<'_>,
        (first, part): (u32, u8),
    ) -> Result<Vec<Item>, RecordsError> {
        let Some(bytes) = turn.load_bytes(&self.key(first, part))? else { return Ok(Vec::new()) };
        match bytes.split_first() {
            Some((&ITEMS, items)) if part == 0 => parse_items(first, items).ok_or(DAMAGED),
            Some((&PIECE, [parts, ..])) if part == 0 => {
                self.join_pieces(turn, first, parts.checked_sub(1).ok_or(DAMAGED)?)
            }
            Some((&PIECE, _)) => Ok(Vec::new()),
            _ => Err(DAMAGED),
        }
    }

    /// Removes one record.
    pub(super) fn delete_at(&self, turn: &mut Turn<'_>, (first, part): (u32, u8)) {
        turn.delete(&self.key(first, part));
    }

    fn save_pieces(&self, turn: &mut Turn<'_>, seq: u32, bytes: &[u8]) -> Result<(), RecordsError> {
        const TOO_LARGE: RecordsError = RecordsError::TooLarge('E');
        let pieces = bytes.chunks(RECORD_BYTES_MAX - 2);
        let parts = u8::try_from(pieces.len()).map_err(|_| TOO_LARGE)?;
        for (part, piece) in (0..parts).zip(pieces) {
            turn.save_bytes(&self.key(seq, part), &[&[PIECE, parts], piece].concat())?;
        }
        Ok(())
    }

    fn join_pieces(&self, turn: &Turn<'_>, seq: u32, last: u8) -> Result<Vec<Item>, RecordsError> {
        let mut whole = Vec::new();
        for part in 0..=last {
            let bytes = turn.load_bytes(&self.key(seq, part))?.ok_or(DAMAGED)?;
            match bytes.strip_prefix(&[PIECE]).and_then(<[u8]>::split_first) {
                Some((parts, piece)) if parts.checked_sub(1) == Some(last) => whole.extend_from_slice(piece),
                _ => return Err(DAMAGED),
            }
        }
        parse_items(seq, &whole).ok_or(DAMAGED)
    }

    fn delete(&self, turn: &mut Turn<'_>, first: u32) -> Result<(), RecordsError> {
        for place in self.places(turn, (first, 0), usize::from(u8::MAX))? {
            if place.0 != first {
                break;
            }
            self.delete_at(turn, place);
        }
        Ok(())
    }

    fn key(&self, first: u32, part: u8) -> RecordKey {
        self.family.with(&suffix(first, part))
    }
}

/// The extent that was written last: while its turn lasts it can grow.
pub(super) struct Open {
    first: u32,
    /// The seq that would follow its last entry.
    next: u32,
    /// The record's content; longer than a record where it was written in pieces.
    plain: Vec<u8>,
}

impl Open {
    fn new(first: u32) -> Self {
        Self { first, next: first, plain: vec![ITEMS] }
    }

    /// What was read, as if it had just been written.
    pub(super) fn read(items: &[Item]) -> Option<Self> {
        let first = items.first()?.seq;
        let mut open = Self::new(first);
        for item in items {
            open.plain.extend_from_slice(&item.encode());
            open.next = item.seq.saturating_add(1);
        }
        Some(open)
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Open({}..{})", self.first, self.next)
    }
}

/// One entry as it is stored.
#[derive(Debug)]
pub(super) struct Item {
    /// Its place in the chain.
    pub(super) seq: u32,
    /// When it was stored here.
    pub(super) received_at: WallTime,
    /// How many messages the chain has up to here, itself included; 0 when it was stored beyond a gap.
    pub(super) messages: u32,
    /// The entry, encoded.
    pub(super) bytes: Vec<u8>,
}

impl Item {
    fn encode(&self) -> Vec<u8> {
        // An entry has at most `ENTRY_BYTES_MAX` bytes, which fits.
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(16 + self.bytes.len());
        bytes.extend_from_slice(&self.received_at.as_millis().to_be_bytes());
        bytes.extend_from_slice(&self.messages.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.bytes);
        bytes
    }
}

fn parse_items(first: u32, mut rest: &[u8]) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut seq = first;
    while !rest.is_empty() {
        let (received_at, tail) = rest.split_first_chunk::<8>()?;
        let (messages, tail) = tail.split_first_chunk::<4>()?;
        let (length, tail) = tail.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (bytes, tail) = tail.split_at_checked(length)?;
        items.push(Item {
            seq,
            received_at: WallTime::from_millis(u64::from_be_bytes(*received_at)),
            messages: u32::from_be_bytes(*messages),
            bytes: bytes.to_vec(),
        });
        seq = seq.checked_add(1)?;
        rest = tail;
    }
    (!items.is_empty()).then_some(items)
}

fn suffix(first: u32, part: u8) -> [u8; SUFFIX_BYTES] {
    let [a, b, c, d] = first.to_be_bytes();
    [a, b, c, d, part]
}

fn parse_suffix(bytes: &[u8]) -> Option<(u32, u8)> {
    let [a, b, c, d, part] = bytes.try_into().ok()?;
    Some((u32::from_be_bytes([a, b, c, d]), part))
}
