//! A gate around another behaviour: what it hears about our addresses, and what it may take for one of them.
//!
//! Relays count to libp2p as addresses of ours. Whoever is told those by identify would learn where we can be met, and
//! Kademlia would take us for a server because of them; so no behaviour behind a gate hears of them, nor of those that lead
//! here only from this network. The other way round,
//! what others claim to have seen of us is passed on only where it can be an address that is dialled from anywhere:
//! over a relay, identify names the relay or nothing but our own identity, and testing those costs the tester 30 to 100 KiB
//! each. And nobody is dialled on this network because a node of the meeting place named an address here, unless the
//! person uses servers here. Whoever meets us over a relay may name where they wait to be dialled: a few addresses that are
//! dialled from anywhere, a few at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    ops::{Deref, DerefMut},
    task::{Context, Poll},
    time::Instant,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    kad,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
    },
};

use thiserror::Error;

use super::{limits, meeting::Table, multiaddr};

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Gate<B> {
    behind: B,
    loopback: bool,
    near: bool,
    /// What passed as a candidate lately, and since when.
    candidates: BTreeSet<Multiaddr>,
    /// The same, of what servers that we dialled see.
    vouched: BTreeSet<Multiaddr>,
    since: Option<Instant>,
    /// Where such servers see us.
    seen: BTreeMap<PeerId, IpAddr>,
    /// Dials of what is behind that are under way, and for whom; `None` where they are not bounded here.
    dials: Option<BTreeMap<ConnectionId, Option<PeerId>>>,
}

/// A dial that is not begun.
#[derive(Clone, Copy, Debug, Error)]
#[error("too many addresses or dials, or an address that nobody dials from afar")]
struct TooMuch;

impl<B> Gate<B> {
    /// Puts a behaviour behind a gate; with `loopback` addresses of this machine count as dialled from anywhere.
    pub(crate) const fn new(behind: B, loopback: bool) -> Self {
        Self {
            behind,
            loopback,
            near: false,
            candidates: BTreeSet::new(),
            vouched: BTreeSet::new(),
            since: None,
            seen: BTreeMap::new(),
            dials: None,
        }
    }

    /// The same for what dials wherever the other end of a relayed connection says.
    pub(crate) fn dialling_few(self) -> Self {
        Self { dials: Some(BTreeMap::new()), ..self }
    }

    /// The same for who also uses servers on this network, if `near`: what is behind may then dial here.
    pub(crate) fn dialling_near(self, near: bool) -> Self {
        Self { near, ..self }
    }

    /// Whether what somebody claims to have seen of us is passed on. Others keep all of it, so it is a few new ones in a
    /// while; one that passed passes again, which says that more of them see it. What lies where our servers see us has
    /// places of its own, so that it takes our IP address to take them.
    fn passes(&mut self, address: &Multiaddr) -> bool {
        if multiaddr::public(address, self.loopback).is_none() {
            return false;
        }
        let now = Instant::now();
        if self.since.is_none_or(|since| now.duration_since(since) >= limits::CANDIDATES_REST) {
            self.candidates.clear();
            self.vouched.clear();
            self.since = Some(now);
        }
        let ip = multiaddr::from_multiaddr(address).map(|one| one.address.ip);
        let is_vouched = self.seen.values().any(|seen| Some(*seen) == ip);
        let passed = if is_vouched { &mut self.vouched } else { &mut self.candidates };
        if passed.len() < limits::CANDIDATES_MAX {
            passed.insert(address.clone());
        }
        passed.contains(address)
    }

    /// A server that we dialled sees us here.
    pub(crate) fn is_seen(&mut self, by: PeerId, ip: IpAddr) {
        if self.seen.len() >= limits::SERVERS_KNOWN_MAX && !self.seen.contains_key(&by) {
            self.seen.clear();
        }
        self.seen.insert(by, ip);
    }

    /// Whether a dial of what is behind may begin.
    fn may_dial(&self, connection: ConnectionId, addresses: &[Multiaddr]) -> bool {
        let Some(dials) = &self.dials else { return true };
        let Some(peer) = dials.get(&connection) else { return true };
        dials.len() <= limits::PUNCHES_MAX
            && dials.values().filter(|other| *other == peer).count() == 1
            && addresses.len() <= limits::PUNCH_ADDRESSES_MAX
            && addresses.iter().all(|address| self.counts(address))
    }

    fn counts(&self, address: &Multiaddr) -> bool {
        multiaddr::from_multiaddr(address).is_some_and(|one| {
            one.address.is_public(self.loopback) || (self.near && one.address.is_dialable(self.loopback))
        })
    }
}

impl Gate<Table> {
    /// Takes out of the table what does not count: where a node was dialled counts to libp2p as an address that others are
    /// told of, also if that was on this network.
    pub(crate) fn takes_out(&mut self, peer: &PeerId, addresses: &kad::Addresses) {
        for address in addresses.iter() {
            if !self.counts(address) {
                self.behind.remove_address(peer, address);
            }
        }
    }
}

impl<B> Deref for Gate<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.behind
    }
}

impl<B> DerefMut for Gate<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.behind
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Gate<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.behind.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.behind.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if !self.may_dial(connection, addresses) {
            return Err(ConnectionDenied::new(TooMuch));
        }
        let mut known = self.behind.handle_pending_outbound_connection(connection, peer, addresses, role)?;
        known.retain(|address| self.counts(address));
        Ok(known)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.behind.handle_established_outbound_connection(connection, peer, remote, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let ended = match &event {
            FromSwarm::ConnectionEstablished(made) => Some(made.connection_id),
            FromSwarm::DialFailure(failure) => Some(failure.connection_id),
            _ => None,
        };
        if let (Some(dials), Some(ended)) = (&mut self.dials, ended) {
            dials.remove(&ended);
        }
        let address = match &event {
            FromSwarm::ExternalAddrConfirmed(confirmed) => Some(confirmed.addr),
            FromSwarm::ExternalAddrExpired(expired) => Some(expired.addr),
            _ => None,
        };
        if address.is_none_or(|address| self.counts(address)) {
            self.behind.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.behind.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            match self.behind.poll(cx) {
                Poll::Ready(ToSwarm::NewExternalAddrCandidate(address)) if !self.passes(&address) => {}
                Poll::Ready(ToSwarm::Dial { opts }) => {
                    if let Some(dials) = &mut self.dials {
                        dials.insert(opts.connection_id(), opts.get_peer_id());
                    }
                    return Poll::Ready(ToSwarm::Dial { opts });
                }
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::meeting;

    #[test]
    fn addresses_on_this_network_are_not_dialled_because_the_meeting_place_names_them() {
        let dialled = |near: bool, loopback: bool| -> Vec<String> {
            let (own, peer) = (PeerId::random(), PeerId::random());
            let mut table = kad::Behaviour::new(own, kad::store::MemoryStore::new(own));
            for address in [
                "/ip4/192.168.1.1/tcp/80",
                "/ip4/127.0.0.1/tcp/80",
                "/ip4/169.254.1.1/tcp/80",
                "/ip6/fe80::1/tcp/80",
                "/ip4/1.2.3.4/tcp/80",
            ] {
                table.add_address(&peer, address.parse().unwrap());
            }
            let mut gate = Gate::new(table, loopback).dialling_near(near);
            let id = ConnectionId::new_unchecked(1);
            let known = gate.handle_pending_outbound_connection(id, Some(peer), &[], Endpoint::Dialer);
            let known = known.unwrap();
            known.iter().map(|one| multiaddr::from_multiaddr(one).unwrap().address.ip.to_string()).collect()
        };
        assert_eq!(dialled(false, false), ["1.2.3.4"]);
        assert_eq!(dialled(true, false), ["192.168.1.1", "1.2.3.4"]);
        assert_eq!(dialled(false, true), ["127.0.0.1", "1.2.3.4"]);
    }

    #[test]
    fn whoever_names_much_as_ours_fills_nothing_and_what_passed_passes_again() {
        let own = PeerId::random();
        let mut gate = Gate::new(kad::Behaviour::new(own, kad::store::MemoryStore::new(own)), false);
        let address =
            |number: usize| format!("/ip4/1.2.{}.{}/tcp/80", number / 200, number % 200).parse().unwrap();
        let passed = (0..10_000).filter(|number| gate.passes(&address(*number))).count();
        assert_eq!((passed, gate.candidates.len()), (limits::CANDIDATES_MAX, limits::CANDIDATES_MAX));
        assert!(gate.passes(&address(0)) && !gate.passes(&address(9_999)));
        assert!(!gate.passes(&"/ip4/192.168.1.1/tcp/80".parse().unwrap()));
        let ours = ["/ip4/9.9.9.9/tcp/80", "/ip4/9.9.9.9/udp/80/quic-v1"].map(|text| text.parse().unwrap());
        assert!(!gate.passes(&ours[0]));
        gate.is_seen(PeerId::random(), [9, 9, 9, 9].into());
        assert!(ours.iter().all(|one| gate.passes(one)), "a server sees us there");
    }

    #[test]
    fn only_a_few_public_addresses_are_dialled_for_who_waits_behind_a_relay() {
        let own = PeerId::random();
        let table = || kad::Behaviour::new(own, kad::store::MemoryStore::new(own));
        let public = |count: usize| -> Vec<Multiaddr> {
            (0..count).map(|number| format!("/ip4/1.2.3.{number}/tcp/80").parse().unwrap()).collect()
        };
        let id = ConnectionId::new_unchecked;
        let dials = |gate: &mut Gate<kad::Behaviour<_>>, connection, addresses: &[Multiaddr]| {
            let peer = Some(PeerId::random());
            gate.handle_pending_outbound_connection(id(connection), peer, addresses, Endpoint::Dialer).is_ok()
        };
        let mut gate = Gate::new(table(), false).dialling_few();
        let begins = |gate: &mut Gate<kad::Behaviour<_>>, connection| {
            gate.dials.as_mut().unwrap().insert(id(connection), Some(PeerId::random()));
        };
        begins(&mut gate, 1);
        assert!(dials(&mut gate, 1, &public(limits::PUNCH_ADDRESSES_MAX)));
        assert!(!dials(&mut gate, 1, &public(limits::PUNCH_ADDRESSES_MAX + 1)));
        for named in ["/ip4/192.168.1.1/tcp/80", "/ip4/127.0.0.1/tcp/80", "/ip6/fe80::1/tcp/80"] {
            assert!(!dials(&mut gate, 1, &[named.parse().unwrap()]), "{named}");
        }
        // What others dial is not its concern.
        assert!(dials(&mut gate, 2, &public(limits::PUNCH_ADDRESSES_MAX + 1)));
        // One at a time for one peer.
        let again = gate.dials.as_ref().unwrap()[&id(1)];
        gate.dials.as_mut().unwrap().insert(id(100), again);
        assert!(!dials(&mut gate, 100, &public(1)));
        gate.dials.as_mut().unwrap().remove(&id(100));
        (3..3 + limits::PUNCHES_MAX).for_each(|connection| begins(&mut gate, connection));
        assert!(!dials(&mut gate, 3, &public(1)), "so many at a time");
    }

    #[test]
    fn nobody_is_told_where_a_node_was_dialled_on_this_network() {
        let (own, peer) = (PeerId::random(), PeerId::random());
        let mut gate = Gate::new(meeting::table(own, true), false);
        let (here, there) = ("/ip6/fe80::1/tcp/80", "/ip4/1.2.3.4/tcp/80");
        for address in [there, here] {
            gate.add_address(&peer, address.parse().unwrap());
        }
        let known = |gate: &mut Gate<Table>| -> Vec<kad::Addresses> {
            let bucket = gate
                .kbucket(peer)
                .into_iter()
                .flat_map(|bucket| bucket.iter().map(|entry| entry.node.value.clone()).collect::<Vec<_>>());
            bucket.collect()
        };
        let before = known(&mut gate).remove(0);
        assert_eq!(before.len(), 2);
        gate.takes_out(&peer, &before);
        let after = known(&mut gate).remove(0);
        assert_eq!(after.len(), 1);
        assert!(after.first().to_string().starts_with(there));
    }
}
