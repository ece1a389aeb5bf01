//! 32 secret bytes, and everything that is derived from such: one place for hash, HKDF, MAC and AEAD.
//!
//! Labels begin with "causerie/1 " and are written where they are used; here they are only prefixed. Sources:
//! RFC 5869 (HKDF), RFC 2104 (HMAC), draft-irtf-cfrg-xchacha-03 (XChaCha20-Poly1305).

use core::fmt;

#[cfg(feature = "stand-in")]
use crate::stand_in::{Hkdf, Hmac, Payload, Sha256, XChaCha20Poly1305};
#[cfg(not(feature = "stand-in"))]
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
#[cfg(not(feature = "stand-in"))]
use hkdf::Hkdf;
#[cfg(not(feature = "stand-in"))]
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
#[cfg(not(feature = "stand-in"))]
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What every label starts with: the protocol and its version.
pub const LABEL_PREFIX: &str = "causerie/1 ";

/// Bytes that an AEAD adds.
pub const TAG_BYTES: usize = 16;

/// Bytes of an XChaCha20-Poly1305 nonce.
pub const NONCE_BYTES: usize = 24;

/// 32 secret bytes: wiped when dropped, never shown, compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Takes the bytes over.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for one use.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// `HKDF-Expand(self, label, 32)`.
    #[must_use]
    pub fn expand(&self, label: &str) -> Self {
        self.expand_with(label, &[])
    }

    /// `HKDF-Expand(self, label ‖ parts, 32)`.
    #[must_use]
    pub fn expand_with(&self, label: &str, parts: &[&[u8]]) -> Self {
        let mut out = Self([0; 32]);
        // 32 bytes are one hash length; a pseudo-random key of 32 bytes is one too: neither can be refused.
        if let Ok(hkdf) = Hkdf::<Sha256>::from_prk(&self.0) {
            let mut info = Vec::with_capacity(64);
            info.extend_from_slice(LABEL_PREFIX.as_bytes());
            info.extend_from_slice(label.as_bytes());
            for part in parts {
                info.extend_from_slice(part);
            }
            hkdf.expand(&info, &mut out.0).ok();
        }
        out
    }

    /// `HKDF-Expand(HKDF-Extract(32 zero bytes, self), label ‖ parts, 32)`.
    #[must_use]
    pub fn derive(&self, label: &str, parts: &[&[u8]]) -> Self {
        Self::extract(&[0; 32], &[&self.0]).expand_with(label, parts)
    }

    /// `HKDF-Extract(salt, parts)`.
    #[must_use]
    pub fn extract(salt: &[u8], parts: &[&[u8]]) -> Self {
        let mut material: Vec<u8> = parts.concat();
        let (prk, _) = Hkdf::<Sha256>::extract(Some(salt), &material);
        material.zeroize();
        Self(prk.into())
    }

    /// `HMAC(self, label ‖ parts)[..16]`.
    #[must_use]
    pub fn mac16(&self, label: &str, parts: &[&[u8]]) -> [u8; 16] {
        first16(&self.mac(label, parts))
    }

    /// `HMAC(self, label ‖ parts)`.
    #[must_use]
    pub fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        mac.update(LABEL_PREFIX.as_bytes());
        mac.update(label.as_bytes());
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Seals with XChaCha20-Poly1305; the nonce must be fresh.
    #[must_use]
    pub fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        // The cipher refuses only texts of more than 256 GiB.
        XChaCha20Poly1305::new((&self.0).into())
            .encrypt(&(*nonce).into(), Payload { msg: plain, aad })
            .unwrap_or_default()
    }

    /// Opens what [`Self::seal`] sealed; `None` when one bit differs.
    #[must_use]
    pub fn open(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        XChaCha20Poly1305::new((&self.0).into()).decrypt(&(*nonce).into(), Payload { msg: sealed, aad }).ok()
    }
}

impl Secret {
    /// Opens 32 sealed bytes that are a secret themselves; nothing of them stays outside of it.
    #[must_use]
    pub fn open_secret(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], sealed: &[u8]) -> Option<Self> {
        let plain = Zeroizing::new(self.open(nonce, aad, sealed)?);
        plain.first_chunk().filter(|_| plain.len() == 32).map(|bytes| Self(*bytes))
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `SHA-256(label ‖ parts)` with the protocol's prefix before the label.
#[must_use]
pub fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(LABEL_PREFIX.as_bytes());
    hasher.update(label.as_bytes());
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// `SHA-256(parts)` without a label, for the few places that say `H(…)` alone.
#[must_use]
pub fn hash_plain(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The first 16 bytes of a hash.
#[must_use]
pub fn first16(hash: &[u8; 32]) -> [u8; 16] {
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(hash) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(feature = "stand-in"))]
    fn rfc_5869_case_1_extract() {
        let ikm = [0x0b; 22];
        let salt: Vec<u8> = (0..=12).collect();
        let prk = Secret::extract(&salt, &[&ikm]);
        assert_eq!(
            data_encoding::HEXLOWER.encode(prk.expose()),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
        );
    }

    #[test]
    fn sealed_bytes_open_only_unchanged() {
        let key = Secret::new([3; 32]);
        let sealed = key.seal(&[1; 24], b"aad", b"text");
        assert_eq!(sealed.len(), 4 + TAG_BYTES);
        assert_eq!(key.open(&[1; 24], b"aad", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(key.open(&[2; 24], b"aad", &sealed), None);
        assert_eq!(key.open(&[1; 24], b"aae", &sealed), None);
        for byte in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[byte] ^= 1;
            assert_eq!(key.open(&[1; 24], b"aad", &flipped), None);
        }
    }

    #[test]
    fn debug_shows_no_byte() {
        assert_eq!(format!("{:?}", Secret::new([0xab; 32])), "Secret(…)");
    }
}
