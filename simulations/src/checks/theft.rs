//! A thief of one device's state is locked out: he reads nothing that is sealed in an epoch whose offer was made after
//! the theft, and such an epoch comes. And no envelope's nonce is ever used twice, which only this ear can tell.

use std::collections::BTreeSet;

use causerie_protocol::testing::{tap::What, thief::Thief};

use super::{Check, Fact};
use crate::ledger::Ledger;

/// An envelope's nonce lies behind its type (`docs/wire-format.md`).
const NONCE_BYTES: usize = 24;

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct NoThief {
    thieves: Vec<(usize, Thief)>,
    nonces: BTreeSet<[u8; NONCE_BYTES]>,
}

impl Check for NoThief {
    fn name(&self) -> &'static str {
        "no-thief"
    }

    fn look(&mut self, fact: &Fact<'_>, _: &Ledger) -> Result<(), String> {
        match fact {
            Fact::Stolen { who, home } => {
                let thief = Thief::steal(home).map_err(|error| format!("nothing can be stolen: {error}"))?;
                self.thieves.push((*who, thief));
                Ok(())
            }
            Fact::Tapped(tapped) => {
                if let What::Envelope(bytes) = &tapped.what {
                    let nonce = bytes.get(1..).and_then(<[u8]>::first_chunk);
                    if !nonce.is_some_and(|nonce| self.nonces.insert(*nonce)) {
                        return Err("an envelope was sealed under a nonce that was used before".to_owned());
                    }
                }
                for (who, thief) in &mut self.thieves {
                    thief.hears(tapped);
                    thief
                        .verdict()
                        .map_err(|breach| format!("who robbed person {who} is not locked out: {breach:?}"))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
