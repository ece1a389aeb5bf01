//! What the window knows does not depend on which of several things it is told first.

use causerie_protocol::answer::MessageState;

use super::{
    timeline::tests::{PEER, row, somebody},
    *,
};

/// Somebody who has just become a contact.
fn contact() -> ContactView {
    somebody(1, "Alice")
}

/// What is listed once they are.
fn listed() -> Answer {
    Answer::Conversations(vec![ConversationView {
        contact: contact(),
        last: None,
        unread: 0,
        draft: String::new(),
        pinned: false,
        archived: false,
        muted: false,
    }])
}

/// A conversation that is listed and open, with these messages.
fn opened(page: Vec<MessageView>) -> Model {
    let mut model = Model::default();
    model.answered(&Command::ListConversations, listed());
    let question = model.load(PEER, Part::Older).unwrap();
    assert_eq!(model.answered(&question, Answer::Messages(page)), []);
    model
}

fn ids(model: &Model) -> Vec<MessageId> {
    model.timeline(PEER).unwrap().rows().iter().map(|row| row.id).collect()
}

fn delivered(message: &MessageView) -> Arc<Event> {
    Arc::new(Event::MessageState { conversation: PEER, up_to: message.id, state: MessageState::Delivered })
}

#[test]
fn a_conversation_that_is_opened_before_it_is_listed_has_its_messages() {
    let mut model = Model::default();
    let accept = Command::AcceptInvitation { link: String::new(), name: None, ignore_end: false };
    let questions = model.answered(&accept, Answer::Contact(Box::new(contact())));
    assert_eq!(questions, [Command::ListConversations]);
    let question = model.go_to(PEER, Vec::new()).unwrap();
    model.answered(&question, Answer::Messages(Vec::new()));
    model.answered(&Command::ListConversations, listed());
    assert!(model.timeline(PEER).unwrap().is_begun());
    model.sent(row(2));
    assert_eq!(ids(&model), [row(2).id]);
}

#[test]
fn what_is_written_while_the_first_page_is_under_way_stays_when_it_is_opened_again() {
    let mut model = Model::default();
    model.answered(&Command::ListConversations, listed());
    let first = model.go_to(PEER, Vec::new()).unwrap();
    model.sent(row(2));
    let second = model.go_to(PEER, Vec::new()).unwrap();
    model.answered(&first, Answer::Messages(Vec::new()));
    model.answered(&second, Answer::Messages(vec![row(2)]));
    assert_eq!(ids(&model), [row(2).id]);
    assert_eq!(model.load(PEER, Part::Same), Some(first), "nothing is under way any more");
}

#[test]
fn a_message_that_is_delivered_before_it_is_known_as_written_is_shown_as_delivered() {
    let mut model = opened(Vec::new());
    let written = row(2);
    let questions = model.apply(&delivered(&written));
    model.sent(written.clone());
    let page = vec![MessageView { state: MessageState::Delivered, ..written }];
    assert_eq!(model.answered(&questions[0], Answer::Messages(page)), []);
    assert_eq!(ids(&model), [row(2).id]);
    assert_eq!(model.timeline(PEER).unwrap().rows()[0].state, MessageState::Delivered);
}

#[test]
fn what_changes_while_a_page_is_under_way_is_asked_for_again() {
    let mut model = opened(vec![row(2)]);
    let under_way = model.load(PEER, Part::Same).unwrap();
    assert_eq!(model.apply(&delivered(&row(2))), [], "one page at a time");
    let questions = model.answered(&under_way, Answer::Messages(vec![row(2)]));
    assert_eq!(questions, std::slice::from_ref(&under_way));
    let page = vec![MessageView { state: MessageState::Delivered, ..row(2) }];
    assert_eq!(model.answered(&under_way, Answer::Messages(page)), []);
    // Another program, too, and also before anything is loaded.
    let mut model = Model::default();
    let first = model.load(PEER, Part::Older).unwrap();
    assert_eq!(model.elsewhere(), [Command::ListConversations, Command::ListDevices]);
    let questions = model.answered(&first, Answer::Messages(Vec::new()));
    assert_eq!(questions, [first]);
}

#[test]
fn what_comes_while_a_page_is_under_way_stays_when_that_is_refused() {
    let mut model = opened(vec![row(2)]);
    let under_way = model.elsewhere();
    model.sent(row(4));
    model.refused(&under_way[0]);
    assert_eq!(ids(&model), [row(2).id, row(4).id]);
    assert_eq!(model.elsewhere(), under_way);
}

#[test]
fn a_list_that_something_happened_under_is_asked_for_again_once() {
    let mut model = Model::default();
    model.asked(&Command::ListConversations);
    let named = ContactView { name: "Alice Ardently".to_owned(), ..contact() };
    model.apply(&Arc::new(Event::ContactChanged(Box::new(named))));
    // The answer was made before that happened, and takes its place.
    let again = model.answered(&Command::ListConversations, listed());
    assert_eq!(again, [Command::ListConversations]);
    model.asked(&Command::ListConversations);
    assert_eq!(model.answered(&Command::ListConversations, listed()), []);
    // One that is refused leaves nothing behind.
    model.asked(&Command::ListConversations);
    model.refused(&Command::ListConversations);
    let seen = ContactView { online: true, ..contact() };
    model.apply(&Arc::new(Event::ContactChanged(Box::new(seen))));
    model.asked(&Command::ListConversations);
    assert_eq!(model.answered(&Command::ListConversations, listed()), []);
}

#[test]
fn a_copy_that_became_a_device_is_no_copy_any_more() {
    let mut model = Model::default();
    for kind in [NoticeKind::Twin, NoticeKind::KeysRenewed] {
        model.apply(&Arc::new(Event::Notice { kind, text: String::new() }));
    }
    model.answered(&Command::ListDevices, Answer::Devices(Vec::new()));
    assert_eq!(model.unread_notice(), Some(NoticeKind::Twin));
    model.answered(&Command::SeparateDevice, Answer::Devices(Vec::new()));
    assert_eq!(model.unread_notice(), Some(NoticeKind::KeysRenewed));
}

#[test]
fn what_stands_in_the_way_of_everything_is_read_first_and_only_as_long_as_it_does() {
    let mut model = Model::default();
    let tell = |model: &mut Model, kind| {
        assert_eq!(model.apply(&Arc::new(Event::Notice { kind, text: String::new() })), []);
        model.unread_notice()
    };
    assert_eq!(tell(&mut model, NoticeKind::KeysRenewed), Some(NoticeKind::KeysRenewed));
    assert_eq!(tell(&mut model, NoticeKind::NoRoom), Some(NoticeKind::NoRoom));
    assert_eq!(tell(&mut model, NoticeKind::NoRoom), Some(NoticeKind::NoRoom), "it is read once");
    assert_eq!(tell(&mut model, NoticeKind::RoomAgain), Some(NoticeKind::KeysRenewed));
    model.dismiss();
    assert_eq!(model.unread_notice(), Some(NoticeKind::RoomAgain));
    model.dismiss();
    model.dismiss();
    assert_eq!(model.unread_notice(), None);
    assert_eq!(model.notices, [NoticeKind::KeysRenewed, NoticeKind::NoRoom, NoticeKind::RoomAgain]);
    assert_eq!(tell(&mut model, NoticeKind::NoRoom), Some(NoticeKind::NoRoom), "once more");
}
