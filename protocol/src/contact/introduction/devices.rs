//! A further device of somebody we know: introduced by a secret that an earlier device of theirs shares with us, and
//! certified by the list that their account signed.
//!
//! ```text
//! K_dev = HKDF(K_pair, "device" ‖ their account)      takes the place of a link's secret: in tokens, sealing and first message
//!
//! new device                               contact's device
//!   BODY? ────────────────────────────────▶
//!         ◀──────────────────────────────── DEVICE_LIST, as they know it, and BODY: keys for this link only
//!   FIRST ────────────────────────────────▶ checked, durable
//!         ◀──────────────────────────────── STORED, and a new hello by the new secret
//! ```
//!
//! Nothing of it is kept but what came of it, since each meeting brings fresh keys; the new device asks again until a live
//! channel stands.

use super::{Channel, CheckedAnswer, Offer, checked_answer, say, stand_as_inviter, stored};
use crate::{
    account::device_list::{SignedDeviceList, Succession},
    contact::{ContactRow, Pair, bundle},
    delivery,
    engine::State,
    event::{Event, NoticeKind},
    ids::{AccountId, DeviceId, LinkId, SessionId},
    link::{self, Phase, hello::Binding, live_channel},
    records::RecordsError,
    secret::Secret,
    session::first_contact::BundleKind,
    turn::Turn,
    wire::frame::FrameKind,
};

/// By what a further device of an account shows that an earlier one of it shared this secret. It names the account, since
/// the devices of both accounts know the secret.
pub(crate) fn secret(pair: &Pair, of: AccountId) -> Secret {
    pair.key.derive("device", &[of.as_bytes()])
}

/// Somebody shows a secret that we share with a contact, and has no keys of their own yet: they speak first.
pub(crate) fn begin_as_inviter(
    state: &mut State,
    link: LinkId,
    row: ContactRow,
    session: SessionId,
    binding: Binding,
) {
    let Some(secret) = shared(state, row, session) else { return };
    let channel = Channel::new(&secret, &binding, true);
    stand_as_inviter(state, link, Offer::Device(row, session), binding, channel);
}

/// What a further device of a contact's shows that an earlier one has shared with us since this session.
fn shared(state: &State, row: ContactRow, session: SessionId) -> Option<Secret> {
    let contact = state.contacts.get(row)?;
    let pair = contact.pairs.iter().find(|pair| pair.session == session)?;
    Some(secret(pair, contact.account))
}

/// They ask for keys: what we know of their devices, and keys that are good on this link only.
pub(super) fn on_body_wanted(state: &mut State, turn: &mut Turn<'_>, link: LinkId, row: ContactRow) {
    let made = bundle::for_one_link(&state.own, BundleKind::Device, turn.now.wall, &mut turn.random);
    let (Some((keys, bundle)), Some(known)) = (made, state.contacts.list_of(row)) else { return };
    if let Some(Phase::Inviter(inviter)) = state.links.get_mut(link).map(|one| &mut one.phase) {
        inviter.keys = Some(Box::new(keys));
    }
    say(state, turn, link, FrameKind::DeviceList, known.bytes());
    say(state, turn, link, FrameKind::Body, &bundle);
}

/// Their first message: from now on they are one of the contact's devices.
pub(super) fn on_first(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    (row, session): (ContactRow, SessionId),
    first: &[u8],
) -> Result<(), RecordsError> {
    let Some(Phase::Inviter(inviter)) = state.links.get_mut(link).map(|one| &mut one.phase) else {
        return Ok(());
    };
    // One answer, whatever becomes of it.
    let keys = inviter.keys.take();
    let person = state.contacts.person(row);
    let account = state.contacts.get(person).filter(|contact| contact.is_met()).map(|one| one.account);
    let answer = keys
        .zip(shared(state, row, session))
        .and_then(|(keys, secret)| checked_answer(state, &secret, &keys, first))
        .filter(|answer| Some(answer.list.account()) == account);
    let Some(answer) = answer else {
        link::refuse(state, turn, link, "the first message of another device does not check");
        return Ok(());
    };
    match admit(state, turn, person, &answer)? {
        Some(row) => stored(state, turn, link, Some(row)),
        None => {
            link::refuse(state, turn, link, "a device more than can be kept, or not on the newest list");
            Ok(())
        }
    }
}

/// The row of a device that a checked list of its account names, which is learnt first; `None` where a newer list does not
/// name it, it is known with another key, or there is no room.
pub(super) fn row_of(
    state: &mut State,
    turn: &mut Turn<'_>,
    person: ContactRow,
    list: &SignedDeviceList,
    device: (DeviceId, [u8; 32]),
) -> Result<Option<ContactRow>, RecordsError> {
    learn(state, turn, person, list)?;
    let Some(list) = state.contacts.list_of(person) else { return Ok(None) };
    if list.device(device.0).map(|listed| listed.static_key) != Some(device.1) {
        return Ok(None);
    }
    let Some(row) = state.contacts.row_of_device(turn, person, device.0)? else { return Ok(None) };
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(None) };
    // A device has one static key for life, whatever its account signs.
    let known = *contact.device.get_or_insert(device);
    Ok((known == device).then_some(row))
}

/// The devices of a contact's that are there learn from us what one of them said of all.
fn tell_their_devices(state: &mut State, turn: &mut Turn<'_>, person: ContactRow) {
    let Some(list) = state.contacts.list_of(person) else { return };
    let rows = state.contacts.rows_of(person);
    let there: Vec<LinkId> = state
        .links
        .all_live()
        .filter(|(_, live)| live.is_proven() && rows.contains(&live.row()))
        .map(|(link, _)| link)
        .collect();
    for link in there {
        live_channel::send(state, turn, link, FrameKind::DeviceList, list.bytes());
    }
}

/// Gives a device its row and keys.
fn admit(
    state: &mut State,
    turn: &mut Turn<'_>,
    person: ContactRow,
    answer: &CheckedAnswer,
) -> Result<Option<ContactRow>, RecordsError> {
    let device = (answer.device, answer.static_public);
    let Some(row) = row_of(state, turn, person, &answer.list, device)? else { return Ok(None) };
    delivery::adopt(state, turn, row, &answer.established, 0)?;
    state.notify(turn, person, Event::ContactChanged);
    Ok(Some(row))
}

/// A checked list of a contact's: what it says of their devices counts from now on, and people are told.
pub(crate) fn learn(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    list: &SignedDeviceList,
) -> Result<(), RecordsError> {
    let person = state.contacts.person(row);
    let Some(contact) = state.contacts.get_mut(person) else { return Ok(()) };
    let known = contact.device_list.is_some();
    if contact.learn_list(list) == Succession::Same && known {
        return Ok(());
    }
    state.contacts.save(turn, person)?;
    state.identity_changed();
    delivery::devices_changed(state, person);
    if known {
        tell_their_devices(state, turn, person);
        state.notify(turn, person, Event::ContactChanged);
        let text = "a contact's list of devices changed; compare safety numbers if you did not expect it";
        state.notices.tell(turn, person, NoticeKind::DeviceListChanged, text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    use super::{AccountId, Pair, secret};
    use crate::{secret::Secret, session::first_contact::Established};

    #[test]
    fn a_further_device_is_introduced_by_what_the_specification_says() {
        let all: Value = serde_json::from_str(include_str!("../../../tests/vectors/derived.json")).unwrap();
        let bytes = |name: &str| -> [u8; 32] {
            HEXLOWER.decode(all["epoch"][name].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()
        };
        let established = Established::derive(&bytes("handshake_hash"), Secret::new(bytes("prk")), 20_000);
        let account = AccountId::from_bytes(bytes("further_account"));
        assert!(secret(&Pair::of(&established, 0), account) == Secret::new(bytes("k_dev")));
    }
}
