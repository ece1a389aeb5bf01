//! A layer over a store that notes what was done to it, in order, together with what a test notes beside it.
//!
//! So a test can state "applied, committed, and only then said". Without a test it has no use.

use std::sync::{Arc, Mutex, PoisonError};

use causerie_protocol::{
    output::ChangeSet,
    records::{Order, Pair, Records, RecordsError},
};

use super::{Store, StoreError};

/// A store whose writes are noted.
#[derive(Debug)]
pub struct Recording<S> {
    store: S,
    acts: Acts,
}

impl<S> Recording<S> {
    /// Notes in `acts` what is done to `store`.
    #[must_use]
    pub const fn over(store: S, acts: Acts) -> Self {
        Self { store, acts }
    }

    /// The store below.
    #[must_use]
    pub const fn inner(&self) -> &S {
        &self.store
    }
}

impl<S: Store> Store for Recording<S> {
    fn apply(&self, changes: &ChangeSet) -> Result<(), StoreError> {
        let outcome = self.store.apply(changes);
        self.acts.note(match outcome {
            Ok(()) => Act::Applied(changes.writes.len()),
            Err(_) => Act::ApplyFailed,
        });
        outcome
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.acts.note(Act::CommitBegan);
        let outcome = self.store.commit();
        self.acts.note(match outcome {
            Ok(()) => Act::Committed,
            Err(_) => Act::CommitFailed,
        });
        outcome
    }
}

impl<S: Records> Records for Recording<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        self.store.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        self.store.scan(from, to, order, limit)
    }
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A change-set of that many keys is readable.
    Applied(usize),
    /// A change-set was refused.
    ApplyFailed,
    /// A commit began; it covers what was applied before.
    CommitBegan,
    /// It is durable.
    Committed,
    /// It may not be.
    CommitFailed,
    /// Whatever else the test notes: a frame that left, an answer.
    Said(String),
}

/// The acts so far; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Acts(Arc<Mutex<Vec<Act>>>);

impl Acts {
    /// Adds one at the end.
    pub fn note(&self, act: Act) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(act);
    }

    /// All so far, first to last.
    #[must_use]
    pub fn so_far(&self) -> Vec<Act> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{contract::put, memory::MemoryStore};

    #[test]
    fn notes_what_was_done_in_order() {
        let acts = Acts::default();
        let store = Recording::over(MemoryStore::default(), acts.clone());
        store.apply(&put(b"a", b"1")).unwrap();
        store.commit().unwrap();
        acts.note(Act::Said("a".to_owned()));
        store.inner().fail_commits(true);
        store.commit().unwrap_err();
        store.inner().fail_applies(true);
        store.apply(&put(b"a", b"2")).unwrap_err();
        assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
        assert_eq!(
            acts.so_far(),
            [
                Act::Applied(1),
                Act::CommitBegan,
                Act::Committed,
                Act::Said("a".to_owned()),
                Act::CommitBegan,
                Act::CommitFailed,
                Act::ApplyFailed,
            ]
        );
    }
}
