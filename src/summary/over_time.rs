//! Figures of earlier runs beside tonight's: what they have printed, and nothing behind it.
//!
//! Every run carries on the lines of the run before (`summary/over_time.csv`), so that they last longer than the runs do. A change is the
//! difference of two printed figures, and is not said where either is hidden. Lines are carried on only under the preset that printed them,
//! and only where it blurs: exact figures of two nights would tell who has come.

use super::disclosure::Shown;
use super::figures::{CohortFigures, Figures, Group};
use jiff::civil::Date;

/// The file that is carried on.
pub(crate) const FILE: &str = "over_time.csv";
/// Days of which every run stays; of earlier months the last run does.
const DAYS_WHOLE: i32 = 62;
/// Runs that stay at most, some ten years.
const RUNS_MAX: usize = 200;
/// Hexadecimal digits of a cohort's definition: enough to tell two rules of one job apart.
const RULE_DIGITS: usize = 12;

/// One figure as one run has printed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Printed {
    pub run_id: String,
    pub as_of: Date,
    /// The preset that it was printed under.
    pub preset: String,
    pub of: Of,
    /// In words.
    pub name: String,
    /// `None` where it is hidden.
    pub count: Option<u64>,
}

/// What is counted: figures of two runs are compared where all of it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Of {
    /// "everybody", "status", "accounts" or "cohort".
    pub measure: String,
    /// Which status, account or cohort.
    pub group: String,
    /// Of a cohort, the beginning of its definition's hash; else empty.
    pub rule: String,
}

impl Of {
    pub fn new(measure: &str, group: &str) -> Of {
        Of { measure: measure.into(), group: group.into(), rule: String::new() }
    }

    pub fn cohort(id: &str, definition: &str) -> Of {
        Of { rule: definition.chars().take(RULE_DIGITS).collect(), ..Of::new("cohort", id) }
    }
}

/// What earlier runs have printed, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past(Vec<Printed>);

impl Past {
    /// From `over_time.csv` of the run before, less what `run_id` itself has printed where it is counted anew. Lines that cannot be read
    /// are passed over: no figure of tonight rests on them.
    pub fn read(csv: &[u8], run_id: &str) -> Past {
        let mut reader = csv::Reader::from_reader(csv);
        let lines = reader.records().filter_map(|row| Printed::read(&row.ok()?));
        Past(lines.filter(|line| line.run_id != run_id).collect())
    }
}

impl Printed {
    /// The columns of the file, in their order.
    fn read(row: &csv::StringRecord) -> Option<Printed> {
        let [run_id, as_of, measure, group, rule, name, count, preset] = std::array::from_fn(|at| row.get(at));
        let of = Of { rule: rule?.into(), ..Of::new(measure?, group?) };
        let count = match count? {
            "*" => None,
            digits => Some(digits.parse().ok()?),
        };
        let (run_id, name, preset) = (run_id?.into(), name?.into(), preset?.into());
        Some(Printed { run_id, as_of: as_of?.parse().ok()?, preset, of, name, count })
    }

    pub fn row(&self) -> Vec<String> {
        let Of { measure, group, rule } = &self.of;
        let count = self.count.map_or_else(|| "*".into(), |count| count.to_string());
        let as_of = self.as_of.to_string();
        [&self.run_id, &as_of, measure, group, rule, &self.name, &count, &self.preset].map(String::clone).to_vec()
    }
}

/// Counts by date, oldest first; `None` where hidden.
pub(super) type Series = Vec<(Date, Option<u64>)>;

/// All lines of the file, and what they say of changes.
#[derive(Debug, Default)]
pub(super) struct OverTime {
    /// Oldest first; tonight's are the last.
    pub lines: Vec<Printed>,
    /// The run before and its date; `None` where there is nothing to compare with.
    pub before: Option<(String, Date)>,
}

/// A figure against that of the run before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The run before has no such figure.
    NotKnown,
    /// One of the two is hidden.
    Hidden,
    /// Printed tonight less printed then.
    By(i64),
}

impl OverTime {
    pub fn new(past: &Past, figures: &Figures) -> OverTime {
        let preset = figures.preset.name();
        let tonight = tonight(figures, &preset);
        let mut lines: Vec<Printed> = match figures.preset.rounds() {
            true => past.0.iter().filter(|line| line.preset == preset).cloned().collect(),
            false => Vec::new(),
        };
        thin_out(&mut lines, figures.as_of);
        let before = lines.last().map(|line| (line.run_id.clone(), line.as_of));
        lines.extend(tonight);
        OverTime { lines, before }
    }

    pub fn change(&self, of: &Of, shown: Shown) -> Change {
        let Some((run, _)) = &self.before else { return Change::NotKnown };
        let Some(then) = self.lines.iter().find(|line| line.run_id == *run && line.of == *of) else {
            return Change::NotKnown;
        };
        match (then.count, shown.count()) {
            (Some(then), Some(now)) => Change::By(now as i64 - then as i64),
            _ => Change::Hidden,
        }
    }

    /// The dates that a figure has been printed on, oldest first, with the last run's count of each.
    pub fn series(&self, of: &Of) -> Series {
        let mut series = Series::new();
        for line in self.lines.iter().filter(|line| line.of == *of) {
            match series.last_mut() {
                Some((as_of, count)) if *as_of == line.as_of => *count = line.count,
                _ => series.push((line.as_of, line.count)),
            }
        }
        series.sort_by_key(|(as_of, _)| *as_of);
        series
    }
}

impl Figures<'_> {
    /// The counts of each cohort over time, in the order of the job; `None` where none has been printed on two dates under one rule.
    pub fn cohorts_over_time(&self) -> Option<Vec<Series>> {
        let series = |cohort: &CohortFigures| self.over_time.series(&Of::cohort(cohort.id, cohort.definition));
        let all: Vec<_> = self.cohorts.iter().map(series).collect();
        all.iter().any(|series| series.len() > 1).then_some(all)
    }
}

/// What tonight prints and later nights carry on.
fn tonight(figures: &Figures, preset: &str) -> Vec<Printed> {
    let line = |of: Of, name: &str, shown: Shown| Printed {
        run_id: figures.run_id.to_string(),
        as_of: figures.as_of,
        preset: preset.to_string(),
        of,
        name: name.to_string(),
        count: shown.count(),
    };
    let mut lines = vec![line(Of::new("everybody", "All people"), "All people", figures.people)];
    lines.extend(figures.status.iter().map(|Group { label, people }| line(Of::new("status", label), label, *people)));
    let accounts = figures.accounts.named();
    lines.extend(accounts.into_iter().map(|(name, shown)| line(Of::new("accounts", name), name, shown)));
    let cohorts = figures.cohorts.iter();
    lines.extend(cohorts.map(|cohort| line(Of::cohort(cohort.id, cohort.definition), cohort.name, cohort.people)));
    lines
}

/// Keeps every run of the last two months, of earlier ones the last of each month.
fn thin_out(lines: &mut Vec<Printed>, today: Date) {
    let mut runs: Vec<(String, Date)> = Vec::new();
    for line in lines.iter() {
        if runs.last().is_none_or(|(run, _)| *run != line.run_id) {
            runs.push((line.run_id.clone(), line.as_of));
        }
    }
    let days = |date: Date| today.since(date).map_or(0, |span| span.get_days());
    let month = |date: Date| (date.year(), date.month());
    let last_of_its_month = |at: usize| runs.get(at + 1).is_none_or(|(_, next)| month(*next) != month(runs[at].1));
    let mut stays: Vec<String> = Vec::new();
    for (at, (run, as_of)) in runs.iter().enumerate() {
        if days(*as_of) <= DAYS_WHOLE || last_of_its_month(at) {
            stays.push(run.clone());
        }
    }
    stays.drain(..stays.len().saturating_sub(RUNS_MAX));
    lines.retain(|line| stays.contains(&line.run_id));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(run: &str, count: Option<u64>) -> Printed {
        Printed {
            run_id: run.into(),
            as_of: run[..10].parse().expect("a date"),
            preset: "1-7/5".into(),
            of: Of::cohort("frail", "0123456789abcdef"),
            name: "Frail, and \"alone\"".into(),
            count,
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_what_is_no_line_is_passed_over() {
        let lines =
            [printed("2026-11-20-01", Some(40)), printed("2026-11-21-01", None), printed("2026-11-22-01", None)];
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["run", "as_of", "measure", "group", "rule", "name", "count", "preset"]).expect("it fits");
        lines.iter().for_each(|line| writer.write_record(line.row()).expect("it fits"));
        writer.write_record(["2026-11-22-02", "no date", "", "", "", "", "7", "1-7/5"]).expect("it fits");
        let file = writer.into_inner().expect("memory takes it");
        assert_eq!(Past::read(&file, "2026-11-22-01"), Past(lines[..2].to_vec()));
        assert_eq!(Past::read(b"\xff\xfe", ""), Past::default());
    }

    #[test]
    fn a_change_is_said_of_printed_figures_of_the_same_rule_only() {
        let lines = vec![printed("2026-11-20-01", Some(40)), printed("2026-11-21-01", Some(50))];
        let known = OverTime { before: lines.last().map(|line| (line.run_id.clone(), line.as_of)), lines };
        let of = |definition| Of::cohort("frail", definition);
        assert_eq!(known.change(&of("0123456789abcdef"), Shown::NONE), Change::By(-50));
        assert_eq!(known.change(&of("fedcba9876543210"), Shown::NONE), Change::NotKnown);
        let hidden = vec![printed("2026-11-21-01", None)];
        let hidden = OverTime { before: Some((hidden[0].run_id.clone(), hidden[0].as_of)), lines: hidden };
        assert_eq!(hidden.change(&of("0123456789abcdef"), Shown::NONE), Change::Hidden);
        assert_eq!(OverTime::default().change(&of("0123456789abcdef"), Shown::NONE), Change::NotKnown);
    }

    #[test]
    fn of_long_ago_the_last_run_of_each_month_stays() {
        let runs =
            ["2026-08-30-01", "2026-08-31-01", "2026-08-31-02", "2026-09-01-01", "2026-09-22-01", "2026-11-21-01"];
        let mut lines: Vec<Printed> = runs.iter().map(|run| printed(run, Some(8))).collect();
        thin_out(&mut lines, "2026-11-22".parse().expect("a date"));
        let left: Vec<&str> = lines.iter().map(|line| line.run_id.as_str()).collect();
        assert_eq!(left, ["2026-08-31-02", "2026-09-22-01", "2026-11-21-01"]);
    }
}
