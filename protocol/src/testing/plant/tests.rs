//! Each planted mistake at work: a short life on the bench in which it shows, and the same life without it. Those of
//! steps are in `thief/tests.rs`, that of nonces in `tap/tests.rs`, those that only an attacker shows in `tests/attacks.rs`.

mod attacks;

use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::{
    answer::{Answer, MessageState},
    command::Command,
    event::Event,
    ids::TransportId,
    input::Input,
    limits,
    output::Output,
    testing::{Bench, Who},
};

const ALICE: Who = 0;
const BOB: Who = 1;

const A_WHILE: Duration = Duration::from_secs(150);

/// A plant that goes when the test ends, however it ends.
struct Planted;

impl Planted {
    fn new(plant: Plant) -> Self {
        set(Some(plant));
        Self
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        set(None);
    }
}

/// This life shows the mistake when it is planted, and only then.
#[track_caller]
fn shows(plant: Plant, life: fn() -> bool) {
    assert!(!life(), "{plant:?} shows without being planted");
    let planted = Planted::new(plant);
    assert!(life(), "{plant:?} does not show");
    drop(planted);
}

fn two() -> Bench {
    let mut bench = Bench::new(7, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench
}

fn write(bench: &mut Bench, from: Who, to: Who, count: usize) {
    for number in 0..count {
        bench.send(from, to, &format!("message {number}")).unwrap();
    }
}

fn received(bench: &Bench, who: Who) -> usize {
    bench.peers[who].events.iter().filter(|event| matches!(event, Event::MessageReceived(_))).count()
}

/// The state of the newest message that Alice sees.
fn newest_state(bench: &mut Bench) -> MessageState {
    bench.history(ALICE, BOB).last().unwrap().state
}

fn outputs(bench: &Bench, who: Who) -> &[Output] {
    &bench.peers[who].recording.as_ref().unwrap().outputs
}

fn lengths(outputs: &[Output]) -> impl Iterator<Item = usize> {
    outputs.iter().filter_map(|output| match output {
        Output::Transmit { frame, .. } => Some(frame.len()),
        _ => None,
    })
}

fn records(bench: &Bench, who: Who, prefix: u8) -> usize {
    bench.peers[who].store.iter().filter(|(key, _)| key[0] == prefix).count()
}

#[test]
fn names_are_words_with_hyphens_and_name_one_plant_each() {
    for plant in Plant::ALL {
        let name = plant.name();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        assert_eq!(Plant::parse(name), Some(*plant));
        assert_eq!(name.replace('-', ""), format!("{plant:?}").to_lowercase());
    }
    assert_eq!(Plant::parse("Ack-Unstored"), None);
}

#[test]
fn at_most_one_is_planted_and_on_this_thread_only() {
    let planted = Planted::new(Plant::AckLost);
    assert!(is(Plant::AckLost) && !is(Plant::AckUnstored));
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(!is(Plant::AckLost)));
    });
    set(Some(Plant::AckUnstored));
    assert!(!is(Plant::AckLost) && is(Plant::AckUnstored));
    drop(planted);
    assert!(Plant::ALL.iter().all(|plant| !is(*plant)));
}

#[test]
fn what_is_acknowledged_is_lost() {
    shows(Plant::AckUnstored, || {
        let mut bench = two();
        write(&mut bench, ALICE, BOB, 30);
        bench.advance(A_WHILE);
        let history = bench.history(ALICE, BOB);
        assert!(history.iter().all(|message| message.state == MessageState::Delivered));
        let (told, held) = (received(&bench, BOB), bench.texts(BOB, ALICE).len());
        assert_eq!(told, held);
        held < history.len()
    });
    shows(Plant::AnswerUnwritten, || {
        let mut bench = two();
        for text in ["seven..", "eight..."] {
            bench.send(ALICE, BOB, text).unwrap();
        }
        bench.texts(ALICE, BOB).len() < 2
    });
    shows(Plant::SayBeforeWrite, || {
        let mut bench = two();
        let before = outputs(&bench, ALICE).len();
        bench.send(ALICE, BOB, "hi").unwrap();
        let turn = &outputs(&bench, ALICE)[before..];
        let answered = turn.iter().position(|output| matches!(output, Output::Reply { .. })).unwrap();
        let written = turn.iter().position(|output| matches!(output, Output::Persist(_))).unwrap();
        answered < written
    });
}

#[test]
fn what_is_delivered_comes_again() {
    shows(Plant::KeyIgnored, || {
        let mut bench = two();
        for _ in 0..2 {
            let (conversation, text) = (bench.reference(BOB), "once".to_owned());
            let idempotency_key = Some("key".to_owned());
            let command = Command::SendMessage { conversation, text, idempotency_key };
            bench.command(ALICE, command).unwrap();
        }
        bench.advance(A_WHILE);
        bench.texts(BOB, ALICE).len() > 1
    });
    shows(Plant::LastToldAgain, || {
        let mut bench = two();
        write(&mut bench, ALICE, BOB, 1);
        bench.advance(A_WHILE);
        bench.stop(ALICE);
        bench.start(ALICE);
        bench.advance(A_WHILE);
        received(&bench, BOB) > 1
    });
}

#[test]
fn an_answer_stands_before_what_it_answers() {
    shows(Plant::DepsLeftOut, || {
        let mut bench = two();
        write(&mut bench, ALICE, BOB, 3);
        bench.advance(A_WHILE);
        bench.send(BOB, ALICE, "answer").unwrap();
        bench.advance(A_WHILE);
        let seen = bench.texts(ALICE, BOB);
        assert_eq!(seen.len(), 4);
        seen[3] != "answer"
    });
    shows(Plant::OrderByWallClock, || {
        let mut bench = two();
        bench.peers[BOB].clock_off = -3_600_000;
        write(&mut bench, ALICE, BOB, 3);
        bench.advance(A_WHILE);
        bench.send(BOB, ALICE, "answer").unwrap();
        bench.advance(A_WHILE);
        // One page: where they overlap, two would show a message twice.
        let conversation = bench.reference(BOB);
        let page = Command::ListMessages { conversation, limit: 100, before: None };
        let Ok(Answer::Messages(page)) = bench.command(ALICE, page) else { panic!("no page") };
        assert_eq!(page.len(), 4);
        page[3].text.as_deref() != Some("answer")
    });
}

#[test]
fn a_state_is_claimed_early() {
    shows(Plant::DeliveredWhenSealed, || {
        let mut bench = two();
        write(&mut bench, ALICE, BOB, 1);
        assert_eq!(received(&bench, BOB), 0, "it is on its way");
        newest_state(&mut bench) == MessageState::Delivered
    });
    shows(Plant::ReceiptBeyond, || {
        let mut bench = two();
        let texts = vec!["x".repeat(1_000); 300];
        bench.send_together(ALICE, BOB, &texts);
        // The receipt for the first envelope comes before the others arrive.
        assert!(bench.step());
        let mut way: Vec<_> = std::iter::from_fn(|| bench.hold()).collect();
        bench.overtake(way.pop().unwrap());
        assert!(bench.step());
        let early =
            newest_state(&mut bench) == MessageState::Delivered && received(&bench, BOB) < texts.len();
        way.into_iter().rev().for_each(|frame| bench.overtake(frame));
        bench.settle();
        assert_eq!(received(&bench, BOB), texts.len());
        early
    });
    shows(Plant::ReadUnasked, || {
        let mut bench = two();
        write(&mut bench, ALICE, BOB, 1);
        bench.advance(A_WHILE);
        newest_state(&mut bench) == MessageState::Read
    });
}

#[test]
fn two_sides_stay_different() {
    shows(Plant::WantNeverSent, || {
        let mut bench = two();
        let before = bench.writes(ALICE);
        write(&mut bench, ALICE, BOB, 5);
        bench.advance(A_WHILE);
        bench.stop(ALICE);
        let count = bench.writes(ALICE) - before;
        bench.lose_changes(ALICE, count);
        bench.start(ALICE);
        bench.advance(A_WHILE);
        bench.texts(ALICE, BOB).len() < 5
    });
    shows(Plant::RedialOnce, || {
        let mut bench = two();
        bench.part(ALICE, BOB);
        bench.advance(Duration::from_secs(600));
        bench.join(ALICE, BOB);
        bench.advance(Duration::from_secs(600));
        !bench.contact(ALICE, BOB).unwrap().online
    });
    shows(Plant::HeadsAlwaysEqual, || {
        let mut bench = two();
        bench.stop(BOB);
        write(&mut bench, ALICE, BOB, 5);
        bench.start(BOB);
        bench.advance(A_WHILE);
        bench.texts(BOB, ALICE).len() < 5
    });
    shows(Plant::AckLost, || {
        let mut bench = two();
        write(&mut bench, ALICE, BOB, 1);
        bench.advance(A_WHILE);
        assert_eq!(received(&bench, BOB), 1);
        newest_state(&mut bench) == MessageState::Queued
    });
}

#[test]
fn something_grows_without_bound() {
    shows(Plant::DiscoveredUnbounded, || {
        let mut bench = two();
        let mut size = [0; 2];
        for (round, size) in size.iter_mut().enumerate() {
            for number in 0..limits::DISCOVERED_PEERS_MAX {
                let name = [b"stranger".as_slice(), &(round * 10_000 + number).to_be_bytes()].concat();
                let peer = TransportId::new(&name).unwrap();
                bench.input(ALICE, Input::Discovered { peer, addresses: vec![] });
            }
            *size = format!("{:?}", bench.peers[ALICE].engine).len();
        }
        size[1] > size[0] + 10 * limits::DISCOVERED_PEERS_MAX
    });
    shows(Plant::EpochsKept, || {
        let mut bench = two();
        for _ in 0..8 {
            bench.advance(limits::STEP_AFTER);
            write(&mut bench, ALICE, BOB, 8);
            write(&mut bench, BOB, ALICE, 1);
            bench.settle();
        }
        records(&bench, ALICE, b'P') > 3
    });
    shows(Plant::ProgressKept, || {
        let mut bench = two();
        for _ in 0..limits::PROGRESS_KEPT_MAX + 40 {
            write(&mut bench, ALICE, BOB, 1);
            bench.settle();
        }
        records(&bench, ALICE, b'T') > limits::PROGRESS_KEPT_MAX as usize
    });
}

#[test]
fn a_frame_has_a_length_that_no_frame_has() {
    shows(Plant::FrameUnpadded, || {
        let mut bench = two();
        let before = outputs(&bench, ALICE).len();
        bench.advance(Duration::from_secs(20));
        lengths(&outputs(&bench, ALICE)[before..]).any(|length| length < limits::LIVE_BUCKETS[0])
    });
    shows(Plant::FrameOversized, || {
        let mut bench = two();
        bench.stop(BOB);
        write(&mut bench, ALICE, BOB, 1);
        bench.start(BOB);
        bench.advance(Duration::from_secs(20));
        [ALICE, BOB]
            .iter()
            .any(|who| lengths(outputs(&bench, *who)).any(|length| length > limits::FRAME_BYTES_MAX))
    });
}

#[test]
fn an_engine_panics() {
    shows(Plant::ShortFramePanics, || {
        let mut bench = two();
        let link = crate::ids::LinkId::new(1_000);
        let frame = Input::Frame { link, bytes: vec![1, 2, 3] };
        catch_unwind(AssertUnwindSafe(|| bench.input(ALICE, frame))).is_err()
    });
    shows(Plant::ManyHeadsPanic, || {
        let mut bench = two();
        let life = AssertUnwindSafe(|| {
            for place in 0..5 {
                bench.stop(ALICE);
                bench.peers[ALICE].place = [place; 32];
                bench.start(ALICE);
                write(&mut bench, ALICE, BOB, 1);
                bench.advance(A_WHILE);
            }
        });
        catch_unwind(life).is_err()
    });
}
