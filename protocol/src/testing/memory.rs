//! A store in memory, for engines on a bench: every change-set is there at once, and what is durable is the bench's to
//! say.

use std::collections::BTreeMap;

use crate::{
    output::ChangeSet,
    records::{Order, Pair, Records, RecordsError},
};

/// An ordered map as a store.
#[derive(Clone, Debug, Default)]
pub struct MemoryRecords(pub(super) BTreeMap<Vec<u8>, Vec<u8>>);

impl MemoryRecords {
    /// Applies a change-set.
    pub fn apply(&mut self, changes: &ChangeSet) {
        for (key, write) in &changes.writes {
            match write {
                Some(value) => self.0.insert(key.clone(), value.clone()),
                None => self.0.remove(key),
            };
        }
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Records for MemoryRecords {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range = self.0.range(from.to_vec()..to.to_vec()).map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Ascending => range.take(limit).collect(),
            Order::Descending => range.rev().take(limit).collect(),
        })
    }
}
