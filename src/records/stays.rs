//! Rows that stay when others leave.

use crate::intake::TextColumn;
use std::ops::Range;

/// The rows that stay, as runs of neighbours: few rows ever go, so that columns move in long pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stays(Vec<Range<usize>>);

impl Stays {
    /// Those marked in `keep`.
    pub fn of(keep: &[bool]) -> Stays {
        let mut from = 0;
        let runs = keep.chunk_by(|a, b| a == b).map(|run| {
            from += run.len();
            (from - run.len()..from, run[0])
        });
        Stays(runs.filter(|(_, stays)| *stays).map(|(run, _)| run).collect())
    }

    /// Keeps their entries.
    pub fn keep<T: Copy>(&self, entries: &mut Vec<T>) {
        let mut to = 0;
        for run in &self.0 {
            if run.start > to {
                entries.copy_within(run.clone(), to);
            }
            to += run.len();
        }
        entries.truncate(to);
    }

    /// Their texts. Their room is known beforehand: a column that grew to it would be copied as often as it doubles, and keep up to twice as much.
    pub fn texts(&self, all: &TextColumn) -> TextColumn {
        let rows = self.0.iter().map(|run| run.len()).sum();
        let bytes = self.0.iter().map(|run| all.bytes_of(run)).sum();
        let mut texts = TextColumn::with_capacity(rows, bytes);
        self.0.iter().for_each(|run| texts.append_rows(all, run.clone()));
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_stays_stands_in_its_order(rows in prop::collection::vec(("[aé]{0,3}", any::<bool>()), 0..40)) {
            let (mut all, mut entries) = (TextColumn::default(), Vec::new());
            for (at, (text, _)) in rows.iter().enumerate() {
                all.push(text);
                entries.push(at);
            }
            let stays = Stays::of(&rows.iter().map(|(_, stays)| *stays).collect::<Vec<_>>());
            let expected: Vec<(usize, &str)> =
                rows.iter().enumerate().filter(|(_, (_, stays))| *stays).map(|(at, (text, _))| (at, text.as_str())).collect();
            stays.keep(&mut entries);
            let texts = stays.texts(&all);
            let bytes: usize = expected.iter().map(|(_, text)| text.len()).sum();
            prop_assert_eq!(texts.heap_bytes(), bytes + 4 * expected.len(), "no room is left over");
            prop_assert_eq!(entries.into_iter().zip(texts.iter()).collect::<Vec<_>>(), expected);
        }
    }
}
