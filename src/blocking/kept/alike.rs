//! Blocks that have the same members once some identities have left: of these, too, only one stays.
//!
//! Blocks that had the same members before are known. Two others can only be alike now where one of them has lost somebody or has just come, and whoever
//! is alike begins with the same member. Back of an envelope, half a million such blocks among 50 M: a look at 2 MB for each block, .1 s, and a few
//! million looks into a table.

use super::rest::{Come, Left};
use crate::blocking::rules::Found;
use crate::records::Numbers;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// What is alike another block: it has lost members, or comes.
#[derive(Debug, Clone, Copy)]
enum Alike {
    Block(u32),
    Come(u32),
}

/// Marks blocks in `gone` that have the same members as others which are not, and takes those out that come. `left` are those that somebody leaves,
/// ascending; those identities `stay` of so many.
pub(super) fn take_out(
    found: &Found,
    (gone, come): (&mut [bool], &mut Vec<Come>),
    left: &[Left],
    (stay, identities): (&Numbers, usize),
) {
    let staying = |block: u32| -> Vec<u32> {
        found.members(block as usize).iter().copied().filter(|&identity| stay.has(identity)).collect()
    };
    let lost: Vec<(Vec<u32>, Alike)> = left
        .par_iter()
        .filter(|left| left.members >= 2 && !gone[left.block as usize])
        .map(|left| (staying(left.block), Alike::Block(left.block)))
        .collect();
    let coming = come.iter().zip(0..).map(|(come, nth)| (come.members.as_slice(), Alike::Come(nth)));
    let mut new: FxHashMap<&[u32], Alike> = FxHashMap::default();
    let mut alike = Vec::new();
    for (members, which) in lost.iter().map(|(members, which)| (members.as_slice(), *which)).chain(coming) {
        match new.entry(members) {
            Entry::Occupied(_) => alike.push(which),
            Entry::Vacant(vacant) => {
                vacant.insert(which);
            }
        }
    }
    let first = Numbers::of_some(identities, new.keys().map(|members| members[0]));
    let as_before = |block: &usize| left.binary_search_by_key(&(*block as u32), |left| left.block).is_err();
    let same = |block: usize| {
        let members = found.members(block);
        let may_be = members.len() >= 2 && first.has(members[0]) && !gone[block];
        let which = new.get(members).filter(|_| may_be)?;
        as_before(&block).then_some(*which)
    };
    alike.extend((0..found.len()).into_par_iter().filter_map(same).collect::<Vec<Alike>>());
    drop(new);
    let mut stays = vec![true; come.len()];
    for which in alike {
        match which {
            Alike::Block(block) => gone[block as usize] = true,
            Alike::Come(nth) => stays[nth as usize] = false,
        }
    }
    let mut stays = stays.into_iter();
    come.retain(|_| stays.next().unwrap_or(true));
}
