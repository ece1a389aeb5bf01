//! Two people become contacts: by a link, whoever of them is there first, and by two links that cross.

use std::thread;

use causerie_tests::Person;

#[test]
fn two_people_meet_by_a_link_and_talk() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    let link = alice.invites(&[]);
    assert!(link.starts_with("causerie:") && link.len() <= 300, "{link}");
    assert_eq!(bob.accepts(&link).state, "pending", "nobody was met yet");

    let seen_by_bob = bob.waits_until_online(&alice);
    let seen_by_alice = alice.waits_until_online(&bob);
    for contact in [&seen_by_bob, &seen_by_alice] {
        assert_eq!((contact.verification.as_str(), contact.reason.as_deref()), ("none", None));
    }
    bob.waits_until_contact(&alice, "called alice", |them| them.name == "alice");
    alice.waits_until_contact(&bob, "called bob", |them| them.name == "bob");

    alice.sends_and_waits(&bob, "Hello, Bob!", "delivered");
    bob.sends_and_waits(&alice, "Hello, Alice!", "delivered");
    assert_eq!(bob.texts_from(&alice), ["Hello, Bob!"]);
    assert_eq!(alice.texts_from(&bob), ["Hello, Alice!"]);
    let told = alice.waits_for(|event| event["type"] == "message.received", "the greeting");
    assert_eq!(
        (&told["message"]["text"], &told["message"]["outgoing"]),
        (&"Hello, Alice!".into(), &false.into())
    );
    assert_eq!(alice.status()["peers"], 1);
}

#[test]
fn both_see_the_same_safety_number_and_can_verify_it() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    let number = alice.contact(&bob).unwrap().safety_number.expect("their keys are known");
    assert_eq!(bob.contact(&alice).unwrap().safety_number.as_ref(), Some(&number));
    let groups: Vec<&str> = number.split(' ').collect();
    assert!(groups.len() == 12 && groups.iter().all(|group| group.len() == 5), "{number}");
    assert!(groups.concat().bytes().all(|byte| byte.is_ascii_digit()), "{number}");

    alice.decides("verify", &bob, &[]);
    assert_eq!(alice.contact(&bob).unwrap().verification, "verified");
    assert_eq!(bob.contact(&alice).unwrap().verification, "none", "nobody is told");
    alice.sends_and_waits(&bob, "verified", "delivered");
}

#[test]
fn somebody_may_write_before_the_inviter_is_there() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    let link = alice.invites(&[]);
    alice.stops();

    bob.starts();
    assert_eq!(bob.accepts(&link).state, "pending");
    let message = bob.sends(&alice, "Are you there?");
    assert_eq!(bob.history(&alice)[0].state, "queued");
    assert!(!bob.contact(&alice).unwrap().online);

    alice.starts();
    alice.waits_for_text(&bob, "Are you there?");
    bob.waits_until_message(&alice, &message, "delivered");
    assert_eq!(bob.contact(&alice).unwrap().state, "active");
}

#[test]
fn a_link_may_be_made_and_accepted_before_any_node_runs() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let link = alice.invites(&[]);
    assert_eq!(bob.accepts(&link).state, "pending");
    bob.sends(&alice, "written at home");
    alice.starts();
    // The link could not know where Alice would listen.
    let [dial, _] = alice.addresses();
    let [tcp, quic] = bob.addresses();
    bob.starts_with(&["--loopback", "--listen", &tcp, "--listen", &quic, "--dial", &dial]);
    alice.waits_for_text(&bob, "written at home");
}

#[test]
fn invitations_that_cross_make_one_contact_on_each_side() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    let (hers, his) = (alice.invites(&[]), bob.invites(&[]));
    thread::scope(|scope| {
        scope.spawn(|| alice.accepts(&his));
        scope.spawn(|| bob.accepts(&hers));
    });
    alice.waits_until_online(&bob);
    bob.waits_until_online(&alice);
    alice.sends_and_waits(&bob, "one way", "delivered");
    bob.sends_and_waits(&alice, "and the other", "delivered");
    assert_eq!((alice.contacts().len(), bob.contacts().len()), (1, 1));
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        let alarms = one.events(Default::default());
        let alarm = alarms.iter().find(|event| event["type"] == "notice");
        assert_eq!(alarm, None, "{} was alarmed about {}", one.name(), other.name());
    }
}

#[test]
fn a_chosen_name_stays_and_a_claimed_one_does_not_replace_it() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    let link = alice.invites(&[]);
    bob.cli(&["accept", &link, "--name", "Aunt Alice"]).done();
    bob.waits_until_online(&alice);
    alice.sends_and_waits(&bob, "after the names were told", "delivered");
    assert_eq!(bob.contact(&alice).unwrap().name, "Aunt Alice");
    alice.waits_until_contact(&bob, "called bob", |them| them.name == "bob");
    alice.decides("rename", &bob, &["Robert"]);
    assert_eq!(alice.contact(&bob).unwrap().name, "Robert");
    // A name is as good as an id.
    alice.cli(&["send", "Robert", "by name", "--wait", "delivered"]).done();
    bob.cli(&["send", "Aunt Alice", "by a name with a space", "--wait", "delivered"]).done();
}

#[test]
fn two_nodes_on_one_machine_choose_different_ports() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts_with(&["--loopback"]);
    bob.starts_with(&["--loopback"]);
    let listening = |person: &Person| {
        let addresses = person.status()["listening"].as_array().unwrap().clone();
        assert!(!addresses.is_empty());
        addresses
    };
    for address in listening(&alice) {
        assert!(address.as_str().unwrap().starts_with("/ip4/127.0.0.1/"), "{address}");
        assert!(!listening(&bob).contains(&address), "both listen on {address}");
    }
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "hello", "delivered");
}
