//! The real program on a real screen (Xvfb), by keyboard alone: what a person does in the first hour, and how programs
//! begin and end.
//!
//! Skipped, with the reason printed, where there is no Xvfb. Pictures are left in `target/pictures`; with
//! `CAUSERIE_PICTURES=1` they become those of the documentation. The state is asked of the nodes' sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says where"
)]

mod likeness;
mod person;
mod screen;

use person::{Person, program, rows, run_to_its_end};
use screen::{Held, Key, Screen};
use serde_json::json;

const CONTROL: [Held; 1] = [Held::Control];
const SHIFT: [Held; 1] = [Held::Shift];
const ALT: [Held; 1] = [Held::Alt];

/// Two people before their first start, side by side: one in English and light, one in French and dark.
fn two<'a>(screen: &'a Screen, folder: &std::path::Path) -> (Person<'a>, Person<'a>) {
    let light = json!({"language": "english", "theme": "light", "size": [980, 680]});
    let dark = json!({"language": "french", "theme": "dark", "size": [980, 680]});
    let alice = Person::new(screen, folder.join("alice"), "Alice", 0, &light);
    let bruno = Person::new(screen, folder.join("bruno"), "Bruno", 1_040, &dark);
    (alice, bruno)
}

/// A name, and Enter: the field waits for it.
fn begins(person: &Person<'_>) {
    person.types(person.name);
    person.presses(&[], Key::Enter);
    person.learns("there is an identity", "node.status", json!({}), |status| status["name"] == person.name);
    person.still();
}

/// One makes an invitation and copies it, the other pastes it.
fn meet(alice: &Person<'_>, bruno: &Person<'_>) {
    alice.presses(&CONTROL, Key::Letter('n'));
    // Past the checkbox to the button; then the focus is on the one that copies.
    alice.presses(&[], Key::Tab);
    alice.presses(&[], Key::Tab);
    alice.presses(&[], Key::Enter);
    alice.learns("there is an invitation", "invite.list", json!({}), |all| {
        rows(all).iter().any(|one| one["state"] == "open")
    });
    alice.still();
    alice.is_pictured("invitation-light");
    alice.presses(&[], Key::Enter);
    bruno.presses(&CONTROL, Key::Letter('n'));
    bruno.presses(&CONTROL, Key::Letter('v'));
    bruno.presses(&[], Key::Enter);
    alice.meets("Bruno");
    bruno.meets("Alice");
}

fn says(one: &Person<'_>, other: &Person<'_>, text: &str) {
    one.types(text);
    one.presses(&[], Key::Enter);
    other.reads(text);
}

#[test]
fn two_people_meet_and_talk_without_a_mouse() {
    let Some(screen) = Screen::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut alice, mut bruno) = two(&screen, folder.path());
    alice.is_seen_as("welcome-light");
    bruno.is_seen_as("welcome-dark-french");
    begins(&alice);
    begins(&bruno);
    meet(&alice, &bruno);

    // From the field to write in back past the emoji to the button above, to the page, to the button that compares.
    alice.presses(&ALT, Key::Letter('1'));
    alice.presses(&SHIFT, Key::Tab);
    alice.presses(&SHIFT, Key::Tab);
    alice.presses(&[], Key::Enter);
    alice.is_pictured("contact-light");
    alice.presses(&[], Key::Tab);
    alice.presses(&[], Key::Enter);
    alice.learns("Bruno is verified", "contact.list", json!({}), |all| {
        rows(all).first().is_some_and(|one| one["verification"] == "verified")
    });

    alice.presses(&ALT, Key::Letter('1'));
    says(&alice, &bruno, "Hello Bruno! This went straight to your machine.");
    says(&bruno, &alice, "Salut Alice ! Ça marche, même sans souris.");
    says(&bruno, &alice, "Et personne d’autre n’a rien reçu.");
    says(&alice, &bruno, "No account, no server, no phone number.");

    // What is written and not sent is there again, whatever ended the program.
    alice.types("Shall we meet at noon?");
    alice.learns("the draft is kept", "conversation.list", json!({}), |all| {
        rows(all).first().is_some_and(|one| one["draft"] == "Shall we meet at noon?")
    });
    alice.is_killed();
    alice.starts();
    alice.meets("Bruno");
    alice.still();
    alice.presses(&ALT, Key::Letter('1'));
    alice.presses(&[], Key::Enter);
    bruno.reads("Shall we meet at noon?");
    says(&bruno, &alice, "Avec plaisir !");
    bruno.learns("everything that came is read", "conversation.list", json!({}), |all| {
        rows(all).first().is_some_and(|one| one["unread"] == 0)
    });
    alice.is_pictured("window-light");
    bruno.is_pictured("window-dark-french");

    bruno.presses(&CONTROL, Key::Letter(','));
    bruno.is_pictured("settings-dark-french");
    assert!(bruno.is_terminated().success(), "the end of a session is a clean end");
    assert!(bruno.asks("node.status", &json!({})).is_none(), "nobody answers any more");
    bruno.starts();
    bruno.meets("Alice");
    assert!(bruno.closes().success());
    alice.presses(&[], Key::F1);
    alice.is_pictured("keys-light");
    quits(&mut alice);
}

/// Ctrl+Q ends it cleanly; nothing is to be seen of that.
fn quits(person: &mut Person<'_>) {
    person.strikes(&CONTROL, Key::Letter('q'));
    assert!(person.ends().success());
}

#[test]
fn a_second_start_shows_the_first_window_and_ends() {
    let Some(screen) = Screen::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let chosen = json!({"language": "english", "theme": "light", "size": [980, 680]});
    let mut alice = Person::new(&screen, folder.path().join("alice"), "Alice", 0, &chosen);
    begins(&alice);
    assert_eq!(alice.title(), "Causerie");
    alice.presses(&[], Key::F1);
    alice.is_seen_as("keys-light");
    alice.presses(&[], Key::Escape);
    let before = alice.still();
    let mut again = program(&alice.home);
    screen.show(&mut again);
    again.arg("causerie:i1#nonsense");
    let ended = run_to_its_end(again);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    person::until("the invitation is shown", || (alice.still() != before).then_some(()));
    // It is shown and no more: it is accepted, and refused, by a person.
    let shown = alice.still();
    alice.presses(&[], Key::Enter);
    assert!(alice.still() != shown);
    assert!(alice.runs());
    let contacts = alice.asks("contact.list", &json!({})).unwrap();
    assert!(rows(&contacts).is_empty());
    alice.presses(&[], Key::Escape);
    assert!(alice.closes().success());
}

/// Its place and its size, at any zoom; but not where nobody sees it.
#[test]
fn the_window_is_where_it_was_left() {
    let Some(screen) = Screen::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    for zoom in [1.0, 2.0] {
        let chosen = json!({"language": "english", "theme": "light", "size": [980, 680], "zoom": zoom});
        let home = folder.path().join(zoom.to_string());
        let mut alice = Person::new(&screen, home, "Alice", 0, &chosen);
        begins(&alice);
        for place in [[310, 44], [57, 3]] {
            alice.moves(place[0], place[1]);
            assert!(alice.closes().success());
            alice.starts_where_it_was();
            assert_eq!(alice.place(), [place[0], place[1], 980, 680], "at zoom {zoom}");
        }
        assert!(alice.closes().success());
        alice.rewrites(|chosen| chosen["place"] = json!([9_000, 9_000]));
        alice.starts_where_it_was();
        let [x, y, ..] = alice.place();
        assert!((0..1_100).contains(&x) && (0..100).contains(&y), "it is out of sight at {x}, {y}");
        assert!(alice.closes().success());
    }
}

#[test]
fn a_window_that_another_program_destroys_ends_the_program_and_no_more() {
    let Some(screen) = Screen::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let chosen = json!({"language": "english", "theme": "light", "size": [980, 680]});
    let mut alice = Person::new(&screen, folder.path().join("alice"), "Alice", 0, &chosen);
    begins(&alice);
    alice.presses(&CONTROL, Key::Letter(','));
    assert_eq!(alice.is_destroyed().code(), Some(1), "a sentence, and no panic's end");
    assert!(alice.asks("node.status", &json!({})).is_none(), "nobody answers any more");
    alice.starts();
    assert!(alice.closes().success());
}

#[test]
fn without_a_screen_a_sentence_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // None at all, and one that is not there.
    for display in [None, Some(":9999")] {
        let mut command = program(folder.path());
        command.env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET").env_remove("DISPLAY");
        command.envs(display.map(|display| ("DISPLAY", display)));
        let ended = run_to_its_end(command);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{display:?}: {said}");
        assert!(said.contains("no window can be opened here"), "{display:?}: {said}");
        assert!(!said.contains("panicked"), "{display:?}: {said}");
    }
}
