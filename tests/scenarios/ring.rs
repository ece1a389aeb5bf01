//! The ring in use: what a thief of old files and new keys has, and what an owner without a ring has.

use std::fs;

use causerie_tests::Person;
use serde_json::Value;

/// That sessions do not open, as people are told.
fn tells_of_lost_sessions(event: &Value) -> bool {
    event["type"] == "notice" && event.to_string().contains("could not be read any more")
}

/// Alice and Bob, who talked until she was killed; Bob is away.
fn two_who_talked() -> (Person, Person) {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "before", "delivered");
    alice.is_killed();
    bob.stops();
    (alice, bob)
}

fn they_talk_on(alice: &Person, bob: &Person) {
    bob.starts();
    alice.sends_and_waits(bob, "after", "delivered");
    assert_eq!(bob.texts_from(alice), ["before", "after"]);
}

#[test]
fn an_old_store_with_a_newer_ring_opens_no_session() {
    let (alice, bob) = two_who_talked();
    let directory = tempfile::tempdir().unwrap();
    let stolen = directory.path().join("stolen");
    alice.copies_home_to(&stolen);
    // The start after an unclean end rotates, or at the latest the stop.
    alice.starts();
    alice.stops();
    for name in ["ring", "vault.hdr", "vault.key", "identity"] {
        fs::copy(alice.home().join(name), stolen.join(name)).unwrap();
    }
    let begin = alice.bookmark();
    alice.puts_back(&stolen);
    alice.starts();
    alice.waits_for_since(begin, tells_of_lost_sessions, "the old sessions do not open");
    they_talk_on(&alice, &bob);
    alice.finds_everything_in_order();
}

#[test]
fn a_home_without_its_ring_goes_on_with_new_sessions() {
    let (alice, bob) = two_who_talked();
    fs::remove_file(alice.home().join("ring")).unwrap();
    let begin = alice.bookmark();
    alice.starts();
    alice.waits_for_since(begin, tells_of_lost_sessions, "the sessions do not open");
    they_talk_on(&alice, &bob);
    alice.stops();
    assert!(alice.home().join("ring").exists());
}

#[test]
fn a_home_killed_and_started_goes_on_with_the_same_sessions() {
    let (alice, bob) = two_who_talked();
    let begin = alice.bookmark();
    alice.starts();
    they_talk_on(&alice, &bob);
    assert_eq!(alice.counts(begin, |event| event["type"] == "notice"), 0);
    alice.stops();
}
