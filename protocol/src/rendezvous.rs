//! Finding each other on the internet: what each side leaves at the meeting place for the other, and looks up there.
//!
//! ```text
//! Standing ─▶ for everybody absent:  a record that only they can find and open ─▶ PublishRecord
//!                                    LookUp ─▶ theirs ─▶ a place ─▶ dialled, over relays too
//! ```
//!
//! The meeting place is anybody's: it sees who leaves and asks what from where, but no identities, and what it answers is
//! believed only where a key of the pair, or of the link, opens it. A record costs at most a dial, in which whoever answers
//! has to prove themselves as always. Nothing is left or asked for blocked and removed people, nor by who is told to
//! stay off the internet. Before the driver tells of a meeting place nothing here does anything.

mod asking;
mod clocks;
pub mod day_chain;
mod publishing;
pub mod record;
mod servers;

use std::collections::BTreeMap;

pub(crate) use asking::{ask, is_asking, look_for, on_ended, on_found};
pub(crate) use publishing::{go_on as publish, on_round};
pub(crate) use servers::{forget as forget_servers, on_told as on_servers, remembered as remembered_servers};

use crate::{
    address::{Address, Relay},
    contact::{ContactRow, invitation::InvitationRow},
    engine::State,
    event::Event,
    ids::TransportId,
    input::Standing,
    limits,
    link::{self, addresses, whereabouts},
    moment::WallTime,
    output::Output,
    reach::direct,
    records::RecordsError,
    turn::Turn,
};

use asking::Asking;
use clocks::Clocks;
use publishing::{Publishing, Subject};
use servers::Servers;

/// Everything that meeting on the internet goes by.
#[derive(Debug, Default)]
pub(crate) struct Rendezvous {
    standing: Standing,
    /// The driver has told of the world beyond this network since the start.
    in_use: bool,
    clocks: Clocks,
    publishing: Publishing,
    asking: Asking,
    places: BTreeMap<ContactRow, Place>,
    servers: Servers,
}

/// Where a contact said last that they are, for as long as nothing speaks against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Their network identity.
    pub(crate) peer: TransportId,
    /// Where they can be dialled.
    pub(crate) addresses: Vec<Address>,
    /// Relays that let others in to them.
    pub(crate) relays: Vec<Relay>,
    /// When they said so, by their clock.
    pub(crate) made_at: WallTime,
}

impl Rendezvous {
    /// Reads what is kept of it.
    pub(crate) fn load(turn: &Turn<'_>) -> Result<Self, RecordsError> {
        Ok(Self { clocks: Clocks::load(turn)?, servers: Servers::load(turn)?, ..Self::default() })
    }

    /// Where this contact said last that they are.
    pub(crate) fn place(&self, row: ContactRow) -> Option<&Place> {
        self.places.get(&row)
    }

    /// How we stand beyond this network.
    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Relays that let others in to us.
    pub(crate) fn relays(&self) -> &[Relay] {
        &self.standing.relays
    }

    /// Where anybody can dial us.
    pub(crate) fn public(&self) -> &[Address] {
        &self.standing.public
    }

    /// Whether the world beyond this network has come into it since the start.
    pub(crate) const fn is_in_use(&self) -> bool {
        self.in_use
    }
}

/// What the world knows of us changed.
pub(crate) fn on_standing(state: &mut State, turn: &mut Turn<'_>, mut standing: Standing) {
    if !state.settings.internet {
        return;
    }
    let loopback = state.settings.loopback;
    standing.public.retain(|address| state.settings.direct && address.is_dialable(loopback));
    standing.public.truncate(limits::ADDRESSES_PER_CONTACT_MAX);
    standing.relays.retain(|relay| relay.address.is_dialable(loopback));
    standing.relays.truncate(limits::RELAYS_MAX);
    // Those of contacts are not passed on: otherwise one server would spread over everybody who knows somebody.
    standing.servers.retain(|server| server.is_public(loopback) && state.settings.servers.contains(server));
    if state.settings.serves {
        standing.servers.splice(..0, standing.public.iter().filter(|one| one.is_public(loopback)).copied());
    }
    standing.servers.truncate(limits::SERVERS_TOLD_MAX);
    if state.rendezvous.standing.servers != standing.servers {
        state.rendezvous.standing.servers.clone_from(&standing.servers);
        link::servers::tell_all(state, turn);
    }
    let is_first = !std::mem::replace(&mut state.rendezvous.in_use, true);
    if state.rendezvous.standing == standing && !is_first {
        return;
    }
    turn.push(Output::Notify(Event::Standing { standing: standing.clone() }));
    let before = std::mem::replace(&mut state.rendezvous.standing, standing);
    if before.relays != state.rendezvous.standing.relays {
        whereabouts::tell_all(state, turn);
    }
    if before.public != state.rendezvous.standing.public {
        addresses::tell_all(state, turn);
        direct::on_own_addresses(state, turn);
    }
    on_changed(state, turn);
}

/// Something changed for which everybody absent is worth a try: what we say of ourselves, our secrets, the network.
pub(crate) fn on_changed(state: &mut State, turn: &mut Turn<'_>) {
    publishing::soon(state, turn);
    asking::look_for_all(state, turn);
}

/// A link was made: whoever gets it may ask for its maker a moment later.
pub(crate) fn on_invited(state: &mut State, turn: &Turn<'_>, row: InvitationRow) {
    publishing::now(state, turn, Subject::Invitation(row));
}

/// The machine slept, or a clock was set: what was left may be gone, however little time seems to have passed.
pub(crate) fn on_resumed(state: &mut State) {
    state.rendezvous.publishing.forget_all();
}

/// A contact is here: nothing is asked any more.
pub(crate) fn on_contact_online(state: &mut State, row: ContactRow) {
    asking::stop(state, row);
}

/// A contact is gone: they are to find us, and we them.
pub(crate) fn on_contact_offline(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    publishing::now(state, turn, Subject::Contact(row));
    look_for(state, turn, row);
}

/// A contact's device said what its clock shows, inside an authenticated channel.
pub(crate) fn on_clock(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    theirs: WallTime,
) -> Result<(), RecordsError> {
    let in_use = state.rendezvous.in_use;
    state.rendezvous.clocks.note(turn, row, theirs, in_use)?;
    let Some(contact) = state.contacts.get_mut(row).filter(|_| in_use) else { return Ok(()) };
    // Not later than either says: a key that the other side still uses must not go.
    let evident = state.evidence.stands().min(turn.now.wall).min(theirs).day();
    let mut moved = false;
    for pair in &mut contact.pairs {
        moved |= day_chain::advance(pair, evident);
    }
    if moved {
        state.contacts.save(turn, row)?;
        state.identity_changed();
    }
    Ok(())
}

/// A contact said on a channel by which relays they can be reached.
pub(crate) fn on_whereabouts(
    state: &mut State,
    turn: &Turn<'_>,
    row: ContactRow,
    peer: TransportId,
    relays: Vec<Relay>,
) {
    let place = Place { peer, addresses: Vec::new(), relays, made_at: their_now(state, turn, row) };
    take_place(state, row, place);
}

/// A dial to this contact led nowhere, or to somebody else, with what they had said then.
pub(crate) fn on_place_failed(state: &mut State, row: ContactRow, said_at: WallTime) {
    let places = &mut state.rendezvous.places;
    if places.get(&row).is_some_and(|place| place.made_at == said_at) {
        places.remove(&row);
    }
}

/// A contact is removed: nothing is kept of where they were.
pub(crate) fn forget(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    asking::stop(state, row);
    state.rendezvous.places.remove(&row);
    state.rendezvous.publishing.forget(Subject::Contact(row));
    state.rendezvous.clocks.forget(turn, row);
    forget_servers(state, turn, row)
}

/// Takes a place over, as far as it can be dialled; whether there is anything to dial.
fn take_place(state: &mut State, row: ContactRow, mut place: Place) -> bool {
    let loopback = state.settings.loopback;
    let own = state.reach.own().cloned();
    place.addresses.retain(|address| address.is_dialable(loopback));
    place.relays.retain(|relay| relay.address.is_dialable(loopback) && Some(&relay.id) != own.as_ref());
    let is_empty = place.addresses.is_empty() && place.relays.is_empty();
    if is_empty || Some(&place.peer) == own.as_ref() {
        state.rendezvous.places.remove(&row);
        return false;
    }
    state.rendezvous.places.insert(row, place);
    true
}

/// What a contact's clock shows now, as far as is known.
fn their_now(state: &State, turn: &Turn<'_>, row: ContactRow) -> WallTime {
    clocks::shifted(turn.now.wall, state.rendezvous.clocks.difference(row))
}

/// Whether the meeting place is to be used now.
const fn is_open(state: &State) -> bool {
    state.settings.internet && state.rendezvous.standing.meeting_place && state.settings.room.is_enough()
}

/// Where we can be dialled, as we say it.
pub(crate) fn own_addresses(state: &State) -> Vec<Address> {
    if !state.settings.direct {
        return Vec::new();
    }
    let mut addresses: Vec<Address> = state.rendezvous.public().to_vec();
    for address in state.reach.listening() {
        if !addresses.contains(address) {
            addresses.push(*address);
        }
    }
    addresses
}
