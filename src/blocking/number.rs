//! Blocks as the identities see them: which are copies of others, and which each identity is in.
//!
//! Both are asked identity by identity, of lists that stand block by block. Counting them where they come would wait for memory at every step once
//! there are millions of identities (two waits of 100 ns for each of 200 million memberships of 19 million identities: 40 s on one thread). So
//! memberships are first spread over buckets of neighbouring identities, and each bucket is counted by one thread inside its cache. A walk down
//! the lists fills some buckets, so that what stands in them stays small: 5 walks down 1 GB at a nanosecond a number are a second, and
//! 4 bytes a membership that go through memory twice another half.

use super::rules::Found;
use crate::records::Numbers;
use rayon::prelude::*;
use std::ops::Range;

/// Identities of one bucket: 2^16, of which what is counted takes some 3 MB.
const BUCKET_BITS: u32 = 16;
/// Buckets that are filled in one walk, so that what stands in them stays small beside the blocks themselves.
const BUCKETS_AT_ONCE: usize = 64;
/// Buckets that are counted before what was found is laid end to end.
const BUCKETS_COUNTED: usize = 8;
/// Blocks that are spread as one piece of work: 2^16, so that an identity within its bucket and a block within its piece are 4 bytes together.
const CHUNK_BITS: u32 = 16;
const BLOCKS_PER_CHUNK: usize = 1 << CHUNK_BITS;
/// Identities whose blocks are numbered anew as one piece of work, and such pieces at once.
const IDENTITIES_PER_PIECE: usize = 1 << 16;
const PIECES_AT_ONCE: usize = 16;

impl Found {
    /// Spreads what `pick` gives of each block over `buckets` of identities, each thing to the bucket of the identity that it comes with: by piece of work,
    /// by bucket, in the order of blocks. `pick` is told whether an identity is in one of them.
    fn spread<'a, T: Send, P: Iterator<Item = (u32, T)>>(
        &'a self,
        buckets: &Range<usize>,
        pick: impl Fn(u32, &'a [u32], Within) -> P + Sync,
    ) -> Vec<Vec<Vec<T>>> {
        let within =
            Within { from: (buckets.start << BUCKET_BITS) as u32, size: (buckets.len() << BUCKET_BITS) as u32 };
        let chunk = |from: usize| {
            let mut lists: Vec<Vec<T>> = buckets.clone().map(|_| Vec::new()).collect();
            for block in from as u32..(from + BLOCKS_PER_CHUNK).min(self.len()) as u32 {
                for (identity, thing) in pick(block, self.members(block as usize), within) {
                    lists[((identity - within.from) >> BUCKET_BITS) as usize].push(thing);
                }
            }
            lists.iter_mut().for_each(Vec::shrink_to_fit);
            lists
        };
        let chunks: Vec<usize> = (0..self.len()).step_by(BLOCKS_PER_CHUNK).collect();
        chunks.into_par_iter().with_max_len(1).map(chunk).collect()
    }
}

/// The identities of some buckets.
#[derive(Clone, Copy)]
struct Within {
    from: u32,
    size: u32,
}

impl Within {
    #[inline]
    fn has(self, identity: u32) -> bool {
        identity.wrapping_sub(self.from) < self.size
    }
}

/// The buckets of all identities, so many at once as are filled in one walk.
fn slices(identities: usize) -> impl Iterator<Item = Range<usize>> {
    let buckets = identities.div_ceil(1 << BUCKET_BITS);
    (0..buckets).step_by(BUCKETS_AT_ONCE).map(move |from| from..(from + BUCKETS_AT_ONCE).min(buckets))
}

/// Blocks with the very same members, two at least: the first of them beside each of the others, ascending. Only blocks that begin with the same identity
/// and whose members give the same sum are held against each other.
pub(super) fn copies(blocks: &Found, identities: usize) -> Vec<(u32, u32)> {
    let mut all = Vec::new();
    for buckets in slices(identities) {
        let spread = blocks.spread(&buckets, |block, members, within| {
            let first = members.first().copied().filter(|first| members.len() >= 2 && within.has(*first));
            first.map(|first| (first, (first, sum_of(members), block))).into_iter()
        });
        let of_bucket = |bucket: usize| {
            let mut own: Vec<(u32, u32, u32)> = spread.iter().flat_map(|lists| &lists[bucket]).copied().collect();
            own.sort_unstable();
            let mut found = Vec::new();
            for alike in own.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
                for (nth, &(.., block)) in alike.iter().enumerate().skip(1) {
                    let is_same = |&&(.., earlier): &&(u32, u32, u32)| {
                        blocks.members(earlier as usize) == blocks.members(block as usize)
                    };
                    found.extend(alike[..nth].iter().find(is_same).map(|&(.., first)| (first, block)));
                }
            }
            found
        };
        let found: Vec<Vec<(u32, u32)>> = (0..buckets.len()).into_par_iter().with_max_len(1).map(of_bucket).collect();
        all.extend(found.into_iter().flatten());
    }
    all.par_sort_unstable();
    all
}

/// A sum that tells most lists of identities apart.
fn sum_of(members: &[u32]) -> u32 {
    members
        .iter()
        .fold(members.len() as u32, |sum, &identity| (sum ^ identity).wrapping_mul(0x9e37_79b1).rotate_left(13))
}

/// Which blocks each identity is in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// Blocks of identity `i`: `blocks[starts[i]..starts[i + 1]]`, ascending.
    starts: Vec<u32>,
    blocks: Vec<u32>,
}

impl Own {
    /// Of the blocks that `counts` holds for.
    pub fn of(blocks: &Found, identities: usize, counts: impl Fn(u32) -> bool + Sync) -> Own {
        let mut own = Own { starts: vec![0], blocks: Vec::with_capacity(blocks.members.len()) };
        own.starts.reserve_exact(identities);
        for buckets in slices(identities) {
            let spread = blocks.spread(&buckets, |block, members, within| {
                let members = if counts(block) { members } else { &[] };
                let own = members.iter().copied().filter(move |&identity| within.has(identity));
                own.map(move |identity| (identity, Membership::of(identity, block)))
            });
            let of_bucket = |bucket: usize| {
                let size = (1 << BUCKET_BITS).min(identities - ((buckets.start + bucket) << BUCKET_BITS));
                of_bucket(&spread, bucket, size)
            };
            for first in (0..buckets.len()).step_by(BUCKETS_COUNTED) {
                let some = first..(first + BUCKETS_COUNTED).min(buckets.len());
                own.extend(some.into_par_iter().with_max_len(1).map(of_bucket).collect());
            }
        }
        own
    }

    /// The same of the identities marked in `stays` alone, once blocks have other `numbers` and some have come: who is in which of these, both
    /// ascending, with the numbers of all that come after those that stay. `members` are how many all blocks have now.
    pub fn retain(&self, stays: &[bool], numbers: &Numbers, come: &[(u32, u32)], members: usize) -> Own {
        let piece = |from: usize| {
            let to = (from + IDENTITIES_PER_PIECE).min(stays.len());
            let come = &come[come.partition_point(|(identity, _)| (*identity as usize) < from)..];
            let come = &come[..come.partition_point(|(identity, _)| (*identity as usize) < to)];
            let most = (self.starts[to] - self.starts[from]) as usize + come.len();
            let (mut ends, mut blocks, mut end) = (Vec::with_capacity(to - from), vec![0; most], 0);
            let mut come = come.iter().peekable();
            for at in (from..to).filter(|&at| stays[at]) {
                // Each is written, and written over where it goes: nobody waits for what cannot be foretold.
                for &block in self.blocks_of(at as u32) {
                    let (number, stays) = numbers.before(block);
                    blocks[end] = number;
                    end += usize::from(stays);
                }
                while let Some((_, block)) = come.next_if(|(identity, _)| *identity as usize == at) {
                    blocks[end] = *block;
                    end += 1;
                }
                ends.push(end as u32);
            }
            blocks.truncate(end);
            (ends, blocks)
        };
        let mut own = Own { starts: vec![0], blocks: Vec::with_capacity(members) };
        let pieces: Vec<usize> = (0..stays.len()).step_by(IDENTITIES_PER_PIECE).collect();
        for some in pieces.chunks(PIECES_AT_ONCE) {
            own.extend(some.par_iter().with_max_len(1).map(|&from| piece(from)).collect());
        }
        own.starts.shrink_to_fit();
        own
    }

    /// Adds identities: where the blocks of each end, and these.
    fn extend(&mut self, pieces: Vec<(Vec<u32>, Vec<u32>)>) {
        for (ends, blocks) in pieces {
            let before = self.blocks.len() as u32;
            self.starts.extend(ends.into_iter().map(|end| before + end));
            self.blocks.extend(blocks);
        }
    }

    /// Heap bytes.
    pub fn heap_bytes(&self) -> u64 {
        (self.starts.capacity() + self.blocks.capacity()) as u64 * 4
    }

    /// The blocks of one identity, ascending.
    pub fn blocks_of(&self, identity: u32) -> &[u32] {
        &self.blocks[self.starts[identity as usize] as usize..self.starts[identity as usize + 1] as usize]
    }

    /// Identities that are in a block, in the order of their first blocks, those of the same first block ascending.
    pub fn order(&self) -> Vec<u32> {
        let identities = 0..self.starts.len() as u32 - 1;
        let first = |identity: u32| Some((*self.blocks_of(identity).first()?, identity));
        let mut firsts: Vec<(u32, u32)> = identities.into_par_iter().filter_map(first).collect();
        firsts.par_sort_unstable();
        firsts.into_par_iter().map(|(_, identity)| identity).collect()
    }
}

/// An identity within its bucket, and a block that it is in within its piece of work.
#[derive(Debug, Clone, Copy)]
struct Membership(u32);

impl Membership {
    fn of(identity: u32, block: u32) -> Membership {
        Membership(identity << CHUNK_BITS | block & (BLOCKS_PER_CHUNK as u32 - 1))
    }

    fn identity(self) -> usize {
        (self.0 >> CHUNK_BITS) as usize
    }

    fn block(self, chunk: usize) -> u32 {
        (chunk as u32) << CHUNK_BITS | self.0 & (BLOCKS_PER_CHUNK as u32 - 1)
    }
}

/// The blocks of the `size` identities of a bucket, one identity's after another's, and where each one's end. `spread` are memberships by piece of work and
/// by bucket, of each identity in the order of blocks.
fn of_bucket(spread: &[Vec<Vec<Membership>>], bucket: usize, size: usize) -> (Vec<u32>, Vec<u32>) {
    let mut ends = vec![0u32; size];
    spread.iter().flat_map(|lists| &lists[bucket]).for_each(|membership| ends[membership.identity()] += 1);
    let mut all = 0;
    for end in &mut ends {
        all += std::mem::replace(end, all);
    }
    // From here on an end is where the next block goes, until all are there.
    let mut blocks = vec![0; all as usize];
    for (chunk, lists) in spread.iter().enumerate() {
        for membership in &lists[bucket] {
            let end = &mut ends[membership.identity()];
            blocks[*end as usize] = membership.block(chunk);
            *end += 1;
        }
    }
    (ends, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn equals_what_is_found_by_looking_at_every_block(
            blocks in prop::collection::vec(prop::collection::btree_set(0u32..150_000, 1..5), 1..40),
            again in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let mut blocks: Vec<Vec<u32>> = blocks.into_iter().map(|block| block.into_iter().collect()).collect();
            again.iter().for_each(|at| blocks.push(at.get(&blocks).clone()));
            let mut laid = Found::default();
            blocks.iter().for_each(|block| laid.push(block.iter().copied()));
            let first = |at: usize| blocks[..at].iter().position(|block| *block == blocks[at]).filter(|_| blocks[at].len() >= 2);
            let mut expected: Vec<(u32, u32)> =
                (0..blocks.len()).filter_map(|at| Some((first(at)? as u32, at as u32))).collect();
            expected.sort_unstable();
            prop_assert_eq!(copies(&laid, 150_000), expected);
            let own = Own::of(&laid, 150_000, |block| block % 5 > 0);
            prop_assert!((0..150_000).all(|identity| own.blocks_of(identity).iter().all(|block| block % 5 > 0)));
            let own = Own::of(&laid, 150_000, |_| true);
            prop_assert_eq!(own.starts.len(), 150_001);
            for identity in laid.members.iter().copied().collect::<BTreeSet<u32>>() {
                let expected: Vec<u32> =
                    (0..blocks.len() as u32).filter(|at| blocks[*at as usize].contains(&identity)).collect();
                prop_assert_eq!(own.blocks_of(identity), expected);
            }
            prop_assert_eq!(own.blocks.len(), laid.members.len());
            let mut order: Vec<u32> = Vec::new();
            for &identity in &laid.members {
                if !order.contains(&identity) {
                    order.push(identity);
                }
            }
            prop_assert_eq!(own.order(), order);
        }
    }
}
