//! One list at a time: its lines, and what each of them says. Nothing that a list holds is in a failure, but for the numbers of lines and columns.

use super::LIST_UNUSABLE;
use super::listed::Listed;
use super::named::{Days, Key, Named};
use crate::failure::{Failure, Result};
use crate::job::{Field, Job, Source};
use crate::standardise::Context;
use crate::suggest::nearest;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;

/// Why a line is not used that names a record of a provider with `record_id = "row_number"`.
const NAMED_BY_ROW: &str = "it names a row by its number, which is another one's in the next extract: name the NHS number, or give the \
                            provider's extract a record_id column";

/// The columns that a list of people may have; what else stands there is passed over.
const COLUMNS: [&str; 5] = ["nhs_number", "provider", "record_id", "from", "until"];
/// Of these a misspelt one is not passed over, as a line without them holds for ever.
const DATES: [&str; 2] = ["from", "until"];
/// What has so many digits is no name of a column.
const DIGITS_OF_A_KEY: usize = 3;

/// Where the columns of a list of people stand.
struct Columns {
    number: Option<usize>,
    provider: Option<usize>,
    record: Option<usize>,
    from: Option<usize>,
    until: Option<usize>,
}

/// Reads lists of a job.
pub(super) struct Reader<'a> {
    job: &'a Job,
    number: Context,
}

impl<'a> Reader<'a> {
    pub fn new(job: &'a Job) -> Reader<'a> {
        let number = Context::learn(Field::NhsNumber, None, &Source::default(), job.as_of, &mut std::iter::empty());
        Reader { job, number }
    }

    fn open(&self, path: &Path, header: bool) -> Result<csv::Reader<std::fs::File>> {
        let file = std::fs::File::open(path).map_err(|error| Failure::from_io(&error, path, &LIST_UNUSABLE))?;
        Ok(csv::ReaderBuilder::new().has_headers(header).flexible(true).trim(csv::Trim::All).from_reader(file))
    }

    fn wrong(&self, path: &Path, line: u64, what: &str) -> Failure {
        let shown = path.strip_prefix(&self.job.folder).unwrap_or(path);
        Failure::new(&LIST_UNUSABLE, format!("{} line {line}: {what}", shown.display()))
    }

    fn number(&mut self, raw: &str) -> Option<String> {
        let mut out = String::new();
        (!self.number.clean(raw, &mut out).is_null).then_some(out)
    }

    /// Every line of a CSV file with its number; a byte-order mark is passed over.
    fn lines(&self, path: &Path, header: bool) -> Result<(csv::StringRecord, Vec<(u64, csv::StringRecord)>)> {
        let mut reader = self.open(path, header)?;
        let broken = |error: &csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            self.wrong(path, line, "this is not readable as CSV in UTF-8")
        };
        let head =
            if header { reader.headers().map_err(|error| broken(&error))?.clone() } else { csv::StringRecord::new() };
        let mut lines = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|error| broken(&error))?;
            if row.iter().any(|cell| !cell.is_empty()) {
                lines.push((row.position().map_or(0, csv::Position::line), row));
            }
        }
        let head = head.iter().map(|name| name.trim_start_matches('\u{feff}').to_ascii_lowercase()).collect();
        Ok((head, lines))
    }

    /// Adds whom a list of people names to `names`, and to `listed` where it is to be counted. One that is sent `bare` may be NHS numbers without a
    /// header.
    pub fn named(
        &mut self,
        path: &Path,
        replaced: &BTreeMap<String, String>,
        bare: bool,
        names: &mut Named,
        mut listed: Option<&mut Listed>,
    ) -> Result<()> {
        let first = if bare { self.lines(path, false)?.1.into_iter().next() } else { None };
        let is_bare = first.is_some_and(|(_, row)| row.get(0).is_some_and(|cell| self.number(cell).is_some()));
        let (head, lines) = match is_bare {
            true => (csv::StringRecord::from(vec!["nhs_number"]), self.lines(path, false)?.1),
            false => self.lines(path, true)?,
        };
        let columns = self.columns(path, &head)?;
        for (line, row) in lines {
            if self.is_beyond(&head, &row) {
                return Err(self.wrong(path, line, "it has more cells than the header has columns"));
            }
            let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).filter(|cell| !cell.is_empty());
            let days = self.days(path, line, cell(columns.from), cell(columns.until))?;
            let name = match (cell(columns.number), cell(columns.provider), cell(columns.record)) {
                (Some(raw), _, _) => {
                    let known = self.number(raw).ok_or_else(|| self.wrong(path, line, "this is no NHS number"))?;
                    Key::Number(replaced.get(&known).cloned().unwrap_or(known))
                }
                (None, Some(provider), Some(record)) => {
                    // A line that is over may name a provider that has left since.
                    if let Some(what) = self.cannot_name(provider).filter(|_| !days.are_over(self.job.as_of)) {
                        return Err(self.wrong(path, line, what));
                    }
                    Key::Record(provider.to_string(), record.to_string())
                }
                _ => return Err(self.wrong(path, line, "the line names nobody")),
            };
            if let Some(listed) = listed.as_deref_mut() {
                listed.add(&name, days, self.job.as_of);
            }
            names.add(name, days, self.job.as_of);
        }
        Ok(())
    }

    /// Where the columns of a list of people stand, as its header says.
    fn columns(&self, path: &Path, head: &csv::StringRecord) -> Result<Columns> {
        let place = |name: &str| head.iter().position(|known| known == name);
        let columns = Columns {
            number: place("nhs_number"),
            provider: place("provider"),
            record: place("record_id"),
            from: place("from"),
            until: place("until"),
        };
        if columns.number.is_none() && (columns.provider.is_none() || columns.record.is_none()) {
            return Err(self.wrong(path, 1, "the header needs nhs_number, or provider and record_id"));
        }
        if let Some(twice) = COLUMNS.iter().find(|name| head.iter().filter(|known| known == *name).count() > 1) {
            return Err(self.wrong(path, 1, &format!("the header has {twice} twice")));
        }
        for (at, name) in head.iter().enumerate().filter(|(_, name)| !COLUMNS.contains(name)) {
            if let Some(meant) = nearest(name, DATES).filter(|meant| place(meant).is_none()) {
                let what = format!("column {} of the header is nearly {meant}: call it that, or otherwise", at + 1);
                return Err(self.wrong(path, 1, &what));
            }
        }
        Ok(columns)
    }

    /// Whether a line has cells that no column of the header holds: whom these name would be passed over.
    fn is_beyond(&mut self, head: &csv::StringRecord, row: &csv::StringRecord) -> bool {
        row.iter().enumerate().any(|(at, cell)| match head.get(at) {
            None => !cell.is_empty(),
            Some("") => self.number(cell).is_some(),
            Some(_) => false,
        })
    }

    /// Why a line cannot name a record of `provider`, where it cannot.
    fn cannot_name(&self, provider: &str) -> Option<&'static str> {
        if !self.job.providers.iter().any(|known| known.id == provider) {
            return Some("no provider of this job has that id");
        }
        self.job.numbers_rows_of(provider).then_some(NAMED_BY_ROW)
    }

    /// The days on which a line holds.
    fn days(&self, path: &Path, line: u64, from: Option<&str>, until: Option<&str>) -> Result<Days> {
        let date = |cell: Option<&str>| -> Result<Option<Date>> {
            let parse = |text: &str| {
                text.parse().map_err(|_| self.wrong(path, line, "from and until are dates such as 2026-11-22"))
            };
            cell.map(parse).transpose()
        };
        let days = Days { from: date(from)?, until: date(until)? };
        match (days.from, days.until) {
            (Some(from), Some(until)) if from > until => {
                Err(self.wrong(path, line, "from is after until, so that it would never hold"))
            }
            _ => Ok(days),
        }
    }

    /// Adds old numbers and those that stand for them to `replaced`, and the old ones to `listed`.
    pub fn replaced(
        &mut self,
        path: &Path,
        replaced: &mut BTreeMap<String, String>,
        listed: &mut Listed,
    ) -> Result<()> {
        for (nth, (line, row)) in self.lines(path, false)?.1.into_iter().enumerate() {
            let (old, new) = (row.get(0).and_then(|raw| self.number(raw)), row.get(1).and_then(|raw| self.number(raw)));
            if row.iter().skip(2).any(|cell| self.number(cell).is_some()) {
                return Err(self.wrong(path, line, "there are more than two NHS numbers: a line holds old,new"));
            }
            match (old, new) {
                (Some(old), Some(new)) => {
                    listed.add_for_good(&old);
                    replaced.insert(old, new);
                }
                (None, None) if nth == 0 && is_header(&row) => {}
                _ => return Err(self.wrong(path, line, "two NHS numbers are needed: old,new")),
            }
        }
        Ok(())
    }

    /// Adds the pairs that a list keeps apart to `never` and `listed`.
    pub fn never_link(
        &mut self,
        path: &Path,
        replaced: &BTreeMap<String, String>,
        never: &mut Vec<(Key, Key)>,
        listed: &mut Listed,
    ) -> Result<()> {
        for (nth, (line, row)) in self.lines(path, false)?.1.into_iter().enumerate() {
            let keys: Vec<Key> = row.iter().take(2).filter_map(|cell| self.key(cell, replaced)).collect();
            if row.iter().skip(2).any(|cell| self.key(cell, replaced).is_some()) {
                return Err(self.wrong(path, line, "there are more than two keys: a line keeps two apart"));
            }
            if keys.iter().any(|key| matches!(key, Key::Record(provider, _) if self.job.numbers_rows_of(provider))) {
                return Err(self.wrong(path, line, NAMED_BY_ROW));
            }
            match <[Key; 2]>::try_from(keys) {
                Ok([left, right]) => {
                    // Whichever way round they stand.
                    listed.add_for_good(&if left < right { (&left, &right) } else { (&right, &left) });
                    never.push((left, right));
                }
                Err(keys) if nth == 0 && keys.is_empty() && is_header(&row) => {}
                Err(_) => {
                    return Err(self.wrong(
                        path,
                        line,
                        "two keys are needed, each an NHS number or provider:record_id",
                    ));
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, cell: &str, replaced: &BTreeMap<String, String>) -> Option<Key> {
        if let Some((provider, record)) = cell.split_once(':') {
            let known = self.job.providers.iter().any(|known| known.id == provider);
            return known.then(|| Key::Record(provider.to_string(), record.to_string()));
        }
        let number = self.number(cell)?;
        Some(Key::Number(replaced.get(&number).cloned().unwrap_or(number)))
    }
}

/// Whether the first line of a list without a known header is one: it names its columns, and is no line that was mistyped.
fn is_header(row: &csv::StringRecord) -> bool {
    row.iter().take(2).all(|cell| {
        let is_record = cell.split_once(':').is_some_and(|(_, record)| !record.eq_ignore_ascii_case("record_id"));
        !is_record && cell.bytes().filter(u8::is_ascii_digit).count() < DIGITS_OF_A_KEY
    })
}
