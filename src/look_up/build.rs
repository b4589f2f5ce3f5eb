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
use std::io::Write;

/// Writes the index of the run in `draft`, whose people.parquet stands already. `fingerprint` is of the objections that hold now.
///
/// Some 40 bytes a person are in memory while it is made, and about as many are written.
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
    cleaner: [Context; 3],
    words: Dictionary,
    ids: Vec<[u8; ID]>,
    days: Vec<i32>,
    name_ends: Vec<u32>,
    names: Vec<u32>,
    postcodes: Dictionary,
    postcode_of: Vec<u32>,
}

impl Gathered {
    pub(super) fn new(as_of: Date) -> Gathered {
        let cleaner = |field| Context::learn(field, None, &Source::default(), as_of, &mut std::iter::empty());
        Gathered {
            cleaner: [Field::GivenName, Field::MiddleName, Field::FamilyName].map(cleaner),
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
        let days = rows.dates("date_of_birth")?;
        for (row, day) in days.into_iter().enumerate() {
            let others = rows.texts("other_names", row)?;
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
        self.add_name(first, named.given, 0, Part::Given);
        self.add_name(first, named.family, 2, Part::Family);
        self.add_name(first, named.middle, 1, Part::Other);
        self.add_name(first, named.previous, 2, Part::Other);
        for other in named.others {
            self.add_name(first, Some(other), 2, Part::Other);
        }
        self.name_ends.push(self.names.len() as u32);
        let postcode = named.postcode.filter(|code| postcode::outward(code).is_some() && code.len() <= POSTCODE);
        self.postcode_of.push(postcode.map_or(NO_POSTCODE, |postcode| self.postcodes.intern(postcode)));
    }

    /// Adds the words of a name that the person, whose words begin at `first`, does not have yet.
    fn add_name(&mut self, first: usize, name: Option<&str>, cleaner: usize, part: Part) {
        let Some(name) = name else { return };
        let mut clean = String::new();
        if self.cleaner[cleaner].clean(name, &mut clean).is_null {
            return;
        }
        for (at, form) in clean.split('|').enumerate() {
            let part = if at == 0 { part } else { Part::Other };
            for word in form.split(' ').filter(|word| !word.is_empty() && word.is_ascii()) {
                let word = self.words.intern(word);
                assert!(word < WORDS_MAX, "a vocabulary is a small part of a population");
                let known = self.names[first..].iter().any(|&packed| packed & WORDS_MAX == word);
                if !known {
                    self.names.push(NameWord { word, part }.packed());
                }
            }
        }
    }

    /// In the order of the index: words by the alphabet, people by their day of birth.
    pub(super) fn laid_out(self) -> LaidOut {
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_unstable_by_key(|&person| (self.days[person as usize], self.ids[person as usize]));
        let (alphabet, place) = in_order(&self.words);
        let (postcodes, postcode_place) = in_order(&self.postcodes);
        let mut laid_out = LaidOut::default();
        for &person in &order {
            let (person, day) = (person as usize, self.days[person as usize]);
            if laid_out.days.last() != Some(&day) {
                laid_out.days.push(day);
                laid_out.day_ends.push(laid_out.ids.len() as u32);
            }
            laid_out.ids.push(self.ids[person]);
            *laid_out.day_ends.last_mut().expect("just made") = laid_out.ids.len() as u32;
            let start = if person == 0 { 0 } else { self.name_ends[person - 1] };
            for &packed in &self.names[start as usize..self.name_ends[person] as usize] {
                laid_out.names.push(packed & !WORDS_MAX | place[(packed & WORDS_MAX) as usize]);
            }
            laid_out.name_ends.push(laid_out.names.len() as u32);
            let postcode = postcode_place.get(self.postcode_of[person] as usize);
            laid_out.postcode_of.push(postcode.copied().unwrap_or(NO_POSTCODE));
        }
        laid_out.postcodes =
            postcodes.iter().map(|&postcode| format!("{:POSTCODE$}", self.postcodes.get(postcode))).collect();
        laid_out.count_postcodes();
        laid_out.words = alphabet.iter().map(|&word| self.words.get(word).to_string()).collect();
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
        for word in &self.words {
            out.write_all(word.as_bytes())?;
        }
        for numbers in [&word_letters, &self.holder_ends, &self.holders, &days, &self.day_ends] {
            write_numbers(out, numbers)?;
        }
        for id in &self.ids {
            out.write_all(id)?;
        }
        write_numbers(out, &self.name_ends)?;
        write_numbers(out, &self.names)?;
        for postcode in &self.postcodes {
            out.write_all(postcode.as_bytes())?;
        }
        write_numbers(out, &self.postcode_ends)?;
        write_numbers(out, &self.postcode_of)
    }
}

fn write_numbers(out: &mut dyn Write, numbers: &[u32]) -> std::io::Result<()> {
    numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}
