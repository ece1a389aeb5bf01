//! Both sides agree once faults stop: within the scenario's calm, and without one of them sending more than a bound.

use super::{Check, Fact};
use crate::{ledger::Ledger, scenario::Bounds};

/// See the file's head.
#[derive(Debug)]
pub(super) struct Convergence {
    exchanges_max: u64,
}

impl Convergence {
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self { exchanges_max: bounds.exchanges_max }
    }
}

impl Check for Convergence {
    fn name(&self) -> &'static str {
        "convergence"
    }

    fn look(&mut self, fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
        let Fact::CalmEnded { outstanding, exchanges } = fact else { return Ok(()) };
        if *outstanding > 0 {
            let late = |message: &crate::ledger::Message| message.must_arrive() && !message.is_settled();
            let first = ledger.messages().iter().enumerate().find(|(_, message)| late(message));
            let which = first.map_or_else(String::new, |(number, message)| {
                format!(
                    "; the first is message {number} from person {} to person {}, {}",
                    message.author,
                    message.reader,
                    match (message.at_reader, message.at_author) {
                        (false, _) => "which did not come",
                        (true, false) => "which its author's disk had lost and did not get back",
                        (true, true) => "which came and whose author was not told",
                    }
                )
            });
            return Err(format!("{outstanding} messages are not settled after a calm{which}"));
        }
        if *exchanges > self.exchanges_max {
            return Err(format!(
                "a person sent {exchanges} frames until all was settled, {} are allowed",
                self.exchanges_max
            ));
        }
        Ok(())
    }
}
