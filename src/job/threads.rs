//! How many threads a job is worked on with.

use super::Job;

/// The most threads that anybody may ask for.
pub const THREADS_MAX: i64 = 1024;
/// No more threads than so many a core are begun. A thread of rayon's that has nothing to do looks for work at each of the others, 33 times over, before
/// it sleeps, and is woken for the next list: what that costs grows with the square of the threads. On two cores a night of 1,200 rows took .6 s of
/// processor time with 16 threads, 2.8 s with 256, and had come nowhere after 100 s with 2,000. Each has memory of its own, too: 126 MiB instead of 73
/// with 16, 620 with 256.
const THREADS_PER_CORE: usize = 8;

impl Job {
    /// So many threads are begun for it; 0 = one a core.
    pub fn threads_begun(&self) -> usize {
        begun(self.threads, cores())
    }

    /// What to tell whoever asks for more threads than are begun.
    pub fn threads_warning(&self) -> Option<String> {
        let (asked, begun) = (self.threads, self.threads_begun());
        let why = format!("more than {THREADS_PER_CORE} a core hinder each other");
        (begun < asked).then(|| format!("{begun} threads are used, not {asked}: {why}"))
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn begun(asked: usize, cores: usize) -> usize {
    asked.min(cores * THREADS_PER_CORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_bounded_by_the_cores() {
        assert_eq!([0, 1, 16, 17, 1024].map(|asked| begun(asked, 2)), [0, 1, 16, 16, 16]);
        assert_eq!(begun(1024, 128), 1024);
        assert_eq!(begun(1024, 1), 8);
    }
}
