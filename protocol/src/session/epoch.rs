//! One epoch of a session: the keys between two steps, and a chain of message keys each way.
//!
//! ```text
//! chain = Expand(prk, "chain")    fp = Expand(prk, "fp")[..16]
//! hk    = Expand(prk, "hdr " ‖ dir)    ck = Expand(prk, "msg " ‖ dir)    dir: 0 from the smaller device, 1 to it
//! mk    = Expand(ck, "mk")    ck' = Expand(ck, "ck")
//! ```
//!
//! A receiving chain walks up to `limits::CHAIN_WALK_MAX` steps under an authentic header and keeps the newest keys it
//! passed, one record each: the cap is on keys kept, not on distance. What a walk finds is tried on a copy; the chain
//! moves once the body has opened. An epoch that is followed by another is closed: the first envelope of the next one
//! says how many were sent, and what is still on the way has its keys kept.

use serde::{Deserialize, Serialize};

use super::{Refusal, replay::Place};
use crate::{
    ids::{DeviceId, SessionId},
    limits,
    moment::WallTime,
    records::{Order, RecordsError},
    secret::{Secret, first16},
    turn::{RecordKey, Turn},
};

/// Everything that an epoch's `prk` becomes.
#[derive(Clone, Debug)]
pub struct EpochKeys {
    /// What the next step is chained by.
    pub chain: Secret,
    /// What two devices compare to know that they mean the same epoch.
    pub fingerprint: [u8; 16],
    /// The header keys: from the smaller device, to it.
    pub headers: [Secret; 2],
    /// The first keys of the message chains: from the smaller device, to it.
    pub messages: [Secret; 2],
}

impl EpochKeys {
    /// Derives them.
    #[must_use]
    pub fn derive(prk: &Secret) -> Self {
        let directions = |label| [0, 1].map(|dir| prk.expand_with(label, &[&[dir]]));
        Self {
            chain: prk.expand("chain"),
            fingerprint: first16(prk.expand("fp").expose()),
            headers: directions("hdr "),
            messages: directions("msg "),
        }
    }
}

/// The message key at this place of a chain: `Expand(ck, "mk")`.
#[must_use]
pub fn message_key(chain_key: &Secret) -> Secret {
    chain_key.expand("mk")
}

/// The next chain key: `Expand(ck, "ck")`.
#[must_use]
pub fn next_chain_key(chain_key: &Secret) -> Secret {
    chain_key.expand("ck")
}

/// One epoch, as its record holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Epoch {
    pub(super) n: u32,
    pub(super) fingerprint: [u8; 16],
    /// For the step after this one.
    chain: Secret,
    pub(super) sending: SendingChain,
    pub(super) receiving: ReceivingChain,
}

impl Epoch {
    /// Begins epoch `n`; `previous_count` envelopes were sent in the one before.
    pub(super) fn begin(n: u32, prk: &Secret, own: DeviceId, their: DeviceId, previous_count: u32) -> Self {
        let EpochKeys {
            chain,
            fingerprint,
            headers: [header_from_a, header_to_a],
            messages: [message_from_a, message_to_a],
        } = EpochKeys::derive(prk);
        let from_a = (header_from_a, message_from_a);
        let to_a = (header_to_a, message_to_a);
        let (sending, receiving) = if own < their { (from_a, to_a) } else { (to_a, from_a) };
        Self {
            n,
            fingerprint,
            chain,
            sending: SendingChain { header_key: sending.0, chain_key: sending.1, sent: 0, previous_count },
            receiving: ReceivingChain {
                header_key: receiving.0,
                chain_key: Some(receiving.1),
                expected: 0,
                kept_from: 0,
                skipped: 0,
                opened: 0,
            },
        }
    }

    /// What the step after this one is chained by.
    pub(super) const fn chain(&self) -> &Secret {
        &self.chain
    }

    /// Nothing is sealed here any more, and no step leads from here: the keys for that are erased.
    pub(super) fn spend(&mut self) {
        let erased = || Secret::new([0; 32]);
        self.chain = erased();
        (self.sending.header_key, self.sending.chain_key) = (erased(), erased());
    }

    /// Whether something that was sent here may still come and be read.
    pub(super) const fn owes(&self) -> bool {
        self.receiving.is_open() || self.receiving.skipped > 0
    }

    /// Every epoch of a session, oldest first.
    pub(super) fn load_all(turn: &Turn<'_>, session: &SessionId) -> Result<Vec<Self>, RecordsError> {
        let family = epochs(turn, session);
        let all = turn.scan(&family, (&[], None), Order::Ascending, limits::EPOCHS_PER_SESSION_MAX)?;
        Ok(all.into_iter().map(|(_, epoch)| epoch).collect())
    }

    pub(super) fn save(&self, turn: &mut Turn<'_>, session: &SessionId) -> Result<(), RecordsError> {
        let key = epochs(turn, session).with(&self.n.to_be_bytes());
        turn.save(&key, self)
    }

    /// The key of envelope `index`, or why there is none. Nothing changes.
    ///
    /// `remembered_from` tells how far back opened envelopes are remembered: before it, an index without a key may
    /// have been used by the very envelope that comes again.
    pub(super) fn reach(
        &self,
        turn: &Turn<'_>,
        session: &SessionId,
        index: u32,
        remembered_from: Place,
    ) -> Result<Result<Reach, Refusal>, RecordsError> {
        if index >= self.receiving.expected {
            return Ok(self.receiving.walk(index).map(Reach::Ahead));
        }
        let kept: Option<SkippedKey> = match turn.load(&self.skipped_key(turn, session, index)) {
            Err(RecordsError::Lost(_)) => None,
            loaded => loaded?,
        };
        Ok(match kept {
            Some(kept) => Ok(Reach::Behind { index, key: kept.key }),
            None if index < self.receiving.kept_from || (self.n, index) < remembered_from => {
                Err(Refusal::KeyGone)
            }
            None => Err(Refusal::UsedIndex),
        })
    }

    /// Moves the chain: the body has opened. The caller saves the epoch.
    pub(super) fn pass(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        reach: Reach,
        newest: WallTime,
    ) -> Result<(), RecordsError> {
        self.receiving.opened = self.receiving.opened.saturating_add(1);
        let Walk { index, passed, next, .. } = match reach {
            Reach::Behind { index, .. } => {
                let key = self.skipped_key(turn, session, index);
                turn.delete(&key);
                self.receiving.skipped = self.receiving.skipped.saturating_sub(1);
                return Ok(());
            }
            Reach::Ahead(walk) => walk,
        };
        self.keep(turn, session, passed, newest)?;
        self.receiving.chain_key = Some(next);
        // A walk never reaches the last index, so there is a next one.
        self.receiving.expected = index.saturating_add(1);
        Ok(())
    }

    /// What closing would pass: `count` envelopes were sent here, and none will follow. Nothing changes.
    pub(super) fn closing(&self, count: u32) -> Result<Passed, Refusal> {
        if count < self.receiving.expected {
            return Err(Refusal::Header);
        }
        self.receiving.pass(count)
    }

    /// No further envelope is sent here: the chain ends, and the keys of those on the way are kept. The caller saves
    /// the epoch.
    pub(super) fn close(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        passed: Passed,
        newest: WallTime,
    ) -> Result<(), RecordsError> {
        self.receiving.expected = passed.to;
        self.receiving.chain_key = None;
        self.keep(turn, session, passed, newest)
    }

    /// Removes every record of it.
    pub(super) fn remove(mut self, turn: &mut Turn<'_>, session: &SessionId) -> Result<(), RecordsError> {
        self.drop_oldest(turn, session, limits::SKIPPED_KEYS_PER_EPOCH_MAX)?;
        let key = epochs(turn, session).with(&self.n.to_be_bytes());
        turn.delete(&key);
        Ok(())
    }

    /// Keeps the keys that were passed, in place of the oldest when there are too many.
    fn keep(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        passed: Passed,
        newest: WallTime,
    ) -> Result<(), RecordsError> {
        let held = usize::try_from(self.receiving.skipped).unwrap_or(usize::MAX);
        let over =
            (held.saturating_add(passed.kept.len())).saturating_sub(limits::SKIPPED_KEYS_PER_EPOCH_MAX);
        self.drop_oldest(turn, session, over)?;
        if passed.dropped {
            self.receiving.kept_from = passed.kept.first().map_or(passed.to, |(index, _)| *index);
        }
        for (index, key) in passed.kept {
            let place = self.skipped_key(turn, session, index);
            turn.save(&place, &SkippedKey { key, at: newest })?;
            self.receiving.skipped = self.receiving.skipped.saturating_add(1);
        }
        Ok(())
    }

    /// Drops the oldest skipped keys, `count` at most; tells how many there were.
    pub(super) fn drop_oldest(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        count: usize,
    ) -> Result<usize, RecordsError> {
        self.drop_first(turn, session, count, None)
    }

    /// Drops the skipped keys that are too old by this evidence of time, or do not open, `count` at most; tells how
    /// many there were.
    pub(super) fn drop_aged(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        count: usize,
        evidence: WallTime,
    ) -> Result<usize, RecordsError> {
        self.drop_first(turn, session, count, Some(evidence))
    }

    fn drop_first(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        count: usize,
        aged_by: Option<WallTime>,
    ) -> Result<usize, RecordsError> {
        if count == 0 || self.receiving.skipped == 0 {
            return Ok(0);
        }
        let family = self.skipped_keys(turn, session);
        let mut dropped = 0;
        for suffix in turn.suffixes(&family, &[], count)? {
            if let Some(evidence) = aged_by {
                match turn.load::<SkippedKey>(&family.with(&suffix)) {
                    Err(RecordsError::Lost(_)) => {}
                    loaded => {
                        if loaded?.is_some_and(|key| key.at + limits::SKIPPED_KEY_AGE_MAX >= evidence) {
                            break;
                        }
                    }
                }
            }
            let index = suffix
                .first_chunk()
                .map(|bytes| u32::from_be_bytes(*bytes))
                .ok_or(RecordsError::Damaged('K'))?;
            turn.delete(&family.with(&suffix));
            self.receiving.kept_from = index.saturating_add(1);
            self.receiving.skipped = self.receiving.skipped.saturating_sub(1);
            dropped += 1;
        }
        Ok(dropped)
    }

    /// The epoch as the other side would hold it, as far as this side knows: for tests that play a thief.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn mirrored(&self) -> Self {
        let (ours, theirs) = (&self.sending, &self.receiving);
        let mut mirrored = self.clone();
        mirrored.receiving.header_key = ours.header_key.clone();
        mirrored.receiving.chain_key = Some(ours.chain_key.clone());
        (mirrored.receiving.expected, mirrored.receiving.skipped) = (ours.sent, 0);
        mirrored.sending.header_key = theirs.header_key.clone();
        mirrored.sending.chain_key = theirs.chain_key.clone().unwrap_or(Secret::new([0; 32]));
        mirrored.sending.sent = theirs.expected;
        mirrored
    }

    pub(super) fn skipped_keys(&self, turn: &Turn<'_>, session: &SessionId) -> RecordKey {
        turn.key(b'K', &[session.as_bytes()], &self.n.to_be_bytes())
    }

    fn skipped_key(&self, turn: &Turn<'_>, session: &SessionId, index: u32) -> RecordKey {
        self.skipped_keys(turn, session).with(&index.to_be_bytes())
    }
}

/// The direction in which we seal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SendingChain {
    pub(super) header_key: Secret,
    chain_key: Secret,
    pub(super) sent: u32,
    /// How many were sent in the epoch before.
    pub(super) previous_count: u32,
}

impl SendingChain {
    /// Whether the header cannot count further.
    pub(super) const fn is_used_up(&self) -> bool {
        self.sent == u32::MAX
    }

    /// The next index and its key; `None` when the header could not count further.
    pub(super) fn advance(&mut self) -> Option<(u32, Secret)> {
        let index = self.sent;
        self.sent = index.checked_add(1)?;
        let key = message_key(&self.chain_key);
        self.chain_key = next_chain_key(&self.chain_key);
        Some((index, key))
    }
}

/// The direction in which we open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ReceivingChain {
    pub(super) header_key: Secret,
    /// `None` once the epoch after this one has told how many were sent here and all their keys are kept or used.
    chain_key: Option<Secret>,
    pub(super) expected: u32,
    /// Below this index every skipped key that is missing may have been dropped unused; from it on it was used.
    kept_from: u32,
    pub(super) skipped: u32,
    /// Envelopes opened in this epoch, early and late, and in older ones that are not kept any more.
    pub(super) opened: u64,
}

impl ReceivingChain {
    /// Whether envelopes beyond the skipped ones can still come.
    pub(super) const fn is_open(&self) -> bool {
        self.chain_key.is_some()
    }

    /// Walks to `index`, which is not behind, on a copy.
    fn walk(&self, index: u32) -> Result<Walk, Refusal> {
        let passed = self.pass(index)?;
        if index == u32::MAX {
            return Err(Refusal::TooFar);
        }
        let (key, next) = (message_key(&passed.chain_key), next_chain_key(&passed.chain_key));
        Ok(Walk { index, key, next, passed })
    }

    /// Passes every index below `to`, which is not behind, on a copy.
    fn pass(&self, to: u32) -> Result<Passed, Refusal> {
        let mut chain_key = self.chain_key.clone().ok_or(Refusal::Header)?;
        if to.saturating_sub(self.expected) > limits::CHAIN_WALK_MAX {
            return Err(Refusal::TooFar);
        }
        let kept_max = u32::try_from(limits::SKIPPED_KEYS_PER_EPOCH_MAX).unwrap_or(u32::MAX);
        let first_kept = to.saturating_sub(kept_max).max(self.expected);
        let mut kept = Vec::with_capacity(limits::SKIPPED_KEYS_PER_EPOCH_MAX.min(64));
        for passed in self.expected..to {
            if passed >= first_kept {
                kept.push((passed, message_key(&chain_key)));
            }
            chain_key = next_chain_key(&chain_key);
        }
        Ok(Passed { to, chain_key, kept, dropped: first_kept > self.expected })
    }
}

/// The key of one envelope, and what becomes of the chain when it opens the body.
#[derive(Debug)]
pub(super) enum Reach {
    /// A key that was skipped and kept.
    Behind {
        /// Its place.
        index: u32,
        /// The key.
        key: Secret,
    },
    /// A key that the chain walks to.
    Ahead(Walk),
}

impl Reach {
    pub(super) const fn key(&self) -> &Secret {
        match self {
            Self::Behind { key, .. } => key,
            Self::Ahead(walk) => &walk.key,
        }
    }
}

/// A walk along a receiving chain to one envelope.
#[derive(Debug)]
pub(super) struct Walk {
    index: u32,
    key: Secret,
    /// The chain key behind it.
    next: Secret,
    passed: Passed,
}

/// What lies behind when a receiving chain moves up to an index.
#[derive(Debug)]
pub(super) struct Passed {
    to: u32,
    /// The chain key at that index.
    chain_key: Secret,
    /// The newest keys that were passed, oldest first.
    kept: Vec<(u32, Secret)>,
    /// Whether older ones were passed and not kept.
    dropped: bool,
}

/// A skipped key's record.
#[derive(Debug, Serialize, Deserialize)]
struct SkippedKey {
    key: Secret,
    /// The newest evidence of time when it was skipped.
    at: WallTime,
}

fn epochs(turn: &Turn<'_>, session: &SessionId) -> RecordKey {
    turn.key(b'P', &[session.as_bytes()], &[])
}
