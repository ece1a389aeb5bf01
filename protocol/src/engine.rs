//! The engine: inputs in one door, outputs out of one door. It routes and holds no rule of the domain.
//!
//! The law it lives by stands in `lib.rs`. A turn is one `handle`: the input goes to the part it is meant for, the
//! parts decide on the state and the turn, and at the end the turn's writes become one change-set that leaves before
//! everything else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

mod opening;

pub use opening::OpenError;

use crate::{
    account::{
        identity::{self, OwnerRef},
        keys::OwnAccount,
    },
    address::Address,
    answer::{Answer, ContactView, Halt, Path},
    check,
    command::Command,
    contact::{
        ContactRow, Contacts, decisions, introduction,
        invitation::{self, Invitations},
    },
    delivery::{self, Delivery, conversations},
    entropy::Entropy,
    event::Event,
    evidence::Evidence,
    ids::{AccountId, CommandId, ProcessId},
    input::Input,
    link::{self, Links, keep_alive, live_channel::rivals},
    log::Conversation,
    moment::{Moment, Now, WallTime},
    notices::Notices,
    output::Output,
    own_devices,
    purge::{self, Purges},
    reach::{
        self, Reach, direct,
        trial::{self, Trials},
    },
    records::{Records, RecordsError},
    rendezvous::{self, Rendezvous},
    room::{self, Room},
    rotation::{self, Rotation},
    testing::plant::{self, Plant},
    timer::{Timer, Timers},
    turn::{RecordKey, Turn},
    vault::Vault,
};

/// What a home is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Everybody is on this machine: loopback addresses are told and dialled.
    pub loopback: bool,
    /// Addresses to keep dialling.
    pub dial: Vec<Address>,
    /// Whether what is new can be written down, at first.
    pub room: Room,
    /// Which machine and which files these are, hashed: a store that finds itself elsewhere may be a copy. `None` where
    /// that cannot be told.
    pub place: Option<[u8; 32]>,
    /// Whether the internet is used. Without it nothing is left or looked up at the meeting place, no relay is used, and of
    /// what contacts and links tell only addresses of this machine and this network are dialled.
    pub internet: bool,
    /// Whether contacts may learn our addresses. Otherwise we never say them and never dial theirs: only relays are left.
    /// Addresses that the person gave are dialled nevertheless.
    pub direct: bool,
    /// Whether anything is left at the meeting place: otherwise we look others up there, and nobody finds us.
    pub announce: bool,
    /// Servers that the person named. Contacts are told which of them are up.
    pub servers: Vec<Address>,
    /// Whether we are a server ourselves, of which contacts are told.
    pub serves: bool,
    /// Whether servers of contacts are remembered.
    pub learn_servers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            loopback: false,
            dial: Vec::new(),
            room: Room::default(),
            place: None,
            internet: true,
            direct: true,
            announce: true,
            servers: Vec::new(),
            serves: false,
            learn_servers: true,
        }
    }
}

/// One person's device: everything it decides.
#[derive(Debug)]
pub struct Engine {
    vault: Vault,
    state: State,
    outputs: VecDeque<Output>,
}

/// What the parts work on. Each part owns the fields that carry its name.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) own: OwnAccount,
    pub(crate) name: String,
    pub(crate) safety_half: String,
    pub(crate) starts: u64,
    pub(crate) process: ProcessId,
    pub(crate) settings: Settings,
    pub(crate) evidence: Evidence,
    pub(crate) contacts: Contacts,
    pub(crate) invitations: Invitations,
    pub(crate) conversations: BTreeMap<ContactRow, Conversation>,
    pub(crate) deliveries: BTreeMap<ContactRow, Delivery>,
    pub(crate) links: Links,
    pub(crate) reach: Reach,
    pub(crate) rendezvous: Rendezvous,
    /// Contacts to whom something was written in this turn.
    pub(crate) waiting: BTreeSet<ContactRow>,
    pub(crate) purges: Purges,
    pub(crate) rotation: Rotation,
    pub(crate) check: Option<check::Walk>,
    pub(crate) trials: Trials,
    pub(crate) timers: Timers,
    /// The commit that the identity file was told last.
    commit_told: u64,
    /// When the person was last told that a device runs twice.
    pub(crate) twin_told: Option<Moment>,
    pub(crate) notices: Notices,
    commit: u64,
    identity_changed: bool,
}

/// What every change-set carries.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Mark {
    commit: u64,
    evidence: WallTime,
}

impl Engine {
    /// Lets it do what no input makes it do, as somebody who does not keep the rules.
    ///
    /// # Errors
    /// As [`Self::handle`].
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn meddle(
        &mut self,
        now: Now,
        entropy: &Entropy,
        records: &dyn Records,
        deed: impl FnOnce(&mut State, &mut Turn<'_>),
    ) -> Result<(), RecordsError> {
        let mut turn = Turn::new(now, entropy, records, &self.vault);
        deed(&mut self.state, &mut turn);
        end(&mut self.state, turn, &mut self.outputs)
    }

    /// What it works on.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// Takes one input. Drain `poll_output` before the next.
    ///
    /// # Errors
    /// [`RecordsError`] when the store failed: the turn is void, and the engine must be dropped and opened again.
    pub fn handle(
        &mut self,
        input: Input,
        now: Now,
        entropy: &Entropy,
        records: &dyn Records,
    ) -> Result<(), RecordsError> {
        if matches!(input, Input::RingPersisted) {
            // Keys come and go between turns only.
            self.state.rotation.acknowledge(&mut self.vault);
        }
        let mut turn = Turn::new(now, entropy, records, &self.vault);
        let state = &mut self.state;
        match input {
            Input::Commands(commands) => {
                for (id, command) in commands {
                    handle_command(state, &mut turn, id, command)?;
                }
                delivery::pump_all(state, &mut turn)?;
            }
            Input::NetworkUp { own } => reach::on_network_up(state, &mut turn, own),
            Input::LinkUp { link, ends } => link::on_up(state, &mut turn, link, ends),
            Input::Frame { link, bytes } => link::on_frame(state, &mut turn, link, &bytes)?,
            Input::LinkDown { link } => link::on_down(state, &mut turn, link)?,
            Input::Discovered { peer, addresses } => {
                reach::near::on_discovered(state, &mut turn, peer, addresses)
            }
            Input::DiscoveryExpired { peer } => reach::near::on_expired(state, &peer),
            Input::Listening { addresses } => reach::on_listening(state, &mut turn, addresses),
            Input::AddressFailed { dial, address, why } => {
                reach::on_address_failed(state, dial, address, why);
            }
            Input::DialFailed { dial } => reach::on_dial_failed(state, &mut turn, dial),
            Input::Resumed => {
                state.evidence.look(&mut turn, now.wall)?;
                reach::on_resumed(state, &mut turn);
            }
            Input::RingPersisted => rotation::on_persisted(state, &mut turn)?,
            Input::Stopping => {
                // So that a store that loses its newest part while nobody looks is known by it at the next start.
                state.identity_changed |= state.commit > state.commit_told;
                rotation::on_stopping(state, &turn);
            }
            Input::Room(room) => room::on_room(state, &mut turn, room),
            Input::Standing(standing) => rendezvous::on_standing(state, &mut turn, standing),
            Input::RecordFound { lookup, value } => {
                rendezvous::on_found(state, &mut turn, lookup, &value);
            }
            Input::LookupEnded { lookup } => rendezvous::on_ended(state, &mut turn, lookup),
            Input::Timeout => {}
        }
        while let Some(timer) = state.timers.take_due(now.moment) {
            handle_timer(state, &mut turn, timer)?;
        }
        trial::look(&mut self.state, &mut turn);
        end(&mut self.state, turn, &mut self.outputs)
    }

    /// The next thing to do outside, `None` when the turn is drained.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call `handle` again at the latest, with `Input::Timeout` if nothing else happened.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.state.timers.next()
    }

    /// Whether the ring is being rotated: until it is not, nothing that was erased is sure to be.
    #[must_use]
    pub fn is_rotating(&self) -> bool {
        self.state.rotation.is_under_way()
    }

    /// Our account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.state.own.account()
    }

    /// Servers that contacts told of, the newest first; none that the person named.
    #[must_use]
    pub fn servers(&self) -> Vec<Address> {
        rendezvous::remembered_servers(&self.state)
    }

    /// How many sessions are kept with a contact's device.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn sessions_with(&self, account: AccountId) -> usize {
        let contact = self.state.contacts.by_account(account).and_then(|row| self.state.contacts.get(row));
        contact.map_or(0, |contact| contact.sessions.len())
    }

    /// Our device.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub const fn device(&self) -> crate::ids::DeviceId {
        self.state.own.device()
    }

    /// How often this home was opened, this time included: the upper half of event numbers.
    #[must_use]
    pub const fn starts(&self) -> u64 {
        self.state.starts
    }
}

impl State {
    /// Whether a live channel to this contact stands.
    pub(crate) fn is_online(&self, row: ContactRow) -> bool {
        self.deliveries.get(&row).is_some_and(Delivery::is_online)
    }

    /// By which path the channel to this contact goes that is used; `None` where none stands.
    pub(crate) fn path(&self, row: ContactRow) -> Option<Path> {
        let link = self.deliveries.get(&row).and_then(Delivery::link)?;
        Some(self.links.get(link).map_or(Path::Direct, |one| one.ends.path()))
    }

    /// Whether a contact counts as there: a live channel to any device of theirs stands, or one follows another.
    pub(crate) fn is_anywhere(&self, row: ContactRow) -> bool {
        let rows = self.contacts.rows_of(row);
        let mut held = rows.iter().filter_map(|row| self.deliveries.get(row));
        held.any(|delivery| delivery.is_online() || delivery.is_in_between())
    }

    /// Of the devices of a contact the one that is there, or was seen last.
    pub(crate) fn likeliest_device(&self, row: ContactRow) -> ContactRow {
        let seen = |row: &ContactRow| self.contacts.get(*row).and_then(|contact| contact.last_seen);
        let rows = self.contacts.rows_of(row).into_iter().rev();
        rows.max_by_key(|row| (self.is_online(*row), seen(row))).unwrap_or(row)
    }

    /// What a person sees of a contact: the most direct path to any device of theirs, and when one was seen last.
    pub(crate) fn contact_view(&self, row: ContactRow) -> Option<ContactView> {
        let rows = self.contacts.rows_of(row);
        let paths = || rows.iter().filter_map(|row| self.path(*row));
        let path = paths().find(|path| *path == Path::Direct).or_else(|| paths().next());
        let seen = rows.iter().filter_map(|row| self.contacts.get(*row)).filter_map(|one| one.last_seen);
        let mut view = self.contacts.get(*rows.first()?)?.view(&self.safety_half, path);
        view.last_seen = seen.max();
        Some(view)
    }

    /// Tells people about a contact.
    pub(crate) fn notify(&self, turn: &mut Turn<'_>, row: ContactRow, event: fn(Box<ContactView>) -> Event) {
        if let Some(view) = self.contact_view(row) {
            turn.push(Output::Notify(event(Box::new(view))));
        }
    }

    /// Contacts or pair keys changed: the identity file's copy is written with this turn.
    pub(crate) const fn identity_changed(&mut self) {
        self.identity_changed = true;
    }

    /// Somebody may be recognised now who was nobody before.
    pub(crate) fn secrets_changed(&mut self, turn: &mut Turn<'_>) {
        reach::on_secrets_changed(self, turn);
    }
}

fn handle_command(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: CommandId,
    command: Command,
) -> Result<(), RecordsError> {
    let result = match command {
        Command::Check => match check::begin(state, turn, id) {
            Ok(()) => return Ok(()),
            Err(halt) => Err(halt),
        },
        Command::TestContact { contact } => match trial::begin(state, turn, id, &contact) {
            Ok(()) => return Ok(()),
            Err(halt) => Err(halt),
        },
        command => obey(state, turn, command),
    };
    let result = match result {
        Ok(answer) => Ok(answer),
        Err(Halt::Refused(error)) => Err(error),
        Err(Halt::Failed(error)) => return Err(error),
    };
    turn.push(Output::Reply { command: id, result });
    Ok(())
}

fn obey(state: &mut State, turn: &mut Turn<'_>, command: Command) -> Result<Answer, Halt> {
    room::may(state, &command)?;
    match command {
        Command::Status => delivery::status(state, turn),
        Command::CreateInvitation { reusable, ask, expires_in, hints } => {
            invitation::create(state, turn, invitation::Wishes { reusable, ask, expires_in, hints })
        }
        Command::ListInvitations => Ok(invitation::list(state, turn)),
        Command::RevokeInvitation { invitation } => invitation::revoke(state, turn, &invitation),
        Command::AcceptInvitation { link, name, ignore_end } => {
            introduction::accept(state, turn, &link, name.as_deref(), ignore_end)
        }
        Command::ListDevices => Ok(own_devices::list(state)),
        Command::SeparateDevice => own_devices::separate(state, turn),
        Command::ListContacts => Ok(decisions::list(state)),
        Command::AcceptContact { contact } => decisions::accept(state, turn, &contact),
        Command::IgnoreContact { contact } => decisions::ignore(state, turn, &contact),
        Command::VerifyContact { contact } => decisions::verify(state, turn, &contact),
        Command::BlockContact { contact } => decisions::block(state, turn, &contact),
        Command::UnblockContact { contact } => decisions::unblock(state, turn, &contact),
        Command::RenameContact { contact, name } => decisions::rename(state, turn, &contact, &name),
        Command::MergeContacts { new, old } => decisions::merge(state, turn, &new, &old),
        Command::RemoveContact { contact, keep_history } => {
            decisions::remove(state, turn, &contact, keep_history)
        }
        Command::SendMessage { conversation, text, idempotency_key } => {
            delivery::write(state, turn, &conversation, &text, idempotency_key.as_deref())
        }
        Command::ListMessages { conversation, limit, before } => {
            delivery::history(state, turn, &conversation, limit, before.as_deref())
        }
        Command::DescribeMessage { conversation, message } => {
            delivery::describe(state, turn, &conversation, &message)
        }
        Command::ListConversations => conversations::list(state, turn),
        Command::MarkConversation { conversation, mark } => {
            conversations::mark(state, turn, &conversation, &mark)
        }
        Command::MarkRead { conversation } => delivery::mark_read(state, turn, &conversation),
        // Answered over many turns, so they are begun before.
        Command::Check | Command::TestContact { .. } => Ok(Answer::Done),
    }
}

fn handle_timer(state: &mut State, turn: &mut Turn<'_>, timer: Timer) -> Result<(), RecordsError> {
    match timer {
        Timer::KeepAlive => keep_alive::on_tick(state, turn),
        Timer::LinkPatience(link) => link::on_patience_over(state, turn, link),
        Timer::Probe(link) => keep_alive::on_probe_over(state, turn, link),
        Timer::TwinAnswer(link) => rivals::on_silent(state, turn, link)?,
        Timer::Nearby => reach::near::on_due(state, turn),
        Timer::Redial(row) => reach::redial(state, turn, row),
        Timer::RedialFixed(position) => reach::redial_fixed(state, turn, position),
        Timer::TellDevices(row) => delivery::tell_devices(state, turn, row),
        Timer::Purge => purge::go_on(state, turn)?,
        Timer::Check => check::go_on(state, turn)?,
        Timer::Rotation => rotation::go_on(state, turn)?,
        Timer::Trial => trial::on_patience_over(state, turn),
        Timer::PublishRound => rendezvous::on_round(state, turn),
        Timer::Publish => rendezvous::publish(state, turn),
        Timer::LookUp(row) => rendezvous::ask(state, turn, row),
        Timer::LookupPatience(lookup) => rendezvous::on_ended(state, turn, lookup),
        Timer::TryDirect(row) => direct::attempt(state, turn, row),
    }
    Ok(())
}

/// Ends a turn: the writes with their mark, then the identity copy, then everything that rests on them.
fn end(state: &mut State, mut turn: Turn<'_>, outputs: &mut VecDeque<Output>) -> Result<(), RecordsError> {
    rotation::note(state, &mut turn)?;
    let identity_changed = std::mem::take(&mut state.identity_changed);
    if turn.writes() > 0 || identity_changed {
        state.commit = state.commit.saturating_add(1);
        let mark = Mark { commit: state.commit, evidence: state.evidence.stands() };
        turn.save(&mark_key(&turn), &mark)?;
    }
    let identity = if identity_changed {
        state.commit_told = state.commit;
        let owner =
            OwnerRef { keys: &state.own, name: &state.name, starts: state.starts, commit: state.commit };
        let vault = turn.vault();
        identity::seal(&owner, state.contacts.iter(), vault, &mut turn.random)
    } else {
        None
    };
    let (changes, mut said) = turn.finish();
    if plant::is(Plant::SayBeforeWrite) {
        outputs.extend(said.drain(..));
    }
    if !changes.writes.is_empty() {
        outputs.push_back(Output::Persist(changes));
    }
    outputs.extend(identity.map(Output::PersistIdentity));
    outputs.extend(said);
    Ok(())
}

pub(crate) fn mark_key(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'A', &[b"mark"], &[])
}

#[cfg(test)]
mod boundaries;
#[cfg(test)]
mod details;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod internet;
#[cfg(test)]
mod introductions;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod races;
#[cfg(test)]
mod repairs;
#[cfg(test)]
mod rooms;
#[cfg(test)]
mod rotations;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trials;
#[cfg(test)]
mod twins;
#[cfg(test)]
mod versions;
