//! The order that both sides see: by lamport number, then id; and pages of it.
//!
//! A history has no index. Lamport numbers rise along every chain, so a page is a merge of the chains read backwards,
//! from their ends or from where the message before which it ends would stand in each, which a binary search finds.
//! A chain is opened only when the merge comes down to it. Cost: chains × log of their length, and the page.

use crate::{
    answer::MessageState,
    ids::{EntryId, MessageId},
    limits,
    log::{
        Conversation,
        chain::{Chain, open_item},
        entry::{Entry, Rank},
        extent::Extents,
        place::{self, Place},
    },
    moment::WallTime,
    records::RecordsError,
    testing::plant::{self, Plant},
    turn::Turn,
};

const LAST_ID: EntryId = EntryId::from_bytes([u8::MAX; 32]);

/// One message as it stands in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub mid: MessageId,
    /// Whether our account wrote it.
    pub outgoing: bool,
    /// Its kind.
    pub kind: u16,
    /// The text; `None` when it was erased or its kind needs a newer version.
    pub text: Option<String>,
    /// What its author's clock said.
    pub wall: WallTime,
    /// When it was durable here; `None` for our own.
    pub received_at: Option<WallTime>,
    /// How far it has come.
    pub state: MessageState,
    /// Where it stands in the order.
    pub rank: Rank,
}

impl Row {
    /// When it was written, as people are shown it: the time of receipt where its author's clock was far off ours.
    #[must_use]
    pub fn sent_at(&self) -> WallTime {
        match self.received_at {
            Some(received_at) if self.wall.distance(received_at) > limits::CLOCK_DISTANCE_SHOWN_MAX => {
                received_at
            }
            _ => self.wall,
        }
    }
}

impl Conversation {
    /// The last `limit` messages, or those just before `before`, oldest first. `None` when there is no such message.
    /// `limit` is bounded by `limits::HISTORY_PAGE_MAX`.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn history(
        &self,
        turn: &Turn<'_>,
        limit: u32,
        before: Option<MessageId>,
    ) -> Result<Option<Vec<Row>>, RecordsError> {
        history_across(turn, &[self], limit, before)
    }

    /// Where a message stands. Should both sides have used its id, the lower place, so that paging gets on.
    fn rank_of(&self, turn: &Turn<'_>, mid: MessageId) -> Result<Option<Rank>, RecordsError> {
        let mut lowest: Option<Rank> = None;
        for own in [true, false] {
            if let Some(place) = place::shown(turn, &self.id, own, mid)? {
                let entry = self.entry_at(turn, place.chain, place.seq)?;
                let rank = entry.map(|entry| entry.rank());
                lowest = lowest.into_iter().chain(rank).min();
            }
        }
        Ok(lowest)
    }

    /// At most `limit` messages below `before`, newest first.
    fn page(&self, turn: &Turn<'_>, limit: usize, before: Option<Rank>) -> Result<Vec<Row>, RecordsError> {
        let mut cursors = Vec::with_capacity(self.chains.len());
        for chain in self.chains.values() {
            cursors.push(Cursor::at(turn, self, chain, before)?);
        }
        let mut rows = Vec::new();
        while rows.len() < limit {
            let highest = cursors.iter_mut().max_by_key(|cursor| cursor.bound());
            let Some(cursor) = highest.filter(|cursor| cursor.bound().is_some()) else { break };
            if let Some((entry, received_at)) = cursor.next(turn)?
                && self.is_shown(turn, cursor.chain, &entry)?
            {
                rows.push(row(cursor.chain, &entry, received_at));
            }
        }
        Ok(rows)
    }

    /// Whether people are shown this entry: profiles they are not, and of a message at several places one.
    fn is_shown(&self, turn: &Turn<'_>, chain: &Chain, entry: &Entry) -> Result<bool, RecordsError> {
        if !entry.is_message() {
            return Ok(false);
        }
        if !self.repeated {
            return Ok(true);
        }
        let shown = place::shown(turn, &self.id, chain.own, entry.head().mid)?;
        Ok(shown.is_none_or(|place| place == Place::of(entry)))
    }
}

/// As [`Conversation::history`], over several conversations that follow one another, the newest first: those of a
/// person who lost their keys and came back.
///
/// # Errors
/// [`RecordsError`] when the store fails or a record is damaged.
pub fn history_across(
    turn: &Turn<'_>,
    newest_first: &[&Conversation],
    limit: u32,
    before: Option<MessageId>,
) -> Result<Option<Vec<Row>>, RecordsError> {
    let limit = usize::try_from(limit.min(limits::HISTORY_PAGE_MAX)).unwrap_or(0);
    let mut rows = Vec::new();
    let mut searched = before;
    for conversation in newest_first {
        let mut below = None;
        if let Some(mid) = searched {
            below = conversation.rank_of(turn, mid)?;
            if below.is_none() {
                continue;
            }
            searched = None;
        }
        rows.extend(conversation.page(turn, limit.saturating_sub(rows.len()), below)?);
    }
    rows.reverse();
    if plant::is(Plant::OrderByWallClock) {
        rows.sort_by_key(|row| row.wall);
    }
    Ok(searched.is_none().then_some(rows))
}

/// The message in an entry of this chain.
pub(super) fn row(chain: &Chain, entry: &Entry, received_at: WallTime) -> Row {
    Row {
        mid: entry.head().mid,
        outgoing: chain.own,
        kind: entry.head().kind,
        text: entry.text().map(str::to_owned),
        wall: entry.head().wall,
        received_at: (!chain.own).then_some(received_at),
        state: state(chain, entry.head().seq),
        rank: entry.rank(),
    }
}

/// How far the entry at this place of a chain has come.
pub(super) const fn state(chain: &Chain, seq: u32) -> MessageState {
    if seq < chain.reach.read {
        MessageState::Read
    } else if !chain.own || seq < chain.reach.delivered {
        MessageState::Delivered
    } else if chain.reach.given_up.is_some() {
        MessageState::Failed
    } else {
        MessageState::Queued
    }
}

/// One chain, read backwards.
struct Cursor<'a> {
    chain: &'a Chain,
    extents: Extents,
    /// Everything at or after this place has been read.
    below: u32,
    /// No entry that is not read yet stands higher.
    highest: u64,
    /// Entries that are read and not passed on, ascending.
    opened: Vec<(Entry, WallTime)>,
}

impl<'a> Cursor<'a> {
    /// A cursor at the chain's end, or below every entry that does not stand before `before`.
    fn at(
        turn: &Turn<'_>,
        conversation: &Conversation,
        chain: &'a Chain,
        before: Option<Rank>,
    ) -> Result<Self, RecordsError> {
        let (end, highest) = chain.reach.end();
        let mut cursor = Self {
            chain,
            extents: conversation.extents(turn, chain.id),
            below: end,
            highest,
            opened: Vec::new(),
        };
        if let Some(before) = before.filter(|before| before.lamport <= highest) {
            cursor.below = cursor.search(turn, end, before)?;
            cursor.highest = before.lamport;
        }
        Ok(cursor)
    }

    /// The place from which on no entry stands before `rank`.
    fn search(&self, turn: &Turn<'_>, end: u32, rank: Rank) -> Result<u32, RecordsError> {
        let (mut low, mut high) = (0, end);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut items = self.extents.at_or_before(turn, middle)?;
            items.retain(|item| item.seq <= middle);
            match items.last() {
                Some(item) if open_item(item)?.rank() >= rank => high = item.seq,
                _ => low = middle + 1,
            }
        }
        Ok(low)
    }

    /// What the next entry stands at, or no higher than; `None` at the chain's start.
    fn bound(&self) -> Option<Rank> {
        let unread = (self.below > 0).then_some(Rank { lamport: self.highest, id: LAST_ID });
        self.opened.last().map(|(entry, _)| entry.rank()).or(unread)
    }

    /// Takes the next entry, or opens the extent that has it.
    fn next(&mut self, turn: &Turn<'_>) -> Result<Option<(Entry, WallTime)>, RecordsError> {
        if let Some((entry, received_at)) = self.opened.pop() {
            self.highest = entry.head().lamport.saturating_sub(1);
            return Ok(Some((entry, received_at)));
        }
        let Some(last) = self.below.checked_sub(1) else { return Ok(None) };
        let mut items = self.extents.at_or_before(turn, last)?;
        items.retain(|item| item.seq <= last);
        self.below = items.first().map_or(0, |item| item.seq);
        for item in &items {
            self.opened.push((open_item(item)?, item.received_at));
        }
        Ok(None)
    }
}
