//! Emoji are chosen with keys alone: from the panel, and from what a colon offers.

use std::{cell::RefCell, rc::Rc};

use causerie::{
    action::Action,
    components::{emoji_completion::Completion, emoji_picker::EmojiPicker},
    emoji,
    model::Model,
    preferences::{Language, Preferences},
    screens::View,
    text::{Text, now, today},
    theme,
};
use eframe::egui::{Key, Modifiers, pos2, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};

/// A panel that is open, and what came of it.
#[derive(Default)]
struct Seen {
    picker: EmojiPicker,
    written: Vec<&'static str>,
    done: bool,
    actions: Vec<Action>,
    preferences: Preferences,
}

fn panel(language: Language) -> (Harness<'static, ()>, Rc<RefCell<Seen>>) {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let (inside, text, mut ready) = (Rc::clone(&seen), Text::of(language), false);
    let mut harness = Harness::builder().with_size(vec2(700.0, 700.0)).build_ui(move |ui| {
        if !std::mem::replace(&mut ready, true) {
            theme::install(ui.ctx());
            return;
        }
        let mut seen = inside.borrow_mut();
        let model = Model::default();
        let Seen { picker, written, done, actions, preferences } = &mut *seen;
        let view = View { model: &model, text: &text, preferences, now: now(), today: today() };
        let picked = picker.show(ui, &view, pos2(20.0, 650.0), actions);
        written.extend(picked.emoji);
        *done |= picked.done;
    });
    harness.run_steps(3);
    (harness, seen)
}

#[test]
fn what_is_searched_is_found_in_both_languages_and_enter_writes_it() {
    for wanted in ["éléphant", "elephant"] {
        let (mut window, seen) = panel(Language::French);
        window.get_by_label("Chercher un émoji").type_text(wanted);
        window.run_steps(3);
        assert!(window.query_by_label("éléphant").is_some(), "{wanted}");
        window.key_press(Key::Enter);
        window.run_steps(2);
        assert_eq!(seen.borrow().written, ["🐘"], "{wanted}");
        assert!(seen.borrow().done);
    }
    let (mut window, _) = panel(Language::English);
    window.get_by_label("Search emoji").type_text("qwertz");
    window.run_steps(3);
    assert!(window.query_by_label("No emoji for “qwertz”").is_some());
}

#[test]
fn arrows_move_over_lines_and_shift_keeps_the_panel_open() {
    let (mut window, seen) = panel(Language::English);
    window.key_press(Key::ArrowRight);
    window.run_steps(2);
    window.key_press_modifiers(Modifiers::SHIFT, Key::Enter);
    window.run_steps(2);
    assert_eq!(seen.borrow().written, ["😃"]);
    assert!(!seen.borrow().done);
    window.key_press(Key::ArrowDown);
    window.run_steps(2);
    window.key_press_modifiers(Modifiers::SHIFT, Key::Enter);
    window.run_steps(2);
    let all: Vec<&str> = emojis::iter().map(emojis::Emoji::as_str).collect();
    assert_eq!(seen.borrow().written.last(), all.get(10));
    window.key_press(Key::ArrowUp);
    window.run_steps(2);
    window.key_press(Key::ArrowUp);
    window.run_steps(2);
    window.key_press(Key::Enter);
    window.run_steps(2);
    assert_eq!(seen.borrow().written.last(), Some(&"😃"), "above the first line there is none");
    assert!(seen.borrow().done);
}

#[test]
fn a_group_comes_into_sight_and_only_what_is_in_sight_is_laid_out() {
    let (mut window, _) = panel(Language::English);
    assert!(window.query_by_label("elephant").is_none(), "far below");
    let groups = window.query_all_by_label("Animals and nature").next().unwrap();
    groups.click();
    window.run_steps(3);
    assert!(window.query_by_label("monkey face").is_some());
    assert!(window.query_by_label("grinning face").is_none(), "far above");
}

#[test]
fn a_tone_of_skin_is_asked_for_and_used_from_then_on() {
    let (mut window, seen) = panel(Language::English);
    window.get_by_label("Medium skin").click();
    window.run_steps(2);
    assert!(matches!(seen.borrow().actions.as_slice(), [Action::SkinTone(3)]));
    seen.borrow_mut().preferences.emoji.tone = 3;
    window.get_by_label("Search emoji").focus();
    window.run_steps(2);
    window.get_by_label("Search emoji").type_text("thumbs up");
    window.run_steps(3);
    window.key_press(Key::Enter);
    window.run_steps(2);
    assert_eq!(seen.borrow().written, ["👍🏽"]);
}

#[test]
fn what_a_colon_offers_goes_on_where_it_was() {
    let (model, text, preferences) = (Model::default(), Text::of(Language::French), Preferences::default());
    let view = View { model: &model, text: &text, preferences: &preferences, now: now(), today: today() };
    let begun = emoji::begun(":sourire", 8).unwrap();
    let offered = Completion::of(begun.clone(), None, &view);
    assert!(offered.offers() && offered.begun() == &begun);
    assert!(!Completion::of(emoji::begun(":qwertz", 7).unwrap(), Some(offered), &view).offers());
}
