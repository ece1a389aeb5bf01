//! Nothing is delivered twice: nobody is told twice of a message that their disk has, no conversation shows one twice,
//! and asking again with the same key gives the same message.

use std::collections::{BTreeMap, BTreeSet};

use causerie_protocol::ids::MessageId;

use super::{Check, Fact};
use crate::ledger::{self, Ledger, Number};

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct NoRepetition {
    ids: BTreeMap<Number, MessageId>,
    /// Of what each reader was told, while their disk has it.
    told: BTreeSet<Number>,
}

impl Check for NoRepetition {
    fn name(&self) -> &'static str {
        "no-repetition"
    }

    fn look(&mut self, fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
        match fact {
            Fact::Answered { number, id } => match self.ids.insert(*number, *id) {
                Some(before) if before != *id => {
                    Err(format!("message {number} was asked for again with its key and became another one"))
                }
                _ => Ok(()),
            },
            Fact::Received { who, number: Some(number), .. } => {
                if self.told.insert(*number) {
                    Ok(())
                } else {
                    Err(format!("person {who} was told twice of message {number}"))
                }
            }
            Fact::Forgot => {
                let has = |number: &Number| ledger.message(*number).is_some_and(|message| message.at_reader);
                self.told.retain(has);
                let kept = |number: &Number| ledger.message(*number).is_some_and(|message| message.at_author);
                self.ids.retain(|number, _| kept(number));
                Ok(())
            }
            Fact::Looked { who, rows, .. } => {
                let mut seen = BTreeSet::new();
                for number in rows.iter().filter_map(|row| ledger::number(row.text.as_deref()?)) {
                    if !seen.insert(number) {
                        return Err(format!("person {who} sees message {number} twice"));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
