//! What is said once after the program broke: that it did, where the report lies, and what stands in it.
//!
//! Nothing is sent anywhere: whoever wants to show it to somebody copies it.

use causerie_node::crash::Crash;
use eframe::egui;

use crate::{
    action::Action,
    screens::{code, words},
    text::Text,
    theme,
};

/// What was left behind, and whether it is read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crashed {
    /// The report.
    pub crash: Crash,
    /// It is shown.
    pub open: bool,
}

/// Paints it above everything else.
pub fn crashed_ui(ui: &mut egui::Ui, text: &Text, crashed: &mut Crashed) -> Vec<Action> {
    let mut actions = Vec::new();
    let Crash { path, report } = &crashed.crash;
    egui::Frame::NONE.inner_margin(egui::Margin::symmetric(12, 8)).show(ui, |ui| {
        let path = path.display().to_string();
        words(ui, text.say_with("crash-text", &[("path", path.into())]));
        ui.add_space(theme::SPACE[0]);
        ui.horizontal_wrapped(|ui| {
            if ui.button(text.say("crash-show")).clicked() {
                crashed.open = true;
            }
            if ui.button(text.say("crash-copy")).clicked() {
                actions.push(Action::Copy(report.clone()));
            }
            if ui.button(text.say("notice-dismiss")).clicked() {
                actions.push(Action::DismissCrash);
            }
        });
    });
    if crashed.open {
        let modal = egui::Modal::new(egui::Id::unique("crash")).show(ui.ctx(), |ui| {
            ui.set_max_width(560.0);
            ui.heading(text.say("crash-title"));
            ui.add_space(theme::SPACE[1]);
            let height = (ui.ctx().content_rect().height() - 180.0).max(80.0);
            egui::ScrollArea::vertical().max_height(height).show(ui, |ui| code(ui, report, 12.0));
            ui.add_space(theme::SPACE[1]);
            let close = ui.button(text.say("details-close"));
            if ui.memory(|memory| memory.focused().is_none()) {
                close.request_focus();
            }
            close.clicked()
        });
        crashed.open = !(modal.inner || modal.should_close());
    }
    actions
}
