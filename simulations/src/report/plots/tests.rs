//! What drawings must hold: the same bytes, names escaped, nothing drawn of nothing.

use super::*;
use crate::{measures::Distribution, report::MESSAGES_MIN};

fn run(people: usize, delivered: u64) -> Run {
    let curve = vec![(0.1, 0), (1.0, delivered / 2), (10.0, delivered)];
    let store = Distribution { count: 2, p50: 1e3, p90: 2e3, p99: 3e3, max: 4e3, mean: 2e3 };
    Run {
        people,
        seed: 7,
        digest: String::new(),
        violation: None,
        inputs: Vec::new(),
        answered: delivered,
        delivered,
        online_hours: 1.0,
        overlap_seconds: Distribution::default(),
        elapsed_seconds: Distribution::default(),
        overlap_curve: curve.clone(),
        elapsed_curve: curve,
        bytes_a_message: 2_000.0,
        work_a_message: 20.0,
        control_bytes_an_online_hour: 1.0,
        frames: vec![(80, 10), (1_000, 20)],
        settled_after_seconds: None,
        repair_frames_a_person: 0.0,
        repair_bytes_a_person: 0.0,
        store_records: Distribution::default(),
        store_bytes: store,
        store_bytes_a_message: 0.0,
        dials: (0, 0),
        broken_links: 0,
        writes: (0, 0),
        notices: Vec::new(),
        warnings: 0,
    }
}

fn report(runs: Vec<Run>) -> Report {
    Report { scenario: "a <&> b".to_owned(), about: String::new(), cryptography: "real".to_owned(), runs }
}

fn names(report: &Report) -> Vec<&'static str> {
    plots(report).unwrap().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = report(vec![run(10, 200), run(100, 300)]);
    let drawings = plots(&report).unwrap();
    assert_eq!(drawings, plots(&report).unwrap());
    assert_eq!(names(&report), ["delivery", "frames", "store", "growth"]);
    let mut other = report.clone();
    other.runs[0].bytes_a_message = 3_000.0;
    assert_ne!(drawings, plots(&other).unwrap());
}

#[test]
fn names_are_escaped() {
    let mut report = report(vec![run(10, 200), run(100, 300)]);
    report.scenario.push('\u{1}');
    for (name, drawing) in plots(&report).unwrap() {
        assert!(drawing.contains("Scenario a &lt;&amp;&gt; b, seed 7"), "{name}: {drawing}");
        assert!(!drawing.contains("<&>") && !drawing.contains('\u{1}'), "{name}");
    }
}

#[test]
fn stand_in_cryptography_is_told_on_every_drawing() {
    let mut report = report(vec![run(10, 200), run(100, 300)]);
    assert!(plots(&report).unwrap().iter().all(|(_, drawing)| !drawing.contains("cryptography")));
    report.cryptography = "stand-in".to_owned();
    assert!(plots(&report).unwrap().iter().all(|(_, drawing)| drawing.contains("stand-in cryptography")));
}

#[test]
fn nothing_is_drawn_of_nothing() {
    assert!(names(&report(Vec::new())).is_empty());
    let mut empty = run(2, 0);
    empty.frames.clear();
    empty.store_bytes = Distribution::default();
    assert!(names(&report(vec![empty.clone()])).is_empty());
    empty.delivered = 5;
    empty.answered = 5;
    empty.overlap_curve.clear();
    assert!(names(&report(vec![empty])).is_empty());
}

#[test]
fn growth_needs_two_sizes_that_delivered_enough() {
    assert!(!names(&report(vec![run(10, 200), run(10, 200)])).contains(&"growth"));
    assert!(!names(&report(vec![run(10, MESSAGES_MIN), run(100, MESSAGES_MIN - 1)])).contains(&"growth"));
    assert!(names(&report(vec![run(10, MESSAGES_MIN), run(100, MESSAGES_MIN)])).contains(&"growth"));
}

#[test]
fn a_figure_that_is_no_number_is_not_drawn() {
    let mut odd = run(100, 200);
    odd.bytes_a_message = f64::NAN;
    odd.store_bytes.max = f64::INFINITY;
    assert_eq!(names(&report(vec![run(10, 200), odd])), ["delivery", "frames"]);
}

#[test]
fn numbers_are_short_and_grouped() {
    let numbers = [0.0, 0.01, 0.1, 1.0, 2.5, 1_000.0, 12_500.0, 3e6].map(lines::number);
    assert_eq!(numbers, ["0", "0.01", "0.1", "1", "2.5", "1000", "12 500", "3 000 000"]);
}

#[test]
fn what_never_came_keeps_the_line_below_the_top() {
    let mut lossy = run(2, 50);
    lossy.answered = 100;
    let whole = plots(&report(vec![run(2, 50)])).unwrap();
    let half = plots(&report(vec![lossy])).unwrap();
    let highest = |drawings: &[(&str, String)]| -> i32 {
        let delivery = &drawings[0].1;
        let lines = delivery.lines().filter(|line| line.contains("stroke-width=\"2\""));
        let points = lines
            .flat_map(|line| line.split("points=\"").nth(1).unwrap().split('"').next().unwrap().split(' '));
        points.filter_map(|point| point.split(',').nth(1)).map(|y| y.parse().unwrap()).min().unwrap()
    };
    assert!(highest(&half) > highest(&whole) + 150, "{} {}", highest(&half), highest(&whole));
}
