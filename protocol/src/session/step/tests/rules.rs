//! What happens when nothing goes wrong, and when a step is offered, repeated and answered.

use super::*;

#[test]
fn a_step_leads_both_to_the_same_fresh_epoch_and_erases_what_it_rested_on() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let offer = a.writes("one");
    assert!(a.offer_out() && offer.len() == 2_048);
    assert_eq!(a.writes, 2, "the epoch and the offer");
    b.reads(&offer, "one");
    assert_eq!((b.candidates(), b.n(), b.writes), (1, 0, 3), "the epoch, the memory, the candidate");
    let accept = b.acknowledges();
    assert_eq!((accept.len(), b.writes), (2_048, 1));
    a.hears(&accept);
    assert_eq!((a.n(), a.offer_out()), (1, false));
    assert_eq!(a.writes, 5, "two epochs, the session, the memory, and the offer that goes");
    // b does not seal in an epoch in which it has received nothing.
    let before = b.writes("two");
    assert_eq!(b.n(), 0);
    a.reads(&before, "two");
    let first = a.writes("three");
    b.reads(&first, "three");
    assert_eq!((b.n(), b.candidates()), (1, 0));
    let last = b.writes("four");
    a.reads(&last, "four");
    for device in [&a, &b] {
        assert!(device.is_durable());
        let status = device.status();
        assert_eq!((status.sending.n, status.receiving.len()), (1, 1));
        let old = &device.session.epochs[&0];
        assert!(*old.chain() == Secret::new([0; 32]) && old.sending.header_key == Secret::new([0; 32]));
        assert!(!old.owes());
    }
    assert_eq!(a.status().sending.fingerprint, b.status().sending.fingerprint);
    assert_ne!(a.session.epochs[&1].fingerprint, a.session.epochs[&0].fingerprint);
    // Either can go on: further epochs leave at most two records each.
    for n in 1..6 {
        if n % 2 == 0 {
            step(&mut a, &mut b)
        } else {
            step(&mut b, &mut a)
        }
        assert!(a.records.count(b'P') <= 2 && b.records.count(b'P') <= 2);
        assert!(a.is_durable() && b.is_durable());
    }
    assert_eq!((a.n(), b.n()), (6, 6));
}

/// So many messages pass in an epoch without a channel made anew; then, after so long, somebody writes.
fn offers_after(messages: usize, time: Duration) -> bool {
    let (mut a, mut b) = pair();
    for number in 0..messages {
        let (from, to) = if number % 2 == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
        let envelope = from.writes("text");
        to.reads(&envelope, "text");
    }
    pass(&mut a, &mut b, time);
    a.writes("text");
    a.offer_out()
}

#[test]
fn a_step_is_offered_after_enough_messages_and_time() {
    let (messages, moment) = (limits::STEP_AFTER_MESSAGES as usize, Duration::from_micros(1));
    assert!(offers_after(messages, limits::STEP_AFTER));
    assert!(!offers_after(messages - 1, limits::STEP_AFTER));
    assert!(!offers_after(messages, limits::STEP_AFTER - moment));
    assert!(!offers_after(1_000, limits::STEP_AFTER - moment));
    assert!(offers_after(1, limits::STEP_AFTER_LONG));
    assert!(!offers_after(1, limits::STEP_AFTER_LONG - moment));
    assert!(!offers_after(0, limits::STEP_AFTER_LONG), "an epoch that nobody used is fresh");
}

#[test]
fn what_is_written_first_on_a_channel_offers_a_step_and_marks_do_not() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let mark = a.acknowledges();
    assert!(!a.offer_out());
    b.hears(&mark);
    let first = a.writes("first");
    assert!(a.offer_out());
    b.reads(&first, "first");
    // Only the first: the step is taken, and nothing is offered until the next channel.
    let accept = b.acknowledges();
    a.hears(&accept);
    let next = a.writes("next");
    assert!(!a.offer_out());
    b.reads(&next, "next");
    let back = b.writes("back");
    assert!(b.offer_out(), "this side had written nothing on the channel yet");
    a.reads(&back, "back");
    assert_eq!(a.candidates(), 0, "too soon after the last step");
}

/// The length of an envelope's records tells what rides in it.
fn brings_offer(a: &mut Device, b: &Device) -> bool {
    let envelope = a.writes("text");
    // A copy of b that answers every offer.
    let mut other = b.opened_on(b.records.clone(), 77);
    other.reads(&envelope, "text");
    other.candidates() > b.session.steps.candidates.len()
}

#[test]
fn an_offer_rides_again_each_second_until_it_is_answered() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    assert!(brings_offer(&mut a, &b));
    for _ in 0..3 {
        assert!(!brings_offer(&mut a, &b), "the same moment");
        pass(&mut a, &mut b, limits::STEP_REPEAT - Duration::from_micros(1));
        assert!(!brings_offer(&mut a, &b));
        pass(&mut a, &mut b, Duration::from_micros(1));
        assert!(brings_offer(&mut a, &b));
    }
    // On another channel, and in another process, at once.
    meet(&mut a, &mut b);
    assert!(brings_offer(&mut a, &b));
    a.restart();
    assert!(brings_offer(&mut a, &b));
    assert!(!brings_offer(&mut a, &b));
}

#[test]
fn no_step_is_answered_shortly_after_the_last_one() {
    let (mut a, mut b) = pair();
    step(&mut a, &mut b);
    meet(&mut a, &mut b);
    let soon = a.writes("soon");
    b.reads(&soon, "soon");
    assert_eq!((a.offer_out(), b.candidates()), (true, 0));
    pass(&mut a, &mut b, limits::STEP_REST - Duration::from_micros(1));
    let still = a.writes("still");
    b.reads(&still, "still");
    assert_eq!(b.candidates(), 0);
    pass(&mut a, &mut b, SECOND);
    let later = a.writes("later");
    b.reads(&later, "later");
    assert_eq!(b.candidates(), 1);
}

#[test]
fn of_two_offers_that_cross_the_smaller_devices_stands() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let (from_a, from_b) = (a.writes("from a"), b.writes("from b"));
    assert!(a.offer_out() && b.offer_out());
    a.reads(&from_b, "from b");
    assert_eq!((a.offer_out(), a.candidates()), (true, 0), "ignored");
    b.reads(&from_a, "from a");
    assert_eq!((b.offer_out(), b.candidates()), (false, 1), "its own is dropped");
    let accept = b.writes("accept");
    assert!(!b.offer_out());
    a.reads(&accept, "accept");
    assert_eq!(a.n(), 1);
    let first = a.acknowledges();
    b.hears(&first);
    assert_eq!((b.n(), a.offer_out(), b.offer_out()), (1, false, false));
    assert!(sound(&a.status(), &b.status()) && a.is_durable() && b.is_durable());
}

#[test]
fn an_answer_rides_on_every_envelope_until_it_is_used() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let offer = a.writes("offer");
    b.reads(&offer, "offer");
    let kept = b.session.steps.candidates[0].1.accept.clone();
    // All but the last are lost; its process ends in between.
    for _ in 0..5 {
        b.writes("lost");
        b.acknowledges();
        b.restart();
        assert_eq!(b.session.steps.candidates[0].1.accept, kept, "byte for byte");
    }
    let accept = b.acknowledges();
    a.hears(&accept);
    assert_eq!(a.n(), 1);
}

#[test]
fn what_rides_never_keeps_an_entry_out() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    // As many bytes as an envelope has beside what it keeps free, and one more than that leaves room for an offer.
    let packing = Packing::beside_steps();
    let room = packing.room() - 5;
    assert!(room >= limits::BODY_BYTES_MAX + 1_127 + 16 + 16 + 3, "the longest entry");
    let full = a.seal(&[Record::Entry(vec![7; room])]);
    assert_eq!(full.len(), 61_440);
    assert!(matches!(b.open(&full), Opened::Records(_)));
    assert_eq!(b.candidates(), 1);
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let whole = Packing::new().room() - 5;
    let fuller = a.seal(&[Record::Entry(vec![7; whole - OFFER_BYTES - 4])]);
    assert!(!a.offer_out(), "there was no room");
    assert!(matches!(b.open(&fuller), Opened::Records(_)));
    let next = a.writes("next");
    assert!(a.offer_out());
    b.reads(&next, "next");
    assert_eq!(b.candidates(), 1);
    // Both halves at once: an answer that nobody uses does not keep its side from offering for ever.
    pass(&mut a, &mut b, limits::STEP_AFTER_LONG);
    let both = b.seal(&[Record::Entry(vec![7; room])]);
    assert!(b.offer_out() && both.len() == 61_440);
    assert!(matches!(a.open(&both), Opened::Records(_)));
    assert_eq!((a.n(), a.candidates()), (1, 0), "the answer came first, so the offer is of a past epoch");
}

#[test]
fn a_peer_that_answers_nothing_is_talked_to_as_before() {
    let (mut a, mut b) = pair();
    let mut offers = 0;
    for number in 0..300 {
        meet(&mut a, &mut b);
        let before = b.candidates();
        let there = a.writes(&format!("there {number}"));
        b.reads(&there, &format!("there {number}"));
        offers += b.candidates() - before;
        // An earlier version has no such records and skips what it reads.
        b.turn(|turn, session| while session.steps.take_candidate(turn, &session.id, 0).is_some() {});
        let back = b.acknowledges();
        a.hears(&back);
        pass(&mut a, &mut b, SECOND);
    }
    assert_eq!((a.n(), b.n(), offers), (0, 0, 300));
    assert!(a.offer_out());
}

#[test]
fn a_lost_session_takes_no_step_and_keeps_no_key_of_one() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let offer = a.writes("offer");
    b.reads(&offer, "offer");
    let accept = b.acknowledges();
    a.turn(|turn, session| session.mark_lost(turn, turn.now.wall).unwrap());
    assert!(!a.offer_out());
    a.hears(&accept);
    assert_eq!(a.n(), 0);
    assert!(*a.session.epochs[&0].chain() == Secret::new([0; 32]));
    let mut forgotten = b.records.clone();
    let family = b.records.0.len();
    b.turn(|turn, session| assert!(!Session::forget(turn, session.id).unwrap()));
    forgotten.0.retain(|_, _| false);
    assert!(family > 3 && b.records == forgotten, "the step under way goes with its session");
}

#[test]
fn stored_sessions_keep_their_layout() {
    // docs/wire-format.md, records P and S: as the first version wrote them.
    let epoch = Epoch::begin(
        3,
        &Secret::new([1; 32]),
        DeviceId::from_bytes([1; 16]),
        DeviceId::from_bytes([2; 16]),
        9,
    );
    let bytes = crate::wire::codec::encode(&epoch).unwrap();
    assert_eq!(bytes.len(), 4 + 16 + 32 + (32 + 32 + 4 + 4) + (32 + 1 + 32 + 4 + 4 + 4 + 8));
    assert_eq!(bytes[..4], [0, 0, 0, 3]);
    assert_eq!(bytes[4..20], epoch.fingerprint);
    assert_eq!(bytes[20..52], *epoch.chain().expose());
    assert_eq!(bytes[116..124], [0, 0, 0, 0, 0, 0, 0, 9], "sent, previous count");
    let (a, _) = pair();
    let standing = crate::wire::codec::encode(&a.session.standing).unwrap();
    let memory = [&[0; 4][..], &[0; 8], &[0; 4], &1_u64.to_be_bytes(), &[0; 8]].concat();
    assert_eq!(standing, [&[1; 16][..], &[2; 16], &[0], &[0; 4], &memory].concat());
    // And without any record of a step a session opens as one of that version.
    assert_eq!((a.records.count(b'O'), a.records.count(b'N')), (0, 0));
    assert!(a.is_durable());
}

#[test]
fn an_offer_that_was_left_unanswered_keeps_the_other_side_from_none() {
    let (mut a, mut b) = pair();
    assert!(a.own < b.own);
    meet(&mut a, &mut b);
    step(&mut a, &mut b);
    // Another channel right after a step: what a writes first on it offers one, too soon to be answered.
    meet(&mut a, &mut b);
    pass(&mut a, &mut b, SECOND * 5);
    let offer = a.writes("first");
    assert!(a.offer_out());
    b.reads(&offer, "first");
    assert_eq!(b.candidates(), 0);
    let before = b.n();
    // From here on b alone writes, and a acknowledges.
    for _ in 0..100 {
        pass(&mut a, &mut b, SECOND * 20);
        let envelope = b.writes("text");
        a.reads(&envelope, "text");
        let mark = a.acknowledges();
        b.hears(&mark);
    }
    assert!(b.n() > before, "no step in half an hour of messages");
}
