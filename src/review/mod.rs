//! Clerical review: pairs that a run was unsure of, one after another, for a human to say whether they are one person.
//!
//! In: the current run's review.parquet, the extracts, and the decisions so far. Out: further decisions ([`crate::decisions`]). Always: what
//! teaches most is asked first, in the same order every time; whoever comes back goes on where they stopped; nobody's values are
//! shown unless asked for, and of a person who is marked sensitive a place or a provider is as if unknown even then; nothing is asked of a row
//! that is known by its number alone, which is another one's in the next extract.

mod ask;
mod queue;
mod shown;

pub use ask::Key;

use crate::decisions::{Book, DECISIONS_HELD, DECISIONS_UNREADABLE, ROW_NUMBER_DECIDED};
use crate::explain::{self, Options};
use crate::failure::{Failure, Result};
use crate::identity;
use crate::job::Job;
use crate::publish::OwnedFile;
use crate::publish::published::PublishedRun;
use crate::run;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a review has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Reviewed {
    /// Pairs that wait for a human, those that were decided before included.
    pub pairs: usize,
    /// Decided before this session.
    pub before: usize,
    /// Answers given now, and not taken back.
    pub now: usize,
    /// Not asked, as a row of theirs is known by its number alone.
    pub by_row_number: usize,
}

/// Shows the pairs of the current run that wait for a human, and takes answers from `keys` until they end.
///
/// `by` is who answers; `decisions` is made where it is missing.
///
/// # Errors
/// OF0370 to OF0372 for the decisions, OF0373 where none of the pairs may be asked as all have rows that are known by their numbers, OF0530
/// where there is no run, OF0544 where the extracts have changed since.
pub fn review(
    job: &Job,
    decisions: &Path,
    by: &str,
    options: Options,
    keys: &mut (dyn FnMut() -> Result<Key> + Send),
    out: &mut (dyn Write + Send),
) -> Result<Reviewed> {
    let run = PublishedRun::current(job)?;
    // Not the output's lock: a review may last for hours, and the night must run meanwhile.
    let _seat = OwnedFile::take(&beside(decisions), "review", [&DECISIONS_HELD, &DECISIONS_UNREADABLE])?;
    let (book, decided) = Book::open(decisions)?;
    let queue = queue::of(&run)?;
    // A run of today's job may come after one that has only numbered the rows.
    let numbered: BTreeSet<String> = identity::numbering(job).chain(run::numbered_then(job, &run)?).collect();
    let (by_row_number, open) = queue::askable(&numbered, queue::left(&queue, &decided));
    let before = queue.len() - open.len() - by_row_number;
    if open.is_empty() && before == 0 && by_row_number > 0 {
        let run = &run.run_id;
        let what = format!("all {by_row_number} pairs that wait have a row that run {run} knows by its number");
        return Err(Failure::new(&ROW_NUMBER_DECIDED, what));
    }
    if open.is_empty() {
        return Ok(Reviewed { pairs: queue.len(), before, now: 0, by_row_number });
    }
    run::on_threads(job, || {
        let pairs: Vec<explain::Pair> = open.iter().map(|waiting| waiting.pair.clone()).collect();
        explain::look_at(job, &run, &pairs, options, |look| {
            let mut session = ask::Session { job, run_id: &run.run_id, open: &open, look, book, by, options, out };
            let now = session.ask(keys)?;
            Ok(Reviewed { pairs: queue.len(), before, now, by_row_number })
        })
    })
}

/// Names who holds the decisions, for whoever would add to them as well.
fn beside(decisions: &Path) -> PathBuf {
    let mut name = decisions.file_name().unwrap_or_default().to_os_string();
    name.push(".lock");
    decisions.with_file_name(name)
}
