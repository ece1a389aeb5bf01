//! A person: a home of their own, the real program, and what its owner would see.
//!
//! ```text
//! new ── init ──▶ has a home ── starts ──▶ runs ── stops | is_killed ──▶ has a home ── starts …
//! ```
//!
//! Verbs in the third person do what they say and end the test where that fails; `tries_to` and `cli` hand back the
//! outcome. `waits_…` return as soon as it is so. The program sees nothing of the environment but what it needs.

mod binary;
mod diary;
mod port;
mod process;
mod socket;
mod verbs;
mod views;

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    PATIENCE,
    clock::Clock,
    disk::Disk,
    internet::Internet,
    lan::{Host, Lan},
    power::PowerDisk,
};
use diary::{Diary, InVain};
pub(crate) use port::Port;
pub use process::Listening;
use process::Running;
pub use socket::{Answer, Socket};
pub use views::{Contact, Outcome, Row};

/// How often a condition that no event announces is looked at again. Chosen.
const GLANCE: Duration = Duration::from_millis(250);

/// Somebody with a node.
#[derive(Debug)]
pub struct Person {
    name: String,
    id: String,
    directory: TempDir,
    home: PathBuf,
    place: Place,
    clock: Option<Clock>,
    /// What the log holds, where it is more than usual.
    filter: Option<&'static str>,
    node: Mutex<Option<Running>>,
}

/// A moment in the events of a run; by default its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bookmark(usize);

/// Where somebody's node runs.
#[derive(Debug)]
enum Place {
    /// On this machine's loopback, at a port of their own.
    Loopback(Port),
    /// On a host of a network that a test made.
    Elsewhere(Host),
}

impl Person {
    /// Somebody on this machine, with an identity.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let person = Self::without_identity(name);
        person.with_identity()
    }

    /// Somebody on this host of that network, counted from 1, with an identity.
    #[must_use]
    pub fn on(lan: &Lan, host: usize, name: &str) -> Self {
        Self::at(name, Place::Elsewhere(lan.host(host))).with_identity()
    }

    /// Somebody in this home behind its router, counted from 1, with an identity.
    #[must_use]
    pub fn behind(internet: &Internet, home: usize, name: &str) -> Self {
        Self::at(name, Place::Elsewhere(internet.home(home))).with_identity()
    }

    /// A server that everybody can reach, counted from 1, with an identity.
    #[must_use]
    pub fn serving(internet: &Internet, server: usize) -> Self {
        Self::at(&format!("server {server}"), Place::Elsewhere(internet.server(server))).with_identity()
    }

    /// Somebody on this machine whose home is to lie on this disk, with an identity.
    #[must_use]
    pub fn with_home_on(disk: &Disk, name: &str) -> Self {
        Self::with_home_in(disk.path(), name)
    }

    /// Somebody on this machine whose home is to lie in this directory, with an identity.
    #[must_use]
    pub fn with_home_in(directory: &Path, name: &str) -> Self {
        Self::without_identity_in(directory, name).with_identity()
    }

    /// Somebody on this machine whose home is to lie in this directory, once they have one.
    #[must_use]
    pub fn without_identity_in(directory: &Path, name: &str) -> Self {
        let mut person = Self::without_identity(name);
        person.home = directory.join(name);
        person
    }

    /// Somebody on this machine whose home an older version left (`tests/older/`), untouched so far.
    #[must_use]
    pub fn with_older_home(name: &str) -> Self {
        let mut person = Self::without_identity(name);
        let left = Path::new(env!("CARGO_MANIFEST_DIR")).join("older").join(name);
        // Another home tells who it is.
        copy(&left, &person.home);
        person.id = views::text(&person.status(), "id");
        person.puts_back(&left);
        person
    }

    /// The same with a wall clock of their own. Where this machine cannot have it the reason is printed, and setting it
    /// does nothing.
    #[must_use]
    pub fn with_own_clock(mut self) -> Self {
        self.clock = Clock::in_directory(self.directory.path());
        self
    }

    /// The same, whose log holds what this filter of it says.
    #[must_use]
    pub const fn logging(mut self, filter: &'static str) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Somebody on this machine who has not even a home.
    #[must_use]
    pub fn without_identity(name: &str) -> Self {
        Self::at(name, Place::Loopback(Port::claim()))
    }

    fn at(name: &str, place: Place) -> Self {
        let directory = tempfile::Builder::new().prefix("causerie-").tempdir().unwrap();
        let home = directory.path().join("home");
        let (name, id) = (name.to_owned(), String::new());
        Self { name, id, directory, home, place, clock: None, filter: None, node: Mutex::new(None) }
    }

    fn with_identity(mut self) -> Self {
        let made = self.cli(&["init", "--name", &self.name]).value();
        assert_eq!(made["name"], self.name);
        self.id = views::text(&made, "id");
        self
    }
}

/// The node: beginning and end.
impl Person {
    /// Starts the node where it can be found again, and waits until it listens.
    pub fn starts(&self) {
        let listen = self.listen_args();
        let mut args = match self.place {
            Place::Loopback(_) => vec!["--loopback"],
            Place::Elsewhere(_) => Vec::new(),
        };
        args.extend(listen.iter().map(String::as_str));
        self.starts_with(&args);
    }

    /// Starts the node with these arguments of `run`, and waits until it listens.
    pub fn starts_with(&self, args: &[&str]) {
        self.starts_reading(args, b"");
    }

    /// Starts the node with these arguments of `run` and these bytes on standard input, and waits until it listens.
    pub fn starts_reading(&self, args: &[&str], input: &[u8]) {
        self.spawns(args, input);
        self.waits_for(|event| event["type"] == "node.listening", "it to listen");
    }

    /// Starts the node so that nobody is told where it is: it meets only whom it dials here, or who dials it.
    pub fn starts_hidden(&self, dial: &[String]) {
        let mut args = vec!["--no-mdns".to_owned()];
        args.extend(self.listen_args());
        for address in dial {
            args.extend(["--dial".to_owned(), address.clone()]);
        }
        self.spawns(&args.iter().map(String::as_str).collect::<Vec<_>>(), b"");
        self.waits_until("the node answers", || (self.status()["running"] == true).then_some(()));
    }

    /// Starts the node with these arguments of `run` where it listens nowhere, and waits until it answers.
    pub fn starts_unheard(&self, args: &[&str]) {
        self.spawns(args, b"");
        self.waits_until("the node answers", || (self.status()["running"] == true).then_some(()));
    }

    /// Ends the node as a system does that shuts down, and waits. Its exit code has to be 0.
    pub fn stops(&self) -> Duration {
        let mut running = self.node.lock().unwrap().take().expect("a node runs");
        let begin = Instant::now();
        signal(&running.child, "-TERM");
        let ended = running.diary.wait_for(usize::MAX, PATIENCE, |_| false);
        assert_eq!(ended, Err(InVain::Ended), "{} does not stop: {}", self.name, running.diary.report());
        let status = running.child.wait().unwrap();
        assert!(status.success(), "{} ended with {status}: {}", self.name, running.diary.report());
        begin.elapsed()
    }

    /// All that the node's process can write to in its memory, as the system shows it to whoever may see everything.
    #[must_use]
    pub fn memory(&self) -> Vec<u8> {
        let node = self.node.lock().unwrap();
        let pid = node.as_ref().expect("a node runs").child.id();
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let file = File::open(format!("/proc/{pid}/mem")).unwrap();
        let mut memory = Vec::new();
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (begin, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let [begin, end] = [begin, end].map(|text| u64::from_str_radix(text, 16).unwrap());
            let mut part = vec![0; usize::try_from(end - begin).unwrap()];
            // What goes away meanwhile, or is no memory, is not there to be read.
            if file.read_exact_at(&mut part, begin).is_ok() {
                memory.extend(part);
            }
        }
        memory
    }

    /// The node stands still, as all of a machine does that sleeps.
    pub fn falls_asleep(&self) {
        self.is_told("-STOP");
    }

    /// It goes on.
    pub fn wakes(&self) {
        self.is_told("-CONT");
    }

    fn is_told(&self, what: &str) {
        signal(&self.node.lock().unwrap().as_ref().expect("a node runs").child, what);
    }

    /// Kills the node: it learns nothing of it and cannot do a thing.
    pub fn is_killed(&self) {
        // The end of `Running` is just that.
        drop(self.node.lock().unwrap().take().expect("a node runs"));
    }

    fn spawns(&self, args: &[&str], input: &[u8]) {
        let mut node = self.node.lock().unwrap();
        assert!(node.is_none(), "{} runs already", self.name);
        let mut command = match &self.place {
            Place::Loopback(_) => Command::new(binary::path()),
            Place::Elsewhere(host) => host.command(binary::path()),
        };
        self.surroundings(&mut command);
        command.arg("run").args(args);
        *node = Some(Running::spawn(command, input));
    }

    fn listen_args(&self) -> Vec<String> {
        match &self.place {
            Place::Elsewhere(_) => Vec::new(),
            Place::Loopback(_) => {
                let [tcp, quic] = self.addresses();
                vec!["--listen".to_owned(), tcp, "--listen".to_owned(), quic]
            }
        }
    }

    fn surroundings(&self, command: &mut Command) {
        command.env_clear().env("HOME", self.directory.path()).env("RUST_BACKTRACE", "1");
        for kept in ["PATH", "TMPDIR", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        if let Some(filter) = self.filter {
            command.env("CAUSERIE_LOG", filter);
        }
        if let Some(clock) = &self.clock {
            clock.govern(command);
        }
        command.arg("--home").arg(self.home()).arg("--json");
    }
}

/// The command line and the socket.
impl Person {
    /// Runs a command of theirs and waits for its end.
    pub fn cli<S: AsRef<OsStr>>(&self, args: &[S]) -> Outcome {
        self.cli_reading(args, b"")
    }

    /// Runs a command of theirs until its end, or until the power of this disk has gone.
    pub fn cli_with_power_of(&self, disk: &PowerDisk, args: &[&str]) -> Outcome {
        let mut command = Command::new(binary::path());
        self.surroundings(&mut command);
        command.args(args);
        process::run_until(command, format!("{}: {args:?}", self.name), || disk.has_no_power())
    }

    /// Runs a command of theirs that reads these bytes on standard input.
    pub fn cli_reading<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Outcome {
        let mut command = Command::new(binary::path());
        self.surroundings(&mut command);
        command.args(args);
        let asked: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy().into_owned()).collect();
        let asked: String = asked.join(" ").chars().take(200).collect();
        process::run_to_its_end(command, format!("{}: {asked}", self.name), input)
    }

    /// Gives all that is theirs to a user without any rights, and runs a command as that one: `None`, with the reason
    /// printed, where this machine cannot do that.
    #[must_use]
    pub fn cli_unprivileged(&self, args: &[&str]) -> Option<Outcome> {
        let given = Command::new("chown").args(["-R", "65534:65534"]).arg(self.directory.path()).output();
        let as_nobody = || {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
            command
        };
        let can = as_nobody().arg(binary::path()).arg("--version").output();
        if !given.is_ok_and(|given| given.status.success()) || !can.is_ok_and(|can| can.status.success()) {
            println!("passed over: no program can be run as another user here");
            return None;
        }
        let mut command = as_nobody();
        command.arg(binary::path());
        self.surroundings(&mut command);
        command.args(args);
        Some(process::run_to_its_end(command, format!("{}, unprivileged: {args:?}", self.name), b""))
    }

    /// Follows the events in a process of its own: `listen` with these arguments.
    #[must_use]
    pub fn listens(&self, args: &[&str]) -> Listening {
        let mut command = Command::new(binary::path());
        self.surroundings(&mut command);
        command.arg("listen").args(args);
        Listening(Running::spawn(command, b""))
    }

    /// A connection to the node's socket.
    #[must_use]
    pub fn socket(&self) -> Socket {
        let path = self.home().join("node.sock");
        self.waits_until("the socket answers", || Socket::connect(&path).ok())
    }

    /// Asks the running node one thing; what it answers has to be a result.
    #[must_use]
    pub fn asks(&self, method: &str, params: &Value) -> Value {
        let answer = self.socket().ask(method, params).expect("the node answers");
        answer.unwrap_or_else(|error| panic!("{}: {method} was refused: {error}", self.name))
    }
}

/// Events.
impl Person {
    /// Waits for an event of this run, from its beginning on.
    #[track_caller]
    pub fn waits_for(&self, is_it: impl Fn(&Value) -> bool, what: &str) -> Value {
        self.waits_for_since(Bookmark(0), is_it, what)
    }

    /// Waits for an event after this moment.
    #[track_caller]
    pub fn waits_for_since(&self, since: Bookmark, is_it: impl Fn(&Value) -> bool, what: &str) -> Value {
        let diary = self.diary().expect("a node runs");
        let found = diary.wait_for(since.0, PATIENCE, is_it);
        found.unwrap_or_else(|why| {
            panic!("{} waited in vain ({why:?}) for {what}; {}", self.name, diary.report())
        })
    }

    /// Waits until there is something to see: looks at once, after every event, and now and then.
    #[track_caller]
    pub fn waits_until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let known = self.diary().map_or(0, |diary| diary.len());
            if let Some(seen) = look() {
                return seen;
            }
            let report = || self.diary().map_or_else(String::new, |diary| diary.report());
            assert!(Instant::now() < deadline, "{} waited in vain until {what}; {}", self.name, report());
            self.waits_for_news(Bookmark(known), GLANCE);
        }
    }

    /// Returns when something happened after this moment, or after this time.
    pub fn waits_for_news(&self, since: Bookmark, patience: Duration) {
        match self.diary() {
            Some(diary) => diary.wait_for_news(since.0, patience),
            None => std::thread::park_timeout(patience),
        }
    }

    /// This moment.
    #[must_use]
    pub fn bookmark(&self) -> Bookmark {
        Bookmark(self.diary().map_or(0, |diary| diary.len()))
    }

    /// How many events since this moment are like this.
    #[must_use]
    pub fn counts(&self, since: Bookmark, is_it: impl Fn(&Value) -> bool) -> usize {
        self.diary().map_or(0, |diary| diary.count(since.0, is_it))
    }

    /// The events of this run since this moment.
    #[must_use]
    pub fn events(&self, since: Bookmark) -> Vec<Value> {
        self.diary().map_or_else(Vec::new, |diary| diary.events(since.0))
    }
}

/// What else there is to know.
impl Person {
    /// Their account.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What they call themselves.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory with all that is theirs.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.home.clone()
    }

    /// Where their node listens on this machine: TCP, then QUIC.
    #[must_use]
    pub fn addresses(&self) -> [String; 2] {
        let port = self.port();
        [format!("/ip4/127.0.0.1/tcp/{port}"), format!("/ip4/127.0.0.1/udp/{port}/quic-v1")]
    }

    /// The port on this machine, of TCP and of UDP, that is theirs.
    #[must_use]
    pub fn port(&self) -> u16 {
        match &self.place {
            Place::Loopback(port) => port.number(),
            Place::Elsewhere(_) => panic!("{} is not on this machine", self.name),
        }
    }

    /// What `status` says.
    #[must_use]
    pub fn status(&self) -> Value {
        self.cli(&["status"]).value()
    }

    /// Whether a node of theirs was started and not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.node.lock().unwrap().is_some()
    }

    /// Whether a node of theirs ended by itself.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let mut node = self.node.lock().unwrap();
        node.as_mut().is_some_and(|running| running.child.try_wait().unwrap().is_some())
    }

    /// The process of the node.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.node.lock().unwrap().as_ref().expect("a node runs").child.id()
    }

    /// What the node said on standard error in this run.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.diary().map_or_else(String::new, |diary| diary.stderr())
    }

    /// Copies their whole home to this place, as a backup program would.
    pub fn copies_home_to(&self, to: &Path) {
        assert!(!self.is_running(), "a home in use cannot be copied whole");
        copy(&self.home(), to);
    }

    /// A copy of their home on another host of their network, counted from 1.
    #[must_use]
    pub fn copies_home_to_host(&self, lan: &Lan, host: usize) -> Self {
        let mut copy = Self::at(&self.name, Place::Elsewhere(lan.host(host)));
        copy.id.clone_from(&self.id);
        self.copies_home_to(&copy.home);
        copy
    }

    /// Their home lies in another place from now on.
    pub fn moves_to(&mut self, place: PathBuf) {
        self.copies_home_to(&place);
        self.home = place;
    }

    /// Puts a copy of the home back.
    pub fn puts_back(&self, from: &Path) {
        assert!(!self.is_running(), "a home in use cannot be replaced");
        fs::remove_dir_all(self.home()).unwrap();
        copy(from, &self.home());
    }

    /// Somebody sets their clock: it is off by so many seconds from now on.
    pub fn clock_is_off_by(&self, seconds: i64) {
        if let Some(clock) = &self.clock {
            clock.is_off_by(seconds);
        }
    }

    fn diary(&self) -> Option<Arc<Diary>> {
        self.node.lock().unwrap().as_ref().map(|running| Arc::clone(&running.diary))
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        let target: OsString = to.join(entry.file_name()).into();
        if kind.is_dir() {
            copy(&entry.path(), Path::new(&target));
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

fn signal(process: &Child, what: &str) {
    let pid = process.id().to_string();
    let told = Command::new("kill").args([what, &pid]).status().expect("`kill` is there");
    assert!(told.success(), "{pid} cannot be told {what}");
}
