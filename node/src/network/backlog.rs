//! What waits in our memory on all connections over TCP together: bytes that a peer sent and we have not read, and bytes for a
//! peer that it has not taken. Beyond a bound the connection on which most waits ends.
//!
//! Yamux bounds what waits on one stream, and a server has tens of thousands of those. Whoever does not read, or sends what
//! nobody reads, is who holds most, so the rest go on. The bytes are counted from the frames that pass, which the header of
//! each describes: <https://github.com/hashicorp/yamux/blob/master/spec.md>.

use std::{
    collections::{HashMap, VecDeque},
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use futures::{AsyncRead, AsyncWrite};

/// What a frame that waits costs beside its bytes: an allocation of its own, and its place in two queues.
const FRAME_BYTES: usize = 64;

/// What is said of a connection that ended for this.
pub(crate) const OVERFULL: &str = "too much waited on all connections together, and most of it on this one";

/// All connections of one node.
#[derive(Clone, Debug)]
pub(crate) struct Backlogs(Arc<Mutex<Table>>);

#[derive(Debug)]
struct Table {
    bytes_max: isize,
    bytes: isize,
    connections: HashMap<u64, Held>,
    next: u64,
}

/// By one connection.
#[derive(Debug, Default)]
struct Held {
    /// Below zero for a moment, where a frame was sent before whoever wrote it could say so.
    bytes: isize,
    /// What each stream has to read, frame by frame.
    unread: HashMap<u32, VecDeque<usize>>,
    /// Of the task that reads and writes.
    waker: Option<Waker>,
}

impl Backlogs {
    /// At most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let bytes_max = isize::try_from(bytes_max).unwrap_or(isize::MAX);
        Self(Arc::new(Mutex::new(Table { bytes_max, bytes: 0, connections: HashMap::new(), next: 0 })))
    }

    /// What passes over a new connection is counted.
    pub(crate) fn attach<C>(&self, socket: C) -> (Counted<C>, Backlog) {
        let mut table = self.lock();
        let id = table.next;
        table.next += 1;
        table.connections.insert(id, Held::default());
        let backlog = Backlog { all: self.clone(), id };
        (
            Counted {
                socket,
                backlog: backlog.clone(),
                arriving: Frames::default(),
                leaving: Frames::default(),
            },
            backlog,
        )
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn grow(&mut self, id: u64, bytes: usize) {
        self.add(id, bytes.cast_signed());
        while self.bytes > self.bytes_max {
            let most = self.connections.iter().max_by_key(|(id, held)| (held.bytes, **id));
            let Some(most) = most.map(|(id, _)| *id) else { break };
            self.end(most);
        }
    }

    fn shrink(&mut self, id: u64, bytes: usize) {
        self.add(id, -bytes.cast_signed());
    }

    fn add(&mut self, id: u64, bytes: isize) {
        let Some(held) = self.connections.get_mut(&id) else { return };
        held.bytes += bytes;
        self.bytes += bytes;
    }

    /// It does not count any more, and ends when its task looks.
    fn end(&mut self, id: u64) {
        let Some(held) = self.connections.remove(&id) else { return };
        self.bytes -= held.bytes;
        if let Some(waker) = held.waker {
            waker.wake();
        }
    }
}

/// That of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Backlog {
    all: Backlogs,
    id: u64,
}

impl Backlog {
    /// There is such a stream from now on.
    pub(crate) fn opened(&self, stream: u32) {
        if let Some(held) = self.all.lock().connections.get_mut(&self.id) {
            held.unread.entry(stream).or_default();
        }
    }

    /// So much of it was read.
    pub(crate) fn read(&self, stream: u32, mut bytes: usize) {
        let mut table = self.all.lock();
        let Some(held) = table.connections.get_mut(&self.id) else { return };
        let mut freed = bytes;
        let frames = held.unread.entry(stream).or_default();
        while let Some(frame) = frames.front_mut().filter(|_| bytes > 0) {
            let part = bytes.min(*frame);
            bytes -= part;
            *frame -= part;
            if *frame == 0 {
                frames.pop_front();
                freed += FRAME_BYTES;
            }
        }
        table.shrink(self.id, freed - bytes);
    }

    /// So much waits to be sent.
    pub(crate) fn written(&self, bytes: usize) {
        self.all.lock().grow(self.id, bytes);
    }

    /// What it had to read is gone with it.
    pub(crate) fn dropped(&self, stream: u32) {
        let mut table = self.all.lock();
        let Some(held) = table.connections.get_mut(&self.id) else { return };
        let frames = held.unread.remove(&stream).unwrap_or_default();
        table.shrink(self.id, frames.iter().map(|frame| frame + FRAME_BYTES).sum());
    }

    /// A frame of such a stream begins to arrive: its memory is taken.
    fn arrives(&self, frame: &Header) {
        let mut table = self.all.lock();
        if let Some(held) = table.connections.get_mut(&self.id).filter(|_| frame.opens) {
            held.unread.entry(frame.stream).or_default();
        }
        if frame.body > 0 {
            table.grow(self.id, frame.body + FRAME_BYTES);
        }
    }

    /// It is here; if there is no such stream, it is thrown away.
    fn arrived(&self, frame: &Header) {
        let mut table = self.all.lock();
        let Some(held) = table.connections.get_mut(&self.id) else { return };
        match held.unread.get_mut(&frame.stream) {
            Some(frames) => frames.push_back(frame.body),
            None => table.shrink(self.id, frame.body + FRAME_BYTES),
        }
    }

    fn left(&self, bytes: usize) {
        self.all.lock().shrink(self.id, bytes);
    }

    /// Whether it goes on. If so, this task hears of its end.
    fn stands(&self, cx: &Context<'_>) -> io::Result<()> {
        let mut table = self.all.lock();
        let Some(held) = table.connections.get_mut(&self.id) else {
            return Err(io::Error::other(OVERFULL));
        };
        match &mut held.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            waker => *waker = Some(cx.waker().clone()),
        }
        Ok(())
    }
}

/// A socket whose frames are counted.
#[derive(Debug)]
pub(crate) struct Counted<C> {
    socket: C,
    backlog: Backlog,
    arriving: Frames,
    leaving: Frames,
}

impl<C> Drop for Counted<C> {
    fn drop(&mut self) {
        self.backlog.all.lock().end(self.backlog.id);
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Counted<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.backlog.stands(cx)?;
        let count = ready!(Pin::new(&mut this.socket).poll_read(cx, buffer))?;
        this.arriving.follow(
            buffer.get(..count).unwrap_or_default(),
            |frame| this.backlog.arrives(frame),
            |frame| this.backlog.arrived(frame),
        )?;
        Poll::Ready(Ok(count))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Counted<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.backlog.stands(cx)?;
        let count = ready!(Pin::new(&mut this.socket).poll_write(cx, bytes))?;
        let bytes = bytes.get(..count).unwrap_or_default();
        this.leaving.follow(bytes, |_| {}, |frame| this.backlog.left(frame.body))?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.backlog.stands(cx)?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.backlog.stands(cx)?;
        Pin::new(&mut self.socket).poll_close(cx)
    }
}

/// Bytes of a header.
const HEADER_BYTES: usize = 12;

/// Bytes of a frame at most: what may come on a new stream. Ours have 16 KiB.
const BODY_BYTES_MAX: usize = 256 * 1_024;

/// What a frame's header says of what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    stream: u32,
    /// Whether the stream begins with it.
    opens: bool,
    /// Bytes that come after the header.
    body: usize,
}

impl Header {
    /// Fails if its body is too long.
    fn new(bytes: [u8; HEADER_BYTES]) -> io::Result<Self> {
        /// The kinds that belong to a stream: data, and room for more of it. Only the first has a body.
        const DATA: u8 = 0;
        const WINDOW_UPDATE: u8 = 1;
        /// The flag of a stream's first frame.
        const SYN: u8 = 1;
        let [_version, kind, _flags, flags, s0, s1, s2, s3, l0, l1, l2, l3] = bytes;
        let body = if kind == DATA { u32::from_be_bytes([l0, l1, l2, l3]) } else { 0 };
        let body = usize::try_from(body).unwrap_or(usize::MAX);
        if body > BODY_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {body} bytes")));
        }
        let opens = matches!(kind, DATA | WINDOW_UPDATE) && flags & SYN != 0;
        Ok(Self { stream: u32::from_be_bytes([s0, s1, s2, s3]), opens, body })
    }
}

/// Where frames begin and end in the bytes that pass.
#[derive(Debug, Default)]
struct Frames {
    header: Vec<u8>,
    /// The frame in whose body we are, and how much of it has not passed.
    body: Option<(Header, usize)>,
}

impl Frames {
    fn follow(
        &mut self,
        mut bytes: &[u8],
        begins: impl Fn(&Header),
        ends: impl Fn(&Header),
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let missing = self.body.map_or(HEADER_BYTES - self.header.len(), |(_, missing)| missing);
            let (part, rest) = bytes.split_at(missing.min(bytes.len()));
            bytes = rest;
            if let Some((frame, missing)) = &mut self.body {
                *missing -= part.len();
                if *missing == 0 {
                    ends(frame);
                    self.body = None;
                }
                continue;
            }
            self.header.extend_from_slice(part);
            if let Ok(header) = self.header.as_slice().try_into() {
                self.header.clear();
                let frame = Header::new(header)?;
                begins(&frame);
                self.body = (frame.body > 0).then_some((frame, frame.body));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, length: u32) -> Vec<u8> {
        let [l0, l1, l2, l3] = length.to_be_bytes();
        let mut frame = vec![0, kind, 0, flags, 0, 0, 0, stream, l0, l1, l2, l3];
        if kind == 0 {
            frame.resize(HEADER_BYTES + length as usize, 7);
        }
        frame
    }

    fn held(backlogs: &Backlogs) -> (usize, usize) {
        let table = backlogs.lock();
        assert_eq!(table.bytes, table.connections.values().map(|held| held.bytes).sum::<isize>());
        (table.connections.len(), table.bytes.try_into().unwrap())
    }

    /// What arrives in pieces of every size counts until it is read, sent or thrown away.
    #[test]
    fn bytes_count_from_the_frame_that_brings_them_until_they_are_read() {
        for piece in [1, 5, 12, 13, 1_000] {
            let backlogs = Backlogs::new(1 << 20);
            let (mut socket, backlog) = backlogs.attach(());
            let mut arrives = |bytes: &[u8]| {
                for part in bytes.chunks(piece) {
                    let backlog = &socket.backlog;
                    socket.arriving.follow(part, |f| backlog.arrives(f), |f| backlog.arrived(f)).unwrap();
                }
            };
            // A stream that begins with a window update, one with data, a ping, and data of an unknown stream.
            arrives(&frame(1, 1, 1, 1_000));
            arrives(&frame(0, 1, 3, 500));
            arrives(&frame(2, 1, 0, 99));
            arrives(&frame(0, 0, 9, 800));
            assert_eq!(held(&backlogs), (1, 500 + FRAME_BYTES));
            arrives(&frame(0, 0, 1, 100));
            arrives(&frame(0, 4, 1, 0));
            assert_eq!(held(&backlogs), (1, 600 + 2 * FRAME_BYTES));
            backlog.read(1, 60);
            assert_eq!(held(&backlogs), (1, 540 + 2 * FRAME_BYTES));
            arrives(&frame(0, 0, 1, 10));
            backlog.read(1, 50);
            assert_eq!(held(&backlogs), (1, 500 + FRAME_BYTES));
            backlog.dropped(3);
            backlog.dropped(1);
            assert_eq!(held(&backlogs), (1, 0));
            backlog.written(700);
            assert_eq!(held(&backlogs), (1, 700));
            for part in frame(0, 0, 1, 700).chunks(piece) {
                let backlog = &socket.backlog;
                socket.leaving.follow(part, |_| {}, |f| backlog.left(f.body)).unwrap();
            }
            assert_eq!(held(&backlogs), (1, 0));
            drop(socket);
            assert_eq!(held(&backlogs), (0, 0));
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_before_it_comes() {
        let mut frames = Frames::default();
        let begins = |_: &Header| panic!("it has begun");
        let long = frame(0, 1, 1, u32::try_from(BODY_BYTES_MAX).unwrap() + 1);
        assert!(frames.follow(long.get(..11).unwrap(), begins, |_| {}).is_ok());
        assert!(frames.follow(long.get(11..12).unwrap(), begins, |_| {}).is_err());
    }
}
