//! Yamux with fewer streams where somebody connected to us than where we did: over TCP each stream may hold 256 KiB that we
//! have not read, a stranger's too, and only with a relay that we dialled do we have many.

use std::{io, iter};

use futures::{AsyncRead, AsyncWrite, future::Ready};
use libp2p::{
    core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo},
    yamux::{Config, Muxer},
};

use super::limits;

/// See the file's head.
#[derive(Clone, Debug)]
pub(crate) struct Multiplexing {
    /// Whether we are a relay: then those who connect have many, too.
    serves: bool,
}

impl Multiplexing {
    pub(crate) const fn new(serves: bool) -> Self {
        Self { serves }
    }
}

/// With as many streams on a connection.
pub(crate) fn yamux(streams: u8) -> Config {
    let mut yamux = Config::default();
    yamux.set_max_num_streams(streams.into());
    yamux
}

impl UpgradeInfo for Multiplexing {
    type Info = &'static str;
    type InfoIter = iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        Config::default().protocol_info()
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C> for Multiplexing {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, socket: C, info: Self::Info) -> Self::Future {
        let streams =
            if self.serves { limits::STREAMS_PER_CONNECTION_MAX } else { limits::STREAMS_OF_A_CALLER_MAX };
        yamux(streams).upgrade_inbound(socket, info)
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C> for Multiplexing {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, socket: C, info: Self::Info) -> Self::Future {
        yamux(limits::STREAMS_PER_CONNECTION_MAX).upgrade_outbound(socket, info)
    }
}
