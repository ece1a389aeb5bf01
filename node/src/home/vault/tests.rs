//! Vaults whose secret is changed, whose change is cut short at any point, and whose files are not what they should be.

use std::{fs, os::unix::fs::PermissionsExt as _};

use causerie_protocol::{
    entropy::{Entropy, TurnRandom},
    vault::{VaultError, passphrase::Cost},
};
use tempfile::TempDir;

use super::*;

/// What opens a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opens {
    Anybody,
    With(&'static str),
}

fn random(seed: u8) -> TurnRandom {
    TurnRandom::new(&Entropy::new([seed; 32]))
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

fn master() -> MasterKey {
    MasterKey::create(&mut random(1))
}

fn wrapped(opens: Opens) -> Wrapped {
    match opens {
        Opens::Anybody => {
            let key = Secret::new(random(2).bytes());
            Wrapped {
                header: Header::seal(&master(), Protection::KeyFile, &key, &mut random(3)),
                key: Some(key),
            }
        }
        Opens::With(text) => {
            let (cost, salt) = (Cost::new(8, 1, 1).unwrap(), random(4).bytes());
            let key = passphrase(text).stretch(cost, &salt).unwrap();
            let protection = Protection::Passphrase { cost, salt };
            Wrapped { header: Header::seal(&master(), protection, &key, &mut random(5)), key: None }
        }
    }
}

/// The files of a vault, as they are after this.
fn vault(opens: Opens) -> (TempDir, VaultFiles) {
    let directory = tempfile::tempdir().unwrap();
    let files = VaultFiles::lock(directory.path()).unwrap();
    files.replace(&wrapped(opens)).unwrap();
    (directory, files)
}

fn open(files: &VaultFiles, opens: Opens) -> Result<MasterKey, HomeError> {
    match opens {
        Opens::Anybody => files.unlock(None),
        Opens::With(text) => files.unlock(Some(&passphrase(text))),
    }
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn files_of(opens: Opens) -> &'static [&'static str] {
    match opens {
        Opens::Anybody => &["vault.hdr", "vault.key", "vault.lock"],
        Opens::With(_) => &["vault.hdr", "vault.lock"],
    }
}

const CHANGES: [(Opens, Opens); 4] = [
    (Opens::Anybody, Opens::With("new")),
    (Opens::With("old"), Opens::With("new")),
    (Opens::With("old"), Opens::With("old")),
    (Opens::With("old"), Opens::Anybody),
];

#[test]
fn the_master_key_stays_whatever_wraps_it() {
    for (before, after) in CHANGES {
        let (directory, files) = vault(before);
        assert_eq!(open(&files, before).unwrap(), master());
        assert_eq!(names(&directory), files_of(before));
        files.replace(&wrapped(after)).unwrap();
        assert_eq!(open(&files, after).unwrap(), master());
        assert_eq!(names(&directory), files_of(after));
        assert_eq!(has_passphrase(directory.path()), after != Opens::Anybody);
        assert_eq!(files.has_passphrase().unwrap(), after != Opens::Anybody);
        for name in files_of(after) {
            let mode = directory.path().join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}

#[test]
fn wherever_a_change_is_cut_short_the_old_or_the_new_secret_opens_the_home_and_what_is_left_is_erased() {
    for (before, after) in CHANGES {
        let steps: &[Step] = match after {
            Opens::Anybody => &Step::TO_KEY_FILE,
            Opens::With(_) => &Step::TO_PASSPHRASE,
        };
        let placed = steps.iter().position(|step| matches!(step, Step::PlaceHeader)).unwrap();
        for cut in 0..=steps.len() {
            let (directory, files) = vault(before);
            let new = wrapped(after);
            let mut change = Change { files: &files, wrapped: &new, old_header: None };
            for step in &steps[..cut] {
                change.perform(*step).unwrap();
            }
            drop(files);
            let files = VaultFiles::lock(directory.path()).unwrap();
            let (opens, other) = if cut > placed { (after, before) } else { (before, after) };
            // Nothing is erased by whoever cannot open it.
            if let Opens::With(_) = opens {
                let there = names(&directory);
                assert!(matches!(files.unlock(None), Err(HomeError::Locked(_))));
                assert!(matches!(files.unlock(Some(&passphrase("x"))), Err(HomeError::WrongPassphrase(_))));
                assert_eq!(names(&directory), there);
            }
            let what = format!("{before:?} to {after:?} after {cut} steps");
            assert_eq!(open(&files, opens).unwrap(), master(), "{what}");
            assert_eq!(names(&directory), files_of(opens), "{what}");
            assert_eq!(open(&files, opens).unwrap(), master(), "{what}, again");
            if opens != Opens::Anybody && other != opens {
                assert!(open(&files, other).is_err(), "{what}");
            }
            if (opens, after) != (Opens::Anybody, Opens::Anybody) {
                files.replace(&wrapped(after)).unwrap();
            }
            assert_eq!(open(&files, after).unwrap(), master(), "{what}, then to its end");
        }
    }
}

#[test]
fn a_file_cut_short_beside_is_never_read() {
    for (before, after) in CHANGES {
        let (directory, files) = vault(before);
        for name in [VAULT_HEADER, VAULT_KEY] {
            fs::write(files::beside(directory.path(), name), b"hal").unwrap();
        }
        assert_eq!(open(&files, before).unwrap(), master());
        assert_eq!(names(&directory), files_of(before));
        fs::write(files::beside(directory.path(), VAULT_HEADER), b"hal").unwrap();
        files.replace(&wrapped(after)).unwrap();
        assert_eq!(open(&files, after).unwrap(), master());
    }
}

#[test]
fn what_is_replaced_is_overwritten_where_it_lies() {
    let (directory, files) = vault(Opens::Anybody);
    let [header, key] = [VAULT_HEADER, VAULT_KEY].map(|name| {
        let kept = directory.path().join(format!("kept {name}"));
        fs::hard_link(directory.path().join(name), &kept).unwrap();
        kept
    });
    assert_eq!(fs::read(&key).unwrap(), wrapped(Opens::Anybody).key.unwrap().expose());
    files.replace(&wrapped(Opens::With("new"))).unwrap();
    assert_eq!(fs::read(&key).unwrap(), [0; 32]);
    assert_eq!(fs::read(&header).unwrap(), [0; 82]);
}

#[test]
fn a_change_that_fails_leaves_what_was() {
    for (before, after) in CHANGES {
        let (directory, files) = vault(before);
        // A directory of that name cannot be replaced by a file.
        fs::create_dir_all(files::beside(directory.path(), VAULT_HEADER).join("x")).unwrap();
        assert!(files.replace(&wrapped(after)).is_err());
        fs::remove_dir_all(files::beside(directory.path(), VAULT_HEADER)).unwrap();
        assert_eq!(open(&files, before).unwrap(), master(), "{before:?} to {after:?}");
    }
}

#[test]
fn a_key_is_never_replaced_by_another_key() {
    let (directory, files) = vault(Opens::Anybody);
    let before = fs::read(directory.path().join(VAULT_KEY)).unwrap();
    let other = Wrapped { key: Some(Secret::new([9; 32])), ..wrapped(Opens::Anybody) };
    assert!(matches!(files.replace(&other), Err(HomeError::AlreadyThere(_))));
    assert_eq!(fs::read(directory.path().join(VAULT_KEY)).unwrap(), before);
    assert_eq!(names(&directory), files_of(Opens::Anybody));
}

#[test]
fn a_damaged_header_is_said_to_be_damaged_and_nothing_else_is_touched() {
    let (directory, files) = vault(Opens::With("right"));
    fs::write(directory.path().join(VAULT_KEY), [7; 32]).unwrap();
    let path = directory.path().join(VAULT_HEADER);
    let sound = fs::read(&path).unwrap();
    for at in 0..sound.len() {
        for mask in [1, 0x80] {
            let mut flipped = sound.clone();
            flipped[at] ^= mask;
            fs::write(&path, &flipped).unwrap();
            let newer = mask == 0x80 && (at == 8 || at == 9);
            for error in
                [open(&files, Opens::With("right")).unwrap_err(), open(&files, Opens::Anybody).unwrap_err()]
            {
                let expected = if newer { VaultError::Newer } else { VaultError::Damaged };
                let expected = HomeError::of_vault(expected, path.clone());
                assert_eq!(error.to_string(), expected.to_string(), "byte {at}");
            }
            assert!(!has_passphrase(directory.path()));
        }
    }
    fs::write(&path, vec![0; 1_000_000]).unwrap();
    assert!(matches!(files.unlock(None), Err(HomeError::Damaged(_))));
    assert_eq!(fs::read(directory.path().join(VAULT_KEY)).unwrap(), [7; 32]);
    fs::write(&path, sound).unwrap();
    assert_eq!(open(&files, Opens::With("right")).unwrap(), master());
    assert_eq!(names(&directory), files_of(Opens::With("right")));
}

#[test]
fn one_at_a_time_changes_these_files() {
    let (directory, files) = vault(Opens::Anybody);
    let path = directory.path().to_owned();
    let (opened, wait) = std::sync::mpsc::sync_channel(1);
    let next = std::thread::spawn(move || opened.send(VaultFiles::lock(&path).map(drop)));
    assert!(wait.try_recv().is_err());
    drop(files);
    assert!(wait.recv().unwrap().is_ok());
    next.join().unwrap().unwrap();
}
