//! Power that goes: what was acknowledged was synced, and whatever was under way leaves a home that opens.
//!
//! Homes lie on disks that lose what was not synced ([`PowerDisk`]). `CAUSERIE_LOSSES` is how often the power goes in
//! the story of two who talk; `CAUSERIE_SEED` varies when, and what is left.

mod disk;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use causerie_node::{
    home::Home,
    passphrase::{self, Effort},
};
use causerie_protocol::vault::{
    passphrase::{Cost, Passphrase},
    ring::{SLOT_BYTES, Slot},
};
use causerie_tests::{Author, Dice, Person, PowerDisk};

const LOSSES: usize = 24;
const MESSAGES_PER_ROUND: usize = 60;

/// Changes and syncs of a disk within which the power goes, in a round: about as many as a round takes.
const ACTS_PER_ROUND: usize = 60;

/// Every so many losses the disk is as good as full when the power goes.
const FULL_EVERY: usize = 6;

/// Below 32 MiB nothing new is taken.
const NEEDED_MEBIBYTES: usize = 40;

const MUCH_MEBIBYTES: u64 = 4_096;

/// How often a watched thing is looked at. Chosen.
const GLANCE: Duration = Duration::from_millis(5);

/// Somebody, and the disk that their home lies on. They go first.
struct Machine {
    person: Person,
    disk: PowerDisk,
}

impl Machine {
    /// `None`, with the reason printed, where this machine cannot have it.
    fn of(name: &str, seed: u64) -> Option<Self> {
        let disk = PowerDisk::of(seed)?;
        Some(Self { person: Person::with_home_in(disk.path(), name), disk })
    }

    fn running(name: &str, seed: u64) -> Option<Self> {
        let machine = Self::of(name, seed)?;
        machine.person.starts();
        Some(machine)
    }

    /// Without power nothing runs, and with it only what is started.
    fn is_off_and_on(&self) {
        self.disk.power_goes();
        self.person.is_killed();
        self.disk.has_room_for(MUCH_MEBIBYTES);
        self.disk.power_returns();
    }

    /// A process that dies leaves to the next one what is not durable, and then the power goes.
    fn is_killed_and_started(&self) {
        self.person.is_killed();
        self.person.starts();
    }
}

fn losses() -> usize {
    std::env::var("CAUSERIE_LOSSES").ok().and_then(|text| text.parse().ok()).unwrap_or(LOSSES)
}

/// Both write, and the power of these goes at some moment.
fn a_round(dice: &mut Dice, authors: [&mut Author<'_>; 2], victims: &[&Machine], everybody: [&Machine; 2]) {
    let sockets = everybody.map(|machine| machine.person.socket());
    for victim in victims {
        let act = victim.disk.acts() + 1 + dice.below(ACTS_PER_ROUND) as u64;
        victim.disk.power_goes_at(act);
        if dice.below(FULL_EVERY) == 0 {
            victim.disk.has_room_for(dice.below(NEEDED_MEBIBYTES) as u64);
        }
    }
    let writing = AtomicUsize::new(2);
    thread::scope(|scope| {
        for (author, socket) in authors.into_iter().zip(sockets) {
            let writing = &writing;
            author.wanted += MESSAGES_PER_ROUND;
            scope.spawn(move || {
                author.writes_through(socket);
                writing.fetch_sub(1, Ordering::SeqCst);
            });
        }
        while writing.load(Ordering::SeqCst) > 0 && !victims.iter().all(|victim| victim.disk.has_no_power()) {
            thread::park_timeout(GLANCE);
        }
        for victim in victims {
            victim.is_off_and_on();
        }
    });
}

/// What a home without power for a while shows, before anybody could mend anything.
fn keeps_its_word(authors: &[Author<'_>; 2]) -> Result<(), String> {
    for author in authors {
        author.has_arrived(author.delivered())?;
        author.has_what_was_confirmed()?;
    }
    Ok(())
}

#[test]
fn power_that_goes_at_any_moment_loses_and_doubles_nothing() {
    let mut dice = Dice::seeded(20_270);
    let Some(alice) = Machine::running("alice", dice.throw()) else { return };
    let Some(bob) = Machine::running("bob", dice.throw()) else { return };
    alice.person.meets(&bob.person);
    let mut authors = [Author::new(&alice.person, &bob.person), Author::new(&bob.person, &alice.person)];
    for author in &mut authors {
        author.weight = 6_000;
    }
    let (mut lost, mut wanted) = (0, losses());
    while wanted > 0 {
        let both = [&alice, &bob];
        let victims = dice.one_of(&[&both[..1], &both[1..], &both]);
        let [hers, his] = &mut authors;
        a_round(&mut dice, [hers, his], victims, both);
        keeps_its_word(&authors).unwrap_or_else(|broken| panic!("after {lost} losses: {broken}"));
        for victim in victims {
            victim.person.starts();
            if dice.below(4) == 0 {
                victim.is_killed_and_started();
            }
        }
        lost += victims.len();
        wanted = wanted.saturating_sub(victims.len());
    }
    for author in &mut authors {
        assert!(author.writes(), "a running node confirms everything");
    }
    for author in &authors {
        author.is_satisfied();
    }
    for machine in [&alice, &bob] {
        machine.person.finds_everything_in_order();
    }
    println!("{lost} losses, {} messages each way", authors[0].wanted);
}

#[test]
fn a_disk_that_lies_is_found_out() {
    let mut dice = Dice::seeded(20_271);
    let Some(alice) = Machine::running("alice", dice.throw()) else { return };
    let bob = Person::new("bob");
    bob.starts();
    alice.person.meets(&bob);
    let mut hers = Author::new(&alice.person, &bob);
    let noticed = (0..20).any(|_| {
        alice.disk.lies(true);
        hers.wanted += MESSAGES_PER_ROUND;
        assert!(hers.writes());
        alice.is_off_and_on();
        alice.disk.lies(false);
        // Where not even the home opens, the harness says so by a panic.
        let checked = catch_unwind(AssertUnwindSafe(|| {
            hers.has_what_was_confirmed()?;
            alice.person.starts();
            Ok::<_, String>(())
        }));
        !matches!(checked, Ok(Ok(())))
    });
    assert!(noticed, "what was never synced was never missed");
}

#[test]
fn a_new_home_is_there_when_it_says_so_and_can_be_made_again_when_it_does_not() {
    let mut done = 0;
    for act in 1.. {
        let Some(disk) = PowerDisk::of(act) else { return };
        let alice = Person::without_identity_in(disk.path(), "alice");
        disk.power_goes_at(act);
        let made = alice.cli_with_power_of(&disk, &["init", "--name", "Alice"]);
        let is_whole = !disk.has_no_power();
        disk.power_returns();
        if made.code == 0 {
            assert_eq!(alice.status()["id"], made.value()["id"], "at act {act}");
            done += 1;
        } else {
            let again = alice.cli(&["init", "--name", "Alice"]);
            assert!(again.code == 0 || again.kind() == "identity_exists", "at act {act}: {}", again.stderr);
            assert_eq!(alice.status()["name"], "Alice", "at act {act}");
        }
        if is_whole && done > 8 {
            println!("{act} moments");
            return;
        }
    }
}

#[test]
fn a_command_that_writes_when_the_power_goes_has_done_it_or_not_and_the_home_opens() {
    let mut dice = Dice::seeded(20_272);
    let Some(disk) = PowerDisk::of(dice.throw()) else { return };
    let alice = Person::with_home_in(disk.path(), "alice");
    let made = || alice.cli(&["invite", "list"]).values().len();
    let (mut act, mut moments) = (0, 0);
    loop {
        // All of them would take too long; another seed takes others.
        act += 1 + dice.below(5) as u64;
        moments += 1;
        let before = made();
        disk.power_goes_at(disk.acts() + act);
        let done = alice.cli_with_power_of(&disk, &["invite"]).code == 0;
        let is_whole = !disk.has_no_power();
        disk.power_returns();
        assert_eq!(alice.cli(&["check"]).value()["ok"], true, "at act {act}");
        let more = made() - before;
        assert!(more == 1 || (more == 0 && !done), "at act {act}: {more} more, done {done}");
        if is_whole {
            println!("{moments} moments");
            return;
        }
    }
}

fn secret(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

/// Whether this opens a home: a passphrase, or nothing at all.
fn opens(home: &std::path::Path, with: Option<&str>) -> bool {
    match with {
        Some(text) => passphrase::check(home, &secret(text)).is_ok(),
        None => causerie_node::home::VaultFiles::of(home).is_ok_and(|files| files.unlock(None).is_ok()),
    }
}

#[test]
fn a_passphrase_that_is_changed_when_the_power_goes_is_the_old_or_the_new_one() {
    let effort = Effort::Fixed(Cost::new(8, 1, 1).unwrap());
    for (before, after) in [(None, Some("new")), (Some("old"), Some("new")), (Some("old"), None)] {
        for act in 1.. {
            let Some(disk) = PowerDisk::of(act) else { return };
            let alice = Person::with_home_in(disk.path(), "alice");
            let home = alice.home();
            if let Some(before) = before {
                passphrase::set(&home, None, &secret(before), effort).unwrap();
            }
            disk.power_goes_at(disk.acts() + act);
            let current = before.map(secret);
            let done = match after {
                Some(after) => passphrase::set(&home, current.as_ref(), &secret(after), effort),
                None => passphrase::remove(&home, current.as_ref()),
            };
            let is_whole = !disk.has_no_power();
            disk.power_returns();
            let [old, new] = [before, after].map(|with| opens(&home, with));
            let what = format!("{before:?} to {after:?} at act {act}: {done:?}");
            assert!(if done.is_ok() { new && !old } else { old != new }, "{what}, old {old}, new {new}");
            if is_whole {
                println!("{act} moments");
                break;
            }
        }
    }
}

#[test]
fn identity_and_ring_are_the_old_or_the_new_ones_when_the_power_goes() {
    for act in 1.. {
        let Some(disk) = PowerDisk::of(act) else { return };
        let path = disk.path().join("home");
        let (home, _) = Home::create(&path).unwrap();
        home.write_identity(b"first").unwrap();
        home.write_identity(b"second").unwrap();
        home.write_ring(Slot::First, &[1; SLOT_BYTES]).unwrap();
        home.write_ring(Slot::Second, &[2; SLOT_BYTES]).unwrap();
        disk.power_goes_at(disk.acts() + act);
        let ring = home.write_ring(Slot::First, &[3; SLOT_BYTES]);
        let identity = home.write_identity(b"third");
        let is_whole = !disk.has_no_power();
        drop(home);
        disk.power_returns();
        let home = Home::open(&path, Duration::ZERO).unwrap();
        let copies = home.read_identity().unwrap();
        let (current, previous) = (copies.current.unwrap_or_default(), copies.previous.unwrap_or_default());
        let there: [&[u8]; 2] = [&current, &previous];
        let expected: &[[&[u8]; 2]] = match identity {
            Ok(()) => &[[b"third", b"second"]],
            Err(_) => &[[b"second", b"first"], [b"", b"second"], [b"third", b"first"], [b"third", b"second"]],
        };
        assert!(expected.contains(&there), "at act {act}: {there:?}");
        let slots = home.read_ring().unwrap();
        assert_eq!(slots[1], Some(vec![2; SLOT_BYTES]), "at act {act}");
        let first = slots[0].as_ref().unwrap();
        assert!(first == &[3; SLOT_BYTES] || ring.is_err(), "at act {act}: {first:?}");
        if is_whole {
            println!("{act} moments");
            return;
        }
    }
}
