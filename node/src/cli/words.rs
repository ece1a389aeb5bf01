//! What results and events look like to a person. Built from the same JSON values that scripts get, so that both see
//! the same thing; every text of a peer is escaped here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::output::{Paint, escape, escape_lines, table};

/// Characters of an id that tell contacts apart at a glance; commands take any unambiguous beginning of at least 4.
const ID_CHARS_SHOWN: usize = 10;

/// What we call people, by the id of their account.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) fn of(contacts: &[Value]) -> Self {
        let mut names = Self::default();
        for contact in contacts {
            names.learn(contact);
        }
        names
    }

    /// Takes the name from a contact.
    pub(super) fn learn(&mut self, contact: &Value) {
        self.0.insert(text(contact, "id").to_owned(), text(contact, "name").to_owned());
    }

    fn name(&self, id: &str) -> String {
        self.0.get(id).map_or_else(|| short(id), |name| escape(name))
    }
}

pub(super) fn status(status: &Value, paint: Paint) -> String {
    let running = match status.get("running") {
        Some(Value::Bool(true)) => paint.green("running"),
        _ => paint.dim("not running"),
    };
    let passphrase = status.get("passphrase") == Some(&Value::Bool(true));
    let listening = texts(status, "listening").join(" ");
    let mut rows = vec![
        field("Name", escape(text(status, "name"))),
        field("Id", text(status, "id").to_owned()),
        field("Version", text(status, "version").to_owned()),
        field("Node", running),
        field("Passphrase", if passphrase { "set" } else { "not set" }.to_owned()),
    ];
    if !listening.is_empty() {
        rows.push(field("Listening", listening));
    }
    rows.push(field("Reachable", reachable(status).to_owned()));
    if let Some(serving) = status.get("serving").filter(|serving| !serving.is_null()) {
        let count = |name| number(serving, name);
        let all = format!(
            "{} people let in, {} circuits, {} records, {} refused",
            count("places"),
            count("circuits"),
            count("records"),
            count("refused")
        );
        rows.push(field("Serving", all));
    }
    rows.push(field("Online", format!("{} of your contacts", number(status, "peers"))));
    rows.push(field("Waiting", format!("{} messages", number(status, "queued"))));
    table(&rows)
}

/// What can be done about it.
pub(super) fn way_on(status: &Value) -> &'static str {
    let servers = status.get("beyond").is_some_and(|beyond| !beyond.is_null());
    match text(status, "reachability") {
        "direct" => "Nothing is to be done.",
        "relayed" => {
            "That is enough. Who forwards TCP and UDP 47474 on the router to this machine is reached directly."
        }
        "lan-only" if servers => {
            "Look whether this network lets anything out, and whether the servers in network.toml run."
        }
        "lan-only" => {
            "For people elsewhere name a server: `--bootstrap`, or `bootstrap` in network.toml in the home."
        }
        "offline" => "Connect this machine to a network; messages wait here and leave by themselves.",
        _ => "Ask again in a few seconds: a server has to dial back first.",
    }
}

/// What the one word of the contract means.
pub(super) fn reachable(status: &Value) -> &str {
    let servers = status.get("beyond").is_some_and(|beyond| !beyond.is_null());
    match text(status, "reachability") {
        "direct" => "directly: anybody can dial this node",
        "relayed" => "over relays: nobody can dial this node, and contacts are let in all the same",
        "lan-only" if servers => "on this network only: no server answers",
        "lan-only" => "on this network only",
        "offline" => "not at all: there is no network",
        "unknown" => "not known yet",
        other => other,
    }
}

/// Every device of the own account.
pub(super) fn devices(devices: &[Value], paint: Paint) -> String {
    let mut rows = vec![["ADDED", "THIS ONE", "ID"].map(str::to_owned).to_vec()];
    rows.extend(devices.iter().map(|device| {
        let is_this = device.get("this") == Some(&Value::Bool(true));
        vec![
            minute(text(device, "added")).unwrap_or_else(|| "-".to_owned()),
            if is_this { "yes" } else { "-" }.to_owned(),
            short(text(device, "id")),
        ]
    }));
    let all = table(&rows);
    let mut lines = all.lines();
    let head = lines.next().map(|head| paint.bold(head)).into_iter();
    head.chain(lines.map(str::to_owned)).collect::<Vec<_>>().join("\n")
}

pub(super) fn contacts(contacts: &[Value], paint: Paint) -> String {
    if contacts.is_empty() {
        return "No contacts yet. Make an invitation with `causerie-node invite`, or answer one with `accept`.".to_owned();
    }
    let mut rows =
        vec![["NAME", "STATE", "VERIFICATION", "ONLINE", "LAST SEEN", "ID"].map(str::to_owned).to_vec()];
    rows.extend(contacts.iter().map(|contact| {
        let online = contact.get("online") == Some(&Value::Bool(true));
        vec![
            escape(text(contact, "name")),
            text(contact, "state").to_owned(),
            text(contact, "verification").to_owned(),
            if online { text(contact, "path") } else { "-" }.to_owned(),
            minute(text(contact, "last_seen")).unwrap_or_else(|| "-".to_owned()),
            short(text(contact, "id")),
        ]
    }));
    let all = table(&rows);
    let mut lines = Vec::new();
    for (number, line) in all.lines().enumerate() {
        match number.checked_sub(1).and_then(|place| contacts.get(place)) {
            None => lines.push(paint.bold(line)),
            Some(contact) => {
                lines.push(line.to_owned());
                lines.extend(beside(contact, paint));
            }
        }
    }
    lines.join("\n")
}

/// What is to be done about a contact, or why it failed.
fn beside(contact: &Value, paint: Paint) -> Option<String> {
    let text_of = |name| contact.get(name).and_then(Value::as_str);
    if let Some(reason) = text_of("reason") {
        return Some(format!("      {}", paint.red(&escape(reason))));
    }
    let number = text_of("safety_number").filter(|_| text(contact, "verification") != "verified")?;
    Some(format!("      {}", paint.dim(&format!("to compare: {number}"))))
}

/// One contact, after something was decided about it.
pub(super) fn contact(contact: &Value, paint: Paint) -> String {
    let mut rows = vec![
        field("Name", paint.bold(&escape(text(contact, "name")))),
        field("Id", text(contact, "id").to_owned()),
        field("State", text(contact, "state").to_owned()),
    ];
    if let Some(reason) = contact.get("reason").and_then(Value::as_str) {
        rows.push(field("Reason", escape(reason)));
    }
    rows.push(field("Verification", text(contact, "verification").to_owned()));
    if let Some(safety_number) = contact.get("safety_number").and_then(Value::as_str) {
        rows.push(field("Safety number", safety_number.to_owned()));
    }
    table(&rows)
}

pub(super) fn invitations(list: &[Value], paint: Paint) -> String {
    if list.is_empty() {
        return "No invitations. Make one with `causerie-node invite`.".to_owned();
    }
    let mut lines = vec![["ID", "STATE", "USE", "ANSWERS", "EXPIRES"].map(str::to_owned).to_vec()];
    lines.extend(list.iter().map(|invitation| {
        let reusable = invitation.get("reusable") == Some(&Value::Bool(true));
        vec![
            text(invitation, "id").to_owned(),
            text(invitation, "state").to_owned(),
            if reusable { "reusable" } else { "once" }.to_owned(),
            number(invitation, "answers").to_string(),
            minute(text(invitation, "expires")).unwrap_or_else(|| "never".to_owned()),
        ]
    }));
    let all = table(&lines);
    match all.split_once('\n') {
        Some((head, rest)) => format!("{}\n{rest}", paint.bold(head)),
        None => all,
    }
}

pub(super) fn history(messages: &[Value], names: &Names, paint: Paint) -> String {
    let lines: Vec<String> = messages.iter().map(|row| message(row, names, paint)).collect();
    lines.join("\n")
}

pub(super) fn check(check: &Value, paint: Paint) -> String {
    let entries = number(check, "entries");
    if check.get("ok") == Some(&Value::Bool(true)) {
        return format!("{} {entries} entries, all whole", paint.green("ok"));
    }
    format!(
        "{} {entries} entries are whole, {} are missing, {} records cannot be read",
        paint.red("damaged"),
        number(check, "gaps"),
        number(check, "unreadable")
    )
}

/// One line for an event; `names` learns from it.
pub(super) fn event(event: &Value, names: &mut Names, paint: Paint) -> String {
    if let Some(contact) = event.get("contact") {
        names.learn(contact);
    }
    let about = event.get("contact").unwrap_or(&Value::Null);
    let who = escape(text(about, "name"));
    let what = match text(event, "type") {
        "contact.added" => format!("{who} is new ({})", text(about, "state")),
        "contact.changed" => {
            format!("{who} changed: {}, verification {}", text(about, "state"), text(about, "verification"))
        }
        "contact.failed" => {
            let reason = escape(text(about, "reason"));
            format!("{} {who} could not be added: {reason}", paint.red("!"))
        }
        "contact.online" => format!("{} {who} is online", paint.green("●")),
        "contact.offline" => format!("{} {who} is offline", paint.dim("○")),
        "message.received" => {
            let row = event.get("message").unwrap_or(&Value::Null);
            return message(row, names, paint);
        }
        "message.state" => format!(
            "{} has your messages up to {}: {}",
            names.name(text(event, "conversation")),
            short(text(event, "up_to")),
            text(event, "state")
        ),
        "node.listening" => format!("listening on {}", texts(event, "addresses").join(" ")),
        "notice" => format!("{} {}", paint.yellow("!"), escape(text(event, "text"))),
        "overflow" => format!(
            "{} {} earlier events are not kept any more: see `history`",
            paint.yellow("!"),
            number(event, "missed")
        ),
        other => escape(other),
    };
    format!("{}  {what}", paint.dim(&clock(text(event, "at"))))
}

fn message(row: &Value, names: &Names, paint: Paint) -> String {
    let outgoing = row.get("outgoing") == Some(&Value::Bool(true));
    let author = if outgoing { "you".to_owned() } else { names.name(text(row, "author")) };
    let body = match row.get("text").and_then(Value::as_str) {
        Some(written) => escape_lines(written),
        None => paint.dim("(this message needs a newer version)"),
    };
    let state = if outgoing {
        format!("  {}", paint.dim(&format!("({})", text(row, "state"))))
    } else {
        String::new()
    };
    let at = paint.dim(&clock(text(row, "sent_at")));
    format!("{at}  {}: {body}{state}", paint.bold(&author))
}

/// A field's text; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(escape).collect()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn field(label: &str, content: String) -> Vec<String> {
    vec![format!("{label}:"), content]
}

fn short(id: &str) -> String {
    escape(id).chars().take(ID_CHARS_SHOWN).collect()
}

/// `2026-01-02 03:04` of an RFC 3339 time.
fn minute(at: &str) -> Option<String> {
    Some(format!("{} {}", at.get(..10)?, at.get(11..16)?))
}

/// `2026-01-02 03:04:05` of an RFC 3339 time.
fn clock(at: &str) -> String {
    let parts = at.get(..10).zip(at.get(11..19));
    parts.map_or_else(|| escape(at), |(day, hour)| format!("{day} {hour}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bob() -> Value {
        json!({"id": "aaaabbbbccccddddeeee", "name": "Bob\u{202e}", "state": "active", "reason": null,
            "verification": "none", "online": true, "path": "direct",
            "last_seen": "2026-01-02T03:04:05.006Z", "safety_number": "12345 67890"})
    }

    #[test]
    fn contacts_are_a_table_without_deceiving_characters() {
        assert_eq!(
            contacts(&[bob()], Paint::PLAIN),
            "NAME         STATE   VERIFICATION  ONLINE  LAST SEEN         ID\n\
             Bob\\u{202e}  active  none          direct  2026-01-02 03:04  aaaabbbbcc\n      \
             to compare: 12345 67890"
        );
        let mut known = bob();
        known["verification"] = json!("verified");
        assert!(!contacts(&[known.clone()], Paint::PLAIN).contains("12345"));
        known["reason"] = json!("their invitation\u{1b} was revoked");
        assert!(contacts(&[known], Paint::PLAIN).ends_with("\n      their invitation\\u{1b} was revoked"));
        assert!(contacts(&[], Paint::PLAIN).contains("causerie-node invite"));
        assert!(contact(&bob(), Paint::PLAIN).contains("12345 67890"));
    }

    #[test]
    fn devices_are_a_table_that_says_which_is_this_one() {
        let device = |id, this| json!({"id": id, "added": "2026-01-02T03:04:05.006Z", "this": this});
        assert_eq!(
            devices(&[device("aaaabbbbccccdddd", false), device("eeeeffffgggghhhh", true)], Paint::PLAIN),
            "ADDED             THIS ONE  ID\n\
             2026-01-02 03:04  -         aaaabbbbcc\n\
             2026-01-02 03:04  yes       eeeeffffgg"
        );
    }

    #[test]
    fn history_names_people() {
        let names = Names::of(&[bob()]);
        let rows = [
            json!({"author": "aaaabbbbccccddddeeee", "outgoing": false, "text": "hi\nyou: fake", "sent_at": "2026-01-02T03:04:05.006Z", "state": "read"}),
            json!({"author": "zzzz", "outgoing": true, "text": "hello", "sent_at": "2026-01-02T03:04:06.006Z", "state": "delivered"}),
            json!({"author": "yyyyyyyyyyyyyyyy", "outgoing": false, "text": null, "sent_at": "2026-01-02T03:04:06.006Z", "state": "read"}),
        ];
        assert_eq!(
            history(&rows, &names, Paint::PLAIN),
            "2026-01-02 03:04:05  Bob\\u{202e}: hi\n    │ you: fake\n\
             2026-01-02 03:04:06  you: hello  (delivered)\n\
             2026-01-02 03:04:06  yyyyyyyyyy: (this message needs a newer version)"
        );
    }

    #[test]
    fn every_event_has_a_line_and_none_deceives() {
        let mut names = Names::default();
        let at = "2026-01-02T03:04:05.006Z";
        let message = json!({"author": "aaaabbbbccccddddeeee", "outgoing": false, "text": "\u{1b}[2J", "sent_at": at, "state": "delivered"});
        let events = [
            json!({"at": at, "type": "contact.added", "contact": bob()}),
            json!({"at": at, "type": "contact.changed", "contact": bob()}),
            json!({"at": at, "type": "contact.failed", "contact": bob()}),
            json!({"at": at, "type": "contact.online", "contact": bob()}),
            json!({"at": at, "type": "contact.offline", "contact": bob()}),
            json!({"at": at, "type": "message.received", "message": message}),
            json!({"at": at, "type": "message.state", "conversation": "aaaabbbbccccddddeeee", "up_to": "m", "state": "read"}),
            json!({"at": at, "type": "node.listening", "addresses": ["/ip4/127.0.0.1/tcp/1"]}),
            json!({"at": at, "type": "notice", "kind": "fork", "text": "two\nlines"}),
            json!({"at": at, "type": "overflow", "missed": 7}),
            json!({"at": at, "type": "tomorrow's"}),
        ];
        for row in &events {
            let line = event(row, &mut names, Paint::PLAIN);
            assert!(line.starts_with("2026-01-02 03:04:05  "), "{line}");
            assert!(!line.contains(['\u{1b}', '\u{202e}', '\n']), "{line}");
        }
        assert!(event(&events[6], &mut names, Paint::PLAIN).contains("Bob"));
    }

    #[test]
    fn a_check_says_what_is_damaged() {
        let whole = json!({"entries": 3, "gaps": 0, "unreadable": 0, "ok": true});
        assert_eq!(check(&whole, Paint::PLAIN), "ok 3 entries, all whole");
        let damaged = json!({"entries": 3, "gaps": 1, "unreadable": 2, "ok": false});
        assert!(check(&damaged, Paint::PLAIN).starts_with("damaged 3 entries"));
    }

    #[test]
    fn status_says_what_waits() {
        let status = status(
            &json!({"id": "x", "name": "A", "version": "0.1.0", "running": false, "passphrase": false,
                "listening": [], "reachability": "offline", "peers": 0, "queued": 4}),
            Paint::PLAIN,
        );
        assert!(status.contains("not running"));
        assert!(status.contains("4 messages"));
        assert!(status.contains("not set"));
        assert!(!status.contains("Listening"));
    }
}
