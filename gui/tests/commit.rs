//! Which commit a build is from, as the build script reads it from the files of a clone.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{fs, path::Path};

#[path = "../build.rs"]
#[expect(dead_code, reason = "its `main` is for cargo")]
mod build;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba98";

fn write(root: &Path, name: &str, text: &str) {
    let file = root.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// What is said of a folder with these files.
fn of(files: &[(&str, String)]) -> Option<String> {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(root.path(), name, text);
    }
    build::commit(root.path()).map(|found| found.commit)
}

#[test]
fn a_clone_says_its_commit_however_git_keeps_it() {
    let shown = Some("0123456789ab".to_owned());
    let head = (".git/HEAD", "ref: refs/heads/main\n".to_owned());
    assert_eq!(of(&[head.clone(), (".git/refs/heads/main", format!("{COMMIT}\n"))]), shown);
    let packed =
        format!("# pack-refs with: peeled\n{OTHER} refs/heads/main-2\n{COMMIT} refs/heads/main\n^{OTHER}\n");
    assert_eq!(of(&[head.clone(), (".git/packed-refs", packed)]), shown);
    assert_eq!(of(&[(".git/HEAD", format!("{COMMIT}\n"))]), shown, "no branch is checked out");
    assert_eq!(of(&[(".git/HEAD", COMMIT.repeat(2)[..64].to_owned())]), shown, "SHA-256");
    let beside = [
        (".git", "gitdir: repository/worktrees/one\n".to_owned()),
        ("repository/worktrees/one/HEAD", head.1),
        ("repository/worktrees/one/commondir", "../..\n".to_owned()),
        ("repository/refs/heads/main", COMMIT.to_owned()),
    ];
    assert_eq!(of(&beside), shown, "a work tree beside the repository");
}

#[test]
fn an_archive_of_the_sources_says_none_nor_does_nonsense() {
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[(".git/HEAD", String::new())]), None);
    assert_eq!(of(&[(".git/HEAD", "ref: refs/heads/unborn".to_owned())]), None);
    assert_eq!(of(&[(".git/HEAD", format!("{COMMIT}\ncargo:rustc-link-arg=x"))]), None);
    assert_eq!(of(&[(".git", "something else".to_owned())]), None);
    // A repository above is one of somebody else's.
    let above = tempfile::tempdir().unwrap();
    write(above.path(), ".git/HEAD", COMMIT);
    fs::create_dir(above.path().join("causerie")).unwrap();
    assert_eq!(build::commit(&above.path().join("causerie")), None);
}

#[test]
fn whatever_the_answer_stands_on_is_watched() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), ".git/HEAD", "ref: refs/heads/main");
    write(root.path(), ".git/refs/heads/main", COMMIT);
    let git = root.path().join(".git");
    let read = || build::commit(root.path()).unwrap().read;
    assert_eq!(read(), [git.join("HEAD"), git.join("refs/heads/main")]);
    write(root.path(), ".git/logs/HEAD", "");
    assert_eq!(read(), [git.join("HEAD"), git.join("logs/HEAD"), git.join("refs/heads/main")]);
}
