//! What the engine asks for, done in order and each behind its commit.
//!
//! Outputs wait in one line; a barrier in it is the number of a commit, and nothing behind a barrier is done before
//! that commit is durable.

use std::collections::{BTreeMap, VecDeque};

use causerie_protocol::{
    answer::Answer,
    ids::CommandId,
    input::Input,
    output::{LogLevel, Output},
};
use tokio::sync::oneshot;

use crate::{clock, driver::Driver, error::NodeError};

/// Who waits for the answer to which command.
pub(crate) type Replies = BTreeMap<CommandId, oneshot::Sender<Result<Answer, NodeError>>>;

/// The line of outputs.
#[derive(Debug, Default)]
pub(crate) struct Held {
    line: VecDeque<(u64, Output)>,
    behind: u64,
}

impl Held {
    /// What follows waits for this commit.
    pub(crate) const fn barrier(&mut self, commit: u64) {
        self.behind = commit;
    }

    /// Puts an output at the end of the line.
    pub(crate) fn push(&mut self, output: Output) {
        self.line.push_back((self.behind, output));
    }

    /// The next output, if its commit is durable.
    pub(crate) fn take(&mut self, durable: u64) -> Option<Output> {
        if self.line.front()?.0 > durable {
            return None;
        }
        self.line.pop_front().map(|(_, output)| output)
    }

    /// The commit that was asked for last.
    pub(crate) const fn behind(&self) -> u64 {
        self.behind
    }

    /// Whether anything waits.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.line.is_empty()
    }
}

impl Driver {
    /// Does one thing in the real world.
    pub(crate) fn perform(&mut self, output: Output) -> Result<(), NodeError> {
        match output {
            // Applied by the turn itself, before anything is put in line.
            Output::Persist(_) => {}
            // With a copy of the store nothing is kept, and so no copy of the contacts either.
            Output::PersistIdentity(_) if self.is_copy => {}
            Output::PersistIdentity(sealed) => self.home.write_identity(&sealed)?,
            Output::PersistRing { slot, bytes } => {
                self.home.write_ring(slot, &bytes)?;
                self.turn(Input::RingPersisted)?;
            }
            Output::Transmit { link, frame } => {
                if let Some(network) = &mut self.network {
                    network.transmit(link, frame);
                }
            }
            Output::Dial { dial, peer, addresses, circuits } => {
                if let Some(network) = &mut self.network {
                    network.dial(dial, peer, addresses, circuits);
                }
            }
            Output::PublishRecord { key, value, life } => {
                if let Some(network) = &mut self.network {
                    network.publish(key, value, life);
                }
            }
            Output::LookUp { lookup, key } => {
                if let Some(network) = &mut self.network {
                    network.look_up(lookup, key);
                }
            }
            Output::CloseLink { link } => {
                if let Some(network) = &mut self.network {
                    network.close(link);
                }
            }
            Output::Notify(event) => self.events.push(&event, clock::now().wall),
            Output::Reply { command, result } => {
                if let Some(reply) = self.replies.remove(&command) {
                    // Whoever asked may have left.
                    reply.send(result.map_err(NodeError::Command)).ok();
                }
            }
            Output::Log { level, text } => match level {
                LogLevel::Debug => tracing::debug!("{text}"),
                LogLevel::Info => tracing::info!("{text}"),
                LogLevel::Warn => self.warnings.say(clock::now().moment, &text),
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> Output {
        Output::Log { level: LogLevel::Debug, text: text.to_owned() }
    }

    #[test]
    fn nothing_behind_a_commit_is_taken_before_it_is_durable() {
        let mut held = Held::default();
        held.push(log("free"));
        held.barrier(1);
        held.push(log("behind one"));
        held.barrier(2);
        held.push(log("behind two"));
        assert_eq!(held.take(0), Some(log("free")));
        assert_eq!(held.take(0), None);
        assert_eq!(held.take(1), Some(log("behind one")));
        assert_eq!(held.take(1), None);
        assert!(held.is_waiting());
        assert_eq!(held.take(7), Some(log("behind two")));
        assert!(!held.is_waiting());
    }
}
