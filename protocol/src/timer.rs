//! What becomes due, and when: one table for the whole engine, so that a driver needs a single deadline.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    contact::ContactRow,
    ids::{LinkId, LookupId},
    moment::Moment,
};

/// What becomes due. Each can be set once; setting it again moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The one tick of all live channels.
    KeepAlive,
    /// A link's peer has taken too long over a hello, an introduction or a handshake.
    LinkPatience(LinkId),
    /// A channel had to show that it survived a change of networks.
    Probe(LinkId),
    /// The older of two channels had to prove itself alive.
    TwinAnswer(LinkId),
    /// Dial those near who have not dialled us.
    Nearby,
    /// Try a contact's addresses again.
    Redial(ContactRow),
    /// Try an address given by the person again: its position in the settings.
    RedialFixed(usize),
    /// Tell the devices of a contact of what one of them brought.
    TellDevices(ContactRow),
    /// Go on with a deletion.
    Purge,
    /// Go on with a check.
    Check,
    /// Begin a rotation of the ring, or go on with it.
    Rotation,
    /// The test of a contact has taken long enough.
    Trial,
    /// Say anew at the meeting place where we are.
    PublishRound,
    /// Say it to the next few.
    Publish,
    /// Look for a contact at the meeting place.
    LookUp(ContactRow),
    /// Nobody said anything about a question for long.
    LookupPatience(LookupId),
    /// Try addresses beside a channel over a relay.
    TryDirect(ContactRow),
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due_at: BTreeMap<Timer, Moment>,
    order: BTreeSet<(Moment, Timer)>,
}

impl Timers {
    /// Makes `timer` due at `at`, whenever it was due before.
    pub(crate) fn set(&mut self, timer: Timer, at: Moment) {
        if let Some(before) = self.due_at.insert(timer, at) {
            self.order.remove(&(before, timer));
        }
        self.order.insert((at, timer));
    }

    /// Makes `timer` due at `at`, unless it is due before.
    pub(crate) fn bring_forward(&mut self, timer: Timer, at: Moment) {
        if self.due_at.get(&timer).is_none_or(|due| *due > at) {
            self.set(timer, at);
        }
    }

    /// Forgets `timer`.
    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.due_at.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    /// Whether `timer` is in the table.
    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.due_at.contains_key(&timer)
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one that is due by `now`, the earliest first.
    pub(crate) fn take_due(&mut self, now: Moment) -> Option<Timer> {
        let (at, timer) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.cancel(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: u64) -> Moment {
        Moment::from_micros(micros)
    }

    #[test]
    fn timers_come_due_in_order_and_once() {
        let mut timers = Timers::default();
        timers.set(Timer::KeepAlive, at(20));
        timers.set(Timer::LinkPatience(LinkId::new(1)), at(10));
        timers.set(Timer::KeepAlive, at(5));
        assert_eq!(timers.next(), Some(at(5)));
        assert_eq!(timers.take_due(at(4)), None);
        assert_eq!(timers.take_due(at(10)), Some(Timer::KeepAlive));
        assert_eq!(timers.take_due(at(10)), Some(Timer::LinkPatience(LinkId::new(1))));
        assert_eq!(timers.take_due(at(100)), None);
        timers.set(Timer::Purge, at(2));
        timers.bring_forward(Timer::Purge, at(3));
        assert_eq!(timers.next(), Some(at(2)));
        timers.bring_forward(Timer::Purge, at(1));
        assert_eq!(timers.next(), Some(at(1)));
        timers.cancel(Timer::Purge);
        assert!(!timers.is_set(Timer::Purge));
        assert_eq!(timers.next(), None);
    }
}
