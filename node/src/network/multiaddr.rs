//! Between libp2p's names and ours: multiaddrs and [`Address`], peer ids and [`TransportId`].
//!
//! Only what we can dial and listen on is let in: an IP address, then TCP or QUIC version 1, and at the end perhaps
//! a peer id. Names to resolve, relays and everything else are refused.

use std::{fmt, net::IpAddr};

use causerie_protocol::{
    address::{Address, Circuit, Relay, Transport},
    ids::TransportId,
};
use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

use super::NetworkError;

/// An address as people write it: where, and perhaps who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multiaddress {
    /// Where. For listening, port 0 means any free port.
    pub address: Address,
    /// The network identity after `/p2p/`. It lasts no longer than a run of the peer.
    pub peer: Option<TransportId>,
}

impl fmt::Display for Multiaddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", to_multiaddr(&self.address))?;
        match self.peer.as_ref().and_then(to_peer_id) {
            Some(peer) => write!(f, "/p2p/{peer}"),
            None => Ok(()),
        }
    }
}

/// Reads `/ip4/ADDRESS/tcp/PORT`, `/ip4/ADDRESS/udp/PORT/quic-v1`, the same with `/ip6/`, and each with `/p2p/ID`.
///
/// # Errors
/// [`NetworkError::Multiaddr`] for anything else.
pub fn parse_multiaddr(text: &str) -> Result<Multiaddress, NetworkError> {
    text.parse()
        .ok()
        .and_then(|multiaddr| from_multiaddr(&multiaddr))
        .ok_or_else(|| NetworkError::Multiaddr(text.to_owned()))
}

/// The multiaddr of an address, as people and scripts see it.
#[must_use]
pub fn multiaddr_text(address: &Address) -> String {
    to_multiaddr(address).to_string()
}

pub(crate) fn to_multiaddr(address: &Address) -> Multiaddr {
    let ip = Multiaddr::from(address.ip);
    match address.transport {
        Transport::Tcp => ip.with(Protocol::Tcp(address.port)),
        Transport::Quic => ip.with(Protocol::Udp(address.port)).with(Protocol::QuicV1),
    }
}

pub(crate) fn from_multiaddr(multiaddr: &Multiaddr) -> Option<Multiaddress> {
    let mut parts = multiaddr.iter().peekable();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    let (transport, port) = match parts.next()? {
        Protocol::Tcp(port) => (Transport::Tcp, port),
        Protocol::Udp(port) if parts.next() == Some(Protocol::QuicV1) => (Transport::Quic, port),
        _ => return None,
    };
    let peer = match parts.next() {
        Some(Protocol::P2p(peer)) => Some(to_transport_id(&peer)?),
        Some(_) => return None,
        None => None,
    };
    let address = Address { transport, ip, port };
    parts.next().is_none().then_some(Multiaddress { address, peer })
}

/// Where a relay is asked for a place.
pub(crate) fn place_at(relay: &Relay) -> Option<Multiaddr> {
    let id = to_peer_id(&relay.id)?;
    Some(to_multiaddr(&relay.address).with(Protocol::P2p(id)).with(Protocol::P2pCircuit))
}

/// Where somebody behind a relay is dialled.
pub(crate) fn behind(circuit: &Circuit) -> Option<(PeerId, Multiaddr)> {
    let peer = to_peer_id(&circuit.peer)?;
    Some((peer, place_at(&circuit.relay)?.with(Protocol::P2p(peer))))
}

/// The address, where anybody may be able to dial it: not one of a private network, nor of a provider's own (RFC 6598).
/// With `loopback` those of this machine count too.
pub(crate) fn public(multiaddr: &Multiaddr, loopback: bool) -> Option<Address> {
    let address = from_multiaddr(multiaddr)?.address;
    address.is_public(loopback).then_some(address)
}

/// Whether it leads over a relay.
pub(crate) fn is_relayed(multiaddr: &Multiaddr) -> bool {
    multiaddr.iter().any(|part| part == Protocol::P2pCircuit)
}

pub(crate) fn to_transport_id(peer: &PeerId) -> Option<TransportId> {
    TransportId::new(&peer.to_bytes())
}

pub(crate) fn to_peer_id(transport: &TransportId) -> Option<PeerId> {
    PeerId::from_bytes(transport.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_kinds_read_back_what_they_show() {
        let peer = PeerId::random();
        for text in [
            "/ip4/192.0.2.1/tcp/47474",
            "/ip4/127.0.0.1/udp/0/quic-v1",
            "/ip6/2001:db8::1/tcp/1",
            "/ip6/::/udp/65535/quic-v1",
        ] {
            let plain = parse_multiaddr(text).unwrap();
            assert_eq!(plain.to_string(), text);
            assert_eq!(multiaddr_text(&plain.address), text);
            assert_eq!(plain.peer, None);
            let named = parse_multiaddr(&format!("{text}/p2p/{peer}")).unwrap();
            assert_eq!(named.to_string(), format!("{text}/p2p/{peer}"));
            assert_eq!(named.address, plain.address);
            assert_eq!(named.peer.as_ref().and_then(to_peer_id), Some(peer));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let peer = PeerId::random();
        for text in [
            "",
            "/",
            "192.0.2.1:47474",
            "/ip4/192.0.2.1",
            "/ip4/192.0.2.1/tcp",
            "/ip4/192.0.2.1/tcp/65536",
            "/ip4/192.0.2.1/udp/47474",
            "/ip4/192.0.2.1/udp/47474/quic",
            "/ip4/192.0.2.1/tcp/47474/ws",
            "/ip4/192.0.2.1/tcp/47474/quic-v1",
            "/ip4/192.0.2.1/tcp/47474/p2p/nobody",
            "/ip4/192.0.2.256/tcp/47474",
            "/ip6/192.0.2.1/tcp/47474",
            "/ip6zone/eth0/ip6/fe80::1/tcp/47474",
            "/dns4/example.org/tcp/47474",
            "/memory/1",
            &format!("/p2p/{peer}"),
            &format!("/ip4/192.0.2.1/tcp/47474/p2p/{peer}/p2p-circuit"),
        ] {
            assert!(matches!(parse_multiaddr(text), Err(NetworkError::Multiaddr(_))), "{text}");
        }
    }
}
