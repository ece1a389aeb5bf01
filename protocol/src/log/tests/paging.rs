//! Pages of a history: equal to a plain sort, and bounded in what they read.

use proptest::prelude::*;

use super::*;

/// Every page of a history, put together.
fn by_pages(world: &mut World, store: usize, limit: u32) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let before = rows.first().map(|row| row.mid);
        let page = world
            .turn(store, |turn, conversation| conversation.history(turn, limit, before))
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
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

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
        assert_eq!(conversation.history(turn, 5, Some(first.mid)).unwrap(), Some(Vec::new()));
        assert_eq!(conversation.history(turn, 0, None).unwrap(), Some(Vec::new()));
        assert_eq!(conversation.history(turn, u32::MAX, None).unwrap().unwrap().len(), 1);
    });
}

/// Writes one entry at the end of a chain and its item.
fn item(turn: &Turn<'_>, conversation: &mut Conversation, id: ChainId, draft: (u64, MessageId)) -> Item {
    let k_self = conversation.own.k_self.clone();
    let chain = conversation.chains.get_mut(&id).unwrap();
    let head = Head {
        version: entry::VERSION,
        conv: conversation.id,
        chain: id,
        seq: chain.reach.next,
        prev: chain.reach.head,
        deps: Vec::new(),
        lamport: draft.0,
        wall: turn.now.wall,
        kind: kind::TEXT,
        mid: draft.1,
        body_hash: [0; 32],
    };
    let entry = Entry::compose(head, [0; 16], b"text", &k_self).unwrap();
    chain.link(&entry);
    Item {
        seq: entry.head().seq,
        received_at: turn.now.wall,
        messages: chain.reach.messages,
        bytes: entry.encode(),
    }
}

/// Writes chains of 50,000 entries each of both sides, as if they had been exchanged, and returns some message ids.
fn fill(world: &mut World) -> Vec<MessageId> {
    let conv = world.conv;
    let author_dev = world.stores[1].author.dev;
    let mut ids = Vec::new();
    world.turn(0, |turn, conversation| {
        conversation.new_run(turn).unwrap();
        let own = conversation.current_chain().unwrap();
        let theirs = ChainId { author_dev, ..own };
        conversation.chains.insert(theirs, Chain::new(theirs, false));
        conversation.save_list(turn).unwrap();
        for id in [own, theirs] {
            let extents = Extents::of(turn, &conv, id);
            let mut items = Vec::new();
            for seq in 0..50_000_u32 {
                // Stretches of 10 of one side, then of the other.
                let lamport = u64::from(seq) + u64::from(seq / 10) * 10 + if id == own { 1 } else { 11 };
                let mid = MessageId::from_bytes(turn.random.bytes());
                let item = item(turn, conversation, id, (lamport, mid));
                if seq % 10_000 == 1 {
                    let entry = Entry::decode(&item.bytes).unwrap();
                    place::add(turn, &conv, id == own, &entry, |_| true).unwrap();
                    ids.push(mid);
                }
                items.push(item);
                if items.len() == 15 || seq == 49_999 {
                    extents.save(turn, &items).unwrap();
                    items.clear();
                }
            }
            conversation.chains[&id].save(turn, &conv).unwrap();
        }
    });
    ids
}

#[test]
fn a_page_of_a_long_conversation_reads_a_bounded_number_of_records() {
    let mut world = World::pair();
    let ids = fill(&mut world);
    assert!(world.stores[0].memory.count(b'E') >= 100_000 / 15);
    for before in ids.into_iter().map(Some).chain([None]) {
        let start = world.stores[0].memory.reads.get();
        let page = world.turn(0, |turn, conversation| conversation.history(turn, 50, before));
        let page = page.unwrap().unwrap();
        let read = world.stores[0].memory.reads.get() - start;
        assert!(read <= 60, "{read} records were read");
        assert!(page.is_sorted_by(|one, next| one.rank.lamport + 1 == next.rank.lamport));
        assert!(page.len() == 50 || page[0].rank.lamport == 1);
    }
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
