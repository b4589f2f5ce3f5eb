//! A question: words of a name in any order, and a date of birth as far as it is known.

use super::born::Born;
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::{Field, Source};
use crate::standardise::{Context, name};
use jiff::civil::Date;

/// The codes this room raises (OF058x).
pub static CODES: &[&Code] = &[&QUESTION_UNCLEAR, &NO_INDEX];

static QUESTION_UNCLEAR: Code = Code {
    id: "OF0580",
    exit: Exit::JobWrong,
    title: "the question cannot be understood",
    next_step: "Ask with --name and a date of birth such as --born 1950-03-12 or --born 12/03/1950, or a year alone",
    explanation: "A question needs a name of at least one word of two letters, or a date of birth. The date may be written in any \
                  of the ways that extracts write it; where day and month could be either, both are tried.",
};

pub(super) static NO_INDEX: Code = Code {
    id: "OF0581",
    exit: Exit::InputUnusable,
    title: "the current run cannot be searched",
    next_step: "Run `onefolk run` again, which makes the index that `find` reads",
    explanation: "`find` reads find.index in the folder of the current run. Runs of versions before this one have none.",
};

/// Words of a question beyond this say nothing new.
const WORDS_MAX: usize = 8;

/// What somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Canonical words, in the order in which they were said.
    pub(super) words: Vec<String>,
    pub(super) born: Option<Born>,
}

impl Query {
    /// Reads a question; `as_of` tells which century a year of two digits is of.
    ///
    /// # Errors
    /// OF0580 where nothing can be looked for. What was asked is never repeated.
    pub fn read(name: Option<&str>, born: Option<&str>, as_of: Date) -> Result<Query> {
        let words = name.map(words_of).unwrap_or_default();
        if name.is_some_and(|name| !name.trim().is_empty()) && words.is_empty() {
            return Err(unclear("the name has no letters that can be looked for"));
        }
        let born = match born.map(str::trim).filter(|born| !born.is_empty()) {
            Some(born) => Some(day(born, as_of).ok_or_else(|| unclear("the date of birth is none"))?),
            None => None,
        };
        if born.is_none() && words.iter().all(|word| word.len() < 2) {
            return Err(unclear("it has neither a name nor a date of birth"));
        }
        Ok(Query { words, born })
    }

    /// The words as they were said, and with each two neighbours joined: "o brien" and "mary ann" may be recorded in one.
    pub(super) fn ways(&self) -> Vec<Vec<String>> {
        let joined = (1..self.words.len()).map(|at| {
            let mut words = self.words.clone();
            let second = words.remove(at);
            words[at - 1].push_str(&second);
            words
        });
        std::iter::once(self.words.clone()).chain(joined).collect()
    }
}

fn unclear(what: &str) -> Failure {
    Failure::new(&QUESTION_UNCLEAR, what)
}

/// Canonical words of a name that may be written "Smith, John" or "John Smith"; each once.
fn words_of(name: &str) -> Vec<String> {
    let (given, middle, family) = name::display_full(name);
    let context =
        |field| Context::learn(field, None, &Source::default(), Date::constant(2000, 1, 1), &mut std::iter::empty());
    let mut words: Vec<String> = Vec::new();
    for (part, field) in [(given, Field::GivenName), (middle, Field::MiddleName), (family, Field::FamilyName)] {
        let mut clean = String::new();
        context(field).clean(&part, &mut clean);
        for word in clean.split([' ', '|']).filter(|word| !word.is_empty() && word.is_ascii()) {
            if words.len() < WORDS_MAX && !words.iter().any(|known| known == word) {
                words.push(word.to_string());
            }
        }
    }
    words
}

/// A date in any way of writing that extracts have.
fn day(written: &str, as_of: Date) -> Option<Born> {
    let clean = |field: Field| {
        let context = Context::learn(field, None, &Source::default(), as_of, &mut std::iter::once((written, 1)));
        let mut out = String::new();
        (!context.clean(written, &mut out).is_null).then_some(out)
    };
    let year_alone = written.len() == 4 && written.bytes().all(|byte| byte.is_ascii_digit());
    let digits = clean(if year_alone { Field::YearOfBirth } else { Field::DateOfBirth })?;
    Born::read(&digits)
}
