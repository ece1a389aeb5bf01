//! Long times and heavy traffic, on a clock that only these tests move.

use super::*;

#[test]
fn one_way_mail_heals_with_one_receipt_a_day() {
    let (mut a, mut b) = pair();
    let mut epochs = vec![];
    let mut longest = 0;
    for day in 0..35 {
        // Twenty letters a day wait somewhere, and are all read within a second.
        let letters: Vec<_> = (0..20)
            .map(|number| {
                pass(&mut a, &mut b, DAY / 20);
                (format!("{day}.{number}"), a.writes(&format!("{day}.{number}")))
            })
            .collect();
        for (text, letter) in &letters {
            b.reads(letter, text);
        }
        longest = longest.max(letters.iter().map(|(_, letter)| letter.len()).max().unwrap());
        let receipt = b.acknowledges();
        a.hears(&receipt);
        epochs.push(b.n());
        assert!(a.session.epochs.len() <= 3 && b.session.epochs.len() <= 3);
        assert!(sound(&a.status(), &b.status()));
    }
    assert_eq!(longest, 2_048, "an offer fits beside a short text");
    // A new epoch every second day at the latest, on both sides.
    for days in epochs.windows(4) {
        assert!(days[3] > days[0], "{epochs:?}");
    }
    assert!(a.n() >= 17 && a.n() - b.n() <= 1, "{} {}", a.n(), b.n());
    assert_eq!((a.records.count(b'K'), b.records.count(b'K')), (0, 0));
    assert!(a.is_durable() && b.is_durable());
}

#[test]
fn without_any_receipt_one_way_mail_stays_in_its_epoch_and_readable() {
    let (mut a, mut b) = pair();
    for number in 0..500 {
        pass(&mut a, &mut b, DAY / 20);
        let letter = a.writes(&number.to_string());
        if number % 3 > 0 {
            b.reads(&letter, &number.to_string());
        }
    }
    assert_eq!((a.n(), b.n()), (0, 0));
    step(&mut a, &mut b);
}

/// One step, before which the offerer loses an envelope or not.
fn step_with_loss(a: &mut Device, b: &mut Device, loses: bool) -> Option<Vec<u8>> {
    let lost = loses.then(|| a.acknowledges());
    step(a, b);
    lost
}

#[test]
fn epochs_are_kept_while_they_owe_keys_and_never_too_many() {
    let most = limits::EPOCHS_PER_SESSION_MAX;
    let (mut a, mut b) = pair();
    let mut late = vec![];
    for _ in 0..most + 10 {
        late.extend(step_with_loss(&mut a, &mut b, true));
        assert!(a.session.epochs.len() <= 2 && b.session.epochs.len() <= most);
    }
    // The newest owes nothing; it and the others that are kept are what a store gives back.
    assert_eq!((b.records.count(b'P'), b.records.count(b'K')), (most, most - 1));
    b.restart();
    assert!(b.is_durable());
    for (number, envelope) in late.iter().enumerate() {
        if number < 11 {
            assert_eq!(b.refuses(envelope), Refusal::NoHeaderKey, "{number}");
        } else {
            b.hears(envelope);
        }
    }
    assert_eq!((b.records.count(b'P'), b.records.count(b'K')), (2, 0));
    assert!(b.is_durable());
}

#[test]
fn epochs_go_with_their_last_key_also_by_age() {
    let (mut a, mut b) = pair();
    for number in 0..6 {
        step_with_loss(&mut a, &mut b, number < 4);
    }
    assert_eq!((b.records.count(b'P'), b.records.count(b'K')), (6, 4));
    let evidence = WallTime::default() + limits::SKIPPED_KEY_AGE_MAX;
    b.turn(|turn, session| assert!(!session.expire(turn, evidence).unwrap()));
    assert_eq!(b.records.count(b'P'), 6);
    b.turn(|turn, session| assert!(!session.expire(turn, evidence + SECOND).unwrap()));
    assert_eq!((b.records.count(b'P'), b.records.count(b'K')), (2, 0));
    assert!(b.is_durable());
    step(&mut b, &mut a);
}

#[test]
fn the_memory_of_copies_counts_on_over_all_epochs() {
    let (mut a, mut b) = pair();
    let mut opened = 0;
    for _ in 0..20 {
        step(&mut a, &mut b);
        opened += 2;
        let all: u64 = b.session.epochs.values().map(|epoch| epoch.receiving.opened).sum();
        assert_eq!(all, opened);
    }
    // As many as make a generation, most of them in epochs that are forgotten: the next one begins.
    let (_, newest) = b.session.epochs.iter_mut().next_back().unwrap();
    newest.receiving.opened += u64::from(limits::REPLAY_GENERATION) - opened;
    let last = a.writes("last");
    let saved = b.records.clone();
    b.reads(&last, "last");
    let standing =
        |records: &MemoryRecords| records.0.iter().find(|(key, _)| key[0] == b'S').unwrap().1.clone();
    assert!(standing(&saved) != standing(&b.records), "a new generation");
    assert_eq!(b.open(&last), Opened::Duplicate);
}

/// A good minute of traffic both ways, `each` envelopes a second and side, of which a tenth comes 1 to 20 s late, some of
/// them twice.
fn traffic(each: u64) -> (u32, usize) {
    let (mut a, mut b) = pair();
    let mut random = TurnRandom::new(&Entropy::new([each as u8; 32]));
    let mut way: std::collections::BTreeMap<(u64, u64), (bool, String, Vec<u8>)> =
        std::collections::BTreeMap::new();
    let (mut number, mut kept_most, mut opened) = (0, 0, std::collections::BTreeSet::new());
    let rounds = 65 * each;
    for round in 0..rounds + 21 * each {
        pass(&mut a, &mut b, SECOND / u32::try_from(each).unwrap());
        let micros = a.now.as_micros();
        if round < rounds {
            for from_a in [true, false] {
                number += 1;
                let text = number.to_string();
                let envelope = if from_a { a.writes(&text) } else { b.writes(&text) };
                let late = 1_000_000 + random.below(19_000_000);
                if random.below(10) > 0 {
                    let soon = micros + random.below(50_000);
                    way.insert((soon, number), (from_a, text.clone(), envelope.clone()));
                    if random.below(10) > 0 {
                        continue;
                    }
                }
                way.insert((micros + late, number + 1_000_000), (from_a, text, envelope));
            }
        }
        let later = way.split_off(&(micros + 1, 0));
        for ((_, _), (from_a, text, envelope)) in core::mem::replace(&mut way, later) {
            let to = if from_a { &mut b } else { &mut a };
            if opened.insert(text.clone()) {
                to.reads(&envelope, &text);
            } else {
                assert_eq!(to.open(&envelope), Opened::Duplicate);
            }
        }
        if round % each == 0 {
            kept_most = kept_most.max(a.records.count(b'K')).max(b.records.count(b'K'));
        }
    }
    assert!(way.is_empty() && opened.len() as u64 == number);
    for device in [&a, &b] {
        assert_eq!(device.records.count(b'K'), 0);
        assert!(device.session.epochs.len() <= 3 && sound(&a.status(), &b.status()));
    }
    (a.n(), kept_most)
}

#[test]
fn heavy_traffic_with_late_copies_stays_readable() {
    let (steps, kept) = traffic(75);
    assert!(steps >= 2, "after 30 s each: {steps}");
    assert!(kept > 20 && kept < limits::SKIPPED_KEYS_PER_EPOCH_MAX, "{kept} keys at most");
}
