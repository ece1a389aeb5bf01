//! What a run says: distributions and costs, as text, as JSON, and beside an earlier one.
//!
//! Everything in a report comes from the virtual world, so the same seed gives the same report; how fast the machine was
//! is told beside it. Frames of at most [`CONTROL_BYTES`] are control (keep-alive, receipts, hellos), longer ones carry
//! envelopes, first messages, lists of heads.

mod comparison;
mod plots;
mod words;

use causerie_protocol::{STAND_IN_CRYPTOGRAPHY, limits};
use serde::{Deserialize, Serialize};

pub use comparison::{Difference, compare};
pub use plots::plots;
pub use words::words;

use crate::{
    checks::Violation,
    measures::{Distribution, Measures},
    scenario::Scenario,
    trace::{INPUTS, INPUTS_REPORTED},
    world::World,
};

/// The longest frame that counts as control: the smallest bucket of a live channel, sealed.
pub const CONTROL_BYTES: usize = limits::LIVE_BUCKETS[0] + 16;

/// Messages that a run must have delivered before its costs a message are compared with others'.
const MESSAGES_MIN: u64 = 100;

/// Everything about one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Its name.
    pub scenario: String,
    /// What it is to show.
    pub about: String,
    /// `real`, or `stand-in`: cheap, protecting nothing.
    pub cryptography: String,
    /// Each run.
    pub runs: Vec<Run>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How many people.
    pub people: usize,
    /// From which seed.
    pub seed: u64,
    /// The hash of everything that went in and came out.
    pub digest: String,
    /// The promise that was broken, if one was.
    pub violation: Option<Broken>,
    /// Inputs that engines took after the setup, by kind.
    pub inputs: Vec<(String, u64)>,
    /// Messages that were answered.
    pub answered: u64,
    /// Messages that came.
    pub delivered: u64,
    /// Hours that all people together were online.
    pub online_hours: f64,
    /// Seconds from writing to reading in which the two could have met.
    pub overlap_seconds: Distribution,
    /// Seconds from writing to reading.
    pub elapsed_seconds: Distribution,
    /// Messages that needed at most so many seconds of overlap.
    pub overlap_curve: Vec<(f64, u64)>,
    /// The same for all seconds.
    pub elapsed_curve: Vec<(f64, u64)>,
    /// Bytes of frames above control, for each message that came.
    pub bytes_a_message: f64,
    /// Inputs other than timers and dials, for each message that came.
    pub work_a_message: f64,
    /// Bytes of control for an hour of one person being online.
    pub control_bytes_an_online_hour: f64,
    /// Frames by length.
    pub frames: Vec<(usize, u64)>,
    /// Seconds of calm until all was settled; `None` where it never was.
    pub settled_after_seconds: Option<f64>,
    /// Frames and bytes sent in calm by all, for each person.
    pub repair_frames_a_person: f64,
    /// See [`Self::repair_frames_a_person`].
    pub repair_bytes_a_person: f64,
    /// Records in each store.
    pub store_records: Distribution,
    /// Bytes in each store.
    pub store_bytes: Distribution,
    /// Bytes in all stores for each message that came, what contacts take included.
    pub store_bytes_a_message: f64,
    /// Dials, and those that led to somebody.
    pub dials: (u64, u64),
    /// Links that broke.
    pub broken_links: u64,
    /// Change-sets, and the records in them.
    pub writes: (u64, u64),
    /// What people were told once, by kind.
    pub notices: Vec<(String, u64)>,
    /// Warnings in logs.
    pub warnings: u64,
}

/// A promise that was broken, in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Which oracle says so.
    pub check: String,
    /// What was seen.
    pub sentence: String,
}

impl Report {
    /// Of a scenario, with no run yet.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let cryptography = if STAND_IN_CRYPTOGRAPHY { "stand-in" } else { "real" };
        Self {
            scenario: scenario.name.clone(),
            about: scenario.about.clone(),
            cryptography: cryptography.to_owned(),
            runs: Vec::new(),
        }
    }

    /// Whether no promise was broken.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.runs.iter().all(|run| run.violation.is_none())
    }

    /// How much more the dearest size costs a message than the cheapest, of several sizes that delivered enough: bytes,
    /// and work. `None` where there are not two.
    #[must_use]
    pub fn growth(&self) -> Option<(f64, f64)> {
        let enough: Vec<&Run> = self.runs.iter().filter(|run| run.delivered >= MESSAGES_MIN).collect();
        let smallest = enough.iter().min_by_key(|run| run.people)?;
        let largest = enough.iter().max_by_key(|run| run.people)?;
        (smallest.people < largest.people).then(|| {
            (
                largest.bytes_a_message / smallest.bytes_a_message,
                largest.work_a_message / smallest.work_a_message,
            )
        })
    }

    /// A cost that grows with the number of people more than the scenario allows is a broken promise as well.
    pub fn judge_growth(&mut self, growth_max: f64) {
        let Some((bytes, work)) = self.growth() else { return };
        if bytes <= growth_max && work <= growth_max {
            return;
        }
        let sentence = format!(
            "a message costs {bytes:.2} times the bytes and {work:.2} times the work with the most people than with the \
             fewest; {growth_max} is allowed"
        );
        if let Some(run) = self.runs.iter_mut().max_by_key(|run| run.people) {
            run.violation.get_or_insert(Broken { check: "growth".to_owned(), sentence });
        }
    }
}

impl Run {
    /// Of a world that has lived.
    #[must_use]
    pub fn of(world: &World, people: usize, seed: u64, violation: Option<&Violation>) -> Self {
        let measures = world.measures();
        let bytes = |control: bool| -> u64 {
            let some = measures.frames.iter().filter(|(len, _)| (**len <= CONTROL_BYTES) == control);
            some.map(|(len, count)| u64::try_from(*len).unwrap_or(u64::MAX) * count).sum()
        };
        let online_hours = measures.online.as_secs_f64() / 3_600.0;
        let seconds = |times: &[core::time::Duration]| -> Vec<f64> {
            times.iter().map(core::time::Duration::as_secs_f64).collect()
        };
        let (overlap, elapsed) = (seconds(&measures.overlap), seconds(&measures.elapsed));
        Self {
            people,
            seed,
            digest: world.digest(),
            violation: violation.map(|violation| Broken {
                check: violation.check.to_owned(),
                sentence: violation.sentence.clone(),
            }),
            inputs: inputs(measures),
            answered: measures.answered,
            delivered: measures.delivered,
            online_hours,
            overlap_curve: curve(&overlap),
            elapsed_curve: curve(&elapsed),
            overlap_seconds: Distribution::of(overlap),
            elapsed_seconds: Distribution::of(elapsed),
            bytes_a_message: ratio(bytes(false), measures.delivered),
            work_a_message: ratio(work(measures), measures.delivered),
            control_bytes_an_online_hour: if online_hours > 0.0 {
                float(bytes(true)) / online_hours
            } else {
                0.0
            },
            frames: measures.frames.iter().map(|(len, count)| (*len, *count)).collect(),
            settled_after_seconds: measures.settled_after.map(|time| time.as_secs_f64()),
            repair_frames_a_person: ratio(measures.repair.0, count(people)),
            repair_bytes_a_person: ratio(measures.repair.1, count(people)),
            store_records: Distribution::of(measures.records.iter().map(|records| float(count(*records)))),
            store_bytes: Distribution::of(measures.store_bytes.iter().map(|bytes| float(count(*bytes)))),
            store_bytes_a_message: ratio(
                measures.store_bytes.iter().map(|bytes| count(*bytes)).sum(),
                measures.delivered,
            ),
            dials: (measures.dials, measures.dials_met),
            broken_links: measures.broken,
            writes: measures.writes,
            notices: measures.notices.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect(),
            warnings: measures.warnings,
        }
    }
}

/// How many inputs of each kind there were.
fn inputs(measures: &Measures) -> Vec<(String, u64)> {
    let always = INPUTS.iter().zip(measures.inputs).take(INPUTS_REPORTED);
    let others = INPUTS.iter().zip(measures.inputs).skip(INPUTS_REPORTED).filter(|(_, count)| *count > 0);
    always.chain(others).map(|(name, count)| ((*name).to_owned(), count)).collect()
}

/// Inputs that are there because of messages and meetings, not because time passes.
fn work(measures: &Measures) -> u64 {
    let by_time = ["timeout", "address failed", "dial failed", "record found", "lookup ended"];
    let all = INPUTS.iter().zip(measures.inputs);
    all.filter(|(name, _)| !by_time.contains(name)).map(|(_, count)| count).sum()
}

/// How many values are at most 0.01, 0.1, 1, … : ten steps a power of ten.
fn curve(values: &[f64]) -> Vec<(f64, u64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let steps = [1.0, 1.3, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0];
    let powers = [0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
    let bounds = powers.iter().flat_map(|power| steps.map(|step| power * step));
    let mut curve = Vec::new();
    for bound in bounds {
        let below = count(sorted.partition_point(|value| *value <= bound));
        curve.push((bound, below));
        if below == count(sorted.len()) {
            break;
        }
    }
    curve
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a simulation are far below 2^52")]
const fn float(count: u64) -> f64 {
    count as f64
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_all_are_below() {
        let curve = curve(&[0.05, 0.5, 5.0]);
        assert_eq!(curve.last(), Some(&(5.0, 3)));
        assert!(curve.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1));
    }

    #[test]
    fn work_is_what_messages_cause() {
        let mut measures = Measures::default();
        measures.inputs.fill(1);
        assert_eq!(work(&measures), 13);
    }
}
