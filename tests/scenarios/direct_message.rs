//! What two connected people say: every text arrives as it was written, its state never lies, and history and events
//! can be read piece by piece.

use causerie_protocol::limits::TEXT_BYTES_MAX;
use causerie_tests::Person;
use serde_json::{Value, json};

fn connected() -> (Person, Person) {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    (alice, bob)
}

#[test]
fn every_text_arrives_as_it_was_written() {
    let (alice, bob) = connected();
    let texts = [
        "x".to_owned(),
        " \t leading, trailing and\r\nseveral lines \n".to_owned(),
        "\u{0}\u{1b}[31m\u{7f}\u{9b}\u{202e}txt.exe\u{2066}\u{feff}".to_owned(),
        "👩‍👩‍👧‍👦 🏳️‍🌈 é e\u{301} 漢字 שלום مرحبا \u{10ffff}".to_owned(),
        "\"}],\\u0000 ' $HOME `x` -- \\".to_owned(),
        "é".repeat(TEXT_BYTES_MAX / 2),
        "z".repeat(TEXT_BYTES_MAX),
    ];
    for text in &texts {
        alice.tries_to_send(&bob, text).done();
    }
    alice.sends_and_waits(&bob, "end", "delivered");
    let arrived = bob.texts_from(&alice);
    assert_eq!(arrived.len(), texts.len() + 1);
    for (arrived, text) in arrived.iter().zip(&texts) {
        assert!(arrived == text, "{} bytes became {}", text.len(), arrived.len());
    }
    let kept: Vec<String> = alice.history(&bob).into_iter().map(|row| row.text).collect();
    assert!(kept[..texts.len()] == texts, "the author's own copies differ");
}

#[test]
fn what_peers_write_cannot_steer_a_terminal() {
    let (alice, bob) = connected();
    alice.tries_to_send(&bob, "\u{1b}]0;title\u{7}\u{1b}[2J\u{202e}evil\u{9b}1m").done();
    alice.sends_and_waits(&bob, "end", "delivered");
    let shown = bob.cli(&["history", alice.id()]);
    let dangerous = |shown: &str| shown.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}'));
    assert!(!dangerous(&shown.done().stdout), "{:?}", shown.stdout);
    for event in bob.events(Default::default()) {
        assert_ne!(event["type"], "not JSON", "{event}");
    }
}

#[test]
fn a_message_goes_through_its_states_in_order_and_never_back() {
    let (alice, bob) = connected();
    let begin = alice.bookmark();
    let message = alice.sends_and_waits(&bob, "read me", "delivered");
    let theirs = bob.waits_for_text(&alice, "read me");
    assert_eq!(theirs.id, message, "both call it by the same name");
    bob.cli(&["read", alice.id()]).done();
    alice.waits_until_message(&bob, &message, "read");
    // Reading again, and more messages, change nothing about it.
    bob.cli(&["read", alice.id()]).done();
    let second = alice.sends_and_waits(&bob, "and me", "delivered");
    bob.cli(&["read", alice.id()]).done();
    alice.waits_for_since(
        begin,
        |event| event["up_to"] == second.as_str() && event["state"] == "read",
        "the receipt for the second",
    );
    let order = ["queued", "sent", "delivered", "read"];
    let place = |state: &Value| order.iter().position(|known| state == known).expect("a known state");
    for message in [message, second] {
        let events = alice.events(begin);
        let told = events.iter().filter(|e| e["type"] == "message.state" && e["up_to"] == message.as_str());
        let states: Vec<usize> = told.map(|event| place(&event["state"])).collect();
        assert!(states.is_sorted() && states.contains(&2) && states.contains(&3), "{states:?}");
    }
}

#[test]
fn sending_can_wait_until_it_is_read() {
    let (alice, bob) = connected();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| alice.sends_and_waits(&bob, "read this, please", "read"));
        bob.waits_for_text(&alice, "read this, please");
        bob.cli(&["read", alice.id()]).done();
        let message = sending.join().unwrap();
        assert_eq!(alice.history(&bob)[0].id, message);
    });
}

#[test]
fn both_see_one_conversation_in_the_same_order() {
    let (alice, bob) = connected();
    std::thread::scope(|scope| {
        for (author, reader) in [(&alice, &bob), (&bob, &alice)] {
            scope.spawn(move || {
                let text = |number| json!({"conversation": reader.id(), "text": format!("{number}")});
                let answers =
                    author.socket().ask_all("message.send", &(0..100).map(text).collect::<Vec<_>>());
                assert!(answers.iter().all(|answer| matches!(answer, Some(Ok(_)))));
            });
        }
    });
    alice.sends_and_waits(&bob, "end of hers", "delivered");
    bob.sends_and_waits(&alice, "end of his", "delivered");
    let order = |person: &Person, other| -> Vec<String> {
        person.history(other).into_iter().map(|row| row.id).collect()
    };
    let (hers, his) = (order(&alice, &bob), order(&bob, &alice));
    assert_eq!(hers.len(), 202);
    assert_eq!(hers, his);
    for (reader, author) in [(&alice, &bob), (&bob, &alice)] {
        let texts = reader.texts_from(author);
        assert!((0..100).map(|number| number.to_string()).eq(texts[..100].iter().cloned()), "{texts:?}");
    }
}

#[test]
fn history_is_read_page_by_page() {
    let (alice, bob) = connected();
    let ids: Vec<String> = (0..25).map(|number| alice.sends(&bob, &format!("number {number}"))).collect();
    let page = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["history", bob.id()];
        all.extend(args);
        let rows = alice.cli(&all).values();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(page(&[]), ids);
    assert_eq!(page(&["--limit", "10"]), ids[15..]);
    assert_eq!(page(&["--limit", "10", "--before", &ids[15]]), ids[5..15]);
    assert_eq!(page(&["--limit", "10", "--before", &ids[5]]), ids[..5]);
    assert!(page(&["--limit", "10", "--before", &ids[0]]).is_empty());
    let unknown = alice.cli(&["history", bob.id(), "--before", "nosuchmessage"]);
    unknown.is_refused(5, "no_such_message");
}

#[test]
fn rows_of_history_have_the_fields_that_scripts_rely_on() {
    let (alice, bob) = connected();
    let id = alice.sends_and_waits(&bob, "fields", "delivered");
    let (hers, his) = (alice.cli(&["history", bob.id()]).value(), bob.cli(&["history", alice.id()]).value());
    for (row, other, outgoing) in [(&hers, &bob, true), (&his, &alice, false)] {
        assert_eq!((&row["id"], &row["author"]), (&json!(id), &json!(alice.id())));
        assert_eq!((&row["outgoing"], &row["text"]), (&json!(outgoing), &json!("fields")));
        assert_eq!(row["conversation"], other.id());
        for time in [&row["sent_at"], &row["received_at"]] {
            let is_time = |text: &str| text.len() == 24 && text.ends_with('Z') && text.as_bytes()[19] == b'.';
            assert!(time.as_str().is_none_or(is_time), "{time}");
        }
        assert!(row["sent_at"].is_string() && row["received_at"].is_null() == outgoing, "{row}");
    }
}

#[test]
fn events_can_be_followed_from_where_one_left_off() {
    let (alice, bob) = connected();
    bob.sends_and_waits(&alice, "first", "delivered");
    bob.sends_and_waits(&alice, "second", "delivered");
    let received = |text: &'static str| move |event: &Value| event["message"]["text"] == text;
    let first = alice.waits_for(received("first"), "the first message");
    alice.waits_for(received("second"), "the second message");
    let seq = first["seq"].as_u64().unwrap();

    let following = alice.listens(&["--since", &seq.to_string()]);
    following.waits_for(received("second"), "what came after the first");
    bob.sends_and_waits(&alice, "third", "delivered");
    following.waits_for(received("third"), "what came later");
    let events = following.events();
    assert!(!events.iter().any(|event| received("first")(event)), "the first was told again");
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|one, next| one < next) && seqs[0] > seq, "{seqs:?}");

    // Of another run: nothing can be told but that something was missed.
    let other_run = seq.wrapping_sub(1 << 32);
    let following = alice.listens(&["--since", &other_run.to_string()]);
    following.waits_for(|event| event["type"] == "overflow", "that something was missed");
}

#[test]
fn a_repeated_request_with_the_same_key_is_one_message() {
    let (alice, bob) = connected();
    let params = json!({"conversation": bob.id(), "text": "once", "idempotency_key": "key 1"});
    let mut socket = alice.socket();
    let first = socket.ask("message.send", &params).unwrap().unwrap();
    let again: Vec<_> = socket.ask_all("message.send", &vec![params.clone(); 20]);
    assert!(
        again.iter().all(|answer| answer.as_ref().unwrap().as_ref().unwrap()["message"] == first["message"])
    );
    alice.stops();
    alice.starts();
    assert_eq!(alice.asks("message.send", &params)["message"], first["message"]);
    let other = json!({"conversation": bob.id(), "text": "twice", "idempotency_key": "key 2"});
    assert_ne!(alice.asks("message.send", &other)["message"], first["message"]);
    bob.waits_for_text(&alice, "twice");
    assert_eq!(bob.texts_from(&alice), ["once", "twice"]);
}

#[test]
fn whoever_is_blocked_is_not_heard_until_the_block_is_taken_back() {
    let (alice, bob) = connected();
    alice.sends_and_waits(&bob, "before", "delivered");
    alice.decides("block", &bob, &[]);
    assert_eq!(alice.contact(&bob).unwrap().state, "blocked");
    bob.waits_until_offline(&alice);
    let message = bob.sends(&alice, "do you hear me?");
    let waiting = bob.cli(&["send", alice.id(), "and this?", "--wait", "delivered", "--timeout", "2s"]);
    waiting.is_refused(8, "timeout");
    assert!(alice.texts_from(&bob).is_empty());
    assert_ne!(alice.tries_to_send(&bob, "blocked people are not written to").code, 0);
    assert_eq!(alice.history(&bob).len(), 1, "nothing was deleted");

    alice.decides("unblock", &bob, &[]);
    alice.waits_for_text(&bob, "and this?");
    bob.waits_until_message(&alice, &message, "delivered");
    assert_eq!(alice.texts_from(&bob), ["do you hear me?", "and this?"]);
}
