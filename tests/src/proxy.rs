//! What stands between two nodes: passes on what they say, writes it down, and does what networks and enemies do.
//!
//! ```text
//! one node ── dials ──▶ proxy ── passes on, flips, drops, repeats, stalls, cuts ──▶ the other node's port
//! ```
//!
//! The faults come from a [`Plan`]: a seed, their kinds, how far apart and how many. With a finite plan the line is
//! sound in the end, so whatever was promised has to come true. Threads, connections and the recording are bounded, and
//! all of it ends on drop.

mod datagrams;
mod streams;

use std::{
    net::{Shutdown, SocketAddr, TcpStream},
    ops::Range,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::Dice;

/// Bytes that are written down; what comes after them is passed on all the same.
const RECORDED_BYTES_MAX: usize = 64 << 20;

/// How long a stalled line keeps silent: shorter than what makes a peer count as gone.
const STALL: Duration = Duration::from_secs(2);

/// One thing that can happen to what is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// One bit is another.
    Flip,
    /// It is left out.
    Drop,
    /// It comes twice.
    Repeat,
    /// It comes late.
    Stall,
    /// The connection ends. Where there are no connections it is left out.
    Cut,
}

/// Which faults there will be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides which, where and when.
    pub seed: u64,
    /// The kinds; none: no faults.
    pub kinds: Vec<Fault>,
    /// Bytes between two faults.
    pub apart: Range<usize>,
    /// After so many the line is sound.
    pub at_most: usize,
}

/// A bad line to somebody.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    front: SocketAddr,
    is_stream: bool,
    at_front: Option<JoinHandle<()>>,
}

/// What the threads of a proxy have in common.
#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    dealer: Mutex<Dealer>,
    recordings: Mutex<Recordings>,
    lines: Mutex<Vec<TcpStream>>,
    opened: AtomicUsize,
    ended: AtomicUsize,
    stopping: AtomicBool,
    stop: (Mutex<()>, Condvar),
}

/// Which fault comes next, and when.
#[derive(Debug)]
struct Dealer {
    dice: Dice,
    plan: Plan,
    bytes_left: usize,
    dealt: Vec<Fault>,
}

#[derive(Debug, Default)]
struct Recordings {
    streams: Vec<Vec<u8>>,
    bytes: usize,
}

/// Where the bytes of one direction of one connection are written down.
#[derive(Clone, Copy, Debug)]
struct Track(usize);

impl Plan {
    /// A sound line.
    #[must_use]
    pub const fn without_faults() -> Self {
        Self { seed: 0, kinds: Vec::new(), apart: 0..1, at_most: 0 }
    }
}

impl Proxy {
    /// A line for TCP at a port of its own, to this port on this machine.
    #[must_use]
    pub fn streams_to(port: u16, plan: Plan) -> Self {
        Self::streams_from_to(0, port, plan)
    }

    /// A line for TCP from this port to that port on this machine.
    #[must_use]
    pub fn streams_from_to(front: u16, port: u16, plan: Plan) -> Self {
        let shared = Shared::new(port, plan);
        let (front, thread) = streams::begin(front, &shared);
        Self { shared, front, is_stream: true, at_front: Some(thread) }
    }

    /// A line for QUIC at a port of its own, to this UDP port on this machine.
    #[must_use]
    pub fn datagrams_to(port: u16, plan: Plan) -> Self {
        let shared = Shared::new(port, plan);
        let (front, thread) = datagrams::begin(&shared);
        Self { shared, front, is_stream: false, at_front: Some(thread) }
    }

    /// Where to dial.
    #[must_use]
    pub fn multiaddr(&self) -> String {
        let port = self.front.port();
        if self.is_stream {
            format!("/ip4/127.0.0.1/tcp/{port}")
        } else {
            format!("/ip4/127.0.0.1/udp/{port}/quic-v1")
        }
    }

    /// Ends every connection that there is.
    pub fn cuts(&self) {
        self.shared.cut_all();
    }

    /// The faults so far.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.shared.dealer.lock().unwrap().dealt.clone()
    }

    /// How many connections were opened so far.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.shared.opened.load(Ordering::SeqCst)
    }

    /// How many of them have ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.shared.ended.load(Ordering::SeqCst)
    }

    /// What was said: for each connection the one direction, then the other.
    #[must_use]
    pub fn recordings(&self) -> Vec<Vec<u8>> {
        self.shared.recordings.lock().unwrap().streams.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.stop.1.notify_all();
        self.shared.cut_all();
        if self.is_stream {
            // Whoever waits for the next connection looks up.
            TcpStream::connect(self.front).ok();
        }
        // From here on somebody else can have the port.
        if let Some(thread) = self.at_front.take() {
            thread.join().ok();
        }
    }
}

impl Shared {
    fn new(port: u16, plan: Plan) -> Arc<Self> {
        let mut dealer = Dealer { dice: Dice::seeded(plan.seed), plan, bytes_left: 0, dealt: Vec::new() };
        dealer.draw_distance();
        Arc::new(Self {
            target: SocketAddr::from(([127, 0, 0, 1], port)),
            dealer: Mutex::new(dealer),
            recordings: Mutex::default(),
            lines: Mutex::default(),
            opened: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            stop: (Mutex::new(()), Condvar::new()),
        })
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn new_track(&self) -> Track {
        let mut recordings = self.recordings.lock().unwrap();
        recordings.streams.push(Vec::new());
        Track(recordings.streams.len() - 1)
    }

    fn record(&self, track: Track, bytes: &[u8]) {
        let mut recordings = self.recordings.lock().unwrap();
        recordings.bytes += bytes.len();
        if recordings.bytes <= RECORDED_BYTES_MAX {
            recordings.streams[track.0].extend_from_slice(bytes);
        }
    }

    /// What happens to these bytes, which are changed where that is it.
    fn deal(&self, bytes: &mut [u8]) -> Option<Fault> {
        let fault = self.dealer.lock().unwrap().deal(bytes);
        if fault == Some(Fault::Stall) {
            let still = |(): &mut ()| !self.is_stopping();
            let waiting = self.stop.0.lock().unwrap();
            drop(self.stop.1.wait_timeout_while(waiting, STALL, still).unwrap());
        }
        fault
    }

    fn cut_all(&self) {
        for line in self.lines.lock().unwrap().drain(..) {
            // It may have ended by itself.
            line.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Dealer {
    fn deal(&mut self, bytes: &mut [u8]) -> Option<Fault> {
        if self.plan.kinds.is_empty() || self.dealt.len() >= self.plan.at_most {
            return None;
        }
        if self.bytes_left > bytes.len() {
            self.bytes_left -= bytes.len();
            return None;
        }
        self.draw_distance();
        let fault = self.dice.one_of(&self.plan.kinds);
        if fault == Fault::Flip {
            let place = self.dice.below(bytes.len());
            bytes[place] ^= 1 << self.dice.below(8);
        }
        self.dealt.push(fault);
        Some(fault)
    }

    fn draw_distance(&mut self) {
        let Range { start, end } = self.plan.apart;
        self.bytes_left = start + self.dice.below(end.saturating_sub(start).max(1));
    }
}

#[cfg(test)]
mod tests;
