//! Linking, as one step: identities → blocks → model → people.

use super::imported::Levels;
use super::progress::Progress;
use crate::blocking::{self, Blocks, RuleCount};
use crate::clustering::{self, Clustering, Edge, Evidence, Guards, NeverLink, score_around, score_pairs};
use crate::comparison::{Comparisons, Pattern};
use crate::job::Job;
use crate::model::{self, Candidate, Decision, FORMS, Form, Learnt, Linkage, Model, Pooling, Recipe, Scorer};
use crate::records::{Identities, Records};
use rayon::prelude::*;

/// Everything that linking leaves behind.
pub struct Linked {
    pub identities: Identities,
    pub comparisons: Comparisons,
    pub clustering: Clustering,
    /// `None` where there was nothing to compare.
    pub model: Option<Model>,
    /// The levels of an imported model, which then stand for those of `comparisons`.
    pub imported: Option<Levels>,
    pub expected_matches: f64,
    pub training_pairs: u64,
    pub patterns: usize,
    pub rules: Vec<RuleCount>,
    pub block_cap: usize,
}

/// A comparison's name, and how its level is read from a pattern.
type Scale<'a> = Vec<(&'a str, Box<dyn Fn(Pattern) -> Option<u8> + 'a>)>;

impl Linked {
    /// The comparisons of the model that was used.
    pub fn scale(&self) -> Scale<'_> {
        match &self.imported {
            Some(levels) => levels.list().map(|(name, level)| (name, Box::new(level) as Box<_>)).collect(),
            None => {
                let listed = self.comparisons.list.iter();
                listed.map(|one| (one.name.as_str(), Box::new(|pattern| one.level_in(pattern)) as Box<_>)).collect()
            }
        }
    }
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
    let how = How { frozen, named: None, recipe: &Recipe::WHOLE };
    link_how(job, records, never_link, how, identities, progress)
}

/// Links all records with a model learnt from them, by a recipe that may leave something out.
pub fn link_by(job: &Job, records: &Records, never_link: &NeverLink, recipe: &Recipe, progress: &Progress) -> Linked {
    link_how(job, records, never_link, How { frozen: None, named: None, recipe }, None, progress)
}

/// The same, but nothing is learnt from the records that are `named`, and only they and whoever is of one person with them are joined.
pub fn link_around(
    job: &Job,
    records: &Records,
    never_link: &NeverLink,
    named: &[bool],
    progress: &Progress,
) -> Linked {
    let how = How { frozen: None, named: Some(named), recipe: &Recipe::WHOLE };
    link_how(job, records, never_link, how, None, progress)
}

/// How records are linked.
struct How<'a> {
    /// A model that was learnt before.
    frozen: Option<&'a Model>,
    /// Only these records and whoever is of one person with them.
    named: Option<&'a [bool]>,
    recipe: &'a Recipe,
}

fn link_how(
    job: &Job,
    records: &Records,
    never_link: &NeverLink,
    how: How,
    identities: Option<Identities>,
    progress: &Progress,
) -> Linked {
    let How { frozen, named, recipe } = how;
    let names: Vec<String> = job.custom_fields.iter().map(|field| field.name.clone()).collect();
    let stage = progress.stage("Comparing", None);
    let counts = |row: usize| named.is_none_or(|named| !named[row]);
    let identities =
        identities.unwrap_or_else(|| Identities::apart(records, &names, &never_link.keys(), |_| true, counts));
    let comparisons = Comparisons::choose(job, records, &identities);
    stage.done(format!("{} distinct identities", identities.len()));
    let stage = progress.stage("Blocking", None);
    let blocks = blocking::block_with(&comparisons, records, &identities, recipe.weak_rules);
    stage.done(format!("{} blocks of at most {}", blocks.len(), blocks.cap));
    let stage = progress.stage("Learning", None);
    let learnt = match frozen {
        Some(_) => None,
        // The pass that nobody sees needs no choice among forms.
        None => {
            let forms: &[Form] = match (named, recipe) {
                (None, Recipe { kinds_of_strangers: false, .. }) => &[Form::Plain],
                (None, Recipe { choice_of_form: true, .. }) => &FORMS,
                _ => &[Form::Constrained],
            };
            model::learn(&comparisons, &blocks, &identities, forms)
        }
    };
    stage.done(match (&learnt, frozen) {
        (_, Some(_)) => "frozen model".into(),
        (Some(learnt), None) => format!("{} pairs in {} patterns", learnt.training_pairs, learnt.patterns),
        (None, None) => "nothing to compare".into(),
    });
    let stage = progress.stage("Linking", None);
    let guards = Guards::new(&comparisons, records, &identities, never_link, &job.providers);
    let scene = Scene { records, identities: &identities, comparisons: &comparisons, guards: &guards, job, recipe };
    let advance = |pairs| stage.advance(pairs);
    let (training_pairs, patterns) = learnt.as_ref().map_or((0, 0), |learnt| (learnt.training_pairs, learnt.patterns));
    let (clustering, chosen) = match (frozen, learnt, named) {
        (None, None, _) => (clustering::everyone_alone(records, &identities), None),
        (None, Some(learnt), Some(named)) => {
            let candidate = learnt.candidates.into_iter().next().expect("a form was asked for");
            let (clustering, candidate) = scene.cluster_around(candidate, &blocks, named);
            (clustering, Some(candidate))
        }
        (Some(model), _, _) => {
            let candidate = Candidate { model: model.clone(), expected_matches: 0.0 };
            let (edges, compared) = score_pairs(&comparisons, &[model.scorer(&comparisons)], &blocks, advance);
            let (clustering, candidate) = scene.cluster(candidate, edges, compared);
            (clustering, Some(candidate))
        }
        (None, Some(learnt), None) => {
            let (candidate, edges, compared) = scene.settle(learnt, &blocks, advance);
            let (clustering, candidate) = scene.cluster(candidate, edges, compared);
            (clustering, Some(candidate))
        }
    };
    stage.done(format!("{} people", clustering.partition.people));
    let (model, expected_matches) = match chosen {
        Some(candidate) => (Some(candidate.model), candidate.expected_matches),
        None => (None, 0.0),
    };
    let (rules, block_cap) = (blocks.counts, blocks.cap);
    Linked {
        identities,
        comparisons,
        clustering,
        model,
        imported: None,
        expected_matches,
        training_pairs,
        patterns,
        rules,
        block_cap,
    }
}

/// What does not depend on a model.
struct Scene<'a> {
    records: &'a Records,
    identities: &'a Identities,
    comparisons: &'a Comparisons,
    guards: &'a Guards,
    job: &'a Job,
    recipe: &'a Recipe,
}

impl<'a> Scene<'a> {
    fn evidence(&'a self, scorer: &'a Scorer<'a>, pooling: &'a Pooling) -> Evidence<'a> {
        Evidence {
            records: self.records,
            identities: self.identities,
            comparisons: self.comparisons,
            scorer,
            pooling,
            guards: self.guards,
            settings: &self.job.cluster,
        }
    }

    /// Chooses among the candidate models, and learns the chosen one again from what its clusters say.
    fn settle(&self, learnt: Learnt, blocks: &Blocks, advance: impl Fn(u64) + Sync) -> (Candidate, Vec<Edge>, u64) {
        let Learnt { candidates, blocked, unblocked, .. } = learnt;
        let scorers: Vec<Scorer> =
            candidates.iter().map(|candidate| candidate.model.scorer(self.comparisons)).collect();
        let poolings: Vec<Pooling> =
            candidates.iter().map(|candidate| Pooling::of(&candidate.model, self.comparisons)).collect();
        let (edges, compared) = score_pairs(self.comparisons, &scorers, blocks, advance);
        self.comparisons.remember(edges.iter().map(|edge| (edge.left, edge.right, edge.pattern)));
        let evidence: Vec<Evidence> =
            scorers.iter().zip(&poolings).map(|(scorer, pooling)| self.evidence(scorer, pooling)).collect();
        let sample = clustering::sample(&evidence[0], &edges);
        let at = clustering::choose(&evidence, &candidates, &sample);
        let mut chosen = candidates[at].clone();
        if !self.recipe.learnt_again {
            return (chosen, edges, compared);
        }
        let believed = clustering::believed(&evidence[at], &sample);
        chosen.model = model::relearn(self.comparisons, &chosen.model, &believed, &blocked, &unblocked);
        chosen.expected_matches = believed.matches.iter().sum();
        (chosen, edges, compared)
    }

    /// Clusters only what the evidence of pairs joins to the named records.
    fn cluster_around(&self, mut candidate: Candidate, blocks: &Blocks, named: &[bool]) -> (Clustering, Candidate) {
        let scorer = candidate.model.scorer(self.comparisons);
        let pooling = Pooling::of(&candidate.model, self.comparisons);
        let evidence = self.evidence(&scorer, &pooling);
        let cut = clustering::pair_cut(&self.job.cluster);
        let bar = clustering::pooled_bar(cut);
        let (edges, compared) =
            score_around(self.records, self.identities, self.comparisons, &scorer, blocks, bar, named);
        let decision = Decision { first_cut: cut, context: None, cut };
        let found = clustering::cluster(&evidence, edges, &decision, Linkage::Pooled, compared);
        candidate.model.decision = Some(decision);
        (found, candidate)
    }

    /// Clusters by one model; a model without a decision gets one.
    fn cluster(&self, mut candidate: Candidate, mut edges: Vec<Edge>, compared: u64) -> (Clustering, Candidate) {
        let scorer = candidate.model.scorer(self.comparisons);
        let pooling = Pooling::of(&candidate.model, self.comparisons);
        let evidence = self.evidence(&scorer, &pooling);
        edges.par_iter_mut().for_each(|edge| edge.weight = scorer.weight(edge.pattern));
        let mut decision = match &candidate.model.decision {
            Some(decision) => decision.clone(),
            None => clustering::decide(&evidence, &clustering::sample(&evidence, &edges)),
        };
        if !self.recipe.context {
            decision.context = None;
        }
        let found = clustering::cluster(&evidence, edges, &decision, self.recipe.linkage, compared);
        candidate.model.decision = Some(decision);
        (found, candidate)
    }
}
