//! Steps: a session goes on under fresh keys that nobody has who only held the old ones.
//!
//! ```text
//! offerer, in epoch n                          acceptor, in epoch n
//!   OFFER in the body of an envelope ─────────▶  epoch n+1 stands by as a candidate
//!   switches: seals in n+1   ◀──────────────── ACCEPT in the body of every envelope, still in n
//!   any envelope in n+1 ──────────────────────▶  switches: the candidate is the epoch, others are erased
//! ```
//!
//! Nobody seals in an epoch that the other may not have, so a lost, late or repeated half of a step stops nothing. Of
//! two offers that cross, the smaller device's stands. Another OFFER for the same epoch makes another candidate: a
//! forged one cannot take the place of a true one. An OFFER rides only where an entry rides, since that is what the
//! other side acknowledges, or where it goes back to an OFFER that it crossed, whose sender writes; the ACCEPT rides on
//! what follows: no envelope is ever made for a step alone.

mod handshake;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod loot;
mod pace;

use serde::{Deserialize, Serialize};

pub use self::handshake::Parties;
use self::{
    handshake::{ACCEPT_BYTES, OFFER_BYTES, Offer, Step, StepRefusal},
    pace::Pace,
};
use super::{Session, epoch::Epoch};
use crate::{
    ids::SessionId,
    limits,
    moment::Moment,
    output::LogLevel,
    records::{Order, RecordsError},
    secret::hash_plain,
    testing::{
        plant::{self, Plant},
        tap,
    },
    turn::{RecordKey, Turn},
    wire::envelope::{Packing, Record},
};

/// What a session keeps of the step that it is taking.
#[derive(Debug)]
pub(super) struct Steps {
    /// Our offer that is out.
    offer: Option<Offer>,
    /// The epochs that their offers may lead to; the one whose offer was heard last is the last.
    candidates: Vec<(u32, Candidate)>,
    /// An offer of theirs was passed over for ours, which they may not have heard: it is said again in whatever goes
    /// back.
    crossed: bool,
    pace: Pace,
}

/// An epoch that they may switch to: an OFFER of theirs was answered.
#[derive(Debug, Serialize, Deserialize)]
struct Candidate {
    /// The hash of that OFFER, to know it when it rides again.
    offer: [u8; 32],
    /// Our answer, repeated as it is until they use the epoch.
    accept: Vec<u8>,
    epoch: Epoch,
}

impl Steps {
    pub(super) const fn new(now: Moment) -> Self {
        Self { offer: None, candidates: Vec::new(), crossed: false, pace: Pace::new(now) }
    }

    pub(super) fn load(turn: &Turn<'_>, session: &SessionId) -> Result<Self, RecordsError> {
        let family = candidates(turn, session);
        let mut steps = Self::new(turn.now.moment);
        steps.offer = turn.load(&offer_key(turn, session))?.filter(|_| !plant::is(Plant::OfferReused));
        for (suffix, candidate) in
            turn.scan::<Candidate>(&family, (&[], None), Order::Ascending, limits::CANDIDATES_MAX)?
        {
            let order = suffix.try_into().map_err(|_| RecordsError::Damaged('N'))?;
            steps.candidates.push((u32::from_be_bytes(order), candidate));
        }
        Ok(steps)
    }

    /// Another live channel is used from now on.
    pub(super) const fn on_channel(&mut self) {
        self.pace.on_channel();
    }

    /// The epochs that they may switch to.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &Epoch> {
        self.candidates.iter().map(|(_, candidate)| &candidate.epoch)
    }

    /// The candidate at this position, which they have switched to.
    pub(super) fn take_candidate(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        position: usize,
    ) -> Option<Epoch> {
        if position >= self.candidates.len() {
            return None;
        }
        let (order, candidate) = self.candidates.remove(position);
        turn.delete(&candidate_key(turn, session, order));
        Some(candidate.epoch)
    }

    /// Our offer is of no use any more: its keys are erased.
    pub(super) fn drop_offer(&mut self, turn: &mut Turn<'_>, session: &SessionId) {
        self.crossed = false;
        if self.offer.take().is_some() && !plant::is(Plant::OfferReused) {
            turn.delete(&offer_key(turn, session));
        }
    }

    /// A step was taken: whatever else was under way is erased.
    fn finish(&mut self, turn: &mut Turn<'_>, session: &SessionId) {
        self.drop_offer(turn, session);
        while self.take_candidate(turn, session, 0).is_some() {}
        self.pace.has_stepped(turn.now.moment);
    }

    /// Adds a candidate; of more than `limits::CANDIDATES_MAX` the one goes whose offer was heard first.
    fn add_candidate(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        candidate: Candidate,
    ) -> Result<(), RecordsError> {
        while self.candidates.len() >= limits::CANDIDATES_MAX {
            self.take_candidate(turn, session, 0);
        }
        let order = self.candidates.last().map_or(0, |(last, _)| last.saturating_add(1));
        turn.save(&candidate_key(turn, session, order), &candidate)?;
        self.candidates.push((order, candidate));
        Ok(())
    }

    /// An OFFER that was answered rides again: it is the one to answer now. Tells whether it was known.
    fn hear_again(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        offer: &[u8; 32],
    ) -> Result<bool, RecordsError> {
        let Some(position) = self.candidates.iter().position(|(_, candidate)| candidate.offer == *offer)
        else {
            return Ok(false);
        };
        if position + 1 < self.candidates.len() {
            let (order, candidate) = self.candidates.remove(position);
            turn.delete(&candidate_key(turn, session, order));
            self.add_candidate(turn, session, candidate)?;
        }
        Ok(true)
    }
}

impl Session {
    /// The halves of a step that ride on the envelope that is sealed now, as far as it has room for them.
    pub(super) fn riding(
        &mut self,
        turn: &mut Turn<'_>,
        parties: &Parties,
        packing: &mut Packing,
        with_entries: bool,
    ) -> Result<Vec<Record>, RecordsError> {
        let mut riding = Vec::new();
        if let Some((_, candidate)) = self.steps.candidates.last() {
            let accept = Record::Accept(candidate.accept.clone());
            if packing.take(&accept) {
                riding.push(accept);
            }
        }
        // The longest that an OFFER can be is known before there is one.
        let may_ride = with_entries || self.steps.crossed;
        if !may_ride || !packing.clone().take(&Record::Offer(vec![0; OFFER_BYTES])) {
            return Ok(riding);
        }
        if with_entries {
            self.offer(turn, parties)?;
        }
        if let Some(offer) = &self.steps.offer
            && self.steps.pace.says_offer(turn.now.moment)
        {
            let offer = Record::Offer(offer.said.clone());
            if packing.take(&offer) {
                riding.push(offer);
                self.steps.crossed = false;
            }
        }
        Ok(riding)
    }

    /// Offers a step when one is due and none is out.
    fn offer(&mut self, turn: &mut Turn<'_>, parties: &Parties) -> Result<(), RecordsError> {
        let fresh = self.steps.pace.take_fresh();
        if self.steps.offer.is_some() {
            return Ok(());
        }
        let answering = !self.steps.candidates.is_empty();
        let epoch = self.epochs.get(&self.standing.sending_epoch).ok_or(RecordsError::Damaged('P'))?;
        // Envelopes that were lost count too: they were sent.
        let messages = epoch.sending.sent.saturating_add(epoch.receiving.expected);
        if !self.steps.pace.offer_is_due(turn.now.moment, fresh, messages, answering) {
            return Ok(());
        }
        let Some(step) = self.step(epoch, parties) else { return Ok(()) };
        let before = match plant::is(Plant::OfferReused) {
            true => turn.load::<Offer>(&offer_key(turn, &self.id))?,
            false => None,
        };
        let made =
            before.map_or_else(|| Offer::make(&step, &mut turn.random), |before| before.made_for(&step));
        match made {
            Ok(offer) => {
                turn.save(&offer_key(turn, &self.id), &offer)?;
                tap::offered(turn, self.doing(), offer.n, &offer.said);
                self.steps.offer = Some(offer);
            }
            Err(refusal) => turn.log(LogLevel::Warn, format!("no step can be offered: {refusal}")),
        }
        Ok(())
    }

    /// Takes the halves of a step out of what an envelope of epoch `n` brought; gives back the rest. At most one of
    /// each is looked at, which bounds the work for one envelope.
    pub(super) fn hear(
        &mut self,
        turn: &mut Turn<'_>,
        parties: &Parties,
        n: u32,
        records: Vec<Record>,
    ) -> Result<Vec<Record>, RecordsError> {
        let mut rest = Vec::with_capacity(records.len());
        let (mut accept, mut offer) = (None, None);
        for record in records {
            match record {
                Record::Accept(bytes) => drop(accept.get_or_insert(bytes)),
                Record::Offer(bytes) => drop(offer.get_or_insert(bytes)),
                other => rest.push(other),
            }
        }
        if let Some(accept) = accept {
            self.hear_accept(turn, parties, n, &accept)?;
        }
        if let Some(offer) = offer {
            self.hear_offer(turn, parties, n, &offer)?;
        }
        Ok(rest)
    }

    /// An ACCEPT: if it answers our offer, we seal in the next epoch from now on.
    fn hear_accept(
        &mut self,
        turn: &mut Turn<'_>,
        parties: &Parties,
        n: u32,
        accept: &[u8],
    ) -> Result<(), RecordsError> {
        let step = self.steps_from(n).and_then(|epoch| self.step(epoch, parties));
        let Some((step, offer)) =
            step.zip(self.steps.offer.as_ref()).filter(|(step, offer)| offer.n == step.n)
        else {
            return Ok(());
        };
        let finished = offer.finish(&step, accept);
        if finished.is_ok() {
            tap::heard(turn, self.doing(), offer.n, &offer.said);
        }
        match finished {
            Ok(_) if plant::is(Plant::StepNotTaken) => Ok(()),
            Ok(prk) => {
                let prk = step.root(prk);
                let next = Epoch::begin(step.n, &prk, self.standing.own, self.standing.their, 0);
                self.step_to(turn, next)
            }
            Err(refusal) => {
                if refusal == StepRefusal::Own {
                    // The next one is made with the keys of today.
                    self.steps.drop_offer(turn, &self.id);
                }
                turn.log(LogLevel::Warn, format!("an answer to our step was passed over: {refusal}"));
                Ok(())
            }
        }
    }

    /// An OFFER: if it is to be answered, the epoch that it leads to is a candidate from now on.
    fn hear_offer(
        &mut self,
        turn: &mut Turn<'_>,
        parties: &Parties,
        n: u32,
        offer: &[u8],
    ) -> Result<(), RecordsError> {
        let hash = hash_plain(&[offer]);
        if self.steps_from(n).is_none() || self.steps.hear_again(turn, &self.id, &hash)? {
            return Ok(());
        }
        let crossed = self.steps.offer.is_some() && self.standing.own < self.standing.their;
        self.steps.crossed |= crossed;
        if crossed || !self.steps.pace.may_answer(turn.now.moment) {
            return Ok(());
        }
        let Some(step) = self.steps_from(n).and_then(|epoch| self.step(epoch, parties)) else {
            return Ok(());
        };
        match step.answer(offer, &mut turn.random) {
            Ok((accept, prk)) => {
                let prk = step.root(prk);
                let epoch = Epoch::begin(step.n, &prk, self.standing.own, self.standing.their, 0);
                tap::answered(turn, self.doing(), epoch.n, offer, epoch.fingerprint);
                self.steps.drop_offer(turn, &self.id);
                self.steps.add_candidate(turn, &self.id, Candidate { offer: hash, accept, epoch })?;
                self.steps.pace.has_answered(turn.now.moment);
            }
            Err(refusal) => turn.log(LogLevel::Warn, format!("an offered step was refused: {refusal}")),
        }
        Ok(())
    }

    /// We seal in this epoch from now on. What sealed in the one before, and what this step rested on, is erased.
    pub(super) fn step_to(&mut self, turn: &mut Turn<'_>, mut next: Epoch) -> Result<(), RecordsError> {
        if let Some(before) = self.epochs.get_mut(&self.standing.sending_epoch) {
            next.sending.previous_count = before.sending.sent;
            before.spend();
            before.save(turn, &self.id)?;
        }
        next.save(turn, &self.id)?;
        tap::stepped(turn, self.doing(), next.n, next.fingerprint);
        self.standing.sending_epoch = next.n;
        self.epochs.insert(next.n, next);
        self.save_standing(turn)?;
        self.steps.finish(turn, &self.id);
        self.retire(turn)
    }

    /// The epoch that steps lead from, if an envelope of epoch `n` can bring a half of one.
    fn steps_from(&self, n: u32) -> Option<&Epoch> {
        if self.is_lost() || n != self.standing.sending_epoch {
            return None;
        }
        self.epochs.get(&n)
    }

    fn step<'a>(&'a self, from: &'a Epoch, parties: &'a Parties) -> Option<Step<'a>> {
        Some(Step {
            session: self.id,
            n: from.n.checked_add(1)?,
            chain: from.chain(),
            own: self.standing.own,
            their: self.standing.their,
            parties,
        })
    }
}

fn offer_key(turn: &Turn<'_>, session: &SessionId) -> RecordKey {
    turn.key(b'O', &[session.as_bytes()], &[])
}

fn candidates(turn: &Turn<'_>, session: &SessionId) -> RecordKey {
    turn.key(b'N', &[session.as_bytes()], &[])
}

fn candidate_key(turn: &Turn<'_>, session: &SessionId, order: u32) -> RecordKey {
    candidates(turn, session).with(&order.to_be_bytes())
}

/// Both halves can ride on one envelope, beside the longest entry.
const _: () = assert!(limits::STEP_RECORDS_BYTES == 2 * 5 + OFFER_BYTES + ACCEPT_BYTES);

#[cfg(test)]
mod tests;
