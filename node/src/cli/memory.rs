//! Keeps what this process has in its memory — keys, passphrases, messages — out of core dumps.
//!
//! Two ways, because neither is enough: a limit of 0 bytes is not looked at where the system hands a dump to a program
//! instead of a file, and the other mark is known to Linux only. That mark also keeps other processes of the same user
//! from attaching to this one as a debugger does; the administrator still can. Memory may be written to swap: nothing
//! is locked here.

use rustix::process::{Resource, Rlimit, setrlimit};

/// To be called before there is anything to keep. A system that refuses is no reason not to run.
pub(super) fn keep_out_of_dumps() {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).ok();
}

#[cfg(test)]
mod tests {
    use rustix::process::getrlimit;

    use super::*;

    #[test]
    fn nothing_of_this_process_is_dumped() {
        keep_out_of_dumps();
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert_eq!(rustix::process::dumpable_behavior(), Ok(rustix::process::DumpableBehavior::NotDumpable));
    }
}
