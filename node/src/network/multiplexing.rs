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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::{AsyncWriteExt as _, FutureExt as _, future};
    use libp2p::core::muxing::StreamMuxerExt as _;
    use tokio_util::compat::TokioAsyncReadCompatExt as _;

    use super::*;

    /// How many streams somebody who connected holds open until the connection ends, or has tried a hundred.
    async fn streams_of_a_caller(serves: bool) -> usize {
        let (theirs, ours) = tokio::io::duplex(1 << 20);
        let mut caller = yamux(255).upgrade_outbound(theirs.compat(), "/yamux/1.0.0").await.unwrap();
        let mut own = Multiplexing::new(serves).upgrade_inbound(ours.compat(), "/yamux/1.0.0").await.unwrap();
        let mut held = Vec::new();
        let calling = async {
            let mut streams = Vec::new();
            for _ in 0..100 {
                let Ok(stream) = poll_fn(|cx| caller.poll_outbound_unpin(cx)).await else { break };
                streams.push(stream);
            }
            let writing = future::join_all(streams.iter_mut().map(|stream| stream.write_all(&[7])));
            // It ends when there are too many.
            let ends = poll_fn(|cx| caller.poll_unpin(cx));
            assert!(future::join(writing, ends).await.1.is_err());
        };
        let answering = async {
            while let Ok(stream) = poll_fn(|cx| own.poll_inbound_unpin(cx)).await {
                held.push(stream);
            }
        };
        future::join(calling.boxed_local(), answering.boxed_local()).await;
        held.len()
    }

    #[tokio::test]
    async fn a_caller_has_few_streams_but_where_we_are_a_relay() {
        assert_eq!(streams_of_a_caller(false).await, usize::from(limits::STREAMS_OF_A_CALLER_MAX));
        assert_eq!(streams_of_a_caller(true).await, usize::from(limits::STREAMS_PER_CONNECTION_MAX));
    }
}
