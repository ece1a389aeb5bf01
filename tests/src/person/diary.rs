//! The events that a process told on its standard output, and the wait for the next one.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How many of the last events are shown when a wait was in vain.
const SHOWN_MAX: usize = 60;

/// How much of standard error is kept.
const STDERR_BYTES_MAX: usize = 64 << 10;

/// Events in the order in which they were told.
#[derive(Debug, Default)]
pub(super) struct Diary {
    pages: Mutex<Pages>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Pages {
    events: Vec<Value>,
    stderr: String,
    ended: bool,
}

/// Why a wait ended without the event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InVain {
    TooLong,
    Ended,
}

impl Diary {
    /// Writes down what comes from these streams, on two threads that end with them.
    pub(super) fn of(stdout: impl Read + Send + 'static, stderr: impl Read + Send + 'static) -> Arc<Self> {
        let diary = Arc::new(Self::default());
        let writing = Arc::clone(&diary);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { break };
                let event =
                    serde_json::from_str(&line).unwrap_or_else(|_| json!({"type": "not JSON", "line": line}));
                writing.change(|pages| pages.events.push(event));
            }
            writing.change(|pages| pages.ended = true);
        });
        let writing = Arc::clone(&diary);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { break };
                writing.change(|pages| {
                    if pages.stderr.len() < STDERR_BYTES_MAX {
                        pages.stderr.push_str(&line);
                        pages.stderr.push('\n');
                    }
                });
            }
        });
        diary
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.pages.lock().unwrap().events.len()
    }

    /// How many of the events from number `from` on are like this.
    pub(super) fn count(&self, from: usize, is_it: impl Fn(&Value) -> bool) -> usize {
        let pages = self.pages.lock().unwrap();
        pages.events.iter().skip(from).filter(|event| is_it(event)).count()
    }

    /// All events from number `from` on.
    pub(super) fn events(&self, from: usize) -> Vec<Value> {
        self.pages.lock().unwrap().events.iter().skip(from).cloned().collect()
    }

    /// The first event from number `from` on that is like this, now or later.
    pub(super) fn wait_for(
        &self,
        mut from: usize,
        patience: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value, InVain> {
        let deadline = Instant::now() + patience;
        let mut pages = self.pages.lock().unwrap();
        loop {
            if let Some(found) = pages.events.iter().skip(from).find(|event| is_it(event)) {
                return Ok(found.clone());
            }
            from = from.max(pages.events.len());
            if pages.ended {
                return Err(InVain::Ended);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(InVain::TooLong);
            }
            pages = self.news.wait_timeout(pages, left).unwrap().0;
        }
    }

    /// Returns when there are more than `known` events, or after this time.
    pub(super) fn wait_for_news(&self, known: usize, patience: Duration) {
        let pages = self.pages.lock().unwrap();
        let old = |pages: &mut Pages| pages.events.len() <= known && !pages.ended;
        drop(self.news.wait_timeout_while(pages, patience, old).unwrap());
    }

    /// Everything that helps to understand a wait in vain.
    pub(super) fn report(&self) -> String {
        let pages = self.pages.lock().unwrap();
        let skipped = pages.events.len().saturating_sub(SHOWN_MAX);
        let mut report = format!("{skipped} earlier events, then:\n");
        for event in pages.events.iter().skip(skipped) {
            writeln!(report, "  {event}").unwrap();
        }
        let ended = if pages.ended { "ended" } else { "runs" };
        write!(report, "the process {ended}; its standard error:\n{}", pages.stderr).unwrap();
        report
    }

    /// What was said on standard error so far.
    pub(super) fn stderr(&self) -> String {
        self.pages.lock().unwrap().stderr.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Pages)) {
        change(&mut self.pages.lock().unwrap());
        self.news.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_whenever_they_come() {
        let diary = Diary::of(&b"{\"type\":\"a\"}\n{\"type\":\"b\"}\noops\n"[..], &b"words\n"[..]);
        let is = |wanted: &'static str| move |event: &Value| event["type"] == wanted;
        let patience = Duration::from_secs(10);
        assert_eq!(diary.wait_for(0, patience, is("b")).unwrap()["type"], "b");
        assert!(diary.wait_for(1, patience, is("not JSON")).is_ok());
        assert_eq!(diary.wait_for(1, patience, is("a")), Err(InVain::Ended));
        assert_eq!(diary.count(0, is("a")), 1);
        assert!(diary.report().contains("oops"));
    }
}
