//! What is beyond every local network: a meeting place where anybody leaves and finds records, and relays.
//!
//! Modelled: a record lies there for as long as it is to, one a key and author; a question takes a time drawn from the
//! seed and finds all of them; a relay lets in whoever holds a place there, as long as both ends reach the internet. Not
//! modelled: questions that fail, records that are lost, relays that go, what a meeting place costs its members, and two
//! routers that are got through together.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

use core::time::Duration;

use causerie_protocol::{
    address::{Address, Relay, Transport},
    ids::TransportId,
    moment::Moment,
};

use crate::random::Random;

/// How long a question takes, at least and at most. Chosen: walks through a table of a few thousand nodes.
const QUESTION: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));

/// The meeting place.
#[derive(Debug)]
pub struct MeetingPlace {
    records: BTreeMap<[u8; 32], Records>,
    random: Random,
}

/// What lies under one key: of each author the last, and until when.
type Records = BTreeMap<usize, (Moment, Vec<u8>)>;

impl MeetingPlace {
    /// An empty one.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { records: BTreeMap::new(), random: Random::new(seed, "meeting place", 0) }
    }

    /// Somebody leaves a record.
    pub fn leave(&mut self, who: usize, key: [u8; 32], value: Vec<u8>, until: Moment) {
        self.records.entry(key).or_default().insert(who, (until, value));
    }

    /// How long the next question takes.
    pub fn question(&mut self) -> Duration {
        self.random.between(QUESTION.0, QUESTION.1)
    }

    /// What lies under a key; what is over goes.
    pub fn find(&mut self, key: &[u8; 32], now: Moment) -> Vec<Vec<u8>> {
        let Some(records) = self.records.get_mut(key) else { return Vec::new() };
        records.retain(|_, (until, _)| *until > now);
        records.values().map(|(_, value)| value.clone()).collect()
    }
}

/// A relay, by its number.
#[must_use]
pub fn relay(number: u16) -> Option<Relay> {
    let ip = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number));
    let address = Address { transport: Transport::Quic, ip, port: 4_001 };
    let [high, low] = number.to_be_bytes();
    Some(Relay { id: TransportId::new(&[0xff, high, low])?, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_lies_there_until_its_time_is_over_or_another_takes_its_place() {
        let at = |seconds: u64| Moment::from_micros(seconds * 1_000_000);
        let mut place = MeetingPlace::new(1);
        place.leave(0, [1; 32], vec![1], at(10));
        place.leave(1, [1; 32], vec![2], at(20));
        place.leave(0, [1; 32], vec![3], at(12));
        assert_eq!(place.find(&[1; 32], at(5)), [vec![3], vec![2]]);
        assert_eq!(place.find(&[1; 32], at(12)), [vec![2]]);
        assert!(place.find(&[2; 32], at(0)).is_empty());
    }
}
