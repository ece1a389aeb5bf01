//! From a method's name and parameters to a command, and from the engine's answer to the result: pure, no I/O.
//!
//! Parameters are an object or absent; an unknown or missing field, a wrong type, or a number out of range is refused
//! before anything is asked of the engine. The names are those of the command line's contract.

use core::time::Duration;

use causerie_protocol::{
    answer::Answer,
    command::{Command, Reference},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{
    network::Serving,
    report::Wishes,
    rpc::{LINE_BYTES_MAX, views},
    trial::Tested,
};

/// Messages of a page whose length was not asked for; the contract of the command line.
pub const HISTORY_PAGE_DEFAULT: u32 = 50;

/// Bytes of a line that the object around a result may take: the id of a request can be a long text.
const ENVELOPE_BYTES_MAX: usize = 64 << 10;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Something of the engine.
    Command {
        /// What.
        command: Command,
        /// How its answer is written.
        form: Form,
    },
    /// What can be said of the node to others.
    Report(Wishes),
    /// To follow the events of this connection's node.
    Subscribe {
        /// From which row on; `None`: from now on.
        since: Option<u64>,
    },
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Plain,
    /// A contact as `{"contact":{…}}`.
    InContact,
}

/// Why a request makes no sense.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CallError {
    /// No method has that name.
    #[error("no method is called {0:?}")]
    UnknownMethod(String),
    /// The parameters are not those of the method; in words.
    #[error("{0}")]
    BadParams(String),
}

/// What the method with these parameters asks for.
///
/// # Errors
/// See [`CallError`].
pub fn parse(method: &str, params: Option<Value>) -> Result<Call, CallError> {
    let params = match params {
        None => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(_) => {
            let words = "parameters are named: an object is needed";
            return Err(CallError::BadParams(words.to_owned()));
        }
    };
    let command = match method.split_once('.') {
        Some(("node", "report")) => {
            let Reported { check, addresses } = read(params)?;
            let (check, addresses) = (check.unwrap_or(false), addresses.unwrap_or(false));
            return Ok(Call::Report(Wishes { check, addresses }));
        }
        Some(("node" | "invite", _)) => own(method, params)?,
        Some(("contact", _)) => contact(method, params)?,
        Some(("device", _)) => device(method, params)?,
        Some(("message", _)) => message(method, params)?,
        Some(("conversation", "list")) => {
            let Nothing {} = read(params)?;
            Command::ListConversations
        }
        Some(("event", "subscribe")) => {
            let Since { since } = read(params)?;
            return Ok(Call::Subscribe { since });
        }
        _ => return Err(unknown(method)),
    };
    let form = match command {
        Command::AcceptInvitation { .. } => Form::InContact,
        _ => Form::Plain,
    };
    Ok(Call::Command { command, form })
}

/// What the engine does not know of its own node.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Whether it meets others.
    pub running: bool,
    /// Whether its home asks for a passphrase.
    pub passphrase: bool,
    /// On how many addresses it listens, loopback included.
    pub listening: usize,
    /// Whether it lets nobody in because that was chosen: over relays only, in stealth, or through a proxy.
    pub hidden: bool,
    /// Whether its machine has a network.
    pub on_network: bool,
    /// What it does for others, if it is a server.
    pub serving: Option<Serving>,
}

/// The result that an answer is written as. A page of messages loses its oldest ones where it would not fit a line:
/// whoever reads on from its first message misses nothing. How the node stands is asked only where that is told.
#[must_use]
pub fn result(answer: Answer, form: Form, standing: impl FnOnce() -> Standing) -> Value {
    match answer {
        Answer::Status(view) => views::status(&view, standing()),
        Answer::Invitation(view) => views::invitation(&view),
        Answer::Invitations(list) => list.iter().map(views::invitation).collect(),
        Answer::Contact(view) if form == Form::InContact => json!({"contact": views::contact(&view)}),
        Answer::Contact(view) => views::contact(&view),
        Answer::Contacts(list) => list.iter().map(views::contact).collect(),
        Answer::Devices(list) => list.iter().map(views::device).collect(),
        Answer::Message { message, state } => {
            json!({"message": message.to_string(), "state": views::message_state(state)})
        }
        Answer::Conversations(list) => list.iter().map(views::conversation).collect(),
        Answer::MessageDetails(details) => views::message_details(&details),
        Answer::Trial(trial) => Tested::of(*trial, standing()).to_json(),
        Answer::Messages(page) => newest_that_fit(page.iter().map(views::message).collect()),
        Answer::Check(view) => views::check(&view),
        Answer::Done => json!({}),
    }
}

/// A length of time as people write it: `7d`, `12h`, `30m`, `45s`; `None` for anything else.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

fn own(method: &str, params: Map<String, Value>) -> Result<Command, CallError> {
    Ok(match method {
        "node.status" => {
            let Nothing {} = read(params)?;
            Command::Status
        }
        "node.check" => {
            let Nothing {} = read(params)?;
            Command::Check
        }
        "invite.create" => {
            let fields: CreateInvitation = read(params)?;
            Command::CreateInvitation {
                reusable: fields.reusable.unwrap_or(false),
                ask: fields.ask.unwrap_or(false),
                expires_in: fields.expires.map(life).transpose()?,
                hints: fields.hints.unwrap_or(true),
            }
        }
        "invite.list" => {
            let Nothing {} = read(params)?;
            Command::ListInvitations
        }
        "invite.revoke" => {
            let Invite { invite } = read(params)?;
            Command::RevokeInvitation { invitation: Reference::new(&invite) }
        }
        "invite.accept" => {
            let AcceptInvitation { link, name, ignore_end } = read(params)?;
            Command::AcceptInvitation { link, name, ignore_end }
        }
        _ => return Err(unknown(method)),
    })
}

fn device(method: &str, params: Map<String, Value>) -> Result<Command, CallError> {
    let Nothing {} = read(params)?;
    Ok(match method {
        "device.list" => Command::ListDevices,
        "device.separate" => Command::SeparateDevice,
        _ => return Err(unknown(method)),
    })
}

fn contact(method: &str, params: Map<String, Value>) -> Result<Command, CallError> {
    let whom = |params| read(params).map(|Contact { contact }| Reference::new(&contact));
    Ok(match method {
        "contact.list" => {
            let Nothing {} = read(params)?;
            Command::ListContacts
        }
        "contact.test" => Command::TestContact { contact: whom(params)? },
        "contact.accept" => Command::AcceptContact { contact: whom(params)? },
        "contact.ignore" => Command::IgnoreContact { contact: whom(params)? },
        "contact.verify" => Command::VerifyContact { contact: whom(params)? },
        "contact.block" => Command::BlockContact { contact: whom(params)? },
        "contact.unblock" => Command::UnblockContact { contact: whom(params)? },
        "contact.rename" => {
            let Rename { contact, name } = read(params)?;
            Command::RenameContact { contact: Reference::new(&contact), name }
        }
        "contact.merge" => {
            let Merge { new, old } = read(params)?;
            Command::MergeContacts { new: Reference::new(&new), old: Reference::new(&old) }
        }
        "contact.remove" => {
            let Remove { contact, keep_history } = read(params)?;
            Command::RemoveContact {
                contact: Reference::new(&contact),
                keep_history: keep_history.unwrap_or(false),
            }
        }
        _ => return Err(unknown(method)),
    })
}

fn message(method: &str, params: Map<String, Value>) -> Result<Command, CallError> {
    Ok(match method {
        "message.send" => {
            let fields: Send = read(params)?;
            Command::SendMessage {
                conversation: Reference::new(&fields.conversation),
                text: fields.text,
                idempotency_key: fields.idempotency_key,
            }
        }
        "message.list" => {
            let fields: List = read(params)?;
            Command::ListMessages {
                conversation: Reference::new(&fields.conversation),
                limit: fields.limit.unwrap_or(HISTORY_PAGE_DEFAULT),
                before: fields.before,
            }
        }
        "message.info" => {
            let About { conversation, message } = read(params)?;
            Command::DescribeMessage { conversation: Reference::new(&conversation), message }
        }
        "message.read" => {
            let Conversation { conversation } = read(params)?;
            Command::MarkRead { conversation: Reference::new(&conversation) }
        }
        _ => return Err(unknown(method)),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateInvitation {
    reusable: Option<bool>,
    ask: Option<bool>,
    expires: Option<Value>,
    hints: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invite {
    invite: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptInvitation {
    link: String,
    name: Option<String>,
    #[serde(default)]
    ignore_end: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    contact: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    contact: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Merge {
    new: String,
    old: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    contact: String,
    keep_history: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    conversation: String,
    text: String,
    idempotency_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    conversation: String,
    limit: Option<u32>,
    before: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    conversation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    conversation: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    check: Option<bool>,
    addresses: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    since: Option<u64>,
}

fn read<T: DeserializeOwned>(params: Map<String, Value>) -> Result<T, CallError> {
    serde_json::from_value(Value::Object(params)).map_err(|error| CallError::BadParams(error.to_string()))
}

/// How long an invitation lives: text as for the command line, or a number of seconds.
fn life(expires: Value) -> Result<Duration, CallError> {
    let life = match expires {
        Value::String(text) => duration(&text),
        Value::Number(seconds) => seconds.as_u64().map(Duration::from_secs),
        _ => None,
    };
    life.ok_or_else(|| {
        CallError::BadParams("expires is a length of time as in 7d, 12h, 30m or 45s".to_owned())
    })
}

fn unknown(method: &str) -> CallError {
    CallError::UnknownMethod(method.to_owned())
}

fn newest_that_fit(mut page: Vec<Value>) -> Value {
    let mut bytes = 0;
    let fit = page
        .iter()
        .rev()
        .take_while(|row| {
            bytes += row.to_string().len() + 1;
            bytes + ENVELOPE_BYTES_MAX <= LINE_BYTES_MAX
        })
        .count();
    Value::Array(page.split_off(page.len() - fit))
}

#[cfg(test)]
mod tests;
