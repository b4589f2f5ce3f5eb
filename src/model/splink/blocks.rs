//! Candidate pairs: hash joins of the blocking rules, each pair handed out once.
//!
//! A rule's keys become one dense code a record and side; equal codes meet. A pair belongs to the first rule that yields it: a later
//! rule asks the earlier ones, which costs a comparison of codes each, so no set of pairs is ever held.

use super::compile::{Memory, Pair};
use super::import::LinkType;
use super::prepare::{Join, Prepared};
use crate::records::MISSING;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Pairs a task has about, on one machine.
const TASK_PAIRS: u64 = 100_000;

/// One rule's keys, by place; [`MISSING`] never meets anything.
#[derive(Debug)]
struct Keys {
    left: Vec<u32>,
    /// `None` where both sides have the same keys.
    right: Option<Vec<u32>>,
    /// How many there are.
    distinct: usize,
}

/// Places by key of one side.
#[derive(Debug, Default)]
struct Postings {
    places: Vec<u32>,
    /// Start of each key in `places`, and the end.
    starts: Vec<u32>,
}

/// All blocks of a model on its data: 4 bytes a record and rule for its keys, and as much for the places of each key that several have.
#[derive(Debug)]
pub struct Blocks<'a> {
    prepared: &'a Prepared<'a>,
    /// Keys by place, `width` each: of every rule as left record, then of the rules that have others for the right one.
    keys: Vec<u32>,
    width: usize,
    /// By rule, where its key as right record stands among those of a place.
    right_key: Vec<usize>,
    /// Of the left and of the right record, by rule; the right one is empty where both are the same.
    postings: Vec<(Postings, Postings)>,
}

/// Keys and codes of the records of one block, side by side: a pair then waits for no memory.
#[derive(Debug, Default)]
pub struct Gathered {
    left: Rows,
    right: Rows,
}

#[derive(Debug, Default)]
struct Rows {
    keys: Vec<u32>,
    codes: Vec<u32>,
}

impl Rows {
    fn gather(&mut self, blocks: &Blocks, places: &[u32]) {
        self.keys.clear();
        self.codes.clear();
        for &place in places {
            self.keys.extend_from_slice(&blocks.keys[place as usize * blocks.width..][..blocks.width]);
            self.codes.extend_from_slice(blocks.prepared.data.row(place));
        }
    }
}

/// A part of the work: some left records of one key of one rule, or whole keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    rule: u32,
    /// From this key up to that one.
    keys: (u32, u32),
    /// Places within the left posting of a single large key; all where it is `None`.
    lefts: Option<(u32, u32)>,
}

impl<'a> Blocks<'a> {
    pub fn of(prepared: &'a Prepared<'a>) -> Blocks<'a> {
        let by_rule: Vec<Keys> = prepared.joins.par_iter().with_max_len(1).map(|join| keys(prepared, join)).collect();
        let postings = by_rule.par_iter().with_max_len(1).map(|keys| {
            let right = keys.right.as_ref().map(|right| Postings::of(right, keys.distinct));
            (Postings::of(&keys.left, keys.distinct), right.unwrap_or_default())
        });
        let postings = postings.collect();
        let (mut columns, mut right_key): (Vec<&[u32]>, Vec<usize>) =
            (by_rule.iter().map(|keys| keys.left.as_slice()).collect(), (0..by_rule.len()).collect());
        for (rule, right) in by_rule.iter().enumerate().filter_map(|(rule, keys)| Some((rule, keys.right.as_ref()?))) {
            right_key[rule] = columns.len();
            columns.push(right);
        }
        let width = columns.len();
        let mut keys = vec![MISSING; width * prepared.len()];
        keys.par_chunks_mut(width.max(1)).enumerate().for_each(|(place, row)| {
            row.iter_mut().zip(&columns).for_each(|(key, column)| *key = column[place]);
        });
        Blocks { prepared, keys, width, right_key, postings }
    }

    /// The work in parts of similar size, in a fixed order: what one machine's threads take one by one.
    pub fn tasks(&self) -> Vec<Task> {
        self.tasks_of(TASK_PAIRS)
    }

    /// The same in tasks in which about so many pairs share a key. Every pair is in exactly one, however large they are.
    pub fn tasks_of(&self, most: u64) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (rule, (left, right)) in self.postings.iter().enumerate() {
            let right = if self.has_sides(rule) { right } else { left };
            let (rule, mut from, mut pairs) = (rule as u32, 0, 0);
            for key in 0..left.keys() {
                let (lefts, rights) = (left.of_key(key).len() as u64, right.of_key(key).len() as u64);
                if lefts * rights > most {
                    tasks.push(Task { rule, keys: (from, key), lefts: None });
                    let step = (most / rights).max(1) as u32;
                    for start in (0..lefts as u32).step_by(step as usize) {
                        let end = (start + step).min(lefts as u32);
                        tasks.push(Task { rule, keys: (key, key + 1), lefts: Some((start, end)) });
                    }
                    (from, pairs) = (key + 1, 0);
                    continue;
                }
                pairs += lefts * rights;
                if pairs > most {
                    tasks.push(Task { rule, keys: (from, key + 1), lefts: None });
                    (from, pairs) = (key + 1, 0);
                }
            }
            tasks.push(Task { rule, keys: (from, left.keys()), lefts: None });
        }
        tasks
    }

    /// By rule, how many keys two records meet by, and the pairs that share one; those that several rules yield, and those that the rule's
    /// filter leaves out, are among the pairs of each.
    pub fn counts(&self) -> Vec<(u64, u64)> {
        let of_rule = |(rule, (left, right)): (usize, &(Postings, Postings))| {
            let pairs = |key: u32| match (left.of_key(key), self.has_sides(rule)) {
                (lefts, false) => lefts.len() as u64 * (lefts.len() as u64).saturating_sub(1) / 2,
                (lefts, true) => {
                    let rights = right.of_key(key);
                    let after = |&a: &u32| (rights.len() - rights.partition_point(|&b| b <= a)) as u64;
                    lefts.iter().map(after).sum()
                }
            };
            let shared = (0..left.keys()).map(pairs).filter(|&pairs| pairs > 0);
            shared.fold((0, 0), |(keys, all), pairs| (keys + 1, all + pairs))
        };
        self.postings.iter().enumerate().map(of_rule).collect()
    }

    /// Calls `found` with the rule, the places, and the codes of each pair of a task, left < right.
    pub(super) fn each_pair(
        &self,
        task: &Task,
        gathered: &mut Gathered,
        memory: &mut Memory,
        mut found: impl FnMut(u32, (u32, u32), &Pair, &mut Memory),
    ) {
        let rule = task.rule as usize;
        let (left, right) = &self.postings[rule];
        let Gathered { left: left_rows, right: right_rows } = gathered;
        let (width, codes) = (self.width, self.prepared.data.width());
        for key in task.keys.0..task.keys.1 {
            let lefts = left.of_key(key);
            let rights = if self.has_sides(rule) { right.of_key(key) } else { lefts };
            right_rows.gather(self, rights);
            if self.has_sides(rule) {
                left_rows.gather(self, lefts);
            }
            let left_rows = if self.has_sides(rule) { &*left_rows } else { &*right_rows };
            let (from, to) = task.lefts.map_or((0, lefts.len()), |(from, to)| (from as usize, to as usize));
            for (at, &a) in lefts.iter().enumerate().take(to).skip(from) {
                let (keys_a, codes_a) =
                    (&left_rows.keys[at * width..][..width], &left_rows.codes[at * codes..][..codes]);
                let after = if self.has_sides(rule) { rights.partition_point(|&b| b <= a) } else { at + 1 };
                for (at, &b) in rights.iter().enumerate().skip(after) {
                    let keys_b = &right_rows.keys[at * width..][..width];
                    let pair = self.prepared.pair_of(codes_a, &right_rows.codes[at * codes..][..codes]);
                    if self.may_meet(a, b) && self.is_first(rule, (keys_a, keys_b), &pair, memory) {
                        found(task.rule, (a, b), &pair, memory);
                    }
                }
            }
        }
    }

    /// Whether a rule has one key for the left record and another for the right one.
    fn has_sides(&self, rule: usize) -> bool {
        self.right_key[rule] != rule
    }

    fn may_meet(&self, left: u32, right: u32) -> bool {
        let source = &self.prepared.source;
        self.prepared.model.link_type != LinkType::LinkOnly || source[left as usize] != source[right as usize]
    }

    /// Whether the rule's filter holds, and no earlier rule yields the pair; `keys` are those of both records.
    fn is_first(&self, rule: usize, keys: (&[u32], &[u32]), pair: &Pair, memory: &mut Memory) -> bool {
        let meet = |rule: usize| keys.0[rule] == keys.1[self.right_key[rule]] && keys.0[rule] != MISSING;
        let earlier = (0..rule).any(|earlier| meet(earlier) && self.holds(earlier, pair, memory));
        !earlier && self.holds(rule, pair, memory)
    }

    fn holds(&self, rule: usize, pair: &Pair, memory: &mut Memory) -> bool {
        let Some(filter) = &self.prepared.joins[rule].filter else { return true };
        pair.test(filter, memory) == Some(true)
    }
}

impl Prepared<'_> {
    pub(super) fn pair(&self, left: u32, right: u32) -> Pair<'_> {
        self.pair_of(self.data.row(left), self.data.row(right))
    }

    fn pair_of<'p>(&'p self, left: &'p [u32], right: &'p [u32]) -> Pair<'p> {
        Pair { data: &self.data, kernels: &self.kernels, left, right }
    }
}

impl Postings {
    /// Places by key, ascending within a key.
    fn of(keys: &[u32], distinct: usize) -> Postings {
        let mut starts = vec![0u32; distinct + 1];
        keys.iter().filter(|key| **key != MISSING).for_each(|&key| starts[key as usize + 1] += 1);
        (0..distinct).for_each(|key| starts[key + 1] += starts[key]);
        let (mut next, mut places) = (starts.clone(), vec![0; starts[distinct] as usize]);
        for (place, &key) in keys.iter().enumerate().filter(|(_, key)| **key != MISSING) {
            places[next[key as usize] as usize] = place as u32;
            next[key as usize] += 1;
        }
        Postings { places, starts }
    }

    fn keys(&self) -> u32 {
        self.starts.len().saturating_sub(1) as u32
    }

    fn of_key(&self, key: u32) -> &[u32] {
        &self.places[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

/// The keys of a rule: the codes of its slots made one dense code. Where both sides are the same, what only one record has is no key.
fn keys(prepared: &Prepared, join: &Join) -> Keys {
    if join.keys.iter().any(|(left, right)| left != right) {
        return keys_of_sides(prepared, join);
    }
    let data = &prepared.data;
    let (first, rest) = join.keys.split_first().expect("a rule has a key");
    let mut left: Vec<u32> = data.codes(first.0).collect();
    let mut distinct = shared_only(&mut left, data.distinct(first.0));
    for &(slot, _) in rest {
        distinct = combined(&mut left, data.codes(slot));
    }
    Keys { left, right: None, distinct }
}

/// Numbers the codes anew that several records have; the others become [`MISSING`]. Gives how many there are.
fn shared_only(codes: &mut [u32], distinct: usize) -> usize {
    let mut number = vec![0u32; distinct];
    codes.iter().filter(|code| **code != MISSING).for_each(|&code| number[code as usize] += 1);
    let mut next = 0;
    for held in &mut number {
        let is_shared = *held > 1;
        *held = if is_shared { next } else { MISSING };
        next += u32::from(is_shared);
    }
    codes.iter_mut().filter(|code| **code != MISSING).for_each(|code| *code = number[*code as usize]);
    next as usize
}

/// Makes one dense code of two that several records have together; the others become [`MISSING`]. Gives how many there are.
fn combined(codes: &mut [u32], with: impl Iterator<Item = u32>) -> usize {
    let both = codes.iter().zip(with).zip(0u32..);
    let known = both.filter(|((code, next), _)| **code != MISSING && *next != MISSING);
    let mut places: Vec<(u64, u32)> =
        known.map(|((code, next), place)| (u64::from(*code) << 32 | u64::from(next), place)).collect();
    places.par_sort_unstable();
    codes.fill(MISSING);
    let mut distinct = 0;
    for group in places.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        group.iter().for_each(|&(_, place)| codes[place as usize] = distinct);
        distinct += 1;
    }
    distinct as usize
}

/// The same where the left and the right record have keys of their own.
fn keys_of_sides(prepared: &Prepared, join: &Join) -> Keys {
    let (first_left, first_right) = join.keys[0];
    let codes = |slot: usize| prepared.data.codes(slot).collect::<Vec<u32>>();
    let (mut left, mut right) = (codes(first_left), codes(first_right));
    let mut distinct = prepared.data.distinct(first_left);
    for &(next_left, next_right) in &join.keys[1..] {
        let mut known: FxHashMap<u64, u32> = FxHashMap::default();
        let mut combine = |codes: &mut Vec<u32>, slot: usize| {
            for (code, next) in codes.iter_mut().zip(prepared.data.codes(slot)) {
                *code = match (*code, next) {
                    (MISSING, _) | (_, MISSING) => MISSING,
                    (code, next) => {
                        let dense = known.len() as u32;
                        *known.entry(u64::from(code) << 32 | u64::from(next)).or_insert(dense)
                    }
                };
            }
        };
        combine(&mut left, next_left);
        combine(&mut right, next_right);
        distinct = known.len();
    }
    Keys { left, right: Some(right), distinct }
}
