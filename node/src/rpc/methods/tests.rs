use causerie_protocol::{
    answer::{CheckView, DeviceView, MessageState},
    ids::{DeviceId, MessageId},
    moment::WallTime,
};

use super::*;
use crate::handle::fake;

fn command(method: &str, params: Value) -> Command {
    match parse(method, Some(params)).unwrap() {
        Call::Command { command, .. } => command,
        Call::Subscribe { .. } | Call::Report(_) => panic!("{method} is no command"),
    }
}

fn running() -> Standing {
    Standing {
        running: true,
        passphrase: false,
        listening: 0,
        hidden: false,
        on_network: true,
        serving: None,
    }
}

fn asleep() -> Standing {
    Standing {
        running: false,
        passphrase: true,
        listening: 0,
        hidden: false,
        on_network: true,
        serving: None,
    }
}

fn reference(words: &str) -> Reference {
    Reference::new(words)
}

#[test]
fn methods_without_parameters() {
    let commands = [
        ("node.status", Command::Status),
        ("node.check", Command::Check),
        ("invite.list", Command::ListInvitations),
        ("contact.list", Command::ListContacts),
        ("device.list", Command::ListDevices),
        ("device.separate", Command::SeparateDevice),
    ];
    for (method, expected) in commands {
        assert_eq!(command(method, json!({})), expected);
        assert!(parse(method, None).is_ok());
        assert!(matches!(parse(method, Some(json!({"x": 1}))), Err(CallError::BadParams(_))));
    }
}

#[test]
fn invitations() {
    let create =
        |reusable, ask, expires_in, hints| Command::CreateInvitation { reusable, ask, expires_in, hints };
    assert_eq!(command("invite.create", json!({})), create(false, false, None, true));
    let hour = Some(Duration::from_secs(3_600));
    assert_eq!(
        command("invite.create", json!({"reusable": true, "ask": true, "expires": "1h", "hints": false})),
        create(true, true, hour, false)
    );
    assert_eq!(command("invite.create", json!({"expires": 3600})), create(false, false, hour, true));
    assert_eq!(
        command("invite.revoke", json!({"invite": "abcd"})),
        Command::RevokeInvitation { invitation: reference("abcd") }
    );
    let link = "causerie:x".to_owned();
    assert_eq!(
        parse("invite.accept", Some(json!({"link": link, "name": "Bob"}))).unwrap(),
        Call::Command {
            command: Command::AcceptInvitation { link, name: Some("Bob".to_owned()), ignore_end: false },
            form: Form::InContact
        }
    );
}

#[test]
fn contacts() {
    let contact = reference("bob");
    let params = json!({"contact": "bob"});
    let commands = [
        ("contact.test", Command::TestContact { contact: contact.clone() }),
        ("contact.accept", Command::AcceptContact { contact: contact.clone() }),
        ("contact.ignore", Command::IgnoreContact { contact: contact.clone() }),
        ("contact.verify", Command::VerifyContact { contact: contact.clone() }),
        ("contact.block", Command::BlockContact { contact: contact.clone() }),
        ("contact.unblock", Command::UnblockContact { contact: contact.clone() }),
        ("contact.remove", Command::RemoveContact { contact, keep_history: false }),
    ];
    for (method, expected) in commands {
        assert_eq!(command(method, params.clone()), expected);
        for bad in [json!({}), json!({"contact": 1}), json!({"contact": "bob", "x": 1})] {
            assert!(matches!(parse(method, Some(bad)), Err(CallError::BadParams(_))));
        }
    }
}

#[test]
fn contacts_with_more_than_a_name() {
    let contact = reference("bob");
    assert_eq!(
        command("contact.remove", json!({"contact": "bob", "keep_history": true})),
        Command::RemoveContact { contact: contact.clone(), keep_history: true }
    );
    assert_eq!(
        command("contact.rename", json!({"contact": "bob", "name": "Bo"})),
        Command::RenameContact { contact, name: "Bo".to_owned() }
    );
    assert_eq!(
        command("contact.merge", json!({"new": "a", "old": "b"})),
        Command::MergeContacts { new: reference("a"), old: reference("b") }
    );
}

#[test]
fn messages() {
    assert_eq!(
        command("message.send", json!({"conversation": "bob", "text": "hi", "idempotency_key": "k"})),
        Command::SendMessage {
            conversation: reference("bob"),
            text: "hi".to_owned(),
            idempotency_key: Some("k".to_owned())
        }
    );
    assert_eq!(
        command("message.list", json!({"conversation": "bob"})),
        Command::ListMessages { conversation: reference("bob"), limit: 50, before: None }
    );
    assert_eq!(
        command("message.list", json!({"conversation": "bob", "limit": 2, "before": "m"})),
        Command::ListMessages { conversation: reference("bob"), limit: 2, before: Some("m".to_owned()) }
    );
    assert_eq!(
        command("message.read", json!({"conversation": "bob"})),
        Command::MarkRead { conversation: reference("bob") }
    );
}

#[test]
fn subscriptions() {
    assert_eq!(parse("event.subscribe", None), Ok(Call::Subscribe { since: None }));
    assert_eq!(parse("event.subscribe", Some(json!({"since": 7}))), Ok(Call::Subscribe { since: Some(7) }));
    for bad in [json!({"since": -1}), json!({"since": "7"}), json!({"from": 7})] {
        assert!(parse("event.subscribe", Some(bad)).is_err());
    }
}

#[test]
fn wrong_parameters_are_refused_before_anything_is_asked() {
    let bad = [
        ("invite.create", json!({"expires": "7"})),
        ("invite.create", json!({"expires": -7})),
        ("invite.create", json!({"expires": []})),
        ("invite.create", json!({"reusable": "yes"})),
        ("invite.create", json!({"resuable": true})),
        ("invite.accept", json!({})),
        ("invite.revoke", json!({"id": "x"})),
        ("contact.rename", json!({"contact": "bob"})),
        ("contact.merge", json!({"new": "a"})),
        ("message.send", json!({"conversation": "bob"})),
        ("message.send", json!({"conversation": "bob", "text": null})),
        ("message.list", json!({"conversation": "bob", "limit": -1})),
        ("message.list", json!({"conversation": "bob", "limit": 4_294_967_296_u64})),
        ("node.status", json!([])),
        ("node.status", json!(["positional"])),
        ("node.status", json!(null)),
        ("node.status", json!("x")),
    ];
    for (method, params) in bad {
        let outcome = parse(method, Some(params.clone()));
        assert!(matches!(outcome, Err(CallError::BadParams(_))), "{method} {params}");
    }
}

#[test]
fn unknown_methods_are_refused() {
    for method in
        ["", "node", "node.", "node.stop", "contact.add", "message.send ", "Node.status", "event.x", "a.b"]
    {
        assert_eq!(parse(method, None), Err(CallError::UnknownMethod(method.to_owned())), "{method}");
    }
}

#[test]
fn answers_become_results() {
    let plain = |answer| result(answer, Form::Plain, running);
    assert_eq!(plain(Answer::Done), json!({}));
    assert_eq!(plain(Answer::Status(fake::status()))["running"], true);
    assert_eq!(result(Answer::Status(fake::status()), Form::Plain, asleep)["running"], false);
    assert_eq!(result(Answer::Status(fake::status()), Form::Plain, asleep)["passphrase"], true);
    let contact = || Answer::Contact(Box::new(fake::contact()));
    assert_eq!(plain(contact())["name"], "Bob");
    assert_eq!(result(contact(), Form::InContact, running)["contact"]["name"], "Bob");
    assert_eq!(plain(Answer::Contacts(vec![fake::contact()]))[0]["name"], "Bob");
    assert_eq!(plain(Answer::Contacts(Vec::new())), json!([]));
    let id = DeviceId::from_bytes([7; 16]);
    let device = DeviceView { id, added: WallTime::from_millis(0), is_this: true };
    let expected = json!([{"id": id.to_string(), "added": "1970-01-01T00:00:00.000Z", "this": true}]);
    assert_eq!(plain(Answer::Devices(vec![device])), expected);
    assert_eq!(plain(Answer::Invitations(vec![fake::invitation()]))[0]["answers"], 1);
    assert_eq!(plain(Answer::Invitation(fake::invitation()))["invite"], "causerie:i1#abc");
    assert_eq!(plain(Answer::Check(CheckView::default()))["ok"], true);
    let sent = Answer::Message { message: MessageId::from_bytes([0; 16]), state: MessageState::Queued };
    assert_eq!(plain(sent), json!({"message": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "state": "queued"}));
    assert_eq!(plain(Answer::Messages(vec![fake::message(1)]))[0]["text"], "text 1");
}

#[test]
fn a_page_that_would_not_fit_a_line_loses_its_oldest_messages() {
    let mut page: Vec<_> = (0..100).map(fake::message).collect();
    for message in &mut page {
        message.text = Some("\u{1}".repeat(5_000));
    }
    let shown = result(Answer::Messages(page.clone()), Form::Plain, running);
    assert!(shown.to_string().len() + ENVELOPE_BYTES_MAX <= LINE_BYTES_MAX);
    let rows = shown.as_array().unwrap();
    assert!((20..50).contains(&rows.len()), "{}", rows.len());
    assert_eq!(rows.last().unwrap()["id"], page.last().unwrap().id.to_string());
    // The longest message alone always fits.
    page[99].text = Some("\u{1}".repeat(32_768));
    let one = result(Answer::Messages(page.split_off(99)), Form::Plain, running);
    assert_eq!(one.as_array().unwrap().len(), 1);
}

#[test]
fn lengths_of_time() {
    let seconds = |text| duration(text).map(|duration| duration.as_secs());
    assert_eq!(seconds("7d"), Some(604_800));
    assert_eq!(seconds("12h"), Some(43_200));
    assert_eq!(seconds("30m"), Some(1_800));
    assert_eq!(seconds("45s"), Some(45));
    assert_eq!(seconds("0s"), Some(0));
    for bad in [
        "",
        "7",
        "d",
        "-7d",
        "+7d",
        "7 d",
        "7D",
        "1h30m",
        "1.5h",
        "7é",
        "99999999999999999999d",
        "18446744073709551615d",
    ] {
        assert_eq!(duration(bad), None, "{bad}");
    }
}
