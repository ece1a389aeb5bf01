//! Every moment at which a migration can be cut short, on a home that an older version left (`tests/older/`).

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use causerie_protocol::{
    engine::Settings, entropy::TurnRandom, output::ChangeSet, records::Order, room::Room,
};
use tempfile::TempDir;

use super::*;
use crate::{
    ground::{Ground as _, Stand},
    home::Home,
};

/// How far a migration has come.
const MOMENTS: [&str; 8] = [
    "not begun",
    "half of the copy made",
    "the copy made",
    "the identity written once",
    "the identity written twice",
    "a step of the store written",
    "the store written, and nothing proved",
    "proved, and half of the copy removed",
];

fn older() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("alice");
    let left = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/older/alice");
    fs::create_dir_all(home.join("store")).unwrap();
    for name in ["identity", "identity.previous", "vault.hdr", "vault.key", "store/conf", "store/db"] {
        fs::copy(left.join(name), home.join(name)).unwrap();
    }
    (directory, home)
}

fn held(path: &Path) -> (HomeGround, Arc<Home>) {
    let home = Arc::new(Home::open(path, Duration::ZERO).unwrap());
    let vault = home.open_vault(None).unwrap();
    (HomeGround { home: Arc::clone(&home), vault, settings: Settings::default() }, home)
}

/// A start of a node and its end; what the records of changed layouts hold in between.
fn starts(path: &Path) -> Vec<Vec<u8>> {
    let (ground, _) = held(path);
    let footing = ground.open(Room::Enough, Stand::WhereItCan).unwrap();
    settle(&ground, &footing);
    assert_eq!(upgrade::age_of_store(&*footing.store, &ground.vault), Ok(Age::Current));
    [b'C', b'H'].into_iter().flat_map(|kind| opened(&*footing.store, &ground.vault, kind)).collect()
}

fn opened(store: &dyn Store, vault: &Vault, kind: u8) -> Vec<Vec<u8>> {
    let pairs = store.scan(&[kind], &[kind + 1], Order::Ascending, usize::MAX).unwrap();
    pairs.iter().map(|(key, value)| vault.unseal(key, value).unwrap()).collect()
}

/// Does what a migration does, up to this moment.
fn migrates_until(path: &Path, moment: usize) {
    let (ground, home) = held(path);
    if moment == 1 {
        fs::create_dir(path.join("before-migration.new")).unwrap();
        fs::write(path.join("before-migration.new/identity"), b"half").unwrap();
    }
    if moment >= 2 {
        home.keep_copy(true).unwrap();
    }
    let entropy = entropy::fresh().unwrap();
    let sealed = home.read_identity().unwrap().current.unwrap();
    let identity = upgrade::identity(&sealed, &ground.vault, &entropy).unwrap().unwrap();
    for _ in 3..=moment.min(4) {
        home.write_identity(&identity).unwrap();
    }
    if moment >= 5 {
        let store = store::open(&home.store_path()).unwrap();
        let mut next = None;
        loop {
            let step = upgrade::step(&*store, &ground.vault, &entropy, next).unwrap();
            store.apply(&step.changes).unwrap();
            next = step.next;
            if moment == 5 || next.is_none() {
                break;
            }
        }
        store.commit().unwrap();
    }
    if moment == 7 {
        home.note_proved().unwrap();
        fs::remove_file(path.join("before-migration/store/conf")).unwrap();
    }
}

#[test]
fn wherever_a_migration_is_cut_short_the_next_start_goes_on() {
    let (_directory, path) = older();
    let whole = starts(&path);
    assert!(whole.len() >= 6, "contacts and chains: {}", whole.len());
    for (moment, what) in MOMENTS.into_iter().enumerate() {
        let (_directory, path) = older();
        migrates_until(&path, moment);
        assert_eq!(starts(&path), whole, "{what}");
        let (ground, home) = held(&path);
        if moment < 7 {
            assert_eq!(home.kept(), Kept::Proved, "{what}");
            let copy = fs::read(path.join("before-migration/identity")).unwrap();
            assert_eq!(upgrade::age_of_identity(&copy, &ground.vault), Ok(Age::Older), "{what}");
        }
        let copies = home.read_identity().unwrap();
        for sealed in [copies.current.unwrap(), copies.previous.unwrap()] {
            assert_eq!(upgrade::age_of_identity(&sealed, &ground.vault), Ok(Age::Current), "{what}");
        }
        drop((ground, home));
        starts(&path);
        assert_eq!(held(&path).1.kept(), Kept::Nothing, "{what}");
        assert!(!path.join("before-migration.new").exists(), "{what}");
    }
}

#[test]
fn a_copy_that_is_put_back_is_the_older_home_and_can_be_migrated_again() {
    let (_directory, path) = older();
    let whole = starts(&path);
    let copy = path.join("before-migration");
    fs::remove_dir_all(path.join("store")).unwrap();
    for name in ["identity", "identity.previous", "store"] {
        fs::rename(copy.join(name), path.join(name)).unwrap();
    }
    let (ground, home) = held(&path);
    assert_eq!(age_of_identity(&ground.vault, &home.read_identity().unwrap()), Age::Older);
    drop((ground, home));
    // What is left of the copy says that it was proved: not of this migration.
    assert_eq!(starts(&path), whole);
    assert!(copy.join("store/db").exists(), "a copy of its own");
}

#[test]
fn an_older_store_in_a_home_of_today_is_brought_up_to_date_and_kept_too() {
    let (_directory, path) = older();
    let whole = starts(&path);
    starts(&path);
    let (_other, untouched) = older();
    fs::remove_dir_all(path.join("store")).unwrap();
    fs::rename(untouched.join("store"), path.join("store")).unwrap();
    // It is older than the identity, whose contacts count.
    let again = starts(&path);
    assert_eq!(again.len(), whole.len());
    assert_eq!(held(&path).1.kept(), Kept::Proved);
}

#[test]
fn a_home_that_cannot_be_read_whole_keeps_its_copy() {
    let (_directory, path) = older();
    let (ground, home) = held(&path);
    let store = store::open(&home.store_path()).unwrap();
    let extents = store.scan(b"E", b"F", Order::Ascending, 1).unwrap();
    let damage = extents.into_iter().map(|(key, _)| (key, Some(b"damaged".to_vec()))).collect();
    store.apply(&ChangeSet { writes: damage }).unwrap();
    store.commit().unwrap();
    drop((store, ground, home));
    for _ in 0..3 {
        starts(&path);
        assert_eq!(held(&path).1.kept(), Kept::Unproved);
    }
}

/// Makes a migrated home what the later of the two layouts of version 1 was.
fn takes_the_version_away(path: &Path) {
    let (ground, home) = held(path);
    let sealed = home.read_identity().unwrap().current.unwrap();
    let mut plain = ground.vault.unseal_identity(&sealed).unwrap();
    plain[..2].copy_from_slice(&[0, 1]);
    let mut random = TurnRandom::new(&entropy::fresh().unwrap());
    let sealed = ground.vault.seal_identity(&mut random, &plain);
    home.write_identity(&sealed).unwrap();
    home.write_identity(&sealed).unwrap();
    let store = store::open(&home.store_path()).unwrap();
    let version = ground.vault.family(b'A', &[b"version"]).to_vec();
    store.apply(&ChangeSet { writes: [(version, None)].into() }).unwrap();
    store.commit().unwrap();
}

#[test]
fn records_of_the_later_layout_stay_as_they_are() {
    let (_directory, path) = older();
    let whole = starts(&path);
    starts(&path);
    takes_the_version_away(&path);
    let sealed = || {
        let store = store::open(&path.join("store")).unwrap();
        [b'C', b'H'].map(|kind| store.scan(&[kind], &[kind + 1], Order::Ascending, usize::MAX).unwrap())
    };
    let before = sealed();
    assert_eq!(starts(&path), whole);
    assert_eq!(sealed(), before, "not even sealed anew");
    assert_eq!(held(&path).1.kept(), Kept::Proved);
}

#[test]
fn a_home_of_today_is_not_copied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("home");
    crate::init(&path, "Alice", None).unwrap();
    starts(&path);
    starts(&path);
    assert_eq!(held(&path).1.kept(), Kept::Nothing);
}
