//! How far we can be reached: where anybody can dial us, and the relays that let others in.
//!
//! ```text
//! server that is a relay ─▶ asked for a place ─┬─▶ granted: others can be let in ─▶ lost, or the connection is ─▶ …
//!                                              └─▶ refused: it rests a while
//! ```
//! Places are asked for at up to three relays unless we can be dialled over IPv4, which everybody has; then those that are
//! held are told to nobody. They are not given back: libp2p's relay client panics at the answer to a question, or to a
//! renewal, whose listener was removed (`libp2p-relay` 0.22, `priv_client.rs`), and when that comes is up to the relay. An
//! address counts from when somebody dialled it back to us; when our network changes it is doubted until somebody sees us
//! there again.

use std::{collections::BTreeMap, time::Instant};

use causerie_protocol::{
    address::{Address, Relay},
    input::Standing,
    limits::RELAYS_MAX,
};
use libp2p::{Multiaddr, PeerId, core::transport::ListenerId};

use super::{limits, multiaddr};

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Reachability {
    /// Whether anybody there dialled us since our network changed.
    public: BTreeMap<Address, Proof>,
    relays: BTreeMap<PeerId, Candidate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Fresh,
    Doubted,
}

/// A relay that we are connected to.
#[derive(Debug)]
struct Candidate {
    address: Address,
    place: Place,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    None { rests_until: Option<Instant> },
    Asked(ListenerId),
    Granted(ListenerId),
}

impl Reachability {
    /// Somebody dialled us there.
    pub(crate) fn proved(&mut self, address: Address) {
        self.public.insert(address, Proof::Fresh);
    }

    /// We cannot be dialled there any more.
    pub(crate) fn disproved(&mut self, address: &Address) {
        self.public.remove(address);
    }

    /// Somebody sees us there; whether that takes a doubt away.
    pub(crate) fn seen_at(&mut self, address: &Address) -> bool {
        let doubted = self.public.get_mut(address).filter(|proof| **proof == Proof::Doubted);
        doubted.map(|proof| *proof = Proof::Fresh).is_some()
    }

    /// Our network is another one.
    pub(crate) fn doubt(&mut self) {
        for proof in self.public.values_mut() {
            *proof = Proof::Doubted;
        }
    }

    /// A server that we are connected to turned out to be a relay.
    pub(crate) fn is_relay(&mut self, peer: PeerId, address: Address) {
        let place = Place::None { rests_until: None };
        self.relays.entry(peer).or_insert(Candidate { address, place });
    }

    /// A connection to a server is gone; whether it was a relay.
    pub(crate) fn lost(&mut self, peer: &PeerId) -> bool {
        self.relays.remove(peer).is_some()
    }

    /// Where a place is to be asked for now.
    pub(crate) fn wanted(&self, now: Instant) -> Option<(PeerId, Multiaddr)> {
        let held = self.relays.values().filter(|one| !matches!(one.place, Place::None { .. })).count();
        if held >= RELAYS_MAX || self.is_dialled_over_ip4() {
            return None;
        }
        let ready = |one: &Candidate| match one.place {
            Place::None { rests_until } => rests_until.is_none_or(|until| until <= now),
            Place::Asked(_) | Place::Granted(_) => false,
        };
        let (peer, candidate) = self.relays.iter().find(|(_, one)| ready(one))?;
        Some((*peer, multiaddr::place_at(&relay(peer, candidate)?)?))
    }

    /// A place was asked for; `None` where the question could not even be put.
    pub(crate) fn asked(&mut self, peer: &PeerId, listener: Option<ListenerId>, now: Instant) {
        if let Some(candidate) = self.relays.get_mut(peer) {
            candidate.place = listener.map_or_else(|| resting(now), Place::Asked);
        }
    }

    /// It was granted.
    pub(crate) fn granted(&mut self, peer: &PeerId) {
        if let Some(candidate) = self.relays.get_mut(peer)
            && let Place::Asked(listener) = candidate.place
        {
            candidate.place = Place::Granted(listener);
        }
    }

    /// A listener ended: the place is lost, or was refused, if it was one's.
    pub(crate) fn ended(&mut self, listener: ListenerId, now: Instant) {
        for candidate in self.relays.values_mut() {
            if matches!(candidate.place, Place::Asked(id) | Place::Granted(id) if id == listener) {
                candidate.place = resting(now);
            }
        }
    }

    /// When [`Self::wanted`] may have something that it has not now.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let rests = self.relays.values().filter_map(|one| match one.place {
            Place::None { rests_until } => rests_until,
            Place::Asked(_) | Place::Granted(_) => None,
        });
        rests.min()
    }

    /// All of it, but for the servers.
    pub(crate) fn standing(&self, meeting_place: bool) -> Standing {
        let told = !self.is_dialled_over_ip4();
        let granted = self.relays.iter().filter(|(_, one)| told && matches!(one.place, Place::Granted(_)));
        Standing {
            public: self.fresh().copied().collect(),
            relays: granted.filter_map(|(peer, one)| relay(peer, one)).take(RELAYS_MAX).collect(),
            meeting_place,
            servers: Vec::new(),
        }
    }

    fn fresh(&self) -> impl Iterator<Item = &Address> {
        self.public.iter().filter(|(_, proof)| **proof == Proof::Fresh).map(|(address, _)| address)
    }

    fn is_dialled_over_ip4(&self) -> bool {
        self.fresh().any(|address| address.ip.is_ipv4())
    }
}

fn relay(peer: &PeerId, candidate: &Candidate) -> Option<Relay> {
    Some(Relay { id: multiaddr::to_transport_id(peer)?, address: candidate.address })
}

fn resting(now: Instant) -> Place {
    Place::None { rests_until: Some(now + limits::RELAY_REST) }
}

#[cfg(test)]
mod tests {
    use causerie_protocol::address::Transport;

    use super::*;

    fn address(last: u8) -> Address {
        Address { transport: Transport::Quic, ip: [203, 0, 113, last].into(), port: 47_474 }
    }

    fn with_relays(count: u8) -> (Reachability, Vec<PeerId>) {
        let mut reach = Reachability::default();
        let peers: Vec<PeerId> = (0..count).map(|_| PeerId::random()).collect();
        for (number, peer) in peers.iter().enumerate() {
            reach.is_relay(*peer, address(u8::try_from(number).unwrap()));
        }
        (reach, peers)
    }

    fn ask(reach: &mut Reachability, now: Instant) -> Option<(PeerId, ListenerId)> {
        let (peer, _) = reach.wanted(now)?;
        let listener = ListenerId::next();
        reach.asked(&peer, Some(listener), now);
        Some((peer, listener))
    }

    #[test]
    fn places_are_held_at_three_relays_and_replaced_when_one_goes() {
        let (mut reach, _) = with_relays(5);
        let now = Instant::now();
        let held: Vec<_> = std::iter::from_fn(|| ask(&mut reach, now)).collect();
        assert_eq!(held.len(), RELAYS_MAX);
        assert_eq!(reach.standing(true).relays, []);
        for (peer, _) in &held {
            reach.granted(peer);
        }
        assert_eq!(reach.standing(true).relays.len(), RELAYS_MAX);
        reach.lost(&held[0].0);
        reach.ended(held[1].1, now);
        assert_eq!(reach.standing(true).relays.len(), 1);
        let new: Vec<_> = std::iter::from_fn(|| ask(&mut reach, now)).collect();
        assert_eq!(new.len(), 2);
        assert!(new.iter().all(|(peer, _)| !held.iter().any(|(old, _)| old == peer)));
        // Whoever refused is asked again after a while.
        assert_eq!(reach.next_due(), Some(now + limits::RELAY_REST));
        reach.lost(&new[0].0);
        assert_eq!(reach.wanted(now), None);
        assert!(reach.wanted(now + limits::RELAY_REST).is_some());
    }

    #[test]
    fn whoever_is_dialled_over_ip4_needs_no_relay() {
        let (mut reach, peers) = with_relays(1);
        let now = Instant::now();
        ask(&mut reach, now).unwrap();
        reach.granted(&peers[0]);
        reach.proved(Address { ip: "2001:db8::1".parse().unwrap(), ..address(1) });
        assert_eq!(reach.standing(true).relays.len(), 1);
        // It is held, so that a renewal that is on its way is answered, and told to nobody.
        reach.proved(address(9));
        assert_eq!(reach.standing(true).relays, []);
        assert_eq!(reach.wanted(now + limits::RELAY_REST), None);
        assert_eq!(reach.standing(true).public.len(), 2);
        // On another network that is to be shown again.
        reach.doubt();
        assert_eq!(reach.standing(true).public, []);
        assert_eq!(reach.standing(true).relays.len(), 1);
        assert!(!reach.seen_at(&address(8)));
        assert_eq!(reach.standing(true).public, []);
        assert!(reach.seen_at(&address(9)));
        assert!(!reach.seen_at(&address(9)));
        assert_eq!(reach.standing(true).public, [address(9)]);
        reach.disproved(&address(9));
        assert_eq!(reach.standing(true).public, []);
    }
}
