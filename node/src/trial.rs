//! What a test of a contact says, all seven steps in order: the two that the node knows of its machine, then the engine's.
//!
//! ```text
//! network ─▶ listening ─▶ address ─▶ dial ─▶ handshake ─▶ channel ─▶ ping
//! ```
//! Whoever answered a PING can be reached, whatever the steps before it say. Otherwise the first step that failed is the
//! one to look at. A node that listens nowhere because it was told to is not at fault for that.

use causerie_protocol::answer::{AddressOutcome, AddressSource, DialFailure, StepResult, Trial};
use serde_json::{Value, json};

use crate::rpc::{methods::Standing, views};

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This machine has a network, or needs none.
    Network,
    /// The node listens.
    Listening,
    /// Somewhere is known where they may be.
    Address,
    /// They answered somewhere.
    Dial,
    /// Keys for a channel were agreed on.
    Handshake,
    /// The channel stands.
    Channel,
    /// It carries a PING there and back.
    Ping,
}

impl Step {
    /// Its name: stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Listening => "listening",
            Self::Address => "address",
            Self::Dial => "dial",
            Self::Handshake => "handshake",
            Self::Channel => "channel",
            Self::Ping => "ping",
        }
    }
}

/// A test that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// What the engine found.
    pub trial: Trial,
    /// How each step went, in order.
    pub steps: [(Step, StepResult); 7],
    /// On how many addresses the node listens.
    pub listening: usize,
    /// Whether that is nowhere because the person chose so: over relays only, in stealth, or through a proxy.
    pub hidden: bool,
}

impl Tested {
    /// Puts both halves together.
    #[must_use]
    pub fn of(trial: Trial, standing: Standing) -> Self {
        let is = |well: bool| if well { StepResult::Done } else { StepResult::Failed };
        let hidden = standing.hidden && standing.listening == 0;
        let listens = if hidden { StepResult::NotTried } else { is(standing.listening > 0) };
        let steps = [
            (Step::Network, is(trial.loopback || standing.on_network)),
            (Step::Listening, listens),
            (Step::Address, trial.known),
            (Step::Dial, trial.dialled),
            (Step::Handshake, trial.agreed),
            (Step::Channel, trial.online),
            (Step::Ping, trial.answered),
        ];
        Self { trial, steps, listening: standing.listening, hidden }
    }

    /// Whether they can be reached.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.trial.answered == StepResult::Done
    }

    /// The step to look at; `None` when they can be reached.
    #[must_use]
    pub fn failed(&self) -> Option<Step> {
        if self.is_reachable() {
            return None;
        }
        let is_chosen = |step: Step| self.hidden && step == Step::Listening;
        let looked_at = || self.steps.iter().filter(|(step, _)| !is_chosen(*step));
        let first = |result| looked_at().find(|(_, how)| *how == result).map(|(step, _)| *step);
        first(StepResult::Failed).or_else(|| first(StepResult::NotTried))
    }

    /// `{"reachable","failed","steps":[{"step","result",…}],"addresses":[{"address","source","result"}],"round_trip_ms"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(|(step, result)| self.step(*step, *result)).collect();
        let addresses: Vec<Value> = self
            .trial
            .addresses
            .iter()
            .map(|one| {
                json!({
                    "address": views::multiaddr(&one.address),
                    "source": source(one.source),
                    "result": outcome(one.outcome),
                })
            })
            .collect();
        json!({
            "reachable": self.is_reachable(),
            "failed": self.failed().map(Step::as_str),
            "steps": steps,
            "addresses": addresses,
            "round_trip_ms": self.round_trip_ms(),
        })
    }

    /// How long a PING took, in milliseconds with three digits behind the point.
    #[must_use]
    pub fn round_trip_ms(&self) -> Option<f64> {
        let micros = u32::try_from(self.trial.round_trip?.as_micros()).ok()?;
        Some(f64::from(micros) / 1_000.0)
    }

    /// A step with the facts that belong to it.
    fn step(&self, step: Step, result: StepResult) -> Value {
        let trial = &self.trial;
        let mut value = match step {
            Step::Network => json!({"loopback": trial.loopback}),
            Step::Listening => json!({"addresses": self.listening, "by_choice": self.hidden}),
            Step::Address => json!({"known": trial.addresses.len(), "nearby": trial.nearby}),
            Step::Handshake => json!({"awaits_consent": trial.awaits_consent}),
            Step::Dial | Step::Channel => json!({}),
            Step::Ping => json!({"round_trip_ms": self.round_trip_ms()}),
        };
        if let Some(fields) = value.as_object_mut() {
            fields.insert("step".to_owned(), json!(step.as_str()));
            fields.insert("result".to_owned(), json!(result_name(result)));
        }
        value
    }
}

const fn result_name(result: StepResult) -> &'static str {
    match result {
        StepResult::Done => "ok",
        StepResult::Failed => "failed",
        StepResult::NotTried => "not_tried",
    }
}

const fn source(source: AddressSource) -> &'static str {
    match source {
        AddressSource::Met => "met",
        AddressSource::Found => "found",
        AddressSource::Link => "link",
        AddressSource::Given => "given",
        AddressSource::Near => "near",
        AddressSource::Relay => "relay",
    }
}

const fn outcome(outcome: AddressOutcome) -> &'static str {
    match outcome {
        AddressOutcome::NotTried => "not_tried",
        AddressOutcome::Answered => "answered",
        AddressOutcome::Failed(DialFailure::Refused) => "refused",
        AddressOutcome::Failed(DialFailure::TimedOut) => "timed_out",
        AddressOutcome::Failed(DialFailure::Unreachable) => "unreachable",
        AddressOutcome::Failed(DialFailure::SomebodyElse) => "somebody_else",
        AddressOutcome::Failed(DialFailure::OtherVersion) => "other_version",
        AddressOutcome::Failed(DialFailure::Broken) => "broken",
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::handle::fake;

    fn standing(listening: usize, on_network: bool) -> Standing {
        Standing { running: true, passphrase: false, listening, hidden: false, on_network, serving: None }
    }

    #[test]
    fn the_first_step_that_failed_is_the_one_to_look_at() {
        let refused = Tested::of(fake::trial(), standing(2, true));
        assert_eq!((refused.is_reachable(), refused.failed()), (false, Some(Step::Dial)));
        let value = refused.to_json();
        assert_eq!(value["failed"], "dial");
        assert_eq!(value["addresses"][0]["result"], "refused");
        assert_eq!(value["steps"][2], json!({"step": "address", "result": "ok", "known": 1, "nearby": 0}));
        assert_eq!(value["steps"][6]["result"], "not_tried");
        assert_eq!(Tested::of(fake::trial(), standing(0, true)).failed(), Some(Step::Listening));
        assert_eq!(Tested::of(fake::trial(), standing(0, false)).failed(), Some(Step::Network));
        let loopback = Trial { loopback: true, ..fake::trial() };
        assert_eq!(Tested::of(loopback, standing(2, false)).failed(), Some(Step::Dial));
    }

    #[test]
    fn who_listens_nowhere_by_choice_is_not_blamed_for_it() {
        let hidden = |trial| Tested::of(trial, Standing { hidden: true, ..standing(0, true) });
        let refused = hidden(fake::trial());
        assert_eq!(refused.failed(), Some(Step::Dial));
        let step = json!({"step": "listening", "result": "not_tried", "addresses": 0, "by_choice": true});
        assert_eq!(refused.to_json()["steps"][1], step);
        // Nor where nothing failed and something else was left out.
        let unknown = Trial { dialled: StepResult::NotTried, ..fake::trial() };
        assert_eq!(hidden(unknown).failed(), Some(Step::Dial));
        let off = Tested::of(fake::trial(), Standing { hidden: true, ..standing(0, false) });
        assert_eq!(off.failed(), Some(Step::Network));
    }

    #[test]
    fn whoever_answers_can_be_reached() {
        let round_trip = Some(Duration::from_micros(1_234));
        let (answered, online) = (StepResult::Done, StepResult::Done);
        let trial = Trial { answered, online, round_trip, ..fake::trial() };
        let reached = Tested::of(trial, standing(0, false));
        assert_eq!((reached.is_reachable(), reached.failed()), (true, None));
        assert_eq!(reached.to_json()["round_trip_ms"], 1.234);
    }

    #[test]
    fn where_nothing_failed_the_first_step_that_was_left_out_is_named() {
        let trial = Trial { dialled: StepResult::NotTried, ..fake::trial() };
        assert_eq!(Tested::of(trial, standing(1, true)).failed(), Some(Step::Dial));
    }
}
