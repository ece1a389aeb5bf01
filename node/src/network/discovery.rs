//! Who announces themselves on the local network: what both mDNS behaviours say, joined by peer.
//!
//! Each announcement is one peer id with one address, over IPv4 or IPv6, and lapses by itself. The engine hears of a
//! peer with all its addresses when it has a new one, and again when the last has lapsed. Addresses that somebody
//! else could not dial are skipped, those of IPv6 that mean something on one interface only among them where they are
//! QUIC's: the announcement names no interface, and only our own TCP finds it.

use std::collections::{BTreeMap, BTreeSet};

use causerie_protocol::{
    address::Address,
    ids::TransportId,
    input::Input,
    limits::{DIAL_ADDRESSES_MAX, DISCOVERED_PEERS_MAX},
};
use libp2p::{Multiaddr, PeerId, mdns};

use super::multiaddr;

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    peers: BTreeMap<TransportId, BTreeSet<Address>>,
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
            if addresses.len() < DIAL_ADDRESSES_MAX && addresses.insert(address) {
                changed.insert(peer);
            }
        }
        let input = |peer: TransportId| {
            let addresses = self.peers.get(&peer)?.iter().copied().collect();
            Some(Input::Discovered { peer, addresses })
        };
        changed.into_iter().filter_map(input).collect()
    }

    fn expired(&mut self, announcements: &[(PeerId, Multiaddr)]) -> Vec<Input> {
        let mut gone = Vec::new();
        for (peer, address) in announcements.iter().filter_map(read) {
            let Some(addresses) = self.peers.get_mut(&peer) else {
                continue;
            };
            addresses.remove(&address);
            if addresses.is_empty() {
                self.peers.remove(&peer);
                gone.push(Input::DiscoveryExpired { peer });
            }
        }
        gone
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
        assert_eq!(addresses(&both), ["/ip4/10.0.0.1/tcp/47474", "/ip6/fd00::1/udp/47474/quic-v1"]);
        assert_eq!(discovery.handle(mdns::Event::Discovered(vec![tcp.clone()])), []);

        assert_eq!(discovery.handle(mdns::Event::Expired(vec![tcp])), []);
        let peer = multiaddr::to_transport_id(&peer).unwrap();
        let gone = Input::DiscoveryExpired { peer };
        assert_eq!(discovery.handle(mdns::Event::Expired(vec![quic.clone()])), [gone]);
        assert_eq!(discovery.handle(mdns::Event::Expired(vec![quic])), []);
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

        let crowd = (0..2 * DISCOVERED_PEERS_MAX)
            .map(|_| announcement(PeerId::random(), "/ip4/10.0.0.1/tcp/1"))
            .collect();
        let told = discovery.handle(mdns::Event::Discovered(crowd));
        assert_eq!(told.len(), DISCOVERED_PEERS_MAX - 1);
        assert_eq!(discovery.peers.len(), DISCOVERED_PEERS_MAX);
    }
}
