//! The messages of one conversation that are loaded: an end of the history without a gap, oldest first.

use causerie_protocol::{
    answer::{MessageState, MessageView},
    ids::MessageId,
};

/// See the file's head.
#[derive(Debug, Default)]
pub struct Timeline {
    rows: Vec<MessageView>,
    /// The beginning of the history is loaded.
    complete: bool,
    loading: bool,
    /// The newest page is loaded.
    begun: bool,
    /// Grows whenever the rows change.
    revision: u64,
}

impl Timeline {
    /// The messages, oldest first.
    #[must_use]
    pub fn rows(&self) -> &[MessageView] {
        &self.rows
    }

    /// Whether there is nothing before the first one.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the newest messages are there.
    #[must_use]
    pub const fn is_begun(&self) -> bool {
        self.begun
    }

    /// Grows whenever the messages change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// From where on the page before is to be asked; `None` where nothing is to be asked now.
    pub(super) fn begin_loading(&mut self) -> Option<Option<MessageId>> {
        if self.loading || self.complete {
            return None;
        }
        self.loading = true;
        Some(self.rows.first().filter(|_| self.begun).map(|row| row.id))
    }

    /// Takes a page of at most `limit` messages that was asked for.
    pub(super) fn prepend(&mut self, before: Option<&str>, page: Vec<MessageView>, limit: u32) {
        self.loading = false;
        let first = self.rows.first().filter(|_| self.begun).map(|row| row.id.to_string());
        if before != first.as_deref() {
            return;
        }
        self.complete = u32::try_from(page.len()).is_ok_and(|length| length < limit);
        if !self.begun {
            // What came while the page was under way is in it, too, or follows it.
            let known: Vec<MessageId> = page.iter().map(|row| row.id).collect();
            self.rows.retain(|row| !known.contains(&row.id));
            self.begun = true;
        }
        self.rows.splice(0..0, page);
        self.revision += 1;
    }

    /// Takes a message that has just been written or received. One of ours that comes back stands where it stood.
    pub(super) fn append(&mut self, message: MessageView) {
        if self.rows.iter().rev().take(200).all(|row| row.id != message.id) {
            self.rows.push(message);
            self.revision += 1;
        }
    }

    /// Ours up to this one have come so far.
    pub(super) fn raise(&mut self, up_to: MessageId, state: MessageState) {
        let Some(end) = self.rows.iter().rposition(|row| row.id == up_to) else { return };
        for row in self.rows.iter_mut().take(end + 1).rev().filter(|row| row.outgoing) {
            if row.state >= state {
                break;
            }
            if row.state != MessageState::Failed {
                row.state = state;
            }
        }
        self.revision += 1;
    }
}
