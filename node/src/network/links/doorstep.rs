//! Who comes in, by where they come from: one place, whatever it opens and however little it says, leaves room for others.
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
#[derive(Debug, Default)]
pub(super) struct Doorstep {
    waiting: BTreeMap<ConnectionId, Option<Source>>,
    inside: BTreeMap<ConnectionId, Option<Source>>,
}

impl Doorstep {
    /// Whether one more may show its key.
    pub(super) fn enter(&mut self, connection: ConnectionId, from: Option<IpAddr>) -> bool {
        let source = from.map(Source::of);
        let has_room = count(&self.waiting, source) < limits::CONNECTIONS_PENDING_PER_SOURCE_MAX;
        if has_room {
            self.waiting.insert(connection, source);
        }
        has_room
    }

    /// Whether one that has shown its key may stay.
    pub(super) fn let_in(&mut self, connection: ConnectionId, from: Option<IpAddr>) -> bool {
        self.waiting.remove(&connection);
        let source = from.map(Source::of);
        let has_room = count(&self.inside, source) < limits::CONNECTIONS_INBOUND_PER_SOURCE_MAX;
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

fn count(connections: &BTreeMap<ConnectionId, Option<Source>>, source: Option<Source>) -> usize {
    connections.values().filter(|one| **one == source).count()
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
        let mut door = Doorstep::default();
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
        door.leave(connection(5_000));
        assert!(door.let_in(connection(7_000), Some(many)) && !door.let_in(connection(7_001), Some(many)));
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let mut door = Doorstep::default();
        let of = |host: u16| Some(format!("2001:db8::{host:x}").parse().unwrap());
        let came = (0..100_u16).filter(|host| door.enter(connection(usize::from(*host)), of(*host))).count();
        assert_eq!(came, limits::CONNECTIONS_PENDING_PER_SOURCE_MAX);
    }
}
