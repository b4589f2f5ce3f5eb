//! The steps of the Master Person Service, each request against the register as it stands.

use super::bucket::Bucket;
use super::register::{Entry, Register};
use super::requests::{Gender, Names, Request, Requests, order};
use super::{Baseline, Step, score};
use crate::job::{Field, Job, Setting};
use crate::records::{MISSING, Records};
use crate::standardise::postcode::outward;
use rustc_hash::FxHashMap;

/// Candidates that are scored, those that hit most blocks first.
const CANDIDATES_MAX: usize = 50;
/// Points by which the best candidate must be ahead of the next one.
const LEAD_MIN: f64 = 5.0;

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is this entry, by this step.
    Entry(u32, Step),
    /// It got an identifier that is used once.
    Once,
}

/// Links the records of a job.
pub(super) fn link(job: &Job, records: &Records) -> Baseline {
    let requests = Requests::gather(records);
    let issued = issued(job, records, &requests.list);
    let is_registered = |record: usize| {
        let request = &requests.list[record];
        request.born.valid && request.number != MISSING && issued[request.number as usize]
    };
    let mut service = Service { requests: &requests, register: Register::default(), bucket: Bucket::default() };
    let mut entry_of = vec![MISSING; records.len()];
    let mut counts = [0u64; Step::ALL.len()];
    let mut before: Option<(u32, Request, Outcome)> = None;
    // Only records with a date of birth can open an entry; the others find more when they come last.
    let rank = |record: usize| match () {
        () if is_registered(record) => 0,
        () if requests.list[record].born.valid => 1,
        () => 2,
    };
    for record in order(job, records, rank) {
        let (place, request) = (record as usize, &requests.list[record as usize]);
        // Rows of one record that say the same are one request.
        let outcome = match before {
            Some((key, same, outcome)) if key == records.key[place] && same == *request => outcome,
            _ => service.ask(request, is_registered(place)),
        };
        before = Some((records.key[place], *request, outcome));
        let step = match outcome {
            Outcome::Entry(entry, step) => {
                entry_of[place] = entry;
                step
            }
            Outcome::Once => Step::OneTime,
        };
        counts[step as usize] += 1;
    }
    Baseline::new(records, &entry_of, Step::ALL.into_iter().zip(counts).collect())
}

/// Whether each NHS number can be taken for one that was issued: general practice or a verified record has it, or two records have.
fn issued(job: &Job, records: &Records, requests: &[Request]) -> Vec<bool> {
    let numbers = records.clean.get(&Field::NhsNumber).map_or(0, |column| column.values.len());
    let mut issued = vec![false; numbers];
    let mut holder = vec![MISSING; numbers];
    for (record, request) in requests.iter().enumerate().filter(|(_, request)| request.number != MISSING) {
        let number = request.number as usize;
        let practice = job.providers[usize::from(records.provider[record])].setting == Setting::GeneralPractice;
        let second = holder[number] != MISSING && holder[number] != records.key[record];
        issued[number] |= practice || records.number_verified[record] || second;
        holder[number] = records.key[record];
    }
    issued
}

/// The service at work.
struct Service<'a> {
    requests: &'a Requests<'a>,
    register: Register,
    bucket: Bucket,
}

impl Service<'_> {
    /// Steps 1 to 5; the first success ends them. `registered` says that the request's number is one that PDS would hold.
    fn ask(&mut self, request: &Request, registered: bool) -> Outcome {
        let names = &self.requests.names;
        let known = self.register.with_number(request.number);
        if registered && known.is_none() {
            return Outcome::Entry(self.register.open(request, names, true), Step::Registered);
        }
        if let Some(entry) = known.filter(|&entry| self.cross_check(request, entry)) {
            return self.matched(entry, request, Step::CrossCheck);
        }
        if let Some(entry) = self.alphanumeric(request) {
            return self.matched(entry, request, Step::Alphanumeric);
        }
        match self.algorithmic(request) {
            Ranked::One(entry) => return self.matched(entry, request, Step::Algorithmic),
            Ranked::Several => return Outcome::Once,
            Ranked::Nobody => {}
        }
        if let Some(entry) = self.bucket.find(request) {
            return Outcome::Entry(entry, Step::Bucket);
        }
        if !Bucket::takes(request) {
            return Outcome::Once;
        }
        let entry = self.register.open(request, names, false);
        self.bucket.put(request, entry);
        Outcome::Entry(entry, Step::NewBucketRow)
    }

    fn matched(&mut self, entry: u32, request: &Request, step: Step) -> Outcome {
        self.register.add(entry, request, &self.requests.names);
        Outcome::Entry(entry, step)
    }

    /// Step 1: the number is the entry's; is the person?
    fn cross_check(&self, request: &Request, entry: u32) -> bool {
        let entry = &self.register.entries[entry as usize];
        let known = &entry.current;
        if request.born.year == 0 {
            return false;
        }
        if request.born.is(known.born) {
            return true;
        }
        if !score::is_partial_match(request.born, known.born) {
            return false;
        }
        let text = |code: u32| self.requests.names.text.get(code);
        if [request.given, request.family, known.given, known.family].contains(&MISSING) {
            return self.same_outward(request, entry);
        }
        score::is_name_match((text(request.given), text(known.given)), (text(request.family), text(known.family)))
    }

    fn same_outward(&self, request: &Request, entry: &Entry) -> bool {
        let outward_of = |code: u32| (code != MISSING).then(|| outward(self.requests.text(Field::Postcode, code)));
        let asked = outward_of(request.postcode).flatten();
        asked.is_some() && entry.ever(|known| outward_of(known.postcode).flatten() == asked)
    }

    /// Step 2: everything that the request says must be so, and of one entry only.
    fn alphanumeric(&self, request: &Request) -> Option<u32> {
        let family = self.requests.names.soundex(request.family);
        if family == 0 || request.born.year == 0 || request.gender == Gender::None {
            return None;
        }
        let fits = |entry: &u32| is_exact(request, &self.register.entries[*entry as usize], &self.requests.names);
        if request.born.valid {
            return only_one(self.register.named(family, request.born).filter(fits));
        }
        only_one(self.register.named_in_year(family, request.born.year).filter(fits))
    }

    /// Step 3: block, score, rank.
    fn algorithmic(&self, request: &Request) -> Ranked {
        let mut best: Vec<(f64, u32)> =
            self.candidates(request).into_iter().map(|entry| (self.score(request, entry), entry)).collect();
        best.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        match best.as_slice() {
            [] => Ranked::Nobody,
            [first, second, ..] if first.0 - second.0 <= LEAD_MIN => Ranked::Several,
            [first, ..] => Ranked::One(first.1),
        }
    }

    /// Entries that share a block, at most [`CANDIDATES_MAX`].
    ///
    /// All four blocks hold the whole date of birth, and three of them gender and postcode as well: two look-ups find every entry, and
    /// what else a block asks is checked on the entry. Historic values count, but of gender only the current one.
    fn candidates(&self, request: &Request) -> Vec<u32> {
        let names = &self.requests.names;
        let (family, given) = (names.soundex(request.family), names.full_form(request.given));
        if !request.born.valid {
            return Vec::new();
        }
        let has_family = |known: &Request| {
            family != 0 && [known.family, known.previous_family].iter().any(|&code| names.soundex(code) == family)
        };
        let has_given = |known: &Request| given != 0 && names.full_form(known.given) == given;
        let mut hits: FxHashMap<u32, u8> = FxHashMap::default();
        if request.whole_postcode && request.gender != Gender::None {
            for at in self.register.at(request.born, request.postcode) {
                let entry = &self.register.entries[at as usize];
                if entry.current.gender == request.gender {
                    hits.insert(at, 1 + u8::from(entry.ever(has_family)) + u8::from(entry.ever(has_given)));
                }
            }
        }
        if family != 0 && given != 0 {
            let named = self.register.named(family, request.born);
            named
                .filter(|&at| self.register.entries[at as usize].ever(has_given))
                .for_each(|at| *hits.entry(at).or_default() += 1);
        }
        let mut candidates: Vec<(u32, u8)> = hits.into_iter().collect();
        candidates.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        candidates.truncate(CANDIDATES_MAX);
        candidates.into_iter().map(|(entry, _)| entry).collect()
    }

    /// The mean of the scores of what both sides say, 0..=100.
    fn score(&self, request: &Request, entry: u32) -> f64 {
        let entry = &self.register.entries[entry as usize];
        let known = &entry.current;
        let (mut sum, mut terms) = (score::date(request.born, known.born), 1.0);
        let mut term = |score: Option<f64>| {
            if let Some(score) = score {
                sum += score;
                terms += 1.0;
            }
        };
        term(
            (request.gender != Gender::None && known.gender != Gender::None)
                .then(|| score::gender(request.gender, known.gender)),
        );
        term(self.postcode_score(request, entry));
        if let Some((names, parts)) = entry.history.iter().filter_map(|known| self.name_score(request, known)).max_by(
            // The best total; of equal ones the more telling.
            |a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)),
        ) {
            sum += names;
            terms += parts;
        }
        sum / terms
    }

    /// The best of the current postcode, and only where that scores nothing, of the historic ones.
    fn postcode_score(&self, request: &Request, entry: &Entry) -> Option<f64> {
        let text = |code: u32| self.requests.text(Field::Postcode, code);
        let of = |known: u32| {
            (request.postcode != MISSING && known != MISSING)
                .then(|| score::postcode(text(request.postcode), text(known)))
        };
        let current = of(entry.current.postcode)?;
        if current > 0.0 {
            return Some(current);
        }
        entry.history.iter().filter_map(|known| of(known.postcode)).max_by(f64::total_cmp)
    }

    /// The sum of the scores of the parts of one name that is known, and how many parts were compared; a previous family name makes a
    /// second name of it, of which the better one counts.
    fn name_score(&self, request: &Request, known: &Request) -> Option<(f64, f64)> {
        let text = |code: u32| self.requests.names.text.get(code);
        let of = |a: u32, b: u32| (a != MISSING && b != MISSING).then(|| score::name(text(a), text(b)));
        let given = of(request.given, known.given);
        let previous = of(request.family, known.previous_family);
        let family = of(request.family, known.family).into_iter().chain(previous).max_by(f64::total_cmp);
        if given.is_none() && family.is_none() {
            return None;
        }
        // Other given names count only where the request has some; an entry without then scores nothing.
        let other = (request.other != MISSING).then(|| of(request.other, known.other).unwrap_or(0.0));
        let parts = [given, family, other].into_iter().flatten();
        Some(parts.fold((0.0, 0.0), |(sum, parts), score| (sum + score, parts + 1.0)))
    }
}

/// How ranking ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ranked {
    One(u32),
    Several,
    Nobody,
}

/// Whether every value of the request is the entry's: current family name by sound, gender, date of death; the others ever.
fn is_exact(request: &Request, entry: &Entry, names: &Names) -> bool {
    let current = &entry.current;
    let ever = |asked: u32, of: fn(&Request) -> u32| asked == MISSING || entry.ever(|known| of(known) == asked);
    let given = names.soundex(request.given);
    let born = |known: &Request| {
        let part = |asked: u16, known: u16| asked == 0 || asked == known;
        part(request.born.year, known.born.year)
            && part(request.born.month.into(), known.born.month.into())
            && part(request.born.day.into(), known.born.day.into())
    };
    names.soundex(request.family) == names.soundex(current.family)
        && request.gender == current.gender
        && (request.died == MISSING || request.died == current.died)
        && entry.ever(born)
        && (given == 0 || entry.ever(|known| names.soundex(known.given) == given))
        && ever(request.postcode, |known| known.postcode)
        && ever(request.address, |known| known.address)
        && ever(request.practice, |known| known.practice)
}

/// The only one of them, however often it comes.
fn only_one(mut found: impl Iterator<Item = u32>) -> Option<u32> {
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Scene, number};
    use super::*;

    /// Scenes are told in `tests.rs`; here is what does not show from outside: how many candidates are scored, and which.
    #[test]
    fn at_most_fifty_candidates_those_of_most_blocks_first() {
        let given = |n: u32| {
            format!(
                "{}{}",
                ["B", "D", "L", "M", "R"][n as usize % 5],
                ["o", "at", "or", "im", "an"][n as usize / 5 % 5]
            )
        };
        let mut rows: Vec<String> = (0..70)
            .map(|n| {
                let family = ["Mer", "Tol", "Rib"][n as usize % 3];
                format!(
                    "gp g{n} nhs={} given={} family={family} born=1980-04-03 sex=F post=NW1_4AB",
                    number(n),
                    given(n)
                )
            })
            .collect();
        rows.push(format!("gp own nhs={} given=Zelda family=Quux born=1980-04-03 sex=F post=NW1_4AB", number(99)));
        rows.push("gp asked given=Zelda family=Quux born=1980-04-03 sex=F post=NW1_4AB".into());
        let scene = Scene::of(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        let requests = Requests::gather(&scene.records);
        let mut service = Service { requests: &requests, register: Register::default(), bucket: Bucket::default() };
        let place = |id: &str| (0..scene.records.len()).find(|&row| scene.records.record_id.get(row) == id).unwrap();
        let asked = place("asked");
        (0..scene.records.len()).filter(|&row| row != asked).for_each(|row| {
            service.register.open(&requests.list[row], &requests.names, true);
        });
        let candidates = service.candidates(&requests.list[asked]);
        assert_eq!(candidates.len(), CANDIDATES_MAX);
        let first = &service.register.entries[candidates[0] as usize];
        assert_eq!(first.current, requests.list[place("own")], "all four blocks hold the person's own entry");
    }
}
