//! Who stands on which list, as far as the night after has to know it: how many names each list holds, and how many of them it alone holds.
//!
//! A list is a file, or all files of one kind whose names differ in dates alone: today's `lists/gp-01_2026-11-22.csv` is yesterday's
//! `lists/gp-01_2026-11-21.csv`. Names are kept as hashes, for as long as a night goes on, and only ever counted.

use super::named::Days;
use crate::job::Job;
use jiff::civil::Date;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use serde::Serialize;
use std::hash::{BuildHasher, Hash};
use std::ops::RangeInclusive;
use std::path::Path;

/// The kinds of lists, as run.json calls them.
pub(super) const LOCAL: &str = "local";
pub(super) const TYPE_1: &str = "type_1";
pub(super) const NATIONAL: &str = "national";
pub(super) const NEVER_LINK: &str = "never_link";
pub(super) const REPLACED: &str = "nhs_number_replaced";

/// Years of which a list's name may tell.
const YEARS: RangeInclusive<u32> = 2000..=2099;

/// How many names a list holds, as run.json has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ListHeld {
    pub kind: &'static str,
    /// Its path from the job's folder, with a star for each date in it.
    pub file: String,
    pub names: u64,
    /// Those that no other list of its kind holds: they are lost where this one is.
    pub alone: u64,
}

/// One list.
#[derive(Debug)]
pub(super) struct Listed {
    kind: &'static str,
    file: String,
    /// Hashes of the names that hold today: of a list that comes anew every day many files may lie there.
    today: FxHashSet<u64>,
    /// Those of lines that do not hold today: over, or not begun.
    other_days: Vec<(u64, Days)>,
}

impl Listed {
    /// Adds whom a line names that holds on these days.
    pub fn add(&mut self, name: &impl Hash, days: Days, today: Date) {
        let mark = self.mark(name);
        if days.hold_on(today) {
            self.today.insert(mark);
        } else {
            self.other_days.push((mark, days));
        }
    }

    /// Adds what a line names that holds for good.
    pub fn add_for_good(&mut self, name: &impl Hash) {
        let mark = self.mark(name);
        self.today.insert(mark);
    }

    /// Names of two kinds of lists are two names.
    fn mark(&self, name: &impl Hash) -> u64 {
        FxBuildHasher.hash_one((self.kind, name))
    }

    /// The names that hold today, or did on the day `then`.
    fn names(&self, then: Option<Date>) -> FxHashSet<u64> {
        let held_then = |days: &Days| then.is_some_and(|then| days.hold_on(then));
        let others = self.other_days.iter().filter(|(_, days)| held_then(days)).map(|(mark, _)| *mark);
        self.today.iter().copied().chain(others).collect()
    }
}

/// Every list that was read.
#[derive(Debug, Default)]
pub(super) struct AllListed(Vec<Listed>);

impl AllListed {
    /// The list of this kind that `path` is, or is a part of.
    pub fn list(&mut self, job: &Job, kind: &'static str, path: &Path) -> &mut Listed {
        let shown = path.strip_prefix(&job.folder).unwrap_or(path);
        let file = without_dates(&shown.display().to_string());
        let known = self.0.iter().position(|list| list.kind == kind && list.file == file);
        let at = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push(Listed { kind, file, today: FxHashSet::default(), other_days: Vec::new() });
        }
        &mut self.0[at]
    }

    /// How many names each list holds today, or did on the day `then`; in the order in which they were read.
    pub fn held(&self, then: Option<Date>) -> Vec<ListHeld> {
        let names: Vec<FxHashSet<u64>> = self.0.iter().map(|list| list.names(then)).collect();
        let has_several = |kind: &str| self.0.iter().filter(|list| list.kind == kind).count() > 1;
        let mut lists_of: FxHashMap<u64, u32> = FxHashMap::default();
        // Nobody else holds what the only list of a kind holds, and it may be a large one.
        for (_, names) in self.0.iter().zip(&names).filter(|(list, _)| has_several(list.kind)) {
            names.iter().for_each(|name| *lists_of.entry(*name).or_default() += 1);
        }
        let held = |(list, names): (&Listed, &FxHashSet<u64>)| {
            let shared = names.iter().filter(|name| lists_of.get(*name).is_some_and(|lists| *lists > 1)).count();
            let (all, alone) = (names.len() as u64, (names.len() - shared) as u64);
            ListHeld { kind: list.kind, file: list.file.clone(), names: all, alone }
        };
        self.0.iter().zip(&names).map(held).collect()
    }
}

/// The name of a file with a star for each date in it, and for a time of day behind one.
fn without_dates(name: &str) -> String {
    let (mut out, mut rest) = (String::new(), name);
    while !rest.is_empty() {
        let plain = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let length = date(rest).unwrap_or(0);
        let number = if length > 0 { "*" } else { &rest[..digits(rest)] };
        out.push_str(number);
        rest = &rest[length.max(digits(rest))..];
    }
    out
}

/// How many digits `text` begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// How long the date is that `text` begins with: 20261122, 22112026, 202611, 2026-11-22, 22-11-2026 or 2026-11, with a time or without.
fn date(text: &str) -> Option<usize> {
    let run = digits(text);
    let separator = text.as_bytes().get(run).filter(|byte| b"-_.".contains(byte));
    let year_first = || is_day(&text[..4], &text[4..6], &text[6..8]);
    let year_last = || is_day(&text[4..8], &text[2..4], &text[..2]);
    match (run, separator) {
        (8, _) if year_first() || year_last() => Some(8 + time(&text[8..])),
        (12 | 14, _) if year_first() => Some(run),
        (6, _) if is_month(&text[..4], &text[4..6]) => Some(run),
        (2 | 4, Some(separator)) => separated(text, run, *separator),
        _ => None,
    }
}

/// The same of one whose parts `separator` parts, the first of which has `first` digits.
fn separated(text: &str, first: usize, separator: u8) -> Option<usize> {
    let second = first + 1;
    if digits(&text[second..]) != 2 {
        return None;
    }
    let month = &text[second..second + 2];
    let third = second + 3;
    let last = if text.as_bytes().get(third - 1) == Some(&separator) { digits(&text[third..]) } else { 0 };
    match (first, last) {
        (4, 2) if is_day(&text[..4], month, &text[third..third + 2]) => Some(10 + time(&text[10..])),
        (4, _) if is_month(&text[..4], month) => Some(7),
        (2, 4) if is_day(&text[third..third + 4], month, &text[..2]) => Some(10 + time(&text[10..])),
        _ => None,
    }
}

/// How long the time of day is that stands behind a date: T1410, T141001, _141001.
fn time(behind: &str) -> usize {
    let digits = behind.get(1..).map_or(0, digits);
    match (behind.bytes().next(), digits) {
        (Some(b'T' | b't'), 4 | 6) | (Some(b'-' | b'_' | b' '), 6) => 1 + digits,
        _ => 0,
    }
}

fn is_month(year: &str, month: &str) -> bool {
    is_within(year, YEARS) && is_within(month, 1..=12)
}

fn is_day(year: &str, month: &str, day: &str) -> bool {
    is_month(year, month) && is_within(day, 1..=31)
}

fn is_within(number: &str, range: RangeInclusive<u32>) -> bool {
    number.parse().is_ok_and(|number: u32| range.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_in_many_files_of_a_list_takes_room_once() {
        let (today, other_days) = (FxHashSet::default(), Vec::new());
        let mut list = Listed { kind: LOCAL, file: "gp_*.csv".into(), today, other_days };
        for _ in 0..14 {
            list.add(&"somebody", Days { from: None, until: None }, jiff::civil::date(2026, 11, 22));
            list.add_for_good(&"somebody");
        }
        assert_eq!(list.today.len(), 1);
    }

    #[test]
    fn a_list_is_known_whatever_date_its_name_has() {
        for (name, known) in [
            ("objections.csv", "objections.csv"),
            ("lists/gp-01_2026-11-22.csv", "lists/gp-01_*.csv"),
            ("lists/2026.11.22/gp-02.csv", "lists/*/gp-02.csv"),
            ("20261122-gp-A81001.csv", "*-gp-A81001.csv"),
            ("gp_22112026.csv", "gp_*.csv"),
            ("gp_22-11-2026.csv", "gp_*.csv"),
            ("gp_2026-11.csv", "gp_*.csv"),
            ("gp_202611.csv", "gp_*.csv"),
            ("gp_20261122T1410.csv", "gp_*.csv"),
            ("gp_2026-11-22_141001.csv", "gp_*.csv"),
            ("gp_20261122141001.csv", "gp_*.csv"),
            ("été_2026-11-22é.csv", "été_*é.csv"),
            ("gp_2026-11-22", "gp_*"),
            // No dates.
            ("gp_2026-13.csv", "gp_2026-13.csv"),
            ("gp_99990000.csv", "gp_99990000.csv"),
            ("gp_100112.csv", "gp_100112.csv"),
            ("01-02-03.csv", "01-02-03.csv"),
            ("2026.csv", "2026.csv"),
            ("7", "7"),
            ("", ""),
        ] {
            assert_eq!(without_dates(name), known, "{name}");
        }
    }
}
