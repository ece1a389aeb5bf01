//! The formats of accounts, device lists, links and bundles against `vectors/account.json`.
//!
//! The expected values come from a second implementation written from the description of the formats alone
//! (RFC 8032 and RFC 7748 in plain integers); a difference is a change of the wire format.
#![cfg(not(feature = "stand-in"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a vector that cannot be read fails its test")]

use std::net::IpAddr;

use causerie_protocol::{
    account::{device_list::SignedDeviceList, keys::OwnAccount, safety_number},
    address::{Address, Transport},
    contact::{
        bundle::Bundle,
        link_code::{Link, invitation_id},
    },
    entropy::{Entropy, TurnRandom},
    ids::{AccountId, DeviceId, InvitationId},
    moment::WallTime,
    secret::Secret,
    wire::codec,
};
use data_encoding::HEXLOWER;
use serde_json::Value;

fn vectors(of: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/account.json")).unwrap();
    let vectors = all.get(of).and_then(Value::as_array).unwrap().clone();
    assert!(!vectors.is_empty());
    vectors
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("no {field}"))
}

fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    HEXLOWER.decode(text(vector, field).as_bytes()).unwrap()
}

fn array<const N: usize>(vector: &Value, field: &str) -> [u8; N] {
    bytes(vector, field).try_into().unwrap()
}

fn own(vector: &Value) -> OwnAccount {
    let mut random = TurnRandom::new(&Entropy::new(array(vector, "entropy")));
    let now = WallTime::from_millis(vector["created_ms"].as_u64().unwrap());
    OwnAccount::create(&mut random, now)
}

fn link(vector: &Value) -> Link {
    let hint = |hint: &Value| Address {
        transport: match text(hint, "transport") {
            "tcp" => Transport::Tcp,
            "quic" => Transport::Quic,
            other => panic!("{other}"),
        },
        ip: text(hint, "ip").parse::<IpAddr>().unwrap(),
        port: u16::try_from(hint["port"].as_u64().unwrap()).unwrap(),
    };
    Link {
        account: AccountId::from_bytes(array(vector, "account")),
        secret: Secret::new(array(vector, "secret")),
        bundle_hash: array(vector, "bundle_hash"),
        not_after: vector["not_after"].as_u64().unwrap_or(Link::NEVER),
        reusable: vector["reusable"].as_bool().unwrap(),
        ask: vector["ask"].as_bool().unwrap(),
        hints: vector["hints"].as_array().unwrap().iter().map(hint).collect(),
    }
}

#[test]
fn keys_and_ids() {
    for vector in &vectors("accounts") {
        let own = own(vector);
        assert_eq!(own.account(), AccountId::from_bytes(array(vector, "account")));
        assert_eq!(own.account().to_string(), text(vector, "account_text"));
        assert_eq!(own.device(), DeviceId::from_bytes(array(vector, "device")));
        assert_eq!(own.static_public(), array(vector, "static_public"));
        assert_eq!(*own.static_secret(), Secret::new(array(vector, "static_secret")));
        assert_eq!(*own.k_self(), Secret::new(array(vector, "k_self")));
    }
}

#[test]
fn the_stored_account() {
    for vector in &vectors("accounts") {
        let stored = bytes(vector, "stored");
        assert_eq!(codec::encode(&own(vector)).unwrap(), stored);
        let back: OwnAccount = codec::decode(&stored).unwrap();
        assert_eq!(back.device_list(), own(vector).device_list());
    }
}

#[test]
fn device_lists() {
    for vector in &vectors("accounts") {
        let list = SignedDeviceList::parse(&bytes(vector, "device_list")).unwrap();
        assert_eq!(&list, own(vector).device_list());
        assert_eq!(list.hash(), array(vector, "device_list_hash"));
        assert_eq!(list.list().account_key, array(vector, "account_key"));
        let device = list.device(DeviceId::from_bytes(array(vector, "device"))).unwrap();
        assert_eq!(device.key, array(vector, "device_key"));
        assert_eq!(device.static_key, array(vector, "static_public"));
    }
}

#[test]
fn bundles() {
    for vector in &vectors("accounts") {
        let signed = Bundle::sign(&own(vector), &bytes(vector, "noise1")).unwrap();
        assert_eq!(HEXLOWER.encode(&signed), text(vector, "bundle"));
        let bundle = Bundle::parse(&signed).unwrap();
        assert_eq!(bundle.hash(), array(vector, "bundle_hash"));
        assert_eq!(bundle.noise1(), bytes(vector, "noise1"));
    }
}

#[test]
fn links() {
    for vector in &vectors("links") {
        let link = link(vector);
        assert_eq!(link.encode(), text(vector, "text"));
        assert_eq!(Link::decode(text(vector, "text")), Ok(link.clone()));
        assert_eq!(invitation_id(&link.secret), InvitationId::from_bytes(array(vector, "invitation")));
    }
}

#[test]
fn safety_numbers() {
    for vector in &vectors("accounts") {
        let account = AccountId::from_bytes(array(vector, "account"));
        assert_eq!(safety_number::half(account), text(vector, "half"));
    }
    for vector in &vectors("safety_numbers") {
        let own = AccountId::from_bytes(array(vector, "own"));
        let theirs = AccountId::from_bytes(array(vector, "theirs"));
        assert_eq!(safety_number(own, theirs), text(vector, "number"));
        assert_eq!(safety_number(theirs, own), text(vector, "number"));
    }
}
