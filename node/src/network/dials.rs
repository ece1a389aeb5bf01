//! Dials that run: each tries its addresses one beside the other, a little apart, until one gives a link.
//!
//! ```text
//! begin ─▶ attempt at the first address ── DIAL_STAGGER later, or as soon as none runs ──▶ at the next …
//!            └─▶ a connection: the dial's choice; others are turned away ─▶ its stream ─▶ opened
//!                   └─ it fails: the rest of the addresses ── none left ─▶ failed
//! ```
//! It knows neither sockets nor clocks: the behaviour of links tells it what happened and when.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use causerie_protocol::{
    address::{Address, Circuit, Transport},
    ids::DialId,
    limits::{DIAL_ADDRESSES_MAX, DIAL_CIRCUITS_MAX},
};
use libp2p::{
    Multiaddr, PeerId,
    swarm::{
        ConnectionId,
        dial_opts::{DialOpts, PeerCondition},
    },
};

use super::{limits, multiaddr};

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Dials {
    running: BTreeMap<DialId, Dial>,
    /// Attempts that run: of which dial, at which address, which may be a relay's.
    attempts: BTreeMap<ConnectionId, (DialId, Address)>,
}

/// One way to somebody.
#[derive(Clone, Debug)]
enum Try {
    At(Address),
    Over(Circuit),
}

#[derive(Debug)]
struct Dial {
    peer: Option<PeerId>,
    tries: VecDeque<Try>,
    /// How many attempts run.
    attempts: usize,
    /// The connection that waits for its stream.
    chosen: Option<ConnectionId>,
    /// When the next address is tried at the latest.
    next_at: Instant,
}

impl Dials {
    /// Begins a dial; `false` when there is no address to try, or one with this number runs already.
    pub(crate) fn begin(
        &mut self,
        id: DialId,
        peer: Option<PeerId>,
        addresses: Vec<Address>,
        circuits: Vec<Circuit>,
        now: Instant,
    ) -> bool {
        let tries = in_order(addresses, circuits);
        if tries.is_empty() || self.running.contains_key(&id) {
            return false;
        }
        let dial = Dial { peer, tries, attempts: 0, chosen: None, next_at: now };
        self.running.insert(id, dial);
        true
    }

    /// The next attempt that is due.
    pub(crate) fn next_attempt(&mut self, now: Instant) -> Option<DialOpts> {
        let (id, dial) = self.running.iter_mut().find(|(_, dial)| dial.is_due(now))?;
        let (opts, address) = match dial.tries.pop_front()? {
            Try::At(address) => (options(dial.peer, &address), address),
            Try::Over(circuit) => (over_relay(&circuit), circuit.relay.address),
        };
        dial.attempts += 1;
        dial.next_at = now + limits::DIAL_STAGGER;
        self.attempts.insert(opts.connection_id(), (*id, address));
        Some(opts)
    }

    /// Whether a connection was begun here.
    pub(crate) fn is_attempt(&self, connection: ConnectionId) -> bool {
        self.attempts.contains_key(&connection)
    }

    /// A connection stands; `false` when its dial has another one already.
    pub(crate) fn connected(&mut self, connection: ConnectionId) -> bool {
        let Some(dial) = self.attempts.get(&connection).and_then(|(id, _)| self.running.get_mut(id)) else {
            return false;
        };
        *dial.chosen.get_or_insert(connection) == connection
    }

    /// Which address of which dial an attempt is at, as long as both go on.
    pub(crate) fn attempt(&self, connection: ConnectionId) -> Option<(DialId, Address)> {
        self.attempts.get(&connection).copied().filter(|(id, _)| self.running.contains_key(id))
    }

    /// A connection has its stream: the dial is over.
    pub(crate) fn opened(&mut self, connection: ConnectionId) -> Option<DialId> {
        let (id, _) = self.attempts.remove(&connection)?;
        self.running.remove(&id).map(|_| id)
    }

    /// An attempt failed, before or after it was connected; names the dial that has failed with it.
    pub(crate) fn failed(&mut self, connection: ConnectionId) -> Option<DialId> {
        let (id, _) = self.attempts.remove(&connection)?;
        let dial = self.running.get_mut(&id)?;
        dial.attempts = dial.attempts.saturating_sub(1);
        dial.chosen = dial.chosen.filter(|chosen| *chosen != connection);
        let over = dial.attempts == 0 && dial.tries.is_empty();
        over.then(|| self.running.remove(&id).map(|_| id)).flatten()
    }

    /// When [`Self::next_attempt`] has something again, as far as only time matters.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let waiting = self.running.values().filter(|dial| dial.is_waiting());
        waiting.map(|dial| dial.next_at).min()
    }

    /// How many dials run.
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }
}

impl Dial {
    fn is_waiting(&self) -> bool {
        self.chosen.is_none() && !self.tries.is_empty()
    }

    fn is_due(&self, now: Instant) -> bool {
        self.is_waiting() && (self.attempts == 0 || self.next_at <= now)
    }
}

/// Addresses first, but relays before the third: whoever is behind a router answers at none of their addresses.
fn in_order(addresses: Vec<Address>, circuits: Vec<Circuit>) -> VecDeque<Try> {
    let mut tries: VecDeque<Try> = addresses.into_iter().take(DIAL_ADDRESSES_MAX).map(Try::At).collect();
    let others = tries.split_off(tries.len().min(limits::ADDRESSES_BEFORE_RELAYS));
    tries.extend(circuits.into_iter().take(DIAL_CIRCUITS_MAX).map(Try::Over));
    tries.extend(others);
    tries
}

/// How somebody behind a relay is dialled. What is no network identity is dialled at no address, and fails.
fn over_relay(circuit: &Circuit) -> DialOpts {
    match multiaddr::behind(circuit) {
        Some((peer, address)) => {
            DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(vec![address]).build()
        }
        None => DialOpts::unknown_peer_id().address(Multiaddr::empty()).build(),
    }
}

/// How one address is dialled. TCP takes a new port: with the listener's, a second connection to the same peer could
/// not tell itself from the first. QUIC keeps the listener's socket, so that the peer sees where we can be dialled.
fn options(peer: Option<PeerId>, address: &Address) -> DialOpts {
    let new_port = address.transport == Transport::Tcp;
    let address = multiaddr::to_multiaddr(address);
    match peer {
        Some(peer) => {
            let dial = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(vec![address]);
            if new_port { dial.allocate_new_port() } else { dial }.build()
        }
        None => {
            let dial = DialOpts::unknown_peer_id().address(address);
            if new_port { dial.allocate_new_port() } else { dial }.build()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use causerie_protocol::{address::Relay, ids::TransportId};
    use libp2p::multihash::Multihash;

    use super::*;

    fn addresses(count: u16) -> Vec<Address> {
        let address = |port| Address { transport: Transport::Tcp, ip: Ipv4Addr::LOCALHOST.into(), port };
        (1..=count).map(address).collect()
    }

    fn begun(count: u16) -> (Dials, DialId, Instant) {
        let (mut dials, id, now) = (Dials::default(), DialId::new(1), Instant::now());
        assert!(dials.begin(id, None, addresses(count), Vec::new(), now));
        (dials, id, now)
    }

    #[test]
    fn addresses_are_tried_a_little_apart() {
        let (mut dials, _, now) = begun(2);
        assert!(dials.next_attempt(now).is_some());
        assert!(dials.next_attempt(now).is_none());
        let due = now + limits::DIAL_STAGGER;
        assert_eq!(dials.next_due(), Some(due));
        assert!(dials.next_attempt(due - Duration::from_nanos(1)).is_none());
        assert!(dials.next_attempt(due).is_some());
        assert_eq!(dials.next_due(), None);
    }

    #[test]
    fn a_failed_attempt_lets_the_next_begin_at_once_and_the_last_ends_the_dial() {
        let (mut dials, id, now) = begun(2);
        let first = dials.next_attempt(now).unwrap().connection_id();
        assert_eq!(dials.attempt(first), Some((id, addresses(1)[0])));
        assert_eq!(dials.failed(first), None);
        assert_eq!(dials.attempt(first), None);
        assert_eq!(dials.failed(first), None);
        let second = dials.next_attempt(now).unwrap().connection_id();
        assert_eq!(dials.failed(second), Some(id));
        assert_eq!(dials.failed(second), None);
        assert_eq!(dials.len(), 0);
        assert!(dials.attempts.is_empty());
    }

    #[test]
    fn the_first_connection_is_chosen_and_opens_once() {
        let (mut dials, id, now) = begun(3);
        let first = dials.next_attempt(now).unwrap().connection_id();
        let second = dials.next_attempt(now + limits::DIAL_STAGGER).unwrap().connection_id();
        assert!(dials.connected(second));
        assert!(!dials.connected(first));
        assert_eq!(dials.failed(first), None);
        assert!(dials.next_attempt(now + limits::CONNECT_PATIENCE).is_none());
        assert_eq!(dials.opened(second), Some(id));
        assert_eq!(dials.opened(second), None);
        assert_eq!(dials.failed(second), None);
    }

    #[test]
    fn a_connection_without_a_stream_gives_way_to_the_next_address() {
        let (mut dials, id, now) = begun(2);
        let first = dials.next_attempt(now).unwrap().connection_id();
        assert!(dials.connected(first));
        assert_eq!(dials.failed(first), None);
        let second = dials.next_attempt(now).unwrap().connection_id();
        assert!(dials.connected(second));
        assert_eq!(dials.failed(second), Some(id));
    }

    #[test]
    fn an_attempt_that_comes_after_its_dial_is_turned_away() {
        let (mut dials, id, now) = begun(2);
        let first = dials.next_attempt(now).unwrap().connection_id();
        let second = dials.next_attempt(now + limits::DIAL_STAGGER).unwrap().connection_id();
        assert!(dials.connected(first));
        assert_eq!(dials.opened(first), Some(id));
        assert!(!dials.connected(second));
        assert_eq!(dials.failed(second), None);
        assert!(dials.attempts.is_empty());
    }

    #[test]
    fn dials_are_bounded_and_numbered_once() {
        let (mut dials, id, now) = begun(20);
        assert!(!dials.begin(id, None, addresses(1), Vec::new(), now));
        assert!(!dials.begin(DialId::new(2), None, addresses(0), Vec::new(), now));
        for failures in 1.. {
            let attempt = dials.next_attempt(now).unwrap().connection_id();
            if dials.failed(attempt).is_some() {
                assert_eq!(failures, DIAL_ADDRESSES_MAX);
                break;
            }
        }
    }

    #[test]
    fn relays_are_tried_before_the_third_address() {
        let id = |byte| {
            TransportId::new(
                &PeerId::from_multihash(Multihash::wrap(0, &[byte; 32]).unwrap()).unwrap().to_bytes(),
            )
        };
        let (relay, peer) = (id(1).unwrap(), id(2).unwrap());
        let circuit = Circuit { relay: Relay { id: relay, address: addresses(9)[8] }, peer };
        let (mut dials, id, now) = (Dials::default(), DialId::new(1), Instant::now());
        assert!(dials.begin(id, None, addresses(3), vec![circuit.clone(), circuit], now));
        let mut places = Vec::new();
        for _ in 0..5 {
            let attempt = dials.next_attempt(now).unwrap().connection_id();
            assert!(dials.is_attempt(attempt));
            places.push(dials.attempt(attempt).map(|(_, address)| address.port));
            dials.failed(attempt);
        }
        assert_eq!(places, [Some(1), Some(2), Some(9), Some(9), Some(3)]);
        assert_eq!(dials.len(), 0);
    }
}
