//! Copies that are made, made again, cut short and removed.

use std::{collections::BTreeMap, time::Duration};

use tempfile::TempDir;

use super::*;

const FILES: [&str; 5] = ["identity", "identity.previous", "ring", "store/conf", "store/db"];

/// A home whose files hold their own names and this.
fn home(content: &str) -> (TempDir, Home) {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("store")).unwrap();
    fill(directory.path(), content);
    let home = Home::open(directory.path(), Duration::ZERO).unwrap();
    (directory, home)
}

fn fill(path: &Path, content: &str) {
    for name in FILES {
        fs::write(path.join(name), format!("{name} {content}")).unwrap();
    }
}

fn copied(home: &Home) -> BTreeMap<&str, String> {
    let read = |name| Some((name, fs::read_to_string(home.at(COPY).join(name)).ok()?));
    FILES.into_iter().filter_map(read).collect()
}

fn expected(content: &str) -> BTreeMap<&'static str, String> {
    FILES.into_iter().map(|name| (name, format!("{name} {content}"))).collect()
}

#[test]
fn a_copy_has_everything_and_stays_until_it_is_forgotten() {
    let (_directory, home) = home("old");
    assert_eq!(home.kept(), Kept::Nothing);
    home.keep_copy(true).unwrap();
    assert_eq!((home.kept(), copied(&home)), (Kept::Unproved, expected("old")));
    fill(home.path(), "new");
    home.keep_copy(false).unwrap();
    assert_eq!(copied(&home), expected("old"), "a copy of what was there before is not replaced");
    home.note_proved().unwrap();
    assert_eq!(home.kept(), Kept::Proved);
    home.keep_copy(false).unwrap();
    assert_eq!(home.kept(), Kept::Unproved, "another migration has to be proved again");
    home.keep_copy(true).unwrap();
    assert_eq!(copied(&home), expected("new"));
    home.forget_copy().unwrap();
    assert_eq!(home.kept(), Kept::Nothing);
    home.forget_copy().unwrap();
    assert_eq!(fs::read_to_string(home.at("store/db")).unwrap(), "store/db new");
}

#[test]
fn a_copy_that_was_cut_short_is_none() {
    let (_directory, home) = home("old");
    fs::create_dir_all(home.at(COPY_UNDER_WAY).join("store")).unwrap();
    fs::write(home.at(COPY_UNDER_WAY).join("store/db"), b"half").unwrap();
    assert_eq!(home.kept(), Kept::Nothing);
    home.keep_copy(false).unwrap();
    assert_eq!(copied(&home), expected("old"));
    assert!(!home.at(COPY_UNDER_WAY).exists());
}

#[test]
fn what_is_not_there_is_not_copied() {
    let (_directory, home) = home("old");
    for name in ["ring", "identity.previous"] {
        fs::remove_file(home.at(name)).unwrap();
    }
    fs::remove_dir_all(home.at("store")).unwrap();
    home.keep_copy(true).unwrap();
    assert_eq!(copied(&home).into_keys().collect::<Vec<_>>(), ["identity"]);
}

#[test]
fn a_copy_that_was_removed_in_part_can_still_go() {
    for gone in FILES {
        let (_directory, home) = home("old");
        home.keep_copy(true).unwrap();
        home.note_proved().unwrap();
        fs::remove_file(home.at(COPY).join(gone)).unwrap();
        assert_eq!(home.kept(), Kept::Proved);
        home.forget_copy().unwrap();
        assert_eq!(home.kept(), Kept::Nothing, "without {gone}");
    }
}

#[test]
fn no_copy_is_begun_where_it_would_not_fit() {
    let (_directory, home) = home("old");
    let refused = room::check_copy(home.path(), u64::MAX / 2).unwrap_err();
    assert!(refused.to_string().contains("MiB are missing"), "{refused}");
    assert_eq!(refused.kind(), "storage");
    assert!(room::check_copy(home.path(), 0).is_ok());
}

#[test]
fn the_copy_of_somebody_whose_identity_is_lost_is_set_aside_and_not_removed_with_the_next() {
    let (directory, home) = home("old");
    home.keep_copy(true).unwrap();
    home.note_proved().unwrap();
    for name in [IDENTITY, IDENTITY_PREVIOUS] {
        fs::remove_file(home.at(name)).unwrap();
    }
    drop(home);
    let (home, aside) = Home::create(directory.path()).unwrap();
    assert_eq!(home.kept(), Kept::Nothing);
    assert!(aside.unwrap().join(COPY).join("store/db").exists());
}
