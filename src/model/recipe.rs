//! The elements of the recipe that can be left out, to measure what each is worth.

use crate::blocking::BlockSize;

/// Which elements take part. A run uses all of them; only `evaluate --ablation` leaves one out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Blocking rules of features that say little alone, in populations that are small enough.
    pub weak_rules: bool,
    /// The size at which blocks are split, and with it the budget of pairs.
    pub block_size: BlockSize,
    /// Anything learnt; without it a pair counts by the information of what agrees alone, cut by the false-discovery rate.
    pub learnt: bool,
    /// Kinds of strangers; without them there is one.
    pub kinds_of_strangers: bool,
    /// The choice among the candidate forms; without it the constrained form stands.
    pub choice_of_form: bool,
    /// Forms judged by all forms together; without it each promises for itself.
    pub jury: bool,
    /// The model learnt again from what its clusters believe.
    pub learnt_again: bool,
    /// Names that clusters show to be used for each other.
    pub aliases: bool,
    /// What the other records of two clusters say about a pair.
    pub context: bool,
    pub linkage: Linkage,
}

/// How people are made of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    Pooled,
    /// The same, but a record that two people claim is given to the better claim.
    PooledWithoutRivals,
    Average,
    /// Whoever is joined by a chain of pairs at or above the cut.
    ConnectedComponents,
}

impl Recipe {
    /// Everything.
    pub const WHOLE: Recipe = Recipe {
        weak_rules: true,
        block_size: BlockSize::Usual,
        learnt: true,
        kinds_of_strangers: true,
        choice_of_form: true,
        jury: true,
        learnt_again: true,
        aliases: true,
        context: true,
        linkage: Linkage::Pooled,
    };

    /// What stands before all learning: connected components of pairs that agree on more than chance explains.
    const INFORMATION: Recipe = Recipe {
        learnt: false,
        learnt_again: false,
        aliases: false,
        context: false,
        linkage: Linkage::ConnectedComponents,
        ..Recipe::WHOLE
    };

    /// The whole recipe less one element each, in words.
    pub fn ablations() -> Vec<(&'static str, Recipe)> {
        let whole = Recipe::WHOLE;
        vec![
            ("learnt afresh from these records", whole),
            ("without weak blocking rules", Recipe { weak_rules: false, ..whole }),
            ("blocks of half the size", Recipe { block_size: BlockSize::Half, ..whole }),
            ("blocks of twice the size", Recipe { block_size: BlockSize::Double, ..whole }),
            ("without kinds of strangers", Recipe { kinds_of_strangers: false, ..whole }),
            ("without a choice of form", Recipe { choice_of_form: false, ..whole }),
            ("each form judged by itself", Recipe { jury: false, ..whole }),
            ("without learning again", Recipe { learnt_again: false, ..whole }),
            ("without aliases", Recipe { aliases: false, ..whole }),
            ("without context", Recipe { context: false, ..whole }),
            ("without rivals", Recipe { linkage: Linkage::PooledWithoutRivals, ..whole }),
            ("average link instead of pooled", Recipe { linkage: Linkage::Average, ..whole }),
            ("connected components", Recipe { linkage: Linkage::ConnectedComponents, ..whole }),
            ("connected components on information alone", Recipe::INFORMATION),
        ]
    }
}
