//! What a list of conversations shows, and what a person puts on one: a draft, a pin, silence, the archive.
//!
//! These marks are this installation's alone: sealed like everything, never sent, and gone with the contact.
//!
//! ```text
//! W part 0   = pinned u8 ‖ archived u8 ‖ muted u8 ‖ pieces u8
//! W part 1 … = a piece of the draft
//! ```

use serde::{Deserialize, Serialize};

use crate::{
    answer::{Answer, CommandError, ConversationView, Halt, MessageView},
    command::{ConversationMark, Reference},
    contact::ContactRow,
    delivery::conversing::{older, open},
    engine::State,
    ids::AccountId,
    limits,
    log::{self, Conversation},
    records::RecordsError,
    turn::{RecordKey, Turn},
};

/// Bytes of a piece of a draft: with what seals it no longer than a record may be.
const PIECE_BYTES: usize = 3_072;

/// What a person put on a conversation, beside the draft.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Marks {
    pinned: bool,
    archived: bool,
    muted: bool,
    pieces: u8,
}

/// Every listed contact with what was said last and what is unread, in the order of contacts.
pub(crate) fn list(state: &mut State, turn: &Turn<'_>) -> Result<Answer, Halt> {
    let rows: Vec<ContactRow> = state.contacts.listed().map(|(row, _)| row).collect();
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        views.extend(view(state, turn, row)?);
    }
    Ok(Answer::Conversations(views))
}

/// Puts a mark on a conversation, or takes it away.
pub(crate) fn mark(
    state: &State,
    turn: &mut Turn<'_>,
    whose: &Reference,
    mark: &ConversationMark,
) -> Result<Answer, Halt> {
    let row = state.contacts.find(whose)?;
    let Some(account) = state.contacts.get(row).map(|contact| contact.account) else {
        return Err(CommandError::NotFound.into());
    };
    let mut marks: Marks = turn.load(&key(turn, account, 0))?.unwrap_or_default();
    match mark {
        ConversationMark::Pinned(pinned) => marks.pinned = *pinned,
        ConversationMark::Archived(archived) => marks.archived = *archived,
        ConversationMark::Muted(muted) => marks.muted = *muted,
        ConversationMark::Draft(text) => marks.pieces = save_draft(turn, account, text, marks.pieces)?,
    }
    turn.save(&key(turn, account, 0), &marks)?;
    Ok(Answer::Done)
}

/// Takes all marks away: the contact is removed.
pub(crate) fn forget(turn: &mut Turn<'_>, account: AccountId) -> Result<(), RecordsError> {
    let marks: Option<Marks> = turn.load(&key(turn, account, 0))?;
    for part in 0..=marks.map_or(0, |marks| marks.pieces) {
        turn.delete(&key(turn, account, part));
    }
    Ok(())
}

fn view(
    state: &mut State,
    turn: &Turn<'_>,
    row: ContactRow,
) -> Result<Option<ConversationView>, RecordsError> {
    open(state, turn, row)?;
    let Some(contact) = state.contact_view(row) else { return Ok(None) };
    let account = contact.id;
    let older = older(state, turn, row)?;
    let newest = state.conversations.get(&row);
    let unread = newest.map_or(Ok(0), |conversation| conversation.unread(turn))?;
    let newest_first: Vec<&Conversation> = newest.into_iter().chain(&older).collect();
    let last = log::history_across(turn, &newest_first, 1, None)?.and_then(|mut rows| rows.pop());
    let own = state.own.account();
    let last = last.map(|row| MessageView::of(&row, account, if row.outgoing { own } else { account }));
    let marks: Marks = turn.load(&key(turn, account, 0))?.unwrap_or_default();
    Ok(Some(ConversationView {
        contact,
        last,
        unread,
        draft: load_draft(turn, account, marks.pieces)?,
        pinned: marks.pinned,
        archived: marks.archived,
        muted: marks.muted,
    }))
}

fn save_draft(turn: &mut Turn<'_>, account: AccountId, text: &str, before: u8) -> Result<u8, Halt> {
    if text.len() > limits::TEXT_BYTES_MAX {
        return Err(CommandError::TooLong.into());
    }
    let mut pieces: u8 = 0;
    for piece in text.as_bytes().chunks(PIECE_BYTES) {
        pieces = pieces.saturating_add(1);
        turn.save_bytes(&key(turn, account, pieces), piece)?;
    }
    for part in pieces..before {
        turn.delete(&key(turn, account, part.saturating_add(1)));
    }
    Ok(pieces)
}

fn load_draft(turn: &Turn<'_>, account: AccountId, pieces: u8) -> Result<String, RecordsError> {
    let mut bytes = Vec::new();
    for part in 1..=pieces {
        let piece = turn.load_bytes(&key(turn, account, part))?;
        bytes.extend(piece.ok_or(RecordsError::Damaged('W'))?);
    }
    String::from_utf8(bytes).map_err(|_| RecordsError::Damaged('W'))
}

fn key(turn: &Turn<'_>, account: AccountId, part: u8) -> RecordKey {
    turn.key(b'W', &[account.as_bytes()], &[part])
}
