//! A node whose answers a test chooses, and one of each view.

use causerie_protocol::{
    answer::{
        Answer, ContactState, ContactView, InvitationState, InvitationView, MessageState, MessageView, Path,
        StatusView, Verification,
    },
    command::Command,
    ids::{AccountId, InvitationId, MessageId},
    moment::WallTime,
};
use tokio::sync::watch;

use super::NodeHandle;
use crate::{error::NodeError, events::EventLog};

/// A node that answers like this, one command after the other, and never says anything by itself.
pub(crate) fn node(
    mut answer: impl FnMut(Command) -> Result<Answer, NodeError> + Send + 'static,
) -> (NodeHandle, EventLog) {
    let events = EventLog::new(1, WallTime::default());
    let (_, listening) = watch::channel(Vec::new());
    let (handle, mut requests) = NodeHandle::new("".as_ref(), events.clone(), listening);
    tokio::spawn(async move {
        while let Some(request) = requests.recv().await {
            let reply = answer(request.command);
            request.reply.send(reply).ok();
        }
    });
    (handle, events)
}

pub(crate) fn status() -> StatusView {
    StatusView {
        id: AccountId::from_bytes([1; 32]),
        name: "Alice".to_owned(),
        listening: Vec::new(),
        peers: 2,
        queued: 3,
    }
}

pub(crate) fn contact() -> ContactView {
    ContactView {
        id: AccountId::from_bytes([2; 32]),
        name: "Bob".to_owned(),
        state: ContactState::Active,
        reason: None,
        verification: Verification::Verified,
        online: true,
        path: Some(Path::Direct),
        last_seen: Some(WallTime::from_millis(1_767_323_045_006)),
        safety_number: Some("12345 ".repeat(12).trim_end().to_owned()),
    }
}

pub(crate) fn message(number: u8) -> MessageView {
    MessageView {
        id: MessageId::from_bytes([number; 16]),
        conversation: AccountId::from_bytes([2; 32]),
        author: AccountId::from_bytes([2; 32]),
        outgoing: false,
        text: Some(format!("text {number}")),
        sent_at: WallTime::from_millis(1_767_323_045_006),
        received_at: Some(WallTime::from_millis(1_767_323_046_000)),
        state: MessageState::Delivered,
        reason: None,
    }
}

pub(crate) fn invitation() -> InvitationView {
    InvitationView {
        id: InvitationId::from_bytes([3; 8]),
        link: Some("causerie:i1#abc".to_owned()),
        expires: None,
        reusable: true,
        ask: false,
        state: InvitationState::Open,
        answers: 1,
    }
}
