//! What an input costs the engine: lives are recorded on the bench and then played again, with nothing around the
//! engine but its store in memory. Two people exchange messages; one keeps idle channels to ten others for a day.
//!
//! Run it with `cargo bench -p causerie-protocol --features testing --bench input`; the name of one life after `--`
//! runs that alone. With `--features testing,stand-in` as well, the difference is what cryptography costs.
#![expect(clippy::unwrap_used, reason = "a measurement, not a part of the program")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures time")]

use std::{
    env,
    time::{Duration, Instant},
};

use causerie_protocol::{STAND_IN_CRYPTOGRAPHY, output::Output, testing::Bench};

type Life = fn() -> Bench;

const MESSAGES: usize = 5_000;

/// A life is played so often; the fastest is what counts.
const TIMES: usize = 3;

/// Each waits for nothing but the other's turn.
fn messages() -> Bench {
    let mut bench = Bench::new(1, &["alice", "bob"]);
    bench.befriend(0, 1);
    for number in 0..MESSAGES {
        let (from, to) = if number % 2 == 0 { (0, 1) } else { (1, 0) };
        bench.send(from, to, &format!("message {number} of a conversation of some length")).unwrap();
        bench.advance(Duration::from_secs(2));
    }
    bench
}

/// Ten channels stand, and nobody says anything.
fn idle() -> Bench {
    let names: Vec<String> = (0..11).map(|number| format!("peer {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bench = Bench::new(2, &names);
    for other in 1..names.len() {
        bench.befriend(0, other);
    }
    bench.advance(Duration::from_secs(24 * 3_600));
    bench
}

fn main() {
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!("stand-in cryptography: {STAND_IN_CRYPTOGRAPHY}");
    println!(
        "{:10} {:>8} {:>8} {:>10} {:>10} {:>12}",
        "", "inputs", "frames", "bytes", "bench s", "us an input"
    );
    let lives: [(&str, Life); 2] = [("messages", messages), ("idle", idle)];
    for (name, live) in lives {
        if !wanted.is_empty() && !wanted.iter().any(|word| word == name) {
            continue;
        }
        let begun = Instant::now();
        let bench = live();
        let whole = begun.elapsed();
        let recording = bench.peers.first().unwrap().recording.as_ref().unwrap();
        let frames: Vec<usize> = recording.outputs().iter().filter_map(frame_bytes).collect();
        let mut fastest = Duration::MAX;
        for _ in 0..TIMES {
            let begun = Instant::now();
            let outputs = recording.replay().unwrap();
            fastest = fastest.min(begun.elapsed());
            assert_eq!(outputs.len(), recording.outputs().len());
        }
        println!(
            "{name:10} {:8} {:8} {:10} {:10.2} {:12.2}",
            recording.inputs(),
            frames.len(),
            frames.iter().sum::<usize>(),
            whole.as_secs_f64(),
            fastest.as_secs_f64() * 1e6 / f64::from(u32::try_from(recording.inputs()).unwrap())
        );
    }
}

fn frame_bytes(output: &Output) -> Option<usize> {
    match output {
        Output::Transmit { frame, .. } => Some(frame.len()),
        _ => None,
    }
}
