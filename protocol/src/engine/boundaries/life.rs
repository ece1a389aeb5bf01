//! A story on the bench, told again for every crash there can be in it.

use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::oracles;
use crate::{
    answer::{Answer, CommandError},
    command::Command,
    event::NoticeKind,
    testing::{Bench, Crash, CrashMoment, Who, tap},
};

pub(super) const ALICE: Who = 0;
pub(super) const BOB: Who = 1;
pub(super) const CAROL: Who = 2;

/// The clock goes in steps of this in between looks at who has crashed. Chosen.
const STEP: Duration = Duration::from_secs(1);

/// And for long waits so many of them.
const STEPS_MAX: u32 = 200;

/// Each side of a story writes at least this often, three crashes a write.
const CRASHES_MIN: usize = 24;

/// More writes than any story has.
const WRITES_MAX: usize = 2_000;

/// What happens on the bench, and who was promised what.
pub(super) struct Life {
    pub(super) bench: Bench,
    /// What was answered: who wrote it, to whom, what.
    pub(super) answered: Vec<(Who, Who, String)>,
    /// Who does not have all that was said.
    pub(super) forgotten: Vec<Who>,
    /// From which event on nobody is told anything twice.
    pub(super) told_from: [usize; 3],
    gone: Vec<Who>,
}

impl Life {
    fn new(seed: u8) -> Self {
        let bench = Bench::new(seed, &["Alice", "Bob", "Carol"]);
        Self { bench, answered: Vec::new(), forgotten: Vec::new(), told_from: [0; 3], gone: Vec::new() }
    }

    /// Asks until there is an answer: a crash takes one away, and what asked is repeated.
    pub(super) fn asks(&mut self, who: Who, command: &Command) -> Result<Answer, CommandError> {
        loop {
            self.revives();
            let answer = self.bench.command(who, command.clone());
            if self.is_running(who) || answer.is_ok() {
                return answer;
            }
        }
    }

    /// The same, of what may be done already when it is repeated.
    pub(super) fn does(&mut self, who: Who, command: &Command) {
        let answer = self.asks(who, command);
        let done = matches!(answer, Ok(_) | Err(CommandError::WrongState(_) | CommandError::NotFound));
        assert!(done, "{who}: {command:?}: {answer:?}");
    }

    /// Writes a message, under a key, so that it can be repeated.
    pub(super) fn writes(&mut self, from: Who, to: Who, text: &str) {
        let conversation = self.bench.reference(to);
        let (text, idempotency_key) = (text.to_owned(), Some(format!("{from} {to} {text:.40}")));
        let command = Command::SendMessage { conversation, text: text.clone(), idempotency_key };
        let answer = self.asks(from, &command);
        assert!(matches!(answer, Ok(Answer::Message { .. })), "{from} may not write: {answer:?}");
        self.answered.push((from, to, text));
    }

    pub(super) fn invites(&mut self, who: Who, ask: bool) -> String {
        let command = Command::CreateInvitation { reusable: false, ask, expires_in: None, hints: true };
        match self.asks(who, &command) {
            Ok(Answer::Invitation(view)) => view.link.unwrap(),
            other => panic!("no invitation: {other:?}"),
        }
    }

    pub(super) fn accepts(&mut self, who: Who, link: &str) {
        let command = Command::AcceptInvitation { link: link.to_owned(), name: None, ignore_end: false };
        let answer = self.asks(who, &command);
        // The answer to the first time may be what the crash took away.
        let accepted = matches!(answer, Ok(Answer::Contact(_)) | Err(CommandError::AlreadyContact));
        assert!(accepted, "{who} may not accept: {answer:?}");
    }

    /// Time passes; who crashes meanwhile is back soon.
    pub(super) fn passes(&mut self, duration: Duration) {
        let step = STEP.max(duration / STEPS_MAX);
        let mut left = duration;
        while !left.is_zero() {
            self.revives();
            let now = step.min(left);
            self.bench.advance(now);
            left -= now;
        }
        self.revives();
    }

    /// Somebody does not have what was said so far.
    pub(super) fn forgets(&mut self, who: Who) {
        self.forgotten.push(who);
        self.hears_again(who);
        self.answered.clear();
    }

    /// Somebody may be told again what they were told so far.
    pub(super) fn hears_again(&mut self, who: Who) {
        self.told_from[who] = self.bench.peers[who].events.len();
    }

    /// Somebody does not come back.
    pub(super) fn is_gone(&mut self, who: Who) {
        self.gone.push(who);
        self.answered.retain(|(from, to, _)| *from != who && *to != who);
    }

    pub(super) fn is_running(&self, who: Who) -> bool {
        self.bench.peers[who].engine.is_some()
    }

    /// Whoever crashed is started again.
    fn revives(&mut self) {
        for who in [ALICE, BOB, CAROL] {
            if !self.is_running(who) && !self.gone.contains(&who) {
                self.bench.start(who);
                // It may have crashed again on the way.
                if !self.is_running(who) {
                    self.bench.start(who);
                }
                assert!(self.is_running(who), "what is durable of {who} does not open");
            }
        }
    }
}

type Scene = Box<dyn Fn(&mut Life)>;

/// A story that is told again and again.
pub(super) struct Story {
    seed: u8,
    before: Scene,
    story: Scene,
    then: Scene,
    notices: &'static [NoticeKind],
}

impl Story {
    /// One that begins after something in which nobody crashes.
    pub(super) fn new(
        seed: u8,
        before: impl Fn(&mut Life) + 'static,
        story: impl Fn(&mut Life) + 'static,
    ) -> Self {
        let then = Box::new(|_: &mut Life| {});
        Self { seed, before: Box::new(before), story: Box::new(story), then, notices: &[] }
    }

    /// What more has to be so in the end.
    pub(super) fn and_then(self, then: impl Fn(&mut Life) + 'static) -> Self {
        Self { then: Box::new(then), ..self }
    }

    /// What people may be told although nothing is to be lost.
    pub(super) fn with_notices(self, notices: &'static [NoticeKind]) -> Self {
        Self { notices, ..self }
    }

    /// Tells it for every crash, after each of which everything has to hold.
    pub(super) fn is_told(&self) {
        if let Err(words) = self.run(None) {
            panic!("without a crash: {words}");
        }
        let crashes = self.is_told_with_every_crash().unwrap_or_else(|broken| panic!("{broken}"));
        assert!(crashes >= CRASHES_MIN, "{crashes} crashes are no story");
    }

    /// The same; how many crashes there were.
    ///
    /// # Errors
    /// What does not hold after the first one for which something does not.
    pub(super) fn is_told_with_every_crash(&self) -> Result<usize, String> {
        let mut crashes = 0;
        for who in [ALICE, BOB, CAROL] {
            for moment in CrashMoment::ALL {
                for write in 0..WRITES_MAX {
                    match self.run(Some((who, write, moment))) {
                        Ok(true) => crashes += 1,
                        Ok(false) => break,
                        Err(words) => return Err(format!("{who} crashed {moment:?} {write}: {words}")),
                    }
                }
            }
        }
        Ok(crashes)
    }

    /// Tells it once. Whether the crash came, or what does not hold.
    fn run(&self, crash: Option<(Who, usize, CrashMoment)>) -> Result<bool, String> {
        let told = catch_unwind(AssertUnwindSafe(|| {
            tap::start();
            let mut life = Life::new(self.seed);
            (self.before)(&mut life);
            if let Some((who, write, moment)) = crash {
                let at = life.bench.writes(who) + write;
                life.bench.will_crash(who, Some(Crash { at, moment }));
            }
            (self.story)(&mut life);
            let came = crash.is_some_and(|(who, ..)| !life.bench.has_yet_to_crash(who));
            if let Some((who, ..)) = crash {
                life.bench.will_crash(who, None);
            }
            oracles::look(&mut life, self.notices);
            (self.then)(&mut life);
            came
        }));
        tap::stop();
        told.map_err(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            words
                .or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()))
                .unwrap_or_default()
        })
    }
}
