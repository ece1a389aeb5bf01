//! All emoji to choose from, in a panel above the field that they are written into.
//!
//! What is typed searches, arrows move, Enter chooses, with Shift as often as wanted. Only the lines in sight are laid
//! out. Whoever opens it closes it, and gives the field its focus back.

use std::ops::Range;

use eframe::egui::{
    self, Align, Align2, Area, FontId, Frame, Key, Label, Modifiers, Order, Pos2, Rect, Response, Role,
    ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2, style::ScrollAnimation, vec2,
};
use emojis::{Emoji, Group};

use crate::{
    action::Action,
    emoji::{self, TONES},
    screens::View,
    theme,
};

/// Side of the square of one emoji.
const CELL: f32 = 38.0;

/// Height of a line with the name of a group.
const TITLE: f32 = 28.0;

/// Emoji in a line at most.
const COLUMNS: usize = 9;

/// Height of the part that is scrolled, at most.
const HEIGHT: f32 = 300.0;

/// Which sentence names a group, and which emoji stands for it.
const GROUPS: [(Group, &str, &str); 9] = [
    (Group::SmileysAndEmotion, "emoji-smileys", "😀"),
    (Group::PeopleAndBody, "emoji-people", "👋"),
    (Group::AnimalsAndNature, "emoji-nature", "🐻"),
    (Group::FoodAndDrink, "emoji-food", "🍔"),
    (Group::TravelAndPlaces, "emoji-travel", "🚗"),
    (Group::Activities, "emoji-activities", "⚽"),
    (Group::Objects, "emoji-objects", "💡"),
    (Group::Symbols, "emoji-symbols", "❤️"),
    (Group::Flags, "emoji-flags", "🚩"),
];

/// One line of the panel.
#[derive(Debug)]
enum Line {
    /// The name of what follows.
    Title(&'static str),
    /// These of the emoji that are shown.
    Cells(Range<usize>),
}

impl Line {
    const fn height(&self) -> f32 {
        match self {
            Self::Title(_) => TITLE,
            Self::Cells(_) => CELL,
        }
    }
}

/// An open panel.
#[derive(Debug, Default)]
pub struct EmojiPicker {
    wanted: String,
    /// What the lines were made for.
    made_for: Option<(String, usize)>,
    shown: Vec<&'static Emoji>,
    lines: Vec<Line>,
    /// A place in what is shown.
    chosen: usize,
    /// The line that is to be in sight, and whether at the top.
    reveal: Option<(usize, bool)>,
    focused: bool,
}

/// What was asked of it.
#[derive(Debug, Default)]
pub struct Picked {
    /// This one is to be written.
    pub emoji: Option<&'static str>,
    /// It is to be closed.
    pub done: bool,
}

impl EmojiPicker {
    /// Paints it with its lower left corner here.
    pub fn show(&mut self, ui: &Ui, view: &View<'_>, corner: Pos2, actions: &mut Vec<Action>) -> Picked {
        let mut picked = Picked::default();
        let shown_before = self.focused;
        let room = ui.ctx().content_rect();
        let area = Area::new(ui.scope_id().with("emoji")).order(Order::Foreground);
        let area = area.pivot(Align2::LEFT_BOTTOM).fixed_pos(corner).show(ui.ctx(), |ui| {
            Frame::popup(ui.style()).inner_margin(8).show(ui, |ui| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "few and clamped"
                )]
                let columns = (((room.width() - 60.0) / CELL) as usize).clamp(4, COLUMNS);
                let width = columns as f32 * CELL + 12.0;
                ui.set_width(width);
                self.make(view, columns);
                let keys = self.keys(ui);
                self.search(ui, view);
                if self.wanted.trim().is_empty() {
                    self.groups(ui, view);
                }
                let height = (corner.y - room.top() - 170.0).clamp(CELL, HEIGHT);
                let clicked = self.grid(ui, view, height);
                self.foot(ui, view, actions);
                let entered = keys.and_then(|closes| Some((*self.shown.get(self.chosen)?, closes)));
                let clicked = clicked.map(|emoji| (emoji, !ui.input(|input| input.modifiers.shift)));
                let emoji = entered.or(clicked);
                picked.done = emoji.is_some_and(|(_, closes)| closes);
                picked.emoji = emoji.map(|(emoji, _)| emoji.as_str());
            });
        });
        // The click that opened it was elsewhere, too.
        picked.done |= shown_before && area.response.clicked_elsewhere();
        picked
    }

    /// Makes the lines, where something else is to be shown.
    fn make(&mut self, view: &View<'_>, columns: usize) {
        let wanted = (self.wanted.clone(), columns);
        if self.made_for.as_ref() == Some(&wanted) {
            return;
        }
        (self.shown, self.lines, self.chosen) = (Vec::new(), Vec::new(), 0);
        let chosen = &view.preferences.emoji;
        let language = view.text.language();
        if self.wanted.trim().is_empty() {
            let last = chosen.last.iter().filter_map(|one| emojis::get(one)).collect();
            self.add("emoji-last", last, columns);
            for (group, key, _) in GROUPS {
                self.add(key, group.emojis().map(|one| chosen.in_tone(one)).collect(), columns);
            }
        } else {
            let found = emoji::find(&self.wanted, language).into_iter().map(|one| chosen.in_tone(one));
            self.add("emoji-found", found.collect(), columns);
        }
        self.reveal = Some((0, true));
        self.made_for = Some(wanted);
    }

    fn add(&mut self, title: &'static str, emoji: Vec<&'static Emoji>, columns: usize) {
        if emoji.is_empty() {
            return;
        }
        self.lines.push(Line::Title(title));
        let first = self.shown.len();
        self.shown.extend(emoji);
        let starts = (first..self.shown.len()).step_by(columns);
        let end = self.shown.len();
        self.lines.extend(starts.map(|start| Line::Cells(start..(start + columns).min(end))));
    }

    /// Takes the keys that move and choose; whether the chosen one is to be written, and then closed.
    fn keys(&mut self, ui: &Ui) -> Option<bool> {
        const MOVE: [Key; 4] = [Key::ArrowLeft, Key::ArrowRight, Key::ArrowUp, Key::ArrowDown];
        if !ui.memory(|memory| memory.has_focus(search_id(ui))) {
            return None;
        }
        for (modifiers, closes) in [(Modifiers::SHIFT, false), (Modifiers::NONE, true)] {
            if ui.input_mut(|input| input.consume_key(modifiers, Key::Enter)) {
                return Some(closes);
            }
        }
        let pressed = |key: &Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, *key));
        let pressed = MOVE.into_iter().find(pressed)?;
        let line = self.lines.iter().position(|line| self.is_in(line))?;
        let start = self.lines.get(line).map_or(0, start_of);
        let beside = |mut lines: Box<dyn Iterator<Item = &Line> + '_>| {
            lines.find_map(|line| match line {
                Line::Cells(range) => Some((range.start + self.chosen - start).min(range.end - 1)),
                Line::Title(_) => None,
            })
        };
        self.chosen = match pressed {
            Key::ArrowLeft => self.chosen.saturating_sub(1),
            Key::ArrowRight => (self.chosen + 1).min(self.shown.len().saturating_sub(1)),
            Key::ArrowUp => beside(Box::new(self.lines.iter().take(line).rev())).unwrap_or(self.chosen),
            Key::ArrowDown => beside(Box::new(self.lines.iter().skip(line + 1))).unwrap_or(self.chosen),
            _ => self.chosen,
        };
        self.reveal = self.lines.iter().position(|line| self.is_in(line)).map(|line| (line, false));
        None
    }

    fn is_in(&self, line: &Line) -> bool {
        matches!(line, Line::Cells(range) if range.contains(&self.chosen))
    }

    fn search(&mut self, ui: &mut Ui, view: &View<'_>) {
        let label = view.text.say("emoji-search");
        let edit = TextEdit::singleline(&mut self.wanted).id(search_id(ui)).hint_text(label.clone());
        let field = ui.add(edit.char_limit(64).desired_width(f32::INFINITY));
        field.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, &label));
        if !std::mem::replace(&mut self.focused, true) {
            field.request_focus();
        }
    }

    /// One button a group, which goes there.
    fn groups(&mut self, ui: &mut Ui, view: &View<'_>) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let side = ui.available_width() / 9.0;
            for (_, key, sign) in GROUPS {
                let label = view.text.say(key);
                let (rect, response) = ui.allocate_exact_size(vec2(side, 30.0), Sense::click());
                let response = cell(ui, rect, &response, sign, 17.0, &label, false).on_hover_text(&label);
                if response.clicked() {
                    let at =
                        self.lines.iter().position(|line| matches!(line, Line::Title(one) if *one == key));
                    self.reveal = at.map(|line| (line, true));
                }
            }
        });
    }

    /// The lines in sight; returns what was clicked.
    fn grid(&mut self, ui: &mut Ui, view: &View<'_>, height: f32) -> Option<&'static Emoji> {
        if self.shown.is_empty() {
            let looked = self.wanted.trim().to_owned();
            ui.add(Label::new(view.text.say_with("emoji-none", &[("words", looked.into())])).wrap());
            return None;
        }
        let mut clicked = None;
        let area = ScrollArea::vertical().auto_shrink(false).max_height(height).id_salt("emoji");
        area.show_viewport(ui, |ui, sight| {
            let all: f32 = self.lines.iter().map(Line::height).sum();
            let origin = ui.min_rect().min;
            ui.set_height(all);
            let mut top = 0.0;
            for (place, line) in self.lines.iter().enumerate() {
                let rect = Rect::from_min_size(
                    pos2(origin.x, origin.y + top),
                    vec2(ui.available_width(), line.height()),
                );
                top += line.height();
                if let Some((_, at_top)) = self.reveal.take_if(|(wanted, _)| *wanted == place) {
                    let align = at_top.then_some(Align::TOP);
                    ui.scroll_to_rect_animation(rect, align, ScrollAnimation::none());
                }
                if top < sight.top() || top - line.height() > sight.bottom() {
                    continue;
                }
                match line {
                    Line::Title(key) => title(ui, rect, &view.text.say(key)),
                    Line::Cells(range) => {
                        let cells = self.shown.get(range.clone()).unwrap_or_default();
                        let chosen = self.chosen.checked_sub(range.start);
                        clicked = cells_ui(ui, view, rect, cells, chosen, place).or(clicked);
                    }
                }
            }
        });
        clicked
    }

    /// What the chosen one is called, and the tones of skin.
    fn foot(&mut self, ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
        ui.separator();
        ui.horizontal(|ui| {
            let words = self.shown.get(self.chosen).map_or_else(String::new, |emoji| {
                let name = emoji::name(emoji, view.text.language());
                emoji.shortcode().map_or_else(|| name.to_owned(), |code| format!("{name}  :{code}:"))
            });
            ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                for (place, sign) in ["✋", "✋🏻", "✋🏼", "✋🏽", "✋🏾", "✋🏿"].into_iter().enumerate().rev()
                {
                    let (rect, response) = ui.allocate_exact_size(vec2(24.0, 26.0), Sense::click());
                    let label = view.text.say(TONE_NAMES.get(place).copied().unwrap_or_default());
                    let is = view.preferences.emoji.tone == place && place < TONES.len();
                    if cell(ui, rect, &response, sign, 14.0, &label, is).on_hover_text(&label).clicked() {
                        actions.push(Action::SkinTone(place));
                        self.made_for = None;
                    }
                }
                ui.with_layout(egui::Layout::left_to_right(Align::Center), |ui| {
                    let said = ui.add(Label::new(egui::RichText::new(words).size(12.5)).truncate());
                    // Arrows move without moving the focus: whoever cannot see hears where they are.
                    ui.ctx().accesskit_node_builder(said.id, |node| {
                        node.set_live(egui::accesskit::Live::Polite);
                    });
                });
            });
        });
    }
}

const TONE_NAMES: [&str; 6] = [
    "emoji-tone-none",
    "emoji-tone-light",
    "emoji-tone-medium-light",
    "emoji-tone-medium",
    "emoji-tone-medium-dark",
    "emoji-tone-dark",
];

fn search_id(ui: &Ui) -> egui::Id {
    ui.scope_id().with("wanted")
}

const fn start_of(line: &Line) -> usize {
    match line {
        Line::Title(_) => 0,
        Line::Cells(range) => range.start,
    }
}

fn title(ui: &Ui, rect: Rect, words: &str) {
    let at = pos2(rect.left() + 4.0, rect.bottom() - 6.0);
    let font = FontId::new(12.5, theme::semibold());
    ui.painter().text(at, Align2::LEFT_BOTTOM, words, font, theme::palette(ui).text_weak);
}

fn cells_ui(
    ui: &Ui,
    view: &View<'_>,
    rect: Rect,
    cells: &[&'static Emoji],
    chosen: Option<usize>,
    line: usize,
) -> Option<&'static Emoji> {
    let mut clicked = None;
    let mut square = Rect::from_min_size(rect.min, vec2(CELL, CELL));
    for (place, emoji) in cells.iter().enumerate() {
        let id = ui.scope_id().with((line, place));
        // Hundreds of stops for Tab help nobody: arrows move here.
        let response = ui.interact(square, id, Sense::CLICK);
        let name = emoji::name(emoji, view.text.language());
        let response = cell(ui, square, &response, emoji.as_str(), 23.0, name, chosen == Some(place));
        if response.on_hover_text(name).clicked() {
            clicked = Some(*emoji);
        }
        square = square.translate(vec2(CELL, 0.0));
    }
    clicked
}

/// One emoji that can be pressed.
fn cell(
    ui: &Ui,
    rect: Rect,
    response: &Response,
    emoji: &str,
    size: f32,
    name: &str,
    chosen: bool,
) -> Response {
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, name));
    let palette = theme::palette(ui);
    if chosen || response.hovered() || response.has_focus() {
        let ground = if chosen { palette.chosen } else { palette.hovered };
        let stroke = if chosen || response.has_focus() { palette.accent } else { palette.line };
        let stroke = egui::Stroke::new(1.0, stroke);
        ui.painter().rect(rect.shrink(1.0), theme::RADIUS_SMALL, ground, stroke, egui::StrokeKind::Inside);
    }
    let font = FontId::new(size, theme::emoji());
    let galley = ui.painter().layout_no_wrap(emoji.to_owned(), font, palette.text);
    let drawn = galley.mesh_bounds;
    // By what is drawn: the emoji's own advance has no room on either side.
    let at = if drawn.is_finite() { rect.center() - drawn.center().to_vec2() } else { rect.min };
    ui.painter().galley(at, galley, palette.text);
    response.clone()
}
