//! Parts of a night that need nothing of one another, done at the same time: most of them are one thread's.

use crate::job::Job;
use tracing::dispatcher::{self, Dispatch};

/// Whether parts of this night may be done at the same time. With one thread all that is done to the disk comes in one order; what a job allows of
/// memory is reckoned of one part after the other.
pub(super) fn may_overlap(job: &Job) -> bool {
    rayon::current_num_threads() > 1 && job.memory_limit.is_none()
}

/// Does both, at the same time where that may be, and else one after the other. The first one is done by this thread; what the second one has to say
/// stands in the log of this thread as well.
pub(super) fn both<A: Send, B: Send>(
    job: &Job,
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    if !may_overlap(job) {
        return (first(), second());
    }
    let log = dispatcher::get_default(Dispatch::clone);
    rayon::join(first, || dispatcher::with_default(&log, second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::Setting;
    use crate::run::story::Story;
    use std::sync::mpsc;
    use std::time::Duration;

    fn job() -> Job {
        example::job(&[("gp", Setting::GeneralPractice, 1)])
    }

    fn on<T: Send>(threads: usize, what: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(what)
    }

    /// Whether the second part is begun while the first one goes on, which waits so long for it.
    fn overlap(job: &Job, threads: usize, wait: Duration) -> bool {
        let (tell, told) = mpsc::channel();
        let first = move || told.recv_timeout(wait).is_ok();
        on(threads, move || both(job, first, move || tell.send(()).is_ok())).0
    }

    #[test]
    fn parts_overlap_where_there_are_threads_for_it_and_memory_is_not_reckoned() {
        let limited = Job { memory_limit: Some(1 << 40), ..job() };
        assert!(overlap(&job(), 2, Duration::from_secs(60)));
        assert!(!overlap(&job(), 1, Duration::from_millis(20)));
        assert!(!overlap(&limited, 2, Duration::from_millis(200)));
    }

    #[test]
    fn what_either_part_says_is_in_the_log() {
        for threads in [1, 2] {
            let (job, story) = (job(), Story::begin());
            let (tell, told) = mpsc::channel();
            let wait = Duration::from_secs(if threads == 1 { 0 } else { 60 });
            let first = move || {
                tracing::info!("the first one");
                // So that another thread does the second one.
                told.recv_timeout(wait).is_ok()
            };
            let second = move || {
                tracing::info!("the second one");
                tell.send(()).is_ok()
            };
            on(threads, || story.tell(|| both(&job, first, second)));
            let log = String::from_utf8(story.so_far()).expect("it is text");
            assert!(log.contains("the first one") && log.contains("the second one"), "{threads} threads: {log}");
        }
    }
}
