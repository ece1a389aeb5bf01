//! A wall clock of somebody's own, which can be set while their programs run: they are started with a small library
//! before the system's (`clock/stepped.c`), which a C compiler makes once a process. The machine's clock stays.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

/// What is built once, in a directory that lasts as long as the process.
static LIBRARY: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Clock {
    file: PathBuf,
    library: &'static Path,
}

impl Clock {
    /// One that is right, which keeps what it needs in this directory; `None`, with the reason printed, where this
    /// machine cannot have it.
    pub(crate) fn in_directory(directory: &Path) -> Option<Self> {
        let library = LIBRARY
            .get_or_init(|| build().inspect_err(|why| println!("clocks stay as they are: {why}")).ok());
        let (_, library) = library.as_ref()?;
        let clock = Self { file: directory.join("clock"), library };
        clock.is_off_by(0);
        Some(clock)
    }

    /// From now on it is ahead by so many seconds.
    pub(crate) fn is_off_by(&self, seconds: i64) {
        // A reader must not see half of it.
        let beside = self.file.with_extension("new");
        fs::write(&beside, seconds.to_string()).unwrap();
        fs::rename(beside, &self.file).unwrap();
    }

    /// The program goes by it.
    pub(crate) fn govern(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.library).env("CAUSERIE_TEST_CLOCK", &self.file);
    }
}

fn build() -> Result<(TempDir, PathBuf), String> {
    let directory = tempfile::Builder::new().prefix("causerie-clock-").tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("clock/stepped.c");
    let library = directory.path().join("stepped.so");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]).output();
    match built {
        Ok(built) if built.status.success() => Ok((directory, library)),
        Ok(built) => Err(String::from_utf8_lossy(&built.stderr).into_owned()),
        Err(error) => Err(format!("no C compiler ({error})")),
    }
}
