//! A process of the program under test: one that tells events until it is ended, or one that is read to its end.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{GLANCE, diary::Diary, views::Outcome};
use crate::PATIENCE;

/// How often it is looked whether a process is to be killed. Chosen.
const GLIMPSE: Duration = Duration::from_millis(1);

/// A process that tells events.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) child: Child,
    pub(super) diary: Arc<Diary>,
}

impl Running {
    /// Starts it; it can read these bytes on standard input.
    pub(super) fn spawn(mut command: Command, input: &[u8]) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        // One that wants no input may be gone before it is written.
        child.stdin.take().unwrap().write_all(input).ok();
        let diary = Diary::of(child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, diary }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        self.child.kill().ok();
        self.child.wait().ok();
        // What it still said is written down before anybody looks.
        self.diary.wait_for(usize::MAX, GLANCE, |_| false).ok();
    }
}

/// A `listen` that follows the events.
#[derive(Debug)]
pub struct Listening(pub(super) Running);

impl Listening {
    /// Waits for an event that it printed.
    #[track_caller]
    pub fn waits_for(&self, is_it: impl Fn(&Value) -> bool, what: &str) -> Value {
        let found = self.0.diary.wait_for(0, PATIENCE, is_it);
        found.unwrap_or_else(|why| panic!("waited in vain ({why:?}) for {what}; {}", self.0.diary.report()))
    }

    /// Everything that it printed so far.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.0.diary.events(0)
    }
}

/// Runs a command until its end, or until it is to be killed; its outcome.
pub(super) fn run_until(mut command: Command, asked: String, is_over: impl Fn() -> bool) -> Outcome {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    let [stdout, stderr] =
        [read_to_end(child.stdout.take().unwrap()), read_to_end(child.stderr.take().unwrap())];
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if is_over() {
            child.kill().ok();
        }
        assert!(Instant::now() < deadline, "`{asked}` does not end");
        std::thread::park_timeout(GLIMPSE);
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let [stdout, stderr] = [stdout, stderr].map(|said| said.recv_timeout(PATIENCE).unwrap());
    Outcome { asked, code, stdout, stderr }
}

/// Runs a command; its outcome.
pub(super) fn run_to_its_end(mut command: Command, asked: String, input: &[u8]) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    let mut stdin = child.stdin.take().unwrap();
    let stdout = read_to_end(child.stdout.take().unwrap());
    let stderr = read_to_end(child.stderr.take().unwrap());
    // A program that wants no input may be gone before it is written.
    stdin.write_all(input).ok();
    drop(stdin);
    let heard = [stdout.recv_timeout(PATIENCE), stderr.recv_timeout(PATIENCE)];
    let [Ok(stdout), Ok(stderr)] = heard else {
        child.kill().ok();
        child.wait().ok();
        panic!("`{asked}` does not end");
    };
    let code = child.wait().unwrap().code().unwrap_or(-1);
    Outcome { asked, code, stdout, stderr }
}

fn read_to_end(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (said, heard) = sync_channel(1);
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        said.send(String::from_utf8_lossy(&bytes).into_owned()).ok();
    });
    heard
}
