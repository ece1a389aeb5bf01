//! The bench's internet: a meeting place where anybody leaves anything, and relays that let in whoever holds a place.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use core::time::Duration;

use super::{Bench, Who};
use crate::{
    address::{Address, Relay, Transport},
    ids::{LookupId, TransportId},
    input::{Input, Standing},
    moment::Moment,
};

/// What is beyond everybody's network.
#[derive(Debug, Default)]
pub struct Internet {
    /// Everything that was left so far, in order.
    pub left: Vec<Left>,
    /// Every question so far, in order.
    pub asked: Vec<(Who, LookupId, [u8; 32])>,
    /// What somebody puts under a key, beside what belongs there.
    pub planted: BTreeMap<[u8; 32], Vec<Vec<u8>>>,
    /// Questions stay without an answer.
    pub silent: bool,
    /// Relays that let nobody in any more.
    pub down: BTreeSet<Relay>,
    /// A dial to addresses where nobody is does not come to its end.
    pub endless: bool,
}

/// One record that was left at the meeting place.
#[derive(Clone, Debug)]
pub struct Left {
    /// Who left it.
    pub by: Who,
    /// Under which key.
    pub key: [u8; 32],
    /// What.
    pub value: Vec<u8>,
    /// Until when it lies there.
    pub until: Moment,
}

impl Bench {
    /// A relay, by its number.
    ///
    /// # Panics
    /// Never: the number makes an identity.
    #[must_use]
    #[expect(clippy::expect_used, reason = "33 bytes are an identity")]
    pub fn relay(number: u8) -> Relay {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let address = Address { transport: Transport::Tcp, ip, port: 9_000 + u16::from(number) };
        Relay { id: TransportId::new(&[number; 33]).expect("33 bytes"), address }
    }

    /// Somebody can ask the meeting place, and holds places at these relays.
    pub fn stands(&mut self, who: Who, relays: &[u8]) {
        let relays = relays.iter().map(|number| Self::relay(*number)).collect();
        if let Some(peer) = self.peers.get_mut(who) {
            peer.standing =
                Some(Standing { public: Vec::new(), relays, meeting_place: true, servers: Vec::new() });
        }
        self.tell_standing(who);
    }

    /// Somebody names these servers, which takes a start, and is connected to them.
    pub fn uses(&mut self, who: Who, servers: &[Address]) {
        self.stop(who);
        if let Some(peer) = self.peers.get_mut(who) {
            peer.servers = servers.to_vec();
            peer.standing = Some(Standing { servers: servers.to_vec(), ..Standing::default() });
        }
        self.start(who);
    }

    /// What somebody's standing is now, told to them.
    pub fn has_up(&mut self, who: Who, servers: &[Address]) {
        if let Some(peer) = self.peers.get_mut(who) {
            peer.standing = Some(Standing { servers: servers.to_vec(), ..Standing::default() });
        }
        self.tell_standing(who);
    }

    /// What somebody has left at the meeting place so far.
    #[must_use]
    pub fn left_by(&self, who: Who) -> Vec<Left> {
        self.internet.left.iter().filter(|left| left.by == who).cloned().collect()
    }

    /// The keys that somebody has asked for so far.
    #[must_use]
    pub fn asked_by(&self, who: Who) -> Vec<[u8; 32]> {
        let own = self.internet.asked.iter().filter(|(by, ..)| *by == who);
        own.map(|(_, _, key)| *key).collect()
    }

    pub(super) fn tell_standing(&mut self, who: Who) {
        if let Some(standing) = self.peers.get(who).and_then(|peer| peer.standing.clone()) {
            self.input(who, Input::Standing(standing));
        }
    }

    pub(super) fn publish(&mut self, who: Who, key: [u8; 32], value: Vec<u8>, life: Duration) {
        self.internet.left.push(Left { by: who, key, value, until: self.now + life });
    }

    pub(super) fn look_up(&mut self, who: Who, lookup: LookupId, key: [u8; 32]) {
        self.internet.asked.push((who, lookup, key));
        if self.internet.silent {
            return;
        }
        // Of one author the last under a key stays.
        let mut there: BTreeMap<Who, Vec<u8>> = BTreeMap::new();
        for left in self.internet.left.iter().filter(|left| left.key == key && left.until > self.now) {
            there.insert(left.by, left.value.clone());
        }
        let planted = self.internet.planted.get(&key).cloned().unwrap_or_default();
        for value in planted.into_iter().chain(there.into_values()) {
            self.input(who, Input::RecordFound { lookup, value });
        }
        self.input(who, Input::LookupEnded { lookup });
    }
}
