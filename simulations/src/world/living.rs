//! Coming and going: starts, stops, sleep, journeys, and who could meet whom meanwhile.

use core::time::Duration;

use causerie_protocol::{
    engine::{Engine, Settings},
    ids::TransportId,
    input::Input,
    moment::Moment,
    room::Room,
};

use super::{Happening, Phase, World};
use crate::{
    checks::{Fact, Violation},
    churn,
    person::{Absence, Intent},
    places::Places,
};

/// How long an announcement is believed (the node's multicast DNS: six minutes).
const ANNOUNCED: Duration = Duration::from_secs(360);

/// How old the last one may be: somebody asks once in this time (`DISCOVERY_INTERVAL` of the node's network).
const ANNOUNCED_EVERY: Duration = Duration::from_secs(60);

/// An announcement is heard within this time.
const HEARD: Duration = Duration::from_secs(1);

/// How a life of an engine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything that waits is done first.
    Stop,
    /// At once; the others hear it.
    Kill,
    /// At once; nobody hears it.
    Crash,
}

impl World {
    /// Starts somebody's engine on what is durable.
    pub(super) fn start(&mut self, who: usize) -> Result<(), Violation> {
        let now = self.now;
        let person = &mut self.people[who];
        if person.engine.is_some() {
            return Ok(());
        }
        let room = if person.disk_full { Room::Full } else { Room::Enough };
        let settings = Settings { room, place: Some(person.place), ..Settings::default() };
        let (clock, entropy) = (person.clock(now), person.random.entropy());
        let disk = &person.disk;
        let opened = person
            .vault()
            .map(|vault| Engine::open(vault, disk.identity(), disk.ring(), settings, clock, &entropy, disk));
        let engine = match opened {
            Some(Ok(engine)) => engine,
            Some(Err(error)) => return self.tell(&Fact::Unreadable { who, words: &error.to_string() }),
            None => return self.tell(&Fact::Unreadable { who, words: "the vault does not open" }),
        };
        person.engine = Some(engine);
        person.absence = None;
        person.life += 1;
        person.wakes = None;
        if let Some(transport) = TransportId::new(&person.random.bytes::<32>()) {
            person.transport = transport;
        }
        let (own, island) = (person.transport.clone(), person.island);
        self.drain(who)?;
        self.input(who, Input::Listening { addresses: vec![Places::address(island, who)] })?;
        self.input(who, Input::NetworkUp { own })?;
        self.tell_standing(who)?;
        self.appears(who);
        self.ask_again(who)
    }

    /// Ends a life of somebody's engine.
    pub(super) fn stop(&mut self, who: usize, ending: Ending, absence: Absence) -> Result<(), Violation> {
        if self.people[who].engine.is_none() {
            return Ok(());
        }
        self.disappears(who);
        if ending == Ending::Stop {
            self.rest(who)?;
        }
        let person = &mut self.people[who];
        person.engine = None;
        person.refuses = ending == Ending::Kill;
        person.absence = Some(absence);
        person.life += 1;
        person.wakes = None;
        person.held.clear();
        person.dials.clear();
        person.questions.clear();
        person.lost_links.clear();
        for (_, intent) in std::mem::take(&mut person.intents) {
            if let Intent::Read { from } = intent {
                self.ledger.may_have_read(who, from, self.now);
            }
        }
        let person = &mut self.people[who];
        person.disk.crash();
        self.drop_links(who, ending != Ending::Crash);
        Ok(())
    }

    /// Everything that waits is done, and erased keys are gone as far as they can be at once.
    fn rest(&mut self, who: usize) -> Result<(), Violation> {
        self.input(who, Input::Stopping)?;
        // A rotation takes a handful of turns; a stop does not wait for ever.
        for _ in 0..16 {
            self.people[who].disk.settle();
            self.release(who)?;
            let person = &self.people[who];
            if person.held.is_empty() && !person.engine.as_ref().is_some_and(Engine::is_rotating) {
                break;
            }
            self.input(who, Input::Timeout)?;
        }
        Ok(())
    }

    /// The machine sleeps: its engine stays in memory and hears nothing.
    pub(super) fn sleep(&mut self, who: usize, absence: Absence) -> Result<(), Violation> {
        if !self.people[who].is_online() {
            return Ok(());
        }
        self.disappears(who);
        self.people[who].disk.settle();
        self.release(who)?;
        let now = self.now;
        let person = &mut self.people[who];
        person.disk.settle();
        person.absence = Some(absence);
        person.sleeps_since = now;
        person.life += 1;
        person.wakes = None;
        self.hush_links(who);
        Ok(())
    }

    /// The machine wakes.
    pub(super) fn wake(&mut self, who: usize) -> Result<(), Violation> {
        let now = self.now;
        let person = &mut self.people[who];
        person.slept += now.since(person.sleeps_since);
        person.absence = None;
        person.life += 1;
        let (dials, lost) = (std::mem::take(&mut person.dials), std::mem::take(&mut person.lost_links));
        self.release(who)?;
        self.input(who, Input::Resumed)?;
        // The disk may have filled or been emptied by others meanwhile.
        let room = if self.people[who].disk_full { Room::Full } else { Room::Enough };
        self.input(who, Input::Room(room))?;
        for dial in dials {
            self.input(who, Input::DialFailed { dial })?;
        }
        for link in lost {
            self.input(who, Input::LinkDown { link })?;
        }
        self.end_questions(who)?;
        self.notice_place(who)?;
        self.appears(who);
        self.ask_again(who)
    }

    /// Somebody can be reached from now on: their network hears of them, and their own affairs go on.
    pub(super) fn appears(&mut self, who: usize) {
        let now = self.now;
        let person = &mut self.people[who];
        person.online_since = now;
        let (life, island) = (person.life, person.island);
        if self.places.island(island).announce && self.phase == Phase::Faults {
            for other in self.residents[island].clone() {
                if other == who || !self.people[other].is_online() {
                    continue;
                }
                let other_life = self.people[other].life;
                for (who, life, whom, whom_life) in
                    [(who, life, other, other_life), (other, other_life, who, life)]
                {
                    let heard = self.random.between(Duration::from_millis(10), HEARD);
                    self.after(heard, Happening::Discovered { who, life, whom, whom_life });
                }
            }
        }
        self.meet(who);
        if self.phase == Phase::Faults {
            self.will_write(who);
        }
    }

    fn disappears(&mut self, who: usize) {
        let person = &self.people[who];
        let (island, peer) = (person.island, person.transport.clone());
        self.measures.online += self.now.since(person.online_since);
        self.part(who);
        if self.places.island(island).announce && self.phase == Phase::Faults {
            for other in self.residents[island].clone() {
                if other != who && self.people[other].is_online() {
                    let life = self.people[other].life;
                    let left = self.random.between(ANNOUNCED - ANNOUNCED_EVERY, ANNOUNCED);
                    self.after(left, Happening::Expired { who: other, life, peer: peer.clone() });
                }
            }
        }
    }

    /// From now on somebody could meet their friends who are there.
    fn meet(&mut self, who: usize) {
        for friend in self.people[who].friends.clone() {
            let can = self.people[friend].is_online()
                && self.people[who].is_online()
                && (self.reaches(who, friend) || self.reaches(friend, who) || self.relays(who, friend));
            if can {
                let now = self.now;
                let meeting = self.meetings.entry((who.min(friend), who.max(friend))).or_default();
                meeting.since.get_or_insert(now);
            }
        }
    }

    fn part(&mut self, who: usize) {
        for friend in self.people[who].friends.clone() {
            let now = self.now;
            let meeting = self.meetings.entry((who.min(friend), who.max(friend))).or_default();
            if let Some(since) = meeting.since.take() {
                meeting.total += now.since(since);
            }
        }
    }

    /// How long two friends could have met until now.
    pub(super) fn overlap(&self, one: usize, two: usize) -> Duration {
        let meeting = self.meetings.get(&(one.min(two), one.max(two))).copied().unwrap_or_default();
        meeting.total + meeting.since.map(|since| self.now.since(since)).unwrap_or_default()
    }

    /// Draws the sessions of a day of somebody who is not always there.
    pub(super) fn begin_day(&mut self, who: usize, day: u32) {
        if self.phase != Phase::Faults {
            return;
        }
        let sessions = churn::sessions(&self.scenario.online, who, day, &mut self.people[who].random);
        for (begins, ends) in sessions {
            self.queue.push(self.begun + begins, Happening::Comes { who });
            self.queue.push(self.begun + ends, Happening::Goes { who });
        }
        self.queue
            .push(self.begun + Duration::from_secs(86_400) * (day + 1), Happening::Day { who, day: day + 1 });
    }

    pub(super) fn comes(&mut self, who: usize) -> Result<(), Violation> {
        if self.phase != Phase::Faults || self.people[who].is_online() {
            return Ok(());
        }
        if self.people[who].engine.is_some() { self.wake(who) } else { self.start(who) }
    }

    pub(super) fn goes(&mut self, who: usize) -> Result<(), Violation> {
        let person = &mut self.people[who];
        if self.phase != Phase::Faults || !person.is_online() {
            return Ok(());
        }
        let drawn = person.random.below(100);
        let online = &self.scenario.online;
        let (suspends, crashes) = (u64::from(online.suspends_percent), u64::from(online.crashes_percent));
        if drawn < suspends {
            self.sleep(who, Absence::Away)
        } else if drawn < suspends + crashes {
            self.stop(who, Ending::Crash, Absence::Away)
        } else {
            self.stop(who, Ending::Stop, Absence::Away)
        }
    }

    /// A traveller goes on to the next island.
    pub(super) fn travels(&mut self, who: usize) -> Result<(), Violation> {
        if self.phase != Phase::Faults {
            return Ok(());
        }
        let is_online = self.people[who].is_online();
        if is_online {
            self.disappears(who);
            self.hush_links(who);
        }
        let island = self.people[who].island;
        self.residents[island].retain(|resident| *resident != who);
        let island = (island + 1) % self.places.len();
        self.people[who].island = island;
        self.residents[island].push(who);
        let stay = self.people[who].random.about(self.scenario.travellers_stay);
        self.after(stay, Happening::Travels { who });
        if is_online {
            let addresses = vec![Places::address(island, who)];
            self.input(who, Input::Listening { addresses })?;
            self.tell_standing(who)?;
            self.appears(who);
        }
        Ok(())
    }

    /// Travellers come home, where everybody knows them to be.
    pub(super) fn come_home(&mut self) -> Result<(), Violation> {
        for who in 0..self.scenario.travellers.min(self.people.len()) {
            let (home, island) = (who % self.places.len(), self.people[who].island);
            if home == island {
                continue;
            }
            self.residents[island].retain(|resident| *resident != who);
            self.residents[home].push(who);
            self.people[who].island = home;
            if self.people[who].is_online() {
                self.hush_links(who);
                self.input(who, Input::Listening { addresses: vec![Places::address(home, who)] })?;
                self.tell_standing(who)?;
            }
        }
        Ok(())
    }

    /// Moments at which people could have met are counted until the end.
    pub(super) fn end_meetings(&mut self, now: Moment) {
        for meeting in self.meetings.values_mut() {
            if let Some(since) = meeting.since.take() {
                meeting.total += now.since(since);
            }
        }
        for person in &self.people {
            if person.is_online() {
                self.measures.online += now.since(person.online_since);
            }
        }
    }
}
