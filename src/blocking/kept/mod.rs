//! What blocking found, kept so that it says who meets whom among those who stay when some identities leave: without making and sorting all keys again,
//! and yet to the last block what blocking them alone would find.
//!
//! A block that loses members is what it was without them. Only a group that was too large can become another thing: once it is small enough it is a
//! block itself, and what it was split into goes. So each such group is remembered: its key, how many it held, where it stood among the blocks, and,
//! where few need to leave for it, who was in it; of others everybody's first keys are looked through. Which groups an identity leaves is known from its
//! own keys alone. Whoever had more keys than there are spends them again where blocks went or came ([`rest`]). Blocks with the same members are copies
//! of the first of them for as long as both stand ([`copies`]); others become alike only where one has lost somebody or come ([`alike`]).
//!
//! Back of an envelope, 19 M identities of which 50,000 leave: some 5 M such groups of 24 bytes, 200 MB of their members, 100 MB of copies. Half a million
//! of 75 M blocks are looked at; all are only numbered anew where they stand ([`super::thin`]), instead of as many keys that are made and sorted.

mod alike;
mod copies;
mod rest;

use super::features::{Feature, Features, View};
use super::groups::Groups;
use super::keys::Keys;
use super::pairs::Memberships;
use super::rules::{Caps, DEPTHS, Found, Part, refinements, views};
use super::{Blocks, Limits, RuleCount, count};
use crate::records::Numbers;
use copies::Copies;
use rayon::prelude::*;
use rest::{Come, Left, Rest};
use std::ops::Range;

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
    /// Members that had all their keys already when their block came: block and identity, ascending by block.
    left_out: Vec<(u32, u32)>,
    copies: Copies,
    rules: Vec<Rule>,
    limits: Limits,
}

impl Kept {
    /// Nothing yet, of blocks within these limits.
    pub fn within(limits: Limits) -> Kept {
        Kept { left_out: Vec::new(), copies: Copies::default(), rules: Vec::new(), limits }
    }

    /// Adds blocks with the identities that have a key left, however few, and notes the others.
    pub(super) fn extend(&mut self, lists: &[&Found], keys: &mut Keys, found: &mut Found) {
        let without = keys.take_by_list(lists);
        let at = lists.par_iter().zip(&without).with_max_len(1).map(|(list, places)| list.at(places));
        let at: Vec<Vec<(u32, u32)>> = at.collect();
        let mut first = found.len() as u32;
        for (list, at) in lists.iter().zip(at) {
            self.left_out.extend(at.into_iter().map(|(block, identity)| (first + block, identity)));
            first += list.len() as u32;
        }
        found.extend_without(lists, &without, 0);
    }

    /// Notes the groups of a rule whose blocks have been added.
    pub(super) fn rule(&mut self, first: Feature, parts: &mut [Part]) {
        let cut = parts.iter().map(|part| part.cut).sum();
        let (groups, blocks) = Groups::of(parts);
        self.rules.push(Rule { first, blocks, groups, cut });
    }

    /// Who is in which of the blocks that were found; of those with the same members only the first counts.
    pub(super) fn memberships(&mut self, found: Found, identities: usize) -> Memberships {
        self.copies = Copies::of(&found, identities);
        let is_copy = Numbers::of_some(found.len(), self.copies.all().iter().copied());
        Memberships::of_those(found, identities, |block| !is_copy.has(block))
    }

    /// What blocking finds of the identities marked in `stays` alone, but in another order. `blocks` are those that were found of all, and `features`
    /// those of all.
    #[must_use]
    pub fn retain(self, blocks: Memberships, features: &Features, stays: &[bool]) -> Blocks {
        let leaving: Vec<u32> = (0..stays.len() as u32).filter(|&identity| !stays[identity as usize]).collect();
        let change = |rule: &Rule| rule.without(features, self.limits, stays, &leaving);
        let changes: Vec<Change> = self.rules.par_iter().map(change).collect();
        let cut: Vec<u64> = changes.iter().map(|change| change.cut).collect();
        let identities = Numbers::of(stays, true);
        let Rest { mut gone, mut come, left } = Rest::of(&self, &blocks, changes, (&identities, &leaving));
        let Kept { rules, copies, limits, .. } = self;
        let Memberships { mut found, own } = blocks;
        let counts = counts(features, rules.iter().zip(cut), (&found, &gone, &left), &come);
        copies.all().iter().for_each(|copy| gone[*copy as usize] = true);
        drop(copies);
        alike::take_out(&found, (&mut gone, &mut come), &left, (&identities, stays.len()));
        drop(left);
        found.thin(&mut gone, |identity| identities.get(identity));
        let numbers = Numbers::of(&gone, false);
        for Come { members, .. } in &come {
            found.push(members.iter().filter_map(|&identity| identities.get(identity)));
        }
        found.shrink_to_fit();
        let own = own.retain(stays, &numbers, &memberships(&come, numbers.len()), found.members.len());
        Blocks::of(Memberships { found, own }, counts, limits)
    }
}

/// What each rule yields, with how much of it is cut, of the blocks of `found` that are not `gone`, where some were `left` and some come.
fn counts<'r>(
    features: &Features,
    rules: impl Iterator<Item = (&'r Rule, u64)>,
    (found, gone, left): (&Found, &[bool], &[Left]),
    come: &[Come],
) -> Vec<RuleCount> {
    let mut first = 0;
    let mut ranges = Vec::new();
    for (rule, cut) in rules {
        let blocks = first..first + rule.blocks.iter().sum::<usize>();
        first = blocks.end;
        ranges.push((rule.first, cut, blocks));
    }
    let of_rule = |(nth, (of, cut, blocks)): (usize, &(Feature, u64, Range<usize>))| {
        let mut left = left[left.partition_point(|left| (left.block as usize) < blocks.start)..].iter().peekable();
        let sizes = blocks.clone().zip(found.sizes(blocks.clone())).map(|(block, size)| {
            let left = left.next_if(|left| left.block as usize == block);
            (block, left.map_or(size, |left| left.members as usize))
        });
        let own = sizes.filter(|(block, size)| !gone[*block] && *size >= 2).map(|(_, size)| size);
        let new = come.iter().filter(|come| come.rule == nth).map(|come| come.members.len());
        count(features, *of, own.chain(new), *cut)
    };
    ranges.par_iter().enumerate().with_max_len(1).map(of_rule).collect()
}

/// Who is in which of the blocks that come, ascending; the first of these has the number `first`.
fn memberships(come: &[Come], first: usize) -> Vec<(u32, u32)> {
    let numbered = come.iter().zip(first as u32..);
    let mut all: Vec<(u32, u32)> =
        numbered.flat_map(|(come, block)| come.members.iter().map(move |&identity| (identity, block))).collect();
    all.par_sort_unstable();
    all
}
