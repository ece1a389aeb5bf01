//! Bytes that nobody who keeps the rules would say, for every place where bytes become something.
//!
//! ```text
//! examples (made by the code) ─┐
//! corpora (`protocol/tests/corpora`) ─┴▶ Mutator ─▶ bytes ─▶ Target ─▶ nothing, or a panic that names what does not hold
//! ```
//!
//! Each target holds one decoder, or a whole engine, to the same promises: no panic, nothing that grows beyond a bound,
//! whatever decodes encodes again to the very bytes that it was read from, and what is refused changes nothing. Where a
//! seal or a signature would keep hostile bytes out before they are looked at, the target makes it: as a contact, as
//! who holds a link, as who can write to the disk. The ordinary test spoils the corpora with a fixed seed, and for
//! as long as it is asked to: `protocol/tests/corpora.rs`.

mod engines;
mod files;
mod peers;
mod persons;

use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    account::keys::OwnAccount,
    entropy::{Entropy, TurnRandom},
    testing::BEGINNING,
};

/// Who can give the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Whoever is on the network.
    Stranger,
    /// Somebody with whom there is a session, or who holds a link of ours.
    Acquaintance,
    /// Whoever writes to our disk.
    Disk,
    /// The person: a paste, a file that was handed over, a script at the socket.
    Person,
}

/// What takes bytes, one input after the other.
pub type Taking = Box<dyn FnMut(&[u8])>;

/// One place where bytes become something.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name in words with hyphens: that of its corpus.
    pub name: &'static str,
    /// Who can give it bytes.
    pub origin: Origin,
    /// How much work one input is: 1 for a decoder, more for an engine.
    pub cost: usize,
    /// Makes what takes bytes. It panics at what must not be.
    pub begin: fn() -> Taking,
    /// What the code itself makes, each of which is taken.
    pub examples: fn() -> Vec<Vec<u8>>,
}

/// Every target of this package.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    [peers::TARGETS, files::TARGETS, persons::TARGETS, engines::TARGETS].into_iter().flatten()
}

/// Bytes at which a promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In which target, and which of the bytes that it was given.
    pub whose: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whose, bytes } = self;
        write!(f, "{whose} breaks with {} bytes: {}", bytes.len(), data_encoding::HEXLOWER.encode(bytes))
    }
}

/// Gives a target its corpus, of (name, bytes), and then as many spoilt ones as it says, fewer where they cost more. The
/// same seed gives the same bytes.
///
/// # Errors
/// [`Broken`] tells with which bytes it panicked; the panic has said why.
pub fn play(target: &Target, corpus: &[(String, Vec<u8>)], rounds: usize, seed: u64) -> Result<(), Broken> {
    let mut take = (target.begin)();
    let mut give = |bytes: &[u8], which: &dyn fmt::Display| {
        let taken = catch_unwind(AssertUnwindSafe(|| take(bytes)));
        let whose = || format!("{}, {which},", target.name);
        taken.map_err(|_| Broken { whose: whose(), bytes: bytes.to_vec() })
    };
    for (name, bytes) in corpus {
        give(bytes, name)?;
    }
    let corpus: Vec<Vec<u8>> = corpus.iter().map(|(_, bytes)| bytes.clone()).collect();
    let mut mutator = Mutator::new(seed, INPUT_BYTES_MAX);
    for round in 0..(rounds / target.cost.max(1)).max(1) {
        give(&mutator.spoil(&corpus), &format_args!("seed {seed}, round {round}"))?;
    }
    Ok(())
}

/// Bytes of an input at most. Chosen: beyond the largest frame.
pub const INPUT_BYTES_MAX: usize = 70_000;

/// A decoder that keeps nothing from one input to the next.
fn each(take: impl FnMut(&[u8]) + 'static) -> Taking {
    Box::new(take)
}

/// Bytes that were sound once, spoilt: the same seed and corpus give the same bytes.
#[derive(Debug)]
pub struct Mutator {
    random: TurnRandom,
    bytes_max: usize,
}

/// Numbers that lengths and counts go wrong at.
const BOUNDARIES: [u64; 12] =
    [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff, u64::MAX];

impl Mutator {
    /// One with this seed that makes nothing longer than so many bytes.
    #[must_use]
    pub fn new(seed: u64, bytes_max: usize) -> Self {
        let mut entropy = [0x5a; 32];
        if let Some(head) = entropy.first_chunk_mut() {
            *head = seed.to_be_bytes();
        }
        Self { random: TurnRandom::new(&Entropy::new(entropy)), bytes_max }
    }

    /// One of the corpus, spoilt in up to eight places; where the corpus is empty, anything.
    #[must_use]
    pub fn spoil(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.one_of(corpus).map_or_else(Vec::new, Clone::clone);
        for _ in 0..=self.below(8) {
            self.spoil_once(&mut bytes, corpus);
        }
        bytes.truncate(self.bytes_max);
        bytes
    }

    fn spoil_once(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let (from, to) = self.range(bytes.len());
        match self.below(11) {
            0 => bytes.truncate(from),
            1 => {
                let more = self.some_bytes();
                bytes.extend_from_slice(&more);
            }
            2 => drop(bytes.drain(from..to)),
            3 => {
                let again = bytes.get(from..to).unwrap_or_default().to_vec();
                bytes.splice(to..to, again);
            }
            4 => {
                let other = self.one_of(corpus).map_or_else(Vec::new, Clone::clone);
                let (begin, end) = self.range(other.len());
                bytes.splice(from..to, other.get(begin..end).unwrap_or_default().iter().copied());
            }
            5 => {
                let more = self.some_bytes();
                bytes.splice(from..from, more);
            }
            6 => bytes.get_mut(from..to).unwrap_or_default().fill(0),
            7 | 8 => self.put_number(bytes, from),
            9 => bytes.get_mut(from..to).unwrap_or_default().reverse(),
            _ => {
                let bit = self.below(8);
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << bit;
                }
            }
        }
    }

    /// A number at which lengths go wrong, big-endian in 1, 2, 4 or 8 bytes.
    fn put_number(&mut self, bytes: &mut [u8], at: usize) {
        let number = self.one_of(&BOUNDARIES).copied().unwrap_or_default().to_be_bytes();
        let width = 1 << self.below(4);
        let digits = number.get(number.len() - width..).unwrap_or_default();
        for (to, from) in bytes.iter_mut().skip(at).zip(digits) {
            *to = *from;
        }
    }

    fn some_bytes(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; self.below(40)];
        self.random.fill(&mut bytes);
        bytes
    }

    /// A part of so many bytes: mostly a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 16 };
        let to = length.min(from + self.below(most + 1));
        (from, to)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() {
            return None;
        }
        let which = self.below(all.len());
        all.get(which)
    }

    fn below(&mut self, end: usize) -> usize {
        let below = self.random.below(u64::try_from(end.max(1)).unwrap_or(u64::MAX));
        usize::try_from(below).unwrap_or_default()
    }
}

/// Randomness that is the same each time.
fn steady(seed: u8) -> TurnRandom {
    TurnRandom::new(&Entropy::new([seed; 32]))
}

/// An account that is the same each time.
fn somebody(seed: u8) -> OwnAccount {
    OwnAccount::create(&mut steady(seed), BEGINNING)
}

#[cfg(test)]
mod tests;
