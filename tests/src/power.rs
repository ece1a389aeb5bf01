//! A disk whose power goes: a file system in memory, served over FUSE, that loses what was not synced.
//!
//! ```text
//! of ──▶ has power ── power_goes | power_goes_at ──▶ answers nothing but errors ── power_returns ──▶ has power
//! ```
//!
//! Real processes have their files on it. While the power is gone everything fails, and nothing that is done then is kept;
//! end whoever was running before it returns. What of the rest is left is drawn from a seed (`fate.rs`), names apart from
//! bytes (`platter.rs`). A disk that lies says that it synced and did not: it must not go unnoticed. Needs `/dev/fuse` and
//! the right to mount, which root has and others get from `fusermount3`; where that is missing a test is passed over.

mod bytes;
mod fate;
mod platter;
mod serving;

use std::{
    fmt,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tempfile::TempDir;

pub use fate::Fate;
use platter::Platter;
use serving::Served;

use crate::Dice;

const MEBIBYTE: u64 = 1 << 20;

/// How much it holds unless less is asked for. Chosen: more than any test writes.
const CAPACITY_BYTES: u64 = 4_096 * MEBIBYTE;

/// The disk.
pub struct PowerDisk {
    directory: TempDir,
    platter: Arc<Mutex<Platter>>,
    served: Mutex<Option<Served>>,
    dice: Mutex<Dice>,
}

impl PowerDisk {
    /// An empty one that draws from this seed; `None`, with the reason printed, where this machine cannot have it.
    #[must_use]
    pub fn of(seed: u64) -> Option<Self> {
        let directory = tempfile::Builder::new().prefix("causerie-power-").tempdir().unwrap();
        let platter = Arc::new(Mutex::new(Platter::new(CAPACITY_BYTES)));
        match Served::mount(&platter, directory.path()) {
            Ok(served) => Some(Self {
                directory,
                platter,
                served: Mutex::new(Some(served)),
                dice: Mutex::new(Dice::seeded(seed)),
            }),
            Err(reason) => {
                println!("passed over: no file system can be served here ({reason})");
                None
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// How many changes and syncs it has seen.
    #[must_use]
    pub fn acts(&self) -> u64 {
        self.platter().acts()
    }

    /// With this change or sync, counted like [`Self::acts`], the power will go, before anything of it is done.
    pub fn power_goes_at(&self, act: u64) {
        self.platter().end_at(act);
    }

    /// The power goes.
    pub fn power_goes(&self) {
        self.platter().end();
    }

    /// Whether it has gone.
    #[must_use]
    pub fn has_no_power(&self) -> bool {
        self.platter().is_gone()
    }

    /// The power is back, with what is left; what became of what was not synced.
    ///
    /// # Panics
    /// When the file system cannot be mounted anew.
    pub fn power_returns(&self) -> Fate {
        self.platter().end();
        let mut served = self.served.lock().unwrap();
        // What the kernel remembers goes with the mount.
        drop(served.take());
        self.unmount();
        let fate = self.platter().come_back(&mut self.dice.lock().unwrap());
        *served = Some(Served::mount(&self.platter, self.path()).unwrap());
        fate
    }

    /// From now on it says that it synced, and does not; or does again.
    pub fn lies(&self, lies: bool) {
        self.platter().lies = lies;
    }

    /// So many mebibytes are free, from now on.
    pub fn has_room_for(&self, mebibytes: u64) {
        self.platter().leave(mebibytes * MEBIBYTE);
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where something still uses it, it goes when that ends.
    fn unmount(&self) {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let path = self.path().to_string_lossy();
        if mounts.lines().any(|line| line.split(' ').nth(1) == Some(&*path)) {
            Command::new("umount").arg("--lazy").arg(self.path()).output().ok();
        }
    }
}

impl Drop for PowerDisk {
    fn drop(&mut self) {
        self.platter().end();
        drop(self.served.get_mut().ok().and_then(Option::take));
        self.unmount();
    }
}

impl fmt::Debug for PowerDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowerDisk").field("path", &self.path()).finish_non_exhaustive()
    }
}
