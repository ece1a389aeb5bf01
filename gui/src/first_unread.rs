//! Finds the first message of a conversation that was not read, however many came: beside whatever else goes on, and
//! without loading what lies between.
//!
//! A history is read backwards. What is found comes with the messages that were passed on the way, from which the
//! conversation can be opened at that place.

use causerie_node::handle::NodeHandle;
use causerie_protocol::{
    answer::Answer,
    command::Command,
    ids::{AccountId, MessageId},
    limits::HISTORY_PAGE_MAX,
};

use crate::model::reference;

/// How many messages are shown after it at first.
const SHOWN_AFTER: usize = 50;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// In this conversation.
    pub with: AccountId,
    /// Before this message.
    pub before: MessageId,
    /// So many messages of theirs further back.
    pub count: usize,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstUnread {
    /// The message.
    pub id: MessageId,
    /// Messages passed on the way to it, the nearest last.
    pub newer: Vec<MessageId>,
}

/// Reads until it is there; `None` where the history is shorter, or the node is gone.
pub async fn find(node: NodeHandle, wanted: Wanted) -> Option<FirstUnread> {
    let mut newer = vec![wanted.before];
    let mut left = wanted.count;
    loop {
        let command = Command::ListMessages {
            conversation: reference(wanted.with),
            limit: HISTORY_PAGE_MAX,
            before: newer.last().map(ToString::to_string),
        };
        let Ok(Answer::Messages(page)) = node.command(command).await else { return None };
        let theirs: Vec<usize> =
            page.iter().enumerate().rev().filter(|(_, row)| !row.outgoing).map(|(place, _)| place).collect();
        let is_last = u32::try_from(page.len()).is_ok_and(|length| length < HISTORY_PAGE_MAX);
        // Where some were removed meanwhile the history ends before so many were counted.
        let found = match theirs.get(left.saturating_sub(1)) {
            None if is_last => theirs.last(),
            found => found,
        };
        if let Some(place) = found {
            newer.extend(page.get(place + SHOWN_AFTER).map(|row| row.id));
            return Some(FirstUnread { id: page.get(*place)?.id, newer });
        }
        left -= theirs.len();
        newer.push(page.first().filter(|_| !is_last)?.id);
    }
}
