//! Where we listen: taking ports when the network starts, and the list of addresses that they amount to.
//!
//! TCP and QUIC share a number. libp2p binds TCP with `SO_REUSEPORT`, so that two nodes of one person could take the
//! same TCP port and each get half of its connections; therefore every port is first bound without it and let go,
//! and QUIC, whose port nobody can share, is taken before TCP: whoever has it has the number.

use std::{
    collections::BTreeSet,
    io, iter,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
};

use causerie_protocol::address::{Address, Transport};
use libp2p::{Multiaddr, Swarm, core::transport::ListenerId};

use super::{Listen, NetworkConfig, NetworkError, behaviour::NodeBehaviour, limits, multiaddr};

/// The listeners and what they listen on.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    ids: Vec<ListenerId>,
    /// Those of which no address is known yet.
    silent: Vec<ListenerId>,
    addresses: BTreeSet<Address>,
}

impl Listeners {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`NetworkError::Listen`] when an address that was asked for cannot be had, [`NetworkError::NotLoopback`] when
    /// it may not be, [`NetworkError::NoPort`] when no port is free.
    pub(crate) fn open(
        swarm: &mut Swarm<NodeBehaviour>,
        config: &NetworkConfig,
    ) -> Result<Self, NetworkError> {
        let ids = match &config.listen {
            _ if !config.lets_in() => Vec::new(),
            Listen::Default => listen_by_default(swarm, config.port, config.loopback)?,
            Listen::Nowhere => Vec::new(),
            Listen::These(wanted) => {
                let addresses: Vec<_> = wanted.iter().map(|wanted| wanted.address).collect();
                if config.loopback && !addresses.iter().all(Address::is_loopback) {
                    return Err(NetworkError::NotLoopback);
                }
                listen_on(swarm, &addresses).map_err(|(address, source)| NetworkError::Listen {
                    source,
                    address: multiaddr::multiaddr_text(&address),
                })?
            }
        };
        Ok(Self { silent: ids.clone(), ids, addresses: BTreeSet::new() })
    }

    /// Whether every listener has an address.
    pub(crate) fn are_known(&self) -> bool {
        self.silent.is_empty()
    }

    /// A listener has one more address.
    pub(crate) fn insert(&mut self, listener: ListenerId, multiaddr: &Multiaddr) {
        self.silent.retain(|silent| *silent != listener);
        // What a port was tried for and not kept may still be reported.
        if self.ids.contains(&listener) {
            let address = multiaddr::from_multiaddr(multiaddr).map(|new| new.address);
            self.addresses.extend(address);
        }
    }

    /// A listener has some addresses no longer.
    pub(crate) fn remove(&mut self, listener: ListenerId, multiaddrs: &[Multiaddr]) {
        if self.ids.contains(&listener) {
            let old = |address: &Address| multiaddrs.contains(&multiaddr::to_multiaddr(address));
            self.addresses.retain(|address| !old(address));
        }
    }

    /// All addresses.
    pub(crate) fn addresses(&self) -> &BTreeSet<Address> {
        &self.addresses
    }
}

/// Whether nobody holds this address. One that this machine no longer has is held by nobody.
pub(crate) fn is_free(address: &Address) -> bool {
    !probe(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

fn listen_by_default(
    swarm: &mut Swarm<NodeBehaviour>,
    first: Option<u16>,
    loopback: bool,
) -> Result<Vec<ListenerId>, NetworkError> {
    let well_known = (0..limits::PORTS_TRIED_MAX).map(|offset| Some(limits::PORT_DEFAULT + offset));
    let of_the_system = (0..limits::PORTS_ASKED_MAX).map(|_| free_port());
    for port in iter::once(first).chain(well_known).chain(of_the_system).flatten() {
        let addresses = default_addresses(port, loopback);
        let usable: Vec<_> = addresses.into_iter().filter(|address| !is_unknown(address)).collect();
        match listen_on(swarm, &usable) {
            Ok(ids) => return Ok(ids),
            Err((_, error)) => tracing::debug!(port, %error, "a port cannot be had"),
        }
    }
    Err(NetworkError::NoPort)
}

fn default_addresses(port: u16, loopback: bool) -> Vec<Address> {
    let ips = if loopback {
        vec![Ipv4Addr::LOCALHOST.into()]
    } else {
        vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
    };
    let both = |ip| [Transport::Quic, Transport::Tcp].map(|transport| Address { transport, ip, port });
    ips.into_iter().flat_map(both).collect()
}

fn free_port() -> Option<u16> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    Some(socket.local_addr().ok()?.port())
}

/// Whether this machine does not speak this version of IP at all.
fn is_unknown(address: &Address) -> bool {
    probe(address).is_err_and(|error| error.kind() != io::ErrorKind::AddrInUse)
}

/// Listens on all of these or on none. All are probed before the first is taken, for a probe of all IPv6 addresses
/// covers IPv4.
fn listen_on(
    swarm: &mut Swarm<NodeBehaviour>,
    addresses: &[Address],
) -> Result<Vec<ListenerId>, (Address, io::Error)> {
    for address in addresses {
        probe(address).map_err(|error| (*address, error))?;
    }
    let mut ids = Vec::with_capacity(addresses.len());
    for address in addresses {
        match swarm.listen_on(multiaddr::to_multiaddr(address)) {
            Ok(id) => ids.push(id),
            Err(error) => {
                for id in ids {
                    swarm.remove_listener(id);
                }
                return Err((*address, io::Error::other(error)));
            }
        }
    }
    Ok(ids)
}

fn probe(address: &Address) -> io::Result<()> {
    let socket = SocketAddr::new(address.ip, address.port);
    match address.transport {
        Transport::Tcp => TcpListener::bind(socket).map(|_| ()),
        Transport::Quic => UdpSocket::bind(socket).map(|_| ()),
    }
}
