//! The conditions of a model file as a small typed tree over the columns of two records, and what it means.
//!
//! Values are as SQL has them: anything may be null, and truth has three values. [`evaluate`] is the meaning of the tree, one node
//! after another; the compiled form (`compile`) must say the same and is tested against it.

use super::functions::Function;
use std::cmp::Ordering;

/// Which record of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// What an expression yields. A column by itself is text as it was sent, and becomes a number or a time where one is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Truth,
    /// Seconds since 1970, as a number.
    Time,
    List,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::Number => "a number",
            Kind::Truth => "a truth",
            Kind::Time => "a time",
            Kind::List => "a list",
        }
    }
}

/// One expression. Columns are places in [`super::Imported::columns`].
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Column(usize, Side),
    Null,
    Text(String),
    Number(f64),
    Truth(bool),
    Call(Function, Vec<Expr>),
    /// WHEN condition THEN result …, ELSE result.
    Case(Vec<(Expr, Expr)>, Box<Expr>),
}

/// What an expression has become for one pair.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Truth(bool),
    Number(f64),
    Text(String),
    List(Vec<String>),
}

impl Value {
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    pub fn truth(&self) -> Option<bool> {
        if let Value::Truth(truth) = self { Some(*truth) } else { None }
    }

    pub fn list(&self) -> Option<&[String]> {
        if let Value::List(list) = self { Some(list) } else { None }
    }
}

impl Expr {
    pub fn call(function: Function, arguments: impl IntoIterator<Item = Expr>) -> Expr {
        Expr::Call(function, arguments.into_iter().collect())
    }

    /// What this yields; `None` where that is open: a column as it was sent, null, or one of several such.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Expr::Column(..) | Expr::Null => None,
            Expr::Text(_) => Some(Kind::Text),
            Expr::Number(_) => Some(Kind::Number),
            Expr::Truth(_) => Some(Kind::Truth),
            Expr::Call(function, arguments) => function.result().or_else(|| arguments.iter().find_map(Expr::kind)),
            Expr::Case(branches, otherwise) => {
                branches.iter().find_map(|(_, result)| result.kind()).or_else(|| otherwise.kind())
            }
        }
    }

    /// Whether what this yields hangs on what its columns hold, as nothing in it says. A literal text is what stands beside it, as in DuckDB.
    pub fn is_open(&self) -> bool {
        match self {
            Expr::Column(..) | Expr::Null | Expr::Text(_) => true,
            Expr::Number(_) | Expr::Truth(_) => false,
            Expr::Call(function, arguments) => function.is_of_any_kind() && arguments.iter().all(Expr::is_open),
            Expr::Case(branches, otherwise) => {
                branches.iter().all(|(_, result)| result.is_open()) && otherwise.is_open()
            }
        }
    }

    /// Every expression directly inside this one.
    pub fn inner(&self) -> Vec<&Expr> {
        match self {
            Expr::Call(_, arguments) => arguments.iter().collect(),
            Expr::Case(branches, otherwise) => {
                branches.iter().flat_map(|(when, then)| [when, then]).chain([otherwise.as_ref()]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The columns read, with their sides; may repeat.
    pub fn columns(&self) -> Vec<(usize, Side)> {
        match self {
            Expr::Column(column, side) => vec![(*column, *side)],
            other => other.inner().into_iter().flat_map(Expr::columns).collect(),
        }
    }

    /// The one side that all columns are of; `None` where there are none, or both.
    pub fn side(&self) -> Option<Side> {
        let columns = self.columns();
        let (_, first) = columns.first()?;
        columns.iter().all(|(_, side)| side == first).then_some(*first)
    }

    /// The same of the other record.
    pub fn on(&self, side: Side) -> Expr {
        match self {
            Expr::Column(column, _) => Expr::Column(*column, side),
            Expr::Call(function, arguments) => {
                Expr::Call(function.clone(), arguments.iter().map(|argument| argument.on(side)).collect())
            }
            Expr::Case(branches, otherwise) => Expr::Case(
                branches.iter().map(|(when, then)| (when.on(side), then.on(side))).collect(),
                Box::new(otherwise.on(side)),
            ),
            constant => constant.clone(),
        }
    }

    /// The column that two sides are asked to have in common, where this is exactly that: `a_l = a_r`.
    pub fn exact_match(&self) -> Option<usize> {
        match self {
            Expr::Call(Function::Equal, sides) => match sides.as_slice() {
                [Expr::Column(a, left), Expr::Column(b, right)] if a == b && left != right => Some(*a),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The value of `expr` for a pair whose columns `look` gives.
pub fn evaluate<'a>(expr: &Expr, look: &dyn Fn(usize, Side) -> Option<&'a str>) -> Value {
    match expr {
        Expr::Column(column, side) => look(*column, *side).map_or(Value::Null, |text| Value::Text(text.to_string())),
        Expr::Null => Value::Null,
        Expr::Text(text) => Value::Text(text.clone()),
        Expr::Number(number) => Value::Number(*number),
        Expr::Truth(truth) => Value::Truth(*truth),
        Expr::Case(branches, otherwise) => {
            let taken = branches.iter().find(|(when, _)| evaluate(when, look) == Value::Truth(true));
            evaluate(taken.map_or(otherwise, |(_, then)| then), look)
        }
        Expr::Call(function, arguments) => {
            let values: Vec<Value> = arguments.iter().map(|argument| evaluate(argument, look)).collect();
            function.apply(&values)
        }
    }
}

/// Numbers as DuckDB orders them: NaN equals itself and is greater than everything else.
pub fn order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// AND of three-valued truths.
pub fn and(truths: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for truth in truths {
        match truth {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

/// OR of three-valued truths.
pub fn or(truths: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    and(truths.into_iter().map(|truth| truth.map(|truth| !truth))).map(|truth| !truth)
}
