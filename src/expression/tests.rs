//! What a rule means, what is said of a wrong one, and that columns give what one row at a time would.

use super::tree::{Comparison, Node, Operation, TextTest};
use super::*;
use proptest::prelude::*;

const FRAILTY: [&str; 4] = ["fit", "mild", "moderate", "severe"];

fn named(name: &str, holds: Type, words: &[&str]) -> Named {
    Named { name: name.into(), holds, words: words.iter().map(|word| word.to_string()).collect() }
}

fn columns() -> Vec<Named> {
    vec![
        named("age", Type::Number, &[]),
        named("admissions", Type::Number, &[]),
        named("diabetes", Type::Flag, &[]),
        named("frailty", Type::Text, &FRAILTY),
        named("name", Type::Text, &[]),
        named("sectors", Type::List, &["acute", "housing"]),
        named("born", Type::Date, &[]),
        named("seen", Type::Date, &[]),
    ]
}

fn read(text: &str) -> Result<Expression, Vec<Fault>> {
    let (columns, absent) = (columns(), [named("asthma", Type::Flag, &[]), named("wishes", Type::Text, &[])]);
    let as_of = jiff::civil::date(2026, 11, 22);
    Expression::read(text, &Setting { columns: &columns, absent: &absent, as_of })
}

/// Somebody, or some of what is known of them.
#[derive(Debug, Clone, Default)]
struct Somebody {
    age: Option<i64>,
    admissions: Option<f64>,
    diabetes: Option<bool>,
    frailty: Option<u32>,
    name: Option<u32>,
    sectors: Option<Vec<u32>>,
    born: Option<i32>,
    seen: Option<i32>,
}

struct Words(&'static [&'static str]);

impl Values for Words {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, code: u32) -> &str {
        self.0[code as usize]
    }
}

static FRAILTIES: Words = Words(&FRAILTY);
static NAMES: Words = Words(&["", "Zoë", "severe", "Ann"]);
static SECTORS: Words = Words(&["acute", "housing", "Ann"]);

fn column<'a>(people: &'a [Somebody], name: &str) -> Column<'a> {
    match name {
        "age" => Column::Whole(Box::new(|row| people[row].age)),
        "admissions" => Column::Number(Box::new(|row| people[row].admissions)),
        "diabetes" => Column::Flag(Box::new(|row| people[row].diabetes)),
        "frailty" => Column::Text(Box::new(|row| people[row].frailty), &FRAILTIES),
        "name" => Column::Text(Box::new(|row| people[row].name), &NAMES),
        "sectors" => Column::List(Box::new(|row| people[row].sectors.as_deref()), &SECTORS),
        "born" => Column::Date(Box::new(|row| people[row].born)),
        "seen" => Column::Date(Box::new(|row| people[row].seen)),
        other => panic!("{other} is no column"),
    }
}

fn truth(text: &str, somebody: &Somebody) -> Option<bool> {
    let people = std::slice::from_ref(somebody);
    let rule = read(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    rule.truths(1, |name| column(people, name))[0]
}

#[test]
fn a_rule_says_what_it_says() {
    let ann = Somebody {
        age: Some(80),
        admissions: Some(2.0),
        diabetes: Some(false),
        frailty: Some(2),
        name: Some(1),
        sectors: Some(vec![0]),
        born: Some(-8_500),
        seen: None,
    };
    for (rule, expected) in [
        ("age >= 75 && admissions >= 2", Some(true)),
        ("age * 2 - 10 / 4 == 157.5", Some(true)),
        ("age / 0 > 1", None),
        ("frailty in [\"moderate\", \"severe\"]", Some(true)),
        ("\"severe\" > frailty", Some(true)),
        ("name.startsWith(\"Zo\") && name.endsWith(\"ë\") && size(name) == 3", Some(true)),
        ("name.contains(\"x\") || diabetes", Some(false)),
        ("\"acute\" in sectors && !(\"housing\" in sectors) && size(sectors) == 1", Some(true)),
        ("name in sectors", Some(false)),
        ("born < date(\"1950-01-01\") && as_of - born > 365 * 76", Some(true)),
        ("born + 8500 == date(\"1970-01-01\")", Some(true)),
        ("as_of - 10 == date(\"2026-11-12\")", Some(true)),
        ("age in [79, 80] && born in [date(\"1946-09-24\")]", Some(true)),
        ("seen < as_of", None),
        ("seen < as_of || age > 70", Some(true)),
        ("seen < as_of && age > 90", Some(false)),
        ("!(seen < as_of)", None),
        ("has(seen) || seen != null", Some(false)),
        ("seen == null", Some(true)),
        ("diabetes == false", Some(true)),
        ("asthma || has(asthma) || wishes == \"home\"", None),
        ("!has(wishes)", Some(true)),
    ] {
        assert_eq!(truth(rule, &ann), expected, "{rule}");
    }
    let nobody = Somebody::default();
    for rule in ["frailty != \"fit\"", "age < 200", "\"acute\" in sectors", "size(sectors) == 0", "!diabetes"] {
        assert_eq!(truth(rule, &nobody), None, "{rule}: nothing is known");
    }
}

/// Every fault is told with the words that it is about.
#[test]
fn a_wrong_rule_is_answered_where_it_is_wrong() {
    let mut told = String::new();
    for text in [
        "",
        "age >=",
        "ages >= 75",
        "age >= \"75\"",
        "frailty == \"sever\"",
        "frailty in [\"severe\", 3]",
        "\"acutely\" in sectors",
        "age",
        "sectors",
        "sectors == \"acute\"",
        "diabetes < true",
        "admissions >= 2 && frality == \"severe\" || nmae == \"ë\" && ages > 1",
        "age > 75 ? true : false",
        "sectors.exists(s, s == \"acute\")",
        "has(age + 1)",
        "date(\"2026-02-30\") < born",
        "born + seen > 3",
        "person.age > 3",
        "age in diabetes",
        "null",
        "age < null",
        "matches(name, \"a\")",
    ] {
        told.push_str(&format!("{text}\n"));
        for fault in read(text).expect_err(text) {
            let part = text.get(fault.span.clone()).expect("a span lies on characters");
            told.push_str(&format!("  `{part}` {}; {}", fault.message, fault.label));
            told.push_str(&fault.help.map_or("\n".into(), |help| format!("\n      {help}\n")));
        }
    }
    insta::assert_snapshot!("faults", told);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
        let _ = read(&text);
    }

    #[test]
    fn no_text_of_words_makes_the_reader_panic(words in prop::collection::vec(prop_oneof![
        Just("age"), Just("("), Just(")"), Just("&&"), Just("!"), Just("in"), Just("["), Just("]"), Just("\"é\""), Just("sectors"),
        Just("=="), Just("null"), Just("has"), Just("."), Just("-"), Just("1"), Just("{"), Just("}"), Just("?"), Just(":"),
    ], 0..12)) {
        let _ = read(&words.concat());
        let _ = read(&words.join(" "));
    }
}

/// A value of one row.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Flag(bool),
    Number(f64),
    Text(String),
    Date(i32),
    List(Vec<String>),
}

/// The same, one row at a time and as plainly as it can be said.
fn plainly(node: &Node, names: &[String], one: &Somebody) -> Option<Value> {
    let word = |words: &Words, code: u32| words.get(code).to_string();
    let of_column = |at: usize| match names[at].as_str() {
        "age" => one.age.map(|age| Value::Number(age as f64)),
        "admissions" => one.admissions.map(Value::Number),
        "diabetes" => one.diabetes.map(Value::Flag),
        "frailty" => one.frailty.map(|code| Value::Text(word(&FRAILTIES, code))),
        "name" => one.name.map(|code| Value::Text(word(&NAMES, code))),
        "sectors" => {
            one.sectors.as_ref().map(|list| Value::List(list.iter().map(|&code| word(&SECTORS, code)).collect()))
        }
        "born" => one.born.map(Value::Date),
        _ => one.seen.map(Value::Date),
    };
    let value = |node: &Node| plainly(node, names, one);
    let flag = |node: &Node| match value(node) {
        Some(Value::Flag(flag)) => Some(flag),
        _ => None,
    };
    let number = |node: &Node| match value(node) {
        Some(Value::Number(number)) => Some(number),
        _ => None,
    };
    let date = |node: &Node| match value(node) {
        Some(Value::Date(date)) => Some(date),
        _ => None,
    };
    match node {
        Node::Flag(flag) => Some(Value::Flag(*flag)),
        Node::Number(number) => Some(Value::Number(*number)),
        Node::Text(text) => Some(Value::Text(text.clone())),
        Node::Date(date) => Some(Value::Date(*date)),
        Node::Unknown(_) => None,
        Node::Column(at, _) => of_column(*at),
        Node::Known(at) => Some(Value::Flag(of_column(*at).is_some())),
        Node::Not(one) => flag(one).map(|flag| Value::Flag(!flag)),
        Node::Both(left, right) => match (flag(left), flag(right)) {
            (Some(false), _) | (_, Some(false)) => Some(Value::Flag(false)),
            (left, right) => Some(Value::Flag(left? && right?)),
        },
        Node::Either(left, right) => match (flag(left), flag(right)) {
            (Some(true), _) | (_, Some(true)) => Some(Value::Flag(true)),
            (left, right) => Some(Value::Flag(left? || right?)),
        },
        Node::Compare(how, left, right) => {
            let order = match (value(left)?, value(right)?) {
                (Value::Flag(left), Value::Flag(right)) => left.cmp(&right),
                (Value::Number(left), Value::Number(right)) => left.partial_cmp(&right).expect("finite"),
                (Value::Text(left), Value::Text(right)) => left.cmp(&right),
                (Value::Date(left), Value::Date(right)) => left.cmp(&right),
                other => panic!("{other:?}"),
            };
            Some(Value::Flag(match how {
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            }))
        }
        Node::TextIs(at, test, _) => {
            let Value::Text(text) = of_column(*at)? else { panic!("a text") };
            Some(Value::Flag(match test {
                TextTest::Compare(how, other) => how.holds(text.as_str().cmp(other)),
                TextTest::Among(texts) => texts.contains(&text),
                TextTest::Starts(part) => text.starts_with(part),
                TextTest::Ends(part) => text.ends_with(part),
                TextTest::Contains(part) => text.contains(part),
            }))
        }
        Node::Among(one, constants) => {
            let one = value(one)?;
            Some(Value::Flag(constants.iter().any(|constant| value(constant) == Some(one.clone()))))
        }
        Node::ListHas(at, text) => {
            let (Value::List(list), Value::Text(text)) = (of_column(*at)?, value(text)?) else { panic!("a list") };
            Some(Value::Flag(list.contains(&text)))
        }
        Node::ListSize(at) => {
            let Value::List(list) = of_column(*at)? else { panic!("a list") };
            Some(Value::Number(list.len() as f64))
        }
        Node::TextSize(one) => {
            let Value::Text(text) = value(one)? else { panic!("a text") };
            Some(Value::Number(text.chars().count() as f64))
        }
        Node::Negative(one) => number(one).map(|number| Value::Number(-number)),
        Node::Arithmetic(how, left, right) => {
            let (left, right) = (number(left)?, number(right)?);
            let result = match how {
                Operation::Add => left + right,
                Operation::Subtract => left - right,
                Operation::Multiply => left * right,
                Operation::Divide => left / right,
            };
            result.is_finite().then_some(Value::Number(result))
        }
        Node::DaysBetween(left, right) => Some(Value::Number(f64::from(date(left)?) - f64::from(date(right)?))),
        Node::DaysLater(left, right) => Some(Value::Date(date(left)?.saturating_add(number(right)? as i32))),
    }
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let codes = prop::collection::vec(0u32..3, 0..3);
    let (age, admissions) = (prop::option::of(0i64..4), prop::option::of((0i32..4).prop_map(f64::from)));
    let (diabetes, frailty) = (any::<Option<bool>>(), prop::option::of(0u32..4));
    let (name, sectors) = (prop::option::of(0u32..4), prop::option::of(codes));
    let days = || prop::option::of(20_000i32..20_004);
    (age, admissions, diabetes, frailty, name, sectors, days(), days()).prop_map(
        |(age, admissions, diabetes, frailty, name, sectors, born, seen)| Somebody {
            age,
            admissions,
            diabetes,
            frailty,
            name,
            sectors,
            born,
            seen,
        },
    )
}

fn number() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("age".to_string()),
        Just("admissions".into()),
        (-1i32..4).prop_map(|number| number.to_string()),
        Just("size(sectors)".into()),
        Just("size(name)".into()),
        Just("(seen - born)".into()),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), prop_oneof![Just("+"), Just("-"), Just("*"), Just("/")], inner)
            .prop_map(|(left, how, right)| format!("({left} {how} {right})"))
    })
}

fn rule() -> impl Strategy<Value = String> {
    let how = || prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let text = || prop_oneof![Just("frailty"), Just("name"), Just("\"severe\"")];
    let leaf = prop_oneof![
        Just("diabetes".to_string()),
        Just("asthma".into()),
        (number(), how(), number()).prop_map(|(left, how, right)| format!("{left} {how} {right}")),
        (text(), how(), text()).prop_map(|(left, how, right)| format!("{left} {how} {right}")),
        (number(), how()).prop_map(|(days, how)| format!("born + {days} {how} seen")),
        prop_oneof![Just("has(frailty)"), Just("seen == null"), Just("\"acute\" in sectors"), Just("name in sectors")]
            .prop_map(String::from),
        prop_oneof![Just("frailty in [\"fit\", \"mild\"]"), Just("age in [1, -1]"), Just("diabetes in [true]")]
            .prop_map(String::from),
        prop_oneof![Just("name.startsWith(\"s\")"), Just("frailty.contains(\"e\")"), Just("name.endsWith(\"ë\")")]
            .prop_map(String::from),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) && ({right})")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("({left}) || ({right})")),
        ]
    })
}

proptest! {
    /// Columns of any length give, row by row, what the tree says of that row alone.
    #[test]
    fn columns_give_what_rows_give(text in rule(), people in prop::collection::vec(somebody(), 0..40)) {
        let rule = read(&text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        let found = rule.truths(people.len(), |name| column(&people, name));
        for (somebody, found) in people.iter().zip(found) {
            let expected = plainly(&rule.node, &rule.columns, somebody).map(|value| value == Value::Flag(true));
            prop_assert_eq!(found, expected, "{}: {:?}", text, somebody);
        }
    }
}

#[test]
fn pieces_of_many_rows_come_in_their_order() {
    let people: Vec<Somebody> = (0..20_000).map(|at| Somebody { age: Some(at % 97), ..Somebody::default() }).collect();
    let holds = read("age < 10").unwrap().holds(people.len(), |name| column(&people, name));
    assert!(holds.iter().enumerate().all(|(at, holds)| *holds == (at % 97 < 10)));
}
