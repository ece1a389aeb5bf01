//! One connection's part: libp2p's ping, and whether the connection is kept for its own sake.
//!
//! We keep the one to a server, and a server keeps those of whom it is one to: who pings it, and answers. Either is given up
//! when its own pings are not answered. libp2p's relay keeps every connection for ten seconds and tells nobody when they are
//! over: whether one is still to be kept is looked at again from time to time.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    StreamProtocol,
    core::upgrade::ReadyUpgrade,
    ping,
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, NetworkBehaviour, SubstreamProtocol,
        handler::ConnectionEvent,
    },
};
use tokio::time::{Instant, Sleep, sleep};

use super::super::limits::GUEST_LOOK_INTERVAL;

/// What libp2p's ping does on one connection.
type Ping = <ping::Behaviour as NetworkBehaviour>::ConnectionHandler;

/// See the file's head.
pub(crate) struct ServerHandler {
    ping: Ping,
    /// Whether it leads to a server of ours.
    server: bool,
    /// Whether they ping us.
    guest: bool,
    /// A guest who answers no ping would be kept for good once it is gone.
    refuses: bool,
    /// When it is looked at again whether this is kept: it is whenever there is something to do on the connection.
    look: Pin<Box<Sleep>>,
}

impl ServerHandler {
    pub(crate) fn new(ping: Ping, server: bool) -> Self {
        let look = Box::pin(sleep(GUEST_LOOK_INTERVAL));
        Self { ping, server, guest: false, refuses: false, look }
    }
}

impl ConnectionHandler for ServerHandler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Result<Duration, ping::Failure>;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        self.ping.listen_protocol()
    }

    fn connection_keep_alive(&self) -> bool {
        self.server || (self.guest && !self.refuses)
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        while !self.connection_keep_alive() && self.look.as_mut().poll(cx).is_ready() {
            self.look.as_mut().reset(Instant::now() + GUEST_LOOK_INTERVAL);
        }
        loop {
            let event = self.ping.poll(cx);
            let Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Err(failure))) = &event else {
                return event;
            };
            self.refuses |= matches!(failure, ping::Failure::Unsupported);
            // Who is no guest need not answer.
            if self.server || self.guest {
                return event;
            }
        }
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>,
    ) {
        self.guest |= matches!(event, ConnectionEvent::FullyNegotiatedInbound(_));
        self.ping.on_connection_event(event);
    }
}
