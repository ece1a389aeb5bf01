//! Skipped keys, walks, the memory of copies: at their limits, one below and one above.

use super::*;
use crate::session::replay::Fingerprint;

const KEPT: u32 = limits::SKIPPED_KEYS_PER_EPOCH_MAX as u32;

/// Seals envelopes 0 and 1, loses more, and seals the one with this index.
fn gap(a: &mut Side, index: u32) -> [Vec<u8>; 3] {
    let (first, second) = (a.says("0"), a.says("1"));
    a.loses(index - 2);
    [first, second, a.says("ahead")]
}

#[test]
fn as_many_keys_are_kept_as_the_limit_says() {
    for (skipped, first_opens) in [(KEPT - 1, true), (KEPT, true), (KEPT + 1, false)] {
        let (mut a, mut b) = pair();
        let [first, second, ahead] = gap(&mut a, skipped);
        b.reads(&ahead, "ahead");
        assert_eq!(b.records.count(b'K'), skipped.min(KEPT) as usize);
        if first_opens {
            b.reads(&first, "0");
            assert_eq!(b.writes, 3, "the epoch, the memory, and the key that goes");
        } else {
            assert_eq!(b.refuses(&first), Refusal::KeyGone);
        }
        b.reads(&second, "1");
        let next = a.says("next");
        b.reads(&next, "next");
    }
}

#[test]
fn the_oldest_keys_go_first_when_walks_add_up() {
    let (mut a, mut b) = pair();
    let early: Vec<Vec<u8>> = (0..300).map(|n| a.says(&format!("{n}"))).collect();
    a.loses(300);
    let ahead = a.says("600");
    b.reads(&ahead, "600");
    a.loses(598);
    let last = a.says("1199");
    let farther = a.says("1200");
    // 600 keys are held; these 599 make 1,199: the oldest 199 go.
    b.reads(&farther, "1200");
    assert_eq!(b.records.count(b'K'), KEPT as usize);
    assert_eq!(b.refuses(&early[198]), Refusal::KeyGone);
    b.reads(&early[199], "199");
    b.reads(&last, "1199");
    assert_eq!(b.records.count(b'K'), KEPT as usize - 2);
    assert_eq!(b.open(&early[199]), Opened::Duplicate);
}

#[test]
fn a_walk_goes_to_its_limit_and_writes_no_more_than_it_keeps() {
    let (mut a, mut b) = pair();
    let [first, _, ahead] = gap(&mut a, limits::CHAIN_WALK_MAX);
    b.reads(&ahead, "ahead");
    assert_eq!(b.records.count(b'K'), KEPT as usize);
    assert_eq!(b.writes, KEPT as usize + 2);
    assert_eq!(b.refuses(&first), Refusal::KeyGone);
    // From here: exactly the limit is walked, one more is not, and both times the session goes on.
    a.loses(limits::CHAIN_WALK_MAX);
    let before = a.records.clone();
    a.loses(1);
    let too_far = a.says("too far");
    assert_eq!(b.refuses(&too_far), Refusal::TooFar);
    a.records = before;
    let limit = a.says("limit");
    b.reads(&limit, "limit");
    assert!(b.writes <= 2 * KEPT as usize + 2, "new keys in, old keys out");
    assert_eq!(b.records.count(b'K'), KEPT as usize);
}

#[test]
fn a_session_keeps_fewer_keys_than_its_epochs_could() {
    let (mut a, mut b) = pair();
    let [first, second, ahead] = gap(&mut a, KEPT);
    b.reads(&ahead, "ahead");
    let (b_own, b_their) = (b.own, b.their);
    // Two more epochs of the same session, as steps begin them.
    let later = |n: u32, own, their| Epoch::begin(n, &Secret::new([100 + n as u8; 32]), own, their, KEPT + 1);
    for (n, held) in [(1, 2_000), (2, 2_000)] {
        b.with(|turn, session| session.step_to(turn, later(n, b_own, b_their)).unwrap());
        let envelope = in_epoch(later(n, b_their, b_own), &a.id, KEPT);
        assert!(matches!(b.open(&envelope), Opened::Records(_)));
        assert_eq!(b.records.count(b'K'), held);
    }
    // The first epoch owes nothing any more.
    assert_eq!(b.refuses(&first), Refusal::NoHeaderKey);
    assert_eq!(b.refuses(&second), Refusal::NoHeaderKey);
    assert_eq!(b.records.count(b'P'), 2);
    let oldest_of_epoch_1 = in_epoch(later(1, b_their, b_own), &a.id, 0);
    assert!(matches!(b.open(&oldest_of_epoch_1), Opened::Records(_)));
}

/// An envelope with this index of that epoch.
fn in_epoch(mut epoch: Epoch, session: &SessionId, index: u32) -> Vec<u8> {
    let mut key = None;
    while epoch.sending.sent <= index {
        key = epoch.sending.advance();
    }
    let (index, key) = key.unwrap();
    let header = Header { epoch: epoch.n, index, previous_count: epoch.sending.previous_count };
    let body = envelope::encode_body(&[]).unwrap();
    let keys = (&epoch.sending.header_key, &key);
    envelope::seal(keys, &[index as u8; 24], header, session, &body)
}

#[test]
fn an_old_epoch_is_read_while_it_is_kept_and_each_header_is_of_its_own() {
    let (mut a, mut b) = pair();
    let (own, their) = (b.own, b.their);
    b.with(|turn, session| {
        session.step_to(turn, Epoch::begin(1, &Secret::new([101; 32]), own, their, 0)).unwrap();
    });
    let (old, older_than_told) = (a.says("old"), a.says("old"));
    let new = in_epoch(Epoch::begin(1, &Secret::new([101; 32]), their, own, 1), &a.id, 0);
    assert!(matches!(b.open(&new), Opened::Records(_)));
    b.reads(&old, "old");
    // The epoch is closed behind the one envelope that was told of.
    assert_eq!(b.refuses(&older_than_told), Refusal::Header);
    // A header of one epoch under the key of the other.
    let mut mixed = Epoch::begin(1, &Secret::new([101; 32]), their, own, 1);
    mixed.n = 0;
    assert_eq!(b.refuses(&in_epoch(mixed, &a.id, 1)), Refusal::Header);
    let status = b.status();
    assert_eq!(status.receiving.iter().map(|epoch| epoch.n).collect::<Vec<_>>(), [1]);
    assert_eq!(status.sending.n, 1);
}

#[test]
fn keys_are_dropped_by_evidence_of_time_alone() {
    let (mut a, mut b) = pair();
    let day = 86_400_000;
    let early = a.says("early");
    let ahead = a.says("ahead");
    b.reads(&ahead, "ahead");
    let late = a.says("late");
    let farther = a.says("farther");
    b.evidence = WallTime::from_millis(1_000 + 20 * day);
    b.reads(&farther, "farther");
    let expire = |b: &mut Side, millis: u64| {
        b.with(|turn, session| session.expire(turn, WallTime::from_millis(millis)).unwrap())
    };
    assert!(!expire(&mut b, 1_000 + 35 * day));
    assert_eq!((b.writes, b.records.count(b'K')), (0, 2));
    assert!(!expire(&mut b, 1_001 + 35 * day));
    assert_eq!((b.writes, b.records.count(b'K')), (2, 1));
    assert_eq!(b.refuses(&early), Refusal::KeyGone);
    b.reads(&late, "late");
}

#[test]
fn old_keys_go_a_bounded_number_at_a_time() {
    let (mut a, mut b) = pair();
    let [_, second, ahead] = gap(&mut a, KEPT);
    b.reads(&ahead, "ahead");
    let end = WallTime::from_millis(u64::MAX);
    assert!(b.with(|turn, session| session.expire(turn, end).unwrap()));
    assert_eq!(b.writes, limits::PURGE_RECORDS_PER_TURN + 1);
    assert!(!b.with(|turn, session| session.expire(turn, end).unwrap()));
    assert_eq!(b.records.count(b'K'), 0);
    assert_eq!(b.refuses(&second), Refusal::KeyGone);
}

#[test]
fn copies_are_known_for_three_generations() {
    let (mut a, mut b) = pair();
    let mut opened = Vec::new();
    for generation in 0..4_u64 {
        if generation > 0 {
            b.change(|epoch| epoch.receiving.opened = generation * u64::from(limits::REPLAY_GENERATION));
        }
        for _ in 0..6 {
            let envelope = a.says("text");
            b.reads(&envelope, "text");
            opened.push(envelope);
        }
    }
    // The first generation is not looked at any more; its copies are refused, and not taken for another's envelopes.
    for (number, envelope) in opened.iter().enumerate() {
        if number < 6 {
            assert_eq!(b.refuses(envelope), Refusal::KeyGone);
        } else {
            assert_eq!(b.open(envelope), Opened::Duplicate);
        }
    }
    assert_eq!(b.records.count(b'D'), 18, "its records are swept away");
}

#[test]
fn forgotten_copies_go_a_few_at_a_time() {
    let (mut a, mut b) = pair();
    for number in 0..40 {
        let envelope = a.says(&format!("{number}"));
        b.reads(&envelope, &format!("{number}"));
    }
    let mut most = 0;
    for generation in 1..4_u64 {
        b.change(|epoch| epoch.receiving.opened = generation * u64::from(limits::REPLAY_GENERATION));
        let envelope = a.says("next");
        b.reads(&envelope, "next");
        assert!(b.writes <= 7, "the epoch, the memory, the session, and four that go");
    }
    for _ in 0..20 {
        let envelope = a.says("more");
        b.reads(&envelope, "more");
        most = most.max(b.writes);
    }
    assert_eq!(most, 6);
    assert_eq!(b.records.count(b'D'), 23, "40 of the first generation are gone");
}

#[test]
fn an_index_used_by_another_envelope_is_told_from_one_whose_key_is_gone() {
    let (mut a, mut b) = pair();
    let before = a.records.clone();
    let [_, _, ahead] = gap(&mut a, KEPT + 10);
    b.reads(&ahead, "ahead");
    let after = a.records.clone();
    // The sender is put back and seals other words under the same indexes.
    a.records = before;
    let other_0 = a.says("other words");
    assert_eq!(b.refuses(&other_0), Refusal::KeyGone, "dropped, never used");
    a.loses(KEPT + 9);
    let other_ahead = a.says("other words");
    assert_eq!(b.refuses(&other_ahead), Refusal::UsedIndex);
    a.records = after;
    let next = a.says("next");
    b.reads(&next, "next");
}

#[test]
fn counters_stop_before_they_overflow() {
    let (mut a, mut b) = pair();
    a.change(|epoch| epoch.sending.sent = u32::MAX - 1);
    b.change(|epoch| epoch.receiving.expected = u32::MAX - 1);
    let last = a.says("last");
    b.reads(&last, "last");
    let refused = a.try_seal(&[]);
    assert_eq!((refused, a.writes), (Err(SessionError::Exhausted), 0));
    // A sender that counted on would not be followed.
    let (own, their) = (a.own, a.their);
    let epoch = Epoch::begin(0, &Secret::new([1; 32]), own, their, 0);
    let header = Header { epoch: 0, index: u32::MAX, previous_count: 0 };
    let keys = (&epoch.sending.header_key, &Secret::new([0; 32]));
    let body = envelope::encode_body(&[]).unwrap();
    let beyond = envelope::seal(keys, &[0; 24], header, &a.id, &body);
    assert_eq!(b.refuses(&beyond), Refusal::TooFar);
    assert_eq!(Fingerprint::of(&beyond), Fingerprint::of(&beyond.clone()));
}
