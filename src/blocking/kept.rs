//! What blocking found, kept so that it says who meets whom among those who stay when some identities leave: without making and sorting all keys again,
//! and yet to the last block what blocking them alone would find.
//!
//! A block that loses members is what it was without them. Only a group that was too large can become another thing: once it is small enough it is a
//! block itself, and what it was split into goes. So each such group is remembered: its key, how many it held, where it stood among the blocks, and,
//! where few need to leave for it, who was in it; of others everybody's first keys are looked through. Which groups an identity leaves is known from its
//! own keys alone. How many keys each identity has taken is counted again on the way, since that hangs on which blocks there are.
//!
//! Back of an envelope, 19 M identities of which 50,000 leave: some 5 M such groups of 24 bytes, 150 MB of their members; one walk down 200 M
//! memberships instead of as many keys that are made and sorted.

use super::features::{Feature, Features, View};
use super::groups::Groups;
use super::keys::Keys;
use super::pairs::Memberships;
use super::rules::{Caps, DEPTHS, Found, Part, refinements, views};
use super::{Blocks, Limits, RuleCount, count};
use crate::records::MISSING;
use rayon::prelude::*;
use std::ops::Range;

/// Blocks that are walked as one piece of work.
const BLOCKS_AT_ONCE: usize = 1 << 15;
/// Stands beside the number of an identity for which a key may be lacking: numbers are smaller, since memberships are counted in 32 bits.
const MAY_LACK: u32 = 1 << 31;

/// What becomes of one rule's blocks, by number of features, beside that some lose members.
#[derive(Debug, Default)]
struct Change {
    /// Blocks that go, ascending; places among those of as many features, as everywhere here.
    gone: [Vec<Range<u32>>; DEPTHS],
    /// Blocks that come, ascending.
    new: [Vec<New>; DEPTHS],
    /// Identities in blocks that stay too large.
    cut: u64,
}

/// A group that is a block now.
#[derive(Debug)]
struct New {
    group: u32,
    /// The block that it stands before.
    before: u32,
    members: Vec<u32>,
}

/// One rule's part of what is kept.
#[derive(Debug)]
struct Rule {
    first: Feature,
    /// How many blocks there are, by number of features.
    blocks: [usize; DEPTHS],
    groups: Groups,
    cut: u64,
}

impl Rule {
    /// What becomes of it without the identities that `stays` does not mark, which are `leaving`.
    fn without(&self, features: &Features, limits: Limits, stays: &[bool], leaving: &[u32]) -> Change {
        let by = refinements(features, self.first);
        let by = views(features, self.first, [&by[0], &by[1]]);
        let view = features.view(self.first);
        let mut change = Change { cut: self.cut, ..Change::default() };
        let caps = Caps::of(self.first, limits);
        // Groups that are no more, since what they are part of is a block now.
        let mut void: Vec<Range<u32>> = Vec::new();
        for (depth, lost) in self.groups.lost(&by, &view, leaving).into_iter().enumerate() {
            let mut inside = self.drop_void(depth, &void, &mut change);
            for (at, lost) in lost.into_iter().filter(|(at, _)| !hold(&void, *at)) {
                inside.extend(self.lessen(depth, at, (lost, caps.most(depth)), &mut change));
            }
            // One that holds nothing would stand before another of the same start, or behind it.
            inside.retain(|range| !range.is_empty());
            inside.sort_unstable_by_key(|range| range.start);
            void = inside;
        }
        for gone in &mut change.gone {
            // None holds another, so that ends ascend as well.
            gone.retain(|range| !range.is_empty());
            gone.sort_unstable_by_key(|range| range.start);
        }
        self.fill(&mut change, (&by, &view), stays);
        change
    }

    /// Takes away what void groups were split into, or what was cut of them. Gives the groups that are void with them.
    fn drop_void(&self, depth: usize, void: &[Range<u32>], change: &mut Change) -> Vec<Range<u32>> {
        if depth + 1 == DEPTHS {
            change.cut -= void.iter().map(|groups| self.groups.size(depth, groups)).sum::<u64>();
            return Vec::new();
        }
        void.iter().map(|groups| self.split_no_more(depth, groups, change)).collect()
    }

    fn split_no_more(&self, depth: usize, groups: &Range<u32>, change: &mut Change) -> Range<u32> {
        change.gone[depth + 1].push(self.groups.within(depth, groups, |group| group.inner));
        self.groups.within(depth, groups, |group| group.child)
    }

    /// Takes `lost` identities out of a group: a block where it is no larger than `most` now. Gives the groups that are void then.
    fn lessen(&self, depth: usize, at: u32, (lost, most): (u32, usize), change: &mut Change) -> Option<Range<u32>> {
        let group = self.groups.group(depth, at);
        let is_last = depth + 1 == DEPTHS;
        let is_block = (group.size - lost) as usize <= most;
        if is_last {
            change.cut -= u64::from(if is_block { group.size } else { lost });
        }
        if !is_block {
            return None;
        }
        if group.size - lost >= 2 {
            change.new[depth].push(New { group: at, before: group.block, members: Vec::new() });
        }
        (!is_last).then(|| self.split_no_more(depth, &(at..at + 1), change))
    }

    /// Says who is in the blocks that come.
    fn fill(&self, change: &mut Change, (by, view): (&[Vec<(bool, View)>; DEPTHS], &View), stays: &[bool]) {
        let stay = |identity: &u32| stays[*identity as usize];
        let mut unknown = Vec::new();
        for (depth, new) in change.new.iter_mut().enumerate() {
            for new in new {
                new.members = self.groups.members(depth, new.group).iter().copied().filter(stay).collect();
                unknown.extend(new.members.is_empty().then_some((depth, new.group)));
            }
        }
        if unknown.is_empty() {
            return;
        }
        for (depth, group, identity) in self.groups.look_for(by, view, &unknown, stays.len()) {
            let new = &mut change.new[depth];
            if let Ok(at) = new.binary_search_by_key(&group, |new| new.group)
                && unknown.binary_search(&(depth, group)).is_ok()
                && stay(&identity)
            {
                new[at].members.push(identity);
            }
        }
    }
}

/// Whether ascending ranges, none of them empty, hold a number.
fn hold(ranges: &[Range<u32>], number: u32) -> bool {
    let after = ranges.partition_point(|range| range.start <= number);
    after > 0 && ranges[after - 1].contains(&number)
}

/// What blocking found of all identities.
#[derive(Debug)]
pub struct Kept {
    /// Blocks as they were made, but for the members that had all their keys already.
    found: Found,
    /// These members: block and identity, ascending by block.
    left_out: Vec<(u32, u32)>,
    rules: Vec<Rule>,
    limits: Limits,
}

impl Kept {
    /// Nothing yet, of blocks within these limits.
    pub fn within(limits: Limits) -> Kept {
        Kept { found: Found::default(), left_out: Vec::new(), rules: Vec::new(), limits }
    }

    /// Adds blocks with the identities that have a key left, and notes the others.
    pub(super) fn extend(&mut self, lists: &[&Found], keys: &mut Keys, found: &mut Found) {
        for (list, without) in lists.iter().zip(keys.take_by_list(lists)) {
            let first = found.len();
            // The block of a place is the last that begins there or before.
            let block = |at: &usize| first + list.starts.partition_point(|start| *start as usize <= *at) - 1;
            self.left_out.extend(without.iter().map(|at| (block(at) as u32, list.members[*at])));
            match without.as_slice() {
                [] => found.extend(list),
                without => found.extend(&list.without(without, 0)),
            }
        }
    }

    /// Notes the groups of a rule whose blocks have been added.
    pub(super) fn rule(&mut self, first: Feature, parts: &mut [Part]) {
        let cut = parts.iter().map(|part| part.cut).sum();
        let (groups, blocks) = Groups::of(parts);
        self.rules.push(Rule { first, blocks, groups, cut });
    }

    /// The same with the blocks themselves, once nobody asks them any more.
    #[must_use]
    pub fn with(self, blocks: Memberships) -> Kept {
        Kept { found: blocks.into_found(), ..self }
    }

    /// What blocking finds of the identities marked in `stays` alone, in the same order; `features` are those of all.
    #[must_use]
    pub fn retain(self, features: &Features, stays: &[bool]) -> Retained {
        let leaving: Vec<u32> = (0..stays.len() as u32).filter(|&identity| !stays[identity as usize]).collect();
        let change = |rule: &Rule| rule.without(features, self.limits, stays, &leaving);
        let changes: Vec<Change> = self.rules.par_iter().map(change).collect();
        let (now, identities) = self.numbers(stays, &changes);
        let mut keys = Keys::of(identities);
        let mut found = Found::with_room_for(self.found.starts.len(), self.found.members.len() + self.left_out.len());
        let mut block = 0;
        let counted = |(rule, change): (&Rule, &Change)| {
            let before = found.len();
            for depth in 0..DEPTHS {
                let lists = Walk { kept: &self, now: &now, first: block, change, depth }.lists(rule.blocks[depth]);
                let without = lists.iter().map(|list| keys.take_at(&list.found, &list.may_lack)).collect();
                found.extend_without(&lists.iter().map(|list| &list.found).collect::<Vec<&Found>>(), without);
                block += rule.blocks[depth];
            }
            count(features, rule.first, before, &found, change.cut)
        };
        let counts = self.rules.iter().zip(&changes).map(counted).collect();
        Retained { found, counts, limits: self.limits, identities }
    }

    /// By identity, its number among those that stay, with [`MAY_LACK`] where a key may be lacking for it; and how many stay. Whoever had a key for
    /// every block has one for fewer of them: only those that had not, and those that come into a new block, are to be counted again.
    fn numbers(&self, stays: &[bool], changes: &[Change]) -> (Vec<u32>, usize) {
        let mut now = vec![MISSING; stays.len()];
        let staying = (0..stays.len()).filter(|&identity| stays[identity]);
        let identities = staying.zip(0..).map(|(identity, number)| now[identity] = number).count();
        let new = changes.iter().flat_map(|change| change.new.iter().flatten()).flat_map(|new| &new.members);
        for &identity in self.left_out.iter().map(|(_, identity)| identity).chain(new) {
            // Who has left has no number, of which this is no part.
            now[identity as usize] |= MAY_LACK;
        }
        (now, identities)
    }
}

/// Blocks, whatever keys their members have left.
#[derive(Debug, Default)]
struct Listed {
    found: Found,
    /// The places of members for which a key may be lacking, ascending.
    may_lack: Vec<u32>,
}

impl Listed {
    /// Adds a block of members as [`Kept::numbers`] numbers them; one alone is none, and takes no key.
    fn add(&mut self, members: &[u32]) {
        if members.len() >= 2 {
            let first = self.found.members.len();
            let lacking = members.iter().zip(first..).filter(|(member, _)| **member & MAY_LACK != 0);
            self.may_lack.extend(lacking.map(|(_, place)| place as u32));
            self.found.push(members.iter().map(|member| member & !MAY_LACK));
        }
    }
}

/// A walk down the blocks of one rule and number of features.
struct Walk<'a> {
    kept: &'a Kept,
    /// As [`Kept::numbers`] gives them.
    now: &'a [u32],
    /// The first of the blocks.
    first: usize,
    change: &'a Change,
    depth: usize,
}

impl Walk<'_> {
    /// What the blocks are of those who stay, whatever keys these have left; some at a time, each by one thread.
    fn lists(&self, blocks: usize) -> Vec<Listed> {
        let from: Vec<usize> = (0..=blocks).step_by(BLOCKS_AT_ONCE).collect();
        // Behind the last block may come new ones as well.
        let list = |from: usize| self.list(from..(from + BLOCKS_AT_ONCE).min(blocks + 1), blocks);
        from.into_par_iter().with_max_len(1).map(list).collect()
    }

    /// Of these blocks, and of those that come before one of them; `end` is behind the last block.
    fn list(&self, blocks: Range<usize>, end: usize) -> Listed {
        let (first, change) = (blocks.start as u32, self.change);
        let (new, gone) = (&change.new[self.depth], &change.gone[self.depth]);
        let mut new = new[new.partition_point(|new| new.before < first)..].iter().peekable();
        let mut gone = gone[gone.partition_point(|range| range.end <= first)..].iter().peekable();
        let left_out = &self.kept.left_out;
        let mut left_out =
            &left_out[left_out.partition_point(|(block, _)| (*block as usize) < self.first + blocks.start)..];
        let (from, to) = (self.first + blocks.start, self.first + blocks.end.min(end));
        let all = &self.kept.found.starts;
        let found = Found::with_room_for(to - from + 1, (all[to] - all[from]) as usize);
        let mut listed = Listed { found, may_lack: Vec::new() };
        let mut members = Vec::new();
        for at in blocks {
            while let Some(new) = new.next_if(|new| new.before as usize == at) {
                members.clear();
                members.extend(new.members.iter().map(|&identity| self.now[identity as usize]));
                listed.add(&members);
            }
            if at == end {
                break;
            }
            self.members(self.first + at, &mut left_out, &mut members);
            while gone.next_if(|range| range.end as usize <= at).is_some() {}
            if !gone.peek().is_some_and(|range| range.contains(&(at as u32))) {
                listed.add(&members);
            }
        }
        listed
    }

    /// The members of a block that stay, by their new numbers; those that are `left_out` of it are the first there.
    fn members(&self, block: usize, left_out: &mut &[(u32, u32)], members: &mut Vec<u32>) {
        let now = |&identity: &u32| Some(self.now[identity as usize]).filter(|now| *now != MISSING);
        members.clear();
        members.extend(self.kept.found.members(block).iter().filter_map(now));
        let own = left_out.iter().take_while(|(of, _)| *of as usize == block).count();
        if own > 0 {
            members.extend(left_out[..own].iter().filter_map(|(_, identity)| now(identity)));
            members.sort_unstable_by_key(|member| member & !MAY_LACK);
            *left_out = &left_out[own..];
        }
    }
}

/// Blocks of the identities that stay.
#[derive(Debug)]
pub struct Retained {
    found: Found,
    counts: Vec<RuleCount>,
    limits: Limits,
    identities: usize,
}

impl Retained {
    /// Heap bytes.
    pub fn heap_bytes(&self) -> u64 {
        (self.found.starts.capacity() + self.found.members.capacity()) as u64 * 4
    }

    /// The same as blocks that hand out pairs.
    pub fn number(self) -> Blocks {
        Blocks::number(self.found.starts, self.found.members, self.identities, self.counts, self.limits)
    }
}
