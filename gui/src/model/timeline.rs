//! The messages of one conversation that are loaded: a part of the history without a gap, oldest first.
//!
//! ```text
//! beginning … ┃ rows: what is loaded ┃ page ┃ page ┃ newest page
//!                                    └ newer: the first message of each page after the rows, the nearest last
//! ```
//!
//! A history is read backwards, before a message; what follows the rows is found again because it was passed on the way
//! there. However long somebody scrolls, only what is around them is kept.

use causerie_protocol::{
    answer::{MessageState, MessageView},
    ids::MessageId,
    limits::HISTORY_PAGE_MAX,
};

/// Messages asked for at a time.
pub const PAGE_MAX: u32 = 100;

/// Rows from which on those far away are let go, and how many are kept on either side. Chosen: many screens full.
const ROWS_MAX: usize = 800;
const KEPT: usize = 300;

/// Which part of the history is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What was said before, or the first page.
    Older,
    /// What was said after.
    Newer,
    /// The same again: states or order may have changed.
    Same,
}

/// See the file's head.
#[derive(Debug, Default)]
pub struct Timeline {
    rows: Vec<MessageView>,
    newer: Vec<MessageId>,
    /// The beginning of the history is loaded.
    complete: bool,
    /// A page is loaded.
    begun: bool,
    asked: Option<(Part, Option<MessageId>, u32)>,
    /// What came while a page was under way, which may be in it or follow it.
    meanwhile: Vec<MessageView>,
    /// Pages under way that were asked for before this began anew.
    strays: usize,
    stale: bool,
    arrived: u64,
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

    /// Whether there is nothing after the last one.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.newer.is_empty()
    }

    /// Whether a page is there.
    #[must_use]
    pub const fn is_begun(&self) -> bool {
        self.begun
    }

    /// Grows whenever the messages change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// How many messages came since this began, whether they are loaded or not.
    #[must_use]
    pub const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Begins anew with the page before these, the nearest last; with none, at the newest message.
    pub(super) fn go_to(&mut self, newer: Vec<MessageId>) {
        let (arrived, revision) = (self.arrived, self.revision + 1);
        let strays = self.strays + usize::from(self.asked.is_some());
        *self = Self { newer, arrived, revision, strays, ..Self::default() };
    }

    /// Before which message how many are to be asked for; `None` where nothing is to be asked now.
    pub(super) fn ask(&mut self, part: Part) -> Option<(Option<MessageId>, u32)> {
        if self.asked.is_some() {
            return None;
        }
        let nearest = self.newer.last().copied();
        let (before, limit) = match part {
            Part::Older if self.complete => return None,
            Part::Older if self.begun => (self.rows.first().map(|row| row.id), PAGE_MAX),
            Part::Older => (nearest, PAGE_MAX),
            Part::Newer => (self.newer.split_last()?.1.last().copied(), PAGE_MAX),
            Part::Same if !self.begun => return None,
            Part::Same => {
                let rows = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
                (nearest, rows.clamp(PAGE_MAX, HISTORY_PAGE_MAX))
            }
        };
        self.asked = Some((part, before, limit));
        // What is doubted from now on may have changed after this was answered.
        self.stale &= part != Part::Same;
        Some((before, limit))
    }

    /// Whether what is shown may not be how things stand any more.
    pub(super) const fn is_stale(&self) -> bool {
        self.stale
    }

    /// What is loaded may not be how things stand any more.
    pub(super) const fn doubt(&mut self) {
        self.stale |= self.begun || self.asked.is_some();
    }

    /// Whether what comes now was asked for before this began anew: answers come in the order of their questions.
    const fn is_stray(&mut self) -> bool {
        let is_stray = self.strays > 0;
        self.strays = self.strays.saturating_sub(1);
        is_stray
    }

    /// What was asked for does not come.
    pub(super) fn refused(&mut self) {
        if self.is_stray() {
            return;
        }
        self.stale |= matches!(self.asked.take(), Some((Part::Same, ..)));
        for message in std::mem::take(&mut self.meanwhile) {
            self.append_loaded(message);
        }
    }

    /// Takes the page that was asked for; any other is passed over.
    pub(super) fn take(&mut self, before: Option<&str>, page: Vec<MessageView>) {
        if self.is_stray() {
            return;
        }
        let asked = self.asked.filter(|(_, id, _)| id.map(|id| id.to_string()).as_deref() == before);
        let Some((part, _, limit)) = asked else { return };
        self.asked = None;
        let is_short = u32::try_from(page.len()).is_ok_and(|length| length < limit);
        match part {
            Part::Older => {
                self.complete = is_short;
                self.rows.splice(0..0, page);
            }
            Part::Same => {
                self.complete |= is_short;
                self.rows = page;
            }
            Part::Newer => self.take_newer(page),
        }
        self.begun = true;
        self.revision += 1;
        for message in std::mem::take(&mut self.meanwhile) {
            self.push(message);
        }
    }

    fn take_newer(&mut self, mut page: Vec<MessageView>) {
        let Some(nearest) = self.newer.last().copied() else { return };
        let last = self.rows.last().map(|row| row.id);
        let follows = page.iter().position(|row| row.id == nearest);
        // Should the next message be gone, whatever comes after the last one follows it.
        let follows = follows.or_else(|| page.iter().position(|row| Some(row.id) == last).map(|at| at + 1));
        match (follows, page.first()) {
            (Some(at), _) => {
                self.newer.pop();
                self.rows.extend(page.drain(at..));
            }
            // More than a page lies between, since messages can come late into the middle.
            (None, Some(first)) => self.newer.insert(self.newer.len().saturating_sub(1), first.id),
            (None, None) => drop(self.newer.pop()),
        }
    }

    /// Takes a message that has just been written or received. One of ours that comes back stands where it stood.
    pub(super) fn append(&mut self, message: MessageView) {
        self.arrived += u64::from(!message.outgoing);
        if self.asked.is_some() {
            self.meanwhile.push(message);
        } else {
            self.append_loaded(message);
        }
    }

    /// Puts a message behind what is loaded; where nothing is, the first page will have it.
    fn append_loaded(&mut self, message: MessageView) {
        if self.begun {
            self.push(message);
        }
    }

    fn push(&mut self, message: MessageView) {
        if !self.is_at_end() || self.rows.iter().rev().take(ROWS_MAX).any(|row| row.id == message.id) {
            return;
        }
        // Both wrote while they were apart: the store knows the order that both sides see.
        self.stale |= self.rows.last().is_some_and(|last| last.sent_at > message.sent_at);
        self.rows.push(message);
        self.revision += 1;
    }

    /// Ours up to this one have come so far.
    pub(super) fn raise(&mut self, up_to: MessageId, state: MessageState) {
        let place = self.rows.iter().rposition(|row| row.id == up_to);
        // A page under way may be older than this. What is not loaded lies before or after the rows, or was written just now
        // and is told later: only the store knows.
        if self.asked.is_some() || place.is_none() {
            self.doubt();
        }
        let Some(end) = place else { return };
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

    /// Lets go what is far from the message that is being read; `None`: the newest.
    pub(super) fn trim(&mut self, reading: Option<MessageId>) {
        if self.rows.len() <= ROWS_MAX || self.asked.is_some() {
            return;
        }
        let place = reading.and_then(|id| self.rows.iter().position(|row| row.id == id));
        let place = place.unwrap_or(self.rows.len());
        let (from, to) = (place.saturating_sub(KEPT), place.saturating_add(KEPT).min(self.rows.len()));
        if let Some(row) = self.rows.get(to) {
            self.newer.push(row.id);
        }
        self.rows.truncate(to);
        if from > 0 {
            self.rows.drain(..from);
            self.complete = false;
        }
        self.revision += 1;
    }
}

#[cfg(test)]
pub(crate) mod tests;
