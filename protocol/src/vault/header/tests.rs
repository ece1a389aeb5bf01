//! Headers that open, headers that are damaged, and headers that somebody else wrote.

use super::*;
use crate::{
    entropy::Entropy,
    limits::{STRETCH_LANES_MAX, STRETCH_MEMORY_KIB_MAX, STRETCH_PASSES_MAX},
    vault::passphrase::Passphrase,
};

const COST_AT: usize = 10;

fn random() -> TurnRandom {
    TurnRandom::new(&Entropy::new([1; 32]))
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

/// A header under this passphrase, cheaply.
fn sealed(text: &str, master: &MasterKey) -> Vec<u8> {
    let (cost, salt) = (Cost::new(64, 1, 1).unwrap(), [5; SALT_BYTES]);
    let wrapping = passphrase(text).stretch(cost, &salt).unwrap();
    Header::seal(master, Protection::Passphrase { cost, salt }, &wrapping, &mut random())
}

fn open(bytes: &[u8], text: &str) -> Result<MasterKey, VaultError> {
    let header = Header::read(bytes)?;
    let Protection::Passphrase { cost, salt } = header.protection() else {
        return Err(VaultError::Damaged);
    };
    header.open(&passphrase(text).stretch(cost, &salt).unwrap())
}

/// As somebody would write it who knows the format.
fn with_right_check(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - CHECK_BYTES);
    let check = check(&bytes);
    bytes.extend_from_slice(&check);
    bytes
}

#[test]
fn a_master_key_is_the_same_however_it_is_wrapped() {
    let master = MasterKey::create(&mut random());
    let wrapping = Secret::new([7; 32]);
    let plain = Header::seal(&master, Protection::KeyFile, &wrapping, &mut random());
    assert_eq!(plain.len(), 82);
    assert_eq!(Header::read(&plain).unwrap().open(&wrapping), Ok(master.clone()));
    let guarded = sealed("right", &master);
    assert_eq!(guarded.len(), 126);
    assert_eq!(open(&guarded, "right"), Ok(master));
    assert_eq!(open(&guarded, "wrong"), Err(VaultError::WrongPassphrase));
}

#[test]
fn no_byte_of_a_header_can_be_changed_and_damage_is_not_a_wrong_passphrase() {
    let guarded = sealed("right", &MasterKey::create(&mut random()));
    for at in 0..guarded.len() {
        for mask in [1, 0x80] {
            let mut flipped = guarded.clone();
            flipped[at] ^= mask;
            let newer = mask == 0x80 && (at == 8 || at == 9);
            let expected = if newer { VaultError::Newer } else { VaultError::Damaged };
            assert_eq!(open(&flipped, "right"), Err(expected), "byte {at}");
        }
        assert!(matches!(Header::read(&guarded[..at]), Err(VaultError::Damaged)), "cut at {at}");
    }
    let longer = [guarded.as_slice(), &[0]].concat();
    assert_eq!(Header::read(&longer), Err(VaultError::Damaged));
    assert_eq!(Header::read(&with_right_check(longer)), Err(VaultError::Damaged));
}

#[test]
fn everything_before_the_nonce_is_sealed_with_the_key() {
    let guarded = sealed("right", &MasterKey::create(&mut random()));
    for at in COST_AT + 12..guarded.len() - CHECK_BYTES {
        let mut forged = guarded.clone();
        forged[at] ^= 1;
        assert_eq!(open(&with_right_check(forged), "right"), Err(VaultError::WrongPassphrase), "byte {at}");
    }
    // The cost is sealed too, and not only what is made of it: with the same key another cost does not open.
    let header = Header::read(&guarded).unwrap();
    let Protection::Passphrase { cost, salt } = header.protection() else { panic!("a passphrase was set") };
    let wrapping = passphrase("right").stretch(cost, &salt).unwrap();
    let mut forged = guarded;
    forged[COST_AT + 3] += 8;
    let forged = Header::read(&with_right_check(forged)).unwrap();
    assert_eq!(forged.open(&wrapping), Err(VaultError::WrongPassphrase));
}

#[test]
fn a_cost_that_cannot_be_borne_is_refused_before_it_is_paid() {
    let guarded = sealed("right", &MasterKey::create(&mut random()));
    let with = |field: usize, value: u32| {
        let mut forged = guarded.clone();
        forged[COST_AT + 4 * field..][..4].copy_from_slice(&value.to_be_bytes());
        Header::read(&with_right_check(forged))
    };
    for (field, max) in [(0, STRETCH_MEMORY_KIB_MAX), (1, STRETCH_PASSES_MAX), (2, STRETCH_LANES_MAX)] {
        assert!(with(field, max).is_ok());
        for value in [max + 1, u32::MAX, 0] {
            assert_eq!(with(field, value), Err(VaultError::Damaged), "field {field}: {value}");
        }
    }
}

#[test]
fn a_key_file_does_not_open_what_a_passphrase_guards() {
    let master = MasterKey::create(&mut random());
    let (guarded, wrapping) = (sealed("right", &master), Secret::new([7; 32]));
    assert_eq!(Header::read(&guarded).unwrap().open(&wrapping), Err(VaultError::WrongPassphrase));
    let plain = Header::seal(&master, Protection::KeyFile, &wrapping, &mut random());
    assert_eq!(open(&plain, "right"), Err(VaultError::Damaged));
}
