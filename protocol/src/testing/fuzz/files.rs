//! What lies in a home's files, as whoever can write there may leave it: raw, and under the seal that it would have.

use super::{Origin, Taking, Target, each, somebody, steady};
use crate::{
    account::{
        identity::{self, Identity, OwnerRef},
        keys::OwnAccount,
    },
    answer::ContactState,
    contact::{Contact, ContactRow},
    secret::Secret,
    testing::BEGINNING,
    upgrade,
    vault::{
        MasterKey, Vault,
        header::{self, Header, Protection},
        passphrase::Cost,
        ring::Slot,
    },
    wire::codec,
};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "vault-header", origin: Origin::Disk, cost: 1, begin: raw_header, examples: headers },
    Target {
        name: "vault-header-checked",
        origin: Origin::Disk,
        cost: 1,
        begin: checked_header,
        examples: unchecked_headers,
    },
    Target { name: "ring-slot", origin: Origin::Disk, cost: 1, begin: slot, examples: slots },
    Target { name: "ring-keys", origin: Origin::Disk, cost: 1, begin: keys, examples: some_keys },
    Target {
        name: "identity",
        origin: Origin::Disk,
        cost: 1,
        begin: raw_identity,
        examples: sealed_identities,
    },
    Target {
        name: "identity-content",
        origin: Origin::Disk,
        cost: 1,
        begin: identity_content,
        examples: identities,
    },
    Target { name: "contact", origin: Origin::Disk, cost: 1, begin: contact, examples: contacts },
];

fn vault() -> Vault {
    MasterKey::create(&mut steady(20)).vault()
}

fn take_header(bytes: &[u8]) {
    if let Ok(header) = Header::read(bytes) {
        let expected = match header.protection() {
            Protection::KeyFile => 82,
            Protection::Passphrase { .. } => 126,
        };
        assert_eq!(bytes.len(), expected, "bytes are left over");
        header.open(&Secret::new([1; 32])).ok();
    }
}

fn raw_header() -> Taking {
    each(take_header)
}

/// Behind the hash at its end, which anybody can make.
fn checked_header() -> Taking {
    each(|bytes| take_header(&header::checked(bytes)))
}

fn headers() -> Vec<Vec<u8>> {
    let master = MasterKey::create(&mut steady(20));
    let stretched = Protection::Passphrase { cost: Cost::DEFAULT, salt: [2; 16] };
    [Protection::KeyFile, stretched]
        .map(|protection| Header::seal(&master, protection, &Secret::new([1; 32]), &mut steady(21)))
        .to_vec()
}

fn unchecked_headers() -> Vec<Vec<u8>> {
    headers()
        .last()
        .and_then(|header| header.split_last_chunk::<16>())
        .map(|(said, _)| said.to_vec())
        .into_iter()
        .collect()
}

fn take_slot(bytes: &[u8]) {
    let mut vault = vault();
    let [first, second] = vault.open_ring(&[Some(bytes.to_vec()), None]);
    assert!(first.len() <= 2 && second.is_empty() && first.is_sorted(), "{first:?}");
    let newest = first.last().copied().unwrap_or_default();
    assert_eq!(vault.generation(), newest);
    if newest > 0 {
        let sealed = vault.seal(&mut steady(22), b"S-a record", b"value");
        assert_eq!(vault.unseal(b"S-a record", &sealed).as_deref(), Some(&b"value"[..]));
    }
}

fn slot() -> Taking {
    each(take_slot)
}

fn keys() -> Taking {
    each(|bytes| take_slot(&vault().seal_slot_with(&mut steady(23), Slot::First, bytes)))
}

fn some_keys() -> Vec<Vec<u8>> {
    let key = |generation: u32, byte| [generation.to_be_bytes().as_slice(), &[byte; 32]].concat();
    vec![[key(8, 1), key(7, 2)].concat(), [key(1, 1), key(0, 0)].concat()]
}

fn slots() -> Vec<Vec<u8>> {
    let seal = |plain: Vec<u8>| vault().seal_slot_with(&mut steady(24), Slot::First, &plain);
    some_keys().into_iter().map(seal).collect()
}

/// What is taken is written again as it was, as of today's version.
fn take_identity(sealed: &[u8], plain: Option<&[u8]>) {
    let vault = vault();
    let entropy = crate::entropy::Entropy::new([25; 32]);
    if let Ok(Some(upgraded)) = upgrade::identity(sealed, &vault, &entropy) {
        assert!(Identity::open(&upgraded, &vault).is_ok(), "an upgraded identity is not taken");
    }
    let (Ok(Identity { owner, contacts }), Some(plain)) = (Identity::open(sealed, &vault), plain) else {
        return;
    };
    let lent = OwnerRef { keys: &owner.keys, name: &owner.name, starts: owner.starts, commit: owner.commit };
    let contacts = contacts.iter().map(|(row, contact)| (*row, contact));
    let again = identity::seal(&lent, contacts, &vault, &mut steady(26)).unwrap_or_default();
    let again = vault.unseal_identity(&again).unwrap_or_default();
    // The version, in two bytes, is today's.
    assert_eq!(again.get(2..), plain.get(2..), "another encoding of the same identity");
}

fn raw_identity() -> Taking {
    each(|bytes| take_identity(bytes, None))
}

fn identity_content() -> Taking {
    each(|bytes| take_identity(&vault().seal_identity(&mut steady(27), bytes), Some(bytes)))
}

fn sealed_identities() -> Vec<Vec<u8>> {
    let own: OwnAccount = somebody(1);
    let owner = OwnerRef { keys: &own, name: "Alice", starts: 3, commit: 9 };
    let row: Option<ContactRow> = codec::decode(&7_u64.to_be_bytes()).ok();
    let contact = a_contact();
    let with = row.iter().map(|row| (*row, &contact));
    let none = core::iter::empty();
    let seal = |random: u8| steady(random);
    [
        identity::seal(&owner, with, &vault(), &mut seal(28)),
        identity::seal(&owner, none, &vault(), &mut seal(29)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn identities() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        sealed_identities().iter().filter_map(|sealed| vault().unseal_identity(sealed)).collect();
    // Of the version before.
    let older = all.first().and_then(|now| now.get(2..)).map(|rest| [&[0, 1], rest].concat());
    all.extend(older);
    all
}

fn a_contact() -> Contact {
    let their = somebody(2);
    let mut contact = Contact::new(their.account(), None, ContactState::Active);
    contact.learn_list(their.device_list());
    contact.device = Some((their.device(), their.static_public()));
    contact.last_seen = Some(BEGINNING);
    contact
}

/// A contact's record, of today's layout or of an earlier one.
fn contact() -> Taking {
    each(|bytes| {
        let Some(contact) = upgrade::contact_of(bytes) else { return };
        let again = codec::encode(&contact).unwrap_or_default();
        assert!(
            codec::decode::<Contact>(&again).as_ref() == Ok(&contact),
            "a contact is not what was written"
        );
    })
}

fn contacts() -> Vec<Vec<u8>> {
    vec![codec::encode(&a_contact()).unwrap_or_default()]
}
