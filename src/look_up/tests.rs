use super::born::{Born, BornAlike};
use super::build::{Gathered, Named};
use super::*;
use crate::best_record::days;
use crate::identity::PersonId;
use crate::publish::published::PublishedRun;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const AS_OF: Date = date(2026, 11, 22);

/// Given, family and another name, and a date of birth.
type Somebody = (&'static str, &'static str, &'static str, &'static str);

const PEOPLE: [Somebody; 9] = [
    ("John", "Smith", "", "1950-03-12"),
    ("Jon", "Smith", "", "1950-12-03"),
    ("Margaret", "O'Brien", "Margaret Quarmby", "1931-07-01"),
    ("William", "Featherstone", "", "1988-02-29"),
    ("Wilhelmina", "Featherstone", "", "1988-02-28"),
    ("Mary Ann", "Satterthwaite", "", "1964-10-17"),
    ("Nimco", "Abdi Warsame", "", "2001-05-05"),
    ("J", "Ollerenshaw", "", "1979-08-30"),
    ("Zenobia", "Umpleby", "", ""),
];

/// A run's folder that has nothing but the index of some people, with their ids.
struct Indexed {
    folder: tempfile::TempDir,
    ids: Vec<String>,
}

fn person_id(nth: usize) -> String {
    PersonId::example(nth as u64).to_string()
}

fn indexed(people: &[Somebody]) -> Indexed {
    indexed_at(people, |nth| if nth == 0 { "NW1 4AB".into() } else { String::new() })
}

/// The same with the postcode of each.
fn indexed_at(people: &[Somebody], postcode: impl Fn(usize) -> String) -> Indexed {
    let ids: Vec<String> = (0..people.len()).map(person_id).collect();
    let mut gathered = Gathered::new(AS_OF);
    for (nth, ((given, family, other, born), id)) in people.iter().zip(&ids).enumerate() {
        let postcode = postcode(nth);
        let others: Vec<String> =
            Some(*other).filter(|other| !other.is_empty()).map(str::to_string).into_iter().collect();
        gathered.add_person(&Named {
            id,
            day: born.parse().map_or(crate::best_record::NO_DATE, days),
            given: Some(given),
            middle: None,
            family: Some(family),
            previous: None,
            others: &others,
            postcode: Some(postcode.as_str()).filter(|postcode| !postcode.is_empty()),
        });
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = Vec::new();
    gathered.laid_out().write(&mut bytes, [7; 32]).expect("memory is there");
    std::fs::write(folder.path().join("find.index"), bytes).expect("the disk is there");
    Indexed { folder, ids }
}

impl Indexed {
    fn open(&self) -> crate::failure::Result<Finder> {
        Finder::open(&PublishedRun { run_id: "2026-11-22-01".into(), folder: self.folder.path().to_path_buf() })
    }

    fn ask(&self, name: &str, born: &str) -> Answer {
        let query = Query::read(Some(name), Some(born), None, AS_OF).expect("a question");
        self.open().expect("an index").ask(&query, 5, false, &|_| false).expect("it is whole")
    }

    #[track_caller]
    fn finds(&self, name: &str, born: &str, nth: usize) {
        let found = self.ask(name, born).found;
        assert_eq!(found.first().map(|found| &found.person_id), Some(&self.ids[nth]), "{name}, {born}: {found:#?}");
    }
}

#[test]
fn people_are_found_however_they_are_spelt() {
    let town = indexed(&PEOPLE);
    town.finds("john smith", "1950-03-12", 0);
    town.finds("Smith, Jon", "3/12/1950", 1);
    town.finds("obrien margaret", "1931", 2);
    town.finds("O Brien Peggy", "01/07/1931", 2);
    town.finds("quarmby", "1/7/1931", 2);
    town.finds("bill fetherstone", "29 Feb 1988", 3);
    town.finds("wilhelmina featherston", "1988-02-28", 4);
    town.finds("maryann satterthwaite", "1964-10-17", 5);
    town.finds("nimco warsame", "2001-05-06", 6);
    town.finds("james ollerenshaw", "1979-08-30", 7);
    town.finds("zenobia umpleby", "1990-01-01", 8);
    assert!(town.ask("hereward nothelm", "1811-01-01").found.is_empty());
}

#[test]
fn a_postcode_tells_namesakes_apart() {
    const AREAS: [&str; 8] = ["AB", "CF", "DE", "HA", "LS", "NW", "PO", "TR"];
    let namesake = |nth: usize| ("Mary", "Khan", "", ["1970-05-11", "1970-05-12"][nth % 2]);
    let other = ("Peter", "Quill", "", "1940-02-03");
    let people: Vec<Somebody> = (0..40).map(namesake).chain(std::iter::repeat_n(other, 2000)).collect();
    let town = indexed_at(&people, |nth| match nth {
        0..40 => format!("{}{} 4AB", AREAS[nth % 8], 1 + nth / 8),
        _ => "EX1 1AA".into(),
    });
    let first = |born: &str, postcode: &str| {
        let query = Query::read(Some("mary khan"), Some(born), Some(postcode), AS_OF).expect("a question");
        let found = town.open().expect("an index").ask(&query, 3, false, &|_| false).expect("it is whole").found;
        (town.ids.iter().position(|id| *id == found[0].person_id).expect("one of them"), found[0].postcode)
    };
    assert_eq!(first("1970-05-11", "ab4 4ab"), (24, Some(PlaceAlike::Same)));
    // Whose date was misheard lives where it was said.
    assert_eq!(first("1970-05-12", "AB44AB"), (24, Some(PlaceAlike::Same)));
    assert_eq!(first("1970-05-11", "AB4 4AX"), (24, Some(PlaceAlike::OneSlip)));
    assert_eq!(first("1970-05-11", "AB4 4XY"), (24, Some(PlaceAlike::SameSector)));
    assert_eq!(first("1970-05-11", "AB4 9XY"), (24, Some(PlaceAlike::SameDistrict)));
    assert_eq!(first("1970-05-11", "AB4"), (24, Some(PlaceAlike::Same)));
    assert_eq!(first("1970-05-12", "W1A 1AA").1, Some(PlaceAlike::Elsewhere));
    let refused = Query::read(Some("mary khan"), None, Some("Paris"), AS_OF).expect_err("no such postcode");
    assert_eq!(refused.code.id, "OF0580");
    assert!(!refused.to_string().contains("Paris"));
}

#[test]
fn whoever_is_gone_is_not_told_of() {
    let town = indexed(&PEOPLE);
    let query = Query::read(Some("john smith"), Some("1950-03-12"), None, AS_OF).expect("a question");
    let gone = PersonId::parse(&town.ids[0]).expect("an id");
    let answer = town.open().expect("an index").ask(&query, 5, false, &|person| person == gone).expect("whole");
    assert!(!answer.found.is_empty() && answer.found.iter().all(|found| found.person_id != town.ids[0]));
    assert!(answer.found.iter().all(|found| found.names.is_none() && found.born.is_none()));
}

#[test]
fn a_damaged_index_is_refused_and_never_a_panic() {
    let town = indexed(&PEOPLE);
    let path = town.folder.path().join("find.index");
    let whole = std::fs::read(&path).expect("just written");
    for length in (0..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..length]).expect("the disk is there");
        assert!(town.open().is_err(), "{length}");
    }
    let mut of_another_version = whole.clone();
    of_another_version[6..8].copy_from_slice(b"01");
    std::fs::write(&path, of_another_version).expect("the disk is there");
    assert_eq!(town.open().err().expect("it is refused").code.id, "OF0581");
    std::fs::remove_file(&path).expect("it is there");
    assert_eq!(town.open().err().expect("there is none").code.id, "OF0581");
}

#[test]
fn questions_that_ask_nothing() {
    for (name, born) in [(Some("12"), None), (None, Some("yesterday")), (Some(" "), Some(" ")), (Some("j"), None)] {
        let failure = Query::read(name, born, None, AS_OF).expect_err("nothing can be looked for");
        assert_eq!(failure.code.id, "OF0580");
        assert!(!failure.to_string().contains("yesterday"));
    }
}

proptest! {
    /// Any byte changed: an answer or a refusal, and an answer is of people who are there.
    #[test]
    fn a_changed_byte_is_no_panic(at in 0usize..2000, to in 0u8..=255) {
        let town = indexed(&PEOPLE);
        let path = town.folder.path().join("find.index");
        let mut bytes = std::fs::read(&path).expect("just written");
        let at = at % bytes.len();
        bytes[at] = to;
        std::fs::write(&path, bytes).expect("the disk is there");
        let query = Query::read(Some("jon smith"), Some("1950-03-12"), None, AS_OF).expect("a question");
        if let Ok(finder) = town.open() {
            let _ = finder.ask(&query, 5, true, &|_| false);
        }
    }

    /// The place in the file never matters: each of many is found by what is known of them.
    #[test]
    fn everybody_is_found_by_their_own_name_and_day(order in Just((0..PEOPLE.len() - 1).collect::<Vec<_>>()).prop_shuffle()) {
        let people: Vec<Somebody> = order.iter().map(|&at| PEOPLE[at]).collect();
        let town = indexed(&people);
        for (nth, (given, family, _, born)) in people.iter().enumerate() {
            town.finds(&format!("{family} {given}"), born, nth);
        }
    }

    #[test]
    fn dates_agree_as_they_should(day in -30_000i32..20_000, other in -30_000i32..20_000) {
        let (one, two) = (Born::of_day(day).expect("a day"), Born::of_day(other).expect("a day"));
        prop_assert_eq!(one.alike(one), (BornAlike::Exact, 0.0));
        prop_assert_eq!(one.alike(two), two.alike(one));
        prop_assert_eq!(one.alike(two).0 == BornAlike::Exact, day == other);
    }
}

#[test]
fn how_dates_agree() {
    let alike =
        |said: &str, recorded: &str| Born::read(said).expect("a date").alike(Born::read(recorded).expect("a date")).0;
    for (said, recorded, how) in [
        ("19500312", "19500312", BornAlike::Exact),
        ("1950", "19500312", BornAlike::Exact),
        ("19501203", "19500312", BornAlike::DayMonthSwapped),
        ("19510312", "19500312", BornAlike::OneDigitOfYear),
        ("19500313", "19500312", BornAlike::OneDigitOfDay),
        ("19500912", "19500312", BornAlike::OneDigitOfMonth),
        ("19050312", "19500312", BornAlike::DigitsSwapped),
        ("19500321", "19500312", BornAlike::DigitsSwapped),
        ("19501112", "19500212", BornAlike::OtherMonth),
        ("19640312", "19500312", BornAlike::OtherYear),
        ("19500324", "19500312", BornAlike::OtherDay),
        ("19640805", "19500312", BornAlike::Different),
        ("1964", "19500312", BornAlike::Different),
    ] {
        assert_eq!(alike(said, recorded), how, "{said} {recorded}");
    }
}
