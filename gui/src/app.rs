//! What a window shows: [`App::logic`] folds what the node tells and does what was asked; [`App::ui`] paints the screen.
//!
//! ```text
//! node ── Tell ──▶ Model ──▶ screens ──▶ Actions ──▶ Ask ──▶ node
//! ```
//!
//! Nothing here waits. A pass is made when something happened, and none otherwise. It outlives its window:
//! `background.rs`.

use std::{collections::BTreeMap, time::Instant};

use causerie_node::{crash, error::NodeError};
use causerie_protocol::{
    answer::{Answer, MessageDetails},
    command::Command,
    ids::AccountId,
    vault::passphrase::Passphrase,
};
use eframe::egui::{self, ViewportCommand};

use crate::{
    action::{Action, Shortcut},
    backend::{Ask, Backend, Place, Tell},
    components::focus_ring::focus_ring,
    desktop::Bus,
    model::{Model, reference},
    preferences::{Language, Preferences},
    qr_reading::link_in,
    route::Route,
    screens::{
        View,
        add_contact::{Adding, add_contact_ui},
        chat::{Chat, chat_ui},
        contact::{Editing, contact_ui},
        crashed::Crashed,
        details::details_ui,
        gate::{Gate, Typed, gate_ui},
        list::{Looking, list_ui},
        locking::Locking,
        network::{Tests, network_ui},
        notice_ui,
        pages::{Around, Choosing, about_ui, settings_ui, shortcuts_ui},
        palette::Palette,
        search::{Searching, search_ui},
    },
    storage::Stored,
    text::{Text, now, today},
    trouble,
    window::Waker,
};

mod background;
mod beyond;
mod conversing;
mod finding;
mod locking;

pub use background::Next;

/// How long a draft may be ahead of what is kept: typing on does not write each letter.
const DRAFT_PAUSE: f64 = 1.0;

/// How long a toast is shown, in seconds.
const TOAST_LIFE: f64 = 4.0;

/// Below this width the list and what is beside it take turns.
const NARROW: f32 = 620.0;

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
    choosing: Choosing,
    /// Whether what lies in the home is counted: while the settings are shown.
    measuring: bool,
    stored: Option<Stored>,
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
    /// Where the list ends, and what is beside it begins.
    list_edge: f32,
    /// What the list took the place of by keys, and gives it back to.
    beside: Option<Route>,
    /// What the window is called.
    title: String,
    background: background::Background,
    /// What a run before left behind when it broke.
    crashed: Option<Crashed>,
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
        let crashed = crash::left_behind(&place.home).map(|crash| Crashed { crash, open: false });
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
            choosing: Choosing::default(),
            measuring: false,
            stored: None,
            active: Instant::now(),
            tests: Tests::default(),
            details: None,
            asked: BTreeMap::new(),
            next_number: 0,
            sending: BTreeMap::new(),
            drafts: BTreeMap::new(),
            toast: None,
            narrow: false,
            list_edge: 0.0,
            beside: None,
            title: String::new(),
            background,
            crashed,
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
                // A menu does not stay open over something else, and Escape does no more than close it.
                if egui::Popup::is_any_open(context) {
                    egui::Popup::close_all(context);
                    if matches!(action, Action::Back) {
                        continue;
                    }
                }
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
        let watched = match self.route {
            Route::Chat(with)
                if self.gate == Gate::Open
                    && context.input(|input| input.viewport().focused.unwrap_or(true)) =>
            {
                Some(with)
            }
            _ => None,
        };
        if watched != self.model.watched
            && let Some(with) = watched
            && self.model.conversation(with).is_some_and(|one| one.unread > 0)
        {
            // What came while somebody looked elsewhere is read by coming back.
            self.ask(context, Command::MarkRead { conversation: reference(with) });
        }
        self.model.watched = watched;
        let unread = self.model.unread();
        let title = self.text.say("app-name");
        let title = if unread > 0 { format!("({unread}) {title}") } else { title };
        // Each command to the window makes a pass of its own.
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        self.measure();
        self.keep_preferences(context);
        self.tell_around();
    }

    /// Counts what lies in the home for as long as somebody looks at it, and reads what can be chosen there.
    fn measure(&mut self) {
        let wanted = self.gate == Gate::Open && self.route == Route::Settings;
        if wanted != self.measuring && self.backend.ask(Ask::Measure(wanted)) {
            (self.measuring, self.stored) = (wanted, None);
            if wanted {
                self.backend.ask(Ask::ReadChoices);
            }
        }
    }

    /// Takes what was told.
    fn listen(&mut self, context: &egui::Context) {
        while let Some(tell) = self.backend.take() {
            self.on_tell(context, tell);
        }
    }

    /// Paints the screen.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        let was_covered = self.is_covered();
        let mut actions = self.crashed_ui(ui);
        if self.gate == Gate::Open {
            actions.extend(self.conversations_ui(ui));
        } else {
            egui::CentralPanel::default().show(ui, |ui| {
                let gate = core::mem::discriminant(&self.gate);
                let painted = ui.push_id(gate, |ui| gate_ui(ui, &self.text, &self.gate, &mut self.typed));
                actions.extend(painted.inner);
            });
        }
        actions.extend(self.palette_ui(ui));
        self.toast_ui(ui.ctx());
        focus_ring(ui);
        let context = ui.ctx().clone();
        self.closing_ui(&context);
        for action in actions {
            self.perform(&context, action);
        }
        if was_covered && !self.is_covered() {
            // Where clicks go is known from the last pass: one that comes right now is not to go to what is gone.
            context.request_discard("what lay on top is gone");
        }
    }

    /// Whether something lies on top of everything.
    const fn is_covered(&self) -> bool {
        self.palette.is_some()
            || self.details.is_some()
            || self.editing.is_asking()
            || self.is_asking_to_close()
            || matches!(&self.crashed, Some(crashed) if crashed.open)
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
        let view = View {
            model: &self.model,
            text: &self.text,
            preferences: &self.preferences,
            now: now(),
            today: today(),
        };
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
            let shown = panel.show(ui, |ui| actions.extend(list_ui(ui, &view, &mut self.looking, route)));
            self.list_edge = shown.response.rect.right();
        }
        if narrow {
            egui::Panel::top("back").show_separator_line(false).show(ui, |ui| {
                if ui.button(self.text.say("shortcut-back")).clicked() {
                    actions.push(Action::Back);
                }
            });
        }
        let mut chosen = self.preferences.clone();
        let home = self.place.home.display().to_string();
        let offers = self.offers();
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(0);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            // Each page is scrolled, and typed into, for itself.
            let painted = ui.push_id(route, |ui| match route {
                Route::Nothing => {
                    ui.centered_and_justified(|ui| ui.weak(view.text.say("chat-choose")));
                    Vec::new()
                }
                Route::Chat(with) => chat_ui(ui, &view, with, self.chats.entry(with).or_default()),
                Route::Contact(whom) => contact_ui(ui, &view, whom, &mut self.editing),
                Route::AddContact => add_contact_ui(ui, &view, &mut self.adding, offers),
                Route::Search => search_ui(ui, &view, &mut self.searching),
                Route::Settings => {
                    let devices = self.model.devices.clone();
                    let around = Around { home: &home, offers, stored: self.stored, devices: &devices };
                    settings_ui(ui, view.text, around, &mut self.choosing, &mut chosen, &mut self.locking)
                }
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
            actions.extend(painted.inner);
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
            Tell::Elsewhere => {
                let questions = self.model.elsewhere();
                self.ask_all(context, questions);
            }
            Tell::Missed => {
                self.attend_missed();
                let pages = self.model.elsewhere();
                self.ask_all(context, std::iter::once(Command::Status).chain(pages));
            }
            Tell::Failed(error) => {
                self.background.running = false;
                self.model = Model::default();
                self.chats.clear();
                (self.tests, self.details) = (Tests::default(), None);
                self.gate = Gate::Trouble(error);
            }
            Tell::Tested(whom, found) => {
                self.tests.running = None;
                self.tests.found.insert(whom, found);
            }
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
            Tell::FirstUnread(number, with, found) => self.on_first_unread(number, with, found),
            Tell::Measured(stored) => self.stored = Some(stored),
            Tell::Checked(opens) => self.on_checked(context, opens),
            Tell::PassphraseSet(set) => self.on_passphrase_set(context, set),
            Tell::Choices(read) => self.choosing.beyond.told(read),
            Tell::ChoicesKept(kept) => self.on_choices_kept(context, kept),
            Tell::Stopped => {}
            Tell::Quit => self.quit(context),
            Tell::Lock => self.lock(context),
            Tell::Rung(ring) => self.appear(context, ring),
            Tell::Chosen(about) => self.on_chosen(context, about),
            Tell::Files(files) => self.adding.look_into(files),
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
                    self.model.sent(conversing::written(message, with, author, text, state));
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
            Action::Create(..)
            | Action::Unlock(_)
            | Action::Lock
            | Action::SetPassphrase(..)
            | Action::SetStoreAside
            | Action::SetChoicesAside
            | Action::Retry => self.perform_gate(context, action),
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
            Action::KeepChoices(choices, replaces) => self.keep_choices(context, choices, replaces),
            Action::ChooseFile => self.choose_file(),
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
            Action::Copy(text) => self.copy(context, text),
            Action::Speak(_) | Action::Theme(_) => self.perform_look(context, &action),
            Action::Dismiss => self.model.dismiss(),
            Action::DismissCrash => self.dismiss_crash(),
            Action::Emoji | Action::EmojiUsed(_) | Action::SkinTone(_) => self.perform_emoji(&action),
            Action::Back => self.back(),
            Action::Close => context.send_viewport_cmd(ViewportCommand::Close),
            Action::Quit => self.quit(context),
            elsewhere @ (Action::Step(_)
            | Action::StepUnread(_)
            | Action::OpenAt(_)
            | Action::Newest(_)
            | Action::FirstUnread(_)
            | Action::Archive
            | Action::Palette
            | Action::Search(_)
            | Action::SearchMessages(_)
            | Action::OpenFound(_)
            | Action::NextPane
            | Action::Zoom(_)) => self.go(context, elsewhere),
        }
    }

    fn copy(&mut self, context: &egui::Context, text: String) {
        context.copy_text(text);
        let words = self.text.say("copied");
        self.say(context, words);
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
                let link = link_in(&pasted).unwrap_or_else(|| pasted.trim()).to_owned();
                self.ask(context, Command::AcceptInvitation { link, name: None, ignore_end: false });
            }
            _ => {}
        }
    }

    fn perform_look(&mut self, context: &egui::Context, action: &Action) {
        match *action {
            Action::Speak(language) => {
                self.preferences.language = Some(language);
                self.text = Text::of(language);
            }
            Action::Theme(theme) => {
                self.preferences.theme = theme;
                context.set_theme(theme.preference());
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
        let looked_for =
            if self.route == Route::Settings { &mut self.choosing.words } else { &mut self.looking.words };
        if !std::mem::take(looked_for).is_empty() {
            return;
        }
        let left = self.route;
        self.beside = None;
        self.route = match (left, self.searching.within) {
            (Route::Contact(whom), _) | (Route::Search, Some(whom)) => Route::Chat(whom),
            _ => Route::Nothing,
        };
        if left == Route::Search {
            self.search(None);
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
            self.model.refused(&command);
            return None;
        }
        self.next_number += 1;
        self.model.asked(&command);
        self.asked.insert(number, command);
        Some(number)
    }

    fn say(&mut self, context: &egui::Context, words: String) {
        let until = context.input(|input| input.time) + TOAST_LIFE;
        self.toast = Some((words, until));
        context.request_repaint_after_secs(4.1);
    }

    fn keep_preferences(&mut self, context: &egui::Context) {
        let (inner, outer, maximized, ends) = context.input(|input| {
            let window = input.viewport();
            let maximized = window.maximized.unwrap_or(false);
            // Wayland says neither a place nor, with it, a size: then it is as large as what is painted.
            (
                window.inner_rect.or(input.raw.screen_rect),
                window.outer_rect,
                maximized,
                window.close_requested(),
            )
        });
        // A window opens before it is zoomed.
        let zoom = context.zoom_factor();
        if let Some(inner) = inner.filter(|_| !maximized) {
            self.preferences.size = [inner.width() * zoom, inner.height() * zoom];
            self.preferences.place = outer.map(|outer| [outer.left() * zoom, outer.top() * zoom]);
        }
        // These are kept when the program ends: a window that is dragged has new ones each pass.
        let Preferences { size, place, .. } = self.kept;
        let chosen = Preferences { size, place, ..self.preferences.clone() };
        let may_keep = matches!(self.gate, Gate::Open | Gate::Shut(_));
        if may_keep && (chosen != self.kept || (ends && self.preferences != self.kept)) {
            self.preferences.keep(&self.place.home);
            self.kept = self.preferences.clone();
        }
    }
}

fn passphrase_of(typed: &str) -> Option<Passphrase> {
    Passphrase::new(typed.as_bytes().to_vec()).ok().filter(|_| !typed.is_empty())
}
