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

/// Pairs a task has about.
const TASK_PAIRS: u64 = 100_000;

/// One rule's keys, by place; [`MISSING`] never meets anything.
#[derive(Debug)]
struct Keys {
    left: Vec<u32>,
    /// `None` where both sides have the same keys.
    right: Option<Vec<u32>>,
}

/// Places by key of one side.
#[derive(Debug, Default)]
struct Postings {
    places: Vec<u32>,
    /// Start of each key in `places`, and the end.
    starts: Vec<u32>,
}

/// All blocks of a model on its data.
#[derive(Debug)]
pub struct Blocks<'a> {
    prepared: &'a Prepared<'a>,
    keys: Vec<Keys>,
    /// Of the left and of the right record, by rule; the right one is empty where both are the same.
    postings: Vec<(Postings, Postings)>,
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
        let parts: Vec<(Keys, (Postings, Postings))> = prepared
            .joins
            .par_iter()
            .map(|join| {
                let (keys, distinct) = keys(prepared, join);
                let left = Postings::of(&keys.left, distinct);
                let right = keys.right.as_ref().map(|right| Postings::of(right, distinct)).unwrap_or_default();
                (keys, (left, right))
            })
            .collect();
        let (keys, postings) = parts.into_iter().unzip();
        Blocks { prepared, keys, postings }
    }

    /// The work in parts of similar size, in a fixed order.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (rule, (left, right)) in self.postings.iter().enumerate() {
            let right = if self.keys[rule].right.is_some() { right } else { left };
            let (rule, mut from, mut pairs) = (rule as u32, 0, 0);
            for key in 0..left.keys() {
                let (lefts, rights) = (left.of_key(key).len() as u64, right.of_key(key).len() as u64);
                if lefts * rights > TASK_PAIRS {
                    tasks.push(Task { rule, keys: (from, key), lefts: None });
                    let step = (TASK_PAIRS / rights).max(1) as u32;
                    for start in (0..lefts as u32).step_by(step as usize) {
                        let end = (start + step).min(lefts as u32);
                        tasks.push(Task { rule, keys: (key, key + 1), lefts: Some((start, end)) });
                    }
                    (from, pairs) = (key + 1, 0);
                    continue;
                }
                pairs += lefts * rights;
                if pairs > TASK_PAIRS {
                    tasks.push(Task { rule, keys: (from, key + 1), lefts: None });
                    (from, pairs) = (key + 1, 0);
                }
            }
            tasks.push(Task { rule, keys: (from, left.keys()), lefts: None });
        }
        tasks
    }

    /// Calls `found` with the rule and the places of each pair of a task, left < right.
    pub fn each_pair(&self, task: &Task, memory: &mut Memory, mut found: impl FnMut(u32, u32, u32, &mut Memory)) {
        let rule = task.rule as usize;
        let (left, right) = &self.postings[rule];
        let same = self.keys[rule].right.is_none();
        for key in task.keys.0..task.keys.1 {
            let lefts = left.of_key(key);
            let rights = if same { lefts } else { right.of_key(key) };
            let (from, to) = task.lefts.map_or((0, lefts.len()), |(from, to)| (from as usize, to as usize));
            for &a in &lefts[from..to] {
                let after = rights.partition_point(|&b| b <= a);
                for &b in &rights[after..] {
                    if self.may_meet(a, b) && self.is_first(rule, a, b, memory) {
                        found(task.rule, a, b, memory);
                    }
                }
            }
        }
    }

    fn may_meet(&self, left: u32, right: u32) -> bool {
        let source = &self.prepared.source;
        self.prepared.model.link_type != LinkType::LinkOnly || source[left as usize] != source[right as usize]
    }

    /// Whether the rule's filter holds, and no earlier rule yields the pair.
    fn is_first(&self, rule: usize, left: u32, right: u32, memory: &mut Memory) -> bool {
        let earlier =
            (0..rule).any(|earlier| self.keys[earlier].meet(left, right) && self.holds(earlier, left, right, memory));
        !earlier && self.holds(rule, left, right, memory)
    }

    fn holds(&self, rule: usize, left: u32, right: u32, memory: &mut Memory) -> bool {
        let Some(filter) = &self.prepared.joins[rule].filter else { return true };
        self.prepared.pair(left, right).test(filter, memory) == Some(true)
    }
}

impl Prepared<'_> {
    pub(super) fn pair(&self, left: u32, right: u32) -> Pair<'_> {
        Pair { data: &self.data, kernels: &self.kernels, left: self.data.row(left), right: self.data.row(right) }
    }
}

impl Keys {
    fn meet(&self, left: u32, right: u32) -> bool {
        let (a, b) = (self.left[left as usize], self.right.as_ref().unwrap_or(&self.left)[right as usize]);
        a == b && a != MISSING
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

/// The keys of a rule: the codes of its slots, two at a time made one dense code. Gives how many there are.
fn keys(prepared: &Prepared, join: &Join) -> (Keys, usize) {
    let same = join.keys.iter().all(|(left, right)| left == right);
    let codes = |slot: usize| prepared.data.codes(slot).collect::<Vec<u32>>();
    let (first_left, first_right) = join.keys[0];
    let (mut left, mut right) = (codes(first_left), if same { Vec::new() } else { codes(first_right) });
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
        if !same {
            combine(&mut right, next_right);
        }
        distinct = known.len();
    }
    (Keys { left, right: (!same).then_some(right) }, distinct)
}
