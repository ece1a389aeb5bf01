//! Who announces themselves on the local network: what both mDNS behaviours say, joined by peer.
//!
//! Each announcement is one peer id with one address, over IPv4 or IPv6, and lapses by itself. The engine hears of a
//! peer with its newest addresses, the newest first, when it has a new one, and again when the last has lapsed or is
//! known to be somebody else's: whoever moved is announced at the old places for minutes. Addresses that somebody else
//! could not dial are skipped, those of IPv6 that mean something on one interface only among them where they are
//! QUIC's: the announcement names no interface, and only our own TCP finds it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use causerie_protocol::{
    address::Address,
    ids::TransportId,
    input::Input,
    limits::{DIAL_ADDRESSES_MAX, DISCOVERED_PEERS_MAX},
};
use libp2p::{Multiaddr, PeerId, mdns};

use super::{limits, multiaddr};

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// The addresses of each, the newest first.
    peers: BTreeMap<TransportId, VecDeque<Address>>,
}

impl Discovery {
    /// Takes what mDNS says and returns what the engine should hear.
    pub(crate) fn handle(&mut self, event: mdns::Event) -> Vec<Input> {
        match event {
            mdns::Event::Discovered(announcements) => self.discovered(&announcements),
            mdns::Event::Expired(announcements) => self.expired(&announcements),
        }
    }

    fn discovered(&mut self, announcements: &[(PeerId, Multiaddr)]) -> Vec<Input> {
        let mut changed = BTreeSet::new();
        for (peer, address) in announcements.iter().filter_map(read) {
            if self.peers.len() >= DISCOVERED_PEERS_MAX && !self.peers.contains_key(&peer) {
                continue;
            }
            let addresses = self.peers.entry(peer.clone()).or_default();
            if !addresses.contains(&address) {
                addresses.push_front(address);
                addresses.truncate(limits::ADDRESSES_PER_PEER_MAX);
                changed.insert(peer);
            }
        }
        changed.into_iter().filter_map(|peer| self.told(peer)).collect()
    }

    fn expired(&mut self, announcements: &[(PeerId, Multiaddr)]) -> Vec<Input> {
        let lapsed = announcements.iter().filter_map(read);
        lapsed.filter_map(|(peer, address)| self.forget(peer, address)).collect()
    }

    /// Somebody else answered at this address: what the announcement said is over, whatever life it has left.
    pub(crate) fn somebody_else_is_at(&mut self, peer: &PeerId, address: &Multiaddr) -> Option<Input> {
        let (peer, address) = read(&(*peer, address.clone()))?;
        self.forget(peer, address)
    }

    /// What the engine hears of an address that is over: that the peer is gone, or which older one takes its place.
    fn forget(&mut self, peer: TransportId, address: Address) -> Option<Input> {
        let addresses = self.peers.get_mut(&peer)?;
        let before = addresses.len();
        addresses.retain(|known| *known != address);
        if addresses.is_empty() {
            self.peers.remove(&peer);
            return Some(Input::DiscoveryExpired { peer });
        }
        let older_one_is_told = before > DIAL_ADDRESSES_MAX && addresses.len() < before;
        older_one_is_told.then(|| self.told(peer)).flatten()
    }

    fn told(&self, peer: TransportId) -> Option<Input> {
        let addresses = self.peers.get(&peer)?.iter().take(DIAL_ADDRESSES_MAX).copied().collect();
        Some(Input::Discovered { peer, addresses })
    }
}

fn read((peer, address): &(PeerId, Multiaddr)) -> Option<(TransportId, Address)> {
    let address = multiaddr::from_multiaddr(address)?.address;
    let peer = multiaddr::to_transport_id(peer)?;
    address.is_dialable_nearby(false).then_some((peer, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(peer: PeerId, address: &str) -> (PeerId, Multiaddr) {
        (peer, format!("{address}/p2p/{peer}").parse().unwrap())
    }

    fn addresses(inputs: &[Input]) -> Vec<String> {
        let [Input::Discovered { addresses, .. }] = inputs else {
            panic!("one peer, not {inputs:?}");
        };
        addresses.iter().map(multiaddr::multiaddr_text).collect()
    }

    #[test]
    fn addresses_of_one_peer_are_told_together() {
        let mut discovery = Discovery::default();
        let peer = PeerId::random();
        let tcp = announcement(peer, "/ip4/10.0.0.1/tcp/47474");
        let quic = announcement(peer, "/ip6/fd00::1/udp/47474/quic-v1");
        let first = discovery.handle(mdns::Event::Discovered(vec![tcp.clone(), tcp.clone()]));
        assert_eq!(addresses(&first), ["/ip4/10.0.0.1/tcp/47474"]);
        let both = discovery.handle(mdns::Event::Discovered(vec![quic.clone()]));
        assert_eq!(addresses(&both), ["/ip6/fd00::1/udp/47474/quic-v1", "/ip4/10.0.0.1/tcp/47474"]);
        assert_eq!(discovery.handle(mdns::Event::Discovered(vec![tcp.clone()])), []);

        assert_eq!(discovery.handle(mdns::Event::Expired(vec![tcp])), []);
        let peer = multiaddr::to_transport_id(&peer).unwrap();
        let gone = Input::DiscoveryExpired { peer };
        assert_eq!(discovery.handle(mdns::Event::Expired(vec![quic.clone()])), [gone]);
        assert_eq!(discovery.handle(mdns::Event::Expired(vec![quic])), []);
    }

    #[test]
    fn whoever_moves_again_and_again_is_told_at_the_newest_places() {
        let mut discovery = Discovery::default();
        let peer = PeerId::random();
        let place = |number: usize| announcement(peer, &format!("/ip4/10.0.0.{number}/tcp/47474"));
        let moves = DIAL_ADDRESSES_MAX + 3;
        for number in 1..=moves {
            let told = discovery.handle(mdns::Event::Discovered(vec![place(number)]));
            assert_eq!(addresses(&told)[0], format!("/ip4/10.0.0.{number}/tcp/47474"));
            assert!(addresses(&told).len() <= DIAL_ADDRESSES_MAX);
        }
        // Where an announcement lapses an older one that still lives takes its place.
        let told = discovery.handle(mdns::Event::Expired(vec![place(moves)]));
        assert_eq!(addresses(&told).len(), DIAL_ADDRESSES_MAX);
        assert_eq!(addresses(&told)[DIAL_ADDRESSES_MAX - 1], "/ip4/10.0.0.3/tcp/47474");
    }

    #[test]
    fn an_address_where_somebody_else_answers_is_no_longer_that_peers() {
        let mut discovery = Discovery::default();
        let peer = PeerId::random();
        let [one, two] =
            ["/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1"].map(|place| announcement(peer, place));
        discovery.handle(mdns::Event::Discovered(vec![one.clone(), two.clone()]));
        assert_eq!(discovery.somebody_else_is_at(&PeerId::random(), &one.1), None);
        assert_eq!(discovery.somebody_else_is_at(&peer, &one.1), None);
        assert_eq!(discovery.somebody_else_is_at(&peer, &one.1), None);
        let gone = Input::DiscoveryExpired { peer: multiaddr::to_transport_id(&peer).unwrap() };
        assert_eq!(discovery.somebody_else_is_at(&peer, &two.1), Some(gone));
    }

    #[test]
    fn what_nobody_else_could_dial_is_skipped() {
        let mut discovery = Discovery::default();
        let peer = PeerId::random();
        let useless = [
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/10.0.0.1/tcp/0",
            "/ip6/fe80::1/udp/1/quic-v1",
            "/ip6/::1/tcp/1",
            "/dns4/example.org/tcp/1",
            "/ip4/10.0.0.1/udp/1",
        ];
        let announcements = useless.map(|address| announcement(peer, address)).to_vec();
        assert_eq!(discovery.handle(mdns::Event::Discovered(announcements)), []);
    }

    #[test]
    fn peers_and_addresses_are_bounded() {
        let mut discovery = Discovery::default();
        let peer = PeerId::random();
        let many = (1..100).map(|port| announcement(peer, &format!("/ip4/10.0.0.1/tcp/{port}")));
        let told = discovery.handle(mdns::Event::Discovered(many.collect()));
        assert_eq!(addresses(&told).len(), DIAL_ADDRESSES_MAX);
        assert_eq!(discovery.peers.values().next().unwrap().len(), limits::ADDRESSES_PER_PEER_MAX);

        let crowd = (0..2 * DISCOVERED_PEERS_MAX)
            .map(|_| announcement(PeerId::random(), "/ip4/10.0.0.1/tcp/1"))
            .collect();
        let told = discovery.handle(mdns::Event::Discovered(crowd));
        assert_eq!(told.len(), DISCOVERED_PEERS_MAX - 1);
        assert_eq!(discovery.peers.len(), DISCOVERED_PEERS_MAX);
    }
}
