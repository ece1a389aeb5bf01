//! Gives the target of this name (`CAUSERIE_FUZZ_TARGET`) whatever libFuzzer thinks of: `testing::fuzz` has them all.
#![no_main]

use std::cell::RefCell;

use causerie_protocol::testing::fuzz::{Taking, targets};

thread_local! {
    static TAKING: RefCell<Taking> = RefCell::new(begun());
}

fn begun() -> Taking {
    let name = std::env::var("CAUSERIE_FUZZ_TARGET").unwrap_or_default();
    let Some(target) = targets().find(|target| target.name == name) else {
        let names: Vec<_> = targets().map(|target| target.name).collect();
        panic!("CAUSERIE_FUZZ_TARGET is to be one of {}", names.join(", "));
    };
    (target.begin)()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TAKING.with_borrow_mut(|take| take(bytes)));
