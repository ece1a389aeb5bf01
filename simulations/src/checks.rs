//! The oracles: each looks at what happens and says when a promise is broken.
//!
//! They hear facts (what was asked, answered, told, sent, stored) and compare with the ledger, never with what an engine
//! says of itself. A violation ends the run.

mod convergence;
mod early_claims;
mod frame_limits;
mod loss;
mod memory;
mod order;
mod panics;
mod repetition;
mod theft;

use std::collections::BTreeMap;

use causerie_protocol::{
    answer::{MessageState, MessageView},
    ids::MessageId,
    output::Output,
    testing::{tap::Tapped, thief::Home},
};
use serde::Serialize;

use crate::{
    ledger::{Ledger, Number},
    scenario::Scenario,
};

/// Something that happened.
#[derive(Debug)]
pub enum Fact<'a> {
    /// A message of this number was answered with this id.
    Answered {
        /// Which.
        number: Number,
        /// Its id.
        id: MessageId,
    },
    /// A person was told of a message.
    Received {
        /// Who.
        who: usize,
        /// From whom.
        from: usize,
        /// What they see.
        view: &'a MessageView,
        /// Its number; `None` when nobody wrote it.
        number: Option<Number>,
    },
    /// A person was told of a message of their own that their disk had lost.
    CameBack {
        /// Who.
        who: usize,
        /// Which.
        number: Number,
    },
    /// A person was told how far their messages to somebody have come.
    Claimed {
        /// Who.
        who: usize,
        /// The reader.
        to: usize,
        /// Up to this one; `None` when there is no such message.
        up_to: Option<Number>,
        /// How far.
        state: MessageState,
    },
    /// A person looked at a whole conversation.
    Looked {
        /// Who.
        who: usize,
        /// With whom.
        with: usize,
        /// All that they see, oldest first.
        rows: &'a [MessageView],
        /// Faults are over and everything had time to arrive.
        settled: bool,
    },
    /// An engine puts something out.
    Put {
        /// Whose.
        who: usize,
        /// What.
        output: &'a Output,
    },
    /// A look at how much an engine holds.
    Weighed {
        /// Whose.
        who: usize,
        /// Records in its store, by kind.
        records: &'a BTreeMap<char, usize>,
        /// Characters of its engine, written out; 0 while it does not run.
        memory: usize,
        /// Contacts.
        contacts: usize,
        /// Messages asked for or received.
        messages: usize,
    },
    /// An engine did not come back from an input.
    Panicked {
        /// Whose.
        who: usize,
        /// Its words.
        words: &'a str,
    },
    /// An engine could not read its store, which nobody damaged.
    Unreadable {
        /// Whose.
        who: usize,
        /// Its words.
        words: &'a str,
    },
    /// An old disk, or an empty one, took the place of somebody's.
    Forgot,
    /// Everything durable of a device was copied by a thief.
    Stolen {
        /// Whose.
        who: usize,
        /// What.
        home: &'a Home<'a>,
    },
    /// What is sealed and how steps go, as the engines do it: no wire shows it.
    Tapped(&'a Tapped),
    /// Calm is over.
    CalmEnded {
        /// Messages that are not where they must be.
        outstanding: usize,
        /// The most frames that one person sent in calm.
        exchanges: u64,
    },
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which oracle says so.
    pub check: &'static str,
    /// What was seen.
    pub sentence: String,
}

/// One oracle.
pub trait Check: core::fmt::Debug {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// Looks at a fact. The ledger already has it.
    ///
    /// # Errors
    /// A sentence that says which promise was broken.
    fn look(&mut self, fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String>;
}

/// All oracles of a run.
#[derive(Debug)]
pub struct Checks(Vec<Box<dyn Check>>);

impl Checks {
    /// Every oracle, with the scenario's bounds.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let bounds = scenario.bounds;
        Self(vec![
            Box::new(loss::NoLoss),
            Box::new(repetition::NoRepetition::default()),
            Box::new(order::CausalOrder),
            Box::new(early_claims::NoEarlyClaims),
            Box::new(convergence::Convergence::new(bounds)),
            Box::new(memory::Bounded::new(bounds, scenario.talk.bytes_max)),
            Box::new(frame_limits::FrameLimits::default()),
            Box::new(theft::NoThief::default()),
            Box::new(panics::NoPanics),
        ])
    }

    /// Asks all of them.
    ///
    /// # Errors
    /// The first violation.
    pub fn look(&mut self, fact: &Fact<'_>, ledger: &Ledger) -> Result<(), Violation> {
        for check in &mut self.0 {
            let check_name = check.name();
            check.look(fact, ledger).map_err(|sentence| Violation { check: check_name, sentence })?;
        }
        Ok(())
    }
}
