//! The bench's network: who is reached by a dial, directly or over a relay, and what comes of links.

use super::{Bench, Who};
use crate::{
    address::{Address, Circuit},
    ids::{DialId, LinkId, TransportId},
    input::{Input, LinkEnds, Way},
};

/// One end of a link.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) owner: Who,
    pub(super) other: LinkId,
}

impl Bench {
    /// Both dial each other at the same moment, through what keeps others out; the first counts as who dialled.
    pub fn punch(&mut self, first: Who, second: Who) {
        let way = |first| Way::Punched { first };
        self.link(first, second, None, [way(true), way(false)]);
    }

    /// One reaches the other over a relay, without having been asked to.
    pub fn relay_between(&mut self, who: Who, whom: Who) {
        self.link(who, whom, Some(DialId::new(u64::MAX)), [Way::Relayed; 2]);
    }

    /// Somebody whom nobody knows reaches this one over a relay, and says nothing.
    pub fn stranger_over_relay(&mut self, whom: Who) {
        let (far, near) = (LinkId::new(self.next_link), LinkId::new(self.next_link + 1));
        self.next_link += 2;
        let Some(own) = self.peers.get(whom).map(|peer| peer.transport.clone()) else { return };
        let Some(peer) = TransportId::new(&self.random.bytes::<32>()) else { return };
        // Its end is nobody's on this bench.
        self.wires.insert(far, Wire { owner: Who::MAX, other: near });
        self.wires.insert(near, Wire { owner: whom, other: far });
        let ends = LinkEnds { own, peer, dial: None, address: None, way: Way::Relayed };
        self.input(whom, Input::LinkUp { link: near, ends });
        self.settle();
    }

    pub(super) fn connect(&mut self, who: Who, dial: DialId, addresses: &[Address], circuits: &[Circuit]) {
        let target = self
            .peers
            .iter()
            .position(|peer| peer.engine.is_some() && addresses.contains(&peer.address))
            .filter(|target| *target != who && !self.apart.contains(&(who, *target)));
        if let Some(target) = target {
            self.link(who, target, Some(dial), [Way::Direct; 2]);
            return;
        }
        let refused = self.refused;
        for (address, why) in addresses.iter().filter_map(|address| Some((*address, refused?))) {
            self.input(who, Input::AddressFailed { dial, address, why });
        }
        if let Some(target) = circuits.iter().find_map(|circuit| self.behind(circuit)) {
            self.link(who, target, Some(dial), [Way::Relayed; 2]);
        } else if addresses.is_empty() || !self.internet.endless {
            self.input(who, Input::DialFailed { dial });
        }
    }

    /// Who is let in by a circuit's relay.
    fn behind(&self, circuit: &Circuit) -> Option<Who> {
        let is_there = |relays: &[_]| relays.contains(&circuit.relay);
        let is_down = self.internet.down.contains(&circuit.relay);
        self.peers
            .iter()
            .position(|peer| {
                let lets_in = peer.standing.as_ref().is_some_and(|standing| is_there(&standing.relays));
                peer.engine.is_some() && peer.transport == circuit.peer && lets_in
            })
            .filter(|_| !is_down)
    }

    fn link(&mut self, who: Who, target: Who, dial: Option<DialId>, [way, way_there]: [Way; 2]) {
        let (near, far) = (LinkId::new(self.next_link), LinkId::new(self.next_link + 1));
        self.next_link += 2;
        self.wires.insert(near, Wire { owner: who, other: far });
        self.wires.insert(far, Wire { owner: target, other: near });
        let transports = (self.peers.get(who), self.peers.get(target));
        let (Some(one), Some(two)) = transports else {
            return;
        };
        let (own, peer) = (one.transport.clone(), two.transport.clone());
        let seen = |address, way| (way != Way::Relayed).then_some(address);
        let ends =
            LinkEnds { own: own.clone(), peer: peer.clone(), dial, address: seen(two.address, way), way };
        let other = LinkEnds {
            own: peer,
            peer: own,
            dial: None,
            address: seen(one.address, way_there),
            way: way_there,
        };
        self.input(target, Input::LinkUp { link: far, ends: other });
        self.input(who, Input::LinkUp { link: near, ends });
    }

    pub(super) fn deliver(&mut self, link: LinkId, bytes: Vec<u8>) {
        let Some(owner) = self.wires.get(&link).map(|wire| wire.owner) else {
            return;
        };
        if self.hushed.contains(&link) {
            if bytes.is_empty() {
                self.wires.remove(&link);
                self.input(owner, Input::LinkDown { link });
            }
            return;
        }
        let cut = self.cuts_percent > 0 && self.random.below(100) < self.cuts_percent;
        if bytes.is_empty() || cut {
            self.hang_up(link);
        } else {
            self.input(owner, Input::Frame { link, bytes });
        }
    }

    pub(super) fn hang_up(&mut self, link: LinkId) {
        let Some(wire) = self.wires.remove(&link) else {
            return;
        };
        let other = self.wires.remove(&wire.other).map(|other| (other.owner, wire.other));
        self.queue.retain(|(to, _)| *to != link && *to != wire.other);
        self.input(wire.owner, Input::LinkDown { link });
        if let Some((owner, link)) = other {
            self.input(owner, Input::LinkDown { link });
        }
    }
}
