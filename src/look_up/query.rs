//! A question: words of a name in any order, and a date of birth as far as it is known.

use super::born::Born;
use super::index::Part;
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::{Field, Source};
use crate::standardise::{Context, name, postcode};
use jiff::civil::Date;

/// The codes this room raises (OF058x).
pub static CODES: &[&Code] = &[&QUESTION_UNCLEAR, &NO_INDEX];

static QUESTION_UNCLEAR: Code = Code {
    id: "OF0580",
    exit: Exit::JobWrong,
    title: "the question cannot be understood",
    next_step: "Ask with --name and a date of birth such as --born 1950-03-12 or --born 12/03/1950, or a year alone",
    explanation: "A question needs a name of at least one word of two letters, or a date of birth. The date may be written in any \
                  of the ways that extracts write it; where day and month could be either, both are tried. A postcode, whole or its \
                  first part, tells namesakes apart.",
};

pub(super) static NO_INDEX: Code = Code {
    id: "OF0581",
    exit: Exit::InputUnusable,
    title: "the current run cannot be searched",
    next_step: "Run `onefolk run` again, which makes the index that `find` reads",
    explanation: "`find` reads find.index in the folder of the current run. Runs of other versions have none that this one can read.",
};

/// Words of a question beyond this say nothing new.
const WORDS_MAX: usize = 8;

/// A canonical word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    /// As what it stands in the name that was said.
    pub part: Part,
}

/// What somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// In the order in which they were said.
    pub(super) words: Vec<Word>,
    pub(super) born: Option<Born>,
    /// Canonical, whole or not.
    pub(super) postcode: Option<String>,
}

impl Query {
    /// Reads a question; `as_of` tells which century a year of two digits is of. A postcode tells namesakes apart and is no question of
    /// its own.
    ///
    /// # Errors
    /// OF0580 where nothing can be looked for. What was asked is never repeated.
    pub fn read(name: Option<&str>, born: Option<&str>, postcode: Option<&str>, as_of: Date) -> Result<Query> {
        let words = name.map(words_of).unwrap_or_default();
        if name.is_some_and(|name| !name.trim().is_empty()) && words.is_empty() {
            return Err(unclear("the name has no letters that can be looked for"));
        }
        let born = match born.map(str::trim).filter(|born| !born.is_empty()) {
            Some(born) => Some(day(born, as_of).ok_or_else(|| unclear("the date of birth is none"))?),
            None => None,
        };
        if born.is_none() && words.iter().all(|word| word.text.len() < 2) {
            return Err(unclear("it has neither a name nor a date of birth"));
        }
        let postcode = match postcode.map(str::trim).filter(|postcode| !postcode.is_empty()) {
            Some(written) => Some(place(written, as_of).ok_or_else(|| unclear("the postcode is no British one"))?),
            None => None,
        };
        Ok(Query { words, born, postcode })
    }

    /// The words as they were said, and with each two neighbours joined: "o brien" and "mary ann" may be recorded in one.
    pub(super) fn ways(&self) -> Vec<Vec<Word>> {
        let joined = (1..self.words.len()).map(|at| {
            let mut words = self.words.clone();
            let second = words.remove(at);
            let first = &mut words[at - 1];
            first.text.push_str(&second.text);
            if first.part != second.part {
                first.part = Part::Other;
            }
            words
        });
        std::iter::once(self.words.clone()).chain(joined).collect()
    }
}

fn unclear(what: &str) -> Failure {
    Failure::new(&QUESTION_UNCLEAR, what)
}

/// Canonical words of a name that may be written "Smith, John" or "John Smith"; each once.
fn words_of(name: &str) -> Vec<Word> {
    let (given, middle, family) = name::display_full(name);
    let context =
        |field| Context::learn(field, None, &Source::default(), Date::constant(2000, 1, 1), &mut std::iter::empty());
    let mut words: Vec<Word> = Vec::new();
    for (said, field, part) in [
        (given, Field::GivenName, Part::Given),
        (middle, Field::MiddleName, Part::Other),
        (family, Field::FamilyName, Part::Family),
    ] {
        let mut clean = String::new();
        context(field).clean(&said, &mut clean);
        for word in clean.split([' ', '|']).filter(|word| !word.is_empty() && word.is_ascii()) {
            if words.len() < WORDS_MAX && !words.iter().any(|known| known.text == word) {
                words.push(Word { text: word.to_string(), part });
            }
        }
    }
    words
}

/// A postcode in any way of writing that extracts have.
fn place(written: &str, as_of: Date) -> Option<String> {
    let mut clean = String::new();
    let context = Context::learn(Field::Postcode, None, &Source::default(), as_of, &mut std::iter::empty());
    let is_null = context.clean(written, &mut clean).is_null;
    (!is_null && postcode::outward(&clean).is_some()).then_some(clean)
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
