//! What the window knows so far: folded from what the node tells, and nothing of egui.
//!
//! [`Model::apply`] takes one tell and returns what must be asked because of it; [`Model::answered`] takes the answer to
//! a command. Screens are built from here and change nothing.

use std::{collections::BTreeMap, sync::Arc};

use causerie_protocol::{
    address::Address,
    answer::{
        Answer, ContactState, ContactView, ConversationView, DeviceView, InvitationState, InvitationView,
        MessageView,
    },
    command::{Command, Reference},
    event::{Event, NoticeKind},
    ids::{AccountId, MessageId},
    input::Standing,
};

mod names;
pub mod timeline;

use names::Names;
use timeline::{Part, Timeline};

/// Notices that are remembered. Chosen.
const NOTICES_MAX: usize = 50;

/// Who lives in this home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The account.
    pub id: AccountId,
    /// The name.
    pub name: String,
}

/// See the file's head.
#[derive(Debug, Default)]
pub struct Model {
    own: Option<Own>,
    conversations: BTreeMap<AccountId, ConversationView>,
    names: Names,
    timelines: BTreeMap<AccountId, Timeline>,
    /// The newest invitation that was made in this run, with its link.
    pub invitation: Option<InvitationView>,
    /// Where others could dial the node.
    pub listening: Vec<Address>,
    /// How we stand beyond this network; `None` where nothing is asked there.
    pub beyond: Option<Standing>,
    /// Whether nothing beyond this network is used, by choice.
    pub lan_only: bool,
    /// The devices of the own account, by their age.
    pub devices: Vec<DeviceView>,
    /// What a person should read once, newest last.
    pub notices: Vec<NoticeKind>,
    /// Those of them that were not read yet, in the order in which they are to be.
    unread_notices: Vec<NoticeKind>,
    /// The conversation that is being looked at: what arrives in it is read at once.
    pub watched: Option<AccountId>,
    /// Whether the list of conversations has been told.
    pub listed: bool,
    /// Lists that are under way.
    listing: usize,
    /// Something happened while one was, which it may not know of.
    list_stale: bool,
}

impl Model {
    /// What is asked when a node has just started.
    #[must_use]
    pub fn questions() -> Vec<Command> {
        vec![Command::Status, Command::ListConversations, Command::ListDevices]
    }

    /// Who lives here; `None` until that is told.
    #[must_use]
    pub const fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }

    /// One conversation.
    #[must_use]
    pub fn conversation(&self, with: AccountId) -> Option<&ConversationView> {
        self.conversations.get(&with)
    }

    /// Every conversation: pinned ones first, then the newest.
    #[must_use]
    pub fn conversations(&self) -> Vec<&ConversationView> {
        let mut all: Vec<&ConversationView> = self.conversations.values().collect();
        all.sort_by_key(|one| {
            let last = one.last.as_ref().map(|message| message.received_at.unwrap_or(message.sent_at));
            (!one.pinned, core::cmp::Reverse(last), core::cmp::Reverse(one.contact.last_seen), one.contact.id)
        });
        all
    }

    /// Somebody's name, fit to be shown in one line, and told apart from others that look the same.
    #[must_use]
    pub fn name(&self, contact: &ContactView) -> String {
        self.names.shown(contact)
    }

    fn renew_names(&mut self) {
        let own = self.own.as_ref().map(|own| own.name.as_str());
        self.names.renew(own, self.conversations.values().map(|one| &one.contact));
    }

    /// The messages of a conversation that are loaded.
    #[must_use]
    pub fn timeline(&self, with: AccountId) -> Option<&Timeline> {
        self.timelines.get(&with)
    }

    fn notice(&mut self, kind: NoticeKind) {
        if kind == NoticeKind::RoomAgain {
            self.unread_notices.retain(|one| *one != NoticeKind::NoRoom);
        }
        // The same said twice in a row is read once.
        if self.notices.last() != Some(&kind) || !self.unread_notices.contains(&kind) {
            self.notices.push(kind);
        }
        if self.notices.len() > NOTICES_MAX {
            self.notices.remove(0);
        }
        if !self.unread_notices.contains(&kind) {
            // What stands in the way of everything is read first.
            let place = if kind == NoticeKind::NoRoom { 0 } else { self.unread_notices.len() };
            self.unread_notices.insert(place, kind);
        }
    }

    /// What is to be read now.
    #[must_use]
    pub fn unread_notice(&self) -> Option<NoticeKind> {
        self.unread_notices.first().copied()
    }

    /// It was read.
    pub fn dismiss(&mut self) {
        if !self.unread_notices.is_empty() {
            self.unread_notices.remove(0);
        }
    }

    /// Messages that were not read, of conversations that are not silent.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.conversations.values().filter(|one| !one.muted).map(|one| one.unread).sum()
    }

    /// The question for a part of a conversation; `None` where nothing is to be asked now.
    pub fn load(&mut self, with: AccountId, part: Part) -> Option<Command> {
        let (before, limit) = self.timelines.entry(with).or_default().ask(part)?;
        let before = before.map(|id| id.to_string());
        Some(Command::ListMessages { conversation: reference(with), limit, before })
    }

    /// Shows another part of a conversation: the page before these messages, the nearest last; with none, the newest.
    pub fn go_to(&mut self, with: AccountId, newer: Vec<MessageId>) -> Option<Command> {
        self.timelines.entry(with).or_default().go_to(newer);
        self.load(with, Part::Older)
    }

    /// Lets go messages far from the one that is being read; `None`: the newest.
    pub fn trim(&mut self, with: AccountId, reading: Option<MessageId>) {
        if let Some(timeline) = self.timelines.get_mut(&with) {
            timeline.trim(reading);
        }
    }

    /// A command is under way: its answer, or that it was refused, will come.
    pub fn asked(&mut self, command: &Command) {
        self.listing += usize::from(matches!(command, Command::ListConversations));
    }

    /// A command was refused, and its answer will not come.
    pub fn refused(&mut self, command: &Command) {
        if matches!(command, Command::ListConversations) {
            self.listing = self.listing.saturating_sub(1);
        }
        if let Command::ListMessages { conversation, .. } = command
            && let Some(timeline) = account(conversation).and_then(|with| self.timelines.get_mut(&with))
        {
            timeline.refused();
        }
    }

    /// Asks for what is loaded once more where it may not be how things stand.
    fn freshen(&mut self, with: AccountId) -> Vec<Command> {
        let stale = self.timelines.get(&with).is_some_and(Timeline::is_stale);
        if stale { self.load(with, Part::Same).into_iter().collect() } else { Vec::new() }
    }

    /// Another program changed something; returns what to ask because of it.
    pub fn elsewhere(&mut self) -> Vec<Command> {
        let loaded: Vec<AccountId> = self.timelines.keys().copied().collect();
        let pages = loaded.into_iter().filter_map(|with| {
            self.timelines.get_mut(&with)?.doubt();
            self.load(with, Part::Same)
        });
        let mut questions: Vec<Command> = pages.collect();
        questions.extend([Command::ListConversations, Command::ListDevices]);
        questions.extend(self.ask_invitation());
        questions
    }

    /// Asks how the invitation that is shown stands, as long as that can change.
    fn ask_invitation(&self) -> Option<Command> {
        let open = self.invitation.as_ref().is_some_and(|one| one.state == InvitationState::Open);
        open.then_some(Command::ListInvitations)
    }

    /// Takes how invitations stand: what is shown keeps its link, which is told only once.
    fn on_invitations(&mut self, all: Vec<InvitationView>) {
        let Some(shown) = &mut self.invitation else { return };
        let link = shown.link.take();
        let found = all.into_iter().find(|one| one.id == shown.id);
        self.invitation = found.map(|one| InvitationView { link, ..one });
    }

    /// What is drafted in a conversation, as it is now.
    pub fn set_draft(&mut self, with: AccountId, text: &str) {
        if let Some(one) = self.conversations.get_mut(&with) {
            text.clone_into(&mut one.draft);
        }
    }

    /// Takes something that happened; returns what to ask because of it.
    pub fn apply(&mut self, event: &Arc<Event>) -> Vec<Command> {
        self.list_stale |= self.listing > 0;
        match &**event {
            // They may have answered the invitation that is shown.
            Event::ContactAdded(view) => {
                let mut questions = self.on_contact(view);
                questions.extend(self.ask_invitation());
                return questions;
            }
            Event::ContactChanged(view)
            | Event::ContactFailed(view)
            | Event::ContactOnline(view)
            | Event::ContactOffline(view) => return self.on_contact(view),
            Event::MessageReceived(message) => {
                self.append((**message).clone());
                let mut questions = self.freshen(message.conversation);
                let Some(one) = self.conversations.get_mut(&message.conversation) else {
                    return vec![Command::ListConversations];
                };
                one.last = Some((**message).clone());
                if message.outgoing {
                    return questions;
                }
                if self.watched == Some(message.conversation) {
                    questions.push(Command::MarkRead { conversation: reference(message.conversation) });
                } else {
                    one.unread += 1;
                }
                return questions;
            }
            Event::MessageState { conversation, up_to, state } => {
                if let Some(timeline) = self.timelines.get_mut(conversation) {
                    timeline.raise(*up_to, *state);
                }
                // Whatever is told of a message holds for all of ours before it.
                if let Some(last) = self.conversations.get_mut(conversation).and_then(|one| one.last.as_mut())
                    && last.outgoing
                    && last.id == *up_to
                {
                    last.state = last.state.max(*state);
                }
                return self.freshen(*conversation);
            }
            Event::Listening { addresses } => {
                self.listening.clone_from(addresses);
            }
            Event::Standing { standing } => self.beyond = Some(standing.clone()),
            Event::Notice { kind, .. } => {
                self.notice(*kind);
                if *kind == NoticeKind::DeviceAdded {
                    return vec![Command::ListDevices];
                }
            }
        }
        Vec::new()
    }

    /// Takes the answer to a command; returns what to ask because of it.
    pub fn answered(&mut self, command: &Command, answer: Answer) -> Vec<Command> {
        match (command, answer) {
            (_, Answer::Status(status)) => {
                self.own = Some(Own { id: status.id, name: status.name });
                self.listening = status.listening;
                self.beyond = status.beyond;
                self.lan_only = status.lan_only;
                self.renew_names();
            }
            (_, Answer::Conversations(all)) => {
                self.listed = true;
                self.conversations = all.into_iter().map(|one| (one.contact.id, one)).collect();
                self.renew_names();
                self.listing = self.listing.saturating_sub(1);
                if self.listing == 0 && std::mem::take(&mut self.list_stale) {
                    return vec![Command::ListConversations];
                }
            }
            (Command::ListMessages { conversation, before, .. }, Answer::Messages(page)) => {
                if let Some(with) = account(conversation) {
                    self.timelines.entry(with).or_default().take(before.as_deref(), page);
                    return self.freshen(with);
                }
            }
            (Command::MarkRead { conversation }, Answer::Done) => {
                if let Some(one) = account(conversation).and_then(|with| self.conversations.get_mut(&with)) {
                    one.unread = 0;
                }
            }
            (Command::MarkConversation { .. } | Command::RemoveContact { .. }, Answer::Done) => {
                return vec![Command::ListConversations];
            }
            (Command::CreateInvitation { .. }, Answer::Invitation(view)) => self.invitation = Some(view),
            (command, Answer::Devices(all)) => {
                self.devices = all;
                if matches!(command, Command::SeparateDevice) {
                    // What was said of two copies is settled by it.
                    self.unread_notices.retain(|one| *one != NoticeKind::Twin);
                }
            }
            (_, Answer::Invitations(all)) => self.on_invitations(all),
            (Command::RevokeInvitation { .. }, Answer::Invitation(_) | Answer::Done) => {
                self.invitation = None
            }
            (_, Answer::Contact(view)) => return self.on_contact(&view),
            _ => {}
        }
        Vec::new()
    }

    /// A message that was just written, before anything else is told of it.
    pub fn sent(&mut self, message: MessageView) {
        if let Some(one) = self.conversations.get_mut(&message.conversation) {
            one.last = Some(message.clone());
        }
        self.append(message);
    }

    /// Puts a message where its conversation is loaded.
    fn append(&mut self, message: MessageView) {
        if let Some(timeline) = self.timelines.get_mut(&message.conversation) {
            timeline.append(message);
        }
    }

    fn on_contact(&mut self, view: &ContactView) -> Vec<Command> {
        match self.conversations.get_mut(&view.id) {
            Some(one) => {
                let state_changed = one.contact.state != view.state;
                let name_changed = one.contact.name != view.name;
                one.contact = view.clone();
                if name_changed {
                    self.renew_names();
                }
                // Somebody removed is listed no more, and only the list says so.
                if state_changed { vec![Command::ListConversations] } else { Vec::new() }
            }
            None => vec![Command::ListConversations],
        }
    }
}

/// A conversation, as commands name it.
#[must_use]
pub fn reference(with: AccountId) -> Reference {
    Reference::new(&with.to_string())
}

/// Whom the words of one of our own commands mean, whether they are listed yet or not.
fn account(reference: &Reference) -> Option<AccountId> {
    AccountId::parse(reference.as_str())
}

/// Whether messages can be written to this contact.
#[must_use]
pub fn may_write(contact: &ContactView) -> bool {
    matches!(contact.state, ContactState::Pending | ContactState::Active)
}

#[cfg(test)]
mod tests;
