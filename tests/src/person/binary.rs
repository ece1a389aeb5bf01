//! Where the program under test is.
//!
//! `CAUSERIE_NODE_BIN` names it; otherwise it lies two directories above the test's own executable. Where it is missing
//! or older than the sources, the same cargo builds it with the same profile, once a process: a test of yesterday's
//! program proves nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

/// The program.
pub(super) fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(find)
}

fn find() -> PathBuf {
    if let Some(given) = std::env::var_os("CAUSERIE_NODE_BIN") {
        return PathBuf::from(given);
    }
    let executable = std::env::current_exe().expect("this test has a path");
    // target/PROFILE/deps/scenarios-HASH
    let directory = executable.ancestors().nth(2).expect("tests lie below target/PROFILE/deps");
    let program = directory.join(format!("causerie-node{}", std::env::consts::EXE_SUFFIX));
    let built = modified(&program);
    if built.is_none() || built < newest_source() {
        build(directory);
    }
    assert!(program.is_file(), "{} was not built", program.display());
    program
}

fn build(directory: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let target = directory.parent().expect("a profile lies below target");
    let status = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "causerie-node",
            "--bin",
            "causerie-node",
            "--profile",
            profile,
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace())
        .status()
        .expect("cargo can be run");
    assert!(status.success(), "causerie-node cannot be built");
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies below the workspace")
}

fn newest_source() -> Option<SystemTime> {
    let mut newest = modified(&workspace().join("Cargo.lock"));
    let mut directories = vec![workspace().join("protocol/src"), workspace().join("node/src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                newest = newest.max(modified(&path));
            }
        }
    }
    newest
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}
