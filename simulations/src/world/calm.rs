//! Calm: faults are over, everybody is online and can be reached. In a bounded time everything has to be where it must
//! be. And looking: at conversations and at how much engines hold, here and on the way.

use core::time::Duration;

use causerie_protocol::{
    answer::{MessageState, MessageView},
    command::Command,
    limits,
};

use super::{Happening, Phase, Progress, World, setup::WEIGHED};
use crate::{
    checks::{Fact, Violation},
    ledger,
    person::Intent,
};

/// How often it is looked whether all is settled.
const STEP: Duration = Duration::from_secs(1);

/// How often those are asked who may have been told while they did not run.
const ASKED: u32 = 30;

/// Conversations that are looked at whenever everybody is weighed.
const GLANCES: usize = 16;

impl World {
    pub(super) fn calm_down(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Violation> {
        self.phase = Phase::Calm;
        self.network.calm();
        let begun = self.now;
        let sent: Vec<u64> = self.people.iter().map(|person| person.sent).collect();
        self.come_home()?;
        for who in 0..self.people.len() {
            if self.people[who].disk_full {
                self.room_again(who)?;
            }
            if !self.people[who].is_online() {
                if self.people[who].engine.is_some() { self.wake(who)? } else { self.start(who)? }
            }
        }
        let mut steps = 0;
        while self.is_unsettled() && self.now < begun + self.scenario.calm {
            self.live_until(self.now + STEP, progress)?;
            steps += 1;
            if steps % ASKED == 0 {
                self.look_at_unsettled(progress)?;
            }
        }
        let exchanges = self.people.iter().zip(&sent).map(|(person, before)| person.sent - before);
        let exchanges = exchanges.max().unwrap_or(0);
        let outstanding = self.ledger.outstanding();
        self.tell(&Fact::CalmEnded { outstanding, exchanges })?;
        self.measures.settled_after = Some(self.now.since(begun));
        // What was on its way when the last message was settled arrives too.
        self.live_until(self.now + Duration::from_secs(20), progress)?;
        self.everybody_looks(progress)?;
        self.weigh()?;
        self.end_meetings(self.now);
        self.measures.records = self.people.iter().map(|person| person.disk.len()).collect();
        self.measures.store_bytes = self.people.iter().map(|person| person.disk.bytes()).collect();
        Ok(())
    }

    fn is_unsettled(&mut self) -> bool {
        self.people.iter().any(|person| !person.unanswered.is_empty()) || self.ledger.outstanding() > 0
    }

    /// Everybody looks at every conversation.
    fn everybody_looks(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Violation> {
        self.settled = true;
        for who in 0..self.people.len() {
            for friend in self.people[who].friends.clone() {
                self.look(who, friend)?;
            }
        }
        self.live_until_looked(progress)
    }

    /// A crash may come between the disk and the person: whoever was not told finds it in their conversation.
    fn look_at_unsettled(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Violation> {
        for (one, two) in self.ledger.unsettled_pairs() {
            self.look(one, two)?;
            self.look(two, one)?;
        }
        self.live_until_looked(progress)
    }

    fn live_until_looked(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Violation> {
        // Commands are answered within a commit; a hundred seconds are for ever.
        for _ in 0..1_000 {
            if self.looks == 0 {
                break;
            }
            self.live_until(self.now + Duration::from_millis(100), progress)?;
        }
        Ok(())
    }

    /// Somebody looks at the newest page of a conversation.
    fn look(&mut self, who: usize, with: usize) -> Result<(), Violation> {
        let conversation = self.reference(with);
        let command = Command::ListMessages { conversation, limit: limits::HISTORY_PAGE_MAX, before: None };
        self.looks += 1;
        self.command(who, command, Intent::Look { with, rows: Vec::new() })
    }

    /// A page came: the next one, or all of it.
    pub(super) fn looked(
        &mut self,
        who: usize,
        with: usize,
        page: Vec<MessageView>,
        newer: Vec<MessageView>,
    ) -> Result<(), Violation> {
        let is_full = page.len() >= usize::try_from(limits::HISTORY_PAGE_MAX).unwrap_or(usize::MAX);
        let mut rows = page;
        rows.extend(newer);
        if let Some(first) = rows.first().filter(|_| is_full && self.phase == Phase::Calm) {
            let before = Some(first.id.to_string());
            let conversation = self.reference(with);
            let command = Command::ListMessages { conversation, limit: limits::HISTORY_PAGE_MAX, before };
            return self.command(who, command, Intent::Look { with, rows });
        }
        self.looks = self.looks.saturating_sub(1);
        if is_full && self.phase != Phase::Calm {
            return Ok(());
        }
        let settled = self.settled;
        self.tell(&Fact::Looked { who, with, rows: &rows, settled })?;
        for row in &rows {
            let Some(number) = row.text.as_deref().and_then(ledger::number) else { continue };
            if !row.outgoing {
                self.ledger.received(number, self.now);
                continue;
            }
            self.ledger.came_back(who, number);
            if row.state >= MessageState::Delivered {
                self.ledger.shown_delivered(number);
            }
        }
        Ok(())
    }

    pub(super) fn weigh_all(&mut self) -> Result<(), Violation> {
        if self.phase != Phase::Faults {
            return Ok(());
        }
        self.after(WEIGHED, Happening::Weigh);
        self.weigh()?;
        for _ in 0..GLANCES.min(self.people.len()) {
            let who = self.random.index(self.people.len());
            let friend = self.random.index(self.people[who].friends.len());
            let Some(friend) = self.people[who].friends.get(friend).copied() else { continue };
            if self.people[who].is_online() {
                self.look(who, friend)?;
            }
        }
        Ok(())
    }

    fn weigh(&mut self) -> Result<(), Violation> {
        for who in 0..self.people.len() {
            let person = &self.people[who];
            let (records, contacts, messages) = (person.disk.kinds(), person.friends.len(), person.messages);
            let memory = person.engine.as_ref().map_or(0, |engine| format!("{engine:?}").len());
            self.tell(&Fact::Weighed { who, records: &records, memory, contacts, messages })?;
        }
        Ok(())
    }
}
