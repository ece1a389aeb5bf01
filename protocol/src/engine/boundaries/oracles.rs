//! What has to hold after every story, however it was interrupted.

use core::time::Duration;
use std::collections::BTreeSet;

use super::life::{ALICE, BOB, CAROL, Life};
use crate::{
    answer::{Answer, MessageState},
    command::Command,
    event::{Event, NoticeKind},
    ids::MessageId,
    testing::{
        Who,
        tap::{self, What},
    },
};

const A_WHILE: Duration = Duration::from_secs(150);

/// Notices of what only a loss, a mistake or an attack makes needed.
const OF_LOSS: [NoticeKind; 6] = [
    NoticeKind::KeysRenewed,
    NoticeKind::Twin,
    NoticeKind::StoreRepaired,
    NoticeKind::Fork,
    NoticeKind::AnsweredTwice,
    NoticeKind::IdentityRecovered,
];

/// Everything that has to hold, with these notices allowed.
#[track_caller]
pub(super) fn look(life: &mut Life, allowed: &[NoticeKind]) {
    life.passes(A_WHILE);
    let pairs = pairs(life);
    for (one, two) in &pairs {
        life.writes(*one, *two, "in the end, there");
        life.writes(*two, *one, "in the end, back");
    }
    life.passes(A_WHILE);
    for (one, two) in pairs {
        converged(life, one, two);
        if allowed.is_empty() {
            assert_eq!(life.bench.sessions(one, two), 1, "sessions of {one} with {two}");
        }
    }
    for who in [ALICE, BOB, CAROL] {
        if life.is_running(who) {
            told_once(life, who);
            whole(life, who);
            nothing_noticed(life, who, allowed);
        }
    }
    no_key_or_nonce_twice(life);
}

/// Who talks with whom, by what was answered.
fn pairs(life: &Life) -> BTreeSet<(Who, Who)> {
    let all = life.answered.iter().map(|(from, to, _)| (*from.min(to), *from.max(to)));
    let mut pairs: BTreeSet<_> = all.collect();
    if pairs.is_empty() && life.is_running(BOB) {
        pairs.insert((ALICE, BOB));
    }
    pairs
}

/// Both show the same in the same order, all that was answered once, and know that it arrived.
fn converged(life: &mut Life, one: Who, two: Who) {
    let rows = [(one, two), (two, one)].map(|(who, with)| life.bench.history(who, with));
    let ids = rows.each_ref().map(|rows| rows.iter().map(|row| row.id).collect::<Vec<MessageId>>());
    let forgotten = &life.forgotten;
    // Who has not all of it shows the end of what the other one shows.
    let [mine, theirs] = if forgotten.contains(&two) { [&ids[1], &ids[0]] } else { [&ids[0], &ids[1]] };
    assert!(theirs.ends_with(mine), "{one} and {two} show different conversations: {rows:?}");
    assert!(!forgotten.is_empty() || mine.len() == theirs.len(), "{one} and {two} show more and less");
    assert_eq!(ids[0].iter().collect::<BTreeSet<_>>().len(), ids[0].len(), "something is there twice");
    for (from, to, text) in
        life.answered.iter().filter(|(from, to, _)| (*from.min(to), *from.max(to)) == (one, two))
    {
        for rows in &rows {
            let there = rows.iter().filter(|row| row.text.as_ref() == Some(text)).count();
            assert_eq!(there, 1, "{text:.40?} from {from} to {to} is there so often");
        }
    }
    for row in rows.iter().flatten().filter(|row| row.outgoing) {
        let arrived = matches!(row.state, MessageState::Delivered | MessageState::Read);
        assert!(arrived, "{:?} is {:?}", row.text, row.state);
    }
}

/// Nobody was told of a message twice, and what somebody was told of is there.
fn told_once(life: &mut Life, who: Who) {
    let mut told = BTreeSet::new();
    let events = life.bench.peers[who].events.clone();
    for event in &events[life.told_from[who]..] {
        if let Event::MessageReceived(view) = event {
            assert!(told.insert((view.author, view.id)), "{who} was told twice of {:?}", view.text);
        }
    }
    let others = [ALICE, BOB, CAROL].into_iter().filter(|other| *other != who).collect::<Vec<_>>();
    let mut there = BTreeSet::new();
    for other in others {
        there.extend(life.bench.history(who, other).into_iter().map(|row| (row.author, row.id)));
    }
    let lost = told.difference(&there).count();
    assert_eq!(lost, 0, "{who} was told of messages that are not there");
}

/// Every record and chain is whole.
fn whole(life: &mut Life, who: Who) {
    let Ok(Answer::Check(view)) = life.bench.command(who, Command::Check) else { panic!("{who}: no check") };
    assert_eq!((view.gaps, view.unreadable), (0, 0), "gaps, unreadable records of {who}");
}

fn nothing_noticed(life: &Life, who: Who, allowed: &[NoticeKind]) {
    let told = life.bench.peers[who].events.iter().filter_map(|event| match event {
        Event::Notice { kind, .. } => Some(*kind),
        _ => None,
    });
    let told: Vec<NoticeKind> =
        told.filter(|kind| OF_LOSS.contains(kind) && !allowed.contains(kind)).collect();
    assert!(told.is_empty(), "{who} was told of {told:?}");
}

/// Of what left: what was sealed in a turn that came to nothing did not.
fn no_key_or_nonce_twice(life: &Life) {
    let (mut keys, mut nonces) = (BTreeSet::new(), BTreeSet::new());
    for tapped in tap::take() {
        if life.bench.unsaid().iter().any(|turn| turn.contains(&tapped.number)) {
            continue;
        }
        match tapped.what {
            What::Keyed(key) => assert!(keys.insert(key), "a key was used twice"),
            What::Envelope(bytes) => assert!(nonces.insert(bytes[1..25].to_vec()), "a nonce was used twice"),
            _ => {}
        }
    }
    assert!(!keys.is_empty(), "nothing was tapped");
}
