//! The driver on a store in memory that is told to be full.

use std::sync::{
    Condvar, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use causerie_protocol::{
    answer::{Answer, CommandError},
    command::{Command, Reference},
    engine::Settings,
    event::{Event, NoticeKind},
    output::ChangeSet,
    records::{Order, Pair, Records, RecordsError},
    room::Room,
    vault::Vault,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    handle::NodeHandle,
    store::{
        StoreError,
        memory::{MemoryStore, Snapshot},
    },
};

/// How far a store has come that breaks when it meets the end of the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Crack {
    #[default]
    None,
    ByTheNextWrite,
    /// It meets it in a commit, and answers nothing any more.
    Broken,
    /// Somebody was told so: now the commit returns.
    Noticed,
}

#[derive(Debug, Default)]
struct Cracks {
    now: Mutex<Crack>,
    changed: Condvar,
}

impl Cracks {
    fn how_far(&self) -> Crack {
        *self.now.lock().unwrap()
    }

    fn goes_to(&self, crack: Crack) {
        *self.now.lock().unwrap() = crack;
        self.changed.notify_all();
    }

    fn is_met(&self) -> Result<(), StoreError> {
        if matches!(self.how_far(), Crack::None | Crack::ByTheNextWrite) {
            return Ok(());
        }
        self.goes_to(Crack::Noticed);
        Err(StoreError::Broken)
    }
}

/// A store in memory that can break as one on disk does.
struct Fragile(Arc<MemoryStore>, Arc<Cracks>);

impl Store for Fragile {
    fn apply(&self, changes: &ChangeSet) -> Result<(), StoreError> {
        self.1.is_met()?;
        self.0.apply(changes)?;
        if self.1.how_far() == Crack::ByTheNextWrite {
            self.1.goes_to(Crack::Broken);
        }
        Ok(())
    }

    fn commit(&self) -> Result<(), StoreError> {
        let broken = |crack: &mut Crack| *crack == Crack::Broken;
        let crack = *self.1.changed.wait_while(self.1.now.lock().unwrap(), broken).unwrap();
        if crack == Crack::Noticed { Err(StoreError::Full) } else { self.0.commit() }
    }
}

impl Records for Fragile {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        self.1.is_met()?;
        self.0.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        self.1.is_met()?;
        self.0.scan(from, to, order, limit)
    }
}

/// A home whose store is in memory: what is durable outlives it.
struct InMemory {
    home: Arc<Home>,
    vault: Vault,
    identity: Vec<u8>,
    full: AtomicBool,
    /// So many looks still find room after that.
    behind: AtomicUsize,
    /// There is room for book-keeping even then, as far as can be seen.
    keeps_books: AtomicBool,
    /// A store that is opened where it lies refuses whatever is written.
    refuses: AtomicBool,
    /// Of the store that was opened last.
    crack: Arc<Cracks>,
    store: Mutex<Arc<MemoryStore>>,
    opened: Mutex<Vec<(Room, bool)>>,
}

impl Ground for InMemory {
    fn room(&self, _before: Room) -> Room {
        let is_behind =
            self.behind.try_update(Ordering::SeqCst, Ordering::SeqCst, |looks| looks.checked_sub(1)).is_ok();
        if self.full.load(Ordering::SeqCst) && !is_behind { Room::Full } else { Room::Enough }
    }

    fn open(&self, room: Room, stand: Stand) -> Result<Footing, NodeError> {
        let snapshot = self.store.lock().unwrap().durable_snapshot();
        let store = Arc::new(MemoryStore::holding(snapshot));
        let has_room = room.is_enough() || self.keeps_books.load(Ordering::SeqCst);
        let is_copy = stand == Stand::OnCopy || !has_room;
        if !is_copy {
            store.fill(self.refuses.load(Ordering::SeqCst));
            *self.store.lock().unwrap() = Arc::clone(&store);
        }
        self.opened.lock().unwrap().push((room, is_copy));
        self.crack.goes_to(Crack::None);
        let store = Arc::new(Fragile(store, Arc::clone(&self.crack)));
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
            keeps_books: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            crack: Arc::default(),
            store: Mutex::new(Arc::new(MemoryStore::holding(Snapshot::new()))),
            opened: Mutex::default(),
        });
        let footing = ground.open(room, Stand::WhereItCan).unwrap();
        let events = EventLog::new(footing.engine.starts(), clock::now().wall);
        let (listening_in, listening) = watch::channel(Vec::new());
        let (handle, requests) =
            NodeHandle::new(home.path(), events.clone(), listening, watch::channel(None).1);
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

    /// Whoever asks while all is opened again is told to come again.
    async fn invites_in_the_end(&self) {
        while self.invites().await.is_err() {
            assert!(!self.driver.is_finished(), "the node has ended");
            tokio::task::yield_now().await;
        }
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
        node.invites_in_the_end().await;
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
    node.invites_in_the_end().await;
    assert_eq!(*node.ground.opened.lock().unwrap(), [(Room::Full, true), (Room::Enough, false)]);
    assert!(!node.store().durable_snapshot().is_empty());
    assert_eq!(node.stops().await, ["no_room", "room_again"]);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fills_up_again_as_soon_as_there_was_room_is_no_end() {
    let node = Running::on(Room::Full);
    for round in 1..=3 {
        node.is_full(false);
        node.invites_in_the_end().await;
        assert_eq!(node.invitations().await, round);
        node.ground.behind.store(1, Ordering::SeqCst);
        node.is_full(true);
        node.store().fill(true);
        assert_eq!(node.invites().await, Err(NodeError::DiskFull));
        assert_eq!(node.invitations().await, round);
    }
    let opened = [(Room::Full, true), (Room::Enough, false)].repeat(3);
    assert_eq!(node.ground.opened.lock().unwrap()[..6], opened);
    assert_eq!(node.stops().await, ["no_room", "room_again"].repeat(4)[..7]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_has_no_room_for_its_books_either_is_read_from_a_copy() {
    let node = Running::on(Room::Enough);
    node.invites().await.unwrap();
    node.ground.keeps_books.store(true, Ordering::SeqCst);
    node.ground.refuses.store(true, Ordering::SeqCst);
    node.ground.behind.store(1, Ordering::SeqCst);
    node.is_full(true);
    node.store().fill(true);
    assert_eq!(node.invites().await, Err(NodeError::DiskFull));
    while node.invites().await == Err(NodeError::DiskFull) {}
    assert_eq!(node.invites().await, Err(CommandError::DiskFull.into()));
    assert_eq!(node.invitations().await, 1);
    let opened = node.ground.opened.lock().unwrap().clone();
    assert_eq!(opened, [(Room::Enough, false), (Room::Full, false), (Room::Full, true)]);
    node.ground.refuses.store(false, Ordering::SeqCst);
    node.is_full(false);
    node.invites_in_the_end().await;
    assert_eq!(node.invitations().await, 2);
    assert_eq!(node.stops().await, ["no_room", "room_again"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_broke_for_want_of_room_is_no_end_though_nobody_saw_the_disk_full() {
    let node = Running::on(Room::Enough);
    node.invites().await.unwrap();
    let crack = &node.ground.crack;
    crack.goes_to(Crack::ByTheNextWrite);
    let meets_what_broke = async {
        while crack.how_far() != Crack::Broken {
            tokio::task::yield_now().await;
        }
        node.invites().await
    };
    let (first, second) = tokio::join!(node.invites(), meets_what_broke);
    assert!(matches!(first, Err(NodeError::Storage(_))), "{first:?}");
    assert!(matches!(second, Err(NodeError::Storage(_))), "{second:?}");
    assert_eq!(node.invites().await, Err(CommandError::DiskFull.into()));
    assert_eq!(node.invitations().await, 1);
    assert_eq!(node.stops().await, ["no_room"]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_the_contacts_that_meets_the_end_of_the_disk_is_no_end() {
    let (node, other) = (Running::on(Room::Enough), Running::on(Room::Enough));
    let Ok(Answer::Invitation(invitation)) = other.invites().await else { panic!("no invitation") };
    let link = invitation.link.unwrap();
    // What is written beside the identity before it takes its place cannot be made; and now the disk is full.
    let path = node.ground.home.path().join("identity.new");
    std::fs::create_dir(&path).unwrap();
    node.ground.behind.store(1, Ordering::SeqCst);
    node.is_full(true);
    let answered =
        node.handle.command(Command::AcceptInvitation { link, name: None, ignore_end: false }).await;
    assert!(matches!(answered, Ok(Answer::Contact(_))), "what rests on the store is answered: {answered:?}");
    assert_eq!(node.invites().await, Err(CommandError::DiskFull.into()));
    std::fs::remove_dir(&path).unwrap();
    node.is_full(false);
    node.invites_in_the_end().await;
    let listed = node.handle.command(Command::ListContacts).await;
    assert!(matches!(&listed, Ok(Answer::Contacts(all)) if all.len() == 1), "{listed:?}");
    assert_eq!(node.stops().await, ["", "no_room", "room_again"], "the first is the new contact");
    other.stops().await;
}

#[tokio::test]
async fn a_clean_stop_tells_the_identity_file_how_far_the_store_goes() {
    let node = Running::on(Room::Enough);
    node.invites().await.unwrap();
    let before = node.store().durable_snapshot();
    node.invites().await.unwrap();
    node.stopping.cancel();
    node.driver.await.unwrap().unwrap();
    // The store loses its newest part while nobody looks.
    let store = MemoryStore::holding(before);
    let home = &node.ground.home;
    let (identity, ring) = (home.read_identity().unwrap().current.unwrap(), home.read_ring().unwrap());
    let (vault, entropy) = (node.ground.vault.clone(), entropy::fresh().unwrap());
    let opened = Engine::open(vault, &identity, &ring, Settings::default(), clock::now(), &entropy, &store);
    let mut engine = opened.unwrap();
    let is_told = |output: &Output| {
        matches!(output, Output::Notify(Event::Notice { kind: NoticeKind::StoreRepaired, .. }))
    };
    assert!(core::iter::from_fn(|| engine.poll_output()).any(|output| is_told(&output)));
}

#[tokio::test]
async fn another_fault_of_the_store_still_ends_the_node() {
    let node = Running::on(Room::Enough);
    node.store().fail_applies(true);
    assert_eq!(node.invites().await, Err(NodeError::Stopped));
    let ended = node.driver.await.unwrap();
    assert!(matches!(ended, Err(NodeError::Storage(_))), "{ended:?}");
}
