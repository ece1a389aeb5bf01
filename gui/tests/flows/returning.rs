//! What somebody meets who comes back: hundreds of messages, a program that broke off, a file that keeps it from
//! starting.

use super::*;

const COUNT: usize = 700;

/// Sends this often, as a script does.
fn sends_many(person: &Person, to: &str, count: usize) {
    let mut door = causerie_node::home::socket::connect_as(person.home.path(), "node.sock").unwrap();
    let mut answers = std::io::BufReader::new(door.try_clone().unwrap());
    for number in 1..=count {
        let params = serde_json::json!({"conversation": to, "text": format!("number {number:04}")});
        let question =
            serde_json::json!({"jsonrpc": "2.0", "id": number, "method": "message.send", "params": params});
        writeln!(door, "{question}").unwrap();
        let mut said = String::new();
        answers.read_line(&mut said).unwrap();
        assert!(said.contains("\"result\""), "{said}");
    }
}

fn place(person: &Person, label: &str) -> egui::Rect {
    person.window.get_by_label_contains(label).rect()
}

#[test]
fn where_hundreds_of_unread_messages_begin_is_one_click_away() {
    let (mut alice, mut bruno) = two_contacts();
    bruno.says("lu avant");
    until(&mut [&mut alice, &mut bruno], "it arrived", |people| people[0].sees("lu avant"));
    alice.presses(Modifiers::ALT, Key::ArrowDown);
    until(&mut [&mut alice, &mut bruno], "it was read", |people| people[0].sees(": lu avant"));
    alice.presses(Modifiers::NONE, Key::F1);
    sends_many(&bruno, "Alice", COUNT);
    let unread = alice.text.say_with("unread", &[("count", COUNT.into())]);
    until(&mut [&mut alice, &mut bruno], "all have come", |people| people[0].sees(&unread));
    // What was loaded before would be there.
    alice.restarts();
    until(&mut [&mut alice, &mut bruno], "it started", |people| people[0].sees(&unread));

    alice.presses(Modifiers::ALT, Key::ArrowDown);
    let above = alice.text.say_with("chat-unread-above", &[("count", COUNT.into())]);
    until(&mut [&mut alice, &mut bruno], "it is known where they begin", |people| people[0].sees(&above));
    let (first, last) = (": number 0001", format!(": number {COUNT:04}"));
    assert!(alice.sees(&last) && !alice.sees(first), "the newest are shown, and nothing jumps by itself");
    alice.window.get_by_label(&above).click();
    until(&mut [&mut alice, &mut bruno], "the first one is shown", |people| people[0].sees(first));
    alice.window.run_steps(3);
    let divider = place(&alice, "New messages");
    assert!(place(&alice, ": lu avant").bottom() <= divider.top(), "what was read stands above");
    assert!(divider.bottom() <= place(&alice, first).top(), "what was not read stands below");
    assert!(!alice.sees(&above), "it is there");
    let down = alice.text.say("chat-down");
    alice.window.get_by_label(&down).click();
    until(&mut [&mut alice, &mut bruno], "the newest are shown again", |people| people[0].sees(&last));
    alice.closes();
    bruno.closes();
}

#[test]
fn after_the_program_broke_it_says_so_once_and_where_the_report_is() {
    for language in Language::ALL {
        let mut alice = Person::new(language);
        begins(&mut alice, "Alice");
        alice.closes();
        let folder = alice.home.path().join("log");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("crash.txt"), "A fault of causerie.\n\nPlace: gui/src/app.rs:7\n")
            .unwrap();
        alice.window = open(alice.home.path());
        let path = folder.join("crash.txt").display().to_string();
        let said = alice.text.say_with("crash-text", &[("path", path.into())]);
        until(&mut [&mut alice], "it says so", |people| people[0].sees(&said));
        alice.clicks("crash-copy");
        until(&mut [&mut alice], "it is copied", |people| people[0].sees(&people[0].text.say("copied")));
        alice.clicks("crash-show");
        until(&mut [&mut alice], "it can be read", |people| people[0].sees("Place: gui/src/app.rs:7"));
        alice.clicks("details-close");
        until(&mut [&mut alice], "it is put away", |people| !people[0].sees("Place: gui/src/app.rs:7"));
        alice.restarts();
        until(&mut [&mut alice], "it says so until that was read", |people| people[0].sees(&said));
        alice.clicks("notice-dismiss");
        until(&mut [&mut alice], "it was read", |people| !people[0].sees(&said));
        alice.restarts();
        until(&mut [&mut alice], "it started", |people| people[0].sees(&people[0].text.say("list-empty")));
        assert!(!alice.sees("crash"), "it is said once");
        assert!(folder.join("crash.previous.txt").exists() && !folder.join("crash.txt").exists());
        alice.closes();
    }
}

#[test]
fn choices_that_keep_it_from_starting_are_set_aside_when_that_is_asked() {
    let mut alice = Person::new(Language::French);
    begins(&mut alice, "Alice");
    alice.closes();
    let written = "exposure = \"nobody\"\n";
    let path = alice.home.path().join("network.toml");
    std::fs::write(&path, written).unwrap();
    alice.window = open(alice.home.path());
    until(&mut [&mut alice], "it cannot start", |people| {
        people[0].sees(&people[0].text.say("error-choices")) && people[0].sees("unknown variant")
    });
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written, "nothing was moved yet");
    alice.clicks("trouble-choices-aside");
    until(&mut [&mut alice], "it started", |people| people[0].sees(&people[0].text.say("list-empty")));
    assert!(!path.exists());
    let aside = alice.home.path().join("set-aside-1/network.toml");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), written, "it is kept");
    alice.closes();
}

/// As on Wayland, where a window does not know its place.
#[test]
fn a_window_that_does_not_know_where_it_is_keeps_its_size() {
    let mut alice = Person::new(Language::English);
    begins(&mut alice, "Alice");
    alice.window.set_size(egui::vec2(840.0, 610.0));
    alice.presses(Modifiers::COMMAND, Key::Comma);
    // Whatever is chosen is kept with it.
    alice.clicks("theme-dark");
    alice.closes();
    let kept = std::fs::read_to_string(alice.home.path().join("window.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["size"], serde_json::json!([840.0, 610.0]), "{kept}");
}
