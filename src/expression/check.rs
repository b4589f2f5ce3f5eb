//! Types a parsed expression: which columns there are, and what goes with what.

use super::read::{Fault, Parsed};
use super::tree::{Comparison, Node, Operation, TextTest};
use super::{Expression, Named, Setting, Type};
use crate::standardise::date::days;
use crate::suggest::nearest;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use jiff::civil::Date;
use std::ops::Range;

pub(super) fn rule(parsed: &Parsed, setting: &Setting) -> Result<Expression, Vec<Fault>> {
    let mut checker = Checker { parsed, setting, columns: Vec::new(), tables: 0, faults: Vec::new() };
    let node = checker.of_type(&parsed.root, Type::Flag, "A rule");
    match node {
        Some(node) if checker.faults.is_empty() => {
            Ok(Expression { node, columns: checker.columns, tables: checker.tables })
        }
        _ => Err(checker.faults),
    }
}

struct Checker<'a> {
    parsed: &'a Parsed<'a>,
    setting: &'a Setting<'a>,
    /// Names that were found, by their place in the expression.
    columns: Vec<String>,
    tables: usize,
    faults: Vec<Fault>,
}

/// A column that an expression names.
enum Found {
    /// Its place in the expression.
    There(usize, Type),
    Absent(Type),
}

impl Checker<'_> {
    fn fault(&mut self, fault: Fault) -> Option<Node> {
        self.faults.push(fault);
        None
    }

    fn span(&self, part: &IdedExpr) -> Range<usize> {
        self.parsed.span(part)
    }

    /// `None` where a fault was found.
    fn node(&mut self, part: &IdedExpr) -> Option<Node> {
        match &part.expr {
            Expr::Literal(literal) => self.literal(part, literal),
            Expr::Ident(name) if name == "as_of" => Some(Node::Date(days(self.setting.as_of))),
            Expr::Ident(name) => Some(match self.column(part, name)? {
                Found::There(at, holds) => Node::Column(at, holds),
                Found::Absent(holds) => Node::Unknown(holds),
            }),
            Expr::Call(call) => self.call(part, call),
            Expr::List(_) => {
                let fault = Fault::new(self.span(part), "A list of values stands after `in` only", "not here");
                self.fault(fault.help("Such as frailty in [\"moderate\", \"severe\"]"))
            }
            Expr::Select(select) => {
                let message = format!("`{}` is no column of a column", select.field);
                self.fault(Fault::new(self.span(part), message, "not known").help("Columns are named by themselves"))
            }
            _ => self.fault(Fault::new(self.span(part), "A rule about people has nothing like this", "not known")),
        }
    }

    fn of_type(&mut self, part: &IdedExpr, wanted: Type, what: &str) -> Option<Node> {
        let node = self.node(part)?;
        if node.holds() == wanted {
            return Some(node);
        }
        let message = format!("{what} must be {}, and this is {}", wanted.word(), node.holds().word());
        let fault = Fault::new(self.span(part), message, node.holds().word());
        self.fault(match (wanted, node.holds()) {
            (Type::Flag, Type::List) => fault.help("Ask for an entry, such as \"acute\" in sectors, or for its size"),
            (Type::Flag, _) => fault.help("Compare it, such as with == or >=, or ask whether it is known with has(…)"),
            _ => fault,
        })
    }

    fn literal(&mut self, part: &IdedExpr, literal: &LiteralValue) -> Option<Node> {
        Some(match literal {
            LiteralValue::Boolean(value) => Node::Flag(*value.inner()),
            LiteralValue::Int(value) => Node::Number(*value.inner() as f64),
            LiteralValue::UInt(value) => Node::Number(*value.inner() as f64),
            LiteralValue::Double(value) if value.inner().is_finite() => Node::Number(*value.inner()),
            LiteralValue::String(value) => Node::Text(value.inner().to_string()),
            LiteralValue::Null => {
                let fault = Fault::new(self.span(part), "`null` stands beside == and != only", "not here");
                return self.fault(fault.help("Write has(column), or column != null"));
            }
            _ => return self.fault(Fault::new(self.span(part), "There is no such value", "not known")),
        })
    }

    fn column(&mut self, part: &IdedExpr, name: &str) -> Option<Found> {
        let known = |named: &&Named| named.name == name;
        if let Some(named) = self.setting.columns.iter().find(known) {
            let at = self.columns.iter().position(|known| known == name).unwrap_or_else(|| {
                self.columns.push(name.to_string());
                self.columns.len() - 1
            });
            return Some(Found::There(at, named.holds));
        }
        if let Some(named) = self.setting.absent.iter().find(known) {
            return Some(Found::Absent(named.holds));
        }
        let names = || self.setting.columns.iter().map(|named| named.name.as_str());
        let help = match nearest(name, names()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Columns: {}", names().collect::<Vec<_>>().join(", ")),
        };
        let fault = Fault::new(self.span(part), format!("people.parquet has no column `{name}`"), "unknown column");
        self.fault(fault.help(help));
        None
    }

    fn call(&mut self, part: &IdedExpr, call: &CallExpr) -> Option<Node> {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, None, [one]) => {
                Some(Node::Not(Box::new(self.of_type(one, Type::Flag, "What `!` takes")?)))
            }
            (operators::LOGICAL_AND, None, all) => self.joined(all, "What `&&` takes", Node::Both),
            (operators::LOGICAL_OR, None, all) => self.joined(all, "What `||` takes", Node::Either),
            (operators::EQUALS, None, [left, right]) => self.compare(part, Equal, left, right),
            (operators::NOT_EQUALS, None, [left, right]) => self.compare(part, NotEqual, left, right),
            (operators::LESS, None, [left, right]) => self.compare(part, Less, left, right),
            (operators::LESS_EQUALS, None, [left, right]) => self.compare(part, LessOrEqual, left, right),
            (operators::GREATER, None, [left, right]) => self.compare(part, Greater, left, right),
            (operators::GREATER_EQUALS, None, [left, right]) => self.compare(part, GreaterOrEqual, left, right),
            (operators::IN, None, [one, many]) => self.is_in(one, many),
            (operators::ADD, None, [left, right]) => self.sum(part, Operation::Add, left, right),
            (operators::SUBSTRACT, None, [left, right]) => self.sum(part, Operation::Subtract, left, right),
            (operators::MULTIPLY, None, [left, right]) => self.arithmetic(Operation::Multiply, left, right),
            (operators::DIVIDE, None, [left, right]) => self.arithmetic(Operation::Divide, left, right),
            (operators::NEGATE, None, [one]) => {
                Some(Node::Negative(Box::new(self.of_type(one, Type::Number, "What `-` takes")?)))
            }
            ("has", None, [one]) => self.known(one),
            ("size", None, [one]) | ("size", Some(one), []) => self.size(one),
            ("date", None, [one]) => self.date(one),
            ("startsWith", Some(one), [part]) => self.text_test(one, part, TextTest::Starts),
            ("endsWith", Some(one), [part]) => self.text_test(one, part, TextTest::Ends),
            ("contains", Some(one), [part]) => self.text_test(one, part, TextTest::Contains),
            _ => {
                let fault =
                    Fault::new(self.span(part), format!("A rule has no `{}` like this", said(name)), "not known");
                self.fault(fault.help(
                    "There are && || ! == != < <= > >= in + - * /, has(x), size(x), date(\"2026-11-22\"), as_of, \
                     x.startsWith(\"…\"), x.endsWith(\"…\") and x.contains(\"…\")",
                ))
            }
        }
    }

    /// Both faults of two sides are told.
    fn both(&mut self, left: &IdedExpr, right: &IdedExpr) -> Option<(Node, Node)> {
        let (left, right) = (self.node(left), self.node(right));
        left.zip(right)
    }

    fn joined(&mut self, all: &[IdedExpr], what: &str, join: fn(Box<Node>, Box<Node>) -> Node) -> Option<Node> {
        let parts: Vec<Option<Node>> = all.iter().map(|one| self.of_type(one, Type::Flag, what)).collect();
        let parts: Option<Vec<Node>> = parts.into_iter().collect();
        parts?.into_iter().reduce(|left, right| join(Box::new(left), Box::new(right)))
    }

    fn compare(&mut self, part: &IdedExpr, how: Comparison, left: &IdedExpr, right: &IdedExpr) -> Option<Node> {
        for (one, other) in [(left, right), (right, left)] {
            if matches!(other.expr, Expr::Literal(LiteralValue::Null)) {
                let known = self.known(one)?;
                return match how {
                    Comparison::NotEqual => Some(known),
                    Comparison::Equal => Some(Node::Not(Box::new(known))),
                    _ => self.fault(Fault::new(self.span(part), "`null` is neither more nor less", "not here")),
                };
            }
        }
        let (one, other) = self.both(left, right)?;
        let holds = one.holds();
        if holds != other.holds() {
            let message = format!("{} cannot be compared with {}", capital(holds.word()), other.holds().word());
            return self.fault(Fault::new(self.span(part), message, "of two kinds"));
        }
        let ordered = matches!(holds, Type::Number | Type::Date | Type::Text);
        let equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
        if holds == Type::List || !(ordered || equality) {
            let message = format!("{} cannot be compared like this", capital(holds.word()));
            let fault = Fault::new(self.span(part), message, "cannot be compared");
            return self.fault(match holds {
                Type::List => fault.help("Ask for an entry, such as \"acute\" in sectors, or for its size"),
                _ => fault.help("Flags are equal or not"),
            });
        }
        self.words_exist(left, right, &one, &other);
        Some(match (one, other) {
            (Node::Column(at, Type::Text), Node::Text(text)) => self.text_is(at, TextTest::Compare(how, text)),
            (Node::Text(text), Node::Column(at, Type::Text)) => self.text_is(at, TextTest::Compare(how.turned(), text)),
            (one, other) => Node::Compare(how, Box::new(one), Box::new(other)),
        })
    }

    /// A text that a column can never have is a misspelt one.
    fn words_exist(&mut self, left: &IdedExpr, right: &IdedExpr, one: &Node, other: &Node) {
        for (column, place, value) in [(one, right, other), (other, left, one)] {
            if let (Node::Column(at, _), Node::Text(text)) = (column, value) {
                self.word_exists(*at, place, text);
            }
        }
    }

    fn word_exists(&mut self, column: usize, place: &IdedExpr, text: &str) {
        let name = self.columns[column].clone();
        let Some(named) = self.setting.columns.iter().find(|named| named.name == name) else { return };
        if named.words.is_empty() || named.words.iter().any(|word| word == text) {
            return;
        }
        let words = || named.words.iter().map(String::as_str);
        let help = match nearest(text, words()) {
            Some(near) => format!("Did you mean \"{near}\"?"),
            None => format!("It may be {}", words().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")),
        };
        let fault = Fault::new(self.span(place), format!("`{name}` is never \"{text}\""), "unknown word");
        self.fault(fault.help(help));
    }

    fn text_is(&mut self, column: usize, test: TextTest) -> Node {
        self.tables += 1;
        Node::TextIs(column, test, self.tables - 1)
    }

    fn is_in(&mut self, one: &IdedExpr, many: &IdedExpr) -> Option<Node> {
        let Expr::List(list) = &many.expr else { return self.in_column(one, many) };
        let value = self.node(one)?;
        let holds = value.holds();
        if holds == Type::List {
            let fault = Fault::new(self.span(one), "A list cannot be in a list", "a list");
            return self.fault(fault.help("Ask for one entry at a time, such as \"acute\" in sectors"));
        }
        let mut constants = Vec::new();
        for element in &list.elements {
            let constant = self.of_type(element, holds, "What the list holds")?;
            if !matches!(constant, Node::Flag(_) | Node::Number(_) | Node::Text(_) | Node::Date(_) | Node::Negative(_))
            {
                return self.fault(Fault::new(self.span(element), "A list after `in` holds plain values", "not plain"));
            }
            if let (Node::Column(at, _), Node::Text(text)) = (&value, &constant) {
                self.word_exists(*at, element, text);
            }
            constants.push(constant);
        }
        Some(match value {
            Node::Column(at, Type::Text) => {
                let text = |constant| if let Node::Text(text) = constant { Some(text) } else { None };
                self.text_is(at, TextTest::Among(constants.into_iter().filter_map(text).collect()))
            }
            value => Node::Among(Box::new(value), constants),
        })
    }

    fn in_column(&mut self, one: &IdedExpr, many: &IdedExpr) -> Option<Node> {
        let (value, list) = (self.of_type(one, Type::Text, "What is looked for in a list"), self.node(many));
        match (value?, list?) {
            (value, Node::Column(at, Type::List)) => {
                if let Node::Text(text) = &value {
                    self.word_exists(at, one, text);
                }
                Some(Node::ListHas(at, Box::new(value)))
            }
            (_, Node::Unknown(Type::List)) => Some(Node::Unknown(Type::Flag)),
            (_, other) => {
                let message = format!("After `in` stands a list, and this is {}", other.holds().word());
                self.fault(Fault::new(self.span(many), message, other.holds().word()))
            }
        }
    }

    fn known(&mut self, one: &IdedExpr) -> Option<Node> {
        let Expr::Ident(name) = &one.expr else {
            let fault = Fault::new(self.span(one), "Only of a column one asks whether it is known", "no column");
            return self.fault(fault.help("Write has(column)"));
        };
        Some(match self.column(one, name)? {
            Found::There(at, _) => Node::Known(at),
            Found::Absent(_) => Node::Flag(false),
        })
    }

    fn size(&mut self, one: &IdedExpr) -> Option<Node> {
        match self.node(one)? {
            Node::Column(at, Type::List) => Some(Node::ListSize(at)),
            Node::Unknown(Type::List | Type::Text) => Some(Node::Unknown(Type::Number)),
            text if text.holds() == Type::Text => Some(Node::TextSize(Box::new(text))),
            other => {
                let message = format!("`size` is of a list or a text, and this is {}", other.holds().word());
                self.fault(Fault::new(self.span(one), message, other.holds().word()))
            }
        }
    }

    fn date(&mut self, one: &IdedExpr) -> Option<Node> {
        let text = match &one.expr {
            Expr::Literal(LiteralValue::String(text)) => text.inner().parse::<Date>().ok(),
            _ => None,
        };
        match text {
            Some(date) => Some(Node::Date(days(date))),
            None => self.fault(Fault::new(self.span(one), "`date` takes a day such as \"2026-11-22\"", "no day")),
        }
    }

    fn text_test(&mut self, one: &IdedExpr, part: &IdedExpr, test: fn(String) -> TextTest) -> Option<Node> {
        let value = self.of_type(one, Type::Text, "What stands before the point");
        let Expr::Literal(LiteralValue::String(text)) = &part.expr else {
            return self.fault(Fault::new(self.span(part), "This takes a text in quotes", "no text"));
        };
        match value? {
            Node::Column(at, _) => Some(self.text_is(at, test(text.inner().to_string()))),
            Node::Text(own) => Some(Node::Flag(test(text.inner().to_string()).holds(&own))),
            _ => Some(Node::Unknown(Type::Flag)),
        }
    }

    fn sum(&mut self, part: &IdedExpr, how: Operation, left: &IdedExpr, right: &IdedExpr) -> Option<Node> {
        let (one, other) = self.both(left, right)?;
        let (one, other) = (Box::new(one), Box::new(other));
        match (one.holds(), other.holds(), how) {
            (Type::Number, Type::Number, _) => Some(Node::Arithmetic(how, one, other)),
            (Type::Date, Type::Date, Operation::Subtract) => Some(Node::DaysBetween(one, other)),
            (Type::Date, Type::Number, Operation::Add) => Some(Node::DaysLater(one, other)),
            (Type::Date, Type::Number, _) => Some(Node::DaysLater(one, Box::new(Node::Negative(other)))),
            (left, right, _) => {
                let message = format!("{} and {} do not add up", capital(left.word()), right.word());
                let fault = Fault::new(self.span(part), message, "do not add up");
                self.fault(fault.help("Numbers do; a date less a date is days, and a date and days are a date"))
            }
        }
    }

    fn arithmetic(&mut self, how: Operation, left: &IdedExpr, right: &IdedExpr) -> Option<Node> {
        let left = self.of_type(left, Type::Number, "What is reckoned with");
        let right = self.of_type(right, Type::Number, "What is reckoned with");
        Some(Node::Arithmetic(how, Box::new(left?), Box::new(right?)))
    }
}

/// The name of an operator as a user writes it.
fn said(name: &str) -> String {
    match name {
        operators::CONDITIONAL => "? :".into(),
        operators::INDEX => "[ ]".into(),
        _ => name.trim_matches('_').trim_start_matches('@').to_string(),
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
