//! Who may see where somebody is: each choice does what it says, as the packets that leave the home show.

use std::fs;

use super::{Internet, Person, Router, Versions, alice_and_bob, meet_and_talk, server, starts};

#[test]
fn who_is_met_over_relays_only_sends_nothing_to_anybody_else() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Both) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = (Person::behind(&internet, 1, "alice"), Person::behind(&internet, 2, "bob"));
    internet.watches(1, &[1]);
    starts_unheard(&alice, &internet, "--relays-only");
    starts(&bob, &internet, &[1], &[]);
    meet_and_talk(&alice, &bob, "relayed");
    let link = bob.invites(&[]);
    alice.accepts(&link);
    assert_eq!(alice.status()["listening"], serde_json::json!([]));
    assert_eq!(alice.status()["reachability"], "relayed");
    assert_eq!(internet.went_elsewhere(1), 0);
}

#[test]
fn who_stays_on_this_network_sends_nothing_beyond_it() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Both) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "direct");
    alice.stops();
    internet.watches(1, &[]);
    starts(&alice, &internet, &[1], &["--lan-only"]);
    bob.waits_until_offline(&alice);
    alice.sends(&bob, "not from here");
    // Bob looks for her meanwhile; she is not let in by anybody, and lets nobody in.
    bob.sends(&alice, "where are you?");
    bob.stops();
    starts(&bob, &internet, &[1], &[]);
    bob.waits_until("he is let in by a relay", || (bob.status()["reachability"] == "relayed").then_some(()));
    assert_eq!(alice.status()["reachability"], "lan-only");
    assert_eq!(internet.went_elsewhere(1), 0);
    alice.stops();
    starts(&alice, &internet, &[1], &[]);
    bob.waits_for_text(&alice, "not from here");
    alice.waits_for_text(&bob, "where are you?");
}

#[test]
fn who_announces_nothing_dials_and_is_not_found() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = (Person::behind(&internet, 1, "alice"), Person::behind(&internet, 2, "bob"));
    starts_unheard(&alice, &internet, "--stealth");
    starts(&bob, &internet, &[1], &[]);
    // She finds him; her own link leads nowhere.
    alice.accepts(&bob.invites(&["--no-hints"]));
    alice.waits_until_online(&bob);
    alice.sends_and_waits(&bob, "only I can call", "delivered");
    assert_eq!(alice.status()["beyond"]["relays"], serde_json::json!([]));
    assert_eq!(alice.status()["listening"], serde_json::json!([]));
}

#[test]
fn with_a_proxy_nothing_goes_around_it() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 2, Versions::Both) else { return };
    let Some((proxy, _program)) = internet.proxy(2) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = (Person::behind(&internet, 1, "alice"), Person::behind(&internet, 2, "bob"));
    internet.watches(1, &[2]);
    let places = internet.places(1);
    let mut args: Vec<&str> = places.iter().flat_map(|place| ["--bootstrap", place]).collect();
    args.extend(["--proxy", &proxy]);
    alice.starts_unheard(&args);
    starts(&bob, &internet, &[1], &[]);
    meet_and_talk(&alice, &bob, "relayed");
    alice.stops();
    alice.sends(&bob, "written without a node");
    alice.starts_unheard(&args);
    bob.waits_for_text(&alice, "written without a node");
    assert_eq!(alice.status()["listening"], serde_json::json!([]));
    assert_eq!(internet.went_elsewhere(1), 0);
}

#[test]
fn choices_for_good_lie_in_the_home() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = (Person::behind(&internet, 1, "alice"), Person::behind(&internet, 2, "bob"));
    let [tcp, quic] = internet.places(1);
    let choices = format!("bootstrap = [\"{tcp}\", \"{quic}\"]\nexposure = \"relays-only\"\n");
    fs::write(alice.home().join("network.toml"), choices).unwrap();
    internet.watches(1, &[1]);
    alice.starts_unheard(&[]);
    starts(&bob, &internet, &[1], &[]);
    meet_and_talk(&alice, &bob, "relayed");
    assert_eq!(internet.went_elsewhere(1), 0);
}

/// Starts somebody who listens nowhere.
fn starts_unheard(person: &Person, internet: &Internet, choice: &str) {
    let places = internet.places(1);
    let mut args: Vec<&str> = places.iter().flat_map(|place| ["--bootstrap", place]).collect();
    args.push(choice);
    person.starts_unheard(&args);
}
