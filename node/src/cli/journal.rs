//! The log of `run`: what went wrong inside, kept in the home's own log file for whoever looks for a cause later.
//!
//! ```text
//! Early (kept in memory, bounded) ──the node has the home's lock──▶ Kept (written to the file, bounded by the home)
//! ```
//!
//! Whoever does not hold the home's lock writes nothing into it; what is said before is held back until then, and is
//! gone with the process where the start fails, since the error itself is printed. By default only the node's own
//! lines are kept: no line of it has an id, name, text or address of a person in it. `CAUSERIE_LOG` asks for others.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::{
    EnvFilter,
    fmt::{MakeWriter, writer::MutexGuardWriter},
};

use super::errors::Failure;
use crate::home::{self, HomeError, LogFile};

/// Which lines are kept unless told: of libraries none, since they name addresses.
const FILTER_DEFAULT: &str = "off,causerie_node=info";

/// The variable that asks for others, as in `off,causerie_node=debug`.
const FILTER_VARIABLE: &str = "CAUSERIE_LOG";

/// Bytes that are held back before the file may be written. Chosen.
const EARLY_BYTES_MAX: usize = 64 << 10;

/// Where the log lines of this process go.
#[derive(Clone, Debug)]
pub(super) struct Journal(Arc<Mutex<Sink>>);

/// Where lines are taken to.
#[derive(Debug)]
pub(super) enum Sink {
    /// Nowhere yet.
    Early(Vec<u8>),
    /// The home's log file.
    Kept(LogFile),
}

impl Journal {
    /// From here on, lines of this process are taken.
    pub(super) fn begin() -> Result<Self, Failure> {
        let filter = filter(std::env::var(FILTER_VARIABLE).ok())?;
        let journal = Self(Arc::new(Mutex::new(Sink::Early(Vec::new()))));
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .log_internal_errors(false)
            .with_writer(journal.clone());
        subscriber.try_init().map_err(|error| Failure::internal(&error.to_string()))?;
        Ok(journal)
    }

    /// This process holds the home's lock: what was held back, and everything from now on, goes to its log file.
    /// Where that cannot be, what is said stays where it is, within its bound, and the node runs all the same.
    pub(super) fn keep(&self, home: &Path) -> Result<(), HomeError> {
        let mut file = match home::log_writer(home) {
            Err(HomeError::Full(_)) => return Ok(()),
            opened => opened?,
        };
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Sink::Early(lines) = &*sink {
            // A full disk keeps fewer words.
            file.write_all(lines).ok();
        }
        *sink = Sink::Kept(file);
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = MutexGuardWriter<'a, Sink>;

    fn make_writer(&'a self) -> Self::Writer {
        self.0.make_writer()
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self {
            Self::Early(lines) => {
                if lines.len() + line.len() <= EARLY_BYTES_MAX {
                    lines.extend_from_slice(line);
                }
                Ok(line.len())
            }
            Self::Kept(file) => file.write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Early(_) => Ok(()),
            Self::Kept(file) => file.flush(),
        }
    }
}

fn filter(asked: Option<String>) -> Result<EnvFilter, Failure> {
    let directives = asked.filter(|asked| !asked.is_empty());
    EnvFilter::try_new(directives.as_deref().unwrap_or(FILTER_DEFAULT)).map_err(|error| {
        let message = format!("{FILTER_VARIABLE} makes no sense: {error}");
        Failure::new("usage", message, "Write it as in `off,causerie_node=debug`.")
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn early_lines_reach_the_file_in_order_and_are_bounded() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal(Arc::new(Mutex::new(Sink::Early(Vec::new()))));
        let line = |line: &[u8]| journal.0.lock().unwrap().write_all(line).unwrap();
        line(b"first\n");
        line(&vec![b'x'; EARLY_BYTES_MAX]);
        assert!(!home.path().join("log").exists());
        journal.keep(home.path()).unwrap();
        line(b"second\n");
        let written = fs::read_to_string(home.path().join("log/causerie.log")).unwrap();
        assert_eq!(written, "first\nsecond\n");
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_wrong_usage() {
        assert_eq!(filter(Some("a=b=c".to_owned())).unwrap_err().exit_code(), 2);
        assert!(filter(Some("off,causerie_node=debug".to_owned())).is_ok());
        for unset in [None, Some(String::new())] {
            assert_eq!(filter(unset).unwrap().to_string(), "causerie_node=info,off");
        }
    }
}
