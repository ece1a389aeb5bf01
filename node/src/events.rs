//! What happened in this run of the node, in order, for whoever wants to follow it.
//!
//! A row is one JSON object: `{"seq","at","type",…}`, `seq` = starts × 2^32 + counter. The newest rows are kept in a
//! ring that everybody shares; a follower is a place in it and nothing else. So a slow follower costs nothing and never
//! holds anybody up: when the ring has passed it by it gets one `overflow` row with the number `missed`, then the rows
//! that are kept. The same happens to whoever comes back with a `seq` that is not kept any more, or is of another run;
//! `missed` counts the rows of this run only. The words are those of the command line's contract.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use causerie_protocol::{event::Event, moment::WallTime};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use crate::rpc::views;

/// Rows of this run that are kept; the contract of the command line.
pub const ROWS_KEPT_MAX: usize = 10_000;

/// Bytes of kept rows. Chosen: 10,000 of the longest messages would take 2 GB; ordinary ones take 5 MB.
pub const ROWS_KEPT_BYTES_MAX: usize = 64 << 20;

/// Events that wait for a follower in this process. Chosen: a burst of messages.
const LIVE_MAX: usize = 1_024;

/// Notices that are kept for the first of them. Chosen: more than a start tells of.
const EARLY_MAX: usize = 16;

/// The ring; clones share it.
#[derive(Clone, Debug)]
pub struct EventLog {
    shared: Arc<Shared>,
}

/// One event, written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    seq: u64,
    text: Arc<str>,
}

/// A place in the ring that moves forward.
#[derive(Debug)]
pub struct Subscription {
    shared: Arc<Shared>,
    news: watch::Receiver<()>,
    next: u64,
    stranger: bool,
}

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
    news: watch::Sender<()>,
    live: broadcast::Sender<Arc<Event>>,
    changes: watch::Sender<()>,
}

#[derive(Debug)]
struct Kept {
    /// `seq` of the run's beginning, before its first row.
    origin: u64,
    /// `seq` of the next row.
    next: u64,
    rows: VecDeque<Row>,
    bytes: usize,
    latest_at: WallTime,
    closed: bool,
    /// Notices from before anybody followed in this process.
    early: Vec<Arc<Event>>,
}

impl EventLog {
    /// An empty log for the run with this number, beginning now.
    #[must_use]
    pub fn new(starts: u64, now: WallTime) -> Self {
        Self::after(starts << 32, now)
    }

    /// The same for a run on a copy of the store, which is not counted: the next one has its number again, and rows of
    /// the two are told apart all the same.
    #[must_use]
    pub fn uncounted(starts: u64, now: WallTime) -> Self {
        Self::after((starts << 32) + (1 << 31), now)
    }

    fn after(origin: u64, now: WallTime) -> Self {
        let kept = Kept {
            origin,
            next: origin + 1,
            rows: VecDeque::new(),
            bytes: 0,
            latest_at: now,
            closed: false,
            early: Vec::new(),
        };
        let shared = Shared {
            kept: Mutex::new(kept),
            news: watch::Sender::new(()),
            live: broadcast::Sender::new(LIVE_MAX),
            changes: watch::Sender::new(()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Writes the next row.
    pub fn push(&self, event: &Event, at: WallTime) {
        let (kind, mut row) = views::event(event);
        {
            let mut kept = self.shared.lock();
            let seq = kept.next;
            row.insert("seq".to_owned(), json!(seq));
            row.insert("at".to_owned(), json!(views::time(at)));
            row.insert("type".to_owned(), json!(kind));
            kept.push(Row::new(seq, &Value::Object(row)), at);
            if self.shared.live.receiver_count() > 0 {
                // Whoever has just left needs nothing.
                self.shared.live.send(Arc::new(event.clone())).ok();
            } else if matches!(event, Event::Notice { .. }) && kept.early.len() < EARLY_MAX {
                kept.early.push(Arc::new(event.clone()));
            }
        }
        self.shared.news.send_replace(());
    }

    /// What happens from now on, as it is, for a follower in this process. One that is slow is told that it missed
    /// something, and asks anew how things stand. Of what happened before, notices are told to whoever comes first:
    /// nothing else can be asked for them.
    #[must_use]
    pub fn follow(&self) -> (Vec<Arc<Event>>, broadcast::Receiver<Arc<Event>>) {
        let mut kept = self.shared.lock();
        (core::mem::take(&mut kept.early), self.shared.live.subscribe())
    }

    /// Another program changed something of which no event tells, since whoever asks for it has the answer.
    pub fn changed(&self) {
        self.shared.changes.send_replace(());
    }

    /// Follows such changes, for whoever shows how things stand.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.shared.changes.subscribe()
    }

    /// Nothing comes any more: followers end once they have everything.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.news.send_replace(());
    }

    /// The `seq` before the first row of this run: `subscribe(Some(origin))` follows from the very beginning.
    #[must_use]
    pub fn origin(&self) -> u64 {
        self.shared.lock().origin
    }

    /// The `seq` of the newest row, or [`Self::origin`].
    #[must_use]
    pub fn latest(&self) -> u64 {
        self.shared.lock().next - 1
    }

    /// What notices say so far, as far as they are kept.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let rows: Vec<Row> = self.shared.lock().rows.iter().cloned().collect();
        let values = rows.iter().map(Row::to_value).filter(|row| row.get("type") == Some(&json!("notice")));
        values.filter_map(|row| Some(row.get("text")?.as_str()?.to_owned())).collect()
    }

    /// The kinds of the last notices, oldest first, as far as they are kept: at most so many.
    #[must_use]
    pub fn notice_kinds(&self, most: usize) -> Vec<String> {
        let rows: Vec<Row> = self.shared.lock().rows.iter().cloned().collect();
        let values =
            rows.iter().rev().filter(|row| row.text.contains(r#""type":"notice""#)).map(Row::to_value);
        let kinds = values.filter_map(|row| Some(row.get("kind")?.as_str()?.to_owned()));
        let mut newest: Vec<String> = kinds.take(most).collect();
        newest.reverse();
        newest
    }

    /// Follows from the row after `since`, or from now on.
    #[must_use]
    pub fn subscribe(&self, since: Option<u64>) -> Subscription {
        let news = self.shared.news.subscribe();
        let kept = self.shared.lock();
        let known = |seq: &u64| (kept.origin..kept.next).contains(seq);
        let (next, stranger) = match since {
            None => (kept.next, false),
            Some(seq) if known(&seq) => (seq + 1, false),
            Some(_) => (kept.origin + 1, true),
        };
        drop(kept);
        Subscription { shared: Arc::clone(&self.shared), news, next, stranger }
    }
}

impl Subscription {
    /// The next row; waits for it. `None` once the log is closed and everything was taken. Nothing is lost when the
    /// wait is given up.
    pub async fn next(&mut self) -> Option<Row> {
        loop {
            self.news.mark_unchanged();
            match self.take() {
                Taken::Row(row) => return Some(row),
                Taken::End => return None,
                Taken::Nothing => self.news.changed().await.ok()?,
            }
        }
    }

    /// The `seq` up to which everything was taken.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.next - 1
    }

    fn take(&mut self) -> Taken {
        let kept = self.shared.lock();
        let first = kept.rows.front().map_or(kept.next, |row| row.seq);
        if self.stranger || self.next < first {
            let row = kept.overflow(first - 1, first - self.next);
            self.next = first;
            self.stranger = false;
            return Taken::Row(row);
        }
        let place = usize::try_from(self.next - first).ok();
        match place.and_then(|place| kept.rows.get(place)) {
            Some(row) => {
                self.next += 1;
                Taken::Row(row.clone())
            }
            None if kept.closed => Taken::End,
            None => Taken::Nothing,
        }
    }
}

enum Taken {
    Row(Row),
    Nothing,
    End,
}

impl Row {
    fn new(seq: u64, row: &Value) -> Self {
        Self { seq, text: row.to_string().into() }
    }

    /// Its number.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The JSON object, on one line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The JSON object, read.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing that holds the lock can leave the ring half changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, row: Row, at: WallTime) {
        self.bytes += row.text.len();
        self.next += 1;
        self.latest_at = at;
        self.rows.push_back(row);
        while self.rows.len() > ROWS_KEPT_MAX || self.bytes > ROWS_KEPT_BYTES_MAX {
            let Some(oldest) = self.rows.pop_front() else {
                break;
            };
            self.bytes -= oldest.text.len();
        }
    }

    fn overflow(&self, seq: u64, missed: u64) -> Row {
        let at = views::time(self.latest_at);
        Row::new(seq, &json!({"seq": seq, "at": at, "type": "overflow", "missed": missed}))
    }
}

#[cfg(test)]
mod tests;
