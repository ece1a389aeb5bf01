//! Homes that are locked with a passphrase: who can open them, with what, and what those see who cannot.

use std::{collections::BTreeMap, fs, path::PathBuf};

use causerie_protocol::{secret::Secret, vault::header::Header};
use causerie_tests::{Person, Traces, capture::files_below};
use serde_json::json;

/// A file beside the home with this passphrase, as an editor leaves it.
fn noted(person: &Person, text: &str) -> String {
    let file = person.home().with_file_name(format!("passphrase-{text}"));
    fs::write(&file, format!("{text}\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Runs a command with the passphrase in this file.
fn with<'a>(file: &'a str, command: &[&'a str]) -> Vec<&'a str> {
    [command, &["--passphrase-file", file]].concat()
}

fn sets(person: &Person, text: &str) -> String {
    let file = noted(person, text);
    assert_eq!(person.cli(&with(&file, &["passphrase", "set"])).value(), json!({}));
    file
}

/// `run`, so that its contacts find it again.
fn starts(person: &Person, passphrase_file: &str, input: &str) {
    let [tcp, quic] = person.addresses();
    let place = ["--loopback", "--listen", &tcp, "--listen", &quic];
    person.starts_reading(&with(passphrase_file, &place), input.as_bytes());
}

fn contents(person: &Person) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files_below(&person.home());
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[test]
fn a_locked_home_opens_with_its_passphrase_and_is_untouched_without() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let link = bob.invites(&[]);
    alice.accepts(&link);
    alice.sends(&bob, "before");
    assert_eq!(alice.status()["passphrase"], false);
    let (right, wrong) = (sets(&alice, "correct horse"), noted(&alice, "battery staple"));
    let before = contents(&alice);
    let commands: [&[&str]; 12] = [
        &["status"],
        &["invite"],
        &["invite", "list"],
        &["accept", &link],
        &["contacts"],
        &["contacts", "remove", bob.id()],
        &["send", bob.id(), "hello"],
        &["history", bob.id()],
        &["read", bob.id()],
        &["check"],
        &["passphrase", "remove"],
        &["run", "--loopback"],
    ];
    for command in commands {
        alice.cli(command).is_refused(6, "locked");
        alice.cli(&with(&wrong, command)).is_refused(6, "wrong_passphrase");
    }
    for file in ["one", "two"] {
        let set = ["passphrase", "set", "--new-passphrase-file", &noted(&alice, file)];
        alice.cli(&set).is_refused(6, "locked");
        alice.cli(&with(&wrong, &set)).is_refused(6, "wrong_passphrase");
    }
    assert_eq!(contents(&alice), before, "something was changed by somebody without the passphrase");

    let status = alice.cli(&with(&right, &["status"])).value();
    assert_eq!((&status["passphrase"], &status["id"]), (&json!(true), &json!(alice.id())));
    let from_input = alice.cli_reading(&with("-", &["status"]), b"correct horse\n").value();
    assert_eq!(from_input, status);
    for wrong in ["correct horse \n", "correct horse\n\n", "", "\n"] {
        alice.cli_reading(&with("-", &["status"]), wrong.as_bytes()).is_refused(6, "wrong_passphrase");
    }
    alice.cli(&with("nowhere", &["status"])).is_refused(6, "locked");
    let rows = alice.cli(&with(&right, &["history", bob.id()])).values();
    assert_eq!((rows.len(), &rows[0]["text"]), (1, &json!("before")));
    assert_eq!(alice.cli(&with(&right, &["check"])).value()["ok"], true);
}

#[test]
fn a_passphrase_is_changed_and_removed_by_whoever_knows_it() {
    let alice = Person::new("alice");
    let one = sets(&alice, "one");
    let two = noted(&alice, "two");
    assert!(!alice.home().join("vault.key").exists());
    // The file that is named is the current one now, so the new one is missing.
    alice.cli(&with(&one, &["passphrase", "set"])).is_refused(2, "usage");
    alice.cli(&["passphrase", "set"]).is_refused(2, "usage");
    let change = ["passphrase", "set", "--new-passphrase-file", &two];
    alice
        .cli_reading(&with("-", &["passphrase", "set", "--new-passphrase-file", "-"]), b"one")
        .is_refused(2, "usage");
    assert_eq!(alice.cli(&with(&one, &change)).value(), json!({}));
    alice.cli(&with(&one, &["status"])).is_refused(6, "wrong_passphrase");
    assert_eq!(alice.cli(&with(&two, &["status"])).value()["passphrase"], true);
    // The new one through standard input, the old one from its file.
    let back = ["passphrase", "set", "--new-passphrase-file", "-"];
    assert_eq!(alice.cli_reading(&with(&two, &back), b"three\n").value(), json!({}));
    alice.cli(&with(&two, &["passphrase", "remove"])).is_refused(6, "wrong_passphrase");
    assert_eq!(alice.cli_reading(&with("-", &["passphrase", "remove"]), b"three").value(), json!({}));
    assert_eq!(alice.status()["passphrase"], false);
    alice.cli(&["passphrase", "remove"]).is_refused(1, "no_passphrase");
    // Where none is needed, none is looked at.
    alice.cli(&with("nowhere", &["status"])).done();
}

#[test]
fn what_cannot_be_a_passphrase_is_refused_and_nothing_is_locked() {
    let alice = Person::new("alice");
    let set = with("-", &["passphrase", "set"]);
    for (input, kind) in [(&b""[..], "empty"), (b"\n", "empty"), (&[b'x'; 4_096], "too_long")] {
        alice.cli_reading(&set, input).is_refused(1, kind);
    }
    alice.cli(&with("nowhere", &["passphrase", "set"])).is_refused(1, "io");
    alice.cli(&["passphrase", "set"]).is_refused(2, "usage");
    alice.cli_reading(&with("-", &["send", "bob", "-"]), b"x").is_refused(2, "usage");
    assert_eq!(alice.status()["passphrase"], false);
    let nobody = Person::without_identity("nobody");
    nobody.cli_reading(&set, b"one").is_refused(1, "no_identity");
    nobody.cli(&["passphrase", "remove"]).is_refused(1, "no_identity");
}

#[test]
fn a_node_that_runs_needs_no_passphrase_and_lives_through_its_changes() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let one = sets(&alice, "one");
    assert_eq!(alice.status()["passphrase"], true);
    assert_eq!(alice.asks("node.status", &json!({}))["passphrase"], true);
    alice.sends_and_waits(&bob, "set while it runs", "delivered");
    alice.stops();
    alice.cli(&["status"]).is_refused(6, "locked");

    starts(&alice, "-", "one\n");
    alice.waits_until_online(&bob);
    bob.sends_and_waits(&alice, "you are back", "delivered");
    alice.cli(&["send", bob.id(), "no passphrase needed"]).done();
    // Who can use the socket has no need to know it; who changes it has.
    let two = noted(&alice, "two");
    let change = ["passphrase", "set", "--new-passphrase-file", &two];
    alice.cli(&change).is_refused(6, "locked");
    alice.cli(&with(&two, &change)).is_refused(6, "wrong_passphrase");
    alice.cli(&with(&one, &change)).done();
    alice.sends_and_waits(&bob, "changed while it runs", "delivered");
    alice.is_killed();
    alice.cli(&with(&one, &["status"])).is_refused(6, "wrong_passphrase");

    starts(&alice, &two, "");
    alice.waits_until_online(&bob);
    alice.cli(&with(&two, &["passphrase", "remove"])).done();
    assert_eq!(alice.status()["passphrase"], false);
    alice.sends_and_waits(&bob, "removed while it runs", "delivered");
    alice.stops();
    alice.starts();
    alice.waits_until_online(&bob);
    assert_eq!(alice.history(&bob).len(), 5);
    alice.finds_everything_in_order();
}

#[test]
fn a_home_can_be_locked_from_the_beginning() {
    let alice = Person::without_identity("alice");
    let file = noted(&alice, "first");
    let made = alice.cli(&with(&file, &["init", "--name", "alice"])).value();
    assert!(!alice.home().join("vault.key").exists());
    alice.cli(&["status"]).is_refused(6, "locked");
    let status = alice.cli(&with(&file, &["status"])).value();
    assert_eq!((&status["id"], &status["passphrase"]), (&made["id"], &json!(true)));
}

#[test]
fn nothing_in_a_locked_home_opens_it() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "hello", "delivered");
    alice.stops();
    let key = fs::read(alice.home().join("vault.key")).unwrap();
    let mut traces = Traces::default().of_bytes("the passphrase", b"correct horse battery");
    for part in key.windows(16) {
        traces = traces.of_bytes("a part of vault.key", part);
    }
    assert_ne!(traces.in_directory(&alice.home()), Vec::<String>::new());
    let file = sets(&alice, "correct horse battery");
    starts(&alice, &file, "");
    alice.sends_and_waits(&bob, "hello again", "delivered");
    assert_eq!(traces.in_directory(&alice.home()), Vec::<String>::new(), "while it runs");
    alice.stops();
    assert_eq!(traces.in_directory(&alice.home()), Vec::<String>::new());
    let header = Header::read(&fs::read(alice.home().join("vault.hdr")).unwrap()).unwrap();
    let mut tried = 0;
    for (path, bytes) in contents(&alice) {
        for window in bytes.array_windows::<32>() {
            assert!(header.open(&Secret::new(*window)).is_err(), "{} opens the home", path.display());
            tried += 1;
        }
    }
    assert!(tried > 1_000, "only {tried} keys were tried");
}

#[test]
fn a_node_leaves_no_core_dump() {
    let alice = Person::new("alice");
    alice.starts();
    let process = PathBuf::from(format!("/proc/{}", alice.pid()));
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let limit = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = limit.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limit}");
}
