//! Who announces themselves on this network: one of two who hear each other dials, and the other one only where nothing
//! comes of that.

use core::time::Duration;

use super::{Reach, Settings, Target, longer, shortened};
use crate::{
    address::Address,
    engine::State,
    ids::TransportId,
    limits,
    moment::Moment,
    testing::plant::{self, Plant},
    timer::Timer,
    turn::Turn,
};

/// Somebody on this network.
#[derive(Debug)]
pub(super) struct Discovered {
    pub(super) addresses: Vec<Address>,
    pub(super) nobody: bool,
    /// The last wait between two tries, since they were met or announced something new.
    pub(super) wait: Option<Duration>,
    /// When they are tried next.
    pub(super) due: Option<Moment>,
}

impl Reach {
    /// Whoever is there turned out to be somebody whom we know, whatever came of another link.
    pub(crate) fn is_somebody(&mut self, peer: &TransportId) {
        if let Some(known) = self.discovered.get_mut(peer) {
            known.wait = None;
            known.nobody = false;
        }
    }
}

/// Somebody announces themselves.
pub(crate) fn on_discovered(
    state: &mut State,
    turn: &mut Turn<'_>,
    peer: TransportId,
    addresses: Vec<Address>,
) {
    let Settings { loopback, internet, direct, .. } = state.settings;
    let reach = &mut state.reach;
    if reach.own.as_ref() == Some(&peer) || !direct {
        return;
    }
    let is_full = reach.discovered.len() >= limits::DISCOVERED_PEERS_MAX;
    if is_full && !reach.discovered.contains_key(&peer) && !plant::is(Plant::DiscoveredUnbounded) {
        return;
    }
    let mut addresses: Vec<Address> = addresses
        .into_iter()
        .filter(|one| one.is_dialable_nearby(loopback) && (internet || one.is_private()))
        .collect();
    addresses.truncate(limits::DIAL_ADDRESSES_MAX);
    let nobody = reach.discovered.get(&peer).is_some_and(|known| known.nobody);
    let ours = reach.own.as_ref().is_some_and(|own| *own < peer);
    let wanted = !nobody && !reach.is_linked(&peer);
    // Their side may not have heard of us: then we dial after all.
    let due = (wanted && !ours).then(|| turn.now.moment + limits::NEARBY_PATIENCE);
    let known = Discovered { addresses: addresses.clone(), nobody, wait: None, due };
    reach.discovered.insert(peer.clone(), known);
    if wanted && ours {
        reach.dial(turn, Target::Discovered(peer.clone()), Some(peer), addresses);
    }
    schedule(state);
}

/// Whoever is near and should have dialled us has had time to, or did not let us in the last time.
pub(crate) fn on_due(state: &mut State, turn: &mut Turn<'_>) {
    let now = turn.now.moment;
    let mut near = Vec::new();
    for (peer, known) in &mut state.reach.discovered {
        if known.due.take_if(|due| *due <= now).is_some() && !known.nobody {
            near.push((peer.clone(), known.addresses.clone()));
        }
    }
    for (peer, addresses) in near {
        // Once a link that stands is gone it is their turn again.
        if !state.reach.is_linked(&peer) {
            state.reach.dial(turn, Target::Discovered(peer.clone()), Some(peer), addresses);
        }
    }
    schedule(state);
}

/// Somebody no longer announces themselves.
pub(crate) fn on_expired(state: &mut State, peer: &TransportId) {
    state.reach.discovered.remove(peer);
}

/// Somebody near could not be met: once more, unless they are gone or nobody we know.
pub(super) fn retry(state: &mut State, turn: &mut Turn<'_>, peer: &TransportId) {
    let Some(known) = state.reach.discovered.get_mut(peer) else {
        return;
    };
    if state.reach.online && !known.nobody && known.due.is_none() {
        let wait = longer(known.wait);
        known.wait = Some(wait);
        known.due = Some(shortened(turn, wait));
        schedule(state);
    }
}

/// The timer of all who are near goes by whoever is due first.
pub(super) fn schedule(state: &mut State) {
    match state.reach.discovered.values().filter_map(|known| known.due).min() {
        Some(due) => state.timers.set(Timer::Nearby, due),
        None => state.timers.cancel(Timer::Nearby),
    }
}
