//! When a step is offered, repeated and answered: often enough to heal, seldom enough to cost little.
//!
//! Ages are measured on the monotonic clock of this process, since no other clock is trusted. After a restart they
//! begin anew: the epoch counts as begun when its session was loaded, no step and no answer are known, and an offer
//! that is out rides on the first envelope that can carry it. So a restart can only delay the rules that go by age; the
//! first message of the channel that follows it offers in any case.

use crate::{limits, moment::Moment};

/// What this process remembers of a session's steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Since when we seal in this epoch, as far as this process knows.
    began: Moment,
    /// The last step that this process took.
    stepped: Option<Moment>,
    /// When our offer was last said.
    said: Option<Moment>,
    /// When an offer of theirs was answered with a candidate in this epoch, first and last.
    answered: Option<(Moment, Moment)>,
    /// Nothing was written yet on the live channel that is used.
    fresh: bool,
}

impl Pace {
    pub(super) const fn new(now: Moment) -> Self {
        Self { began: now, stepped: None, said: None, answered: None, fresh: false }
    }

    /// Another live channel is used from now on; what rode on the old one may be lost.
    pub(super) const fn on_channel(&mut self) {
        self.fresh = true;
        self.said = None;
    }

    /// Something is written: tells whether it is the first on its channel.
    pub(super) const fn take_fresh(&mut self) -> bool {
        core::mem::replace(&mut self.fresh, false)
    }

    /// Whether to offer a step, after so many messages in this epoch. An answer of ours that is out makes an offer
    /// needless, unless it has been left unused for so long that its offer must be lost.
    pub(super) fn offer_is_due(&self, now: Moment, fresh: bool, messages: u32, answering: bool) -> bool {
        let in_use = now.since(self.began);
        let quiet = now.since(self.answered.map_or(self.began, |(first, _)| first));
        let busy = messages >= limits::STEP_AFTER_MESSAGES && in_use >= limits::STEP_AFTER;
        let old = messages > 0 && quiet >= limits::STEP_AFTER_LONG;
        old || (!answering && (fresh || busy))
    }

    /// Whether an offer that is out rides on the envelope that is sealed now; if so, it is said.
    pub(super) fn says_offer(&mut self, now: Moment) -> bool {
        let rides = self.said.is_none_or(|said| now.since(said) >= limits::STEP_REPEAT);
        if rides {
            self.said = Some(now);
        }
        rides
    }

    /// Whether an offer of theirs is answered now; if not, it rides again.
    pub(super) fn may_answer(&self, now: Moment) -> bool {
        let rested = |since: Option<Moment>, rest| since.is_none_or(|since| now.since(since) >= rest);
        let answered = self.answered.map(|(_, last)| last);
        rested(self.stepped, limits::STEP_REST) && rested(answered, limits::STEP_REPEAT)
    }

    /// An offer of theirs was answered.
    pub(super) fn has_answered(&mut self, now: Moment) {
        self.answered = Some((self.answered.map_or(now, |(first, _)| first), now));
    }

    /// We seal in another epoch from now on.
    pub(super) const fn has_stepped(&mut self, now: Moment) {
        *self = Self { began: now, stepped: Some(now), said: None, answered: None, fresh: self.fresh };
    }
}
