//! What the internet costs: real nodes in homes behind routers, on lines with a delay, a rate and a loss, beside raw sockets
//! over the same lines; what an idle node says; what 128 places cost a relay; how long people are apart when something
//! changes.
//!
//! ```text
//! home 1 ── router ══ slow line ══╗          ╔══ slow line ══ router ── home 2
//!                                 ╚═ server ═╝    each line: a quarter of the round trip and half of the loss each way
//! ```
//! Between the homes a packet takes half the round trip and is lost with 0 or 1 %, whether directly or over the server,
//! which is a relay in the middle. Everything is a process of its own, in a network namespace of its own; it needs root,
//! nftables and `/dev/net/tun`. Prints medians and p99 of one run, and asserts nothing about them. About 30 minutes:
//! `cargo bench -p causerie-tests --bench internet`, or a part of it: `-- lines`, `-- lines 100 1 relayed`, `-- idle`,
//! `-- relay`, `-- resume`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement, not a part of the program")]

mod figures;
mod idle;
mod lines;
mod raw;
mod relay;
mod resume;
mod talk;

use std::{fs, time::Instant};

fn main() {
    // Cargo adds an argument of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let begun = Instant::now();
    println!("load of the machine at the start {}", load());
    let wants = |part: &str| words.is_empty() || words[0] == part;
    if wants("lines") {
        lines::measure(words.get(1..).unwrap_or_default());
    }
    if wants("idle") {
        idle::measure();
    }
    if wants("relay") {
        relay::measure();
    }
    if wants("resume") {
        resume::measure();
    }
    println!("load of the machine at the end {}, after {} s", load(), begun.elapsed().as_secs());
}

/// Processes that ran or wanted to, on average over the last minute, of how many processors.
fn load() -> String {
    let average = fs::read_to_string("/proc/loadavg").unwrap();
    let cores = std::thread::available_parallelism().unwrap();
    format!("{} (on {cores} cores)", average.split(' ').next().unwrap())
}
