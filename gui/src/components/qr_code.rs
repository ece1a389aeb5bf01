//! A text as a code that a camera reads: black on white in both themes, with the quiet zone that readers need.

use eframe::egui::{self, Color32, Rect, Role, Sense, WidgetInfo, pos2, vec2};
use qrcode::{EcLevel, QrCode};

/// Modules of white around the code (ISO/IEC 18004, 4 of them).
const QUIET: usize = 4;

/// Puts it into the layout; nothing where the text is longer than a code can be.
pub fn qr_code(ui: &mut egui::Ui, text: &str, label: &str, side: f32) {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else { return };
    let (square, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, label));
    let painter = ui.painter();
    painter.rect_filled(square, 6.0, Color32::WHITE);
    let width = code.width();
    let pixel = ui.ctx().pixels_per_point();
    // Whole pixels, or thin lines show between the modules.
    let module = ((side * pixel / count(width + 2 * QUIET)).floor() / pixel).max(1.0 / pixel);
    let begin = square.center() - vec2(module, module) * (count(width) / 2.0);
    for (place, colour) in code.to_colors().into_iter().enumerate() {
        if colour == qrcode::Color::Dark {
            let at = pos2(
                begin.x + module * count(place % width.max(1)),
                begin.y + module * count(place / width.max(1)),
            );
            painter.rect_filled(Rect::from_min_size(at, vec2(module, module)), 0.0, Color32::BLACK);
        }
    }
}

/// A code has at most 177 modules a side.
fn count(modules: usize) -> f32 {
    u16::try_from(modules).map_or(f32::MAX, f32::from)
}
