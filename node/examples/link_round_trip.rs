//! Measures a link over loopback: one frame there and back, over TCP and over QUIC, and a connection anew.
//!
//! `cargo run --release -p causerie-node --example link_round_trip`

use std::{
    error::Error,
    time::{Duration, Instant},
};

use causerie_node::network::{Listen, Network, NetworkConfig, parse_multiaddr};
use causerie_protocol::{
    address::{Address, Transport},
    ids::{DialId, LinkId},
    input::Input,
};

const ROUNDS: u32 = 10_000;
const FRAME_BYTES: usize = 256;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for transport in [Transport::Tcp, Transport::Quic] {
        let (mut a, mut b) = (network().await?, network().await?);
        let target = b
            .listening()
            .iter()
            .filter_map(|text| parse_multiaddr(text).ok())
            .map(|parsed| parsed.address)
            .find(|address| address.transport == transport)
            .ok_or("not listening")?;
        connect(&mut a, &mut b, target, 0).await?;

        let begun = Instant::now();
        let (ours, theirs) = connect(&mut a, &mut b, target, 1).await?;
        let connected = begun.elapsed();

        let echo = tokio::spawn(async move {
            while let Some(input) = b.next().await {
                if let Input::Frame { bytes, .. } = input {
                    b.transmit(theirs, bytes);
                }
            }
        });
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            a.transmit(ours, vec![1; FRAME_BYTES]);
            while !matches!(a.next().await, Some(Input::Frame { .. }) | None) {}
            times.push(begun.elapsed());
        }
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            a.transmit(ours, vec![1; FRAME_BYTES]);
        }
        let mut back = 0;
        while back < ROUNDS {
            if matches!(a.next().await, Some(Input::Frame { .. }) | None) {
                back += 1;
            }
        }
        report(transport, connected, times, begun.elapsed());
        a.stop().await;
        echo.abort();
    }
    Ok(())
}

async fn network() -> Result<Network, Box<dyn Error>> {
    let listen =
        vec![parse_multiaddr("/ip4/127.0.0.1/tcp/0")?, parse_multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")?];
    let config = NetworkConfig { listen: Listen::These(listen), loopback: true, ..NetworkConfig::default() };
    Ok(Network::start(config).await?)
}

async fn connect(
    a: &mut Network,
    b: &mut Network,
    target: Address,
    dial: u64,
) -> Result<(LinkId, LinkId), Box<dyn Error>> {
    a.dial(DialId::new(dial), None, vec![target], vec![]);
    Ok((up(a).await?, up(b).await?))
}

async fn up(network: &mut Network) -> Result<LinkId, Box<dyn Error>> {
    loop {
        match network.next().await.ok_or("the network ended")? {
            Input::LinkUp { link, .. } => return Ok(link),
            Input::DialFailed { .. } => return Err("the dial failed".into()),
            _ => {}
        }
    }
}

fn report(transport: Transport, connected: Duration, mut times: Vec<Duration>, burst: Duration) {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!(
        "{transport:?}: link anew {connected:?}; {FRAME_BYTES} bytes there and back: p50 {:?}, p99 {:?}; \
         {ROUNDS} at once there and back: {burst:?}",
        at(50),
        at(99)
    );
}
