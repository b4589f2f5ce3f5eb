//! One provider's column of one field: what it taught, and cleaning its values.

use super::characters::{lower_single_spaces, single_spaces, trim};
use super::date::{DateContext, DateFormat};
use super::name::{self, Part};
use super::*;
use crate::job::{Field, FieldKind, Source};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// How the values of one (provider, field) are cleaned. Shared by threads.
#[derive(Debug, Clone)]
pub struct Context {
    cleaner: Cleaner,
    /// The job's own codes, raw value trimmed and in lower case → canonical value.
    values: BTreeMap<String, String>,
    dates: Option<DateContext>,
}

/// Which rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cleaner {
    Verbatim,
    NhsNumber,
    NhsNumberStatus,
    FullName,
    Name(Part),
    Date,
    Year,
    Sex,
    Ethnicity,
    Address,
    Postcode,
    Uprn,
    Phone,
    Email,
    GpPractice,
    LocalId,
    BirthOrder,
    Sensitivity,
    WithheldIdentityReason,
    Identifier,
    Category,
    Text,
    Number,
}

impl Cleaner {
    fn of(field: Field, kind: Option<FieldKind>) -> Cleaner {
        match field {
            Field::RecordId => Cleaner::Verbatim,
            Field::NhsNumber => Cleaner::NhsNumber,
            Field::NhsNumberStatus => Cleaner::NhsNumberStatus,
            Field::FullName => Cleaner::FullName,
            Field::GivenName => Cleaner::Name(Part::Given),
            Field::MiddleName => Cleaner::Name(Part::Middle),
            Field::FamilyName | Field::PreviousFamilyName => Cleaner::Name(Part::Family),
            Field::DateOfBirth
            | Field::DateOfDeath
            | Field::RegisteredFrom
            | Field::RegisteredUntil
            | Field::AddressFrom
            | Field::Updated => Cleaner::Date,
            Field::YearOfBirth => Cleaner::Year,
            Field::Sex => Cleaner::Sex,
            Field::Ethnicity => Cleaner::Ethnicity,
            Field::Address => Cleaner::Address,
            Field::Postcode => Cleaner::Postcode,
            Field::Uprn => Cleaner::Uprn,
            Field::Phone => Cleaner::Phone,
            Field::Email => Cleaner::Email,
            Field::GpPractice => Cleaner::GpPractice,
            Field::LocalId => Cleaner::LocalId,
            Field::BirthOrder => Cleaner::BirthOrder,
            Field::Sensitivity => Cleaner::Sensitivity,
            Field::WithheldIdentityReason => Cleaner::WithheldIdentityReason,
            Field::Custom(_) => match kind.unwrap_or(FieldKind::Text) {
                FieldKind::Identifier => Cleaner::Identifier,
                FieldKind::Name => Cleaner::Name(Part::Family),
                FieldKind::Date => Cleaner::Date,
                FieldKind::Category => Cleaner::Category,
                FieldKind::Text => Cleaner::Text,
                FieldKind::Number => Cleaner::Number,
            },
        }
    }
}

impl Context {
    /// Learns from all distinct raw values of this provider's column and their counts. `kind` is that of a [`Field::Custom`]. Only
    /// dates have something to learn; other fields leave `distinct` alone.
    pub fn learn(
        field: Field,
        kind: Option<FieldKind>,
        source: &Source,
        as_of: Date,
        distinct: &mut dyn Iterator<Item = (&str, u64)>,
    ) -> Context {
        let cleaner = Cleaner::of(field, kind);
        let dates = matches!(cleaner, Cleaner::Date | Cleaner::Year)
            .then(|| DateContext::learn(source.format.as_deref(), as_of, distinct));
        let values =
            source.values.iter().map(|(raw, canonical)| (trim(raw).to_lowercase(), canonical.clone())).collect();
        Context { cleaner, values, dates }
    }

    /// The same, but dates are read as a model froze it.
    pub fn frozen(mut self, format: Option<DateFormat>) -> Context {
        if let Some(format) = format {
            self.dates = self.dates.map(|dates| dates.frozen(format));
        }
        self
    }

    /// What a model freezes of how this column writes dates.
    pub fn date_format(&self) -> Option<DateFormat> {
        self.dates.as_ref().and_then(DateContext::format)
    }

    /// What was learnt, in words for run.json: "dates as day/month/year, unambiguous in 93 %".
    pub fn found(&self) -> Option<String> {
        self.dates.as_ref().and_then(|dates| dates.found()).map(str::to_string)
    }

    /// Writes the canonical form of one raw value to `out`, which is cleared first and stays empty where the verdict is null.
    pub fn clean(&self, raw: &str, out: &mut String) -> Verdict {
        out.clear();
        let translated = self.translated(raw);
        let raw = translated.unwrap_or(raw);
        let verdict = self.clean_with_rules(raw, out);
        debug_assert_eq!(verdict.is_null, out.is_empty(), "null and empty are one");
        verdict
    }

    /// The job's own canonical value for this raw one.
    fn translated(&self, raw: &str) -> Option<&str> {
        if self.values.is_empty() {
            return None;
        }
        self.values.get(&trim(raw).to_lowercase()).map(String::as_str)
    }

    fn clean_with_rules(&self, raw: &str, out: &mut String) -> Verdict {
        match self.cleaner {
            Cleaner::Verbatim => kept_or_missing(raw.trim(), out),
            Cleaner::NhsNumber => nhs_number::clean(raw, out),
            Cleaner::NhsNumberStatus => codes::clean_nhs_number_status(raw, out),
            Cleaner::FullName => name::clean_full(raw, out),
            Cleaner::Name(part) => name::clean(raw, part, out),
            Cleaner::Date => date::clean(raw, self.dates(), out),
            Cleaner::Year => date::clean_year(raw, self.dates(), out),
            Cleaner::Sex => sex::clean(raw, out),
            Cleaner::Ethnicity => ethnicity::clean(raw, out),
            Cleaner::Address => address::clean(raw, out),
            Cleaner::Postcode => postcode::clean(raw, out),
            Cleaner::Uprn => identifiers::clean_uprn(raw, out),
            Cleaner::Phone => phone::clean(raw, out),
            Cleaner::Email => email::clean(raw, out),
            Cleaner::GpPractice => identifiers::clean_gp_practice(raw, out),
            Cleaner::LocalId => identifiers::clean_local_id(raw, out),
            Cleaner::BirthOrder => codes::clean_birth_order(raw, out),
            Cleaner::Sensitivity => codes::clean_sensitivity(raw, out),
            Cleaner::WithheldIdentityReason => codes::clean_withheld_identity_reason(raw, out),
            Cleaner::Identifier => identifiers::clean_identifier(raw, out),
            Cleaner::Category | Cleaner::Text => clean_text(raw, out),
            Cleaner::Number => number::clean(raw, out),
        }
    }

    fn dates(&self) -> &DateContext {
        self.dates.as_ref().expect("a column of dates has learnt how it writes them")
    }

    /// The value as the best record shows it: names in title case without titles, dates ISO, postcodes with their space, text as it
    /// was sent. `None` where the value is null.
    pub fn display(&self, raw: &str) -> Option<String> {
        let mut out = String::new();
        if self.clean(raw, &mut out).is_null {
            return None;
        }
        let raw = self.translated(raw).unwrap_or(raw);
        match self.cleaner {
            Cleaner::Name(part) => name::display(raw, part),
            Cleaner::FullName => {
                let (given, middle, family) = name::display_full(raw);
                let parts = [given, middle, family];
                Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
            }
            Cleaner::Date => Some(date::to_calendar(&out).map_or(out, |date| date.to_string())),
            Cleaner::Address | Cleaner::Category | Cleaner::Text => {
                single_spaces(trim(raw), &mut out);
                Some(out)
            }
            Cleaner::Postcode if postcode::outward(&out).is_none() => {
                single_spaces(trim(raw), &mut out);
                Some(out)
            }
            _ => Some(out),
        }
    }
}

fn kept_or_missing(value: &str, out: &mut String) -> Verdict {
    out.push_str(value);
    if value.is_empty() { Verdict::MISSING } else { Verdict::KEPT }
}

/// Custom text and categories: lower case, single spaces.
fn clean_text(raw: &str, out: &mut String) -> Verdict {
    lower_single_spaces(trim(raw), out);
    if out.is_empty() {
        return Verdict::MISSING;
    }
    if characters::is_null_literal(out) {
        out.clear();
        return Verdict::null(Reason::Placeholder);
    }
    Verdict::KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(field: Field, values: &[(&str, &str)]) -> Context {
        let values = values.iter().map(|(raw, canonical)| (raw.to_string(), canonical.to_string())).collect();
        let source = Source { values, ..Source::default() };
        Context::learn(field, None, &source, Date::constant(2026, 11, 22), &mut [("13/01/1980", 1)].into_iter())
    }

    #[test]
    fn the_job_s_codes_go_before_the_built_in_ones() {
        let sex = context(Field::Sex, &[("A", "female"), ("1", "female")]);
        for (raw, canonical) in [("a", "female"), (" 1 ", "female"), ("2", "female"), ("M", "male"), ("7", "")] {
            let mut out = String::new();
            sex.clean(raw, &mut out);
            assert_eq!(out, canonical, "{raw}");
        }
    }

    #[test]
    fn found_says_how_dates_are_written() {
        assert_eq!(
            context(Field::DateOfBirth, &[]).found().as_deref(),
            Some("dates as day/month/year, unambiguous in 100 %")
        );
        assert_eq!(context(Field::Sex, &[]).found(), None);
    }

    #[test]
    fn values_as_people_read_them() {
        for (field, raw, shown) in [
            (Field::GivenName, "MR JOHN", Some("John")),
            (Field::FullName, "SMITH, JOHN PAUL", Some("John Paul Smith")),
            (Field::DateOfBirth, "05/06/1981", Some("1981-06-05")),
            (Field::DateOfBirth, "1981", Some("1981----")),
            (Field::Postcode, "nw14ab", Some("NW1 4AB")),
            (Field::Postcode, "75008  Paris", Some("75008 Paris")),
            (Field::Address, " 5  Acacia Rd ", Some("5 Acacia Rd")),
            (Field::Sex, "1", Some("male")),
            (Field::Sex, "", None),
        ] {
            assert_eq!(context(field, &[]).display(raw).as_deref(), shown, "{raw}");
        }
    }
}
