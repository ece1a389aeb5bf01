//! What a person decides about a contact. Each decision is checked before anything is written, is durable before it
//! is answered, and tells the other side nothing but what their next hello shows.

use crate::{
    answer::{Answer, CommandError, ContactState, Halt, Verification},
    command::Reference,
    contact::{ContactRow, MERGED_MAX, introduction},
    delivery::{self, conversations},
    engine::State,
    event::Event,
    link, name, purge, rendezvous,
    turn::Turn,
};

/// All that a person sees, oldest first.
pub(crate) fn list(state: &State) -> Answer {
    Answer::Contacts(state.contacts.listed().filter_map(|(row, _)| state.contact_view(row)).collect())
}

/// Lets a request become a contact. They learn it by our next hello.
pub(crate) fn accept(state: &mut State, turn: &mut Turn<'_>, who: &Reference) -> Result<Answer, Halt> {
    let row = listed(state, who)?;
    match state.contacts.get(row).map(|contact| contact.state) {
        Some(ContactState::Request) => {}
        Some(ContactState::Active) => return answer(state, row),
        _ => return Err(CommandError::WrongState("only a request can be accepted").into()),
    }
    if let Some(contact) = state.contacts.get_mut(row) {
        contact.state = ContactState::Active;
    }
    changed(state, turn, row)?;
    delivery::introduce_ourselves(state, turn, row)?;
    introduction::on_consent(state, turn, row);
    state.secrets_changed(turn);
    answer(state, row)
}

/// Forgets a request; the same answer to the same link is not a request again.
pub(crate) fn ignore(state: &mut State, turn: &mut Turn<'_>, who: &Reference) -> Result<Answer, Halt> {
    let row = listed(state, who)?;
    if state.contacts.get(row).map(|contact| contact.state) != Some(ContactState::Request) {
        return Err(CommandError::WrongState("only a request can be ignored").into());
    }
    forget(state, turn, row, false)?;
    Ok(Answer::Done)
}

/// The numbers were compared: what is known of their keys now is theirs.
pub(crate) fn verify(state: &mut State, turn: &mut Turn<'_>, who: &Reference) -> Result<Answer, Halt> {
    let row = listed(state, who)?;
    match state.contacts.get(row) {
        Some(contact) if contact.device.is_some() && contact.state == ContactState::Active => {}
        _ => {
            return Err(
                CommandError::WrongState("only an active contact has a safety number to compare").into()
            );
        }
    }
    // The number is the account's, and with it all devices that are known now are theirs.
    let devices = state.contacts.rows_of(row);
    let is_withheld = |device: &ContactRow| delivery::is_withheld(state, *device);
    let withheld: Vec<ContactRow> = devices.iter().copied().filter(is_withheld).collect();
    for device in devices {
        if let Some(contact) = state.contacts.get_mut(device) {
            contact.verification = Verification::Verified;
        }
        state.contacts.save(turn, device)?;
        if withheld.contains(&device) {
            // It asked for much in vain, and asks anew on another channel.
            for link in state.links.of(device) {
                link::close(state, turn, link, "what was kept back is asked for anew");
            }
        } else {
            delivery::pump(state, turn, device)?;
        }
    }
    changed(state, turn, row)?;
    answer(state, row)
}

/// Refuses them from now on; keys and history stay.
pub(crate) fn block(state: &mut State, turn: &mut Turn<'_>, who: &Reference) -> Result<Answer, Halt> {
    let row = listed(state, who)?;
    if let Some(contact) = state.contacts.get_mut(row)
        && contact.state != ContactState::Blocked
    {
        contact.state_before_block = Some(contact.state);
        contact.state = ContactState::Blocked;
        for row in state.contacts.rows_of(row) {
            rendezvous::forget_servers(state, turn, row)?;
        }
        changed(state, turn, row)?;
        hang_up(state, turn, row);
    }
    answer(state, row)
}

/// Takes a block back.
pub(crate) fn unblock(state: &mut State, turn: &mut Turn<'_>, who: &Reference) -> Result<Answer, Halt> {
    let row = listed(state, who)?;
    let Some(contact) = state.contacts.get_mut(row).filter(|contact| contact.state == ContactState::Blocked)
    else {
        return Err(CommandError::WrongState("this contact is not blocked").into());
    };
    contact.state = contact.state_before_block.take().unwrap_or(ContactState::Active);
    changed(state, turn, row)?;
    state.secrets_changed(turn);
    answer(state, row)
}

/// Gives them the name that we see.
pub(crate) fn rename(
    state: &mut State,
    turn: &mut Turn<'_>,
    who: &Reference,
    name: &str,
) -> Result<Answer, Halt> {
    let row = listed(state, who)?;
    let name = name::check(name).map_err(|_| CommandError::BadName)?;
    if let Some(contact) = state.contacts.get_mut(row) {
        name.as_str().clone_into(&mut contact.name);
        contact.name_chosen = true;
    }
    changed(state, turn, row)?;
    answer(state, row)
}

/// One person came back with new keys: their old history precedes the new one, and the old row goes.
pub(crate) fn merge(
    state: &mut State,
    turn: &mut Turn<'_>,
    new: &Reference,
    old: &Reference,
) -> Result<Answer, Halt> {
    let (new, old) = (listed(state, new)?, listed(state, old)?);
    if new == old {
        return Err(CommandError::WrongState("a contact cannot be merged with itself").into());
    }
    let Some(gone) = state.contacts.get(old).cloned() else { return Err(CommandError::NotFound.into()) };
    if let Some(contact) = state.contacts.get_mut(new) {
        if contact.merged.len() + gone.merged.len() >= MERGED_MAX {
            return Err(CommandError::WrongState("this contact was merged too often").into());
        }
        contact.merged.push(gone.account);
        contact.merged.extend(&gone.merged);
    }
    forget(state, turn, old, true)?;
    changed(state, turn, new)?;
    answer(state, new)
}

/// Deletes keys, and history unless it is to stay; tells nobody.
pub(crate) fn remove(
    state: &mut State,
    turn: &mut Turn<'_>,
    who: &Reference,
    keep_history: bool,
) -> Result<Answer, Halt> {
    let row = listed(state, who)?;
    forget(state, turn, row, keep_history)?;
    Ok(Answer::Done)
}

/// A contact's row was changed: store, identity copy and people learn it.
pub(crate) fn changed(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), Halt> {
    state.contacts.save(turn, row)?;
    state.identity_changed();
    state.notify(turn, row, Event::ContactChanged);
    Ok(())
}

/// Closes every link of a contact.
fn hang_up(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    for row in state.contacts.rows_of(row) {
        for link in state.links.of(row) {
            link::close(state, turn, link, "the contact is not met any more");
        }
    }
}

/// Drops a contact: keys at once, sessions and history in steps, and only a bare row stays.
fn forget(state: &mut State, turn: &mut Turn<'_>, row: ContactRow, keep_history: bool) -> Result<(), Halt> {
    hang_up(state, turn, row);
    let devices = state.contacts.rows_of(row);
    purge::contact(state, turn, row, keep_history)?;
    if let Some(contact) = state.contacts.get(row) {
        conversations::forget(turn, contact.account)?;
    }
    if let Some(contact) = state.contacts.get_mut(row) {
        contact.forget_keys(keep_history);
    }
    for row in devices {
        rendezvous::forget(state, turn, row)?;
    }
    changed(state, turn, row)
}

fn listed(state: &State, who: &Reference) -> Result<ContactRow, CommandError> {
    let row = state.contacts.find(who)?;
    let removed = state.contacts.get(row).is_none_or(|contact| contact.removed);
    if removed { Err(CommandError::NotFound) } else { Ok(row) }
}

fn answer(state: &State, row: ContactRow) -> Result<Answer, Halt> {
    let view = state.contact_view(row).ok_or(CommandError::NotFound)?;
    Ok(Answer::Contact(Box::new(view)))
}
