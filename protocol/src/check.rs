//! `check`: walks every chain and record of every conversation, a few hundred records a turn, so that a long walk
//! keeps nobody waiting. The command is answered when the walk is done.

use std::collections::VecDeque;

use crate::{
    answer::{Answer, CheckView},
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

/// One walk under way.
#[derive(Debug)]
pub(crate) struct Walk {
    conversations: VecDeque<ConversationId>,
    cursor: Option<CheckCursor>,
    found: CheckView,
}

/// Begins a walk.
pub(crate) fn begin(state: &mut State, turn: &Turn<'_>, command: CommandId) {
    let conversations = conversations(state.own.account(), &state.contacts).collect();
    let walk = Walk { conversations, cursor: None, found: CheckView::default() };
    state.checks.insert(command, walk);
    state.timers.set(Timer::Check(command), turn.now.moment);
}

/// Goes on for a few hundred records.
pub(crate) fn go_on(state: &mut State, turn: &mut Turn<'_>, command: CommandId) -> Result<(), RecordsError> {
    let Some(walk) = state.checks.get_mut(&command) else { return Ok(()) };
    if let Some(conversation) = walk.conversations.front().copied() {
        let checked = log::check(turn, conversation, walk.cursor, limits::PURGE_RECORDS_PER_TURN)?;
        add(&mut walk.found, &checked);
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
        .iter()
        .flat_map(|(_, contact)| std::iter::once(contact.account).chain(contact.merged.iter().copied()));
    accounts.map(move |account| log::conversation_id(own, account))
}

fn add(found: &mut CheckView, checked: &Checked) {
    found.entries += checked.entries;
    found.gaps += checked.gaps;
    found.unreadable += checked.unreadable;
}
