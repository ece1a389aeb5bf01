//! What a fault of the program leaves behind for its owner: one file in the home's log folder that says where it broke.
//!
//! ```text
//! panic ─▶ log/crash.txt ── its owner was told of it ─▶ log/crash.previous.txt
//! ```
//! A panic's own words are left out, since they may quote a text or a name; so are paths of this machine, and nothing
//! is sent anywhere. Only the first panic of a process is kept: later ones follow from it. A panic that is expected and
//! handled leaves nothing.

use std::{
    backtrace::Backtrace,
    cell::Cell,
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    panic,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::{clock, rpc::views};

/// Where it lies in a home.
const FOLDER: &str = "log";
const NAME: &str = "crash.txt";
const NAME_TOLD: &str = "crash.previous.txt";

/// Functions of the way to the fault, the nearest first. Chosen: what leads there from our own code.
const FUNCTIONS_MAX: usize = 48;

/// Letters of one function's name, which generic parameters can make very long.
const FUNCTION_LENGTH_MAX: usize = 240;

/// Bytes of a report that are read back. Chosen: more than is ever written.
const BYTES_MAX: u64 = 32_768;

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// What was left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Where the report lies.
    pub path: PathBuf,
    /// What it says.
    pub report: String,
}

/// From now on a panic of this process is kept in this home, besides whatever else becomes of it; but not one in a library
/// whose folder begins like one of these, which the program goes on without.
pub fn watch(home: &Path, program: &'static str, handled: &'static [&'static str]) {
    let (home, first) = (home.to_owned(), AtomicBool::new(true));
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |fault| {
        let place = fault.location().map(|place| (source(place.file()), place.line()));
        let is_handled = |(file, _): &(String, u32)| handled.iter().any(|library| file.starts_with(library));
        let is_fault = !EXPECTED.get() && !place.as_ref().is_some_and(is_handled);
        if is_fault && first.swap(false, Ordering::Relaxed) {
            let report = report(program, place, &Backtrace::force_capture().to_string());
            // Where there is no room for it, there is none.
            write(&home, &report).ok();
        }
        before(fault);
    }));
}

/// Calls what may panic while its caller handles that.
pub fn expected<T>(call: impl FnOnce() -> T) -> T {
    /// Puts back what was, however the call ends.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            EXPECTED.set(self.0);
        }
    }
    let _before = Before(EXPECTED.replace(true));
    call()
}

/// What the last fault in this home left behind, if its owner was not told of it yet.
#[must_use]
pub fn left_behind(home: &Path) -> Option<Crash> {
    let path = home.join(FOLDER).join(NAME);
    // Nothing but a file: a pipe would let us wait for ever.
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut report = String::new();
    File::open(&path).ok()?.take(BYTES_MAX).read_to_string(&mut report).ok()?;
    Some(Crash { path, report })
}

/// Its owner was told: it is kept under another name, in place of the one before it; where it is then.
///
/// # Errors
/// When the file system refuses.
pub fn told(home: &Path) -> io::Result<PathBuf> {
    let folder = home.join(FOLDER);
    let path = folder.join(NAME_TOLD);
    fs::rename(folder.join(NAME), &path)?;
    Ok(path)
}

fn write(home: &Path, report: &str) -> io::Result<()> {
    let folder = home.join(FOLDER);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(folder.join(NAME));
    file?.write_all(report.as_bytes())
}

fn report(program: &str, place: Option<(String, u32)>, backtrace: &str) -> String {
    let (version, system, processor) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let time = views::time(clock::now().wall);
    let place = place.map_or_else(|| "unknown".to_owned(), |(file, line)| format!("{file}:{line}"));
    // Only our own threads have names.
    let thread = thread::current().name().unwrap_or("without a name").to_owned();
    let mut report = format!(
        "A fault of {program}. Nothing of this was sent anywhere; it has no names, texts or addresses in it.\n\n\
        Version: {version}\nSystem: {system} {processor}\nTime: {time}\nPlace: {place}\nThread: {thread}\n\nThe way there:\n"
    );
    for function in functions(backtrace) {
        // Writing into a String cannot fail.
        writeln!(report, "  {function}").ok();
    }
    report
}

/// A file of source text, without where it lay on the machine that compiled it.
fn source(file: &str) -> String {
    let is_absolute = file.starts_with('/') || file.contains(":\\");
    if !is_absolute {
        return file.to_owned();
    }
    let parts: Vec<&str> = file.split(['/', '\\']).collect();
    // A library's folder stands before its `src`.
    let library = parts.iter().rposition(|part| *part == "src" || *part == "library");
    let from = library.map_or(parts.len().saturating_sub(1), |place| place.saturating_sub(1));
    parts.get(from..).unwrap_or_default().join("/")
}

/// The names of functions in a backtrace: lines as `  12: name`. Those between, which say where they were compiled, are
/// left out.
fn functions(backtrace: &str) -> impl Iterator<Item = String> {
    let names = backtrace.lines().filter_map(|line| {
        let (number, name) = line.trim_start().split_once(": ")?;
        number.parse::<u32>().ok()?;
        Some(name)
    });
    let is_of_panics = |name: &&str| {
        [
            "std::panicking",
            "std::sys",
            "alloc::boxed",
            "std::backtrace",
            "core::panicking",
            "rust_begin_unwind",
            "rustc",
            "__rust",
        ]
        .iter()
        .any(|begin| name.trim_start_matches('<').starts_with(begin))
    };
    let ours = names.skip_while(move |name| is_of_panics(name) || name.contains("causerie_node::crash::"));
    ours.take(FUNCTIONS_MAX).map(|name| name.chars().take(FUNCTION_LENGTH_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_where_and_not_on_whose_machine() {
        let backtrace = "   0: std::backtrace::Backtrace::force_capture\n             at /home/alice/rust/library/std/src/backtrace.rs:312:13\n   \
            1: causerie_node::crash::watch::{{closure}}\n   2: std::panicking::panic_with_hook\n   3: causerie::app::App::ui\n             \
            at ./gui/src/app.rs:200:9\n   4: main\n";
        let place = "/home/alice/.cargo/registry/src/index.crates.io-1949cf8c/egui-0.37.0/src/ui.rs";
        let report = report("causerie", Some((source(place), 7)), backtrace);
        assert!(report.contains("Place: egui-0.37.0/src/ui.rs:7\n"), "{report}");
        assert!(report.ends_with("The way there:\n  causerie::app::App::ui\n  main\n"), "{report}");
        assert!(report.contains(env!("CARGO_PKG_VERSION")) && !report.contains("alice"), "{report}");
        assert_eq!(source("gui/src/app.rs"), "gui/src/app.rs");
        assert_eq!(source("/home/alice/thing.rs"), "thing.rs");
        assert_eq!(source("/rustc/abc/library/core/src/option.rs"), "core/src/option.rs");
        assert_eq!(functions(&"  1: f\n".repeat(500)).count(), FUNCTIONS_MAX);
    }

    #[test]
    fn it_is_told_once() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(left_behind(home.path()), None);
        write(home.path(), "first").unwrap();
        write(home.path(), "2nd").unwrap();
        let crash = left_behind(home.path()).unwrap();
        assert_eq!((crash.report.as_str(), crash.path), ("2nd", home.path().join("log/crash.txt")));
        told(home.path()).unwrap();
        assert_eq!(left_behind(home.path()), None);
        assert_eq!(fs::read_to_string(home.path().join("log/crash.previous.txt")).unwrap(), "2nd");
        fs::create_dir(home.path().join("log/crash.txt")).unwrap();
        assert_eq!(left_behind(home.path()), None, "no file");
        assert!(write(&home.path().join("none"), "").is_err(), "no home is made for it");
    }
}
