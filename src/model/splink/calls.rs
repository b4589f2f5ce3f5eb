//! Functions and operators by their names in SQL, with their arguments checked and brought to the kinds that they take.

use super::decimal::Decimal;
use super::expression::{Expr, Kind};
use super::functions::Function;
use super::pattern::Pattern;
use super::similarity::Similarity;
use super::sql::Reason;
use super::time::{Boundary, TimeFormat};
use sqlparser::ast::{BinaryOperator, DataType};

/// A function by its name in DuckDB.
pub fn named(name: &str, arguments: Vec<Expr>) -> Result<Expr, Reason> {
    use Function::*;
    let constant = |place: usize| match arguments.get(place) {
        Some(Expr::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let (function, from, to) = match name {
        "levenshtein" | "editdist3" => (Similarity(self::Similarity::Levenshtein), 2, 2),
        "damerau_levenshtein" => (Similarity(self::Similarity::DamerauLevenshtein), 2, 2),
        "jaro_similarity" => (Similarity(self::Similarity::Jaro), 2, 2),
        "jaro_winkler_similarity" => (Similarity(self::Similarity::JaroWinkler), 2, 2),
        "jaccard" => (Similarity(self::Similarity::Jaccard), 2, 2),
        "lower" | "lcase" => (Lower, 1, 1),
        "upper" | "ucase" => (Upper, 1, 1),
        "trim" => (Trim, 1, 1),
        "substr" | "substring" => return substring(arguments),
        "left" => (Left, 2, 2),
        "right" => (Right, 2, 2),
        "concat" => (Concat, 1, usize::MAX),
        "length" | "len" | "char_length" | "strlen" if !arguments.is_empty() => match arguments[0].kind() {
            Some(Kind::List) => (ListLength, 1, 1),
            _ if name == "strlen" => return Err("`strlen` counts bytes, which is not known here".into()),
            _ => (Length, 1, 1),
        },
        "regexp_extract" => return regexp_extract(arguments),
        "nullif" => (NullIf, 2, 2),
        "coalesce" | "ifnull" => (Coalesce, 1, usize::MAX),
        "abs" => (Absolute, 1, 1),
        "pow" | "power" => (Power, 2, 2),
        "sqrt" => (SquareRoot, 1, 1),
        "radians" => (Radians, 1, 1),
        "sin" => (Sine, 1, 1),
        "cos" => (Cosine, 1, 1),
        "asin" => (ArcSine, 1, 1),
        "acos" => (ArcCosine, 1, 1),
        "least" => (Least, 1, usize::MAX),
        "greatest" => (Greatest, 1, usize::MAX),
        "epoch" => (Epoch, 1, 1),
        "try_strptime" | "strptime" => {
            let format = constant(1).ok_or("the format of a date must be a literal")?;
            let format = TimeFormat::new(format).ok_or("the format of a date has a part that is not known here")?;
            let format = if name == "strptime" { format.raising() } else { format };
            return call(ParseTime(format), arguments.into_iter().take(1).collect());
        }
        "date_diff" | "datediff" => {
            let part = constant(0).and_then(Boundary::from_word);
            let part = part.ok_or("dates can be counted apart in days, months and years only")?;
            return counted(DateDifference(part), arguments.into_iter().skip(1).collect(), 2, 2, name);
        }
        "list_intersect" | "array_intersect" => (Intersect, 2, 2),
        "array_length" | "list_length" | "cardinality" => (ListLength, 1, 1),
        _ => return Err(format!("the function `{name}` is not known here")),
    };
    counted(function, arguments, from, to, name)
}

fn counted(function: Function, arguments: Vec<Expr>, from: usize, to: usize, name: &str) -> Result<Expr, Reason> {
    if arguments.len() < from || arguments.len() > to {
        return Err(format!("the function `{name}` is called with {} arguments", arguments.len()));
    }
    call(function, arguments)
}

pub fn substring(arguments: Vec<Expr>) -> Result<Expr, Reason> {
    let simple = match arguments.as_slice() {
        [_, Expr::Number(from)] => *from >= 1.0,
        [_, Expr::Number(from), Expr::Number(length)] => *from >= 1.0 && *length >= 0.0,
        _ => false,
    };
    if !simple {
        return Err("places in a text are literals counted from 1 here".into());
    }
    call(Function::Substring, arguments)
}

fn regexp_extract(arguments: Vec<Expr>) -> Result<Expr, Reason> {
    let (pattern, group) = match arguments.as_slice() {
        [_, Expr::Text(pattern)] => (pattern, 0),
        [_, Expr::Text(pattern), Expr::Number(group)] if *group >= 0.0 => (pattern, *group as usize),
        _ => return Err("a regular expression and its group must be literals".into()),
    };
    let pattern = Pattern::new(pattern).ok_or("a regular expression cannot be read as DuckDB reads it")?;
    if group >= pattern.groups() {
        return Err("a regular expression has fewer groups than it is asked for".into());
    }
    call(Function::RegexExtract(pattern, group), arguments.into_iter().take(1).collect())
}

pub fn binary(left: Expr, op: &BinaryOperator, right: Expr) -> Result<Expr, Reason> {
    match op {
        BinaryOperator::Eq => compare(Function::Equal, left, right),
        BinaryOperator::NotEq => compare(Function::NotEqual, left, right),
        BinaryOperator::Lt => compare(Function::Less, left, right),
        BinaryOperator::LtEq => compare(Function::LessOrEqual, left, right),
        BinaryOperator::Gt => compare(Function::Less, right, left),
        BinaryOperator::GtEq => compare(Function::LessOrEqual, right, left),
        BinaryOperator::Plus => call(Function::Add, vec![left, right]),
        BinaryOperator::Minus => call(Function::Subtract, vec![left, right]),
        BinaryOperator::Multiply => call(Function::Multiply, vec![left, right]),
        BinaryOperator::Divide => call(Function::Divide, vec![left, right]),
        BinaryOperator::StringConcat => call(Function::Join, vec![left, right]),
        other => Err(format!("the operator {other} is not known here")),
    }
}

pub fn not(expr: Expr) -> Expr {
    Expr::call(Function::Not, [expr])
}

/// A comparison of two values of one kind. Numbers are compared as 32 bits where one side was cast to them.
pub fn compare(function: Function, left: Expr, right: Expr) -> Result<Expr, Reason> {
    let [left, right]: [Expr; 2] = alike(vec![left, right])?.try_into().expect("two were given");
    let is_float = |expr: &Expr| matches!(expr, Expr::Call(Function::ToFloat, _));
    let narrowed = |expr: Expr| match expr {
        Expr::Number(number) => Expr::Number(f64::from(number as f32)),
        other => other,
    };
    let (left, right) = match (is_float(&left), is_float(&right)) {
        (true, false) => (left, narrowed(right)),
        (false, true) => (narrowed(left), right),
        _ => (left, right),
    };
    Ok(Expr::call(function, [left, right]))
}

/// Makes expressions the same kind: numbers and times win over texts, as in SQL.
fn alike(arguments: Vec<Expr>) -> Result<Vec<Expr>, Reason> {
    let kinds: Vec<Kind> = arguments.iter().filter_map(Expr::kind).collect();
    let rank = |kind: &Kind| usize::from(*kind != Kind::Text);
    let kind = kinds.iter().copied().max_by_key(rank).unwrap_or(Kind::Text);
    arguments.into_iter().map(|argument| typed(argument, kind)).collect()
}

/// CASE, its results made the same kind.
pub fn case(branches: Vec<(Expr, Expr)>, otherwise: Expr) -> Result<Expr, Reason> {
    let kind = branches.iter().find_map(|(_, result)| result.kind()).or_else(|| otherwise.kind());
    let kind = kind.unwrap_or(Kind::Text);
    let branches = branches.into_iter().map(|(when, then)| Ok((when, typed(then, kind)?)));
    Ok(Expr::Case(branches.collect::<Result<_, Reason>>()?, Box::new(typed(otherwise, kind)?)))
}

/// A call whose arguments are brought to the kinds that the function takes.
pub fn call(function: Function, arguments: Vec<Expr>) -> Result<Expr, Reason> {
    use Function::{Add, Greatest, Least, Multiply, Subtract};
    let arguments = match &function {
        alike_ones if alike_ones.is_of_any_kind() => alike(arguments)?,
        known => {
            let placed = arguments.into_iter().enumerate();
            placed
                .map(|(place, argument)| match known.parameter(place) {
                    Some(kind) => typed(argument, kind),
                    None => Ok(argument),
                })
                .collect::<Result<Vec<Expr>, Reason>>()?
        }
    };
    if let (Function::Left | Function::Right, Some(Expr::Number(length))) = (&function, arguments.get(1))
        && *length < 0.0
    {
        return Err("a negative length is not known here".into());
    }
    let any = |what: fn(&Expr) -> bool| arguments.iter().any(what);
    if matches!(function, Least | Greatest) && any(|argument| matches!(argument.kind(), Some(Kind::List | Kind::Truth)))
    {
        return Err("only texts, numbers and times are ordered here".into());
    }
    if matches!(function, Add | Subtract | Multiply) && any(is_decimal) {
        return Err("DuckDB adds and multiplies decimals exactly, which is not known here".into());
    }
    Ok(Expr::call(function, arguments))
}

/// Whether a number is a DECIMAL with places behind the point, which DuckDB calculates with in another way.
fn is_decimal(expr: &Expr) -> bool {
    match expr {
        Expr::Call(Function::ToDecimal(decimal) | Function::ReadDecimal(decimal), _) => !decimal.is_whole(),
        Expr::Call(Function::Negative | Function::Absolute, arguments) => arguments.iter().any(is_decimal),
        Expr::Call(function, arguments) => function.is_of_any_kind() && arguments.iter().any(is_decimal),
        Expr::Case(branches, otherwise) => {
            branches.iter().any(|(_, result)| is_decimal(result)) || is_decimal(otherwise)
        }
        _ => false,
    }
}

/// `expr` as `kind`: texts and columns are read as numbers, times or lists where these are needed.
pub fn typed(expr: Expr, kind: Kind) -> Result<Expr, Reason> {
    if matches!(kind, Kind::Number | Kind::Time) && expr.is_open() {
        return Ok(read_as(expr, kind));
    }
    let conversion = match (expr.kind(), kind) {
        (found, _) if found == Some(kind) => return Ok(expr),
        (None, Kind::Text) => return Ok(expr),
        _ if expr == Expr::Null => return Ok(expr),
        (None | Some(Kind::Text), Kind::Number) => Function::ToNumber,
        (None | Some(Kind::Text), Kind::Time) => Function::ToTime,
        (None, Kind::List) => Function::ToList,
        (None, Kind::Truth) => return Err("a column by itself is no condition".into()),
        (Some(found), wanted) => {
            return Err(format!("{} stands where {} is needed", found.word(), wanted.word()));
        }
    };
    Ok(Expr::call(conversion, [expr]))
}

/// An open expression as numbers or times. What is chosen among several is read before it is chosen: the least of two numbers is not that of two texts.
fn read_as(expr: Expr, kind: Kind) -> Expr {
    match expr {
        Expr::Null => Expr::Null,
        Expr::Case(branches, otherwise) => {
            let branches = branches.into_iter().map(|(when, then)| (when, read_as(then, kind)));
            Expr::Case(branches.collect(), Box::new(read_as(*otherwise, kind)))
        }
        Expr::Call(function @ (Function::Least | Function::Greatest), arguments) => {
            Expr::call(function, arguments.into_iter().map(|argument| read_as(argument, kind)))
        }
        other => Expr::call(if kind == Kind::Number { Function::ToNumber } else { Function::ToTime }, [other]),
    }
}

/// A cast; where it is `tried`, what cannot be read is null in DuckDB, and else an error.
pub fn cast(expr: Expr, data_type: &DataType, tried: bool) -> Result<Expr, Reason> {
    let name = data_type.to_string().to_ascii_uppercase();
    let base = name.split(['(', ' ']).next().unwrap_or_default();
    let has_columns = !expr.columns().is_empty();
    let is_open = has_columns && expr.is_open();
    let expr = match expr.kind() {
        None | Some(Kind::Text) if is_open || (has_columns && tried) => Expr::call(Function::AsSent { tried }, [expr]),
        _ => expr,
    };
    match base {
        "TEXT" | "VARCHAR" | "STRING" | "CHAR" | "CHARACTER" => match expr.kind() {
            None | Some(Kind::Text) => Ok(expr),
            Some(found) => Err(format!("{} cannot be made a text here", found.word())),
        },
        "DOUBLE" | "FLOAT8" => typed(expr, Kind::Number),
        "DECIMAL" | "NUMERIC" | "DEC" => {
            let decimal = Decimal::of(&name).ok_or("a decimal has more than 15 places")?;
            rounded(expr, Function::ToDecimal(decimal), is_open)
        }
        "FLOAT" | "REAL" | "FLOAT4" => call(Function::ToFloat, vec![expr]),
        "INT" | "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "INT4" | "INT8" | "HUGEINT" => {
            rounded(expr, Function::ToWhole, is_open)
        }
        "DATE" => call(Function::ToDate, vec![expr]),
        "TIMESTAMP" | "DATETIME" => typed(expr, Kind::Time),
        _ => Err(format!("a cast to {base} is not known here")),
    }
}

/// A cast that rounds, to a whole number or a decimal. Texts and decimals are rounded half away from zero and DOUBLEs to whole numbers half to even; what an
/// open expression is has to be settled first.
fn rounded(expr: Expr, function: Function, is_open: bool) -> Result<Expr, Reason> {
    let decimal = if let Function::ToDecimal(decimal) = function { decimal } else { Decimal::WHOLE };
    match expr {
        Expr::Null => Ok(Expr::Null),
        open if is_open => Ok(Expr::call(function, [open])),
        // A literal is a decimal in DuckDB, with the places that are written.
        Expr::Number(number) => Ok(Expr::call(Function::ReadDecimal(decimal), [Expr::Text(number.to_string())])),
        text if text.kind() == Some(Kind::Text) => Ok(Expr::call(Function::ReadDecimal(decimal), [text])),
        exact if is_decimal(&exact) && decimal.is_whole() => Ok(Expr::call(Function::ToDecimal(decimal), [exact])),
        exact if is_decimal(&exact) => Err("a decimal is cast to a decimal again, which is not known here".into()),
        other => call(function, vec![other]),
    }
}
