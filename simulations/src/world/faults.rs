//! What goes wrong with machines and disks, as the scenario says.

use core::time::Duration;
use std::collections::BTreeSet;

use causerie_protocol::{
    input::Input,
    room::Room,
    testing::{tap, thief::Home},
};

use super::{Happening, Phase, World, living::Ending};
use crate::{
    checks::{Fact, Violation},
    person::Absence,
    scenario::FaultKind,
};

impl World {
    /// Asks for the first time of each fault.
    pub(super) fn plan_faults(&mut self) {
        for position in 0..self.scenario.faults.len() {
            let fault = self.scenario.faults[position].clone();
            let who = fault.who.clone().unwrap_or_else(|| (0..self.people.len()).collect());
            for who in who {
                let first = match (fault.at, fault.every) {
                    (Some(at), _) => at,
                    (None, Some(every)) => self.people[who].random.between(Duration::ZERO, every * 2),
                    (None, None) => continue,
                };
                self.queue.push(self.begun + first, Happening::Fault { position, who });
                if let FaultKind::Restore { age, .. } = fault.kind {
                    let copied = first.saturating_sub(age);
                    self.queue.push(self.begun + copied, Happening::Copies { who });
                }
            }
        }
    }

    pub(super) fn fault(&mut self, position: usize, who: usize) -> Result<(), Violation> {
        if self.phase != Phase::Faults {
            return Ok(());
        }
        let fault = self.scenario.faults[position].clone();
        if let Some(every) = fault.every {
            let next = self.people[who].random.about(every);
            self.after(next, Happening::Fault { position, who });
            if let FaultKind::Restore { age, .. } = fault.kind {
                self.after(next.saturating_sub(age), Happening::Copies { who });
            }
        }
        match fault.kind {
            FaultKind::Crash { down } => self.goes_down(who, Ending::Crash, down),
            FaultKind::Kill { down } => self.goes_down(who, Ending::Kill, down),
            FaultKind::Suspend { down } => {
                if self.people[who].is_online() {
                    self.sleep(who, Absence::Down)?;
                    self.returns_after(who, down);
                }
                Ok(())
            }
            FaultKind::FailDisk => {
                self.people[who].disk_fails = true;
                Ok(())
            }
            FaultKind::FullDisk { down } => {
                self.people[who].disk_full = true;
                let lasts = self.people[who].random.about(down);
                self.after(lasts, Happening::RoomAgain { who });
                self.note_room(who)
            }
            FaultKind::Restore { elsewhere, .. } => self.puts_back(who, elsewhere),
            FaultKind::LoseStore => self.loses_store(who),
            FaultKind::Clock { ahead, behind } => {
                let person = &mut self.people[who];
                (person.ahead, person.behind) = (ahead, behind);
                if person.is_online() { self.input(who, Input::Resumed) } else { Ok(()) }
            }
            FaultKind::Theft => self.robs(who),
        }
    }

    /// Somebody whose machine or program failed comes back.
    pub(super) fn comes_back(&mut self, who: usize, life: u32) -> Result<(), Violation> {
        let person = &self.people[who];
        if person.life != life || person.absence != Some(Absence::Down) {
            return Ok(());
        }
        let sleeps = person.engine.is_some();
        self.measures.returned.push((who, self.now));
        if sleeps { self.wake(who) } else { self.start(who) }
    }

    pub(super) fn room_again(&mut self, who: usize) -> Result<(), Violation> {
        self.people[who].disk_full = false;
        self.note_room(who)
    }

    /// A copy of somebody's home, as it would be after a crash now.
    pub(super) fn copies(&mut self, who: usize) {
        if self.phase == Phase::Faults {
            let mut disk = self.people[who].disk.clone();
            disk.crash();
            let holdings = self.ledger.holdings(who);
            self.people[who].copy = Some((holdings, disk.copy()));
        }
    }

    /// A commit fails: nothing behind it leaves, and the engine is opened again on what is durable.
    pub(super) fn disk_failed(&mut self, who: usize) -> Result<(), Violation> {
        self.stop(who, Ending::Kill, Absence::Down)?;
        self.start(who)
    }

    /// A thief copies what is durable of a device, and hears everything from now on.
    fn robs(&mut self, who: usize) -> Result<(), Violation> {
        if self.robbed == 0 {
            tap::start();
        }
        self.robbed += 1;
        let mut disk = self.people[who].disk.clone();
        disk.crash();
        let person = &self.people[who];
        let home = Home {
            header: &person.header,
            wrapping: &person.wrapping,
            identity: disk.identity(),
            ring: disk.ring(),
            records: &disk,
        };
        self.checks.look(&Fact::Stolen { who, home: &home }, &self.ledger)
    }

    fn goes_down(&mut self, who: usize, ending: Ending, down: Duration) -> Result<(), Violation> {
        if self.people[who].is_online() {
            self.stop(who, ending, Absence::Down)?;
            self.returns_after(who, down);
        }
        Ok(())
    }

    fn returns_after(&mut self, who: usize, down: Duration) {
        let person = &mut self.people[who];
        let (lasts, life) = (person.random.about(down), person.life);
        self.after(lasts, Happening::Back { who, life });
    }

    fn note_room(&mut self, who: usize) -> Result<(), Violation> {
        let person = &self.people[who];
        let room = if person.disk_full { Room::Full } else { Room::Enough };
        if person.is_online() { self.input(who, Input::Room(room)) } else { Ok(()) }
    }

    /// The home of an earlier time takes the place of somebody's.
    fn puts_back(&mut self, who: usize, elsewhere: bool) -> Result<(), Violation> {
        let Some((holdings, copy)) = self.people[who].copy.take() else { return Ok(()) };
        let was_online = self.people[who].is_online();
        self.stop(who, Ending::Stop, Absence::Down)?;
        let person = &mut self.people[who];
        person.disk.put_back(copy);
        if elsewhere {
            person.place = person.random.bytes();
        }
        self.ledger.falls_back(who, &holdings);
        self.tell(&Fact::Forgot)?;
        self.back_as_before(who, was_online)
    }

    fn loses_store(&mut self, who: usize) -> Result<(), Violation> {
        let was_online = self.people[who].is_online();
        self.stop(who, Ending::Stop, Absence::Down)?;
        let person = &mut self.people[who];
        person.disk.lose_store();
        person.place = person.random.bytes();
        self.ledger.falls_back(who, &BTreeSet::new());
        self.tell(&Fact::Forgot)?;
        self.back_as_before(who, was_online)
    }

    fn back_as_before(&mut self, who: usize, was_online: bool) -> Result<(), Violation> {
        if was_online {
            return self.start(who);
        }
        let person = &mut self.people[who];
        person.absence = Some(Absence::Away);
        // Whoever slept was stopped for it.
        person.engine = None;
        Ok(())
    }
}
