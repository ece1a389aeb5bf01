//! A link on which both sides have proved who they are: `Noise_KKpsk0` with a psk from the secret that was recognised.
//!
//! ```text
//! handshake ─▶ STATUS both ways ─▶ heads, envelopes, addresses, keep-alive ─▶ gone
//! ```
//!
//! Its keys are made anew every hour ([`rehandshake`]). Nothing is claimed (`online`, counters, heads) before the other
//! side's first transport frame, which is its STATUS. What envelopes hold never depends on this channel's secrecy. Of
//! two channels to one contact one survives ([`rivals`]). Design: Noise specification rev. 34, pattern KK with psk0;
//! prologue and psk in `docs/protocol.md`.

pub(crate) mod rehandshake;
pub(crate) mod rivals;

use core::{cmp::Ordering, time::Duration};

use rehandshake::Keys;
use rivals::Held;

use crate::{
    account::device_list::SignedDeviceList,
    answer::{ContactState, Path},
    contact::{
        ContactRow, FirstState,
        introduction::{accepting, devices},
    },
    delivery::{self, Delivery, renewal},
    engine::State,
    event::Event,
    ids::{LinkId, ProcessId, SessionId},
    limits,
    link::{
        Handshake, Phase, addresses, close, hello, keep_alive, refuse, servers,
        status::{ListMark, Status},
        wait_patiently, whereabouts,
    },
    moment::{Moment, Now},
    output::Output,
    own_devices,
    reach::{self, direct, trial},
    records::RecordsError,
    rendezvous,
    secret::{Secret, hash_plain},
    session::noise::{self, LiveTransport, StaticKeys},
    testing::plant::{self, Plant},
    timer::Timer,
    turn::Turn,
    wire::frame::{self, FrameKind},
};

/// One live channel.
#[derive(Debug)]
pub(crate) struct LiveChannel {
    handshake: Handshake,
    keys: Keys,
    /// The same number on both sides, by which they agree on one of two channels.
    order: [u8; 32],
    /// By which path its frames go.
    path: Path,
    /// Who runs there; `None` until their STATUS came.
    peer: Option<(ProcessId, u64)>,
    made_at: Moment,
    heard_at: Moment,
    /// When it was asked last whether it survived a change of networks.
    pub(super) asked_at: Option<Moment>,
    heard: bool,
    said: bool,
    missed: u32,
    /// PINGs of ours that were not answered yet.
    pings: u32,
    /// Envelopes that no session opens.
    pub(crate) unreadable: u32,
    /// What was said on it while an older channel had to show that it stands; `None` where nothing waits.
    held: Option<Held>,
}

impl LiveChannel {
    /// Whose it is.
    pub(crate) const fn row(&self) -> ContactRow {
        self.handshake.row
    }

    /// By which shared secret it was made.
    pub(crate) const fn session(&self) -> SessionId {
        self.handshake.session
    }

    /// Whether the other side has proved itself.
    pub(crate) const fn is_proven(&self) -> bool {
        self.peer.is_some()
    }

    /// By which path its frames go.
    pub(crate) const fn path(&self) -> Path {
        self.path
    }

    /// How long nothing was heard.
    pub(crate) fn silence(&self, now: Moment) -> Duration {
        now.since(self.heard_at)
    }

    /// For how long nothing was heard since it was asked whether it survived a change of networks; `None` where something
    /// was, or it was not asked.
    pub(super) fn unanswered(&self, now: Moment) -> Option<Duration> {
        let silent = |asked: &Moment| match self.heard_at.cmp(asked) {
            Ordering::Less => true,
            Ordering::Equal => self.pings > 0,
            Ordering::Greater => false,
        };
        self.asked_at.filter(silent).map(|asked| now.since(asked))
    }

    /// Whether it is not sure that it survived a change of networks.
    pub(crate) fn is_in_doubt(&self, now: Moment) -> bool {
        self.unanswered(now).is_some_and(|waited| waited >= limits::PROBE_DOUBT)
    }

    /// How many PINGs of ours wait for an answer; answers come in their order.
    pub(crate) const fn pings(&self) -> u32 {
        self.pings
    }

    /// What happened since the last tick: whether something was said, and how many ticks nothing was heard.
    pub(crate) fn take_tick(&mut self) -> (bool, u32) {
        self.missed = if std::mem::take(&mut self.heard) { 0 } else { self.missed + 1 };
        (std::mem::take(&mut self.said), self.missed)
    }
}

/// The hello showed a contact: the smaller device begins the handshake.
pub(crate) fn begin(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    handshake: Handshake,
) -> Result<(), RecordsError> {
    // A block or a removal may have come between the hello and this.
    let met = state.contacts.is_met(handshake.row);
    let Some(keys) = keys(state, &handshake, 0).filter(|_| met) else {
        close(state, turn, link, "not somebody to meet now");
        return Ok(());
    };
    wait_patiently(state, turn, link);
    let phase = if keys.initiator {
        let begun =
            noise::live_initiate(&keys.own, &keys.their_static, &keys.psk, &keys.prologue, &mut turn.random);
        let Ok((initiator, frame)) = begun else {
            close(state, turn, link, "the handshake could not begin");
            return Ok(());
        };
        turn.push(Output::Transmit { link, frame });
        Phase::Initiator(handshake, Box::new(initiator))
    } else {
        Phase::Responder(handshake)
    };
    if let Some(one) = state.links.get_mut(link) {
        one.phase = phase;
    }
    Ok(())
}

/// A handshake message.
pub(crate) fn on_handshake(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    let Some(one) = state.links.get_mut(link) else { return Ok(()) };
    let phase = std::mem::replace(&mut one.phase, Phase::Closing(None));
    let (handshake, transport) = match phase {
        Phase::Initiator(handshake, initiator) => (handshake, initiator.finish(bytes).ok()),
        Phase::Responder(handshake) => {
            let answered = keys(state, &handshake, 0).and_then(|keys| {
                let (psk, prologue) = (&keys.psk, &keys.prologue);
                noise::live_respond(&keys.own, &keys.their_static, psk, prologue, bytes, &mut turn.random)
                    .ok()
            });
            let transport = answered.map(|(transport, frame)| {
                turn.push(Output::Transmit { link, frame });
                transport
            });
            (handshake, transport)
        }
        other => {
            if let Some(one) = state.links.get_mut(link) {
                one.phase = other;
            }
            return Ok(());
        }
    };
    let Some(transport) = transport else {
        if let Some(one) = state.links.get_mut(link) {
            one.phase = Phase::Responder(handshake);
        }
        refuse(state, turn, link, "the handshake does not check");
        return Ok(());
    };
    stand(state, turn, link, handshake, transport)
}

/// A frame on a live channel.
pub(crate) fn on_frame(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    let now = turn.now.moment;
    let Some(live) = state.links.live_mut(link) else { return Ok(()) };
    let row = live.row();
    let plain = live.keys.open(bytes).unwrap_or_default();
    let Some((kind, payload)) = frame::decode(&plain) else {
        refuse(state, turn, link, "a frame that does not open");
        return Ok(());
    };
    live.heard = true;
    live.heard_at = now;
    if live.peer.is_none() && kind != FrameKind::Status {
        refuse(state, turn, link, "something before STATUS");
        return Ok(());
    }
    if rivals::hold(state, turn, link, kind, payload) {
        return Ok(());
    }
    hear(state, turn, link, row, (kind, payload))
}

/// What a frame says, once its channel may be heard.
fn hear(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    (kind, payload): (FrameKind, &[u8]),
) -> Result<(), RecordsError> {
    let Some(live) = state.links.live(link) else { return Ok(()) };
    turn.path = live.path;
    let well_formed = match kind {
        FrameKind::Status => on_status(state, turn, link, payload)?,
        FrameKind::Envelope => delivery::on_envelope(state, turn, link, row, payload)?,
        FrameKind::Heads => delivery::on_heads(state, turn, link, row, payload)?,
        FrameKind::Want => delivery::on_want(state, turn, row, payload)?,
        FrameKind::Addresses => addresses::on_told(state, turn, row, payload)?,
        FrameKind::Whereabouts => whereabouts::on_told(state, turn, row, payload),
        FrameKind::Servers => servers::on_told(state, turn, row, payload)?,
        FrameKind::Ping => {
            send(state, turn, link, FrameKind::Pong, &[]);
            true
        }
        FrameKind::Pong => {
            if let Some(live) = state.links.live_mut(link) {
                live.pings = live.pings.saturating_sub(1);
            }
            trial::on_pong(state, turn.now.moment, link);
            rivals::on_answered(state, turn, link)?;
            true
        }
        FrameKind::DeviceList => on_device_list(state, turn, row, payload)?,
        FrameKind::Bundle => renewal::on_bundle(state, turn, link, row, payload)?,
        FrameKind::First => renewal::on_first(state, turn, link, row, payload)?,
        FrameKind::Stored => renewal::on_stored(state, turn, link, row)?,
        FrameKind::Twin => {
            rivals::tell_of_twin(state, turn, rivals::OWN_TWIN);
            reach::on_twin(state, turn, row, link);
            close(state, turn, link, "another copy of this device is running");
            true
        }
        FrameKind::Rehandshake => rehandshake::on_frame(state, turn, link, payload),
        FrameKind::Close => {
            close(state, turn, link, "they said goodbye");
            true
        }
        FrameKind::BodyWanted | FrameKind::Body | FrameKind::Refused | FrameKind::Unknown(_) => true,
    };
    if !well_formed {
        refuse(state, turn, link, "a malformed frame");
    }
    Ok(())
}

/// Says one frame on a live channel; nothing where none stands.
pub(crate) fn send(state: &mut State, turn: &mut Turn<'_>, link: LinkId, kind: FrameKind, payload: &[u8]) {
    let Some(live) = state.links.live_mut(link) else {
        return;
    };
    let sealed = frame::encode(kind, payload).and_then(|plain| live.keys.seal(&plain).ok());
    live.said = true;
    live.pings = live.pings.saturating_add(u32::from(kind == FrameKind::Ping));
    match sealed {
        Some(mut frame) if plant::is(Plant::FrameOversized) && kind == FrameKind::Heads => {
            frame.resize(limits::FRAME_BYTES_MAX + 1, 0);
            turn.push(Output::Transmit { link, frame });
        }
        Some(frame) => turn.push(Output::Transmit { link, frame }),
        None => close(state, turn, link, "a frame that cannot be said"),
    }
}

/// Says on a live channel what is no frame: any bytes under its keys.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn say_anything(state: &mut State, turn: &mut Turn<'_>, link: LinkId, plain: &[u8]) {
    if let Some(frame) = state.links.live_mut(link).and_then(|live| live.keys.seal(plain).ok()) {
        turn.push(Output::Transmit { link, frame });
    }
}

/// A live channel ends: when something was heard on it last is what people are told. `on_gone` writes it down.
pub(crate) fn note_last_seen(state: &mut State, now: Now, link: LinkId) {
    let Some(live) = state.links.live(link).filter(|live| live.is_proven()) else {
        return;
    };
    let heard = now.wall - now.moment.since(live.heard_at);
    if let Some(contact) = state.contacts.get_mut(live.row()) {
        contact.last_seen = contact.last_seen.max(Some(heard));
    }
}

/// A link of this contact is gone: another one takes over, or they are offline.
pub(crate) fn on_gone(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
) -> Result<(), RecordsError> {
    let Some(delivery) = state.deliveries.get_mut(&row) else { return Ok(()) };
    delivery.forget_status(link);
    let used = delivery.link();
    let was_there = used.is_some() || delivery.is_in_between();
    if used.is_some_and(|used| used != link && state.links.live(used).is_some()) {
        return Ok(());
    }
    if rivals::succeed(state, turn, row, link)? {
        return Ok(());
    }
    if !state.links.all_live().any(|(_, live)| live.row() == row) {
        state.deliveries.remove(&row);
    } else if let Some(delivery) = state.deliveries.get_mut(&row) {
        // A channel that is being made has said how things stand in what is held here.
        delivery.detach();
    }
    if used.is_some() {
        // When they were seen last is written with the next change then.
        if state.settings.room.is_enough() {
            state.contacts.save(turn, row)?;
        }
        direct::forget(state, row);
    }
    if was_there && !state.deliveries.contains_key(&row) {
        if !state.is_anywhere(row) {
            state.notify(turn, row, Event::ContactOffline);
        }
        rendezvous::on_contact_offline(state, turn, row);
    }
    Ok(())
}

/// What a handshake is made of.
struct HandshakeKeys {
    own: StaticKeys,
    their_static: [u8; 32],
    psk: Secret,
    prologue: Vec<u8>,
    initiator: bool,
}

/// What the handshake number `round` on a link is made of: 0 is the one that begins the channel.
fn keys(state: &State, handshake: &Handshake, round: u32) -> Option<HandshakeKeys> {
    let contact = state.contacts.get(handshake.row)?;
    let (their_device, their_static) = contact.device?;
    let pair = contact.pairs.iter().find(|pair| pair.session == handshake.session)?;
    let own_device = state.own.device();
    let initiator = own_device < their_device;
    let (a, b) = if initiator { (own_device, their_device) } else { (their_device, own_device) };
    Some(HandshakeKeys {
        own: StaticKeys::from_secret(state.own.static_secret().clone()),
        their_static,
        psk: pair.key.derive("live", &[a.as_bytes(), b.as_bytes()]),
        prologue: hello::prologue(
            &handshake.binding,
            round,
            initiator,
            (state.own.account(), own_device),
            (contact.account, their_device),
        ),
        initiator,
    })
}

/// The handshake is done: the channel stands, and our STATUS is its first frame.
fn stand(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    handshake: Handshake,
    transport: LiveTransport,
) -> Result<(), RecordsError> {
    let row = handshake.row;
    let mut nonces = [handshake.binding.own_nonce, handshake.binding.their_nonce];
    nonces.sort_unstable();
    let live = LiveChannel {
        handshake,
        keys: Keys::new(transport, turn.now.moment),
        order: hash_plain(&[&nonces.concat()]),
        path: state.links.get(link).map_or(Path::Direct, |one| one.ends.path()),
        peer: None,
        made_at: turn.now.moment,
        heard_at: turn.now.moment,
        asked_at: None,
        heard: true,
        said: true,
        missed: 0,
        pings: 0,
        unreadable: 0,
        held: None,
    };
    if let Some(one) = state.links.get_mut(link) {
        one.phase = Phase::Live(Box::new(live));
    }
    wait_patiently(state, turn, link);
    keep_alive::start(state, turn);
    delivery::prepare(state, turn, row)?;
    say_status(state, turn, link)
}

/// Says how things stand here.
pub(crate) fn say_status(state: &mut State, turn: &mut Turn<'_>, link: LinkId) -> Result<(), RecordsError> {
    let Some(row) = state.links.live(link).map(LiveChannel::row) else { return Ok(()) };
    let their_list = state.contacts.list_of(row);
    let (Some(their_list), Some(delivery)) = (their_list, state.deliveries.get(&row)) else { return Ok(()) };
    let Some(conversation) = state.conversations.get(&state.contacts.person(row)) else { return Ok(()) };
    let own_list = state.own.device_list();
    let status = Status {
        process: state.process,
        starts: state.starts,
        wall: turn.now.wall,
        own_list: ListMark { version: own_list.version(), hash: own_list.hash() },
        their_list: ListMark { version: their_list.version(), hash: their_list.hash() },
        sessions: delivery.session_statuses(),
        heads: conversation.heads_hash(),
    };
    match status.encode() {
        Some(bytes) => send(state, turn, link, FrameKind::Status, &bytes),
        None => close(state, turn, link, "a status that cannot be said"),
    }
    Ok(())
}

/// They say how things stand there; the first time, this is what makes them online.
fn on_status(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    payload: &[u8],
) -> Result<bool, RecordsError> {
    let Some(status) = Status::decode(payload) else { return Ok(false) };
    let Some(live) = state.links.live_mut(link) else { return Ok(true) };
    let (row, session, first) = (live.row(), live.session(), live.peer.is_none());
    live.peer = Some((status.process, status.starts));
    state.timers.cancel(Timer::LinkPatience(link));
    state.evidence.hear(turn, turn.now.wall, status.wall)?;
    if first {
        settle(state, turn, row, session, &status)?;
        reach::on_contact_online(state, row);
        rendezvous::on_clock(state, turn, row, status.wall)?;
    }
    tell_lists(state, turn, link, row, &status);
    let older = state
        .deliveries
        .get(&row)
        .and_then(|delivery| delivery.link())
        .filter(|older| *older != link && state.links.live(*older).is_some());
    let was_online = state.is_anywhere(row);
    let was_in_between = state.deliveries.get(&row).is_some_and(Delivery::is_in_between);
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.keep_status(link, status);
    }
    match older {
        Some(older) if first => rivals::choose(state, turn, row, older, link)?,
        Some(_) => {}
        None => delivery::attach(state, turn, row, link, true)?,
    }
    if !was_online && state.is_anywhere(row) {
        state.notify(turn, row, Event::ContactOnline);
    } else if was_in_between {
        // It may be by another path.
        state.notify(turn, row, Event::ContactChanged);
    }
    if first {
        addresses::tell(state, turn, link);
        whereabouts::tell(state, turn, link);
        servers::tell(state, turn, link);
    }
    Ok(true)
}

/// A channel stands for the first time since the link was answered, or once more: what it proves is written down.
fn settle(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    session: SessionId,
    status: &Status,
) -> Result<(), RecordsError> {
    let evidence = state.evidence;
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(()) };
    let reordered = contact.used_pair(session, &evidence);
    let account = contact.account;
    let answered = contact.settle_answer();
    let same_process = contact.seen_process == Some(status.process);
    let old_copy = !same_process && contact.seen_process.is_some() && status.starts <= contact.seen_start;
    // From here on it counts from where it is: each later start of it is no news.
    contact.seen_start = status.starts;
    contact.seen_process = Some(status.process);
    contact.last_seen = Some(turn.now.wall);
    state.contacts.save(turn, row)?;
    let person = state.contacts.person(row);
    let pending = state.contacts.get_mut(person).filter(|one| one.state == ContactState::Pending);
    let became_active = pending.is_some();
    if let Some(contact) = pending {
        contact.state = ContactState::Active;
        contact.reason = None;
        state.contacts.save(turn, person)?;
    }
    if answered.as_ref().is_some_and(|answer| answer.first == FirstState::Kept) {
        accepting::drop_kept_first(turn, account)?;
    }
    if answered.is_some() || became_active || reordered {
        state.identity_changed();
    }
    if became_active {
        state.notify(turn, row, Event::ContactChanged);
    }
    if old_copy {
        let text = "a contact's device came back in an older state: an old copy of its home was put back, or two \
                    copies are running";
        rivals::tell_of_twin(state, turn, text);
    }
    Ok(())
}

/// Says the newest list of ours, and of theirs, where they know an older one; and theirs where they have another one of the
/// same version, made by a device of theirs that did not know of the other.
fn tell_lists(state: &mut State, turn: &mut Turn<'_>, link: LinkId, row: ContactRow, status: &Status) {
    let own = state.own.device_list();
    let ours = (status.their_list.version < own.version()).then(|| own.bytes().to_vec());
    let known = state.contacts.list_of(row).filter(|known| {
        let said = status.own_list;
        said.version < known.version() || (said.version == known.version() && said.hash != known.hash())
    });
    let theirs = known.map(|list| list.bytes().to_vec());
    for list in ours.into_iter().chain(theirs) {
        send(state, turn, link, FrameKind::DeviceList, &list);
    }
}

/// A device list: a contact's own, or ours as they know it from another device of ours.
fn on_device_list(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    payload: &[u8],
) -> Result<bool, RecordsError> {
    let Ok(list) = SignedDeviceList::parse(payload) else { return Ok(false) };
    if list.account() == state.own.account() {
        own_devices::learn(state, turn, &list);
        return Ok(true);
    }
    let Some(contact) = state.contacts.get(row) else { return Ok(true) };
    let Some((device, static_public)) = contact.device else { return Ok(true) };
    let certified = list.device(device).is_some_and(|listed| listed.static_key == static_public);
    if list.account() != contact.account || !certified {
        return Ok(false);
    }
    devices::learn(state, turn, row, &list)?;
    Ok(true)
}
