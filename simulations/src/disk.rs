//! A person's disk: what was applied, what of it is durable, and what a crash leaves.
//!
//! As the node's: writes are applied at once and read by the next turn; one commit runs at a time and makes everything
//! durable that was applied before it began. A crash takes back whatever was not durable, newest first. Copies are
//! whole: store, identity file and ring.

use std::collections::{BTreeMap, VecDeque};

use causerie_protocol::{
    output::ChangeSet,
    records::{Order, Pair, Records, RecordsError},
    vault::ring::{Slot, Slots},
};

/// The number of a write, in order.
pub type Ticket = u64;

/// See the file's head.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    identity: Vec<u8>,
    ring: Slots,
    undo: VecDeque<(Ticket, Undo)>,
    applied: Ticket,
    durable: Ticket,
    /// Up to where the commit that runs goes.
    running: Option<Ticket>,
}

/// What was there before a write.
#[derive(Clone, Debug)]
enum Undo {
    Records(Vec<(Vec<u8>, Option<Vec<u8>>)>),
    Identity(Vec<u8>),
    Ring(Slot, Option<Vec<u8>>),
}

/// A whole copy of what was durable.
#[derive(Clone, Debug)]
pub struct Copy {
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    identity: Vec<u8>,
    ring: Slots,
}

impl Disk {
    /// A disk with nothing but an identity file.
    #[must_use]
    pub fn new(identity: Vec<u8>) -> Self {
        Self { identity, ..Self::default() }
    }

    /// Applies a change-set.
    pub fn apply(&mut self, changes: ChangeSet) -> Ticket {
        let mut before = Vec::with_capacity(changes.writes.len());
        for (key, write) in changes.writes {
            let old = match write {
                Some(value) => self.records.insert(key.clone(), value),
                None => self.records.remove(&key),
            };
            before.push((key, old));
        }
        self.note(Undo::Records(before))
    }

    /// Replaces the identity file.
    pub fn replace_identity(&mut self, bytes: Vec<u8>) -> Ticket {
        let before = std::mem::replace(&mut self.identity, bytes);
        self.note(Undo::Identity(before))
    }

    /// Writes a slot of the ring.
    pub fn write_slot(&mut self, slot: Slot, bytes: Vec<u8>) -> Ticket {
        let before = slot.of_mut(&mut self.ring).replace(bytes);
        self.note(Undo::Ring(slot, before))
    }

    /// Begins a commit if something waits and none runs; tells whether it did.
    pub fn begin_commit(&mut self) -> bool {
        let begins = self.running.is_none() && self.applied > self.durable;
        if begins {
            self.running = Some(self.applied);
        }
        begins
    }

    /// The commit that ran is done.
    pub fn end_commit(&mut self) {
        if let Some(upto) = self.running.take() {
            self.durable = upto;
            while self.undo.front().is_some_and(|(ticket, _)| *ticket <= upto) {
                self.undo.pop_front();
            }
        }
    }

    /// Everything up to here survives a crash.
    #[must_use]
    pub const fn durable(&self) -> Ticket {
        self.durable
    }

    /// What was not durable is gone.
    pub fn crash(&mut self) {
        self.running = None;
        while let Some((_, undo)) = self.undo.pop_back() {
            match undo {
                Undo::Records(before) => {
                    for (key, old) in before {
                        match old {
                            Some(value) => self.records.insert(key, value),
                            None => self.records.remove(&key),
                        };
                    }
                }
                Undo::Identity(before) => self.identity = before,
                Undo::Ring(slot, before) => *slot.of_mut(&mut self.ring) = before,
            }
        }
        self.applied = self.durable;
    }

    /// Everything that was applied becomes durable, as a clean stop waits for.
    pub fn settle(&mut self) {
        self.undo.clear();
        self.running = None;
        self.durable = self.applied;
    }

    /// A copy of the whole. Only of a disk on which everything is durable is it one that a person could have made.
    #[must_use]
    pub fn copy(&self) -> Copy {
        Copy { records: self.records.clone(), identity: self.identity.clone(), ring: self.ring.clone() }
    }

    /// A copy takes the place of what is here.
    pub fn put_back(&mut self, copy: Copy) {
        self.settle();
        (self.records, self.identity, self.ring) = (copy.records, copy.identity, copy.ring);
    }

    /// The store is gone; identity and ring stay.
    pub fn lose_store(&mut self) {
        self.settle();
        self.records.clear();
    }

    /// The identity file.
    #[must_use]
    pub fn identity(&self) -> &[u8] {
        &self.identity
    }

    /// The ring's slots.
    #[must_use]
    pub const fn ring(&self) -> &Slots {
        &self.ring
    }

    /// How many records of each kind the store holds: a key begins with its kind's letter.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<char, usize> {
        let mut kinds = BTreeMap::new();
        for key in self.records.keys() {
            *kinds.entry(key.first().copied().map_or('?', char::from)).or_default() += 1;
        }
        kinds
    }

    /// How many records the store holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the store holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes of all keys and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.records.iter().map(|(key, value)| key.len() + value.len()).sum()
    }

    fn note(&mut self, undo: Undo) -> Ticket {
        self.applied += 1;
        self.undo.push_back((self.applied, undo));
        self.applied
    }
}

impl Records for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.records.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range =
            self.records.range::<[u8], _>((core::ops::Bound::Included(from), core::ops::Bound::Excluded(to)));
        let pairs = range.map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Ascending => pairs.take(limit).collect(),
            Order::Descending => pairs.rev().take(limit).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(key: u8, value: Option<u8>) -> ChangeSet {
        ChangeSet { writes: BTreeMap::from([(vec![key], value.map(|value| vec![value]))]) }
    }

    fn value(disk: &Disk, key: u8) -> Option<Vec<u8>> {
        disk.get(&[key]).unwrap()
    }

    #[test]
    fn a_crash_leaves_what_was_durable() {
        let mut disk = Disk::new(vec![1]);
        disk.apply(write(1, Some(1)));
        assert!(disk.begin_commit() && !disk.begin_commit());
        // While that commit runs, more is applied: it is not part of it.
        let later = disk.apply(write(1, Some(2)));
        disk.apply(write(2, Some(2)));
        disk.replace_identity(vec![2]);
        disk.write_slot(Slot::BOTH[0], vec![9]);
        disk.end_commit();
        assert!(disk.durable() < later);
        assert_eq!(value(&disk, 1), Some(vec![2]), "applied is readable");
        disk.crash();
        assert_eq!((value(&disk, 1), value(&disk, 2)), (Some(vec![1]), None));
        assert_eq!((disk.identity(), Slot::BOTH[0].of(disk.ring())), (&[1][..], &None));
        assert!(!disk.begin_commit(), "nothing waits");
    }

    #[test]
    fn a_copy_is_put_back_whole() {
        let mut disk = Disk::new(vec![1]);
        disk.apply(write(1, Some(1)));
        disk.settle();
        let copy = disk.copy();
        disk.apply(write(1, None));
        disk.replace_identity(vec![2]);
        disk.put_back(copy);
        assert_eq!((value(&disk, 1), disk.identity()), (Some(vec![1]), &[1][..]));
        disk.lose_store();
        assert!(disk.is_empty() && disk.identity() == [1]);
    }
}
