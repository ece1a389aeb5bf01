//! When messages of ours came so far, and by which path that was heard of: one small record each time that a contact's
//! word moved a chain of ours on.
//!
//! Of a conversation the last `limits::PROGRESS_KEPT_MAX` are kept, so this is a memory of the last messages and no
//! second history: a message whose record is gone, or that had come so far before there were such records, has no time,
//! and none is guessed. A time is when this device heard of it, so it is never before it was so. A record that does
//! not open is passed over, since nothing rests on it.

use serde::{Deserialize, Serialize};

use crate::{
    answer::Path,
    ids::{ConversationId, MessageId},
    limits,
    log::{
        Conversation,
        chain::open_item,
        entry::ChainId,
        order::{self, Row},
        place,
    },
    moment::WallTime,
    records::RecordsError,
    testing::plant::{self, Plant},
    turn::{RecordKey, Turn},
};

/// The entries from `from` up to `to` of a chain of ours have come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) chain: ChainId,
    /// The first entry that it holds for.
    pub(super) from: u32,
    /// One past the last.
    pub(super) to: u32,
    /// They were read; otherwise, delivered.
    pub(super) read: bool,
    /// When this device heard of it, by its own clock.
    pub(super) at: WallTime,
    /// By which path.
    pub(super) path: Path,
}

/// What is known of one message's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When this device heard that they have it.
    pub delivered_at: Option<WallTime>,
    /// When this device heard that they read it.
    pub read_at: Option<WallTime>,
    /// By which path it was heard that they have it.
    pub path: Option<Path>,
}

impl Conversation {
    /// Remembers that these entries have come so far now; nothing where there are none.
    pub(super) fn remember(
        &mut self,
        turn: &mut Turn<'_>,
        chain: ChainId,
        (from, to): (u32, u32),
        read: bool,
    ) -> Result<(), RecordsError> {
        if from >= to {
            return Ok(());
        }
        let number = match self.next_progress {
            Some(number) => number,
            None => numbers(turn, &self.id)?.last().map_or(0, |last| last.saturating_add(1)),
        };
        let progress = Progress { chain, from, to, read, at: turn.now.wall, path: turn.path };
        turn.save(&key(turn, &self.id, number), &progress)?;
        if let Some(oldest) = number.checked_sub(limits::PROGRESS_KEPT_MAX)
            && !plant::is(Plant::ProgressKept)
        {
            turn.delete(&key(turn, &self.id, oldest));
        }
        self.next_progress = Some(number.saturating_add(1));
        Ok(())
    }

    fn times_of(&self, turn: &Turn<'_>, chain: ChainId, seq: u32) -> Result<Times, RecordsError> {
        let mut times = Times::default();
        for number in numbers(turn, &self.id)? {
            let progress: Progress = match turn.load(&key(turn, &self.id, number)) {
                Ok(Some(progress)) => progress,
                Ok(None) | Err(RecordsError::Damaged(_)) => continue,
                Err(error) => return Err(error),
            };
            if progress.chain != chain || !(progress.from..progress.to).contains(&seq) {
                continue;
            }
            if progress.read {
                times.read_at = times.read_at.or(Some(progress.at));
            } else if times.delivered_at.is_none() {
                (times.delivered_at, times.path) = (Some(progress.at), Some(progress.path));
            }
        }
        Ok(times)
    }

    fn describe(&self, turn: &Turn<'_>, mid: MessageId) -> Result<Option<(Row, Times)>, RecordsError> {
        for own in [true, false] {
            let place = place::shown(turn, &self.id, own, mid)?.filter(|place| !self.is_erased(place));
            let Some((place, chain)) = place.and_then(|place| Some((place, self.chains.get(&place.chain)?)))
            else {
                continue;
            };
            let Some(item) = self.extents(turn, place.chain).read(turn, place.seq)? else { continue };
            let row = order::row(chain, &open_item(&item)?, item.received_at);
            let times = if own { self.times_of(turn, place.chain, place.seq)? } else { Times::default() };
            return Ok(Some((row, times)));
        }
        Ok(None)
    }
}

/// What is known of one message, in whichever of these conversations it is; `None` when it is in none.
///
/// # Errors
/// [`RecordsError`] when the store fails or a record of the message itself is damaged.
pub fn describe_across(
    turn: &Turn<'_>,
    conversations: &[&Conversation],
    mid: MessageId,
) -> Result<Option<(Row, Times)>, RecordsError> {
    for conversation in conversations {
        let found = conversation.describe(turn, mid)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Forgets all of it: the conversation is being deleted.
pub(super) fn forget(turn: &mut Turn<'_>, conv: &ConversationId) -> Result<(), RecordsError> {
    for number in numbers(turn, conv)? {
        turn.delete(&key(turn, conv, number));
    }
    Ok(())
}

/// How many of them cannot be read.
pub(super) fn unreadable(turn: &Turn<'_>, conv: &ConversationId) -> Result<u64, RecordsError> {
    let mut unreadable = 0;
    for number in numbers(turn, conv)? {
        match turn.load::<Progress>(&key(turn, conv, number)) {
            Ok(_) => {}
            Err(RecordsError::Damaged(_)) => unreadable += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(unreadable)
}

/// The numbers of those that are kept, oldest first, without opening one.
fn numbers(turn: &Turn<'_>, conv: &ConversationId) -> Result<Vec<u32>, RecordsError> {
    let family = turn.key(b'T', &[conv.as_bytes()], &[]);
    // One more than are kept is there while a turn replaces the oldest.
    let kept = usize::try_from(limits::PROGRESS_KEPT_MAX).unwrap_or(usize::MAX).saturating_add(1);
    let suffixes = turn.suffixes(&family, &[], kept)?;
    Ok(suffixes.into_iter().filter_map(|suffix| Some(u32::from_be_bytes(suffix.try_into().ok()?))).collect())
}

fn key(turn: &Turn<'_>, conv: &ConversationId, number: u32) -> RecordKey {
    turn.key(b'T', &[conv.as_bytes()], &number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{DeviceId, RunId},
        wire::codec,
    };

    #[test]
    fn a_record_has_the_bytes_that_are_written_down() {
        let progress = Progress {
            chain: ChainId { author_dev: DeviceId::from_bytes([1; 16]), run: RunId::from_bytes([2; 8]) },
            from: 3,
            to: 4,
            read: true,
            at: WallTime::from_millis(5),
            path: Path::Direct,
        };
        let bytes = [
            [1; 16].as_slice(),
            &[2; 8],
            &3_u32.to_be_bytes(),
            &4_u32.to_be_bytes(),
            &[1],
            &5_u64.to_be_bytes(),
            &0_u32.to_be_bytes(),
        ]
        .concat();
        assert_eq!(codec::encode(&progress).unwrap(), bytes);
        assert_eq!(codec::decode::<Progress>(&bytes).unwrap(), progress);
    }
}
