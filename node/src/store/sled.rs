//! The store on disk: one sled tree. The only file that names sled's types.
//!
//! Durable means: sled's own flush, which asks the kernel to write (`sync_file_range`) and is no barrier against a power
//! cut, and then `sync_data` on the same file, which is. sled panics in places: every call of it is caught, and after a
//! panic or a failed write this store answers nothing any more, because half a change-set may be in its memory.
//!
//! What sled does that this file cannot change (sled 0.34.7): recovery stops at the first bad record and opens with an
//! older prefix, or with a part missing in the middle, without a word (the latter is found by `tally.rs`); pages above
//! 128 KiB go to `blobs/`, which is never synced, so values stay small; deleted bytes stay in the file until their segment is used again (`docs/architecture.md`).

mod tally;

use std::{
    any::Any,
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use causerie_protocol::{
    output::ChangeSet,
    records::{Order, Pair, Records, RecordsError},
};

use self::tally::{Counting, Tally};
use super::{FREE_BYTES_MIN, Store, StoreError, check_sizes};
use crate::crash;

/// Bytes of pages that sled keeps in memory; its default is a gigabyte, and a scan fills it.
const CACHE_BYTES: u64 = 16 * 1_024 * 1_024;

/// How often sled's own thread wakes to flush and to collect old segments. Our commits do not wait for it.
const COLLECT_EVERY: Duration = Duration::from_secs(10);

/// How long to wait for the threads of an earlier store of this process to let go of the files.
const REOPEN_PATIENCE: Duration = Duration::from_secs(2);

/// How long closing may take. sled waits for ever for its thread when that one has panicked.
const CLOSE_PATIENCE: Duration = Duration::from_secs(4);

/// Where sled keeps its parameters: three lines of text, and a checksum that it only warns of.
const PARAMETERS: &str = "conf";

/// How long that is with the parameters of this program: sled's own.
const PARAMETERS_BYTES: u64 = 62;

const CHECKSUM_BYTES: usize = 4;

/// How the name of a snapshot ends that is being written.
const UNFINISHED: &[u8] = b".generating";

/// A store in a directory of its own.
pub struct SledStore {
    db: Option<sled::Db>,
    /// Our own handle to sled's file, for the barrier that sled leaves out.
    log: File,
    path: PathBuf,
    free_bytes_min: u64,
    health: Arc<Health>,
    counting: Arc<Counting>,
    counter: Mutex<Option<thread::JoinHandle<()>>>,
}

/// Why a store answers nothing any more.
#[derive(Debug, Default)]
struct Health {
    /// A write failed, or sled panicked.
    broken: AtomicBool,
    /// It lacks records.
    lacking: AtomicBool,
}

impl SledStore {
    /// Opens the store in this directory, or makes a new one there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, [`StoreError::Damaged`] when sled cannot make sense of its
    /// files, [`StoreError::Full`] and [`StoreError::Backend`] otherwise.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, FREE_BYTES_MIN)
    }

    /// As [`Self::open`], for a copy that nobody keeps: it may fill its place to the end.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn open_unbounded(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, 0)
    }

    fn open_with(path: &Path, free_bytes_min: u64) -> Result<Self, StoreError> {
        remove_unfinished(path).map_err(|error| StoreError::of_io(&error, path))?;
        let is_as_left = tally::is_as_left(path);
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(u64::try_from(COLLECT_EVERY.as_millis()).ok());
        let deadline = Instant::now() + REOPEN_PATIENCE;
        let db = loop {
            match caught(path, || config.open()) {
                Err(StoreError::InUse) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(10))
                }
                outcome => break outcome?,
            }
        };
        let counting = Arc::new(caught(path, || said(&db, path, is_as_left))??);
        tally::open(path).map_err(|error| StoreError::of_io(&error, path))?;
        let log = File::open(path.join("db")).map_err(|error| StoreError::of_io(&error, path))?;
        let health = Arc::<Health>::default();
        let path_owned = path.to_owned();
        let counter = Mutex::default();
        let store = Self { db: Some(db), log, path: path_owned, free_bytes_min, health, counting, counter };
        store.sync_all().map_err(|error| StoreError::of_io(&error, path))?;
        store.count()?;
        Ok(store)
    }

    /// Begins to count what is there, and waits a moment for the end of it.
    fn count(&self) -> Result<(), StoreError> {
        let (db, path) = (self.db()?.clone(), self.path.clone());
        let (counting, health) = (Arc::clone(&self.counting), Arc::clone(&self.health));
        let (ended, wait) = mpsc::sync_channel(1);
        let counter = thread::Builder::new().name("store-count".to_owned()).spawn(move || {
            let is_lacking = || health.lacking.store(true, Ordering::Release);
            match caught(&path, || counting.run(&db)) {
                // After a write that failed memory may show half a change-set.
                _ if health.broken.load(Ordering::Acquire) => {}
                Ok(Some(false)) => {
                    tracing::warn!(words = "not all records are there", "the store is damaged");
                    is_lacking();
                }
                Ok(_) => {}
                Err(StoreError::Damaged(_)) => is_lacking(),
                Err(error) => tracing::warn!(%error, "the records of the store could not be counted"),
            }
            ended.send(()).ok();
        });
        *self.counter.lock().unwrap_or_else(PoisonError::into_inner) = counter.ok();
        wait.recv_timeout(tally::PATIENCE).ok();
        self.db().map(drop)
    }

    /// Whether sled has moved nothing to the place that it never syncs.
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the directory cannot be read.
    pub fn blobs_empty(&self) -> Result<bool, StoreError> {
        let blobs = fs::read_dir(self.path.join("blobs"));
        let mut blobs = blobs.map_err(|error| StoreError::of_io(&error, &self.path))?;
        Ok(blobs.next().is_none())
    }

    /// Makes durable what was found or made: a process before this one may have died before it synced what it wrote, sled
    /// never syncs its parameters, and a synced file that no directory names is lost all the same.
    fn sync_all(&self) -> io::Result<()> {
        self.log.sync_all()?;
        File::open(self.path.join(PARAMETERS))?.sync_all()?;
        File::open(&self.path)?.sync_all()?;
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    }

    fn take_counter(&self) -> Option<thread::JoinHandle<()>> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn db(&self) -> Result<&sled::Db, StoreError> {
        match &self.db {
            Some(_) if self.health.broken.load(Ordering::Acquire) => Err(StoreError::Broken),
            Some(_) if self.health.lacking.load(Ordering::Acquire) => {
                Err(StoreError::Damaged(self.path.clone()))
            }
            Some(db) => Ok(db),
            None => Err(StoreError::Broken),
        }
    }

    /// A read: a panic breaks the store, an error does not.
    fn read<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let db = self.db()?;
        catch_unwind(AssertUnwindSafe(|| crash::expected(|| call(db))))
            .map_err(|panic| {
                self.health.broken.store(true, Ordering::Release);
                of_panic(&self.path, panic.as_ref())
            })?
            .map_err(|error| of_sled(&self.path, &error))
    }

    /// A write: whatever fails breaks the store.
    fn write<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let db = self.db()?;
        caught(&self.path, || call(db)).inspect_err(|_| self.health.broken.store(true, Ordering::Release))
    }

    fn check_room(&self) -> Result<(), StoreError> {
        let disk = rustix::fs::fstatvfs(&self.log);
        let disk = disk.map_err(|error| StoreError::of_io(&error.into(), &self.path))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.free_bytes_min {
            return Err(StoreError::Full);
        }
        Ok(())
    }
}

impl Store for SledStore {
    fn apply(&self, changes: &ChangeSet) -> Result<(), StoreError> {
        check_sizes(changes)?;
        self.check_room()?;
        if changes.writes.is_empty() {
            return Ok(());
        }
        let mut batch = sled::Batch::default();
        for (key, write) in &changes.writes {
            match write {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        // sled brings the pages in from disk while it applies, and a batch that stops half-way at a damaged one would
        // be recovered half. Bringing them in first finds the damage while nothing is changed yet.
        let mut counts = self.counting.counts();
        let mut next = counts.clone();
        self.read(|db| {
            changes.writes.iter().try_for_each(|(key, write)| {
                next.replace(key, db.get(key)?.as_deref(), write.as_deref());
                Ok(())
            })
        })?;
        batch.insert(tally::KEY, &next.said.to_bytes());
        self.write(|db| db.apply_batch(batch))?;
        *counts = next;
        Ok(())
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.write(|db| {
            db.flush()?;
            Ok(self.log.sync_data()?)
        })
    }

    fn is_whole(&self) -> Result<(), StoreError> {
        // A panic in it is caught there.
        self.take_counter().map(thread::JoinHandle::join);
        self.db().map(drop)
    }
}

impl Records for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        let value = self.read(|db| db.get(key))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> Result<Vec<Pair>, RecordsError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let copied = |pair: sled::Result<(sled::IVec, sled::IVec)>| {
            pair.map(|(key, value)| (key.to_vec(), value.to_vec()))
        };
        let of_engine = |pair: &sled::Result<(sled::IVec, sled::IVec)>| {
            pair.as_ref().map_or(true, |(key, _)| key != tally::KEY)
        };
        let pairs = self.read(|db| {
            let range = db.range(from..to).filter(of_engine);
            match order {
                Order::Ascending => range.take(limit).map(copied).collect(),
                Order::Descending => range.rev().take(limit).map(copied).collect(),
            }
        })?;
        Ok(pairs)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        let is_sound = self.db().is_ok();
        let Some(db) = self.db.take() else { return };
        let path = self.path.clone();
        self.counting.stopped.store(true, Ordering::Release);
        let counter = self.take_counter();
        let counting = Arc::clone(&self.counting);
        let (closed, wait) = mpsc::sync_channel(1);
        let closing = thread::Builder::new().name("store-close".to_owned()).spawn(move || {
            let ended = caught(&path, || {
                counter.map(thread::JoinHandle::join);
                drop(db);
                Ok(())
            });
            if is_sound && ended.is_ok() && counting.counts().is_whole {
                tally::leave(&path);
            }
            closed.send(()).ok();
        });
        if closing.is_ok() {
            wait.recv_timeout(CLOSE_PATIENCE).ok();
        }
    }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledStore")
            .field("path", &self.path)
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

/// What the last change-set of a store said that was just opened: it is counted unless its file is as we left it. Where
/// none said anything, as in a store of an older version, it is counted at once.
fn said(db: &sled::Db, path: &Path, is_as_left: bool) -> sled::Result<Result<Counting, StoreError>> {
    let found = match Tally::stored(db)? {
        Some(said) => return Ok(Ok(Counting::new(said, is_as_left))),
        None if tally::was_left(path) => {
            return Ok(Err(StoreError::damaged(path, "nothing says how many records there are")));
        }
        None if db.is_empty() => Tally::default(),
        None => Tally::of(db)?,
    };
    db.insert(tally::KEY, &found.to_bytes())?;
    Ok(Ok(Counting::new(found, true)))
}

/// Removes what an opening that was cut short has left, and sled would take for damage: a snapshot that may be half,
/// beside the one before it, and parameters that came to the disk in part. sled makes both anew.
fn remove_unfinished(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let bytes = name.as_encoded_bytes();
        let is_half_a_snapshot = bytes.starts_with(b"snap.") && bytes.ends_with(UNFINISHED);
        if is_half_a_snapshot || (name == PARAMETERS && !has_parameters(&entry.path())?) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file of parameters is as long as one and no part of it is a hole. What is wrong with it otherwise is damage.
fn has_parameters(path: &Path) -> io::Result<bool> {
    let mut bytes = Vec::new();
    File::open(path)?.take(PARAMETERS_BYTES).read_to_end(&mut bytes)?;
    let text = bytes.get(..bytes.len().saturating_sub(CHECKSUM_BYTES)).unwrap_or_default();
    Ok(bytes.len() as u64 == PARAMETERS_BYTES && !text.contains(&0))
}

fn caught<T>(path: &Path, call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(|| crash::expected(call))) {
        Ok(outcome) => outcome.map_err(|error| of_sled(path, &error)),
        Err(panic) => Err(of_panic(path, panic.as_ref())),
    }
}

fn of_panic(path: &Path, panic: &(dyn Any + Send)) -> StoreError {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    StoreError::damaged(path, words.unwrap_or("sled panicked"))
}

fn of_sled(path: &Path, error: &sled::Error) -> StoreError {
    match error {
        // sled gives a lock that it cannot have no kind of its own.
        sled::Error::Io(error) if error.to_string().starts_with("could not acquire lock") => {
            StoreError::InUse
        }
        sled::Error::Io(error) => StoreError::of_io(error, path),
        error => StoreError::damaged(path, &error.to_string()),
    }
}

#[cfg(test)]
mod tests;
