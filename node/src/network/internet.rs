//! What leads beyond this network, put together: servers, the meeting place, how far we can be reached.
//!
//! Every event of the swarm passes by here first; what it says of how we stand goes to the engine when it has changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use causerie_protocol::{
    address::Address,
    ids::LookupId,
    input::{Input, Standing},
};
use libp2p::{
    Multiaddr, PeerId, Swarm, identify, kad, relay,
    swarm::{
        SwarmEvent,
        behaviour::toggle::Toggle,
        dial_opts::{DialOpts, PeerCondition},
    },
};

use super::{
    Exposure, NetworkConfig, Serving,
    behaviour::{NodeBehaviour, NodeBehaviourEvent},
    gate::Gate,
    limits,
    meeting::{self, Meeting, Table},
    multiaddr,
    punching::Punching,
    reachability::Reachability,
    servers::ServerEvent,
};

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Internet {
    on: bool,
    serves: bool,
    /// Whether others are let in by relays.
    let_in: bool,
    /// Whether nodes that turn out to be relays are used as servers: they could be a contact's own.
    finds: bool,
    loopback: bool,
    meeting: Meeting,
    reach: Reachability,
    punching: Punching,
    punches: bool,
    /// Servers that keep records.
    doors: Vec<PeerId>,
    told: Option<Standing>,
    serving: Serving,
    /// Circuits that we carry, by the peers at their ends.
    circuits: BTreeMap<(PeerId, PeerId), usize>,
    places: BTreeSet<PeerId>,
}

impl Internet {
    /// Nothing is known yet.
    pub(crate) fn new(config: &NetworkConfig) -> Self {
        Self {
            on: config.internet(),
            serves: config.serves(),
            let_in: config.exposure != Exposure::Stealth,
            finds: config.exposure != Exposure::RelaysOnly,
            loopback: config.loopback,
            meeting: Meeting::default(),
            reach: Reachability::default(),
            punching: Punching::default(),
            punches: config.lets_in(),
            doors: Vec::new(),
            told: None,
            serving: Serving::default(),
            circuits: BTreeMap::new(),
            places: BTreeSet::new(),
        }
    }

    /// Leaves a record at the meeting place.
    pub(crate) fn publish(
        &mut self,
        swarm: &mut Swarm<NodeBehaviour>,
        key: [u8; 32],
        value: Vec<u8>,
        life: Duration,
    ) {
        if let Some(table) = table(swarm) {
            self.meeting.publish(table, key, value, life);
        }
    }

    /// Asks the meeting place; what the engine hears where it cannot be asked.
    pub(crate) fn look_up(
        &mut self,
        swarm: &mut Swarm<NodeBehaviour>,
        lookup: LookupId,
        key: [u8; 32],
    ) -> Option<Input> {
        match table(swarm) {
            Some(table) => {
                self.meeting.look_up(table, lookup, key);
                None
            }
            None => Some(Input::LookupEnded { lookup }),
        }
    }

    /// What the engine hears of what the meeting place says.
    pub(crate) fn handle_table(&mut self, swarm: &mut Swarm<NodeBehaviour>, event: kad::Event) -> Vec<Input> {
        if let (kad::Event::RoutingUpdated { peer, addresses, .. }, Some(gate)) =
            (&event, swarm.behaviour_mut().table.as_mut())
        {
            gate.takes_out(peer, addresses);
        }
        match table(swarm) {
            Some(table) => self.meeting.handle(table, event),
            None => Vec::new(),
        }
    }

    /// Where we listen is another place than before.
    pub(crate) fn listening(
        &mut self,
        swarm: &mut Swarm<NodeBehaviour>,
        before: &[Address],
        now: &[Address],
    ) {
        if !self.on {
            return;
        }
        let gone = || before.iter().filter(|one| !now.contains(one));
        for address in gone() {
            self.reach.disproved(address);
            swarm.remove_external_address(&multiaddr::to_multiaddr(address));
        }
        for address in now.iter().filter(|one| self.serves && one.is_dialable(self.loopback)) {
            // There may be nobody else who can say so: those who serve are where the person who runs them says.
            swarm.add_external_address(multiaddr::to_multiaddr(address));
            if address.is_public(self.loopback) {
                self.reach.proved(*address);
            }
        }
        // What is gone may have been the way that is in use; what is new may be one where there was none.
        let moved = gone().next().is_some();
        if moved {
            self.reach.doubt();
            // Strangers of the new network are not told where we were; who sees us there again brings it back.
            let told: Vec<Multiaddr> = swarm.external_addresses().cloned().collect();
            for address in told {
                if multiaddr::from_multiaddr(&address).is_none_or(|one| !now.contains(&one.address)) {
                    swarm.remove_external_address(&address);
                }
            }
        }
        if let Some(servers) = swarm.behaviour_mut().servers.as_mut() {
            servers.begin_anew(moved);
        }
    }

    /// Takes notice of an event; whether it may have changed how we stand.
    pub(crate) fn note(
        &mut self,
        swarm: &mut Swarm<NodeBehaviour>,
        event: &SwarmEvent<NodeBehaviourEvent>,
    ) -> bool {
        if !self.on {
            return false;
        }
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let dialled = endpoint.is_dialer().then(|| endpoint.get_remote_address());
                if dialled.is_none() {
                    self.meeting.connected(*connection_id, endpoint.get_remote_address());
                }
                self.punching.connected(*peer_id, endpoint.is_relayed(), dialled, Instant::now());
                return false;
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, endpoint, .. } => {
                self.meeting.disconnected(*connection_id);
                self.punching.disconnected(peer_id, endpoint.is_relayed());
                return false;
            }
            SwarmEvent::ExternalAddrConfirmed { address } => {
                // A relay is no address of ours.
                if let Some(address) = multiaddr::from_multiaddr(address) {
                    self.reach.proved(address.address);
                }
            }
            SwarmEvent::ExternalAddrExpired { address } => {
                if let Some(address) = multiaddr::from_multiaddr(address) {
                    self.reach.disproved(&address.address);
                }
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                tracing::debug!(?reason, "a place at a relay may be lost");
                self.reach.ended(*listener_id, Instant::now());
            }
            SwarmEvent::Behaviour(event) => return self.note_behaviour(swarm, event),
            _ => return false,
        }
        true
    }

    fn note_behaviour(&mut self, swarm: &mut Swarm<NodeBehaviour>, event: &NodeBehaviourEvent) -> bool {
        match event {
            NodeBehaviourEvent::Servers(ServerEvent::Lost(peer)) => {
                tracing::debug!(%peer, "a server is lost");
                self.lost(swarm, peer);
            }
            NodeBehaviourEvent::Servers(event) => tracing::debug!(?event, "of a server"),
            NodeBehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.on_identified(swarm, *peer_id, info);
            }
            NodeBehaviourEvent::RelayClient(relay::client::Event::ReservationReqAccepted {
                relay_peer_id,
                ..
            }) => self.reach.granted(relay_peer_id),
            NodeBehaviourEvent::RelayServer(event) => self.on_served(event),
            NodeBehaviourEvent::Punch(event) => {
                tracing::debug!(result = ?event.result, "both sides dialled");
                return false;
            }
            NodeBehaviourEvent::Probe(event) => {
                tracing::debug!(address = %event.tested_addr, result = ?event.result, "dialled back");
                return false;
            }
            NodeBehaviourEvent::PortMapping(event) => {
                tracing::debug!(?event, "of the router");
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Somebody was let in, or left; a circuit began, or ended.
    fn on_served(&mut self, event: &relay::Event) {
        match event {
            relay::Event::ReservationReqAccepted { src_peer_id, .. } => {
                self.places.insert(*src_peer_id);
            }
            relay::Event::ReservationClosed { src_peer_id }
            | relay::Event::ReservationTimedOut { src_peer_id } => {
                self.places.remove(src_peer_id);
            }
            relay::Event::CircuitReqAccepted { src_peer_id, dst_peer_id } => {
                *self.circuits.entry((*src_peer_id, *dst_peer_id)).or_default() += 1;
            }
            relay::Event::CircuitClosed { src_peer_id, dst_peer_id, .. } => {
                let ends = (*src_peer_id, *dst_peer_id);
                if let Some(count) = self.circuits.get_mut(&ends) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.circuits.remove(&ends);
                    }
                }
            }
            relay::Event::ReservationReqDenied { .. } | relay::Event::CircuitReqDenied { .. } => {
                self.serving.refused += 1;
            }
            _ => {}
        }
    }

    /// Brings up to date what was told of our service to others; whether it changed.
    pub(crate) fn has_served(&self, told: &mut Option<Serving>) -> bool {
        if !self.serves {
            return false;
        }
        let records = self.meeting.kept();
        let now = Serving {
            places: self.places.len(),
            circuits: self.circuits.values().sum(),
            records,
            ..self.serving
        };
        told.replace(now) != Some(now)
    }

    /// Somebody said who they are, what they do for others, and where they see us.
    fn on_identified(&mut self, swarm: &mut Swarm<NodeBehaviour>, peer: PeerId, info: &identify::Info) {
        if let Some(seen) = multiaddr::public(&info.observed_addr, self.loopback)
            && self.reach.seen_at(&seen)
        {
            swarm.add_external_address(multiaddr::to_multiaddr(&seen));
        }
        let behaviour = swarm.behaviour_mut();
        let Some(servers) = behaviour.servers.as_mut() else { return };
        let up = servers.up().find(|(other, _)| *other == peer).map(|(_, address)| address);
        if let (Some(_), Some(seen)) = (up, multiaddr::public(&info.observed_addr, self.loopback)) {
            behaviour.identify.is_seen(peer, seen.ip);
        }
        let told = info.listen_addrs.iter().find_map(|one| multiaddr::public(one, self.loopback));
        if info.protocols.contains(&relay::HOP_PROTOCOL_NAME) {
            match (up, told) {
                (Some(address), _) => self.reach.is_relay(peer, address),
                (None, Some(address)) if self.finds => servers.found(address, peer),
                (None, _) => {}
            }
        }
        if info.protocols.contains(&meeting::PROTOCOL) {
            if up.is_some() && !self.doors.contains(&peer) {
                self.doors.push(peer);
            }
            if let (Some(table), Some(address)) = (behaviour.table.as_mut(), up.or(told)) {
                table.add_address(&peer, multiaddr::to_multiaddr(&address));
            }
        }
    }

    /// A connection to a server is gone; another one to the same may stand.
    fn lost(&mut self, swarm: &Swarm<NodeBehaviour>, peer: &PeerId) {
        let was_relay = self.reach.lost(peer);
        let servers = swarm.behaviour().servers.as_ref();
        match servers.and_then(|servers| servers.up().find(|(other, _)| other == peer)) {
            Some((_, address)) if was_relay => self.reach.is_relay(*peer, address),
            Some(_) => {}
            None => self.doors.retain(|other| other != peer),
        }
    }

    /// Asks relays for places, and tries to get through routers.
    pub(crate) fn look_around(&mut self, swarm: &mut Swarm<NodeBehaviour>) {
        let now = Instant::now();
        while let Some((peer, over)) = self.punching.next(now).filter(|_| self.punches) {
            let opts = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(vec![over]);
            let dialled = swarm.dial(opts.build());
            dialled.inspect_err(|error| tracing::debug!(%error, "a relay cannot be dialled")).ok();
        }
        if !self.on || !self.let_in {
            return;
        }
        while let Some((peer, place)) = self.reach.wanted(now) {
            let listener = ask(swarm, place);
            self.reach.asked(&peer, listener, now);
        }
    }

    /// When to look around again.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let now = Instant::now();
        let place = self.reach.next_due().map(|due| if due <= now { now + limits::RELAY_REST } else { due });
        let punch = self.punching.next_due().filter(|_| self.punches);
        place.into_iter().chain(punch).min()
    }

    /// How we stand, if it is not as it was told last.
    pub(crate) fn changed(&mut self, swarm: &Swarm<NodeBehaviour>) -> Option<Standing> {
        if !self.on {
            return None;
        }
        let behaviour = swarm.behaviour();
        let keeps = behaviour.table.as_ref().is_some_and(|table| table.mode() == kad::Mode::Server);
        let up = behaviour.servers.as_ref().map(|servers| servers.up().map(|(_, address)| address).collect());
        let standing = Standing {
            servers: up.unwrap_or_default(),
            ..self.reach.standing(keeps || !self.doors.is_empty())
        };
        if self.told.as_ref() == Some(&standing) {
            return None;
        }
        self.told = Some(standing.clone());
        Some(standing)
    }
}

fn table(swarm: &mut Swarm<NodeBehaviour>) -> Option<&mut Table> {
    let table: &mut Toggle<Gate<Table>> = &mut swarm.behaviour_mut().table;
    table.as_mut().map(|table| &mut **table)
}

fn ask(swarm: &mut Swarm<NodeBehaviour>, place: Multiaddr) -> Option<libp2p::core::transport::ListenerId> {
    let asked = swarm.listen_on(place);
    asked.inspect_err(|error| tracing::debug!(%error, "a relay cannot be asked")).ok()
}
