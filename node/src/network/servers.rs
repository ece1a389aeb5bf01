//! The few servers that a node stays connected to: those that let newcomers into the meeting place, and relays.
//!
//! ```text
//! resting ── its time has come, and there is room ──▶ dialled ─┬─▶ up ── lost ──▶ resting
//!                                                              └─ failed ──────────▶ resting
//! ```
//! Servers are known by their addresses: whatever identity answers there will do, unless one was named. Up to
//! `limits::SERVERS_UP_MAX` are up at the same time, in the order in which they were given; each that could not be reached
//! rests for twice as long as the last time. A connection is kept by a ping every 10 s, which also keeps the way open in
//! the routers between. Whoever serves others answers pings, and keeps the connections of those who ping; nobody else is
//! pinged, or answers.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use causerie_protocol::address::Address;
use either::Either;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    ping,
    swarm::{
        CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
        dial_opts::{DialOpts, PeerCondition},
        dummy,
    },
};
use tokio::time::Sleep;

use self::handler::ServerHandler;
use super::{limits, multiaddr};

mod handler;

/// See the file's head.
pub(crate) struct Servers {
    ping: ping::Behaviour,
    /// Whether we are a server to others.
    serving: bool,
    servers: Vec<Server>,
    /// Who was said to be where, and was not, since when.
    in_vain: VecDeque<(Instant, Address, PeerId)>,
    reports: VecDeque<ToSwarm<ServerEvent, THandlerInEvent<Self>>>,
    alarm: Pin<Box<Sleep>>,
}

#[derive(Debug)]
struct Server {
    address: Address,
    /// Who has to answer there.
    identity: Option<PeerId>,
    /// Given by the person: never forgotten.
    given: bool,
    /// It answered once, and may again.
    was_up: bool,
    state: State,
    /// The last wait.
    wait: Duration,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Resting { until: Instant },
    Dialled(ConnectionId),
    Up(ConnectionId, PeerId),
}

const MINUTE: Duration = Duration::from_secs(60);

/// What became of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerEvent {
    /// A connection to it stands.
    Up(PeerId, Address),
    /// It stands no more.
    Lost(PeerId),
    /// It could not be reached.
    Failed(Address),
}

impl Servers {
    /// With these, given by the person; `serving` where we are one ourselves.
    pub(crate) fn new(given: &[(Address, Option<PeerId>)], serving: bool) -> Self {
        let interval = limits::SERVER_PING_INTERVAL;
        let mut servers = Self {
            ping: ping::Behaviour::new(ping::Config::new().with_interval(interval)),
            serving,
            servers: Vec::new(),
            in_vain: VecDeque::new(),
            reports: VecDeque::new(),
            alarm: Box::pin(tokio::time::sleep_until(tokio::time::Instant::now())),
        };
        for (address, identity) in given {
            servers.insert(*address, *identity, true);
        }
        servers
    }

    /// One more was found; beyond `limits::SERVERS_KNOWN_MAX` none is taken. Anybody may say so of any address, so what could
    /// not be reached is left alone for a while, and so is everything when that was much within a minute.
    pub(crate) fn found(&mut self, address: Address, identity: PeerId) {
        let now = Instant::now();
        let since = |at: &Instant| now.duration_since(*at);
        self.in_vain.retain(|(at, ..)| since(at) < limits::FOUND_REST);
        let is_known = self.in_vain.iter().any(|(_, place, peer)| (*place, *peer) == (address, identity));
        let lately = self.in_vain.iter().filter(|(at, ..)| since(at) < MINUTE).count();
        if !is_known && lately < limits::FOUND_FAILED_PER_MINUTE {
            self.insert(address, Some(identity), false);
        }
    }

    fn insert(&mut self, address: Address, identity: Option<PeerId>, given: bool) {
        let known = |one: &Server| {
            one.address == address || matches!(one.state, State::Up(_, peer) if Some(peer) == identity)
        };
        if self.servers.len() < limits::SERVERS_KNOWN_MAX && !self.servers.iter().any(known) {
            let state = State::Resting { until: Instant::now() };
            let wait = Duration::ZERO;
            self.servers.push(Server { address, identity, given, was_up: false, state, wait });
        }
    }

    /// Those that are up: who, and where.
    pub(crate) fn up(&self) -> impl Iterator<Item = (PeerId, Address)> {
        self.servers.iter().filter_map(|one| match one.state {
            State::Up(_, peer) => Some((peer, one.address)),
            _ => None,
        })
    }

    /// The network is another one: everybody is tried at once, and connections of the old one are ended if it is gone.
    pub(crate) fn begin_anew(&mut self, moved: bool) {
        self.in_vain.clear();
        for server in &mut self.servers {
            server.wait = Duration::ZERO;
            match server.state {
                State::Up(connection, peer) if moved => self.reports.push_back(ToSwarm::CloseConnection {
                    peer_id: peer,
                    connection: CloseConnection::One(connection),
                }),
                State::Resting { .. } => server.state = State::Resting { until: Instant::now() },
                State::Up(..) | State::Dialled(_) => {}
            }
        }
    }

    fn of(&mut self, connection: ConnectionId) -> Option<&mut Server> {
        self.servers.iter_mut().find(|one| match one.state {
            State::Dialled(dialled) => dialled == connection,
            State::Up(up, _) => up == connection,
            State::Resting { .. } => false,
        })
    }

    /// A connection is gone, or was never made.
    fn lost(&mut self, connection: ConnectionId) {
        let Some(server) = self.of(connection) else { return };
        let event = match server.state {
            State::Up(_, peer) => ServerEvent::Lost(peer),
            State::Dialled(_) | State::Resting { .. } => ServerEvent::Failed(server.address),
        };
        // Whoever was up a moment ago may be up again in a moment.
        if matches!(event, ServerEvent::Lost(_)) {
            server.wait = Duration::ZERO;
        }
        server.rest();
        let (address, identity, was_up) = (server.address, server.identity, server.was_up);
        let gives_up = matches!(event, ServerEvent::Failed(_)) && !server.given;
        if gives_up {
            if let Some(peer) = identity.filter(|_| !was_up) {
                self.in_vain.push_back((Instant::now(), address, peer));
                let surplus = self.in_vain.len().saturating_sub(limits::FOUND_FAILED_MAX);
                self.in_vain.drain(..surplus);
            }
            self.servers.retain(|one| one.address != address);
        }
        self.reports.push_back(ToSwarm::GenerateEvent(event));
    }

    fn has_room(&self) -> bool {
        let busy = self.servers.iter().filter(|one| !matches!(one.state, State::Resting { .. }));
        busy.count() < limits::SERVERS_UP_MAX
    }

    fn next_dial(&mut self, now: Instant) -> Option<DialOpts> {
        if !self.has_room() {
            return None;
        }
        let due = |one: &&mut Server| matches!(one.state, State::Resting { until } if until <= now);
        let server = self.servers.iter_mut().find(due)?;
        let address = multiaddr::to_multiaddr(&server.address);
        let opts = match server.identity {
            Some(peer) => {
                DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(vec![address]).build()
            }
            None => DialOpts::unknown_peer_id().address(address).build(),
        };
        server.state = State::Dialled(opts.connection_id());
        Some(opts)
    }

    fn next_due(&self) -> Option<Instant> {
        let waiting = self.servers.iter().filter_map(|one| match one.state {
            State::Resting { until } => Some(until),
            _ => None,
        });
        self.has_room().then(|| waiting.min()).flatten()
    }
}

impl Server {
    fn rest(&mut self) {
        let doubled = (self.wait * 2).clamp(limits::SERVER_REST_FIRST, limits::SERVER_REST_MAX);
        self.wait = doubled;
        self.state = State::Resting { until: Instant::now() + doubled };
    }
}

impl NetworkBehaviour for Servers {
    type ConnectionHandler = Either<ServerHandler, dummy::ConnectionHandler>;
    type ToSwarm = ServerEvent;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.serving || multiaddr::is_relayed(local) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        let ping = self.ping.handle_established_inbound_connection(connection, peer, local, remote)?;
        Ok(Either::Left(ServerHandler::new(ping, false)))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let Some(server) = self.of(connection) else { return Ok(Either::Right(dummy::ConnectionHandler)) };
        server.state = State::Up(connection, peer);
        server.was_up = true;
        server.wait = Duration::ZERO;
        let event = ServerEvent::Up(peer, server.address);
        self.reports.push_back(ToSwarm::GenerateEvent(event));
        let ping = self.ping.handle_established_outbound_connection(connection, peer, remote, role, port)?;
        Ok(Either::Left(ServerHandler::new(ping, true)))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::DialFailure(failure) => self.lost(failure.connection_id),
            FromSwarm::ConnectionClosed(closed) => self.lost(closed.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        result: THandlerOutEvent<Self>,
    ) {
        if let Either::Left(Err(ping::Failure::Timeout | ping::Failure::Other { .. })) = result {
            self.reports.push_back(ToSwarm::CloseConnection {
                peer_id: peer,
                connection: CloseConnection::One(connection),
            });
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(report) = self.reports.pop_front() {
                return Poll::Ready(report);
            }
            if let Some(opts) = self.next_dial(Instant::now()) {
                return Poll::Ready(ToSwarm::Dial { opts });
            }
            let Some(due) = self.next_due() else { return Poll::Pending };
            if self.alarm.deadline() != due.into() {
                self.alarm.as_mut().reset(due.into());
            }
            if self.alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_named_as_a_server_and_is_none_is_not_dialled_again_and_again() {
        let mut servers = Servers::new(&[], false);
        let named = |number: u16| {
            multiaddr::parse_multiaddr(&format!("/ip4/8.8.8.8/tcp/{}", 1_000 + number)).unwrap().address
        };
        let mut dialled = 0;
        for number in 0..100 {
            for _ in 0..3 {
                servers.found(named(number), PeerId::random());
                if let Some(dial) = servers.next_dial(Instant::now()) {
                    servers.lost(dial.connection_id());
                    dialled += 1;
                }
            }
        }
        assert_eq!(dialled, limits::FOUND_FAILED_PER_MINUTE);
        assert!(servers.servers.is_empty());
        // Another network, another try.
        servers.begin_anew(true);
        servers.found(named(0), PeerId::random());
        assert!(servers.next_dial(Instant::now()).is_some());
    }

    #[tokio::test]
    async fn who_lies_about_a_place_keeps_nobody_else_from_being_found_there() {
        let mut servers = Servers::new(&[], false);
        let place = multiaddr::parse_multiaddr("/ip4/8.8.8.8/tcp/1000").unwrap().address;
        let (liar, honest) = (PeerId::random(), PeerId::random());
        servers.found(place, liar);
        let dial = servers.next_dial(Instant::now()).unwrap();
        servers.lost(dial.connection_id());
        servers.found(place, liar);
        assert!(servers.next_dial(Instant::now()).is_none());
        servers.found(place, honest);
        assert!(servers.next_dial(Instant::now()).is_some());
    }
}
