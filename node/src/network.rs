//! The network of a node: links to peers over TCP and QUIC, dials, and who is on the local network.
//!
//! It speaks the engine's words. [`Network::next`] gives `LinkUp`, `Frame`, `LinkDown`, `Discovered`,
//! `DiscoveryExpired`, `Listening`, `AddressFailed`, `DialFailed`, `Standing`, `RecordFound` and `LookupEnded`;
//! [`Network::transmit`], [`Network::close`], [`Network::dial`], [`Network::publish`] and [`Network::look_up`] perform the
//! outputs. Every `LinkUp` is followed by one `LinkDown`, with the link's frames between
//! them; every dial ends in one `LinkUp` that names it or one `DialFailed`, behind what came of its addresses. The key
//! behind our network identity is fresh at each start.
//!
//! Nothing here waits without a bound: whoever reads too slowly loses the link, and a slow engine slows the peers.
//! No type of libp2p leaves this module.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt, io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use causerie_protocol::{
    address::{Address, Circuit},
    ids::{DialId, LinkId, LookupId, TransportId},
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
    swarm::{Channels, Request, SwarmTask},
};

mod backlog;
mod behaviour;
mod dials;
mod discovery;
#[cfg(test)]
pub(crate) mod fuzz;
mod gate;
mod internet;
mod limits;
mod links;
mod listeners;
mod meeting;
mod meter;
mod multiaddr;
mod multiplexing;
mod nearby;
mod outbox;
mod port_mapping;
mod punching;
mod reachability;
mod servers;
mod stream;
mod swarm;

/// How a node uses the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Where to listen.
    pub listen: Listen,
    /// The port that is tried before all others where none is asked for.
    pub port: Option<u16>,
    /// Whether to announce ourselves on the local network and to look for others there.
    pub mdns: bool,
    /// Whether everybody is on this machine: listens on 127.0.0.1 only and makes no use of mDNS.
    pub loopback: bool,
    /// Servers that lead beyond this network: nodes of the meeting place, and relays. None: this network is all there is.
    pub servers: Vec<Multiaddress>,
    /// Whether to be a relay to others.
    pub serve_relay: bool,
    /// Whether to be a node of the meeting place from the start, with which others can begin.
    pub serve_bootstrap: bool,
    /// Who may see where we are.
    pub exposure: Exposure,
    /// A SOCKS5 proxy (RFC 1928) through which every connection goes. It carries TCP only, and nobody is let in.
    pub proxy: Option<SocketAddr>,
}

/// Who may see where we are, and that we are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Whoever we know, and servers.
    #[default]
    Open,
    /// This network only: nothing beyond it is dialled, and nobody from there is let in.
    LanOnly,
    /// Servers only: contacts are met over relays, and never learn our address.
    RelaysOnly,
    /// Whoever we dial: nothing is announced, and nobody is let in.
    Stealth,
}

/// What a server does for others right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Serving {
    /// Peers that are let in by us.
    pub places: usize,
    /// Circuits that we carry.
    pub circuits: usize,
    /// Records that we keep.
    pub records: usize,
    /// Places and circuits that were refused since the start, for want of room or because too many were asked for.
    pub refused: u64,
}

impl NetworkConfig {
    /// Whether others beyond this network are to be reached at all.
    #[must_use]
    pub fn internet(&self) -> bool {
        self.exposure != Exposure::LanOnly && (!self.servers.is_empty() || self.serves())
    }

    /// Servers of contacts come behind those that the person named, but not for who stays on this network.
    pub fn add_remembered(&mut self, servers: Vec<Address>) {
        if self.exposure == Exposure::LanOnly {
            return;
        }
        for address in servers {
            if !self.servers.iter().any(|one| one.address == address) {
                self.servers.push(Multiaddress { address, peer: None });
            }
        }
    }

    /// Whether we do something for people whom we do not know.
    #[must_use]
    pub const fn serves(&self) -> bool {
        self.serve_relay || self.serve_bootstrap
    }

    /// Whether anybody can dial us.
    #[must_use]
    pub fn lets_in(&self) -> bool {
        let open = matches!(self.exposure, Exposure::Open | Exposure::LanOnly);
        open && self.proxy.is_none() && self.listen != Listen::Nowhere
    }
}

/// Where to listen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Listen {
    /// TCP and QUIC, IPv4 and IPv6, on port 47474, or the next free one when that is taken.
    #[default]
    Default,
    /// Nowhere.
    Nowhere,
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
    /// Whoever serves others has to be reached by them.
    #[error(
        "a server has to be reached by others: it cannot use a proxy, nor be hidden or on one network only"
    )]
    HiddenServer,
    /// The transports cannot be set up.
    #[error("the network cannot be set up: {0}")]
    Transport(String),
}

/// See the module's head. Dropping it stops the network without waiting; [`Network::stop`] waits.
pub struct Network {
    own: TransportId,
    loopback: bool,
    notices: mpsc::Receiver<Notice>,
    /// What found no place to wait has failed.
    refused: VecDeque<Input>,
    requests: mpsc::Sender<Request>,
    outboxes: BTreeMap<LinkId, Arc<Outbox>>,
    listening: watch::Receiver<Vec<Address>>,
    serving: watch::Receiver<Option<Serving>>,
    task: JoinHandle<()>,
    stopping: DropGuard,
}

impl Network {
    /// Starts the network on the current tokio runtime, with a fresh key, and listens.
    ///
    /// # Errors
    /// [`NetworkError::Listen`], [`NetworkError::NotLoopback`] or [`NetworkError::NoPort`] when it cannot listen as
    /// asked, [`NetworkError::HiddenServer`] when others could not reach a server, [`NetworkError::Transport`] when the
    /// transports cannot be set up. A machine without any interface is no error.
    pub async fn start(config: NetworkConfig) -> Result<Self, NetworkError> {
        if config.serves() && (config.exposure != Exposure::Open || !config.lets_in()) {
            return Err(NetworkError::HiddenServer);
        }
        let (notices_in, notices) = mpsc::channel(limits::NOTICES_MAX);
        let (requests, requests_out) = mpsc::channel(limits::REQUESTS_WAITING_MAX);
        let (listening_in, listening) = watch::channel(Vec::new());
        let (serving_in, serving) = watch::channel(config.serves().then(Serving::default));
        let stopping = CancellationToken::new();
        let channels = Channels {
            notices: notices_in,
            requests: requests_out,
            listening: listening_in,
            serving: serving_in,
            stopping: stopping.clone(),
        };
        let task = Box::pin(SwarmTask::open(&config, channels)).await?;
        Ok(Self {
            own: task.own().clone(),
            loopback: config.loopback,
            notices,
            refused: VecDeque::new(),
            requests,
            outboxes: BTreeMap::new(),
            listening,
            serving,
            task: tokio::spawn(task.run()),
            stopping: stopping.drop_guard(),
        })
    }

    /// The next input for the engine; `None` when the network has ended. Loses nothing when it is dropped half-way.
    pub async fn next(&mut self) -> Option<Input> {
        if let Some(failed) = self.refused.pop_front() {
            return Some(failed);
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
    /// to anybody where `peer` is `None`; and between them these relays. It makes a new link even where one stands.
    pub fn dial(
        &mut self,
        dial: DialId,
        peer: Option<TransportId>,
        addresses: Vec<Address>,
        circuits: Vec<Circuit>,
    ) {
        let request = Request::Dial { dial, peer, addresses, circuits };
        self.request(request, Some(Input::DialFailed { dial }));
    }

    /// Leaves a record at the meeting place, as far as there is one.
    pub fn publish(&mut self, key: [u8; 32], value: Vec<u8>, life: Duration) {
        self.request(Request::Publish { key, value, life }, None);
    }

    /// Asks the meeting place what lies under a key.
    pub fn look_up(&mut self, lookup: LookupId, key: [u8; 32]) {
        self.request(Request::LookUp { lookup, key }, Some(Input::LookupEnded { lookup }));
    }

    fn request(&mut self, request: Request, otherwise: Option<Input>) {
        if self.requests.try_send(request).is_err() {
            self.refused.extend(otherwise);
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

    /// What we do for others, if we are a server, as it changes.
    #[must_use]
    pub fn serving(&self) -> watch::Receiver<Option<Serving>> {
        self.serving.clone()
    }

    /// The port on which it listens, if it is one for all and not the usual one.
    #[must_use]
    pub fn own_port(&self) -> Option<u16> {
        let listening = self.listening.borrow();
        let port = listening.first()?.port;
        let is_one = listening.iter().all(|address| address.port == port);
        Some(port).filter(|port| is_one && *port != limits::PORT_DEFAULT)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_contacts_come_behind_those_that_were_named() {
        let named = |text: &str| parse_multiaddr(text).unwrap();
        let (first, second) = (named("/ip4/203.0.113.1/tcp/1"), named("/ip4/203.0.113.2/udp/1/quic-v1"));
        let remembered = vec![second.address, first.address];
        let mut config = NetworkConfig::default();
        config.add_remembered(Vec::new());
        assert!(!config.internet());
        config.add_remembered(remembered.clone());
        assert!(config.internet(), "somebody we met knows the way");
        assert_eq!(config.servers, [second.clone(), first.clone()]);
        let servers = vec![first.clone()];
        let mut config = NetworkConfig { servers, exposure: Exposure::Stealth, ..NetworkConfig::default() };
        config.add_remembered(remembered.clone());
        assert_eq!(config.servers, [first, second]);
        let mut config = NetworkConfig { exposure: Exposure::LanOnly, ..NetworkConfig::default() };
        config.add_remembered(remembered);
        assert!(config.servers.is_empty() && !config.internet());
    }
}
