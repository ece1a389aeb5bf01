//! How a home uses networks beyond its own is chosen with keys alone, and lies in the home afterwards.

use causerie_node::{choices::Choices, network::Exposure};

use super::*;

const SERVER: &str = "/ip4/203.0.113.10/tcp/47474";

/// Somebody at that part of the settings, which they found by a word.
fn chooses(says: &str, file: &str) -> Person {
    let mut alice = Person::new(Language::English);
    begins(&mut alice, "Alice");
    if !file.is_empty() {
        std::fs::write(alice.home.path().join("network.toml"), file).unwrap();
    }
    alice.window.set_size(egui::vec2(980.0, 1_200.0));
    alice.presses(Modifiers::COMMAND, Key::Comma);
    alice.window.event(egui::Event::Text("tor".to_owned()));
    alice.window.run_steps(3);
    until(&mut [&mut alice], "the file was looked at", |people| people[0].sees(&people[0].text.say(says)));
    alice
}

/// Presses a key on what has this label.
fn presses_on(person: &mut Person, label: &str, key: Key) {
    person.window.get_by_label(label).focus();
    person.window.run_steps(2);
    person.presses(Modifiers::NONE, key);
}

fn saves(person: &mut Person) {
    let save = person.text.say("beyond-save");
    presses_on(person, &save, Key::Enter);
    until(&mut [person], "it is saved", |people| people[0].sees(&people[0].text.say("beyond-saved")));
}

#[test]
fn a_server_is_named_and_who_may_see_where_one_is_chosen() {
    let mut alice = chooses("beyond-servers-none", "");
    let save = alice.text.say("beyond-save");
    let is_ready = |person: &Person| !person.window.get_by_label(&save).accesskit_node().is_disabled();
    assert!(!is_ready(&alice), "nothing was changed");
    for (typed, key) in [("example.org", "beyond-server-wrong"), (SERVER, "beyond-server-remove")] {
        alice.types("beyond-server", typed);
        alice.presses(Modifiers::NONE, Key::Enter);
        assert!(alice.sees(&alice.text.say(key)), "{typed}");
        // Whoever types goes on where they were.
        alice.presses(Modifiers::COMMAND, Key::A);
    }
    // What is typed and not added yet is meant, too.
    alice.types("beyond-server", "/ip6/2001:db8::1/udp/47474/quic-v1");
    let relays = alice.text.say("exposure-relays-only");
    presses_on(&mut alice, &relays, Key::Space);
    alice.types("beyond-proxy", "localhost");
    assert!(alice.sees(&alice.text.say("beyond-proxy-wrong")) && !is_ready(&alice));
    alice.presses(Modifiers::COMMAND, Key::A);
    alice.types("beyond-proxy", "127.0.0.1:9050");
    saves(&mut alice);
    let kept = Choices {
        bootstrap: vec![SERVER.to_owned(), "/ip6/2001:db8::1/udp/47474/quic-v1".to_owned()],
        exposure: Exposure::RelaysOnly,
        proxy: Some(([127, 0, 0, 1], 9050).into()),
        ..Choices::default()
    };
    assert_eq!(Choices::of_home(alice.home.path()), Ok(kept.clone()));
    assert!(!is_ready(&alice), "there is nothing more to save");

    let remove = alice.text.say_with("beyond-server-remove-of", &[("server", SERVER.into())]);
    presses_on(&mut alice, &remove, Key::Enter);
    assert!(!alice.sees(&remove) && is_ready(&alice));
    saves(&mut alice);
    let bootstrap = kept.bootstrap[1..].to_vec();
    until(&mut [&mut alice], "it is not there any more", |people| {
        Choices::of_home(people[0].home.path())
            == Ok(Choices { bootstrap: bootstrap.clone(), ..kept.clone() })
    });
    alice.closes();
}

#[test]
fn a_file_that_cannot_be_understood_is_replaced_when_that_is_asked() {
    let written = "servers = [\"example.org\"]\n";
    let mut alice = chooses("beyond-broken", written);
    let path = alice.home.path().join("network.toml");
    assert!(alice.sees("network.toml cannot be used"), "what is wrong with it is said");
    assert!(!alice.sees(&alice.text.say("beyond-save")));
    let replace = alice.text.say("beyond-replace");
    presses_on(&mut alice, &replace, Key::Enter);
    assert!(alice.sees(&alice.text.say("beyond-replaces")));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written, "nothing was written yet");
    let hides = alice.text.say("exposure-stealth");
    presses_on(&mut alice, &hides, Key::Space);
    saves(&mut alice);
    let kept = Choices::of_home(alice.home.path()).unwrap();
    assert_eq!(kept, Choices { exposure: Exposure::Stealth, ..Choices::default() });
    let previous = path.with_extension("toml.previous");
    assert_eq!(std::fs::read_to_string(previous).unwrap(), written);
    alice.closes();
}
