//! Two histories of one device made one again.
//!
//! A device that was put back so that nothing about its files shows it, and whose contact was put back too, can deliver
//! a second history in a run in which it delivered another. Whoever wrote both finds out when a contact's head
//! contradicts what was delivered, searches the first entry in which they differ by asking for single ones, halving
//! the distance each time, and takes it: the contact's branch stays in the run, its own becomes another run, under the
//! same message ids. Only an entry with our `self` mark moves anything, so a contact can bring about no more forks than
//! we wrote.
//!
//! ```text
//! theirs  0 1 2 3a 4a 5a        ours  0 1 2 3b 4b        after  0 1 2 3a 4a 5a, and a run of 3b 4b
//! ```

use std::collections::{BTreeMap, btree_map::Entry::Vacant};

use crate::{
    limits,
    log::{
        CHAINS_PER_SIDE_MAX, Conversation,
        chain::Chain,
        entry::{ChainId, Dep, Entry, Head, NO_ENTRY},
        place,
        repair::Want,
    },
    records::RecordsError,
    turn::Turn,
};

/// Where chains of this device differ from what a contact holds, as far as is known.
#[derive(Debug, Default)]
pub struct Searches {
    chains: BTreeMap<ChainId, Search>,
}

#[derive(Debug)]
struct Search {
    /// Entries before this place agree.
    agreed: u32,
    /// The entry at this place differs.
    differs: u32,
    /// What was asked for has not come.
    asked: bool,
    /// The first entry that differs came and was not taken.
    in_vain: bool,
}

impl Searches {
    /// The entry at a place of a chain of ours differs from the one that we hold.
    pub fn differs(&mut self, chain: ChainId, seq: u32) {
        let found = Search { agreed: 0, differs: seq, asked: false, in_vain: false };
        let search = self.chains.entry(chain).or_insert(found);
        search.in_vain |= search.asked && seq <= search.agreed;
        search.differs = search.differs.min(seq);
        search.asked = false;
    }

    /// It is the one that we hold. Says nothing about chains that are not searched.
    pub fn agrees(&mut self, chain: ChainId, seq: u32) {
        if let Some(search) = self.chains.get_mut(&chain).filter(|search| seq < search.differs) {
            search.agreed = search.agreed.max(seq.saturating_add(1));
            search.asked = false;
        }
    }

    /// A chain differs no longer.
    pub fn joined(&mut self, chain: ChainId) {
        self.chains.remove(&chain);
    }

    /// Nothing is known any more.
    pub fn clear(&mut self) {
        self.chains.clear();
    }

    /// Whether an answer is under way.
    #[must_use]
    pub fn under_way(&self) -> bool {
        self.chains.values().any(|search| search.asked)
    }

    /// Nothing comes of what is under way.
    pub fn give_up(&mut self) {
        for search in self.chains.values_mut().filter(|search| search.asked) {
            search.asked = false;
            search.in_vain = true;
        }
    }

    /// What to ask for next, in place of what is wanted of these chains otherwise; each is then under way.
    pub fn ask(&mut self, wants: Vec<Want>) -> Vec<Want> {
        let mut wants: BTreeMap<ChainId, Want> = wants.into_iter().map(|want| (want.chain, want)).collect();
        for (chain, search) in &mut self.chains {
            wants.remove(chain);
            if !search.in_vain {
                let middle = search.agreed + search.differs.saturating_sub(search.agreed) / 2;
                search.asked = true;
                wants.insert(*chain, Want { chain: *chain, from: middle, to: middle.saturating_add(1) });
            }
        }
        wants.into_values().collect()
    }
}

impl Conversation {
    /// Whether an entry of this device is the first in which a chain that was delivered differs from what the contact
    /// holds: it follows the entry that we hold before it, and another has its place.
    pub(super) fn diverges(
        &self,
        turn: &Turn<'_>,
        chain: &Chain,
        entry: &Entry,
    ) -> Result<bool, RecordsError> {
        let (seq, reach) = (entry.head().seq, &chain.reach);
        let ours = chain.own && chain.id.author_dev == self.own.dev && reach.given_up.is_none();
        // The branch needs a run, and our current one another if it is the one that is cut.
        let own_chains = self.chains.values().filter(|chain| chain.own).count();
        let moved = reach.next.saturating_sub(seq);
        if !ours || moved == 0 || moved > limits::JOINED_ENTRIES_MAX || own_chains + 2 > CHAINS_PER_SIDE_MAX {
            return Ok(false);
        }
        let Some(before) = seq.checked_sub(1) else { return Ok(entry.head().prev == NO_ENTRY) };
        let Some(before) = self.entry_at(turn, chain.id, before)? else { return Ok(false) };
        Ok(entry.head().prev == before.id() && entry.head().lamport > before.head().lamport)
    }

    /// Makes room for the contact's branch of a chain of this device from a place on: ours becomes a run of its own, with
    /// the same lamport numbers, so that what it says stands where it stood. What another run of ours says too is not
    /// said once more.
    pub(super) fn move_branch(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChainId,
        from: u32,
    ) -> Result<(), RecordsError> {
        let before = self.dep_before(turn, id, from)?;
        let next = self.chains.get(&id).map_or(0, |chain| chain.reach.next);
        let removed = self.cut(turn, id, from)?;
        self.lower(turn, id, from)?;
        if self.current_chain() == Some(id) {
            self.new_run(turn)?;
        }
        let branch = self.draw_branch(turn);
        for entry in removed.iter().filter(|entry| entry.is_message() && entry.head().seq < next) {
            let elsewhere = place::shown(turn, &self.id, true, entry.head().mid)?;
            let held = elsewhere.and_then(|place| self.chains.get(&place.chain));
            if held.is_none_or(|chain| chain.reach.given_up.is_some()) {
                self.write_branch(turn, branch, entry, before)?;
            }
        }
        Ok(())
    }

    /// The entry before a place, for a branch that begins behind it.
    pub(super) fn dep_before(
        &self,
        turn: &Turn<'_>,
        chain: ChainId,
        seq: u32,
    ) -> Result<Option<Dep>, RecordsError> {
        let Some(seq) = seq.checked_sub(1) else { return Ok(None) };
        Ok(self.entry_at(turn, chain, seq)?.map(|entry| Dep { chain, seq, id: entry.id() }))
    }

    /// A run of our own that is not the current one.
    pub(super) fn draw_branch(&self, turn: &mut Turn<'_>) -> ChainId {
        ChainId { author_dev: self.own.dev, run: super::draw_run(&mut turn.random) }
    }

    /// Puts an entry of ours at the end of a branch that began behind `before`, where it stood.
    pub(super) fn write_branch(
        &mut self,
        turn: &mut Turn<'_>,
        branch: ChainId,
        entry: &Entry,
        before: Option<Dep>,
    ) -> Result<(), RecordsError> {
        let Some(body) = entry.body() else { return Ok(()) };
        if let Vacant(vacant) = self.chains.entry(branch) {
            vacant.insert(Chain::new(branch, true));
            self.save_list(turn)?;
        }
        let (seq, prev, mut below) = self
            .chains
            .get(&branch)
            .map_or((0, NO_ENTRY, 0), |chain| (chain.reach.next, chain.reach.head, chain.reach.lamport));
        // Whatever an entry depends on stands higher than the one before it.
        let mut deps = entry.head().deps.clone();
        if deps.is_empty() && seq == 0 {
            deps.extend(before);
        }
        for dep in &deps {
            let lamport = self.lamport_of(turn, dep)?;
            below = below.max(lamport.unwrap_or(entry.head().lamport.saturating_sub(1)));
        }
        let head =
            Head { chain: branch, seq, prev, deps, lamport: below.saturating_add(1), ..entry.head().clone() };
        let moved = Entry::compose(head, turn.random.bytes(), body, &self.own.k_self)
            .map_err(|_| RecordsError::Damaged('E'))?;
        self.store(turn, &moved, true).map(drop)
    }

    /// A chain of ours ends at a place: nothing behind it was delivered or read.
    fn lower(&mut self, turn: &mut Turn<'_>, id: ChainId, end: u32) -> Result<(), RecordsError> {
        let Some(chain) = self.chains.get_mut(&id) else { return Ok(()) };
        let reach = &mut chain.reach;
        if reach.delivered > end {
            reach.delivered = end;
            reach.delivered_messages = reach.messages;
        }
        reach.read = reach.read.min(end);
        chain.save(turn, &self.id)
    }
}
