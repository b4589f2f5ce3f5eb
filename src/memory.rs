//! The allocator: mimalloc, since many threads allocate while extracts are read, and an end with a code where memory runs out.

use mimalloc::MiMalloc;
use onefolk::failure::MEMORY_EXHAUSTED;
use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_int, c_long};
use std::io::Write;

unsafe extern "C" {
    /// Sets an option of mimalloc, by its number in `mimalloc.h`.
    fn mi_option_set(option: c_int, value: c_long);
}

/// `mi_option_purge_delay` in v3 of mimalloc, which libmimalloc-sys 0.1.49 brings. Other versions may number options otherwise, as v2 does: the tests ask
/// mimalloc itself what the numbers mean.
const PURGE_DELAY: c_int = 15;
/// Milliseconds after which freed pages go back to the system. mimalloc waits a second, in which a night frees and takes hundreds of MiB of
/// other sizes: waiting less makes its peak a twentieth to a tenth lower (docs/measurements.md).
const PURGE_DELAY_MS: c_long = 10;

/// `mi_option_minimal_purge_size`, in KiB.
const LEAST_GIVEN_BACK: c_int = 44;
/// A large page of the system. Memory of a night is in large pages where it can be; one of which a part goes back is broken up, and what is taken again
/// in its place are small pages, each with a fault of its own.
const LARGE_PAGE_KIB: c_long = 2 << 10;
/// Bytes of extracts from which on a night may keep its large pages whole: some 300,000 rows. 24.8 M rows take 6 % fewer seconds and 2 % more memory,
/// a million 11 to 23 % fewer and 11 % more (docs/measurements.md); below that a night is a matter of a second or two.
const LARGE_NIGHT_BYTES: u64 = 24 << 20;

/// Lets freed memory go back soon; to be called before there are other threads.
pub fn give_back_soon() {
    // SAFETY: it takes two numbers, and writes one entry of a table of mimalloc's own; no other thread reads it yet.
    unsafe { mi_option_set(PURGE_DELAY, PURGE_DELAY_MS) }
}

/// Lets memory go back by whole large pages only, where so many bytes of extracts make a large night; to be called before the night begins.
pub fn keep_large_pages(extracts: u64) {
    if extracts >= LARGE_NIGHT_BYTES {
        // SAFETY: as above; the threads that looked into extracts have nothing to do yet, and give nothing back.
        unsafe { mi_option_set(LEAST_GIVEN_BACK, LARGE_PAGE_KIB) }
    }
}

/// mimalloc, but that the program ends with exit code 4 where it has no memory to give. Rust's own answer is to abort, with exit code 134 and
/// nothing that says what to do; it can be changed by an allocator only.
pub struct Allocator;

// SAFETY: every call is passed on to mimalloc as it came, and so is what mimalloc answers unless it is null; then nobody gets an answer.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is mimalloc's condition.
        given(unsafe { MiMalloc.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        given(unsafe { MiMalloc.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as above; whatever `memory` is comes from mimalloc.
        given(unsafe { MiMalloc.realloc(memory, layout, bytes) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { MiMalloc.dealloc(memory, layout) }
    }
}

fn given(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        ran_out();
    }
    memory
}

/// Allocates nothing, and waits for no destructor.
#[cold]
fn ran_out() -> ! {
    let code = &MEMORY_EXHAUSTED;
    let mut stderr = std::io::stderr().lock();
    for part in ["error: ", code.title, "\n", code.next_step, " (", code.id, ")\n"] {
        // Where stderr is closed nobody reads why; the exit code still says it.
        let _ = stderr.write_all(part.as_bytes());
    }
    signal_hook::low_level::exit(code.exit.number().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    unsafe extern "C" {
        /// What an option of mimalloc is set to.
        fn mi_option_get(option: c_int) -> c_long;
    }

    /// Says to the program that it is the child.
    const CHILD: &str = "ONEFOLK_TEST_OF_OPTIONS";

    /// mimalloc takes options from the environment by their names: where ours are their numbers, it tells by these what was given by those.
    #[test]
    fn options_have_the_numbers_by_which_they_are_set() {
        if std::env::var_os(CHILD).is_some() {
            // SAFETY: it takes a number, and reads one entry of a table of mimalloc's own.
            let told = unsafe { (mi_option_get(PURGE_DELAY), mi_option_get(LEAST_GIVEN_BACK)) };
            assert_eq!(told, (123, 321));
            return;
        }
        let mut child = Command::new(std::env::current_exe().expect("a program that runs is a file"));
        child.args(["--exact", "memory::tests::options_have_the_numbers_by_which_they_are_set"]);
        child.envs([(CHILD, "1"), ("MIMALLOC_PURGE_DELAY", "123"), ("MIMALLOC_MINIMAL_PURGE_SIZE", "321K")]);
        let ended = child.output().expect("it can be started");
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && said.contains("1 passed"), "{said}");
    }
}
