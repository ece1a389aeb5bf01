//! What is worth a notification, and what it says: decided here, without a window and without a bus.
//!
//! Told are messages of theirs and requests, never what stands in the conversation in view, comes from somebody muted or
//! blocked, or goes beyond the chosen [`Level`]. A conversation has one notification: what follows takes its place, and
//! reading takes it away.
//!
//! What was there at the start is not told, since only events are told and lists are answers. A message that waited at
//! its author's while this machine was off is news. What contacts give back to a store that lost it is not: after the
//! notice that says so, whatever was written before this start is history. So is what was read before.

use std::{collections::BTreeMap, sync::Arc};

use causerie_protocol::{
    answer::{ContactState, ContactView, ConversationView, MessageState, MessageView},
    event::{Event, NoticeKind},
    ids::AccountId,
    moment::WallTime,
};
use serde::{Deserialize, Serialize};

use crate::{components::say, model::Model, text::Text};

/// Characters of a message that are told.
const BODY_MAX: usize = 200;

/// Events that wait until it is known whom they are about. Chosen: as many as the node has on their way.
const WAITING_MAX: usize = 1_024;

/// How much a notification says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Who it is, and what they wrote.
    #[default]
    Message,
    /// Who it is.
    Name,
    /// That there is something.
    Presence,
    /// There is none.
    Nothing,
}

impl Level {
    /// All, the most telling first.
    pub const ALL: [Self; 4] = [Self::Message, Self::Name, Self::Presence, Self::Nothing];

    /// The name of its sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Message => "notify-level-message",
            Self::Name => "notify-level-name",
            Self::Presence => "notify-level-presence",
            Self::Nothing => "notify-level-nothing",
        }
    }
}

/// How things stand when something happens.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// What is known.
    pub model: &'a Model,
    /// The sentences.
    pub text: &'a Text,
    /// What was chosen.
    pub level: Level,
    /// The conversation that is in view, in a window that has the focus.
    pub in_view: Option<AccountId>,
    /// Whether conversations are locked away, and so what is said in them.
    pub locked: bool,
}

impl Circumstances<'_> {
    const fn level(&self) -> Level {
        match self.level {
            Level::Message | Level::Name if self.locked => Level::Presence,
            level => level,
        }
    }
}

/// What a notification says, in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Whose conversation it is about, and opens.
    pub about: AccountId,
    /// Its first line.
    pub title: String,
    /// What stands below.
    pub body: String,
}

/// What a notification that is shown is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Messages,
    /// Somebody's request; whether the list of conversations has them already.
    Request(bool),
}

/// See the file's head.
#[derive(Debug)]
pub struct Attention {
    began: WallTime,
    shown: BTreeMap<AccountId, Reason>,
    waiting: Vec<Arc<Event>>,
    /// Contacts give back what the store had lost.
    restoring: bool,
    /// Something was missed: what is unread says it.
    missed: bool,
}

impl Attention {
    /// Nothing is shown yet; this run began now.
    #[must_use]
    pub const fn new(began: WallTime) -> Self {
        Self { began, shown: BTreeMap::new(), waiting: Vec::new(), restoring: false, missed: false }
    }

    /// What is to be shown because of something that happened, and that the model has taken.
    pub fn on_event(&mut self, event: &Arc<Event>, how: &Circumstances<'_>) -> Option<Notification> {
        match &**event {
            Event::MessageReceived(message) if !self.is_history(message) => {
                let Some(one) = how.model.conversation(message.conversation) else {
                    // Whether they are muted, and what they are called, is about to be told.
                    if self.waiting.len() < WAITING_MAX {
                        self.waiting.push(Arc::clone(event));
                    }
                    return None;
                };
                self.on_message(one, message, how)
            }
            Event::ContactAdded(contact) if contact.state == ContactState::Request => {
                self.on_request(contact, how)
            }
            Event::Notice { kind: NoticeKind::StoreRepaired, .. } => {
                self.restoring = true;
                None
            }
            _ => None,
        }
    }

    /// More happened than could be told.
    pub const fn on_missed(&mut self) {
        self.missed = true;
    }

    /// What is to be shown now that the conversations were listed anew; `before` says what was unread in each.
    pub fn on_list(
        &mut self,
        before: &BTreeMap<AccountId, u64>,
        how: &Circumstances<'_>,
    ) -> Vec<Notification> {
        let mut told = Vec::new();
        if core::mem::take(&mut self.missed) {
            for one in how.model.conversations() {
                let more = before.get(&one.contact.id).is_some_and(|unread| *unread < one.unread);
                if let Some(message) = one.last.as_ref().filter(|last| more && !self.is_history(last)) {
                    told.extend(self.on_message(one, message, how));
                }
            }
        }
        for event in core::mem::take(&mut self.waiting) {
            // What is unknown even now is nobody's conversation any more.
            if let Event::MessageReceived(message) = &*event
                && let Some(one) = how.model.conversation(message.conversation)
            {
                told.extend(self.on_message(one, message, how));
            }
        }
        told
    }

    /// The notifications that have served: what they tell of was seen, decided or removed.
    pub fn served(&mut self, model: &Model, in_view: Option<AccountId>) -> Vec<AccountId> {
        let mut served = Vec::new();
        self.shown.retain(|about, reason| {
            let one = model.conversation(*about);
            let stands = match reason {
                Reason::Messages => one.is_some_and(|one| one.unread > 0),
                Reason::Request(listed) => {
                    *listed |= one.is_some();
                    one.map_or(!*listed, |one| one.contact.state == ContactState::Request)
                }
            };
            let kept = stands && in_view != Some(*about);
            if !kept {
                served.push(*about);
            }
            kept
        });
        served
    }

    /// What is shown already, in the words that it may have now that conversations are locked away.
    #[must_use]
    pub fn on_lock(&self, model: &Model, text: &Text) -> Vec<Notification> {
        let worded = |(about, reason): (&AccountId, &Reason)| {
            let body = match reason {
                Reason::Messages => new_messages(text, model.conversation(*about)),
                Reason::Request(_) => text.say("notify-request"),
            };
            Notification { about: *about, title: text.say("app-name"), body }
        };
        self.shown.iter().map(worded).collect()
    }

    /// Whether it is old, or ours.
    fn is_history(&self, message: &MessageView) -> bool {
        message.outgoing
            || message.state == MessageState::Read
            || (self.restoring && message.sent_at < self.began)
    }

    fn on_message(
        &mut self,
        one: &ConversationView,
        message: &MessageView,
        how: &Circumstances<'_>,
    ) -> Option<Notification> {
        let about = message.conversation;
        if one.muted || one.contact.state == ContactState::Blocked || how.in_view == Some(about) {
            return None;
        }
        let (text, name) = (how.text, how.model.name(&one.contact));
        let count = one.unread.max(1);
        let how_many = || new_messages(text, Some(one));
        let (title, body) = match how.level() {
            Level::Nothing => return None,
            Level::Presence => (text.say("app-name"), how_many()),
            Level::Name => (name, how_many()),
            Level::Message => {
                let several = [("name", name.clone().into()), ("count", count.into())];
                let title = if count > 1 { text.say_with("notify-several", &several) } else { name };
                (title, say::preview(text, message, BODY_MAX))
            }
        };
        self.shown.insert(about, Reason::Messages);
        Some(Notification { about, title, body })
    }

    fn on_request(&mut self, contact: &ContactView, how: &Circumstances<'_>) -> Option<Notification> {
        if how.in_view == Some(contact.id) {
            return None;
        }
        let (title, body) = match how.level() {
            Level::Nothing => return None,
            Level::Presence => (how.text.say("app-name"), how.text.say("notify-request")),
            Level::Name | Level::Message => (how.model.name(contact), how.text.say("state-request")),
        };
        self.shown.insert(contact.id, Reason::Request(false));
        Some(Notification { about: contact.id, title, body })
    }
}

/// How many there are, and nothing of them.
fn new_messages(text: &Text, one: Option<&ConversationView>) -> String {
    let count = one.map_or(1, |one| one.unread.max(1));
    text.say_with("notify-new", &[("count", count.into())])
}

#[cfg(test)]
mod tests;
