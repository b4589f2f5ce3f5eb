//! The laws of the summary, on small made-up populations full of small groups.

use super::count::{self, Counts};
use super::disclosure::{Control, Preset};
use super::{
    EthnicGroup, Facts, FieldQuality, Linkage, NO_AREA, Past, People, Provider, SegmentSet, Sex, Status, Summary, build,
};
use crate::care::{CareCounts, PersonCare, RuleCount};
use crate::end_of_life::{EndOfLifeCounts, PersonEnding};
use crate::intake::QuarantineCode;
use crate::job::{Disclosure, Setting};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One person, before they are laid out in columns.
#[derive(Debug, Clone)]
pub(super) struct Person {
    age: Option<u8>,
    sex: Sex,
    ethnicity: EthnicGroup,
    status: Status,
    weakest: Option<f64>,
    area: u32,
    providers: Vec<u16>,
}

const AREAS: u32 = 4;
const PROVIDER_IDS: [&str; 4] = ["gp-a", "gp-b", "acute-c", "hospice-d"];
const SETTINGS: [Setting; 4] = [Setting::GeneralPractice, Setting::GeneralPractice, Setting::Acute, Setting::Hospice];

pub(super) fn any_person(providers: u16) -> impl Strategy<Value = Person> {
    let area = prop_oneof![8 => 0..2u32, 1 => 2..AREAS, 1 => Just(NO_AREA)];
    let known = prop::collection::btree_set(0..providers, 0..=providers as usize);
    let age = prop_oneof![9 => (20u8..24).prop_map(Some), 2 => (0u8..=120).prop_map(Some), 1 => Just(None)];
    let sex = prop_oneof![6 => Just(Sex::Female), 3 => Just(Sex::Male), 1 => Just(Sex::Other)];
    let status = prop_oneof![12 => Just(Status::Registered), 1 => prop::sample::select(Status::ALL.to_vec())];
    let ethnicity = prop_oneof![9 => Just(EthnicGroup::White), 2 => prop::sample::select(EthnicGroup::ALL.to_vec())];
    let weakest = prop::option::of(0.9f64..=1.0);
    let all = (age, sex, ethnicity, status, weakest, area, known);
    all.prop_map(|(age, sex, ethnicity, status, weakest, area, known)| Person {
        age,
        sex,
        ethnicity,
        status,
        weakest,
        area,
        providers: known.into_iter().collect(),
    })
}

fn population() -> impl Strategy<Value = (u16, Vec<Person>)> {
    (1..=4u16).prop_flat_map(|providers| (Just(providers), prop::collection::vec(any_person(providers), 0..220)))
}

/// Rows that are not people's records, per provider: (withheld, ragged, filler).
pub(super) type Rows = (u64, u64, u64);

fn with_facts<T>(people: &[Person], rows: &[Rows], then: impl FnOnce(&Facts) -> T) -> T {
    with_facts_under(&Control::new(Preset::of(Disclosure::Hes), &[1; 32]), people, rows, then)
}

pub(super) fn with_facts_under<T>(
    control: &Control,
    people: &[Person],
    rows: &[Rows],
    then: impl FnOnce(&Facts) -> T,
) -> T {
    let area_names: Vec<String> = (0..AREAS).map(|area| format!("QQ{}", area + 1)).collect();
    let (mut ends, mut known) = (Vec::new(), Vec::new());
    for person in people {
        known.extend(&person.providers);
        ends.push(known.len() as u64);
    }
    let provider = |index: usize| {
        let records = known.iter().filter(|&&provider| provider as usize == index).count() as u64;
        let (withheld_rows, ragged, filler) = rows[index];
        Provider {
            id: PROVIDER_IDS[index],
            name: PROVIDER_IDS[index],
            setting: SETTINGS[index],
            days_old: None,
            records,
            withheld_rows,
            quarantined: vec![(QuarantineCode::Ragged, ragged), (QuarantineCode::FillerPerson, filler)],
            fields: vec![FieldQuality { field: "nhs_number", filled: records / 2, valid: records / 3 }],
        }
    };
    let column = |of: fn(&Person) -> Option<u8>| people.iter().map(of).collect::<Vec<_>>();
    let age = column(|person| person.age);
    let sex: Vec<Sex> = people.iter().map(|person| person.sex).collect();
    let ethnicity: Vec<EthnicGroup> = people.iter().map(|person| person.ethnicity).collect();
    let status: Vec<Status> = people.iter().map(|person| person.status).collect();
    let weakest: Vec<Option<f64>> = people.iter().map(|person| person.weakest).collect();
    let area: Vec<u32> = people.iter().map(|person| person.area).collect();
    let halves: Vec<u8> = people.iter().map(|person| person.age.map_or(2, |age| u8::from(age > 21))).collect();
    then(&Facts {
        job: "test",
        as_of: jiff::civil::date(2026, 11, 22),
        run_id: "2026-11-22-01",
        control,
        providers: (0..rows.len()).map(provider).collect(),
        people: People {
            age: &age,
            sex: &sex,
            ethnicity: &ethnicity,
            status: &status,
            weakest: &weakest,
            area: &area,
            area_names: &area_names,
            provider_ends: &ends,
            providers: &known,
        },
        linkage: Linkage { pairs_compared: 3, links: 2, review: 1, estimate: None },
        changes: None,
        segment_sets: vec![SegmentSet {
            id: "halves",
            name: "Halves",
            source: None,
            absent: &[],
            segments: vec![("young", "Young"), ("old", "Old")],
            of_person: &halves,
        }],
        cohorts: &[],
        past: Past::default(),
        care: Some(care_of(people)),
        end_of_life: Some(end_of_life_of(people)),
    })
}

/// Packages that hang on what is known of each: a need that many have, one that few have, and overlaps, ends and gaps of the first.
fn care_of(people: &[Person]) -> CareCounts {
    let rule = RuleCount { id: "old".into(), name: "Old".into(), need: "common".into(), due: 0, gaps: 0 };
    let mut counts = CareCounts { rules: vec![rule], ..CareCounts::default() };
    for person in people.iter().filter(|person| matches!(person.status, Status::Registered | Status::KnownOnly)) {
        let has = |provider: u16| person.providers.contains(&provider);
        let old = person.age.is_some_and(|age| age > 21);
        let words = |holds: bool, word: &'static str| if holds { vec![word] } else { Vec::new() };
        counts.add(&PersonCare {
            current: has(0) || person.sex == Sex::Other,
            needs: words(has(0), "common").into_iter().chain(words(person.sex == Sex::Other, "rare")).collect(),
            overlaps: words(has(0) && has(1), "common"),
            ended: words(!has(0) && has(2), "common"),
            due: words(old, "old"),
            gaps: words(old && !has(0), "old"),
        });
    }
    counts
}

/// Wishes and deaths that hang on what is known of each.
fn end_of_life_of(people: &[Person]) -> EndOfLifeCounts {
    let mut counts = EndOfLifeCounts::default();
    for person in people {
        let has = |provider: u16| person.providers.contains(&provider);
        let place = |holds: bool| Some(if holds { "home" } else { "hospital" });
        counts.add(&PersonEnding {
            here: matches!(person.status, Status::Registered | Status::KnownOnly),
            died_lately: person.status == Status::Died,
            on_register: has(0),
            recorded: has(1),
            known_to_last: Some(has(2)),
            late_admissions: i64::from(person.sex == Sex::Female),
            preferred_place_of_death: place(has(1)).filter(|_| has(0)),
            place_of_death: place(has(2)),
        });
    }
    counts
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
