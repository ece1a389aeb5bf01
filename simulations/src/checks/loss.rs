//! Nothing acknowledged is ever lost: what was answered stays with its author, what was told stays with its reader, and
//! in the end both have both.

use std::collections::BTreeSet;

use super::{Check, Fact};
use crate::ledger::{self, Ledger, Message, Number};

/// See the file's head.
#[derive(Debug)]
pub(super) struct NoLoss;

impl Check for NoLoss {
    fn name(&self) -> &'static str {
        "no-loss"
    }

    fn look(&mut self, fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
        match fact {
            Fact::Looked { who, with, rows, settled } => {
                let seen: BTreeSet<Number> =
                    rows.iter().filter_map(|row| ledger::number(row.text.as_deref()?)).collect();
                let Some(known) = ledger.known(*who, *with) else { return Ok(()) };
                if let Some(lost) = known.written.iter().find(|number| !seen.contains(number)) {
                    return Err(format!("person {who} no longer has message {lost}, which was answered"));
                }
                if let Some(lost) = known.told.iter().find(|number| !seen.contains(number)) {
                    return Err(format!(
                        "person {who} no longer has message {lost}, of which they were told"
                    ));
                }
                if *settled {
                    let asked = [ledger.known(*who, *with), ledger.known(*with, *who)];
                    let missing = asked.into_iter().flatten().flat_map(|known| &known.asked).find(|number| {
                        ledger.message(**number).is_some_and(Message::must_arrive) && !seen.contains(number)
                    });
                    if let Some(lost) = missing {
                        return Err(format!("person {who} never got message {lost} back or at all"));
                    }
                }
                Ok(())
            }
            Fact::Received { who, number: None, .. } => {
                Err(format!("person {who} was told of a message that nobody wrote"))
            }
            Fact::CameBack { who, number } => match ledger.message(*number) {
                Some(message) if message.author == *who => Ok(()),
                _ => Err(format!("message {number} came back to person {who}, who did not write it")),
            },
            Fact::Received { who, from, number: Some(number), .. } => match ledger.message(*number) {
                Some(message) if [message.reader, message.author] == [*who, *from] => Ok(()),
                _ => Err(format!("person {who} was told of message {number}, which is not theirs")),
            },
            _ => Ok(()),
        }
    }
}
