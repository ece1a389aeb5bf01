//! A plan of who writes what when, and whose node is killed and started: done by real nodes on a network without a route
//! out, at the planned times, and timed.
//!
//! ```text
//! meet ─▶ rest ─▶ quiet, counted ─▶ the plan, counted ─▶ until everybody has everything ─▶ stop
//! ```
//!
//! A time is taken when a line is written to a node's socket or read from it, so it holds what a program on the same
//! machine waits for. Who is to write while their node is not back yet writes as soon as it is. The network carries TCP
//! over IPv4 alone, so that everybody has one address.

use std::{
    collections::BTreeMap,
    io,
    sync::Mutex,
    thread::{self, Scope},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Lan, Person, Socket,
    lan::{Family, Traffic},
};

/// Where everybody listens.
const LISTEN: [&str; 2] = ["--listen", "/ip4/0.0.0.0/tcp/47474"];

/// Something to do at a time after the plan's beginning.
#[derive(Clone, Debug)]
pub struct Deed {
    /// When.
    pub at: Duration,
    /// By whom, counted from 0.
    pub who: usize,
    /// What.
    pub what: What,
}

/// What there is to do.
#[derive(Clone, Debug)]
pub enum What {
    /// A message is written.
    Write {
        /// Its number.
        number: usize,
        /// To whom.
        to: usize,
        /// What it says.
        text: String,
    },
    /// The node is killed.
    Kill,
    /// The node is started.
    Start,
}

/// When something happened to a message, after the plan's beginning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// It was written to the author's socket.
    pub asked: Option<Duration>,
    /// The author's node answered.
    pub answered: Option<Duration>,
    /// The reader's node told of it.
    pub received: Option<Duration>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Of each message, by number.
    pub messages: BTreeMap<usize, Times>,
    /// How often each message was told to its reader.
    pub told: BTreeMap<usize, usize>,
    /// How many messages their readers had at the end.
    pub delivered: usize,
    /// Who was started again, and when.
    pub starts: Vec<(usize, Duration)>,
    /// When each of these said that it listens.
    pub listens: Vec<(usize, Duration)>,
    /// What all sent together while nothing was planned.
    pub quiet: Traffic,
    /// And from the plan's beginning until its time was over.
    pub sent: Traffic,
}

/// People on a network of their own.
#[derive(Debug)]
pub struct Replay {
    lan: Lan,
    people: Vec<Person>,
    begun: Instant,
    seen: Mutex<Seen>,
}

impl Replay {
    /// So many people who all know each other and are connected; `None`, with the reason printed, where this machine
    /// cannot have them.
    #[must_use]
    pub fn of(people: usize) -> Option<Self> {
        let lan = Lan::with(people, Family::Ipv4)?;
        lan.splits_packets();
        let people: Vec<Person> =
            (0..people).map(|number| Person::on(&lan, number + 1, &format!("person {number}"))).collect();
        for person in &people {
            person.starts_with(&LISTEN);
        }
        for (number, one) in people.iter().enumerate() {
            people.iter().skip(number + 1).for_each(|other| one.meets(other));
        }
        Some(Self { lan, people, begun: Instant::now(), seen: Mutex::default() })
    }

    /// Waits so long, then so much longer, in which what is sent is counted.
    pub fn rests(&self, first: Duration, counted: Duration) {
        let begun = Instant::now();
        wait_until(begun + first);
        let before = self.traffic();
        wait_until(begun + first + counted);
        self.note(|seen| seen.quiet = since(before, self.traffic()));
    }

    /// Does what is planned, in order of time for each, until so much time is over, and waits until everybody has
    /// everything: exactly once, in the order in which it was written.
    pub fn does(mut self, deeds: &[Deed], lasts: Duration) -> Seen {
        let before = self.traffic();
        self.begun = Instant::now();
        let this = &self;
        thread::scope(|scope| {
            let mut authors = Vec::new();
            for who in 0..this.people.len() {
                this.follows(scope, who);
                let own: Vec<&Deed> = deeds.iter().filter(|deed| deed.who == who).collect();
                authors.push(scope.spawn(move || this.acts(scope, who, &own)));
            }
            authors.into_iter().for_each(|author| author.join().unwrap());
            wait_until(this.begun + lasts);
            this.note(|seen| seen.sent = since(before, this.traffic()));
            this.settles(deeds);
            // Whoever follows their events ends with their node.
            for person in &this.people {
                person.stops();
            }
        });
        self.seen.into_inner().unwrap()
    }

    fn acts<'scope, 'env: 'scope>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        who: usize,
        deeds: &[&Deed],
    ) {
        let person = &self.people[who];
        let mut socket = person.socket();
        let together = |one: &&Deed, two: &&Deed| one.at == two.at && one.is_write() && two.is_write();
        for deeds in deeds.chunk_by(together) {
            wait_until(self.begun + deeds[0].at);
            match deeds[0].what {
                What::Write { .. } => self.writes(&mut socket, deeds).unwrap(),
                What::Kill => person.is_killed(),
                What::Start => {
                    let at = self.begun.elapsed();
                    person.starts_with(&LISTEN);
                    let listens = self.begun.elapsed();
                    self.note(|seen| {
                        seen.starts.push((who, at));
                        seen.listens.push((who, listens));
                    });
                    self.follows(scope, who);
                    socket = person.socket();
                }
            }
        }
    }

    /// Writes what is due together and waits for all answers.
    fn writes(&self, socket: &mut Socket, deeds: &[&Deed]) -> io::Result<()> {
        let mut asked = BTreeMap::new();
        for deed in deeds {
            let What::Write { number, to, text } = &deed.what else { continue };
            self.note(|seen| seen.messages.entry(*number).or_default().asked = Some(self.begun.elapsed()));
            let params = json!({"conversation": self.people[*to].id(), "text": text});
            asked.insert(socket.begin("message.send", &params)?, *number);
        }
        for _ in 0..asked.len() {
            let (id, answer) = socket.next_answer()?;
            let at = self.begun.elapsed();
            assert!(answer.is_ok(), "refused: {answer:?}");
            self.note(|seen| seen.messages.entry(asked[&id]).or_default().answered = Some(at));
        }
        Ok(())
    }

    /// Follows the events of this life of somebody's node, from its beginning to its end.
    fn follows<'scope, 'env: 'scope>(&'env self, scope: &'scope Scope<'scope, 'env>, who: usize) {
        let mut socket = self.people[who].socket();
        socket.ask("event.subscribe", &json!({"since": 0})).unwrap().unwrap();
        scope.spawn(move || {
            while let Ok(row) = socket.hear() {
                let at = self.begun.elapsed();
                let event = &row["params"];
                if event["type"] == "message.received" {
                    self.hears(&event["message"], at);
                }
            }
        });
    }

    fn hears(&self, message: &Value, at: Duration) {
        let number = number(message["text"].as_str().unwrap()).unwrap();
        self.note(|seen| {
            seen.messages.entry(number).or_default().received.get_or_insert(at);
            *seen.told.entry(number).or_default() += 1;
        });
    }

    /// Everybody has everything that was written to them, once and in order, and its author knows.
    fn settles(&self, deeds: &[Deed]) {
        for (author, writes) in self.people.iter().enumerate() {
            for (reader, reads) in self.people.iter().enumerate().filter(|(reader, _)| *reader != author) {
                let planned: Vec<&str> =
                    deeds.iter().filter_map(|deed| deed.text_to(author, reader)).collect();
                let come = || reads.texts_from(writes).len() >= planned.len();
                reads.waits_until("everything has come", || come().then_some(()));
                assert_eq!(reads.texts_from(writes), planned, "from {author} to {reader}");
                self.note(|seen| seen.delivered += planned.len());
                let known = || {
                    let rows = writes.history(reads);
                    rows.iter().filter(|row| row.outgoing).all(|row| row.state == "delivered")
                };
                writes.waits_until("all is known to be delivered", || known().then_some(()));
            }
        }
    }

    fn traffic(&self) -> Traffic {
        let mut all = Traffic::default();
        for host in 1..=self.people.len() {
            let one = self.lan.traffic(host);
            all = each(all, one, |all, one| all + one);
        }
        all
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap());
    }
}

impl What {
    /// The number of the message.
    #[must_use]
    pub const fn number(&self) -> Option<usize> {
        match self {
            Self::Write { number, .. } => Some(*number),
            Self::Kill | Self::Start => None,
        }
    }

    /// Whether it is a message to this one.
    #[must_use]
    pub const fn is_for(&self, who: usize) -> bool {
        matches!(self, Self::Write { to, .. } if *to == who)
    }
}

impl Deed {
    const fn is_write(&self) -> bool {
        matches!(self.what, What::Write { .. })
    }

    fn text_to(&self, author: usize, reader: usize) -> Option<&str> {
        match &self.what {
            What::Write { to, text, .. } if self.who == author && *to == reader => Some(text),
            _ => None,
        }
    }
}

impl Traffic {
    /// The heads of Ethernet, IP and TCP before each segment, with its time stamps.
    #[must_use]
    pub const fn head_bytes(&self) -> u64 {
        (ETHERNET_BYTES + 20 + 32) * self.segments
    }

    /// Of announcements and of questions for them, with their heads.
    #[must_use]
    pub const fn announcement_bytes(&self) -> u64 {
        self.multicast_bytes + ETHERNET_BYTES * self.multicast_packets
    }
}

/// The head of a packet at a cable.
const ETHERNET_BYTES: u64 = 14;

/// The number that a text begins with.
fn number(text: &str) -> Option<usize> {
    text.strip_prefix('#')?.split_once(' ')?.0.parse().ok()
}

fn since(before: Traffic, now: Traffic) -> Traffic {
    each(now, before, |now, before| now - before)
}

fn each(one: Traffic, two: Traffic, of: impl Fn(u64, u64) -> u64) -> Traffic {
    Traffic {
        bytes: of(one.bytes, two.bytes),
        packets: of(one.packets, two.packets),
        segments: of(one.segments, two.segments),
        connections: of(one.connections, two.connections),
        multicast_packets: of(one.multicast_packets, two.multicast_packets),
        multicast_bytes: of(one.multicast_bytes, two.multicast_bytes),
    }
}

fn wait_until(at: Instant) {
    // Parking may end early.
    while let Some(left) = at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}
