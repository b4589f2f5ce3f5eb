//! The register: who is known so far, standing for the Personal Demographics Service.
//!
//! An entry holds the requests that were matched to it: the first value of each field is its current one, the others are historic.

use super::requests::{Born, Gender, Names, Request};
use super::soundex::Soundex;
use crate::records::MISSING;
use rustc_hash::FxHashMap;

/// Different requests whose values an entry remembers; further ones join it, but their values are not searched by.
const HISTORY_MAX: usize = 64;
/// Entries read of one block; blocks all hold a date of birth, so that only filler values come near this.
const BLOCK_MAX: usize = 10_000;

/// Somebody known.
#[derive(Debug)]
pub(super) struct Entry {
    /// Current values: each field as the first request gave it that had one.
    pub current: Request,
    /// The different requests matched to it, the first one first.
    pub history: Vec<Request>,
}

impl Entry {
    /// Every value of one field, current and historic, each once.
    fn distinct<T: PartialEq + Copy>(&self, values: impl Fn(&Request) -> [Option<T>; 2]) -> Vec<T> {
        let mut found = Vec::new();
        for value in self.history.iter().flat_map(values).flatten() {
            if !found.contains(&value) {
                found.push(value);
            }
        }
        found
    }

    /// Whether any request of the entry has it.
    pub fn ever(&self, has: impl Fn(&Request) -> bool) -> bool {
        self.history.iter().any(has)
    }
}

/// Entries of a block, as a chain in [`Register::links`].
type Chains<K> = FxHashMap<K, u32>;

/// All entries, and the blocks by which they are found.
#[derive(Debug, Default)]
pub(super) struct Register {
    pub entries: Vec<Entry>,
    by_number: FxHashMap<u32, u32>,
    /// Date of birth and whole postcode: what three of the four blocks have in common.
    by_place: Chains<(Born, u32)>,
    /// Soundex of the family name and date of birth.
    by_name: Chains<(Soundex, Born)>,
    /// Soundex of the family name and year of birth, for dates that are known in part.
    by_year: Chains<(Soundex, u16)>,
    /// (entry, next link or MISSING).
    links: Vec<(u32, u32)>,
}

/// The keys of an entry, each once.
struct Keys {
    born: Vec<Born>,
    families: Vec<Soundex>,
    postcodes: Vec<u32>,
}

impl Keys {
    fn of(entry: &Entry, names: &Names) -> Keys {
        let present = |code: Soundex| (code != 0).then_some(code);
        Keys {
            born: entry.distinct(|request| [request.born.valid.then_some(request.born), None]),
            families: entry.distinct(|request| {
                [request.family, request.previous_family].map(|family| present(names.soundex(family)))
            }),
            postcodes: entry.distinct(|request| [request.whole_postcode.then_some(request.postcode), None]),
        }
    }
}

impl Register {
    /// A new entry with the values of `request`; found by its number only where `registered`.
    pub fn open(&mut self, request: &Request, names: &Names, registered: bool) -> u32 {
        let entry = self.entries.len() as u32;
        self.entries.push(Entry { current: *request, history: vec![*request] });
        if registered {
            self.by_number.entry(request.number).or_insert(entry);
        }
        let keys = Keys::of(&self.entries[entry as usize], names);
        self.add_keys(entry, &Keys { born: Vec::new(), families: Vec::new(), postcodes: Vec::new() }, &keys);
        entry
    }

    /// Adds the values of a matched request: current where the entry had none, else historic.
    pub fn add(&mut self, entry: u32, request: &Request, names: &Names) {
        let place = entry as usize;
        let known = &self.entries[place];
        // The number and the local identifier are no values to search by here.
        let request = Request { number: known.current.number, local_id: known.current.local_id, ..*request };
        if known.history.len() >= HISTORY_MAX || known.history.contains(&request) {
            return;
        }
        let before = Keys::of(known, names);
        let known = &mut self.entries[place];
        known.history.push(request);
        complete(&mut known.current, &request);
        let after = Keys::of(&self.entries[place], names);
        self.add_keys(entry, &before, &after);
    }

    /// Enters the combinations of keys that are new.
    fn add_keys(&mut self, entry: u32, before: &Keys, after: &Keys) {
        let Register { links, by_place, by_name, by_year, .. } = self;
        for (b, &born) in after.born.iter().enumerate() {
            for (p, &postcode) in after.postcodes.iter().enumerate() {
                if b >= before.born.len() || p >= before.postcodes.len() {
                    chain(links, by_place, (born, postcode), entry);
                }
            }
            for (f, &family) in after.families.iter().enumerate() {
                if b >= before.born.len() || f >= before.families.len() {
                    chain(links, by_name, (family, born), entry);
                    chain(links, by_year, (family, born.year), entry);
                }
            }
        }
    }

    pub fn with_number(&self, number: u32) -> Option<u32> {
        if number == MISSING { None } else { self.by_number.get(&number).copied() }
    }

    /// Entries that ever had this date of birth and this postcode.
    pub fn at(&self, born: Born, postcode: u32) -> impl Iterator<Item = u32> {
        self.walk(self.by_place.get(&(born, postcode)))
    }

    /// Entries that ever had a family name of this Soundex code and this date of birth.
    pub fn named(&self, family: Soundex, born: Born) -> impl Iterator<Item = u32> {
        self.walk(self.by_name.get(&(family, born)))
    }

    /// Entries that ever had a family name of this Soundex code and were born in this year; some may come twice.
    pub fn named_in_year(&self, family: Soundex, year: u16) -> impl Iterator<Item = u32> {
        self.walk(self.by_year.get(&(family, year)))
    }

    fn walk(&self, head: Option<&u32>) -> impl Iterator<Item = u32> {
        let mut next = head.copied().unwrap_or(MISSING);
        std::iter::from_fn(move || {
            let (entry, after) = *self.links.get(next as usize)?;
            next = after;
            Some(entry)
        })
        .take(BLOCK_MAX)
    }
}

fn chain<K: std::hash::Hash + Eq>(links: &mut Vec<(u32, u32)>, chains: &mut Chains<K>, key: K, entry: u32) {
    let link = links.len() as u32;
    let after = chains.insert(key, link).unwrap_or(MISSING);
    links.push((entry, after));
}

/// Fills what an entry does not know yet.
fn complete(current: &mut Request, request: &Request) {
    let codes = [
        (&mut current.address, request.address),
        (&mut current.practice, request.practice),
        (&mut current.died, request.died),
    ];
    codes.into_iter().filter(|(slot, _)| **slot == MISSING).for_each(|(slot, code)| *slot = code);
    // A name is taken over as a whole, so that no current name is put together from two.
    if current.given == MISSING && current.family == MISSING {
        (current.given, current.other, current.family) = (request.given, request.other, request.family);
        current.previous_family = request.previous_family;
    }
    if current.gender == Gender::None {
        current.gender = request.gender;
    }
    if !current.whole_postcode && request.postcode != MISSING {
        (current.postcode, current.whole_postcode) = (request.postcode, request.whole_postcode);
    }
}
