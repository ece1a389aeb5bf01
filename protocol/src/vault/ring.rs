//! The ring: the keys that the state of sessions is sealed under, in a file of two slots.
//!
//! ```text
//! ring   = slot 0 at its beginning, slot 1 at byte 4,096
//! slot   = nonce(24) ‖ XChaCha20-Poly1305(K_ring, nonce, AAD = "ring" ‖ number of the slot u8, plain)(88)
//! plain  = generation u32 ‖ key(32) ‖ generation before u32 ‖ key(32)        zeros where there is none before
//! K_ring = Derive(MK, "ring")
//! ```
//!
//! A key's generation is the key id of what is sealed under it; generation 0 is the master key's own. One slot is written
//! at a time, so that the other one is whole when that is cut short: what the two hold together counts. A slot that
//! does not open holds nothing. Which slot is written when is decided in `rotation.rs`.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::Vault;
use crate::{
    entropy::TurnRandom,
    secret::{NONCE_BYTES, Secret, TAG_BYTES},
};

/// Bytes of a slot.
pub const SLOT_BYTES: usize = NONCE_BYTES + PLAIN_BYTES + TAG_BYTES;

/// Bytes from the beginning of one slot to that of the next: no sector and no page holds a part of both.
pub const SLOT_DISTANCE: u64 = 4_096;

const PLAIN_BYTES: usize = 2 * (4 + 32);

/// The two slots as they lie in the file; `None` where there are not so many bytes.
pub type Slots = [Option<Vec<u8>>; 2];

/// One of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// At the beginning of the file.
    First,
    /// Behind it.
    Second,
}

impl Slot {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// Where it begins in the file.
    #[must_use]
    pub const fn offset(self) -> u64 {
        match self {
            Self::First => 0,
            Self::Second => SLOT_DISTANCE,
        }
    }

    /// What is this slot's of two things.
    pub const fn of<T>(self, [first, second]: &[T; 2]) -> &T {
        match self {
            Self::First => first,
            Self::Second => second,
        }
    }

    /// As [`Self::of`], to change it.
    pub const fn of_mut<T>(self, [first, second]: &mut [T; 2]) -> &mut T {
        match self {
            Self::First => first,
            Self::Second => second,
        }
    }

    const fn aad(self) -> [u8; 5] {
        match self {
            Self::First => *b"ring\x00",
            Self::Second => *b"ring\x01",
        }
    }
}

/// The keys by their generation; the newest is the one to seal with.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring(BTreeMap<u32, Secret>);

impl Ring {
    pub(super) fn newest(&self) -> Option<(u32, &Secret)> {
        self.0.last_key_value().map(|(generation, key)| (*generation, key))
    }

    pub(super) fn get(&self, generation: u32) -> Option<&Secret> {
        self.0.get(&generation)
    }
}

impl Vault {
    /// Takes the keys out of both slots; says which generations each of them holds, ascending.
    #[must_use]
    pub fn open_ring(&mut self, slots: &Slots) -> [Vec<u32>; 2] {
        Slot::BOTH.map(|slot| {
            let sealed = slot.of(slots).as_deref();
            let keys = sealed.and_then(|sealed| open_slot(&self.ring_key, slot, sealed)).unwrap_or_default();
            let generations = keys.iter().map(|(generation, _)| *generation).collect();
            self.ring.0.extend(keys);
            generations
        })
    }

    /// What to write to a slot: the newest key, and one to come with it.
    #[must_use]
    pub fn seal_slot(&self, random: &mut TurnRandom, slot: Slot, next: Option<(u32, &Secret)>) -> Vec<u8> {
        let mut plain = Zeroizing::new([0; PLAIN_BYTES]);
        let keys = next.into_iter().chain(self.ring.newest());
        for (place, (generation, key)) in plain.chunks_exact_mut(PLAIN_BYTES / 2).zip(keys) {
            if let Some((to_generation, to_key)) = place.split_first_chunk_mut() {
                *to_generation = generation.to_be_bytes();
                to_key.copy_from_slice(key.expose());
            }
        }
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        [&nonce[..], &self.ring_key.seal(&nonce, &slot.aad(), &*plain)].concat()
    }

    /// A slot that holds these bytes in the place of keys, whatever they are.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn seal_slot_with(&self, random: &mut TurnRandom, slot: Slot, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        [&nonce[..], &self.ring_key.seal(&nonce, &slot.aad(), plain)].concat()
    }

    /// The generation that session state is sealed under now; 0 before there is a ring.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.ring.newest().map_or(0, |(generation, _)| generation)
    }

    /// From now on session state is sealed under this key, which is durable in a slot.
    pub fn add_generation(&mut self, generation: u32, key: Secret) {
        self.ring.0.insert(generation, key);
    }

    /// No slot has another key than the newest any more: they are forgotten here too.
    pub fn keep_newest_generation(&mut self) {
        let newest = self.generation();
        self.ring.0.retain(|generation, _| *generation == newest);
    }
}

fn open_slot(ring_key: &Secret, slot: Slot, sealed: &[u8]) -> Option<Vec<(u32, Secret)>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let plain = Zeroizing::new(ring_key.open(nonce, &slot.aad(), sealed)?);
    if plain.len() != PLAIN_BYTES {
        return None;
    }
    let mut keys: Vec<(u32, Secret)> = plain
        .chunks_exact(PLAIN_BYTES / 2)
        .filter_map(|place| {
            let (generation, key) = place.split_first_chunk()?;
            Some((u32::from_be_bytes(*generation), Secret::new(*key.first_chunk()?)))
        })
        .filter(|(generation, _)| *generation > 0)
        .collect();
    keys.sort_by_key(|(generation, _)| *generation);
    Some(keys)
}

#[cfg(test)]
mod tests;
