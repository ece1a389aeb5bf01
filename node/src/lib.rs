//! A Causerie peer without a window: the node, its local API and its command line.
//!
//! - [`events`], [`handle`], [`error`]: how everybody else holds a running node.
//! - [`rpc`]: JSON-RPC over the home's socket.
//! - [`cli`]: the program `causerie-node`.

use std::path::{Path, PathBuf};

use causerie_protocol::ids::AccountId;

use crate::{error::NodeError, handle::NodeHandle};

pub mod cli;
pub mod error;
pub mod events;
pub mod handle;
pub mod rpc;

/// What a node needs to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its home.
    pub home: PathBuf,
    /// How it meets others; `None`: it does not, and serves no socket.
    pub network: Option<NetworkOptions>,
}

/// How a node meets others.
#[derive(Clone, Debug, Default)]
pub struct NetworkOptions {
    /// Multiaddresses to listen on; none: the default ones.
    pub listen: Vec<String>,
    /// Multiaddresses to dial whoever is behind them.
    pub dial: Vec<String>,
    /// Whether to announce itself on this network and look for others.
    pub mdns: bool,
    /// Whether everybody is on this machine.
    pub loopback: bool,
}

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    handle: NodeHandle,
}

impl Node {
    /// Opens the home and starts.
    ///
    /// # Errors
    /// Why it cannot.
    #[expect(clippy::unused_async, reason = "starting waits for the home")]
    pub async fn start(config: Config) -> Result<Self, NodeError> {
        Err(NodeError::Storage(format!(
            "{} cannot be opened",
            config.home.display()
        )))
    }

    /// For everybody else.
    #[must_use]
    pub fn handle(&self) -> NodeHandle {
        self.handle.clone()
    }

    /// Stops cleanly.
    ///
    /// # Errors
    /// What could not be made durable.
    #[expect(clippy::unused_async, reason = "stopping waits for the store")]
    pub async fn stop(self) -> Result<(), NodeError> {
        Ok(())
    }

    /// Resolves when the node died by itself.
    pub async fn failed(&mut self) -> NodeError {
        core::future::pending().await
    }
}

/// Makes an identity in this home: its account and its name.
///
/// # Errors
/// Why it cannot.
pub fn init(home: &Path, name: &str) -> Result<(AccountId, String), NodeError> {
    Err(NodeError::Storage(format!(
        "{name} cannot move into {}",
        home.display()
    )))
}
