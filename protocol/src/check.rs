//! `check`: walks every chain and record of every conversation, a few hundred records a turn, so that a long walk
//! keeps nobody waiting. The command is answered when the walk is done.

use std::collections::VecDeque;

use crate::{
    answer::{Answer, CheckView, CommandError, Halt},
    contact::Contacts,
    delivery,
    engine::State,
    ids::{AccountId, CommandId, ConversationId},
    limits,
    log::{self, CheckCursor, Checked},
    output::Output,
    records::RecordsError,
    timer::Timer,
    turn::Turn,
};

/// The walk under way.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Who is told what it finds: whoever asks while it is under way does not begin another one.
    askers: Vec<CommandId>,
    conversations: VecDeque<ConversationId>,
    cursor: Option<CheckCursor>,
    found: CheckView,
}

/// Begins a walk, or waits for the end of the one that is under way.
pub(crate) fn begin(state: &mut State, turn: &Turn<'_>, command: CommandId) -> Result<(), Halt> {
    if let Some(walk) = &mut state.check {
        if walk.askers.len() >= limits::CHECK_ASKERS_MAX {
            return Err(CommandError::WrongState("a check is under way, and many wait for it").into());
        }
        walk.askers.push(command);
        return Ok(());
    }
    let conversations = conversations(state.own.account(), &state.contacts).collect();
    let askers = vec![command];
    state.check = Some(Walk { askers, conversations, cursor: None, found: CheckView::default() });
    state.timers.set(Timer::Check, turn.now.moment);
    Ok(())
}

/// Goes on for a few hundred records.
pub(crate) fn go_on(state: &mut State, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
    let Some(walk) = &mut state.check else { return Ok(()) };
    if let Some(conversation) = walk.conversations.front().copied() {
        let checked = log::check(turn, conversation, walk.cursor, limits::PURGE_RECORDS_PER_TURN)?;
        add(&mut walk.found, &checked);
        walk.cursor = checked.cursor;
        if walk.cursor.is_none() {
            walk.conversations.pop_front();
        }
        state.timers.set(Timer::Check, turn.now.moment + delivery::BREATH);
        return Ok(());
    }
    for command in std::mem::take(&mut walk.askers) {
        turn.push(Output::Reply { command, result: Ok(Answer::Check(walk.found)) });
    }
    state.check = None;
    Ok(())
}

/// The same walk in one go, for a home that nobody uses yet.
pub(crate) fn all(turn: &Turn<'_>, own: AccountId, contacts: &Contacts) -> Result<CheckView, RecordsError> {
    let mut found = CheckView::default();
    for conversation in conversations(own, contacts) {
        let mut cursor = None;
        loop {
            let checked = log::check(turn, conversation, cursor, limits::PURGE_RECORDS_PER_TURN)?;
            add(&mut found, &checked);
            cursor = checked.cursor;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// Every conversation that was ever had.
fn conversations(own: AccountId, contacts: &Contacts) -> impl Iterator<Item = ConversationId> {
    let accounts = contacts
        .people()
        .flat_map(|(_, contact)| std::iter::once(contact.account).chain(contact.merged.iter().copied()));
    accounts.map(move |account| log::conversation_id(own, account))
}

fn add(found: &mut CheckView, checked: &Checked) {
    found.entries += checked.entries;
    found.gaps += checked.gaps;
    found.unreadable += checked.unreadable;
}
