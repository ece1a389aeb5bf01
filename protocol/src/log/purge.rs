//! Deleting a conversation, some records a turn: extents with their index records, then the chain, then the list.
//!
//! Chains leave the list only when nothing of them is left, so that a deletion goes on where it was cut off. Records
//! that cannot be read are deleted as well; only index records that they alone would name stay behind, sealed.

use crate::{
    ids::ConversationId,
    limits,
    log::{
        chain,
        entry::{ChainId, Entry},
        extent::Extents,
        list_key, load_list, place,
    },
    records::RecordsError,
    turn::Turn,
};

/// Deletes at most about `limits::PURGE_RECORDS_PER_TURN` records of a conversation. True: there are more, call again
/// in another turn.
///
/// # Errors
/// [`RecordsError`] when the store fails or the list of chains is damaged.
pub fn purge(turn: &mut Turn<'_>, conv: ConversationId) -> Result<bool, RecordsError> {
    let mut room = limits::PURGE_RECORDS_PER_TURN;
    for (part, mut list) in load_list(turn, &conv)?.into_iter().enumerate().rev() {
        while let Some((chain, own)) = list.chains.last().copied() {
            if room == 0 || !purge_chain(turn, &conv, chain, own, &mut room)? {
                turn.save(&list_key(turn, &conv, part), &list)?;
                return Ok(true);
            }
            list.chains.pop();
        }
        turn.delete(&list_key(turn, &conv, part));
    }
    Ok(false)
}

/// Deletes what there is room for; true when nothing is left.
fn purge_chain(
    turn: &mut Turn<'_>,
    conv: &ConversationId,
    id: ChainId,
    own: bool,
    room: &mut usize,
) -> Result<bool, RecordsError> {
    let extents = Extents::of(turn, conv, id);
    for at in extents.places(turn, (0, 0), *room)? {
        let items = match extents.items_at(turn, at) {
            Err(RecordsError::Damaged(_)) => Vec::new(),
            other => other?,
        };
        // An extent goes with all its index records, or another turn would not find them.
        for item in &items {
            if let Ok(entry) = Entry::decode(&item.bytes)
                && entry.is_message()
            {
                turn.delete(&place::key(turn, conv, own, entry.head().mid));
                *room = room.saturating_sub(1);
            }
        }
        extents.delete_at(turn, at);
        *room = room.saturating_sub(1);
        if *room == 0 {
            return Ok(false);
        }
    }
    turn.delete(&chain::key(turn, conv, id));
    *room = room.saturating_sub(1);
    Ok(true)
}
