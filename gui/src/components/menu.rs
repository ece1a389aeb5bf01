//! What can be done with one thing: by the secondary button on it, or by the menu key or Shift+F10 while it has the focus.

use eframe::egui::{Key, Modifiers, Popup, Response};

/// Shows it where it was asked for; the place of what was chosen.
pub fn context_menu(response: &Response, labels: &[String]) -> Option<usize> {
    let context = &response.ctx;
    let id = Popup::default_response_id(response);
    let by_key = response.has_focus()
        && context.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Menu) || input.consume_key(Modifiers::SHIFT, Key::F10)
        });
    if by_key {
        Popup::open_id(context, id);
    }
    let mut popup = Popup::context_menu(response);
    if Popup::is_id_open(context, id) && Popup::position_of_id(context, id).is_none() {
        // No pointer says where.
        popup = popup.anchor(response);
    }
    let mut chosen = None;
    popup.show(|ui| {
        for (place, label) in labels.iter().enumerate() {
            let button = ui.button(label);
            if by_key && place == 0 {
                button.request_focus();
            }
            if button.clicked() {
                chosen = Some(place);
                ui.close();
            }
        }
    });
    if chosen.is_some() {
        response.request_focus();
    }
    chosen
}
