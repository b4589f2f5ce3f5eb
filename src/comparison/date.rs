//! The date comparison: digit by digit, with the kinds of damage that dates suffer (ACCURACY.md section 3, DOMAIN.md section 8).

use super::frequencies::{Bins, Hashes};
use crate::job::Field;
use crate::records::{Dictionary, Identities, MISSING, Records};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Number of levels: eleven kinds of agreement short of exact, and exact in five bins of rarity.
pub const LEVELS: u8 = 16;
const EXACT: u8 = 11;
/// Edges of the bins of rarity, in bits.
const RARITY: [f64; 4] = [7.0, 9.0, 11.0, 13.0];

/// Dates that systems write where none is known (DOMAIN.md section 4). 1 January 1900 may be somebody's birthday: they count as unknown only
/// where far more records hold them than hold any one date.
const DEFAULTS: [&[u8; 8]; 9] = [
    b"15821015",
    b"18000101",
    b"18010101",
    b"18111111",
    b"18991230",
    b"18991231",
    b"19000101",
    b"19010101",
    b"99991231",
];
/// How many times the records that a date has on average make one of them a default.
const DEFAULT_TIMES: u64 = 20;

/// Words for each level, for `explain`.
pub const WORDS: [&str; LEVELS as usize] = [
    "different",
    "same decade",
    "same year",
    "same day and month",
    "1 January of neighbouring years",
    "same year and one other part",
    "same year, one is 1 January",
    "one digit apart",
    "one digit apart, 1 January",
    "two digits apart",
    "day and month swapped",
    "the same (very common date)",
    "the same (common date)",
    "the same",
    "the same (rare date)",
    "the same (very rare date)",
];

/// The distinct dates of all identities as eight digits, `-` for an unknown part.
#[derive(Debug)]
pub struct Dates {
    pub digits: Vec<[u8; 8]>,
    /// Bin of rarity of each date, and [`DEFAULT`] where it stands for an unknown one.
    rarity: Vec<u8>,
    /// The bin of what one record holds.
    unseen: u8,
    complete: Vec<bool>,
}

/// Marks a date that stands for an unknown one.
const DEFAULT: u8 = 0x80;

impl Dates {
    /// Gathers `date`, falling back on `year` where a record has only that. How rare each date is comes from `frozen` where a model was
    /// learnt before, and is measured otherwise. Gives also the code of each identity, or [`MISSING`].
    pub fn gather(
        records: &Records,
        identities: &Identities,
        date: Field,
        year: Option<Field>,
        frozen: Option<(&Hashes, &Bins)>,
    ) -> Option<(Dates, Vec<u32>)> {
        let sources = [Some(date), year].into_iter().flatten().filter(|field| records.clean.contains_key(field));
        let mut values = Dictionary::default();
        let mut codes = vec![MISSING; identities.len()];
        let mut any = false;
        for field in sources {
            any = true;
            let column = &records.clean[&field];
            let mut translated: FxHashMap<u32, u32> = FxHashMap::default();
            for (identity, code) in identities.codes(records, field).into_iter().enumerate() {
                if code != MISSING && codes[identity] == MISSING {
                    codes[identity] = *translated.entry(code).or_insert_with(|| {
                        let value = column.values.get(code);
                        values.intern(&format!("{value:-<8.8}"))
                    });
                }
            }
        }
        any.then(|| match frozen {
            Some((hashes, bins)) => {
                let rarity = bins.look_up(hashes, values.par_iter());
                Dates::lay_out(codes, &values, rarity, bins.unseen)
            }
            None => Dates::measure(codes, &values, identities),
        })
    }

    fn measure(codes: Vec<u32>, values: &Dictionary, identities: &Identities) -> (Dates, Vec<u32>) {
        let mut holders = vec![0u64; values.len()];
        for (identity, code) in codes.iter().enumerate().filter(|(_, code)| **code != MISSING) {
            holders[*code as usize] += u64::from(identities.count(identity as u32));
        }
        let total = identities.records() as f64;
        let rarity_of = |held: u64| {
            let bits = (total / held.max(1) as f64).log2();
            RARITY.iter().take_while(|edge| bits >= **edge).count() as u8
        };
        let defaults = defaults(&holders, values);
        let mark = |default: &bool| if *default { DEFAULT } else { 0 };
        let rarity = holders.iter().zip(&defaults).map(|(held, default)| rarity_of(*held) | mark(default)).collect();
        Dates::lay_out(codes, values, rarity, rarity_of(1))
    }

    fn lay_out(mut codes: Vec<u32>, values: &Dictionary, rarity: Vec<u8>, unseen: u8) -> (Dates, Vec<u32>) {
        let is_default = |code: u32| rarity[code as usize] & DEFAULT != 0;
        codes.iter_mut().filter(|code| **code != MISSING && is_default(**code)).for_each(|code| *code = MISSING);
        let digits: Vec<[u8; 8]> = values.iter().map(eight_bytes).collect();
        let complete = digits.iter().map(|date| date.iter().all(u8::is_ascii_digit)).collect();
        (Dates { rarity, unseen, digits, complete }, codes)
    }

    /// What a model keeps of these dates.
    pub fn freeze(&self, hashes: &Hashes) -> Bins {
        let text = |digits: &'_ [u8; 8]| std::str::from_utf8(digits).expect("digits and hyphens").to_string();
        let texts: Vec<String> = self.digits.iter().map(text).collect();
        Bins::freeze(hashes, texts.par_iter().map(String::as_str), &self.rarity, self.unseen)
    }

    /// The level at which two dates agree, by their codes; `None` where either is missing.
    pub fn level(&self, a: u32, b: u32) -> Option<u8> {
        if a == MISSING || b == MISSING {
            return None;
        }
        let (a, b) = (a as usize, b as usize);
        if !self.complete[a] || !self.complete[b] {
            return Some(partial_level(&self.digits[a], &self.digits[b]));
        }
        Some(if a == b { EXACT + self.rarity[a] } else { damage_level(&self.digits[a], &self.digits[b]) })
    }

    /// Years between two dates, by their codes, if both are complete.
    pub fn years_apart(&self, left: u32, right: u32) -> Option<u32> {
        let year = |code: u32| {
            let known = code != MISSING && self.complete[code as usize];
            known.then(|| self.digits[code as usize][..4].iter().fold(0u32, |n, d| n * 10 + u32::from(d - b'0')))
        };
        Some(year(left)?.abs_diff(year(right)?))
    }
}

/// Whether a level says that the dates agree in the decade at best.
pub fn is_far(level: u8) -> bool {
    level <= 1
}

/// Whether a level says that the dates are exactly the same.
pub fn is_exact(level: u8) -> bool {
    level >= EXACT
}

/// Which values stand for an unknown date, by how many records hold each.
fn defaults(holders: &[u64], values: &Dictionary) -> Vec<bool> {
    let many = DEFAULT_TIMES * holders.iter().sum::<u64>().div_ceil(holders.len().max(1) as u64);
    let is_default = |code: usize| holders[code] >= many && DEFAULTS.contains(&&eight_bytes(values.get(code as u32)));
    (0..values.len()).map(is_default).collect()
}

fn eight_bytes(value: &str) -> [u8; 8] {
    let mut bytes = [b'-'; 8];
    let source = value.as_bytes();
    let length = source.len().min(8);
    bytes[..length].copy_from_slice(&source[..length]);
    bytes
}

/// Dates of which one is partial agree as far as both are known.
fn partial_level(a: &[u8; 8], b: &[u8; 8]) -> u8 {
    let agrees = |from: usize, to: usize| (from..to).all(|i| a[i] == b[i] && a[i] != b'-');
    match () {
        () if agrees(0, 6) => 5,
        () if agrees(0, 4) => 2,
        () if agrees(0, 3) => 1,
        () => 0,
    }
}

/// Two different complete dates.
fn damage_level(a: &[u8; 8], b: &[u8; 8]) -> u8 {
    let different = (0..8).filter(|&i| a[i] != b[i]).count();
    let (year, month, day) = (a[..4] == b[..4], a[4..6] == b[4..6], a[6..] == b[6..]);
    let (january_a, january_b) = (&a[4..] == b"0101", &b[4..] == b"0101");
    let year_digits = (0..4).filter(|&i| a[i] != b[i]).count();
    if year && !(month && day) && a[4..6] == b[6..] && a[6..] == b[4..6] {
        return 10;
    }
    let one_january = january_a || january_b;
    let mut level = 0;
    if year_digits == 1 && a[..3] == b[..3] {
        level = 1;
    }
    if year {
        level = 2;
    }
    if month && day && !january_a {
        level = 3;
    }
    if month && day && january_a && year_digits == 1 {
        level = 4;
    }
    if year && (month || day) && !one_january {
        level = 5;
    }
    if year && january_a != january_b {
        level = 6;
    }
    match different {
        1 if one_january => 8,
        1 => 7,
        2 if level < 5 && !(january_a && january_b) => 9,
        _ => level,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_damage_has_its_level() {
        let level = |a: &[u8; 8], b: &[u8; 8]| damage_level(a, b);
        assert_eq!(level(b"19800403", b"19800304"), 10);
        assert_eq!(level(b"19800403", b"19800413"), 7);
        assert_eq!(level(b"19800403", b"19810403"), 7);
        assert_eq!(level(b"19800403", b"19521127"), 0);
        assert_eq!(level(b"19800403", b"19800101"), 6);
        assert_eq!(level(b"19800403", b"19650403"), 9);
        assert_eq!(level(b"19800403", b"20150403"), 3);
        assert_eq!(level(b"19800101", b"19810101"), 8);
        assert_eq!(partial_level(b"1980----", b"19800403"), 2);
    }

    #[test]
    fn a_default_date_is_unknown_only_where_it_is_held_far_too_often() {
        let mut values = Dictionary::default();
        let dates: Vec<String> = (0..28).map(|day| format!("195003{:02}", day + 1)).collect();
        dates.iter().for_each(|date| _ = values.intern(date));
        let default = values.intern("19000101") as usize;
        let mut holders = vec![10u64; values.len()];
        assert!(!defaults(&holders, &values)[default], "a birthday like others");
        holders[default] = 3_000;
        assert!(defaults(&holders, &values)[default]);
        holders[3] = 3_000;
        assert!(!defaults(&holders, &values)[3], "an ordinary date is never taken for one");
    }

    proptest::proptest! {
        #[test]
        fn levels_are_symmetric_and_in_range(a in "[0-9]{8}", b in "[0-9]{8}") {
            let (x, y) = (eight_bytes(&a), eight_bytes(&b));
            if x != y {
                proptest::prop_assert_eq!(damage_level(&x, &y), damage_level(&y, &x));
                proptest::prop_assert!(damage_level(&x, &y) < EXACT);
            }
        }
    }
}
