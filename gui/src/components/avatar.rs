//! A disc with somebody's initials, in a colour derived from their id.

use causerie_protocol::answer::{ContactView, Verification};
use eframe::egui::{self, Align2, FontId, Rect, Sense, Stroke, vec2};

use crate::theme;

/// Paints it in this square.
pub fn avatar_at(ui: &egui::Ui, square: Rect, contact: &ContactView) {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    painter.circle_filled(square.center(), square.width() / 2.0, theme::avatar_colour(contact.id.as_bytes()));
    painter.text(
        square.center(),
        Align2::CENTER_CENTER,
        initials(&contact.name),
        FontId::proportional(square.width() * 0.4),
        theme::ON_AVATAR,
    );
    let corner = square.right_bottom() - vec2(square.width() * 0.14, square.width() * 0.14);
    if contact.online {
        painter.circle(corner, square.width() * 0.13, palette.good, Stroke::new(2.0, palette.panel));
    }
    if contact.verification == Verification::Changed {
        painter.circle(corner, square.width() * 0.13, palette.bad, Stroke::new(2.0, palette.panel));
    }
}

/// Puts one of this size into the layout.
pub fn avatar(ui: &mut egui::Ui, size: f32, contact: &ContactView) {
    let (square, _) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
    avatar_at(ui, square, contact);
}

/// The first letters of the first and last word of a name, in capitals.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|one| one.is_alphanumeric()));
    let first = words.next();
    let letters = first.into_iter().chain(words.next_back());
    letters.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_one_or_two_letters() {
        for (name, expected) in [
            ("Alice", "A"),
            ("émile zola", "ÉZ"),
            ("Jean Paul de Sartre", "JS"),
            ("…", ""),
            ("  (Bob) ", "B"),
            ("李 小龙", "李小"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
