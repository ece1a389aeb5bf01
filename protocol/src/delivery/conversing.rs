//! What people ask about conversations: write, read, look back, and how things stand as a whole.

use crate::{
    answer::{
        Answer, CommandError, ContactState, Halt, MessageDetails, MessageState, MessageView, StatusView,
        Verification,
    },
    command::Reference,
    contact::ContactRow,
    delivery::pump,
    engine::State,
    event::Event,
    ids::{AccountId, MessageId},
    limits,
    log::{
        self, AppendError, Author, Conversation,
        entry::{Profile, kind},
    },
    output::Output,
    records::RecordsError,
    testing::plant::{self, Plant},
    turn::Turn,
};

/// Who we are and how things stand.
pub(crate) fn status(state: &mut State, turn: &mut Turn<'_>) -> Result<Answer, Halt> {
    let rows: Vec<ContactRow> = state
        .contacts
        .listed()
        .filter(|(_, contact)| contact.state != ContactState::Failed)
        .map(|(row, _)| row)
        .collect();
    let mut queued = 0;
    for row in &rows {
        open(state, turn, *row)?;
        queued += state.conversations.get(row).map_or(0, Conversation::undelivered);
    }
    let peers = rows.iter().filter(|row| state.is_anywhere(**row)).count();
    Ok(Answer::Status(StatusView {
        id: state.own.account(),
        name: state.name.clone(),
        listening: state.reach.listening().to_vec(),
        beyond: state.rendezvous.is_in_use().then(|| state.rendezvous.standing().clone()),
        lan_only: !state.settings.internet,
        peers: u64::try_from(peers).unwrap_or(u64::MAX),
        queued,
    }))
}

/// Writes a message: durable here, and on its way as soon as the other side is there.
pub(crate) fn write(
    state: &mut State,
    turn: &mut Turn<'_>,
    whom: &Reference,
    text: &str,
    key: Option<&str>,
) -> Result<Answer, Halt> {
    let row = state.contacts.find(whom)?;
    if let Some(written) = written_before(state, turn, row, key)? {
        return Ok(written);
    }
    state.settings.room.or_refusal()?;
    may_write(state, row)?;
    if text.is_empty() {
        return Err(CommandError::Empty.into());
    }
    if text.len() > limits::TEXT_BYTES_MAX {
        return Err(CommandError::TooLong.into());
    }
    open(state, turn, row)?;
    if plant::is(Plant::AnswerUnwritten) && text.len() % 8 == 7 {
        let message = MessageId::from_bytes(turn.random.bytes());
        return Ok(Answer::Message { message, state: MessageState::Queued });
    }
    let Some(conversation) = state.conversations.get_mut(&row) else {
        return Err(CommandError::NotFound.into());
    };
    let appended =
        conversation.append(turn, kind::TEXT, text.as_bytes(), key).map_err(|error| match error {
            AppendError::Records(error) => Halt::Failed(error),
            AppendError::Entry(_) => CommandError::TooLong.into(),
            AppendError::TooManyRuns => CommandError::Full(TOO_MANY_RUNS).into(),
        })?;
    state.waiting.extend(state.contacts.rows_of(row));
    Ok(Answer::Message { message: appended.mid, state: appended.state })
}

/// What was written with this key before, whatever has become of the contact since.
fn written_before(
    state: &mut State,
    turn: &Turn<'_>,
    row: ContactRow,
    key: Option<&str>,
) -> Result<Option<Answer>, RecordsError> {
    let Some(key) = key else { return Ok(None) };
    open(state, turn, row)?;
    let Some(conversation) = state.conversations.get(&row) else { return Ok(None) };
    let found = conversation.with_key(turn, key)?;
    Ok(found.map(|appended| Answer::Message { message: appended.mid, state: appended.state }))
}

/// One page of a conversation, oldest of the page first.
pub(crate) fn history(
    state: &mut State,
    turn: &mut Turn<'_>,
    whose: &Reference,
    limit: u32,
    before: Option<&str>,
) -> Result<Answer, Halt> {
    let row = state.contacts.find(whose)?;
    let before = match before {
        Some(words) => Some(MessageId::parse(words).ok_or(CommandError::MessageNotFound)?),
        None => None,
    };
    open(state, turn, row)?;
    let Some(contact) = state.contacts.get(row) else { return Err(CommandError::NotFound.into()) };
    let account = contact.account;
    let reason = contact.reason.clone().unwrap_or_else(|| GIVEN_UP.to_owned());
    let (removed, from_the_end) = (contact.removed, before.is_none());
    if removed && state.purges.has_history(conversation_id(state, account)) {
        return Err(CommandError::NotFound.into());
    }
    let older = older(state, turn, row)?;
    let newest = state.conversations.get(&row);
    let newest_first: Vec<&Conversation> = newest.into_iter().chain(&older).collect();
    let rows =
        log::history_across(turn, &newest_first, limit, before)?.ok_or(CommandError::MessageNotFound)?;
    // Of somebody removed only a kept history can be asked for.
    if removed && from_the_end && rows.is_empty() {
        return Err(CommandError::NotFound.into());
    }
    let own = state.own.account();
    let views = rows.iter().map(|one| {
        let mut view = MessageView::of(one, account, if one.outgoing { own } else { account });
        view.reason = (view.state == MessageState::Failed).then(|| reason.clone());
        view
    });
    Ok(Answer::Messages(views.collect()))
}

/// What is known of one message.
pub(crate) fn describe(
    state: &mut State,
    turn: &Turn<'_>,
    whose: &Reference,
    message: &str,
) -> Result<Answer, Halt> {
    let row = state.contacts.find(whose)?;
    let message = MessageId::parse(message).ok_or(CommandError::MessageNotFound)?;
    open(state, turn, row)?;
    let Some(contact) = state.contacts.get(row) else { return Err(CommandError::NotFound.into()) };
    let (account, own) = (contact.account, state.own.account());
    let reason = contact.reason.clone().unwrap_or_else(|| GIVEN_UP.to_owned());
    let older = older(state, turn, row)?;
    let newest_first: Vec<&Conversation> = state.conversations.get(&row).into_iter().chain(&older).collect();
    let (found, times) =
        log::describe_across(turn, &newest_first, message)?.ok_or(CommandError::MessageNotFound)?;
    let mut view = MessageView::of(&found, account, if found.outgoing { own } else { account });
    view.reason = (view.state == MessageState::Failed).then_some(reason);
    Ok(Answer::MessageDetails(Box::new(MessageDetails {
        message: view,
        written_at: found.wall,
        delivered_at: times.delivered_at,
        read_at: times.read_at,
        path: times.path,
    })))
}

/// The conversations that a contact's own one goes on from: those of accounts that the same person had before.
pub(crate) fn older(
    state: &State,
    turn: &Turn<'_>,
    row: ContactRow,
) -> Result<Vec<Conversation>, RecordsError> {
    let merged = state.contacts.get(row).map(|contact| contact.merged.as_slice()).unwrap_or_default();
    let loaded = merged
        .iter()
        .map(|account| Conversation::load(turn, conversation_id(state, *account), &author(state)));
    loaded.collect()
}

/// Everything received so far has been read; they are told by the next envelope.
pub(crate) fn mark_read(state: &mut State, turn: &mut Turn<'_>, whose: &Reference) -> Result<Answer, Halt> {
    let row = state.contacts.find(whose)?;
    open(state, turn, row)?;
    let Some(conversation) = state.conversations.get_mut(&row) else { return Ok(Answer::Done) };
    let marks = conversation.mark_read(turn)?;
    for row in state.contacts.rows_of(row) {
        if let Some(delivery) = state.deliveries.get_mut(&row) {
            delivery.reads.extend(marks.iter().map(|mark| (mark.chain, *mark)));
            pump(state, turn, row)?;
        }
    }
    Ok(Answer::Done)
}

/// What was not delivered to a contact will never be: they were removed, or their invitation failed.
pub(crate) fn give_up(state: &mut State, turn: &mut Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    open(state, turn, row)?;
    let Some(conversation) = state.conversations.get_mut(&row) else { return Ok(()) };
    if let (Some(up_to), Some(contact)) = (conversation.give_up(turn)?, state.contacts.get(row)) {
        let (conversation, state) = (contact.account, MessageState::Failed);
        turn.push(Output::Notify(Event::MessageState { conversation, up_to, state }));
    }
    Ok(())
}

/// Why nothing can be written any more to somebody.
const TOO_MANY_RUNS: &str =
    "this home was put back, or became another device, too often for this conversation";

/// Why a message failed whose contact is one again.
const GIVEN_UP: &str = "the contact was removed, or their invitation had failed";

/// Says our name as the first entry after somebody was let in.
pub(crate) fn introduce_ourselves(
    state: &mut State,
    turn: &mut Turn<'_>,
    row: ContactRow,
) -> Result<(), RecordsError> {
    open(state, turn, row)?;
    let profile = Profile { name: state.name.clone() };
    let row = state.contacts.person(row);
    let Some(conversation) = state.conversations.get_mut(&row) else { return Ok(()) };
    let Ok(body) = profile.encode() else { return Ok(()) };
    match conversation.append(turn, kind::PROFILE, &body, None) {
        Err(AppendError::Records(error)) => Err(error),
        // A name that was checked when it was given is a body that is taken.
        Ok(_) | Err(AppendError::Entry(_) | AppendError::TooManyRuns) => Ok(()),
    }
}

/// Loads a contact's conversation unless it is there.
pub(crate) fn open(state: &mut State, turn: &Turn<'_>, row: ContactRow) -> Result<(), RecordsError> {
    let row = state.contacts.person(row);
    if state.conversations.contains_key(&row) {
        return Ok(());
    }
    let Some(account) = state.contacts.get(row).map(|contact| contact.account) else { return Ok(()) };
    let conversation = Conversation::load(turn, conversation_id(state, account), &author(state))?;
    state.conversations.insert(row, conversation);
    Ok(())
}

fn may_write(state: &State, row: ContactRow) -> Result<(), CommandError> {
    let Some(contact) = state.contacts.get(row).filter(|contact| !contact.removed) else {
        return Err(CommandError::NotFound);
    };
    if contact.verification == Verification::Changed {
        return Err(CommandError::VerificationChanged);
    }
    match contact.state {
        ContactState::Pending | ContactState::Active => Ok(()),
        ContactState::Request => {
            Err(CommandError::WrongState("this is a request: accept it before you write"))
        }
        ContactState::Blocked => {
            Err(CommandError::WrongState("this contact is blocked: unblock them before you write"))
        }
        ContactState::Failed => {
            Err(CommandError::WrongState("the invitation of this contact failed: ask them for a new one"))
        }
    }
}

/// Who we are as an author.
pub(crate) fn author(state: &State) -> Author {
    Author { dev: state.own.device(), k_self: state.own.k_self().clone() }
}

fn conversation_id(state: &State, account: AccountId) -> crate::ids::ConversationId {
    log::conversation_id(state.own.account(), account)
}
