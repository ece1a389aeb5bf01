//! The whole matrix of invitations: who may answer which link, when, how often, and what the answerer is told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causerie_tests::{Contact, Person};
use serde_json::{Value, json};

fn alice_and_bob() -> (Person, Person) {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    (alice, bob)
}

fn waits_until_failed(person: &Person, other: &Person) -> Contact {
    person.waits_for(
        |event| event["type"] == "contact.failed" && event["contact"]["id"] == other.id(),
        "the refusal",
    );
    let failed = person.contact(other).unwrap();
    assert_eq!(failed.state, "failed");
    assert!(failed.reason.as_deref().is_some_and(|reason| !reason.is_empty()), "no reason is given");
    failed
}

#[test]
fn one_link_serves_one_person() {
    let (alice, bob) = alice_and_bob();
    let carol = Person::new("carol");
    carol.starts();
    let link = alice.invites(&[]);
    bob.accepts(&link);
    bob.waits_until_online(&alice);
    carol.accepts(&link);
    let failed = waits_until_failed(&carol, &alice);
    assert!(failed.reason.unwrap().contains("used"));
    assert_eq!(alice.contact(&carol), None);
    assert_eq!(alice.contacts().len(), 1);
    // The first one notices nothing.
    bob.sends_and_waits(&alice, "still here", "delivered");
    // A message that can never arrive says so.
    let message = carol.tries_to_send(&alice, "hello?");
    let refused_or_failed = message.code != 0 || carol.history(&alice)[0].state == "failed";
    assert!(refused_or_failed, "{message:?}");
}

#[test]
fn the_same_link_twice_is_said_at_once() {
    let (alice, bob) = alice_and_bob();
    let link = alice.invites(&[]);
    bob.accepts(&link);
    bob.waits_until_online(&alice);
    bob.tries_to_accept(&link).is_refused(1, "already_contact");
    bob.sends_and_waits(&alice, "nothing changed", "delivered");
    assert_eq!(bob.contacts().len(), 1);
}

#[test]
fn a_link_passed_on_unused_serves_whoever_answers_first() {
    let (alice, bob) = alice_and_bob();
    let carol = Person::new("carol");
    carol.starts();
    let link = alice.invites(&[]);
    // Bob hands it to Carol, who is faster.
    carol.accepts(&link);
    carol.waits_until_online(&alice);
    alice.waits_until_contact(&carol, "called carol", |them| them.name == "carol");
    bob.accepts(&link);
    waits_until_failed(&bob, &alice);
    assert_eq!(alice.contact(&bob), None);
}

#[test]
fn a_revoked_link_is_refused_with_its_reason() {
    let (alice, bob) = alice_and_bob();
    let made = alice.cli(&["invite"]).value();
    let (id, link) = (made["id"].as_str().unwrap(), made["invite"].as_str().unwrap());
    let listed = alice.cli(&["invite", "list"]).values();
    assert_eq!(listed.iter().filter(|one| one["id"] == id).count(), 1);
    alice.cli(&["invite", "revoke", id]).done();
    assert_eq!(bob.accepts(link).state, "pending", "it cannot be known before they meet");
    let failed = waits_until_failed(&bob, &alice);
    assert!(failed.reason.unwrap().contains("revoked"));
    assert_eq!(alice.contacts().len(), 0);
    alice.cli(&["invite", "revoke", "nosuchinvitation"]).is_refused(5, "no_such_contact");
}

#[test]
fn an_expired_link_is_refused_at_once() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let made = alice.cli(&["invite", "--expires", "1s"]).value();
    assert!(made["expires"].is_string(), "{made}");
    // The last second in which it can be answered is still good; the link tells whole seconds.
    let end = now() + Duration::from_secs(3);
    while now() < end {
        bob.waits_for_news(bob.bookmark(), end.saturating_sub(now()));
    }
    bob.tries_to_accept(made["invite"].as_str().unwrap()).is_refused(1, "expired_invite");
    assert_eq!(bob.contacts().len(), 0);
}

#[test]
fn an_invitation_lasts_as_long_as_asked_and_a_week_otherwise() {
    let alice = Person::new("alice");
    let day = 86_400;
    for (args, seconds) in
        [(&[][..], 7 * day), (&["--expires", "1d"][..], day), (&["--expires", "2h"], 7_200)]
    {
        let mut all = vec!["invite"];
        all.extend(args);
        let before = now().as_secs();
        let made = alice.cli(&all).value();
        let listed = alice.cli(&["invite", "list"]).values();
        assert!(listed.iter().any(|one| one["expires"] == made["expires"] && one["id"] == made["id"]));
        let expires = unix_seconds(made["expires"].as_str().unwrap());
        let distance = expires.abs_diff(before + seconds);
        assert!(distance <= 60, "{args:?}: {distance} s beside");
    }
}

#[test]
fn ones_own_link_leads_nowhere() {
    let alice = Person::new("alice");
    let link = alice.invites(&[]);
    alice.tries_to_accept(&link).is_refused(1, "own_invite");
    alice.starts();
    alice.tries_to_accept(&alice.invites(&[])).is_refused(1, "own_invite");
    assert_eq!(alice.contacts().len(), 0);
}

#[test]
fn a_link_with_any_character_altered_or_missing_is_refused_at_once() {
    let (alice, bob) = alice_and_bob();
    let link = alice.invites(&[]);
    let mut wrong = vec![String::new(), "causerie:".into(), "https://example.org".into(), format!("{link}A")];
    for place in 0..link.len() {
        let other = if link.as_bytes()[place] == b'A' { 'B' } else { 'A' };
        wrong.push(format!("{}{other}{}", &link[..place], &link[place + 1..]));
        wrong.push(format!("{}{}", &link[..place], &link[place + 1..]));
        wrong.push(link[..place].to_owned());
    }
    let params: Vec<Value> = wrong.iter().map(|link| json!({"link": link})).collect();
    let answers = bob.socket().ask_all("invite.accept", &params);
    for (link, answer) in wrong.iter().zip(answers) {
        let error = answer.expect("an answer").expect_err(link);
        assert_eq!(error["data"]["kind"], "bad_invite", "{link}: {error}");
    }
    assert_eq!(bob.contacts().len(), 0);
    bob.tries_to_accept(&link[..link.len() - 1]).is_refused(1, "bad_invite");
    bob.tries_to_accept(&link.replacen(":i1#", ":i2#", 1)).is_refused(1, "newer_version");
    // White space around it comes from copying and does no harm.
    bob.accepts(&format!(" {link}\n"));
    bob.waits_until_online(&alice);
}

#[test]
fn whoever_has_to_ask_waits_until_the_inviter_accepts() {
    let (alice, bob) = alice_and_bob();
    bob.accepts(&alice.invites(&["--ask"]));
    let message = bob.sends(&alice, "May I?");
    alice.waits_until_contact(&bob, "a request", |them| them.state == "request");
    let seen = bob.contact(&alice).unwrap();
    assert_eq!((seen.state.as_str(), seen.online), ("pending", false));
    assert_ne!(seen.name, "alice", "a name was told without consent");
    assert_eq!(bob.history(&alice)[0].state, "queued");

    alice.decides("accept", &bob, &[]);
    alice.waits_for_text(&bob, "May I?");
    bob.waits_until_message(&alice, &message, "delivered");
    bob.waits_until_contact(&alice, "called alice", |them| them.name == "alice" && them.state == "active");
    alice.sends_and_waits(&bob, "You may.", "delivered");
}

#[test]
fn a_request_that_is_ignored_is_gone_and_nobody_is_told() {
    let (alice, bob) = alice_and_bob();
    let link = alice.invites(&["--ask"]);
    bob.accepts(&link);
    alice.waits_until_contact(&bob, "a request", |them| them.state == "request");
    alice.decides("ignore", &bob, &[]);
    assert_eq!(alice.contact(&bob), None);
    assert_eq!(bob.contact(&alice).unwrap().state, "pending");
    // Bob's next start says the same bytes again, which is not a second request.
    bob.stops();
    bob.starts();
    let dave = Person::new("dave");
    dave.starts();
    alice.meets(&dave);
    assert_eq!(alice.contact(&bob), None);
    alice.cli(&["contacts", "accept", bob.id()]).is_refused(5, "no_such_contact");
}

#[test]
fn a_request_can_be_blocked() {
    let (alice, bob) = alice_and_bob();
    bob.accepts(&alice.invites(&["--ask"]));
    alice.waits_until_contact(&bob, "a request", |them| them.state == "request");
    alice.decides("block", &bob, &[]);
    assert_eq!(alice.contact(&bob).unwrap().state, "blocked");
    assert_eq!(bob.contact(&alice).unwrap().state, "pending");
}

#[test]
fn a_reusable_link_brings_requests_from_everybody_who_has_it() {
    let (alice, bob) = alice_and_bob();
    let carol = Person::new("carol");
    carol.starts();
    let link = alice.invites(&["--reusable"]);
    bob.accepts(&link);
    carol.accepts(&link);
    for person in [&bob, &carol] {
        alice.waits_until_contact(person, "a request", |them| them.state == "request");
        alice.decides("accept", person, &[]);
        person.waits_until_online(&alice);
        person.sends_and_waits(&alice, "thank you", "delivered");
    }
    alice.sends_and_waits(&bob, "for bob", "delivered");
    alice.sends_and_waits(&carol, "for carol", "delivered");
    assert_eq!(bob.texts_from(&alice), ["for bob"]);
    assert_eq!(carol.texts_from(&alice), ["for carol"]);
    assert_eq!(bob.contacts().len(), 1, "guests do not learn of each other");
}

#[test]
fn a_new_link_of_somebody_known_keeps_row_and_history() {
    let (alice, bob) = alice_and_bob();
    alice.meets(&bob);
    bob.sends_and_waits(&alice, "before", "delivered");
    bob.accepts(&alice.invites(&[]));
    alice.sends_and_waits(&bob, "after", "delivered");
    bob.sends_and_waits(&alice, "and back", "delivered");
    assert_eq!((alice.contacts().len(), bob.contacts().len()), (1, 1));
    assert_eq!(alice.texts_from(&bob), ["before", "and back"]);
    assert_eq!(bob.texts_from(&alice), ["after"]);
}

#[test]
fn somebody_removed_comes_back_by_a_new_link() {
    let (alice, bob) = alice_and_bob();
    alice.meets(&bob);
    bob.sends_and_waits(&alice, "old words", "delivered");
    alice.decides("remove", &bob, &[]);
    assert_eq!(alice.contact(&bob), None);
    assert!(alice.cli(&["history", bob.id()]).stdout.is_empty(), "the history is not deleted");
    assert_eq!(alice.tries_to_send(&bob, "nobody").code, 5);
    bob.waits_until_offline(&alice);
    let refused = bob.sends(&alice, "are you still there?");
    assert_eq!(bob.contact(&alice).unwrap().state, "active", "nobody is told");

    bob.accepts(&alice.invites(&[]));
    bob.waits_until_online(&alice);
    bob.sends_and_waits(&alice, "new words", "delivered");
    alice.sends_and_waits(&bob, "welcome back", "delivered");
    assert!(!alice.texts_from(&bob).contains(&"old words".to_owned()), "what was deleted came back");
    assert_eq!(bob.contacts().len(), 1);
    assert!(bob.history(&alice).iter().any(|row| row.id == refused));
    assert!(bob.history(&alice).iter().any(|row| row.text == "old words"), "his own history is his");
}

#[test]
fn history_can_outlive_a_contact() {
    let (alice, bob) = alice_and_bob();
    alice.meets(&bob);
    bob.sends_and_waits(&alice, "keep this", "delivered");
    alice.decides("remove", &bob, &["--keep-history"]);
    bob.accepts(&alice.invites(&[]));
    alice.waits_until_online(&bob);
    assert_eq!(alice.texts_from(&bob), ["keep this"]);
}

#[test]
fn somebody_who_lost_their_keys_is_joined_with_who_they_were() {
    let (alice, bob) = alice_and_bob();
    alice.meets(&bob);
    bob.sends_and_waits(&alice, "with the old keys", "delivered");
    bob.stops();
    let again = Person::new("bob");
    again.starts();
    alice.meets(&again);
    again.sends_and_waits(&alice, "with new keys", "delivered");
    assert_eq!(alice.contacts().len(), 2);
    alice.cli(&["contacts", "merge", again.id(), bob.id()]).done();
    let contacts = alice.contacts();
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0].id, again.id());
    let texts: Vec<String> = alice.history(&again).into_iter().map(|row| row.text).collect();
    assert_eq!(texts, ["with the old keys", "with new keys"]);
    alice.sends_and_waits(&again, "found you", "delivered");
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// The seconds since 1970 of a time as commands print it: `2026-11-03T08:15:00.000Z`.
fn unix_seconds(time: &str) -> u64 {
    let number = |from: usize, to: usize| time[from..to].parse::<u64>().unwrap();
    assert_eq!((time.len(), &time[10..11], &time[23..]), (24, "T", "Z"), "{time}");
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    // Days before a civil date, counted from March so that leap days come last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    days * 86_400 + number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19)
}
