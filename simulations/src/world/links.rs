//! Links between people: dials, streams, and what becomes of frames on them.

use core::time::Duration;

use causerie_protocol::{
    address::{Address, Circuit},
    answer::DialFailure,
    ids::{DialId, LinkId, TransportId},
    input::{Input, LinkEnds, Way},
};

use super::{Happening, Phase, Wire, World};
use crate::{
    checks::Violation,
    network::{Packet, Verdict},
    places::Places,
};

/// How long an address may take that nobody answers (`CONNECT_PATIENCE` of the node's network).
const SILENCE: Duration = Duration::from_secs(5);

/// How long such an address is left alone before the next is tried beside it (`DIAL_STAGGER` of the node's network).
const STAGGER: Duration = Duration::from_millis(250);

/// How many one-way trips it takes to be refused by a machine.
const REFUSAL_TRIPS: u32 = 2;

/// How many one-way trips it takes to see that somebody else is there: TCP and two messages of its security.
const IDENTITY_TRIPS: u32 = 4;

/// How many one-way trips a new stream takes: TCP, its security, and the choice of a protocol.
const CONNECT_TRIPS: u32 = 6;

/// How many one-way trips it takes over a relay: to it, from it, and each end's security with the other.
const CIRCUIT_TRIPS: u32 = 10;

impl World {
    /// Sends a frame from one end of a link.
    pub(super) fn transmit(&mut self, who: usize, link: LinkId, frame: Vec<u8>) {
        let count = self.measures.frames.entry(frame.len()).or_default();
        *count += 1;
        if self.phase == Phase::Calm {
            self.measures.repair.0 += 1;
            self.measures.repair.1 += u64::try_from(frame.len()).unwrap_or(u64::MAX);
        }
        self.people[who].sent += 1;
        self.convey(who, link, frame);
    }

    /// Lets the network decide what becomes of a frame.
    pub(super) fn convey(&mut self, who: usize, link: LinkId, frame: Vec<u8>) {
        let Some(other) = self.wires.get(&link).map(|wire| wire.other) else { return };
        let Some(to) = self.wires.get(&other).map(|wire| wire.owner) else { return };
        let verdict = self.verdict(who, to, frame.len());
        let now = self.now;
        let Some(far) = self.wires.get_mut(&other) else { return };
        match verdict {
            Verdict::Deliver(delay) | Verdict::Twice(delay) | Verdict::Change(delay) => {
                far.floor = far.floor.max(now + delay);
                let at = far.floor;
                let mut bytes = frame;
                if matches!(verdict, Verdict::Twice(_)) {
                    self.queue.push(at, Happening::Frame { link: other, bytes: bytes.clone() });
                }
                if matches!(verdict, Verdict::Change(_)) {
                    let place = self.random.index(bytes.len());
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte ^= 1 << self.random.below(8);
                    }
                }
                self.queue.push(at, Happening::Frame { link: other, bytes });
            }
            Verdict::Overtake(delay) => {
                self.queue.push(now + delay / 2, Happening::Frame { link: other, bytes: frame });
            }
            Verdict::Vanish => far.dead = true,
            Verdict::Break => self.break_link(link),
        }
    }

    fn verdict(&mut self, from: usize, to: usize, bytes: usize) -> Verdict {
        if self.phase == Phase::Setup {
            return Verdict::Deliver(Duration::from_millis(1));
        }
        let islands = [self.island_of(from), self.island_of(to)];
        let since = self.since();
        self.network.decide(Packet { people: [from, to], islands, bytes }, self.now, since)
    }

    /// On which island somebody is; strangers are wherever they attack.
    pub(super) fn island_of(&self, who: usize) -> usize {
        self.people.get(who).map_or(0, |person| person.island)
    }

    /// Closes a link from one end: what was sent before still arrives.
    pub(super) fn close(&mut self, link: LinkId) {
        let Some(wire) = self.wires.get_mut(&link) else { return };
        wire.dead = true;
        let other = wire.other;
        self.queue.push(self.now, Happening::LinkDown { link });
        let floor = self.wires.get(&other).map(|far| far.floor.max(self.now));
        if let Some(floor) = floor {
            self.queue.push(floor, Happening::LinkDown { link: other });
        }
    }

    /// A link breaks at both ends.
    pub(super) fn break_link(&mut self, link: LinkId) {
        let Some(wire) = self.wires.get(&link) else { return };
        let ends = [link, wire.other];
        self.measures.broken += 1;
        for end in ends {
            if let Some(wire) = self.wires.get_mut(&end) {
                wire.dead = true;
                self.queue.push(self.now, Happening::LinkDown { link: end });
            }
        }
    }

    /// All links of somebody who is gone: the others hear it, or they do not.
    pub(super) fn drop_links(&mut self, who: usize, told: bool) {
        for link in std::mem::take(&mut self.people[who].links) {
            let Some(wire) = self.wires.remove(&link) else { continue };
            self.measures.broken += 1;
            if let Some(far) = self.wires.get_mut(&wire.other) {
                far.dead = true;
                let floor = far.floor.max(self.now);
                if told {
                    self.queue.push(floor, Happening::LinkDown { link: wire.other });
                }
            }
        }
    }

    /// Nothing passes on somebody's links any more, and neither end is told.
    pub(super) fn hush_links(&mut self, who: usize) {
        let links: Vec<LinkId> = self.people[who].links.iter().copied().collect();
        for link in links {
            let other = self.wires.get(&link).map(|wire| wire.other);
            for end in [Some(link), other].into_iter().flatten() {
                if let Some(wire) = self.wires.get_mut(&end) {
                    wire.dead = true;
                }
            }
        }
    }

    pub(super) fn on_frame(&mut self, link: LinkId, bytes: Vec<u8>) -> Result<(), Violation> {
        let Some(wire) = self.wires.get(&link) else { return Ok(()) };
        let owner = wire.owner;
        if wire.dead || !self.people.get(owner).is_some_and(crate::person::Person::is_online) {
            return Ok(());
        }
        self.strangers.overhear(owner, &bytes);
        self.input(owner, Input::Frame { link, bytes })
    }

    pub(super) fn on_link_down(&mut self, link: LinkId) -> Result<(), Violation> {
        let Some(wire) = self.wires.remove(&link) else { return Ok(()) };
        let Some(person) = self.people.get_mut(wire.owner) else { return Ok(()) };
        person.links.remove(&link);
        if person.is_online() {
            return self.input(wire.owner, Input::LinkDown { link });
        }
        if person.engine.is_some() {
            person.lost_links.insert(link);
        }
        Ok(())
    }

    /// Tries the addresses of a dial in order.
    pub(super) fn dial(
        &mut self,
        who: usize,
        dial: DialId,
        peer: Option<&TransportId>,
        (addresses, circuits): (&[Address], &[Circuit]),
    ) {
        self.measures.dials += 1;
        let life = self.people[who].life;
        self.people[who].dials.insert(dial);
        let mut failures = Vec::new();
        let (mut begins, mut over) = (Duration::ZERO, Duration::ZERO);
        for address in addresses {
            match self.attempt(who, peer, address) {
                Ok((whom, takes)) => {
                    self.measures.dials_met += 1;
                    let connect = Happening::Connect { who, life, whom, dial, address: *address };
                    return self.after(begins + takes, connect);
                }
                Err((why, takes)) => {
                    failures.push((*address, why));
                    over = over.max(begins + takes);
                    begins += takes.min(STAGGER);
                }
            }
        }
        if let Some(whom) = self.behind(who, circuits) {
            self.measures.dials_met += 1;
            let whom_life = self.people[whom].life;
            let delay = match self.verdict(who, whom, 64) {
                Verdict::Vanish | Verdict::Break => SILENCE,
                Verdict::Deliver(delay)
                | Verdict::Overtake(delay)
                | Verdict::Twice(delay)
                | Verdict::Change(delay) => delay * CIRCUIT_TRIPS,
            };
            let circuit = Happening::Circuit { who, life, whom, whom_life, dial };
            return self.after(begins + delay, circuit);
        }
        let is_else = failures.iter().any(|(_, why)| *why == DialFailure::SomebodyElse);
        if let Some(peer) = peer.filter(|_| is_else) {
            // What was announced is over, as the node's discovery says then.
            self.after(over, Happening::Expired { who, life, peer: peer.clone() });
        }
        self.after(over, Happening::DialFailed { who, life, dial, failures });
    }

    /// What comes of dialling one address, and after how long.
    fn attempt(
        &mut self,
        who: usize,
        peer: Option<&TransportId>,
        address: &Address,
    ) -> Result<(usize, Duration), (DialFailure, Duration)> {
        let silence = Err((DialFailure::TimedOut, SILENCE));
        let Some(whom) = self.who_is_at(who, address) else { return silence };
        let (is_online, refuses) = (self.people[whom].is_online(), self.people[whom].refuses);
        if !is_online && !refuses {
            return silence;
        }
        let delay = match self.verdict(who, whom, 64) {
            Verdict::Vanish | Verdict::Break => return silence,
            Verdict::Deliver(delay)
            | Verdict::Overtake(delay)
            | Verdict::Twice(delay)
            | Verdict::Change(delay) => delay,
        };
        let is_else = peer.is_some_and(|peer| *peer != self.people[whom].transport);
        let (trips, outcome) = match (is_online, is_else) {
            (false, _) => (REFUSAL_TRIPS, Err(DialFailure::Refused)),
            (true, true) => (IDENTITY_TRIPS, Err(DialFailure::SomebodyElse)),
            (true, false) => (CONNECT_TRIPS, Ok(whom)),
        };
        let takes = delay * trips;
        if takes > SILENCE {
            return silence;
        }
        outcome.map(|whom| (whom, takes)).map_err(|why| (why, takes))
    }

    /// Whose machine is at an address, seen from somebody.
    fn who_is_at(&self, who: usize, address: &Address) -> Option<usize> {
        let (island, whom) = self.places.of(address)?;
        let is_there = whom != who && self.people.get(whom)?.island == island;
        (is_there && self.reaches(who, whom)).then_some(whom)
    }

    /// Who would answer at an address, seen from somebody.
    fn who_answers(&self, who: usize, address: &Address) -> Option<usize> {
        self.who_is_at(who, address).filter(|whom| self.people[*whom].is_online())
    }

    /// Whether one could dial the other where both are now.
    pub(super) fn reaches(&self, who: usize, whom: usize) -> bool {
        if self.phase != Phase::Faults {
            return true;
        }
        let islands = [self.island_of(who), self.island_of(whom)];
        self.places.can_dial(islands[0], islands[1])
            && self.network.passes([who, whom], islands, self.since())
    }

    pub(super) fn on_connect(
        &mut self,
        (who, life): (usize, u32),
        whom: usize,
        dial: DialId,
        address: Address,
    ) -> Result<(), Violation> {
        if !self.lives(who, life) {
            return Ok(());
        }
        self.people[who].dials.remove(&dial);
        if self.who_answers(who, &address) != Some(whom) {
            self.input(who, Input::AddressFailed { dial, address, why: DialFailure::TimedOut })?;
            return self.input(who, Input::DialFailed { dial });
        }
        let [near, far] = self.wire(who, whom);
        let [one, two] = [who, whom].map(|end| self.people[end].transport.clone());
        let from = Places::address(self.people[who].island, who);
        let ends = LinkEnds {
            own: two.clone(),
            peer: one.clone(),
            dial: None,
            address: Some(from),
            way: Way::Direct,
        };
        self.input(whom, Input::LinkUp { link: far, ends })?;
        let ends =
            LinkEnds { own: one, peer: two, dial: Some(dial), address: Some(address), way: Way::Direct };
        self.input(who, Input::LinkUp { link: near, ends })
    }

    /// A new link between two: the ends of each.
    pub(super) fn wire(&mut self, one: usize, two: usize) -> [LinkId; 2] {
        let [near, far] = [self.next_link, self.next_link + 1].map(LinkId::new);
        self.next_link += 2;
        for (link, owner, other) in [(near, one, far), (far, two, near)] {
            self.wires.insert(link, Wire { owner, other, floor: self.now, dead: false });
            if let Some(person) = self.people.get_mut(owner) {
                person.links.insert(link);
            }
        }
        [near, far]
    }
}

#[cfg(test)]
mod tests {
    use super::{super::living::Ending, *};
    use crate::{person::Absence, scenario::Scenario};

    #[test]
    fn a_dial_fails_as_real_ones_do() {
        let text = "name = 'x'\nabout = 'y'\npeople = 2\nlasts = '1h'";
        let mut world = World::new(&Scenario::parse(text).unwrap(), 2, 1).unwrap();
        world.set_up(&mut |_| {}).unwrap();
        let address = Places::address(0, 1);
        let before = world.people[1].transport.clone();
        let why = |world: &mut World| world.attempt(0, Some(&before), &address).map_err(|(why, _)| why);
        assert!(why(&mut world).is_ok());
        // The machine is there and says that the program is not.
        world.stop(1, Ending::Kill, Absence::Down).unwrap();
        assert_eq!(why(&mut world).map(|_| ()), Err(DialFailure::Refused));
        world.start(1).unwrap();
        assert_eq!(why(&mut world).map(|_| ()), Err(DialFailure::SomebodyElse), "each life has its own");
        world.stop(1, Ending::Crash, Absence::Down).unwrap();
        assert_eq!(world.attempt(0, None, &address), Err((DialFailure::TimedOut, SILENCE)));
    }

    #[test]
    fn nobody_waits_for_a_dial_longer_than_for_silence() {
        let text = "name = 'x'\nabout = 'y'\npeople = 2\nlasts = '1h'\n\
                    network = [{ effect = 'slow', bytes-a-second = 1000 }]";
        let mut world = World::new(&Scenario::parse(text).unwrap(), 2, 1).unwrap();
        world.set_up(&mut |_| {}).unwrap();
        world.phase = Phase::Faults;
        let address = Places::address(0, 1);
        assert!(world.attempt(0, None, &address).is_ok());
        // A second's worth of bytes is on the way, and a stream takes six trips.
        world.verdict(0, 1, 1_000);
        assert_eq!(world.attempt(0, None, &address), Err((DialFailure::TimedOut, SILENCE)));
    }
}
