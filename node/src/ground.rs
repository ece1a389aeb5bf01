//! What a node stands on: the store, and the engine that was opened on it; and how both are opened again.
//!
//! ```text
//! room for book-keeping ──▶ the store where it lies
//! none                  ──▶ a copy of it to read from; nothing that is written there, nor an identity, is kept
//! ```
//!
//! An engine that could not write down what it had decided is of no use any more: it is dropped, and another one opened
//! on what is durable (`docs/architecture.md`).

use std::sync::Arc;

use causerie_protocol::{
    account::identity::IdentityError,
    engine::{Engine, OpenError, Settings},
    room::Room,
    vault::Vault,
};

use crate::{
    clock, entropy,
    error::NodeError,
    home::Home,
    store::{self, Store, StoreError},
};

/// Where a node can stand.
pub(crate) trait Ground: Send + Sync {
    /// What there is room for, now that there was so much before.
    fn room(&self, before: Room) -> Room;

    /// Opens store and engine on what is durable. Blocks.
    fn open(&self, room: Room) -> Result<Footing, NodeError>;
}

/// Where it stands.
pub(crate) struct Footing {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    /// The store is a copy to read from.
    pub(crate) is_copy: bool,
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

    fn open(&self, room: Room) -> Result<Footing, NodeError> {
        let (store, is_copy) = self.open_store()?;
        let copies = self.home.read_identity()?;
        let ring = self.home.read_ring()?;
        let mut failure = NodeError::NoIdentity;
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
                    return Ok(Footing { engine, store, is_copy });
                }
                Err(error) if is_current => failure = open_failure(&error),
                Err(_) => {}
            }
        }
        Err(failure)
    }
}

impl HomeGround {
    fn open_store(&self) -> Result<(Arc<dyn Store>, bool), NodeError> {
        let path = self.home.store_path();
        if self.home.keeps_books() {
            match store::open(&path) {
                Err(StoreError::Full | StoreError::ReadOnly) => {}
                opened => return Ok((opened?, false)),
            }
        }
        Ok((store::open_copy(&path)?, true))
    }
}

fn open_failure(error: &OpenError) -> NodeError {
    match error {
        OpenError::Identity(IdentityError::Newer) => NodeError::NewerHome,
        other => NodeError::Storage(other.to_string()),
    }
}
