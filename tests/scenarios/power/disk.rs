//! The disk itself: what was synced stays and nothing else has to, bytes and names each by their own sync.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::net::UnixListener,
    path::Path,
};

use causerie_tests::PowerDisk;

/// Losses after which every outcome that has a fair chance has been seen.
const LOSSES: u64 = 60;

/// After many losses of the same: every file's bytes, if it is there.
fn outcomes(prepare: impl Fn(&Path), names: &[&str]) -> Option<BTreeSet<Vec<Option<Vec<u8>>>>> {
    let mut seen = BTreeSet::new();
    for seed in 0..LOSSES {
        let disk = PowerDisk::of(seed)?;
        prepare(disk.path());
        disk.power_returns();
        seen.insert(names.iter().map(|name| fs::read(disk.path().join(name)).ok()).collect());
    }
    Some(seen)
}

fn write(path: &Path, bytes: &[u8]) -> File {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn sync(directory: &Path) {
    File::open(directory).unwrap().sync_all().unwrap();
}

#[test]
fn what_was_synced_stays_and_what_was_not_may_be_gone() {
    let synced = |path: &Path| {
        write(&path.join("one"), b"synced").sync_all().unwrap();
        write(&path.join("two"), b"data synced").sync_data().unwrap();
        sync(path);
    };
    let Some(seen) = outcomes(synced, &["one", "two"]) else { return };
    assert_eq!(seen, BTreeSet::from([vec![Some(b"synced".to_vec()), Some(b"data synced".to_vec())]]));
    let unsynced = |path: &Path| {
        let mut file = write(&path.join("one"), b"before");
        file.sync_all().unwrap();
        sync(path);
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(b"after!").unwrap();
    };
    let seen = outcomes(unsynced, &["one"]).unwrap();
    assert_eq!(seen, BTreeSet::from([vec![Some(b"before".to_vec())], vec![Some(b"after!".to_vec())]]));
}

#[test]
fn a_file_that_was_synced_is_gone_without_its_name() {
    let nameless = |path: &Path| write(&path.join("one"), b"bytes").sync_all().unwrap();
    let Some(seen) = outcomes(nameless, &["one"]) else { return };
    assert_eq!(seen, BTreeSet::from([vec![None], vec![Some(b"bytes".to_vec())]]));
    let without_bytes = |path: &Path| {
        write(&path.join("one"), b"bytes");
        sync(path);
    };
    let seen = outcomes(without_bytes, &["one"]).unwrap();
    assert!(seen.contains(&vec![Some(Vec::new())]) && !seen.contains(&vec![None]), "{seen:?}");
}

#[test]
fn a_rename_is_undone_or_not_and_never_half() {
    let renamed = |path: &Path| {
        write(&path.join("old"), b"old").sync_all().unwrap();
        write(&path.join("new"), b"new").sync_all().unwrap();
        sync(path);
        fs::rename(path.join("new"), path.join("old")).unwrap();
    };
    let Some(seen) = outcomes(renamed, &["old", "new"]) else { return };
    let [old, new] = [b"old", b"new"].map(|bytes| Some(bytes.to_vec()));
    assert_eq!(seen, BTreeSet::from([vec![old, new.clone()], vec![new.clone(), None]]));
    let and_synced = |path: &Path| {
        renamed(path);
        sync(path);
    };
    assert_eq!(outcomes(and_synced, &["old", "new"]).unwrap(), BTreeSet::from([vec![new, None]]));
}

#[test]
fn a_rename_between_directories_is_durable_in_both_with_either() {
    for synced in ["here", "there"] {
        let moved = |path: &Path| {
            for name in ["here", "there"] {
                fs::create_dir(path.join(name)).unwrap();
            }
            write(&path.join("here/one"), b"bytes").sync_all().unwrap();
            sync(&path.join("here"));
            sync(path);
            fs::rename(path.join("here/one"), path.join("there/one")).unwrap();
            sync(&path.join(synced));
        };
        let Some(seen) = outcomes(moved, &["here/one", "there/one"]) else { return };
        assert_eq!(seen, BTreeSet::from([vec![None, Some(b"bytes".to_vec())]]), "{synced}");
    }
}

#[test]
fn a_removed_file_may_come_back_until_its_directory_is_synced() {
    let removed = |path: &Path| {
        write(&path.join("one"), b"bytes").sync_all().unwrap();
        sync(path);
        fs::remove_file(path.join("one")).unwrap();
    };
    let Some(seen) = outcomes(removed, &["one"]) else { return };
    assert_eq!(seen, BTreeSet::from([vec![None], vec![Some(b"bytes".to_vec())]]));
}

#[test]
fn the_last_write_is_torn_between_sectors() {
    let torn = |path: &Path| {
        let mut file = write(&path.join("one"), &[1; 8_192]);
        file.sync_all().unwrap();
        sync(path);
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&[2; 8_192]).unwrap();
    };
    let Some(seen) = outcomes(torn, &["one"]) else { return };
    let mut mixed = 0;
    for one in &seen {
        let bytes = one[0].as_ref().unwrap();
        assert_eq!(bytes.len(), 8_192);
        for sector in bytes.chunks(512) {
            assert!(sector.iter().all(|byte| *byte == sector[0]), "a torn sector");
        }
        mixed += usize::from(bytes.contains(&1) && bytes.contains(&2));
    }
    assert!(mixed > 2, "{mixed} torn");
}

#[test]
fn the_power_goes_at_an_act_and_nothing_of_it_is_done() {
    let Some(disk) = PowerDisk::of(1) else { return };
    let file = write(&disk.path().join("one"), b"bytes");
    sync(disk.path());
    // The sync of the bytes comes after the file, its write and the sync of its name.
    assert_eq!(disk.acts(), 3);
    disk.power_goes_at(4);
    assert!(!disk.has_no_power());
    assert!(file.sync_all().is_err() && disk.has_no_power());
    assert!(
        fs::metadata(disk.path().join("two")).is_err() && fs::write(disk.path().join("two"), "").is_err()
    );
    assert_eq!(disk.acts(), 4);
    drop(file);
    disk.power_returns();
    assert!(!disk.has_no_power());
    assert!(disk.path().join("one").exists());
    fs::write(disk.path().join("two"), "works").unwrap();
    assert_eq!(fs::read(disk.path().join("two")).unwrap(), b"works");
}

#[test]
fn a_disk_that_lies_loses_what_it_said_it_had() {
    let Some(disk) = PowerDisk::of(2) else { return };
    disk.lies(true);
    write(&disk.path().join("one"), b"bytes").sync_all().unwrap();
    sync(disk.path());
    let lost = (0..LOSSES).any(|_| {
        disk.power_returns();
        !disk.path().join("one").exists()
    });
    assert!(lost);
}

#[test]
fn it_is_a_file_system_like_others() {
    let Some(disk) = PowerDisk::of(3) else { return };
    let at = |name: &str| disk.path().join(name);
    fs::create_dir_all(at("deep/down")).unwrap();
    let bytes: Vec<u8> = (0..700_000_u32).map(|number| number.to_be_bytes()[3]).collect();
    write(&at("deep/down/one"), &bytes);
    assert!(fs::read(at("deep/down/one")).unwrap() == bytes);
    fs::hard_link(at("deep/down/one"), at("two")).unwrap();
    fs::remove_file(at("deep/down/one")).unwrap();
    assert!(fs::read(at("two")).unwrap() == bytes);
    assert!(fs::remove_dir(at("deep")).is_err());
    fs::rename(at("deep/down"), at("down")).unwrap();
    fs::remove_dir(at("deep")).unwrap();
    let file = File::options().write(true).open(at("two")).unwrap();
    file.set_len(5).unwrap();
    assert_eq!(fs::read(at("two")).unwrap(), bytes[..5]);
    file.lock().unwrap();
    assert!(File::open(at("two")).unwrap().try_lock().is_err());
    drop(UnixListener::bind(at("socket")).unwrap());
    assert!(File::options().write(true).create_new(true).open(at("two")).is_err());
    for number in 0..300 {
        fs::write(at(&format!("down/{number:03}")), "").unwrap();
    }
    let listed: BTreeSet<_> =
        fs::read_dir(at("down")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(listed.len(), 300);
    disk.has_room_for(1);
    assert!(fs::write(at("three"), vec![0; 2_000_000]).is_err());
    assert!(fs::write(at("three"), vec![0; 1_000_000]).is_ok());
}
