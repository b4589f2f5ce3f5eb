//! Works an expression out, a piece of rows at a time and within it column by column.

use super::tree::{Comparison, Node, TextTest};
use super::{Expression, Type};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::ops::Range;

/// Rows that are in memory as columns at one time; small enough for a processor's cache.
const ROWS_PER_PIECE: usize = 8 << 10;

/// The distinct values of a column of texts or lists, by code.
pub trait Values: Send + Sync {
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get(&self, code: u32) -> &str;
}

type Each<'a, T> = Box<dyn Fn(usize) -> Option<T> + Send + Sync + 'a>;

/// A column as an expression reads it: the value of a row, `None` where it is not known.
pub enum Column<'a> {
    Flag(Each<'a, bool>),
    Number(Each<'a, f64>),
    /// Numbers that are whole.
    Whole(Each<'a, i64>),
    /// Days since 1970.
    Date(Each<'a, i32>),
    /// Codes of values.
    Text(Each<'a, u32>, &'a dyn Values),
    /// Codes of the entries.
    List(Each<'a, &'a [u32]>, &'a dyn Values),
}

impl Column<'_> {
    fn holds(&self) -> Type {
        match self {
            Column::Flag(_) => Type::Flag,
            Column::Number(_) | Column::Whole(_) => Type::Number,
            Column::Date(_) => Type::Date,
            Column::Text(..) => Type::Text,
            Column::List(..) => Type::List,
        }
    }

    fn known(&self, row: usize) -> bool {
        match self {
            Column::Flag(value) => value(row).is_some(),
            Column::Number(value) => value(row).is_some(),
            Column::Whole(value) => value(row).is_some(),
            Column::Date(value) => value(row).is_some(),
            Column::Text(value, _) => value(row).is_some(),
            Column::List(value, _) => value(row).is_some(),
        }
    }
}

impl Expression {
    /// Whether the rule holds, one entry a row; `None` where that is not known. `column` gives the columns that it looks at.
    ///
    /// # Panics
    /// Where a column is not of the type that the expression was read against.
    pub fn truths<'a>(&self, rows: usize, column: impl Fn(&str) -> Column<'a>) -> Vec<Option<bool>> {
        let columns: Vec<Column> = self.columns.iter().map(|name| column(name)).collect();
        let mut tables = vec![Vec::new(); self.tables];
        make_tables(&self.node, &columns, &mut tables);
        let evaluation = Evaluation { columns: &columns, tables: &tables };
        let piece = |piece: usize| {
            let rows = piece * ROWS_PER_PIECE..rows.min((piece + 1) * ROWS_PER_PIECE);
            evaluation.flags(&self.node, rows)
        };
        (0..rows.div_ceil(ROWS_PER_PIECE)).into_par_iter().flat_map_iter(piece).collect()
    }

    /// The rows for which the rule is true.
    pub fn holds<'a>(&self, rows: usize, column: impl Fn(&str) -> Column<'a>) -> Vec<bool> {
        self.truths(rows, column).into_iter().map(|truth| truth == Some(true)).collect()
    }
}

/// Asks each test of a text column once of each distinct value.
fn make_tables(node: &Node, columns: &[Column], tables: &mut [Vec<bool>]) {
    if let Node::TextIs(column, test, table) = node {
        tables[*table] = table_of(&columns[*column], test);
    }
    node.below().for_each(|node| make_tables(node, columns, tables));
}

fn table_of(column: &Column, test: &TextTest) -> Vec<bool> {
    let Column::Text(_, values) = column else { unreachable!("the check has typed it") };
    (0..values.len() as u32).into_par_iter().map(|code| test.holds(values.get(code))).collect()
}

struct Evaluation<'c, 'a> {
    columns: &'c [Column<'a>],
    tables: &'c [Vec<bool>],
}

impl<'c> Evaluation<'c, '_> {
    fn flags(&self, node: &Node, rows: Range<usize>) -> Vec<Option<bool>> {
        match node {
            Node::Flag(value) => vec![Some(*value); rows.len()],
            Node::Unknown(_) => vec![None; rows.len()],
            Node::Column(at, _) => match &self.columns[*at] {
                Column::Flag(value) => rows.map(value).collect(),
                other => mistyped(other),
            },
            Node::Known(at) => rows.map(|row| Some(self.columns[*at].known(row))).collect(),
            Node::Not(one) => map(self.flags(one, rows), |flag| !flag),
            Node::Both(left, right) => {
                zip(self.flags(left, rows.clone()), self.flags(right, rows), |left, right| match (left, right) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                })
            }
            Node::Either(left, right) => {
                zip(self.flags(left, rows.clone()), self.flags(right, rows), |left, right| match (left, right) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                })
            }
            Node::TextIs(at, _, table) => match &self.columns[*at] {
                Column::Text(code, _) => {
                    let table = &self.tables[*table];
                    rows.map(|row| code(row).map(|code| table[code as usize])).collect()
                }
                other => mistyped(other),
            },
            Node::Compare(how, left, right) => self.compare(*how, left, right, rows),
            Node::Among(one, constants) => self.among(one, constants, rows),
            Node::ListHas(at, one) => self.list_has(*at, one, rows),
            _ => unreachable!("the check has typed it"),
        }
    }

    fn compare(&self, how: Comparison, left: &Node, right: &Node, rows: Range<usize>) -> Vec<Option<bool>> {
        fn orders<T>(
            left: Vec<Option<T>>,
            right: Vec<Option<T>>,
            how: Comparison,
            order: impl Fn(&T, &T) -> Ordering,
        ) -> Vec<Option<bool>> {
            zip(left, right, |left, right| Some(how.holds(order(&left?, &right?))))
        }
        match left.holds() {
            Type::Flag => orders(self.flags(left, rows.clone()), self.flags(right, rows), how, Ord::cmp),
            Type::Number => orders(self.numbers(left, rows.clone()), self.numbers(right, rows), how, number_order),
            Type::Date => orders(self.dates(left, rows.clone()), self.dates(right, rows), how, Ord::cmp),
            Type::Text => orders(self.texts(left, rows.clone()), self.texts(right, rows), how, Ord::cmp),
            Type::List => unreachable!("lists are not compared"),
        }
    }

    fn among(&self, one: &Node, constants: &[Node], rows: Range<usize>) -> Vec<Option<bool>> {
        match one.holds() {
            Type::Flag => {
                let known = |constant: &Node| if let Node::Flag(flag) = constant { Some(*flag) } else { None };
                let constants: Vec<bool> = constants.iter().filter_map(known).collect();
                map(self.flags(one, rows), |flag| constants.contains(&flag))
            }
            Type::Number => {
                let constants: Vec<f64> =
                    constants.iter().flat_map(|node| self.numbers(node, 0..1)).flatten().collect();
                map(self.numbers(one, rows), |number| constants.contains(&number))
            }
            Type::Date => {
                let constants: Vec<i32> = constants.iter().flat_map(|node| self.dates(node, 0..1)).flatten().collect();
                map(self.dates(one, rows), |date| constants.contains(&date))
            }
            Type::Text => {
                let constants: Vec<&str> = constants.iter().flat_map(|node| self.texts(node, 0..1)).flatten().collect();
                map(self.texts(one, rows), |text| constants.contains(&text))
            }
            Type::List => unreachable!("a list is in no list"),
        }
    }

    fn list_has(&self, at: usize, one: &Node, rows: Range<usize>) -> Vec<Option<bool>> {
        let Column::List(codes, values) = &self.columns[at] else { mistyped(&self.columns[at]) };
        if let Node::Text(text) = one {
            let wanted = (0..values.len() as u32).find(|&code| values.get(code) == text);
            return rows.map(|row| codes(row).map(|codes| wanted.is_some_and(|code| codes.contains(&code)))).collect();
        }
        let texts = self.texts(one, rows.clone());
        rows.zip(texts)
            .map(|(row, text)| {
                Some(codes(row)?.iter().any(|&code| Some(values.get(code)) == text)).filter(|_| text.is_some())
            })
            .collect()
    }

    fn numbers(&self, node: &Node, rows: Range<usize>) -> Vec<Option<f64>> {
        match node {
            Node::Number(value) => vec![Some(*value); rows.len()],
            Node::Unknown(_) => vec![None; rows.len()],
            Node::Column(at, _) => match &self.columns[*at] {
                Column::Number(value) => rows.map(value).collect(),
                Column::Whole(value) => rows.map(|row| value(row).map(|whole| whole as f64)).collect(),
                other => mistyped(other),
            },
            Node::ListSize(at) => match &self.columns[*at] {
                Column::List(codes, _) => rows.map(|row| codes(row).map(|codes| codes.len() as f64)).collect(),
                other => mistyped(other),
            },
            Node::TextSize(one) => map(self.texts(one, rows), |text| text.chars().count() as f64),
            Node::Negative(one) => map(self.numbers(one, rows), |number| -number),
            Node::Arithmetic(how, left, right) => {
                zip(self.numbers(left, rows.clone()), self.numbers(right, rows), |left, right| how.of(left?, right?))
            }
            Node::DaysBetween(left, right) => {
                let days = |left: Option<i32>, right: Option<i32>| Some(f64::from(left?) - f64::from(right?));
                zip(self.dates(left, rows.clone()), self.dates(right, rows), days)
            }
            _ => unreachable!("the check has typed it"),
        }
    }

    fn dates(&self, node: &Node, rows: Range<usize>) -> Vec<Option<i32>> {
        match node {
            Node::Date(value) => vec![Some(*value); rows.len()],
            Node::Unknown(_) => vec![None; rows.len()],
            Node::Column(at, _) => match &self.columns[*at] {
                Column::Date(value) => rows.map(value).collect(),
                other => mistyped(other),
            },
            Node::DaysLater(date, days) => {
                // A cast of a float keeps to the range of its type.
                let later = |date: Option<i32>, days: Option<f64>| Some(date?.saturating_add(days? as i32));
                zip(self.dates(date, rows.clone()), self.numbers(days, rows), later)
            }
            _ => unreachable!("the check has typed it"),
        }
    }

    fn texts<'n>(&self, node: &'n Node, rows: Range<usize>) -> Vec<Option<&'n str>>
    where
        'c: 'n,
    {
        match node {
            Node::Text(value) => vec![Some(value.as_str()); rows.len()],
            Node::Unknown(_) => vec![None; rows.len()],
            Node::Column(at, _) => match &self.columns[*at] {
                Column::Text(code, values) => rows.map(|row| code(row).map(|code| values.get(code))).collect(),
                other => mistyped(other),
            },
            _ => unreachable!("the check has typed it"),
        }
    }
}

fn mistyped(column: &Column) -> ! {
    panic!("a column is {}, which is not what the expression was read against", column.holds().word())
}

fn number_order(left: &f64, right: &f64) -> Ordering {
    // Numbers of a column and of arithmetic are finite; two zeros are equal, which a total order would deny.
    left.partial_cmp(right).unwrap_or(Ordering::Equal)
}

fn map<T, U>(values: Vec<Option<T>>, made: impl Fn(T) -> U) -> Vec<Option<U>> {
    values.into_iter().map(|value| value.map(&made)).collect()
}

fn zip<T, U, V>(left: Vec<T>, right: Vec<U>, joined: impl Fn(T, U) -> V) -> Vec<V> {
    left.into_iter().zip(right).map(|(left, right)| joined(left, right)).collect()
}
