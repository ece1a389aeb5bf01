//! Looking for messages: what is found comes while it is typed, and opens where it was said.

use causerie_protocol::ids::AccountId;
use eframe::egui::{
    self, Align2, FontId, Role, ScrollArea, Sense, TextEdit, TextFormat, WidgetInfo, pos2,
    text::{LayoutJob, TextWrapping},
    vec2,
};

use crate::{
    action::Action,
    components::say,
    screens::{View, gate::entered, words},
    search::{Found, Query, Told},
    theme,
};

/// Letters that a search begins with: one letter is in nearly everything.
const WORDS_MIN: usize = 2;

/// What is looked for, and what was found.
#[derive(Debug, Default)]
pub struct Searching {
    /// The words.
    pub words: String,
    /// Only in this conversation.
    pub within: Option<AccountId>,
    /// Whether the field is to be typed into now.
    pub focus: bool,
    /// The number of the search that is on its way or done.
    pub number: u64,
    /// What was found, the newest of each conversation first.
    pub found: Vec<Found>,
    /// How many messages were looked at.
    pub looked_at: u64,
    /// Whether it is done, and then whether there may be more.
    pub done: Option<bool>,
}

impl Searching {
    /// What the words ask for; nothing where they are too short.
    #[must_use]
    pub fn query(&self) -> Option<Query> {
        let words = self.words.trim();
        let query = Query { words: words.to_owned(), within: self.within };
        (words.chars().count() >= WORDS_MIN).then_some(query)
    }

    /// Forgets what was found: something else is looked for.
    pub fn begin(&mut self) {
        self.number += 1;
        self.found.clear();
        (self.looked_at, self.done) = (0, None);
    }

    /// Takes what the search tells.
    pub fn take(&mut self, told: Told) {
        match told {
            Told::Found(found, looked_at) => {
                self.found.extend(found);
                self.looked_at = looked_at;
            }
            Told::Done { more } => self.done = Some(more),
        }
    }
}

/// Paints it.
pub fn search_ui(ui: &mut egui::Ui, view: &View<'_>, searching: &mut Searching) -> Vec<Action> {
    let mut actions = Vec::new();
    egui::Frame::NONE.inner_margin(egui::Margin::symmetric(16, 16)).show(ui, |ui| {
        field(ui, view, searching, &mut actions);
        ui.add_space(theme::SPACE[1]);
        if searching.query().is_some() {
            words(ui, standing(view, searching));
        } else {
            words(ui, view.text.say("search-hint"));
        }
        ui.add_space(theme::SPACE[1]);
        let (height, length) = (theme::ROW_HEIGHT, searching.found.len());
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, height, length, |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for one in searching.found.iter().skip(range.start).take(range.len()) {
                row_ui(ui, view, one, &searching.words, &mut actions);
            }
        });
    });
    actions
}

fn field(ui: &mut egui::Ui, view: &View<'_>, searching: &mut Searching, actions: &mut Vec<Action>) {
    let text = view.text;
    ui.heading(text.say("search-title"));
    let label = text.say("search-words");
    let edit = TextEdit::singleline(&mut searching.words)
        .hint_text(label.clone())
        .desired_width(f32::INFINITY)
        .char_limit(200);
    let field = ui.add(edit);
    field.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, &label));
    if std::mem::take(&mut searching.focus) {
        field.request_focus();
    }
    let mut changed = field.changed();
    if let Some(one) = searching.within.and_then(|with| view.model.conversation(with)) {
        let label = text.say_with("search-within", &[("name", view.model.name(&one.contact).into())]);
        let mut only = true;
        changed |= ui
            .scope(|ui| {
                theme::outline_choices(ui);
                ui.checkbox(&mut only, label).changed()
            })
            .inner;
        if !only {
            searching.within = None;
        }
    }
    if changed {
        actions.push(Action::SearchMessages(searching.query()));
    }
    if entered(ui, &field)
        && let Some(first) = searching.found.first()
    {
        actions.push(Action::OpenFound(Box::new(first.clone())));
    }
}

/// How far it has come, in words.
fn standing(view: &View<'_>, searching: &Searching) -> String {
    let count = searching.found.len();
    let key = match searching.done {
        None => "search-goes-on",
        Some(true) => "search-more",
        Some(false) if count == 0 => "search-nothing",
        Some(false) => "search-done",
    };
    let looked_at = searching.looked_at;
    view.text.say_with(key, &[("count", count.into()), ("messages", looked_at.into())])
}

fn row_ui(ui: &mut egui::Ui, view: &View<'_>, one: &Found, looked_for: &str, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    let message = &one.message;
    let name = their_name(view, one);
    let who = if message.outgoing { view.text.say_with("search-to", &[("name", name.into())]) } else { name };
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.shrink(2.0), theme::RADIUS_SMALL, palette.hovered);
    }
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let painter = ui.painter_at(rect);
    let when = view.text.when(message.sent_at, view.today);
    let font = FontId::proportional(12.0);
    let (top, below) = (rect.top() + 20.0, rect.top() + 44.0);
    let time = painter.text(pos2(inner.right(), top), Align2::RIGHT_CENTER, when, font, palette.text_weak);
    let title = TextFormat::simple(FontId::proportional(14.0), palette.text);
    let who = single_line(&[(&who, title)], time.left() - inner.left() - 8.0);
    let who = painter.layout_job(who);
    painter.galley(pos2(inner.left(), top - who.size().y / 2.0), who, palette.text);
    let said = message.text.as_deref().unwrap_or_default();
    let [before, hit, after] = say::around(said, looked_for);
    let plain = TextFormat::simple(FontId::proportional(13.5), palette.text_weak);
    let strong = TextFormat { color: palette.accent, ..plain.clone() };
    let snippet = [(before.as_str(), plain.clone()), (hit.as_str(), strong), (after.as_str(), plain)];
    let snippet = painter.layout_job(single_line(&snippet, inner.width()));
    let label = format!("{}, {}", their_name(view, one), snippet.text());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    painter.galley(pos2(inner.left(), below - snippet.size().y / 2.0), snippet, palette.text_weak);
    if response.clicked() {
        actions.push(Action::OpenFound(Box::new(one.clone())));
    }
}

fn their_name(view: &View<'_>, one: &Found) -> String {
    let name = view.model.conversation(one.message.conversation).map(|one| view.model.name(&one.contact));
    name.unwrap_or_default()
}

fn single_line(parts: &[(&str, TextFormat)], width: f32) -> LayoutJob {
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    for (part, format) in parts {
        job.append(part, 0.0, format.clone());
    }
    job.wrap = TextWrapping::truncate_at_width(width.max(10.0));
    job
}
