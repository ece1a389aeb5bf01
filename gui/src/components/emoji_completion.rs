//! The few emoji that are offered for a word behind a colon, in a list above the field.
//!
//! Up and Down move, Enter and Tab choose; the field keeps its focus. Nothing is offered where nothing is found.

use eframe::egui::{
    self, Align2, Area, FontId, Frame, Key, Modifiers, Order, Pos2, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};
use emojis::Emoji;

use crate::{
    emoji::{self, Begun},
    screens::View,
    theme,
};

/// How many are offered at most.
const OFFERED_MAX: usize = 7;

/// Height of a row.
const ROW: f32 = 32.0;

/// Width of the list.
const WIDTH: f32 = 300.0;

/// What is offered now.
#[derive(Debug)]
pub struct Completion {
    begun: Begun,
    offered: Vec<&'static Emoji>,
    chosen: usize,
}

impl Completion {
    /// What is offered for this word, going on from what was `before`.
    #[must_use]
    pub fn of(begun: Begun, before: Option<Self>, view: &View<'_>) -> Self {
        if let Some(before) = before
            && before.begun == begun
        {
            return before;
        }
        let found = emoji::find(&begun.word, view.text.language()).into_iter().take(OFFERED_MAX);
        let offered = found.map(|one| view.preferences.emoji.in_tone(one)).collect();
        Self { begun, offered, chosen: 0 }
    }

    /// Whether there is anything to choose from.
    #[must_use]
    pub const fn offers(&self) -> bool {
        !self.offered.is_empty()
    }

    /// The word.
    #[must_use]
    pub const fn begun(&self) -> &Begun {
        &self.begun
    }

    /// Takes the keys that move and choose; returns what was chosen.
    pub fn keys(&mut self, ui: &Ui) -> Option<&'static str> {
        if !self.offers() {
            return None;
        }
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.offered.len().saturating_sub(1);
        if pressed(Key::ArrowDown) {
            self.chosen = if self.chosen >= last { 0 } else { self.chosen + 1 };
        }
        if pressed(Key::ArrowUp) {
            self.chosen = self.chosen.checked_sub(1).unwrap_or(last);
        }
        let chosen = pressed(Key::Enter) || pressed(Key::Tab);
        chosen.then(|| self.offered.get(self.chosen).map(|emoji| emoji.as_str())).flatten()
    }

    /// Paints it with its lower left corner here; returns what was clicked.
    pub fn show(&self, ui: &Ui, view: &View<'_>, corner: Pos2) -> Option<&'static str> {
        let mut clicked = None;
        if !self.offers() {
            return clicked;
        }
        let area = Area::new(ui.scope_id().with("completion")).order(Order::Foreground);
        area.pivot(Align2::LEFT_BOTTOM).fixed_pos(corner).show(ui.ctx(), |ui| {
            Frame::popup(ui.style()).inner_margin(4).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (place, emoji) in self.offered.iter().enumerate() {
                    if row(ui, view, emoji, place == self.chosen) {
                        clicked = Some(emoji.as_str());
                    }
                }
            });
        });
        clicked
    }
}

fn row(ui: &mut Ui, view: &View<'_>, emoji: &'static Emoji, chosen: bool) -> bool {
    let palette = theme::palette(ui);
    let width = WIDTH.min(ui.ctx().content_rect().width() - 40.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::CLICK);
    let name = emoji::name(emoji, view.text.language());
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, name));
    if chosen || response.hovered() {
        let ground = if chosen { palette.chosen } else { palette.hovered };
        ui.painter().rect_filled(rect, theme::RADIUS_SMALL, ground);
    }
    let sign = FontId::new(19.0, theme::emoji());
    let middle = rect.center().y;
    ui.painter().text(pos2(rect.left() + 20.0, middle), Align2::CENTER_CENTER, emoji, sign, palette.text);
    let code = emoji.shortcode().map_or_else(String::new, |code| format!(":{code}:"));
    let line = |words: &str, size: f32, colour, room: f32| {
        let font = FontId::proportional(size);
        let mut job = egui::text::LayoutJob::simple_singleline(words.to_owned(), font, colour);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room);
        ui.painter().layout_job(job)
    };
    let code = line(&code, 12.0, palette.text_weak, width * 0.4);
    let right = rect.right() - 10.0 - code.size().x;
    let name = line(name, 14.0, palette.text, right - rect.left() - 52.0);
    ui.painter().galley(pos2(rect.left() + 42.0, middle - name.size().y / 2.0), name, palette.text);
    ui.painter().galley(pos2(right, middle - code.size().y / 2.0), code, palette.text_weak);
    response.clicked()
}
