//! Wrong inputs at every door: the command line, the socket, the files. Each is refused with its exit code and kind,
//! changes nothing, and never ends in a crash.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use causerie_protocol::limits::{NAME_CHARS_MAX, TEXT_BYTES_MAX};
use causerie_tests::{Dice, Person, capture::files_below};
use serde_json::{Value, json};

fn connected() -> (Person, Person) {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    (alice, bob)
}

#[test]
fn a_home_without_identity_says_so() {
    let nobody = Person::without_identity("nobody");
    let commands: [&[&str]; 8] = [
        &["status"],
        &["invite"],
        &["accept", "causerie:i1#AAAA"],
        &["contacts"],
        &["send", "bob", "hello"],
        &["history", "bob"],
        &["check"],
        &["run", "--loopback"],
    ];
    for command in commands {
        nobody.cli(command).is_refused(1, "no_identity");
    }
}

#[test]
fn a_second_identity_does_not_replace_the_first() {
    let alice = Person::new("alice");
    let again = alice.cli(&["init", "--name", "mallory"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(!again.kind().is_empty());
    let status = alice.status();
    assert_eq!((&status["name"], &status["id"]), (&json!("alice"), &json!(alice.id())));
}

#[test]
fn names_have_their_limits_wherever_they_are_given() {
    let long = "é".repeat(NAME_CHARS_MAX);
    let wrong =
        ["", &"x".repeat(NAME_CHARS_MAX + 1), "a\nb", "a\u{7}b", "evil\u{202e}cod", "a\u{2066}b", "\u{85}"];
    for name in wrong {
        let nobody = Person::without_identity("nobody");
        let refused = nobody.cli(&["init", "--name", name]);
        assert!([1, 2].contains(&refused.code), "{name:?} ended with {}", refused.code);
        assert!(!refused.kind().is_empty());
        nobody.cli(&["status"]).is_refused(1, "no_identity");
    }
    let (alice, bob) = (Person::new(&long), Person::new("bob"));
    assert_eq!(alice.status()["name"], long);
    let link = bob.invites(&[]);
    for name in wrong {
        assert!([1, 2].contains(&alice.cli(&["accept", &link, "--name", name]).code), "{name:?}");
    }
    assert_eq!(alice.contacts().len(), 0);
    alice.accepts(&link);
    for name in wrong {
        assert!([1, 2].contains(&alice.cli(&["contacts", "rename", bob.id(), name]).code), "{name:?}");
    }
    alice.decides("rename", &bob, &["👩‍🚀"]);
    assert_eq!(alice.contact(&bob).unwrap().name, "👩‍🚀");
}

#[test]
fn texts_have_their_limits() {
    let (alice, bob) = connected();
    alice.tries_to_send(&bob, vec![b'x'; TEXT_BYTES_MAX + 1]).is_refused(1, "too_long");
    alice.tries_to_send(&bob, "é".repeat(TEXT_BYTES_MAX / 2) + "x").is_refused(1, "too_long");
    alice.tries_to_send(&bob, vec![b'x'; 3 << 20]).is_refused(1, "too_long");
    alice.tries_to_send(&bob, "").is_refused(1, "empty");
    alice.cli(&["send", bob.id(), ""]).is_refused(1, "empty");
    for bytes in [&b"\xff\xfe"[..], b"good start \xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
        alice.tries_to_send(&bob, bytes).is_refused(1, "not_utf8");
        let args = [OsStr::new("send"), OsStr::new(bob.id()), OsStr::from_bytes(bytes)];
        alice.cli(&args).is_refused(1, "not_utf8");
    }
    assert!(alice.history(&bob).is_empty());
    alice.tries_to_send(&bob, vec![b'x'; TEXT_BYTES_MAX]).done();
    alice.sends_and_waits(&bob, "y", "delivered");
    assert_eq!(bob.texts_from(&alice).len(), 2);
}

#[test]
fn whoever_is_unknown_or_ambiguous_is_not_guessed() {
    let (alice, bob) = connected();
    let unknown: [&[&str]; 7] = [
        &["send", "zoe", "hello"],
        &["history", "zoe"],
        &["read", "zoe"],
        &["contacts", "verify", "zoe"],
        &["contacts", "remove", "zoe"],
        &["contacts", "merge", bob.id(), "zoe"],
        &["send", &bob.id()[..3], "three characters are too few"],
    ];
    for command in unknown {
        alice.cli(command).is_refused(5, "no_such_contact");
    }
    alice.cli(&["send", &bob.id()[..12], "a prefix will do", "--wait", "delivered"]).done();

    let other = Person::new("bob");
    other.starts();
    alice.meets(&other);
    alice.waits_until_contact(&other, "called bob", |them| them.name == "bob");
    alice.waits_until_contact(&bob, "called bob", |them| them.name == "bob");
    let refused = alice.cli(&["send", "bob", "which of you?"]);
    refused.is_refused(1, "ambiguous");
    for candidate in [&bob, &other] {
        assert!(refused.stderr.contains(&candidate.id()[..4]), "{}", refused.stderr);
    }
    assert!(alice.history(&other).is_empty());
    assert_eq!(alice.history(&bob).len(), 1);
    assert_eq!(alice.cli(&["contacts", "merge", bob.id(), bob.id()]).code, 1, "joined with themselves");
    assert_eq!(alice.contacts().len(), 2);
}

#[test]
fn wrong_usage_ends_with_two() {
    let alice = Person::new("alice");
    let wrong: [&[&str]; 14] = [
        &[],
        &["dance"],
        &["init"],
        &["send"],
        &["send", "bob"],
        &["send", "bob", "hello", "--wait", "never"],
        &["send", "bob", "hello", "--wait", "read", "--timeout", "soon"],
        &["history", "bob", "--limit", "many"],
        &["listen", "--since", "-1"],
        &["invite", "--expires", "eventually"],
        &["contacts", "befriend", "bob"],
        &["run", "--loopback", "--listen", "127.0.0.1:80"],
        &["run", "--loopback", "--dial", "/dns4/example.org/tcp/1"],
        &["status", "--frobnicate"],
    ];
    for args in wrong {
        let outcome = alice.cli(args);
        assert_eq!(outcome.code, 2, "{args:?}: {}", outcome.stderr);
        assert!(outcome.stdout.is_empty(), "{args:?}: {}", outcome.stdout);
    }
    alice.finds_everything_in_order();
}

#[test]
fn commands_that_need_a_node_say_so_and_the_others_do_without() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.cli(&["listen"]).is_refused(7, "no_node");
    alice.cli(&["rpc", "node.status"]).is_refused(7, "no_node");
    let link = alice.invites(&[]);
    bob.accepts(&link);
    assert_eq!(bob.status()["running"], false);
    assert_eq!(bob.status()["reachability"], "offline");
    let sent = bob.cli(&["send", alice.id(), "no node here", "--wait", "delivered"]);
    sent.is_refused(7, "no_node");
    assert_eq!(bob.history(&alice).len(), 1, "it is written all the same");
    bob.cli(&["read", alice.id()]).done();
    bob.finds_everything_in_order();
    bob.starts();
    assert_eq!(bob.cli(&["rpc", "node.status"]).value()["id"], bob.id());
}

#[test]
fn the_socket_refuses_what_it_does_not_understand_and_goes_on() {
    let (alice, bob) = connected();
    let mut socket = alice.socket();
    let coded: [(&[u8], i64); 9] = [
        (b"{", -32700),
        (b"\xff\xfe\x00", -32700),
        (b"[1,2,3]", -32600),
        (b"{\"id\":1,\"method\":\"node.status\"}", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", -32601),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message.send\",\"params\":[\"a\",\"b\"]}", -32602),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message.send\",\"params\":{\"text\":7}}", -32602),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\",\"params\":{\"x\":1}}", -32602),
    ];
    for (line, code) in coded {
        socket.say(line).unwrap();
        let answer = socket.hear().unwrap();
        assert_eq!(answer["error"]["code"], code, "{}: {answer}", String::from_utf8_lossy(line));
    }
    let params = json!({"conversation": bob.id(), "text": "x".repeat(TEXT_BYTES_MAX + 1)});
    let error = socket.ask("message.send", &params).unwrap().unwrap_err();
    assert_eq!((&error["data"]["kind"], &error["data"]["retryable"]), (&json!("too_long"), &json!(false)));
    assert!(error["data"]["hint"].is_string() && error["code"].is_i64(), "{error}");
    assert_eq!(socket.ask("node.status", &json!({})).unwrap().unwrap()["id"], alice.id());

    // A line beyond 1 MiB may end the connection, nothing else.
    let mut endless = alice.socket();
    let long = vec![b'['; (1 << 20) + 1];
    let told = endless.say(&long).and_then(|()| endless.hear());
    assert!(told.is_err() || told.is_ok_and(|answer| answer["error"]["code"].is_i64()));
    let mut dice = Dice::seeded(71);
    for size in 1..40 {
        let mut garbage = alice.socket();
        garbage.say(dice.bytes(size * 50)).ok();
    }
    alice.sends_and_waits(&bob, "unimpressed", "delivered");
}

#[test]
fn the_socket_answers_thousands_of_requests_of_many_connections() {
    let alice = Person::new("alice");
    alice.starts();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let params = vec![json!({}); 500];
                let answers = alice.socket().ask_all("node.status", &params);
                let is_status = |answer: &Option<Result<Value, Value>>| {
                    answer.as_ref().is_some_and(|a| a.as_ref().is_ok_and(|status| status["id"] == alice.id()))
                };
                assert!(answers.iter().all(is_status));
            });
        }
    });
}

#[test]
fn a_place_that_cannot_be_a_home_is_refused() {
    let alice = Person::without_identity("alice");
    fs::write(alice.home(), "a file where the home should be").unwrap();
    for command in [&["init", "--name", "alice"][..], &["status"], &["run", "--loopback"]] {
        let outcome = alice.cli(command);
        assert_eq!(outcome.code, 1, "{command:?}: {}", outcome.stderr);
        assert!(!outcome.kind().is_empty());
    }
    assert_eq!(fs::read(alice.home()).unwrap(), b"a file where the home should be");
}

#[test]
fn a_damaged_home_is_an_error_and_never_a_crash() {
    let mut dice = Dice::seeded(72);
    let (alice, bob) = connected();
    for number in 0..30 {
        alice.sends(&bob, &format!("number {number}"));
    }
    alice.stops();
    let whole = tempfile::tempdir().unwrap();
    alice.copies_home_to(whole.path());
    for file in files_below(&alice.home()) {
        let bytes = fs::read(&file).unwrap();
        for _ in 0..3 {
            if bytes.is_empty() {
                continue;
            }
            let mut damaged = bytes.clone();
            let place = dice.below(damaged.len());
            damaged[place] ^= 1 << dice.below(8);
            fs::write(&file, &damaged).unwrap();
            for command in [&["status"][..], &["check"], &["history", bob.id()]] {
                let outcome = alice.cli(command);
                let what = format!("{command:?} with byte {place} of {}: {}", file.display(), outcome.stderr);
                assert!([0, 1, 5, 6].contains(&outcome.code), "{what} ended with {}", outcome.code);
                assert!(!outcome.stderr.contains("panicked"), "{what}");
                assert!(outcome.code == 0 || !outcome.kind().is_empty(), "{what}");
            }
            alice.puts_back(whole.path());
        }
    }
    assert_eq!(alice.history(&bob).len(), 30);
    alice.starts();
    bob.waits_for_text(&alice, "number 29");
}
