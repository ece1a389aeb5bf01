use std::net::UdpSocket;

use super::*;
use crate::{Internet, Router, Versions};

const NOTHING: Slowness = Slowness { delay: Duration::ZERO, lost_of_10000: 0, bits_per_second: None };

/// A home behind a slow line, and a server.
fn slow(slowness: Slowness) -> Option<Internet> {
    Internet::with(&[Router::Cone], 1, Versions::Four)?.slowed(slowness)
}

/// A socket in the home, and one at the server that the first one is connected to.
fn sockets(internet: &Internet) -> (UdpSocket, UdpSocket) {
    let server = internet.at_server(1, || UdpSocket::bind("203.0.113.101:9000")).unwrap();
    let home = internet.in_home(1, || UdpSocket::bind("0.0.0.0:0")).unwrap();
    home.connect("203.0.113.101:9000").unwrap();
    for socket in [&home, &server] {
        socket.set_read_timeout(Some(crate::PATIENCE)).unwrap();
    }
    (home, server)
}

#[test]
fn each_way_takes_the_delay_at_least() {
    let slowness = Slowness { delay: Duration::from_millis(30), ..NOTHING };
    let Some(internet) = slow(slowness) else { return };
    let (home, server) = sockets(&internet);
    for number in 0..3 {
        let begun = Instant::now();
        home.send(&[number]).unwrap();
        let (_, from) = server.recv_from(&mut [0]).unwrap();
        assert!(begun.elapsed() >= slowness.delay);
        server.send_to(&[number], from).unwrap();
        home.recv(&mut [0]).unwrap();
        assert!(begun.elapsed() >= 2 * slowness.delay);
    }
}

#[test]
fn what_is_lost_is_counted_and_the_rest_comes_in_order() {
    let Some(internet) = slow(Slowness { lost_of_10000: 1_000, ..NOTHING }) else { return };
    let (home, server) = sockets(&internet);
    server.set_nonblocking(true).unwrap();
    let mut came = Vec::new();
    let mut sent = 0_u32;
    // Each is waited for, so that nothing but the line can lose one: until it came, or the line says that it did not.
    while sent < 500 {
        let before = internet.frames(1).lost;
        home.send(&sent.to_be_bytes()).unwrap();
        let deadline = Instant::now() + crate::PATIENCE;
        let mut bytes = [0; 4];
        loop {
            assert!(Instant::now() < deadline, "{sent} neither came nor was lost");
            if server.recv(&mut bytes).is_ok() {
                came.push(u32::from_be_bytes(bytes));
                break;
            }
            if internet.frames(1).lost > before {
                break;
            }
            std::thread::yield_now();
        }
        sent += 1;
    }
    let lost = usize::try_from(internet.frames(1).lost).unwrap();
    assert!(came.len() + lost >= 500, "{} came and {lost} were lost", came.len());
    assert!((10..=150).contains(&lost), "{lost} of 500 were lost");
    assert!(came.is_sorted(), "they overtook each other: {came:?}");
}

#[test]
fn the_same_seed_loses_the_same_ones() {
    let lost = |seed| {
        let mut way = Way::new(Slowness { lost_of_10000: 500, ..NOTHING }, Dice::seeded(seed));
        let counts = Counts::default();
        let now = Instant::now();
        let enter = |number: u16| {
            let before = counts.lost.load(Ordering::Relaxed);
            way.enter(now, &number.to_be_bytes(), &counts);
            counts.lost.load(Ordering::Relaxed) > before
        };
        (0..1_000).map(enter).collect::<Vec<_>>()
    };
    assert_eq!(lost(7), lost(7));
    assert_ne!(lost(7), lost(8));
    let count = lost(7).into_iter().filter(|lost| *lost).count();
    assert!((20..=90).contains(&count), "{count} of 1,000 were lost");
}

#[test]
fn a_rate_makes_frames_wait_and_a_full_line_drops_them() {
    let slowness = Slowness { delay: Duration::from_millis(10), bits_per_second: Some(8_000_000), ..NOTHING };
    let mut way = Way::new(slowness, Dice::seeded(1));
    let counts = Counts::default();
    let now = Instant::now();
    // A thousand bytes are a millisecond: 100 wait, one is on its way out already.
    for _ in 0..150 {
        way.enter(now, &[7; 1_000], &counts);
    }
    assert_eq!(counts.dropped.load(Ordering::Relaxed), 49);
    assert_eq!(way.comes_out(now + Duration::from_millis(10)), None);
    let due: Vec<_> = way.frames.iter().map(|(due, _)| (*due - now).as_millis()).collect();
    assert_eq!(due, (11..112).collect::<Vec<_>>());
    let mut came = 0;
    while way.comes_out(now + Duration::from_millis(60)).is_some() {
        came += 1;
    }
    assert_eq!((came, way.bytes), (50, 51_000));
    way.enter(now + Duration::from_millis(200), &[7; 1_000], &counts);
    assert_eq!(way.frames.back().map(|(due, _)| (*due - now).as_millis()), Some(211));
}

#[test]
fn a_line_can_be_cut_and_ends_with_its_network() {
    let Some(internet) = slow(NOTHING) else { return };
    let (home, server) = sockets(&internet);
    home.send(&[1]).unwrap();
    server.recv(&mut [0]).unwrap();
    internet.cut(1);
    home.send(&[2]).unwrap();
    internet.join(1);
    server.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let deadline = Instant::now() + crate::PATIENCE;
    let mut came = [0];
    while came[0] != 3 {
        assert!(Instant::now() < deadline, "nothing passes any more");
        // What is on a line that was just put back may be lost.
        home.send(&[3]).unwrap();
        server.recv(&mut came).ok();
    }
    // It would wait for the thread for ever if that did not end.
    drop(internet);
}
