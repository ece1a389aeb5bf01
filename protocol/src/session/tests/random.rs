//! Two sessions over any network: whatever is delivered opens once, and copies are known.

use proptest::{collection::vec, prelude::*};

use super::*;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// One side (a when true) seals so many envelopes at once.
    Seal(bool, u8),
    /// One of the envelopes on the way is delivered; it stays on the way when true, to come again.
    Deliver(usize, bool),
    /// One of them is lost.
    Lose(usize),
    /// One of them is changed on the way, at this byte.
    Change(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (any::<bool>(), 1..6_u8).prop_map(|(side, count)| Step::Seal(side, count)),
        8 => (any::<usize>(), prop::bool::weighted(0.3)).prop_map(|(which, again)| Step::Deliver(which, again)),
        2 => any::<usize>().prop_map(Step::Lose),
        1 => (any::<usize>(), 0..2_048_usize).prop_map(|(which, byte)| Step::Change(which, byte)),
    ];
    vec(step, 1..80)
}

struct OnTheWay {
    to_b: bool,
    text: String,
    envelope: Vec<u8>,
    delivered: bool,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_envelope_that_is_delivered_opens_once(steps in steps()) {
        let (mut a, mut b) = pair();
        let mut way: Vec<OnTheWay> = Vec::new();
        let mut number = 0;
        for step in steps {
            match step {
                Step::Seal(from_a, count) => for _ in 0..count {
                    number += 1;
                    let text = number.to_string();
                    let side = if from_a { &mut a } else { &mut b };
                    way.push(OnTheWay { to_b: from_a, envelope: side.says(&text), text, delivered: false });
                },
                Step::Deliver(which, again) if !way.is_empty() => {
                    let which = which % way.len();
                    let mail = &mut way[which];
                    let side = if mail.to_b { &mut b } else { &mut a };
                    let expected = if mail.delivered {
                        Opened::Duplicate
                    } else {
                        Opened::Records(vec![text_record(&mail.text)])
                    };
                    prop_assert_eq!(side.open(&mail.envelope), expected);
                    mail.delivered = true;
                    if !again {
                        way.swap_remove(which);
                    }
                }
                Step::Lose(which) if !way.is_empty() => {
                    let which = which % way.len();
                    way.swap_remove(which);
                }
                Step::Change(which, byte) if !way.is_empty() => {
                    let which = which % way.len();
                    let mail = &way[which];
                    let mut changed = mail.envelope.clone();
                    changed[byte] ^= 1;
                    let side = if mail.to_b { &mut b } else { &mut a };
                    side.refuses(&changed);
                }
                _ => {}
            }
            prop_assert!(sound(&a.status(), &b.status()));
        }
    }
}
