//! Keeps how the home uses networks beyond its own.
//!
//! The node goes on as it started: whoever hides from now on would not be hidden from what was said before, and a home
//! that is locked would have to be opened again.

use causerie_node::{choices::Choices, error::NodeError};
use eframe::egui;

use super::App;
use crate::backend::Ask;

impl App {
    /// Hands it over to be written.
    pub(super) fn keep_choices(&mut self, context: &egui::Context, choices: Box<Choices>, replaces: bool) {
        self.choosing.beyond.keeping = Some(choices.clone());
        if !self.backend.ask(Ask::KeepChoices(choices, replaces)) {
            self.choosing.beyond.keeping = None;
            let words = self.text.say("busy");
            self.say(context, words);
        }
    }

    /// It was written, or not; why not may be that the file has changed meanwhile.
    pub(super) fn on_choices_kept(&mut self, context: &egui::Context, kept: Result<(), NodeError>) {
        if kept.is_ok() {
            let words = self.text.say("beyond-saved");
            self.say(context, words);
        } else {
            self.backend.ask(Ask::ReadChoices);
        }
        self.choosing.beyond.kept(kept);
    }
}
