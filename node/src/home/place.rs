//! Where a home is, and whether that place can be one.

use std::{
    env,
    ffi::OsString,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{self, Path, PathBuf},
};

use tracing::warn;

use super::{HomeError, files, mode_of};

/// Everything that can say where the home is, strongest first.
struct Hints {
    flag: Option<PathBuf>,
    causerie_home: Option<OsString>,
    xdg_data_home: Option<OsString>,
    user_home: Option<PathBuf>,
}

pub(super) fn resolve(flag: Option<PathBuf>) -> Result<PathBuf, HomeError> {
    let chosen = choose(Hints {
        flag,
        causerie_home: env::var_os("CAUSERIE_HOME"),
        xdg_data_home: env::var_os("XDG_DATA_HOME"),
        user_home: env::home_dir(),
    })?;
    // A relative path would mean another place once the process changes its directory.
    path::absolute(&chosen).map_err(|error| HomeError::of_io(error, chosen, "find"))
}

/// Refuses a path that cannot be a home; `NoIdentity` when nothing is there.
pub(super) fn check(path: &Path) -> Result<(), HomeError> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => Err(HomeError::SymbolicLink(path.to_owned())),
        Ok(found) if !found.is_dir() => Err(HomeError::NotADirectory(path.to_owned())),
        Ok(found) if mode_of(&found) & 0o1000 != 0 => Err(HomeError::Shared(path.to_owned())),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(HomeError::NoIdentity(path.to_owned())),
        Err(error) => Err(HomeError::of_io(error, path.to_owned(), "enter")),
    }
}

/// Makes the directory, and those above it that are missing.
pub(super) fn create(path: &Path) -> Result<(), HomeError> {
    files::create_directory(path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => files::sync_directory(parent),
        _ => Ok(()),
    }
}

/// Takes away what others may do with a file or directory of the home: a copy or a backup may have lost its mode.
pub(super) fn make_private(path: &Path, mode: u32) -> Result<(), HomeError> {
    let change = || -> io::Result<bool> {
        let wide = mode_of(&path.metadata()?) & 0o077 != 0;
        if wide {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(wide)
    };
    if change().map_err(|error| HomeError::of_io(error, path.to_owned(), "make private"))? {
        warn!("a file or directory of the home was open to other users; it is private now");
    }
    Ok(())
}

fn choose(hints: Hints) -> Result<PathBuf, HomeError> {
    let given = |value: Option<OsString>| value.filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = hints.flag.or_else(|| given(hints.causerie_home)) {
        return Ok(path);
    }
    // The base directory specification says to ignore a relative path here.
    let data = given(hints.xdg_data_home).filter(|path| path.is_absolute());
    let user_home = hints.user_home.filter(|path| !path.as_os_str().is_empty());
    let data = data.or_else(|| user_home.map(|home| home.join(".local/share")));
    data.map(|data| data.join("causerie")).ok_or(HomeError::Nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(flag: &str, causerie: &str, xdg: &str, user: &str) -> Option<String> {
        let chosen = choose(Hints {
            flag: (!flag.is_empty()).then(|| flag.into()),
            causerie_home: Some(causerie.into()),
            xdg_data_home: Some(xdg.into()),
            user_home: Some(user.into()),
        });
        chosen.ok().map(|path| path.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_strongest_hint_wins() {
        let some = |path: &str| Some(path.to_owned());
        assert_eq!(chosen("f", "/c", "/x", "/u"), some("f"));
        assert_eq!(chosen("", "/c", "/x", "/u"), some("/c"));
        assert_eq!(chosen("", "", "/x", "/u"), some("/x/causerie"));
        assert_eq!(chosen("", "", "x", "/u"), some("/u/.local/share/causerie"));
        assert_eq!(chosen("", "", "", "/u"), some("/u/.local/share/causerie"));
        assert_eq!(chosen("", "", "", ""), None);
    }

    #[test]
    fn a_relative_flag_becomes_absolute() {
        assert!(resolve(Some("here".into())).unwrap().is_absolute());
    }
}
