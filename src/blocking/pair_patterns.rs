//! Candidate pairs that are compared once, however often their patterns are weighed.
//!
//! A night that learns weighs the same pairs with one model after another. Finding out again who meets whom costs about 15 ns a yield, and there
//! are some three yields a pair; comparing again some 400 ns. So both are kept, in the order in which [`Blocks`] hands pairs out: 4 bytes a pair for
//! the greater identity, 2 for its pattern, 8 for each smaller identity and for each distinct pattern of a page. Back of an envelope, 5.3 M pairs of
//! 0.7 M identities in 180 runs of some 3,000 patterns each: 42 MB.

use super::{Blocks, Pairs};
use crate::comparison::{Batch, Comparisons, Pattern};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Distinct patterns that a page can hold: places in its table are two bytes.
const PAGE_PATTERNS: usize = 1 << 16;
/// Runs that are handed out side by side where each goes afterwards.
const RUNS_AT_ONCE: usize = 64;

/// The patterns of all candidate pairs.
#[derive(Debug)]
pub struct PairPatterns {
    /// The pages of each of [`Blocks::runs`].
    runs: Vec<Vec<Page>>,
}

/// Some identities' pairs; an identity's pairs never stand on two pages.
#[derive(Debug, Default)]
struct Page {
    /// The smaller identity of some pairs, and where those end that it has.
    lefts: Vec<(u32, u32)>,
    /// The greater identity of each pair.
    rights: Vec<u32>,
    /// The place in `patterns` of each pair.
    places: Vec<u16>,
    /// Distinct patterns, in the order of their first pairs.
    patterns: Vec<Pattern>,
}

impl Page {
    /// Each smaller identity with its greater ones, and the places of their patterns.
    fn each(&self) -> impl Iterator<Item = (u32, &[u32], &[u16])> {
        let mut from = 0;
        self.lefts.iter().map(move |&(left, to)| {
            let own = std::mem::replace(&mut from, to as usize)..to as usize;
            (left, &self.rights[own.clone()], &self.places[own])
        })
    }

    /// The pairs that `changed` concerns, by their number, with what `again` says of each where that is another pattern.
    fn changes<L: Copy>(
        &self,
        (of_left, concerns): (&impl Fn(u32) -> Option<L>, &impl Fn(L, u32) -> bool),
        again: &impl Fn(u32, u32, Pattern) -> Pattern,
    ) -> Vec<(usize, Pattern)> {
        let (mut changes, mut from) = (Vec::new(), 0);
        for (left, rights, places) in self.each() {
            let looked = of_left(left);
            for (nth, (&right, &place)) in rights.iter().zip(places).enumerate() {
                if looked.is_some_and(|looked| concerns(looked, right)) {
                    let known = self.patterns[usize::from(place)];
                    let now = again(left, right, known);
                    if now != known {
                        changes.push((from + nth, now));
                    }
                }
            }
            from += rights.len();
        }
        changes
    }

    /// The same page with other patterns at some of its pairs; several pages where it would hold more than `most`.
    fn patched(mut self, changes: &[(usize, Pattern)], most: usize) -> Vec<Page> {
        let mut place_of: FxHashMap<Pattern, usize> = FxHashMap::default();
        if !changes.is_empty() {
            place_of.extend(self.patterns.iter().copied().zip(0..));
        }
        for &(_, pattern) in changes {
            let next = place_of.len();
            place_of.entry(pattern).or_insert(next);
        }
        if place_of.len() > most.max(self.patterns.len()) {
            return self.written_anew(changes, most);
        }
        for &(pair, pattern) in changes {
            let place = place_of[&pattern];
            if place == self.patterns.len() {
                self.patterns.push(pattern);
            }
            self.places[pair] = place as u16;
        }
        self.patterns.shrink_to_fit();
        vec![self]
    }

    fn written_anew(&self, changes: &[(usize, Pattern)], most: usize) -> Vec<Page> {
        let mut all: Vec<Pattern> = self.places.iter().map(|&place| self.patterns[usize::from(place)]).collect();
        changes.iter().for_each(|&(pair, pattern)| all[pair] = pattern);
        let (mut writer, mut from) = (Writer::new(most), 0);
        for (left, rights, _) in self.each() {
            let to = from + rights.len();
            writer.add(left, rights, &all[from..to]);
            from = to;
        }
        writer.finish()
    }

    fn shrink(&mut self) {
        self.lefts.shrink_to_fit();
        self.rights.shrink_to_fit();
        self.places.shrink_to_fit();
        self.patterns.shrink_to_fit();
    }
}

/// Pages while they are written.
struct Writer {
    /// Distinct patterns that a page may hold.
    most: usize,
    done: Vec<Page>,
    page: Page,
    place_of: FxHashMap<Pattern, u16>,
}

impl Writer {
    fn new(most: usize) -> Writer {
        Writer { most, done: Vec::new(), page: Page::default(), place_of: FxHashMap::default() }
    }

    /// Adds one identity's pairs.
    fn add(&mut self, left: u32, rights: &[u32], patterns: &[Pattern]) {
        if self.page.patterns.len() + patterns.len() > self.most && !self.page.places.is_empty() {
            self.turn();
        }
        let Page { lefts, rights: all, places, patterns: known } = &mut self.page;
        for &pattern in patterns {
            let place = *self.place_of.entry(pattern).or_insert_with(|| {
                known.push(pattern);
                (known.len() - 1) as u16
            });
            places.push(place);
        }
        all.extend_from_slice(rights);
        lefts.push((left, all.len() as u32));
    }

    fn turn(&mut self) {
        self.place_of.clear();
        let mut page = std::mem::take(&mut self.page);
        page.shrink();
        self.done.push(page);
    }

    fn finish(mut self) -> Vec<Page> {
        self.turn();
        self.done
    }
}

fn walk_pages<L: Copy, T: Default>(
    pages: &[Page],
    look: impl Fn(Pattern) -> L,
    each: impl Fn(&mut T, (u32, u32), Pattern, L),
) -> T {
    let (mut gathered, mut looked) = (T::default(), Vec::new());
    for page in pages {
        looked.clear();
        looked.extend(page.patterns.iter().map(|&pattern| look(pattern)));
        for (left, rights, places) in page.each() {
            for (&right, &place) in rights.iter().zip(places) {
                let place = usize::from(place);
                each(&mut gathered, (left, right), page.patterns[place], looked[place]);
            }
        }
    }
    gathered
}

impl PairPatterns {
    /// Compares every candidate pair; `progress` is told how many were.
    pub fn all(comparisons: &Comparisons, blocks: &Blocks, progress: impl Fn(u64) + Sync) -> PairPatterns {
        let compare = |run: Pairs| {
            let (mut writer, mut batch, mut pairs) = (Writer::new(PAGE_PATTERNS), Batch::default(), 0);
            blocks.each_left(
                run,
                |_| true,
                |left, rights| {
                    pairs += rights.len() as u64;
                    writer.add(left, rights, comparisons.patterns(left, rights, &mut batch));
                },
            );
            progress(pairs);
            writer.finish()
        };
        PairPatterns { runs: blocks.runs().into_par_iter().with_max_len(1).map(compare).collect() }
    }

    /// How many pairs there are.
    pub fn pairs(&self) -> u64 {
        self.runs.iter().flatten().map(|page| page.places.len() as u64).sum()
    }

    /// Hands out every pair, run by run on many threads: `look` is asked once a page and pattern, `each` gets its answer for every pair of an
    /// identity with greater ones. Gives what was gathered of each run, in order.
    pub fn walk<L: Copy, T: Default + Send>(
        &self,
        look: impl Fn(Pattern) -> L + Sync,
        each: impl Fn(&mut T, (u32, u32), Pattern, L) + Sync,
    ) -> Vec<T> {
        self.runs.par_iter().with_max_len(1).map(|pages| walk_pages(pages, &look, &each)).collect()
    }

    /// The same; each run goes once it was handed out, and what was gathered of it is given to `gathered` in order.
    pub fn walk_away<L: Copy, T: Default + Send>(
        self,
        look: impl Fn(Pattern) -> L + Sync,
        each: impl Fn(&mut T, (u32, u32), Pattern, L) + Sync,
        mut gathered: impl FnMut(T),
    ) {
        let mut runs = self.runs.into_iter();
        loop {
            let some: Vec<Vec<Page>> = runs.by_ref().take(RUNS_AT_ONCE).collect();
            if some.is_empty() {
                return;
            }
            let parts: Vec<T> =
                some.into_par_iter().with_max_len(1).map(|pages| walk_pages(&pages, &look, &each)).collect();
            parts.into_iter().for_each(&mut gathered);
        }
    }

    /// Replaces the patterns of the pairs that a change concerns: `of_left` looks at a smaller identity, once, and `concerns` asks what it saw of
    /// each greater one; `again` gives a pattern from the pair and what it was.
    pub fn compare_again<L: Copy>(
        &mut self,
        of_left: impl Fn(u32) -> Option<L> + Sync,
        concerns: impl Fn(L, u32) -> bool + Sync,
        again: impl Fn(u32, u32, Pattern) -> Pattern + Sync,
    ) {
        self.compare_again_within(PAGE_PATTERNS, (of_left, concerns), again);
    }

    /// The same where a page may hold so many distinct patterns. Pages are changed where they stand: written anew, they would take their room
    /// twice until the allocator has given the old one back.
    fn compare_again_within<L: Copy>(
        &mut self,
        most: usize,
        (of_left, concerns): (impl Fn(u32) -> Option<L> + Sync, impl Fn(L, u32) -> bool + Sync),
        again: impl Fn(u32, u32, Pattern) -> Pattern + Sync,
    ) {
        self.runs.par_iter_mut().with_max_len(1).for_each(|pages| {
            let anew = |page: Page| {
                let changes = page.changes((&of_left, &concerns), &again);
                page.patched(&changes, most)
            };
            *pages = std::mem::take(pages).into_iter().flat_map(anew).collect();
        });
    }

    /// All patterns that pairs have, ascending.
    pub fn patterns(&self) -> Vec<Pattern> {
        let mut all: Vec<Pattern> = self.runs.iter().flatten().flat_map(|page| page.patterns.iter().copied()).collect();
        all.par_sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again_however_often_the_page_is_turned(
            lists in prop::collection::vec(prop::collection::vec((0u32..99, 0u64..40), 1..9), 0..60),
            most in 1usize..20,
            marked in prop::collection::vec(any::<bool>(), 99),
        ) {
            let split = |list: &Vec<(u32, u64)>| -> (Vec<u32>, Vec<u64>) { list.iter().copied().unzip() };
            let mut writer = Writer::new(most);
            for (left, list) in lists.iter().enumerate() {
                let (rights, patterns) = split(list);
                writer.add(left as u32, &rights, &patterns);
            }
            let mut kept = PairPatterns { runs: vec![writer.finish()] };
            prop_assert!(
                kept.runs[0].iter().all(|page| page.patterns.len() <= most.max(9)),
                "a page holds no more than it may, or one identity's pairs"
            );
            let read = |kept: &PairPatterns| -> Vec<(u32, u32, u64)> {
                let gather = |all: &mut Vec<(u32, u32, u64)>, (left, right), pattern, looked: u64| {
                    assert_eq!(looked, pattern + 1);
                    all.push((left, right, pattern));
                };
                kept.walk(|pattern| pattern + 1, gather).concat()
            };
            let written = || (0u32..).zip(&lists).flat_map(|(left, list)| list.iter().map(move |&(right, p)| (left, right, p)));
            prop_assert_eq!(read(&kept), written().collect::<Vec<_>>());
            prop_assert_eq!(kept.pairs(), lists.iter().map(|list| list.len() as u64).sum::<u64>());
            let is_marked = |at: u32| marked[at as usize];
            let changed = (|left| is_marked(left).then_some(()), |(), right| is_marked(right));
            kept.compare_again_within(most, changed, |left, right, pattern| pattern + u64::from(left + right) + 100);
            let anew = written().map(|(left, right, p)| {
                let again = marked[left as usize] && marked[right as usize];
                (left, right, if again { p + u64::from(left + right) + 100 } else { p })
            });
            prop_assert_eq!(read(&kept), anew.clone().collect::<Vec<_>>());
            let mut away = Vec::new();
            let gather = |all: &mut Vec<(u32, u32, u64)>, (left, right), pattern, _: ()| all.push((left, right, pattern));
            kept.walk_away(|_| (), gather, |part| away.extend(part));
            prop_assert_eq!(away, anew.collect::<Vec<_>>());
        }
    }
}
