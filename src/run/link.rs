//! Linking, as one step: identities → blocks → model → people.

use super::progress::Progress;
use crate::blocking::{self, RuleCount};
use crate::clustering::{
    self, Clustering, Evidence, Guards, NeverLink, cluster, cut_weight, score_around, score_pairs,
};
use crate::comparison::Comparisons;
use crate::job::Job;
use crate::model::{self, Model};
use crate::records::{Identities, Records};

/// Everything that linking leaves behind.
pub struct Linked {
    pub identities: Identities,
    pub comparisons: Comparisons,
    pub clustering: Clustering,
    /// `None` where there was nothing to compare.
    pub model: Option<Model>,
    pub expected_matches: f64,
    pub training_pairs: u64,
    pub patterns: usize,
    pub rules: Vec<RuleCount>,
    pub block_cap: usize,
}

/// Links all records, with `frozen` or with a model learnt from these very records. `identities` are those of the records where they are
/// known already.
pub fn link(
    job: &Job,
    records: &Records,
    never_link: &NeverLink,
    frozen: Option<&Model>,
    identities: Option<Identities>,
    progress: &Progress,
) -> Linked {
    link_or_around(job, records, never_link, frozen, None, identities, progress)
}

/// The same, but nothing is learnt from the records that are `named`, and only they and whoever is of one person with them are joined.
pub fn link_around(
    job: &Job,
    records: &Records,
    never_link: &NeverLink,
    named: &[bool],
    progress: &Progress,
) -> Linked {
    link_or_around(job, records, never_link, None, Some(named), None, progress)
}

fn link_or_around(
    job: &Job,
    records: &Records,
    never_link: &NeverLink,
    frozen: Option<&Model>,
    named: Option<&[bool]>,
    identities: Option<Identities>,
    progress: &Progress,
) -> Linked {
    let names: Vec<String> = job.custom_fields.iter().map(|field| field.name.clone()).collect();
    let stage = progress.stage("Comparing", None);
    let counts = |row: usize| named.is_none_or(|named| !named[row]);
    let identities =
        identities.unwrap_or_else(|| Identities::apart(records, &names, &never_link.keys(), |_| true, counts));
    let comparisons = Comparisons::choose(job, records, &identities);
    stage.done(format!("{} distinct identities", identities.len()));
    let stage = progress.stage("Blocking", None);
    let blocks = blocking::block(&comparisons, records, &identities);
    stage.done(format!("{} blocks of at most {}", blocks.len(), blocks.cap));
    let stage = progress.stage("Learning", None);
    let learnt = match frozen {
        Some(_) => None,
        None => model::learn(&comparisons, &blocks, &identities),
    };
    let model = frozen.cloned().or_else(|| learnt.as_ref().map(|learnt| learnt.model.clone()));
    stage.done(match &learnt {
        Some(learnt) => format!("{} pairs in {} patterns", learnt.training_pairs, learnt.patterns),
        None => "frozen model".into(),
    });
    let stage = progress.stage("Linking", None);
    let clustering = match &model {
        Some(model) => {
            let scorer = model.scorer(&comparisons);
            let guards = Guards::new(&comparisons, records, &identities, never_link, &job.providers);
            let cut = cut_weight(&job.cluster);
            let (edges, compared) = match named {
                Some(named) => score_around(records, &identities, &comparisons, &scorer, &blocks, cut, named),
                None => score_pairs(&comparisons, &scorer, &blocks, |pairs| stage.advance(pairs)),
            };
            let evidence = Evidence {
                records,
                identities: &identities,
                comparisons: &comparisons,
                scorer: &scorer,
                guards: &guards,
                settings: &job.cluster,
            };
            cluster(&evidence, edges, compared)
        }
        None => clustering::everyone_alone(records, &identities),
    };
    stage.done(format!("{} people", clustering.partition.people));
    let (expected_matches, training_pairs, patterns) =
        learnt.map_or((0.0, 0, 0), |learnt| (learnt.expected_matches, learnt.training_pairs, learnt.patterns));
    let (rules, block_cap) = (blocks.counts, blocks.cap);
    Linked { identities, comparisons, clustering, model, expected_matches, training_pairs, patterns, rules, block_cap }
}
