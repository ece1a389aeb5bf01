//! Before the conversations: the first start, a home that is locked, and what keeps the node from starting.

use causerie_node::error::NodeError;
use eframe::egui::{self, Role, TextEdit, WidgetInfo};
use zeroize::Zeroize as _;

use crate::{
    action::Action,
    components::say,
    preferences::Language,
    screens::{page, primary_button, words},
    text::Text,
    theme, trouble,
};

/// What keeps people out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// The node is starting.
    #[default]
    Starting,
    /// There is no identity yet.
    Welcome,
    /// Keys are being made.
    Working,
    /// A passphrase is needed; whether one was tried in vain.
    Locked(bool),
    /// The window is locked while the node goes on; whether a passphrase was tried in vain.
    Shut(bool),
    /// The node cannot start, and why.
    Trouble(NodeError),
    /// Nothing: the conversations are shown.
    Open,
}

/// What is typed here.
#[derive(Debug, Default)]
pub struct Typed {
    name: String,
    passphrase: String,
}

impl Typed {
    /// Forgets it.
    pub fn clear(&mut self) {
        self.name.clear();
        self.passphrase.zeroize();
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Paints whatever keeps people out.
pub fn gate_ui(ui: &mut egui::Ui, text: &Text, gate: &Gate, typed: &mut Typed) -> Vec<Action> {
    let mut actions = Vec::new();
    if matches!(gate, Gate::Welcome | Gate::Locked(_) | Gate::Shut(_) | Gate::Trouble(_)) {
        egui::Panel::bottom("languages").show_separator_line(false).show(ui, |ui| {
            ui.horizontal(|ui| {
                theme::outline_choices(ui);
                for language in Language::ALL {
                    if ui.radio(text.language() == language, language.name()).clicked() {
                        actions.push(Action::Speak(language));
                    }
                }
            });
        });
    }
    match gate {
        Gate::Open => {}
        Gate::Starting => page(ui, &text.say("starting"), |_| {}),
        Gate::Working => page(ui, &text.say("welcome-working"), |_| {}),
        Gate::Welcome => page(ui, &text.say("welcome-title"), |ui| welcome(ui, text, typed, &mut actions)),
        Gate::Locked(again) => page(ui, &text.say("unlock-title"), |ui| {
            words(ui, text.say("unlock-text"));
            unlock(ui, text, *again, typed, &mut actions);
        }),
        Gate::Shut(again) => page(ui, &text.say("unlock-title"), |ui| {
            words(ui, text.say("shut-text"));
            unlock(ui, text, *again, typed, &mut actions);
        }),
        Gate::Trouble(error) => {
            page(ui, &text.say("trouble-title"), |ui| trouble_ui(ui, text, error, &mut actions));
        }
    }
    actions
}

fn trouble_ui(ui: &mut egui::Ui, text: &Text, error: &NodeError, actions: &mut Vec<Action>) {
    for sentence in trouble::sentences(text, error) {
        words(ui, sentence);
    }
    if let Some(details) = trouble::details(error) {
        words(ui, egui::RichText::new(say::harmless(&details)).monospace().size(12.0));
    }
    ui.add_space(theme::SPACE[2]);
    ui.horizontal_wrapped(|ui| {
        if primary_button(ui, &text.say("trouble-retry"), true) {
            actions.push(Action::Retry);
        }
        if matches!(error, NodeError::StoreDamaged(_)) && ui.button(text.say("trouble-aside")).clicked() {
            actions.push(Action::SetStoreAside);
        }
        if matches!(error, NodeError::BadChoices(_)) && ui.button(text.say("trouble-choices-aside")).clicked()
        {
            actions.push(Action::SetChoicesAside);
        }
        if ui.button(text.say("trouble-quit")).clicked() {
            actions.push(Action::Quit);
        }
    });
}

fn welcome(ui: &mut egui::Ui, text: &Text, typed: &mut Typed, actions: &mut Vec<Action>) {
    words(ui, text.say("welcome-text"));
    ui.add_space(theme::SPACE[2]);
    let name = field(ui, &text.say("welcome-name"), &mut typed.name, false);
    if typed.name.is_empty() && typed.passphrase.is_empty() && ui.memory(|memory| memory.focused().is_none())
    {
        name.request_focus();
    }
    ui.add_space(theme::SPACE[1]);
    let passphrase = field(ui, &text.say("welcome-passphrase"), &mut typed.passphrase, true);
    ui.weak(text.say("welcome-passphrase-why"));
    ui.add_space(theme::SPACE[2]);
    let named = !typed.name.trim().is_empty();
    let entered = entered(ui, &name) || entered(ui, &passphrase);
    if primary_button(ui, &text.say("welcome-begin"), named) || (entered && named) {
        actions.push(Action::Create(typed.name.trim().to_owned(), typed.passphrase.clone()));
    }
}

fn unlock(ui: &mut egui::Ui, text: &Text, again: bool, typed: &mut Typed, actions: &mut Vec<Action>) {
    if again {
        let palette = theme::palette(ui);
        ui.colored_label(palette.bad, text.say("unlock-wrong"));
    }
    ui.add_space(theme::SPACE[2]);
    let passphrase = field(ui, &text.say("unlock-passphrase"), &mut typed.passphrase, true);
    // Before it is given the focus again, which would look as if Enter had not taken it.
    let entered = entered(ui, &passphrase);
    if ui.memory(|memory| memory.focused().is_none()) {
        passphrase.request_focus();
    }
    ui.add_space(theme::SPACE[2]);
    let given = !typed.passphrase.is_empty();
    if primary_button(ui, &text.say("unlock-open"), given) || (given && entered) {
        actions.push(Action::Unlock(typed.passphrase.clone()));
    }
}

/// A line to type into, under its label.
pub fn field(ui: &mut egui::Ui, label: &str, value: &mut String, secret: bool) -> egui::Response {
    let named = ui.label(label);
    let edit = TextEdit::singleline(value).password(secret).desired_width(f32::INFINITY).char_limit(1_024);
    let response = ui.add(edit).labelled_by(named.id);
    if secret {
        response.widget_info(|| WidgetInfo::labeled(Role::PasswordInput, true, label));
    }
    response
}

/// Whether Enter was pressed in a line.
pub fn entered(ui: &egui::Ui, line: &egui::Response) -> bool {
    line.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}
