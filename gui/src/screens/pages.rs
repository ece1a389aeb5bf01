//! Pages that are read and chosen from: settings, keys, about.

use causerie_protocol::answer::DeviceView;
use eframe::egui::{self, Role, TextEdit, WidgetInfo};

use crate::{
    action::{Action, Shortcut},
    components::say,
    desktop::Offers,
    preferences::{Language, Preferences, Theme},
    route::Route,
    screens::{
        background::{closing_card, notifications_card},
        beyond::{Beyond, beyond_card},
        card,
        devices::devices_card,
        locking::{Locking, locking_ui},
        page,
        storage::storage_card,
        words,
    },
    storage::Stored,
    text::Text,
    theme,
};

/// What the settings are told.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Where everything lies.
    pub home: &'a str,
    /// What the desktop has for us.
    pub offers: Offers,
    /// How much lies there, once something was counted.
    pub stored: Option<Stored>,
    /// The devices of the own account, once they were told.
    pub devices: &'a [DeviceView],
}

/// What is typed on the page with settings.
#[derive(Debug, Default)]
pub struct Choosing {
    /// What is looked for.
    pub words: String,
    /// What is chosen about networks beyond our own, and not kept yet.
    pub beyond: Beyond,
    /// Whether the question is open that comes before a copy becomes a device.
    pub separating: bool,
    /// The last pass that painted this page.
    painted: Option<u64>,
}

/// What can be chosen; what was is in `chosen` at once.
pub fn settings_ui(
    ui: &mut egui::Ui,
    text: &Text,
    around: Around<'_>,
    choosing: &mut Choosing,
    chosen: &mut Preferences,
    locking: &mut Locking,
) -> Vec<Action> {
    let mut actions = Vec::new();
    page(ui, &text.say("settings-title"), |ui| {
        find(ui, text, choosing);
        let wanted: Vec<String> = choosing.words.split_whitespace().map(say::folded).collect();
        let mut any = false;
        let mut has = |part: &Part<'_>| {
            let is_wanted = part.has(text, &wanted);
            any |= is_wanted;
            is_wanted
        };
        if has(&LANGUAGE) {
            language(ui, text, &mut actions);
        }
        if has(&APPEARANCE) {
            appearance(ui, text, chosen, &mut actions);
        }
        if has(&SIZE) {
            size(ui, text, chosen);
        }
        if has(&LOCKING) {
            locking_ui(ui, text, chosen, locking, &mut actions);
        }
        if has(&NOTIFICATIONS) {
            notifications_card(ui, text, around.offers, chosen);
        }
        if has(&CLOSING) {
            closing_card(ui, text, around.offers, chosen);
        }
        if has(&BEYOND) {
            beyond_card(ui, text, &mut choosing.beyond, &mut actions);
        }
        if has(&DEVICES) {
            devices_card(ui, text, around.devices, &mut choosing.separating, &mut actions);
        }
        if has(&STORAGE) {
            storage_card(ui, text, around.home, around.stored);
        }
        ui.horizontal_wrapped(|ui| {
            for (key, route) in [("shortcuts-title", Route::Shortcuts), ("about-title", Route::About)] {
                if has(&Part(&[key])) && ui.button(text.say(key)).clicked() {
                    actions.push(Action::Go(route));
                }
            }
        });
        if !any {
            words(ui, text.say("settings-nothing"));
        }
    });
    actions
}

/// A part of the settings, by the sentences that it is found by.
struct Part<'a>(&'a [&'a str]);

const LANGUAGE: Part<'_> = Part(&["settings-language", "settings-languages"]);
const APPEARANCE: Part<'_> = Part(&["settings-theme", "theme-system", "theme-light", "theme-dark"]);
const SIZE: Part<'_> = Part(&["settings-zoom", "shortcut-zoom-in", "shortcut-zoom-out"]);
const LOCKING: Part<'_> = Part(&["passphrase-title", "passphrase-set", "passphrase-remove", "lock-title"]);
const NOTIFICATIONS: Part<'_> =
    Part(&["settings-notify", "notify-level-message", "notify-level-name", "notify-level-presence"]);
const CLOSING: Part<'_> = Part(&["settings-closing", "settings-closing-stay", "settings-closing-quit"]);
const BEYOND: Part<'_> = Part(&[
    "beyond-title",
    "beyond-servers",
    "beyond-exposure",
    "exposure-open",
    "exposure-relays-only",
    "exposure-lan-only",
    "exposure-stealth",
    "beyond-proxy",
    "beyond-found",
]);
const DEVICES: Part<'_> = Part(&["devices-title", "devices-text", "devices-separate"]);
const STORAGE: Part<'_> = Part(&["storage-title", "settings-home", "storage-found"]);

impl Part<'_> {
    /// Whether all these words are in it.
    fn has(&self, text: &Text, wanted: &[String]) -> bool {
        let sentences: String = self.0.iter().map(|key| say::folded(&text.say(key)) + "\n").collect();
        wanted.iter().all(|word| sentences.contains(word))
    }
}

/// The field in which settings are looked for: it waits for whoever opens the page.
fn find(ui: &mut egui::Ui, text: &Text, choosing: &mut Choosing) {
    let label = text.say("settings-search");
    let edit = TextEdit::singleline(&mut choosing.words)
        .hint_text(label.clone())
        .desired_width(f32::INFINITY)
        .char_limit(64);
    let field = ui.add(edit);
    field.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, &label));
    let pass = ui.ctx().cumulative_pass_nr();
    if choosing.painted.is_none_or(|painted| painted + 1 < pass) {
        field.request_focus();
    }
    choosing.painted = Some(pass);
    ui.add_space(theme::SPACE[1]);
}

fn language(ui: &mut egui::Ui, text: &Text, actions: &mut Vec<Action>) {
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
}

fn appearance(ui: &mut egui::Ui, text: &Text, chosen: &Preferences, actions: &mut Vec<Action>) {
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
}

fn size(ui: &mut egui::Ui, text: &Text, chosen: &mut Preferences) {
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
        if let Some(commit) = option_env!("CAUSERIE_COMMIT") {
            words(ui, text.say_with("about-commit", &[("commit", commit.into())]));
        }
        words(ui, text.say("about-text"));
    });
}
