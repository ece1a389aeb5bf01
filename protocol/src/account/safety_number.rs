//! The digits by which two people find out whether somebody sits between them.
//!
//! 30 digits a side: `x = H("causerie/1 fp" ‖ account)`, 5,200 times `x = H(x ‖ account)`, then the first six groups
//! of five bytes, big-endian, modulo 100,000. The two sides are sorted, so both people see the same 60 digits. It is
//! of the accounts alone: a new device or a renewed session does not change it.

use crate::{ids::AccountId, secret};

/// Repetitions. They make a search for an account with the same digits dearer by 12 bits.
const ITERATIONS: usize = 5_200;

/// Digits of one side, in groups of five.
const GROUPS: usize = 6;

/// The number of two accounts: 12 groups of five digits with a space between; the same for both.
#[must_use]
pub fn safety_number(own: AccountId, theirs: AccountId) -> String {
    join(&half(own), &half(theirs))
}

/// One account's half: six groups of five digits. It costs milliseconds; our own is worth keeping.
#[must_use]
pub fn half(account: AccountId) -> String {
    let account = account.as_bytes();
    let mut x = secret::hash("fp", &[account]);
    for _ in 0..ITERATIONS {
        x = secret::hash_plain(&[&x, account]);
    }
    let groups: Vec<String> = x
        .chunks_exact(5)
        .take(GROUPS)
        .map(|group| {
            let number = group.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            format!("{:05}", number % 100_000)
        })
        .collect();
    groups.join(" ")
}

/// The number of two halves, in whichever order they are given.
#[must_use]
pub fn join(one: &str, other: &str) -> String {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    format!("{first} {second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: AccountId = AccountId::from_bytes([0x11; 32]);
    const BOB: AccountId = AccountId::from_bytes([0x22; 32]);

    #[test]
    fn both_sides_see_the_same_twelve_groups() {
        let number = safety_number(ANN, BOB);
        assert_eq!(number, safety_number(BOB, ANN));
        assert_eq!(number, join(&half(BOB), &half(ANN)));
        let groups: Vec<&str> = number.split(' ').collect();
        assert_eq!(groups.len(), 12);
        assert!(
            groups.iter().all(|group| group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_digit()))
        );
    }

    #[test]
    fn one_other_bit_gives_another_number() {
        let mut bytes = *BOB.as_bytes();
        bytes[31] ^= 1;
        let near = AccountId::from_bytes(bytes);
        assert_ne!(half(BOB), half(near));
        assert_ne!(safety_number(ANN, BOB), safety_number(ANN, near));
    }
}
