//! How much room is left where a home lies, and what that is enough for.
//!
//! ```text
//! free      below 16 MiB      below 32 MiB                from 40 MiB on (or never below 32)
//!           nothing           small book-keeping of ours  everything
//! ```
//!
//! People's writes and what contacts bring end first, so that what is under way can be written to its end and the node
//! can stop as it should. From scarce to enough it takes a little more than the other way, so that a disk at the
//! border does not flicker. Source: `docs/architecture.md`, "A full disk".

use std::path::Path;

use causerie_protocol::room::Room;
use rustix::{
    fs::{Access, StatVfs, access, statvfs},
    io::Errno,
};

use super::{HomeError, STORE};
use crate::store::FREE_BYTES_MIN;

/// Below this many free bytes nothing new is taken. Chosen: twice what the store itself needs.
const FREE_BYTES_SCARCE: u64 = 2 * FREE_BYTES_MIN;

/// From this many on it is taken again.
const FREE_BYTES_ENOUGH: u64 = FREE_BYTES_SCARCE + FREE_BYTES_MIN / 2;

/// What there is room for in this directory; `before` where that cannot be told.
pub(super) fn look(directory: &Path, before: Room) -> Room {
    if is_read_only(directory) {
        return Room::ReadOnly;
    }
    let Ok(disk) = statvfs(directory) else { return before };
    let needed = if before.is_enough() { FREE_BYTES_SCARCE } else { FREE_BYTES_ENOUGH };
    if free(&disk) < needed { Room::Full } else { Room::Enough }
}

/// Whether the store may still write its own small changes there.
pub(super) fn keeps_books(directory: &Path) -> bool {
    !is_read_only(directory) && statvfs(directory).is_ok_and(|disk| free(&disk) >= FREE_BYTES_MIN)
}

/// Whether this home can only be read: its file system, or that of its store, or what this user may do there.
pub(super) fn is_read_only(directory: &Path) -> bool {
    let refused = |path: &Path| matches!(access(path, Access::WRITE_OK), Err(Errno::ROFS | Errno::ACCESS));
    refused(directory) || refused(&directory.join(STORE))
}

/// Refuses to copy so many bytes to where they would leave too little room for what is new.
pub(super) fn check_copy(directory: &Path, bytes: u64) -> Result<(), HomeError> {
    let needed = bytes.saturating_add(FREE_BYTES_SCARCE);
    match statvfs(directory) {
        Ok(disk) if free(&disk) < needed => Err(HomeError::NoRoomForCopy {
            path: directory.to_owned(),
            mebibytes: (needed - free(&disk)).div_ceil(1_024 * 1_024),
        }),
        // Where that cannot be told, the copy itself will.
        _ => Ok(()),
    }
}

const fn free(disk: &StatVfs) -> u64 {
    disk.f_bavail.saturating_mul(disk.f_frsize)
}
