//! What people and scripts see of the engine's views, as JSON values with the names of the command line's contract.
//!
//! Nothing is decided here but words: ids are text, times RFC 3339 UTC with milliseconds, addresses multiaddresses,
//! states lower-case. Text of peers is left as it is; whoever shows it escapes it.

use std::net::IpAddr;

use causerie_protocol::{
    address::{Address, Transport},
    answer::{
        CheckView, ContactState, ContactView, ConversationView, DeviceView, InvitationState, InvitationView,
        MessageDetails, MessageState, MessageView, Path, Reachability, StatusView, Verification,
    },
    event::Event,
    input::Standing,
    moment::WallTime,
};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::methods;

/// `{"id","name","version","running","passphrase","listening","reachability","beyond","serving","peers","queued"}`.
#[must_use]
pub fn status(view: &StatusView, standing: methods::Standing) -> Value {
    json!({
        "id": view.id.to_string(),
        "name": view.name,
        "version": env!("CARGO_PKG_VERSION"),
        "running": standing.running,
        "passphrase": standing.passphrase,
        "listening": multiaddrs(&view.listening),
        "reachability": reachability(Reachability::of(&view.listening, view.beyond.as_ref(), view.lan_only)),
        "beyond": view.beyond.as_ref().map(beyond),
        "serving": standing.serving,
        "peers": view.peers,
        "queued": view.queued,
    })
}

/// `{"id","added","this"}`.
#[must_use]
pub fn device(view: &DeviceView) -> Value {
    json!({"id": view.id.to_string(), "added": time(view.added), "this": view.is_this})
}

/// `{"id","invite","expires"}`, and how it stands: `"reusable","ask","state","answers"`.
#[must_use]
pub fn invitation(view: &InvitationView) -> Value {
    json!({
        "id": view.id.to_string(),
        "invite": view.link,
        "expires": view.expires.map(time),
        "reusable": view.reusable,
        "ask": view.ask,
        "state": match view.state {
            InvitationState::Open => "open",
            InvitationState::Used => "used",
            InvitationState::Revoked => "revoked",
            InvitationState::Expired => "expired",
        },
        "answers": view.answers,
    })
}

/// `{"id","name","state","reason","verification","online","path","last_seen","safety_number"}`.
#[must_use]
pub fn contact(view: &ContactView) -> Value {
    json!({
        "id": view.id.to_string(),
        "name": view.name,
        "state": contact_state(view.state),
        "reason": view.reason,
        "verification": match view.verification {
            Verification::None => "none",
            Verification::Verified => "verified",
            Verification::Changed => "changed",
        },
        "online": view.online,
        "path": view.path.map(path),
        "last_seen": view.last_seen.map(time),
        "safety_number": view.safety_number,
    })
}

/// `{"contact","last","unread","draft","pinned","archived","muted"}`.
#[must_use]
pub fn conversation(view: &ConversationView) -> Value {
    json!({
        "contact": contact(&view.contact),
        "last": view.last.as_ref().map(message),
        "unread": view.unread,
        "draft": view.draft,
        "pinned": view.pinned,
        "archived": view.archived,
        "muted": view.muted,
    })
}

/// `{"id","conversation","author","outgoing","text","sent_at","received_at","state","reason"}`.
#[must_use]
pub fn message(view: &MessageView) -> Value {
    json!({
        "id": view.id.to_string(),
        "conversation": view.conversation.to_string(),
        "author": view.author.to_string(),
        "outgoing": view.outgoing,
        "text": view.text,
        "sent_at": time(view.sent_at),
        "received_at": view.received_at.map(time),
        "state": message_state(view.state),
        "reason": view.reason,
    })
}

/// As a message, and `"written_at","delivered_at","read_at","path"`.
#[must_use]
pub fn message_details(details: &MessageDetails) -> Value {
    let mut value = message(&details.message);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("written_at".to_owned(), json!(time(details.written_at)));
        fields.insert("delivered_at".to_owned(), json!(details.delivered_at.map(time)));
        fields.insert("read_at".to_owned(), json!(details.read_at.map(time)));
        fields.insert("path".to_owned(), json!(details.path.map(path)));
    }
    value
}

/// `pending`, `request`, `active`, `blocked` or `failed`.
#[must_use]
pub const fn contact_state(state: ContactState) -> &'static str {
    match state {
        ContactState::Pending => "pending",
        ContactState::Request => "request",
        ContactState::Active => "active",
        ContactState::Blocked => "blocked",
        ContactState::Failed => "failed",
    }
}

const fn path(path: Path) -> &'static str {
    match path {
        Path::Direct => "direct",
        Path::Relayed => "relayed",
    }
}

/// `queued`, `sent`, `delivered`, `read` or `failed`.
#[must_use]
pub const fn message_state(state: MessageState) -> &'static str {
    match state {
        MessageState::Queued => "queued",
        MessageState::Sent => "sent",
        MessageState::Delivered => "delivered",
        MessageState::Read => "read",
        MessageState::Failed => "failed",
    }
}

/// `{"entries","gaps","unreadable","ok"}`.
#[must_use]
pub fn check(view: &CheckView) -> Value {
    json!({
        "entries": view.entries,
        "gaps": view.gaps,
        "unreadable": view.unreadable,
        "ok": view.gaps == 0 && view.unreadable == 0,
    })
}

/// The event's type and the fields of that type; without `seq`, `at` and `type`.
#[must_use]
pub fn event(event: &Event) -> (&'static str, Map<String, Value>) {
    let about = |view: &ContactView| fields([("contact", contact(view))]);
    match event {
        Event::ContactAdded(view) => ("contact.added", about(view)),
        Event::ContactChanged(view) => ("contact.changed", about(view)),
        Event::ContactFailed(view) => ("contact.failed", about(view)),
        Event::ContactOnline(view) => ("contact.online", about(view)),
        Event::ContactOffline(view) => ("contact.offline", about(view)),
        Event::MessageReceived(view) => ("message.received", fields([("message", message(view))])),
        Event::MessageState { conversation, up_to, state } => (
            "message.state",
            fields([
                ("conversation", json!(conversation.to_string())),
                ("up_to", json!(up_to.to_string())),
                ("state", json!(message_state(*state))),
            ]),
        ),
        Event::Listening { addresses } => {
            ("node.listening", fields([("addresses", json!(multiaddrs(addresses)))]))
        }
        Event::Standing { standing } => ("node.standing", fields([("beyond", beyond(standing))])),
        Event::Notice { kind, text } => {
            ("notice", fields([("kind", json!(kind.as_str())), ("text", json!(text))]))
        }
    }
}

/// RFC 3339 in UTC with milliseconds; what lies beyond the year 9999 is its last moment.
#[must_use]
pub fn time(at: WallTime) -> String {
    const LATEST: &str = "9999-12-31T23:59:59.999Z";
    let Ok(when) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.as_millis()) * 1_000_000) else {
        return LATEST.to_owned();
    };
    let (year, month, day) = when.to_calendar_date();
    let (hour, minute, second, millisecond) = when.to_hms_milli();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z", u8::from(month))
}

/// As in `/ip4/192.0.2.1/udp/47474/quic-v1`.
#[must_use]
pub fn multiaddr(address: &Address) -> String {
    let ip = match address.ip {
        IpAddr::V4(ip) => format!("/ip4/{ip}"),
        IpAddr::V6(ip) => format!("/ip6/{ip}"),
    };
    match address.transport {
        Transport::Tcp => format!("{ip}/tcp/{}", address.port),
        Transport::Quic => format!("{ip}/udp/{}/quic-v1", address.port),
    }
}

fn multiaddrs(addresses: &[Address]) -> Vec<String> {
    addresses.iter().map(multiaddr).collect()
}

const fn reachability(reachability: Reachability) -> &'static str {
    match reachability {
        Reachability::Direct => "direct",
        Reachability::Relayed => "relayed",
        Reachability::LanOnly => "lan-only",
        Reachability::Offline => "offline",
        Reachability::Unknown => "unknown",
    }
}

/// `{"public","relays","meeting_place"}`.
fn beyond(standing: &Standing) -> Value {
    let relays: Vec<String> = standing.relays.iter().map(|relay| multiaddr(&relay.address)).collect();
    json!({
        "public": multiaddrs(&standing.public),
        "relays": relays,
        "meeting_place": standing.meeting_place,
    })
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests;
