//! One connection to one peer, whoever it is: from the first nonce to a live channel or the door.
//!
//! ```text
//! nonce ─▶ tokens ─┬─ a contact ──────▶ handshake (KKpsk0) ─▶ live
//!   ▲              ├─ an introduction ─▶ body, first message, consent ─┐
//!   └──────────────│────────────────────────────────────────────────────┘
//!                  └─ nobody ─────────▶ the door
//! ```
//!
//! Every phase before `live` has `limits::HANDSHAKE_PATIENCE`; malformed bytes close the link and change nothing else.
//! Hostile or broken peers cost one link of at most `limits::UNKNOWN_LINKS_MAX`, and keep nobody else out for long.

pub(crate) mod addresses;
pub(crate) mod hello;
pub(crate) mod keep_alive;
pub(crate) mod live_channel;
pub(crate) mod servers;
pub(crate) mod status;
pub(crate) mod whereabouts;

use std::collections::BTreeMap;

use crate::{
    answer::{DialFailure, Path},
    contact::{ContactRow, introduction},
    engine::State,
    ids::{LinkId, SessionId, TransportId},
    input::{LinkEnds, Way},
    limits,
    link::{
        hello::{Binding, Match},
        live_channel::{LiveChannel, rivals},
    },
    output::{LogLevel, Output},
    reach::{self, Origin, trial},
    records::RecordsError,
    session::noise::LiveInitiator,
    testing::plant::{self, Plant},
    timer::Timer,
    turn::Turn,
};

/// All links.
#[derive(Debug, Default)]
pub(crate) struct Links {
    links: BTreeMap<LinkId, Link>,
}

/// One link.
#[derive(Debug)]
pub(crate) struct Link {
    /// Its ends.
    pub(crate) ends: LinkEnds,
    /// How far it has come.
    pub(crate) phase: Phase,
    /// Whom it was made to reach more directly, of all that we did not dial.
    expected: Option<ContactRow>,
}

/// How far a link has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Our nonce is out.
    Nonce(Hello),
    /// The nonces are exchanged: the dialler says its tokens, the dialled chooses one.
    Tokens(Binding, Hello),
    /// Somebody answers an invitation of ours.
    Inviter(introduction::Inviter),
    /// We answer somebody's link.
    Invited(introduction::Invited),
    /// We began the handshake.
    Initiator(Handshake, Box<LiveInitiator>),
    /// They begin the handshake.
    Responder(Handshake),
    /// Frames go both ways.
    Live(Box<LiveChannel>),
    /// It is being closed; nothing that still comes is read.
    Closing(Option<ContactRow>),
}

/// One side of a hello.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hello {
    /// Our nonce.
    pub(crate) nonce: [u8; 32],
    /// An introduction on this link went before; frames of it may still arrive.
    pub(crate) again: bool,
}

/// Between whom a handshake is made.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    /// The contact.
    pub(crate) row: ContactRow,
    /// Whose secret was recognised.
    pub(crate) session: SessionId,
    /// What it is bound to.
    pub(crate) binding: Binding,
}

impl Links {
    /// One of them.
    pub(crate) fn get(&self, link: LinkId) -> Option<&Link> {
        self.links.get(&link)
    }

    /// One of them, to change.
    pub(crate) fn get_mut(&mut self, link: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&link)
    }

    /// The live channel on a link.
    pub(crate) fn live_mut(&mut self, link: LinkId) -> Option<&mut LiveChannel> {
        match self.links.get_mut(&link) {
            Some(Link { phase: Phase::Live(live), .. }) => Some(live),
            _ => None,
        }
    }

    /// The live channel on a link.
    pub(crate) fn live(&self, link: LinkId) -> Option<&LiveChannel> {
        match self.links.get(&link) {
            Some(Link { phase: Phase::Live(live), .. }) => Some(live),
            _ => None,
        }
    }

    /// All live channels.
    pub(crate) fn all_live(&self) -> impl Iterator<Item = (LinkId, &LiveChannel)> {
        self.links.iter().filter_map(|(link, one)| match &one.phase {
            Phase::Live(live) => Some((*link, &**live)),
            _ => None,
        })
    }

    /// All links.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().map(|(link, one)| (*link, one))
    }

    /// Every link that belongs to this contact.
    pub(crate) fn of(&self, row: ContactRow) -> Vec<LinkId> {
        self.links.iter().filter(|(_, link)| link.contact() == Some(row)).map(|(link, _)| *link).collect()
    }

    /// Whether a channel to somebody whom we know stands with this process.
    fn has_channel_with(&self, peer: &TransportId) -> bool {
        self.all_live()
            .any(|(link, live)| live.is_proven() && self.get(link).is_some_and(|one| one.ends.peer == *peer))
    }

    /// Whether our answer to somebody's link was said to this process on a link that stands.
    pub(crate) fn is_answered(&self, row: ContactRow, peer: &TransportId) -> bool {
        self.links.values().filter(|one| one.ends.peer == *peer).any(|one| match &one.phase {
            Phase::Invited(invited) => invited.row() == row && invited.has_answered(),
            _ => false,
        })
    }

    /// Links that others made and that have not shown who they are, oldest first.
    fn unknown(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.iter().filter(|(_, link)| {
            link.is_strangers()
                && !matches!(link.phase, Phase::Live(_) | Phase::Closing(_))
                && !introduction::is_waiting(link)
        })
    }
}

impl Link {
    /// Whether somebody made it who may be anybody.
    pub(crate) const fn is_strangers(&self) -> bool {
        self.ends.dial.is_none() && self.expected.is_none()
    }

    /// Whether a hello is under way in which the tokens were said.
    pub(crate) const fn has_said_tokens(&self) -> bool {
        matches!(self.phase, Phase::Tokens(..))
    }

    /// Whose it is, as the log says it, which names nobody: a contact by their number in the list.
    fn whose(&self) -> String {
        match (&self.phase, self.contact()) {
            (Phase::Inviter(_), _) => "of somebody who holds an invitation".to_owned(),
            (_, Some(row)) => format!("of contact {}", row.number()),
            _ if self.is_strangers() => "of a stranger".to_owned(),
            _ => "that we dialled".to_owned(),
        }
    }

    /// Whose it is, once that is known.
    pub(crate) fn contact(&self) -> Option<ContactRow> {
        match &self.phase {
            Phase::Initiator(handshake, _) | Phase::Responder(handshake) => Some(handshake.row),
            Phase::Live(live) => Some(live.row()),
            Phase::Invited(invited) => Some(invited.row()),
            Phase::Closing(row) => *row,
            Phase::Nonce(_) | Phase::Tokens(..) | Phase::Inviter(_) => None,
        }
    }
}

/// A stream stands: says our nonce.
pub(crate) fn on_up(state: &mut State, turn: &mut Turn<'_>, link: LinkId, ends: LinkEnds) {
    state.reach.on_link_up(link, &ends);
    let expected = match ends.way {
        Way::Punched { .. } => relayed_to(state, &ends.peer),
        Way::Direct | Way::Relayed => None,
    };
    let unwelcome = if !state.settings.room.is_enough() {
        Err("what it brings could not be kept")
    } else if ends.dial.is_none() && expected.is_none() {
        make_room(state, turn, &ends)
    } else {
        Ok(())
    };
    state.links.links.insert(link, Link { ends, phase: Phase::Closing(None), expected });
    match unwelcome {
        Ok(()) => greet(state, turn, link, false),
        Err(why) => {
            turn.log(LogLevel::Warn, format!("link {} of a stranger refused: {why}", link.number()));
            turn.push(Output::CloseLink { link });
        }
    }
}

/// The contact with whom we talk over a relay at the other end of which this is.
fn relayed_to(state: &State, peer: &TransportId) -> Option<ContactRow> {
    let relayed = state.links.all_live().filter(|(_, live)| live.is_proven() && live.path() == Path::Relayed);
    relayed
        .filter(|(link, _)| state.links.get(*link).is_some_and(|one| one.ends.peer == *peer))
        .map(|(_, live)| live.row())
        .next()
}

/// Begins a hello; `again` when an introduction on this link went before.
pub(crate) fn greet(state: &mut State, turn: &mut Turn<'_>, link: LinkId, again: bool) {
    let Some(one) = state.links.get_mut(link) else {
        return;
    };
    let nonce = turn.random.bytes();
    one.phase = Phase::Nonce(Hello { nonce, again });
    turn.push(Output::Transmit { link, frame: hello::nonce_frame(&nonce) });
    wait_patiently(state, turn, link);
}

/// Whether a link that somebody made may stand; the oldest one that is still silent makes room where all places are
/// taken, so that links on which nothing is said keep nobody out.
fn make_room(state: &mut State, turn: &mut Turn<'_>, ends: &LinkEnds) -> Result<(), &'static str> {
    if state.reach.is_tiresome(ends, turn.now.moment) {
        return Err("too many hellos from one place");
    }
    for origin in Origin::of(ends) {
        let from_there = |(_, link): &(LinkId, &Link)| Origin::of(&link.ends).any(|one| one == origin);
        if state.links.unknown().filter(from_there).count() >= origin.unknown_links_max() {
            return Err("too many unknown links from one place");
        }
    }
    if state.links.unknown().count() < limits::UNKNOWN_LINKS_MAX {
        return Ok(());
    }
    let silent = |(_, link): &(LinkId, &Link)| matches!(link.phase, Phase::Nonce(_) | Phase::Tokens(..));
    let Some((oldest, _)) = state.links.unknown().find(silent) else {
        return Err("too many unknown links");
    };
    close(state, turn, oldest, "a newer link took its place");
    Ok(())
}

/// A frame arrived.
pub(crate) fn on_frame(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    plant::panic_if(Plant::ShortFramePanics, bytes.len() < 4);
    let Some(one) = state.links.links.get_mut(&link) else { return Ok(()) };
    match &mut one.phase {
        Phase::Closing(_) => Ok(()),
        Phase::Live(_) => live_channel::on_frame(state, turn, link, bytes),
        Phase::Inviter(_) => introduction::on_inviter_frame(state, turn, link, bytes),
        Phase::Invited(_) => introduction::on_invited_frame(state, turn, link, bytes),
        Phase::Nonce(_) | Phase::Tokens(..) => on_hello(state, turn, link, bytes),
        Phase::Initiator(..) | Phase::Responder(_) => live_channel::on_handshake(state, turn, link, bytes),
    }
}

/// A frame of a hello.
fn on_hello(state: &mut State, turn: &mut Turn<'_>, link: LinkId, bytes: &[u8]) -> Result<(), RecordsError> {
    let Some(one) = state.links.links.get_mut(&link) else { return Ok(()) };
    let dialled_by_us = one.ends.speaks_first();
    let found = match &one.phase {
        Phase::Nonce(Hello { again: true, .. }) if !hello::is_nonce_frame(bytes) => return Ok(()),
        Phase::Nonce(own) => {
            let own = *own;
            let their_nonce = match hello::read_nonce(bytes, &own.nonce) {
                Ok(theirs) => theirs,
                Err(why) => {
                    refuse(state, turn, link, why);
                    return Ok(());
                }
            };
            let binding = hello::bind(&one.ends, own.nonce, their_nonce);
            one.phase = Phase::Tokens(binding.clone(), own);
            if dialled_by_us {
                let expected = state.reach.purpose(link).or(one.expected);
                let frame = hello::slots_frame(state, turn, &binding, own.again, expected);
                turn.push(Output::Transmit { link, frame });
            }
            return Ok(());
        }
        Phase::Tokens(binding, own) => {
            let (binding, own, now) = (binding.clone(), *own, turn.now.wall);
            let found = if dialled_by_us {
                hello::recognise_choice(state, now, own.again, &binding, bytes)
            } else {
                let noise = turn.random.bytes();
                hello::recognise(state, now, own.again, &binding, bytes, noise).map(|(found, token)| {
                    turn.push(Output::Transmit { link, frame: token.to_vec() });
                    found
                })
            };
            found.map(|found| (binding, found))
        }
        _ => return Ok(()),
    };
    match found {
        Some((binding, found)) => on_match(state, turn, link, binding, found),
        None => {
            refuse(state, turn, link, hello::why_useless(bytes));
            Ok(())
        }
    }
}

/// The stream is gone.
pub(crate) fn on_down(state: &mut State, turn: &mut Turn<'_>, link: LinkId) -> Result<(), RecordsError> {
    state.timers.cancel(Timer::LinkPatience(link));
    state.timers.cancel(Timer::TwinAnswer(link));
    state.timers.cancel(Timer::Probe(link));
    live_channel::note_last_seen(state, turn.now, link);
    let Some(gone) = state.links.links.remove(&link) else { return Ok(()) };
    if let Some(row) = gone.contact() {
        live_channel::on_gone(state, turn, link, row)?;
    }
    reach::on_link_down(state, turn, link, &gone);
    Ok(())
}

/// Somebody took too long.
pub(crate) fn on_patience_over(state: &mut State, turn: &mut Turn<'_>, link: LinkId) {
    trial::note(state, link, DialFailure::TimedOut);
    close(state, turn, link, "no answer in time");
}

/// Closes a link in the course of things; the driver reports it as gone afterwards.
pub(crate) fn close(state: &mut State, turn: &mut Turn<'_>, link: LinkId, why: &str) {
    end(state, turn, link, (LogLevel::Debug, "closed", why));
}

/// Closes a link on which something came that nobody who keeps the rules says.
pub(crate) fn refuse(state: &mut State, turn: &mut Turn<'_>, link: LinkId, why: &str) {
    if hello::is_of_version(why) {
        trial::note(state, link, DialFailure::OtherVersion);
    }
    end(state, turn, link, (LogLevel::Warn, "refused", why));
}

fn end(state: &mut State, turn: &mut Turn<'_>, link: LinkId, (level, what, why): (LogLevel, &str, &str)) {
    state.timers.cancel(Timer::LinkPatience(link));
    live_channel::note_last_seen(state, turn.now, link);
    let Some(one) = state.links.links.get_mut(&link) else {
        return;
    };
    if !matches!(one.phase, Phase::Closing(_)) {
        turn.log(level, format!("link {} {} {what}: {why}", link.number(), one.whose()));
        one.phase = Phase::Closing(one.contact());
        turn.push(Output::CloseLink { link });
    }
}

/// Closes every link.
pub(crate) fn close_all(state: &mut State, turn: &mut Turn<'_>, why: &str) {
    let links: Vec<LinkId> = state.links.iter().map(|(link, _)| link).collect();
    for link in links {
        close(state, turn, link, why);
    }
}

/// Gives the peer time for its next frame before a live channel stands.
pub(crate) fn wait_patiently(state: &mut State, turn: &Turn<'_>, link: LinkId) {
    state.timers.set(Timer::LinkPatience(link), turn.now.moment + limits::HANDSHAKE_PATIENCE);
}

fn on_match(
    state: &mut State,
    turn: &mut Turn<'_>,
    link: LinkId,
    binding: Binding,
    found: Match,
) -> Result<(), RecordsError> {
    wait_patiently(state, turn, link);
    match &found {
        Match::Contact { row, .. } | Match::Inviter(row) | Match::Device { row, .. } => {
            reach::on_recognised(state, turn, link, Some(*row));
        }
        Match::Nobody | Match::Own => reach::on_recognised(state, turn, link, None),
        // That may be anybody.
        Match::Invited(_) => {}
    }
    match found {
        Match::Nobody => {
            if let Some(one) = state.links.get(link) {
                state.reach.on_unmatched(link, &one.ends, one.is_strangers(), turn.now.moment);
                if state.links.has_channel_with(&one.ends.peer) {
                    state.reach.is_somebody(&one.ends.peer);
                }
            }
            close(state, turn, link, "nobody we know");
            Ok(())
        }
        Match::Own => {
            rivals::tell_of_twin(state, turn, rivals::OWN_TWIN);
            close(state, turn, link, "another copy of this device");
            Ok(())
        }
        Match::Contact { row, session } => {
            live_channel::begin(state, turn, link, Handshake { row, session, binding })
        }
        Match::Invited(row) => {
            introduction::begin_as_inviter(state, link, row, binding);
            Ok(())
        }
        Match::Device { row, session } => {
            introduction::devices::begin_as_inviter(state, link, row, session, binding);
            Ok(())
        }
        Match::Inviter(row) => introduction::begin_as_invited(state, turn, link, row, binding),
    }
}
