//! How fast a server reads: so much a second from each peer, and from all together.
//!
//! libp2p's relay bounds how long a circuit stands and how much it carries, not how fast. Where reading waits, the windows of
//! the streams fill, and whoever sends waits too; nothing is thrown away. Only servers read through a meter: what passes
//! through a relay was read by it.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::{AsyncRead, AsyncWrite, FutureExt as _};
use libp2p::{
    PeerId,
    core::{
        StreamMuxer,
        muxing::{StreamMuxerBox, StreamMuxerEvent, SubstreamBox},
    },
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::limits::{METER_BURST, METER_BYTES_PER_SECOND, METER_BYTES_PER_SECOND_AND_PEER};

/// Everything that is read by one node.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    total: Arc<Budget>,
    /// Of those who are connected, and of those who went a moment ago: to come again brings nothing.
    peers: Arc<Mutex<HashMap<PeerId, Arc<Budget>>>>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { total: Arc::new(Budget::new(METER_BYTES_PER_SECOND)), peers: Arc::default() }
    }

    /// What comes over a connection to this peer counts from now on, together with their other ones.
    pub(crate) fn attach(&self, peer: PeerId, connection: StreamMuxerBox) -> StreamMuxerBox {
        StreamMuxerBox::new(Connection { inner: connection, budgets: self.budgets(peer) })
    }

    fn budgets(&self, peer: PeerId) -> [Arc<Budget>; 2] {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        peers.retain(|_, budget| Arc::strong_count(budget) > 1 || budget.filled() > now);
        let new = || Arc::new(Budget::new(METER_BYTES_PER_SECOND_AND_PEER));
        let own = Arc::clone(peers.entry(peer).or_insert_with(new));
        [own, Arc::clone(&self.total)]
    }
}

/// So many bytes a second, of which as many as `METER_BURST` brings may come at once.
#[derive(Debug)]
struct Budget {
    bytes_per_second: u32,
    /// Until when what was read fills the time.
    filled: Mutex<Instant>,
}

impl Budget {
    fn new(bytes_per_second: u32) -> Self {
        Self { bytes_per_second, filled: Mutex::new(Instant::now()) }
    }

    fn filled(&self) -> Instant {
        *self.filled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From when on more may be read.
    fn free_at(&self) -> Instant {
        let filled = self.filled();
        filled.checked_sub(METER_BURST).unwrap_or(filled)
    }

    fn take(&self, bytes: usize, now: Instant) {
        let bytes = u64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
        let time = Duration::from_nanos(bytes * 1_000_000_000 / u64::from(self.bytes_per_second));
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        *filled = filled.max(now) + time;
    }
}

struct Connection {
    inner: StreamMuxerBox,
    budgets: [Arc<Budget>; 2],
}

impl Connection {
    fn metered(&self, inner: SubstreamBox) -> Stream {
        Stream { inner, budgets: self.budgets.clone(), rest: None }
    }
}

impl StreamMuxer for Connection {
    type Substream = Stream;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let inner = ready!(Pin::new(&mut self.inner).poll_inbound(cx))?;
        Poll::Ready(Ok(self.metered(inner)))
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let inner = ready!(Pin::new(&mut self.inner).poll_outbound(cx))?;
        Poll::Ready(Ok(self.metered(inner)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

struct Stream {
    inner: SubstreamBox,
    budgets: [Arc<Budget>; 2],
    /// Until more may be read.
    rest: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(rest) = &mut self.rest {
                ready!(rest.poll_unpin(cx));
                self.rest = None;
            }
            let free_at = self.budgets.iter().map(|budget| budget.free_at()).max();
            match free_at.filter(|free_at| *free_at > Instant::now()) {
                Some(free_at) => self.rest = Some(Box::pin(sleep_until(free_at))),
                None => break,
            }
        }
        let count = ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let now = Instant::now();
        for budget in &self.budgets {
            budget.take(count, now);
        }
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
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
    use futures::AsyncReadExt as _;

    use super::*;

    /// So many bytes to read.
    struct Source(usize);

    impl AsyncRead for Source {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let count = buffer.len().min(self.0);
            self.0 -= count;
            Poll::Ready(Ok(count))
        }
    }

    impl AsyncWrite for Source {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(0))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Reads so much from peers at the same time; how long it took.
    async fn takes(meter: &Meter, peers: &[PeerId], bytes: usize) -> Duration {
        let begun = Instant::now();
        let reads = peers.iter().map(|peer| {
            let inner = SubstreamBox::new(Source(bytes));
            let mut stream = Stream { inner, budgets: meter.budgets(*peer), rest: None };
            async move {
                let mut buffer = vec![0; 65_536];
                let mut read = 0;
                loop {
                    match stream.read(&mut buffer).await.unwrap() {
                        0 => break,
                        count => read += count,
                    }
                }
                assert_eq!(read, bytes);
            }
        });
        futures::future::join_all(reads).await;
        begun.elapsed()
    }

    const SECOND: usize = METER_BYTES_PER_SECOND_AND_PEER as usize;
    const BURST: usize = SECOND * METER_BURST.as_secs() as usize;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_the_rest_at_the_rate_of_one_peer() {
        let meter = Meter::new();
        let peer = PeerId::random();
        assert_eq!(takes(&meter, &[peer], BURST).await, Duration::ZERO);
        let wait = takes(&meter, &[peer], 3 * SECOND).await;
        assert!(wait > Duration::from_millis(2_500) && wait < Duration::from_millis(3_500), "{wait:?}");
        // Time passes, and there is room again; another peer has their own.
        tokio::time::advance(2 * METER_BURST).await;
        assert_eq!(takes(&meter, &[peer, PeerId::random()], BURST).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_of_one_peer_share_and_all_peers_together_have_a_bound() {
        let meter = Meter::new();
        let peer = PeerId::random();
        let wait = takes(&meter, &[peer, peer], BURST).await;
        assert!(wait > METER_BURST / 2, "{wait:?}");
        let meter = Meter::new();
        let peers: Vec<PeerId> = (0..32).map(|_| PeerId::random()).collect();
        let wait = takes(&meter, &peers, BURST).await;
        let least = 32 * METER_BYTES_PER_SECOND_AND_PEER / METER_BYTES_PER_SECOND;
        assert!(wait > METER_BURST * least / 2, "{wait:?}");
        tokio::time::advance(2 * METER_BURST).await;
        let _ = meter.budgets(peer);
        assert_eq!(meter.peers.lock().unwrap().len(), 1, "who is gone is forgotten");
    }
}
