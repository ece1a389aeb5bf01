//! People in homes who never shared a network: they find each other by a link alone, over servers that can read nothing, and
//! talk directly where their routers allow it. Needs root, network namespaces and nftables; passed over elsewhere.

use causerie_tests::{Internet, Person, Router, Versions};

mod choices;
mod moving;
mod observers;
mod upnp;

/// What they speak.
#[derive(Clone, Copy, Debug)]
enum Over {
    Tcp,
    Quic,
    Both,
}

/// A server that everybody can reach.
pub(crate) fn server(internet: &Internet, number: usize) -> Person {
    let server = Person::serving(internet, number);
    server.starts_with(&["--serve-relay", "--serve-bootstrap"]);
    server
}

/// Starts somebody who knows these servers.
pub(crate) fn starts(person: &Person, internet: &Internet, servers: &[usize], others: &[&str]) {
    let places: Vec<String> = servers.iter().flat_map(|server| internet.places(*server)).collect();
    let mut args: Vec<&str> = places.iter().flat_map(|place| ["--bootstrap", place]).collect();
    args.extend(others);
    person.starts_with(&args);
}

fn alice_and_bob(internet: &Internet, servers: &[usize]) -> (Person, Person) {
    let (alice, bob) = (Person::behind(internet, 1, "alice"), Person::behind(internet, 2, "bob"));
    starts(&alice, internet, servers, &[]);
    starts(&bob, internet, servers, &[]);
    (alice, bob)
}

/// They meet by a link and talk, in the end by this path; by either where none is named.
pub(crate) fn meet_and_talk(alice: &Person, bob: &Person, path: &str) {
    bob.accepts(&alice.invites(&[]));
    alice.waits_until_online(bob);
    bob.waits_until_online(alice);
    alice.sends_and_waits(bob, "hello", "delivered");
    bob.sends_and_waits(alice, "hello yourself", "delivered");
    if !path.is_empty() {
        alice.waits_until_path(bob, path);
        bob.waits_until_path(alice, path);
    }
    alice.sends_and_waits(bob, "is that you?", "delivered");
    bob.sends_and_waits(alice, "it is", "delivered");
    assert_eq!(bob.texts_from(alice), ["hello", "is that you?"]);
    assert_eq!(alice.texts_from(bob), ["hello yourself", "it is"]);
}

fn cell(routers: [Router; 2], over: Over, versions: Versions, path: &str) {
    let Some(internet) = Internet::with(&routers, 1, versions) else { return };
    let _server = server(&internet, 1);
    let any = if versions == Versions::Six { "/ip6/::" } else { "/ip4/0.0.0.0" };
    let [tcp, quic] = [format!("{any}/tcp/47474"), format!("{any}/udp/47474/quic-v1")];
    let [to_tcp, to_quic] = internet.places(1);
    let args: Vec<&str> = match over {
        Over::Tcp => vec!["--listen", &tcp, "--bootstrap", &to_tcp],
        Over::Quic => vec!["--listen", &quic, "--bootstrap", &to_quic],
        Over::Both => vec!["--bootstrap", &to_tcp, "--bootstrap", &to_quic],
    };
    let [alice, bob] = [(1, "alice"), (2, "bob")].map(|(home, name)| Person::behind(&internet, home, name));
    alice.starts_with(&args);
    bob.starts_with(&args);
    meet_and_talk(&alice, &bob, path);
}

#[test]
fn two_ordinary_routers_let_both_through() {
    cell([Router::Cone, Router::Cone], Over::Both, Versions::Four, "direct");
}

#[test]
fn two_ordinary_routers_let_both_through_over_tcp() {
    cell([Router::Cone, Router::Cone], Over::Tcp, Versions::Four, "direct");
}

#[test]
fn two_ordinary_routers_let_both_through_over_quic() {
    cell([Router::Cone, Router::Cone], Over::Quic, Versions::Four, "direct");
}

#[test]
fn two_firewalls_of_ipv6_let_both_through() {
    cell([Router::Cone, Router::Cone], Over::Both, Versions::Six, "direct");
}

#[test]
fn where_both_versions_of_ip_lead_there_one_of_them_is_enough() {
    cell([Router::Random, Router::Random], Over::Both, Versions::Both, "direct");
}

#[test]
fn a_router_that_cannot_be_foreseen_leaves_the_relay() {
    cell([Router::Cone, Router::Random], Over::Quic, Versions::Four, "relayed");
}

#[test]
fn two_routers_that_cannot_be_foreseen_leave_the_relay() {
    cell([Router::Random, Router::Random], Over::Tcp, Versions::Four, "relayed");
}

#[test]
fn routers_that_answer_what_nobody_asked_for_keep_nobody_apart() {
    // Whose packet comes first decides whether they get through.
    cell([Router::Answering, Router::Answering], Over::Quic, Versions::Four, "");
}

#[test]
fn a_port_that_somebody_forwards_lets_even_the_unforeseeable_in() {
    cell([Router::Random, Router::Forwarding], Over::Both, Versions::Four, "direct");
    cell([Router::Forwarding, Router::Random], Over::Quic, Versions::Four, "direct");
}

#[test]
fn a_relay_that_dies_under_load_loses_nothing() {
    let Some(internet) = Internet::with(&[Router::Random, Router::Random], 2, Versions::Four) else { return };
    let (first, second) = (server(&internet, 1), server(&internet, 2));
    let (alice, bob) = alice_and_bob(&internet, &[1, 2]);
    meet_and_talk(&alice, &bob, "relayed");
    for number in 0..300 {
        alice.sends(&bob, &format!("hers {number}"));
        bob.sends(&alice, &format!("his {number}"));
        // Whichever carries them.
        if number == 100 {
            first.is_killed();
        }
        if number == 200 {
            starts(&first, &internet, &[], &["--serve-relay", "--serve-bootstrap"]);
            second.is_killed();
        }
    }
    bob.waits_for_text(&alice, "hers 299");
    alice.waits_for_text(&bob, "his 299");
    let numbered = |whose: &str| (0..300).map(|number| format!("{whose} {number}")).collect::<Vec<_>>();
    assert_eq!(bob.texts_from(&alice)[2..], numbered("hers"));
    assert_eq!(alice.texts_from(&bob)[2..], numbered("his"));
}

#[test]
fn without_any_server_status_says_so_and_who_was_met_stays() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Four) else { return };
    let server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "direct");
    assert_eq!(alice.status()["reachability"], "relayed");
    server.is_killed();
    alice.waits_until("no server answers", || (alice.status()["reachability"] == "lan-only").then_some(()));
    assert_eq!(alice.status()["beyond"]["meeting_place"], false);
    alice.sends_and_waits(&bob, "they are all gone", "delivered");
    starts(&server, &internet, &[], &["--serve-relay", "--serve-bootstrap"]);
    alice.waits_until("it is back", || (alice.status()["reachability"] == "relayed").then_some(()));
}

#[test]
fn who_named_a_server_once_finds_people_by_what_they_say_of_theirs() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "direct");
    // He names none now, and nothing that they knew of each other's places holds.
    bob.stops();
    alice.stops();
    internet.gets_another_address(1);
    internet.gets_another_address(2);
    starts(&alice, &internet, &[1], &[]);
    starts(&bob, &internet, &[], &[]);
    bob.waits_until("he is let in by a relay", || (bob.status()["reachability"] == "relayed").then_some(()));
    alice.sends_and_waits(&bob, "there you are", "delivered");
}
