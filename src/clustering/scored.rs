//! The scored pairs of a night while its people are made: in memory, or wherever whoever runs the night lets them wait.
//!
//! Three walks over all of them are enough where they wait: what they weigh, which context each has, and at the end their own lines. What
//! else is asked of a pair is compared again.

use super::in_place::merge_in;
use super::links::Edge;
use std::io;

/// Pairs of identities that are handed out at once.
pub(super) const EDGES_AT_ONCE: usize = 1 << 20;

/// Pairs that wait elsewhere.
pub trait Waiting {
    /// How many there are.
    fn count(&self) -> usize;

    /// Hands out all of them in the order in which they were put there, some at a time.
    ///
    /// # Errors
    /// Where they cannot be read, or are not what was put there.
    fn each(&self, with: &mut dyn FnMut(&[Edge])) -> io::Result<()>;
}

/// Scored pairs, ascending.
pub enum ScoredPairs {
    Here(Vec<Edge>),
    /// With those that came to them afterwards, ascending and others than they are.
    Away(Box<dyn Waiting>, Vec<Edge>),
}

impl ScoredPairs {
    pub fn len(&self) -> usize {
        match self {
            ScoredPairs::Here(edges) => edges.len(),
            ScoredPairs::Away(waiting, besides) => waiting.count() + besides.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands out all of them, ascending, some at a time and never none.
    pub(super) fn each(&self, mut with: impl FnMut(&[Edge])) -> io::Result<()> {
        let (waiting, mut besides) = match self {
            ScoredPairs::Here(edges) => {
                edges.chunks(EDGES_AT_ONCE).for_each(with);
                return Ok(());
            }
            ScoredPairs::Away(waiting, besides) => (waiting, besides.as_slice()),
        };
        waiting.each(&mut |some| {
            let Some(last) = some.last() else { return };
            let (among, after) = besides.split_at(besides.partition_point(|edge| edge < last));
            besides = after;
            if among.is_empty() {
                return with(some);
            }
            let mut all = [some, among].concat();
            all.sort_unstable();
            with(&all);
        })?;
        if !besides.is_empty() {
            with(besides);
        }
        Ok(())
    }

    /// Adds those of `more` that are not there yet.
    pub(super) fn add(&mut self, mut more: Vec<Edge>) -> io::Result<()> {
        more.sort_unstable();
        more.dedup();
        let place = |edge: &Edge| (edge.left, edge.right);
        if !more.is_empty() {
            self.each(|some| more.retain(|edge| some.binary_search_by_key(&place(edge), place).is_err()))?;
        }
        match self {
            ScoredPairs::Here(edges) => merge_in(edges, more),
            ScoredPairs::Away(_, besides) => *besides = more,
        }
        Ok(())
    }

    /// All of them in memory; what waited goes.
    pub(super) fn into_all(self) -> io::Result<Vec<Edge>> {
        if let ScoredPairs::Here(edges) = self {
            return Ok(edges);
        }
        let mut all = Vec::with_capacity(self.len());
        self.each(|some| all.extend_from_slice(some))?;
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs that wait in parts.
    struct Parts(Vec<Vec<Edge>>);

    impl Waiting for Parts {
        fn count(&self) -> usize {
            self.0.iter().map(Vec::len).sum()
        }

        fn each(&self, with: &mut dyn FnMut(&[Edge])) -> io::Result<()> {
            self.0.iter().for_each(|part| with(part));
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn pairs_that_wait_are_handed_out_as_those_that_are_here(
            pairs in prop::collection::btree_set((0u32..12, 0u32..12), 0..60),
            more in prop::collection::vec((0u32..12, 0u32..12), 0..9),
            size in 1usize..9,
        ) {
            let edge = |&(left, right): &(u32, u32)| Edge::of(left, right, 5, 7);
            let edges: Vec<Edge> = pairs.iter().map(edge).collect();
            let parts = Parts(edges.chunks(size).map(<[Edge]>::to_vec).collect());
            let (mut here, mut away) = (ScoredPairs::Here(edges), ScoredPairs::Away(Box::new(parts), Vec::new()));
            for scored in [&mut here, &mut away] {
                scored.add(more.iter().map(edge).collect()).expect("it is in memory");
            }
            prop_assert_eq!(here.len(), away.len());
            prop_assert_eq!(here.is_empty(), away.is_empty());
            let mut handed_out = Vec::new();
            away.each(|some| {
                assert!(!some.is_empty());
                handed_out.extend_from_slice(some);
            }).expect("it is in memory");
            let here = here.into_all().expect("it is in memory");
            prop_assert_eq!(&handed_out, &here);
            prop_assert_eq!(away.into_all().expect("it is in memory"), handed_out);
            let all: std::collections::BTreeSet<(u32, u32)> = pairs.iter().chain(&more).copied().collect();
            prop_assert_eq!(here, all.iter().map(edge).collect::<Vec<_>>());
        }
    }
}
