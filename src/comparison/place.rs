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
/// How many these are.
pub(super) const COLUMNS: usize = 3;

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

/// A postcode in eight bytes, as a number: the outward code left-justified in the lower four, the inward code in the next three, so that
/// equal parts stand in equal places; then how many letters the area has. Zero for what is no British postcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Postcode(u64);

const OUTWARD: u64 = 0xffff_ffff;
const INWARD: u64 = 0xff_ffff << 32;
const SECTOR: u64 = OUTWARD | 0xff << 32;

/// An address in sixteen bytes: what is asked before its tokens are looked at.
#[derive(Debug, Clone, Copy)]
struct Address {
    /// One bit of 64 a token, by its hash; none in common means that no token is.
    mask: u64,
    /// Where its tokens begin.
    start: u32,
    tokens: u16,
    /// The number of tokens, numbers counted twice.
    weight: u16,
}

/// The distinct places of all identities.
#[derive(Debug)]
pub struct Places {
    postcodes: Vec<Postcode>,
    postcode_holders: Vec<u64>,
    address_holders: Vec<u64>,
    uprn_holders: Vec<u64>,
    addresses: Vec<Address>,
    /// Hashes of the distinct tokens of each address, ascending, with the number among them marked by its high bit.
    address_tokens: Vec<u32>,
}

impl Places {
    /// Gives also the codes of each identity, or [`MISSING`]: postcode, address, property number. `None` where none is mapped.
    pub fn gather(records: &Records, identities: &Identities) -> Option<(Places, Vec<Vec<u32>>)> {
        let fields = [Field::Postcode, Field::Address, Field::Uprn];
        if !fields.iter().any(|field| records.clean.contains_key(field)) {
            return None;
        }
        let [postcode, address, uprn] = fields.map(|field| identities.codes(records, field));
        let size = |field| records.clean.get(&field).map_or(0, |column: &Column| column.values.len());
        let values = |field| records.clean.get(&field).map(|column| &column.values);
        let parse = |code: usize| parse_postcode(values(Field::Postcode).map_or("", |v| v.get(code as u32)));
        let tokenise = |code: usize| address_tokens(values(Field::Address).map_or("", |v| v.get(code as u32)));
        let tokens: Vec<Box<[u32]>> = (0..size(Field::Address)).into_par_iter().map(tokenise).collect();
        let (addresses, address_tokens) = lay_out(&tokens);
        let mut places = Places {
            addresses,
            address_tokens,
            postcodes: (0..size(Field::Postcode)).into_par_iter().map(parse).collect(),
            postcode_holders: vec![0; size(Field::Postcode)],
            address_holders: vec![0; size(Field::Address)],
            uprn_holders: vec![0; size(Field::Uprn)],
        };
        places.count([&postcode, &address, &uprn].map(|codes| codes.iter().copied()), identities);
        Some((places, vec![postcode, address, uprn]))
    }

    /// Counts who holds what: `columns` are the codes of postcode, address and property number.
    pub(super) fn count(&mut self, columns: [impl Iterator<Item = u32> + Send; COLUMNS], identities: &Identities) {
        let Places { postcode_holders, address_holders, uprn_holders, .. } = self;
        let all: Vec<_> = [postcode_holders, address_holders, uprn_holders].into_iter().zip(columns).collect();
        let count = |(holders, codes): (&mut Vec<u64>, _)| *holders = holders_of(codes, holders.len(), identities);
        all.into_par_iter().with_max_len(1).for_each(count);
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

    /// In which bins the places of an identity are that their holders of tonight put them into, given as its codes.
    pub fn shared(&self, codes: &[u32]) -> [u8; 3] {
        let home = |code: u32, holders: &[u64]| if code == MISSING { 0 } else { home_level(holders[code as usize]) };
        let postcode = if codes[POSTCODE] == MISSING { 0 } else { self.postcode_only(codes[POSTCODE]) };
        [postcode, home(codes[ADDRESS], &self.address_holders), home(codes[UPRN], &self.uprn_holders)]
    }

    fn postcode_only(&self, code: u32) -> u8 {
        if self.postcode_holders[code as usize] > 60 { 9 } else { 10 }
    }

    fn postcode_level(&self, a: u32, b: u32) -> u8 {
        if a == b {
            return 10;
        }
        let (Postcode(a), Postcode(b)) = (self.postcodes[a as usize], self.postcodes[b as usize]);
        if a == 0 || b == 0 {
            return 0;
        }
        let differ = a ^ b;
        let area = (1u64 << (8 * (a >> 56))) - 1;
        match different_bytes(differ & (OUTWARD | INWARD)) {
            1 => 7,
            _ if differ & SECTOR == 0 => 4,
            2 if differ & OUTWARD != 0 => 6,
            _ if differ & OUTWARD == 0 => 3,
            _ if differ & INWARD == 0 => 5,
            _ if differ >> 56 == 0 && differ & area == 0 => 2,
            _ => 0,
        }
    }

    /// Shared tokens over the tokens of the shorter address; numbers count twice, and two different first numbers halve it.
    fn address_share(&self, a: u32, b: u32) -> f64 {
        if a == b {
            return 1.0;
        }
        let (a, b) = (self.addresses[a as usize], self.addresses[b as usize]);
        if a.mask & b.mask == 0 {
            return 0.0;
        }
        let (mut shared, mut common_number) = (0, false);
        let others = self.tokens_of(b);
        for token in self.tokens_of(a).iter().filter(|token| others.contains(token)) {
            shared += weight(*token);
            common_number |= token & NUMBER != 0;
        }
        let share = f64::from(shared) / f64::from(a.weight.min(b.weight));
        let has_number = |address: Address| address.weight > address.tokens;
        let share = if has_number(a) && has_number(b) && !common_number { share / 2.0 } else { share };
        share.min(0.99)
    }

    fn tokens_of(&self, address: Address) -> &[u32] {
        &self.address_tokens[address.start as usize..][..usize::from(address.tokens)]
    }
}

fn weight(token: u32) -> u16 {
    if token & NUMBER != 0 { 2 } else { 1 }
}

/// How many of the eight bytes are not zero.
fn different_bytes(differ: u64) -> u32 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    ((((differ & LOW) + LOW) | differ) & !LOW).count_ones()
}

/// Lays the tokens of all addresses end to end. Addresses have at most 200 tokens: what follows is not compared.
fn lay_out(tokens: &[Box<[u32]>]) -> (Vec<Address>, Vec<u32>) {
    const TOKENS_MAX: usize = 200;
    let mut all: Vec<u32> = Vec::with_capacity(tokens.iter().map(|tokens| tokens.len()).sum());
    let addresses = tokens
        .iter()
        .map(|tokens| {
            let tokens = &tokens[..tokens.len().min(TOKENS_MAX)];
            let start = u32::try_from(all.len()).expect("less than 2^32 tokens of distinct addresses");
            all.extend_from_slice(tokens);
            Address {
                mask: tokens.iter().fold(0, |mask, token| mask | 1 << (token & 63)),
                start,
                tokens: tokens.len() as u16,
                weight: tokens.iter().map(|token| weight(*token)).sum(),
            }
        })
        .collect();
    (addresses, all)
}

/// Whether a level says that the postcode or the address is the same.
pub fn is_same_postcode(level: u8) -> bool {
    level >= 8
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
    let none = Postcode(0);
    let Some((outward, inward)) = value.split_once(' ') else { return none };
    let british = (2..=4).contains(&outward.len())
        && inward.len() == 3
        && value.bytes().all(|b| b == b' ' || b.is_ascii_alphanumeric());
    if !british || !value.starts_with(|c: char| c.is_ascii_uppercase()) {
        return none;
    }
    let mut bytes = [b' '; 8];
    bytes[..outward.len()].copy_from_slice(outward.as_bytes());
    bytes[4..7].copy_from_slice(inward.as_bytes());
    bytes[7] = outward.bytes().take_while(u8::is_ascii_alphabetic).count() as u8;
    Postcode(u64::from_le_bytes(bytes))
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

    /// The places, and the codes of each row.
    fn places(rows: &[(&str, &str)]) -> (Places, Vec<[u32; COLUMNS]>) {
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
        let (places, columns) = Places::gather(&records, &identities).unwrap();
        let codes = |&identity: &u32| [0, 1, 2].map(|column: usize| columns[column][identity as usize]);
        (places, identities.of_record.iter().map(codes).collect())
    }

    #[test]
    fn levels_follow_how_near_two_places_are() {
        let (p, rows) = places(&[
            ("NW1 4AB", "12 high street"),
            ("NW1 4AB", "12 high street"),
            ("NW1 4AB", "7 park road"),
            ("NW1 4AC", ""),
            ("NW1 6XX", ""),
            ("SE5 8ZZ", ""),
            ("75001", ""),
            ("", "12 high street"),
        ]);
        let level = |a: usize, b: usize| p.level(&rows[a], &rows[b]);
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
