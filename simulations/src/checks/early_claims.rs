//! States are never claimed early: "delivered" only of what the reader's disk has, "read" only of what the reader has
//! looked at, and "sent" not at all, since nobody carries mail for others yet.

use causerie_protocol::answer::{MessageState, MessageView};

use super::{Check, Fact};
use crate::ledger::{self, Ledger, Number};

/// See the file's head.
#[derive(Debug)]
pub(super) struct NoEarlyClaims;

impl Check for NoEarlyClaims {
    fn name(&self) -> &'static str {
        "no-early-claims"
    }

    fn look(&mut self, fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
        match fact {
            Fact::Claimed { who, up_to: None, .. } => {
                Err(format!("person {who} was told the state of a message that nobody wrote"))
            }
            Fact::Claimed { who, to, up_to: Some(up_to), state } => {
                let Some(known) = ledger.known(*who, *to) else { return Ok(()) };
                let covered = known.written.iter().rev().filter(|number| *number <= up_to);
                // The newest thousand: older ones fell under earlier claims, and every row is looked at in the end.
                for number in covered.take(1_000) {
                    claim(*number, *state, ledger)?;
                }
                Ok(())
            }
            Fact::Looked { who, rows, settled, .. } => {
                for row in *rows {
                    let Some(number) = row.text.as_deref().and_then(ledger::number) else { continue };
                    shown(row, number, ledger)?;
                    let arrived = ledger.message(number).is_some_and(|message| message.at_reader);
                    if *settled && arrived && row.state < MessageState::Delivered {
                        return Err(format!("person {who} is not told that message {number} was delivered"));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn shown(row: &MessageView, number: Number, ledger: &Ledger) -> Result<(), String> {
    if row.outgoing {
        return claim(number, row.state, ledger);
    }
    if row.state == MessageState::Read && !ledger.is_read(number) {
        return Err(format!("message {number} is shown as read to a reader who never looked"));
    }
    Ok(())
}

fn claim(number: Number, state: MessageState, ledger: &Ledger) -> Result<(), String> {
    let Some(message) = ledger.message(number) else { return Ok(()) };
    let true_so_far = match state {
        MessageState::Queued => true,
        MessageState::Sent => false,
        MessageState::Delivered => message.received.is_some(),
        MessageState::Read => ledger.is_read(number),
        MessageState::Failed => false,
    };
    if true_so_far { Ok(()) } else { Err(format!("message {number} is claimed to be {state:?} and is not")) }
}
