//! The distinct values of some rows: standardised once each, on all threads, and then put back in place of the raw ones.

use super::union::unite;
use super::values::Values;
use super::{Column, Dictionary, MISSING};
use crate::standardise::Verdict;
use rayon::prelude::*;
use std::ops::Range;

/// Values standardised by one thread at a time.
const CHUNK: usize = 2048;

/// Raw codes of some rows, ascending, each once, with the number of rows that have it.
pub(super) struct Distinct {
    pub rows: Range<usize>,
    pub codes: Vec<(u32, u64)>,
}

impl Distinct {
    pub fn of(column: &Column, rows: Range<usize>) -> Distinct {
        let raw = || column.codes.range(rows.clone()).filter(|code| *code != MISSING);
        let codes = if is_dense(rows.len(), &column.values) {
            let mut counts = vec![0_u32; column.values.len()];
            raw().for_each(|code| counts[code as usize] += 1);
            let held = counts.into_iter().zip(0..).filter(|(count, _)| *count > 0);
            held.map(|(count, code)| (code, u64::from(count))).collect()
        } else {
            let mut raw: Vec<u32> = raw().collect();
            raw.sort_unstable();
            raw.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).collect()
        };
        Distinct { rows, codes }
    }

    /// The values with their counts.
    pub fn values<'a>(&'a self, values: &'a Dictionary) -> impl Iterator<Item = (&'a str, u64)> {
        self.codes.iter().map(|&(code, count)| (values.get(code), count))
    }

    /// What `clean` makes of each value; it writes the canonical form to an empty string, which stays empty where the verdict is null.
    pub fn standardise(self, values: &Dictionary, clean: impl Fn(&str, &mut String) -> Verdict + Sync) -> Standardised {
        let chunk = |codes: &[(u32, u64)]| {
            let mut out = String::new();
            let (mut verdicts, mut forms) = (Vec::with_capacity(codes.len()), Values::default());
            for &(code, _) in codes {
                let verdict = clean(values.get(code), &mut out);
                if !verdict.is_null {
                    forms.push(&out);
                }
                verdicts.push(verdict);
            }
            (verdicts, forms)
        };
        let (verdicts, forms): (Vec<_>, Vec<_>) = self.codes.par_chunks(CHUNK).with_max_len(1).map(chunk).unzip();
        Standardised { distinct: self, verdicts: verdicts.concat(), forms }
    }
}

/// Distinct values and what became of them.
pub(super) struct Standardised {
    pub distinct: Distinct,
    /// One a distinct value.
    pub verdicts: Vec<Verdict>,
    /// Canonical forms of those whose verdict is not null, in their order, in chunks.
    forms: Vec<Values>,
}

impl Standardised {
    /// The raw codes with their numbers of rows and verdicts, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64, Verdict)> {
        self.distinct.codes.iter().zip(&self.verdicts).map(|(&(code, count), &verdict)| (code, count, verdict))
    }
}

/// The canonical column that parts of a raw one make together: `parts` are of rows that follow each other, and values for which `counts`
/// does not hold are missing.
pub(super) fn canonical(raw: &Column, parts: &[Standardised], counts: impl Fn(Verdict) -> bool + Sync) -> Column {
    let lists: Vec<&Values> = parts.iter().flat_map(|part| &part.forms).collect();
    let codes_of = unite(&lists);
    let values = Dictionary::united(&lists, &codes_of);
    let mut codes = vec![MISSING; raw.codes.len()];
    let mut rest = codes.as_mut_slice();
    let (mut list, mut row) = (0, 0);
    let mut work = Vec::with_capacity(parts.len());
    for part in parts {
        let Range { start, end } = part.distinct.rows;
        let (slots, behind) = rest[start - row..].split_at_mut(end - start);
        (rest, row) = (behind, end);
        work.push((part, slots, &codes_of[list..list + part.forms.len()]));
        list += part.forms.len();
    }
    work.into_par_iter().with_max_len(1).for_each(|(part, slots, codes_of)| {
        let mut forms = codes_of.iter().flatten().copied();
        let canonical = part.iter().filter_map(|(code, _, verdict)| {
            let form = if verdict.is_null { None } else { forms.next() };
            form.filter(|_| counts(verdict)).map(|form| (code, form))
        });
        let translation = Translation::of(canonical, slots.len(), &raw.values);
        let rows = slots.par_iter_mut().with_min_len(1 << 14).zip(part.distinct.rows.clone());
        rows.for_each(|(slot, row)| {
            let code = raw.code(row);
            if code != MISSING {
                *slot = translation.get(code);
            }
        });
    });
    Column::new(codes, values)
}

/// Raw code → canonical code.
enum Translation {
    /// By raw code.
    Dense(Vec<u32>),
    /// Ascending by raw code.
    Sparse(Vec<(u32, u32)>),
}

impl Translation {
    /// For so many rows. `pairs` ascend by raw code.
    fn of(pairs: impl Iterator<Item = (u32, u32)>, rows: usize, values: &Dictionary) -> Translation {
        if !is_dense(rows, values) {
            return Translation::Sparse(pairs.collect());
        }
        let mut dense = vec![MISSING; values.len()];
        pairs.for_each(|(raw, canonical)| dense[raw as usize] = canonical);
        Translation::Dense(dense)
    }

    /// [`MISSING`] where the raw value has no canonical form.
    fn get(&self, raw: u32) -> u32 {
        match self {
            Translation::Dense(dense) => dense[raw as usize],
            Translation::Sparse(pairs) => {
                pairs.binary_search_by_key(&raw, |(raw, _)| *raw).map_or(MISSING, |at| pairs[at].1)
            }
        }
    }
}

/// Whether a table by code costs less than sorting so many rows.
fn is_dense(rows: usize, values: &Dictionary) -> bool {
    values.len() <= rows.saturating_mul(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standardise::Flags;
    use proptest::prelude::*;

    /// Upper-case letters are lowered, digits count for nothing, and `x` is flagged.
    fn clean(raw: &str, out: &mut String) -> Verdict {
        out.clear();
        if raw.bytes().all(|byte| byte.is_ascii_digit()) {
            return Verdict { is_null: true, ..Verdict::default() };
        }
        out.push_str(&raw.to_lowercase());
        Verdict { flags: if out == "x" { Flags::TEST_RANGE } else { Flags::NONE }, ..Verdict::default() }
    }

    proptest! {
        /// As cleaning each row by itself would be; codes in the order of parts, and of raw codes within one.
        #[test]
        fn every_row_has_the_form_of_its_value(
            rows in proptest::collection::vec(proptest::option::of("[a-cA-Cx0-9]{1,2}"), 1..200),
            unused in 0_usize..3000,
            cut in 0_usize..200,
        ) {
            let mut raw = Column::default();
            (0..unused).for_each(|n| {
                raw.values.intern(&format!("unused {n}"));
            });
            rows.iter().for_each(|row| raw.codes.push(row.as_ref().map_or(MISSING, |value| raw.values.intern(value))));
            let cut = cut.min(rows.len());
            let parts: Vec<Standardised> = [0..cut, cut..rows.len()]
                .into_iter()
                .map(|rows| Distinct::of(&raw, rows).standardise(&raw.values, clean))
                .collect();
            let column = canonical(&raw, &parts, |verdict| !verdict.flags.has(Flags::TEST_RANGE));
            let mut reference = Dictionary::default();
            for part in &parts {
                let held: u64 = part.iter().map(|(_, count, _)| count).sum();
                prop_assert_eq!(held as usize, raw.codes.range(part.distinct.rows.clone()).filter(|code| *code != MISSING).count());
                prop_assert!(part.distinct.codes.is_sorted());
                let mut out = String::new();
                for (code, ..) in part.iter() {
                    if !clean(raw.values.get(code), &mut out).is_null {
                        reference.intern(&out);
                    }
                }
            }
            prop_assert!(column.values.iter().eq(reference.iter()));
            for (row, value) in rows.iter().enumerate() {
                let form = value.as_ref().map(|value| value.to_lowercase());
                let form = form.filter(|form| form != "x" && !form.bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert_eq!(column.get(row), form.as_deref());
            }
        }
    }
}
