//! The card of the settings about the devices of the own account: which there are, and making a copy one of them.

use causerie_protocol::{answer::DeviceView, command::Command};
use eframe::egui;

use crate::{
    action::Action,
    screens::{card, words},
    text::{Text, day_of, now},
    theme,
};

/// Paints it; `asking` is whether the question is open that comes before a copy becomes a device.
pub fn devices_card(
    ui: &mut egui::Ui,
    text: &Text,
    devices: &[DeviceView],
    asking: &mut bool,
    actions: &mut Vec<Action>,
) {
    card(ui, |ui| {
        ui.label(theme::strong(text.say("devices-title")));
        let today = day_of(now());
        for device in devices {
            let key = if device.is_this { "devices-this" } else { "devices-other" };
            let day = text.day(day_of(device.added), today);
            words(ui, text.say_with(key, &[("day", day.into())]));
        }
        ui.weak(text.say("devices-text"));
        if ui.button(text.say("devices-separate")).clicked() {
            *asking = true;
        }
    });
    if *asking {
        question(ui, text, asking, actions);
    }
}

fn question(ui: &egui::Ui, text: &Text, asking: &mut bool, actions: &mut Vec<Action>) {
    let modal = egui::Modal::new(egui::Id::unique("separation")).show(ui.ctx(), |ui| {
        ui.set_max_width(400.0);
        words(ui, text.say("devices-separate-text"));
        ui.add_space(theme::SPACE[2]);
        ui.horizontal_wrapped(|ui| {
            if ui.button(text.say("cancel")).clicked() {
                *asking = false;
            }
            if ui.button(text.say("devices-separate-yes")).clicked() {
                *asking = false;
                actions.push(Action::Ask(Command::SeparateDevice));
            }
        });
    });
    if modal.should_close() {
        *asking = false;
    }
}
