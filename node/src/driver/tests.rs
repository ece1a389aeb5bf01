//! The driver on a store in memory that is told to be full.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use causerie_protocol::{
    answer::{Answer, CommandError},
    command::{Command, Reference},
    engine::Settings,
    room::Room,
    vault::Vault,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    handle::NodeHandle,
    store::memory::{MemoryStore, Snapshot},
};

/// A home whose store is in memory: what is durable outlives it.
struct InMemory {
    home: Arc<Home>,
    vault: Vault,
    identity: Vec<u8>,
    full: AtomicBool,
    /// So many looks still find room after that.
    behind: AtomicUsize,
    store: Mutex<Arc<MemoryStore>>,
    opened: Mutex<Vec<(Room, bool)>>,
}

impl Ground for InMemory {
    fn room(&self, _before: Room) -> Room {
        let is_behind =
            self.behind.try_update(Ordering::SeqCst, Ordering::SeqCst, |looks| looks.checked_sub(1)).is_ok();
        if self.full.load(Ordering::SeqCst) && !is_behind { Room::Full } else { Room::Enough }
    }

    fn open(&self, room: Room) -> Result<Footing, NodeError> {
        let snapshot = self.store.lock().unwrap().durable_snapshot();
        let store = Arc::new(MemoryStore::holding(snapshot));
        let is_copy = !room.is_enough();
        if !is_copy {
            *self.store.lock().unwrap() = Arc::clone(&store);
        }
        self.opened.lock().unwrap().push((room, is_copy));
        let settings = Settings { room, ..Settings::default() };
        let entropy = entropy::fresh()?;
        let (vault, ring) = (self.vault.clone(), self.home.read_ring()?);
        let engine = Engine::open(vault, &self.identity, &ring, settings, clock::now(), &entropy, &*store)
            .map_err(|error| NodeError::Storage(error.to_string()))?;
        Ok(Footing { engine, store, is_copy, room, is_recovered: false })
    }
}

struct Running {
    ground: Arc<InMemory>,
    handle: NodeHandle,
    stopping: CancellationToken,
    driver: JoinHandle<Result<(), NodeError>>,
    _directory: TempDir,
}

impl Running {
    fn on(room: Room) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home");
        crate::init(&path, "Alice", None).unwrap();
        let home = Arc::new(Home::open(&path, Duration::ZERO).unwrap());
        let ground = Arc::new(InMemory {
            home: Arc::clone(&home),
            vault: home.open_vault(None).unwrap(),
            identity: home.read_identity().unwrap().current.unwrap(),
            full: AtomicBool::new(!room.is_enough()),
            behind: AtomicUsize::new(0),
            store: Mutex::new(Arc::new(MemoryStore::holding(Snapshot::new()))),
            opened: Mutex::default(),
        });
        let footing = ground.open(room).unwrap();
        let events = EventLog::new(footing.engine.starts(), clock::now().wall);
        let (listening_in, listening) = watch::channel(Vec::new());
        let (handle, requests) = NodeHandle::new(home.path(), events.clone(), listening);
        let driver =
            Driver::new(footing, ground.clone(), home, None, requests, events, listening_in).unwrap();
        let stopping = CancellationToken::new();
        let driver = tokio::spawn(driver.run(stopping.clone()));
        Self { ground, handle, stopping, driver, _directory: directory }
    }

    async fn invites(&self) -> Result<Answer, NodeError> {
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: false };
        self.handle.command(command).await
    }

    async fn invitations(&self) -> usize {
        match self.handle.command(Command::ListInvitations).await {
            Ok(Answer::Invitations(list)) => list.len(),
            other => panic!("no list: {other:?}"),
        }
    }

    fn store(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.ground.store.lock().unwrap())
    }

    fn is_full(&self, full: bool) {
        self.ground.full.store(full, Ordering::SeqCst);
    }

    /// The kinds of all notices, once the node has stopped without a fault.
    async fn stops(self) -> Vec<String> {
        let events = self.handle.events();
        self.stopping.cancel();
        self.driver.await.unwrap().unwrap();
        let mut all = events.subscribe(Some(events.origin()));
        let mut kinds = Vec::new();
        while let Some(row) = all.next().await {
            kinds.push(row.to_value()["kind"].as_str().unwrap_or_default().to_owned());
        }
        kinds
    }

    /// Returns when the driver has seen that there is room.
    async fn waits_for_room(&self) {
        let mut all = self.handle.events().subscribe(Some(self.handle.events().origin()));
        while all.next().await.unwrap().to_value()["kind"] != "room_again" {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_what_is_new_and_goes_on_by_itself() {
    let node = Running::on(Room::Enough);
    node.invites().await.unwrap();
    node.is_full(true);
    assert_eq!(node.invites().await, Err(CommandError::DiskFull.into()));
    assert_eq!(node.invitations().await, 1);
    node.is_full(false);
    node.waits_for_room().await;
    node.invites().await.unwrap();
    assert_eq!(node.invitations().await, 2);
    assert_eq!(node.ground.opened.lock().unwrap().len(), 1, "nothing was opened again");
    assert_eq!(node.stops().await, ["no_room", "room_again"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_no_end_and_nothing_of_it_is_left() {
    for in_a_commit in [false, true] {
        let node = Running::on(Room::Enough);
        node.invites().await.unwrap();
        // It fills up between the look and the write.
        node.ground.behind.store(1, Ordering::SeqCst);
        node.is_full(true);
        if in_a_commit {
            node.store().fill_commits(true)
        } else {
            node.store().fill(true)
        }
        assert_eq!(node.invites().await, Err(NodeError::DiskFull));
        assert_eq!(node.invitations().await, 1);
        assert_eq!(node.invites().await, Err(CommandError::DiskFull.into()));
        assert_eq!(node.ground.opened.lock().unwrap().last(), Some(&(Room::Full, true)));
        node.is_full(false);
        node.waits_for_room().await;
        while node.invites().await.is_err() {}
        assert_eq!(node.invitations().await, 2);
        assert_eq!(node.ground.opened.lock().unwrap().last(), Some(&(Room::Enough, false)));
        assert_eq!(node.stops().await, ["no_room", "room_again"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_opened_without_room_stands_on_the_store_when_there_is_some() {
    let node = Running::on(Room::Full);
    assert_eq!(node.invites().await, Err(CommandError::DiskFull.into()));
    let bob = Command::MarkRead { conversation: Reference::new("bob") };
    assert_eq!(node.handle.command(bob).await, Err(CommandError::DiskFull.into()));
    node.is_full(false);
    node.waits_for_room().await;
    // One that comes while it is opened again is told to come again.
    while node.invites().await.is_err() {}
    assert_eq!(*node.ground.opened.lock().unwrap(), [(Room::Full, true), (Room::Enough, false)]);
    assert!(!node.store().durable_snapshot().is_empty());
    assert_eq!(node.stops().await, ["no_room", "room_again"]);
}

#[tokio::test]
async fn another_fault_of_the_store_still_ends_the_node() {
    let node = Running::on(Room::Enough);
    node.store().fail_applies(true);
    assert_eq!(node.invites().await, Err(NodeError::Stopped));
    let ended = node.driver.await.unwrap();
    assert!(matches!(ended, Err(NodeError::Storage(_))), "{ended:?}");
}
