use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> Address {
    let (transport, socket) = text.split_once("://").unwrap();
    let socket: SocketAddr = socket.parse().unwrap();
    Address {
        transport: if transport == "tcp" { Transport::Tcp } else { Transport::Quic },
        ip: socket.ip(),
        port: socket.port(),
    }
}

fn link(hints: &[&str]) -> Link {
    Link {
        account: AccountId::from_bytes([1; 32]),
        secret: Secret::new([2; 32]),
        bundle_hash: [3; 16],
        not_after: 1_800_000_000,
        reusable: true,
        ask: false,
        hints: hints.iter().map(|hint| address(hint)).collect(),
    }
}

/// A text with these bytes and a right checksum.
fn crafted(bytes: &[u8]) -> String {
    let all = [bytes, &checksum(bytes)[..]].concat();
    format!("causerie:i1#{}", BASE64URL_NOPAD.encode(&all))
}

fn bytes_of(link: &Link) -> Vec<u8> {
    let text = link.encode();
    let mut bytes = BASE64URL_NOPAD.decode(&text.as_bytes()[12..]).unwrap();
    bytes.truncate(bytes.len() - CHECKSUM_BYTES);
    bytes
}

#[test]
fn the_longest_link_is_short_enough() {
    let longest = link(&["quic://[2001:db8::1]:47474", "tcp://[2001:db8::2]:65535", "quic://[fd00::3]:1"]);
    let text = longest.encode();
    assert_eq!(text.len(), 212);
    assert!(text.len() <= LINK_CHARS_MAX);
    assert_eq!(Link::decode(&text), Ok(longest));
}

#[test]
fn every_kind_of_hint_and_flag_comes_back() {
    for (reusable, ask) in [(false, false), (true, false), (false, true), (true, true)] {
        let link = Link {
            reusable,
            ask,
            ..link(&["tcp://192.168.1.7:47474", "quic://127.0.0.1:2", "tcp://[::1]:3"])
        };
        assert_eq!(Link::decode(&link.encode()), Ok(link));
    }
    assert_eq!(Link::decode(&link(&[]).encode()), Ok(link(&[])));
}

#[test]
fn every_altered_character_is_refused() {
    let text = link(&["tcp://192.168.1.7:47474"]).encode();
    for at in 0..text.len() {
        for other in (0x20..0x7f_u8).chain([b'\n', 0]) {
            let mut bytes = text.clone().into_bytes();
            if bytes[at] == other {
                continue;
            }
            bytes[at] = other;
            let altered = String::from_utf8(bytes).unwrap();
            assert!(Link::decode(&altered).is_err(), "{altered}");
        }
        assert_eq!(Link::decode(&text[..at]), Err(LinkError::Damaged));
    }
}

#[test]
fn only_white_space_around_is_tolerated() {
    let text = link(&[]).encode();
    for tolerated in [format!(" {text}\n"), format!("\r\n\t{text}\u{a0}")] {
        assert_eq!(Link::decode(&tolerated), Ok(link(&[])));
    }
    let inside = format!("{} {}", &text[..40], &text[40..]);
    for refused in [
        inside,
        format!("{text}="),
        format!("{text}A"),
        format!("{text}#"),
        format!("<{text}>"),
        text.to_uppercase(),
        text.replace("causerie:", "Causerie:"),
        text.replace("i1", "i01"),
        text.replace("i1", "i+1"),
    ] {
        assert_eq!(Link::decode(&refused), Err(LinkError::Damaged), "{refused}");
    }
}

#[test]
fn later_versions_are_newer_and_nothing_else_is() {
    for newer in ["causerie:i2#", "causerie:i10#anything", " causerie:i4294967295#x "] {
        assert_eq!(Link::decode(newer), Err(LinkError::Newer), "{newer}");
    }
    let long = format!("causerie:i2#{}", "A".repeat(10_000));
    assert_eq!(Link::decode(&long), Err(LinkError::Newer));
    for damaged in [
        "",
        "#",
        "causerie:",
        "causerie:i",
        "causerie:i#",
        "causerie:i2",
        "causerie:i0#",
        "causerie:i02#",
        "causerie:i-2#",
        "causerie:i4294967296#",
        "causerie:j2#",
        "causerie:i1#",
    ] {
        assert_eq!(Link::decode(damaged), Err(LinkError::Damaged), "{damaged}");
    }
}

#[test]
fn lengths_are_exact() {
    let bytes = bytes_of(&link(&[]));
    assert_eq!(bytes.len(), FIXED_BYTES);
    assert!(Link::decode(&crafted(&bytes)).is_ok());
    for length in 0..bytes.len() {
        assert_eq!(Link::decode(&crafted(&bytes[..length])), Err(LinkError::Damaged));
    }
    let with_hint = bytes_of(&link(&["tcp://[2001:db8::2]:65535"]));
    for length in bytes.len() + 1..with_hint.len() {
        assert_eq!(Link::decode(&crafted(&with_hint[..length])), Err(LinkError::Damaged));
    }
    let too_long = format!("causerie:i1#{}", "A".repeat(LINK_CHARS_MAX));
    assert_eq!(Link::decode(&too_long), Err(LinkError::Damaged));
}

#[test]
fn four_hints_are_refused_and_never_written() {
    let four = link(&["tcp://1.2.3.4:1", "tcp://1.2.3.4:2", "tcp://1.2.3.4:3", "tcp://1.2.3.4:4"]);
    let read = Link::decode(&four.encode()).unwrap();
    assert_eq!(read.hints, four.hints[..3]);
    let mut bytes = bytes_of(&four);
    bytes.extend_from_slice(&[0, 1, 2, 3, 4, 0, 4]);
    assert_eq!(Link::decode(&crafted(&bytes)), Err(LinkError::Damaged));
}

#[test]
fn hostile_hints_are_refused_and_never_written() {
    for hostile in [
        "tcp://0.0.0.0:1",
        "quic://224.0.0.251:5353",
        "quic://255.255.255.255:1",
        "tcp://169.254.169.254:80",
        "tcp://192.168.1.7:0",
        "tcp://[::]:1",
        "quic://[ff02::fb]:5353",
        "tcp://[fe80::1]:1",
        "tcp://[::ffff:127.0.0.1]:1",
    ] {
        let mut bytes = bytes_of(&link(&[]));
        write_hint(&mut bytes, &address(hostile));
        assert_eq!(Link::decode(&crafted(&bytes)), Err(LinkError::Damaged), "{hostile}");
        assert_eq!(link(&[hostile]).encode(), link(&[]).encode());
    }
    for kind in 4..=255 {
        let mut bytes = bytes_of(&link(&[]));
        bytes.extend_from_slice(&[kind, 1, 2, 3, 4, 0, 1]);
        assert_eq!(Link::decode(&crafted(&bytes)), Err(LinkError::Damaged));
    }
}

#[test]
fn unknown_flags_are_refused() {
    let mut bytes = bytes_of(&link(&[]));
    for flags in 0..=255 {
        bytes[FIXED_BYTES - 1] = flags;
        assert_eq!(Link::decode(&crafted(&bytes)).is_ok(), flags < 4, "{flags}");
    }
}

#[test]
fn times_are_bounded_and_never_is_never() {
    let ending = |not_after| Link { not_after, ..link(&[]) };
    let never = Link::decode(&ending(Link::NEVER).encode()).unwrap();
    assert_eq!(never.expires(), None);
    assert!(!never.is_expired(WallTime::from_millis(u64::MAX)));
    let late = Link::decode(&ending(Link::NEVER - 1).encode()).unwrap();
    assert_eq!(late.not_after, Link::NOT_AFTER_MAX);
    let mut bytes = bytes_of(&link(&[]));
    bytes[80..88].copy_from_slice(&(Link::NOT_AFTER_MAX + 1).to_be_bytes());
    assert_eq!(Link::decode(&crafted(&bytes)), Err(LinkError::Damaged));
    assert!(!ending(5).is_expired(WallTime::from_millis(4_999)));
    assert!(ending(5).is_expired(WallTime::from_millis(5_000)));
    assert!(ending(0).is_expired(WallTime::from_millis(0)));
    assert_eq!(ending(5).expires(), Some(WallTime::from_millis(5_000)));
}

#[test]
fn debug_shows_no_secret_byte() {
    let shown = format!("{:?}", link(&["tcp://1.2.3.4:5"]));
    assert_eq!(
        shown,
        "Link { account: AccountId(aeaqcaib), secret: Secret(…), bundle_hash: [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, \
         3, 3, 3, 3, 3, 3], not_after: 1800000000, reusable: true, ask: false, hints: \
         [Address(tcp://1.2.3.4:5)] }"
    );
}

#[test]
fn ids_of_invitations_differ_by_secret() {
    assert_ne!(invitation_id(&Secret::new([1; 32])), invitation_id(&Secret::new([2; 32])));
}

fn hint() -> impl Strategy<Value = Address> {
    (any::<bool>(), any::<IpAddr>(), 1_u16..)
        .prop_map(|(tcp, ip, port)| Address {
            transport: if tcp { Transport::Tcp } else { Transport::Quic },
            ip,
            port,
        })
        .prop_filter("dialable", |address| address.is_dialable(true))
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        prop_assert!(Link::decode(&text).is_err());
        let prefixed = format!("causerie:i1#{text}");
        prop_assert!(Link::decode(&prefixed).is_err());
    }

    #[test]
    fn arbitrary_bytes_with_a_right_checksum_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(link) = Link::decode(&crafted(&bytes)) {
            prop_assert_eq!(link.encode(), crafted(&bytes));
        }
    }

    #[test]
    fn hints_of_any_bytes_have_one_form(hints in prop::collection::vec(any::<u8>(), 0..64)) {
        let bytes = [bytes_of(&link(&[])), hints].concat();
        if let Ok(link) = Link::decode(&crafted(&bytes)) {
            prop_assert_eq!(link.encode(), crafted(&bytes));
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself(
        account in any::<[u8; 32]>(),
        secret in any::<[u8; 32]>(),
        bundle_hash in any::<[u8; 16]>(),
        not_after in prop_oneof![Just(Link::NEVER), 0..=Link::NOT_AFTER_MAX],
        reusable in any::<bool>(),
        ask in any::<bool>(),
        hints in prop::collection::vec(hint(), 0..=HINTS_MAX),
    ) {
        let link = Link {
            account: AccountId::from_bytes(account),
            secret: Secret::new(secret),
            bundle_hash,
            not_after,
            reusable,
            ask,
            hints,
        };
        let text = link.encode();
        prop_assert!(text.len() <= LINK_CHARS_MAX);
        prop_assert_eq!(Link::decode(&text), Ok(link));
    }
}
