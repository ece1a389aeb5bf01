//! Deletions that take many turns: a removed contact's history and sessions go a few hundred records a turn, and a
//! record of what is still to go survives a restart in the middle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    contact::{ContactRow, introduction::accepting},
    delivery,
    engine::State,
    ids::{ConversationId, SessionId},
    limits,
    log::{self, Conversation},
    records::{Order, RecordsError},
    session::Session,
    timer::Timer,
    turn::{RecordKey, Turn},
};

/// Everything that is still to go.
#[derive(Debug, Default)]
pub(crate) struct Purges {
    pending: BTreeMap<u64, Purge>,
}

/// One thing that is to go.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Purge {
    History(ConversationId),
    Session(SessionId),
}

impl Purges {
    /// Reads what a stop interrupted.
    pub(crate) fn load(turn: &Turn<'_>) -> Result<Self, RecordsError> {
        let mut pending = BTreeMap::new();
        for (suffix, purge) in
            turn.scan::<Purge>(&family(turn), (&[], None), Order::Ascending, PENDING_MAX)?
        {
            let row = suffix.try_into().map_err(|_| RecordsError::Damaged('X'))?;
            pending.insert(u64::from_be_bytes(row), purge);
        }
        Ok(Self { pending })
    }

    /// Whether this history is being deleted: then it is not shown any more.
    pub(crate) fn has_history(&self, conversation: ConversationId) -> bool {
        self.pending.values().any(|purge| matches!(purge, Purge::History(going) if *going == conversation))
    }

    fn add(&mut self, turn: &mut Turn<'_>, purge: Purge) -> Result<(), RecordsError> {
        let row = self.pending.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
        turn.save(&family(turn).with(&row.to_be_bytes()), &purge)?;
        self.pending.insert(row, purge);
        Ok(())
    }
}

/// A contact is dropped: sessions always, history unless it is to stay.
pub(crate) fn contact(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    keep_history: bool,
) -> Result<(), RecordsError> {
    let Some(contact) = state.contacts.get(row) else { return Ok(()) };
    let account = contact.account;
    let rows = state.contacts.rows_of(row);
    let sessions: Vec<SessionId> = rows
        .iter()
        .filter_map(|row| state.contacts.get(*row))
        .flat_map(|one| one.sessions.iter().copied())
        .collect();
    let mut histories = contact.merged.clone();
    histories.push(account);
    for session in sessions {
        state.purges.add(turn, Purge::Session(session))?;
    }
    if keep_history {
        delivery::give_up(state, turn, row)?;
    } else {
        state.conversations.remove(&row);
        for one in histories {
            let id = log::conversation_id(state.own.account(), one);
            Conversation::load(turn, id, &delivery::author(state))?.retire(turn)?;
            state.purges.add(turn, Purge::History(id))?;
        }
    }
    accepting::drop_kept_first(turn, account)?;
    state.contacts.forget_further(turn, row)?;
    resume(state, turn);
    Ok(())
}

/// Sessions of a contact that are of no use any more.
pub(crate) fn sessions(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
    gone: &[SessionId],
) -> Result<(), RecordsError> {
    if gone.is_empty() {
        return Ok(());
    }
    for session in gone {
        state.purges.add(turn, Purge::Session(*session))?;
    }
    if let Some(contact) = state.contacts.get_mut(row) {
        contact.sessions.retain(|session| !gone.contains(session));
    }
    if let Some(delivery) = state.deliveries.get_mut(&row) {
        delivery.drop_sessions(gone);
    }
    state.contacts.save(turn, row)?;
    state.identity_changed();
    resume(state, turn);
    Ok(())
}

/// Goes on with what a stop interrupted.
pub(crate) fn resume(state: &mut State, turn: &Turn<'_>) {
    if !state.purges.pending.is_empty() && state.settings.room.is_enough() {
        state.timers.set(Timer::Purge, turn.now.moment);
    }
}

/// A few hundred records more; nothing while there is no room, and `resume` goes on afterwards.
pub(crate) fn go_on(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    if !state.settings.room.is_enough() {
        return Ok(());
    }
    let Some((row, purge)) = state.purges.pending.first_key_value().map(|(row, purge)| (*row, purge.clone()))
    else {
        return Ok(());
    };
    let more = match purge {
        Purge::History(conversation) => log::purge(turn, conversation)?,
        Purge::Session(session) => Session::forget(turn, session)?,
    };
    if !more {
        state.purges.pending.remove(&row);
        turn.delete(&family(turn).with(&row.to_be_bytes()));
    }
    // The next few hundred wait for the next moment, so that people and peers are served in between.
    if !state.purges.pending.is_empty() {
        state.timers.set(Timer::Purge, turn.now.moment + delivery::BREATH);
    }
    Ok(())
}

const PENDING_MAX: usize = limits::CONTACTS_MAX;

fn family(turn: &Turn<'_>) -> RecordKey {
    turn.key(b'X', &[b"purges"], &[])
}
