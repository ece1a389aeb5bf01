//! Warnings that peers can give reason to: as many a minute as somebody can read, and how many were left out.
//!
//! The log is bounded anyway; this keeps one peer from pushing out what was said about others.

use core::time::Duration;

use causerie_protocol::moment::Moment;

/// Warnings of one window. Chosen.
const WARNINGS_MAX: u32 = 20;

const WINDOW: Duration = Duration::from_secs(60);

/// What was said in the window that runs.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    began: Option<Moment>,
    said: u32,
    left_out: u32,
}

impl Warnings {
    /// Says this, or counts it where enough was said.
    pub(crate) fn say(&mut self, now: Moment, text: &str) {
        if let Some(left_out) = self.take(now) {
            if left_out > 0 {
                tracing::warn!("{left_out} further warnings were left out");
            }
            tracing::warn!("{text}");
        }
    }

    /// How many were left out before this one; `None` where this one is, too.
    fn take(&mut self, now: Moment) -> Option<u32> {
        if self.began.is_none_or(|began| began + WINDOW <= now) {
            (self.began, self.said) = (Some(now), 0);
        }
        if self.said >= WARNINGS_MAX {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.said += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_the_next_minute_says_how_much_was_left_out() {
        let mut warnings = Warnings::default();
        let begin = Moment::from_micros(0);
        let said = (0..1_000).filter(|_| warnings.take(begin).is_some()).count();
        assert_eq!(said, 20);
        assert_eq!(warnings.take(begin + WINDOW / 2), None);
        assert_eq!(warnings.take(begin + WINDOW), Some(981));
        assert_eq!(warnings.take(begin + WINDOW), Some(0));
    }
}
