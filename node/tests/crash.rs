//! What a real panic leaves behind in a home, in a process of its own: a hook is everybody's.

use std::{os::unix::fs::PermissionsExt as _, panic, thread};

use causerie_node::crash;

/// A text that somebody wrote: what panics quote.
const PRIVATE: &str = "meet me at the old harbour";

#[test]
fn a_panic_leaves_its_place_and_nothing_that_was_said() {
    let home = tempfile::Builder::new().prefix("alices-home").tempdir().unwrap();
    panic::set_hook(Box::new(|_| {}));
    crash::watch(home.path(), "causerie-test", &["fontique-"]);
    let handled = panic::catch_unwind(|| crash::expected(|| panic!("{PRIVATE}")));
    assert!(handled.is_err());
    assert_eq!(crash::left_behind(home.path()), None, "what is handled is no fault");

    let broke = thread::Builder::new().name("node".to_owned()).spawn(|| panic!("{PRIVATE}")).unwrap();
    let line = line!() - 1;
    assert!(broke.join().is_err());
    let crash = crash::left_behind(home.path()).unwrap();
    let report = &crash.report;
    assert!(report.starts_with("A fault of causerie-test."), "{report}");
    assert!(report.contains(&format!("crash.rs:{line}\n")) && report.contains("Thread: node\n"), "{report}");
    assert!(report.contains("a_panic_leaves_its_place"), "the way there is in it: {report}");
    for private in [PRIVATE, "harbour", "alices-home", env!("CARGO_MANIFEST_DIR")] {
        assert!(!report.contains(private), "{private} is in it: {report}");
    }
    assert_eq!(crash.path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let second = thread::spawn(|| panic!("what follows from the first"));
    assert!(second.join().is_err());
    assert_eq!(crash::left_behind(home.path()), Some(crash), "the first one is kept");
}
