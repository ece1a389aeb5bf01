//! After each live handshake, and on every change, both sides say where they can be dialled. Only what somebody else
//! could dial is said or taken: no names, no relays, no link-local or foreign loopback addresses. Who does not want
//! contacts to learn where they are says nothing.

use crate::{
    address::Address,
    contact::ContactRow,
    engine::State,
    ids::LinkId,
    limits,
    link::live_channel,
    reach::direct,
    records::RecordsError,
    rendezvous,
    turn::Turn,
    wire::{codec, frame::FrameKind},
};

/// Tells one peer where we listen.
pub(crate) fn tell(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    if !state.settings.direct {
        return;
    }
    let mut own = rendezvous::own_addresses(state);
    own.truncate(limits::ADDRESSES_PER_CONTACT_MAX);
    if let Ok(bytes) = codec::encode(&own) {
        live_channel::send(state, turn, link, FrameKind::Addresses, &bytes);
    }
}

/// Tells everybody.
pub(crate) fn tell_all(state: &mut State, turn: &mut Turn<'_>) {
    let links: Vec<LinkId> = state.links.all_live().map(|(link, _)| link).collect();
    for link in links {
        tell(state, turn, link);
    }
}

/// A contact says where they can be dialled; `false` when that is malformed.
pub(crate) fn on_told(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    bytes: &[u8],
) -> Result<bool, RecordsError> {
    let Ok(told) = codec::decode::<Vec<Address>>(bytes) else { return Ok(false) };
    let loopback = state.settings.loopback;
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(true) };
    let mut addresses: Vec<Address> = Vec::new();
    for address in told.into_iter().filter(|address| address.is_dialable(loopback)) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    for known in &contact.addresses {
        if !addresses.contains(known) {
            addresses.push(*known);
        }
    }
    addresses.truncate(limits::ADDRESSES_PER_CONTACT_MAX);
    if contact.addresses != addresses {
        contact.addresses = addresses;
        state.contacts.save(turn, row)?;
    }
    direct::attempt(state, turn, row);
    Ok(true)
}
