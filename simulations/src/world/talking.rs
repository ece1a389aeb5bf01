//! What people say and look at.

use core::time::Duration;

use causerie_protocol::{
    command::{Command, Reference},
    ids::CommandId,
    input::Input,
};

use super::{Happening, Phase, World};
use crate::{
    checks::Violation,
    ledger::{self, Number},
    person::Intent,
};

impl World {
    /// Somebody who is there will write some time.
    pub(super) fn will_write(&mut self, who: usize) {
        let rate = self.scenario.talk.bursts_an_hour;
        if rate > 0.0 {
            let mean = Duration::from_secs_f64(3_600.0 / rate);
            let person = &mut self.people[who];
            let (wait, life) = (person.random.between(Duration::ZERO, mean * 2), person.life);
            self.after(wait, Happening::Writes { who, life, to: None });
        }
    }

    pub(super) fn writes(&mut self, who: usize, life: u32, to: Option<usize>) -> Result<(), Violation> {
        if self.phase != Phase::Faults || !self.lives(who, life) {
            return Ok(());
        }
        let burst_max = self.scenario.talk.burst_max;
        let person = &mut self.people[who];
        let friend = person.random.index(person.friends.len());
        let Some(friend) = to.or_else(|| person.friends.get(friend).copied()) else { return Ok(()) };
        let count = if to.is_some() { 1 } else { 1 + person.random.below(burst_max) };
        if to.is_none() {
            self.will_write(who);
        }
        let commands = (0..count).map(|_| self.message(who, friend)).collect();
        self.input(who, Input::Commands(commands))
    }

    /// A new message and the command that sends it.
    fn message(&mut self, who: usize, friend: usize) -> (CommandId, Command) {
        let overlap = self.overlap(who, friend);
        let keyed = self.people[who].random.below(100) < u64::from(self.scenario.talk.keyed_percent);
        let number = self.ledger.asks(who, friend, self.now, overlap, keyed);
        // Counted here: what a crash kept and nobody was told of takes its records too.
        self.people[who].messages += 1;
        if keyed {
            self.people[who].unanswered.insert(number);
        }
        self.send(who, friend, number)
    }

    fn send(&mut self, who: usize, friend: usize, number: Number) -> (CommandId, Command) {
        let text = self.text(number);
        let keyed = self.ledger.message(number).is_some_and(|message| message.keyed);
        let idempotency_key = keyed.then(|| format!("key {number}"));
        let conversation = self.reference(friend);
        let id = self.people[who].intend(Intent::Write { number });
        (id, Command::SendMessage { conversation, text, idempotency_key })
    }

    /// What a message says: drawn from its number, so that asking again says the same.
    #[must_use]
    pub fn text(&self, number: Number) -> String {
        let talk = &self.scenario.talk;
        let mut random = crate::random::Random::new(self.seed, "text", number);
        let span = u64::try_from(talk.bytes_max - talk.bytes_min).unwrap_or(u64::MAX);
        let more = random.below(span.saturating_add(1));
        let more = usize::try_from(random.below(more.saturating_add(1))).unwrap_or(0);
        ledger::text(number, talk.bytes_min + more)
    }

    /// Whoever starts again asks again for what was not answered, with the same key.
    pub(super) fn ask_again(&mut self, who: usize) -> Result<(), Violation> {
        let numbers: Vec<Number> = self.people[who].unanswered.iter().copied().collect();
        for number in numbers {
            let Some(reader) = self.ledger.message(number).map(|message| message.reader) else { continue };
            let command = self.send(who, reader, number);
            self.input(who, Input::Commands(vec![command]))?;
        }
        Ok(())
    }

    /// Whoever asked with a key did not hear the answer, as a program that ended meanwhile, and asks again.
    pub(super) fn asks_again(&mut self, who: usize, life: u32, number: Number) -> Result<(), Violation> {
        if self.phase != Phase::Faults || !self.lives(who, life) {
            return Ok(());
        }
        let kept = self.ledger.message(number).filter(|message| message.at_author);
        let Some(reader) = kept.map(|message| message.reader) else { return Ok(()) };
        let command = self.send(who, reader, number);
        self.input(who, Input::Commands(vec![command]))
    }

    /// Somebody was told of a message: perhaps they look at it, and answer.
    pub(super) fn react(&mut self, who: usize, from: usize) {
        if self.phase != Phase::Faults {
            return;
        }
        let (reads, answers) = (self.scenario.talk.read_percent, self.scenario.talk.answers_percent);
        let person = &mut self.people[who];
        let life = person.life;
        let reads = person.random.below(100) < u64::from(reads);
        let answers = person.random.below(100) < u64::from(answers);
        let soon = person.random.between(Duration::from_secs(1), Duration::from_secs(30));
        if reads {
            self.after(soon, Happening::Reads { who, life, from });
        }
        if answers {
            self.after(soon * 2, Happening::Writes { who, life, to: Some(from) });
        }
    }

    pub(super) fn reads(&mut self, who: usize, life: u32, from: usize) -> Result<(), Violation> {
        if self.phase != Phase::Faults || !self.lives(who, life) {
            return Ok(());
        }
        let conversation = self.reference(from);
        self.command(who, Command::MarkRead { conversation }, Intent::Read { from })
    }

    /// How commands name somebody.
    pub(super) fn reference(&self, who: usize) -> Reference {
        Reference::new(&self.people[who].account.to_string())
    }
}
