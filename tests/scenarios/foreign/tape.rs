//! Everything that passes a server's connections inside their encryption: each stream in each direction on a tape of its own.

use std::{
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerBox, StreamMuxerEvent, SubstreamBox};

/// Bytes on all tapes together. Chosen: many times what tests say.
const BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// The tapes of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape(Arc<Mutex<Reels>>);

#[derive(Debug, Default)]
struct Reels {
    all: Vec<Vec<u8>>,
    bytes: usize,
    /// How many were taken away.
    gone: usize,
}

impl Tape {
    /// All that is on them; they are empty then.
    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        let mut reels = self.0.lock().unwrap();
        reels.bytes = 0;
        reels.gone += reels.all.len();
        mem::take(&mut reels.all)
    }

    fn begin(&self) -> usize {
        let mut reels = self.0.lock().unwrap();
        reels.all.push(Vec::new());
        reels.gone + reels.all.len() - 1
    }

    fn write(&self, number: usize, bytes: &[u8]) {
        let mut reels = self.0.lock().unwrap();
        reels.bytes += bytes.len();
        assert!(reels.bytes <= BYTES_MAX, "too much for the tapes");
        // A stream that was there before goes on with an empty one.
        let place = match number.checked_sub(reels.gone) {
            Some(place) => place,
            None => {
                reels.all.push(Vec::new());
                reels.all.len() - 1
            }
        };
        reels.all[place].extend_from_slice(bytes);
    }
}

/// A connection on tape.
pub(super) struct Taped {
    inner: StreamMuxerBox,
    tape: Tape,
}

impl Taped {
    pub(super) fn new<M>(muxer: M, tape: Tape) -> Self
    where
        M: StreamMuxer + Send + 'static,
        M::Substream: Send + 'static,
        M::Error: Send + Sync + 'static,
    {
        Self { inner: StreamMuxerBox::new(muxer), tape }
    }

    fn stream(&self, inner: SubstreamBox) -> TapedStream {
        let (heard, said) = (self.tape.begin(), self.tape.begin());
        TapedStream { inner, tape: self.tape.clone(), heard, said }
    }
}

impl StreamMuxer for Taped {
    type Substream = TapedStream;
    type Error = io::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = ready!(Pin::new(&mut self.inner).poll_inbound(cx))?;
        Poll::Ready(Ok(self.stream(stream)))
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = ready!(Pin::new(&mut self.inner).poll_outbound(cx))?;
        Poll::Ready(Ok(self.stream(stream)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

/// A stream on tape.
pub(super) struct TapedStream {
    inner: SubstreamBox,
    tape: Tape,
    heard: usize,
    said: usize,
}

impl AsyncRead for TapedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.tape.write(self.heard, &buffer[..count]);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for TapedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.tape.write(self.said, &bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}
