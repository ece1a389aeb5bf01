//! The copy of a home as an older version left it, kept while the home is brought up to date and until that is proved.
//!
//! ```text
//! none ─ keep ─▶ before-migration.new ─ whole and durable ─▶ before-migration ─ proved ─▶ with `proved` in it
//!  ▲                                                                                              │
//!  └────────────────────────────── forget, at a later start ──────────────────────────────────────┘
//! ```
//!
//! It has identity, ring and store; the vault stays as it is and opens both. Putting the three back makes the home what it
//! was. The copy has the keys that were valid then, so its ring is overwritten when it goes. Order of a migration:
//! `ground/migration.rs`; source: `docs/architecture.md`.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{Home, HomeError, IDENTITY, IDENTITY_PREVIOUS, STORE, files, ring, room};

pub(super) const COPY: &str = "before-migration";
const COPY_UNDER_WAY: &str = "before-migration.new";
const PROVED: &str = "proved";

/// What there is of a copy from before a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// No copy.
    Nothing,
    /// A whole copy, while the home still has to show that it is worth as much.
    Unproved,
    /// A copy that can go: the home was proved in an earlier start.
    Proved,
}

impl Home {
    /// What there is of a copy from before a migration.
    pub(crate) fn kept(&self) -> Kept {
        if !self.at(COPY).is_dir() {
            Kept::Nothing
        } else if self.at(COPY).join(PROVED).exists() {
            Kept::Proved
        } else {
            Kept::Unproved
        }
    }

    /// Copies identity, ring and store as they are, durably; `again` where there is a copy already, of a home that was
    /// not changed since. The store must not be open.
    pub(crate) fn keep_copy(&self, again: bool) -> Result<(), HomeError> {
        let whole = self.at(COPY);
        if again || self.kept() == Kept::Nothing {
            discard(&self.at(COPY_UNDER_WAY))?;
            let files = self.to_be_kept()?;
            let bytes = files.iter().map(|(_, bytes)| bytes).sum();
            room::check_copy(self.path(), bytes)?;
            self.copy(&files)?;
            // Whatever was there before is of a home that has come and gone.
            discard(&whole)?;
            fs::rename(self.at(COPY_UNDER_WAY), &whole)
                .map_err(|error| HomeError::of_io(error, whole.clone(), "rename"))?;
        }
        files::remove(&whole.join(PROVED))?;
        files::sync_directory(&whole)?;
        files::sync_directory(self.path())
    }

    /// The migrated home was proved: a later start may forget the copy.
    pub(crate) fn note_proved(&self) -> Result<(), HomeError> {
        let file = files::create(&self.at(COPY).join(PROVED))?;
        file.sync_all().map_err(|error| HomeError::of_io(error, self.at(COPY).join(PROVED), "sync"))?;
        files::sync_directory(&self.at(COPY))
    }

    /// Removes the copy.
    pub(crate) fn forget_copy(&self) -> Result<(), HomeError> {
        discard(&self.at(COPY))?;
        files::sync_directory(self.path())
    }

    /// The files to copy, from the home on, and their lengths.
    fn to_be_kept(&self) -> Result<Vec<(PathBuf, u64)>, HomeError> {
        let mut kept = Vec::new();
        for name in [IDENTITY, IDENTITY_PREVIOUS, ring::NAME] {
            kept.extend(length(&self.at(name))?.map(|bytes| (PathBuf::from(name), bytes)));
        }
        for name in names_in(&self.at(STORE))? {
            kept.extend(
                length(&self.at(STORE).join(&name))?.map(|bytes| (Path::new(STORE).join(name), bytes)),
            );
        }
        Ok(kept)
    }

    fn copy(&self, names: &[(PathBuf, u64)]) -> Result<(), HomeError> {
        let copy = self.at(COPY_UNDER_WAY);
        files::create_directory(&copy.join(STORE))?;
        for (name, _) in names {
            let (from, to) = (self.path().join(name), copy.join(name));
            let mut new = files::create(&to)?;
            File::open(from)
                .and_then(|mut old| io::copy(&mut old, &mut new))
                .and_then(|_| new.sync_all())
                .map_err(|error| HomeError::of_io(error, to, "write"))?;
        }
        files::sync_directory(&copy.join(STORE))?;
        files::sync_directory(&copy)
    }
}

/// Removes a copy, the mark that it can go last of all; nothing happens when there is none.
fn discard(copy: &Path) -> Result<(), HomeError> {
    let store = copy.join(STORE);
    for name in names_in(&store)? {
        files::remove(&store.join(name))?;
    }
    remove_directory(&store)?;
    for name in [IDENTITY, IDENTITY_PREVIOUS] {
        files::remove(&copy.join(name))?;
    }
    files::erase(&copy.join(ring::NAME))?;
    files::remove(&copy.join(PROVED))?;
    remove_directory(copy)
}

fn remove_directory(path: &Path) -> Result<(), HomeError> {
    match fs::remove_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(HomeError::of_io(error, path.to_owned(), "remove"))
        }
        _ => Ok(()),
    }
}

/// What lies in a directory; nothing where there is none.
fn names_in(directory: &Path) -> Result<Vec<PathBuf>, HomeError> {
    let listed = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => {
            entries.and_then(|entries| entries.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect())
        }
    };
    listed.map_err(|error| HomeError::of_io(error, directory.to_owned(), "read"))
}

/// How long a file is; `None` for what is none.
fn length(path: &Path) -> Result<Option<u64>, HomeError> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.is_file().then_some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(HomeError::of_io(error, path.to_owned(), "read")),
    }
}

#[cfg(test)]
mod tests;
