//! Exact counts over everybody, in parallel. They stay inside this room: only `figures` reads them.

use super::{EthnicGroup, Facts, NO_AREA, Sex, Status};
use rayon::prelude::*;

/// Five-year bands up to 89, then 90 and over, then not known.
pub(super) const AGE_BANDS: usize = 20;
const AGE_UNKNOWN: usize = AGE_BANDS - 1;
/// The bands of ages beside segments: fewer and wider, so that groups are large enough to be shown.
pub(super) const WIDE_BANDS: [&str; 6] = ["0–17", "18–39", "40–64", "65–79", "80 and over", "Not known"];
/// Groups that the quality of linking is told of: wide bands of ages, sexes, ethnic groups, in this order.
pub(super) const LINKED_GROUPS: usize = WIDE_BANDS.len() + Sex::ALL.len() + EthnicGroup::ALL.len();
/// Known to 0, 1, … 9, then 10 or more providers.
pub(super) const KNOWN_TO: usize = 11;
/// Bits of a combination of settings.
pub(super) const COMBINATIONS: usize = 1 << crate::job::Setting::ALL.len();
/// With more providers than this the overlap covers the largest only: the matrix grows with the square.
pub(super) const OVERLAP_PROVIDERS: usize = 400;

/// People of one group who were put together from several records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Linked {
    pub several: u64,
    /// How many of them are expected to hold a record of somebody else, in millionths: whole numbers add up alike in any order.
    pub wrong_millionths: u64,
}

/// People, counted exactly. Age, sex, ethnicity, area and segments count those registered or known here, neither left nor died; the rest
/// counts everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    pub people: u64,
    pub status: [u64; Status::ALL.len()],
    pub age_sex: [[u64; Sex::ALL.len()]; AGE_BANDS],
    /// By [`WIDE_BANDS`].
    pub wide: [u64; WIDE_BANDS.len()],
    pub ethnicity: [u64; EthnicGroup::ALL.len()],
    /// By index of the area's name; the last entry is "not known".
    pub area: Vec<u64>,
    /// By segment set: segment by segment, and at last not known, the wide bands of ages.
    pub segments: Vec<Vec<u64>>,
    pub linked: [Linked; LINKED_GROUPS],
    pub known_to: [u64; KNOWN_TO],
    /// By bit mask of settings in the order of `Setting::ALL`; 0 where no provider may be named.
    pub combinations: Vec<u64>,
    /// The same by how many providers know them: [`KNOWN_TO`] counts a mask.
    pub by_number: Vec<u64>,
    /// People of each provider.
    pub of_provider: Vec<u64>,
    /// The providers in the overlap, in the order of the job.
    pub overlap_of: Vec<u16>,
    /// Row by row over `overlap_of`: people known to both.
    pub overlap: Vec<u64>,
}

impl Counts {
    fn empty(facts: &Facts, overlap_of: &[u16]) -> Counts {
        Counts {
            people: 0,
            status: Default::default(),
            age_sex: Default::default(),
            wide: Default::default(),
            linked: Default::default(),
            ethnicity: Default::default(),
            area: vec![0; facts.people.area_names.len() + 1],
            segments: facts
                .segment_sets
                .iter()
                .map(|set| vec![0; (set.segments.len() + 1) * WIDE_BANDS.len()])
                .collect(),
            known_to: Default::default(),
            combinations: vec![0; COMBINATIONS],
            by_number: vec![0; COMBINATIONS * KNOWN_TO],
            of_provider: vec![0; facts.providers.len()],
            overlap_of: overlap_of.to_vec(),
            overlap: vec![0; overlap_of.len() * overlap_of.len()],
        }
    }

    fn add(mut self, other: &Counts) -> Counts {
        let add = |left: &mut [u64], right: &[u64]| left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
        self.people += other.people;
        add(&mut self.status, &other.status);
        add(self.age_sex.as_flattened_mut(), other.age_sex.as_flattened());
        add(&mut self.wide, &other.wide);
        add(&mut self.ethnicity, &other.ethnicity);
        for (own, other) in self.linked.iter_mut().zip(&other.linked) {
            own.several += other.several;
            own.wrong_millionths += other.wrong_millionths;
        }
        add(&mut self.area, &other.area);
        self.segments.iter_mut().zip(&other.segments).for_each(|(own, other)| add(own, other));
        add(&mut self.known_to, &other.known_to);
        add(&mut self.combinations, &other.combinations);
        add(&mut self.by_number, &other.by_number);
        add(&mut self.of_provider, &other.of_provider);
        add(&mut self.overlap, &other.overlap);
        self
    }
}

/// The label of a band: "0–4", "90 and over", "Not known".
pub(super) fn age_band_words(band: usize) -> String {
    match band {
        AGE_UNKNOWN => "Not known".into(),
        18 => "90 and over".into(),
        _ => format!("{}–{}", band * 5, band * 5 + 4),
    }
}

pub(super) fn count(facts: &Facts) -> Counts {
    let overlap_of = largest_providers(facts);
    let mut place = vec![usize::MAX; facts.providers.len()];
    overlap_of.iter().enumerate().for_each(|(at, &provider)| place[provider as usize] = at);
    let setting_bit: Vec<usize> = facts.providers.iter().map(|provider| 1 << provider.setting as usize).collect();
    let people = facts.people.len();
    // Few large slices: each carries its own counters.
    let slice = people.div_ceil(rayon::current_num_threads().max(1) * 4).max(10_000);
    (0..people.div_ceil(slice))
        .into_par_iter()
        .map(|index| {
            let mut counts = Counts::empty(facts, &overlap_of);
            for person in index * slice..((index + 1) * slice).min(people) {
                count_person(facts, person, &mut counts);
                count_providers(facts.people.providers_of(person), &setting_bit, &place, &mut counts);
            }
            counts
        })
        .reduce(|| Counts::empty(facts, &overlap_of), |left, right| left.add(&right))
}

fn count_person(facts: &Facts, person: usize, counts: &mut Counts) {
    let people = &facts.people;
    counts.people += 1;
    let status = people.status[person];
    counts.status[status as usize] += 1;
    // Whoever has left or died is in a line of their own, and in no population.
    if matches!(status, Status::Left | Status::Died) {
        return;
    }
    let band = people.age[person].map_or(AGE_UNKNOWN, |age| (age as usize / 5).min(AGE_UNKNOWN - 1));
    counts.age_sex[band][people.sex[person] as usize] += 1;
    counts.ethnicity[people.ethnicity[person] as usize] += 1;
    let wide = wide_band(people.age[person]);
    counts.wide[wide] += 1;
    if let Some(weakest) = people.weakest[person] {
        let sex = WIDE_BANDS.len() + people.sex[person] as usize;
        let ethnic = WIDE_BANDS.len() + Sex::ALL.len() + people.ethnicity[person] as usize;
        for group in [wide, sex, ethnic] {
            counts.linked[group].several += 1;
            counts.linked[group].wrong_millionths += ((1.0 - weakest.clamp(0.0, 1.0)) * 1e6).round() as u64;
        }
    }
    for (set, counted) in facts.segment_sets.iter().zip(&mut counts.segments) {
        let segment = usize::from(set.of_person[person]).min(set.segments.len());
        counted[segment * WIDE_BANDS.len() + wide] += 1;
    }
    let area = people.area[person];
    let unknown = people.area_names.len();
    counts.area[if area == NO_AREA { unknown } else { area as usize }] += 1;
}

/// Place in [`WIDE_BANDS`].
pub(super) fn wide_band(age: Option<u8>) -> usize {
    match age {
        Some(..18) => 0,
        Some(..40) => 1,
        Some(..65) => 2,
        Some(..80) => 3,
        Some(_) => 4,
        None => 5,
    }
}

fn count_providers(known: &[u16], setting_bit: &[usize], place: &[usize], counts: &mut Counts) {
    let number = known.len().min(KNOWN_TO - 1);
    counts.known_to[number] += 1;
    let mut combination = 0;
    let width = counts.overlap_of.len();
    for &provider in known {
        combination |= setting_bit[provider as usize];
        counts.of_provider[provider as usize] += 1;
        let row = place[provider as usize];
        if row == usize::MAX {
            continue;
        }
        for &other in known {
            let column = place[other as usize];
            if column != usize::MAX {
                counts.overlap[row * width + column] += 1;
            }
        }
    }
    counts.combinations[combination] += 1;
    counts.by_number[combination * KNOWN_TO + number] += 1;
}

/// The providers with the most records, in the order of the job.
fn largest_providers(facts: &Facts) -> Vec<u16> {
    let mut order: Vec<u16> = (0..facts.providers.len() as u16).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(facts.providers[index as usize].records), index));
    order.truncate(OVERLAP_PROVIDERS);
    order.sort_unstable();
    order
}
