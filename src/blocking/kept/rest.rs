//! Which blocks go and which come when identities leave, keys and all.
//!
//! An identity has keys for the first so many blocks that it comes to. Whoever had one for every block has one for fewer of them; of whoever had not,
//! and of whoever comes into a new block, it is worked out anew, where a block of theirs went or came. A block of which a member gains or loses its key
//! is taken for one that goes and another that comes in its place.

use super::{Change, Kept, New};
use crate::blocking::KEYS_MAX;
use crate::blocking::pairs::Memberships;
use crate::records::Numbers;
use rayon::prelude::*;

/// A block that comes.
#[derive(Debug)]
pub(super) struct Come {
    /// The rule that it is of.
    pub rule: usize,
    place: Place,
    /// At least two of those who stay, by their numbers among all identities, ascending.
    pub members: Vec<u32>,
}

/// Where a block is among all: those that come before another stand in front of it, those that come in its place where it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    block: u32,
    is_its_own: bool,
}

impl Place {
    fn before(block: u32) -> Place {
        Place { block, is_its_own: false }
    }

    fn of(block: u32) -> Place {
        Place { block, is_its_own: true }
    }
}

/// What becomes of the blocks.
#[derive(Debug)]
pub(super) struct Rest {
    /// By block, whether it is none any more. Others may yet have lost members who leave.
    pub gone: Vec<bool>,
    /// In the order of their places.
    pub come: Vec<Come>,
    /// The blocks that somebody leaves who had a key for them, ascending.
    pub left: Vec<Left>,
}

/// A block that somebody leaves, and how many members with a key stay in it.
#[derive(Debug)]
pub(super) struct Left {
    pub block: u32,
    pub members: u32,
}

/// A membership that gains or loses its key: block, identity, and whether it has one now.
type Changed = (u32, u32, bool);

/// What spending the keys of one identity anew has changed.
struct Spent {
    changed: Vec<Changed>,
    /// Which of the blocks that come there is no key for, each with the identity.
    without: Vec<(u32, u32)>,
}

/// Blocks of all identities, of which some leave.
#[derive(Clone, Copy)]
struct All<'a> {
    kept: &'a Kept,
    blocks: &'a Memberships,
    /// Those who stay.
    stay: &'a Numbers,
    identities: usize,
}

impl Rest {
    /// `changes` are those of each rule's groups; `leaving` are all that do not `stay`.
    pub fn of(kept: &Kept, blocks: &Memberships, changes: Vec<Change>, (stay, leaving): (&Numbers, &[u32])) -> Rest {
        let all = All { kept, blocks, stay, identities: stay.len() + leaving.len() };
        let mut rest = Rest { gone: vec![false; blocks.found.len()], come: Vec::new(), left: Vec::new() };
        for (rule, change) in changes.into_iter().enumerate() {
            rest.take(rule, change, kept);
        }
        let left = all.left_by(leaving);
        let fallen: Vec<u32> = left.par_iter().copied().filter(|&block| all.staying(block) < 2).collect();
        fallen.into_iter().for_each(|block| rest.gone[block as usize] = true);
        rest.left = left.into_par_iter().filter_map(|block| all.left(block)).collect();
        rest.spend_keys(all);
        rest.stand_for_others(all);
        rest.come.retain(|come| come.members.len() >= 2);
        rest.come.sort_by_key(|come| come.place);
        rest
    }

    /// Where a block goes that others had the same members as, the first of these that does not go counts from now on: it comes where it stood.
    fn stand_for_others(&mut self, all: All) {
        let is_gone = |block: u32| self.gone[block as usize];
        let alike = all.kept.copies.iter().filter(|(first, _)| is_gone(*first));
        let next: Vec<u32> =
            alike.filter_map(|(_, copies)| copies.iter().copied().find(|&copy| !is_gone(copy))).collect();
        for block in next {
            let members = all.members_with(block, &[]);
            self.gone[block as usize] = true;
            self.come.push(Come { rule: all.rule_of(block), place: Place::of(block), members });
        }
    }

    /// Takes over what becomes of one rule's groups.
    fn take(&mut self, rule: usize, change: Change, kept: &Kept) {
        let mut first = kept.rules[..rule].iter().flat_map(|rule| &rule.blocks).sum::<usize>() as u32;
        for ((gone, new), blocks) in change.gone.into_iter().zip(change.new).zip(kept.rules[rule].blocks) {
            for range in gone {
                self.gone[(first + range.start) as usize..(first + range.end) as usize].fill(true);
            }
            let come = |New { before, members, .. }: New| Come { rule, place: Place::before(first + before), members };
            // One alone is no block, and takes no key.
            self.come.extend(new.into_iter().map(come).filter(|come| come.members.len() >= 2));
            first += blocks as u32;
        }
    }

    /// Finds who gains and who loses a key.
    fn spend_keys(&mut self, all: All) {
        let asked = self.asked(all);
        let is_asked = Numbers::of_some(all.identities, asked.iter().copied());
        let left_out = all.kept.left_out.par_iter().filter(|(_, identity)| is_asked.has(*identity));
        let mut lacking: Vec<(u32, u32)> = left_out.map(|&(block, identity)| (identity, block)).collect();
        lacking.par_sort_unstable();
        let members = |(nth, come): (usize, &Come)| -> Vec<(u32, u32)> {
            come.members.iter().map(|&identity| (identity, nth as u32)).collect()
        };
        let mut coming: Vec<(u32, u32)> = self.come.iter().enumerate().flat_map(members).collect();
        coming.par_sort_unstable();
        let spend = |&identity: &u32| self.spent(all, identity, of(&lacking, identity), of(&coming, identity));
        let spent: Vec<Spent> = asked.par_iter().map(spend).collect();
        for &(nth, identity) in spent.iter().flat_map(|spent| &spent.without) {
            self.come[nth as usize].members.retain(|member| *member != identity);
        }
        let mut changed: Vec<Changed> = spent.into_iter().flat_map(|spent| spent.changed).collect();
        changed.par_sort_unstable();
        for of_block in changed.chunk_by(|a, b| a.0 == b.0) {
            let block = of_block[0].0;
            self.gone[block as usize] = true;
            let place = Place::of(block);
            self.come.push(Come { rule: all.rule_of(block), place, members: all.members_with(block, of_block) });
        }
    }

    /// Who may have another key than before, ascending.
    fn asked(&self, all: All) -> Vec<u32> {
        let gone = self.gone.iter().enumerate().filter(|(_, gone)| **gone);
        let lose = gone.flat_map(|(block, _)| all.blocks.found.members(block)).copied();
        let may_gain = Numbers::of_some(all.identities, lose.filter(|&identity| all.stay.has(identity)));
        let may_gain = |identity: &&u32| may_gain.has(**identity);
        let left_out = all.kept.left_out.par_iter().map(|(_, identity)| identity);
        let mut asked: Vec<u32> = left_out.filter(may_gain).copied().collect();
        asked.extend(self.come.iter().flat_map(|come| &come.members));
        asked.par_sort_unstable();
        asked.dedup();
        asked
    }

    /// Spends the keys of one identity, which lacked one for the blocks `lacking` and comes into those at `coming`, both with the identity.
    fn spent(&self, all: All, identity: u32, lacking: &[(u32, u32)], coming: &[(u32, u32)]) -> Spent {
        /// A block, or the place among those that come, and whether there was a key for it.
        enum Of {
            Block(u32, bool),
            Coming(u32),
        }
        let had = all.blocks_of(identity).map(|block| (block, true));
        let lacked = lacking.iter().map(|&(_, block)| (block, false));
        let there = had.chain(lacked).filter(|(block, _)| !self.gone[*block as usize]);
        let mut places: Vec<(Place, Of)> =
            there.map(|(block, had)| (Place::of(block), Of::Block(block, had))).collect();
        places.extend(coming.iter().map(|&(_, nth)| (self.come[nth as usize].place, Of::Coming(nth))));
        // Those that come to one place do so in their order.
        places.sort_by_key(|(place, _)| *place);
        let (mut changed, mut without) = (Vec::new(), Vec::new());
        for (nth, (_, of)) in places.into_iter().enumerate() {
            let has = nth < usize::from(KEYS_MAX);
            match of {
                Of::Block(block, had) if had != has => changed.push((block, identity, has)),
                Of::Coming(nth) if !has => without.push((nth, identity)),
                Of::Block(..) | Of::Coming(_) => {}
            }
        }
        Spent { changed, without }
    }
}

impl All<'_> {
    /// The blocks that some identities are in, with a key for it or without, ascending.
    fn left_by(self, leaving: &[u32]) -> Vec<u32> {
        let mut left: Vec<u32> = leaving.par_iter().flat_map_iter(|&identity| self.blocks_of(identity)).collect();
        let without = self.kept.left_out.par_iter().filter(|(_, identity)| !self.stay.has(*identity));
        left.par_extend(without.map(|(block, _)| *block));
        left.par_sort_unstable();
        left.dedup();
        left
    }

    /// The blocks that an identity has a key for, in any order.
    fn blocks_of(self, identity: u32) -> impl Iterator<Item = u32> {
        let with_copies = |&block| std::iter::once(block).chain(self.kept.copies.of_block(block).iter().copied());
        self.blocks.own.blocks_of(identity).iter().flat_map(with_copies)
    }

    /// What of a block is left where somebody leaves who had a key for it.
    fn left(self, block: u32) -> Option<Left> {
        let had = self.blocks.found.members(block as usize);
        let members = had.iter().filter(|identity| self.stay.has(**identity)).count();
        (members < had.len()).then_some(Left { block, members: members as u32 })
    }

    /// How many of those who stay are in a block, with a key for it or without.
    fn staying(self, block: u32) -> usize {
        let stay = |identity: &&u32| self.stay.has(**identity);
        let lacking = of(&self.kept.left_out, block).iter().map(|(_, identity)| identity);
        self.blocks.found.members(block as usize).iter().chain(lacking).filter(stay).count()
    }

    /// Who stays in a block with a key for it, once some have gained or lost theirs; ascending.
    fn members_with(self, block: u32, changed: &[Changed]) -> Vec<u32> {
        let loses = |identity: &u32| changed.contains(&(block, *identity, false));
        let had = self.blocks.found.members(block as usize).iter().copied();
        let had = had.filter(|identity| self.stay.has(*identity) && !loses(identity));
        let mut members: Vec<u32> =
            had.chain(changed.iter().filter(|(.., has)| *has).map(|changed| changed.1)).collect();
        members.sort_unstable();
        members
    }

    /// The rule that a block is of.
    fn rule_of(self, block: u32) -> usize {
        let mut end = 0;
        let ends = self.kept.rules.iter().map(|rule| {
            end += rule.blocks.iter().sum::<usize>();
            end
        });
        ends.take_while(|end| *end <= block as usize).count()
    }
}

/// The part of an ascending list that begins with `first`.
fn of(list: &[(u32, u32)], first: u32) -> &[(u32, u32)] {
    let from = list.partition_point(|(at, _)| *at < first);
    &list[from..from + list[from..].partition_point(|(at, _)| *at == first)]
}
