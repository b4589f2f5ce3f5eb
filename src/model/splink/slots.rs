//! What a model reads of one record, as codes: a column, or an expression of one record worked out once a distinct value.
//!
//! A slot's code stands for its value; where a test compares two slots for equality they share one numbering, so that equal values have
//! equal codes. Only the columns themselves stand record by record, and a slot of one column is read through a table of its values. Back of
//! an envelope, 1 M records and 7 columns: 28 MB of codes, so that a pair touches one cache line a side; a distinct value is evaluated once
//! at some 100 ns.

use super::expression::{Expr, Kind, Side, Value, evaluate};
use crate::records::{Codes, Column, Dictionary, MISSING};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Elements of a list in one text.
const SEPARATOR: char = '\u{1f}';

/// The slots that compiled tests ask for.
#[derive(Debug, Default)]
pub struct Slots {
    /// Expressions of one record, written as of the left one.
    list: Vec<Expr>,
    /// Slots whose codes are compared with each other.
    compared: Vec<(usize, usize)>,
}

impl Slots {
    /// The slot of an expression of one record, whichever.
    pub fn of(&mut self, expr: &Expr) -> usize {
        self.find(expr).unwrap_or_else(|| {
            self.list.push(expr.on(Side::Left));
            self.list.len() - 1
        })
    }

    /// The same where it was asked for before.
    pub fn find(&self, expr: &Expr) -> Option<usize> {
        let expr = expr.on(Side::Left);
        self.list.iter().position(|known| *known == expr)
    }

    /// The two will be compared for equality.
    pub fn compare(&mut self, a: usize, b: usize) {
        self.compared.push((a, b));
    }

    /// For each slot the first of those that it must share its numbering with.
    fn numbering(&self) -> Vec<usize> {
        let mut first: Vec<usize> = (0..self.list.len()).collect();
        for &(a, b) in &self.compared {
            let (low, high) = (first[a].min(first[b]), first[a].max(first[b]));
            first.iter_mut().filter(|slot| **slot == high).for_each(|slot| *slot = low);
        }
        first
    }
}

/// What the codes of a numbering stand for.
#[derive(Debug)]
enum Meaning<'a> {
    Column(&'a Dictionary),
    Texts(Dictionary),
    Numbers { values: Vec<f64>, codes: FxHashMap<u64, u32> },
}

/// The codes of all slots, and what they stand for.
#[derive(Debug)]
pub struct Filled<'a> {
    /// Codes of the columns that are read, and of expressions of several columns: a row a record.
    rows: Vec<u32>,
    width: usize,
    slots: Vec<Slot>,
    /// By place in a row, how many codes there are.
    distinct: Vec<usize>,
    numbering: Vec<usize>,
    meanings: Vec<Meaning<'a>>,
}

/// How a slot's code is read from a row.
#[derive(Debug)]
struct Slot {
    /// Place in the row.
    column: usize,
    /// By the code of the column, the last for a missing one; `None` where the column's code is the slot's.
    of_code: Option<Vec<u32>>,
}

/// Where the codes of a row's column come from.
enum Origin<'a> {
    Column(&'a Codes),
    /// By place in the order of records.
    Direct(Vec<u32>),
}

impl<'a> Filled<'a> {
    /// Works out every slot for the records in `order`.
    pub fn new(slots: &Slots, columns: &[&'a Column], order: &[u32]) -> Filled<'a> {
        let numbering = slots.numbering();
        let alone = |slot: usize| numbering.iter().filter(|first| **first == numbering[slot]).count() == 1;
        let (mut meanings, mut origins, mut filled) = (Vec::new(), Vec::new(), Vec::new());
        let mut place_of: Vec<Option<usize>> = vec![None; columns.len()];
        for (slot, expr) in slots.list.iter().enumerate() {
            let plain = if let Expr::Column(column, _) = expr { Some(*column) } else { None };
            meanings.push(match (plain, expr.kind()) {
                (Some(column), _) if alone(slot) => Meaning::Column(&columns[column].values),
                (_, Some(Kind::Number | Kind::Time | Kind::Truth)) => {
                    Meaning::Numbers { values: Vec::new(), codes: FxHashMap::default() }
                }
                _ => Meaning::Texts(Dictionary::default()),
            });
            let meaning = &mut meanings[numbering[slot]];
            let Some(column) = only_column(expr) else {
                filled.push(Slot { column: origins.len(), of_code: None });
                origins.push(Origin::Direct(of_each_record(expr, columns, order, meaning)));
                continue;
            };
            let place = *place_of[column].get_or_insert_with(|| {
                origins.push(Origin::Column(&columns[column].codes));
                origins.len() - 1
            });
            let of_code = (plain.is_none() || !alone(slot)).then(|| of_each_value(expr, columns[column], meaning));
            filled.push(Slot { column: place, of_code });
        }
        let width = origins.len();
        let mut rows = vec![MISSING; width * order.len()];
        rows.par_chunks_mut(width.max(1)).zip(order).enumerate().for_each(|(place, (row, record))| {
            row.iter_mut().zip(&origins).for_each(|(code, origin)| *code = origin.code(place, *record as usize));
        });
        let mut filled = Filled { rows, width, slots: filled, distinct: vec![0; width], numbering, meanings };
        for slot in 0..filled.slots.len() {
            let Slot { column, of_code } = &filled.slots[slot];
            let codes = of_code.as_ref().map_or_else(|| filled.distinct(slot), |of_code| of_code.len() - 1);
            filled.distinct[*column] = codes;
        }
        filled
    }

    /// What is known of the record at `place` in the order of records.
    pub fn row(&self, place: u32) -> &[u32] {
        &self.rows[place as usize * self.width..(place as usize + 1) * self.width]
    }

    /// Codes in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many codes the column at this place in a row has.
    pub fn column_codes(&self, column: usize) -> usize {
        self.distinct[column]
    }

    /// The code of a slot in a row.
    pub fn code(&self, row: &[u32], slot: usize) -> u32 {
        self.slots[slot].code(row[self.slots[slot].column])
    }

    /// The code of a slot where the column that it is of has `code`.
    pub fn translated(&self, slot: usize, code: u32) -> u32 {
        self.slots[slot].code(code)
    }

    /// The place in a row that a slot is read from, and whether it is that column itself.
    pub fn column(&self, slot: usize) -> (usize, bool) {
        (self.slots[slot].column, self.slots[slot].of_code.is_none())
    }

    /// The codes of one slot over all records.
    pub fn codes(&self, slot: usize) -> impl Iterator<Item = u32> + '_ {
        let slot = &self.slots[slot];
        self.rows.iter().skip(slot.column).step_by(self.width.max(1)).map(|&code| slot.code(code))
    }

    /// How many codes a slot's numbering has.
    pub fn distinct(&self, slot: usize) -> usize {
        match &self.meanings[self.numbering[slot]] {
            Meaning::Column(values) => values.len(),
            Meaning::Texts(values) => values.len(),
            Meaning::Numbers { values, .. } => values.len(),
        }
    }

    /// The number that a code stands for.
    ///
    /// # Panics
    /// Where the slot holds no numbers, or the code is not one of it.
    pub fn number(&self, slot: usize, code: u32) -> f64 {
        match &self.meanings[self.numbering[slot]] {
            Meaning::Numbers { values, .. } => values[code as usize],
            other => unreachable!("a number was asked of {other:?}"),
        }
    }

    /// The text that a code stands for.
    ///
    /// # Panics
    /// Where the slot holds numbers, or the code is not one of it.
    pub fn text(&self, slot: usize, code: u32) -> &str {
        match &self.meanings[self.numbering[slot]] {
            Meaning::Column(values) => values.get(code),
            Meaning::Texts(values) => values.get(code),
            other => unreachable!("a text was asked of {other:?}"),
        }
    }

    /// How many distinct elements the lists of two codes have in common.
    pub fn shared(&self, left: (usize, u32), right: (usize, u32)) -> usize {
        let elements = |(slot, code)| self.text(slot, code).split(SEPARATOR).filter(|element| !element.is_empty());
        let right: Vec<&str> = elements(right).collect();
        elements(left).filter(|element| right.contains(element)).count()
    }
}

impl Slot {
    fn code(&self, code: u32) -> u32 {
        match &self.of_code {
            None => code,
            Some(of_code) => of_code[(code as usize).min(of_code.len() - 1)],
        }
    }
}

impl Origin<'_> {
    fn code(&self, place: usize, record: usize) -> u32 {
        match self {
            Origin::Column(codes) => codes.at(record),
            Origin::Direct(codes) => codes[place],
        }
    }
}

/// The column that an expression of one record reads, where it is one.
fn only_column(expr: &Expr) -> Option<usize> {
    let read = expr.columns();
    let (first, _) = read[0];
    read.iter().all(|(column, _)| *column == first).then_some(first)
}

/// Evaluates an expression of one column once a distinct value. The last stands for a missing one: coalesce may make something of it.
fn of_each_value(expr: &Expr, column: &Column, meaning: &mut Meaning) -> Vec<u32> {
    let values: Vec<Value> = (0..=column.values.len())
        .into_par_iter()
        .map(|code| {
            let text = (code < column.values.len()).then(|| column.values.get(code as u32));
            evaluate(expr, &|_, _| text)
        })
        .collect();
    values.iter().map(|value| meaning.code(value)).collect()
}

/// Evaluates an expression of several columns once a record.
fn of_each_record(expr: &Expr, columns: &[&Column], order: &[u32], meaning: &mut Meaning) -> Vec<u32> {
    let values: Vec<Value> =
        order.par_iter().map(|record| evaluate(expr, &|column, _| columns[column].get(*record as usize))).collect();
    values.iter().map(|value| meaning.code(value)).collect()
}

impl Meaning<'_> {
    fn code(&mut self, value: &Value) -> u32 {
        match (self, value) {
            (_, Value::Null) => MISSING,
            (Meaning::Texts(texts), Value::Text(text)) => texts.intern(text),
            (Meaning::Texts(texts), Value::List(list)) => {
                let mut distinct = list.clone();
                distinct.sort_unstable();
                distinct.dedup();
                texts.intern(&distinct.join(&SEPARATOR.to_string()))
            }
            (Meaning::Numbers { values, codes }, Value::Number(number)) => number_code(values, codes, *number),
            (Meaning::Numbers { values, codes }, Value::Truth(truth)) => {
                number_code(values, codes, f64::from(u8::from(*truth)))
            }
            (meaning, value) => unreachable!("{value:?} among {meaning:?}"),
        }
    }
}

/// Equal numbers have one code: −0 is 0, and every NaN is the same.
fn number_code(values: &mut Vec<f64>, codes: &mut FxHashMap<u64, u32>, number: f64) -> u32 {
    let number = if number.is_nan() { f64::NAN } else { number + 0.0 };
    *codes.entry(number.to_bits()).or_insert_with(|| {
        values.push(number);
        (values.len() - 1) as u32
    })
}
