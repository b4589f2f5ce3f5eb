//! The file `find.index`: names and dates of birth of a run's people, laid out so that a question reads little of it.
//!
//! After the header come flat sections of little-endian numbers and bytes, their places in the header. People stand in the order of
//! their dates of birth (then of their person_ids), so that those of one day are one piece of the file; names are words in the order of the
//! alphabet, each with the places of the people who have it.

use super::query::NO_INDEX;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::publish::RUN_UNREADABLE;
use crate::publish::published::{PublishedRun, damaged};
use std::path::PathBuf;

/// The file's name in a run's folder.
pub(super) const FIND_INDEX: &str = "find.index";
/// What the file begins with; the last two bytes are the version of the layout.
pub(super) const MAGIC: &[u8; 8] = b"OFFIND02";
/// Where the version begins in it.
const VERSION: usize = 6;
/// Bytes of a fingerprint of objections.
pub(super) const FINGERPRINT: usize = 32;

/// The sections, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Where each word ends in `WordBytes`; u32.
    WordEnds,
    WordBytes,
    /// The letters of each word, a bit each; u32.
    WordLetters,
    /// Where each word's people end in `Holders`; u32.
    HolderEnds,
    /// Places of people, ascending within a word; u32.
    Holders,
    /// Distinct dates of birth in days since 1970, ascending; unknown ones are `NO_DATE`; i32.
    Days,
    /// Where each day's people end; u32.
    DayEnds,
    /// The person_id at each place, sixteen characters.
    Ids,
    /// Where each person's words end in `Names`; u32.
    NameEnds,
    /// Words of people, with their part of the name in the two highest bits; u32.
    Names,
    /// Distinct postcodes, ascending, eight characters each, the last ones spaces.
    Postcodes,
    /// How many people live at each postcode and all before it; u32.
    PostcodeEnds,
    /// The place of each person's postcode among `Postcodes`, or [`NO_POSTCODE`]; u32.
    PostcodeOf,
}

pub(super) const SECTIONS: usize = 13;
/// Bytes before the first section: magic, fingerprint, and start and end of each section as u64.
pub(super) const HEADER: usize = MAGIC.len() + FINGERPRINT + SECTIONS * 16;
/// Characters of a postcode.
pub(super) const POSTCODE: usize = 8;
/// Of somebody who has none.
pub(super) const NO_POSTCODE: u32 = u32::MAX;
/// Bytes of a person_id.
pub(super) const ID: usize = 16;

/// Which part of a name a word is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Given = 0,
    Family = 1,
    /// Middle and previous names, and all those that a person also has.
    Other = 2,
}

const PART_SHIFT: u32 = 30;
/// More words than this cannot be told apart; a population has a hundredth of them.
pub(super) const WORDS_MAX: u32 = (1 << PART_SHIFT) - 1;

/// A word of a person's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameWord {
    pub word: u32,
    pub part: Part,
}

impl NameWord {
    pub fn packed(self) -> u32 {
        self.word | (self.part as u32) << PART_SHIFT
    }

    fn unpacked(packed: u32) -> NameWord {
        let part = match packed >> PART_SHIFT {
            0 => Part::Given,
            1 => Part::Family,
            _ => Part::Other,
        };
        NameWord { word: packed & WORDS_MAX, part }
    }
}

/// The letters of a word, a bit each: words that differ in more letters than edits could change need not be compared.
pub(super) fn letters(word: &str) -> u32 {
    word.bytes().filter(u8::is_ascii_lowercase).fold(0, |mask, letter| mask | 1 << (letter - b'a'))
}

/// An opened index. The vocabulary and the days are in memory (some 7 MB for 2.7 million people), the rest is read where it is asked for.
pub(super) struct Index {
    file: disk::Reader,
    path: PathBuf,
    sections: [(u64, u64); SECTIONS],
    /// Of the objections that held when the run was made.
    pub fingerprint: [u8; FINGERPRINT],
    word_ends: Vec<u32>,
    word_bytes: Vec<u8>,
    pub word_letters: Vec<u32>,
    holder_ends: Vec<u32>,
    pub days: Vec<i32>,
    day_ends: Vec<u32>,
    postcodes: Vec<u8>,
    postcode_ends: Vec<u32>,
}

impl Index {
    /// # Errors
    /// OF0581 where another version made it, OF0535 where it cannot be read or is damaged.
    pub fn open(run: &PublishedRun) -> Result<Index> {
        let path = run.folder.join(FIND_INDEX);
        let file = disk::open(&path).map_err(|error| Failure::from_io(&error, &path, &RUN_UNREADABLE))?;
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).map_err(|_| damaged(&path))?;
        let (magic, rest) = header.split_at(MAGIC.len());
        let (fingerprint, places) = rest.split_at(FINGERPRINT);
        if magic != MAGIC {
            let of_another_version = magic.starts_with(&MAGIC[..VERSION]);
            let why = || Failure::new(&NO_INDEX, format!("find.index of run {} is of another version", run.run_id));
            return Err(if of_another_version { why() } else { damaged(&path) });
        }
        let length = file.length().map_err(|_| damaged(&path))?;
        let mut sections = [(0, 0); SECTIONS];
        for (section, place) in sections.iter_mut().zip(places.chunks_exact(16)) {
            let number = |at: usize| u64::from_le_bytes(place[at..at + 8].try_into().expect("eight bytes"));
            *section = (number(0), number(8));
            if section.0 > section.1 || section.1 > length {
                return Err(damaged(&path));
            }
        }
        let mut index = Index {
            file,
            path,
            sections,
            fingerprint: fingerprint.try_into().expect("as many bytes"),
            word_ends: Vec::new(),
            word_bytes: Vec::new(),
            word_letters: Vec::new(),
            holder_ends: Vec::new(),
            days: Vec::new(),
            day_ends: Vec::new(),
            postcodes: Vec::new(),
            postcode_ends: Vec::new(),
        };
        index.word_ends = index.all(Section::WordEnds)?;
        index.word_bytes = index.bytes(Section::WordBytes, 0, index.length(Section::WordBytes))?;
        index.word_letters = index.all(Section::WordLetters)?;
        index.holder_ends = index.all(Section::HolderEnds)?;
        index.days = index.all(Section::Days)?.into_iter().map(u32::cast_signed).collect();
        index.day_ends = index.all(Section::DayEnds)?;
        index.postcodes = index.bytes(Section::Postcodes, 0, index.length(Section::Postcodes))?;
        index.postcode_ends = index.all(Section::PostcodeEnds)?;
        index.check()?;
        Ok(index)
    }

    /// What is in memory is of one size, ascending, and within its sections: nothing that is read later can lead out of them.
    fn check(&self) -> Result<()> {
        let words = self.word_ends.len();
        let whole = self.word_letters.len() == words
            && self.holder_ends.len() == words
            && self.day_ends.len() == self.days.len()
            && self.word_ends.is_sorted()
            && self.holder_ends.is_sorted()
            && self.day_ends.is_sorted()
            && self.days.is_sorted()
            && self.word_ends.last().copied().unwrap_or(0) as usize == self.word_bytes.len()
            && std::str::from_utf8(&self.word_bytes).is_ok_and(str::is_ascii)
            && u64::from(self.holder_ends.last().copied().unwrap_or(0)) * 4 == self.length(Section::Holders)
            && u64::from(self.people()) * 4 == self.length(Section::NameEnds)
            && u64::from(self.people()) * ID as u64 == self.length(Section::Ids)
            && self.postcodes.is_ascii()
            && self.postcodes.len() == self.postcode_ends.len() * POSTCODE
            && self.postcode_ends.is_sorted()
            && u64::from(self.people()) * 4 == self.length(Section::PostcodeOf);
        if whole { Ok(()) } else { Err(damaged(&self.path)) }
    }

    pub fn people(&self) -> u32 {
        self.day_ends.last().copied().unwrap_or(0)
    }

    pub fn words(&self) -> u32 {
        self.word_ends.len() as u32
    }

    pub fn word(&self, word: u32) -> &str {
        let (start, end) = range(&self.word_ends, word);
        std::str::from_utf8(&self.word_bytes[start as usize..end as usize]).expect("checked when it was opened")
    }

    /// The place of a word in the alphabet: its own, or where it would stand.
    pub fn place_of(&self, word: &str) -> std::result::Result<u32, u32> {
        let (mut low, mut high) = (0, self.words());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.word(middle).cmp(word) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// How many people have a word in their name.
    pub fn holders_count(&self, word: u32) -> u32 {
        let (start, end) = range(&self.holder_ends, word);
        end - start
    }

    /// The places of the people who have a word in their name, ascending.
    pub fn holders(&self, word: u32) -> Result<Vec<u32>> {
        let (start, end) = range(&self.holder_ends, word);
        let holders = self.numbers(Section::Holders, start, end)?;
        let inside = holders.iter().all(|&person| person < self.people());
        if inside { Ok(holders) } else { Err(damaged(&self.path)) }
    }

    /// The places of the people born on the day at this place among [`Index::days`].
    pub fn born(&self, day: usize) -> std::ops::Range<u32> {
        let (start, end) = range(&self.day_ends, day as u32);
        start..end
    }

    /// The day of birth of the person at a place.
    pub fn day_of(&self, person: u32) -> i32 {
        self.days[self.day_ends.partition_point(|&end| end <= person)]
    }

    pub fn id(&self, person: u32) -> Result<PersonId> {
        let at = u64::from(person) * ID as u64;
        let bytes = self.bytes(Section::Ids, at, at + ID as u64)?;
        std::str::from_utf8(&bytes).ok().and_then(PersonId::parse).ok_or_else(|| damaged(&self.path))
    }

    /// How many people live where postcodes begin like this.
    pub fn living_in(&self, begins: &str) -> u32 {
        let all = self.postcodes.as_chunks::<POSTCODE>().0;
        let first = all.partition_point(|postcode| &postcode[..] < begins.as_bytes());
        let count = all[first..].partition_point(|postcode| postcode.starts_with(begins.as_bytes()));
        let before = |at: usize| if at == 0 { 0 } else { self.postcode_ends[at - 1] };
        before(first + count) - before(first)
    }

    /// The postcode of the person at a place.
    pub fn postcode_of(&self, person: u32) -> Result<Option<&str>> {
        let at = self.numbers(Section::PostcodeOf, person, person + 1)?[0] as usize;
        if at == NO_POSTCODE as usize {
            return Ok(None);
        }
        let bytes = self.postcodes.as_chunks::<POSTCODE>().0.get(at).ok_or_else(|| damaged(&self.path))?;
        Ok(Some(std::str::from_utf8(bytes).expect("checked when it was opened").trim_end()))
    }

    /// The names of the people at neighbouring places, each handed to `visit` with its place.
    pub fn names(&self, people: std::ops::Range<u32>, mut visit: impl FnMut(u32, &[NameWord])) -> Result<()> {
        if people.is_empty() {
            return Ok(());
        }
        let before = people.start.saturating_sub(1);
        let mut ends = self.numbers(Section::NameEnds, before, people.end)?;
        if people.start == 0 {
            ends.insert(0, 0);
        }
        let (first, last) = (ends[0], ends[ends.len() - 1]);
        if !ends.is_sorted() || u64::from(last) * 4 > self.length(Section::Names) {
            return Err(damaged(&self.path));
        }
        let names: Vec<NameWord> =
            self.numbers(Section::Names, first, last)?.into_iter().map(NameWord::unpacked).collect();
        if names.iter().any(|name| name.word >= self.words()) {
            return Err(damaged(&self.path));
        }
        for (person, pair) in people.zip(ends.windows(2)) {
            visit(person, &names[(pair[0] - first) as usize..(pair[1] - first) as usize]);
        }
        Ok(())
    }

    fn length(&self, section: Section) -> u64 {
        let (start, end) = self.sections[section as usize];
        end - start
    }

    fn bytes(&self, section: Section, from: u64, to: u64) -> Result<Vec<u8>> {
        let (start, end) = self.sections[section as usize];
        let inside = from <= to && start.checked_add(to).is_some_and(|to| to <= end);
        let mut bytes = vec![0; if inside { (to - from) as usize } else { 0 }];
        if !inside || self.file.read_exact_at(&mut bytes, start + from).is_err() {
            return Err(damaged(&self.path));
        }
        Ok(bytes)
    }

    fn numbers(&self, section: Section, from: u32, to: u32) -> Result<Vec<u32>> {
        let bytes = self.bytes(section, u64::from(from) * 4, u64::from(to) * 4)?;
        Ok(bytes.chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().expect("four bytes"))).collect())
    }

    fn all(&self, section: Section) -> Result<Vec<u32>> {
        let numbers = u32::try_from(self.length(section) / 4).map_err(|_| damaged(&self.path))?;
        self.numbers(section, 0, numbers)
    }
}

/// Start and end of the place `at` in a list of ends.
fn range(ends: &[u32], at: u32) -> (u32, u32) {
    let at = at as usize;
    (if at == 0 { 0 } else { ends[at - 1] }, ends[at])
}
