//! Nodes end, as they should or not at all as they should, and begin again: nothing confirmed is lost, nothing doubled.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use causerie_tests::{Author, Dice, Person};
use tempfile::TempDir;

/// How often a node ends, unless `CAUSERIE_KILLS` says otherwise.
const KILLS: usize = 24;
/// After so many ends of nodes two others begin: each look at a history reads all of it.
const KILLS_OF_A_PAIR: usize = 60;
const MESSAGES_PER_ROUND: usize = 40;
/// Every so many rounds a home of another time is put back, and in between a file is damaged.
const ROUNDS_BETWEEN_COPIES: usize = 4;

/// How far off a clock is set, in seconds: right, hours, days and more than a year, ahead and behind.
const CLOCKS: [i64; 8] = [0, 3_600, -3_600, 93_600, -180_000, 777_600, -777_600, 34_560_000];

/// Two who write to each other while their nodes are killed.
struct Unrest<'a> {
    dice: Dice,
    people: [&'a Person; 2],
    authors: [Author<'a>; 2],
    /// Copies of homes from another time.
    copies: TempDir,
}

impl<'a> Unrest<'a> {
    /// Both write; one or both are killed, or stopped, or the clock of one is set meanwhile.
    fn round(&mut self) -> usize {
        let both = self.people;
        let victims = self.dice.one_of(&[&both[..1], &both[1..], &both]);
        let gently = self.dice.below(6) == 0;
        let heard_before = self.dice.below(MESSAGES_PER_ROUND);
        let begin = victims[0].bookmark();
        let sockets = both.map(Person::socket);
        let writing = AtomicUsize::new(2);
        let clock = (self.dice.one_of(&both), self.dice.one_of(&CLOCKS));
        thread::scope(|scope| {
            for (author, socket) in self.authors.iter_mut().zip(sockets) {
                let writing = &writing;
                author.wanted += MESSAGES_PER_ROUND;
                scope.spawn(move || {
                    author.writes_through(socket);
                    writing.fetch_sub(1, Ordering::SeqCst);
                });
            }
            waits_until_heard(victims[0], begin, heard_before, &writing);
            clock.0.clock_is_off_by(clock.1);
            for victim in victims {
                if gently {
                    victim.stops();
                } else {
                    victim.is_killed();
                }
            }
        });
        for author in &self.authors {
            author.has_arrived(author.delivered()).unwrap();
            author.has_what_was_confirmed().unwrap();
        }
        for victim in victims {
            victim.starts();
        }
        for author in &mut self.authors {
            assert!(author.writes(), "a running node confirms everything");
        }
        victims.len()
    }

    /// Everything arrived; then one of both has the home of another time again, and in the end what it lacks.
    fn puts_back_an_old_copy(&mut self) {
        self.is_satisfied();
        let victim = self.dice.one_of(&self.people);
        victim.stops();
        let copy = self.copies.path().join(victim.name());
        if copy.exists() {
            victim.puts_back(&copy);
            fs::remove_dir_all(&copy).unwrap();
        } else {
            victim.copies_home_to(&copy);
        }
        victim.starts();
        self.waits_until_all_is_back(victim);
    }

    /// Everything arrived; then a file of one of both is damaged, and whatever that is, its owner does what the sentence
    /// says and has everything again.
    fn damages_a_home(&mut self) {
        self.is_satisfied();
        let victim = self.dice.one_of(&self.people);
        victim.stops();
        let name = self.dice.one_of(&["store/db", "store/db", "store/db", "ring", "identity"]);
        let path = victim.home().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let place = self.dice.below(bytes.len());
        match self.dice.below(4) {
            0 => bytes.truncate(place),
            1 => bytes[place] ^= 1 << self.dice.below(8),
            2 => bytes.iter_mut().skip(place).take(4_096).for_each(|byte| *byte = 0),
            _ => bytes.splice(place.., self.dice.bytes(64)).for_each(drop),
        }
        fs::write(&path, bytes).unwrap();
        let [tcp, quic] = victim.addresses();
        let args = ["--loopback", "--set-store-aside", "--listen", &tcp, "--listen", &quic];
        victim.starts_with(&args);
        // All is read, which may show what a start did not.
        let looked = victim.cli(&["check"]);
        if looked.code != 0 {
            looked.is_refused(1, "store_damaged");
            victim.waits_until("the node ended", || victim.has_ended().then_some(()));
            victim.is_killed();
            victim.starts_with(&args);
        }
        self.waits_until_all_is_back(victim);
    }

    fn waits_until_all_is_back(&self, victim: &Person) {
        victim.waits_until("all of it is back", || {
            self.authors.iter().all(Author::has_everything).then_some(())
        });
    }

    fn is_satisfied(&self) {
        self.authors.iter().for_each(Author::is_satisfied);
    }
}

fn kills() -> usize {
    std::env::var("CAUSERIE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

#[test]
fn two_homes_on_one_machine_find_each_other_in_whatever_order_they_start() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let start = |person: &Person| person.starts_with(&["--loopback"]);
    start(&alice);
    start(&bob);
    alice.meets(&bob);
    let listens = |person: &Person| person.status()["listening"].clone();
    let before = (listens(&alice), listens(&bob));
    for first in [&bob, &alice] {
        alice.stops();
        bob.stops();
        start(first);
        start(if first.id() == bob.id() { &alice } else { &bob });
        alice.waits_until_online(&bob);
        assert_eq!((listens(&alice), listens(&bob)), before);
        alice.sends_and_waits(&bob, "there you are", "delivered");
    }
}

#[test]
fn nodes_killed_at_random_moments_lose_and_double_nothing() {
    let mut dice = Dice::seeded(20_261);
    let (mut killed, wanted) = (0, kills());
    while killed < wanted {
        killed += storm(dice.others(), (wanted - killed).min(KILLS_OF_A_PAIR));
    }
}

/// Two who are new to each other, until nodes ended so often.
fn storm(dice: Dice, wanted: usize) -> usize {
    let [alice, bob] = ["alice", "bob"].map(|name| Person::new(name).with_own_clock());
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let authors = [Author::new(&alice, &bob), Author::new(&bob, &alice)];
    let copies = tempfile::tempdir().unwrap();
    let mut unrest = Unrest { dice, people: [&alice, &bob], authors, copies };
    let mut killed = 0;
    for round in 1.. {
        killed += unrest.round();
        match round % ROUNDS_BETWEEN_COPIES {
            0 => unrest.puts_back_an_old_copy(),
            2 => unrest.damages_a_home(),
            _ => {}
        }
        if killed >= wanted {
            break;
        }
    }
    unrest.is_satisfied();
    println!("{killed} ends of nodes, {} messages each way", unrest.authors[0].wanted);
    for person in [&alice, &bob] {
        person.finds_everything_in_order();
        person.stops();
        person.finds_everything_in_order();
    }
    killed
}

/// Returns when somebody received so many messages since then, or nobody writes any more.
fn waits_until_heard(
    person: &Person,
    since: causerie_tests::person::Bookmark,
    messages: usize,
    writing: &AtomicUsize,
) {
    loop {
        let known = person.bookmark();
        let heard = person.counts(since, |event| event["type"] == "message.received");
        if heard >= messages || writing.load(Ordering::SeqCst) == 0 {
            return;
        }
        person.waits_for_news(known, Duration::from_millis(50));
    }
}

#[test]
fn a_reader_killed_again_and_again_has_everything_once_in_the_end() {
    let mut dice = Dice::seeded(20_262);
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    bob.stops();
    let mut hers = Author::new(&alice, &bob);
    hers.wanted = 2_000;
    assert!(hers.writes());
    for _ in 0..6 {
        bob.starts();
        if bob.texts_from(&alice).len() < hers.wanted {
            bob.waits_until_online(&alice);
            waits_until_some_came(&bob, &alice, dice.below(300), hers.wanted);
        }
        bob.is_killed();
    }
    bob.starts();
    hers.is_satisfied();
    bob.finds_everything_in_order();
}

/// Returns when so many more messages are there, or all.
fn waits_until_some_came(reader: &Person, author: &Person, more: usize, all: usize) {
    let before = reader.texts_from(author).len();
    let told = more.min(all - before);
    let begin = reader.bookmark();
    reader.waits_until("more of them came", || {
        let now = reader.counts(begin, |event| event["type"] == "message.received");
        (now >= told || reader.texts_from(author).len() == all).then_some(())
    });
}

#[test]
fn a_clean_stop_takes_at_most_five_seconds_and_leaves_no_socket() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let socket = alice.home().join("node.sock");
    assert!(socket.exists());
    let took = alice.stops();
    // A second for the machine on which this runs.
    assert!(took <= Duration::from_secs(6), "{took:?}");
    assert!(!socket.exists(), "the socket was left behind");
    bob.waits_until_offline(&alice);
    assert_eq!(alice.status()["running"], false);
}

#[test]
fn a_socket_that_nobody_answers_is_replaced() {
    let alice = Person::new("alice");
    alice.starts();
    alice.is_killed();
    assert!(fs::symlink_metadata(alice.home().join("node.sock")).is_ok(), "a killed node cannot clean up");
    assert_eq!(alice.status()["running"], false);
    alice.cli(&["listen"]).is_refused(7, "no_node");
    alice.starts();
    assert_eq!(alice.status()["running"], true);
    alice.stops();
    assert!(!alice.home().join("node.sock").exists());
}

#[test]
fn a_home_has_one_node_at_a_time() {
    let alice = Person::new("alice");
    alice.starts();
    alice.cli(&["run", "--loopback"]).is_refused(1, "home_in_use");
    assert_eq!(alice.status()["running"], true, "the first one goes on");
}

#[test]
fn a_start_waits_for_the_one_that_is_ending() {
    let alice = Person::new("alice");
    alice.starts();
    thread::scope(|scope| {
        let stopping = scope.spawn(|| alice.stops());
        let listed = alice.cli(&["contacts"]);
        listed.done();
        stopping.join().unwrap();
    });
    alice.starts();
}

#[test]
fn events_of_a_later_run_have_higher_numbers() {
    let alice = Person::new("alice");
    let mut last = 0;
    for _ in 0..3 {
        alice.starts();
        let seq = alice.waits_for(|event| event["seq"].is_u64(), "a number")["seq"].as_u64().unwrap();
        assert!(seq >> 32 > last >> 32, "{seq} after {last}");
        last = seq;
        alice.is_killed();
    }
}

#[test]
fn an_old_copy_of_a_home_gets_back_what_it_lacks() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    bob.sends_and_waits(&alice, "before the copy", "delivered");
    bob.stops();
    let backup = tempfile::tempdir().unwrap();
    bob.copies_home_to(backup.path());
    bob.starts();
    for number in 0..20 {
        bob.sends_and_waits(&alice, &format!("his {number}"), "delivered");
        alice.sends_and_waits(&bob, &format!("hers {number}"), "delivered");
    }
    bob.stops();
    bob.puts_back(backup.path());
    bob.sends(&alice, "written on the old copy");
    bob.starts();
    alice.waits_for_text(&bob, "written on the old copy");
    alice.sends_and_waits(&bob, "after it all", "delivered");
    bob.waits_until("all of it is back", || (bob.history(&alice).len() == 43).then_some(()));
    for (reader, author, own) in [(&alice, &bob, "his"), (&bob, &alice, "hers")] {
        let texts = reader.texts_from(author);
        for number in 0..20 {
            let text = format!("{own} {number}");
            assert_eq!(texts.iter().filter(|one| **one == text).count(), 1, "{text}");
        }
    }
    let own = bob.history(&alice).into_iter().filter(|row| row.outgoing).count();
    assert_eq!(own, 22, "his own messages came back to him once each");
}
