//! Nothing that leaves an engine is above its limits.

use causerie_protocol::{limits, output::Output};

use super::{Check, Fact};
use crate::ledger::Ledger;

/// See the file's head.
#[derive(Debug)]
pub(super) struct FrameLimits;

impl Check for FrameLimits {
    fn name(&self) -> &'static str {
        "frame-limits"
    }

    fn look(&mut self, fact: &Fact<'_>, _: &Ledger) -> Result<(), String> {
        let Fact::Put { who, output } = fact else { return Ok(()) };
        match output {
            Output::Transmit { frame, .. } if frame.is_empty() || frame.len() > limits::FRAME_BYTES_MAX => {
                Err(format!("person {who} sends a frame of {} bytes", frame.len()))
            }
            Output::Persist(changes) => {
                let values = changes.writes.values().flatten();
                match values.map(Vec::len).find(|len| *len > limits::VALUE_BYTES_MAX) {
                    Some(len) => Err(format!("person {who} stores a value of {len} bytes")),
                    None => Ok(()),
                }
            }
            Output::Dial { addresses, .. } if addresses.len() > limits::DIAL_ADDRESSES_MAX => {
                Err(format!("person {who} dials {} addresses at once", addresses.len()))
            }
            _ => Ok(()),
        }
    }
}
