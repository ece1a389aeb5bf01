//! The behaviour that turns connections into links: one connection, one stream of `/causerie/hello/1`, opened by
//! whoever dialled.
//!
//! Connections that others of our behaviours dial to servers become no links, but one: where a link over a relay stands
//! and both sides dial each other at the same moment, through their routers, what comes of it is a link too.
//!
//! It begins the attempts of every dial, lets one connection a dial stand, and hands each stream out once. A
//! connection whose stream cannot be had is closed. Two connections to the same peer are two links.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use causerie_protocol::{
    address::{Address, Circuit},
    answer::DialFailure,
    ids::DialId,
    input::Way,
};
use libp2p::{
    Multiaddr, PeerId, Stream,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
};
use thiserror::Error;
use tokio::time::Sleep;

use self::{
    doorstep::Doorstep,
    handler::{HandlerEvent, LinkHandler},
};
use super::{dials::Dials, multiaddr, nearby};

mod doorstep;
pub(crate) mod handler;
mod why;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Links {
    dials: Dials,
    /// Whether nobody beyond this network is dialled or let in.
    lan_only: bool,
    /// Who comes in, from where.
    doorstep: Doorstep,
    /// How many connections over relays stand, by who is at the other end.
    relayed: BTreeMap<PeerId, usize>,
    /// What the swarm is told next; emptied at each poll.
    reports: VecDeque<ToSwarm<LinksEvent, THandlerInEvent<Self>>>,
    alarm: Pin<Box<Sleep>>,
}

/// What became of a connection or a dial.
#[derive(Debug)]
pub(crate) enum LinksEvent {
    /// A connection has its stream.
    Opened(Box<OpenedLink>),
    /// An address of a dial that goes on gave no link.
    AddressFailed(DialId, Address, DialFailure),
    /// No address of the dial gave a link.
    DialFailed(DialId),
}

/// A connection with its stream.
#[derive(Debug)]
pub(crate) struct OpenedLink {
    pub(crate) stream: Stream,
    pub(crate) connection: ConnectionId,
    pub(crate) peer: PeerId,
    /// Which dial made it; `None` when they dialled.
    pub(crate) dial: Option<DialId>,
    /// Where they are.
    pub(crate) address: Option<Address>,
    /// How it came about.
    pub(crate) way: Way,
}

/// Another address of the same dial was faster.
#[derive(Debug, Error)]
#[error("another address of the dial answered first")]
struct TooLate;

/// Somebody beyond this network.
#[derive(Debug, Error)]
#[error("nobody beyond this network is let in")]
struct Beyond;

/// Too many from one place.
#[derive(Debug, Error)]
#[error("too many connections from one place")]
struct Crowded;

impl Links {
    /// Nobody is dialled yet.
    pub(crate) fn new(lan_only: bool, inbound_max: u32) -> Self {
        Self {
            dials: Dials::default(),
            lan_only,
            doorstep: Doorstep::new(inbound_max as usize),
            relayed: BTreeMap::new(),
            reports: VecDeque::new(),
            alarm: Box::pin(tokio::time::sleep_until(tokio::time::Instant::now())),
        }
    }

    /// Begins a dial; it ends in one event that names it.
    pub(crate) fn dial(
        &mut self,
        id: DialId,
        peer: Option<PeerId>,
        addresses: Vec<Address>,
        circuits: Vec<Circuit>,
    ) {
        let mut addresses = addresses;
        if self.lan_only {
            addresses.retain(nearby::is_on_our_networks);
        }
        if !self.dials.begin(id, peer, addresses, circuits, Instant::now()) {
            self.report(LinksEvent::DialFailed(id));
        }
    }

    /// How many dials run.
    pub(crate) fn dials(&self) -> usize {
        self.dials.len()
    }

    /// An attempt came to nothing; `why` is `None` where another address of the dial was faster.
    fn attempt_failed(&mut self, connection: ConnectionId, why: Option<DialFailure>) {
        if let (Some((dial, address)), Some(why)) = (self.dials.attempt(connection), why) {
            self.report(LinksEvent::AddressFailed(dial, address, why));
        }
        if let Some(dial) = self.dials.failed(connection) {
            self.report(LinksEvent::DialFailed(dial));
        }
    }

    fn report(&mut self, event: LinksEvent) {
        self.reports.push_back(ToSwarm::GenerateEvent(event));
    }
}

impl NetworkBehaviour for Links {
    type ConnectionHandler = LinkHandler;
    type ToSwarm = LinksEvent;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let address = address_of(remote);
        if self.lan_only && !address.is_some_and(|address| nearby::is_on_our_networks(&address)) {
            return Err(ConnectionDenied::new(Beyond));
        }
        let has_room = self.doorstep.enter(connection, address.map(|address| address.ip));
        has_room.then_some(()).ok_or_else(crowded)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let way = if multiaddr::is_relayed(local) { Way::Relayed } else { Way::Direct };
        let address = address_of(remote);
        let has_room = self.doorstep.let_in(connection, address.map(|address| address.ip));
        has_room.then(|| LinkHandler::listener(address, way)).ok_or_else(crowded)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        role: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if self.dials.is_attempt(connection) {
            let way = if multiaddr::is_relayed(remote) { Way::Relayed } else { Way::Direct };
            let wanted = self.dials.connected(connection);
            return wanted.then(|| LinkHandler::dialler(address_of(remote), way)).ok_or_else(too_late);
        }
        if !self.relayed.contains_key(&peer) || multiaddr::is_relayed(remote) {
            return Ok(LinkHandler::none());
        }
        Ok(match role {
            Endpoint::Dialer => LinkHandler::dialler(address_of(remote), Way::Punched { first: true }),
            Endpoint::Listener => LinkHandler::listener(address_of(remote), Way::Punched { first: false }),
        })
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::DialFailure(failure) => {
                tracing::debug!(error = %failure.error, "an address could not be dialled");
                self.attempt_failed(failure.connection_id, why::of(failure.error));
            }
            FromSwarm::ListenFailure(failure) => self.doorstep.leave(failure.connection_id),
            FromSwarm::ConnectionEstablished(new) if new.endpoint.is_relayed() => {
                *self.relayed.entry(new.peer_id).or_default() += 1;
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.doorstep.leave(closed.connection_id);
                if closed.endpoint.is_relayed()
                    && let Some(count) = self.relayed.get_mut(&closed.peer_id)
                {
                    *count = count.saturating_sub(1);
                    self.relayed.retain(|_, count| *count > 0);
                }
                self.attempt_failed(closed.connection_id, Some(DialFailure::Broken));
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {
            HandlerEvent::Opened { stream, address, way } => {
                let dial = self.dials.opened(connection);
                self.report(LinksEvent::Opened(Box::new(OpenedLink {
                    stream,
                    connection,
                    peer,
                    dial,
                    address,
                    way,
                })));
            }
            HandlerEvent::Refused => {
                // A connection that gives no stream does not speak our protocol.
                self.attempt_failed(connection, Some(DialFailure::SomebodyElse));
                self.reports.push_back(ToSwarm::CloseConnection {
                    peer_id: peer,
                    connection: CloseConnection::One(connection),
                });
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(report) = self.reports.pop_front() {
                return Poll::Ready(report);
            }
            if let Some(opts) = self.dials.next_attempt(Instant::now()) {
                return Poll::Ready(ToSwarm::Dial { opts });
            }
            let Some(due) = self.dials.next_due() else {
                return Poll::Pending;
            };
            if self.alarm.deadline() != due.into() {
                self.alarm.as_mut().reset(due.into());
            }
            if self.alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

fn crowded() -> ConnectionDenied {
    ConnectionDenied::new(Crowded)
}

fn too_late() -> ConnectionDenied {
    ConnectionDenied::new(TooLate)
}

fn address_of(remote: &Multiaddr) -> Option<Address> {
    multiaddr::from_multiaddr(remote).map(|remote| remote.address)
}
