//! A report for people.

use super::{Report, Run};
use crate::measures::Distribution;

/// The report in words and columns.
#[must_use]
pub fn words(report: &Report) -> String {
    let mut lines = Vec::new();
    lines.push(format!("{}: {}", report.scenario, report.about));
    if report.cryptography != "real" {
        let warning = "With stand-in cryptography, which protects nothing: sizes are true, keys are not.";
        lines.push(warning.to_owned());
    }
    for run in &report.runs {
        of_run(&mut lines, run);
    }
    if let Some((bytes, work)) = report.growth() {
        lines.push(format!(
            "\nFrom the fewest people to the most, a message costs {bytes:.2} times the bytes and {work:.2} times the \
             work."
        ));
        lines.push(format!(
            "{:>8} {:>10} {:>16} {:>16} {:>22}",
            "people", "delivered", "bytes/message", "inputs/message", "control bytes/hour"
        ));
        for run in &report.runs {
            lines.push(format!(
                "{:>8} {:>10} {:>16.0} {:>16.1} {:>22.0}",
                run.people,
                run.delivered,
                run.bytes_a_message,
                run.work_a_message,
                run.control_bytes_an_online_hour
            ));
        }
    }
    lines.join("\n")
}

fn of_run(lines: &mut Vec<String>, run: &Run) {
    lines.push(format!("\n{} people, seed {}, trace {}", run.people, run.seed, run.digest));
    if let Some(broken) = &run.violation {
        lines.push(format!("  BROKEN  {}: {}", broken.check, broken.sentence));
    }
    lines.push(format!("  messages            {} answered, {} delivered", run.answered, run.delivered));
    row(lines, "seconds of overlap until read", &run.overlap_seconds, 2);
    row(lines, "seconds until read", &run.elapsed_seconds, 1);
    lines.push(format!("  cost                {:.0} bytes and {:.1} inputs a message; {:.0} bytes of control an hour online ({:.0} h)",
        run.bytes_a_message, run.work_a_message, run.control_bytes_an_online_hour, run.online_hours
    ));
    let settled =
        run.settled_after_seconds.map_or_else(|| "never".to_owned(), |time| format!("after {time:.0} s"));
    lines.push(format!(
        "  calm                settled {settled}; {:.0} frames, {:.0} bytes a person",
        run.repair_frames_a_person, run.repair_bytes_a_person
    ));
    row(lines, "records in a store", &run.store_records, 0);
    row(lines, "bytes in a store", &run.store_bytes, 0);
    let (dials, met) = run.dials;
    lines.push(format!("  network             {dials} dials, {met} met; {} links broke", run.broken_links));
    let notices: Vec<String> = run.notices.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let notices = if notices.is_empty() { "nothing".to_owned() } else { notices.join(", ") };
    lines.push(format!("  told once           {notices}; {} warnings", run.warnings));
}

fn row(lines: &mut Vec<String>, what: &str, values: &Distribution, digits: usize) {
    let Distribution { p50, p90, p99, max, mean, .. } = values;
    lines.push(format!("  {what:<30} p50 {p50:.digits$}  p90 {p90:.digits$}  p99 {p99:.digits$}  max {max:.digits$}  mean {mean:.digits$}"
    ));
}
