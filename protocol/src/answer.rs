//! What the engine answers to a command: values a person or script can be shown, or a refusal that says what to do.

use core::time::Duration;

use thiserror::Error;

use crate::{
    address::Address,
    ids::{AccountId, DeviceId, InvitationId, MessageId},
    input::Standing,
    moment::WallTime,
    records::RecordsError,
};

/// The good half of a reply; which one belongs to which command is said at each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, and nothing else to say.
    Done,
    /// To `Status`.
    Status(StatusView),
    /// To `CreateInvitation`.
    Invitation(InvitationView),
    /// To `ListInvitations`, oldest first.
    Invitations(Vec<InvitationView>),
    /// To every command about one contact that leaves it in place.
    Contact(Box<ContactView>),
    /// To `ListContacts`, oldest first.
    Contacts(Vec<ContactView>),
    /// To `ListDevices` and `SeparateDevice`, by their age.
    Devices(Vec<DeviceView>),
    /// To `SendMessage`.
    Message {
        /// The message's id.
        message: MessageId,
        /// How far it has come: `Queued` unless an idempotency key found it further.
        state: MessageState,
    },
    /// To `ListConversations`, oldest contact first.
    Conversations(Vec<ConversationView>),
    /// To `ListMessages`, oldest of the page first.
    Messages(Vec<MessageView>),
    /// To `DescribeMessage`.
    MessageDetails(Box<MessageDetails>),
    /// To `TestContact`.
    Trial(Box<Trial>),
    /// To `Check`.
    Check(CheckView),
}

/// Who we are and how things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusView {
    /// Our account.
    pub id: AccountId,
    /// The name we gave ourselves.
    pub name: String,
    /// Where we listen; empty while no network runs.
    pub listening: Vec<Address>,
    /// How we stand beyond this network; `None` where nothing is asked there.
    pub beyond: Option<Standing>,
    /// Whether nothing beyond this network is used, by choice.
    pub lan_only: bool,
    /// Contacts with a live channel.
    pub peers: u64,
    /// Messages of ours that no recipient has yet.
    pub queued: u64,
}

/// One device of our own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Which.
    pub id: DeviceId,
    /// When it was added, by its own clock.
    pub added: WallTime,
    /// Whether it is this one.
    pub is_this: bool,
}

/// How far others can reach us, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// Anybody can dial us: somebody did.
    Direct,
    /// Others are let in by a relay.
    Relayed,
    /// People on this network can find us, and nobody else.
    LanOnly,
    /// Nobody can.
    Offline,
    /// It is being found out, or nobody is there who could tell.
    Unknown,
}

impl Reachability {
    /// What these say together.
    #[must_use]
    pub fn of(listening: &[Address], beyond: Option<&Standing>, lan_only: bool) -> Self {
        match beyond {
            Some(standing) if !standing.public.is_empty() => Self::Direct,
            Some(standing) if !standing.relays.is_empty() => Self::Relayed,
            Some(standing) if standing.meeting_place => Self::Unknown,
            // Without anybody beyond who could tell, no more is claimed than the addresses themselves say.
            _ if listening.is_empty() => Self::Offline,
            _ if !lan_only && !listening.iter().all(Address::is_private) => Self::Unknown,
            _ => Self::LanOnly,
        }
    }
}

/// One invitation of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationView {
    /// Its id in commands.
    pub id: InvitationId,
    /// The link, only in the answer to `CreateInvitation` and while it can be answered.
    pub link: Option<String>,
    /// When it can no longer be answered; `None`: never.
    pub expires: Option<WallTime>,
    /// Any number of people may answer.
    pub reusable: bool,
    /// Answers wait for consent.
    pub ask: bool,
    /// How it stands.
    pub state: InvitationState,
    /// How many valid answers it has had.
    pub answers: u64,
}

/// How an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// It can be answered.
    Open,
    /// Its one use is over.
    Used,
    /// Taken back.
    Revoked,
    /// Too late.
    Expired,
}

/// One contact as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// Their account.
    pub id: AccountId,
    /// What we call them.
    pub name: String,
    /// How far the acquaintance has come.
    pub state: ContactState,
    /// Why it failed, in words.
    pub reason: Option<String>,
    /// What is known about their keys.
    pub verification: Verification,
    /// Whether a live channel to them stands.
    pub online: bool,
    /// By which path; `None` while not online.
    pub path: Option<Path>,
    /// When a live channel last had something from them.
    pub last_seen: Option<WallTime>,
    /// 60 digits in 12 groups; `None` while their keys are not known to be theirs.
    pub safety_number: Option<String>,
}

/// How far an acquaintance has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum ContactState {
    /// We answered their link and have not met them since, or wait for their consent.
    Pending,
    /// They answered ours and wait for our consent.
    Request,
    /// Messages go both ways.
    Active,
    /// Refused by us.
    Blocked,
    /// Their invitation could not be answered; the reason is beside it.
    Failed,
}

/// What is known about a contact's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Verification {
    /// Nobody compared numbers.
    None,
    /// The numbers were compared.
    Verified,
    /// They were compared, and then the device list changed: `send` refuses until they are compared again.
    Changed,
}

/// By which path a live channel goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Path {
    /// From machine to machine.
    Direct,
    /// Over a relay, which passes sealed bytes on and can read none of them.
    Relayed,
}

/// One message as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// The contact whose conversation it is in.
    pub conversation: AccountId,
    /// Who wrote it.
    pub author: AccountId,
    /// Whether that is us.
    pub outgoing: bool,
    /// The text; `None` when this version cannot show its kind.
    pub text: Option<String>,
    /// When its author's clock said it was written; the time of receipt where that is far off.
    pub sent_at: WallTime,
    /// When it was durable here; `None` for our own.
    pub received_at: Option<WallTime>,
    /// How far it has come.
    pub state: MessageState,
    /// Why it failed.
    pub reason: Option<String>,
}

/// What is known of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageDetails {
    /// As a history shows it.
    pub message: MessageView,
    /// When its author's clock said it was written, however far off that clock is.
    pub written_at: WallTime,
    /// Of our own: when we heard that their device has it. Kept of the last ones only.
    pub delivered_at: Option<WallTime>,
    /// Of our own: when we heard that they read it. Kept of the last ones only.
    pub read_at: Option<WallTime>,
    /// Of our own: by which path we heard that their device has it.
    pub path: Option<Path>,
}

/// What a test of the way to a contact found, one step after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Everybody is on this machine: no network is needed.
    pub loopback: bool,
    /// Every address that is known of them, and what came of it.
    pub addresses: Vec<TriedAddress>,
    /// Devices that announce themselves on this network and may be theirs.
    pub nearby: u64,
    /// Whether there was anything to try: an address, somebody near, or a channel.
    pub known: StepResult,
    /// Whether they answered somewhere. Not tried where a channel stood already.
    pub dialled: StepResult,
    /// Whether keys for a channel were agreed on.
    pub agreed: StepResult,
    /// They are there and have not let us in yet.
    pub awaits_consent: bool,
    /// Whether a live channel stands.
    pub online: StepResult,
    /// Whether a PING was answered.
    pub answered: StepResult,
    /// How long that took.
    pub round_trip: Option<Duration>,
}

/// An address of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriedAddress {
    /// Where.
    pub address: Address,
    /// How it is known.
    pub source: AddressSource,
    /// What came of it.
    pub outcome: AddressOutcome,
}

/// How an address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// They said it when we last met, or their link did and they were met there.
    Met,
    /// They say it at the meeting place.
    Found,
    /// Their link says it, and they were never met.
    Link,
    /// The person gave it to this node, for whoever is there.
    Given,
    /// Somebody announces it on this network, and it was them.
    Near,
    /// A relay's, which lets others in to them.
    Relay,
}

/// What came of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressOutcome {
    /// It was not tried: another one was faster, or nothing is dialled now.
    NotTried,
    /// They are there.
    Answered,
    /// It leads nowhere.
    Failed(DialFailure),
}

/// Why an address leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialFailure {
    /// The machine is there, and no program listens.
    Refused,
    /// Nothing answered in time.
    TimedOut,
    /// No way leads from here to there.
    Unreachable,
    /// Somebody else is there, or does not know us.
    SomebodyElse,
    /// Whoever is there speaks no version of ours.
    OtherVersion,
    /// Anything else.
    Broken,
}

/// How a step of a test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// It went well.
    Done,
    /// It went wrong.
    Failed,
    /// It was not its turn.
    NotTried,
}

/// One conversation as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationView {
    /// With whom.
    pub contact: ContactView,
    /// What was said last.
    pub last: Option<MessageView>,
    /// Messages of theirs that were not read.
    pub unread: u64,
    /// What is written and not sent.
    pub draft: String,
    /// It stands above the others.
    pub pinned: bool,
    /// It is out of sight until looked for.
    pub archived: bool,
    /// Nobody is told of what arrives.
    pub muted: bool,
}

/// How far a message has come: never claimed early, never going back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageState {
    /// Durable here.
    Queued,
    /// A carrier other than the recipient has it.
    Sent,
    /// The recipient's device has stored it durably and said so. Received messages start here.
    Delivered,
    /// The recipient has read it, or we have read theirs.
    Read,
    /// It will never arrive: the contact was removed, or the invitation failed.
    Failed,
}

/// Why an invitation failed: what stands in [`ContactView::reason`] and [`MessageView::reason`], word for word.
pub mod reason {
    /// Somebody else answered it first.
    pub const USED: &str = "the invitation was already used by somebody";
    /// Too late.
    pub const EXPIRED: &str = "the invitation has expired";
    /// It was taken back.
    pub const REVOKED: &str = "the invitation was revoked";
    /// A newer version says why.
    pub const NEWER: &str = "the invitation needs a newer version";
}

/// What walking every chain and record found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckView {
    /// Entries that are whole.
    pub entries: u64,
    /// Entries that are missing inside a chain.
    pub gaps: u64,
    /// Records that cannot be read.
    pub unreadable: u64,
}

/// Why a command was refused; nothing was changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// Nothing goes by that name.
    #[error("no contact, conversation or invitation is called that")]
    NotFound,
    /// No message has that id in that conversation.
    #[error("no message has that id in this conversation")]
    MessageNotFound,
    /// Several go by that name; the candidates, as ids with names.
    #[error("the name is ambiguous: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// The link is one of ours.
    #[error("the invitation is your own")]
    OwnInvitation,
    /// The link is not whole or not a link.
    #[error("the invitation link is damaged or incomplete")]
    BadInvitation,
    /// Too late for this link.
    #[error("the invitation has expired")]
    ExpiredInvitation,
    /// The link was made by a newer version.
    #[error("the invitation was made by a newer version")]
    NewerVersion,
    /// This very link already made this contact.
    #[error("this invitation already led to a contact")]
    AlreadyContact,
    /// Their device list changed after the numbers were compared.
    #[error("the contact's keys changed after you compared safety numbers")]
    VerificationChanged,
    /// The contact's state does not allow it; in words.
    #[error("{0}")]
    WrongState(&'static str),
    /// The text has no byte.
    #[error("the message is empty")]
    Empty,
    /// The text is longer than 32,768 bytes.
    #[error("the message is longer than 32,768 bytes")]
    TooLong,
    /// A name is empty, longer than 64 characters, or has control or bidi characters.
    #[error("a name has 1 to 64 characters, none of them control or direction characters")]
    BadName,
    /// A number or time is out of range; in words.
    #[error("{0}")]
    OutOfRange(&'static str),
    /// A bound of this installation is reached; in words.
    #[error("{0}")]
    Full(&'static str),
    /// Too little room is left on the disk.
    #[error("the disk is full, so nothing new can be kept")]
    DiskFull,
    /// The home can only be read.
    #[error("the home can only be read, so nothing new can be kept")]
    ReadOnly,
}

/// How a command ends without an answer.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It is refused, and nothing was changed.
    Refused(CommandError),
    /// The store failed, and the turn is void.
    Failed(RecordsError),
}

impl From<CommandError> for Halt {
    fn from(error: CommandError) -> Self {
        Self::Refused(error)
    }
}

impl From<RecordsError> for Halt {
    fn from(error: RecordsError) -> Self {
        Self::Failed(error)
    }
}
