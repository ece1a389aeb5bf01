//! What servers see: all that a relay and a node of the meeting place could ever read passes through its memory, so that is
//! looked through for texts, names, accounts and links of those who met and talked over it.

use causerie_tests::Traces;

use super::{Internet, Person, Router, Versions, server, starts};

#[test]
fn whoever_runs_the_servers_sees_neither_who_talks_nor_what_is_said() {
    let Some(internet) = Internet::with(&[Router::Random, Router::Random], 1, Versions::Four) else { return };
    let server = server(&internet, 1);
    let (alice, bob) =
        (Person::behind(&internet, 1, "Alice Ardently"), Person::behind(&internet, 2, "Bob the Bountiful"));
    for person in [&alice, &bob] {
        starts(person, &internet, &[1], &[]);
    }
    let link = alice.invites(&["--no-hints"]);
    bob.accepts(&link);
    alice.waits_until_path(&bob, "relayed");
    bob.waits_until_path(&alice, "relayed");
    let texts = ["the kettle is on the hob", "and the cat is on the kettle"];
    for round in 0..20 {
        alice.sends_and_waits(&bob, texts[0], "delivered");
        bob.sends_and_waits(&alice, texts[1], "delivered");
        // What was freed is soon written over: looked at while they talk, too.
        if round % 5 != 0 {
            continue;
        }
        let memory = server.memory();
        let own = Traces::default().of_id(server.id());
        assert_ne!(own.in_bytes(&memory), Vec::<String>::new(), "the server's own account is found");
        let mut traces = Traces::default().of_text(&link).of_id(alice.id()).of_id(bob.id());
        for text in texts.iter().copied().chain(["Alice Ardently", "Bob the Bountiful"]) {
            traces = traces.of_text(text);
        }
        assert_eq!(traces.in_bytes(&memory), Vec::<String>::new());
    }
}
