//! Servers that contacts use, as they say on live channels: with them a node begins that was given none, or whose own are
//! gone.
//!
//! They are each contact's word, and go with the contact. A server that is dialled sees where we are, so those of one
//! contact take a part of the room only, and what is remembered here is never passed on.

use crate::{
    address::Address,
    contact::ContactRow,
    engine::{Settings, State},
    limits,
    records::RecordsError,
    turn::{RecordKey, Turn},
};

/// What contacts told, the newest at the end.
#[derive(Debug, Default)]
pub(super) struct Servers {
    told: Vec<(ContactRow, Address)>,
}

impl Servers {
    /// Reads what is kept.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, RecordsError> {
        Ok(Self { told: turn.load(&key(turn))?.unwrap_or_default() })
    }

    /// A contact told of these, the most important one first; whether that changes anything.
    fn note(&mut self, row: ContactRow, servers: &[Address]) -> bool {
        let before = self.told.clone();
        self.told.retain(|(by, server)| *by != row || !servers.contains(server));
        self.told.extend(servers.iter().rev().map(|server| (row, *server)));
        let of_theirs = self.told.iter().filter(|(by, _)| *by == row).count();
        let mut surplus = of_theirs.saturating_sub(limits::SERVERS_PER_CONTACT_MAX);
        self.told.retain(|(by, _)| {
            let goes = *by == row && surplus > 0;
            surplus = surplus.saturating_sub(usize::from(goes));
            !goes
        });
        let surplus = self.told.len().saturating_sub(limits::SERVERS_REMEMBERED_MAX);
        self.told.drain(..surplus);
        self.told != before
    }

    /// Forgets what a contact told; whether there was anything.
    fn forget(&mut self, row: ContactRow) -> bool {
        let before = self.told.len();
        self.told.retain(|(by, _)| *by != row);
        self.told.len() != before
    }

    fn save(&self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        let key = key(turn);
        if self.told.is_empty() {
            turn.delete(&key);
            return Ok(());
        }
        turn.save(&key, &self.told)
    }
}

/// A contact told of their servers: those that we could use are remembered. One that the person names now may be one that
/// they do not name at the next start.
pub(crate) fn on_told(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    told: &[Address],
) -> Result<(), RecordsError> {
    let settings = &state.settings;
    if !may_learn(settings) {
        return Ok(());
    }
    let mut servers: Vec<Address> = Vec::new();
    for server in told.iter().filter(|server| is_of_use(state, server)) {
        if servers.len() < limits::SERVERS_PER_CONTACT_MAX && !servers.contains(server) {
            servers.push(*server);
        }
    }
    if state.rendezvous.servers.note(row, &servers) {
        state.rendezvous.servers.save(turn)?;
    }
    Ok(())
}

/// A contact is blocked or removed: their word counts no more.
pub(crate) fn forget(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    if state.rendezvous.servers.forget(row) {
        state.rendezvous.servers.save(turn)?;
    }
    Ok(())
}

/// What contacts told, the newest first.
pub(crate) fn remembered(state: &State) -> Vec<Address> {
    let settings = &state.settings;
    let mut servers: Vec<Address> = Vec::new();
    if !may_learn(settings) {
        return servers;
    }
    for (row, server) in state.rendezvous.servers.told.iter().rev() {
        // An identity that is newer than the store may know better whom we meet.
        let counts = state.contacts.is_met(*row) && is_of_use(state, server);
        if counts && !settings.servers.contains(server) && !servers.contains(server) {
            servers.push(*server);
        }
    }
    servers
}

/// Whoever hides from contacts uses none of theirs: it may be the contact who runs it.
const fn may_learn(settings: &Settings) -> bool {
    settings.internet && settings.learn_servers && settings.direct
}

/// Whether everybody means the same by it, and it is not ourselves.
fn is_of_use(state: &State, server: &Address) -> bool {
    server.is_public(state.settings.loopback)
        && !state.rendezvous.public().contains(server)
        && !state.reach.listening().contains(server)
}

fn key(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'V', &[b"servers"], &[])
}
