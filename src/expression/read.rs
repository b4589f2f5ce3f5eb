//! From a text to the tree of the `cel` crate, with the place of each part.

use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use std::ops::Range;

/// Longer texts are no rules that somebody has written.
const BYTES_MAX: usize = 16 << 10;

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// In one clause without a full stop.
    pub message: String,
    /// A few words under the caret.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Fault {
        Fault { span, message: message.into(), label: label.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }
}

/// A text that is an expression, whatever it means.
pub(super) struct Parsed<'a> {
    pub root: IdedExpr,
    info: SourceInfo,
    text: &'a str,
}

pub(super) fn parse(text: &str) -> Result<Parsed<'_>, Vec<Fault>> {
    if text.len() > BYTES_MAX {
        return Err(vec![Fault::new(0..text.len(), "A rule has at most 16 KiB", "too long")]);
    }
    // Without its macros `has(x)` stays a call: ours asks for a column, not for a field of a message.
    let parser = cel::Env::default().with_optional_support(false).parser();
    match parser.parse_with_source_info(text) {
        Ok((root, info)) => Ok(Parsed { root, info, text }),
        Err(errors) => Err(errors.errors.iter().map(|error| syntax(error, text)).collect()),
    }
}

fn syntax(error: &cel::ParseError, text: &str) -> Fault {
    let (line, column) = (error.pos.0.max(1) as usize, error.pos.1.max(1) as usize);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    let at = start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at);
    let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
    let said = error.msg.lines().next().unwrap_or_default();
    let said = said.strip_prefix("Syntax error: ").unwrap_or(said);
    // What else could have stood there is a list of tokens of the grammar.
    let said = said.split(" expecting ").next().unwrap_or(said);
    let said = if said.contains("<EOF>") { "it ends too early" } else { said };
    Fault::new(at..end, format!("This is no expression: {said}"), "here")
        .help("An expression is such as age >= 75 && frailty in [\"moderate\", \"severe\"]")
}

impl Parsed<'_> {
    /// Where a part stands, with everything below it.
    pub fn span(&self, part: &IdedExpr) -> Range<usize> {
        let mut span: Option<Range<usize>> = None;
        self.widen(part, &mut span);
        span.unwrap_or(0..self.text.len())
    }

    fn widen(&self, part: &IdedExpr, span: &mut Option<Range<usize>>) {
        if let Some((start, stop)) = self.info.offset_for(part.id) {
            let (length, boundary) = (self.text.len(), |at: &usize| self.text.is_char_boundary(*at));
            let start = (0..=length.min(start as usize)).rev().find(boundary).unwrap_or(0);
            let own = start..(length.min(stop as usize + 1)..length).find(boundary).unwrap_or(length).max(start);
            *span =
                Some(span.take().map_or(own.clone(), |so_far| so_far.start.min(own.start)..so_far.end.max(own.end)));
        }
        match &part.expr {
            Expr::Call(call) => {
                call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|arg| self.widen(arg, span))
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.widen(element, span)),
            Expr::Select(select) => self.widen(&select.operand, span),
            _ => {}
        }
    }
}
