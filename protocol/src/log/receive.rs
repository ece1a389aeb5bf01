//! Taking an entry that somebody brought: judged first, changing nothing, then stored.
//!
//! ```text
//! decode ─▶ whose is it? ─▶ held already? ─▶ next in its chain? ─▶ linked, and what was held beyond with it
//!                │               │                  └ later ─▶ held beyond the gap, shown, checked when it closes
//!             refused       known or a fork (of our own: `joining.rs`)
//! ```
//!
//! A dependency that is not held holds nothing up, since it may be the losing side of a fork and never come: the
//! entry's lamport number is then only bounded. Both sides sort by that number, so they agree all the same.
//! Rules: `docs/protocol.md`.

use std::collections::btree_map::Entry::Vacant;

use thiserror::Error;

use crate::{
    answer::MessageState,
    ids::DeviceId,
    limits,
    log::{
        Conversation,
        chain::{Chain, open_item},
        entry::{ChainId, Dep, Entry, EntryError, Head, NO_ENTRY, Profile, kind},
        order::{self, Row},
        place,
        receipts::Advance,
    },
    records::RecordsError,
    testing::plant::{self, Plant},
    turn::Turn,
};

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is stored now.
    Stored(Box<Stored>),
    /// It was stored before.
    Known,
    /// It is not taken, and nothing was changed.
    Refused(Refusal),
}

/// An entry that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The chain it is in; its mark says how far that goes now.
    pub chain: ChainId,
    /// Its kind.
    pub kind: u16,
    /// The message, unless it is none or another entry brought it before.
    pub message: Option<Row>,
    /// The name that the author gave themselves, where the entry says one.
    pub name: Option<String>,
    /// It is where a branch of ours was that moved on into another run.
    pub joined: bool,
    /// One of our own that came back: what its being there says about those before it.
    pub advance: Option<Advance>,
}

/// Why an entry was not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// It belongs to another conversation.
    #[error("the entry belongs to another conversation")]
    Conversation,
    /// Neither the contact nor we wrote it, or somebody claims that we did.
    #[error("the entry's author is neither the contact nor ourselves")]
    Author,
    /// Its place is taken by another entry, which stays.
    #[error("another entry has its place")]
    Fork,
    /// It does not follow the entry before it.
    #[error("the entry does not follow the one before it")]
    Prev,
    /// Its lamport number does not follow from what it depends on.
    #[error("the entry's lamport number is wrong")]
    Lamport,
    /// Too much is held beyond the gap already; it will be brought again.
    #[error("too many entries are held beyond a gap")]
    TooFarAhead,
    /// The contact used the id of a message of ours.
    #[error("the entry has the id of another message")]
    MessageId,
    /// Its author has begun too many chains.
    #[error("the author has too many chains")]
    TooManyChains,
}

/// Where an entry that is taken goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Link,
    HoldBeyond,
    /// In place of another branch, which moves.
    Join,
    Known,
}

impl Conversation {
    /// Takes an entry that arrived from the contact; `devices` are the contact's.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn receive(
        &mut self,
        turn: &mut Turn<'_>,
        bytes: &[u8],
        devices: &[DeviceId],
    ) -> Result<Received, RecordsError> {
        let entry = match Entry::decode(bytes) {
            Ok(entry) => entry,
            Err(error) => return Ok(Received::Refused(error.into())),
        };
        let own = match self.side_of(&entry, devices) {
            Ok(own) => own,
            Err(refusal) => return Ok(Received::Refused(refusal)),
        };
        match self.judge(turn, &entry, own)? {
            Err(refusal) => Ok(Received::Refused(refusal)),
            Ok(Verdict::Known) => Ok(Received::Known),
            Ok(verdict) => self.take(turn, &entry, own, verdict),
        }
    }

    /// Whether our account wrote it.
    fn side_of(&self, entry: &Entry, devices: &[DeviceId]) -> Result<bool, Refusal> {
        let author = entry.head().chain.author_dev;
        if entry.head().conv != self.id {
            return Err(Refusal::Conversation);
        }
        // Whose device it is, is the contact's word: they may name one of ours.
        if entry.is_of(&self.own.k_self) {
            return Ok(true);
        }
        if author != self.own.dev && devices.contains(&author) {
            return Ok(false);
        }
        if plant::is(Plant::SelfUnchecked) { Ok(true) } else { Err(Refusal::Author) }
    }

    fn judge(
        &self,
        turn: &Turn<'_>,
        entry: &Entry,
        own: bool,
    ) -> Result<Result<Verdict, Refusal>, RecordsError> {
        let head = entry.head();
        let unknown = Chain::new(head.chain, own);
        let chain = match self.chains.get(&head.chain) {
            Some(chain) if chain.own == own => chain,
            Some(_) => return Ok(Err(Refusal::Author)),
            None if self.is_side_full(own) => return Ok(Err(Refusal::TooManyChains)),
            None => &unknown,
        };
        if head.seq < chain.reach.erased {
            // Deleted here, and it stays so.
            return Ok(Ok(Verdict::Known));
        }
        if chain.reach.holds(head.seq) {
            if self.id_at(turn, chain, head.seq)? == Some(entry.id()) {
                return Ok(Ok(Verdict::Known));
            }
            return Ok(if self.diverges(turn, chain, entry)? {
                Ok(Verdict::Join)
            } else {
                Err(Refusal::Fork)
            });
        }
        // Ids name one message each in a conversation: else a page before one would begin elsewhere.
        if !own && place::shown(turn, &self.id, true, head.mid)?.is_some() {
            return Ok(Err(Refusal::MessageId));
        }
        // More of our own current chain than we hold: it must end, and another begin, before this is taken.
        if self.current_chain() == Some(head.chain) && self.is_side_full(true) {
            return Ok(Err(Refusal::TooManyChains));
        }
        if head.seq > chain.reach.next {
            let held = chain.reach.check_beyond(head.seq, head.lamport);
            return Ok(held.map(|()| Verdict::HoldBeyond));
        }
        Ok(self.check_link(turn, chain, head)?.map(|()| Verdict::Link))
    }

    /// Whether an entry can follow the last one of its chain.
    fn check_link(
        &self,
        turn: &Turn<'_>,
        chain: &Chain,
        head: &Head,
    ) -> Result<Result<(), Refusal>, RecordsError> {
        if head.prev != chain.reach.head {
            return Ok(Err(Refusal::Prev));
        }
        let mut highest = chain.reach.lamport;
        let mut all_held = true;
        for dep in &head.deps {
            match self.lamport_of(turn, dep)? {
                Some(lamport) => highest = highest.max(lamport),
                None => all_held = false,
            }
        }
        let lowest = highest.saturating_add(1);
        let fits = if all_held {
            head.lamport == lowest
        } else {
            (lowest..=limits::LAMPORT_MAX.max(lowest)).contains(&head.lamport)
        };
        Ok(fits.then_some(()).ok_or(Refusal::Lamport))
    }

    /// The lamport number of a dependency, where that very entry is held.
    pub(super) fn lamport_of(&self, turn: &Turn<'_>, dep: &Dep) -> Result<Option<u64>, RecordsError> {
        let Some(chain) = self.chains.get(&dep.chain) else { return Ok(None) };
        if dep.seq.checked_add(1) == Some(chain.reach.next) {
            return Ok((dep.id == chain.reach.head).then_some(chain.reach.lamport));
        }
        if !chain.reach.holds(dep.seq) {
            return Ok(None);
        }
        let held = self.entry_at(turn, dep.chain, dep.seq)?;
        Ok(held.filter(|entry| entry.id() == dep.id).map(|entry| entry.head().lamport))
    }

    fn take(
        &mut self,
        turn: &mut Turn<'_>,
        entry: &Entry,
        own: bool,
        verdict: Verdict,
    ) -> Result<Received, RecordsError> {
        let id = entry.head().chain;
        if verdict == Verdict::Join {
            self.move_branch(turn, id, entry.head().seq)?;
        } else if self.current_chain() == Some(id) {
            self.new_run(turn)?;
        }
        if let Vacant(vacant) = self.chains.entry(id) {
            vacant.insert(Chain::new(id, own));
            self.save_list(turn)?;
        }
        let linked = verdict != Verdict::HoldBeyond;
        let first = self.store(turn, entry, linked)?;
        if linked {
            self.close_gap(turn, id)?;
        }
        let advance = if own && linked { self.returned(turn, id)? } else { None };
        let row = self.chains.get(&id).map(|chain| order::row(chain, entry, turn.now.wall));
        let body = entry.body().filter(|_| entry.head().kind == kind::PROFILE);
        Ok(Received::Stored(Box::new(Stored {
            chain: id,
            kind: entry.head().kind,
            message: row.filter(|_| first && entry.is_message()),
            name: body.and_then(Profile::decode).map(|profile| profile.name),
            joined: verdict == Verdict::Join,
            advance,
        })))
    }

    /// Links what was held beyond a gap that has just been closed; what does not fit is dropped with all behind it.
    fn close_gap(&mut self, turn: &mut Turn<'_>, id: ChainId) -> Result<(), RecordsError> {
        let mut changed = false;
        while let Some(chain) = self.chains.get(&id)
            && chain.reach.beyond.first().is_some_and(|range| range.from == chain.reach.next)
        {
            changed = true;
            let item = self.extents(turn, id).read(turn, chain.reach.next)?;
            let entry = open_item(&item.ok_or(RecordsError::Damaged('E'))?)?;
            if self.check_link(turn, chain, entry.head())?.is_err() {
                self.cut(turn, id, chain.reach.next)?;
                break;
            }
            if let Some(chain) = self.chains.get_mut(&id) {
                chain.link(&entry);
                chain.reach.take_first_beyond(entry.head().lamport);
            }
        }
        match self.chains.get(&id) {
            Some(chain) if changed => chain.save(turn, &self.id),
            _ => Ok(()),
        }
    }

    /// An own entry came back from the contact, who therefore holds the whole chain up to it.
    fn returned(&mut self, turn: &mut Turn<'_>, id: ChainId) -> Result<Option<Advance>, RecordsError> {
        let count = self.chains.get(&id).map_or(0, |chain| chain.reach.next);
        self.raise(turn, id, count, MessageState::Delivered)
    }

    /// Removes every entry of a chain at or after `from`; returns those, in order.
    pub(super) fn cut(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChainId,
        from: u32,
    ) -> Result<Vec<Entry>, RecordsError> {
        let Some(chain) = self.chains.get(&id) else { return Ok(Vec::new()) };
        let extents = self.extents(turn, id);
        let (own, next, (end, _)) = (chain.own, chain.reach.next, chain.reach.end());
        let mut removed = Vec::new();
        for item in extents.cut(turn, from, end)? {
            let entry = open_item(&item)?;
            if entry.is_message() {
                place::remove(turn, &self.id, own, &entry)?;
            }
            removed.push(entry);
        }
        let last = match from.checked_sub(1) {
            Some(seq) if from < next => extents.read(turn, seq)?,
            _ => None,
        };
        let last_entry = last.as_ref().map(open_item).transpose()?;
        if let Some(chain) = self.chains.get_mut(&id) {
            chain.open = None;
            chain.reach.beyond.clear();
            if from < next {
                chain.reach.next = from;
                chain.reach.head = last_entry.as_ref().map_or(NO_ENTRY, Entry::id);
                chain.reach.lamport = last_entry.as_ref().map_or(0, |entry| entry.head().lamport);
                chain.reach.messages = last.as_ref().map_or(0, |item| item.messages);
            }
        }
        Ok(removed)
    }
}
