//! Which of tonight's people is whom of the run before, judged on the records they share.

use super::ledger::Assignment;
use rustc_hash::FxHashMap;

/// No person of the ledger.
pub(super) const NOBODY: u32 = u32::MAX;
/// Plain keys are even, refined ones odd.
const REFINED_BIT: u64 = 1;

/// How a person of the run before (an ordinal) and a person of tonight (a dense number) overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overlap {
    pub(super) old: u32,
    pub(super) new: u32,
    /// Records they share that tell one person from another.
    pub(super) records: u32,
    /// The same, together with rows of reused record_ids recognised by their content.
    pub(super) votes: u32,
}

/// Everything that both runs say about each other.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Sorted by (old, new).
    pub(super) overlaps: Vec<Overlap>,
    /// Records of the run before that are gone tonight, by ordinal; only of ordinals that were somebody.
    pub(super) lost: Vec<(u32, u32)>,
    /// Records of each person of tonight.
    pub(super) records: Vec<u32>,
}

/// Which of the rows that share a key a row is, in the order of the rows, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nth {
    pub(super) nth: u32,
    pub(super) of: u32,
}

/// The plain form of a record's hash.
pub(super) fn plain_key(hash: u64) -> u64 {
    hash & !REFINED_BIT
}

/// The refined form of a hash of what a row says.
pub(super) fn refined_key(hash: u64) -> u64 {
    hash | REFINED_BIT
}

/// Tonight's assignment: each record once a person. `rows` gives the plain key and the person of each row.
///
/// A record_id that several people share (the provider reused it) tells nobody apart, so its rows are also entered under a *refined*
/// key, which `content_of_row` makes from what the row says, or from which of them it is where all say the same.
pub(super) fn assignment_of(keys: &[u64], person: &[u32], content_of_row: impl Fn(usize, Nth) -> u64) -> Assignment {
    use rayon::prelude::*;
    let mut entries: Assignment = keys.par_iter().copied().zip(person.par_iter().copied()).collect();
    entries.par_sort_unstable();
    entries.dedup();
    let shared: Vec<u64> = entries.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect();
    if !shared.is_empty() {
        let rows: Vec<usize> = (0..keys.len()).filter(|&row| shared.binary_search(&keys[row]).is_ok()).collect();
        let refined = rows.iter().zip(places(keys, &rows));
        entries.extend(refined.map(|(&row, nth)| (refined_key(content_of_row(row, nth)), person[row])));
        entries.par_sort_unstable();
        entries.dedup();
    }
    entries
}

/// Which of the rows with its key each of `rows` is; they ascend, and all rows of their keys are among them.
fn places(keys: &[u64], rows: &[usize]) -> Vec<Nth> {
    let mut all: FxHashMap<u64, u32> = FxHashMap::default();
    let mut places = Vec::with_capacity(rows.len());
    for &row in rows {
        let seen = all.entry(keys[row]).or_default();
        places.push(Nth { nth: *seen, of: 0 });
        *seen += 1;
    }
    places.iter_mut().zip(rows).for_each(|(place, &row)| place.of = all[&keys[row]]);
    places
}

/// Compares two assignments. Records that several people share in *both* runs say nothing about growth or loss.
pub(super) fn compare(old: &Assignment, new: &Assignment, people: usize) -> Comparison {
    let mut comparison = Comparison { records: vec![0; people], ..Comparison::default() };
    let mut shared: Vec<(u32, u32, bool)> = Vec::new();
    let mut lost: Vec<u32> = Vec::new();
    let (mut left, mut right) = (0, 0);
    while left < old.len() || right < new.len() {
        let key = match (old.get(left), new.get(right)) {
            (Some(a), Some(b)) => a.0.min(b.0),
            (a, b) => a.or(b).expect("one side is left").0,
        };
        let olds = group(old, &mut left, key);
        let news = group(new, &mut right, key);
        let refined = key & REFINED_BIT != 0;
        if olds.len() > 1 && news.len() > 1 {
            continue;
        }
        for &(_, ordinal) in olds {
            shared.extend(news.iter().map(|&(_, person)| (ordinal, person, refined)));
            if news.is_empty() && !refined {
                lost.push(ordinal);
            }
        }
        if !refined {
            news.iter().for_each(|&(_, person)| comparison.records[person as usize] += 1);
        }
    }
    comparison.overlaps = count_overlaps(shared);
    lost.sort_unstable();
    comparison.lost = lost.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect();
    comparison
}

/// The entries of `key` from `place` on, which is moved behind them.
fn group<'a>(entries: &'a Assignment, place: &mut usize, key: u64) -> &'a [(u64, u32)] {
    let start = *place;
    while entries.get(*place).is_some_and(|entry| entry.0 == key) {
        *place += 1;
    }
    &entries[start..*place]
}

fn count_overlaps(mut shared: Vec<(u32, u32, bool)>) -> Vec<Overlap> {
    use rayon::prelude::*;
    shared.par_sort_unstable();
    let runs = shared.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    runs.map(|run| Overlap {
        old: run[0].0,
        new: run[0].1,
        records: run.iter().filter(|entry| !entry.2).count() as u32,
        votes: run.len() as u32,
    })
    .collect()
}

/// The ordinal that each person of tonight keeps, or [`NOBODY`].
///
/// The part that holds most of a person's records keeps the id (ties: the part with the smallest key among its records); a person
/// that would keep several keeps the oldest (`age_of` gives what "older" compares).
pub(super) fn keep<Age: Ord>(overlaps: &[Overlap], first_key: &[u64], age_of: impl Fn(u32) -> Age) -> Vec<u32> {
    let mut kept = vec![NOBODY; first_key.len()];
    for parts in overlaps.chunk_by(|a, b| a.old == b.old) {
        let rank = |part: &&Overlap| (part.votes, std::cmp::Reverse((first_key[part.new as usize], part.new)));
        let largest = parts.iter().max_by_key(rank).expect("a chunk is never empty");
        let holder = &mut kept[largest.new as usize];
        if *holder == NOBODY || age_of(largest.old) < age_of(*holder) {
            *holder = largest.old;
        }
    }
    kept
}
