//! A session between two devices: seals what leaves, opens what comes, once each and in any order.
//!
//! A session begins with first contact ([`first_contact`]), goes on by steps ([`step`]) and lives in records: `S`
//! itself, `P` its epochs, `O` and `N` the step under way, `K` the keys of envelopes that were overtaken, `D` the
//! envelopes that were opened. An envelope is opened on a copy of the state, which changes once, after the body has
//! opened: whatever is refused changes nothing. State that sealed an envelope is written by the same turn, so it is
//! durable before the envelope leaves.
//!
//! What goes wrong is told apart ([`Refusal`]), never passed over: a session that cannot go on is marked lost and
//! replaced, and stays readable. Two devices that meet compare their [`SessionStatus`]; [`sound`] says whether
//! everything that either will seal can be opened by the other.

mod comparison;
pub mod epoch;
pub mod first_contact;
mod kem;
pub mod noise;
mod replay;
pub mod step;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::comparison::{EpochStatus, SessionStatus, sound};
use self::{
    epoch::{Epoch, Passed},
    first_contact::Established,
    replay::{Fingerprint, Memory, Place},
    step::{Parties, Steps},
};
use crate::{
    ids::{DeviceId, SessionId},
    limits,
    moment::WallTime,
    records::RecordsError,
    testing::{
        plant::{self, Plant},
        tap::{self, Doing},
    },
    turn::{RecordKey, Turn},
    wire::envelope::{self, Header, Packing, Record, SealedPair},
};

/// One session, as a turn works with it.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    standing: Standing,
    /// The newest is the one to seal in.
    epochs: BTreeMap<u32, Epoch>,
    steps: Steps,
}

impl Session {
    /// Begins the session of a first contact. The same contact again gives the session as it stands by now.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn establish(
        turn: &mut Turn<'_>,
        own: DeviceId,
        their: DeviceId,
        established: &Established,
    ) -> Result<Self, RecordsError> {
        match Self::load(turn, own, their, established.session) {
            Ok(Some(session)) => return Ok(session),
            // Nothing opens what is there: it begins anew.
            Ok(None) | Err(RecordsError::Lost(_)) => {}
            Err(error) => return Err(error),
        }
        let first = Epoch::begin(0, &established.prk, own, their, 0);
        first.save(turn, &established.session)?;
        let session = Self {
            id: established.session,
            standing: Standing { own, their, lost_at: None, sending_epoch: 0, memory: Memory::new() },
            epochs: BTreeMap::from([(0, first)]),
            steps: Steps::new(turn.now.moment),
        };
        session.save_standing(turn)?;
        Ok(session)
    }

    /// The session with this id between these two devices; `None` when there is none.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails or a record is missing or damaged; [`RecordsError::Lost`] when one of
    /// them does not open.
    pub fn load(
        turn: &Turn<'_>,
        own: DeviceId,
        their: DeviceId,
        session: SessionId,
    ) -> Result<Option<Self>, RecordsError> {
        let Some(standing) = turn.load::<Standing>(&standing_key(turn, &session))? else { return Ok(None) };
        if (standing.own, standing.their) != (own, their) {
            return Ok(None);
        }
        let epochs: BTreeMap<u32, Epoch> =
            Epoch::load_all(turn, &session)?.into_iter().map(|epoch| (epoch.n, epoch)).collect();
        if !epochs.contains_key(&standing.sending_epoch) {
            return Err(RecordsError::Damaged('P'));
        }
        let steps = Steps::load(turn, &session)?;
        Ok(Some(Self { id: session, standing, epochs, steps }))
    }

    /// A live channel was attached: the first thing that is written on it offers a step.
    pub const fn on_channel(&mut self) {
        self.steps.on_channel();
    }

    /// Seals these records in one envelope, as long as the smallest bucket that holds them and what rides along of a
    /// step. Only records that are packed beside [`Packing::beside_steps`] surely leave room for that.
    ///
    /// # Errors
    /// [`SessionError`] when they are too many, or when nothing can be sealed here any more.
    pub fn seal(
        &mut self,
        turn: &mut Turn<'_>,
        parties: &Parties,
        records: &[Record],
    ) -> Result<Vec<u8>, SessionError> {
        if self.is_lost() {
            return Err(SessionError::Lost);
        }
        let mut packing = Packing::new();
        if !records.iter().all(|record| packing.take(record)) {
            return Err(SessionError::TooLarge);
        }
        if self.sending()?.sending.is_used_up() {
            return Err(SessionError::Exhausted);
        }
        let with_entries = records.iter().any(|record| matches!(record, Record::Entry(_)));
        let riding = self.riding(turn, parties, &mut packing, with_entries)?;
        let body = envelope::encode_body(records.iter().chain(&riding)).ok_or(SessionError::TooLarge)?;
        self.seal_body(turn, &body)
    }

    /// Seals a plain body in one envelope, whatever it holds.
    pub(crate) fn seal_body(&mut self, turn: &mut Turn<'_>, body: &[u8]) -> Result<Vec<u8>, SessionError> {
        let epoch = self.epochs.get_mut(&self.standing.sending_epoch).ok_or(RecordsError::Damaged('P'))?;
        let (index, message_key) = epoch.sending.advance().ok_or(SessionError::Exhausted)?;
        epoch.save(turn, &self.id)?;
        let header = Header { epoch: epoch.n, index, previous_count: epoch.sending.previous_count };
        let keys = (&epoch.sending.header_key, &message_key);
        let nonce = if plant::is(Plant::NonceRepeated) { [0; 24] } else { turn.random.bytes() };
        let envelope = envelope::seal(keys, &nonce, header, &self.id, body);
        tap::keyed(turn, self.doing(), &message_key);
        tap::envelope(turn, self.doing(), &envelope);
        Ok(envelope)
    }

    /// Opens an envelope and takes out of it what belongs to a step. `newest` is the newest evidence of time, for the
    /// keys that it overtakes.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails. What the envelope itself is refused for is no error but
    /// [`Opened::Refused`].
    pub fn open(
        &mut self,
        turn: &mut Turn<'_>,
        parties: &Parties,
        envelope: &[u8],
        newest: WallTime,
    ) -> Result<Opened, RecordsError> {
        let Some(sealed) = SealedPair::parse(envelope) else {
            return Ok(Opened::Refused(Refusal::Malformed));
        };
        let fingerprint = Fingerprint::of(envelope);
        if self.standing.memory.knows(turn, &self.id, fingerprint)? {
            return Ok(Opened::Duplicate);
        }
        let (epoch, standby, header) = match self.open_header(&sealed) {
            Ok(found) => found,
            Err(refusal) => return Ok(Opened::Refused(refusal)),
        };
        let remembered_from = self.standing.memory.reaches_back_to();
        let reach = match epoch.reach(turn, &self.id, header.index, remembered_from)? {
            Ok(reach) => reach,
            Err(refusal) => return Ok(Opened::Refused(refusal)),
        };
        let Some(body) = sealed.open_body(reach.key(), &self.id) else {
            return Ok(Opened::Refused(Refusal::Body));
        };
        let Some(records) = envelope::decode_body(&body) else {
            return Ok(Opened::Refused(Refusal::Records));
        };
        let closing = match self.closing(&header) {
            Ok(closing) => closing,
            Err(refusal) => return Ok(Opened::Refused(refusal)),
        };
        if let Some(position) = standby
            && let Some(epoch) = self.steps.take_candidate(turn, &self.id, position)
        {
            self.step_to(turn, epoch)?;
        }
        self.commit(turn, header.epoch, (reach, closing), fingerprint, newest)?;
        Ok(Opened::Records(self.hear(turn, parties, header.epoch, records)?))
    }

    /// Gives the session up for sending: it stays readable until it is forgotten, by evidence of time from now on.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn mark_lost(&mut self, turn: &mut Turn<'_>, newest: WallTime) -> Result<(), RecordsError> {
        if self.is_lost() {
            return Ok(());
        }
        self.standing.lost_at = Some(newest);
        self.save_standing(turn)?;
        self.steps.drop_offer(turn, &self.id);
        if let Some(epoch) = self.epochs.get_mut(&self.standing.sending_epoch) {
            epoch.spend();
            epoch.save(turn, &self.id)?;
        }
        Ok(())
    }

    /// Drops skipped keys that are too old by this evidence of time, at most `limits::PURGE_RECORDS_PER_TURN` a
    /// call. Tells whether there may be more.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn expire(&mut self, turn: &mut Turn<'_>, evidence: WallTime) -> Result<bool, RecordsError> {
        let mut room = limits::PURGE_RECORDS_PER_TURN;
        for epoch in self.epochs.values_mut() {
            let dropped = epoch.drop_aged(turn, &self.id, room, evidence)?;
            if dropped > 0 {
                epoch.save(turn, &self.id)?;
            }
            room = room.saturating_sub(dropped);
        }
        self.retire(turn)?;
        Ok(room == 0)
    }

    /// Removes every record of a session, at most `limits::PURGE_RECORDS_PER_TURN` a call, the session itself and its
    /// keys first. Tells whether there are more.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn forget(turn: &mut Turn<'_>, session: SessionId) -> Result<bool, RecordsError> {
        let mut room = limits::PURGE_RECORDS_PER_TURN;
        for prefix in *b"SPONKD" {
            let family = turn.key(prefix, &[session.as_bytes()], &[]);
            // One more than may go, to know whether something stays.
            let found = turn.suffixes(&family, &[], room + 1)?;
            for suffix in found.iter().take(room) {
                turn.delete(&family.with(suffix));
            }
            if found.len() > room {
                return Ok(true);
            }
            room -= found.len();
        }
        Ok(false)
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// Whether it was given up for sending.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.standing.lost_at.is_some()
    }

    /// The newest evidence of time when it was given up.
    #[must_use]
    pub const fn lost_at(&self) -> Option<WallTime> {
        self.standing.lost_at
    }

    /// What the other side is told of it at the beginning of a live channel.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        let sending = self.epochs.get(&self.standing.sending_epoch);
        SessionStatus {
            session: self.id,
            // A session is never without its sending epoch; without one nothing would match.
            sending: sending.map_or_else(EpochStatus::default, |epoch| EpochStatus {
                n: epoch.n,
                fingerprint: epoch.fingerprint,
                count: epoch.sending.sent,
            }),
            // A candidate is open too: they may have switched to it already.
            receiving: self
                .epochs
                .values()
                .chain(self.steps.candidates())
                .filter(|epoch| epoch.receiving.is_open())
                .map(|epoch| EpochStatus {
                    n: epoch.n,
                    fingerprint: epoch.fingerprint,
                    count: epoch.receiving.expected,
                })
                .collect(),
        }
    }

    /// Whose doing is what is done with it.
    pub(crate) const fn doing(&self) -> Doing {
        Doing { session: self.id, from: self.standing.own, to: self.standing.their }
    }

    /// The epoch to seal in.
    fn sending(&self) -> Result<&Epoch, RecordsError> {
        self.epochs.get(&self.standing.sending_epoch).ok_or(RecordsError::Damaged('P'))
    }

    /// The epoch whose header key opens this envelope, newest first, and its place among the candidates if it is one.
    fn open_header(&self, sealed: &SealedPair<'_>) -> Result<(&Epoch, Option<usize>, Header), Refusal> {
        let kept = self.epochs.values().rev().map(|epoch| (epoch, None));
        let standby = self.steps.candidates().enumerate().map(|(place, epoch)| (epoch, Some(place)));
        let (epoch, place, header) = kept
            .chain(standby)
            .find_map(|(epoch, place)| Some((epoch, place, sealed.open_header(&epoch.receiving.header_key)?)))
            .ok_or(Refusal::NoHeaderKey)?;
        // Every header is sealed under its own epoch's key.
        if header.epoch != epoch.n {
            return Err(Refusal::Header);
        }
        Ok((epoch, place, header))
    }

    /// What is to be passed in the epoch before, if this envelope is the first to say how many were sent there.
    fn closing(&self, header: &Header) -> Result<Option<Passed>, Refusal> {
        let before = header.epoch.checked_sub(1).and_then(|n| self.epochs.get(&n));
        before
            .filter(|before| before.receiving.is_open())
            .map(|before| before.closing(header.previous_count))
            .transpose()
    }

    /// The body has opened: everything that changes by it changes here.
    fn commit(
        &mut self,
        turn: &mut Turn<'_>,
        n: u32,
        (reach, closing): (epoch::Reach, Option<Passed>),
        fingerprint: Fingerprint,
        newest: WallTime,
    ) -> Result<(), RecordsError> {
        let opened = self.epochs.values().map(|epoch| epoch.receiving.opened).fold(0, u64::saturating_add);
        let epoch = self.epochs.get_mut(&n).ok_or(RecordsError::Damaged('P'))?;
        epoch.pass(turn, &self.id, reach, newest)?;
        epoch.save(turn, &self.id)?;
        if let Some(closing) = closing
            && let Some(before) = n.checked_sub(1).and_then(|before| self.epochs.get_mut(&before))
        {
            before.close(turn, &self.id, closing, newest)?;
            before.save(turn, &self.id)?;
        }
        self.drop_over_cap(turn)?;
        self.retire(turn)?;
        let next = self.next_place();
        let memory = &mut self.standing.memory;
        if memory.remember(turn, &self.id, fingerprint, opened, next)? {
            self.save_standing(turn)?;
        }
        Ok(())
    }

    /// Drops the oldest skipped keys beyond what one session keeps.
    fn drop_over_cap(&mut self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        let held = self
            .epochs
            .values()
            .map(|epoch| usize::try_from(epoch.receiving.skipped).unwrap_or(usize::MAX))
            .fold(0, usize::saturating_add);
        let mut over = held.saturating_sub(limits::SKIPPED_KEYS_PER_SESSION_MAX);
        for epoch in self.epochs.values_mut() {
            if over == 0 {
                break;
            }
            let dropped = epoch.drop_oldest(turn, &self.id, over)?;
            if dropped > 0 {
                epoch.save(turn, &self.id)?;
            }
            over = over.saturating_sub(dropped);
        }
        Ok(())
    }

    /// Removes epochs that are of no use any more. The two newest stay; of the others those that owe keys, as long as
    /// there are not too many.
    fn retire(&mut self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        if plant::is(Plant::EpochsKept) {
            return Ok(());
        }
        let old = self.epochs.len().saturating_sub(2);
        let mut over = self.epochs.len().saturating_sub(limits::EPOCHS_PER_SESSION_MAX);
        let gone: Vec<u32> = self
            .epochs
            .iter()
            .take(old)
            .filter(|(_, epoch)| {
                let crowded = over > 0;
                over = over.saturating_sub(1);
                crowded || !epoch.owes()
            })
            .map(|(n, _)| *n)
            .collect();
        let mut opened = 0_u64;
        for epoch in gone.into_iter().filter_map(|n| self.epochs.remove(&n)) {
            opened = opened.saturating_add(epoch.receiving.opened);
            epoch.remove(turn, &self.id)?;
        }
        if opened > 0
            && let Some(mut newest) = self.epochs.last_entry()
        {
            // The session's own count of what it opened goes on.
            let newest = newest.get_mut();
            newest.receiving.opened = newest.receiving.opened.saturating_add(opened);
            newest.save(turn, &self.id)?;
        }
        Ok(())
    }

    /// The place of the next envelope in order.
    fn next_place(&self) -> Place {
        self.epochs.last_key_value().map_or((0, 0), |(n, epoch)| (*n, epoch.receiving.expected))
    }

    fn save_standing(&self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        let key = standing_key(turn, &self.id);
        turn.save(&key, &self.standing)
    }
}

/// What became of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It was opened for the first time.
    Records(Vec<Record>),
    /// It was opened before: acknowledge again, show nothing.
    Duplicate,
    /// It was not opened, and nothing has changed.
    Refused(Refusal),
}

/// Why an envelope was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its length or type is of no envelope of a session.
    Malformed,
    /// No header key of this session opens it: of another session, or changed on the way.
    NoHeaderKey,
    /// Its header is authentic and impossible.
    Header,
    /// Its header is authentic, its index was used by another envelope: the other side was put back. Renew.
    UsedIndex,
    /// Its header is authentic, its key was dropped: too many or too old. The log brings its entries again.
    KeyGone,
    /// Its header is authentic and farther ahead than `limits::CHAIN_WALK_MAX`. Renew.
    TooFar,
    /// Its header is authentic and its body does not open. Three of them: close the live channel, renew.
    Body,
    /// It is authentic and its content malformed.
    Records,
}

/// Why nothing was sealed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The records do not fit one envelope.
    #[error("too much for one envelope")]
    TooLarge,
    /// The session was given up; another one takes its place.
    #[error("the session is lost")]
    Lost,
    /// The epoch can count no further envelope; another session takes its place.
    #[error("the session is used up")]
    Exhausted,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RecordsError),
}

/// A session's own record: what seldom changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Standing {
    own: DeviceId,
    their: DeviceId,
    lost_at: Option<WallTime>,
    /// The epoch we seal in.
    sending_epoch: u32,
    memory: Memory,
}

fn standing_key(turn: &Turn<'_>, session: &SessionId) -> RecordKey {
    turn.key(b'S', &[session.as_bytes()], &[])
}

#[cfg(test)]
mod tests;
