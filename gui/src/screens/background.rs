//! Cards of the settings about what goes on around the window: notifications, and what closing means.
//!
//! What this desktop does not have is said in words, and nothing is offered that would do nothing.

use eframe::egui;

use crate::{
    attention::Level,
    desktop::Offers,
    preferences::{Closing, Preferences},
    screens::{card, words},
    text::Text,
    theme,
};

/// How much notifications say; what was chosen is in `chosen` at once.
pub fn notifications_card(ui: &mut egui::Ui, text: &Text, offers: Offers, chosen: &mut Preferences) {
    card(ui, |ui| {
        theme::outline_choices(ui);
        ui.label(theme::strong(text.say("settings-notify")));
        if !offers.notifications {
            words(ui, text.say("settings-notify-none"));
            return;
        }
        for level in Level::ALL {
            ui.radio_value(&mut chosen.notify, level, text.say(level.label()));
        }
        ui.weak(text.say("settings-notify-text"));
    });
}

/// What closing the window means; what was chosen is in `chosen` at once.
pub fn closing_card(ui: &mut egui::Ui, text: &Text, offers: Offers, chosen: &mut Preferences) {
    card(ui, |ui| {
        theme::outline_choices(ui);
        ui.label(theme::strong(text.say("settings-closing")));
        if !offers.tray {
            words(ui, text.say("settings-closing-none"));
            return;
        }
        for (closing, label) in [
            (Closing::Ask, "settings-closing-ask"),
            (Closing::Stay, "settings-closing-stay"),
            (Closing::Quit, "settings-closing-quit"),
        ] {
            ui.radio_value(&mut chosen.closing, closing, text.say(label));
        }
    });
}
