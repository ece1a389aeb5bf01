//! Islands: the local networks, who is on which, and who can dial whom.
//!
//! An address names an island and a person, so that a dial to where somebody was before finds nobody.

use std::net::{IpAddr, Ipv6Addr};

use causerie_protocol::address::{Address, Transport};

use crate::scenario::{Islands, Reach, Scenario};

/// The port that everybody listens on.
const PORT: u16 = 47_474;

/// One local network.
#[derive(Clone, Copy, Debug)]
pub struct Island {
    /// Who reaches those on it.
    pub reach: Reach,
    /// Whether those on it hear each other's announcements.
    pub announce: bool,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Places {
    islands: Vec<Island>,
}

impl Places {
    /// The islands of a scenario with so many people. Without any there is one that everybody can be reached on and
    /// nobody announces themselves.
    #[must_use]
    pub fn new(scenario: &Scenario, people: usize) -> Self {
        let mut islands = Vec::new();
        for Islands { count, of, reach, announce } in &scenario.islands {
            let count = if *of > 0 { people.div_ceil(*of) } else { *count };
            islands.extend((0..count).map(|_| Island { reach: *reach, announce: *announce }));
        }
        if islands.is_empty() {
            islands.push(Island { reach: Reach::Open, announce: false });
        }
        Self { islands }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.islands.len()
    }

    /// There is always one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// One of them.
    #[must_use]
    pub fn island(&self, number: usize) -> Island {
        self.islands[number]
    }

    /// Whether somebody on one island can dial somebody on another.
    #[must_use]
    pub fn can_dial(&self, from: usize, to: usize) -> bool {
        from == to || (self.islands[from].reach != Reach::Isolated && self.islands[to].reach == Reach::Open)
    }

    /// Where a person on an island is.
    #[must_use]
    pub fn address(island: usize, person: usize) -> Address {
        let half = |number: usize, shift: u32| u16::try_from((number >> shift) & 0xffff).unwrap_or_default();
        let ip = Ipv6Addr::new(
            0xfd00,
            half(island, 16),
            half(island, 0),
            0,
            0,
            0,
            half(person, 16),
            half(person, 0),
        );
        Address { transport: Transport::Tcp, ip: IpAddr::V6(ip), port: PORT }
    }

    /// Which island and person an address names; `None` for one that is nobody's.
    #[must_use]
    pub fn of(&self, address: &Address) -> Option<(usize, usize)> {
        let IpAddr::V6(ip) = address.ip else { return None };
        let [0xfd00, island_high, island_low, 0, 0, 0, high, low] = ip.segments() else { return None };
        let whole = |high: u16, low: u16| (usize::from(high) << 16) | usize::from(low);
        let island = whole(island_high, island_low);
        (island < self.islands.len() && address.port == PORT).then(|| (island, whole(high, low)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(islands: &str) -> Places {
        let text = format!("name = 'x'\nabout = 'y'\npeople = 2\nlasts = '1h'\nislands = [{islands}]");
        Places::new(&Scenario::parse(&text).unwrap(), 70_010)
    }

    #[test]
    fn an_address_leads_back() {
        let places = places("{ of = 1 }");
        let address = Places::address(70_001, 70_002);
        assert_eq!(places.of(&address), Some((70_001, 70_002)));
        assert_eq!(places.of(&Address { port: 1, ..address }), None);
        assert!(address.is_dialable(false));
    }

    #[test]
    fn routers_let_out_and_not_in() {
        let places = places("{ count = 1 }, { count = 1, reach = 'nat' }, { count = 1, reach = 'isolated' }");
        let can: Vec<(usize, usize)> = (0..3)
            .flat_map(|from| (0..3).map(move |to| (from, to)))
            .filter(|(from, to)| places.can_dial(*from, *to))
            .collect();
        assert_eq!(can, [(0, 0), (1, 0), (1, 1), (2, 2)]);
    }
}
