//! The frames that wait to be sent on one link: one buffer that the engine's side appends to and the link's writer
//! takes whole, so that many small frames cost one write.
//!
//! ```text
//! Open ── close ──▶ Closing (what waits is still sent, nothing is added)
//!   └──── abandon, or more than OUTBOX_BYTES_MAX ──▶ Abandoned (nothing is sent any more)
//! ```

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use super::limits;

/// See the file's head. Shared by the engine's side and the link's own task.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    written_to: Notify,
    phase: watch::Sender<Phase>,
}

/// What becomes of an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Frames are taken and sent.
    Open,
    /// Those that wait are sent.
    Closing,
    /// None is sent.
    Abandoned,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Frames with their lengths, one behind the other.
    bytes: Vec<u8>,
    /// Bytes that the writer took and has not written yet.
    taken: usize,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::default(), written_to: Notify::new(), phase: watch::Sender::new(Phase::Open) }
    }

    /// Appends a frame. One that has no place, or no valid length, takes the link with it: a gap would be worse.
    pub(crate) fn push(&self, frame: &[u8]) {
        if self.phase() != Phase::Open {
            return;
        }
        let length = u16::try_from(frame.len()).unwrap_or_default();
        debug_assert!(length > 0, "frames have 1 to 65,535 bytes");
        let mut waiting = self.waiting();
        let bytes_after = waiting.bytes.len() + waiting.taken + size_of::<u16>() + frame.len();
        if length == 0 || bytes_after > limits::OUTBOX_BYTES_MAX {
            drop(waiting);
            self.abandon();
            return;
        }
        waiting.bytes.extend_from_slice(&length.to_be_bytes());
        waiting.bytes.extend_from_slice(frame);
        drop(waiting);
        self.written_to.notify_one();
    }

    /// Takes no more; what waits is still sent.
    pub(crate) fn close(&self) {
        self.phase.send_if_modified(|phase| {
            let open = *phase == Phase::Open;
            if open {
                *phase = Phase::Closing;
            }
            open
        });
        self.written_to.notify_one();
    }

    /// Sends no more.
    pub(crate) fn abandon(&self) {
        self.phase.send_replace(Phase::Abandoned);
        self.waiting().bytes = Vec::new();
        self.written_to.notify_one();
    }

    /// What becomes of it now.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until it takes no more, and says whether it still sends.
    pub(crate) async fn ended(&self) -> Phase {
        let mut phase = self.phase.subscribe();
        let ended = phase.wait_for(|phase| *phase != Phase::Open).await;
        ended.map_or(Phase::Abandoned, |phase| *phase)
    }

    /// Waits until it sends no more.
    pub(crate) async fn abandoned(&self) {
        let mut phase = self.phase.subscribe();
        phase.wait_for(|phase| *phase == Phase::Abandoned).await.ok();
    }

    /// Everything that waits, as soon as there is something; `None` when nothing will come. The batch taken before
    /// counts as written from now on and is handed back to be filled again. One writer calls this.
    pub(crate) async fn take(&self, mut written: Vec<u8>) -> Option<Vec<u8>> {
        written.clear();
        written.shrink_to(limits::OUTBOX_BYTES_KEPT);
        self.waiting().taken = 0;
        loop {
            // The phase is read first: what was pushed before it changed is then seen below.
            let phase = self.phase();
            {
                let mut waiting = self.waiting();
                if !waiting.bytes.is_empty() {
                    waiting.taken = waiting.bytes.len();
                    return Some(mem::replace(&mut waiting.bytes, written));
                }
            }
            if phase != Phase::Open {
                return None;
            }
            self.written_to.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that holds the lock can panic half-way through a change.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FRAME: [u8; 65_534] = [7; 65_534];
    /// With its length, a frame is 2^16 bytes.
    const FRAMES_MAX: usize = limits::OUTBOX_BYTES_MAX >> 16;

    #[tokio::test]
    async fn frames_are_taken_together_with_their_lengths() {
        let outbox = Outbox::new();
        outbox.push(&[1]);
        outbox.push(&[2, 3]);
        let batch = outbox.take(Vec::new()).await.unwrap();
        assert_eq!(batch, [0, 1, 1, 0, 2, 2, 3]);
        outbox.push(&[4]);
        assert_eq!(outbox.take(batch).await.unwrap(), [0, 1, 4]);
    }

    #[tokio::test]
    async fn what_waited_is_sent_after_close_and_nothing_else() {
        let outbox = Outbox::new();
        outbox.push(&[1]);
        outbox.close();
        outbox.push(&[2]);
        assert_eq!(outbox.take(Vec::new()).await.unwrap(), [0, 1, 1]);
        assert_eq!(outbox.take(Vec::new()).await, None);
        assert_eq!(outbox.phase(), Phase::Closing);
    }

    #[tokio::test]
    async fn the_bound_itself_is_allowed_and_one_byte_more_ends_the_link() {
        let outbox = Outbox::new();
        for _ in 0..FRAMES_MAX {
            outbox.push(&FRAME);
        }
        assert_eq!(outbox.phase(), Phase::Open);
        outbox.push(&[1]);
        assert_eq!(outbox.phase(), Phase::Abandoned);
        assert_eq!(outbox.take(Vec::new()).await, None);
        outbox.close();
        assert_eq!(outbox.phase(), Phase::Abandoned);
    }

    #[tokio::test]
    async fn what_is_being_written_counts_until_it_is_written() {
        let outbox = Outbox::new();
        for _ in 0..FRAMES_MAX - 1 {
            outbox.push(&FRAME);
        }
        let batch = outbox.take(Vec::new()).await.unwrap();
        outbox.push(&FRAME);
        assert_eq!(outbox.phase(), Phase::Open);
        let next = outbox.take(batch).await.unwrap();
        assert_eq!(next.len(), 1 << 16);
        for _ in 0..FRAMES_MAX - 1 {
            outbox.push(&FRAME);
        }
        assert_eq!(outbox.phase(), Phase::Open);
        outbox.push(&[1]);
        assert_eq!(outbox.phase(), Phase::Abandoned);
    }

    #[tokio::test]
    async fn a_large_buffer_is_not_kept() {
        let outbox = Outbox::new();
        for _ in 0..4 {
            outbox.push(&FRAME);
        }
        let batch = outbox.take(Vec::new()).await.unwrap();
        outbox.push(&[1]);
        outbox.take(batch).await.unwrap();
        assert!(outbox.waiting().bytes.capacity() <= limits::OUTBOX_BYTES_KEPT);
    }
}
