//! What is malformed, forged, of another step, put back or interrupted.

use super::*;

/// b gets these records from a and finds them of no use: nothing of a step changes, and a sentence is logged or not.
fn passes_over(a: &mut Device, b: &mut Device, record: Record, sentences: usize) {
    let steps = |device: &Device| {
        let session = &device.session;
        let kept = (&session.steps.offer, &session.steps.candidates, &session.standing.sending_epoch);
        crate::wire::codec::encode(&kept).unwrap()
    };
    let before = steps(b);
    let envelope = a.forges(&[record]);
    assert_eq!(b.open(&envelope), Opened::Records(vec![]), "the envelope itself is read");
    assert_eq!((steps(b) == before, b.logged.len()), (true, sentences), "{:?}", b.logged);
    assert!(b.writes <= 3, "the epoch, the memory, and a key that was overtaken");
}

#[test]
fn every_byte_of_an_offer_counts() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    a.writes("lost");
    let offer = a.session.steps.offer.as_ref().unwrap().said.clone();
    assert_eq!(offer.len(), 1_232);
    for byte in (0..32).chain((32..1_232).step_by(41)).chain([1_231]) {
        let mut changed = offer.clone();
        changed[byte] ^= 1;
        passes_over(&mut a, &mut b, Record::Offer(changed), 1);
    }
    for length in [0, 1, 32, 48, 1_231] {
        passes_over(&mut a, &mut b, Record::Offer(offer[..length].to_vec()), 1);
    }
    passes_over(&mut a, &mut b, Record::Offer([&offer[..], &[0]].concat()), 1);
    passes_over(&mut a, &mut b, Record::Offer(vec![0; 1_232]), 1);
    let envelope = a.forges(&[Record::Offer(offer)]);
    b.open(&envelope);
    assert_eq!((b.candidates(), b.logged.len()), (1, 0));
}

#[test]
fn every_byte_of_an_answer_counts() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let offer = a.writes("offer");
    b.reads(&offer, "offer");
    let accept = b.session.steps.candidates[0].1.accept.clone();
    assert_eq!(accept.len(), 1_136);
    for byte in (0..1_088).step_by(37).chain(1_087..1_136) {
        let mut changed = accept.clone();
        changed[byte] ^= 1;
        passes_over(&mut b, &mut a, Record::Accept(changed), 1);
    }
    for length in [0, 1, 1_088, 1_135] {
        passes_over(&mut b, &mut a, Record::Accept(accept[..length].to_vec()), 1);
    }
    passes_over(&mut b, &mut a, Record::Accept([&accept[..], &[0]].concat()), 1);
    // Points of low order in the place of e.
    for point in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let mut changed = accept.clone();
        changed[1_088..1_120].copy_from_slice(&point);
        passes_over(&mut b, &mut a, Record::Accept(changed), 1);
    }
    // Nobody waits for an answer at b, and it answers nothing of b's.
    passes_over(&mut a, &mut b, Record::Accept(accept.clone()), 0);
    let envelope = b.forges(&[Record::Accept(accept)]);
    a.open(&envelope);
    assert_eq!((a.n(), a.logged.len()), (1, 0));
}

#[test]
fn a_step_of_another_epoch_session_or_direction_is_refused() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let made = |device: &Device, change: fn(&mut Step<'_>)| {
        let parties = parties(device.own, device.their);
        let epoch = &device.session.epochs[&device.n()];
        let mut step = device.session.step(epoch, &parties).unwrap();
        change(&mut step);
        let mut random = TurnRandom::new(&Entropy::new([9; 32]));
        Record::Offer(Offer::make(&step, &mut random).unwrap().said)
    };
    let others: [fn(&mut Step<'_>); 4] = [
        |step| step.n = 2,
        |step| step.n = 0,
        |step| step.session = SessionId::from_bytes([7; 16]),
        |step| core::mem::swap(&mut step.own, &mut step.their),
    ];
    for change in others {
        let other = made(&a, change);
        passes_over(&mut a, &mut b, other, 1);
    }
    let of_b_itself = made(&b, |_| {});
    passes_over(&mut a, &mut b, of_b_itself, 1);
    // An offer of this epoch that comes when it is past: ignored, however late its envelope.
    let late = a.forges(&[made(&a, |_| {})]);
    let of_this_epoch = made(&a, |_| {});
    step(&mut a, &mut b);
    assert_eq!(b.open(&late), Opened::Records(vec![]));
    assert_eq!((b.candidates(), b.logged.len()), (0, 0));
    pass(&mut a, &mut b, limits::STEP_REST);
    passes_over(&mut a, &mut b, of_this_epoch, 1);
    // And one of the right kind is answered.
    let envelope = a.forges(&[made(&a, |_| {})]);
    b.open(&envelope);
    assert_eq!(b.candidates(), 1);
}

#[test]
fn an_offer_is_between_two_static_keys_and_two_accounts() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let offer = a.writes("offer");
    let right = parties(b.own, b.their);
    let changes: [fn(&mut Parties); 4] = [
        |parties| parties.own_account = parties.their_account,
        |parties| parties.their_account = parties.own_account,
        |parties| parties.own_static = Secret::new([50; 32]),
        |parties| parties.their_static[0] ^= 1,
    ];
    for change in changes {
        let mut wrong = right.clone();
        change(&mut wrong);
        let mut other = b.opened_on(b.records.clone(), 3);
        other.turn(|turn, session| session.open(turn, &wrong, &offer, WallTime::default()).unwrap());
        assert_eq!((other.candidates(), other.logged.len()), (0, 1));
    }
    // Our own key was changed since we offered: the offer is of no use, and another one follows.
    b.reads(&offer, "offer");
    let accept = b.acknowledges();
    let mut changed = parties(a.own, a.their);
    changed.own_static = Secret::new([50; 32]);
    a.turn(|turn, session| session.open(turn, &changed, &accept, WallTime::default()).unwrap());
    assert_eq!((a.n(), a.offer_out(), a.logged.len()), (0, false, 1));
    meet(&mut a, &mut b);
    a.writes("another");
    assert!(a.offer_out());
}

#[test]
fn an_epoch_is_closed_by_the_first_envelope_of_the_next() {
    let (mut a, mut b) = pair();
    let early: Vec<_> = (0..5).map(|n| a.writes(&format!("{n}"))).collect();
    b.reads(&early[1], "1");
    meet(&mut a, &mut b);
    let offer = a.writes("offer");
    b.reads(&offer, "offer");
    let accept = b.acknowledges();
    let late_answer = b.acknowledges();
    let late = a.writes("late");
    a.hears(&accept);
    let (first, second) = (a.writes("first"), a.writes("second"));
    // The second comes first; six were sent before, of which three and the last are still to come.
    b.reads(&second, "second");
    assert_eq!((b.n(), b.session.epochs[&0].receiving.is_open()), (1, false));
    assert_eq!(b.records.count(b'K'), 6, "0, 2, 3, 4 and late; the first of the next");
    assert!(b.is_durable());
    for (n, envelope) in [(0, &early[0]), (2, &early[2]), (3, &early[3]), (4, &early[4])] {
        b.reads(envelope, &format!("{n}"));
        assert_eq!(b.open(envelope), Opened::Duplicate);
    }
    b.reads(&late, "late");
    b.reads(&first, "first");
    assert_eq!(b.records.count(b'K'), 0);
    // a has heard nothing in the next epoch yet, so its old one is open.
    a.hears(&late_answer);
    assert_eq!(a.status().receiving.len(), 2);
    let answer = b.acknowledges();
    a.hears(&answer);
    assert_eq!(a.status().receiving.len(), 1);
}

#[test]
fn impossible_counts_are_refused_and_change_nothing() {
    let (mut a, mut b) = pair();
    for _ in 0..3 {
        let text = a.writes("text");
        b.reads(&text, "text");
    }
    meet(&mut a, &mut b);
    let offer = a.writes("offer");
    b.reads(&offer, "offer");
    let accept = b.acknowledges();
    a.hears(&accept);
    for (count, refusal) in [
        (0, Refusal::Header),
        (3, Refusal::Header),
        (4 + limits::CHAIN_WALK_MAX + 1, Refusal::TooFar),
        (u32::MAX, Refusal::TooFar),
    ] {
        let mut forger = a.opened_on(a.records.clone(), 8);
        forger.session.epochs.get_mut(&1).unwrap().sending.previous_count = count;
        let envelope = forger.writes("forged");
        assert_eq!(b.refuses(&envelope), refusal, "{count}");
        assert_eq!((b.n(), b.candidates()), (0, 1));
    }
    // As far as a chain walks, and no more keys than are kept.
    let mut forger = a.opened_on(a.records.clone(), 8);
    let count = 4 + limits::CHAIN_WALK_MAX;
    forger.session.epochs.get_mut(&1).unwrap().sending.previous_count = count;
    let far = forger.writes("far");
    b.reads(&far, "far");
    assert_eq!(b.records.count(b'K'), limits::SKIPPED_KEYS_PER_EPOCH_MAX);
    assert!(b.is_durable());
}

/// What a device or the other does next, and what is on the way between them.
type Turns = [fn(&mut Device, &mut Device, &mut Vec<Vec<u8>>); 9];

/// The whole of one step and what follows.
const SCRIPT: Turns = [
    |a, _, way| way.push(a.writes("0")),
    |_, b, way| drop(b.open(&way[0])),
    |_, b, way| way.push(b.acknowledges()),
    |a, _, way| drop(a.open(&way[1])),
    |a, _, way| way.push(a.writes("1")),
    |_, b, way| drop(b.open(&way[2])),
    |_, b, way| way.push(b.writes("2")),
    |a, _, way| drop(a.open(&way[3])),
    |_, b, way| way.push(b.acknowledges()),
];

#[test]
fn a_crash_between_any_two_turns_stops_no_step() {
    for at in 0..=SCRIPT.len() {
        for kind in 0..4 {
            let (mut a, mut b) = pair();
            meet(&mut a, &mut b);
            let mut way = vec![];
            for (turn, work) in SCRIPT.iter().enumerate() {
                if turn == at && kind < 2 {
                    // What a turn did is not durable: it is as if it had not been.
                    let (mut lost, mut other) = (vec![], b.opened_on(b.records.clone(), 1));
                    lost.clone_from(&way);
                    if kind == 0 {
                        a.lost_turn(|a| work(a, &mut other, &mut lost));
                    } else {
                        let mut other = a.opened_on(a.records.clone(), 1);
                        b.lost_turn(|b| work(&mut other, b, &mut lost));
                    }
                }
                work(&mut a, &mut b, &mut way);
                if turn == at && kind == 2 {
                    a.restart();
                }
                if turn == at && kind == 3 {
                    b.restart();
                }
                if turn == at {
                    meet(&mut a, &mut b);
                }
                assert!(a.is_durable() && b.is_durable());
                assert!(sound(&a.status(), &b.status()), "at {at} as {kind}, turn {turn}");
            }
            let n = a.n().max(b.n());
            for _ in 0..6 {
                exchange(&mut a, &mut b);
            }
            assert!(a.n() > n && b.n() > n, "at {at} as {kind}: from {n} to {} and {}", a.n(), b.n());
        }
    }
}

/// A channel is made anew and both write.
fn exchange(a: &mut Device, b: &mut Device) {
    pass(a, b, limits::STEP_REST);
    meet(a, b);
    let (there, back) = (a.writes("there"), b.writes("back"));
    b.reads(&there, "there");
    a.reads(&back, "back");
}

/// After steps and texts, some lost, one side is put back by `k` turns: the comparison tells, or all goes on.
fn put_back(seed: u64, steps: usize) -> (u32, u32) {
    let mut random = TurnRandom::new(&Entropy::new(hash("test", &[&seed.to_be_bytes()])));
    let (mut a, mut b) = pair();
    let mut pasts = vec![];
    for _ in 0..steps {
        pass(&mut a, &mut b, SECOND * u32::try_from(random.below(12)).unwrap());
        if random.below(6) == 0 {
            meet(&mut a, &mut b);
        }
        let (from, to) = if random.below(2) == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
        let envelope = if random.below(3) == 0 { from.acknowledges() } else { from.writes("text") };
        if random.below(10) > 1 {
            assert!(matches!(to.open(&envelope), Opened::Records(_)));
        }
        pasts.push((a.records.clone(), b.records.clone()));
    }
    assert!(a.n() > 3, "steps were taken: {}", a.n());
    let (now_a, now_b) = (a.records.clone(), b.records.clone());
    let (mut unsound, mut works) = (0, 0);
    for (k, (past_a, past_b)) in pasts.iter().rev().take(200).enumerate() {
        for (for_a, for_b) in [(past_a, &now_b), (&now_a, past_b)] {
            let mut a = a.opened_on(for_a.clone(), 1_000 + k as u64);
            let mut b = b.opened_on(for_b.clone(), 2_000 + k as u64);
            assert_eq!(sound(&a.status(), &b.status()), sound(&b.status(), &a.status()));
            if !sound(&a.status(), &b.status()) {
                unsound += 1;
                continue;
            }
            works += 1;
            let n = a.n().max(b.n());
            for _ in 0..6 {
                exchange(&mut a, &mut b);
            }
            assert!(a.n() > n && b.n() > n, "put back by {k}: from {n} to {} and {}", a.n(), b.n());
        }
    }
    (unsound, works)
}

#[test]
fn a_side_that_was_put_back_is_noticed_or_harmless() {
    let (mut unsound, mut works) = (0, 0);
    for seed in 0..6 {
        let (no, yes) = put_back(seed, 220);
        (unsound, works) = (unsound + no, works + yes);
    }
    assert!(unsound > 2_000 && works >= 12, "{unsound} noticed, {works} harmless");
}

#[test]
fn two_copies_share_no_nonce_and_no_key_of_a_step() {
    let (mut a, mut b) = pair();
    meet(&mut a, &mut b);
    let mut other_a = a.opened_on(a.records.clone(), 900);
    let mut other_b = b.opened_on(b.records.clone(), 901);
    meet(&mut other_a, &mut other_b);
    let (one, two) = (a.writes("same"), other_a.writes("same"));
    b.reads(&one, "same");
    other_b.reads(&two, "same");
    let (three, four) = (b.acknowledges(), other_b.acknowledges());
    let offers = [&a, &other_a].map(|device| device.session.steps.offer.as_ref().unwrap().said.clone());
    let accepts = [&b, &other_b].map(|device| device.session.steps.candidates[0].1.accept.clone());
    let pairs = [(&one, &two), (&three, &four), (&offers[0], &offers[1]), (&accepts[0], &accepts[1])];
    for (left, right) in pairs {
        let windows: std::collections::BTreeSet<&[u8]> = left.windows(8).collect();
        assert!(right.windows(8).all(|window| !windows.contains(window)));
    }
    // Even the answers of two copies to one offer lead to different epochs.
    let mut other_b = b.opened_on(b.records.clone(), 902);
    other_b.turn(|turn, session| session.steps.take_candidate(turn, &session.id, 0));
    pass(&mut a, &mut b, SECOND);
    other_b.now = b.now;
    let again = a.writes("again");
    other_b.reads(&again, "again");
    let fingerprints = [&b, &other_b].map(|device| device.session.steps.candidates[0].1.epoch.fingerprint);
    assert_ne!(fingerprints[0], fingerprints[1]);
}
