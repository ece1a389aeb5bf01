//! Why a home cannot be used: one sentence each, and what to do about it.

use std::{io, path::PathBuf};

use causerie_protocol::vault::VaultError;
use rustix::io::Errno;
use thiserror::Error;

/// Why a home cannot be used, grouped by what a person can do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HomeError {
    /// There is no identity yet.
    #[error("there is no identity in {}", .0.display())]
    NoIdentity(PathBuf),
    /// There is one already.
    #[error("there is an identity in {} already", .0.display())]
    AlreadyThere(PathBuf),
    /// Another process runs on it.
    #[error("another process is using the home {}", .0.display())]
    InUse(PathBuf),
    /// No process runs on it.
    #[error("no node is running on the home {}", .0.display())]
    NotRunning(PathBuf),
    /// A newer version wrote it.
    #[error("a newer version of this program wrote {}", .0.display())]
    Newer(PathBuf),
    /// The identity is gone, and what belongs to it is there.
    #[error("the identity of {} is missing, while its vault and its store are there", .0.display())]
    IdentityLost(PathBuf),
    /// Header and key of the vault are files as they should be, and one does not open the other.
    #[error("vault.hdr and vault.key in {} do not belong together, or one of them is damaged", .0.display())]
    VaultDamaged(PathBuf),
    /// Something else is where a file should be: a directory, a pipe.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// A file is missing, or is not what was written.
    #[error("{} is missing or damaged", .0.display())]
    Damaged(PathBuf),
    /// A passphrase is needed.
    #[error("the home {} is locked with a passphrase", .0.display())]
    Locked(PathBuf),
    /// It is locked with another passphrase.
    #[error("this is not the passphrase of the home {}", .0.display())]
    WrongPassphrase(PathBuf),
    /// There is no passphrase to remove.
    #[error("the home {} has no passphrase", .0.display())]
    NoPassphrase(PathBuf),
    /// The path is a symbolic link.
    #[error("the home {} is a symbolic link", .0.display())]
    SymbolicLink(PathBuf),
    /// The path, or something on the way to it, is no directory.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The directory is for everybody, such as `/tmp`.
    #[error("the directory {} is shared by all users of this machine", .0.display())]
    Shared(PathBuf),
    /// The file system is mounted read-only.
    #[error("{} lies on a read-only file system", .0.display())]
    ReadOnly(PathBuf),
    /// This user may not do that there.
    #[error("this user may not {doing} {}", path.display())]
    Permission {
        /// Where.
        path: PathBuf,
        /// What was tried: a verb that takes the path as its object.
        doing: &'static str,
    },
    /// No room for the copy that is kept of an older home.
    #[error(
        "an older version wrote {}, and for the copy that is kept while it is brought up to date {mebibytes} MiB are missing",
        path.display()
    )]
    NoRoomForCopy {
        /// Where.
        path: PathBuf,
        /// How much more has to be free.
        mebibytes: u64,
    },
    /// No room is left.
    #[error("the disk of {} is full", .0.display())]
    Full(PathBuf),
    /// Neither a flag nor the environment says where the home is.
    #[error("it is unknown where the home is: HOME is not set")]
    Nowhere,
    /// Anything else that the operating system said.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried: a verb that takes the path as its object.
        doing: &'static str,
        /// Its words.
        source: io::Error,
    },
}

impl HomeError {
    /// The kind that scripts see; part of the command line's contract.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NoIdentity(_) => "no_identity",
            Self::IdentityLost(_) => "identity_lost",
            Self::AlreadyThere(_) => "identity_exists",
            Self::InUse(_) => "home_in_use",
            Self::NotRunning(_) => "not_running",
            Self::Newer(_) => "newer_home",
            Self::Locked(_) => "locked",
            Self::WrongPassphrase(_) => "wrong_passphrase",
            Self::NoPassphrase(_) => "no_passphrase",
            Self::SymbolicLink(_) | Self::NotADirectory(_) | Self::Shared(_) | Self::Nowhere => "bad_home",
            Self::Damaged(_)
            | Self::VaultDamaged(_)
            | Self::NotAFile(_)
            | Self::ReadOnly(_)
            | Self::Permission { .. }
            | Self::NoRoomForCopy { .. }
            | Self::Full(_)
            | Self::Io { .. } => "storage",
        }
    }

    /// What to do about it: one or two sentences.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoIdentity(_) => {
                "Make one with `causerie-node init --name NAME`, or name another home with --home."
            }
            Self::IdentityLost(_) => {
                "Put the file `identity` back from a copy of this home. `causerie-node init --name NAME` makes another identity and sets what is there aside."
            }
            Self::AlreadyThere(_) => "Use it as it is, or name another home with --home.",
            Self::InUse(_) => "Stop the other process, or name another home with --home.",
            Self::NotRunning(_) => "Start one with `causerie-node run`.",
            Self::Newer(_) => "Nothing was changed. Install the version that wrote it, or a later one.",
            Self::Locked(_) => "Name the file with the passphrase with --passphrase-file.",
            Self::WrongPassphrase(_) => "Nothing was changed. Try again.",
            Self::NoPassphrase(_) => "Nothing was changed. `causerie-node passphrase set` sets one.",
            Self::Damaged(_) => {
                "Nothing was changed. Put it back from a copy of this home; the other files are left as they are."
            }
            Self::VaultDamaged(_) => {
                "Nothing was changed. Put both back from one copy of this home; the other files are left as they are."
            }
            Self::NotAFile(_) => {
                "Nothing was changed. Move it out of the home and try again; what is missing then is said."
            }
            Self::SymbolicLink(_) => "Name the directory that it leads to, with --home or CAUSERIE_HOME.",
            Self::NotADirectory(_) => "Name a directory with --home or CAUSERIE_HOME.",
            Self::Shared(_) => "Name a directory of your own with --home or CAUSERIE_HOME.",
            Self::ReadOnly(_) => "Mount it writable, or name another home with --home.",
            Self::Permission { .. } => {
                "Nothing was changed. Make the home and all its files yours with chown and chmod, then try again."
            }
            Self::NoRoomForCopy { .. } => "Nothing was changed. Free some space, then try again.",
            Self::Full(_) => "Free some space; what was kept so far can still be read.",
            Self::Nowhere => "Name a home with --home or CAUSERIE_HOME.",
            Self::Io { .. } => "Look whether the disk is sound, then try again.",
        }
    }

    /// Sorts what the operating system said.
    pub(super) fn of_io(source: io::Error, path: PathBuf, doing: &'static str) -> Self {
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Permission { path, doing },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            io::ErrorKind::NotADirectory => Self::NotADirectory(path),
            io::ErrorKind::IsADirectory => Self::NotAFile(path),
            // A pipe or a socket.
            _ if source.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => Self::NotAFile(path),
            _ => Self::Io { path, doing, source },
        }
    }

    pub(super) fn of_vault(error: VaultError, path: PathBuf) -> Self {
        match error {
            VaultError::Newer => Self::Newer(path),
            VaultError::WrongPassphrase => Self::WrongPassphrase(path),
            _ => Self::Damaged(path),
        }
    }
}
