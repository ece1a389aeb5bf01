//! Everything that can be done and everybody there is, found by typing: opened with a key, left with another.

use causerie_protocol::command::ConversationMark;
use eframe::egui::{self, Key, Modifiers, Role, TextEdit, WidgetInfo};

use crate::{
    action::{Action, Shortcut},
    components::say,
    route::Route,
    screens::{View, words},
    theme,
};

/// Rows that are shown at most.
const ROWS_MAX: usize = 9;

/// What is typed and chosen.
#[derive(Debug, Default)]
pub struct Palette {
    words: String,
    chosen: usize,
}

/// One thing that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What it is called.
    pub label: String,
    /// The keys that ask the same.
    pub keys: Option<Shortcut>,
    /// What it asks.
    pub action: Action,
}

/// What these words find: people first, then what can be done.
#[must_use]
pub fn choices(view: &View<'_>, route: Route, looked_for: &str) -> Vec<Choice> {
    let text = view.text;
    let people = view.model.conversations().into_iter().map(|one| Choice {
        label: view.model.name(&one.contact),
        keys: None,
        action: Action::Open(one.contact.id),
    });
    let shown = match route {
        Route::Chat(with) | Route::Contact(with) => view.model.conversation(with),
        _ => None,
    };
    let marks = shown.into_iter().flat_map(|one| {
        let (with, pinned, muted) = (one.contact.id, one.pinned, one.muted);
        [
            (if pinned { "unpin" } else { "pin" }, Action::Mark(with, ConversationMark::Pinned(!pinned))),
            (if muted { "unmute" } else { "mute" }, Action::Mark(with, ConversationMark::Muted(!muted))),
            ("contact-page", Action::Go(Route::Contact(with))),
        ]
    });
    let marks = marks.map(|(key, action)| Choice { label: text.say(key), keys: None, action });
    let others = Shortcut::ALL.into_iter().filter(|one| !matches!(one, Shortcut::Palette | Shortcut::Back));
    let others =
        others.map(|one| Choice { label: text.say(one.label()), keys: Some(one), action: one.action() });
    let about = Choice { label: text.say("about-title"), keys: None, action: Action::Go(Route::About) };
    let all = people.chain(marks).chain(others).chain([about]);
    let wanted: Vec<String> = looked_for.split_whitespace().map(say::folded).collect();
    all.filter(|choice| {
        let label = say::folded(&choice.label);
        wanted.iter().all(|word| label.contains(word))
    })
    .take(ROWS_MAX)
    .collect()
}

/// Paints it over everything else; what was chosen, or [`Action::Back`] where it is left.
pub fn palette_ui(ui: &egui::Ui, view: &View<'_>, route: Route, palette: &mut Palette) -> Option<Action> {
    let mut asked = None;
    let found = choices(view, route, &palette.words);
    let modal = egui::Modal::new(egui::Id::unique("palette")).show(ui.ctx(), |ui| {
        ui.set_width(theme::PAGE_WIDTH.min(ui.ctx().content_rect().width() - 64.0));
        ui.input_mut(|input| {
            let below = input.consume_key(Modifiers::NONE, Key::ArrowDown);
            let above = input.consume_key(Modifiers::NONE, Key::ArrowUp);
            palette.chosen = palette.chosen.saturating_add(usize::from(below));
            palette.chosen = palette.chosen.saturating_sub(usize::from(above));
        });
        palette.chosen = palette.chosen.min(found.len().saturating_sub(1));
        let label = view.text.say("palette-words");
        let edit = TextEdit::singleline(&mut palette.words)
            .hint_text(label.clone())
            .desired_width(f32::INFINITY)
            .char_limit(64);
        let field = ui.add(edit);
        field.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, &label));
        if field.changed() {
            palette.chosen = 0;
        }
        if super::gate::entered(ui, &field) {
            asked = found.get(palette.chosen).map(|choice| choice.action.clone());
        }
        field.request_focus();
        if found.is_empty() {
            words(ui, view.text.say("palette-nothing"));
        }
        let colours = theme::palette(ui);
        ui.spacing_mut().item_spacing.y = 2.0;
        for (place, choice) in found.iter().enumerate() {
            let fill = if place == palette.chosen { colours.chosen } else { egui::Color32::TRANSPARENT };
            let keys = choice.keys.map(|keys| keys.shown(view.text)).unwrap_or_default();
            let button = egui::Button::new(&choice.label)
                .truncate()
                .fill(fill)
                .stroke(egui::Stroke::NONE)
                .min_size(egui::vec2(ui.available_width(), 30.0))
                .shortcut_text(egui::RichText::new(keys).color(colours.text_weak));
            if ui.add(button).clicked() {
                asked = Some(choice.action.clone());
            }
        }
    });
    asked.or_else(|| modal.should_close().then_some(Action::Back))
}
