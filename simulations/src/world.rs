//! The world: one queue of happenings, one clock, and the people. It hands inputs to engines and does what they ask for.
//!
//! ```text
//! setup (everybody meets, no faults) ─▶ faults (as long as the scenario lasts) ─▶ calm (all online, until settled)
//! ```
//!
//! The law of the engine's driver holds here as in the node: writes are applied at once, and what follows them waits until
//! they are durable.

mod calm;
mod faults;
mod internet;
mod links;
mod living;
mod performing;
mod setup;
mod strangers;
mod talking;

use core::time::Duration;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use causerie_protocol::{
    address::Address,
    answer::DialFailure,
    ids::{AccountId, DialId, LinkId, LookupId, TransportId},
    input::Input,
    moment::Moment,
    output::Output,
    testing::tap,
};

pub use strangers::Strangers;

use crate::{
    checks::{Checks, Fact, Violation},
    internet::MeetingPlace,
    ledger::Ledger,
    measures::Measures,
    network::Network,
    pace::Pace,
    person::{Held, Person},
    places::Places,
    queue::Queue,
    random::Random,
    scenario::Scenario,
    trace::{self, Trace},
};

/// Something that is to happen at a time.
#[derive(Debug)]
pub(crate) enum Happening {
    /// An engine's timers are due.
    Timeout { who: usize, life: u32 },
    /// A frame arrives at this end of a link.
    Frame { link: LinkId, bytes: Vec<u8> },
    /// This end of a link is gone.
    LinkDown { link: LinkId },
    /// A dial finds somebody.
    Connect { who: usize, life: u32, whom: usize, dial: DialId, address: Address },
    /// A dial finds nobody.
    DialFailed { who: usize, life: u32, dial: DialId, failures: Vec<(Address, DialFailure)> },
    /// A dial over a relay finds somebody.
    Circuit { who: usize, life: u32, whom: usize, whom_life: u32, dial: DialId },
    /// The meeting place has answered a question.
    Found { who: usize, life: u32, lookup: LookupId, key: [u8; 32] },
    /// A commit is done.
    Durable { who: usize, life: u32 },
    /// One hears the announcement of another.
    Discovered { who: usize, life: u32, whom: usize, whom_life: u32 },
    /// And no longer does.
    Expired { who: usize, life: u32, peer: TransportId },
    /// One invites another.
    Befriend { who: usize, whom: usize },
    /// A day begins for somebody who is not always there.
    Day { who: usize, day: u32 },
    /// A session begins.
    Comes { who: usize },
    /// A session ends.
    Goes { who: usize },
    /// Somebody comes back after a fault, a sleep, or a full disk.
    Back { who: usize, life: u32 },
    /// There is room on the disk again.
    RoomAgain { who: usize },
    /// A traveller goes on.
    Travels { who: usize },
    /// Somebody writes: to this one, or to any friend.
    Writes { who: usize, life: u32, to: Option<usize> },
    /// Somebody asks once more for a message that was answered, with its key.
    AsksAgain { who: usize, life: u32, number: usize },
    /// Somebody looks at what another wrote.
    Reads { who: usize, life: u32, from: usize },
    /// A fault of the scenario.
    Fault { position: usize, who: usize },
    /// A copy of a home is made.
    Copies { who: usize },
    /// A stranger does something.
    Attack { which: usize, position: usize },
    /// Everybody is weighed, and some look at conversations.
    Weigh,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Everybody becomes acquainted.
    Setup,
    /// Life with faults.
    Faults,
    /// Without.
    Calm,
}

/// One end of a link.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    /// Whose end it is; strangers have numbers above all people.
    owner: usize,
    /// The other end.
    other: LinkId,
    /// When what was sent to this end last arrives.
    floor: Moment,
    /// Nothing arrives at this end any more, and it is not told.
    dead: bool,
}

/// What to tell a person who waits for a long run.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Where the run is.
    pub phase: Phase,
    /// Virtual time since the end of the setup.
    pub since: Duration,
    /// Inputs so far.
    pub inputs: u64,
    /// Messages delivered so far.
    pub delivered: u64,
}

/// See the file's head.
#[derive(Debug)]
pub struct World {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    pub(crate) now: Moment,
    pub(crate) begun: Moment,
    pub(crate) phase: Phase,
    pub(crate) queue: Queue<Happening>,
    pub(crate) people: Vec<Person>,
    pub(crate) by_account: BTreeMap<AccountId, usize>,
    pub(crate) places: Places,
    pub(crate) residents: Vec<Vec<usize>>,
    pub(crate) network: Network,
    pub(crate) meeting_place: MeetingPlace,
    pub(crate) wires: BTreeMap<LinkId, Wire>,
    pub(crate) next_link: u64,
    pub(crate) meetings: BTreeMap<(usize, usize), Meeting>,
    pub(crate) acquainted: usize,
    /// Devices that were robbed.
    pub(crate) robbed: usize,
    /// Looks at conversations that were not answered yet.
    pub(crate) looks: usize,
    /// Everything had time to arrive.
    pub(crate) settled: bool,
    pub(crate) strangers: Strangers,
    pub(crate) random: Random,
    pub(crate) ledger: Ledger,
    pub(crate) checks: Checks,
    pub(crate) trace: Trace,
    pub(crate) measures: Measures,
}

/// How long two friends could have met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meeting {
    total: Duration,
    since: Option<Moment>,
}

impl World {
    /// A world of so many people, before the setup.
    ///
    /// # Errors
    /// A violation when an account cannot be made.
    pub fn new(scenario: &Scenario, people: usize, seed: u64) -> Result<Self, Violation> {
        let places = Places::new(scenario, people);
        let mut residents = vec![Vec::new(); places.len()];
        let mut all = Vec::with_capacity(people);
        for number in 0..people {
            let island = number % places.len();
            let pace = Pace::drawn(seed, number, scenario.clocks.drift_ppm);
            let made = Person::new(seed, number, island, pace);
            let sentence = || format!("no account can be made for person {number}");
            all.push(made.ok_or_else(|| Violation { check: "no-panics", sentence: sentence() })?);
            residents[island].push(number);
        }
        let by_account = all.iter().enumerate().map(|(number, person)| (person.account, number)).collect();
        Ok(Self {
            seed,
            now: Moment::default(),
            begun: Moment::default(),
            phase: Phase::Setup,
            queue: Queue::default(),
            people: all,
            by_account,
            residents,
            places,
            network: Network::new(seed, &scenario.network),
            meeting_place: MeetingPlace::new(seed),
            wires: BTreeMap::new(),
            next_link: 0,
            meetings: BTreeMap::new(),
            acquainted: 0,
            robbed: 0,
            looks: 0,
            settled: false,
            strangers: Strangers::new(seed, &scenario.hostile),
            random: Random::new(seed, "world", 0),
            ledger: Ledger::default(),
            checks: Checks::new(scenario),
            trace: Trace::default(),
            measures: Measures::default(),
            scenario: scenario.clone(),
        })
    }

    /// Lives through the whole scenario.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn run(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Violation> {
        self.set_up(progress)?;
        self.begin()?;
        self.live_until(self.begun + self.scenario.lasts, progress)?;
        self.calm_down(progress)
    }

    /// What it cost so far.
    #[must_use]
    pub const fn measures(&self) -> &Measures {
        &self.measures
    }

    /// What became of each message.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// When the setup was over and life began.
    #[must_use]
    pub const fn begun(&self) -> Moment {
        self.begun
    }

    /// The hash of everything that went in and came out.
    #[must_use]
    pub fn digest(&self) -> String {
        self.trace.digest()
    }

    /// From now on what somebody's engine takes and puts out is written down in words.
    pub fn watch(&mut self, who: usize) {
        self.trace.watched.insert(who);
    }

    /// What was written down of those who are watched.
    #[must_use]
    pub fn watched(&self) -> &[String] {
        &self.trace.lines
    }

    /// Inputs that engines took.
    #[must_use]
    pub const fn inputs(&self) -> u64 {
        self.trace.inputs
    }

    /// Everything until then happens.
    fn live_until(&mut self, until: Moment, progress: &mut dyn FnMut(Progress)) -> Result<(), Violation> {
        while let Some((at, what)) = self.queue.pop_until(until) {
            self.now = self.now.max(at);
            self.happens(what)?;
            if self.trace.inputs.is_multiple_of(1 << 16) {
                progress(Progress {
                    phase: self.phase,
                    since: self.since(),
                    inputs: self.trace.inputs,
                    delivered: self.measures.delivered,
                });
            }
        }
        self.now = until;
        Ok(())
    }

    /// Time since the end of the setup.
    fn since(&self) -> Duration {
        self.now.since(self.begun)
    }

    fn after(&mut self, delay: Duration, what: Happening) {
        self.queue.push(self.now + delay, what);
    }

    fn happens(&mut self, what: Happening) -> Result<(), Violation> {
        match what {
            Happening::Timeout { who, life } => self.on_timeout(who, life),
            Happening::Frame { link, bytes } => self.on_frame(link, bytes),
            Happening::LinkDown { link } => self.on_link_down(link),
            Happening::Connect { who, life, whom, dial, address } => {
                self.on_connect((who, life), whom, dial, address)
            }
            Happening::DialFailed { who, life, dial, failures } => {
                if !self.lives(who, life) {
                    return Ok(());
                }
                self.people[who].dials.remove(&dial);
                for (address, why) in failures {
                    self.input(who, Input::AddressFailed { dial, address, why })?;
                }
                self.input(who, Input::DialFailed { dial })
            }
            Happening::Circuit { who, life, whom, whom_life, dial } => {
                self.on_circuit((who, life), (whom, whom_life), dial)
            }
            Happening::Found { who, life, lookup, key } => self.on_found((who, life), lookup, key),
            Happening::Durable { who, life } => self.on_durable(who, life),
            Happening::Discovered { who, life, whom, whom_life } => {
                if !self.lives(who, life) || !self.lives(whom, whom_life) {
                    return Ok(());
                }
                let other = &self.people[whom];
                let (peer, addresses) = (other.transport.clone(), vec![Places::address(other.island, whom)]);
                self.input(who, Input::Discovered { peer, addresses })
            }
            Happening::Expired { who, life, peer } => {
                if self.lives(who, life) {
                    self.input(who, Input::DiscoveryExpired { peer })
                } else {
                    Ok(())
                }
            }
            Happening::Befriend { who, whom } => self.befriend(who, whom),
            Happening::Day { who, day } => {
                self.begin_day(who, day);
                Ok(())
            }
            Happening::Comes { who } => self.comes(who),
            Happening::Goes { who } => self.goes(who),
            Happening::Back { who, life } => self.comes_back(who, life),
            Happening::RoomAgain { who } => self.room_again(who),
            Happening::Travels { who } => self.travels(who),
            Happening::Writes { who, life, to } => self.writes(who, life, to),
            Happening::AsksAgain { who, life, number } => self.asks_again(who, life, number),
            Happening::Reads { who, life, from } => self.reads(who, life, from),
            Happening::Fault { position, who } => self.fault(position, who),
            Happening::Copies { who } => {
                self.copies(who);
                Ok(())
            }
            Happening::Attack { which, position } => self.attacks(which, position),
            Happening::Weigh => self.weigh_all(),
        }
    }

    /// Whether a person's engine runs in the life that something was meant for.
    fn lives(&self, who: usize, life: u32) -> bool {
        self.people.get(who).is_some_and(|person| person.is_online() && person.life == life)
    }

    /// Hands one input to an engine that runs, and does what it asks for.
    fn input(&mut self, who: usize, input: Input) -> Result<(), Violation> {
        let now = self.now;
        let person = &mut self.people[who];
        let (clock, entropy) = (person.clock(now), person.random.entropy());
        let Some(engine) = &mut person.engine else { return Ok(()) };
        self.trace.input(now, who, &input);
        if let Some(count) = self.measures.inputs.get_mut(usize::from(trace::of_input(&input))) {
            *count += 1;
        }
        let disk = &person.disk;
        let handled = catch_unwind(AssertUnwindSafe(|| engine.handle(input, clock, &entropy, disk)));
        match handled {
            Ok(Ok(())) => self.drain(who),
            Ok(Err(error)) => self.tell(&Fact::Unreadable { who, words: &error.to_string() }),
            Err(panic) => {
                let words = panic.downcast_ref::<String>().map(String::as_str);
                let words =
                    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words");
                self.tell(&Fact::Panicked { who, words })
            }
        }
    }

    /// Applies writes and puts everything else in line, then does what need not wait.
    fn drain(&mut self, who: usize) -> Result<(), Violation> {
        while let Some(output) = self.people[who].engine.as_mut().and_then(|engine| engine.poll_output()) {
            self.trace.output(self.now, who, &output);
            self.tell(&Fact::Put { who, output: &output })?;
            let person = &mut self.people[who];
            match output {
                Output::Persist(changes) => {
                    self.measures.writes.0 += 1;
                    self.measures.writes.1 += u64::try_from(changes.writes.len()).unwrap_or(u64::MAX);
                    let ticket = person.disk.apply(changes);
                    person.held.push_back(Held::Until(ticket));
                }
                output => person.held.push_back(Held::Put(output)),
            }
        }
        if self.robbed > 0 {
            for tapped in tap::take() {
                self.tell(&Fact::Tapped(&tapped))?;
            }
        }
        self.release(who)?;
        self.set_alarm(who);
        Ok(())
    }

    /// Sees to it that an engine is asked when its next timer is due.
    fn set_alarm(&mut self, who: usize) {
        let person = &mut self.people[who];
        if !person.is_online() {
            return;
        }
        let due = person.engine.as_ref().and_then(|engine| engine.poll_timeout());
        let Some(due) = due.map(|due| person.comes(due).max(self.now)) else { return };
        if person.wakes.is_none_or(|wakes| due < wakes) {
            person.wakes = Some(due);
            let life = person.life;
            self.queue.push(due, Happening::Timeout { who, life });
        }
    }

    fn on_timeout(&mut self, who: usize, life: u32) -> Result<(), Violation> {
        if !self.lives(who, life) {
            return Ok(());
        }
        let person = &mut self.people[who];
        if person.wakes.is_some_and(|wakes| wakes > self.now) {
            // A later alarm of the same life that an earlier one has replaced.
            return Ok(());
        }
        person.wakes = None;
        let due = person.engine.as_ref().and_then(|engine| engine.poll_timeout());
        if due.is_some_and(|due| person.comes(due) <= self.now) {
            self.input(who, Input::Timeout)
        } else {
            self.set_alarm(who);
            Ok(())
        }
    }

    /// Tells the oracles.
    fn tell(&mut self, fact: &Fact<'_>) -> Result<(), Violation> {
        self.checks.look(fact, &self.ledger)
    }
}
