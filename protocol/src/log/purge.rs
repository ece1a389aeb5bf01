//! Deleting a conversation, some records a turn: every extent with its index records. What stays is how far each chain
//! went, sealed: so that what was deleted is not taken for missing, and does not come back, when the two meet again.
//!
//! Records that cannot be read are deleted as well; only index records that they alone would name stay behind.

use crate::{
    ids::ConversationId,
    limits,
    log::{
        Conversation,
        chain::{self, Reach},
        entry::{ChainId, Entry},
        extent::Extents,
        load_list, place, progress,
    },
    records::RecordsError,
    turn::Turn,
};

impl Conversation {
    /// Prepares a deletion: from now on every chain counts as erased up to its end, and our own begins anew.
    ///
    /// # Errors
    /// [`RecordsError`] when the store fails.
    pub fn retire(&mut self, turn: &mut Turn<'_>) -> Result<(), RecordsError> {
        self.new_run(turn)?;
        // What lies beyond a gap would not count as erased: it goes at once, and is never much.
        let gaps = self.chains.values().filter(|chain| !chain.reach.beyond.is_empty());
        for (id, next) in gaps.map(|chain| (chain.id, chain.reach.next)).collect::<Vec<_>>() {
            self.cut(turn, id, next)?;
            if let Some(chain) = self.chains.get(&id) {
                chain.save(turn, &self.id)?;
            }
        }
        for chain in self.chains.values_mut().filter(|chain| chain.reach.next > 0) {
            chain.reach.erased = chain.reach.next;
            chain.reach.delivered = chain.reach.next;
            chain.reach.delivered_messages = chain.reach.messages;
            chain.save(turn, &self.id)?;
        }
        Ok(())
    }
}

/// Deletes at most about `limits::PURGE_RECORDS_PER_TURN` records of a retired conversation. True: there are more,
/// call again in another turn.
///
/// # Errors
/// [`RecordsError`] when the store fails or the list of chains is damaged.
pub fn purge(turn: &mut Turn<'_>, conv: ConversationId) -> Result<bool, RecordsError> {
    let mut room = limits::PURGE_RECORDS_PER_TURN;
    for (chain, own) in load_list(turn, &conv)?.into_iter().flat_map(|list| list.chains) {
        let reach: Reach = turn.load(&chain::key(turn, &conv, chain))?.unwrap_or_default();
        if !purge_chain(turn, &conv, (chain, own), reach.erased, &mut room)? {
            return Ok(true);
        }
    }
    progress::forget(turn, &conv)?;
    Ok(false)
}

/// Deletes what there is room for of the entries below `erased`; true when nothing of them is left.
fn purge_chain(
    turn: &mut Turn<'_>,
    conv: &ConversationId,
    (id, own): (ChainId, bool),
    erased: u32,
    room: &mut usize,
) -> Result<bool, RecordsError> {
    let extents = Extents::of(turn, conv, id);
    for at in extents.places(turn, (0, 0), (*room).max(1))? {
        if at.0 >= erased {
            return Ok(true);
        }
        if *room == 0 {
            return Ok(false);
        }
        let items = match extents.items_at(turn, at) {
            Err(RecordsError::Damaged(_)) => Vec::new(),
            other => other?,
        };
        // An extent goes with all its index records, or another turn would not find them.
        for item in &items {
            if let Ok(entry) = Entry::decode(&item.bytes)
                && entry.is_message()
            {
                match place::remove(turn, conv, own, &entry) {
                    Err(RecordsError::Damaged(_)) => {
                        turn.delete(&place::key(turn, conv, own, entry.head().mid));
                    }
                    other => other?,
                }
                *room = room.saturating_sub(1);
            }
        }
        extents.delete_at(turn, at);
        *room = room.saturating_sub(1);
    }
    Ok(*room > 0)
}
