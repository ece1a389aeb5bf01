//! Each reader sees causal order: a message stands after everything its author knew of when writing it.

use std::collections::BTreeMap;

use super::{Check, Fact};
use crate::ledger::{self, Ledger, Number};

/// See the file's head.
#[derive(Debug)]
pub(super) struct CausalOrder;

impl Check for CausalOrder {
    fn name(&self) -> &'static str {
        "causal-order"
    }

    fn look(&mut self, fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
        let Fact::Looked { who, rows, .. } = fact else { return Ok(()) };
        let numbers = rows.iter().filter_map(|row| ledger::number(row.text.as_deref()?));
        let places: BTreeMap<Number, usize> =
            numbers.enumerate().map(|(place, number)| (number, place)).collect();
        for (number, place) in &places {
            let Some(message) = ledger.message(*number) else {
                return Err(format!("person {who} sees message {number}, which nobody wrote"));
            };
            for before in message.after.iter().flatten() {
                if places.get(before).is_some_and(|earlier| earlier > place) {
                    return Err(format!(
                        "person {who} sees message {number} before message {before}, which its author knew"
                    ));
                }
            }
        }
        Ok(())
    }
}
