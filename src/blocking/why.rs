//! Why two identities meet or do not, rule by rule. For `explain`.
//!
//! The blocks are made again, and each rule is asked again about the values that the two share: by the same code, on the identities that
//! have such a value, so that the answer is the run's own.

use super::features::{Feature, Features};
use super::{Blocks, Limits, block, block_within, rules};
use crate::comparison::Comparisons;
use crate::records::{Identities, Records};

/// A feature as `explain` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The word used in `plan` and run.json.
    pub word: String,
    /// The comparison that it is taken from, by place in the list.
    pub comparison: Option<usize>,
}

/// What one rule did with two identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// At least one of them has no such value.
    NoValue,
    /// Both have values, but none in common.
    NotShared,
    /// One block of the rule holds both.
    Yields,
    /// A block would hold both, but one of them had its keys ([`super::KEYS_MAX`]) already.
    KeysUsedUp,
    /// So many identities share the value that the block was split, and no part holds both.
    Split {
        /// Identities that share the value, and how many a block may hold.
        identities: usize,
        cap: usize,
        /// What the block was split by first, and what of it the two share: a part that they shared was too large again.
        by: Vec<Named>,
        shared: Vec<Named>,
    },
}

/// One rule, asked about two identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleWhy {
    pub rule: Named,
    pub fate: Fate,
}

/// The blocks of a run, ready to be asked.
pub struct Asked<'a> {
    comparisons: &'a Comparisons,
    features: Features<'a>,
    identities: usize,
    blocks: Blocks,
}

impl<'a> Asked<'a> {
    /// Makes all blocks again, within the limits of the run's model where it has any.
    pub fn of(
        comparisons: &'a Comparisons,
        records: &Records,
        identities: &Identities,
        limits: Option<Limits>,
    ) -> Asked<'a> {
        let features = || Features::gather(comparisons, records);
        let blocks = match limits {
            Some(limits) => block_within(features(), identities, limits),
            None => block(features(), identities),
        };
        let features = features();
        Asked { comparisons, features, identities: identities.len(), blocks }
    }

    /// Whether some block holds both.
    pub fn met(&self, left: u32, right: u32) -> bool {
        self.blocks.share_one(left, right)
    }

    /// What each rule of the run did with two identities, in the order of the rules.
    pub fn rules(&self, left: u32, right: u32) -> Vec<RuleWhy> {
        let mut keys = self.features.first_keys();
        // Weak rules are left out in a large population.
        if self.blocks.counts.len() > keys.len() {
            keys.extend(self.features.weak_keys());
        }
        let met = self.met(left, right);
        let why = |feature: Feature| RuleWhy { rule: self.named(feature), fate: self.fate(feature, left, right, met) };
        keys.into_iter().map(why).collect()
    }

    fn fate(&self, first: Feature, left: u32, right: u32, met: bool) -> Fate {
        let view = self.features.view(first);
        if [left, right].into_iter().any(|identity| view.values(identity).is_empty()) {
            return Fate::NoValue;
        }
        let looked = rules::look(&self.features, first, self.blocks.limits, self.identities, left, right);
        if looked.iter().any(|look| look.yields) {
            return if met { Fate::Yields } else { Fate::KeysUsedUp };
        }
        // The smallest of the blocks that they might have shared.
        let Some(look) = looked.into_iter().min_by_key(|look| look.identities) else { return Fate::NotShared };
        let named = |features: Vec<Feature>| features.into_iter().map(|feature| self.named(feature)).collect();
        Fate::Split { identities: look.identities, cap: look.cap, by: named(look.by), shared: named(look.shared) }
    }

    fn named(&self, feature: Feature) -> Named {
        let comparison = feature.comparison(self.comparisons);
        Named { word: feature.word(self.comparisons), comparison }
    }
}
