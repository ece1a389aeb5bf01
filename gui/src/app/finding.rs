//! Going somewhere: up and down the list, to what was looked for, to what was not read.

use causerie_protocol::{
    command::{Command, ConversationMark},
    ids::AccountId,
};
use eframe::egui;

use super::App;
use crate::{
    action::{Action, Zoom},
    backend::Ask,
    model::reference,
    route::Route,
    screens::{
        View,
        gate::Gate,
        list::rows,
        palette::{Palette, palette_ui},
        search::Searching,
    },
    search::{Found, Query, Told},
    text::{now, today},
};

impl App {
    /// Does what leads somewhere else.
    pub(super) fn go(&mut self, context: &egui::Context, action: Action) {
        match action {
            Action::Step(by) => self.step(context, by),
            Action::StepUnread(by) => self.step_unread(context, by),
            Action::OpenAt(place) => {
                if let Some(with) = self.listed().get(place).copied() {
                    self.open(context, with);
                }
            }
            Action::Newest(with) => self.go_to_newest(context, with),
            Action::FirstUnread(with) => self.go_to_unread(context, with),
            Action::Archive => self.archive(context),
            Action::Palette => self.palette = Some(Palette::default()),
            Action::Search(here) => self.begin_search(here),
            Action::SearchMessages(query) => self.search(query),
            Action::OpenFound(found) => self.open_found(context, *found),
            Action::NextPane => self.next_pane(context),
            Action::Zoom(zoom) => self.zoom(context, zoom),
            _ => {}
        }
    }

    /// Who is in the list, in its order.
    fn listed(&self) -> Vec<AccountId> {
        let view = View {
            model: &self.model,
            text: &self.text,
            preferences: &self.preferences,
            now: now(),
            today: today(),
        };
        rows(&view, &self.looking).into_iter().map(|row| row.with).collect()
    }

    fn step(&mut self, context: &egui::Context, by: isize) {
        let listed = self.listed();
        let here = match self.route {
            Route::Chat(with) | Route::Contact(with) => listed.iter().position(|one| *one == with),
            _ => None,
        };
        let next = match here {
            Some(here) => here.checked_add_signed(by),
            None => Some(0),
        };
        if let Some(with) = next.and_then(|next| listed.get(next)).copied() {
            self.open(context, with);
        }
    }

    /// Opens the next conversation in which something was not read.
    fn step_unread(&mut self, context: &egui::Context, by: isize) {
        let listed = self.listed();
        let unread = |with: &&AccountId| self.model.conversation(**with).is_some_and(|one| one.unread > 0);
        let here = match self.route {
            Route::Chat(with) | Route::Contact(with) => listed.iter().position(|one| *one == with),
            _ => None,
        };
        let next = match here {
            Some(here) if by < 0 => listed.iter().take(here).rev().find(unread),
            Some(here) => listed.iter().skip(here + 1).find(unread),
            None => listed.iter().find(unread),
        };
        if let Some(with) = next.copied() {
            self.open(context, with);
        }
    }

    pub(super) fn go_to_newest(&mut self, context: &egui::Context, with: AccountId) {
        let question = self.model.go_to(with, Vec::new());
        self.chats.entry(with).or_default().list.to_bottom();
        self.ask_all(context, question);
    }

    fn archive(&mut self, context: &egui::Context) {
        if let Route::Chat(with) = self.route
            && let Some(one) = self.model.conversation(with)
        {
            let mark = ConversationMark::Archived(!one.archived);
            self.ask(context, Command::MarkConversation { conversation: reference(with), mark });
        }
    }

    /// From the list to what is beside it, and back.
    fn next_pane(&mut self, context: &egui::Context) {
        if self.is_in_list(context) {
            if let Some(beside) = self.beside.take() {
                self.route = beside;
            }
            if let Route::Chat(with) = self.route {
                self.chats.entry(with).or_default().focus = true;
                return;
            }
        } else if self.narrow {
            self.beside = Some(std::mem::replace(&mut self.route, Route::Nothing));
        }
        self.looking.focus = true;
    }

    /// Whether keys go to the list.
    fn is_in_list(&self, context: &egui::Context) -> bool {
        if self.narrow {
            return self.route == Route::Nothing;
        }
        let focused = context.memory(egui::Memory::focused).and_then(|id| context.read_response(id));
        focused.is_some_and(|one| one.rect.right() <= self.list_edge)
    }

    fn zoom(&mut self, context: &egui::Context, zoom: Zoom) {
        let zoomed = match zoom {
            Zoom::In => self.preferences.zoom + 0.1,
            Zoom::Out => self.preferences.zoom - 0.1,
            Zoom::Reset => 1.0,
        };
        self.preferences.zoom = zoomed.clamp(0.75, 2.0);
        context.set_zoom_factor(self.preferences.zoom);
    }

    pub(super) fn palette_ui(&mut self, ui: &egui::Ui) -> Option<Action> {
        let palette = self.palette.as_mut().filter(|_| self.gate == Gate::Open)?;
        let view = View {
            model: &self.model,
            text: &self.text,
            preferences: &self.preferences,
            now: now(),
            today: today(),
        };
        let asked = palette_ui(ui, &view, self.route, palette)?;
        if !matches!(asked, Action::Back) {
            self.palette = None;
        }
        Some(asked)
    }

    /// Shows where messages are looked for: in the conversation that is shown, or in all.
    fn begin_search(&mut self, here: bool) {
        let within = match self.route {
            Route::Chat(with) | Route::Contact(with) if here => Some(with),
            Route::Search if here => self.searching.within,
            _ => None,
        };
        let words = std::mem::take(&mut self.searching.words);
        let number = self.searching.number;
        self.searching = Searching { words, within, number, focus: true, ..Searching::default() };
        self.route = Route::Search;
        self.search(self.searching.query());
    }

    pub(super) fn search(&mut self, query: Option<Query>) {
        self.searching.begin();
        self.backend.ask(Ask::Search(self.searching.number, query));
    }

    pub(super) fn on_searched(&mut self, number: u64, told: Told) {
        if number == self.searching.number {
            self.searching.take(told);
        }
    }

    /// Shows a message where it was said.
    fn open_found(&mut self, context: &egui::Context, found: Found) {
        let (with, id) = (found.message.conversation, found.message.id);
        self.open(context, with);
        let question = self.model.go_to(with, found.newer);
        let chat = self.chats.entry(with).or_default();
        chat.list.to_message(id);
        // What was not read does not take the view away from it.
        (chat.found, chat.unread) = (Some(id), 0);
        self.ask_all(context, question);
    }
}
