//! The files of a vault, and how they are replaced without a moment at which nothing opens the home.
//!
//! ```text
//! to a passphrase   header beside, in place, names durable ─▶ old header overwritten ─▶ key overwritten, removed
//! to a key file     key beside, in place, names durable ─▶ header beside, in place, names durable ─▶ old header overwritten
//! ```
//!
//! The header alone says what opens the home; whatever else lies there is left from a change that was cut short, and is
//! erased once the home was opened. A node that runs has no use for these files, so they can be changed meanwhile: they
//! have a lock of their own, `vault.lock`. Source: `docs/wire-format.md`.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use causerie_protocol::{
    secret::Secret,
    vault::{
        MasterKey, VaultError,
        header::{Header, Protection},
        passphrase::Passphrase,
    },
};

use super::{HomeError, VAULT_HEADER, VAULT_KEY, check_identity, files, is_refused, lock, place, room};

const VAULT_LOCK: &str = "vault.lock";

/// Bytes of `vault.hdr` that are read at most; it is far smaller.
const HEADER_BYTES_MAX: u64 = 4_096;

/// How long to wait for somebody else to be done with these files; the contract of the command line for a home's lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the home in this directory asks for a passphrase; not so where there is none, or none that can be read.
#[must_use]
pub fn has_passphrase(home: &Path) -> bool {
    let bytes = files::read(&home.join(VAULT_HEADER), HEADER_BYTES_MAX).ok().flatten();
    let header = bytes.and_then(|bytes| Header::read(&bytes).ok());
    header.is_some_and(|header| matches!(header.protection(), Protection::Passphrase { .. }))
}

/// A wrapped master key, as it is to be written.
#[derive(Debug)]
pub struct Wrapped {
    /// The bytes of `vault.hdr`.
    pub header: Vec<u8>,
    /// What goes into `vault.key`; `None` where a passphrase takes its place.
    pub key: Option<Secret>,
}

/// The files of a vault whose lock this process holds.
#[derive(Debug)]
pub struct VaultFiles {
    home: PathBuf,
    /// Lets go of the lock when dropped.
    _lock: Option<File>,
}

impl VaultFiles {
    /// Those of the home in this directory, whether a node runs on it or not.
    ///
    /// # Errors
    /// [`HomeError::NoIdentity`] when nobody lives there, [`HomeError::InUse`] when another process does not get done
    /// with them, and others when the directory cannot be used.
    pub fn of(home: &Path) -> Result<Self, HomeError> {
        place::check(home)?;
        check_identity(home)?;
        Self::lock(home)
    }

    pub(super) fn lock(home: &Path) -> Result<Self, HomeError> {
        let lock = lock::take(home, VAULT_LOCK, PATIENCE)?;
        Ok(Self { home: home.to_owned(), _lock: lock })
    }

    /// Unwraps the master key, and erases what a change that was cut short has left.
    ///
    /// # Errors
    /// [`HomeError::Locked`] when a passphrase is needed, [`HomeError::WrongPassphrase`] when it is another one,
    /// [`HomeError::Newer`], [`HomeError::Damaged`], and [`HomeError::VaultDamaged`] when header and key do not belong
    /// together.
    pub fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<MasterKey, HomeError> {
        let header = self.header()?;
        let wrapping = match header.protection() {
            Protection::KeyFile => {
                files::read_key(&self.at(VAULT_KEY))?.ok_or_else(|| HomeError::Damaged(self.at(VAULT_KEY)))?
            }
            Protection::Passphrase { cost, salt } => {
                let passphrase = passphrase.ok_or_else(|| HomeError::Locked(self.home.clone()))?;
                passphrase.stretch(cost, &salt).ok_or_else(|| self.without_memory())?
            }
        };
        let master = header.open(&wrapping).map_err(|error| match error {
            VaultError::Damaged => HomeError::VaultDamaged(self.home.clone()),
            error => self.of_vault(error),
        })?;
        self.erase_leftovers(header.protection())?;
        Ok(master)
    }

    /// Whether a passphrase is needed.
    ///
    /// # Errors
    /// As [`Self::unlock`], for the header.
    pub fn has_passphrase(&self) -> Result<bool, HomeError> {
        Ok(matches!(self.header()?.protection(), Protection::Passphrase { .. }))
    }

    /// Writes a master key that is wrapped anew in place of what is there. Whenever the machine stops in between, the
    /// old or the new secret opens the home.
    ///
    /// # Errors
    /// [`HomeError::AlreadyThere`] for a key in place of another key, for which that could not be promised; others when
    /// writing fails, and the old or the new secret opens the home then too.
    pub fn replace(&self, wrapped: &Wrapped) -> Result<(), HomeError> {
        if room::is_read_only(&self.home) {
            return Err(HomeError::ReadOnly(self.home.clone()));
        }
        if wrapped.key.is_some() && self.at(VAULT_HEADER).exists() && !self.has_passphrase()? {
            return Err(HomeError::AlreadyThere(self.home.clone()));
        }
        let mut change = Change { files: self, wrapped, old_header: None };
        let steps: &[Step] = match wrapped.key {
            None => &Step::TO_PASSPHRASE,
            Some(_) => &Step::TO_KEY_FILE,
        };
        for step in steps {
            change.perform(*step)?;
        }
        Ok(())
    }

    fn header(&self) -> Result<Header, HomeError> {
        let bytes = files::read(&self.at(VAULT_HEADER), HEADER_BYTES_MAX)?;
        let bytes = bytes.ok_or_else(|| HomeError::Damaged(self.at(VAULT_HEADER)))?;
        Header::read(&bytes).map_err(|error| self.of_vault(error))
    }

    /// With a passphrase, a key file opens nothing, but a header beside might open with it.
    fn erase_leftovers(&self, protection: Protection) -> Result<(), HomeError> {
        let beside = [VAULT_HEADER, VAULT_KEY].map(|name| files::beside(&self.home, name));
        let key = matches!(protection, Protection::Passphrase { .. }).then(|| self.at(VAULT_KEY));
        let left = beside.into_iter().chain(key).filter(|path| path.symlink_metadata().is_ok());
        let left: Vec<PathBuf> = left.collect();
        if left.is_empty() || room::is_read_only(&self.home) {
            return Ok(());
        }
        // The header that does without them may have come into place a moment before its process died.
        let erased = files::sync_directory(&self.home)
            .and_then(|()| left.iter().try_for_each(|path| files::erase(path)))
            .and_then(|()| files::sync_directory(&self.home));
        is_refused(erased).map(|_| ())
    }

    fn of_vault(&self, error: VaultError) -> HomeError {
        HomeError::of_vault(error, self.at(VAULT_HEADER))
    }

    fn without_memory(&self) -> HomeError {
        HomeError::of_io(io::ErrorKind::OutOfMemory.into(), self.at(VAULT_HEADER), "open")
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }
}

/// A change on its way.
struct Change<'a> {
    files: &'a VaultFiles,
    wrapped: &'a Wrapped,
    /// The header that was replaced: it has no name any more.
    old_header: Option<File>,
}

/// What a change takes, in the order of one of the two lists.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The new header lies beside, whole and durable.
    WriteHeader,
    /// It takes the old one's place.
    PlaceHeader,
    /// The key that is to be lies beside, whole and durable.
    WriteKey,
    /// It takes its place; no header needs it yet.
    PlaceKey,
    /// The names are durable.
    SyncNames,
    /// The old header, which an old passphrase opens, is overwritten as far as the disk does that.
    OverwriteHeader,
    /// The key is overwritten as far as the disk does that, and removed.
    EraseKey,
}

impl Step {
    const TO_PASSPHRASE: [Self; 6] = [
        Self::WriteHeader,
        Self::PlaceHeader,
        Self::SyncNames,
        Self::OverwriteHeader,
        Self::EraseKey,
        Self::SyncNames,
    ];
    const TO_KEY_FILE: [Self; 7] = [
        Self::WriteKey,
        Self::PlaceKey,
        Self::SyncNames,
        Self::WriteHeader,
        Self::PlaceHeader,
        Self::SyncNames,
        Self::OverwriteHeader,
    ];
}

impl Change<'_> {
    fn perform(&mut self, step: Step) -> Result<(), HomeError> {
        let home = &self.files.home;
        match step {
            Step::WriteHeader => files::write_beside(home, VAULT_HEADER, &self.wrapped.header),
            Step::PlaceHeader => {
                self.old_header = files::open_to_overwrite(&self.files.at(VAULT_HEADER));
                files::put_in_place(home, VAULT_HEADER)
            }
            Step::WriteKey => match &self.wrapped.key {
                Some(key) => files::write_beside(home, VAULT_KEY, key.expose()),
                None => Ok(()),
            },
            Step::PlaceKey => files::put_in_place(home, VAULT_KEY),
            Step::SyncNames => files::sync_directory(home),
            Step::OverwriteHeader => {
                if let Some(old) = self.old_header.take() {
                    // Nothing depends on it: the home opens with the new secret already.
                    files::overwrite(&old).ok();
                }
                Ok(())
            }
            Step::EraseKey => files::erase(&self.files.at(VAULT_KEY)),
        }
    }
}

#[cfg(test)]
mod tests;
