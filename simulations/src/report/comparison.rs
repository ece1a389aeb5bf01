//! A report beside the last accepted one: what has become better or worse by more than chance.

use super::{Report, Run};

/// How far a figure may move before it counts, as a share. Runs repeat exactly while nothing changes; a change of the
/// engine shifts every draw behind it, and small runs then move by several hundredths by themselves.
const TOLERANCE: f64 = 0.10;

/// One figure that moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Of which run.
    pub run: String,
    /// Which figure.
    pub figure: &'static str,
    /// What it was.
    pub before: f64,
    /// What it is.
    pub now: f64,
    /// Whether that is for the worse.
    pub is_worse: bool,
}

impl core::fmt::Display for Difference {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { run, figure, before, now, is_worse } = self;
        let judgement = if *is_worse { "WORSE" } else { "better" };
        write!(f, "{judgement:>6}  {run}: {figure} was {before:.1} and is {now:.1}")
    }
}

/// Every figure that moved by more than the tolerance. A run that has no counterpart counts as moved.
#[must_use]
pub fn compare(before: &Report, now: &Report) -> Vec<Difference> {
    let mut differences = Vec::new();
    for run in &now.runs {
        let name = format!("{}, {} people, seed {}", now.scenario, run.people, run.seed);
        let same = |old: &&Run| (old.people, old.seed) == (run.people, run.seed);
        let Some(old) = before.runs.iter().find(same) else {
            let is_worse = true;
            differences.push(Difference {
                run: name,
                figure: "accepted runs",
                before: 0.0,
                now: 1.0,
                is_worse,
            });
            continue;
        };
        let broken = |run: &Run| -> f64 { if run.violation.is_some() { 1.0 } else { 0.0 } };
        for (figure, of, slack) in figures() {
            let (was, is) = (of(old), of(run));
            if (is - was).abs() > TOLERANCE * was.abs() + slack {
                differences.push(Difference {
                    run: name.clone(),
                    figure,
                    before: was,
                    now: is,
                    is_worse: is > was,
                });
            }
        }
        if (broken(run) - broken(old)).abs() > 0.5 {
            let (before, now, figure) = (broken(old), broken(run), "broken promises");
            differences.push(Difference { run: name, figure, before, now, is_worse: now > before });
        }
    }
    differences
}

type Figure = (&'static str, fn(&Run) -> f64, f64);

/// The figures, lower being better, and by how much each may move besides.
const fn figures() -> [Figure; 9] {
    [
        ("seconds of overlap until read, p50", |run| run.overlap_seconds.p50, 0.05),
        ("seconds of overlap until read, p99", |run| run.overlap_seconds.p99, 10.0),
        ("bytes a message", |run| run.bytes_a_message, 100.0),
        ("inputs a message", |run| run.work_a_message, 1.0),
        ("bytes of control an hour online", |run| run.control_bytes_an_online_hour, 1_000.0),
        ("seconds of calm until settled", |run| run.settled_after_seconds.unwrap_or(1e6), 20.0),
        ("bytes of repair a person", |run| run.repair_bytes_a_person, 20_000.0),
        ("records in a store, p50", |run| run.store_records.p50, 8.0),
        ("bytes in a store, p50", |run| run.store_bytes.p50, 4_096.0),
    ]
}
