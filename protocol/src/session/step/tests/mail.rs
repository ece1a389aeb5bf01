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
