//! What a column probably means, by its name and the shape of its values: for `init`, and for hints of `check`.

use super::{CarryKind, Combine, Field};
use Field::*;

/// Column names that occur in English extracts, without case, spaces and punctuation (DOMAIN.md section 4: HES, SUS/CDS, ECDS, MHSDS,
/// CSDS, adult social care CLD, GP system extracts, PDS trace files), and the plain words for the same things.
const NAMES: [(Field, &[&str]); 25] = [
    (
        RecordId,
        &[
            "recordid",
            "patientid",
            "personid",
            "clientid",
            "recordnumber",
            "rowid",
            "uniquereference",
            "id",
            "incidentno",
            "incidentnumber",
            "attendanceid",
            "ecattendancenumber",
            "referralid",
            "eventreference",
            "tenancyid",
            "caseid",
            "reference",
            "lapersonuniqueidentifier",
        ],
    ),
    (NhsNumber, &["nhsnumber", "nhsno", "newnhsno", "nhsnum", "nhs", "nhsid"]),
    (NhsNumberStatus, &["nhsnumberstatus", "nhsnostatus", "nhsnumberstatusindicatorcode", "nhsnumberstatusindicator"]),
    (FullName, &["fullname", "name", "patientname", "clientname", "personname"]),
    (
        GivenName,
        &[
            "givenname",
            "forename",
            "firstname",
            "forenames",
            "givennames",
            "patientforename",
            "persongivenname",
            "first",
        ],
    ),
    (MiddleName, &["middlename", "middlenames", "othergivenname", "othernames", "secondforename", "othergivennames"]),
    (FamilyName, &["familyname", "surname", "lastname", "patientsurname", "personfamilyname", "last"]),
    (
        PreviousFamilyName,
        &["previousfamilyname", "previoussurname", "maidenname", "birthname", "formersurname", "previousname"],
    ),
    (
        DateOfBirth,
        &["dateofbirth", "dob", "birthdate", "personbirthdate", "patientdateofbirth", "birthday", "estimateddob"],
    ),
    (YearOfBirth, &["yearofbirth", "birthyear", "yob"]),
    (DateOfDeath, &["dateofdeath", "dod", "deathdate", "persdeathdate", "persondeathdate"]),
    (
        Sex,
        &[
            "sex",
            "gender",
            "personstatedgendercode",
            "persongendercodecurrent",
            "genderid",
            "patientsex",
            "sexcode",
            "gendercode",
        ],
    ),
    (Ethnicity, &["ethnicity", "ethniccategory", "ethnos", "ethnicgroup", "ethniccode", "ethniccategorycode"]),
    (
        Address,
        &[
            "address",
            "fulladdress",
            "homeaddress",
            "homeadd",
            "usualaddress",
            "patientaddress",
            "addressline1",
            "address1",
        ],
    ),
    (Postcode, &["postcode", "postalcode", "postcodeofusualaddress", "homepostcode", "pcode", "patientpostcode"]),
    (Uprn, &["uprn", "uniquepropertyreferencenumber"]),
    (
        Phone,
        &[
            "phone",
            "telephone",
            "telephonenumber",
            "phonenumber",
            "mobile",
            "mobilenumber",
            "tel",
            "contactnumber",
            "callerphone",
        ],
    ),
    (Email, &["email", "emailaddress", "mail"]),
    (
        GpPractice,
        &[
            "gppractice",
            "gppracticecode",
            "gppraccode",
            "gpprac",
            "practicecode",
            "generalmedicalpracticecodepatientregistration",
            "gmpreg",
            "gmpcodereg",
            "orgidgp",
            "usualgpsorganisationcode",
        ],
    ),
    (
        LocalId,
        &[
            "localid",
            "localpatientid",
            "lopatid",
            "localpatientidentifier",
            "hospitalnumber",
            "mrn",
            "localpatientidentifierextended",
        ],
    ),
    (BirthOrder, &["birthorder", "multiplebirthorder"]),
    (Sensitivity, &["sensitivity", "sensitive", "confidentialitycode"]),
    (WithheldIdentityReason, &["withheldidentityreason", "withheldreason"]),
    (RegisteredFrom, &["registeredfrom", "dateofregistration", "registrationdate"]),
    (RegisteredUntil, &["registereduntil", "dateofdeduction", "enddategmpregistration", "deregistrationdate"]),
];

const UPDATED: &[&str] =
    &["updated", "lastupdated", "lastmodified", "updatedon", "modified", "lastcontact", "recordupdated", "dateupdated"];

/// Columns that name a person's parts of an address: joined, they are the address.
const ADDRESS_PARTS: &[&str] = &[
    "address1",
    "address2",
    "address3",
    "address4",
    "address5",
    "addressline1",
    "addressline2",
    "addressline3",
    "addressline4",
    "addressline5",
    "house",
    "housenumber",
    "street",
    "streetname",
    "road",
    "locality",
    "town",
    "city",
    "posttown",
    "county",
];

/// A fact that a column probably carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactGuess {
    pub kind: CarryKind,
    pub combine: Combine,
}

/// A column name without case, spaces and punctuation.
pub(super) fn folded(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The field that a column of this name holds, if the name says so.
pub fn field_by_name(column: &str) -> Option<Field> {
    let name = folded(column);
    if UPDATED.contains(&name.as_str()) {
        return Some(Updated);
    }
    NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(field, _)| *field)
}

/// Whether the name is that of one line of an address.
pub fn is_address_part(column: &str) -> bool {
    ADDRESS_PARTS.contains(&folded(column).as_str())
}

/// The field that these values look like, for columns whose names say nothing. Only shapes that hardly anything else has.
pub fn field_by_values<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Field> {
    let values: Vec<&str> = values.into_iter().map(str::trim).filter(|value| !value.is_empty()).collect();
    let mostly = |test: fn(&str) -> bool| {
        values.len() >= 5 && values.iter().filter(|value| test(value)).count() * 10 >= values.len() * 8
    };
    if mostly(looks_like_nhs_number) {
        Some(NhsNumber)
    } else if mostly(looks_like_postcode) {
        Some(Postcode)
    } else if mostly(|value| value.contains('@') && value.contains('.') && !value.contains(' ')) {
        Some(Email)
    } else {
        None
    }
}

/// Ten digits with the right check digit (DOMAIN.md section 1), however spaced.
pub fn looks_like_nhs_number(value: &str) -> bool {
    let value = value.trim().trim_end_matches(".0");
    let digits: Vec<u32> =
        value.chars().filter(|letter| !matches!(letter, ' ' | '-')).map_while(|letter| letter.to_digit(10)).collect();
    let only_digits = value.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, ' ' | '-'));
    if digits.len() != 10 || !only_digits {
        return false;
    }
    let sum: u32 = digits[..9].iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    (11 - sum % 11) % 11 == digits[9]
}

/// The general form of a British postcode (DOMAIN.md section 4).
fn looks_like_postcode(value: &str) -> bool {
    let letters: String = value.chars().filter(|letter| *letter != ' ').collect();
    if !letters.is_ascii() || !(5..=7).contains(&letters.len()) {
        return false;
    }
    let (outward, inward) = letters.split_at(letters.len() - 3);
    let inward = inward.as_bytes();
    let inward_fits = inward[0].is_ascii_digit() && inward[1..].iter().all(u8::is_ascii_alphabetic);
    inward_fits
        && outward.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && outward.contains(|letter: char| letter.is_ascii_digit())
}

/// How day and month stand to each other in values such as 03/04/1980.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayMonth {
    /// No value is written with two numbers before a year.
    NotSo,
    DayFirst,
    MonthFirst,
    /// Every value could be read either way.
    Ambiguous,
    /// Some values can only be day-first, others only month-first.
    Mixed,
}

/// Compares the first and second number of every date-like value.
pub fn day_month<'v>(values: impl IntoIterator<Item = &'v str>) -> DayMonth {
    let (mut any, mut day_first, mut month_first) = (false, false, false);
    for value in values {
        let day = value.trim().split([' ', 'T']).next().unwrap_or_default();
        let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
        let [first, second, year] = parts[..] else { continue };
        let (Ok(first), Ok(second), true) = (first.parse::<u8>(), second.parse::<u8>(), year.parse::<u16>().is_ok())
        else {
            continue;
        };
        if first == 0 || second == 0 || first > 31 || second > 31 || (first > 12 && second > 12) {
            continue;
        }
        any = true;
        day_first |= first > 12;
        month_first |= second > 12;
    }
    match (any, day_first, month_first) {
        (false, ..) => DayMonth::NotSo,
        (true, true, true) => DayMonth::Mixed,
        (true, true, false) => DayMonth::DayFirst,
        (true, false, true) => DayMonth::MonthFirst,
        (true, false, false) => DayMonth::Ambiguous,
    }
}

/// A fact that a column of no field probably carries, by the shape of its values; `None` where it looks like free text.
pub fn fact<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<FactGuess> {
    let values: Vec<&str> = values.into_iter().map(str::trim).filter(|value| !value.is_empty()).collect();
    let all = |test: fn(&str) -> bool| !values.is_empty() && values.iter().all(|value| test(value));
    let is_flag = |value: &str| {
        ["y", "n", "yes", "no", "true", "false", "0", "1", "t", "f"].contains(&value.to_lowercase().as_str())
    };
    let is_date = |value: &str| {
        let day = value.split([' ', 'T']).next().unwrap_or_default();
        let parts = day.split(['/', '-', '.']).collect::<Vec<_>>();
        parts.len() == 3 && parts.iter().all(|part| part.parse::<u16>().is_ok())
    };
    if all(is_flag) {
        return Some(FactGuess { kind: CarryKind::Flag, combine: Combine::Any });
    }
    if all(is_date) {
        return Some(FactGuess { kind: CarryKind::Date, combine: Combine::Latest });
    }
    if all(|value| value.parse::<f64>().is_ok_and(f64::is_finite)) {
        return Some(FactGuess { kind: CarryKind::Number, combine: Combine::Latest });
    }
    let distinct: std::collections::BTreeSet<&str> = values.iter().copied().collect();
    let few = !values.is_empty()
        && distinct.len() <= 20
        && distinct.iter().all(|value| value.len() <= 40)
        && distinct.len() * 2 <= values.len();
    few.then_some(FactGuess { kind: CarryKind::Category, combine: Combine::Latest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_real_extracts() {
        for (column, field) in [
            ("NHS Number", NhsNumber),
            ("NEWNHSNO", NhsNumber),
            ("NHS_NUMBER_STATUS_INDICATOR_CODE", NhsNumberStatus),
            ("PersonBirthDate", DateOfBirth),
            ("PERSON_GENDER_CODE_CURRENT", Sex),
            ("LOPATID", LocalId),
            ("Usual GP's Organisation Code", GpPractice),
            ("POSTCODE_OF_USUAL_ADDRESS", Postcode),
            ("Last_Name", FamilyName),
            ("LastUpdated", Updated),
            ("GENERAL_MEDICAL_PRACTICE_CODE_(PATIENT_REGISTRATION)", GpPractice),
        ] {
            assert_eq!(field_by_name(column), Some(field), "{column}");
        }
        assert_eq!(field_by_name("eFI"), None);
        assert!(is_address_part("Address Line 2") && !is_address_part("Postcode"));
    }

    /// A name that stands under two fields would be decided by the order of the table.
    #[test]
    fn no_name_means_two_fields() {
        let mut seen = std::collections::BTreeSet::new();
        for name in NAMES.iter().flat_map(|(_, names)| names.iter()).chain(UPDATED) {
            assert!(seen.insert(name), "{name}");
            assert_eq!(folded(name), *name, "{name} can be met");
        }
    }

    #[test]
    fn shapes_of_values() {
        let numbers = ["999 000 0018", "9990000026", "9990000034", "9990000042", "9990000050.0"];
        assert_eq!(field_by_values(numbers), Some(NhsNumber));
        assert_eq!(field_by_values(["SW1A 1AA", "LS14AP", "M1 1AE", "B33 8TH", "EC1A 1BB"]), Some(Postcode));
        assert_eq!(field_by_values(["1234567890"; 6]), None);
        assert_eq!(field_by_values(["9990000018"]), None);
    }

    #[test]
    fn day_and_month() {
        assert_eq!(day_month(["03/04/1980", "25/12/1979"]), DayMonth::DayFirst);
        assert_eq!(day_month(["03/04/1980", "12/25/1979"]), DayMonth::MonthFirst);
        assert_eq!(day_month(["03/04/1980", "01/02/1979"]), DayMonth::Ambiguous);
        assert_eq!(day_month(["13/04/1980", "01/22/1979"]), DayMonth::Mixed);
        assert_eq!(day_month(["1980-04-03", "32874", ""]), DayMonth::NotSo);
    }

    #[test]
    fn facts() {
        let guessed = |values: &[&str]| fact(values.iter().copied()).map(|guess| guess.kind);
        assert_eq!(guessed(&["Y", "N", ""]), Some(CarryKind::Flag));
        assert_eq!(guessed(&["2025-01-02", "2024-03-04"]), Some(CarryKind::Date));
        assert_eq!(guessed(&["0.12", "3"]), Some(CarryKind::Number));
        assert_eq!(guessed(&["fit", "mild", "fit", "mild"]), Some(CarryKind::Category));
        assert_eq!(guessed(&["a long story", "another one"]), None);
        assert_eq!(guessed(&[]), None);
    }
}
