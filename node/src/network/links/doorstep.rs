//! Who comes in, by where they come from: one place, whatever it opens and however little it says, leaves room for others, and
//! several together leave room for one more: the fuller it is, the less of it anybody has.
//!
//! ```text
//! enter ─▶ waits, until the other side has shown its key ─ let in ─▶ inside ─▶ leave
//!     └─ too many of this source: turned away, here and there
//! ```
//! Libp2p's own limits count all together; an address with 128 connections that say nothing would keep everybody out.

use std::{collections::BTreeMap, net::IpAddr};

use libp2p::swarm::ConnectionId;

use crate::network::{limits, meeting::shelf::Source};

/// Inbound connections; `None` is the source of all that come over relays, which do not say from where.
#[derive(Debug)]
pub(super) struct Doorstep {
    /// How many are let in, of all sources together.
    inside_max: usize,
    waiting: BTreeMap<ConnectionId, Option<Source>>,
    inside: BTreeMap<ConnectionId, Option<Source>>,
}

impl Doorstep {
    pub(super) const fn new(inside_max: usize) -> Self {
        Self { inside_max, waiting: BTreeMap::new(), inside: BTreeMap::new() }
    }

    /// Whether one more may show its key.
    pub(super) fn enter(&mut self, connection: ConnectionId, from: Option<IpAddr>) -> bool {
        let source = from.map(Source::of);
        let (of_one, of_all) =
            (limits::CONNECTIONS_PENDING_PER_SOURCE_MAX, limits::CONNECTIONS_PENDING_INBOUND_MAX as usize);
        let has_room = has_room(&self.waiting, source, of_one, of_all);
        if has_room {
            self.waiting.insert(connection, source);
        }
        has_room
    }

    /// Whether one that has shown its key may stay.
    pub(super) fn let_in(&mut self, connection: ConnectionId, from: Option<IpAddr>) -> bool {
        self.waiting.remove(&connection);
        let source = from.map(Source::of);
        let of_one = limits::CONNECTIONS_INBOUND_PER_SOURCE_MAX;
        let has_room = has_room(&self.inside, source, of_one, self.inside_max);
        if has_room {
            self.inside.insert(connection, source);
        }
        has_room
    }

    /// It is gone, wherever it was.
    pub(super) fn leave(&mut self, connection: ConnectionId) {
        self.waiting.remove(&connection);
        self.inside.remove(&connection);
    }
}

/// Whether there is room for one more of a source, of which so many may be there: fewer than are free, so that each leaves as
/// much again to all that come later (Choudhury and Hahne 1998, "Dynamic queue length thresholds").
fn has_room(
    connections: &BTreeMap<ConnectionId, Option<Source>>,
    source: Option<Source>,
    of_one: usize,
    of_all: usize,
) -> bool {
    let free = of_all.saturating_sub(connections.len());
    let count = connections.values().filter(|one| **one == source).count();
    count < of_one.min(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    #[test]
    fn one_source_leaves_room_for_others_at_the_door_and_inside() {
        let [many, other]: [IpAddr; 2] = ["203.0.113.1", "203.0.113.2"].map(|ip| ip.parse().unwrap());
        let mut door = Doorstep::new(limits::CONNECTIONS_INBOUND_MAX as usize);
        let came = (0..1_000).filter(|number| door.enter(connection(*number), Some(many))).count();
        assert_eq!(came, limits::CONNECTIONS_PENDING_PER_SOURCE_MAX);
        assert!(door.enter(connection(2_000), Some(other)) && door.enter(connection(2_001), None));
        // Whoever is let in or goes makes room at the door.
        assert!(door.let_in(connection(0), Some(many)));
        door.leave(connection(1));
        let came = (3_000..4_000).filter(|number| door.enter(connection(*number), Some(many))).count();
        assert_eq!(came, 2);
        let inside = (5_000..6_000).filter(|number| door.let_in(connection(*number), Some(many))).count();
        assert_eq!(inside, limits::CONNECTIONS_INBOUND_PER_SOURCE_MAX - 1);
        assert!(door.let_in(connection(2_000), Some(other)) && door.let_in(connection(2_001), None));
        for gone in [2_000, 2_001, 5_000] {
            door.leave(connection(gone));
        }
        assert!(door.let_in(connection(7_000), Some(many)) && !door.let_in(connection(7_001), Some(many)));
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let mut door = Doorstep::new(limits::CONNECTIONS_INBOUND_MAX as usize);
        let of = |host: u16| Some(format!("2001:db8::{host:x}").parse().unwrap());
        let came = (0..100_u16).filter(|host| door.enter(connection(usize::from(*host)), of(*host))).count();
        assert_eq!(came, limits::CONNECTIONS_PENDING_PER_SOURCE_MAX);
    }

    #[test]
    fn several_sources_together_leave_room_for_one_more() {
        let mut door = Doorstep::new(limits::CONNECTIONS_INBOUND_MAX as usize);
        let of = |host: u8| Some(IpAddr::from([203, 0, 113, host]));
        let mut number = 0;
        let mut come = |door: &mut Doorstep, host: u8| {
            number += 1;
            let one = connection(number);
            let waits = door.enter(one, of(host));
            (waits, waits && door.let_in(one, of(host)))
        };
        for host in 1..=7 {
            let came = (0..1_000).filter(|_| come(&mut door, host).1).count();
            assert!(came > 0, "source {host} has come too late");
        }
        assert_eq!(come(&mut door, 8), (true, true));
        for host in 11..=17 {
            let waits =
                (0..1_000).filter(|one| door.enter(connection(usize::from(host) * 1_000 + one), of(host)));
            assert!(waits.count() > 0, "source {host} has come too late");
        }
        assert!(door.enter(connection(20_000), of(18)));
    }
}
