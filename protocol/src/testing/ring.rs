//! The ring on a bench's disk: what is in it, and everything that can befall it.

use super::{Bench, Peer, Who, Written};
use crate::{
    output::ChangeSet,
    vault::{
        self, Vault,
        ring::{Slot, Slots},
    },
};

impl Peer {
    /// The two slots as they lie on the disk.
    #[must_use]
    pub fn ring(&self) -> Slots {
        let mut slots = Slots::default();
        for written in &self.written {
            if let Written::Ring(slot, bytes) = written {
                *slot.of_mut(&mut slots) = Some(bytes.clone());
            }
        }
        slots
    }

    /// The keys as a thief of the disk and of what opens it has them; `None` when they do not belong together.
    #[must_use]
    pub fn vault(&self) -> Option<Vault> {
        let mut vault = Vault::open(&self.header, &self.wrapping).ok()?;
        let _generations = vault.open_ring(&self.ring());
        Some(vault)
    }
}

impl Bench {
    /// How many slots of a ring a disk has seen written.
    #[must_use]
    pub fn slots_written(&self, who: Who) -> usize {
        let written = self.peers.get(who).map(|peer| peer.written.as_slice()).unwrap_or_default();
        written.iter().filter(|written| matches!(written, Written::Ring(..))).count()
    }

    /// A stopped engine's disk wrote only half of what it wrote last, if that is a slot; tells whether it is.
    pub fn tear_last_write(&mut self, who: Who) -> bool {
        match self.peers.get_mut(who).and_then(|peer| peer.written.last_mut()) {
            Some(Written::Ring(_, bytes)) => {
                bytes.iter_mut().skip(vault::ring::SLOT_BYTES / 2).for_each(|byte| *byte = 0);
                true
            }
            _ => false,
        }
    }

    /// These bytes lie in the ring of a stopped engine; `None`: no such slot.
    pub fn put_ring(&mut self, who: Who, slots: &Slots) {
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        peer.written.retain(|written| !matches!(written, Written::Ring(..)));
        for slot in Slot::BOTH {
            let bytes = slot.of(slots).clone();
            peer.written.extend(bytes.map(|bytes| Written::Ring(slot, bytes)));
        }
    }

    /// A stopped engine's home becomes what a version without a ring would have left.
    pub fn age_before_ring(&mut self, who: Who) {
        let Some(peer) = self.peers.get_mut(who) else {
            return;
        };
        let Some((full, bare)) = peer.vault().zip(Vault::open(&peer.header, &peer.wrapping).ok()) else {
            return;
        };
        let mut changes = ChangeSet::default();
        for (key, sealed) in peer.store.0.iter().filter(|(key, _)| vault::is_session_state(key)) {
            let plain = full.unseal(key, sealed);
            let value = plain.map(|plain| bare.seal(&mut self.random, key, &plain));
            changes.writes.insert(key.clone(), value);
        }
        changes.writes.insert(bare.family(b'A', &[b"ring"]).to_vec(), None);
        peer.store.apply(&changes);
        peer.written.push(Written::Changes(changes));
        self.put_ring(who, &Slots::default());
    }
}
