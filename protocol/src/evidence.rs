//! What time it is, as far as anything may age by it.
//!
//! A clock alone ages nothing. What both ends of an authenticated channel say is a claim: the earlier of their two
//! clocks. It stands once both say that it is a day later, unless our own clock was seen to show less meanwhile; only
//! what stands lets anything age. So two clocks that are wrong together for a while, as in a building that nobody tells
//! the time, make nothing old.

use core::time::Duration;

use crate::{limits, moment::WallTime, records::RecordsError, turn::Turn};

/// The claim that does not stand yet, and the last one that stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    stands: WallTime,
    claim: Option<WallTime>,
}

impl Evidence {
    /// What was kept: `stands` with the mark of the last write, the claim in a record of its own.
    pub(crate) fn load(turn: &Turn<'_>, stands: WallTime) -> Result<Self, RecordsError> {
        Ok(Self { stands, claim: turn.load(&turn.key(b'A', &[b"claim"], &[]))? })
    }

    /// It is at least this late.
    pub(crate) const fn stands(&self) -> WallTime {
        self.stands
    }

    /// From when on something ages that begins to age now: never earlier than `stands`, so that it is given its whole
    /// life however long ago the last claim came to stand.
    pub(crate) fn newest(&self) -> WallTime {
        self.claim.map_or(self.stands, |claim| claim.max(self.stands))
    }

    /// Whether that which began to age then has had this long.
    pub(crate) fn is_past(&self, since: WallTime, life: Duration) -> bool {
        since + life < self.stands
    }

    /// Our clock, and theirs as it was said inside an authenticated channel.
    pub(crate) fn hear(
        &mut self,
        turn: &mut Turn<'_>,
        own: WallTime,
        theirs: WallTime,
    ) -> Result<(), RecordsError> {
        let both = own.min(theirs);
        match self.claim {
            // A machine that starts without the time: nothing follows from it.
            _ if own < self.stands => Ok(()),
            None => self.put(turn, both),
            Some(claim) if both >= claim + limits::CLAIM_STANDS_AFTER => {
                self.stands = self.stands.max(claim);
                self.put(turn, both)
            }
            Some(_) => self.look(turn, own),
        }
    }

    /// Our clock shows this: a claim that lies ahead of it was wrong.
    pub(crate) fn look(&mut self, turn: &mut Turn<'_>, own: WallTime) -> Result<(), RecordsError> {
        match self.claim {
            Some(claim) if own < claim && own >= self.stands => self.put(turn, own),
            _ => Ok(()),
        }
    }

    fn put(&mut self, turn: &mut Turn<'_>, claim: WallTime) -> Result<(), RecordsError> {
        self.claim = Some(claim);
        turn.save(&turn.key(b'A', &[b"claim"], &[]), &claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entropy::{Entropy, TurnRandom},
        moment::Now,
        testing::MemoryRecords,
        vault::Vault,
    };

    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;

    /// What stands and what is newest after these pairs of clocks, our own first; each time as it was stored.
    fn after(said: &[(u64, u64)]) -> (u64, u64) {
        let entropy = Entropy::new([1; 32]);
        let (_, _, vault) = Vault::create(&mut TurnRandom::new(&entropy));
        let mut records = MemoryRecords::default();
        let mut evidence = Evidence::default();
        for (own, theirs) in said {
            let mut turn = Turn::new(Now::default(), &entropy, &records, &vault);
            let clocks = [*own, *theirs].map(WallTime::from_millis);
            evidence.hear(&mut turn, clocks[0], clocks[1]).unwrap();
            let (changes, _) = turn.finish();
            records.apply(&changes);
            let turn = Turn::new(Now::default(), &entropy, &records, &vault);
            evidence = Evidence::load(&turn, evidence.stands()).unwrap();
        }
        (evidence.stands().as_millis(), evidence.newest().as_millis())
    }

    #[test]
    fn what_both_said_stands_a_day_later() {
        let start = 20_000 * DAY;
        assert_eq!(after(&[(start, start + HOUR)]), (0, start));
        assert_eq!(after(&[(start, start), (start + DAY - 1, start + DAY)]), (0, start));
        let twice = [(start, start), (start + DAY, start + DAY)];
        assert_eq!(after(&twice), (start, start + DAY));
        // A long absence counts on the day after it.
        let away =
            [(start, start), (start + 60 * DAY, start + 60 * DAY), (start + 61 * DAY, start + 61 * DAY)];
        assert_eq!(after(&away[..2]), (start, start + 60 * DAY));
        assert_eq!(after(&away), (start + 60 * DAY, start + 61 * DAY));
    }

    #[test]
    fn clocks_that_were_wrong_together_and_came_back_make_nothing_old() {
        let start = 20_000 * DAY;
        let wrong = start + 400 * DAY;
        let back = [(start, start), (wrong, wrong), (start + HOUR, start + HOUR)];
        assert_eq!(after(&back), (start, start + HOUR));
        let again = [&back[..], &[(wrong, wrong), (start + 30 * HOUR, start + 30 * HOUR)]].concat();
        assert_eq!(after(&again), (start + HOUR, start + 30 * HOUR));
        assert_eq!(after(&[(wrong, wrong), (start, start)]), (0, start), "nor the first that was ever said");
    }

    #[test]
    fn one_clock_alone_makes_nothing_old() {
        let start = 20_000 * DAY;
        let fast = start + 400 * DAY;
        let two = [(start, start), (start + DAY, start + DAY)];
        let then = |more: &[(u64, u64)]| after(&[&two[..], more].concat());
        assert_eq!(then(&[(fast, start), (fast + 2 * DAY, start)]), (start, start + DAY));
        assert_eq!(then(&[(start + DAY, fast), (start + DAY, fast + 2 * DAY)]), (start, start + DAY));
    }

    #[test]
    fn a_clock_that_lags_keeps_nothing_from_ageing() {
        let (start, slow) = (20_000 * DAY, DAY);
        // That of a contact, who may lie.
        let theirs = [
            (start, start),
            (start + DAY, slow),
            (start + 2 * DAY, start + 2 * DAY),
            (start + 3 * DAY, slow),
        ];
        assert_eq!(after(&theirs), (start, start + 2 * DAY));
        // Our own, at each start until somebody tells it the time.
        let mut own = vec![(start, start), (start + DAY, start + DAY)];
        own.extend([(slow, start + 2 * DAY), (start + 2 * DAY, start + 2 * DAY), (slow, start + 2 * DAY)]);
        assert_eq!(after(&own), (start + DAY, start + 2 * DAY));
        // A contact who lies just as ours is set back a little changes little.
        let lies = [(start, start), (start + 60 * DAY, start + 60 * DAY), (start + 60 * DAY - HOUR, slow)];
        assert_eq!(after(&lies), (start, start + 60 * DAY - HOUR));
    }
}
