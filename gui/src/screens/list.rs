//! The list of conversations: as data, then painted.

use causerie_protocol::{
    answer::{ContactState, ConversationView, MessageState, Verification},
    command::ConversationMark,
    ids::AccountId,
};
use eframe::egui::{self, Align2, FontId, Rect, Role, ScrollArea, Sense, TextEdit, WidgetInfo, pos2, vec2};

use crate::{
    action::{Action, Shortcut},
    components::{
        avatar::avatar_at,
        icon::{Icon, icon_button},
        menu::context_menu,
        say,
    },
    route::Route,
    screens::{View, primary_button, words},
    theme,
};

/// Letters of a message that a row shows at most.
const PREVIEW_MAX: usize = 80;

/// Side of a sign in a row.
const SIGN: f32 = 13.0;

/// What is looked for, and where.
#[derive(Debug, Default)]
pub struct Looking {
    /// The words.
    pub words: String,
    /// Whether the archive is shown.
    pub archive: bool,
    /// Whether the field is to be typed into now.
    pub focus: bool,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// With whom.
    pub with: AccountId,
    /// Their name.
    pub name: String,
    /// What was said last, or how they stand.
    pub below: String,
    /// When that was.
    pub when: String,
    /// How many messages were not read.
    pub unread: u64,
}

/// The rows that are shown, in order.
#[must_use]
pub fn rows(view: &View<'_>, looking: &Looking) -> Vec<Row> {
    let wanted = say::folded(looking.words.trim());
    let all = view.model.conversations().into_iter();
    all.filter(|one| one.archived == looking.archive || !wanted.is_empty())
        .filter(|one| wanted.is_empty() || say::folded(&one.contact.name).contains(&wanted))
        .map(|one| row(view, one))
        .collect()
}

fn row(view: &View<'_>, one: &ConversationView) -> Row {
    let text = view.text;
    let last = one.last.as_ref();
    let said = last.map(|last| {
        let preview = say::preview(text, last, PREVIEW_MAX);
        let is_ours = last.outgoing && last.text.is_some();
        if is_ours { text.say_with("list-you", &[("text", preview.into())]) } else { preview }
    });
    let below = if one.contact.state == ContactState::Active && !one.draft.trim().is_empty() {
        text.say_with("list-draft", &[("text", say::in_one_line(&one.draft, PREVIEW_MAX).into())])
    } else if one.contact.state == ContactState::Active {
        said.unwrap_or_else(|| text.say("list-nothing-said"))
    } else {
        say::standing(text, &one.contact, view.today)
    };
    let when = last.map(|last| text.when(last.received_at.unwrap_or(last.sent_at), view.today));
    Row {
        with: one.contact.id,
        name: view.model.name(&one.contact),
        below,
        when: when.unwrap_or_default(),
        unread: one.unread,
    }
}

/// Paints the list with what stands above and below it.
pub fn list_ui(ui: &mut egui::Ui, view: &View<'_>, looking: &mut Looking, route: Route) -> Vec<Action> {
    let mut actions = Vec::new();
    let text = view.text;
    ui.add_space(theme::SPACE[1]);
    head(ui, view, looking, &mut actions);
    let rows = rows(view, looking);
    let archived = view.model.conversations().iter().filter(|one| one.archived).count();
    if rows.is_empty() && view.model.listed {
        ui.add_space(theme::SPACE[3]);
        ui.vertical_centered(|ui| {
            if looking.words.trim().is_empty() && !looking.archive {
                ui.label(theme::strong(text.say("list-empty")));
                words(ui, text.say("list-empty-text"));
                if primary_button(ui, &text.say("list-add"), true) {
                    actions.push(Action::Go(Route::AddContact));
                }
            } else {
                let looked = looking.words.trim().to_owned();
                words(ui, text.say_with("list-nobody-found", &[("words", looked.into())]));
            }
        });
    }
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, theme::ROW_HEIGHT, rows.len(), |ui, range| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for row in rows.iter().skip(range.start).take(range.len()) {
            if let Some(one) = view.model.conversation(row.with) {
                row_ui(ui, view, row, one, route == Route::Chat(row.with), &mut actions);
            }
        }
        if archived > 0 && !looking.archive && looking.words.is_empty() && range.end == rows.len() {
            if ui.button(text.say("list-archived")).clicked() {
                looking.archive = true;
            }
        } else if looking.archive && range.end == rows.len() && ui.button(text.say("list-back")).clicked() {
            looking.archive = false;
        }
    });
    actions
}

fn head(ui: &mut egui::Ui, view: &View<'_>, looking: &mut Looking, actions: &mut Vec<Action>) {
    let text = view.text;
    ui.horizontal(|ui| {
        let own = view.model.own();
        let name = own.map_or_else(|| text.say("app-name"), |own| say::in_one_line(&own.name, 24));
        ui.label(theme::strong(name));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            for (icon, shortcut) in [
                (Icon::Settings, Shortcut::Settings),
                (Icon::Network, Shortcut::Network),
                (Icon::Search, Shortcut::SearchAll),
                (Icon::Add, Shortcut::Add),
            ] {
                let label = text.say(shortcut.label());
                let keys = shortcut.shown(text);
                if icon_button(ui, icon, &label, &format!("{label} ({keys})")).clicked() {
                    actions.push(shortcut.action());
                }
            }
        });
    });
    let label = text.say("list-search");
    let edit = TextEdit::singleline(&mut looking.words).hint_text(label.clone()).desired_width(f32::INFINITY);
    let field = ui.add(edit.char_limit(64));
    field.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, &label));
    if std::mem::take(&mut looking.focus) {
        field.request_focus();
    }
    if super::gate::entered(ui, &field)
        && let Some(first) = rows(view, looking).first()
    {
        actions.push(Action::Open(first.with));
        looking.words.clear();
    }
}

fn row_ui(
    ui: &mut egui::Ui,
    view: &View<'_>,
    row: &Row,
    one: &ConversationView,
    chosen: bool,
    actions: &mut Vec<Action>,
) {
    let palette = theme::palette(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::click());
    let mut label = format!("{}, {}", row.name, row.below);
    if row.unread > 0 {
        let unread = view.text.say_with("unread", &[("count", row.unread.into())]);
        label = format!("{label}, {unread}");
    }
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &label));
    if chosen || response.hovered() || response.has_focus() {
        let ground = if chosen { palette.chosen } else { palette.hovered };
        ui.painter().rect_filled(rect.shrink(2.0), theme::RADIUS_SMALL, ground);
    }
    let square = Rect::from_center_size(
        pos2(rect.left() + 10.0 + theme::AVATAR / 2.0, rect.center().y),
        vec2(theme::AVATAR, theme::AVATAR),
    );
    avatar_at(ui, square, &one.contact);
    row_words(ui, row, one, rect);
    if response.clicked() {
        actions.push(Action::Open(row.with));
    }
    row_menu(&response, view, one, actions);
}

fn row_words(ui: &egui::Ui, row: &Row, one: &ConversationView, rect: Rect) {
    let palette = theme::palette(ui);
    let painter = ui.painter_at(rect);
    let left = rect.left() + 20.0 + theme::AVATAR;
    let right = rect.right() - 10.0;
    let time = painter.text(
        pos2(right, rect.top() + 20.0),
        Align2::RIGHT_CENTER,
        &row.when,
        FontId::proportional(12.0),
        palette.text_weak,
    );
    let badge = row.unread > 0;
    let line = |words: String, font: FontId, colour, width: f32| {
        let mut job = egui::text::LayoutJob::simple_singleline(words, font, colour);
        job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(10.0));
        painter.layout_job(job)
    };
    let sign = |icon: Icon, left: f32, y: f32, colour| {
        icon.paint(&painter, Rect::from_center_size(pos2(left + SIGN / 2.0, y), vec2(SIGN, SIGN)), colour);
        left + SIGN + 4.0
    };
    let mut at = left;
    if one.pinned {
        at = sign(Icon::Pin, at, rect.top() + 20.0, palette.text_weak);
    }
    let verified = one.contact.verification == Verification::Verified;
    let room = time.left() - at - if verified { SIGN + 12.0 } else { 8.0 };
    let name = line(row.name.clone(), FontId::new(15.0, theme::semibold()), palette.text, room);
    let end = at + name.size().x + 4.0;
    painter.galley(pos2(at, rect.top() + 20.0 - name.size().y / 2.0), name, palette.text);
    if verified {
        sign(Icon::Verified, end, rect.top() + 20.0, palette.accent);
    }
    let last = one.last.as_ref().filter(|last| {
        last.outgoing && one.contact.state == ContactState::Active && one.draft.trim().is_empty()
    });
    let mut at = left;
    if let Some(last) = last {
        let colour = if last.state == MessageState::Read { palette.accent } else { palette.text_weak };
        at = sign(Icon::of_state(last.state), at, rect.top() + 44.0, colour);
    }
    let room = if badge { right - at - 36.0 } else { right - at };
    let below = line(row.below.clone(), FontId::proportional(13.5), palette.text_weak, room);
    painter.galley(pos2(at, rect.top() + 44.0 - below.size().y / 2.0), below, palette.text_weak);
    if badge {
        let words = if row.unread > 99 { "99+".to_owned() } else { row.unread.to_string() };
        let ground = if one.muted { palette.text_weak } else { palette.accent };
        let at = pos2(right - 13.0, rect.top() + 44.0);
        painter.rect_filled(Rect::from_center_size(at, vec2(26.0, 18.0)), 9.0, ground);
        painter.text(at, Align2::CENTER_CENTER, words, FontId::proportional(12.0), palette.on_accent);
    }
}

fn row_menu(response: &egui::Response, view: &View<'_>, one: &ConversationView, actions: &mut Vec<Action>) {
    let with = one.contact.id;
    let choices = [
        (if one.pinned { "unpin" } else { "pin" }, Action::Mark(with, ConversationMark::Pinned(!one.pinned))),
        (if one.muted { "unmute" } else { "mute" }, Action::Mark(with, ConversationMark::Muted(!one.muted))),
        (
            if one.archived { "unarchive" } else { "archive" },
            Action::Mark(with, ConversationMark::Archived(!one.archived)),
        ),
        ("contact-page", Action::Go(Route::Contact(with))),
    ];
    let labels = choices.each_ref().map(|(key, _)| view.text.say(key));
    if let Some(place) = context_menu(response, &labels) {
        actions.extend(choices.into_iter().nth(place).map(|(_, action)| action));
    }
}
