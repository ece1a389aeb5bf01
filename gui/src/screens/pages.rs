//! Pages that are read and chosen from: settings, keys, about.

use eframe::egui;

use crate::{
    action::{Action, Shortcut},
    desktop::Offers,
    preferences::{Language, Preferences, Theme},
    route::Route,
    screens::{
        background::background_cards,
        card, code,
        locking::{Locking, locking_ui},
        page, words,
    },
    text::Text,
    theme,
};

/// What can be chosen; what was is in `chosen` at once.
pub fn settings_ui(
    ui: &mut egui::Ui,
    text: &Text,
    home: &str,
    offers: Offers,
    chosen: &mut Preferences,
    locking: &mut Locking,
) -> Vec<Action> {
    let mut actions = Vec::new();
    page(ui, &text.say("settings-title"), |ui| {
        card(ui, |ui| {
            ui.label(theme::strong(text.say("settings-language")));
            ui.horizontal_wrapped(|ui| {
                theme::outline_choices(ui);
                for language in Language::ALL {
                    if ui.radio(text.language() == language, language.name()).clicked() {
                        actions.push(Action::Speak(language));
                    }
                }
            });
        });
        card(ui, |ui| {
            ui.label(theme::strong(text.say("settings-theme")));
            ui.horizontal_wrapped(|ui| {
                theme::outline_choices(ui);
                for theme in Theme::ALL {
                    let label = match theme {
                        Theme::System => "theme-system",
                        Theme::Light => "theme-light",
                        Theme::Dark => "theme-dark",
                    };
                    if ui.radio(chosen.theme == theme, text.say(label)).clicked() {
                        actions.push(Action::Theme(theme));
                    }
                }
            });
        });
        card(ui, |ui| {
            let label = ui.label(theme::strong(text.say("settings-zoom")));
            let mut zoom = chosen.zoom;
            let slider = egui::Slider::new(&mut zoom, 0.75..=2.0)
                .step_by(0.05)
                .custom_formatter(|zoom, _| format!("{:.0} %", zoom * 100.0));
            let slider = ui.add(slider).labelled_by(label.id);
            // While it is dragged, a window that grows would move it away from under the pointer.
            if slider.drag_stopped() || (slider.changed() && !slider.dragged()) {
                chosen.zoom = zoom;
            }
        });
        locking_ui(ui, text, chosen, locking, &mut actions);
        background_cards(ui, text, offers, chosen);
        card(ui, |ui| {
            ui.weak(text.say("settings-home"));
            code(ui, home, 12.0);
        });
        ui.horizontal_wrapped(|ui| {
            for (key, route) in [("shortcuts-title", Route::Shortcuts), ("about-title", Route::About)] {
                if ui.button(text.say(key)).clicked() {
                    actions.push(Action::Go(route));
                }
            }
        });
    });
    actions
}

/// The keys.
pub fn shortcuts_ui(ui: &mut egui::Ui, text: &Text) {
    page(ui, &text.say("shortcuts-title"), |ui| {
        egui::Grid::new("shortcuts").num_columns(2).spacing([24.0, 10.0]).show(ui, |ui| {
            for shortcut in Shortcut::ALL {
                ui.label(text.say(shortcut.label()));
                ui.monospace(shortcut.all_shown(text));
                ui.end_row();
            }
            ui.label(text.say("shortcut-digits"));
            ui.monospace("Alt+1 … Alt+9\nCtrl+1 … Ctrl+9");
            ui.end_row();
        });
    });
}

/// What this program is.
pub fn about_ui(ui: &mut egui::Ui, text: &Text) {
    page(ui, &text.say("about-title"), |ui| {
        let version = env!("CARGO_PKG_VERSION");
        words(ui, text.say_with("about-version", &[("version", version.into())]));
        words(ui, text.say("about-text"));
    });
}
