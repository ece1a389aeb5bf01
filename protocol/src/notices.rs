//! What a person is told because of what a contact's device did: of each kind once an hour for each contact.
//!
//! Whoever is known can lose a store, renew keys or contradict a history as often as they like; neither the person nor
//! the events that are kept shall be filled with it. What such a notice is about is mended each time all the same.

use std::collections::BTreeMap;

use crate::{
    contact::ContactRow,
    event::{Event, NoticeKind},
    limits,
    moment::Moment,
    output::Output,
    turn::Turn,
};

/// When each kind was told last because of each contact. Rows of contacts and kinds bound it.
#[derive(Debug, Default)]
pub(crate) struct Notices(BTreeMap<(ContactRow, NoticeKind), Moment>);

impl Notices {
    /// Tells it, unless it was told within the hour.
    pub(crate) fn tell(&mut self, turn: &mut Turn<'_>, row: ContactRow, kind: NoticeKind, text: &str) {
        let now = turn.now.moment;
        let told = self.0.get(&(row, kind));
        if told.is_none_or(|told| now.since(*told) >= limits::CONTACT_NOTICE_REST) {
            self.0.insert((row, kind), now);
            turn.push(Output::Notify(Event::Notice { kind, text: text.to_owned() }));
        }
    }
}
