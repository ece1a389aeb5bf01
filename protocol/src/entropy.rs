//! One turn's randomness: 32 fresh bytes from the driver, expanded with HKDF-SHA-256 and dropped with the turn.
//!
//! Nothing of it is ever stored and no generator outlives a turn. A copied home therefore cannot repeat nonces under
//! its original's keys, and whoever steals the process's memory learns nothing about later turns.

use core::{convert::Infallible, fmt};

#[cfg(feature = "stand-in")]
use crate::stand_in::{Hkdf, Sha256};
#[cfg(not(feature = "stand-in"))]
use hkdf::Hkdf;
use rand_core::{TryCryptoRng, TryRng};
#[cfg(not(feature = "stand-in"))]
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The fresh bytes a driver hands to one `handle`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Entropy([u8; 32]);

impl Entropy {
    /// Wraps 32 bytes that are used for this turn and no other.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// A stream of bytes drawn from one turn's [`Entropy`]. Most turns draw none, so nothing is computed before the first.
pub struct TurnRandom {
    entropy: Entropy,
    expander: Option<Hkdf<Sha256>>,
    block: [u8; 32],
    used: usize,
    counter: u64,
}

impl TurnRandom {
    /// Begins the stream of one turn.
    #[must_use]
    pub fn new(entropy: &Entropy) -> Self {
        Self { entropy: entropy.clone(), expander: None, block: [0; 32], used: 32, counter: 0 }
    }

    /// The next `N` bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// The next bytes, as many as `out` is long.
    pub fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.used == self.block.len() {
                self.refill();
            }
            // `used` is below the block's length here.
            *byte = self.block.get(self.used).copied().unwrap_or_default();
            self.used += 1;
        }
    }

    /// A number below `bound` (0 when `bound` is 0); its bias is below 2^-32 for bounds below 2^32.
    #[must_use]
    pub fn below(&mut self, bound: u64) -> u64 {
        u64::from_be_bytes(self.bytes()).checked_rem(bound).unwrap_or(0)
    }

    fn refill(&mut self) {
        let entropy = &self.entropy;
        let expander = self.expander.get_or_insert_with(|| Hkdf::new(Some(b"causerie/1 turn"), &entropy.0));
        // Expanding to one hash length cannot fail (RFC 5869: at most 255 hash lengths).
        expander.expand(&self.counter.to_be_bytes(), &mut self.block).ok();
        self.counter += 1;
        self.used = 0;
    }
}

impl Drop for TurnRandom {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

impl fmt::Debug for TurnRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnRandom(…)")
    }
}

impl TryRng for TurnRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for TurnRandom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_entropy_gives_the_same_stream_however_it_is_cut() {
        let mut whole = TurnRandom::new(&Entropy::new([7; 32]));
        let mut pieces = TurnRandom::new(&Entropy::new([7; 32]));
        let expected: [u8; 100] = whole.bytes();
        let mut got = [0; 100];
        for chunk in got.chunks_mut(7) {
            pieces.fill(chunk);
        }
        assert_eq!(expected, got);
    }

    #[test]
    fn other_entropy_gives_another_stream() {
        let one: [u8; 32] = TurnRandom::new(&Entropy::new([1; 32])).bytes();
        let two: [u8; 32] = TurnRandom::new(&Entropy::new([2; 32])).bytes();
        assert_ne!(one, two);
    }

    #[test]
    fn debug_shows_no_byte() {
        assert_eq!(format!("{:?}", Entropy::new([0xab; 32])), "Entropy(…)");
    }
}
