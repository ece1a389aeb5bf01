//! The only file that reads the system's randomness.
//!
//! Every turn gets 32 fresh bytes. No generator of our own stands between, so that a copied home or a stolen memory
//! tells nothing about later turns (`docs/protocol.md`).

use causerie_protocol::entropy::Entropy;
use thiserror::Error;
use zeroize::Zeroize as _;

/// 32 bytes from the operating system, for one turn.
///
/// # Errors
/// [`EntropyError`] when the system has none to give; nothing may be sealed then.
pub fn fresh() -> Result<Entropy, EntropyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| EntropyError(error.to_string()))?;
    let entropy = Entropy::new(bytes);
    bytes.zeroize();
    Ok(entropy)
}

/// The operating system gave no randomness, in its words.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the operating system gives no randomness: {0}")]
pub struct EntropyError(String);

#[cfg(test)]
mod tests {
    use causerie_protocol::entropy::TurnRandom;

    use super::*;

    #[test]
    fn no_two_turns_get_the_same_bytes() {
        let one: [u8; 32] = TurnRandom::new(&fresh().unwrap()).bytes();
        let two: [u8; 32] = TurnRandom::new(&fresh().unwrap()).bytes();
        assert_ne!(one, two);
    }
}
