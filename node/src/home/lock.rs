//! One process at a time: an exclusive lock on a file of the home, which the operating system lets go of with the
//! process.
//!
//! The file stays; removing it would let two processes hold two locks of one name.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::HomeError;

/// How often a held lock is tried again. Chosen: a person does not notice it.
const TRY_EVERY: Duration = Duration::from_millis(20);

/// Takes the lock of this name in a home, or waits that long for it.
pub(super) fn take(home: &Path, name: &str, wait: Duration) -> Result<File, HomeError> {
    let path = home.join(name);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| HomeError::of_io(error, path.clone(), "write"))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if began.elapsed() < wait => thread::sleep(TRY_EVERY),
            Err(TryLockError::WouldBlock) => return Err(HomeError::InUse(home.to_owned())),
            Err(TryLockError::Error(error)) => return Err(HomeError::of_io(error, path, "lock")),
        }
    }
}
