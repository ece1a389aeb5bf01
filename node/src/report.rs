//! What can be said of a node to somebody who helps: versions, system, counts, kinds, and no word of anybody.
//!
//! Never in it: names, ids, texts, keys, paths, the machine's name, times of anything that people did. Addresses are
//! told by kind only, unless they are asked for. It is made of the same answers that everybody else gets, and of the
//! sizes of files.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
};

use causerie_protocol::{
    address::{Address, Transport},
    answer::{Answer, ContactState, ContactView, InvitationState, StatusView, Verification},
    command::Command,
    upgrade,
};
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use crate::{
    error::NodeError,
    handle::NodeHandle,
    network::{self, parse_multiaddr},
    rpc::views,
};

/// Kinds of notices that are told. Chosen: what happened last.
const NOTICES_MAX: usize = 16;

/// Bytes of the system's description of itself that are looked at. Chosen: it has a few hundred.
const SYSTEM_BYTES_MAX: usize = 4_096;

/// What the report is to have beside what it always has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// What walking everything that is stored finds.
    pub check: bool,
    /// The addresses on which the node listens, as they are.
    pub addresses: bool,
}

/// See the file's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(Map<String, Value>);

impl Report {
    pub(crate) async fn of(node: &NodeHandle, home: &Path, wishes: Wishes) -> Result<Self, NodeError> {
        let Answer::Status(status) = node.command(Command::Status).await? else {
            return Err(NodeError::Stopped);
        };
        let Answer::Contacts(contacts) = node.command(Command::ListContacts).await? else {
            return Err(NodeError::Stopped);
        };
        let Answer::Invitations(invitations) = node.command(Command::ListInvitations).await? else {
            return Err(NodeError::Stopped);
        };
        let open = invitations.iter().filter(|one| one.state == InvitationState::Open).count();
        let listening = node.listening();
        let mut report = Map::new();
        report.insert("program".to_owned(), program());
        report.insert("system".to_owned(), system().await);
        report.insert(
            "home".to_owned(),
            json!({
                "starts": node.events().origin() >> 32,
                "passphrase": node.has_passphrase(),
                "store_bytes": bytes_below(home.join("store")).await,
            }),
        );
        report.insert("network".to_owned(), network_of(&status, &listening, wishes));
        report.insert("contacts".to_owned(), contacts_of(&contacts, &status));
        report.insert("invitations_open".to_owned(), json!(open));
        report.insert("notices".to_owned(), json!(node.events().notice_kinds(NOTICES_MAX)));
        if wishes.check
            && let Answer::Check(found) = node.command(Command::Check).await?
        {
            report.insert("check".to_owned(), views::check(&found));
        }
        Ok(Self(report))
    }

    /// As a value.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// As lines: what it is about, a colon, and what is so.
    #[must_use]
    pub fn to_text(&self) -> String {
        lines(&self.to_json())
    }
}

/// A report as lines.
#[must_use]
pub fn lines(report: &Value) -> String {
    let mut text = String::new();
    for (about, value) in report.as_object().into_iter().flatten() {
        let words = match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| format!("{name} {}", plain(value)));
                fields.collect::<Vec<_>>().join(", ")
            }
            value => plain(value),
        };
        // Writing into a String cannot fail.
        writeln!(text, "{about}: {words}").ok();
    }
    text
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "unknown".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(fields) if fields.is_empty() => "none".to_owned(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name} × {}", plain(value)))
            .collect::<Vec<_>>()
            .join(" + "),
        other => other.to_string(),
    }
}

fn program() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "home_version": upgrade::VERSION,
        "build": if cfg!(debug_assertions) { "debug" } else { "release" },
    })
}

/// The system's kind and what it calls itself, without the name of the machine.
async fn system() -> Value {
    let named = spawn_blocking(|| fs::read("/etc/os-release").ok()).await.ok().flatten();
    let text = named.map(|mut bytes| {
        bytes.truncate(SYSTEM_BYTES_MAX);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let name =
        text.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")));
    json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "name": name.map(|name| name.trim_matches('"')),
    })
}

fn network_of(status: &StatusView, listening: &[String], wishes: Wishes) -> Value {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for one in listening.iter().filter_map(|text| parse_multiaddr(text).ok()) {
        *kinds.entry(kind_of(&one.address)).or_default() += 1;
    }
    let mut value = json!({
        "has_network": network::has_network(),
        "listening": kinds,
        "told": status.listening.len(),
    });
    if let (true, Some(fields)) = (wishes.addresses, value.as_object_mut()) {
        fields.insert("addresses".to_owned(), json!(listening));
    }
    value
}

/// As in `private-v4-tcp`.
fn kind_of(address: &Address) -> String {
    let (reach, version) = match address.ip {
        IpAddr::V4(ip) if ip.is_loopback() => ("loopback", "v4"),
        IpAddr::V4(ip) if ip.is_link_local() => ("link-local", "v4"),
        IpAddr::V4(ip) if ip.is_private() => ("private", "v4"),
        IpAddr::V4(_) => ("public", "v4"),
        IpAddr::V6(ip) if ip.is_loopback() => ("loopback", "v6"),
        IpAddr::V6(ip) if ip.is_unicast_link_local() => ("link-local", "v6"),
        IpAddr::V6(ip) if ip.is_unique_local() => ("private", "v6"),
        IpAddr::V6(_) => ("public", "v6"),
    };
    let transport = match address.transport {
        Transport::Tcp => "tcp",
        Transport::Quic => "quic",
    };
    format!("{reach}-{version}-{transport}")
}

fn contacts_of(contacts: &[ContactView], status: &StatusView) -> Value {
    let count = |is: &dyn Fn(&ContactView) -> bool| contacts.iter().filter(|one| is(one)).count();
    let mut value = Map::new();
    for state in [
        ContactState::Active,
        ContactState::Pending,
        ContactState::Request,
        ContactState::Blocked,
        ContactState::Failed,
    ] {
        value.insert(views::contact_state(state).to_owned(), json!(count(&|one| one.state == state)));
    }
    let of = |verification| json!(count(&|one| one.verification == verification));
    value.insert("verified".to_owned(), of(Verification::Verified));
    value.insert("changed".to_owned(), of(Verification::Changed));
    value.insert("online".to_owned(), json!(status.peers));
    value.insert("queued".to_owned(), json!(status.queued));
    Value::Object(value)
}

/// How many bytes the files of a directory have; `None` where they cannot be looked at.
async fn bytes_below(directory: PathBuf) -> Option<u64> {
    let counting = spawn_blocking(move || count_bytes(&directory));
    counting.await.ok().flatten()
}

fn count_bytes(directory: &Path) -> Option<u64> {
    let mut bytes: u64 = 0;
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).ok()?.filter_map(Result::ok) {
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_dir() {
                waiting.push(entry.path());
            } else {
                bytes = bytes.saturating_add(facts.len());
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use causerie_protocol::answer::CheckView;

    use super::*;
    use crate::handle::fake;

    #[test]
    fn addresses_are_told_by_kind() {
        for (ip, transport, kind) in [
            (IpAddr::V4(Ipv4Addr::new(192, 168, 1, 2)), Transport::Tcp, "private-v4-tcp"),
            (Ipv4Addr::new(198, 51, 100, 1).into(), Transport::Quic, "public-v4-quic"),
            (Ipv4Addr::new(169, 254, 3, 4).into(), Transport::Tcp, "link-local-v4-tcp"),
            (Ipv4Addr::LOCALHOST.into(), Transport::Tcp, "loopback-v4-tcp"),
            (Ipv6Addr::LOCALHOST.into(), Transport::Quic, "loopback-v6-quic"),
            (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into(), Transport::Tcp, "link-local-v6-tcp"),
            (Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1).into(), Transport::Tcp, "private-v6-tcp"),
            (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(), Transport::Tcp, "public-v6-tcp"),
        ] {
            assert_eq!(kind_of(&Address { transport, ip, port: 1 }), kind);
        }
    }

    #[tokio::test]
    async fn it_counts_and_names_nobody() {
        let (node, _) = fake::node(|command| {
            Ok(match command {
                Command::Status => Answer::Status(fake::status()),
                Command::ListContacts => Answer::Contacts(vec![fake::contact()]),
                Command::ListInvitations => Answer::Invitations(vec![fake::invitation()]),
                Command::Check => Answer::Check(CheckView { entries: 7, gaps: 0, unreadable: 1 }),
                _ => Answer::Done,
            })
        });
        let wishes = Wishes { check: true, addresses: false };
        let report = node.report(wishes).await.unwrap();
        let value = report.to_json();
        assert_eq!(value["contacts"]["active"], 1);
        assert_eq!(value["contacts"]["verified"], 1);
        assert_eq!((&value["contacts"]["online"], &value["contacts"]["queued"]), (&json!(2), &json!(3)));
        assert_eq!(value["invitations_open"], 1);
        assert_eq!(value["check"]["unreadable"], 1);
        let text = report.to_text();
        assert!(text.contains("\ncontacts: ") && text.contains("unreadable 1"), "{text}");
        for private in [fake::status().name, fake::contact().name, fake::status().id.to_string()] {
            assert!(!text.contains(&private), "{text}");
        }
    }
}
