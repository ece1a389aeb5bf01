//! One element of a log: its head, which is hashed and chained, and beside it what can be erased.
//!
//! ```text
//! head  = {v, conv, author_dev, run, seq, prev, deps ≤ 16, lamport, wall_ms, kind, mid, H(salt ‖ body)}
//! id    = H("causerie/1 entry" ‖ head)         self = HMAC(K_self, "causerie/1 own entry" ‖ id)[..16]
//! entry = erased u8 ‖ head len u16 ‖ head ‖ self(16) ‖ [salt(16) ‖ body]
//! ```
//!
//! A dependency names its place as well as its id, so that it is found without an index of ids. Decoding refuses
//! everything but the one encoding of a well-formed entry whose body is the one its head promises. Rules:
//! `docs/protocol.md`; layout: `docs/wire-format.md`.

use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    ids::{AccountId, ConversationId, DeviceId, EntryId, MessageId, RunId},
    limits,
    moment::WallTime,
    secret::{self, Secret},
    wire::codec,
};

/// Kinds of entries that this version knows; any other number is carried along unread.
pub mod kind {
    /// A text: 1 to 32,768 bytes of UTF-8.
    pub const TEXT: u16 = 1;
    /// What the author calls themselves: a [`super::Profile`]. Never in a history.
    pub const PROFILE: u16 = 2;
}

/// The only version of heads so far.
pub const VERSION: u8 = 1;

/// Bytes of the salt before a body.
pub const SALT_BYTES: usize = 16;

/// Bytes of the mark for own devices.
pub const SELF_BYTES: usize = 16;

/// The prev of a chain's first entry.
pub const NO_ENTRY: EntryId = EntryId::from_bytes([0; 32]);

/// Numbers of entries in a chain stay below this, so that "one past the last" is a number too.
pub const SEQ_MAX: u32 = u32::MAX - 1;

const HEAD_BYTES_MAX: usize = 167 + 60 * limits::DEPS_MAX;
const ERASED: u8 = 1;
const WHOLE: u8 = 0;

/// The longest encoded entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = 3 + HEAD_BYTES_MAX + SELF_BYTES + SALT_BYTES + limits::BODY_BYTES_MAX;

/// Which chain: one author's device in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainId {
    /// The author's device.
    pub author_dev: DeviceId,
    /// Its life.
    pub run: RunId,
}

/// An entry that its author held when writing another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dep {
    /// In which chain.
    pub chain: ChainId,
    /// At which place.
    pub seq: u32,
    /// Which entry.
    pub id: EntryId,
}

/// What an entry says about itself, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub version: u8,
    /// The conversation.
    pub conv: ConversationId,
    /// The chain.
    pub chain: ChainId,
    /// The place in the chain, from 0 on.
    pub seq: u32,
    /// The entry before it in the chain; [`NO_ENTRY`] for the first.
    pub prev: EntryId,
    /// Heads of other chains that the author held, in ascending order of chains; at most `limits::DEPS_MAX`.
    pub deps: Vec<Dep>,
    /// One more than that of `prev` and of every dependency.
    pub lamport: u64,
    /// What the author's clock said.
    pub wall: WallTime,
    /// See [`kind`].
    pub kind: u16,
    /// The id that people and commands see.
    pub mid: MessageId,
    /// `H(salt ‖ body)`.
    pub body_hash: [u8; 32],
}

/// One entry with everything that was kept of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    head: Head,
    head_bytes: Vec<u8>,
    id: EntryId,
    self_mac: [u8; SELF_BYTES],
    content: Option<([u8; SALT_BYTES], Vec<u8>)>,
}

impl Entry {
    /// Makes an entry of our own; the head's body hash is set here.
    ///
    /// # Errors
    /// [`EntryError`] when the head or the body is not one that [`Self::decode`] takes.
    pub fn compose(
        mut head: Head,
        salt: [u8; SALT_BYTES],
        body: &[u8],
        k_self: &Secret,
    ) -> Result<Self, EntryError> {
        head.body_hash = secret::hash_plain(&[&salt, body]);
        check_head(&head)?;
        check_body(head.kind, body)?;
        let head_bytes = codec::encode(&head).map_err(|_| EntryError::Malformed)?;
        let id = id_of(&head_bytes);
        Ok(Self {
            head,
            head_bytes,
            id,
            self_mac: self_mac(k_self, &id),
            content: Some((salt, body.to_vec())),
        })
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`EntryError`] says why the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let (erased, rest) = bytes.split_first().ok_or(EntryError::Malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(EntryError::Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length > HEAD_BYTES_MAX {
            return Err(EntryError::Malformed);
        }
        let (head_bytes, rest) = rest.split_at_checked(length).ok_or(EntryError::Malformed)?;
        if head_bytes.first().is_some_and(|version| *version > VERSION) {
            return Err(EntryError::Newer);
        }
        let head: Head = codec::decode(head_bytes).map_err(|_| EntryError::Malformed)?;
        check_head(&head)?;
        let (self_mac, rest) = rest.split_first_chunk::<SELF_BYTES>().ok_or(EntryError::Malformed)?;
        let content = match *erased {
            ERASED if rest.is_empty() => None,
            WHOLE => Some(decode_content(&head, rest)?),
            _ => return Err(EntryError::Malformed),
        };
        Ok(Self {
            id: id_of(head_bytes),
            head,
            head_bytes: head_bytes.to_vec(),
            self_mac: *self_mac,
            content,
        })
    }

    /// Its bytes in an envelope's ENTRY record; [`Self::decode`] reads them back.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // A head has at most `HEAD_BYTES_MAX` bytes, which fits.
        let length = u16::try_from(self.head_bytes.len()).unwrap_or(u16::MAX);
        let erased = if self.content.is_some() { WHOLE } else { ERASED };
        let mut bytes = vec![erased];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.head_bytes);
        bytes.extend_from_slice(&self.self_mac);
        if let Some((salt, body)) = &self.content {
            bytes.extend_from_slice(salt);
            bytes.extend_from_slice(body);
        }
        bytes
    }

    /// What it says about itself.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Its id: over the head's bytes as received.
    #[must_use]
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// The body; `None` when it was erased.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.content.as_ref().map(|(_, body)| body.as_slice())
    }

    /// The text; `None` when it was erased or is no text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        (self.head.kind == kind::TEXT)
            .then(|| self.body().and_then(|body| core::str::from_utf8(body).ok()))
            .flatten()
    }

    /// Whether the holder of `k_self` wrote it.
    #[must_use]
    pub fn is_of(&self, k_self: &Secret) -> bool {
        use subtle::ConstantTimeEq as _;
        self_mac(k_self, &self.id).ct_eq(&self.self_mac).into()
    }

    /// Whether people are shown it: everything is but profiles. What this version does not know is shown as such.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        self.head.kind != kind::PROFILE
    }

    /// Where it stands in the order that both sides see.
    #[must_use]
    pub const fn rank(&self) -> Rank {
        Rank { lamport: self.head.lamport, id: self.id }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // People's words do not belong in logs.
        f.debug_struct("Entry")
            .field("id", &self.id)
            .field("chain", &self.head.chain)
            .field("seq", &self.head.seq)
            .finish_non_exhaustive()
    }
}

/// The order of entries: lamport first, which puts each after what it depends on, then the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The entry's lamport number.
    pub lamport: u64,
    /// The entry's id.
    pub id: EntryId,
}

/// The body of a [`kind::PROFILE`] entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name; not checked here: whoever shows it decides whether it is one.
    pub name: String,
}

impl Profile {
    /// Its bytes.
    ///
    /// # Errors
    /// [`EntryError::Body`] when the name is longer than any body.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        codec::encode(self).map_err(|_| EntryError::Body)
    }

    /// Reads a body; `None` when it is no profile or the name has more than `limits::NAME_CHARS_MAX` characters.
    #[must_use]
    pub fn decode(body: &[u8]) -> Option<Self> {
        let profile: Self = codec::decode(body).ok()?;
        (profile.name.chars().count() <= limits::NAME_CHARS_MAX).then_some(profile)
    }
}

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryError {
    /// Cut short, over a bound, out of order, or something is left over.
    #[error("malformed entry")]
    Malformed,
    /// The body is not the one that the head promises.
    #[error("the body does not belong to the entry's head")]
    BodyHash,
    /// The body is too long, or a text is empty, too long or not UTF-8.
    #[error("the body is empty, too long or not text")]
    Body,
    /// Written in a newer version's form.
    #[error("the entry has a newer version's form")]
    Newer,
}

/// The conversation of two accounts: the same whoever asks.
#[must_use]
pub fn conversation_id(a: AccountId, b: AccountId) -> ConversationId {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    ConversationId::from_bytes(secret::hash("pair", &[low.as_bytes(), high.as_bytes()]))
}

/// The message id that an idempotency key gives: the same in the same conversation, however often it is asked.
#[must_use]
pub fn keyed_message_id(k_self: &Secret, conv: &ConversationId, key: &str) -> MessageId {
    MessageId::from_bytes(k_self.mac16("mid", &[conv.as_bytes(), key.as_bytes()]))
}

fn self_mac(k_self: &Secret, id: &EntryId) -> [u8; SELF_BYTES] {
    k_self.mac16("own entry", &[id.as_bytes()])
}

fn id_of(head_bytes: &[u8]) -> EntryId {
    EntryId::from_bytes(secret::hash("entry", &[head_bytes]))
}

fn decode_content(head: &Head, bytes: &[u8]) -> Result<([u8; SALT_BYTES], Vec<u8>), EntryError> {
    let (salt, body) = bytes.split_first_chunk::<SALT_BYTES>().ok_or(EntryError::Malformed)?;
    check_body(head.kind, body)?;
    if secret::hash_plain(&[salt, body]) != head.body_hash {
        return Err(EntryError::BodyHash);
    }
    Ok((*salt, body.to_vec()))
}

fn check_head(head: &Head) -> Result<(), EntryError> {
    let deps_ascend = head.deps.is_sorted_by(|one, next| one.chain < next.chain);
    let deps_elsewhere = head.deps.iter().all(|dep| dep.chain != head.chain && dep.seq < SEQ_MAX);
    let first_has_no_prev = (head.seq == 0) == (head.prev == NO_ENTRY);
    let well_formed = head.version == VERSION
        && head.seq < SEQ_MAX
        && head.lamport > u64::from(head.seq)
        && head.deps.len() <= limits::DEPS_MAX
        && deps_ascend
        && deps_elsewhere
        && first_has_no_prev;
    well_formed.then_some(()).ok_or(EntryError::Malformed)
}

fn check_body(kind: u16, body: &[u8]) -> Result<(), EntryError> {
    let fits = match kind {
        kind::TEXT => {
            (1..=limits::TEXT_BYTES_MAX).contains(&body.len()) && core::str::from_utf8(body).is_ok()
        }
        _ => body.len() <= limits::BODY_BYTES_MAX,
    };
    fits.then_some(()).ok_or(EntryError::Body)
}

#[cfg(test)]
mod tests;
