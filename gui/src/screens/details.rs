//! What is known of one message, on top of its conversation: times, and the path that its delivery was heard of by.
//!
//! A time that is not kept any more is called so, and none is guessed. Escape closes it.

use causerie_protocol::{
    answer::{MessageDetails, MessageState, Path},
    moment::WallTime,
};
use eframe::egui;

use crate::{
    components::say,
    screens::{View, words},
    text::day_of,
    theme,
};

/// Paints it; true when it is to be closed.
pub fn details_ui(context: &egui::Context, view: &View<'_>, details: &MessageDetails) -> bool {
    let text = view.text;
    let mut closed = false;
    let modal = egui::Modal::new(egui::Id::unique("details")).show(context, |ui| {
        ui.set_max_width(360.0);
        ui.heading(text.say("details-title"));
        ui.add_space(theme::SPACE[1]);
        egui::Grid::new("details").num_columns(2).spacing([20.0, 8.0]).show(ui, |ui| {
            for (key, value) in rows(view, details) {
                ui.weak(text.say(key));
                words(ui, value);
                ui.end_row();
            }
        });
        ui.add_space(theme::SPACE[2]);
        let close = ui.button(text.say("details-close"));
        if ui.memory(|memory| memory.focused().is_none()) {
            close.request_focus();
        }
        closed = close.clicked();
    });
    closed || modal.should_close()
}

/// What there is to say, each with the name of its sentence.
fn rows(view: &View<'_>, details: &MessageDetails) -> Vec<(&'static str, String)> {
    let text = view.text;
    let message = &details.message;
    let when = |at: WallTime| format!("{}, {}", text.day(day_of(at), view.today), text.clock(at));
    let heard = |at: Option<WallTime>| at.map_or_else(|| text.say("details-unknown"), when);
    let mut rows = vec![("details-written", when(details.written_at))];
    if let Some(received_at) = message.received_at {
        rows.push(("details-received", when(received_at)));
    }
    if message.outgoing {
        let name = view.model.conversation(message.conversation).map(|one| view.model.name(&one.contact));
        rows.push(("details-state", say::progress(text, message, &name.unwrap_or_default())));
        if message.state == MessageState::Delivered || message.state == MessageState::Read {
            rows.push(("details-delivered", heard(details.delivered_at)));
        }
        if message.state == MessageState::Read {
            rows.push(("details-read", heard(details.read_at)));
        }
    }
    if let Some(path) = details.path {
        let words = match path {
            Path::Direct => "details-path-direct",
            Path::Relayed => "details-path-relayed",
        };
        rows.push(("details-path", text.say(words)));
    }
    rows
}
