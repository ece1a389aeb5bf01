//! A channel over a relay is a way round: while it stands, addresses that a contact tells are tried from here too.
//!
//! Each is tried once while the channel stands, and again only when our own addresses change; a try begins at most every
//! `limits::REDIAL_MAX`, whatever they tell. A channel that comes of it takes the place of the relayed one.

use std::collections::BTreeSet;

use super::{Target, is_allowed};
use crate::{
    address::Address, answer::Path, contact::ContactRow, engine::State, limits, moment::Moment, timer::Timer,
    turn::Turn,
};

/// What was tried beside one relayed channel.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    tried: BTreeSet<Address>,
    last: Option<Moment>,
}

/// Addresses that are tried beside one relayed channel. Chosen: all that one contact is remembered with, a few times
/// over; who tells more is not believed any more.
const TRIED_MAX: usize = 4 * limits::ADDRESSES_PER_CONTACT_MAX;

/// A contact with whom we talk over a relay may be reached directly: what was not tried yet is.
pub(crate) fn attempt(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    state.timers.cancel(Timer::TryDirect(row));
    if state.path(row) != Some(Path::Relayed) {
        return;
    }
    let now = turn.now.moment;
    if state.reach.is_dialling(row) {
        state.timers.set(Timer::TryDirect(row), now + limits::REDIAL_MAX);
        return;
    }
    let Some(contact) = state.contacts.get(row) else { return };
    let loopback = state.settings.loopback;
    let tries = state.reach.tries.entry(row).or_default();
    let is_new = |address: &&Address| {
        let is_public = loopback || !address.is_private();
        is_public && is_allowed(&state.settings, address) && !tries.tried.contains(*address)
    };
    let new: Vec<Address> = contact.addresses.iter().filter(is_new).copied().collect();
    if new.is_empty() || tries.tried.len() + new.len() > TRIED_MAX {
        return;
    }
    if let Some(next) = tries.last.map(|last| last + limits::REDIAL_MAX).filter(|next| *next > now) {
        state.timers.set(Timer::TryDirect(row), next);
        return;
    }
    tries.tried.extend(&new);
    tries.last = Some(now);
    state.reach.dial(turn, Target::Contact(row), None, new);
}

/// Where we can be dialled changed, so perhaps we can dial now what we could not.
pub(crate) fn on_own_addresses(state: &mut State, turn: &mut Turn<'_>) {
    let rows: Vec<ContactRow> = state.reach.tries.keys().copied().collect();
    for row in rows {
        if let Some(tries) = state.reach.tries.get_mut(&row) {
            tries.tried.clear();
        }
        attempt(state, turn, row);
    }
}

/// The contact is gone: what was tried beside their channel says nothing of the next one.
pub(crate) fn forget(state: &mut State, row: ContactRow) {
    state.timers.cancel(Timer::TryDirect(row));
    state.reach.tries.remove(&row);
}
