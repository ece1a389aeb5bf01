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

/// Made under this name first, so that at no moment a socket open to others has the other one.
const NAME_BESIDE: &str = "node.sock.new";

/// Bytes of a path that a socket's address can hold: `sun_path` on Linux, without the zero at its end.
const PATH_BYTES_MAX: usize = 107;

/// Listens on the home's socket. One that nobody answers is replaced.
///
/// # Errors
/// [`HomeError::InUse`] when somebody answers there, others when the file system refuses.
pub fn bind(home: &Home) -> Result<UnixListener, HomeError> {
    match connect(home.path()) {
        Ok(_) => return Err(HomeError::InUse(home.path().to_owned())),
        Err(HomeError::NotRunning(_)) => {}
        Err(error) => return Err(error),
    }
    let beside = home.path().join(NAME_BESIDE);
    files::remove(&beside)?;
    let listener = at_short_path(home.path(), NAME_BESIDE, |path| UnixListener::bind(path))
        .and_then(|listener| {
            fs::set_permissions(&beside, Permissions::from_mode(0o600))?;
            fs::rename(&beside, home.socket_path())?;
            Ok(listener)
        })
        .map_err(|error| HomeError::of_io(error, home.socket_path(), "listen on"))?;
    Ok(listener)
}

/// Connects to the node that runs on the home in this directory.
///
/// # Errors
/// [`HomeError::NotRunning`] when nobody answers, others when the file system refuses.
pub fn connect(home: &Path) -> Result<UnixStream, HomeError> {
    at_short_path(home, NAME, |path| UnixStream::connect(path)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => HomeError::NotRunning(home.to_owned()),
        _ => HomeError::of_io(error, home.join(NAME), "connect to"),
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
