//! The setup: everybody becomes acquainted with their friends on a network without faults, and then life begins.

use core::time::Duration;

use causerie_protocol::command::Command;

use super::{Happening, Phase, Progress, World, living::Ending};
use crate::{
    checks::Violation,
    person::{Absence, Intent},
    random::Random,
    scenario::Drawn,
};

/// Between two invitations.
const PACE: Duration = Duration::from_micros(500);

/// How long the last of them may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often everybody is weighed.
pub(super) const WEIGHED: Duration = Duration::from_secs(1_800);

impl World {
    pub(super) fn set_up(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Violation> {
        let pairs = self.pairs();
        for who in 0..self.people.len() {
            self.start(who)?;
        }
        let mut at = self.now + Duration::from_secs(1);
        for (one, two) in &pairs {
            self.people[*one].friends.push(*two);
            self.people[*two].friends.push(*one);
            self.queue.push(at, Happening::Befriend { who: *one, whom: *two });
            at = at + PACE;
        }
        let end = at + PATIENCE;
        while self.acquainted < 2 * pairs.len() {
            if self.now >= end {
                let missing = 2 * pairs.len() - self.acquainted;
                let sentence = format!("{missing} of {} acquaintances were not made", 2 * pairs.len());
                return Err(Violation { check: "convergence", sentence });
            }
            self.live_until(self.now + Duration::from_secs(1), progress)?;
        }
        self.live_until(self.now + Duration::from_secs(10), progress)
    }

    pub(super) fn befriend(&mut self, who: usize, whom: usize) -> Result<(), Violation> {
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: true };
        self.command(who, command, Intent::Invite { whom })
    }

    /// Life with faults begins.
    pub(super) fn begin(&mut self) -> Result<(), Violation> {
        self.begun = self.now;
        self.phase = Phase::Faults;
        // What the setup cost is no part of what life costs.
        self.measures = crate::measures::Measures::default();
        for who in 0..self.people.len() {
            let person = &mut self.people[who];
            person.sent = 0;
            person.acquainted.clear();
            person.online_since = self.begun;
            if self.scenario.online.is_always() {
                self.appears(who);
            } else {
                self.stop(who, Ending::Stop, Absence::Away)?;
                self.after(Duration::ZERO, Happening::Day { who, day: 0 });
            }
        }
        for who in 0..self.scenario.travellers.min(self.people.len()) {
            let stay = self.people[who].random.about(self.scenario.travellers_stay);
            self.after(stay, Happening::Travels { who });
        }
        self.plan_faults();
        self.plan_attacks();
        self.after(WEIGHED, Happening::Weigh);
        Ok(())
    }

    /// Who knows whom, the lower number first, each pair once.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let count = self.people.len();
        let friends = &self.scenario.friends;
        let mut pairs = std::collections::BTreeSet::new();
        let mut know = |one: usize, two: usize| {
            if one != two {
                pairs.insert((one.min(two), one.max(two)));
            }
        };
        match friends.drawn {
            Drawn::All => (0..count).for_each(|one| (0..one).for_each(|two| know(one, two))),
            Drawn::Travellers => {
                (0..self.scenario.travellers).for_each(|one| (0..count).for_each(|two| know(one, two)));
            }
            Drawn::Ring => {
                for one in 0..count {
                    (1..=friends.each.div_ceil(2)).for_each(|step| know(one, (one + step) % count));
                }
            }
            Drawn::Random => {
                let mut random = Random::new(self.seed, "friends", 0);
                for one in 0..count {
                    // Whoever is drawn counts too, so that each has about so many.
                    (0..friends.each.div_ceil(2)).for_each(|_| know(one, random.index(count)));
                }
            }
        }
        pairs.into_iter().collect()
    }
}
