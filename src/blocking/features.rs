//! What identities may have in common: the features from which blocking keys are made.

use crate::comparison::name::Names;
use crate::comparison::{CodeColumn, Comparisons, Of};
use crate::job::Field;
use crate::records::{MISSING, Records};
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
///
/// What an identity has is kept as the comparisons keep it, a code an identity; only the hashes of distinct values are made here, 8 bytes each.
/// A column of hashes an identity would be read with one wait for memory instead of two, but take 80 bytes of each identity: 1.5 GB of 19 million.
pub struct Features<'a> {
    comparisons: &'a Comparisons,
    hashes: Hashes,
}

/// The hashes of the distinct values of what is compared: all that blocking needs of the records. They hang on values alone, so that they hold as long as
/// the comparisons keep their codes, whoever leaves.
#[derive(Debug, Default)]
pub struct Hashes {
    /// Hashes of the rarest tokens of each distinct name, and of their beginnings.
    tokens: Vec<[u64; TOKENS]>,
    prefixes: Vec<[u64; TOKENS]>,
    /// Which comparison the names are of, by place in the list.
    name: Option<usize>,
    /// Every feature that has one value at most, where any identity may have one.
    columns: BTreeMap<Feature, Coded>,
}

/// One feature: where the codes of identities stand, and the hash of what each code stands for, so that keys depend on values and not on codes.
#[derive(Debug)]
struct Coded {
    /// The comparison, by place in the list, and which of its columns.
    comparison: usize,
    nth: usize,
    hashes: Vec<u64>,
}

const NONE: u64 = 0;

/// Identities whose values are looked up side by side: a code and then a hash are two waits for memory, which those of many identities share.
pub(super) const SIDE_BY_SIDE: usize = 64;

/// Hashes of one feature's values, by identity.
pub enum View<'f> {
    /// One at most an identity; empty where no identity has one.
    One { codes: CodeColumn<'f>, hashes: &'f [u64] },
    /// Those of the distinct name that each identity has.
    Several { of: CodeColumn<'f>, hashes: &'f [[u64; TOKENS]] },
}

impl View<'_> {
    /// Calls `emit` with the hash of each value that `identity` has.
    pub fn each(&self, identity: u32, mut emit: impl FnMut(u64)) {
        let code = |codes: &CodeColumn| Some(codes.at(identity)).filter(|code| *code != MISSING);
        match self {
            View::One { codes, hashes } => {
                code(codes).map(|code| hashes[code as usize]).filter(|hash| *hash != NONE).into_iter().for_each(emit);
            }
            View::Several { of, hashes } => {
                let Some(name) = code(of) else { return };
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
    /// The same of up to [`SIDE_BY_SIDE`] identities: calls `emit` with the place of each among them and the hash of each value that it has.
    pub fn each_of(&self, identities: impl Iterator<Item = u32>, mut emit: impl FnMut(usize, u64)) {
        let mut codes = [MISSING; SIDE_BY_SIDE];
        let (View::One { codes: column, .. } | View::Several { of: column, .. }) = self;
        codes.iter_mut().zip(identities).for_each(|(code, identity)| *code = column.at(identity));
        match self {
            View::One { hashes, .. } => {
                let of = |code: u32| if code == MISSING { NONE } else { hashes[code as usize] };
                let found = codes.map(of);
                let found = found.iter().enumerate().filter(|(_, hash)| **hash != NONE);
                found.for_each(|(place, hash)| emit(place, *hash));
            }
            View::Several { hashes, .. } => {
                let of = |code: u32| if code == MISSING { [NONE; TOKENS] } else { hashes[code as usize] };
                for (place, found) in codes.map(of).iter().enumerate() {
                    let new = |(i, hash): &(usize, &u64)| **hash != NONE && !found[..*i].contains(hash);
                    found.iter().enumerate().filter(new).for_each(|(_, hash)| emit(place, *hash));
                }
            }
        }
    }

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

impl Hashes {
    /// Hashes the distinct values of what is compared; the records are not needed afterwards.
    pub fn gather(comparisons: &Comparisons, records: &Records) -> Hashes {
        let mut all = Hashes::default();
        for (index, comparison) in comparisons.list.iter().enumerate() {
            match &comparison.of {
                Of::Name(names) if comparison.name == "name" => {
                    (all.tokens, all.prefixes) = (tokens_of(names, None), tokens_of(names, Some(PREFIX_LETTERS)));
                    all.name = Some(index);
                }
                Of::Date(dates) if comparison.name == "date_of_birth" => {
                    let parts =
                        [Feature::Date, Feature::Year, Feature::MonthDay, Feature::YearMonth, Feature::DateLessDigit];
                    for part in parts {
                        let hashes = dates.digits.iter().map(|digits| date_part(digits, part)).collect();
                        all.add(part, (index, 0), hashes);
                    }
                }
                Of::Place(_) => {
                    let postcodes = |hash: fn(&str) -> u64| hashes_of(records, Field::Postcode, hash);
                    all.add(Feature::Postcode, (index, 0), postcodes(|value| salted(value, 1)));
                    all.add(Feature::Outward, (index, 0), postcodes(outward));
                    all.add(Feature::Sector, (index, 0), postcodes(sector));
                    let addresses = hashes_of(records, Field::Address, |value| salted(value, 2));
                    all.add(Feature::Address, (index, 1), addresses);
                    let uprns = hashes_of(records, Field::Uprn, |value| salted(value, 3));
                    all.add(Feature::Uprn, (index, 2), uprns);
                }
                Of::Values(values) => {
                    let hashes = hashes_of(records, values.field, |value| salted(value, 16 + index as u64));
                    all.add(Feature::Value(index), (index, 0), hashes);
                }
                _ => {}
            }
        }
        all
    }

    fn add(&mut self, feature: Feature, (comparison, nth): (usize, usize), hashes: Vec<u64>) {
        if hashes.iter().any(|hash| *hash != NONE) {
            self.columns.insert(feature, Coded { comparison, nth, hashes });
        }
    }

    /// The features of the identities that the comparisons hold now.
    pub fn of(self, comparisons: &Comparisons) -> Features<'_> {
        Features { comparisons, hashes: self }
    }
}

impl<'a> Features<'a> {
    /// As [`Hashes::gather`] of all identities that the comparisons hold.
    pub fn gather(comparisons: &'a Comparisons, records: &Records) -> Features<'a> {
        Hashes::gather(comparisons, records).of(comparisons)
    }

    /// The hashes alone, for when identities have left the comparisons.
    pub fn into_hashes(self) -> Hashes {
        self.hashes
    }

    pub fn comparisons(&self) -> &'a Comparisons {
        self.comparisons
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
        let codes = |at: usize, nth| self.comparisons.column(&self.comparisons.list[at], nth);
        let several =
            |hashes| View::Several { of: self.hashes.name.map_or(CodeColumn::NONE, |at| codes(at, 0)), hashes };
        match feature {
            Feature::Tokens => several(&self.hashes.tokens),
            Feature::Prefixes => several(&self.hashes.prefixes),
            _ => match self.hashes.columns.get(&feature) {
                Some(Coded { comparison, nth, hashes }) => View::One { codes: codes(*comparison, *nth), hashes },
                None => View::One { codes: CodeColumn::NONE, hashes: &[] },
            },
        }
    }
}

/// The hash of each distinct value of a field, by code.
fn hashes_of(records: &Records, field: Field, hash: impl Fn(&str) -> u64 + Send + Sync) -> Vec<u64> {
    records.clean.get(&field).map_or(Vec::new(), |column| column.values.par_iter().map(hash).collect())
}

fn salted(value: &str, salt: u64) -> u64 {
    mix(hash_bytes(value.as_bytes()), salt)
}

fn outward(postcode: &str) -> u64 {
    postcode.split_once(' ').map_or(NONE, |(outward, _)| hash_bytes(outward.as_bytes()))
}

/// The outward code and the digit after it.
fn sector(postcode: &str) -> u64 {
    match postcode.split_once(' ') {
        Some((outward, inward)) if !inward.is_empty() => {
            hash_bytes(&postcode.as_bytes()[..(outward.len() + 2).min(postcode.len())])
        }
        _ => NONE,
    }
}

/// Hashes of the rarest tokens of each distinct name, or of so many letters that they begin with.
fn tokens_of(names: &Names, letters: Option<usize>) -> Vec<[u64; TOKENS]> {
    let hashes = |name: u32| {
        let mut hashes = [NONE; TOKENS];
        let tokens = names.rarest_tokens(name);
        let words = tokens.iter().map(|token| names.word(*token).as_bytes()).filter(|word| word.len() > 1);
        let words = words.filter(|word| word.len() >= letters.unwrap_or(0));
        for (slot, word) in hashes.iter_mut().zip(words) {
            *slot = hash_bytes(&word[..letters.unwrap_or(word.len())]);
        }
        hashes
    };
    (0..names.distinct() as u32).into_par_iter().map(hashes).collect()
}

/// A date, or its year, or its day and month; none where that part is not whole.
fn date_part(digits: &[u8; 8], feature: Feature) -> u64 {
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
