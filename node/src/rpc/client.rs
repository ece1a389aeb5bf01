//! The other end of the node's socket: asks one thing after the other, or follows the events.
//!
//! A connection asks or follows, never both: so nothing has to be kept for later while an answer is awaited. A cut
//! connection is told apart from a refusal, because the first may be tried again (with the same idempotency key) and
//! the second not.

use std::{io, path::Path, time::Duration};

use serde_json::{Value, json};
use thiserror::Error;
use tokio::{
    io::AsyncWriteExt,
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::lines::{Line, Lines};

/// Bytes of an answer. Larger than a request's: 4,096 contacts take 2 MiB.
pub const ANSWER_BYTES_MAX: usize = 16 << 20;

/// How long a node may take to answer. Chosen: a thousand times what it takes.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// They may walk through everything there is, and take as long as that takes.
const SLOW_METHODS: [&str; 2] = ["node.check", "node.report"];

/// A connection that asks.
#[derive(Debug)]
pub struct Client {
    lines: Lines<OwnedReadHalf>,
    write: OwnedWriteHalf,
    next_id: u64,
}

/// A connection that follows the events.
#[derive(Debug)]
pub struct Follower {
    lines: Lines<OwnedReadHalf>,
    // Closing our half would end the subscription.
    _write: OwnedWriteHalf,
}

/// Why there is no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The node refused; nothing was changed.
    #[error("{message}")]
    Refused {
        /// The code of JSON-RPC.
        code: i64,
        /// One word for scripts.
        kind: String,
        /// One sentence.
        message: String,
        /// What to do.
        hint: String,
        /// Whether the same request may work later.
        retryable: bool,
    },
    /// The connection ended before the answer came: it may have been done or not.
    #[error("the connection to the node was cut")]
    Cut(#[source] io::Error),
    /// The node holds the connection and says nothing: it is stopped, or the machine is far too busy.
    #[error("the node does not answer")]
    Silent,
    /// What came is no answer.
    #[error("the node's answer cannot be understood")]
    Garbled,
}

impl Client {
    /// Connects to the socket at this path.
    ///
    /// # Errors
    /// What the system says: not found or refused where no node answers.
    pub async fn connect(socket: &Path) -> io::Result<Self> {
        Ok(Self::new(UnixStream::connect(socket).await?))
    }

    /// Asks over this connection.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        let (read, write) = stream.into_split();
        Self { lines: Lines::new(read, ANSWER_BYTES_MAX), write, next_id: 1 }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let line = format!("{request}\n");
        let asking = async {
            // A write can fail although the answer that explains it is already here, so reading goes first.
            let written = self.write.write_all(line.as_bytes()).await;
            match (read(&mut self.lines).await, written) {
                (Err(ClientError::Cut(_)), Err(error)) => Err(ClientError::Cut(error)),
                (answer, _) => answer,
            }
        };
        let patience = if SLOW_METHODS.contains(&method) { Duration::MAX } else { ANSWER_PATIENCE };
        let answer = timeout(patience, asking).await.map_err(|_elapsed| ClientError::Silent)??;
        let to = answer.get("id").cloned().unwrap_or_default();
        if let Some(error) = answer.get("error") {
            // What could not be read has no id.
            return Err(if to.is_null() || to == id { refused(error) } else { ClientError::Garbled });
        }
        match answer.get("result") {
            Some(result) if to == id => Ok(result.clone()),
            _ => Err(ClientError::Garbled),
        }
    }

    /// Follows the events from the row after `since`, or from now on; everything that happens after this returned is
    /// told.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn subscribe(mut self, since: Option<u64>) -> Result<Follower, ClientError> {
        let params = since.map_or_else(|| json!({}), |since| json!({"since": since}));
        self.call("event.subscribe", params).await?;
        Ok(Follower { lines: self.lines, _write: self.write })
    }
}

impl Follower {
    /// The next event; giving up the wait loses nothing.
    ///
    /// # Errors
    /// See [`ClientError`]: `Cut` when the node stopped.
    pub async fn next(&mut self) -> Result<Value, ClientError> {
        let mut notification = read(&mut self.lines).await?;
        match notification.get_mut("params") {
            Some(event) => Ok(event.take()),
            None => Err(ClientError::Garbled),
        }
    }
}

async fn read(lines: &mut Lines<OwnedReadHalf>) -> Result<Value, ClientError> {
    match lines.next().await.map_err(ClientError::Cut)? {
        Line::Whole(line) => serde_json::from_slice(&line).map_err(|_error| ClientError::Garbled),
        Line::TooLong => Err(ClientError::Garbled),
        Line::End => Err(ClientError::Cut(io::ErrorKind::UnexpectedEof.into())),
    }
}

fn refused(error: &Value) -> ClientError {
    let text = |at: &str| {
        let found = error.pointer(at).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    ClientError::Refused {
        code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
        kind: text("/data/kind"),
        message: text("/message"),
        hint: text("/data/hint"),
        retryable: error.pointer("/data/retryable") == Some(&Value::Bool(true)),
    }
}
