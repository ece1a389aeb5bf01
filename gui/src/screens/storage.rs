//! The card of the settings about what lies on the disk, and where.

use eframe::egui;

use crate::{
    screens::{card, code, words},
    storage::Stored,
    text::Text,
    theme,
};

/// Paints it; `None` while nothing was counted yet.
pub fn storage_card(ui: &mut egui::Ui, text: &Text, home: &str, stored: Option<Stored>) {
    card(ui, |ui| {
        ui.label(theme::strong(text.say("storage-title")));
        words(ui, counted(text, stored));
        ui.weak(text.say("settings-home"));
        code(ui, home, 12.0);
    });
}

fn counted(text: &Text, stored: Option<Stored>) -> String {
    let Some(stored) = stored else { return text.say("storage-counting") };
    let count = |key: &str, number: u64| text.say_with(key, &[("count", number.into())]);
    let size = match stored.bytes {
        Some(bytes) => text.say_with("storage-size", &[("size", text.size(bytes).into())]),
        None => text.say("storage-unknown"),
    };
    let conversations = count("storage-conversations", stored.conversations.try_into().unwrap_or(u64::MAX));
    let messages = match stored.messages {
        Some(messages) => count("storage-messages", messages),
        None => text.say("storage-counting"),
    };
    format!("{size}\n{conversations}\n{messages}")
}
