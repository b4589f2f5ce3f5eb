//! All counts of people and rows in one table, with every sum that holds between them, so that they are protected together.
//!
//! People are counted by status, age and sex, ethnic group, place, number of providers, kinds of care and provider. Each of these adds up to
//! the same few totals, printed or not, and some cells stand in two of them: nobody's place in one table may be worked out from another.

mod linked;
mod rows;

pub(super) use linked::LinkedCells;
pub(super) use rows::{ProviderRows, Rows};

use super::care::CareCells;
use super::count::{AGE_BANDS, COMBINATIONS, Counts, KNOWN_TO, WIDE_BANDS, age_band_words};
use super::disclosure::{Place, Protected, Table};
use super::end_of_life::EndOfLifeCells;
use super::{EthnicGroup, Facts, Sex, Status};
use crate::job::Setting;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Combinations of settings shown one by one; the others together.
const COMBINATIONS_SHOWN: usize = 14;

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
    fn cells(mut self) -> Cells {
        let (status, living) = self.status();
        let age_sex = self.age_sex(living);
        let bands = self.wide_bands(&age_sex);
        let segments = self.segments(living, &bands);
        let ethnicity = self.ethnicity(living);
        let linked = self.linked(&bands, &age_sex, &ethnicity);
        let areas = self.areas(living);
        let (known_to, named) = self.known_to();
        let (combinations, other_combinations) = self.combinations(named);
        let (settings, of_provider) = self.settings_and_providers(&combinations, other_combinations, &known_to);
        let overlap = self.overlap(&combinations, other_combinations, &of_provider);
        let cohorts = self.cohorts();
        let care = self.care(living);
        let end_of_life = self.end_of_life(living, status[Status::Died as usize]);
        let rows = self.rows();
        Cells {
            people: self.people,
            status,
            age_sex,
            ethnicity,
            areas,
            known_to,
            settings,
            combinations,
            other_combinations,
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

    /// Gives also who is known to a provider that may be named, which is printed nowhere.
    fn known_to(&mut self) -> (Vec<Place>, Place) {
        let counts = self.counts;
        let possible = self.facts.providers.len().min(KNOWN_TO - 1);
        let mut places = self.parts("known_to", &counts.known_to[..=possible], |at| at.to_string());
        places.extend((possible + 1..KNOWN_TO).map(|at| self.table.nobody(&format!("known_to|{at}"))));
        let named = self.table.unseen("named", counts.people - counts.known_to[0]);
        self.table.sum(self.people, [named, places[0]]);
        self.table.sum(named, places[1..].iter().copied());
        (places, named)
    }

    fn combinations(&mut self, named: Place) -> (Vec<(usize, Place)>, Place) {
        let (control, counts) = (self.facts.control, &self.counts.combinations);
        let name = |mask: usize| format!("settings|{mask:x}");
        let mut masks: Vec<usize> = (1..COMBINATIONS)
            .filter(|&mask| counts[mask] > 0 && !control.is_small(&name(mask), counts[mask]))
            .collect();
        // By what is shown, so that the order tells nothing more.
        masks.sort_by_cached_key(|&mask| (Reverse(control.single(&name(mask), counts[mask]).count()), mask));
        masks.truncate(COMBINATIONS_SHOWN);
        let shown: Vec<(usize, Place)> =
            masks.into_iter().map(|mask| (mask, self.table.part(&name(mask), counts[mask]))).collect();
        let one_by_one: u64 = shown.iter().map(|(mask, _)| counts[*mask]).sum();
        let listed = listed(shown.iter().map(|(mask, _)| format!("{mask:x}")));
        let other = self.table.part(&format!("settings, other|{listed}"), self.counts.people - counts[0] - one_by_one);
        self.table.sum(named, shown.iter().map(|(_, place)| *place).chain([other]));
        (shown, other)
    }

    /// A setting with one provider has that provider's people: they are one cell.
    fn settings_and_providers(
        &mut self,
        combinations: &[(usize, Place)],
        other: Place,
        known_to: &[Place],
    ) -> (Vec<(Setting, Place)>, Vec<Place>) {
        let counts = self.counts;
        let of_setting = |setting: Setting| {
            let with = (0..COMBINATIONS).filter(|mask| mask & (1 << setting as usize) != 0);
            with.map(|mask| counts.combinations[mask]).sum::<u64>()
        };
        let providers = &self.facts.providers;
        let takes_part = |setting: &Setting| providers.iter().any(|provider| provider.setting == *setting);
        let mut settings = Vec::new();
        for setting in Setting::ALL.into_iter().filter(takes_part) {
            let name = format!("setting|{}", setting.word());
            let place = self.table.part(&name, of_setting(setting));
            self.among_combinations((&name, place), of_setting(setting), 1 << setting as usize, combinations, other);
            settings.push((setting, place));
        }
        let mut of_provider = Vec::new();
        for (at, provider) in providers.iter().enumerate() {
            let alone = providers.iter().filter(|other| other.setting == provider.setting).count() == 1;
            let own = settings.iter().find(|(setting, _)| alone && *setting == provider.setting);
            of_provider.push(match own {
                Some((_, place)) => *place,
                None => self.table.part(&format!("provider|{}", provider.id), counts.of_provider[at]),
            });
        }
        let memberships: u64 = counts.of_provider.iter().sum();
        let whole = self.table.unseen("memberships", memberships);
        self.table.sum(whole, of_provider.iter().copied());
        let at_least: u64 = (0..).zip(&counts.known_to).map(|(times, people)| times * people).sum();
        // Of those known to the most providers it is not told to how many; where there are none of them, nothing is left open.
        let further = (counts.known_to[KNOWN_TO - 1] > 0)
            .then(|| self.table.unseen("memberships, further", memberships - at_least));
        let weighted = (1..KNOWN_TO).map(|times| (times as u64, known_to[times]));
        self.table.weighted_sum(whole, weighted.chain(further.map(|further| (1, further))));
        (settings, of_provider)
    }

    /// States that `place` holds the people of all combinations with these settings, and of some of the other combinations.
    fn among_combinations(
        &mut self,
        (name, place): (&str, Place),
        count: u64,
        bits: usize,
        shown: &[(usize, Place)],
        other: Place,
    ) {
        let within = || shown.iter().filter(|(mask, _)| mask & bits == bits);
        let one_by_one: u64 = within().map(|(mask, _)| self.counts.combinations[*mask]).sum();
        let all_others: u64 = self.counts.people
            - self.counts.combinations[0]
            - shown.iter().map(|(mask, _)| self.counts.combinations[*mask]).sum::<u64>();
        let listed = listed(shown.iter().map(|(mask, _)| format!("{mask:x}")));
        let rest = self.table.unseen(&format!("{name}|other|{listed}"), count - one_by_one);
        let without = self.table.unseen(&format!("{name}|without|{listed}"), all_others - (count - one_by_one));
        self.table.sum(place, within().map(|(_, place)| *place).chain([rest]));
        self.table.sum(other, [rest, without]);
    }

    fn overlap(
        &mut self,
        combinations: &[(usize, Place)],
        other: Place,
        of_provider: &[Place],
    ) -> BTreeMap<(usize, usize), Place> {
        let (counts, providers) = (self.counts, &self.facts.providers);
        let alone = |at: usize| providers.iter().filter(|one| one.setting == providers[at].setting).count() == 1;
        let width = counts.overlap_of.len();
        let mut places = BTreeMap::new();
        for (row, &one) in counts.overlap_of.iter().enumerate() {
            places.insert((usize::from(one), usize::from(one)), of_provider[usize::from(one)]);
            for (column, &two) in counts.overlap_of.iter().enumerate().skip(row + 1) {
                let (one, two) = (usize::from(one), usize::from(two));
                if !alone(one) || !alone(two) {
                    continue;
                }
                let both = counts.overlap[row * width + column];
                let name = overlap_name(providers[one].id, providers[two].id);
                let place = self.table.part(&name, both);
                let bits = 1 << providers[one].setting as usize | 1 << providers[two].setting as usize;
                self.among_combinations((&name, place), both, bits, combinations, other);
                places.insert((one, two), place);
                places.insert((two, one), place);
            }
        }
        places
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
