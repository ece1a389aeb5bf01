//! Files that survive a power cut at any moment: written beside, synced, renamed, and their directory synced.
//!
//! Every file is made with mode 0600, so that it is at no moment open to others.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use causerie_protocol::secret::Secret;
use rustix::fs::OFlags;
use zeroize::Zeroize as _;

use super::HomeError;

/// Directories of one name that are told apart by a number at most.
const NUMBERED_MAX: u32 = 1_000;

/// Bytes that are overwritten at most: keys are smaller, and a ring has two slots that lie 4 KiB apart.
const OVERWRITTEN_BYTES_MAX: usize = 8_192;

/// Writes what is to take a file's place, and syncs it.
pub(super) fn write_beside(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), HomeError> {
    let path = beside(directory, name);
    let mut file = create(&path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| HomeError::of_io(error, path, "write"))
}

/// Lets what was written beside a file take its place.
pub(super) fn put_in_place(directory: &Path, name: &str) -> Result<(), HomeError> {
    let path = directory.join(name);
    fs::rename(beside(directory, name), &path).map_err(|error| HomeError::of_io(error, path, "replace"))
}

/// Renames a file within its directory, over whatever has that name; nothing happens when it is not there.
pub(super) fn rename(directory: &Path, from: &str, to: &str) -> Result<(), HomeError> {
    let path = directory.join(from);
    absent_is_fine(fs::rename(&path, directory.join(to)))
        .map_err(|error| HomeError::of_io(error, path, "rename"))
}

/// Lets a second name lead to a file, in place of whatever had that name; nothing more happens when it is not there.
pub(super) fn keep_as(directory: &Path, name: &str, kept: &str) -> Result<(), HomeError> {
    let path = directory.join(kept);
    remove(&path)?;
    absent_is_fine(fs::hard_link(directory.join(name), &path))
        .map_err(|error| HomeError::of_io(error, path, "write"))
}

/// Removes a file that may be missing.
pub(super) fn remove(path: &Path) -> Result<(), HomeError> {
    absent_is_fine(fs::remove_file(path)).map_err(|error| HomeError::of_io(error, path.to_owned(), "remove"))
}

/// Overwrites a file's bytes where they lie, and syncs them, before its name is given up: what the disk then still has
/// of them is beyond a file's reach.
pub(super) fn overwrite(mut file: &File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
    file.write_all(&vec![0; length.min(OVERWRITTEN_BYTES_MAX)])?;
    file.sync_all()
}

/// Overwrites and removes a file that may be missing. One that cannot be overwritten is removed all the same.
pub(super) fn erase(path: &Path) -> Result<(), HomeError> {
    if let Some(file) = open_to_overwrite(path) {
        overwrite(&file).ok();
    }
    remove(path)
}

/// A file that is to be overwritten, even if its name means another one by then; `None` when it is missing or this user
/// may not.
pub(super) fn open_to_overwrite(path: &Path) -> Option<File> {
    open_with(OpenOptions::new().write(true), path).ok()
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), HomeError> {
    File::open(directory)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| HomeError::of_io(error, directory.to_owned(), "sync"))
}

/// A new, empty file in place of any that has this path.
pub(super) fn create(path: &Path) -> Result<File, HomeError> {
    // The mode of a file that is there already would stay as it is.
    remove(path)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| HomeError::of_io(error, path.to_owned(), "write"))
}

/// A new directory that only its owner can enter, below others that may be missing too.
pub(super) fn create_directory(path: &Path) -> Result<(), HomeError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| HomeError::of_io(error, path.to_owned(), "create"))
}

/// The first directory `name-1`, `name-2`, … that is not there yet.
pub(super) fn create_numbered_directory(directory: &Path, name: &str) -> Result<PathBuf, HomeError> {
    for number in 1..NUMBERED_MAX {
        let path = directory.join(format!("{name}-{number}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(HomeError::of_io(error, path, "create")),
        }
    }
    let source = io::Error::from(io::ErrorKind::AlreadyExists);
    Err(HomeError::of_io(source, directory.join(name), "create"))
}

/// A file's bytes, `None` when there is no such file; one over the limit is damaged.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, HomeError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| HomeError::of_io(error, path.to_owned(), "read"))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= bytes_max => Ok(Some(bytes)),
        _ => Err(HomeError::Damaged(path.to_owned())),
    }
}

/// The 32 bytes of a key file, `None` when there is none; any other length is damaged.
pub(super) fn read_key(path: &Path) -> Result<Option<Secret>, HomeError> {
    let Some(mut file) = open(path)? else {
        return Ok(None);
    };
    let mut bytes = [0; 32];
    let exact = file.read_exact(&mut bytes).and_then(|()| file.read(&mut [0]));
    let key = Secret::new(bytes);
    bytes.zeroize();
    match exact {
        Ok(0) => Ok(Some(key)),
        Ok(_) => Err(HomeError::Damaged(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(HomeError::Damaged(path.to_owned()))
        }
        Err(error) => Err(HomeError::of_io(error, path.to_owned(), "read")),
    }
}

/// Opens a file and nothing else. What lies in its place may be a directory, or a pipe that would be waited for.
pub(super) fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::IsADirectory.into()) }
}

/// Opens a file to read, `None` when there is none.
pub(super) fn open(path: &Path) -> Result<Option<File>, HomeError> {
    match open_with(OpenOptions::new().read(true), path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(HomeError::of_io(error, path.to_owned(), "read")),
    }
}

/// Where what is to take the place of this file is written first.
pub(super) fn beside(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.new"))
}

fn absent_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
