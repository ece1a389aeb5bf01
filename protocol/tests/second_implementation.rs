//! The vectors, recomputed by a second implementation of the formats: `second/recompute.py`, written from
//! `docs/wire-format.md` alone, with Python's standard library.
//!
//! It must find every value of every file right, and must notice a digit that is changed and a value that it does not
//! know. Where there is no `python3` of 3.8 or later, these tests pass without doing anything and print why.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what cannot be read or run fails its test"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const FILES: [&str; 7] =
    ["account.json", "cacophony.json", "derived.json", "log.json", "meeting.json", "step.json", "vault.json"];

fn of_the_tests(place: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(place)
}

/// Nothing where there is no Python that can run it.
fn python() -> Option<&'static str> {
    let name = "python3";
    // Some systems have one without most of its library.
    let question = "import ipaddress, json, sys; sys.exit(sys.version_info < (3, 8))";
    let asked = Command::new(name).args(["-c", question]).output();
    let reason = match asked {
        Ok(output) if output.status.success() => return Some(name),
        Ok(_) => "older than 3.8, or without its library".to_owned(),
        Err(error) => error.to_string(),
    };
    println!("passed over: no {name} to run the second implementation with ({reason})");
    None
}

/// Lets it recompute these files of a directory.
fn recompute(python: &str, directory: &Path, files: &[&str]) -> Output {
    let script = of_the_tests("second/recompute.py");
    Command::new(python).arg("-B").arg(script).arg(directory).args(files).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// That it refuses this text in place of the file, and names the file and a value with what is wrong.
#[track_caller]
fn assert_refused(python: &str, directory: &Path, file: &str, text: &str, why: &str) {
    fs::write(directory.join(file), text).unwrap();
    let output = recompute(python, directory, &[file]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{file} was found right, {why}: {said}");
    assert!(said.starts_with(&format!("{file}: ")), "{file}, {why}, names no value: {said}");
}

/// Where each value stands that is 32 hexadecimal digits long or longer, and its length.
fn hexadecimal(text: &str) -> Vec<(usize, usize)> {
    let is_hexadecimal = |value: &str| {
        value.len() >= 32 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut place = 0;
    let mut found = Vec::new();
    for value in text.split('"') {
        if is_hexadecimal(value) {
            found.push((place, value.len()));
        }
        place += value.len() + 1;
    }
    found
}

/// The text with one digit of a value changed, in its middle: at its ends X25519 ignores some bits of a secret.
fn with_another_digit(text: &str, (place, length): (usize, usize)) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let digit = &mut bytes[place + length / 2];
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    String::from_utf8(bytes).unwrap()
}

/// A directory of one test, without what an earlier run has left.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).unwrap();
    }
    fs::create_dir_all(&directory).unwrap();
    directory
}

#[test]
fn every_vector_is_what_the_document_says() {
    let Some(python) = python() else { return };
    let output = recompute(python, &of_the_tests("vectors"), &[]);
    let said = said(&output);
    assert!(output.status.success(), "\n{said}");
    // All of them, and no file that it does not know.
    for entry in fs::read_dir(of_the_tests("vectors")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(FILES.contains(&&*file), "{file} is recomputed by nothing");
        assert!(said.lines().any(|line| line.starts_with(&file)), "{file} was passed over:\n{said}");
    }
}

#[test]
fn a_changed_digit_is_noticed_in_every_file() {
    let Some(python) = python() else { return };
    let directory = directory("second-implementation-changed");
    for file in FILES {
        let text = fs::read_to_string(of_the_tests("vectors").join(file)).unwrap();
        let values = hexadecimal(&text);
        for value in [values[0], values[values.len() / 2], values[values.len() - 1]] {
            let changed = with_another_digit(&text, value);
            assert_refused(python, &directory, file, &changed, &format!("changed at {}", value.0));
        }
    }
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_value_that_nothing_recomputes_is_noticed_in_every_file() {
    let Some(python) = python() else { return };
    let directory = directory("second-implementation-more");
    for file in FILES {
        let text = fs::read_to_string(of_the_tests("vectors").join(file)).unwrap();
        let more = text.replacen('{', "{\"another\": \"00\", ", 1);
        assert_refused(python, &directory, file, &more, "with another value");
    }
    fs::remove_dir_all(directory).unwrap();
}
