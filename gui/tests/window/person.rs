//! Somebody at a window: the real program, on a home of their own, with a keyboard and no mouse.
//!
//! What it came to is asked of the node's socket; pictures tell only that something changed, and that nothing changes
//! any more.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread::park_timeout,
    time::{Duration, Instant},
};

use causerie_node::home::socket;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use x11rb::protocol::xproto::Window;

use crate::{
    likeness::difference,
    screen::{Held, Key, Picture, Screen, keep},
};

/// Nothing here takes so long on any machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often something is looked at again.
const GLANCE: Duration = Duration::from_millis(40);

/// The program under test.
pub(crate) fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causerie"));
    command.args(["--loopback", "--home"]).arg(home).stdin(Stdio::null());
    command
}

/// Looks until something is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        park_timeout(GLANCE);
    }
}

/// Runs a program that is to end by itself.
#[track_caller]
pub(crate) fn run_to_its_end(mut command: Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = until("a program ends by itself", || child.try_wait().unwrap());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    child.stdout.unwrap().read_to_end(&mut stdout).unwrap();
    child.stderr.unwrap().read_to_end(&mut stderr).unwrap();
    Output { status, stdout, stderr }
}

/// See the file's head.
pub(crate) struct Person<'a> {
    pub(crate) name: &'static str,
    pub(crate) home: PathBuf,
    screen: &'a Screen,
    /// Where on the screen.
    x: i32,
    child: Child,
    window: Window,
}

impl<'a> Person<'a> {
    /// Sits down at a home with these preferences, and opens the window for the first time.
    pub(crate) fn new(screen: &'a Screen, home: PathBuf, name: &'static str, x: i32, chosen: &Value) -> Self {
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("window.json"), chosen.to_string()).unwrap();
        let (child, window) = open(screen, &home);
        screen.place(window, x, 0);
        Self { name, home, screen, x, child, window }
    }

    /// Opens the window again, after it has ended.
    pub(crate) fn starts(&mut self) {
        self.starts_where_it_was();
        self.screen.place(self.window, self.x, 0);
    }

    /// Opens the window again, after it has ended, and does not move it.
    pub(crate) fn starts_where_it_was(&mut self) {
        (self.child, self.window) = open(self.screen, &self.home);
    }

    /// Drags the window there.
    pub(crate) fn moves(&self, x: i32, y: i32) {
        self.screen.place(self.window, x, y);
    }

    /// Where the window is, and its size.
    pub(crate) fn place(&self) -> [i32; 4] {
        self.screen.place_of(self.window)
    }

    /// Changes what was chosen for the window, while the program does not run.
    pub(crate) fn rewrites(&self, change: impl FnOnce(&mut Value)) {
        let file = self.home.join("window.json");
        let mut chosen = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        change(&mut chosen);
        std::fs::write(file, chosen.to_string()).unwrap();
    }

    /// Ends as when the machine does.
    pub(crate) fn is_killed(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends as when a session does.
    pub(crate) fn is_terminated(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.ends()
    }

    /// Ends as when the window's frame is asked to.
    pub(crate) fn closes(&mut self) -> ExitStatus {
        self.screen.close(self.window);
        self.ends()
    }

    /// Ends as when another program destroys the window.
    pub(crate) fn is_destroyed(&mut self) -> ExitStatus {
        self.screen.destroy(self.window);
        self.ends()
    }

    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        until("the program ends", || self.child.try_wait().unwrap())
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn title(&self) -> String {
        self.screen.title(self.window)
    }

    /// Presses keys of which something is to be seen, and waits until it is.
    #[track_caller]
    pub(crate) fn presses(&self, held: &[Held], key: Key) {
        self.acts(&format!("{} sees what {held:?} {key:?} did", self.name), || self.screen.press(held, key));
    }

    /// Presses keys of which nothing need be seen.
    pub(crate) fn strikes(&self, held: &[Held], key: Key) {
        self.screen.focus(self.window);
        self.still();
        self.screen.press(held, key);
    }

    /// Types where the focus is.
    #[track_caller]
    pub(crate) fn types(&self, text: &str) {
        self.acts(&format!("{} sees “{text}”", self.name), || self.screen.types(text));
    }

    #[track_caller]
    fn acts(&self, what: &str, act: impl FnOnce()) {
        self.screen.focus(self.window);
        let before = self.still();
        act();
        until(what, || self.screen.picture(self.window).filter(|now| *now != before));
        self.still();
    }

    /// The picture, once it stays the same.
    #[track_caller]
    pub(crate) fn still(&self) -> Picture {
        let mut last = None;
        let mut same = 0;
        until("the picture stays the same", || {
            let now = self.screen.picture(self.window)?;
            same = if last.as_ref() == Some(&now) { same + 1 } else { 0 };
            last = Some(now);
            (same >= 3).then(|| last.take()).flatten()
        })
    }

    /// Keeps a picture of the window.
    pub(crate) fn is_pictured(&self, name: &str) {
        self.screen.focus(self.window);
        keep(&self.still(), name);
    }

    /// Sees a screen that is always the same.
    #[track_caller]
    pub(crate) fn is_seen_as(&self, name: &str) {
        self.screen.focus(self.window);
        // That it has the focus may be painted a little later.
        until(&format!("{} sees {name}.png", self.name), || {
            let difference = difference(&self.still(), name);
            if let Some(why) = &difference {
                println!("{why}");
            }
            difference.is_none().then_some(())
        });
    }

    /// Asks the node; `None` while nobody answers.
    pub(crate) fn asks(&self, method: &str, params: &Value) -> Option<Value> {
        let mut door = socket::connect_as(&self.home, "node.sock").ok()?;
        door.set_read_timeout(Some(PATIENCE)).ok()?;
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        writeln!(door, "{question}").ok()?;
        let mut line = String::new();
        BufReader::new(door).read_line(&mut line).ok()?;
        serde_json::from_str::<Value>(&line).ok()?.get("result").cloned()
    }

    /// Asks until the answer is the right one.
    #[track_caller]
    pub(crate) fn learns(
        &self,
        what: &str,
        method: &str,
        params: Value,
        is_it: impl Fn(&Value) -> bool,
    ) -> Value {
        until(&format!("{} learns that {what}", self.name), || self.asks(method, &params).filter(&is_it))
    }

    /// The contact whose words are known, once they can be talked to and are there.
    #[track_caller]
    pub(crate) fn meets(&self, name: &str) {
        self.learns(&format!("{name} is there"), "contact.list", json!({}), |all| {
            rows(all)
                .iter()
                .any(|one| one["name"] == name && one["state"] == "active" && one["online"] == true)
        });
    }

    /// Waits for the last message of the only conversation.
    #[track_caller]
    pub(crate) fn reads(&self, text: &str) {
        self.learns(&format!("“{text}” came"), "conversation.list", json!({}), |all| {
            rows(all).first().is_some_and(|one| one["last"]["text"] == text)
        });
    }
}

/// A list, whether it stands alone or in a field.
pub(crate) fn rows(answer: &Value) -> Vec<Value> {
    let listed = answer.as_array().or_else(|| answer.as_object()?.values().find_map(Value::as_array));
    listed.cloned().unwrap_or_default()
}

fn open(screen: &Screen, home: &Path) -> (Child, Window) {
    let mut command = program(home);
    screen.show(&mut command);
    let mut child = command.spawn().unwrap();
    let window = until("there is a window", || {
        assert!(child.try_wait().unwrap().is_none(), "the program ended before there was a window");
        screen.window_of(child.id())
    });
    screen.attend(window);
    // While the node starts there is a heading and nothing below it.
    until("the window shows a page", || screen.picture(window)?.has_something(150..400).then_some(()));
    (child, window)
}

impl Drop for Person<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(picture) = self.screen.picture(self.window)
        {
            keep(&picture, &format!("failed-{}", self.name));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
