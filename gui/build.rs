//! Tells the program which commit it is made from, where it is made from a clone of the repository.
//!
//! The files of git are read, and no program is run: the same clone gives the same answer everywhere, and an archive of
//! the sources gives none. What was changed since the commit is not seen. A build that is not optimised says nothing,
//! for it would be compiled anew at every commit.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Hexadecimal digits of a commit: of SHA-1, and of SHA-256.
const LENGTHS: [usize; 2] = [40, 64];

/// Digits that are shown: enough for this repository, and for people.
const SHOWN: usize = 12;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is_optimised = env::var("PROFILE").is_ok_and(|profile| profile != "debug");
    let Some(package) = env::var_os("CARGO_MANIFEST_DIR").filter(|_| is_optimised) else { return };
    let Some(found) = commit(&PathBuf::from(package).join("..")) else { return };
    for file in found.read {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    println!("cargo:rustc-env=CAUSERIE_COMMIT={}", found.commit);
}

/// A commit, and the files that say so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) commit: String,
    pub(crate) read: Vec<PathBuf>,
}

/// Which commit is checked out in this folder; not in one above it, which may be a repository of something else.
pub(crate) fn commit(root: &Path) -> Option<Found> {
    let dot_git = root.join(".git");
    // In a work tree beside the repository it is a file that says where its own part of it lies.
    let git = match fs::read_to_string(&dot_git) {
        Ok(text) => root.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => dot_git,
    };
    let head = git.join("HEAD");
    let text = fs::read_to_string(&head).ok()?;
    let mut read = vec![head];
    // A branch that was packed and moves gets a file that is not there yet; this one grows whenever a commit is made.
    read.extend(Some(git.join("logs/HEAD")).filter(|log| log.exists()));
    let commit = match text.trim().strip_prefix("ref:") {
        None => text.trim().to_owned(),
        Some(name) => {
            // Branches are shared by all work trees.
            let common = fs::read_to_string(git.join("commondir"));
            let common = common.map_or_else(|_| git.clone(), |path| git.join(path.trim()));
            branch(&common, name.trim(), &mut read)?
        }
    };
    let is_commit = LENGTHS.contains(&commit.len()) && commit.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_commit.then(|| Found { commit: commit.chars().take(SHOWN).collect(), read })
}

/// What a branch stands at: a file of its own says so, or the one in which many are packed.
fn branch(git: &Path, name: &str, read: &mut Vec<PathBuf>) -> Option<String> {
    let (loose, packed) = (git.join(name), git.join("packed-refs"));
    if let Ok(commit) = fs::read_to_string(&loose) {
        read.push(loose);
        return Some(commit.trim().to_owned());
    }
    let text = fs::read_to_string(&packed).ok()?;
    read.push(packed);
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, branch)| *branch == name).map(|(commit, _)| commit.to_owned())
}
