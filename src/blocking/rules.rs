//! One rule: blocks of one feature, the large ones split by a second and a third.

use super::features::{Feature, Features, SIDE_BY_SIDE, View, mix};
use super::groups::Groups;
use super::kept::Kept;
use super::keys::Keys;
use super::{CAP_MAX, Limits};
use rayon::prelude::*;
use std::ops::Range;

/// Blocks of an identifier are split above this size whatever the cap: they hold one person, or a fault.
const IDENTIFIER_CAP: usize = CAP_MAX;
/// Features a block may be made of.
pub(super) const DEPTHS: usize = 3;
/// Keys are sorted in parts of their range, each by one thread and inside its cache: those of so many identities, some 48 bytes each, are a part, but
/// there are never fewer than 2^6 parts and never more than 2^12. How many there are changes nothing: blocks come in the order of their keys.
const IDENTITIES_PER_PART: usize = 1 << 14;
/// Identities whose keys are made as one piece of work.
const CHUNK: usize = 1 << 16;

/// Blocks laid end to end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Start of each block in `members`, and the end of the last.
    pub starts: Vec<u32>,
    /// Identities, ascending within each block.
    pub members: Vec<u32>,
}

impl Default for Found {
    fn default() -> Self {
        Found { starts: vec![0], members: Vec::new() }
    }
}

impl Found {
    /// None yet, and room.
    pub fn with_room_for(starts: usize, members: usize) -> Found {
        let mut found = Found { starts: Vec::with_capacity(starts), members: Vec::with_capacity(members) };
        found.starts.push(0);
        found
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn members(&self, block: usize) -> &[u32] {
        &self.members[self.starts[block] as usize..self.starts[block + 1] as usize]
    }

    /// How many identities each of some blocks holds.
    pub fn sizes(&self, blocks: Range<usize>) -> impl Iterator<Item = usize> {
        self.starts[blocks.start..=blocks.end].windows(2).map(|block| (block[1] - block[0]) as usize)
    }

    /// The block and the identity at each of some places in `members`, which ascend.
    pub fn at(&self, places: &[usize]) -> Vec<(u32, u32)> {
        let mut block = 0;
        let at_place = |&at: &usize| {
            while self.starts[block + 1] as usize <= at {
                block += 1;
            }
            (block as u32, self.members[at])
        };
        places.iter().map(at_place).collect()
    }

    /// Adds a block.
    ///
    /// # Panics
    /// Beyond 2^32 memberships: 24 keys each of 178 million identities, which would not fit into a machine's memory either.
    pub fn push(&mut self, members: impl Iterator<Item = u32>) {
        self.members.extend(members);
        self.starts.push(u32::try_from(self.members.len()).expect("less than 2^32 memberships"));
    }

    /// Adds the blocks of another list.
    ///
    /// # Panics
    /// As [`Found::push`].
    pub fn extend(&mut self, list: &Found) {
        let before = u32::try_from(self.members.len()).expect("less than 2^32 memberships");
        assert!(u32::try_from(self.members.len() + list.members.len()).is_ok(), "less than 2^32 memberships");
        self.members.extend_from_slice(&list.members);
        self.starts.extend(list.starts[1..].iter().map(|start| before + start));
    }

    /// Adds the blocks of all lists, in their order, without the identities that have all their keys already; where less than two are left, nothing.
    pub fn extend_with_keys(&mut self, lists: &[&Found], keys: &mut Keys) {
        self.extend_without(lists, &keys.take_by_list(lists), 2);
    }

    /// The same where it is known which memberships there is no key for: by list, places in its members, ascending. Blocks of such a list of which
    /// less than `least` are left go.
    pub fn extend_without(&mut self, lists: &[&Found], without: &[Vec<usize>], least: usize) {
        let rest =
            |(list, without): (&&Found, &Vec<usize>)| (!without.is_empty()).then(|| list.without(without, least));
        let rest: Vec<Option<Found>> = lists.par_iter().zip(without).with_max_len(1).map(rest).collect();
        lists.iter().zip(rest).for_each(|(list, rest)| self.extend(rest.as_ref().unwrap_or(list)));
    }

    /// The same blocks without some memberships, which are places in `members`, ascending; those of which less than `least` are left go.
    pub fn without(&self, memberships: &[usize], least: usize) -> Found {
        let mut rest = Found::with_room_for(self.starts.len(), self.members.len());
        let mut gone = memberships.iter().copied().peekable();
        for block in self.starts.windows(2) {
            let start = rest.members.len();
            for at in block[0] as usize..block[1] as usize {
                if gone.next_if_eq(&at).is_none() {
                    rest.members.push(self.members[at]);
                }
            }
            if rest.members.len() - start < least {
                rest.members.truncate(start);
            } else {
                rest.push(std::iter::empty());
            }
        }
        rest
    }
}

/// A key of one identity; `value` is the end of the feature value that it was last made from. 16 bytes, sorted by key and identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub key: u64,
    pub identity: u32,
    pub value: u32,
}

/// Finds the blocks that start from `first`, whatever keys identities have left; with `groups`, also what is to be known of them when identities leave.
pub(super) fn find(features: &Features, first: Feature, limits: Limits, identities: usize, groups: bool) -> Vec<Part> {
    let caps = Caps::of(first, limits);
    let [second, third] = refinements(features, first);
    let by = views(features, first, [&second, &third]);
    let chunks = first_keys(&features.view(first), identities);
    let of_part = |part| {
        let mut keys = keys_of(&chunks, part);
        let mut out = Part { groups: groups.then(Groups::default), ..Part::default() };
        split(&by, 0, caps, &mut keys, &mut out);
        out
    };
    (0..1 << part_bits(identities)).into_par_iter().with_max_len(1).map(of_part).collect()
}

/// Adds what [`find`] found to all blocks, and to what is `kept`. Gives the identities in blocks that stayed too large after every refinement, once a
/// block.
pub(super) fn add(
    first: Feature,
    mut parts: Vec<Part>,
    keys: &mut Keys,
    found: &mut Found,
    kept: Option<&mut Kept>,
) -> u64 {
    // Blocks of fewer features first: they are what an identity's keys are best spent on.
    let lists: Vec<&Found> = (0..DEPTHS).flat_map(|depth| parts.iter().map(move |part| &part.blocks[depth])).collect();
    match kept {
        Some(kept) => {
            kept.extend(&lists, keys, found);
            kept.rule(first, &mut parts);
        }
        None => found.extend_with_keys(&lists, keys),
    }
    parts.iter().map(|part| part.cut).sum()
}

/// The keys of a rule's first feature as [`find`] makes them, before it sorts them; for what measures that.
#[derive(Debug)]
pub(super) struct FirstKeys {
    chunks: Vec<Vec<Vec<Key>>>,
    part_bits: u32,
}

impl FirstKeys {
    pub fn of(features: &Features, first: Feature, identities: usize) -> FirstKeys {
        FirstKeys { chunks: first_keys(&features.view(first), identities), part_bits: part_bits(identities) }
    }

    /// Sorts them part by part as [`find`] does, and no more; how many there are.
    pub fn sorted(&self) -> usize {
        let sorted = |part: usize| {
            let mut keys = keys_of(&self.chunks, part);
            keys.sort_unstable();
            std::hint::black_box(&keys).len()
        };
        (0..1 << self.part_bits).into_par_iter().map(sorted).sum()
    }
}

/// How many of a key's highest bits say in which part of the range it is.
fn part_bits(identities: usize) -> u32 {
    (identities / IDENTITIES_PER_PART).max(1).ilog2().clamp(6, 12)
}

/// The keys of one part of their range.
fn keys_of(chunks: &[Vec<Vec<Key>>], part: usize) -> Vec<Key> {
    let mut keys = Vec::with_capacity(chunks.iter().map(|chunk| chunk[part].len()).sum());
    chunks.iter().for_each(|chunk| keys.extend_from_slice(&chunk[part]));
    keys
}

/// A value that two identities share, and what a rule makes of it.
pub(super) struct Look {
    /// Identities that have the value, and how many a block may hold.
    pub identities: usize,
    pub cap: usize,
    /// Whether a block of the rule holds both, as far as keys suffice.
    pub yields: bool,
    /// What the block is split by where it is too large, and what of it both share.
    pub by: Vec<Feature>,
    pub shared: Vec<Feature>,
}

/// Asks one rule about each value that two identities share: as [`find`], on the identities that have such a value.
pub(super) fn look(
    features: &Features,
    first: Feature,
    limits: Limits,
    identities: usize,
    left: u32,
    right: u32,
) -> Vec<Look> {
    let caps = Caps::of(first, limits);
    let [second, third] = refinements(features, first);
    let by = views(features, first, [&second, &third]);
    let view = features.view(first);
    let of_value = |value: u64| {
        let mut keys = Vec::new();
        (0..identities as u32).for_each(|identity| {
            view.each(identity, |key| {
                if key == value {
                    keys.push(Key { key, identity, value: key as u32 });
                }
            });
        });
        let holders = keys.len();
        let mut out = Part::default();
        split(&by, 0, caps, &mut keys, &mut out);
        let holds = |found: &Found| {
            let both = |block: &[u32]| block.contains(&left) && block.contains(&right);
            (0..found.len()).any(|block| both(found.members(block)))
        };
        let share = |feature: &&Feature| {
            let shared = features.view(**feature).shared(left, right);
            shared.iter().any(|&hash| hash as u32 != value as u32)
        };
        Look {
            identities: holders,
            cap: caps.split,
            yields: out.blocks.iter().any(holds),
            shared: second.iter().filter(share).copied().collect(),
            by: second.clone(),
        }
    };
    view.shared(left, right).into_iter().map(of_value).collect()
}

/// Identities that a block of one rule may hold.
#[derive(Clone, Copy)]
pub(super) struct Caps {
    /// Before it is split.
    split: usize,
    /// Where it can be split no further.
    last: usize,
}

impl Caps {
    pub fn of(first: Feature, limits: Limits) -> Caps {
        match first {
            Feature::Value(_) | Feature::Uprn => Caps { split: IDENTIFIER_CAP, last: IDENTIFIER_CAP },
            _ => Caps { split: limits.cap, last: limits.cap_last.max(limits.cap) },
        }
    }

    /// What a block may hold that is made at a depth.
    pub fn most(self, depth: usize) -> usize {
        if depth + 1 == DEPTHS { self.last } else { self.split }
    }
}

/// The features of the second and the third depth, each with whether it is the first one again.
pub(super) fn views<'f>(
    features: &'f Features,
    first: Feature,
    by: [&[Feature]; 2],
) -> [Vec<(bool, View<'f>)>; DEPTHS] {
    let viewed = |by: &[Feature]| by.iter().map(|feature| (*feature == first, features.view(*feature))).collect();
    [viewed(by[0]), viewed(by[1]), Vec::new()]
}

/// The keys of a rule's first feature: a list for each chunk of identities and each part of the range of keys.
fn first_keys(view: &View, identities: usize) -> Vec<Vec<Vec<Key>>> {
    let bits = part_bits(identities);
    let chunk = |nth: usize| {
        let mut parts = vec![Vec::new(); 1 << bits];
        let end = ((nth + 1) * CHUNK).min(identities) as u32;
        for from in ((nth * CHUNK) as u32..end).step_by(SIDE_BY_SIDE) {
            view.each_of(from..end, |place, key| {
                let identity = from + place as u32;
                parts[(key >> (u64::BITS - bits)) as usize].push(Key { key, identity, value: key as u32 });
            });
        }
        parts
    };
    (0..identities.div_ceil(CHUNK)).into_par_iter().with_max_len(1).map(chunk).collect()
}

/// What one part of the keys gave, by the number of features that a block is made of.
#[derive(Default)]
pub(super) struct Part {
    pub blocks: [Found; DEPTHS],
    pub cut: u64,
    /// Groups that were too large, where they are to be known.
    pub groups: Option<Groups>,
}

/// Sorts keys into blocks; those that are too large are split by the features of the next depth.
fn split(by: &[Vec<(bool, View)>; DEPTHS], depth: usize, caps: Caps, keys: &mut Vec<Key>, out: &mut Part) {
    keys.sort_unstable();
    keys.dedup_by_key(|key| (key.key, key.identity));
    let (last, most) = (depth + 1 == DEPTHS, caps.most(depth));
    for group in keys.chunk_by(|a, b| a.key == b.key).filter(|group| group.len() >= 2) {
        if group.len() <= most {
            out.blocks[depth].push(group.iter().map(|key| key.identity));
            continue;
        }
        if let Some(groups) = &mut out.groups {
            groups.note(depth, group, most, std::array::from_fn(|depth| out.blocks[depth].len()));
        }
        if last {
            out.cut += group.len() as u64;
        } else {
            split(by, depth + 1, caps, &mut refine(group, &by[depth]), out);
        }
    }
}

/// The keys that split one large block. Each feature comes with whether it is the one that the block was first made of.
pub(super) fn refine(group: &[Key], by: &[(bool, View)]) -> Vec<Key> {
    let mut next = Vec::with_capacity(group.len() * by.len());
    for some in group.chunks(SIDE_BY_SIDE) {
        for (again, view) in by {
            view.each_of(some.iter().map(|key| key.identity), |place, hash| {
                let Key { key, identity, value } = some[place];
                // A value does not split its own block; two names meet under the smaller hash only.
                if hash as u32 != value && !(*again && (hash as u32) < value) {
                    next.push(Key { key: mix(key, hash), identity, value: hash as u32 });
                }
            });
        }
    }
    next
}

/// Which features split a block of `first` that is too large, one list a depth.
///
/// A common name is split by its other names, and only a common whole name by place and parts of the date: name and year, or name and
/// outward code, without another name are half of all pairs in a population of a million and find nobody whom the other rules miss
/// (docs/measurements.md, one million records).
pub(super) fn refinements(features: &Features, first: Feature) -> [Vec<Feature>; 2] {
    use Feature::{
        Address, Date, DateLessDigit, MonthDay, Outward, Postcode, Prefixes, Sector, Tokens, Uprn, Value, Year,
        YearMonth,
    };
    let mut second = match first {
        Date => vec![Tokens, Prefixes, Outward],
        Tokens => vec![Tokens],
        Postcode => vec![Tokens, Year, MonthDay],
        Address | Uprn => vec![Tokens, Year, MonthDay],
        DateLessDigit | MonthDay | YearMonth | Year => vec![Tokens, Prefixes, Outward],
        Sector | Outward => vec![Tokens, Prefixes, Year, MonthDay],
        Prefixes => vec![Prefixes, Year, MonthDay, Outward],
        Value(_) => vec![Date, Tokens],
    };
    let mut third = match first {
        Tokens => vec![Postcode, Outward, MonthDay, Year, Tokens],
        _ => vec![Postcode, Outward, Date, Tokens],
    };
    if !matches!(first, Postcode | Address | Uprn | Value(_)) {
        second.extend(features.categories());
    }
    third.extend(features.categories());
    [second, third]
}
