//! Whether all of it is there: how many records there are and a sum over them, kept beside them in every change-set.
//!
//! sled opens a file that was damaged in its middle without a word, and shows what else there is: after a flipped bit or a
//! page of zeros some records are gone, or older than the rest (`tests.rs`). So every record is counted when a store is opened, unless its
//! file is as this program left it: then nobody touched it in between. A million records take two seconds, so what is not
//! counted within [`PATIENCE`] is counted beside everything else, a page at a time, while the store is read and written.
//!
//! ```text
//! closed by us ─ `left`: length and time of the file ─▶ the same at the next start: opened as it is
//! killed, cut short, put back, changed              ─▶ counted, and compared with what the change-sets said
//! ```
//!
//! This is against accidents: whoever changes a file on purpose can change the sum with it, and values are sealed anyway.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How long the opening of a store waits until it is counted. Chosen: a hundred thousand records take less.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);

/// Records that are counted at once, while nothing is written. Chosen: a few milliseconds.
const PAGE: usize = 1_000;

/// Between two of these. Chosen: a third of what one takes.
const BETWEEN: Duration = Duration::from_micros(500);

/// Where a store keeps it; no record of the engine begins like this.
pub(super) const KEY: &[u8] = b"\xfftally";

/// Beside the store's own files: how its file was left.
const LEFT: &str = "left";

/// How many records there are, and the sum of their checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    count: u64,
    sum: u64,
}

impl Tally {
    /// Of all records there are.
    pub(super) fn of(db: &sled::Db) -> sled::Result<Self> {
        let mut tally = Self::default();
        for pair in db.iter() {
            let (key, value) = pair?;
            if key != KEY {
                tally.add(&key, &value);
            }
        }
        Ok(tally)
    }

    /// What the last change-set said; `None` where none did, which is so in a store that an older version wrote.
    pub(super) fn stored(db: &sled::Db) -> sled::Result<Option<Self>> {
        let bytes = db.get(KEY)?;
        Ok(bytes.and_then(|bytes| {
            let (count, sum) = bytes.split_first_chunk()?;
            Some(Self { count: u64::from_be_bytes(*count), sum: u64::from_be_bytes(sum.try_into().ok()?) })
        }))
    }

    /// As it is stored.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (count, sum) = bytes.split_at_mut(8);
        count.copy_from_slice(&self.count.to_be_bytes());
        sum.copy_from_slice(&self.sum.to_be_bytes());
        bytes
    }

    /// A record comes.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(checksum(key, value));
    }

    /// A record goes.
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(checksum(key, value));
    }
}

/// What the change-sets say of a store, beside what was counted in it so far.
#[derive(Debug)]
pub(super) struct Counting {
    /// Nobody wants to know any more.
    pub(super) stopped: AtomicBool,
    counts: Mutex<Counts>,
}

/// See [`Counting`].
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// What the last change-set said.
    pub(super) said: Tally,
    counted: Tally,
    /// Every record before this key is counted; `None` once all are.
    from: Option<Vec<u8>>,
    /// All that was said to be there is: nothing had to be counted, or it was.
    pub(super) is_whole: bool,
}

impl Counts {
    /// A change-set replaces a record: `before` by `after`.
    pub(super) fn replace(&mut self, key: &[u8], before: Option<&[u8]>, after: Option<&[u8]>) {
        let is_counted = self.from.as_deref().is_some_and(|from| key < from);
        for tally in [Some(&mut self.said), is_counted.then_some(&mut self.counted)].into_iter().flatten() {
            if let Some(value) = before {
                tally.take(key, value);
            }
            if let Some(value) = after {
                tally.add(key, value);
            }
        }
    }
}

impl Counting {
    /// Of a store whose last change-set said this; `is_counted` where it need not be counted.
    pub(super) fn new(said: Tally, is_counted: bool) -> Self {
        let from = (!is_counted).then(Vec::new);
        let counts = Counts { said, counted: Tally::default(), from, is_whole: is_counted };
        Self { stopped: AtomicBool::new(false), counts: Mutex::new(counts) }
    }

    /// Nothing is counted as long as this is held.
    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts to the end: whether all is there that was said to be. `None` where it was stopped before.
    pub(super) fn run(&self, db: &sled::Db) -> sled::Result<Option<bool>> {
        while !self.stopped.load(Ordering::Acquire) {
            let mut counts = self.counts();
            let Some(from) = counts.from.clone() else { return Ok(Some(counts.is_whole)) };
            let mut last = None;
            for pair in db.range(from..).take(PAGE) {
                let (key, value) = pair?;
                if key != KEY {
                    counts.counted.add(&key, &value);
                }
                last = Some(key);
            }
            match last {
                Some(last) => counts.from = Some([&last, &[0][..]].concat()),
                None => {
                    counts.from = None;
                    counts.is_whole = counts.counted == counts.said;
                    return Ok(Some(counts.is_whole));
                }
            }
            drop(counts);
            // Whoever waits to write has their turn: a lock that is taken again at once would not leave it to them.
            thread::sleep(BETWEEN);
        }
        Ok(None)
    }
}

fn checksum(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    u64::from(hasher.finalize())
}

/// Whether a closed store's file is as we left it.
pub(super) fn is_as_left(store: &Path) -> bool {
    let left = fs::read_to_string(store.join(LEFT)).ok();
    left.is_some() && left == described(store).ok()
}

/// Whether we ever closed this store, which has had its tally since then.
pub(super) fn was_left(store: &Path) -> bool {
    store.join(LEFT).exists()
}

/// A store that we left is open again: before anything of it is written, nothing says any more how it was left, or a cut of
/// power could leave half of what is written beside that.
pub(super) fn open(store: &Path) -> io::Result<()> {
    let path = store.join(LEFT);
    if !path.exists() {
        return Ok(());
    }
    let mut file = fs::File::create(path)?;
    file.write_all(b"open\n")?;
    file.sync_all()
}

/// Writes down how we leave a closed store. Where that cannot be, all is counted at the next start.
pub(super) fn leave(store: &Path) {
    let left = described(store).and_then(|left| fs::write(store.join(LEFT), left));
    if let Err(error) = left {
        tracing::debug!(%error, "how the store was left could not be written down");
    }
}

fn described(store: &Path) -> io::Result<String> {
    let file = fs::metadata(store.join("db"))?;
    Ok(format!("{} {} {}\n", file.len(), file.mtime(), file.mtime_nsec()))
}
