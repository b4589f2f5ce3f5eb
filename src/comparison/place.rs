//! The place comparison: postcode, address and property number together, because they move together.
//!
//! One comparison instead of three: a person who moves changes all of them at once, and a household shares all of them at once, so
//! counted apart they would say the same thing three times.

use super::holders_of;
use crate::job::Field;
use crate::records::{Column, Identities, MISSING, Records};
use rayon::prelude::*;

pub const LEVELS: u8 = 17;

/// Places of the codes that a place is given as.
const POSTCODE: usize = 0;
const ADDRESS: usize = 1;
const UPRN: usize = 2;

/// Words for each level, for `explain`.
pub const WORDS: [&str; LEVELS as usize] = [
    "different",
    "part of the address alike",
    "same postcode area",
    "same outward code",
    "same postcode sector",
    "same inward code",
    "postcode two characters apart",
    "postcode one character apart",
    "same address, another postcode",
    "same postcode (shared by many)",
    "same postcode",
    "same postcode, another address",
    "same postcode, a similar address",
    "similar address",
    "same home (of many)",
    "same home (of a few)",
    "same home",
];

/// A postcode in eight bytes: outward left-justified, inward in the last three; and where its parts end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Postcode {
    /// `AB12 3CD` padded so that equal parts stand in equal places; all zero for a category.
    letters: [u8; 7],
    area: u8,
    british: bool,
}

#[derive(Debug)]
pub struct Places {
    pub postcode: Vec<u32>,
    pub address: Vec<u32>,
    pub uprn: Vec<u32>,
    postcodes: Vec<Postcode>,
    postcode_holders: Vec<u64>,
    address_holders: Vec<u64>,
    uprn_holders: Vec<u64>,
    /// Hashes of the distinct tokens of each address, ascending, with the number among them marked by its high bit.
    address_tokens: Vec<Box<[u32]>>,
}

impl Places {
    pub fn gather(records: &Records, identities: &Identities) -> Option<Places> {
        let fields = [Field::Postcode, Field::Address, Field::Uprn];
        if !fields.iter().any(|field| records.clean.contains_key(field)) {
            return None;
        }
        let [postcode, address, uprn] = fields.map(|field| identities.codes(records, field));
        let size = |field| records.clean.get(&field).map_or(0, |column: &Column| column.values.len());
        let values = |field| records.clean.get(&field).map(|column| &column.values);
        let parse = |code: usize| parse_postcode(values(Field::Postcode).map_or("", |v| v.get(code as u32)));
        let tokenise = |code: usize| address_tokens(values(Field::Address).map_or("", |v| v.get(code as u32)));
        Some(Places {
            postcodes: (0..size(Field::Postcode)).into_par_iter().map(parse).collect(),
            address_tokens: (0..size(Field::Address)).into_par_iter().map(tokenise).collect(),
            postcode_holders: holders_of(&postcode, size(Field::Postcode), identities),
            address_holders: holders_of(&address, size(Field::Address), identities),
            uprn_holders: holders_of(&uprn, size(Field::Uprn), identities),
            postcode,
            address,
            uprn,
        })
    }

    /// The level at which two places agree, each given as the codes of postcode, address and property number; `None` where nothing on one
    /// side can be compared with the other.
    pub fn level(&self, left: &[u32], right: &[u32]) -> Option<u8> {
        let both = |column: usize| {
            let (a, b) = (left[column], right[column]);
            (a != MISSING && b != MISSING).then_some((a, b))
        };
        let postcode = both(POSTCODE).map(|(a, b)| (self.postcode_level(a, b), a));
        if let Some((a, _)) = both(UPRN).filter(|(a, b)| a == b) {
            return Some(home_level(self.uprn_holders[a as usize]));
        }
        let address = both(ADDRESS).map(|(a, b)| (self.address_share(a, b), a));
        match (postcode, address) {
            (None, None) => both(UPRN).map(|_| 0),
            (Some((level, code)), None) => Some(if level == 10 { self.postcode_only(code) } else { level }),
            (None, Some((share, code))) => Some(match share {
                s if s >= 1.0 => home_level(self.address_holders[code as usize]),
                s if s >= 0.6 => 13,
                s if s >= 0.3 => 1,
                _ => 0,
            }),
            (Some((10, _)), Some((share, code))) => Some(match share {
                s if s >= 1.0 => home_level(self.address_holders[code as usize]),
                s if s >= 0.6 => 12,
                _ => 11,
            }),
            (Some((level, _)), Some((share, code))) => Some(match (level, share) {
                (6..=7, s) if s >= 1.0 => home_level(self.address_holders[code as usize]),
                (_, s) if s >= 0.75 => 8,
                (0 | 2, s) if s >= 0.4 => 1,
                (level, _) => level,
            }),
        }
    }

    fn postcode_only(&self, code: u32) -> u8 {
        if self.postcode_holders[code as usize] > 60 { 9 } else { 10 }
    }

    fn postcode_level(&self, a: u32, b: u32) -> u8 {
        if a == b {
            return 10;
        }
        let (a, b) = (self.postcodes[a as usize], self.postcodes[b as usize]);
        if !a.british || !b.british {
            return 0;
        }
        let different = (0..7).filter(|&i| a.letters[i] != b.letters[i]).count();
        let (outward, inward) = (a.letters[..4] == b.letters[..4], a.letters[4..] == b.letters[4..]);
        match different {
            1 => 7,
            _ if outward && a.letters[4] == b.letters[4] => 4,
            2 if !outward => 6,
            _ if outward => 3,
            _ if inward => 5,
            _ if a.area == b.area && a.letters[..a.area as usize] == b.letters[..a.area as usize] => 2,
            _ => 0,
        }
    }

    /// Shared tokens over the tokens of the shorter address; numbers count twice, and two different first numbers halve it.
    fn address_share(&self, a: u32, b: u32) -> f64 {
        if a == b {
            return 1.0;
        }
        let (a, b) = (&self.address_tokens[a as usize], &self.address_tokens[b as usize]);
        if a.is_empty() || b.is_empty() {
            return 0.0;
        }
        let weight = |token: u32| if token & NUMBER != 0 { 2.0 } else { 1.0 };
        let shared: f64 = a.iter().filter(|token| b.contains(token)).map(|token| weight(*token)).sum();
        let whole = |tokens: &[u32]| tokens.iter().map(|token| weight(*token)).sum::<f64>();
        let share = shared / whole(a).min(whole(b));
        let numbers = |tokens: &[u32]| tokens.iter().any(|token| token & NUMBER != 0);
        let common_number = a.iter().any(|token| token & NUMBER != 0 && b.contains(token));
        let share = if numbers(a) && numbers(b) && !common_number { share / 2.0 } else { share };
        share.min(0.99)
    }
}

/// Whether a level says that two people lived in one home.
pub fn is_same_home(level: u8) -> bool {
    level >= 12
}

const NUMBER: u32 = 1 << 31;

fn home_level(holders: u64) -> u8 {
    match holders {
        0..=20 => 16,
        21..=80 => 15,
        _ => 14,
    }
}

fn parse_postcode(value: &str) -> Postcode {
    let none = Postcode { letters: [0; 7], area: 0, british: false };
    let Some((outward, inward)) = value.split_once(' ') else { return none };
    let british = (2..=4).contains(&outward.len())
        && inward.len() == 3
        && value.bytes().all(|b| b == b' ' || b.is_ascii_alphanumeric());
    if !british || !value.starts_with(|c: char| c.is_ascii_uppercase()) {
        return none;
    }
    let mut letters = [b' '; 7];
    letters[..outward.len()].copy_from_slice(outward.as_bytes());
    letters[4..].copy_from_slice(inward.as_bytes());
    let area = outward.bytes().take_while(u8::is_ascii_alphabetic).count() as u8;
    Postcode { letters, area, british: true }
}

fn address_tokens(value: &str) -> Box<[u32]> {
    let mut tokens: Vec<u32> = value
        .split_ascii_whitespace()
        .map(|token| {
            let hash = token.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
            let number = token.bytes().any(|b| b.is_ascii_digit());
            (hash & !NUMBER) | if number { NUMBER } else { 0 }
        })
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(rows: &[(&str, &str)]) -> Places {
        let mut records = Records::default();
        let (mut postcode, mut address) = (Column::default(), Column::default());
        for (code, street) in rows {
            let p = if code.is_empty() { MISSING } else { postcode.values.intern(code) };
            let s = if street.is_empty() { MISSING } else { address.values.intern(street) };
            postcode.codes.push(p);
            address.codes.push(s);
            records.provider.push(0);
            records.key.push(records.key.len() as u32);
            records.number_verified.push(false);
        }
        records.clean.insert(Field::Postcode, postcode);
        records.clean.insert(Field::Address, address);
        let identities = Identities::of(&records, &[], |_| true);
        let places = Places::gather(&records, &identities).unwrap();
        // Put the codes back into the order of the rows, so that tests can speak of rows.
        let by_row = |codes: &[u32]| identities.of_record.iter().map(|&i| codes[i as usize]).collect();
        Places {
            postcode: by_row(&places.postcode),
            address: by_row(&places.address),
            uprn: by_row(&places.uprn),
            ..places
        }
    }

    #[test]
    fn levels_follow_how_near_two_places_are() {
        let p = places(&[
            ("NW1 4AB", "12 high street"),
            ("NW1 4AB", "12 high street"),
            ("NW1 4AB", "7 park road"),
            ("NW1 4AC", ""),
            ("NW1 6XX", ""),
            ("SE5 8ZZ", ""),
            ("75001", ""),
            ("", "12 high street"),
        ]);
        let row = |at: usize| [p.postcode[at], p.address[at], p.uprn[at]];
        let level = |a, b| p.level(&row(a), &row(b));
        assert_eq!(level(0, 1), Some(16));
        assert_eq!(level(0, 2), Some(11));
        assert_eq!(level(0, 3), Some(7));
        assert_eq!(level(3, 4), Some(3));
        assert_eq!(level(3, 5), Some(0));
        assert_eq!(level(6, 5), Some(0));
        assert_eq!(level(0, 7), Some(16));
        assert_eq!(level(5, 7), None);
    }
}
