//! Two hosts at one switch, no route out, no server, no name service: people find each other all the same, at other
//! ports, after a cable was out, and by IPv6 alone; a copy of a home that is there too disturbs nobody. Needs root and
//! network namespaces; passed over elsewhere.

use causerie_tests::{Lan, Person, lan::Family};
use serde_json::Value;

fn two_on(lan: &Lan) -> (Person, Person) {
    (Person::on(lan, 1, "alice"), Person::on(lan, 2, "bob"))
}

/// Two who have met, and a copy of the first one's home on a third host; she and the copy do not run.
fn copied(lan: &Lan) -> (Person, Person, Person) {
    let (alice, bob) = two_on(lan);
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.stops();
    let copy = alice.copies_home_to_host(lan, 3);
    (alice, bob, copy)
}

fn ports(person: &Person) -> Vec<String> {
    let listening = person.status()["listening"].clone();
    let port = |address: &Value| address.as_str().unwrap().split('/').nth(4).unwrap().to_owned();
    listening.as_array().unwrap().iter().map(port).collect()
}

#[test]
fn people_on_one_network_find_each_other_without_any_server() {
    let Some(lan) = Lan::of(2) else { return };
    let (alice, bob) = two_on(&lan);
    alice.starts();
    bob.starts();
    // Without hints only the search on the network can bring them together.
    bob.accepts(&alice.invites(&["--no-hints"]));
    alice.waits_until_online(&bob);
    bob.waits_until_online(&alice);
    alice.sends_and_waits(&bob, "hello on the wire", "delivered");
    bob.sends_and_waits(&alice, "hello back", "delivered");
    assert_eq!(alice.contact(&bob).unwrap().name, "bob");
    assert_eq!(alice.cli(&["contacts"]).value()["path"], "direct");
    assert_eq!(alice.status()["reachability"], "lan-only");
    assert!(ports(&alice).iter().all(|port| port == "47474"), "everybody begins at the same port");
}

#[test]
fn people_who_moved_to_other_ports_are_found_again() {
    let Some(lan) = Lan::of(2) else { return };
    let (alice, bob) = two_on(&lan);
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    bob.stops();
    alice.waits_until_offline(&bob);
    let message = alice.sends(&bob, "where are you?");
    alice.stops();
    alice.starts_with(&["--listen", "/ip4/0.0.0.0/tcp/41001", "--listen", "/ip6/::/udp/41001/quic-v1"]);
    bob.starts_with(&["--listen", "/ip4/0.0.0.0/tcp/42002", "--listen", "/ip6/::/udp/42002/quic-v1"]);
    alice.waits_until_message(&bob, &message, "delivered");
    bob.sends_and_waits(&alice, "over here", "delivered");
    assert!(ports(&bob).iter().all(|port| port == "42002"));
}

#[test]
fn a_cable_pulled_out_and_put_back_loses_nothing() {
    let Some(lan) = Lan::of(2) else { return };
    let (alice, bob) = two_on(&lan);
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "0", "delivered");
    for round in 0..2 {
        lan.cut(2);
        // Nobody says goodbye: only their silence tells.
        let (hers, his) = (format!("hers {round}"), format!("his {round}"));
        alice.sends(&bob, &hers);
        bob.sends(&alice, &his);
        alice.waits_until_offline(&bob);
        bob.waits_until_offline(&alice);
        assert_ne!(alice.history(&bob).last().unwrap().state, "delivered", "nobody can have said so");
        lan.join(2);
        bob.waits_for_text(&alice, &hers);
        alice.waits_for_text(&bob, &his);
    }
    assert_eq!(bob.texts_from(&alice), ["0", "hers 0", "hers 1"]);
    assert_eq!(alice.texts_from(&bob), ["his 0", "his 1"]);
}

#[test]
fn a_host_that_vanishes_and_restarts_behind_the_same_cable_is_met_again() {
    let Some(lan) = Lan::of(2) else { return };
    let (alice, bob) = two_on(&lan);
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    lan.cut(2);
    bob.is_killed();
    alice.sends(&bob, "while you were gone");
    bob.starts();
    bob.sends(&alice, "written without a cable");
    lan.join(2);
    bob.waits_for_text(&alice, "while you were gone");
    alice.waits_for_text(&bob, "written without a cable");
}

#[test]
fn ipv6_alone_is_enough() {
    let Some(lan) = Lan::with(2, Family::Ipv6) else {
        return;
    };
    let (alice, bob) = two_on(&lan);
    alice.starts();
    bob.starts();
    bob.accepts(&alice.invites(&["--no-hints"]));
    alice.waits_until_online(&bob);
    bob.waits_until_online(&alice);
    bob.sends_and_waits(&alice, "hello", "delivered");
}

#[test]
fn strangers_on_the_same_network_stay_strangers() {
    let Some(lan) = Lan::of(3) else { return };
    let (alice, bob) = two_on(&lan);
    let carol = Person::on(&lan, 3, "carol");
    for person in [&alice, &bob, &carol] {
        person.starts();
    }
    alice.meets(&bob);
    alice.sends_and_waits(&bob, "between us", "delivered");
    assert_eq!(carol.contacts().len(), 0);
    let seen = carol.events(Default::default());
    let told = seen.iter().find(|event| event["type"] != "node.listening");
    assert_eq!(told, None, "a stranger was told something");
}

#[test]
fn addresses_that_machines_gave_themselves_are_enough() {
    for family in [Family::SelfGiven, Family::SelfGivenIpv6] {
        let Some(lan) = Lan::with(2, family) else {
            return;
        };
        let (alice, bob) = two_on(&lan);
        alice.starts();
        bob.starts();
        bob.accepts(&alice.invites(&[]));
        alice.waits_until_online(&bob);
        bob.sends_and_waits(&alice, "over a bare cable", "delivered");
        assert_eq!(alice.status()["reachability"], "lan-only");
        bob.stops();
        bob.starts();
        alice.waits_until_online(&bob);
        alice.sends_and_waits(&bob, "found again", "delivered");
    }
}

#[test]
fn a_host_that_gets_other_addresses_goes_on_talking() {
    let Some(lan) = Lan::of(2) else { return };
    let (alice, bob) = two_on(&lan);
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    for round in 0..2 {
        if round == 0 {
            lan.moves(2)
        } else {
            lan.moves(1)
        }
        bob.sends_and_waits(&alice, &format!("bob, round {round}"), "delivered");
        alice.sends_and_waits(&bob, &format!("alice, round {round}"), "delivered");
    }
}

#[test]
fn two_hosts_that_get_other_addresses_together_again_and_again_go_on_talking() {
    let Some(lan) = Lan::with(2, Family::Ipv4) else {
        return;
    };
    let (alice, bob) = two_on(&lan);
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    // Announcements of the places that they left live for minutes.
    for round in 0..6 {
        lan.moves_to(1, 101 + 2 * round);
        lan.moves_to(2, 102 + 2 * round);
        bob.sends_and_waits(&alice, &format!("bob, round {round}"), "delivered");
        alice.sends_and_waits(&bob, &format!("alice, round {round}"), "delivered");
    }
}

#[test]
fn a_copy_of_a_home_on_the_same_network_rests_and_is_given_nothing() {
    let Some(lan) = Lan::of(3) else { return };
    let (alice, bob, copy) = copied(&lan);
    bob.sends(&alice, "for one of them");
    alice.starts();
    alice.waits_for_text(&bob, "for one of them");
    let before = bob.bookmark();
    copy.starts();
    copy.waits_for(|event| event["type"] == "notice" && event["kind"] == "twin", "that it is a copy");
    for round in 0..3 {
        bob.sends_and_waits(&alice, &format!("round {round}"), "delivered");
        alice.sends_and_waits(&bob, &format!("answer {round}"), "delivered");
    }
    assert_eq!(bob.counts(before, |event| event["type"] == "contact.offline"), 0);
    assert_eq!(alice.texts_from(&bob).len(), 4);
    assert_eq!(copy.history(&bob).len(), 0);
}

#[test]
fn a_copy_of_a_home_becomes_a_device_of_its_own_and_both_are_there() {
    let Some(lan) = Lan::of(3) else { return };
    let (alice, bob, laptop) = copied(&lan);
    alice.starts();
    laptop.starts();
    laptop.waits_for(|event| event["type"] == "notice" && event["kind"] == "twin", "that it is a copy");
    assert_eq!(laptop.cli(&["devices", "separate"]).done().values().len(), 2);
    let text = |number: usize, who: &str| format!("{who} in round {number}");
    for round in 0..3 {
        bob.sends_and_waits(&alice, &text(round, "bob"), "delivered");
        for (who, name) in [(&alice, "desk"), (&laptop, "laptop")] {
            who.sends_and_waits(&bob, &text(round, name), "delivered");
        }
        for who in [&alice, &laptop] {
            who.waits_for_text(&bob, &text(round, "bob"));
            who.waits_until("what the other device wrote is there", || {
                (who.history(&bob).len() == 3 * round + 3).then_some(())
            });
        }
        // One is killed, the other stops as it should.
        [&alice, &laptop][round % 2].is_killed();
        [&laptop, &alice][round % 2].stops();
        alice.starts();
        laptop.starts();
    }
    let texts = |who: &Person, with: &Person| -> Vec<String> {
        who.history(with).into_iter().map(|row| row.text).collect()
    };
    assert_eq!(texts(&alice, &bob), texts(&bob, &alice));
    assert_eq!(texts(&laptop, &bob), texts(&bob, &alice));
    assert_eq!(alice.cli(&["devices"]).done().values().len(), 2, "each knows the other");
    for who in [&alice, &laptop, &bob] {
        assert_eq!(who.asks("node.check", &serde_json::json!({}))["ok"], true);
    }
}

#[test]
fn a_copy_is_made_a_device_where_no_node_runs() {
    let Some(lan) = Lan::of(3) else { return };
    let (alice, bob, laptop) = copied(&lan);
    alice.starts();
    assert_eq!(laptop.cli(&["devices", "separate"]).done().values().len(), 2);
    laptop.sends(&bob, "from the laptop");
    laptop.starts();
    bob.waits_for_text(&alice, "from the laptop");
    alice.sends_and_waits(&bob, "from the desk", "delivered");
    for who in [&alice, &laptop] {
        who.waits_until("all is there", || (who.history(&bob).len() == 2).then_some(()));
        assert_eq!(who.counts(Default::default(), |event| event["kind"] == "twin"), 0);
    }
}
