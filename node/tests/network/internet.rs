//! Servers on loopback: records are left and found, relays let people in, and a relay that goes is replaced.

use std::time::Duration;

use causerie_node::network::{Exposure, Multiaddress, Network, NetworkConfig, parse_multiaddr};
use causerie_protocol::{
    address::{Circuit, Transport},
    answer::Path,
    ids::{DialId, LookupId},
    input::{Input, LinkEnds, Standing, Way},
    limits::RECORD_BYTES,
};

use crate::{
    ends::{address, any, on_loopback},
    stranger::Stranger,
};

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) async fn server(others: &[&Network]) -> Network {
    let servers = others.iter().map(|other| place_of(other)).collect();
    let config = NetworkConfig { servers, serve_relay: true, serve_bootstrap: true, ..on_loopback(0) };
    Network::start(config).await.unwrap()
}

/// Somebody who is met over relays only.
pub(crate) async fn hidden(servers: &[&Network]) -> Network {
    let servers = servers.iter().map(|server| place_of(server)).collect();
    let exposure = Exposure::RelaysOnly;
    let config = NetworkConfig { loopback: true, servers, exposure, ..NetworkConfig::default() };
    Network::start(config).await.unwrap()
}

fn place_of(server: &Network) -> Multiaddress {
    let address = address(server, Transport::Quic);
    parse_multiaddr(&causerie_node::network::multiaddr_text(&address)).unwrap()
}

pub(crate) async fn until(network: &mut Network, wanted: impl Fn(&Standing) -> bool) -> Standing {
    loop {
        if let Input::Standing(standing) = any(network).await
            && wanted(&standing)
        {
            return standing;
        }
    }
}

/// What lies under a key.
async fn found(network: &mut Network, number: u64, key: [u8; 32]) -> Vec<Vec<u8>> {
    let asked = LookupId::new(number);
    network.look_up(asked, key);
    let mut values = Vec::new();
    loop {
        match any(network).await {
            Input::RecordFound { lookup, value } if lookup == asked => values.push(value),
            Input::LookupEnded { lookup } if lookup == asked => return values,
            _ => {}
        }
    }
}

async fn linked(network: &mut Network) -> (causerie_protocol::ids::LinkId, LinkEnds) {
    loop {
        if let Input::LinkUp { link, ends } = any(network).await {
            return (link, ends);
        }
    }
}

#[tokio::test]
async fn a_record_is_found_by_whoever_knows_its_key_and_by_nobody_else() {
    let one = server(&[]).await;
    let two = server(&[&one]).await;
    let (mut alice, mut bob) = (hidden(&[&one]).await, hidden(&[&two]).await);
    for person in [&mut alice, &mut bob] {
        until(person, |standing| standing.meeting_place).await;
    }
    alice.publish([7; 32], vec![1; RECORD_BYTES], HOUR);
    // Nobody says when it lies there.
    let mut asked = 0;
    let values = loop {
        asked += 1;
        let values = found(&mut bob, asked, [7; 32]).await;
        if !values.is_empty() {
            break values;
        }
    };
    assert!(values.iter().all(|value| *value == [1; RECORD_BYTES]));
    assert_eq!(found(&mut bob, asked + 1, [8; 32]).await, Vec::<Vec<u8>>::new());
    // What is left again takes its place.
    alice.publish([7; 32], vec![2; RECORD_BYTES], HOUR);
    loop {
        asked += 2;
        if found(&mut bob, asked, [7; 32]).await.contains(&vec![2; RECORD_BYTES]) {
            break;
        }
    }
    drop((one, two));
}

#[tokio::test]
async fn whoever_shows_no_address_is_let_in_by_no_relay_that_merely_turns_up() {
    let named = server(&[]).await;
    let other = server(&[&named]).await;
    let mut alice = hidden(&[&named]).await;
    let mut standing =
        until(&mut alice, |standing| standing.meeting_place && !standing.relays.is_empty()).await;
    // Each question goes to the other one too, which says that it is a relay; a place there takes less.
    for number in 1..=8 {
        let asked = LookupId::new(number);
        alice.look_up(asked, [7; 32]);
        loop {
            match any(&mut alice).await {
                Input::Standing(now) => standing = now,
                Input::LookupEnded { lookup } if lookup == asked => break,
                _ => {}
            }
        }
    }
    assert_eq!(standing.relays.iter().map(|relay| &relay.id).collect::<Vec<_>>(), [named.own()]);
    drop(other);
}

#[tokio::test]
async fn a_relay_keeps_neither_who_wants_nothing_nor_who_answers_no_ping() {
    let server = server(&[]).await;
    let silent = Stranger::connect(&address(&server, Transport::Quic)).await;
    let mut guest = Stranger::connect(&address(&server, Transport::Tcp)).await;
    let mut ping = guest.open_for("/ipfs/ping/1.0.0").await;
    ping.say(&[7; 32]).await;
    guest.closed().await;
    silent.closed().await;
}

#[tokio::test]
async fn without_servers_nothing_is_found_and_nothing_hangs() {
    let mut alone = Network::start(on_loopback(0)).await.unwrap();
    assert_eq!(found(&mut alone, 1, [7; 32]).await, Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn people_who_show_no_address_talk_over_a_relay() {
    let server = server(&[]).await;
    let (mut alice, mut bob) = (hidden(&[&server]).await, hidden(&[&server]).await);
    let standing = until(&mut bob, |standing| !standing.relays.is_empty()).await;
    assert_eq!(standing.public, []);
    assert_eq!(standing.relays[0].id, *server.own());
    until(&mut alice, |standing| standing.meeting_place).await;

    let circuit = Circuit { relay: standing.relays[0].clone(), peer: bob.own().clone() };
    alice.dial(DialId::new(1), None, vec![], vec![circuit]);
    let (hers, ours) = linked(&mut alice).await;
    let (his, theirs) = linked(&mut bob).await;
    assert_eq!((ours.way, theirs.way), (Way::Relayed, Way::Relayed));
    assert_eq!((ours.path(), ours.address, theirs.address), (Path::Relayed, None, None));
    assert_eq!((&ours.peer, &theirs.peer), (bob.own(), alice.own()));
    assert!(ours.speaks_first() && !theirs.speaks_first());
    alice.transmit(hers, vec![1; 60_000]);
    bob.transmit(his, vec![2; 60_000]);
    for (person, byte) in [(&mut alice, 2), (&mut bob, 1)] {
        loop {
            if let Input::Frame { bytes, .. } = any(person).await {
                assert_eq!(bytes, vec![byte; 60_000]);
                break;
            }
        }
    }
}

#[tokio::test]
async fn one_relay_lets_a_large_circle_in_to_one_person_and_them_in_to_it() {
    let server = server(&[]).await;
    let mut bob = hidden(&[&server]).await;
    let place = until(&mut bob, |standing| !standing.relays.is_empty()).await.relays.remove(0);
    let mut circle = Vec::new();
    for number in 0..24 {
        let (mut one, mut other) = (hidden(&[&server]).await, hidden(&[&server]).await);
        let circuit = |peer: &Network| Circuit { relay: place.clone(), peer: peer.own().clone() };
        until(&mut one, |standing| !standing.relays.is_empty()).await;
        until(&mut other, |standing| standing.meeting_place).await;
        bob.dial(DialId::new(number), None, vec![], vec![circuit(&one)]);
        linked(&mut one).await;
        linked(&mut bob).await;
        other.dial(DialId::new(1), None, vec![], vec![circuit(&bob)]);
        linked(&mut other).await;
        linked(&mut bob).await;
        circle.push((one, other));
    }
}

#[tokio::test]
async fn a_relay_that_goes_ends_its_links_and_another_one_is_found() {
    let (first, second) = (server(&[]).await, server(&[]).await);
    let mut alice = hidden(&[&first]).await;
    let mut bob = hidden(&[&first, &second]).await;
    let standing = until(&mut bob, |standing| standing.relays.len() == 2).await;
    until(&mut alice, |standing| standing.meeting_place).await;
    let relay = standing.relays.iter().find(|relay| relay.id == *first.own()).unwrap();
    let circuit = Circuit { relay: relay.clone(), peer: bob.own().clone() };
    alice.dial(DialId::new(1), None, vec![], vec![circuit]);
    let (his, _) = linked(&mut bob).await;
    linked(&mut alice).await;
    first.stop().await;
    let (mut down, mut standing) = (false, None);
    while !down || standing.is_none() {
        match any(&mut bob).await {
            Input::LinkDown { link } => down = link == his,
            Input::Standing(now) if now.relays.len() == 1 => standing = Some(now),
            _ => {}
        }
    }
    assert_eq!(standing.unwrap().relays[0].id, *second.own());
    until(&mut alice, |standing| !standing.meeting_place).await;
    let circuit = Circuit {
        relay: causerie_protocol::address::Relay {
            id: second.own().clone(),
            address: address(&second, Transport::Quic),
        },
        peer: bob.own().clone(),
    };
    alice.dial(DialId::new(2), None, vec![], vec![circuit]);
    assert_eq!(linked(&mut alice).await.1.dial, Some(DialId::new(2)));
}

#[tokio::test]
async fn whoever_can_be_dialled_is_told_so_and_needs_no_relay() {
    let server = server(&[]).await;
    let config = NetworkConfig { servers: vec![place_of(&server)], ..on_loopback(0) };
    let mut alice = Network::start(config).await.unwrap();
    let here = [address(&alice, Transport::Tcp), address(&alice, Transport::Quic)];
    let is_reached = |standing: &Standing| !standing.public.is_empty() && standing.relays.is_empty();
    let standing = until(&mut alice, is_reached).await;
    assert!(standing.public.iter().all(|address| here.contains(address)));
    assert_eq!(standing.servers, [address(&server, Transport::Quic)]);
}

#[tokio::test]
async fn nobody_lets_in_who_is_not_there() {
    let server = server(&[]).await;
    let (mut alice, bob) = (hidden(&[&server]).await, hidden(&[]).await);
    until(&mut alice, |standing| standing.meeting_place).await;
    let relay = causerie_protocol::address::Relay {
        id: server.own().clone(),
        address: address(&server, Transport::Quic),
    };
    alice.dial(DialId::new(1), None, vec![], vec![Circuit { relay, peer: bob.own().clone() }]);
    loop {
        match any(&mut alice).await {
            Input::DialFailed { dial } if dial == DialId::new(1) => break,
            Input::LinkUp { .. } => panic!("nobody is there"),
            _ => {}
        }
    }
}
