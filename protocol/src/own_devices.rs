//! The devices of our own account: which there are, and how a copy of one becomes a device of its own.
//!
//! ```text
//! a copy of a home ─ separate ─▶ keys of its own, list of version + 1 ─▶ introduced to each contact's device by the
//!                                                                       secret that it shared (`introduction/devices.rs`)
//! a contact says a newer list of ours ─▶ joined with our own, and told to everybody who is there
//! ```
//!
//! Devices of one account do not talk to each other: what one writes or gets, the others get from the contacts whom they
//! share, who hold it anyway. The account's key lies on every device, so whoever has one of them can add others.

use crate::{
    account::{device_list::SignedDeviceList, keys::OwnAccount},
    answer::{Answer as Reply, CommandError, DeviceView, Halt},
    contact::{
        Answer, Contact, ContactRow, FirstState,
        introduction::{accepting, devices},
    },
    delivery,
    engine::State,
    event::{Event, NoticeKind},
    ids::{DeviceId, LinkId, SessionId},
    link::{self, live_channel},
    output::{LogLevel, Output},
    purge,
    records::RecordsError,
    rendezvous,
    turn::{RecordKey, Turn},
    wire::frame::FrameKind,
};

/// All devices of our account, as far as this one knows, by their age.
pub(crate) fn list(state: &State) -> Reply {
    let mut devices: Vec<DeviceView> = state
        .own
        .device_list()
        .list()
        .devices
        .iter()
        .map(|device| DeviceView {
            id: device.id,
            added: device.added,
            is_this: device.id == state.own.device(),
        })
        .collect();
    devices.sort_by_key(|device| (device.added, device.id));
    Reply::Devices(devices)
}

/// This copy of a device becomes a device of its own. What was shared by the device's keys goes: sessions, and links of
/// ours that are open, which the other copy still answers. Contacts are met anew, and history stays.
pub(crate) fn separate(state: &mut State, turn: &mut Turn<'_>) -> Result<Reply, Halt> {
    let Some(own) = state.own.separated(&mut turn.random, turn.now.wall) else {
        let text = "an account has 8 devices at most, and none can be taken away";
        return Err(CommandError::OutOfRange(text).into());
    };
    become_device(state, turn, own)?;
    Ok(list(state))
}

/// Goes on as a device with these keys.
fn become_device(state: &mut State, turn: &mut Turn<'_>, own: OwnAccount) -> Result<(), RecordsError> {
    link::close_all(state, turn, "this copy becomes a device of its own");
    let rows: Vec<ContactRow> = state.contacts.iter().map(|(row, _)| row).collect();
    let people = state.contacts.people().map(|(row, _)| row);
    let there: Vec<ContactRow> = people.filter(|row| state.is_anywhere(*row)).collect();
    state.own = own;
    turn.save(&device_key(turn), &state.own.device())?;
    // What is held of conversations names their author.
    state.conversations.clear();
    state.deliveries.clear();
    state.twin_told = None;
    state.invitations.forget_all(turn)?;
    for row in rows {
        begin_anew(state, turn, row)?;
    }
    for person in there {
        state.notify(turn, person, Event::ContactOffline);
        for row in state.contacts.rows_of(person) {
            rendezvous::on_contact_offline(state, turn, row);
        }
    }
    state.identity_changed();
    state.secrets_changed(turn);
    Ok(())
}

/// A store in which a copy became a device, and an identity that does not know of it, because it was written after the store
/// and never came to the disk, or was put back: it becomes one now, with other keys. Where it is the store that is old, the
/// identity has the last word.
pub(crate) fn resume(state: &mut State, turn: &mut Turn<'_>, store_is_old: bool) -> Result<(), RecordsError> {
    let (key, own) = (device_key(turn), state.own.device());
    if turn.load::<DeviceId>(&key)?.is_none_or(|known| known == own) {
        return Ok(());
    }
    if store_is_old {
        return turn.save(&key, &own);
    }
    match state.own.separated(&mut turn.random, turn.now.wall) {
        Some(own) => become_device(state, turn, own),
        None => Ok(()),
    }
}

/// Where a store says which device it is of, once that was a copy of another.
fn device_key(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'A', &[b"device"], &[])
}

/// A contact's device knows the keys of another device of ours only: by what is shared with it we are introduced.
fn begin_anew(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(()) };
    let gone: Vec<SessionId> = contact.sessions.clone();
    let account = contact.account;
    // A link that was not answered yet can be answered by either; the answer that was given was the other device's.
    let is_open = contact.answer.as_ref().is_some_and(|answer| answer.first == FirstState::NotMade);
    if let Some(pair) = contact.pairs.last().filter(|_| !is_open) {
        let first = FirstState::OfDevice;
        let secret = devices::secret(pair, state.own.account());
        contact.answer = Some(Answer { secret, bundle_hash: [0; 16], hints: Vec::new(), first });
        accepting::drop_kept_first(turn, account)?;
    }
    purge::sessions(state, turn, row, &gone)?;
    state.contacts.save(turn, row)?;
    delivery::open(state, turn, row)?;
    if let Some(conversation) = state.conversations.get_mut(&row) {
        conversation.leave_former(turn)?;
    }
    Ok(())
}

/// A list of our own account that a contact knows, signed by our own key: another device of ours made it.
pub(crate) fn learn(state: &mut State, turn: &mut Turn<'_>, list: &SignedDeviceList) {
    let before = state.own.device_list().clone();
    if !state.own.join_list(list) {
        let is_known = list.list().devices.iter().all(|device| before.has(device));
        if !is_known {
            turn.log(
                LogLevel::Warn,
                "a list of our devices was not taken: it names too many, or takes this one away",
            );
        }
        return;
    }
    state.identity_changed();
    tell_own_list(state, turn);
    let persons: Vec<ContactRow> = state.contacts.people().map(|(row, _)| row).collect();
    for person in persons {
        delivery::devices_changed(state, person);
    }
    if state.own.device_list().list().devices.iter().all(|device| before.has(device)) {
        return;
    }
    let text = "another device of yours is known to your contacts now; if you did not add it, somebody has a copy of \
                your home";
    turn.push(Output::Notify(Event::Notice { kind: NoticeKind::DeviceAdded, text: text.to_owned() }));
}

/// The devices of our own account as a contact's device knows them, said before its keys.
pub(crate) fn on_list(state: &mut State, turn: &mut Turn<'_>, row: ContactRow, payload: &[u8]) {
    let of_device = |contact: &Contact| {
        contact.answer.as_ref().is_some_and(|answer| answer.first == FirstState::OfDevice)
    };
    let list = SignedDeviceList::parse(payload).ok();
    let own = list.filter(|list| list.account() == state.own.account());
    if let Some(list) = own.filter(|_| state.contacts.get(row).is_some_and(of_device)) {
        learn(state, turn, &list);
    }
}

/// Everybody who is there learns our newest list.
fn tell_own_list(state: &mut State, turn: &mut Turn<'_>) {
    let list = state.own.device_list().bytes().to_vec();
    let there: Vec<LinkId> =
        state.links.all_live().filter(|(_, live)| live.is_proven()).map(|(link, _)| link).collect();
    for link in there {
        live_channel::send(state, turn, link, FrameKind::DeviceList, &list);
    }
}
