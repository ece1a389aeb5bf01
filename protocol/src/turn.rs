//! One turn of the engine: the time, its randomness, the store as it will be after this turn, and what it decided.
//!
//! Reads see the turn's own writes. At its end the writes are sealed, each once however often it was written, and leave
//! as one `ChangeSet` before everything else that the turn put out, so that whatever is said rests on what is durable.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    answer::Path,
    entropy::{Entropy, TurnRandom},
    limits,
    moment::Now,
    output::{ChangeSet, LogLevel, Output},
    records::{Order, Pair, Records, RecordsError},
    vault::{self, Vault},
    wire::codec,
};

/// What one `handle` works with.
pub struct Turn<'a> {
    /// When the input happened.
    pub now: Now,
    /// This turn's randomness.
    pub random: TurnRandom,
    /// By which path came what is being heard.
    pub path: Path,
    records: &'a dyn Records,
    vault: &'a Vault,
    /// What is written under a key, not sealed yet; `None` where a record is removed.
    writes: BTreeMap<Vec<u8>, Option<Zeroizing<Vec<u8>>>>,
    changes_sessions: bool,
    outputs: Vec<Output>,
}

/// The value of a record.
enum Value {
    /// As the store has it.
    Sealed(Vec<u8>),
    /// As this turn writes it.
    Plain(Zeroizing<Vec<u8>>),
}

impl<'a> Turn<'a> {
    /// Begins a turn.
    #[must_use]
    pub fn new(now: Now, entropy: &Entropy, records: &'a dyn Records, vault: &'a Vault) -> Self {
        Self {
            now,
            random: TurnRandom::new(entropy),
            path: Path::Direct,
            records,
            vault,
            writes: BTreeMap::new(),
            changes_sessions: false,
            outputs: Vec::new(),
        }
    }

    /// The key of a record whose kind is `prefix` and whose logical key is `logical`, with an order suffix.
    #[must_use]
    pub fn key(&self, prefix: u8, logical: &[&[u8]], suffix: &[u8]) -> RecordKey {
        let mut bytes = self.vault.family(prefix, logical).to_vec();
        bytes.extend_from_slice(suffix);
        RecordKey(bytes)
    }

    /// The record under this key, as it will be after this turn.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or the record is damaged.
    pub fn load<T: Serialize + DeserializeOwned>(&self, key: &RecordKey) -> Result<Option<T>, RecordsError> {
        match self.load_bytes(key)? {
            Some(mut bytes) => {
                let value = codec::decode(&bytes).map_err(|_| RecordsError::Damaged(key.prefix()));
                bytes.zeroize();
                value.map(Some)
            }
            None => Ok(None),
        }
    }

    /// The opened bytes under this key, as they will be after this turn.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or the record is damaged.
    pub fn load_bytes(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, RecordsError> {
        if let Some(write) = self.writes.get(&key.0) {
            return Ok(write.as_ref().map(|plain| plain.to_vec()));
        }
        self.records.get(&key.0)?.map(|sealed| self.unseal(&key.0, &sealed)).transpose()
    }

    /// Writes a record.
    ///
    /// # Errors
    /// [`RecordsError::TooLarge`] when its sealed value would be longer than `limits::VALUE_BYTES_MAX`.
    pub fn save<T: Serialize>(&mut self, key: &RecordKey, value: &T) -> Result<(), RecordsError> {
        let mut bytes = codec::encode(value).map_err(|_| RecordsError::TooLarge(key.prefix()))?;
        let saved = self.save_bytes(key, &bytes);
        bytes.zeroize();
        saved
    }

    /// Writes bytes as they are, sealed.
    ///
    /// # Errors
    /// [`RecordsError::TooLarge`] when the sealed value would be longer than `limits::VALUE_BYTES_MAX`.
    pub fn save_bytes(&mut self, key: &RecordKey, bytes: &[u8]) -> Result<(), RecordsError> {
        if bytes.len() + vault::OVERHEAD_BYTES > limits::VALUE_BYTES_MAX {
            return Err(RecordsError::TooLarge(key.prefix()));
        }
        self.changes_sessions |= vault::is_session_state(&key.0);
        self.writes.insert(key.0.clone(), Some(Zeroizing::new(bytes.to_vec())));
        Ok(())
    }

    /// Removes a record, or makes sure that there is none.
    pub fn delete(&mut self, key: &RecordKey) {
        self.changes_sessions |= vault::is_session_state(&key.0);
        self.writes.insert(key.0.clone(), None);
    }

    /// The records of one family with `from <= suffix < to` (`to` = `None`: to the end), as they will be after this
    /// turn, at most `limit`: (suffix, value) pairs.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn scan<T: Serialize + DeserializeOwned>(
        &self,
        family: &RecordKey,
        range: (&[u8], Option<&[u8]>),
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, RecordsError> {
        self.scan_bytes(family, range, order, limit)?
            .into_iter()
            .map(|(suffix, bytes)| {
                let value = codec::decode(&bytes).map_err(|_| RecordsError::Damaged(family.prefix()))?;
                Ok((suffix, value))
            })
            .collect()
    }

    /// As [`Self::scan`], with the opened bytes.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is damaged.
    pub fn scan_bytes(
        &self,
        family: &RecordKey,
        range: (&[u8], Option<&[u8]>),
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, RecordsError> {
        let from = family.with(range.0);
        let to = range.1.map_or_else(|| family.end(), |to| family.with(to).0);
        if from.0 >= to {
            return Ok(Vec::new());
        }
        let pairs = self.merged(&from.0, &to, order, limit)?;
        pairs
            .into_iter()
            .map(|(key, value)| {
                let bytes = self.open(&key, value)?;
                Ok((key.get(family.0.len()..).unwrap_or_default().to_vec(), bytes))
            })
            .collect()
    }

    /// The order suffixes of one family's records, as [`Self::scan_bytes`] finds them, without opening a value: so
    /// that damaged records can be counted and removed.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn suffixes(
        &self,
        family: &RecordKey,
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, RecordsError> {
        let pairs = self.merged(&family.with(from).0, &family.end(), Order::Ascending, limit)?;
        Ok(pairs.into_iter().map(|(key, _)| key.get(family.0.len()..).unwrap_or_default().to_vec()).collect())
    }

    /// Seals the records of one kind anew that are not under the newest key of the ring, from this stored key on: looks
    /// at `limit` records. One that does not open stays as it is.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn reseal(&mut self, prefix: u8, from: &[u8], limit: usize) -> Result<Resealed, RecordsError> {
        let begin = if from.is_empty() { vec![prefix] } else { from.to_vec() };
        let pairs = self.merged(&begin, &[prefix.saturating_add(1)], Order::Ascending, limit)?;
        let mut resealed = Resealed { seen: pairs.len(), lost: 0, next: None };
        if pairs.len() >= limit {
            resealed.next = pairs.last().map(|(last, _)| [last.as_slice(), &[0]].concat());
        }
        for (key, value) in pairs {
            // What this turn writes is sealed under the newest key anyway.
            let Value::Sealed(sealed) = value else { continue };
            // One of a ring that was lost may have the key id of the newest key and another key.
            let Some(bytes) = self.vault.unseal(&key, &sealed).map(Zeroizing::new) else {
                resealed.lost += 1;
                continue;
            };
            if !self.vault.is_current(&key, &sealed) {
                self.writes.insert(key, Some(bytes));
            }
        }
        Ok(resealed)
    }

    /// Whether this turn changed or removed keys of sessions, so that the store may still have what was there before.
    #[must_use]
    pub const fn changes_sessions(&self) -> bool {
        self.changes_sessions
    }

    /// Whether this turn writes this record, so that nothing durable changes when it is written again.
    #[must_use]
    pub fn writes_record(&self, key: &RecordKey) -> bool {
        matches!(self.writes.get(&key.0), Some(Some(_)))
    }

    /// Says something; it leaves when the turn's writes are durable.
    pub fn push(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Writes one sentence to the log.
    pub fn log(&mut self, level: LogLevel, text: impl Into<String>) {
        self.push(Output::Log { level, text: text.into() });
    }

    /// The vault, for the identity file.
    #[must_use]
    pub const fn vault(&self) -> &'a Vault {
        self.vault
    }

    /// How many records this turn writes so far.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.writes.len()
    }

    /// Ends the turn: its writes, and what leaves after them.
    #[must_use]
    pub fn finish(mut self) -> (ChangeSet, Vec<Output>) {
        let mut changes = ChangeSet::default();
        for (key, plain) in self.writes {
            let sealed = plain.map(|plain| self.vault.seal(&mut self.random, &key, &plain));
            changes.writes.insert(key, sealed);
        }
        (changes, self.outputs)
    }

    fn open(&self, key: &[u8], value: Value) -> Result<Vec<u8>, RecordsError> {
        match value {
            Value::Sealed(sealed) => self.unseal(key, &sealed),
            Value::Plain(plain) => Ok(plain.to_vec()),
        }
    }

    fn unseal(&self, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, RecordsError> {
        self.vault.unseal(key, sealed).ok_or_else(|| match prefix_of(key) {
            prefix if vault::is_session_state(key) => RecordsError::Lost(prefix),
            prefix => RecordsError::Damaged(prefix),
        })
    }

    /// The store's pairs with this turn's writes laid over them.
    fn merged(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Value)>, RecordsError> {
        let own: Vec<_> = self.writes.range(from.to_vec()..to.to_vec()).collect();
        // Every own write can hide at most one stored pair, so this many are enough to fill the limit.
        let stored = self.records.scan(from, to, order, limit.saturating_add(own.len()))?;
        let stored = stored.into_iter().map(|(key, sealed)| (key, Value::Sealed(sealed)));
        if own.is_empty() {
            return Ok(stored.collect());
        }
        let mut all: BTreeMap<Vec<u8>, Option<Value>> =
            stored.map(|(key, value)| (key, Some(value))).collect();
        for (key, write) in own {
            all.insert(key.clone(), write.clone().map(Value::Plain));
        }
        let present = all.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Ok(match order {
            Order::Ascending => present.take(limit).collect(),
            Order::Descending => present.rev().take(limit).collect(),
        })
    }
}

impl fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("now", &self.now).field("writes", &self.writes()).finish_non_exhaustive()
    }
}

/// What [`Turn::reseal`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// How many records it looked at.
    pub seen: usize,
    /// How many of them do not open.
    pub lost: usize,
    /// Where to go on; `None` when there are no more.
    pub next: Option<Vec<u8>>,
}

/// Where a record is: its family and an order suffix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordKey(Vec<u8>);

impl RecordKey {
    /// The key of a record that was found in the store.
    pub(crate) fn of(stored: &[u8]) -> Self {
        Self(stored.to_vec())
    }

    /// The key of the same family with this much more of a suffix.
    #[must_use]
    pub fn with(&self, suffix: &[u8]) -> Self {
        Self([self.0.as_slice(), suffix].concat())
    }

    fn prefix(&self) -> char {
        prefix_of(&self.0)
    }

    /// The first key after everything that begins with this one.
    fn end(&self) -> Vec<u8> {
        let mut end = self.0.clone();
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                break;
            }
        }
        end
    }
}

fn prefix_of(key: &[u8]) -> char {
    key.first().copied().map_or('?', char::from)
}
