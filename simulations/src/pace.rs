//! How fast a machine's clocks run: no crystal is true, and one drives both of them.
//!
//! ```text
//! counted = true × (1,000,000 + drift) / 1,000,000, rounded down        drift: parts per million, fast or slow
//! ```

use core::time::Duration;

use causerie_protocol::moment::Moment;

use crate::random::Random;

const MILLION: u64 = 1_000_000;

/// Microseconds that a machine counts in a true second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace(u64);

impl Pace {
    /// That of somebody's machine: at most so many parts per million (below a million) fast or slow.
    #[must_use]
    pub fn drawn(seed: u64, number: usize, drift_max: u32) -> Self {
        let drift_max = u64::from(drift_max).min(MILLION - 1);
        let drawn = Random::new(seed, "pace", number).below(2 * drift_max + 1);
        Self(MILLION - drift_max + drawn)
    }

    /// What it counts in this time.
    #[must_use]
    pub fn counted(self, truth: Duration) -> Duration {
        micros(truth.as_micros() * u128::from(self.0) / u128::from(MILLION))
    }

    /// The first true moment at which it has counted to this one.
    #[must_use]
    pub fn reaches(self, counted: Moment) -> Moment {
        let truth = (u128::from(counted.as_micros()) * u128::from(MILLION)).div_ceil(u128::from(self.0));
        Moment::default() + micros(truth)
    }
}

fn micros(micros: u128) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn without_drift_a_machine_tells_the_truth() {
        let pace = Pace::drawn(1, 2, 0);
        assert_eq!(pace.counted(DAY), DAY);
        assert_eq!(pace.reaches(Moment::default() + DAY), Moment::default() + DAY);
    }

    #[test]
    fn the_drift_is_within_its_bound_and_of_everybody_another() {
        let counted: Vec<Duration> = (0..50).map(|number| Pace::drawn(1, number, 100).counted(DAY)).collect();
        let bound = DAY / 10_000;
        assert!(counted.iter().all(|counted| (DAY - bound..=DAY + bound).contains(counted)));
        assert!(counted.iter().any(|counted| *counted < DAY) && counted.iter().any(|counted| *counted > DAY));
    }

    #[test]
    fn what_is_due_has_been_counted_then_and_not_before() {
        for drift in [1, 77, 100_000, 999_999, u32::MAX] {
            for number in 0..20 {
                let pace = Pace::drawn(3, number, drift);
                for due in [1, 2, 999_999, 1_000_000, 86_400_000_001] {
                    let due = Moment::from_micros(due);
                    let reached = pace.reaches(due).since(Moment::default());
                    assert!(Moment::default() + pace.counted(reached) >= due);
                    let before = reached - Duration::from_micros(1);
                    assert!(Moment::default() + pace.counted(before) < due);
                }
            }
        }
    }
}
