//! One process at a time: an exclusive lock on a file of the home, which the operating system lets go of with the
//! process.
//!
//! The file stays; removing it would let two processes hold two locks of one name. Where it cannot be written it is locked
//! all the same, and where there is none and none can be made, nobody else can write there either.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{HomeError, files};

/// How often a held lock is tried again. Chosen: a person does not notice it.
const TRY_EVERY: Duration = Duration::from_millis(20);

/// Takes the lock of this name in a home, or waits that long for it. `None`: there is none, and none can be made.
pub(super) fn take(home: &Path, name: &str, wait: Duration) -> Result<Option<File>, HomeError> {
    let path = home.join(name);
    let opened =
        files::open_with(OpenOptions::new().write(true).create(true).truncate(false).mode(0o600), &path);
    let file = match opened.map_err(|error| HomeError::of_io(error, path.clone(), "write")) {
        Ok(file) => file,
        Err(HomeError::ReadOnly(_) | HomeError::Permission { .. }) => match files::open(&path)? {
            Some(file) => file,
            None => return Ok(None),
        },
        Err(error) => return Err(error),
    };
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if began.elapsed() < wait => thread::sleep(TRY_EVERY),
            Err(TryLockError::WouldBlock) => return Err(HomeError::InUse(home.to_owned())),
            Err(TryLockError::Error(error)) => return Err(HomeError::of_io(error, path, "lock")),
        }
    }
}
