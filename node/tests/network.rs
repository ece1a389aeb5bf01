//! Networks that talk to each other over loopback, to strangers that misbehave, and across two network namespaces.
//!
//! Nothing sleeps and nothing measures time; a wait that takes too long fails instead of hanging.
#![cfg(test)]

#[path = "network/besieged.rs"]
mod besieged;
#[path = "network/ends.rs"]
mod ends;
#[path = "network/hostile_table.rs"]
mod hostile_table;
#[path = "network/internet.rs"]
mod internet;
#[path = "network/local_network.rs"]
mod local_network;
#[path = "network/siege.rs"]
mod siege;
#[path = "network/stranger.rs"]
mod stranger;

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    task::Poll,
};

use causerie_node::network::{Listen, Network, NetworkConfig, NetworkError, parse_multiaddr};
use causerie_protocol::{
    address::Transport,
    answer::DialFailure,
    ids::{DialId, TransportId},
    input::Input,
};
use ends::{
    Pair, address, expect_dial_failed, expect_down, expect_frame, expect_up, linked, network, on_loopback,
    sent,
};
use futures::FutureExt as _;
use stranger::Stranger;

const BOTH: [Transport; 2] = [Transport::Tcp, Transport::Quic];

#[tokio::test]
async fn frames_of_every_size_go_both_ways_in_order() {
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        let frames = [vec![1; 1], vec![2; 2], vec![3; 65_535], vec![4; 300], vec![5; 65_535]];
        for frame in &frames {
            a.network.transmit(a.link, frame.clone());
            b.network.transmit(b.link, frame.clone());
        }
        for frame in &frames {
            assert_eq!(&expect_frame(&mut b).await, frame, "{transport:?}");
            assert_eq!(&expect_frame(&mut a).await, frame, "{transport:?}");
        }
    }
}

#[tokio::test]
async fn ten_thousand_small_frames_arrive_in_order() {
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        for number in 0..10_000_u32 {
            a.network.transmit(a.link, number.to_be_bytes().to_vec());
            b.network.transmit(b.link, (!number).to_be_bytes().to_vec());
        }
        for number in 0..10_000_u32 {
            assert_eq!(expect_frame(&mut b).await, number.to_be_bytes());
        }
        for number in 0..10_000_u32 {
            assert_eq!(expect_frame(&mut a).await, (!number).to_be_bytes());
        }
    }
}

#[tokio::test]
async fn ends_name_both_identities_and_the_dial() {
    for transport in BOTH {
        let (mut a, mut b) = (network().await, network().await);
        a.dial(DialId::new(7), None, vec![address(&b, transport)], vec![]);
        let (_, ours) = expect_up(&mut a).await;
        let (_, theirs) = expect_up(&mut b).await;
        assert_eq!((&ours.own, &ours.peer), (a.own(), b.own()));
        assert_eq!((&theirs.own, &theirs.peer), (b.own(), a.own()));
        assert_eq!((ours.dial, theirs.dial), (Some(DialId::new(7)), None));
        assert_eq!(ours.address, Some(address(&b, transport)));
        let from = theirs.address.unwrap();
        assert_eq!((from.transport, from.ip), (transport, Ipv4Addr::LOCALHOST.into()));
        if transport == Transport::Quic {
            assert_eq!(from, address(&a, transport), "QUIC dials from where it listens");
        }
    }
}

#[tokio::test]
async fn what_was_sent_before_a_close_arrives_and_both_hear_of_it() {
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        for number in 0..200_u8 {
            a.network.transmit(a.link, vec![number; 5_000]);
        }
        a.network.close(a.link);
        a.network.transmit(a.link, vec![255]);
        for number in 0..200_u8 {
            assert_eq!(expect_frame(&mut b).await, vec![number; 5_000], "{transport:?}");
        }
        expect_down(&mut b).await;
        expect_down(&mut a).await;
        // Nothing comes after the end, whatever is asked of it.
        b.network.transmit(b.link, vec![1]);
        b.network.close(b.link);
        a.network.close(a.link);
        relink(&mut a.network, &mut b.network, transport).await;
    }
}

#[tokio::test]
async fn both_may_close_at_once_and_lose_nothing() {
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        // Nobody hears another frame than those that came before their own close, so each takes one first.
        for end in [&mut a, &mut b] {
            end.network.transmit(end.link, vec![1]);
        }
        expect_frame(&mut a).await;
        expect_frame(&mut b).await;
        a.network.close(a.link);
        b.network.close(b.link);
        expect_down(&mut a).await;
        expect_down(&mut b).await;
        relink(&mut a.network, &mut b.network, transport).await;
    }
}

#[tokio::test]
async fn a_dial_that_cannot_succeed_fails_once() {
    let (mut a, mut b) = (network().await, network().await);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut closed_address = address(&b, Transport::Tcp);
    closed_address.port = closed.port();
    let own_addresses = BOTH.map(|transport| address(&a, transport)).to_vec();
    let other = network().await.own().clone();
    let own = a.own().clone();
    let good = address(&b, Transport::Tcp);
    let vain = [
        (None, vec![closed_address]),
        (Some(b.own().clone()), vec![closed_address, closed_address]),
        (None, vec![]),
        // The peer id is not theirs, or not one at all.
        (Some(other), vec![good, address(&b, Transport::Quic)]),
        (TransportId::new(b"nobody"), vec![good]),
        // It is our own.
        (None, own_addresses.clone()),
        (Some(own.clone()), own_addresses),
        (Some(own), vec![good]),
    ];
    for (number, (peer, addresses)) in (1..).zip(vain) {
        a.dial(DialId::new(number), peer, addresses, vec![]);
        expect_dial_failed(&mut a, DialId::new(number)).await;
        // Were there a second answer it would come before this link.
        relink(&mut a, &mut b, Transport::Tcp).await;
    }
}

/// What is said of the next address that gave no link.
async fn why_not(network: &mut Network, dial: DialId) -> DialFailure {
    loop {
        match ends::any(network).await {
            Input::AddressFailed { dial: of, why, .. } if of == dial => return why,
            Input::Listening { .. } => {}
            other => panic!("an address that failed, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_address_that_fails_says_why_before_its_dial_ends() {
    let (mut a, b, gone) = (network().await, network().await, network().await);
    let nobody = address(&gone, Transport::Tcp);
    gone.stop().await;
    a.dial(DialId::new(1), None, vec![nobody], vec![]);
    assert_eq!(why_not(&mut a, DialId::new(1)).await, DialFailure::Refused);
    expect_dial_failed(&mut a, DialId::new(1)).await;
    let own = a.own().clone();
    a.dial(DialId::new(2), Some(own), vec![address(&b, Transport::Tcp)], vec![]);
    assert_eq!(why_not(&mut a, DialId::new(2)).await, DialFailure::SomebodyElse);
    expect_dial_failed(&mut a, DialId::new(2)).await;
}

#[tokio::test]
async fn a_dial_of_the_wrong_transport_fails() {
    let (mut a, mut b) = (network().await, network().await);
    let mut tcp_at_quic = address(&b, Transport::Quic);
    tcp_at_quic.transport = Transport::Tcp;
    let mut quic_at_tcp = address(&b, Transport::Tcp);
    quic_at_tcp.transport = Transport::Quic;
    a.dial(DialId::new(1), None, vec![tcp_at_quic], vec![]);
    expect_dial_failed(&mut a, DialId::new(1)).await;
    a.dial(DialId::new(2), None, vec![quic_at_tcp], vec![]);
    expect_dial_failed(&mut a, DialId::new(2)).await;
    relink(&mut a, &mut b, Transport::Tcp).await;
}

#[tokio::test]
async fn dialling_ourselves_under_an_address_that_we_do_not_know_fails() {
    let config = NetworkConfig {
        listen: Listen::These(vec![
            parse_multiaddr("/ip4/0.0.0.0/tcp/0").unwrap(),
            parse_multiaddr("/ip4/0.0.0.0/udp/0/quic-v1").unwrap(),
        ]),
        mdns: false,
        loopback: false,
        ..NetworkConfig::default()
    };
    let mut a = Network::start(config).await.unwrap();
    for transport in BOTH {
        let mut another = address(&a, transport);
        another.ip = Ipv4Addr::new(127, 0, 0, 2).into();
        a.dial(DialId::new(1), None, vec![another], vec![]);
        expect_dial_failed(&mut a, DialId::new(1)).await;
    }
}

#[tokio::test]
async fn any_address_that_answers_will_do() {
    let (mut a, mut b) = (network().await, network().await);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut deaf = address(&b, Transport::Tcp);
    deaf.port = silent.local_addr().unwrap().port();
    let addresses = vec![deaf, address(&b, Transport::Quic), address(&b, Transport::Tcp)];
    for peer in [None, Some(b.own().clone())] {
        a.dial(DialId::new(1), peer, addresses.clone(), vec![]);
        let (link, ends) = expect_up(&mut a).await;
        assert_eq!(ends.dial, Some(DialId::new(1)));
        let theirs = expect_up(&mut b).await.0;
        a.transmit(link, vec![1]);
        assert_eq!(sent(&mut b, theirs).await, [1]);
    }
}

#[tokio::test]
async fn doubled_dials_are_two_links() {
    for transport in BOTH {
        let (mut a, mut b) = (network().await, network().await);
        let target = address(&b, transport);
        a.dial(DialId::new(1), Some(b.own().clone()), vec![target], vec![]);
        a.dial(DialId::new(2), Some(b.own().clone()), vec![target], vec![]);
        b.dial(DialId::new(3), Some(a.own().clone()), vec![address(&a, transport)], vec![]);
        let mut links = Vec::new();
        for _ in 0..3 {
            let ours = expect_up(&mut a).await;
            let theirs = expect_up(&mut b).await;
            links.push((ours, theirs));
        }
        let mut dials: Vec<_> =
            links.iter().flat_map(|(ours, theirs)| [ours.1.dial, theirs.1.dial]).flatten().collect();
        dials.sort();
        assert_eq!(dials, [1, 2, 3].map(DialId::new));
        // Each is closed from a side of its own and takes no other with it.
        let ours: Vec<_> = links.iter().map(|(ours, _)| ours.0).collect();
        for (index, link) in ours.iter().enumerate() {
            a.transmit(*link, vec![u8::try_from(index).unwrap()]);
            a.close(*link);
        }
        let (mut heard, mut down) = (Vec::new(), Vec::new());
        while down.len() < 3 {
            match ends::next(&mut b).await {
                Input::Frame { link, bytes } => {
                    assert!(!down.contains(&link));
                    heard.push(bytes[0]);
                }
                Input::LinkDown { link } => down.push(link),
                other => panic!("{other:?}"),
            }
        }
        heard.sort_unstable();
        down.sort();
        down.dedup();
        assert_eq!((heard, down.len()), (vec![0, 1, 2], 3));
    }
}

#[tokio::test]
async fn a_stranger_who_breaks_the_framing_loses_the_link_and_nobody_else_does() {
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        let target = address(&b.network, transport);
        let whole: &[u8] = &[0, 2, 8, 9];
        let cases: [(&[u8], usize); 6] = [
            (&[0, 0], 0),
            (&[0], 0),
            (&[0, 3, 1, 2], 0),
            (&[0xff, 0xff], 0),
            (&[0, 2, 8, 9, 0, 0, 0, 2, 8, 9], 1),
            (&[0, 2, 8, 9, 0, 2, 8, 9, 0], 2),
        ];
        for (bytes, frames) in cases {
            let mut stranger = Stranger::connect(&target).await;
            let mut stream = stranger.open().await;
            let (link, _) = expect_up(&mut b.network).await;
            stream.say(bytes).await;
            stream.end().await;
            for _ in 0..frames {
                assert_eq!(sent(&mut b.network, link).await, whole[2..]);
            }
            assert_eq!(ends::next(&mut b.network).await, Input::LinkDown { link });
            a.network.transmit(a.link, vec![1]);
            assert_eq!(expect_frame(&mut b).await, [1]);
        }
    }
}

#[tokio::test]
async fn a_stranger_has_one_stream_a_connection() {
    for transport in BOTH {
        let mut b = network().await;
        let mut stranger = Stranger::connect(&address(&b, transport)).await;
        let mut first = stranger.open().await;
        let (link, _) = expect_up(&mut b).await;
        let mut second = stranger.open().await;
        assert!(second.is_refused().await);
        first.say(&[0, 1, 5]).await;
        assert_eq!(sent(&mut b, link).await, [5]);
        first.end().await;
        assert_eq!(ends::next(&mut b).await, Input::LinkDown { link });
        // When the link is gone, so is the connection.
        stranger.closed().await;
    }
}

#[tokio::test]
async fn garbage_on_the_ports_harms_nobody() {
    let Pair { mut a, mut b } = linked(Transport::Tcp).await;
    stranger::write_garbage(&address(&b.network, Transport::Tcp)).await;
    stranger::write_garbage(&address(&b.network, Transport::Quic)).await;
    a.network.transmit(a.link, vec![1]);
    assert_eq!(expect_frame(&mut b).await, [1]);
    relink(&mut a.network, &mut b.network, Transport::Quic).await;
}

#[tokio::test]
async fn whoever_stops_reading_loses_the_link_at_the_bound() {
    // The outbox (16 MiB), the peer's queue of 256 frames (16 MiB), and windows and sockets between them.
    const BYTES_MAX: usize = 96 * 1_024 * 1_024;
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        let frame = vec![7; 65_535];
        let mut bytes = 0;
        let down = loop {
            a.network.transmit(a.link, frame.clone());
            bytes += frame.len();
            assert!(bytes < BYTES_MAX, "{transport:?}: {bytes} bytes are held for one who does not read");
            if let Some(input) = a.network.next().now_or_never() {
                break input;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(down, Some(Input::LinkDown { link: a.link }));
        // What did arrive is whole and in order, and then it ends for them, too.
        let mut frames = 0;
        loop {
            match ends::next(&mut b.network).await {
                Input::Frame { bytes, .. } => assert_eq!(bytes, frame),
                Input::LinkDown { link } => break assert_eq!(link, b.link),
                other => panic!("{other:?}"),
            }
            frames += 1;
        }
        assert!(frames * frame.len() < bytes);
        relink(&mut a.network, &mut b.network, transport).await;
    }
}

#[tokio::test]
async fn whoever_reads_slowly_but_reads_keeps_the_link() {
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        let frame = vec![7; 65_535];
        for _ in 0..1_000 {
            a.network.transmit(a.link, frame.clone());
            assert_eq!(expect_frame(&mut b).await.len(), frame.len());
        }
    }
}

#[tokio::test]
async fn a_wait_for_the_next_input_can_be_dropped() {
    let Pair { mut a, mut b } = linked(Transport::Tcp).await;
    for number in 0..1_000_u32 {
        a.network.transmit(a.link, number.to_be_bytes().to_vec());
    }
    for number in 0..1_000_u32 {
        let input = loop {
            let polled = futures::poll!(std::pin::pin!(b.network.next()));
            match polled {
                Poll::Ready(input) => break input,
                Poll::Pending => tokio::task::yield_now().await,
            }
        };
        let bytes = number.to_be_bytes().to_vec();
        assert_eq!(input, Some(Input::Frame { link: b.link, bytes }));
    }
}

#[tokio::test]
async fn the_engine_hears_where_we_listen_and_so_do_people() {
    let mut a = network().await;
    let listening = a.listening();
    let expected = BOTH.map(|transport| address(&a, transport));
    assert_eq!(listening.len(), 2);
    assert!(listening.iter().all(|text| text.starts_with("/ip4/127.0.0.1/")));
    let mut told = Vec::new();
    while told.len() < 2 {
        match ends::any(&mut a).await {
            Input::Listening { addresses } => told = addresses,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, expected);
}

#[tokio::test]
async fn who_is_not_on_loopback_tells_no_loopback_address() {
    let mut a = Network::start(NetworkConfig::default()).await.unwrap();
    assert!(a.listening().iter().any(|text| text.starts_with("/ip4/127.0.0.1/tcp/")));
    assert!(a.listening().iter().any(|text| text.starts_with("/ip4/127.0.0.1/udp/")));
    let mut b = network().await;
    b.dial(DialId::new(1), None, vec![address(&a, Transport::Tcp)], vec![]);
    loop {
        match ends::any(&mut a).await {
            Input::Listening { addresses } => {
                assert!(addresses.iter().all(|address| address.is_dialable_nearby(false)));
            }
            Input::LinkUp { .. } => break,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_taken_port_is_passed_over() {
    let by_default = || NetworkConfig { mdns: true, loopback: true, ..NetworkConfig::default() };
    let first = Network::start(by_default()).await.unwrap();
    let second = Network::start(by_default()).await.unwrap();
    let port = |network: &Network| {
        let [tcp, quic] = BOTH.map(|transport| address(network, transport));
        assert_eq!(tcp.port, quic.port);
        assert_eq!(network.listening().len(), 2);
        tcp.port
    };
    assert!(port(&first) >= 47_474);
    assert!(port(&second) > port(&first));
    // One of the two transports is enough to make a number taken.
    let next = port(&second) + 1;
    let tcp_only = TcpListener::bind((Ipv4Addr::LOCALHOST, next));
    let udp_only = UdpSocket::bind((Ipv4Addr::LOCALHOST, next + 1));
    let third = Network::start(by_default()).await.unwrap();
    assert!(port(&third) > next + 1);
    drop((tcp_only, udp_only));
}

#[tokio::test]
async fn a_port_that_was_asked_for_is_had_or_refused() {
    let a = network().await;
    for transport in BOTH {
        let taken = on_loopback(address(&a, transport).port);
        let refused = Network::start(taken).await;
        assert!(matches!(refused, Err(NetworkError::Listen { .. })), "{refused:?}");
    }
    let elsewhere = NetworkConfig {
        listen: Listen::These(vec![parse_multiaddr("/ip4/0.0.0.0/tcp/0").unwrap()]),
        mdns: false,
        loopback: true,
        ..NetworkConfig::default()
    };
    let refused = Network::start(elsewhere).await;
    assert!(matches!(refused, Err(NetworkError::NotLoopback)), "{refused:?}");
}

#[tokio::test]
async fn stop_sends_what_waits_and_frees_the_ports() {
    for transport in BOTH {
        let Pair { mut a, mut b } = linked(transport).await;
        let (own, port) = (a.network.own().clone(), address(&a.network, Transport::Tcp).port);
        for number in 0..100_u8 {
            a.network.transmit(a.link, vec![number; 10_000]);
        }
        a.network.stop().await;
        let mut again = Network::start(on_loopback(port)).await.unwrap();
        assert_eq!(address(&again, Transport::Quic).port, port);
        assert_ne!(again.own(), &own);
        for number in 0..100_u8 {
            assert_eq!(expect_frame(&mut b).await, vec![number; 10_000]);
        }
        expect_down(&mut b).await;
        relink(&mut b.network, &mut again, transport).await;
    }
}

#[tokio::test]
async fn stop_does_not_wait_for_those_who_do_not_read() {
    for transport in BOTH {
        let Pair { mut a, b } = linked(transport).await;
        for _ in 0..200 {
            a.network.transmit(a.link, vec![1; 65_535]);
        }
        a.network.stop().await;
        drop(b);
    }
}

#[tokio::test]
async fn a_dropped_network_is_gone_for_its_peers() {
    for transport in BOTH {
        let Pair { a, mut b } = linked(transport).await;
        drop(a);
        expect_down(&mut b).await;
    }
}

#[tokio::test]
async fn every_start_has_a_fresh_identity() {
    let (a, b) = (network().await, network().await);
    assert_ne!(a.own(), b.own());
}

/// Links two networks anew; whatever they still owed each other before would fail it.
async fn relink(a: &mut Network, b: &mut Network, transport: Transport) {
    let dial = DialId::new(1_000_000);
    a.dial(dial, Some(b.own().clone()), vec![address(b, transport)], vec![]);
    let (ours, ends) = expect_up(a).await;
    assert_eq!(ends.dial, Some(dial));
    let (theirs, _) = expect_up(b).await;
    a.transmit(ours, vec![9]);
    assert_eq!(sent(b, theirs).await, [9]);
    a.close(ours);
    assert_eq!(ends::next(a).await, Input::LinkDown { link: ours });
    assert_eq!(ends::next(b).await, Input::LinkDown { link: theirs });
}
