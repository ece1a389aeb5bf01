//! What comes from a peer, layer by layer: each decoder behind the seal or signature that would keep the bytes out.

use serde::{Serialize, de::DeserializeOwned};

use super::{Origin, Taking, Target, each, somebody, steady};
use crate::{
    account::{
        device_list::{DeviceList, SignedDeviceList},
        keys::OwnAccount,
        signature,
    },
    address::{Address, Relay, Transport},
    contact::{bundle::Bundle, introduction::refusal::Refusal},
    ids::{ConversationId, DeviceId, EntryId, MessageId, RunId, TransportId},
    limits,
    link::{
        hello::{self, Binding},
        status::{ListMark, Status},
        whereabouts::Whereabouts,
    },
    log::{
        self, ChainHead, ChainId, Mark, Want,
        entry::{Dep, Entry, Head, NO_ENTRY, Profile, VERSION, kind},
    },
    moment::WallTime,
    rendezvous::record::{Announcement, RecordKeys},
    secret::{NONCE_BYTES, Secret, TAG_BYTES},
    session::{
        first_contact::{self, BundleKeys, BundleKind, BundlePublic, FirstPayload},
        noise::{self, StaticKeys},
    },
    testing::BEGINNING,
    wire::{
        codec,
        envelope::{self, Record, SealedPair, TYPE_FIRST},
        frame::{self, FrameKind},
    },
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

macro_rules! targets {
    ($($origin:ident $cost:literal $name:literal $begin:ident $examples:ident,)*) => {
        pub(super) const TARGETS: &[Target] = &[
            $(Target { name: $name, origin: Origin::$origin, cost: $cost, begin: $begin, examples: $examples },)*
        ];
    };
}

targets! {
    Stranger 1 "hello-nonce" nonce nonces,
    Stranger 1 "live-handshake" handshake handshakes,
    Stranger 1 "sealed-record" sealed_record sealed_records,
    Stranger 1 "device-list" device_list device_lists,
    Stranger 1 "bundle" bundle bundles,
    Stranger 2 "first" first firsts,
    Acquaintance 1 "frame" padded_frame padded_frames,
    Acquaintance 1 "envelope-body" body bodies,
    Acquaintance 1 "entry" entry entries,
    Acquaintance 1 "entry-made" made_entry made_entries,
    Acquaintance 1 "profile" profile profiles,
    Acquaintance 1 "heads" heads some_heads,
    Acquaintance 1 "wants" wants some_wants,
    Acquaintance 1 "mark" mark marks,
    Acquaintance 1 "status" status statuses,
    Acquaintance 1 "addresses" addresses some_addresses,
    Acquaintance 1 "whereabouts" whereabouts some_whereabouts,
    Acquaintance 1 "device-list-signed" signed_list list_bodies,
    Acquaintance 1 "bundle-signed" signed_bundle bundle_bodies,
    Acquaintance 2 "bundle-terms" terms some_terms,
    Acquaintance 3 "first-sealed" sealed_first first_plains,
    Acquaintance 8 "first-payload" payload payloads,
    Acquaintance 1 "refusal-signed" refusal refusals,
    Acquaintance 1 "announcement" announcement announcements,
}

/// A value that decodes has no other encoding.
fn canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value: T = codec::decode(bytes).ok()?;
    assert_eq!(codec::encode(&value).as_deref(), Ok(bytes), "another encoding of the same value");
    Some(value)
}

fn encoded(value: &impl Serialize) -> Vec<u8> {
    codec::encode(value).unwrap_or_default()
}

const KEY: Secret = Secret::new([9; 32]);

fn nonce() -> Taking {
    each(|bytes| {
        if let Ok(nonce) = hello::read_nonce(bytes, &[1; 32]) {
            assert!(hello::is_nonce_frame(bytes) && nonce != [1; 32]);
        }
        hello::why_useless(bytes);
    })
}

fn nonces() -> Vec<Vec<u8>> {
    vec![hello::nonce_frame(&[2; 32])]
}

fn statics(seed: u8) -> StaticKeys {
    StaticKeys::from_secret(somebody(seed).static_secret().clone())
}

/// Both messages of a live channel's handshake: whoever has not the keys makes none that is taken.
fn handshake() -> Taking {
    let (own, their) = (statics(1), somebody(2).static_public());
    each(move |bytes| {
        noise::live_respond(&own, &their, &KEY, b"prologue", bytes, &mut steady(3)).ok();
        let begun = noise::live_initiate(&own, &their, &KEY, b"prologue", &mut steady(4));
        if let Ok((initiator, _)) = begun {
            initiator.finish(bytes).ok();
        }
    })
}

fn handshakes() -> Vec<Vec<u8>> {
    let begun =
        noise::live_initiate(&statics(2), &somebody(1).static_public(), &KEY, b"prologue", &mut steady(4));
    begun.map(|(_, frame)| vec![frame]).unwrap_or_default()
}

fn record_keys() -> RecordKeys {
    RecordKeys::of_invitation(&KEY, 20_000)
}

fn sealed_record() -> Taking {
    let keys = record_keys();
    each(move |bytes| take_announcement(keys.open(bytes)))
}

fn take_announcement(announcement: Option<Announcement>) {
    let Some(said) = announcement else { return };
    assert!(said.addresses.len() <= limits::ADDRESSES_PER_CONTACT_MAX);
    assert!(said.relays.len() <= limits::RELAYS_MAX && said.made_at <= said.until);
    let addresses = said.relays.iter().map(|relay| &relay.address).chain(&said.addresses);
    addresses.for_each(|address| assert!(address.is_dialable(true), "{address} cannot be dialled"));
    let again = record_keys().seal(&mut steady(5), &said).and_then(|record| record_keys().open(&record));
    assert_eq!(again, Some(said), "it cannot be said again");
}

fn sealed_records() -> Vec<Vec<u8>> {
    said().iter().filter_map(|said| record_keys().seal(&mut steady(6), said)).collect()
}

/// What a record says, under the right key.
fn announcement() -> Taking {
    each(|bytes| take_announcement(record_keys().open(&record_keys().seal_anything(&mut steady(7), bytes))))
}

fn announcements() -> Vec<Vec<u8>> {
    said().iter().map(encoded).collect()
}

fn said() -> Vec<Announcement> {
    let relays = transport_id().map(|id| vec![Relay { id, address: address(7) }; 3]).unwrap_or_default();
    let until = BEGINNING + limits::RECORD_LIFE;
    let make = |peer: TransportId| {
        let full = Announcement::new(peer.clone(), some_eight(), relays.clone(), (BEGINNING, until));
        vec![full, Announcement::new(peer, Vec::new(), Vec::new(), (BEGINNING, BEGINNING))]
    };
    transport_id().map(make).unwrap_or_default()
}

fn transport_id() -> Option<TransportId> {
    TransportId::new(&[8; 38])
}

fn address(last: u8) -> Address {
    let ip = match last % 2 {
        0 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)),
        _ => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into())),
    };
    let transport = if last % 4 < 2 { Transport::Tcp } else { Transport::Quic };
    Address { transport, ip, port: 47_474 }
}

fn some_eight() -> Vec<Address> {
    (0..8).map(address).collect()
}

fn device_list() -> Taking {
    each(|bytes| drop(take_list(bytes)))
}

fn take_list(bytes: &[u8]) -> Option<SignedDeviceList> {
    let list = SignedDeviceList::parse(bytes).ok()?;
    assert_eq!(list.bytes(), bytes);
    assert!(bytes.len() <= limits::RECORD_BYTES_MAX && list.version() > 0);
    Some(list)
}

fn device_lists() -> Vec<Vec<u8>> {
    vec![somebody(1).device_list().bytes().to_vec()]
}

const SEED: Secret = Secret::new([3; 32]);

/// Every rule of lists, under a signature that is right.
fn signed_list() -> Taking {
    each(|bytes| {
        let signed = signature::sign(&SEED, "devlist", bytes);
        if let Some(list) = take_list(&signed) {
            let (format, said): (u8, DeviceList) = canonical(bytes).unwrap_or_else(unreachable_list);
            assert_eq!((format, said.version), (1, list.version()));
            assert!(said.devices.len() <= limits::DEVICES_MAX);
        }
    })
}

fn unreachable_list() -> (u8, DeviceList) {
    unreachable!("a list that was taken does not decode")
}

fn list_bodies() -> Vec<Vec<u8>> {
    let own = somebody(1);
    let listed = signature::body("devlist", own.device_list().bytes())
        .and_then(|body| codec::decode::<(u8, DeviceList)>(body).ok());
    let bodies = listed.map(|(format, list)| {
        let first = DeviceList { account_key: signature::public_key(&SEED), ..list };
        let devices = first.devices.iter().cloned();
        let second = DeviceList {
            version: 2,
            previous: [4; 32],
            revoked: vec![DeviceId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16])],
            devices: devices.collect(),
            ..first.clone()
        };
        [first, second].map(|list| encoded(&(format, list))).to_vec()
    });
    bodies.unwrap_or_default()
}

fn published(own: &OwnAccount) -> Option<(Vec<u8>, BundleKeys)> {
    let keys = BundleKeys::create(
        own.account(),
        own.device(),
        &StaticKeys::from_secret(own.static_secret().clone()),
        1_800_000_000,
        BundleKind::OneUse,
        &mut steady(10),
    );
    let keys = keys.ok()?;
    Some((Bundle::sign(own, keys.noise1()).ok()?, keys))
}

fn bundle() -> Taking {
    each(take_bundle)
}

fn take_bundle(bytes: &[u8]) {
    let Ok(bundle) = Bundle::parse(bytes) else { return };
    assert_eq!(bundle.bytes(), bytes);
    assert!(bytes.len() <= limits::BUNDLE_BYTES_MAX);
    let public = BundlePublic {
        account: bundle.account(),
        dev: bundle.device(),
        static_public: bundle.static_public(),
        noise1: bundle.noise1().to_vec(),
    };
    answer(&public);
}

/// Whatever was published, an answer to it is one, or there is none.
fn answer(public: &BundlePublic) {
    let Ok(terms) = public.terms() else { return };
    let own = somebody(2);
    let said = saying(&own);
    let answered = first_contact::answer(public, &statics(2), &KEY, &said, &mut steady(11));
    if let Ok((first, _)) = answered {
        assert!(limits::ENVELOPE_BUCKETS.contains(&first.len()));
        assert_eq!(first_contact::bundle_id_of(&KEY, &first), Some(terms.bundle_id));
    }
}

fn bundles() -> Vec<Vec<u8>> {
    published(&somebody(1)).map(|(bundle, _)| vec![bundle]).unwrap_or_default()
}

/// Every rule of bundles, under a signature of the device that is right.
fn signed_bundle() -> Taking {
    let own = somebody(1);
    each(move |bytes| take_bundle(&own.sign_as_device("bundle", bytes)))
}

fn bundle_bodies() -> Vec<Vec<u8>> {
    let bodies = bundles().into_iter();
    bodies.filter_map(|bundle| signature::body("bundle", &bundle).map(<[u8]>::to_vec)).collect()
}

/// What a bundle says in its first handshake message, which anybody with a static key can make.
fn terms() -> Taking {
    let own = somebody(1);
    each(move |bytes| {
        let prologue = first_contact::prologue(own.account(), own.device());
        if let Ok(noise1) = noise::publish(&statics(1), KEY, &prologue, bytes) {
            answer(&BundlePublic {
                account: own.account(),
                dev: own.device(),
                static_public: own.static_public(),
                noise1,
            });
        }
    })
}

fn some_terms() -> Vec<Vec<u8>> {
    let own = somebody(1);
    let terms = published(&own).and_then(|(_, keys)| {
        let prologue = first_contact::prologue(own.account(), own.device());
        noise::read_published(&own.static_public(), &prologue, keys.noise1()).ok()
    });
    terms.into_iter().collect()
}

fn saying(own: &OwnAccount) -> FirstPayload {
    FirstPayload {
        device_list: own.device_list().bytes().to_vec(),
        dev: own.device(),
        bundle_for_reply: Vec::new(),
        name: "Bob".to_owned(),
        day: 20_454,
        entries: Vec::new(),
    }
}

/// Takes a first message: an inviter with its keys.
struct Inviter {
    own: OwnAccount,
    keys: Option<BundleKeys>,
}

impl Inviter {
    fn new() -> Self {
        let own = somebody(1);
        Self { keys: published(&own).map(|(_, keys)| keys), own }
    }

    fn public(&self) -> Option<BundlePublic> {
        Some(BundlePublic {
            account: self.own.account(),
            dev: self.own.device(),
            static_public: self.own.static_public(),
            noise1: self.keys.as_ref()?.noise1().to_vec(),
        })
    }

    fn take(&self, first: &[u8]) {
        let Some(keys) = &self.keys else { return };
        let (account, device) = (self.own.account(), self.own.device());
        let opened = first_contact::open_first(&KEY, keys, account, device, &statics(1), first);
        let Ok(opened) = opened else { return };
        assert_eq!(first_contact::transcript(&KEY, first), Some(opened.transcript));
        let said = opened.payload;
        assert!(said.device_list.len() <= limits::RECORD_BYTES_MAX);
        assert!(said.entries.len() <= limits::FIRST_ENTRIES_MAX);
        assert!(said.name.chars().count() <= limits::NAME_CHARS_MAX);
    }
}

fn first() -> Taking {
    let inviter = Inviter::new();
    each(move |bytes| inviter.take(bytes))
}

fn firsts() -> Vec<Vec<u8>> {
    let answered = Inviter::new().public().and_then(|public| {
        first_contact::answer(&public, &statics(2), &KEY, &saying(&somebody(2)), &mut steady(12)).ok()
    });
    answered.into_iter().map(|(first, _)| first).collect()
}

/// What is below the outer layer of a first message, as whoever holds the link can make it.
fn sealed_first() -> Taking {
    let inviter = Inviter::new();
    each(move |bytes| {
        let overhead = 1 + NONCE_BYTES + TAG_BYTES;
        let mut plain = bytes.to_vec();
        let buckets = limits::ENVELOPE_BUCKETS.into_iter();
        let fits = |bucket: &usize| *bucket > 2_048 && plain.len() + overhead <= *bucket;
        let Some(bucket) = buckets.clone().find(fits) else { return };
        plain.resize(bucket - overhead, 0);
        let nonce = [13; NONCE_BYTES];
        let sealed = first_contact::outer_key(&KEY).seal(&nonce, &[TYPE_FIRST], &plain);
        inviter.take(&[&[TYPE_FIRST], nonce.as_slice(), &sealed].concat());
    })
}

fn first_plains() -> Vec<Vec<u8>> {
    let open = |first: Vec<u8>| {
        let (nonce, sealed) = first.strip_prefix(&[TYPE_FIRST])?.split_first_chunk::<NONCE_BYTES>()?;
        let plain = first_contact::outer_key(&KEY).open(nonce, &[TYPE_FIRST], sealed)?;
        let length = plain.iter().rposition(|byte| *byte != 0)? + 1;
        plain.get(..length).map(<[u8]>::to_vec)
    };
    firsts().into_iter().filter_map(open).collect()
}

/// What a first message says, from somebody whose handshake is right.
fn payload() -> Taking {
    let inviter = Inviter::new();
    each(move |bytes| {
        let Some(public) = inviter.public() else { return };
        let answered = first_contact::answer_saying(&public, &statics(2), &KEY, bytes, &mut steady(14));
        if let Ok((first, _)) = answered {
            inviter.take(&first);
        }
    })
}

fn payloads() -> Vec<Vec<u8>> {
    let own = somebody(2);
    let full = FirstPayload { entries: vec![vec![1]; 3], bundle_for_reply: vec![2; 20], ..saying(&own) };
    vec![encoded(&saying(&own)), encoded(&full)]
}

const ENDS: Binding =
    Binding { own_peer: [1; 32], their_peer: [2; 32], own_nonce: [3; 32], their_nonce: [4; 32] };

/// What an inviter's device says instead of an answer, under its signature.
fn refusal() -> Taking {
    let own = somebody(1);
    each(move |bytes| {
        let signed = own.sign_as_device("refused", bytes);
        Refusal::verify(&signed, own.account(), &KEY, &ENDS);
    })
}

fn refusals() -> Vec<Vec<u8>> {
    let Binding { own_peer, their_peer, own_nonce, their_nonce } = ENDS;
    let there = Binding {
        own_peer: their_peer,
        their_peer: own_peer,
        own_nonce: their_nonce,
        their_nonce: own_nonce,
    };
    let signed = Refusal::Used.sign(&somebody(1), &KEY, &there);
    let body = signed.and_then(|signed| signature::body("refused", &signed).map(<[u8]>::to_vec));
    body.into_iter().collect()
}

fn padded_frame() -> Taking {
    each(|bytes| {
        if let Some((kind, payload)) = frame::decode(bytes) {
            let again = frame::encode(kind, payload).unwrap_or_default();
            // Nobody makes a longer one than it has to be; it is taken all the same.
            let padding = bytes.get(again.len()..).unwrap_or_default();
            assert!(bytes.starts_with(&again) && padding.iter().all(|byte| *byte == 0));
        }
    })
}

fn padded_frames() -> Vec<Vec<u8>> {
    let frame = |kind, payload: &[u8]| frame::encode(kind, payload).unwrap_or_default();
    vec![
        frame(FrameKind::Ping, b""),
        frame(FrameKind::Heads, &[0; 300]),
        frame(FrameKind::Unknown(99), b"new"),
    ]
}

fn body() -> Taking {
    each(|bytes| {
        SealedPair::parse(bytes);
        let Some(records) = envelope::decode_body(bytes) else { return };
        assert!(records.len() <= limits::RECORDS_PER_ENVELOPE_MAX);
        let held: usize = records.iter().map(Record::packed_len).sum();
        assert!(held <= bytes.len(), "{held} bytes out of {}", bytes.len());
        if let Some(again) = envelope::encode_body(&records) {
            assert!(envelope::decode_body(&again).as_ref() == Some(&records), "it cannot be said again");
        }
    })
}

fn bodies() -> Vec<Vec<u8>> {
    let records = [
        Record::Entry(entries().concat()),
        Record::Ack(a_mark(1)),
        Record::Read(a_mark(2)),
        Record::Offer(vec![1; 64]),
        Record::Accept(vec![2; 64]),
        Record::Heads(some_heads().concat()),
        Record::Want(some_wants().concat()),
    ];
    let two = [envelope::encode_body(&records), envelope::encode_body(&[])];
    // Its end, and so how long a bucket's body is, is not what is looked at here.
    two.into_iter().flatten().map(|body| body.get(..1_600).unwrap_or(&body).to_vec()).collect()
}

fn chain(byte: u8) -> ChainId {
    ChainId { author_dev: DeviceId::from_bytes([byte; 16]), run: RunId::from_bytes([byte; 8]) }
}

fn a_head(of: u16, seq: u32) -> Head {
    let dep = |byte| Dep { chain: chain(byte), seq: 7, id: EntryId::from_bytes([byte; 32]) };
    Head {
        version: VERSION,
        conv: ConversationId::from_bytes([1; 32]),
        chain: chain(2),
        seq,
        prev: if seq == 0 { NO_ENTRY } else { EntryId::from_bytes([3; 32]) },
        deps: if seq == 0 { Vec::new() } else { vec![dep(4), dep(5)] },
        lamport: 90,
        wall: WallTime::from_millis(1_767_225_600_000),
        kind: of,
        mid: MessageId::from_bytes([6; 16]),
        body_hash: [0; 32],
    }
}

fn entry() -> Taking {
    each(take_entry)
}

fn take_entry(bytes: &[u8]) {
    let Ok(entry) = Entry::decode(bytes) else { return };
    assert_eq!(entry.encode(), bytes, "another encoding of the same entry");
    let head = entry.head();
    assert!(head.deps.len() <= limits::DEPS_MAX && head.lamport > u64::from(head.seq));
    assert!(entry.body().is_none_or(|body| body.len() <= limits::BODY_BYTES_MAX));
    assert!(entry.text().is_none_or(|text| (1..=limits::TEXT_BYTES_MAX).contains(&text.len())));
    assert!(!format!("{entry:?}").contains(" body:"), "words of people do not belong in a log");
}

fn entries() -> Vec<Vec<u8>> {
    let name = Profile { name: "Alice".to_owned() }.encode().unwrap_or_default();
    let parts: [(Head, &[u8]); 3] =
        [(a_head(kind::TEXT, 0), b"hello"), (a_head(kind::PROFILE, 1), &name), (a_head(77, 2), b"")];
    let make = |(head, body): (Head, &[u8])| Entry::compose(head, [7; 16], body, &KEY).ok();
    let mut all: Vec<Vec<u8>> = parts.into_iter().filter_map(make).map(|entry| entry.encode()).collect();
    let head = encoded(&a_head(kind::TEXT, 3));
    let length = u16::try_from(head.len()).unwrap_or_default().to_be_bytes();
    all.push([&[1], length.as_slice(), &head, &[8; 16]].concat());
    all
}

/// Any head and body that belong together: `length u16 ‖ head ‖ body`.
fn made_entry() -> Taking {
    each(|bytes| {
        let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
        let Some((head, body)) = rest.split_at_checked(u16::from_be_bytes(*length).into()) else { return };
        let Some(head) = canonical::<Head>(head) else { return };
        if let Ok(entry) = Entry::compose(head, [9; 16], body, &KEY) {
            let bytes = entry.encode();
            assert!(Entry::decode(&bytes).as_ref() == Ok(&entry), "an entry that was made is not taken");
            assert!(entry.is_of(&KEY) && !entry.is_of(&SEED));
            take_entry(&bytes);
        }
    })
}

fn made_entries() -> Vec<Vec<u8>> {
    let make = |head: Head, body: &[u8]| {
        let head = encoded(&head);
        [u16::try_from(head.len()).unwrap_or_default().to_be_bytes().as_slice(), &head, body].concat()
    };
    vec![make(a_head(kind::TEXT, 0), "héllo".as_bytes()), make(a_head(9, 4), &[0; 100])]
}

fn profile() -> Taking {
    each(|bytes| {
        if let Some(profile) = Profile::decode(bytes) {
            assert_eq!(profile.encode().as_deref(), Ok(bytes));
            assert!(profile.name.chars().count() <= limits::NAME_CHARS_MAX);
        }
    })
}

fn profiles() -> Vec<Vec<u8>> {
    vec![encoded(&Profile { name: "Zoë".to_owned() }), encoded(&Profile { name: String::new() })]
}

fn heads() -> Taking {
    each(|bytes| {
        if let Ok(heads) = log::decode_heads(bytes) {
            assert!(heads.len() <= limits::HEADS_MAX);
            assert_eq!(log::encode_heads(&heads).as_deref(), Ok(bytes));
        }
    })
}

fn some_heads() -> Vec<Vec<u8>> {
    let head = |byte| ChainHead { chain: chain(byte), next: 3, id: EntryId::from_bytes([byte; 32]), read: 1 };
    [vec![], vec![head(1)], vec![head(1), head(2), head(3)]].map(|heads| encoded(&heads)).to_vec()
}

fn wants() -> Taking {
    each(|bytes| {
        if let Ok(wants) = log::decode_wants(bytes) {
            assert!(wants.len() <= limits::HEADS_MAX && wants.iter().all(|want| want.from < want.to));
            assert_eq!(log::encode_wants(&wants).as_deref(), Ok(bytes));
        }
    })
}

fn some_wants() -> Vec<Vec<u8>> {
    let want = |byte| Want { chain: chain(byte), from: 0, to: 12 };
    [vec![], vec![want(1)], vec![want(1), want(2)]].map(|wants| encoded(&wants)).to_vec()
}

fn a_mark(byte: u8) -> Mark {
    Mark {
        conv: ConversationId::from_bytes([byte; 32]),
        chain: chain(byte),
        seq: 4,
        id: EntryId::from_bytes([byte; 32]),
    }
}

fn mark() -> Taking {
    each(|bytes| {
        canonical::<Mark>(bytes);
    })
}

fn marks() -> Vec<Vec<u8>> {
    vec![encoded(&a_mark(1))]
}

fn status() -> Taking {
    each(|bytes| {
        if let Some(status) = Status::decode(bytes) {
            assert_eq!(status.encode().as_deref(), Some(bytes));
            assert!(status.sessions.len() <= limits::SESSIONS_PER_DEVICE_MAX);
        }
    })
}

fn statuses() -> Vec<Vec<u8>> {
    use crate::{
        ids::{ProcessId, SessionId},
        session::{EpochStatus, SessionStatus},
    };
    let list = ListMark { version: 1, hash: [1; 32] };
    let epoch = |n| EpochStatus { n, fingerprint: [2; 16], count: 5 };
    let session = |byte| SessionStatus {
        session: SessionId::from_bytes([byte; 16]),
        sending: epoch(3),
        receiving: vec![epoch(2), epoch(3)],
    };
    let status = |sessions| Status {
        process: ProcessId::from_bytes([3; 16]),
        starts: 4,
        wall: BEGINNING,
        own_list: list,
        their_list: list,
        sessions,
        heads: [5; 32],
    };
    [vec![], vec![session(1), session(2)]].map(|sessions| encoded(&status(sessions))).to_vec()
}

/// Addresses and servers have the same form.
fn addresses() -> Taking {
    each(|bytes| {
        if let Some(addresses) = canonical::<Vec<Address>>(bytes) {
            // The smallest has 4 + 4 + 4 + 2 bytes.
            assert!(addresses.len() <= bytes.len() / 14);
        }
    })
}

fn some_addresses() -> Vec<Vec<u8>> {
    vec![encoded(&Vec::<Address>::new()), encoded(&some_eight())]
}

fn whereabouts() -> Taking {
    each(|bytes| drop(canonical::<Whereabouts>(bytes)))
}

fn some_whereabouts() -> Vec<Vec<u8>> {
    let relays = |count| transport_id().map(|id| vec![Relay { id, address: address(3) }; count]);
    let make = |count| Some(Whereabouts { peer: transport_id()?, relays: relays(count)? });
    [0, 3].into_iter().filter_map(make).map(|said| encoded(&said)).collect()
}
