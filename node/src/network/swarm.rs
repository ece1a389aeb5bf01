//! The network's own task: it runs libp2p's swarm, begins dials, gives each new stream its link task, and tells the
//! engine's side what is not about one link.
//!
//! It never waits for one thing alone. While the engine is busy a few notices wait here; with more the swarm rests
//! until they are taken, which reaches the peers' sockets.

use std::{collections::VecDeque, time::Duration};

use causerie_protocol::{
    address::{Address, Circuit},
    ids::{DialId, LinkId, LookupId, TransportId},
    input::{Input, LinkEnds},
};
use futures::{StreamExt as _, future::Either};
use libp2p::{
    Swarm, SwarmBuilder,
    core::{Transport as _, muxing::StreamMuxerBox, transport::OptionalTransport, upgrade},
    identity::Keypair,
    noise, quic,
    swarm::{ConnectionId, DialError, SwarmEvent},
    tcp,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;

use super::{
    Exposure, NetworkConfig, NetworkError, Serving,
    backlog::{Backlogs, OVERFULL},
    behaviour::{NodeBehaviour, NodeBehaviourEvent},
    discovery::Discovery,
    internet::Internet,
    limits,
    links::{LinksEvent, OpenedLink},
    listeners::{self, Listeners},
    meter::Meter,
    multiaddr,
    multiplexing::Multiplexing,
    nearby::NearbyTcp,
    stream::{LinkTask, Notice},
};

/// Something asked of the network's task.
#[derive(Debug)]
pub(crate) enum Request {
    /// Reach somebody.
    Dial { dial: DialId, peer: Option<TransportId>, addresses: Vec<Address>, circuits: Vec<Circuit> },
    /// Leave a record.
    Publish { key: [u8; 32], value: Vec<u8>, life: Duration },
    /// Look for records.
    LookUp { lookup: LookupId, key: [u8; 32] },
}

/// The task's ends of the channels to the engine's side.
#[derive(Debug)]
pub(crate) struct Channels {
    pub(crate) notices: mpsc::Sender<Notice>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) listening: watch::Sender<Vec<Address>>,
    pub(crate) serving: watch::Sender<Option<Serving>>,
    pub(crate) stopping: CancellationToken,
}

/// See the file's head.
pub(crate) struct SwarmTask {
    /// Boxed: with everything that it does it is tens of kilobytes, too much to be handed from future to future.
    swarm: Box<Swarm<NodeBehaviour>>,
    own: TransportId,
    loopback: bool,
    /// Whether anybody but servers is dialled.
    direct: bool,
    channels: Channels,
    links: JoinSet<ConnectionId>,
    links_begun: u64,
    listeners: Listeners,
    discovery: Discovery,
    internet: Internet,
    /// What the engine was last told about where we listen.
    announced: Vec<Address>,
    /// What the engine is told next.
    waiting: VecDeque<Input>,
}

impl SwarmTask {
    /// Makes a swarm with a fresh key, and listens.
    pub(crate) async fn open(config: &NetworkConfig, channels: Channels) -> Result<Self, NetworkError> {
        let key = Keypair::generate_ed25519();
        let own = multiaddr::to_transport_id(&key.public().to_peer_id())
            .ok_or_else(|| NetworkError::Transport("a peer id has an unknown form".to_owned()))?;
        let mut swarm = Box::new(build(key, config)?);
        let listeners = Listeners::open(&mut swarm, config)?;
        let mut task = Self {
            swarm,
            own,
            loopback: config.loopback,
            direct: config.exposure != Exposure::RelaysOnly,
            channels,
            links: JoinSet::new(),
            links_begun: 0,
            listeners,
            discovery: Discovery::default(),
            internet: Internet::new(config),
            announced: Vec::new(),
            waiting: VecDeque::new(),
        };
        let known = async {
            while !task.listeners.are_known() {
                let event = task.swarm.select_next_some().await;
                task.handle_event(event);
            }
        };
        time::timeout(limits::LISTEN_PATIENCE, known).await.ok();
        if config.mdns && !config.loopback && config.lets_in() {
            let listening: Vec<_> = task.swarm.listeners().cloned().collect();
            let own = *task.swarm.local_peer_id();
            let behaviour = task.swarm.behaviour_mut();
            behaviour.switch_discovery_on(own, &listening);
        }
        Ok(task)
    }

    /// Our network identity.
    pub(crate) fn own(&self) -> &TransportId {
        &self.own
    }

    /// Runs until it is told to stop, or nobody is left to hear it.
    pub(crate) async fn run(mut self) {
        let notices = self.channels.notices.clone();
        self.look_around();
        loop {
            let due = self.internet.next_due().map(time::Instant::from_std);
            let rested = self.waiting.len() < limits::SWARM_NOTICES_MAX;
            let may_dial = rested && self.swarm.behaviour().links.dials() < limits::DIALS_RUNNING_MAX;
            tokio::select! {
                () = self.channels.stopping.cancelled() => break,
                permit = notices.reserve(), if !self.waiting.is_empty() => {
                    let Ok(permit) = permit else { break };
                    if let Some(input) = self.waiting.pop_front() {
                        permit.send(Notice::Other(input));
                    }
                }
                event = self.swarm.select_next_some(), if rested => self.handle_event(event),
                request = self.channels.requests.recv(), if may_dial => match request {
                    Some(request) => self.perform(request),
                    None => break,
                },
                () = time::sleep_until(due.unwrap_or_else(time::Instant::now)), if due.is_some() => self.look_around(),
                Some(ended) = self.links.join_next() => {
                    if let Ok(connection) = ended {
                        self.swarm.close_connection(connection);
                    }
                }
            }
        }
        self.stop().await;
    }

    fn perform(&mut self, request: Request) {
        match request {
            Request::Dial { dial, peer, addresses, circuits } => {
                let addresses = if self.direct { addresses } else { Vec::new() };
                match peer.as_ref().map(multiaddr::to_peer_id) {
                    // A peer id that is none cannot be reached.
                    Some(None) => self.waiting.push_back(Input::DialFailed { dial }),
                    peer => {
                        self.swarm.behaviour_mut().links.dial(dial, peer.flatten(), addresses, circuits);
                    }
                }
            }
            Request::Publish { key, value, life } => self.internet.publish(&mut self.swarm, key, value, life),
            Request::LookUp { lookup, key } => {
                self.waiting.extend(self.internet.look_up(&mut self.swarm, lookup, key));
            }
        }
    }

    /// Does what is due beyond this network, and tells the engine how we stand there.
    fn look_around(&mut self) {
        self.internet.look_around(&mut self.swarm);
        self.channels.serving.send_if_modified(|told| self.internet.has_served(told));
        if let Some(standing) = self.internet.changed(&self.swarm) {
            // Only the newest is of use.
            self.waiting.retain(|input| !matches!(input, Input::Standing(_)));
            self.waiting.push_back(Input::Standing(standing));
        }
    }

    fn handle_event(&mut self, event: SwarmEvent<NodeBehaviourEvent>) {
        if self.internet.note(&mut self.swarm, &event) {
            self.look_around();
        }
        match event {
            SwarmEvent::Behaviour(event) => self.handle_behaviour_event(event),
            SwarmEvent::NewListenAddr { listener_id, address } => {
                self.listeners.insert(listener_id, &address);
                self.announce_listening();
            }
            SwarmEvent::ExpiredListenAddr { listener_id, address } => {
                self.listeners.remove(listener_id, &[address]);
                self.announce_listening();
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                tracing::debug!(?reason, "a listener ended");
                self.listeners.remove(listener_id, &addresses);
                self.announce_listening();
            }
            SwarmEvent::ListenerError { error, .. } => tracing::debug!(%error, "a listener had an error"),
            SwarmEvent::OutgoingConnectionError {
                peer_id: Some(peer),
                error: DialError::WrongPeerId { address, .. } | DialError::LocalPeerId { address },
                ..
            } => self.waiting.extend(self.discovery.somebody_else_is_at(&peer, &address)),
            SwarmEvent::IncomingConnectionError { error, .. } => {
                tracing::debug!(%error, "somebody could not connect to us");
            }
            SwarmEvent::ConnectionClosed { peer_id: peer, cause: Some(cause), .. } => {
                let cause = cause.to_string();
                // libp2p wraps it in errors of every layer.
                if cause.contains(OVERFULL) {
                    tracing::warn!(%peer, "a connection was ended: {OVERFULL}");
                } else {
                    tracing::debug!(%peer, cause, "a connection was lost");
                }
            }
            _ => {}
        }
    }

    fn handle_behaviour_event(&mut self, event: NodeBehaviourEvent) {
        match event {
            NodeBehaviourEvent::Links(LinksEvent::Opened(opened)) => self.begin_link(*opened),
            NodeBehaviourEvent::Links(LinksEvent::AddressFailed(dial, address, why)) => {
                self.waiting.push_back(Input::AddressFailed { dial, address, why });
            }
            NodeBehaviourEvent::Links(LinksEvent::DialFailed(dial)) => {
                self.waiting.push_back(Input::DialFailed { dial });
            }
            NodeBehaviourEvent::AnnouncementsIp4(event) | NodeBehaviourEvent::AnnouncementsIp6(event) => {
                self.waiting.extend(self.discovery.handle(event));
                if self.swarm.behaviour().announcements() > limits::ANNOUNCEMENTS_MAX {
                    tracing::warn!("too many announcements on this network: discovery is switched off");
                    self.swarm.behaviour_mut().switch_discovery_off();
                }
            }
            NodeBehaviourEvent::Table(event) => {
                self.waiting.extend(self.internet.handle_table(&mut self.swarm, event));
                self.channels.serving.send_if_modified(|told| self.internet.has_served(told));
            }
            _ => {}
        }
    }

    fn begin_link(&mut self, opened: OpenedLink) {
        let OpenedLink { stream, connection, dial, address, way, .. } = opened;
        let Some(peer) = multiaddr::to_transport_id(&opened.peer) else {
            // No peer id has more than 64 bytes, but their type does not say so.
            self.swarm.close_connection(connection);
            self.waiting.extend(dial.map(|dial| Input::DialFailed { dial }));
            return;
        };
        self.links_begun += 1;
        let task = LinkTask {
            link: LinkId::new(self.links_begun),
            ends: LinkEnds { own: self.own.clone(), peer, dial, address, way },
            notices: self.channels.notices.clone(),
            stopping: self.channels.stopping.clone(),
        };
        self.links.spawn(async move {
            task.run(stream).await;
            connection
        });
    }

    /// Tells people all addresses, and the engine those that others could dial.
    fn announce_listening(&mut self) {
        let addresses: Vec<_> = self.listeners.addresses().iter().copied().collect();
        self.channels.listening.send_replace(addresses.clone());
        let dialable = |address: &Address| address.is_dialable_nearby(self.loopback);
        let addresses: Vec<_> = addresses.into_iter().filter(dialable).collect();
        if addresses != self.announced {
            self.internet.listening(&mut self.swarm, &self.announced, &addresses);
            self.announced.clone_from(&addresses);
            // Only the newest list is of use.
            self.waiting.retain(|input| !matches!(input, Input::Listening { .. }));
            self.waiting.push_back(Input::Listening { addresses });
        }
    }

    /// Lets links write what waits, ends connections, and returns when the ports are free, all within a second.
    async fn stop(mut self) {
        let links_end = async {
            while !self.links.is_empty() {
                tokio::select! {
                    ended = self.links.join_next() => if let Some(Ok(connection)) = ended {
                        self.swarm.close_connection(connection);
                    },
                    _ = self.swarm.select_next_some() => {}
                }
            }
        };
        time::timeout(limits::STOP_LINKS_PATIENCE, links_end).await.ok();
        self.links.abort_all();
        let addresses = self.listeners.addresses().clone();
        let mut swarm = self.swarm;
        let connections_end = async {
            let peers: Vec<_> = swarm.connected_peers().copied().collect();
            for peer in peers {
                swarm.disconnect_peer_id(peer).ok();
            }
            while swarm.network_info().num_peers() > 0 {
                swarm.select_next_some().await;
            }
            drop(swarm);
            // QUIC keeps its socket for the last packets of connections that have just ended.
            while !addresses.iter().all(listeners::is_free) {
                time::sleep(Duration::from_millis(5)).await;
            }
        };
        time::timeout(limits::STOP_CONNECTIONS_PATIENCE, connections_end).await.ok();
    }
}

fn build(key: Keypair, config: &NetworkConfig) -> Result<Swarm<NodeBehaviour>, NetworkError> {
    let transport = |error: &dyn std::error::Error| NetworkError::Transport(error.to_string());
    let meter = config.serves().then(Meter::new);
    let backlogs = Backlogs::new(if config.serves() {
        limits::RELAY_BACKLOG_BYTES_MAX
    } else {
        limits::BACKLOG_BYTES_MAX
    });
    let multiplexing = Multiplexing::new(backlogs.clone(), config.serves());
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_other_transport(|key| {
            let tcp = NearbyTcp::new(tcp::Config::new().nodelay(true), config.proxy);
            let tcp = tcp.upgrade(upgrade::Version::V1Lazy);
            let tcp = tcp.authenticate(noise::Config::new(key)?).multiplex(multiplexing);
            // What goes around a proxy would tell what the proxy is there to hide.
            let quic = config
                .proxy
                .is_none()
                .then(|| quic::tokio::Transport::new(quic_config(key, config.serves())));
            let quic = quic.map_or_else(OptionalTransport::none, OptionalTransport::some);
            Ok(tcp.or_transport(quic).map(move |either, ends| {
                let (peer, connection) = match either {
                    Either::Left((peer, connection)) => {
                        if let Some(there) = multiaddr::from_multiaddr(ends.get_remote_address()) {
                            connection.comes_from(there.address.ip);
                        }
                        (peer, StreamMuxerBox::new(connection))
                    }
                    Either::Right((peer, connection)) => (peer, StreamMuxerBox::new(connection)),
                };
                match &meter {
                    Some(meter) => (peer, meter.attach(peer, connection)),
                    None => (peer, connection),
                }
            }))
        })
        .map_err(|error| transport(&error))?
        .with_relay_client(noise::Config::new, || Multiplexing::relayed(backlogs))
        .map_err(|error| transport(&error))?
        .with_behaviour(|key, relay_client| NodeBehaviour::new(key, relay_client, config))
        .map_err(|error| transport(&error))?
        .with_swarm_config(|swarm| {
            swarm
                .with_idle_connection_timeout(limits::IDLE_CONNECTION_LIFE)
                // QUIC first, at both ends: two who dial each other at the same moment choose the same connection.
                .with_smart_dial()
                .with_max_negotiating_inbound_streams(limits::STREAMS_NEGOTIATING_MAX)
        })
        .with_connection_timeout(limits::CONNECT_PATIENCE)
        .build();
    Ok(swarm)
}

fn quic_config(key: &Keypair, serves: bool) -> quic::Config {
    let mut quic = quic::Config::new(key);
    quic.handshake_timeout = limits::CONNECT_PATIENCE;
    quic.max_idle_timeout = u32::try_from(limits::QUIC_IDLE_LIFE.as_millis()).unwrap_or(u32::MAX);
    // libp2p cannot switch it off; longer than the connection's life it never comes.
    quic.keep_alive_interval = 2 * limits::QUIC_IDLE_LIFE;
    quic.max_concurrent_stream_limit = limits::STREAMS_EACH_WAY_MAX.into();
    [quic.max_stream_data, quic.max_connection_data] = if serves {
        limits::RELAY_QUIC_BYTES_MAX
    } else {
        [limits::QUIC_STREAM_BYTES_MAX, limits::QUIC_CONNECTION_BYTES_MAX]
    };
    quic
}

#[cfg(test)]
mod tests {
    use libp2p::{core::PeerRecord, identify, swarm::ConnectionId};

    use super::*;

    fn seen_at(address: &str) -> SwarmEvent<NodeBehaviourEvent> {
        let key = Keypair::generate_ed25519();
        let signed = PeerRecord::new(&key, vec![]).unwrap().into_signed_envelope();
        SwarmEvent::Behaviour(NodeBehaviourEvent::Identify(identify::Event::Received {
            connection_id: ConnectionId::new_unchecked(1),
            peer_id: key.public().to_peer_id(),
            info: identify::Info {
                public_key: key.public(),
                protocol_version: String::new(),
                agent_version: String::new(),
                listen_addrs: vec![],
                protocols: vec![],
                observed_addr: address.parse().unwrap(),
                signed_peer_record: Some(signed),
            },
        }))
    }

    #[tokio::test]
    async fn after_a_move_nobody_is_told_where_we_were_until_we_are_seen_there_again() {
        let servers = vec![multiaddr::parse_multiaddr("/ip4/8.8.8.8/tcp/1").unwrap()];
        let config = NetworkConfig { servers, ..NetworkConfig::default() };
        let mut swarm = build(Keypair::generate_ed25519(), &config).unwrap();
        let mut internet = Internet::new(&config);
        let (public, elsewhere) = ("/ip4/8.8.4.4/tcp/47474", "/ip4/8.8.4.5/tcp/47474");
        let address = public.parse().unwrap();
        swarm.add_external_address(address);
        let address = public.parse().unwrap();
        internet.note(&mut swarm, &SwarmEvent::ExternalAddrConfirmed { address });
        let told = |swarm: &Swarm<NodeBehaviour>| {
            swarm.external_addresses().map(ToString::to_string).collect::<Vec<_>>()
        };
        let [here, there] = ["/ip4/192.168.1.2/tcp/47474", "/ip4/192.168.7.2/tcp/47474"]
            .map(|text| multiaddr::parse_multiaddr(text).unwrap().address);
        // Another address beside the one that there is moves nothing.
        internet.listening(&mut swarm, &[here], &[here, there]);
        assert_eq!(told(&swarm), [public]);
        internet.listening(&mut swarm, &[here, there], &[there]);
        assert_eq!(told(&swarm), Vec::<String>::new());
        internet.note(&mut swarm, &seen_at(elsewhere));
        assert_eq!(told(&swarm), Vec::<String>::new(), "nobody has dialled us there");
        internet.note(&mut swarm, &seen_at(public));
        assert_eq!(told(&swarm), [public]);
    }
}
