//! One connection's part in becoming a link.
//!
//! ```text
//! dialler:   Asking ─▶ Waiting ─┬─ the stream stands ──▶ Ready ─▶ Done
//! listener:            Waiting ─┤                                   ▲
//!                               └─ refused, or out of patience ─────┘
//! ```
//! The connection lives while it waits and as long as its stream does, which the swarm watches by itself. One that
//! nobody opened a stream on may be of use to another behaviour: it is left to the swarm, which ends what is idle. A second
//! inbound stream, and any to a dialler, is dropped at once, which resets it. The protocol is listed at both ends
//! and never changes, so that identify has no changes to tell.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
};

use causerie_protocol::{address::Address, input::Way};
use libp2p::{
    Stream, StreamProtocol,
    core::upgrade::ReadyUpgrade,
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol,
        handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};
use tokio::time::{self, Sleep};

use crate::network::limits;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/causerie/hello/1");

/// See the file's head.
#[derive(Debug)]
pub(crate) struct LinkHandler {
    state: State,
    is_dialler: bool,
    /// Where the peer is.
    address: Option<Address>,
    way: Way,
    patience: Pin<Box<Sleep>>,
}

#[derive(Debug)]
enum State {
    /// The stream is to be asked for.
    Asking,
    /// The stream is negotiated, or the peer has not asked for it.
    Waiting,
    /// The stream stands.
    Ready(Stream),
    /// There will be no stream, which the behaviour must hear.
    Failed,
    /// The behaviour knows all.
    Done,
}

/// What became of a connection.
#[derive(Debug)]
pub(crate) enum HandlerEvent {
    /// Its stream stands.
    Opened { stream: Stream, address: Option<Address>, way: Way },
    /// It has no stream and will not get one.
    Refused,
}

impl LinkHandler {
    /// Of a connection on which we open the stream.
    pub(crate) fn dialler(address: Option<Address>, way: Way) -> Self {
        Self::new(State::Asking, true, address, way)
    }

    /// Of a connection on which they may open the stream.
    pub(crate) fn listener(address: Option<Address>, way: Way) -> Self {
        Self::new(State::Waiting, false, address, way)
    }

    /// Of a connection that becomes no link.
    pub(crate) fn none() -> Self {
        Self::new(State::Done, true, None, Way::Direct)
    }

    fn new(state: State, is_dialler: bool, address: Option<Address>, way: Way) -> Self {
        let patience = if way == Way::Relayed && !is_dialler {
            limits::RELAYED_PATIENCE
        } else {
            limits::STREAM_PATIENCE
        };
        Self { state, is_dialler, address, way, patience: Box::pin(time::sleep(patience)) }
    }

    fn on_stream(&mut self, stream: Stream) {
        if matches!(self.state, State::Waiting) {
            self.state = State::Ready(stream);
        }
    }
}

impl ConnectionHandler for LinkHandler {
    type FromBehaviour = std::convert::Infallible;
    type ToBehaviour = HandlerEvent;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn connection_keep_alive(&self) -> bool {
        !matches!(self.state, State::Done)
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Asking => {
                self.state = State::Waiting;
                let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
                    .with_timeout(limits::STREAM_PATIENCE);
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            State::Waiting if self.patience.as_mut().poll(cx).is_pending() => {
                self.state = State::Waiting;
                Poll::Pending
            }
            // Something else may be done on a direct connection; one over a relay is of no use but as a link.
            State::Waiting if !self.is_dialler && self.way != Way::Relayed => Poll::Pending,
            State::Waiting | State::Failed => {
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(HandlerEvent::Refused))
            }
            State::Ready(stream) => {
                let (address, way) = (self.address, self.way);
                let event = HandlerEvent::Opened { stream, address, way };
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(event))
            }
            State::Done => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, .. }) => {
                self.on_stream(protocol);
            }
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. })
                if !self.is_dialler =>
            {
                self.on_stream(protocol);
            }
            ConnectionEvent::DialUpgradeError(_) if matches!(self.state, State::Waiting) => {
                self.state = State::Failed;
            }
            _ => {}
        }
    }
}
