//! Sealing of everything that goes to disk, under keys derived from one master key.
//!
//! ```text
//! vault.hdr = "CAUSERIE" ‖ version u8 ‖ protection u8 ‖ nonce(24) ‖ XChaCha20-Poly1305(wrapping key, master key)(48)
//!             AAD = everything before the nonce
//! ```
//!
//! Protection 0, the only one so far: the wrapping key lies in `vault.key` beside it, readable by its owner only.
//! Whoever can read both files can read everything; `status` and the documentation say so.
//!
//! A stored key is `prefix ‖ HMAC(K_idx, prefix ‖ logical key)[..16] ‖ suffix`; a stored value is
//! `key id u32 ‖ nonce(24) ‖ XChaCha20-Poly1305(K_store, value; AAD = stored key)`. Key id 0 is the master key's own;
//! others come with erasure by key.

use thiserror::Error;

use crate::{
    entropy::TurnRandom,
    secret::{NONCE_BYTES, Secret, TAG_BYTES},
};

const MAGIC: &[u8; 8] = b"CAUSERIE";
const VERSION: u8 = 1;
const PROTECTION_KEY_FILE: u8 = 0;
const PREAMBLE_BYTES: usize = 10;
const HEADER_BYTES: usize = PREAMBLE_BYTES + NONCE_BYTES + 32 + TAG_BYTES;
const KEY_ID: [u8; 4] = [0; 4];

/// Bytes that sealing adds to a value.
pub const OVERHEAD_BYTES: usize = KEY_ID.len() + NONCE_BYTES + TAG_BYTES;

/// The keys of one home.
#[derive(Clone, Debug)]
pub struct Vault {
    store: Secret,
    index: Secret,
    identity: Secret,
}

impl Vault {
    /// A new master key and what to write: (`vault.hdr`, `vault.key`, the keys).
    #[must_use]
    pub fn create(random: &mut TurnRandom) -> (Vec<u8>, Secret, Self) {
        let wrapping = Secret::new(random.bytes());
        let master = Secret::new(random.bytes());
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&[VERSION, PROTECTION_KEY_FILE]);
        let wrapped = wrapping.seal(&nonce, &header, master.expose());
        header.extend_from_slice(&nonce);
        header.extend_from_slice(&wrapped);
        (header, wrapping, Self::from_master(&master))
    }

    /// Opens what [`Self::create`] made.
    ///
    /// # Errors
    /// [`VaultError`] when the header is damaged, newer, or not of this wrapping key.
    pub fn open(header: &[u8], wrapping: &Secret) -> Result<Self, VaultError> {
        if header.first_chunk() != Some(MAGIC) {
            return Err(VaultError::Damaged);
        }
        match header.get(8..PREAMBLE_BYTES) {
            Some([VERSION, PROTECTION_KEY_FILE]) => {}
            Some([version, _]) if *version > VERSION => return Err(VaultError::Newer),
            Some([VERSION, _]) => return Err(VaultError::Newer),
            _ => return Err(VaultError::Damaged),
        }
        if header.len() != HEADER_BYTES {
            return Err(VaultError::Damaged);
        }
        let (preamble, rest) = header.split_at(PREAMBLE_BYTES);
        let (nonce, wrapped) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Damaged)?;
        let master = wrapping.open(nonce, preamble, wrapped).ok_or(VaultError::Damaged)?;
        let master: [u8; 32] = master.try_into().map_err(|_| VaultError::Damaged)?;
        Ok(Self::from_master(&Secret::new(master)))
    }

    /// The first 17 bytes of a stored key.
    #[must_use]
    pub fn family(&self, prefix: u8, logical: &[&[u8]]) -> [u8; 17] {
        let mut parts: Vec<&[u8]> = Vec::with_capacity(logical.len() + 1);
        let prefix_part = [prefix];
        parts.push(&prefix_part);
        parts.extend_from_slice(logical);
        let mac = self.index.mac16("record", &parts);
        let mut family = [prefix; 17];
        for (to, from) in family.iter_mut().skip(1).zip(mac) {
            *to = from;
        }
        family
    }

    /// Seals a record's value for the place it is stored at.
    #[must_use]
    pub fn seal(&self, random: &mut TurnRandom, key: &[u8], value: &[u8]) -> Vec<u8> {
        seal_under(&self.store, random, key, value)
    }

    /// Opens a record's value; `None` when it is not what was sealed for this place.
    #[must_use]
    pub fn unseal(&self, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        unseal_under(&self.store, key, sealed)
    }

    /// Seals the identity file.
    #[must_use]
    pub fn seal_identity(&self, random: &mut TurnRandom, plain: &[u8]) -> Vec<u8> {
        seal_under(&self.identity, random, b"identity", plain)
    }

    /// Opens the identity file; `None` when it is damaged or of another home.
    #[must_use]
    pub fn unseal_identity(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        unseal_under(&self.identity, b"identity", sealed)
    }

    fn from_master(master: &Secret) -> Self {
        Self {
            store: master.derive("store", &[]),
            index: master.derive("index", &[]),
            identity: master.derive("identity", &[]),
        }
    }
}

/// Why a home's keys cannot be had.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum VaultError {
    /// Header and key do not belong together, or one of them is damaged.
    #[error("the vault's header or key is damaged")]
    Damaged,
    /// Written by a newer version.
    #[error("the vault was written by a newer version")]
    Newer,
}

fn seal_under(key: &Secret, random: &mut TurnRandom, place: &[u8], value: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_BYTES] = random.bytes();
    let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + value.len());
    sealed.extend_from_slice(&KEY_ID);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&key.seal(&nonce, place, value));
    sealed
}

fn unseal_under(key: &Secret, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let rest = sealed.strip_prefix(&KEY_ID)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
    key.open(nonce, place, sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    #[test]
    fn a_vault_opens_with_its_key_and_no_other_and_no_byte_changed() {
        let mut random = TurnRandom::new(&Entropy::new([1; 32]));
        let (header, wrapping, vault) = Vault::create(&mut random);
        let again = Vault::open(&header, &wrapping).unwrap();
        let sealed = vault.seal(&mut random, b"E-key", b"value");
        assert_eq!(again.unseal(b"E-key", &sealed).as_deref(), Some(&b"value"[..]));
        assert_eq!(again.unseal(b"E-kez", &sealed), None);
        assert_eq!(again.family(b'E', &[b"x"]), vault.family(b'E', &[b"x"]));
        assert_ne!(again.family(b'E', &[b"x"]), vault.family(b'H', &[b"x"])[..]);
        assert!(Vault::open(&header, &Secret::new([9; 32])).is_err());
        for byte in 0..header.len() {
            let mut flipped = header.clone();
            flipped[byte] ^= 1;
            assert!(Vault::open(&flipped, &wrapping).is_err(), "byte {byte}");
            assert!(Vault::open(&header[..byte], &wrapping).is_err());
        }
    }

    #[test]
    fn a_record_opens_with_no_byte_changed() {
        let mut random = TurnRandom::new(&Entropy::new([1; 32]));
        let (_, _, vault) = Vault::create(&mut random);
        let sealed = vault.seal(&mut random, b"k", b"value");
        assert_eq!(sealed.len(), 5 + OVERHEAD_BYTES);
        for byte in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[byte] ^= 0x80;
            assert_eq!(vault.unseal(b"k", &flipped), None, "byte {byte}");
        }
        assert_eq!(vault.unseal_identity(&sealed), None);
    }
}
