//! What a window shows: [`App::logic`] folds what the node tells and does what was asked; [`App::ui`] paints the screen.
//!
//! ```text
//! node ── Tell ──▶ Model ──▶ screens ──▶ Actions ──▶ Ask ──▶ node
//! ```
//!
//! Nothing here waits. A pass is made when something happened, and none otherwise. It outlives its window:
//! `background.rs`.

use std::{collections::BTreeMap, time::Instant};

use causerie_node::{error::NodeError, trial::Tested};
use causerie_protocol::{
    answer::{Answer, MessageDetails, MessageState, MessageView},
    command::{Command, ConversationMark},
    event::Event,
    ids::{AccountId, MessageId},
    moment::WallTime,
    vault::passphrase::Passphrase,
};
use eframe::egui::{self, ViewportCommand};

use crate::{
    action::{Action, Shortcut},
    backend::{Ask, Backend, Place, Tell},
    desktop::Bus,
    model::{Model, may_write, reference, timeline::Part},
    preferences::{Language, Preferences},
    route::Route,
    screens::{
        View,
        add_contact::{Adding, add_contact_ui},
        chat::{Chat, chat_ui},
        contact::{Editing, contact_ui},
        details::details_ui,
        gate::{Gate, Typed, gate_ui},
        list::{Looking, list_ui},
        locking::Locking,
        network::{Tests, network_ui},
        notice_ui,
        pages::{about_ui, settings_ui, shortcuts_ui},
        palette::Palette,
        search::{Searching, search_ui},
    },
    text::{Text, today},
    trouble,
    window::Waker,
};

mod background;
mod finding;
mod locking;

pub use background::Next;

/// How long a draft may be ahead of what is kept: typing on does not write each letter.
const DRAFT_PAUSE: f64 = 1.0;

/// How long a toast is shown, in seconds.
const TOAST_LIFE: f64 = 4.0;

/// Below this width the list and what is beside it take turns.
const NARROW: f32 = 620.0;

/// Messages that are loaded at most to find where what was not read begins.
const UNREAD_LOADED_MAX: usize = 600;

/// The whole window.
#[derive(Debug)]
pub struct App {
    place: Place,
    backend: Backend,
    model: Model,
    text: Text,
    preferences: Preferences,
    kept: Preferences,
    gate: Gate,
    typed: Typed,
    /// What opened the home, should its store have to be set aside.
    passphrase: Option<Passphrase>,
    route: Route,
    looking: Looking,
    chats: BTreeMap<AccountId, Chat>,
    adding: Adding,
    editing: Editing,
    searching: Searching,
    palette: Option<Palette>,
    locking: Locking,
    /// When a key or the pointer was last used.
    active: Instant,
    tests: Tests,
    /// What is shown of one message on top of everything.
    details: Option<Box<MessageDetails>>,
    /// Commands that wait for their answer.
    asked: BTreeMap<u64, Command>,
    next_number: u64,
    /// What is sent and not answered yet, by the number of its command.
    sending: BTreeMap<u64, (AccountId, String)>,
    /// Drafts that are not kept yet, and since when.
    drafts: BTreeMap<AccountId, f64>,
    toast: Option<(String, f64)>,
    /// The list and what is beside it take turns.
    narrow: bool,
    /// The list is what keys go to.
    in_list: bool,
    /// What the window is called.
    title: String,
    background: background::Background,
}

impl App {
    /// Begins on this home, in this window and nothing around it; its node starts at once.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn new(context: &egui::Context, place: Place) -> std::io::Result<Self> {
        let mut app = Self::start(place, Waker::default(), Bus::None)?;
        app.attach(context);
        Ok(app)
    }

    /// Begins on this home, without a window so far; its node starts at once.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(place: Place, waker: Waker, bus: Bus) -> std::io::Result<Self> {
        let preferences = Preferences::read(&place.home);
        let text = Text::of(preferences.language.unwrap_or_else(Language::of_system));
        let (backend, background) = background::Background::start(&place, waker, bus, &text)?;
        Ok(Self {
            place,
            backend,
            model: Model::default(),
            text,
            kept: preferences.clone(),
            preferences,
            gate: Gate::Starting,
            typed: Typed::default(),
            passphrase: None,
            route: Route::Nothing,
            looking: Looking::default(),
            chats: BTreeMap::new(),
            adding: Adding::default(),
            editing: Editing::default(),
            searching: Searching::default(),
            palette: None,
            locking: Locking::default(),
            active: Instant::now(),
            tests: Tests::default(),
            details: None,
            asked: BTreeMap::new(),
            next_number: 0,
            sending: BTreeMap::new(),
            drafts: BTreeMap::new(),
            toast: None,
            narrow: false,
            in_list: false,
            title: String::new(),
            background,
        })
    }

    /// What is known.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Takes what the node tells and what keys ask.
    pub fn logic(&mut self, context: &egui::Context) {
        self.listen(context);
        self.quit_by_keys(context);
        // What lies on top of everything has its own keys.
        if self.gate == Gate::Open && context.memory(|memory| memory.top_modal_layer().is_none()) {
            for action in Shortcut::pressed(context) {
                self.perform(context, action);
            }
        }
        self.lock_when_idle(context);
        for (with, chat) in &self.chats {
            self.model.trim(*with, chat.list.reading());
        }
        let now = context.input(|input| input.time);
        self.keep_drafts(context, now);
        if self.toast.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.toast = None;
        }
        self.model.watched = match self.route {
            Route::Chat(with)
                if self.gate == Gate::Open
                    && context.input(|input| input.viewport().focused.unwrap_or(true)) =>
            {
                Some(with)
            }
            _ => None,
        };
        let unread = self.model.unread();
        let title = self.text.say("app-name");
        let title = if unread > 0 { format!("({unread}) {title}") } else { title };
        // Each command to the window makes a pass of its own.
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        self.keep_preferences(context);
        self.tell_around();
    }

    /// Takes what was told.
    fn listen(&mut self, context: &egui::Context) {
        while let Some(tell) = self.backend.take() {
            self.on_tell(context, tell);
        }
    }

    /// Paints the screen.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        let mut actions = Vec::new();
        if self.gate == Gate::Open {
            actions = self.conversations_ui(ui);
        } else {
            egui::CentralPanel::default().show(ui, |ui| {
                actions = gate_ui(ui, &self.text, &self.gate, &mut self.typed);
            });
        }
        actions.extend(self.palette_ui(ui));
        self.toast_ui(ui.ctx());
        let context = ui.ctx().clone();
        self.closing_ui(&context);
        for action in actions {
            self.perform(&context, action);
        }
    }

    /// Stops the node cleanly: what was said is durable.
    pub fn close(&mut self, context: &egui::Context) {
        self.keep_drafts(context, f64::INFINITY);
        self.keep_preferences(context);
        self.backend.ask(Ask::Stop);
        self.backend.join();
    }

    fn conversations_ui(&mut self, ui: &mut egui::Ui) -> Vec<Action> {
        self.narrow = ui.available_width() < NARROW;
        let narrow = self.narrow;
        let view =
            View { model: &self.model, text: &self.text, preferences: &self.preferences, today: today() };
        let mut actions = Vec::new();
        let route = self.route;
        if let Some(kind) = self.model.unread_notice() {
            egui::Panel::top("notice").show(ui, |ui| notice_ui(ui, &self.text, kind, &mut actions));
        }
        if narrow && route == Route::Nothing {
            egui::CentralPanel::default().show(ui, |ui| {
                actions.extend(list_ui(ui, &view, &mut self.looking, route));
            });
            return actions;
        }
        if !narrow {
            let panel = egui::Panel::left("conversations").default_size(300.0).size_range(220.0..=460.0);
            panel.show(ui, |ui| actions.extend(list_ui(ui, &view, &mut self.looking, route)));
        }
        let mut chosen = self.preferences.clone();
        let home = self.place.home.display().to_string();
        let offers = self.offers();
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(0);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            actions.extend(match route {
                Route::Nothing => {
                    ui.centered_and_justified(|ui| ui.weak(view.text.say("chat-choose")));
                    Vec::new()
                }
                Route::Chat(with) => chat_ui(ui, &view, with, self.chats.entry(with).or_default()),
                Route::Contact(whom) => contact_ui(ui, &view, whom, &mut self.editing),
                Route::AddContact => add_contact_ui(ui, &view, &mut self.adding),
                Route::Search => search_ui(ui, &view, &mut self.searching),
                Route::Settings => settings_ui(ui, view.text, &home, offers, &mut chosen, &mut self.locking),
                Route::Network => network_ui(ui, &view, &self.tests),
                Route::Shortcuts => {
                    shortcuts_ui(ui, view.text);
                    Vec::new()
                }
                Route::About => {
                    about_ui(ui, view.text);
                    Vec::new()
                }
            });
        });
        if self.details.as_ref().is_some_and(|details| details_ui(ui.ctx(), &view, details)) {
            self.details = None;
        }
        ui.ctx().set_zoom_factor(chosen.zoom);
        self.preferences = chosen;
        actions
    }

    fn toast_ui(&self, context: &egui::Context) {
        let Some((words, _)) = &self.toast else { return };
        let area = egui::Area::new(egui::Id::unique("toast"))
            .anchor(egui::Align2::CENTER_BOTTOM, [0.0, -72.0])
            .interactable(false);
        area.show(context, |ui| {
            egui::Frame::popup(ui.style()).show(ui, |ui| ui.label(words));
        });
    }

    fn on_tell(&mut self, context: &egui::Context, tell: Tell) {
        match tell {
            Tell::NoHome => self.gate = Gate::Welcome,
            Tell::Locked(again) => self.gate = Gate::Locked(again),
            Tell::Started(has_passphrase) => {
                self.gate = Gate::Open;
                self.background.running = true;
                self.typed.clear();
                self.locking.has_passphrase = has_passphrase;
                self.passphrase = None;
                self.ask_all(context, Model::questions());
            }
            Tell::Missed => {
                self.attend_missed();
                self.ask_all(context, Model::questions());
            }
            Tell::Failed(error) => {
                self.background.running = false;
                self.model = Model::default();
                self.chats.clear();
                (self.tests, self.details) = (Tests::default(), None);
                self.gate = Gate::Trouble(error);
            }
            Tell::Tested(whom, found) => self.on_tested(whom, found),
            Tell::Reported(Ok(report)) => self.perform(context, Action::Copy(report.to_text())),
            Tell::Reported(Err(error)) => {
                let words = trouble::in_one_line(&self.text, &error);
                self.say(context, words);
            }
            Tell::Event(event) => {
                self.describe_again(context, &event);
                let questions = self.model.apply(&event);
                self.attend(&event);
                self.ask_all(context, questions);
            }
            Tell::Answer(number, answer) => self.on_answer(context, number, answer),
            Tell::Searched(number, told) => self.on_searched(number, told),
            Tell::Checked(opens) => self.on_checked(opens),
            Tell::PassphraseSet(set) => self.on_passphrase_set(context, set),
            Tell::Stopped => {}
            Tell::Quit => self.quit(context),
            Tell::Lock => self.lock(context),
            Tell::Rung(ring) => self.appear(context, ring),
            Tell::Chosen(about) => self.on_chosen(context, about),
            Tell::Offers(offers) => self.on_offers(offers),
        }
    }

    /// Shows the invitation that the program was started with.
    pub fn invited_by(&mut self, link: &str) {
        link.clone_into(&mut self.adding.pasted);
        self.adding.wrong = None;
        self.route = Route::AddContact;
    }

    fn on_answer(&mut self, context: &egui::Context, number: u64, answer: Result<Answer, NodeError>) {
        let Some(command) = self.asked.remove(&number) else { return };
        let sent = self.sending.remove(&number);
        match answer {
            Ok(Answer::Message { message, state }) => {
                if let (Some((with, text)), Some(own)) = (sent, self.model.own()) {
                    let author = own.id;
                    self.model.sent(written(message, with, author, text, state));
                }
            }
            Ok(Answer::Contact(view)) if matches!(command, Command::AcceptInvitation { .. }) => {
                self.adding = Adding::default();
                let questions = self.model.answered(&command, Answer::Contact(view.clone()));
                self.ask_all(context, questions);
                self.open(context, view.id);
            }
            Ok(Answer::MessageDetails(details)) => self.details = Some(details),
            Ok(answer) => {
                let before = matches!(answer, Answer::Conversations(_)).then(|| self.unread());
                let questions = self.model.answered(&command, answer);
                before.into_iter().for_each(|before| self.attend_list(&before));
                self.ask_all(context, questions);
                if let Route::Chat(with) = self.route {
                    self.divide(context, with);
                }
            }
            Err(error) => {
                self.model.refused(&command);
                if let Some((with, text)) = sent {
                    // What could not be sent is not lost: it is there to be sent again.
                    let chat = self.chats.entry(with).or_default();
                    chat.draft = if chat.draft.is_empty() { text } else { format!("{text}\n{}", chat.draft) };
                    self.drafts.insert(with, 0.0);
                }
                let words = trouble::in_one_line(&self.text, &error);
                if matches!(command, Command::AcceptInvitation { .. }) {
                    self.adding.wrong = Some(words);
                } else {
                    self.say(context, words);
                }
            }
        }
    }

    fn perform(&mut self, context: &egui::Context, action: Action) {
        match action {
            Action::Go(route) => self.route = route,
            Action::Create(name, passphrase) => {
                self.gate = Gate::Working;
                self.backend.ask(Ask::Create(name, passphrase_of(&passphrase)));
            }
            Action::Unlock(passphrase) => self.unlock(&passphrase),
            Action::Lock => self.lock(context),
            Action::SetPassphrase(current, new) => self.set_passphrase(&current, &new),
            Action::SetStoreAside => {
                self.gate = Gate::Starting;
                self.backend.ask(Ask::SetStoreAside(self.passphrase.clone()));
            }
            Action::Retry => {
                self.gate = Gate::Starting;
                self.backend.ask(Ask::Start(None));
            }
            Action::Open(with) => self.open(context, with),
            Action::Send(with, text) => self.send(context, with, &text),
            Action::Draft(with, text) => {
                self.model.set_draft(with, &text);
                let now = context.input(|input| input.time);
                self.drafts.entry(with).or_insert(now);
            }
            Action::Load(with, part) => {
                let question = self.model.load(with, part);
                self.ask_all(context, question);
            }
            Action::Mark(with, mark) => {
                let conversation = reference(with);
                self.ask(context, Command::MarkConversation { conversation, mark });
            }
            Action::Test(whom) => {
                if self.tests.running.is_none() && self.backend.ask(Ask::Test(whom)) {
                    self.tests.running = Some(whom);
                }
            }
            Action::CopyReport => {
                self.backend.ask(Ask::Report);
            }
            Action::Describe(with, message) => self.describe(context, with, message),
            Action::Invite(_) | Action::Revoke(_) | Action::Accept(_) => {
                self.perform_invitation(context, action)
            }
            Action::Ask(command) => {
                if matches!(command, Command::RemoveContact { .. } | Command::IgnoreContact { .. }) {
                    self.route = Route::Nothing;
                }
                self.ask(context, command);
            }
            Action::Copy(text) => {
                context.copy_text(text);
                let words = self.text.say("copied");
                self.say(context, words);
            }
            Action::Speak(language) => {
                self.preferences.language = Some(language);
                self.text = Text::of(language);
            }
            Action::Theme(theme) => {
                self.preferences.theme = theme;
                context.set_theme(theme.preference());
            }
            Action::Dismiss => self.model.dismiss(),
            Action::Emoji | Action::EmojiUsed(_) | Action::SkinTone(_) => self.perform_emoji(&action),
            Action::Back => self.back(),
            Action::Close => context.send_viewport_cmd(ViewportCommand::Close),
            Action::Quit => self.quit(context),
            elsewhere @ (Action::Step(_)
            | Action::StepUnread(_)
            | Action::OpenAt(_)
            | Action::Newest(_)
            | Action::Archive
            | Action::Palette
            | Action::Search(_)
            | Action::SearchMessages(_)
            | Action::OpenFound(_)
            | Action::NextPane
            | Action::Zoom(_)) => self.go(context, elsewhere),
        }
    }

    fn describe(&mut self, context: &egui::Context, with: AccountId, message: MessageId) {
        let (conversation, message) = (reference(with), message.to_string());
        self.ask(context, Command::DescribeMessage { conversation, message });
    }

    /// What is shown of a message is shown as it is now.
    fn describe_again(&mut self, context: &egui::Context, event: &Event) {
        if let (Some(details), Event::MessageState { conversation, .. }) = (&self.details, event)
            && details.message.conversation == *conversation
        {
            self.describe(context, *conversation, details.message.id);
        }
    }

    fn on_tested(&mut self, whom: AccountId, found: Result<Tested, NodeError>) {
        self.tests.running = None;
        self.tests.found.insert(whom, found);
    }

    fn perform_invitation(&mut self, context: &egui::Context, action: Action) {
        match action {
            Action::Invite(many) => {
                let command =
                    Command::CreateInvitation { reusable: many, ask: many, expires_in: None, hints: true };
                self.ask(context, command);
            }
            Action::Revoke(invitation) => {
                let invitation = causerie_protocol::command::Reference::new(&invitation.id.to_string());
                self.model.invitation = None;
                self.ask(context, Command::RevokeInvitation { invitation });
            }
            Action::Accept(pasted) => {
                let link = link_in(&pasted).to_owned();
                self.ask(context, Command::AcceptInvitation { link, name: None, ignore_end: false });
            }
            _ => {}
        }
    }

    fn perform_emoji(&mut self, action: &Action) {
        match action {
            Action::EmojiUsed(emoji) => self.preferences.emoji.used(emoji),
            Action::SkinTone(tone) => self.preferences.emoji.tone = *tone,
            _ => {
                if let Route::Chat(with) = self.route {
                    self.chats.entry(with).or_default().toggle_picker();
                }
            }
        }
    }

    fn back(&mut self) {
        let chat = match self.route {
            Route::Chat(with) => self.chats.get_mut(&with),
            _ => None,
        };
        let on_top = self.palette.take().is_some() || self.details.take().is_some();
        if on_top || chat.is_some_and(Chat::close_popup) {
            return;
        }
        if !self.looking.words.is_empty() {
            self.looking.words.clear();
            return;
        }
        let left = self.route;
        self.route = match (left, self.searching.within) {
            (Route::Contact(whom), _) | (Route::Search, Some(whom)) => Route::Chat(whom),
            _ => Route::Nothing,
        };
        if left == Route::Search {
            self.search(None);
        }
    }

    fn open(&mut self, context: &egui::Context, with: AccountId) {
        self.route = Route::Chat(with);
        let unread = self.model.conversation(with).map_or(0, |one| one.unread);
        let kept_draft = self.model.conversation(with).map(|one| one.draft.clone());
        let chat = self
            .chats
            .entry(with)
            .or_insert_with(|| Chat { draft: kept_draft.unwrap_or_default(), ..Chat::default() });
        chat.close_popup();
        chat.focus = true;
        (chat.unread_from, chat.unread) = (None, unread);
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
    fn divide(&mut self, context: &egui::Context, with: AccountId) {
        let (Some(timeline), Some(chat)) = (self.model.timeline(with), self.chats.get_mut(&with)) else {
            return;
        };
        let Ok(unread @ 1..) = usize::try_from(chat.unread) else { return };
        if !timeline.is_begun() || !timeline.is_at_end() {
            return;
        }
        let theirs = timeline.rows().iter().rev().filter(|row| !row.outgoing);
        let (count, first) = theirs.take(unread).fold((0, None), |(count, _), row| (count + 1, Some(row.id)));
        if count < unread && !timeline.is_complete() && timeline.rows().len() < UNREAD_LOADED_MAX {
            let question = self.model.load(with, Part::Older);
            self.ask_all(context, question);
            return;
        }
        (chat.unread_from, chat.unread) = (first, 0);
        chat.list.to_unread();
    }

    fn send(&mut self, context: &egui::Context, with: AccountId, text: &str) {
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
    fn keep_drafts(&mut self, context: &egui::Context, now: f64) {
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

    fn ask_all(&mut self, context: &egui::Context, commands: impl IntoIterator<Item = Command>) {
        for command in commands {
            self.ask(context, command);
        }
    }

    fn ask(&mut self, context: &egui::Context, command: Command) -> Option<u64> {
        let number = self.next_number;
        if !self.backend.ask(Ask::Command(number, command.clone())) {
            let words = self.text.say("busy");
            self.say(context, words);
            return None;
        }
        self.next_number += 1;
        self.asked.insert(number, command);
        Some(number)
    }

    fn say(&mut self, context: &egui::Context, words: String) {
        let until = context.input(|input| input.time) + TOAST_LIFE;
        self.toast = Some((words, until));
        context.request_repaint_after_secs(4.1);
    }

    fn keep_preferences(&mut self, context: &egui::Context) {
        if let Some(inner) = context.input(|input| input.viewport().inner_rect)
            && !context.input(|input| input.viewport().maximized.unwrap_or(false))
        {
            self.preferences.size = [inner.width(), inner.height()];
        }
        // A size is kept when the program ends: a window that is dragged larger has a new one each pass.
        let chosen = Preferences { size: self.kept.size, ..self.preferences.clone() };
        let ends = context.input(|input| input.viewport().close_requested());
        if self.gate == Gate::Open && (chosen != self.kept || (ends && self.preferences != self.kept)) {
            self.preferences.keep(&self.place.home);
            self.kept = self.preferences.clone();
        }
    }
}

/// The invitation in a text with anything around it.
fn link_in(pasted: &str) -> &str {
    let words = pasted
        .split(|one: char| one.is_whitespace() || matches!(one, '<' | '>' | '"' | '«' | '»' | '(' | ')'));
    let mut links =
        words.filter(|word| word.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("causerie:")));
    links.next().unwrap_or_else(|| pasted.trim())
}

fn passphrase_of(typed: &str) -> Option<Passphrase> {
    Passphrase::new(typed.as_bytes().to_vec()).ok().filter(|_| !typed.is_empty())
}

/// A message as it stands right after it was written.
fn written(
    id: MessageId,
    with: AccountId,
    author: AccountId,
    text: String,
    state: MessageState,
) -> MessageView {
    let now = jiff::Timestamp::now().as_millisecond();
    MessageView {
        id,
        conversation: with,
        author,
        outgoing: true,
        text: Some(text),
        sent_at: WallTime::from_millis(u64::try_from(now).unwrap_or_default()),
        received_at: None,
        state,
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::link_in;

    #[test]
    fn a_link_is_found_with_anything_around_it() {
        for pasted in [
            "causerie:1:abc",
            " causerie:1:abc\n",
            "voici mon lien : causerie:1:abc",
            "My invitation:\n<causerie:1:abc> see you",
            "(causerie:1:abc)",
        ] {
            assert_eq!(link_in(pasted), "causerie:1:abc", "{pasted}");
        }
        assert_eq!(link_in("  nonsense words "), "nonsense words");
    }
}
