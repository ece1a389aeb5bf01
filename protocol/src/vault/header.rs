//! The vault's header: how the master key is wrapped, and the wrapped key itself.
//!
//! ```text
//! vault.hdr  = preamble ‖ nonce(24) ‖ XChaCha20-Poly1305(wrapping key, nonce, AAD = preamble, master key)(48)
//!              and after that, with protection 1: H("vault" ‖ everything before)[..16]
//! preamble   = "CAUSERIE" ‖ version u8 ‖ protection u8
//!              and after that, with protection 1: memory KiB u32 ‖ passes u32 ‖ lanes u32 ‖ salt(16)
//! protection   0: the wrapping key lies in `vault.key`     1: it is stretched from a passphrase
//! ```
//!
//! The hash at the end guards against nobody. It tells a damaged header from a wrong passphrase, and does so before
//! anything is stretched: a flipped bit must not look like a forgotten passphrase, for that cannot be mended.

use super::{
    MasterKey, VaultError,
    passphrase::{Cost, SALT_BYTES},
};
use crate::{
    entropy::TurnRandom,
    secret::{NONCE_BYTES, Secret, TAG_BYTES, first16, hash},
};

const MAGIC: &[u8; 8] = b"CAUSERIE";
const VERSION: u8 = 1;
const KEY_FILE: u8 = 0;
const PASSPHRASE: u8 = 1;
const WRAPPED_BYTES: usize = 32 + TAG_BYTES;
const CHECK_BYTES: usize = 16;

/// What the wrapping key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It lies in `vault.key`.
    KeyFile,
    /// It is stretched from a passphrase.
    Passphrase {
        /// At this cost.
        cost: Cost,
        /// With this salt.
        salt: [u8; SALT_BYTES],
    },
}

/// A header as it was read: whole, of this version, within the bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    protection: Protection,
    preamble: Vec<u8>,
    nonce: [u8; NONCE_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
}

impl Header {
    /// Reads `vault.hdr`.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] and [`VaultError::Newer`].
    pub fn read(bytes: &[u8]) -> Result<Self, VaultError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(VaultError::Damaged)?;
        let ([version, protection], rest) = rest.split_first_chunk().ok_or(VaultError::Damaged)?;
        let (protection, rest) = match (*version, *protection) {
            (VERSION, KEY_FILE) => (Protection::KeyFile, rest),
            (VERSION, PASSPHRASE) => stretching(bytes, rest).ok_or(VaultError::Damaged)?,
            (VERSION.., _) => return Err(VaultError::Newer),
            _ => return Err(VaultError::Damaged),
        };
        let (nonce, wrapped) = rest.split_first_chunk().ok_or(VaultError::Damaged)?;
        let wrapped = wrapped.try_into().map_err(|_| VaultError::Damaged)?;
        Ok(Self { protection, preamble: preamble(protection), nonce: *nonce, wrapped })
    }

    /// What the wrapping key comes from.
    #[must_use]
    pub const fn protection(&self) -> Protection {
        self.protection
    }

    /// Unwraps the master key.
    ///
    /// # Errors
    /// When it was wrapped with another key: [`VaultError::WrongPassphrase`], or without a passphrase
    /// [`VaultError::Damaged`].
    pub fn open(&self, wrapping: &Secret) -> Result<MasterKey, VaultError> {
        let mistake = match self.protection {
            Protection::KeyFile => VaultError::Damaged,
            Protection::Passphrase { .. } => VaultError::WrongPassphrase,
        };
        let master = wrapping.open_secret(&self.nonce, &self.preamble, &self.wrapped);
        master.map(MasterKey).ok_or(mistake)
    }

    /// Wraps the master key anew: the bytes of a `vault.hdr`.
    #[must_use]
    pub fn seal(
        master: &MasterKey,
        protection: Protection,
        wrapping: &Secret,
        random: &mut TurnRandom,
    ) -> Vec<u8> {
        let preamble = preamble(protection);
        let nonce = random.bytes();
        let wrapped = wrapping.seal(&nonce, &preamble, master.0.expose());
        let mut bytes = [&preamble, &nonce[..], &wrapped].concat();
        if let Protection::Passphrase { .. } = protection {
            bytes.extend_from_slice(&check(&bytes));
        }
        bytes
    }
}

/// These bytes with the hash that tells damage, whatever they are.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn checked(bytes: &[u8]) -> Vec<u8> {
    [bytes, &check(bytes)].concat()
}

/// Cost and salt, and what lies between them and the hash; `None` unless the hash is right and the cost is bearable.
fn stretching<'a>(bytes: &'a [u8], rest: &'a [u8]) -> Option<(Protection, &'a [u8])> {
    let (checked, found) = bytes.split_last_chunk::<CHECK_BYTES>()?;
    if check(checked) != *found {
        return None;
    }
    let (rest, _) = rest.split_last_chunk::<CHECK_BYTES>()?;
    let (memory_kib, rest) = rest.split_first_chunk()?;
    let (passes, rest) = rest.split_first_chunk()?;
    let (lanes, rest) = rest.split_first_chunk()?;
    let (salt, rest) = rest.split_first_chunk()?;
    let [memory_kib, passes, lanes] = [memory_kib, passes, lanes].map(|field| u32::from_be_bytes(*field));
    let cost = Cost::new(memory_kib, passes, lanes)?;
    Some((Protection::Passphrase { cost, salt: *salt }, rest))
}

fn preamble(protection: Protection) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    match protection {
        Protection::KeyFile => bytes.extend_from_slice(&[VERSION, KEY_FILE]),
        Protection::Passphrase { cost, salt } => {
            bytes.extend_from_slice(&[VERSION, PASSPHRASE]);
            for field in [cost.memory_kib(), cost.passes(), cost.lanes()] {
                bytes.extend_from_slice(&field.to_be_bytes());
            }
            bytes.extend_from_slice(&salt);
        }
    }
    bytes
}

fn check(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    first16(&hash("vault", &[bytes]))
}

#[cfg(test)]
mod tests;
