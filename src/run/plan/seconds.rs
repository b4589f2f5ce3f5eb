//! How long a run will take, by counts.

// Measured with one thread on a virtual machine of two shared cores: runs over 60,000 and 300,000 made-up rows of seven fields in four
// CSV extracts took 3.8 and 12.8 CPU seconds and 107 and 259 MiB of resident memory, with 43,000 and 214,000 identities and 1.3 and
// 3.2 million pairs. The seconds of the stages, scaled to CPU time, give the figures below.
/// CPU seconds for reading, standardising, best records and publishing, a row.
const ROW: f64 = 7e-6;
/// CPU seconds for grouping and blocking, an identity.
const IDENTITY: f64 = 7e-6;
/// CPU seconds for learning, a pair looked at; beyond [`TRAINING_PAIRS`] no more are.
const TRAINING_PAIR: f64 = 2e-6;
const TRAINING_PAIRS: u64 = 4_000_000;
/// CPU seconds for scoring and clustering, a pair.
const PAIR: f64 = 1e-6;
// The peers' 984,907 records with Splink's settings, on two threads: 4.3 s on a quiet machine, 6 on a slower one.
/// The same with a model of another tool, which blocks by few rules and joins at one cut.
const IMPORTED_IDENTITY: f64 = 2e-6;
const IMPORTED_PAIR: f64 = 5e-7;

/// What the estimates rest on; to be told with them.
pub const ESTIMATE: &str = "Time is estimated from 7 µs a row, 7 µs an identity, 1 µs a pair and, where a model is learnt, 2 µs a training pair \
                            on one core (with a model of another tool 2 µs an identity and .5 µs a pair): measured on made-up rows of seven \
                            fields; wide rows, other machines and objections differ, expect up to twice as much. Memory is what planning \
                            took, which a run takes as well, what linking so many pairs on so many threads adds, and what packing extracts \
                            adds where somebody objects and there is no memory_limit.";

/// What a night does with identities and the pairs among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// It learns a model from them and links them.
    Learning,
    /// It links them with a model that was learnt before.
    Linking,
    /// It links them with a model of another tool.
    Imported,
    /// It takes over how the night before has linked them.
    TakingOver,
}

/// CPU seconds of a run.
pub(super) fn seconds(work: Work, rows: u64, identities: u64, pairs: u64) -> f64 {
    let (identity, pair) = match work {
        Work::Learning | Work::Linking => (IDENTITY, PAIR),
        Work::Imported => (IMPORTED_IDENTITY, IMPORTED_PAIR),
        Work::TakingOver => (0.0, 0.0),
    };
    let training = if work == Work::Learning { pairs.min(TRAINING_PAIRS) as f64 * TRAINING_PAIR } else { 0.0 };
    rows as f64 * ROW + identities as f64 * identity + pairs as f64 * pair + training
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The larger of the two runs that the figures come from, and the smaller one, which keeps them honest.
    #[test]
    fn estimates_of_time_fit_the_runs_they_come_from() {
        for (rows, identities, pairs, cpu) in [(300_000, 213_576, 3_177_010, 12.8), (60_000, 42_735, 1_261_050, 3.8)] {
            let time = seconds(Work::Learning, rows, identities, pairs) / cpu;
            assert!((0.75..1.35).contains(&time), "{time}");
        }
        let on_two_threads = seconds(Work::Imported, 984_907, 726_198, 5_577_173) / 2.0;
        assert!((4.3..6.0).contains(&on_two_threads), "{on_two_threads}");
    }

    #[test]
    fn estimates_grow_with_each_of_their_causes() {
        for work in [Work::Learning, Work::Linking, Work::Imported] {
            let base = seconds(work, 1000, 800, 5000);
            for (rows, identities, pairs) in [(2000, 800, 5000), (1000, 1600, 5000), (1000, 800, 10_000)] {
                assert!(seconds(work, rows, identities, pairs) > base);
            }
        }
    }

    #[test]
    fn only_a_night_that_learns_pays_for_it() {
        let of = |work| seconds(work, 1000, 800, 5_000_000);
        assert!((of(Work::Learning) - of(Work::Linking) - 8.0).abs() < 1e-9);
        assert!(of(Work::Linking) > of(Work::Imported) && of(Work::Imported) > of(Work::TakingOver));
        assert!((of(Work::TakingOver) - 0.007).abs() < 1e-9, "rows are read and published on any night");
    }
}
