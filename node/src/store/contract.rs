//! What every back-end promises, as one suite that each runs against itself.
//!
//! A [`Bench`] is one place for a store: it opens it, and closes and opens it again. The suite takes a fresh bench for
//! every promise, and compares longer histories with a plain ordered map.

use std::collections::BTreeMap;

use causerie_protocol::{
    limits::VALUE_BYTES_MAX,
    output::ChangeSet,
    records::{Order, Records},
};

use super::{Store, StoreError};

/// One place where a store lies.
pub(crate) trait Bench {
    type Store: Store;

    /// Opens it for the first time.
    fn open(&self) -> Self::Store;

    /// Closes it and opens it again.
    fn reopen(&self, store: Self::Store) -> Self::Store;
}

/// Runs every promise on a bench of its own.
pub(crate) fn suite<B: Bench>(make: impl Fn() -> B) {
    an_empty_store_has_nothing(&make());
    keys_are_ordered_by_their_bytes(&make());
    scans_keep_to_their_borders_and_limit(&make());
    later_writes_win_and_deletes_delete(&make());
    what_is_applied_is_read_before_it_is_durable(&make());
    an_empty_change_set_changes_nothing(&make());
    a_change_set_over_the_limit_is_refused_whole(&make());
    values_of_the_largest_size_and_none_stay_exact(&make());
    a_big_change_set_is_one_change_set(&make());
    what_was_committed_is_there_after_reopening(&make());
    a_long_history_reads_like_an_ordered_map(&make());
}

/// A change-set that writes one value.
pub(crate) fn put(key: &[u8], value: &[u8]) -> ChangeSet {
    changes([(key.to_vec(), Some(value.to_vec()))])
}

/// A change-set of these writes.
pub(crate) fn changes(writes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) -> ChangeSet {
    ChangeSet { writes: writes.into_iter().collect() }
}

fn keys(store: &impl Records, from: &[u8], to: &[u8], order: Order, limit: usize) -> Vec<Vec<u8>> {
    let pairs = store.scan(from, to, order, limit).unwrap();
    pairs.into_iter().map(|(key, _)| key).collect()
}

fn an_empty_store_has_nothing(bench: &impl Bench) {
    let store = bench.open();
    assert_eq!(store.get(b"a"), Ok(None));
    assert_eq!(store.scan(b"", b"\xff", Order::Ascending, 10), Ok(Vec::new()));
    store.commit().unwrap();
    let store = bench.reopen(store);
    assert_eq!(store.scan(b"", b"\xff", Order::Descending, 10), Ok(Vec::new()));
}

fn keys_are_ordered_by_their_bytes(bench: &impl Bench) {
    let store = bench.open();
    let ordered: [&[u8]; 8] = [b"\x00", b"\x00\x00", b"A", b"AA", b"AB", b"B", b"\x7f", b"\x80\xff"];
    for key in ordered.iter().rev() {
        store.apply(&put(key, b"v")).unwrap();
    }
    let mut expected: Vec<Vec<u8>> = ordered.iter().map(|key| key.to_vec()).collect();
    assert_eq!(keys(&store, b"", b"\xff", Order::Ascending, 100), expected);
    expected.reverse();
    assert_eq!(keys(&store, b"", b"\xff", Order::Descending, 100), expected);
}

fn scans_keep_to_their_borders_and_limit(bench: &impl Bench) {
    let store = bench.open();
    let all: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![b'E', n]).collect();
    store.apply(&changes(all.iter().map(|key| (key.clone(), Some(key.clone()))))).unwrap();
    store.apply(&put(b"D\xff", b"before")).unwrap();
    store.apply(&put(b"F", b"after")).unwrap();
    let up = |from: &[u8], to: &[u8], limit| keys(&store, from, to, Order::Ascending, limit);
    let down = |from: &[u8], to: &[u8], limit| keys(&store, from, to, Order::Descending, limit);
    assert_eq!(up(b"E", b"F", 1_000), all);
    assert_eq!(up(b"E", b"F", 3), all[..3]);
    assert_eq!(down(b"E", b"F", 2), [vec![b'E', 99], vec![b'E', 98]]);
    assert_eq!(up(&[b'E', 10], &[b'E', 12], 10), all[10..12]);
    assert_eq!(down(&[b'E', 10], &[b'E', 12], 1), [vec![b'E', 11]]);
    assert_eq!(down(&[b'E', 97], b"F", 10).len(), 3);
    assert!(up(b"E", b"F", 0).is_empty());
    assert!(down(b"E", b"F", 0).is_empty());
    for (from, to) in [(b"F", b"E"), (b"E", b"E")] {
        assert!(up(from, to, 10).is_empty(), "nothing lies between {from:?} and {to:?}");
        assert!(down(from, to, 10).is_empty(), "nothing lies between {from:?} and {to:?}");
    }
    assert!(up(b"E\x63\x00", b"F", 10).is_empty());
}

fn later_writes_win_and_deletes_delete(bench: &impl Bench) {
    let store = bench.open();
    store.apply(&put(b"k", b"1")).unwrap();
    store.apply(&put(b"k", b"22")).unwrap();
    assert_eq!(store.get(b"k"), Ok(Some(b"22".to_vec())));
    let both = changes([(b"k".to_vec(), None), (b"l".to_vec(), Some(b"3".to_vec()))]);
    store.apply(&both).unwrap();
    assert_eq!(store.get(b"k"), Ok(None));
    assert_eq!(keys(&store, b"", b"\xff", Order::Ascending, 10), [b"l"]);
    store.apply(&changes([(b"never there".to_vec(), None)])).unwrap();
    store.apply(&put(b"k", b"4")).unwrap();
    assert_eq!(store.get(b"k"), Ok(Some(b"4".to_vec())));
    store.apply(&changes([(b"k".to_vec(), None)])).unwrap();
    store.commit().unwrap();
    let store = bench.reopen(store);
    assert_eq!(store.get(b"k"), Ok(None));
    assert_eq!(store.get(b"l"), Ok(Some(b"3".to_vec())));
}

fn what_is_applied_is_read_before_it_is_durable(bench: &impl Bench) {
    let store = bench.open();
    for n in 0..100_u8 {
        store.apply(&put(&[n], &[n; 300])).unwrap();
        assert_eq!(store.get(&[n]), Ok(Some(vec![n; 300])));
        assert_eq!(keys(&store, &[0], &[n, 0], Order::Descending, 1), [[n]]);
    }
}

fn an_empty_change_set_changes_nothing(bench: &impl Bench) {
    let store = bench.open();
    store.apply(&put(b"k", b"1")).unwrap();
    store.apply(&ChangeSet::default()).unwrap();
    store.commit().unwrap();
    store.commit().unwrap();
    assert_eq!(bench.reopen(store).get(b"k"), Ok(Some(b"1".to_vec())));
}

fn a_change_set_over_the_limit_is_refused_whole(bench: &impl Bench) {
    let store = bench.open();
    let mut over = put(b"big", &vec![1; VALUE_BYTES_MAX + 1]);
    over.writes.insert(b"a".to_vec(), Some(b"small".to_vec()));
    assert_eq!(store.apply(&over), Err(StoreError::TooLarge(VALUE_BYTES_MAX + 1)));
    assert_eq!(store.get(b"a"), Ok(None));
    assert_eq!(store.get(b"big"), Ok(None));
    store.apply(&put(b"a", b"goes on")).unwrap();
    store.commit().unwrap();
}

fn values_of_the_largest_size_and_none_stay_exact(bench: &impl Bench) {
    let store = bench.open();
    let value = |n: u16| vec![n.to_be_bytes()[1]; VALUE_BYTES_MAX - usize::from(n % 2)];
    for n in 0..400_u16 {
        store.apply(&put(&n.to_be_bytes(), &value(n))).unwrap();
    }
    store.apply(&put(b"empty", b"")).unwrap();
    store.commit().unwrap();
    let store = bench.reopen(store);
    for n in 0..400_u16 {
        assert_eq!(store.get(&n.to_be_bytes()), Ok(Some(value(n))));
    }
    assert_eq!(store.get(b"empty"), Ok(Some(Vec::new())));
}

fn a_big_change_set_is_one_change_set(bench: &impl Bench) {
    let store = bench.open();
    let write = |n: u32| (n.to_be_bytes().to_vec(), Some(vec![7; 1_000]));
    store.apply(&changes((0..5_000).map(write))).unwrap();
    assert_eq!(keys(&store, b"", b"\xff", Order::Ascending, 10_000).len(), 5_000);
    store.commit().unwrap();
    let store = bench.reopen(store);
    assert_eq!(keys(&store, b"", b"\xff", Order::Descending, 10_000).len(), 5_000);
    store.apply(&changes((0..5_000).map(|n| (write(n).0, None)))).unwrap();
    assert_eq!(store.scan(b"", b"\xff", Order::Ascending, 1), Ok(Vec::new()));
}

fn what_was_committed_is_there_after_reopening(bench: &impl Bench) {
    let mut store = bench.open();
    for round in 0..5_u8 {
        store.apply(&put(&[round], &[round])).unwrap();
        store.apply(&put(b"last", &[round])).unwrap();
        store.commit().unwrap();
        store = bench.reopen(store);
        assert_eq!(store.get(b"last"), Ok(Some(vec![round])));
        assert_eq!(keys(&store, &[0], &[100], Order::Ascending, 10).len(), usize::from(round) + 1);
    }
}

fn a_long_history_reads_like_an_ordered_map(bench: &impl Bench) {
    let mut store = bench.open();
    let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut numbers = Numbers(0x5eed);
    for turn in 0..600 {
        let mut set = ChangeSet::default();
        for _ in 0..numbers.below(8) {
            let key = numbers.key();
            let value = (numbers.below(3) > 0).then(|| vec![numbers.byte(); numbers.below(700)]);
            set.writes.insert(key, value);
        }
        store.apply(&set).unwrap();
        for (key, write) in set.writes {
            match write {
                Some(value) => model.insert(key, value),
                None => model.remove(&key),
            };
        }
        if turn % 150 == 149 {
            store.commit().unwrap();
            store = bench.reopen(store);
        }
        let (from, to, limit) = (numbers.key(), numbers.key(), numbers.below(20));
        let expected: Vec<_> =
            if from < to { model.range(from.clone()..to.clone()).collect() } else { Vec::new() };
        let up: Vec<_> = expected.iter().take(limit).copied().map(owned).collect();
        let down: Vec<_> = expected.iter().rev().take(limit).copied().map(owned).collect();
        assert_eq!(store.scan(&from, &to, Order::Ascending, limit), Ok(up), "turn {turn}");
        assert_eq!(store.scan(&from, &to, Order::Descending, limit), Ok(down), "turn {turn}");
        assert_eq!(store.get(&from), Ok(model.get(&from).cloned()), "turn {turn}");
    }
}

fn owned((key, value): (&Vec<u8>, &Vec<u8>)) -> (Vec<u8>, Vec<u8>) {
    (key.clone(), value.clone())
}

/// The same numbers on every run (splitmix64; S. Vigna).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// Few enough to meet again, many enough to split the store's pages.
    fn key(&mut self) -> Vec<u8> {
        let family = [b'A', b'E', b'H'][self.below(3)];
        vec![family, self.byte() % 64, self.byte() % 16]
    }
}
