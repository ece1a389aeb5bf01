//! sled against the contract, against crashes that a test can stage, and against damaged files.

use std::{collections::BTreeMap, os::unix::fs::FileExt as _, sync::Arc};

use tempfile::TempDir;

use super::*;
use crate::store::{
    commits::Commits,
    contract::{self, Bench, changes, put},
};

struct OnDisk(TempDir);

impl OnDisk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }
}

impl Bench for OnDisk {
    type Store = SledStore;

    fn open(&self) -> SledStore {
        SledStore::open(&self.path()).unwrap()
    }

    fn reopen(&self, store: SledStore) -> SledStore {
        assert_eq!(store.blobs_empty(), Ok(true));
        drop(store);
        self.open()
    }
}

/// Copies a store's files as they are on disk now: what the death of the process would leave.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A closed store with `count` commits: number n under its big-endian key, and under "last".
fn written(bench: &OnDisk, count: u32) {
    let store = bench.open();
    for n in 0..count {
        let number = n.to_be_bytes().to_vec();
        let filler = Some(vec![0x5a; 500]);
        store.apply(&changes([(number.clone(), filler), (b"last".to_vec(), Some(number))])).unwrap();
        store.commit().unwrap();
    }
}

/// Asserts that the store holds the first commits and nothing else, and says how many.
fn prefix_held(store: &SledStore) -> Result<u32, RecordsError> {
    let held = match store.get(b"last")? {
        Some(last) => u32::from_be_bytes(last.try_into().unwrap()) + 1,
        None => 0,
    };
    let pairs = store.scan(&[0], b"last", Order::Ascending, 10_000)?;
    assert_eq!(pairs.len(), usize::try_from(held).unwrap(), "half a change-set");
    for ((key, value), n) in pairs.iter().zip(0_u32..) {
        assert_eq!(key, &n.to_be_bytes());
        assert_eq!(value, &vec![0x5a; 500]);
    }
    Ok(held)
}

#[test]
fn keeps_the_contract() {
    contract::suite(OnDisk::new);
}

#[test]
fn a_death_after_a_commit_loses_nothing_of_it() {
    let bench = OnDisk::new();
    let store = bench.open();
    for n in 0..20_u8 {
        store.apply(&put(&[n], &[n; 300])).unwrap();
        store.commit().unwrap();
        let copy = tempfile::tempdir().unwrap();
        copy_files(&bench.path(), copy.path());
        let left = SledStore::open(copy.path()).unwrap();
        for m in 0..=n {
            assert_eq!(left.get(&[m]), Ok(Some(vec![m; 300])), "commit {m} of {n}");
        }
    }
}

#[test]
fn the_storage_thread_makes_it_durable_while_the_next_is_applied() {
    let bench = OnDisk::new();
    let store = Arc::new(bench.open());
    let commits = Commits::start(store.clone()).unwrap();
    for n in 0..2_000_u32 {
        store.apply(&put(&n.to_be_bytes(), &[1; 300])).unwrap();
        assert!(commits.request() > u64::from(n));
    }
    commits.stop().unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_files(&bench.path(), copy.path());
    let left = SledStore::open(copy.path()).unwrap();
    let all = left.scan(&[0], &[1], Order::Ascending, 10_000).unwrap();
    assert_eq!(all.len(), 2_000);
}

#[test]
fn large_values_rewritten_many_times_leave_blobs_empty() {
    let bench = OnDisk::new();
    let store = bench.open();
    for round in 0..20_u8 {
        let write = |n: u16| (n.to_be_bytes().to_vec(), Some(vec![round; 4_096]));
        store.apply(&changes((0..200).map(write))).unwrap();
        store.commit().unwrap();
    }
    assert_eq!(store.blobs_empty(), Ok(true));
    fs::write(bench.path().join("blobs/0"), b"x").unwrap();
    assert_eq!(store.blobs_empty(), Ok(false));
}

#[test]
fn one_store_at_a_time() {
    let bench = OnDisk::new();
    let store = bench.open();
    assert_eq!(SledStore::open(&bench.path()).err(), Some(StoreError::InUse));
    drop(store);
    bench.open();
}

#[test]
fn a_full_disk_refuses_writes_and_goes_on_reading() {
    let bench = OnDisk::new();
    let store = bench.open();
    store.apply(&put(b"a", b"1")).unwrap();
    drop(store);
    let full = SledStore::open_with(&bench.path(), u64::MAX).unwrap();
    assert_eq!(full.apply(&put(b"a", b"2")), Err(StoreError::Full));
    assert_eq!(full.get(b"a"), Ok(Some(b"1".to_vec())));
    assert_eq!(full.commit(), Ok(()));
    drop(full);
    let store = bench.open();
    store.apply(&put(b"a", b"2")).unwrap();
    assert_eq!(store.get(b"a"), Ok(Some(b"2".to_vec())));
}

#[test]
fn a_panic_becomes_an_error_and_ends_the_store() {
    let bench = OnDisk::new();
    let store = bench.open();
    store.apply(&put(b"a", b"1")).unwrap();
    store.commit().unwrap();
    let outcome: Result<(), _> = store.write(|_| panic!("as sled does"));
    assert_eq!(outcome, Err(StoreError::Damaged(bench.path())));
    assert_eq!(store.apply(&put(b"a", b"2")), Err(StoreError::Broken));
    assert_eq!(store.commit(), Err(StoreError::Broken));
    assert_eq!(store.get(b"a"), Err(StoreError::Broken.into()));
    let store = bench.reopen(store);
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
    let outcome: Result<(), _> = store.read(|_| panic!("{}", 7));
    assert_eq!(outcome, Err(StoreError::Damaged(bench.path())));
    assert_eq!(store.commit(), Err(StoreError::Broken));
}

#[test]
fn a_failed_write_ends_the_store() {
    let bench = OnDisk::new();
    let store = bench.open();
    let full = io::Error::from(io::ErrorKind::StorageFull);
    let outcome: Result<(), _> = store.write(|_| Err(full.into()));
    assert_eq!(outcome, Err(StoreError::Full));
    assert_eq!(store.commit(), Err(StoreError::Broken));
}

#[test]
fn a_directory_that_is_none_is_an_error() {
    let bench = OnDisk::new();
    fs::write(bench.path(), b"a file").unwrap();
    assert!(matches!(SledStore::open(&bench.path()), Err(StoreError::Damaged(_) | StoreError::Backend(_))));
}

/// Damages a copy of a store and asserts that it opens with a prefix of what was committed, or not at all; how much it
/// holds.
fn damaged(original: &Path, damage: impl FnOnce(&Path)) -> Option<u32> {
    let copy = tempfile::tempdir().unwrap();
    copy_files(original, copy.path());
    damage(copy.path());
    // Whether this is an error or a prefix is sled's choice; that it is one of both is our promise.
    let store = SledStore::open(copy.path()).ok()?;
    let held = prefix_held(&store).ok()?;
    let next = put(&held.to_be_bytes(), b"goes on");
    if store.apply(&next).is_ok() && store.commit().is_ok() {
        assert_eq!(store.get(&held.to_be_bytes()), Ok(Some(b"goes on".to_vec())));
    }
    Some(held)
}

#[test]
fn a_store_cut_anywhere_opens_with_a_prefix_or_not_at_all() {
    let bench = OnDisk::new();
    written(&bench, 60);
    assert_eq!(damaged(&bench.path(), |_| ()), Some(60));
    let file = bench.path().join("db");
    let length = fs::metadata(&file).unwrap().len();
    for cut in [0, 1, 19, 20, 21, 100, 1_000, 5_000, 20_000, 40_000, length / 2, length - 1] {
        damaged(&bench.path(), |copy| {
            let db = File::options().write(true).open(copy.join("db")).unwrap();
            db.set_len(cut).unwrap();
        });
    }
}

#[test]
fn a_store_with_a_flipped_byte_opens_with_a_prefix_or_not_at_all() {
    let bench = OnDisk::new();
    written(&bench, 60);
    for name in ["db", "conf"] {
        let bytes = fs::read(bench.path().join(name)).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        for at in (0..=end).step_by((end / 40).max(1)) {
            damaged(&bench.path(), |copy| {
                let file = File::options().write(true).open(copy.join(name)).unwrap();
                file.write_all_at(&[bytes[at] ^ 0x10], u64::try_from(at).unwrap()).unwrap();
            });
        }
    }
}

#[test]
fn what_an_opening_that_was_cut_short_has_left_is_no_damage() {
    let bench = OnDisk::new();
    written(&bench, 40);
    let parameters = fs::read(bench.path().join(PARAMETERS)).unwrap();
    assert_eq!(parameters.len() as u64, PARAMETERS_BYTES);
    for left in [&b""[..], b"half a snapshot"] {
        fs::write(bench.path().join("snap.FFFFFFFFFFFFFFFF.generating"), left).unwrap();
        let store = bench.open();
        assert_eq!(store.get(b"last"), Ok(Some(39_u32.to_be_bytes().to_vec())));
    }
    for left in [0, 1, 31, 58, 61] {
        let mut holed = vec![0; parameters.len()];
        holed[left..].copy_from_slice(&parameters[left..]);
        for bytes in [&parameters[..left], if left == 0 { &[0; 62][..] } else { &holed[..] }] {
            fs::write(bench.path().join(PARAMETERS), bytes).unwrap();
            let store = bench.open();
            assert_eq!(store.get(b"last"), Ok(Some(39_u32.to_be_bytes().to_vec())), "{left}");
            drop(store);
            assert_eq!(fs::read(bench.path().join(PARAMETERS)).unwrap(), parameters, "{left}");
        }
    }
    let mut flipped = parameters;
    flipped[0] ^= 8;
    fs::write(bench.path().join(PARAMETERS), flipped).unwrap();
    assert!(
        matches!(SledStore::open(&bench.path()), Err(StoreError::Damaged(_))),
        "damage is not worked around"
    );
}

/// Numbers that look drawn, the same in each run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// A closed store in which records were rewritten and taken away all over it, and what it was to show after each of its
/// change-sets, whose number is under "last".
fn churned(bench: &OnDisk, drawn: &mut Drawn) -> Vec<State> {
    let mut states = vec![State::new()];
    for _ in 0..4 {
        let store = bench.open();
        for _ in 0..200 {
            let mut writes = BTreeMap::new();
            for _ in 0..=drawn.below(40) {
                let key = u32::try_from(drawn.below(3_000)).unwrap().to_be_bytes().to_vec();
                writes.insert(key, (drawn.below(5) > 0).then(|| vec![0x5a; drawn.below(1_500)]));
            }
            let number = u32::try_from(states.len()).unwrap();
            writes.insert(b"last".to_vec(), Some(number.to_be_bytes().to_vec()));
            let mut state = states.last().unwrap().clone();
            for (key, value) in &writes {
                match value {
                    Some(value) => state.insert(key.clone(), value.clone()),
                    None => state.remove(key),
                };
            }
            store.apply(&changes(writes)).unwrap();
            states.push(state);
        }
    }
    states
}

#[test]
fn a_store_damaged_in_its_middle_shows_what_one_change_set_left_or_nothing() {
    let bench = OnDisk::new();
    let mut drawn = Drawn(1);
    let states = churned(&bench, &mut drawn);
    let original = fs::read(bench.path().join("db")).unwrap();
    let mut whole = 0;
    for _ in 0..80 {
        let copy = tempfile::tempdir().unwrap();
        copy_files(&bench.path(), copy.path());
        let mut bytes = original.clone();
        let place = drawn.below(bytes.len());
        match drawn.below(3) {
            0 => bytes.truncate(place),
            1 => bytes[place] ^= 1 << drawn.below(8),
            _ => bytes.iter_mut().skip(place).take(4_096).for_each(|byte| *byte = 0),
        }
        fs::write(copy.path().join("db"), bytes).unwrap();
        // What takes long to count opens before it is counted, and says so once it is.
        let Ok(store) = SledStore::open(copy.path()) else { continue };
        let Ok(pairs) = store.scan(&[], &[0xff], Order::Ascending, 10_000) else { continue };
        if store.is_whole().is_err() {
            continue;
        }
        let shown: State = pairs.into_iter().collect();
        let last = shown.get(&b"last"[..]).map_or(0, |last| u32::from_be_bytes(last[..].try_into().unwrap()));
        assert!(shown == states[usize::try_from(last).unwrap()], "a part of what {last} left");
        whole += 1;
    }
    assert!(whole > 0, "not one of them opened");
}
