//! Comparing safety numbers by machine: a code to show, and whether what the other side shows says the same.
//!
//! Both sides have one number. What is pasted or dropped is only compared; that a contact is verified is said by a person.

use eframe::egui::{self, Event, Role, TextEdit, WidgetInfo};

use crate::{
    components::qr_code::qr_code,
    qr_reading::{Reading, Source, Unread, file_in, number_in},
    screens::{View, add_contact::drop_here, words},
    theme,
};

/// Characters of what is typed. Chosen: a number, and some words around it.
const TYPED_CHARS_MAX: usize = 400;

/// Room that the number and its code have beside each other.
const BESIDE: f32 = 460.0;

/// Side of the code.
const CODE: f32 = 150.0;

/// What the other side's number is known of.
#[derive(Debug, Default)]
pub(super) struct Comparing {
    typed: String,
    /// A picture in which a number is looked for.
    reading: Option<Reading>,
    /// Why there is none.
    wrong: Option<&'static str>,
}

impl Comparing {
    /// Whether the other side's number is this one; `None` while theirs is not known.
    pub(super) fn is_same(&self, number: &str) -> Option<bool> {
        Some(number_in(&self.typed)? == number_in(number)?)
    }

    /// Takes what was pasted and dropped anywhere on this page, and what was found meanwhile.
    pub(super) fn take_in(&mut self, ui: &egui::Ui) {
        if let Some(found) = self.reading.as_ref().and_then(Reading::ended) {
            self.reading = None;
            match found {
                Ok(number) => self.typed = number,
                Err(Unread::SomethingElse) => self.wrong = Some("compare-none"),
                Err(why) => self.wrong = Some(why.label()),
            }
        }
        let in_field = ui.memory(egui::Memory::focused) == Some(field_id());
        let mut source = None;
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
                Event::Paste(text) => {
                    // A name is no number and no file.
                    if let Some(number) = number_in(text) {
                        (self.typed, self.wrong) = (number, None);
                    } else if let Some(file) = file_in(text).filter(|_| in_field || text.starts_with("file:"))
                    {
                        source = Some(Source::Files(vec![file]));
                    } else {
                        return true;
                    }
                    false
                }
                _ => true,
            });
        });
        if let Some(source) = source {
            self.typed.clear();
            self.reading = Reading::begin(source, number_in, ui.ctx()).ok();
            self.wrong = self.reading.is_none().then_some("busy");
        }
    }
}

/// Paints the number, the same on both sides, and its code.
pub(super) fn number_ui(ui: &mut egui::Ui, view: &View<'_>, number: &str) {
    let groups: Vec<&str> = number.split(' ').collect();
    let lines: Vec<String> = groups.chunks(4).map(|line| line.join("  ")).collect();
    let shown = |ui: &mut egui::Ui| {
        words(ui, egui::RichText::new(lines.join("\n")).monospace().size(17.0));
        let digits: String = number.split_whitespace().collect();
        qr_code(ui, &digits, &view.text.say("compare-code"), CODE);
    };
    if ui.available_width() > BESIDE {
        ui.horizontal(shown)
    } else {
        ui.vertical(shown)
    };
}

/// Paints what came of comparing, as soon as anything did.
pub(super) fn verdict_ui(ui: &mut egui::Ui, view: &View<'_>, number: &str, comparing: &Comparing) {
    let palette = theme::palette(ui);
    let (key, colour) = match (comparing.wrong, comparing.is_same(number)) {
        (Some(why), _) => (why, palette.bad),
        (None, Some(true)) => ("compare-same", palette.good),
        (None, Some(false)) => ("compare-different", palette.bad),
        (None, None) if comparing.reading.is_some() => ("compare-reading", palette.text_weak),
        (None, None) if !comparing.typed.trim().is_empty() => ("compare-none", palette.bad),
        (None, None) => return,
    };
    words(ui, egui::RichText::new(view.text.say(key)).color(colour));
}

/// Paints where the other side's number goes.
pub(super) fn comparing_ui(ui: &mut egui::Ui, view: &View<'_>, name: &str, comparing: &mut Comparing) {
    words(ui, view.text.say_with("compare-text", &[("name", name.into())]));
    let label = view.text.say("compare-field");
    let edit = TextEdit::singleline(&mut comparing.typed)
        .id(field_id())
        .hint_text(label.clone())
        .desired_width(f32::INFINITY)
        .char_limit(TYPED_CHARS_MAX);
    let field = ui.add(edit);
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, &label));
    if field.changed() {
        comparing.wrong = None;
    }
}

/// Says, over everything, that a file can be let go of.
pub(super) fn dropping_ui(ui: &egui::Ui, view: &View<'_>) {
    if ui.input(|input| !input.raw.hovered_files.is_empty()) {
        drop_here(ui, &view.text.say("compare-drop"));
    }
}

fn field_id() -> egui::Id {
    egui::Id::unique("safety-number")
}
