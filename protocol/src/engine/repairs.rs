//! Engines on a bench whose stores, channels and keys need mending: what one side deleted, lost or gave up must
//! neither stop the other side nor keep the two apart.

use core::time::Duration;

use super::hostile::meddle;
use crate::{
    answer::{Answer, MessageState},
    command::Command,
    delivery,
    event::{Event, NoticeKind},
    limits,
    link::live_channel,
    log::{ChainHead, encode_heads},
    testing::Bench,
    wire::frame::FrameKind,
};

const ALICE: usize = 0;
const BOB: usize = 1;

const A_WHILE: Duration = Duration::from_secs(150);

fn two() -> Bench {
    let mut bench = Bench::new(1, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench
}

#[test]
fn somebody_who_lost_their_store_asks_in_vain_for_what_was_deleted() {
    for deleter in [ALICE, BOB] {
        let mut bench = two();
        for round in 0..3 {
            bench.send(ALICE, BOB, &format!("a{round}")).unwrap();
            bench.send(BOB, ALICE, &format!("b{round}")).unwrap();
            bench.settle();
        }
        let loser = 1 - deleter;
        let contact = bench.reference(loser);
        bench.command(deleter, Command::RemoveContact { contact, keep_history: false }).unwrap();
        bench.advance(A_WHILE);
        bench.befriend(deleter, loser);
        bench.stop(loser);
        bench.lose_store(loser);
        bench.start(loser);
        bench.advance(A_WHILE);
        assert!(bench.peers[deleter].engine.is_some(), "{deleter} stopped");
        bench.send(ALICE, BOB, "new from a").unwrap();
        bench.settle();
        bench.send(BOB, ALICE, "new from b").unwrap();
        bench.advance(A_WHILE);
        for (one, two) in [(ALICE, BOB), (BOB, ALICE)] {
            assert_eq!(bench.texts(one, two), ["new from a", "new from b"]);
        }
    }
}

#[test]
fn what_is_being_deleted_is_gone_at_once_also_for_those_who_meet_again() {
    let mut bench = two();
    for round in 0..300 {
        bench.send(BOB, ALICE, &format!("{round} {}", "x".repeat(9_000))).unwrap();
    }
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB).len(), 300);
    let link = bench.invite(BOB, false, false);
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.accept(ALICE, &link).unwrap();
    for _ in 0..20 {
        assert_eq!(bench.texts(ALICE, BOB), [""; 0]);
        assert!(bench.peers[ALICE].engine.is_some(), "stopped");
        bench.advance(Duration::from_micros(400));
    }
    bench.advance(A_WHILE);
    bench.send(BOB, ALICE, "new").unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB), ["new"]);
}

#[test]
fn many_removals_wear_nothing_out() {
    let mut bench = two();
    for round in 0..140 {
        // Old links are forgotten, so that not too many are remembered.
        if round % 30 == 29 {
            for peer in &mut bench.peers {
                peer.clock_off += 15 * 86_400_000;
            }
        }
        let contact = bench.reference(ALICE);
        bench.command(BOB, Command::RemoveContact { contact, keep_history: false }).unwrap();
        bench.befriend(ALICE, BOB);
        bench.advance(Duration::from_secs(70));
        let text = format!("round {round}");
        bench.send(BOB, ALICE, &text).unwrap();
        bench.send(ALICE, BOB, &text).unwrap();
        bench.advance(Duration::from_secs(5));
        assert!(bench.texts(ALICE, BOB).iter().filter(|one| **one == text).count() == 2, "{text}");
        assert_eq!(bench.texts(BOB, ALICE).len(), 2, "{text}");
    }
}

#[test]
fn two_who_see_their_session_differently_find_back() {
    for seed in 0..6 {
        for frames in 0..16 {
            let mut bench = Bench::new(seed, &["Alice", "Bob"]);
            bench.befriend(ALICE, BOB);
            bench.send(BOB, ALICE, "on its way").unwrap();
            let late = bench.hold().unwrap();
            // Bob's disk loses what he has just sent, while it is still on the old line.
            bench.vanish(BOB);
            bench.lose_writes(BOB, 1);
            bench.start(BOB);
            for _ in 0..frames {
                bench.step();
            }
            bench.overtake(late);
            bench.send(ALICE, BOB, "there?").unwrap();
            bench.advance(A_WHILE);
            assert!(bench.texts(BOB, ALICE).contains(&"there?".to_owned()), "seed {seed}, {frames} frames");
        }
    }
}

#[test]
fn what_a_contact_gives_reason_for_again_and_again_is_told_once_an_hour() {
    let mut bench = two();
    bench.send(ALICE, BOB, "before").unwrap();
    bench.advance(A_WHILE);
    let before = bench.writes(BOB);
    let provoke = |bench: &mut Bench, times: u32| {
        for _ in 0..times {
            // Bob's disk is put back, and he claims to hold more of what Alice wrote than she does.
            bench.send(BOB, ALICE, "lost here").unwrap();
            bench.settle();
            bench.stop(BOB);
            bench.lose_writes(BOB, bench.writes(BOB) - before);
            bench.start(BOB);
            bench.advance(Duration::from_secs(20));
            let own = their_head_of(bench, BOB);
            let heads = encode_heads(&[ChainHead { next: own.next + 7, ..own }]).unwrap();
            let links = &bench.peers[BOB].engine.as_ref().unwrap().state.links;
            let link = links.all_live().next().unwrap().0;
            meddle(bench, BOB, |state, turn| {
                let heads = [&[0], heads.as_slice()].concat();
                live_channel::send(state, turn, link, FrameKind::Heads, &heads);
            });
            bench.advance(Duration::from_secs(20));
        }
    };
    for hour in 1..4 {
        provoke(&mut bench, 5);
        for kind in [NoticeKind::KeysRenewed, NoticeKind::StoreRepaired] {
            assert_eq!(noticed(&bench, ALICE, kind), hour, "{kind:?} in hour {hour}");
        }
        bench.advance(limits::CONTACT_NOTICE_REST);
    }
}

fn noticed(bench: &Bench, who: usize, kind: NoticeKind) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { kind: told, .. } if *told == kind)).count()
}

#[test]
fn what_waited_is_sent_once() {
    let mut bench = two();
    bench.stop(BOB);
    let texts: Vec<String> = (0..10_000).map(|number| format!("message {number}")).collect();
    bench.send_together(ALICE, BOB, &texts);
    let before = bench.peers[ALICE].sent;
    bench.start(BOB);
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), texts);
    // About 45 envelopes, and a frame in five seconds.
    let frames = bench.peers[ALICE].sent - before;
    assert!(frames < 90, "{frames} frames");
}

#[test]
fn a_key_of_a_message_that_is_being_deleted_is_free() {
    let mut bench = two();
    for _ in 0..300 {
        bench.send(ALICE, BOB, &"x".repeat(9_000)).unwrap();
    }
    let keyed = |bench: &mut Bench| {
        let (conversation, idempotency_key) = (bench.reference(BOB), Some("key".to_owned()));
        let text = "once".to_owned();
        bench.command(ALICE, Command::SendMessage { conversation, text, idempotency_key }).unwrap()
    };
    keyed(&mut bench);
    bench.advance(A_WHILE);
    let link = bench.invite(BOB, false, false);
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.accept(ALICE, &link).unwrap();
    let answer = keyed(&mut bench);
    assert!(matches!(answer, Answer::Message { state: MessageState::Queued, .. }), "{answer:?}");
    assert_eq!(bench.texts(ALICE, BOB), ["once"]);
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB), ["once"]);
    let again = keyed(&mut bench);
    assert!(matches!(again, Answer::Message { state: MessageState::Delivered, .. }), "{again:?}");
    assert_eq!(bench.texts(ALICE, BOB), ["once"]);
}

#[test]
fn heads_said_again_and_again_while_keys_are_awaited_fill_nothing() {
    let mut bench = two();
    bench.send(BOB, ALICE, "read me").unwrap();
    bench.settle();
    let conversation = bench.reference(BOB);
    bench.command(ALICE, Command::MarkRead { conversation }).unwrap();
    // Bob's disk is put back, so that fresh keys are due, and he never answers for them.
    let before = bench.writes(BOB);
    bench.send(BOB, ALICE, "lost").unwrap();
    bench.settle();
    bench.stop(BOB);
    bench.lose_writes(BOB, bench.writes(BOB) - before);
    bench.start(BOB);
    let waits = |bench: &Bench| {
        let engine = bench.peers[ALICE].engine.as_ref().unwrap();
        engine.state.deliveries.values().any(|delivery| delivery.renewal.is_some())
    };
    while !waits(&bench) {
        assert!(bench.step());
    }
    let heads = encode_heads(&[ChainHead { read: 0, ..their_head(&bench) }]).unwrap();
    let (row, link) = {
        let links = &bench.peers[ALICE].engine.as_ref().unwrap().state.links;
        let (link, live) = links.all_live().next().unwrap();
        (live.row(), link)
    };
    meddle(&mut bench, ALICE, |state, turn| {
        for _ in 0..1_000 {
            assert!(delivery::on_heads(state, turn, link, row, &[&[0], heads.as_slice()].concat()).unwrap());
        }
        let waiting = state.deliveries.get(&row).unwrap().reads_waiting();
        assert!(waiting <= 1, "{waiting} marks");
    });
}

/// The head that Alice holds of a chain of Bob's.
fn their_head(bench: &Bench) -> ChainHead {
    their_head_of(bench, ALICE)
}

/// The head that somebody holds of a chain of the other's.
fn their_head_of(bench: &Bench, who: usize) -> ChainHead {
    let engine = bench.peers[who].engine.as_ref().unwrap();
    let conversation = engine.state.conversations.values().next().unwrap();
    let own: Vec<_> = conversation.own_chains().into_iter().map(|(chain, _)| chain).collect();
    conversation.heads().into_iter().find(|head| !own.contains(&head.chain)).unwrap()
}

#[test]
fn what_a_contact_deleted_keeps_nothing_else_from_coming_back() {
    for deleted in [0, 40, 150] {
        keeps_nothing_else_from_coming_back(deleted);
    }
}

#[test]
fn runs_that_a_contact_deleted_as_a_whole_keep_no_other_from_coming_back() {
    // Which of the runs is asked for first is chance.
    for seed in 1..7 {
        let mut bench = Bench::new(seed, &["Alice", "Bob"]);
        bench.befriend(ALICE, BOB);
        let texts = |what: &str, count: usize| -> Vec<String> {
            (0..count).map(|number| format!("{what} {number}")).collect()
        };
        for run in 0..3 {
            bench.send_together(ALICE, BOB, &texts("deleted", 100));
            bench.advance(A_WHILE);
            // Another run, since a message that Bob has is not there any more.
            let before = bench.writes(ALICE);
            bench.send(ALICE, BOB, &format!("comes back {run}")).unwrap();
            bench.advance(A_WHILE);
            bench.stop(ALICE);
            bench.lose_writes(ALICE, bench.writes(ALICE) - before);
            bench.start(ALICE);
            bench.advance(A_WHILE);
        }
        bench.send_together(ALICE, BOB, &texts("deleted too", 100));
        bench.advance(A_WHILE);
        let contact = bench.reference(ALICE);
        bench.command(BOB, Command::RemoveContact { contact, keep_history: false }).unwrap();
        bench.befriend(ALICE, BOB);
        let kept = texts("kept", 200);
        bench.send_together(ALICE, BOB, &kept);
        bench.advance(A_WHILE);
        bench.stop(ALICE);
        bench.lose_store(ALICE);
        bench.start(ALICE);
        bench.advance(A_WHILE);
        assert_eq!(bench.texts(BOB, ALICE), kept, "{seed}");
        assert_eq!(bench.texts(ALICE, BOB), kept, "{seed}");
    }
}

/// Of so many messages nothing is left at Bob when Alice writes on.
fn keeps_nothing_else_from_coming_back(deleted: usize) {
    let mut bench = two();
    let early: Vec<String> = (0..deleted).map(|number| format!("deleted {number}")).collect();
    bench.send_together(ALICE, BOB, &early);
    bench.advance(A_WHILE);
    let contact = bench.reference(ALICE);
    bench.command(BOB, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.befriend(ALICE, BOB);
    // Alice's chain goes on, of which Bob has deleted the beginning; then she begins another.
    let mut expected: Vec<String> = (0..300).map(|number| format!("first {number}")).collect();
    bench.send_together(ALICE, BOB, &expected);
    bench.advance(A_WHILE);
    let before = bench.writes(ALICE);
    bench.send(ALICE, BOB, "comes back").unwrap();
    expected.push("comes back".to_owned());
    bench.advance(A_WHILE);
    bench.stop(ALICE);
    bench.lose_writes(ALICE, bench.writes(ALICE) - before);
    bench.start(ALICE);
    bench.advance(A_WHILE);
    let second: Vec<String> = (0..400).map(|number| format!("second {number}")).collect();
    bench.send_together(ALICE, BOB, &second);
    expected.extend(second);
    bench.advance(A_WHILE);
    bench.stop(ALICE);
    bench.lose_store(ALICE);
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB), expected);
    assert_eq!(bench.texts(BOB, ALICE), expected);
}
