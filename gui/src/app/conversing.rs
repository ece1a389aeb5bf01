//! A conversation that is shown: opening it, writing in it, what is known of one of its messages.

use causerie_protocol::{
    answer::{MessageState, MessageView},
    command::{Command, ConversationMark},
    event::Event,
    ids::{AccountId, MessageId},
};
use eframe::egui;

use super::{App, DRAFT_PAUSE};
use crate::{
    backend::Ask,
    first_unread::{FirstUnread, Wanted},
    model::{
        may_write, reference,
        timeline::{Part, Timeline},
    },
    route::Route,
    screens::chat::{Chat, UnreadAbove},
    text::now,
};

/// Messages that are loaded at most to show where what was not read begins: further back, it is looked for first.
const UNREAD_LOADED_MAX: usize = 600;

impl App {
    pub(super) fn open(&mut self, context: &egui::Context, with: AccountId) {
        self.route = Route::Chat(with);
        self.beside = None;
        let unread = self.model.conversation(with).map_or(0, |one| one.unread);
        let kept_draft = self.model.conversation(with).map(|one| one.draft.clone());
        let chat = self
            .chats
            .entry(with)
            .or_insert_with(|| Chat { draft: kept_draft.unwrap_or_default(), ..Chat::default() });
        chat.close_popup();
        chat.focus = true;
        (chat.unread_from, chat.unread) = (None, unread);
        (chat.unread_above, chat.arrived) =
            (UnreadAbove::None, self.model.timeline(with).map_or(0, Timeline::arrived));
        chat.found = None;
        match self.model.timeline(with) {
            Some(timeline) if timeline.is_begun() && (unread == 0 || timeline.is_at_end()) => {}
            _ => self.go_to_newest(context, with),
        }
        self.divide(context, with);
        if unread > 0 {
            self.ask(context, Command::MarkRead { conversation: reference(with) });
        }
    }

    /// Finds where what was not read begins, once the messages are there, and goes there.
    pub(super) fn divide(&mut self, context: &egui::Context, with: AccountId) {
        let (Some(timeline), Some(chat)) = (self.model.timeline(with), self.chats.get_mut(&with)) else {
            return;
        };
        if chat.unread == 0 {
            return;
        }
        // What came since it was opened stands below.
        let all = chat.unread + timeline.arrived().saturating_sub(chat.arrived);
        let unread = usize::try_from(all).unwrap_or(usize::MAX);
        if !timeline.is_begun() || !timeline.is_at_end() {
            return;
        }
        let theirs = timeline.rows().iter().rev().filter(|row| !row.outgoing);
        let (count, first) = theirs.take(unread).fold((0, None), |(count, _), row| (count + 1, Some(row.id)));
        if count < unread && !timeline.is_complete() {
            if unread <= UNREAD_LOADED_MAX && timeline.rows().len() < UNREAD_LOADED_MAX {
                let question = self.model.load(with, Part::Older);
                self.ask_all(context, question);
            } else if let Some(before) = timeline.rows().first().map(|row| row.id) {
                let wanted = Wanted { with, before, count: unread - count };
                (chat.unread_above, chat.unread) = (UnreadAbove::LookedFor(self.next_number, all), 0);
                self.backend.ask(Ask::FindUnread(self.next_number, wanted));
                self.next_number += 1;
            }
            return;
        }
        (chat.unread_from, chat.unread) = (first, 0);
        chat.list.to_unread();
    }

    /// What was not read begins there: it is shown when that is asked for, and not before, for somebody may be reading
    /// or writing meanwhile.
    pub(super) fn on_first_unread(&mut self, number: u64, with: AccountId, found: FirstUnread) {
        if let Some(chat) = self.chats.get_mut(&with)
            && let UnreadAbove::LookedFor(asked, count) = chat.unread_above
            && asked == number
        {
            chat.unread_from = Some(found.id);
            chat.unread_above = UnreadAbove::Found(found, count);
        }
    }

    /// Shows it.
    pub(super) fn go_to_unread(&mut self, context: &egui::Context, with: AccountId) {
        let Some(chat) = self.chats.get_mut(&with) else { return };
        let UnreadAbove::Found(found, _) = std::mem::take(&mut chat.unread_above) else { return };
        chat.list.to_unread();
        let question = self.model.go_to(with, found.newer);
        self.ask_all(context, question);
    }

    pub(super) fn send(&mut self, context: &egui::Context, with: AccountId, text: &str) {
        if self.model.conversation(with).is_none_or(|one| !may_write(&one.contact)) {
            return;
        }
        self.model.set_draft(with, "");
        self.drafts.insert(with, 0.0);
        let command = Command::SendMessage {
            conversation: reference(with),
            text: text.to_owned(),
            idempotency_key: None,
        };
        if let Some(number) = self.ask(context, command) {
            self.sending.insert(number, (with, text.to_owned()));
        } else {
            self.chats.entry(with).or_default().draft = text.to_owned();
        }
    }

    /// Keeps drafts that have rested, so that they survive whatever ends the program.
    pub(super) fn keep_drafts(&mut self, context: &egui::Context, now: f64) {
        let due: Vec<AccountId> = self
            .drafts
            .iter()
            .filter(|(_, since)| **since + DRAFT_PAUSE <= now)
            .map(|(with, _)| *with)
            .collect();
        for with in due {
            self.drafts.remove(&with);
            let draft = self.chats.get(&with).map(|chat| chat.draft.clone()).unwrap_or_default();
            self.model.set_draft(with, &draft);
            let mark = ConversationMark::Draft(draft);
            self.ask(context, Command::MarkConversation { conversation: reference(with), mark });
        }
        if !self.drafts.is_empty() {
            context.request_repaint_after_secs(1.0);
        }
    }

    pub(super) fn describe(&mut self, context: &egui::Context, with: AccountId, message: MessageId) {
        let (conversation, message) = (reference(with), message.to_string());
        self.ask(context, Command::DescribeMessage { conversation, message });
    }

    /// What is shown of a message is shown as it is now.
    pub(super) fn describe_again(&mut self, context: &egui::Context, event: &Event) {
        if let (Some(details), Event::MessageState { conversation, .. }) = (&self.details, event)
            && details.message.conversation == *conversation
        {
            self.describe(context, *conversation, details.message.id);
        }
    }
}

/// A message as it stands right after it was written.
pub(super) fn written(
    id: MessageId,
    with: AccountId,
    author: AccountId,
    text: String,
    state: MessageState,
) -> MessageView {
    MessageView {
        id,
        conversation: with,
        author,
        outgoing: true,
        text: Some(text),
        sent_at: now(),
        received_at: None,
        state,
        reason: None,
    }
}
