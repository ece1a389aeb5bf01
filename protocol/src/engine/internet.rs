//! People who find each other at the meeting place and talk over relays, and what nobody there can do to them.

use core::time::Duration;

use crate::{
    address::{Address, Relay},
    answer::{Answer, ContactState, MessageState, Path},
    command::Command,
    event::Event,
    ids::DialId,
    input::{Input, Standing},
    limits,
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);
const DAY: Duration = Duration::from_secs(86_400);
const DAY_MILLIS: i64 = 86_400_000;

/// Alice and Bob, who cannot dial each other, each at a relay of their own.
fn apart(seed: u8) -> Bench {
    let mut bench = Bench::new(seed, &["Alice", "Bob", "Carol"]);
    bench.stands(ALICE, &[1]);
    bench.stands(BOB, &[2]);
    bench.part(ALICE, BOB);
    bench
}

/// The same, who know each other.
fn friends(seed: u8) -> Bench {
    let mut bench = Bench::new(seed, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.stands(ALICE, &[1]);
    bench.stands(BOB, &[2]);
    bench.part(ALICE, BOB);
    bench
}

fn invite(bench: &mut Bench, who: usize, hints: bool) -> String {
    let command = Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints };
    match bench.command(who, command) {
        Ok(Answer::Invitation(view)) => view.link.unwrap(),
        other => panic!("an invitation, not {other:?}"),
    }
}

fn path(bench: &mut Bench, who: usize, with: usize) -> Option<Path> {
    bench.contact(who, with).and_then(|contact| contact.path)
}

fn received(bench: &Bench, who: usize) -> usize {
    bench.peers[who].events.iter().filter(|event| matches!(event, Event::MessageReceived(_))).count()
}

#[track_caller]
fn assert_talk(bench: &mut Bench) {
    let (before, there) = (received(bench, BOB), received(bench, ALICE));
    bench.send(ALICE, BOB, "one").unwrap();
    bench.send(BOB, ALICE, "two").unwrap();
    bench.advance(Duration::from_secs(1));
    assert_eq!((received(bench, BOB), received(bench, ALICE)), (before + 1, there + 1));
}

#[test]
fn a_link_without_addresses_leads_to_its_maker_by_the_meeting_place() {
    let mut bench = apart(61);
    let link = invite(&mut bench, ALICE, false);
    bench.advance(Duration::from_secs(3));
    bench.accept(BOB, &link).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.contact(BOB, ALICE).unwrap().state, ContactState::Active);
    assert_eq!(path(&mut bench, BOB, ALICE), Some(Path::Relayed));
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    assert_talk(&mut bench);
}

#[test]
fn what_is_found_is_dialled_beside_addresses_that_take_long_to_fail() {
    let mut bench = apart(58);
    bench.internet.endless = true;
    // The link tells where Alice was; she is found at a relay, and then where she is.
    let link = invite(&mut bench, ALICE, true);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(1));
    assert_eq!(path(&mut bench, BOB, ALICE), Some(Path::Relayed));
    let dials = &bench.peers[BOB].dials;
    assert_eq!(dials.len(), 2, "{dials:?}");
    assert_eq!(dials[0], (vec![bench.peers[ALICE].address()], Vec::new()));
    assert!(dials[1].0.is_empty(), "the same address is not dialled twice");
    assert_talk(&mut bench);
    // Once it has failed she is tried where she says that she is, as beside any relayed channel.
    bench.input(BOB, Input::DialFailed { dial: DialId::new(0) });
    bench.settle();
    assert_eq!(bench.peers[BOB].dials[2..], [(vec![bench.peers[ALICE].address()], Vec::new())]);
}

#[test]
fn a_found_address_is_dialled_beside_old_ones_and_not_again_and_again() {
    let mut bench = friends(57);
    bench.stop(ALICE);
    bench.stop(BOB);
    bench.internet.endless = true;
    bench.start(BOB);
    bench.stands(BOB, &[]);
    bench.advance(Duration::from_secs(10));
    let before = bench.peers[BOB].dials.len();
    bench.start(ALICE);
    bench.moves(ALICE, 4_006);
    bench.stands(ALICE, &[]);
    bench.advance(limits::LOOKUP_MAX);
    let moved = bench.peers[ALICE].address();
    let dials = &bench.peers[BOB].dials[before..];
    assert_eq!(dials, [(vec![moved], Vec::new())], "one beside the one that does not end");
    bench.stop(ALICE);
    bench.start(ALICE);
    bench.moves(ALICE, 4_007);
    bench.advance(limits::LOOKUP_MAX);
    assert_eq!(bench.peers[BOB].dials.len(), before + 1, "a third has to wait for one of the two");
}

#[test]
fn a_link_can_be_followed_the_moment_it_is_made() {
    let mut bench = apart(56);
    bench.advance(Duration::from_secs(10));
    let link = invite(&mut bench, ALICE, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_millis(100));
    assert_eq!(path(&mut bench, BOB, ALICE), Some(Path::Relayed));
}

#[test]
fn a_link_that_is_answered_before_its_maker_comes_leads_there_later() {
    let mut bench = apart(62);
    let link = invite(&mut bench, ALICE, false);
    bench.stop(ALICE);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(1_000));
    bench.start(ALICE);
    bench.advance(limits::LOOKUP_MAX + A_WHILE);
    assert_eq!(bench.contact(BOB, ALICE).unwrap().state, ContactState::Active);
    assert_talk(&mut bench);
}

#[test]
fn contacts_who_both_have_new_identities_and_addresses_find_each_other() {
    let mut bench = friends(63);
    bench.stop(ALICE);
    bench.stop(BOB);
    bench.advance(DAY * 3);
    bench.peers[ALICE].standing = None;
    bench.peers[BOB].standing = None;
    bench.start(ALICE);
    bench.start(BOB);
    bench.moves(ALICE, 4_001);
    bench.moves(BOB, 4_002);
    bench.stands(ALICE, &[3]);
    bench.stands(BOB, &[4]);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    assert_talk(&mut bench);
}

#[test]
fn an_address_found_at_the_meeting_place_is_dialled_directly() {
    let mut bench = friends(64);
    bench.join(ALICE, BOB);
    bench.stop(ALICE);
    bench.stop(BOB);
    bench.start(ALICE);
    bench.moves(ALICE, 4_001);
    bench.stands(ALICE, &[]);
    bench.advance(Duration::from_secs(10));
    bench.start(BOB);
    bench.advance(Duration::from_secs(10));
    assert_eq!(path(&mut bench, BOB, ALICE), Some(Path::Direct));
    assert_talk(&mut bench);
}

#[test]
fn messages_say_by_which_path_it_was_heard_that_they_came() {
    let mut bench = friends(65);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    bench.send(ALICE, BOB, "over a relay").unwrap();
    bench.advance(Duration::from_secs(1));
    let message = bench.history(ALICE, BOB).pop().unwrap();
    let describe =
        Command::DescribeMessage { conversation: bench.reference(BOB), message: message.id.to_string() };
    match bench.command(ALICE, describe) {
        Ok(Answer::MessageDetails(details)) => {
            assert_eq!(details.message.state, MessageState::Delivered);
            assert_eq!(details.path, Some(Path::Relayed));
        }
        other => panic!("a message, not {other:?}"),
    }
}

#[test]
fn after_a_lost_relayed_channel_the_next_dial_asks_nobody() {
    let mut bench = friends(66);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    bench.internet.silent = true;
    bench.part(ALICE, BOB);
    bench.advance(Duration::from_secs(5));
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
}

/// Whether a direct channel takes the place of a relayed one, whoever punches, with messages on their way.
fn replaced(seed: u8, first: usize, second: usize) {
    let mut bench = friends(seed);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    let texts: Vec<String> = (0..40).map(|number| format!("text {number}")).collect();
    bench.send_together(ALICE, BOB, &texts);
    bench.send_together(BOB, ALICE, &texts);
    for _ in 0..5 {
        bench.step();
    }
    bench.punch(first, second);
    for _ in 0..7 {
        bench.step();
    }
    bench.send_together(ALICE, BOB, &texts);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Direct));
    assert_eq!(path(&mut bench, BOB, ALICE), Some(Path::Direct));
    assert_eq!(bench.links(), 1, "the relayed one is closed");
    assert_eq!((received(&bench, ALICE), received(&bench, BOB)), (40, 80));
    assert_eq!(bench.history(ALICE, BOB).len(), 120);
}

#[test]
fn a_direct_channel_takes_the_place_of_a_relayed_one() {
    replaced(67, ALICE, BOB);
    replaced(68, BOB, ALICE);
}

#[test]
fn a_relayed_channel_does_not_take_the_place_of_a_direct_one() {
    let mut bench = friends(69);
    bench.advance(A_WHILE);
    bench.punch(ALICE, BOB);
    bench.advance(Duration::from_secs(5));
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Direct));
    for (who, whom) in [(ALICE, BOB), (BOB, ALICE)] {
        let events = bench.peers[who].events.len();
        bench.relay_between(who, whom);
        bench.advance(Duration::from_secs(5));
        assert_eq!(bench.links(), 1);
        assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Direct));
        assert_eq!(bench.peers[who].events.len(), events, "nobody is told of it");
    }
}

#[test]
fn an_address_that_a_contact_tells_over_a_relay_is_tried_once() {
    let mut bench = friends(70);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    let dials = bench.peers[ALICE].dials.len();
    bench.moves(BOB, 4_100);
    bench.advance(A_WHILE);
    let tried: Vec<_> = bench.peers[ALICE].dials[dials..].to_vec();
    let told = bench.peers[BOB].address();
    assert_eq!(tried.iter().filter(|(addresses, _)| addresses.contains(&told)).count(), 1);
    bench.advance(A_WHILE * 4);
    assert_eq!(bench.peers[ALICE].dials.len(), dials + tried.len(), "it does not go on");
    bench.join(ALICE, BOB);
    bench.moves(BOB, 4_101);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Direct));
    assert_eq!(bench.links(), 1);
}

#[test]
fn beside_a_relayed_channel_that_takes_a_lost_direct_ones_place_all_is_tried_anew() {
    let mut bench = friends(54);
    bench.advance(A_WHILE);
    bench.moves(BOB, 4_102);
    bench.advance(Duration::from_secs(1));
    bench.punch(ALICE, BOB);
    bench.advance(Duration::from_secs(1));
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Direct));
    // Bob moves. He knows that the old channel is of no use; she finds out while the new one waits.
    bench.hush(ALICE, BOB);
    bench.moves(BOB, 4_103);
    bench.relay_between(BOB, ALICE);
    let dials = bench.peers[ALICE].dials.len();
    bench.advance(Duration::from_secs(15));
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    let told = bench.peers[BOB].address();
    let tried = &bench.peers[ALICE].dials[dials..];
    assert!(tried.iter().any(|(addresses, _)| addresses.contains(&told)), "as he does: {tried:?}");
}

#[test]
fn clocks_that_are_years_apart_find_each_other() {
    for off in [400 * DAY_MILLIS, -400 * DAY_MILLIS] {
        for wrong in [ALICE, BOB] {
            let mut bench = Bench::new(71, &["Alice", "Bob", "Carol"]);
            bench.peers[wrong].clock_off = off;
            bench.stands(ALICE, &[1]);
            bench.stands(BOB, &[2]);
            let link = invite(&mut bench, ALICE, true);
            let command = Command::AcceptInvitation { link, name: None, ignore_end: true };
            bench.command(BOB, command).unwrap();
            bench.advance(A_WHILE);
            assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Direct), "{off} {wrong}");
            bench.part(ALICE, BOB);
            bench.stop(ALICE);
            bench.stop(BOB);
            bench.advance(DAY);
            bench.start(ALICE);
            bench.start(BOB);
            bench.advance(A_WHILE);
            assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed), "{off} {wrong}");
        }
    }
}

#[test]
fn keys_of_past_days_are_given_up_by_both_clocks_only() {
    let mut bench = friends(72);
    let kept = |bench: &Bench, who: usize| {
        let state = &bench.peers[who].engine.as_ref().unwrap().state;
        state.contacts.iter().next().unwrap().1.pairs[0].day
    };
    let first = kept(&bench, ALICE);
    // Alice's clock goes mad, and comes back.
    bench.peers[ALICE].clock_off = 400 * DAY_MILLIS;
    bench.join(ALICE, BOB);
    bench.stop(ALICE);
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert!(path(&mut bench, ALICE, BOB).is_some());
    assert_eq!((kept(&bench, ALICE), kept(&bench, BOB)), (first, first));
    bench.peers[ALICE].clock_off = 0;
    // What both say after a long time stands on the next day.
    for (days, moved) in [(100, 0), (1, 63)] {
        bench.stop(ALICE);
        bench.stop(BOB);
        bench.advance(DAY * days);
        bench.start(BOB);
        bench.start(ALICE);
        bench.advance(A_WHILE);
        let days = (kept(&bench, ALICE), kept(&bench, BOB));
        assert_eq!(days, (first + moved, first + moved), "{moved}");
    }
    bench.part(ALICE, BOB);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
}

#[test]
fn nothing_is_left_or_asked_for_who_is_blocked_or_removed() {
    for remove in [false, true] {
        let mut bench = friends(73);
        bench.stop(ALICE);
        bench.advance(A_WHILE);
        let contact = bench.reference(ALICE);
        let command = if remove {
            Command::RemoveContact { contact, keep_history: false }
        } else {
            Command::BlockContact { contact }
        };
        bench.command(BOB, command).unwrap();
        let (left, asked) = (bench.left_by(BOB).len(), bench.asked_by(BOB).len());
        assert!(left > 0 && asked > 0);
        bench.moves(BOB, 4_003);
        bench.advance(DAY * 2);
        assert_eq!((bench.left_by(BOB).len(), bench.asked_by(BOB).len()), (left, asked));
    }
}

#[test]
fn who_is_told_to_stay_off_the_internet_does() {
    let mut bench = Bench::new(74, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.peers[ALICE].internet = false;
    bench.stop(ALICE);
    bench.start(ALICE);
    bench.stands(ALICE, &[1]);
    bench.stands(BOB, &[2]);
    bench.part(ALICE, BOB);
    let _ = invite(&mut bench, ALICE, false);
    bench.advance(DAY);
    assert!(bench.left_by(ALICE).is_empty() && bench.asked_by(ALICE).is_empty());
    assert!(
        bench.peers[ALICE].dials.iter().all(|(addresses, circuits)| {
            circuits.is_empty() && addresses.iter().all(Address::is_private)
        })
    );
    assert_eq!(path(&mut bench, ALICE, BOB), None);
    bench.join(ALICE, BOB);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Direct), "on this network everything is as it was");
}

#[test]
fn who_does_not_tell_addresses_says_none_and_dials_none() {
    let mut bench = Bench::new(75, &["Alice", "Bob", "Carol"]);
    bench.peers[ALICE].direct = false;
    bench.stop(ALICE);
    bench.start(ALICE);
    bench.stands(ALICE, &[1]);
    bench.stands(BOB, &[2]);
    let link = invite(&mut bench, ALICE, true);
    let short = invite(&mut bench, BOB, false);
    assert_eq!(link.len(), short.len(), "no hint is in it");
    bench.advance(Duration::from_secs(3));
    bench.accept(BOB, &link).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, BOB, ALICE), Some(Path::Relayed));
    bench.discover(ALICE, BOB);
    bench.moves(BOB, 4_004);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, BOB, ALICE), Some(Path::Relayed));
    assert!(bench.peers[ALICE].dials.iter().all(|(addresses, _)| addresses.is_empty()));
    assert!(
        !bench.peers[BOB]
            .dials
            .iter()
            .any(|(addresses, _)| addresses.contains(&bench.peers[ALICE].address()))
    );
    assert_talk(&mut bench);
}

#[test]
fn who_hides_goes_over_relays_of_their_own_only_and_where_they_know_them() {
    for own in [&[1][..], &[1, 2]] {
        let mut bench = friends(55);
        bench.stop(ALICE);
        bench.stop(BOB);
        bench.peers[ALICE].direct = false;
        bench.start(ALICE);
        bench.stands(ALICE, own);
        bench.start(BOB);
        // Bob is at a relay that he says is the second one.
        let lie = Relay { address: Bench::relay(7).address, ..Bench::relay(2) };
        bench.peers[BOB].standing =
            Some(Standing { relays: vec![lie], meeting_place: true, ..Standing::default() });
        bench.stop(BOB);
        bench.start(BOB);
        bench.advance(A_WHILE);
        // He finds her at her relay, and she does not look for him elsewhere.
        assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
        let circuits: Vec<_> = bench.peers[ALICE].dials.iter().flat_map(|(_, circuits)| circuits).collect();
        assert!(circuits.iter().all(|circuit| circuit.relay == Bench::relay(2)), "{circuits:?}");
        assert_talk(&mut bench);
    }
}

#[test]
fn what_anybody_puts_at_the_meeting_place_changes_nothing() {
    let mut bench = Bench::new(76, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.befriend(ALICE, CAROL);
    for who in [ALICE, BOB, CAROL] {
        bench.stands(who, &[u8::try_from(who).unwrap()]);
    }
    bench.stop(BOB);
    bench.stop(CAROL);
    bench.advance(Duration::from_secs(20));
    // Whatever Alice may ask for: what she left herself, in every shape, and garbage.
    let asked = bench.asked_by(ALICE);
    let own = bench.left_by(ALICE);
    assert!(!asked.is_empty() && !own.is_empty());
    for key in asked {
        let values = bench.internet.planted.entry(key).or_default();
        values.extend(own.iter().map(|left| left.value.clone()));
        values.extend([Vec::new(), vec![0; 10], vec![7; limits::RECORD_BYTES], vec![7; 100_000]]);
        values.extend(std::iter::repeat_n(vec![9; limits::RECORD_BYTES], 1_000));
    }
    let (dials, events) = (bench.peers[ALICE].dials.len(), bench.peers[ALICE].events.len());
    let circuits = |bench: &Bench| bench.peers[ALICE].dials.iter().filter(|dial| !dial.1.is_empty()).count();
    let over_relays = circuits(&bench);
    bench.advance(Duration::from_secs(600));
    assert!(bench.peers[ALICE].dials.len() > dials, "their old addresses are dialled as ever");
    assert_eq!(circuits(&bench), over_relays);
    assert_eq!(bench.peers[ALICE].events.len(), events);
    assert!(bench.peers[ALICE].logged.iter().any(|line| line.contains("of no use")));
}

#[test]
fn an_old_record_that_is_put_there_again_costs_a_dial() {
    let mut bench = friends(77);
    bench.internet.down.extend([Bench::relay(1), Bench::relay(2)]);
    bench.stop(BOB);
    bench.start(BOB);
    bench.advance(Duration::from_secs(20));
    bench.stop(BOB);
    bench.start(BOB);
    bench.internet.down.clear();
    bench.advance(limits::LOOKUP_MAX);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
    // Everything that Bob ever said is said again, under every key.
    let old = bench.left_by(BOB);
    assert!(old.len() > 1);
    for left in &old {
        bench.internet.planted.entry(left.key).or_default().extend(old.iter().map(|one| one.value.clone()));
    }
    bench.stop(BOB);
    let before = bench.peers[ALICE].dials.len();
    let asked = bench.asked_by(ALICE).len();
    bench.advance(Duration::from_secs(60));
    let dials = bench.peers[ALICE].dials.len() - before;
    assert!(dials <= bench.asked_by(ALICE).len() - asked + 40, "{dials} dials");
    bench.start(BOB);
    bench.advance(A_WHILE);
    assert_eq!(path(&mut bench, ALICE, BOB), Some(Path::Relayed));
}

#[test]
fn few_questions_run_at_a_time_and_those_without_an_answer_are_forgotten() {
    let names: Vec<String> = (0..20).map(|number| format!("P{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bench = Bench::new(78, &names);
    for whom in 1..names.len() {
        bench.befriend(ALICE, whom);
        bench.stop(whom);
    }
    bench.internet.silent = true;
    bench.stands(ALICE, &[1]);
    assert_eq!(bench.asked_by(ALICE).len(), limits::LOOKUPS_MAX);
    bench.advance(limits::LOOKUP_PATIENCE - Duration::from_secs(1));
    assert_eq!(bench.asked_by(ALICE).len(), limits::LOOKUPS_MAX);
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.asked_by(ALICE).len(), 2 * limits::LOOKUPS_MAX);
    bench.internet.silent = false;
    bench.advance(A_WHILE);
    let asked: std::collections::BTreeSet<_> = bench.asked_by(ALICE).into_iter().collect();
    assert_eq!(asked.len(), names.len() - 1, "everybody had their turn");
}

#[test]
fn no_two_keys_are_the_same_between_days_directions_and_people() {
    let mut bench = Bench::new(79, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.befriend(ALICE, CAROL);
    bench.internet.down.extend([Bench::relay(1), Bench::relay(2)]);
    bench.stands(ALICE, &[1]);
    bench.stands(BOB, &[2]);
    bench.part(ALICE, BOB);
    bench.stop(CAROL);
    bench.advance(DAY * 3);
    let keys = |who| -> std::collections::BTreeSet<_> {
        bench.left_by(who).into_iter().map(|left| left.key).collect()
    };
    let (alice, bob) = (keys(ALICE), keys(BOB));
    assert!(alice.is_disjoint(&bob));
    assert_eq!((alice.len(), bob.len()), (12, 3), "one a day and person, and one a day and link");
    let mut values: Vec<_> = bench.internet.left.iter().map(|left| left.value.clone()).collect();
    assert!(values.iter().all(|value| value.len() == limits::RECORD_BYTES));
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), count);
}

#[test]
fn a_record_is_not_left_again_and_again_by_a_link_that_breaks() {
    let mut bench = friends(80);
    bench.advance(A_WHILE);
    let left = bench.left_by(ALICE).len();
    for _ in 0..20 {
        bench.part(ALICE, BOB);
        bench.advance(Duration::from_secs(4));
    }
    assert!(bench.left_by(ALICE).len() <= left + 3, "{} and {left}", bench.left_by(ALICE).len());
}

#[test]
fn strangers_over_relays_are_counted_together() {
    let mut bench = friends(81);
    bench.advance(A_WHILE);
    let links = bench.links();
    for _ in 0..2 * limits::UNKNOWN_LINKS_RELAYED_MAX {
        bench.stranger_over_relay(ALICE);
    }
    assert_eq!(bench.links(), links + limits::UNKNOWN_LINKS_RELAYED_MAX);
    assert_talk(&mut bench);
}

#[test]
fn a_test_of_a_contact_asks_the_meeting_place_and_says_over_which_relay_it_went() {
    use crate::answer::{AddressOutcome, AddressSource, StepResult};
    let mut bench = friends(82);
    bench.stop(BOB);
    bench.advance(Duration::from_secs(60));
    bench.moves(ALICE, 4_005);
    bench.advance(Duration::from_secs(400));
    bench.peers[BOB].standing.as_mut().unwrap().relays = vec![Bench::relay(5)];
    bench.internet.down.insert(Bench::relay(1));
    bench.start(BOB);
    bench.advance(Duration::from_secs(3));
    let asked = bench.asked_by(ALICE).len();
    let command = Command::TestContact { contact: bench.reference(BOB) };
    let Ok(Answer::Trial(trial)) = bench.command(ALICE, command) else { panic!("a test") };
    assert!(bench.asked_by(ALICE).len() > asked);
    assert_eq!(trial.online, StepResult::Done, "{trial:?}");
    let relay = trial.addresses.iter().find(|one| one.source == AddressSource::Relay).unwrap();
    assert_eq!((relay.address, relay.outcome), (Bench::relay(5).address, AddressOutcome::Answered));
}
