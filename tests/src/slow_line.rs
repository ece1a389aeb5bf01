//! A slow line between two hosts (network namespaces): what is sent in at one end comes out at the other after a delay, no
//! faster than a rate, and some of it never.
//!
//! ```text
//! host ── device ═╗ TAP                                               TAP ╔═ device ── host
//!                 ╚═▶ full? ─ waits for its turn (rate) ─ lost? ─ delay ─▶╝   and back, by itself
//! ```
//! A thread carries the frames; which are lost is drawn from a seed, so the same frames in the same order lose the same
//! ones. What is on the way is bounded. It needs root and `/dev/net/tun`; it ends, and its devices go, on drop.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, PipeReader, PipeWriter},
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tappers::{Interface, Tap};

use crate::{
    dice::Dice,
    lan::{Host, ip_at},
};

/// What a line does to every frame, each way by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowness {
    /// How long a frame is on its way, once it has left.
    pub delay: Duration,
    /// How many of 10,000 are lost on their way.
    pub lost_of_10000: u32,
    /// Bits a second that leave; `None` is as many as come.
    pub bits_per_second: Option<u64>,
}

/// How long a frame waits for its turn at most; one that would wait longer is dropped. Chosen: a common router's buffer.
const TURN_WAIT_MAX: Duration = Duration::from_millis(100);

/// Bytes on their way in one direction; beyond, frames are dropped. Chosen: a second of a gigabit.
const ON_THE_WAY_BYTES_MAX: usize = 128 << 20;

/// Frames that the kernel keeps for the thread, so that a busy machine drops none before the line itself does. Chosen.
const KERNEL_FRAMES_MAX: &str = "10000";

/// Frames taken from one end before the other one has its turn. Chosen.
const FRAMES_AT_ONCE: usize = 64;

/// A frame of Ethernet with 1,500 bytes and its head, and room for a tag.
const FRAME_BYTES_MAX: usize = 1_522;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct SlowLine {
    counts: Arc<[Counts; 2]>,
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

/// What became of the frames that were sent in at one end.
#[derive(Debug, Default)]
struct Counts {
    carried: AtomicU64,
    lost: AtomicU64,
    dropped: AtomicU64,
}

/// One direction.
#[derive(Debug)]
struct Way {
    slowness: Slowness,
    dice: Dice,
    free_at: Option<Instant>,
    frames: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
}

impl SlowLine {
    /// A line between a device of this name on one host and one on another; both are up and have no address.
    ///
    /// # Errors
    /// Why this machine cannot have it.
    pub(crate) fn between(
        ends: [(&Host, &str); 2],
        slowness: Slowness,
        mut dice: Dice,
    ) -> Result<Self, String> {
        let mut taps = Vec::new();
        for (host, device) in ends {
            taps.push(host.inside(|| open(device)).map_err(|error| format!("a TAP device: {error}"))?);
            ip_at(host.name(), &["link", "set", device, "txqueuelen", KERNEL_FRAMES_MAX, "up"])?;
        }
        let ways = [dice.others(), dice.others()].map(|dice| Way::new(slowness, dice));
        let (stopped, stop) = io::pipe().map_err(|error| format!("a pipe: {error}"))?;
        let counts = Arc::<[Counts; 2]>::default();
        let counting = Arc::clone(&counts);
        let thread = std::thread::spawn(move || carry(&taps, ways, &counting, &stopped));
        Ok(Self { counts, stop: Some(stop), thread: Some(thread) })
    }

    /// Frames sent in at this end that came out at the other, that were lost, and that found the line too full.
    pub(crate) fn counts(&self, end: usize) -> [u64; 3] {
        let Counts { carried, lost, dropped } = &self.counts[end];
        [carried, lost, dropped].map(|count| count.load(Ordering::Relaxed))
    }
}

impl Drop for SlowLine {
    fn drop(&mut self) {
        // The thread sees the other end of the pipe close; the devices go with its last look at them.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Way {
    const fn new(slowness: Slowness, dice: Dice) -> Self {
        Self { slowness, dice, free_at: None, frames: VecDeque::new(), bytes: 0 }
    }

    /// A frame is sent in.
    fn enter(&mut self, now: Instant, frame: &[u8], counts: &Counts) {
        let turn = self.free_at.map_or(now, |free_at| free_at.max(now));
        if turn - now > TURN_WAIT_MAX || self.bytes + frame.len() > ON_THE_WAY_BYTES_MAX {
            counts.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let leaves = turn + self.takes(frame.len());
        self.free_at = Some(leaves);
        if self.dice.throw() % 10_000 < u64::from(self.slowness.lost_of_10000) {
            counts.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.bytes += frame.len();
        self.frames.push_back((leaves + self.slowness.delay, frame.to_vec()));
    }

    /// How long as many bytes take to leave.
    fn takes(&self, bytes: usize) -> Duration {
        self.slowness.bits_per_second.map_or(Duration::ZERO, |bits| {
            Duration::from_nanos(u64::try_from(bytes).unwrap() * 8 * 1_000_000_000 / bits)
        })
    }

    /// When the next frame comes out.
    fn next_due(&self) -> Option<Instant> {
        self.frames.front().map(|(due, _)| *due)
    }

    /// The next frame that comes out by now.
    fn comes_out(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (_, frame) = self.frames.pop_front_if(|(due, _)| *due <= now)?;
        self.bytes -= frame.len();
        Some(frame)
    }
}

fn open(device: &str) -> io::Result<Tap> {
    let mut tap = Tap::new_named(Interface::new(device)?)?;
    tap.set_nonblocking(true)?;
    Ok(tap)
}

/// Carries frames until it is told to stop, or a device is gone.
fn carry(taps: &[Tap], mut ways: [Way; 2], counts: &[Counts; 2], stopped: &PipeReader) {
    let mut room = vec![0; FRAME_BYTES_MAX];
    loop {
        let due = ways.iter().filter_map(Way::next_due).min();
        let wait = due.map(|due| due.saturating_duration_since(Instant::now()));
        match wait_for(taps, stopped, wait) {
            Ok(false) => {}
            Ok(true) | Err(_) => return,
        }
        for ((tap, way), counts) in taps.iter().zip(&mut ways).zip(counts) {
            let now = Instant::now();
            for _ in 0..FRAMES_AT_ONCE {
                match tap.recv(&mut room) {
                    Ok(length) => way.enter(now, &room[..length], counts),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => return,
                }
            }
        }
        for ((tap, way), counts) in taps.iter().rev().zip(&mut ways).zip(counts) {
            while let Some(frame) = way.comes_out(Instant::now()) {
                // A device that is down takes nothing, as a cable without anybody at its end.
                let taken = tap.send(&frame).is_ok();
                let count = if taken { &counts.carried } else { &counts.dropped };
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Waits for frames, or as long; whether the line is to stop.
fn wait_for(taps: &[Tap], stopped: &PipeReader, wait: Option<Duration>) -> io::Result<bool> {
    let mut all: Vec<PollFd<'_>> = taps.iter().map(|tap| watch(tap)).collect();
    all.push(watch(stopped));
    let wait = wait.map(|wait| Timespec::try_from(wait).unwrap());
    match poll(&mut all, wait.as_ref()) {
        Ok(_) => Ok(all.last().is_some_and(|last| !last.revents().is_empty())),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn watch(one: &impl AsFd) -> PollFd<'_> {
    PollFd::new(one, PollFlags::IN)
}

#[cfg(test)]
mod tests;
