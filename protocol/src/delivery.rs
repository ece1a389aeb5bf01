//! What is owed to whom, and how it goes: the log is the outbox, and entries are sealed when a live channel takes them.
//!
//! ```text
//! write ─▶ log ─▶ pump: as many waiting entries as fit one envelope ─▶ session ─▶ live channel
//! envelope ─▶ session ─▶ log (durable) ─▶ told to people ─▶ acknowledged in the next envelope back
//! ```
//!
//! On every new channel the heads say what the other side holds; sending goes on from there, so an envelope lost with
//! an old channel is sealed again under a fresh index. At most `limits::ENVELOPES_IN_FLIGHT_MAX` envelopes with
//! entries are on the way. Acknowledgements are cumulative, one a chain and commit, and never acknowledged themselves.

pub(crate) mod conversations;
pub(crate) mod conversing;
pub(crate) mod receiving;
pub(crate) mod renewal;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use core::time::Duration;

use crate::{
    answer::Verification,
    contact::{ContactRow, Pair},
    engine::State,
    event::Event,
    ids::{DeviceId, LinkId, ProcessId, SessionId},
    limits,
    link::{live_channel, status::Status},
    log::{self, ChainHead, ChainId, Conversation, Mark, Want},
    purge, reach,
    records::RecordsError,
    rotation,
    session::{self, Session, SessionStatus, first_contact::Established, step::Parties},
    testing::{
        plant::{self, Plant},
        tap,
    },
    timer::Timer,
    turn::Turn,
    wire::{
        envelope::{Packing, Record},
        frame::FrameKind,
    },
};

pub(crate) use conversing::{
    author, describe, give_up, history, introduce_ourselves, mark_read, open, status, write,
};
pub(crate) use receiving::{on_envelope, on_heads, on_want};
use renewal::Renewal;

/// The pause between two pieces of long work. Chosen: people and peers are served in between.
pub(crate) const BREATH: Duration = Duration::from_millis(1);

/// What is owed to one contact while a channel to them stands.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// The channel that is used.
    link: Option<LinkId>,
    /// The channel that was used is gone while another one is being made.
    in_between: bool,
    /// What they said of themselves on each channel, until it is looked at.
    statuses: BTreeMap<LinkId, Status>,
    /// All devices of the contact's.
    devices: Vec<DeviceId>,
    /// Every session with their device.
    sessions: Vec<Session>,
    /// The one to seal with; `None` until one is known to be sound.
    sending: Option<SessionId>,
    /// Which process of theirs that was agreed on with.
    process: Option<ProcessId>,
    /// A session that is being made because none is sound.
    pub(crate) renewal: Option<Renewal>,
    /// Their heads are known, so that it is known what they lack.
    heads_known: bool,
    /// What they said they hold on this channel.
    their_heads: Vec<ChainHead>,
    /// Up to where they were asked for each chain on this channel.
    asked: BTreeMap<ChainId, u32>,
    /// For how many ticks nothing came of it.
    ticks_in_vain: u32,
    /// Chains of which nothing came at all on this channel: they may be deleted there as a whole.
    in_vain: BTreeSet<ChainId>,
    /// Where their copies of our own chains differ from ours.
    searches: log::Searches,
    /// Where sending goes on in each chain.
    cursors: BTreeMap<ChainId, u32>,
    /// What they asked for.
    repairs: VecDeque<Want>,
    /// The last entry of each envelope on the way.
    in_flight: VecDeque<(ChainId, u32)>,
    /// Chains to acknowledge.
    acks: BTreeSet<ChainId>,
    /// Read marks to tell, the last one of each chain: they may say their heads many times before one can leave.
    reads: BTreeMap<ChainId, Mark>,
}

impl Delivery {
    /// Whether a channel stands.
    pub(crate) const fn is_online(&self) -> bool {
        self.link.is_some()
    }

    /// Whether one went while another is being made: of two that were made at once, the end of one may be heard before
    /// the first word of the other.
    pub(crate) const fn is_in_between(&self) -> bool {
        self.in_between
    }

    /// The channel that is used.
    pub(crate) const fn link(&self) -> Option<LinkId> {
        self.link
    }

    /// How every session stands here, for our STATUS.
    pub(crate) fn session_statuses(&self) -> Vec<SessionStatus> {
        self.sessions.iter().filter(|session| !session.is_lost()).map(Session::status).collect()
    }

    /// Remembers what they said on a channel.
    pub(crate) fn keep_status(&mut self, link: LinkId, status: Status) {
        self.statuses.insert(link, status);
    }

    /// No channel stands, but one is being made on what this holds.
    pub(crate) fn detach(&mut self) {
        self.in_between |= self.link.take().is_some();
        self.renewal = None;
    }

    /// Forgets what they said on a channel that is gone.
    pub(crate) fn forget_status(&mut self, link: LinkId) {
        self.statuses.remove(&link);
    }

    /// A new session, to be tried first.
    pub(crate) fn add_session(&mut self, session: Session) {
        self.sessions.insert(0, session);
    }

    /// Sessions that are being removed open and seal nothing any more.
    pub(crate) fn drop_sessions(&mut self, gone: &[SessionId]) {
        self.sessions.retain(|session| !gone.contains(&session.id()));
        self.sending = self.sending.filter(|sending| !gone.contains(sending));
    }

    /// How many read marks wait to be told.
    #[cfg(test)]
    pub(crate) fn reads_waiting(&self) -> usize {
        self.reads.len()
    }

    /// The acknowledgements of everything that was sent were lost, and the window is full.
    #[cfg(test)]
    pub(crate) fn lose_acknowledgements(&mut self) {
        let sent = self.cursors.iter().filter_map(|(chain, next)| Some((*chain, next.checked_sub(1)?)));
        let sent: Vec<(ChainId, u32)> = sent.collect();
        self.in_flight.extend(sent.into_iter().cycle().take(limits::ENVELOPES_IN_FLIGHT_MAX));
    }

    /// Seals with this session from now on.
    pub(crate) fn send_with(&mut self, session: SessionId) {
        self.sending = Some(session);
    }

    /// Picks the session to seal with: the lowest that both listed and that is sound.
    fn pick_session(&mut self, status: &Status) {
        self.process = Some(status.process);
        let listed = self.sessions.iter().filter(|one| !one.is_lost());
        let sound =
            listed.filter(|one| status.sessions.iter().any(|theirs| session::sound(&one.status(), theirs)));
        self.sending = sound.map(Session::id).min();
    }

    /// Forgets what was on the way on another channel.
    fn begin_on(&mut self, link: LinkId) {
        self.link = Some(link);
        self.in_between = false;
        self.heads_known = false;
        self.in_flight.clear();
        self.repairs.clear();
        self.their_heads.clear();
        self.asked.clear();
        self.ticks_in_vain = 0;
        self.in_vain.clear();
        self.searches.clear();
        self.renewal = None;
    }

    /// Sends each chain from where they said that they need it; `ends` are those of all chains, beyond which waits what
    /// is not to be sent. Heads are said twice, by each side as it asks and as it answers: what was sent on this
    /// channel in between is not sent again.
    fn go_on_from(&mut self, ends: Vec<(ChainId, u32)>, to_send: &[(ChainId, u32)]) {
        let sent = if self.heads_known { std::mem::take(&mut self.cursors) } else { BTreeMap::new() };
        self.cursors = ends.into_iter().collect();
        let from =
            |(chain, from): &(ChainId, u32)| (*chain, sent.get(chain).map_or(*from, |sent| *from.max(sent)));
        self.cursors.extend(to_send.iter().map(from));
        self.heads_known = true;
    }

    /// The session to seal with.
    pub(crate) fn sending_session(&mut self) -> Option<&mut Session> {
        let sending = self.sending?;
        self.sessions.iter_mut().find(|session| session.id() == sending)
    }
}

/// Loads what a channel to this contact needs.
pub(crate) fn prepare(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    open(state, turn, row)?;
    if state.deliveries.contains_key(&row) {
        return Ok(());
    }
    forget_old_sessions(state, turn, row)?;
    let Some(contact) = state.contacts.get(row) else { return Ok(()) };
    let Some((their_device, _)) = contact.device else { return Ok(()) };
    let devices = state.contacts.devices(row, state.own.device_list());
    let mut delivery = Delivery { devices, ..Delivery::default() };
    for id in contact.sessions.iter().rev() {
        if let Some(mut session) = Session::load(turn, state.own.device(), their_device, *id)? {
            tap::loaded(turn, session.doing());
            session.expire(turn, state.evidence.stands())?;
            delivery.sessions.push(session);
        }
    }
    state.deliveries.insert(row, delivery);
    Ok(())
}

/// The list of a contact's devices is another one.
pub(crate) fn devices_changed(state: &mut State, person: ContactRow) {
    let devices = state.contacts.devices(person, state.own.device_list());
    for row in state.contacts.rows_of(person) {
        if let Some(delivery) = state.deliveries.get_mut(&row) {
            delivery.devices.clone_from(&devices);
        }
    }
}

/// What a first message agreed on with the device of this row: its session and its secret, of a generation.
pub(crate) fn adopt(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    established: &Established,
    generation: u32,
) -> Result<(), RecordsError> {
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(()) };
    let Some((their_device, _)) = contact.device else { return Ok(()) };
    contact.add_pair(Pair::of(established, generation));
    let session = Session::establish(turn, state.own.device(), their_device, established)?;
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.add_session(session);
    }
    forget_old_sessions(state, turn, row)?;
    state.contacts.save(turn, row)?;
    state.identity_changed();
    Ok(())
}

/// Lost sessions stay readable for a week by evidence of time, and there are never more than
/// `limits::SESSIONS_PER_DEVICE_MAX`. One that does not open is of no use to anybody.
pub(crate) fn forget_old_sessions(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
) -> Result<(), RecordsError> {
    let Some(contact) = state.contacts.get(row) else { return Ok(()) };
    let Some((their_device, _)) = contact.device else { return Ok(()) };
    let surplus = contact.sessions.len().saturating_sub(limits::SESSIONS_PER_DEVICE_MAX);
    let sending = state.deliveries.get(&row).and_then(|delivery| delivery.sending);
    let mut gone = Vec::new();
    let mut do_not_open = false;
    for (position, id) in contact.sessions.iter().enumerate() {
        let session = match Session::load(turn, state.own.device(), their_device, *id) {
            Err(RecordsError::Lost(_)) => {
                do_not_open = true;
                gone.push(*id);
                continue;
            }
            loaded => loaded?,
        };
        let lost_at = session.and_then(|session| session.lost_at());
        let is_old = lost_at.is_some_and(|at| state.evidence.is_past(at, limits::LOST_SESSION_LIFE));
        if is_old || (position < surplus && sending != Some(*id)) {
            gone.push(*id);
        }
    }
    if do_not_open {
        rotation::tell_of_lost_sessions(state, turn);
    }
    purge::sessions(state, turn, row, &gone)
}

/// A channel is the one to use from now on. What they said on it shows which session is sound; `fresh` says that they
/// have just said it, so that equal hashes mean that nothing is owed. Otherwise the heads are asked for.
pub(crate) fn attach(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    link: LinkId,
    fresh: bool,
) -> Result<(), RecordsError> {
    let Some(delivery) = state.deliveries.get_mut(&row) else { return Ok(()) };
    if delivery.link == Some(link) {
        return Ok(());
    }
    let status = delivery.statuses.remove(&link);
    let path = state.path(row);
    let Some(delivery) = state.deliveries.get_mut(&row) else { return Ok(()) };
    if let Some(left) = delivery.link {
        // A renewal on it ends here.
        state.timers.cancel(Timer::LinkPatience(left));
    }
    delivery.begin_on(link);
    reach::on_used(state, link);
    if path.is_some() && path != state.path(row) {
        state.notify(turn, row, Event::ContactChanged);
    }
    let Some(delivery) = state.deliveries.get_mut(&row) else { return Ok(()) };
    match &status {
        // What the same process said on another channel may have been overtaken: its sessions go on.
        Some(status) if delivery.process == Some(status.process) && delivery.sending.is_some() => {}
        Some(status) => delivery.pick_session(status),
        None if delivery.sending.is_none() => {
            // What was said on it is used up and no session came of it: a new channel begins from the start.
            crate::link::close(state, turn, link, "no session to go on with");
            return Ok(());
        }
        None => {}
    }
    if let Some(session) = delivery.sending_session() {
        session.on_channel();
    }
    if delivery.sending.is_none() {
        lose_sessions(state, turn, row)?;
        renewal::begin(state, turn, row, link)?;
    }
    let Some(conversation) = state.conversations.get(&state.contacts.person(row)) else { return Ok(()) };
    let same = |status: Status| status.heads == conversation.heads_hash();
    let nothing_owed = fresh && status.is_some_and(|one| same(one) || plant::is(Plant::HeadsAlwaysEqual));
    match log::encode_heads(&conversation.heads()) {
        // It is as if they had said the heads that are ours too.
        Ok(heads) if nothing_owed => receiving::take_heads(state, turn, row, &heads).map(drop),
        _ => {
            say_heads(state, turn, row, link, true);
            pump(state, turn, row)
        }
    }
}

/// Whether a contact has several devices, each of which lacks something else.
fn is_shared(state: &State, row: ContactRow) -> bool {
    state.contacts.rows_of(row).len() > 1
}

/// One device of a contact's brought something: the others are told soon how far each chain goes here, and ask for what
/// they lack.
fn tell_devices_soon(state: &mut State, turn: &Turn<'_>, row: ContactRow) {
    if is_shared(state, row) {
        let person = state.contacts.person(row);
        let at = turn.now.moment + limits::TELL_DEVICES_AFTER;
        state.timers.bring_forward(Timer::TellDevices(person), at);
    }
}

/// Tells every device of a contact's that is there how far each chain goes here, and asks the same of those who may lack
/// what another device of ours wrote, and may have it from that device meanwhile.
pub(crate) fn tell_devices(state: &mut State, turn: &mut Turn<'_>, person: ContactRow) {
    let Some(conversation) = state.conversations.get(&person) else { return };
    let ends = conversation.own_chains();
    for row in state.contacts.rows_of(person) {
        let Some(delivery) = state.deliveries.get(&row) else { continue };
        let lacks = |(chain, end): &(ChainId, u32)| delivery.cursors.get(chain).is_none_or(|next| next < end);
        if let Some(link) = delivery.link {
            let ask = ends.iter().any(lacks);
            say_heads(state, turn, row, link, ask);
        }
    }
}

/// Everything that is not acknowledged goes out again. Of several devices each says itself what it lacks.
pub(crate) fn start_over(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
) -> Result<(), RecordsError> {
    if is_shared(state, row) {
        if let Some(delivery) = state.deliveries.get_mut(&row) {
            delivery.in_flight.clear();
            delivery.cursors.clear();
            delivery.heads_known = false;
            if let Some(link) = delivery.link {
                say_heads(state, turn, row, link, true);
            }
        }
        return Ok(());
    }
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.in_flight.clear();
        if let Some(conversation) = state.conversations.get(&state.contacts.person(row)) {
            for (chain, acknowledged) in conversation.acknowledged_chains() {
                if let Some(cursor) = delivery.cursors.get_mut(&chain) {
                    *cursor = (*cursor).min(acknowledged);
                }
            }
        }
    }
    pump(state, turn, row)
}

/// Tells them how far each chain goes here, and perhaps asks for the same.
pub(crate) fn say_heads(state: &mut State, turn: &mut Turn<'_>, row: ContactRow, link: LinkId, ask: bool) {
    let Some(conversation) = state.conversations.get(&state.contacts.person(row)) else {
        return;
    };
    let Ok(heads) = log::encode_heads(&conversation.heads()) else {
        return;
    };
    let payload = [&[u8::from(ask)], heads.as_slice()].concat();
    live_channel::send(state, turn, link, FrameKind::Heads, &payload);
}

/// Seals and sends whatever waits for anybody who is there.
pub(crate) fn pump_all(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    for row in std::mem::take(&mut state.waiting) {
        pump(state, turn, row)?;
    }
    Ok(())
}

/// Seals and sends what waits for one contact, as far as the window allows.
pub(crate) fn pump(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    let Some(parties) = parties(state, row) else { return Ok(()) };
    let is_withheld = is_withheld(state, row);
    loop {
        let (Some(delivery), Some(conversation)) =
            (state.deliveries.get_mut(&row), state.conversations.get(&state.contacts.person(row)))
        else {
            return Ok(());
        };
        let Some(link) = delivery.link else { return Ok(()) };
        if delivery.sending.is_none() {
            return Ok(());
        }
        let records = delivery.collect(turn, conversation, is_withheld)?;
        if records.is_empty() {
            return Ok(());
        }
        let Some(session) = delivery.sending_session() else { return Ok(()) };
        match session.seal(turn, &parties, &records) {
            Ok(envelope) => {
                live_channel::send(state, turn, link, FrameKind::Envelope, &envelope);
                if plant::is(Plant::DeliveredWhenSealed) {
                    receiving::take_sealed_for_delivered(state, turn, row)?;
                }
            }
            Err(session::SessionError::Store(error)) => return Err(error),
            Err(_) => {
                crate::link::close(state, turn, link, "the session cannot seal any more");
                return Ok(());
            }
        }
    }
}

/// Whether entries are kept from a device: it came to a contact whose safety number was compared, and was not since.
pub(crate) fn is_withheld(state: &State, row: ContactRow) -> bool {
    let person = state.contacts.person(row);
    let verification = |row| state.contacts.get(row).map(|contact| contact.verification);
    row != person
        && verification(person) == Some(Verification::Changed)
        && verification(row) != Some(Verification::Verified)
}

/// Who takes steps in the sessions with a contact's device.
pub(crate) fn parties(state: &State, row: ContactRow) -> Option<Parties> {
    let contact = state.contacts.get(row)?;
    let (_, their_static) = contact.device?;
    Some(Parties {
        own_account: state.own.account(),
        their_account: contact.account,
        own_static: state.own.static_secret().clone(),
        their_static,
    })
}

/// No session is sound: all are marked so, and their keys only open what is still on the way.
fn lose_sessions(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        for session in &mut delivery.sessions {
            if !session.is_lost() {
                session.mark_lost(turn, state.evidence.newest())?;
            }
        }
    }
    Ok(())
}

impl Delivery {
    /// What the next envelope brings: marks first, then what they asked for, then what they lack.
    fn collect(
        &mut self,
        turn: &Turn<'_>,
        conversation: &Conversation,
        is_withheld: bool,
    ) -> Result<Vec<Record>, RecordsError> {
        let mut packing = Packing::beside_steps();
        let mut records = Vec::new();
        while let Some(chain) = self.acks.pop_first() {
            if let Some(mark) = conversation.mark_for(chain)
                && packing.take(&Record::Ack(mark))
            {
                records.push(Record::Ack(mark));
            }
        }
        while let Some((_, mark)) = self.reads.pop_first() {
            if packing.take(&Record::Read(mark)) {
                records.push(Record::Read(mark));
            }
        }
        if !is_withheld && self.heads_known && self.in_flight.len() < limits::ENVELOPES_IN_FLIGHT_MAX {
            self.collect_repairs(turn, conversation, &mut packing, &mut records)?;
            self.collect_waiting(turn, conversation, &mut packing, &mut records)?;
        }
        Ok(records)
    }

    fn collect_repairs(
        &mut self,
        turn: &Turn<'_>,
        conversation: &Conversation,
        packing: &mut Packing,
        records: &mut Vec<Record>,
    ) -> Result<(), RecordsError> {
        while let Some(want) = self.repairs.front_mut() {
            let count = usize::try_from(want.to.saturating_sub(want.from)).unwrap_or(usize::MAX);
            let chain = want.chain;
            let entries = conversation.entries_from(turn, chain, want.from, packing.room(), count)?;
            let Some(last) = take_entries(entries, packing, records) else {
                if records.is_empty() {
                    self.repairs.pop_front();
                    continue;
                }
                return Ok(());
            };
            want.from = last.saturating_add(1);
            if want.from >= want.to {
                self.repairs.pop_front();
            }
        }
        Ok(())
    }

    fn collect_waiting(
        &mut self,
        turn: &Turn<'_>,
        conversation: &Conversation,
        packing: &mut Packing,
        records: &mut Vec<Record>,
    ) -> Result<(), RecordsError> {
        for (chain, next) in conversation.own_chains() {
            let cursor = self.cursors.entry(chain).or_insert(0);
            if *cursor >= next {
                continue;
            }
            let entries = conversation.entries_from(turn, chain, *cursor, packing.room(), usize::MAX)?;
            let Some(last) = take_entries(entries, packing, records) else { continue };
            *cursor = last.saturating_add(1);
            self.in_flight.push_back((chain, last));
            return Ok(());
        }
        Ok(())
    }
}

/// Takes as many entries as fit; the place of the last one taken.
fn take_entries(
    entries: Vec<(u32, Vec<u8>)>,
    packing: &mut Packing,
    records: &mut Vec<Record>,
) -> Option<u32> {
    let mut last = None;
    for (seq, bytes) in entries {
        let record = Record::Entry(bytes);
        if !packing.take(&record) {
            break;
        }
        records.push(record);
        last = Some(seq);
    }
    last
}
