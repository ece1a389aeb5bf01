//! The test of a contact: whether they can be reached now, and if not, at which step it fails.
//!
//! ```text
//! something known, or found at the meeting place ─▶ dialled, and it is them ─▶ keys agreed ─▶ live channel ─▶ PING answered
//!        └─ a channel stands already: nothing is asked or dialled ──────────────────────────────────▶
//! ```
//!
//! It does nothing that is not done anyway: it dials as at a change of networks, says PING as keep-alive does, and looks
//! at the end of each turn at what came of it. So nobody learns more than of any dial, and no channel is ended. One test
//! at a time, at most `limits::TRIAL_PATIENCE` long, or `TRIAL_PATIENCE_FAR` while the meeting place is asked; nothing of it is logged.

use std::collections::{BTreeMap, BTreeSet};

use core::time::Duration;

use crate::{
    address::Address,
    answer::{
        AddressOutcome, AddressSource, Answer, CommandError, DialFailure, Halt, Path, StepResult, Trial,
        TriedAddress,
    },
    command::Reference,
    contact::ContactRow,
    delivery::Delivery,
    engine::State,
    ids::{CommandId, DialId, LinkId},
    limits,
    link::{
        Link, Phase,
        live_channel::{self, LiveChannel},
    },
    moment::Moment,
    output::Output,
    reach::{self, Target},
    rendezvous,
    timer::Timer,
    turn::Turn,
    wire::frame::FrameKind,
};

/// The test that runs, if one does.
#[derive(Debug, Default)]
pub(crate) struct Trials {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    command: CommandId,
    row: ContactRow,
    /// A channel stood when it began.
    stood: bool,
    addresses: Vec<TriedAddress>,
    nearby: u64,
    /// What was dialled for it, or was being dialled anyway.
    dials: BTreeSet<DialId>,
    /// Links of those dials that have not shown whose they are.
    unsettled: BTreeMap<LinkId, Option<Address>>,
    reached: Reached,
    awaits_consent: bool,
    ping: Option<Ping>,
    round_trip: Option<Duration>,
}

/// How far it came at best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Nothing,
    Them,
    Keys,
    Channel,
}

/// A PING that waits for its answer.
#[derive(Clone, Copy, Debug)]
struct Ping {
    link: LinkId,
    said_at: Moment,
    /// Answers to come on this link up to its own.
    behind: u32,
}

/// Begins a test; it is answered in a later turn.
pub(crate) fn begin(
    state: &mut State,
    turn: &mut Turn<'_>,
    command: CommandId,
    whom: &Reference,
) -> Result<(), Halt> {
    let row = state.contacts.find(whom)?;
    let Some(contact) = state.contacts.get(row).filter(|contact| !contact.removed) else {
        return Err(CommandError::NotFound.into());
    };
    if !contact.is_met() {
        let words = "nobody is met whose request waits, who is blocked, or whose invitation failed";
        return Err(CommandError::WrongState(words).into());
    }
    if state.trials.running.is_some() {
        let words = "another test runs: one at a time, and each is over within a few seconds";
        return Err(CommandError::WrongState(words).into());
    }
    let row = state.likeliest_device(row);
    let stood = state.is_online(row);
    let nearby = state.reach.near().count();
    let addresses = places(state, row);
    let dials = if stood { BTreeSet::new() } else { dial_for(state, turn, row) };
    let is_far = rendezvous::is_asking(state, row);
    let patience = if is_far { limits::TRIAL_PATIENCE_FAR } else { limits::TRIAL_PATIENCE };
    state.timers.set(Timer::Trial, turn.now.moment + patience);
    state.trials.running = Some(Running {
        command,
        row,
        stood,
        addresses,
        nearby: u64::try_from(nearby).unwrap_or(u64::MAX),
        dials,
        unsettled: BTreeMap::new(),
        reached: Reached::Nothing,
        awaits_consent: false,
        ping: None,
        round_trip: None,
    });
    Ok(())
}

/// A link of a dial ends for a reason that its phase does not say.
pub(crate) fn note(state: &mut State, link: LinkId, why: DialFailure) {
    if let Some(trial) = &mut state.trials.running
        && let Some(Some(address)) = trial.unsettled.remove(&link)
    {
        trial.came_of(address, AddressOutcome::Failed(why));
    }
}

/// A PING was answered on this link.
pub(crate) fn on_pong(state: &mut State, now: Moment, link: LinkId) {
    if let Some(trial) = &mut state.trials.running
        && let Some(ping) = trial.ping.as_mut().filter(|ping| ping.link == link)
    {
        ping.behind = ping.behind.saturating_sub(1);
        if ping.behind == 0 && trial.round_trip.is_none() {
            trial.round_trip = Some(now.since(ping.said_at));
        }
    }
}

/// The end of a turn: what has come of it so far, and what is next.
pub(crate) fn look(state: &mut State, turn: &mut Turn<'_>) {
    let Some(mut trial) = state.trials.running.take() else { return };
    let under_way = trial.follow(state);
    let is_met = state.contacts.is_met(trial.row);
    match state.deliveries.get(&trial.row).and_then(Delivery::link) {
        Some(link) => trial.ping_on(state, turn, link),
        None => trial.ping = None,
    }
    if is_met && trial.round_trip.is_none() && (under_way || trial.ping.is_some()) {
        state.trials.running = Some(trial);
    } else {
        trial.conclude(state, turn);
    }
}

/// It has taken long enough.
pub(crate) fn on_patience_over(state: &mut State, turn: &mut Turn<'_>) {
    let Some(mut trial) = state.trials.running.take() else { return };
    trial.follow(state);
    if trial.reached == Reached::Nothing {
        let silent = |one: &&mut TriedAddress| one.outcome == AddressOutcome::NotTried;
        for one in trial.addresses.iter_mut().filter(silent) {
            one.outcome = AddressOutcome::Failed(DialFailure::TimedOut);
        }
    }
    trial.conclude(state, turn);
}

/// Everything that may lead to this contact is dialled now: which dials run that may.
fn dial_for(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> BTreeSet<DialId> {
    state.reach.elsewhere.remove(&row);
    state.reach.waits.remove(&Timer::Redial(row));
    // A link on which they are being met is not to be doubled.
    let is_being_met = |one: &Link| one.contact() == Some(row) && !matches!(one.phase, Phase::Closing(_));
    if !state.links.iter().any(|(_, one)| is_being_met(one)) {
        reach::redial(state, turn, row);
    }
    reach::near::on_due(state, turn);
    for position in 0..state.settings.dial.len() {
        reach::redial_fixed(state, turn, position);
    }
    rendezvous::look_for(state, turn, row);
    let may_be = |target: &Target| !matches!(target, Target::Contact(other) if *other != row);
    state.reach.dials.iter().filter(|(_, dial)| may_be(&dial.target)).map(|(dial, _)| *dial).collect()
}

/// Where a contact may be, and how that is known.
fn places(state: &State, row: ContactRow) -> Vec<TriedAddress> {
    let Some(contact) = state.contacts.get(row) else { return Vec::new() };
    let given = state.settings.dial.iter().map(|address| (*address, AddressSource::Given));
    let relays = reach::circuits(state, row).into_iter().map(|one| (one.relay.address, AddressSource::Relay));
    let taken = reach::taken_by_others(state, row);
    let mut places: Vec<TriedAddress> = Vec::new();
    for (address, source) in reach::known(state, row, contact).into_iter().chain(given).chain(relays) {
        if places.iter().any(|one| one.is_place(address, source)) {
            continue;
        }
        let outcome = if taken.contains(&address) {
            AddressOutcome::Failed(DialFailure::SomebodyElse)
        } else {
            AddressOutcome::NotTried
        };
        places.push(TriedAddress { address, source, outcome });
    }
    places
}

impl TriedAddress {
    /// Whether it is this address: of the contact's own, or of a relay.
    fn is_place(&self, address: Address, source: AddressSource) -> bool {
        let is_relay = |source| source == AddressSource::Relay;
        self.address == address && is_relay(self.source) == is_relay(source)
    }
}

impl Running {
    /// Takes over what dials and links show; whether something may still come of them.
    fn follow(&mut self, state: &State) -> bool {
        let mut under_way = !self.stood && rendezvous::is_asking(state, self.row);
        if !self.stood {
            self.follow_new(state);
        }
        for dial in self.dials.clone() {
            let Some(dial) = state.reach.dials.get(&dial) else { continue };
            under_way = true;
            for (address, why) in &dial.failed {
                self.came_of(*address, AddressOutcome::Failed(*why));
            }
        }
        for (link, one) in state.links.iter() {
            let dialled = one.ends.dial.is_some_and(|dial| self.dials.contains(&dial));
            if one.contact() == Some(self.row) {
                self.unsettled.remove(&link);
                self.met(one, dialled);
                under_way |= !matches!(one.phase, Phase::Closing(_)) && !self.awaits_consent;
            } else if dialled && is_undecided(one) {
                self.unsettled.insert(link, one.ends.address);
                under_way = true;
            }
        }
        self.settle(state);
        under_way
    }

    /// What became known since, and is dialled for it.
    fn follow_new(&mut self, state: &State) {
        for place in places(state, self.row) {
            if !self.addresses.iter().any(|one| one.is_place(place.address, place.source)) {
                self.addresses.push(place);
            }
        }
        let theirs = |target: &Target| matches!(target, Target::Contact(row) if *row == self.row);
        let dials = state.reach.dials.iter().filter(|(_, dial)| theirs(&dial.target));
        self.dials.extend(dials.map(|(dial, _)| *dial));
    }

    /// It is them, at this address if it was dialled.
    fn met(&mut self, link: &Link, dialled: bool) {
        let reached = match &link.phase {
            Phase::Live(live) if live.is_proven() => Reached::Channel,
            Phase::Live(_) => Reached::Keys,
            _ => Reached::Them,
        };
        self.reached = self.reached.max(reached);
        self.awaits_consent = matches!(&link.phase, Phase::Invited(invited) if invited.waits_for_consent());
        if dialled && link.ends.path() == Path::Relayed {
            self.met_over_relay();
        }
        let Some(address) = link.ends.address.filter(|_| dialled) else { return };
        if !self.addresses.iter().any(|one| one.address == address) {
            let (source, outcome) = (AddressSource::Near, AddressOutcome::NotTried);
            self.addresses.push(TriedAddress { address, source, outcome });
        }
        self.came_of(address, AddressOutcome::Answered);
    }

    /// A link does not say over which relay it goes: that is known where only one is left.
    fn met_over_relay(&mut self) {
        let mut open = self.addresses.iter_mut().filter(|one| {
            one.source == AddressSource::Relay && !matches!(one.outcome, AddressOutcome::Failed(_))
        });
        if let (Some(one), None) = (open.next(), open.next()) {
            one.outcome = AddressOutcome::Answered;
        }
    }

    /// Links that ended, or turned out to be somebody's, before they showed that it is them.
    fn settle(&mut self, state: &State) {
        let is_decided = |link: &LinkId| state.links.get(*link).is_none_or(|one| !is_undecided(one));
        let decided: Vec<LinkId> = self.unsettled.keys().copied().filter(is_decided).collect();
        for link in decided {
            if let Some(Some(address)) = self.unsettled.remove(&link) {
                self.came_of(address, AddressOutcome::Failed(DialFailure::SomebodyElse));
            }
        }
    }

    /// The first word counts, unless they answer there after all.
    fn came_of(&mut self, address: Address, outcome: AddressOutcome) {
        let known = self.addresses.iter_mut().find(|one| one.address == address);
        if let Some(one) = known
            && (one.outcome == AddressOutcome::NotTried || outcome == AddressOutcome::Answered)
        {
            one.outcome = outcome;
        }
    }

    /// Says PING on the channel that is used, once.
    fn ping_on(&mut self, state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
        self.reached = Reached::Channel;
        if self.ping.is_some_and(|ping| ping.link == link) {
            return;
        }
        live_channel::send(state, turn, link, FrameKind::Ping, &[]);
        let behind = state.links.live(link).map_or(0, LiveChannel::pings);
        self.ping = Some(Ping { link, said_at: turn.now.moment, behind });
    }

    fn conclude(self, state: &mut State, turn: &mut Turn<'_>) {
        state.timers.cancel(Timer::Trial);
        let step = |done: bool, tried: bool| match (done, tried) {
            (true, _) => StepResult::Done,
            (false, true) => StepResult::Failed,
            (false, false) => StepResult::NotTried,
        };
        let reached = if self.stood { Reached::Channel } else { self.reached };
        let online = reached >= Reached::Channel && state.is_online(self.row);
        let failed = |one: &TriedAddress| matches!(one.outcome, AddressOutcome::Failed(_));
        let was_dialled = !self.dials.is_empty() || self.addresses.iter().any(failed);
        let known = !self.addresses.is_empty() || self.nearby > 0 || reached > Reached::Nothing;
        let trial = Trial {
            loopback: state.settings.loopback,
            known: step(known, true),
            dialled: step(!self.stood && reached >= Reached::Them, !self.stood && was_dialled),
            agreed: step(reached >= Reached::Keys, reached == Reached::Them),
            awaits_consent: self.awaits_consent && reached == Reached::Them,
            online: step(online, reached >= Reached::Keys),
            answered: step(self.round_trip.is_some(), online),
            nearby: self.nearby,
            round_trip: self.round_trip,
            addresses: self.addresses,
        };
        let result = Ok(Answer::Trial(Box::new(trial)));
        turn.push(Output::Reply { command: self.command, result });
    }
}

/// Whether a link has not shown whose it is.
const fn is_undecided(link: &Link) -> bool {
    matches!(link.phase, Phase::Nonce(_) | Phase::Tokens(..))
}
