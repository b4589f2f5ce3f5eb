//! Who is seen by whom: which providers hold records of a person, and of which day.

use super::chance::{Chance, spread};
use super::damage::{Damage, Kind};
use super::households::{Block, World};
use super::people::{AS_OF, Person, days_after};
use super::providers::Provider;
use crate::job::Setting;
use jiff::civil::Date;

/// One record that a provider holds: its contacts, latest first. More than one only where the provider sends a row an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visit {
    /// Index into the providers.
    pub provider: usize,
    pub seen: Vec<Date>,
    /// A second record of the same person at this provider.
    pub duplicate: bool,
    pub registered_until: Option<Date>,
}

/// How often people meet providers, fitted to the wanted rows a person.
pub(super) struct Visits<'a> {
    pub providers: &'a [Provider],
    pub damage: &'a Damage,
    /// Places in `providers`, by setting.
    by_setting: Vec<Vec<usize>>,
    scale: f64,
    /// Further records a person where the providers are too few for the wanted rows.
    surplus: f64,
    /// Rows of one record with several events are written; otherwise each record is one row.
    events: bool,
}

impl<'a> Visits<'a> {
    /// Fits the scale on the first block of people.
    pub fn fit(
        world: &World,
        providers: &'a [Provider],
        damage: &'a Damage,
        rows_per_person: f64,
        events: bool,
    ) -> Self {
        let by_setting = Setting::ALL
            .iter()
            .map(|setting| (0..providers.len()).filter(|&place| providers[place].setting() == *setting).collect())
            .collect();
        let mut visits = Visits { providers, damage, by_setting, scale: 1.0, surplus: 0.0, events };
        let sample = world.block(0);
        let (mut low, mut high) = (0.0, 64.0);
        for _ in 0..30 {
            visits.scale = (low + high) / 2.0;
            if visits.expected_rows(&sample) < rows_per_person { low = visits.scale } else { high = visits.scale }
        }
        visits.surplus = (rows_per_person - visits.expected_rows(&sample)).max(0.0);
        if visits.surplus < 0.05 * rows_per_person {
            visits.surplus = 0.0;
        }
        visits
    }

    /// Mean rows of the sample's people at the present scale.
    fn expected_rows(&self, sample: &Block) -> f64 {
        let of = |person: &Person| -> f64 {
            let mut rows = 0.0;
            for place in 0..self.providers.len() {
                let setting = self.providers[place].setting();
                let mean = self.mean(sample, person, place);
                let records = if self.repeats(place) { mean } else { 1.0 - (-mean).exp() };
                rows += records * (1.0 + self.damage.rate(Kind::Duplicate, setting));
            }
            rows + self.registrations(sample, person).map_or(0.0, |(_, previous)| 1.0 + previous.map_or(0.0, |_| 0.5))
        };
        sample.people.iter().map(of).sum::<f64>() / sample.people.len() as f64
    }

    fn repeats(&self, place: usize) -> bool {
        self.events && self.providers[place].sends_events()
    }

    /// The practice of registration, and the one before for those who moved to another within six years.
    fn registrations(&self, block: &Block, person: &Person) -> Option<(usize, Option<(usize, Date)>)> {
        let practices = &self.by_setting[Setting::GeneralPractice as usize];
        if practices.is_empty() {
            return None;
        }
        let at = |address: u32| {
            let area = block.addresses[address as usize].area;
            practices[(spread(area) + u64::from(spread(person.index) % 10 < 3)) as usize % practices.len()]
        };
        let now = at(person.addresses[person.addresses.len() - 1].1);
        let previous =
            person.addresses.iter().rev().nth(1).map(|(_, address)| at(*address)).filter(|practice| *practice != now);
        let left = person.addresses[person.addresses.len() - 1].0;
        Some((now, previous.map(|practice| (practice, left)).filter(|(_, left)| *left > days_after(AS_OF, -6 * 365))))
    }

    /// Is the provider the one of its setting that serves where the person lives?
    pub fn is_local(&self, block: &Block, person: &Person, place: usize) -> bool {
        let setting = self.providers[place].setting();
        let same = &self.by_setting[setting as usize];
        let home = &block.addresses[person.addresses[person.addresses.len() - 1].1 as usize];
        same[spread(home.district as u64 ^ (setting as u64) << 32) as usize % same.len()] == place
    }

    /// Expected contacts of a person with a provider (practices apart).
    fn mean(&self, block: &Block, person: &Person, place: usize) -> f64 {
        let setting = self.providers[place].setting();
        let home = &block.addresses[person.addresses[person.addresses.len() - 1].1 as usize];
        let local = self.is_local(block, person, place);
        let age = person.age_on(AS_OF);
        let base = match setting {
            Setting::GeneralPractice => 0.0,
            Setting::Acute if self.providers[place].for_maternity() => {
                if age < 2 || (person.female && (18..45).contains(&age)) { 0.8 } else { 0.0 }
            }
            Setting::Acute => 1.1,
            Setting::Community => {
                if !(5..65).contains(&age) {
                    0.8
                } else {
                    0.25
                }
            }
            Setting::MentalHealth => {
                if person.health.has(8) || person.health.has(9) || person.health.has(6) {
                    0.8
                } else {
                    0.08
                }
            }
            Setting::SocialCare => {
                if person.health.care_package.is_some() {
                    2.5
                } else {
                    0.1
                }
            }
            Setting::Ambulance => 0.22,
            Setting::UrgentCare => 0.35,
            Setting::Hospice => {
                if person.health.end_of_life.is_some() {
                    3.0
                } else {
                    0.004
                }
            }
            Setting::Pharmacy => 0.5,
            Setting::PublicHealth => {
                if age < 16 {
                    1.6
                } else {
                    0.25
                }
            }
            Setting::Housing => {
                if home.decile <= 4 {
                    0.4
                } else {
                    0.08
                }
            }
            Setting::Voluntary => {
                if age >= 65 {
                    0.25
                } else {
                    0.04
                }
            }
            Setting::Other => {
                if person.health.has(0) {
                    2.0
                } else {
                    0.12
                }
            }
        };
        let need = person.health.need.clamp(0.3, 4.0);
        self.scale * base * need * if local { 1.0 } else { 0.12 }
    }

    /// All records of one person.
    pub fn of(&self, block: &Block, person: &Person, visits: &mut Vec<Visit>, chance: &mut Chance) {
        visits.clear();
        self.practices(block, person, visits, chance);
        for place in 0..self.providers.len() {
            let mean = self.mean(block, person, place);
            let contacts = if mean > 0.0 { chance.count(mean) } else { 0 };
            if contacts == 0 {
                continue;
            }
            let rows = if self.repeats(place) { contacts } else { 1 };
            let mut seen: Vec<Date> = (0..rows).map(|_| self.day(person, chance)).collect();
            seen.sort_unstable_by(|left, right| right.cmp(left));
            visits.push(Visit { provider: place, seen, duplicate: false, registered_until: None });
            if chance.happens(self.damage.rate(Kind::Duplicate, self.providers[place].setting())) {
                let seen = vec![self.day(person, chance)];
                visits.push(Visit { provider: place, seen, duplicate: true, registered_until: None });
            }
        }
    }

    fn practices(&self, block: &Block, person: &Person, visits: &mut Vec<Visit>, chance: &mut Chance) {
        let Some((now, previous)) = self.registrations(block, person) else { return };
        let alive = |day: Date| person.died.map_or(day, |died| day.min(died)).max(person.born);
        // Three in a hundred are registered nowhere near.
        if chance.happens(0.97) {
            let seen = alive(days_after(AS_OF, -chance.between(0, 500)));
            visits.push(Visit { provider: now, seen: vec![seen], duplicate: false, registered_until: None });
            let twice = usize::from(chance.happens(self.damage.rate(Kind::Duplicate, Setting::GeneralPractice)));
            for _ in 0..twice + chance.count(self.surplus) {
                let seen = vec![alive(days_after(AS_OF, -chance.between(0, 2_000)))];
                visits.push(Visit { provider: now, seen, duplicate: true, registered_until: None });
            }
        }
        if let Some((practice, left)) = previous.filter(|_| chance.happens(0.5)) {
            let seen = alive(days_after(left, -chance.between(5, 300)));
            visits.push(Visit { provider: practice, seen: vec![seen], duplicate: false, registered_until: Some(left) });
        }
    }

    /// A day of contact: more of them lately, none before birth or after death.
    fn day(&self, person: &Person, chance: &mut Chance) -> Date {
        let back = (-(1.0 - chance.share()).ln() * 600.0).min(2_500.0) as i64;
        let day = days_after(AS_OF, -back);
        // A tenth of the young are known from the day of their birth.
        let first = if person.age_on(AS_OF) < 3 && chance.happens(0.35) {
            days_after(person.born, chance.between(0, 3))
        } else {
            day
        };
        person.died.map_or(first, |died| first.min(died)).max(person.born).min(AS_OF)
    }
}
