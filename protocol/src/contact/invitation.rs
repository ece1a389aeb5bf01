//! What starts a contact: a secret that is handed over as a link, and a bundle that its holder is given when met.
//!
//! An invitation is open until its one use, its revocation or its end; after that it is recognised for another week,
//! so that a late answer is told why it is late. The keys of a one-use invitation are erased when its answer is
//! durable. Each is two records: what a person sees with the secrets, and the signed bundle.

use std::collections::{BTreeMap, BTreeSet};

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, Transport},
    answer::{Answer, CommandError, Halt, InvitationState, InvitationView},
    command::Reference,
    contact::{
        ContactRow, REFERENCE_CHARS_MIN,
        bundle::{Bundle, bundle_hash},
        link_code::{self, Link},
    },
    engine::State,
    ids::{AccountId, InvitationId, TransportId},
    limits,
    moment::WallTime,
    records::{Order, RecordsError},
    rendezvous,
    secret::Secret,
    session::first_contact::{BundleKeys, BundleKind},
    session::noise::StaticKeys,
    turn::{RecordKey, Turn},
};

/// Which row of the invitation list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InvitationRow(u64);

/// One invitation of ours, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Invitation {
    /// What the link carries and the body does not.
    pub(crate) secret: Secret,
    /// The keys that open an answer; `None` once erased.
    pub(crate) keys: Option<BundleKeys>,
    /// Unix seconds from which on it cannot be answered.
    pub(crate) not_after: u64,
    /// Any number of answers.
    pub(crate) reusable: bool,
    /// Answers wait for consent.
    pub(crate) ask: bool,
    /// Its one use is over.
    pub(crate) used: bool,
    /// Taken back.
    pub(crate) revoked: bool,
    /// Valid answers so far.
    pub(crate) answers: u64,
    /// That somebody else answered too was told.
    pub(crate) twice_told: bool,
}

impl Invitation {
    /// How it stands at this time.
    pub(crate) const fn state(&self, now: WallTime) -> InvitationState {
        if self.revoked {
            InvitationState::Revoked
        } else if self.used {
            InvitationState::Used
        } else if now.as_secs() >= self.not_after {
            InvitationState::Expired
        } else {
            InvitationState::Open
        }
    }

    /// Its id in commands.
    pub(crate) fn id(&self) -> InvitationId {
        link_code::invitation_id(&self.secret)
    }

    /// Whether it still stands in hellos.
    fn is_remembered(&self, now: WallTime) -> bool {
        now.as_secs() <= self.not_after.saturating_add(limits::INVITATION_MEMORY.as_secs())
    }

    fn view(&self, now: WallTime, link: Option<String>) -> InvitationView {
        InvitationView {
            id: self.id(),
            link,
            expires: Some(WallTime::from_millis(self.not_after.saturating_mul(1_000))),
            reusable: self.reusable,
            ask: self.ask,
            state: self.state(now),
            answers: self.answers,
        }
    }
}

/// All invitations of ours that are not forgotten.
#[derive(Debug, Default)]
pub(crate) struct Invitations {
    rows: BTreeMap<InvitationRow, Invitation>,
    /// Whose links tell our addresses, so that what their holders find at the meeting place may too.
    hinted: BTreeSet<InvitationRow>,
    /// Which process gave the answer that was taken last since this one runs.
    answered_by: BTreeMap<InvitationRow, TransportId>,
}

impl Invitations {
    /// Reads them from the store.
    pub(crate) fn load(turn: &Turn<'_>) -> Result<Self, RecordsError> {
        let mut rows = BTreeMap::new();
        let found = turn.scan::<Invitation>(
            &family(turn),
            (&[], None),
            Order::Ascending,
            limits::INVITATIONS_MAX.saturating_mul(2),
        )?;
        for (suffix, invitation) in found {
            let row = suffix.try_into().map_err(|_| RecordsError::Damaged('I'))?;
            rows.insert(InvitationRow(u64::from_be_bytes(row)), invitation);
        }
        let most = limits::INVITATIONS_MAX.saturating_mul(2);
        let mut hinted = BTreeSet::new();
        for suffix in turn.suffixes(&hinted_family(turn), &[], most)? {
            let row = suffix.try_into().map_err(|_| RecordsError::Damaged('I'))?;
            hinted.insert(InvitationRow(u64::from_be_bytes(row)));
        }
        Ok(Self { rows, hinted, answered_by: BTreeMap::new() })
    }

    /// One of them.
    pub(crate) fn get(&self, row: InvitationRow) -> Option<&Invitation> {
        self.rows.get(&row)
    }

    /// All of them.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Invitation> {
        self.rows.values()
    }

    /// One of them, to change; `save` afterwards.
    pub(crate) fn get_mut(&mut self, row: InvitationRow) -> Option<&mut Invitation> {
        self.rows.get_mut(&row)
    }

    /// Those that are recognised in a hello.
    pub(crate) fn recognised(&self, now: WallTime) -> impl Iterator<Item = (InvitationRow, &Invitation)> {
        self.rows
            .iter()
            .filter(move |(_, invitation)| invitation.is_remembered(now))
            .map(|(row, invitation)| (*row, invitation))
    }

    /// Those whose holders may still be told anything but that it is over.
    pub(crate) fn in_time(&self, now: WallTime) -> impl Iterator<Item = (InvitationRow, &Invitation)> {
        self.recognised(now).filter(move |(_, invitation)| now.as_secs() < invitation.not_after)
    }

    /// Whether its holders may learn our addresses.
    pub(crate) fn tells_addresses(&self, row: InvitationRow) -> bool {
        self.hinted.contains(&row)
    }

    /// Whether this process gave the answer that was taken last.
    pub(crate) fn is_answered_by(&self, row: InvitationRow, peer: &TransportId) -> bool {
        self.answered_by.get(&row) == Some(peer)
    }

    /// Writes one row as it is now.
    pub(crate) fn save(&self, turn: &mut Turn<'_>, row: InvitationRow) -> Result<(), RecordsError> {
        let key = family(turn).with(&row.0.to_be_bytes());
        match self.rows.get(&row) {
            Some(invitation) => turn.save(&key, invitation),
            None => {
                turn.delete(&key);
                turn.delete(&bundle_key(turn, row));
                Ok(())
            }
        }
    }

    /// The signed bundle that goes with a row.
    pub(crate) fn bundle(turn: &Turn<'_>, row: InvitationRow) -> Result<Option<Vec<u8>>, RecordsError> {
        turn.load_bytes(&bundle_key(turn, row))
    }

    /// Forgets all of them.
    pub(crate) fn forget_all(&mut self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        let all: Vec<_> = self.rows.keys().copied().collect();
        all.into_iter().try_for_each(|row| self.forget(turn, row))
    }

    fn forget(&mut self, turn: &mut Turn<'_>, row: InvitationRow) -> Result<(), RecordsError> {
        if let Some(old) = self.rows.remove(&row) {
            let answers = turn.key(b'I', &[b"answer", old.id().as_bytes()], &[]);
            let most = usize::try_from(limits::ANSWERS_PER_INVITATION_MAX).unwrap_or(usize::MAX);
            for suffix in turn.suffixes(&answers, &[], most)? {
                turn.delete(&answers.with(&suffix));
            }
        }
        self.save(turn, row)?;
        self.answered_by.remove(&row);
        if self.hinted.remove(&row) {
            let key = hinted_family(turn).with(&row.0.to_be_bytes());
            turn.delete(&key);
        }
        Ok(())
    }

    /// Forgets what ended long ago, by evidence of time; says whether there is room for another.
    fn make_room(&mut self, turn: &mut Turn<'_>, evidence: WallTime) -> Result<bool, RecordsError> {
        let gone: Vec<_> =
            self.rows.iter().filter(|(_, old)| !old.is_remembered(evidence)).map(|(row, _)| *row).collect();
        gone.into_iter().try_for_each(|row| self.forget(turn, row))?;
        Ok(self.rows.len() < limits::INVITATIONS_MAX)
    }

    fn find(&self, reference: &Reference) -> Result<InvitationRow, CommandError> {
        let words = reference.as_str();
        let found: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, invitation)| {
                let id = invitation.id().to_string();
                id == words || (words.chars().count() >= REFERENCE_CHARS_MIN && id.starts_with(words))
            })
            .collect();
        match found.as_slice() {
            [] => Err(CommandError::NotFound),
            [(row, _)] => Ok(**row),
            many => Err(CommandError::Ambiguous(many.iter().map(|(_, one)| one.id().to_string()).collect())),
        }
    }
}

/// What a person asks of a new invitation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    /// Any number of answers.
    pub(crate) reusable: bool,
    /// Answers wait for consent.
    pub(crate) ask: bool,
    /// How long it can be answered.
    pub(crate) expires_in: Option<Duration>,
    /// Whether the link tells our addresses.
    pub(crate) hints: bool,
}

/// Makes an invitation and its link.
pub(crate) fn create(state: &mut State, turn: &mut Turn<'_>, wishes: Wishes) -> Result<Answer, Halt> {
    let life = wishes.expires_in.unwrap_or(limits::INVITATION_LIFE_DEFAULT);
    if life < Duration::from_secs(1) || life > limits::INVITATION_LIFE_MAX {
        return Err(CommandError::OutOfRange("an invitation lives between 1 second and 30 days").into());
    }
    if !state.invitations.make_room(turn, state.evidence.stands().min(turn.now.wall))? {
        return Err(
            CommandError::Full("too many invitations are remembered: wait until some have ended").into()
        );
    }
    // The next whole second, so that it lives for as long as was asked.
    let not_after = (turn.now.wall + life).as_millis().div_ceil(1_000);
    let kind = if wishes.reusable { BundleKind::Reusable } else { BundleKind::OneUse };
    let (account, device) = (state.own.account(), state.own.device());
    let statics = StaticKeys::from_secret(state.own.static_secret().clone());
    let Ok(keys) = BundleKeys::create(account, device, &statics, not_after, kind, &mut turn.random) else {
        return Err(CommandError::Full("the invitation's keys could not be made").into());
    };
    let Ok(bundle) = Bundle::sign(&state.own, keys.noise1()) else {
        return Err(CommandError::Full("the invitation's bundle could not be made").into());
    };
    let secret = Secret::new(turn.random.bytes());
    let link = Link {
        account,
        secret: secret.clone(),
        bundle_hash: bundle_hash(&bundle),
        not_after,
        reusable: wishes.reusable,
        ask: wishes.ask,
        hints: if wishes.hints { hints(&rendezvous::own_addresses(state)) } else { Vec::new() },
    };
    let invitation = Invitation {
        secret,
        keys: Some(keys),
        not_after,
        reusable: wishes.reusable,
        ask: wishes.ask,
        used: false,
        revoked: false,
        answers: 0,
        twice_told: false,
    };
    let view = invitation.view(turn.now.wall, Some(link.encode()));
    let row = InvitationRow(
        state.invitations.rows.last_key_value().map_or(0, |(last, _)| last.0.saturating_add(1)),
    );
    state.invitations.rows.insert(row, invitation);
    state.invitations.save(turn, row)?;
    turn.save_bytes(&bundle_key(turn, row), &bundle)?;
    if wishes.hints && state.rendezvous.is_in_use() {
        turn.save_bytes(&hinted_family(turn).with(&row.0.to_be_bytes()), &[])?;
        state.invitations.hinted.insert(row);
    }
    state.secrets_changed(turn);
    rendezvous::on_invited(state, turn, row);
    Ok(Answer::Invitation(view))
}

/// Every invitation that is not forgotten, oldest first.
pub(crate) fn list(state: &State, turn: &Turn<'_>) -> Answer {
    Answer::Invitations(
        state.invitations.rows.values().map(|invitation| invitation.view(turn.now.wall, None)).collect(),
    )
}

/// Makes an invitation unanswerable and erases its keys.
pub(crate) fn revoke(state: &mut State, turn: &mut Turn<'_>, reference: &Reference) -> Result<Answer, Halt> {
    let row = state.invitations.find(reference)?;
    if let Some(invitation) = state.invitations.get_mut(row) {
        invitation.revoked = true;
        invitation.keys = None;
    }
    state.invitations.save(turn, row)?;
    Ok(Answer::Done)
}

/// Who gave this very answer to an invitation before, if it was taken.
pub(crate) fn taken_by(
    turn: &Turn<'_>,
    invitation: &Invitation,
    transcript: [u8; 32],
) -> Result<Option<AccountId>, RecordsError> {
    turn.load(&answer_key(turn, invitation, transcript))
}

/// An answer is taken: a one-use invitation is used up with it, and its keys are erased.
pub(crate) fn take(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: InvitationRow,
    transcript: [u8; 32],
    (contact, peer): (ContactRow, TransportId),
) -> Result<(), RecordsError> {
    let account = state.contacts.get(contact).map(|contact| contact.account);
    let Some(invitation) = state.invitations.get_mut(row) else { return Ok(()) };
    invitation.answers = invitation.answers.saturating_add(1);
    if !invitation.reusable {
        invitation.used = true;
        invitation.keys = None;
    }
    let key = answer_key(turn, invitation, transcript);
    if let Some(account) = account {
        turn.save(&key, &account)?;
    }
    state.invitations.answered_by.insert(row, peer);
    state.invitations.save(turn, row)
}

/// At most three addresses, as different from each other as can be: one a transport and family first.
fn hints(listening: &[Address]) -> Vec<Address> {
    let mut chosen: Vec<Address> = Vec::new();
    let kinds = [(Transport::Tcp, true), (Transport::Quic, true), (Transport::Tcp, false)];
    for (transport, ipv4) in kinds {
        chosen.extend(
            listening.iter().find(|one| one.transport == transport && one.ip.is_ipv4() == ipv4).copied(),
        );
    }
    for address in listening {
        if chosen.len() < limits::HINTS_MAX && !chosen.contains(address) {
            chosen.push(*address);
        }
    }
    chosen.truncate(limits::HINTS_MAX);
    chosen
}

fn family(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'I', &[b"invitations"], &[])
}

fn hinted_family(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'I', &[b"hinted"], &[])
}

fn answer_key(turn: &Turn<'_>, invitation: &Invitation, transcript: [u8; 32]) -> RecordKey {
    turn.key(b'I', &[b"answer", invitation.id().as_bytes()], &transcript)
}

fn bundle_key(turn: &Turn<'_>, row: InvitationRow) -> RecordKey {
    turn.key(b'I', &[b"bundle"], &row.0.to_be_bytes())
}
