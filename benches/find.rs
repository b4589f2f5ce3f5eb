//! How fast and how often `find` is right: `cargo bench --bench find -- JOB [QUESTIONS]`.
//!
//! Takes people of the job's current run by chance, asks for each with what a caller would get wrong, and prints, for each kind of damage, how
//! often the first answer is that person, how often one of the first five is, and the milliseconds of an answer with the index opened.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Date32Type;
use onefolk::job::Job;
use onefolk::person::{Asking, Query};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::fs::File;
use std::path::Path;
use std::time::Instant;

/// What a caller gets wrong.
const DAMAGE: [&str; 8] = [
    "nothing",
    "a letter of the family name",
    "a letter of the given name",
    "names in the other order",
    "day and month swapped",
    "a digit of the date",
    "the day",
    "a letter and the day",
];

struct Known {
    id: String,
    given: String,
    family: String,
    born: jiff::civil::Date,
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
    println!("| what is wrong | first | among five | median ms | 99 % ms |\n|---|---|---|---|---|");
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let (mut all_first, mut all_times) = (0, Vec::new());
    for (kind, words) in DAMAGE.iter().enumerate() {
        let (mut first, mut five, mut times) = (0, 0, Vec::new());
        for _ in 0..questions {
            let person = &people[random.random_range(0..people.len())];
            let (name, born) = damaged(person, kind, &mut random);
            let query = Query::read(Some(&name), Some(&born), job.as_of).unwrap_or_else(|failure| panic!("{failure}"));
            let began = Instant::now();
            let answer = asking.ask(&query, 5).unwrap_or_else(|failure| panic!("{failure}"));
            times.push(milliseconds(began));
            first += usize::from(answer.found.first().is_some_and(|found| found.person_id == person.id));
            five += usize::from(answer.found.iter().any(|found| found.person_id == person.id));
        }
        times.sort_by(f64::total_cmp);
        let share = |count: usize| 100.0 * count as f64 / questions as f64;
        let [half, most] = [times[questions / 2], times[questions * 99 / 100]];
        println!("| {words} | {:.1} % | {:.1} % | {half:.2} | {most:.2} |", share(first), share(five));
        all_first += first;
        all_times.extend(times);
    }
    all_times.sort_by(f64::total_cmp);
    let asked = all_times.len();
    println!(
        "All: first answer right {:.2} %; median {:.2} ms, 99 % {:.2} ms, longest {:.2} ms.",
        100.0 * all_first as f64 / asked as f64,
        all_times[asked / 2],
        all_times[asked * 99 / 100],
        all_times[asked - 1]
    );
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn people(path: &Path) -> Vec<Known> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a current run")).expect("Parquet");
    let wanted = ["person_id", "given_name", "family_name", "date_of_birth"];
    let places = wanted.map(|name| builder.schema().index_of(name).expect("the column"));
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    let mut people = Vec::new();
    for batch in builder.with_projection(mask).build().expect("Parquet") {
        let batch = batch.expect("a whole file");
        let text = |name: &str| batch.column_by_name(name).expect("the column").as_string::<i32>().clone();
        let (id, given, family) = (text("person_id"), text("given_name"), text("family_name"));
        let born = batch.column_by_name("date_of_birth").expect("the column").as_primitive::<Date32Type>();
        for row in
            (0..batch.num_rows()).filter(|&row| given.is_valid(row) && family.is_valid(row) && born.is_valid(row))
        {
            if given.value(row).len() < 2 || family.value(row).len() < 2 {
                continue;
            }
            let day = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(born.value(row)));
            let text = |column: &arrow::array::StringArray| column.value(row).to_string();
            people.push(Known { id: text(&id), given: text(&given), family: text(&family), born: day });
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
        6 => born = other_day(person.born, random),
        7 => (family, born) = (mistyped(&family, random), other_day(person.born, random)),
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

fn other_day(born: jiff::civil::Date, random: &mut ChaCha8Rng) -> String {
    let day = random.random_range(1..=28);
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
        written[at] = b'0' + random.random_range(0..10u8);
        let written = String::from_utf8(written).expect("digits");
        if written.parse::<jiff::civil::Date>().is_ok_and(|date| date.year() > 1900) {
            return written;
        }
    }
}
