//! A session that cannot go on is replaced over the live channel: fresh keys both ways, everything that was not
//! acknowledged is sealed again from the log.
//!
//! ```text
//! larger device                     smaller device
//!   BUNDLE ────────────────────────▶  answers under the channel's shared secret
//!          ◀──────────────────────── FIRST
//!   STORED ────────────────────────▶
//! ```
//!
//! Both found by the comparison of their states that no session is sound, so both expect it; at any other time these
//! frames are skipped. Should only one of them have found so, the other one does not answer, and the channel is closed:
//! on the next one they compare anew. The statics are known, so verification stays as it was.

use crate::{
    account::device_list::SignedDeviceList,
    contact::{
        ContactRow, Pair,
        bundle::{self, Bundle},
    },
    delivery::{self, Delivery},
    engine::State,
    event::NoticeKind,
    ids::{LinkId, SessionId},
    link::{live_channel, wait_patiently},
    records::RecordsError,
    secret::Secret,
    session::{
        first_contact::{self, BundleKeys, BundleKind, BundlePublic, Established, FirstPayload},
        noise::StaticKeys,
    },
    testing::tap::{self, Doing},
    timer::Timer,
    turn::Turn,
    wire::frame::FrameKind,
};

/// How far a renewal has come on one live channel.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// We offered fresh keys.
    Offered(Box<BundleKeys>),
    /// They are to offer fresh keys.
    Awaited,
    /// We answered theirs with this session.
    Answered(SessionId),
}

/// No session is sound: the larger device offers fresh keys, good for this channel only.
pub(crate) fn begin(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    link: LinkId,
) -> Result<(), RecordsError> {
    let Some((their_device, _)) = state.contacts.get(row).and_then(|contact| contact.device) else {
        return Ok(());
    };
    let renewal = if state.own.device() < their_device {
        Renewal::Awaited
    } else {
        let made = bundle::for_one_link(&state.own, BundleKind::Renewal, turn.now.wall, &mut turn.random);
        let Some((keys, bundle)) = made else { return Ok(()) };
        live_channel::send(state, turn, link, FrameKind::Bundle, &bundle);
        Renewal::Offered(Box::new(keys))
    };
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.renewal = Some(renewal);
    }
    wait_patiently(state, turn, link);
    Ok(())
}

/// They offer fresh keys.
pub(crate) fn on_bundle(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    payload: &[u8],
) -> Result<bool, RecordsError> {
    let awaited = state.deliveries.get(&row).is_some_and(|one| matches!(one.renewal, Some(Renewal::Awaited)));
    if !awaited || !is_used(state, link, row) {
        return Ok(true);
    }
    let Some((pair, contact)) = channel_pair(state, link).zip(state.contacts.get(row)) else {
        return Ok(true);
    };
    let Some(bundle) = Bundle::parse(payload).ok().filter(|bundle| {
        bundle.account() == contact.account
            && contact.device == Some((bundle.device(), bundle.static_public()))
    }) else {
        return Ok(false);
    };
    let publisher = BundlePublic {
        account: bundle.account(),
        dev: bundle.device(),
        static_public: bundle.static_public(),
        noise1: bundle.noise1().to_vec(),
    };
    let payload = FirstPayload {
        device_list: state.own.device_list().bytes().to_vec(),
        dev: state.own.device(),
        bundle_for_reply: Vec::new(),
        name: state.name.clone(),
        day: turn.now.wall.day(),
        entries: Vec::new(),
    };
    let statics = StaticKeys::from_secret(state.own.static_secret().clone());
    let answered = first_contact::answer(&publisher, &statics, &pair.key, &payload, &mut turn.random);
    let Ok((first, established)) = answered else { return Ok(false) };
    let (session, from, to) = (established.session, state.own.device(), bundle.device());
    tap::first(turn, Doing { session, from, to }, &first);
    delivery::adopt(state, turn, row, &established, pair.generation.saturating_add(1))?;
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.renewal = Some(Renewal::Answered(established.session));
    }
    wait_patiently(state, turn, link);
    live_channel::send(state, turn, link, FrameKind::First, &first);
    Ok(true)
}

/// They answer the fresh keys that we offered.
pub(crate) fn on_first(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    payload: &[u8],
) -> Result<bool, RecordsError> {
    let Some(pair) = channel_pair(state, link).filter(|_| is_used(state, link, row)) else { return Ok(true) };
    let keys = match state.deliveries.get_mut(&row).map(|delivery| delivery.renewal.take()) {
        Some(Some(Renewal::Offered(keys))) => keys,
        Some(other) => {
            if let Some(delivery) = state.deliveries.get_mut(&row) {
                delivery.renewal = other;
            }
            return Ok(true);
        }
        None => return Ok(true),
    };
    let Some(established) = check(state, row, &pair.key, &keys, payload) else { return Ok(false) };
    delivery::adopt(state, turn, row, &established, pair.generation.saturating_add(1))?;
    live_channel::send(state, turn, link, FrameKind::Stored, &[]);
    finish(state, turn, link, row, established.session)?;
    Ok(true)
}

/// The answer that we gave is durable there.
pub(crate) fn on_stored(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
) -> Result<bool, RecordsError> {
    let answered = match state.deliveries.get(&row).map(|delivery| &delivery.renewal) {
        Some(Some(Renewal::Answered(session))) if is_used(state, link, row) => *session,
        _ => return Ok(true),
    };
    finish(state, turn, link, row, answered)?;
    Ok(true)
}

/// Whether this is said on the channel that is used: of what was begun on another one nothing comes any more.
fn is_used(state: &State, link: LinkId, row: ContactRow) -> bool {
    state.deliveries.get(&row).and_then(Delivery::link) == Some(link)
}

/// The shared secret by which a live channel was made.
fn channel_pair(state: &State, link: LinkId) -> Option<Pair> {
    let live = state.links.live(link)?;
    let contact = state.contacts.get(live.row())?;
    contact.pairs.iter().find(|pair| pair.session == live.session()).cloned()
}

fn check(state: &State, row: ContactRow, k: &Secret, keys: &BundleKeys, first: &[u8]) -> Option<Established> {
    let contact = state.contacts.get(row)?;
    let statics = StaticKeys::from_secret(state.own.static_secret().clone());
    let opened =
        first_contact::open_first(k, keys, state.own.account(), state.own.device(), &statics, first).ok()?;
    let list = SignedDeviceList::parse(&opened.payload.device_list).ok()?;
    let same = list.account() == contact.account
        && contact.device == Some((opened.payload.dev, opened.remote_static))
        && list.device(opened.payload.dev)?.static_key == opened.remote_static;
    same.then_some(opened.established)
}

/// Both hold the new session: it is the one to seal with, and everything unacknowledged goes out again.
fn finish(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    session: SessionId,
) -> Result<(), RecordsError> {
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.renewal = None;
        delivery.send_with(session);
    }
    state.timers.cancel(Timer::LinkPatience(link));
    let text = "the keys of a conversation were renewed because one side's state was lost or put back";
    state.notices.tell(turn, row, NoticeKind::KeysRenewed, text);
    delivery::start_over(state, turn, row)
}
