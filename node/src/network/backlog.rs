//! What waits in our memory on all connections over TCP together: bytes that a peer sent and we have not read, and bytes for a
//! peer that it has not taken. Beyond a bound the connection on which most waits ends.
//!
//! Yamux bounds what waits on one stream, and a server has tens of thousands of those. Whoever does not read, or sends what
//! nobody reads, is who holds most, so the rest go on. The bytes are counted from the frames that pass, which the header of
//! each describes: <https://github.com/hashicorp/yamux/blob/master/spec.md>.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use futures::{AsyncRead, AsyncWrite};

use super::meeting::shelf::Source;

/// What a frame that waits costs beside its bytes, at most: an allocation, and its place in two queues that keep their room
/// for as long as there is the stream, and double it when they grow.
const FRAME_BYTES: usize = 128;

/// What is said of a connection that ended for this.
pub(crate) const OVERFULL: &str = "too much waited on all connections together, and most of it on this one";

/// All connections of one node.
#[derive(Clone, Debug)]
pub(crate) struct Backlogs(Arc<Mutex<Table>>);

#[derive(Debug)]
struct Table {
    bytes_max: isize,
    bytes: isize,
    connections: BTreeMap<u64, Held>,
    next: u64,
}

/// By one connection.
#[derive(Debug, Default)]
struct Held {
    /// Where the other side is; `None` is the source of all that come over relays.
    source: Option<Source>,
    /// Below zero for a moment, where a frame was sent before whoever wrote it could say so.
    bytes: isize,
    streams: HashMap<u32, Unread>,
    /// The frame that came last, if its stream was not there yet: it may begin with it.
    early: Option<(u32, usize)>,
    /// Of streams that were dropped, which Yamux frees when it hears of that.
    dropped: usize,
    /// Streams that we opened.
    own_streams: usize,
    /// Of the task that reads and writes.
    waker: Option<Waker>,
    /// Of who waits to open a stream.
    opener: Option<Waker>,
}

/// What one stream has to read, frame by frame.
#[derive(Debug, Default)]
struct Unread {
    is_own: bool,
    frames: VecDeque<usize>,
    /// As many as there ever were at the same time.
    frames_most: usize,
}

impl Backlogs {
    /// At most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let bytes_max = isize::try_from(bytes_max).unwrap_or(isize::MAX);
        Self(Arc::new(Mutex::new(Table { bytes_max, bytes: 0, connections: BTreeMap::new(), next: 0 })))
    }

    /// What passes over a new connection is counted.
    pub(crate) fn attach<C>(&self, socket: C) -> (Counted<C>, Backlog) {
        let mut table = self.lock();
        let id = table.next;
        table.next += 1;
        table.connections.insert(id, Held::default());
        let backlog = Backlog { all: self.clone(), id };
        let (arriving, leaving) = (Frames::default(), Frames::default());
        (Counted { socket, backlog: backlog.clone(), arriving, leaving, blocked: false }, backlog)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn grow(&mut self, id: u64, bytes: usize) {
        self.add(id, bytes.cast_signed());
        while self.bytes > self.bytes_max {
            let Some(most) = self.fullest() else { break };
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

    /// A frame of this stream waits to be read; if there is none, the stream may be about to begin.
    fn keep(&mut self, id: u64, stream: u32, body: usize) {
        let Some(held) = self.connections.get_mut(&id) else { return };
        let Some(unread) = held.streams.get_mut(&stream) else {
            held.early = Some((stream, body));
            return;
        };
        unread.frames.push_back(body);
        if unread.frames.len() > unread.frames_most {
            unread.frames_most = unread.frames.len();
            self.grow(id, FRAME_BYTES);
        }
    }

    /// The connection on which most waits, of the source of which most does: many small ones are no better than a large one.
    fn fullest(&self) -> Option<u64> {
        let mut sources: BTreeMap<Option<Source>, isize> = BTreeMap::new();
        for held in self.connections.values() {
            *sources.entry(held.source).or_default() += held.bytes;
        }
        let (source, _) = sources.into_iter().max_by_key(|(_, bytes)| *bytes)?;
        let of_source = self.connections.iter().filter(|(_, held)| held.source == source);
        of_source.max_by_key(|(_, held)| held.bytes).map(|(id, _)| *id)
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
    /// Runs this on what is held, if the connection goes on, and then counts so many bytes less.
    fn release(&self, what: impl FnOnce(&mut Held) -> usize) {
        let mut table = self.all.lock();
        let freed = table.connections.get_mut(&self.id).map(what);
        table.shrink(self.id, freed.unwrap_or_default());
    }

    /// Where the other side is.
    pub(crate) fn comes_from(&self, source: Source) {
        if let Some(held) = self.all.lock().connections.get_mut(&self.id) {
            held.source = Some(source);
        }
    }

    /// Whether we have opened fewer streams than this; if not, this task hears of it when we have.
    pub(crate) fn has_fewer_own(&self, streams: usize, cx: &Context<'_>) -> bool {
        let mut table = self.all.lock();
        let Some(held) = table.connections.get_mut(&self.id) else { return true };
        let has_fewer = held.own_streams < streams;
        held.opener = (!has_fewer).then(|| cx.waker().clone());
        has_fewer
    }

    /// There is such a stream from now on, which may have begun with data.
    pub(crate) fn opened(&self, stream: u32, is_own: bool) {
        let mut table = self.all.lock();
        let Some(held) = table.connections.get_mut(&self.id) else { return };
        held.own_streams += usize::from(is_own);
        held.streams.insert(stream, Unread { is_own, ..Unread::default() });
        if let Some((_, body)) = held.early.take_if(|(early, _)| *early == stream) {
            table.keep(self.id, stream, body);
        }
    }

    /// So much of it was read.
    pub(crate) fn read(&self, stream: u32, bytes: usize) {
        self.release(|held| {
            let Some(unread) = held.streams.get_mut(&stream) else { return 0 };
            let mut left = bytes;
            while let Some(frame) = unread.frames.front_mut().filter(|_| left > 0) {
                let part = left.min(*frame);
                left -= part;
                *frame -= part;
                if *frame == 0 {
                    unread.frames.pop_front();
                }
            }
            bytes - left
        });
    }

    /// So much waits to be sent.
    pub(crate) fn written(&self, bytes: usize) {
        self.all.lock().grow(self.id, bytes);
    }

    /// What it had to read is gone with it, once Yamux hears of it.
    pub(crate) fn dropped(&self, stream: u32) {
        self.release(|held| {
            let unread = held.streams.remove(&stream).unwrap_or_default();
            held.dropped += unread.frames.iter().sum::<usize>() + unread.frames_most * FRAME_BYTES;
            if unread.is_own {
                held.own_streams -= 1;
                if let Some(opener) = held.opener.take() {
                    opener.wake();
                }
            }
            0
        });
    }

    /// A frame begins to arrive: its memory is taken. What no stream began with before is thrown away by now.
    fn arrives(&self, frame: &Header) {
        self.release(|held| held.early.take().map_or(0, |(_, body)| body));
        self.all.lock().grow(self.id, frame.body);
    }

    /// It is here.
    fn arrived(&self, frame: &Header) {
        let mut table = self.all.lock();
        table.keep(self.id, frame.stream, frame.body);
    }

    fn left(&self, bytes: usize) {
        self.release(|_| bytes);
    }

    /// Yamux has heard of all streams that were dropped.
    fn heard(&self) {
        self.release(|held| std::mem::take(&mut held.dropped));
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
    /// Whether what is written last could not go: Yamux hears of nothing then, but goes on reading.
    blocked: bool,
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
        if !this.blocked {
            this.backlog.heard();
        }
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
        let written = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.blocked = written.is_pending();
        let count = ready!(written)?;
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

/// Bytes of a frame at most: as many as ours have.
const BODY_BYTES_MAX: usize = 16 * 1_024;

/// What a frame's header says of what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    stream: u32,
    /// Bytes that come after the header.
    body: usize,
}

impl Header {
    /// Fails if its body is too long.
    fn new(bytes: [u8; HEADER_BYTES]) -> io::Result<Self> {
        /// The one kind that has a body.
        const DATA: u8 = 0;
        let [_version, kind, _, _flags, s0, s1, s2, s3, l0, l1, l2, l3] = bytes;
        let body = if kind == DATA { u32::from_be_bytes([l0, l1, l2, l3]) } else { 0 };
        let body = usize::try_from(body).unwrap_or(usize::MAX);
        if body > BODY_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {body} bytes")));
        }
        Ok(Self { stream: u32::from_be_bytes([s0, s1, s2, s3]), body })
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
    use std::net::IpAddr;

    use super::*;

    const DATA: u8 = 0;
    const WINDOW_UPDATE: u8 = 1;
    const PING: u8 = 2;

    fn frame(kind: u8, flags: u8, stream: u8, length: u32) -> Vec<u8> {
        let [l0, l1, l2, l3] = length.to_be_bytes();
        let mut frame = vec![0, kind, 0, flags, 0, 0, 0, stream, l0, l1, l2, l3];
        if kind == DATA {
            frame.resize(HEADER_BYTES + length as usize, 7);
        }
        frame
    }

    fn held(backlogs: &Backlogs) -> (usize, usize) {
        let table = backlogs.lock();
        assert_eq!(table.bytes, table.connections.values().map(|held| held.bytes).sum::<isize>());
        (table.connections.len(), table.bytes.try_into().unwrap())
    }

    /// Comes in pieces of this size.
    fn arrives(socket: &mut Counted<()>, bytes: &[u8], piece: usize) {
        for part in bytes.chunks(piece) {
            let backlog = &socket.backlog;
            socket.arriving.follow(part, |f| backlog.arrives(f), |f| backlog.arrived(f)).unwrap();
        }
    }

    #[test]
    fn bytes_count_from_the_frame_that_brings_them_until_they_are_read() {
        for piece in [1, 5, 12, 13, 1_000] {
            let backlogs = Backlogs::new(1 << 20);
            let (mut socket, backlog) = backlogs.attach(());
            // A stream that begins with a window update, one with data, a ping, and data of an unknown stream.
            arrives(&mut socket, &frame(WINDOW_UPDATE, 1, 1, 1_000), piece);
            backlog.opened(1, false);
            arrives(&mut socket, &frame(DATA, 1, 3, 500), piece);
            backlog.opened(3, false);
            assert_eq!(held(&backlogs), (1, 500 + FRAME_BYTES));
            arrives(&mut socket, &frame(DATA, 0, 9, 800), piece);
            assert_eq!(held(&backlogs), (1, 1_300 + FRAME_BYTES));
            arrives(&mut socket, &frame(PING, 1, 0, 99), piece);
            assert_eq!(held(&backlogs), (1, 500 + FRAME_BYTES));
            arrives(&mut socket, &frame(DATA, 0, 1, 100), piece);
            arrives(&mut socket, &frame(DATA, 4, 1, 0), piece);
            assert_eq!(held(&backlogs), (1, 600 + 2 * FRAME_BYTES));
            backlog.read(1, 60);
            arrives(&mut socket, &frame(DATA, 0, 1, 10), piece);
            assert_eq!(held(&backlogs), (1, 550 + 3 * FRAME_BYTES));
            // The room of a queue stays for as long as the stream.
            backlog.read(1, 50);
            assert_eq!(held(&backlogs), (1, 500 + 3 * FRAME_BYTES));
            arrives(&mut socket, &frame(DATA, 0, 1, 10), piece);
            assert_eq!(held(&backlogs), (1, 510 + 3 * FRAME_BYTES));
            // What was dropped counts until Yamux has heard of it.
            backlog.dropped(3);
            backlog.dropped(1);
            assert_eq!(held(&backlogs), (1, 510 + 3 * FRAME_BYTES));
            backlog.heard();
            assert_eq!(held(&backlogs), (1, 0));
            backlog.written(700);
            assert_eq!(held(&backlogs), (1, 700));
            for part in frame(DATA, 0, 1, 700).chunks(piece) {
                socket.leaving.follow(part, |_| {}, |f| backlog.left(f.body)).unwrap();
            }
            assert_eq!(held(&backlogs), (1, 0));
            drop(socket);
            assert_eq!(held(&backlogs), (0, 0));
        }
    }

    #[test]
    fn frames_of_streams_that_there_are_not_leave_nothing() {
        let backlogs = Backlogs::new(1 << 20);
        let (mut socket, backlog) = backlogs.attach(());
        for stream in 0..=u8::MAX {
            // One that begins and is reset at once is none, and neither is one that is refused.
            arrives(&mut socket, &frame(WINDOW_UPDATE, 1 | 8, stream, 0), 100);
            arrives(&mut socket, &frame(DATA, 1, stream, 50), 100);
        }
        assert_eq!(held(&backlogs), (1, 50));
        assert!(backlogs.lock().connections.values().all(|held| held.streams.is_empty()));
        backlog.opened(1, false);
        assert_eq!(held(&backlogs), (1, 50), "what came for another stream is not its");
    }

    #[test]
    fn many_small_frames_count_as_what_they_cost() {
        let backlogs = Backlogs::new(1 << 20);
        let (mut socket, backlog) = backlogs.attach(());
        backlog.opened(1, false);
        let mut frames = 0;
        while held(&backlogs).0 == 1 {
            arrives(&mut socket, &frame(DATA, 0, 1, 1), 100);
            frames += 1;
        }
        assert_eq!(frames, (1 << 20) / (FRAME_BYTES + 1) + 1);
    }

    #[test]
    fn of_the_fullest_source_the_fullest_connection_ends() {
        let backlogs = Backlogs::new(1_000);
        let at = |text: &str| Source::of(text.parse::<IpAddr>().unwrap());
        let open = |source: Option<Source>, bytes| {
            let (socket, backlog) = backlogs.attach(());
            source.into_iter().for_each(|source| backlog.comes_from(source));
            backlog.written(bytes);
            (socket, backlog)
        };
        let honest = open(Some(at("203.0.113.1")), 300);
        let relayed = open(None, 200);
        let many: Vec<_> = [90, 110, 100].map(|bytes| open(Some(at("203.0.113.2")), bytes)).into();
        let stand = || {
            let ids = [&honest, &relayed, &many[0], &many[1], &many[2]].map(|(_, backlog)| backlog.id);
            ids.map(|id| backlogs.lock().connections.contains_key(&id))
        };
        relayed.1.written(1);
        assert_eq!(stand(), [true; 5]);
        many[0].1.written(200);
        assert_eq!(stand(), [true, true, false, true, true]);
        honest.1.written(300);
        assert_eq!(stand(), [false, true, false, true, true]);
        assert_eq!(held(&backlogs), (3, 201 + 210));
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_before_it_comes() {
        let mut frames = Frames::default();
        let begins = |_: &Header| panic!("it has begun");
        let long = frame(DATA, 1, 1, u32::try_from(BODY_BYTES_MAX).unwrap() + 1);
        assert!(frames.follow(long.get(..11).unwrap(), begins, |_| {}).is_ok());
        assert!(frames.follow(long.get(11..12).unwrap(), begins, |_| {}).is_err());
    }
}
