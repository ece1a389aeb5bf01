//! A Causerie peer without a window: the real world around the engine, and the ways people reach it.
//!
//! - [`driver`] is the only loop; `perform` does what the engine asks for, in order, behind its commits; `ground` opens
//!   what it stands on.
//! - [`network`], [`store`], [`home`], [`clock`], [`entropy`] are the world: links, disk, files, time, randomness.
//! - [`choices`] is how a home uses the networks beyond its own.
//! - [`passphrase`] sets, changes and removes what opens a home.
//! - [`handle`], [`events`], [`error`] are how everybody else holds a running node.
//! - [`crash`] is what a fault of the program leaves behind for its owner.
//! - [`trial`] is what a test of a contact says, [`report`] what can be shown to others of a node.
//! - [`rpc`] is JSON-RPC over the home's socket, [`cli`] the program `causerie-node`.

pub mod choices;
pub mod cli;
pub mod clock;
pub mod crash;
pub mod driver;
pub mod entropy;
pub mod error;
pub mod events;
#[cfg(test)]
mod fuzz;
mod ground;
pub mod handle;
pub mod home;
pub mod network;
pub mod passphrase;
mod perform;
pub mod report;
pub mod rpc;
pub mod store;
pub mod trial;
mod warnings;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use causerie_protocol::{
    answer::CommandError,
    engine::{Engine, Settings},
    event::{Event, NoticeKind},
    ids::AccountId,
    input::Input,
    name,
    room::Room,
    vault::passphrase::Passphrase,
};
use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_blocking},
};
use tokio_util::sync::CancellationToken;

use crate::{
    choices::Choices,
    driver::Driver,
    error::NodeError,
    events::EventLog,
    ground::{Footing, Ground, HomeGround, Stand},
    handle::NodeHandle,
    home::{Home, socket},
    network::{Exposure, Listen, Network, NetworkConfig, parse_multiaddr},
    passphrase::Effort,
};

const _: () = assert!(
    !causerie_protocol::STAND_IN_CRYPTOGRAPHY,
    "the feature `stand-in` of causerie-protocol is for simulations: its cryptography protects nothing"
);

/// What a node needs to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its home.
    pub home: PathBuf,
    /// What opens the home; not looked at where it has none.
    pub passphrase: Option<Passphrase>,
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
    /// What is asked beyond what the home's own file says.
    pub choices: Choices,
}

/// A new identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The account.
    pub account: AccountId,
    /// Its name, as it was checked.
    pub name: String,
    /// Where lies what an interrupted attempt or a lost identity had left in the home.
    pub set_aside: Option<PathBuf>,
}

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    handle: NodeHandle,
    stopping: CancellationToken,
    driver: JoinHandle<Result<(), NodeError>>,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

impl Node {
    /// Opens the home and starts. A home that somebody else holds is [`NodeError::HomeInUse`] at once, and that is found
    /// out before a passphrase is asked for: [`NodeError::Locked`]. Nobody is met from a home that can only be read.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn start(config: Config) -> Result<Self, NodeError> {
        let (network, settings) = match &config.network {
            Some(options) => {
                let (network, settings) = prepare(options, Choices::to_start_with(&config.home)?)?;
                (Some(network), settings)
            }
            None => (None, Settings::default()),
        };
        let Config { home: path, passphrase, .. } = config;
        let opened = spawn_blocking(move || open(&path, passphrase.as_ref(), settings)).await;
        let (home, ground, footing) = opened.map_err(|error| NodeError::Storage(error.to_string()))??;
        if network.is_some() && home.first_room() == Room::ReadOnly {
            return Err(CommandError::ReadOnly.into());
        }
        let hidden = network.as_ref().is_some_and(|network| !network.lets_in());
        let network = match network {
            Some(mut network) => {
                network.add_remembered(footing.engine.servers());
                network.port = home.port();
                let chosen = network.listen != Listen::Default;
                let network = Network::start(network).await;
                let network = network.map_err(|error| NodeError::Network(error.to_string()))?;
                if !chosen && !network.dialable().is_empty() {
                    home.keep_port(network.own_port());
                }
                Some(network)
            }
            None => None,
        };
        let begun = if footing.is_copy { EventLog::uncounted } else { EventLog::new };
        let events = begun(footing.engine.starts(), clock::now().wall);
        if footing.is_recovered {
            let text = ground::IDENTITY_RECOVERED.to_owned();
            let notice = Event::Notice { kind: NoticeKind::IdentityRecovered, text };
            events.push(&notice, clock::now().wall);
        }
        let (listening_in, listening) = watch::channel(Vec::new());
        let serving = network.as_ref().map_or_else(|| watch::channel(None).1, Network::serving);
        let (mut handle, requests) = NodeHandle::new(home.path(), events.clone(), listening, serving);
        handle.hidden = hidden;
        let socket = if network.is_some() { Some(socket::bind(&home)?) } else { None };
        let stopping = CancellationToken::new();
        let driver = Driver::new(footing, ground, home, network, requests, events, listening_in)?;
        let server = socket.map(|socket| tokio::spawn(rpc::server::serve(socket, handle.clone())));
        let driver = tokio::spawn(driver.run(stopping.clone()));
        Ok(Self { handle, stopping, driver, server })
    }

    /// For everybody else.
    #[must_use]
    pub fn handle(&self) -> NodeHandle {
        self.handle.clone()
    }

    /// Stops cleanly: what was said is durable, the socket is gone.
    ///
    /// # Errors
    /// What could not be made durable.
    pub async fn stop(mut self) -> Result<(), NodeError> {
        self.stopping.cancel();
        if let Some(server) = self.server.take() {
            server.abort();
        }
        if self.driver.is_finished() {
            return Ok(());
        }
        (&mut self.driver).await.unwrap_or(Err(NodeError::Stopped))
    }

    /// Resolves when the node died by itself.
    pub async fn failed(&mut self) -> NodeError {
        match (&mut self.driver).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => NodeError::Stopped,
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stopping.cancel();
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

/// Makes an identity in this home, locked with this passphrase if there is one.
///
/// # Errors
/// Why it cannot.
pub fn init(path: &Path, name: &str, passphrase: Option<&Passphrase>) -> Result<Beginning, NodeError> {
    let name = name::check(name).map_err(|_| CommandError::BadName)?;
    let (home, set_aside) = Home::create(path)?;
    let master = passphrase::new_master_key()?;
    let wrapped = match passphrase {
        Some(passphrase) => passphrase::wrap(&master, passphrase, Effort::Calibrated)?,
        None => passphrase::wrap_with_key_file(&master)?,
    };
    let (account, identity) = Engine::create(&name, &master.vault(), clock::now(), &entropy::fresh()?)
        .ok_or_else(|| NodeError::Storage("the identity could not be made".to_owned()))?;
    home.write_vault(&wrapped)?;
    home.write_identity(&identity)?;
    Ok(Beginning { account, name: name.as_str().to_owned(), set_aside })
}

/// Moves the store of this home out of the way if it is damaged, so that the next start begins a new one: where it is
/// then. A store that is whole stays, and so does everything else of the home: `None`.
///
/// # Errors
/// [`NodeError::HomeInUse`] where a node runs; others when the home cannot be opened or changed.
pub fn set_store_aside(path: &Path, passphrase: Option<&Passphrase>) -> Result<Option<PathBuf>, NodeError> {
    let home = Arc::new(Home::open(path, Duration::ZERO)?);
    let vault = home.open_vault(passphrase)?;
    let ground = HomeGround { home: Arc::clone(&home), vault, settings: Settings::default() };
    match ground.examine() {
        Err(NodeError::StoreDamaged(_)) => Ok(home.set_store_aside()?),
        outcome => outcome.map(|()| None),
    }
}

/// Moves what this home says of networks beyond its own out of the way if it cannot be used, so that the next start is
/// one without it: where it is then. What can be used stays: `None`. No identity is needed for that, nor a passphrase.
///
/// # Errors
/// When the home cannot be changed.
pub fn set_choices_aside(path: &Path) -> Result<Option<PathBuf>, NodeError> {
    match Choices::to_start_with(path) {
        Err(NodeError::BadChoices(_)) => Ok(home::set_file_aside(path, choices::FILE)?),
        outcome => outcome.map(|_| None),
    }
}

/// A home that is held, how it is opened again, and what was opened.
type Opened = (Arc<Home>, Arc<dyn Ground>, Footing);

/// Opens everything that a node stands on: the home with its lock, the vault, the store, the engine.
fn open(path: &Path, passphrase: Option<&Passphrase>, settings: Settings) -> Result<Opened, NodeError> {
    let home = Arc::new(Home::open(path, Duration::ZERO)?);
    // Before the store: whoever has not the passphrase changes nothing.
    let vault = home.open_vault(passphrase)?;
    let ground = HomeGround { home: Arc::clone(&home), vault, settings };
    let footing = ground.open(home.first_room(), Stand::WhereItCan)?;
    ground::migration::settle(&ground, &footing);
    Ok((home, Arc::new(ground), footing))
}

fn prepare(options: &NetworkOptions, of_home: Choices) -> Result<(NetworkConfig, Settings), NodeError> {
    let parse = |text: &String| parse_multiaddr(text).map_err(|_| NodeError::BadAddress(text.clone()));
    let listen: Vec<_> = options.listen.iter().map(parse).collect::<Result<_, _>>()?;
    let dial: Vec<_> = options.dial.iter().map(parse).collect::<Result<_, _>>()?;
    let choices = options.choices.clone().over(of_home);
    let servers: Vec<_> = choices.bootstrap.iter().map(parse).collect::<Result<_, _>>()?;
    let network = NetworkConfig {
        listen: if listen.is_empty() { Listen::Default } else { Listen::These(listen) },
        port: None,
        mdns: options.mdns && !options.loopback,
        loopback: options.loopback,
        servers,
        serve_relay: choices.serve_relay,
        serve_bootstrap: choices.serve_bootstrap,
        exposure: choices.exposure,
        proxy: choices.proxy,
    };
    let settings = Settings {
        loopback: options.loopback,
        dial: dial.into_iter().map(|one| one.address).collect(),
        internet: choices.exposure != Exposure::LanOnly,
        direct: choices.exposure != Exposure::RelaysOnly,
        announce: choices.exposure != Exposure::Stealth,
        servers: network.servers.iter().map(|one| one.address).collect(),
        serves: network.serves(),
        learn_servers: choices.learn_servers,
        ..Settings::default()
    };
    Ok((network, settings))
}

/// The first thing a node with a network tells its engine.
fn network_up(network: &Network) -> Input {
    Input::NetworkUp { own: network.own().clone() }
}
