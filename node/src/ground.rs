//! What a node stands on: the store, and the engine that was opened on it; and how both are opened again.
//!
//! ```text
//! room for book-keeping ──▶ the store where it lies
//! none                  ──▶ a copy of it to read from; nothing that is written there, nor an identity, is kept
//! ```
//!
//! An engine that could not write down what it had decided is of no use any more: it is dropped, and another one opened
//! on what is durable (`docs/architecture.md`).

pub(crate) mod migration;

use std::sync::Arc;

use causerie_protocol::{
    account::identity::IdentityError,
    engine::{Engine, OpenError, Settings},
    room::Room,
    upgrade,
    vault::Vault,
};

use crate::{
    clock, entropy,
    error::NodeError,
    home::Home,
    store::{self, Store, StoreError},
};

/// What is said where the identity before the last one was opened.
pub(crate) const IDENTITY_RECOVERED: &str = "the file `identity` was damaged or missing, and the one before it took its \
    place: your keys are the same and your contacts are in the store, but look whether the disk is sound";

/// Where a node can stand.
pub(crate) trait Ground: Send + Sync {
    /// What there is room for, now that there was so much before.
    fn room(&self, before: Room) -> Room;

    /// Opens store and engine on what is durable. Blocks.
    fn open(&self, room: Room, stand: Stand) -> Result<Footing, NodeError>;
}

/// On what a node is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// On the store itself, if there is room for its book-keeping.
    WhereItCan,
    /// On a copy, because there was no room for that.
    OnCopy,
}

/// Where it stands.
pub(crate) struct Footing {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    /// The store is a copy to read from.
    pub(crate) is_copy: bool,
    /// What there turned out to be room for.
    pub(crate) room: Room,
    /// The identity is the one before the last, which was of no use.
    pub(crate) is_recovered: bool,
}

/// A home whose vault is open.
pub(crate) struct HomeGround {
    pub(crate) home: Arc<Home>,
    pub(crate) vault: Vault,
    pub(crate) settings: Settings,
}

impl Ground for HomeGround {
    fn room(&self, before: Room) -> Room {
        self.home.room(before)
    }

    fn open(&self, room: Room, stand: Stand) -> Result<Footing, NodeError> {
        let copies = self.home.read_identity()?;
        migration::refuse_newer(&self.vault, &copies)?;
        let Standing { store, is_copy, room } = self.open_store(room, stand)?;
        let (copies, store) = migration::brought_up_to_date(self, copies, (store, is_copy))?;
        let ring = self.home.read_ring()?;
        let mut failure = self.failure(&OpenError::Identity(IdentityError::Damaged));
        for (is_current, copy) in [(true, &copies.current), (false, &copies.previous)] {
            let Some(identity) = copy else { continue };
            let entropy = entropy::fresh()?;
            let settings = Settings { place: self.home.place(), room, ..self.settings.clone() };
            let vault = self.vault.clone();
            match Engine::open(vault, identity, &ring, settings, clock::now(), &entropy, &*store) {
                Ok(engine) => {
                    if !is_current && copies.current.is_some() && !is_copy {
                        self.home.set_identity_aside()?;
                    }
                    if !is_current {
                        tracing::warn!("{IDENTITY_RECOVERED}");
                    }
                    return Ok(Footing { engine, store, is_copy, room, is_recovered: !is_current });
                }
                Err(error) if is_current => failure = self.failure(&error),
                Err(_) => {}
            }
        }
        Err(failure)
    }
}

impl HomeGround {
    /// Opens everything, reads every record once, and walks every chain.
    pub(crate) fn examine(&self) -> Result<(), NodeError> {
        let footing = self.open(self.home.first_room(), Stand::WhereItCan)?;
        let path = self.home.store_path();
        store::read_all(&*footing.store).map_err(|error| NodeError::of_records(&error, &path))?;
        let copies = self.home.read_identity()?;
        let copy = if footing.is_recovered { copies.previous } else { copies.current };
        let Some(identity) = copy else { return Ok(()) };
        let proved = upgrade::prove(&identity, &*footing.store, &self.vault);
        if proved.map_err(|error| self.failure(&error))? {
            Ok(())
        } else {
            Err(NodeError::StoreDamaged(path))
        }
    }

    fn failure(&self, error: &OpenError) -> NodeError {
        match error {
            OpenError::Identity(IdentityError::Newer) | OpenError::NewerStore => NodeError::NewerHome,
            OpenError::Records(error) => NodeError::of_records(error, &self.home.store_path()),
            OpenError::OlderStore => NodeError::Storage(error.to_string()),
            _ => NodeError::File {
                words:
                    "the file `identity` is damaged or of another home, and there is no sound one before it"
                        .to_owned(),
                hint: "Nothing was changed. Put `identity` back from a copy of this home; nothing else has your keys.",
            },
        }
    }

    fn open_store(&self, room: Room, stand: Stand) -> Result<Standing, NodeError> {
        let path = self.home.store_path();
        let mut found = room;
        if room != Room::ReadOnly && stand == Stand::WhereItCan && self.home.keeps_books() {
            found = match store::open(&path) {
                Err(StoreError::Full) => Room::Full,
                Err(StoreError::ReadOnly) => Room::ReadOnly,
                opened => return Ok(Standing { store: opened?, is_copy: false, room }),
            };
        }
        Ok(Standing { store: store::open_copy(&path)?, is_copy: true, room: found })
    }
}

/// Where the store is.
struct Standing {
    store: Arc<dyn Store>,
    is_copy: bool,
    room: Room,
}
