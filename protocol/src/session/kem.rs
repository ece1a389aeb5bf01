//! ML-KEM-768: the half of first contact and of every step that is meant to outlast a quantum computer.
//!
//! Its secret never stands alone: it enters a Noise handshake as the psk, bound to the key and the ciphertext that it
//! came from, and the psk holds if either the KEM or the salt does. Keys are kept as the seed that they grow from, and
//! only the seed is stored. A ciphertext of the right length always gives some secret (FIPS 203: implicit rejection):
//! a wrong one is noticed by the handshake. The only module that names ml-kem.

#[cfg(feature = "stand-in")]
use crate::stand_in::{DecapsulationKey768, EncapsulationKey768, Seed};
#[cfg(not(feature = "stand-in"))]
use ml_kem::{
    DecapsulationKey768, EncapsulationKey768, Seed,
    kem::{Decapsulate as _, Encapsulate as _, KeyExport as _},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::{
    entropy::TurnRandom,
    secret::{LABEL_PREFIX, Secret, hash_plain},
};

/// Bytes of an encapsulation key.
pub const EK_BYTES: usize = 1_184;

/// Bytes of a ciphertext.
pub const CT_BYTES: usize = 1_088;

/// What a key pair grows from, as FIPS 203 names its halves: `d`, then `z`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KemSeed(pub(super) Secret, pub(super) Secret);

impl KemSeed {
    pub(super) fn draw(random: &mut TurnRandom) -> Self {
        Self(Secret::new(random.bytes()), Secret::new(random.bytes()))
    }

    /// The key that others encapsulate to.
    pub(super) fn encapsulation_key(&self) -> Vec<u8> {
        self.grow().encapsulation_key()
    }

    /// See [`KemKey::decapsulate`].
    pub(super) fn decapsulate(&self, salt: &Secret, ct: &[u8]) -> Option<Secret> {
        self.grow().decapsulate(salt, ct)
    }

    /// The key pair, which costs as much as using it.
    pub(super) fn grow(&self) -> KemKey {
        let mut seed = Seed::default();
        for (to, from) in seed.iter_mut().zip(self.0.expose().iter().chain(self.1.expose())) {
            *to = *from;
        }
        let key = DecapsulationKey768::from_seed(seed);
        seed.as_mut_slice().zeroize();
        KemKey(key)
    }
}

/// A key pair that has grown from its seed; never stored.
pub(super) struct KemKey(DecapsulationKey768);

impl KemKey {
    /// The key that others encapsulate to.
    pub(super) fn encapsulation_key(&self) -> Vec<u8> {
        self.0.encapsulation_key().to_bytes().to_vec()
    }

    /// The psk that follows from their ciphertext; `None` when it has another length than a ciphertext.
    pub(super) fn decapsulate(&self, salt: &Secret, ct: &[u8]) -> Option<Secret> {
        let ek = self.0.encapsulation_key().to_bytes();
        let mut shared = self.0.decapsulate_slice(ct).ok()?;
        let psk = kem_psk(salt, shared.as_ref(), &ek, ct);
        shared.as_mut_slice().zeroize();
        Some(psk)
    }
}

/// A ciphertext for this encapsulation key, and the psk that follows; `None` when it is not one.
pub(super) fn encapsulate(salt: &Secret, ek: &[u8], random: &mut TurnRandom) -> Option<(Vec<u8>, Secret)> {
    let key = EncapsulationKey768::new(ek.try_into().ok()?).ok()?;
    let (ct, mut shared) = key.encapsulate_with_rng(random);
    let psk = kem_psk(salt, shared.as_ref(), ek, &ct);
    shared.as_mut_slice().zeroize();
    Some((ct.to_vec(), psk))
}

/// What a KEM's secret becomes before it enters a handshake, bound to the key and the ciphertext it came from:
/// `HKDF-Extract(salt, "causerie/1 kem" ‖ ss ‖ H(ek) ‖ H(ct))`.
#[must_use]
pub fn kem_psk(salt: &Secret, shared: &[u8; 32], ek: &[u8], ct: &[u8]) -> Secret {
    Secret::extract(
        salt.expose(),
        &[LABEL_PREFIX.as_bytes(), b"kem", shared, &hash_plain(&[ek]), &hash_plain(&[ct])],
    )
}
