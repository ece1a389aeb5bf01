//! A node whose answers a test chooses, and one of each view.

use std::net::Ipv4Addr;

use causerie_protocol::{
    address::{Address, Transport},
    answer::{
        AddressOutcome, AddressSource, Answer, ContactState, ContactView, DialFailure, InvitationState,
        InvitationView, MessageDetails, MessageState, MessageView, Path, StatusView, StepResult, Trial,
        TriedAddress, Verification,
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
    let (handle, mut requests) =
        NodeHandle::new("".as_ref(), events.clone(), listening, watch::channel(None).1);
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
        beyond: None,
        lan_only: false,
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

/// Ours, delivered and not read.
pub(crate) fn details() -> MessageDetails {
    let own = MessageView { outgoing: true, received_at: None, ..message(1) };
    MessageDetails {
        message: own,
        written_at: WallTime::from_millis(1_767_323_045_006),
        delivered_at: Some(WallTime::from_millis(1_767_323_047_000)),
        read_at: None,
        path: Some(Path::Direct),
    }
}

/// Nobody listens where they were.
pub(crate) fn trial() -> Trial {
    Trial {
        loopback: false,
        addresses: vec![TriedAddress {
            address: Address { transport: Transport::Tcp, ip: Ipv4Addr::new(192, 0, 2, 1).into(), port: 7 },
            source: AddressSource::Met,
            outcome: AddressOutcome::Failed(DialFailure::Refused),
        }],
        nearby: 0,
        known: StepResult::Done,
        dialled: StepResult::Failed,
        agreed: StepResult::NotTried,
        awaits_consent: false,
        online: StepResult::NotTried,
        answered: StepResult::NotTried,
        round_trip: None,
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
