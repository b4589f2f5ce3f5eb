//! Packages of care on a person's page.

use crate::best_record::{date_of, days};
use crate::care::{self, Span};
use crate::failure::Result;
use crate::job::Job;
use crate::publish::PACKAGES;
use crate::publish::published::{PublishedRun, Rows};
use serde::Serialize;
use std::collections::BTreeMap;

/// All packages of one person, and what they say together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Packages {
    /// By first day.
    pub packages: Vec<PackageLine>,
    /// Days on which two providers provided for one need, or still do.
    pub overlaps: Vec<OverlapLine>,
    /// Needs whose last package ended without a successor.
    pub ended_without_successor: Vec<String>,
    /// Rules of the job that say that the person should have a package, and has none.
    pub gaps: Vec<String>,
    /// Day of death, where there is one.
    #[serde(skip)]
    pub(super) died: Option<i32>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageLine {
    /// Absent where that may not be told.
    pub provider: Option<String>,
    pub provider_name: Option<String>,
    /// Only where identifiers were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    pub service: Option<String>,
    pub need: Option<String>,
    pub start: Option<String>,
    pub end: Option<String>,
    pub planned_until: Option<String>,
    pub ended_because: Option<String>,
    /// current, ended or planned; absent where a problem leaves it open.
    pub state: Option<String>,
    pub problem: Option<String>,
    /// First and last day since 1970, as they are judged.
    #[serde(skip)]
    pub(super) days: Option<(i32, Option<i32>)>,
}

/// Days on which two providers provide for one need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverlapLine {
    pub need: String,
    pub from: String,
    /// Absent where it goes on.
    pub until: Option<String>,
}

/// What the run knows of the packages of the person in this row of people.parquet; `None` where it has none of anybody.
pub(super) fn of(job: &Job, run: &PublishedRun, row: usize, person_id: &str, show: bool) -> Result<Option<Packages>> {
    if !run.has(PACKAGES) {
        return Ok(None);
    }
    let mut found = Packages::default();
    run.one("people.parquet", row, |rows| {
        found.died = rows.dates("date_of_death")?[0];
        found.ended_without_successor = rows.texts("packages_ended", 0)?;
        let name = |id: String| job.care.rules.iter().find(|rule| rule.id == id).map_or(id, |rule| rule.name.clone());
        found.gaps = rows.texts("package_gaps", 0)?.into_iter().map(name).collect();
        Ok(())
    })?;
    run.each_whole(PACKAGES, |rows| {
        let person = rows.text("person_id")?;
        let (starts, ends) = (rows.dates("start")?, rows.dates("end")?);
        for row in (0..rows.len()).filter(|&row| person.value(row) == person_id) {
            let until = ends[row].into_iter().chain(found.died).min();
            let mut line = line(job, rows, row, show);
            line.days = starts[row].filter(|_| line.state.is_some()).map(|start| (start, until));
            found.packages.push(line);
        }
        Ok(())
    })?;
    found.overlaps = overlaps(&found.packages);
    Ok(Some(found))
}

fn line(job: &Job, rows: &Rows, row: usize, show: bool) -> PackageLine {
    let said = |column: &str| rows.said(column, row);
    let provider = said("provider");
    let name = |id: &String| job.providers.iter().find(|known| known.id == *id).map_or(id, |known| &known.name).clone();
    PackageLine {
        provider_name: provider.as_ref().map(name),
        provider,
        record_id: said("record_id").filter(|_| show),
        service: said("service"),
        need: said("need"),
        start: said("start"),
        end: said("end"),
        planned_until: said("planned_until"),
        ended_because: said("ended_because"),
        state: said("state"),
        problem: said("problem"),
        days: None,
    }
}

/// Where providers may not be told, nothing is said of two of them either.
fn overlaps(packages: &[PackageLine]) -> Vec<OverlapLine> {
    let (mut needs, mut providers) = (BTreeMap::new(), BTreeMap::new());
    let spans: Vec<Span> = packages
        .iter()
        .filter_map(|package| {
            let ((from, until), need) = (package.days?, package.need.as_deref()?);
            let (next_need, next_provider) = (needs.len() as u32, providers.len() as u16);
            Some(Span {
                need: *needs.entry(need).or_insert(next_need),
                provider: *providers.entry(package.provider.as_deref()?).or_insert(next_provider),
                from,
                until,
                need_gone: false,
            })
        })
        .collect();
    let word = |code: u32| needs.iter().find(|(_, known)| **known == code).map_or("", |(need, _)| need).to_string();
    let line = |overlap: care::Overlap| OverlapLine {
        need: word(overlap.need),
        from: date_of(overlap.from).to_string(),
        until: overlap.until.map(|day| date_of(day).to_string()),
    };
    care::overlaps(&spans).into_iter().map(line).collect()
}

impl PackageLine {
    /// "2026-01-05 to 2026-03-01", "since 2026-01-05".
    pub(super) fn when(&self) -> String {
        match (&self.start, &self.end) {
            (Some(start), Some(end)) => format!("{start} to {end}"),
            (Some(start), None) => format!("since {start}"),
            (None, Some(end)) => format!("until {end}"),
            (None, None) => "days not known".into(),
        }
    }

    /// Where it stands, or why nobody can say.
    pub(super) fn stands(&self) -> String {
        let because = self.ended_because.as_ref().map(|because| format!(" ({})", because.replace('_', " ")));
        match (&self.state, &self.problem) {
            (Some(state), _) => format!("{state}{}", because.unwrap_or_default()),
            (None, Some(problem)) => format!("cannot be right: {}", problem.replace('_', " ")),
            (None, None) => "not known".into(),
        }
    }

    /// What it is for, and what is given.
    pub(super) fn what(&self) -> String {
        let words = |word: &Option<String>| word.as_ref().map(|word| word.replace('_', " "));
        match (words(&self.need), words(&self.service)) {
            (Some(need), Some(service)) if need != service.to_lowercase() => format!("{need}: {service}"),
            (Some(one), _) | (None, Some(one)) => one,
            (None, None) => "need not known".into(),
        }
    }
}

impl Packages {
    /// For people to read, by label: what asks for somebody's attention first, then every package.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        let mut lines = self.remarks();
        for package in &self.packages {
            let provider = package.provider_name.as_deref().unwrap_or("provider not known");
            let record = package.record_id.as_ref().map(|id| format!(" (record {id})")).unwrap_or_default();
            lines.push((package.when(), format!("{}; {provider}{record}; {}", package.what(), package.stands())));
        }
        if self.packages.is_empty() {
            lines.push(("packages".into(), "none".into()));
        }
        lines
    }

    /// Overlaps, needs without a successor, and rules that no package fulfils.
    pub(super) fn remarks(&self) -> Vec<(String, String)> {
        let label = |words: &str| words.to_string();
        let overlaps = self.overlaps.iter().map(|overlap| {
            let until = overlap.until.as_ref().map_or_else(String::new, |until| format!(" to {until}"));
            (label("two providers"), format!("for {} from {}{until}", overlap.need.replace('_', " "), overlap.from))
        });
        let ended =
            self.ended_without_successor.iter().map(|need| (label("ended, none since"), need.replace('_', " ")));
        let gaps = self.gaps.iter().map(|rule| (label("should have one, has none"), rule.clone()));
        gaps.chain(ended).chain(overlaps).collect()
    }

    /// The first and the last day that a picture has to show: `as_of` is always among them.
    pub(super) fn range(&self, as_of: jiff::civil::Date) -> (i32, i32) {
        let today = days(as_of);
        let drawn = self.packages.iter().filter_map(|package| package.days);
        let days = drawn.flat_map(|(from, until)| [from, until.unwrap_or(today).max(from)]);
        days.fold((today, today), |(first, last), day| (first.min(day), last.max(day)))
    }
}
