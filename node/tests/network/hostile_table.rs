//! A meeting place of fifty nodes of which a third lies and a third goes away: what was left there is found all the same.

use std::{borrow::Cow, iter, time::Duration};

use causerie_node::network::Network;
use causerie_protocol::{address::Transport, ids::LookupId, input::Input, limits::RECORD_BYTES};
use futures::StreamExt as _;
use libp2p::{
    PeerId, StreamProtocol, SwarmBuilder, identify,
    kad::{
        self, ProviderRecord, Record, RecordKey,
        store::{RecordStore, Result},
    },
    swarm::{NetworkBehaviour, SwarmEvent},
};
use tokio::task::JoinHandle;

use super::internet::{hidden, server, until};
use crate::ends::{address, any};

const GOOD: usize = 17;
const GOING: usize = 17;
const LYING: usize = 16;

/// A node that takes everything and answers with what it likes.
#[derive(Debug, Default)]
struct Liar;

impl RecordStore for Liar {
    type RecordsIter<'a> = iter::Empty<Cow<'a, Record>>;
    type ProvidedIter<'a> = iter::Empty<Cow<'a, ProviderRecord>>;

    fn get(&self, key: &RecordKey) -> Option<Cow<'_, Record>> {
        let bytes = match key.as_ref().first().map_or(0, |byte| byte % 4) {
            0 => return None,
            1 => RECORD_BYTES,
            2 => RECORD_BYTES - 1,
            _ => 9 * RECORD_BYTES,
        };
        Some(Cow::Owned(Record::new(key.clone(), vec![0xee; bytes])))
    }

    fn put(&mut self, _: Record) -> Result<()> {
        Ok(())
    }

    fn remove(&mut self, _: &RecordKey) {}

    fn records(&self) -> Self::RecordsIter<'_> {
        iter::empty()
    }

    fn add_provider(&mut self, _: ProviderRecord) -> Result<()> {
        Ok(())
    }

    fn providers(&self, _: &RecordKey) -> Vec<ProviderRecord> {
        Vec::new()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        iter::empty()
    }

    fn remove_provider(&mut self, _: &RecordKey, _: &PeerId) {}
}

#[derive(NetworkBehaviour)]
struct LiarBehaviour {
    identify: identify::Behaviour,
    table: kad::Behaviour<Liar>,
}

/// A liar among the nodes of this server; it ends with the task.
fn liar(server: &Network) -> JoinHandle<()> {
    let protocol = StreamProtocol::new("/causerie/kad/1");
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_quic()
        .with_behaviour(|key| {
            let own = key.public().to_peer_id();
            let mut table = kad::Behaviour::with_config(own, Liar, kad::Config::new(protocol));
            table.set_mode(Some(kad::Mode::Server));
            let identify = identify::Config::new("causerie/1".to_owned(), key.public());
            LiarBehaviour { identify: identify::Behaviour::new(identify), table }
        })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build();
    swarm.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()).unwrap();
    let door = causerie_node::network::multiaddr_text(&address(server, Transport::Quic));
    swarm.dial(door.parse::<libp2p::Multiaddr>().unwrap()).unwrap();
    tokio::spawn(async move {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { address, .. } => swarm.add_external_address(address),
                SwarmEvent::Behaviour(LiarBehaviourEvent::Identify(identify::Event::Received {
                    peer_id,
                    info,
                    ..
                })) => {
                    for address in info.listen_addrs {
                        swarm.behaviour_mut().table.add_address(&peer_id, address);
                    }
                    swarm.behaviour_mut().table.bootstrap().ok();
                }
                _ => {}
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_that_lies_and_a_third_that_goes_hide_nothing() {
    let door = server(&[]).await;
    let mut good = Vec::new();
    let mut going = Vec::new();
    let mut lying = Vec::new();
    for _ in 0..GOOD.max(GOING).max(LYING) {
        good.push(server(&[&door]).await);
        going.push(server(&[&door]).await);
        lying.push(liar(&door));
    }
    good.truncate(GOOD);
    going.truncate(GOING);
    lying.truncate(LYING);
    let (mut alice, mut bob) = (hidden(&[&door, &good[0]]).await, hidden(&[&door, &good[1]]).await);
    for person in [&mut alice, &mut bob] {
        until(person, |standing| standing.meeting_place).await;
    }
    for node in going {
        node.stop().await;
    }
    let mut asked = 0;
    for number in 1..=8_u8 {
        let (key, value) = ([number; 32], vec![number; RECORD_BYTES]);
        alice.publish(key, value.clone(), Duration::from_secs(3_600));
        // Nobody says when it lies there; whoever lies is heard beside it.
        asked += 1;
        bob.look_up(LookupId::new(asked), key);
        loop {
            match any(&mut bob).await {
                Input::RecordFound { value: found, .. } if found == value => break,
                Input::RecordFound { value: other, .. } => assert_eq!(other.len(), RECORD_BYTES),
                Input::LookupEnded { lookup } if lookup == LookupId::new(asked) => {
                    asked += 1;
                    bob.look_up(LookupId::new(asked), key);
                }
                _ => {}
            }
        }
    }
    for liar in lying {
        liar.abort();
    }
}
