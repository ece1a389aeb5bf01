//! The store: ordered keys and values, changed by atomic change-sets.
//!
//! ```text
//! apply ──▶ readable at once ──▶ commit ──▶ durable against a crash and a power cut
//! ```
//!
//! A back-end refuses values over `limits::VALUE_BYTES_MAX` and, once a write of it has failed, everything: what it
//! shows then may be half a change-set. It is dropped and opened again, which leaves what is durable. Values arrive
//! sealed; nothing here can read them. Files that are damaged are named by their directory alone: what is to be done is
//! the same for all of them. Every back-end passes the suite in `store/contract.rs` (`docs/architecture.md`).

pub mod commits;
#[cfg(test)]
mod contract;
mod copy;
pub mod memory;
pub mod recording;
pub mod sled;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use causerie_protocol::{
    limits,
    output::ChangeSet,
    records::{Order, Records, RecordsError},
};
use rustix::{
    fs::{Access, access},
    io::Errno,
};
use thiserror::Error;

use self::sled::SledStore;

/// The store in this directory, made where there is none yet.
///
/// # Errors
/// [`StoreError`] when another process has it open or it cannot be read.
pub fn open(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    check_files(path, Access::READ_OK | Access::WRITE_OK)?;
    Ok(Arc::new(SledStore::open(path)?))
}

/// A copy of the store in this directory, to read from where the store itself cannot be opened: what is written to it
/// is gone with it.
///
/// # Errors
/// [`StoreError::Full`] when there is no place for it, others when the store cannot be read.
pub fn open_copy(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    check_files(path, Access::READ_OK)?;
    Ok(Arc::new(copy::open(path)?))
}

/// Reads everything once, and makes sure that it is everything.
///
/// # Errors
/// [`RecordsError`] for the first thing that cannot be read.
pub(crate) fn read_all(store: &dyn Store) -> Result<(), RecordsError> {
    const END: [u8; 1] = [0xff];
    let mut from = Vec::new();
    loop {
        let page = store.scan(&from, &END, Order::Ascending, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(store.is_whole()?) };
        from.clone_from(last);
        from.push(0);
    }
}

/// Records that are read at once where all are. Chosen: a few MiB.
const PAGE: usize = 1_000;

/// Below this many free bytes a store writes nothing. One that met the end of the disk in the middle of a write cannot
/// even be opened and read before there is room again, because opening writes a snapshot (run on a full tmpfs). Chosen:
/// sled extends its file by 512 KiB at a time, and a snapshot of a million records takes about 2 MiB.
pub const FREE_BYTES_MIN: u64 = 16 * 1_024 * 1_024;

/// One back-end. Reads see everything that was applied, durable or not.
pub trait Store: Records + Send + Sync {
    /// Applies a change-set: all of it or nothing, readable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; after [`StoreError::Full`] and [`StoreError::TooLarge`] nothing was applied and the store goes
    /// on, after any other it is to be dropped and opened again.
    fn apply(&self, changes: &ChangeSet) -> Result<(), StoreError>;

    /// Makes everything that was applied before this call durable. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is known then of what was applied since the last commit, and the store is to be
    /// dropped and opened again.
    fn commit(&self) -> Result<(), StoreError>;

    /// Waits until it is known whether all is there that was said to be. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is not.
    fn is_whole(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Why the store did not do what it was asked to.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// Too little room is left; nothing was changed and reading goes on.
    #[error("the disk is full")]
    Full,
    /// The file system can only be read.
    #[error("the file system can only be read")]
    ReadOnly,
    /// Another process, or an earlier store of this one, has the files open.
    #[error("the store is open elsewhere")]
    InUse,
    /// The files in this directory are not what was written.
    #[error("the store {} is damaged", .0.display())]
    Damaged(PathBuf),
    /// This user may not use this file or directory.
    #[error("this user may not read and write {}", .0.display())]
    Permission(PathBuf),
    /// The operating system or the back-end failed, in its words.
    #[error("the store failed: {0}")]
    Backend(String),
    /// A call failed before; the store has to be opened again.
    #[error("the store failed before and has to be opened again")]
    Broken,
    /// The storage thread has ended; nothing more becomes durable through it.
    #[error("the storage thread has ended")]
    Stopped,
    /// A value of ours is over the limit, which is a fault of this program.
    #[error("a value of {0} bytes is over the limit")]
    TooLarge(usize),
}

impl StoreError {
    /// Sorts what the operating system said of the store in this directory.
    fn of_io(error: &io::Error, store: &Path) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::PermissionDenied => Self::Permission(store.to_owned()),
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory => Self::damaged(store, &error.to_string()),
            _ => Self::Backend(error.to_string()),
        }
    }
}

impl StoreError {
    /// Whose words these are does not help anybody but who looks for the cause.
    fn damaged(store: &Path, words: &str) -> Self {
        tracing::warn!(words, "the store is damaged");
        Self::Damaged(store.to_owned())
    }
}

impl From<StoreError> for RecordsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(_) => Self::Unreadable,
            other => Self::Backend(other.to_string()),
        }
    }
}

/// Refuses what sled would wait for, or say in words of its own: a pipe or a directory in place of a file, and files that
/// this user may not use.
fn check_files(store: &Path, needed: Access) -> Result<(), StoreError> {
    let entries = match fs::read_dir(store) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| StoreError::of_io(&error, store))?,
    };
    may(store, needed)?;
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::of_io(&error, store))?;
        let name = entry.file_name();
        let is_directory = name == "blobs";
        let is_file = name == "db" || name == "conf" || name.as_encoded_bytes().starts_with(b"snap.");
        if !is_directory && !is_file {
            continue;
        }
        let path = entry.path();
        may(&path, needed)?;
        let metadata = fs::metadata(&path).map_err(|error| StoreError::of_io(&error, &path))?;
        if (is_directory && !metadata.is_dir()) || (is_file && !metadata.is_file()) {
            return Err(StoreError::damaged(store, "something else is where a file should be"));
        }
    }
    Ok(())
}

fn may(path: &Path, needed: Access) -> Result<(), StoreError> {
    match access(path, needed) {
        Err(Errno::ACCESS) => Err(StoreError::Permission(path.to_owned())),
        Err(Errno::ROFS) => Err(StoreError::ReadOnly),
        _ => Ok(()),
    }
}

/// Refuses a change-set with a value over the limit, before anything of it is written.
fn check_sizes(changes: &ChangeSet) -> Result<(), StoreError> {
    let mut sizes = changes.writes.values().flatten().map(Vec::len);
    sizes.find(|size| *size > limits::VALUE_BYTES_MAX).map_or(Ok(()), |size| Err(StoreError::TooLarge(size)))
}
