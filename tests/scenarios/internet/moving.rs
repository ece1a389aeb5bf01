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
