//! How two people come together: an invitation to give, one that was given, and who asks.

use causerie_protocol::answer::{ContactState, InvitationState};
use eframe::egui::{self, Role, TextEdit, WidgetInfo};

use crate::{
    action::Action,
    components::{avatar::avatar, qr_code::qr_code},
    screens::{View, card, name_of, page, primary_button, request_buttons, words},
    text::day_of,
    theme,
};

/// What is typed here.
#[derive(Debug, Default)]
pub struct Adding {
    /// The invitation that was given.
    pub pasted: String,
    /// Whether a new one can be answered by many.
    pub many: bool,
    /// What was wrong with what was pasted.
    pub wrong: Option<String>,
}

/// Paints it.
pub fn add_contact_ui(ui: &mut egui::Ui, view: &View<'_>, adding: &mut Adding) -> Vec<Action> {
    let mut actions = Vec::new();
    page(ui, &view.text.say("add-title"), |ui| {
        requests(ui, view, &mut actions);
        card(ui, |ui| theirs(ui, view, adding, &mut actions));
        card(ui, |ui| mine(ui, view, adding, &mut actions));
    });
    actions
}

fn requests(ui: &mut egui::Ui, view: &View<'_>, actions: &mut Vec<Action>) {
    let all = view.model.conversations();
    let waiting: Vec<_> = all.iter().filter(|one| one.contact.state == ContactState::Request).collect();
    if waiting.is_empty() {
        return;
    }
    card(ui, |ui| {
        ui.label(theme::strong(view.text.say("add-requests")));
        for one in waiting {
            ui.horizontal(|ui| {
                avatar(ui, 36.0, &one.contact);
                words(ui, name_of(&one.contact));
            });
            request_buttons(ui, view, &one.contact, actions);
        }
    });
}

fn theirs(ui: &mut egui::Ui, view: &View<'_>, adding: &mut Adding, actions: &mut Vec<Action>) {
    ui.label(theme::strong(view.text.say("add-theirs")));
    let label = view.text.say("add-paste");
    let edit = TextEdit::multiline(&mut adding.pasted)
        .hint_text(label.clone())
        .desired_rows(2)
        .desired_width(f32::INFINITY)
        .char_limit(8_192);
    let field = ui.add(edit);
    field.widget_info(|| WidgetInfo::labeled(Role::MultilineTextInput, true, &label));
    if field.changed() {
        adding.wrong = None;
    }
    if let Some(wrong) = &adding.wrong {
        ui.colored_label(theme::palette(ui).bad, wrong);
    }
    if primary_button(ui, &view.text.say("add-accept"), !adding.pasted.trim().is_empty()) {
        actions.push(Action::Accept(adding.pasted.clone()));
    }
}

fn mine(ui: &mut egui::Ui, view: &View<'_>, adding: &mut Adding, actions: &mut Vec<Action>) {
    let text = view.text;
    ui.label(theme::strong(text.say("add-mine")));
    words(ui, text.say("add-mine-text"));
    let open = view.model.invitation.as_ref().filter(|one| one.state == InvitationState::Open);
    let Some((invitation, link)) = open.and_then(|one| one.link.as_ref().map(|link| (one, link))) else {
        ui.checkbox(&mut adding.many, text.say("add-many"));
        if primary_button(ui, &text.say("add-make"), true) {
            actions.push(Action::Invite(adding.many));
        }
        return;
    };
    ui.vertical_centered(|ui| qr_code(ui, link, &text.say("add-code"), 260.0));
    words(ui, egui::RichText::new(link).monospace().size(11.0));
    if let Some(until) = invitation.expires {
        let when = format!("{} {}", text.day(day_of(until), view.today), text.clock(until));
        ui.weak(text.say_with("add-valid-until", &[("when", when.into())]));
    }
    ui.horizontal_wrapped(|ui| {
        if primary_button(ui, &text.say("add-copy"), true) {
            actions.push(Action::Copy(link.clone()));
        }
        if ui.button(text.say("add-revoke")).clicked() {
            actions.push(Action::Revoke(Box::new(invitation.clone())));
        }
    });
}
