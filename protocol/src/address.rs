//! Where a peer can be dialled: the four kinds that an invitation's hints and a contact's addresses can hold.

use core::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::ids::TransportId;

/// An IP address, a port and the transport spoken there; never a name to resolve, never a network identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// What is spoken there.
    pub transport: Transport,
    /// The IP address.
    pub ip: IpAddr,
    /// The TCP or UDP port; never 0.
    pub port: u16,
}

/// What is spoken at an [`Address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// TCP with Noise and Yamux.
    Tcp,
    /// QUIC version 1 over UDP.
    Quic,
}

/// Somebody who passes sealed bytes on between two who cannot dial each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relay {
    /// Its network identity.
    pub id: TransportId,
    /// Where it is.
    pub address: Address,
}

/// Somebody behind a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// The relay.
    pub relay: Relay,
    /// Their network identity.
    pub peer: TransportId,
}

impl Address {
    /// Whether it names this very machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.ip.is_loopback()
    }

    /// Whether it means something on this machine or this network only (RFC 1918, RFC 3927, RFC 4193, RFC 4291).
    #[must_use]
    pub const fn is_private(&self) -> bool {
        match self.ip {
            IpAddr::V4(ip) => {
                let [first, second, ..] = ip.octets();
                let of_a_provider = first == 100 && second & 0xc0 == 64;
                ip.is_private() || ip.is_loopback() || ip.is_link_local() || of_a_provider
            }
            IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local(),
        }
    }

    /// Whether it means the same to everybody on the internet; where everybody is on this machine, also here.
    #[must_use]
    pub fn is_public(&self, loopback: bool) -> bool {
        let counts = !self.is_private() || (loopback && self.is_loopback());
        counts && self.is_dialable(loopback)
    }

    /// Whether somebody on the same network could dial it: also an address that a machine gave itself (RFC 3927, RFC
    /// 4291). Those of IPv6 need the number of an interface beside them, which our own TCP finds and QUIC does not.
    #[must_use]
    pub fn is_dialable_nearby(&self, loopback: bool) -> bool {
        let self_given = match self.ip {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local() && self.transport == Transport::Tcp,
        };
        self.is_dialable(loopback) || (self_given && self.port != 0)
    }

    /// Whether somebody else could dial it: a unicast address that means the same to both, with a port. Loopback
    /// counts only where `loopback` says that everybody is on this machine.
    #[must_use]
    pub fn is_dialable(&self, loopback: bool) -> bool {
        let unicast = match self.ip {
            IpAddr::V4(ip) => {
                !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast() && !ip.is_link_local()
            }
            IpAddr::V6(ip) => {
                !ip.is_unspecified()
                    && !ip.is_multicast()
                    && !ip.is_unicast_link_local()
                    && ip.to_ipv4_mapped().is_none()
            }
        };
        unicast && self.port != 0 && (loopback || !self.ip.is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Quic => "quic",
        };
        write!(f, "{transport}://{}", SocketAddr::new(self.ip, self.port))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
