//! What a person, or a program for them, asks of the engine. Each command gets exactly one reply: see `answer.rs`.

use core::time::Duration;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Who we are and how things stand.
    Status,
    /// Makes an invitation and its link.
    CreateInvitation {
        /// Any number of people may answer; otherwise one.
        reusable: bool,
        /// Answers wait for the inviter's consent even if only one is possible.
        ask: bool,
        /// How long it can be answered; `None`: 7 days.
        expires_in: Option<Duration>,
        /// Whether the link tells our addresses.
        hints: bool,
    },
    /// Every invitation that is not forgotten yet.
    ListInvitations,
    /// Makes an invitation unanswerable.
    RevokeInvitation {
        /// Its id or an unambiguous prefix.
        invitation: Reference,
    },
    /// Answers somebody's link: they become a pending contact.
    AcceptInvitation {
        /// The link, as it was handed over.
        link: String,
        /// What we call them; otherwise the start of their id until they tell their name.
        name: Option<String>,
        /// Also where it has ended by the clock of this machine, which may be wrong.
        ignore_end: bool,
    },
    /// Every device of our own account.
    ListDevices,
    /// Makes this copy of a device a device of its own.
    SeparateDevice,
    /// Every contact, oldest first.
    ListContacts,
    /// Lets a request become a contact.
    AcceptContact {
        /// Whom.
        contact: Reference,
    },
    /// Forgets a request without a word to them.
    IgnoreContact {
        /// Whom.
        contact: Reference,
    },
    /// The safety numbers were compared and are equal.
    VerifyContact {
        /// Whom.
        contact: Reference,
    },
    /// Refuses them from now on, deletes nothing.
    BlockContact {
        /// Whom.
        contact: Reference,
    },
    /// Takes a block back.
    UnblockContact {
        /// Whom.
        contact: Reference,
    },
    /// Gives them the name that we see.
    RenameContact {
        /// Whom.
        contact: Reference,
        /// 1 to 64 characters, none of them control or bidi characters.
        name: String,
    },
    /// One person lost their keys and came back: joins the old contact's history to the new contact.
    MergeContacts {
        /// Who stays.
        new: Reference,
        /// Whose history is joined and who then is no contact of their own any more.
        old: Reference,
    },
    /// Deletes keys and history; tells nobody.
    RemoveContact {
        /// Whom.
        contact: Reference,
        /// Leaves the history in place.
        keep_history: bool,
    },
    /// Writes a message; answered once it is durable here.
    SendMessage {
        /// To whom.
        conversation: Reference,
        /// 1 to 32,768 bytes.
        text: String,
        /// The same key in the same conversation gives the same message, however often it is sent.
        idempotency_key: Option<String>,
    },
    /// One page of a conversation, oldest of the page first.
    ListMessages {
        /// Whose.
        conversation: Reference,
        /// At most this many; bounded by `limits::HISTORY_PAGE_MAX`.
        limit: u32,
        /// Only messages before this one: its id.
        before: Option<String>,
    },
    /// What is known of one message.
    DescribeMessage {
        /// Whose.
        conversation: Reference,
        /// Its id.
        message: String,
    },
    /// Whether a contact can be reached now, and if not, at which step it fails.
    TestContact {
        /// Whom.
        contact: Reference,
    },
    /// Every contact with what was said last, what is unread, and the marks on the conversation.
    ListConversations,
    /// Puts a mark on a conversation that only this installation knows.
    MarkConversation {
        /// Whose.
        conversation: Reference,
        /// Which.
        mark: ConversationMark,
    },
    /// Everything received so far has been read.
    MarkRead {
        /// Whose.
        conversation: Reference,
    },
    /// Walks every chain and record.
    Check,
}

/// What a person puts on a conversation, here and for themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConversationMark {
    /// It stands above the others.
    Pinned(bool),
    /// It is out of sight until looked for.
    Archived(bool),
    /// Nobody is told of what arrives.
    Muted(bool),
    /// What is written and not sent: at most 32,768 bytes.
    Draft(String),
}

/// How a person names a contact, a conversation or an invitation: an id, a prefix of at least 4 characters, or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// Takes the words for what they are; they are looked up when the command is handled.
    #[must_use]
    pub fn new(words: &str) -> Self {
        Self(words.to_owned())
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
