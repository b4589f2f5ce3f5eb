//! Rules about people, in the Common Expression Language: read, typed against named columns, and worked out column by column.
//!
//! In: a text such as `age >= 75 && unplanned_admissions_12m >= 2`, and the names and types of the columns that it may name; later those
//! columns themselves. Out: an [`Expression`], or every fault with its place in the text; later one truth a row. Always: an expression that
//! was read never fails; the result is the same on any number of threads.
//!
//! **What is not known.** A value that is not known makes a comparison neither true nor false, but not known. `!` of that is not known
//! either; `&&` is false where one side is false, whatever the other; `||` is true where one side is true. A rule holds where it is *true*:
//! `frailty != "fit"` does not hold for somebody whose frailty nobody has recorded. `has(frailty)` (or `frailty != null`) asks whether it is
//! known, and is never unknown itself. A list that is not known is not an empty one; counts are always known.
//!
//! **What there is.** `&& || !`, `== != < <= > >=`, `in` a list of values or a list column, `has(x)`, `size(x)` of a list or text,
//! `x.startsWith("…")`, `x.endsWith("…")`, `x.contains("…")`, `+ - * /` of numbers, `date("2026-11-22")`, `as_of`; a date less a date is a
//! number of days, a date and a number of days more or less is a date.

mod check;
mod evaluate;
mod read;
#[cfg(test)]
mod tests;
mod tree;

pub use evaluate::{Column, Values};
pub use read::Fault;

use tree::Node;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Flag,
    Number,
    Text,
    Date,
    /// A list of texts.
    List,
}

impl Type {
    /// In a message.
    pub fn word(self) -> &'static str {
        match self {
            Type::Flag => "a flag",
            Type::Number => "a number",
            Type::Text => "a text",
            Type::Date => "a date",
            Type::List => "a list",
        }
    }
}

/// A column that an expression may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub holds: Type,
    /// The only values that a text or list can have; empty where any can.
    pub words: Vec<String>,
}

/// A rule that was read and typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    node: Node,
    /// Names of the columns that it looks at, each once, in the order in which they are first named.
    columns: Vec<String>,
    /// How many tables of texts an evaluation makes.
    tables: usize,
}

/// What an expression is read against.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    pub columns: &'a [Named],
    /// Columns that may be named though they are not there: nothing is ever known of them.
    pub absent: &'a [Named],
    /// What `as_of` says.
    pub as_of: jiff::civil::Date,
}

impl Expression {
    /// Reads a rule: an expression that is true, false or not known of each row.
    ///
    /// # Errors
    /// Every fault of the text that can be found at once.
    pub fn read(text: &str, setting: &Setting) -> Result<Expression, Vec<Fault>> {
        let parsed = read::parse(text)?;
        check::rule(&parsed, setting)
    }

    /// Names of the columns that it looks at.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Names of the columns of which it asks whether they are known: it can hold for those of whom they are not.
    pub fn asks_whether_known(&self) -> Vec<&str> {
        let mut places = Vec::new();
        self.node.asks_whether_known(&mut places);
        places.into_iter().map(|at| self.columns[at].as_str()).collect()
    }
}
