//! `send`: writes a message, and waits for how far it is to come.
//!
//! The message carries an idempotency key of its own, so that asking again is harmless: after a cut connection, and to
//! learn how far it has come. The events are followed before the message is written, so that no change can fall
//! between; an event only says that it is worth asking again.

use std::{
    ffi::OsString,
    io::{self, Read},
    path::Path,
    time::Duration,
};

use causerie_protocol::{answer::CommandError, limits::TEXT_BYTES_MAX};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    args::{Send, Wait},
    door::Door,
    errors::Failure,
    output::Printer,
    passphrase::Opener,
    words,
};
use crate::rpc::client::{ClientError, Follower};

/// How long `--wait` waits unless told; the contract of the command line.
const WAIT_DEFAULT: Duration = Duration::from_secs(30);

pub(super) async fn send(
    home: &Path,
    message: Send,
    opener: Opener,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let patience = message.timeout.unwrap_or(WAIT_DEFAULT);
    if message.text == "-" && opener.reads_standard_input() {
        return Err(Failure::one_standard_input());
    }
    let text = read_text(message.text).await?;
    let mut door = Door::open(home, opener).await?;
    let mut sending = Sending {
        request: json!({
            "conversation": message.conversation,
            "text": text,
            "idempotency_key": idempotency_key()?,
        }),
        sent: Value::Null,
    };
    let outcome = match message.wait {
        None => sending.once(&mut door).await,
        Some(wanted) => sending.until(wanted, patience, &mut door).await,
    };
    printer.warnings(&door.notices());
    let closed = door.close().await;
    if !sending.sent.is_null() {
        printer.result(&sending.sent, |sent, _| {
            format!("{}  {}", words::text(sent, "message"), words::text(sent, "state"))
        })?;
    }
    outcome.and(closed)
}

/// A message on its way.
struct Sending {
    request: Value,
    /// The last answer: `{"message","state"}`; null while there is none.
    sent: Value,
}

impl Sending {
    async fn once(&mut self, door: &mut Door) -> Result<(), Failure> {
        self.sent = door.call("message.send", self.request.clone()).await?;
        Ok(())
    }

    async fn until(&mut self, wanted: Wait, patience: Duration, door: &mut Door) -> Result<(), Failure> {
        let follower = door.follow().await?;
        self.once(door).await?;
        let Some(follower) = follower else {
            return self.without_node(wanted);
        };
        match timeout(patience, self.follow(wanted, follower, door)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(self.too_late()),
        }
    }

    async fn follow(&mut self, wanted: Wait, mut follower: Follower, door: &mut Door) -> Result<(), Failure> {
        while !self.has_come(wanted)? {
            loop {
                match follower.next().await {
                    Ok(event) if may_concern_it(&event) => break,
                    Ok(_) => {}
                    Err(ClientError::Cut(_)) => return self.without_node(wanted),
                    Err(error) => return Err(error.into()),
                }
            }
            match self.once(door).await {
                // Whom it was for is gone, and with them their messages' way.
                Err(failure) if failure.kind == "no_such_contact" => self.fail(),
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn fail(&mut self) {
        if let Some(state) = self.sent.get_mut("state") {
            *state = json!("failed");
        }
    }

    /// What is known of the message when the wait is over.
    fn too_late(&self) -> Failure {
        let (message, hint) = match words::text(&self.sent, "state") {
            "delivered" => {
                ("the message has arrived, but was not read yet", "Nothing is to be done: they have it.")
            }
            "sent" => (
                "the message waits in a mailbox for its recipient",
                "It arrives when they are there; do not send it again.",
            ),
            _ => (
                "the message is safe here, but its recipient was not met yet",
                "It leaves by itself when they can be met; do not send it again.",
            ),
        };
        Failure::new("timeout", message, hint)
    }

    fn without_node(&self, wanted: Wait) -> Result<(), Failure> {
        if self.has_come(wanted)? {
            return Ok(());
        }
        Err(Failure::new(
            "no_node",
            "the message is safe here, but no node is running on this home to deliver it",
            "Start one with `causerie-node run`; do not send it again.",
        ))
    }

    fn has_come(&self, wanted: Wait) -> Result<bool, Failure> {
        match words::text(&self.sent, "state") {
            "sent" => Ok(wanted <= Wait::Sent),
            "delivered" => Ok(wanted <= Wait::Delivered),
            "read" => Ok(true),
            "failed" => Err(Failure::new(
                "message_failed",
                "the message will never arrive: the contact was removed or their invitation failed",
                "Ask them for a new invitation.",
            )),
            _ => Ok(false),
        }
    }
}

fn may_concern_it(event: &Value) -> bool {
    matches!(words::text(event, "type"), "message.state" | "contact.failed" | "contact.changed" | "overflow")
}

async fn read_text(argument: OsString) -> Result<String, Failure> {
    let bytes = if argument == "-" {
        let reading = tokio::task::spawn_blocking(|| read_bounded(io::stdin().lock()));
        match reading.await {
            Ok(bytes) => bytes?,
            Err(error) => return Err(Failure::internal(&error.to_string())),
        }
    } else {
        argument.into_encoded_bytes()
    };
    checked(bytes)
}

/// One byte more than allowed is enough to know that there are too many.
fn read_bounded(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX);
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn checked(bytes: Vec<u8>) -> Result<String, Failure> {
    if bytes.is_empty() {
        return Err(CommandError::Empty.into());
    }
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(CommandError::TooLong.into());
    }
    String::from_utf8(bytes).map_err(|_error| {
        Failure::new("not_utf8", "the message is not text in UTF-8", "Nothing was sent. Convert it first.")
    })
}

/// Enough randomness that no two messages ever share it.
fn idempotency_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::internal(&error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests;
