//! A passphrase, and the key that it is stretched to: the only file that names argon2.
//!
//! ```text
//! wrapping key(32) = Argon2id(version 0x13, passphrase, salt(16), memory KiB, passes, lanes), no secret, no associated data
//! ```
//!
//! Its bytes are taken as they are: nothing is normalised, so two ways to write one letter are two passphrases. What
//! it costs to try one lies in the vault's header, which somebody else may have written: so a cost is bounded before a
//! byte is allocated for it. The memory is wiped afterwards. Source: RFC 9106.

use core::fmt;

#[cfg(feature = "stand-in")]
use crate::stand_in::{Algorithm, Argon2, Block, Params, Version};
#[cfg(not(feature = "stand-in"))]
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    limits::{
        PASSPHRASE_BYTES_MAX, STRETCH_LANES_MAX, STRETCH_MEMORY_KIB_MAX, STRETCH_MEMORY_KIB_MIN,
        STRETCH_PASSES_MAX,
    },
    secret::Secret,
};

/// Bytes of a salt: what RFC 9106, section 3.1, asks for.
pub const SALT_BYTES: usize = 16;

/// What a person types to open a home: wiped when dropped, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(Vec<u8>);

impl Passphrase {
    /// Takes the bytes over; those that are refused are wiped.
    ///
    /// # Errors
    /// [`PassphraseError`] when there are none or too many.
    pub fn new(bytes: Vec<u8>) -> Result<Self, PassphraseError> {
        let passphrase = Self(bytes);
        match passphrase.0.len() {
            0 => Err(PassphraseError::Empty),
            1..=PASSPHRASE_BYTES_MAX => Ok(passphrase),
            _ => Err(PassphraseError::TooLong),
        }
    }

    /// The key that this passphrase wraps with; `None` where the machine has not the memory.
    #[must_use]
    pub fn stretch(&self, cost: Cost, salt: &[u8; SALT_BYTES]) -> Option<Secret> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
        let count = params.block_count();
        let mut memory = Vec::new();
        memory.try_reserve_exact(count).ok()?;
        memory.resize(count, Block::new());
        let mut memory = Zeroizing::new(memory);
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(&self.0, salt, &mut *key, memory.as_mut_slice())
            .ok()?;
        Some(Secret::new(*key))
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Passphrase {}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Why bytes are no passphrase.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PassphraseError {
    /// There are none.
    #[error("a passphrase is not empty")]
    Empty,
    /// There are more than [`PASSPHRASE_BYTES_MAX`].
    #[error("a passphrase has at most {PASSPHRASE_BYTES_MAX} bytes")]
    TooLong,
}

/// What it costs to try one passphrase; within the bounds of [`crate::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// 64 MiB and 3 passes: the second recommendation of RFC 9106, section 4, but for the lanes. They would be computed
    /// one after the other here, which spares an attacker's threads more than ours.
    pub const DEFAULT: Self = Self { memory_kib: 65_536, passes: 3, lanes: 1 };

    /// `None` beyond the bounds.
    #[must_use]
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        let within = (1..=STRETCH_LANES_MAX).contains(&lanes)
            && (1..=STRETCH_PASSES_MAX).contains(&passes)
            && (STRETCH_MEMORY_KIB_MIN * lanes..=STRETCH_MEMORY_KIB_MAX).contains(&memory_kib);
        within.then_some(Self { memory_kib, passes, lanes })
    }

    /// KiB of memory.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// How often it is gone through.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// How many parts of it could be worked on at a time.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

#[cfg(test)]
mod tests {
    #[cfg(not(feature = "stand-in"))]
    use argon2::{AssociatedData, ParamsBuilder};
    #[cfg(not(feature = "stand-in"))]
    use data_encoding::HEXLOWER;

    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    #[cfg(not(feature = "stand-in"))]
    fn rfc_9106_section_5_3() {
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        let mut memory = vec![Block::new(); 32];
        argon2.hash_password_into_with_memory(&[1; 32], &[2; 16], &mut tag, &mut memory).unwrap();
        assert_eq!(HEXLOWER.encode(&tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    #[test]
    fn every_input_counts() {
        let cost = |memory, passes, lanes| Cost::new(memory, passes, lanes).unwrap();
        let key = passphrase("one").stretch(cost(64, 1, 1), &[1; 16]).unwrap();
        assert_eq!(passphrase("one").stretch(cost(64, 1, 1), &[1; 16]), Some(key.clone()));
        for other in [
            passphrase("One").stretch(cost(64, 1, 1), &[1; 16]),
            passphrase("one ").stretch(cost(64, 1, 1), &[1; 16]),
            passphrase("one").stretch(cost(64, 1, 1), &[2; 16]),
            passphrase("one").stretch(cost(72, 1, 1), &[1; 16]),
            passphrase("one").stretch(cost(64, 2, 1), &[1; 16]),
            passphrase("one").stretch(cost(64, 1, 2), &[1; 16]),
        ] {
            assert_ne!(other.unwrap(), key);
        }
    }

    #[test]
    fn bytes_are_taken_as_they_are_within_the_bounds() {
        assert_eq!(Passphrase::new(Vec::new()), Err(PassphraseError::Empty));
        assert_eq!(Passphrase::new(vec![7; PASSPHRASE_BYTES_MAX + 1]), Err(PassphraseError::TooLong));
        assert!(Passphrase::new(vec![0xff; PASSPHRASE_BYTES_MAX]).is_ok());
        assert!(Passphrase::new(vec![0]).is_ok());
        // é in one character and in two.
        assert_ne!(passphrase("\u{e9}"), passphrase("e\u{301}"));
    }

    #[test]
    fn a_cost_beyond_a_bound_is_none() {
        let (memory, passes, lanes) = (STRETCH_MEMORY_KIB_MAX, STRETCH_PASSES_MAX, STRETCH_LANES_MAX);
        assert!(Cost::new(memory, passes, lanes).is_some());
        assert!(Cost::new(8, 1, 1).is_some() && Cost::new(8 * lanes, 1, lanes).is_some());
        for (memory, passes, lanes) in [
            (memory + 1, 1, 1),
            (u32::MAX, 1, 1),
            (memory, passes + 1, 1),
            (memory, u32::MAX, 1),
            (memory, 1, lanes + 1),
            (memory, 1, u32::MAX),
            (7, 1, 1),
            (8 * lanes - 1, 1, lanes),
            (0, 1, 1),
            (memory, 0, 1),
            (memory, 1, 0),
        ] {
            assert_eq!(Cost::new(memory, passes, lanes), None, "{memory} {passes} {lanes}");
        }
        let Cost { memory_kib, passes, lanes } = Cost::DEFAULT;
        assert_eq!(Cost::new(memory_kib, passes, lanes), Some(Cost::DEFAULT));
    }

    #[test]
    fn debug_shows_no_byte() {
        assert_eq!(format!("{:?}", passphrase("abc")), "Passphrase(…)");
    }
}
