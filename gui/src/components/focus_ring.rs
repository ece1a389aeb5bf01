//! Where keys go, for whoever moves by keys: a ring around what has the focus, the same for every control.
//!
//! It appears with Tab and goes when a button of the mouse is pressed; a field to type into shows its
//! cursor anyway.

use eframe::egui::{self, Event, Key, Stroke, StrokeKind, text_edit::TextEditState};

use crate::theme;

/// Paints it over everything else: at the end of a pass.
pub fn focus_ring(ui: &egui::Ui) {
    let context = ui.ctx();
    let id = egui::Id::unique("focus-ring");
    let mut by_keys = context.data(|data| data.get_temp::<bool>(id)).unwrap_or_default();
    context.input(|input| {
        for event in &input.events {
            match event {
                Event::Key { key: Key::Tab, pressed: true, .. } => by_keys = true,
                Event::PointerButton { pressed: true, .. } => by_keys = false,
                _ => {}
            }
        }
    });
    context.data_mut(|data| data.insert_temp(id, by_keys));
    let Some(focused) = context.memory(egui::Memory::focused).filter(|_| by_keys) else { return };
    if TextEditState::load(context, focused).is_some() {
        return;
    }
    if let Some(response) = context.read_response(focused) {
        let layer = egui::LayerId::new(egui::Order::Foreground, id);
        let line = Stroke::new(2.0, theme::palette(ui).text);
        let place = response.interact_rect.expand(2.0).intersect(context.content_rect().shrink(1.0));
        context.layer_painter(layer).rect_stroke(place, theme::RADIUS_SMALL, line, StrokeKind::Middle);
    }
}

/// Scrolls to what has just got the focus: within the area that scrolls, after what is in it.
pub fn reveal_focus(ui: &egui::Ui) {
    let id = egui::Id::unique("focus-revealed");
    let focused = ui.memory(egui::Memory::focused);
    let before = ui.data(|data| data.get_temp::<Option<egui::Id>>(id)).flatten();
    if focused == before {
        return;
    }
    ui.data_mut(|data| data.insert_temp(id, focused));
    let response = focused.and_then(|focused| ui.ctx().read_response(focused));
    // What has it may stand beside this area.
    if let Some(response) =
        response.filter(|response| ui.clip_rect().x_range().contains(response.rect.center().x))
    {
        ui.scroll_to_rect(response.rect.expand(theme::SPACE[1]), None);
    }
}
