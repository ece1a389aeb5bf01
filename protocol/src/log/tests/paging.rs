//! Pages of a history: equal to a plain sort, and bounded in what they read.

use proptest::prelude::*;

use super::*;

/// Every page of a history, put together.
fn by_pages(world: &mut World, store: usize, limit: u32) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let before = rows.first().map(|row| row.mid);
        let page = world
            .turn(store, |turn, conversation| {
                conversation.history(turn, limit, before)
            })
            .unwrap()
            .unwrap();
        assert!(page.len() <= usize::try_from(limit).unwrap());
        if page.is_empty() {
            return rows;
        }
        rows.splice(0..0, page);
    }
}

/// All messages of a store, sorted plainly.
fn sorted(world: &mut World, store: usize) -> Vec<MessageId> {
    let mut entries = Vec::new();
    for head in world.heads(store) {
        let chain = world.entries(store, head.chain).into_iter();
        entries.extend(chain.map(|bytes| Entry::decode(&bytes).unwrap()));
    }
    entries.retain(Entry::is_message);
    entries.sort_by_key(Entry::rank);
    entries.iter().map(|entry| entry.head().mid).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_equal_a_plain_sort(
        steps in prop::collection::vec((0..2_usize, 0..12_u8, 1..6_usize), 1..40),
        limit in 1..20_u32,
    ) {
        let mut world = World::pair();
        for (store, act, count) in steps {
            match act {
                0 => world.meet(0, 1),
                1 => {
                    world.turn(store, |turn, conversation| conversation.new_run(turn)).unwrap();
                }
                2 => {
                    world.turn(store, |turn, conversation| {
                        conversation.append(turn, kind::PROFILE, b"", None)
                    }).unwrap();
                }
                _ => {
                    world.turn(store, |turn, conversation| {
                        for _ in 0..count {
                            conversation.append(turn, kind::TEXT, b"text", None).unwrap();
                        }
                    });
                }
            }
        }
        world.meet(0, 1);
        for store in [0, 1] {
            let expected = sorted(&mut world, store);
            let paged: Vec<_> = by_pages(&mut world, store, limit).iter().map(|row| row.mid).collect();
            prop_assert_eq!(paged, expected);
        }
    }
}

#[test]
fn unknown_messages_and_empty_pages() {
    let mut world = World::pair();
    let first = world.write(0, "one");
    let unknown = MessageId::from_bytes([1; 16]);
    world.turn(0, |turn, conversation| {
        assert_eq!(conversation.history(turn, 5, Some(unknown)).unwrap(), None);
        assert_eq!(
            conversation.history(turn, 5, Some(first.mid)).unwrap(),
            Some(Vec::new())
        );
        assert_eq!(conversation.history(turn, 0, None).unwrap(), Some(Vec::new()));
        assert_eq!(
            conversation.history(turn, u32::MAX, None).unwrap().unwrap().len(),
            1
        );
    });
}

#[test]
fn a_page_of_a_long_conversation_reads_a_bounded_number_of_records() {
    let mut world = World::pair();
    let mut mids = Vec::new();
    for round in 0..100 {
        for store in [0, 1] {
            world.turn(store, |turn, conversation| {
                for _ in 0..500 {
                    let appended = conversation.append(turn, kind::TEXT, b"text", None).unwrap();
                    mids.push(appended.mid);
                }
            });
        }
        if round % 20 == 19 {
            for _ in 0..40 {
                world.exchange(0, 1);
            }
        }
    }
    world.meet(0, 1);
    let memory_reads = |world: &World| world.stores[0].memory.reads.get();
    for before in [
        None,
        Some(mids[0]),
        Some(mids[50_000]),
        Some(mids[99_999]),
        Some(mids[77_777]),
    ] {
        let start = memory_reads(&world);
        let page = world.turn(0, |turn, conversation| conversation.history(turn, 50, before));
        let read = memory_reads(&world) - start;
        assert_eq!(page.unwrap().unwrap().len() == 50, before != Some(mids[0]));
        assert!(read <= 70, "{read} records were read");
    }
    assert_eq!(world.stores[0].memory.count(b'M'), 100_000);
}

#[test]
fn an_older_conversation_continues_a_page() {
    let mut world = World::pair();
    for number in 0..10 {
        world.write(0, &format!("new {number}"));
    }
    let newer = world.conv;
    let older = ConversationId::from_bytes([9; 32]);
    world.conv = older;
    for number in 0..10 {
        world.write(0, &format!("old {number}"));
    }
    let across = |world: &mut World, limit, before| {
        let author = world.stores[0].author.clone();
        world.turn(0, |turn, _| {
            let newer = Conversation::load(turn, newer, &author).unwrap();
            let older = Conversation::load(turn, older, &author).unwrap();
            history_across(turn, &[&newer, &older], limit, before).unwrap()
        })
    };
    let all = across(&mut world, 100, None).unwrap();
    let texts: Vec<_> = all.iter().map(|row| row.text.clone().unwrap()).collect();
    let expected: Vec<_> = ["old", "new"]
        .iter()
        .flat_map(|word| (0..10).map(move |number| format!("{word} {number}")))
        .collect();
    assert_eq!(texts, expected);
    assert_eq!(across(&mut world, 4, None).unwrap(), all[16..]);
    assert_eq!(across(&mut world, 4, Some(all[12].mid)).unwrap(), all[8..12]);
    assert_eq!(across(&mut world, 4, Some(all[10].mid)).unwrap(), all[6..10]);
    assert_eq!(across(&mut world, 4, Some(all[2].mid)).unwrap(), all[..2]);
    assert_eq!(across(&mut world, 4, Some(MessageId::from_bytes([0; 16]))), None);
}

#[test]
fn a_clock_far_off_is_replaced_by_the_time_of_receipt() {
    let mut world = World::pair();
    world.turns = 400 * 86_400_000;
    world.write(0, "from another time");
    let entries = world.own_entries(0);
    world.turns = 0;
    world.receive(1, &entries[0]);
    let row = world.rows(1).remove(0);
    assert_eq!(Some(row.sent_at()), row.received_at);
    let own = world.rows(0).remove(0);
    assert_eq!((own.sent_at(), own.received_at), (own.wall, None));
}
