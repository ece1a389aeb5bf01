//! Yamux, over TCP and over relays: fewer streams where somebody connected to us than where we did, since only with a relay that
//! we dialled do we have many; one more of our own waits where Yamux would end the connection; windows grow no further than a
//! fast line needs; and what waits on all connections together is bounded by [`Backlogs`]. libp2p's own use of the same library
//! offers none of the last three.

use std::{
    collections::VecDeque,
    future::{Ready, ready},
    io, iter,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::{
    muxing::{StreamMuxer, StreamMuxerEvent},
    upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo},
};
use yamux::{ConnectionError, Mode};

use super::{
    backlog::{Backlog, Backlogs, Counted},
    limits,
    meeting::shelf::Source,
};

/// See the file's head.
#[derive(Clone, Debug)]
pub(crate) struct Multiplexing {
    backlogs: Backlogs,
    /// Streams that either side opens on a connection that somebody opened to us, and on one that we opened.
    streams: [u8; 2],
}

impl Multiplexing {
    /// Of connections over TCP; to a relay all may have many.
    pub(crate) const fn new(backlogs: Backlogs, serves: bool) -> Self {
        let (few, many) = (limits::STREAMS_OF_A_CALLER_MAX, limits::STREAMS_EACH_WAY_MAX);
        Self { backlogs, streams: [if serves { many } else { few }, many] }
    }

    /// Of connections over a relay.
    pub(crate) const fn relayed(backlogs: Backlogs) -> Self {
        Self { backlogs, streams: [limits::STREAMS_OF_A_CALLER_MAX; 2] }
    }

    fn muxer<C: AsyncRead + AsyncWrite + Unpin>(&self, socket: C, mode: Mode) -> Muxer<C> {
        let [of_theirs, of_ours] = self.streams;
        let streams = usize::from(if mode == Mode::Server { of_theirs } else { of_ours });
        let mut config = yamux::Config::default();
        config.set_max_num_streams(2 * streams);
        let windows = 2 * streams * limits::YAMUX_STREAM_BYTES + limits::YAMUX_GROWTH_BYTES_MAX;
        config.set_max_connection_receive_window(Some(windows));
        let (socket, backlog) = self.backlogs.attach(socket);
        let connection = yamux::Connection::new(socket, config, mode);
        Muxer { connection, backlog, own_streams_max: streams, arrived: VecDeque::new(), waker: None }
    }
}

impl UpgradeInfo for Multiplexing {
    type Info = &'static str;
    type InfoIter = iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        iter::once("/yamux/1.0.0")
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> InboundConnectionUpgrade<C> for Multiplexing {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, socket: C, _: Self::Info) -> Self::Future {
        ready(Ok(self.muxer(socket, Mode::Server)))
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> OutboundConnectionUpgrade<C> for Multiplexing {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, socket: C, _: Self::Info) -> Self::Future {
        ready(Ok(self.muxer(socket, Mode::Client)))
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Muxer<C> {
    connection: yamux::Connection<Counted<C>>,
    backlog: Backlog,
    own_streams_max: usize,
    /// Streams that came while nobody asked for one: everything else moves only when Yamux is asked for the next.
    /// No more than a connection may have.
    arrived: VecDeque<Stream>,
    /// Of who asked.
    waker: Option<Waker>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Muxer<C> {
    /// Where the other side is; one that comes over a relay does not say so.
    pub(crate) fn comes_from(&self, ip: IpAddr) {
        self.backlog.comes_from(Source::of(ip));
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let next = ready!(self.connection.poll_next_inbound(cx)).unwrap_or(Err(ConnectionError::Closed));
        Poll::Ready(next.map(|inner| Stream::new(inner, &self.backlog, false)).map_err(io_error))
    }
}

fn io_error(error: ConnectionError) -> io::Error {
    match error {
        ConnectionError::Io(error) => error,
        error => io::Error::other(error),
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Muxer<C> {
    type Substream = Stream;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        if let Some(stream) = self.arrived.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        let next = self.poll_next(cx);
        if next.is_pending() {
            self.waker = Some(cx.waker().clone());
        }
        next
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        if !self.backlog.has_fewer_own(self.own_streams_max, cx) {
            return Poll::Pending;
        }
        let inner = ready!(self.connection.poll_new_outbound(cx)).map_err(io_error)?;
        Poll::Ready(Ok(Stream::new(inner, &self.backlog, true)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.poll_close(cx).map_err(io_error)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        loop {
            let stream = ready!(self.poll_next(cx))?;
            self.arrived.push_back(stream);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }
}

/// A stream of it.
#[derive(Debug)]
pub(crate) struct Stream {
    inner: yamux::Stream,
    backlog: Backlog,
}

impl Stream {
    fn new(inner: yamux::Stream, backlog: &Backlog, is_own: bool) -> Self {
        backlog.opened(inner.id().val(), is_own);
        Self { inner, backlog: backlog.clone() }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.backlog.dropped(self.inner.id().val());
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.backlog.read(self.inner.id().val(), count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.backlog.written(count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _, future};
    use libp2p::core::muxing::StreamMuxerExt as _;
    use tokio::io::DuplexStream;
    use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

    use super::{super::backlog::OVERFULL, *};

    const MEBIBYTE: usize = 1 << 20;

    type Connection = Muxer<Compat<DuplexStream>>;

    /// Both ends: the caller's, who keeps to nothing, and ours.
    fn connect(own: Multiplexing) -> (Connection, Connection) {
        let (theirs, ours) = tokio::io::duplex(MEBIBYTE);
        let caller = Multiplexing { backlogs: Backlogs::new(usize::MAX), streams: [255; 2] };
        let [caller, own] =
            [caller.upgrade_outbound(theirs.compat(), ""), own.upgrade_inbound(ours.compat(), "")]
                .map(|muxer| muxer.into_inner().unwrap());
        (caller, own)
    }

    /// How many streams somebody who connected holds open until the connection ends, or has tried two hundred.
    async fn streams_of_a_caller(serves: bool) -> usize {
        let (mut caller, mut own) = connect(Multiplexing::new(Backlogs::new(64 * MEBIBYTE), serves));
        let mut held = Vec::new();
        let calling = async {
            let mut streams = Vec::new();
            for _ in 0..200 {
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
        assert_eq!(streams_of_a_caller(false).await, 2 * usize::from(limits::STREAMS_OF_A_CALLER_MAX));
        assert_eq!(streams_of_a_caller(true).await, 2 * usize::from(limits::STREAMS_EACH_WAY_MAX));
    }

    #[tokio::test]
    async fn one_stream_too_many_of_our_own_waits_and_the_connection_goes_on() {
        let (_there, mut own) = connect(Multiplexing::new(Backlogs::new(64 * MEBIBYTE), false));
        let mut open = Vec::new();
        for _ in 0..limits::STREAMS_OF_A_CALLER_MAX {
            open.push(poll_fn(|cx| own.poll_outbound_unpin(cx)).await.unwrap());
        }
        assert!(poll_fn(|cx| own.poll_outbound_unpin(cx)).now_or_never().is_none());
        let room = async { drop(open.pop()) };
        let one_more = poll_fn(|cx| own.poll_outbound_unpin(cx));
        assert!(future::join(one_more, room).await.0.is_ok());
    }

    /// Opens so many streams and writes on each as much as is taken, for as long as it is polled.
    async fn fill(connection: &mut Connection, streams: usize) -> io::Error {
        let mut open = Vec::new();
        for _ in 0..streams {
            open.push(poll_fn(|cx| connection.poll_outbound_unpin(cx)).await.unwrap());
        }
        let writing = future::join_all(open.iter_mut().map(|stream| stream.write_all(&[7; MEBIBYTE])));
        let driving = poll_fn(|cx| connection.poll_unpin(cx));
        let ended = future::select(driving.boxed_local(), writing.boxed_local()).await;
        let future::Either::Left((Err(error), _)) = ended else { panic!("all was written") };
        error
    }

    /// Everything that comes on the first stream is sent back.
    async fn echo(mut own: Connection) -> io::Error {
        let stream = poll_fn(|cx| own.poll_inbound_unpin(cx)).await.unwrap();
        let echoing = async {
            let (reading, mut writing) = stream.split();
            futures::io::copy(reading, &mut writing).await.unwrap();
            future::pending::<()>().await;
        };
        let driving = poll_fn(|cx| own.poll_unpin(cx));
        match future::select(driving.boxed_local(), echoing.boxed_local()).await {
            future::Either::Left((ended, _)) => ended.unwrap_err(),
            future::Either::Right(_) => unreachable!("it is pending"),
        }
    }

    /// That so much is sent back, in pieces.
    async fn is_echoed(caller: &mut Connection, bytes: usize) {
        let stream = poll_fn(|cx| caller.poll_outbound_unpin(cx)).await.unwrap();
        let (mut reading, mut writing) = stream.split();
        let talking = async {
            let send = async { writing.write_all(&vec![9; bytes]).await.unwrap() };
            let mut back = vec![0; bytes];
            future::join(send, reading.read_exact(&mut back)).await.1.unwrap();
            assert_eq!(back, vec![9; bytes]);
        };
        let driving = poll_fn(|cx| caller.poll_unpin(cx));
        match future::select(talking.boxed_local(), driving.boxed_local()).await {
            future::Either::Left(_) => {}
            future::Either::Right((ended, _)) => panic!("it ended: {:?}", ended.unwrap_err()),
        };
    }

    #[tokio::test]
    async fn whoever_sends_what_nobody_reads_is_ended_and_others_are_not() {
        let own = Multiplexing::new(Backlogs::new(3 * MEBIBYTE), true);
        let (mut hostile, mut held) = connect(own.clone());
        let (mut honest, echoing) = connect(own.clone());
        let flooding = fill(&mut hostile, 20);
        // Its streams are there, and nobody takes them.
        let holding = async { poll_fn(|cx| held.poll_unpin(cx)).await.unwrap_err() };
        let hostile_ends = future::join(flooding, holding);
        let honest_goes_on = is_echoed(&mut honest, 8 * MEBIBYTE);
        let served = future::select(
            future::join(hostile_ends, honest_goes_on).boxed_local(),
            echo(echoing).boxed_local(),
        );
        let future::Either::Left((((_, ended), ()), _)) = served.await else { panic!("the other ended") };
        assert!(ended.to_string().contains(OVERFULL), "{ended}");
    }

    #[tokio::test]
    async fn whoever_takes_nothing_of_what_is_for_them_is_ended() {
        let own = Multiplexing::new(Backlogs::new(MEBIBYTE), true);
        // Nobody reads at the other end, so only its socket's mebibyte can go.
        let (_there, mut ours) = connect(own);
        let ended = fill(&mut ours, 20).await;
        assert!(ended.to_string().contains(OVERFULL), "{ended}");
    }
}
