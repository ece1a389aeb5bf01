//! Two and three engines on a bench: meeting, talking, losing each other and finding back.

use core::time::Duration;

use crate::{
    answer::{Answer, CommandError, ContactState, ConversationView, MessageState, Verification},
    command::{Command, ConversationMark},
    event::{Event, NoticeKind},
    ids::DeviceId,
    input::Input,
    records::{Order, Records as _},
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);

fn two() -> Bench {
    let mut bench = Bench::new(1, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench
}

fn state(bench: &mut Bench, who: usize, of: usize) -> Option<ContactState> {
    bench.contact(who, of).map(|contact| contact.state)
}

fn noticed(bench: &Bench, who: usize, kind: NoticeKind) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { kind: told, .. } if *told == kind)).count()
}

fn received(bench: &Bench, who: usize) -> usize {
    bench.peers[who].events.iter().filter(|event| matches!(event, Event::MessageReceived(_))).count()
}

fn talk(bench: &mut Bench, from: usize, to: usize, count: usize, word: &str) -> Vec<String> {
    let texts: Vec<String> = (0..count).map(|number| format!("{word} {number}")).collect();
    for text in &texts {
        bench.send(from, to, text).unwrap();
    }
    texts
}

#[test]
fn two_people_meet_and_talk() {
    let mut bench = two();
    let alice = bench.contact(BOB, ALICE).expect("a contact");
    let bob = bench.contact(ALICE, BOB).expect("a contact");
    assert_eq!((alice.state, alice.name.as_str(), alice.online), (ContactState::Active, "Alice", true));
    assert_eq!((bob.state, bob.name.as_str(), bob.online), (ContactState::Active, "Bob", true));
    assert_eq!(alice.safety_number, bob.safety_number);
    bench.send(ALICE, BOB, "hi").unwrap();
    bench.settle();
    bench.send(BOB, ALICE, "hello").unwrap();
    bench.settle();
    assert_eq!(bench.texts(ALICE, BOB), ["hi", "hello"]);
    assert_eq!(bench.texts(BOB, ALICE), ["hi", "hello"]);
    assert!(bench.history(ALICE, BOB).iter().all(|message| message.state == MessageState::Delivered));
    assert_eq!(received(&bench, BOB), 1);
}

#[test]
fn what_was_written_while_somebody_was_away_arrives_once_and_in_order() {
    let mut bench = two();
    bench.stop(BOB);
    let expected = talk(&mut bench, ALICE, BOB, 300, "message");
    bench.start(BOB);
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), expected);
    assert!(bench.history(ALICE, BOB).iter().all(|message| message.state == MessageState::Delivered));
    assert_eq!(received(&bench, BOB), 300);
}

#[test]
fn reading_is_told_also_to_somebody_who_was_away() {
    let mut bench = two();
    bench.send(ALICE, BOB, "hi").unwrap();
    bench.settle();
    bench.stop(ALICE);
    let conversation = bench.reference(ALICE);
    bench.command(BOB, Command::MarkRead { conversation }).unwrap();
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert_eq!(bench.history(ALICE, BOB)[0].state, MessageState::Read);
}

#[test]
fn messages_to_somebody_not_met_yet_wait_for_them() {
    let mut bench = Bench::new(3, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, false, false);
    bench.stop(ALICE);
    bench.accept(BOB, &link).unwrap();
    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Pending));
    let expected = talk(&mut bench, BOB, ALICE, 5, "early");
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Active));
    assert_eq!(bench.texts(ALICE, BOB), expected);
}

#[test]
fn a_request_waits_for_consent_and_then_works_at_once() {
    for reusable in [false, true] {
        let mut bench = Bench::new(4, &["Alice", "Bob"]);
        let link = bench.invite(ALICE, reusable, true);
        bench.accept(BOB, &link).unwrap();
        bench.send(BOB, ALICE, "may I?").unwrap();
        bench.advance(Duration::from_secs(30));
        assert_eq!(state(&mut bench, ALICE, BOB), Some(ContactState::Request));
        assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Pending));
        assert_eq!(bench.contact(BOB, ALICE).unwrap().safety_number, None);
        let bob = bench.reference(BOB);
        let refused = bench.send(ALICE, BOB, "hm");
        assert!(matches!(refused, Err(CommandError::WrongState(_))), "{refused:?}");
        bench.command(ALICE, Command::AcceptContact { contact: bob }).unwrap();
        bench.settle();
        assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Active));
        assert_eq!(bench.texts(ALICE, BOB), ["may I?"]);
    }
}

#[test]
fn a_request_that_is_ignored_stays_forgotten() {
    let mut bench = Bench::new(5, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, false, true);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(10));
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::IgnoreContact { contact }).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(state(&mut bench, ALICE, BOB), None);
    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Pending));
}

#[test]
fn a_link_makes_one_contact_and_the_second_is_told_why_not() {
    let mut bench = Bench::new(6, &["Alice", "Bob", "Carol"]);
    let link = bench.invite(ALICE, false, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(5));
    bench.accept(CAROL, &link).unwrap();
    bench.send(CAROL, ALICE, "me too").unwrap();
    bench.advance(A_WHILE);
    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Active));
    assert_eq!(state(&mut bench, CAROL, ALICE), Some(ContactState::Failed));
    assert!(bench.contact(CAROL, ALICE).unwrap().reason.is_some());
    assert_eq!(bench.history(CAROL, ALICE)[0].state, MessageState::Failed);
    assert_eq!(state(&mut bench, ALICE, CAROL), None);
    assert_eq!(bench.accept(BOB, &link), Err(CommandError::AlreadyContact));
    assert_eq!(bench.accept(ALICE, &link), Err(CommandError::OwnInvitation));
}

#[test]
fn a_reusable_link_brings_several_requests() {
    let mut bench = Bench::new(7, &["Alice", "Bob", "Carol"]);
    let link = bench.invite(ALICE, true, false);
    for who in [BOB, CAROL] {
        bench.accept(who, &link).unwrap();
        bench.advance(Duration::from_secs(5));
        assert_eq!(state(&mut bench, ALICE, who), Some(ContactState::Request));
        let contact = bench.reference(who);
        bench.command(ALICE, Command::AcceptContact { contact }).unwrap();
        bench.advance(Duration::from_secs(5));
        assert_eq!(state(&mut bench, who, ALICE), Some(ContactState::Active));
    }
}

#[test]
fn a_revoked_or_expired_link_fails_with_its_reason() {
    let mut bench = Bench::new(8, &["Alice", "Bob", "Carol"]);
    let revoked = bench.invite(ALICE, false, false);
    let Ok(Answer::Invitations(all)) = bench.command(ALICE, Command::ListInvitations) else {
        panic!("a list")
    };
    let invitation = crate::command::Reference::new(&all[0].id.to_string());
    bench.command(ALICE, Command::RevokeInvitation { invitation }).unwrap();
    bench.accept(BOB, &revoked).unwrap();
    bench.advance(Duration::from_secs(5));
    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Failed));
    let short = Command::CreateInvitation {
        reusable: false,
        ask: false,
        expires_in: Some(Duration::from_secs(2)),
        hints: true,
    };
    let Ok(Answer::Invitation(view)) = bench.command(ALICE, short) else { panic!("an invitation") };
    bench.advance(Duration::from_secs(4));
    assert_eq!(bench.accept(CAROL, &view.link.unwrap()), Err(CommandError::ExpiredInvitation));
}

#[test]
fn two_who_accept_each_other_become_one_contact_each() {
    let mut bench = Bench::new(9, &["Alice", "Bob"]);
    let (one, two) = (bench.invite(ALICE, false, false), bench.invite(BOB, false, false));
    bench.part(ALICE, BOB);
    bench.accept(BOB, &one).unwrap();
    bench.accept(ALICE, &two).unwrap();
    bench.join(ALICE, BOB);
    bench.advance(A_WHILE);
    let expected = talk(&mut bench, ALICE, BOB, 3, "hi");
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), expected);
    for (who, of) in [(ALICE, BOB), (BOB, ALICE)] {
        assert_eq!(state(&mut bench, who, of), Some(ContactState::Active));
        let Ok(Answer::Contacts(all)) = bench.command(who, Command::ListContacts) else { panic!("a list") };
        assert_eq!(all.len(), 1);
    }
}

#[test]
fn a_block_refuses_and_its_end_delivers() {
    let mut bench = two();
    let contact = bench.reference(ALICE);
    bench.command(BOB, Command::BlockContact { contact: contact.clone() }).unwrap();
    bench.settle();
    let expected = talk(&mut bench, ALICE, BOB, 2, "still there?");
    bench.advance(A_WHILE);
    assert!(bench.texts(BOB, ALICE).is_empty());
    assert!(!bench.contact(ALICE, BOB).unwrap().online);
    bench.command(BOB, Command::UnblockContact { contact }).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), expected);
}

#[test]
fn somebody_removed_is_gone_until_a_new_link_and_what_was_deleted_stays_deleted() {
    let mut bench = two();
    talk(&mut bench, ALICE, BOB, 3, "old");
    bench.settle();
    let contact = bench.reference(ALICE);
    bench.command(BOB, Command::RemoveContact { contact, keep_history: false }).unwrap();
    // At once, although the deletion takes many turns, and when it is over.
    for _ in 0..2 {
        let look = Command::ListMessages { conversation: bench.reference(ALICE), limit: 1, before: None };
        assert_eq!(bench.command(BOB, look), Err(CommandError::NotFound));
        bench.advance(A_WHILE);
    }
    assert_eq!(state(&mut bench, BOB, ALICE), None);
    assert!(!bench.contact(ALICE, BOB).unwrap().online);
    assert!(bench.texts(BOB, ALICE).is_empty());
    bench.befriend(ALICE, BOB);
    let new = talk(&mut bench, ALICE, BOB, 2, "new");
    bench.advance(A_WHILE);
    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Active));
    assert_eq!(bench.texts(BOB, ALICE), new);
    talk(&mut bench, BOB, ALICE, 1, "back");
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB).len(), 6);
}

#[test]
fn a_device_that_lost_its_newest_writes_converges() {
    for lost in [1, 2, 3, 5, 8, 13, 40, 80] {
        for victim in [ALICE, BOB] {
            let mut bench = Bench::new(10, &["Alice", "Bob"]);
            bench.befriend(ALICE, BOB);
            let floor = bench.writes(victim);
            for round in 0..10 {
                talk(&mut bench, ALICE, BOB, 2, &format!("a{round}"));
                talk(&mut bench, BOB, ALICE, 2, &format!("b{round}"));
                bench.settle();
            }
            let expected = bench.texts(1 - victim, victim);
            bench.stop(victim);
            let lost = lost.min(bench.writes(victim) - floor);
            bench.lose_writes(victim, lost);
            bench.start(victim);
            let late = talk(&mut bench, victim, 1 - victim, 2, "late");
            bench.advance(A_WHILE);
            let back = talk(&mut bench, 1 - victim, victim, 2, "back");
            bench.advance(A_WHILE);
            let (mut one, mut two) = (bench.texts(victim, 1 - victim), bench.texts(1 - victim, victim));
            assert_eq!(one, two, "{lost} writes of {victim} lost");
            one.sort();
            two.clone_from(&expected);
            two.extend(late);
            two.extend(back);
            two.sort();
            assert_eq!(one, two, "{lost} writes of {victim} lost");
        }
    }
}

#[test]
fn a_lost_store_on_an_old_identity_gets_its_history_back() {
    let mut bench = two();
    talk(&mut bench, ALICE, BOB, 20, "a");
    bench.settle();
    talk(&mut bench, BOB, ALICE, 20, "b");
    bench.settle();
    let expected = bench.texts(ALICE, BOB);
    bench.stop(BOB);
    bench.lose_store(BOB);
    bench.start(BOB);
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), expected);
    assert!(noticed(&bench, BOB, NoticeKind::StoreRepaired) > 0);
    let more = talk(&mut bench, BOB, ALICE, 2, "again");
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB)[40..], more);
}

#[test]
fn a_channel_that_breaks_all_the_time_loses_nothing() {
    for seed in 20..40 {
        let mut bench = Bench::new(seed, &["Alice", "Bob"]);
        bench.befriend(ALICE, BOB);
        bench.cuts_percent = 8;
        let mut expected = Vec::new();
        for round in 0..20 {
            expected.extend(talk(&mut bench, ALICE, BOB, 2, &format!("a{round}")));
            expected.extend(talk(&mut bench, BOB, ALICE, 2, &format!("b{round}")));
            for _ in 0..6 {
                bench.step();
            }
            if round % 7 == 3 {
                bench.stop(BOB);
                bench.start(BOB);
            }
            bench.advance(Duration::from_millis(700));
        }
        bench.cuts_percent = 0;
        bench.advance(A_WHILE);
        let (mut one, two) = (bench.texts(ALICE, BOB), bench.texts(BOB, ALICE));
        assert_eq!(one, two, "seed {seed}");
        one.sort();
        expected.sort();
        assert_eq!(one, expected, "seed {seed}");
        assert_eq!(noticed(&bench, ALICE, NoticeKind::KeysRenewed), 0, "seed {seed}");
    }
}

#[test]
fn verified_stays_through_a_restart_and_changed_keys_refuse() {
    let mut bench = two();
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::VerifyContact { contact }).unwrap();
    bench.stop(ALICE);
    bench.start(ALICE);
    assert_eq!(bench.contact(ALICE, BOB).unwrap().verification, Verification::Verified);
}

#[test]
fn one_of_two_doubled_channels_survives() {
    let mut bench = two();
    bench.part(ALICE, BOB);
    bench.join(ALICE, BOB);
    bench.advance(A_WHILE);
    let online = |bench: &mut Bench| {
        bench.contact(ALICE, BOB).unwrap().online && bench.contact(BOB, ALICE).unwrap().online
    };
    assert!(online(&mut bench));
    assert_eq!(bench.links(), 1);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut bench = Bench::new(11, &["Alice", "Bob"]);
        bench.befriend(ALICE, BOB);
        talk(&mut bench, ALICE, BOB, 20, "same");
        bench.advance(A_WHILE);
        (format!("{:?}", bench.peers[BOB].events), bench.durable(BOB), bench.durable(ALICE))
    };
    assert!(run() == run());
}

#[test]
fn a_batch_costs_at_most_two_records_a_message_and_side_and_a_lone_message_six_in_one_batch() {
    let mut bench = two();
    let before = [bench.records_written(ALICE), bench.records_written(BOB)];
    let texts: Vec<String> = (0..1_000).map(|number| format!("message {number}")).collect();
    bench.send_together(ALICE, BOB, &texts);
    bench.settle();
    assert_eq!(bench.texts(BOB, ALICE), texts);
    for who in [ALICE, BOB] {
        let written = bench.records_written(who) - before[who];
        assert!(written <= 2 * texts.len(), "{written} records for {} messages", texts.len());
    }
    // The first under new keys writes the old ones' end besides: in which message that is depends on the devices' ids.
    bench.send(ALICE, BOB, "under the newest keys").unwrap();
    bench.settle();
    let before = [bench.writes(ALICE), bench.writes(BOB)];
    bench.send(ALICE, BOB, "alone").unwrap();
    bench.settle();
    // One durable commit on each side lies in the message's path; the acknowledgement is the author's second.
    assert_eq!(bench.writes(BOB) - before[BOB], 1);
    assert_eq!(bench.writes(ALICE) - before[ALICE], 2);
    for who in [ALICE, BOB] {
        assert!(bench.records_in_last_write(who) <= 6, "{}", bench.records_in_last_write(who));
    }
}

#[test]
fn somebody_who_answers_a_reusable_link_again_and_again_stays_one_bounded_request() {
    let mut bench = Bench::new(12, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, true, false);
    for _ in 0..40 {
        bench.accept(BOB, &link).unwrap();
        bench.advance(Duration::from_secs(5));
        let contact = bench.reference(ALICE);
        bench.command(BOB, Command::RemoveContact { contact, keep_history: false }).unwrap();
        bench.advance(Duration::from_secs(1));
    }
    assert_eq!(state(&mut bench, ALICE, BOB), Some(ContactState::Request));
    assert!(bench.peers[ALICE].engine.is_some());
    assert!(bench.sessions(ALICE, BOB) <= crate::limits::SESSIONS_PER_DEVICE_MAX);
}

#[test]
fn somebody_blocked_gets_no_channel_by_the_first_message_of_old() {
    let mut bench = Bench::new(13, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, false, false);
    bench.part(ALICE, BOB);
    bench.accept(BOB, &link).unwrap();
    bench.join(ALICE, BOB);
    bench.advance(Duration::from_secs(30));
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::BlockContact { contact }).unwrap();
    bench.send(BOB, ALICE, "let me in").unwrap();
    bench.advance(A_WHILE);
    assert!(!bench.contact(BOB, ALICE).unwrap().online);
    assert!(bench.texts(ALICE, BOB).is_empty());
}

fn device(bench: &Bench, who: usize) -> DeviceId {
    bench.peers[who].engine.as_ref().unwrap().state.own.device()
}

/// In which epoch somebody seals.
fn epoch(bench: &Bench, who: usize) -> u32 {
    let state = &bench.peers[who].engine.as_ref().unwrap().state;
    state.deliveries.values().next().unwrap().session_statuses()[0].sending.n
}

#[test]
fn a_conversation_goes_on_under_fresh_keys() {
    let mut bench = two();
    // What is written first on a channel, here both names, offers a step; its acknowledgement answers it. The smaller
    // device's offer stood, and the next message completes the step.
    let (offered, answered) =
        if device(&bench, ALICE) < device(&bench, BOB) { (ALICE, BOB) } else { (BOB, ALICE) };
    assert_eq!((epoch(&bench, offered), epoch(&bench, answered)), (1, 0));
    talk(&mut bench, offered, answered, 1, "first");
    bench.settle();
    assert_eq!((epoch(&bench, ALICE), epoch(&bench, BOB)), (1, 1));
    // Under load every half minute, whoever writes.
    for (round, (from, to)) in [(ALICE, BOB), (BOB, ALICE), (BOB, ALICE)].into_iter().enumerate() {
        let before = epoch(&bench, from);
        talk(&mut bench, from, to, 10, &format!("load {round}"));
        bench.settle();
        bench.advance(Duration::from_secs(30));
        for word in ["offer", "first"] {
            talk(&mut bench, from, to, 1, word);
            bench.settle();
        }
        assert_eq!((epoch(&bench, from), epoch(&bench, to)), (before + 1, before + 1));
    }
    // Rarely: after ten minutes any message will do.
    for _ in 0..4 {
        bench.advance(Duration::from_secs(600));
        talk(&mut bench, ALICE, BOB, 1, "rare");
    }
    bench.settle();
    assert!(epoch(&bench, ALICE) >= 6);
    // The keys of the last messages are erased in good time.
    bench.advance(crate::limits::ROTATE_AFTER + Duration::from_secs(1));
    // Nobody says anything because of a step alone, and nothing is written.
    let before = [ALICE, BOB].map(|who| (bench.records_written(who), epoch(&bench, who)));
    bench.advance(Duration::from_secs(3_600));
    assert_eq!([ALICE, BOB].map(|who| (bench.records_written(who), epoch(&bench, who))), before);
    assert_eq!(bench.texts(ALICE, BOB), bench.texts(BOB, ALICE));
    assert_eq!((bench.sessions(ALICE, BOB), noticed(&bench, BOB, NoticeKind::KeysRenewed)), (1, 0));
}

#[test]
fn every_start_and_every_channel_goes_on_in_the_same_session() {
    let mut bench = two();
    for round in 0..12 {
        let who = round % 2;
        if round % 3 == 0 {
            bench.vanish(who);
            bench.start(who);
        } else {
            bench.part(ALICE, BOB);
            bench.join(ALICE, BOB);
        }
        bench.advance(A_WHILE);
        talk(&mut bench, who, 1 - who, 2, &format!("{round}"));
        if round % 4 > 0 {
            talk(&mut bench, 1 - who, who, 1, &format!("{round} back"));
        }
        // Sometimes the next interruption comes amid a step.
        if round % 5 > 0 {
            bench.settle();
        }
    }
    bench.advance(A_WHILE);
    talk(&mut bench, ALICE, BOB, 1, "last");
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB), bench.texts(BOB, ALICE));
    assert!(epoch(&bench, ALICE) >= 6 && epoch(&bench, ALICE).abs_diff(epoch(&bench, BOB)) <= 1);
    for who in [ALICE, BOB] {
        assert_eq!((bench.sessions(who, 1 - who), noticed(&bench, who, NoticeKind::KeysRenewed)), (1, 0));
    }
}

fn conversation(bench: &mut Bench, who: usize, with: usize) -> ConversationView {
    let Ok(Answer::Conversations(views)) = bench.command(who, Command::ListConversations) else {
        panic!("no list of conversations");
    };
    let account = bench.account(with).unwrap();
    views.into_iter().find(|view| view.contact.id == account).unwrap()
}

#[test]
fn a_list_of_conversations_says_what_is_last_and_what_is_unread() {
    let mut bench = two();
    assert_eq!(conversation(&mut bench, BOB, ALICE).last, None);
    talk(&mut bench, ALICE, BOB, 3, "hello");
    bench.settle();
    let seen = conversation(&mut bench, BOB, ALICE);
    assert_eq!((seen.unread, seen.last.unwrap().text.as_deref()), (3, Some("hello 2")));
    assert_eq!(conversation(&mut bench, ALICE, BOB).unread, 0);
    let conversation_of_alice = bench.reference(ALICE);
    bench.command(BOB, Command::MarkRead { conversation: conversation_of_alice }).unwrap();
    talk(&mut bench, ALICE, BOB, 2, "again");
    bench.settle();
    bench.stop(BOB);
    bench.start(BOB);
    assert_eq!(conversation(&mut bench, BOB, ALICE).unread, 2);
}

#[test]
fn marks_and_drafts_survive_a_restart_and_go_with_the_contact() {
    let mut bench = two();
    let mark = |bench: &mut Bench, mark| {
        let conversation = bench.reference(BOB);
        bench.command(ALICE, Command::MarkConversation { conversation, mark })
    };
    let long = "é".repeat(8_000);
    mark(&mut bench, ConversationMark::Draft(long.clone())).unwrap();
    for set in
        [ConversationMark::Pinned(true), ConversationMark::Archived(true), ConversationMark::Muted(true)]
    {
        mark(&mut bench, set).unwrap();
    }
    bench.stop(ALICE);
    bench.start(ALICE);
    let seen = conversation(&mut bench, ALICE, BOB);
    assert_eq!(seen.draft, long);
    assert!(seen.pinned && seen.archived && seen.muted);
    assert_eq!(
        mark(&mut bench, ConversationMark::Draft("x".repeat(32_769))),
        Err(CommandError::TooLong),
        "longer than any message"
    );
    mark(&mut bench, ConversationMark::Draft("short".to_owned())).unwrap();
    let pieces =
        |bench: &Bench| bench.peers[ALICE].store.scan(b"W", b"X", Order::Ascending, 99).unwrap().len();
    assert_eq!(pieces(&bench), 2);
    mark(&mut bench, ConversationMark::Draft(String::new())).unwrap();
    assert_eq!((conversation(&mut bench, ALICE, BOB).draft.as_str(), pieces(&bench)), ("", 1));
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(pieces(&bench), 0);
}

#[test]
fn a_store_that_loses_its_newest_part_after_a_clean_stop_says_so_at_the_next_start() {
    for lost in [1, 3, 8] {
        let mut bench = two();
        bench.stop(BOB);
        bench.start(BOB);
        bench.advance(A_WHILE);
        talk(&mut bench, ALICE, BOB, 5, "hello");
        bench.settle();
        let before = bench.writes(BOB);
        bench.input(BOB, Input::Stopping);
        bench.settle();
        // What only the rotation of the ring wrote after that is no loss to anybody.
        let rotation = bench.writes(BOB) - before;
        bench.stop(BOB);
        bench.lose_changes(BOB, rotation + lost);
        bench.part(ALICE, BOB);
        bench.peers[BOB].events.clear();
        bench.start(BOB);
        assert_eq!(noticed(&bench, BOB, NoticeKind::StoreRepaired), 1, "{lost} writes lost");
    }
}
