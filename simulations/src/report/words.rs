//! A report for people.

use core::fmt::Write as _;

use super::{Report, Run};
use crate::measures::Distribution;

/// The report in words and columns.
#[must_use]
pub fn words(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}: {}", report.scenario, report.about);
    if report.cryptography != "real" {
        let _ = writeln!(
            text,
            "With stand-in cryptography, which protects nothing: sizes are true, keys are not."
        );
    }
    for run in &report.runs {
        of_run(&mut text, run);
    }
    if let Some((bytes, work)) = report.growth() {
        let _ = writeln!(
            text,
            "\nFrom the fewest people to the most, a message costs {bytes:.2} times the bytes and {work:.2} times the work."
        );
        let _ = writeln!(
            text,
            "{:>8} {:>10} {:>16} {:>16} {:>22}",
            "people", "delivered", "bytes/message", "inputs/message", "control bytes/hour"
        );
        for run in &report.runs {
            let _ = writeln!(
                text,
                "{:>8} {:>10} {:>16.0} {:>16.1} {:>22.0}",
                run.people,
                run.delivered,
                run.bytes_a_message,
                run.work_a_message,
                run.control_bytes_an_online_hour
            );
        }
    }
    text
}

fn of_run(text: &mut String, run: &Run) {
    let _ = writeln!(text, "\n{} people, seed {}, trace {}", run.people, run.seed, run.digest);
    if let Some(broken) = &run.violation {
        let _ = writeln!(text, "  BROKEN  {}: {}", broken.check, broken.sentence);
    }
    let _ = writeln!(text, "  messages            {} answered, {} delivered", run.answered, run.delivered);
    row(text, "seconds of overlap until read", &run.overlap_seconds, 2);
    row(text, "seconds until read", &run.elapsed_seconds, 1);
    let _ = writeln!(
        text,
        "  cost                {:.0} bytes and {:.1} inputs a message; {:.0} bytes of control an hour online ({:.0} h)",
        run.bytes_a_message, run.work_a_message, run.control_bytes_an_online_hour, run.online_hours
    );
    let settled =
        run.settled_after_seconds.map_or_else(|| "never".to_owned(), |time| format!("after {time:.0} s"));
    let _ = writeln!(
        text,
        "  calm                settled {settled}; {:.0} frames, {:.0} bytes a person",
        run.repair_frames_a_person, run.repair_bytes_a_person
    );
    row(text, "records in a store", &run.store_records, 0);
    row(text, "bytes in a store", &run.store_bytes, 0);
    let (dials, met) = run.dials;
    let _ =
        writeln!(text, "  network             {dials} dials, {met} met; {} links broke", run.broken_links);
    let notices: Vec<String> = run.notices.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let _ = writeln!(text, "  told once           {}; {} warnings", notices.join(", "), run.warnings);
}

fn row(text: &mut String, what: &str, values: &Distribution, digits: usize) {
    let Distribution { p50, p90, p99, max, mean, .. } = values;
    let _ = writeln!(
        text,
        "  {what:<30} p50 {p50:.digits$}  p90 {p90:.digits$}  p99 {p99:.digits$}  max {max:.digits$}  mean {mean:.digits$}"
    );
}
