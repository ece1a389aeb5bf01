//! Acknowledgements: cumulative, never an entry, never a record a message.
//!
//! "Stored up to entry N of this chain" and "read up to N" name the entry's id as well, so that they count only for
//! the very chain that is held here. They rise and never fall. What people are told, "every message of ours up to
//! this one", is held back while an older chain of ours has not come so far. Rules: `docs/protocol.md`.

use serde::{Deserialize, Serialize};

use crate::{
    answer::MessageState,
    ids::{ConversationId, EntryId, MessageId},
    log::{
        Conversation,
        chain::{Chain, open_item},
        entry::{ChainId, NO_ENTRY},
    },
    records::RecordsError,
    testing::plant::{self, Plant},
    turn::Turn,
    wire::codec::{self, CodecError},
};

/// How far a chain goes, or was read: the bytes of an ACK or READ record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// In which conversation.
    pub conv: ConversationId,
    /// Which chain.
    pub chain: ChainId,
    /// The last entry it holds for.
    pub seq: u32,
    /// That entry's id.
    pub id: EntryId,
}

impl Mark {
    /// Its bytes.
    ///
    /// # Errors
    /// None in practice: a mark has 92 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, CodecError> {
        codec::encode(self)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes)
    }
}

/// What people are told: every message of ours up to this one has come at least so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    /// The last message it holds for.
    pub up_to: MessageId,
    /// How far they have come.
    pub state: MessageState,
}

impl Conversation {
    /// How far a chain goes here without a gap: to acknowledge it. `None` while nothing of it is held.
    #[must_use]
    pub fn mark_for(&self, chain: ChainId) -> Option<Mark> {
        let chain = self.chains.get(&chain)?;
        Some(Mark {
            conv: self.id,
            chain: chain.id,
            seq: chain.reach.next.checked_sub(1)?,
            id: chain.reach.head,
        })
    }

    /// The contact has stored our chain up to this mark. Ignored when it says nothing new or is not about what we
    /// hold.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn acknowledged(
        &mut self,
        turn: &mut Turn<'_>,
        mark: &Mark,
    ) -> Result<Option<Advance>, RecordsError> {
        self.apply(turn, mark, MessageState::Delivered)
    }

    /// The contact has read our chain up to this mark, and so has stored it. Ignored as above.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn read_by_peer(
        &mut self,
        turn: &mut Turn<'_>,
        mark: &Mark,
    ) -> Result<Option<Advance>, RecordsError> {
        self.apply(turn, mark, MessageState::Read)
    }

    /// What the contact has not said to hold will never be sent: our chain goes on in a new run, should they be met
    /// again. Returns the last message given up.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn give_up(&mut self, turn: &mut Turn<'_>) -> Result<Option<MessageId>, RecordsError> {
        let waiting = |chain: &&Chain| chain.own && chain.reach.delivered < chain.reach.owed();
        let ids: Vec<ChainId> = self.chains.values().filter(waiting).map(|chain| chain.id).collect();
        if ids.is_empty() || !self.new_run(turn)? {
            return Ok(None);
        }
        let mut last = None;
        for id in ids {
            let Some(chain) = self.chains.get(&id) else { continue };
            let held = match chain.reach.delivered.checked_sub(1) {
                Some(held) => self.id_at(turn, chain, held)?,
                None => None,
            };
            let (end, lamport) = (chain.reach.next.saturating_sub(1), chain.reach.lamport);
            if let Some(chain) = self.chains.get_mut(&id) {
                chain.reach.given_up = Some(held.unwrap_or(NO_ENTRY));
                chain.save(turn, &self.id)?;
            }
            if let Some(mid) = self.message_at_or_before(turn, id, end)?
                && self.state_of(turn, mid)? == Some(MessageState::Failed)
            {
                last = last.max(Some((lamport, mid)));
            }
        }
        Ok(last.map(|(_, mid)| mid))
    }

    /// Messages of the contact's that were not read.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn unread(&self, turn: &Turn<'_>) -> Result<u64, RecordsError> {
        let mut unread = 0;
        for chain in self.chains.values().filter(|chain| !chain.own && chain.reach.read < chain.reach.next) {
            let read = self.messages_before(turn, chain, chain.reach.read.max(chain.reach.erased))?;
            unread += u64::from(chain.reach.messages.saturating_sub(read));
        }
        Ok(unread)
    }

    /// Marks everything received so far as read; returns what to tell the contact.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn mark_read(&mut self, turn: &mut Turn<'_>) -> Result<Vec<Mark>, RecordsError> {
        let mut marked = Vec::new();
        for chain in self.chains.values_mut() {
            if !chain.own && chain.reach.read < chain.reach.next {
                chain.reach.read = chain.reach.next;
                chain.save(turn, &self.id)?;
                marked.push(chain.id);
            }
        }
        Ok(marked.into_iter().filter_map(|chain| self.mark_for(chain)).collect())
    }

    /// As [`Self::raise`], for a mark that names the very entry that is held there.
    fn apply(
        &mut self,
        turn: &mut Turn<'_>,
        mark: &Mark,
        state: MessageState,
    ) -> Result<Option<Advance>, RecordsError> {
        let count = mark.seq.saturating_add(1);
        let Some(chain) = self.chains.get(&mark.chain).filter(|chain| chain.own) else { return Ok(None) };
        if mark.conv != self.id || count > chain.reach.next || count <= counted(chain, state) {
            return Ok(None);
        }
        if self.id_at(turn, chain, mark.seq)? != Some(mark.id) {
            return Ok(None);
        }
        let count = if plant::is(Plant::ReceiptBeyond) { chain.reach.next } else { count };
        self.raise(turn, mark.chain, count, state)
    }

    /// The first `count` entries of an own chain have come so far.
    pub(super) fn raise(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChainId,
        count: u32,
        state: MessageState,
    ) -> Result<Option<Advance>, RecordsError> {
        let Some(chain) = self.chains.get(&id).filter(|chain| chain.own) else { return Ok(None) };
        if count <= counted(chain, state) || count > chain.reach.next {
            return Ok(None);
        }
        let messages = self.messages_before(turn, chain, count)?;
        // What was given up and turns out to have arrived did arrive.
        let given_up = match (chain.reach.given_up, count.checked_sub(1)) {
            (Some(_), Some(last)) if count > chain.reach.delivered => self.id_at(turn, chain, last)?,
            (given_up, _) => given_up,
        };
        let Some(chain) = self.chains.get_mut(&id) else { return Ok(None) };
        let (delivered, read) = (chain.reach.delivered, chain.reach.read);
        if state == MessageState::Read {
            chain.reach.read = count;
        }
        if count > chain.reach.delivered {
            chain.reach.delivered = count;
            chain.reach.delivered_messages = messages;
            chain.reach.given_up = given_up;
        }
        chain.save(turn, &self.id)?;
        self.remember(turn, id, (delivered, count), false)?;
        if state == MessageState::Read {
            self.remember(turn, id, (read, count), true)?;
        }
        let up_to = self.last_of(turn, state)?;
        Ok(up_to.map(|up_to| Advance { up_to, state }))
    }

    fn messages_before(&self, turn: &Turn<'_>, chain: &Chain, count: u32) -> Result<u32, RecordsError> {
        if count == chain.reach.next {
            return Ok(chain.reach.messages);
        }
        let Some(seq) = count.checked_sub(1) else { return Ok(0) };
        let item = self.extents(turn, chain.id).read(turn, seq)?;
        Ok(item.map_or(0, |item| item.messages))
    }

    /// The last message of ours that has come so far together with all before it.
    fn last_of(&self, turn: &Turn<'_>, state: MessageState) -> Result<Option<MessageId>, RecordsError> {
        let mut first_lacking = u64::MAX;
        let mut last: Option<(u64, ChainId, u32)> = None;
        for chain in self.chains.values().filter(|chain| chain.own) {
            let count = counted(chain, state);
            let complete = count >= chain.reach.owed();
            if !complete && let Some(entry) = self.entry_at(turn, chain.id, count)? {
                first_lacking = first_lacking.min(entry.head().lamport);
            }
            let Some(seq) = count.checked_sub(1) else { continue };
            let lamport = if count == chain.reach.next {
                chain.reach.lamport
            } else {
                self.entry_at(turn, chain.id, seq)?.map_or(0, |entry| entry.head().lamport)
            };
            last = last.max(Some((lamport, chain.id, seq)));
        }
        match last {
            Some((lamport, chain, seq)) if lamport < first_lacking => {
                self.message_at_or_before(turn, chain, seq)
            }
            _ => Ok(None),
        }
    }

    /// The last message of a chain at or before this place.
    fn message_at_or_before(
        &self,
        turn: &Turn<'_>,
        chain: ChainId,
        seq: u32,
    ) -> Result<Option<MessageId>, RecordsError> {
        let extents = self.extents(turn, chain);
        let mut at = Some(seq);
        while let Some(seq) = at {
            let items = extents.at_or_before(turn, seq)?;
            for item in items.iter().rev().filter(|item| item.seq <= seq) {
                let entry = open_item(item)?;
                if entry.is_message() {
                    return Ok(Some(entry.head().mid));
                }
            }
            at = items.first().and_then(|item| item.seq.checked_sub(1));
        }
        Ok(None)
    }
}

/// How many entries of an own chain have come so far.
const fn counted(chain: &Chain, state: MessageState) -> u32 {
    match state {
        MessageState::Read => chain.reach.read,
        _ => chain.reach.delivered,
    }
}
