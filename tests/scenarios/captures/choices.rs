//! Choices of who may see where somebody is, as every packet shows that their machine sends and hears, and as those see it
//! who are not to know.

use std::net::{IpAddr, Ipv6Addr};

use causerie_tests::{
    Internet, Lan, Packets, Person, Recording, Router, Traces, Versions,
    packets::{Carries, Packet},
};

use crate::{
    foreign::{Foreign, Terms},
    internet::{meet_and_talk, server, starts},
};

const NOTHING: [&str; 0] = [];

/// Where multicast DNS goes (RFC 6762, section 3).
const MDNS: [&str; 2] = ["224.0.0.251", "ff02::fb"];

/// What these addresses sent over TCP and UDP: to whom, and to which port. What machines say of themselves without any
/// program, such as IPv6's search for neighbours, is neither.
fn sent(packets: &Packets, own: &[&str]) -> Vec<(IpAddr, u16)> {
    let own: Vec<IpAddr> = own.iter().map(|ip| ip.parse().unwrap()).collect();
    let from_own = |packet: &Packet<'_>| own.contains(&packet.from);
    let to = |packet: Packet<'_>| match packet.carries {
        Carries::Tcp([_, port], ..) | Carries::Udp([_, port], _) => Some((packet.to, port)),
        Carries::Other(_) => None,
    };
    packets.ip().filter(from_own).filter_map(to).collect()
}

/// Everything that was sent to others than these.
fn elsewhere(sent: &[(IpAddr, u16)], expected: &[&str]) -> Vec<String> {
    let expected: Vec<IpAddr> = expected.iter().map(|ip| ip.parse().unwrap()).collect();
    let others = sent.iter().filter(|(to, _)| !expected.contains(to));
    others.map(|(to, port)| format!("{to} {port}")).collect()
}

/// Starts somebody behind a router who listens nowhere and knows this server.
fn starts_unheard(person: &Person, internet: &Internet, server: usize, others: &[&str]) {
    let places = internet.places(server);
    let mut args: Vec<&str> = places.iter().flat_map(|place| ["--bootstrap", place]).collect();
    args.extend(others);
    person.starts_unheard(&args);
}

#[test]
fn who_is_hidden_says_nothing_on_a_network_until_they_dial() {
    // The addresses of the first host, the last of which it gave itself: its cable has the same number in every network.
    let own = ["10.77.0.1", "fd00:77::1", "fe80::ff:fe00:7701"];
    let Some(lan) = Lan::of(3) else { return };
    let [alice, bob, carol] =
        [(1, "alice"), (2, "bob"), (3, "carol")].map(|(host, name)| Person::on(&lan, host, name));
    let recording = Recording::on(&lan, 1);
    alice.starts_unheard(&["--stealth"]);
    let _hers = alice.invites(&[]);
    bob.starts();
    carol.starts();
    bob.meets(&carol);
    bob.sends_and_waits(&carol, "is anybody else here?", "delivered");
    let packets = recording.ends();
    assert_eq!(elsewhere(&sent(&packets, &own), &[]), NOTHING);
    // The same capture sees what is announced by those who are not hidden.
    assert!(sent(&packets, &["10.77.0.2"]).contains(&(MDNS[0].parse().unwrap(), 5_353)));
    let recording = Recording::on(&lan, 1);
    alice.accepts(&bob.invites(&[]));
    alice.waits_until_online(&bob);
    alice.sends_and_waits(&bob, "only I can call", "delivered");
    bob.sends_and_waits(&alice, "and you did", "delivered");
    let packets = recording.ends();
    let sent = sent(&packets, &own);
    assert!(!sent.is_empty());
    assert_eq!(elsewhere(&sent, &["10.77.0.2", "fd00:77::2", "fe80::ff:fe00:7702"]), NOTHING);
    assert_eq!(alice.status()["listening"], serde_json::json!([]));
    assert_eq!(carol.contacts().len(), 1);
}

#[test]
fn who_is_hidden_leaves_nothing_with_servers_and_asks_for_no_place() {
    let server = Foreign::start(Terms::usual());
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(Person::new);
    let with = |choice: &'static str| [&["--loopback", choice][..], &server.bootstrap()].concat();
    alice.starts_unheard(&with("--stealth"));
    let _hers = alice.invites(&[]);
    let is_let_in = |person: &Person| {
        person.starts_unheard(&with("--relays-only"));
        let let_in = || (person.status()["reachability"] == "relayed").then_some(());
        person.waits_until("a relay lets them in", let_in);
    };
    is_let_in(&carol);
    let carols = server.seen().let_in;
    is_let_in(&bob);
    for person in [&alice, &carol] {
        person.accepts(&bob.invites(&[]));
        person.waits_until_path(&bob, "relayed");
    }
    alice.sends_and_waits(&bob, "only I can call", "delivered");
    // Whoever is not hidden leaves records for a contact whom they look for: Carol, who did the same as Alice and later.
    bob.stops();
    alice.waits_until_offline(&bob);
    let left = || server.seen().leavers.is_superset(&carols).then_some(());
    carol.waits_until("she left a record", left);
    bob.starts_unheard(&with("--relays-only"));
    alice.waits_until_path(&bob, "relayed");
    bob.sends_and_waits(&alice, "there you are", "delivered");
    let seen = server.seen();
    assert_eq!(seen.let_in.len(), 3, "Bob asked for a place at each start, and Carol once");
    let hers = seen.callers.difference(&seen.let_in).count();
    assert_eq!(hers, 1, "Alice opened circuits");
    assert!(seen.leavers.len() >= 2 && seen.leavers.is_subset(&seen.let_in), "Alice left a record: {seen:?}");
}

#[test]
fn a_contact_who_is_met_over_relays_only_never_learns_an_address() {
    let hers = ["203.0.113.1", "192.168.1.2", "2001:db8:1::2", "2001:db8:ffff::f1"];
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Both) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = (Person::behind(&internet, 1, "alice"), Person::behind(&internet, 2, "bob"));
    let recording = Recording::behind(&internet, 2);
    starts_unheard(&alice, &internet, 1, &["--relays-only"]);
    starts(&bob, &internet, &[1], &[]);
    meet_and_talk(&alice, &bob, "relayed");
    bob.cli(&["contacts", "test", alice.id()]).done();
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let packets = recording.ends();
    let met = packets.ip().find(|packet| hers.iter().any(|own| [packet.from, packet.to].contains(&ip(own))));
    assert_eq!(met, None, "a packet went between them");
    // Whatever he was told lies in the memory of his program: as bytes, as it is said in frames, or in words.
    let mut traces = Traces::default();
    let Ok(six) = hers[2].parse::<Ipv6Addr>() else { unreachable!("it is one") };
    traces = traces.of_bytes("her address of IPv6", &six.octets()).of_text(hers[2]);
    for (four, bytes) in [(hers[0], [203, 0, 113, 1]), (hers[1], [192, 168, 1, 2])] {
        // One of QUIC, as in docs/wire-format.md.
        let said = [&[0, 0, 0, 1, 0, 0, 0, 0][..], &bytes].concat();
        traces = traces.of_bytes(four, &said).of_text(&format!("/ip4/{four}/"));
    }
    assert_eq!(traces.in_bytes(&bob.memory()), NOTHING);
    // Of somebody who is not hidden, it is found there.
    alice.stops();
    starts(&alice, &internet, &[1], &[]);
    bob.waits_until_path(&alice, "direct");
    assert_ne!(traces.in_bytes(&bob.memory()), NOTHING);
}

#[test]
fn with_a_proxy_nothing_is_sent_to_anything_else_on_this_network_either() {
    let own = ["192.168.1.2", "2001:db8:1::2"];
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 2, Versions::Both) else { return };
    let Some((proxy, _program)) = internet.proxy(2) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = (Person::behind(&internet, 1, "alice"), Person::behind(&internet, 2, "bob"));
    let recording = Recording::behind(&internet, 1);
    starts_unheard(&alice, &internet, 1, &["--proxy", &proxy]);
    starts(&bob, &internet, &[1], &[]);
    meet_and_talk(&alice, &bob, "relayed");
    alice.stops();
    let packets = recording.ends();
    let sent = sent(&packets, &own);
    let spoken: usize =
        packets.streams().iter().filter(|one| one.to.1 == 1_080).map(|one| one.bytes.len()).sum();
    assert!(spoken > 20_000, "{spoken} bytes cannot be all");
    // Neither announcements nor questions of names, nor a word to the router.
    assert_eq!(elsewhere(&sent, &["203.0.113.102"]), NOTHING);
    assert!(sent.iter().all(|(_, port)| *port == 1_080), "{sent:?}");
    let udp = packets.ip().find(|packet| matches!(packet.carries, Carries::Udp(..)));
    assert_eq!(udp, None);
}

#[test]
fn who_stays_on_this_network_sends_nothing_but_what_finds_others_there() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Both) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = (Person::behind(&internet, 1, "alice"), Person::behind(&internet, 2, "bob"));
    starts(&bob, &internet, &[1], &[]);
    bob.waits_until("a relay lets others in", || (bob.status()["reachability"] == "relayed").then_some(()));
    let recording = Recording::behind(&internet, 1);
    starts(&alice, &internet, &[1], &["--lan-only"]);
    let _hers = alice.invites(&[]);
    // She has every reason to dial: a link that says where he is.
    alice.accepts(&bob.invites(&[]));
    alice.waits_until("it was tried", || {
        let tried = alice.cli(&["contacts", "test", bob.id()]);
        (!tried.stdout.is_empty() || !tried.stderr.is_empty()).then_some(())
    });
    alice.stops();
    let packets = recording.ends();
    let sent = sent(&packets, &["192.168.1.2", "2001:db8:1::2"]);
    assert!(sent.iter().any(|(to, port)| *to == MDNS[0].parse::<IpAddr>().unwrap() && *port == 5_353));
    assert_eq!(elsewhere(&sent, &MDNS), NOTHING);
}
