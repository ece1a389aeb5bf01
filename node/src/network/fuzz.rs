//! What comes from the network and is looked at before the engine sees it.

use std::time::Instant;

use causerie_protocol::{
    address::{Address, Circuit, Relay, Transport},
    ids::TransportId,
    limits::{FRAME_BYTES_MAX, RECORD_BYTES},
    testing::fuzz::{Origin, Taking, Target},
};
use futures::{FutureExt as _, io::BufReader};
use libp2p::{
    Multiaddr, PeerId,
    kad::{Record, RecordKey, store::RecordStore as _},
};

use super::{
    meeting::shelf::{Shelf, Source},
    multiaddr, parse_multiaddr,
    stream::read_frame,
};

pub(crate) const TARGETS: &[Target] = &[
    Target { name: "link-stream", origin: Origin::Stranger, cost: 1, begin: frames, examples: streams },
    Target { name: "multiaddr", origin: Origin::Stranger, cost: 1, begin: address, examples: addresses },
    Target { name: "multiaddr-text", origin: Origin::Person, cost: 1, begin: address_text, examples: texts },
    Target { name: "peer-id", origin: Origin::Stranger, cost: 1, begin: peer, examples: peers },
    Target { name: "kept-record", origin: Origin::Stranger, cost: 1, begin: kept, examples: records },
];

/// A stream of the link protocol: frames, as long as it is one of frames.
fn frames() -> Taking {
    Box::new(|bytes| {
        let mut reader = BufReader::with_capacity(64, bytes);
        let mut heard = 0;
        // Nothing is waited for: all bytes are there.
        while let Ok(Some(frame)) = read_frame(&mut reader).now_or_never().unwrap() {
            assert!((1..=FRAME_BYTES_MAX).contains(&frame.len()));
            heard += 2 + frame.len();
        }
        assert!(heard <= bytes.len());
    })
}

fn streams() -> Vec<Vec<u8>> {
    vec![vec![], vec![0, 1, 9, 0, 3, 1, 2, 3], [&[1, 0][..], &[7; 256]].concat()]
}

/// What identify and the meeting place say of where somebody is.
fn address() -> Taking {
    Box::new(|bytes| {
        let Ok(said) = Multiaddr::try_from(bytes.to_vec()) else { return };
        let (relayed, loopback) = (multiaddr::is_relayed(&said), multiaddr::public(&said, true));
        assert!(!relayed || loopback.is_none(), "{said} leads over a relay and anywhere");
        assert!(loopback.is_some() || multiaddr::public(&said, false).is_none());
        if let Some(read) = multiaddr::from_multiaddr(&said) {
            assert_eq!(parse_multiaddr(&read.to_string()).unwrap(), read);
        }
    })
}

fn some_addresses() -> [Address; 3] {
    let at = |transport, ip: &str| Address { transport, ip: ip.parse().unwrap(), port: 47_474 };
    [at(Transport::Tcp, "192.0.2.1"), at(Transport::Quic, "2001:db8::1"), at(Transport::Quic, "127.0.0.1")]
}

fn somebody() -> PeerId {
    PeerId::from_bytes(&[&[0, 36, 8, 1, 18, 32][..], &[7; 32]].concat()).unwrap()
}

fn addresses() -> Vec<Vec<u8>> {
    let relay = Relay { id: multiaddr::to_transport_id(&somebody()).unwrap(), address: some_addresses()[0] };
    let circuit = Circuit { peer: relay.id.clone(), relay };
    let behind = multiaddr::behind(&circuit).unwrap().1.to_vec();
    some_addresses().iter().map(|one| multiaddr::to_multiaddr(one).to_vec()).chain([behind]).collect()
}

/// What a person or a file names.
fn address_text() -> Taking {
    Box::new(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(read) = parse_multiaddr(text) {
            assert_eq!(parse_multiaddr(&read.to_string()).unwrap(), read);
        }
    })
}

fn texts() -> Vec<Vec<u8>> {
    let all = some_addresses().into_iter().map(|one| super::multiaddr_text(&one).into_bytes());
    all.chain([format!("/ip4/192.0.2.1/tcp/1/p2p/{}", somebody()).into_bytes()]).collect()
}

fn peer() -> Taking {
    Box::new(|bytes| {
        if let Some(id) = TransportId::new(bytes)
            && let Some(peer) = multiaddr::to_peer_id(&id)
        {
            assert_eq!(multiaddr::to_transport_id(&peer), Some(id), "two names of one peer");
        }
    })
}

fn peers() -> Vec<Vec<u8>> {
    vec![somebody().to_bytes()]
}

/// Somebody leaves a record: `length of the key u8 ‖ key ‖ seconds u16 ‖ value`.
fn kept() -> Taking {
    let mut shelf = Shelf::default();
    Box::new(move |bytes| {
        let Some((length, rest)) = bytes.split_first() else { return };
        let Some((key, rest)) = rest.split_at_checked(usize::from(*length).min(rest.len())) else { return };
        let Some((seconds, value)) = rest.split_first_chunk::<2>() else { return };
        let now = Instant::now();
        let life = std::time::Duration::from_secs(u16::from_be_bytes(*seconds).into());
        let record = Record {
            key: RecordKey::new(&key),
            value: value.to_vec(),
            publisher: None,
            expires: Some(now + life),
        };
        let before = shelf.len();
        let is_ours = key.len() == 32 && value.len() == RECORD_BYTES && !life.is_zero();
        let name = record.key.clone();
        shelf.keep(record, Source::Ip6(u64::from(*length)), now);
        assert!(shelf.len() <= before + usize::from(is_ours));
        if let Some(found) = shelf.get(&name) {
            assert_eq!(found.value.len() % RECORD_BYTES, 0);
        }
    })
}

fn records() -> Vec<Vec<u8>> {
    vec![[&[32][..], &[1; 32], &[0, 60], &[9; RECORD_BYTES]].concat()]
}
