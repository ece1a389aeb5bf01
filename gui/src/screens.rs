//! The screens: each paints from what is known and returns what was asked, and changes nothing.

use causerie_protocol::{answer::ContactView, event::NoticeKind, moment::WallTime};
use eframe::egui::{
    self, FontId,
    text::{LayoutJob, TextFormat},
};
use jiff::civil::Date;

use crate::{action::Action, model::Model, preferences::Preferences, text::Text};

pub mod add_contact;
pub mod background;
pub mod beyond;
pub mod chat;
pub mod closing;
pub mod contact;
pub mod crashed;
pub mod details;
pub mod devices;
pub mod gate;
pub mod list;
pub mod locking;
pub mod network;
pub mod pages;
pub mod palette;
pub mod search;
pub mod storage;

/// What every screen is given.
#[derive(Debug)]
pub struct View<'a> {
    /// What is known.
    pub model: &'a Model,
    /// The sentences.
    pub text: &'a Text,
    /// What was chosen.
    pub preferences: &'a Preferences,
    /// What the clock says.
    pub now: WallTime,
    /// Which day it is.
    pub today: Date,
}

/// Asks to go on, and whether it was asked by pressing it.
pub fn primary_button(ui: &mut egui::Ui, label: &str, enabled: bool) -> bool {
    primary(ui, label, enabled).clicked()
}

/// The button that asks to go on.
pub fn primary(ui: &mut egui::Ui, label: &str, enabled: bool) -> egui::Response {
    let palette = crate::theme::palette(ui);
    let words = egui::RichText::new(label).color(palette.on_accent);
    let button = egui::Button::new(words).fill(palette.accent).stroke(egui::Stroke::NONE);
    ui.add_enabled(enabled, button)
}

/// A page of text and controls in the middle, scrolled where it is too long.
pub fn page(ui: &mut egui::Ui, title: &str, content: impl FnOnce(&mut egui::Ui)) {
    egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let margin = ((ui.available_width() - crate::theme::PAGE_WIDTH) / 2.0).max(16.0);
        egui::Frame::NONE.inner_margin(egui::Margin::symmetric(points(margin), 24)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.heading(title);
            ui.add_space(crate::theme::SPACE[2]);
            content(ui);
            crate::components::focus_ring::reveal_focus(ui);
        });
    });
}

/// A part of a page, on a ground of its own.
pub fn card(ui: &mut egui::Ui, content: impl FnOnce(&mut egui::Ui)) {
    let palette = crate::theme::palette(ui);
    egui::Frame::NONE
        .fill(palette.panel)
        .corner_radius(crate::theme::RADIUS)
        .inner_margin(egui::Margin::same(16))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui);
        });
    ui.add_space(crate::theme::SPACE[1]);
}

/// A text that is shown for what it is, and can be selected and copied.
pub fn words(ui: &mut egui::Ui, text: impl Into<egui::WidgetText>) {
    ui.add(egui::Label::new(text).wrap().selectable(true));
}

/// A text without words, as a link or a path is: it fills its lines, and can be selected and copied.
pub fn code(ui: &mut egui::Ui, text: &str, size: f32) {
    let format = TextFormat::simple(FontId::monospace(size), crate::theme::palette(ui).text);
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap.break_anywhere = true;
    words(ui, job);
}

/// What a person should read once, until they say that they did.
pub fn notice_ui(ui: &mut egui::Ui, text: &Text, kind: NoticeKind, actions: &mut Vec<Action>) {
    egui::Frame::NONE.inner_margin(egui::Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button(text.say("notice-dismiss")).clicked() {
                    actions.push(Action::Dismiss);
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    words(ui, crate::trouble::notice(text, kind));
                });
            });
        });
    });
}

/// The three things that can be asked of a request.
pub fn request_buttons(ui: &mut egui::Ui, view: &View<'_>, contact: &ContactView, actions: &mut Vec<Action>) {
    use causerie_protocol::command::Command;
    let whom = || crate::model::reference(contact.id);
    ui.horizontal_wrapped(|ui| {
        if primary_button(ui, &view.text.say("request-accept"), true) {
            actions.push(Action::Ask(Command::AcceptContact { contact: whom() }));
        }
        if ui.button(view.text.say("request-ignore")).clicked() {
            actions.push(Action::Ask(Command::IgnoreContact { contact: whom() }));
        }
        if ui.button(view.text.say("request-block")).clicked() {
            actions.push(Action::Ask(Command::BlockContact { contact: whom() }));
        }
    });
}

fn points(length: f32) -> i8 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
    let points = length.clamp(0.0, 127.0) as i8;
    points
}
