//! The window behind its lock: what is seen is hidden, while the node goes on receiving.
//!
//! The keys stay in memory, where messages that arrive need them. Whoever wants them gone ends the program.

use std::time::{Duration, Instant};

use causerie_node::{crash, error::NodeError};
use eframe::egui;

use super::{App, passphrase_of};
use crate::{
    action::Action,
    backend::Ask,
    route::Route,
    screens::{crashed::crashed_ui, gate::Gate, locking::Locking},
    trouble,
};

impl App {
    /// Says that the program broke, until that was read.
    pub(super) fn crashed_ui(&mut self, ui: &mut egui::Ui) -> Vec<Action> {
        let Some(crashed) = &mut self.crashed else { return Vec::new() };
        let panel = egui::Panel::top("crashed");
        panel.show(ui, |ui| crashed_ui(ui, &self.text, crashed)).inner
    }

    pub(super) fn dismiss_crash(&mut self) {
        // Where it cannot be renamed it is told again at the next start.
        crash::told(&self.place.home).ok();
        self.crashed = None;
    }

    /// Does what opens or locks the home and its window.
    pub(super) fn perform_gate(&mut self, context: &egui::Context, action: Action) {
        match action {
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
            Action::SetChoicesAside => {
                self.gate = Gate::Starting;
                self.backend.ask(Ask::SetChoicesAside);
            }
            Action::Retry => {
                self.gate = Gate::Starting;
                self.backend.ask(Ask::Start(None));
            }
            _ => {}
        }
    }

    /// Locks when nobody did anything for as long as was chosen.
    pub(super) fn lock_when_idle(&mut self, context: &egui::Context) {
        let now = Instant::now();
        if context.input(|input| !input.events.is_empty()) {
            self.active = now;
        }
        let Some(minutes) = self.preferences.lock_after else { return };
        if self.gate != Gate::Open || !self.locking.has_passphrase {
            return;
        }
        let rest = Duration::from_secs(u64::from(minutes) * 60).saturating_sub(now - self.active);
        if rest.is_zero() {
            self.lock(context);
        } else {
            context.request_repaint_after(rest);
        }
    }

    /// Locks, where there is a passphrase to come back with; otherwise shows where one is set.
    pub(super) fn lock(&mut self, context: &egui::Context) {
        if self.locking.has_passphrase {
            self.typed.clear();
            self.palette = None;
            self.gate = Gate::Shut(false);
            self.hush();
        } else {
            self.route = Route::Settings;
            let words = self.text.say("lock-needs-passphrase");
            self.say(context, words);
        }
    }

    /// Tries a passphrase: on a window that was locked, or on a home that is not open yet.
    fn unlock(&mut self, typed: &str) {
        self.typed.clear();
        let Some(passphrase) = passphrase_of(typed) else { return };
        if matches!(self.gate, Gate::Shut(_)) {
            self.backend.ask(Ask::Check(passphrase));
        } else {
            self.gate = Gate::Starting;
            self.passphrase = Some(passphrase.clone());
            self.backend.ask(Ask::Start(Some(passphrase)));
        }
    }

    pub(super) fn on_checked(&mut self, context: &egui::Context, opens: bool) {
        if matches!(self.gate, Gate::Shut(_)) {
            self.active = Instant::now();
            self.gate = if opens { Gate::Open } else { Gate::Shut(true) };
            if opens {
                self.open_chosen(context);
            }
        }
    }

    fn set_passphrase(&mut self, current: &str, new: &str) {
        self.locking.working = true;
        self.backend.ask(Ask::SetPassphrase(passphrase_of(current), passphrase_of(new)));
    }

    pub(super) fn on_passphrase_set(&mut self, context: &egui::Context, set: Result<bool, NodeError>) {
        self.locking.working = false;
        match set {
            Ok(has_passphrase) => {
                self.locking = Locking::default();
                self.locking.has_passphrase = has_passphrase;
                self.passphrase = None;
                let key = if has_passphrase { "passphrase-is-set" } else { "passphrase-is-removed" };
                let words = self.text.say(key);
                self.say(context, words);
            }
            Err(error) => self.locking.wrong = Some(trouble::in_one_line(&self.text, &error)),
        }
    }
}
