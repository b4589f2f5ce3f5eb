//! What each provider could put right first, in words, from the shown figures.

use super::figures::{FieldFigures, ProviderFigures};
use crate::intake::QuarantineCode;

/// Below this share (hundredths) of usable values a field is worth a word.
const WORTH_A_WORD_PERCENT: f64 = 90.0;
/// A gap (hundredths) between filled and usable that says the values are wrong, not missing.
const WRONG_RATHER_THAN_MISSING_PERCENT: f64 = 5.0;
/// Sentences a provider, at most.
const AT_MOST: usize = 3;

/// The fields that linking leans on, weightiest first, what is asked for, and what the field is called.
const FIELDS: [(&str, &str, &str); 8] = [
    ("nhs_number", "NHS number", "trace the missing ones with the Personal Demographics Service before sending"),
    ("date_of_birth", "date of birth", "send the date as registered, not a default such as 1 January"),
    ("family_name", "family name", "send the registered name in a column of its own"),
    ("given_name", "given name", "send the registered name in a column of its own"),
    ("postcode", "postcode", "send the postcode of the usual address"),
    ("sex", "sex", "send the person's registered sex with the national code"),
    ("address", "address", "send the usual address, one line a column"),
    ("ethnicity", "ethnicity", "record the national ethnic category at the next contact"),
];

/// How pressing a provider's advice is: records whose weightiest fields cannot be used, and rows lost, all as shown.
pub(super) fn urgency(provider: &ProviderFigures) -> u64 {
    let lost = provider.quarantined.count().unwrap_or(0);
    let unusable = |field: &FieldFigures| Some(provider.records.count()?.saturating_sub(field.valid.count()?));
    let leaning = provider.fields.iter().filter(|field| FIELDS[..5].iter().any(|known| known.0 == field.field));
    lost + leaning.filter_map(unusable).sum::<u64>()
}

/// At most three sentences, none where there is nothing to fix (or too few records to say).
pub(super) fn for_provider(provider: &ProviderFigures) -> Vec<String> {
    let mut advice: Vec<String> = provider.codes.iter().filter_map(quarantine_advice).collect();
    for (field, name, ask) in FIELDS {
        let Some(figures) = provider.fields.iter().find(|figures| figures.field == field) else { continue };
        advice.extend(field_advice(figures, name, ask));
    }
    advice.truncate(AT_MOST);
    advice
}

fn field_advice(figures: &FieldFigures, name: &str, ask: &str) -> Option<String> {
    let (filled, usable) = (figures.filled_percent?, figures.valid_percent?);
    if usable >= WORTH_A_WORD_PERCENT {
        return None;
    }
    Some(if filled - usable >= WRONG_RATHER_THAN_MISSING_PERCENT {
        format!(
            "{} is usable in {usable:.0}\u{a0}% of records though {filled:.0}\u{a0}% have one: {ask}.",
            capital(name)
        )
    } else {
        format!("{} is missing in {:.0}\u{a0}% of records: {ask}.", capital(name), 100.0 - usable)
    })
}

fn quarantine_advice((code, rows): &(QuarantineCode, super::disclosure::Shown)) -> Option<String> {
    let some = rows.count().is_some_and(|count| count > 0);
    some.then(|| format!("{rows} rows {}.", quarantine_ask(*code)))
}

fn quarantine_ask(code: QuarantineCode) -> &'static str {
    match code {
        QuarantineCode::Ragged => "have too many or too few columns: quote values that hold the delimiter",
        QuarantineCode::Undecodable => "are not in one character encoding: export the whole file as UTF-8",
        QuarantineCode::BrokenQuote => {
            "hold a quote that is never closed, or only after 64 KiB or 100 lines: double the quotes inside values"
        }
        QuarantineCode::NoRecordId => "have no record identifier: send the system's own key in every row",
        QuarantineCode::NoIdentifyingValue => {
            "say nothing of who they are about: send at least a number, or a name and a date of birth"
        }
        QuarantineCode::FillerPerson => "are test or filler people: leave them out of the extract",
    }
}

/// A quarantine code as a column heading.
pub(super) fn quarantine_words(code: QuarantineCode) -> &'static str {
    match code {
        QuarantineCode::Ragged => "Wrong number of columns",
        QuarantineCode::Undecodable => "Unreadable characters",
        QuarantineCode::BrokenQuote => "Quote never closed",
        QuarantineCode::NoRecordId => "No record identifier",
        QuarantineCode::NoIdentifyingValue => "Nothing that identifies",
        QuarantineCode::FillerPerson => "Test or filler person",
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
