//! How much lies in a home: what its files take on the disk, and how many messages are in how many conversations.
//!
//! Nothing keeps these numbers, so they are counted when somebody looks: files and pages of messages, beside whatever
//! else goes on. What was counted first is told first.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use causerie_node::handle::NodeHandle;
use causerie_protocol::{answer::Answer, command::Command, limits::HISTORY_PAGE_MAX};
use tokio::{sync::mpsc, task::spawn_blocking};

use crate::model::reference;

/// Bytes of a block, wherever a system counts in blocks: POSIX says nothing, and every Unix does this.
const BLOCK_BYTES: u64 = 512;

/// What was counted so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What the files take; `None` where they cannot be looked at.
    pub bytes: Option<u64>,
    /// Conversations.
    pub conversations: usize,
    /// Messages; `None` while they are counted.
    pub messages: Option<u64>,
}

/// Counts until all is counted, or nobody listens any more.
pub async fn measure(node: NodeHandle, home: PathBuf, told: mpsc::Sender<Stored>) {
    let bytes = spawn_blocking(move || bytes_below(&home)).await.ok().flatten();
    let Ok(Answer::Conversations(all)) = node.command(Command::ListConversations).await else { return };
    let stored = Stored { bytes, conversations: all.len(), messages: None };
    if told.send(stored).await.is_err() {
        return;
    }
    let mut messages = 0;
    for one in all {
        messages += count(
            &node,
            Command::ListMessages {
                conversation: reference(one.contact.id),
                limit: HISTORY_PAGE_MAX,
                before: None,
            },
        )
        .await;
    }
    told.send(Stored { messages: Some(messages), ..stored }).await.ok();
}

/// How many messages are in this page and those before it; somebody who was removed meanwhile has none.
async fn count(node: &NodeHandle, mut page: Command) -> u64 {
    let mut counted = 0;
    while let Ok(Answer::Messages(found)) = node.command(page.clone()).await {
        counted += u64::try_from(found.len()).unwrap_or_default();
        let is_last = u32::try_from(found.len()).is_ok_and(|length| length < HISTORY_PAGE_MAX);
        match (found.first(), &mut page) {
            (Some(first), Command::ListMessages { before, .. }) if !is_last => {
                *before = Some(first.id.to_string());
            }
            _ => break,
        }
    }
    counted
}

/// What a directory takes on the disk, with all that is in it.
fn bytes_below(directory: &Path) -> Option<u64> {
    let mut bytes: u64 = 0;
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).ok()?.filter_map(Result::ok) {
            // Of a link the link; and what was just removed takes nothing.
            let Ok(facts) = entry.metadata() else { continue };
            bytes = bytes.saturating_add(facts.blocks().saturating_mul(BLOCK_BYTES));
            if facts.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_folders_within_counts_and_what_is_not_there_is_not_called_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let within = folder.path().join("one/two");
        fs::create_dir_all(&within).unwrap();
        fs::write(within.join("file"), vec![1; 100_000]).unwrap();
        let found = bytes_below(folder.path()).unwrap();
        assert!((100_000..200_000).contains(&found), "{found}");
        assert_eq!(bytes_below(&folder.path().join("nowhere")), None);
    }
}
