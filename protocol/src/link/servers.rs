//! On a live channel each side says where the servers are by which it meets people beyond this network, so that whoever
//! knows none can begin with them.
//!
//! Only those are said that the person named and that are up, and ourselves where we are one: once a channel stands, and
//! whenever they change; who has none says nothing.

use crate::{
    address::Address,
    contact::ContactRow,
    engine::State,
    ids::LinkId,
    limits,
    link::live_channel,
    records::RecordsError,
    rendezvous,
    turn::Turn,
    wire::{codec, frame::FrameKind},
};

/// Tells one peer, once a channel stands.
pub(crate) fn tell(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    let servers = &state.rendezvous.standing().servers;
    if servers.is_empty() {
        return;
    }
    if let Ok(bytes) = codec::encode(servers) {
        live_channel::send(state, turn, link, FrameKind::Servers, &bytes);
    }
}

/// Tells everybody that they changed.
pub(crate) fn tell_all(state: &mut State, turn: &mut Turn<'_>) {
    let proven = state.links.all_live().filter(|(_, live)| live.is_proven());
    let links: Vec<LinkId> = proven.map(|(link, _)| link).collect();
    for link in links {
        tell(state, turn, link);
    }
}

/// A contact says where theirs are; `false` when that is malformed.
pub(crate) fn on_told(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    bytes: &[u8],
) -> Result<bool, RecordsError> {
    let Ok(told) = codec::decode::<Vec<Address>>(bytes) else { return Ok(false) };
    if told.len() > limits::SERVERS_TOLD_MAX {
        return Ok(false);
    }
    rendezvous::on_servers(state, turn, row, &told)?;
    Ok(true)
}
