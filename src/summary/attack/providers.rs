//! Who is known to which providers. The attacker works with every set of providers at once: how many people each set knows are the unknowns, and
//! every printed figure adds some of them up.

use super::OTHER_COMBINATIONS;
use super::people::{EVERYBODY, SETTINGS};
use super::read::Reader;
use std::collections::BTreeMap;

const KNOWN_TO: &str = "people_by_group.csv|count|known_to|";
const NOBODY_NAMED: &str = "No provider that may be named";

/// A provider as it is listed.
pub(super) struct Listed {
    pub id: String,
    pub setting: String,
    /// Its people.
    pub people: usize,
}

/// How many people each set of providers knows; the providers of a set are the bits of its place.
struct Sets(Vec<usize>);

impl Sets {
    /// The sets that meet what is asked.
    fn of(&self, meets: impl Fn(usize) -> bool) -> Vec<usize> {
        self.0.iter().enumerate().filter(|(set, _)| meets(*set)).map(|(_, people)| *people).collect()
    }
}

impl Reader<'_> {
    pub fn listed(&self) -> Vec<Listed> {
        let all = self.named("providers.csv|people|").into_iter();
        let one = |(name, people): (String, usize)| {
            let (id, setting) = name.split_once('|').expect("a provider has a setting");
            Listed { id: id.to_string(), setting: setting.to_string(), people }
        };
        all.map(one).collect()
    }

    pub fn who_knows_whom(&mut self) {
        let listed = self.listed();
        let sets = Sets((0..1usize << listed.len()).map(|_| self.unseen()).collect());
        let everybody = self.the(EVERYBODY);
        self.adds_up(everybody, &sets.0);
        for (one, provider) in listed.iter().enumerate() {
            self.adds_up(provider.people, &sets.of(|set| has(set, one)));
            for (other, beside) in listed.iter().enumerate() {
                let both = self.cell(&format!("provider_overlap.csv|people|{}|{}", provider.id, beside.id));
                if let Some(both) = both {
                    self.adds_up(both, &sets.of(|set| has(set, one) && has(set, other)));
                }
            }
        }
        self.by_number(&listed, &sets);
        self.by_setting(&listed, &sets);
    }

    /// By how many providers know somebody; the table is left out as a whole where it would say what another one hides.
    fn by_number(&mut self, listed: &[Listed], sets: &Sets) {
        if self.beginning(KNOWN_TO).is_empty() {
            return;
        }
        for number in 0..=listed.len() {
            let words = match number {
                0 => NOBODY_NAMED.to_string(),
                1 => "1 provider".to_string(),
                _ => format!("{number} providers"),
            };
            let row = self.cell(&format!("{KNOWN_TO}{words}"));
            self.adds_up_or_is_left_out(row, &sets.of(|set| set.count_ones() as usize == number));
        }
    }

    /// By the kinds of care that know somebody.
    fn by_setting(&mut self, listed: &[Listed], sets: &Sets) {
        let words = |set: usize| {
            let of_set = listed.iter().enumerate().filter(|(at, _)| has(set, *at));
            let mut settings: Vec<&str> = of_set.map(|(_, provider)| provider.setting.as_str()).collect();
            settings.sort_unstable();
            settings.dedup();
            settings.join(" + ")
        };
        let rows: BTreeMap<String, usize> = self.named(SETTINGS).into_iter().collect();
        for (combination, row) in &rows {
            let own = sets.of(|set| set > 0 && words(set) == *combination);
            if !own.is_empty() {
                self.adds_up(*row, &own);
            }
        }
        let other = rows.get(OTHER_COMBINATIONS).copied();
        self.adds_up_or_is_left_out(other, &sets.of(|set| set > 0 && !rows.contains_key(&words(set))));
        let nobody = rows.get(NOBODY_NAMED).copied();
        self.adds_up_or_is_left_out(nobody, &sets.of(|set| set == 0));
    }
}

fn has(set: usize, provider: usize) -> bool {
    set >> provider & 1 == 1
}
