//! No core file: it would hold the values of everybody who was being worked on, and stand where nobody looks after it.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids the kernel to write this process's memory anywhere. Where that is not granted, the program works all the same.
pub fn forbid() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // A limit of nothing does not hold for a handler that the kernel pipes cores into; this does.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
