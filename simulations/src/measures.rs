//! What a run cost and how long things took: counted while it runs, put together by the report.

use core::time::Duration;
use std::collections::BTreeMap;

use causerie_protocol::moment::Moment;
use serde::{Deserialize, Serialize};

use crate::trace::INPUTS;

/// Counts and collected values of a run.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// Inputs by kind, in the order of [`INPUTS`].
    pub inputs: [u64; INPUTS.len()],
    /// Frames sent, by length in bytes.
    pub frames: BTreeMap<usize, u64>,
    /// Frames and bytes sent since calm began.
    pub repair: (u64, u64),
    /// Dials.
    pub dials: u64,
    /// Of these, those that led to somebody.
    pub dials_met: u64,
    /// Links broken by the network or by machines.
    pub broken: u64,
    /// Notices, by kind.
    pub notices: BTreeMap<&'static str, u64>,
    /// Warnings in logs.
    pub warnings: u64,
    /// Messages answered, and told to their readers.
    pub answered: u64,
    /// Messages that their readers were told of for the first time.
    pub delivered: u64,
    /// From writing to reading, of the time in which the two could have met.
    pub overlap: Vec<Duration>,
    /// From writing to reading, by the clock on the wall.
    pub elapsed: Vec<Duration>,
    /// Time that all people together were online.
    pub online: Duration,
    /// From the beginning of calm until everything was settled.
    pub settled_after: Option<Duration>,
    /// Records in each store at the end.
    pub records: Vec<usize>,
    /// Bytes in each store at the end.
    pub store_bytes: Vec<usize>,
    /// Who came back after a fault, and when.
    pub returned: Vec<(usize, Moment)>,
    /// Change-sets that were applied, and the records in them.
    pub writes: (u64, u64),
}

/// A distribution in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many values.
    pub count: u64,
    /// Half of them are at most this.
    pub p50: f64,
    /// 90 of 100.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
    /// All of them.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
}

impl Distribution {
    /// Of these values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let Some(max) = values.last().copied() else { return Self::default() };
        let at = |percent: usize| values[(values.len() - 1) * percent / 100];
        #[expect(clippy::cast_precision_loss, reason = "counts of a simulation are exact in a float")]
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
        Self { count, p50: at(50), p90: at(90), p99: at(99), max, mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_says_what_share_is_below() {
        let distribution = Distribution::of((1..=100).map(f64::from));
        assert_eq!((distribution.p50, distribution.p90, distribution.max), (50.0, 90.0, 100.0));
        assert_eq!(Distribution::of([]), Distribution::default());
    }
}
