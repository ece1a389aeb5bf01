//! Every place of the node where bytes of others become something, as targets of `causerie_protocol::testing::fuzz`:
//! what comes over a link before the engine sees it, what the meeting place and its nodes say, what is said at the
//! socket, and the files that people write. Their corpora lie in `node/tests/corpora`; the settings are those of
//! `protocol/tests/corpora.rs`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use causerie_protocol::testing::fuzz::{Target, play};

/// Rounds of a target whose cost is 1.
const ROUNDS: usize = 600;

fn targets() -> impl Iterator<Item = &'static Target> {
    let all = [crate::network::fuzz::TARGETS, crate::rpc::fuzz::TARGETS, crate::home::fuzz::TARGETS];
    let only = wish("FUZZ_TARGET");
    all.into_iter().flatten().filter(move |target| only.as_deref().is_none_or(|only| only == target.name))
}

fn wish(name: &str) -> Option<String> {
    std::env::var(format!("CAUSERIE_{name}")).ok()
}

fn number(name: &str) -> u64 {
    wish(name).map_or(1, |text| text.parse().unwrap())
}

fn directory(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora").join(target.name)
}

fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(directory(target)).into_iter().flatten().map(|file| file.unwrap().path());
    let mut all: Vec<_> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn no_bytes_break_the_node() {
    let rounds = ROUNDS * usize::try_from(number("FUZZ_ROUNDS")).unwrap();
    for target in targets() {
        play(target, &corpus(target), rounds, number("FUZZ_SEED"))
            .unwrap_or_else(|broken| panic!("{broken}"));
    }
}

#[test]
fn the_corpora_have_what_the_code_makes_today() {
    for target in targets() {
        let examples = (target.examples)();
        if wish("WRITE_CORPORA").is_some() {
            fs::create_dir_all(directory(target)).unwrap();
            for (number, example) in examples.iter().enumerate() {
                fs::write(directory(target).join(format!("valid-{}", number + 1)), example).unwrap();
            }
        }
        let held = corpus(target);
        let missing =
            examples.iter().filter(|example| !held.iter().any(|(_, bytes)| bytes == *example)).count();
        assert_eq!(missing, 0, "{}: CAUSERIE_WRITE_CORPORA=1 writes them", target.name);
    }
}
