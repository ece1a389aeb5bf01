//! What was said: one conversation's chains, as they are held here.
//!
//! A conversation is loaded for a turn: its list of chains (`L`), one record a chain (`H`), and the end of our own
//! current chain. Entries lie in extents (`E`); an index (`M`) finds them by message id. Nothing here grows with the
//! length of a history.
//!
//! ```text
//! append ─▶ own current chain ─▶ entries_from ─▶ (an envelope) ─▶ receive ─▶ their copy of the chain
//! heads  ─▶ compare ─▶ what to send, what to want back, what was delivered and read
//! ```
//!
//! Refuses entries of other conversations, of devices that are not the contact's, of our own that we did not write,
//! and whatever does not fit its chain. Rules: `docs/protocol.md`; records: `records.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    answer::MessageState,
    entropy::TurnRandom,
    ids::{ConversationId, DeviceId, EntryId, MessageId, RunId},
    limits,
    moment::WallTime,
    records::{Order, RecordsError},
    secret::Secret,
    testing::plant::{self, Plant},
    turn::{RecordKey, Turn},
};

mod chain;
mod check;
pub mod entry;
mod extent;
mod heads;
mod joining;
mod order;
mod place;
mod progress;
mod purge;
mod receipts;
mod receive;
mod repair;

pub(crate) use chain::is_reach;
pub use check::{CheckCursor, Checked, check};
pub use entry::{ChainId, conversation_id};
pub use heads::{ChainHead, Compared, HeadsError, decode_heads, encode_heads};
pub use joining::Searches;
pub use order::{Row, history_across};
pub use progress::{Times, describe_across};
pub use purge::purge;
pub use receipts::{Advance, Mark};
pub use receive::{Received, Refusal, Stored};
pub use repair::{ENTRY_RECORD_OVERHEAD, Want, decode_wants, encode_wants};

use chain::Chain;
use entry::{Dep, Entry, EntryError, Head};
use extent::{Extents, Item};

/// Chains that each of the two accounts can have in one conversation, so that neither crowds out the other.
const CHAINS_PER_SIDE_MAX: usize = limits::CHAINS_PER_CONVERSATION_MAX / 2;

/// Chains of one record of the list: 25 bytes each.
const CHAINS_PER_PART: usize = 128;

const LIST_PARTS_MAX: usize = limits::CHAINS_PER_CONVERSATION_MAX.div_ceil(CHAINS_PER_PART);

/// Who we are as an author.
#[derive(Clone, Debug)]
pub struct Author {
    /// This device.
    pub dev: DeviceId,
    /// The account's key for marking own entries.
    pub k_self: Secret,
}

/// One conversation as it is held here, for as long as a turn needs it.
#[derive(Debug)]
pub struct Conversation {
    id: ConversationId,
    own: Author,
    chains: BTreeMap<ChainId, Chain>,
    current: Option<RunId>,
    /// Whether some message is at several places.
    repeated: bool,
    /// The number of the next record of progress, once one was written.
    next_progress: Option<u32>,
}

/// What became of a message that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its id.
    pub mid: MessageId,
    /// The chain it is in.
    pub chain: ChainId,
    /// Its place there.
    pub seq: u32,
    /// Whether the idempotency key found a message that was there before.
    pub existing: bool,
    /// How far it has come.
    pub state: MessageState,
}

/// Why nothing was appended.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// The body is not one of its kind.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Our side has as many chains as it can have, and none of them is this device's.
    #[error("too many chains")]
    TooManyRuns,
    /// The store failed.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// One record of the list of chains.
#[derive(Debug, Serialize, Deserialize)]
struct ListPart {
    current: Option<RunId>,
    repeated: bool,
    chains: Vec<(ChainId, bool)>,
}

/// What an own entry is made of, beside its place.
struct Draft<'a> {
    kind: u16,
    mid: MessageId,
    wall: WallTime,
    body: &'a [u8],
}

impl Conversation {
    /// Reads what a turn needs to know; a conversation in which nothing was said yet is empty.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn load(turn: &Turn<'_>, id: ConversationId, own: &Author) -> Result<Self, RecordsError> {
        let mut conversation = Self {
            id,
            own: own.clone(),
            chains: BTreeMap::new(),
            current: None,
            repeated: false,
            next_progress: None,
        };
        for part in load_list(turn, &id)? {
            conversation.current = part.current;
            conversation.repeated = part.repeated;
            for (chain, own_chain) in part.chains {
                let loaded = if own_chain && Some(chain.run) == part.current {
                    Chain::load_current(turn, &id, chain)?
                } else {
                    Chain::load(turn, &id, chain, own_chain)?
                };
                conversation.chains.insert(chain, loaded);
            }
        }
        Ok(conversation)
    }

    /// Writes an entry of our own at the end of our current chain. With a key that was used in this conversation
    /// before, nothing is written and the message of that time is named.
    ///
    /// # Errors
    /// [`AppendError`] when the body is not one of its kind or the store fails.
    pub fn append(
        &mut self,
        turn: &mut Turn<'_>,
        kind: u16,
        body: &[u8],
        key: Option<&str>,
    ) -> Result<Appended, AppendError> {
        let key = key.filter(|_| !plant::is(Plant::KeyIgnored));
        let mid = match key {
            Some(key) => entry::keyed_message_id(&self.own.k_self, &self.id, key),
            None => MessageId::from_bytes(turn.random.bytes()),
        };
        if let Some(key) = key
            && let Some(existing) = self.with_key(turn, key)?
        {
            return Ok(existing);
        }
        let wall = turn.now.wall;
        let draft = Draft { kind, mid, wall, body };
        let (chain, seq) = self.write_own(turn, &draft)?;
        Ok(Appended { mid, chain, seq, existing: false, state: MessageState::Queued })
    }

    /// The message that was written with this key.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn with_key(&self, turn: &Turn<'_>, key: &str) -> Result<Option<Appended>, RecordsError> {
        let mid = entry::keyed_message_id(&self.own.k_self, &self.id, key);
        let place = place::shown(turn, &self.id, true, mid)?.filter(|place| !self.is_erased(place));
        Ok(place.map(|place| Appended {
            mid,
            chain: place.chain,
            seq: place.seq,
            existing: true,
            state: self.state_at(place.chain, place.seq),
        }))
    }

    /// Begins a new life of our own chain: to be called when the store finds itself restored or moved, or a removed
    /// contact is back. False when there were too many already; then the current one goes on.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn new_run(&mut self, turn: &mut Turn<'_>) -> Result<bool, RecordsError> {
        if let Some(current) = self.current_chain() {
            let unused = self.chains.get(&current).is_none_or(|chain| chain.reach.next == 0);
            if unused {
                self.chains.remove(&current);
                turn.delete(&chain::key(turn, &self.id, current));
            } else if self.is_side_full(true) {
                return Ok(false);
            } else if let Some(chain) = self.chains.get(&current) {
                // From now on its end is no longer read from its last extent.
                chain.save(turn, &self.id)?;
            }
        }
        let run = draw_run(&mut turn.random);
        let id = ChainId { author_dev: self.own.dev, run };
        self.current = Some(run);
        self.chains.insert(id, Chain::new(id, true));
        self.save_list(turn)?;
        Ok(true)
    }

    /// What the device that this one was a copy of had not delivered becomes this one's to say, under the same message ids:
    /// both may have written in the same run.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn leave_former(&mut self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        let is_former = |chain: &&Chain| {
            chain.own && chain.id.author_dev != self.own.dev && chain.reach.delivered < chain.reach.next
        };
        let former: Vec<ChainId> = self.chains.values().filter(is_former).map(|chain| chain.id).collect();
        for id in former {
            self.recover(turn, id)?;
        }
        Ok(())
    }

    /// Which conversation it is.
    #[must_use]
    pub const fn id(&self) -> ConversationId {
        self.id
    }

    /// Messages of ours that the contact has not said to hold.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.chains
            .values()
            .filter(|chain| chain.own && chain.reach.given_up.is_none())
            .map(|chain| u64::from(chain.reach.messages.saturating_sub(chain.reach.delivered_messages)))
            .sum()
    }

    /// Every chain of our account with the number of entries that can be sent: where each carrier goes on.
    #[must_use]
    pub fn own_chains(&self) -> Vec<(ChainId, u32)> {
        let own = self.chains.values().filter(|chain| chain.own);
        own.map(|chain| (chain.id, chain.reach.owed())).collect()
    }

    /// Every chain of our account with the number of entries that the contact has said to hold.
    #[must_use]
    pub fn acknowledged_chains(&self) -> Vec<(ChainId, u32)> {
        let own = self.chains.values().filter(|chain| chain.own);
        own.map(|chain| (chain.id, chain.reach.delivered)).collect()
    }

    /// Whether an entry is held at this place of a chain, or was and is deleted.
    #[must_use]
    pub fn holds(&self, chain: ChainId, seq: u32) -> bool {
        self.chains.get(&chain).is_some_and(|chain| chain.reach.holds(seq))
    }

    /// The first place of a chain, from this one on, that is not held.
    #[must_use]
    pub fn first_missing(&self, chain: ChainId, from: u32) -> u32 {
        self.chains.get(&chain).map_or(from, |chain| chain.reach.first_missing(from))
    }

    /// Whether an entry is held at this place of a chain or behind it.
    #[must_use]
    pub fn goes_to(&self, chain: ChainId, seq: u32) -> bool {
        self.chains.get(&chain).is_some_and(|chain| seq < chain.reach.end().0)
    }

    /// How far a message of ours has come; `None` when there is no such message.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn state_of(&self, turn: &Turn<'_>, mid: MessageId) -> Result<Option<MessageState>, RecordsError> {
        let place = place::shown(turn, &self.id, true, mid)?;
        Ok(place.map(|place| self.state_at(place.chain, place.seq)))
    }

    /// Chains an entry of ours behind everything that is held.
    fn write_own(&mut self, turn: &mut Turn<'_>, draft: &Draft<'_>) -> Result<(ChainId, u32), AppendError> {
        let current = self.current_or_new(turn)?;
        let (seq, prev, prev_lamport) = self.chains.get(&current).map_or((0, entry::NO_ENTRY, 0), |chain| {
            (chain.reach.next, chain.reach.head, chain.reach.lamport)
        });
        let (deps, dep_lamport) = if plant::is(Plant::DepsLeftOut) {
            (Vec::new(), 0)
        } else {
            self.deps_above(current, prev_lamport)
        };
        let head = Head {
            version: entry::VERSION,
            conv: self.id,
            chain: current,
            seq,
            prev,
            deps,
            lamport: prev_lamport.max(dep_lamport).saturating_add(1),
            wall: draft.wall,
            kind: draft.kind,
            mid: draft.mid,
            body_hash: [0; 32],
        };
        let entry = Entry::compose(head, turn.random.bytes(), draft.body, &self.own.k_self)?;
        self.store(turn, &entry, true)?;
        Ok((current, seq))
    }

    /// The heads that an entry after one with this lamport number depends on. A head that is not higher comes before
    /// that entry anyway, so it needs no mention.
    fn deps_above(&self, current: ChainId, lamport: u64) -> (Vec<Dep>, u64) {
        let mut above: Vec<&Chain> = self
            .chains
            .values()
            .filter(|chain| chain.id != current && chain.reach.lamport > lamport)
            .collect();
        above.sort_by_key(|chain| core::cmp::Reverse(chain.reach.lamport));
        above.truncate(limits::DEPS_MAX);
        let highest = above.first().map_or(0, |chain| chain.reach.lamport);
        above.sort_by_key(|chain| chain.id);
        let deps = above.into_iter().map(|chain| Dep {
            chain: chain.id,
            seq: chain.reach.next.saturating_sub(1),
            id: chain.reach.head,
        });
        (deps.collect(), highest)
    }

    /// Writes an entry, its index, and its chain's record where the chain is not our own current one. Returns whether
    /// it is the first of its message.
    fn store(&mut self, turn: &mut Turn<'_>, entry: &Entry, linked: bool) -> Result<bool, RecordsError> {
        let id = entry.head().chain;
        let is_current = self.current_chain() == Some(id);
        let Some(chain) = self.chains.get_mut(&id) else { return Ok(false) };
        if linked {
            chain.link(entry);
            if plant::is(Plant::AckUnstored) && !chain.own && entry.head().seq % 8 == 7 {
                chain.save(turn, &self.id)?;
                return Ok(false);
            }
        } else {
            chain.reach.hold_beyond(entry.head().seq, entry.head().lamport);
        }
        let item = Item {
            seq: entry.head().seq,
            received_at: turn.now.wall,
            messages: if linked { chain.reach.messages } else { 0 },
            bytes: entry.encode(),
        };
        let extents = Extents::of(turn, &self.id, id);
        chain.open = Some(extents.append(turn, chain.open.take(), &item)?);
        if !is_current {
            chain.save(turn, &self.id)?;
        }
        if !entry.is_message() {
            return Ok(true);
        }
        let own = chain.own;
        let first = place::add(turn, &self.id, own, entry, |place| !self.is_erased(place))? == 0;
        if !first && !self.repeated {
            self.repeated = true;
            self.save_list(turn)?;
        }
        Ok(first)
    }

    fn current_or_new(&mut self, turn: &mut Turn<'_>) -> Result<ChainId, AppendError> {
        // A run of the device that this one was a copy of is that device's.
        let usable = self.current_chain().filter(|id| {
            let has_room = |chain: &Chain| chain.reach.next < entry::SEQ_MAX;
            id.author_dev == self.own.dev && self.chains.get(id).is_some_and(has_room)
        });
        if let Some(current) = usable {
            return Ok(current);
        }
        self.new_run(turn)?;
        let current = self.current_chain().ok_or(RecordsError::Damaged('L'))?;
        if current.author_dev == self.own.dev { Ok(current) } else { Err(AppendError::TooManyRuns) }
    }

    fn current_chain(&self) -> Option<ChainId> {
        let run = self.current?;
        let held = self.chains.values().find(|chain| chain.own && chain.id.run == run);
        Some(held.map_or(ChainId { author_dev: self.own.dev, run }, |chain| chain.id))
    }

    fn is_side_full(&self, own: bool) -> bool {
        self.chains.values().filter(|chain| chain.own == own).count() >= CHAINS_PER_SIDE_MAX
    }

    fn state_at(&self, chain: ChainId, seq: u32) -> MessageState {
        self.chains.get(&chain).map_or(MessageState::Queued, |chain| order::state(chain, seq))
    }

    /// Whether what is there is being deleted: its index record may still be there.
    fn is_erased(&self, place: &place::Place) -> bool {
        self.chains.get(&place.chain).is_some_and(|chain| place.seq < chain.reach.erased)
    }

    /// Where the entries of a chain lie that are not deleted.
    fn extents(&self, turn: &Turn<'_>, id: ChainId) -> Extents {
        Extents::of(turn, &self.id, id).after(self.chains.get(&id).map_or(0, |chain| chain.reach.erased))
    }

    /// The entry at a place, where one is held.
    fn entry_at(&self, turn: &Turn<'_>, chain: ChainId, seq: u32) -> Result<Option<Entry>, RecordsError> {
        let item = self.extents(turn, chain).read(turn, seq)?;
        item.as_ref().map(chain::open_item).transpose()
    }

    /// The id of the entry at a place without a gap before it, read only where it is not the last.
    fn id_at(&self, turn: &Turn<'_>, chain: &Chain, seq: u32) -> Result<Option<EntryId>, RecordsError> {
        if seq.checked_add(1) == Some(chain.reach.next) {
            return Ok(Some(chain.reach.head));
        }
        if !chain.reach.holds(seq) {
            return Ok(None);
        }
        Ok(self.entry_at(turn, chain.id, seq)?.map(|entry| entry.id()))
    }

    fn save_list(&self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        let chains: Vec<(ChainId, bool)> = self.chains.values().map(|chain| (chain.id, chain.own)).collect();
        let mut parts = chains.chunks(CHAINS_PER_PART);
        for part in 0..LIST_PARTS_MAX {
            let key = list_key(turn, &self.id, part);
            let chains = parts.next();
            if chains.is_none() && part > 0 {
                // Lists shrink by one unused chain at most: the part behind the last may have been the one.
                if turn.load_bytes(&key)?.is_some() {
                    turn.delete(&key);
                }
                break;
            }
            let list = ListPart {
                current: self.current,
                repeated: self.repeated,
                chains: chains.unwrap_or_default().to_vec(),
            };
            turn.save(&key, &list)?;
        }
        Ok(())
    }
}

/// The list of a conversation's chains; empty when nothing was said yet.
fn load_list(turn: &Turn<'_>, conv: &ConversationId) -> Result<Vec<ListPart>, RecordsError> {
    let family = turn.key(b'L', &[conv.as_bytes()], &[]);
    let parts = turn.scan(&family, (&[], None), Order::Ascending, LIST_PARTS_MAX)?;
    Ok(parts.into_iter().map(|(_, part)| part).collect())
}

/// The chain that an encoded entry says it is in, and its place there; `None` when it is no entry.
#[must_use]
pub fn place_of(bytes: &[u8]) -> Option<(ChainId, u32)> {
    Entry::decode(bytes).ok().map(|entry| (entry.head().chain, entry.head().seq))
}

fn list_key(turn: &Turn<'_>, conv: &ConversationId, part: usize) -> RecordKey {
    // There are `LIST_PARTS_MAX` parts.
    let part = u8::try_from(part).unwrap_or(u8::MAX);
    turn.key(b'L', &[conv.as_bytes()], &[part])
}

fn draw_run(random: &mut TurnRandom) -> RunId {
    RunId::from_bytes(random.bytes())
}

#[cfg(test)]
mod tests;
