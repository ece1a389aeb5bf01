//! Times, and what is said of them.

use std::time::Duration;

/// Milliseconds, one a try.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// One more.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(millis(time));
    }

    /// The middle one.
    pub(crate) fn median(&self) -> f64 {
        self.sorted()[self.0.len() / 2]
    }

    /// That which one in a hundred is longer than.
    pub(crate) fn p99(&self) -> f64 {
        self.sorted()[self.0.len() * 99 / 100]
    }

    /// The longest.
    pub(crate) fn longest(&self) -> f64 {
        self.sorted()[self.0.len() - 1]
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// In milliseconds.
pub(crate) const fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// As much in a second, in KiB.
pub(crate) fn kib_a_second(bytes: usize, time: Duration) -> f64 {
    number(bytes) / 1_024.0 / time.as_secs_f64()
}

/// A count as a number with fractions.
pub(crate) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
