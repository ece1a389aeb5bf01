//! The log file of a home: at most two files of 1 MiB, whatever is written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{HomeError, files};

const DIRECTORY: &str = "log";
const NAME: &str = "causerie.log";
const NAME_OLDER: &str = "causerie.log.1";

/// Bytes of one file. Chosen: some ten thousand lines.
const BYTES_MAX: u64 = 1_024 * 1_024;

/// Where log lines go. A write that does not fit begins a new file and keeps the last one as the older.
#[derive(Debug)]
pub struct LogFile {
    directory: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

/// Opens the log of the home in this directory at its end; for the process that holds the home's lock.
///
/// # Errors
/// [`HomeError`] when the file system refuses.
pub fn log_writer(home: &Path) -> Result<LogFile, HomeError> {
    let directory = home.join(DIRECTORY);
    files::create_directory(&directory)?;
    let file = directory.join(NAME);
    LogFile::open(directory, BYTES_MAX).map_err(|error| HomeError::of_io(error, file, "write to"))
}

impl LogFile {
    fn open(directory: PathBuf, bytes_max: u64) -> io::Result<Self> {
        let file = append(&directory)?;
        let bytes = file.metadata()?.len();
        Ok(Self { directory, file, bytes, bytes_max })
    }

    fn begin_new(&mut self) -> io::Result<()> {
        match fs::rename(self.directory.join(NAME), self.directory.join(NAME_OLDER)) {
            // Somebody took the file away, which is their right.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome?,
        }
        self.file = append(&self.directory)?;
        self.bytes = 0;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(self.bytes_max).unwrap_or(usize::MAX);
        // What no file could hold goes on in the next one: `write_all` brings the rest.
        let line = line.get(..room).unwrap_or(line);
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.bytes > 0 && self.bytes.saturating_add(length) > self.bytes_max {
            self.begin_new()?;
        }
        let written = self.file.write(line)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(directory: &Path) -> io::Result<File> {
    files::open_with(OpenOptions::new().append(true).create(true).mode(0o600), &directory.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(directory: &Path, name: &str) -> String {
        fs::read_to_string(directory.join(name)).unwrap()
    }

    #[test]
    fn lines_stay_whole_and_files_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut log = LogFile::open(path.to_owned(), 30).unwrap();
        for n in 0..100 {
            log.write_all(format!("line {n:03}\n").as_bytes()).unwrap();
            assert!(fs::metadata(path.join(NAME)).unwrap().len() <= 30);
        }
        assert_eq!(read(path, NAME), "line 099\n");
        assert_eq!(read(path, NAME_OLDER), "line 096\nline 097\nline 098\n");
        assert_eq!(fs::read_dir(path).unwrap().count(), 2);
    }

    #[test]
    fn an_opened_log_goes_on_where_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for line in ["first\n", "second\n"] {
            let mut log = LogFile::open(path.to_owned(), 13).unwrap();
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(read(path, NAME), "first\nsecond\n");
        let mut log = LogFile::open(path.to_owned(), 13).unwrap();
        log.write_all(b"x").unwrap();
        assert_eq!(read(path, NAME), "x");
    }

    #[test]
    fn a_log_that_was_taken_away_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut log = LogFile::open(path.to_owned(), 10).unwrap();
        log.write_all(b"first\n").unwrap();
        fs::remove_file(path.join(NAME)).unwrap();
        log.write_all(b"second\n").unwrap();
        assert_eq!(read(path, NAME), "second\n");
    }

    #[test]
    fn a_line_that_fits_no_file_is_cut_into_some() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut log = LogFile::open(path.to_owned(), 10).unwrap();
        log.write_all(b"0123456789abcdefghijABC").unwrap();
        assert_eq!(read(path, NAME), "ABC");
        assert_eq!(read(path, NAME_OLDER), "abcdefghij");
    }
}
