//! A panic becomes a failure that names a place in the program, and nothing else: its message might hold a person's values.

use super::{Failure, INTERNAL, Result};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex};

/// Runs `work`; a panic in it, on whatever thread, becomes [`INTERNAL`] with file and line of the first one.
///
/// Replaces the process's panic hook while `work` runs; meant for `main`, once.
pub fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let place: Arc<Mutex<Option<String>>> = Arc::default();
    let record = Arc::clone(&place);
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        let mut place = record.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if place.is_none() {
            *place = panic.location().map(|at| format!("{} line {}", at.file(), at.line()));
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    set_hook(before);
    outcome.unwrap_or_else(|_| {
        let place = place.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        Err(Failure::new(&INTERNAL, place.unwrap_or_else(|| "at an unknown place".into())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_shows_its_place_and_no_value() {
        let failure = caught::<()>(|| panic!("NHS number 999 000 0018")).expect_err("it panicked");
        assert_eq!(failure.code.id, "OF0404");
        assert!(failure.what.contains("panics.rs line"), "{}", failure.what);
        assert!(!failure.report().contains("999"), "{}", failure.report());
    }

    #[test]
    fn results_pass_through() {
        assert_eq!(caught(|| Ok(7)).expect("it is fine"), 7);
    }
}
