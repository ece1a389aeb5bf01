//! Memory and store are bounded: by so much a contact, so much a message, and nothing for what strangers do.

use super::{Check, Fact};
use crate::{ledger::Ledger, scenario::Bounds};

/// See the file's head.
#[derive(Debug)]
pub(super) struct Bounded {
    bounds: Bounds,
}

impl Bounded {
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self { bounds }
    }
}

impl Check for Bounded {
    fn name(&self) -> &'static str {
        "bounded"
    }

    fn look(&mut self, fact: &Fact<'_>, _: &Ledger) -> Result<(), String> {
        let Fact::Weighed { who, records, memory, contacts, messages } = fact else { return Ok(()) };
        let Bounds { records_base, records_a_contact, records_a_message, memory_base, memory_a_contact, .. } =
            self.bounds;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a bound with a factor of two to spare"
        )]
        let of_messages = (*messages as f64 * records_a_message) as usize;
        let records_max = records_base + records_a_contact * contacts + of_messages;
        if *records > records_max {
            return Err(format!(
                "person {who} with {contacts} contacts and {messages} messages stores {records} records, \
                 {records_max} are allowed"
            ));
        }
        let memory_max = memory_base + memory_a_contact * contacts;
        if *memory > memory_max {
            return Err(format!(
                "the engine of person {who} with {contacts} contacts holds {memory} bytes, {memory_max} are allowed"
            ));
        }
        Ok(())
    }
}
