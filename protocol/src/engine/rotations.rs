//! Rotations of the ring: every way in which one can be cut short, and what a thief of the disk has afterwards.

use core::time::Duration;

use crate::{
    entropy::{Entropy, TurnRandom},
    event::{Event, NoticeKind},
    limits,
    secret::Secret,
    testing::{Bench, MemoryRecords},
    vault::{
        SESSION_STATE, Vault,
        ring::{Slot, Slots},
    },
};

const ALICE: usize = 0;
const BOB: usize = 1;

const A_MOMENT: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_secs(150);

fn two() -> Bench {
    let mut bench = Bench::new(60, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    talk(&mut bench, "begun");
    bench
}

/// Both say something, which arrives.
fn talk(bench: &mut Bench, what: &str) {
    for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
        let text = format!("{what} by {from}");
        bench.send(from, to, &text).unwrap();
        bench.advance(A_WHILE / 10);
        assert!(bench.texts(to, from).contains(&text), "{text} did not arrive");
    }
}

/// Long enough for a rotation of what has changed.
fn rotate(bench: &mut Bench) {
    bench.advance(limits::ROTATE_AFTER + A_MOMENT);
}

fn generation(bench: &Bench, who: usize) -> u32 {
    bench.peers[who].engine.as_ref().unwrap().vault.generation()
}

fn noticed(bench: &Bench, who: usize, kind: NoticeKind) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { kind: told, .. } if *told == kind)).count()
}

/// How often it was said that sessions do not open.
fn told(bench: &Bench, who: usize) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { text, .. } if text.starts_with("keys of conv")))
        .count()
}

/// How many records of sessions there are, and how many of them these keys open.
fn readable(store: &MemoryRecords, vault: &Vault) -> (usize, usize) {
    let sealed: Vec<_> = store.iter().filter(|(key, _)| SESSION_STATE.contains(&key[0])).collect();
    (sealed.len(), sealed.iter().filter(|(key, value)| vault.unseal(key, value).is_some()).count())
}

/// Keys of envelopes that were overtaken lie in Alice's store, and a step is under way.
fn with_every_kind_of_record(bench: &mut Bench) {
    for number in 0..40 {
        bench.send(BOB, ALICE, &format!("fast {number}")).unwrap();
        bench.step();
    }
    bench.part(ALICE, BOB);
    bench.advance(A_MOMENT);
    bench.join(ALICE, BOB);
    bench.advance(A_WHILE);
    talk(bench, "every kind");
}

#[test]
fn after_a_rotation_an_old_copy_of_the_store_opens_nothing() {
    let mut bench = two();
    with_every_kind_of_record(&mut bench);
    let (old, before) = (bench.peers[ALICE].store.clone(), generation(&bench, ALICE));
    let (records, opened) = readable(&old, &bench.peers[ALICE].vault().unwrap());
    assert!(records >= 3);
    assert_eq!(opened, records);
    rotate(&mut bench);
    assert_eq!(generation(&bench, ALICE), before + 1);
    let vault = bench.peers[ALICE].vault().unwrap();
    assert_eq!(readable(&old, &vault), (records, 0), "the old values");
    let (records, opened) = readable(&bench.peers[ALICE].store, &vault);
    assert!(records >= 3);
    assert_eq!(opened, records, "the new ones");
    talk(&mut bench, "after");
    assert_eq!(noticed(&bench, ALICE, NoticeKind::KeysRenewed), 0);
}

#[test]
fn nothing_is_rotated_where_nothing_changed() {
    let mut bench = two();
    rotate(&mut bench);
    bench.stop(BOB);
    let (before, slots) = (generation(&bench, ALICE), bench.slots_written(ALICE));
    bench.advance(Duration::from_secs(7 * 3_600));
    assert_eq!((generation(&bench, ALICE), bench.slots_written(ALICE)), (before, slots));
    bench.input(ALICE, crate::input::Input::Stopping);
    assert!(!bench.peers[ALICE].engine.as_ref().unwrap().is_rotating());
    assert_eq!(bench.slots_written(ALICE), slots);
}

#[test]
fn a_clean_stop_rotates_at_once_and_the_next_start_does_not() {
    let mut bench = two();
    let before = generation(&bench, ALICE);
    bench.input(ALICE, crate::input::Input::Stopping);
    bench.settle();
    assert!(!bench.peers[ALICE].engine.as_ref().unwrap().is_rotating());
    assert_eq!(generation(&bench, ALICE), before + 1);
    bench.stop(ALICE);
    let slots = bench.slots_written(ALICE);
    bench.part(ALICE, BOB);
    bench.start(ALICE);
    bench.advance(A_MOMENT);
    assert_eq!((generation(&bench, ALICE), bench.slots_written(ALICE)), (before + 1, slots));
    bench.join(ALICE, BOB);
    bench.advance(A_WHILE);
    talk(&mut bench, "after");
}

#[test]
fn a_start_after_an_unclean_end_rotates_at_once() {
    let mut bench = two();
    let before = generation(&bench, ALICE);
    bench.part(ALICE, BOB);
    bench.stop(ALICE);
    bench.start(ALICE);
    bench.advance(A_MOMENT);
    assert_eq!(generation(&bench, ALICE), before + 1);
}

/// A rotation of Alice's, cut short after `writes` more of its writes, the last of which may be torn. `None`: it has
/// not so many.
fn cut_short(writes: usize, torn: bool, later: &str) -> Option<()> {
    let mut bench = two();
    with_every_kind_of_record(&mut bench);
    // What is written from here on is the rotation's alone.
    bench.part(ALICE, BOB);
    bench.advance(A_MOMENT);
    let (before, slots) = (bench.writes(ALICE), bench.slots_written(ALICE));
    rotate(&mut bench);
    assert_eq!(bench.slots_written(ALICE), slots + 3, "adding, dropping, dropping");
    let written = bench.writes(ALICE).checked_sub(before + writes)?;
    bench.stop(ALICE);
    bench.lose_writes(ALICE, written);
    if torn && !bench.tear_last_write(ALICE) {
        return Some(());
    }
    bench.join(ALICE, BOB);
    bench.start(ALICE);
    let (records, opened) =
        readable(&bench.peers[ALICE].store, &bench.peers[ALICE].engine.as_ref().unwrap().vault);
    assert_eq!(opened, records, "{writes} writes, torn {torn}, {later}");
    if later == "again" {
        // Killed once more, before the rest of it.
        let at = bench.writes(ALICE);
        bench.advance(Duration::from_millis(1));
        bench.stop(ALICE);
        let since = bench.writes(ALICE) - at;
        bench.lose_writes(ALICE, since / 2);
        bench.tear_last_write(ALICE);
        bench.start(ALICE);
    }
    bench.advance(A_WHILE);
    talk(&mut bench, "goes on");
    rotate(&mut bench);
    talk(&mut bench, "and on");
    for kind in [NoticeKind::KeysRenewed, NoticeKind::StoreRepaired] {
        assert_eq!((noticed(&bench, ALICE, kind), noticed(&bench, BOB, kind)), (0, 0), "{writes} {torn}");
    }
    let old = bench.peers[ALICE].store.clone();
    rotate(&mut bench);
    let (records, opened) = readable(&old, &bench.peers[ALICE].vault().unwrap());
    assert!(records > 0 && opened == 0, "the next rotation erases as ever");
    Some(())
}

#[test]
fn a_rotation_cut_short_at_any_write_loses_nothing() {
    let mut writes = 0;
    while cut_short(writes, false, "").is_some() {
        cut_short(writes, true, "");
        writes += 1;
    }
    assert!(writes > 4, "{writes} points");
}

#[test]
fn a_rotation_cut_short_twice_loses_nothing() {
    let mut writes = 0;
    while cut_short(writes, writes % 2 == 0, "again").is_some() {
        writes += 1;
    }
}

#[test]
fn the_first_rotation_of_a_home_cut_short_at_any_write_loses_nothing() {
    for writes in 0..12 {
        for torn in [false, true] {
            let mut bench = two();
            bench.stop(ALICE);
            bench.age_before_ring(ALICE);
            let before = bench.writes(ALICE);
            bench.start(ALICE);
            assert_eq!(generation(&bench, ALICE), 1);
            bench.advance(A_MOMENT);
            bench.stop(ALICE);
            let since = bench.writes(ALICE) - before;
            bench.lose_writes(ALICE, since.saturating_sub(writes));
            if torn {
                bench.tear_last_write(ALICE);
            }
            bench.start(ALICE);
            bench.advance(A_WHILE);
            talk(&mut bench, "goes on");
            // What was lost here besides the ring may be a message that Bob has heard of.
            assert_eq!(noticed(&bench, ALICE, NoticeKind::StoreRepaired), 0, "{writes} {torn}");
        }
    }
}

#[test]
fn a_home_from_before_the_ring_opens_and_is_sealed_anew() {
    let mut bench = two();
    with_every_kind_of_record(&mut bench);
    bench.stop(ALICE);
    bench.age_before_ring(ALICE);
    assert_eq!(bench.peers[ALICE].ring(), Slots::default());
    let values = |bench: &Bench| {
        let store = &bench.peers[ALICE].store;
        let ids = store.iter().filter(|(key, _)| SESSION_STATE.contains(&key[0]));
        ids.map(|(_, value)| u32::from_be_bytes(value[..4].try_into().unwrap())).collect::<Vec<_>>()
    };
    assert!(values(&bench).iter().all(|id| *id == 0));
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert!(values(&bench).iter().all(|id| *id == generation(&bench, ALICE)), "{:?}", values(&bench));
    assert!(generation(&bench, ALICE) > 0);
    talk(&mut bench, "after");
    for kind in [NoticeKind::KeysRenewed, NoticeKind::StoreRepaired] {
        assert_eq!((noticed(&bench, ALICE, kind), noticed(&bench, BOB, kind)), (0, 0));
    }
}

#[test]
fn rotations_between_any_two_frames_disturb_no_conversation() {
    let mut bench = two();
    let mut random = TurnRandom::new(&Entropy::new([4; 32]));
    let mut expected = bench.texts(ALICE, BOB);
    let begun = generation(&bench, ALICE);
    for number in 0..300 {
        let text = format!("{number}");
        bench.send(number % 2, 1 - number % 2, &text).unwrap();
        expected.push(text);
        for _ in 0..random.below(4) {
            bench.step();
        }
        if random.below(5) == 0 {
            // Keys change under a stop that is not one.
            let who = usize::from(random.below(2) == 0);
            bench.input(who, crate::input::Input::Stopping);
        }
        if random.below(40) == 0 {
            bench.stop(ALICE);
            bench.start(ALICE);
        }
    }
    bench.advance(A_WHILE);
    assert!(generation(&bench, ALICE) > begun + 20);
    let mut texts = bench.texts(ALICE, BOB);
    assert_eq!(texts, bench.texts(BOB, ALICE));
    texts.sort();
    expected.sort();
    assert_eq!(texts, expected);
    for kind in [NoticeKind::KeysRenewed, NoticeKind::StoreRepaired] {
        assert_eq!((noticed(&bench, ALICE, kind), noticed(&bench, BOB, kind)), (0, 0));
    }
}

/// What becomes of a slot.
type Harm = fn(&mut Vec<u8>) -> Option<Vec<u8>>;

/// Alice's ring comes to grief while she is away.
fn without_her_ring(harm: impl FnOnce(&mut Bench)) -> Bench {
    let mut bench = two();
    with_every_kind_of_record(&mut bench);
    bench.stop(ALICE);
    harm(&mut bench);
    bench.send(BOB, ALICE, "while you were away").unwrap();
    bench.start(ALICE);
    bench.advance(A_WHILE);
    bench
}

#[test]
fn a_lost_ring_loses_the_sessions_and_not_the_home() {
    let of_another_home = |_: &mut Vec<u8>| {
        let mut random = TurnRandom::new(&Entropy::new([5; 32]));
        let (_, _, mut other) = Vault::create(&mut random);
        other.add_generation(1, Secret::new([6; 32]));
        Some(other.seal_slot(&mut random, Slot::First, None))
    };
    let harms: [(&str, Harm); 4] = [
        ("missing", |_| None),
        ("short", |slot| Some(slot.split_off(9))),
        ("flipped", |slot| Some(slot.iter().map(|byte| byte ^ 1).collect())),
        ("of another home", of_another_home),
    ];
    for (harm, damaged) in harms {
        let mut bench = without_her_ring(|bench| {
            let slots = bench.peers[ALICE].ring().map(|slot| slot.and_then(|mut slot| damaged(&mut slot)));
            bench.put_ring(ALICE, &slots);
        });
        assert_eq!(noticed(&bench, ALICE, NoticeKind::StoreRepaired), 1, "harm {harm}");
        for who in [ALICE, BOB] {
            assert_eq!(noticed(&bench, who, NoticeKind::KeysRenewed), 1, "harm {harm}, {who}");
        }
        assert!(bench.texts(ALICE, BOB).contains(&"while you were away".to_owned()));
        talk(&mut bench, "after");
        // Nothing that does not open is left, and nobody is told again.
        bench.stop(ALICE);
        bench.start(ALICE);
        bench.advance(A_WHILE);
        let (records, opened) = readable(&bench.peers[ALICE].store, &bench.peers[ALICE].vault().unwrap());
        assert_eq!(opened, records);
        assert_eq!(noticed(&bench, ALICE, NoticeKind::StoreRepaired), 1);
        talk(&mut bench, "later");
    }
}

#[test]
fn a_lost_ring_is_noticed_at_the_start_whatever_numbers_its_keys_had() {
    let mut bench = two();
    bench.part(ALICE, BOB);
    bench.stop(ALICE);
    // The next key has the number of the lost one.
    assert_eq!(bench.peers[ALICE].vault().unwrap().generation(), 1);
    bench.put_ring(ALICE, &Slots::default());
    bench.start(ALICE);
    bench.advance(A_MOMENT);
    assert_eq!((generation(&bench, ALICE), told(&bench, ALICE)), (1, 1));
    assert_eq!(bench.sessions(ALICE, BOB), 0);
    bench.join(ALICE, BOB);
    bench.advance(A_WHILE);
    talk(&mut bench, "after");
}

#[test]
fn an_old_store_with_a_new_ring_loses_the_sessions_and_not_the_home() {
    let mut bench = two();
    with_every_kind_of_record(&mut bench);
    let writes = bench.writes(ALICE);
    rotate(&mut bench);
    talk(&mut bench, "since");
    rotate(&mut bench);
    bench.stop(ALICE);
    let slots = bench.peers[ALICE].ring();
    let since = bench.writes(ALICE) - writes;
    bench.lose_writes(ALICE, since);
    bench.put_ring(ALICE, &slots);
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert_eq!(told(&bench, ALICE), 1);
    talk(&mut bench, "after");
    assert!(bench.texts(ALICE, BOB).contains(&"since by 0".to_owned()), "it came back");
}

#[test]
fn many_sessions_are_sealed_anew_a_bounded_number_a_turn() {
    const FRIENDS: usize = 150;
    let names: Vec<String> = (0..=FRIENDS).map(|number| format!("P{number}")).collect();
    let mut bench = Bench::new(61, &names.iter().map(String::as_str).collect::<Vec<_>>());
    for friend in 1..=FRIENDS {
        bench.befriend(ALICE, friend);
    }
    for friend in 1..=FRIENDS {
        bench.vanish(friend);
    }
    bench.stop(ALICE);
    let (records, _) = readable(&bench.peers[ALICE].store, &bench.peers[ALICE].vault().unwrap());
    assert!(records > limits::RESEALED_PER_TURN);
    let before = generation_on_disk(&bench);
    bench.start(ALICE);
    let mut turns = 0;
    while bench.peers[ALICE].engine.as_ref().unwrap().is_rotating() {
        turns += 1;
        assert!(turns < 100, "it ends");
        // What the walk and the mark of the turn write, and a note that the keys have not changed.
        assert!(bench.records_in_last_write(ALICE) <= limits::RESEALED_PER_TURN + 2);
        bench.advance(Duration::from_millis(1));
    }
    assert!(turns >= records / limits::RESEALED_PER_TURN);
    assert_eq!(generation_on_disk(&bench), before + 1);
    assert_eq!(readable(&bench.peers[ALICE].store, &bench.peers[ALICE].vault().unwrap()), (records, records));
}

fn generation_on_disk(bench: &Bench) -> u32 {
    bench.peers[ALICE].vault().unwrap().generation()
}
