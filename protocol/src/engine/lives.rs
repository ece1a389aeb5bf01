//! What takes long: channels that stand for hours, secrets that grow old, homes that move, and lives played again.

use core::time::Duration;

use crate::{
    address::{Address, Transport},
    answer::{Answer, CommandError, MessageState},
    command::Command,
    event::{Event, NoticeKind},
    input::Input,
    limits,
    output::Output,
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;

const A_WHILE: Duration = Duration::from_secs(150);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn two() -> Bench {
    let mut bench = Bench::new(50, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench
}

fn channels(bench: &Bench, who: usize) -> Vec<String> {
    let links = &bench.peers[who].engine.as_ref().unwrap().state.links;
    links.all_live().map(|(link, live)| format!("{link:?} {live:?}")).collect()
}

fn noticed(bench: &Bench, who: usize, kind: NoticeKind) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { kind: told, .. } if *told == kind)).count()
}

#[test]
fn a_channel_gets_new_keys_every_hour_and_stays_the_same_link() {
    let mut bench = two();
    let before = bench.links();
    for hour in 0..4 {
        for (who, of) in [(ALICE, BOB), (BOB, ALICE)] {
            let live = channels(&bench, who);
            assert_eq!(live.len(), 1);
            assert!(live[0].contains(&format!("round {hour}")), "hour {hour}: {live:?}");
            let text = format!("hour {hour} of {who}");
            bench.send(who, of, &text).unwrap();
            bench.settle();
            assert!(bench.texts(of, who).contains(&text));
        }
        bench.advance(HOUR + Duration::from_secs(10));
    }
    assert_eq!(bench.links(), before);
    let closed = |who: usize| bench.peers[who].logged.iter().filter(|line| line.contains("closed")).count();
    assert_eq!((closed(ALICE), closed(BOB)), (0, 0));
}

#[test]
fn traffic_both_ways_while_the_keys_change_arrives() {
    for frames in 1..8 {
        let mut bench = two();
        bench.advance(HOUR - Duration::from_secs(8));
        let mut expected = Vec::new();
        // Around the tick at which the keys change, with frames on the way each time.
        for number in 0..400 {
            let text = format!("{number}");
            bench.send(number % 2, 1 - number % 2, &text).unwrap();
            expected.push(text);
            for _ in 0..frames {
                bench.step();
            }
            if number % 4 == 0 {
                bench.now = bench.now + Duration::from_millis(150);
                for who in [ALICE, BOB] {
                    let due = bench.peers[who].engine.as_ref().unwrap().poll_timeout();
                    if due.is_some_and(|due| due <= bench.now) {
                        bench.input(who, Input::Timeout);
                    }
                }
            }
        }
        bench.settle();
        assert!(channels(&bench, ALICE)[0].contains("round 1"), "{frames}: {:?}", channels(&bench, ALICE));
        let mut texts = bench.texts(ALICE, BOB);
        assert_eq!(texts, bench.texts(BOB, ALICE));
        texts.sort();
        expected.sort();
        assert_eq!(texts, expected, "{frames} frames at a time");
        let closed = bench.peers[ALICE].logged.iter().filter(|line| line.contains("closed")).count();
        assert_eq!(closed, 0);
    }
}

#[test]
fn secrets_that_were_replaced_are_forgotten_by_evidence_of_time_alone() {
    let pairs = |bench: &Bench| {
        let contacts = &bench.peers[ALICE].engine.as_ref().unwrap().state.contacts;
        contacts.iter().map(|(_, contact)| contact.pairs.len()).sum::<usize>()
    };
    let meet_anew = |bench: &mut Bench| {
        bench.stop(BOB);
        bench.start(BOB);
        bench.advance(Duration::from_secs(5));
    };
    let mut bench = two();
    let link = bench.invite(ALICE, false, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(pairs(&bench), 2);
    // One clock runs ahead: that is no evidence.
    bench.peers[ALICE].clock_off = 400 * 86_400_000;
    meet_anew(&mut bench);
    assert_eq!(pairs(&bench), 2);
    bench.peers[ALICE].clock_off = 0;
    // What both said first in each case has stood a day in the next one.
    for (days, left) in [(30, 2), (6, 2), (2, 2), (1, 1)] {
        bench.stop(ALICE);
        bench.advance(DAY * days);
        bench.start(ALICE);
        meet_anew(&mut bench);
        assert_eq!(pairs(&bench), left, "after {days} days more");
    }
    bench.send(ALICE, BOB, "still here").unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), ["still here"]);
}

/// Bob's home is put back to before the secret that both know was replaced, and before both clocks were wrong: once for
/// each of these numbers of days. What he writes then.
fn after_both_clocks_were_wrong(days: &[i64]) -> Bench {
    let mut bench = two();
    bench.send(BOB, ALICE, "before").unwrap();
    bench.advance(A_WHILE);
    bench.stop(BOB);
    let copy = bench.peers[BOB].store.clone();
    bench.start(BOB);
    let link = bench.invite(ALICE, false, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(A_WHILE);
    for days in days.iter().chain(&[0]) {
        bench.stop(ALICE);
        bench.stop(BOB);
        bench.peers[ALICE].clock_off = days * 86_400_000;
        bench.peers[BOB].clock_off = days * 86_400_000;
        bench.start(ALICE);
        bench.start(BOB);
        bench.advance(A_WHILE);
    }
    bench.stop(BOB);
    bench.restore(BOB, &copy);
    bench.start(BOB);
    bench.advance(A_WHILE);
    bench.send(BOB, ALICE, "from before").unwrap();
    bench.advance(A_WHILE);
    bench
}

#[test]
fn both_clocks_wrong_for_less_than_a_day_lock_nobody_out() {
    for days in [&[400][..], &[400, 0, 400, 0, 9, 400]] {
        let mut bench = after_both_clocks_were_wrong(days);
        assert_eq!(bench.texts(ALICE, BOB), ["before", "from before"]);
        bench.send(ALICE, BOB, "there you are").unwrap();
        bench.advance(A_WHILE);
        assert_eq!(bench.texts(BOB, ALICE), ["before", "from before", "there you are"]);
    }
}

#[test]
fn who_is_put_back_to_before_what_both_clocks_made_old_needs_a_new_link() {
    // Wrong by more than a year, and still so on the next day.
    let mut bench = after_both_clocks_were_wrong(&[400, 401]);
    assert_eq!(bench.texts(ALICE, BOB), ["before"], "nobody whom she knows");
    let link = bench.invite(ALICE, false, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB), ["before", "from before"]);
    bench.send(ALICE, BOB, "there you are").unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), ["before", "from before", "there you are"]);
}

#[test]
fn a_home_that_moved_and_its_copy_write_to_different_places() {
    let mut bench = two();
    bench.send(BOB, ALICE, "before").unwrap();
    bench.advance(A_WHILE);
    let runs = |bench: &mut Bench| {
        let engine = bench.peers[BOB].engine.as_ref().unwrap();
        engine.state.conversations.values().map(|one| one.own_chains().len()).sum::<usize>()
    };
    bench.stop(BOB);
    let copy = bench.peers[BOB].store.clone();
    bench.start(BOB);
    bench.send(BOB, ALICE, "at home").unwrap();
    assert_eq!(runs(&mut bench), 1, "the same place: the same run");
    bench.advance(A_WHILE);
    bench.stop(BOB);
    // The copy of that moment wakes up elsewhere, writes before it meets anybody, and nothing is lost by it.
    bench.peers[BOB].place = [77; 32];
    let writes = bench.writes(BOB);
    bench.restore(BOB, &copy);
    assert!(bench.writes(BOB) < writes);
    bench.part(ALICE, BOB);
    bench.start(BOB);
    bench.send(BOB, ALICE, "elsewhere").unwrap();
    assert_eq!(runs(&mut bench), 2);
    bench.join(ALICE, BOB);
    bench.advance(A_WHILE);
    for (who, of) in [(ALICE, BOB), (BOB, ALICE)] {
        let mut texts = bench.texts(who, of);
        texts.sort();
        assert_eq!(texts, ["at home", "before", "elsewhere"], "{who}");
    }
    assert_eq!(noticed(&bench, ALICE, NoticeKind::Fork), 0);
}

#[test]
fn a_message_is_found_by_its_key_whatever_became_of_the_contact() {
    let mut bench = two();
    let send = |bench: &mut Bench, text: &str, key: &str| {
        let conversation = bench.reference(BOB);
        let (text, idempotency_key) = (text.to_owned(), Some(key.to_owned()));
        bench.command(ALICE, Command::SendMessage { conversation, text, idempotency_key })
    };
    let Ok(Answer::Message { message, .. }) = send(&mut bench, "once", "key") else { panic!("a message") };
    bench.advance(A_WHILE);
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::BlockContact { contact: contact.clone() }).unwrap();
    let again = send(&mut bench, "once", "key");
    assert!(matches!(again, Ok(Answer::Message { message: same, .. }) if same == message), "{again:?}");
    assert!(matches!(send(&mut bench, "other", "other"), Err(CommandError::WrongState(_))));
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: true }).unwrap();
    let again = send(&mut bench, "once", "key");
    assert!(matches!(again, Ok(Answer::Message { message: same, .. }) if same == message), "{again:?}");
    assert_eq!(send(&mut bench, "other", "other"), Err(CommandError::NotFound));
}

#[test]
fn every_recorded_life_plays_again_byte_for_byte() {
    let mut bench = Bench::new(51, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.befriend(2, ALICE);
    bench.cuts_percent = 3;
    for round in 0..30 {
        bench.send(round % 2, 1 - round % 2, &format!("round {round}")).unwrap();
        bench.advance(Duration::from_secs(4));
        if round == 15 {
            bench.stop(BOB);
            bench.lose_writes(BOB, 9);
            bench.start(BOB);
        }
    }
    bench.advance(A_WHILE);
    for who in 0..3 {
        let recording = bench.peers[who].recording.as_ref().unwrap();
        assert!(recording.inputs() > 20);
        let transmitted =
            recording.outputs().iter().filter(|output| matches!(output, Output::Transmit { .. })).count();
        assert!(transmitted > 10, "{who} said {transmitted} frames");
        for _ in 0..2 {
            assert!(recording.replay().is_some_and(|outputs| outputs == recording.outputs()), "{who}");
        }
    }
}

#[test]
fn a_name_that_looks_like_an_id_takes_nobody_elses_mail() {
    let mut bench = Bench::new(52, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    let start: String = bench.account(BOB).unwrap().to_string().chars().take(8).collect();
    let link = bench.invite(2, false, false);
    let accept = Command::AcceptInvitation { link, name: Some(start.clone()), ignore_end: false };
    bench.command(ALICE, accept).unwrap();
    bench.advance(A_WHILE);
    let to = |conversation: &str| Command::SendMessage {
        conversation: crate::command::Reference::new(conversation),
        text: "for whom?".to_owned(),
        idempotency_key: None,
    };
    let refused = bench.command(ALICE, to(&start));
    assert!(matches!(&refused, Err(CommandError::Ambiguous(both)) if both.len() == 2), "{refused:?}");
    let longer: String = bench.account(BOB).unwrap().to_string().chars().take(12).collect();
    bench.command(ALICE, to(&longer)).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), ["for whom?"]);
}

#[test]
fn our_own_name_that_comes_back_does_not_rename_the_contact() {
    for victim in [ALICE, BOB] {
        let mut bench = two();
        bench.send(victim, 1 - victim, "hi").unwrap();
        bench.advance(A_WHILE);
        let before = bench.contact(victim, 1 - victim).unwrap().name;
        bench.stop(victim);
        bench.lose_store(victim);
        bench.start(victim);
        bench.advance(A_WHILE);
        assert_eq!(bench.texts(victim, 1 - victim), ["hi"]);
        assert_eq!(bench.contact(victim, 1 - victim).unwrap().name, before);
    }
}

#[test]
fn last_seen_is_when_something_was_heard_last() {
    let mut bench = two();
    let met = bench.contact(ALICE, BOB).unwrap().last_seen.unwrap();
    bench.advance(HOUR);
    bench.vanish(BOB);
    bench.advance(Duration::from_secs(60));
    let seen = bench.contact(ALICE, BOB).unwrap();
    let passed = seen.last_seen.unwrap().as_millis() - met.as_millis();
    assert!(!seen.online && (3_590_000..3_600_500).contains(&passed), "{passed} ms after they met");
}

#[test]
fn a_link_lives_as_long_as_was_asked_and_ends_when_it_says() {
    for millis in [0, 1, 400, 999] {
        let mut bench = Bench::new(53, &["Alice", "Bob"]);
        bench.advance(Duration::from_millis(millis));
        let life = Some(Duration::from_secs(2));
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: life, hints: true };
        let Ok(Answer::Invitation(view)) = bench.command(ALICE, command) else { panic!("an invitation") };
        let ends = view.expires.unwrap().as_millis() - crate::testing::BEGINNING.as_millis();
        assert!((millis + 2_000..millis + 3_000).contains(&ends), "{millis}: {ends}");
        bench.advance(Duration::from_millis(ends - millis));
        assert_eq!(bench.accept(BOB, &view.link.unwrap()), Err(CommandError::ExpiredInvitation), "{millis}");
    }
}

fn states(bench: &mut Bench, who: usize, with: usize) -> Vec<(String, MessageState)> {
    let history = bench.history(who, with);
    history.into_iter().map(|message| (message.text.unwrap_or_default(), message.state)).collect()
}

fn told_failed(bench: &Bench, who: usize) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::MessageState { state: MessageState::Failed, .. })).count()
}

#[test]
fn what_failed_with_a_removal_stays_failed_when_they_meet_again() {
    let mut bench = two();
    bench.send(ALICE, BOB, "arrived").unwrap();
    bench.advance(A_WHILE);
    bench.stop(BOB);
    bench.send(ALICE, BOB, "too late").unwrap();
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: true }).unwrap();
    assert_eq!(told_failed(&bench, ALICE), 1);
    bench.start(BOB);
    bench.befriend(BOB, ALICE);
    bench.send(ALICE, BOB, "again").unwrap();
    bench.advance(A_WHILE);
    let expected = [
        ("arrived".to_owned(), MessageState::Delivered),
        ("too late".to_owned(), MessageState::Failed),
        ("again".to_owned(), MessageState::Delivered),
    ];
    assert_eq!(states(&mut bench, ALICE, BOB), expected);
    assert!(bench.history(ALICE, BOB)[1].reason.is_some());
    assert_eq!(bench.texts(BOB, ALICE), ["arrived", "again"]);
    // Not even to somebody who lost everything and asks for it all.
    bench.stop(BOB);
    bench.lose_store(BOB);
    bench.start(BOB);
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(BOB, ALICE), ["arrived", "again"]);
    assert_eq!(states(&mut bench, ALICE, BOB), expected);
    let conversation = bench.reference(ALICE);
    bench.command(BOB, Command::MarkRead { conversation }).unwrap();
    bench.advance(A_WHILE);
    let read = states(&mut bench, ALICE, BOB);
    let read: Vec<MessageState> = read.into_iter().map(|(_, state)| state).collect();
    assert_eq!(read, [MessageState::Read, MessageState::Failed, MessageState::Read]);
}

#[test]
fn what_failed_with_an_invitation_stays_failed_when_they_meet_by_another() {
    let mut bench = Bench::new(54, &["Alice", "Bob", "Carol"]);
    let link = bench.invite(ALICE, false, false);
    bench.accept(2, &link).unwrap();
    bench.advance(A_WHILE);
    bench.accept(BOB, &link).unwrap();
    bench.send(BOB, ALICE, "by the used link").unwrap();
    bench.advance(A_WHILE);
    assert_eq!(states(&mut bench, BOB, ALICE), [("by the used link".to_owned(), MessageState::Failed)]);
    assert_eq!(told_failed(&bench, BOB), 1);
    bench.befriend(ALICE, BOB);
    bench.send(BOB, ALICE, "by the new one").unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.texts(ALICE, BOB), ["by the new one"]);
    assert_eq!(states(&mut bench, BOB, ALICE)[0].1, MessageState::Failed);
    assert_eq!(states(&mut bench, BOB, ALICE)[1].1, MessageState::Delivered);
}

#[test]
fn what_was_given_up_and_had_arrived_all_the_same_is_told_so() {
    let mut bench = two();
    bench.send(ALICE, BOB, "first").unwrap();
    bench.advance(A_WHILE);
    bench.send(ALICE, BOB, "arrives").unwrap();
    // It is stored there; its acknowledgement is lost with the channel.
    while bench.texts(BOB, ALICE).len() < 2 && bench.step() {}
    bench.vanish(BOB);
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: true }).unwrap();
    bench.start(BOB);
    bench.befriend(BOB, ALICE);
    bench.advance(A_WHILE);
    let all = states(&mut bench, ALICE, BOB);
    assert!(all.iter().all(|(_, state)| *state == MessageState::Delivered), "{all:?}");
}

#[test]
fn a_channel_that_did_not_survive_a_change_of_networks_is_noticed_at_once() {
    for resumed in [false, true] {
        let mut bench = two();
        bench.send(ALICE, BOB, "before").unwrap();
        bench.advance(Duration::from_secs(60));
        // The frames of the old link go nowhere from now on, and nobody says so.
        bench.hush(ALICE, BOB);
        let change = if resumed {
            Input::Resumed
        } else {
            let port = 4_321;
            Input::Listening {
                addresses: vec![Address { transport: Transport::Tcp, ip: [10, 9, 8, 7].into(), port }],
            }
        };
        bench.input(ALICE, change);
        bench.send(ALICE, BOB, "after").unwrap();
        bench.advance(limits::PROBE_PATIENCE + Duration::from_secs(2));
        assert_eq!(bench.texts(BOB, ALICE), ["before", "after"], "resumed {resumed}");
    }
}

#[test]
fn who_changes_networks_talks_again_before_the_old_channel_is_given_up() {
    // One change, or the cable that is pulled a second before the other one is there; which of two channels the two
    // prefer is chance, so many times.
    for round in 0..12 {
        for changes in [1, 2] {
            let mut bench = Bench::new(100 + round, &["Alice", "Bob"]);
            bench.befriend(ALICE, BOB);
            bench.advance(Duration::from_millis(60_000 + 370 * u64::from(round)));
            bench.hush(ALICE, BOB);
            for _ in 0..changes {
                bench.advance(Duration::from_secs(1));
                bench.moves(ALICE, 4_321 + changes);
                bench.moves(ALICE, 4_400 + changes);
            }
            bench.send(ALICE, BOB, "hers").unwrap();
            bench.send(BOB, ALICE, "his").unwrap();
            bench.advance(limits::PROBE_DOUBT + limits::TWIN_PATIENCE + Duration::from_millis(100));
            for (who, of) in [(ALICE, BOB), (BOB, ALICE)] {
                assert_eq!(bench.texts(who, of).len(), 2, "{round}, {changes} changes, {who}");
            }
        }
    }
}

#[test]
fn a_change_of_networks_costs_no_channel_that_stands() {
    let mut bench = two();
    let before = bench.links();
    bench.input(ALICE, Input::Resumed);
    bench.advance(Duration::from_secs(20));
    assert_eq!(bench.links(), before);
    assert!(!bench.peers[ALICE].logged.iter().any(|line| line.contains("closed")));
}

#[test]
fn people_whose_clocks_are_years_apart_meet_and_talk() {
    for days in [-400, 400] {
        for victim in [ALICE, BOB] {
            let mut bench = Bench::new(55, &["Alice", "Bob"]);
            bench.peers[victim].clock_off = days * 86_400_000;
            let link = bench.invite(ALICE, false, false);
            // Who takes the other's clock for late may say that it is not to count; the inviter's decides.
            let late = bench.accept(BOB, &link) == Err(CommandError::ExpiredInvitation);
            assert_eq!(late, (days > 0) == (victim == BOB));
            if late {
                let accept = Command::AcceptInvitation { link, name: None, ignore_end: true };
                bench.command(BOB, accept).unwrap();
            }
            bench.advance(A_WHILE);
            let mut expected = Vec::new();
            for round in 0..6 {
                let (from, to) = if round % 2 == 0 { (ALICE, BOB) } else { (BOB, ALICE) };
                expected.push(format!("round {round}"));
                bench.send(from, to, &expected[round]).unwrap();
                bench.advance(Duration::from_secs(1));
                // The clock jumps forth and back.
                bench.peers[victim].clock_off = -bench.peers[victim].clock_off;
                bench.input(victim, Input::Resumed);
                bench.advance(Duration::from_secs(5));
            }
            for (who, of) in [(ALICE, BOB), (BOB, ALICE)] {
                assert_eq!(bench.texts(who, of), expected, "{days} days at {victim}");
            }
        }
    }
}

#[test]
fn two_who_change_networks_together_meet_where_they_announce_themselves() {
    let mut bench = two();
    bench.discover(ALICE, BOB);
    bench.discover(BOB, ALICE);
    bench.advance(Duration::from_secs(60));
    bench.hush(ALICE, BOB);
    for who in [ALICE, BOB] {
        bench.moves(who, 5_000 + u16::try_from(who).unwrap());
    }
    bench.discover(ALICE, BOB);
    bench.discover(BOB, ALICE);
    bench.send(ALICE, BOB, "here now").unwrap();
    bench.advance(Duration::from_secs(10));
    assert_eq!(bench.texts(BOB, ALICE), ["here now"]);
}

#[test]
fn two_histories_of_one_device_that_were_both_delivered_become_one() {
    for (one, other) in [(1, 1), (3, 90), (90, 3)] {
        let mut bench = Bench::new(57, &["Alice", "Bob", "Snapshot"]);
        bench.befriend(ALICE, BOB);
        let say = |bench: &mut Bench, word: &str, count: usize| {
            for number in 0..count {
                bench.send(ALICE, BOB, &format!("{word} {number}")).unwrap();
            }
            bench.advance(A_WHILE);
        };
        say(&mut bench, "before", 20);
        let before = [bench.writes(ALICE), bench.writes(BOB)];
        say(&mut bench, "one", one);
        bench.stop(ALICE);
        bench.copy(ALICE, 2);
        bench.stop(BOB);
        for who in [ALICE, BOB] {
            bench.lose_writes(who, bench.writes(who) - before[who]);
            bench.start(who);
        }
        say(&mut bench, "other", other);
        bench.stop(ALICE);
        bench.copy(2, ALICE);
        bench.send(BOB, ALICE, "hello").unwrap();
        bench.start(ALICE);
        bench.send(ALICE, BOB, "waiting").unwrap();
        bench.advance(A_WHILE);
        assert_eq!(noticed(&bench, ALICE, NoticeKind::Fork), 1);
        say(&mut bench, "after", 1);
        let texts = bench.texts(ALICE, BOB);
        assert_eq!(texts, bench.texts(BOB, ALICE));
        for (word, count) in
            [("before", 20), ("one", one), ("other", other), ("hello", 1), ("waiting", 1), ("after", 1)]
        {
            let found = texts.iter().filter(|text| text.starts_with(word));
            let expected: Vec<String> = match word {
                "hello" | "waiting" => vec![word.to_owned()],
                _ => (0..count).map(|number| format!("{word} {number}")).collect(),
            };
            assert_eq!(found.cloned().collect::<Vec<_>>(), expected, "{one} {other}");
        }
        assert_eq!(texts.last().map(String::as_str), Some("after 0"));
        // And it stays so.
        let before = bench.writes(ALICE);
        bench.advance(Duration::from_secs(600));
        assert!(bench.writes(ALICE) < before + 8, "{} writes", bench.writes(ALICE) - before);
        assert_eq!(noticed(&bench, ALICE, NoticeKind::Fork), 1);
    }
}

/// A message of this person in this life of theirs.
fn word(who: usize, life: usize, number: usize) -> String {
    format!("{who}.{life}.{number}")
}

#[test]
fn homes_that_are_put_back_at_random_on_both_sides_end_with_one_history() {
    for seed in (0..20).chain([82, 139]) {
        // Copies of both homes, of different times, on further disks that are never started.
        let mut bench = Bench::new(seed, &["Alice", "Bob", "a", "a", "a", "b", "b", "b"]);
        bench.befriend(ALICE, BOB);
        for copy in 2..8 {
            bench.copy(usize::from(copy >= 5), copy);
        }
        let mut dice = u64::from(seed) + 1;
        let mut roll = |sides: u64| {
            // A linear congruential generator: Knuth, MMIX.
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((dice >> 33) % sides).unwrap()
        };
        let (mut life, mut said) = ([0, 0], [0, 0]);
        for _ in 0..40 {
            let who = roll(2);
            match roll(8) {
                0 => bench.copy(who, 2 + 3 * who + roll(3)),
                1 | 2 => {
                    bench.stop(who);
                    bench.copy(2 + 3 * who + roll(3), who);
                    (life[who], said[who]) = (life[who] + 1, 0);
                }
                _ => {
                    for _ in 0..=roll(4) {
                        if bench.peers[who].engine.is_some() {
                            bench.send(who, 1 - who, &word(who, life[who], said[who])).unwrap();
                            said[who] += 1;
                        }
                    }
                }
            }
            for who in [ALICE, BOB] {
                if bench.peers[who].engine.is_none() && roll(3) > 0 {
                    bench.start(who);
                }
            }
            bench.advance(Duration::from_secs([0, 1, 150][roll(3)]));
        }
        for who in [ALICE, BOB] {
            if bench.peers[who].engine.is_none() {
                bench.start(who);
            }
        }
        let mut held: Vec<String> =
            bench.texts(ALICE, BOB).into_iter().chain(bench.texts(BOB, ALICE)).collect();
        held.sort();
        held.dedup();
        bench.advance(A_WHILE);
        bench.advance(A_WHILE);
        let texts = bench.texts(ALICE, BOB);
        assert_eq!(texts, bench.texts(BOB, ALICE), "seed {seed}");
        let mut sorted = texts.clone();
        sorted.sort();
        assert_eq!(sorted, held, "seed {seed}: all that anybody had, once each");
        for who in [ALICE, BOB] {
            for life in 0..=life[who] {
                let of_this: Vec<&String> =
                    texts.iter().filter(|text| text.starts_with(&format!("{who}.{life}."))).collect();
                let mut in_order = of_this.clone();
                in_order.sort_by_key(|text| text.rsplit('.').next().unwrap().parse::<u32>().unwrap());
                assert_eq!(of_this, in_order, "seed {seed}: life {life} of {who} in order");
            }
            assert!(
                states(&mut bench, who, 1 - who).iter().all(|(_, state)| *state >= MessageState::Delivered)
            );
        }
    }
}
