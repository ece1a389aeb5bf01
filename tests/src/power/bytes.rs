//! A file's bytes: what everybody sees, what is durable, and the changes in between.

use super::fate::{Fate, Survival};
use crate::Dice;

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// What was changed since the last sync, oldest first.
    waiting: Vec<(u64, Change)>,
}

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Bytes {
    pub(super) fn now(&self) -> &[u8] {
        &self.now
    }

    /// When each change that is not durable was made.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().map(|(at, _)| *at)
    }

    pub(super) fn write(&mut self, at: u64, offset: usize, bytes: &[u8]) {
        put(&mut self.now, offset, bytes);
        self.waiting.push((at, Change::Write { offset, bytes: bytes.to_vec() }));
    }

    pub(super) fn set_length(&mut self, at: u64, length: usize) {
        self.now.resize(length, 0);
        self.waiting.push((at, Change::Length(length)));
    }

    /// Everything that waits is durable.
    pub(super) fn sync(&mut self) {
        for (_, change) in std::mem::take(&mut self.waiting) {
            match change {
                Change::Write { offset, bytes } => put(&mut self.durable, offset, &bytes),
                Change::Length(length) => self.durable.resize(length, 0),
            }
        }
    }

    /// What fate spares is durable, and nothing else is left.
    pub(super) fn come_back(&mut self, fate: &Fate, dice: &mut Dice) {
        for (at, change) in std::mem::take(&mut self.waiting) {
            match change {
                Change::Write { offset, bytes } => {
                    let survival = fate.of_write(at, offset, bytes.len(), dice);
                    self.survive(offset, &bytes, &survival);
                }
                Change::Length(length) if fate.spares(at, dice) => self.durable.resize(length, 0),
                Change::Length(_) => {}
            }
        }
        self.now.clone_from(&self.durable);
    }

    fn survive(&mut self, offset: usize, bytes: &[u8], survival: &Survival) {
        match survival {
            Survival::Lost => {}
            // The length came to the disk, and the bytes did not.
            Survival::Hole => {
                let length = self.durable.len().max(offset + bytes.len());
                self.durable.resize(length, 0);
            }
            Survival::Parts(parts) => {
                for part in parts {
                    put(&mut self.durable, offset + part.start, &bytes[part.clone()]);
                }
            }
        }
    }
}

fn put(into: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if into.len() < end {
        into.resize(end, 0);
    }
    into[offset..end].copy_from_slice(bytes);
}
