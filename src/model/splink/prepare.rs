//! An imported model and the records that it is to score, brought together.

use super::compile::{Compiler, Kernel, Test};
use super::expression::{Expr, Side};
use super::frequencies::Frequencies;
use super::import::{Imported, LinkType};
use super::slots::Filled;
use crate::records::Column;
use rayon::prelude::*;

/// The records to score, as sent.
#[derive(Debug)]
pub struct Table<'a> {
    /// The columns that were available to [`super::read`], in its order.
    pub columns: Vec<&'a Column>,
    /// The records that take part: places in the columns.
    pub records: Vec<u32>,
    /// The unique id of each record, by place in the columns.
    pub ids: Vec<&'a str>,
    /// The source of each record, by place in the columns.
    pub source: Vec<u16>,
    /// The names of the sources.
    pub sources: Vec<&'a str>,
}

/// A rule ready to be joined: its keys are pairs of slots, left and right.
#[derive(Debug)]
pub struct Join {
    pub keys: Vec<(usize, usize)>,
    pub filter: Option<Test>,
}

/// A model on its data. Pairs are named by the *places* of their records in the order of their ids, left < right.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub(super) model: &'a Imported,
    /// The record at each place.
    pub order: Vec<u32>,
    pub(super) source: Vec<u16>,
    pub(super) data: Filled<'a>,
    pub(super) kernels: Vec<Kernel>,
    /// Tests of each comparison's levels, ELSE left out.
    pub(super) levels: Vec<Vec<Test>>,
    pub(super) joins: Vec<Join>,
    /// The slot of each column that is read by itself, by [`Imported::columns`].
    column_slots: Vec<Option<usize>>,
    /// Frequencies that levels ask for, by [`Imported::columns`].
    pub(super) frequencies: Vec<Option<Frequencies>>,
}

impl<'a> Prepared<'a> {
    pub fn new(model: &'a Imported, table: &Table<'a>) -> Prepared<'a> {
        let mut compiler = Compiler::default();
        let levels = model.comparisons.iter().map(|comparison| {
            let conditions = comparison.levels.iter().filter_map(|level| level.condition.as_ref());
            conditions.map(|condition| compiler.test(condition)).collect()
        });
        let levels = levels.collect();
        let joins = model.rules.iter().map(|rule| Join {
            keys: rule.equal.iter().map(|(left, right)| compiler.key(left, right)).collect(),
            filter: rule.filter.as_ref().map(|filter| compiler.test(filter)),
        });
        let joins = joins.collect();
        let asked: Vec<Option<usize>> = (0..model.columns.len())
            .map(|column| {
                let all = model.comparisons.iter().flat_map(|comparison| &comparison.levels);
                let mut asked = all.filter_map(|level| level.frequency.as_ref());
                let found = asked.any(|frequency| frequency.column == column);
                found.then(|| compiler.slots.of(&Expr::Column(column, Side::Left)))
            })
            .collect();
        let columns = 0..model.columns.len();
        let column_slots = columns.map(|column| compiler.slots.find(&Expr::Column(column, Side::Left))).collect();
        let order = order(model.link_type, table);
        let columns: Vec<&Column> = model.columns.iter().map(|&at| table.columns[at]).collect();
        let data = Filled::new(&compiler.slots, &columns, &order);
        let frequencies = asked.into_iter().map(|slot| slot.map(|slot| Frequencies::of(&data, slot))).collect();
        let source = order.iter().map(|&record| table.source[record as usize]).collect();
        Prepared { model, order, source, data, kernels: compiler.kernels, levels, joins, column_slots, frequencies }
    }

    /// The slot of a column by itself, which some test reads.
    ///
    /// # Panics
    /// Where no test compares that column.
    pub(super) fn slot_of(&self, column: usize) -> usize {
        self.column_slots[column].expect("a test reads the column")
    }

    /// How many records take part.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// The records in the order in which Splink tells left from right. Within one list: by id, as numbers where all ids are whole numbers
/// (DuckDB reads such a column as numbers). Between two lists: by the lists' names. Otherwise by `name-__-id`, as text.
fn order(link_type: LinkType, table: &Table) -> Vec<u32> {
    let mut order = table.records.clone();
    let id = |record: u32| table.ids[record as usize];
    let source = |record: u32| table.sources[usize::from(table.source[record as usize])];
    match link_type {
        LinkType::DedupeOnly => {
            match order.iter().map(|&record| id(record).parse::<i64>()).collect::<Result<Vec<_>, _>>() {
                Ok(numbers) => {
                    let mut numbered: Vec<(i64, u32)> = numbers.into_iter().zip(order).collect();
                    numbered.sort_unstable();
                    order = numbered.into_iter().map(|(_, record)| record).collect();
                }
                Err(_) => order = by_text(order, id),
            }
        }
        LinkType::LinkOnly if table.sources.len() == 2 => {
            order.sort_by_key(|&record| (source(record), id(record), record));
        }
        LinkType::LinkOnly | LinkType::LinkAndDedupe => {
            order.sort_by_cached_key(|&record| (format!("{}-__-{}", source(record), id(record)), record));
        }
    }
    order
}

/// Records by their text, then by number. Most are told apart by the first eight bytes, which stand beside each.
fn by_text<'t>(records: Vec<u32>, text: impl Fn(u32) -> &'t str + Sync) -> Vec<u32> {
    let begin = |record: u32| {
        let mut begin = [0; 8];
        begin.iter_mut().zip(text(record).bytes()).for_each(|(place, byte)| *place = byte);
        (begin, record)
    };
    let mut keyed: Vec<([u8; 8], u32)> = records.into_par_iter().map(begin).collect();
    keyed.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| (text(a.1), a.1).cmp(&(text(b.1), b.1))));
    keyed.into_iter().map(|(_, record)| record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_are_ordered_as_their_texts_are(texts in prop::collection::vec("[a\0é]{0,3}|recor[d-f]{2,5}", 0..40)) {
            let mut expected: Vec<u32> = (0..texts.len() as u32).collect();
            expected.sort_by_key(|&record| &texts[record as usize]);
            let records = (0..texts.len() as u32).rev().collect();
            prop_assert_eq!(by_text(records, |record| texts[record as usize].as_str()), expected);
        }
    }
}
