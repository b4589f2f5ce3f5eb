//! Extracts are written without the rows of people who object as soon as it is known who these are, while records are linked: by threads that run
//! where a core has little else to do. What they have written by the time it is needed is not written again.
//!
//! It lies in `state/spill`, where everything does that waits while records are linked, and goes as that does where a night comes to no end.

use super::{Keep, of_provider, without};
use crate::consent::Withheld;
use crate::intake::FileReport;
use crate::job::{Job, Kept, Provider};
use crate::run::aside;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// How far these threads stand back behind others: a tenth of a core where both want it.
const NICE: i32 = 10;

/// Where the extracts of a provider wait until the run is published.
pub(super) fn folder(job: &Job, provider: &Provider) -> PathBuf {
    aside::folder(&job.output).join("inputs").join(&provider.id)
}

/// What is written while the night goes on.
#[derive(Default)]
pub(in crate::run) struct Meanwhile {
    writing: Option<JoinHandle<BTreeMap<usize, Kept>>>,
    enough: Arc<AtomicBool>,
}

impl Meanwhile {
    /// Begins with the largest extracts. Where there can be no thread, or something cannot be written, it is left to [`super::keep`], which tells of it.
    pub fn begin(job: &Job, files: &[FileReport], withheld: &[Withheld]) -> Meanwhile {
        let bytes = |at: usize| of_provider(files, at).map(|file| file.bytes).sum::<u64>();
        let rows = |at: usize| match Keep::of(job, at, files, withheld) {
            Keep::Without(rows) => Some((at, rows)),
            Keep::Nothing | Keep::AsBefore | Keep::Copies => None,
        };
        let mut wanted: Vec<_> = (0..job.providers.len()).filter_map(rows).collect();
        wanted.sort_by_key(|(at, _)| Reverse(bytes(*at)));
        // What a job allows of memory is reckoned without them.
        if wanted.is_empty() || job.memory_limit.is_some() {
            return Meanwhile::default();
        }
        let enough = Arc::new(AtomicBool::new(false));
        let (job, files, asked) = (job.clone(), files.to_vec(), enough.clone());
        let write = move || {
            stand_back();
            let mut written = BTreeMap::new();
            for (at, rows) in wanted.into_iter().take_while(|_| !asked.load(Ordering::Relaxed)) {
                let own: Vec<&FileReport> = of_provider(&files, at).collect();
                let folder = folder(&job, &job.providers[at]);
                written.extend(without::written(&job, at, &folder, &own, &rows).ok().map(|kept| (at, kept)));
            }
            written
        };
        Meanwhile { writing: thread::Builder::new().name("keeping".into()).spawn(write).ok(), enough }
    }

    /// What was written, by provider; the one that is being written is waited for.
    pub fn end(mut self) -> BTreeMap<usize, Kept> {
        self.stop()
    }

    fn stop(&mut self) -> BTreeMap<usize, Kept> {
        self.enough.store(true, Ordering::Relaxed);
        let written = self.writing.take().map(JoinHandle::join);
        // A thread that has panicked has said so; nothing of it was listed.
        written.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Lets this thread, and those that it begins, run where others do not want to.
fn stand_back() {
    // On Linux this is asked of a thread, elsewhere of the whole process. Where it is refused the thread runs as any other.
    if cfg!(target_os = "linux") {
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::WithheldReason;
    use crate::job::KeptFile;
    use crate::run::keep::keep;
    use crate::{disk, intake, job};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    const JOB: &str = r#"
[job]
name = "kept"
as_of = 2026-11-30
[[provider]]
id = "first"
name = "First"
setting = "hospice"
files = ["first.csv"]
when_missing = "last"
columns = { record_id = "id", given_name = "given" }
[[provider]]
id = "second"
name = "Second"
setting = "general_practice"
files = ["*.part"]
when_missing = "last"
columns = { record_id = "id", given_name = "given" }
"#;

    /// A job of two providers, the second with two extracts, and rows that are withheld of both.
    fn night(folder: &Path) -> (Job, Vec<FileReport>, Vec<Withheld>) {
        let rows = |from: u32, to: u32| -> String {
            let lines = (from..to).map(|id| format!("{id},\"Ann, née {}\"\n", id % 7));
            std::iter::once("id,given\n".to_string()).chain(lines).collect()
        };
        for (name, text) in [
            ("first.csv", rows(0, 3)),
            ("a.part", rows(10, 900)),
            ("b.part", rows(2_000, 2_600)),
            ("job.toml", JOB.into()),
        ] {
            fs::write(folder.join(name), text).expect("there is room");
        }
        let job = Job::read(&folder.join("job.toml")).expect("it is right");
        let read = intake::read_all(&job, |_| (), |_| ()).expect("extracts can be read");
        let of = |(extract, provider, source_row)| Withheld {
            extract,
            provider,
            record_id: String::new(),
            source_row,
            reason: WithheldReason::LocalObjection,
        };
        (job, read.files, [(0, 0, 2), (1, 1, 1), (1, 1, 2), (1, 1, 890), (2, 1, 500)].map(of).into())
    }

    /// What is kept and listed, by provider and place.
    fn kept(job: &Job) -> BTreeMap<(String, String), Vec<u8>> {
        let of = |provider: &Provider| {
            let (id, folder) = (provider.id.clone(), job::kept_folder(&job.output, &provider.id));
            let listed = job::read_kept(&job.output, &provider.id).expect("something is kept");
            let read = move |file: KeptFile| {
                let bytes = disk::read(&folder.join(&file.place)).expect("it can be read");
                assert_eq!((bytes.len() as u64, blake3::hash(&bytes).to_string()), (file.bytes, file.blake3));
                ((id.clone(), file.place), bytes)
            };
            listed.files.into_iter().map(read)
        };
        job.providers.iter().flat_map(of).collect()
    }

    #[test]
    fn what_is_written_meanwhile_is_what_is_written_at_the_end() {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let [then, at_the_end] = [true, false].map(|meanwhile| {
            let (job, files, withheld) = night(folders[usize::from(meanwhile)].path());
            let keeping = if meanwhile { Meanwhile::begin(&job, &files, &withheld) } else { Meanwhile::default() };
            while keeping.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
                thread::sleep(Duration::from_millis(5));
            }
            let waiting = |provider: &Provider| folder(&job, provider).is_dir();
            assert!(job.providers.iter().all(|provider| waiting(provider) == meanwhile));
            assert!(!job.output.join("state/inputs").exists(), "what stood before stands until the run is published");
            assert_eq!(keep(&job, &files, &withheld, keeping), Vec::<String>::new());
            let whole = kept(&job);
            // Once more, where it stands already; and where a power cut has taken from it.
            for cut in [false, true] {
                if cut {
                    for (provider, place) in whole.keys() {
                        let path = job::kept_folder(&job.output, provider).join(place);
                        fs::write(&path, "").expect("it can be changed");
                    }
                }
                let again = if meanwhile { Meanwhile::begin(&job, &files, &withheld) } else { Meanwhile::default() };
                assert_eq!(keep(&job, &files, &withheld, again), Vec::<String>::new());
                assert_eq!(kept(&job), whole);
            }
            whole
        });
        assert_eq!(then, at_the_end);
        let rows = |packed: &[u8]| {
            let text = zstd::stream::decode_all(packed).expect("it is packed");
            let mut reader = csv::Reader::from_reader(text.as_slice());
            reader.records().map(|row| row.expect("it is CSV")[2].parse().expect("a number")).collect::<BTreeSet<u32>>()
        };
        let packed: BTreeSet<Vec<u32>> = then.values().map(|packed| rows(packed).into_iter().collect()).collect();
        let expected = [(3, &[2][..]), (890, &[1, 2, 890]), (600, &[500])];
        let expected = expected.map(|(all, gone)| (1..=all).filter(|row| !gone.contains(row)).collect::<Vec<u32>>());
        assert_eq!(packed, BTreeSet::from(expected));
    }

    #[test]
    fn a_night_that_comes_to_no_end_lists_nothing() {
        let output = tempfile::tempdir().expect("a folder");
        let (job, files, withheld) = night(output.path());
        drop(Meanwhile::begin(&job, &files, &withheld));
        assert!(!job.output.join("state/inputs").exists());
        aside::clear(&job.output).expect("it can be removed");
        assert!(!aside::folder(&job.output).exists());
    }
}
