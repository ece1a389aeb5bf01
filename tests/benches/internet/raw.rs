//! Raw sockets over the same lines: TCP from home to home, through the port that a router forwards, or through a server that
//! does nothing but copy.
//!
//! ```text
//! near end ── 'p' ──▶ far end: 'p'            a round trip
//!          ── 'b', length, as many bytes ──▶ 'd'
//! ```

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    thread::Scope,
    time::{Duration, Instant},
};

use causerie_tests::Internet;

use crate::figures::Times;

/// Connections that are made, one after the other.
const CONNECTS: usize = 20;

/// Round trips on the last of them.
const ROUND_TRIPS: usize = 200;

/// Bytes that are written at once.
const BLOCK_BYTES: usize = 65_536;

/// What raw sockets do.
#[derive(Debug)]
pub(crate) struct Raw {
    /// From dialling until the first byte came back from the other home.
    pub(crate) connects: Times,
    /// Of one byte.
    pub(crate) round_trips: Times,
    /// How long as many bytes took to the other home, from the first to the last.
    pub(crate) bulk: Duration,
}

/// What QUIC does about losses here, and TCP on most systems: RFC 9438.
pub(crate) const CUBIC: &str = "cubic";

/// What TCP does about losses on this machine, and so where it carries Causerie.
pub(crate) fn of_this_machine() -> &'static str {
    let control = fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control").unwrap();
    if control.trim() == CUBIC { CUBIC } else { control.trim().to_owned().leak() }
}

/// Straight to a port that the router of home 2 forwards.
pub(crate) fn direct(internet: &Internet, bytes: usize, control: &'static str) -> Raw {
    let listener = internet.in_home(2, || TcpListener::bind("192.168.2.2:47474")).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..CONNECTS {
                answer(set_up(listener.accept().unwrap().0, control));
            }
        });
        near_end(internet, "203.0.113.2:47474", bytes, control)
    })
}

/// Both homes dial the server, which copies from one connection to the other.
pub(crate) fn spliced(internet: &Internet, bytes: usize, control: &'static str) -> Raw {
    let bind = |place: &'static str| internet.at_server(1, move || TcpListener::bind(place)).unwrap();
    let [near, far] = ["203.0.113.101:9001", "203.0.113.101:9002"].map(bind);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..CONNECTS {
                let far = far.accept().unwrap().0;
                let near = near.accept().unwrap().0;
                splice(scope, set_up(near, control), set_up(far, control));
            }
        });
        // They stand before anybody needs them.
        for _ in 0..CONNECTS {
            let stream = dial(internet, 2, "203.0.113.101:9002", control);
            scope.spawn(move || answer(stream));
        }
        near_end(internet, "203.0.113.101:9001", bytes, control)
    })
}

fn near_end(internet: &Internet, to: &'static str, bytes: usize, control: &str) -> Raw {
    let mut connects = Times::default();
    let mut stream = None;
    for _ in 0..CONNECTS {
        // The one before has ended when this begins.
        drop(stream.take());
        let begun = Instant::now();
        let mut dialled = dial(internet, 1, to, control);
        ask(&mut dialled, b"p").unwrap();
        connects.add(begun.elapsed());
        stream = Some(dialled);
    }
    let mut stream = stream.unwrap();
    let mut round_trips = Times::default();
    for _ in 0..ROUND_TRIPS {
        let begun = Instant::now();
        ask(&mut stream, b"p").unwrap();
        round_trips.add(begun.elapsed());
    }
    let begun = Instant::now();
    stream.write_all(b"b").unwrap();
    stream.write_all(&u64::try_from(bytes).unwrap().to_be_bytes()).unwrap();
    let block = vec![7; BLOCK_BYTES];
    let mut left = bytes;
    while left > 0 {
        let next = left.min(BLOCK_BYTES);
        stream.write_all(&block[..next]).unwrap();
        left -= next;
    }
    stream.read_exact(&mut [0]).unwrap();
    // The answer is on its way for half a round trip.
    let back = Duration::from_secs_f64(round_trips.median() / 2_000.0);
    Raw { connects, round_trips, bulk: begun.elapsed().saturating_sub(back) }
}

fn dial(internet: &Internet, home: usize, to: &str, control: &str) -> TcpStream {
    set_up(internet.in_home(home, || TcpStream::connect(to)).unwrap(), control)
}

/// Nothing waits for more to be sent, and losses are taken as this says.
fn set_up(stream: TcpStream, control: &str) -> TcpStream {
    stream.set_nodelay(true).unwrap();
    // Only Linux has lines to measure, and a choice.
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_tcp_congestion(&stream, control).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, what: &[u8]) -> io::Result<()> {
    stream.write_all(what)?;
    stream.read_exact(&mut [0])
}

/// The far end of one connection.
fn answer(mut stream: TcpStream) {
    let (mut asked, mut block) = ([0], vec![0; BLOCK_BYTES]);
    while stream.read_exact(&mut asked).is_ok() {
        if asked == *b"b" {
            let mut length = [0; 8];
            stream.read_exact(&mut length).unwrap();
            let mut left = usize::try_from(u64::from_be_bytes(length)).unwrap();
            while left > 0 {
                let room = left.min(BLOCK_BYTES);
                left -= stream.read(&mut block[..room]).unwrap();
            }
            asked = *b"d";
        }
        stream.write_all(&asked).unwrap();
    }
}

/// Copies both ways until one of the ends has no more to say.
fn splice<'scope>(scope: &'scope Scope<'scope, '_>, near: TcpStream, far: TcpStream) {
    for (from, to) in [(&near, &far), (&far, &near)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        scope.spawn(move || {
            // An end that is gone ends the other one, too.
            io::copy(&mut from, &mut to).ok();
            to.shutdown(Shutdown::Both).ok();
        });
    }
}
