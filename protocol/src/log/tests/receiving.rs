//! What is refused, and that a refusal changes nothing.

use super::*;
use crate::log::entry::{NO_ENTRY, SELF_BYTES};

/// Somebody whose entries can be anything.
struct Forger {
    k_self: Secret,
    conv: ConversationId,
    chain: ChainId,
}

impl Forger {
    /// Writes with the keys and device of a store.
    fn of(world: &World, store: usize) -> Self {
        Self {
            k_self: world.stores[store].author.k_self.clone(),
            conv: world.conv,
            chain: ChainId { author_dev: world.stores[store].author.dev, run: RunId::from_bytes([77; 8]) },
        }
    }

    fn entry(&self, seq: u32, prev: Option<&Entry>, change: impl FnOnce(&mut Head)) -> Entry {
        let mut head = Head {
            version: entry::VERSION,
            conv: self.conv,
            chain: self.chain,
            seq,
            prev: prev.map_or(NO_ENTRY, Entry::id),
            deps: Vec::new(),
            lamport: u64::from(seq) + 1,
            wall: WallTime::from_millis(5),
            kind: kind::TEXT,
            mid: self.mid_of(seq),
            body_hash: [0; 32],
        };
        change(&mut head);
        Entry::compose(head, [1; 16], b"forged", &self.k_self).unwrap()
    }

    fn mid_of(&self, seq: u32) -> MessageId {
        let mut mid = *self.chain.author_dev.as_bytes();
        mid[..4].copy_from_slice(&seq.to_be_bytes());
        MessageId::from_bytes(mid)
    }

    fn chain(&self, length: u32) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for seq in 0..length {
            entries.push(self.entry(seq, entries.last(), |_| {}));
        }
        entries
    }
}

fn refused(world: &mut World, store: usize, bytes: &[u8], why: Refusal) {
    let before = world.stores[store].memory.map.clone();
    assert_eq!(world.receive(store, bytes), Received::Refused(why));
    assert_eq!(world.stores[store].memory.map, before);
}

fn stored(world: &mut World, store: usize, bytes: &[u8]) {
    assert!(matches!(world.receive(store, bytes), Received::Stored(_)));
}

#[test]
fn every_field_flipped_is_refused_and_changes_nothing() {
    let mut world = World::pair();
    world.write(1, "theirs");
    world.meet(0, 1);
    world.write(0, "one");
    world.write(0, "two");
    let entries = world.own_entries(0);
    stored(&mut world, 1, &entries[0]);
    let before = world.stores[1].memory.map.clone();
    let self_mac = {
        let body = "two".len() + entry::SALT_BYTES;
        let end = entries[1].len() - body;
        end - SELF_BYTES..end
    };
    for byte in 0..entries[1].len() {
        // The receiver cannot check the mark for the author's own devices, and these bytes say nothing else.
        if self_mac.contains(&byte) {
            continue;
        }
        let mut flipped = entries[1].clone();
        flipped[byte] ^= 1;
        let received = world.receive(1, &flipped);
        let is_refused = matches!(received, Received::Refused(_));
        // Clock, message id and kind are the author's to choose: there it is another sound entry.
        let another = Entry::decode(&flipped).is_ok_and(|entry| {
            let original = Entry::decode(&entries[1]).unwrap();
            let (mut head, original) = (entry.head().clone(), original.head().clone());
            (head.wall, head.mid, head.kind) = (original.wall, original.mid, original.kind);
            head == original || entry.head().chain.run != original.chain.run
        });
        assert!(is_refused || another, "byte {byte}: {received:?}");
        if is_refused {
            assert_eq!(world.stores[1].memory.map, before, "byte {byte}");
        }
        world.stores[1].memory.map = before.clone();
    }
    stored(&mut world, 1, &entries[1]);
    assert_eq!(world.receive(1, &entries[1]), Received::Known);
}

#[test]
fn only_the_contacts_devices_speak_for_the_contact() {
    let mut world = World::pair();
    let mut forger = Forger::of(&world, 1);
    let good = forger.entry(0, None, |_| {});
    forger.chain.author_dev = DeviceId::from_bytes([99; 16]);
    let stranger = forger.entry(0, None, |_| {});
    refused(&mut world, 0, &stranger.encode(), Refusal::Author);
    let elsewhere = forger.entry(0, None, |head| head.conv = ConversationId::from_bytes([9; 32]));
    refused(&mut world, 0, &elsewhere.encode(), Refusal::Conversation);
    refused(&mut world, 0, b"", Refusal::Entry(EntryError::Malformed));
    refused(&mut world, 0, &vec![0; 100_000], Refusal::Entry(EntryError::Malformed));
    stored(&mut world, 0, &good.encode());
}

#[test]
fn nobody_puts_words_into_our_mouth() {
    let mut world = World::pair();
    world.write(0, "mine");
    let mut forger = Forger::of(&world, 1);
    forger.chain.author_dev = world.stores[0].author.dev;
    refused(&mut world, 0, &forger.entry(0, None, |_| {}).encode(), Refusal::Author);
    let own_chain = world.heads(0)[0].chain;
    let next = forger.entry(1, None, |head| {
        head.chain = own_chain;
        head.prev = EntryId::from_bytes([1; 32]);
    });
    refused(&mut world, 0, &next.encode(), Refusal::Author);
    // With the right mark it is ours, from whomever it comes.
    let ours = Forger::of(&world, 0).entry(0, None, |_| {});
    stored(&mut world, 0, &ours.encode());
    // The contact's own chain stays the contact's, even for an entry with our mark.
    let theirs = Forger::of(&world, 1).chain(1);
    stored(&mut world, 0, &theirs[0].encode());
}

#[test]
fn a_wrong_prev_is_refused() {
    let mut world = World::pair();
    let forger = Forger::of(&world, 1);
    let chain = forger.chain(3);
    stored(&mut world, 0, &chain[0].encode());
    let wrong = forger.entry(1, Some(&chain[1]), |_| {});
    refused(&mut world, 0, &wrong.encode(), Refusal::Prev);
    stored(&mut world, 0, &chain[1].encode());
}

#[test]
fn the_first_entry_at_a_place_stays() {
    let mut world = World::pair();
    let forger = Forger::of(&world, 1);
    let chain = forger.chain(4);
    stored(&mut world, 0, &chain[0].encode());
    stored(&mut world, 0, &chain[1].encode());
    stored(&mut world, 0, &chain[3].encode());
    for seq in [0_u32, 1, 3] {
        let prev = seq.checked_sub(1).map(|prev| &chain[usize::try_from(prev).unwrap()]);
        let other = forger.entry(seq, prev, |head| head.wall = WallTime::from_millis(6));
        refused(&mut world, 0, &other.encode(), Refusal::Fork);
    }
    assert_eq!(world.rows(0).len(), 3);
}

#[test]
fn entries_beyond_a_gap_are_shown_and_linked_when_it_closes() {
    let mut world = World::pair();
    let chain = Forger::of(&world, 1).chain(10);
    for seq in [9, 0, 4, 2, 3, 7] {
        stored(&mut world, 0, &chain[seq].encode());
        assert_eq!(world.receive(0, &chain[seq].encode()), Received::Known);
    }
    assert_eq!(world.rows(0).len(), 6);
    assert_eq!(world.heads(0)[0].next, 1);
    let gap = world.turn(0, |_, conversation| conversation.gaps());
    assert_eq!((gap[0].from, gap[0].to), (1, 2));
    stored(&mut world, 0, &chain[1].encode());
    assert_eq!(world.heads(0)[0].next, 5);
    for seq in [8, 6, 5] {
        stored(&mut world, 0, &chain[seq].encode());
    }
    assert_eq!(world.heads(0)[0].next, 10);
    assert_eq!(world.heads(0)[0].id, chain[9].id());
    let mids: Vec<_> = world.rows(0).iter().map(|row| row.mid).collect();
    let expected: Vec<_> = chain.iter().map(|entry| entry.head().mid).collect();
    assert_eq!(mids, expected);
    assert_eq!(world.turn(0, |_, conversation| conversation.gaps()), []);
    assert_eq!(world.checked(0).gaps, 0);
}

#[test]
fn what_does_not_fit_a_closed_gap_is_dropped() {
    let mut world = World::pair();
    let forger = Forger::of(&world, 1);
    let chain = forger.chain(5);
    let liar = forger.entry(2, Some(&chain[0]), |_| {});
    stored(&mut world, 0, &liar.encode());
    stored(&mut world, 0, &chain[3].encode());
    stored(&mut world, 0, &chain[0].encode());
    stored(&mut world, 0, &chain[1].encode());
    assert_eq!(world.heads(0)[0].next, 2);
    assert_eq!(world.rows(0).len(), 2);
    assert_eq!(world.stores[0].memory.count(b'M'), 2);
    for seq in [2, 3, 4] {
        stored(&mut world, 0, &chain[seq].encode());
    }
    assert_eq!(world.rows(0).len(), 5);
    assert_eq!(world.checked(0).gaps, 0);
}

#[test]
fn what_is_held_beyond_a_gap_is_bounded() {
    let mut world = World::pair();
    let chain = Forger::of(&world, 1).chain(limits::ENTRIES_BEYOND_GAP_MAX + 200);
    let ranges = limits::RANGES_BEYOND_GAP_MAX;
    for range in 1..=ranges {
        stored(&mut world, 0, &chain[2 * range].encode());
    }
    refused(&mut world, 0, &chain[2 * ranges + 2].encode(), Refusal::TooFarAhead);
    // Beside what is held there is room.
    let held = usize::try_from(limits::ENTRIES_BEYOND_GAP_MAX).unwrap();
    let devices = world.stores[0].devices.clone();
    let received = world.turn(0, |turn, conversation| {
        let filled = (3..).filter(|seq| *seq > 2 * ranges || seq % 2 == 1);
        let mut last = Received::Known;
        for seq in filled.take(held - ranges + 1) {
            last = conversation.receive(turn, &chain[seq].encode(), &devices).unwrap();
        }
        last
    });
    assert_eq!(received, Received::Refused(Refusal::TooFarAhead));
    assert_eq!(world.rows(0).len(), held);
    refused(&mut world, 0, &chain[1].encode(), Refusal::TooFarAhead);
    stored(&mut world, 0, &chain[0].encode());
    stored(&mut world, 0, &chain[1].encode());
    let reached = u32::try_from(held + 2).unwrap();
    assert_eq!(world.heads(0)[0].next, reached);
}

#[test]
fn lamport_numbers_follow_from_what_they_depend_on() {
    let mut world = World::pair();
    world.write(0, "one");
    world.write(0, "two");
    let own = world.heads(0)[0];
    let forger = Forger::of(&world, 1);
    let dep = Dep { chain: own.chain, seq: 1, id: own.id };
    let with = |dep: Dep, lamport: u64| {
        forger
            .entry(0, None, |head| {
                head.deps = vec![dep];
                head.lamport = lamport;
            })
            .encode()
    };
    for lamport in [1, 2, 4, limits::LAMPORT_MAX] {
        refused(&mut world, 0, &with(dep, lamport), Refusal::Lamport);
    }
    let no_deps = forger.entry(0, None, |head| head.lamport = 2).encode();
    refused(&mut world, 0, &no_deps, Refusal::Lamport);
    // Not held, or another entry there: bounded only.
    let unknown = Dep { seq: 5, ..dep };
    let fork = Dep { id: EntryId::from_bytes([5; 32]), ..dep };
    let before = world.stores[0].memory.map.clone();
    for dep in [unknown, fork] {
        refused(&mut world, 0, &with(dep, limits::LAMPORT_MAX + 1), Refusal::Lamport);
        refused(&mut world, 0, &with(dep, u64::MAX), Refusal::Lamport);
        stored(&mut world, 0, &with(dep, limits::LAMPORT_MAX));
        world.stores[0].memory.map = before.clone();
    }
    // Beyond a gap as well, and between what is held there.
    let beyond = |seq, lamport| {
        let prev = Some(forger.entry(0, None, |_| {}));
        forger.entry(seq, prev.as_ref(), |head| head.lamport = lamport).encode()
    };
    refused(&mut world, 0, &beyond(5, limits::LAMPORT_MAX + 1), Refusal::Lamport);
    stored(&mut world, 0, &beyond(5, 10));
    refused(&mut world, 0, &beyond(4, 10), Refusal::Lamport);
    refused(&mut world, 0, &beyond(7, 11), Refusal::Lamport);
    stored(&mut world, 0, &beyond(7, 12));
    refused(&mut world, 0, &beyond(6, 12), Refusal::Lamport);
    stored(&mut world, 0, &beyond(6, 11));
    // A believed jump carries on from there.
    stored(&mut world, 0, &with(unknown, limits::LAMPORT_MAX));
    let mine = world.write(0, "after the jump");
    let rows = world.rows(0);
    assert_eq!(rows.last().unwrap().mid, mine.mid);
    assert_eq!(rows.last().unwrap().rank.lamport, limits::LAMPORT_MAX + 1);
}

#[test]
fn chains_are_bounded_on_each_side() {
    let mut world = World::pair();
    let mut forger = Forger::of(&world, 1);
    for run in 0..CHAINS_PER_SIDE_MAX {
        forger.chain.run = RunId::from_bytes([u8::try_from(run).unwrap(); 8]);
        stored(&mut world, 0, &forger.entry(0, None, |_| {}).encode());
    }
    forger.chain.run = RunId::from_bytes([250; 8]);
    refused(&mut world, 0, &forger.entry(0, None, |_| {}).encode(), Refusal::TooManyChains);
    assert_eq!(world.rows(0).len(), 1, "they all have one message id");
    world.write(0, "still");
    assert_eq!(world.heads(0).len(), CHAINS_PER_SIDE_MAX + 1);
}

#[test]
fn a_contact_hides_no_message_of_ours_behind_its_id() {
    let mut world = World::pair();
    let mine = world.write(0, "mine");
    let forger = Forger::of(&world, 1);
    let copy = forger.entry(0, None, |head| head.mid = mine.mid);
    refused(&mut world, 0, &copy.encode(), Refusal::MessageId);
    // An id of theirs that they use twice shows one message.
    let theirs = forger.entry(0, None, |_| {});
    stored(&mut world, 0, &theirs.encode());
    let again = forger.entry(1, Some(&theirs), |head| head.mid = theirs.head().mid);
    let Received::Stored(repeated) = world.receive(0, &again.encode()) else { panic!("not stored") };
    assert_eq!(repeated.message, None);
    assert_eq!(world.rows(0).len(), 2);
}

#[test]
fn lists_of_heads_and_wants_are_strict_and_bounded() {
    let head = |byte: u8| ChainHead {
        chain: ChainId { author_dev: DeviceId::from_bytes([1; 16]), run: RunId::from_bytes([byte; 8]) },
        next: 2,
        id: EntryId::from_bytes([3; 32]),
        read: 1,
    };
    let heads = [head(1), head(2)];
    let bytes = encode_heads(&heads).unwrap();
    assert_eq!(bytes.len(), 8 + 2 * 64);
    assert_eq!(decode_heads(&bytes).unwrap(), heads);
    for length in 0..bytes.len() {
        assert!(decode_heads(&bytes[..length]).is_err());
    }
    assert!(decode_heads(&[bytes.as_slice(), &[0]].concat()).is_err());
    let wrong = [
        vec![head(2), head(1)],
        vec![head(1), head(1)],
        vec![ChainHead { next: 0, read: 0, ..head(1) }],
        vec![ChainHead { read: 3, ..head(1) }],
        vec![ChainHead { next: u32::MAX, ..head(1) }],
    ];
    for heads in wrong {
        assert!(encode_heads(&heads).is_err());
        assert!(decode_heads(&crate::wire::codec::encode(&heads).unwrap()).is_err());
    }
    // A million heads, and a count that only claims them.
    assert!(decode_heads(&vec![0; 8 + 64 * 1_000_000]).is_err());
    assert!(decode_heads(&1_000_000_u64.to_be_bytes()).is_err());
    assert!(decode_heads(&u64::MAX.to_be_bytes()).is_err());
    let many: Vec<_> = (0..=512_u16)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            let mut head = head(0);
            head.chain.run = RunId::from_bytes([high, low, 0, 0, 0, 0, 0, 0]);
            head
        })
        .collect();
    assert!(encode_heads(&many).is_err());
    assert_eq!(decode_heads(&encode_heads(&many[1..]).unwrap()).unwrap().len(), 512);
    let want = |from, to| Want { chain: head(1).chain, from, to };
    let bytes = encode_wants(&[want(3, 9)]).unwrap();
    assert_eq!(decode_wants(&bytes).unwrap(), [want(3, 9)]);
    for wrong in [want(3, 3), want(4, 3), want(0, u32::MAX)] {
        assert!(encode_wants(&[wrong]).is_err());
        assert!(decode_wants(&crate::wire::codec::encode(&vec![wrong]).unwrap()).is_err());
    }
    assert!(decode_wants(&u64::MAX.to_be_bytes()).is_err());
    assert!(decode_wants(&vec![0; 8 + 32 * 1_000_000]).is_err());
}
