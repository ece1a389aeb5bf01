//! A server of somebody else's: libp2p's own relay and a node of the meeting place, without a line of ours, that keeps
//! everything it gets to see and can walk through the table as it likes.
//!
//! It runs in this process on loopback, or as a [`Role`](causerie_tests::Role) on a host. What it sees is all that passes
//! its connections inside their encryption ([`tape`]), and what libp2p makes of it: records, questions, places, circuits.

mod tape;
mod walk;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    iter,
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use causerie_tests::PATIENCE;
use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport as _,
    core::upgrade::Version,
    futures::future::Either,
    identify,
    kad::{
        self, ProviderRecord, Record, RecordKey,
        store::{RecordStore, Result as Kept},
    },
    noise, ping, quic, relay,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::sync::mpsc;

use tape::{Tape, Taped};
use walk::Walk;
pub(crate) use walk::Walked;

/// What nodes of the meeting place speak.
const TABLE: StreamProtocol = StreamProtocol::new("/causerie/kad/1");

/// Addresses on which one listens at most.
const PLACES_MAX: usize = 8;

/// How a server is set up.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// Where it listens.
    pub(crate) listen: Vec<String>,
    /// Servers that it begins with.
    pub(crate) doors: Vec<String>,
    /// Bytes that a circuit carries.
    pub(crate) circuit_bytes: u64,
    /// How long one stands.
    pub(crate) circuit_life: Duration,
}

impl Terms {
    /// On loopback, alone, with the bounds that libp2p gives a relay whose owner sets none.
    pub(crate) fn usual() -> Self {
        let relay::Config { max_circuit_bytes, max_circuit_duration, .. } = relay::Config::default();
        Self {
            listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned(), "/ip4/127.0.0.1/udp/0/quic-v1".to_owned()],
            doors: Vec::new(),
            circuit_bytes: max_circuit_bytes,
            circuit_life: max_circuit_duration,
        }
    }
}

/// See the file's head. It ends with this value.
pub(crate) struct Foreign {
    seen: Arc<Mutex<Seen>>,
    tape: Tape,
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    places: Vec<String>,
}

/// What a server saw, as libp2p tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Records that were left, each time.
    pub(crate) left: Vec<Record>,
    /// Keys that somebody asked for.
    pub(crate) asked: BTreeSet<Vec<u8>>,
    /// How often somebody said that they have something.
    pub(crate) provided: usize,
    /// How often it was asked for a place.
    pub(crate) places: usize,
    /// Who asked.
    pub(crate) let_in: BTreeSet<PeerId>,
    /// Who opened circuits.
    pub(crate) callers: BTreeSet<PeerId>,
    /// Who left records.
    pub(crate) leavers: BTreeSet<PeerId>,
    /// Circuits that it opened.
    pub(crate) circuits: usize,
    /// Circuits that it closed.
    pub(crate) closed: usize,
    /// Circuits and places that it refused.
    pub(crate) refused: usize,
    /// Agents, protocols and addresses that others named for themselves.
    pub(crate) named: BTreeSet<String>,
}

struct Order(SyncSender<Walked>);

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    relay: relay::Behaviour,
    table: kad::Behaviour<Shelf>,
}

impl Foreign {
    /// Starts it and waits until it listens.
    pub(crate) fn start(terms: Terms) -> Self {
        let (orders, wanted) = mpsc::channel(1);
        let (listens, listening) = sync_channel(PLACES_MAX);
        let (seen, tape) = (Arc::new(Mutex::new(Seen::default())), Tape::default());
        let (watch, record) = (Arc::clone(&seen), tape.clone());
        let count = terms.listen.len();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let swarm = swarm(&terms, &watch, &record);
                run(swarm, &watch, wanted, &listens).await;
            });
        });
        let places = (0..count).map(|_| listening.recv_timeout(PATIENCE).unwrap()).collect();
        Self { seen, tape, orders: Some(orders), thread: Some(thread), places }
    }

    /// Where it is, as those have it who name it as their server.
    pub(crate) fn bootstrap(&self) -> Vec<&str> {
        self.places.iter().flat_map(|place| ["--bootstrap", place.as_str()]).collect()
    }

    /// What it saw since it started.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Every byte that passed its connections since this was asked last, stream by stream.
    pub(crate) fn takes_the_tape(&self) -> Vec<Vec<u8>> {
        self.tape.take()
    }

    /// Asks all whom it finds for all that it knows to ask for.
    pub(crate) fn walks(&self) -> Walked {
        let (answer, answered) = sync_channel(1);
        self.orders.as_ref().unwrap().try_send(Order(answer)).ok();
        answered.recv_timeout(PATIENCE).unwrap()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn swarm(terms: &Terms, seen: &Arc<Mutex<Seen>>, tape: &Tape) -> Swarm<Behaviour> {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|key| {
            let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true)).upgrade(Version::V1Lazy);
            let tcp = tcp.authenticate(noise::Config::new(key)?).multiplex(yamux::Config::default());
            let quic = quic::tokio::Transport::new(quic::Config::new(key));
            let tape = tape.clone();
            Ok(tcp.or_transport(quic).map(move |either, _| match either {
                Either::Left((peer, muxer)) => (peer, Taped::new(muxer, tape.clone())),
                Either::Right((peer, muxer)) => (peer, Taped::new(muxer, tape.clone())),
            }))
        })
        .unwrap()
        .with_behaviour(|key| {
            let own = key.public().to_peer_id();
            let shelf = Shelf { seen: Arc::clone(seen), kept: BTreeMap::new() };
            let mut table = kad::Behaviour::with_config(own, shelf, kad::Config::new(TABLE));
            table.set_mode(Some(kad::Mode::Server));
            let bounds = relay::Config {
                max_circuit_bytes: terms.circuit_bytes,
                max_circuit_duration: terms.circuit_life,
                ..relay::Config::default()
            };
            let mut relay = relay::Behaviour::new(own, bounds);
            relay.set_status(Some(relay::Status::Enable));
            let identify = identify::Config::new("ipfs/0.1.0".to_owned(), key.public());
            let (identify, ping) = (identify::Behaviour::new(identify), ping::Behaviour::default());
            Behaviour { identify, ping, relay, table }
        })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
        .build();
    for place in &terms.listen {
        swarm.listen_on(place.parse().unwrap()).unwrap();
    }
    for door in &terms.doors {
        swarm.dial(door.parse::<Multiaddr>().unwrap()).unwrap();
    }
    swarm
}

async fn run(
    mut swarm: Swarm<Behaviour>,
    seen: &Mutex<Seen>,
    mut wanted: mpsc::Receiver<Order>,
    listens: &SyncSender<String>,
) {
    let mut walk = None;
    loop {
        tokio::select! {
            order = wanted.recv() => {
                let Some(Order(answer)) = order else { return };
                let keys = { let seen = seen.lock().unwrap(); seen.keys() };
                walk = Some(Walk::begin(&mut swarm.behaviour_mut().table, keys, answer));
            }
            event = swarm.select_next_some() => match event {
                SwarmEvent::NewListenAddr { address, .. } => {
                    listens.send(address.to_string()).ok();
                    swarm.add_external_address(address);
                }
                SwarmEvent::Behaviour(event) => on_behaviour(&mut swarm, seen, &mut walk, event),
                _ => {}
            },
        }
    }
}

fn on_behaviour(
    swarm: &mut Swarm<Behaviour>,
    seen: &Mutex<Seen>,
    walk: &mut Option<Walk>,
    event: BehaviourEvent,
) {
    let mut seen = seen.lock().unwrap();
    match event {
        BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
            let names = [info.protocol_version, info.agent_version].into_iter();
            let spoken = info.protocols.iter().map(ToString::to_string);
            let places = info.listen_addrs.iter().map(ToString::to_string);
            seen.named.extend(names.chain(spoken).chain(places));
            drop(seen);
            for address in info.listen_addrs {
                swarm.behaviour_mut().table.add_address(&peer_id, address);
            }
            swarm.behaviour_mut().table.bootstrap().ok();
        }
        BehaviourEvent::Relay(relay::Event::ReservationReqAccepted { src_peer_id, .. }) => {
            seen.places += 1;
            seen.let_in.insert(src_peer_id);
        }
        BehaviourEvent::Relay(relay::Event::CircuitReqAccepted { src_peer_id, .. }) => {
            seen.circuits += 1;
            seen.callers.insert(src_peer_id);
        }
        BehaviourEvent::Relay(relay::Event::CircuitClosed { .. }) => seen.closed += 1,
        BehaviourEvent::Relay(
            relay::Event::ReservationReqDenied { .. } | relay::Event::CircuitReqDenied { .. },
        ) => seen.refused += 1,
        BehaviourEvent::Table(kad::Event::InboundRequest {
            request: kad::InboundRequest::PutRecord { source, .. },
        }) => {
            seen.leavers.insert(source);
        }
        BehaviourEvent::Table(kad::Event::OutboundQueryProgressed { id, result, step, .. }) => {
            drop(seen);
            if let Some(running) = walk
                && running.goes_on(id, result, step.last)
            {
                *walk = None;
            }
        }
        _ => {}
    }
}

impl Seen {
    /// Keys of records, whether they were left or asked for.
    pub(crate) fn keys(&self) -> BTreeSet<Vec<u8>> {
        let left = self.left.iter().map(|record| record.key.to_vec());
        left.chain(self.asked.iter().cloned()).collect()
    }
}

/// Keeps what is left, the newest of each key, and writes everything down.
struct Shelf {
    seen: Arc<Mutex<Seen>>,
    kept: BTreeMap<Vec<u8>, Record>,
}

impl RecordStore for Shelf {
    type RecordsIter<'a> = iter::Empty<Cow<'a, Record>>;
    type ProvidedIter<'a> = iter::Empty<Cow<'a, ProviderRecord>>;

    fn get(&self, key: &RecordKey) -> Option<Cow<'_, Record>> {
        self.seen.lock().unwrap().asked.insert(key.to_vec());
        self.kept.get(key.as_ref()).map(Cow::Borrowed)
    }

    fn put(&mut self, record: Record) -> Kept<()> {
        self.seen.lock().unwrap().left.push(record.clone());
        self.kept.insert(record.key.to_vec(), record);
        Ok(())
    }

    fn remove(&mut self, key: &RecordKey) {
        self.kept.remove(key.as_ref());
    }

    fn records(&self) -> Self::RecordsIter<'_> {
        iter::empty()
    }

    fn add_provider(&mut self, _: ProviderRecord) -> Kept<()> {
        self.seen.lock().unwrap().provided += 1;
        Ok(())
    }

    fn providers(&self, _: &RecordKey) -> Vec<ProviderRecord> {
        Vec::new()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        iter::empty()
    }

    fn remove_provider(&mut self, _: &RecordKey, _: &PeerId) {}
}
