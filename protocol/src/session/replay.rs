//! The memory of opened envelopes: a copy that comes again is known before any key is tried.
//!
//! One record an envelope, in generations of `limits::REPLAY_GENERATION`. Three generations are looked at, so the
//! last 100,000 envelopes at least are remembered; what is older goes a few records at a time, never thousands in
//! one turn.

use serde::{Deserialize, Serialize};

use crate::{
    ids::SessionId,
    limits,
    records::{Order, RecordsError},
    turn::{RecordKey, Turn},
};

/// Generations that are looked at, the one being filled included.
const GENERATIONS: u32 = 3;

/// Records of a forgotten generation that go with each opened envelope: it is gone long before the next is due.
const SWEPT_PER_OPEN: usize = 4;

/// Where an envelope stands in a session: epoch, then index.
pub(super) type Place = (u32, u32);

/// An envelope as it is remembered: the first bytes of its BLAKE3 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 16]);

impl Fingerprint {
    pub(super) fn of(envelope: &[u8]) -> Self {
        Self(crate::secret::first16(blake3::hash(envelope).as_bytes()))
    }
}

/// Which generations there are; part of a session's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The one being filled.
    generation: u32,
    /// How many envelopes the session had opened when it began.
    began_at: u64,
    /// Records of generations below this one are gone.
    swept: u32,
    /// Where the session stood when each generation that is looked at began, oldest first.
    starts: Vec<Place>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { generation: 0, began_at: 0, swept: 0, starts: vec![(0, 0)] }
    }

    /// Whether this envelope was opened before, as far back as is remembered.
    pub(super) fn knows(
        &self,
        turn: &Turn<'_>,
        session: &SessionId,
        envelope: Fingerprint,
    ) -> Result<bool, RecordsError> {
        for generation in (self.oldest()..=self.generation).rev() {
            let key = generation_key(turn, session, generation).with(&envelope.0);
            if turn.load_bytes(&key)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Remembers an envelope that was just opened as the session's `opened`-th (from 0), while the next one in order
    /// is at `next`. Tells whether this memory itself changed and is to be saved.
    pub(super) fn remember(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        envelope: Fingerprint,
        opened: u64,
        next: Place,
    ) -> Result<bool, RecordsError> {
        let mut changed = false;
        if opened.saturating_sub(self.began_at) >= u64::from(limits::REPLAY_GENERATION) {
            self.generation = self.generation.saturating_add(1);
            self.began_at = opened;
            self.starts.push(next);
            if self.generation >= GENERATIONS {
                self.starts.remove(0);
            }
            changed = true;
        }
        let key = generation_key(turn, session, self.generation).with(&envelope.0);
        turn.save_bytes(&key, &[])?;
        Ok(self.sweep(turn, session)? || changed)
    }

    /// Every envelope opened from this place on is remembered.
    pub(super) fn reaches_back_to(&self) -> Place {
        self.starts.first().copied().unwrap_or_default()
    }

    const fn oldest(&self) -> u32 {
        self.generation.saturating_sub(GENERATIONS - 1)
    }

    /// Removes a few records that are not looked at any more; tells whether a generation is gone.
    fn sweep(&mut self, turn: &mut Turn<'_>, session: &SessionId) -> Result<bool, RecordsError> {
        if self.swept >= self.oldest() {
            return Ok(false);
        }
        let family = generation_key(turn, session, self.swept);
        let gone = turn.scan_bytes(&family, (&[], None), Order::Ascending, SWEPT_PER_OPEN)?;
        for (suffix, _) in &gone {
            turn.delete(&family.with(suffix));
        }
        if gone.len() < SWEPT_PER_OPEN {
            self.swept = self.swept.saturating_add(1);
            return Ok(true);
        }
        Ok(false)
    }
}

fn generation_key(turn: &Turn<'_>, session: &SessionId, generation: u32) -> RecordKey {
    turn.key(b'D', &[session.as_bytes()], &generation.to_be_bytes())
}
