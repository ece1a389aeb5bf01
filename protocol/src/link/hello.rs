//! The first three frames of every link: nonces, then tokens that only somebody who shares a secret can recognise.
//!
//! ```text
//! both at once:      min version u8 ‖ max version u8 ‖ nonce(32)
//! then the dialler:  class u8 ‖ 16 × slots
//! then the dialled:  the token of whom it recognised, or 16 random bytes, and closes the link
//!
//! token =  HMAC(K_pair, "tok" ‖ own dev ‖ their dev ‖ own peer ‖ their peer ‖ own nonce ‖ their nonce)[..16]
//!       |  HMAC(S_inv, "intro" ‖ role ‖ own peer ‖ their peer ‖ own nonce ‖ their nonce)[..16]
//!       |  HMAC(K_self, "own" ‖ own dev ‖ own peer ‖ their peer ‖ own nonce ‖ their nonce)[..16]
//! ```
//!
//! Slots are shuffled and padded to 64, 256 or 1,024. The dialled chooses, so both mean the same secret however many
//! they hold, and a stranger who dials learns nothing. Tokens name both ends and both nonces, so that one cannot be
//! replayed or passed on; own and expected ones differ, so none can be reflected.

use std::collections::BTreeMap;

use crate::{
    answer::InvitationState,
    contact::{ContactRow, FirstState, introduction::devices, invitation::InvitationRow},
    engine::State,
    ids::{AccountId, DeviceId, SessionId, TransportId},
    input::LinkEnds,
    limits::HELLO_SLOTS,
    moment::WallTime,
    secret::{Secret, hash_plain},
    testing::plant::{self, Plant},
    turn::Turn,
};

/// The one version of the wire protocol so far.
const VERSION: u8 = 1;

/// How many slots the classes of a hello once had.
const OLDER_SLOTS: [usize; 3] = [4, 16, 64];

const MALFORMED: &str = "malformed hello";
const NEWER_ONLY: &str = "the other side speaks only newer versions of the protocol";
const OLDER_ONLY: &str = "the other side speaks only older versions of the protocol";
const OLDER_HELLO: &str = "the other side says hello as older programs did, and has to be updated";

const NONCE_FRAME_BYTES: usize = 34;
const TOKEN_BYTES: usize = 16;

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
    /// A device of a contact's that is new to us, by the secret of this session with another one of theirs.
    Device {
        /// The other one.
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

/// Whether a frame is as long as the first one, which no frame of an introduction is.
pub(crate) const fn is_nonce_frame(frame: &[u8]) -> bool {
    frame.len() == NONCE_FRAME_BYTES
}

/// The other side's nonce, or why there is none: the frame is malformed or our own, or no version is shared.
pub(crate) fn read_nonce(frame: &[u8], own: &[u8; 32]) -> Result<[u8; 32], &'static str> {
    let [min, max, nonce @ ..] = frame else { return Err(MALFORMED) };
    let nonce = nonce.try_into().map_err(|_| MALFORMED)?;
    if nonce == *own || min > max {
        Err(MALFORMED)
    } else if *min > VERSION {
        Err(NEWER_ONLY)
    } else if *max < VERSION {
        Err(OLDER_ONLY)
    } else {
        Ok(nonce)
    }
}

/// Whether a link that is refused for this reason would stand if one of the two programs were of another version.
pub(crate) fn is_of_version(why: &str) -> bool {
    [NEWER_ONLY, OLDER_ONLY, OLDER_HELLO].contains(&why)
}

/// Why a frame after the first one is of no use. The hello of version 1 once had fewer slots, said by both sides.
pub(crate) fn why_useless(frame: &[u8]) -> &'static str {
    let is_older = |(class, slots): (&u8, &[u8])| {
        OLDER_SLOTS.get(usize::from(*class)).is_some_and(|size| slots.len() == size * TOKEN_BYTES)
    };
    if frame.split_first().is_some_and(is_older) { OLDER_HELLO } else { MALFORMED }
}

/// What a link's tokens are bound to.
pub(crate) fn bind(ends: &LinkEnds, own_nonce: [u8; 32], their_nonce: [u8; 32]) -> Binding {
    Binding { own_peer: peer(&ends.own), their_peer: peer(&ends.peer), own_nonce, their_nonce }
}

/// The dialler's second frame: its tokens among random slots.
pub(crate) fn slots_frame(
    state: &State,
    turn: &mut Turn<'_>,
    binding: &Binding,
    again: bool,
    expected: Option<ContactRow>,
) -> Vec<u8> {
    let most = HELLO_SLOTS.last().copied().unwrap_or_default();
    let mut slots: Vec<[u8; TOKEN_BYTES]> = secrets(state, turn.now.wall, again, expected)
        .into_iter()
        .take(most)
        .map(|(_, secret)| secret.token(&binding.own_view()))
        .collect();
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

/// Whom the dialler's slots show it to be, and the token that tells it so; `None` when the frame is malformed.
/// Strangers are answered with `noise`, so that they know that they are none of ours, and nothing else.
pub(crate) fn recognise(
    state: &State,
    now: WallTime,
    again: bool,
    binding: &Binding,
    frame: &[u8],
    noise: [u8; TOKEN_BYTES],
) -> Option<(Match, [u8; TOKEN_BYTES])> {
    let (class, slots) = frame.split_first()?;
    let size = HELLO_SLOTS.get(usize::from(*class))?;
    if slots.len() != size * TOKEN_BYTES {
        return None;
    }
    let expected = expected_tokens(state, now, again, binding);
    let slots = slots.as_chunks::<TOKEN_BYTES>().0;
    let best =
        slots.iter().filter_map(|slot| expected.get(slot)).min_by_key(|(found, _)| rank(state, now, found));
    Some(
        best.map_or((Match::Nobody, noise), |(found, secret)| {
            (found.clone(), secret.token(&binding.own_view()))
        }),
    )
}

/// Whom the dialled chose among our tokens; `None` when the frame is malformed.
pub(crate) fn recognise_choice(
    state: &State,
    now: WallTime,
    again: bool,
    binding: &Binding,
    frame: &[u8],
) -> Option<Match> {
    let token: [u8; TOKEN_BYTES] = frame.try_into().ok()?;
    let mut expected = expected_tokens(state, now, again, binding);
    Some(expected.remove(&token).map_or(Match::Nobody, |(found, _)| found))
}

/// What the other side says for each secret: one HMAC a secret, then look-ups, so that the cost does not grow with
/// what it sends.
fn expected_tokens(
    state: &State,
    now: WallTime,
    again: bool,
    binding: &Binding,
) -> BTreeMap<[u8; TOKEN_BYTES], (Match, TokenSecret)> {
    let view = binding.their_view();
    secrets(state, now, again, None)
        .into_iter()
        .map(|(found, secret)| (secret.counterpart().token(&view), (found, secret)))
        .collect()
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
    fn token(&self, view: &View<'_>) -> [u8; TOKEN_BYTES] {
        let View { maker_peer, other_peer, maker_nonce, other_nonce } = view;
        let ends: [&[u8]; 4] = [*maker_peer, *other_peer, *maker_nonce, *other_nonce];
        let unbound = plant::is(Plant::TokenUnbound);
        let bound = ends.get(if unbound { 2 } else { 0 }..).unwrap_or_default().concat();
        match self {
            Self::Pair { key, own, their } => key.mac16("tok", &[own.as_bytes(), their.as_bytes(), &bound]),
            Self::Introduction { secret, role } => secret.mac16("intro", &[&[*role], &bound]),
            Self::Own { key, device } => key.mac16("own", &[device.as_bytes(), &bound]),
        }
    }

    /// The same secret from the other side.
    fn counterpart(&self) -> Self {
        match self.clone() {
            Self::Pair { key, own, their } => Self::Pair { key, own: their, their: own },
            Self::Introduction { secret, role } => Self::Introduction {
                secret,
                role: if role == ROLE_INVITER { ROLE_INVITED } else { ROLE_INVITER },
            },
            own @ Self::Own { .. } => own,
        }
    }
}

/// Every secret by which somebody could be recognised, the likeliest first: whom the link was dialled for, those who
/// are absent, those who are here, introductions, what was replaced, and who may have got a
/// further device. The largest hello says so many of them.
///
/// A second hello on a link follows an introduction there, so it says none.
fn secrets(
    state: &State,
    now: WallTime,
    again: bool,
    expected: Option<ContactRow>,
) -> Vec<(Match, TokenSecret)> {
    let own_device = state.own.device();
    let own = TokenSecret::Own { key: state.own.k_self().clone(), device: own_device };
    let mut newest = vec![(Match::Own, own)];
    let (mut introductions, mut replaced, mut devices) = (Vec::new(), Vec::new(), Vec::new());
    let mut met: Vec<_> = state.contacts.iter().filter(|(row, _)| state.contacts.is_met(*row)).collect();
    met.sort_by_key(|(row, contact)| {
        (Some(*row) != expected, state.is_online(*row), std::cmp::Reverse(contact.last_seen))
    });
    for (row, contact) in met {
        if let Some(answer) = &contact.answer {
            let secret = TokenSecret::Introduction { secret: answer.secret.clone(), role: ROLE_INVITED };
            introductions.push((Match::Inviter(row), secret));
        }
        let Some((device, _)) = contact.device else { continue };
        for (age, pair) in contact.pairs.iter().rev().enumerate() {
            let found = Match::Contact { row, session: pair.session };
            let secret = TokenSecret::Pair { key: pair.key.clone(), own: own_device, their: device };
            let known = if age == 0 || Some(row) == expected { &mut newest } else { &mut replaced };
            known.push((found, secret));
            let secret = TokenSecret::Introduction {
                secret: devices::secret(pair, contact.account),
                role: ROLE_INVITER,
            };
            devices.push((Match::Device { row, session: pair.session }, secret));
        }
    }
    // The newest links are the likeliest to be answered; those that are over are only told so.
    let mut recognised: Vec<_> = state.invitations.recognised(now).collect();
    recognised.sort_by_key(|(row, invitation)| {
        (invitation.state(now) != InvitationState::Open, std::cmp::Reverse(*row))
    });
    for (row, invitation) in recognised {
        let secret = TokenSecret::Introduction { secret: invitation.secret.clone(), role: ROLE_INVITER };
        introductions.push((Match::Invited(row), secret));
    }
    if again {
        introductions.clear();
        devices.clear();
    }
    newest.into_iter().chain(introductions).chain(replaced).chain(devices).collect()
}

/// Which of several matches the dialled takes: our own account, then an introduction that may bring new keys, then a
/// contact by the newest and lowest session, then an introduction that is over here; the lowest secret first. Of
/// introductions those go first in which nothing was said yet: what we say again may have been heard long ago, by
/// somebody who has removed us since and now answers a link of ours.
fn rank(state: &State, now: WallTime, found: &Match) -> (u8, u32, [u8; 32]) {
    let introduction = |place: u8, secret: &Secret| (place, 0, hash_plain(&[secret.expose()]));
    let last = (6, 0, [0; 32]);
    match found {
        Match::Own => (0, 0, [0; 32]),
        Match::Invited(row) => state.invitations.get(*row).map_or(last, |invitation| {
            let is_open = invitation.state(now) == InvitationState::Open;
            introduction(if is_open { 2 } else { 5 }, &invitation.secret)
        }),
        Match::Inviter(row) => {
            let answer = state.contacts.get(*row).and_then(|contact| contact.answer.as_ref());
            answer.map_or(last, |answer| {
                let place = match answer.first {
                    FirstState::NotMade => 1,
                    FirstState::Kept => 3,
                    // Who knows this very device by now needs no introduction.
                    FirstState::Lost | FirstState::OfDevice => 5,
                };
                introduction(place, &answer.secret)
            })
        }
        Match::Contact { row, session } => {
            let pairs = state.contacts.get(*row).map(|contact| contact.pairs.as_slice()).unwrap_or_default();
            let generation =
                pairs.iter().find(|pair| pair.session == *session).map_or(0, |pair| pair.generation);
            (4, u32::MAX - generation, hash_plain(&[session.as_bytes()]))
        }
        Match::Device { session, .. } => (5, 0, hash_plain(&[session.as_bytes()])),
        Match::Nobody => last,
    }
}

fn peer(id: &TransportId) -> [u8; 32] {
    hash_plain(&[id.as_bytes()])
}

/// What a handshake on a live channel is bound to, initiator first; those after the first name their number.
pub(crate) fn prologue(
    binding: &Binding,
    round: u32,
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
        if round == 0 { Vec::new() } else { round.to_be_bytes().to_vec() },
    ]
    .concat()
}
