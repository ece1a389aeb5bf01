//! Several engines on one bench: a pretend network, disk and clock, for tests and simulations.
//!
//! Everything is driven by one seed and a virtual clock, so a run repeats exactly. Names read as sentences:
//! `bench.befriend(alice, bob)`, `bench.send(alice, bob, "hi")`, `bench.crash(alice)`.

pub mod crash;
pub mod fuzz;
mod internet;
mod memory;
pub mod plant;
mod recording;
mod ring;
pub mod tap;
pub mod thief;
mod verbs;
mod wires;

pub use crash::{Crash, CrashMoment};
pub use internet::{Internet, Left};
pub use memory::MemoryRecords;
pub use recording::Recording;
use wires::Wire;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{IpAddr, Ipv4Addr},
};

use core::{ops::Range, time::Duration};

use crate::{
    address::{Address, Circuit, Transport},
    answer::{Answer, CommandError, DialFailure},
    command::Command,
    engine::{Engine, Settings, State},
    entropy::{Entropy, TurnRandom},
    event::Event,
    ids::{AccountId, CommandId, LinkId, TransportId},
    input::{Input, Standing},
    moment::{Moment, Now, WallTime},
    name,
    output::{ChangeSet, Output},
    secret::Secret,
    turn::Turn,
    vault::{Vault, ring::Slot},
};

/// Which engine on the bench.
pub type Who = usize;

/// Several engines, their disks, and the network between them.
#[derive(Debug)]
pub struct Bench {
    /// The engines.
    pub peers: Vec<Peer>,
    /// The virtual clock.
    pub now: Moment,
    random: TurnRandom,
    wires: BTreeMap<LinkId, Wire>,
    queue: VecDeque<(LinkId, Vec<u8>)>,
    next_link: u64,
    next_command: u64,
    apart: BTreeSet<(Who, Who)>,
    /// Ends of links on which nothing passes any more, and nobody says so.
    hushed: BTreeSet<LinkId>,
    /// Of a hundred frames so many are lost, with the link they were on.
    pub cuts_percent: u64,
    /// What lies where anybody can leave something, and relays.
    pub internet: Internet,
    /// What the network says of each address at which nobody is; `None`: nothing.
    pub refused: Option<DialFailure>,
    /// The number of what is tapped first in the turn that runs.
    turn_began: u64,
    unsaid: Vec<Range<u64>>,
}

/// One engine with its disk.
#[derive(Debug)]
pub struct Peer {
    /// The engine; `None` while it is not running.
    pub engine: Option<Engine>,
    /// Everything that was applied.
    pub store: MemoryRecords,
    /// What people were told, in order.
    pub events: Vec<Event>,
    /// What the log was told.
    pub logged: Vec<String>,
    /// How many frames it sent.
    pub sent: usize,
    /// What it dialled: addresses, and over which relays.
    pub dials: Vec<(Vec<Address>, Vec<Circuit>)>,
    /// How far the wall clock is off, in milliseconds.
    pub clock_off: i64,
    /// Which machine and files it runs on.
    pub place: [u8; 32],
    /// Whether it may use the internet, from the next start on.
    pub internet: bool,
    /// Whether contacts may learn its addresses, from the next start on.
    pub direct: bool,
    /// Servers that its person names, from the next start on.
    pub servers: Vec<Address>,
    /// Whether it remembers those of contacts, from the next start on.
    pub learns: bool,
    /// Whether they are a server.
    pub serves: bool,
    /// What it was told of the world beyond its network; `None`: nothing.
    pub standing: Option<Standing>,
    /// Its life since the last start.
    pub recording: Option<Recording>,
    account: AccountId,
    header: Vec<u8>,
    wrapping: Secret,
    written: Vec<Written>,
    transport: TransportId,
    address: Address,
    crash: Option<Crash>,
    replies: BTreeMap<CommandId, Result<Answer, CommandError>>,
}

impl Peer {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }
}

/// One thing that became durable.
#[derive(Clone, Debug)]
enum Written {
    Changes(ChangeSet),
    Identity(Vec<u8>),
    Ring(Slot, Vec<u8>),
}

/// A wall time that all tests begin at: 2026-01-01.
pub const BEGINNING: WallTime = WallTime::from_millis(1_767_225_600_000);

impl Bench {
    /// So many engines with new accounts, running, on one network.
    ///
    /// # Panics
    /// When an engine cannot be made, which is a fault of this program.
    #[must_use]
    pub fn new(seed: u8, names: &[&str]) -> Self {
        let mut bench = Self {
            peers: Vec::new(),
            now: Moment::default(),
            random: TurnRandom::new(&Entropy::new([seed; 32])),
            wires: BTreeMap::new(),
            queue: VecDeque::new(),
            next_link: 0,
            next_command: 0,
            apart: BTreeSet::new(),
            hushed: BTreeSet::new(),
            cuts_percent: 0,
            internet: Internet::default(),
            refused: None,
            turn_began: 0,
            unsaid: Vec::new(),
        };
        for (who, name) in names.iter().enumerate() {
            let (header, wrapping, vault) = Vault::create(&mut bench.random);
            let now = Now { moment: bench.now, wall: BEGINNING };
            let entropy = Entropy::new(bench.random.bytes());
            let made = name::check(name).ok().and_then(|name| Engine::create(&name, &vault, now, &entropy));
            let Some((account, identity)) = made else { continue };
            let port = 1_000 + u16::try_from(who).unwrap_or_default();
            let address = Address { transport: Transport::Tcp, ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
            let Some(transport) = TransportId::new(&bench.random.bytes::<32>()) else { continue };
            bench.peers.push(Peer {
                engine: None,
                store: MemoryRecords::default(),
                events: Vec::new(),
                logged: Vec::new(),
                sent: 0,
                dials: Vec::new(),
                clock_off: 0,
                place: bench.random.bytes(),
                internet: true,
                direct: true,
                servers: Vec::new(),
                learns: true,
                serves: false,
                standing: None,
                recording: None,
                account,
                header,
                wrapping,
                written: vec![Written::Identity(identity)],
                transport,
                address,
                crash: None,
                replies: BTreeMap::new(),
            });
            bench.start(who);
        }
        bench
    }

    /// Starts an engine on what is durable.
    pub fn start(&mut self, who: Who) {
        let (now, entropy) = (self.clock(who), Entropy::new(self.random.bytes()));
        let transport = TransportId::new(&self.random.bytes::<32>());
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        peer.store = MemoryRecords::default();
        let mut identity = Vec::new();
        for written in &peer.written {
            match written {
                Written::Changes(changes) => peer.store.apply(changes),
                Written::Identity(bytes) => identity.clone_from(bytes),
                Written::Ring(..) => {}
            }
        }
        let ring = peer.ring();
        let settings = Settings {
            loopback: true,
            place: Some(peer.place),
            internet: peer.internet,
            direct: peer.direct,
            servers: peer.servers.clone(),
            learn_servers: peer.learns,
            serves: peer.serves,
            ..Settings::default()
        };
        let vault = Vault::open(&peer.header, &peer.wrapping).ok();
        self.turn_began = tap::position();
        peer.recording = Some(Recording {
            vault: (peer.header.clone(), peer.wrapping.clone()),
            identity: identity.clone(),
            ring: ring.clone(),
            store: peer.store.clone(),
            settings: settings.clone(),
            opened: (now, entropy.clone()),
            inputs: Vec::new(),
            outputs: Vec::new(),
        });
        peer.engine = vault.and_then(|vault| {
            Engine::open(vault, &identity, &ring, settings, now, &entropy, &peer.store).ok()
        });
        if let Some(transport) = transport {
            peer.transport = transport;
        }
        let (own, address) = (peer.transport.clone(), peer.address);
        self.perform(who);
        self.input(who, Input::Listening { addresses: vec![address] });
        self.input(who, Input::NetworkUp { own });
        self.tell_standing(who);
    }

    /// Stops an engine at once; what was applied is durable, what was still to be done is not.
    pub fn stop(&mut self, who: Who) {
        if let Some(peer) = self.peers.get_mut(who) {
            peer.engine = None;
        }
        let ends: Vec<LinkId> =
            self.wires.iter().filter(|(_, wire)| wire.owner == who).map(|(link, _)| *link).collect();
        for link in ends {
            self.hang_up(link);
        }
    }

    /// An engine is gone without a word: the others' links to it still seem to stand.
    pub fn vanish(&mut self, who: Who) {
        if let Some(peer) = self.peers.get_mut(who) {
            peer.engine = None;
        }
    }

    /// Takes the newest so many writes of a stopped engine's disk away.
    pub fn lose_writes(&mut self, who: Who, count: usize) {
        if let Some(peer) = self.peers.get_mut(who) {
            // The first write is the identity, without which there is no home.
            let keep = peer.written.len().saturating_sub(count).max(1);
            peer.written.truncate(keep);
        }
    }

    /// Takes the newest so many writes of a stopped engine's store away; its identity file and its ring stay.
    pub fn lose_changes(&mut self, who: Who, count: usize) {
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        for _ in 0..count {
            let last = peer.written.iter().rposition(|written| matches!(written, Written::Changes(_)));
            if let Some(last) = last {
                peer.written.remove(last);
            }
        }
    }

    /// Puts an old copy of a stopped engine's home in the place of what it has: store and identity file.
    pub fn restore(&mut self, who: Who, copy: &MemoryRecords) {
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        let mut store = MemoryRecords::default();
        let mut kept = Vec::new();
        for written in std::mem::take(&mut peer.written) {
            if let Written::Changes(changes) = &written {
                store.apply(changes);
            }
            kept.push(written);
            if store.0 == copy.0 {
                break;
            }
        }
        peer.written = kept;
    }

    /// How many writes a disk has seen: a place to come back to with `lose_writes`.
    #[must_use]
    pub fn writes(&self, who: Who) -> usize {
        self.peers.get(who).map_or(0, |peer| peer.written.len())
    }

    /// Empties a stopped engine's store; its identity file and its ring stay.
    pub fn lose_store(&mut self, who: Who) {
        if let Some(peer) = self.peers.get_mut(who) {
            peer.written.retain(|written| !matches!(written, Written::Changes(_)));
        }
    }

    /// Nothing passes between these two any more, and their links break.
    pub fn part(&mut self, one: Who, two: Who) {
        self.apart.extend([(one, two), (two, one)]);
        let broken: Vec<LinkId> = self
            .wires
            .iter()
            .filter(|(_, wire)| {
                let other = self.wires.get(&wire.other).map(|other| other.owner);
                (wire.owner, other) == (one, Some(two)) || (wire.owner, other) == (two, Some(one))
            })
            .map(|(link, _)| *link)
            .collect();
        for link in broken {
            self.hang_up(link);
        }
    }

    /// One hears the other's announcement on their network.
    pub fn discover(&mut self, who: Who, whom: Who) {
        if let Some(peer) = self.peers.get(whom) {
            let (peer, addresses) = (peer.transport.clone(), vec![peer.address]);
            self.input(who, Input::Discovered { peer, addresses });
        }
    }

    /// The links that stand between these two carry nothing any more, and neither end is told; new ones do.
    pub fn hush(&mut self, one: Who, two: Who) {
        let between = self.wires.iter().filter(|(_, wire)| {
            let other = self.wires.get(&wire.other).map(|other| other.owner);
            (wire.owner == one && other == Some(two)) || (wire.owner == two && other == Some(one))
        });
        self.hushed.extend(between.map(|(link, _)| *link));
    }

    /// A running engine's address changes.
    pub fn moves(&mut self, who: Who, port: u16) {
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        peer.address.port = port;
        let address = peer.address;
        self.input(who, Input::Listening { addresses: vec![address] });
    }

    /// The second becomes a copy of the first: its home, on another disk.
    pub fn copy(&mut self, who: Who, copy: Who) {
        let Some(peer) = self.peers.get(who) else {
            return;
        };
        let (account, header) = (peer.account, peer.header.clone());
        let (wrapping, written) = (peer.wrapping.clone(), peer.written.clone());
        self.stop(copy);
        if let Some(peer) = self.peers.get_mut(copy) {
            (peer.account, peer.header, peer.wrapping, peer.written) = (account, header, wrapping, written);
        }
    }

    /// They can reach each other again.
    pub fn join(&mut self, one: Who, two: Who) {
        self.apart.remove(&(one, two));
        self.apart.remove(&(two, one));
    }

    /// Hands one input to an engine and does what it asks for.
    pub fn input(&mut self, who: Who, input: Input) {
        let (now, entropy) = (self.clock(who), Entropy::new(self.random.bytes()));
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        let Some(engine) = &mut peer.engine else { return };
        if let Some(recording) = &mut peer.recording {
            recording.inputs.push((input.clone(), now, entropy.clone()));
        }
        self.turn_began = tap::position();
        if engine.handle(input, now, &entropy, &peer.store).is_err() {
            peer.engine = None;
            return;
        }
        self.perform(who);
    }

    /// Lets an engine do what no input makes it do: somebody who does not keep the rules.
    pub(crate) fn meddle(&mut self, who: Who, deed: impl FnOnce(&mut State, &mut Turn<'_>)) {
        let (now, entropy) = (self.clock(who), Entropy::new(self.random.bytes()));
        let Some(peer) = self.peers.get_mut(who) else { return };
        let Some(engine) = &mut peer.engine else { return };
        if engine.meddle(now, &entropy, &peer.store, deed).is_err() {
            peer.engine = None;
        }
        self.perform(who);
    }

    /// Gives a command and returns its answer.
    ///
    /// # Errors
    /// The engine's refusal; [`CommandError::NotFound`] also when it is not running.
    pub fn command(&mut self, who: Who, command: Command) -> Result<Answer, CommandError> {
        self.next_command += 1;
        let id = CommandId::new(self.next_command);
        self.input(who, Input::Commands(vec![(id, command)]));
        for _ in 0..100_000 {
            if let Some(reply) = self.peers.get_mut(who).and_then(|peer| peer.replies.remove(&id)) {
                return reply;
            }
            if self.peers.get(who).is_none_or(|peer| peer.engine.is_none()) {
                break;
            }
            self.advance(Duration::from_millis(2));
        }
        Err(CommandError::NotFound)
    }

    /// Delivers everything that is on the way until nothing is.
    pub fn settle(&mut self) {
        while self.step() {}
    }

    /// Delivers one frame; `false` when none is on the way.
    pub fn step(&mut self) -> bool {
        match self.next_of_any_link() {
            Some((link, bytes)) => {
                self.deliver(link, bytes);
                true
            }
            None => false,
        }
    }

    /// The next frame of one link by chance: what is said on one overtakes what was said on another, as it does where
    /// each is a connection of its own.
    fn next_of_any_link(&mut self) -> Option<(LinkId, Vec<u8>)> {
        let count = u64::try_from(self.queue.len()).ok().filter(|count| *count > 0)?;
        let chosen = usize::try_from(self.random.below(count)).ok()?;
        let link = self.queue.get(chosen)?.0;
        // What was said before a link was closed comes first.
        let other = self.wires.get(&link).map(|wire| wire.other);
        let was_said = |to: LinkId, bytes: &[u8]| Some(to) == other && !bytes.is_empty();
        let is_closed =
            self.queue.iter().find(|(to, _)| *to == link).is_some_and(|(_, said)| said.is_empty());
        let first =
            self.queue.iter().position(|(to, said)| *to == link || (is_closed && was_said(*to, said)))?;
        self.queue.remove(first)
    }

    /// Takes the next frame off its way; `overtake` puts it back before all others.
    pub fn hold(&mut self) -> Option<(LinkId, Vec<u8>)> {
        self.queue.pop_front()
    }

    /// Puts a frame that was held on its way again, before all others.
    pub fn overtake(&mut self, held: (LinkId, Vec<u8>)) {
        self.queue.push_front(held);
    }

    /// Lets time pass, with everything that becomes due in it.
    pub fn advance(&mut self, duration: Duration) {
        let until = self.now + duration;
        loop {
            self.settle();
            let due = self
                .peers
                .iter()
                .enumerate()
                .filter_map(|(who, peer)| Some((peer.engine.as_ref()?.poll_timeout()?, who)))
                .filter(|(at, _)| *at <= until)
                .min();
            let Some((at, who)) = due else { break };
            self.now = self.now.max(at);
            self.input(who, Input::Timeout);
        }
        self.now = until;
        self.settle();
    }

    /// How many records all change-sets of an engine have written or removed.
    #[must_use]
    pub fn records_written(&self, who: Who) -> usize {
        self.written(who).map(|changes| changes.writes.len()).sum()
    }

    /// How many records its last change-set wrote or removed.
    #[must_use]
    pub fn records_in_last_write(&self, who: Who) -> usize {
        self.written(who).last().map_or(0, |changes| changes.writes.len())
    }

    fn written(&self, who: Who) -> impl Iterator<Item = &ChangeSet> {
        let all = self.peers.get(who).map(|peer| peer.written.as_slice()).unwrap_or_default();
        all.iter().filter_map(|written| match written {
            Written::Changes(changes) => Some(changes),
            Written::Identity(_) | Written::Ring(..) => None,
        })
    }

    /// How many sessions an engine keeps with another's device.
    #[must_use]
    pub fn sessions(&self, who: Who, with: Who) -> usize {
        let account = self.account(with);
        let engine = self.peers.get(who).and_then(|peer| peer.engine.as_ref());
        account.zip(engine).map_or(0, |(account, engine)| engine.sessions_with(account))
    }

    /// How many links stand.
    #[must_use]
    pub fn links(&self) -> usize {
        self.wires.len() / 2
    }

    /// Everything that a disk has seen, as bytes in order.
    #[must_use]
    pub fn durable(&self, who: Who) -> Vec<u8> {
        let mut bytes = Vec::new();
        for written in self.peers.get(who).map(|peer| peer.written.as_slice()).unwrap_or_default() {
            match written {
                Written::Identity(identity) => bytes.extend_from_slice(identity),
                Written::Ring(_, slot) => bytes.extend_from_slice(slot),
                Written::Changes(changes) => {
                    for (key, value) in &changes.writes {
                        bytes.extend_from_slice(key);
                        bytes.extend_from_slice(value.as_deref().unwrap_or_default());
                    }
                }
            }
        }
        bytes
    }

    fn clock(&self, who: Who) -> Now {
        let off = self.peers.get(who).map_or(0, |peer| peer.clock_off);
        let millis = BEGINNING.as_millis().saturating_add(self.now.as_micros() / 1_000);
        Now { moment: self.now, wall: WallTime::from_millis(millis.saturating_add_signed(off)) }
    }

    fn perform(&mut self, who: Who) {
        let mut outputs = Vec::new();
        if let Some(engine) = self.peers.get_mut(who).and_then(|peer| peer.engine.as_mut()) {
            while let Some(output) = engine.poll_output() {
                outputs.push(output);
            }
        }
        if let Some(recording) = self.peers.get_mut(who).and_then(|peer| peer.recording.as_mut()) {
            recording.outputs.extend_from_slice(&outputs);
        }
        let sealed = self.turn_began..tap::position();
        let (mut persisted, mut crashes) = (0, None);
        for output in outputs {
            crashes = crashes.or_else(|| self.crash_with(who, &output));
            if crashes == Some(CrashMoment::BeforeWrite) {
                return self.crash(who, Some((&output, sealed)));
            }
            let Some(peer) = self.peers.get_mut(who).filter(|peer| peer.engine.is_some()) else {
                return;
            };
            match output {
                Output::Persist(changes) => {
                    peer.store.apply(&changes);
                    peer.written.push(Written::Changes(changes));
                }
                Output::PersistIdentity(bytes) => peer.written.push(Written::Identity(bytes)),
                Output::PersistRing { slot, bytes } => {
                    peer.written.push(Written::Ring(slot, bytes));
                    persisted += 1;
                }
                Output::Notify(event) => peer.events.push(event),
                Output::Log { text, .. } => peer.logged.push(text),
                Output::Reply { command, result } => {
                    peer.replies.insert(command, result);
                }
                Output::Transmit { link, frame } => {
                    peer.sent += 1;
                    if let Some(wire) = self.wires.get(&link) {
                        self.queue.push_back((wire.other, frame));
                    }
                }
                Output::CloseLink { link } => {
                    // Frames before it are still delivered.
                    self.queue.push_back((link, Vec::new()));
                }
                Output::Dial { dial, addresses, circuits, .. } => {
                    peer.dials.push((addresses.clone(), circuits.clone()));
                    self.connect(who, dial, &addresses, &circuits);
                }
                Output::PublishRecord { key, value, life } => self.publish(who, key, value, life),
                Output::LookUp { lookup, key } => self.look_up(who, lookup, key),
            }
            if crashes == Some(CrashMoment::AfterWrite) {
                break;
            }
        }
        if crashes.is_some() {
            return self.crash(who, None);
        }
        for _ in 0..persisted {
            self.input(who, Input::RingPersisted);
        }
    }
}
