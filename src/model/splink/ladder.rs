//! The levels of one comparison, looked up where they can be.
//!
//! Nearly every comparison reads one column. Its level then hangs on two codes alone: where they are equal, where one is missing, and
//! mostly also where they differ, the tests have the same answers for any values, so these are worked out once; otherwise the level of
//! two codes is remembered. A comparison of several columns asks its tests each time.

use super::compile::{Kernel, Memory, Pair, Test};
use super::expression::{Side, and, or};
use super::slots::Filled;
use crate::records::MISSING;
use rayon::prelude::*;

/// Levels that are remembered of one comparison: 144 KiB, so that those of a few comparisons stay in the second-level cache.
const RECENT_BITS: u32 = 14;

/// Tests of a comparison's levels, and what is known of them beforehand.
#[derive(Debug)]
pub(super) struct Ladder {
    /// The one column that the tests read, by place in a row.
    column: Option<usize>,
    /// Levels that hold whatever the values are; `None` where they do not.
    equal: Option<u8>,
    differs: Option<u8>,
    left_missing: Option<u8>,
    right_missing: Option<u8>,
    /// By code, the level of two equal ones, where `equal` does not say it.
    equal_by_code: Vec<u8>,
}

/// What is known of two codes of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Both present.
    Equal,
    Differs,
    /// The other may be missing as well.
    Missing(Side),
}

impl Ladder {
    /// `tests` are those of a comparison of at most 255 levels, ELSE left out.
    pub fn of(tests: &[Test], data: &Filled, kernels: &[Kernel]) -> Ladder {
        let mut columns = Vec::new();
        tests.iter().for_each(|test| test.each_slot(kernels, &mut |slot| columns.push(data.column(slot).0)));
        columns.sort_unstable();
        columns.dedup();
        let (&[column], true) = (columns.as_slice(), tests.len() < usize::from(u8::MAX)) else {
            let [equal, differs, left_missing, right_missing] = [None; 4];
            return Ladder { column: None, equal, differs, left_missing, right_missing, equal_by_code: Vec::new() };
        };
        let whatever = |case: Case| {
            for (level, test) in tests.iter().enumerate() {
                match answer(test, data, case) {
                    Some(Some(true)) => return Some(level as u8),
                    Some(_) => {}
                    None => return None,
                }
            }
            Some(tests.len() as u8)
        };
        let mut ladder = Ladder {
            column: Some(column),
            equal: whatever(Case::Equal),
            differs: whatever(Case::Differs),
            left_missing: whatever(Case::Missing(Side::Left)),
            right_missing: whatever(Case::Missing(Side::Right)),
            equal_by_code: Vec::new(),
        };
        if ladder.equal.is_none() {
            ladder.equal_by_code = equal_levels(tests, data, kernels, column);
        }
        ladder
    }

    /// The level of two rows; `nth` tells this comparison from the others in `memory`.
    #[inline]
    pub fn level(&self, nth: usize, tests: &[Test], pair: &Pair, memory: &mut Memory) -> usize {
        let Some(column) = self.column else { return reached(tests, pair, memory) };
        let (left, right) = (pair.left[column], pair.right[column]);
        let known = if left == MISSING {
            self.left_missing
        } else if right == MISSING {
            self.right_missing
        } else if left == right {
            self.equal.or_else(|| self.equal_by_code.get(left as usize).copied())
        } else {
            self.differs
        };
        if let Some(level) = known {
            return usize::from(level);
        }
        if left == MISSING || right == MISSING {
            return reached(tests, pair, memory);
        }
        let key = u64::from(left) << 32 | u64::from(right);
        if let Some(level) = memory.levels[nth].find(key) {
            return usize::from(level);
        }
        let level = reached(tests, pair, memory);
        memory.levels[nth].keep(key, level as u8);
        level
    }
}

/// The first level whose test holds, or the last.
fn reached(tests: &[Test], pair: &Pair, memory: &mut Memory) -> usize {
    tests.iter().position(|test| pair.test(test, memory) == Some(true)).unwrap_or(tests.len())
}

/// The level of each code with itself.
fn equal_levels(tests: &[Test], data: &Filled, kernels: &[Kernel], column: usize) -> Vec<u8> {
    let codes = data.column_codes(column);
    let level = |memory: &mut Memory, code: usize| {
        let mut row = vec![MISSING; data.width()];
        row[column] = code as u32;
        reached(tests, &Pair { data, kernels, left: &row, right: &row }, memory) as u8
    };
    (0..codes).into_par_iter().map_init(|| Memory::of(kernels), level).collect()
}

/// What a test says in a case whatever the values are, if that can be said.
fn answer(test: &Test, data: &Filled, case: Case) -> Option<Option<bool>> {
    let missing_code = |slot: usize| data.translated(slot, MISSING);
    match test {
        Test::Constant(truth) => Some(*truth),
        Test::Missing(place) => match case {
            Case::Missing(side) if side == place.side => Some(Some(missing_code(place.slot) == MISSING)),
            Case::Missing(_) => None,
            Case::Equal | Case::Differs => data.column(place.slot).1.then_some(Some(false)),
        },
        Test::Same(left, right) => match case {
            Case::Missing(side) => {
                let slot = if side == Side::Left { *left } else { *right };
                (missing_code(slot) == MISSING).then_some(None)
            }
            Case::Equal => (left == right && data.column(*left).1).then_some(Some(true)),
            Case::Differs => (left == right && data.column(*left).1).then_some(Some(false)),
        },
        Test::And(parts) => {
            let answers: Vec<_> = parts.iter().map(|part| answer(part, data, case)).collect();
            let settled = answers.contains(&Some(Some(false))).then_some(Some(false));
            settled.or_else(|| answers.into_iter().collect::<Option<Vec<_>>>().map(and))
        }
        Test::Or(parts) => {
            let answers: Vec<_> = parts.iter().map(|part| answer(part, data, case)).collect();
            let settled = answers.contains(&Some(Some(true))).then_some(Some(true));
            settled.or_else(|| answers.into_iter().collect::<Option<Vec<_>>>().map(or))
        }
        Test::Not(inner) => answer(inner, data, case).map(|truth| truth.map(|truth| !truth)),
        Test::Truth(_) | Test::Compare(..) | Test::General(..) => None,
    }
}

/// Levels by the two codes, in which a newer one replaces an older one.
#[derive(Debug)]
pub struct Recent {
    keys: Vec<u64>,
    levels: Vec<u8>,
}

impl Default for Recent {
    fn default() -> Self {
        // Two missing codes are never kept.
        Recent { keys: vec![u64::MAX; 1 << RECENT_BITS], levels: vec![0; 1 << RECENT_BITS] }
    }
}

impl Recent {
    fn place(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - RECENT_BITS)) as usize
    }

    fn find(&self, key: u64) -> Option<u8> {
        let at = Recent::place(key);
        (self.keys[at] == key).then(|| self.levels[at])
    }

    fn keep(&mut self, key: u64, level: u8) {
        let at = Recent::place(key);
        (self.keys[at], self.levels[at]) = (key, level);
    }
}

#[cfg(test)]
mod tests {
    use super::super::compile::Compiler;
    use super::super::sql::{Naming, condition};
    use super::*;
    use crate::records::Column;
    use proptest::prelude::*;

    /// Comparisons of the column a alone, and the last of both.
    const COMPARISONS: [&[&str]; 6] = [
        &[
            "a_l is null or a_r is null",
            "a_l = a_r",
            "levenshtein(a_l, a_r) <= 1",
            "jaro_winkler_similarity(a_l, a_r) > 0.7",
        ],
        &["a_l = a_r", "lower(a_l) = lower(a_r)"],
        &["not (a_l = a_r)", "a_l is null and a_r is null"],
        &["coalesce(a_l, 'x') = coalesce(a_r, 'x')", "length(a_l) > length(a_r)", "a_l in ('x', 'ab')"],
        &["a_l is null", "a_l <> a_r and length(a_r) > 1", "a_l || 'x' = a_r"],
        &["a_l is null or b_r is null", "a_l = b_r"],
    ];

    proptest! {
        /// What is looked up is what the tests say, the first time and when it is remembered.
        #[test]
        fn a_level_is_the_first_test_that_holds(
            values in prop::collection::vec((prop::option::of("x|[a-cB]{1,3}"), prop::option::of("x|[a-c]{1,2}")), 4),
        ) {
            let mut columns = [Column::default(), Column::default()];
            for (a, b) in &values {
                for (column, value) in columns.iter_mut().zip([a, b]) {
                    let code = value.as_ref().map_or(MISSING, |value| column.values.intern(value));
                    column.codes.push(code);
                }
            }
            let mut find = |name: &str| ["a", "b"].iter().position(|known| *known == name).ok_or_else(String::new);
            let mut compiler = Compiler::default();
            let comparisons: Vec<Vec<Test>> = COMPARISONS
                .iter()
                .map(|levels| {
                    let parsed = levels.iter().map(|sql| condition(sql, Naming::Suffix, &mut find).expect("it is SQL"));
                    parsed.collect::<Vec<_>>().iter().map(|expr| compiler.test(expr)).collect()
                })
                .collect();
            let data = Filled::new(&compiler.slots, &[&columns[0], &columns[1]], &[0, 1, 2, 3]);
            let kernels = &compiler.kernels;
            let mut memory = Memory::of(kernels);
            memory.levels.resize_with(comparisons.len(), Recent::default);
            for (nth, tests) in comparisons.iter().enumerate() {
                let ladder = Ladder::of(tests, &data, kernels);
                prop_assert_eq!(ladder.column.is_some(), nth + 1 < comparisons.len());
                for (left, right) in (0..16).chain(0..16).map(|at| (at / 4, at % 4)) {
                    let pair = Pair { data: &data, kernels, left: data.row(left), right: data.row(right) };
                    let level = ladder.level(nth, tests, &pair, &mut memory);
                    prop_assert_eq!(level, reached(tests, &pair, &mut memory), "{} {:?} {:?}", nth, left, right);
                }
            }
        }
    }
}
