//! UDP: whoever sends to the front gets a socket of their own towards the target, so that answers find back.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{Fault, Shared, Track};

/// Senders of one proxy; those beyond are not heard.
const SENDERS_MAX: usize = 1_000;

/// How soon a thread notices that the proxy ends.
const LOOK_UP: Duration = Duration::from_millis(200);

const DATAGRAM_BYTES_MAX: usize = 65_536;

/// Begins to pass on; where to send to.
pub(super) fn begin(shared: &Arc<Shared>) -> (SocketAddr, JoinHandle<()>) {
    let front = socket();
    let address = front.local_addr().unwrap();
    let shared = Arc::clone(shared);
    let thread = thread::spawn(move || pass_there(&front, &shared));
    (address, thread)
}

fn pass_there(front: &UdpSocket, shared: &Arc<Shared>) {
    let mut ways: BTreeMap<SocketAddr, (UdpSocket, Track)> = BTreeMap::new();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    while !shared.is_stopping() {
        let Ok((count, sender)) = front.recv_from(&mut buffer) else {
            continue;
        };
        if !ways.contains_key(&sender) {
            if ways.len() >= SENDERS_MAX {
                continue;
            }
            ways.insert(sender, begin_way(front, sender, shared));
        }
        let (back, track) = &ways[&sender];
        let datagram = &mut buffer[..count];
        pass(shared, *track, datagram, |bytes| back.send(bytes));
    }
}

fn begin_way(front: &UdpSocket, sender: SocketAddr, shared: &Arc<Shared>) -> (UdpSocket, Track) {
    shared.opened.fetch_add(1, Ordering::SeqCst);
    let (there, back) = (shared.new_track(), shared.new_track());
    let socket = socket();
    socket.connect(shared.target).unwrap();
    let (own, front) = (socket.try_clone().unwrap(), front.try_clone().unwrap());
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        while !shared.is_stopping() {
            let Ok(count) = own.recv(&mut buffer) else {
                continue;
            };
            pass(&shared, back, &mut buffer[..count], |bytes| front.send_to(bytes, sender));
        }
    });
    (socket, there)
}

fn pass(shared: &Shared, track: Track, datagram: &mut [u8], send: impl Fn(&[u8]) -> std::io::Result<usize>) {
    shared.record(track, datagram);
    let times = match shared.deal(datagram) {
        Some(Fault::Drop | Fault::Cut) => 0,
        Some(Fault::Repeat) => 2,
        Some(Fault::Flip | Fault::Stall) | None => 1,
    };
    for _ in 0..times {
        // A datagram that cannot be sent is lost, which is what may happen to datagrams.
        send(datagram).ok();
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port for the proxy");
    socket.set_read_timeout(Some(LOOK_UP)).unwrap();
    socket
}
