//! Who knows people: how many providers, which kinds of care, and which providers.
//!
//! All of these count the same people. Where counts are exact, one table says of another what it says as it is, so that every relation between
//! them is stated: an attacker works with all sets of providers at once.

use super::{Layout, listed, overlap_name};
use crate::job::Setting;
use crate::summary::count::{COMBINATIONS, KNOWN_TO};
use crate::summary::disclosure::Place;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

/// Combinations of settings shown one by one; the others together.
const COMBINATIONS_SHOWN: usize = 14;
/// Of so few settings every combination that is not shown has a cell of its own where counts are exact: all of them may be listed but one.
const SETTINGS_FEW: u32 = 4;

/// People by the settings that know them.
pub(super) struct Combinations {
    /// Bit masks of settings that are shown one by one, most people first.
    pub shown: Vec<(usize, Place)>,
    pub other: Place,
    /// Those that are not shown, printed nowhere; `None` where they are told together only.
    unlisted: Option<Vec<(usize, Place)>>,
}

impl Combinations {
    /// Each that has a cell.
    fn each(&self) -> impl Iterator<Item = (usize, Place)> {
        self.shown.iter().chain(self.unlisted.iter().flatten()).copied()
    }

    /// Tells what is shown.
    fn listed(&self) -> String {
        listed_masks(&self.shown)
    }
}

fn listed_masks(shown: &[(usize, Place)]) -> String {
    listed(shown.iter().map(|(mask, _)| format!("{mask:x}")))
}

fn bit(setting: Setting) -> usize {
    1 << setting as usize
}

impl Layout<'_, '_> {
    /// Gives also who is known to a provider that may be named, which is printed nowhere.
    pub(super) fn known_to(&mut self) -> (Vec<Place>, Place) {
        let counts = self.counts;
        let possible = self.facts.providers.len().min(KNOWN_TO - 1);
        let mut places = self.parts("known_to", &counts.known_to[..=possible], |at| at.to_string());
        places.extend((possible + 1..KNOWN_TO).map(|at| self.table.nobody(&format!("known_to|{at}"))));
        let named = self.table.unseen("named", counts.people - counts.known_to[0]);
        self.table.sum(self.people, [named, places[0]]);
        self.table.sum(named, places[1..].iter().copied());
        (places, named)
    }

    pub(super) fn combinations(&mut self, named: Place) -> Combinations {
        let (control, counts) = (self.facts.control, self.counts);
        let name = |mask: usize| format!("settings|{mask:x}");
        let people = |mask: usize| counts.combinations[mask];
        let mut masks: Vec<usize> = (1..COMBINATIONS)
            .filter(|&mask| people(mask) > 0 && !control.is_small(&name(mask), people(mask)))
            .collect();
        // By what is shown, so that the order tells nothing more.
        masks.sort_by_cached_key(|&mask| (Reverse(control.single(&name(mask), people(mask)).count()), mask));
        masks.truncate(COMBINATIONS_SHOWN);
        let shown: Vec<(usize, Place)> =
            masks.into_iter().map(|mask| (mask, self.table.part(&name(mask), people(mask)))).collect();
        let unlisted = self.unlisted(&shown);
        let (name, others) = (format!("settings, other|{}", listed_masks(&shown)), self.in_others(&shown));
        let other = match &unlisted {
            // Where all are listed, everybody knows that there are no others.
            Some(none) if none.is_empty() => self.table.nobody(&name),
            _ => self.table.part(&name, others),
        };
        if let Some(parts) = unlisted.as_ref().filter(|parts| !parts.is_empty()) {
            self.table.sum(other, parts.iter().map(|(_, place)| *place));
        }
        self.table.sum(named, shown.iter().map(|(_, place)| *place).chain([other]));
        Combinations { shown, other, unlisted }
    }

    /// How many are in combinations that are not shown one by one.
    fn in_others(&self, shown: &[(usize, Place)]) -> u64 {
        let one_by_one: u64 = shown.iter().map(|(mask, _)| self.counts.combinations[*mask]).sum();
        self.counts.people - self.counts.combinations[0] - one_by_one
    }

    /// A cell of each combination that may be among those which are not shown, where whoever subtracts knows exactly what is left of these.
    fn unlisted(&mut self, shown: &[(usize, Place)]) -> Option<Vec<(usize, Place)>> {
        let counts = self.counts;
        let present: usize = self.facts.providers.iter().fold(0, |bits, provider| bits | bit(provider.setting));
        if !self.is_exact() || present.count_ones() > SETTINGS_FEW {
            return None;
        }
        let is_shown = |mask: usize| shown.iter().any(|(known, _)| *known == mask);
        let possible = (1..COMBINATIONS).filter(|&mask| mask & !present == 0 && !is_shown(mask));
        let place = |mask: usize| {
            let name = format!("settings, unlisted|{mask:x}");
            (mask, self.table.unseen(&name, counts.combinations[mask]))
        };
        Some(possible.map(place).collect())
    }

    /// A setting with one provider has that provider's people: they are one cell.
    pub(super) fn settings_and_providers(
        &mut self,
        combinations: &Combinations,
        known_to: &[Place],
    ) -> (Vec<(Setting, Place)>, Vec<Place>) {
        let counts = self.counts;
        let of_setting = |setting: Setting| {
            let with = (0..COMBINATIONS).filter(|mask| mask & bit(setting) != 0);
            with.map(|mask| counts.combinations[mask]).sum::<u64>()
        };
        let providers = &self.facts.providers;
        let takes_part = |setting: &Setting| providers.iter().any(|provider| provider.setting == *setting);
        let mut settings = Vec::new();
        for setting in Setting::ALL.into_iter().filter(takes_part) {
            let name = format!("setting|{}", setting.word());
            let place = self.table.part(&name, of_setting(setting));
            self.among_combinations((&name, place), of_setting(setting), bit(setting), combinations);
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
        self.memberships(&of_provider, known_to);
        if self.is_exact() {
            for &(setting, place) in &settings {
                self.several_of_one_setting((setting, place), of_setting(setting), &of_provider);
            }
            self.by_number(combinations, known_to);
        }
        (settings, of_provider)
    }

    /// Whoever is known to two providers is counted by both.
    fn memberships(&mut self, of_provider: &[Place], known_to: &[Place]) {
        let counts = self.counts;
        let memberships: u64 = counts.of_provider.iter().sum();
        let whole = self.table.unseen("memberships", memberships);
        self.table.sum(whole, of_provider.iter().copied());
        let at_least: u64 = (0..).zip(&counts.known_to).map(|(times, people)| times * people).sum();
        // Of those known to the most providers it is not told to how many; where there are none of them, nothing is left open.
        let further = (counts.known_to[KNOWN_TO - 1] > 0)
            .then(|| self.table.unseen("memberships, further", memberships - at_least));
        let weighted = (1..KNOWN_TO).map(|times| (times as u64, known_to[times]));
        self.table.weighted_sum(whole, weighted.chain(further.map(|further| (1, further))));
    }

    /// Where a setting has several providers: whoever is known to more than one of them is counted again, and each knows some of all.
    fn several_of_one_setting(&mut self, (setting, place): (Setting, Place), people: u64, of_provider: &[Place]) {
        let (counts, providers, word) = (self.counts, &self.facts.providers, setting.word());
        let own: Vec<usize> = (0..providers.len()).filter(|&at| providers[at].setting == setting).collect();
        if own.len() < 2 {
            return;
        }
        let memberships: u64 = own.iter().map(|&at| counts.of_provider[at]).sum();
        let whole = self.table.unseen(&format!("setting|{word}|memberships"), memberships);
        self.table.sum(whole, own.iter().map(|&at| of_provider[at]));
        let name = format!("setting|{word}|counted again");
        let again = match memberships - people {
            // That nobody is known to two of them may be told.
            0 => self.table.unseen(&name, 0),
            again => self.table.rest(&name, again),
        };
        self.table.sum(whole, [place, again]);
        for at in own {
            let name = format!("setting|{word}|not {}", providers[at].id);
            let elsewhere = self.table.unseen(&name, people - counts.of_provider[at]);
            self.table.sum(place, [of_provider[at], elsewhere]);
        }
    }

    /// Whoever is counted by settings is counted by the number of providers too.
    fn by_number(&mut self, combinations: &Combinations, known_to: &[Place]) {
        let counts = self.counts;
        let mut of_number: Vec<Vec<Place>> = vec![Vec::new(); KNOWN_TO];
        for (mask, place) in combinations.each() {
            let (numbers, name) = (self.numbers(mask), format!("settings|{mask:x}"));
            let people = |number: usize| counts.by_number[mask * KNOWN_TO + number];
            self.part_by_number((&name, place), numbers, people, &mut of_number);
        }
        if combinations.unlisted.is_none() {
            let numbers = 1..self.facts.providers.len().min(KNOWN_TO - 1) + 1;
            let name = format!("settings, other|{}", combinations.listed());
            let others: Vec<usize> =
                (1..COMBINATIONS).filter(|mask| combinations.each().all(|(known, _)| known != *mask)).collect();
            let people =
                |number: usize| others.iter().map(|mask| counts.by_number[mask * KNOWN_TO + number]).sum::<u64>();
            self.part_by_number((&name, combinations.other), numbers, people, &mut of_number);
        }
        for (places, &whole) in of_number.into_iter().zip(known_to).filter(|(places, _)| !places.is_empty()) {
            self.table.sum(whole, places);
        }
    }

    /// To how many providers somebody can be known whom exactly these settings know.
    fn numbers(&self, mask: usize) -> Range<usize> {
        let most = self.facts.providers.iter().filter(|provider| mask & bit(provider.setting) != 0).count();
        let least = mask.count_ones() as usize;
        least.min(KNOWN_TO - 1)..most.min(KNOWN_TO - 1) + 1
    }

    /// Parts a count by the number of providers; where that can be one number only, it is the part.
    fn part_by_number(
        &mut self,
        (name, whole): (&str, Place),
        numbers: Range<usize>,
        people: impl Fn(usize) -> u64,
        of_number: &mut [Vec<Place>],
    ) {
        if numbers.len() == 1 {
            of_number[numbers.start].push(whole);
            return;
        }
        let mut parts = Vec::new();
        for number in numbers {
            let part = self.table.unseen(&format!("{name}|known to {number}"), people(number));
            of_number[number].push(part);
            parts.push(part);
        }
        self.table.sum(whole, parts);
    }

    /// States that `place` holds the people of all combinations with these settings, and of some of the other combinations.
    fn among_combinations(
        &mut self,
        (name, place): (&str, Place),
        count: u64,
        bits: usize,
        combinations: &Combinations,
    ) {
        let within: Vec<(usize, Place)> = combinations.each().filter(|(mask, _)| mask & bits == bits).collect();
        if combinations.unlisted.is_some() {
            self.table.sum(place, within.into_iter().map(|(_, place)| place));
            return;
        }
        let one_by_one: u64 = within.iter().map(|(mask, _)| self.counts.combinations[*mask]).sum();
        let others = self.in_others(&combinations.shown);
        let listed = combinations.listed();
        let rest = self.table.unseen(&format!("{name}|other|{listed}"), count - one_by_one);
        let without = self.table.unseen(&format!("{name}|without|{listed}"), others - (count - one_by_one));
        self.table.sum(place, within.into_iter().map(|(_, place)| place).chain([rest]));
        self.table.sum(combinations.other, [rest, without]);
    }

    /// Of providers that share their setting with others nothing here tells their overlap.
    pub(super) fn overlap(
        &mut self,
        combinations: &Combinations,
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
                let bits = bit(providers[one].setting) | bit(providers[two].setting);
                self.among_combinations((&name, place), both, bits, combinations);
                places.insert((one, two), place);
                places.insert((two, one), place);
            }
        }
        places
    }
}
