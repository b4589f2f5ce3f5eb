//! What a night takes from the night before and leaves for the next (`recall`), while it links.

use crate::blocking::Blocks;
use crate::comparison::Comparisons;
use crate::recall::{Joins, Leaving, Look, Looks, Recalled, distinct};
use crate::records::Identities;

/// Both, from scoring to the end of clustering.
pub(super) struct Recalling<'a> {
    pub joins: Joins<'a>,
    /// Sums of looks of tonight's blocks, ascending and each once.
    pub blocks: Vec<Look>,
    /// Tonight's identities that were known.
    pub identities: u64,
}

impl Recalling<'_> {
    /// What was recalled, `pairs` among it, and what is left.
    pub fn finish(self, pairs: u64) -> (Recalled, Leaving) {
        let (components, components_agglomerated) = self.joins.counts();
        let recalled = Recalled { identities: self.identities, pairs, components, components_agglomerated };
        let (joined, looks) = self.joins.into_left();
        (recalled, Leaving { bins: looks.into_bins(), blocks: self.blocks, joined })
    }
}

/// The sums of looks of all blocks, ascending and each once. Aliases, which a night learns later, do not change looks.
pub(super) fn sums(comparisons: &Comparisons, identities: &Identities, blocks: &Blocks) -> Vec<Look> {
    let looks = Looks::of_all(comparisons, identities);
    distinct(blocks.sums(&looks.all()))
}
