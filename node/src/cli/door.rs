//! The way from a command to a node: through the socket of the one that runs on this home, else by opening the home
//! ourselves, without a network, for the time of the command.
//!
//! ```text
//! socket answers ──▶ ask there
//! nobody answers ──▶ open the home ──▶ ask in this process ──▶ close it
//!                        ├ somebody holds it: they will answer or leave; look again, at most 5 s
//!                        └ it is locked: get the passphrase, then look again
//! ```

use std::{
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    net::UnixStream,
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::{errors::Failure, passphrase::Opener};
use crate::{
    Config, NetworkOptions, Node,
    error::NodeError,
    handle::NodeHandle,
    home::{HomeError, socket},
    rpc::{
        client::{Client, Follower},
        methods::{self, Call},
    },
};

/// How long to wait for somebody who holds the home to answer or to leave; the contract of the command line.
const HOME_PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks. Chosen.
const HOME_GLANCE: Duration = Duration::from_millis(50);

/// An open way to a node.
#[derive(Debug)]
pub(super) struct Door {
    home: PathBuf,
    opener: Opener,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Socket(Client),
    Own(Box<Node>),
}

impl Door {
    /// Through the socket, or by opening the home.
    pub(super) async fn open(home: &Path, mut opener: Opener) -> Result<Self, Failure> {
        let mut deadline = Instant::now() + HOME_PATIENCE;
        loop {
            if let Some(client) = connect(home)? {
                return Ok(Self::new(home, opener, Way::Socket(client)));
            }
            match Node::start(config(home, None, &opener)).await {
                Ok(node) => return Ok(Self::new(home, opener, Way::Own(Box::new(node)))),
                Err(NodeError::HomeInUse) if Instant::now() < deadline => sleep(HOME_GLANCE).await,
                Err(NodeError::Locked) => {
                    opener.ask().await?;
                    deadline = Instant::now() + HOME_PATIENCE;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Through the socket only.
    pub(super) async fn to_running(home: &Path) -> Result<Self, Failure> {
        let client = running(home).await?;
        Ok(Self::new(home, Opener::default(), Way::Socket(client)))
    }

    fn new(home: &Path, opener: Opener, way: Way) -> Self {
        let home = home.to_owned();
        Self { home, opener, way }
    }

    /// Calls a method. Where a connection was cut and the same call can be made twice without harm, it is made again.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        match self.call_once(method, params.clone()).await {
            Err(failure) if failure.kind == "stopped" && is_repeatable(method, &params) => {
                *self = Self::open(&self.home, core::mem::take(&mut self.opener)).await?;
                self.call_once(method, params).await
            }
            outcome => outcome,
        }
    }

    /// Whether a node runs on this home, and meets others.
    pub(super) const fn is_running(&self) -> bool {
        matches!(self.way, Way::Socket(_))
    }

    /// A second way to the same node, for its events from now on; `None` where no node runs.
    pub(super) async fn follow(&self) -> Result<Option<Follower>, Failure> {
        if let Way::Own(_) = self.way {
            return Ok(None);
        }
        let client = running(&self.home).await?;
        Ok(Some(client.subscribe(None).await?))
    }

    /// What its owner should know of a home that was opened here, once something was asked; where a node runs, it tells.
    pub(super) fn notices(&self) -> Vec<String> {
        match &self.way {
            Way::Socket(_) => Vec::new(),
            Way::Own(node) => node.handle().events().notices(),
        }
    }

    /// Leaves everything as it should be.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self.way {
            Way::Socket(_) => Ok(()),
            Way::Own(node) => Ok(node.stop().await?),
        }
    }

    async fn call_once(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        match &mut self.way {
            Way::Socket(client) => Ok(client.call(method, params).await?),
            Way::Own(node) => match ask(&node.handle(), method, params).await {
                // It says why it died, which "stopped" does not.
                Err(failure) if failure.kind == "stopped" => Err(node.failed().await.into()),
                outcome => outcome,
            },
        }
    }
}

/// Starts a node that meets others, once a damaged store is set aside where that is asked for; waits for whoever still
/// holds the home, and for the passphrase unless interrupted.
pub(super) async fn start(
    home: &Path,
    network: NetworkOptions,
    mut opener: Opener,
    mut aside: Option<&mut Option<PathBuf>>,
    interrupt: impl Future<Output = ()>,
) -> Result<Node, Failure> {
    let mut interrupt = pin!(interrupt);
    let mut deadline = Instant::now() + HOME_PATIENCE;
    loop {
        let config = config(home, Some(network.clone()), &opener);
        match start_once(config, aside.as_deref_mut()).await {
            Err(NodeError::HomeInUse) if Instant::now() < deadline => sleep(HOME_GLANCE).await,
            Err(NodeError::Locked) => {
                tokio::select! {
                    asked = opener.ask() => asked?,
                    () = &mut interrupt => return Err(Failure::interrupted()),
                }
                deadline = Instant::now() + HOME_PATIENCE;
            }
            outcome => return Ok(outcome?),
        }
    }
}

async fn start_once(config: Config, aside: Option<&mut Option<PathBuf>>) -> Result<Node, NodeError> {
    if let Some(aside) = aside.filter(|aside| aside.is_none()) {
        let (home, passphrase) = (config.home.clone(), config.passphrase.clone());
        let moving = spawn_blocking(move || crate::set_store_aside(&home, passphrase.as_ref()));
        *aside = moving.await.map_err(|error| NodeError::Storage(error.to_string()))??;
    }
    Node::start(config).await
}

/// A connection to the node that runs on this home.
pub(super) async fn running(home: &Path) -> Result<Client, Failure> {
    let deadline = Instant::now() + HOME_PATIENCE;
    loop {
        if let Some(client) = connect(home)? {
            return Ok(client);
        }
        // Whoever holds the home may be about to answer.
        match Node::start(config(home, None, &Opener::default())).await {
            Err(NodeError::HomeInUse) if Instant::now() < deadline => sleep(HOME_GLANCE).await,
            Ok(node) => {
                node.stop().await?;
                return Err(Failure::no_node());
            }
            Err(_) => return Err(Failure::no_node()),
        }
    }
}

/// Asks a node of this process what the socket would be asked.
async fn ask(node: &NodeHandle, method: &str, params: Value) -> Result<Value, Failure> {
    match methods::parse(method, Some(params))? {
        Call::Command { command, form } => {
            let answer = node.command(command).await?;
            Ok(methods::result(answer, form, || node.standing(false)))
        }
        Call::Report(wishes) => Ok(node.report(wishes).await?.to_json()),
        Call::Subscribe { .. } => Err(Failure::no_node()),
    }
}

/// `None` where nobody answers: no socket, or a stale one.
fn connect(home: &Path) -> Result<Option<Client>, Failure> {
    let stream = match socket::connect(home) {
        Ok(stream) => stream,
        Err(HomeError::NotRunning(_) | HomeError::NotADirectory(_)) => return Ok(None),
        Err(error) => return Err(NodeError::from(error).into()),
    };
    stream.set_nonblocking(true)?;
    Ok(Some(Client::new(UnixStream::from_std(stream)?)))
}

fn config(home: &Path, network: Option<NetworkOptions>, opener: &Opener) -> Config {
    Config { home: home.to_owned(), passphrase: opener.passphrase(), network }
}

fn is_repeatable(method: &str, params: &Value) -> bool {
    match method {
        "message.send" => params.get("idempotency_key").is_some(),
        "node.status" | "node.check" | "node.report" | "invite.list" | "contact.list" | "device.list"
        | "message.list" | "message.info" | "message.read" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_does_no_harm_twice_is_repeated() {
        assert!(is_repeatable("node.status", &json!({})));
        assert!(is_repeatable("message.send", &json!({"idempotency_key": "k"})));
        assert!(!is_repeatable("message.send", &json!({})));
        assert!(!is_repeatable("invite.create", &json!({})));
        assert!(!is_repeatable("contact.accept", &json!({})));
    }
}
