//! What is known of single messages: when they were written, received, delivered and read, and for how long that is kept.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::{
    answer::{Answer, CommandError, MessageDetails, MessageState, Path},
    command::{Command, Reference},
    entropy::Entropy,
    ids::{CommandId, MessageId},
    input::Input,
    limits,
    moment::{Now, WallTime},
    output::{ChangeSet, Output},
    testing::{BEGINNING, Bench},
};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);

fn friends() -> Bench {
    let mut bench = Bench::new(32, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.befriend(ALICE, CAROL);
    bench
}

fn wall(bench: &Bench) -> WallTime {
    WallTime::from_millis(BEGINNING.as_millis() + bench.now.as_micros() / 1_000)
}

#[track_caller]
fn sent(bench: &mut Bench, text: &str) -> MessageId {
    match bench.send(ALICE, BOB, text) {
        Ok(Answer::Message { message, .. }) => message,
        other => panic!("a message, not {other:?}"),
    }
}

fn asked(bench: &mut Bench, who: usize, with: usize, message: &str) -> Result<Answer, CommandError> {
    let command =
        Command::DescribeMessage { conversation: bench.reference(with), message: message.to_owned() };
    bench.command(who, command)
}

#[track_caller]
fn details(bench: &mut Bench, who: usize, with: usize, message: MessageId) -> MessageDetails {
    match asked(bench, who, with, &message.to_string()) {
        Ok(Answer::MessageDetails(details)) => *details,
        other => panic!("details, not {other:?}"),
    }
}

fn read_everything(bench: &mut Bench) {
    let conversation = bench.reference(ALICE);
    bench.command(BOB, Command::MarkRead { conversation }).unwrap();
    bench.settle();
}

/// How many records of progress a store has.
fn kept(bench: &Bench) -> usize {
    bench.peers[ALICE].store.iter().map(|(key, _)| key).filter(|key| key.first() == Some(&b'T')).count()
}

/// Puts something else in the place of each of them.
fn rewrite(bench: &mut Bench, with: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let store = &mut bench.peers[ALICE].store;
    let of_progress = store.iter().filter(|(key, _)| key.first() == Some(&b'T'));
    let writes = of_progress.map(|(key, value)| (key.clone(), with(value))).collect();
    store.apply(&ChangeSet { writes });
}

#[test]
fn each_step_of_a_message_has_its_time() {
    let mut bench = friends();
    bench.part(ALICE, BOB);
    let written = wall(&bench);
    let message = sent(&mut bench, "later");
    let waiting = details(&mut bench, ALICE, BOB, message);
    assert_eq!((waiting.written_at, waiting.delivered_at, waiting.read_at), (written, None, None));
    assert_eq!((waiting.message.state, waiting.path), (MessageState::Queued, None));

    bench.advance(A_WHILE);
    bench.join(ALICE, BOB);
    let joined = wall(&bench);
    bench.advance(A_WHILE);
    read_everything(&mut bench);
    let read = wall(&bench);
    let known = details(&mut bench, ALICE, BOB, message);
    assert_eq!(known.message.state, MessageState::Read);
    assert_eq!((known.written_at, known.read_at, known.path), (written, Some(read), Some(Path::Direct)));
    let delivered = known.delivered_at.unwrap();
    assert!(joined <= delivered && delivered < read, "{joined:?} {delivered:?} {read:?}");

    let received = details(&mut bench, BOB, ALICE, message);
    assert_eq!(received.written_at, written);
    assert!(received.message.received_at.is_some_and(|at| joined <= at && at <= delivered));
    assert_eq!((received.delivered_at, received.read_at, received.path), (None, None, None));
}

#[test]
fn what_arrived_before_is_not_told_as_arriving_later() {
    let mut bench = friends();
    let first = sent(&mut bench, "first");
    bench.settle();
    let delivered = details(&mut bench, ALICE, BOB, first).delivered_at;
    assert!(delivered.is_some());
    bench.advance(A_WHILE);
    let second = sent(&mut bench, "second");
    bench.settle();
    assert_eq!(details(&mut bench, ALICE, BOB, first).delivered_at, delivered);
    assert!(details(&mut bench, ALICE, BOB, second).delivered_at > delivered);
}

#[test]
fn times_of_the_last_messages_are_kept_through_restarts_and_no_more() {
    let mut bench = friends();
    let most = usize::try_from(limits::PROGRESS_KEPT_MAX).unwrap();
    let mut messages = Vec::new();
    for number in 0..most + 20 {
        messages.push(sent(&mut bench, &format!("{number}")));
        bench.settle();
    }
    // Of the introduction to Carol there is one, and of Bob's conversation no more than are kept.
    assert!(kept(&bench) <= most + 4, "{}", kept(&bench));
    let (first, last) = (messages[0], messages[most + 19]);
    let oldest = details(&mut bench, ALICE, BOB, first);
    assert_eq!((oldest.message.state, oldest.delivered_at), (MessageState::Delivered, None));
    let before = details(&mut bench, ALICE, BOB, last);
    assert!(before.delivered_at.is_some());

    bench.stop(ALICE);
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert_eq!(details(&mut bench, ALICE, BOB, last), before);
    let next = sent(&mut bench, "next");
    bench.settle();
    assert!(details(&mut bench, ALICE, BOB, next).delivered_at.is_some());
    assert_eq!(details(&mut bench, ALICE, BOB, last), before);
    assert!(kept(&bench) <= most + 4);
}

#[test]
fn a_home_without_such_records_or_with_damaged_ones_says_less_and_works() {
    let mut bench = friends();
    let message = sent(&mut bench, "hello");
    bench.settle();
    rewrite(&mut bench, |value| Some(value.iter().rev().copied().collect()));
    assert_eq!(details(&mut bench, ALICE, BOB, message).delivered_at, None);
    let Ok(Answer::Check(found)) = bench.command(ALICE, Command::Check) else { panic!("a check") };
    assert!(found.unreadable > 0);
    rewrite(&mut bench, |_| None);
    let bare = details(&mut bench, ALICE, BOB, message);
    assert_eq!((bare.message.state, bare.delivered_at), (MessageState::Delivered, None));
    let Ok(Answer::Check(found)) = bench.command(ALICE, Command::Check) else { panic!("a check") };
    assert_eq!(found.unreadable, 0);
    let next = sent(&mut bench, "and on");
    bench.settle();
    assert!(details(&mut bench, ALICE, BOB, next).delivered_at.is_some());
}

#[test]
fn whoever_asks_for_a_check_while_one_is_under_way_shares_it() {
    let mut bench = friends();
    sent(&mut bench, "hello");
    bench.settle();
    let ids = 1_000..1_000 + limits::CHECK_ASKERS_MAX as u64 + 1;
    let checks = ids.map(|id| (CommandId::new(id), Command::Check)).collect();
    let now = Now { moment: bench.now, wall: WallTime::default() };
    let mut answers = BTreeMap::new();
    let peer = &mut bench.peers[ALICE];
    let engine = peer.engine.as_mut().unwrap();
    let mut input = Input::Commands(checks);
    for turns in 0.. {
        assert!(turns < 20 && answers.len() <= limits::CHECK_ASKERS_MAX + 1);
        let at = engine.poll_timeout().unwrap_or(now.moment).max(now.moment);
        let now = Now { moment: at, ..now };
        engine.handle(input, now, &Entropy::new([turns; 32]), &peer.store).unwrap();
        while let Some(output) = engine.poll_output() {
            if let Output::Reply { command, result } = output {
                answers.insert(command, result);
            }
        }
        if answers.len() > limits::CHECK_ASKERS_MAX {
            break;
        }
        input = Input::Timeout;
    }
    let found =
        answers.values().filter(|answer| matches!(answer, Ok(Answer::Check(view)) if view.entries > 0));
    let refused = answers.values().filter(|answer| matches!(answer, Err(CommandError::WrongState(_))));
    assert_eq!((found.count(), refused.count()), (limits::CHECK_ASKERS_MAX, 1));
}

#[test]
fn what_is_not_there_is_refused() {
    let mut bench = friends();
    let message = sent(&mut bench, "hello").to_string();
    for wrong in ["", "hello", &message[1..], &MessageId::from_bytes([7; 16]).to_string()] {
        assert_eq!(asked(&mut bench, ALICE, BOB, wrong), Err(CommandError::MessageNotFound), "{wrong}");
    }
    assert_eq!(asked(&mut bench, ALICE, CAROL, &message), Err(CommandError::MessageNotFound));
    let nobody = Command::DescribeMessage { conversation: Reference::new("nobody"), message };
    assert_eq!(bench.command(ALICE, nobody), Err(CommandError::NotFound));
}

#[test]
fn a_removed_history_leaves_no_times() {
    let mut bench = friends();
    sent(&mut bench, "hello");
    bench.settle();
    let before = kept(&bench);
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.advance(A_WHILE);
    assert!(kept(&bench) < before && kept(&bench) <= 2, "{} of {before}", kept(&bench));
}
