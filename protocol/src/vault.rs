//! Sealing of everything that goes to disk, under keys derived from one master key.
//!
//! - [`header`]: how the master key itself is wrapped, in `vault.hdr`
//! - [`passphrase`]: what it can be wrapped with instead of a key in a file
//! - [`ring`]: the keys that change, for the state of sessions
//!
//! A stored key is `prefix ‖ HMAC(K_idx, prefix ‖ logical key)[..16] ‖ suffix`; a stored value is
//! `key id u32 ‖ nonce(24) ‖ XChaCha20-Poly1305(key, value; AAD = stored key)`. Key id 0 is K_store, which the master key
//! has for ever; any other is a generation of the ring. The master key is made once and stays: another passphrase wraps
//! it anew.

pub mod header;
pub mod passphrase;
pub mod ring;

use thiserror::Error;

use self::{
    header::{Header, Protection},
    ring::Ring,
};
use crate::{
    entropy::TurnRandom,
    secret::{NONCE_BYTES, Secret, TAG_BYTES},
};

/// Of what the master key itself opens.
const OWN_KEY_ID: u32 = 0;

const KEY_ID_BYTES: usize = 4;

/// Bytes that sealing adds to a value.
pub const OVERHEAD_BYTES: usize = KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

/// The kinds of records that hold keys of sessions: they are sealed under the ring's newest key. Opened envelopes (`D`)
/// have empty values.
pub const SESSION_STATE: [u8; 5] = *b"SPONK";

/// Whether the record under this stored key holds keys of a session.
#[must_use]
pub fn is_session_state(key: &[u8]) -> bool {
    key.first().is_some_and(|prefix| SESSION_STATE.contains(prefix))
}

/// What all keys of a home are derived from; needed to wrap it anew and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKey(Secret);

impl MasterKey {
    /// A new one.
    #[must_use]
    pub fn create(random: &mut TurnRandom) -> Self {
        Self(Secret::new(random.bytes()))
    }

    /// The keys that are derived from it.
    #[must_use]
    pub fn vault(&self) -> Vault {
        let Self(master) = self;
        Vault {
            store: master.derive("store", &[]),
            index: master.derive("index", &[]),
            identity: master.derive("identity", &[]),
            ring_key: master.derive("ring", &[]),
            ring: Ring::default(),
        }
    }
}

/// The keys of one home.
#[derive(Clone, Debug)]
pub struct Vault {
    store: Secret,
    index: Secret,
    identity: Secret,
    ring_key: Secret,
    ring: Ring,
}

impl Vault {
    /// A new master key and what to write: (`vault.hdr`, `vault.key`, the keys).
    #[must_use]
    pub fn create(random: &mut TurnRandom) -> (Vec<u8>, Secret, Self) {
        let wrapping = Secret::new(random.bytes());
        let master = MasterKey::create(random);
        let header = Header::seal(&master, Protection::KeyFile, &wrapping, random);
        (header, wrapping, master.vault())
    }

    /// Opens what [`Self::create`] made.
    ///
    /// # Errors
    /// [`VaultError`] when the header is damaged, newer, or not of this wrapping key.
    pub fn open(header: &[u8], wrapping: &Secret) -> Result<Self, VaultError> {
        Ok(Header::read(header)?.open(wrapping)?.vault())
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
        seal_under(self.sealing_key(key), random, key, value)
    }

    /// Opens a record's value; `None` when it is not what was sealed for this place, or its key is gone.
    #[must_use]
    pub fn unseal(&self, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (key_id, _) = sealed.split_first_chunk()?;
        let key_id = u32::from_be_bytes(*key_id);
        let secret = match key_id {
            OWN_KEY_ID => &self.store,
            _ => self.ring.get(key_id).filter(|_| is_session_state(key))?,
        };
        unseal_under((key_id, secret), key, sealed)
    }

    /// Whether a record's value is sealed under the key that it would be sealed under now.
    #[must_use]
    pub fn is_current(&self, key: &[u8], sealed: &[u8]) -> bool {
        sealed.starts_with(&self.sealing_key(key).0.to_be_bytes())
    }

    fn sealing_key(&self, key: &[u8]) -> (u32, &Secret) {
        self.ring.newest().filter(|_| is_session_state(key)).unwrap_or((OWN_KEY_ID, &self.store))
    }

    /// Seals the identity file.
    #[must_use]
    pub fn seal_identity(&self, random: &mut TurnRandom, plain: &[u8]) -> Vec<u8> {
        seal_under((OWN_KEY_ID, &self.identity), random, b"identity", plain)
    }

    /// Opens the identity file; `None` when it is damaged or of another home.
    #[must_use]
    pub fn unseal_identity(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        unseal_under((OWN_KEY_ID, &self.identity), b"identity", sealed)
    }
}

/// Why a home's keys cannot be had.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum VaultError {
    /// Header and key do not belong together, or one of them is damaged.
    #[error("the vault's header or key is damaged")]
    Damaged,
    /// The master key was wrapped under another passphrase.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Written by a newer version.
    #[error("the vault was written by a newer version")]
    Newer,
}

fn seal_under((key_id, key): (u32, &Secret), random: &mut TurnRandom, place: &[u8], value: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_BYTES] = random.bytes();
    let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + value.len());
    sealed.extend_from_slice(&key_id.to_be_bytes());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&key.seal(&nonce, place, value));
    sealed
}

fn unseal_under((key_id, key): (u32, &Secret), place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let rest = sealed.strip_prefix(&key_id.to_be_bytes())?;
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
