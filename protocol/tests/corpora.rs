//! Replays the corpora of every decoder, and what becomes of them when they are spoilt: `testing::fuzz`.
//!
//! `CAUSERIE_FUZZ_ROUNDS=1000` spoils a thousand times as often, `CAUSERIE_FUZZ_SEED` otherwise, `CAUSERIE_FUZZ_TARGET`
//! one target alone. `CAUSERIE_WRITE_CORPORA=1` writes today's examples; they are the files called `valid-…`. Files
//! called `found-…` reach what no example reaches: a fuzzer that is guided by that found them (`protocol/fuzz`). What
//! breaks something is put beside them under a name that says what it is.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and its settings are of the environment"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use causerie_protocol::testing::fuzz::{Target, play, targets};

/// Rounds of a decoder; a target that costs more has fewer.
const ROUNDS: usize = 600;

/// Bytes of address space that no decoder needs. Chosen: half of what a length of four bytes could ask for is eight times
/// as much, and threads of the test set some aside.
const ADDRESSES_MAX: u64 = 512 * 1_024 * 1_024;

fn directory(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora").join(target.name)
}

fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(directory(target)).into_iter().flatten();
    let mut all: Vec<(String, Vec<u8>)> = files
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

fn wish(name: &str) -> Option<String> {
    std::env::var(format!("CAUSERIE_{name}")).ok()
}

fn number(name: &str, otherwise: u64) -> u64 {
    wish(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn chosen() -> impl Iterator<Item = &'static Target> {
    let only = wish("FUZZ_TARGET");
    targets().filter(move |target| only.as_deref().is_none_or(|only| only == target.name))
}

/// Address space that this process ever had, where the system says it.
fn addresses() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or_default() * 1_024
}

#[test]
fn no_bytes_break_a_decoder_or_an_engine() {
    let (times, seed) = (number("FUZZ_ROUNDS", 1), number("FUZZ_SEED", 1));
    let before = addresses();
    for target in chosen() {
        let rounds = ROUNDS * usize::try_from(times).unwrap();
        play(target, &corpus(target), rounds, seed).unwrap_or_else(|broken| panic!("{broken}"));
        let more = addresses() - before;
        assert!(more < ADDRESSES_MAX, "{} set {more} bytes aside", target.name);
    }
}

#[test]
fn the_corpora_have_what_the_code_makes_today() {
    for target in chosen() {
        let examples = (target.examples)();
        if wish("WRITE_CORPORA").is_some() {
            fs::create_dir_all(directory(target)).unwrap();
            for (number, example) in examples.iter().enumerate() {
                fs::write(directory(target).join(format!("valid-{}", number + 1)), example).unwrap();
            }
        }
        let held = corpus(target);
        let valid = held.iter().filter(|(name, _)| name.starts_with("valid-")).count();
        let missing =
            examples.iter().filter(|example| !held.iter().any(|(_, bytes)| bytes == *example)).count();
        assert_eq!(
            (missing, valid),
            (0, examples.len()),
            "{}: CAUSERIE_WRITE_CORPORA=1 writes them",
            target.name
        );
    }
}
