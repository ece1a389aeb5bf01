//! Asks the router of the network that we are on to let others in (UPnP).
//!
//! libp2p's part looks for a router once, when it is made, asks that one for ever, and takes its word for it that others get
//! through. So it is made anew whenever we get an address on another network, and as long as no router answers: an address
//! can be there before the way to the router is. What a router promises is an address that a server is to try first, for a
//! router may be behind another one. It is named with our id, for a server tries an address only once, and may have tried the
//! same one before it was forwarded. Nothing is asked for addresses that lead elsewhere, such as to containers on this
//! machine: libp2p tells ports apart by number only, and many routers forward to whatever address they are told. What a
//! router was asked for ends by itself an hour after we did.

use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr, UdpSocket},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{
        Endpoint,
        multiaddr::Protocol,
        transport::{ListenerId, PortUse},
    },
    swarm::{
        ConnectionDenied, ConnectionId, ExpiredListenAddr, FromSwarm, NetworkBehaviour, NewListenAddr,
        THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
    },
    upnp,
};
use tokio::time::{self, Sleep};

use super::{limits, multiaddr};

/// See the file's head.
pub(crate) struct PortMapping {
    own_id: PeerId,
    /// Where we listen on networks that can have such a router.
    listening: BTreeMap<Multiaddr, ListenerId>,
    asking: Option<upnp::tokio::Behaviour>,
    /// Our address on the network of the router that is asked.
    own: Option<IpAddr>,
    /// When a router is looked for again, where none answered, and for how long that was waited for.
    again: Option<Pin<Box<Sleep>>>,
    rested: Duration,
    /// Addresses that are not forwarded any more.
    expired: VecDeque<Multiaddr>,
}

impl PortMapping {
    pub(crate) fn new(own_id: PeerId) -> Self {
        Self {
            own_id,
            listening: BTreeMap::new(),
            asking: None,
            own: None,
            again: None,
            rested: Duration::ZERO,
            expired: VecDeque::new(),
        }
    }

    /// The same address under another name.
    fn with_id(&self, address: Multiaddr) -> Multiaddr {
        address.with(Protocol::P2p(self.own_id))
    }

    /// We listen there from now on; whether it is on another network than all before.
    fn listens(&mut self, listener: ListenerId, address: &Multiaddr) -> bool {
        let Some(ip) = behind_router(address) else { return false };
        let is_new = self.listening.keys().all(|known| behind_router(known) != Some(ip));
        self.listening.insert(address.clone(), listener);
        is_new
    }

    /// Looks for a router, and asks it for all that leads to it.
    fn begin(&mut self) {
        self.asking = None;
        self.own = outward();
        if self.own.is_none() {
            self.rest();
            return;
        }
        let mut asking = upnp::tokio::Behaviour::default();
        for (addr, listener) in
            self.listening.iter().filter(|(address, _)| behind_router(address) == self.own)
        {
            asking.on_swarm_event(FromSwarm::NewListenAddr(NewListenAddr { listener_id: *listener, addr }));
        }
        self.asking = Some(asking);
        self.again = None;
    }

    /// None answered: rests, longer each time.
    fn rest(&mut self) {
        self.rested = (self.rested * 2).clamp(limits::ROUTER_REST_FIRST, limits::ROUTER_REST_MAX);
        self.again = Some(Box::pin(time::sleep(self.rested)));
    }
}

/// From which address this machine sends to the internet now, if it is one that a router translates. Nothing is sent.
fn outward() -> Option<IpAddr> {
    // TEST-NET-2 (RFC 5737): nobody has it, and it is on no network but behind the router.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(own) if own.is_private() => Some(own.into()),
        _ => None,
    }
}

/// The address of this machine, if a router can stand before it: there is no UPnP for IPv6 that any router speaks.
fn behind_router(address: &Multiaddr) -> Option<IpAddr> {
    let ip = multiaddr::from_multiaddr(address)?.address.ip;
    matches!(ip, IpAddr::V4(four) if four.is_private()).then_some(ip)
}

impl NetworkBehaviour for PortMapping {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = upnp::Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let address = match event {
            FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr }) => {
                if self.listens(listener_id, addr) {
                    self.rested = Duration::ZERO;
                    self.begin();
                    return;
                }
                addr
            }
            FromSwarm::ExpiredListenAddr(ExpiredListenAddr { addr, .. }) => {
                self.listening.remove(addr);
                if self.own.is_some() && self.listening.keys().all(|known| behind_router(known) != self.own) {
                    // The router that was asked is gone; another network may have one.
                    self.rested = Duration::ZERO;
                    self.begin();
                    return;
                }
                addr
            }
            _ => return,
        };
        if let Some(asking) = &mut self.asking
            && behind_router(address) == self.own
        {
            asking.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        libp2p::core::util::unreachable(event)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // What is begun may rest again.
        while self.again.as_mut().is_some_and(|again| again.as_mut().poll(cx).is_ready()) {
            self.begin();
        }
        if let Some(expired) = self.expired.pop_front() {
            return Poll::Ready(ToSwarm::ExternalAddrExpired(expired));
        }
        let Some(asking) = &mut self.asking else { return Poll::Pending };
        let Poll::Ready(event) = asking.poll(cx) else { return Poll::Pending };
        if matches!(event, ToSwarm::GenerateEvent(upnp::Event::GatewayNotFound)) {
            self.rest();
        }
        Poll::Ready(match event {
            ToSwarm::ExternalAddrConfirmed(address) => {
                ToSwarm::NewExternalAddrCandidate(self.with_id(address))
            }
            ToSwarm::ExternalAddrExpired(address) => {
                self.expired.push_back(self.with_id(address.clone()));
                ToSwarm::ExternalAddrExpired(address)
            }
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn hears(mapping: &mut PortMapping, addr: &Multiaddr, new: bool) {
        let listener_id = ListenerId::next();
        mapping.on_swarm_event(if new {
            FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr })
        } else {
            FromSwarm::ExpiredListenAddr(ExpiredListenAddr { listener_id, addr })
        });
    }

    #[tokio::test]
    async fn another_router_is_looked_for_when_the_network_of_the_one_that_was_asked_is_gone() {
        let [gone, left] = ["/ip4/192.168.254.77/tcp/47474", "/ip4/10.254.77.9/tcp/47474"].map(address);
        let mut mapping = PortMapping::new(PeerId::random());
        hears(&mut mapping, &gone, true);
        hears(&mut mapping, &left, true);
        mapping.own = behind_router(&gone);
        // What was on no network with a router tells nothing.
        hears(&mut mapping, &address("/ip6/fe80::1/tcp/47474"), false);
        assert_eq!(mapping.own, behind_router(&gone));
        hears(&mut mapping, &gone, false);
        assert_ne!(mapping.own, behind_router(&gone));
        assert_eq!(mapping.own, outward());
        assert!(mapping.asking.is_some() == mapping.own.is_some());
        assert_eq!(mapping.again.is_some(), mapping.own.is_none(), "it rests where nothing leads out");
    }

    #[test]
    fn only_addresses_that_a_router_can_stand_before_count() {
        let counts = |text: &str| behind_router(&address(text)).is_some();
        assert!(counts("/ip4/192.168.1.2/udp/47474/quic-v1") && counts("/ip4/10.0.0.1/tcp/1"));
        for text in
            ["/ip4/127.0.0.1/tcp/1", "/ip4/169.254.1.1/tcp/1", "/ip4/1.2.3.4/tcp/1", "/ip6/fd00::1/tcp/1"]
        {
            assert!(!counts(text), "{text}");
        }
    }
}
