//! What the network does to a frame: the scenario's rules, asked in turn; the first that decides wins.
//!
//! Links are streams: a frame arrives whole, in order, and once, or the stream is broken. What is lost below a stream is
//! sent again by it and arrives later. Rules that break this (duplicates, changed bytes) are there because the engine
//! must survive a transport that does, not because one is known to.

use core::time::Duration;
use std::collections::BTreeMap;

use causerie_protocol::moment::Moment;

use crate::{
    random::Random,
    scenario::{Effect, Rule},
};

/// Who sends to whom, from where, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// Sender and receiver.
    pub people: [usize; 2],
    /// The islands that they are on.
    pub islands: [usize; 2],
    /// Bytes of the frame.
    pub bytes: usize,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives after so long, in its turn.
    Deliver(Duration),
    /// It arrives after so long, before whatever is on the way.
    Overtake(Duration),
    /// It arrives after so long, in its turn, twice.
    Twice(Duration),
    /// It arrives after so long, in its turn, with a byte changed.
    Change(Duration),
    /// It and everything behind it on its stream vanish.
    Vanish,
    /// It vanishes and its stream breaks at both ends.
    Break,
}

/// The rules and what they remember.
#[derive(Debug)]
pub struct Network {
    rules: Vec<Rule>,
    random: Random,
    /// Until when the slow way from one to the other is taken.
    taken: BTreeMap<(usize, usize), Moment>,
}

impl Network {
    /// A network with these rules.
    #[must_use]
    pub fn new(seed: u64, rules: &[Rule]) -> Self {
        Self { rules: rules.to_vec(), random: Random::new(seed, "network", 0), taken: BTreeMap::new() }
    }

    /// From now on only how long things take is left of the rules.
    pub fn calm(&mut self) {
        self.rules.retain(|rule| matches!(rule.effect, Effect::Latency { .. }));
    }

    /// What becomes of a frame sent now, `since` the end of the setup.
    pub fn decide(&mut self, packet: Packet, now: Moment, since: Duration) -> Verdict {
        let mut verdict = None;
        let mut latency = Duration::ZERO;
        for position in 0..self.rules.len() {
            let rule = &self.rules[position];
            if !rule.to.is_on(since) || !rule.to.is_for(packet.people, packet.islands) {
                continue;
            }
            match &rule.effect {
                Effect::Latency { least, most } => {
                    latency = self.random.between(*least, *most);
                    break;
                }
                Effect::Slow { bytes_a_second } => {
                    let bytes = u64::try_from(packet.bytes).unwrap_or(u64::MAX);
                    let takes = Duration::from_micros(bytes.saturating_mul(1_000_000) / *bytes_a_second);
                    let way = (packet.people[0], packet.people[1]);
                    let begins = self.taken.get(&way).copied().unwrap_or_default().max(now);
                    self.taken.insert(way, begins + takes);
                    latency = (begins + takes).since(now);
                    break;
                }
                effect if verdict.is_none() => verdict = of_chance(effect, &mut self.random),
                _ => {}
            }
        }
        verdict.map_or(Verdict::Deliver(latency), |verdict| verdict.after(latency))
    }

    /// Whether one reaches the other at all: what is asked before a dial.
    #[must_use]
    pub fn passes(&self, people: [usize; 2], islands: [usize; 2], since: Duration) -> bool {
        !self.rules.iter().any(|rule| {
            matches!(rule.effect, Effect::Partition)
                && rule.to.is_on(since)
                && rule.to.is_for(people, islands)
        })
    }
}

impl Verdict {
    const fn after(self, latency: Duration) -> Self {
        match self {
            Self::Deliver(later) => Self::Deliver(later.saturating_add(latency)),
            Self::Overtake(_) => Self::Overtake(latency),
            Self::Twice(_) => Self::Twice(latency),
            Self::Change(_) => Self::Change(latency),
            Self::Vanish | Self::Break => self,
        }
    }
}

fn of_chance(effect: &Effect, random: &mut Random) -> Option<Verdict> {
    let (share, verdict) = match effect {
        Effect::Loss { share, later } => (*share, Verdict::Deliver(*later)),
        Effect::Drop { share } => (*share, Verdict::Vanish),
        Effect::Cut { share } => (*share, Verdict::Break),
        Effect::Duplicate { share } => (*share, Verdict::Twice(Duration::ZERO)),
        Effect::Reorder { share } => (*share, Verdict::Overtake(Duration::ZERO)),
        Effect::Corrupt { share } => (*share, Verdict::Change(Duration::ZERO)),
        Effect::Partition => (1.0, Verdict::Vanish),
        Effect::Latency { .. } | Effect::Slow { .. } => return None,
    };
    random.happens(share).then_some(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Selector;

    const PACKET: Packet = Packet { people: [0, 1], islands: [0, 1], bytes: 1_000 };

    fn network(effects: Vec<Effect>) -> Network {
        let rules = effects.into_iter().map(|effect| Rule { effect, to: Selector::default() });
        Network::new(1, &rules.collect::<Vec<_>>())
    }

    fn latency() -> Effect {
        Effect::Latency { least: Duration::from_millis(20), most: Duration::from_millis(20) }
    }

    #[test]
    fn without_rules_everything_passes_at_once() {
        let verdict = network(Vec::new()).decide(PACKET, Moment::default(), Duration::ZERO);
        assert_eq!(verdict, Verdict::Deliver(Duration::ZERO));
    }

    #[test]
    fn what_is_lost_below_a_stream_comes_later() {
        let loss = Effect::Loss { share: 1.0, later: Duration::from_millis(200) };
        let verdict = network(vec![loss, latency()]).decide(PACKET, Moment::default(), Duration::ZERO);
        assert_eq!(verdict, Verdict::Deliver(Duration::from_millis(220)));
    }

    #[test]
    fn the_first_that_decides_wins_and_calm_leaves_latency() {
        let mut network = network(vec![
            Effect::Drop { share: 0.0 },
            Effect::Cut { share: 1.0 },
            Effect::Partition,
            latency(),
        ]);
        assert_eq!(network.decide(PACKET, Moment::default(), Duration::ZERO), Verdict::Break);
        assert!(!network.passes(PACKET.people, PACKET.islands, Duration::ZERO));
        network.calm();
        let verdict = network.decide(PACKET, Moment::default(), Duration::ZERO);
        assert_eq!(verdict, Verdict::Deliver(Duration::from_millis(20)));
        assert!(network.passes(PACKET.people, PACKET.islands, Duration::ZERO));
    }

    #[test]
    fn a_slow_way_is_taken_by_what_went_before() {
        let mut network = network(vec![Effect::Slow { bytes_a_second: 1_000 }]);
        let mut send = || network.decide(PACKET, Moment::default(), Duration::ZERO);
        assert_eq!([send(), send()], [1, 2].map(|seconds| Verdict::Deliver(Duration::from_secs(seconds))));
    }
}
