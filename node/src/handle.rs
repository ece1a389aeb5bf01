//! The node as everybody else holds it: a bounded way to ask, the events so far, and where it listens.
//!
//! Cheap to clone, usable from any task. Commands enter in the order in which [`NodeHandle::submit`] returned; whoever
//! asks while the queue is full waits. It decides nothing: the engine answers.

use std::{path::Path, sync::Arc};

use causerie_protocol::{
    answer::Answer,
    command::{Command, Reference},
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    error::NodeError,
    events::EventLog,
    home,
    network::{self, Serving},
    report::{Report, Wishes},
    rpc::methods::Standing,
    trial::Tested,
};

/// Commands that wait for the driver. Chosen: what one turn takes together.
pub const COMMANDS_WAITING_MAX: usize = causerie_protocol::limits::COMMANDS_PER_TURN_MAX;

/// A running node, seen from outside.
#[derive(Clone, Debug)]
pub struct NodeHandle {
    home: Arc<Path>,
    commands: mpsc::Sender<Request>,
    events: EventLog,
    listening: watch::Receiver<Vec<String>>,
    serving: watch::Receiver<Option<Serving>>,
    /// Whether it lets nobody in because that was chosen.
    pub(crate) hidden: bool,
}

/// One command on its way to the driver.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub command: Command,
    /// Where the answer goes; whoever asked may have left.
    pub reply: oneshot::Sender<Result<Answer, NodeError>>,
}

impl NodeHandle {
    /// The handle, and the end from which the driver takes requests.
    #[must_use]
    pub fn new(
        home: &Path,
        events: EventLog,
        listening: watch::Receiver<Vec<String>>,
        serving: watch::Receiver<Option<Serving>>,
    ) -> (Self, mpsc::Receiver<Request>) {
        let (commands, requests) = mpsc::channel(COMMANDS_WAITING_MAX);
        (Self { home: home.into(), commands, events, listening, serving, hidden: false }, requests)
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// What the engine refused, or [`NodeError::Stopped`] when the node went away meanwhile: then the command may have
    /// been done or not.
    pub async fn command(&self, command: Command) -> Result<Answer, NodeError> {
        self.submit(command).await?.await.unwrap_or(Err(NodeError::Stopped))
    }

    /// Puts a command into the queue and returns where its answer will come; so that many can be on their way, in
    /// order.
    ///
    /// # Errors
    /// [`NodeError::Stopped`].
    pub async fn submit(
        &self,
        command: Command,
    ) -> Result<oneshot::Receiver<Result<Answer, NodeError>>, NodeError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { command, reply };
        self.commands.send(request).await.map_err(|_gone| NodeError::Stopped)?;
        Ok(answer)
    }

    /// Everything that happened in this run and is still kept.
    #[must_use]
    pub fn events(&self) -> EventLog {
        self.events.clone()
    }

    /// Where it listens now, as multiaddresses.
    #[must_use]
    pub fn listening(&self) -> Vec<String> {
        self.listening.borrow().clone()
    }

    /// Whether the home asks for a passphrase, as it lies on disk: that can change while the node runs.
    #[must_use]
    pub fn has_passphrase(&self) -> bool {
        home::has_passphrase(&self.home)
    }
}

impl NodeHandle {
    /// How the node stands beside its engine; `running`: it meets others.
    #[must_use]
    pub fn standing(&self, running: bool) -> Standing {
        Standing {
            running,
            passphrase: self.has_passphrase(),
            listening: self.listening.borrow().len(),
            hidden: self.hidden,
            serving: *self.serving.borrow(),
            on_network: network::has_network(),
        }
    }

    /// Tests whether a contact can be reached now, and at which step it fails. One test at a time, each at most
    /// `limits::TRIAL_PATIENCE` long, or `limits::TRIAL_PATIENCE_FAR` where the meeting place is asked; no channel
    /// is disturbed.
    ///
    /// # Errors
    /// What the engine refused, or [`NodeError::Stopped`].
    pub async fn test(&self, contact: Reference) -> Result<Tested, NodeError> {
        match self.command(Command::TestContact { contact }).await? {
            Answer::Trial(trial) => Ok(Tested::of(*trial, self.standing(true))),
            _ => Err(NodeError::Stopped),
        }
    }

    /// What can be said of this node without a name, an id, an address or a text.
    ///
    /// # Errors
    /// What the engine refused, or [`NodeError::Stopped`].
    pub async fn report(&self, wishes: Wishes) -> Result<Report, NodeError> {
        Report::of(self, &self.home, wishes).await
    }
}

#[cfg(test)]
pub(crate) mod fake;
