//! The invited meets the inviter: bundle, first message, consent.
//!
//! ```text
//! invited                                    inviter
//!   BODY? ──────────────────────────────────▶
//!         ◀────────────────────────────────── BODY, or REFUSED
//!   FIRST ──────────────────────────────────▶ checked, durable
//!         ◀────────────────────────────────── STORED, or REFUSED
//!   one use without --ask: KKpsk0 on the same stream; otherwise both wait, and a new hello follows the consent
//! ```
//!
//! Frames are sealed under the link's secret and both nonces. What does not check changes nothing. The same first
//! message again is acknowledged again; another one for a used invitation is told to the inviter's person once.

use crate::{
    account::device_list::SignedDeviceList,
    answer::{ContactState, InvitationState},
    contact::{
        Contact, ContactRow, Pair,
        invitation::{self, Invitation, InvitationRow, Invitations},
    },
    delivery,
    engine::State,
    event::{Event, NoticeKind},
    ids::{DeviceId, LinkId},
    limits,
    link::{
        self, Handshake, Link, Phase,
        hello::{self, Binding},
        keep_alive, live_channel, wait_patiently,
    },
    name::Name,
    output::{LogLevel, Output},
    records::RecordsError,
    secret::{NONCE_BYTES, Secret},
    session::{
        Session,
        first_contact::{self, Established},
        noise::StaticKeys,
    },
    timer::Timer,
    turn::{RecordKey, Turn},
    wire::frame::{self, FrameKind},
};

pub(crate) mod accepting;

pub(crate) use accepting::accept;

/// The inviter's side of one link.
#[derive(Debug)]
pub(crate) struct Inviter {
    row: InvitationRow,
    binding: Binding,
    channel: Channel,
    /// Their first message is durable and waits for our person's consent.
    waits_for_consent: Option<ContactRow>,
}

/// The invited's side of one link.
#[derive(Debug)]
pub(crate) struct Invited {
    row: ContactRow,
    binding: Binding,
    channel: Channel,
    /// Our first message is durable there and waits for their person's consent.
    waits_for_consent: bool,
}

impl Invited {
    /// Whom we want to meet.
    pub(crate) const fn row(&self) -> ContactRow {
        self.row
    }
}

/// Why an invitation cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Used,
    Expired,
    Revoked,
    TooNew,
}

impl Refusal {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Used => 0,
            Self::Expired => 1,
            Self::Revoked => 2,
            Self::TooNew => 3,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Used),
            1 => Some(Self::Expired),
            2 => Some(Self::Revoked),
            3 => Some(Self::TooNew),
            _ => None,
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Used => "the invitation was already used by somebody",
            Self::Expired => "the invitation has expired",
            Self::Revoked => "the invitation was revoked",
            Self::TooNew => "the invitation needs a newer version",
        }
    }
}

/// Sealed frames of one introduction: a key and a counter a direction.
#[derive(Debug)]
struct Channel {
    sending: Secret,
    receiving: Secret,
    sent: u64,
    received: u64,
}

impl Channel {
    fn new(secret: &Secret, binding: &Binding, inviter: bool) -> Self {
        let (first, second) = if inviter {
            (binding.own_nonce, binding.their_nonce)
        } else {
            (binding.their_nonce, binding.own_nonce)
        };
        let key = secret.derive("intro", &[&first, &second]);
        let (to_invited, to_inviter) = (key.expand("to invited"), key.expand("to inviter"));
        let (sending, receiving) = if inviter { (to_invited, to_inviter) } else { (to_inviter, to_invited) };
        Self { sending, receiving, sent: 0, received: 0 }
    }

    fn seal(&mut self, turn: &mut Turn<'_>, kind: FrameKind, payload: &[u8]) -> Option<Vec<u8>> {
        let plain = frame::encode(kind, payload)?;
        let nonce: [u8; NONCE_BYTES] = turn.random.bytes();
        let sealed = self.sending.seal(&nonce, &self.sent.to_be_bytes(), &plain);
        self.sent += 1;
        Some([nonce.as_slice(), &sealed].concat())
    }

    fn open(&mut self, bytes: &[u8]) -> Option<(FrameKind, Vec<u8>)> {
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let plain = self.receiving.open(nonce, &self.received.to_be_bytes(), sealed)?;
        self.received += 1;
        let (kind, payload) = frame::decode(&plain)?;
        Some((kind, payload.to_vec()))
    }
}

/// Somebody holds a link of ours: they speak first.
pub(crate) fn begin_as_inviter(state: &mut State, link: LinkId, row: InvitationRow, binding: Binding) {
    let Some(secret) = state.invitations.get(row).map(|invitation| invitation.secret.clone()) else {
        return;
    };
    let channel = Channel::new(&secret, &binding, true);
    if let Some(one) = state.links.get_mut(link) {
        one.phase = Phase::Inviter(Inviter { row, binding, channel, waits_for_consent: None });
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
        one.phase = Phase::Invited(Invited { row, binding, channel, waits_for_consent: false });
    }
    let kept = if answer.first_made { kept_first(state, turn, row)? } else { None };
    match kept {
        Some(first) => say(state, turn, link, FrameKind::First, &first),
        None => say(state, turn, link, FrameKind::BodyWanted, &[]),
    }
    Ok(())
}

/// A frame from somebody who holds a link of ours.
pub(crate) fn on_inviter_frame(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    let Some((inviter, (kind, payload))) = opened(state, link, bytes) else {
        link::close(state, turn, link, "malformed introduction");
        return Ok(());
    };
    match kind {
        FrameKind::BodyWanted => {
            let open = state.invitations.get(inviter).map(|invitation| invitation.state(turn.now.wall));
            let bundle = Invitations::bundle(turn, inviter)?;
            if open == Some(InvitationState::Used) {
                // Whoever gave the answer that was taken has no need to ask: this is somebody else.
                tell_answered_twice(state, turn, inviter)?;
            }
            match (open.map(refusal_for), bundle) {
                (Some(None), Some(bundle)) => say(state, turn, link, FrameKind::Body, &bundle),
                (Some(Some(refusal)), _) => refuse(state, turn, link, refusal),
                _ => refuse(state, turn, link, Refusal::Revoked),
            }
            wait_patiently(state, turn, link);
            Ok(())
        }
        FrameKind::First => on_first(state, turn, link, inviter, &payload),
        _ => {
            // Somebody who waits for consent shows that they still do.
            if state.links.get(link).is_some_and(is_waiting) {
                state.timers.set(Timer::LinkPatience(link), turn.now.moment + limits::WAITING_PATIENCE);
            }
            Ok(())
        }
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
    if invited.waits_for_consent && hello::read_nonce(bytes).is_some() {
        // They consented: a new hello on the same link.
        let nonce = turn.random.bytes();
        one.phase = Phase::Nonce(nonce);
        turn.push(Output::Transmit { link, frame: hello::nonce_frame(&nonce) });
        wait_patiently(state, turn, link);
        return link::on_frame(state, turn, link, bytes);
    }
    let Some((kind, payload)) = invited.channel.open(bytes) else {
        link::close(state, turn, link, "malformed introduction");
        return Ok(());
    };
    match kind {
        FrameKind::Body => match accepting::answer_body(state, turn, row, &payload)? {
            Some(first) => {
                say(state, turn, link, FrameKind::First, &first);
                wait_patiently(state, turn, link);
                Ok(())
            }
            None => {
                link::close(state, turn, link, "the invitation's body does not check");
                Ok(())
            }
        },
        FrameKind::Stored => on_stored(state, turn, link, row),
        FrameKind::Refused => {
            let refusal = payload.first().copied().and_then(Refusal::from_byte).unwrap_or(Refusal::TooNew);
            accepting::on_refused(state, turn, row, refusal.sentence())?;
            link::close(state, turn, link, "the invitation was refused");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Our person consented: whoever waits on a link is greeted anew.
pub(crate) fn on_consent(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) {
    let waiting: Vec<LinkId> = state
        .links
        .iter()
        .filter(|(_, link)| matches!(&link.phase, Phase::Inviter(one) if one.waits_for_consent == Some(row)))
        .map(|(link, _)| link)
        .collect();
    for link in waiting {
        let nonce = turn.random.bytes();
        if let Some(one) = state.links.get_mut(link) {
            one.phase = Phase::Nonce(nonce);
        }
        turn.push(Output::Transmit { link, frame: hello::nonce_frame(&nonce) });
        wait_patiently(state, turn, link);
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

fn on_first(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: InvitationRow,
    first: &[u8],
) -> Result<(), RecordsError> {
    let Some(invitation) = state.invitations.get(row).cloned() else { return Ok(()) };
    let Some(transcript) = first_contact::transcript(&invitation.secret, first) else {
        link::close(state, turn, link, "malformed first message");
        return Ok(());
    };
    if let Some(contact) = invitation::taken_by(turn, &invitation, transcript)? {
        // The same bytes again: the same answer again.
        return stored(state, turn, link, row, state.contacts.by_account(contact));
    }
    if invitation.answers >= limits::ANSWERS_PER_INVITATION_MAX {
        refuse(state, turn, link, Refusal::Used);
        return Ok(());
    }
    if let Some(refusal) = refusal_for(invitation.state(turn.now.wall)) {
        if refusal == Refusal::Used {
            tell_answered_twice(state, turn, row)?;
        }
        refuse(state, turn, link, refusal);
        return Ok(());
    }
    let Some(answer) = check_first(state, &invitation, first) else {
        turn.log(LogLevel::Warn, "an answer to an invitation does not check and was refused");
        link::close(state, turn, link, "the first message does not check");
        return Ok(());
    };
    match admit(state, turn, &invitation, answer)? {
        Some(contact) => {
            invitation::take(state, turn, row, transcript, contact)?;
            stored(state, turn, link, row, Some(contact))
        }
        None => {
            refuse(state, turn, link, Refusal::Revoked);
            Ok(())
        }
    }
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
    let keys = invitation.keys.as_ref()?;
    let statics = StaticKeys::from_secret(state.own.static_secret().clone());
    let opened = first_contact::open_first(
        &invitation.secret,
        keys,
        state.own.account(),
        state.own.device(),
        &statics,
        first,
    )
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
    if known.is_none() && !has_room(state, consented) {
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
    contact.removed = false;
    contact.history_kept = false;
    contact.state = after;
    contact.reason = None;
    contact.claim_name(answer.name.as_str());
    contact.learn_list(&answer.list, answer.device, answer.static_public);
    contact.add_pair(Pair::of(&answer.established, 0));
    Session::establish(turn, state.own.device(), answer.device, &answer.established)?;
    delivery::forget_old_sessions(state, turn, row)?;
    state.contacts.save(turn, row)?;
    state.identity_changed();
    if after == ContactState::Active && before != Some(ContactState::Active) {
        delivery::introduce_ourselves(state, turn, row)?;
    }
    state.notify(turn, row, if before.is_none() { Event::ContactAdded } else { Event::ContactChanged });
    Ok(Some(row))
}

fn has_room(state: &State, consented: bool) -> bool {
    let requests = state.contacts.listed().filter(|(_, one)| one.state == ContactState::Request).count();
    state.contacts.iter().count() < limits::CONTACTS_MAX && (consented || requests < limits::REQUESTS_MAX)
}

/// Their first message is durable: says so, and goes on as the invitation's kind asks.
fn stored(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: InvitationRow,
    contact: Option<ContactRow>,
) -> Result<(), RecordsError> {
    say(state, turn, link, FrameKind::Stored, &[]);
    let at_once =
        state.invitations.get(row).is_some_and(|invitation| !invitation.ask && !invitation.reusable);
    let Some(Phase::Inviter(inviter)) = state.links.get_mut(link).map(|one| &mut one.phase) else {
        return Ok(());
    };
    let Some(contact) = contact else { return Ok(()) };
    if at_once {
        let binding = inviter.binding.clone();
        return begin_live(state, turn, link, contact, binding);
    }
    inviter.waits_for_consent = Some(contact);
    let waiting = state.links.iter().filter(|(_, link)| is_waiting(link)).count();
    if waiting > limits::WAITING_LINKS_MAX {
        link::close(state, turn, link, "too many wait for consent");
        return Ok(());
    }
    state.timers.set(Timer::LinkPatience(link), turn.now.moment + limits::WAITING_PATIENCE);
    if state.contacts.get(contact).is_some_and(Contact::is_met) {
        on_consent(state, turn, contact);
    }
    Ok(())
}

/// Our first message is durable there.
fn on_stored(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
) -> Result<(), RecordsError> {
    let account = state.contacts.get(row).map(|contact| contact.account);
    let Some(answer) = state.contacts.get_mut(row).and_then(|contact| contact.answer.as_mut()) else {
        return Ok(());
    };
    if !answer.first_made {
        link::close(state, turn, link, "acknowledged what was not said");
        return Ok(());
    }
    answer.stored = true;
    let waits = answer.waits_for_consent;
    state.contacts.save(turn, row)?;
    state.identity_changed();
    if let Some(account) = account {
        accepting::drop_kept_first(turn, account)?;
    }
    let Some(Phase::Invited(invited)) = state.links.get_mut(link).map(|one| &mut one.phase) else {
        return Ok(());
    };
    if waits {
        invited.waits_for_consent = true;
        state.timers.cancel(Timer::LinkPatience(link));
        keep_alive::start(state, turn);
        return Ok(());
    }
    let binding = invited.binding.clone();
    begin_live(state, turn, link, row, binding)
}

fn begin_live(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    row: ContactRow,
    binding: Binding,
) -> Result<(), RecordsError> {
    let newest = state.contacts.get(row).and_then(|contact| contact.pairs.last()).map(|pair| pair.session);
    match newest {
        Some(session) => live_channel::begin(state, turn, link, Handshake { row, session, binding }),
        None => Ok(()),
    }
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
    row: InvitationRow,
) -> Result<(), RecordsError> {
    let Some(invitation) = state.invitations.get_mut(row).filter(|one| !one.twice_told) else {
        return Ok(());
    };
    invitation.twice_told = true;
    state.invitations.save(turn, row)?;
    let text = "a one-use invitation was answered by a second person; whoever came first is the contact: \
                compare safety numbers if it may have been intercepted";
    turn.push(Output::Notify(Event::Notice { kind: NoticeKind::AnsweredTwice, text: text.to_owned() }));
    Ok(())
}

fn opened(state: &mut State, link: LinkId, bytes: &[u8]) -> Option<(InvitationRow, (FrameKind, Vec<u8>))> {
    match &mut state.links.get_mut(link)?.phase {
        Phase::Inviter(inviter) => Some((inviter.row, inviter.channel.open(bytes)?)),
        _ => None,
    }
}

fn refuse(state: &mut State, turn: &mut Turn<'_>, link: LinkId, refusal: Refusal) {
    say(state, turn, link, FrameKind::Refused, &[refusal.to_byte()]);
}

fn say(state: &mut State, turn: &mut Turn<'_>, link: LinkId, kind: FrameKind, payload: &[u8]) {
    let channel = match state.links.get_mut(link).map(|one| &mut one.phase) {
        Some(Phase::Inviter(inviter)) => &mut inviter.channel,
        Some(Phase::Invited(invited)) => &mut invited.channel,
        _ => return,
    };
    if let Some(frame) = channel.seal(turn, kind, payload) {
        turn.push(Output::Transmit { link, frame });
    }
}

const fn refusal_for(state: InvitationState) -> Option<Refusal> {
    match state {
        InvitationState::Open => None,
        InvitationState::Used => Some(Refusal::Used),
        InvitationState::Revoked => Some(Refusal::Revoked),
        InvitationState::Expired => Some(Refusal::Expired),
    }
}
