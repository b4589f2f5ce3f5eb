//! What identities may have in common: the features from which blocking keys are made.

use crate::comparison::{Comparisons, Of};
use crate::job::Field;
use crate::records::{Identities, MISSING, Records};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Tokens a name contributes to keys: its rarest ones.
const TOKENS: usize = 3;
/// Letters of a token that survive most typing errors.
const PREFIX_LETTERS: usize = 3;

/// A kind of feature; an identity has none, one or a few values of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// One value of a compared column, by place in [`Comparisons::list`].
    Value(usize),
    Tokens,
    Prefixes,
    Date,
    Year,
    MonthDay,
    /// A year and a month.
    YearMonth,
    /// A date less the last digit of its year.
    DateLessDigit,
    Postcode,
    Outward,
    /// A postcode's outward code and the digit after it.
    Sector,
    Address,
    Uprn,
}

impl Feature {
    /// The comparison whose values it is taken from, by place in the list.
    pub fn comparison(self, comparisons: &Comparisons) -> Option<usize> {
        let named = |name: &str| comparisons.list.iter().position(|comparison| comparison.name == name);
        match self {
            Feature::Value(index) => Some(index),
            Feature::Tokens | Feature::Prefixes => named("name"),
            Feature::Date | Feature::Year | Feature::MonthDay | Feature::YearMonth | Feature::DateLessDigit => {
                named("date_of_birth")
            }
            Feature::Postcode | Feature::Outward | Feature::Sector | Feature::Address | Feature::Uprn => named("place"),
        }
    }

    /// The word used in `plan` and run.json.
    pub fn word(self, comparisons: &Comparisons) -> String {
        match self {
            Feature::Value(index) => comparisons.list[index].name.clone(),
            Feature::Tokens => "name".into(),
            Feature::Prefixes => "start_of_name".into(),
            Feature::Date => "date_of_birth".into(),
            Feature::Year => "year_of_birth".into(),
            Feature::MonthDay => "day_and_month".into(),
            Feature::YearMonth => "month_of_birth".into(),
            Feature::DateLessDigit => "date_of_birth_less_a_digit".into(),
            Feature::Sector => "postcode_sector".into(),
            Feature::Postcode => "postcode".into(),
            Feature::Outward => "outward_code".into(),
            Feature::Address => "address".into(),
            Feature::Uprn => "uprn".into(),
        }
    }
}

/// Features of all identities, as hashes of their values.
pub struct Features<'a> {
    comparisons: &'a Comparisons,
    /// Hashes of the rarest tokens of each distinct name, and of their beginnings.
    tokens: Vec<[u64; TOKENS]>,
    prefixes: Vec<[u64; TOKENS]>,
    name_of: &'a [u32],
    outward: Vec<u64>,
    sector: Vec<u64>,
    /// Hash of each distinct value of a column, so that keys depend on values and not on codes.
    values: BTreeMap<Field, Vec<u64>>,
    /// Hash by identity of every feature that has one value at most: 8 bytes an identity each, read millions of times.
    columns: BTreeMap<Feature, Vec<u64>>,
}

const NONE: u64 = 0;

/// Hashes of one feature's values, by identity.
pub enum View<'f> {
    /// One at most an identity; empty where no identity has one.
    One(&'f [u64]),
    /// Those of the distinct name that each identity has.
    Several { of: &'f [u32], hashes: &'f [[u64; TOKENS]] },
}

impl View<'_> {
    /// Calls `emit` with the hash of each value that `identity` has.
    pub fn each(&self, identity: u32, mut emit: impl FnMut(u64)) {
        let at = identity as usize;
        match self {
            View::One(hashes) => hashes.get(at).filter(|hash| **hash != NONE).copied().into_iter().for_each(emit),
            View::Several { of, hashes } => {
                let name = of.get(at).copied().unwrap_or(MISSING);
                if name == MISSING {
                    return;
                }
                let hashes = &hashes[name as usize];
                for (i, hash) in hashes.iter().enumerate() {
                    if *hash != NONE && !hashes[..i].contains(hash) {
                        emit(*hash);
                    }
                }
            }
        }
    }
}

impl View<'_> {
    /// The hashes of all values that `identity` has.
    pub fn values(&self, identity: u32) -> Vec<u64> {
        let mut values = Vec::new();
        self.each(identity, |hash| values.push(hash));
        values
    }

    /// The hashes of the values that two identities share.
    pub fn shared(&self, left: u32, right: u32) -> Vec<u64> {
        let right = self.values(right);
        self.values(left).into_iter().filter(|hash| right.contains(hash)).collect()
    }
}

impl<'a> Features<'a> {
    pub fn gather(comparisons: &'a Comparisons, records: &Records, identities: &Identities) -> Features<'a> {
        let mut features = Features {
            comparisons,
            tokens: Vec::new(),
            prefixes: Vec::new(),
            name_of: &[],
            outward: Vec::new(),
            sector: Vec::new(),
            values: BTreeMap::new(),
            columns: BTreeMap::new(),
        };
        let mut hash_column = |field: Field| {
            if let Some(column) = records.clean.get(&field) {
                features.values.insert(field, column.values.iter().map(|value| hash_bytes(value.as_bytes())).collect());
            }
        };
        for comparison in &comparisons.list {
            match &comparison.of {
                Of::Values(values) => hash_column(values.field),
                Of::Place(_) => [Field::Postcode, Field::Address, Field::Uprn].into_iter().for_each(&mut hash_column),
                _ => {}
            }
        }
        for comparison in &comparisons.list {
            match &comparison.of {
                Of::Name(names) if comparison.name == "name" => {
                    features.name_of = &names.of_identity;
                    let hashes = |name: u32, cut: Option<usize>| {
                        let mut hashes = [NONE; TOKENS];
                        let tokens = names.rarest_tokens(name);
                        let words = tokens.iter().map(|token| names.word(*token).as_bytes()).filter(|w| w.len() > 1);
                        let words = words.filter(|word| word.len() >= cut.unwrap_or(0));
                        for (slot, word) in hashes.iter_mut().zip(words) {
                            *slot = hash_bytes(&word[..cut.unwrap_or(word.len())]);
                        }
                        hashes
                    };
                    let all =
                        |cut| (0..names.distinct() as u32).into_par_iter().map(|name| hashes(name, cut)).collect();
                    (features.tokens, features.prefixes) = (all(None), all(Some(PREFIX_LETTERS)));
                }
                Of::Place(_) => {
                    let outward =
                        |value: &str| value.split_once(' ').map_or(NONE, |(out, _)| hash_bytes(out.as_bytes()));
                    let values =
                        records.clean.get(&Field::Postcode).map(|column| column.values.iter().map(outward).collect());
                    features.outward = values.unwrap_or_default();
                    let sector = |value: &str| match value.split_once(' ') {
                        Some((out, inward)) if !inward.is_empty() => {
                            hash_bytes(&value.as_bytes()[..(out.len() + 2).min(value.len())])
                        }
                        _ => NONE,
                    };
                    let values =
                        records.clean.get(&Field::Postcode).map(|column| column.values.iter().map(sector).collect());
                    features.sector = values.unwrap_or_default();
                }
                _ => {}
            }
        }
        let mut wanted =
            vec![Feature::Date, Feature::Year, Feature::MonthDay, Feature::YearMonth, Feature::DateLessDigit];
        wanted.extend([Feature::Postcode, Feature::Outward, Feature::Sector, Feature::Address, Feature::Uprn]);
        wanted.extend((0..comparisons.list.len()).map(Feature::Value));
        let column = |feature: &Feature| {
            let hashes: Vec<u64> =
                (0..identities.len()).into_par_iter().map(|at| features.hash_of(*feature, at)).collect();
            (*feature, hashes)
        };
        let columns: Vec<(Feature, Vec<u64>)> =
            wanted.iter().map(column).filter(|(_, c)| c.iter().any(|hash| *hash != NONE)).collect();
        features.columns = columns.into_iter().collect();
        features
    }

    /// The kinds of features that this job's fields give, strongest first: the rules' first keys.
    pub fn first_keys(&self) -> Vec<Feature> {
        let mut keys = Vec::new();
        for (index, comparison) in self.comparisons.list.iter().enumerate() {
            match &comparison.of {
                Of::Values(values) if is_identifying(values.manner) => keys.push(Feature::Value(index)),
                Of::Date(_) if comparison.name == "date_of_birth" => keys.push(Feature::Date),
                Of::Name(_) if comparison.name == "name" => keys.push(Feature::Tokens),
                Of::Place(_) => keys.extend([Feature::Uprn, Feature::Address, Feature::Postcode]),
                _ => {}
            }
        }
        let identifiers = |key: &Feature| !matches!(key, Feature::Value(_));
        keys.sort_by_key(identifiers);
        keys
    }

    /// Features that say little alone: rules of their own in populations that are small enough.
    pub fn weak_keys(&self) -> Vec<Feature> {
        let mut keys = vec![Feature::DateLessDigit, Feature::MonthDay, Feature::YearMonth, Feature::Sector];
        keys.extend([Feature::Prefixes, Feature::Year, Feature::Outward]);
        keys.extend(self.categories());
        keys
    }

    /// Custom categories, which only ever narrow a block that is too large.
    pub fn categories(&self) -> Vec<Feature> {
        use crate::comparison::value::Manner;
        let listed = self.comparisons.list.iter().enumerate();
        let category = |of: &Of| matches!(of, Of::Values(values) if matches!(values.manner, Manner::Category));
        listed.filter(|(_, comparison)| category(&comparison.of)).map(|(index, _)| Feature::Value(index)).collect()
    }

    /// One feature of all identities.
    pub fn view(&self, feature: Feature) -> View<'_> {
        match feature {
            Feature::Tokens => View::Several { of: self.name_of, hashes: &self.tokens },
            Feature::Prefixes => View::Several { of: self.name_of, hashes: &self.prefixes },
            _ => View::One(self.columns.get(&feature).map_or(&[], Vec::as_slice)),
        }
    }

    /// The hash of a feature that has one value at most.
    fn hash_of(&self, feature: Feature, at: usize) -> u64 {
        let coded = |codes: &[u32], field: Field, salt: u64| match codes[at] {
            MISSING => NONE,
            code => mix(self.values[&field][code as usize], salt),
        };
        if let Feature::Value(index) = feature {
            return match &self.comparisons.list[index].of {
                Of::Values(values) => coded(&values.codes, values.field, 16 + index as u64),
                _ => NONE,
            };
        }
        for comparison in &self.comparisons.list {
            match (&comparison.of, feature) {
                (
                    Of::Date(dates),
                    Feature::Date | Feature::Year | Feature::MonthDay | Feature::YearMonth | Feature::DateLessDigit,
                ) if comparison.name == "date_of_birth" => {
                    return date_part(dates, feature, at);
                }
                (Of::Place(places), Feature::Postcode) => return coded(&places.postcode, Field::Postcode, 1),
                (Of::Place(places), Feature::Address) => return coded(&places.address, Field::Address, 2),
                (Of::Place(places), Feature::Uprn) => return coded(&places.uprn, Field::Uprn, 3),
                (Of::Place(places), Feature::Outward) => {
                    let code = places.postcode[at];
                    return if code == MISSING { NONE } else { self.outward[code as usize] };
                }
                (Of::Place(places), Feature::Sector) => {
                    let code = places.postcode[at];
                    return if code == MISSING { NONE } else { self.sector[code as usize] };
                }
                _ => {}
            }
        }
        NONE
    }
}

/// A date, or its year, or its day and month; none where that part is not whole.
fn date_part(dates: &crate::comparison::date::Dates, feature: Feature, at: usize) -> u64 {
    let code = dates.codes[at];
    if code == MISSING {
        return NONE;
    }
    let digits = &dates.digits[code as usize];
    let less: [u8; 7] = std::array::from_fn(|i| digits[if i < 3 { i } else { i + 1 }]);
    let part: &[u8] = match feature {
        Feature::Date => digits,
        Feature::Year => &digits[..4],
        Feature::YearMonth => &digits[..6],
        Feature::DateLessDigit => &less,
        _ => &digits[4..],
    };
    if part.contains(&b'-') { NONE } else { hash_bytes(part) }
}

fn is_identifying(manner: crate::comparison::value::Manner) -> bool {
    use crate::comparison::value::Manner;
    matches!(manner, Manner::Number | Manner::LocalIdentifier | Manner::Text)
}

/// A hash that is never [`NONE`].
fn hash_bytes(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    mix(hash, 0)
}

/// Mixes two words (the finaliser of SplitMix64); never [`NONE`].
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut x = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)).max(1)
}
