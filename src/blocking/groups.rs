//! Groups of identities that were too large for a block, remembered: each can become one when some leave.

use super::features::View;
use super::rules::{DEPTHS, Key, Part, refine};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;

/// A group that is so many times too large is not expected to become a block.
const FAR_TOO_LARGE: usize = 3;

/// A group of identities that was too large for a block. What begins with it ends where that of the next group does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    key: u64,
    pub size: u32,
    /// Blocks of as many features, and of one feature more, that stand before it.
    pub block: u32,
    pub inner: u32,
    /// Such groups of one feature more, and members listed, that stand before it.
    pub child: u32,
    pub member: u32,
}

/// Such groups, by the number of features that they share, ascending by key within the group that they are part of.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: [Vec<Group>; DEPTHS],
    /// Members of those that may become blocks.
    members: [Vec<u32>; DEPTHS],
}

impl Groups {
    /// Notes one that is larger than `most`; `blocks` are how many there are of each number of features.
    pub fn note(&mut self, depth: usize, group: &[Key], most: usize, blocks: [usize; DEPTHS]) {
        let noted = Group { key: group[0].key, size: group.len() as u32, ..self.end(depth, blocks) };
        self.groups[depth].push(noted);
        if group.len() <= FAR_TOO_LARGE * most {
            self.members[depth].extend(group.iter().map(|key| key.identity));
        }
    }

    /// What would stand where the next one begins.
    fn end(&self, depth: usize, blocks: [usize; DEPTHS]) -> Group {
        let deeper = |counts: &dyn Fn(usize) -> usize| if depth + 1 < DEPTHS { counts(depth + 1) as u32 } else { 0 };
        Group {
            key: u64::MAX,
            size: 0,
            block: blocks[depth] as u32,
            inner: deeper(&|depth| blocks[depth]),
            child: deeper(&|depth| self.groups[depth].len()),
            member: self.members[depth].len() as u32,
        }
    }

    /// Those of all parts, in their order, each list with its end; and how many blocks there are.
    pub fn of(parts: &mut [Part]) -> (Groups, [usize; DEPTHS]) {
        let (mut all, mut blocks) = (Groups::default(), [0; DEPTHS]);
        for part in parts {
            let groups = part.groups.take().unwrap_or_default();
            let before: [Group; DEPTHS] = std::array::from_fn(|depth| all.end(depth, blocks));
            for (depth, (groups, members)) in groups.groups.into_iter().zip(groups.members).enumerate() {
                let before = before[depth];
                all.groups[depth].extend(groups.into_iter().map(|group| Group {
                    block: group.block + before.block,
                    inner: group.inner + before.inner,
                    child: group.child + before.child,
                    member: group.member + before.member,
                    ..group
                }));
                all.members[depth].extend(members);
                blocks[depth] += part.blocks[depth].len();
            }
        }
        for depth in 0..DEPTHS {
            let end = all.end(depth, blocks);
            all.groups[depth].push(end);
            all.groups[depth].shrink_to_fit();
            all.members[depth].shrink_to_fit();
        }
        (all, blocks)
    }

    /// All of one feature.
    fn first(&self) -> Range<u32> {
        0..self.groups[0].len() as u32 - 1
    }

    pub fn group(&self, depth: usize, at: u32) -> &Group {
        &self.groups[depth][at as usize]
    }

    /// How many some of them held together.
    pub fn size(&self, depth: usize, groups: &Range<u32>) -> u64 {
        let sizes = self.groups[depth][groups.start as usize..groups.end as usize].iter();
        sizes.map(|group| u64::from(group.size)).sum()
    }

    /// The part of another list that belongs to some groups: of what `of` says of where each begins.
    pub fn within(&self, depth: usize, groups: &Range<u32>, of: impl Fn(&Group) -> u32) -> Range<u32> {
        of(self.group(depth, groups.start))..of(self.group(depth, groups.end))
    }

    /// Who was in a group; nobody where that was not written down.
    pub fn members(&self, depth: usize, at: u32) -> &[u32] {
        let members = self.within(depth, &(at..at + 1), |group| group.member);
        &self.members[depth][members.start as usize..members.end as usize]
    }

    /// Calls `each` with those that an identity is in by its keys: their depth and place. It says whether to look into what they were split into.
    fn named(
        &self,
        by: &[Vec<(bool, View)>; DEPTHS],
        (depth, among): (usize, Range<u32>),
        mut keys: Vec<Key>,
        each: &mut impl FnMut(usize, u32) -> bool,
    ) {
        keys.sort_unstable();
        keys.dedup_by_key(|key| key.key);
        for key in keys {
            let groups = &self.groups[depth][among.start as usize..among.end as usize];
            let Ok(at) = groups.binary_search_by_key(&key.key, |group| group.key) else { continue };
            let at = among.start + at as u32;
            if each(depth, at) && depth + 1 < DEPTHS {
                let inside = self.within(depth, &(at..at + 1), |group| group.child);
                self.named(by, (depth + 1, inside), refine(&[key], &by[depth]), each);
            }
        }
    }

    /// By depth, how many of the identities that leave each group loses.
    pub fn lost(&self, by: &[Vec<(bool, View)>; DEPTHS], view: &View, leaving: &[u32]) -> [Vec<(u32, u32)>; DEPTHS] {
        let mut lost: [FxHashMap<u32, u32>; DEPTHS] = Default::default();
        for &identity in leaving {
            self.named(by, (0, self.first()), keys_of(view, identity), &mut |depth, at| {
                *lost[depth].entry(at).or_default() += 1;
                true
            });
        }
        lost.map(|lost| {
            let mut lost: Vec<(u32, u32)> = lost.into_iter().collect();
            lost.sort_unstable();
            lost
        })
    }

    /// Who is in some groups, of all `identities`: (depth, place, member), ascending. One look at the first keys of everybody.
    pub fn look_for(
        &self,
        by: &[Vec<(bool, View)>; DEPTHS],
        view: &View,
        wanted: &[(usize, u32)],
        identities: usize,
    ) -> Vec<(usize, u32, u32)> {
        let mut on_the_way: FxHashSet<(usize, u32)> = FxHashSet::default();
        for &(depth, at) in wanted {
            on_the_way.insert((depth, at));
            let mut at = at;
            for depth in (0..depth).rev() {
                // The last that begins with it or before it is what it is part of.
                at = self.groups[depth].partition_point(|group| group.child <= at) as u32 - 1;
                on_the_way.insert((depth, at));
            }
        }
        let first = on_the_way.iter().filter(|(depth, _)| *depth == 0);
        let first: FxHashSet<u64> = first.map(|&(_, at)| self.group(0, at).key).collect();
        let look = |identity: u32| {
            let mut keys = keys_of(view, identity);
            keys.retain(|key| first.contains(&key.key));
            let mut found = Vec::new();
            self.named(by, (0, self.first()), keys, &mut |depth, at| {
                let is_on_the_way = on_the_way.contains(&(depth, at));
                found.extend(is_on_the_way.then_some((depth, at, identity)));
                is_on_the_way
            });
            found
        };
        let mut found: Vec<_> = (0..identities as u32).into_par_iter().flat_map_iter(look).collect();
        found.par_sort_unstable();
        found
    }
}

/// The keys of a rule's first feature that one identity has.
fn keys_of(view: &View, identity: u32) -> Vec<Key> {
    let mut keys = Vec::new();
    view.each(identity, |key| keys.push(Key { key, identity, value: key as u32 }));
    keys
}
