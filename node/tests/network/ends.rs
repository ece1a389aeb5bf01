//! Networks on loopback and what is expected of them next.

use std::{net::Ipv4Addr, time::Duration};

use causerie_node::network::{Listen, Network, NetworkConfig, parse_multiaddr};
use causerie_protocol::{
    address::{Address, Transport},
    ids::{DialId, LinkId},
    input::{Input, LinkEnds},
};

/// Long enough for the slowest machine; only there so that a failure does not hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// One end of a link.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) network: Network,
    pub(crate) link: LinkId,
}

/// Two networks with a link between them; `a` dialled.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) a: End,
    pub(crate) b: End,
}

pub(crate) async fn linked(transport: Transport) -> Pair {
    let (mut a, mut b) = (network().await, network().await);
    a.dial(DialId::new(1), None, vec![address(&b, transport)], vec![]);
    let (link, _) = expect_up(&mut a).await;
    let a = End { network: a, link };
    let (link, _) = expect_up(&mut b).await;
    let b = End { network: b, link };
    Pair { a, b }
}

pub(crate) async fn network() -> Network {
    Network::start(on_loopback(0)).await.unwrap()
}

pub(crate) fn on_loopback(port: u16) -> NetworkConfig {
    let these = [format!("/ip4/127.0.0.1/tcp/{port}"), format!("/ip4/127.0.0.1/udp/{port}/quic-v1")];
    NetworkConfig {
        listen: Listen::These(these.map(|text| parse_multiaddr(&text).unwrap()).to_vec()),
        mdns: true,
        loopback: true,
        ..NetworkConfig::default()
    }
}

/// Where a network listens on 127.0.0.1.
pub(crate) fn address(network: &Network, transport: Transport) -> Address {
    let listening = network.listening();
    let addresses = listening.iter().map(|text| parse_multiaddr(text).unwrap().address);
    addresses
        .into_iter()
        .find(|address| address.transport == transport && address.ip == Ipv4Addr::LOCALHOST)
        .unwrap()
}

/// The next input, whatever it is.
pub(crate) async fn any(network: &mut Network) -> Input {
    tokio::time::timeout(PATIENCE, network.next())
        .await
        .expect("something should have happened")
        .expect("the network should run")
}

/// The next input but for those about listening and single addresses of a dial.
pub(crate) async fn next(network: &mut Network) -> Input {
    loop {
        match any(network).await {
            Input::Listening { .. } | Input::AddressFailed { .. } => {}
            other => return other,
        }
    }
}

pub(crate) async fn expect_up(network: &mut Network) -> (LinkId, LinkEnds) {
    match next(network).await {
        Input::LinkUp { link, ends } => (link, ends),
        other => panic!("a link, not {other:?}"),
    }
}

pub(crate) async fn expect_dial_failed(network: &mut Network, dial: DialId) {
    assert_eq!(next(network).await, Input::DialFailed { dial });
}

/// The frame that comes next, which must be on this link.
pub(crate) async fn sent(network: &mut Network, on: LinkId) -> Vec<u8> {
    match next(network).await {
        Input::Frame { link, bytes } if link == on => bytes,
        other => panic!("a frame on {on:?}, not {other:?}"),
    }
}

pub(crate) async fn expect_frame(end: &mut End) -> Vec<u8> {
    sent(&mut end.network, end.link).await
}

pub(crate) async fn expect_down(end: &mut End) {
    let down = Input::LinkDown { link: end.link };
    assert_eq!(next(&mut end.network).await, down);
}
