//! Looking closer: why somebody cannot be reached, what is known of one message, and what can be shown to others.

use causerie_tests::Person;
use serde_json::{Value, json};

/// What a test of somebody prints, and with which exit code it ends.
fn tests(person: &Person, whom: &Person) -> (Value, i32) {
    let outcome = person.cli(&["contacts", "test", whom.id()]);
    let mut values = outcome.values();
    assert_eq!(values.len(), 1, "{}", outcome.stderr);
    if outcome.code != 0 {
        assert_eq!((outcome.code, outcome.kind().as_str()), (3, "unreachable"), "{}", outcome.stderr);
    }
    (values.remove(0), outcome.code)
}

/// How one step went.
fn step(tested: &Value, name: &str) -> String {
    let steps = tested["steps"].as_array().unwrap();
    let step =
        steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no {name}: {tested}"));
    step["result"].as_str().unwrap().to_owned()
}

#[test]
fn somebody_who_is_there_answers_in_milliseconds() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let since = alice.bookmark();
    let (tested, code) = tests(&alice, &bob);
    assert_eq!((code, &tested["reachable"], &tested["failed"]), (0, &json!(true), &Value::Null), "{tested}");
    for name in ["network", "listening", "address", "handshake", "channel", "ping"] {
        assert_eq!(step(&tested, name), "ok", "{tested}");
    }
    assert_eq!(step(&tested, "dial"), "not_tried", "a channel stands: {tested}");
    let millis = tested["round_trip_ms"].as_f64().unwrap();
    assert!(millis > 0.0 && millis < 8_000.0, "{millis}");
    assert_eq!(alice.counts(since, |event| event["type"] == "contact.offline"), 0, "it was disturbed");
    assert_eq!(alice.asks("contact.test", &json!({"contact": bob.id()}))["reachable"], true);
}

#[test]
fn somebody_who_is_away_fails_at_the_dial_and_is_found_when_they_are_back() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    bob.stops();
    alice.waits_until_offline(&bob);
    let (tested, code) = tests(&alice, &bob);
    assert_eq!((code, &tested["failed"]), (3, &json!("dial")), "{tested}");
    assert_eq!((step(&tested, "address"), step(&tested, "handshake")), ("ok".into(), "not_tried".into()));
    let addresses = tested["addresses"].as_array().unwrap();
    let result = |address: &str| {
        let one = addresses.iter().find(|one| one["address"] == address);
        one.unwrap_or_else(|| panic!("no {address}: {tested}"))["result"].clone()
    };
    let [tcp, quic] = bob.addresses();
    assert_eq!(result(&tcp), "refused", "{tested}");
    assert!(["refused", "timed_out"].contains(&result(&quic).as_str().unwrap()), "{tested}");

    bob.starts();
    alice.waits_until_online(&bob);
    assert_eq!(tests(&alice, &bob).0["reachable"], true);
    let log = std::fs::read_to_string(alice.home().join("log/causerie.log")).unwrap();
    assert!(!log.contains(&tcp), "the log names an address of somebody else");
}

#[test]
fn of_somebody_never_met_no_address_is_known() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    // Made while no node runs, so that it cannot say where.
    let link = alice.invites(&[]);
    bob.accepts(&link);
    bob.cli(&["contacts", "test", alice.id()]).is_refused(7, "no_node");
    bob.starts();
    let (tested, code) = tests(&bob, &alice);
    assert_eq!((code, &tested["failed"]), (3, &json!("address")), "{tested}");
    assert_eq!(step(&tested, "dial"), "not_tried");
    bob.cli(&["contacts", "test", "nobody"]).is_refused(5, "no_such_contact");
}

#[test]
fn each_step_of_a_message_has_its_time() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let message = alice.sends_and_waits(&bob, "Did you see it?", "delivered");
    bob.waits_for_text(&alice, "Did you see it?");
    bob.cli(&["read", alice.id()]).done();
    alice.waits_until_message(&bob, &message, "read");
    alice.stops();
    // The same from a home in which no node runs.
    let known = alice.cli(&["message", "info", bob.id(), &message]).value();
    assert_eq!(
        (&known["state"], &known["path"], &known["received_at"]),
        (&json!("read"), &json!("direct"), &Value::Null)
    );
    let time =
        |field: &str| known[field].as_str().unwrap_or_else(|| panic!("no {field}: {known}")).to_owned();
    assert!(time("written_at") <= time("delivered_at") && time("delivered_at") <= time("read_at"), "{known}");
    let received = bob.asks("message.info", &json!({"conversation": alice.id(), "message": message}));
    assert!(received["received_at"].is_string() && received["delivered_at"].is_null(), "{received}");
    bob.cli(&["message", "info", alice.id(), "nonsense"]).is_refused(5, "no_such_message");
}

#[test]
fn a_report_of_a_used_home_names_nobody() {
    let (alice, bob) = (Person::new("alexandrina"), Person::new("bartholomew"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let text = "the heron lands at dawn";
    let message = alice.sends_and_waits(&bob, text, "delivered");
    let link = alice.invites(&["--reusable"]);
    alice.decides("rename", &bob, &["my dear brother"]);
    let running = alice.cli(&["report", "--check"]);
    let words = alice.asks("node.report", &json!({})).to_string();
    alice.stops();
    let asleep = alice.cli(&["report", "--check"]);
    let home = alice.home().display().to_string();
    for report in [&running.done().stdout, &words, &asleep.done().stdout] {
        let mut private =
            vec![alice.name(), bob.name(), "my dear brother", alice.id(), bob.id(), text, &message, &link];
        private.extend(["127.0.0.1", "/ip4/", &home]);
        for word in private {
            assert!(!report.contains(word), "{word} is in the report: {report}");
        }
        let number = alice.port().to_string();
        assert!(!report.contains(&format!("/{number}")), "a port is in the report: {report}");
    }
    let value = running.value();
    assert_eq!(
        (&value["contacts"]["active"], &value["contacts"]["online"]),
        (&json!(1), &json!(1)),
        "{value}"
    );
    assert_eq!(
        value["network"]["listening"],
        json!({"loopback-v4-quic": 1, "loopback-v4-tcp": 1}),
        "{value}"
    );
    assert_eq!(value["check"]["ok"], true, "{value}");
    assert!(value["home"]["store_bytes"].as_u64().unwrap() > 0, "{value}");
    let asked = alice.cli(&["report", "--addresses"]).value();
    assert!(asked["network"]["addresses"].is_array(), "{asked}");
}
