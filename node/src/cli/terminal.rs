//! Asking at a terminal without showing what is typed.
//!
//! The terminal is as it was before when this value is dropped, and it is dropped with the command when that is
//! interrupted: the reading itself happens in a thread that may never return. Questions go to standard error, so that
//! results stay alone on standard output. There is no terminal unless both are one: a script is never asked.

use std::{
    io::{self, IsTerminal},
    os::fd::AsFd,
};

use causerie_protocol::limits::PASSPHRASE_BYTES_MAX;
use rustix::{
    io::Errno,
    termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr},
};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::errors::Failure;

/// Bytes that are read at once: one more than allowed, and a newline.
const CHUNK_BYTES: usize = PASSPHRASE_BYTES_MAX + 2;

/// Whether somebody can be asked.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A terminal that does not show what is typed.
pub(super) struct Hidden<T: AsFd> {
    terminal: T,
    before: Termios,
}

impl Hidden<io::Stdin> {
    /// The terminal that standard input is.
    pub(super) fn standard_input() -> io::Result<Self> {
        Self::begin(io::stdin())
    }

    /// One line as an answer to this question, without its newline.
    pub(super) async fn ask(&self, question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        eprint!("{question}: ");
        let _end = EndOfLine;
        match spawn_blocking(|| read_line(io::stdin())).await {
            Ok(line) => Ok(line?),
            Err(error) => Err(Failure::internal(&error.to_string())),
        }
    }
}

/// Ends the line of a question, whether it is answered or interrupted: the newline that was typed was not shown.
struct EndOfLine;

impl Drop for EndOfLine {
    fn drop(&mut self) {
        eprintln!();
    }
}

impl<T: AsFd> Hidden<T> {
    fn begin(terminal: T) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        hidden
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK | LocalModes::ECHONL);
        tcsetattr(&terminal, OptionalActions::Drain, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl<T: AsFd> Drop for Hidden<T> {
    fn drop(&mut self) {
        // A terminal that went away needs nothing.
        tcsetattr(&self.terminal, OptionalActions::Drain, &self.before).ok();
    }
}

/// Everything up to the end; of what is too long for a passphrase, enough to know it. No copy of it stays behind, as
/// one would in a buffered reader.
pub(super) fn read_to_end(input: impl AsFd) -> io::Result<Zeroizing<Vec<u8>>> {
    read_until(input, |bytes, _| bytes.len() == CHUNK_BYTES)
}

/// One line without its newline. What is too long for a passphrase is read to its end too, so that nothing of it is left
/// for whoever reads the terminal next.
fn read_line(input: impl AsFd) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = read_until(input, |_, chunk| chunk.last() == Some(&b'\n'))?;
    line.pop_if(|last| *last == b'\n');
    Ok(line)
}

/// Reads until this is so of what was read so far and last, or there is no more.
fn read_until(input: impl AsFd, is_end: impl Fn(&[u8], &[u8]) -> bool) -> io::Result<Zeroizing<Vec<u8>>> {
    // Never grown, for that would leave a copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
    let mut chunk = Zeroizing::new([0; CHUNK_BYTES]);
    loop {
        let count = match rustix::io::read(&input, &mut *chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        let read = chunk.get(..count).unwrap_or_default();
        let room = CHUNK_BYTES - bytes.len();
        bytes.extend(read.iter().take(room));
        if is_end(&bytes, read) {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{File, OpenOptions},
        io::{Read, Seek, Write},
    };

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// Who types, and the terminal.
    fn terminal() -> (File, File) {
        let typist = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&typist).unwrap();
        unlockpt(&typist).unwrap();
        let name = ptsname(&typist, Vec::new()).unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        (typist.into(), terminal)
    }

    #[test]
    fn what_is_typed_is_read_and_not_shown_and_then_shown_again() {
        let (mut typist, mut terminal) = terminal();
        let hidden = Hidden::begin(terminal.try_clone().unwrap()).unwrap();
        typist.write_all(b"pass word\nand more\n").unwrap();
        assert_eq!(*read_line(&terminal).unwrap(), b"pass word");
        assert_eq!(*read_line(&terminal).unwrap(), b"and more");
        drop(hidden);
        typist.write_all(b"shown\n").unwrap();
        assert_eq!(*read_line(&terminal).unwrap(), b"shown");
        terminal.write_all(b"END").unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"END") {
            let mut byte = [0];
            typist.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
        assert_eq!(String::from_utf8(seen).unwrap(), "shown\r\nEND");
    }

    #[test]
    fn too_long_a_line_is_read_to_its_end() {
        let (mut typist, terminal) = terminal();
        let _hidden = Hidden::begin(terminal.try_clone().unwrap()).unwrap();
        let long = "x".repeat(3 * PASSPHRASE_BYTES_MAX);
        writeln!(typist, "{long}").unwrap();
        typist.write_all(b"next\n").unwrap();
        assert!(read_line(&terminal).unwrap().len() > PASSPHRASE_BYTES_MAX);
        assert_eq!(*read_line(&terminal).unwrap(), b"next");
    }

    #[test]
    fn a_file_is_read_as_it_is_and_no_further_than_needed() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\ntwo\n").unwrap();
        let read = |mut file: &File| {
            file.rewind().unwrap();
            read_to_end(file).unwrap()
        };
        assert_eq!(*read(&file), b"one\ntwo\n");
        file.write_all(&[b'x'; 10_000]).unwrap();
        assert_eq!(read(&file).len(), CHUNK_BYTES);
    }
}
