//! Numbers that look random and are the same for the same seed, so that a failure can be repeated.
//!
//! `SplitMix64` (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014). For tests only.

/// A source of numbers.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The same seed throws the same numbers. The environment's `CAUSERIE_SEED` is added to it, to look further.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let more = std::env::var("CAUSERIE_SEED").ok().and_then(|text| text.parse::<u64>().ok());
        let state = seed.wrapping_add(more.unwrap_or_default());
        println!("dice: seed {seed}, CAUSERIE_SEED {}", more.unwrap_or_default());
        Self { state }
    }

    /// Dice of their own, drawn from these: what is thrown with the ones does not shift what is thrown with the others.
    pub const fn others(&mut self) -> Self {
        Self { state: self.throw() }
    }

    /// The next number.
    pub const fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.throw() % end).unwrap()
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.throw().to_be_bytes()[0]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_paper() {
        // First outputs for seed 1234567, as published with the algorithm.
        let mut dice = Dice { state: 1_234_567 };
        assert_eq!(dice.throw(), 6_457_827_717_110_365_317);
        assert_eq!(dice.throw(), 3_203_168_211_198_807_973);
        assert!((0..1_000).all(|_| dice.below(7) < 7));
    }
}
