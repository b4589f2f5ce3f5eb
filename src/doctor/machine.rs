//! Processors, memory, disk and clock.

use super::{Finding, size};
use crate::run::machine;
use jiff::Timestamp;
use std::path::Path;

/// Below this nothing runs well, whatever the job.
const MEMORY_MIN_BYTES: u64 = 256 << 20;
const DISK_MIN_BYTES: u64 = 256 << 20;

/// When this was written: no clock that is right shows an earlier time.
const CLOCK_MIN_SECONDS: i64 = 1_795_305_600;

pub(super) fn processors() -> Finding {
    match std::thread::available_parallelism() {
        Ok(threads) => Finding::ok("processors", format!("{threads} may be used")),
        Err(_) => Finding::warn("processors", "the system does not tell how many there are", "Set [job] threads"),
    }
}

/// `peak` is what the last run needed, in bytes.
pub(super) fn memory(peak: Option<u64>) -> Finding {
    let Some(free) = machine::free_memory_bytes() else {
        return Finding::warn("memory", "the system does not tell how much is free", "See to it that there is enough");
    };
    let saw = match peak {
        Some(peak) => format!("{} free; the last run needed {}", size(free), size(peak)),
        None => format!("{} free", size(free)),
    };
    let advice = "Stop other programs at the time of the run, or move it to a machine with more memory";
    match peak.unwrap_or(0) {
        _ if free < MEMORY_MIN_BYTES => Finding::fail("memory", saw, advice),
        peak if free < peak => Finding::fail("memory", saw, advice),
        peak if free < peak + peak / 4 => Finding::warn("memory", saw, advice),
        _ => Finding::ok("memory", saw),
    }
}

/// `run` is how large the last run is, in bytes.
pub(super) fn disk(output: &Path, run: Option<u64>) -> Finding {
    // Before the first run the output is made in the nearest folder above that is there.
    let there = output.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let free = match machine::free_disk_bytes(there) {
        Ok(free) => free,
        Err(error) => {
            let advice = "See to the disk that holds [job] output";
            return Finding::fail("disk", format!("{}: {error}", there.display()), advice);
        }
    };
    let saw = match run {
        Some(run) => format!("{} free; a run takes {}", size(free), size(run)),
        None => format!("{} free", size(free)),
    };
    let advice = "Free space on that disk, lower [job] keep_runs, or point [job] output elsewhere";
    // A run is written beside the old ones before any of them goes, and it may grow.
    match run.unwrap_or(0) {
        run if free < DISK_MIN_BYTES.max(run + run / 2) => Finding::fail("disk", saw, advice),
        run if free < run.saturating_mul(4) => Finding::warn("disk", saw, advice),
        _ => Finding::ok("disk", saw),
    }
}

pub(super) fn clock() -> Finding {
    let now = Timestamp::now();
    let saw = now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    match now.as_second() < CLOCK_MIN_SECONDS {
        true => Finding::fail("clock", saw, "Set the clock: onefolk was made later than it says"),
        false => Finding::ok("clock", saw),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn what_a_run_needs_is_asked_of_disk_and_memory() {
        let here = Path::new("/");
        assert_eq!(disk(here, Some(1)).state, State::Ok);
        assert_eq!(disk(here, Some(u64::MAX / 4)).state, State::Fail);
        assert_eq!(memory(Some(u64::MAX / 4)).state, State::Fail);
        assert!(!memory(Some(u64::MAX / 4)).advice.is_empty());
        // An output that is not there yet will be made on the disk above it.
        assert_eq!(disk(Path::new("/no/such/folder"), None).saw, disk(here, None).saw);
    }
}
