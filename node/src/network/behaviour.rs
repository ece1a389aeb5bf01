//! What libp2p does for a node, composed: links, bounds on connections, identify, discovery.
//!
//! Ping is absent, for keep-alive is the engine's. Identify says the same for everybody: no listen address, a constant
//! agent, this run's key, the constant list of protocols, and to each peer its own address (checked in libp2p-identify
//! 0.48, `handler.rs`, `build_info`; nothing confirms an external address, so none is told; pushes are off).

use std::time::Duration;

use libp2p::{
    Multiaddr, PeerId,
    connection_limits::{self, ConnectionLimits},
    core::transport::ListenerId,
    identify,
    identity::Keypair,
    mdns,
    swarm::{
        NetworkBehaviour,
        behaviour::{FromSwarm, NewListenAddr, toggle::Toggle},
    },
};

use super::{limits, links::Links};

/// The agent that everybody names, whatever the version.
const AGENT: &str = "causerie";

/// Identify's question is asked once a connection; nothing in the answer changes.
const IDENTIFY_INTERVAL: Duration = Duration::from_secs(86_400);

/// How often we ask who is there; an announcement that was lost is made up for then. Every answer that is heard begins
/// the interval anew, so a network hears about one question in it. Chosen; announcements live for 6 minutes.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(60);

/// See the file's head.
#[derive(NetworkBehaviour)]
pub(crate) struct NodeBehaviour {
    limits: connection_limits::Behaviour,
    identify: identify::Behaviour,
    pub(crate) announcements_ip4: Toggle<mdns::tokio::Behaviour>,
    pub(crate) announcements_ip6: Toggle<mdns::tokio::Behaviour>,
    pub(crate) links: Links,
}

impl NodeBehaviour {
    /// Composes it for this key; discovery is off.
    pub(crate) fn new(key: &Keypair) -> Self {
        let connections = ConnectionLimits::default()
            .with_max_pending_incoming(Some(limits::CONNECTIONS_PENDING_INBOUND_MAX))
            .with_max_established_incoming(Some(limits::CONNECTIONS_INBOUND_MAX))
            .with_max_established(Some(limits::CONNECTIONS_MAX))
            .with_max_established_per_peer(Some(limits::CONNECTIONS_PER_PEER_MAX));
        let identify = identify::Config::new("causerie/1".to_owned(), key.public())
            .with_agent_version(AGENT.to_owned())
            .with_hide_listen_addrs(true)
            .with_push_listen_addr_updates(false)
            .with_interval(IDENTIFY_INTERVAL)
            .with_cache_size(0);
        Self {
            limits: connection_limits::Behaviour::new(connections),
            identify: identify::Behaviour::new(identify),
            announcements_ip4: None.into(),
            announcements_ip6: None.into(),
            links: Links::new(),
        }
    }

    /// How many announcements are remembered.
    pub(crate) fn announcements(&self) -> usize {
        let known = |mdns: &Toggle<mdns::tokio::Behaviour>| {
            mdns.as_ref().map_or(0, |mdns| mdns.discovered_nodes().len())
        };
        known(&self.announcements_ip4) + known(&self.announcements_ip6)
    }

    /// Begins to announce us, on these addresses, and to listen to announcements, as far as the system lets us.
    ///
    /// It may only begin when we listen. Others hear of a newcomer because it answers its own first question; an answer
    /// without addresses would leave us unknown until somebody asks again.
    pub(crate) fn switch_discovery_on(&mut self, own: PeerId, listening: &[Multiaddr]) {
        self.announcements_ip4 = announcements(own, listening, false).into();
        self.announcements_ip6 = announcements(own, listening, true).into();
    }

    /// Announces no more and listens to no announcement.
    pub(crate) fn switch_discovery_off(&mut self) {
        self.announcements_ip4 = None.into();
        self.announcements_ip6 = None.into();
    }
}

/// The behaviour does one version of IP, so there are two.
fn announcements(own: PeerId, listening: &[Multiaddr], enable_ipv6: bool) -> Option<mdns::tokio::Behaviour> {
    let config = mdns::Config { enable_ipv6, query_interval: DISCOVERY_INTERVAL, ..mdns::Config::default() };
    let mut behaviour = mdns::tokio::Behaviour::new(config, own)
        .inspect_err(|error| tracing::warn!(%error, "discovery on this network is not available"))
        .ok()?;
    for addr in listening {
        // The behaviour missed these events and looks at nothing in them but the address.
        let listener_id = ListenerId::next();
        behaviour.on_swarm_event(FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr }));
    }
    Some(behaviour)
}
