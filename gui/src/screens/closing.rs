//! What closing the window means: asked the first time, where the program could go on without it.
//!
//! The answer is kept, and the settings change it. Escape, or a click beside the question, leaves the window open.

use eframe::egui::{self, Frame, Id, Modal};

use crate::{
    screens::{primary_button, words},
    text::Text,
    theme,
};

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To go on without the window, from now on.
    Stay,
    /// To end with the window, from now on.
    Quit,
    /// Neither: the window stays.
    Cancel,
}

/// Paints the question; `None` while it is not answered.
pub fn closing_ui(context: &egui::Context, text: &Text) -> Option<Answer> {
    let mut answer = None;
    let frame = Frame::window(&context.global_style());
    let shown = Modal::new(Id::unique("closing")).frame(frame).show(context, |ui| {
        ui.set_max_width(400.0);
        ui.heading(text.say("closing-title"));
        ui.add_space(theme::SPACE[1]);
        words(ui, text.say("closing-text"));
        ui.weak(text.say("closing-later"));
        ui.add_space(theme::SPACE[2]);
        ui.horizontal_wrapped(|ui| {
            if primary_button(ui, &text.say("closing-stay"), true) {
                answer = Some(Answer::Stay);
            }
            if ui.button(text.say("closing-quit")).clicked() {
                answer = Some(Answer::Quit);
            }
            if ui.button(text.say("cancel")).clicked() {
                answer = Some(Answer::Cancel);
            }
        });
    });
    answer.or_else(|| shown.should_close().then_some(Answer::Cancel))
}
