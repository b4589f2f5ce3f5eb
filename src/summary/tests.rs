//! The laws of the summary, on small made-up populations full of small groups.

mod town;

use super::count::{self, Counts};
use super::disclosure::{Control, Preset};
use super::{EthnicGroup, NO_AREA, Sex, Status, Summary, build};
use crate::job::{Disclosure, Setting};
use proptest::prelude::*;
use std::collections::BTreeMap;
use town::{AREAS, with_facts};
pub(super) use town::{Person, Rows, any_person, with_facts_under};

fn population() -> impl Strategy<Value = (u16, Vec<Person>)> {
    (1..=4u16).prop_flat_map(|providers| (Just(providers), prop::collection::vec(any_person(providers), 0..220)))
}

pub(super) fn csv_rows(summary: &Summary, file: &str) -> Vec<BTreeMap<String, String>> {
    let bytes = &summary.csv.iter().find(|(name, _)| name == file).expect("the file is written").1;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    reader.deserialize().map(|row| row.expect("the file parses")).collect()
}

/// Every count of every file, `*` left out, and every figure in a count cell of the page.
fn shown_counts(summary: &Summary) -> Vec<u64> {
    let columns = ["people", "records", "quarantined", "withheld", "rows", "filled", "usable", "count"];
    let files =
        ["people_by_age_sex", "people_by_area", "people_by_group", "providers", "provider_overlap", "quarantine"];
    let mut counts = Vec::new();
    for file in files.iter().chain(&["data_quality", "segments", "cohorts", "packages", "end_of_life"]) {
        for row in csv_rows(summary, &format!("{file}.csv")) {
            let cells = columns.iter().filter_map(|column| row.get(*column)).filter(|cell| *cell != "*");
            counts.extend(cells.map(|cell| cell.parse::<u64>().expect("a count or a star")));
        }
    }
    for cell in summary.report_html.split("<td class=\"n\">").skip(1) {
        let cell = cell.split('<').next().unwrap_or_default().replace(',', "");
        if cell != "*" {
            counts.push(cell.parse().expect("a count or a star"));
        }
    }
    counts
}

/// The same counts by one plain pass a question.
fn check_against_a_recount(people: &[Person], counts: &Counts) {
    let living = |person: &&Person| matches!(person.status, Status::Registered | Status::KnownOnly);
    let how_many = |meets: &dyn Fn(&Person) -> bool| people.iter().filter(|person| meets(person)).count() as u64;
    assert_eq!(counts.people, people.len() as u64);
    for status in Status::ALL {
        assert_eq!(counts.status[status as usize], how_many(&|person| person.status == status));
    }
    for group in EthnicGroup::ALL {
        let own = people.iter().filter(living).filter(|person| person.ethnicity == group).count() as u64;
        assert_eq!(counts.ethnicity[group as usize], own);
    }
    for (index, area) in (0..AREAS).chain([NO_AREA]).enumerate() {
        let own = people.iter().filter(living).filter(|person| person.area == area).count() as u64;
        assert_eq!(counts.area[index], own);
    }
    for band in 0..count::AGE_BANDS {
        for sex in Sex::ALL {
            let fits = |age: Option<u8>| match age {
                None => band == count::AGE_BANDS - 1,
                Some(age) if age >= 90 => band == 18,
                Some(age) => age as usize / 5 == band,
            };
            let own = people.iter().filter(living).filter(|person| person.sex == sex && fits(person.age)).count();
            assert_eq!(counts.age_sex[band][sex as usize], own as u64);
        }
    }
    for segment in 0..3 {
        for (wide, _) in count::WIDE_BANDS.iter().enumerate() {
            let half = |age: Option<u8>| age.map_or(2, |age| usize::from(age > 21));
            let fits = |person: &&Person| half(person.age) == segment && count::wide_band(person.age) == wide;
            let own = people.iter().filter(living).filter(fits).count() as u64;
            assert_eq!(counts.segments[0][segment * count::WIDE_BANDS.len() + wide], own);
        }
    }
    for (at, group) in EthnicGroup::ALL.into_iter().enumerate() {
        let several = |person: &&Person| person.ethnicity == group && person.weakest.is_some();
        let own = people.iter().filter(living).filter(several).count() as u64;
        assert_eq!(counts.linked[count::WIDE_BANDS.len() + Sex::ALL.len() + at].several, own);
    }
    for (row, &one) in counts.overlap_of.iter().enumerate() {
        for (column, &other) in counts.overlap_of.iter().enumerate() {
            let both = how_many(&|person| person.providers.contains(&one) && person.providers.contains(&other));
            assert_eq!(counts.overlap[row * counts.overlap_of.len() + column], both);
        }
        assert_eq!(counts.of_provider[one as usize], how_many(&|person| person.providers.contains(&one)));
    }
    for known in 0..=4 {
        assert_eq!(counts.known_to[known], how_many(&|person| person.providers.len() == known));
        let of_all = (0..count::COMBINATIONS).map(|mask| counts.by_number[mask * count::KNOWN_TO + known]);
        assert_eq!(counts.known_to[known], of_all.sum::<u64>());
    }
    let acute_only = 1 << Setting::Acute as usize;
    assert_eq!(counts.combinations[acute_only], how_many(&|person| person.providers == [2]));
    assert_eq!(counts.combinations.iter().sum::<u64>(), counts.people);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn counts_agree_with_a_plain_recount((providers, people) in population()) {
        let rows = vec![(0, 0, 0); providers as usize];
        with_facts(&people, &rows, |facts| check_against_a_recount(&people, &count::count(facts)));
    }

    #[test]
    fn no_count_under_eight_is_ever_shown((providers, people) in population(), rows in prop::collection::vec((0u64..12, 0u64..12, 0u64..30), 4)) {
        let summary = with_facts(&people, &rows[..providers as usize], build);
        let exact = people.len() as u64;
        for count in shown_counts(&summary) {
            let allowed = count == 0 || count > 7 && (count.is_multiple_of(5) || count == exact);
            prop_assert!(allowed, "{count}");
        }
        let words = ["people", "rows", "pairs", "links"];
        for small in 1..=7 {
            for word in words {
                let sentence = format!(">{small} {word}");
                prop_assert!(!summary.report_html.contains(&sentence), "{sentence}");
            }
        }
        prop_assert!(!summary.report_html.contains("http:") && !summary.report_html.contains("<script"));
    }

    /// Two populations that differ only behind a `*` give the same bytes: nothing else (order, lengths of bars, shades, words)
    /// tells them apart. Of seven people, and of seven rows, one to six are of one group and the rest of another.
    #[test]
    fn what_is_hidden_leaves_no_trace(one in 1usize..=6, other in 1usize..=6) {
        let town = |few: usize| -> Vec<Person> {
            let person = |index: usize| Person {
                age: Some(if index < few { 61 } else if index < 7 { 62 + 10 } else { (index % 8 * 5) as u8 }),
                sex: if index < 7 || index.is_multiple_of(2) { Sex::Female } else { Sex::Male },
                ethnicity: match index {
                    _ if index < few => EthnicGroup::Mixed,
                    0..7 => EthnicGroup::Black,
                    _ => EthnicGroup::White,
                },
                status: Status::Registered,
                weakest: None,
                area: if index < few { 2 } else if index < 7 { 3 } else { (index % 2) as u32 },
                providers: vec![(index % 3) as u16],
            };
            (0..600).map(person).collect()
        };
        let summary = |few: usize| {
            let rows = [(few as u64, 0, 0), (7 - few as u64, 20, 0), (0, few as u64, 7 - few as u64), (0, 7 - few as u64, few as u64)];
            with_facts(&town(few), &rows, build)
        };
        let (one, other) = (summary(one), summary(other));
        let groups = csv_rows(&one, "people_by_group.csv");
        for hidden in ["Mixed", "Black or Black British"] {
            prop_assert_eq!(&groups.iter().find(|row| row["group"] == hidden).unwrap()["count"], "*");
        }
        for ((file, left), (_, right)) in one.csv.iter().zip(&other.csv) {
            prop_assert!(left == right, "{file} differs");
        }
        prop_assert!(one.report_html == other.report_html);
    }
}

/// To be told how many rows carry a mark would tell that there is one, and where: DESIGN section 10.
#[test]
fn the_field_that_marks_whoever_is_sensitive_is_in_no_table_and_on_no_page() {
    let person = Person {
        age: Some(40),
        sex: Sex::Female,
        ethnicity: EthnicGroup::White,
        status: Status::Registered,
        weakest: None,
        area: 0,
        providers: vec![0, 2],
    };
    let summary = with_facts(&vec![person; 400], &[(0, 0, 0); 3], build);
    let fields: Vec<String> = csv_rows(&summary, "data_quality.csv").iter().map(|row| row["field"].clone()).collect();
    assert!(fields.contains(&"nhs_number".to_string()) && fields.contains(&"date_of_birth".to_string()));
    for (name, bytes) in summary.files().filter(|(name, _)| !name.ends_with(".xlsx")) {
        assert!(!String::from_utf8_lossy(bytes).to_lowercase().contains("sensitiv"), "{name}");
    }
}

/// Where counts are exact, those that are left of a whole are hidden with it, and so is what no sum protects.
#[test]
fn exact_counts_tell_neither_few_rows_that_lack_a_value_nor_overlaps_that_nothing_protects() {
    let person = |at: usize| Person {
        age: Some(40),
        sex: Sex::Female,
        ethnicity: EthnicGroup::White,
        status: Status::Registered,
        weakest: None,
        area: 0,
        providers: if at < 200 { vec![0, 2] } else { vec![1, 2, 3] },
    };
    let people: Vec<Person> = (0..400).map(person).collect();
    let told = |disclosure: Disclosure| {
        let control = Control::new(Preset::of(disclosure), &[1; 32]);
        with_facts_under(&control, &people, &[(0, 0, 0); 4], build)
    };
    let (exact, rounded) = (told(Disclosure::Ons5), told(Disclosure::Hes));
    let born = |summary: &Summary| {
        let row = csv_rows(summary, "data_quality.csv").into_iter().find(|row| row["field"] == "date_of_birth");
        let row = row.expect("the first provider has it");
        [row["records"].clone(), row["filled"].clone(), row["usable"].clone()]
    };
    assert_eq!(born(&exact), ["200", "*", "*"]);
    assert!(born(&rounded).iter().all(|count| count != "*"));
    let pairs = |summary: &Summary| -> Vec<(String, String)> {
        let rows = csv_rows(summary, "provider_overlap.csv").into_iter();
        rows.map(|row| (row["provider"].clone(), row["other_provider"].clone())).collect()
    };
    let of_two = |one: &str, other: &str| (one.to_string(), other.to_string());
    assert_eq!(pairs(&exact), [of_two("acute-c", "hospice-d"), of_two("hospice-d", "acute-c")]);
    assert_eq!(pairs(&rounded).len(), 12);
}

#[test]
fn nobody_at_all_still_makes_a_page() {
    let summary = with_facts(&[], &[(0, 0, 0)], build);
    assert!(summary.report_html.contains("<h1>"));
    let none = with_facts(&[], &[], build);
    assert!(none.report_html.ends_with("</html>"));
}

#[test]
fn a_name_that_looks_like_a_formula_or_like_markup_does_no_harm() {
    let summary = with_facts(&[], &[(0, 0, 0)], |facts| {
        let mut facts = facts.clone();
        facts.providers[0].name = "=HYPERLINK(1)<b>";
        build(&facts)
    });
    assert_eq!(csv_rows(&summary, "providers.csv")[0]["name"], "'=HYPERLINK(1)<b>");
    assert!(summary.report_html.contains("=HYPERLINK(1)&lt;b&gt;"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Every cell of the workbook, as another library reads it, is that of the file.
    #[test]
    fn the_workbook_says_what_the_files_say((providers, people) in population()) {
        use calamine::{Data, Reader, Xlsx};
        let rows = vec![(20, 9, 3); providers as usize];
        let summary = with_facts(&people, &rows, build);
        let again = with_facts(&people, &rows, build);
        prop_assert!(again.report_xlsx == summary.report_xlsx, "the same facts, the same bytes");
        let mut book: Xlsx<_> =
            calamine::open_workbook_from_rs(std::io::Cursor::new(summary.report_xlsx)).expect("a workbook");
        let names = book.sheet_names();
        prop_assert_eq!(&names[0], "Notes");
        let notes = book.worksheet_range("Notes").expect("a sheet");
        let files: Vec<_> = summary.csv.iter().filter(|(file, _)| file != "dictionary.csv").collect();
        prop_assert_eq!(names.len(), files.len() + 1);
        for (file, bytes) in files {
            let name = file.trim_end_matches(".csv").replace('_', " ");
            prop_assert!(notes.rows().any(|row| row[0] == Data::String(name.clone())), "{} is not explained", name);
            let sheet = book.worksheet_range(&name).unwrap_or_else(|_| panic!("{name} is missing"));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
            for (row, record) in reader.records().enumerate() {
                for (column, text) in record.expect("CSV").iter().enumerate() {
                    let told = sheet.get((row, column)).map(ToString::to_string).unwrap_or_default();
                    let same = match told.parse::<f64>() {
                        Ok(number) => text.parse() == Ok(number),
                        Err(_) if row == 0 => told.split(" (").next() == Some(&text.replace('_', " ")),
                        Err(_) => told == text,
                    };
                    prop_assert!(same, "{} {} {}: {} is not {}", name, row, column, told, text);
                }
            }
        }
    }
}

/// What a commissioner expects of a workbook, in its own XML: every sheet of figures has a header that stays, a filter over all of it,
/// columns as wide as what they hold, units in the header, and paper that it fits.
#[test]
fn every_sheet_has_a_header_that_stays_filters_widths_and_units() {
    use std::io::Read;
    let person = |age: u8| Person {
        age: Some(age),
        sex: Sex::Female,
        ethnicity: EthnicGroup::White,
        status: Status::Registered,
        weakest: Some(0.99),
        area: 0,
        providers: vec![0],
    };
    let summary = with_facts(&(0..200).map(|at| person(at % 90)).collect::<Vec<_>>(), &[(20, 9, 3)], build);
    let sheets = summary.csv.len() - 1;
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(summary.report_xlsx)).expect("a workbook is a zip file");
    let mut part = |name: &str| {
        let mut text = String::new();
        book.by_name(name).expect("the part is there").read_to_string(&mut text).expect("it is XML");
        text
    };
    for at in 2..sheets + 2 {
        let sheet = part(&format!("xl/worksheets/sheet{at}.xml"));
        assert!(sheet.contains("<pane ySplit=\"1\" topLeftCell=\"A2\"") && sheet.contains("state=\"frozen\""), "{at}");
        let columns = sheet.split("<dimension ref=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a size");
        assert!(sheet.contains(&format!("<autoFilter ref=\"{columns}\"")), "{at}: {columns}");
        let widths = sheet.split(" width=\"").skip(1).map(|rest| rest.split('"').next().expect("a width"));
        assert!(widths.map(|width| width.parse::<f64>().expect("a number")).all(|width| width > 7.0), "{at}");
        assert!(sheet.contains("paperSize=\"9\"") && sheet.contains("orientation=\"landscape\""), "{at}");
        assert!(!sheet.contains("<f>"), "{at} has a formula");
    }
    let words = part("xl/sharedStrings.xml");
    for header in
        ["records (rows)", "quarantined (rows)", "usable percent", "A star stands for a number that is hidden"]
    {
        assert!(words.contains(header), "{header}");
    }
    assert!(words.contains("1 to 7 as *"), "the notes say how small counts are protected");
}
