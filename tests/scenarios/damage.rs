//! Homes with files that are damaged, missing or something else: each ends with a sentence and a way on, or goes on by
//! itself, and afterwards two people talk again and nothing that was acknowledged is lost.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use causerie_tests::{Dice, Person};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two people who talked, and copies of their homes from then.
struct Story {
    alice: Person,
    bob: Person,
    copies: TempDir,
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Deleted,
    Emptied,
    Halved,
    /// One bit, so many hundredths from the beginning.
    Flipped(usize),
    Garbage,
    Directory,
    Pipe,
}

const DAMAGES: [Damage; 9] = [
    Damage::Deleted,
    Damage::Emptied,
    Damage::Halved,
    Damage::Flipped(0),
    Damage::Flipped(40),
    Damage::Flipped(99),
    Damage::Garbage,
    Damage::Directory,
    Damage::Pipe,
];

impl Damage {
    fn befalls(self, path: &Path) {
        let bytes = fs::read(path).unwrap();
        match self {
            Self::Deleted => fs::remove_file(path).unwrap(),
            Self::Emptied => fs::write(path, b"").unwrap(),
            Self::Halved => fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
            Self::Flipped(place) => {
                let mut flipped = bytes;
                if let Some(byte) = flipped.len().checked_sub(1).map(|last| last * place / 99) {
                    flipped[byte] ^= 8;
                }
                fs::write(path, flipped).unwrap();
            }
            Self::Garbage => {
                let mut dice = Dice::seeded(20_264);
                let garbage: Vec<u8> =
                    (0..bytes.len().max(100)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
                fs::write(path, garbage).unwrap();
            }
            Self::Directory => {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            }
            Self::Pipe => {
                fs::remove_file(path).unwrap();
                pipe(path);
            }
        }
    }
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success(), "no pipe can be made");
}

fn remove(path: &Path) {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

/// The error of a command that was refused: one sentence and what to do, in our words.
fn sentence(stderr: &str, told: &str) -> Value {
    let lines: Vec<&str> = stderr.lines().collect();
    let [line] = lines[..] else { panic!("{told}: not one line: {stderr}") };
    let said: Value = serde_json::from_str(line).unwrap();
    for foreign in ["panicked", "corrupted", "backtrace", "sled", "os error", "Os {"] {
        assert!(!line.contains(foreign), "{told}: {line}");
    }
    said["error"].clone()
}

impl Story {
    fn new() -> Self {
        let (alice, bob) = (Person::new("alice"), Person::new("bob"));
        alice.starts();
        bob.starts();
        alice.meets(&bob);
        for number in 0..6 {
            alice.sends_and_waits(&bob, &format!("hers {number}"), "delivered");
            bob.sends_and_waits(&alice, &format!("his {number}"), "delivered");
        }
        alice.stops();
        bob.stops();
        let copies = tempfile::tempdir().unwrap();
        for person in [&alice, &bob] {
            person.copies_home_to(&copies.path().join(person.name()));
        }
        Self { alice, bob, copies }
    }

    fn begins_again(&self) {
        for person in [&self.alice, &self.bob] {
            if person.is_running() {
                person.is_killed();
            }
            person.puts_back(&self.copies.path().join(person.name()));
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.alice.home().join(name)
    }

    fn puts_file_back(&self, name: &str) {
        remove(&self.at(name));
        fs::copy(self.copies.path().join("alice").join(name), self.at(name)).unwrap();
    }

    /// Does what the sentences say until Alice's node runs; the kinds of the errors on the way.
    fn follows_the_hints(&self, told: &str) -> Vec<String> {
        let mut kinds = Vec::new();
        let listen = self.alice.addresses();
        loop {
            assert!(kinds.len() < 3, "{told}: it never runs: {kinds:?}");
            let looked = ["history", "check"].map(|command| {
                let args = if command == "check" { vec!["check"] } else { vec![command, self.bob.id()] };
                self.alice.cli(&args)
            });
            let [history, check] = &looked;
            assert_eq!(history.code, check.code, "{told}: {} {}", history.stderr, check.stderr);
            if history.code == 0 {
                self.alice.starts();
                return kinds;
            }
            let run = ["run", "--loopback", "--listen", &listen[0], "--listen", &listen[1]];
            let refused = self.alice.cli(&run);
            assert_eq!((history.code, refused.code), (1, 1), "{told}: {}", refused.stderr);
            let error = sentence(&refused.stderr, told);
            assert_eq!(error, sentence(&history.stderr, told), "{told}");
            kinds.push(error["kind"].as_str().unwrap().to_owned());
            let (kind, message) = (error["kind"].as_str().unwrap(), error["message"].as_str().unwrap());
            match kind {
                "store_damaged" => {
                    assert!(message.contains(self.at("store").to_str().unwrap()), "{told}: {message}");
                    self.alice.starts_with(&[&run[1..], &["--set-store-aside"]].concat());
                    return kinds;
                }
                "storage" if message.ends_with(" is not a file") => {
                    remove(Path::new(message.strip_suffix(" is not a file").unwrap()));
                }
                "storage" | "newer_home" if message.contains("vault.") || kind == "newer_home" => {
                    self.puts_file_back("vault.hdr");
                    self.puts_file_back("vault.key");
                }
                _ => panic!("{told}: {error}"),
            }
        }
    }

    /// Both write, and both have all that was ever delivered.
    fn talks_again(&self, told: &str) {
        let (alice, bob) = (&self.alice, &self.bob);
        bob.starts();
        alice.waits_until_online(bob);
        alice.sends_and_waits(bob, "hers again", "delivered");
        bob.sends_and_waits(alice, "his again", "delivered");
        for (author, own) in [(alice, "hers"), (bob, "his")] {
            let mut texts: Vec<String> = (0..6).map(|number| format!("{own} {number}")).collect();
            texts.push(format!("{own} again"));
            for reader in [alice, bob] {
                let other = if reader.id() == alice.id() { bob } else { alice };
                // What was written before the rest came back stands before it.
                let has = || {
                    let rows = reader.history(other).into_iter().filter(|row| row.author == author.id());
                    let mut texts: Vec<String> = rows.map(|row| row.text).collect();
                    texts.sort();
                    texts
                };
                reader.waits_until(&format!("{told}: all is there"), || (has() == texts).then_some(()));
            }
        }
        for person in [alice, bob] {
            assert!(!person.stderr().contains("panicked"), "{told}: {}", person.stderr());
        }
    }

    fn survives(&self, name: &str, damage: Damage) -> Vec<String> {
        let told = format!("{name} {damage:?}");
        self.begins_again();
        damage.befalls(&self.at(name));
        let kinds = self.follows_the_hints(&told);
        self.talks_again(&told);
        kinds
    }
}

#[test]
fn keys_that_are_damaged_are_put_back_or_recovered() {
    let story = Story::new();
    for damage in DAMAGES {
        for name in ["vault.hdr", "vault.key"] {
            assert!(!story.survives(name, damage).is_empty(), "{name} {damage:?}: nobody noticed");
        }
    }
}

#[test]
fn an_identity_that_is_damaged_is_recovered_and_its_owner_is_told() {
    let story = Story::new();
    for damage in DAMAGES {
        let kinds = story.survives("identity", damage);
        let is_file = !matches!(damage, Damage::Directory | Damage::Pipe);
        assert_eq!(kinds.is_empty(), is_file, "{damage:?}: {kinds:?}");
        story.survives("identity.previous", damage);
    }
}

#[test]
fn a_store_that_is_damaged_goes_on_or_is_set_aside() {
    let story = Story::new();
    for damage in DAMAGES {
        story.survives("store/db", damage);
        story.survives("store/conf", damage);
    }
}

#[test]
fn what_an_opening_of_the_store_that_was_cut_short_has_left_is_no_damage() {
    let story = Story::new();
    for damage in [Damage::Deleted, Damage::Emptied, Damage::Halved] {
        assert_eq!(story.survives("store/conf", damage), [""; 0], "{damage:?}");
    }
    story.begins_again();
    fs::write(story.at("store/snap.FFFFFFFFFFFFFFFF.generating"), "half a snapshot").unwrap();
    assert_eq!(story.follows_the_hints("half a snapshot"), [""; 0]);
    story.talks_again("half a snapshot");
}

#[test]
fn a_ring_or_a_lock_or_a_log_that_is_damaged_costs_nothing() {
    let story = Story::new();
    for damage in DAMAGES {
        story.survives("ring", damage);
    }
    // The locks are empty as it is.
    for damage in [Damage::Deleted, Damage::Garbage, Damage::Directory, Damage::Pipe] {
        for name in ["lock", "vault.lock", "log/causerie.log"] {
            story.survives(name, damage);
        }
    }
}

#[test]
fn a_store_that_is_gone_or_none_or_another_one_costs_nothing_acknowledged() {
    let story = Story::new();
    let (store, copies) = (story.at("store"), story.copies.path());
    type Harm<'a> = (&'a str, &'a dyn Fn());
    let harms: [Harm<'_>; 5] = [
        ("gone", &|| {}),
        ("empty", &|| fs::create_dir(&store).unwrap()),
        ("a file", &|| fs::write(&store, "a file").unwrap()),
        ("a pipe", &|| pipe(&store)),
        ("of somebody else", &|| {
            let other = copies.join("bob/store");
            assert!(Command::new("cp").arg("-r").args([&other, &store]).status().unwrap().success());
        }),
    ];
    for (told, harm) in harms {
        story.begins_again();
        fs::remove_dir_all(&store).unwrap();
        harm();
        let kinds = story.follows_the_hints(told);
        assert_eq!(kinds.is_empty(), !["a file", "a pipe"].contains(&told), "{told}: {kinds:?}");
        story.talks_again(told);
    }
}

#[test]
fn a_damaged_store_is_set_aside_only_when_that_is_asked_for_and_a_whole_one_never() {
    let story = Story::new();
    let (alice, listen) = (&story.alice, story.alice.addresses());
    let run = ["--loopback", "--set-store-aside", "--listen", &listen[0]];
    alice.starts_with(&run);
    alice.stops();
    assert!(!story.at("set-aside-1").exists(), "a store that is whole stays");
    assert_eq!(alice.history(&story.bob).len(), 12);
    Damage::Flipped(0).befalls(&story.at("store/conf"));
    let damaged = fs::read(story.at("store/db")).unwrap();
    alice.cli(&["check"]).is_refused(1, "store_damaged");
    alice.cli(&["run", "--loopback"]).is_refused(1, "store_damaged");
    assert!(!story.at("set-aside-1").exists(), "nobody asked for it");
    alice.starts_with(&run);
    let is_told = |event: &Value| event["type"] == "notice" && event["kind"] == "store_set_aside";
    let notice = alice.waits_for(is_told, "a notice where the old store is");
    let aside = story.at("set-aside-1/store");
    assert!(notice["text"].as_str().unwrap().contains(aside.to_str().unwrap()), "{notice}");
    assert!(fs::read(aside.join("db")).unwrap() == damaged, "what was there is kept");
    story.talks_again("set aside");
}

#[test]
fn an_identity_that_is_recovered_or_lost_is_told() {
    let story = Story::new();
    let alice = &story.alice;
    Damage::Emptied.befalls(&story.at("identity"));
    alice.starts();
    let is_told = |event: &Value| event["type"] == "notice" && event["kind"] == "identity_recovered";
    let notice = alice.waits_for(is_told, "a notice of the recovered identity");
    let log = fs::read_to_string(story.at("log/causerie.log")).unwrap();
    assert!(log.contains(notice["text"].as_str().unwrap()), "{log}");
    alice.stops();

    for name in ["identity", "identity.previous"] {
        Damage::Emptied.befalls(&story.at(name));
    }
    for command in [&["check"][..], &["run", "--loopback"]] {
        let refused = alice.cli(command);
        refused.is_refused(1, "storage");
        assert!(sentence(&refused.stderr, "both")["message"].to_string().contains("`identity`"));
    }
    for name in ["identity", "identity.previous"] {
        fs::remove_file(story.at(name)).unwrap();
    }
    for command in [&["check"][..], &["run", "--loopback"], &["passphrase", "remove"]] {
        alice.cli(command).is_refused(1, "identity_lost");
    }
    story.puts_file_back("identity");
    alice.starts();
    story.talks_again("put back");
    alice.stops();
    for name in ["identity", "identity.previous"] {
        fs::remove_file(story.at(name)).unwrap();
    }
    let made = alice.cli(&["init", "--name", "another"]).value();
    assert_eq!(made["set_aside"], story.at("set-aside-1").to_str().unwrap());
    for name in ["vault.hdr", "vault.key", "ring", "store/db"] {
        assert!(story.at("set-aside-1").join(name).exists(), "{name} is gone");
    }
    assert_eq!(alice.contacts().len(), 0);
}

#[test]
fn something_else_in_place_of_the_socket_or_the_log_is_no_riddle() {
    let story = Story::new();
    let alice = &story.alice;
    for (name, is_in_the_way) in [("node.sock", true), ("log", false)] {
        let path = story.at(name);
        let makes: [&dyn Fn(); 3] = [&|| fs::write(&path, "a file").unwrap(), &|| pipe(&path), &|| {
            fs::create_dir(&path).unwrap();
            fs::write(path.join("causerie.log"), "").unwrap();
        }];
        for (number, make) in makes.into_iter().enumerate() {
            remove(&path);
            make();
            assert_eq!(alice.contacts().len(), 1, "{name} {number}");
            if is_in_the_way && path.is_dir() {
                let refused = alice.cli(&["run", "--loopback"]);
                refused.is_refused(1, "storage");
                let error = sentence(&refused.stderr, name);
                assert_eq!(error["message"], format!("{} is not a file", path.display()));
                continue;
            }
            alice.starts();
            assert_eq!(alice.status()["running"], true);
            alice.stops();
        }
        remove(&path);
    }
}

#[test]
fn files_that_their_owner_may_not_use_are_named() {
    let story = Story::new();
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let names = ["store/db", "store/conf", "store", "identity", "ring", "lock", "vault.hdr", "vault.key"];
    for name in names {
        let path = story.at(name);
        let before = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        mode(&path, 0);
        for command in [&["history", story.bob.id()][..], &["run", "--loopback"]] {
            let Some(refused) = story.alice.cli_unprivileged(command) else { return };
            refused.is_refused(1, "storage");
            let error = sentence(&refused.stderr, name);
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with("this user may not read"), "{message}");
            assert!(message.ends_with(path.to_str().unwrap()), "{message}");
        }
        mode(&path, before);
    }
    // A home that its owner may only read is read.
    mode(&story.alice.home(), 0o500);
    let history = story.alice.cli_unprivileged(&["history", story.bob.id()]);
    assert_eq!(history.unwrap().values().len(), 12);
    story.alice.cli_unprivileged(&["run", "--loopback"]).unwrap().is_refused(1, "storage");
    mode(&story.alice.home(), 0o700);
    story.alice.starts();
    story.talks_again("as its owner");
}

#[test]
fn damage_under_a_node_that_runs_ends_it_with_the_same_sentence() {
    let story = Story::new();
    let (alice, bob) = (&story.alice, &story.bob);
    // More than is kept in memory.
    alice.starts();
    let text = "x".repeat(12_000);
    let message = json!({"conversation": bob.id(), "text": text});
    let answers = alice.socket().ask_all("message.send", &vec![message; 1_800]);
    assert!(answers.iter().all(|answer| matches!(answer, Some(Ok(_)))));
    alice.stops();
    alice.starts();
    let store = fs::File::options().write(true).open(story.at("store/db")).unwrap();
    let length = store.metadata().unwrap().len();
    for place in (length / 5..length / 5 * 4).step_by(4_096) {
        store.write_all_at(&[0x5a; 64], place).unwrap();
    }
    for _ in 0..2 {
        let checked = alice.cli(&["check"]);
        checked.is_refused(1, "store_damaged");
        sentence(&checked.stderr, "check");
    }
    alice.waits_until("the node ended", || alice.has_ended().then_some(()));
    let said = alice.stderr();
    assert_eq!(sentence(&said, "run")["kind"], "store_damaged");
    alice.is_killed();
    let listen = alice.addresses();
    alice.starts_with(&["--loopback", "--set-store-aside", "--listen", &listen[0], "--listen", &listen[1]]);
    story.talks_again("set aside");
}

#[test]
fn choices_of_networks_that_cannot_be_used_are_named_and_set_aside_when_that_is_asked() {
    let alice = Person::new("alice");
    let path = alice.home().join("network.toml");
    let asked = ["run", "--loopback", "--set-network-aside"];
    for (number, written) in (1..).zip(["exposure = \"nobody\"\n", "bootstrap = [\"example.org\"]\n"]) {
        fs::write(&path, written).unwrap();
        alice.is_refused_because("network.toml cannot be used", &asked[..2]);
        assert_eq!(fs::read_to_string(&path).unwrap(), written, "it was left alone");
        alice.starts_with(&asked[1..]);
        let aside = alice.home().join(format!("set-aside-{number}")).join("network.toml");
        assert_eq!(fs::read_to_string(&aside).unwrap(), written);
        alice.stops();
    }
    // What can be used stays where it is.
    fs::write(&path, "learn-servers = false\n").unwrap();
    alice.starts_with(&asked[1..]);
    alice.stops();
    assert!(path.exists());
}
