//! What changes under people who talk: lines, addresses, servers, programs. Nothing is lost or doubled, and nobody does a thing.

use super::{Internet, Person, Router, Versions, alice_and_bob, meet_and_talk, server, starts};

/// Something happens while both write; afterwards both have everything, once and in order.
fn goes_on(alice: &Person, bob: &Person, before: usize, happens: impl FnOnce()) {
    let round = |round: &str| {
        for number in 0..10 {
            alice.sends(bob, &format!("hers {round} {number}"));
            bob.sends(alice, &format!("his {round} {number}"));
        }
    };
    round("before");
    happens();
    round("after");
    bob.waits_for_text(alice, "hers after 9");
    alice.waits_for_text(bob, "his after 9");
    let all = |whose: &str| {
        let of = |round: &str| (0..10).map(|number| format!("{whose} {round} {number}")).collect::<Vec<_>>();
        [of("before"), of("after")].concat()
    };
    assert_eq!(bob.texts_from(alice)[before..], all("hers"));
    assert_eq!(alice.texts_from(bob)[before..], all("his"));
}

#[test]
fn a_router_that_starts_again_with_another_address_is_got_through_again() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "direct");
    goes_on(&alice, &bob, 2, || internet.gets_another_address(2));
    alice.waits_until_path(&bob, "direct");
}

#[test]
fn a_machine_that_goes_from_one_cable_to_another_is_found_there() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Both) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "direct");
    goes_on(&alice, &bob, 2, || internet.changes_cables(2));
    alice.waits_until_path(&bob, "direct");
}

#[test]
fn a_machine_that_slept_goes_on_where_it_was() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Random], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "");
    goes_on(&alice, &bob, 2, || {
        bob.falls_asleep();
        alice.waits_until_offline(&bob);
        bob.wakes();
    });
    bob.waits_until_online(&alice);
}

#[test]
fn a_line_that_was_out_is_used_again() {
    let Some(internet) = Internet::with(&[Router::Random, Router::Cone], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "relayed");
    goes_on(&alice, &bob, 2, || {
        internet.cut(1);
        bob.waits_until_offline(&alice);
        alice.waits_until_offline(&bob);
        internet.join(1);
    });
}

#[test]
fn a_relay_that_starts_again_lets_everybody_in_again() {
    let Some(internet) = Internet::with(&[Router::Random, Router::Random], 1, Versions::Four) else { return };
    let only = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "relayed");
    goes_on(&alice, &bob, 2, || {
        only.is_killed();
        starts(&only, &internet, &[], &["--serve-relay", "--serve-bootstrap"]);
    });
}

#[test]
fn people_who_are_never_at_home_at_the_same_place_find_each_other_again() {
    let Some(internet) = Internet::with(&[Router::Cone, Router::Cone], 1, Versions::Four) else { return };
    let _server = server(&internet, 1);
    let (alice, bob) = alice_and_bob(&internet, &[1]);
    meet_and_talk(&alice, &bob, "direct");
    // Nobody is where they were: both have new identities on the network and other public addresses.
    goes_on(&alice, &bob, 2, || {
        alice.is_killed();
        bob.is_killed();
        internet.gets_another_address(1);
        internet.gets_another_address(2);
        starts(&alice, &internet, &[1], &[]);
        starts(&bob, &internet, &[1], &[]);
    });
}

#[test]
fn a_contact_who_agreed_is_the_relay_of_two_others_when_no_server_is_left() {
    let routers = [Router::Forwarding, Router::Random, Router::Random];
    let Some(internet) = Internet::with(&routers, 1, Versions::Four) else { return };
    let only = server(&internet, 1);
    let [alice, bob, carol] =
        [(1, "alice"), (2, "bob"), (3, "carol")].map(|(home, name)| Person::behind(&internet, home, name));
    starts(&alice, &internet, &[1], &["--serve-relay"]);
    starts(&bob, &internet, &[1], &[]);
    starts(&carol, &internet, &[1], &[]);
    alice.waits_until("she can be dialled", || (alice.status()["reachability"] == "direct").then_some(()));
    meet_and_talk(&alice, &bob, "direct");
    meet_and_talk(&alice, &carol, "direct");
    meet_and_talk(&bob, &carol, "relayed");
    only.is_killed();
    // What they were told counts from their next start on.
    goes_on(&bob, &carol, 2, || {
        bob.is_killed();
        carol.is_killed();
        starts(&bob, &internet, &[], &[]);
        starts(&carol, &internet, &[], &[]);
    });
    bob.waits_until_path(&carol, "relayed");
    alice.waits_until("she carries them", || {
        (alice.status()["serving"]["circuits"].as_u64() > Some(0)).then_some(())
    });
}
