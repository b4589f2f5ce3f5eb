//! How fast and how often `find` is right: `cargo bench --bench find -- JOB [QUESTIONS]`.
//!
//! Takes people of the job's current run by chance, asks for each with what a caller would get wrong, and prints, for each kind of damage, how
//! often the first answer is that person, how often one of the first five is, how many of the misses nobody could tell (the name and date of
//! the first answer are no further from the question than those of the person who was meant), how often the first answer is right where the
//! postcode is said as well, and the milliseconds of an answer with the index opened.
//!
//! What kinds of damage weigh together is how often they occur in what urgent care writes down of what it is told
//! (data/reference/generate/damage.csv, where the sources are).

use arrow::array::{Array, AsArray};
use arrow::datatypes::Date32Type;
use onefolk::job::Job;
use onefolk::person::{Asking, Found, Query};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

/// What a caller gets wrong, and of how many questions in a thousand.
const DAMAGE: [(&str, f64); 9] = [
    ("nothing", 0.0),
    ("a letter of the family name", 102.0),
    ("a letter of the given name", 40.0),
    ("names in the other order", 16.0),
    ("day and month swapped", 6.0),
    ("a digit of the date", 8.0),
    ("the year, by 1, 2 or 10", 8.0),
    ("the day", 4.0),
    ("a letter and the day", 2.0),
];

/// How the questions of one kind of damage were answered.
#[derive(Default)]
struct Asked {
    first: usize,
    five: usize,
    /// Misses where the first answer explains the question as well.
    unknowable: usize,
    first_with_postcode: usize,
    with_postcode: usize,
    milliseconds: Vec<f64>,
}

struct Known {
    id: String,
    given: String,
    family: String,
    born: jiff::civil::Date,
    postcode: Option<String>,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(path) = arguments.next() else {
        println!("find: no job was named, so nothing is measured; cargo bench --bench find -- JOB [QUESTIONS]");
        return;
    };
    let questions: usize = arguments.next().map_or(1000, |count| count.parse().expect("a number of questions"));
    let job = Job::read(Path::new(&path)).unwrap_or_else(|failure| panic!("{failure}"));
    let people = people(&job.output.join("current/people.parquet"));
    let began = Instant::now();
    let asking = Asking::of(&job, false).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{} people with both names and a date; index opened in {:.1} ms", people.len(), milliseconds(began));
    println!(
        "| what is wrong | first | among five | misses that nobody could tell | first, with the postcode | median ms | 99 % ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    let at_place: HashMap<&str, usize> = people.iter().zip(0..).map(|(person, at)| (person.id.as_str(), at)).collect();
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut all: Vec<Asked> = Vec::new();
    for (kind, (words, _)) in DAMAGE.iter().enumerate() {
        let mut told = Asked::default();
        for _ in 0..questions {
            let person = &people[random.random_range(0..people.len())];
            let (name, born) = damaged(person, kind, &mut random);
            ask(&asking, &job, person, (&name, &born), &mut told, |id| at_place.get(id).map(|&at| &people[at]));
        }
        told.milliseconds.sort_by(f64::total_cmp);
        let misses = questions - told.first;
        println!(
            "| {words} | {} | {} | {} of {misses} | {} | {:.2} | {:.2} |",
            percent(told.first, questions),
            percent(told.five, questions),
            told.unknowable,
            percent(told.first_with_postcode, told.with_postcode),
            told.milliseconds[questions / 2],
            told.milliseconds[questions * 99 / 100],
        );
        all.push(told);
    }
    together(&all, questions);
}

/// Asks once without and once with the postcode.
fn ask<'a>(
    asking: &Asking,
    job: &Job,
    person: &Known,
    (name, born): (&str, &str),
    told: &mut Asked,
    known: impl Fn(&str) -> Option<&'a Known>,
) {
    let read = |postcode| {
        Query::read(Some(name), Some(born), postcode, job.as_of).unwrap_or_else(|failure| panic!("{failure}"))
    };
    let answer = |query| asking.ask(&query, 5).unwrap_or_else(|failure| panic!("{failure}")).found;
    let query = read(None);
    let began = Instant::now();
    let found = answer(query);
    told.milliseconds.push(milliseconds(began));
    let is_meant = |found: &Found| found.person_id == person.id;
    if found.first().is_some_and(is_meant) {
        told.first += 1;
    } else {
        let first = found.first().and_then(|first| known(&first.person_id));
        told.unknowable += usize::from(first.is_some_and(|first| far(first, name, born) <= far(person, name, born)));
    }
    told.five += usize::from(found.iter().any(is_meant));
    if let Some(postcode) = &person.postcode {
        told.with_postcode += 1;
        told.first_with_postcode += usize::from(answer(read(Some(postcode))).first().is_some_and(is_meant));
    }
}

/// How far somebody's name and date are from a question: slips of the names, in the order that is nearer, and of the date, whose day and
/// month may stand for each other in one.
fn far(person: &Known, name: &str, born: &str) -> usize {
    let slips = |one: &str, other: &str| strsim::osa_distance(&one.to_lowercase(), &other.to_lowercase());
    let (given, family) = (&person.given, &person.family);
    let name = slips(name, &format!("{given} {family}")).min(slips(name, &format!("{family} {given}")));
    let date = slips(born, &person.born.to_string());
    let swapped = swapped(person.born).map_or(date, |swapped| slips(born, &swapped) + 1);
    name + date.min(swapped)
}

/// All kinds of damage: each as often as it occurs, and each as often as any other.
fn together(all: &[Asked], questions: usize) {
    let weigh = |share: &dyn Fn(&Asked) -> f64, weights: &dyn Fn(f64) -> f64| {
        let kinds = || all.iter().zip(DAMAGE).filter(|(_, (_, often))| *often > 0.0);
        let total: f64 = kinds().map(|(_, (_, often))| weights(often)).sum();
        kinds().map(|(told, (_, often))| share(told) * weights(often)).sum::<f64>() / total * 100.0
    };
    let first = |told: &Asked| told.first as f64 / questions as f64;
    let told = |told: &Asked| told.first as f64 / (questions - told.unknowable) as f64;
    let postcode = |told: &Asked| told.first_with_postcode as f64 / told.with_postcode.max(1) as f64;
    for (words, weights) in [
        ("each as often as it occurs", &(|often| often) as &dyn Fn(f64) -> f64),
        ("each as often as any other", &|_| 1.0),
    ] {
        println!(
            "Damaged questions, {words}: first answer right {:.2} %; {:.2} % of those that somebody could tell; {:.2} % with the postcode.",
            weigh(&first, weights),
            weigh(&told, weights),
            weigh(&postcode, weights),
        );
    }
    let mut times: Vec<f64> = all.iter().flat_map(|told| told.milliseconds.iter().copied()).collect();
    times.sort_by(f64::total_cmp);
    let asked = times.len();
    println!(
        "All answers: median {:.2} ms, 99 % {:.2} ms, longest {:.2} ms.",
        times[asked / 2],
        times[asked * 99 / 100],
        times[asked - 1]
    );
}

fn percent(count: usize, of: usize) -> String {
    format!("{:.1} %", 100.0 * count as f64 / of.max(1) as f64)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn people(path: &Path) -> Vec<Known> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a current run")).expect("Parquet");
    let wanted = ["person_id", "given_name", "family_name", "date_of_birth", "postcode"];
    let places = wanted.map(|name| builder.schema().index_of(name).expect("the column"));
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    let mut people = Vec::new();
    for batch in builder.with_projection(mask).build().expect("Parquet") {
        let batch = batch.expect("a whole file");
        let text = |name: &str| batch.column_by_name(name).expect("the column").as_string::<i32>().clone();
        let [id, given, family, postcode] = ["person_id", "given_name", "family_name", "postcode"].map(text);
        let born = batch.column_by_name("date_of_birth").expect("the column").as_primitive::<Date32Type>();
        for row in
            (0..batch.num_rows()).filter(|&row| given.is_valid(row) && family.is_valid(row) && born.is_valid(row))
        {
            if given.value(row).len() < 2 || family.value(row).len() < 2 {
                continue;
            }
            let day = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(born.value(row)));
            let text = |column: &arrow::array::StringArray| column.value(row).to_string();
            let postcode = postcode.is_valid(row).then(|| text(&postcode));
            people.push(Known { id: text(&id), given: text(&given), family: text(&family), born: day, postcode });
        }
    }
    people
}

fn damaged(person: &Known, kind: usize, random: &mut ChaCha8Rng) -> (String, String) {
    let (mut given, mut family, mut born) = (person.given.clone(), person.family.clone(), person.born.to_string());
    match kind {
        1 => family = mistyped(&family, random),
        2 => given = mistyped(&given, random),
        3 => std::mem::swap(&mut given, &mut family),
        4 => born = swapped(person.born).unwrap_or(born),
        5 => born = other_digit(person.born, random),
        6 => born = other_year(person.born, random),
        7 => born = other_day(person.born, random),
        8 => (family, born) = (mistyped(&family, random), other_day(person.born, random)),
        _ => {}
    }
    (format!("{given} {family}"), born)
}

/// A letter left out, doubled, replaced, or swapped with the next.
fn mistyped(name: &str, random: &mut ChaCha8Rng) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let at = random.random_range(0..letters.len());
    match random.random_range(0..4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters[at] = char::from(b'a' + random.random_range(0..26u8)),
        _ if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => drop(letters.remove(at)),
    }
    letters.into_iter().collect()
}

fn swapped(born: jiff::civil::Date) -> Option<String> {
    jiff::civil::Date::new(born.year(), born.day(), born.month()).ok().map(|date| date.to_string())
}

/// As the generator's wrong years are.
fn other_year(born: jiff::civil::Date, random: &mut ChaCha8Rng) -> String {
    let years = [-1, 1, -1, 1, -10, 10, 2, -2][random.random_range(0..8)];
    born.saturating_add(jiff::Span::new().years(years)).to_string()
}

/// Another day of the month.
fn other_day(born: jiff::civil::Date, random: &mut ChaCha8Rng) -> String {
    let day = (born.day() + random.random_range(0..27)) % 28 + 1;
    jiff::civil::date(born.year(), born.month(), day).to_string()
}

/// One digit of the date replaced, so that it still is one.
fn other_digit(born: jiff::civil::Date, random: &mut ChaCha8Rng) -> String {
    loop {
        let mut written = born.to_string().into_bytes();
        let at = random.random_range(0..written.len());
        if written[at] == b'-' || at < 2 {
            continue;
        }
        written[at] = b'0' + (written[at] - b'0' + random.random_range(1..10u8)) % 10;
        let written = String::from_utf8(written).expect("digits");
        if written.parse::<jiff::civil::Date>().is_ok_and(|date| date.year() > 1900) {
            return written;
        }
    }
}
