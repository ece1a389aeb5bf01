//! How two people come together: an invitation to give, one that was given, and who asks.
//!
//! One that was given is pasted, dropped or chosen as a file, or found in a picture of its code. Whatever is found stands
//! in the field, to be looked at: nothing is accepted by itself, and the clipboard is read only when somebody pastes.

use std::path::PathBuf;

use causerie_protocol::{
    answer::{ContactState, InvitationState, InvitationView},
    moment::WallTime,
};
use eframe::egui::{
    self, Align2, Event, FontId, Key, KeyboardShortcut, Modifiers, Role, TextBuffer, TextEdit, TextStyle,
    WidgetInfo,
    text::{LayoutJob, TextFormat},
    text_edit::TextEditState,
};

use crate::{
    action::Action,
    components::{avatar::avatar, qr_code::qr_code},
    desktop::Offers,
    qr_reading::{Reading, Source, file_in, invitation_in, link_in},
    screens::{View, card, code, page, primary, primary_button, request_buttons, words},
    text::day_of,
    theme,
};

use given::given_ui;

mod given;

/// Characters of what is pasted. Chosen: a link in a long letter.
const PASTED_CHARS_MAX: usize = 8_192;

/// What is typed here.
#[derive(Debug, Default)]
pub struct Adding {
    /// The invitation that was given.
    pub pasted: String,
    /// Whether a new one can be answered by many.
    pub many: bool,
    /// What was wrong with what was pasted.
    pub wrong: Option<String>,
    /// A picture in which an invitation is looked for.
    reading: Option<Reading>,
    /// Files that were chosen, before they are looked into.
    chosen: Vec<PathBuf>,
    /// What is in the field was found in a picture or a file.
    found: bool,
    /// An invitation was just asked for: it is to be copied next.
    made: bool,
    /// The last pass that painted this page.
    painted: Option<u64>,
}

impl Adding {
    /// Looks for an invitation in files that were chosen; where none was, nothing changes.
    pub fn look_into(&mut self, files: Vec<PathBuf>) {
        self.chosen = files;
    }
}

/// Paints it.
pub fn add_contact_ui(
    ui: &mut egui::Ui,
    view: &View<'_>,
    adding: &mut Adding,
    offers: Offers,
) -> Vec<Action> {
    let mut actions = Vec::new();
    take_in(ui, view, adding);
    page(ui, &view.text.say("add-title"), |ui| {
        requests(ui, view, &mut actions);
        card(ui, |ui| theirs(ui, view, adding, offers, &mut actions));
        card(ui, |ui| mine(ui, view, adding, &mut actions));
    });
    if ui.input(|input| !input.raw.hovered_files.is_empty()) {
        drop_here(ui, &view.text.say("add-drop"));
    }
    actions
}

/// Takes what was pasted and dropped anywhere on this page, and what was found meanwhile.
fn take_in(ui: &egui::Ui, view: &View<'_>, adding: &mut Adding) {
    if let Some(found) = adding.reading.as_ref().and_then(Reading::ended) {
        adding.reading = None;
        match found {
            Ok(link) => (adding.pasted, adding.found) = (link, true),
            Err(why) => adding.wrong = Some(view.text.say(why.label())),
        }
    }
    let focused = ui.memory(egui::Memory::focused);
    let typing = focused.is_some_and(|id| TextEditState::load(ui.ctx(), id).is_some());
    let searching = typing && focused != Some(field_id());
    let chosen = std::mem::take(&mut adding.chosen);
    let mut source = (!chosen.is_empty()).then_some(Source::Files(chosen));
    ui.input_mut(|input| {
        let dropped = &input.raw.dropped_files;
        if !dropped.is_empty() {
            source = Some(Source::Files(dropped.iter().map(|file| file.path().to_owned()).collect()));
        }
        input.events.retain(|event| match event {
            Event::PasteImage(picture) => {
                source = Some(Source::Picture(picture.clone()));
                false
            }
            Event::Paste(text) if !searching => {
                if let Some(link) = link_in(text) {
                    link.clone_into(&mut adding.pasted);
                } else if let Some(file) = file_in(text) {
                    source = Some(Source::Files(vec![file]));
                } else if typing {
                    return true;
                } else {
                    adding.pasted = text.chars().take(PASTED_CHARS_MAX).collect();
                }
                (adding.wrong, adding.found) = (None, false);
                false
            }
            _ => true,
        });
    });
    if let Some(source) = source {
        (adding.wrong, adding.found) = (None, false);
        // Without a thread nothing is read, which the sentence about the picture says well enough.
        match Reading::begin(source, invitation_in, ui.ctx()) {
            Ok(reading) => adding.reading = Some(reading),
            Err(_) => adding.wrong = Some(view.text.say("busy")),
        }
    }
}

/// Says, over everything, that a file can be let go of.
pub fn drop_here(ui: &egui::Ui, words: &str) {
    let palette = theme::palette(ui);
    let place = ui.ctx().content_rect();
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop-here"));
    let painter = ui.ctx().layer_painter(layer);
    painter.rect_filled(place, 0.0, palette.ground.gamma_multiply(0.9));
    let inside = place.shrink(theme::SPACE[3]);
    let line = egui::Stroke::new(2.0, palette.accent);
    painter.rect_stroke(inside, theme::RADIUS, line, egui::StrokeKind::Inside);
    painter.text(inside.center(), Align2::CENTER_CENTER, words, FontId::proportional(22.0), palette.text);
}

fn field_id() -> egui::Id {
    egui::Id::unique("invitation")
}

fn requests(ui: &mut egui::Ui, view: &View<'_>, actions: &mut Vec<Action>) {
    let all = view.model.conversations();
    let waiting: Vec<_> = all.iter().filter(|one| one.contact.state == ContactState::Request).collect();
    if waiting.is_empty() {
        return;
    }
    card(ui, |ui| {
        ui.label(theme::strong(view.text.say("add-requests")));
        for one in waiting {
            ui.horizontal(|ui| {
                avatar(ui, 36.0, &one.contact);
                words(ui, view.model.name(&one.contact));
            });
            request_buttons(ui, view, &one.contact, actions);
        }
    });
}

fn theirs(
    ui: &mut egui::Ui,
    view: &View<'_>,
    adding: &mut Adding,
    offers: Offers,
    actions: &mut Vec<Action>,
) {
    let text = view.text;
    ui.label(theme::strong(text.say("add-theirs")));
    let label = text.say("add-paste");
    let given = !adding.pasted.trim().is_empty();
    // A link is one line, however often it is broken: Enter is free to mean yes.
    let enter = KeyboardShortcut::new(Modifiers::NONE, Key::Enter);
    let entered = ui.memory(|memory| memory.has_focus(field_id()))
        && !ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Ime(_))))
        && ui.input_mut(|input| input.consume_shortcut(&enter));
    let mut full_lines = |ui: &egui::Ui, pasted: &dyn TextBuffer, width: f32| {
        let format = TextFormat::simple(TextStyle::Body.resolve(ui.style()), theme::palette(ui).text);
        let mut job = LayoutJob::single_section(pasted.as_str().to_owned(), format);
        (job.wrap.max_width, job.wrap.break_anywhere) = (width, true);
        ui.painter().layout_job(job)
    };
    let edit = TextEdit::multiline(&mut adding.pasted)
        .id(field_id())
        .hint_text(label.clone())
        .desired_rows(2)
        .desired_width(f32::INFINITY)
        .layouter(&mut full_lines)
        .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter))
        .char_limit(PASTED_CHARS_MAX);
    let field = ui.add(edit);
    field.widget_info(|| WidgetInfo::labeled(Role::MultilineTextInput, true, &label));
    let pass = ui.ctx().cumulative_pass_nr();
    if adding.painted.is_none_or(|painted| painted + 1 < pass) {
        field.request_focus();
    }
    adding.painted = Some(pass);
    if field.changed() {
        (adding.wrong, adding.found) = (None, false);
    }
    if let Some(wrong) = &adding.wrong {
        ui.colored_label(theme::palette(ui).bad, wrong);
    } else if adding.reading.is_some() {
        ui.weak(text.say("add-picture-reading"));
    } else if adding.found {
        ui.colored_label(theme::palette(ui).good, text.say("add-picture-found"));
    } else if !given {
        ui.weak(text.say("add-picture"));
    }
    if adding.wrong.is_none() {
        given_ui(ui, view, &adding.pasted);
    }
    ui.horizontal_wrapped(|ui| {
        if primary_button(ui, &text.say("add-accept"), given) || (entered && given) {
            actions.push(Action::Accept(adding.pasted.clone()));
        }
        if offers.files && ui.button(text.say("add-choose")).clicked() {
            actions.push(Action::ChooseFile);
        }
    });
}

fn mine(ui: &mut egui::Ui, view: &View<'_>, adding: &mut Adding, actions: &mut Vec<Action>) {
    let text = view.text;
    ui.label(theme::strong(text.say("add-mine")));
    words(ui, text.say("add-mine-text"));
    let made = view.model.invitation.as_ref();
    let state = made.map(|one| state(one, view.now));
    let open = made.filter(|_| state == Some(InvitationState::Open));
    let Some((invitation, link)) = open.and_then(|one| one.link.as_ref().map(|link| (one, link))) else {
        match state {
            Some(InvitationState::Used) => words(ui, text.say("add-used")),
            Some(InvitationState::Revoked | InvitationState::Expired) => words(ui, text.say("add-ended")),
            Some(InvitationState::Open) | None => {}
        }
        ui.scope(|ui| {
            theme::outline_choices(ui);
            ui.checkbox(&mut adding.many, text.say("add-many"));
        });
        if primary_button(ui, &text.say("add-make"), true) {
            adding.made = true;
            actions.push(Action::Invite(adding.many));
        }
        return;
    };
    ui.vertical_centered(|ui| qr_code(ui, link, &text.say("add-code"), 260.0));
    code(ui, link, 11.0);
    if let Some(until) = invitation.expires {
        let when = format!("{} {}", text.day(day_of(until), view.today), text.clock(until));
        ui.weak(text.say_with("add-valid-until", &[("when", when.into())]));
    }
    if invitation.reusable {
        ui.weak(text.say_with("add-answers", &[("count", invitation.answers.into())]));
    }
    ui.horizontal_wrapped(|ui| {
        let copy = primary(ui, &text.say("add-copy"), true);
        if std::mem::take(&mut adding.made) {
            copy.request_focus();
        }
        if copy.clicked() {
            actions.push(Action::Copy(link.clone()));
        }
        if ui.button(text.say("add-revoke")).clicked() {
            actions.push(Action::Revoke(Box::new(invitation.clone())));
        }
    });
}

/// How an invitation stands by this clock: nobody tells when its time is over.
fn state(invitation: &InvitationView, now: WallTime) -> InvitationState {
    let is_over = invitation.expires.is_some_and(|end| end <= now);
    if invitation.state == InvitationState::Open && is_over {
        InvitationState::Expired
    } else {
        invitation.state
    }
}
