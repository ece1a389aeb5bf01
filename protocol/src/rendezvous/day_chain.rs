//! One key a day for each pair, so that what is left at the meeting place on different days has nothing in common.
//!
//! ```text
//! first message ─▶ key of its day ─ Expand "next day" ─▶ key of the next day ─▶ …
//! ```
//!
//! Both sides hold the key of some day and can make those of later days; a day before it counts as it. The key that is
//! kept moves forward by evidence of time only (`evidence.rs`), to `limits::DAY_CHAIN_KEPT` before it. A clock alone erases nothing and locks nobody out. Format: `docs/wire-format.md`, "Records at
//! the meeting place".

use std::collections::BTreeSet;

use crate::{contact::Pair, limits, secret::Secret};

/// The key of a day, from that of an earlier one; of an earlier day, that one itself. `None` when it is so much later
/// that a clock must be wrong.
#[must_use]
pub fn key_of_day(kept: &Secret, kept_day: u32, day: u32) -> Option<Secret> {
    let steps = day.saturating_sub(kept_day);
    (steps <= limits::DAY_CHAIN_STEPS_MAX).then(|| walk(kept, steps))
}

/// The keys of several days, each once, walked to in one go.
pub(crate) fn keys_of_days(pair: &Pair, days: &BTreeSet<u32>) -> Vec<Secret> {
    let mut keys = Vec::new();
    let clamped: BTreeSet<u32> = days.iter().map(|day| (*day).max(pair.day)).collect();
    let (mut key, mut at) = (pair.day_key.clone(), pair.day);
    for day in clamped {
        if day - pair.day > limits::DAY_CHAIN_STEPS_MAX {
            break;
        }
        key = walk(&key, day - at);
        at = day;
        keys.push(key.clone());
    }
    keys
}

/// Both sides' clocks say that it is at least this day: keys of days long before it are given up, where that is worth
/// writing. Says whether it was.
pub(crate) fn advance(pair: &mut Pair, evident: u32) -> bool {
    let kept = u32::try_from(limits::DAY_CHAIN_KEPT.as_secs() / 86_400).unwrap_or(u32::MAX);
    let steps = evident.saturating_sub(kept).saturating_sub(pair.day);
    if !(limits::DAY_CHAIN_ADVANCE_MIN..=limits::DAY_CHAIN_ADVANCE_MAX).contains(&steps) {
        return false;
    }
    pair.day_key = walk(&pair.day_key, steps);
    pair.day = pair.day.saturating_add(steps);
    true
}

fn walk(key: &Secret, steps: u32) -> Secret {
    (0..steps).fold(key.clone(), |key, _| key.expand("next day"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;

    fn pair(day: u32) -> Pair {
        let session = SessionId::from_bytes([1; 16]);
        let (key, day_key) = (Secret::new([2; 32]), Secret::new([3; 32]));
        Pair { session, generation: 0, key, day_key, day, used_at: None }
    }

    fn key(pair: &Pair, day: u32) -> Option<Secret> {
        key_of_day(&pair.day_key, pair.day, day)
    }

    #[test]
    fn both_sides_make_the_same_keys_from_different_days() {
        let early = pair(20_000);
        let mut late = early.clone();
        assert!(advance(&mut late, 20_100));
        assert_eq!(late.day, 20_063);
        for day in [20_063, 20_064, 20_500] {
            assert_eq!(key(&early, day), key(&late, day));
        }
        assert_eq!(key(&early, 19_000), Some(early.day_key.clone()), "an earlier day counts as the kept one");
        assert_ne!(key(&early, 20_062), key(&late, 20_062), "what was erased is gone");
        assert_ne!(key(&early, 20_001), key(&early, 20_002));
    }

    #[test]
    fn a_key_that_is_too_far_ahead_is_not_made() {
        let pair = pair(20_000);
        let last = 20_000 + limits::DAY_CHAIN_STEPS_MAX;
        assert!(key(&pair, last - 1).is_some());
        assert!(key(&pair, last).is_some());
        assert_eq!(key(&pair, last + 1), None);
        assert_eq!(keys_of_days(&pair, &BTreeSet::from([1, 2, 20_001, last + 1])).len(), 2);
    }

    #[test]
    fn it_moves_only_where_that_is_worth_it_and_evident() {
        let mut one = pair(20_000);
        assert!(!advance(&mut one, 0));
        assert!(!advance(&mut one, 20_043), "six days are not worth it");
        assert_eq!(one, pair(20_000));
        assert!(advance(&mut one, 20_044));
        assert_eq!(one.day, 20_007);
        assert!(!advance(&mut one, u32::MAX), "no clock is so far ahead");
        assert_eq!(one.day, 20_007);
    }
}
