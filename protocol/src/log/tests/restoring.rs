//! An old copy of a store that was put back: all at both, once, no flag left.

use super::*;

/// Store 0 with 10 messages and as many of store 1, of which a copy has the first `kept`.
fn put_back(kept: usize) -> World {
    let mut world = World::pair();
    let mut copy = world.stores[0].memory.map.clone();
    for number in 0..10 {
        if number == kept {
            copy = world.stores[0].memory.map.clone();
        }
        world.write(0, &format!("mine {number}"));
        world.write(1, &format!("theirs {number}"));
        world.meet(0, 1);
    }
    world.stores[0].memory.map = copy;
    world
}

#[test]
fn what_was_lost_comes_back_and_what_was_written_since_stays() {
    for kept in [0, 1, 4, 9] {
        for offline in [0, 1, 12] {
            let mut world = put_back(kept);
            for number in 0..offline {
                world.write(0, &format!("offline {number}"));
            }
            let heads = world.heads(1);
            let compared = world.compare(0, &heads);
            assert!(compared.store_is_old);
            world.meet(0, 1);
            assert_eq!(world.texts(0), world.texts(1));
            let mut texts = world.texts(0);
            assert_eq!(texts.len(), 20 + offline, "kept {kept}, offline {offline}");
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), 20 + offline);
            for store in [0, 1] {
                assert_eq!(world.turn(store, |_, conversation| conversation.undelivered()), 0);
                assert_eq!(world.turn(store, |_, conversation| conversation.gaps()), []);
            }
            // Nothing is news any more.
            let heads = world.heads(1);
            assert_eq!(world.compare(0, &heads), Compared::default());
        }
    }
}

#[test]
fn an_entry_after_the_recovery_depends_on_all_heads() {
    let mut world = put_back(5);
    world.meet(0, 1);
    let heads = world.heads(0);
    let written = world.write(0, "new life");
    assert_eq!(written.seq, 0);
    let entry = Entry::decode(&world.entries(0, written.chain)[0]).unwrap();
    let deps: Vec<_> = entry.head().deps.iter().map(|dep| dep.id).collect();
    let expected: Vec<_> = heads.iter().map(|head| head.id).collect();
    assert_eq!(deps, expected);
}

#[test]
fn the_same_key_before_and_after_gives_one_message() {
    let mut world = World::pair();
    let keyed = |world: &mut World| {
        world
            .turn(0, |turn, conversation| conversation.append(turn, kind::TEXT, b"once", Some("key")))
            .unwrap()
    };
    world.write(0, "before");
    world.meet(0, 1);
    let copy = world.stores[0].memory.map.clone();
    world.write(0, "lost here");
    let first = keyed(&mut world);
    world.meet(0, 1);
    world.stores[0].memory.map = copy;
    let again = keyed(&mut world);
    assert_eq!((again.mid, again.existing), (first.mid, false));
    world.meet(0, 1);
    assert_eq!(world.texts(0), world.texts(1));
    let mut texts = world.texts(0);
    texts.sort();
    assert_eq!(texts, ["before", "lost here", "once"]);
    assert!(keyed(&mut world).existing);
    let rows = world.rows(1);
    let page = world.turn(1, |turn, conversation| conversation.history(turn, 10, Some(first.mid)));
    let at = rows.iter().position(|row| row.mid == first.mid).unwrap();
    assert_eq!(page.unwrap().unwrap(), rows[..at]);
}

#[test]
fn what_they_have_without_having_said_so_is_not_shown_twice() {
    let mut world = World::pair();
    world.write(0, "one");
    world.write(0, "two");
    let copy = world.stores[0].memory.map.clone();
    world.write(0, "three");
    // All arrive, and no acknowledgement comes back before the old copy is put in place.
    for entry in world.own_entries(0) {
        world.receive(1, &entry);
    }
    world.stores[0].memory.map = copy;
    world.write(0, "offline");
    world.meet(0, 1);
    for store in [0, 1] {
        let mut texts = world.texts(store);
        texts.sort();
        assert_eq!(texts, ["offline", "one", "three", "two"]);
    }
    assert_eq!(world.texts(0), world.texts(1));
}

#[test]
fn what_moves_into_another_run_stays_before_what_was_written_after_it() {
    let mut world = World::pair();
    world.write(0, "zero");
    world.meet(0, 1);
    let copy = world.stores[0].memory.map.clone();
    world.write(0, "of a life that they saw");
    for entry in world.own_entries(0) {
        world.receive(1, &entry);
    }
    // The copy is put in place, and nothing shows it; after two messages it is moved, and goes on in a new run.
    world.stores[0].memory.map = copy;
    for text in ["one", "two"] {
        world.write(0, text);
    }
    assert!(world.turn(0, |turn, conversation| conversation.new_run(turn)).unwrap());
    world.write(0, "three");
    let in_order = |world: &mut World, store: usize| {
        let mut texts = world.texts(store);
        texts.retain(|text| text != "of a life that they saw");
        assert_eq!(texts, ["zero", "one", "two", "three"]);
    };
    in_order(&mut world, 0);
    let heads = world.heads(1);
    world.compare(0, &heads);
    in_order(&mut world, 0);
    world.meet(0, 1);
    for store in [0, 1] {
        in_order(&mut world, store);
        assert_eq!(world.texts(store).len(), 5);
    }
    assert_eq!(world.texts(0), world.texts(1));
}

#[test]
fn an_empty_store_gets_everything_back() {
    let mut world = put_back(10);
    let before = world.texts(1);
    world.stores[0].memory.map.clear();
    world.write(0, "from the new store");
    world.meet(0, 1);
    assert_eq!(world.texts(0).len(), before.len() + 1);
    assert_eq!(world.texts(0), world.texts(1));
}

#[test]
fn what_was_acknowledged_stays_whatever_they_say_later() {
    let mut world = World::pair();
    let sent = world.write(0, "delivered");
    world.meet(0, 1);
    let waiting = world.write(0, "waiting");
    let lie = ChainHead { id: EntryId::from_bytes([9; 32]), ..world.heads(1)[0] };
    let compared = world.compare(0, &[lie]);
    assert!(compared.store_is_old);
    let rows = world.rows(0);
    assert_eq!(rows.iter().map(|row| row.mid).collect::<Vec<_>>(), [sent.mid, waiting.mid]);
    assert_eq!(rows[0].state, MessageState::Delivered);
    // What waited goes on in another chain, and the same lie moves nothing again.
    assert_eq!(compared.to_send.len(), 1);
    assert_ne!(compared.to_send[0].0, sent.chain);
    let before = world.stores[0].memory.map.clone();
    assert!(!world.compare(0, &[lie]).store_is_old);
    assert_eq!(world.stores[0].memory.map, before);
    // The truth heals it.
    world.meet(0, 1);
    assert_eq!(world.texts(1), ["delivered", "waiting"]);
}

#[test]
fn lies_about_our_chains_end_at_the_bound() {
    let mut world = World::pair();
    let mut lie = |acknowledge: bool| {
        world.write(0, "text");
        let theirs = world.turn(0, |turn, conversation| {
            let mark = conversation.mark_for(conversation.current_chain().unwrap());
            if acknowledge {
                conversation.acknowledged(turn, &mark.unwrap()).unwrap();
            }
            let ahead = |head: ChainHead| ChainHead { next: head.next + 100, ..head };
            conversation.heads().into_iter().map(ahead).collect::<Vec<_>>()
        });
        world.compare(0, &theirs);
        world.turn(0, |_, conversation| conversation.own_chains().len())
    };
    for _ in 0..10 {
        assert_eq!(lie(false), 1, "what nobody acknowledged moves on as one chain");
    }
    let most = (0..CHAINS_PER_SIDE_MAX + 5).map(|_| lie(true)).max();
    assert_eq!(most, Some(CHAINS_PER_SIDE_MAX));
    assert_eq!(world.rows(0).len(), 10 + CHAINS_PER_SIDE_MAX + 5);
}

/// Two histories of one run of store 0 that part after `common` entries, both delivered: `here` entries of the one are
/// in store 0, and `there` entries of the other in store 1.
fn two_histories(common: usize, here: usize, there: usize) -> World {
    let mut world = World::pair();
    for number in 0..common {
        world.write(0, &format!("common {number}"));
    }
    world.meet(0, 1);
    let before = [0, 1].map(|store: usize| world.stores[store].memory.map.clone());
    for number in 0..there {
        world.write(0, &format!("there {number}"));
    }
    world.meet(0, 1);
    let other = world.stores[1].memory.map.clone();
    for (store, map) in before.into_iter().enumerate() {
        world.stores[store].memory.map = map;
    }
    for number in 0..here {
        world.write(0, &format!("here {number}"));
    }
    world.meet(0, 1);
    world.stores[1].memory.map = other;
    world
}

#[test]
fn two_delivered_histories_of_one_run_become_one() {
    for (common, here, there) in [(1, 1, 1), (3, 1, 9), (3, 9, 1), (30, 5, 5), (200, 70, 90)] {
        let mut world = two_histories(common, here, there);
        world.write(0, "waiting");
        world.meet(0, 1);
        let texts = world.texts(0);
        assert_eq!(texts, world.texts(1), "{common} {here} {there}");
        let numbered =
            |word: &str, count| (0..count).map(move |number| format!("{word} {number}")).collect::<Vec<_>>();
        assert_eq!(texts.len(), common + here + there + 1);
        let of = |word: &str| texts.iter().filter(|text| text.starts_with(word)).cloned().collect::<Vec<_>>();
        assert_eq!(of("common"), numbered("common", common));
        assert_eq!(of("there"), numbered("there", there));
        assert_eq!(of("here"), numbered("here", here));
        assert!(
            texts.iter().rposition(|text| text.starts_with("here"))
                < texts.iter().position(|text| text == "waiting")
        );
        assert_eq!(world.turn(0, |_, conversation| conversation.undelivered()), 0);
        let heads = world.heads(1);
        assert_eq!(world.compare(0, &heads), Compared::default());
        let checked = world.checked(0);
        assert_eq!((checked.gaps, checked.unreadable), (0, 0));
    }
}

#[test]
fn a_contact_that_shows_both_histories_in_turn_makes_nothing_grow() {
    let mut world = two_histories(5, 4, 6);
    let here = world.own_entries(0);
    let chain = world.heads(0)[0].chain;
    let there = world.entries(1, chain);
    let mut sizes = Vec::new();
    for round in 0..6 {
        for entry in if round % 2 == 0 { &there } else { &here } {
            world.receive(0, entry);
        }
        sizes.push(world.stores[0].memory.count(b'E'));
        let mut texts = world.texts(0);
        let count = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!((texts.len(), count), (15, 15), "round {round}");
    }
    assert_eq!(sizes[2..4], sizes[4..6]);
}
