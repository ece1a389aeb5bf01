//! Homes that can only be read, from the beginning or for a while: what is there is shown, what is new is refused, no file
//! changes, and everything goes on when they can be written again.

use std::{collections::BTreeMap, fs, path::PathBuf};

use causerie_tests::{
    Disk, Person,
    capture::files_below,
    disk::{Breaking, Veil},
};
use serde_json::Value;

/// Enough for a home and what it needs to be written.
const MEBIBYTES: usize = 96;

fn notice(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["type"] == "notice" && event["kind"] == kind
}

/// Every file of a home, and what is in it.
fn contents(person: &Person) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files_below(&person.home()).into_iter();
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

#[test]
fn a_home_on_a_read_only_file_system_is_read_and_nothing_runs_on_it() {
    let Some(disk) = Disk::of(MEBIBYTES) else { return };
    let (alice, bob) = (Person::with_home_on(&disk, "alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "before", "delivered");
    alice.is_killed();
    let secret = bob.home().join("passphrase");
    fs::write(&secret, "horse battery").unwrap();
    // As a node leaves it that was killed; and a copy without locks and socket.
    for _ in 0..2 {
        disk.is_read_only(true);
        let before = contents(&alice);
        alice.can_only_read(&bob, "can only be read", &["before"]);
        alice.is_refused_because("can only be read", &["run", "--loopback"]);
        alice.is_refused_because("can only be read", &["run", "--loopback", "--set-store-aside"]);
        alice.is_refused_because(
            "can only be read",
            &["passphrase", "set", "--passphrase-file", secret.to_str().unwrap()],
        );
        alice.cli(&["init", "--name", "another"]).is_refused(1, "identity_exists");
        alice.cli(&["listen"]).is_refused(7, "no_node");
        assert!(contents(&alice) == before, "a file was changed");
        disk.is_read_only(false);
        for name in ["lock", "vault.lock", "node.sock"] {
            fs::remove_file(alice.home().join(name)).ok();
        }
    }
    alice.starts();
    alice.sends_and_waits(&bob, "after", "delivered");
    bob.sends_and_waits(&alice, "after too", "delivered");
    alice.stops();
    alice.finds_everything_in_order();
    assert_eq!(bob.texts_from(&alice), ["before", "after"]);
}

#[test]
fn a_home_that_can_only_be_read_for_a_while_is_like_a_full_disk() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "before", "delivered");
    let mut texts = vec!["before"];
    for text in ["once", "again"] {
        let begin = alice.bookmark();
        let Some(veil) = Veil::over(&alice.home()) else { return };
        alice.can_only_read(&bob, "can only be read", &texts);
        alice.waits_for_since(begin, notice("no_room"), "a notice that nothing can be written");
        bob.waits_until_offline(&alice);
        let waiting = bob.sends(&alice, text);
        drop(veil);
        alice.waits_for_since(begin, notice("room_again"), "a notice that it can be again");
        bob.waits_until_message(&alice, &waiting, "delivered");
        texts.push(text);
    }
    // It stops as it should, and leaves its socket behind where it cannot take it away.
    let veil = Veil::over(&alice.home());
    alice.can_only_read(&bob, "can only be read", &texts);
    alice.stops();
    alice.can_only_read(&bob, "can only be read", &texts);
    alice.is_refused_because("can only be read", &["run", "--loopback"]);
    drop(veil);
    alice.starts();
    alice.sends_and_waits(&bob, "after", "delivered");
    alice.stops();
    alice.finds_everything_in_order();
    assert_eq!(alice.texts_from(&bob), ["once", "again"]);
}

#[test]
fn a_file_system_that_gives_up_is_found_out_by_what_it_refuses() {
    let Some(disk) = Breaking::of(MEBIBYTES) else { return };
    let (alice, bob) = (Person::with_home_in(&disk.path(), "alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "before", "delivered");
    let begin = alice.bookmark();
    disk.breaks();
    alice.is_refused_because("can only be read", &["send", bob.id(), "refused"]);
    alice.waits_for_since(begin, notice("no_room"), "a notice that nothing can be written");
    let waiting = bob.sends(&alice, "kept by Bob");
    alice.can_only_read(&bob, "can only be read", &["before"]);
    assert_eq!(alice.counts(begin, notice("room_again")), 0);
    alice.stops();
    alice.can_only_read(&bob, "can only be read", &["before"]);
    alice.is_refused_because("can only be read", &["run", "--loopback"]);
    disk.is_mended();
    alice.starts();
    bob.waits_until_message(&alice, &waiting, "delivered");
    alice.sends_and_waits(&bob, "after", "delivered");
    alice.stops();
    alice.finds_everything_in_order();
    assert_eq!(bob.texts_from(&alice), ["before", "after"]);
}
