//! A conversation: who it is with, what was said, and where to write.

use std::collections::BTreeSet;

use causerie_protocol::{
    answer::{ContactState, ConversationView, MessageState, MessageView, Verification},
    command::Command,
    ids::{AccountId, MessageId},
};
use eframe::egui::{
    self, FontId, Key, Label, Modifiers, Rect, Role, Sense, UiBuilder, WidgetInfo, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};

use crate::{
    action::Action,
    components::{
        avatar::avatar,
        chat_list::{ChatList, Content, Item, Shown},
        icon::Icon,
        lines::laid_out,
        menu::context_menu,
        say,
    },
    emoji,
    first_unread::FirstUnread,
    model::timeline::{Part, Timeline},
    route::Route,
    screens::{View, words},
    theme,
};
use composer::{Writing, composer};

mod composer;

/// Messages higher than this are folded to the second of these, until somebody asks for all of it. Chosen: about a screen.
const FOLDED_FROM: f32 = 480.0;
const FOLDED: f32 = 360.0;

/// Where the button below a folded message stands.
const UNFOLD_HEIGHT: f32 = 34.0;

/// The space between a bubble's edge and its words.
const PADDING: egui::Vec2 = vec2(12.0, 7.0);

/// Where the time stands below the words.
const TIME_HEIGHT: f32 = 15.0;

/// Side of the sign beside the time.
const SIGN: f32 = 12.0;

/// Size of words, and of a few emoji alone.
const WORDS: f32 = 15.0;
const LARGE: f32 = 38.0;

/// What is open in a conversation.
#[derive(Debug, Default)]
pub struct Chat {
    /// Where the list stands.
    pub list: ChatList,
    /// What is written and not sent.
    pub draft: String,
    /// The first message that was not read when it was opened.
    pub unread_from: Option<MessageId>,
    /// How many were not, as long as it is not known which.
    pub unread: u64,
    /// How many messages had come when it was opened.
    pub arrived: u64,
    /// Where what was not read begins, if that is far above.
    pub unread_above: UnreadAbove,
    /// The message that was looked for and is shown.
    pub found: Option<MessageId>,
    /// Long messages that are shown as a whole.
    pub unfolded: BTreeSet<MessageId>,
    /// Whether the field is to be typed into now.
    pub focus: bool,
    /// What is open around the field.
    pub(crate) writing: Writing,
}

/// Where what was not read begins, if more came than is loaded at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UnreadAbove {
    /// It is loaded, or was shown.
    #[default]
    None,
    /// It is looked for, by this number; so many were not read.
    LookedFor(u64, u64),
    /// It is there; so many were not read.
    Found(FirstUnread, u64),
}

impl Chat {
    /// Shows all emoji, or hides them.
    pub fn toggle_picker(&mut self) {
        if !self.close_popup() {
            self.writing.open_picker();
        }
    }

    /// Closes what lies over the messages, and whether anything did.
    pub fn close_popup(&mut self) -> bool {
        let closed = self.writing.close();
        self.focus |= closed;
        closed
    }
}

/// Paints it.
pub fn chat_ui(ui: &mut egui::Ui, view: &View<'_>, with: AccountId, chat: &mut Chat) -> Vec<Action> {
    let mut actions = Vec::new();
    let Some(one) = view.model.conversation(with) else { return actions };
    egui::Panel::top("chat-head").show(ui, |ui| head(ui, view, one, &mut actions));
    egui::Panel::bottom("chat-foot").show_separator_line(false).show(ui, |ui| {
        foot(ui, view, one, chat, &mut actions);
    });
    egui::CentralPanel::default().show(ui, |ui| messages(ui, view, one, chat, &mut actions));
    actions
}

fn head(ui: &mut egui::Ui, view: &View<'_>, one: &ConversationView, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    ui.add_space(theme::SPACE[0]);
    ui.horizontal(|ui| {
        avatar(ui, 36.0, &one.contact);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let name = view.model.name(&one.contact);
            let title = ui.add(Label::new(theme::strong(&name)).truncate().sense(Sense::click()));
            if title.on_hover_text(view.text.say("contact-page")).clicked() {
                actions.push(Action::Go(Route::Contact(one.contact.id)));
            }
            let mut below = say::standing(view.text, &one.contact, view.today);
            match one.contact.verification {
                Verification::None => {}
                Verification::Verified => below = format!("{below} · {}", view.text.say("state-verified")),
                Verification::Changed => below = format!("{below} · {}", view.text.say("state-changed")),
            }
            let bad = one.contact.verification == Verification::Changed;
            let colour = if bad { palette.bad } else { palette.text_weak };
            ui.add(Label::new(egui::RichText::new(below).size(12.5).color(colour)).truncate());
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button(view.text.say("contact-page")).clicked() {
                actions.push(Action::Go(Route::Contact(one.contact.id)));
            }
        });
    });
    ui.add_space(theme::SPACE[0]);
}

fn messages(
    ui: &mut egui::Ui,
    view: &View<'_>,
    one: &ConversationView,
    chat: &mut Chat,
    actions: &mut Vec<Action>,
) {
    let Some(timeline) = view.model.timeline(one.contact.id) else { return };
    let name = view.model.name(&one.contact);
    if timeline.is_complete() && timeline.rows().is_empty() {
        ui.centered_and_justified(|ui| {
            ui.weak(view.text.say_with("chat-empty", &[("name", name.into())]));
        });
        return;
    }
    let content = Content {
        rows: timeline.rows(),
        revision: timeline.revision(),
        complete: timeline.is_complete(),
        at_end: timeline.is_at_end(),
        arrived: timeline.arrived(),
        unread_from: chat.unread_from,
    };
    let rows = timeline.rows();
    let (found, unfolded) = (chat.found, chat.unfolded.clone());
    let shown_as =
        |row: &MessageView| ShownAs { found: found == Some(row.id), folds: !unfolded.contains(&row.id) };
    let (mut unfold, mut divided) = (None, false);
    let area = ui.available_rect_before_wrap();
    ui.input_mut(|input| {
        let above = input.consume_key(Modifiers::NONE, Key::PageUp);
        let below = input.consume_key(Modifiers::NONE, Key::PageDown);
        chat.list.scroll(f32::from(i8::from(below) - i8::from(above)) * 0.85);
    });
    let shown = chat.list.show(
        ui,
        content,
        |ui, item, width| height(ui, view, rows, item, width, &shown_as),
        |ui, item| {
            if let Item::Message(place, ..) = item
                && let Some(row) = rows.get(place)
            {
                if bubble(ui, view, row, &name, shown_as(row), actions) {
                    unfold = Some(row.id);
                }
            } else {
                divided |= item == Item::Unread && ui.clip_rect().intersects(ui.max_rect());
                line(ui, view, item);
            }
        },
    );
    if let Some(id) = unfold {
        chat.unfolded.insert(id);
        chat.list.measure_again(id);
    }
    if shown.older_wanted && !timeline.is_complete() {
        actions.push(Action::Load(one.contact.id, Part::Older));
    }
    if shown.newer_wanted {
        actions.push(Action::Load(one.contact.id, Part::Newer));
    }
    if divided {
        chat.unread_above = UnreadAbove::None;
    }
    pills(ui, view, one.contact.id, chat, area, shown, actions);
}

/// What leads to messages that are out of sight: above, and below.
fn pills(
    ui: &mut egui::Ui,
    view: &View<'_>,
    with: AccountId,
    chat: &mut Chat,
    area: Rect,
    shown: Shown,
    actions: &mut Vec<Action>,
) {
    if let UnreadAbove::Found(_, count) = chat.unread_above {
        let label = view.text.say_with("chat-unread-above", &[("count", count.into())]);
        if pill(ui, area, &label, Icon::Up) {
            actions.push(Action::FirstUnread(with));
        }
    }
    if shown.at_bottom {
        return;
    }
    let label = match shown.new_below {
        0 => view.text.say("chat-down"),
        count => view.text.say_with("chat-new-below", &[("count", count.into())]),
    };
    if pill(ui, area, &label, Icon::Down) {
        if view.model.timeline(with).is_some_and(Timeline::is_at_end) {
            chat.list.to_bottom();
        } else {
            actions.push(Action::Newest(with));
        }
    }
}

/// A button with an arrow over the edge that it points to; whether it was pressed.
fn pill(ui: &mut egui::Ui, area: Rect, label: &str, arrow: Icon) -> bool {
    let middle = if arrow == Icon::Up { area.top() + 24.0 } else { area.bottom() - 24.0 };
    let place = Rect::from_center_size(pos2(area.center().x, middle), vec2(area.width().min(300.0), 32.0));
    let mut over = ui.new_child(UiBuilder::new().max_rect(place).id_salt(label));
    let button = over.centered_and_justified(|ui| ui.button(label)).inner;
    let at = pos2(button.rect.left() + 18.0, button.rect.center().y);
    let colour = ui.style().interact(&button).fg_stroke.color;
    arrow.paint(ui.painter(), Rect::from_center_size(at, vec2(SIGN, SIGN)), colour);
    button.clicked()
}

/// How a message is shown.
#[derive(Clone, Copy)]
struct ShownAs {
    /// It was looked for.
    found: bool,
    /// It is cut off where it is long.
    folds: bool,
}

/// How high an item is at this width.
fn height(
    ui: &egui::Ui,
    view: &View<'_>,
    rows: &[MessageView],
    item: Item,
    width: f32,
    shown_as: &impl Fn(&MessageView) -> ShownAs,
) -> f32 {
    match item {
        Item::Beginning => 44.0,
        Item::Day(_) | Item::Unread => 36.0,
        Item::Message(place, _, together) => {
            let words = rows.get(place).map_or(0.0, |row| {
                let words = galley(ui, view, row, width);
                folded(&words, shown_as(row)).map_or(words.size().y, |folded| folded + UNFOLD_HEIGHT)
            });
            let gap = if together { 2.0 } else { 8.0 };
            words + 2.0 * PADDING.y + TIME_HEIGHT + gap
        }
    }
}

/// How much of these words is shown where not all are: whole lines.
fn folded(words: &egui::Galley, shown_as: ShownAs) -> Option<f32> {
    if !shown_as.folds || words.size().y <= FOLDED_FROM {
        return None;
    }
    let shown = words.rows.partition_point(|line| line.rect().bottom() <= FOLDED);
    Some(
        shown
            .checked_sub(1)
            .and_then(|last| words.rows.get(last))
            .map_or(FOLDED, |line| line.rect().bottom()),
    )
}

/// What stands between messages.
fn line(ui: &mut egui::Ui, view: &View<'_>, item: Item) {
    let palette = theme::palette(ui);
    let (words, colour) = match item {
        Item::Beginning => (view.text.say("chat-begin"), palette.text_weak),
        Item::Day(day) => (view.text.day(day, view.today), palette.text_weak),
        Item::Unread => (view.text.say("chat-unread"), palette.accent),
        Item::Message(..) => return,
    };
    let words = egui::RichText::new(words).size(12.5).color(colour);
    ui.put(ui.max_rect(), Label::new(words).selectable(false));
}

/// The words of a message, broken into lines.
fn galley(ui: &egui::Ui, view: &View<'_>, row: &MessageView, width: f32) -> std::sync::Arc<egui::Galley> {
    let palette = theme::palette(ui);
    let (words, is_said) = say::body(view.text, row);
    let colour = if is_said { palette.text } else { palette.text_weak };
    let room = (width * 0.8).min(theme::BUBBLE_WIDTH_MAX) - 2.0 * PADDING.x;
    let large = is_said && emoji::alone(&words).is_some();
    let size = if large { LARGE } else { WORDS };
    let begins_right = say::begins_right(&words);
    let plain = TextFormat::simple(FontId::proportional(size), colour);
    let sign = TextFormat::simple(FontId::new(size, theme::emoji()), colour);
    let mut job = LayoutJob::default();
    job.wrap.max_width = room.max(40.0);
    let mut done = 0;
    for part in emoji::coloured(&words) {
        job.append(words.get(done..part.start).unwrap_or_default(), 0.0, plain.clone());
        job.append(words.get(part.clone()).unwrap_or_default(), 0.0, sign.clone());
        done = part.end;
    }
    job.append(words.get(done..).unwrap_or_default(), 0.0, plain);
    if begins_right {
        job.halign = egui::Align::RIGHT;
    }
    laid_out(ui, job)
}

/// Paints a message; whether all of it is asked for.
fn bubble(
    ui: &mut egui::Ui,
    view: &View<'_>,
    row: &MessageView,
    name: &str,
    shown_as: ShownAs,
    actions: &mut Vec<Action>,
) -> bool {
    let palette = theme::palette(ui);
    let place = ui.max_rect();
    let words = galley(ui, view, row, place.width());
    let time = view.text.clock(row.sent_at);
    let foot_colour = match row.state {
        MessageState::Read if row.outgoing => palette.accent,
        MessageState::Failed if row.outgoing => palette.bad,
        _ => palette.text_weak,
    };
    let foot = ui.painter().layout_no_wrap(time.clone(), FontId::proportional(11.0), foot_colour);
    let sign = if row.outgoing { SIGN + 3.0 } else { 0.0 };
    let cut = folded(&words, shown_as);
    let shown = vec2(words.size().x, cut.unwrap_or(words.size().y));
    let below = TIME_HEIGHT + if cut.is_some() { UNFOLD_HEIGHT } else { 0.0 };
    let unfolds = cut.map(|_| view.text.say("chat-unfold"));
    let unfolds_width = unfolds.clone().map_or(0.0, |words| {
        let font = egui::TextStyle::Body.resolve(ui.style());
        // Whole, with a little to spare.
        ui.painter().layout_no_wrap(words, font, palette.accent).size().x + 2.0
    });
    let size = vec2(shown.x.max(foot.size().x + sign).max(unfolds_width), shown.y + below) + 2.0 * PADDING;
    let left = if row.outgoing { place.right() - size.x - 12.0 } else { place.left() + 12.0 };
    let bubble = Rect::from_min_size(pos2(left, place.bottom() - size.y), size);
    let ground = if row.outgoing { palette.own_bubble } else { palette.their_bubble };
    ui.painter().rect_filled(bubble, theme::RADIUS, ground);
    let response = ui.interact(bubble, ui.scope_id().with("bubble"), Sense::click());
    let said = words.text().to_owned();
    let author = if row.outgoing { view.text.say("message-you") } else { name.to_owned() };
    let label = view.text.say_with(
        "message-row",
        &[("author", author.into()), ("time", time.into()), ("text", said.clone().into())],
    );
    let label =
        if row.outgoing { format!("{label} – {}", say::progress(view.text, row, name)) } else { label };
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
    if shown_as.found || response.has_focus() {
        let ring = egui::Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(bubble, theme::RADIUS, ring, egui::StrokeKind::Outside);
    }
    let inside = Rect::from_min_size(bubble.min + PADDING, shown);
    let mut child = ui.new_child(UiBuilder::new().max_rect(inside).id_salt("words"));
    // Of a line that is not shown nothing is.
    child.shrink_clip_rect(if cut.is_some() { inside } else { inside.expand(1.0) });
    child.add(Label::new(words).selectable(true).wrap());
    let mut unfold = false;
    if let Some(unfolds) = unfolds {
        let at =
            Rect::from_min_size(inside.left_bottom() + vec2(0.0, 4.0), vec2(size.x, UNFOLD_HEIGHT - 4.0));
        let mut child = ui.new_child(UiBuilder::new().max_rect(at).id_salt("unfold"));
        unfold = child.link(unfolds).clicked();
    }
    let foot_at = bubble.right_bottom() - vec2(PADDING.x + sign, PADDING.y - 2.0) - foot.size();
    if row.outgoing {
        let centre = pos2(bubble.right() - PADDING.x - SIGN / 2.0, foot_at.y + foot.size().y / 2.0);
        let square = Rect::from_center_size(centre, vec2(SIGN, SIGN));
        Icon::of_state(row.state).paint(ui.painter(), square, foot_colour);
    }
    ui.painter().galley(foot_at, foot, foot_colour);
    let response =
        if row.outgoing { response.on_hover_text(say::progress(view.text, row, name)) } else { response };
    let choices = [view.text.say("chat-copy"), view.text.say("chat-details")];
    let described = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    match context_menu(&response, &choices) {
        Some(0) => actions.push(Action::Copy(said)),
        Some(_) => actions.push(Action::Describe(row.conversation, row.id)),
        None if described => actions.push(Action::Describe(row.conversation, row.id)),
        None => {}
    }
    unfold
}

fn foot(
    ui: &mut egui::Ui,
    view: &View<'_>,
    one: &ConversationView,
    chat: &mut Chat,
    actions: &mut Vec<Action>,
) {
    let text = view.text;
    let name = view.model.name(&one.contact);
    let about = |key: &str| text.say_with(key, &[("name", name.clone().into())]);
    ui.add_space(theme::SPACE[0]);
    match one.contact.state {
        ContactState::Request => {
            words(ui, about("chat-request-note"));
            super::request_buttons(ui, view, &one.contact, actions);
        }
        ContactState::Blocked => {
            words(ui, about("chat-blocked-note"));
            if ui.button(text.say("contact-unblock")).clicked() {
                let contact = crate::model::reference(one.contact.id);
                actions.push(Action::Ask(Command::UnblockContact { contact }));
            }
        }
        ContactState::Failed => words(ui, about("chat-failed-note")),
        ContactState::Pending | ContactState::Active => {
            if one.contact.verification == Verification::Changed {
                words(ui, about("chat-changed-note"));
            } else {
                if one.contact.state == ContactState::Pending {
                    ui.weak(about("chat-pending-note"));
                }
                composer(ui, view, one.contact.id, chat, actions);
            }
        }
    }
    ui.add_space(theme::SPACE[1]);
}
