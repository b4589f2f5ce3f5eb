//! Asking: whom a question may be about, by the day of birth and by the names, the likeliest first.

use super::alike::{Alike, words_like};
use super::born::{Born, BornAlike};
use super::index::{FIND_INDEX, FINGERPRINT, Index, NameWord};
use super::place::{PlaceAlike, Said};
use super::query::{NO_INDEX, Query, Word};
use super::score::{Asked, name_bits};
use crate::best_record::{NO_DATE, date_of};
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::publish::published::PublishedRun;
use serde::Serialize;

/// Somebody whom a question may be about.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    pub person_id: String,
    /// Evidence that it is this person, less what it takes to single one out among all people of the run: above zero more likely than not,
    /// were everybody asked for equally often.
    pub bits: f64,
    /// How each word of the question agrees, in the order in which they were said: "the same", "another form" and so on; `None` where no
    /// name has it.
    pub name: Vec<Option<&'static str>>,
    pub date_of_birth: BornAlike,
    /// Absent where none was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<PlaceAlike>,
    /// Canonical words of the names, and the date; only where identifiers were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
}

/// What a question has found.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    pub run_id: String,
    /// The likeliest first.
    pub found: Vec<Found>,
    /// People who answer it about as well as the last one that is told, beyond the limit.
    pub more: usize,
}

/// An index, ready to be asked.
pub struct Finder {
    run_id: String,
    index: Index,
}

/// Somebody with fewer bits than this is not told: they agree in no more than chance does.
const LEAST_BITS: f64 = -8.0;
/// Dates of birth that there are: the days of a century.
const DAYS: f64 = 36_500.0;
/// People who agree in the names alone are looked at up to this many: beyond, a name says too little to be answered at all.
const NAMESAKES_MAX: usize = 200_000;

/// Somebody who may be meant, while answers are compared.
struct Candidate {
    person: u32,
    bits: f64,
    name: Vec<Option<Alike>>,
    born: BornAlike,
    place: Option<PlaceAlike>,
}

impl Finder {
    /// # Errors
    /// OF0581 where the run has no index, OF0535 where it is damaged.
    pub(crate) fn open(run: &PublishedRun) -> Result<Finder> {
        if !run.has(FIND_INDEX) {
            return Err(Failure::new(&NO_INDEX, format!("run {} has no find.index", run.run_id)));
        }
        Ok(Finder { run_id: run.run_id.clone(), index: Index::open(run)? })
    }

    /// A fingerprint of the objections that held when the run was made.
    pub(crate) fn fingerprint(&self) -> &[u8; FINGERPRINT] {
        &self.index.fingerprint
    }

    /// The `limit` people whom a question is about with the most evidence; `is_gone` tells who may not be told of today.
    ///
    /// # Errors
    /// OF0535 where the index is damaged.
    pub(crate) fn ask(
        &self,
        query: &Query,
        limit: usize,
        show_identifiers: bool,
        is_gone: &dyn Fn(PersonId) -> bool,
    ) -> Result<Answer> {
        let mut all: Vec<Candidate> = Vec::new();
        for way in query.ways() {
            self.ask_one_way(&way, query, &mut all)?;
        }
        if let Some(postcode) = &query.postcode {
            self.weigh_places(&Said::new(&self.index, postcode), &mut all)?;
        }
        all.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.person.cmp(&b.person)));
        let mut seen = rustc_hash::FxHashSet::default();
        all.retain(|candidate| candidate.bits >= LEAST_BITS && seen.insert(candidate.person));
        let (mut found, mut more) = (Vec::new(), 0);
        for candidate in &all {
            if found.len() >= limit {
                more += 1;
                continue;
            }
            let id = self.index.id(candidate.person)?;
            if !is_gone(id) {
                found.push(self.told(candidate, id, show_identifiers)?);
            }
        }
        Ok(Answer { run_id: self.run_id.clone(), found, more })
    }

    /// `words` are those of one way of reading the question.
    fn ask_one_way(&self, words: &[Word], query: &Query, all: &mut Vec<Candidate>) -> Result<()> {
        let (index, said, born) = (&self.index, &query.words, query.born);
        let asked: Vec<Asked> = words.iter().map(|word| self.asked(word, !said.contains(word))).collect();
        let meant = Meant::of(index, &asked);
        let by_day: Vec<(BornAlike, f64)> = index.days.iter().map(|&day| alike(born, day)).collect();
        let exact = self.exact_bits(born);
        let everybody = f64::from(index.people().max(1)).log2();
        // Whoever lives where it was said may make up for what name and date lack.
        let least = if query.postcode.is_some() { LEAST_BITS - everybody } else { LEAST_BITS };
        let mut judge = |day: usize, person: u32, name: &[NameWord]| {
            let (bits, agreed) = name_bits(index, &asked, name);
            let (born, taken) = by_day[day];
            let bits = bits + born.bits(exact, taken) - everybody;
            if bits >= least {
                all.push(Candidate { person, bits, name: agreed, born, place: None });
            }
        };
        for (day, (alike, _)) in by_day.iter().enumerate() {
            if alike.is_near() {
                index.names(index.born(day), |person, name| {
                    // Nearly everybody born on a day has another name altogether.
                    if name.iter().any(|named| meant.holds(named.word)) {
                        judge(day, person, name);
                    }
                })?;
            }
        }
        for person in self.namesakes(&asked)? {
            let day = index.days.partition_point(|&day| day < index.day_of(person));
            if !by_day[day].0.is_near() {
                index.names(person..person + 1, |person, name| judge(day, person, name))?;
            }
        }
        Ok(())
    }

    /// Adds what it says where somebody lives.
    fn weigh_places(&self, said: &Said, all: &mut [Candidate]) -> Result<()> {
        for candidate in all {
            let (place, bits) = said.alike(self.index.postcode_of(candidate.person)?);
            candidate.bits += bits;
            candidate.place = Some(place);
        }
        Ok(())
    }

    /// A word that was `joined` of two begins with one of them, which says nothing new.
    fn asked(&self, word: &Word, joined: bool) -> Asked {
        let mut like = words_like(&self.index, &word.text);
        if joined {
            like.retain(|_, alike| *alike != Alike::Prefix);
        }
        Asked::new(&self.index, &word.text, word.part, like)
    }

    /// What an exact agreement is worth: how rarely anybody asks for the date that was said. It is a day of a century as often as people
    /// are born on it, and some are by default; a year alone is one of about a hundred.
    fn exact_bits(&self, born: Option<Born>) -> f64 {
        let Some(born) = born.filter(|born| born.is_whole()) else { return 6.5 };
        let said = |day: &i32| Born::of_day(*day) == Some(born);
        let holders = self.index.days.iter().position(said).map_or(0, |at| self.index.born(at).len());
        ((f64::from(self.index.people()) + DAYS) / (holders as f64 + 1.0)).log2()
    }

    /// People two of whose words may be two that were asked for (or one, where only one was), by place.
    fn namesakes(&self, asked: &[Asked]) -> Result<Vec<u32>> {
        let people = self.index.people() as usize;
        let mut once = vec![0u64; people.div_ceil(64)];
        let mut found = Vec::new();
        for (at, asked) in asked.iter().enumerate() {
            let mut own = vec![0u64; people.div_ceil(64)];
            let mut words: Vec<u32> = asked.like.keys().copied().collect();
            words.sort_unstable();
            for word in words {
                for person in self.index.holders(word)? {
                    let (slot, bit) = (person as usize / 64, 1u64 << (person % 64));
                    own[slot] |= bit;
                }
            }
            for (place, (own, once)) in own.iter().zip(&mut once).enumerate() {
                let mut twice = if at > 0 { own & *once } else { 0 };
                while twice != 0 && found.len() < NAMESAKES_MAX {
                    found.push(place as u32 * 64 + twice.trailing_zeros());
                    twice &= twice - 1;
                }
                *once |= own;
            }
        }
        if asked.len() == 1 {
            let bits = once.iter().enumerate().flat_map(|(place, &bits)| {
                (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| place as u32 * 64 + bit)
            });
            found = bits.take(NAMESAKES_MAX).collect();
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn told(&self, candidate: &Candidate, id: PersonId, show_identifiers: bool) -> Result<Found> {
        let index = &self.index;
        let mut found = Found {
            person_id: id.to_string(),
            bits: (candidate.bits * 10.0).round() / 10.0,
            name: candidate.name.iter().map(|alike| alike.map(Alike::words)).collect(),
            date_of_birth: candidate.born,
            postcode: candidate.place,
            names: None,
            born: None,
        };
        if show_identifiers {
            let mut words = Vec::new();
            index.names(candidate.person..candidate.person + 1, |_, name| {
                words = name.iter().map(|named| index.word(named.word).to_string()).collect();
            })?;
            found.names = Some(words.join(" "));
            let day = index.day_of(candidate.person);
            found.born = (day != NO_DATE).then(|| date_of(day).to_string());
        }
        Ok(found)
    }
}

/// The words of the vocabulary that may be meant, a bit each; all of them where no name was asked for.
struct Meant(Option<Vec<u64>>);

impl Meant {
    fn of(index: &Index, asked: &[Asked]) -> Meant {
        if asked.is_empty() {
            return Meant(None);
        }
        let mut bits = vec![0u64; (index.words() as usize).div_ceil(64)];
        let mut take = |word: u32| bits[word as usize / 64] |= 1 << (word % 64);
        asked.iter().flat_map(|asked| asked.like.keys()).for_each(|&word| take(word));
        for initial in asked.iter().filter_map(|asked| asked.word.get(..1)) {
            if let Ok(word) = index.place_of(initial) {
                take(word);
            }
        }
        // One letter stands for every word that begins with it.
        for letter in asked.iter().filter(|asked| asked.word.len() == 1).map(|asked| asked.word.as_str()) {
            let (Ok(first) | Err(first)) = index.place_of(letter);
            (first..index.words()).take_while(|&word| index.word(word).starts_with(letter)).for_each(&mut take);
        }
        Meant(Some(bits))
    }

    fn holds(&self, word: u32) -> bool {
        self.0.as_ref().is_none_or(|bits| bits[word as usize / 64] >> (word % 64) & 1 == 1)
    }
}

fn alike(born: Option<Born>, day: i32) -> (BornAlike, f64) {
    match (born, Born::of_day(day)) {
        (Some(said), Some(recorded)) => said.alike(recorded),
        _ => (BornAlike::Unknown, 0.0),
    }
}
