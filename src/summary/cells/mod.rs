//! All counts of people and rows in one table, with every sum that holds between them, so that they are protected together.
//!
//! People are counted by status, age and sex, ethnic group, place, number of providers, kinds of care and provider. Each of these adds up to
//! the same few totals, printed or not, and some cells stand in two of them: nobody's place in one table may be worked out from another.
//!
//! Where counts are exact, all relations between cells are stated that there are. Where they are blurred, some are left to the blur: for a small
//! count to be told by them, two other figures at least would have to lie at the very ends of what they can stand for. These are how people by
//! settings, by number of providers and by provider hang together, and that nobody is known to a provider without a row.

mod known;
mod linked;
mod rows;

pub(super) use linked::LinkedCells;
pub(super) use rows::{ProviderRows, Rows};

use super::care::CareCells;
use super::count::{AGE_BANDS, Counts, WIDE_BANDS, age_band_words};
use super::disclosure::{Place, Protected, Table};
use super::end_of_life::EndOfLifeCells;
use super::{EthnicGroup, Facts, Sex, Status};
use crate::job::Setting;
use std::collections::BTreeMap;

/// Where each count stands in the table.
pub(super) struct Cells {
    pub people: Place,
    pub status: [Place; Status::ALL.len()],
    /// Band by band, within it by sex.
    pub age_sex: Vec<Place>,
    pub ethnicity: Vec<Place>,
    pub areas: Areas,
    /// The first: no provider that may be named.
    pub known_to: Vec<Place>,
    /// The settings that take part, in the order of [`Setting::ALL`].
    pub settings: Vec<(Setting, Place)>,
    /// Bit masks of settings that are shown one by one, most people first.
    pub combinations: Vec<(usize, Place)>,
    pub other_combinations: Place,
    /// People of each provider.
    pub of_provider: Vec<Place>,
    /// People known to both of two providers, by their indexes; only where these are cells of the table.
    pub overlap: BTreeMap<(usize, usize), Place>,
    /// By segment set in the order of the job: its segments, and at last those of whom it is not known.
    pub segments: Vec<Vec<SegmentCells>>,
    /// In the order of the job.
    pub cohorts: Vec<CohortCells>,
    /// In the order of [`super::count::LINKED_GROUPS`].
    pub linked: Vec<LinkedCells>,
    pub care: Option<CareCells>,
    pub end_of_life: Option<EndOfLifeCells>,
    pub rows: Rows,
}

pub(super) struct SegmentCells {
    pub people: Place,
    /// In the order of [`WIDE_BANDS`].
    pub by_age: Vec<Place>,
}

pub(super) struct CohortCells {
    pub people: Place,
    /// `None` where the run before had no such cohort.
    pub entered: Option<Place>,
}

/// Places with people enough to be shown, in the order of their names, and the rest.
pub(super) struct Areas {
    pub shown: Vec<(usize, Place)>,
    /// Are there places with too few people each?
    pub some_are_small: bool,
    pub small: Place,
    pub unknown: Place,
}

/// The name of a provider's rows, which its fields share: a part is then never shown as more than its whole.
pub(crate) fn rows_name(provider: &str) -> String {
    format!("rows|{provider}")
}

/// The name of the people whom two providers share, whichever comes first.
pub(super) fn overlap_name(one: &str, other: &str) -> String {
    format!("overlap|{}|{}", one.min(other), one.max(other))
}

/// Tells what is listed one by one, so that what is left has another name where it holds others.
pub(super) fn listed(names: impl Iterator<Item: AsRef<str>>) -> String {
    let mut hasher = blake3::Hasher::new();
    for name in names {
        hasher.update(name.as_ref().as_bytes()).update(b"\n");
    }
    hasher.finalize().to_hex()[..16].to_string()
}

/// Lays everything out and protects it.
pub(super) fn protect(facts: &Facts, counts: &Counts) -> (Cells, Protected) {
    let mut table = Table::new(facts.control);
    let people = table.whole_population(counts.people);
    let cells = Layout { facts, counts, table: &mut table, people }.cells();
    (cells, table.protect())
}

struct Layout<'l, 'c> {
    facts: &'l Facts<'c>,
    counts: &'l Counts,
    table: &'l mut Table<'c>,
    people: Place,
}

impl Layout<'_, '_> {
    /// Do differences tell exactly what is left?
    fn is_exact(&self) -> bool {
        self.facts.control.preset().is_exact()
    }

    fn cells(mut self) -> Cells {
        let (status, living) = self.status();
        let age_sex = self.age_sex(living);
        let bands = self.wide_bands(&age_sex);
        let segments = self.segments(living, &bands);
        let ethnicity = self.ethnicity(living);
        let linked = self.linked(&bands, &age_sex, &ethnicity);
        let areas = self.areas(living);
        let (known_to, named) = self.known_to();
        let combinations = self.combinations(named);
        let (settings, of_provider) = self.settings_and_providers(&combinations, &known_to);
        let overlap = self.overlap(&combinations, &of_provider);
        let cohorts = self.cohorts();
        let care = self.care(living);
        let end_of_life = self.end_of_life(living, status[Status::Died as usize]);
        let rows = self.rows(&of_provider);
        Cells {
            people: self.people,
            status,
            age_sex,
            ethnicity,
            areas,
            known_to,
            settings,
            combinations: combinations.shown,
            other_combinations: combinations.other,
            of_provider,
            overlap,
            segments,
            cohorts,
            linked,
            care,
            end_of_life,
            rows,
        }
    }

    fn parts(&mut self, of: &str, counts: &[u64], name: impl Fn(usize) -> String) -> Vec<Place> {
        counts.iter().enumerate().map(|(at, &count)| self.table.part(&format!("{of}|{}", name(at)), count)).collect()
    }

    /// Gives also who is registered or known here, which is printed nowhere.
    fn status(&mut self) -> ([Place; Status::ALL.len()], Place) {
        let counts = self.counts.status;
        let places = self.parts("status", &counts, |at| Status::ALL[at].words().into());
        let [registered, known_only, left, died] = Status::ALL.map(|status| status as usize);
        let living = self.table.unseen("living", counts[registered] + counts[known_only]);
        self.table.sum(living, [places[registered], places[known_only]]);
        self.table.sum(self.people, [living, places[left], places[died]]);
        (places.try_into().expect("one place a status"), living)
    }

    fn age_sex(&mut self, living: Place) -> Vec<Place> {
        let width = Sex::ALL.len();
        let name = |at: usize| format!("{}|{}", age_band_words(at / width), Sex::ALL[at % width].words());
        let counts = self.counts;
        let places = self.parts("age_sex", counts.age_sex.as_flattened(), name);
        self.table.sum(living, places.iter().copied());
        places
    }

    /// The wide bands of ages, printed nowhere, made of the five-year bands where their edges are.
    fn wide_bands(&mut self, age_sex: &[Place]) -> Vec<Place> {
        let of_band = |band: usize| self.counts.wide[band];
        let bands: Vec<Place> = (0..WIDE_BANDS.len())
            .map(|band| self.table.unseen(&format!("wide|{}", WIDE_BANDS[band]), of_band(band)))
            .collect();
        let young = self.table.unseen("wide|young", of_band(0) + of_band(1));
        self.table.sum(young, [bands[0], bands[1]]);
        for (whole, five_years) in [
            (young, 0..8),
            (bands[2], 8..13),
            (bands[3], 13..16),
            (bands[4], 16..AGE_BANDS - 1),
            (bands[5], AGE_BANDS - 1..AGE_BANDS),
        ] {
            let sexes = Sex::ALL.len();
            self.table.sum(whole, age_sex[five_years.start * sexes..five_years.end * sexes].iter().copied());
        }
        bands
    }

    /// The wide bands of ages are the same people in every set.
    fn segments(&mut self, living: Place, bands: &[Place]) -> Vec<Vec<SegmentCells>> {
        let (facts, counts) = (self.facts, self.counts);
        let width = WIDE_BANDS.len();
        let mut sets = Vec::new();
        for (set, counted) in facts.segment_sets.iter().zip(&counts.segments) {
            let ids = set.segments.iter().map(|(id, _)| *id).chain([""]);
            let mut segments = Vec::new();
            for (id, cells) in ids.zip(counted.chunks(width)) {
                let name = format!("segment|{}|{id}", set.id);
                let people = self.table.part(&name, cells.iter().sum());
                let by_age = self.parts(&name, cells, |band| WIDE_BANDS[band].to_string());
                self.table.sum(people, by_age.iter().copied());
                segments.push(SegmentCells { people, by_age });
            }
            self.table.sum(living, segments.iter().map(|segment| segment.people));
            for (band, &whole) in bands.iter().enumerate() {
                self.table.sum(whole, segments.iter().map(|segment| segment.by_age[band]));
            }
            sets.push(segments);
        }
        sets
    }

    fn ethnicity(&mut self, living: Place) -> Vec<Place> {
        let counts = self.counts;
        let places = self.parts("ethnicity", &counts.ethnicity, |at| EthnicGroup::ALL[at].words().into());
        self.table.sum(living, places.iter().copied());
        places
    }

    fn areas(&mut self, living: Place) -> Areas {
        let (names, counts) = (self.facts.people.area_names, &self.counts.area);
        let name = |area: usize| format!("area|{}", names[area]);
        let small = |area: usize| self.facts.control.is_small(&name(area), counts[area]);
        let mut order: Vec<usize> = (0..names.len()).filter(|&area| counts[area] > 0 && !small(area)).collect();
        order.sort_by_key(|&area| natural_order(&names[area]));
        let few: Vec<u64> = (0..names.len()).filter(|&area| small(area)).map(|area| counts[area]).collect();
        let some_are_small = few.iter().any(|&people| people > 0);
        let shown: Vec<(usize, Place)> =
            order.into_iter().map(|area| (area, self.table.part(&name(area), counts[area]))).collect();
        // Without such a place there is no row for them.
        let small = match some_are_small {
            true => {
                let listed = listed(shown.iter().map(|(area, _)| names[*area].as_str()));
                self.table.part(&format!("area, too few each|{listed}"), few.iter().sum())
            }
            false => self.table.nobody("area, too few each"),
        };
        let unknown = self.table.part("area, not known", counts[names.len()]);
        self.table.sum(living, shown.iter().map(|(_, place)| *place).chain([small, unknown]));
        Areas { shown, some_are_small, small, unknown }
    }

    /// The rest of everybody could be worked out where a cohort is printed, and so could those who stayed in it.
    fn cohorts(&mut self) -> Vec<CohortCells> {
        let mut cells = Vec::new();
        for cohort in self.facts.cohorts {
            let name = format!("cohort|{}", cohort.id);
            let people = self.table.part(&name, cohort.people);
            let rest = self.table.rest(&format!("{name}|rest"), self.counts.people.saturating_sub(cohort.people));
            self.table.sum(self.people, [people, rest]);
            let entered = cohort.entered.map(|entered| {
                let place = self.table.part(&format!("{name}|entered"), entered);
                let stayed = self.table.rest(&format!("{name}|stayed"), cohort.people.saturating_sub(entered));
                self.table.sum(people, [place, stayed]);
                place
            });
            cells.push(CohortCells { people, entered });
        }
        cells
    }

    fn care(&mut self, living: Place) -> Option<CareCells> {
        let [registered, known_only, ..] = self.counts.status;
        let (control, people) = (self.facts.control, registered + known_only);
        self.facts.care.as_ref().map(|counts| CareCells::lay_out(control, counts, self.table, living, people))
    }

    fn end_of_life(&mut self, living: Place, dead: Place) -> Option<EndOfLifeCells> {
        let [registered, known_only, _, died] = self.counts.status;
        let (here, dead) = ((living, registered + known_only), (dead, died));
        let counts = self.facts.end_of_life.as_ref();
        counts.map(|counts| EndOfLifeCells::lay_out(self.facts.control, counts, self.table, here, dead))
    }
}

/// "NW2" before "NW10".
fn natural_order(name: &str) -> (String, u64, String) {
    let letters = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
    let (head, tail) = name.split_at(letters);
    let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
    (head.to_string(), tail[..digits].parse().unwrap_or(0), tail[digits..].to_string())
}
