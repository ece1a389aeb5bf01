//! Doing what engines put out, when its turn has come: nothing behind a write before the write is durable.

use core::time::Duration;

use causerie_protocol::{
    answer::{Answer, CommandError, ContactState, MessageState, MessageView},
    command::Command,
    event::Event,
    ids::{CommandId, MessageId},
    input::Input,
    output::{LogLevel, Output},
};

use super::{Happening, Phase, World};
use crate::{
    checks::{Fact, Violation},
    ledger,
    person::{Held, Intent},
};

impl World {
    /// Does everything of a person's engine that need not wait, and begins a commit if something has to.
    pub(super) fn release(&mut self, who: usize) -> Result<(), Violation> {
        loop {
            let person = &mut self.people[who];
            if matches!(person.held.front(), Some(Held::Until(ticket)) if *ticket > person.disk.durable()) {
                break;
            }
            let Some(held) = person.held.pop_front() else { break };
            match held {
                Held::Until(_) => {}
                Held::Put(Output::PersistIdentity(bytes)) => {
                    let ticket = person.disk.replace_identity(bytes);
                    person.held.push_front(Held::Until(ticket));
                }
                Held::Put(Output::PersistRing { slot, bytes }) => {
                    let ticket = person.disk.write_slot(slot, bytes);
                    person.held.push_front(Held::SlotWritten);
                    person.held.push_front(Held::Until(ticket));
                }
                Held::Put(output) => self.perform(who, output)?,
                Held::SlotWritten => self.input(who, Input::RingPersisted)?,
            }
        }
        let commit = (self.scenario.disk.commit_min, self.scenario.disk.commit_max);
        let person = &mut self.people[who];
        if person.disk.begin_commit() {
            let takes = person.random.between(commit.0, commit.1);
            let life = person.life;
            self.after(takes, Happening::Durable { who, life });
        }
        Ok(())
    }

    pub(super) fn on_durable(&mut self, who: usize, life: u32) -> Result<(), Violation> {
        let person = &mut self.people[who];
        if person.life != life {
            return Ok(());
        }
        if std::mem::take(&mut person.disk_fails) {
            return self.disk_failed(who);
        }
        person.disk.end_commit();
        self.release(who)?;
        self.set_alarm(who);
        Ok(())
    }

    /// Gives a command.
    pub(super) fn command(&mut self, who: usize, command: Command, intent: Intent) -> Result<(), Violation> {
        let id = self.people[who].intend(intent);
        self.input(who, Input::Commands(vec![(id, command)]))
    }

    fn perform(&mut self, who: usize, output: Output) -> Result<(), Violation> {
        match output {
            Output::Transmit { link, frame } => self.transmit(who, link, frame),
            Output::CloseLink { link } => self.close(link),
            Output::Dial { dial, peer, addresses, circuits } => {
                self.dial(who, dial, peer.as_ref(), (&addresses, &circuits));
            }
            Output::Notify(event) => return self.told(who, event),
            Output::Reply { command, result } => return self.replied(who, command, result),
            Output::Log { level, .. } => {
                self.measures.warnings += u64::from(level == LogLevel::Warn);
            }
            // Handled where they are taken out of line.
            Output::Persist(_) | Output::PersistIdentity(_) | Output::PersistRing { .. } => {}
            Output::PublishRecord { key, value, life } => {
                self.leave(who, key, value, self.now + life);
            }
            Output::LookUp { lookup, key } => self.look_up(who, lookup, key),
        }
        Ok(())
    }

    fn told(&mut self, who: usize, event: Event) -> Result<(), Violation> {
        match event {
            Event::MessageReceived(view) => self.told_message(who, &view),
            Event::MessageState { conversation, up_to, state } => {
                let Some(to) = self.by_account.get(&conversation).copied() else { return Ok(()) };
                self.told_state(who, to, &up_to, state)
            }
            Event::ContactChanged(view) | Event::ContactAdded(view) => {
                if self.phase == Phase::Setup
                    && view.state == ContactState::Active
                    && let Some(with) = self.by_account.get(&view.id)
                {
                    let known = &mut self.people[who].acquainted;
                    self.acquainted += usize::from(known.insert(*with));
                }
                Ok(())
            }
            Event::Notice { kind, .. } => {
                *self.measures.notices.entry(kind.as_str()).or_default() += 1;
                Ok(())
            }
            Event::ContactFailed(_)
            | Event::ContactOnline(_)
            | Event::ContactOffline(_)
            | Event::Listening { .. }
            | Event::Standing { .. } => Ok(()),
        }
    }

    fn told_message(&mut self, who: usize, view: &MessageView) -> Result<(), Violation> {
        let number = view.text.as_deref().and_then(ledger::number);
        if let Some(number) = number.filter(|_| view.outgoing) {
            // One of their own, which their disk had lost, came back.
            self.ledger.came_back(who, number);
            return self.tell(&Fact::CameBack { who, number });
        }
        let from = self.by_account.get(&view.author).copied().unwrap_or(usize::MAX);
        let is_new = number.is_some_and(|number| {
            self.ledger.message(number).is_some_and(|message| message.received.is_none())
        });
        if let Some(number) = number.filter(|number| self.ledger.message(*number).is_some()) {
            self.ledger.received(number, self.now);
        }
        self.tell(&Fact::Received { who, from, view, number })?;
        if let Some(number) = number.filter(|_| is_new) {
            self.count_delivery(who, number);
            self.react(who, from);
        }
        Ok(())
    }

    fn count_delivery(&mut self, who: usize, number: ledger::Number) {
        let Some(message) = self.ledger.message(number).cloned() else { return };
        self.people[who].messages += 1;
        self.measures.delivered += 1;
        let overlap = self.overlap(message.author, message.reader);
        self.measures.overlap.push(overlap.saturating_sub(message.overlap));
        self.measures.elapsed.push(self.now.since(message.asked));
    }

    fn told_state(
        &mut self,
        who: usize,
        to: usize,
        up_to: &MessageId,
        state: MessageState,
    ) -> Result<(), Violation> {
        let number = self.ledger.by_id(up_to);
        self.tell(&Fact::Claimed { who, to, up_to: number, state })?;
        if let Some(number) = number.filter(|_| state >= MessageState::Delivered) {
            self.ledger.claimed(who, to, number);
        }
        Ok(())
    }

    fn replied(
        &mut self,
        who: usize,
        command: CommandId,
        result: Result<Answer, CommandError>,
    ) -> Result<(), Violation> {
        let Some(intent) = self.people[who].intents.remove(&command) else { return Ok(()) };
        match (intent, result) {
            (Intent::Write { number }, Ok(Answer::Message { message, .. })) => {
                let is_first = self.ledger.message(number).is_some_and(|known| known.answered.is_none());
                self.ledger.answered(number, message, self.now);
                let person = &mut self.people[who];
                person.unanswered.remove(&number);
                if is_first {
                    self.measures.answered += 1;
                    let life = person.life;
                    let is_keyed = self.ledger.message(number).is_some_and(|message| message.keyed);
                    if is_keyed && number.is_multiple_of(8) {
                        self.after(Duration::from_secs(3), Happening::AsksAgain { who, life, number });
                    }
                }
                self.tell(&Fact::Answered { number, id: message })
            }
            (Intent::Write { number }, Err(_)) => {
                // Refused: a person would see that, and it is no message.
                self.people[who].unanswered.remove(&number);
                Ok(())
            }
            (Intent::Read { from }, Ok(_)) => {
                self.ledger.read(who, from);
                Ok(())
            }
            (Intent::Invite { whom }, Ok(Answer::Invitation(view))) => {
                let link = view.link.unwrap_or_default();
                let command = Command::AcceptInvitation { link, name: None, ignore_end: false };
                self.command(whom, command, Intent::Other)
            }
            (Intent::Look { with, rows }, Ok(Answer::Messages(page))) => self.looked(who, with, page, rows),
            (Intent::Look { .. }, _) => {
                self.looks = self.looks.saturating_sub(1);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
