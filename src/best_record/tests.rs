//! The most credible value, history, status, carried facts, and what a sensitive person shows.

use super::*;
use crate::identity::example::{self, Row, partition};
use crate::job::{Carry, CarryKind, Combine, Setting, Within};

fn job() -> Job {
    example::job(&[
        ("gp", Setting::GeneralPractice, 4),
        ("acute", Setting::Acute, 3),
        ("community", Setting::Community, 3),
        ("ambulance", Setting::Ambulance, 1),
    ])
}

const GP: u16 = 0;
const ACUTE: u16 = 1;
const COMMUNITY: u16 = 2;
const AMBULANCE: u16 = 3;

fn row<'a>(provider: u16, record_id: &'a str, values: &[(Field, &'a str)]) -> Row<'a> {
    Row { provider, extract: u32::from(provider), record_id, values: values.to_vec(), ..Row::default() }
}

/// All rows are one person.
fn one_person(rows: &[Row], rules: &[Carry]) -> People {
    people(rows, &"a".repeat(rows.len()), rules)
}

fn people(rows: &[Row], letters: &str, rules: &[Carry]) -> People {
    let job = job();
    let records = example::records(rows, rules);
    let partition = partition(letters);
    let count = partition.people as usize;
    let linked = Linked {
        reference: None,
        weakest_probability: vec![None; count],
        in_review: vec![false; count],
        bare: vec![false; count],
        first_seen: vec![job.as_of; count],
    };
    combine(&job, &records, &partition, linked)
}

fn best(people: &People, field: Field) -> (Option<&str>, u32) {
    (people.field(field).text(0), people.field(field).from[0])
}

#[test]
fn a_verified_number_beats_agreement() {
    let verified = Row { verified: true, ..row(AMBULANCE, "1", &[(Field::NhsNumber, "9990000018")]) };
    let other = |provider| row(provider, "2", &[(Field::NhsNumber, "9990000026")]);
    let rows = [other(GP), other(ACUTE), verified];
    assert_eq!(best(&one_person(&rows, &[]), Field::NhsNumber), (Some("9990000018"), 2));
    let unverified = [other(GP), other(ACUTE), row(AMBULANCE, "1", &[(Field::NhsNumber, "9990000018")])];
    assert_eq!(best(&one_person(&unverified, &[]), Field::NhsNumber), (Some("9990000026"), 0));
}

#[test]
fn agreement_counts_providers_then_recency_then_trust_then_content() {
    let name = |provider, updated, value| row(provider, "1", &[(Field::FamilyName, value), (Field::Updated, updated)]);
    // Two providers (3 + 3) outweigh one trusted and recent one (4), however many rows that one has.
    let rows = [
        name(GP, "20261001", "smith"),
        name(GP, "20261002", "smith"),
        name(ACUTE, "20200101", "smyth"),
        name(COMMUNITY, "20200102", "smyth"),
    ];
    assert_eq!(best(&one_person(&rows, &[]), Field::FamilyName), (Some("Smyth"), 3));
    let rows = [name(ACUTE, "20200101", "smith"), name(COMMUNITY, "20200102", "smyth")];
    assert_eq!(best(&one_person(&rows, &[]), Field::FamilyName), (Some("Smyth"), 1));
    // A date of update in the future says nothing.
    let rows = [name(ACUTE, "20200101", "smith"), name(COMMUNITY, "20991231", "smyth")];
    assert_eq!(best(&one_person(&rows, &[]), Field::FamilyName), (Some("Smith"), 0));
    let rows = [name(COMMUNITY, "20200101", "smyth"), name(ACUTE, "20200101", "smith")];
    assert_eq!(best(&one_person(&rows, &[]), Field::FamilyName), (Some("Smith"), 1));
}

#[test]
fn refused_and_weak_values_never_override_ordinary_ones() {
    for (field, worse, better, shown) in [
        (Field::Sex, "unknown", "female", "female"),
        (Field::Ethnicity, "Z", "H", "H"),
        (Field::Ethnicity, "99", "A", "A"),
        (Field::GivenName, "j", "jane", "Jane"),
        (Field::Postcode, "ZZ99 3VZ", "LS1 4AP", "LS1 4AP"),
        (Field::Postcode, "LS1", "LS1 4AP", "LS1 4AP"),
        (Field::Postcode, "LS1 4", "75008 paris", "75008 paris"),
        (Field::NhsNumber, "chi:0101501234", "9990000018", "9990000018"),
    ] {
        let rows = [
            row(GP, "1", &[(field, worse)]),
            row(ACUTE, "2", &[(field, worse)]),
            row(AMBULANCE, "3", &[(field, better)]),
        ];
        assert_eq!(best(&one_person(&rows, &[]), field), (Some(shown), 2), "{field:?}");
        let only_worse = one_person(&rows[..2], &[]);
        assert!(only_worse.field(field).text(0).is_some(), "{field:?}: a weak value is better than none");
    }
    for refused in ["19500230", "20261123", "18891231", "19501301"] {
        let rows =
            [row(GP, "1", &[(Field::DateOfBirth, refused)]), row(AMBULANCE, "2", &[(Field::DateOfBirth, "19500301")])];
        let field = &one_person(&rows, &[]).fields[5];
        assert_eq!((field.date(0), field.from[0]), (Some(days(jiff::civil::date(1950, 3, 1))), 1), "{refused}");
        let field = &one_person(&rows[..1], &[]).fields[5];
        assert_eq!((field.date(0), field.from[0]), (None, NO_ROW), "{refused}");
    }
}

#[test]
fn address_and_postcode_are_of_one_place() {
    let rows = [
        row(GP, "1", &[(Field::Address, "1 new road"), (Field::Postcode, "LS1 4AP")]),
        row(ACUTE, "2", &[(Field::Postcode, "LS1 4AP")]),
        row(COMMUNITY, "3", &[(Field::Address, "2 old lane"), (Field::Postcode, "LS2 9JT")]),
        row(AMBULANCE, "4", &[(Field::Address, "2 old lane"), (Field::Postcode, "LS2 9JT")]),
        row(ACUTE, "5", &[(Field::Address, "2 old lane")]),
    ];
    let people = one_person(&rows, &[]);
    assert_eq!(best(&people, Field::Address), (Some("1 New Road"), 0));
    assert_eq!(best(&people, Field::Postcode).0, Some("LS1 4AP"));
    assert_eq!(people.other_addresses.of(0).collect::<Vec<_>>(), ["2 Old Lane", "2 Old Lane, LS2 9JT"]);
}

#[test]
fn other_names_are_distinct_and_leave_out_the_best() {
    let name = |given, family| vec![(Field::GivenName, given), (Field::FamilyName, family)];
    let rows = [
        row(GP, "1", &name("anne", "patel")),
        row(ACUTE, "2", &name("anne", "patel")),
        row(ACUTE, "3", &name("ann", "o'brien")),
        row(COMMUNITY, "4", &name("ann", "o'brien")),
        row(AMBULANCE, "5", &[(Field::GivenName, "anne")]),
        row(GP, "6", &[(Field::GivenName, "anne"), (Field::FamilyName, "patel"), (Field::PreviousFamilyName, "brown")]),
    ];
    let people = people(&rows, "aaaaab", &[]);
    assert_eq!(people.other_names.of(0).collect::<Vec<_>>(), ["Ann O'Brien"]);
    assert_eq!(people.other_names.of(1).collect::<Vec<_>>(), ["Anne Brown"]);
    assert_eq!(people.field(Field::PreviousFamilyName).text(1), Some("Brown"));
    assert_eq!(people.providers.of(0).collect::<Vec<_>>(), ["acute", "ambulance", "community", "gp"]);
    assert_eq!(people.records, [5, 1]);
}

#[test]
fn aliases_agree_with_the_name_and_stand_in_the_history() {
    let sent = |provider, given, family, as_sent| Row {
        sent: vec![(Field::FamilyName, as_sent)],
        ..row(provider, "1", &[(Field::GivenName, given), (Field::FamilyName, family)])
    };
    let rows = [
        sent(AMBULANCE, "elizabeth|liz|beth", "obrien", "O'BRIEN"),
        sent(GP, "eliza", "obrien|brown", "OBrien (nee Brown)"),
        sent(ACUTE, "elizabeth", "obrien", "OBRIEN"),
        sent(COMMUNITY, "elizabeth", "obrien", "OBRIEN"),
    ];
    let people = one_person(&rows, &[]);
    assert_eq!(people.field(Field::GivenName).text(0), Some("Elizabeth"));
    assert_eq!(best(&people, Field::FamilyName), (Some("OBrien"), 1));
    // The given name of each row goes with its own family name; "Elizabeth OBrien" is the best one.
    let others = ["Beth OBrien", "Eliza Brown", "Eliza OBrien", "Liz OBrien"];
    assert_eq!(people.other_names.of(0).collect::<Vec<_>>(), others);
}

#[test]
fn names_are_shown_as_their_record_sent_them() {
    let sent = Row { sent: vec![(Field::FamilyName, "MR O'BRIEN")], ..row(GP, "1", &[(Field::FamilyName, "obrien")]) };
    let rows = [sent, row(ACUTE, "2", &[(Field::FamilyName, "obrien"), (Field::GivenName, "ann")])];
    let people = people(&rows, "ab", &[]);
    assert_eq!(people.field(Field::FamilyName).text(0), Some("O'Brien"));
    assert_eq!(people.field(Field::FamilyName).text(1), Some("Obrien"));
}

#[test]
fn status_follows_registrations_and_deaths() {
    let until = |date| row(GP, "1", &[(Field::RegisteredUntil, date)]);
    let died = |date| row(ACUTE, "1", &[(Field::DateOfDeath, date), (Field::DateOfBirth, "20000101")]);
    for (row, status) in [
        (row(GP, "1", &[]), Status::Registered),
        (until("20261123"), Status::Registered),
        (until("20261122"), Status::Left),
        (row(GP, "1", &[(Field::RegisteredFrom, "20270101")]), Status::Left),
        (row(ACUTE, "1", &[]), Status::KnownOnly),
        (died("20261122"), Status::Died),
        (died("20261123"), Status::KnownOnly),
        (died("19991231"), Status::KnownOnly),
    ] {
        assert_eq!(one_person(std::slice::from_ref(&row), &[]).status, [status], "{:?}", row.values);
    }
    let moved = [until("20200101"), row(GP, "2", &[])];
    assert_eq!(one_person(&moved, &[]).status, [Status::Registered]);
}

#[test]
fn a_sensitive_person_has_neither_place_nor_provider() {
    let place = [
        (Field::Address, "1 new road"),
        (Field::Postcode, "LS1 4AP"),
        (Field::Uprn, "1"),
        (Field::Phone, "+441134960000"),
        (Field::Email, "anne@example.org"),
        (Field::GpPractice, "A81001"),
        (Field::GivenName, "anne"),
    ];
    let rows = [
        row(GP, "1", &place),
        row(ACUTE, "2", &[(Field::Sensitivity, "S"), (Field::Address, "2 old lane")]),
        row(GP, "3", &place),
        row(ACUTE, "4", &[(Field::Sensitivity, "Y"), (Field::Address, "2 old lane")]),
    ];
    let people = people(&rows, "aabb", &[]);
    assert_eq!(people.sensitive, [true, false]);
    for field in PLACE_FIELDS {
        assert_eq!(people.field(field).text(0), None);
        assert!(people.field(field).text(1).is_some());
    }
    assert_eq!(people.field(Field::GivenName).text(0), Some("Anne"));
    assert!(people.fields.iter().all(|best| best.from[0] == NO_ROW));
    assert_eq!((people.other_addresses.of(0).len(), people.other_addresses.of(1).len()), (0, 1));
    assert_eq!((people.providers.of(0).len(), people.providers.of(1).len()), (0, 2));
    assert_eq!(people.providers.hidden, [true, false]);
}

#[test]
fn whoever_loses_rows_stays_marked_and_nothing_is_said_of_how_they_were_linked() {
    let home = (Field::Postcode, "LS1 4AP");
    let rows = [
        row(GP, "1", &[(Field::Sensitivity, "S")]),
        row(ACUTE, "2", &[home]),
        row(GP, "3", &[]),
        row(ACUTE, "4", &[home]),
        row(ACUTE, "5", &[home]),
    ];
    let (job, records) = (job(), example::records(&rows, &[]));
    let linked = || Linked {
        reference: None,
        weakest_probability: vec![Some(0.75); 3],
        in_review: vec![true; 3],
        bare: vec![true; 3],
        first_seen: vec![job.as_of; 3],
    };
    let mut partition = partition("aabbc");
    let whole = combine(&job, &records, &partition, linked());
    // The practice's rows go; the third person has none there.
    (partition.person[0], partition.person[2]) = (MISSING, MISSING);
    let left = combine_left(&job, &records, &partition, linked(), &whole);
    assert_eq!(left.sensitive, [true, false, false]);
    assert_eq!(left.records, [1, 1, 1]);
    let postcode = |person: usize| left.field(Field::Postcode).text(person);
    assert_eq!([postcode(0), postcode(1), postcode(2)], [None, Some("LS1 4AP"), Some("LS1 4AP")]);
    assert_eq!(left.providers.hidden, [true, false, false]);
    assert_eq!(left.weakest_probability, [None, None, Some(0.75)]);
    assert_eq!(left.in_review, [false, false, true]);
    assert_eq!(left.bare, [false, false, true]);
    assert_eq!(left.first_seen, [NO_DATE, NO_DATE, whole.first_seen[2]]);
}

fn rule(kind: CarryKind, combine: Combine, within: Option<Within>) -> Carry {
    Carry { name: "fact".into(), column: "Fact".into(), kind, combine, format: None, within, place: false }
}

/// Rows of the general practice, each with (updated, value).
fn fact(kind: CarryKind, combine: Combine, within: Option<Within>, rows: &[(&str, &str)]) -> FactValues {
    let ids: Vec<String> = (0..rows.len()).map(|number| number.to_string()).collect();
    let rows: Vec<Row> = rows
        .iter()
        .zip(&ids)
        .map(|(&(updated, value), id)| {
            let facts = if value.is_empty() { vec![] } else { vec![("fact", value)] };
            Row { facts, ..row(GP, id, &[(Field::Updated, updated)]) }
        })
        .collect();
    one_person(&rows, &[rule(kind, combine, within)]).facts.remove(0).values
}

const YEAR: Option<Within> = Some(Within { months: 12, days: 0 });

#[test]
fn flags_combine() {
    let flag = |combine, within, rows: &[(&str, &str)]| match fact(CarryKind::Flag, combine, within, rows) {
        FactValues::Flag(flags) => flags[0],
        other => panic!("{other:?}"),
    };
    let mixed = [("20260101", "true"), ("20260201", "false"), ("20260301", "")];
    assert_eq!(flag(Combine::Any, None, &mixed), Some(true));
    assert_eq!(flag(Combine::All, None, &mixed), Some(false));
    assert_eq!(flag(Combine::Latest, None, &mixed), Some(false));
    assert_eq!(flag(Combine::Earliest, None, &mixed), Some(true));
    assert_eq!(flag(Combine::Any, None, &mixed[2..]), None);
    assert_eq!(flag(Combine::Any, YEAR, &[("20251121", "true"), ("20251122", "false")]), Some(false));
    assert_eq!(flag(Combine::Any, YEAR, &[("", "true")]), None);
}

#[test]
fn dates_combine_and_counts_look_back_from_as_of() {
    let rows =
        [("", "2025-11-21"), ("", "2025-11-22"), ("", "2026-11-22"), ("", "2026-11-23"), ("", "2026-02-30"), ("", "")];
    let date = |combine, within| match fact(CarryKind::Date, combine, within, &rows) {
        FactValues::Date(dates) => dates[0],
        other => panic!("{other:?}"),
    };
    let on = |year, month, day| days(jiff::civil::date(year, month, day));
    assert_eq!(date(Combine::Latest, None), on(2026, 11, 23));
    assert_eq!(date(Combine::Latest, YEAR), on(2026, 11, 22));
    assert_eq!(date(Combine::Earliest, None), on(2025, 11, 21));
    assert_eq!(date(Combine::Earliest, YEAR), on(2025, 11, 22));
    let count = |within, rows: &[_]| match fact(CarryKind::Date, Combine::Count, within, rows) {
        FactValues::Count(counts) => counts[0],
        other => panic!("{other:?}"),
    };
    assert_eq!(count(YEAR, &rows), 2);
    assert_eq!(count(Some(Within { months: 0, days: 1 }), &rows), 1);
    assert_eq!(count(YEAR, &rows[5..]), 0);
}

#[test]
fn numbers_categories_and_lists_combine() {
    let number =
        |combine| match fact(CarryKind::Number, combine, None, &[("20260101", "2.5"), ("20250101", "10"), ("", "")]) {
            FactValues::Number(numbers) => numbers[0],
            other => panic!("{other:?}"),
        };
    assert_eq!(number(Combine::Sum), Some(12.5));
    assert_eq!(number(Combine::Max), Some(10.0));
    assert_eq!(number(Combine::Latest), Some(2.5));
    let category = |combine, rows: &[_]| match fact(CarryKind::Category, combine, None, rows) {
        FactValues::Category { codes, values } => (codes[0] != MISSING).then(|| values.get(codes[0]).to_string()),
        other => panic!("{other:?}"),
    };
    let rows = [("20260101", "mild"), ("20260201", "severe"), ("", "fit")];
    assert_eq!(category(Combine::Latest, &rows).as_deref(), Some("severe"));
    assert_eq!(category(Combine::Earliest, &rows).as_deref(), Some("mild"));
    assert_eq!(category(Combine::Latest, &[("", "")]), None);
    let list = |combine| match fact(CarryKind::List, combine, None, &[("20260101", "b; a"), ("20260201", "c;a;")]) {
        FactValues::List(lists) => lists.of(0).map(str::to_string).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(list(Combine::Union), ["a", "b", "c"]);
    assert_eq!(list(Combine::Latest), ["a", "c"]);
}

#[test]
fn an_event_delivered_by_two_extracts_counts_once() {
    let event = |extract, record_id, date| Row { extract, facts: vec![("fact", date)], ..row(ACUTE, record_id, &[]) };
    // January's extract has two admissions of one day, and February's has one of them again and a new one.
    let rows = [
        event(0, "7", "2026-01-05"),
        event(0, "7", "2026-01-05"),
        event(1, "7", "2026-01-05"),
        event(1, "7", "2026-02-09"),
        event(1, "8", "2026-01-05"),
    ];
    let people = one_person(&rows, &[rule(CarryKind::Date, Combine::Count, None)]);
    assert!(matches!(&people.facts[0].values, FactValues::Count(counts) if counts == &[4]));
}
