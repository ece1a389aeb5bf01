//! Looks through everything that was said, beside whatever else goes on, and tells what it finds as it finds it.
//!
//! The store has no index of words: they would have to lie there as safely as the messages themselves. So every
//! conversation is read backwards, the one with the newest message first. What is found comes with the messages that
//! were passed on the way there, from which the conversation can be opened at that place.

use causerie_node::handle::NodeHandle;
use causerie_protocol::{
    answer::{Answer, ConversationView, MessageView},
    command::Command,
    ids::{AccountId, MessageId},
    limits::HISTORY_PAGE_MAX,
};
use tokio::sync::mpsc;

use crate::{components::say, model::reference};

/// Messages that one search finds at most: more than anybody looks through.
pub const FOUND_MAX: usize = 200;

/// How many messages are shown after the one that was found.
const SHOWN_AFTER: usize = 50;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Words that must all be in a message, whatever their accents and capitals.
    pub words: String,
    /// Only in this conversation.
    pub within: Option<AccountId>,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// It.
    pub message: MessageView,
    /// Messages passed on the way to it, the nearest last.
    pub newer: Vec<MessageId>,
}

/// What a search tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// These were found, and so many messages were looked at so far.
    Found(Vec<Found>, u64),
    /// Everything was looked at, or so much was found that it is enough.
    Done {
        /// There may be more.
        more: bool,
    },
}

/// Looks until everything was looked at, enough was found, or nobody listens any more.
pub async fn search(node: NodeHandle, query: Query, told: mpsc::Sender<Told>) {
    let mut looking = Looking { wanted: wanted(&query.words), node, told, looked_at: 0, found: 0 };
    let more = if looking.wanted.is_empty() { Some(false) } else { looking.everywhere(query.within).await };
    if let Some(more) = more {
        looking.told.send(Told::Done { more }).await.ok();
    }
}

/// The words as they are compared.
fn wanted(words: &str) -> Vec<String> {
    words.split_whitespace().map(say::folded).filter(|word| !word.is_empty()).collect()
}

struct Looking {
    wanted: Vec<String>,
    node: NodeHandle,
    told: mpsc::Sender<Told>,
    looked_at: u64,
    found: usize,
}

impl Looking {
    /// Whether there may be more; `None` where nobody listens, or the node is gone.
    async fn everywhere(&mut self, within: Option<AccountId>) -> Option<bool> {
        let Ok(Answer::Conversations(mut all)) = self.node.command(Command::ListConversations).await else {
            return None;
        };
        all.retain(|one| within.is_none_or(|within| one.contact.id == within));
        let newest =
            |one: &ConversationView| one.last.as_ref().map(|last| last.received_at.unwrap_or(last.sent_at));
        all.sort_by_key(|one| core::cmp::Reverse(newest(one)));
        for one in all {
            if self.conversation(one.contact.id).await? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Looks through one conversation; whether enough was found.
    async fn conversation(&mut self, with: AccountId) -> Option<bool> {
        let mut newer: Vec<MessageId> = Vec::new();
        loop {
            let command = Command::ListMessages {
                conversation: reference(with),
                limit: HISTORY_PAGE_MAX,
                before: newer.last().map(ToString::to_string),
            };
            let page = match self.node.command(command).await {
                Ok(Answer::Messages(page)) => page,
                // Somebody who was removed meanwhile has nothing more to be looked at.
                _ if self.told.is_closed() => return None,
                _ => return Some(false),
            };
            self.looked_at += u64::try_from(page.len()).unwrap_or_default();
            let found = self.page(&page, &newer);
            self.found += found.len();
            self.told.send(Told::Found(found, self.looked_at)).await.ok()?;
            if self.found >= FOUND_MAX {
                return Some(true);
            }
            let is_last = u32::try_from(page.len()).is_ok_and(|length| length < HISTORY_PAGE_MAX);
            match page.first() {
                Some(first) if !is_last => newer.push(first.id),
                _ => return Some(false),
            }
        }
    }

    /// What is in one page, the newest first.
    fn page(&self, page: &[MessageView], newer: &[MessageId]) -> Vec<Found> {
        let places = page.iter().enumerate().rev().filter(|(_, row)| self.is_wanted(row));
        let found = places.map(|(place, row)| {
            let after = page.get(place + SHOWN_AFTER).map(|row| row.id);
            Found { message: row.clone(), newer: newer.iter().copied().chain(after).collect() }
        });
        found.take(FOUND_MAX.saturating_sub(self.found)).collect()
    }

    fn is_wanted(&self, row: &MessageView) -> bool {
        let Some(text) = &row.text else { return false };
        let text = say::folded(text);
        self.wanted.iter().all(|word| text.contains(word))
    }
}
