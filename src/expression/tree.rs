//! A typed expression.

use super::Type;

/// One step. Which types it takes was checked when it was made; columns are places in `Expression::columns`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Flag(bool),
    Number(f64),
    Text(String),
    /// Days since 1970.
    Date(i32),
    Column(usize, Type),
    /// A value of this type of which nothing is known.
    Unknown(Type),
    /// Whether the value of a column is known.
    Known(usize),
    Not(Box<Node>),
    Both(Box<Node>, Box<Node>),
    Either(Box<Node>, Box<Node>),
    /// Two values of one type.
    Compare(Comparison, Box<Node>, Box<Node>),
    /// A text column against texts, answered once a distinct value; the last is the place of its table.
    TextIs(usize, TextTest, usize),
    /// A number or date among constants.
    Among(Box<Node>, Vec<Node>),
    /// A text in a list column.
    ListHas(usize, Box<Node>),
    /// Entries of a list column.
    ListSize(usize),
    /// Characters of a text.
    TextSize(Box<Node>),
    Negative(Box<Node>),
    /// Two numbers.
    Arithmetic(Operation, Box<Node>, Box<Node>),
    /// The first date less the second, in days.
    DaysBetween(Box<Node>, Box<Node>),
    /// A date and a number of days, rounded towards zero.
    DaysLater(Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// What is asked of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextTest {
    Compare(Comparison, String),
    Among(Vec<String>),
    Starts(String),
    Ends(String),
    Contains(String),
}

impl TextTest {
    pub fn holds(&self, text: &str) -> bool {
        match self {
            TextTest::Compare(comparison, other) => comparison.holds(text.cmp(other)),
            TextTest::Among(texts) => texts.iter().any(|one| one == text),
            TextTest::Starts(part) => text.starts_with(part),
            TextTest::Ends(part) => text.ends_with(part),
            TextTest::Contains(part) => text.contains(part),
        }
    }
}

impl Comparison {
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }

    /// The same with its sides exchanged: `a < b` is `b > a`.
    pub fn turned(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same => same,
        }
    }
}

impl Operation {
    /// `None` where it gives no finite number, such as a division by zero.
    pub fn of(self, left: f64, right: f64) -> Option<f64> {
        let result = match self {
            Operation::Add => left + right,
            Operation::Subtract => left - right,
            Operation::Multiply => left * right,
            Operation::Divide => left / right,
        };
        result.is_finite().then_some(result)
    }
}

impl Node {
    /// What it is made of, one level below.
    pub fn below(&self) -> impl Iterator<Item = &Node> {
        let (one, other) = match self {
            Node::Not(one)
            | Node::Among(one, _)
            | Node::ListHas(_, one)
            | Node::TextSize(one)
            | Node::Negative(one) => (Some(one), None),
            Node::Both(one, other)
            | Node::Either(one, other)
            | Node::Compare(_, one, other)
            | Node::Arithmetic(_, one, other)
            | Node::DaysBetween(one, other)
            | Node::DaysLater(one, other) => (Some(one), Some(other)),
            Node::Flag(_)
            | Node::Number(_)
            | Node::Text(_)
            | Node::Date(_)
            | Node::Column(..)
            | Node::Known(_)
            | Node::Unknown(_)
            | Node::TextIs(..)
            | Node::ListSize(_) => (None, None),
        };
        one.into_iter().chain(other).map(|node| &**node)
    }

    /// Adds the columns, by place, of which it asks whether they are known.
    pub fn asks_whether_known(&self, places: &mut Vec<usize>) {
        if let Node::Known(at) = self {
            places.push(*at);
        }
        self.below().for_each(|node| node.asks_whether_known(places));
    }

    pub fn holds(&self) -> Type {
        match self {
            Node::Column(_, holds) | Node::Unknown(holds) => *holds,
            Node::Text(_) => Type::Text,
            Node::Date(_) | Node::DaysLater(..) => Type::Date,
            Node::Number(_)
            | Node::ListSize(_)
            | Node::TextSize(_)
            | Node::Negative(_)
            | Node::Arithmetic(..)
            | Node::DaysBetween(..) => Type::Number,
            Node::Flag(_)
            | Node::Known(_)
            | Node::Not(_)
            | Node::Both(..)
            | Node::Either(..)
            | Node::Compare(..)
            | Node::TextIs(..)
            | Node::Among(..)
            | Node::ListHas(..) => Type::Flag,
        }
    }
}
