//! Homes that an older version of this program wrote are brought up to date; those of a newer one are refused.
//!
//! ```text
//! identity of version 1 ─ identity() ─▶ version 3      store without a version ─ step() … ─▶ version 3 ─ prove()
//! ```
//!
//! A home has one version. The identity file says it, which is read before anything else, and so does the store, in the
//! last record of its upgrade. Version 1 had two layouts of contacts and chains and one number: a record says itself which
//! it has, for it is authenticated as it was written, decoding leaves no byte over, and what was read in the other layout
//! would (`docs/wire-format.md`, "Versions"). So steps can be repeated, and a store that is upgraded in part goes on.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::{
    account::identity::{self, Identity, IdentityError, OwnerRef},
    address::Address,
    answer::{ContactState, Verification},
    check,
    contact::{Answer, Contact, ContactRow, Contacts, FirstState, Pair},
    engine::{self, OpenError},
    entropy::{Entropy, TurnRandom},
    ids::{AccountId, DeviceId, ProcessId, SessionId},
    limits, log,
    moment::{Now, WallTime},
    output::ChangeSet,
    records::{Order, Records, RecordsError},
    secret::Secret,
    turn::{RecordKey, Turn},
    vault::Vault,
    wire::codec,
};

/// The version of the homes that this program writes.
pub const VERSION: u16 = 3;

/// The oldest version whose homes are read as they are. What version 3 added is another state of an answer, and rows of
/// further devices, so that version 2 reads its homes wrongly, and it reads those of version 2.
const READ_SINCE: u16 = 2;

/// The kinds of records whose layout has changed.
const KINDS: [u8; 2] = *b"CH";

/// How old something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// An older version wrote it.
    Older,
    /// It is of today, or empty, or of a version that is read as it is.
    Current,
    /// A newer version wrote it.
    Newer,
}

impl Age {
    pub(crate) const fn of(version: u16) -> Self {
        match version {
            ..READ_SINCE => Self::Older,
            READ_SINCE..=VERSION => Self::Current,
            _ => Self::Newer,
        }
    }
}

/// How old an identity file is.
///
/// # Errors
/// [`IdentityError::Damaged`].
pub fn age_of_identity(sealed: &[u8], vault: &Vault) -> Result<Age, IdentityError> {
    identity::version(sealed, vault).map(Age::of)
}

/// How old a store is.
///
/// # Errors
/// [`RecordsError`] when it cannot be read.
pub fn age_of_store(records: &dyn Records, vault: &Vault) -> Result<Age, RecordsError> {
    let nothing = Entropy::new([0; 32]);
    age(&Turn::new(Now::default(), &nothing, records, vault))
}

fn age(turn: &Turn<'_>) -> Result<Age, RecordsError> {
    match turn.load(&version_key(turn))? {
        Some(version) => Ok(Age::of(version)),
        None if turn.load_bytes(&engine::mark_key(turn))?.is_some() => Ok(Age::Older),
        None => Ok(Age::Current),
    }
}

/// Refuses a store of another version; an empty one becomes one of this version.
pub(crate) fn note(turn: &mut Turn<'_>) -> Result<(), OpenError> {
    match age(turn)? {
        Age::Newer => Err(OpenError::NewerStore),
        Age::Older => Err(OpenError::OlderStore),
        Age::Current => {
            let key = version_key(turn);
            if turn.load::<u16>(&key)? != Some(VERSION) {
                turn.save(&key, &VERSION)?;
            }
            Ok(())
        }
    }
}

/// An older identity file as this version writes it; `None` when it is of this version.
///
/// # Errors
/// [`IdentityError`] when it is damaged or newer.
pub fn identity(sealed: &[u8], vault: &Vault, entropy: &Entropy) -> Result<Option<Vec<u8>>, IdentityError> {
    match age_of_identity(sealed, vault)? {
        Age::Newer => return Err(IdentityError::Newer),
        Age::Current => return Ok(None),
        Age::Older => {}
    }
    let Identity { owner, contacts } = Identity::read(sealed, vault, |bytes| {
        let (row, contact) = bytes.split_at_checked(size_of::<u64>())?;
        Some((codec::decode::<ContactRow>(row).ok()?, contact_of(contact)?))
    })?;
    let lent = OwnerRef { keys: &owner.keys, name: &owner.name, starts: owner.starts, commit: owner.commit };
    let contacts = contacts.iter().map(|(row, contact)| (*row, contact));
    let sealed = identity::seal(&lent, contacts, vault, &mut TurnRandom::new(entropy));
    sealed.ok_or(IdentityError::Damaged).map(Some)
}

/// What a step of an upgrade writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// To be applied.
    pub changes: ChangeSet,
    /// Where the next step begins; `None` after the last one.
    pub next: Option<Vec<u8>>,
}

/// Brings some records of an older store up to date: from the start on, or where the step before has ended. A record
/// that does not open stays as it is, for this is no repair.
///
/// # Errors
/// [`RecordsError`] when the store fails, or a record has no room for what it is to hold.
pub fn step(
    records: &dyn Records,
    vault: &Vault,
    entropy: &Entropy,
    from: Option<Vec<u8>>,
) -> Result<Step, RecordsError> {
    let [first, last] = KINDS;
    let from = from.unwrap_or_else(|| vec![first]);
    let kind = from.first().copied().unwrap_or(first);
    let pairs = records.scan(&from, &[kind + 1], Order::Ascending, limits::PURGE_RECORDS_PER_TURN)?;
    let mut turn = Turn::new(Now::default(), entropy, records, vault);
    for (key, sealed) in &pairs {
        let Some(mut bytes) = vault.unseal(key, sealed) else { continue };
        if let Some(mut upgraded) = upgraded(kind, &bytes) {
            turn.save_bytes(&RecordKey::of(key), &upgraded)?;
            upgraded.zeroize();
        }
        bytes.zeroize();
    }
    let next = match pairs.last() {
        Some((key, _)) if pairs.len() >= limits::PURGE_RECORDS_PER_TURN => Some([key, &[0][..]].concat()),
        _ if kind < last => Some(vec![last]),
        _ => None,
    };
    if next.is_none() {
        let key = version_key(&turn);
        turn.save(&key, &VERSION)?;
    }
    let (changes, _) = turn.finish();
    Ok(Step { changes, next })
}

/// Whether all of an upgraded home can be read: its contacts, and every chain of every conversation.
///
/// # Errors
/// [`OpenError`] when the identity cannot be used or the store fails.
pub fn prove(identity: &[u8], records: &dyn Records, vault: &Vault) -> Result<bool, OpenError> {
    let own = Identity::open(identity, vault)?.owner.keys.account();
    let nothing = Entropy::new([0; 32]);
    let turn = Turn::new(Now::default(), &nothing, records, vault);
    let found = check::all(&turn, own, &Contacts::load(&turn)?)?;
    Ok(found.unreadable == 0)
}

/// A record of this kind in today's layout; `None` where it has that already, or cannot be read.
fn upgraded(kind: u8, bytes: &[u8]) -> Option<Vec<u8>> {
    if kind == b'C' {
        let is_current = codec::decode::<Contact>(bytes).is_ok();
        return if is_current { None } else { codec::encode(&contact_of(bytes)?).ok() };
    }
    // Nothing was given up: the one field that was added, at the end.
    let longer = [bytes, &[0]].concat();
    (!log::is_reach(bytes) && log::is_reach(&longer)).then_some(longer)
}

/// A contact in today's layout, else in the one before.
pub(crate) fn contact_of(bytes: &[u8]) -> Option<Contact> {
    codec::decode(bytes).or_else(|_| codec::decode::<Earlier>(bytes).map(Earlier::upgraded)).ok()
}

fn version_key(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'A', &[b"version"], &[])
}

/// A contact as it was stored once: [`Contact`] with other pairs and another answer.
#[derive(Debug, Serialize, Deserialize)]
struct Earlier {
    account: AccountId,
    name: String,
    name_chosen: bool,
    state: ContactState,
    state_before_block: Option<ContactState>,
    reason: Option<String>,
    verification: Verification,
    last_seen: Option<WallTime>,
    device_list: Option<Vec<u8>>,
    device: Option<(DeviceId, [u8; 32])>,
    safety_half: String,
    pairs: Vec<EarlierPair>,
    sessions: Vec<SessionId>,
    answer: Option<EarlierAnswer>,
    links_used: Vec<[u8; 16]>,
    addresses: Vec<Address>,
    merged: Vec<AccountId>,
    seen_start: u64,
    seen_process: Option<ProcessId>,
    removed: bool,
    history_kept: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct EarlierPair {
    session: SessionId,
    generation: u32,
    key: Secret,
    day_key: Secret,
    day: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct EarlierAnswer {
    secret: Secret,
    bundle_hash: [u8; 16],
    not_after: u64,
    waits_for_consent: bool,
    hints: Vec<Address>,
    first_made: bool,
    stored: bool,
}

impl Earlier {
    fn upgraded(self) -> Contact {
        Contact {
            account: self.account,
            name: self.name,
            name_chosen: self.name_chosen,
            state: self.state,
            state_before_block: self.state_before_block,
            reason: self.reason,
            verification: self.verification,
            last_seen: self.last_seen,
            device_list: self.device_list,
            device: self.device,
            safety_half: self.safety_half,
            pairs: self.pairs.into_iter().map(EarlierPair::upgraded).collect(),
            sessions: self.sessions,
            answer: self.answer.map(EarlierAnswer::upgraded),
            links_used: self.links_used,
            addresses: self.addresses,
            merged: self.merged,
            seen_start: self.seen_start,
            seen_process: self.seen_process,
            removed: self.removed,
            history_kept: self.history_kept,
        }
    }
}

impl EarlierPair {
    fn upgraded(self) -> Pair {
        let Self { session, generation, key, day_key, day } = self;
        Pair { session, generation, key, day_key, day, used_at: None }
    }
}

impl EarlierAnswer {
    fn upgraded(self) -> Answer {
        let first = match (self.first_made, self.stored) {
            (false, _) => FirstState::NotMade,
            (true, false) => FirstState::Kept,
            // It was not kept any longer than until the inviter had it.
            (true, true) => FirstState::Lost,
        };
        Answer { secret: self.secret, bundle_hash: self.bundle_hash, hints: self.hints, first }
    }
}

#[cfg(test)]
mod tests;
