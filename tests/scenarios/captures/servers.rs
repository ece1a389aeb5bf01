//! What a relay that is also a node of the meeting place sees: every byte inside the encryption of its connections, of two
//! people who meet and talk over it alone. And one that ends circuits by its own bounds, as foreign relays do.

use std::time::Duration;

use causerie_tests::{Person, capture::lasting};
use libp2p::PeerId;

use super::{TEXTS, traces_of};
use crate::foreign::{Foreign, Terms};

const NOTHING: [&str; 0] = [];

/// Starts somebody on this machine who is met over this server only.
fn starts(person: &Person, server: &Foreign) {
    let mut args = vec!["--loopback", "--relays-only"];
    args.extend(server.bootstrap());
    person.starts_unheard(&args);
}

/// They start, meet by a link, unless they know each other, talk, and end: what the server saw of it, stream by stream.
fn evening(server: &Foreign, [alice, bob]: [&Person; 2], first: bool) -> Vec<Vec<u8>> {
    starts(alice, server);
    starts(bob, server);
    if first {
        alice.waits_until("a relay lets others in", || {
            (alice.status()["reachability"] == "relayed").then_some(())
        });
        bob.accepts(&alice.invites(&[]));
    }
    alice.waits_until_path(bob, "relayed");
    for text in TEXTS {
        alice.sends_and_waits(bob, text, "delivered");
        bob.sends_and_waits(alice, text, "delivered");
    }
    alice.stops();
    bob.stops();
    server.takes_the_tape()
}

#[test]
fn a_relay_and_a_node_of_the_meeting_place_see_nothing_that_is_known_again() {
    let server = Foreign::start(Terms::usual());
    let (alice, bob) = (Person::new("alexandrina"), Person::new("bartholomew"));
    let first = evening(&server, [&alice, &bob], true);
    let second = evening(&server, [&alice, &bob], false);
    // What is known again, and said so: keys of records, one each way and day; records that lie there and are found; and
    // the identity of before, which such a record tells a contact to ask for.
    let seen = server.seen();
    let mut known = seen.keys().into_iter().flatten().collect::<Vec<u8>>();
    known.extend(seen.left.iter().flat_map(|record| record.value.clone()));
    known.extend(seen.let_in.iter().copied().flat_map(PeerId::to_bytes));
    let (carol, dave) = (Person::new("ermentrude"), Person::new("florentina"));
    let mut others = evening(&server, [&carol, &dave], true).concat();
    others.extend(evening(&server, [&carol, &dave], false).concat());
    others.extend(known);
    let traces = traces_of(&[&alice, &bob]);
    for evening in [&first, &second] {
        let bytes: usize = evening.iter().map(Vec::len).sum();
        assert!(bytes > 40_000, "{bytes} bytes cannot be all that passed");
        for stream in evening {
            assert_eq!(traces.in_bytes(stream), NOTHING);
        }
    }
    assert_eq!(
        lasting(&first.concat(), &second.concat(), &others),
        Vec::<Vec<u8>>::new(),
        "a home is recognised"
    );
    let seen = server.seen();
    assert!(seen.circuits >= 4 && seen.places >= 8, "{seen:?}");
    assert!(!seen.left.is_empty(), "records were left");
    // Nobody names an address of theirs, or anything that tells one from another.
    let named: Vec<&str> = seen.named.iter().map(String::as_str).collect();
    let expected = [
        "/causerie/hello/1",
        "/ipfs/id/1.0.0",
        "/ipfs/id/push/1.0.0",
        "/ipfs/ping/1.0.0",
        "/libp2p/circuit/relay/0.2.0/stop",
        "causerie",
        "causerie/1",
    ];
    assert_eq!(named, expected);
}

#[test]
fn circuits_that_a_relay_ends_by_its_own_bounds_are_opened_again_and_nothing_is_lost() {
    const MESSAGES: usize = 300;
    let terms = Terms { circuit_life: Duration::from_secs(5), ..Terms::usual() };
    let server = Foreign::start(terms);
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    starts(&alice, &server);
    starts(&bob, &server);
    alice.waits_until("a relay lets others in", || {
        (alice.status()["reachability"] == "relayed").then_some(())
    });
    bob.accepts(&alice.invites(&[]));
    alice.waits_until_path(&bob, "relayed");
    // Each needs a frame of 2,304 bytes or more.
    let long = "and so on ".repeat(150);
    let numbered =
        |whose: &str| (0..MESSAGES).map(|number| format!("{whose} {number} {long}")).collect::<Vec<_>>();
    let (hers, his) = (numbered("hers"), numbered("his"));
    for (from_her, from_him) in hers.iter().zip(&his) {
        alice.sends(&bob, from_her);
        bob.sends(&alice, from_him);
    }
    bob.waits_for_text(&alice, hers.last().unwrap());
    alice.waits_for_text(&bob, his.last().unwrap());
    assert_eq!(bob.texts_from(&alice), hers);
    assert_eq!(alice.texts_from(&bob), his);
    let seen = server.seen();
    println!("{} circuits, {} ended, {} refused", seen.circuits, seen.closed, seen.refused);
    assert!(seen.circuits >= 8, "{} circuits are none that were ended by a bound", seen.circuits);
    // The server itself was never taken for dead: each asked for a place when they started, and hardly again.
    assert!(seen.places <= 4, "{} places", seen.places);
}
