//! What a record of a contact holds when everything in it is as long as it may be.

use core::net::{IpAddr, Ipv6Addr};

use super::*;
use crate::{
    address::Transport,
    entropy::{Entropy, TurnRandom},
    moment::Now,
    testing::MemoryRecords,
    vault::Vault,
};

/// Everything that a contact can fill, filled; so many earlier accounts, which are the person's doing.
fn fullest(merged: usize) -> Contact {
    let mut contact = Contact::new(
        AccountId::from_bytes([1; 32]),
        Some("\u{1F980}".repeat(limits::NAME_CHARS_MAX)),
        ContactState::Active,
    );
    let address = |number: usize| Address {
        transport: Transport::Quic,
        ip: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX - number as u128)),
        port: 65_535,
    };
    let addresses: Vec<Address> = (0..limits::ADDRESSES_PER_CONTACT_MAX).map(address).collect();
    contact.device_list = Some(vec![7; 2_000]);
    contact.device = Some((DeviceId::from_bytes([2; 16]), [3; 32]));
    contact.last_seen = Some(WallTime::from_millis(u64::MAX));
    contact.reason = Some("because ".repeat(12));
    contact.state_before_block = Some(ContactState::Active);
    contact.answer = Some(Answer {
        secret: Secret::new([4; 32]),
        bundle_hash: [5; 16],
        hints: addresses.clone(),
        first: FirstState::Kept,
    });
    contact.addresses = addresses;
    contact.merged = (0..merged).map(|number| AccountId::from_bytes([number as u8; 32])).collect();
    contact.seen_process = Some(ProcessId::from_bytes([6; 16]));
    for number in 0..20 {
        contact.remember_link([number; 16]);
        let session = SessionId::from_bytes([number; 16]);
        let used_at = Some(WallTime::from_millis(u64::MAX));
        let (key, day_key) = (Secret::new([number; 32]), Secret::new([number; 32]));
        contact.add_pair(Pair { session, generation: u32::MAX, key, day_key, day: u32::MAX, used_at });
    }
    contact.sessions.truncate(limits::SESSIONS_PER_DEVICE_MAX);
    contact
}

#[test]
fn whatever_a_contact_fills_is_stored_and_read_again() {
    let entropy = Entropy::new([1; 32]);
    let (_, _, vault) = Vault::create(&mut TurnRandom::new(&entropy));
    for merged in [0, MERGED_MAX] {
        let mut records = MemoryRecords::default();
        let mut turn = Turn::new(Now::default(), &entropy, &records, &vault);
        let mut contacts = Contacts::default();
        let row = contacts.add(&mut turn, fullest(merged)).unwrap();
        let (changes, _) = turn.finish();
        records.apply(&changes);
        let kept = contacts.get(row).unwrap();
        let sessions: Vec<u8> = kept.pairs.iter().map(|pair| pair.session.as_bytes()[0]).collect();
        assert!((PAIRS_MIN..PAIRS_MAX).contains(&sessions.len()), "{sessions:?}");
        assert_eq!(sessions.last(), Some(&19), "what was agreed on last stays");
        assert_eq!(kept.addresses.len(), limits::ADDRESSES_PER_CONTACT_MAX);
        let turn = Turn::new(Now::default(), &entropy, &records, &vault);
        assert_eq!(Contacts::load(&turn).unwrap().get(row), Some(kept));
    }
}
