//! The invited meets the inviter: bundle, first message, consent.
//!
//! ```text
//! invited                                    inviter
//!   BODY? ──────────────────────────────────▶
//!         ◀────────────────────────────────── BODY, or REFUSED
//!   FIRST ──────────────────────────────────▶ checked, durable
//!         ◀────────────────────────────────── STORED, or REFUSED
//!   consent (given with a one-use link without --ask): a new hello on the same stream, by the new shared secret
//! ```
//!
//! Frames are sealed under the link's secret and both nonces. What does not check changes nothing. The same first
//! message again is acknowledged again, and the invited repeats it on every link until a live channel stands: whoever
//! holds the same link could say STORED. A refusal is signed by the inviter's device. Another answer to a used
//! invitation is told to the inviter's person once.

use crate::{
    account::device_list::SignedDeviceList,
    answer::ContactState,
    contact::{
        Contact, ContactRow, FirstState,
        invitation::{self, Invitation, InvitationRow, Invitations},
    },
    delivery,
    engine::State,
    event::{Event, NoticeKind},
    ids::{DeviceId, LinkId, SessionId},
    limits,
    link::{
        self, Link, Phase,
        hello::{self, Binding},
        keep_alive, wait_patiently,
    },
    name::Name,
    output::{LogLevel, Output},
    own_devices, reach,
    records::RecordsError,
    secret::Secret,
    session::{
        first_contact::{self, BundleKeys, Established},
        noise::StaticKeys,
    },
    timer::Timer,
    turn::{RecordKey, Turn},
    wire::frame::FrameKind,
};

pub(crate) mod accepting;
mod channel;
pub(crate) mod devices;
pub(crate) mod refusal;

pub(crate) use accepting::accept;
use accepting::{Answered, Made};
use channel::Channel;
use refusal::Refusal;

/// The inviter's side of one link.
#[derive(Debug)]
pub(crate) struct Inviter {
    offer: Offer,
    binding: Binding,
    channel: Channel,
    /// They were given the bundle, which nobody needs twice.
    body_said: bool,
    /// Those of the bundle, where they are good on this link only.
    keys: Option<Box<BundleKeys>>,
    /// Their first message is durable and waits for our person's consent.
    waits_for_consent: Option<ContactRow>,
}

/// What somebody is introduced by.
#[derive(Clone, Copy, Debug)]
enum Offer {
    /// A link of ours.
    Invitation(InvitationRow),
    /// What we share with an earlier device of theirs, that of this row, since this session.
    Device(ContactRow, SessionId),
}

/// The invited's side of one link.
#[derive(Debug)]
pub(crate) struct Invited {
    row: ContactRow,
    binding: Binding,
    channel: Channel,
    /// Our first message was said on this link.
    first_said: bool,
    /// Our first message is durable there and waits for their person's consent.
    waits_for_consent: bool,
    /// What our first message agreed on, until they have it.
    made: Option<Made>,
}

impl Invited {
    /// Whom we want to meet.
    pub(crate) const fn row(&self) -> ContactRow {
        self.row
    }

    /// Whether our answer was said on this link.
    pub(crate) const fn has_answered(&self) -> bool {
        self.first_said
    }

    /// Whether they have our answer, and their person is to decide.
    pub(crate) const fn waits_for_consent(&self) -> bool {
        self.waits_for_consent
    }
}

/// Somebody holds a link of ours: they speak first.
pub(crate) fn begin_as_inviter(state: &mut State, link: LinkId, row: InvitationRow, binding: Binding) {
    let Some(secret) = state.invitations.get(row).map(|invitation| invitation.secret.clone()) else {
        return;
    };
    let channel = Channel::new(&secret, &binding, true);
    stand_as_inviter(state, link, Offer::Invitation(row), binding, channel);
}

fn stand_as_inviter(state: &mut State, link: LinkId, offer: Offer, binding: Binding, channel: Channel) {
    if let Some(one) = state.links.get_mut(link) {
        one.phase = Phase::Inviter(Inviter {
            offer,
            binding,
            channel,
            body_said: false,
            keys: None,
            waits_for_consent: None,
        });
    }
}

/// We hold a link of theirs: we ask for the bundle, or repeat the first message that we made before.
pub(crate) fn begin_as_invited(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    binding: Binding,
) -> Result<(), RecordsError> {
    let Some(answer) = state.contacts.get(row).and_then(|contact| contact.answer.clone()) else {
        return Ok(());
    };
    let channel = Channel::new(&answer.secret, &binding, false);
    if let Some(one) = state.links.get_mut(link) {
        let (first_said, waits_for_consent) = (false, false);
        one.phase =
            Phase::Invited(Invited { row, binding, channel, first_said, waits_for_consent, made: None });
    }
    let kept = if answer.first == FirstState::Kept { kept_first(state, turn, row)? } else { None };
    match kept {
        Some(first) => say_first(state, turn, link, &first),
        None => ask_for_body(state, turn, link),
    }
    Ok(())
}

fn say_first(state: &mut State, turn: &mut Turn<'_>, link: LinkId, first: &[u8]) {
    if let Some(Phase::Invited(invited)) = state.links.get_mut(link).map(|one| &mut one.phase) {
        invited.first_said = true;
    }
    say(state, turn, link, FrameKind::First, first);
}

/// A store that lost its newest part may have lost first messages with it.
pub(crate) fn on_store_lost(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    let answering: Vec<ContactRow> =
        state.contacts.iter().filter(|(_, contact)| contact.answer.is_some()).map(|(row, _)| row).collect();
    for row in answering {
        if kept_first(state, turn, row)?.is_none()
            && let Some(answer) = state.contacts.get_mut(row).and_then(|contact| contact.answer.as_mut())
            && answer.first == FirstState::Kept
        {
            answer.first = FirstState::Lost;
            state.contacts.save(turn, row)?;
        }
    }
    Ok(())
}

/// Asks the inviter for the bundle that the link names.
pub(crate) fn ask_for_body(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    say(state, turn, link, FrameKind::BodyWanted, &[]);
}

/// A frame from somebody who holds a link of ours.
pub(crate) fn on_inviter_frame(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    let Some((offer, (kind, payload))) = opened(state, link, bytes) else {
        link::refuse(state, turn, link, "malformed introduction");
        return Ok(());
    };
    match kind {
        FrameKind::BodyWanted => on_body_wanted(state, turn, link, offer),
        FrameKind::First => match offer {
            Offer::Invitation(row) => on_first(state, turn, link, row, &payload),
            Offer::Device(row, session) => devices::on_first(state, turn, link, (row, session), &payload),
        },
        // Somebody who waits for consent shows that they still do.
        FrameKind::Ping if state.links.get(link).is_some_and(is_waiting) => {
            say(state, turn, link, FrameKind::Pong, &[]);
            state.timers.set(Timer::LinkPatience(link), turn.now.moment + limits::WAITING_PATIENCE);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether somebody waits on this link for our person's consent.
pub(crate) fn is_waiting(link: &Link) -> bool {
    matches!(&link.phase, Phase::Inviter(inviter) if inviter.waits_for_consent.is_some())
}

/// A frame from somebody whose link we answered.
pub(crate) fn on_invited_frame(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    let Some(one) = state.links.get_mut(link) else { return Ok(()) };
    let Phase::Invited(invited) = &mut one.phase else { return Ok(()) };
    let row = invited.row;
    if invited.waits_for_consent && hello::is_nonce_frame(bytes) {
        // They consented: a new hello on the same link. If that comes to nothing they are tried again.
        reach::retry(state, turn, Timer::Redial(row));
        link::greet(state, turn, link, true);
        return link::on_frame(state, turn, link, bytes);
    }
    let Some((kind, payload)) = invited.channel.open(bytes) else {
        link::refuse(state, turn, link, "malformed introduction");
        return Ok(());
    };
    if invited.waits_for_consent {
        state.timers.set(Timer::LinkPatience(link), turn.now.moment + limits::WAITING_PATIENCE);
    }
    match kind {
        FrameKind::Body => on_body(state, turn, link, row, &payload),
        FrameKind::DeviceList => {
            own_devices::on_list(state, turn, row, &payload);
            Ok(())
        }
        FrameKind::Stored => on_stored(state, turn, link, row),
        FrameKind::Refused => on_refused(state, turn, link, row, &payload),
        _ => Ok(()),
    }
}

/// The bundle that we asked for. Where it was answered on another link meanwhile the same answer is said here.
fn on_body(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    payload: &[u8],
) -> Result<(), RecordsError> {
    let Some(Phase::Invited(invited)) = state.links.get(link).map(|one| &one.phase) else { return Ok(()) };
    let first_said = invited.first_said;
    let answer = state.contacts.get(row).and_then(|contact| contact.answer.as_ref());
    let Some(is_kept) = answer.map(|answer| answer.first == FirstState::Kept) else {
        link::close(state, turn, link, MET_MEANWHILE);
        return Ok(());
    };
    let first = if first_said {
        None
    } else if is_kept {
        kept_first(state, turn, row)?
    } else {
        accepting::answer_body(state, turn, row, payload)?.map(|Answered { row, first, made }| {
            if let Some(Phase::Invited(invited)) = state.links.get_mut(link).map(|one| &mut one.phase) {
                invited.row = row;
                invited.made = made;
            }
            first
        })
    };
    match first {
        Some(first) => {
            say_first(state, turn, link, &first);
            wait_patiently(state, turn, link);
        }
        None => link::refuse(state, turn, link, "the invitation's body does not check"),
    }
    Ok(())
}

/// Our person consented: whoever waits on a link is greeted anew.
pub(crate) fn on_consent(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    let waiting: Vec<LinkId> = state
        .links
        .iter()
        .filter(|(_, link)| match &link.phase {
            Phase::Inviter(Inviter { waits_for_consent: Some(waiting), .. }) => {
                state.contacts.person(*waiting) == state.contacts.person(row)
            }
            _ => false,
        })
        .map(|(link, _)| link)
        .collect();
    for link in waiting {
        link::greet(state, turn, link, true);
    }
}

/// Somebody who waits for consent shows on each tick that they still do.
pub(crate) fn on_tick(state: &mut State, turn: &mut Turn<'_>) -> bool {
    let waiting: Vec<LinkId> = state
        .links
        .iter()
        .filter(|(_, link)| matches!(&link.phase, Phase::Invited(one) if one.waits_for_consent))
        .map(|(link, _)| link)
        .collect();
    for link in &waiting {
        say(state, turn, *link, FrameKind::Ping, &[]);
    }
    !waiting.is_empty()
}

/// Where a first message of ours is kept until it is acknowledged.
pub(crate) fn kept_key(turn: &Turn<'_>, account: &[u8]) -> RecordKey {
    turn.key(b'F', &[account], &[])
}

fn on_body_wanted(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    offer: Offer,
) -> Result<(), RecordsError> {
    let Some(Phase::Inviter(inviter)) = state.links.get_mut(link).map(|one| &mut one.phase) else {
        return Ok(());
    };
    if std::mem::replace(&mut inviter.body_said, true) {
        link::refuse(state, turn, link, "asked twice for the bundle");
        return Ok(());
    }
    wait_patiently(state, turn, link);
    let row = match offer {
        Offer::Invitation(row) => row,
        Offer::Device(row, _) => {
            devices::on_body_wanted(state, turn, link, row);
            return Ok(());
        }
    };
    let Some(invitation) = state.invitations.get(row) else { return Ok(()) };
    let refusal = Refusal::of(invitation.state(turn.now.wall));
    if refusal == Some(Refusal::Used) {
        // Whoever gave the answer that was taken has no need to ask, unless they asked on two links at once.
        tell_answered_twice(state, turn, link, row)?;
    }
    match (refusal, Invitations::bundle(turn, row)?) {
        (None, Some(bundle)) => say(state, turn, link, FrameKind::Body, &bundle),
        (refusal, _) => refuse(state, turn, link, refusal.unwrap_or(Refusal::Revoked)),
    }
    Ok(())
}

fn on_first(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: InvitationRow,
    first: &[u8],
) -> Result<(), RecordsError> {
    let Some(invitation) = state.invitations.get(row).cloned() else { return Ok(()) };
    let Some(transcript) = first_contact::transcript(&invitation.secret, first) else {
        link::refuse(state, turn, link, "malformed first message");
        return Ok(());
    };
    if let Some(contact) = invitation::taken_by(turn, &invitation, transcript)? {
        // The same bytes again: the same answer again.
        let row = state.contacts.by_account(contact);
        let_in_again(state, turn, &invitation, row, first)?;
        return stored(state, turn, link, row);
    }
    if invitation.answers >= limits::ANSWERS_PER_INVITATION_MAX {
        refuse(state, turn, link, Refusal::Used);
        return Ok(());
    }
    if let Some(refusal) = Refusal::of(invitation.state(turn.now.wall)) {
        if refusal == Refusal::Used {
            tell_answered_twice(state, turn, link, row)?;
        }
        refuse(state, turn, link, refusal);
        return Ok(());
    }
    let Some(answer) = check_first(state, &invitation, first) else {
        turn.log(LogLevel::Warn, "an answer to an invitation does not check and was refused");
        link::refuse(state, turn, link, "the first message does not check");
        return Ok(());
    };
    let Some(peer) = state.links.get(link).map(|one| one.ends.peer.clone()) else { return Ok(()) };
    match admit(state, turn, &invitation, answer)? {
        Some(contact) => {
            invitation::take(state, turn, row, transcript, (contact, peer))?;
            stored(state, turn, link, Some(contact))
        }
        None => {
            refuse(state, turn, link, Refusal::Revoked);
            Ok(())
        }
    }
}

/// Somebody repeats an answer whose keys were dropped when our person removed or ignored them. If our person answers a
/// link of theirs since, which is the only way from there to `pending`, those keys are taken again where they can be.
fn let_in_again(
    state: &mut State,
    turn: &mut Turn<'_>,
    invitation: &Invitation,
    row: Option<ContactRow>,
    first: &[u8],
) -> Result<(), RecordsError> {
    let waits = row
        .and_then(|row| state.contacts.get(row))
        .is_some_and(|contact| !contact.removed && contact.state == ContactState::Pending);
    if waits && let Some(answer) = check_first(state, invitation, first) {
        admit(state, turn, invitation, answer)?;
    }
    Ok(())
}

/// An answer whose every part was checked.
struct CheckedAnswer {
    list: SignedDeviceList,
    device: DeviceId,
    static_public: [u8; 32],
    name: Name,
    established: Established,
}

fn check_first(state: &State, invitation: &Invitation, first: &[u8]) -> Option<CheckedAnswer> {
    checked_answer(state, &invitation.secret, invitation.keys.as_ref()?, first)
}

fn checked_answer(state: &State, secret: &Secret, keys: &BundleKeys, first: &[u8]) -> Option<CheckedAnswer> {
    let statics = StaticKeys::from_secret(state.own.static_secret().clone());
    let opened =
        first_contact::open_first(secret, keys, state.own.account(), state.own.device(), &statics, first)
            .ok()?;
    let payload = opened.payload;
    let list = SignedDeviceList::parse(&payload.device_list).ok()?;
    let certified = list.device(payload.dev)?.static_key == opened.remote_static;
    let somebody_else = list.account() != state.own.account();
    (certified && somebody_else).then(|| CheckedAnswer {
        name: Name::claimed(&payload.name, &Name::of_account(list.account())),
        list,
        device: payload.dev,
        static_public: opened.remote_static,
        established: opened.established,
    })
}

/// Makes a contact or a request of a checked answer; `None` when they are blocked or there is no room.
fn admit(
    state: &mut State,
    turn: &mut Turn<'_>,
    invitation: &Invitation,
    answer: CheckedAnswer,
) -> Result<Option<ContactRow>, RecordsError> {
    let consented = !invitation.ask && !invitation.reusable;
    let account = answer.list.account();
    let known = state.contacts.by_account(account);
    let is_listed = known.and_then(|row| state.contacts.get(row)).is_some_and(|contact| !contact.removed);
    if !is_listed && !has_room(state, consented) {
        turn.log(LogLevel::Warn, "an answer to an invitation was refused: too many contacts or requests");
        return Ok(None);
    }
    let row = match known {
        Some(row) => row,
        None => state.contacts.add(turn, Contact::new(account, None, ContactState::Request))?,
    };
    let Some(contact) = state.contacts.get_mut(row) else { return Ok(None) };
    let before = (known.is_some() && !contact.removed).then_some(contact.state);
    let after = match before {
        Some(ContactState::Blocked) => return Ok(None),
        // We answered a link of theirs, or they are a contact already: that is our consent.
        Some(ContactState::Pending | ContactState::Active) => ContactState::Active,
        Some(ContactState::Request | ContactState::Failed) | None if consented => ContactState::Active,
        Some(ContactState::Request | ContactState::Failed) | None => ContactState::Request,
    };
    let person = row;
    let device = (answer.device, answer.static_public);
    let Some(row) = devices::row_of(state, turn, person, &answer.list, device)? else { return Ok(None) };
    if let Some(contact) = state.contacts.get_mut(person) {
        contact.removed = false;
        contact.history_kept = false;
        contact.state = after;
        contact.reason = None;
        contact.claim_name(answer.name.as_str());
    }
    state.contacts.save(turn, person)?;
    delivery::adopt(state, turn, row, &answer.established, 0)?;
    if after == ContactState::Active && before != Some(ContactState::Active) {
        delivery::introduce_ourselves(state, turn, row)?;
    }
    state.notify(turn, row, if before.is_none() { Event::ContactAdded } else { Event::ContactChanged });
    Ok(Some(row))
}

fn has_room(state: &State, consented: bool) -> bool {
    let requests = state.contacts.listed().filter(|(_, one)| one.state == ContactState::Request).count();
    state.contacts.has_room() && (consented || requests < limits::REQUESTS_MAX)
}

/// Their first message is durable: says so, and greets them anew if our person has consented.
fn stored(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    contact: Option<ContactRow>,
) -> Result<(), RecordsError> {
    say(state, turn, link, FrameKind::Stored, &[]);
    let Some(contact) = contact else { return Ok(()) };
    make_room(state, turn, contact);
    if let Some(Phase::Inviter(inviter)) = state.links.get_mut(link).map(|one| &mut one.phase) {
        inviter.waits_for_consent = Some(contact);
    }
    state.timers.set(Timer::LinkPatience(link), turn.now.moment + limits::WAITING_PATIENCE);
    if state.contacts.is_met(contact) {
        on_consent(state, turn, contact);
    }
    Ok(())
}

/// One link waits for consent a contact, and so many in all: the newest.
fn make_room(state: &mut State, turn: &mut Turn<'_>, contact: ContactRow) {
    let waiting: Vec<(LinkId, ContactRow)> = state
        .links
        .iter()
        .filter_map(|(link, one)| match &one.phase {
            Phase::Inviter(inviter) => Some((link, inviter.waits_for_consent?)),
            _ => None,
        })
        .collect();
    let surplus = (waiting.len() + 1).saturating_sub(limits::WAITING_LINKS_MAX);
    for (position, (link, whose)) in waiting.into_iter().enumerate() {
        if whose == contact || position < surplus {
            link::close(state, turn, link, "a newer link waits for consent");
        }
    }
}

const MET_MEANWHILE: &str = "they were met on another link";

/// Our first message is durable there, says somebody who holds the same link: it is kept until a live channel proves
/// it, and they may consent.
fn on_stored(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
) -> Result<(), RecordsError> {
    let answer = state.contacts.get(row).and_then(|contact| contact.answer.as_ref());
    let has_answer = answer.is_some();
    let is_kept = answer.is_some_and(|answer| answer.first == FirstState::Kept);
    let Some(Phase::Invited(invited)) = state.links.get_mut(link).map(|one| &mut one.phase) else {
        return Ok(());
    };
    let made = invited.made.take();
    if !has_answer && invited.first_said && made.is_none() {
        link::close(state, turn, link, MET_MEANWHILE);
        return Ok(());
    }
    if !is_kept && made.is_none() {
        link::refuse(state, turn, link, "acknowledged what was not said");
        return Ok(());
    }
    invited.waits_for_consent = true;
    if let Some(made) = made {
        delivery::adopt(state, turn, made.row, &made.established, 0)?;
    }
    state.timers.set(Timer::LinkPatience(link), turn.now.moment + limits::WAITING_PATIENCE);
    keep_alive::start(state, turn);
    Ok(())
}

/// Our answer is refused, if it is the inviter who says so.
fn on_refused(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    payload: &[u8],
) -> Result<(), RecordsError> {
    let Some(Phase::Invited(invited)) = state.links.get(link).map(|one| &one.phase) else { return Ok(()) };
    let Some(contact) = state.contacts.get(row) else { return Ok(()) };
    let Some(answer) = &contact.answer else {
        link::close(state, turn, link, MET_MEANWHILE);
        return Ok(());
    };
    let is_about_another = answer.first == FirstState::Kept && !invited.first_said;
    let Some(refusal) = Refusal::verify(payload, contact.account, &answer.secret, &invited.binding) else {
        turn.log(LogLevel::Warn, "a refusal that the inviter did not sign was passed over");
        link::refuse(state, turn, link, "malformed refusal");
        return Ok(());
    };
    if is_about_another {
        // We asked for the bundle here before we answered it on another link: it may be our answer that used it up.
        link::close(state, turn, link, "it was answered on another link");
        return Ok(());
    }
    accepting::on_refused(state, turn, row, refusal)?;
    link::close(state, turn, link, "the invitation was refused");
    Ok(())
}

fn kept_first(state: &State, turn: &Turn<'_>, row: ContactRow) -> Result<Option<Vec<u8>>, RecordsError> {
    let Some(contact) = state.contacts.get(row) else { return Ok(None) };
    let parts = turn.scan_bytes(
        &kept_key(turn, contact.account.as_bytes()),
        (&[], None),
        crate::records::Order::Ascending,
        usize::from(u8::MAX),
    )?;
    let first: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part).collect();
    Ok((!first.is_empty()).then_some(first))
}

fn tell_answered_twice(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: InvitationRow,
) -> Result<(), RecordsError> {
    let is_the_same =
        state.links.get(link).is_some_and(|one| state.invitations.is_answered_by(row, &one.ends.peer));
    let Some(invitation) = state.invitations.get_mut(row).filter(|one| !one.twice_told && !is_the_same)
    else {
        return Ok(());
    };
    invitation.twice_told = true;
    state.invitations.save(turn, row)?;
    let text = "a one-use invitation was answered by a second person; whoever came first is the contact: \
                compare safety numbers if it may have been intercepted";
    turn.push(Output::Notify(Event::Notice { kind: NoticeKind::AnsweredTwice, text: text.to_owned() }));
    Ok(())
}

fn opened(state: &mut State, link: LinkId, bytes: &[u8]) -> Option<(Offer, (FrameKind, Vec<u8>))> {
    match &mut state.links.get_mut(link)?.phase {
        Phase::Inviter(inviter) => Some((inviter.offer, inviter.channel.open(bytes)?)),
        _ => None,
    }
}

fn refuse(state: &mut State, turn: &mut Turn<'_>, link: LinkId, refusal: Refusal) {
    let Some(Phase::Inviter(inviter)) = state.links.get(link).map(|one| &one.phase) else {
        return;
    };
    let Offer::Invitation(row) = inviter.offer else { return };
    let Some(invitation) = state.invitations.get(row) else {
        return;
    };
    if let Some(signed) = refusal.sign(&state.own, &invitation.secret, &inviter.binding) {
        say(state, turn, link, FrameKind::Refused, &signed);
    }
    link::close(state, turn, link, "an answer to an invitation was refused");
}

/// Says one frame of an introduction; nothing where none is under way.
pub(crate) fn say(state: &mut State, turn: &mut Turn<'_>, link: LinkId, kind: FrameKind, payload: &[u8]) {
    let channel = match state.links.get_mut(link).map(|one| &mut one.phase) {
        Some(Phase::Inviter(inviter)) => &mut inviter.channel,
        Some(Phase::Invited(invited)) => &mut invited.channel,
        _ => return,
    };
    if let Some(frame) = channel.seal(turn, kind, payload) {
        turn.push(Output::Transmit { link, frame });
    }
}
