//! People in two homes who never shared a network: they find each other by a link alone, over servers that can read nothing,
//! and talk directly where their routers allow it. Needs root, network namespaces and nftables; passed over elsewhere.

use causerie_tests::{Internet, Person, Router, Versions};

/// Two people, each behind a router, and a server.
fn two_homes(internet: &Internet) -> (Person, Person, Person) {
    let server = Person::serving(internet, 1);
    server.starts_with(&["--serve-relay", "--serve-bootstrap"]);
    (Person::behind(internet, 1, "alice"), Person::behind(internet, 2, "bob"), server)
}

fn starts(person: &Person, internet: &Internet, servers: &[usize]) {
    let places: Vec<String> = servers.iter().flat_map(|server| internet.places(*server)).collect();
    let args: Vec<&str> = places.iter().flat_map(|place| ["--bootstrap", place]).collect();
    person.starts_with(&args);
}

#[test]
fn two_behind_ordinary_routers_meet_by_a_link_alone_and_talk_directly() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Four) else { return };
    let (alice, bob, _server) = two_homes(&internet);
    starts(&alice, &internet, &[1]);
    starts(&bob, &internet, &[1]);
    bob.accepts(&alice.invites(&[]));
    alice.waits_until_online(&bob);
    bob.waits_until_online(&alice);
    alice.sends_and_waits(&bob, "hello", "delivered");
    bob.sends_and_waits(&alice, "hello yourself", "delivered");
    alice.waits_until_path(&bob, "direct");
    bob.waits_until_path(&alice, "direct");
    alice.sends_and_waits(&bob, "is that you?", "delivered");
    assert_eq!(bob.texts_from(&alice), ["hello", "is that you?"]);
}

#[test]
fn two_whose_routers_cannot_be_foreseen_talk_over_the_relay() {
    let Some(internet) = Internet::with(&[Router::Random, Router::Random], 1, Versions::Four) else { return };
    let (alice, bob, _server) = two_homes(&internet);
    starts(&alice, &internet, &[1]);
    starts(&bob, &internet, &[1]);
    bob.accepts(&alice.invites(&[]));
    alice.waits_until_online(&bob);
    bob.waits_until_online(&alice);
    alice.sends_and_waits(&bob, "hello", "delivered");
    bob.sends_and_waits(&alice, "hello yourself", "delivered");
    alice.waits_until_path(&bob, "relayed");
}
