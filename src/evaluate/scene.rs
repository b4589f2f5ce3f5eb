//! The job's records, linked again in memory with the model of the current run: what the pairs, blocks and people of that run were.
//!
//! All that evaluation needs of `model` and `clustering` is fetched here, so that they can change without the measures noticing.

use crate::blocking::{self, Blocks, Features};
use crate::clustering::{self, Clustering, Edge, Evidence, Partition, Settled};
use crate::comparison::Comparisons;
use crate::explain::codes::CHANGED_SINCE;
use crate::explain::{Judging, Replayed};
use crate::failure::{Failure, Result};
use crate::job::{ClusterSettings, Job};
use crate::model::{Decision, Linkage, Model, Recipe, Scorer, weight_of};
use crate::publish::published::PublishedRun;
use crate::records::{Identities, Records};
use crate::run::link;
use crate::run::progress::Progress;
use crate::run::{Beside, Ceiling, Show, TOO_LITTLE_MEMORY};
use rayon::prelude::*;

/// Everything in memory at once: about 600 bytes a record.
pub(super) struct Scene<'a> {
    pub job: &'a Job,
    pub records: Records,
    pub identities: Identities,
    pub comparisons: Comparisons,
    pub clustering: Clustering,
    pub blocks: Blocks,
    pub model: Model,
    pub settled: Settled,
}

impl<'a> Scene<'a> {
    /// Reads the extracts again and links them with the model of `run`; `beside` is what is done with them.
    ///
    /// # Errors
    /// OF0544 where other fields are compared than in the run, OF0545 where the run has no model, OF0440 where the job allows too little memory; and
    /// everything that reading may meet.
    pub fn set(job: &'a Job, run: &PublishedRun, beside: Beside, progress: &Progress) -> Result<Scene<'a>> {
        let ceiling = Ceiling::beside(job, beside);
        let Replayed { model, records, identities, settled } = Replayed::of(job, run, Some(&ceiling), progress)?;
        let (rows, taught) = ((&records, Some(&ceiling)), link::Taught::Before(&model));
        let linked = link::link(job, rows, &settled, taught, Some(identities.into()), None, progress);
        let linked = linked.map_err(|failure| match failure.code.id == TOO_LITTLE_MEMORY.id {
            true => failure,
            false => Failure::new(&CHANGED_SINCE, failure.what),
        })?;
        let model = model.fitted(&linked.comparisons).map_err(|why| Failure::new(&CHANGED_SINCE, why))?;
        let limits = linked.limits;
        let blocks =
            blocking::block_within(Features::gather(&linked.comparisons, &records), &linked.identities, limits);
        let link::Linked { identities, comparisons, clustering, .. } = linked;
        Ok(Scene { job, records, identities, comparisons, clustering, blocks, model, settled })
    }

    /// Calls `what` with everything that judges pairs.
    pub fn with<T>(&self, settings: &ClusterSettings, what: impl FnOnce(&Evidence) -> T) -> T {
        let Scene { job, records, identities, comparisons, model, settled, .. } = self;
        Judging { job, records, identities, comparisons, model, settled }.with(settings, what)
    }

    /// The people.
    pub fn partition(&self) -> &Partition {
        &self.clustering.partition
    }

    /// The share of a person's record pairs that is right by what joined them.
    pub fn share_right(&self, person: u32) -> f64 {
        self.clustering.right[person as usize]
    }

    /// Every kept pair of identities.
    pub fn links(&self) -> &[Edge] {
        &self.clustering.links
    }

    /// The cut that the run used, as a probability.
    pub fn cut(&self) -> f64 {
        let decided = self.model.decision.as_ref().map(|decision| decision.cut);
        clustering::as_probability(decided.unwrap_or_else(|| clustering::pair_cut(&self.job.cluster)))
    }

    /// The people where clusters had been merged down to another cut. The pairs are those that were scored already.
    pub fn partition_at(&self, cut: f64) -> Partition {
        let compared = self.clustering.counts.pairs_compared;
        self.with(&self.job.cluster, |evidence| {
            // Kept pairs carry the weight of their context; clustering adds that by itself.
            let bare =
                |edge: &Edge| Edge::of(edge.left, edge.right, evidence.scorer.weight(edge.pattern), edge.pattern);
            let edges: Vec<Edge> = self.links().par_iter().map(bare).collect();
            let decided = match &self.model.decision {
                Some(decision) => decision.clone(),
                None => clustering::decide(evidence, &clustering::sample(self.identities.len(), edges.as_slice())),
            };
            let decision = Decision { cut: weight_of(cut), ..decided };
            clustering::cluster(evidence, edges, &decision, Linkage::Pooled, compared).0.partition
        })
    }

    /// The weight of two identities where their pair was kept, or agrees with itself; left ≤ right.
    pub fn kept_weight(&self, scorer: &Scorer, left: u32, right: u32) -> Option<i64> {
        if left == right {
            return Some(scorer.weight(self.comparisons.pattern(left, right)));
        }
        let at = self.links().binary_search_by_key(&(left, right), |edge| (edge.left, edge.right)).ok()?;
        Some(i64::from(self.links()[at].weight))
    }

    /// Who is who by a recipe that may leave something out, learnt from these very records.
    pub fn linked_by(&self, recipe: &Recipe) -> Partition {
        let silent = Progress::new(Show::Nothing);
        let taught = link::Taught::By(recipe);
        let linked = link::link(self.job, &self.records, &self.settled, taught, None, None, &silent);
        linked.expect("a model that is learnt now fits").clustering.partition
    }

    /// Whether a block holds both identities.
    pub fn in_one_block(&self, left: u32, right: u32) -> bool {
        self.blocks.share_one(left, right)
    }
}
