//! What a night takes from the night before and leaves for the next (`recall`), while it links.

use crate::blocking::Blocks;
use crate::comparison::Comparisons;
use crate::disk;
use crate::recall::{Comparing, Joins, KnownJoins, KnownPairs, Leaving, Left, Looks, Recalled, distinct};
use crate::records::Identities;
use std::io;

/// Tonight's file of pairs; `None` where nothing is left for the next night.
pub(super) type Begun = Option<io::Result<Comparing<disk::File>>>;

/// Both, from scoring to the end of clustering.
pub(super) struct Recalling<'a> {
    pub looks: Looks<'a>,
    pub left: Left,
    pub begun: Begun,
    /// Tonight's identities that were known.
    pub identities: u64,
}

impl<'a> Recalling<'a> {
    /// What the night before joined, for people to be made; and the rest.
    pub fn joins(self) -> (Joins<'a>, Waiting) {
        let Recalling { looks, left, begun, identities } = self;
        let before = left.joined.read().unwrap_or_else(|error| {
            unreadable(&error);
            KnownJoins::default()
        });
        (Joins::new(looks, before), Waiting { begun, identities })
    }
}

/// What waits until people are made.
pub(super) struct Waiting {
    begun: Begun,
    identities: u64,
}

impl Waiting {
    /// What was recalled, `pairs` among it, and what is left.
    pub fn finish(self, joins: Joins, pairs: u64) -> (Recalled, Option<Leaving>) {
        let (components, components_agglomerated) = joins.counts();
        let recalled = Recalled { identities: self.identities, pairs, components, components_agglomerated };
        let (joining, looks) = joins.into_left();
        (recalled, self.begun.map(|comparing| Leaving { bins: looks.into_bins(), comparing, joining }))
    }
}

/// Begins tonight's file with the sums of looks of its blocks. Aliases, which a night learns later, do not change looks.
pub(super) fn begin(left: &Left, comparisons: &Comparisons, identities: &Identities, blocks: &Blocks) -> Begun {
    left.tonight.as_ref()?;
    let looks = Looks::of_all(comparisons, identities);
    left.begin(&distinct(blocks.sums(&looks.all())))
}

/// The same, and by block whether the night before compared all its pairs, with what these were; `None` where it left nothing.
pub(super) fn begin_with_known(
    left: &Left,
    looks: &Looks,
    blocks: &Blocks,
) -> (Begun, Option<(Vec<bool>, KnownPairs)>) {
    if left.compared.is_none() && left.tonight.is_none() {
        return (None, None);
    }
    let sums = blocks.sums(&looks.all());
    if left.compared.is_none() {
        return (left.begin(&distinct(sums)), None);
    }
    let tonight = distinct(sums.clone());
    let known = left.compared.tonight(looks, &tonight).unwrap_or_else(|error| {
        unreadable(&error);
        None
    });
    let known = known.map(|known| (known.of_blocks(&sums, &tonight), known));
    (left.begin(&tonight), known)
}

/// Tells that a file which was whole when the night began is not any more; what it held is worked out again.
pub(super) fn unreadable(error: &io::Error) {
    tracing::warn!("what the night before left cannot be read any more: {}", error.kind());
}
