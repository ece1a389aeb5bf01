//! Disks that are full: what is there can be read, what is new is refused or waits with others, nothing that was
//! confirmed is lost, and everything goes on by itself when there is room.

use causerie_tests::{Dice, Disk, Person};
use serde_json::{Value, json};

/// Enough for a home and what it needs to be written.
const MEBIBYTES: usize = 96;

const MESSAGES_PER_ROUND: usize = 300;

fn notice(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["type"] == "notice" && event["kind"] == kind
}

#[test]
fn a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let Some(disk) = Disk::of(MEBIBYTES) else { return };
    let (alice, bob) = (Person::with_home_on(&disk, "alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "before", "delivered");
    let mut texts = vec!["before"];
    // Once with room for our own small book-keeping, and once without any.
    for (left, text) in [(20, "in the first need"), (0, "in the second need")] {
        let full = alice.bookmark();
        disk.is_filled_but_for(left);
        alice.can_only_read(&bob, "full", &texts);
        alice.waits_for_since(full, notice("no_room"), "a notice that there is no room");
        bob.waits_until_offline(&alice);
        let waiting = bob.sends(&alice, text);
        assert_eq!(bob.history(&alice).last().unwrap().state, "queued");
        disk.is_emptied();
        alice.waits_for_since(full, notice("room_again"), "a notice that there is room");
        bob.waits_until_message(&alice, &waiting, "delivered");
        texts.push(text);
        for kind in ["no_room", "room_again"] {
            assert_eq!(alice.counts(full, notice(kind)), 1, "notices of {kind}");
        }
    }
    alice.sends_and_waits(&bob, "after", "delivered");
    texts.push("after");
    for person in [&alice, &bob] {
        let other = if person.id() == alice.id() { &bob } else { &alice };
        assert_eq!(person.history(other).into_iter().map(|row| row.text).collect::<Vec<_>>(), texts);
        person.finds_everything_in_order();
        person.stops();
        person.finds_everything_in_order();
    }
}

#[test]
fn a_home_on_a_full_disk_opens_for_reading_and_stops_as_it_should() {
    let Some(disk) = Disk::of(MEBIBYTES) else { return };
    let (alice, bob) = (Person::with_home_on(&disk, "alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    bob.sends_and_waits(&alice, "before", "delivered");
    alice.is_killed();
    let waiting = bob.sends(&alice, "while it is full");
    for left in [20, 0] {
        disk.is_filled_but_for(left);
        alice.can_only_read(&bob, "full", &["before"]);
        alice.starts();
        alice.waits_for(notice("no_room"), "a notice that there is no room");
        alice.can_only_read(&bob, "full", &["before"]);
        alice.stops();
        alice.can_only_read(&bob, "full", &["before"]);
    }
    alice.starts();
    disk.is_emptied();
    alice.waits_for(notice("room_again"), "a notice that there is room");
    bob.waits_until_message(&alice, &waiting, "delivered");
    alice.sends_and_waits(&bob, "after", "delivered");
    alice.stops();
    alice.finds_everything_in_order();
    assert_eq!(alice.texts_from(&bob), ["before", "while it is full"]);
}

#[test]
fn a_disk_that_fills_up_at_any_moment_loses_nothing_that_was_confirmed() {
    let Some(disk) = Disk::of(MEBIBYTES) else { return };
    let mut dice = Dice::seeded(20_263);
    let (alice, bob) = (Person::with_home_on(&disk, "alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let text = |number: usize| format!("{number} {}", "x".repeat(8_000));
    let message = |number: usize| json!({"conversation": bob.id(), "text": text(number), "idempotency_key": format!("number {number}")});
    let mut confirmed = 0;
    for _ in 0..6 {
        let begin = alice.bookmark();
        let left = dice.below(36);
        let params: Vec<Value> = (confirmed..confirmed + MESSAGES_PER_ROUND).map(message).collect();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| alice.socket().ask_all("message.send", &params));
            disk.is_filled_but_for(left);
            let answers = writing.join().unwrap();
            confirmed += answers.iter().take_while(|answer| matches!(answer, Some(Ok(_)))).count();
        });
        disk.is_emptied();
        takes_in_the_end(&alice, &message(confirmed));
        confirmed += 1;
        assert!(alice.counts(begin, notice("no_room")) <= 2, "notices without end");
    }
    // What was refused may have been kept all the same, where the disk filled up under it.
    for number in confirmed..confirmed + MESSAGES_PER_ROUND {
        takes_in_the_end(&alice, &message(number));
    }
    alice.waits_until("every message is delivered", || {
        alice.history(&bob).iter().all(|row| row.state == "delivered").then_some(())
    });
    let expected: Vec<String> = (0..confirmed + MESSAGES_PER_ROUND).map(text).collect();
    for (person, other) in [(&alice, &bob), (&bob, &alice)] {
        let mut texts: Vec<String> = person.history(other).into_iter().map(|row| row.text).collect();
        texts.sort_by_key(|text| text.split(' ').next().unwrap().parse::<usize>().unwrap());
        assert!(texts == expected, "{} has something twice or not at all", person.name());
        person.finds_everything_in_order();
    }
}

/// Repeats what was refused until it is taken.
fn takes_in_the_end(person: &Person, message: &Value) {
    person.waits_until("a message is taken", || {
        let answer = person.socket().ask("message.send", message).ok()?;
        answer.ok().map(|_| ())
    });
}
