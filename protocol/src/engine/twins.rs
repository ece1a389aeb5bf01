//! Two copies of one device: which of them is met, what the other one is given, and who is told.

use core::time::Duration;

use crate::{
    event::{Event, NoticeKind},
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;
const COPY: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);

fn noticed(bench: &Bench, who: usize, kind: NoticeKind) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { kind: told, .. } if *told == kind)).count()
}

/// How often somebody was told that they are together with this account.
fn meetings(bench: &Bench, who: usize) -> usize {
    bench.peers[who].events.iter().filter(|event| matches!(event, Event::ContactOnline(_))).count()
}

/// Everybody on this network announces themselves, as they do once a minute.
fn announce_all(bench: &mut Bench) {
    for who in 0..bench.peers.len() {
        for whom in (0..bench.peers.len()).filter(|whom| *whom != who) {
            bench.discover(who, whom);
        }
    }
}

#[test]
fn of_two_equal_copies_of_a_device_the_second_rests_and_is_given_nothing() {
    for near in [false, true] {
        let mut bench = Bench::new(56, &["Alice", "Bob", "Copy"]);
        bench.befriend(ALICE, BOB);
        bench.send(BOB, ALICE, "before").unwrap();
        bench.advance(A_WHILE);
        bench.stop(ALICE);
        bench.copy(ALICE, COPY);
        bench.send(BOB, ALICE, "while nobody was there").unwrap();
        bench.start(ALICE);
        bench.settle();
        for who in [ALICE, BOB] {
            bench.peers[who].events.clear();
        }
        bench.start(COPY);
        let minutes = 10;
        for minute in 0..minutes {
            if near {
                announce_all(&mut bench);
            }
            for (from, to) in [(BOB, ALICE), (ALICE, BOB)] {
                bench.send(from, to, &format!("{from} in minute {minute}")).unwrap();
            }
            // The copy writes as well; the device's keys are not used up by it.
            bench.send(COPY, BOB, "from the copy").unwrap();
            bench.advance(Duration::from_secs(60));
        }
        assert_eq!(meetings(&bench, BOB), 0, "Bob never leaves the first one, near {near}");
        assert_eq!(meetings(&bench, ALICE), 0);
        let knocks = meetings(&bench, COPY);
        // Each announcement is an occasion of its own.
        let most = if near { 2 * minutes + 4 } else { minutes + 2 };
        assert!(knocks <= most, "the copy knocked {knocks} times, near {near}");
        assert_eq!(bench.texts(ALICE, BOB).len(), 2 + 2 * minutes);
        let given: Vec<_> =
            bench.texts(COPY, BOB).into_iter().filter(|text| text != "from the copy").collect();
        assert_eq!(given, ["before"], "near {near}");
        assert!(!bench.texts(BOB, ALICE).contains(&"from the copy".to_owned()));
        // Once in ten minutes.
        assert!((1..=2).contains(&noticed(&bench, COPY, NoticeKind::Twin)));
        for who in [ALICE, BOB] {
            assert!(noticed(&bench, who, NoticeKind::Twin) <= 1, "{who}");
            assert_eq!(noticed(&bench, who, NoticeKind::KeysRenewed), 0, "{who}");
        }
        // With the first one gone the other one is met, and what both wrote comes together.
        bench.stop(ALICE);
        bench.send(BOB, ALICE, "to whoever is there").unwrap();
        bench.advance(A_WHILE);
        assert!(bench.texts(COPY, BOB).contains(&"to whoever is there".to_owned()), "near {near}");
    }
}

#[test]
fn two_copies_that_start_together_do_not_take_turns() {
    let mut bench = Bench::new(59, &["Alice", "Bob", "Copy"]);
    bench.befriend(ALICE, BOB);
    bench.send(ALICE, BOB, "before").unwrap();
    bench.advance(A_WHILE);
    bench.stop(ALICE);
    bench.copy(ALICE, COPY);
    for who in [ALICE, COPY] {
        bench.start(who);
    }
    bench.peers[BOB].events.clear();
    for _ in 0..10 {
        announce_all(&mut bench);
        bench.advance(Duration::from_secs(60));
    }
    assert!(meetings(&bench, BOB) <= 1, "{} turns", meetings(&bench, BOB));
    for who in [ALICE, BOB, COPY] {
        assert!(noticed(&bench, who, NoticeKind::Twin) <= 2);
    }
    assert!(noticed(&bench, COPY, NoticeKind::Twin) + noticed(&bench, ALICE, NoticeKind::Twin) >= 1);
    bench.stop(COPY);
    bench.send(BOB, ALICE, "and on").unwrap();
    bench.advance(A_WHILE);
    assert!(bench.texts(ALICE, BOB).contains(&"and on".to_owned()));
}

#[test]
fn an_old_copy_of_a_device_does_not_end_the_session_of_the_device_that_is_there() {
    let mut bench = Bench::new(58, &["Alice", "Bob", "Old copy"]);
    bench.befriend(ALICE, BOB);
    bench.stop(ALICE);
    bench.copy(ALICE, COPY);
    bench.start(ALICE);
    // The session is far beyond what the copy knows.
    for number in 0..200 {
        bench.send(number % 2, 1 - number % 2, "on we go").unwrap();
        bench.advance(Duration::from_secs(30));
    }
    bench.peers[BOB].events.clear();
    bench.start(COPY);
    for _ in 0..60 {
        bench.advance(Duration::from_secs(10));
        bench.send(ALICE, BOB, "still here").unwrap();
    }
    bench.advance(A_WHILE);
    let heard = bench.texts(BOB, ALICE).iter().filter(|text| *text == "still here").count();
    assert_eq!(heard, 60);
    assert_eq!(noticed(&bench, BOB, NoticeKind::KeysRenewed), 0);
}

#[test]
fn a_device_that_was_put_back_is_told_of_once_and_not_at_each_start_that_follows() {
    let mut bench = Bench::new(50, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    let start_again = |bench: &mut Bench| {
        bench.stop(BOB);
        bench.start(BOB);
        bench.advance(Duration::from_secs(700));
    };
    bench.stop(BOB);
    let before = bench.writes(BOB);
    bench.start(BOB);
    for _ in 0..5 {
        start_again(&mut bench);
    }
    assert_eq!(noticed(&bench, ALICE, NoticeKind::Twin), 0);
    bench.stop(BOB);
    bench.lose_writes(BOB, bench.writes(BOB) - before);
    for _ in 0..4 {
        start_again(&mut bench);
    }
    assert_eq!(noticed(&bench, ALICE, NoticeKind::Twin), 1);
}
