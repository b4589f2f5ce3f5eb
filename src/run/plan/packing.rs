//! What it takes to pack extracts without the rows of people who object, which a night without a limit does while it links (`keep`).

use super::seconds::Work;
use crate::intake::FileReport;
use crate::job::{Job, WhenMissing};
use crate::run::ceiling::Need;
use serde_json::Value;
use std::collections::BTreeSet;

// By nights of 9.1 MiB in one extract on two, four and eight threads, with and without lists.
/// Bytes that a thread works in: a block of an extract as it stands, its rows, and what is made of them before and after it is packed.
const THREAD_BYTES: u64 = 25 << 20;
/// All threads hold an extract so many times at the most.
const TIMES: u64 = 7;

/// Bytes that packing takes of a night that begins with these extracts, where somebody objects; `standing` is the run.json of the run that stands, whose
/// extracts are packed already. One provider is packed after another.
pub(super) fn bytes(job: &Job, files: &[FileReport], standing: Option<&Value>) -> u64 {
    if job.memory_limit.is_some() {
        // It comes last then.
        return 0;
    }
    let inputs = standing.and_then(|told| told["inputs"].as_array());
    let packed: BTreeSet<&str> = inputs.into_iter().flatten().filter_map(|input| input["blake3"].as_str()).collect();
    let threads = rayon::current_num_threads() as u64 * THREAD_BYTES;
    let of_provider = |at: usize| {
        let own = || files.iter().filter(|file| usize::from(file.provider) == at && file.skipped.is_none());
        let is_packed = own().all(|file| packed.contains(file.blake3.as_str()));
        if is_packed { 0 } else { threads.min(own().map(|file| file.bytes).sum::<u64>() * TIMES) }
    };
    let kept = job.providers.iter().enumerate().filter(|(_, provider)| {
        // What a provider holds that sends only changes is kept elsewhere.
        provider.when_missing == WhenMissing::Last && provider.changes.is_none()
    });
    kept.map(|(at, _)| of_provider(at)).max().unwrap_or(0)
}

/// What a night needs with that: where it learns it is long packed when most is held, otherwise linking may be as quick. `held` is what it holds with its
/// blocks.
pub(super) fn added(need: Need, work: Work, held: u64, packing: u64) -> Need {
    let whole = match work {
        Work::Learning => need.whole.max(held + packing),
        Work::Linking | Work::Imported => need.whole + packing,
        Work::TakingOver => need.whole,
    };
    Need { whole, ..need }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::Setting;
    use serde_json::json;

    const MIB: u64 = 1 << 20;

    #[test]
    fn packing_takes_what_its_threads_work_in_and_a_few_times_the_largest_provider_at_the_most() {
        let mut job = example::job(&[("gp", Setting::GeneralPractice, 4), ("acute", Setting::Acute, 4)]);
        job.providers.iter_mut().for_each(|provider| provider.when_missing = WhenMissing::Last);
        let file = |provider: u16, mib: u64, blake3: &str| FileReport {
            provider,
            bytes: mib * MIB,
            blake3: blake3.into(),
            ..FileReport::default()
        };
        let files = [file(0, 1, "a"), file(0, 2, "b"), file(1, 9, "c")];
        let on = |threads: usize, job: &Job, standing: Option<&Value>| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| bytes(job, &files, standing) / MIB)
        };
        assert_eq!([1, 2, 4, 8].map(|threads| on(threads, &job, None)), [25, 50, 63, 63]);
        let standing = json!({ "inputs": [{ "blake3": "c" }, { "blake3": "a" }] });
        assert_eq!(on(8, &job, Some(&standing)), 21, "the other provider's are as they were");
        let limited = Job { memory_limit: Some(1 << 40), ..job.clone() };
        assert_eq!(on(8, &limited, None), 0);
        job.providers.iter_mut().for_each(|provider| provider.when_missing = WhenMissing::Without);
        assert_eq!(on(8, &job, None), 0, "nothing is kept of them");
    }

    #[test]
    fn packing_stands_beside_linking_but_for_what_learning_takes() {
        let need = Need { whole: 100, least: 80 };
        let whole = |work, packing| added(need, work, 60, packing).whole;
        assert_eq!([30, 50].map(|packing| whole(Work::Learning, packing)), [100, 110]);
        assert_eq!([Work::Linking, Work::Imported, Work::TakingOver].map(|work| whole(work, 50)), [150, 150, 100]);
        assert_eq!(added(need, Work::Linking, 60, 50).least, 80, "within a limit it comes last");
    }
}
