//! Nothing that leaves an engine is above its limits, and every frame has one of the few lengths that tell nothing.

use std::collections::BTreeSet;

use causerie_protocol::{limits, output::Output};

use super::{Check, Fact};
use crate::ledger::Ledger;

/// Bytes of a tag, and of a nonce that goes with a frame before there is a channel.
const TAG: usize = 16;
const NONCE: usize = 24;

/// Bytes of a hello's nonces and of one token, and of a live handshake's messages (`docs/wire-format.md`).
const HELLO: [usize; 3] = [34, TAG, 48];

/// See the file's head.
#[derive(Debug)]
pub(super) struct FrameLimits {
    lengths: BTreeSet<usize>,
}

impl Default for FrameLimits {
    fn default() -> Self {
        let live = limits::LIVE_BUCKETS.map(|bucket| bucket + TAG);
        let introductions = live.map(|sealed| sealed + NONCE);
        let tokens = limits::HELLO_SLOTS.map(|slots| 1 + TAG * slots);
        let all = HELLO.into_iter().chain(live).chain(introductions).chain(tokens);
        Self { lengths: all.collect() }
    }
}

impl Check for FrameLimits {
    fn name(&self) -> &'static str {
        "frame-limits"
    }

    fn look(&mut self, fact: &Fact<'_>, _: &Ledger) -> Result<(), String> {
        let Fact::Put { who, output } = fact else { return Ok(()) };
        match output {
            Output::Transmit { frame, .. } if frame.len() > limits::FRAME_BYTES_MAX => {
                Err(format!("person {who} sends a frame of {} bytes", frame.len()))
            }
            Output::Transmit { frame, .. } if !self.lengths.contains(&frame.len()) => Err(format!(
                "person {who} sends a frame of {} bytes, which is no length of ours",
                frame.len()
            )),
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
            Output::Dial { circuits, .. } if circuits.len() > limits::DIAL_CIRCUITS_MAX => {
                Err(format!("person {who} dials over {} relays at once", circuits.len()))
            }
            Output::PublishRecord { value, .. } if value.len() != limits::RECORD_BYTES => {
                Err(format!("person {who} leaves a record of {} bytes", value.len()))
            }
            _ => Ok(()),
        }
    }
}
