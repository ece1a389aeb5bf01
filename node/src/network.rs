//! The network of a node: links to peers over TCP and QUIC, dials, and who is on the local network.
//!
//! It speaks the engine's words. [`Network::next`] gives `LinkUp`, `Frame`, `LinkDown`, `Discovered`,
//! `DiscoveryExpired`, `Listening`, `AddressFailed` and `DialFailed`; [`Network::transmit`], [`Network::close`] and
//! [`Network::dial`] perform the outputs. Every `LinkUp` is followed by one `LinkDown`, with the link's frames between
//! them; every dial ends in one `LinkUp` that names it or one `DialFailed`, behind what came of its addresses. The key
//! behind our network identity is fresh at each start.
//!
//! Nothing here waits without a bound: whoever reads too slowly loses the link, and a slow engine slows the peers.
//! No type of libp2p leaves this module.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt, io,
    sync::Arc,
};

use causerie_protocol::{
    address::Address,
    ids::{DialId, LinkId, TransportId},
    input::Input,
};
use thiserror::Error;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::{
    multiaddr::{Multiaddress, multiaddr_text, parse_multiaddr},
    nearby::has_network,
};
use self::{
    outbox::Outbox,
    stream::Notice,
    swarm::{Channels, DialRequest, SwarmTask},
};

mod behaviour;
mod dials;
mod discovery;
mod limits;
mod links;
mod listeners;
mod multiaddr;
mod nearby;
mod outbox;
mod stream;
mod swarm;

/// How a node uses the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Where to listen.
    pub listen: Listen,
    /// Whether to announce ourselves on the local network and to look for others there.
    pub mdns: bool,
    /// Whether everybody is on this machine: listens on 127.0.0.1 only and makes no use of mDNS.
    pub loopback: bool,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// TCP and QUIC, IPv4 and IPv6, on port 47474, or the next free one when that is taken.
    Default,
    /// On these addresses, all of them; peer ids in them mean nothing.
    These(Vec<Multiaddress>),
}

/// Why the network could not start, or an address could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The text is not an address that we can dial or listen on.
    #[error("neither /ip4 or /ip6 with /tcp/PORT nor with /udp/PORT/quic-v1: {0}")]
    Multiaddr(String),
    /// Only addresses of this machine may be listened on.
    #[error("with --loopback only loopback addresses can be listened on")]
    NotLoopback,
    /// An address that was asked for cannot be listened on.
    #[error("cannot listen: {source}: {address}")]
    Listen {
        /// Why.
        source: io::Error,
        /// Where.
        address: String,
    },
    /// Not one of many ports is free.
    #[error("no port is free to listen on")]
    NoPort,
    /// The transports cannot be set up.
    #[error("the network cannot be set up: {0}")]
    Transport(String),
}

/// See the module's head. Dropping it stops the network without waiting; [`Network::stop`] waits.
pub struct Network {
    own: TransportId,
    loopback: bool,
    notices: mpsc::Receiver<Notice>,
    /// Dials that found no place to wait.
    refused: VecDeque<DialId>,
    dials: mpsc::Sender<DialRequest>,
    outboxes: BTreeMap<LinkId, Arc<Outbox>>,
    listening: watch::Receiver<Vec<Address>>,
    task: JoinHandle<()>,
    stopping: DropGuard,
}

impl Network {
    /// Starts the network on the current tokio runtime, with a fresh key, and listens.
    ///
    /// # Errors
    /// [`NetworkError::Listen`], [`NetworkError::NotLoopback`] or [`NetworkError::NoPort`] when it cannot listen as
    /// asked, [`NetworkError::Transport`] when the transports cannot be set up. A machine without any interface is
    /// no error.
    pub async fn start(config: NetworkConfig) -> Result<Self, NetworkError> {
        let (notices_in, notices) = mpsc::channel(limits::NOTICES_MAX);
        let (dials, dials_out) = mpsc::channel(limits::DIALS_WAITING_MAX);
        let (listening_in, listening) = watch::channel(Vec::new());
        let stopping = CancellationToken::new();
        let channels = Channels {
            notices: notices_in,
            dials: dials_out,
            listening: listening_in,
            stopping: stopping.clone(),
        };
        let task = SwarmTask::open(&config, channels).await?;
        Ok(Self {
            own: task.own().clone(),
            loopback: config.loopback,
            notices,
            refused: VecDeque::new(),
            dials,
            outboxes: BTreeMap::new(),
            listening,
            task: tokio::spawn(task.run()),
            stopping: stopping.drop_guard(),
        })
    }

    /// The next input for the engine; `None` when the network has ended. Loses nothing when it is dropped half-way.
    pub async fn next(&mut self) -> Option<Input> {
        if let Some(dial) = self.refused.pop_front() {
            return Some(Input::DialFailed { dial });
        }
        match self.notices.recv().await? {
            Notice::LinkUp(link, ends, outbox) => {
                self.outboxes.insert(link, outbox);
                Some(Input::LinkUp { link, ends })
            }
            Notice::Other(input) => {
                if let Input::LinkDown { link } = &input {
                    self.outboxes.remove(link);
                }
                Some(input)
            }
        }
    }

    /// Sends a frame of 1 to 65,535 bytes; never waits. A link with more than 16 MiB to send is closed. A link that
    /// is gone takes nothing.
    pub fn transmit(&mut self, link: LinkId, frame: Vec<u8>) {
        if let Some(outbox) = self.outboxes.get(&link) {
            outbox.push(&frame);
        }
    }

    /// Closes a link; frames before it are still sent, none after it. Its `LinkDown` follows; frames that had arrived
    /// by now may come before that.
    pub fn close(&mut self, link: LinkId) {
        if let Some(outbox) = self.outboxes.get(&link) {
            outbox.close();
        }
    }

    /// Closes every link, as [`Self::close`] does one.
    pub fn close_all(&mut self) {
        for outbox in self.outboxes.values() {
            outbox.close();
        }
    }

    /// Tries these addresses, the first eight of them, one after the other, until one gives a link to this peer, or
    /// to anybody where `peer` is `None`. It makes a new link even where one stands.
    pub fn dial(&mut self, dial: DialId, peer: Option<TransportId>, addresses: Vec<Address>) {
        let request = DialRequest { dial, peer, addresses };
        if self.dials.try_send(request).is_err() {
            self.refused.push_back(dial);
        }
    }

    /// Our network identity.
    #[must_use]
    pub fn own(&self) -> &TransportId {
        &self.own
    }

    /// The multiaddrs on which we listen, all of them, loopback included.
    #[must_use]
    pub fn listening(&self) -> Vec<String> {
        self.listening.borrow().iter().map(multiaddr_text).collect()
    }

    /// Where we listen, as `Listening` tells it: what others could dial.
    #[must_use]
    pub fn dialable(&self) -> Vec<Address> {
        self.listening.borrow().iter().filter(|address| address.is_dialable(self.loopback)).copied().collect()
    }

    /// Stops: links send what waits as far as peers take it, then everything ends and the ports are free. Takes less
    /// than a second.
    pub async fn stop(self) {
        let Self { notices, task, stopping, .. } = self;
        // With nobody to hear them, links do not wait to be heard.
        drop(notices);
        drop(stopping);
        task.await.ok();
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("own", &self.own)
            .field("links", &self.outboxes.len())
            .finish_non_exhaustive()
    }
}
