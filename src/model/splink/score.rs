//! Match weights: the prior, each comparison's level, and how common its value is, in bits.

use super::blocks::{Blocks, Gathered, Task};
use super::compile::{Memory, Pair};
use super::export::Counts;
use super::import::{Imported, Level};
use super::ladder::Ladder;
use super::prepare::Prepared;
use crate::comparison::{PackedLevel, Pattern};
use rayon::prelude::*;

/// A scored pair, by the places of its records in the order of ids.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    pub left: u32,
    pub right: u32,
    /// The blocking rule that yielded it first.
    pub rule: u32,
    /// log2 odds.
    pub weight: f64,
    /// Its levels, packed as [`packed_levels`] says: 0 is a null level, and any other one more than its number ([`super::Comparison::number_of`]).
    pub pattern: Pattern,
}

/// Where each comparison's level stands in the pattern of a scored pair; comparisons beyond 64 bits have no place.
pub fn packed_levels(model: &Imported) -> Vec<PackedLevel> {
    let name = |comparison: usize| model.comparisons[comparison].name.clone();
    let placed = places(model).into_iter().enumerate();
    placed.filter_map(|(at, place)| place.map(|(shift, mask)| PackedLevel { name: name(at), shift, mask })).collect()
}

/// The lowest bit and the mask of each comparison in a pattern.
fn places(model: &Imported) -> Vec<Option<(u32, u64)>> {
    let mut shift = 0;
    let place = |comparison: &super::Comparison| {
        let bits = u64::BITS - (comparison.levels.len() as u64).leading_zeros();
        (shift + bits <= u64::BITS).then(|| {
            shift += bits;
            (shift - bits, (1 << bits) - 1)
        })
    };
    model.comparisons.iter().map(place).collect()
}

/// What a level of a comparison is worth.
#[derive(Debug)]
struct Rung {
    bits: f64,
    /// In the pattern.
    packed: Pattern,
    /// How common the value is, where that counts: the place of the column in the model's, and bits by code.
    frequency: Option<(usize, Vec<f64>)>,
}

/// Scores pairs; each thread has a [`Memory`].
#[derive(Debug)]
pub struct Scorer<'a> {
    prepared: &'a Prepared<'a>,
    ladders: Vec<Ladder>,
    rungs: Vec<Vec<Rung>>,
}

impl<'a> Scorer<'a> {
    pub fn new(prepared: &'a Prepared<'a>) -> Scorer<'a> {
        let Prepared { model, data, kernels, levels, .. } = prepared;
        let ladders = levels.iter().map(|tests| Ladder::of(tests, data, kernels)).collect();
        let rung = |level: &Level, number: usize, place: Option<(u32, u64)>| {
            let frequency = level.frequency.as_ref().and_then(|rule| {
                let adjust = |frequency: f64| rule.share * (rule.u_exact.log2() - frequency.max(rule.minimum).log2());
                prepared.frequencies[rule.column].as_ref().map(|known| (rule.column, known.by_code(adjust)))
            });
            let packed = place.filter(|_| !level.is_null).map_or(0, |(shift, _)| (number as u64 + 1) << shift);
            Rung { bits: level.weight, packed, frequency }
        };
        let rungs = model.comparisons.iter().zip(places(model)).map(|(comparison, place)| {
            let levels = comparison.levels.iter().enumerate();
            levels.map(|(at, level)| rung(level, comparison.number_of(at), place)).collect()
        });
        Scorer { prepared, ladders, rungs: rungs.collect() }
    }

    /// The memory that scoring needs, one a thread.
    pub fn memory(&self) -> Memory {
        let mut memory = Memory::of(&self.prepared.kernels);
        memory.levels.resize_with(self.ladders.len(), Default::default);
        memory
    }

    /// No pair counted yet, for [`super::export::count`].
    pub fn no_counts(&self) -> Counts {
        Counts::zero(self.prepared.model)
    }

    /// The match weight of two records by place, left < right, in bits.
    pub fn weight(&self, left: u32, right: u32, memory: &mut Memory) -> f64 {
        self.score(&self.prepared.pair(left, right), memory).0
    }

    /// The same with the levels that it is made of.
    pub fn weight_and_levels(&self, left: u32, right: u32, memory: &mut Memory) -> (f64, Pattern) {
        self.score(&self.prepared.pair(left, right), memory)
    }

    /// The level that a comparison reaches: its place in [`super::Comparison::levels`].
    pub fn level(&self, comparison: usize, left: u32, right: u32, memory: &mut Memory) -> usize {
        let pair = self.prepared.pair(left, right);
        self.ladders[comparison].level(comparison, &self.prepared.levels[comparison], &pair, memory)
    }

    /// Match weight in bits, and the levels that it is made of. About 50 ns where levels are known or remembered.
    pub(super) fn score(&self, pair: &Pair, memory: &mut Memory) -> (f64, Pattern) {
        let (mut weight, mut pattern) = (self.prepared.model.prior, 0);
        for (nth, (ladder, rungs)) in self.ladders.iter().zip(&self.rungs).enumerate() {
            let rung = &rungs[ladder.level(nth, &self.prepared.levels[nth], pair, memory)];
            pattern |= rung.packed;
            weight += rung.bits + self.adjustment(rung, pair);
        }
        (weight, pattern)
    }

    /// What the frequency of the two values adds, in bits.
    fn adjustment(&self, rung: &Rung, pair: &Pair) -> f64 {
        let Some((column, by_code)) = &rung.frequency else { return 0.0 };
        let known = self.prepared.frequencies[*column].as_ref().expect("a level asks for it");
        let code = |row| self.prepared.data.code(row, known.slot);
        known.greater(code(pair.left), code(pair.right)).map_or(0.0, |code| by_code[code as usize])
    }
}

/// Scores every candidate pair once; gives what `finish` makes of the pairs of at least `threshold` bits of each task, in the order of tasks,
/// and how many pairs were compared.
pub fn score_all<T: Send>(
    scorer: &Scorer,
    blocks: &Blocks,
    threshold: f64,
    finish: impl Fn(&[ScoredPair]) -> T + Sync,
    progress: impl Fn(u64) + Sync,
) -> (Vec<T>, u64) {
    let parts: Vec<(T, u64)> = blocks
        .tasks()
        .par_iter()
        .with_max_len(1)
        .map_init(
            || (Scoring::with(scorer), Vec::new()),
            |(scoring, kept), task| {
                kept.clear();
                let compared = scoring.add(blocks, task, threshold, kept);
                progress(compared);
                (finish(kept), compared)
            },
        )
        .collect();
    let compared = parts.iter().map(|(_, compared)| compared).sum();
    (parts.into_iter().map(|(part, _)| part).collect(), compared)
}

/// The pairs of at least `floor` bits of some tasks, by their places, and how many pairs were compared: a function of nothing but the records (as
/// the scorer's [`Prepared`] holds them, with how common each value is), the model, its rules (as `blocks`), and the tasks. What all tasks give
/// together is what [`predict`] gives, however [`Blocks::tasks_of`] cuts them and whoever is given which.
pub fn links_of(scorer: &Scorer, blocks: &Blocks, tasks: &[Task], floor: f64) -> (Vec<ScoredPair>, u64) {
    let (mut scoring, mut kept) = (Scoring::with(scorer), Vec::new());
    let compared = tasks.iter().map(|task| scoring.add(blocks, task, floor, &mut kept)).sum();
    kept.sort_unstable_by_key(|pair| (pair.left, pair.right));
    (kept, compared)
}

/// A scorer and what one thread needs to score with it, task after task.
struct Scoring<'s, 'a> {
    scorer: &'s Scorer<'a>,
    memory: Memory,
    gathered: Gathered,
}

impl<'s, 'a> Scoring<'s, 'a> {
    fn with(scorer: &'s Scorer<'a>) -> Self {
        Scoring { scorer, memory: scorer.memory(), gathered: Gathered::default() }
    }

    /// Adds the pairs of a task of at least `floor` bits to what is `kept`; how many pairs were compared.
    fn add(&mut self, blocks: &Blocks, task: &Task, floor: f64, kept: &mut Vec<ScoredPair>) -> u64 {
        let (scorer, mut compared) = (self.scorer, 0);
        blocks.each_pair(task, &mut self.gathered, &mut self.memory, |rule, (left, right), pair, memory| {
            compared += 1;
            let (weight, pattern) = scorer.score(pair, memory);
            if weight >= floor {
                kept.push(ScoredPair { left, right, rule, weight, pattern });
            }
        });
        compared
    }
}

/// How many candidate pairs there are, each once.
pub fn count_pairs(prepared: &Prepared, blocks: &Blocks) -> u64 {
    let count = |(memory, gathered): &mut (Memory, Gathered), task: &Task| {
        let mut pairs = 0;
        blocks.each_pair(task, gathered, memory, |_, _, _, _| pairs += 1);
        pairs
    };
    let fresh = || (Memory::of(&prepared.kernels), Gathered::default());
    blocks.tasks().par_iter().with_max_len(1).map_init(fresh, count).sum()
}

/// Scores every candidate pair once and keeps those of at least `threshold` bits, ordered by their places.
pub fn predict(
    prepared: &Prepared,
    blocks: &Blocks,
    threshold: f64,
    progress: impl Fn(u64) + Sync,
) -> (Vec<ScoredPair>, u64) {
    let (parts, compared) = score_all(&Scorer::new(prepared), blocks, threshold, <[ScoredPair]>::to_vec, progress);
    let mut pairs = parts.concat();
    pairs.par_sort_unstable_by_key(|pair| (pair.left, pair.right));
    (pairs, compared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::splink::{Table, read_text};
    use crate::records::{Column, MISSING};

    /// A null level that does not stand first.
    const MODEL: &str = r#"{
        "link_type": "dedupe_only", "blocking_rules_to_generate_predictions": ["l.town = r.town"],
        "comparisons": [{"output_column_name": "name", "comparison_levels": [
            {"sql_condition": "name_l = name_r"},
            {"sql_condition": "name_l IS NULL OR name_r IS NULL", "is_null_level": true},
            {"sql_condition": "substr(name_l, 1, 1) = substr(name_r, 1, 1)"},
            {"sql_condition": "ELSE"}]}]}"#;

    fn column(values: &[&str]) -> Column {
        let mut column = Column::default();
        for value in values {
            column.codes.push(if value.is_empty() { MISSING } else { column.values.intern(value) });
        }
        column
    }

    #[test]
    fn levels_have_splinks_numbers_wherever_a_null_level_stands() {
        let (town, name) = (column(&["x"; 5]), column(&["ann", "ann", "amy", "bob", ""]));
        let table = Table {
            columns: vec![&town, &name],
            records: (0..5).collect(),
            ids: vec!["0", "1", "2", "3", "4"],
            source: vec![0; 5],
            sources: vec!["one"],
        };
        let (model, _) = read_text(MODEL, &["town".to_string(), "name".to_string()]).expect("a model");
        let prepared = Prepared::new(&model, &table);
        let (scorer, packed) = (Scorer::new(&prepared), packed_levels(&model));
        let mut memory = scorer.memory();
        let mut reached = |right| packed[0].level_in(scorer.weight_and_levels(0, right, &mut memory).1);
        assert_eq!([1, 2, 3, 4].map(&mut reached), [Some(2), Some(1), Some(0), None]);
        let place = |number| model.comparisons[0].numbered(number).and_then(|level| level.condition.clone());
        let levels = &model.comparisons[0].levels;
        assert_eq!([0, 1, 2].map(place), [3, 2, 0].map(|at: usize| levels[at].condition.clone()));
    }
}
