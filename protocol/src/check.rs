//! `check`: walks every chain and record of every conversation, a few hundred records a turn, so that a long walk
//! keeps nobody waiting. The command is answered when the walk is done.

use std::collections::VecDeque;

use crate::{
    answer::{Answer, CheckView},
    contact::ContactRow,
    delivery,
    engine::State,
    ids::{CommandId, ConversationId},
    limits,
    log::{self, CheckCursor},
    output::Output,
    records::RecordsError,
    timer::Timer,
    turn::Turn,
};

/// One walk under way.
#[derive(Debug)]
pub(crate) struct Walk {
    conversations: VecDeque<ConversationId>,
    cursor: Option<CheckCursor>,
    found: CheckView,
}

/// Begins a walk.
pub(crate) fn begin(state: &mut State, turn: &Turn<'_>, command: CommandId) {
    let own = state.own.account();
    let rows: Vec<ContactRow> = state.contacts.iter().map(|(row, _)| row).collect();
    let accounts = rows
        .iter()
        .filter_map(|row| state.contacts.get(*row))
        .flat_map(|contact| std::iter::once(contact.account).chain(contact.merged.iter().copied()));
    let conversations = accounts.map(|account| log::conversation_id(own, account)).collect();
    let walk = Walk { conversations, cursor: None, found: CheckView::default() };
    state.checks.insert(command, walk);
    state.timers.set(Timer::Check(command), turn.now.moment);
}

/// Goes on for a few hundred records.
pub(crate) fn go_on(state: &mut State, turn: &mut Turn<'_>, command: CommandId) -> Result<(), RecordsError> {
    let Some(walk) = state.checks.get_mut(&command) else { return Ok(()) };
    if let Some(conversation) = walk.conversations.front().copied() {
        let checked = log::check(turn, conversation, walk.cursor, limits::PURGE_RECORDS_PER_TURN)?;
        walk.found.entries += checked.entries;
        walk.found.gaps += checked.gaps;
        walk.found.unreadable += checked.unreadable;
        walk.cursor = checked.cursor;
        if walk.cursor.is_none() {
            walk.conversations.pop_front();
        }
        state.timers.set(Timer::Check(command), turn.now.moment + delivery::BREATH);
        return Ok(());
    }
    let found = walk.found;
    state.checks.remove(&command);
    turn.push(Output::Reply { command, result: Ok(Answer::Check(found)) });
    Ok(())
}
