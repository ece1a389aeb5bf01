//! What a person pastes or a script says: link texts, ids, names.

use super::{Origin, Taking, Target, each};
use crate::{
    account::keys::OwnAccount,
    address::{Address, Transport},
    contact::link_code::{Link, LinkError},
    ids::{AccountId, InvitationId, MessageId},
    limits,
    name::{self, Name},
    secret::Secret,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "link-text", origin: Origin::Person, cost: 1, begin: link_text, examples: link_texts },
    Target {
        name: "link-content",
        origin: Origin::Person,
        cost: 1,
        begin: link_content,
        examples: link_contents,
    },
    Target { name: "id-text", origin: Origin::Person, cost: 1, begin: id_text, examples: id_texts },
    Target { name: "name", origin: Origin::Person, cost: 1, begin: name_text, examples: names },
];

/// Reads a link; what is read says the same when it is written again.
fn take_link(text: &str) -> Result<Link, LinkError> {
    let link = Link::decode(text)?;
    assert!(text.trim().len() <= limits::LINK_CHARS_MAX, "a link of {} bytes", text.len());
    assert!(link.hints.len() <= limits::HINTS_MAX);
    assert!(link.hints.iter().all(|hint| hint.is_dialable(true)), "a hint that nobody can dial");
    assert_eq!(link.encode(), text.trim(), "another text for the same link");
    Ok(link)
}

fn link_text() -> Taking {
    each(|bytes| {
        if let Ok(text) = core::str::from_utf8(bytes) {
            take_link(text).ok();
        }
    })
}

/// What a link says, under the right checksum.
fn link_content() -> Taking {
    each(|bytes| {
        take_link(&Link::text_of(bytes)).ok();
    })
}

fn links() -> Vec<Link> {
    let account: OwnAccount = super::somebody(1);
    let hint = |transport, ip| Address { transport, ip, port: 47_474 };
    let hints = vec![
        hint(Transport::Tcp, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
        hint(Transport::Quic, IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
        hint(Transport::Quic, IpAddr::V4(Ipv4Addr::LOCALHOST)),
    ];
    let bare = Link {
        account: account.account(),
        secret: Secret::new([5; 32]),
        bundle_hash: [6; 16],
        not_after: 1_800_000_000,
        reusable: false,
        ask: false,
        hints: Vec::new(),
    };
    let full = Link { hints, reusable: true, ask: true, not_after: Link::NEVER, ..bare.clone() };
    vec![bare, full]
}

fn link_texts() -> Vec<Vec<u8>> {
    links().iter().map(|link| link.encode().into_bytes()).collect()
}

fn link_contents() -> Vec<Vec<u8>> {
    links().iter().map(|link| Link::content_of(&link.encode()).unwrap_or_default()).collect()
}

fn id_text() -> Taking {
    each(|bytes| {
        let Ok(text) = core::str::from_utf8(bytes) else { return };
        if let Some(id) = AccountId::parse(text) {
            assert_eq!(id.to_string(), text);
        }
        if let Some(id) = MessageId::parse(text) {
            assert_eq!(id.to_string(), text);
        }
        if let Some(id) = InvitationId::parse(text) {
            assert_eq!(id.to_string(), text);
        }
    })
}

fn id_texts() -> Vec<Vec<u8>> {
    vec![
        AccountId::from_bytes([0x5a; 32]).to_string().into_bytes(),
        MessageId::from_bytes([0xa5; 16]).to_string().into_bytes(),
        InvitationId::from_bytes([0; 8]).to_string().into_bytes(),
    ]
}

/// A name that is taken is taken again as it is, and so is what is made of a name that somebody else claims.
fn name_text() -> Taking {
    let fallback = Name::of_account(super::somebody(1).account());
    each(move |bytes| {
        let Ok(text) = core::str::from_utf8(bytes) else { return };
        for taken in [name::check(text).ok(), Some(Name::claimed(text, &fallback))].into_iter().flatten() {
            assert!(taken.as_str().chars().count() <= limits::NAME_CHARS_MAX);
            assert_eq!(name::check(taken.as_str()).ok().as_ref(), Some(&taken), "a name that is none");
        }
    })
}

fn names() -> Vec<Vec<u8>> {
    ["Alice", "👩‍🚀 Ünïcödé", "שלום"].map(|name| name.as_bytes().to_vec()).to_vec()
}
