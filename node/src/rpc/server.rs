//! The node's end of the socket.
//!
//! ```text
//! connection: read a line → parse → command to the engine, in order → its answer → write a line, as it comes
//!             └ event.subscribe → rows of the event log → the same writer
//! ```
//!
//! Only processes of the same user are let in; connections, requests on their way and lines that wait for a slow
//! reader are bounded. A line over 1 MiB is answered with an error and ends the connection; any other bad line is
//! answered and the next one read. When the other end stops writing, what it asked for is still answered; its
//! subscription ends.

use std::io;

use causerie_protocol::{answer::Answer, command::Command};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncWriteExt, BufWriter},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Duration, sleep},
};

use super::{
    LINE_BYTES_MAX, code,
    lines::{Line, Lines},
    methods::{self, Call, CallError, Form},
};
use crate::{error::NodeError, events::Subscription, handle::NodeHandle, report::Wishes};

/// Connections at a time; further ones are told so and closed. Chosen.
pub const CONNECTIONS_MAX: usize = 64;

/// Requests of one connection without an answer yet; the next line is read once there are fewer. Chosen.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 64;

/// Lines that wait for one connection's reader. Chosen: small, since a line can be long.
const LINES_WAITING_MAX: usize = 16;

/// How long to wait when the system has no connection to give. Chosen.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the node on this socket until the future is dropped, which closes every connection.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve(listener: std::os::unix::net::UnixListener, node: NodeHandle) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let own_uid = UnixStream::pair()?.0.peer_cred()?.uid();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if is_of(&stream, own_uid) => {
                    let crowded = connections.len() >= CONNECTIONS_MAX;
                    if crowded {
                        turn_away(&stream, &Failure::new(code::UNAVAILABLE, "busy", "too many connections"));
                    } else {
                        connections.spawn(connection(stream, node.clone()));
                    }
                }
                Ok((stream, _)) => {
                    tracing::warn!("a process of another user tried to use the socket");
                    turn_away(&stream, &Failure::of_another_user());
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection could be taken from the socket");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

fn is_of(stream: &UnixStream, uid: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == uid)
}

fn turn_away(stream: &UnixStream, why: &Failure) {
    let mut line = failure(&Value::Null, why);
    line.push('\n');
    // A fresh socket has room for one short line; if not, the end of the connection says enough.
    stream.try_write(line.as_bytes()).ok();
}

async fn connection(stream: UnixStream, node: NodeHandle) {
    let (read, write) = stream.into_split();
    let (lines, waiting) = mpsc::channel(LINES_WAITING_MAX);
    let mut writing = Box::pin(write_lines(write, waiting));
    let reading = async move {
        let mut requests = Requests { node, lines, answers: JoinSet::new(), following: JoinSet::new() };
        if let Err(error) = requests.read_all(read).await {
            tracing::debug!(%error, "a connection of the socket broke");
        }
        requests.following.shutdown().await;
        while requests.answers.join_next().await.is_some() {}
    };
    let left = tokio::select! {
        () = reading => None,
        written = &mut writing => Some(written),
    };
    let written = match left {
        Some(written) => written,
        None => writing.await,
    };
    if let Err(error) = written {
        tracing::debug!(%error, "whoever used the socket left before everything was said");
    }
}

async fn write_lines(write: OwnedWriteHalf, mut waiting: mpsc::Receiver<String>) -> io::Result<()> {
    let mut write = BufWriter::new(write);
    while let Some(line) = waiting.recv().await {
        write.write_all(line.as_bytes()).await?;
        write.write_all(b"\n").await?;
        if waiting.is_empty() {
            write.flush().await?;
        }
    }
    write.shutdown().await
}

/// What one connection asked for and has not been answered yet.
struct Requests {
    node: NodeHandle,
    lines: mpsc::Sender<String>,
    answers: JoinSet<()>,
    following: JoinSet<()>,
}

impl Requests {
    async fn read_all(&mut self, read: OwnedReadHalf) -> io::Result<()> {
        let mut lines = Lines::new(read, LINE_BYTES_MAX);
        loop {
            while self.answers.len() >= REQUESTS_IN_FLIGHT_MAX {
                self.answers.join_next().await;
            }
            while self.answers.try_join_next().is_some() {}
            match lines.next().await? {
                Line::Whole(line) if line.trim_ascii().is_empty() => {}
                Line::Whole(line) => self.take(&line).await,
                Line::TooLong => {
                    let words = "a line has at most 1 MiB";
                    let refusal = Failure::new(code::INVALID_REQUEST, "invalid_request", words);
                    self.say(failure(&Value::Null, &refusal)).await;
                    return Ok(());
                }
                Line::End => return Ok(()),
            }
        }
    }

    async fn take(&mut self, line: &[u8]) {
        let request = match Request::read(line) {
            Ok(request) => request,
            Err(unread) => return self.say(failure(&unread.id, &unread.failure)).await,
        };
        match methods::parse(&request.method, request.params) {
            Ok(Call::Command { command, form }) => {
                let silent = is_silent(&command);
                match self.node.submit(command).await {
                    Ok(reply) => {
                        let asked = Asked { id: request.id, form, silent, reply };
                        self.answers.spawn(answer(asked, self.node.clone(), self.lines.clone()));
                    }
                    Err(error) => self.refuse(request.id.as_ref(), &Failure::of(&error)).await,
                }
            }
            Ok(Call::Report(wishes)) => {
                let (id, node, lines) = (request.id, self.node.clone(), self.lines.clone());
                self.answers.spawn(report(id, wishes, node, lines));
            }
            Ok(Call::Subscribe { since }) => self.subscribe(request.id.as_ref(), since).await,
            Err(error) => self.refuse(request.id.as_ref(), &Failure::of_call(&error)).await,
        }
    }

    /// One subscription a connection: a second one would tell everything twice.
    async fn subscribe(&mut self, id: Option<&Value>, since: Option<u64>) {
        if !self.following.is_empty() {
            let words = "this connection follows the events already";
            let refusal = Failure::new(code::INVALID_REQUEST, "already_subscribed", words);
            return self.refuse(id, &refusal).await;
        }
        let subscription = self.node.events().subscribe(since);
        if let Some(id) = id {
            let seq = subscription.position();
            self.say(success(id, &json!({"seq": seq}))).await;
        }
        self.following.spawn(follow(subscription, self.lines.clone()));
    }

    /// A request without an id wants no answer, not even this one.
    async fn refuse(&self, id: Option<&Value>, refusal: &Failure) {
        if let Some(id) = id {
            self.say(failure(id, refusal)).await;
        }
    }

    async fn say(&self, line: String) {
        // When the writer is gone the connection is over, and nobody is left to be told.
        self.lines.send(line).await.ok();
    }
}

/// A command whose answer is to come.
struct Asked {
    id: Option<Value>,
    form: Form,
    silent: bool,
    reply: oneshot::Receiver<Result<Answer, NodeError>>,
}

/// Whether it changes what people see and no event says so.
const fn is_silent(command: &Command) -> bool {
    matches!(
        command,
        Command::SendMessage { .. }
            | Command::MarkRead { .. }
            | Command::MarkConversation { .. }
            | Command::RevokeInvitation { .. }
    )
}

async fn answer(asked: Asked, node: NodeHandle, lines: mpsc::Sender<String>) {
    let Asked { id, form, silent, reply } = asked;
    let reply = reply.await.unwrap_or(Err(NodeError::Stopped));
    if silent && reply.is_ok() {
        node.events().changed();
    }
    let Some(id) = id else {
        return;
    };
    let line = match reply {
        Ok(answer) => success(&id, &methods::result(answer, form, || node.standing(true))),
        Err(error) => failure(&id, &Failure::of(&error)),
    };
    lines.send(line).await.ok();
}

async fn report(id: Option<Value>, wishes: Wishes, node: NodeHandle, lines: mpsc::Sender<String>) {
    let Some(id) = id else { return };
    let line = match node.report(wishes).await {
        Ok(report) => success(&id, &report.to_json()),
        Err(error) => failure(&id, &Failure::of(&error)),
    };
    lines.send(line).await.ok();
}

async fn follow(mut subscription: Subscription, lines: mpsc::Sender<String>) {
    while let Some(row) = subscription.next().await {
        let line = format!(r#"{{"jsonrpc":"2.0","method":"event","params":{}}}"#, row.as_str());
        if lines.send(line).await.is_err() {
            return;
        }
    }
}

/// Bytes of an id that is a text: it is kept until its answer was taken. Chosen.
const ID_BYTES_MAX: usize = 256;

/// One request as it stands on the line.
struct Request {
    /// `None`: no answer is wanted.
    id: Option<Value>,
    method: String,
    params: Option<Value>,
}

/// A line that is no request, and to which id that is said.
struct Unread {
    id: Value,
    failure: Failure,
}

impl Request {
    fn read(line: &[u8]) -> Result<Self, Unread> {
        let value = serde_json::from_slice(line).map_err(|error| Unread {
            id: Value::Null,
            failure: Failure::new(code::PARSE_ERROR, "parse_error", format!("not JSON: {error}")),
        })?;
        let Value::Object(mut fields) = value else {
            let words = "one request a line: an object, no batch";
            return Err(Self::invalid(Value::Null, words));
        };
        let id = fields.remove("id");
        let is_id = match &id {
            None | Some(Value::Null | Value::Number(_)) => true,
            Some(Value::String(text)) => text.len() <= ID_BYTES_MAX,
            Some(_) => false,
        };
        if !is_id {
            return Err(Self::invalid(Value::Null, "an id is a text of at most 256 bytes, or a number"));
        }
        let answered = || id.clone().unwrap_or_default();
        if fields.remove("jsonrpc") != Some(json!("2.0")) {
            return Err(Self::invalid(answered(), r#""jsonrpc":"2.0" is missing"#));
        }
        let Some(Value::String(method)) = fields.remove("method") else {
            return Err(Self::invalid(answered(), "the method's name is missing"));
        };
        let params = fields.remove("params");
        if !fields.is_empty() {
            let words = "a request has jsonrpc, method, params and id, nothing else";
            return Err(Self::invalid(answered(), words));
        }
        Ok(Self { id, method, params })
    }

    fn invalid(id: Value, words: &str) -> Unread {
        Unread { id, failure: Failure::new(code::INVALID_REQUEST, "invalid_request", words) }
    }
}

/// Whether a line is a request with a command of ours; the words about what is wrong with it.
#[cfg(test)]
pub(super) fn understood(line: &[u8]) -> Result<(), String> {
    let request = Request::read(line).map_err(|unread| failure(&unread.id, &unread.failure))?;
    let refused = methods::parse(&request.method, request.params).err();
    let words = refused.map(|error| failure(&Value::Null, &Failure::of_call(&error)));
    words.map_or(Ok(()), Err)
}

/// An error object.
struct Failure {
    code: i32,
    kind: &'static str,
    message: String,
    retryable: bool,
    hint: &'static str,
}

impl Failure {
    fn new(code: i32, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            kind,
            message: message.into(),
            retryable: code == code::UNAVAILABLE,
            hint: "Nothing was changed.",
        }
    }

    /// The system's root among them: whoever administers a server asks as the user whom it runs as.
    fn of_another_user() -> Self {
        let hint = "Run this as the user whom the node runs as.";
        Self { hint, ..Self::new(code::REFUSED, "other_user", "this node belongs to another user") }
    }

    fn of(error: &NodeError) -> Self {
        let code = match error {
            NodeError::Command(_) => code::REFUSED,
            _ => code::UNAVAILABLE,
        };
        Self {
            code,
            kind: error.kind(),
            message: error.to_string(),
            retryable: error.is_retryable(),
            hint: error.hint(),
        }
    }

    fn of_call(error: &CallError) -> Self {
        match error {
            CallError::UnknownMethod(_) => {
                Self::new(code::METHOD_NOT_FOUND, "unknown_method", error.to_string())
            }
            CallError::BadParams(_) => Self::new(code::INVALID_PARAMS, "invalid_params", error.to_string()),
        }
    }
}

fn success(id: &Value, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

fn failure(id: &Value, failure: &Failure) -> String {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": {
            "code": failure.code,
            "message": failure.message,
            "data": {"kind": failure.kind, "retryable": failure.retryable, "hint": failure.hint},
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests;
