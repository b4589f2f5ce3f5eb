//! Conditions as tests on codes.
//!
//! Equality is one comparison of codes; what depends on one record is a slot; a similarity is looked up by its two codes before it is
//! computed. Whatever does not fit is evaluated as it stands ([`Test::General`]), slower but the same.

use super::expression::{Expr, Kind, Side, and, evaluate, or, order};
use super::functions::Function;
use super::ladder::Recent;
use super::similarity::Similarity;
use super::slots::{Filled, Slots};
use crate::records::MISSING;
use std::cmp::Ordering;

/// A slot of one of the two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub slot: usize,
    pub side: Side,
}

/// A condition on a pair.
#[derive(Debug)]
pub enum Test {
    Constant(Option<bool>),
    Missing(Place),
    /// A truth of one record.
    Truth(Place),
    /// Equal codes of the left and the right record.
    Same(usize, usize),
    /// Equal, NotEqual, Less or LessOrEqual of two numbers.
    Compare(Function, Number, Number),
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    /// Anything else, with the slot of each column that it reads.
    General(Expr, Vec<(usize, usize)>),
}

/// A number that depends on a pair.
#[derive(Debug)]
pub enum Number {
    Constant(f64),
    Null,
    Of(Place),
    /// Place in the list of [`Kernel`]s.
    Kernel(usize),
    Call(Function, Vec<Number>),
    Case(Vec<(Test, Number)>, Box<Number>),
}

/// A function of a value of the left and a value of the right record that is worth remembering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    pub what: Compared,
    pub left: usize,
    pub right: usize,
    /// Whether the function's first argument is of the right record.
    pub swapped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    Texts(Similarity),
    /// How many elements two lists share.
    Lists,
}

/// Turns conditions into tests and collects what they need.
#[derive(Debug, Default)]
pub struct Compiler {
    pub slots: Slots,
    pub kernels: Vec<Kernel>,
}

impl Compiler {
    pub fn test(&mut self, expr: &Expr) -> Test {
        if expr.columns().is_empty() {
            return Test::Constant(evaluate(expr, &|_, _| None).truth());
        }
        if let Expr::Call(Function::IsNull, arguments) = expr
            && let Some(side) = arguments[0].side()
        {
            return Test::Missing(Place { slot: self.slots.of(&arguments[0]), side });
        }
        if let Expr::Call(function, arguments) = expr {
            match function {
                Function::And => return Test::And(arguments.iter().map(|part| self.test(part)).collect()),
                Function::Or => return Test::Or(arguments.iter().map(|part| self.test(part)).collect()),
                Function::Not => return Test::Not(Box::new(self.test(&arguments[0]))),
                _ => {}
            }
        }
        if let Some(side) = expr.side() {
            return Test::Truth(Place { slot: self.slots.of(expr), side });
        }
        self.comparison(expr).unwrap_or_else(|| self.general(expr))
    }

    fn general(&mut self, expr: &Expr) -> Test {
        let mut read: Vec<usize> = expr.columns().into_iter().map(|(column, _)| column).collect();
        read.sort_unstable();
        read.dedup();
        let slots = read.into_iter().map(|column| (column, self.slots.of(&Expr::Column(column, Side::Left)))).collect();
        Test::General(expr.clone(), slots)
    }

    /// A comparison of the two records; `None` where it is not of texts for equality, or of numbers.
    fn comparison(&mut self, expr: &Expr) -> Option<Test> {
        let Expr::Call(function, sides) = expr else { return None };
        if !matches!(function, Function::Equal | Function::NotEqual | Function::Less | Function::LessOrEqual) {
            return None;
        }
        let is_number = |expr: &Expr| matches!(expr.kind(), Some(Kind::Number | Kind::Time));
        if is_number(&sides[0]) && is_number(&sides[1]) {
            return Some(Test::Compare(function.clone(), self.number(&sides[0])?, self.number(&sides[1])?));
        }
        let same = match (sides[0].side()?, sides[1].side()?) {
            (Side::Left, Side::Right) => self.same(&sides[0], &sides[1]),
            (Side::Right, Side::Left) => self.same(&sides[1], &sides[0]),
            _ => return None,
        };
        match function {
            Function::Equal => Some(same),
            Function::NotEqual => Some(Test::Not(Box::new(same))),
            _ => None,
        }
    }

    /// The test that an expression of the left record equals one of the right.
    fn same(&mut self, left: &Expr, right: &Expr) -> Test {
        let (left, right) = self.key(left, right);
        Test::Same(left, right)
    }

    /// The slots of an expression of the left record and one of the right, numbered together.
    pub fn key(&mut self, left: &Expr, right: &Expr) -> (usize, usize) {
        let (left, right) = (self.slots.of(left), self.slots.of(right));
        self.slots.compare(left, right);
        (left, right)
    }

    fn number(&mut self, expr: &Expr) -> Option<Number> {
        if expr.columns().is_empty() {
            return Some(evaluate(expr, &|_, _| None).number().map_or(Number::Null, Number::Constant));
        }
        if let Some(side) = expr.side() {
            return Some(Number::Of(Place { slot: self.slots.of(expr), side }));
        }
        match expr {
            Expr::Case(branches, otherwise) => {
                let mut compiled = Vec::new();
                for (when, then) in branches {
                    compiled.push((self.test(when), self.number(then)?));
                }
                Some(Number::Case(compiled, Box::new(self.number(otherwise)?)))
            }
            Expr::Call(Function::Similarity(similarity), sides) => self.kernel(Compared::Texts(*similarity), sides),
            Expr::Call(Function::ListLength, lists) => match lists.as_slice() {
                [Expr::Call(Function::Intersect, sides)] => self.kernel(Compared::Lists, sides),
                _ => None,
            },
            Expr::Call(function, arguments)
                if function.is_arithmetic()
                    || matches!(
                        function,
                        Function::Least | Function::Greatest | Function::DateDifference(_) | Function::ToDecimal(_)
                    ) =>
            {
                let compiled = arguments.iter().map(|argument| self.number(argument));
                Some(Number::Call(function.clone(), compiled.collect::<Option<_>>()?))
            }
            _ => None,
        }
    }

    fn kernel(&mut self, what: Compared, sides: &[Expr]) -> Option<Number> {
        let swapped = match (sides[0].side()?, sides[1].side()?) {
            (Side::Left, Side::Right) => false,
            (Side::Right, Side::Left) => true,
            _ => return None,
        };
        let (first, second) = (self.slots.of(&sides[0]), self.slots.of(&sides[1]));
        let (left, right) = if swapped { (second, first) } else { (first, second) };
        let kernel = Kernel { what, left, right, swapped };
        let known = self.kernels.iter().position(|known| *known == kernel);
        Some(Number::Kernel(known.unwrap_or_else(|| {
            self.kernels.push(kernel);
            self.kernels.len() - 1
        })))
    }
}

/// Answers of kernels by the two codes: a small table a kernel and thread, in which a newer answer replaces an older one. And the levels
/// that comparisons of one column gave lately, in the same way.
#[derive(Debug)]
pub struct Memory {
    answers: Vec<Vec<(u64, f64)>>,
    pub(super) levels: Vec<Recent>,
}

/// Slots of the table: 16 KiB a kernel. Levels are remembered too, so that mostly only the next test of the same pair asks again.
const ANSWERS: usize = 1024;

impl Memory {
    pub fn of(kernels: &[Kernel]) -> Memory {
        Memory { answers: kernels.iter().map(|_| vec![(u64::MAX, 0.0); ANSWERS]).collect(), levels: Vec::new() }
    }

    fn answer(&mut self, nth: usize, kernel: &Kernel, data: &Filled, left: u32, right: u32) -> f64 {
        let key = u64::from(left) << 32 | u64::from(right);
        let place = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize;
        let slot = &mut self.answers[nth][place];
        if slot.0 != key {
            let value = match kernel.what {
                Compared::Lists => data.shared((kernel.left, left), (kernel.right, right)) as f64,
                Compared::Texts(similarity) => {
                    let (left, right) = (data.text(kernel.left, left), data.text(kernel.right, right));
                    if kernel.swapped { similarity.of(right, left) } else { similarity.of(left, right) }
                }
            };
            *slot = (key, value);
        }
        slot.1
    }
}

impl Test {
    /// Calls `with` for each slot that the test reads.
    pub fn each_slot(&self, kernels: &[Kernel], with: &mut impl FnMut(usize)) {
        match self {
            Test::Constant(_) => {}
            Test::Missing(place) | Test::Truth(place) => with(place.slot),
            Test::Same(left, right) => [*left, *right].into_iter().for_each(with),
            Test::Compare(_, a, b) => [a, b].into_iter().for_each(|number| number.each_slot(kernels, with)),
            Test::And(parts) | Test::Or(parts) => parts.iter().for_each(|part| part.each_slot(kernels, with)),
            Test::Not(inner) => inner.each_slot(kernels, with),
            Test::General(_, slots) => slots.iter().for_each(|(_, slot)| with(*slot)),
        }
    }
}

impl Number {
    fn each_slot(&self, kernels: &[Kernel], with: &mut impl FnMut(usize)) {
        match self {
            Number::Constant(_) | Number::Null => {}
            Number::Of(place) => with(place.slot),
            Number::Kernel(nth) => [kernels[*nth].left, kernels[*nth].right].into_iter().for_each(with),
            Number::Call(_, arguments) => arguments.iter().for_each(|number| number.each_slot(kernels, with)),
            Number::Case(branches, otherwise) => {
                for (when, then) in branches {
                    when.each_slot(kernels, with);
                    then.each_slot(kernels, with);
                }
                otherwise.each_slot(kernels, with);
            }
        }
    }
}

/// One pair while its tests are answered.
pub struct Pair<'a> {
    pub data: &'a Filled<'a>,
    pub kernels: &'a [Kernel],
    pub left: &'a [u32],
    pub right: &'a [u32],
}

impl Pair<'_> {
    fn code(&self, place: Place) -> u32 {
        self.data.code(if place.side == Side::Left { self.left } else { self.right }, place.slot)
    }

    /// The answer, which may be open where a value is missing.
    pub fn test(&self, test: &Test, memory: &mut Memory) -> Option<bool> {
        match test {
            Test::Constant(truth) => *truth,
            Test::Missing(place) => Some(self.code(*place) == MISSING),
            Test::Truth(place) => self.number_of(*place).map(|truth| truth != 0.0),
            Test::Same(left, right) => {
                let (left, right) = (self.data.code(self.left, *left), self.data.code(self.right, *right));
                (left != MISSING && right != MISSING).then_some(left == right)
            }
            Test::Compare(function, a, b) => {
                let order = order(self.number(a, memory)?, self.number(b, memory)?);
                Some(match function {
                    Function::Equal => order == Ordering::Equal,
                    Function::NotEqual => order != Ordering::Equal,
                    Function::Less => order == Ordering::Less,
                    _ => order != Ordering::Greater,
                })
            }
            Test::And(parts) => and(parts.iter().map(|part| self.test(part, memory))),
            Test::Or(parts) => or(parts.iter().map(|part| self.test(part, memory))),
            Test::Not(inner) => self.test(inner, memory).map(|truth| !truth),
            Test::General(expr, slots) => {
                let look = |column: usize, side: Side| {
                    let (_, slot) = slots.iter().find(|(known, _)| *known == column)?;
                    let code = self.code(Place { slot: *slot, side });
                    (code != MISSING).then(|| self.data.text(*slot, code))
                };
                evaluate(expr, &look).truth()
            }
        }
    }

    fn number_of(&self, place: Place) -> Option<f64> {
        let code = self.code(place);
        (code != MISSING).then(|| self.data.number(place.slot, code))
    }

    fn number(&self, number: &Number, memory: &mut Memory) -> Option<f64> {
        match number {
            Number::Constant(constant) => Some(*constant),
            Number::Null => None,
            Number::Of(place) => self.number_of(*place),
            Number::Kernel(nth) => {
                let kernel = &self.kernels[*nth];
                let (left, right) = (self.data.code(self.left, kernel.left), self.data.code(self.right, kernel.right));
                let known = left != MISSING && right != MISSING;
                known.then(|| memory.answer(*nth, kernel, self.data, left, right))
            }
            Number::Case(branches, otherwise) => {
                let taken = branches.iter().find(|(when, _)| self.test(when, memory) == Some(true));
                self.number(taken.map_or(otherwise, |(_, then)| then), memory)
            }
            Number::Call(function, arguments) => self.call(function, arguments, memory),
        }
    }

    fn call(&self, function: &Function, arguments: &[Number], memory: &mut Memory) -> Option<f64> {
        match function {
            Function::Least | Function::Greatest => {
                let known = arguments.iter().filter_map(|argument| self.number(argument, memory));
                known.reduce(|a, b| {
                    let first = (order(a, b) == Ordering::Less) == (*function == Function::Least);
                    if first { a } else { b }
                })
            }
            _ => {
                let first = self.number(&arguments[0], memory)?;
                let second = match arguments.get(1) {
                    Some(argument) => self.number(argument, memory)?,
                    None => 0.0,
                };
                match function {
                    Function::DateDifference(boundary) => boundary.between(first, second),
                    Function::ToDecimal(decimal) => decimal.of_number(first),
                    arithmetic => Some(arithmetic.calculate(first, second)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::{Columns, Kinds, settle};
    use super::super::sql::{Naming, condition};
    use super::*;
    use crate::records::Column;
    use proptest::prelude::*;

    /// Columns a, of texts, and b, of numbers.
    const CONDITIONS: [&str; 29] = [
        "a_l = a_r",
        "b_r = a_l",
        "a_l <> a_r",
        "a_l < a_r",
        "a_l is null or a_r is null",
        "a_l = 'x' and a_r = 'x'",
        "not (a_l = b_r and a_r = b_l)",
        "levenshtein(a_l, a_r) <= 1",
        "levenshtein(b_r, a_l) < 2 or jaro_winkler_similarity(a_l, a_r) >= 0.8",
        "lower(a_l) = lower(b_r)",
        "nullif(regexp_extract(a_l, '^[a-c]+', 0), '') = nullif(regexp_extract(a_r, '^[a-c]+', 0), '')",
        "abs(b_l - b_r) <= 2",
        "abs(b_l - b_r) / (case when b_r > b_l then b_r else b_l end) < 0.5",
        "case when a_l = a_r then b_l = b_r else b_l is null end",
        "a_l || b_l = a_r || b_r",
        "coalesce(a_l, b_l) = coalesce(a_r, b_r)",
        "array_length(list_intersect(a_l, a_r)) >= 1",
        "least(array_length(a_l), array_length(b_r)) = 1",
        "cast(b_l as int) = cast(b_r as int)",
        "length(a_l) > length(b_r) and b_l between 1 and 3",
        "levenshtein(a_l || b_r, a_r) < 3",
        "a_l in ('x', 'ab') or b_r not in (1, 2)",
        "b_l <= b_r",
        "least(a_l, a_r) = a_l",
        "lower(greatest(a_l, a_r)) = a_r",
        "greatest(b_l, b_r) - least(b_l, b_r) < 2",
        "cast(b_l as decimal(8,0)) = cast(b_r as decimal(8,0))",
        "cast(abs(b_l - b_r) / 2 as decimal(8,1)) <= 0.8",
        "cast(a_l as int) >= try_cast(a_r as int)",
    ];

    fn column(values: [Option<&String>; 2]) -> Column {
        let mut column = Column::default();
        for value in values {
            let code = value.map_or(MISSING, |value| column.values.intern(value));
            column.codes.push(code);
        }
        column
    }

    proptest! {
        /// The compiled form says what the tree means, whatever the values.
        #[test]
        fn compiled_tests_equal_the_meaning(
            a in prop::array::uniform2(prop::option::of("x|[a-dB]{1,4}|\\[(a|b|c), ?[ab]\\]|[1-4]")),
            b in prop::array::uniform2(prop::option::of("[1-4]|x|2\\.5|ab?")),
        ) {
            let columns = [column([a[0].as_ref(), a[1].as_ref()]), column([b[0].as_ref(), b[1].as_ref()])];
            let mut find = |name: &str| ["a", "b"].iter().position(|known| *known == name).ok_or_else(String::new);
            let (names, kinds) = (["a", "b"].map(String::from), Kinds::known(&[Kind::Text, Kind::Number]));
            let known = Columns { names: &names, kinds: &kinds, places: &[0, 1] };
            let parsed: Vec<Expr> = CONDITIONS
                .iter()
                .map(|sql| {
                    let read = condition(sql, Naming::Suffix, &mut find).and_then(|open| settle(open, &known));
                    read.unwrap_or_else(|why| panic!("{sql}: {why}"))
                })
                .collect();
            let mut compiler = Compiler::default();
            let tests: Vec<Test> = parsed.iter().map(|expr| compiler.test(expr)).collect();
            let data = Filled::new(&compiler.slots, &[&columns[0], &columns[1]], &[0, 1]);
            let mut memory = Memory::of(&compiler.kernels);
            for (left, right) in [(0, 1), (1, 0), (0, 0)] {
                let pair = Pair { data: &data, kernels: &compiler.kernels, left: data.row(left), right: data.row(right) };
                let look = |column: usize, side: Side| {
                    columns[column].get(if side == Side::Left { left } else { right } as usize)
                };
                for ((sql, expr), test) in CONDITIONS.iter().zip(&parsed).zip(&tests) {
                    prop_assert_eq!(pair.test(test, &mut memory), evaluate(expr, &look).truth(), "{}", sql);
                }
            }
        }
    }
}
