//! Crashes at the moments that matter: where something becomes durable, and what is said depends on it.
//!
//! ```text
//! the turn decided ── BeforeWrite ──▶ durable ── AfterWrite ──▶ what stands behind it leaves ── AfterSaying ──▶ next turn
//! ```
//!
//! A write is a change-set, an identity file or a slot of the ring. What a turn put out before it has left, and what
//! others hear of the crash is that the links broke.

use core::ops::Range;

use super::{Bench, Who};
use crate::output::Output;

/// A crash that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// With which write of this disk, counted as [`Bench::writes`] does.
    pub at: usize,
    /// When.
    pub moment: CrashMoment,
}

/// When a crash happens, seen from a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashMoment {
    /// Nothing of it is durable.
    BeforeWrite,
    /// It is durable, and nobody heard.
    AfterWrite,
    /// Everything that the turn had to say was said.
    AfterSaying,
}

impl CrashMoment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::BeforeWrite, Self::AfterWrite, Self::AfterSaying];
}

impl Bench {
    /// Somebody's engine will crash so; in place of any other crash that was to come.
    pub fn will_crash(&mut self, who: Who, crash: Option<Crash>) {
        if let Some(peer) = self.peers.get_mut(who) {
            peer.crash = crash;
        }
    }

    /// Whether the crash that was to come has not come.
    #[must_use]
    pub fn has_yet_to_crash(&self, who: Who) -> bool {
        self.peers.get(who).is_some_and(|peer| peer.crash.is_some())
    }

    /// What was tapped of turns that came to nothing: by its numbers.
    #[must_use]
    pub fn unsaid(&self) -> &[Range<u64>] {
        &self.unsaid
    }

    /// Whether somebody's engine crashes with this output, and when.
    pub(super) fn crash_with(&mut self, who: Who, output: &Output) -> Option<CrashMoment> {
        let is_write =
            matches!(output, Output::Persist(_) | Output::PersistIdentity(_) | Output::PersistRing { .. });
        let peer = self.peers.get_mut(who)?;
        let crash = peer.crash.filter(|crash| is_write && crash.at == peer.written.len())?;
        peer.crash = None;
        Some(crash.moment)
    }

    /// Somebody's engine is gone, with what it was about to write and had sealed in that turn. If that was a change-set,
    /// nothing of it has left.
    pub(super) fn crash(&mut self, who: Who, unwritten: Option<(&Output, Range<u64>)>) {
        if let Some((Output::Persist(_), sealed)) = unwritten {
            self.unsaid.push(sealed);
        }
        self.stop(who);
    }
}
