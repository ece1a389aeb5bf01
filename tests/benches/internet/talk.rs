//! Two people in two homes and a server: how long until they talk, how fast a message is, how much they can say.

use std::{
    fs,
    time::{Duration, Instant},
};

use causerie_tests::{Internet, Person, Router, Slowness, Socket, Versions};
use serde_json::{Value, json};

use crate::figures::Times;

/// Times that two new people meet.
const FIRST_CONTACTS: usize = 5;

/// Times that one of them starts again.
const RESTARTS: usize = 9;

/// Messages that are written one by one.
const LONE: usize = 200;

/// Bytes of each of many messages: common ones, and the longest.
const TEXT_BYTES: [usize; 2] = [1_024, 32_768];

/// Which way they are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The router of home 2 forwards the port.
    Direct,
    /// Neither router can be foreseen.
    Relayed,
}

/// Homes, lines and a server.
#[derive(Debug)]
pub(crate) struct Place {
    way: Way,
    args: Vec<String>,
    server: Person,
    pub(crate) internet: Internet,
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    /// From the link being accepted until its maker sees the other one online.
    pub(crate) meets: Times,
    /// From the same on until the first text, written right away, is there.
    pub(crate) first_texts: Times,
    /// From the start of a process until a text that waited for it is there.
    pub(crate) restarts: Times,
    /// From writing a message until it is there.
    pub(crate) lone: Times,
    /// Many short ones, and as many bytes in long ones.
    pub(crate) bulks: Vec<Bulk>,
    /// What carried these: `TCP` or `QUIC`.
    pub(crate) over: String,
}

/// Many messages, written as fast as they are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulk {
    /// How many.
    pub(crate) messages: usize,
    /// Of how many bytes each.
    pub(crate) text_bytes: usize,
    /// From writing the first until the last was written.
    pub(crate) written: Duration,
    /// From writing the first until the last is there.
    pub(crate) there: Duration,
}

impl Way {
    /// As `contacts` says it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Relayed => "relayed",
        }
    }
}

impl Place {
    /// `None` where this machine cannot have it.
    pub(crate) fn with(way: Way, slowness: Slowness) -> Option<Self> {
        let routers = match way {
            Way::Direct => [Router::Cone, Router::Forwarding],
            Way::Relayed => [Router::Random, Router::Random],
        };
        let internet = Internet::with(&routers, 1, Versions::Four)?.slowed(slowness)?;
        let server = serving(&internet);
        Some(Self { way, args: bootstrap(&internet), server, internet })
    }

    /// Two people meet, several times; the last two talk, in the end with as many bytes at once.
    pub(crate) fn talk(&self, bytes: usize) -> Talk {
        let mut talk = Talk::default();
        let mut last = None;
        for _ in 0..FIRST_CONTACTS {
            drop(last.take());
            last = Some(self.two_who_meet(&mut talk));
        }
        let (alice, bob) = last.unwrap();
        for person in [&alice, &bob] {
            let other = if person.id() == alice.id() { &bob } else { &alice };
            person.waits_until_path(other, self.way.word());
        }
        for round in 0..RESTARTS {
            self.restart(&mut talk, (&alice, &bob), round);
        }
        alice.waits_until_path(&bob, self.way.word());
        lone(&mut talk, (&alice, &bob));
        let before = [1, 2].map(|home| self.packets(home));
        for text_bytes in TEXT_BYTES {
            talk.bulks.push(many((&alice, &bob), bytes / text_bytes, text_bytes));
        }
        let over = [1, 2].map(|home: usize| {
            let ([tcp_before, udp_before], [tcp, udp]) = (before[home - 1], self.packets(home));
            if tcp - tcp_before > udp - udp_before { "TCP" } else { "QUIC" }
        });
        talk.over = if over[0] == over[1] { over[0].to_owned() } else { over.join(" and ") };
        talk
    }

    fn two_who_meet(&self, talk: &mut Talk) -> (Person, Person) {
        let (alice, bob) = (self.somebody(1, "alice"), self.somebody(2, "bob"));
        // It is taken up when what leads to its maker has been left at the meeting place, as by somebody who was handed it.
        let before = self.records();
        let link = alice.invites(&[]);
        alice.waits_until("her record is left", || (self.records() > before).then_some(()));
        let mut events = follow(&alice);
        let mut socket = bob.socket();
        let begun = Instant::now();
        socket.ask("invite.accept", &json!({"link": link})).unwrap().unwrap();
        say(&mut socket, &alice, "hello");
        let (mut online, mut text) = (None, None);
        while online.is_none() || text.is_none() {
            match next(&mut events).as_str() {
                "contact.online" => online = online.or(Some(begun.elapsed())),
                "message.received" => text = text.or(Some(begun.elapsed())),
                _ => {}
            }
        }
        talk.meets.add(online.unwrap());
        talk.first_texts.add(text.unwrap());
        (alice, bob)
    }

    /// Records that the server keeps.
    fn records(&self) -> u64 {
        self.server.asks("node.status", &json!({}))["serving"]["records"].as_u64().unwrap()
    }

    fn restart(&self, talk: &mut Talk, (alice, bob): (&Person, &Person), round: usize) {
        bob.stops();
        alice.waits_until_offline(bob);
        let text = format!("while you were away {round}");
        say(&mut alice.socket(), bob, &text);
        let begun = Instant::now();
        starts(bob, &self.args);
        bob.waits_for(|event| event["message"]["text"] == text.as_str(), "what waited");
        talk.restarts.add(begun.elapsed());
        bob.waits_until_path(alice, self.way.word());
    }

    /// Packets of TCP and of UDP that came to a home so far.
    fn packets(&self, home: usize) -> [u64; 2] {
        let text = self.internet.in_home(home, || fs::read_to_string("/proc/thread-self/net/snmp")).unwrap();
        [("Tcp:", "InSegs"), ("Udp:", "InDatagrams")].map(|(protocol, name)| {
            let mut lines = text.lines().filter(|line| line.starts_with(protocol)).map(str::split_whitespace);
            let (mut names, mut values) = (lines.next().unwrap(), lines.next().unwrap());
            values.nth(names.position(|one| one == name).unwrap()).unwrap().parse().unwrap()
        })
    }

    /// Somebody who knows how far they can be reached.
    fn somebody(&self, home: usize, name: &str) -> Person {
        let person = Person::behind(&self.internet, home, name);
        starts(&person, &self.args);
        let forwarded = home == 2 && self.way == Way::Direct;
        reachable(&person, if forwarded { "direct" } else { "relayed" });
        person
    }
}

/// A server for everybody.
pub(crate) fn serving(internet: &Internet) -> Person {
    let server = Person::serving(internet, 1);
    server.starts_with(&["--serve-relay", "--serve-bootstrap", "--no-mdns"]);
    server
}

/// The arguments of `run` that name the server.
pub(crate) fn bootstrap(internet: &Internet) -> Vec<String> {
    internet.places(1).into_iter().flat_map(|place| ["--bootstrap".to_owned(), place]).collect()
}

/// Starts a node with these arguments.
pub(crate) fn starts(person: &Person, args: &[String]) {
    person.starts_with(&args.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Waits until somebody can be reached so far.
pub(crate) fn reachable(person: &Person, how: &str) {
    let is_so = || person.asks("node.status", &json!({}))["reachability"] == how;
    person.waits_until(how, || is_so().then_some(()));
}

/// Messages one by one, the next when the one before is there.
fn lone(talk: &mut Talk, (alice, bob): (&Person, &Person)) {
    let (mut socket, mut events) = (alice.socket(), follow(bob));
    for number in 0..LONE {
        let text = format!("message {number}");
        let begun = Instant::now();
        say(&mut socket, bob, &text);
        until_received(&mut events, &text);
        talk.lone.add(begun.elapsed());
    }
}

fn many((alice, bob): (&Person, &Person), messages: usize, text_bytes: usize) -> Bulk {
    let text = |number: usize| format!("{number:>text_bytes$}");
    let params: Vec<Value> =
        (0..messages).map(|number| json!({"conversation": bob.id(), "text": text(number)})).collect();
    let (mut socket, mut events) = (alice.socket(), follow(bob));
    let begun = Instant::now();
    let (written, there) = std::thread::scope(|scope| {
        let all = scope.spawn(move || {
            until_received(&mut events, &text(messages - 1));
            begun.elapsed()
        });
        let answers = socket.ask_all("message.send", &params);
        let written = begun.elapsed();
        assert!(answers.iter().all(|answer| answer.as_ref().is_some_and(Result::is_ok)));
        (written, all.join().unwrap())
    });
    Bulk { messages, text_bytes, written, there }
}

fn follow(person: &Person) -> Socket {
    let mut socket = person.socket();
    socket.ask("event.subscribe", &json!({})).unwrap().unwrap();
    socket
}

fn say(socket: &mut Socket, to: &Person, text: &str) {
    let params = json!({"conversation": to.id(), "text": text});
    socket.ask("message.send", &params).unwrap().unwrap();
}

/// What kind of event comes next.
fn next(events: &mut Socket) -> String {
    events.hear().unwrap()["params"]["type"].as_str().unwrap().to_owned()
}

fn until_received(events: &mut Socket, text: &str) {
    loop {
        let event = events.hear().unwrap();
        if event["params"]["type"] == "message.received" && event["params"]["message"]["text"] == text {
            return;
        }
    }
}
