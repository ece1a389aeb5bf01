//! The storage thread against a store whose commits wait for the test.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    task::{Context, Waker},
};

use causerie_protocol::{
    output::ChangeSet,
    records::{Order, Pair, Records, RecordsError},
};

use super::*;
use crate::store::{
    contract::put,
    memory::MemoryStore,
    recording::{Act, Acts, Recording},
};

/// A store that announces each commit and lets it go on when told to.
struct Gated {
    store: MemoryStore,
    began: SyncSender<()>,
    go_on: Mutex<Receiver<()>>,
}

fn gated() -> (Arc<Gated>, Receiver<()>, SyncSender<()>) {
    let (began, commits) = sync_channel(100);
    let (gate, go_on) = sync_channel(100);
    let store = Gated { store: MemoryStore::default(), began, go_on: Mutex::new(go_on) };
    (Arc::new(store), commits, gate)
}

impl Store for Gated {
    fn apply(&self, changes: &ChangeSet) -> Result<(), StoreError> {
        self.store.apply(changes)
    }

    fn commit(&self) -> Result<(), StoreError> {
        // The store below commits first, so that what is applied from now on waits for the next commit.
        let outcome = self.store.commit();
        self.began.send(()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
        outcome
    }
}

impl Records for Gated {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        self.store.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        self.store.scan(from, to, order, limit)
    }
}

/// Drives a future on this thread; there is nothing else to run.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn is_pending<T>(future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn a_number_is_reached_when_its_commit_is_made_and_not_before() {
    let (store, commits, gate) = gated();
    let thread = Commits::start(store.clone()).unwrap();
    let mut durable = thread.durable();
    assert_eq!(durable.up_to(), Ok(0));
    store.apply(&put(b"a", b"1")).unwrap();
    let number = thread.request();
    commits.recv().unwrap();
    assert_eq!(durable.up_to(), Ok(0));
    assert!(is_pending(durable.reached(number)));
    gate.send(()).unwrap();
    assert_eq!(wait(durable.reached(number)), Ok(()));
    assert_eq!(durable.up_to(), Ok(number));
    assert_eq!(store.store.durable_snapshot().len(), 1);
}

#[test]
fn what_is_asked_for_during_a_commit_shares_the_next_one() {
    let (store, commits, gate) = gated();
    let thread = Commits::start(store.clone()).unwrap();
    let mut durable = thread.durable();
    store.apply(&put(b"first", b"1")).unwrap();
    let first = thread.request();
    commits.recv().unwrap();
    let mut last = first;
    for n in 0..100_u8 {
        store.apply(&put(&[n], b"1")).unwrap();
        let number = thread.request();
        assert!(number > last);
        last = number;
    }
    gate.send(()).unwrap();
    assert_eq!(wait(durable.advanced()), Ok(first));
    commits.recv().unwrap();
    gate.send(()).unwrap();
    assert_eq!(wait(durable.advanced()), Ok(last));
    assert_eq!(store.store.durable_snapshot().len(), 101);
    thread.stop().unwrap();
    assert!(commits.try_recv().is_err(), "two commits were enough");
}

#[test]
fn a_cancelled_wait_misses_nothing() {
    let (store, commits, gate) = gated();
    let thread = Commits::start(store).unwrap();
    let mut durable = thread.durable();
    let number = thread.request();
    commits.recv().unwrap();
    for _ in 0..3 {
        assert!(is_pending(durable.advanced()));
    }
    gate.send(()).unwrap();
    assert_eq!(wait(durable.advanced()), Ok(number));
    assert!(is_pending(durable.advanced()));
    assert_eq!(wait(durable.reached(number)), Ok(()));
}

#[test]
fn a_failed_commit_is_told_once_and_ends_the_thread() {
    let acts = Acts::default();
    let store = Arc::new(Recording::over(MemoryStore::default(), acts.clone()));
    let thread = Commits::start(store.clone()).unwrap();
    let mut durable = thread.durable();
    store.apply(&put(b"a", b"1")).unwrap();
    let first = thread.request();
    assert_eq!(wait(durable.reached(first)), Ok(()));
    store.inner().fail_commits(true);
    store.apply(&put(b"b", b"1")).unwrap();
    let second = thread.request();
    let failed = Err(StoreError::Backend("told to fail".to_owned()));
    assert_eq!(wait(durable.reached(second)), failed);
    store.inner().fail_commits(false);
    let third = thread.request();
    assert_eq!(wait(durable.reached(third)), failed);
    assert_eq!(durable.up_to(), failed.clone().map(|()| 0));
    assert_eq!(thread.stop(), failed);
    assert_eq!(wait(durable.advanced()), Err(StoreError::Stopped));
    assert_eq!(store.inner().durable_snapshot().len(), 1);
    assert_eq!(
        acts.so_far(),
        [
            Act::Applied(1),
            Act::CommitBegan,
            Act::Committed,
            Act::Applied(1),
            Act::CommitBegan,
            Act::CommitFailed
        ]
    );
}

#[test]
fn stopping_commits_what_was_asked_for() {
    for _ in 0..100 {
        let store = Arc::new(MemoryStore::default());
        let thread = Commits::start(store.clone()).unwrap();
        store.apply(&put(b"a", b"1")).unwrap();
        let number = thread.request();
        let mut durable = thread.durable();
        thread.stop().unwrap();
        assert_eq!(store.durable_snapshot().len(), 1);
        assert_eq!(durable.up_to(), Ok(number));
        assert_eq!(wait(durable.advanced()), Ok(number));
        assert_eq!(wait(durable.advanced()), Err(StoreError::Stopped));
        assert_eq!(wait(durable.reached(number + 1)), Err(StoreError::Stopped));
    }
}

#[test]
fn an_idle_thread_commits_nothing() {
    let acts = Acts::default();
    let store = Arc::new(Recording::over(MemoryStore::default(), acts.clone()));
    Commits::start(store).unwrap().stop().unwrap();
    assert!(acts.so_far().is_empty());
}
