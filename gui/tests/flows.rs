//! Two people at two windows on one machine, each with a real node: from the first start to a conversation.
//!
//! Windows are clicked by what is written on them, and looked at by what they say to whoever cannot see.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says where"
)]

use std::{
    io::{BufRead as _, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use causerie::{app::App, backend::Place, preferences::Language, text::Text};
use causerie_node::NetworkOptions;
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use tempfile::TempDir;

#[path = "flows/beyond.rs"]
mod beyond;
#[path = "flows/returning.rs"]
mod returning;

/// Nothing here takes so long on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One person: a window and a home.
struct Person {
    window: Harness<'static, Option<App>>,
    home: TempDir,
    text: Text,
}

impl Person {
    /// Opens a window on a home that has no identity yet.
    fn new(language: Language) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(
            home.path().join("window.json"),
            format!(
                "{{\"language\":\"{}\"}}",
                if language == Language::French { "french" } else { "english" }
            ),
        )
        .unwrap();
        Self { window: open(home.path()), home, text: Text::of(language) }
    }

    /// Closes the window cleanly and opens it again.
    fn restarts(&mut self) {
        self.closes();
        self.window = open(self.home.path());
    }

    fn closes(&mut self) {
        let context = self.window.ctx.clone();
        if let Some(app) = self.window.state_mut() {
            app.close(&context);
        }
        *self.window.state_mut() = None;
    }

    fn sees(&self, label: &str) -> bool {
        self.window.query_all_by_label_contains(label).next().is_some()
    }

    fn clicks(&mut self, key: &str) {
        let label = self.text.say(key);
        self.window.get_by_label(&label).click();
        self.window.step();
        self.window.step();
    }

    fn types(&mut self, field: &str, words: &str) {
        let label = self.text.say(field);
        self.window.get_by_label(&label).focus();
        self.window.step();
        self.window.get_by_label(&label).type_text(words);
        // What is typed makes its field higher, and moves what is below it.
        self.window.run_steps(3);
    }

    fn presses(&mut self, modifiers: Modifiers, key: Key) {
        self.window.key_press_modifiers(modifiers, key);
        self.window.step();
        self.window.step();
    }

    /// Writes this in the conversation that is shown.
    fn says(&mut self, words: &str) {
        self.types("chat-write", words);
        self.clicks("chat-send");
    }

    fn link(&self) -> Option<String> {
        self.window.state().as_ref()?.model().invitation.as_ref()?.link.clone()
    }
}

fn open(home: &Path) -> Harness<'static, Option<App>> {
    let place = Place {
        home: home.to_owned(),
        network: NetworkOptions { loopback: true, ..NetworkOptions::default() },
    };
    let paint = move |ui: &mut egui::Ui, app: &mut Option<App>| {
        let context = ui.ctx().clone();
        let Some(app) = app else {
            // Fonts are there from the next pass on.
            *app = Some(App::new(&context, place.clone()).unwrap());
            return;
        };
        app.logic(&context);
        app.ui(ui);
    };
    Harness::builder().with_size([980.0, 680.0]).allow_missing_glyphs().build_ui_state(paint, None)
}

/// Passes at all windows until something holds.
#[track_caller]
fn until(people: &mut [&mut Person], what: &str, holds: impl Fn(&[&mut Person]) -> bool) {
    let began = Instant::now();
    while !holds(people) {
        if began.elapsed() >= PATIENCE {
            let seen = people.iter().map(|person| format!("{:?}", person.window.root()));
            panic!("waited in vain until {what}:\n{}", seen.collect::<Vec<_>>().join("\n"));
        }
        for person in people.iter_mut() {
            person.window.step();
        }
        std::thread::yield_now();
    }
}

fn begins(person: &mut Person, name: &str) {
    until(&mut [person], "a name is asked for", |people| people[0].sees(&people[0].text.say("welcome-name")));
    person.types("welcome-name", name);
    person.clicks("welcome-begin");
    until(&mut [person], "the list is there", |people| people[0].sees(&people[0].text.say("list-empty")));
}

/// Two who are contacts and met.
fn two_contacts() -> (Person, Person) {
    let (mut alice, mut bruno) = (Person::new(Language::English), Person::new(Language::French));
    begins(&mut alice, "Alice");
    begins(&mut bruno, "Bruno");
    alice.presses(Modifiers::COMMAND, Key::N);
    alice.clicks("add-make");
    until(&mut [&mut alice], "there is a link", |people| people[0].link().is_some());
    let link = alice.link().unwrap();
    bruno.presses(Modifiers::COMMAND, Key::N);
    bruno.types("add-paste", &format!("voici mon lien : {link}"));
    bruno.clicks("add-accept");
    until(&mut [&mut alice, &mut bruno], "both are online", |people| {
        people[0].sees("Bruno") && people[1].sees("Alice") && people[1].sees("En ligne")
    });
    (alice, bruno)
}

#[test]
fn from_the_first_start_to_a_conversation_that_survives_a_restart() {
    let (mut alice, mut bruno) = two_contacts();
    bruno.types("chat-write", "Salut Alice !");
    bruno.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice, &mut bruno], "it arrived", |people| people[0].sees("Salut Alice !"));

    alice.presses(Modifiers::ALT, Key::ArrowDown);
    until(&mut [&mut alice, &mut bruno], "it is in the conversation", |people| {
        people[0].sees("Salut Alice !")
    });
    alice.types("chat-write", "not sent yet");
    alice.restarts();
    until(&mut [&mut alice, &mut bruno], "the draft is there", |people| {
        people[0].sees("Draft: not sent yet")
    });
    until(&mut [&mut alice, &mut bruno], "they met again", |people| people[1].sees("En ligne"));
    alice.presses(Modifiers::ALT, Key::ArrowDown);
    alice.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice, &mut bruno], "the draft was sent", |people| people[1].sees("not sent yet"));
    alice.closes();
    bruno.closes();
}

#[test]
fn the_first_screen_speaks_the_language_that_is_chosen_there() {
    let mut alice = Person::new(Language::English);
    until(&mut [&mut alice], "a name is asked for", |people| {
        people[0].sees("Your name, as your contacts see it")
    });
    alice.window.get_by_label("Français").click();
    alice.text = Text::of(Language::French);
    until(&mut [&mut alice], "it speaks French", |people| {
        people[0].sees(&people[0].text.say("welcome-name"))
    });
    begins(&mut alice, "Alice");
    alice.restarts();
    until(&mut [&mut alice], "it still does", |people| people[0].sees(&people[0].text.say("list-empty")));
    alice.closes();
}

#[test]
fn emoji_are_written_with_keys_alone() {
    let (mut alice, mut bruno) = two_contacts();
    // From what a colon offers; Esc refuses it, and the field keeps the focus.
    bruno.types("chat-write", ":cœur rou");
    assert!(!bruno.sees("cœur rouge"), "a space ends the word");
    bruno.presses(Modifiers::COMMAND, Key::A);
    bruno.types("chat-write", ":eleph");
    assert!(bruno.sees("éléphant"));
    bruno.presses(Modifiers::NONE, Key::Escape);
    assert!(!bruno.sees("éléphant") && bruno.sees(&bruno.text.say("chat-write")));
    bruno.types("chat-write", " :eleph");
    bruno.presses(Modifiers::NONE, Key::Tab);
    bruno.types("chat-write", " :smile:");
    // From the panel, which gives the focus back.
    bruno.presses(Modifiers::COMMAND | Modifiers::SHIFT, Key::J);
    bruno.window.run_steps(2);
    bruno.types("emoji-search", "drapeau france");
    bruno.presses(Modifiers::NONE, Key::Enter);
    bruno.window.run_steps(2);
    bruno.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice, &mut bruno], "it arrived", |people| people[0].sees(":eleph 🐘 😄🇫🇷"));
    alice.closes();
    bruno.closes();
    let kept = std::fs::read_to_string(bruno.home.path().join("window.json")).unwrap();
    assert!(kept.contains("🐘") && kept.contains("🇫🇷"));
}

#[test]
fn the_way_to_somebody_is_tested_and_a_message_described() {
    let (mut alice, mut bruno) = two_contacts();
    bruno.types("chat-write", "Salut Alice !");
    bruno.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice, &mut bruno], "it arrived", |people| people[0].sees("Salut Alice !"));

    alice.clicks("shortcut-network");
    let test = alice.text.say_with("test-button-of", &[("name", "Bruno".into())]);
    alice.window.get_by_label(&test).click_accesskit();
    until(&mut [&mut alice, &mut bruno], "the test says that he can be reached", |people| {
        people[0].sees("Bruno can be reached") && people[0].sees(&people[0].text.say("test-step-ping"))
    });
    alice.clicks("network-report");
    until(&mut [&mut alice], "the report is copied", |people| people[0].sees(&people[0].text.say("copied")));

    alice.presses(Modifiers::ALT, Key::ArrowDown);
    until(&mut [&mut alice, &mut bruno], "it is in the conversation", |people| {
        people[0].sees(": Salut Alice !")
    });
    alice.window.query_all_by_label_contains(": Salut Alice !").next().unwrap().focus();
    alice.window.run_steps(2);
    alice.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice], "what is known of it is there", |people| {
        people[0].sees(&people[0].text.say("details-received"))
    });
    alice.presses(Modifiers::NONE, Key::Escape);
    assert!(!alice.sees(&alice.text.say("details-title")), "Escape closes it");
    assert!(alice.sees("Salut Alice !"), "and nothing else");
    alice.closes();
    bruno.closes();
}

#[test]
fn a_window_in_which_nothing_happens_is_not_painted() {
    let mut alice = Person::new(Language::English);
    begins(&mut alice, "Alice");
    alice.presses(Modifiers::COMMAND, Key::N);
    // Whatever was under way has ended when a pass asks for no other.
    alice.window.run_ok().unwrap();
    let waits = alice.window.output().viewport_output.values().map(|viewport| viewport.repaint_delay);
    assert_eq!(waits.min(), Some(Duration::MAX));
    alice.closes();
}

#[test]
fn a_home_whose_identity_is_lost_is_no_first_start() {
    let mut alice = Person::new(Language::English);
    begins(&mut alice, "Alice");
    alice.closes();
    for name in ["identity", "identity.previous"] {
        std::fs::remove_file(alice.home.path().join(name)).unwrap();
    }
    alice.restarts();
    until(&mut [&mut alice], "it says what is wrong", |people| {
        people[0].sees(&people[0].text.say("trouble-title"))
    });
    assert!(!alice.sees(&alice.text.say("welcome-name")), "a new identity would set everything aside");
    alice.closes();
}

#[test]
fn a_message_is_found_by_its_words_and_shown_where_it_was_said() {
    let (mut alice, mut bruno) = two_contacts();
    for text in ["Premier été à la mer", "Deuxième", "Troisième"] {
        bruno.types("chat-write", text);
        bruno.presses(Modifiers::NONE, Key::Enter);
        until(&mut [&mut bruno], "it is written", |people| people[0].sees(text));
    }
    until(&mut [&mut alice, &mut bruno], "all arrived", |people| people[0].sees("Troisième"));
    alice.presses(Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    alice.types("search-words", "ETE mer");
    let found = alice.text.say_with("search-done", &[("count", 1.into())]);
    until(&mut [&mut alice], "it is found", |people| people[0].sees(&found));
    alice.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice], "it is shown among the others", |people| {
        people[0].sees("Premier été à la mer") && people[0].sees(&people[0].text.say("chat-write"))
    });
    alice.presses(Modifiers::COMMAND, Key::F);
    alice.types("search-words", "nothing like it");
    until(&mut [&mut alice], "nothing is found", |people| {
        people[0].sees(&people[0].text.say("search-nothing"))
    });
    alice.closes();
    bruno.closes();
}

#[test]
fn what_was_not_read_does_not_take_the_view_away_from_what_was_found() {
    let (mut alice, mut bruno) = two_contacts();
    for number in 0..40 {
        bruno.says(&if number == 20 { "le milieu".to_owned() } else { format!("numéro {number}") });
    }
    until(&mut [&mut alice, &mut bruno], "all arrived", |people| people[0].sees("numéro 39"));
    alice.presses(Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    alice.types("search-words", "milieu");
    let found = alice.text.say_with("search-done", &[("count", 1.into())]);
    until(&mut [&mut alice], "it is found", |people| people[0].sees(&found));
    alice.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice], "the conversation is there", |people| people[0].sees(": numéro 19"));
    alice.window.run_steps(10);
    assert!(alice.sees(": le milieu") && !alice.sees(": numéro 0"));
    alice.closes();
    bruno.closes();
}

#[test]
fn whatever_can_be_done_is_found_by_its_name() {
    let (mut alice, mut bruno) = two_contacts();
    bruno.presses(Modifiers::COMMAND, Key::K);
    bruno.types("palette-words", "reseau");
    bruno.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut bruno], "the page is shown", |people| {
        people[0].sees(&people[0].text.say("network-loopback"))
    });
    bruno.presses(Modifiers::COMMAND, Key::K);
    bruno.types("palette-words", "alic");
    bruno.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut bruno], "the conversation is shown", |people| {
        people[0].sees(&people[0].text.say("chat-write"))
    });
    bruno.presses(Modifiers::COMMAND, Key::K);
    bruno.presses(Modifiers::NONE, Key::Escape);
    assert!(!bruno.sees(&bruno.text.say("palette-words")));
    assert!(bruno.sees(&bruno.text.say("chat-write")), "only the palette was left");
    alice.closes();
    bruno.closes();
}

#[test]
fn a_window_is_locked_and_goes_on_receiving() {
    let (mut alice, mut bruno) = two_contacts();
    alice.presses(Modifiers::COMMAND, Key::L);
    until(&mut [&mut alice], "a passphrase is asked for first", |people| {
        people[0].sees(&people[0].text.say("lock-needs-passphrase"))
    });
    alice.types("passphrase-new", "correct horse");
    alice.types("passphrase-again", "correct horse");
    alice.clicks("passphrase-set");
    until(&mut [&mut alice], "it is set", |people| people[0].sees(&people[0].text.say("passphrase-is-set")));
    alice.presses(Modifiers::COMMAND, Key::L);
    until(&mut [&mut alice], "it is locked", |people| people[0].sees(&people[0].text.say("shut-text")));
    assert!(!alice.sees("Bruno"), "nobody is seen");
    bruno.types("chat-write", "while you were away");
    bruno.presses(Modifiers::NONE, Key::Enter);
    let delivered = bruno.text.say("message-delivered");
    until(&mut [&mut alice, &mut bruno], "it is delivered", |people| people[1].sees(&delivered));
    alice.types("unlock-passphrase", "wrong");
    alice.clicks("unlock-open");
    until(&mut [&mut alice], "it stays locked", |people| people[0].sees(&people[0].text.say("unlock-wrong")));
    // Without a click the field has the focus, and Enter does what the button does.
    alice.window.run_steps(2);
    alice.window.event(egui::Event::Text("correct horse".to_owned()));
    alice.window.step();
    alice.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice], "what arrived is there", |people| people[0].sees("while you were away"));
    alice.restarts();
    until(&mut [&mut alice], "the home is locked, too", |people| {
        people[0].sees(&people[0].text.say("unlock-text"))
    });
    alice.types("unlock-passphrase", "correct horse");
    alice.presses(Modifiers::NONE, Key::Enter);
    until(&mut [&mut alice], "it is open", |people| people[0].sees("while you were away"));
    alice.closes();
    bruno.closes();
}

#[test]
fn in_a_narrow_window_f6_changes_between_the_list_and_the_conversation() {
    let (mut alice, mut bruno) = two_contacts();
    alice.window.set_size(egui::vec2(400.0, 640.0));
    alice.window.run_steps(2);
    alice.presses(Modifiers::ALT, Key::ArrowDown);
    let (write, search) = (alice.text.say("chat-write"), alice.text.say("list-search"));
    assert!(alice.sees(&write) && !alice.sees(&search), "one takes all the room");
    for _ in 0..2 {
        alice.presses(Modifiers::NONE, Key::F6);
        assert!(alice.sees(&search) && !alice.sees(&write));
        assert!(alice.window.get_by_label(&search).is_focused());
        alice.presses(Modifiers::NONE, Key::F6);
        assert!(alice.sees(&write) && !alice.sees(&search));
        assert!(alice.window.get_by_label(&write).is_focused());
    }
    alice.presses(Modifiers::NONE, Key::Escape);
    alice.presses(Modifiers::NONE, Key::F6);
    assert!(alice.sees(&search), "whoever left the conversation is not brought back to it");
    alice.closes();
    bruno.closes();
}

#[test]
fn a_menu_is_closed_by_escape_and_by_whatever_is_done_by_keys() {
    let (mut alice, mut bruno) = two_contacts();
    alice.presses(Modifiers::ALT, Key::ArrowDown);
    let (pin, write) = (alice.text.say("pin"), alice.text.say("chat-write"));
    for (modifiers, key) in [(Modifiers::NONE, Key::Escape), (Modifiers::ALT, Key::ArrowDown)] {
        alice.window.query_all_by_label_contains("Bruno").next().unwrap().click_secondary();
        alice.window.run_steps(3);
        assert!(alice.sees(&pin));
        alice.presses(modifiers, key);
        assert!(!alice.sees(&pin), "{key:?} closes it");
        assert!(alice.sees(&write), "and the conversation stays");
    }
    alice.closes();
    bruno.closes();
}

#[test]
fn what_the_command_line_does_is_seen_in_the_window() {
    let (mut alice, mut bruno) = two_contacts();
    alice.presses(Modifiers::ALT, Key::ArrowDown);
    // With nobody there to receive it, no event tells of it.
    bruno.closes();
    until(&mut [&mut alice], "he is gone", |people| !people[0].sees("Online"));
    let params = serde_json::json!({"conversation": "Bruno", "text": "from a script"});
    let said = asks_beside(&alice, "message.send", params);
    assert!(said.contains("queued"), "{said}");
    until(&mut [&mut alice], "it is in the conversation and in the list", |people| {
        people[0].sees(": from a script") && people[0].sees("You: from a script")
    });
    alice.closes();
}

#[test]
fn nothing_that_somebody_sends_breaks_the_window_or_speaks_for_another() {
    let (mut alice, mut bruno) = two_contacts();
    let wide = "W".repeat(8_000);
    let hostile = [
        format!("begin-0 {wide}"),
        format!("begin-1 {}", "line\n".repeat(800)),
        format!("begin-2 z{}", "\u{301}".repeat(1_000)),
        "begin-3 \u{202e}txet desrever\u{2066}\u{200f}".to_owned(),
        format!("begin-4 {}", "\u{fdfd}\u{12031}𒐫".repeat(100)),
        format!("begin-5 {}", "👩\u{200d}👩\u{200d}👧\u{200d}👦".repeat(200)),
        "begin-6 \u{0}\u{7}\u{1b}[31m\u{7f}\u{feff}\u{fff9}".to_owned(),
        "begin-7\nYou, 12:00: I said this".to_owned(),
        format!("begin-8 {}", "a\t".repeat(500)),
    ];
    for text in &hostile {
        bruno.says(text);
    }
    until(&mut [&mut alice, &mut bruno], "all arrived", |people| people[0].sees("begin-8"));
    alice.presses(Modifiers::ALT, Key::ArrowDown);
    let width = 980.0;
    for (person, key) in [(&mut alice, Key::PageDown), (&mut bruno, Key::PageUp)] {
        for _ in 0..12 {
            person.presses(Modifiers::NONE, key);
            let bubbles = person.window.query_all_by_label_contains("begin-");
            for bubble in bubbles {
                let place = bubble.rect();
                assert!(place.left() >= 0.0 && place.right() <= width + 0.5, "{place:?}");
                let label = bubble.accesskit_node().label().unwrap_or_default();
                assert!(!label.contains('\u{202e}') && !label.contains('\u{1b}'), "{label}");
            }
        }
    }
    alice.closes();
    bruno.closes();
}

#[test]
fn an_invitation_that_was_answered_or_taken_back_is_open_no_more() {
    let (mut alice, mut bruno) = two_contacts();
    let make = alice.text.say("add-make");
    until(&mut [&mut alice, &mut bruno], "another one can be made", |people| people[0].sees(&make));
    assert!(!alice.sees(&alice.text.say("add-copy")), "the one that was answered is no use to anybody");
    alice.window.get_by_label(&make).click_accesskit();
    until(&mut [&mut alice], "there is another one", |people| {
        people[0].sees(&people[0].text.say("add-copy"))
    });
    let id = alice.window.state().as_ref().unwrap().model().invitation.as_ref().unwrap().id.to_string();
    asks_beside(&alice, "invite.revoke", serde_json::json!({"invite": id}));
    until(&mut [&mut alice], "what the command line took back is gone", |people| people[0].sees(&make));
    alice.closes();
    bruno.closes();
}

#[test]
fn each_page_begins_at_its_top() {
    let mut alice = Person::new(Language::English);
    begins(&mut alice, "Alice");
    alice.window.set_size(egui::vec2(980.0, 400.0));
    alice.presses(Modifiers::COMMAND, Key::Comma);
    let settings = alice.text.say("settings-title");
    let top = |person: &Person, title: &str| {
        let titles = person.window.query_all_by_label(title).map(|one| one.rect());
        titles.filter(|place| place.left() > 320.0).map(|place| place.top()).reduce(f32::max)
    };
    assert!(top(&alice, &settings).is_some_and(|top| top > 0.0));
    alice.window.hover_at(egui::pos2(640.0, 200.0));
    alice.window.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, -900.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    alice.window.run();
    assert!(top(&alice, &settings).is_none_or(|top| top < 0.0), "it is scrolled");
    alice.presses(Modifiers::NONE, Key::F1);
    let keys = alice.text.say("shortcuts-title");
    assert!(top(&alice, &keys).is_some_and(|top| top > 0.0), "{:?}", top(&alice, &keys));
    alice.presses(Modifiers::COMMAND | Modifiers::SHIFT, Key::N);
    let network = alice.text.say("network-title");
    assert!(top(&alice, &network).is_some_and(|top| top > 0.0), "{:?}", top(&alice, &network));
    alice.closes();
}

#[test]
fn settings_are_found_by_their_words_and_tell_how_much_is_stored() {
    let (mut alice, mut bruno) = two_contacts();
    for words in ["un", "deux"] {
        bruno.says(words);
    }
    until(&mut [&mut alice, &mut bruno], "all arrived", |people| people[0].sees("deux"));
    bruno.presses(Modifiers::COMMAND, Key::Comma);
    until(&mut [&mut bruno], "it is counted", |people| {
        let count = |key, count: u32| people[0].text.say_with(key, &[("count", count.into())]);
        people[0].sees(&count("storage-messages", 2)) && people[0].sees(&count("storage-conversations", 1))
    });
    let (storage, theme) = (bruno.text.say("storage-title"), bruno.text.say("settings-theme"));
    assert!(bruno.sees(&storage) && bruno.sees(&theme));
    // The field waits for what is typed; accents and capitals do not matter.
    bruno.window.event(egui::Event::Text("FRANCAIS".to_owned()));
    bruno.window.run_steps(3);
    assert!(bruno.sees(&bruno.text.say("settings-language")) && !bruno.sees(&storage) && !bruno.sees(&theme));
    bruno.presses(Modifiers::COMMAND, Key::A);
    bruno.window.event(egui::Event::Text("rien de tel".to_owned()));
    bruno.window.run_steps(3);
    assert!(bruno.sees(&bruno.text.say("settings-nothing")));
    bruno.presses(Modifiers::NONE, Key::Escape);
    assert!(bruno.sees(&storage) && bruno.sees(&theme), "Escape takes the words away");
    bruno.presses(Modifiers::NONE, Key::Escape);
    assert!(!bruno.sees(&theme), "and then the page");
    alice.closes();
    bruno.closes();
}

/// Presses and lets go of a key in one pass.
fn strikes(person: &mut Person, modifiers: Modifiers, key: Key) {
    let event = |pressed| egui::Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
    person.window.input_mut().events.extend([event(true), event(false)]);
    person.window.step();
}

/// Moves the pointer there and clicks, all before the next pass: as fast as a machine can.
fn clicks_at_once(person: &mut Person, place: egui::Pos2) {
    let button = |pressed| egui::Event::PointerButton {
        pos: place,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let events = [egui::Event::PointerMoved(place), button(true), button(false)];
    person.window.input_mut().events.extend(events);
    person.window.step();
    person.window.step();
}

#[test]
fn a_click_right_after_keys_is_not_lost() {
    let (mut alice, mut bruno) = two_contacts();
    let (settings, search) = (alice.text.say("shortcut-settings"), alice.text.say("shortcut-search-all"));
    let place = |person: &Person, label: &str| person.window.get_by_label(label).rect().center();
    let gear = place(&alice, &settings);
    alice.window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    alice.window.run_steps(4);
    strikes(&mut alice, Modifiers::NONE, Key::Escape);
    clicks_at_once(&mut alice, gear);
    assert!(alice.sees(&alice.text.say("settings-theme")), "the palette is gone");

    strikes(&mut alice, Modifiers::COMMAND, Key::K);
    alice.window.step();
    let row = alice.window.query_all_by_label_contains(&search).last().unwrap().rect().center();
    clicks_at_once(&mut alice, row);
    assert!(alice.sees(&alice.text.say("search-hint")), "the palette is there");

    strikes(&mut alice, Modifiers::NONE, Key::Escape);
    clicks_at_once(&mut alice, gear);
    assert!(alice.sees(&alice.text.say("settings-theme")), "the page is gone");
    alice.closes();
    bruno.closes();
}

#[test]
fn a_narrow_window_is_left_by_the_mouse_too() {
    let (mut alice, mut bruno) = two_contacts();
    alice.window.set_size(egui::vec2(400.0, 640.0));
    alice.window.run_steps(2);
    alice.presses(Modifiers::ALT, Key::ArrowDown);
    let (write, search) = (alice.text.say("chat-write"), alice.text.say("list-search"));
    assert!(alice.sees(&write) && !alice.sees(&search), "one takes all the room");
    alice.clicks("shortcut-back");
    assert!(alice.sees(&search) && !alice.sees(&write));
    assert!(!alice.sees(&alice.text.say("shortcut-back")), "there is nowhere to go back to");
    alice.closes();
    bruno.closes();
}

/// Asks the node as the command line does, and says what it answers.
fn asks_beside(person: &Person, method: &str, params: serde_json::Value) -> String {
    let mut door = causerie_node::home::socket::connect_as(person.home.path(), "node.sock").unwrap();
    let question = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    writeln!(door, "{question}").unwrap();
    let mut said = String::new();
    std::io::BufReader::new(&door).read_line(&mut said).unwrap();
    said
}
