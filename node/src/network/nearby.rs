//! TCP that also reaches addresses that machines gave themselves over IPv6 (fe80::/10, RFC 4291), and goes through proxies.
//!
//! Such an address means something on one interface only, and a multiaddr names none that libp2p would look at. So a
//! dial of one tries every interface that has such an address itself, all at once, and takes the first that answers;
//! whoever that is must prove to be who was meant, as everywhere. With a proxy (SOCKS5, RFC 1928) it is asked to make every connection. All else is libp2p's own TCP
//! transport.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6},
    pin::Pin,
    task::{Context, Poll},
};

use causerie_protocol::address::{self, Address};
use futures::{
    FutureExt as _, TryFutureExt as _,
    future::{BoxFuture, select_ok},
};
use if_addrs::IfAddr;
use libp2p::{
    Multiaddr,
    core::{
        Transport,
        transport::{DialOpts, ListenerId, TransportError, TransportEvent},
    },
    tcp,
};
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;

use super::multiaddr;

/// Interfaces that are tried for one address. Chosen: a laptop with containers has fewer.
const INTERFACES_MAX: usize = 16;

/// Whether this machine has an address that is not its own loopback.
#[must_use]
pub fn has_network() -> bool {
    if_addrs::get_if_addrs().is_ok_and(|all| all.iter().any(|one| !one.is_loopback()))
}

/// Whether an address is private, and on a network that this machine is on right now: what is sent there goes past no
/// router. Private addresses of other networks do, and may lead anywhere.
pub(crate) fn is_on_our_networks(address: &Address) -> bool {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let networks = interfaces.into_iter().map(|interface| match interface.addr {
        IfAddr::V4(own) => (IpAddr::V4(own.ip), IpAddr::V4(own.netmask)),
        IfAddr::V6(own) => (IpAddr::V6(own.ip), IpAddr::V6(own.netmask)),
    });
    address.is_private() && is_within(address.ip, networks)
}

/// Whether an address is in one of these networks, each given by an address and a mask. Loopback and what machines give
/// themselves over IPv6 always are.
fn is_within(ip: IpAddr, mut networks: impl Iterator<Item = (IpAddr, IpAddr)>) -> bool {
    match ip {
        IpAddr::V6(ip) if ip.is_unicast_link_local() => true,
        ip if ip.is_loopback() => true,
        IpAddr::V4(ip) => networks.any(|network| match network {
            (IpAddr::V4(own), IpAddr::V4(mask)) => ip & mask == own & mask,
            _ => false,
        }),
        IpAddr::V6(ip) => networks.any(|network| match network {
            (IpAddr::V6(own), IpAddr::V6(mask)) => ip & mask == own & mask,
            _ => false,
        }),
    }
}

/// See the file's head.
pub(crate) struct NearbyTcp {
    tcp: tcp::tokio::Transport,
    proxy: Option<SocketAddr>,
}

impl NearbyTcp {
    /// With a proxy, everything is dialled through it.
    pub(crate) fn new(config: tcp::Config, proxy: Option<SocketAddr>) -> Self {
        Self { tcp: tcp::tokio::Transport::new(config), proxy }
    }
}

impl Transport for NearbyTcp {
    type Output = tcp::tokio::TcpStream;
    type Error = io::Error;
    type ListenerUpgrade = <tcp::tokio::Transport as Transport>::ListenerUpgrade;
    type Dial = BoxFuture<'static, io::Result<tcp::tokio::TcpStream>>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.tcp.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.tcp.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, opts: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        if let Some(proxy) = self.proxy {
            let there = multiaddr::from_multiaddr(&address).map(|there| there.address);
            return match there.filter(|there| there.transport == address::Transport::Tcp) {
                Some(there) => Ok(through(proxy, there).map_ok(tcp::tokio::TcpStream).boxed()),
                None => Err(TransportError::MultiaddrNotSupported(address)),
            };
        }
        match self_given(&address) {
            Some((ip, port)) => Ok(connect(ip, port).map_ok(tcp::tokio::TcpStream).boxed()),
            None => self.tcp.dial(address, opts),
        }
    }

    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        Pin::new(&mut self.get_mut().tcp).poll(context)
    }
}

/// The address and port, where it is one that means something on one interface only.
fn self_given(address: &Multiaddr) -> Option<(Ipv6Addr, u16)> {
    let Address { transport, ip, port } = multiaddr::from_multiaddr(address)?.address;
    match ip {
        IpAddr::V6(ip) if transport == address::Transport::Tcp && ip.is_unicast_link_local() => {
            Some((ip, port))
        }
        _ => None,
    }
}

/// A connection that a SOCKS5 proxy makes for us.
async fn through(proxy: SocketAddr, there: Address) -> io::Result<TcpStream> {
    let stream = Socks5Stream::connect(proxy, SocketAddr::new(there.ip, there.port)).await;
    let stream = stream.map_err(io::Error::other)?.into_inner();
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn connect(ip: Ipv6Addr, port: u16) -> io::Result<TcpStream> {
    let attempt = |scope| {
        async move {
            let stream = TcpStream::connect(SocketAddrV6::new(ip, port, 0, scope)).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
        .boxed()
    };
    let attempts: Vec<_> = scopes()?.into_iter().map(attempt).collect();
    if attempts.is_empty() {
        return Err(io::ErrorKind::NetworkUnreachable.into());
    }
    select_ok(attempts).await.map(|(stream, _)| stream)
}

/// The numbers of the interfaces on which we have such an address.
fn scopes() -> io::Result<Vec<u32>> {
    let interfaces = if_addrs::get_if_addrs()?;
    let here = interfaces.into_iter().filter(|interface| match interface.ip() {
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    });
    let mut scopes: Vec<u32> = here.filter_map(|interface| interface.index).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes.truncate(INTERFACES_MAX);
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_networks_that_this_machine_is_on_are_near() {
        let networks = [
            ("192.168.1.2", "255.255.255.0"),
            ("10.0.0.9", "255.255.255.255"),
            ("fd00:77::1", "ffff:ffff:ffff:ffff::"),
        ];
        let is_near = |ip: &str| {
            let parsed = networks.map(|(own, mask)| (own.parse().unwrap(), mask.parse().unwrap()));
            is_within(ip.parse().unwrap(), parsed.into_iter())
        };
        for near in ["192.168.1.2", "192.168.1.77", "10.0.0.9", "fd00:77::5", "fe80::1", "127.0.0.5", "::1"] {
            assert!(is_near(near), "{near}");
        }
        for far in ["192.168.2.2", "10.0.0.8", "169.254.1.1", "fd00:78::1", "100.64.0.1"] {
            assert!(!is_near(far), "{far}");
        }
    }

    #[test]
    fn public_addresses_are_never_near() {
        let at = |ip: &str| Address { transport: address::Transport::Tcp, ip: ip.parse().unwrap(), port: 1 };
        assert!(is_on_our_networks(&at("127.0.0.1")));
        assert!(!is_on_our_networks(&at("203.0.113.1")));
    }
}
