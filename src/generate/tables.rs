//! The reference tables of `data/reference/generate`, parsed once.

use super::chance::{Chance, Weighted};
use std::collections::BTreeMap;

/// Data lines of an embedded table: without remarks and header, split into cells.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1).map(|line| line.split(',').collect())
}

fn words(cell: &str) -> Vec<String> {
    cell.split(' ').map(|word| word.replace('_', " ")).collect()
}

/// An ethnic group of the population.
#[derive(Debug, Clone)]
pub(super) struct EthnicGroup {
    pub name: &'static str,
    /// National code of 2001 (`A`..`S`).
    pub code: char,
    /// Naming group; `mixed_x` draws from `british` and `x`.
    pub names: &'static str,
}

struct GivenNames {
    from_year: i16,
    until_year: i16,
    names: Vec<String>,
    weights: Weighted,
}

struct FamilyNames {
    head_share: f64,
    head: Vec<String>,
    head_weights: Weighted,
    starts: Vec<String>,
    ends: Vec<String>,
    start_weights: Weighted,
    end_weights: Weighted,
}

/// Everything names and groups are drawn from.
pub(super) struct Tables {
    pub groups: Vec<EthnicGroup>,
    /// Weights of `groups` outside and inside North West London.
    shares: [Weighted; 2],
    given: BTreeMap<(&'static str, bool), Vec<GivenNames>>,
    family: BTreeMap<&'static str, FamilyNames>,
    short_forms: BTreeMap<String, Vec<String>>,
    spellings: BTreeMap<String, Vec<String>>,
}

impl Tables {
    pub fn load() -> Self {
        let mut groups = Vec::new();
        let (mut england, mut london) = (Vec::new(), Vec::new());
        for cells in lines(include_str!("../../data/reference/generate/ethnic_groups.csv")) {
            groups.push(EthnicGroup { name: cells[0], code: cells[1].chars().next().unwrap_or('Z'), names: cells[2] });
            england.push(cells[3].parse().unwrap_or(0.0));
            london.push(cells[4].parse().unwrap_or(0.0));
        }
        let (short_forms, spellings) = load_variants();
        Tables {
            groups,
            shares: [Weighted::new(england), Weighted::new(london)],
            given: load_given(),
            family: load_family(),
            short_forms,
            spellings,
        }
    }

    /// An ethnic group as common as it is in the region.
    pub fn group(&self, north_west_london: bool, chance: &mut Chance) -> usize {
        self.shares[usize::from(north_west_london)].draw(chance)
    }

    /// The naming group of one person: mixed groups draw from both sides.
    pub fn naming(&self, group: usize, chance: &mut Chance) -> &'static str {
        let names = self.groups[group].names;
        match names.strip_prefix("mixed_") {
            Some("asian") if chance.happens(0.5) => "indian",
            Some(other) if other != "asian" && chance.happens(0.5) => other,
            Some(_) => "british",
            None => names,
        }
    }

    pub fn given_name(&self, naming: &'static str, female: bool, born: i16, chance: &mut Chance) -> &str {
        let eras = &self.given[&(naming, female)];
        let era = eras.iter().find(|era| (era.from_year..era.until_year).contains(&born)).unwrap_or(&eras[0]);
        &era.names[era.weights.draw(chance)]
    }

    pub fn family_name(&self, naming: &'static str, chance: &mut Chance) -> String {
        let names = &self.family[naming];
        if names.starts.is_empty() || chance.happens(names.head_share) {
            return names.head[names.head_weights.draw(chance)].clone();
        }
        let (start, end) = (names.start_weights.draw(chance), names.end_weights.draw(chance));
        format!("{}{}", names.starts[start], names.ends[end])
    }

    pub fn short_form(&self, given: &str, chance: &mut Chance) -> Option<&str> {
        self.short_forms.get(given).map(|forms| chance.pick(forms).as_str())
    }

    pub fn spelling(&self, given: &str, chance: &mut Chance) -> Option<&str> {
        self.spellings.get(given).map(|forms| chance.pick(forms).as_str())
    }
}

fn load_given() -> BTreeMap<(&'static str, bool), Vec<GivenNames>> {
    let mut given: BTreeMap<_, Vec<GivenNames>> = BTreeMap::new();
    for cells in lines(include_str!("../../data/reference/generate/given_names.csv")) {
        let (from_year, until_year) = match cells[2] {
            "old" => (0, 1955),
            "middle" => (1955, 1990),
            "recent" => (1990, i16::MAX),
            _ => (0, i16::MAX),
        };
        let names = words(cells[3]);
        let weights = Weighted::zipf(names.len(), 2.0);
        given.entry((cells[0], cells[1] == "female")).or_default().push(GivenNames {
            from_year,
            until_year,
            names,
            weights,
        });
    }
    given
}

fn load_family() -> BTreeMap<&'static str, FamilyNames> {
    let mut family = BTreeMap::new();
    for cells in lines(include_str!("../../data/reference/generate/family_names.csv")) {
        let head = words(cells[2]);
        let names = FamilyNames {
            head_share: cells[1].parse().unwrap_or(1.0),
            head_weights: Weighted::zipf(head.len(), if cells[0] == "british" { 4.0 } else { 1.0 }),
            head,
            starts: Vec::new(),
            ends: Vec::new(),
            start_weights: Weighted::default(),
            end_weights: Weighted::default(),
        };
        family.insert(cells[0], names);
    }
    for cells in lines(include_str!("../../data/reference/generate/tail_names.csv")) {
        let Some(names) = family.get_mut(cells[0]) else { continue };
        let pieces = words(cells[2]);
        let weights = Weighted::zipf(pieces.len(), 6.0);
        match cells[1] {
            "start" => (names.starts, names.start_weights) = (pieces, weights),
            _ => (names.ends, names.end_weights) = (pieces, weights),
        }
    }
    family
}

type Forms = BTreeMap<String, Vec<String>>;

fn load_variants() -> (Forms, Forms) {
    let (mut short_forms, mut spellings) = (Forms::new(), Forms::new());
    for cells in lines(include_str!("../../data/reference/generate/variants.csv")) {
        let forms = if cells[0] == "short" { &mut short_forms } else { &mut spellings };
        forms.insert(cells[1].replace('_', " "), words(cells[2]));
    }
    (short_forms, spellings)
}
