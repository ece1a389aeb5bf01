//! Messages for somebody who is away wait, survive whatever happens meanwhile, and arrive once each, in order.

use causerie_tests::Person;
use serde_json::{Value, json};

fn acquainted() -> (Person, Person) {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    (alice, bob)
}

#[test]
fn ten_thousand_messages_wait_for_somebody_who_is_away() {
    const MESSAGES: usize = 10_000;
    let (alice, bob) = acquainted();
    bob.stops();
    alice.waits_until_offline(&bob);
    let text = |number: usize| format!("message {number}");
    let params: Vec<Value> =
        (0..MESSAGES).map(|number| json!({"conversation": bob.id(), "text": text(number)})).collect();
    let answers = alice.socket().ask_all("message.send", &params);
    let ids: Vec<String> = answers
        .into_iter()
        .map(|answer| answer.unwrap().unwrap()["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(alice.status()["queued"], MESSAGES);
    // They outlive the process that took them.
    alice.is_killed();
    alice.starts();
    assert_eq!(alice.status()["queued"], MESSAGES);

    bob.starts();
    let last = &ids[MESSAGES - 1];
    alice.waits_for(
        |event| event["up_to"] == last.as_str() && event["state"] == "delivered",
        "the last receipt",
    );
    let rows = bob.history(&alice);
    assert_eq!(rows.len(), MESSAGES);
    for (number, (row, id)) in rows.iter().zip(&ids).enumerate() {
        assert_eq!((&row.text, &row.id), (&text(number), id));
    }
    assert_eq!(alice.status()["queued"], 0);
    assert!(alice.history(&bob).iter().all(|row| row.state == "delivered"));
    let told = bob.counts(Default::default(), |event| event["type"] == "message.received");
    let missed = bob.counts(Default::default(), |event| event["type"] == "overflow");
    assert!(told == MESSAGES || missed > 0 && told < MESSAGES, "{told} were told");
    alice.finds_everything_in_order();
    bob.finds_everything_in_order();
}

#[test]
fn what_is_written_without_a_node_leaves_with_the_next_start() {
    let (alice, bob) = acquainted();
    alice.stops();
    for number in 0..5 {
        let sent = alice.cli(&["send", bob.id(), &format!("offline {number}")]).value();
        assert_eq!(sent["state"], "queued");
    }
    assert_eq!(alice.status()["queued"], 5);
    alice.starts();
    bob.waits_for_text(&alice, "offline 4");
    assert!((0..5).map(|number| format!("offline {number}")).eq(bob.texts_from(&alice)));
}

#[test]
fn waiting_for_somebody_away_ends_in_time_and_loses_nothing() {
    let (alice, bob) = acquainted();
    bob.is_killed();
    alice.waits_until_offline(&bob);
    let sent = alice.cli(&["send", bob.id(), "late", "--wait", "delivered", "--timeout", "1s"]);
    sent.is_refused(8, "timeout");
    assert_eq!(alice.history(&bob).len(), 1);
    assert_eq!(alice.history(&bob)[0].state, "queued", "nobody has it yet");
    bob.starts();
    bob.waits_for_text(&alice, "late");
    assert_eq!(bob.texts_from(&alice), ["late"]);
}

#[test]
fn people_who_take_turns_being_there_lose_nothing() {
    let (alice, bob) = acquainted();
    bob.stops();
    alice.sends(&bob, "one");
    alice.stops();
    bob.starts();
    bob.sends(&alice, "two");
    bob.stops();
    alice.starts();
    alice.sends(&bob, "three");
    bob.starts();
    bob.waits_for_text(&alice, "three");
    alice.waits_for_text(&bob, "two");
    assert_eq!(bob.texts_from(&alice), ["one", "three"]);
    assert_eq!(alice.texts_from(&bob), ["two"]);
}

#[test]
fn long_texts_wait_as_well() {
    let (alice, bob) = acquainted();
    bob.stops();
    let texts: Vec<String> = (0..40).map(|number| format!("{number:05}").repeat(6_000)).collect();
    for text in &texts {
        alice.tries_to_send(&bob, text).done();
    }
    bob.starts();
    bob.waits_until("all forty are here", || (bob.texts_from(&alice).len() == texts.len()).then_some(()));
    assert!(bob.texts_from(&alice) == texts, "they were changed or reordered");
}
