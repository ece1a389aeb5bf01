//! Where a message is written: the field, its buttons, and what opens above it.
//!
//! Enter sends, Shift+Enter begins a line. A word behind a colon offers emoji; `:code:` written out becomes its emoji. The
//! field has its focus back whenever what lay above it closes.

use std::ops::Range;

use causerie_protocol::{ids::AccountId, limits::TEXT_BYTES_MAX};
use eframe::egui::{
    self, Color32, Id, Key, KeyboardShortcut, Modifiers, Rect, Role, TextEdit, WidgetInfo,
    text::{CCursor, CCursorRange},
    text_edit::TextEditState,
    vec2,
};

use super::Chat;
use crate::{
    action::{Action, Shortcut},
    components::{
        emoji_completion::Completion,
        emoji_picker::EmojiPicker,
        icon::{Icon, icon_button},
    },
    emoji,
    model::timeline::Timeline,
    screens::{View, primary_button},
    theme,
};

/// Rows that the field to write in grows to.
const ROWS_MAX: usize = 8;

/// As high as that many rows are.
const ROWS_HEIGHT: f32 = 172.0;

/// What is open around the field.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    picker: Option<EmojiPicker>,
    completion: Option<Completion>,
    /// Where the word begins for which nothing more is to be offered.
    refused: Option<usize>,
}

impl Writing {
    pub(super) fn open_picker(&mut self) {
        self.picker = Some(EmojiPicker::default());
    }

    /// Closes what is open, and whether anything was.
    pub(super) fn close(&mut self) -> bool {
        let completion = self.completion.take().filter(Completion::offers);
        self.refused = completion.as_ref().map(|completion| completion.begun().place.start).or(self.refused);
        self.picker.take().is_some() || completion.is_some()
    }
}

/// Which field, of which conversation.
#[derive(Clone, Copy)]
struct At {
    with: AccountId,
    field: Id,
}

/// Paints it.
pub(super) fn composer(
    ui: &mut egui::Ui,
    view: &View<'_>,
    with: AccountId,
    chat: &mut Chat,
    actions: &mut Vec<Action>,
) {
    let at = At { with, field: Id::unique(("composer", with)) };
    let id = at.field;
    // An input method ends its word with the same keys.
    let composing = ui.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Ime(_))));
    if !composing {
        complete(ui, view, at, chat, actions);
    }
    let enter = KeyboardShortcut::new(Modifiers::NONE, Key::Enter);
    let send = ui.memory(|memory| memory.has_focus(id))
        && !composing
        && !ui.input(|input| input.modifiers.shift)
        && ui.input_mut(|input| input.consume_shortcut(&enter));
    let too_long = chat.draft.len() > TEXT_BYTES_MAX;
    let ready = !chat.draft.trim().is_empty() && !too_long;
    let mut pressed = false;
    ui.horizontal_top(|ui| {
        let label = view.text.say("emoji-open");
        let keys = Shortcut::Emoji.shown(view.text);
        let open = icon_button(ui, Icon::Smile, &label, &format!("{label} ({keys})"));
        let send_label = view.text.say("chat-send");
        let font = egui::TextStyle::Button.resolve(ui.style());
        let words = ui.painter().layout_no_wrap(send_label.clone(), font, Color32::PLACEHOLDER).size().x;
        let room =
            ui.available_width() - words - 2.0 * ui.spacing().button_padding.x - ui.spacing().item_spacing.x;
        let area = field(ui, view, at, room, chat, actions);
        pressed = primary_button(ui, &send_label, ready);
        if open.clicked() {
            chat.toggle_picker();
        }
        popups(ui, view, at, area, chat, actions);
    });
    if too_long {
        ui.colored_label(theme::palette(ui).bad, view.text.say("too-long"));
    }
    if pressed {
        chat.focus = true;
    }
    if ready && (send || pressed) {
        actions.push(Action::Send(with, std::mem::take(&mut chat.draft)));
        if view.model.timeline(with).is_none_or(Timeline::is_at_end) {
            chat.list.to_bottom();
        } else {
            actions.push(Action::Newest(with));
        }
        chat.unread_from = None;
    }
}

/// The field itself; returns where it is.
fn field(
    ui: &mut egui::Ui,
    view: &View<'_>,
    at: At,
    room: f32,
    chat: &mut Chat,
    actions: &mut Vec<Action>,
) -> Rect {
    let label = view.text.say("chat-write");
    let before = chat.draft.chars().count();
    let rows = chat.draft.split('\n').count().clamp(1, ROWS_MAX);
    let area =
        egui::ScrollArea::vertical().max_height(ROWS_HEIGHT).max_width(room).id_salt("composer-scroll");
    let shown = area.show(ui, |ui| {
        let edit = TextEdit::multiline(&mut chat.draft)
            .id(at.field)
            .hint_text(label.clone())
            .desired_rows(rows)
            .desired_width(room)
            // Tab chooses from what is offered, and otherwise goes on to the button.
            .lock_focus(chat.writing.completion.as_ref().is_some_and(Completion::offers))
            .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter));
        let field = ui.add(edit);
        field.widget_info(|| WidgetInfo::labeled(Role::MultilineTextInput, true, &label));
        if std::mem::take(&mut chat.focus) {
            field.request_focus();
        }
        if field.changed() {
            let typed = chat.draft.chars().count().saturating_sub(before).max(1);
            let cursor = cursor(ui.ctx(), at.field);
            match cursor.and_then(|cursor| emoji::ended(&chat.draft, cursor, typed)) {
                Some((place, emoji)) => {
                    put(ui, at, chat, place, view.preferences.emoji.in_tone(emoji).as_str(), actions);
                }
                None => actions.push(Action::Draft(at.with, chat.draft.clone())),
            }
        }
    });
    shown.inner_rect
}

/// Offers emoji for the word at the cursor, and takes the keys that choose one.
fn complete(ui: &egui::Ui, view: &View<'_>, at: At, chat: &mut Chat, actions: &mut Vec<Action>) {
    let writing = &mut chat.writing;
    let focused = ui.memory(|memory| memory.has_focus(at.field)) && writing.picker.is_none();
    let cursor = focused.then(|| cursor(ui.ctx(), at.field)).flatten();
    let begun = cursor.and_then(|cursor| emoji::begun(&chat.draft, cursor));
    // Esc takes the focus for a moment, too.
    if focused && writing.refused != begun.as_ref().map(|begun| begun.place.start) {
        writing.refused = None;
    }
    let begun = begun.filter(|_| writing.refused.is_none());
    let before = writing.completion.take();
    writing.completion = begun.map(|begun| Completion::of(begun, before, view));
    if let Some(emoji) = writing.completion.as_mut().and_then(|completion| completion.keys(ui)) {
        choose(ui, at, chat, emoji, actions);
    }
}

/// Writes what was chosen from what was offered.
fn choose(ui: &egui::Ui, at: At, chat: &mut Chat, emoji: &'static str, actions: &mut Vec<Action>) {
    if let Some(completion) = chat.writing.completion.take() {
        put(ui, at, chat, completion.begun().place.clone(), emoji, actions);
        chat.focus = true;
    }
}

/// Puts an emoji in the place of these characters, and the cursor behind it and what was typed since.
fn put(
    ui: &egui::Ui,
    at: At,
    chat: &mut Chat,
    place: Range<usize>,
    emoji: &'static str,
    actions: &mut Vec<Action>,
) {
    let draft = &mut chat.draft;
    let byte = |character: usize| draft.char_indices().nth(character).map_or(draft.len(), |(at, _)| at);
    let bytes = byte(place.start)..byte(place.end);
    draft.replace_range(bytes, emoji);
    let mut state = TextEditState::load(ui.ctx(), at.field).unwrap_or_default();
    let stood = state.cursor.char_range().map_or(place.end, |range| range.as_sorted_char_range().end.0);
    let since = stood.saturating_sub(place.end).min(draft.chars().count());
    let cursor = CCursor::new(place.start + emoji.chars().count() + since);
    state.cursor.set_char_range(Some(CCursorRange::one(cursor)));
    state.store(ui.ctx(), at.field);
    actions.push(Action::EmojiUsed(emoji));
    actions.push(Action::Draft(at.with, draft.clone()));
}

/// What lies above the field.
fn popups(ui: &egui::Ui, view: &View<'_>, at: At, field: Rect, chat: &mut Chat, actions: &mut Vec<Action>) {
    let corner = field.left_top() - vec2(0.0, 8.0);
    if let Some(completion) = &mut chat.writing.completion
        && let Some(emoji) = completion.show(ui, view, corner)
    {
        choose(ui, at, chat, emoji, actions);
    }
    if let Some(picker) = &mut chat.writing.picker {
        let picked = picker.show(ui, view, corner, actions);
        if let Some(emoji) = picked.emoji {
            let end = chat.draft.chars().count();
            let state = TextEditState::load(ui.ctx(), at.field);
            let range =
                state.and_then(|state| state.cursor.char_range()).map(|range| range.as_sorted_char_range());
            let place = range.map_or(end..end, |range| range.start.0.min(end)..range.end.0.min(end));
            put(ui, at, chat, place, emoji, actions);
        }
        if picked.done {
            chat.close_popup();
        }
    }
}

/// Where the cursor stands, unless something is selected.
fn cursor(context: &egui::Context, id: Id) -> Option<usize> {
    TextEditState::load(context, id)?.cursor.char_range()?.single().map(|cursor| cursor.index.0)
}
