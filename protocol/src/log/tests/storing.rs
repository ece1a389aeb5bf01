//! Writing, packing, idempotency, purging and checking in one store.

use super::*;
use crate::log::entry::Profile;

#[test]
fn a_lone_message_costs_two_records_and_a_received_one_three() {
    let mut world = World::pair();
    world.write(0, "first");
    for number in 0..1_000 {
        world.write(0, &format!("message {number}"));
        assert!(world.stores[0].writes <= 2);
    }
    let entries = world.own_entries(0);
    world.receive(1, &entries[0]);
    for entry in &entries[1..20] {
        assert!(matches!(world.receive(1, entry), Received::Stored(_)));
        assert!(world.stores[1].writes <= 3);
    }
}

#[test]
fn messages_of_one_turn_share_their_records() {
    let mut world = World::pair();
    for batch in 0..20 {
        world.turn(0, |turn, conversation| {
            for number in 0..50 {
                let text = format!("message {batch} {number}");
                conversation.append(turn, kind::TEXT, text.as_bytes(), None).unwrap();
            }
        });
    }
    assert_eq!(world.stores[0].memory.count(b'M'), 1_000);
    assert!(world.stores[0].memory.count(b'E') <= 100);
    let expected: Vec<_> =
        (0..20).flat_map(|batch| (0..50).map(move |number| format!("message {batch} {number}"))).collect();
    assert_eq!(world.texts(0), expected);
    world.meet(0, 1);
    assert!(world.stores[1].memory.count(b'E') <= 100);
    assert_eq!(world.texts(1), expected);
}

#[test]
fn what_was_durable_is_never_written_again() {
    let mut world = World::pair();
    world.write(0, "one");
    let before = world.stores[0].memory.map.clone();
    world.write(0, "two");
    for (key, value) in before.iter().filter(|(key, _)| key[0] == b'E') {
        assert_eq!(world.stores[0].memory.map.get(key), Some(value));
    }
}

#[test]
fn long_bodies_are_split_and_read_back() {
    let mut world = World::pair();
    let lengths = [1, 3_000, 3_983, 4_000, 32_768, 5];
    for length in lengths {
        world.write(0, &"x".repeat(length));
    }
    world.turn(0, |turn, conversation| {
        let too_long = conversation.append(turn, kind::TEXT, &[b'x'; 32_769], None);
        assert_eq!(too_long, Err(AppendError::Entry(EntryError::Body)));
        let empty = conversation.append(turn, kind::TEXT, b"", None);
        assert_eq!(empty, Err(AppendError::Entry(EntryError::Body)));
        conversation.append(turn, 77, &vec![9; 57_344], None).unwrap();
        assert!(conversation.append(turn, 77, &vec![9; 57_345], None).is_err());
    });
    world.meet(0, 1);
    for store in [0, 1] {
        let texts = world.texts(store);
        let got: Vec<_> = texts.iter().map(String::len).collect();
        assert_eq!(got, [lengths.as_slice(), &[0]].concat());
        let values = world.stores[store].memory.map.values();
        assert!(values.map(Vec::len).max().unwrap() <= limits::VALUE_BYTES_MAX);
        assert_eq!(world.rows(store)[6].text, None);
        assert_eq!(world.checked(store).entries, 7);
    }
    assert_eq!(world.own_entries(0), {
        let chain = world.heads(0)[0].chain;
        world.entries(1, chain)
    });
}

#[test]
fn a_key_gives_the_same_message_however_often_it_is_used() {
    let mut world = World::pair();
    let send = |world: &mut World, key: &str| {
        world.turn(0, |turn, conversation| conversation.append(turn, kind::TEXT, b"text", Some(key))).unwrap()
    };
    let first = send(&mut world, "a");
    assert!(!first.existing);
    let again = send(&mut world, "a");
    assert_eq!((again.mid, again.seq, again.existing), (first.mid, first.seq, true));
    assert_eq!(again.state, MessageState::Queued);
    assert_eq!(world.stores[0].writes, 0);
    assert_ne!(send(&mut world, "b").mid, first.mid);
    world.meet(0, 1);
    assert_eq!(send(&mut world, "a").state, MessageState::Delivered);
    assert_eq!(world.texts(1).len(), 2);
    let twice_in_one_turn = world.turn(0, |turn, conversation| {
        [(); 2].map(|()| conversation.append(turn, kind::TEXT, b"text", Some("c")).unwrap())
    });
    assert!(!twice_in_one_turn[0].existing && twice_in_one_turn[1].existing);
}

#[test]
fn profiles_and_unknown_kinds_are_chained_and_only_profiles_hidden() {
    let mut world = World::pair();
    world.turn(0, |turn, conversation| {
        let profile = Profile { name: "Ada".to_owned() };
        let body = profile.encode().unwrap();
        conversation.append(turn, kind::PROFILE, &body, None).unwrap();
        conversation.append(turn, 99, b"\xff\xfe", None).unwrap();
        assert_eq!(conversation.undelivered(), 1);
    });
    let entries = world.own_entries(0);
    let Received::Stored(profile) = world.receive(1, &entries[0]) else { panic!("not stored") };
    assert_eq!((profile.name.as_deref(), profile.message), (Some("Ada"), None));
    let Received::Stored(unknown) = world.receive(1, &entries[1]) else { panic!("not stored") };
    assert_eq!(unknown.message.unwrap().text, None);
    assert_eq!(world.rows(1).len(), 1);
    world.meet(0, 1);
    assert_eq!(world.turn(0, |_, conversation| conversation.undelivered()), 0);
}

#[test]
fn a_purge_leaves_no_entry_behind() {
    let mut world = World::pair();
    for number in 0..30 {
        world.write(number % 2, &"x".repeat(150 * number + 1));
        if number % 7 == 0 {
            world.meet(0, 1);
        }
    }
    world.turn(0, |turn, conversation| conversation.new_run(turn)).unwrap();
    world.turn(0, |turn, conversation| {
        for _ in 0..1_500 {
            conversation.append(turn, kind::TEXT, b"text", None).unwrap();
        }
    });
    world.meet(0, 1);
    let conv = world.conv;
    for store in [0, 1] {
        let mut calls = 0;
        let heads = world.turn(store, |_, conversation| conversation.heads());
        world.turn(store, |turn, conversation| conversation.retire(turn)).unwrap();
        while world.turn(store, |turn, _| purge(turn, conv)).unwrap() {
            assert!(world.stores[store].writes <= limits::PURGE_RECORDS_PER_TURN + 32);
            calls += 1;
            assert!(calls < 100);
        }
        assert!(calls > 2);
        assert_eq!(world.stores[store].memory.count(b'E'), 0);
        assert_eq!(world.stores[store].memory.count(b'M'), 0);
        assert_eq!(world.rows(store), []);
        // How far it went is still known, so that nothing of it is taken for missing.
        assert_eq!(world.turn(store, |_, conversation| conversation.heads()), heads);
        assert_eq!((world.checked(store).entries, world.checked(store).gaps), (0, 0));
    }
}

#[test]
fn a_check_counts_entries_gaps_and_what_cannot_be_read() {
    let mut world = World::pair();
    for number in 0..40 {
        world.write(0, &format!("{number}"));
    }
    world.write(0, &"x".repeat(9_000));
    world.meet(0, 1);
    let sound = Checked { entries: 41, ..Checked::default() };
    assert_eq!(world.checked(0), sound);
    assert_eq!(world.checked(1), sound);
    // The same in many steps.
    let conv = world.conv;
    let mut cursor = None;
    let mut entries = 0;
    loop {
        let step = world.turn(0, |turn, _| check(turn, conv, cursor, 7)).unwrap();
        entries += step.entries;
        assert_eq!((step.gaps, step.unreadable), (0, 0));
        cursor = step.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(entries, 41);
    // One record altered, one gone.
    let extents: Vec<_> = {
        let keys = world.stores[0].memory.map.keys();
        keys.filter(|key| key[0] == b'E').cloned().collect()
    };
    *world.stores[0].memory.map.get_mut(&extents[5]).unwrap().last_mut().unwrap() ^= 1;
    world.stores[0].memory.map.remove(&extents[9]);
    let found = world.checked(0);
    assert_eq!((found.entries, found.gaps, found.unreadable), (39, 1, 1));
    world.turn(0, |turn, conversation| conversation.retire(turn)).unwrap();
    while world.turn(0, |turn, _| purge(turn, conv)).unwrap() {}
    assert_eq!(world.stores[0].memory.count(b'E'), 0);
}

#[test]
fn a_run_that_was_not_used_is_replaced_and_runs_are_bounded() {
    let mut world = World::pair();
    world.write(0, "text");
    for _ in 0..5 {
        assert!(world.turn(0, |turn, conversation| conversation.new_run(turn)).unwrap());
    }
    assert_eq!(world.turn(0, |_, conversation| conversation.own_chains().len()), 2);
    for number in 2..CHAINS_PER_SIDE_MAX {
        world.write(0, "text");
        let drawn = world.turn(0, |turn, conversation| conversation.new_run(turn)).unwrap();
        assert!(drawn, "{number}");
    }
    world.write(0, "text");
    assert!(!world.turn(0, |turn, conversation| conversation.new_run(turn)).unwrap());
    world.write(0, "last");
    assert_eq!(world.texts(0).len(), CHAINS_PER_SIDE_MAX + 1);
}

#[test]
fn what_is_being_deleted_is_neither_shown_nor_read_again() {
    let mut world = World::pair();
    for _ in 0..200 {
        world.write(0, &"x".repeat(9_000));
    }
    world.meet(0, 1);
    let conv = world.conv;
    let heads = world.heads(1);
    for store in [0, 1] {
        world.turn(store, |turn, conversation| conversation.retire(turn)).unwrap();
        let mut more = true;
        while more {
            more = world.turn(store, |turn, _| purge(turn, conv)).unwrap();
            assert_eq!(world.rows(store), []);
            // Whoever lost their store knows nothing of the chain, or asks for all of it.
            let compared = world.compare(store, &[]);
            let chains = compared.to_send.into_iter().map(|(chain, _)| chain);
            for chain in chains.chain([heads[0].chain]) {
                assert_eq!(world.entries(store, chain), Vec::<Vec<u8>>::new());
            }
        }
    }
}

#[test]
fn a_deletion_takes_what_was_held_beyond_a_gap_along() {
    let mut world = World::pair();
    for number in 0..6 {
        world.write(0, &format!("{number}"));
    }
    let first = world.own_entries(0);
    world.turn(0, |turn, conversation| conversation.new_run(turn)).unwrap();
    for number in 6..9 {
        world.write(0, &format!("{number}"));
    }
    let mut second = world.own_entries(0);
    second.retain(|entry| !first.contains(entry));
    for entry in [&first[0], &first[2], &first[3], &second[1]] {
        assert!(matches!(world.receive(1, entry), Received::Stored(_)));
    }
    let conv = world.conv;
    world.turn(1, |turn, conversation| conversation.retire(turn)).unwrap();
    while world.turn(1, |turn, _| purge(turn, conv)).unwrap() {}
    assert_eq!(world.rows(1), []);
    for prefix in [b'E', b'M'] {
        assert_eq!(world.stores[1].memory.count(prefix), 0);
    }
    // What comes later lies where it belongs.
    world.meet(0, 1);
    assert_eq!(world.texts(1), ["1", "2", "3", "4", "5", "6", "7", "8"]);
    for head in world.heads(0) {
        world.entries(1, head.chain);
    }
}
