//! What libp2p does for a node, composed: links, bounds on connections, identify, discovery, and with servers to begin with
//! all that leads beyond this network.
//!
//! On links ping is absent, for keep-alive is the engine's. Identify says the same for everybody: no listen address, a
//! constant agent, this run's key, a list of protocols that tells only what we do for others, and to each peer its own
//! address (checked in libp2p-identify 0.48, `handler.rs`, `build_info`). Our address is in it only where we can be dialled
//! from anywhere and so keep records for others, who have to find us; the relays that let others in to us never are.

use std::{num::NonZeroU32, time::Duration};

use causerie_protocol::address::Address;
use libp2p::{
    Multiaddr, PeerId, autonat,
    connection_limits::{self, ConnectionLimits},
    core::transport::ListenerId,
    dcutr, identify,
    identity::Keypair,
    mdns, relay,
    swarm::{
        NetworkBehaviour,
        behaviour::{FromSwarm, NewListenAddr, toggle::Toggle},
    },
};

use super::{
    Exposure, Multiaddress, NetworkConfig,
    gate::Gate,
    limits,
    links::Links,
    meeting::{self, Table},
    multiaddr,
    port_mapping::PortMapping,
    servers::Servers,
};

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
    pub(crate) identify: Gate<identify::Behaviour>,
    pub(crate) announcements_ip4: Toggle<mdns::tokio::Behaviour>,
    pub(crate) announcements_ip6: Toggle<mdns::tokio::Behaviour>,
    pub(crate) links: Links,
    pub(crate) servers: Toggle<Servers>,
    pub(crate) table: Toggle<Gate<Table>>,
    /// Lets us in where we cannot be dialled.
    relay_client: Toggle<relay::client::Behaviour>,
    /// Dials at the same moment as the other end of a relayed link does.
    punch: Toggle<Gate<dcutr::Behaviour>>,
    /// Asks servers to dial us back.
    probe: Toggle<Gate<autonat::v2::client::Behaviour>>,
    /// Asks the router to let others in.
    port_mapping: Toggle<PortMapping>,
    relay_server: Toggle<relay::Behaviour>,
    probe_server: Toggle<autonat::v2::server::Behaviour>,
}

impl NodeBehaviour {
    /// Composes it for this key; discovery is off.
    pub(crate) fn new(key: &Keypair, relay_client: relay::client::Behaviour, config: &NetworkConfig) -> Self {
        let own = key.public().to_peer_id();
        let (internet, loopback) = (config.internet(), config.loopback);
        let let_in = internet && config.lets_in();
        let more = if config.serve_relay { limits::RELAY_CONNECTIONS_MAX } else { 0 };
        let inbound = limits::CONNECTIONS_INBOUND_MAX + more;
        let connections = ConnectionLimits::default()
            .with_max_pending_incoming(Some(limits::CONNECTIONS_PENDING_INBOUND_MAX))
            .with_max_established_incoming(Some(inbound))
            .with_max_established(Some(limits::CONNECTIONS_MAX + more))
            .with_max_established_per_peer(Some(limits::CONNECTIONS_PER_PEER_MAX));
        let identify = identify::Config::new("causerie/1".to_owned(), key.public())
            .with_agent_version(AGENT.to_owned())
            .with_hide_listen_addrs(true)
            .with_push_listen_addr_updates(false)
            .with_interval(IDENTIFY_INTERVAL)
            .with_cache_size(0);
        Self {
            limits: connection_limits::Behaviour::new(connections),
            identify: Gate::new(identify::Behaviour::new(identify), loopback),
            announcements_ip4: None.into(),
            announcements_ip6: None.into(),
            links: Links::new(config.exposure == Exposure::LanOnly, inbound),
            servers: internet.then(|| Servers::new(&servers_of(config), config.serves())).into(),
            table: internet.then(|| table(own, config)).into(),
            relay_client: internet.then_some(relay_client).into(),
            punch: let_in.then(|| Gate::new(dcutr::Behaviour::new(own), loopback).dialling_few()).into(),
            probe: let_in.then(|| Gate::new(autonat::v2::client::Behaviour::default(), loopback)).into(),
            port_mapping: (let_in && !loopback).then(|| PortMapping::new(own)).into(),
            relay_server: config.serve_relay.then(|| relay_server(own)).into(),
            probe_server: config.serves().then(autonat::v2::server::Behaviour::default).into(),
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

fn servers_of(config: &NetworkConfig) -> Vec<(Address, Option<PeerId>)> {
    let peer = |one: &Multiaddress| one.peer.as_ref().and_then(multiaddr::to_peer_id);
    config.servers.iter().map(|one| (one.address, peer(one))).collect()
}

/// Takes part in the meeting place; what its nodes name on this network is dialled only by who uses servers here.
fn table(own: PeerId, config: &NetworkConfig) -> Gate<Table> {
    let near = config.servers.iter().any(|one| one.address.is_private());
    Gate::new(meeting::table(own, config.serve_bootstrap), config.loopback).dialling_near(near)
}

/// Passes sealed bytes on for others, within bounds.
fn relay_server(own: PeerId) -> relay::Behaviour {
    let config = relay::Config {
        max_reservations: usize::try_from(limits::RELAY_PLACES_MAX).unwrap_or(usize::MAX),
        max_reservations_per_peer: limits::RELAY_PLACES_PER_PEER_MAX,
        reservation_duration: limits::RELAY_PLACE_LIFE,
        reservation_rate_limiters: Vec::new(),
        max_circuits: limits::RELAY_CIRCUITS_MAX,
        max_circuits_per_peer: limits::RELAY_CIRCUITS_PER_PEER_MAX.into(),
        max_circuit_duration: limits::RELAY_CIRCUIT_LIFE,
        max_circuit_bytes: limits::RELAY_CIRCUIT_BYTES_MAX,
        circuit_src_rate_limiters: Vec::new(),
    };
    // A burst of so many, then one more in each part of a minute.
    let per_minute = |count: NonZeroU32| (count, Duration::from_secs(60) / count.get());
    let (places, each) = per_minute(limits::RELAY_PLACES_PER_MINUTE);
    let config = config.reservation_rate_per_ip(places, each);
    let (circuits, each) = per_minute(limits::RELAY_CIRCUITS_PER_MINUTE);
    let mut server = relay::Behaviour::new(own, config.circuit_src_per_ip(circuits, each));
    // It would wait for an address that somebody proved; who serves says so.
    server.set_status(Some(relay::Status::Enable));
    server
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
