//! Peers that say the same thing thousands of times, or a thousand things once: what they cost is bounded, and everybody
//! else is served meanwhile.

use core::time::Duration;

use crate::{
    address::{Address, Transport},
    answer::ContactState,
    contact::introduction,
    delivery,
    event::Event,
    ids::{LinkId, TransportId},
    input::{Input, LinkEnds, Way},
    limits,
    link::{Phase, live_channel},
    log::{Want, encode_wants},
    output::Output,
    records::Order,
    testing::{Bench, Who},
    wire::{codec, envelope::Record, frame::FrameKind},
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ALICE: Who = 0;
const BOB: Who = 1;
const CAROL: Who = 2;

/// How much of an engine there is, written out.
fn size(bench: &Bench, who: Who) -> usize {
    format!("{:?}", bench.peers[who].engine).len()
}

fn channel(bench: &Bench, who: Who) -> Option<LinkId> {
    let state = bench.peers[who].engine.as_ref().unwrap().state();
    state.links.all_live().next().map(|(link, _)| link)
}

/// What a contact says who wants to cost as much as possible: each kind many times, as long as a frame can be.
fn flood(bench: &mut Bench, link: LinkId) {
    let address =
        |last| Address { transport: Transport::Tcp, ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), port: 1 };
    let addresses = codec::encode(&(0..8).map(address).collect::<Vec<_>>()).unwrap();
    let longest = vec![7; 61_000];
    bench.meddle(BOB, |state, turn| {
        for kind in [FrameKind::Unknown(99), FrameKind::Refused, FrameKind::Body] {
            (0..40).for_each(|_| live_channel::send(state, turn, link, kind, &longest));
        }
        for _ in 0..100 {
            live_channel::send(state, turn, link, FrameKind::Ping, &[]);
            live_channel::send(state, turn, link, FrameKind::Pong, &[]);
            live_channel::send(state, turn, link, FrameKind::Heads, &[&[1][..], &[0; 8]].concat());
            live_channel::send(state, turn, link, FrameKind::Addresses, &addresses);
            live_channel::send(state, turn, link, FrameKind::Servers, &addresses);
            live_channel::say_status(state, turn, link).unwrap();
        }
    });
    bench.meddle(BOB, |state, turn| {
        let row = *state.deliveries.keys().next().unwrap();
        let parties = delivery::parties(state, row).unwrap();
        let heads = state.conversations[&row].heads();
        let wants: Vec<Want> =
            heads.iter().map(|head| Want { chain: head.chain, from: 0, to: head.next }).collect();
        let wants = encode_wants(&wants).unwrap();
        let records: [Vec<Record>; 3] = [
            (0..40).map(|byte| Record::Offer(vec![byte; 1_232])).collect(),
            (0..500).map(|_| Record::Want(wants.clone())).collect(),
            (0..900).map(|_| Record::Entry(vec![1; 40])).collect(),
        ];
        for records in records {
            let Some(session) = state.deliveries.get_mut(&row).unwrap().sending_session() else { return };
            let Ok(envelope) = session.seal(turn, &parties, &records) else { return };
            for _ in 0..20 {
                live_channel::send(state, turn, link, FrameKind::Envelope, &envelope);
            }
        }
    });
}

#[test]
fn a_contact_who_floods_costs_little_and_the_others_are_heard_meanwhile() {
    let mut bench = Bench::new(1, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.befriend(ALICE, CAROL);
    bench.send(ALICE, BOB, "before").unwrap();
    bench.settle();
    let (before, records, told) =
        (size(&bench, ALICE), bench.peers[ALICE].store.len(), bench.peers[ALICE].events.len());
    for round in 0..12 {
        let Some(link) = channel(&bench, BOB) else {
            bench.advance(Duration::from_secs(10));
            continue;
        };
        flood(&mut bench, link);
        let (sent, text) = (bench.peers[ALICE].sent, format!("amid flood {round}"));
        bench.send(CAROL, ALICE, &text).unwrap();
        bench.settle();
        assert_eq!(bench.texts(ALICE, CAROL).last(), Some(&text));
        let answers = bench.peers[ALICE].sent - sent;
        assert!(answers <= 2_000, "{answers} frames for a flood of 800");
        assert!(size(&bench, ALICE) < before + 200_000, "{} letters more", size(&bench, ALICE) - before);
    }
    // Carol's messages, and what a conversation of hers and the renewal of Bob's session takes.
    let more = bench.peers[ALICE].store.len() - records;
    assert!(more < 300, "{more} records more");
    let notices =
        bench.peers[ALICE].events[told..].iter().filter(|event| matches!(event, Event::Notice { .. }));
    assert!(notices.count() <= 4, "{:?}", &bench.peers[ALICE].events[told..]);
    let log = &bench.peers[ALICE].logged;
    assert!(log.iter().any(|line| line.starts_with("an entry from contact ")), "{log:?}");
    bench.advance(Duration::from_secs(120));
    bench.send(BOB, ALICE, "sorry").unwrap();
    bench.advance(Duration::from_secs(20));
    assert!(bench.texts(ALICE, BOB).contains(&"sorry".to_owned()), "who floods is not shut out for ever");
}

#[test]
fn a_hello_that_is_said_again_thousands_of_times_is_nobodys_and_soon_turned_away() {
    let mut bench = Bench::new(1, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, CAROL);
    bench.befriend(ALICE, BOB);
    // What Bob said in his hello, as Alice heard it.
    let frames = bench.peers[ALICE].recording.as_ref().unwrap().frames();
    let of_hello = |frame: &&[u8]| [34, 1 + 64 * 16].contains(&frame.len());
    let heard: Vec<Vec<u8>> = frames.rev().filter(of_hello).take(2).map(<[u8]>::to_vec).collect();
    assert_eq!(heard.iter().map(Vec::len).collect::<Vec<_>>(), [1 + 64 * 16, 34]);
    bench.part(ALICE, BOB);
    bench.peers[ALICE].logged.clear();
    let before = size(&bench, ALICE);
    for round in 0..3_000 {
        let Some(link) = bench.stranger_dials(ALICE) else { panic!("no link") };
        for bytes in heard.iter().rev() {
            bench.input(ALICE, Input::Frame { link, bytes: bytes.clone() });
        }
        assert!(!bench.contact(ALICE, BOB).unwrap().online, "round {round}");
        if round % 500 == 0 {
            let text = format!("amid hello {round}");
            bench.send(CAROL, ALICE, &text).unwrap();
            bench.settle();
            assert_eq!(bench.texts(ALICE, CAROL).last(), Some(&text));
        }
    }
    bench.advance(Duration::from_secs(70));
    assert!(
        bench.peers[ALICE].logged.iter().any(|line| line.ends_with("of a stranger closed: nobody we know"))
    );
    assert!(size(&bench, ALICE) < before + 80_000, "{} letters more", size(&bench, ALICE) - before);
    bench.join(ALICE, BOB);
    bench.advance(Duration::from_secs(120));
    assert!(bench.contact(ALICE, BOB).unwrap().online, "the true Bob is kept out");
}

/// Whoever is dialled and knows nobody says what the dialler said.
#[test]
fn ones_own_tokens_are_nobodys() {
    let mut bench = Bench::new(1, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench.part(ALICE, BOB);
    let mut reflected = 0;
    for which in 0..64 {
        bench.peers[ALICE].logged.clear();
        let Some(link) = bench.stranger_is_dialled_by(ALICE) else { panic!("no link") };
        let nonce = [&[1, 1][..], &[which; 32]].concat();
        bench.input(ALICE, Input::Frame { link, bytes: nonce });
        let outputs = &bench.peers[ALICE].recording.as_ref().unwrap().outputs();
        let slots = outputs.iter().rev().find_map(|output| match output {
            Output::Transmit { link: on, frame } if *on == link => Some(frame.clone()),
            _ => None,
        });
        let slots = slots.unwrap();
        assert_eq!(slots.len(), 1 + 64 * 16);
        let token = slots[1 + 16 * usize::from(which)..][..16].to_vec();
        bench.input(ALICE, Input::Frame { link, bytes: token });
        let log = &bench.peers[ALICE].logged;
        reflected +=
            usize::from(log.iter().any(|line| line.ends_with("that we dialled closed: nobody we know")));
        bench.settle();
    }
    assert_eq!(reflected, 64);
}

/// Somebody at the last of so many addresses of a network.
fn from(network: u16, host: u64) -> LinkEnds {
    let bits = (0x2001_0db8_u128 << 96) | (u128::from(network) << 64) | u128::from(host);
    let address = Address { transport: Transport::Quic, ip: IpAddr::V6(Ipv6Addr::from_bits(bits)), port: 1 };
    let [own, peer] = [b"own".to_vec(), host.to_be_bytes().to_vec()].map(|id| TransportId::new(&id).unwrap());
    LinkEnds { own, peer, dial: None, address: Some(address), way: Way::Direct }
}

#[test]
fn a_machine_with_as_many_addresses_as_it_likes_is_one_place() {
    let mut bench = Bench::new(1, &["Alice"]);
    let standing = |bench: &Bench| {
        let state = bench.peers[ALICE].engine.as_ref().unwrap().state();
        state.links.iter().filter(|(_, link)| matches!(link.phase, Phase::Nonce(_))).count()
    };
    for host in 0..1_000 {
        bench.input(ALICE, Input::LinkUp { link: LinkId::new(50_000 + host), ends: from(1, host) });
    }
    assert_eq!(standing(&bench), limits::UNKNOWN_LINKS_PER_NETWORK_MAX);
    bench.input(ALICE, Input::LinkUp { link: LinkId::new(60_000), ends: from(2, 1) });
    assert_eq!(
        standing(&bench),
        limits::UNKNOWN_LINKS_PER_NETWORK_MAX + 1,
        "another network is another place"
    );
    bench.meddle(ALICE, |state, turn| {
        let now = turn.now.moment;
        let none = LinkId::new(u64::MAX);
        for host in 0..64 {
            assert!(!state.reach.is_tiresome(&from(3, 5_000), now), "after {host} hellos");
            state.reach.on_unmatched(none, &from(3, host), true, now);
        }
        assert!(state.reach.is_tiresome(&from(3, 5_000), now));
        assert!(!state.reach.is_tiresome(&from(4, 5_000), now));
    });
}

#[test]
fn whoever_was_heard_of_last_is_not_forgotten_for_others() {
    let mut bench = Bench::new(1, &["Alice"]);
    let tiresome = |bench: &mut Bench, ends: LinkEnds| {
        let mut said = false;
        bench.meddle(ALICE, |state, turn| said = state.reach.is_tiresome(&ends, turn.now.moment));
        said
    };
    let unmatched = |bench: &mut Bench, ends: LinkEnds| {
        let none = LinkId::new(u64::MAX);
        bench.meddle(ALICE, |state, turn| state.reach.on_unmatched(none, &ends, true, turn.now.moment));
    };
    for network in 1_000..3_000 {
        unmatched(&mut bench, from(network, 1));
    }
    bench.advance(Duration::from_secs(1));
    (0..limits::UNMATCHED_HELLOS_PER_MINUTE).for_each(|_| unmatched(&mut bench, from(0, 7)));
    bench.advance(Duration::from_secs(1));
    for network in 3_000..3_400 {
        unmatched(&mut bench, from(network, 1));
    }
    assert!(tiresome(&mut bench, from(0, 7)), "it was forgotten before those who came long before");
}

#[test]
fn the_same_answer_a_thousand_times_is_one_request() {
    let mut bench = Bench::new(1, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, CAROL);
    let link = bench.invite(ALICE, true, true);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(2));
    let (records, writes, before) =
        (bench.peers[ALICE].store.len(), bench.writes(ALICE), size(&bench, ALICE));
    let account = bench.account(ALICE).unwrap();
    bench.meddle(BOB, |state, turn| {
        let key = introduction::kept_key(turn, account.as_bytes());
        let parts = turn.scan_bytes(&key, (&[], None), Order::Ascending, 255).unwrap();
        let first: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part).collect();
        assert!(!first.is_empty());
        let link = state.links.iter().find(|(_, link)| matches!(link.phase, Phase::Invited(_))).unwrap().0;
        (0..1_000).for_each(|_| introduction::say(state, turn, link, FrameKind::First, &first));
    });
    bench.send(CAROL, ALICE, "amid answers").unwrap();
    bench.settle();
    assert_eq!(bench.texts(ALICE, CAROL), ["amid answers"]);
    // Carol's message.
    assert!(bench.writes(ALICE) <= writes + 4, "{} writes", bench.writes(ALICE) - writes);
    assert!(bench.peers[ALICE].store.len() < records + 12);
    assert!(size(&bench, ALICE) < before + 5_000, "{} letters more", size(&bench, ALICE) - before);
    assert_eq!(bench.contact(ALICE, BOB).unwrap().state, ContactState::Request);
}

#[test]
fn a_link_that_everybody_answers_makes_so_many_requests_and_no_more() {
    let answerers = limits::REQUESTS_MAX + 40;
    let mut names = vec!["Alice", "Bob", "Carol"];
    names.resize(3 + answerers, "Somebody");
    let mut bench = Bench::new(1, &names);
    bench.befriend(ALICE, CAROL);
    let link = bench.invite(ALICE, true, true);
    (3..names.len()).for_each(|who| bench.vanish(who));
    let mut refused = 0;
    for who in 3..names.len() {
        bench.start(who);
        bench.accept(who, &link).unwrap();
        bench.advance(Duration::from_secs(2));
        refused += usize::from(bench.contact(who, ALICE).unwrap().state == ContactState::Failed);
        bench.stop(who);
    }
    let alice = bench.peers[ALICE].engine.as_ref().unwrap().state();
    let requests = alice.contacts.listed().filter(|(_, one)| one.state == ContactState::Request).count();
    assert_eq!((requests, refused), (limits::REQUESTS_MAX, answerers - limits::REQUESTS_MAX));
    let each = bench.peers[ALICE].store.len() / limits::REQUESTS_MAX;
    assert!(each < 8, "{each} records a request");
    assert!(bench.peers[ALICE].logged.iter().any(|line| line.contains("too many contacts or requests")));
    bench.send(CAROL, ALICE, "amid everybody").unwrap();
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.texts(ALICE, CAROL), ["amid everybody"]);
}
