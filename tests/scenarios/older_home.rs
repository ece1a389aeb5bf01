//! Homes that an older version left, and homes that a newer one did: the first go on with all that is in them, the
//! second are refused as they are.

use std::{collections::BTreeMap, fs, path::Path};

use causerie_node::store;
use causerie_protocol::{
    entropy::{Entropy, TurnRandom},
    output::ChangeSet,
    secret::Secret,
    upgrade::{self, Age},
    vault::Vault,
};
use causerie_tests::{Disk, Person};

const WAITING_FOR_BOB: [&str; 2] = ["Alice wrote this while Bob was away.", "And this."];
const WAITING_FOR_ALICE: &str = "Bob wrote this while Alice was away.";

/// The texts of a conversation with their states; the long one by its first letter.
fn said(person: &Person, with: &Person) -> Vec<(String, String)> {
    let rows = person.history(with).into_iter();
    rows.map(|row| (if row.text.starts_with('x') { "x".to_owned() } else { row.text }, row.state)).collect()
}

fn texts(person: &Person, with: &Person) -> Vec<String> {
    said(person, with).into_iter().map(|(text, _)| text).collect()
}

/// Every file of a home, but for locks and the log.
fn files(home: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(home).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "log" {
            found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else if path.is_file() && !name.ends_with("lock") {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn vault(home: &Path) -> Vault {
    let key = fs::read(home.join("vault.key")).unwrap();
    let key = Secret::new(*key.first_chunk().unwrap());
    Vault::open(&fs::read(home.join("vault.hdr")).unwrap(), &key).unwrap()
}

/// Starts somebody who looks for somebody else where they are now.
fn starts_dialling(person: &Person, other: &Person) {
    let [tcp, quic] = person.addresses();
    let [dial, _] = other.addresses();
    person.starts_with(&["--loopback", "--listen", &tcp, "--listen", &quic, "--dial", &dial]);
}

#[test]
fn an_older_home_has_everything_that_was_in_it_and_a_copy_until_that_is_proved() {
    let (alice, bob) = (Person::with_older_home("alice"), Person::with_older_home("bob"));
    let before = files(&alice.home());
    let contacts: Vec<_> = alice.contacts().into_iter().map(|one| (one.state, one.verification)).collect();
    let expected = [("active", "verified"), ("blocked", "none"), ("request", "none"), ("pending", "none")];
    assert_eq!(contacts, expected.map(|(state, verification)| (state.to_owned(), verification.to_owned())));
    let copy = files(&alice.home().join("before-migration"));
    for name in ["identity", "identity.previous", "store/conf"] {
        assert_eq!(copy[name], before[name], "{name}");
    }
    let db = &before["store/db"];
    assert!(copy["store/db"].starts_with(&db[..db.len() / 2]) && copy.contains_key("proved"));
    // The next start is the proof of the last one.
    let expected = [
        ("Hello, Bob.", "read"),
        ("Hello, Alice.", "delivered"),
        ("x", "delivered"),
        (WAITING_FOR_BOB[0], "queued"),
        (WAITING_FOR_BOB[1], "queued"),
    ];
    assert_eq!(said(&alice, &bob), expected.map(|(text, state)| (text.to_owned(), state.to_owned())));
    assert!(!alice.home().join("before-migration").exists());
    assert_eq!(alice.cli(&["invite", "list"]).values().len(), 4);
    alice.finds_everything_in_order();
    // Whichever an older program looks at, it sees that it may not.
    for name in ["identity", "identity.previous"] {
        let sealed = fs::read(alice.home().join(name)).unwrap();
        assert_eq!(upgrade::age_of_identity(&sealed, &vault(&alice.home())), Ok(Age::Current), "{name}");
    }
}

#[test]
fn what_waited_in_older_homes_arrives_once_and_they_talk_on() {
    let [alice, bob, dave] = ["alice", "bob", "dave"].map(Person::with_older_home);
    alice.starts();
    starts_dialling(&bob, &alice);
    bob.waits_for_text(&alice, WAITING_FOR_BOB[1]);
    alice.waits_for_text(&bob, WAITING_FOR_ALICE);
    alice.sends_and_waits(&bob, "after", "delivered");
    bob.sends_and_waits(&alice, "and back", "delivered");
    let expected = ["Hello, Bob.", "x", WAITING_FOR_BOB[0], WAITING_FOR_BOB[1], "after"];
    for person in [&alice, &bob] {
        let other = if person.id() == alice.id() { &bob } else { &alice };
        let mut all = texts(person, other);
        assert_eq!(all.len(), 8, "{all:?}");
        all.retain(|text| expected.contains(&text.as_str()));
        assert_eq!(all, expected, "{}", person.name());
        person.finds_everything_in_order();
    }
    // Dave's answer was stored there, and he was told to wait.
    starts_dialling(&dave, &alice);
    alice.decides("accept", &dave, &[]);
    dave.waits_until_online(&alice);
    dave.sends_and_waits(&alice, "at last", "delivered");
    assert_eq!(alice.contacts().iter().filter(|contact| contact.state == "blocked").count(), 1);
    for person in [&alice, &bob, &dave] {
        person.stops();
        person.finds_everything_in_order();
        assert!(!person.home().join("before-migration").exists(), "{}", person.name());
    }
}

#[test]
fn an_older_home_and_a_new_one_become_contacts() {
    let (alice, zoe) = (Person::with_older_home("alice"), Person::new("zoe"));
    alice.starts();
    zoe.starts();
    alice.meets(&zoe);
    alice.sends_and_waits(&zoe, "welcome", "delivered");
    zoe.sends_and_waits(&alice, "thanks", "delivered");
    assert_eq!(alice.contacts().len(), 5);
    assert_eq!(alice.status()["queued"], 2, "what waits for Bob waits on");
}

#[test]
fn an_older_home_on_a_full_disk_is_read_and_brought_up_to_date_when_there_is_room() {
    let Some(disk) = Disk::of(96) else { return };
    let bob = Person::with_older_home("bob");
    let mut here = Person::with_older_home("alice");
    here.moves_to(disk.path().join("alice"));
    let before = files(&here.home());
    // So little room is left that the store is read from a copy.
    disk.is_filled_but_for(8);
    assert_eq!(texts(&here, &bob).len(), 5);
    assert_eq!(files(&here.home()), before, "nothing was changed");
    // Enough for the store, and not for a copy of it.
    disk.is_emptied();
    disk.is_filled_but_for(20);
    let refused = here.cli(&["contacts"]);
    refused.is_refused(1, "storage");
    assert!(refused.stderr.contains("MiB are missing"), "{}", refused.stderr);
    disk.is_emptied();
    assert_eq!(texts(&here, &bob).len(), 5);
    here.finds_everything_in_order();
}

/// A home as a newer version would have left it, and what it is refused with.
fn is_refused_and_stays(person: &Person) {
    let before = files(&person.home());
    for command in [&["status"][..], &["contacts"], &["check"], &["run", "--loopback"]] {
        let refused = person.cli(command);
        refused.is_refused(1, "newer_home");
        assert!(refused.stderr.contains("newer version"), "{}", refused.stderr);
    }
    assert_eq!(files(&person.home()), before, "nothing was changed");
}

#[test]
fn a_newer_identity_is_refused_and_the_one_before_it_is_not_used_in_its_place() {
    let person = Person::new("alice");
    // A start writes it twice, so that there is one before it.
    person.cli(&["status"]).done();
    let identity = person.home().join("identity");
    let vault = vault(&person.home());
    let mut plain = vault.unseal_identity(&fs::read(&identity).unwrap()).unwrap();
    plain[..2].copy_from_slice(&(upgrade::VERSION + 1).to_be_bytes());
    let mut random = TurnRandom::new(&Entropy::new([5; 32]));
    fs::write(&identity, vault.seal_identity(&mut random, &plain)).unwrap();
    is_refused_and_stays(&person);
}

#[test]
fn a_newer_header_of_the_vault_is_refused() {
    let person = Person::new("alice");
    person.cli(&["status"]).done();
    let header = person.home().join("vault.hdr");
    let mut bytes = fs::read(&header).unwrap();
    bytes[8] += 1;
    fs::write(&header, bytes).unwrap();
    is_refused_and_stays(&person);
}

#[test]
fn a_newer_store_is_refused() {
    let person = Person::new("alice");
    person.cli(&["status"]).done();
    let vault = vault(&person.home());
    let key = vault.family(b'A', &[b"version"]).to_vec();
    let mut random = TurnRandom::new(&Entropy::new([5; 32]));
    let value = vault.seal(&mut random, &key, &(upgrade::VERSION + 1).to_be_bytes());
    let store = store::open(&person.home().join("store")).unwrap();
    store.apply(&ChangeSet { writes: [(key.clone(), Some(value.clone()))].into() }).unwrap();
    store.commit().unwrap();
    let records = |store: &dyn store::Store| {
        store.scan(&[], &[u8::MAX], causerie_protocol::records::Order::Ascending, usize::MAX).unwrap()
    };
    let before = (records(&*store), fs::read(person.home().join("identity")).unwrap());
    drop(store);
    for command in [&["status"][..], &["contacts"], &["run", "--loopback"]] {
        person.cli(command).is_refused(1, "newer_home");
    }
    // To open sled is to let it write down where it stands; what it holds is the same.
    let store = store::open(&person.home().join("store")).unwrap();
    assert_eq!((records(&*store), fs::read(person.home().join("identity")).unwrap()), before);
    assert!(!person.home().join("before-migration").exists());
}
