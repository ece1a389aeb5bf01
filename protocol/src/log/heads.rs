//! Heads: what each side holds, said first on every live channel.
//!
//! Equal hashes end the exchange. Otherwise the list is compared: it acknowledges what the other side holds and has
//! read, and shows what to send, what to want back, and where our own chain went on without us. Then an old copy of
//! our store was put back, and `repair.rs` mends it. A head says how far its chain was read, too, so that a receipt
//! that was lost on the way is told again. Rules: `docs/protocol.md`.
//!
//! ```text
//! heads = count u64 ‖ { author_dev(16) ‖ run(8) ‖ next u32 ‖ id(32) ‖ read u32 } …     in ascending order
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    answer::MessageState,
    ids::{DeviceId, EntryId},
    limits,
    log::{
        Conversation,
        entry::{ChainId, SEQ_MAX},
        receipts::{Advance, Mark},
        repair::Want,
    },
    records::RecordsError,
    secret,
    turn::Turn,
    wire::codec,
};

const COUNT_BYTES: usize = 8;
const HEAD_BYTES: usize = 64;

/// How far somebody holds one chain without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainHead {
    /// Which chain.
    pub chain: ChainId,
    /// How many entries: the seq that is next.
    pub next: u32,
    /// The id of the last of them.
    pub id: EntryId,
    /// How many of them were read by whoever did not write them, as far as is known there.
    pub read: u32,
}

/// What a list of heads says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Chains of our account that they hold less of, and from where on; older chains first.
    pub to_send: Vec<(ChainId, u32)>,
    /// What they hold of our own chains and we do not.
    pub wants: Vec<Want>,
    /// What we have read and they do not know of: to be told again.
    pub reads: Vec<Mark>,
    /// What became of our messages.
    pub advances: Vec<Advance>,
    /// A chain of this device went on without us, or has other entries there: an old copy of the store was put back,
    /// or a fresh one begun. What can be had is wanted, what had not left is in a new run.
    pub store_is_old: bool,
    /// Chains of this device in which they hold another entry at a place up to which we delivered: two histories, to be
    /// joined.
    pub differing: Vec<(ChainId, u32)>,
}

/// Why bytes are no list of heads or wants.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadsError {
    /// Cut short, over the limit, out of order, or out of range.
    #[error("malformed list of chains")]
    Malformed,
}

impl Conversation {
    /// What we hold, in ascending order of chains.
    #[must_use]
    pub fn heads(&self) -> Vec<ChainHead> {
        let held = self.chains.values().filter(|chain| chain.reach.owed() > 0);
        held.map(|chain| ChainHead {
            chain: chain.id,
            next: chain.reach.owed(),
            id: chain.reach.given_up.unwrap_or(chain.reach.head),
            read: chain.reach.read,
        })
        .collect()
    }

    /// A hash over [`Self::heads`]: equal hashes mean that nothing is owed.
    #[must_use]
    pub fn heads_hash(&self) -> [u8; 32] {
        // At most `CHAINS_PER_CONVERSATION_MAX` heads, which is within the limit.
        let heads = encode_heads(&self.heads()).unwrap_or_default();
        secret::hash("heads", &[self.id.as_bytes(), &heads])
    }

    /// Takes the hash of the contact's heads, said over an authenticated channel. When ours is the same, they hold all
    /// that we hold: what became of our messages. `None`: it is not, and the lists are to be exchanged.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn agree(
        &mut self,
        turn: &mut Turn<'_>,
        their_hash: &[u8; 32],
    ) -> Result<Option<Vec<Advance>>, RecordsError> {
        if *their_hash != self.heads_hash() {
            return Ok(None);
        }
        let mut advances = Vec::new();
        for (chain, next) in self.own_chains() {
            advances.extend(self.raise(turn, chain, next, MessageState::Delivered)?);
        }
        Ok(Some(advances))
    }

    /// Takes the contact's heads, said over an authenticated channel; `devices` are the contact's.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn compare(
        &mut self,
        turn: &mut Turn<'_>,
        theirs: &[ChainHead],
        devices: &[DeviceId],
    ) -> Result<Compared, RecordsError> {
        let mut compared = Compared::default();
        let mut at_theirs: BTreeMap<ChainId, u32> = BTreeMap::new();
        for head in theirs {
            match self.chains.get(&head.chain).map(|chain| chain.own) {
                Some(true) => {
                    let held = self.compare_own(turn, head, &mut compared)?;
                    at_theirs.insert(head.chain, held);
                }
                Some(false) => compared.reads.extend(self.unknown_read(turn, head)?),
                None => {}
            }
        }
        let own = self.own_chains().into_iter();
        let mut to_send: Vec<_> = own
            .filter_map(|(chain, next)| {
                let from = at_theirs.get(&chain).copied().unwrap_or(0);
                (from < next).then_some((chain, from))
            })
            .collect();
        to_send.sort_by_key(|(chain, _)| Some(*chain) == self.current_chain());
        compared.to_send = to_send;
        compared.wants = self.wants(theirs, devices);
        compared.store_is_old |= compared.wants.iter().any(|want| want.chain.author_dev == self.own.dev);
        Ok(compared)
    }

    /// What to ask the contact for, given their heads: entries of our own account. To be asked again after progress,
    /// since one answer brings at most `limits::REPAIR_ENTRIES_MAX`.
    #[must_use]
    pub fn wants(&self, theirs: &[ChainHead], devices: &[DeviceId]) -> Vec<Want> {
        let mut room = super::CHAINS_PER_SIDE_MAX.saturating_sub(self.own_chains().len());
        let mut wants = Vec::new();
        for head in theirs {
            let from = match self.chains.get(&head.chain) {
                Some(chain) if chain.own => chain.reach.next,
                Some(_) => continue,
                None => {
                    let author = head.chain.author_dev;
                    let theirs = author != self.own.dev && devices.contains(&author);
                    if theirs || room == 0 {
                        continue;
                    }
                    room -= 1;
                    0
                }
            };
            if from < head.next {
                wants.push(Want { chain: head.chain, from, to: head.next });
            }
        }
        wants
    }

    /// Takes their head of a chain of our account; returns from where on they need it.
    fn compare_own(
        &mut self,
        turn: &mut Turn<'_>,
        head: &ChainHead,
        compared: &mut Compared,
    ) -> Result<u32, RecordsError> {
        let Some(chain) = self.chains.get(&head.chain) else { return Ok(0) };
        if head.next <= chain.reach.erased {
            // Nothing of it is left to compare or to send.
            return Ok(u32::MAX);
        }
        let last = head.next.saturating_sub(1);
        let agrees = head.next <= chain.reach.next && self.id_at(turn, chain, last)? == Some(head.id);
        if agrees {
            let delivered = self.raise(turn, head.chain, head.next, MessageState::Delivered)?;
            let read = self.raise(turn, head.chain, head.read, MessageState::Read)?;
            compared.advances.extend(delivered);
            compared.advances.extend(read);
            return Ok(head.next);
        }
        if head.chain.author_dev == self.own.dev {
            let mended = self.recover(turn, head.chain)?;
            compared.store_is_old |= mended;
            // Both branches were delivered once, each to an older copy of the other side.
            if self.chains.get(&head.chain).is_some_and(|chain| last < chain.reach.next) {
                compared.differing.push((head.chain, last));
            }
        }
        // Nothing of it is sent: they hold more, or other entries that would stay in its place.
        Ok(u32::MAX)
    }

    /// Our mark of reading in a chain of theirs, where they do not know it.
    fn unknown_read(&self, turn: &Turn<'_>, head: &ChainHead) -> Result<Option<Mark>, RecordsError> {
        let Some(chain) = self.chains.get(&head.chain) else { return Ok(None) };
        let Some(seq) = chain.reach.read.checked_sub(1).filter(|_| head.read < chain.reach.read) else {
            return Ok(None);
        };
        let id = self.id_at(turn, chain, seq)?;
        Ok(id.map(|id| Mark { conv: self.id, chain: chain.id, seq, id }))
    }
}

/// The bytes of a list of heads.
///
/// # Errors
/// [`HeadsError`] when the list is not one that [`decode_heads`] takes.
pub fn encode_heads(heads: &[ChainHead]) -> Result<Vec<u8>, HeadsError> {
    check(heads)?;
    codec::encode(&heads).map_err(|_| HeadsError::Malformed)
}

/// Reads a list of heads: at most `limits::HEADS_MAX`, each chain once, in ascending order.
///
/// # Errors
/// [`HeadsError`] when the bytes are none.
pub fn decode_heads(bytes: &[u8]) -> Result<Vec<ChainHead>, HeadsError> {
    if bytes.len() > COUNT_BYTES + HEAD_BYTES * limits::HEADS_MAX {
        return Err(HeadsError::Malformed);
    }
    let heads: Vec<ChainHead> = codec::decode(bytes).map_err(|_| HeadsError::Malformed)?;
    check(&heads)?;
    Ok(heads)
}

fn check(heads: &[ChainHead]) -> Result<(), HeadsError> {
    let in_range = heads.iter().all(|head| head.next > 0 && head.next <= SEQ_MAX && head.read <= head.next);
    let ascend = heads.is_sorted_by(|one, next| one.chain < next.chain);
    let well_formed = heads.len() <= limits::HEADS_MAX && in_range && ascend;
    well_formed.then_some(()).ok_or(HeadsError::Malformed)
}
