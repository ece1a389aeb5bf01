//! Somebody we know: who they are, how far the acquaintance has come, which keys are shared with them.
//!
//! ```text
//!            accept LINK                     first live channel
//!  (unknown) ───────────▶ pending ──────────────────────────────▶ active ◀──▶ blocked
//!      │                     └── refused by the inviter ─▶ failed   ▲
//!      └── answers ours ──▶ request ── accepted ────────────────────┘
//!                (one use, without --ask: active at once)
//! ```
//!
//! All contacts are in memory (at most `limits::CONTACTS_MAX`); each is one record, and the identity file holds a
//! copy. Somebody removed stays as a row that only says which of their entries are gone for good.
//!
//! The first row of an account is the person, with their first device; each further device of theirs has a row of its
//! own behind it, with the secrets, sessions and addresses of that device. What is about the person (name, state, device
//! list, conversation) counts on the first row alone (`Contacts::person`).

pub mod bundle;
pub(crate) mod decisions;
pub(crate) mod introduction;
pub(crate) mod invitation;
pub mod link_code;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    account::{
        device_list::{self, SignedDeviceList, Succession},
        safety_number,
    },
    address::Address,
    answer::{CommandError, ContactState, ContactView, Path, Verification},
    command::Reference,
    evidence::Evidence,
    ids::{AccountId, DeviceId, ProcessId, SessionId},
    limits,
    moment::WallTime,
    records::{Order, RecordsError},
    secret::Secret,
    session::first_contact::Established,
    turn::{RecordKey, Turn},
};

/// Which row of the contact list; never used for somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ContactRow(u64);

impl ContactRow {
    /// Its number, by which a log tells contacts apart without naming them.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// One contact, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    /// Their account.
    pub(crate) account: AccountId,
    /// What we call them.
    pub(crate) name: String,
    /// The person chose the name, so what the contact calls themselves does not replace it.
    pub(crate) name_chosen: bool,
    /// How far the acquaintance has come.
    pub(crate) state: ContactState,
    /// What to return to when a block is taken back.
    pub(crate) state_before_block: Option<ContactState>,
    /// Why it failed.
    pub(crate) reason: Option<String>,
    /// What is known about their keys.
    pub(crate) verification: Verification,
    /// When a live channel last had something from them.
    pub(crate) last_seen: Option<WallTime>,
    /// Their device list, signed, as received; `None` until their bundle or first message was checked.
    pub(crate) device_list: Option<Vec<u8>>,
    /// Their device and its static key, out of the list.
    pub(crate) device: Option<(DeviceId, [u8; 32])>,
    /// Their half of the safety number.
    pub(crate) safety_half: String,
    /// What is shared with them, at most `PAIRS_MAX`, used or made last at the end.
    pub(crate) pairs: Vec<Pair>,
    /// Sessions with their device, oldest first; one for each pair still in use and the lost ones that stay readable.
    pub(crate) sessions: Vec<SessionId>,
    /// A link of theirs that we answered and that is not settled yet.
    pub(crate) answer: Option<Answer>,
    /// Hashes of the bundles of their links that were used here.
    pub(crate) links_used: Vec<[u8; 16]>,
    /// Where they said they can be dialled, newest knowledge, at most `limits::ADDRESSES_PER_CONTACT_MAX`.
    pub(crate) addresses: Vec<Address>,
    /// Accounts that the same person used before; their history precedes.
    pub(crate) merged: Vec<AccountId>,
    /// The highest start counter that their device showed, to notice copies.
    pub(crate) seen_start: u64,
    /// The process that showed it.
    pub(crate) seen_process: Option<ProcessId>,
    /// Removed: not listed, not met, kept only so that what was deleted stays deleted.
    pub(crate) removed: bool,
    /// Removed, but their history was to stay.
    pub(crate) history_kept: bool,
}

/// A secret shared with them and what came of the same first message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pair {
    /// The session of the same first message.
    pub(crate) session: SessionId,
    /// How many renewals lie before it.
    pub(crate) generation: u32,
    /// For presence and the live channel.
    pub(crate) key: Secret,
    /// The day chain and the day it begins with: for carriers that come later.
    pub(crate) day_key: Secret,
    /// See `day_key`.
    pub(crate) day: u32,
    /// When a channel stood by it last, by evidence of time.
    pub(crate) used_at: Option<WallTime>,
}

/// A link of theirs that we answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The link's secret.
    pub(crate) secret: Secret,
    /// What the bundle must hash to.
    pub(crate) bundle_hash: [u8; 16],
    /// Where the link says the inviter is.
    pub(crate) hints: Vec<Address>,
    /// How far our first message is.
    pub(crate) first: FirstState,
}

/// How far the answer to a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FirstState {
    /// The inviter was not met yet.
    NotMade,
    /// It is made and kept; it is repeated byte for byte until a live channel stands.
    Kept,
    /// It was lost with the store. The inviter may have had it: then its secrets, of which there is a copy, work.
    Lost,
    /// There is no link: the secret follows from one that an earlier device of ours shares with theirs, which this one
    /// shows to be introduced. Nothing of that is kept, since each meeting brings fresh keys.
    OfDevice,
}

impl Pair {
    /// What a first message agreed on.
    pub(crate) fn of(established: &Established, generation: u32) -> Self {
        Self {
            session: established.session,
            generation,
            key: established.k_pair.clone(),
            day_key: established.day_key.clone(),
            day: established.day,
            used_at: None,
        }
    }
}

/// Shared secrets of one contact that are kept: crossing invitations and the last renewals. Older ones are kept so that
/// a device whose home was put back is still recognised, and can renew from there. Chosen: homes of both sides put back
/// again and again, to copies of several ages, still meet (`engine/lives.rs`).
const PAIRS_MAX: usize = 16;

/// Secrets that stay where the record of a contact has no room for all: with the longest of everything else, it has for
/// these and [`MERGED_MAX`] earlier accounts.
const PAIRS_MIN: usize = 4;

/// Accounts that one person may have had before. Chosen.
pub(crate) const MERGED_MAX: usize = 12;

/// People of the contact list: those that are listed, and removed ones of whom something is remembered.
const PEOPLE_MAX: usize = 2 * limits::CONTACTS_MAX;

/// Rows of the contact list: people, and as many further devices as there may be contacts.
pub(crate) const ROWS_MAX: usize = PEOPLE_MAX + limits::CONTACTS_MAX;

/// Links remembered as used with one contact. Chosen.
const LINKS_USED_MAX: usize = 16;

impl Contact {
    /// Somebody new.
    pub(crate) fn new(account: AccountId, name: Option<String>, state: ContactState) -> Self {
        Self {
            account,
            name_chosen: name.is_some(),
            name: name.unwrap_or_else(|| account.to_string().chars().take(8).collect()),
            state,
            state_before_block: None,
            reason: None,
            verification: Verification::None,
            last_seen: None,
            device_list: None,
            device: None,
            safety_half: safety_number::half(account),
            pairs: Vec::new(),
            sessions: Vec::new(),
            answer: None,
            links_used: Vec::new(),
            addresses: Vec::new(),
            merged: Vec::new(),
            seen_start: 0,
            seen_process: None,
            removed: false,
            history_kept: false,
        }
    }

    /// Whether their hello is answered: they are a contact by our own will and not blocked.
    pub(crate) const fn is_met(&self) -> bool {
        !self.removed && matches!(self.state, ContactState::Active | ContactState::Pending)
    }

    /// Their device list; `None` until one was checked.
    pub(crate) fn list(&self) -> Option<SignedDeviceList> {
        self.device_list.as_deref().and_then(|bytes| SignedDeviceList::parse(bytes).ok())
    }

    /// Takes a checked device list of theirs. Says whether that was news: a verified contact whose list gains a device,
    /// forks or goes back becomes `changed`. One that goes back, or contradicts the known one in its own version, does not
    /// take its place, or who holds an older one would have the others forgotten.
    pub(crate) fn learn_list(&mut self, list: &SignedDeviceList) -> Succession {
        let known = self.list();
        let succession =
            known.as_ref().map_or(Succession::Same, |known| device_list::succession(known, list));
        let harmless = matches!(succession, Succession::Same | Succession::Next { gained_devices: false });
        if !harmless && self.verification == Verification::Verified {
            self.verification = Verification::Changed;
        }
        if known.is_none_or(|known| known.version() < list.version()) {
            self.device_list = Some(list.bytes().to_vec());
        }
        succession
    }

    /// A channel stands by this secret: it is the last to go when there are too many, and those that it replaced go
    /// when none stood by them for long. Says whether anything changed.
    pub(crate) fn used_pair(&mut self, session: SessionId, evidence: &Evidence) -> bool {
        let before: Vec<SessionId> = self.pairs.iter().map(|pair| pair.session).collect();
        // A channel may have stood by it until now, for as long as it liked.
        let last = self.pairs.iter().filter(|pair| pair.used_at.is_some()).max_by_key(|pair| pair.used_at);
        let last = last.map(|pair| pair.session);
        self.pairs.sort_by_key(|pair| pair.session == session);
        for pair in &mut self.pairs {
            // One that was never used is given as long as if it had been just now.
            if pair.session == session || Some(pair.session) == last || pair.used_at.is_none() {
                pair.used_at = Some(evidence.newest());
            }
        }
        self.pairs
            .retain(|pair| !pair.used_at.is_some_and(|at| evidence.is_past(at, limits::REPLACED_PAIR_LIFE)));
        !self.pairs.iter().map(|pair| pair.session).eq(before)
    }

    /// Adds what a first message agreed on; the one that was not used for longest goes when there are too many.
    pub(crate) fn add_pair(&mut self, pair: Pair) {
        self.pairs.retain(|known| known.session != pair.session);
        if self.pairs.len() >= PAIRS_MAX {
            self.pairs.remove(0);
        }
        if !self.sessions.contains(&pair.session) {
            self.sessions.push(pair.session);
        }
        self.pairs.push(pair);
    }

    /// Gives up what can be spared most: whether there was anything. The secret that was used last always stays.
    fn gives_up_some(&mut self) -> bool {
        if self.pairs.len() > PAIRS_MIN {
            self.pairs.remove(0);
        } else if !self.links_used.is_empty() {
            self.links_used.remove(0);
        } else {
            return self.addresses.pop().is_some();
        }
        true
    }

    /// A link of theirs that we answered is settled: only where it said they are is kept.
    pub(crate) fn settle_answer(&mut self) -> Option<Answer> {
        let answer = self.answer.take()?;
        for hint in &answer.hints {
            if !self.addresses.contains(hint) {
                self.addresses.push(*hint);
            }
        }
        self.addresses.truncate(limits::ADDRESSES_PER_CONTACT_MAX);
        Some(answer)
    }

    /// Remembers that this link led here.
    pub(crate) fn remember_link(&mut self, bundle_hash: [u8; 16]) {
        if !self.links_used.contains(&bundle_hash) {
            if self.links_used.len() >= LINKS_USED_MAX {
                self.links_used.remove(0);
            }
            self.links_used.push(bundle_hash);
        }
    }

    /// Takes a name that they claim, unless the person chose one. Says whether it changed.
    pub(crate) fn claim_name(&mut self, claimed: &str) -> bool {
        if self.name_chosen || self.name == claimed {
            return false;
        }
        claimed.clone_into(&mut self.name);
        true
    }

    /// Removed: everything that was shared with them goes; the row stays as a bare mark.
    pub(crate) fn forget_keys(&mut self, history_kept: bool) {
        let bare = Self::new(self.account, self.name_chosen.then(|| self.name.clone()), ContactState::Failed);
        let reason = Some("removed".to_owned());
        *self =
            Self { removed: true, history_kept, reason, merged: std::mem::take(&mut self.merged), ..bare };
    }

    /// What a person sees. A request shows no number: nobody has answered for its keys yet.
    pub(crate) fn view(&self, own_safety_half: &str, path: Option<Path>) -> ContactView {
        // Somebody just blocked or removed has a channel until it is closed, but is not met any more.
        let path = path.filter(|_| self.is_met());
        let keys_known =
            self.device.is_some() && matches!(self.state, ContactState::Active | ContactState::Blocked);
        ContactView {
            id: self.account,
            name: self.name.clone(),
            state: self.state,
            reason: self.reason.clone(),
            verification: self.verification,
            online: path.is_some(),
            path,
            last_seen: self.last_seen,
            safety_number: keys_known.then(|| safety_number::join(own_safety_half, &self.safety_half)),
        }
    }
}

/// All contacts.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    rows: BTreeMap<ContactRow, Contact>,
    by_account: BTreeMap<AccountId, ContactRow>,
    /// Rows of further devices, by the first row of the account.
    further: BTreeMap<ContactRow, BTreeSet<ContactRow>>,
    /// The number of the next row: in one run of the program none is used for somebody else.
    next: u64,
}

impl Contacts {
    /// Reads them from the store.
    pub(crate) fn load(turn: &Turn<'_>) -> Result<Self, RecordsError> {
        let mut contacts = Self::default();
        let family = family(turn);
        for (suffix, contact) in turn.scan::<Contact>(&family, (&[], None), Order::Ascending, ROWS_MAX)? {
            let row = suffix.try_into().map_err(|_| RecordsError::Damaged('C'))?;
            contacts.put(ContactRow(u64::from_be_bytes(row)), contact);
        }
        Ok(contacts)
    }

    /// Takes them from the identity file's copy, and writes them to the store.
    pub(crate) fn restore(
        turn: &mut Turn<'_>,
        copies: Vec<(ContactRow, Contact)>,
    ) -> Result<Self, RecordsError> {
        let mut contacts = Self::default();
        for (row, contact) in copies {
            contacts.put(row, contact);
            contacts.save(turn, row)?;
        }
        // Rows of devices that were forgotten since.
        let family = family(turn);
        for suffix in turn.suffixes(&family, &[], ROWS_MAX)? {
            let row = suffix.as_slice().try_into().map_err(|_| RecordsError::Damaged('C'))?;
            if !contacts.rows.contains_key(&ContactRow(u64::from_be_bytes(row))) {
                turn.delete(&family.with(&suffix));
            }
        }
        Ok(contacts)
    }

    /// Whether somebody more can be listed: so many are, and as many removed ones are remembered.
    pub(crate) fn has_room(&self) -> bool {
        self.listed().count() < limits::CONTACTS_MAX
            && (self.by_account.len() < PEOPLE_MAX || self.forgettable().is_some())
    }

    /// Adds somebody at the end of the list; where there are too many rows, who was removed first is forgotten.
    pub(crate) fn add(&mut self, turn: &mut Turn<'_>, contact: Contact) -> Result<ContactRow, RecordsError> {
        if self.by_account.len() >= PEOPLE_MAX
            && let Some(row) = self.forgettable()
            && let Some(gone) = self.rows.remove(&row)
        {
            self.by_account.remove(&gone.account);
            self.save(turn, row)?;
        }
        self.add_row(turn, contact)
    }

    fn add_row(&mut self, turn: &mut Turn<'_>, contact: Contact) -> Result<ContactRow, RecordsError> {
        let row = ContactRow(self.next);
        self.put(row, contact);
        self.save(turn, row)?;
        Ok(row)
    }

    /// Writes one row as it is now, with as much of it as a record holds: each part has its bound, and a contact can fill
    /// them all at once.
    pub(crate) fn save(&mut self, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
        let key = family(turn).with(&row.0.to_be_bytes());
        match self.rows.get_mut(&row) {
            Some(contact) => {
                while turn.save(&key, contact) == Err(RecordsError::TooLarge('C')) && contact.gives_up_some()
                {
                }
                turn.save(&key, contact)
            }
            None => {
                turn.delete(&key);
                Ok(())
            }
        }
    }

    /// One of them.
    pub(crate) fn get(&self, row: ContactRow) -> Option<&Contact> {
        self.rows.get(&row)
    }

    /// One of them, to change; `save` afterwards.
    pub(crate) fn get_mut(&mut self, row: ContactRow) -> Option<&mut Contact> {
        self.rows.get_mut(&row)
    }

    /// Whose account it is.
    pub(crate) fn by_account(&self, account: AccountId) -> Option<ContactRow> {
        self.by_account.get(&account).copied()
    }

    /// The row of a device of somebody's: theirs, where none was known, else one of its own behind it, new if need be. `None`
    /// where there is no room for it.
    pub(crate) fn row_of_device(
        &mut self,
        turn: &mut Turn<'_>,
        person: ContactRow,
        device: DeviceId,
    ) -> Result<Option<ContactRow>, RecordsError> {
        let is_of = |row: &ContactRow| {
            self.get(*row).and_then(|contact| contact.device).is_some_and(|(known, _)| known == device)
        };
        let known = self.rows_of(person).into_iter().find(is_of);
        let Some(contact) = self.get(person).filter(|_| known.is_none()) else { return Ok(known) };
        // A row stays the device's that it was given to: what was verified of one is not said of another.
        if contact.device.is_none() {
            return Ok(Some(person));
        }
        let of_all: usize = self.further.values().map(BTreeSet::len).sum();
        if of_all >= limits::CONTACTS_MAX || self.rows_of(person).len() >= limits::DEVICES_MAX {
            return Ok(None);
        }
        let further = Contact::new(contact.account, None, ContactState::Active);
        self.add_row(turn, further).map(Some)
    }

    /// Whether the hello of a device is answered: see [`Contact::is_met`].
    pub(crate) fn is_met(&self, row: ContactRow) -> bool {
        self.get(self.person(row)).is_some_and(Contact::is_met)
    }

    /// The first row of the same account, which is the person.
    pub(crate) fn person(&self, row: ContactRow) -> ContactRow {
        self.get(row).and_then(|contact| self.by_account(contact.account)).unwrap_or(row)
    }

    /// The rows of all devices of the same account, the person's first.
    pub(crate) fn rows_of(&self, row: ContactRow) -> Vec<ContactRow> {
        let person = self.person(row);
        std::iter::once(person).chain(self.further.get(&person).into_iter().flatten().copied()).collect()
    }

    /// The list of all devices of the same account; `None` until one was checked.
    pub(crate) fn list_of(&self, row: ContactRow) -> Option<SignedDeviceList> {
        self.get(self.person(row))?.list()
    }

    /// All devices of the same account that were ever certified and not taken away: those of its list, and those that have
    /// rows, which a newer list may not know of. None that `own` names, whatever a contact says.
    pub(crate) fn devices(&self, row: ContactRow, own: &SignedDeviceList) -> Vec<DeviceId> {
        let Some(list) = self.list_of(row) else { return Vec::new() };
        let rows = self.rows_of(row).into_iter();
        let met = rows.filter_map(|row| self.get(row)?.device).map(|(device, _)| device);
        let met = met.filter(|device| !list.list().revoked.contains(device));
        let all: BTreeSet<DeviceId> = list.device_ids().chain(met).collect();
        all.into_iter().filter(|device| own.device(*device).is_none()).collect()
    }

    /// Forgets the further devices of somebody.
    pub(crate) fn forget_further(
        &mut self,
        turn: &mut Turn<'_>,
        person: ContactRow,
    ) -> Result<(), RecordsError> {
        for row in self.further.remove(&person).unwrap_or_default() {
            self.rows.remove(&row);
            self.save(turn, row)?;
        }
        Ok(())
    }

    /// All rows, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ContactRow, &Contact)> {
        self.rows.iter().map(|(row, contact)| (*row, contact))
    }

    /// All that a person sees, oldest first.
    pub(crate) fn listed(&self) -> impl Iterator<Item = (ContactRow, &Contact)> {
        self.people().filter(|(_, contact)| !contact.removed)
    }

    /// Everybody, oldest first: the first row of each account.
    pub(crate) fn people(&self) -> impl Iterator<Item = (ContactRow, &Contact)> {
        self.iter().filter(|(row, contact)| self.by_account(contact.account) == Some(*row))
    }

    /// Whom a person means: an id, a name, or the start of an id.
    pub(crate) fn find(&self, reference: &Reference) -> Result<ContactRow, CommandError> {
        let words = reference.as_str();
        if let Some((row, contact)) = AccountId::parse(words)
            .and_then(|account| self.by_account(account))
            .and_then(|row| Some((row, self.get(row)?)))
        {
            let gone = contact.removed && !contact.history_kept;
            return if gone { Err(CommandError::NotFound) } else { Ok(row) };
        }
        // A name never goes before the start of an id, or whoever claims a name that looks like one gets their mail.
        let is_start = words.chars().count() >= REFERENCE_CHARS_MIN;
        let meant = |contact: &Contact| {
            contact.name == words || (is_start && contact.account.to_string().starts_with(words))
        };
        let found: Vec<_> = self.listed().filter(|(_, contact)| meant(contact)).collect();
        match found.as_slice() {
            [] => Err(CommandError::NotFound),
            [(row, _)] => Ok(*row),
            many => Err(CommandError::Ambiguous(
                many.iter().map(|(_, contact)| format!("{} ({})", contact.name, contact.account)).collect(),
            )),
        }
    }

    fn forgettable(&self) -> Option<ContactRow> {
        self.people().find(|(_, contact)| contact.removed && !contact.history_kept).map(|(row, _)| row)
    }

    fn put(&mut self, row: ContactRow, contact: Contact) {
        let person = *self.by_account.entry(contact.account).or_insert(row);
        if person != row {
            self.further.entry(person).or_default().insert(row);
        }
        self.next = self.next.max(row.0.saturating_add(1));
        self.rows.insert(row, contact);
    }
}

/// The shortest start of an id that stands for it; the contract of the command line.
pub(crate) const REFERENCE_CHARS_MIN: usize = 4;

fn family(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'C', &[b"contacts"], &[])
}

#[cfg(test)]
mod tests;
