//! One person's home: a directory with one identity, store, socket and log.
//!
//! ```text
//! HOME (0700)   lock                held by the one process that runs on it
//!               vault.hdr           the wrapped master key        vault.key          what it is wrapped with, unless
//!               vault.lock          held while these two are read or changed         a passphrase does that (0600)
//!               identity            sealed                        identity.previous  the one before it
//!               ring                what sessions are sealed with: two slots, sealed (0600)
//!               before-migration/   the last three of an older version, until a migration is proved
//!               store/              sled                          node.sock          where commands come in (0600)
//!               log/causerie.log    at most 1 MiB                 log/causerie.log.1 the one before it
//!               window.json         what was chosen for the window       window.sock      how a second start finds it
//!               network.toml        how networks beyond its own are used
//!               port                where it listens, if somebody else had the usual port when it first did
//! ```
//!
//! A home that is a symbolic link, not a directory or shared by many is refused; one that can only be read is read. Nothing
//! is deleted to make room for a new identity or store: what was there is set aside. Source: `docs/architecture.md`.

mod error;
mod files;
#[cfg(test)]
pub(crate) mod fuzz;
mod lock;
mod log;
mod migration;
mod place;
mod ring;
mod room;
pub mod socket;
mod vault;

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use causerie_protocol::{
    room::Room,
    secret::hash,
    vault::{
        Vault,
        passphrase::Passphrase,
        ring::{Slot, Slots},
    },
};

pub(crate) use self::migration::Kept;
pub use self::{
    error::HomeError,
    log::{LogFile, log_writer},
    vault::{VaultFiles, Wrapped, has_passphrase},
};

const LOCK: &str = "lock";
const VAULT_HEADER: &str = "vault.hdr";
const VAULT_KEY: &str = "vault.key";
const IDENTITY: &str = "identity";
const IDENTITY_PREVIOUS: &str = "identity.previous";
const IDENTITY_DAMAGED: &str = "identity.damaged";
const STORE: &str = "store";
/// The file in which sled 0.34 keeps all records of a store.
const STORE_FILE: &str = "db";
/// Where systemd and dbus name the installation.
const MACHINE_ID: &str = "/etc/machine-id";
const PROBE: &str = "probe";
const PORT: &str = "port";

/// Bytes of an identity file that are read at most. Chosen: 4,096 contacts of 4 KiB each.
const IDENTITY_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

/// A home whose lock this process holds.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    /// Lets go of the lock when dropped.
    _lock: Option<File>,
    /// It could only be read when it was opened.
    was_read_only: bool,
}

impl Home {
    /// Which directory is meant: `--home`, else `CAUSERIE_HOME`, else `$XDG_DATA_HOME/causerie`, else
    /// `~/.local/share/causerie`. It need not exist.
    ///
    /// # Errors
    /// [`HomeError::Nowhere`] when nothing of that is set.
    pub fn resolve(flag: Option<PathBuf>) -> Result<PathBuf, HomeError> {
        place::resolve(flag)
    }

    /// Makes a home for a new identity in this directory, which may exist. What an interrupted attempt or a lost identity
    /// has left there is set aside, not deleted: where it is then.
    ///
    /// # Errors
    /// [`HomeError::AlreadyThere`] when an identity is there, and as [`Self::open`].
    pub fn create(path: &Path) -> Result<(Self, Option<PathBuf>), HomeError> {
        match place::check(path) {
            Err(HomeError::NoIdentity(_)) => place::create(path)?,
            checked => checked?,
        }
        if has_identity(path)? {
            return Err(HomeError::AlreadyThere(path.to_owned()));
        }
        let home = Self::take(path, Duration::ZERO)?;
        // Somebody else may have finished theirs in between.
        if has_identity(path)? {
            return Err(HomeError::AlreadyThere(path.to_owned()));
        }
        let left = [VAULT_HEADER, VAULT_KEY, ring::NAME, STORE, migration::COPY];
        let aside = set_aside(&home.path, &left)?;
        Ok((home, aside))
    }

    /// Opens the home in this directory; waits that long for another process to let go of it.
    ///
    /// # Errors
    /// [`HomeError::NoIdentity`] when there is none, [`HomeError::IdentityLost`] when there was one,
    /// [`HomeError::InUse`] when the wait was in vain, and others when the directory cannot be used.
    pub fn open(path: &Path, wait: Duration) -> Result<Self, HomeError> {
        place::check(path)?;
        check_identity(path)?;
        let home = Self::take(path, wait)?;
        for name in [VAULT_KEY, ring::NAME] {
            if !home.was_read_only && home.at(name).exists() {
                place::make_private(&home.at(name), 0o600)?;
            }
        }
        Ok(home)
    }

    /// Whether an identity lies in this directory.
    ///
    /// # Errors
    /// As [`Self::open`], for a directory that cannot be used.
    pub fn exists(path: &Path) -> Result<bool, HomeError> {
        match place::check(path) {
            Err(HomeError::NoIdentity(_)) => Ok(false),
            checked => checked.and_then(|()| has_identity(path)),
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store lies.
    #[must_use]
    pub fn store_path(&self) -> PathBuf {
        self.at(STORE)
    }

    /// What tells this home's store from a copy of it: the machine, and the file that holds the records. A copy, a
    /// backup put back and another machine have another one; a home that is renamed keeps it. `None` before there is a
    /// store.
    #[must_use]
    pub fn place(&self) -> Option<[u8; 32]> {
        let file = fs::metadata(self.store_path().join(STORE_FILE)).ok()?;
        // The number of a removed file is soon given to another, on ext4 to the very next: its birth tells them apart,
        // where the file system keeps that.
        let born = file.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let born = born.map_or(0, |time| time.as_nanos());
        // A system without this file is one machine.
        let machine = fs::read(MACHINE_ID).unwrap_or_default();
        Some(hash("place", &[&file.ino().to_be_bytes(), &born.to_be_bytes(), &machine]))
    }

    /// On which port to listen before all others, so that contacts on this machine find it there.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        fs::read_to_string(self.path.join(PORT)).ok()?.trim_end().parse().ok()
    }

    /// Keeps the port for the next time; the usual one, `None`, needs no file. A try: it only spares others a search.
    pub fn keep_port(&self, port: Option<u16>) {
        let file = self.path.join(PORT);
        let kept = match port {
            _ if self.port() == port => Ok(()),
            Some(port) => fs::write(file, format!("{port}\n")),
            None => fs::remove_file(file),
        };
        kept.inspect_err(|error| tracing::debug!(%error, "the port is not kept")).ok();
    }

    /// What there is room for at first.
    #[must_use]
    pub fn first_room(&self) -> Room {
        if self.was_read_only { Room::ReadOnly } else { room::look(&self.path, Room::Enough) }
    }

    /// What there is room for, now that there was so much before. A file system that broke off after a fault of its disk
    /// does not say that it can only be read before it is written to.
    #[must_use]
    pub fn room(&self, before: Room) -> Room {
        match room::look(&self.path, before) {
            Room::Enough if before == Room::ReadOnly && self.probe().is_err() => Room::ReadOnly,
            room => room,
        }
    }

    /// Whether the store can be opened where it lies.
    #[must_use]
    pub fn keeps_books(&self) -> bool {
        room::keeps_books(&self.path)
    }

    /// Where commands come in.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        self.at(socket::NAME)
    }

    /// Writes the files of a new vault.
    ///
    /// # Errors
    /// [`HomeError::AlreadyThere`] when there is a vault, whose key would be lost; others when writing fails.
    pub fn write_vault(&self, wrapped: &Wrapped) -> Result<(), HomeError> {
        if self.at(VAULT_HEADER).exists() || self.at(VAULT_KEY).exists() {
            return Err(HomeError::AlreadyThere(self.path.clone()));
        }
        VaultFiles::lock(&self.path)?.replace(wrapped)
    }

    /// The keys that everything else in this home is sealed with.
    ///
    /// # Errors
    /// [`HomeError::Locked`] when a passphrase is needed, [`HomeError::WrongPassphrase`] when it is another one,
    /// [`HomeError::Newer`], [`HomeError::Damaged`], and [`HomeError::VaultDamaged`] when header and key do not belong
    /// together.
    pub fn open_vault(&self, passphrase: Option<&Passphrase>) -> Result<Vault, HomeError> {
        Ok(VaultFiles::lock(&self.path)?.unlock(passphrase)?.vault())
    }

    /// Replaces the identity file, durably; what it was is kept as the previous one. Whenever the machine stops in
    /// between, one of the two is whole.
    ///
    /// # Errors
    /// [`HomeError`] when writing fails; the identity is then the old or the new one.
    pub fn write_identity(&self, sealed: &[u8]) -> Result<(), HomeError> {
        for step in IdentityStep::ALL {
            self.perform(step, sealed)?;
        }
        Ok(())
    }

    /// The identity file as it is, and the one before it.
    ///
    /// # Errors
    /// [`HomeError::Damaged`] when one is larger than any identity; others when reading fails.
    pub fn read_identity(&self) -> Result<IdentityCopies, HomeError> {
        Ok(IdentityCopies {
            current: self.read(IDENTITY, IDENTITY_BYTES_MAX)?,
            previous: self.read(IDENTITY_PREVIOUS, IDENTITY_BYTES_MAX)?,
        })
    }

    /// Moves a current identity that does not open out of the way, so that the next write cannot make it the previous
    /// one in place of the one that does.
    ///
    /// # Errors
    /// [`HomeError`] when the file system refuses.
    pub fn set_identity_aside(&self) -> Result<(), HomeError> {
        files::rename(&self.path, IDENTITY, IDENTITY_DAMAGED)?;
        files::sync_directory(&self.path)
    }

    /// Moves the store out of the way, durably: where it is then; `None` where there was none.
    ///
    /// # Errors
    /// [`HomeError`] when the file system refuses.
    pub fn set_store_aside(&self) -> Result<Option<PathBuf>, HomeError> {
        Ok(set_aside(&self.path, &[STORE])?.map(|aside| aside.join(STORE)))
    }

    /// Both slots of the ring, durable as they are read; none where there is no ring yet.
    ///
    /// # Errors
    /// [`HomeError`] when reading fails; a damaged ring is no error here.
    pub fn read_ring(&self) -> Result<Slots, HomeError> {
        ring::read(&self.path)
    }

    /// Writes one slot of the ring where it lies, durably.
    ///
    /// # Errors
    /// [`HomeError`] when writing fails; the other slot is then as it was.
    pub fn write_ring(&self, slot: Slot, bytes: &[u8]) -> Result<(), HomeError> {
        ring::write(&self.path, slot, bytes)
    }

    fn take(path: &Path, wait: Duration) -> Result<Self, HomeError> {
        let mut was_read_only = room::is_read_only(path);
        if !was_read_only {
            was_read_only = is_refused(place::make_private(path, 0o700))?;
        }
        let lock = lock::take(path, LOCK, wait)?;
        let mut home = Self { path: path.to_owned(), _lock: lock, was_read_only };
        if !was_read_only {
            home.was_read_only = is_refused(home.probe())?;
        }
        Ok(home)
    }

    /// Finds out now whether files can be made here, and not when the first message is to be kept. A full disk is no
    /// reason to refuse: reading goes on.
    fn probe(&self) -> Result<(), HomeError> {
        match files::create(&self.at(PROBE)) {
            Err(HomeError::Full(_)) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => files::remove(&self.at(PROBE)),
        }
    }

    fn perform(&self, step: IdentityStep, sealed: &[u8]) -> Result<(), HomeError> {
        match step {
            IdentityStep::WriteBeside => files::write_beside(&self.path, IDENTITY, sealed),
            IdentityStep::KeepPrevious => files::rename(&self.path, IDENTITY, IDENTITY_PREVIOUS),
            IdentityStep::Replace => files::put_in_place(&self.path, IDENTITY),
            IdentityStep::SyncDirectory => files::sync_directory(&self.path),
        }
    }

    fn read(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, HomeError> {
        files::read(&self.at(name), bytes_max)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// The identity file and the one before it, sealed. The current one is missing where a write was cut short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityCopies {
    /// `identity`.
    pub current: Option<Vec<u8>>,
    /// `identity.previous`.
    pub previous: Option<Vec<u8>>,
}

/// What replacing the identity file takes, in this order.
#[derive(Clone, Copy, Debug)]
enum IdentityStep {
    /// The new one lies beside, whole and durable.
    WriteBeside,
    /// The old one becomes the previous one.
    KeepPrevious,
    /// The new one takes its place.
    Replace,
    /// Both names are durable.
    SyncDirectory,
}

impl IdentityStep {
    const ALL: [Self; 4] = [Self::WriteBeside, Self::KeepPrevious, Self::Replace, Self::SyncDirectory];
}

fn has_identity(path: &Path) -> Result<bool, HomeError> {
    for name in [IDENTITY, IDENTITY_PREVIOUS] {
        let path = path.join(name);
        match path.symlink_metadata() {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(HomeError::of_io(error, path, "read")),
        }
    }
    Ok(false)
}

/// Whether this was not done because the file system can only be read.
fn is_refused(outcome: Result<(), HomeError>) -> Result<bool, HomeError> {
    match outcome {
        Err(HomeError::ReadOnly(_)) => Ok(true),
        outcome => outcome.map(|()| false),
    }
}

/// Refuses a directory without an identity, and says whether there was one: whoever begins makes the vault first, and a
/// store only after the identity.
fn check_identity(path: &Path) -> Result<(), HomeError> {
    if has_identity(path)? {
        return Ok(());
    }
    let is_there = |name| path.join(name).symlink_metadata().is_ok();
    if is_there(VAULT_HEADER) && is_there(STORE) {
        return Err(HomeError::IdentityLost(path.to_owned()));
    }
    Err(HomeError::NoIdentity(path.to_owned()))
}

/// Replaces a file of a home, durably and at no moment by half of one; what it was is found under the second name.
pub(crate) fn replace_file(home: &Path, name: &str, previous: &str, bytes: &[u8]) -> Result<(), HomeError> {
    files::write_beside(home, name, bytes)?;
    files::keep_as(home, name, previous)?;
    files::put_in_place(home, name)?;
    files::sync_directory(home)
}

/// Moves a file of a home that is not open out of the way, durably: where it is then; `None` where there was none.
pub(crate) fn set_file_aside(home: &Path, name: &str) -> Result<Option<PathBuf>, HomeError> {
    Ok(set_aside(home, &[name])?.map(|aside| aside.join(name)))
}

/// Moves what there is of these into a directory of its own, durably.
fn set_aside(home: &Path, names: &[&str]) -> Result<Option<PathBuf>, HomeError> {
    let left: Vec<&&str> = names.iter().filter(|name| home.join(name).symlink_metadata().is_ok()).collect();
    if left.is_empty() {
        return Ok(None);
    }
    let aside = files::create_numbered_directory(home, "set-aside")?;
    for name in left {
        let target = aside.join(name);
        fs::rename(home.join(name), &target).map_err(|error| HomeError::of_io(error, target, "set aside"))?;
    }
    files::sync_directory(&aside)?;
    files::sync_directory(home)?;
    Ok(Some(aside))
}

/// The permission bits of a file, without its type.
fn mode_of(metadata: &fs::Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

#[cfg(test)]
mod tests;
