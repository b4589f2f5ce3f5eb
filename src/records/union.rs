//! The union of lists of values that many threads made: equal values get one code.
//!
//! The hashes of all lists are dealt out to shards; each shard meets its values in the order of the lists, so that it knows of each where
//! it stood first. Codes follow from these places: they are those of interning the lists one after the other, whatever the number of
//! threads and shards. Back of an envelope: 1 M strings at about 60 ns, most of it waiting for memory, divided by the threads.

use hashbrown::HashTable;
use rayon::prelude::*;

/// Values of one shard: so many fit a cache with their table.
const SHARD_VALUES: usize = 1 << 14;
/// Which bits of a hash choose the shard: neither those that hash tables take for the place nor those they take for the tag.
const SHARD_SHIFT: u32 = 36;
const SHARDS_MAX: usize = 1 << 10;

/// A list of values that know their hashes.
pub(crate) trait Hashed: Sync {
    /// One hash a value; equal values have equal ones.
    fn hashes(&self) -> &[u64];

    /// Whether the value at `at` is the one that another list has at `there`.
    fn is_same(&self, at: u32, other: &Self, there: u32) -> bool;
}

/// A code for each value of each list: equal values have equal codes, in the order of first appearance from 0 on.
pub(crate) fn unite<L: Hashed>(lists: &[&L]) -> Vec<Vec<u32>> {
    let len = |list: usize| lists[list].hashes().len();
    let values: usize = (0..lists.len()).map(len).sum();
    let shards = (values / SHARD_VALUES).next_power_of_two().min(SHARDS_MAX);
    let dealt: Vec<Dealt> = lists.par_iter().with_max_len(1).map(|list| Dealt::of(list.hashes(), shards)).collect();
    let met: Vec<Met> =
        (0..shards).into_par_iter().with_max_len(1).map(|shard| Met::of(lists, &dealt, shard)).collect();
    // Where each value stood first, in the order of its own list.
    let firsts: Vec<Vec<Place>> =
        (0..lists.len()).into_par_iter().with_max_len(1).map(|list| in_list_order(&dealt[list], &met, list)).collect();
    let is_first = |list: usize, at: usize| firsts[list][at] == (list as u32, at as u32);
    let new: Vec<u32> = (0..lists.len())
        .into_par_iter()
        .with_max_len(1)
        .map(|list| (0..len(list)).filter(|&at| is_first(list, at)).count() as u32)
        .collect();
    let before = new.iter().scan(0_u32, |sum, new| {
        let before = *sum;
        *sum = sum.checked_add(*new).expect("a dictionary holds less than 2^32 values");
        Some(before)
    });
    let before: Vec<u32> = before.collect();
    let own: Vec<Vec<u32>> = (0..lists.len())
        .into_par_iter()
        .with_max_len(1)
        .map(|list| {
            let mut next = before[list];
            let mut own_code = |at: usize| {
                let code = next;
                next += u32::from(is_first(list, at));
                code
            };
            (0..len(list)).map(&mut own_code).collect()
        })
        .collect();
    firsts
        .par_iter()
        .with_max_len(1)
        .map(|list| list.iter().map(|&(list, at)| own[list as usize][at as usize]).collect())
        .collect()
}

/// A list, and a place in it.
type Place = (u32, u32);

/// The places of one list by shard, ascending within each.
struct Dealt {
    places: Vec<u32>,
    /// One more than shards.
    starts: Vec<u32>,
}

impl Dealt {
    fn of(hashes: &[u64], shards: usize) -> Dealt {
        let shard = |hash: &u64| (hash >> SHARD_SHIFT) as usize & (shards - 1);
        let mut starts = vec![0; shards + 1];
        hashes.iter().for_each(|hash| starts[shard(hash) + 1] += 1);
        (0..shards).for_each(|at| starts[at + 1] += starts[at]);
        let mut next = starts.clone();
        let mut places = vec![0; hashes.len()];
        for (at, hash) in hashes.iter().enumerate() {
            let slot = &mut next[shard(hash)];
            places[*slot as usize] = at as u32;
            *slot += 1;
        }
        Dealt { places, starts }
    }

    fn in_shard(&self, shard: usize) -> &[u32] {
        &self.places[self.starts[shard] as usize..self.starts[shard + 1] as usize]
    }
}

/// Where each value of one shard stood first.
struct Met {
    /// List after list.
    firsts: Vec<Place>,
    /// Where each list begins in `firsts`.
    starts: Vec<usize>,
}

impl Met {
    fn of<L: Hashed>(lists: &[&L], dealt: &[Dealt], shard: usize) -> Met {
        let values = dealt.iter().map(|dealt| dealt.in_shard(shard).len()).sum();
        let mut met = Met { firsts: Vec::with_capacity(values), starts: Vec::with_capacity(lists.len()) };
        // The hash stands beside the place, so that neither growing nor a value that is not meant reaches for a list.
        let mut table: HashTable<(u64, Place)> = HashTable::with_capacity(values / 4);
        for (number, (list, dealt)) in lists.iter().zip(dealt).enumerate() {
            met.starts.push(met.firsts.len());
            for &at in dealt.in_shard(shard) {
                let hash = list.hashes()[at as usize];
                let same = |&(other, (place, there)): &(u64, Place)| {
                    other == hash && list.is_same(at, lists[place as usize], there)
                };
                let first = match table.find(hash, same) {
                    Some(&(_, first)) => first,
                    None => {
                        let place = (number as u32, at);
                        table.insert_unique(hash, (hash, place), |&(hash, _)| hash);
                        place
                    }
                };
                met.firsts.push(first);
            }
        }
        met
    }
}

/// What all shards say of one list, put back in its order.
fn in_list_order(dealt: &Dealt, met: &[Met], list: usize) -> Vec<Place> {
    let mut ordered = vec![(0, 0); dealt.places.len()];
    for (shard, met) in met.iter().enumerate() {
        for (&at, &first) in dealt.in_shard(shard).iter().zip(&met.firsts[met.starts[list]..]) {
            ordered[at as usize] = first;
        }
    }
    ordered
}
