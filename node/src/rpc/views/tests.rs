use causerie_protocol::{
    event::NoticeKind,
    ids::{AccountId, MessageId},
};

use super::*;
use crate::handle::fake;

const ALICE: &str = "aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq";
const BOB: &str = "aibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaiba";

fn address(text: &str, transport: Transport) -> Address {
    let socket: std::net::SocketAddr = text.parse().unwrap();
    Address { transport, ip: socket.ip(), port: socket.port() }
}

const fn standing(running: bool, passphrase: bool) -> methods::Standing {
    methods::Standing { running, passphrase, listening: 0, hidden: false, on_network: true, serving: None }
}

#[test]
fn status_has_the_contract_s_fields() {
    assert_eq!(
        status(&fake::status(), standing(true, false)),
        json!({"id": ALICE, "name": "Alice", "version": env!("CARGO_PKG_VERSION"), "running": true, "passphrase": false,
            "listening": [], "reachability": "offline", "beyond": null, "serving": null, "peers": 2, "queued": 3})
    );
    let mut view = fake::status();
    view.listening =
        vec![address("127.0.0.1:47474", Transport::Tcp), address("[fd00::1]:47474", Transport::Quic)];
    let value = status(&view, standing(false, true));
    assert_eq!((&value["running"], &value["passphrase"]), (&json!(false), &json!(true)));
    assert_eq!(value["listening"], json!(["/ip4/127.0.0.1/tcp/47474", "/ip6/fd00::1/udp/47474/quic-v1"]));
    assert_eq!(value["reachability"], "lan-only");
    view.listening.push(address("198.51.100.1:1", Transport::Tcp));
    assert_eq!(status(&view, standing(false, true))["reachability"], "unknown");
}

#[test]
fn invitation_has_the_contract_s_fields() {
    assert_eq!(
        invitation(&fake::invitation()),
        json!({"id": "ambqgaydambqg", "invite": "causerie:i1#abc", "expires": null,
            "reusable": true, "ask": false, "state": "open", "answers": 1})
    );
    let mut view = fake::invitation();
    view.expires = Some(WallTime::from_millis(0));
    view.link = None;
    let value = invitation(&view);
    assert_eq!(value["expires"], "1970-01-01T00:00:00.000Z");
    assert_eq!(value["invite"], Value::Null);
    let states = [
        (InvitationState::Used, "used"),
        (InvitationState::Revoked, "revoked"),
        (InvitationState::Expired, "expired"),
    ];
    for (state, word) in states {
        view.state = state;
        assert_eq!(invitation(&view)["state"], word);
    }
}

#[test]
fn contact_has_the_contract_s_fields() {
    let mut view = fake::contact();
    assert_eq!(
        contact(&view),
        json!({"id": BOB, "name": "Bob", "state": "active", "reason": null, "verification": "verified", "online": true,
            "path": "direct", "last_seen": "2026-01-02T03:04:05.006Z",
            "safety_number": "12345 12345 12345 12345 12345 12345 12345 12345 12345 12345 12345 12345"})
    );
    let states = [
        (ContactState::Pending, "pending"),
        (ContactState::Request, "request"),
        (ContactState::Blocked, "blocked"),
        (ContactState::Failed, "failed"),
    ];
    for (state, word) in states {
        view.state = state;
        assert_eq!(contact(&view)["state"], word);
    }
    for (verification, word) in [(Verification::None, "none"), (Verification::Changed, "changed")] {
        view.verification = verification;
        assert_eq!(contact(&view)["verification"], word);
    }
    view.path = None;
    view.last_seen = None;
    view.safety_number = None;
    view.reason = Some("why".to_owned());
    let value = contact(&view);
    assert_eq!(value["path"], Value::Null);
    assert_eq!(value["last_seen"], Value::Null);
    assert_eq!(value["safety_number"], Value::Null);
    assert_eq!(value["reason"], "why");
}

#[test]
fn message_has_the_contract_s_fields() {
    let mut view = fake::message(4);
    assert_eq!(
        message(&view),
        json!({"id": "aqcaibaeaqcaibaeaqcaibaeaq", "conversation": BOB, "author": BOB, "outgoing": false, "text": "text 4",
            "sent_at": "2026-01-02T03:04:05.006Z", "received_at": "2026-01-02T03:04:06.000Z", "state": "delivered", "reason": null})
    );
    view.text = None;
    view.received_at = None;
    assert_eq!(message(&view)["text"], Value::Null);
    assert_eq!(message(&view)["received_at"], Value::Null);
    let states = [
        (MessageState::Queued, "queued"),
        (MessageState::Sent, "sent"),
        (MessageState::Read, "read"),
        (MessageState::Failed, "failed"),
    ];
    for (state, word) in states {
        assert_eq!(message_state(state), word);
    }
}

#[test]
fn check_is_ok_only_without_damage() {
    let mut view = CheckView { entries: 7, gaps: 0, unreadable: 0 };
    assert_eq!(check(&view), json!({"entries": 7, "gaps": 0, "unreadable": 0, "ok": true}));
    view.gaps = 1;
    assert_eq!(check(&view)["ok"], false);
    view.gaps = 0;
    view.unreadable = 1;
    assert_eq!(check(&view)["ok"], false);
}

#[test]
fn events_have_the_contract_s_types_and_fields() {
    let view = || Box::new(fake::contact());
    let contact = json!({"contact": contact(&fake::contact())});
    let expected = [
        (Event::ContactAdded(view()), "contact.added", contact.clone()),
        (Event::ContactChanged(view()), "contact.changed", contact.clone()),
        (Event::ContactFailed(view()), "contact.failed", contact.clone()),
        (Event::ContactOnline(view()), "contact.online", contact.clone()),
        (Event::ContactOffline(view()), "contact.offline", contact),
        (
            Event::MessageReceived(Box::new(fake::message(1))),
            "message.received",
            json!({"message": message(&fake::message(1))}),
        ),
        (
            Event::MessageState {
                conversation: AccountId::from_bytes([2; 32]),
                up_to: MessageId::from_bytes([4; 16]),
                state: MessageState::Read,
            },
            "message.state",
            json!({"conversation": BOB, "up_to": "aqcaibaeaqcaibaeaqcaibaeaq", "state": "read"}),
        ),
        (
            Event::Listening { addresses: vec![address("[::1]:9", Transport::Quic)] },
            "node.listening",
            json!({"addresses": ["/ip6/::1/udp/9/quic-v1"]}),
        ),
        (
            Event::Notice { kind: NoticeKind::KeysRenewed, text: "words".to_owned() },
            "notice",
            json!({"kind": "keys_renewed", "text": "words"}),
        ),
    ];
    for (fact, kind, fields) in expected {
        let (told, row) = event(&fact);
        assert_eq!(told, kind);
        assert_eq!(Value::Object(row), fields, "{kind}");
    }
}

#[test]
fn times_are_rfc_3339_with_milliseconds() {
    let shown = |millis| time(WallTime::from_millis(millis));
    assert_eq!(shown(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(shown(951_782_400_001), "2000-02-29T00:00:00.001Z");
    assert_eq!(shown(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
    assert_eq!(shown(253_402_300_800_000), "9999-12-31T23:59:59.999Z");
    assert_eq!(shown(u64::MAX), "9999-12-31T23:59:59.999Z");
}
