//! What reading tonight's extracts will take at the least, by what it took on the run that stands, and before there is one what a night of so many rows
//! takes at the least: a job that cannot fit ends before it reads them.
//!
//! Reading is the one part of a night that is the same however little memory is allowed, since nothing waits on disk yet. What is foretold is less than
//! what will be taken, so that no night is refused that would fit: other columns, fewer of them, more threads and pages that were kept whole all make
//! some difference to what was taken then.

use crate::disk;
use crate::intake::{self, Extract};
use crate::job::Job;
use crate::publish;
use crate::run::report;
use serde_json::Value;

/// Extracts are read once this stage has ended; its peak in run.json is what that took.
const READ: &str = "Standardising";
/// Bytes of the program, and of what else does not grow with the rows.
const BASE_BYTES: u64 = 64 << 20;
/// Of what was taken beyond these, the share that grows with the rows at the least: values that come again are held once.
const GROWING: f64 = 0.5;
/// So many times the limit has to be foretold for a night to be refused: by the run of the very same job file, and by that of another one, which may have
/// mapped columns that tonight's does not.
const CLEARLY: f64 = 1.5;
const CLEARLY_OTHERWISE: f64 = 3.0;
/// Bytes of a whole night, a row, at the least: about half of what the leanest took that was ever measured (docs/measurements.md).
const NIGHT_ROW_BYTES: u64 = 200;
/// A row takes so many bytes of an extract at the least, packed ones included.
const EXTRACT_ROW_BYTES: u64 = 5;
/// Bytes that reading usually takes, a row, or so many times the extracts where they have many columns; and those of each thread.
const READ_ROW_BYTES: u64 = 300;
const READ_TIMES: u64 = 2;
const READ_THREAD_BYTES: u64 = 8 << 20;

/// Bytes that reading takes tonight at the least, where that is clearly above `limit`. `None` also where no run of this job tells, or where it had more
/// threads, which read more at once.
pub(super) fn clearly_beyond(job: &Job, limit: u64) -> Option<u64> {
    let then = Then::of(job)?;
    let extracts = intake::extracts(job);
    let bytes = bytes_of(&extracts);
    let by_bytes = bytes as f64 / then.bytes as f64;
    let is_beyond = |growth: &f64| then.at_least(*growth) as f64 > limit as f64 * then.clearly;
    // Extracts are looked into only where what they hold decides.
    let growth = Some(by_bytes).filter(is_beyond)?.min(rows_of(job, &extracts)? as f64 / then.rows as f64);
    Some(growth).filter(is_beyond).map(|growth| then.at_least(growth))
}

/// What extracts hold, about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extracts {
    pub rows: u64,
    bytes: u64,
}

impl Extracts {
    /// Bytes that reading them usually takes.
    pub fn reading(self) -> u64 {
        let threads = rayon::current_num_threads() as u64 * READ_THREAD_BYTES;
        BASE_BYTES + threads + (self.rows * READ_ROW_BYTES).max(self.bytes * READ_TIMES)
    }
}

/// What the extracts of a first night hold, where a night of so many rows takes clearly more than `limit`, whatever they hold. `None` also where a run
/// stands, and where an extract cannot be looked into.
pub(super) fn clearly_too_many(job: &Job, limit: u64) -> Option<Extracts> {
    if publish::current_run(&job.output).is_some() {
        return None;
    }
    let is_beyond = |rows: &u64| (BASE_BYTES + rows * NIGHT_ROW_BYTES) as f64 > limit as f64 * CLEARLY;
    let extracts = intake::extracts(job);
    let bytes = bytes_of(&extracts);
    // Extracts are looked into only where what they hold decides.
    let most = Some(bytes / EXTRACT_ROW_BYTES).filter(is_beyond);
    most.and_then(|_| rows_of(job, &extracts)).filter(is_beyond).map(|rows| Extracts { rows, bytes })
}

/// Rows of tonight's extracts, about; `None` where one cannot be looked into.
pub(super) fn rows(job: &Job) -> Option<u64> {
    rows_of(job, &intake::extracts(job))
}

fn bytes_of(extracts: &[Extract]) -> u64 {
    extracts.iter().map(|extract| disk::length(&extract.path).unwrap_or(0)).sum()
}

/// Rows of all extracts, about; `None` where one cannot be looked into.
fn rows_of(job: &Job, extracts: &[Extract]) -> Option<u64> {
    let rows =
        |extract: &Extract| intake::estimate_rows(&job.providers[usize::from(extract.provider)], &extract.path).ok();
    extracts.iter().map(rows).sum()
}

/// What reading took on the run that stands.
struct Then {
    taken: u64,
    /// Of all extracts.
    bytes: u64,
    rows: u64,
    clearly: f64,
}

impl Then {
    /// A run.json that cannot be read tells nothing; whether it stands right is asked elsewhere.
    fn of(job: &Job) -> Option<Then> {
        let run_id = publish::current_run(&job.output)?;
        let text = disk::read(&job.output.join("runs").join(run_id).join("run.json")).ok()?;
        let told: Value = serde_json::from_slice(&text).ok()?;
        let settings = &told["settings"];
        // A rollback has read tonight's extracts and tells of those of the run that it went back to.
        if told["rolled_back_to"].is_string() {
            return None;
        }
        if told["job"] != job.name.as_str() || settings["threads"].as_u64()? > rayon::current_num_threads() as u64 {
            return None;
        }
        let read = told["seconds"].as_array()?.iter().find(|stage| stage["stage"] == READ)?;
        let bytes: u64 = told["inputs"].as_array()?.iter().filter_map(|input| input["bytes"].as_u64()).sum();
        let (taken, rows) = (read["peak_memory_bytes"].as_u64()?, told["accounts"]["rows"].as_u64()?);
        let is_same = report::job_file_blake3(job).is_some_and(|hash| settings["job_file_blake3"] == hash);
        let clearly = if is_same { CLEARLY } else { CLEARLY_OTHERWISE };
        (bytes > 0 && rows > 0).then_some(Then { taken, bytes, rows, clearly })
    }

    /// Bytes that reading takes at the least with so many times the extracts.
    fn at_least(&self, growth: f64) -> u64 {
        let more = self.taken.saturating_sub(BASE_BYTES) as f64 * GROWING * (growth - 1.0);
        if growth <= 1.0 { (self.taken as f64 * growth) as u64 } else { self.taken + more as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{self, Options};
    use std::fs;
    use std::path::Path;

    const MIB: u64 = 1 << 20;

    fn extract(rows: usize) -> String {
        const NAMES: [&str; 4] = ["Asha", "Cary", "Dmit", "Elea"];
        let row = |n: usize| format!("{n},{},{},{}-03-1{}\n", NAMES[n % 4], NAMES[n / 4 % 4], 1950 + n % 40, n % 10);
        String::from("id,given,family,born\n") + &(0..rows).map(row).collect::<String>()
    }

    fn job_in(folder: &Path) -> Job {
        fs::write(folder.join("one.csv"), extract(60)).expect("there is room");
        let job = "[job]\nname = \"foretold\"\nas_of = 2026-11-22\nthreads = 1\n[[provider]]\nid = \"one\"\nname = \"One\"\nsetting = \"acute\"\n\
                   files = [\"one.csv\"]\n[provider.columns]\nrecord_id = \"id\"\ngiven_name = \"given\"\nfamily_name = \"family\"\n\
                   date_of_birth = \"born\"\n";
        fs::write(folder.join("job.toml"), job).expect("there is room");
        Job::read(&folder.join("job.toml")).expect("the job is right")
    }

    /// Makes the run that stands say that reading took so many bytes.
    fn say(job: &Job, taken: u64) {
        let path = job.output.join("current/run.json");
        let mut told: Value = serde_json::from_slice(&fs::read(&path).expect("a run stands")).expect("it is JSON");
        let stages = told["seconds"].as_array_mut().expect("stages");
        let read = stages.iter_mut().find(|stage| stage["stage"] == READ).expect("extracts were read");
        read["peak_memory_bytes"] = taken.into();
        fs::write(&path, told.to_string()).expect("there is room");
    }

    #[test]
    fn a_night_that_clearly_cannot_read_its_extracts_ends_before_it_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let job = job_in(folder.path());
        assert_eq!(clearly_beyond(&job, 1), None, "nobody knows before the first night");
        run::run(&job, Options::default()).expect("the run succeeds");
        say(&job, 1024 * MIB);
        let limited = Job { memory_limit: Some(300 * MIB), ..job.clone() };
        let failure = run::run(&limited, Options::default()).expect_err("it cannot fit");
        assert_eq!(failure.code.id, "OF0440");
        assert!(failure.what.contains("reading the extracts takes 1024 MiB at the least"), "{}", failure.what);
        let named = failure.what.split(' ').nth(1).and_then(|figure| figure.parse::<u64>().ok());
        assert!(named.is_some_and(|named| named > 1024 + 1024 * 8 / 100), "all of the night: {}", failure.what);
        assert!(failure.what.ends_with("and 300 MiB are allowed"), "{}", failure.what);
        assert_eq!(clearly_beyond(&job, 700 * MIB), None, "another night may take less");
        // The job file is another one: it may map less.
        let text = fs::read_to_string(&job.path).expect("it is text");
        fs::write(&job.path, text.replace("as_of", "memory_limit = \"300 MiB\"\nas_of")).expect("there is room");
        assert_eq!((clearly_beyond(&job, 400 * MIB), clearly_beyond(&job, 300 * MIB)), (None, Some(1024 * MIB)));
        let path = job.output.join("current/run.json");
        let whole = fs::read_to_string(&path).expect("a run stands");
        let back = whole.replacen('{', "{\"rolled_back_to\": \"2026-11-21-01\", ", 1);
        fs::write(&path, back).expect("there is room");
        assert_eq!(clearly_beyond(&job, MIB), None, "a rollback tells of other extracts than it has read");
        fs::write(&path, whole).expect("there is room");
        let renamed = Job { name: "another".into(), ..job.clone() };
        assert_eq!(clearly_beyond(&renamed, MIB), None);
    }

    #[test]
    fn a_first_night_that_clearly_cannot_fit_ends_before_it_reads() {
        let folder = tempfile::tempdir().expect("a folder");
        let job = job_in(folder.path());
        let limited = Job { memory_limit: Some(30 * MIB), ..job.clone() };
        let failure = run::run(&limited, Options::default()).expect_err("the program alone takes more");
        assert_eq!(failure.code.id, "OF0440");
        assert!(failure.what.contains("to read and link the some 60 rows of the extracts"), "{}", failure.what);
        assert!(failure.what.starts_with("about ") && failure.what.ends_with("and 30 MiB are allowed"));
        assert_eq!(clearly_too_many(&job, 50 * MIB), None, "so few rows may fit");
        fs::write(folder.path().join("one.csv"), extract(200_000)).expect("there is room");
        let found = clearly_too_many(&job, 60 * MIB).expect("some 100 MiB are needed");
        assert!((180_000..230_000).contains(&found.rows), "{found:?}");
        assert!(found.reading() > 110 * MIB, "{found:?}");
        assert_eq!(clearly_too_many(&job, 80 * MIB), None, "not clearly");
        fs::write(folder.path().join("one.csv"), extract(60)).expect("there is room");
        run::run(&job, Options::default()).expect("the run succeeds");
        assert_eq!(clearly_too_many(&job, MIB), None, "what the run that stands took is asked instead");
    }

    #[test]
    fn what_is_foretold_follows_the_extracts() {
        let folder = tempfile::tempdir().expect("a folder");
        let job = job_in(folder.path());
        run::run(&job, Options::default()).expect("the run succeeds");
        say(&job, 1024 * MIB);
        let rows = |rows: usize| fs::write(folder.path().join("one.csv"), extract(rows)).expect("there is room");
        rows(20);
        assert_eq!(clearly_beyond(&job, 300 * MIB), None, "a third of it fits");
        assert!(clearly_beyond(&job, 100 * MIB).is_some_and(|need| (200 * MIB..350 * MIB).contains(&need)));
        // Five times the rows: at the least half of what was taken for each, but for the program itself.
        rows(300);
        let need = clearly_beyond(&job, 1024 * MIB).expect("it is far above");
        assert!((2900 * MIB..3000 * MIB).contains(&need), "{need}");
        fs::remove_file(folder.path().join("one.csv")).expect("it stands");
        assert_eq!(clearly_beyond(&job, MIB), None, "what cannot be looked into says itself what is wrong");
    }
}
