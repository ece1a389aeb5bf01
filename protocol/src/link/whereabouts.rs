//! On a live channel each side says over which relays it can be reached, so that whoever loses the channel need not ask
//! the meeting place first.
//!
//! It is said once a channel stands and whenever the relays change; who has none, and had none, says nothing.

use serde::{Deserialize, Serialize};

use crate::{
    address::Relay,
    contact::ContactRow,
    engine::State,
    ids::{LinkId, TransportId},
    limits,
    link::live_channel,
    rendezvous,
    turn::Turn,
    wire::{codec, frame::FrameKind},
};

/// What is said.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Whereabouts {
    /// The network identity of whoever says it.
    pub(crate) peer: TransportId,
    /// Relays that let others in to it.
    pub(crate) relays: Vec<Relay>,
}

/// Tells one peer, once a channel stands.
pub(crate) fn tell(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    if !state.rendezvous.relays().is_empty() {
        say(state, turn, link);
    }
}

/// Tells everybody that the relays changed.
pub(crate) fn tell_all(state: &mut State, turn: &mut Turn<'_>) {
    let proven = state.links.all_live().filter(|(_, live)| live.is_proven());
    let links: Vec<LinkId> = proven.map(|(link, _)| link).collect();
    for link in links {
        say(state, turn, link);
    }
}

/// A contact says over which relays they can be reached; `false` when that is malformed.
pub(crate) fn on_told(state: &mut State, turn: &Turn<'_>, row: ContactRow, bytes: &[u8]) -> bool {
    let Ok(Whereabouts { peer, relays }) = codec::decode::<Whereabouts>(bytes) else { return false };
    if relays.len() > limits::RELAYS_MAX {
        return false;
    }
    if state.settings.internet {
        rendezvous::on_whereabouts(state, turn, row, peer, relays);
    }
    true
}

fn say(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    let Some(peer) = state.reach.own().cloned() else { return };
    let said = Whereabouts { peer, relays: state.rendezvous.relays().to_vec() };
    if let Ok(bytes) = codec::encode(&said) {
        live_channel::send(state, turn, link, FrameKind::Whereabouts, &bytes);
    }
}
