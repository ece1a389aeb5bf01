//! What stands between two people is an enemy: it flips bits, loses, repeats, delays and cuts; it pretends to be one of
//! them; it knocks with garbage. What was promised is kept, and nobody else learns anything.

use std::{
    io::Write,
    net::{Ipv4Addr, Shutdown, TcpStream, UdpSocket},
};

use causerie_tests::{Dice, Fault, Person, Plan, Proxy, Traces};
use serde_json::{Value, json};

const ROUNDS_MAX: usize = 200;
const MESSAGES_PER_ROUND: usize = 10;

/// Alice, and Bob who can reach her only through the proxy.
fn meet_through(proxy: &Proxy, alice: &Person, bob: &Person) {
    alice.starts_hidden(&[]);
    bob.starts_hidden(&[proxy.multiaddr()]);
    bob.accepts(&alice.invites(&["--no-hints"]));
    alice.waits_until_online(bob);
    bob.waits_until_online(alice);
}

fn text(author: &Person, number: usize) -> String {
    format!("{} {number} {}", author.name(), "~".repeat(number * 97 % 3_000))
}

fn write(author: &Person, reader: &Person, from: usize) {
    let message = |number| json!({"conversation": reader.id(), "text": text(author, number)});
    let params: Vec<Value> = (from..from + MESSAGES_PER_ROUND).map(message).collect();
    let answers = author.socket().ask_all("message.send", &params);
    assert!(answers.iter().all(|answer| matches!(answer, Some(Ok(_)))), "{answers:?}");
}

/// They write to each other until the line is done with its faults, and everything is as it was written.
fn talk_until_the_line_is_sound(proxy: &Proxy, faults: usize, alice: &Person, bob: &Person) {
    let mut written = 0;
    for _ in 0..ROUNDS_MAX {
        write(alice, bob, written);
        write(bob, alice, written);
        written += MESSAGES_PER_ROUND;
        alice.waits_for_text(bob, &text(bob, written - 1));
        bob.waits_for_text(alice, &text(alice, written - 1));
        if proxy.faults().len() >= faults {
            break;
        }
    }
    println!("{written} messages each way, {:?}", proxy.faults());
    assert_eq!(proxy.faults().len(), faults, "there was too little to disturb");
    for (reader, author) in [(alice, bob), (bob, alice)] {
        let expected: Vec<String> = (0..written).map(|number| text(author, number)).collect();
        assert!(reader.texts_from(author) == expected, "{} has not what was written", reader.name());
        author.waits_until("all is delivered", || {
            let own = author.history(reader);
            own.iter().all(|row| !row.outgoing || row.state == "delivered").then_some(())
        });
        reader.finds_everything_in_order();
    }
}

#[test]
fn a_tcp_line_that_garbles_and_breaks_changes_nothing_that_is_said() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let kinds = vec![Fault::Flip, Fault::Drop, Fault::Repeat, Fault::Stall, Fault::Cut];
    let plan = Plan { seed: 61, kinds, apart: 20_000..60_000, at_most: 14 };
    let proxy = Proxy::streams_to(alice.port(), plan);
    meet_through(&proxy, &alice, &bob);
    talk_until_the_line_is_sound(&proxy, 14, &alice, &bob);
    assert!(proxy.opened() > 1, "no fault was noticed");
}

#[test]
fn a_quic_line_that_garbles_loses_and_repeats_changes_nothing_that_is_said() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let kinds = vec![Fault::Flip, Fault::Drop, Fault::Repeat];
    let plan = Plan { seed: 62, kinds, apart: 2_000..9_000, at_most: 100 };
    let proxy = Proxy::datagrams_to(alice.port(), plan);
    meet_through(&proxy, &alice, &bob);
    talk_until_the_line_is_sound(&proxy, 100, &alice, &bob);
}

#[test]
fn a_line_cut_again_and_again_is_built_up_again() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let proxy = Proxy::streams_to(alice.port(), Plan::without_faults());
    meet_through(&proxy, &alice, &bob);
    for round in 0..5 {
        proxy.cuts();
        let message = alice.sends(&bob, &format!("round {round}"));
        alice.waits_until_message(&bob, &message, "delivered");
    }
    assert_eq!(bob.texts_from(&alice).len(), 5);
    assert!(proxy.opened() > 5);
}

#[test]
fn an_impostor_with_the_same_name_at_the_old_address_gets_nothing() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.starts();
    bob.starts();
    alice.meets(&bob);
    bob.stops();
    alice.waits_until_offline(&bob);

    let mallory = Person::new("bob");
    let proxy = Proxy::streams_from_to(bob.port(), mallory.port(), Plan::without_faults());
    mallory.starts();
    let message = alice.sends(&bob, "for the true Bob only");
    alice.waits_until("the impostor was dialled twice", || (proxy.ended() >= 2).then_some(()));
    assert!(!alice.contact(&bob).unwrap().online);
    assert_eq!(alice.history(&bob)[0].state, "queued");
    assert_eq!((mallory.contacts().len(), alice.contacts().len()), (0, 1));
    let traces = Traces::default().of_text("for the true Bob only").of_id(alice.id()).of_id(bob.id());
    for recording in proxy.recordings() {
        assert_eq!(traces.in_bytes(&recording), Vec::<String>::new());
    }

    mallory.stops();
    drop(proxy);
    bob.starts();
    alice.waits_until_message(&bob, &message, "delivered");
}

#[test]
fn a_stranger_who_dials_stays_a_stranger() {
    let (alice, mallory) = (Person::new("alice"), Person::new("mallory"));
    let proxy = Proxy::streams_to(alice.port(), Plan::without_faults());
    alice.starts_hidden(&[]);
    mallory.starts_hidden(&[proxy.multiaddr()]);
    alice.waits_until("a hello led nowhere", || (proxy.ended() >= 1).then_some(()));
    for person in [&alice, &mallory] {
        assert_eq!(person.contacts().len(), 0);
        assert_eq!(person.counts(Default::default(), |event| event["type"] != "node.listening"), 0);
    }
}

#[test]
fn garbage_at_the_door_disturbs_nobody() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let proxy = Proxy::streams_to(alice.port(), Plan::without_faults());
    meet_through(&proxy, &alice, &bob);
    bob.sends_and_waits(&alice, "before the garbage", "delivered");

    let mut dice = Dice::seeded(63);
    let door = (Ipv4Addr::LOCALHOST, alice.port());
    let mut garbage = proxy.recordings();
    garbage.push(b"GET / HTTP/1.1\r\n\r\n".to_vec());
    garbage.push(b"\x13/multistream/1.0.0\n\x07/noise\n\xff\xff".to_vec());
    garbage
        .push([&b"\x13/multistream/1.0.0\n\x07/noise\n\x00\x20"[..], &[0; 32], &dice.bytes(4_000)].concat());
    garbage.extend((0..20).map(|size| dice.bytes(1 << (size % 16))));
    let mut kept_open = Vec::new();
    for bytes in &garbage {
        let mut stream = TcpStream::connect(door).unwrap();
        // It may be shown the door half-way.
        stream.write_all(bytes).ok();
        stream.shutdown(Shutdown::Write).ok();
        kept_open.push(stream);
    }
    kept_open.extend((0..50).filter_map(|_| TcpStream::connect(door).ok()));
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for size in 0..300 {
        socket.send_to(&dice.bytes(1 + size * 4), door).unwrap();
    }

    bob.sends_and_waits(&alice, "amid the garbage", "delivered");
    alice.sends_and_waits(&bob, "what garbage?", "delivered");
    proxy.cuts();
    bob.sends_and_waits(&alice, "and again", "delivered");
    assert_eq!(alice.contacts().len(), 1);
    assert!(!alice.stderr().contains("panicked"), "{}", alice.stderr());
}
