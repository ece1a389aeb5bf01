//! Trying again to get through both routers: libp2p tries when a relayed connection begins, three times within seconds, and
//! never again.
//!
//! ```text
//! relayed, by our dial ── 5 s, 10 s … 10 min ──▶ another relayed connection for a moment: both sides dial ──▶ …
//!      └─ directly connected, or not even relayed ─▶ forgotten
//! ```
//! Whoever dialled over the relay does it, since the other side cannot: it does not know where we wait.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId};

use super::limits;

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Punching {
    peers: BTreeMap<PeerId, Relayed>,
}

#[derive(Debug, Default)]
struct Relayed {
    /// Connections over relays, and direct ones.
    relayed: usize,
    direct: usize,
    /// Where they were dialled, if it was we who did.
    over: Option<Multiaddr>,
    wait: Duration,
    due: Option<Instant>,
}

impl Punching {
    /// A connection stands: `dialled` is the address if we dialled it.
    pub(crate) fn connected(
        &mut self,
        peer: PeerId,
        relayed: bool,
        dialled: Option<&Multiaddr>,
        now: Instant,
    ) {
        if !relayed {
            if let Some(known) = self.peers.get_mut(&peer) {
                known.direct += 1;
            }
            return;
        }
        let known = self.peers.entry(peer).or_default();
        known.relayed += 1;
        if known.over.is_none()
            && let Some(address) = dialled
        {
            known.over = Some(address.clone());
            known.wait = limits::PUNCH_FIRST;
            known.due = Some(now + known.wait);
        }
    }

    /// A connection is gone.
    pub(crate) fn disconnected(&mut self, peer: &PeerId, relayed: bool) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        if relayed {
            known.relayed = known.relayed.saturating_sub(1);
        } else {
            known.direct = known.direct.saturating_sub(1);
        }
        if known.relayed == 0 {
            self.peers.remove(peer);
        }
    }

    /// Whom to try now, and where to dial them for it.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(PeerId, Multiaddr)> {
        for (peer, known) in &mut self.peers {
            if known.due.take_if(|due| *due <= now).is_some() {
                known.wait = (known.wait * 2).min(limits::PUNCH_MAX);
                known.due = Some(now + known.wait);
                if known.direct == 0
                    && let Some(address) = &known.over
                {
                    return Some((*peer, address.clone()));
                }
            }
        }
        None
    }

    /// When [`Self::next`] has somebody.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.peers.values().filter_map(|known| known.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stays_relayed_is_tried_after_longer_and_longer_waits() {
        let (mut punching, peer, start) = (Punching::default(), PeerId::random(), Instant::now());
        let address: Multiaddr = "/ip4/203.0.113.1/tcp/1".parse().unwrap();
        punching.connected(peer, true, Some(&address), start);
        let mut now = start;
        let mut waits = Vec::new();
        for _ in 0..9 {
            let due = punching.next_due().unwrap();
            waits.push((due - now).as_secs());
            assert_eq!(punching.next(due - Duration::from_nanos(1)), None);
            now = due;
            assert_eq!(punching.next(now), Some((peer, address.clone())));
            // What comes of it does not begin the waits anew.
            punching.connected(peer, true, Some(&address), now);
            punching.disconnected(&peer, true);
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        punching.disconnected(&peer, true);
        assert_eq!(punching.next_due(), None);
        assert!(punching.peers.is_empty());
    }

    #[test]
    fn nobody_is_tried_who_is_connected_directly_or_dialled_us() {
        let (mut punching, peer, now) = (Punching::default(), PeerId::random(), Instant::now());
        punching.connected(peer, true, None, now);
        assert_eq!(punching.next_due(), None);
        let address: Multiaddr = "/ip4/203.0.113.1/tcp/1".parse().unwrap();
        punching.connected(peer, true, Some(&address), now);
        punching.connected(peer, false, None, now);
        let due = punching.next_due().unwrap();
        assert_eq!(punching.next(due), None);
        // The direct connection is gone again.
        punching.disconnected(&peer, false);
        let due = punching.next_due().unwrap();
        assert_eq!(punching.next(due), Some((peer, address)));
        // Connections of others count for nothing.
        punching.connected(PeerId::random(), false, None, now);
        assert_eq!(punching.peers.len(), 1);
    }
}
