//! Memory and store are bounded: each kind of record by what contacts and messages there are, the engine's memory by its
//! contacts, and nothing grows by what strangers do.
//!
//! Memory is measured as the length of the engine written out (`Debug`), which is the same on every machine and grows
//! with every collection. The bounds are the engine's own (`limits`) where it has one, and otherwise what runs of the
//! scenarios here showed, doubled.

use causerie_protocol::limits;

use super::{Check, Fact};
use crate::{ledger::Ledger, scenario::Bounds};

/// See the file's head.
#[derive(Debug)]
pub(super) struct Bounded {
    bounds: Bounds,
    /// Records that the longest text takes.
    parts: usize,
}

impl Bounded {
    pub(super) const fn new(bounds: Bounds, text_bytes_max: usize) -> Self {
        Self { bounds, parts: 1 + text_bytes_max.div_ceil(3_000) }
    }

    /// How many records of a kind may be there.
    fn allowed(&self, kind: char, contacts: usize, messages: usize, skipped: usize) -> usize {
        let entries = messages + 16 * contacts;
        let progress = usize::try_from(limits::PROGRESS_KEPT_MAX).unwrap_or(usize::MAX);
        let sessions = limits::SESSIONS_PER_DEVICE_MAX * contacts;
        let per_contact = match kind {
            // What the home is, and of no contact.
            'A' => return 8,
            'C' | 'X' => 1,
            'T' => progress + 1,
            'S' => limits::SESSIONS_PER_DEVICE_MAX,
            // Old epochs stay while they owe keys of messages that were skipped.
            'P' => return self.bounds.epochs_a_contact * contacts + skipped,
            'K' => return limits::SKIPPED_KEYS_PER_SESSION_MAX * sessions,
            'N' => return limits::CANDIDATES_MAX * sessions,
            'O' => return sessions,
            'H' => limits::CHAINS_PER_CONVERSATION_MAX,
            'L' | 'W' | 'F' => 16,
            'I' => return 3 * limits::INVITATIONS_MAX,
            'M' => return entries,
            'E' => return entries * self.parts,
            // Opened envelopes: with messages, with receipts alone, and with steps.
            'D' => return 4 * entries + 64 * contacts,
            _ => return 0,
        };
        per_contact * contacts
    }
}

impl Check for Bounded {
    fn name(&self) -> &'static str {
        "bounded"
    }

    fn look(&mut self, fact: &Fact<'_>, _: &Ledger) -> Result<(), String> {
        let Fact::Weighed { who, records, memory, contacts, messages } = fact else { return Ok(()) };
        let skipped = records.get(&'K').copied().unwrap_or(0);
        for (kind, count) in *records {
            let allowed = self.allowed(*kind, *contacts, *messages, skipped);
            if *count > allowed {
                return Err(format!(
                    "person {who} with {contacts} contacts and {messages} messages stores {count} records of kind \
                     {kind}, {allowed} are allowed"
                ));
            }
        }
        let memory_max = self.bounds.memory_base + self.bounds.memory_a_contact * contacts;
        if *memory > memory_max {
            return Err(format!(
                "the engine of person {who} with {contacts} contacts takes {memory} characters, {memory_max} are allowed"
            ));
        }
        Ok(())
    }
}
