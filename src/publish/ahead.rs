//! Work that threads with nothing else to do have done when it is needed.

use crate::failure::Result;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// So many pieces stand beside the one that is visited: enough that nobody waits where making one takes about as long as a visit, and few, since
/// they are large.
const AHEAD: usize = 2;

/// Hands `visit` what `make` makes of each number below `count`, in order and on this thread, up to the first failure. Meanwhile other threads make
/// the next ones.
///
/// `make` keeps to its thread: whoever waits for a piece that another thread makes does nothing else until it is there.
pub(super) fn in_order<T: Send>(
    count: usize,
    make: impl Fn(usize) -> T + Sync,
    mut visit: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    if count <= 1 || rayon::current_num_threads() == 1 {
        return (0..count).try_for_each(|at| visit(at, make(at)));
    }
    let make = &make;
    rayon::in_place_scope(|scope| {
        let (mut next, mut begun) = (0..count, VecDeque::new());
        loop {
            while begun.len() <= AHEAD
                && let Some(at) = next.next()
            {
                let piece = Arc::new(Piece { at, made: OnceLock::new() });
                // Whoever comes to it when it has been visited already finds nothing to do.
                let waiting = Arc::downgrade(&piece);
                scope.spawn(move |_| {
                    if let Some(piece) = waiting.upgrade() {
                        piece.made(make);
                    }
                });
                begun.push_back(piece);
            }
            let Some(piece) = begun.pop_front() else { return Ok(()) };
            // Another thread may be at it: then there are others to be made.
            for later in &begun {
                if piece.made.get().is_some() {
                    break;
                }
                later.made(make);
            }
            visit(piece.at, piece.taken(make))?;
        }
    })
}

/// Something that is made once, by whoever comes first.
struct Piece<T> {
    at: usize,
    made: OnceLock<Mutex<Option<T>>>,
}

impl<T> Piece<T> {
    fn made(&self, make: &impl Fn(usize) -> T) -> &Mutex<Option<T>> {
        self.made.get_or_init(|| Mutex::new(Some(make(self.at))))
    }

    fn taken(&self, make: &impl Fn(usize) -> T) -> T {
        let made = self.made(make).lock().unwrap_or_else(PoisonError::into_inner).take();
        made.expect("a piece is taken once")
    }
}

/// Does `aside` on whichever thread comes to it, and `here` on this one.
pub(super) fn beside<A: Send, B>(aside: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    let mut done = None;
    let here = rayon::in_place_scope(|scope| {
        scope.spawn(|_| done = Some(aside()));
        here()
    });
    (done.expect("a scope ends when all of it has"), here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::publish::RUN_UNREADABLE;
    use std::rc::Rc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn on(threads: usize, what: impl FnOnce() + Send) {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(what);
    }

    #[test]
    fn pieces_come_in_order_on_any_number_of_threads() {
        for threads in 1..=4 {
            on(threads, || {
                // What is visited here need not be able to go to another thread.
                let mut seen = Rc::new(Vec::new());
                let visit = |at, made| {
                    Rc::make_mut(&mut seen).push((at, made));
                    Ok(())
                };
                in_order(50, |at| at * at, visit).expect("nothing fails");
                assert_eq!(*seen, (0..50).map(|at| (at, at * at)).collect::<Vec<_>>());
                in_order(0, |at| at, |_, _| panic!("there is none")).expect("nothing fails");
            });
        }
    }

    #[test]
    fn the_first_failure_ends_it() {
        for threads in 1..=4 {
            on(threads, || {
                let (made, mut seen) = (AtomicUsize::new(0), Vec::new());
                let make = |at: usize| {
                    made.fetch_add(1, Ordering::Relaxed);
                    if at < 7 { Ok(at) } else { Err(Failure::new(&RUN_UNREADABLE, at.to_string())) }
                };
                let failure = in_order(50, make, |_, made| {
                    seen.push(made?);
                    Ok(())
                });
                assert_eq!(failure.expect_err("the eighth fails").what, "7");
                assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
                assert!((8..=8 + AHEAD).contains(&made.into_inner()), "what nobody needs is not made");
            });
        }
    }

    /// Counts those of its kind that there are.
    struct Large<'a>(&'a AtomicUsize);

    impl Drop for Large<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn few_pieces_stand_at_once() {
        for threads in 1..=4 {
            on(threads, || {
                let (there, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let make = |_| {
                    most.fetch_max(there.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    Large(&there)
                };
                in_order(200, make, |_, _| Ok(())).expect("nothing fails");
                assert!(most.into_inner() <= AHEAD + 1);
                assert_eq!(there.into_inner(), 0);
            });
        }
    }

    #[test]
    fn two_things_are_done_beside_one_another() {
        for threads in 1..=2 {
            on(threads, || {
                let here = Rc::new(2);
                assert_eq!(beside(|| 1, || *here), (1, 2));
            });
        }
    }
}
