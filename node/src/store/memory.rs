//! The store's twin in memory: the same contract, and what no disk lets a test do.
//!
//! A test can look at what a crash at this moment would leave, and can make writes fail. Not for people's messages.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use causerie_protocol::{
    output::ChangeSet,
    records::{Order, Pair, Records, RecordsError},
};

use super::{Store, StoreError, check_sizes};

/// Keys and values, as a crash would leave them.
pub type Snapshot = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store that forgets everything with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// A store that opens with these records, all of them durable.
    #[must_use]
    pub fn holding(snapshot: Snapshot) -> Self {
        Self { state: Mutex::new(State { applied: snapshot.clone(), durable: snapshot, ..State::default() }) }
    }

    /// What a crash now would leave.
    #[must_use]
    pub fn durable_snapshot(&self) -> Snapshot {
        self.state().durable.clone()
    }

    /// From now on every `apply` fails, or works again.
    pub fn fail_applies(&self, failing: bool) {
        self.state().applies_fail = failing.then(told_to_fail);
    }

    /// From now on every `apply` is refused as on a full disk, or works again.
    pub fn fill(&self, full: bool) {
        self.state().applies_fail = full.then_some(StoreError::Full);
    }

    /// From now on every `commit` fails, or works again.
    pub fn fail_commits(&self, failing: bool) {
        self.state().commits_fail = failing.then(told_to_fail);
    }

    /// From now on every `commit` meets the end of the disk, or works again.
    pub fn fill_commits(&self, full: bool) {
        self.state().commits_fail = full.then_some(StoreError::Full);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn apply(&self, changes: &ChangeSet) -> Result<(), StoreError> {
        check_sizes(changes)?;
        let mut state = self.state();
        if let Some(error) = &state.applies_fail {
            return Err(error.clone());
        }
        lay_over(&mut state.applied, changes);
        state.undurable.push(changes.clone());
        Ok(())
    }

    fn commit(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(error) = &state.commits_fail {
            return Err(error.clone());
        }
        for changes in mem::take(&mut state.undurable) {
            lay_over(&mut state.durable, &changes);
        }
        Ok(())
    }
}

impl Records for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.state().applied.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let state = self.state();
        let pairs =
            state.applied.range(from.to_vec()..to.to_vec()).map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Ascending => pairs.take(limit).collect(),
            Order::Descending => pairs.rev().take(limit).collect(),
        })
    }
}

#[derive(Debug, Default)]
struct State {
    applied: Snapshot,
    durable: Snapshot,
    undurable: Vec<ChangeSet>,
    applies_fail: Option<StoreError>,
    commits_fail: Option<StoreError>,
}

fn told_to_fail() -> StoreError {
    StoreError::Backend("told to fail".to_owned())
}

fn lay_over(records: &mut Snapshot, changes: &ChangeSet) {
    for (key, write) in &changes.writes {
        match write {
            Some(value) => records.insert(key.clone(), value.clone()),
            None => records.remove(key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::{self, Bench, put};

    struct InMemory;

    impl Bench for InMemory {
        type Store = MemoryStore;

        fn open(&self) -> MemoryStore {
            MemoryStore::default()
        }

        fn reopen(&self, store: MemoryStore) -> MemoryStore {
            MemoryStore::holding(store.durable_snapshot())
        }
    }

    #[test]
    fn keeps_the_contract() {
        contract::suite(|| InMemory);
    }

    #[test]
    fn a_crash_leaves_what_was_committed_and_nothing_else() {
        let store = MemoryStore::default();
        store.apply(&put(b"a", b"1")).unwrap();
        store.commit().unwrap();
        store.apply(&put(b"a", b"2")).unwrap();
        store.apply(&put(b"b", b"1")).unwrap();
        assert_eq!(store.durable_snapshot(), Snapshot::from([(b"a".to_vec(), b"1".to_vec())]));
        store.commit().unwrap();
        assert_eq!(store.durable_snapshot().len(), 2);
    }

    #[test]
    fn fails_when_told_to() {
        let store = MemoryStore::default();
        store.fail_applies(true);
        assert!(store.apply(&put(b"a", b"1")).is_err());
        assert_eq!(store.get(b"a"), Ok(None));
        store.fail_applies(false);
        store.apply(&put(b"a", b"1")).unwrap();
        store.fail_commits(true);
        assert!(store.commit().is_err());
        assert!(store.durable_snapshot().is_empty());
    }
}
