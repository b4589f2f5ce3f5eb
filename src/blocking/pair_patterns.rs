//! Candidate pairs that are compared once, however often their patterns are weighed.
//!
//! A night that learns weighs the same pairs with one model after another. Who meets whom is cheap to say again (about 5 ns a yield), how
//! they compare is not (about 400 ns), so only patterns are kept, in the order in which [`Blocks`] hands pairs out: two bytes a pair, and 8
//! for each distinct pattern of a page. Back of an envelope, 5.3 M pairs in 180 runs of some 3,000 patterns each: 15 MB.

use super::{Blocks, Pairs};
use crate::comparison::{Batch, Comparisons, Pattern};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Distinct patterns that a page can hold: places in its table are two bytes.
const PAGE_PATTERNS: usize = 1 << 16;

/// The patterns of all candidate pairs.
#[derive(Debug)]
pub struct PairPatterns {
    /// The pages of each of [`Blocks::runs`].
    runs: Vec<(Pairs, Vec<Page>)>,
}

/// The patterns of some identities' pairs; an identity's pairs never stand on two pages.
#[derive(Debug, Default)]
struct Page {
    /// Distinct patterns, in the order of their first pairs.
    patterns: Vec<Pattern>,
    /// The place in `patterns` of each pair.
    places: Vec<u16>,
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

    /// Adds the patterns of one identity's pairs.
    fn add(&mut self, patterns: &[Pattern]) {
        if self.page.patterns.len() + patterns.len() > self.most && !self.page.places.is_empty() {
            self.turn();
        }
        let Page { patterns: known, places } = &mut self.page;
        for &pattern in patterns {
            let place = *self.place_of.entry(pattern).or_insert_with(|| {
                known.push(pattern);
                (known.len() - 1) as u16
            });
            places.push(place);
        }
    }

    fn turn(&mut self) {
        self.place_of.clear();
        let mut page = std::mem::take(&mut self.page);
        page.patterns.shrink_to_fit();
        page.places.shrink_to_fit();
        self.done.push(page);
    }

    fn finish(mut self) -> Vec<Page> {
        self.turn();
        self.done
    }
}

/// Reads the pages of a run in the order in which its pairs are handed out.
struct Reader<'a> {
    pages: std::slice::Iter<'a, Page>,
    page: &'a Page,
    at: usize,
}

impl<'a> Reader<'a> {
    fn of(pages: &'a [Page]) -> Reader<'a> {
        let mut pages = pages.iter();
        let page = pages.next().expect("a run has a page");
        Reader { pages, page, at: 0 }
    }

    /// The places of an identity's next pairs, and whether they are the first on their page.
    fn next(&mut self, pairs: usize) -> (bool, &'a Page, &'a [u16]) {
        while self.at == self.page.places.len() {
            self.page = self.pages.next().expect("every pair was compared");
            self.at = 0;
        }
        let from = self.at;
        self.at += pairs;
        (from == 0, self.page, &self.page.places[from..self.at])
    }
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
                    writer.add(comparisons.patterns(left, rights, &mut batch));
                },
            );
            progress(pairs);
            (run, writer.finish())
        };
        PairPatterns { runs: blocks.runs().into_par_iter().map(compare).collect() }
    }

    /// How many pairs there are.
    pub fn pairs(&self) -> u64 {
        self.runs.iter().flat_map(|(_, pages)| pages).map(|page| page.places.len() as u64).sum()
    }

    /// Hands out every pair, run by run on many threads: `blocks` are those that were compared, `look` is asked once a page and pattern,
    /// `each` gets its answer for every pair of an identity with greater ones. Gives what was gathered of each run, in order.
    pub fn walk<L: Copy, T: Default + Send>(
        &self,
        blocks: &Blocks,
        look: impl Fn(Pattern) -> L + Sync,
        each: impl Fn(&mut T, (u32, u32), Pattern, L) + Sync,
    ) -> Vec<T> {
        let walk = |(run, pages): &(Pairs, Vec<Page>)| {
            let (mut gathered, mut reader, mut looked) = (T::default(), Reader::of(pages), Vec::new());
            blocks.each_left(
                *run,
                |_| true,
                |left, rights| {
                    let (is_new, page, places) = reader.next(rights.len());
                    if is_new {
                        looked.clear();
                        looked.extend(page.patterns.iter().map(|&pattern| look(pattern)));
                    }
                    for (&right, &place) in rights.iter().zip(places) {
                        each(
                            &mut gathered,
                            (left, right),
                            page.patterns[usize::from(place)],
                            looked[usize::from(place)],
                        );
                    }
                },
            );
            gathered
        };
        self.runs.par_iter().map(walk).collect()
    }

    /// Compares again the pairs of which both identities are marked in `changed`, after the comparisons have learnt.
    pub fn compare_again(&mut self, comparisons: &Comparisons, blocks: &Blocks, changed: &[bool]) {
        self.runs.par_iter_mut().for_each(|(run, pages)| {
            let (mut writer, mut reader, mut patterns) = (Writer::new(PAGE_PATTERNS), Reader::of(pages), Vec::new());
            let mut any = false;
            blocks.each_left(
                *run,
                |_| true,
                |left, rights| {
                    let (_, page, places) = reader.next(rights.len());
                    patterns.clear();
                    for (&right, &place) in rights.iter().zip(places) {
                        let again = changed[left as usize] && changed[right as usize];
                        any |= again;
                        let known = page.patterns[usize::from(place)];
                        patterns.push(if again { comparisons.pattern_afresh(left, right) } else { known });
                    }
                    writer.add(&patterns);
                },
            );
            if any {
                *pages = writer.finish();
            }
        });
    }

    /// All patterns that pairs have, ascending.
    pub fn patterns(&self) -> Vec<Pattern> {
        let pages = self.runs.iter().flat_map(|(_, pages)| pages);
        let mut all: Vec<Pattern> = pages.flat_map(|page| page.patterns.iter().copied()).collect();
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
            lists in prop::collection::vec(prop::collection::vec(0u64..40, 1..9), 0..60),
            most in 1usize..20,
        ) {
            let mut writer = Writer::new(most);
            lists.iter().for_each(|list| writer.add(list));
            let pages = writer.finish();
            let mut reader = Reader::of(&pages);
            let mut firsts = 0;
            for list in &lists {
                let (is_first, page, places) = reader.next(list.len());
                firsts += usize::from(is_first);
                let read: Vec<Pattern> = places.iter().map(|&place| page.patterns[usize::from(place)]).collect();
                prop_assert_eq!(&read, list);
                prop_assert!(page.patterns.len() <= most.max(9), "a page holds no more than it may, or one identity's pairs");
            }
            prop_assert_eq!(firsts, pages.iter().filter(|page| !page.places.is_empty()).count());
        }
    }
}
