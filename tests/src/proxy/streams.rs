//! TCP: each connection is passed on by two threads, one a direction, and ends as soon as either side does.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
};

use super::{Fault, Shared, Track};

/// Connections of one proxy; a test that makes more is at fault itself.
const CONNECTIONS_MAX: usize = 5_000;

/// What is passed on at once. Small, so that faults hit every part of what is said.
const CHUNK_BYTES: usize = 4_096;

/// Begins to pass on; where to connect.
pub(super) fn begin(front: u16, shared: &Arc<Shared>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, front)).expect("a port for the proxy");
    let address = listener.local_addr().unwrap();
    let shared = Arc::clone(shared);
    let thread = thread::spawn(move || {
        for stream in listener.incoming().take(CONNECTIONS_MAX) {
            if shared.is_stopping() {
                return;
            }
            let Ok(stream) = stream else { continue };
            pass_on(stream, &shared);
        }
    });
    (address, thread)
}

fn pass_on(near: TcpStream, shared: &Arc<Shared>) {
    shared.opened.fetch_add(1, Ordering::SeqCst);
    // Nobody there: whoever dialled notices by the end of the connection.
    let Ok(far) = TcpStream::connect(shared.target) else {
        shared.ended.fetch_add(1, Ordering::SeqCst);
        return;
    };
    for stream in [&near, &far] {
        stream.set_nodelay(true).unwrap();
        shared.lines.lock().unwrap().push(stream.try_clone().unwrap());
    }
    let there = Direction::new(&near, &far, shared);
    let back = Direction::new(&far, &near, shared);
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        let coming_back = thread::spawn(move || back.run());
        there.run();
        coming_back.join().ok();
        shared.ended.fetch_add(1, Ordering::SeqCst);
    });
}

/// One direction of one connection.
struct Direction {
    from: TcpStream,
    to: TcpStream,
    track: Track,
    shared: Arc<Shared>,
}

impl Direction {
    fn new(from: &TcpStream, to: &TcpStream, shared: &Arc<Shared>) -> Self {
        Self {
            from: from.try_clone().unwrap(),
            to: to.try_clone().unwrap(),
            track: shared.new_track(),
            shared: Arc::clone(shared),
        }
    }

    fn run(mut self) {
        let mut chunk = [0; CHUNK_BYTES];
        while let Ok(count @ 1..) = self.from.read(&mut chunk) {
            let bytes = &mut chunk[..count];
            self.shared.record(self.track, bytes);
            let written = match self.shared.deal(bytes) {
                Some(Fault::Drop) => Ok(()),
                Some(Fault::Cut) => break,
                Some(Fault::Repeat) => self.to.write_all(bytes).and_then(|()| self.to.write_all(bytes)),
                Some(Fault::Flip | Fault::Stall) | None => self.to.write_all(bytes),
            };
            if written.is_err() {
                break;
            }
        }
        for stream in [&self.from, &self.to] {
            // The other direction may have done so already.
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}
