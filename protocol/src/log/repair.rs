//! Giving and getting back: entries for an envelope, wants, and the mending of our own chain.
//!
//! When the contact holds more of a chain of this device than we do, or other entries, an old copy of our store was
//! put back. Then that chain ends here: its entries that the contact has not acknowledged are taken out and chained
//! anew, with the same message ids, in a new run that depends on all heads, or, where a later run follows already, in one
//! with the same lamport numbers; what the contact holds comes back and takes their place. A message that turns out to be in both chains is shown once (`place.rs`). What the contact has
//! acknowledged stays, unless an entry of ours proves that we delivered another history, too (`joining.rs`). Rules:
//! `docs/protocol.md`.

use serde::{Deserialize, Serialize};

use crate::{
    limits,
    log::{
        AppendError, CHAINS_PER_SIDE_MAX, Conversation, Draft, HeadsError, chain,
        entry::{ChainId, SEQ_MAX},
    },
    records::RecordsError,
    turn::Turn,
    wire::codec,
};

/// Bytes that a record in an envelope adds to an entry: its type and length.
pub const ENTRY_RECORD_OVERHEAD: usize = 5;

const COUNT_BYTES: usize = 8;
const WANT_BYTES: usize = 32;

/// Entries of one chain that somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// Which chain.
    pub chain: ChainId,
    /// The first seq.
    pub from: u32,
    /// One past the last seq.
    pub to: u32,
}

impl Conversation {
    /// The encoded entries of a chain from a place on, as many as fit: at most `count_max`, and at most `bytes_max`
    /// bytes with [`ENTRY_RECORD_OVERHEAD`] for each. None beyond a gap, and none that was deleted here.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn entries_from(
        &self,
        turn: &Turn<'_>,
        chain: ChainId,
        from: u32,
        bytes_max: usize,
        count_max: usize,
    ) -> Result<Vec<(u32, Vec<u8>)>, RecordsError> {
        let (next, erased) =
            self.chains.get(&chain).map_or((0, 0), |chain| (chain.reach.owed(), chain.reach.erased));
        let extents = self.extents(turn, chain);
        let mut entries = Vec::new();
        let mut bytes = 0;
        let mut seq = from.max(erased);
        while seq < next {
            let items = extents.at_or_before(turn, seq)?;
            let from_here = items.into_iter().filter(|item| (seq..next).contains(&item.seq));
            let count_before = entries.len();
            for item in from_here {
                bytes += item.bytes.len() + ENTRY_RECORD_OVERHEAD;
                if bytes > bytes_max || entries.len() >= count_max {
                    return Ok(entries);
                }
                entries.push((item.seq, item.bytes));
            }
            let last = entries.last().filter(|_| entries.len() > count_before);
            // Whatever has no gap before it and was not deleted must be there.
            seq = last.map(|(seq, _)| seq + 1).ok_or(RecordsError::Damaged('E'))?;
        }
        Ok(entries)
    }

    /// What is missing inside the contact's chains while later entries are held: for paths that can lose something.
    #[must_use]
    pub fn gaps(&self) -> Vec<Want> {
        let gaps = self.chains.values().filter_map(|chain| {
            let beyond = chain.reach.beyond.first()?;
            Some(Want { chain: chain.id, from: chain.reach.next, to: beyond.from })
        });
        gaps.collect()
    }

    /// Ends a chain of this device that the contact's heads contradict. Returns whether that was news.
    pub(super) fn recover(&mut self, turn: &mut Turn<'_>, id: ChainId) -> Result<bool, RecordsError> {
        let is_current = self.current_chain() == Some(id);
        if is_current && !self.new_run(turn)? {
            return Ok(false);
        }
        let Some(chain) = self.chains.get(&id).filter(|chain| chain.reach.given_up.is_none()) else {
            return Ok(false);
        };
        let (delivered, next) = (chain.reach.delivered, chain.reach.next);
        let is_full = self.own_chains().len() >= CHAINS_PER_SIDE_MAX;
        let has_run = self.current_chain().is_some_and(|current| current.author_dev == self.own.dev);
        if delivered >= next || (is_full && !has_run) {
            return Ok(is_current);
        }
        let before = self.dep_before(turn, id, delivered)?;
        let removed = self.cut(turn, id, delivered)?;
        if delivered == 0 {
            self.chains.remove(&id);
            self.save_list(turn)?;
            turn.delete(&chain::key(turn, &self.id, id));
        } else if let Some(chain) = self.chains.get(&id) {
            chain.save(turn, &self.id)?;
        }
        let removed = removed.iter().filter(|entry| entry.head().seq < next);
        // In a later run there may be what was written with all this in view.
        if !is_current && !is_full {
            let branch = self.draw_branch(turn);
            for entry in removed {
                self.write_branch(turn, branch, entry, before)?;
            }
            return Ok(true);
        }
        for entry in removed {
            let Some(body) = entry.body() else { continue };
            let draft =
                Draft { kind: entry.head().kind, mid: entry.head().mid, wall: entry.head().wall, body };
            self.write_own(turn, &draft).map_err(|error| match error {
                AppendError::Records(error) => error,
                // It was an entry before: only a chain that is full can be in the way.
                AppendError::Entry(_) | AppendError::TooManyRuns => RecordsError::TooLarge('E'),
            })?;
        }
        Ok(true)
    }
}

/// The bytes of a list of wants.
///
/// # Errors
/// [`HeadsError`] when the list is not one that [`decode_wants`] takes.
pub fn encode_wants(wants: &[Want]) -> Result<Vec<u8>, HeadsError> {
    check(wants)?;
    codec::encode(&wants).map_err(|_| HeadsError::Malformed)
}

/// Reads a list of wants: at most `limits::HEADS_MAX`, none empty, in ascending order of chains.
///
/// # Errors
/// [`HeadsError`] when the bytes are none.
pub fn decode_wants(bytes: &[u8]) -> Result<Vec<Want>, HeadsError> {
    if bytes.len() > COUNT_BYTES + WANT_BYTES * limits::HEADS_MAX {
        return Err(HeadsError::Malformed);
    }
    let wants: Vec<Want> = codec::decode(bytes).map_err(|_| HeadsError::Malformed)?;
    check(&wants)?;
    Ok(wants)
}

fn check(wants: &[Want]) -> Result<(), HeadsError> {
    let in_range = wants.iter().all(|want| want.from < want.to && want.to <= SEQ_MAX);
    let ascend = wants.is_sorted_by(|one, next| one.chain < next.chain);
    let well_formed = wants.len() <= limits::HEADS_MAX && in_range && ascend;
    well_formed.then_some(()).ok_or(HeadsError::Malformed)
}
