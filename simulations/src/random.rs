//! The one source of chance: every draw of a run comes from its seed.
//!
//! Each person, rule and fault draws from a generator of its own, derived from the seed and a label, so that a change of
//! one does not shift the draws of another. No floating-point function is used that may differ between machines.

use core::time::Duration;

use causerie_protocol::entropy::Entropy;
use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// A generator derived from a seed and a label.
#[derive(Clone, Debug)]
pub struct Random(Pcg64Mcg);

impl Random {
    /// The generator for this purpose, the `number`-th of its kind.
    #[must_use]
    pub fn new(seed: u64, label: &str, number: usize) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(label.as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(hasher.finalize().as_bytes().get(..16).unwrap_or(&[0; 16]));
        Self(Pcg64Mcg::from_seed(half))
    }

    /// The fresh bytes of one turn of an engine.
    pub fn entropy(&mut self) -> Entropy {
        Entropy::new(self.bytes())
    }

    /// So many bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias is below 2^-32 for every bound that a scenario has.
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A position below `len`; 0 when that is 0.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// One of these, of which there is one at least.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Whether something of this share (0 to 1) happens.
    pub fn happens(&mut self, share: f64) -> bool {
        // 53 bits are exact in a float, and so is the comparison.
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a float")]
        let drawn = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < share
    }

    /// A time between the two, both included.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = u64::try_from(most.saturating_sub(least).as_micros()).unwrap_or(u64::MAX);
        least + Duration::from_micros(self.below(span.saturating_add(1)))
    }

    /// A time about as long as this: between half of it and one and a half.
    pub fn about(&mut self, mean: Duration) -> Duration {
        self.between(mean / 2, mean * 3 / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_label_say_everything() {
        let draw = |seed, label, number| Random::new(seed, label, number).bytes::<16>();
        assert_eq!(draw(1, "person", 2), draw(1, "person", 2));
        let others = [draw(2, "person", 2), draw(1, "island", 2), draw(1, "person", 3)];
        assert!(others.iter().all(|other| *other != draw(1, "person", 2)));
    }

    #[test]
    fn bounds_are_kept() {
        let mut random = Random::new(1, "bounds", 0);
        for _ in 0..1_000 {
            assert!(random.below(3) < 3);
            let time = random.about(Duration::from_secs(10));
            assert!((Duration::from_secs(5)..=Duration::from_secs(15)).contains(&time));
        }
        assert_eq!((random.below(0), random.index(0)), (0, 0));
        assert!(!random.happens(0.0) && random.happens(1.0));
    }
}
