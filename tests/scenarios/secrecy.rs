//! What must not be seen: on the line between two people, from one start to the next, and on the disk of either.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use causerie_tests::{
    Person, Plan, Proxy, Traces,
    capture::{files_below, in_common},
};
use data_encoding::BASE64URL_NOPAD;

const TEXTS: [&str; 3] =
    ["the blue heron lands at dawn", "Der Schlüssel liegt unterm Stein", "rendezvous: platform nine at noon"];

/// What libp2p says in the clear before its Noise: which protocols it speaks. Two bytes of length follow.
const NEGOTIATION: &[u8] = b"\x13/multistream/1.0.0\n\x07/noise\n";

/// The secret in a link: see `protocol/src/contact/link_code.rs`.
fn secret_of(link: &str) -> Vec<u8> {
    let (_, code) = link.split_once('#').unwrap();
    BASE64URL_NOPAD.decode(code.as_bytes()).unwrap()[32..64].to_vec()
}

fn traces_of(people: [&Person; 2], link: &str) -> Traces {
    let mut traces = Traces::default().of_text(link).of_bytes("the link's secret", &secret_of(link));
    for text in TEXTS {
        traces = traces.of_text(text);
    }
    for person in people {
        traces = traces.of_text(person.name()).of_id(person.id());
    }
    traces
}

#[test]
fn nothing_that_is_said_can_be_read_or_recognised_on_the_wire() {
    let (alice, bob) = (Person::new("alexandrina"), Person::new("bartholomew"));
    let mut said = Vec::new();
    let mut link = String::new();
    for start in 0..2 {
        let proxy = Proxy::streams_to(alice.port(), Plan::without_faults());
        alice.starts_hidden(&[]);
        bob.starts_hidden(&[proxy.multiaddr()]);
        if start == 0 {
            link = alice.invites(&["--no-hints"]);
            bob.accepts(&link);
        }
        alice.waits_until_online(&bob);
        for text in TEXTS {
            alice.sends_and_waits(&bob, text, "delivered");
            bob.sends_and_waits(&alice, text, "delivered");
        }
        alice.stops();
        bob.stops();
        let recordings = proxy.recordings();
        let bytes: usize = recordings.iter().map(Vec::len).sum();
        assert!(bytes > 20_000, "{bytes} bytes cannot be all that was said");
        said.push(recordings);
    }
    let mut traces = traces_of([&alice, &bob], &link);
    for person in [&alice, &bob] {
        let key = std::fs::read(person.home().join("vault.key")).unwrap();
        for part in key.windows(16) {
            traces = traces.of_bytes("a part of vault.key", part);
        }
    }
    for recording in said.iter().flatten() {
        assert_eq!(traces.in_bytes(recording), Vec::<String>::new());
    }
    for one in &said[0] {
        for other in &said[1] {
            assert_eq!(in_common(sealed(one), sealed(other)), Vec::<usize>::new(), "a start is recognised");
        }
    }
}

/// What comes after the negotiation.
fn sealed(recording: &[u8]) -> &[u8] {
    recording.strip_prefix(NEGOTIATION).map_or(recording, |rest| &rest[2.min(rest.len())..])
}

#[test]
fn a_home_shows_neither_texts_nor_people() {
    let (alice, bob) = (Person::new("alexandrina"), Person::new("bartholomew"));
    alice.starts();
    bob.starts();
    let link = alice.invites(&[]);
    bob.accepts(&link);
    bob.waits_until_online(&alice);
    for text in TEXTS {
        alice.sends_and_waits(&bob, text, "delivered");
        bob.sends_and_waits(&alice, text, "delivered");
    }
    alice.decides("rename", &bob, &["my dear colleague"]);
    let traces = traces_of([&alice, &bob], &link).of_text("my dear colleague");
    let nothing = Vec::<String>::new();
    for person in [&alice, &bob] {
        assert!(!files_below(&person.home()).is_empty());
        assert_eq!(traces.in_directory(&person.home()), nothing, "while it runs");
        person.is_killed();
        assert_eq!(traces.in_directory(&person.home()), nothing, "after a kill");
        person.starts();
        person.stops();
        assert_eq!(traces.in_directory(&person.home()), nothing, "after a clean stop");
    }
}

#[test]
fn nobody_else_on_the_machine_can_open_a_home() {
    let alice = Person::new("alice");
    alice.starts();
    alice.cli(&["status"]).done();
    let rights = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(rights(&alice.home()), 0o700);
    let socket = alice.home().join("node.sock");
    assert!(std::fs::metadata(&socket).unwrap().file_type().is_socket());
    assert_eq!(rights(&socket), 0o600);
    assert_eq!(rights(&alice.home().join("vault.key")), 0o600);
}

#[test]
fn a_running_node_answers_nobody_but_its_own_user() {
    let alice = Person::new("alice");
    alice.starts();
    // Whatever the files would let them do: they are that user's from here on.
    for command in [["status"], ["invite"], ["contacts"]] {
        let Some(refused) = alice.cli_unprivileged(&command) else { return };
        refused.is_refused(1, "other_user");
    }
    alice.cli(&["status"]).done();
    alice.stops();
}
