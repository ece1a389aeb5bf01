//! A copy of a device that became a device of its own: what reaches it, what it says, and what others make of it.

use core::time::Duration;

use crate::{
    answer::{Answer, CommandError, DeviceView, Verification},
    command::{Command, Reference},
    event::{Event, NoticeKind},
    limits,
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;
const LAPTOP: usize = 2;
const BOBS_LAPTOP: usize = 3;

const A_WHILE: Duration = Duration::from_secs(150);

/// Alice and Bob know each other, and Alice's second home is a copy of her first. Nobody is stopped.
fn copied(seed: u8) -> Bench {
    let mut bench = Bench::new(seed, &["Alice", "Bob", "Laptop", "Bob's laptop"]);
    bench.stop(BOBS_LAPTOP);
    bench.befriend(ALICE, BOB);
    bench.send(ALICE, BOB, "hers before").unwrap();
    bench.send(BOB, ALICE, "his before").unwrap();
    bench.advance(A_WHILE);
    copy(&mut bench, ALICE, LAPTOP);
    bench
}

fn copy(bench: &mut Bench, who: usize, copy: usize) {
    bench.stop(who);
    bench.copy(who, copy);
    bench.start(who);
    bench.start(copy);
}

fn separate(bench: &mut Bench, who: usize) -> Vec<DeviceView> {
    match bench.command(who, Command::SeparateDevice) {
        Ok(Answer::Devices(devices)) => devices,
        other => panic!("{other:?}"),
    }
}

fn devices(bench: &mut Bench, who: usize) -> Vec<DeviceView> {
    match bench.command(who, Command::ListDevices) {
        Ok(Answer::Devices(devices)) => devices,
        other => panic!("{other:?}"),
    }
}

fn noticed(bench: &Bench, who: usize, kind: NoticeKind) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { kind: told, .. } if *told == kind)).count()
}

/// All of them show the same, in one order.
fn show_the_same(bench: &mut Bench, shown: &[(usize, usize)], count: usize) {
    let (first, with) = shown[0];
    let expected = bench.texts(first, with);
    assert_eq!(expected.len(), count, "{expected:?}");
    for (who, with) in shown {
        assert_eq!(bench.texts(*who, *with), expected, "{who} with {with}");
    }
}

#[test]
fn a_copy_becomes_a_device_and_both_are_met_at_once() {
    let mut bench = copied(150);
    assert_eq!(devices(&mut bench, LAPTOP).len(), 1);
    let both = separate(&mut bench, LAPTOP);
    assert_eq!((both.len(), both.iter().filter(|one| one.is_this).count()), (2, 1));
    bench.advance(A_WHILE);
    for who in [ALICE, BOB, LAPTOP] {
        bench.peers[who].events.clear();
    }
    bench.send(BOB, ALICE, "his to both").unwrap();
    bench.send(ALICE, BOB, "hers from the desk").unwrap();
    bench.send(LAPTOP, BOB, "hers from the laptop").unwrap();
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 5);
    assert_eq!(devices(&mut bench, ALICE).len(), 2, "she learns it from him");
    for who in [ALICE, BOB, LAPTOP] {
        for kind in [NoticeKind::Twin, NoticeKind::Fork, NoticeKind::KeysRenewed, NoticeKind::StoreRepaired] {
            assert_eq!(noticed(&bench, who, kind), 0, "{who} {kind:?}");
        }
    }
    let told = |event: &&Event| matches!(event, Event::MessageReceived(_));
    assert_eq!(bench.peers[BOB].events.iter().filter(told).count(), 2, "each is told once");
}

#[test]
fn devices_on_both_sides_meet_in_every_way_and_show_one_history() {
    for seed in 0..40 {
        let mut bench = copied(seed);
        copy(&mut bench, BOB, BOBS_LAPTOP);
        // Neither of the two new ones knows of the other.
        separate(&mut bench, LAPTOP);
        separate(&mut bench, BOBS_LAPTOP);
        bench.advance(A_WHILE);
        let all = [(ALICE, BOB), (LAPTOP, BOB), (BOB, ALICE), (BOBS_LAPTOP, ALICE)];
        for round in 0..3 {
            for (who, whom) in all {
                bench.send(who, whom, &format!("{who} in round {round}")).unwrap();
            }
            bench.advance(Duration::from_secs(1));
            show_the_same(&mut bench, &all, 6 + 4 * round);
        }
        for (who, _) in all {
            assert_eq!(devices(&mut bench, who).len(), 2, "seed {seed}, {who}");
            assert_eq!(noticed(&bench, who, NoticeKind::Twin), 0, "seed {seed}, {who}");
            assert_eq!(noticed(&bench, who, NoticeKind::Fork), 0, "seed {seed}, {who}");
        }
    }
}

#[test]
fn what_one_device_says_while_the_other_is_away_reaches_both() {
    let mut bench = copied(152);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    bench.stop(ALICE);
    bench.send(LAPTOP, BOB, "hers from the laptop").unwrap();
    bench.send(BOB, ALICE, "his to the laptop").unwrap();
    bench.advance(A_WHILE);
    bench.stop(LAPTOP);
    bench.send(BOB, ALICE, "his to nobody").unwrap();
    bench.start(ALICE);
    bench.send(ALICE, BOB, "hers from the desk").unwrap();
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB)], 6);
    bench.stop(ALICE);
    bench.start(LAPTOP);
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (LAPTOP, BOB)], 6);
}

#[test]
fn what_was_written_on_a_copy_before_and_never_left_is_not_lost() {
    let mut bench = copied(153);
    bench.stop(BOB);
    bench.send(LAPTOP, BOB, "written as a copy").unwrap();
    bench.send(ALICE, BOB, "hers meanwhile").unwrap();
    separate(&mut bench, LAPTOP);
    bench.send(LAPTOP, BOB, "written as a device").unwrap();
    bench.start(BOB);
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 5);
}

#[test]
fn devices_made_beside_one_another_are_all_listed_in_the_end() {
    let mut bench = copied(154);
    bench.stop(BOBS_LAPTOP);
    bench.stop(ALICE);
    bench.copy(ALICE, BOBS_LAPTOP);
    bench.start(BOBS_LAPTOP);
    bench.start(ALICE);
    // A third device of hers; each of the two says a second list that does not name the other.
    bench.part(LAPTOP, BOB);
    separate(&mut bench, LAPTOP);
    separate(&mut bench, BOBS_LAPTOP);
    bench.advance(A_WHILE);
    bench.join(LAPTOP, BOB);
    bench.advance(A_WHILE);
    bench.send(BOB, ALICE, "his to all").unwrap();
    for who in [ALICE, LAPTOP, BOBS_LAPTOP] {
        bench.send(who, BOB, &format!("hers from {who}")).unwrap();
    }
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB), (BOBS_LAPTOP, BOB)], 6);
    for who in [ALICE, LAPTOP, BOBS_LAPTOP] {
        assert_eq!(devices(&mut bench, who).len(), 3, "{who}");
    }
}

#[test]
fn a_verified_contact_with_another_device_is_to_be_verified_again() {
    let mut bench = copied(155);
    let alice = Reference::new(&bench.account(ALICE).unwrap().to_string());
    bench.command(BOB, Command::VerifyContact { contact: alice.clone() }).unwrap();
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    assert_eq!(bench.send(BOB, ALICE, "no"), Err(CommandError::VerificationChanged));
    assert_eq!(noticed(&bench, BOB, NoticeKind::DeviceListChanged), 1);
    assert_eq!(noticed(&bench, ALICE, NoticeKind::DeviceAdded), 1);
    let verified = bench.command(BOB, Command::VerifyContact { contact: alice }).unwrap();
    assert!(matches!(verified, Answer::Contact(view) if view.verification == Verification::Verified));
    bench.send(BOB, ALICE, "yes").unwrap();
    bench.advance(A_WHILE);
    assert!(bench.texts(LAPTOP, BOB).contains(&"yes".to_owned()));
}

#[test]
fn who_is_blocked_or_removed_has_no_device_that_is_met() {
    for remove in [false, true] {
        let mut bench = copied(156);
        separate(&mut bench, LAPTOP);
        bench.advance(A_WHILE);
        let contact = Reference::new(&bench.account(ALICE).unwrap().to_string());
        let command = if remove {
            Command::RemoveContact { contact, keep_history: false }
        } else {
            Command::BlockContact { contact }
        };
        bench.command(BOB, command).unwrap();
        bench.advance(A_WHILE);
        for who in [ALICE, LAPTOP] {
            bench.send(who, BOB, "to nobody").unwrap();
        }
        bench.advance(A_WHILE);
        let state = bench.peers[BOB].engine.as_ref().unwrap().state();
        assert_eq!(state.links.all_live().count(), 0);
        assert_eq!(state.contacts.iter().count(), if remove { 1 } else { 2 });
        if !remove {
            assert!(!bench.texts(BOB, ALICE).contains(&"to nobody".to_owned()));
        }
    }
}

#[test]
fn an_account_has_so_many_devices_and_no_more() {
    let mut bench = copied(157);
    for count in 2..=limits::DEVICES_MAX {
        assert_eq!(separate(&mut bench, LAPTOP).len(), count);
    }
    let refused = bench.command(LAPTOP, Command::SeparateDevice);
    assert!(matches!(refused, Err(CommandError::OutOfRange(_))), "{refused:?}");
    bench.advance(A_WHILE);
    bench.send(LAPTOP, BOB, "from the last of them").unwrap();
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 3);
}

#[test]
fn a_device_that_is_put_back_to_when_it_was_a_copy_is_one_again_and_nothing_is_lost() {
    let mut bench = copied(158);
    let before = bench.writes(LAPTOP);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    bench.send(LAPTOP, BOB, "from the device").unwrap();
    bench.advance(A_WHILE);
    bench.stop(LAPTOP);
    bench.lose_writes(LAPTOP, bench.writes(LAPTOP) - before);
    bench.start(LAPTOP);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    bench.send(LAPTOP, BOB, "from the device that it is now").unwrap();
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 4);
    assert_eq!(devices(&mut bench, LAPTOP).len(), 3);
}

#[test]
fn a_device_without_its_store_gets_everything_back() {
    let mut bench = copied(159);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    bench.send(LAPTOP, BOB, "from the laptop").unwrap();
    bench.send(ALICE, BOB, "from the desk").unwrap();
    bench.advance(A_WHILE);
    for who in [LAPTOP, BOB, ALICE] {
        bench.stop(who);
        bench.lose_store(who);
        bench.start(who);
        bench.advance(A_WHILE);
    }
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 4);
}

#[test]
fn a_contact_who_lists_a_device_of_ours_gets_none_of_our_words() {
    let mut bench = copied(160);
    copy(&mut bench, BOB, BOBS_LAPTOP);
    separate(&mut bench, BOBS_LAPTOP);
    bench.advance(A_WHILE);
    let state = bench.peers[BOBS_LAPTOP].engine.as_ref().unwrap().state();
    let listed = state.own.device_list().device(state.own.device()).unwrap().clone();
    bench.meddle(ALICE, |state, _| state.own.claim(listed));
    bench.stop(BOB);
    bench.start(BOB);
    bench.advance(A_WHILE);
    bench.send(BOBS_LAPTOP, ALICE, "his own words").unwrap();
    bench.advance(A_WHILE);
    let said = bench.history(BOB, ALICE).into_iter().find(|one| one.text.as_deref() == Some("his own words"));
    assert!(said.unwrap().outgoing);
}

#[test]
fn a_device_that_came_after_numbers_were_compared_is_given_nothing_until_they_are_again() {
    let mut bench = copied(161);
    let alice = Reference::new(&bench.account(ALICE).unwrap().to_string());
    bench.command(BOB, Command::VerifyContact { contact: alice.clone() }).unwrap();
    // Either of two equal copies may be the one that is met.
    bench.stop(LAPTOP);
    bench.send(BOB, ALICE, "after the copy").unwrap();
    bench.advance(A_WHILE);
    bench.start(LAPTOP);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    let given = |bench: &mut Bench| bench.texts(LAPTOP, BOB).contains(&"after the copy".to_owned());
    assert!(!given(&mut bench));
    bench.send(LAPTOP, BOB, "it is heard all the same").unwrap();
    bench.advance(A_WHILE);
    assert!(bench.texts(BOB, ALICE).contains(&"it is heard all the same".to_owned()));
    bench.command(BOB, Command::VerifyContact { contact: alice }).unwrap();
    bench.advance(A_WHILE);
    assert!(given(&mut bench));
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 4);
}

#[test]
fn a_device_that_was_given_nothing_for_long_is_given_all_once_it_is_verified() {
    const TABLET: usize = BOBS_LAPTOP;
    let mut bench = copied(169);
    let alice = Reference::new(&bench.account(ALICE).unwrap().to_string());
    copy(&mut bench, ALICE, TABLET);
    bench.stop(TABLET);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    bench.command(BOB, Command::VerifyContact { contact: alice.clone() }).unwrap();
    // More than is asked for at once, of each of two devices.
    for number in 0..100 {
        for who in [ALICE, LAPTOP] {
            bench.send(who, BOB, &format!("{who} says {number}")).unwrap();
        }
    }
    bench.advance(A_WHILE);
    bench.stop(ALICE);
    bench.start(TABLET);
    separate(&mut bench, TABLET);
    bench.advance(A_WHILE);
    let lacks = bench.texts(TABLET, BOB).len();
    assert_eq!(lacks, 2);
    bench.command(BOB, Command::VerifyContact { contact: alice }).unwrap();
    bench.advance(A_WHILE);
    bench.start(ALICE);
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB), (TABLET, BOB)], 202);
}

#[test]
fn an_identity_that_does_not_know_that_its_store_became_a_device_becomes_one() {
    let mut bench = copied(162);
    let before = bench.writes(LAPTOP);
    separate(&mut bench, LAPTOP);
    bench.stop(LAPTOP);
    // The store was written, and nothing after it.
    bench.lose_writes(LAPTOP, bench.writes(LAPTOP) - before - 1);
    for who in [ALICE, BOB] {
        bench.peers[who].events.clear();
    }
    bench.start(LAPTOP);
    bench.advance(A_WHILE);
    assert_eq!(devices(&mut bench, LAPTOP).len(), 2);
    bench.send(LAPTOP, BOB, "from the laptop").unwrap();
    bench.send(ALICE, BOB, "from the desk").unwrap();
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 4);
    for who in [ALICE, BOB] {
        assert_eq!(noticed(&bench, who, NoticeKind::KeysRenewed), 0, "{who}");
        assert_eq!(noticed(&bench, who, NoticeKind::Twin), 0, "{who}");
    }
}

#[test]
fn what_two_copies_wrote_at_one_place_is_all_there_once_one_of_them_is_a_device() {
    let mut bench = copied(163);
    for who in [ALICE, LAPTOP] {
        bench.stop(who);
        bench.peers[who].place = [7; 32];
        bench.start(who);
        bench.advance(A_WHILE);
        bench.stop(who);
    }
    // Nothing about its files shows that it is a copy.
    bench.copy(ALICE, LAPTOP);
    for who in [ALICE, LAPTOP] {
        bench.start(who);
        bench.stop(BOB);
        for number in 0..3 {
            bench.send(who, BOB, &format!("{who} writes {number}")).unwrap();
        }
        bench.start(BOB);
        if who == ALICE {
            bench.advance(A_WHILE);
        }
    }
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB), (LAPTOP, BOB)], 8);
}

#[test]
fn devices_of_one_account_do_not_take_each_other_for_a_contacts() {
    let mut bench = copied(164);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    bench.stop(BOB);
    for _ in 0..5 {
        bench.discover(ALICE, LAPTOP);
        bench.discover(LAPTOP, ALICE);
        bench.advance(Duration::from_secs(60));
    }
    for who in [ALICE, LAPTOP] {
        let refused = bench.peers[who].logged.iter().find(|line| line.contains("does not check"));
        assert_eq!(refused, None, "{who}");
        let state = bench.peers[who].engine.as_ref().unwrap().state();
        assert_eq!(state.contacts.iter().count(), 1, "{who}");
    }
}

#[test]
fn a_device_does_not_get_another_static_key_whatever_its_account_signs() {
    let mut bench = copied(165);
    let alice = Reference::new(&bench.account(ALICE).unwrap().to_string());
    bench.command(BOB, Command::VerifyContact { contact: alice }).unwrap();
    let static_of = |bench: &Bench| {
        let state = bench.peers[BOB].engine.as_ref().unwrap().state();
        state.contacts.iter().next().unwrap().1.device.unwrap().1
    };
    let before = static_of(&bench);
    let link = bench.invite(BOB, false, false);
    // Whoever has the account's key gives her device a key of theirs, and answers a link with it.
    bench.stop(ALICE);
    bench.meddle(LAPTOP, |state, turn| state.own.swap_static(&mut turn.random));
    bench.accept(LAPTOP, &link).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(static_of(&bench), before);
    assert_eq!(bench.send(BOB, ALICE, "to whom?"), Err(CommandError::VerificationChanged));
    let refused = bench.peers[BOB].logged.iter().any(|line| line.contains("refused"));
    assert!(refused, "{:?}", bench.peers[BOB].logged);
}

#[test]
fn a_store_put_back_beneath_a_newer_identity_makes_no_other_device_of_it() {
    let mut bench = copied(166);
    separate(&mut bench, LAPTOP);
    bench.advance(A_WHILE);
    bench.stop(LAPTOP);
    bench.copy(LAPTOP, BOBS_LAPTOP);
    bench.start(LAPTOP);
    bench.start(BOBS_LAPTOP);
    separate(&mut bench, BOBS_LAPTOP);
    bench.stop(BOBS_LAPTOP);
    // All that the copy wrote into its store is gone; its identity is of the device that it became.
    bench.lose_changes(BOBS_LAPTOP, 2);
    for _ in 0..3 {
        bench.start(BOBS_LAPTOP);
        assert_eq!(devices(&mut bench, BOBS_LAPTOP).len(), 3);
        bench.advance(A_WHILE);
        bench.stop(BOBS_LAPTOP);
    }
}

#[test]
fn who_is_put_back_to_before_all_devices_of_a_contact_were_made_anew_needs_a_new_link() {
    let mut bench = copied(170);
    bench.stop(LAPTOP);
    bench.stop(BOB);
    let before = bench.writes(BOB);
    bench.start(BOB);
    separate(&mut bench, ALICE);
    bench.advance(A_WHILE);
    bench.send(ALICE, BOB, "hers, made anew").unwrap();
    bench.advance(A_WHILE);
    bench.stop(BOB);
    bench.lose_writes(BOB, bench.writes(BOB) - before);
    bench.start(BOB);
    bench.send(BOB, ALICE, "his from before").unwrap();
    bench.advance(A_WHILE);
    assert!(!bench.texts(ALICE, BOB).contains(&"his from before".to_owned()), "nothing is shared");
    let link = bench.invite(ALICE, false, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(A_WHILE);
    show_the_same(&mut bench, &[(BOB, ALICE), (ALICE, BOB)], 4);
}
