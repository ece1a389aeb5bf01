//! Somebody's page: their name, the numbers to compare, and how to be rid of them.

use causerie_protocol::{
    answer::{ContactState, ContactView, Verification},
    command::Command,
    ids::AccountId,
};
use eframe::egui;

use crate::{
    action::Action,
    components::{avatar::avatar, say},
    model::reference,
    screens::{View, card, code, gate::field, page, primary_button, words},
    theme,
};

use comparing::{Comparing, comparing_ui, dropping_ui, number_ui, verdict_ui};

mod comparing;

/// What is typed and asked here.
#[derive(Debug, Default)]
pub struct Editing {
    /// Whom it is about.
    whom: Option<AccountId>,
    name: String,
    removing: bool,
    comparing: Comparing,
}

impl Editing {
    /// Whether it is asked if somebody is to be removed.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.removing
    }
}

/// Paints it.
pub fn contact_ui(ui: &mut egui::Ui, view: &View<'_>, whom: AccountId, editing: &mut Editing) -> Vec<Action> {
    let mut actions = Vec::new();
    let Some(one) = view.model.conversation(whom) else { return actions };
    let (text, contact) = (view.text, &one.contact);
    let opened = editing.whom != Some(whom);
    if opened {
        *editing = Editing { whom: Some(whom), name: contact.name.clone(), ..Editing::default() };
    }
    editing.comparing.take_in(ui);
    let name = view.model.name(contact);
    page(ui, &name, |ui| {
        ui.horizontal(|ui| {
            avatar(ui, 64.0, contact);
            ui.vertical(|ui| words(ui, say::standing(text, contact, view.today)));
        });
        card(ui, |ui| {
            let name = field(ui, &text.say("contact-rename"), &mut editing.name, false);
            if opened {
                name.request_focus();
            }
            let changed = editing.name != contact.name && !editing.name.trim().is_empty();
            if primary_button(ui, &text.say("contact-save"), changed) {
                let name = editing.name.trim().to_owned();
                actions.push(Action::Ask(Command::RenameContact { contact: reference(whom), name }));
            }
        });
        card(ui, |ui| safety(ui, view, contact, &mut editing.comparing, &mut actions));
        card(ui, |ui| {
            ui.weak(text.say("contact-id"));
            code(ui, &whom.to_string(), 12.0);
        });
        card(ui, |ui| {
            let blocked = contact.state == ContactState::Blocked;
            ui.horizontal_wrapped(|ui| {
                if blocked && ui.button(text.say("contact-unblock")).clicked() {
                    actions.push(Action::Ask(Command::UnblockContact { contact: reference(whom) }));
                }
                if !blocked && ui.button(text.say("contact-block")).clicked() {
                    actions.push(Action::Ask(Command::BlockContact { contact: reference(whom) }));
                }
                if ui.button(text.say("contact-remove")).clicked() {
                    editing.removing = true;
                }
            });
        });
    });
    dropping_ui(ui, view);
    if editing.removing {
        removal(ui, view, whom, &name, editing, &mut actions);
    }
    actions
}

/// The number, whether it was compared, and a machine's help with it.
fn safety(
    ui: &mut egui::Ui,
    view: &View<'_>,
    contact: &ContactView,
    comparing: &mut Comparing,
    actions: &mut Vec<Action>,
) {
    let (text, name) = (view.text, view.model.name(contact));
    ui.label(theme::strong(text.say("contact-safety")));
    let Some(number) = &contact.safety_number else {
        words(ui, text.say("contact-safety-none"));
        return;
    };
    words(ui, text.say_with("contact-safety-text", &[("name", name.clone().into())]));
    number_ui(ui, view, number);
    verdict_ui(ui, view, number, comparing);
    let may_be_same = comparing.is_same(number) != Some(false);
    if contact.verification == Verification::Verified {
        ui.colored_label(theme::palette(ui).good, text.say("state-verified"));
    } else if primary_button(ui, &text.say("contact-verify"), may_be_same) {
        actions.push(Action::Ask(Command::VerifyContact { contact: reference(contact.id) }));
    }
    comparing_ui(ui, view, &name, comparing);
}

fn removal(
    ui: &egui::Ui,
    view: &View<'_>,
    whom: AccountId,
    name: &str,
    editing: &mut Editing,
    actions: &mut Vec<Action>,
) {
    let text = view.text;
    let modal = egui::Modal::new(egui::Id::unique("removal")).show(ui.ctx(), |ui| {
        ui.set_max_width(360.0);
        words(ui, text.say_with("contact-remove-text", &[("name", name.into())]));
        ui.add_space(theme::SPACE[2]);
        ui.horizontal_wrapped(|ui| {
            if ui.button(text.say("cancel")).clicked() {
                editing.removing = false;
            }
            let label = text.say_with("contact-remove-yes", &[("name", name.into())]);
            let palette = theme::palette(ui);
            if ui.button(egui::RichText::new(label).color(palette.bad)).clicked() {
                editing.removing = false;
                let command = Command::RemoveContact { contact: reference(whom), keep_history: false };
                actions.push(Action::Ask(command));
            }
        });
    });
    if modal.should_close() {
        editing.removing = false;
    }
}
