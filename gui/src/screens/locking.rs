//! The part of the settings about the passphrase and when the window locks.

use eframe::egui;
use zeroize::Zeroize as _;

use crate::{
    action::{Action, Shortcut},
    preferences::{LOCK_AFTER, Preferences},
    screens::{card, gate::field, primary_button, words},
    text::Text,
    theme,
};

/// What is typed here.
#[derive(Debug, Default)]
pub struct Locking {
    /// Whether the home has a passphrase.
    pub has_passphrase: bool,
    /// Whether one is being set: stretching it takes a moment.
    pub working: bool,
    /// Why the last one was not set.
    pub wrong: Option<String>,
    current: String,
    new: String,
    again: String,
}

impl Drop for Locking {
    fn drop(&mut self) {
        for typed in [&mut self.current, &mut self.new, &mut self.again] {
            typed.zeroize();
        }
    }
}

/// Paints it.
pub fn locking_ui(
    ui: &mut egui::Ui,
    text: &Text,
    chosen: &mut Preferences,
    locking: &mut Locking,
    actions: &mut Vec<Action>,
) {
    card(ui, |ui| {
        ui.label(theme::strong(text.say("passphrase-title")));
        let key = if locking.has_passphrase { "passphrase-there" } else { "passphrase-none" };
        words(ui, text.say(key));
        if locking.has_passphrase {
            field(ui, &text.say("passphrase-current"), &mut locking.current, true);
        }
        field(ui, &text.say("passphrase-new"), &mut locking.new, true);
        field(ui, &text.say("passphrase-again"), &mut locking.again, true);
        let same = locking.new == locking.again;
        if !same && !locking.again.is_empty() {
            ui.colored_label(theme::palette(ui).bad, text.say("passphrase-differs"));
        }
        if let Some(wrong) = &locking.wrong {
            ui.colored_label(theme::palette(ui).bad, wrong);
        }
        let opened = !locking.has_passphrase || !locking.current.is_empty();
        ui.horizontal_wrapped(|ui| {
            let ready = opened && same && !locking.new.is_empty() && !locking.working;
            if primary_button(ui, &text.say("passphrase-set"), ready) {
                actions.push(Action::SetPassphrase(locking.current.clone(), locking.new.clone()));
            }
            if locking.has_passphrase {
                let remove = egui::Button::new(text.say("passphrase-remove"));
                let ready = opened && locking.new.is_empty() && !locking.working;
                if ui.add_enabled(ready, remove).clicked() {
                    actions.push(Action::SetPassphrase(locking.current.clone(), String::new()));
                }
            }
        });
    });
    if locking.has_passphrase {
        card(ui, |ui| when(ui, text, chosen, actions));
    }
}

/// When the window locks by itself.
fn when(ui: &mut egui::Ui, text: &Text, chosen: &mut Preferences, actions: &mut Vec<Action>) {
    ui.label(theme::strong(text.say("lock-title")));
    words(ui, text.say("lock-text"));
    ui.horizontal_wrapped(|ui| {
        theme::outline_choices(ui);
        for minutes in LOCK_AFTER {
            let label = match minutes {
                None => text.say("lock-never"),
                Some(minutes) => text.say_with("lock-after", &[("minutes", minutes.into())]),
            };
            ui.radio_value(&mut chosen.lock_after, minutes, label);
        }
    });
    let now = egui::Button::new(text.say("shortcut-lock")).shortcut_text(Shortcut::Lock.shown(text));
    if ui.add(now).clicked() {
        actions.push(Action::Lock);
    }
}
