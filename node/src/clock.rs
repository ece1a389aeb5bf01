//! The only file that reads the system's clocks.
//!
//! Moments count from the first reading of this process. The monotonic clock stands still while the machine sleeps
//! and nobody can set it; the wall clock does neither. When the two disagree about how long the last wait was, the
//! machine slept or somebody set the clock, and the engine is told with `Input::Resumed` (`docs/protocol.md`).

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use causerie_protocol::moment::{Moment, Now, WallTime};

/// How far the two clocks may drift apart between two readings. Chosen: a clock that is slewed at the usual 500 parts
/// in a million needs more than an hour for this, and a shorter sleep than this cuts no link.
pub const DRIFT_MAX: Duration = Duration::from_secs(2);

static ZERO: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Watches for jumps between the two clocks.
#[derive(Debug)]
pub struct Clock {
    before: Now,
}

impl Clock {
    /// Begins with a first reading.
    #[must_use]
    pub const fn start(now: Now) -> Self {
        Self { before: now }
    }

    /// Whether the clocks disagree by more than [`DRIFT_MAX`] about the time between the last reading and this one.
    pub fn jumped(&mut self, now: Now) -> bool {
        let before = core::mem::replace(&mut self.before, now);
        let monotonic = now.moment.since(before.moment);
        // Where the wall clock should be by now, and how far from there it is.
        let expected = before.wall + monotonic;
        now.wall.distance(expected) > DRIFT_MAX
    }
}

/// Both clocks. A wall clock before 1970 counts as 1970.
#[must_use]
pub fn now() -> Now {
    let zero = *ZERO;
    let monotonic = Instant::now().saturating_duration_since(zero);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { moment: Moment::default() + monotonic, wall: WallTime::default() + wall }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64, millis: u64) -> Now {
        Now { moment: Moment::from_micros(micros), wall: WallTime::from_millis(millis) }
    }

    #[test]
    fn time_goes_on_and_is_of_this_century() {
        let first = now();
        let second = now();
        assert!(second.moment >= first.moment);
        assert!(first.wall.as_secs() > 1_600_000_000);
        assert!(!Clock::start(first).jumped(second));
    }

    #[test]
    fn a_long_wait_is_no_jump() {
        let mut clock = Clock::start(at(0, 1_000_000));
        assert!(!clock.jumped(at(3_600_000_000, 4_600_000)));
    }

    #[test]
    fn a_jump_is_told_once_in_both_directions_and_only_above_the_bound() {
        for (wall, jumped) in [
            (1_002_000, false),
            (1_002_001, true),
            (998_000, false),
            (997_999, true),
            (5_000_000, true),
            (0, true),
        ] {
            let mut clock = Clock::start(at(5_000_000, 1_000_000));
            assert_eq!(clock.jumped(at(5_000_000, wall)), jumped, "wall clock at {wall}");
            assert!(!clock.jumped(at(6_000_000, wall + 1_000)));
        }
    }
}
