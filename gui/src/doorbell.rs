//! One window a home: a second start rings at the first, which comes to the front, and ends.
//!
//! ```text
//! second start ── "show\n", "open LINK\n" or "\n" ──▶ HOME/window.sock ──▶ the first window
//! ```
//!
//! The home is for its owner alone (0700), and so is whoever can ring. What is rung is bounded and is never done, only
//! shown: a link stands in the field in which links are pasted.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use causerie_node::home::{HomeError, socket};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    task::{AbortHandle, spawn},
    time::timeout,
};

const NAME: &str = "window.sock";

/// Bytes of a ring: a link has less than a thousand.
const RING_BYTES_MAX: u64 = 8_192;

/// How long somebody who rings is listened to.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// To find out whether anybody is there.
    Nothing,
    /// To come to the front.
    Show,
    /// To show this invitation.
    Open(String),
}

/// Rings at the window that is open on this home; false where there is none.
#[must_use]
pub fn ring(home: &Path, ring: &Ring) -> bool {
    let said = match ring {
        Ring::Nothing => "\n".to_owned(),
        Ring::Show => "show\n".to_owned(),
        Ring::Open(link) => format!("open {link}\n"),
    };
    let Ok(mut door) = socket::connect_as(home, NAME) else { return false };
    let answered = door
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| door.write_all(said.as_bytes()))
        .and_then(|()| door.read_exact(&mut [0; 1]));
    answered.is_ok()
}

/// Listens for rings until it is dropped; for whoever holds the home's lock, on a tokio runtime.
///
/// # Errors
/// [`HomeError`] when the socket cannot be made.
pub fn listen(home: &Path, rung: impl Fn(Ring) + Send + 'static) -> Result<Doorbell, HomeError> {
    let path = home.join(NAME);
    let failed = |source| HomeError::Io { path: path.clone(), doing: "listen on", source };
    let listener = socket::bind_as(home, NAME)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = UnixListener::from_std(listener).map_err(failed)?;
    let listening = spawn(async move {
        // Somebody who rings badly is not let in, and others can still ring.
        while let Ok((door, _)) = listener.accept().await {
            if let Ok(Some(ring)) = timeout(PATIENCE, answer(door)).await {
                rung(ring);
            }
        }
    });
    Ok(Doorbell { path, listening: listening.abort_handle() })
}

/// Takes the socket away when dropped.
#[derive(Debug)]
pub struct Doorbell {
    path: PathBuf,
    listening: AbortHandle,
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        self.listening.abort();
        fs::remove_file(&self.path).ok();
    }
}

async fn answer(mut door: UnixStream) -> Option<Ring> {
    let mut said = String::new();
    BufReader::new((&mut door).take(RING_BYTES_MAX)).read_line(&mut said).await.ok()?;
    let ring = match said.strip_suffix('\n')?.split_once(' ') {
        None if said == "\n" => Ring::Nothing,
        None if said == "show\n" => Ring::Show,
        Some(("open", link)) => Ring::Open(link.to_owned()),
        _ => return None,
    };
    door.write_all(b"\n").await.ok()?;
    Some(ring)
}

#[cfg(test)]
mod tests {
    use tokio::{sync::mpsc, task::spawn_blocking};

    use super::*;

    async fn rings(home: &Path, what: Ring) -> bool {
        let home = home.to_owned();
        spawn_blocking(move || ring(&home, &what)).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_ring_is_heard_and_nonsense_is_not() {
        // Longer than the address of a socket can be.
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("x".repeat(150));
        fs::create_dir(&home).unwrap();
        assert!(!rings(&home, Ring::Show).await, "nobody is there");
        let (rung, mut heard) = mpsc::channel(8);
        let doorbell = listen(&home, move |ring| rung.try_send(ring).unwrap()).unwrap();
        for nonsense in ["", "show", "shout\n", "open\n", &"x".repeat(20_000)] {
            let mut door = socket::connect_as(&home, NAME).unwrap();
            // It may be closed before all is said.
            door.write_all(nonsense.as_bytes()).ok();
            door.shutdown(std::net::Shutdown::Write).ok();
        }
        let link = Ring::Open("causerie:i1#abc".to_owned());
        assert!(rings(&home, link.clone()).await);
        assert!(rings(&home, Ring::Show).await);
        assert_eq!([heard.recv().await, heard.recv().await], [Some(link), Some(Ring::Show)]);
        assert!(heard.try_recv().is_err());
        drop(doorbell);
        assert!(!rings(&home, Ring::Show).await);
    }
}
