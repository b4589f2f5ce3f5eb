//! The elements of the recipe that can be left out, to measure what each is worth.

/// Which elements take part. A run uses all of them; only `evaluate --ablation` leaves one out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Blocking rules of features that say little alone, in populations that are small enough.
    pub weak_rules: bool,
    /// Kinds of strangers; without them there is one.
    pub kinds_of_strangers: bool,
    /// The choice among the candidate forms; without it the constrained form stands.
    pub choice_of_form: bool,
    /// The model learnt again from what its clusters believe.
    pub learnt_again: bool,
    /// What the other records of two clusters say about a pair.
    pub context: bool,
    pub linkage: Linkage,
}

/// How people are made of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    Pooled,
    Average,
    /// Whoever is joined by a chain of pairs at or above the cut.
    ConnectedComponents,
}

impl Recipe {
    /// Everything.
    pub const WHOLE: Recipe = Recipe {
        weak_rules: true,
        kinds_of_strangers: true,
        choice_of_form: true,
        learnt_again: true,
        context: true,
        linkage: Linkage::Pooled,
    };

    /// The whole recipe less one element each, in words.
    pub fn ablations() -> Vec<(&'static str, Recipe)> {
        let whole = Recipe::WHOLE;
        vec![
            ("learnt afresh from these records", whole),
            ("without weak blocking rules", Recipe { weak_rules: false, ..whole }),
            ("without kinds of strangers", Recipe { kinds_of_strangers: false, ..whole }),
            ("without a choice of form", Recipe { choice_of_form: false, ..whole }),
            ("without learning again", Recipe { learnt_again: false, ..whole }),
            ("without context", Recipe { context: false, ..whole }),
            ("average link instead of pooled", Recipe { linkage: Linkage::Average, ..whole }),
            ("connected components", Recipe { linkage: Linkage::ConnectedComponents, ..whole }),
        ]
    }
}
