//! What comes in over a live channel: envelopes, heads, requests for entries.
//!
//! An entry is told to people and acknowledged only behind the commit that holds it. What does not check is refused
//! with a sentence in the log and changes nothing; envelopes that no session opens are counted, and three of them, or
//! one that shows that the other side was put back, end the channel so that the states are compared anew.

use crate::{
    answer::{MessageState, MessageView},
    contact::ContactRow,
    delivery::{Delivery, parties, pump, say_heads, tell_devices_soon},
    engine::State,
    event::{Event, NoticeKind},
    ids::{DeviceId, LinkId},
    limits,
    link::{self, live_channel},
    log::{self, Advance, ChainId, Received, Stored, Want},
    name,
    output::{LogLevel, Output},
    records::RecordsError,
    session::{Opened, Refusal, step::Parties},
    testing::plant::{self, Plant},
    turn::Turn,
    wire::{envelope::Record, frame::FrameKind},
};

/// Envelopes that no session opens before a channel is given up.
const UNREADABLE_MAX: u32 = 3;

/// A sealed envelope arrived.
pub(crate) fn on_envelope(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    envelope: &[u8],
) -> Result<bool, RecordsError> {
    let newest = state.evidence.newest();
    let Some(parties) = parties(state, row) else { return Ok(true) };
    let Some(delivery) = state.deliveries.get_mut(&row) else { return Ok(true) };
    match delivery.open(turn, &parties, envelope, newest)? {
        Opened::Records(records) => {
            // Of heads said more than once in a breath the last ones count, or one envelope costs many comparisons.
            let last = records.iter().rposition(|record| matches!(record, Record::Heads(_)));
            for (position, record) in records.into_iter().enumerate() {
                if !matches!(record, Record::Heads(_)) || Some(position) == last {
                    on_record(state, turn, row, record)?;
                }
            }
            ask_again(state, turn, row);
        }
        Opened::Duplicate => acknowledge_all(state, row),
        Opened::Refused(refusal) => {
            on_refusal(state, turn, link, row, refusal)?;
            return Ok(true);
        }
    }
    pump(state, turn, row)?;
    Ok(true)
}

/// They say how far each chain goes there: `asks for ours u8 ‖ heads`.
pub(crate) fn on_heads(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    payload: &[u8],
) -> Result<bool, RecordsError> {
    let Some((asks @ (0 | 1), heads)) = payload.split_first() else { return Ok(false) };
    if *asks == 1 {
        say_heads(state, turn, row, link, false);
    }
    // Heads on another channel are older than what is said on this one.
    if state.deliveries.get(&row).and_then(Delivery::link) != Some(link) {
        return Ok(log::decode_heads(heads).is_ok());
    }
    take_heads(state, turn, row, heads)
}

/// Learns from their heads what they lack, what they have, and what they have read.
pub(super) fn take_heads(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    payload: &[u8],
) -> Result<bool, RecordsError> {
    let Ok(heads) = log::decode_heads(payload) else { return Ok(false) };
    let devices = devices(state, row);
    let Some(conversation) = state.conversations.get_mut(&state.contacts.person(row)) else {
        return Ok(true);
    };
    plant::panic_if(Plant::ManyHeadsPanic, heads.len() > 4);
    let compared = conversation.compare(turn, &heads, &devices)?;
    if plant::is(Plant::LastToldAgain) {
        tell_last_again(state, turn, row)?;
    }
    let Some(conversation) = state.conversations.get_mut(&state.contacts.person(row)) else {
        return Ok(true);
    };
    let Some(delivery) = state.deliveries.get_mut(&row) else { return Ok(true) };
    delivery.go_on_from(conversation.own_chains(), &compared.to_send);
    delivery.reads.extend(compared.reads.into_iter().map(|mark| (mark.chain, mark)));
    delivery.in_vain.retain(|chain| heads.iter().any(|head| head.chain == *chain));
    // What they hold is on its way no more, even if the channel that its acknowledgement was said on is closed.
    let held =
        |(chain, last): &(ChainId, u32)| heads.iter().any(|one| one.chain == *chain && one.next > *last);
    delivery.in_flight.retain(|sent| !held(sent));
    delivery.their_heads = heads;
    delivery.asked.clear();
    delivery.ticks_in_vain = 0;
    if compared.store_is_old {
        let text =
            "this device had older data than a contact remembers; what was missing comes back from there";
        state.notices.tell(turn, row, NoticeKind::StoreRepaired, text);
    }
    for (chain, seq) in compared.differing {
        search(delivery, chain, seq);
        state.notices.tell(turn, row, NoticeKind::Fork, OWN_FORK);
    }
    for advance in compared.advances {
        tell_advance(state, turn, row, advance);
    }
    ask_again(state, turn, row);
    pump(state, turn, row)?;
    Ok(true)
}

/// They ask for entries.
pub(crate) fn on_want(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    payload: &[u8],
) -> Result<bool, RecordsError> {
    let well_formed = take_wants(state, row, payload);
    pump(state, turn, row)?;
    Ok(well_formed)
}

/// What they ask for is what they are brought next, in place of what they asked for before.
fn take_wants(state: &mut State, row: ContactRow, payload: &[u8]) -> bool {
    let Ok(wants) = log::decode_wants(payload) else { return false };
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.repairs = portion(wants).into();
    }
    true
}

/// As much of these as one answer brings: both sides cut alike, so that whoever asks knows what comes.
fn portion(wants: Vec<Want>) -> Vec<Want> {
    let mut room = u32::try_from(limits::REPAIR_ENTRIES_MAX).unwrap_or(u32::MAX);
    let mut taken = Vec::new();
    for want in wants.into_iter().filter(|want| want.from < want.to) {
        let to = want.to.min(want.from.saturating_add(room));
        room -= to - want.from;
        if want.from < to {
            taken.push(Want { to, ..want });
        }
    }
    taken
}

fn on_record(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    record: Record,
) -> Result<(), RecordsError> {
    let devices = devices(state, row);
    let Some(conversation) = state.conversations.get_mut(&state.contacts.person(row)) else { return Ok(()) };
    match record {
        Record::Entry(bytes) => {
            let place = log::place_of(&bytes);
            match conversation.receive(turn, &bytes, &devices)? {
                Received::Stored(stored) => on_stored(state, turn, row, *stored, place),
                Received::Known => {
                    if let (Some((chain, seq)), Some(delivery)) = (place, state.deliveries.get_mut(&row)) {
                        delivery.acks.insert(chain);
                        delivery.searches.agrees(chain, seq);
                    }
                    Ok(())
                }
                Received::Refused(refusal) => {
                    on_entry_refused(state, turn, row, refusal, place);
                    Ok(())
                }
            }
        }
        Record::Ack(mark) => {
            let advance = conversation.acknowledged(turn, &mark)?;
            if let Some(delivery) = state.deliveries.get_mut(&row) {
                delivery.in_flight.retain(|(chain, last)| *chain != mark.chain || *last > mark.seq);
            }
            if let Some(advance) = advance {
                tell_advance(state, turn, row, advance);
            }
            Ok(())
        }
        Record::Read(mark) => {
            if let Some(advance) = conversation.read_by_peer(turn, &mark)? {
                tell_advance(state, turn, row, advance);
            }
            Ok(())
        }
        Record::Heads(bytes) => take_heads(state, turn, row, &bytes).map(drop),
        // What is asked for goes out once, after the envelope's last record.
        Record::Want(bytes) => {
            take_wants(state, row, &bytes);
            Ok(())
        }
        // Its session has taken out what belongs to a step.
        Record::Offer(_) | Record::Accept(_) => Ok(()),
    }
}

fn on_stored(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    stored: Stored,
    place: Option<(ChainId, u32)>,
) -> Result<(), RecordsError> {
    let theirs = devices(state, row).contains(&stored.chain.author_dev);
    if let (Some(delivery), Some(conversation)) =
        (state.deliveries.get_mut(&row), state.conversations.get(&state.contacts.person(row)))
    {
        if !plant::is(Plant::AckLost) {
            delivery.acks.insert(stored.chain);
        }
        if plant::is(Plant::ReadUnasked) && theirs {
            delivery.reads.extend(conversation.mark_for(stored.chain).map(|mark| (mark.chain, mark)));
        }
        if stored.joined {
            delivery.searches.joined(stored.chain);
            delivery.asked.remove(&stored.chain);
        }
        // Whatever comes may come before what was asked for.
        delivery.ticks_in_vain = 0;
        delivery.in_vain.remove(&stored.chain);
        if let Some((chain, seq)) = place.filter(|_| !theirs) {
            // What they brought is not to be sent back.
            let cursor = delivery.cursors.entry(chain).or_insert(0);
            let kept = if stored.joined { 0 } else { *cursor };
            *cursor = kept.max(seq.saturating_add(1));
        }
    }
    tell_devices_soon(state, turn, row);
    let own_account = state.own.account();
    let row = state.contacts.person(row);
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(()) };
    let account = contact.account;
    // An own name that comes back names nobody else.
    let named = stored
        .name
        .filter(|_| theirs)
        .and_then(|name| name::check(&name).ok())
        .is_some_and(|name| contact.claim_name(name.as_str()));
    if named {
        state.contacts.save(turn, row)?;
        state.identity_changed();
        state.notify(turn, row, Event::ContactChanged);
    }
    if let Some(message) = stored.message {
        let author = if message.outgoing { own_account } else { account };
        let view = MessageView::of(&message, account, author);
        turn.push(Output::Notify(Event::MessageReceived(Box::new(view))));
    }
    if let Some(advance) = stored.advance {
        tell_advance(state, turn, row, advance);
    }
    Ok(())
}

fn on_entry_refused(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    refusal: log::Refusal,
    place: Option<(ChainId, u32)>,
) {
    turn.log(LogLevel::Warn, format!("an entry from contact {} was refused: {refusal}", row.number()));
    let own_device = state.own.device();
    let Some(delivery) = state.deliveries.get_mut(&row) else { return };
    let contradicts = matches!(refusal, log::Refusal::Fork | log::Refusal::Prev);
    match place.filter(|(chain, _)| contradicts && chain.author_dev == own_device) {
        Some((chain, seq)) => {
            search(delivery, chain, seq);
            state.notices.tell(turn, row, NoticeKind::Fork, OWN_FORK);
        }
        None if refusal == log::Refusal::Fork => {
            let text =
                "two messages claim one place in their author's history: an old copy of a device was used";
            state.notices.tell(turn, row, NoticeKind::Fork, text);
        }
        None => {}
    }
}

/// This device wrote two histories, which differ at a place at the latest: the first such place is asked for next.
fn search(delivery: &mut Delivery, chain: ChainId, seq: u32) {
    delivery.searches.differs(chain, seq);
    delivery.asked.remove(&chain);
}

/// What a person is told of that.
const OWN_FORK: &str = "an old copy of this device was used, and wrote another history than a contact remembers; what is \
                        in only one of the two is brought to the other";

/// No session opened an envelope.
fn on_refusal(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    refusal: Refusal,
) -> Result<(), RecordsError> {
    turn.log(LogLevel::Warn, format!("an envelope from contact {} was refused: {refusal:?}", row.number()));
    let put_back = matches!(refusal, Refusal::UsedIndex | Refusal::TooFar);
    let Some(live) = state.links.live_mut(link) else { return Ok(()) };
    live.unreadable = live.unreadable.saturating_add(1);
    if put_back || live.unreadable >= UNREADABLE_MAX {
        if let Some(session) = state.deliveries.get_mut(&row).and_then(Delivery::sending_session) {
            session.mark_lost(turn, state.evidence.newest())?;
        }
        link::refuse(state, turn, link, "envelopes that no session opens");
    }
    Ok(())
}

/// Everything of theirs is acknowledged once more: their last acknowledgement may have been lost.
fn acknowledge_all(state: &mut State, row: ContactRow) {
    let (Some(conversation), Some(delivery)) =
        (state.conversations.get(&state.contacts.person(row)), state.deliveries.get_mut(&row))
    else {
        return;
    };
    let own: Vec<_> = conversation.own_chains().into_iter().map(|(chain, _)| chain).collect();
    let heads = conversation.heads();
    delivery.acks.extend(heads.into_iter().map(|head| head.chain).filter(|chain| !own.contains(chain)));
}

/// Asks for what they hold of our own chains and we do not, a piece at a time.
fn ask_again(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    let devices = devices(state, row);
    let (Some(conversation), Some(delivery)) =
        (state.conversations.get(&state.contacts.person(row)), state.deliveries.get_mut(&row))
    else {
        return;
    };
    if delivery.their_heads.is_empty() {
        return;
    }
    let under_way =
        delivery.asked.iter().any(|(chain, to)| !conversation.goes_to(*chain, to.saturating_sub(1)))
            || delivery.searches.under_way();
    let mut wants = conversation.wants(&delivery.their_heads, &devices);
    // Where they brought the end of a piece, or what lies behind it, and not its beginning they have deleted that: it is not
    // asked for again.
    for want in &mut wants {
        let asked = delivery.asked.get(&want.chain).copied().unwrap_or(0);
        want.from = conversation.first_missing(want.chain, want.from.max(asked));
    }
    if under_way || plant::is(Plant::WantNeverSent) {
        return;
    }
    wants.retain(|want| !delivery.in_vain.contains(&want.chain));
    let wants = portion(delivery.searches.ask(wants));
    if wants.is_empty() {
        return;
    }
    let Ok(bytes) = log::encode_wants(&wants) else {
        return;
    };
    delivery.ticks_in_vain = 0;
    delivery.asked.extend(wants.iter().map(|want| (want.chain, want.to)));
    if let Some(link) = delivery.link {
        live_channel::send(state, turn, link, FrameKind::Want, &bytes);
    }
}

/// A tick of the channel: where nothing came for two of them of what was asked for, it is taken for deleted there, and
/// what else there is has its turn.
pub(crate) fn on_tick(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    let (Some(conversation), Some(delivery)) =
        (state.conversations.get(&state.contacts.person(row)), state.deliveries.get_mut(&row))
    else {
        return;
    };
    let open = |(chain, to): (&ChainId, &u32)| {
        (!conversation.goes_to(*chain, to.saturating_sub(1))).then_some(*chain)
    };
    let open: Vec<ChainId> = delivery.asked.iter().filter_map(open).collect();
    if open.is_empty() && !delivery.searches.under_way() {
        delivery.ticks_in_vain = 0;
        return;
    }
    delivery.ticks_in_vain += 1;
    if delivery.ticks_in_vain > ASKED_TICKS_MAX {
        delivery.searches.give_up();
        for chain in open {
            delivery.asked.remove(&chain);
            delivery.in_vain.insert(chain);
        }
        ask_again(state, turn, row);
    }
}

/// Ticks in which nothing may come of what was asked for. Chosen: a slow line takes a few seconds for one envelope.
const ASKED_TICKS_MAX: u32 = 2;

/// A planted mistake: the end of what was sealed last counts as acknowledged.
pub(super) fn take_sealed_for_delivered(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
) -> Result<(), RecordsError> {
    let sealed = state.deliveries.get(&row).and_then(|delivery| delivery.in_flight.back().copied());
    let (Some((chain, _)), Some(conversation)) =
        (sealed, state.conversations.get_mut(&state.contacts.person(row)))
    else {
        return Ok(());
    };
    let Some(mark) = conversation.mark_for(chain) else { return Ok(()) };
    if let Some(advance) = conversation.acknowledged(turn, &mark)? {
        tell_advance(state, turn, row, advance);
    }
    Ok(())
}

/// A planted mistake: people are told of a message that they were told of before.
fn tell_last_again(state: &State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    let (Some(conversation), Some(contact)) =
        (state.conversations.get(&state.contacts.person(row)), state.contacts.get(row))
    else {
        return Ok(());
    };
    let page = conversation.history(turn, 1, None)?.unwrap_or_default();
    for last in page.iter().filter(|one| !one.outgoing) {
        let view = MessageView::of(last, contact.account, contact.account);
        turn.push(Output::Notify(Event::MessageReceived(Box::new(view))));
    }
    Ok(())
}

fn tell_advance(state: &State, turn: &mut Turn<'_>, row: ContactRow, advance: Advance) {
    let Some(contact) = state.contacts.get(row) else {
        return;
    };
    turn.push(Output::Notify(Event::MessageState {
        conversation: contact.account,
        up_to: advance.up_to,
        state: advance.state,
    }));
}

fn devices(state: &State, row: ContactRow) -> Vec<DeviceId> {
    state.deliveries.get(&row).map(|delivery| delivery.devices.clone()).unwrap_or_default()
}

impl MessageView {
    /// What a person sees of a row of a conversation's history.
    pub(crate) fn of(
        row: &log::Row,
        conversation: crate::ids::AccountId,
        author: crate::ids::AccountId,
    ) -> Self {
        Self {
            id: row.mid,
            conversation,
            author,
            outgoing: row.outgoing,
            text: row.text.clone(),
            sent_at: row.sent_at(),
            received_at: row.received_at,
            state: if row.outgoing { row.state } else { row.state.max(MessageState::Delivered) },
            reason: None,
        }
    }
}

impl Delivery {
    /// Opens an envelope with whichever session it belongs to.
    fn open(
        &mut self,
        turn: &mut Turn<'_>,
        parties: &Parties,
        envelope: &[u8],
        newest: crate::moment::WallTime,
    ) -> Result<Opened, RecordsError> {
        let mut refused = Opened::Refused(Refusal::NoHeaderKey);
        for session in &mut self.sessions {
            match session.open(turn, parties, envelope, newest)? {
                Opened::Refused(Refusal::NoHeaderKey) => {}
                Opened::Refused(refusal) => refused = Opened::Refused(refusal),
                opened => return Ok(opened),
            }
        }
        Ok(refused)
    }
}
