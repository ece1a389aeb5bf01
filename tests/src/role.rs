//! A role: this test program once more, on a host of a network that a test made, where one of its tests is all it does.
//!
//! A network belongs to a process, so whoever listens or speaks on a host has to be one there. The test that is the role
//! does nothing when it is run by itself ([`asked`]); otherwise it [`say`]s what the other process waits for, line by
//! line, and ends when it is [`told`] no more. A role that fails ends the test that wanted it.

use std::{
    env,
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use crate::lan::Host;

const ROLE: &str = "CAUSERIE_TEST_ROLE";
const WANTS: &str = "CAUSERIE_TEST_ROLE_WANTS";

/// What a role says begins so: the line is its own and not the test framework's.
const MARK: &str = "> ";

/// See the file's head.
#[derive(Debug)]
pub struct Role {
    test: String,
    process: Child,
    told: Option<ChildStdin>,
    said: Lines<BufReader<ChildStdout>>,
}

impl Role {
    /// Starts this test of this program on a host, with what it is to know.
    pub(crate) fn start(host: &Host, test: &str, wants: &str) -> Self {
        let mut command = host.command(env::current_exe().expect("this test has a path"));
        command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
        command.env(ROLE, test).env(WANTS, wants).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("this test can be started again");
        let told = process.stdin.take();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { test: test.to_owned(), process, told, said }
    }

    /// Tells it something, one line.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.told.as_mut().unwrap(), "{line}").expect("it listens");
    }

    /// What it says next.
    #[must_use]
    pub fn says(&mut self) -> String {
        // What the framework prints first stands on the same line.
        let said = |line: String| line.split_once(MARK).map(|(_, said)| said.to_owned());
        let found = self.said.by_ref().map_while(Result::ok).find_map(said);
        found.unwrap_or_else(|| panic!("{} ended and said nothing", self.test))
    }

    /// Tells it no more and waits for its end, which has to be a good one.
    pub fn ends(mut self) {
        drop(self.told.take());
        self.said.by_ref().for_each(drop);
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{} failed", self.test);
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What this process is to know, if it is here to play this role.
#[must_use]
pub fn asked(test: &str) -> Option<String> {
    (env::var(ROLE).ok()? == test).then(|| env::var(WANTS).unwrap_or_default())
}

/// Says something to whoever wanted the role.
pub fn say(line: &str) {
    println!("\n{MARK}{line}");
}

/// What the role is told, line by line, until it is to end.
pub fn told() -> impl Iterator<Item = String> {
    std::io::stdin().lines().map_while(Result::ok)
}
