//! What is told, how much of it, and when it is taken away.

use causerie_protocol::{
    answer::{Answer, Verification},
    command::Command,
    ids::MessageId,
};

use super::*;
use crate::preferences::Language;

const BEGAN: u64 = 1_790_000_000_000;

const ANNA: AccountId = AccountId::from_bytes([1; 32]);

const BEN: AccountId = AccountId::from_bytes([2; 32]);

fn contact(id: AccountId, name: &str, state: ContactState) -> ContactView {
    ContactView {
        id,
        name: name.to_owned(),
        state,
        reason: None,
        verification: Verification::None,
        online: true,
        path: None,
        last_seen: None,
        safety_number: None,
    }
}

fn conversation(id: AccountId, name: &str) -> ConversationView {
    ConversationView {
        contact: contact(id, name, ContactState::Active),
        last: None,
        unread: 0,
        draft: String::new(),
        pinned: false,
        archived: false,
        muted: false,
    }
}

fn message(with: AccountId, text: &str) -> MessageView {
    MessageView {
        id: MessageId::from_bytes([7; 16]),
        conversation: with,
        author: with,
        outgoing: false,
        text: Some(text.to_owned()),
        sent_at: WallTime::from_millis(BEGAN - 60_000),
        received_at: Some(WallTime::from_millis(BEGAN + 1)),
        state: MessageState::Delivered,
        reason: None,
    }
}

/// A window that is told things.
struct Bench {
    attention: Attention,
    model: Model,
    text: Text,
    level: Level,
    locked: bool,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            attention: Attention::new(WallTime::from_millis(BEGAN)),
            model: Model::default(),
            text: Text::of(Language::English),
            level: Level::Message,
            locked: false,
        };
        bench.lists(vec![conversation(ANNA, "Anna"), conversation(BEN, "Ben")]);
        bench
    }

    fn circumstances<'a>(model: &'a Model, text: &'a Text, level: Level, locked: bool) -> Circumstances<'a> {
        Circumstances { model, text, level, in_view: model.watched, locked }
    }

    fn lists(&mut self, all: Vec<ConversationView>) -> Vec<Notification> {
        let conversations = self.model.conversations();
        let before = conversations.into_iter().map(|one| (one.contact.id, one.unread)).collect();
        self.model.answered(&Command::ListConversations, Answer::Conversations(all));
        let how = Self::circumstances(&self.model, &self.text, self.level, self.locked);
        self.attention.on_list(&before, &how)
    }

    fn happens(&mut self, event: Event) -> Option<Notification> {
        let event = Arc::new(event);
        self.model.apply(&event);
        let how = Self::circumstances(&self.model, &self.text, self.level, self.locked);
        self.attention.on_event(&event, &how)
    }

    fn arrives(&mut self, message: MessageView) -> Option<Notification> {
        self.happens(Event::MessageReceived(Box::new(message)))
    }

    fn reads(&mut self, with: AccountId) {
        let conversation = crate::model::reference(with);
        self.model.answered(&Command::MarkRead { conversation }, Answer::Done);
    }

    fn served(&mut self) -> Vec<AccountId> {
        self.attention.served(&self.model, self.model.watched)
    }
}

fn said(notification: Option<Notification>) -> Option<(String, String)> {
    notification.map(|one| (one.title, one.body))
}

fn says(title: &str, body: &str) -> Option<(String, String)> {
    Some((title.to_owned(), body.to_owned()))
}

#[test]
fn each_level_says_so_much() {
    for (level, locked, expected) in [
        (Level::Message, false, says("Anna", "Hello there")),
        (Level::Name, false, says("Anna", "New message")),
        (Level::Presence, false, says("Causerie", "New message")),
        (Level::Nothing, false, None),
        (Level::Message, true, says("Causerie", "New message")),
        (Level::Name, true, says("Causerie", "New message")),
        (Level::Nothing, true, None),
    ] {
        let mut bench = Bench { level, locked, ..Bench::new() };
        assert_eq!(said(bench.arrives(message(ANNA, "Hello\nthere"))), expected, "{level:?} {locked}");
        let request = Event::ContactAdded(Box::new(contact(
            AccountId::from_bytes([3; 32]),
            "Cleo",
            ContactState::Request,
        )));
        let told = said(bench.happens(request));
        let expected = expected.map(|(title, _)| match title.as_str() {
            "Anna" => ("Cleo".to_owned(), "Wants to be your contact".to_owned()),
            _ => (title, "Somebody wants to be your contact".to_owned()),
        });
        assert_eq!(told, expected, "{level:?} {locked}");
    }
}

#[test]
fn what_is_shown_says_no_more_once_it_is_locked_away() {
    let mut bench = Bench::new();
    for text in ["a secret", "another"] {
        bench.arrives(message(ANNA, text));
    }
    let cleo = AccountId::from_bytes([3; 32]);
    bench.happens(Event::ContactAdded(Box::new(contact(cleo, "Cleo", ContactState::Request))));
    bench.arrives(message(BEN, "read"));
    bench.reads(BEN);
    bench.served();
    let told = bench.attention.on_lock(&bench.model, &bench.text);
    assert!(told.iter().all(|one| one.title == "Causerie"));
    let told: Vec<_> = told.into_iter().map(|one| (one.about, one.body)).collect();
    let request = "Somebody wants to be your contact".to_owned();
    assert_eq!(told, [(ANNA, "2 new messages".to_owned()), (cleo, request)]);
}

#[test]
fn silent_for_what_is_in_view_muted_blocked_or_ours() {
    let mut bench = Bench::new();
    bench.model.watched = Some(ANNA);
    assert_eq!(bench.arrives(message(ANNA, "seen at once")), None);
    assert!(bench.arrives(message(BEN, "elsewhere")).is_some());
    bench.model.watched = None;
    assert!(bench.arrives(message(ANNA, "not in view")).is_some());
    assert_eq!(bench.arrives(MessageView { outgoing: true, ..message(ANNA, "ours") }), None);

    let muted = ConversationView { muted: true, ..conversation(ANNA, "Anna") };
    let mut blocked = conversation(BEN, "Ben");
    blocked.contact.state = ContactState::Blocked;
    bench.lists(vec![muted, blocked]);
    assert_eq!(bench.arrives(message(ANNA, "muted")), None);
    assert_eq!(bench.arrives(message(BEN, "blocked")), None);
}

#[test]
fn a_burst_has_one_notification_and_reading_takes_it_away() {
    let mut bench = Bench::new();
    assert_eq!(said(bench.arrives(message(ANNA, "one"))), says("Anna", "one"));
    assert_eq!(said(bench.arrives(message(ANNA, "two"))), says("Anna (2)", "two"));
    bench.arrives(message(BEN, "hi"));
    assert_eq!(bench.served(), []);
    bench.reads(ANNA);
    assert_eq!(bench.served(), [ANNA]);
    assert_eq!(bench.served(), [], "taken away once");
    bench.model.watched = Some(BEN);
    assert_eq!(bench.served(), [BEN], "in view is as good as read");
    bench.model.watched = None;
    assert_eq!(said(bench.arrives(message(ANNA, "three"))), says("Anna", "three"));
    bench.lists(vec![]);
    assert_eq!(bench.served(), [ANNA], "the contact was removed");
}

#[test]
fn a_request_is_told_until_it_is_decided() {
    let mut bench = Bench::new();
    let cleo = AccountId::from_bytes([3; 32]);
    let request = contact(cleo, "Cleo", ContactState::Request);
    assert!(bench.happens(Event::ContactAdded(Box::new(request.clone()))).is_some());
    assert_eq!(bench.served(), [], "it is not listed yet");
    let listed = ConversationView { contact: request, ..conversation(cleo, "Cleo") };
    bench.lists(vec![listed.clone()]);
    assert_eq!(bench.served(), []);
    let mut accepted = listed;
    accepted.contact.state = ContactState::Active;
    bench.lists(vec![accepted]);
    assert_eq!(bench.served(), [cleo]);
    let pending = contact(AccountId::from_bytes([4; 32]), "Dan", ContactState::Pending);
    assert_eq!(bench.happens(Event::ContactAdded(Box::new(pending))), None, "our own doing");
}

#[test]
fn what_comes_before_the_list_waits_for_it() {
    let mut bench = Bench::new();
    bench.lists(vec![]);
    assert_eq!(bench.arrives(message(ANNA, "early")), None);
    let told = bench.lists(vec![ConversationView { unread: 1, ..conversation(ANNA, "Anna") }]);
    assert_eq!(said(told.into_iter().next()), says("Anna", "early"));
    assert_eq!(bench.lists(vec![conversation(ANNA, "Anna")]), [], "told once");
    bench.lists(vec![]);
    bench.arrives(message(ANNA, "early"));
    let muted = ConversationView { muted: true, ..conversation(ANNA, "Anna") };
    assert_eq!(bench.lists(vec![muted]), []);
}

#[test]
fn what_was_there_at_the_start_is_not_told() {
    let mut bench = Bench::new();
    let last = Some(message(ANNA, "old"));
    let unread = ConversationView { unread: 5, last, ..conversation(ANNA, "Anna") };
    assert_eq!(bench.lists(vec![unread]), []);
    assert_eq!(
        bench.arrives(MessageView { state: MessageState::Read, ..message(ANNA, "read before") }),
        None
    );
    // What waited at its author's is news, unless contacts give back what was lost here.
    assert!(bench.arrives(message(ANNA, "written while we were away")).is_some());
    let text = String::new();
    bench.happens(Event::Notice { kind: NoticeKind::StoreRepaired, text });
    assert_eq!(bench.arrives(message(ANNA, "given back")), None);
    let sent_at = WallTime::from_millis(BEGAN + 5);
    assert!(bench.arrives(MessageView { sent_at, ..message(ANNA, "new") }).is_some());
}

#[test]
fn what_was_missed_is_told_from_what_is_unread() {
    let mut bench = Bench::new();
    bench.attention.on_missed();
    let last = Some(message(ANNA, "the newest"));
    let unread = ConversationView { unread: 1_500, last, ..conversation(ANNA, "Anna") };
    let told = bench.lists(vec![unread.clone(), conversation(BEN, "Ben")]);
    assert_eq!(said(told.into_iter().next()), says("Anna (1500)", "the newest"));
    assert_eq!(bench.lists(vec![unread]), [], "nothing is missed now");
}

#[test]
fn words_of_others_are_made_fit_to_be_shown() {
    let mut bench = Bench::new();
    bench.lists(vec![conversation(ANNA, "An\u{202e}na\nBen")]);
    let long = format!("a\u{202e}b\n<b>{}", "x".repeat(10_000));
    let told = bench.arrives(message(ANNA, &long)).unwrap();
    assert_eq!(told.title, "Anna Ben");
    assert!(told.body.starts_with("ab <b>xxx"), "markup is the server's matter: {}", told.body);
    assert_eq!(told.body.chars().count(), BODY_MAX + 1);
    let unshown = bench.arrives(MessageView { text: None, ..message(ANNA, "") }).unwrap();
    assert_eq!(unshown.body, "A message that needs a newer version");
}
