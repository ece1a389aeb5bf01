//! Finding each other beyond local networks: what the world knows of somebody, questions, and links over relays.

use causerie_protocol::{
    address::{Circuit, Relay},
    ids::{DialId, LinkId, LookupId},
    input::{Input, LinkEnds, Standing, Way},
    moment::Moment,
};

use super::{Happening, Phase, World};
use crate::{checks::Violation, internet, places::Places, scenario::Reach};

impl World {
    /// Tells somebody what the world knows of them where they are now; nothing where there is no internet.
    pub(super) fn tell_standing(&mut self, who: usize) -> Result<(), Violation> {
        if !self.scenario.internet.meeting_place {
            return Ok(());
        }
        let island = self.people[who].island;
        let reach = self.places.island(island).reach;
        let public = match reach {
            Reach::Open => vec![Places::address(island, who)],
            Reach::Nat | Reach::Isolated => Vec::new(),
        };
        let relays = self.relay_of(who).into_iter().collect();
        let meeting_place = reach != Reach::Isolated;
        let standing = Standing { public, relays, meeting_place, servers: Vec::new() };
        self.input(who, Input::Standing(standing))
    }

    /// A machine wakes where it was carried meanwhile. Without the internet nobody would be the wiser for it.
    pub(super) fn notice_place(&mut self, who: usize) -> Result<(), Violation> {
        if self.scenario.internet.meeting_place {
            let addresses = vec![Places::address(self.people[who].island, who)];
            self.input(who, Input::Listening { addresses })?;
        }
        self.tell_standing(who)
    }

    /// A record is left at the meeting place.
    pub(super) fn leave(&mut self, who: usize, key: [u8; 32], value: Vec<u8>, until: Moment) {
        if self.is_on_internet(who) {
            self.meeting_place.leave(who, key, value, until);
        }
    }

    /// A question is on its way.
    pub(super) fn look_up(&mut self, who: usize, lookup: LookupId, key: [u8; 32]) {
        let (life, takes) = (self.people[who].life, self.meeting_place.question());
        self.people[who].questions.insert(lookup);
        self.after(takes, Happening::Found { who, life, lookup, key });
    }

    /// A question is answered.
    pub(super) fn on_found(
        &mut self,
        (who, life): (usize, u32),
        lookup: LookupId,
        key: [u8; 32],
    ) -> Result<(), Violation> {
        if !self.lives(who, life) {
            return Ok(());
        }
        self.people[who].questions.remove(&lookup);
        if self.is_on_internet(who) {
            for value in self.meeting_place.find(&key, self.now) {
                self.input(who, Input::RecordFound { lookup, value })?;
            }
        }
        self.input(who, Input::LookupEnded { lookup })
    }

    /// Questions that were on their way when a machine fell asleep have no answer.
    pub(super) fn end_questions(&mut self, who: usize) -> Result<(), Violation> {
        for lookup in std::mem::take(&mut self.people[who].questions) {
            self.input(who, Input::LookupEnded { lookup })?;
        }
        Ok(())
    }

    /// Who is behind one of these relays, seen from somebody.
    pub(super) fn behind(&self, who: usize, circuits: &[Circuit]) -> Option<usize> {
        circuits.iter().find_map(|circuit| {
            let whom = self.people.iter().position(|person| person.transport == circuit.peer)?;
            let lets_in = self.relay_of(whom).as_ref() == Some(&circuit.relay);
            (lets_in && self.relays(who, whom)).then_some(whom)
        })
    }

    /// Whether a relay could carry what one says to another.
    pub(super) fn relays(&self, who: usize, whom: usize) -> bool {
        let islands = [self.island_of(who), self.island_of(whom)];
        self.scenario.internet.relays > 0
            && self.people[whom].is_online()
            && self.is_on_internet(who)
            && self.is_on_internet(whom)
            && (self.phase != Phase::Faults || self.network.passes([who, whom], islands, self.since()))
    }

    /// A dial over a relay finds somebody.
    pub(super) fn on_circuit(
        &mut self,
        (who, life): (usize, u32),
        (whom, whom_life): (usize, u32),
        dial: DialId,
    ) -> Result<(), Violation> {
        if !self.lives(who, life) {
            return Ok(());
        }
        self.people[who].dials.remove(&dial);
        if !self.lives(whom, whom_life) || !self.relays(who, whom) {
            return self.input(who, Input::DialFailed { dial });
        }
        let [near, far]: [LinkId; 2] = self.wire(who, whom);
        let [one, two] = [who, whom].map(|end| self.people[end].transport.clone());
        let ends = |own, peer, dial| LinkEnds { own, peer, dial, address: None, way: Way::Relayed };
        self.input(whom, Input::LinkUp { link: far, ends: ends(two.clone(), one.clone(), None) })?;
        self.input(who, Input::LinkUp { link: near, ends: ends(one, two, Some(dial)) })
    }

    /// The relay at which somebody holds a place: nobody who can be dialled needs one.
    fn relay_of(&self, who: usize) -> Option<Relay> {
        let relays = self.scenario.internet.relays;
        let is_behind = self.places.island(self.people[who].island).reach == Reach::Nat;
        let number = u16::try_from(who % usize::from(relays.max(1))).ok()?;
        if is_behind && relays > 0 { internet::relay(number) } else { None }
    }

    fn is_on_internet(&self, who: usize) -> bool {
        self.places.island(self.people[who].island).reach != Reach::Isolated
    }
}
