//! One window a home: a second start rings at the first, which comes to the front, and ends.
//!
//! ```text
//! second start ── "show\n" or "open LINK\n" ──▶ HOME/window.sock ──▶ the first window
//! ```
//!
//! The home is for its owner alone (0700), and so is whoever can ring. What is rung is bounded and is never done, only
//! shown: a link stands in the field in which links are pasted.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    os::unix::{
        fs::FileTypeExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

const NAME: &str = "window.sock";

/// Bytes of a ring: a link has less than a thousand.
const RING_BYTES_MAX: u64 = 8_192;

/// How long somebody who rings is listened to.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// To come to the front.
    Show,
    /// To show this invitation.
    Open(String),
}

/// Rings at the window that is open on this home; false where there is none.
#[must_use]
pub fn ring(home: &Path, ring: &Ring) -> bool {
    let said = match ring {
        Ring::Show => "show\n".to_owned(),
        Ring::Open(link) => format!("open {link}\n"),
    };
    let Ok(mut door) = UnixStream::connect(home.join(NAME)) else { return false };
    let answered = door
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| door.write_all(said.as_bytes()))
        .and_then(|()| door.read_exact(&mut [0; 1]));
    answered.is_ok()
}

/// Listens for rings, in a thread of its own, for as long as the program runs; to be called by whoever holds the home's
/// lock.
///
/// # Errors
/// When the socket cannot be made.
pub fn listen(home: &Path, mut rung: impl FnMut(Ring) + Send + 'static) -> io::Result<Doorbell> {
    let path = home.join(NAME);
    // Whoever left it there is gone: the lock is ours.
    if fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(&path)?;
    }
    let listener = UnixListener::bind(&path)?;
    std::thread::Builder::new().name("doorbell".to_owned()).spawn(move || {
        for door in listener.incoming() {
            // Somebody who rings badly is not let in, and others can still ring.
            if let Ok(door) = door
                && let Some(ring) = answer(door)
            {
                rung(ring);
            }
        }
    })?;
    Ok(Doorbell { path })
}

/// Takes the socket away when dropped.
#[derive(Debug)]
pub struct Doorbell {
    path: PathBuf,
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
    }
}

fn answer(mut door: UnixStream) -> Option<Ring> {
    door.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut said = Vec::new();
    let mut line = io::BufReader::new(&door).take(RING_BYTES_MAX);
    io::BufRead::read_until(&mut line, b'\n', &mut said).ok()?;
    let said = String::from_utf8(said).ok()?;
    let ring = match said.strip_suffix('\n')?.split_once(' ') {
        None if said == "show\n" => Ring::Show,
        Some(("open", link)) => Ring::Open(link.to_owned()),
        _ => return None,
    };
    door.write_all(b"\n").ok()?;
    Some(ring)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_ring_is_heard_and_nonsense_is_not() {
        let home = tempfile::tempdir().unwrap();
        assert!(!ring(home.path(), &Ring::Show), "nobody is there");
        let (rung, heard) = mpsc::sync_channel(8);
        let doorbell = listen(home.path(), move |ring| rung.send(ring).unwrap()).unwrap();
        for nonsense in ["", "\n", "show", "shout\n", "open\n", &"x".repeat(20_000)] {
            let mut door = UnixStream::connect(home.path().join(NAME)).unwrap();
            // It may be closed before all is said.
            door.write_all(nonsense.as_bytes()).ok();
            door.shutdown(std::net::Shutdown::Write).ok();
        }
        let link = Ring::Open("causerie:i1#abc".to_owned());
        assert!(ring(home.path(), &link));
        assert!(ring(home.path(), &Ring::Show));
        assert_eq!([heard.recv().unwrap(), heard.recv().unwrap()], [link, Ring::Show]);
        assert!(heard.try_recv().is_err());
        drop(doorbell);
        assert!(!ring(home.path(), &Ring::Show));
    }
}
