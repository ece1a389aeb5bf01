//! A copy to read from, where the store itself cannot be opened: on a full disk or a read-only file system. sled writes
//! while it opens, so the copy lies elsewhere: in memory, or where temporary files go.
//!
//! What is written to the copy is gone with it. It is as sealed as the store, only its owner can enter it, and its names
//! are taken away as soon as it is open, so that nothing of it stays behind. A store that finds no place is
//! [`StoreError::Full`].

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{FREE_BYTES_MIN, StoreError, sled::SledStore};

/// Memory as a file system; Linux.
const IN_MEMORY: &str = "/dev/shm";

/// Opens a copy of the store in this directory; an empty one where there is none yet.
pub(super) fn open(path: &Path) -> Result<SledStore, StoreError> {
    let files = files_of(path)?;
    let bytes = files.iter().map(|(_, bytes)| bytes).sum::<u64>().saturating_add(FREE_BYTES_MIN);
    for place in [PathBuf::from(IN_MEMORY), tempfile::env::temp_dir()] {
        let room = rustix::fs::statvfs(&place).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        if !room.is_ok_and(|room| room >= bytes) {
            continue;
        }
        let Ok(directory) = tempfile::Builder::new().prefix("causerie-reading-").tempdir_in(&place) else {
            continue;
        };
        return open_in(&directory, &files).map_err(|error| match error {
            // It is as damaged as what it was copied from.
            StoreError::Damaged(_) => StoreError::Damaged(path.to_owned()),
            error => error,
        });
    }
    Err(StoreError::Full)
}

fn open_in(directory: &TempDir, files: &[(PathBuf, u64)]) -> Result<SledStore, StoreError> {
    let copy = directory.path().join("store");
    fs::create_dir(&copy).map_err(|error| StoreError::of_io(&error, &copy))?;
    for (file, _) in files {
        let Some(name) = file.file_name() else { continue };
        // Not `fs::copy`: a file that its owner can only read would become one that sled cannot write.
        let copied = File::open(file)
            .and_then(|mut from| io::copy(&mut from, &mut File::create_new(copy.join(name))?));
        copied.map_err(|error| StoreError::of_io(&error, file))?;
    }
    SledStore::open_unbounded(&copy)
}

/// What belongs to the store: `conf`, `db`, the snapshot, how it was left. Its large values (`blobs/`) are always none.
fn files_of(path: &Path) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::of_io(&error, path)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let metadata = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)));
        let (path, metadata) = metadata.map_err(|error| StoreError::of_io(&error, path))?;
        if metadata.is_file() {
            files.push((path, metadata.len()));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use causerie_protocol::records::Records as _;

    use super::*;
    use crate::store::{Store as _, contract::put};

    #[test]
    fn a_copy_shows_what_was_committed_and_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        assert_eq!(open(&path).unwrap().get(b"a"), Ok(None));
        assert!(!path.exists());
        let store = SledStore::open(&path).unwrap();
        store.apply(&put(b"a", b"1")).unwrap();
        store.commit().unwrap();
        drop(store);
        let before = fs::read(path.join("db")).unwrap();
        let copy = open(&path).unwrap();
        assert_eq!(copy.get(b"a"), Ok(Some(b"1".to_vec())));
        copy.apply(&put(b"a", b"2")).unwrap();
        copy.commit().unwrap();
        assert_eq!(copy.get(b"a"), Ok(Some(b"2".to_vec())));
        drop(copy);
        assert_eq!(fs::read(path.join("db")).unwrap(), before);
        assert_eq!(SledStore::open(&path).unwrap().get(b"a"), Ok(Some(b"1".to_vec())));
    }
}
