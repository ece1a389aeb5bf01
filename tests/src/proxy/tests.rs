use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
};

use super::*;

/// Sends bytes through a proxy to somebody who reads to the end, and what arrives there.
fn through(plan: Plan, bytes: &[u8]) -> (Vec<u8>, Proxy) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::streams_to(listener.local_addr().unwrap().port(), plan);
    let arrived = std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut arrived = Vec::new();
            // A cut connection ends with an error; what came before it is what counts.
            listener.accept().unwrap().0.read_to_end(&mut arrived).ok();
            arrived
        });
        let mut stream = TcpStream::connect(proxy.front).unwrap();
        stream.write_all(bytes).ok();
        drop(stream);
        reading.join().unwrap()
    });
    (arrived, proxy)
}

fn one(fault: Fault) -> Plan {
    Plan { seed: 7, kinds: vec![fault], apart: 1_000..2_000, at_most: 1 }
}

#[test]
fn a_sound_line_changes_nothing_and_writes_everything_down() {
    let bytes = Dice::seeded(1).bytes(100_000);
    let (arrived, proxy) = through(Plan::without_faults(), &bytes);
    assert!(arrived == bytes, "the bytes were changed");
    assert!(proxy.recordings()[0] == bytes, "the recording differs");
    assert_eq!((proxy.opened(), proxy.faults().len()), (1, 0));
}

#[test]
fn each_fault_does_what_it_says_and_as_often() {
    let bytes = Dice::seeded(2).bytes(100_000);
    let (flipped, proxy) = through(one(Fault::Flip), &bytes);
    let changed: u32 = flipped.iter().zip(&bytes).map(|(one, other)| (one ^ other).count_ones()).sum();
    assert_eq!((flipped.len(), changed, proxy.faults()), (bytes.len(), 1, vec![Fault::Flip]));
    assert!(through(one(Fault::Drop), &bytes).0.len() < bytes.len());
    assert!(through(one(Fault::Repeat), &bytes).0.len() > bytes.len());
    let (cut, proxy) = through(one(Fault::Cut), &bytes);
    assert!(cut.len() < bytes.len() && bytes.starts_with(&cut), "{} bytes", cut.len());
    assert_eq!(proxy.faults(), [Fault::Cut]);
}

#[test]
fn the_same_seed_does_the_same_to_the_same() {
    let plan =
        Plan { seed: 3, kinds: vec![Fault::Flip, Fault::Drop, Fault::Repeat], apart: 10..90, at_most: 40 };
    let run = || {
        let shared = Shared::new(9, plan.clone());
        (0..1_000).map(|_| shared.deal(&mut [0; 20])).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
    assert_eq!(run().iter().flatten().count(), 40);
}

#[test]
fn datagrams_find_there_and_back() {
    let target = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::datagrams_to(target.local_addr().unwrap().port(), one(Fault::Repeat));
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    sender.connect(proxy.front).unwrap();
    let mut buffer = [0; 2_048];
    sender.send(&[1; 500]).unwrap();
    let (count, back) = target.recv_from(&mut buffer).unwrap();
    assert_eq!(count, 500);
    target.send_to(&[2; 20], back).unwrap();
    assert_eq!(sender.recv(&mut buffer).unwrap(), 20);
    sender.send(&[3; 2_000]).unwrap();
    assert_eq!(target.recv(&mut buffer).unwrap(), 2_000);
    assert_eq!(target.recv(&mut buffer).unwrap(), 2_000, "it should come twice");
    assert_eq!(proxy.recordings().iter().map(Vec::len).sum::<usize>(), 2_520);
}
