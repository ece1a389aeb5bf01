//! Strangers: they dial anybody who can be dialled and send anything, what others said among it.

use core::time::Duration;
use std::collections::VecDeque;

use causerie_protocol::{
    ids::TransportId,
    input::{Input, LinkEnds, Way},
};

use super::{Happening, Phase, World};
use crate::{
    checks::Violation,
    places::Places,
    random::Random,
    scenario::{Attack, Hostile},
};

/// Frames that strangers remember.
const REMEMBERED: usize = 256;

/// How many somebody announces at once.
const ANNOUNCED: usize = 128;

/// Bytes of what a stranger makes up, at most: a frame's length is a u16.
const FRAME_BYTES: u64 = 65_536;

/// All strangers of a world.
#[derive(Debug)]
pub struct Strangers {
    hostile: Vec<Hostile>,
    random: Random,
    heard: VecDeque<(usize, Vec<u8>)>,
}

impl Strangers {
    /// Those of a scenario.
    #[must_use]
    pub fn new(seed: u64, hostile: &[Hostile]) -> Self {
        Self { hostile: hostile.to_vec(), random: Random::new(seed, "strangers", 0), heard: VecDeque::new() }
    }

    /// They hear what somebody is told, if there are any.
    pub(super) fn overhear(&mut self, who: usize, bytes: &[u8]) {
        if !self.hostile.is_empty() {
            if self.heard.len() >= REMEMBERED {
                self.heard.pop_front();
            }
            self.heard.push_back((who, bytes.to_vec()));
        }
    }

    /// One kind of attack, where it can be any.
    fn choose(&mut self, attack: Attack) -> Attack {
        match attack {
            Attack::Anything => {
                [Attack::Silence, Attack::Noise, Attack::Replay, Attack::Mutation, Attack::Announcements]
                    [self.random.index(5)]
            }
            attack => attack,
        }
    }

    /// The frames of one attack on somebody.
    fn frames(&mut self, attack: Attack, whom: usize) -> Vec<Vec<u8>> {
        let count = match attack {
            Attack::Silence | Attack::Announcements => 0,
            _ => 1 + self.random.index(6),
        };
        (0..count).map(|_| self.frame(attack, whom)).collect()
    }

    fn frame(&mut self, attack: Attack, whom: usize) -> Vec<u8> {
        let heard: Vec<&Vec<u8>> =
            self.heard.iter().filter(|(who, _)| *who == whom).map(|(_, bytes)| bytes).collect();
        let chosen = self.random.index(heard.len());
        let mut bytes = match heard.get(chosen) {
            Some(bytes) if attack != Attack::Noise => (*bytes).clone(),
            _ => {
                // Short ones, all lengths, and the longest.
                let bound = [64, 2_000, FRAME_BYTES][self.random.index(3)];
                let len = self.random.below(bound);
                (0..len).map(|_| self.random.below(256).to_le_bytes()[0]).collect()
            }
        };
        if attack == Attack::Mutation {
            self.mutate(&mut bytes);
        }
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        match self.random.below(4) {
            0 => {
                let place = self.random.index(bytes.len());
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << self.random.below(8);
                }
            }
            1 => bytes.truncate(self.random.index(bytes.len())),
            2 => bytes.extend_from_slice(&self.random.bytes::<16>()),
            _ => {
                // The beginning, where versions and counts stand.
                let first = self.random.bytes::<4>();
                bytes.iter_mut().zip(first).for_each(|(byte, new)| *byte = new);
            }
        }
    }
}

impl World {
    pub(super) fn plan_attacks(&mut self) {
        let mut which = 0;
        for position in 0..self.strangers.hostile.len() {
            let Hostile { count, every, .. } = self.strangers.hostile[position];
            for _ in 0..count {
                let first = self.strangers.random.between(Duration::ZERO, every);
                self.after(first, Happening::Attack { which, position });
                which += 1;
            }
        }
    }

    /// A stranger announces many who are not there.
    fn announce(&mut self, whom: usize, stranger: usize, count: usize) -> Result<(), Violation> {
        for number in 0..count {
            let Some(peer) = TransportId::new(&self.strangers.random.bytes::<32>()) else { continue };
            let addresses = vec![Places::address(self.people[whom].island, stranger + number)];
            self.input(whom, Input::Discovered { peer, addresses })?;
        }
        Ok(())
    }

    pub(super) fn attacks(&mut self, which: usize, position: usize) -> Result<(), Violation> {
        if self.phase != Phase::Faults {
            return Ok(());
        }
        let Hostile { attack, every, whom, .. } = self.strangers.hostile[position].clone();
        let next = self.strangers.random.about(every);
        self.after(next, Happening::Attack { which, position });
        let whom = match whom {
            Some(some) => some.get(self.strangers.random.index(some.len())).copied(),
            None => Some(self.strangers.random.index(self.people.len())),
        };
        let Some(whom) = whom.filter(|whom| self.people.get(*whom).is_some_and(|person| person.is_online()))
        else {
            return Ok(());
        };
        let attack = self.strangers.choose(attack);
        let stranger = self.people.len() + which;
        if attack == Attack::Announcements {
            let among_others = self.strangers.hostile[position].attack == Attack::Anything;
            return self.announce(whom, stranger, if among_others { ANNOUNCED / 16 } else { ANNOUNCED });
        }
        let [near, far] = self.wire(stranger, whom);
        let own = self.people[whom].transport.clone();
        let Some(peer) = TransportId::new(&self.strangers.random.bytes::<32>()) else { return Ok(()) };
        let address = Some(Places::address(self.people[whom].island, stranger));
        self.input(
            whom,
            Input::LinkUp { link: far, ends: LinkEnds { own, peer, dial: None, address, way: Way::Direct } },
        )?;
        for frame in self.strangers.frames(attack, whom) {
            self.convey(stranger, near, frame);
        }
        if self.strangers.random.happens(0.5) {
            self.close(near);
        }
        Ok(())
    }
}
