//! No engine panics, and none fails to read a store that nobody damaged.

use super::{Check, Fact};
use crate::ledger::Ledger;

/// See the file's head.
#[derive(Debug)]
pub(super) struct NoPanics;

impl Check for NoPanics {
    fn name(&self) -> &'static str {
        "no-panics"
    }

    fn look(&mut self, fact: &Fact<'_>, _: &Ledger) -> Result<(), String> {
        match fact {
            Fact::Panicked { who, words } => Err(format!("the engine of person {who} panicked: {words}")),
            Fact::Unreadable { who, words } => {
                Err(format!("the engine of person {who} cannot read its store: {words}"))
            }
            _ => Ok(()),
        }
    }
}
