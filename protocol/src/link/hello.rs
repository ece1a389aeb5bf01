//! The first two frames of every link: nonces, then tokens that only somebody who shares a secret can recognise.
//!
//! ```text
//! both at once:  min version u8 ‖ max version u8 ‖ nonce(32)
//! then:          class u8 ‖ 16 × slots
//! slot        =  HMAC(K_pair, "tok" ‖ own dev ‖ their dev ‖ own peer ‖ their peer ‖ own nonce ‖ their nonce)[..16]
//!             |  HMAC(S_inv, "intro" ‖ role ‖ own peer ‖ their peer ‖ own nonce ‖ their nonce)[..16]
//!             |  HMAC(K_self, "own" ‖ own dev ‖ own peer ‖ their peer ‖ own nonce ‖ their nonce)[..16]   |  random
//! ```
//!
//! Slots are shuffled and padded to 4, 16 or 64, so a stranger learns a padded count. Tokens name both ends and both
//! nonces, so that one cannot be replayed or passed on; own and expected ones differ, so none can be reflected.

use std::collections::BTreeMap;

use crate::{
    contact::{ContactRow, invitation::InvitationRow},
    engine::State,
    ids::{AccountId, DeviceId, SessionId, TransportId},
    input::LinkEnds,
    limits::HELLO_SLOTS,
    moment::WallTime,
    secret::{Secret, hash_plain},
    turn::Turn,
};

/// The one version of the wire protocol so far.
const VERSION: u8 = 1;

const NONCE_FRAME_BYTES: usize = 34;
const SLOT_BYTES: usize = 16;

/// Role bytes in introduction tokens.
const ROLE_INVITER: u8 = 0;
const ROLE_INVITED: u8 = 1;

/// What both sides put into every token and prologue of a link.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// Hash of our network identity.
    pub(crate) own_peer: [u8; 32],
    /// Hash of theirs.
    pub(crate) their_peer: [u8; 32],
    /// Our nonce.
    pub(crate) own_nonce: [u8; 32],
    /// Theirs.
    pub(crate) their_nonce: [u8; 32],
}

/// Who a hello showed the other side to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// Another copy or device of our own account.
    Own,
    /// A contact, by the secret of this session.
    Contact {
        /// Which.
        row: ContactRow,
        /// By which secret.
        session: SessionId,
    },
    /// Somebody who holds a link of ours.
    Invited(InvitationRow),
    /// Somebody whose link we answered.
    Inviter(ContactRow),
    /// Nobody we know.
    Nobody,
}

/// The first frame.
pub(crate) fn nonce_frame(nonce: &[u8; 32]) -> Vec<u8> {
    [&[VERSION, VERSION], nonce.as_slice()].concat()
}

/// The other side's nonce; `None` when the frame is malformed or no version is shared.
pub(crate) fn read_nonce(frame: &[u8]) -> Option<[u8; 32]> {
    let [min, max, nonce @ ..] = frame else { return None };
    if frame.len() != NONCE_FRAME_BYTES || *min > VERSION || *max < VERSION {
        return None;
    }
    nonce.try_into().ok()
}

/// What a link's tokens are bound to.
pub(crate) fn bind(ends: &LinkEnds, own_nonce: [u8; 32], their_nonce: [u8; 32]) -> Binding {
    Binding { own_peer: peer(&ends.own), their_peer: peer(&ends.peer), own_nonce, their_nonce }
}

/// The second frame: our tokens among random slots.
pub(crate) fn slots_frame(
    state: &State,
    turn: &mut Turn<'_>,
    binding: &Binding,
    expected: Option<ContactRow>,
) -> Vec<u8> {
    let mut slots: Vec<[u8; SLOT_BYTES]> = secrets(state, turn.now.wall, expected)
        .into_iter()
        .map(|(_, secret)| secret.token(&binding.own_view()))
        .collect();
    let most = HELLO_SLOTS.last().copied().unwrap_or_default();
    slots.truncate(most);
    let (class, size) = HELLO_SLOTS
        .iter()
        .enumerate()
        .find(|(_, size)| slots.len() <= **size)
        .map_or((0, most), |(class, size)| (u8::try_from(class).unwrap_or_default(), *size));
    while slots.len() < size {
        slots.push(turn.random.bytes());
    }
    // Fisher–Yates, with this turn's randomness.
    for last in (1..slots.len()).rev() {
        let other = turn.random.below(u64::try_from(last).unwrap_or_default() + 1);
        slots.swap(last, usize::try_from(other).unwrap_or_default());
    }
    let mut frame = vec![class];
    frame.extend(slots.concat());
    frame
}

/// Who the other side's slots show them to be; `None` when the frame is malformed.
pub(crate) fn recognise(state: &State, now: WallTime, binding: &Binding, frame: &[u8]) -> Option<Match> {
    let (class, slots) = frame.split_first()?;
    let size = HELLO_SLOTS.get(usize::from(*class))?;
    if slots.len() != size * SLOT_BYTES {
        return None;
    }
    // One HMAC a secret of ours, then look-ups: the cost does not grow with what the other side sends.
    let view = binding.their_view();
    let expected: BTreeMap<[u8; SLOT_BYTES], Match> = secrets(state, now, None)
        .into_iter()
        .map(|(found, secret)| (secret.counterpart().token(&view), found))
        .collect();
    let mut matches: Vec<&Match> =
        slots.as_chunks::<SLOT_BYTES>().0.iter().filter_map(|slot| expected.get(slot)).collect();
    matches.sort_by_key(|found| rank(state, found));
    Some(matches.first().map_or(Match::Nobody, |found| (*found).clone()))
}

/// A secret that makes a token, and from which side.
#[derive(Clone, Debug)]
enum TokenSecret {
    Pair { key: Secret, own: DeviceId, their: DeviceId },
    Introduction { secret: Secret, role: u8 },
    Own { key: Secret, device: DeviceId },
}

/// The ends and nonces in the order in which the token's maker sees them.
#[derive(Clone, Copy, Debug)]
struct View<'a> {
    maker_peer: &'a [u8; 32],
    other_peer: &'a [u8; 32],
    maker_nonce: &'a [u8; 32],
    other_nonce: &'a [u8; 32],
}

impl Binding {
    const fn own_view(&self) -> View<'_> {
        View {
            maker_peer: &self.own_peer,
            other_peer: &self.their_peer,
            maker_nonce: &self.own_nonce,
            other_nonce: &self.their_nonce,
        }
    }

    const fn their_view(&self) -> View<'_> {
        View {
            maker_peer: &self.their_peer,
            other_peer: &self.own_peer,
            maker_nonce: &self.their_nonce,
            other_nonce: &self.own_nonce,
        }
    }
}

impl TokenSecret {
    fn token(&self, view: &View<'_>) -> [u8; SLOT_BYTES] {
        let View { maker_peer, other_peer, maker_nonce, other_nonce } = view;
        let ends: [&[u8]; 4] = [*maker_peer, *other_peer, *maker_nonce, *other_nonce];
        let bound = ends.concat();
        match self {
            Self::Pair { key, own, their } => key.mac16("tok", &[own.as_bytes(), their.as_bytes(), &bound]),
            Self::Introduction { secret, role } => secret.mac16("intro", &[&[*role], &bound]),
            Self::Own { key, device } => key.mac16("own", &[device.as_bytes(), &bound]),
        }
    }

    /// The same secret from the other side.
    fn counterpart(self) -> Self {
        match self {
            Self::Pair { key, own, their } => Self::Pair { key, own: their, their: own },
            Self::Introduction { secret, role } => Self::Introduction {
                secret,
                role: if role == ROLE_INVITER { ROLE_INVITED } else { ROLE_INVITER },
            },
            own @ Self::Own { .. } => own,
        }
    }
}

/// Every secret by which somebody could be recognised: whom the link was dialled for, those who are absent, those who
/// are here; more than the largest hello holds are told only in that order.
fn secrets(state: &State, now: WallTime, expected: Option<ContactRow>) -> Vec<(Match, TokenSecret)> {
    let own_device = state.own.device();
    let mut secrets =
        vec![(Match::Own, TokenSecret::Own { key: state.own.k_self().clone(), device: own_device })];
    let mut met: Vec<_> = state.contacts.iter().filter(|(_, contact)| contact.is_met()).collect();
    met.sort_by_key(|(row, contact)| {
        (Some(*row) != expected, state.is_online(*row), std::cmp::Reverse(contact.last_seen))
    });
    for (row, contact) in &met {
        let Some((device, _)) = contact.device else { continue };
        for pair in &contact.pairs {
            let found = Match::Contact { row: *row, session: pair.session };
            let secret = TokenSecret::Pair { key: pair.key.clone(), own: own_device, their: device };
            secrets.push((found, secret));
        }
    }
    for (row, contact) in met {
        if let Some(answer) = &contact.answer
            && !answer.stored
        {
            let secret = TokenSecret::Introduction { secret: answer.secret.clone(), role: ROLE_INVITED };
            secrets.push((Match::Inviter(row), secret));
        }
    }
    for (row, invitation) in state.invitations.recognised(now) {
        let secret = TokenSecret::Introduction { secret: invitation.secret.clone(), role: ROLE_INVITER };
        secrets.push((Match::Invited(row), secret));
    }
    secrets
}

/// Which of several matches both sides take: our own account, then a contact by the newest and lowest session, then
/// an introduction by the lowest secret. Both sides rank by what both know.
fn rank(state: &State, found: &Match) -> (u8, u32, [u8; 32]) {
    match found {
        Match::Own => (0, 0, [0; 32]),
        Match::Contact { row, session } => {
            let pair = state
                .contacts
                .get(*row)
                .and_then(|contact| contact.pairs.iter().find(|pair| pair.session == *session));
            let age = u32::MAX - pair.map_or(0, |pair| pair.generation);
            (1, age, hash_plain(&[session.as_bytes()]))
        }
        Match::Invited(row) => {
            let secret = state.invitations.get(*row).map(|invitation| &invitation.secret);
            (2, 0, secret.map_or([0; 32], introduction_order))
        }
        Match::Inviter(row) => {
            let answer = state.contacts.get(*row).and_then(|contact| contact.answer.as_ref());
            (2, 0, answer.map_or([0; 32], |answer| introduction_order(&answer.secret)))
        }
        Match::Nobody => (3, 0, [0; 32]),
    }
}

fn introduction_order(secret: &Secret) -> [u8; 32] {
    hash_plain(&[secret.expose()])
}

fn peer(id: &TransportId) -> [u8; 32] {
    hash_plain(&[id.as_bytes()])
}

/// Which conversation two accounts' link is about, for prologues: initiator first.
pub(crate) fn prologue(
    binding: &Binding,
    initiator: bool,
    own: (AccountId, DeviceId),
    their: (AccountId, DeviceId),
) -> Vec<u8> {
    let ordered = |own: &[u8], their: &[u8]| {
        if initiator { [own, their].concat() } else { [their, own].concat() }
    };
    [
        b"causerie/1 live".to_vec(),
        ordered(&binding.own_peer, &binding.their_peer),
        ordered(&binding.own_nonce, &binding.their_nonce),
        ordered(own.0.as_bytes(), their.0.as_bytes()),
        ordered(own.1.as_bytes(), their.1.as_bytes()),
    ]
    .concat()
}
