//! From the text of a job file to a [`Job`] or every problem in it.

use super::codes::JOB_UNREADABLE;
use super::encryption::{self, Standing};
use super::problem::{self, Look, Problem};
use super::reading::Section;
use super::surroundings::{Disk, Headers, Surroundings};
use super::{Job, headers, resolve, shape};
use crate::failure::{Failure, Result};
use crate::suggest::nearest;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// A job file is written by people; anything larger is something else.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A job file that was read and checked whole.
#[derive(Debug)]
pub struct Checked {
    /// As the user gave it.
    pub path: PathBuf,
    pub text: String,
    /// In the order of the file. Empty exactly where the job can be run.
    pub problems: Vec<Problem>,
    /// How many of them are columns that an extract lacks, though there is a run that stands: `run` leaves them to a gate.
    pub vanished: usize,
    /// The output is where the file says, and not where it is for want of a key that could not be read: another job's may be there.
    pub output_is_sure: bool,
    /// What could be made of the job; complete only where there is no problem.
    pub provisional: Job,
}

impl Checked {
    /// The job, or all its problems as one failure laid out as `look` says.
    pub fn into_job(self, look: Look) -> Result<Job> {
        if self.problems.is_empty() { Ok(self.provisional) } else { Err(self.failure(look)) }
    }

    /// The job, where nothing is wrong but that columns have vanished from extracts: `Provider::vanished` names them.
    pub fn into_night(self, look: Look) -> Result<Job> {
        if self.problems.len() == self.vanished { Ok(self.provisional) } else { Err(self.failure(look)) }
    }

    /// # Panics
    /// Where there is no problem.
    pub fn failure(&self, look: Look) -> Failure {
        problem::failure(&self.problems, &self.text, &self.path, look)
    }
}

impl Job {
    /// Reads and checks a job file whole, without opening an extract.
    ///
    /// Fails with OF0101 where the file is wrong (all problems are in [`Failure::rendered`]), with OF0102 where it cannot be read and
    /// with OF0103 where it is right but names files that are not there.
    pub fn read(path: &Path) -> Result<Job> {
        Job::check(path, &|_, _| None)?.into_job(Look::of_stderr())
    }

    /// As [`Job::read`], and the columns that the job names are looked for in the extracts: `headers` gives an extract's columns where
    /// they are known for certain.
    pub fn read_with_headers(path: &Path, headers: &Headers) -> Result<Job> {
        Job::check(path, headers)?.into_job(Look::of_stderr())
    }

    /// As [`Job::read_with_headers`], but columns that have vanished since the run that stands are no failure: `Provider::vanished` names
    /// them, for a gate to judge.
    pub fn read_for_a_night(path: &Path, headers: &Headers) -> Result<Job> {
        Job::check(path, headers)?.into_night(Look::of_stderr())
    }

    /// As [`Job::read`], for whoever reads no extract: that one is not there is no failure.
    pub fn read_without_extracts(path: &Path) -> Result<Job> {
        let mut checked = Job::check(path, &|_, _| None)?;
        checked.problems.retain(|problem| !problem.extract_missing);
        checked.into_job(Look::of_stderr())
    }

    /// As [`Job::read`], for a job whose output stands open and is to be encrypted with the key that it names.
    pub fn read_to_encrypt(path: &Path) -> Result<Job> {
        check_as(path, &|_, _| None, Standing::ToBeEncrypted)?.into_job(Look::of_stderr())
    }

    /// As [`Job::read_with_headers`], with the problems one by one. Fails with OF0102, and with OF0104 to OF0107 where the output cannot
    /// be read for want of its key.
    pub fn check(path: &Path, headers: &Headers) -> Result<Checked> {
        check_as(path, headers, Standing::AsTheJobSays)
    }
}

fn check_as(path: &Path, headers: &Headers, standing: Standing) -> Result<Checked> {
    let text = read_text(path)?;
    let whole = std::path::absolute(path).map_err(|error| Failure::from_io(&error, path, &JOB_UNREADABLE))?;
    let folder = whole.parent().unwrap_or(Path::new("/")).to_path_buf();
    encryption::unlock(&text, &folder, standing)?;
    Ok(check_text(text, path, &folder, &Disk { headers }))
}

fn read_text(path: &Path) -> Result<String> {
    let fail = |error: std::io::Error| Failure::from_io(&error, path, &JOB_UNREADABLE);
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Failure::new(&JOB_UNREADABLE, format!("{}: larger than 16 MiB", path.display())));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::new(&JOB_UNREADABLE, format!("{}: line {line} is not UTF-8", path.display()))
    })
}

/// Checks the text of a job file that stands at `path`; `folder` is absolute. Never panics, whatever the text.
pub(super) fn check_text(text: String, path: &Path, folder: &Path, surroundings: &dyn Surroundings) -> Checked {
    let (root, errors) = DeTable::parse_recoverable(&text);
    let root = Section { table: root.get_ref(), span: 0..text.find('\n').unwrap_or(text.len()) };
    let mut problems: Vec<Problem> = errors.iter().map(|error| syntax_problem(error, &text)).collect();
    let recovered = !problems.is_empty();
    let mut found = shape::check(&root);
    let mut resolved = resolve::resolve(&root, &text, path, folder, surroundings);
    found.extend(resolved.problems);
    let mut vanished = 0;
    let output_is_sure = output_is_sure(&root, &text);
    if !recovered {
        let is_first_night = !surroundings.has_run(&resolved.job.output);
        for lacked in headers::check(&resolved.job, &resolved.columns, surroundings) {
            if lacked.is_header && !is_first_night {
                resolved.job.providers[lacked.provider].vanished.push(lacked.column);
                vanished += 1;
            }
            found.push(lacked.problem);
        }
    } else {
        // What the parser saved from a broken file is not all of it: only what is wrong by itself, on a line of its own, counts.
        let broken: Vec<usize> = problems.iter().map(|problem| problem.position(&text).0).collect();
        found.retain(|problem| problem.label == "unknown key" && !broken.contains(&problem.position(&text).0));
    }
    problems.extend(found);
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    problems.dedup();
    Checked { path: path.to_path_buf(), problems, vanished, output_is_sure, provisional: resolved.job, text }
}

/// Does `[job] output` say where the output is, or does nothing in the text look as if it were to say so?
fn output_is_sure(root: &Section, text: &str) -> bool {
    let is_said = root.section("job").is_some_and(|settings| settings.text("output").is_some());
    is_said || !text.lines().any(may_name_output)
}

/// Might a line have the key `output`, misspelt or half written? A key stands first in its line, or before a `=`.
fn may_name_output(line: &str) -> bool {
    let line = line.trim_start();
    let ends_word = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let before = |(at, _): (usize, &str)| line[..at].trim_end_matches(ends_word).rsplit(ends_word).next();
    let mut words = line.split(ends_word).next().into_iter().chain(line.match_indices('=').filter_map(before));
    // The one key that is nearly called so is none of these.
    !line.starts_with('#') && words.any(|word| nearest(word, ["opt_out", "output"]) == Some("output"))
}

fn syntax_problem(error: &toml::de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let word = text.get(span.clone()).unwrap_or_default();
    let bare = word.starts_with(char::is_alphabetic) && error.message().starts_with("invalid");
    let problem = Problem::new(span, format!("This is not TOML: {}", error.message()), "here");
    if bare { problem.help("Text stands in quotes; true, false, numbers and dates do not") } else { problem }
}
