//! From the stages of several runs to one table of medians.

use super::Run;
use crate::run::Finished;
use serde::Serialize;
use std::path::PathBuf;

/// The stages whose work is pairs: a night that learns compares them in the first and weighs them in the second, others do both in the second.
const LEARNING: &str = "Learning";
const LINKING: &str = "Linking";
/// Seconds of a run that no stage accounts for: setting up, handing over, giving memory back.
const BETWEEN: &str = "Between stages";

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Benched {
    /// The version.
    pub onefolk: &'static str,
    pub people: u64,
    pub rows: u64,
    pub files: usize,
    /// Of all extracts.
    pub bytes: u64,
    pub threads: usize,
    /// The model that was given; absent where each run learnt one.
    pub model: Option<PathBuf>,
    pub identities: u64,
    pub pairs_compared: u64,
    pub people_found: u64,
    /// What was resident before a run began, which its peaks include; a median.
    pub memory_before_bytes: Option<u64>,
    pub seconds_of_each_run: Vec<f64>,
    pub whole: StageFigures,
    /// In the order in which they ran.
    pub stages: Vec<StageFigures>,
    /// What the last run had to say.
    pub warnings: Vec<String>,
}

/// Medians over all runs of one stage, or of the whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageFigures {
    pub stage: String,
    pub seconds: f64,
    /// Of the seconds of the whole, 0..=1.
    pub share: f64,
    pub rows_per_second: f64,
    /// Only of linking and of the whole. Where runs learn their model, that of linking is of learning and linking together: the one compares the pairs
    /// that the other weighs.
    pub pairs_per_second: Option<f64>,
    /// The most memory that was resident up to the stage's end; absent where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    /// The same, a row.
    pub bytes_per_record: Option<f64>,
}

/// The stages of one run, each name once.
pub(super) struct Taken {
    stages: Vec<(String, f64, Option<u64>)>,
    seconds: f64,
    peak: Option<u64>,
}

impl Taken {
    pub fn of(run: &Run) -> Taken {
        let mut stages: Vec<(String, f64, Option<u64>)> = Vec::new();
        for time in &run.finished.stages {
            // Without a count of its own a run has no peak by stage either.
            let peak = time.peak_memory_bytes.filter(|_| run.peak_memory_bytes.is_some());
            match stages.iter_mut().find(|(name, ..)| *name == time.stage) {
                Some(known) => (known.1, known.2) = (known.1 + time.seconds, peak),
                None => stages.push((time.stage.clone(), time.seconds, peak)),
            }
        }
        let between = run.finished.seconds - stages.iter().map(|(_, seconds, _)| seconds).sum::<f64>();
        stages.push((BETWEEN.to_string(), between.max(0.0), run.peak_memory_bytes));
        Taken { stages, seconds: run.finished.seconds, peak: run.peak_memory_bytes }
    }

    /// Seconds of some stages together.
    fn seconds_of(&self, names: &[&str]) -> f64 {
        self.stages.iter().filter(|(name, ..)| names.contains(&name.as_str())).map(|(_, seconds, _)| seconds).sum()
    }
}

/// The figures of the whole run.
pub(super) fn whole(runs: &[Taken], last: &Finished) -> StageFigures {
    let seconds = median(runs.iter().map(|run| run.seconds).collect());
    figures("All", seconds, runs.iter().map(|run| run.peak).collect(), last, (seconds, Some(seconds)))
}

/// The figures of each stage, in the order of the last run.
pub(super) fn each(runs: &[Taken], last: &Finished) -> Vec<StageFigures> {
    let all = median(runs.iter().map(|run| run.seconds).collect());
    let of_pairs: &[&str] = if last.learnt { &[LEARNING, LINKING] } else { &[LINKING] };
    let for_pairs = median(runs.iter().map(|run| run.seconds_of(of_pairs)).collect());
    let names = runs.last().map(|run| &run.stages).into_iter().flatten().map(|(name, ..)| name);
    let of = |name: &String| {
        let found = runs.iter().filter_map(|run| run.stages.iter().find(|stage| stage.0 == *name));
        let (seconds, peaks) = found.map(|(_, seconds, peak)| (*seconds, *peak)).unzip();
        figures(name, median(seconds), peaks, last, (all, Some(for_pairs).filter(|_| name == LINKING)))
    };
    names.map(of).collect()
}

/// The figures of a stage that took so many of `all` seconds; pairs are told of as many as they took, where they are told at all.
fn figures(
    stage: &str,
    seconds: f64,
    peaks: Vec<Option<u64>>,
    last: &Finished,
    (all, for_pairs): (f64, Option<f64>),
) -> StageFigures {
    let a_second = |figure: u64, seconds: f64| figure as f64 / seconds.max(1e-9);
    let peak = median_bytes(peaks);
    StageFigures {
        stage: stage.to_string(),
        seconds,
        share: seconds / all.max(1e-9),
        rows_per_second: a_second(last.rows, seconds),
        pairs_per_second: for_pairs.map(|seconds| a_second(last.pairs_compared, seconds)),
        peak_memory_bytes: peak,
        bytes_per_record: peak.map(|bytes| bytes as f64 / last.rows.max(1) as f64),
    }
}

/// The median of what was resident before each run.
pub(super) fn memory_before(runs: &[Run]) -> Option<u64> {
    median_bytes(runs.iter().map(|run| run.memory_before_bytes).collect())
}

/// The median, where every run tells.
fn median_bytes(bytes: Vec<Option<u64>>) -> Option<u64> {
    let known: Option<Vec<f64>> = bytes.into_iter().map(|bytes| bytes.map(|bytes| bytes as f64)).collect();
    known.map(|known| median(known) as u64)
}

/// The middle one; of an even number, half-way between the middle two.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => figures[odd / 2],
        even => f64::midpoint(figures[even / 2 - 1], figures[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::StageTime;

    fn run(seconds: f64, stages: &[(&str, f64, u64)], peak: Option<u64>) -> Run {
        let stage = |&(stage, seconds, peak): &(&str, f64, u64)| StageTime {
            stage: stage.to_string(),
            seconds,
            peak_memory_bytes: Some(peak),
        };
        let finished = Finished {
            run_id: String::new(),
            folder: None,
            rows: 1_000,
            people: 10,
            duplicates: 0,
            quarantined: 0,
            withheld: 0,
            review: 0,
            changes: 0,
            identities: 500,
            pairs_compared: 6_000,
            recalled: crate::recall::Recalled::default(),
            learnt: true,
            model: None,
            purged: Vec::new(),
            seconds,
            reused_stages: Vec::new(),
            stages: stages.iter().map(stage).collect(),
            warnings: Vec::new(),
        };
        Run { finished, memory_before_bytes: peak.map(|bytes| bytes / 10), peak_memory_bytes: peak }
    }

    #[test]
    fn medians_are_by_stage_and_what_no_stage_took_stands_last() {
        let runs = [
            run(10.0, &[("Reading", 1.0, 100), ("Linking", 3.0, 200), ("Reading", 1.0, 300)], Some(400)),
            run(20.0, &[("Reading", 4.0, 100), ("Linking", 6.0, 200)], Some(500)),
            run(12.0, &[("Reading", 3.0, 100), ("Linking", 4.0, 200)], Some(600)),
        ];
        let taken: Vec<Taken> = runs.iter().map(Taken::of).collect();
        let (whole, stages) = (whole(&taken, &runs[2].finished), each(&taken, &runs[2].finished));
        assert_eq!((whole.seconds, whole.share, whole.peak_memory_bytes), (12.0, 1.0, Some(500)));
        assert_eq!(memory_before(&runs), Some(50));
        assert_eq!((whole.pairs_per_second, whole.bytes_per_record), (Some(500.0), Some(0.5)));
        let seconds: Vec<(&str, f64)> = stages.iter().map(|one| (one.stage.as_str(), one.seconds)).collect();
        assert_eq!(seconds, [("Reading", 3.0), ("Linking", 4.0), (BETWEEN, 5.0)]);
        assert_eq!((stages[0].share, stages[0].peak_memory_bytes, stages[0].pairs_per_second), (0.25, Some(100), None));
        assert_eq!((stages[1].rows_per_second, stages[1].pairs_per_second), (250.0, Some(1_500.0)));
    }

    #[test]
    fn pairs_are_told_of_learning_and_linking_together_where_a_run_learns() {
        let linking = |learnt: bool| {
            let mut one = run(10.0, &[("Learning", 4.0, 100), ("Linking", 2.0, 200)], Some(400));
            one.finished.learnt = learnt;
            let stages = each(&[Taken::of(&one)], &one.finished);
            assert_eq!((stages[0].pairs_per_second, stages[1].seconds), (None, 2.0));
            stages[1].pairs_per_second
        };
        assert_eq!((linking(true), linking(false)), (Some(1_000.0), Some(3_000.0)));
    }

    #[test]
    fn no_peak_is_told_where_the_system_does_not_count_it_anew() {
        let one = run(1.0, &[("Reading", 1.0, 100)], None);
        let stages = each(&[Taken::of(&one)], &one.finished);
        assert!(stages.iter().all(|stage| stage.peak_memory_bytes.is_none() && stage.bytes_per_record.is_none()));
    }

    #[test]
    fn medians() {
        assert_eq!([vec![], vec![2.0], vec![3.0, 1.0], vec![9.0, 1.0, 2.0]].map(median), [0.0, 2.0, 2.0, 2.0]);
    }
}
