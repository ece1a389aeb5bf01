//! Records of the older layout, written here as they once were, and homes made of them.

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

use super::*;
use crate::{address::Transport, ids::EntryId, testing::MemoryRecords};

fn place(vault: &Vault, prefix: u8, logical: &str, suffix: &[u8]) -> RecordKey {
    let (entropy, nothing) = (entropy(), MemoryRecords::default());
    Turn::new(Now::default(), &entropy, &nothing, vault).key(prefix, &[logical.as_bytes()], suffix)
}

fn put(store: &mut MemoryRecords, vault: &Vault, key: &RecordKey, bytes: &[u8]) {
    let (entropy, before) = (entropy(), store.clone());
    let mut turn = Turn::new(Now::default(), &entropy, &before, vault);
    turn.save_bytes(key, bytes).unwrap();
    store.apply(&turn.finish().0);
}

/// The content of all records of a kind.
fn opened(store: &MemoryRecords, vault: &Vault, kind: u8) -> Vec<Vec<u8>> {
    let of_kind = store.iter().filter(|(key, _)| key[0] == kind);
    of_kind.map(|(key, value)| vault.unseal(key, value).unwrap()).collect()
}

fn entropy() -> Entropy {
    Entropy::new([7; 32])
}

fn vault() -> Vault {
    Vault::create(&mut TurnRandom::new(&Entropy::new([1; 32]))).2
}

fn secret() -> impl Strategy<Value = Secret> {
    any::<[u8; 32]>().prop_map(Secret::new)
}

fn addresses() -> impl Strategy<Value = Vec<Address>> {
    let address = (any::<std::net::IpAddr>(), any::<u16>()).prop_map(|(ip, port)| Address {
        transport: Transport::Tcp,
        ip,
        port,
    });
    prop::collection::vec(address, 0..4)
}

prop_compose! {
    fn pair()(session in any::<[u8; 16]>(), generation in 0..9_u32, key in secret(), day_key in secret(), day in 0..30_000_u32)
        -> EarlierPair {
        EarlierPair { session: SessionId::from_bytes(session), generation, key, day_key, day }
    }
}

prop_compose! {
    fn answer()(
        secret in secret(),
        bundle_hash in any::<[u8; 16]>(),
        // The time of an invitation's end, or never.
        not_after in prop_oneof![1_700_000_000..253_402_300_799_u64, Just(u64::MAX)],
        [waits_for_consent, first_made, stored] in any::<[bool; 3]>(),
        hints in addresses(),
    ) -> EarlierAnswer {
        EarlierAnswer { secret, bundle_hash, not_after, waits_for_consent, hints, first_made, stored }
    }
}

prop_compose! {
    /// Whatever a version 1 could have written.
    fn earlier()(
        (account, name, state, reason) in (any::<[u8; 32]>(), "[a-z]{0,9}", 0..5_usize, prop::option::of("[a-z]{0,9}")),
        device_list in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
        device in prop::option::of((any::<[u8; 16]>(), any::<[u8; 32]>())),
        pairs in prop::collection::vec(pair(), 0..5),
        sessions in prop::collection::vec(any::<[u8; 16]>(), 0..5),
        answer in prop::option::of(answer()),
        links_used in prop::collection::vec(any::<[u8; 16]>(), 0..5),
        addresses in addresses(),
        merged in prop::collection::vec(any::<[u8; 32]>(), 0..3),
        (seen_start, last_seen) in (0..100_000_u64, prop::option::of(0..u64::MAX)),
        seen_process in prop::option::of(any::<[u8; 16]>()),
        [name_chosen, removed, history_kept] in any::<[bool; 3]>(),
    ) -> Earlier {
        use ContactState::{Active, Blocked, Failed, Pending, Request};
        Earlier {
            account: AccountId::from_bytes(account),
            name,
            name_chosen,
            state: [Pending, Request, Active, Blocked, Failed][state],
            state_before_block: None,
            reason,
            verification: Verification::None,
            last_seen: last_seen.map(WallTime::from_millis),
            device_list,
            device: device.map(|(device, key)| (DeviceId::from_bytes(device), key)),
            safety_half: "12345".to_owned(),
            pairs,
            sessions: sessions.into_iter().map(SessionId::from_bytes).collect(),
            answer,
            links_used,
            addresses,
            merged: merged.into_iter().map(AccountId::from_bytes).collect(),
            seen_start,
            seen_process: seen_process.map(ProcessId::from_bytes),
            removed,
            history_kept,
        }
    }
}

proptest! {
    #[test]
    fn a_contact_of_the_older_layout_is_never_taken_for_one_of_today(earlier in earlier()) {
        let bytes = codec::encode(&earlier).unwrap();
        let today = codec::decode::<Contact>(&bytes).ok();
        let contact = contact_of(&bytes).unwrap();
        // The layouts differ in pairs and answers only: without any, both mean the same.
        prop_assert_eq!(today.is_some(), earlier.pairs.is_empty() && earlier.answer.is_none());
        prop_assert_eq!(&contact, &earlier.upgraded());
        let again = codec::encode(&contact).unwrap();
        prop_assert_eq!(contact_of(&again), Some(contact));
        prop_assert_eq!(upgraded(b'C', &again), None, "what is of today stays as it is");
    }
}

/// How far a chain went, as it was stored once, and what it is today.
fn reaches(ranges: usize) -> [Vec<u8>; 2] {
    let beyond: Vec<_> = (0..ranges as u32).map(|n| (4 + 2 * n, 5 + 2 * n, 9_u64, 9_u64)).collect();
    let head = EntryId::from_bytes([3; 32]);
    let counts = (2_u32, head, 5_u64, 2_u32, beyond, 1_u32, 1_u32, 0_u32, 0_u32);
    let given_up: Option<EntryId> = None;
    [codec::encode(&counts).unwrap(), codec::encode(&(counts, given_up)).unwrap()]
}

#[test]
fn a_chain_of_the_older_layout_is_told_by_its_length() {
    for ranges in 0..20 {
        let [earlier, today] = reaches(ranges);
        assert!(!log::is_reach(&earlier) && log::is_reach(&today));
        assert_eq!(upgraded(b'H', &earlier), Some(today.clone()));
        assert_eq!(upgraded(b'H', &today), None);
        // Those that were given up are longer by an id.
        let mut given_up = today;
        *given_up.last_mut().unwrap() = 1;
        given_up.extend([9; 32]);
        assert!(log::is_reach(&given_up));
        assert_eq!(upgraded(b'H', &given_up), None);
    }
    assert_eq!(upgraded(b'H', b"damaged"), None);
    assert_eq!(upgraded(b'C', b"damaged"), None);
}

/// A store of version 1 with so many contacts and chains.
fn older(vault: &Vault, count: u64) -> MemoryRecords {
    let mut store = MemoryRecords::default();
    let mark = place(vault, b'A', "mark", &[]);
    put(&mut store, vault, &mark, &codec::encode(&(9_u64, 9_u64)).unwrap());
    let mut runner = TestRunner::deterministic();
    for row in 0..count {
        let contact = earlier().new_tree(&mut runner).unwrap().current();
        let key = place(vault, b'C', "contacts", &row.to_be_bytes());
        put(&mut store, vault, &key, &codec::encode(&contact).unwrap());
        let key = place(vault, b'H', &row.to_string(), &[]);
        put(&mut store, vault, &key, &reaches(2)[0]);
    }
    store
}

/// All steps; after each of them, what the store is then.
fn upgrade(store: &mut MemoryRecords, vault: &Vault, mut after: impl FnMut(&MemoryRecords)) {
    let mut next = None;
    loop {
        let step = step(store, vault, &entropy(), next).unwrap();
        store.apply(&step.changes);
        after(store);
        next = step.next;
        if next.is_none() {
            return;
        }
    }
}

#[test]
fn an_older_store_is_brought_up_to_date_from_wherever_an_upgrade_was_cut_short() {
    let vault = vault();
    let count = u64::try_from(limits::PURGE_RECORDS_PER_TURN).unwrap() + 3;
    let mut whole = older(&vault, count);
    assert_eq!(age_of_store(&whole, &vault), Ok(Age::Older));
    let mut cut_short = vec![whole.clone()];
    upgrade(&mut whole, &vault, |store| cut_short.push(store.clone()));
    assert_eq!(age_of_store(&whole, &vault), Ok(Age::Current));
    assert!(opened(&whole, &vault, b'C').iter().all(|bytes| codec::decode::<Contact>(bytes).is_ok()));
    assert!(opened(&whole, &vault, b'H').iter().all(|bytes| log::is_reach(bytes)));
    let steps = cut_short.len() - 1;
    assert!(steps >= 4, "{steps}");
    for (step, mut store) in cut_short.into_iter().enumerate() {
        let age = age_of_store(&store, &vault).unwrap();
        assert_eq!(age == Age::Current, step == steps, "the version comes with the last step");
        upgrade(&mut store, &vault, |_| ());
        for kind in KINDS {
            assert_eq!(
                opened(&store, &vault, kind),
                opened(&whole, &vault, kind),
                "cut short after step {step}"
            );
        }
    }
}

#[test]
fn what_does_not_open_stays_as_it_is() {
    let vault = vault();
    let mut store = older(&vault, 1);
    let key = place(&vault, b'H', "in neither layout", &[]);
    put(&mut store, &vault, &key, b"what is this");
    let damaged = ChangeSet { writes: [(b"C-damaged".to_vec(), Some(b"not sealed".to_vec()))].into() };
    store.apply(&damaged);
    upgrade(&mut store, &vault, |_| ());
    assert!(opened(&store, &vault, b'H').contains(&b"what is this".to_vec()));
    assert_eq!(store.get(b"C-damaged"), Ok(Some(b"not sealed".to_vec())));
}

#[test]
fn versions_of_a_store_are_told_apart() {
    let vault = vault();
    let mut store = MemoryRecords::default();
    assert_eq!(age_of_store(&store, &vault), Ok(Age::Current), "an empty one");
    let key = place(&vault, b'A', "version", &[]);
    for (version, age) in
        [(1_u16, Age::Older), (2, Age::Current), (VERSION, Age::Current), (VERSION + 1, Age::Newer)]
    {
        put(&mut store, &vault, &key, &version.to_be_bytes());
        assert_eq!(age_of_store(&store, &vault), Ok(age));
        let noted = note(&mut Turn::new(Now::default(), &entropy(), &store, &vault));
        let refused = match age {
            Age::Older => Err(OpenError::OlderStore),
            Age::Current => Ok(()),
            Age::Newer => Err(OpenError::NewerStore),
        };
        assert_eq!(noted, refused);
    }
}

/// The bytes of an identity file of another version, sealed as they would be.
fn of_version(version: u16, sealed: &[u8], vault: &Vault) -> Vec<u8> {
    let mut plain = vault.unseal_identity(sealed).unwrap();
    plain[..2].copy_from_slice(&version.to_be_bytes());
    vault.seal_identity(&mut TurnRandom::new(&entropy()), &plain)
}

#[test]
fn versions_of_an_identity_are_told_apart_before_anything_else_of_it_is_read() {
    let vault = vault();
    let name = crate::name::check("Alice").unwrap();
    let (account, sealed) =
        engine::Engine::create(&name, &vault, Now::default(), &Entropy::new([2; 32])).unwrap();
    assert_eq!(identity(&sealed, &vault, &entropy()), Ok(None));
    let older = of_version(1, &sealed, &vault);
    assert_eq!(Identity::open(&older, &vault).unwrap_err(), IdentityError::Older);
    let upgraded = identity(&older, &vault, &entropy()).unwrap().unwrap();
    assert_eq!(Identity::open(&upgraded, &vault).unwrap().owner.keys.account(), account);
    let before = of_version(2, &sealed, &vault);
    assert_eq!(identity(&before, &vault, &entropy()), Ok(None), "read as it is");
    assert_eq!(Identity::open(&before, &vault).unwrap().owner.keys.account(), account);
    let newer = of_version(VERSION + 1, &sealed, &vault);
    assert_eq!(identity(&newer, &vault, &entropy()), Err(IdentityError::Newer));
    assert_eq!(Identity::open(&newer, &vault).unwrap_err(), IdentityError::Newer);
    assert_eq!(age_of_identity(b"damaged", &vault), Err(IdentityError::Damaged));
}
