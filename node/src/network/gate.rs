//! A gate around another behaviour: what it hears about our addresses, and what it may take for one of them.
//!
//! Relays count to libp2p as addresses of ours. Whoever is told those by identify would learn where we can be met, and
//! Kademlia would take us for a server because of them; so no behaviour behind a gate hears of them. The other way round,
//! what others claim to have seen of us is passed on only where it can be an address that is dialled from anywhere:
//! over a relay, identify names the relay or nothing but our own identity, and testing those costs the tester 30 to 100 KiB
//! each.

use std::{
    ops::{Deref, DerefMut},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
    },
};

use super::multiaddr;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Gate<B> {
    behind: B,
    loopback: bool,
}

impl<B> Gate<B> {
    /// Puts a behaviour behind a gate; with `loopback` addresses of this machine count as dialled from anywhere.
    pub(crate) const fn new(behind: B, loopback: bool) -> Self {
        Self { behind, loopback }
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
        self.behind.handle_pending_outbound_connection(connection, peer, addresses, role)
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
        let address = match &event {
            FromSwarm::ExternalAddrConfirmed(confirmed) => Some(confirmed.addr),
            FromSwarm::ExternalAddrExpired(expired) => Some(expired.addr),
            _ => None,
        };
        if !address.is_some_and(multiaddr::is_relayed) {
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
                Poll::Ready(ToSwarm::NewExternalAddrCandidate(address))
                    if multiaddr::public(&address, self.loopback).is_none() => {}
                other => return other,
            }
        }
    }
}
