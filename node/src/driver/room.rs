//! The driver on a disk that is full, or can only be read, for a while.
//!
//! ```text
//!            look: none ─▶ the engine rests; one notice ─▶ look: enough ─▶ it goes on; one notice
//! a write was refused ─▶ store and engine are dropped and opened on what is durable ─▶ as above
//! ```
//!
//! It looks before every turn, which costs a microsecond, and while there is no room every two seconds. What was said
//! before a refused write rests on durable commits and still leaves; whoever waits for an answer is told. An engine that
//! was opened on a copy is opened again where the store lies once there is room. One that was opened where the store
//! lies for want of room, and is refused at once even so, is opened on a copy; only a copy that is refused ends the node.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use causerie_protocol::{
    answer::CommandError,
    event::{Event, NoticeKind},
    input::Input,
    moment::Moment,
    output::Output,
    room::Room,
};
use tokio::task::spawn_blocking;

use super::Driver;
use crate::{
    clock,
    error::NodeError,
    ground::{Footing, Stand},
    perform::Held,
    store::{StoreError, commits::Commits},
};

/// Between two looks while there is no room. Chosen.
pub(super) const GLANCE: Duration = Duration::from_secs(2);

/// How long a look is not believed that says there is room where a write was refused: a quota, for one. Chosen.
const DISBELIEF: Duration = Duration::from_secs(60);

/// What gave way within this time after it was opened for want of room does not stand at all. Chosen.
const STANDS_FOR: Duration = Duration::from_secs(1);

/// How things stand with room.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) room: Room,
    disbelieves_until: Option<Moment>,
    /// This is not the first engine of this run.
    pub(super) was_opened_again: bool,
    /// When all was opened anew last because a write was refused.
    opened_without_room_at: Option<Moment>,
}

impl Watch {
    /// Whether too little time has passed for what was opened for want of room to be said to stand.
    fn has_not_stood(&self) -> bool {
        self.opened_without_room_at.is_some_and(|at| clock::now().moment.since(at) < STANDS_FOR)
    }
}

impl Driver {
    /// Looks, and tells the engine and the person what has changed.
    pub(super) fn look(&mut self) -> Result<(), NodeError> {
        let now = clock::now();
        if self.watch.disbelieves_until.is_some_and(|until| now.moment < until) {
            return Ok(());
        }
        let room = self.ground.room(self.watch.room);
        if room == self.watch.room {
            return Ok(());
        }
        self.note_room(room);
        // An engine on a copy is not told that there is room: another one takes its place.
        if !(self.is_copy && room.is_enough()) {
            self.hand(Input::Room(room), now)?;
        }
        Ok(())
    }

    /// Whether there is room now for an engine that stands on a copy.
    pub(super) const fn can_stand_again(&self) -> bool {
        self.is_copy && self.watch.room.is_enough()
    }

    /// Whether this went wrong for want of room, so that it can go on without.
    pub(super) async fn is_for_want_of_room(&self, error: &NodeError) -> bool {
        if self.is_copy && self.watch.has_not_stood() {
            return false;
        }
        match error {
            NodeError::DiskFull | NodeError::Command(CommandError::ReadOnly) => true,
            NodeError::Storage(_) | NodeError::File { .. } => {
                !self.ground.room(self.watch.room).is_enough() || self.was_refused_a_commit().await
            }
            _ => false,
        }
    }

    /// Whether a commit met the end of the disk. A store that did is of no use even to read, and whoever reads may be told
    /// so before the driver hears why, and when there is room again.
    async fn was_refused_a_commit(&self) -> bool {
        let outcome = self.durable.clone().reached(self.held.behind()).await;
        matches!(outcome, Err(StoreError::Full | StoreError::ReadOnly))
    }

    /// A write was refused: what is durable of what went before is said, then all is opened anew.
    pub(super) async fn opened_without_room(mut self, error: NodeError) -> Result<Self, NodeError> {
        self.says_what_is_durable().await;
        let is_read_only = error == NodeError::Command(CommandError::ReadOnly);
        let before = if is_read_only { Room::ReadOnly } else { self.watch.room };
        let room = match self.ground.room(before) {
            Room::Enough => {
                self.watch.disbelieves_until = Some(clock::now().moment + DISBELIEF);
                if is_read_only { Room::ReadOnly } else { Room::Full }
            }
            room => room,
        };
        tracing::warn!(%error, "a write was refused; the store is opened again");
        self.note_room(room);
        let stand = if self.watch.has_not_stood() { Stand::OnCopy } else { Stand::WhereItCan };
        let mut driver = self.opened_again(error, stand).await?;
        driver.watch.opened_without_room_at = Some(clock::now().moment);
        Ok(driver)
    }

    /// Says what rests on commits that are made or under way. The engine whose write was refused is not asked any more, and
    /// what it put out behind that is not said; a copy of the contacts or of the ring that cannot be written is written
    /// anew by the next engine.
    async fn says_what_is_durable(&mut self) {
        let behind = self.held.behind();
        loop {
            let Ok(durable) = self.durable.up_to() else { return };
            while let Some(output) = self.held.take(durable) {
                let said = match output {
                    Output::PersistRing { slot, bytes } => {
                        self.home.write_ring(slot, &bytes).map_err(NodeError::from)
                    }
                    output => self.perform(output),
                };
                if let Err(error) = said {
                    tracing::warn!(%error, "not written");
                }
            }
            if durable >= behind || self.durable.advanced().await.is_err() {
                return;
            }
        }
    }

    /// Drops store and engine, and opens them on what is durable.
    pub(super) async fn opened_again(mut self, why: NodeError, stand: Stand) -> Result<Self, NodeError> {
        for (_, reply) in std::mem::take(&mut self.replies) {
            reply.send(Err(why.clone())).ok();
        }
        if let Some(network) = &mut self.network {
            network.close_all();
        }
        let Self { engine, store, commits, ground, mut watch, .. } = self;
        watch.was_opened_again = true;
        let room = watch.room;
        let opening = Arc::clone(&ground);
        let opened = spawn_blocking(move || {
            drop(engine);
            // What did not become durable is known.
            commits.stop().ok();
            drop(store);
            let footing = opening.open(room, stand)?;
            let commits = Commits::start(Arc::clone(&footing.store))?;
            Ok::<_, NodeError>((footing, commits))
        });
        let opened = opened.await.unwrap_or_else(|error| Err(NodeError::Storage(error.to_string())));
        match opened {
            Ok((Footing { engine, store, is_copy, room: found, .. }, commits)) => {
                if found != room {
                    watch.disbelieves_until = Some(clock::now().moment + DISBELIEF);
                }
                let mut driver = Self {
                    durable: commits.durable(),
                    commits,
                    engine,
                    store,
                    is_copy,
                    replies: BTreeMap::new(),
                    held: Held::default(),
                    ground,
                    watch,
                    ..self
                };
                driver.note_room(found);
                Ok(driver)
            }
            Err(error) => {
                self.events.close();
                super::leave(self.network, &self.home).await.ok();
                Err(error)
            }
        }
    }

    /// Tells the person what has changed.
    pub(super) fn note_room(&mut self, room: Room) {
        let before = std::mem::replace(&mut self.watch.room, room);
        let (kind, text) = match (before.is_enough(), room) {
            (true, Room::Full) => (
                NoticeKind::NoRoom,
                "the disk is full: nothing new is kept, and what others send waits with them; free some space",
            ),
            (true, Room::ReadOnly) => (
                NoticeKind::NoRoom,
                "the home can only be read: nothing new is kept, and what others send waits with them",
            ),
            (false, Room::Enough) => {
                (NoticeKind::RoomAgain, "there is room on the disk again, and everything goes on")
            }
            _ => return,
        };
        tracing::warn!("{text}");
        self.events.push(&Event::Notice { kind, text: text.to_owned() }, clock::now().wall);
    }
}
