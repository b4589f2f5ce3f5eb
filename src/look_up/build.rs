//! Making `find.index` from the people.parquet that a run has just written.

use super::index::{
    FIND_INDEX, FINGERPRINT, HEADER, ID, MAGIC, NO_POSTCODE, NameWord, POSTCODE, Part, SECTIONS, WORDS_MAX, letters,
};
use crate::best_record::NO_DATE;
use crate::failure::Result;
use crate::job::{Field, Job, Source};
use crate::publish::published::{PublishedRun, Rows};
use crate::publish::{Draft, WrittenFile};
use crate::records::Dictionary;
use crate::standardise::{Context, postcode};
use arrow::array::{Array, StringArray};
use jiff::civil::Date;
use rayon::prelude::*;
use std::io::Write;
use std::ops::Range;

/// The kinds of names, by their places.
const GIVEN: usize = 0;
const MIDDLE: usize = 1;
const FAMILY: usize = 2;

/// Numbers that are written at a time.
const NUMBERS: usize = 16 << 10;

/// Writes the index of the run in `draft`, whose people.parquet stands already. `fingerprint` is of the objections that hold now.
///
/// Some 40 bytes a person are in memory while it is made, and what names there are; about as much is written.
///
/// # Errors
/// Where the disk refuses.
pub(crate) fn write_index(job: &Job, draft: &Draft, fingerprint: [u8; FINGERPRINT]) -> Result<WrittenFile> {
    let mut gathered = Gathered::new(job.as_of);
    gathered.read(&draft.so_far())?;
    let laid_out = gathered.laid_out();
    draft.write_with(FIND_INDEX, |out| laid_out.write(out, fingerprint))
}

/// Somebody, as people.parquet has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub id: &'a str,
    /// Days since 1970, or `NO_DATE`.
    pub day: i32,
    pub given: Option<&'a str>,
    pub middle: Option<&'a str>,
    pub family: Option<&'a str>,
    pub previous: Option<&'a str>,
    pub others: &'a [String],
    /// Canonical; one that is not British is left out.
    pub postcode: Option<&'a str>,
}

/// Everybody, in the order of people.parquet.
pub(super) struct Gathered {
    kinds: [Names; 3],
    words: Dictionary,
    ids: Vec<[u8; ID]>,
    days: Vec<i32>,
    name_ends: Vec<u32>,
    names: Vec<u32>,
    postcodes: Dictionary,
    postcode_of: Vec<u32>,
}

/// The names of one kind, each of which is cleaned once: most people share theirs.
struct Names {
    cleaner: Context,
    known: Dictionary,
    /// Where the words of each name end.
    ends: Vec<u32>,
    /// Each with whether it is of the name's first form.
    words: Vec<(u32, bool)>,
}

impl Names {
    fn new(field: Field, as_of: Date) -> Names {
        let cleaner = Context::learn(field, None, &Source::default(), as_of, &mut std::iter::empty());
        Names { cleaner, known: Dictionary::default(), ends: Vec::new(), words: Vec::new() }
    }

    /// Where the words of a name stand; `all` has the words themselves.
    fn words_of(&mut self, name: &str, all: &mut Dictionary) -> Range<usize> {
        let code = self.known.intern(name) as usize;
        if code == self.ends.len() {
            self.add_words(name, all);
            self.ends.push(self.words.len() as u32);
        }
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        start as usize..self.ends[code] as usize
    }

    fn add_words(&mut self, name: &str, all: &mut Dictionary) {
        let mut clean = String::new();
        if self.cleaner.clean(name, &mut clean).is_null {
            return;
        }
        for (at, form) in clean.split('|').enumerate() {
            for word in form.split(' ').filter(|word| !word.is_empty() && word.is_ascii()) {
                let word = all.intern(word);
                assert!(word < WORDS_MAX, "a vocabulary is a small part of a population");
                self.words.push((word, at == 0));
            }
        }
    }
}

impl Gathered {
    pub(super) fn new(as_of: Date) -> Gathered {
        Gathered {
            kinds: [Field::GivenName, Field::MiddleName, Field::FamilyName].map(|field| Names::new(field, as_of)),
            words: Dictionary::default(),
            ids: Vec::new(),
            days: Vec::new(),
            name_ends: Vec::new(),
            names: Vec::new(),
            postcodes: Dictionary::default(),
            postcode_of: Vec::new(),
        }
    }

    fn read(&mut self, run: &PublishedRun) -> Result<()> {
        let columns = [
            "person_id",
            "given_name",
            "middle_name",
            "family_name",
            "previous_family_name",
            "date_of_birth",
            "other_names",
            "postcode",
        ];
        run.each("people.parquet", &columns, |rows| self.add(rows))
    }

    fn add(&mut self, rows: &Rows) -> Result<()> {
        let (ids, postcodes) = (rows.text("person_id")?, rows.text("postcode")?);
        let [given, middle, family, previous] =
            ["given_name", "middle_name", "family_name", "previous_family_name"].map(|column| rows.text(column));
        let [given, middle, family, previous] = [given?, middle?, family?, previous?];
        let (days, other_names) = (rows.dates("date_of_birth")?, rows.lists("other_names")?);
        for (row, day) in days.into_iter().enumerate() {
            let others: Vec<String> = other_names.of(row).map(str::to_string).collect();
            self.add_person(&Named {
                id: ids.value(row),
                day: day.unwrap_or(NO_DATE),
                given: text(given, row),
                middle: text(middle, row),
                family: text(family, row),
                previous: text(previous, row),
                others: &others,
                postcode: text(postcodes, row),
            });
        }
        Ok(())
    }

    /// Adds somebody.
    ///
    /// # Panics
    /// Where the id is no person_id.
    pub(super) fn add_person(&mut self, named: &Named) {
        let mut id = [0; ID];
        id.copy_from_slice(named.id.as_bytes());
        self.ids.push(id);
        self.days.push(named.day);
        let first = self.names.len();
        self.add_name(first, named.given, GIVEN, Part::Given);
        self.add_name(first, named.family, FAMILY, Part::Family);
        self.add_name(first, named.middle, MIDDLE, Part::Other);
        self.add_name(first, named.previous, FAMILY, Part::Other);
        named.others.iter().for_each(|other| self.add_other_name(first, other));
        self.name_ends.push(self.names.len() as u32);
        let postcode = named.postcode.filter(|code| postcode::outward(code).is_some() && code.len() <= POSTCODE);
        self.postcode_of.push(postcode.map_or(NO_POSTCODE, |postcode| self.postcodes.intern(postcode)));
    }

    /// Adds the words of a name that the person, whose words begin at `first`, does not have yet.
    fn add_name(&mut self, first: usize, name: Option<&str>, kind: usize, part: Part) {
        let Some(name) = name else { return };
        let words = self.kinds[kind].words_of(name, &mut self.words);
        self.add_words(first, kind, words, part);
    }

    /// The same of a whole name, which few others have: nothing is kept of it.
    fn add_other_name(&mut self, first: usize, name: &str) {
        let family = &mut self.kinds[FAMILY];
        let start = family.words.len();
        family.add_words(name, &mut self.words);
        let words = start..family.words.len();
        self.add_words(first, FAMILY, words, Part::Other);
        self.kinds[FAMILY].words.truncate(start);
    }

    fn add_words(&mut self, first: usize, kind: usize, words: Range<usize>, part: Part) {
        for &(word, is_first_form) in &self.kinds[kind].words[words] {
            let part = if is_first_form { part } else { Part::Other };
            let known = self.names[first..].iter().any(|&packed| packed & WORDS_MAX == word);
            if !known {
                self.names.push(NameWord { word, part }.packed());
            }
        }
    }

    /// In the order of the index: words by the alphabet, people by their day of birth.
    pub(super) fn laid_out(self) -> LaidOut {
        let Gathered { kinds, words, ids, days, name_ends, names, postcodes, postcode_of } = self;
        drop(kinds);
        let mut order: Vec<u32> = (0..ids.len() as u32).collect();
        // No two of these are equal.
        order.par_sort_unstable_by_key(|&person| (days[person as usize], ids[person as usize]));
        let (alphabet, place) = in_order(&words);
        let (postcode_order, postcode_place) = in_order(&postcodes);
        let mut laid_out = LaidOut::with_room(ids.len(), names.len());
        for &person in &order {
            let (person, day) = (person as usize, days[person as usize]);
            if laid_out.days.last() != Some(&day) {
                laid_out.days.push(day);
                laid_out.day_ends.push(laid_out.ids.len() as u32);
            }
            laid_out.ids.push(ids[person]);
            *laid_out.day_ends.last_mut().expect("just made") = laid_out.ids.len() as u32;
            let start = if person == 0 { 0 } else { name_ends[person - 1] };
            for &packed in &names[start as usize..name_ends[person] as usize] {
                laid_out.names.push(packed & !WORDS_MAX | place[(packed & WORDS_MAX) as usize]);
            }
            laid_out.name_ends.push(laid_out.names.len() as u32);
            let postcode = postcode_place.get(postcode_of[person] as usize);
            laid_out.postcode_of.push(postcode.copied().unwrap_or(NO_POSTCODE));
        }
        // As many bytes as are laid out.
        drop((order, ids, days, name_ends, names, postcode_of));
        laid_out.postcodes =
            postcode_order.iter().map(|&postcode| format!("{:POSTCODE$}", postcodes.get(postcode))).collect();
        laid_out.count_postcodes();
        laid_out.words = alphabet.iter().map(|&word| words.get(word).to_string()).collect();
        laid_out.gather_holders();
        laid_out
    }
}

/// The codes of a dictionary in the order of their texts, and the place of each code in it.
fn in_order(dictionary: &Dictionary) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<u32> = (0..dictionary.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| dictionary.get(a).cmp(dictionary.get(b)));
    let mut place = vec![0u32; order.len()];
    for (at, &code) in (0..).zip(&order) {
        place[code as usize] = at;
    }
    (order, place)
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// The sections.
#[derive(Default)]
pub(super) struct LaidOut {
    words: Vec<String>,
    holder_ends: Vec<u32>,
    holders: Vec<u32>,
    days: Vec<i32>,
    day_ends: Vec<u32>,
    ids: Vec<[u8; ID]>,
    name_ends: Vec<u32>,
    names: Vec<u32>,
    postcodes: Vec<String>,
    postcode_ends: Vec<u32>,
    postcode_of: Vec<u32>,
}

impl LaidOut {
    /// With room for so many people and words of theirs.
    fn with_room(people: usize, words: usize) -> LaidOut {
        LaidOut {
            ids: Vec::with_capacity(people),
            name_ends: Vec::with_capacity(people),
            names: Vec::with_capacity(words),
            postcode_of: Vec::with_capacity(people),
            ..LaidOut::default()
        }
    }

    fn count_postcodes(&mut self) {
        self.postcode_ends = vec![0; self.postcodes.len()];
        for &postcode in self.postcode_of.iter().filter(|postcode| **postcode != NO_POSTCODE) {
            self.postcode_ends[postcode as usize] += 1;
        }
        for at in 1..self.postcode_ends.len() {
            self.postcode_ends[at] += self.postcode_ends[at - 1];
        }
    }

    /// Counts, then places: two passes over the names.
    fn gather_holders(&mut self) {
        let mut next = vec![0u32; self.words.len() + 1];
        for &packed in &self.names {
            next[(packed & WORDS_MAX) as usize + 1] += 1;
        }
        for word in 1..next.len() {
            next[word] += next[word - 1];
        }
        self.holders = vec![0; self.names.len()];
        let mut start = 0;
        for (person, &end) in (0..).zip(&self.name_ends) {
            for &packed in &self.names[start as usize..end as usize] {
                let at = &mut next[(packed & WORDS_MAX) as usize];
                self.holders[*at as usize] = person;
                *at += 1;
            }
            start = end;
        }
        next.pop();
        self.holder_ends = next;
    }

    pub(super) fn write(&self, out: &mut dyn Write, fingerprint: [u8; FINGERPRINT]) -> std::io::Result<()> {
        let mut word_ends = Vec::with_capacity(self.words.len());
        let mut bytes = 0u32;
        for word in &self.words {
            bytes += word.len() as u32;
            word_ends.push(bytes);
        }
        let word_letters: Vec<u32> = self.words.iter().map(|word| letters(word)).collect();
        let days: Vec<u32> = self.days.iter().map(|day| day.cast_unsigned()).collect();
        let four = |numbers: &[u32]| numbers.len() as u64 * 4;
        let lengths: [u64; SECTIONS] = [
            four(&word_ends),
            u64::from(bytes),
            four(&word_letters),
            four(&self.holder_ends),
            four(&self.holders),
            four(&days),
            four(&self.day_ends),
            (self.ids.len() * ID) as u64,
            four(&self.name_ends),
            four(&self.names),
            (self.postcodes.len() * POSTCODE) as u64,
            four(&self.postcode_ends),
            four(&self.postcode_of),
        ];
        out.write_all(MAGIC)?;
        out.write_all(&fingerprint)?;
        let mut start = HEADER as u64;
        for length in lengths {
            out.write_all(&start.to_le_bytes())?;
            start += length;
            out.write_all(&start.to_le_bytes())?;
        }
        write_numbers(out, &word_ends)?;
        out.write_all(self.words.concat().as_bytes())?;
        for numbers in [&word_letters, &self.holder_ends, &self.holders, &days, &self.day_ends] {
            write_numbers(out, numbers)?;
        }
        out.write_all(self.ids.as_flattened())?;
        write_numbers(out, &self.name_ends)?;
        write_numbers(out, &self.names)?;
        out.write_all(self.postcodes.concat().as_bytes())?;
        write_numbers(out, &self.postcode_ends)?;
        write_numbers(out, &self.postcode_of)
    }
}

/// Many at a time, since whatever is written is hashed by itself.
fn write_numbers(out: &mut dyn Write, numbers: &[u32]) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(numbers.len().min(NUMBERS) * 4);
    for some in numbers.chunks(NUMBERS) {
        bytes.clear();
        some.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}
