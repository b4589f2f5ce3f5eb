//! SQL of a model file → [`Expr`]. Parsed by `sqlparser`; what cannot be said in our tree is refused with its reason.

use super::calls::{binary, call, case, cast, compare, named, not, substring, typed};
use super::expression::{Expr, Kind, Side};
use super::functions::Function;
use sqlparser::ast::{self, BinaryOperator, UnaryOperator};
use sqlparser::dialect::DuckDbDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// Nesting that a condition may have; chains of AND and OR count once.
const DEPTH_MAX: usize = 100;
/// Bytes of a condition. Splink's longest, a distance in kilometres, has about 900.
const BYTES_MAX: usize = 32 * 1024;

/// Why a condition cannot be used, as a sentence without a full stop.
pub type Reason = String;

/// How a condition names the columns of the two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `"surname_l" = "surname_r"`, in comparison levels.
    Suffix,
    /// `l."surname" = r."surname"`, in blocking rules.
    Prefix,
}

/// Reads one condition, in which it is still open what its columns are: see [`super::kinds::settle`]. `column` finds a column by its name, or says why
/// it cannot.
pub fn condition(
    sql: &str,
    naming: Naming,
    column: &mut dyn FnMut(&str) -> Result<usize, Reason>,
) -> Result<Expr, Reason> {
    if sql.len() > BYTES_MAX {
        return Err(format!("it is longer than {BYTES_MAX} bytes"));
    }
    let mut parser = Parser::new(&DuckDbDialect {})
        .with_recursion_limit(DEPTH_MAX)
        .try_with_sql(sql)
        .map_err(|_| "it is not SQL that can be read".to_string())?;
    let parsed = parser.parse_expr().map_err(|_| "it is not SQL that can be read".to_string())?;
    if parser.peek_token().token != Token::EOF {
        return Err("something follows the condition".into());
    }
    let expr = Builder { naming, column, depth: 0 }.build(&parsed)?;
    match expr.kind() {
        Some(Kind::Truth) => Ok(expr),
        _ => Err("it is no condition".into()),
    }
}

struct Builder<'a> {
    naming: Naming,
    column: &'a mut dyn FnMut(&str) -> Result<usize, Reason>,
    depth: usize,
}

impl Builder<'_> {
    fn build(&mut self, sql: &ast::Expr) -> Result<Expr, Reason> {
        if self.depth >= DEPTH_MAX {
            return Err(format!("it is nested more than {DEPTH_MAX} deep"));
        }
        self.depth += 1;
        let built = self.build_one(sql);
        self.depth -= 1;
        built
    }

    fn build_one(&mut self, sql: &ast::Expr) -> Result<Expr, Reason> {
        match sql {
            ast::Expr::Nested(inner) => self.build(inner),
            ast::Expr::Identifier(name) => self.suffixed(&name.value),
            ast::Expr::CompoundIdentifier(parts) => self.compound(parts),
            ast::Expr::CompoundFieldAccess { root, access_chain } => self.element(root, access_chain),
            ast::Expr::Value(value) => literal(&value.value),
            ast::Expr::TypedString(typed) => {
                let text = typed.value.clone().into_string().ok_or("a typed literal is no text")?;
                cast(Expr::Text(text), &typed.data_type, false)
            }
            ast::Expr::IsNull(inner) => Ok(Expr::call(Function::IsNull, [self.build(inner)?])),
            ast::Expr::IsNotNull(inner) => Ok(not(Expr::call(Function::IsNull, [self.build(inner)?]))),
            ast::Expr::IsTrue(inner) => {
                let inner = typed(self.build(inner)?, Kind::Truth)?;
                Ok(Expr::call(Function::Coalesce, [inner, Expr::Truth(false)]))
            }
            ast::Expr::UnaryOp { op, expr } => {
                let inner = self.build(expr)?;
                match op {
                    UnaryOperator::Not => call(Function::Not, vec![inner]),
                    UnaryOperator::Plus => typed(inner, Kind::Number),
                    UnaryOperator::Minus => call(Function::Negative, vec![inner]),
                    other => Err(format!("the operator {other} is not known here")),
                }
            }
            ast::Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => self.chain(sql, op),
            ast::Expr::BinaryOp { left, op, right } => {
                let (left, right) = (self.build(left)?, self.build(right)?);
                binary(left, op, right)
            }
            ast::Expr::Between { expr, negated, low, high } => {
                let (low, inner, high) = (self.build(low)?, self.build(expr)?, self.build(high)?);
                let from = compare(Function::LessOrEqual, low, inner.clone())?;
                let to = compare(Function::LessOrEqual, inner, high)?;
                let within = call(Function::And, vec![from, to])?;
                Ok(if *negated { not(within) } else { within })
            }
            ast::Expr::In { expr, target: ast::InTarget::List(list), negated, .. } => {
                let inner = self.build(expr)?;
                let alike = list.iter().map(|item| compare(Function::Equal, inner.clone(), self.build(item)?));
                let any = call(Function::Or, alike.collect::<Result<_, _>>()?)?;
                Ok(if *negated { not(any) } else { any })
            }
            ast::Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            ast::Expr::Cast { kind, expr, data_type, .. } => {
                let tried = matches!(kind, ast::CastKind::TryCast | ast::CastKind::SafeCast);
                cast(self.build(expr)?, data_type, tried)
            }
            ast::Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![self.build(expr)?];
                for part in [substring_from, substring_for].into_iter().flatten() {
                    arguments.push(self.build(part)?);
                }
                substring(arguments)
            }
            ast::Expr::Trim { expr, trim_where: None, trim_what: None, trim_characters: None } => {
                call(Function::Trim, vec![self.build(expr)?])
            }
            ast::Expr::Extract { field: ast::DateTimeField::Epoch, expr, .. } => {
                call(Function::Epoch, vec![self.build(expr)?])
            }
            ast::Expr::Function(function) => self.function(function),
            _ => Err("it uses a form of SQL that is not known here".into()),
        }
    }

    /// `a AND b AND c`, which SQL nests to the left.
    fn chain(&mut self, sql: &ast::Expr, operator: &BinaryOperator) -> Result<Expr, Reason> {
        let (mut parts, mut rest) = (Vec::new(), sql);
        while let ast::Expr::BinaryOp { left, op, right } = rest
            && op == operator
        {
            parts.push(self.build(right)?);
            rest = left;
        }
        parts.push(self.build(rest)?);
        parts.reverse();
        call(if *operator == BinaryOperator::And { Function::And } else { Function::Or }, parts)
    }

    /// `surname_l`.
    fn suffixed(&mut self, name: &str) -> Result<Expr, Reason> {
        let side = match name.get(name.len().saturating_sub(2)..).map(str::to_ascii_lowercase).as_deref() {
            Some("_l") => Side::Left,
            Some("_r") => Side::Right,
            _ => return Err(format!("`{name}` says neither which record it is of: `_l` or `_r` is missing")),
        };
        if self.naming == Naming::Prefix {
            return Err(format!("`{name}` stands without `l.` or `r.`"));
        }
        Ok(Expr::Column((self.column)(&name[..name.len() - 2])?, side))
    }

    /// `l.surname`.
    fn compound(&mut self, parts: &[ast::Ident]) -> Result<Expr, Reason> {
        let [table, name] = parts else { return Err("a name has more than two parts".into()) };
        let side = match table.value.to_ascii_lowercase().as_str() {
            "l" => Side::Left,
            "r" => Side::Right,
            _ => return Err(format!("`{}` is neither `l` nor `r`", table.value)),
        };
        if self.naming == Naming::Suffix {
            return Err(format!(
                "`{}.{}` stands where `{}_l` or `_r` is expected",
                table.value, name.value, name.value
            ));
        }
        Ok(Expr::Column((self.column)(&name.value)?, side))
    }

    /// `"names_l"[1]`, `l.names[1]`.
    fn element(&mut self, root: &ast::Expr, chain: &[ast::AccessExpr]) -> Result<Expr, Reason> {
        let mut names = match root {
            ast::Expr::Identifier(name) => vec![name.clone()],
            ast::Expr::CompoundIdentifier(names) => names.clone(),
            _ => return Err("only an element of a column can be looked at".into()),
        };
        let mut place = None;
        for access in chain {
            match access {
                ast::AccessExpr::Dot(ast::Expr::Identifier(name)) if place.is_none() => names.push(name.clone()),
                ast::AccessExpr::Subscript(ast::Subscript::Index { index }) if place.is_none() => {
                    place = Some(self.build(index)?);
                }
                _ => return Err("only one element of a column can be looked at".into()),
            }
        }
        let column = if let [name] = names.as_slice() { self.suffixed(&name.value)? } else { self.compound(&names)? };
        match place {
            None => Ok(column),
            Some(Expr::Number(place)) if place >= 1.0 => call(Function::Element(place as usize), vec![column]),
            Some(_) => Err("elements of a list are counted from 1 here".into()),
        }
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> Result<Expr, Reason> {
        let operand = operand.map(|operand| self.build(operand)).transpose()?;
        let mut branches = Vec::new();
        for when in conditions {
            let condition = self.build(&when.condition)?;
            let condition = match &operand {
                Some(operand) => compare(Function::Equal, operand.clone(), condition)?,
                None => typed(condition, Kind::Truth)?,
            };
            branches.push((condition, self.build(&when.result)?));
        }
        let otherwise = otherwise.map_or(Ok(Expr::Null), |otherwise| self.build(otherwise))?;
        case(branches, otherwise)
    }

    fn function(&mut self, function: &ast::Function) -> Result<Expr, Reason> {
        let name = function.name.to_string().to_ascii_lowercase();
        let ast::FunctionArguments::List(list) = &function.args else {
            return Err(format!("the function `{name}` is called without a list of arguments"));
        };
        let mut arguments = Vec::new();
        for argument in &list.args {
            let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) = argument else {
                return Err(format!("the function `{name}` is called in a form that is not known here"));
            };
            // What is inside a function that is not known need not be understood.
            arguments.push(self.build(argument)?);
        }
        named(&name, arguments)
    }
}

fn literal(value: &ast::Value) -> Result<Expr, Reason> {
    Ok(match value {
        ast::Value::Number(digits, _) => Expr::Number(digits.parse().map_err(|_| "a number cannot be read")?),
        ast::Value::SingleQuotedString(text) => Expr::Text(text.clone()),
        ast::Value::Boolean(truth) => Expr::Truth(*truth),
        ast::Value::Null => Expr::Null,
        _ => return Err("it uses a kind of literal that is not known here".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::expression::{Value, evaluate};
    use super::super::kinds::{Columns, Kinds, settle};
    use super::*;

    /// Columns a (0), of texts, and b (1), of numbers; the left record is ("ann", "4"), the right one ("anna", null).
    fn value_of(sql: &str) -> Result<Value, Reason> {
        let names = ["a", "b"];
        let mut find = |name: &str| {
            names.iter().position(|known| known.eq_ignore_ascii_case(name)).ok_or(format!("no column `{name}`"))
        };
        let (all, kinds) = (names.map(String::from), Kinds::known(&[Kind::Text, Kind::Number]));
        let columns = Columns { names: &all, kinds: &kinds, places: &[0, 1] };
        let expr = settle(condition(sql, Naming::Suffix, &mut find)?, &columns)?;
        let values = |column: usize, side: Side| match (column, side) {
            (0, Side::Left) => Some("ann"),
            (0, Side::Right) => Some("anna"),
            (1, Side::Left) => Some("4"),
            _ => None,
        };
        Ok(evaluate(&expr, &values))
    }

    #[test]
    fn conditions_mean_what_sql_says() {
        for (sql, truth) in [
            (r#""a_l" = "a_r""#, Some(false)),
            (r#""A_L" <> a_r"#, Some(true)),
            (r#""b_l" = "b_r""#, None),
            (r#""b_l" IS NULL OR "b_r" IS NULL"#, Some(true)),
            ("levenshtein(a_l, a_r) <= 1 AND NOT a_l IS NULL", Some(true)),
            ("ABS(b_l - 1) BETWEEN 2 AND 3", Some(true)),
            ("b_l > 3.5 and b_l in (3, 4)", Some(true)),
            ("a_l in ('bob', 'ann')", Some(true)),
            ("CASE WHEN b_r > 1 THEN 1 ELSE 2 END = 2", Some(true)),
            ("substring(a_l, 1, 2) = substr(a_r, 1, 2)", Some(true)),
            ("coalesce(b_r, 'none') = 'none'", Some(true)),
            ("length(a_r) - length(a_l) = 1", Some(true)),
            ("a_l || 'a' = a_r", Some(true)),
            ("CAST(b_l AS INT) = 4", Some(true)),
            ("b_l < 10 and a_l < a_r", Some(true)),
            ("least(a_l, a_r) = 'ann' and greatest(b_l, b_r) = 4", Some(true)),
            ("cast(0.1 as float) <= 0.1", Some(true)),
            ("nullif(regexp_extract(a_l, '^x', 0), '') = 'x'", None),
        ] {
            let expected = truth.map_or(Value::Null, Value::Truth);
            assert_eq!(value_of(sql), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_reason() {
        for (sql, reason) in [
            ("soundex(a_l) = soundex(a_r)", "the function `soundex` is not known here"),
            ("a = a_r", "`a` says neither which record it is of: `_l` or `_r` is missing"),
            ("c_l = c_r", "no column `c`"),
            ("levenshtein(a_l) < 1", "the function `levenshtein` is called with 1 arguments"),
            ("a_l", "it is no condition"),
            ("a_l = ", "it is not SQL that can be read"),
            ("a_l = a_r; drop table x", "something follows the condition"),
            ("a_l = a_r and length(a_l)", "a number stands where a truth is needed"),
            ("try_strptime(a_l, '%Q') is null", "the format of a date has a part that is not known here"),
            ("substr(a_l, -2) = 'x'", "places in a text are literals counted from 1 here"),
            ("l.a = r.a", "`l.a` stands where `a_l` or `_r` is expected"),
        ] {
            assert_eq!(value_of(sql), Err(reason.to_string()), "{sql}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let sql = format!("{}a_l = a_r{}", "(".repeat(5000), ")".repeat(5000));
        assert!(value_of(&sql).is_err());
        let long = (0..5000).map(|_| "a_l = a_r").collect::<Vec<_>>().join(" and ");
        assert_eq!(
            value_of(long[..long.len().min(BYTES_MAX - 50)].trim_end_matches(|c| c != 'r')),
            Ok(Value::Truth(false))
        );
        let sum = (0..2000).map(|_| "1").collect::<Vec<_>>().join("+");
        assert!(value_of(&format!("{sum} > a_l")).is_err());
    }
}
