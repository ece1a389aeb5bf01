//! The house rules that no lint knows, checked on the sources themselves: which package may use which, what the engine
//! must not touch, which file alone may name which library, how long a file is and how it begins. `docs/style.md` says
//! why. Comments and texts in quotes are not searched, but for the words that must stand nowhere.

mod source;

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;
use source::{Source, sources, workspace};

const FILE_LINES_MAX: usize = 700;

/// Longer files, with the reason. Empty is best.
const LONGER: [(&str, &str); 0] = [];

/// Names of files and types that say nothing, and beginnings that give them away.
const EMPTY_WORDS: [&str; 14] = [
    "manager",
    "service",
    "helper",
    "helpers",
    "util",
    "utils",
    "common",
    "misc",
    "data",
    "info",
    "context",
    "actor",
    "controller",
    "processor",
];

/// What the engine must not touch: `protocol/clippy.toml` names the replacements.
const IMPURE: [&str; 28] = [
    "Instant",
    "SystemTime",
    "std::time",
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::sync",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "HashMap",
    "HashSet",
    "RandomState",
    "rand",
    "getrandom",
    "OsRng",
    "thread_rng",
    "tokio",
    "libp2p",
    "futures",
    "async",
    "await",
    "println",
    "eprintln",
    "thread_local",
];

/// What only tests and simulations turn on: for one thread, since many runs stand beside each other. Without the feature
/// `testing` there is nothing of it.
const SWITCHES: [&str; 2] = ["protocol/src/testing/plant.rs", "protocol/src/testing/tap.rs"];

/// Packages that bring the system's randomness, clocks, sockets or threads.
const IMPURE_PACKAGES: [&str; 16] = [
    "getrandom",
    "rand",
    "rand_chacha",
    "ring",
    "aws-lc-rs",
    "tokio",
    "async-std",
    "mio",
    "socket2",
    "libp2p",
    "sled",
    "rustix",
    "nix",
    "tempfile",
    "instant",
    "web-time",
];

/// Libraries that one place hides from all the others.
const HIDDEN: [(&str, &[&str], &str); 9] = [
    ("argon2", &["protocol/src/vault/passphrase.rs"], "protocol/src/"),
    ("argon2", &[], "node/src/"),
    ("snow", &["protocol/src/session/noise.rs", "protocol/src/session/noise/"], "protocol/src/"),
    ("ml_kem", &["protocol/src/session/kem.rs"], "protocol/src/"),
    ("bincode", &["protocol/src/wire/codec.rs", "protocol/src/wire/codec/"], "protocol/src/"),
    ("bincode", &[], "node/src/"),
    ("libp2p", &["node/src/network.rs", "node/src/network/"], "node/src/"),
    ("sled", &["node/src/store/sled.rs", "node/src/store/sled/"], "node/src/"),
    ("fuser", &["tests/src/power/serving.rs"], "tests/src/"),
];

/// Nothing to add: every rule that was broken, one a line.
#[track_caller]
fn assert_none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn packages_use_only_those_below_them() {
    let below: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("causerie-protocol", &[][..]),
        ("causerie-node", &["causerie-protocol"]),
        ("causerie", &["causerie-node", "causerie-protocol"]),
        ("causerie-tests", &["causerie", "causerie-node", "causerie-protocol", "causerie-simulations"]),
        ("causerie-simulations", &["causerie-protocol"]),
    ]);
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() >= 3, "packages are missing");
    let mut broken = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let Some(allowed) = below.get(name) else {
            broken.push(format!("{name} is none of the five packages"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            if used.starts_with("causerie") && !allowed.contains(&used) {
                broken.push(format!("{name} must not use {used}"));
            }
        }
    }
    assert_none(broken);
}

#[test]
fn the_engine_touches_nothing_of_the_system() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.is_below("protocol/src/") && !source.is_test_file())
    {
        for (number, line) in source.code_without_tests() {
            let is_switch = |word: &str| word == "thread_local" && SWITCHES.contains(&source.path.as_str());
            for word in IMPURE.iter().filter(|word| names(line, word) && !is_switch(word)) {
                broken.push(format!("{}:{number}: the engine must not use `{word}`", source.path));
            }
        }
    }
    assert_none(broken);
}

#[test]
fn nothing_impure_is_linked_into_the_engine() {
    let args =
        ["tree", "--package", "causerie-protocol", "--edges", "normal", "--prefix", "none", "--all-features"];
    let tree = cargo(&args);
    let packages: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(packages.contains(&"snow") && packages.contains(&"ml-kem"), "not the engine's tree:\n{tree}");
    let impure = packages.into_iter().filter(|package| IMPURE_PACKAGES.contains(package));
    assert_none(impure.map(|package| format!("causerie-protocol must not link {package}")).collect());
}

#[test]
fn each_hidden_library_has_one_place() {
    let mut broken = Vec::new();
    for (library, places, below) in HIDDEN {
        for source in sources().iter().filter(|source| source.is_below(below)) {
            if places.iter().any(|place| source.is_below(place)) {
                continue;
            }
            for (number, line) in source.code_of_roots() {
                if uses(&line, library) {
                    broken.push(format!("{}:{number}: only {places:?} may name {library}", source.path));
                }
            }
        }
    }
    assert_none(broken);
}

#[test]
fn files_begin_with_what_they_are_and_end_before_they_are_too_long() {
    let mut broken = Vec::new();
    for source in sources() {
        let is_long_for_a_reason = LONGER.iter().any(|(path, _)| *path == source.path);
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX && !is_long_for_a_reason {
            broken.push(format!("{} has {lines} lines, {FILE_LINES_MAX} are allowed", source.path));
        }
        // A file of tests is described by the one that it tests.
        let says_what = source.text.strip_prefix("//!").is_some_and(|rest| !rest.trim_start().is_empty());
        if !says_what && !source.is_test_file() {
            broken.push(format!("{} does not begin with what it is (`//!`)", source.path));
        }
        if source.path.ends_with("/mod.rs") {
            broken.push(format!("{} is to be named as its folder", source.path));
        }
    }
    assert_none(broken);
}

#[test]
fn names_of_files_and_types_say_something() {
    let mut broken = Vec::new();
    for source in sources() {
        let stem = source.path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        if stem.split('_').any(|part| EMPTY_WORDS.contains(&part) || part == "wrapper") {
            broken.push(format!("{}: a file is named for what is in it", source.path));
        }
        for (number, line) in source.code() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if words.any(|word| ["struct", "enum", "trait", "union"].contains(&word)) {
                let name = words.next().unwrap_or_default();
                let last = last_word(name);
                if EMPTY_WORDS.contains(&last.as_str()) || last == "wrapper" {
                    broken.push(format!("{}:{number}: `{name}` says nothing", source.path));
                }
            }
        }
    }
    assert_none(broken);
}

#[test]
fn nothing_is_left_unfinished() {
    let macros = ["todo!", "unimplemented!", "dbg!"];
    let remarks = ["TODO", "FIXME", "XXX", "HACK"];
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.code() {
            for word in macros.iter().filter(|word| line.contains(*word)) {
                broken.push(format!("{}:{number}: `{word}`", source.path));
            }
            if line.contains("#[ignore") || source.is_of_tests() && line.contains("thread::sleep") {
                broken.push(format!("{}:{number}: tests neither sleep nor are ignored", source.path));
            }
            if line.contains("#[allow") || line.contains("#![allow") {
                broken.push(format!("{}:{number}: `expect` with a reason, not `allow`", source.path));
            }
        }
        // This file has to name them.
        if source.path != "tests/scenarios/tidy.rs" {
            for (number, line) in source.lines() {
                for word in remarks.iter().filter(|word| names(line, word)) {
                    broken.push(format!("{}:{number}: {word} belongs into an issue", source.path));
                }
            }
        }
    }
    assert_none(broken);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let here = workspace().to_string_lossy().into_owned();
    let places = ["/root/", "/Users/", "/tmp/", &here];
    let mut broken = Vec::new();
    let texts = source::files(&["rs", "py", "toml", "md", "json", "yml", "yaml"]);
    for source in texts.iter().filter(|source| source.path != "tests/scenarios/tidy.rs") {
        for (number, line) in source.lines() {
            for place in places.iter().filter(|place| line.contains(**place)) {
                broken.push(format!("{}:{number}: {place} is a place of one machine", source.path));
            }
        }
    }
    assert_none(broken);
}

#[test]
fn the_threat_model_names_tests_that_are_there() {
    let text = std::fs::read_to_string(workspace().join("docs/threat-model.md")).unwrap();
    let (_, table) = text.split_once("## Attacks, and the tests that play them").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    // The last column of each row.
    let columns =
        table.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once(" | ")).map(|(_, last)| last);
    let named: Vec<&str> = columns.flat_map(|column| column.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 60, "only {} tests are named", named.len());
    let is_there = |name: &&&str| {
        let function = format!("fn {name}(");
        sources().iter().any(|source| source.code().any(|(_, line)| line.contains(&function)))
    };
    let missing = named.iter().filter(|name| !is_there(name));
    assert_none(
        missing.map(|name| format!("docs/threat-model.md names `{name}`, which is no test")).collect(),
    );
}

/// Whether a line of code has this name as a whole: `rand` is in `rand::rng()`, but not in `operand` or `rand_core`.
fn names(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(place, _)| {
        let before = line[..place].chars().next_back();
        let after = line[place + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Whether a line of code names a library: a path begins with it. `self::sled::Store` is our own file of that name.
fn uses(line: &str, library: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let begins = |place: usize| !line[..place].chars().next_back().is_some_and(is_inside);
    let is_path = |place: usize| line[place + library.len()..].starts_with("::");
    let is_imported = line.trim_start().starts_with("use ") && names(line, library);
    line.match_indices(library).any(|(place, _)| begins(place) && (is_path(place) || is_imported))
}

/// `PeerManager` → `manager`.
fn last_word(name: &str) -> String {
    let begin = name.rfind(char::is_uppercase).unwrap_or_default();
    name[begin..].to_lowercase()
}

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output =
        Command::new(cargo).args(args).args(["--offline"]).current_dir(workspace()).output().unwrap();
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_rules_notice_what_they_forbid() {
    let text = "//! x\nuse std::time::Instant; // HashMap\nlet a = \"tokio\"; let b = 'x'; fn f<'a>() {}\n\
                #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    let source = Source::new("protocol/src/x.rs", text);
    let found: Vec<&str> = source
        .code_without_tests()
        .flat_map(|(_, line)| IMPURE.into_iter().filter(move |word| names(line, word)))
        .collect();
    assert_eq!(found, ["Instant", "std::time"]);
    assert!(names("rand::rng()", "rand") && !names("rand_core::x(operand)", "rand"));
    assert!(uses("let db: sled::Db;", "sled") && uses("use sled;", "sled"));
    assert!(!uses("mod sled;", "sled") && !uses("use self::sled::Sled;", "sled"));
    let nested = Source::new(
        "x.rs",
        "use crate::{\n    store::{\n        sled::SledStore,\n    },\n};\nsled::open();",
    );
    let found: Vec<usize> = nested
        .code_of_roots()
        .iter()
        .filter(|(_, line)| uses(line, "sled"))
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(found, [6]);
    assert_eq!(last_word("PeerManager"), "manager");
    let raw =
        Source::new("x.rs", "let a = r#\"todo!() \" \"#; let c = '\"'; todo!(); /* a /* b */ dbg!() */ x");
    assert_eq!(raw.code().next().unwrap().1.matches('!').count(), 1);
}
