//! Looking closer: the test of a contact, what is known of one message, and the report for somebody who helps.
//!
//! Built from the same JSON values that scripts get. A contact that cannot be reached is a result, printed as one, and
//! exit code 3.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};

use super::{
    args::Details,
    door::{Door, running},
    errors::Failure,
    output::{Paint, Printer, escape, table},
    words,
};
use crate::report;

/// Whether a contact can be reached; only a node that meets others can tell.
pub(super) async fn test(home: &Path, whom: &str, printer: &mut Printer) -> Result<(), Failure> {
    printer.note("Testing; this takes at most eight seconds, or sixteen where servers are asked.");
    let tested = running(home).await?.call("contact.test", json!({"contact": whom})).await?;
    printer.result(&tested, trial)?;
    if tested.get("reachable") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    let failed = words::text(&tested, "failed");
    Err(Failure::new("unreachable", sentence(failed, &tested), advice(failed)))
}

/// How far this node is reached, and whether each contact can be, one after the other; only a node that meets others can
/// tell.
pub(super) async fn doctor(home: &Path, printer: &mut Printer) -> Result<(), Failure> {
    printer.note("Testing; this takes a few seconds for each contact that is not connected.");
    let mut node = running(home).await?;
    let status = node.call("node.status", json!({})).await?;
    let mut contacts = Vec::new();
    for contact in node.call("contact.list", json!({})).await?.as_array().into_iter().flatten() {
        let state = words::text(contact, "state");
        if state != "active" && state != "pending" {
            continue;
        }
        let tested = node.call("contact.test", json!({"contact": words::text(contact, "id")})).await?;
        contacts.push(json!({
            "id": contact.get("id"),
            "name": contact.get("name"),
            "path": contact.get("path"),
            "reachable": tested.get("reachable"),
            "failed": tested.get("failed"),
            "steps": tested.get("steps"),
            "addresses": tested.get("addresses"),
            "round_trip_ms": tested.get("round_trip_ms"),
        }));
    }
    let found = json!({
        "reachability": status.get("reachability"),
        "beyond": status.get("beyond"),
        "listening": status.get("listening"),
        "contacts": contacts,
    });
    Ok(printer.result(&found, diagnosis)?)
}

fn diagnosis(found: &Value, paint: Paint) -> String {
    let mut text = format!("This node is reached {}.\n{}\n", words::reachable(found), words::way_on(found));
    for contact in rows_of(found, "contacts") {
        let name = escape(words::text(contact, "name"));
        let failed = words::text(contact, "failed");
        // Writing into a String cannot fail.
        if contact.get("reachable") == Some(&Value::Bool(true)) {
            let how = match words::text(contact, "path") {
                "relayed" => "over a relay",
                _ => "directly",
            };
            writeln!(text, "\n{name}: {} {how}", paint.green("reached")).ok();
        } else {
            let (why, what) = (sentence(failed, contact), advice(failed));
            writeln!(text, "\n{name}: {}: {why}. {what}", paint.red("not reached")).ok();
        }
    }
    text.trim_end().to_owned()
}

/// What is known of one message.
pub(super) async fn message(
    Details::Info { conversation, message }: Details,
    door: &mut Door,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let details =
        door.call("message.info", json!({"conversation": conversation, "message": message})).await?;
    Ok(printer.result(&details, details_table)?)
}

/// What can be shown to somebody who helps.
pub(super) async fn report(
    check: bool,
    addresses: bool,
    door: &mut Door,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let made = door.call("node.report", json!({"check": check, "addresses": addresses})).await?;
    Ok(printer.result(&made, |made, _| report::lines(made).trim_end().to_owned())?)
}

fn trial(tested: &Value, paint: Paint) -> String {
    let mut rows = Vec::new();
    for step in rows_of(tested, "steps") {
        let result = match words::text(step, "result") {
            "ok" => paint.green("ok"),
            "failed" => paint.red("failed"),
            _ if is_chosen(step) => paint.dim("no, by choice"),
            _ => paint.dim("not tried"),
        };
        rows.push(vec![about(words::text(step, "step")).to_owned(), result, facts(step)]);
    }
    let mut text = table(&rows);
    for one in rows_of(tested, "addresses") {
        let result = words::text(one, "result").replace('_', " ");
        // Writing into a String cannot fail.
        write!(text, "\n  {}  {result}", escape(words::text(one, "address"))).ok();
    }
    text
}

fn about(step: &str) -> &'static str {
    match step {
        "network" => "This machine has a network",
        "listening" => "This node listens",
        "address" => "It is known where they may be",
        "dial" => "They answer there",
        "handshake" => "Keys are agreed on",
        "channel" => "A channel stands",
        _ => "It carries a message there and back",
    }
}

/// Whether a step is as it is because the person wants it so.
fn is_chosen(step: &Value) -> bool {
    step.get("by_choice") == Some(&Value::Bool(true))
}

fn facts(step: &Value) -> String {
    let number = |name| step.get(name).and_then(Value::as_u64);
    if let Some(millis) = step.get("round_trip_ms").and_then(Value::as_f64) {
        return format!("{millis:.1} ms");
    }
    match (number("known"), number("nearby"), number("addresses")) {
        (Some(known), Some(nearby), _) => format!("{known} addresses, {nearby} unknown devices near"),
        (_, _, Some(_)) if is_chosen(step) => "you let nobody in: you dial others".to_owned(),
        (_, _, Some(listening)) => format!("on {listening} addresses"),
        _ if step.get("awaits_consent") == Some(&Value::Bool(true)) => {
            "they have not accepted yet".to_owned()
        }
        _ => String::new(),
    }
}

fn sentence(failed: &str, tested: &Value) -> &'static str {
    let awaits =
        rows_of(tested, "steps").iter().any(|step| step.get("awaits_consent") == Some(&Value::Bool(true)));
    match failed {
        "network" => "this machine has no network",
        "listening" => "the node listens nowhere",
        "address" => "it is not known where they are",
        "dial" => "nobody who is them answers where they were",
        "handshake" if awaits => "they are there, and have not accepted you yet",
        "handshake" => "they are there, but no keys could be agreed on",
        "channel" => "they are there, but the channel ended at once",
        _ => "the channel stands, but nothing comes back",
    }
}

fn advice(failed: &str) -> &'static str {
    match failed {
        "network" => "Connect it to a network; messages wait here and leave by themselves.",
        "listening" => "Start it again with `causerie-node run`; messages wait here.",
        "address" => {
            "Both name a server in network.toml, are on one network, or you answer a new link of theirs; messages wait here."
        }
        "dial" => {
            "Their program is not running, or no way leads there, neither directly nor over a relay: messages wait here."
        }
        "handshake" | "channel" => {
            "Messages wait here. Install the newest version on both sides if it stays so."
        }
        _ => "Messages wait here; the channel is made anew by itself when it is dead.",
    }
}

fn details_table(details: &Value, _: Paint) -> String {
    let mut rows = vec![
        vec!["Id".to_owned(), words::text(details, "id").to_owned()],
        vec!["State".to_owned(), words::text(details, "state").to_owned()],
    ];
    for (label, name) in [
        ("Written", "written_at"),
        ("Received", "received_at"),
        ("Delivered", "delivered_at"),
        ("Read", "read_at"),
        ("Path", "path"),
        ("Reason", "reason"),
    ] {
        if let Some(value) = details.get(name).and_then(Value::as_str) {
            rows.push(vec![label.to_owned(), escape(value)]);
        }
    }
    table(&rows)
}

fn rows_of<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        handle::fake,
        rpc::{methods::Standing, views},
        trial::Tested,
    };

    #[test]
    fn a_test_is_told_step_by_step() {
        let standing = Standing {
            running: true,
            passphrase: false,
            listening: 2,
            hidden: false,
            on_network: true,
            serving: None,
        };
        let tested = Tested::of(fake::trial(), standing).to_json();
        let text = trial(&tested, Paint::PLAIN);
        assert_eq!(text.lines().count(), 8, "{text}");
        assert!(text.contains("They answer there") && text.contains("failed"), "{text}");
        assert!(text.ends_with("/ip4/192.0.2.1/tcp/7  refused"), "{text}");
        assert_eq!(sentence("dial", &tested), "nobody who is them answers where they were");
        let hidden = Standing { listening: 0, hidden: true, ..standing };
        let text = trial(&Tested::of(fake::trial(), hidden).to_json(), Paint::PLAIN);
        let listening = text.lines().find(|line| line.contains("This node listens")).unwrap_or_default();
        assert!(listening.contains("no, by choice") && !text.contains("0 addresses"), "{text}");
    }

    #[test]
    fn what_is_not_known_of_a_message_is_left_out() {
        let text = details_table(&views::message_details(&fake::details()), Paint::PLAIN);
        assert!(
            text.contains("Delivered  2026-01-02T03:04:07.000Z") && text.contains("Path       direct"),
            "{text}"
        );
        assert!(!text.contains("Read ") && !text.contains("Received"), "{text}");
    }
}
