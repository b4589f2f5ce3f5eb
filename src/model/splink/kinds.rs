//! What kind of values each column holds in the table that a model was made for, and what hangs on it.
//!
//! Settings tell no types, and extracts hold texts. But where nobody writes a cast, DuckDB takes no column of texts for numbers or times, nor a column of
//! numbers for texts: what the conditions do with a column tells what it is. Order hangs on it, and with it `least` and `greatest` ("9" stands behind
//! "10" as a text and before it as a number); and how a cast rounds. Where nothing tells it, the condition is refused.
//!
//! The way: all conditions of a model are read, and what they do is noted ([`Kinds::note`]); then each is settled ([`settle`]), after which nothing in
//! it is open any more.

use super::calls::{call, case, compare, typed};
use super::decimal::Decimal;
use super::expression::{Expr, Kind};
use super::functions::Function;
use super::sql::Reason;
use super::time::{Boundary, parse_iso};

/// How the reason ends where nothing tells what a column holds.
pub const UNTOLD: &str = "is a number or a text is told by nothing in the model";

// What a use of a column proves.
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const TIME: u8 = 4;
const LIST: u8 = 8;
/// It is added or subtracted: a number, or a date.
const SUM: u8 = 16;

/// What is known of each column, by its place among those that are available.
#[derive(Debug)]
pub struct Kinds {
    proven: Vec<u8>,
}

impl Kinds {
    /// Nothing known yet of so many columns.
    pub fn new(columns: usize) -> Kinds {
        Kinds { proven: vec![0; columns] }
    }

    /// What a column holds; `None` where nothing tells it, or two conditions tell different things.
    fn of(&self, column: usize) -> Option<Kind> {
        let proven = self.proven[column];
        match proven & !SUM {
            TEXT if proven == TEXT => Some(Kind::Text),
            LIST if proven == LIST => Some(Kind::List),
            TIME => Some(Kind::Time),
            NUMBER => Some(Kind::Number),
            0 if proven == SUM => Some(Kind::Number),
            _ => None,
        }
    }

    /// Notes what a condition tells. `places` are those of its columns among all that are available.
    pub fn note(&mut self, expr: &Expr, places: &[usize]) {
        if let Expr::Call(function, arguments) = expr {
            // What these choose is used by what is around them.
            if !matches!(function, Function::Least | Function::Greatest) {
                for (place, argument) in arguments.iter().enumerate() {
                    self.note_use(function, place, argument, places);
                }
            }
            if let (true, [a, b]) = (compares(function), arguments.as_slice()) {
                for (side, other) in [(a, b), (b, a)] {
                    if matches!(other, Expr::Text(text) if is_plain_text(text)) {
                        self.mark(side, TEXT, places);
                    }
                }
            }
        }
        expr.inner().into_iter().for_each(|inner| self.note(inner, places));
    }

    /// Notes what it tells that `argument` stands at a place of a function.
    fn note_use(&mut self, function: &Function, place: usize, argument: &Expr, places: &[usize]) {
        use Function::*;
        // DuckDB compares a column of texts with a number, for equality.
        let is_weak = matches!(function, Equal | NotEqual | NullIf);
        match argument {
            Expr::Case(branches, otherwise) => {
                let results = branches.iter().map(|(_, result)| result).chain([otherwise.as_ref()]);
                results.for_each(|result| self.note_use(function, place, result, places));
            }
            Expr::Call(Least | Greatest, arguments) => {
                arguments.iter().for_each(|argument| self.note_use(function, place, argument, places));
            }
            Expr::Call(ToNumber | ToTime | ToList, _) if is_weak => {}
            Expr::Call(ToNumber, read) => {
                let proves = if matches!(function, Add | Subtract) { SUM } else { NUMBER };
                self.mark(&read[0], proves, places);
            }
            Expr::Call(ToTime, read) => self.mark(&read[0], TIME, places),
            Expr::Call(ToList, read) => self.mark(&read[0], LIST, places),
            _ if takes_texts_alone(function) && function.parameter(place) == Some(Kind::Text) => {
                self.mark(argument, TEXT, places);
            }
            _ => {}
        }
    }

    fn mark(&mut self, expr: &Expr, proves: u8, places: &[usize]) {
        shown(expr).into_iter().for_each(|column| self.proven[places[column]] |= proves);
    }
}

/// The columns whose values an expression may yield.
fn shown(expr: &Expr) -> Vec<usize> {
    match expr {
        Expr::Column(column, _) => vec![*column],
        Expr::Call(Function::NullIf, arguments) => shown(&arguments[0]),
        Expr::Call(function, arguments) if function.is_of_any_kind() => arguments.iter().flat_map(shown).collect(),
        Expr::Case(branches, otherwise) => {
            branches.iter().map(|(_, result)| result).chain([otherwise.as_ref()]).flat_map(shown).collect()
        }
        _ => Vec::new(),
    }
}

fn compares(function: &Function) -> bool {
    matches!(function, Function::Equal | Function::NotEqual | Function::Less | Function::LessOrEqual)
}

/// Whether DuckDB has this function for texts and for nothing else.
fn takes_texts_alone(function: &Function) -> bool {
    use Function::*;
    matches!(
        function,
        Lower | Upper | Trim | Substring | Left | Right | Length | RegexExtract(..) | Similarity(_) | ParseTime(_)
    )
}

/// Whether a literal can stand beside texts only: DuckDB makes of it what stands beside it.
fn is_plain_text(text: &str) -> bool {
    text.trim().parse::<f64>().is_err() && parse_iso(text).is_none()
}

/// The columns of a condition.
pub struct Columns<'a> {
    /// Of all that are available.
    pub names: &'a [String],
    pub kinds: &'a Kinds,
    /// Of those in the condition, among all.
    pub places: &'a [usize],
}

impl Columns<'_> {
    fn name(&self, column: usize) -> &str {
        &self.names[self.places[column]]
    }

    fn kind(&self, column: usize) -> Option<Kind> {
        self.kinds.of(self.places[column])
    }

    /// What open expressions that stand beside each other hold: DuckDB takes none beside one of another kind. `None` where nothing tells it.
    fn beside<'e>(&self, all: impl IntoIterator<Item = &'e Expr>) -> Result<Option<Kind>, Reason> {
        let mut known: Option<(usize, Kind)> = None;
        for column in all.into_iter().flat_map(shown) {
            match (self.kind(column), known) {
                (Some(kind), None) => known = Some((column, kind)),
                (Some(kind), Some((first, other))) if kind != other => {
                    let (first, column) = (self.name(first), self.name(column));
                    return Err(format!("`{first}` and `{column}` hold values of different kinds"));
                }
                _ => {}
            }
        }
        Ok(known.map(|(_, kind)| kind))
    }

    fn untold(&self, expr: &Expr) -> Reason {
        format!("whether `{}` {UNTOLD}", shown(expr).first().map_or("it", |column| self.name(*column)))
    }

    /// As what open expressions are ordered.
    fn order_of(&self, arguments: &[Expr]) -> Result<Kind, Reason> {
        let Some(first) = arguments.iter().find(|argument| !shown(argument).is_empty()) else { return Ok(Kind::Text) };
        match self.beside(arguments)? {
            Some(Kind::List | Kind::Truth) => Err("only texts, numbers and times are ordered here".into()),
            Some(kind) => Ok(kind),
            None => Err(self.untold(first)),
        }
    }
}

/// A condition in which nothing is open any more.
pub fn settle(expr: Expr, columns: &Columns) -> Result<Expr, Reason> {
    match expr {
        Expr::Case(branches, otherwise) => {
            let branches =
                branches.into_iter().map(|(when, then)| Ok((settle(when, columns)?, settle(then, columns)?)));
            case(branches.collect::<Result<_, Reason>>()?, settle(*otherwise, columns)?)
        }
        Expr::Call(function, arguments) => settle_call(function, arguments, columns),
        other => Ok(other),
    }
}

fn settle_call(function: Function, arguments: Vec<Expr>, columns: &Columns) -> Result<Expr, Reason> {
    use Function::*;
    let is_sent = matches!(arguments.first(), Some(Expr::Call(AsSent { .. }, _)));
    if is_sent && matches!(function, ToWhole | ToDecimal(_)) {
        return settle_rounded(function, arguments, columns);
    }
    match (&function, arguments.as_slice()) {
        (Subtract, [Expr::Call(ToNumber, a), Expr::Call(ToNumber, b)])
            if a[0].is_open() && b[0].is_open() && columns.beside(a.iter().chain(b)) == Ok(Some(Kind::Time)) =>
        {
            return days_between(a[0].clone(), b[0].clone(), columns);
        }
        (ToNumber, [read]) if read.is_open() && columns.beside([read]) == Ok(Some(Kind::Time)) => {
            return Err("a time stands where a number is needed".into());
        }
        _ => {}
    }
    let is_ordered = matches!(function, Less | LessOrEqual | Least | Greatest) && arguments.iter().all(Expr::is_open);
    let order = if is_ordered { columns.order_of(&arguments)? } else { Kind::Text };
    let settled = arguments.into_iter().map(|argument| {
        let argument = settle(argument, columns)?;
        if order == Kind::Text { Ok(argument) } else { typed(argument, order) }
    });
    let mut settled = settled.collect::<Result<Vec<Expr>, Reason>>()?;
    match function {
        AsSent { tried: false } => Ok(settled.remove(0)),
        // What is read may have become what it was to be read as.
        ToNumber => typed(settled.remove(0), Kind::Number),
        ToTime => typed(settled.remove(0), Kind::Time),
        ToList => typed(settled.remove(0), Kind::List),
        Equal | NotEqual | Less | LessOrEqual => {
            let right = settled.remove(1);
            compare(function, settled.remove(0), right)
        }
        other => call(other, settled),
    }
}

/// A cast that rounds what a column holds, of which `sent` is the text.
fn settle_rounded(function: Function, sent: Vec<Expr>, columns: &Columns) -> Result<Expr, Reason> {
    let kind = columns.beside(sent[0].inner())?;
    let untold = columns.untold(sent[0].inner()[0]);
    let decimal = if let Function::ToDecimal(decimal) = function { Some(decimal) } else { None };
    let sent = sent.into_iter().map(|sent| settle(sent, columns)).collect::<Result<Vec<Expr>, Reason>>()?;
    match (kind, decimal) {
        (Some(Kind::Text), _) => call(Function::ReadDecimal(decimal.unwrap_or(Decimal::WHOLE)), sent),
        // Whole numbers are the same whichever way they are rounded.
        (Some(Kind::Number), _) | (None, None) => call(function, sent),
        (None, Some(_)) => Err(untold),
        (Some(other), _) => Err(format!("{} stands where a number is needed", other.word())),
    }
}

/// One date less another.
fn days_between(left: Expr, right: Expr, columns: &Columns) -> Result<Expr, Reason> {
    call(Function::DateDifference(Boundary::Day), vec![settle(right, columns)?, settle(left, columns)?])
}

#[cfg(test)]
impl Kinds {
    /// Columns of these kinds.
    pub fn known(kinds: &[Kind]) -> Kinds {
        let proves = |kind: &Kind| match kind {
            Kind::Text => TEXT,
            Kind::Time => TIME,
            Kind::List => LIST,
            Kind::Number | Kind::Truth => NUMBER,
        };
        Kinds { proven: kinds.iter().map(proves).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::{Side, Value, evaluate};
    use super::super::sql::{Naming, condition};
    use super::*;

    /// The value of the first of some conditions on the columns a and b, where these are all the conditions of a model.
    fn value_of(model: &[&str], left: [&str; 2], right: [&str; 2]) -> Result<Value, Reason> {
        let names = ["a".to_string(), "b".to_string()];
        let mut find = |name: &str| names.iter().position(|known| known == name).ok_or_else(String::new);
        let mut read =
            |sql: &&str| condition(sql, Naming::Suffix, &mut find).unwrap_or_else(|why| panic!("{sql}: {why}"));
        let conditions: Vec<Expr> = model.iter().map(&mut read).collect();
        let mut kinds = Kinds::new(names.len());
        conditions.iter().for_each(|condition| kinds.note(condition, &[0, 1]));
        let columns = Columns { names: &names, kinds: &kinds, places: &[0, 1] };
        let settled = settle(conditions[0].clone(), &columns)?;
        let look = |column: usize, side: Side| Some(if side == Side::Left { left[column] } else { right[column] });
        Ok(evaluate(&settled, &look))
    }

    /// What tells that a column holds texts, numbers, dates.
    const TEXTS: &str = "levenshtein(a_l, a_r) < 2";
    const NUMBERS: &str = "a_l * 2 > 0";
    const DATES: &str = "epoch(a_l) > 0";

    /// DuckDB 2.0.1: `select CONDITION from (select 'LEFT' a_l, 'RIGHT' a_r)`, the columns VARCHAR, INTEGER (DOUBLE, where there is a point) or DATE, as
    /// what stands beside the condition tells.
    #[test]
    fn order_hangs_on_what_a_column_holds() {
        for (condition, beside, left, right, expected) in [
            ("a_l < a_r", TEXTS, "9", "10", false),
            ("a_l < a_r", NUMBERS, "9", "10", true),
            ("a_l <= a_r", "b_l = 1 and a_l > 5", "9", "10", true),
            ("a_l <= a_r", "abs(a_l - a_r) <= 1", "9", "10", true),
            ("a_l <= a_r", "a_l = 'x'", "9", "10", false),
            ("a_l < a_r", DATES, "1980-4-3", "1980-04-10", true),
            ("a_l > '9'", NUMBERS, "10", "10", true),
            ("a_l > '9'", TEXTS, "10", "10", false),
            ("a_l between a_r and '95'", NUMBERS, "10", "9", true),
            ("a_l between a_r and '95'", TEXTS, "10", "9", false),
            ("(abs(a_l - a_r) / (case when a_r > a_l then a_r else a_l end)) < 0.1", NUMBERS, "95", "105", true),
            ("abs(a_l - a_r) / greatest(a_l, a_r) < 0.1", NUMBERS, "95", "105", true),
            ("least(a_l, a_r) = '9'", NUMBERS, "9", "10", true),
            ("least(a_l, a_r) = '10'", TEXTS, "9", "10", true),
            ("greatest(a_l, a_r) = 'bob'", TEXTS, "ann", "bob", true),
            ("coalesce(a_l, '0') < coalesce(a_r, '0')", NUMBERS, "9", "10", true),
            ("cast(a_l as varchar) < cast(a_r as varchar)", NUMBERS, "9", "10", false),
            ("cast(a_l as double) < cast(a_r as double)", TEXTS, "9", "10", true),
            ("a_l - a_r = -1", DATES, "1980-04-30", "1980-05-01", true),
            ("abs(a_l - a_r) = 1", DATES, "1980-05-01", "1980-04-30", true),
        ] {
            let found = value_of(&[condition, beside], [left, "1"], [right, "1"]);
            assert_eq!(found, Ok(Value::Truth(expected)), "{condition} beside {beside}");
        }
    }

    /// The usual rule for names that stand the wrong way round.
    #[test]
    fn the_least_of_two_names_is_a_name() {
        let rule = "least(a_l, b_l) = least(a_r, b_r) and greatest(a_l, b_l) = greatest(a_r, b_r)";
        let beside = "jaro_winkler_similarity(b_l, b_r) > 0.9";
        assert_eq!(value_of(&[rule, beside], ["ann", "lee"], ["lee", "ann"]), Ok(Value::Truth(true)));
        assert_eq!(value_of(&[rule, beside], ["ann", "lee"], ["lee", "anne"]), Ok(Value::Truth(false)));
    }

    /// DuckDB 2.0.1: `select CONDITION from (select 'VALUE' a_l)`, the column VARCHAR or DOUBLE.
    #[test]
    fn casts_round_what_a_column_holds() {
        for (condition, beside, value, expected) in [
            ("cast(a_l as decimal(8,2)) = 1.01", TEXTS, "1.005", true),
            ("cast(a_l as decimal(8,2)) = 1", NUMBERS, "1.005", true),
            ("cast(a_l as decimal(8,3)) = 51.508", NUMBERS, "51.5075", true),
            ("cast(a_l as decimal) = 1.235", TEXTS, "1.2345", true),
            ("cast(a_l as int) = 3", TEXTS, "2.5", true),
            ("cast(a_l as int) = 2", NUMBERS, "2.5", true),
            ("cast(cast(a_l as varchar) as int) = 3", NUMBERS, "2.5", true),
            ("cast(regexp_extract(a_l, '[0-9.]+') as int) = 3", TEXTS, "2.5", true),
            ("cast(cast(a_l as decimal(8,1)) as int) = 3", NUMBERS, "2.5", true),
            ("try_cast(a_l as int) = 3", TEXTS, "2.5", true),
            ("try_cast(a_l as int) is null", TEXTS, "x", true),
        ] {
            let found = value_of(&[condition, beside], [value, "1"], ["1", "1"]);
            assert_eq!(found, Ok(Value::Truth(expected)), "{condition} beside {beside}");
        }
    }

    #[test]
    fn what_nothing_tells_is_refused() {
        let untold = "whether `a` is a number or a text is told by nothing in the model";
        let different = "`a` and `b` hold values of different kinds";
        let exact = "DuckDB adds and multiplies decimals exactly, which is not known here";
        for (condition, beside, reason) in [
            ("a_l < a_r", "a_l = a_r", untold),
            ("a_l < a_r", "a_l = 1", untold),
            ("a_l < '9'", "cast(a_l as int) = 1", untold),
            ("least(a_l, a_r) = a_l", "lower(cast(a_l as varchar)) = 'x'", untold),
            ("cast(a_l as decimal(8,3)) = cast(a_r as decimal(8,3))", "a_l = a_r", untold),
            ("least(a_l, b_l) = least(a_r, b_r)", "lower(a_l) = 'x' and b_l * 1 = 1", different),
            ("a_l + 1 > 3", DATES, "a time stands where a number is needed"),
            ("a_l < a_r", "array_length(a_l) > 1", "only texts, numbers and times are ordered here"),
        ] {
            assert_eq!(value_of(&[condition, beside], ["1", "1"], ["1", "1"]), Err(reason.into()), "{condition}");
        }
        let mut find = |_: &str| -> Result<usize, Reason> { Ok(0) };
        let mut refused = |sql: &str| condition(sql, Naming::Suffix, &mut find).expect_err(sql);
        assert_eq!(refused("cast(a_l as decimal(8,1)) - cast(a_r as decimal(8,1)) = 0.1"), exact);
        assert!(refused("cast(cast(a_l as decimal(8,2)) as decimal(8,1)) = 1").contains("again"));
        assert!(refused("cast(a_l as decimal(38,20)) = 1").contains("15 places"));
    }
}
