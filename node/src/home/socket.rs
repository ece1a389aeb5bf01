//! The socket of a home: `HOME/node.sock`, which only its owner can open.
//!
//! A socket's address holds 107 bytes of path. A longer one is reached through the open directory, as
//! `/proc/self/fd/N/node.sock`, which is always short.

use std::{
    fs::{self, File, Permissions},
    io,
    os::{
        fd::AsRawFd as _,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixListener, UnixStream},
        },
    },
    path::Path,
};

use super::{Home, HomeError, files, room};

/// The socket's name in its home.
pub(super) const NAME: &str = "node.sock";

/// Bytes of a path that a socket's address can hold: `sun_path` on Linux, without the zero at its end.
const PATH_BYTES_MAX: usize = 107;

/// Listens on the home's socket. One that nobody answers is replaced.
///
/// # Errors
/// [`HomeError::InUse`] when somebody answers there, others when the file system refuses.
pub fn bind(home: &Home) -> Result<UnixListener, HomeError> {
    bind_as(home.path(), NAME)
}

/// As [`bind`], on a socket of another name; for whoever holds the home's lock.
///
/// # Errors
/// As [`bind`].
pub fn bind_as(home: &Path, name: &str) -> Result<UnixListener, HomeError> {
    match connect_as(home, name) {
        Ok(_) => return Err(HomeError::InUse(home.to_owned())),
        Err(HomeError::NotRunning(_)) => {}
        Err(error) => return Err(error),
    }
    // Made under this name first, so that at no moment a socket open to others has the other one.
    let beside = format!("{name}.new");
    files::remove(&home.join(&beside))?;
    at_short_path(home, &beside, |path| UnixListener::bind(path))
        .and_then(|listener| {
            fs::set_permissions(home.join(&beside), Permissions::from_mode(0o600))?;
            fs::rename(home.join(&beside), home.join(name))?;
            Ok(listener)
        })
        .map_err(|error| HomeError::of_io(error, home.join(name), "listen on"))
}

/// Connects to the node that runs on the home in this directory.
///
/// # Errors
/// [`HomeError::NotRunning`] when nobody answers, others when the file system refuses.
pub fn connect(home: &Path) -> Result<UnixStream, HomeError> {
    connect_as(home, NAME)
}

/// As [`connect`], to a socket of another name.
///
/// # Errors
/// As [`connect`].
pub fn connect_as(home: &Path, name: &str) -> Result<UnixStream, HomeError> {
    at_short_path(home, name, |path| UnixStream::connect(path)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => HomeError::NotRunning(home.to_owned()),
        _ => HomeError::of_io(error, home.join(name), "connect to"),
    })
}

/// Removes the socket at a clean stop. Where nothing can be removed it stays behind, and nobody answers there.
///
/// # Errors
/// [`HomeError`] when the file system refuses.
pub fn remove(home: &Home) -> Result<(), HomeError> {
    match files::remove(&home.socket_path()) {
        Err(HomeError::ReadOnly(_)) => Ok(()),
        Err(_) if room::is_read_only(home.path()) => Ok(()),
        outcome => outcome,
    }
}

fn at_short_path<T>(
    directory: &Path,
    name: &str,
    call: impl FnOnce(&Path) -> io::Result<T>,
) -> io::Result<T> {
    let path = directory.join(name);
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return call(&path);
    }
    let opened = File::open(directory)?;
    call(Path::new(&format!("/proc/self/fd/{}/{name}", opened.as_raw_fd())))
}
