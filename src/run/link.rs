//! Linking, as one step: identities → blocks → model → people.

use super::MODEL_DOES_NOT_FIT;
use super::progress::Progress;
use super::recalling::Recalling;
use crate::blocking::{self, Blocks, Limits, RuleCount};
use crate::clustering::{
    self, Clustering, Edge, Evidence, FirstClusters, Fresh, Guards, Settled, score_around, score_fresh_pairs,
    score_pairs,
};
use crate::comparison::{Comparison, Comparisons, PackedLevel, Pattern};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::{
    self, Asked, Candidate, Decision, FORMS, Form, Histogram, Learnt, Linkage, Model, Pooling, Recipe, Scorer,
};
use crate::recall::{Joins, Left, Looks, Recalled};
use crate::records::{Identities, MISSING, Records};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Everything that linking leaves behind.
pub struct Linked {
    pub identities: Identities,
    pub comparisons: Comparisons,
    pub clustering: Clustering,
    /// The model that was used, as far as tonight's comparisons need it; `None` where there was nothing to compare.
    pub model: Option<Model>,
    /// The comparisons of the model that was used, ours or an imported one.
    pub levels: Vec<PackedLevel>,
    pub expected_matches: f64,
    pub training_pairs: u64,
    pub patterns: usize,
    pub rules: Vec<RuleCount>,
    /// What keeps the number of pairs within bounds.
    pub limits: Limits,
    /// What was taken from the night before.
    pub recalled: Recalled,
    /// What the next night can take from this one; `None` where nobody asked.
    pub left: Option<Left>,
}

/// Where the model comes from.
#[derive(Clone, Copy)]
pub enum Taught<'a> {
    /// It was learnt before.
    Before(&'a Model),
    /// It is learnt from these very records, with what humans have said of some pairs.
    Now(&'a [Label]),
    /// It is learnt from these very records by a recipe that may leave something out.
    By(&'a Recipe),
    /// Only the marked records and whoever is of one person with them are joined: with a model that was learnt before, or else with one
    /// that is learnt from all records but the marked ones.
    Around(&'a [bool], Option<&'a Model>),
}

impl<'a> Taught<'a> {
    /// The model that was learnt before.
    fn before(self) -> Option<&'a Model> {
        match self {
            Taught::Before(model) => Some(model),
            Taught::Around(_, model) => model,
            Taught::Now(_) | Taught::By(_) => None,
        }
    }
}

/// What a human has said of two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The rows of each record.
    pub left: Vec<u32>,
    pub right: Vec<u32>,
    pub same_person: bool,
}

/// Links all records. `identities` are those of the records where they are known already; `before` is what the night before left, under
/// the very same model and settings (nothing, on a night without one), and asks that this night leaves the same.
///
/// # Errors
/// OF0522 where a model that was learnt before does not know what is compared.
pub fn link(
    job: &Job,
    records: &Records,
    settled: &Settled,
    taught: Taught,
    identities: Option<Identities>,
    before: Option<&Left>,
    progress: &Progress,
) -> Result<Linked> {
    let recipe = if let Taught::By(recipe) = taught { recipe } else { &Recipe::WHOLE };
    let names: Vec<String> = job.custom_fields.iter().map(|field| field.name.clone()).collect();
    let stage = progress.stage("Comparing", None);
    let counts = |row: usize| !matches!(taught, Taught::Around(named, _) if named[row]);
    let identities =
        identities.unwrap_or_else(|| Identities::apart(records, &names, &settled.keys(), |_| true, counts));
    let frozen = taught.before().and_then(Model::frequencies);
    let mut comparisons = Comparisons::choose(job, records, &identities, frozen);
    stage.done(format!("{} distinct identities", identities.len()));
    let fitted = taught.before().map(|model| model.fitted(&comparisons)).transpose();
    let fitted = match (fitted, taught) {
        // What nobody but those who object has values for: the pass that nobody sees learns for itself.
        (Err(_), Taught::Around(..)) => None,
        (fitted, _) => fitted.map_err(|why| Failure::new(&MODEL_DOES_NOT_FIT, why))?,
    };
    let stage = progress.stage("Blocking", None);
    let blocks = match taught.before().and_then(Model::limits) {
        Some(limits) => blocking::block_within(&comparisons, records, &identities, limits),
        None => blocking::block_with(&comparisons, records, &identities, recipe.weak_rules, recipe.block_size),
    };
    stage.done(format!("{} blocks of at most {}", blocks.len(), blocks.limits.cap));
    let stage = progress.stage("Learning", None);
    let forms: &[Form] = match (taught, recipe) {
        // The pass that nobody sees needs no choice among forms.
        (Taught::Around(..), _) => &FORMS[..1],
        (_, Recipe { learnt: false, .. }) => &[Form::Information],
        (_, Recipe { kinds_of_strangers: false, .. }) => &[Form::Plain],
        (_, Recipe { choice_of_form: true, .. }) => &FORMS,
        _ => &[Form::Constrained],
    };
    let learnt = match &fitted {
        Some(_) => None,
        None => model::learn(&comparisons, &blocks, &identities, forms),
    };
    stage.done(match (&learnt, &fitted) {
        (_, Some(_)) => "nothing: the model is frozen".into(),
        (Some(learnt), _) => format!("{} pairs in {} patterns", learnt.training_pairs, learnt.patterns),
        (None, _) => "nothing to compare".into(),
    });
    let stage = progress.stage("Linking", None);
    let guards = Guards::new(&comparisons, records, &identities, settled, &job.providers);
    let scene = Scene { records, identities: &identities, comparisons: (), guards: &guards, job, recipe };
    let advance = |pairs| stage.advance(pairs);
    let (training_pairs, patterns) = learnt.as_ref().map_or((0, 0), |learnt| (learnt.training_pairs, learnt.patterns));
    let frozen = fitted.map(|model| Candidate { model, expected_matches: 0.0 });
    let made = match (frozen, learnt, taught) {
        (Some(candidate), _, Taught::Around(named, _)) => {
            scene.comparing(&comparisons).cluster_around(candidate, &blocks, named)
        }
        (Some(candidate), _, _) => scene.comparing(&comparisons).score_and_cluster(candidate, &blocks, before, advance),
        (None, Some(learnt), Taught::Around(named, _)) => {
            let candidate = learnt.candidates.into_iter().next().expect("a form was asked for");
            scene.comparing(&comparisons).cluster_around(candidate, &blocks, named)
        }
        (None, Some(learnt), taught) => {
            let labels = if let Taught::Now(labels) = taught { labels } else { &[] };
            let mut first = scene.comparing(&comparisons).first_look(learnt, &blocks);
            first.learn_aliases(&mut comparisons);
            let scene = scene.comparing(&comparisons);
            let candidate = scene.settle(first, labels);
            scene.score_and_cluster(candidate, &blocks, before, advance)
        }
        _ => Made::of(clustering::everyone_alone(records, &identities, settled), None),
    };
    let Made { clustering, chosen, recalled, left } = made;
    let again = if recalled.pairs > 0 { format!(", {} pairs compared before", recalled.pairs) } else { String::new() };
    stage.done(format!("{} people{again}", clustering.partition.people));
    let (model, expected_matches) = match chosen {
        Some(candidate) => (Some(candidate.model), candidate.expected_matches),
        None => (None, 0.0),
    };
    let (rules, limits) = (blocks.counts, blocks.limits);
    let levels = comparisons.list.iter().map(Comparison::packed).collect();
    Ok(Linked {
        identities,
        comparisons,
        clustering,
        model,
        levels,
        expected_matches,
        training_pairs,
        patterns,
        rules,
        limits,
        recalled,
        left,
    })
}

/// What the pass that counts has made.
struct Made {
    clustering: Clustering,
    /// The model that it was made with.
    chosen: Option<Candidate>,
    recalled: Recalled,
    left: Option<Left>,
}

impl Made {
    /// Without a night before or after.
    fn of(clustering: Clustering, chosen: Option<Candidate>) -> Made {
        Made { clustering, chosen, recalled: Recalled::default(), left: None }
    }
}

/// What is known of a night's pairs before its model is learnt again.
struct FirstLook {
    /// The chosen one.
    candidate: Candidate,
    /// Ascending.
    edges: Vec<Edge>,
    /// `None` where nothing is learnt again.
    clusters: Option<FirstClusters>,
    blocked: Histogram,
    unblocked: Histogram,
}

impl FirstLook {
    /// Teaches the comparisons the names that clusters show to be used for each other, and compares again who may hold them.
    fn learn_aliases(&mut self, comparisons: &mut Comparisons) {
        let Some(aliases) = self.clusters.as_ref().map(|clusters| &clusters.aliases).filter(|found| !found.is_empty())
        else {
            return;
        };
        let learnt = comparisons.learn(aliases);
        tracing::info!(pairs = learnt, "names that are used for each other");
        let holds = comparisons.holders_of(aliases);
        let again = self.edges.par_iter_mut().filter(|edge| holds[edge.left as usize] && holds[edge.right as usize]);
        again.for_each(|edge| edge.pattern = comparisons.pattern(edge.left, edge.right));
        comparisons.remember(self.edges.iter().map(|edge| (edge.left, edge.right, edge.pattern)));
    }
}

/// What does not depend on a model; without the comparisons while those still learn.
#[derive(Clone, Copy)]
struct Scene<'a, C = &'a Comparisons> {
    records: &'a Records,
    identities: &'a Identities,
    comparisons: C,
    guards: &'a Guards,
    job: &'a Job,
    recipe: &'a Recipe,
}

impl<'a> Scene<'a, ()> {
    fn comparing<'c>(self, comparisons: &'c Comparisons) -> Scene<'c>
    where
        'a: 'c,
    {
        let Scene { records, identities, guards, job, recipe, .. } = self;
        Scene { records, identities, comparisons, guards, job, recipe }
    }
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
            joins: None,
        }
    }

    /// Chooses among the candidate models, and looks at what the clusters of the chosen one say.
    fn first_look(&self, learnt: Learnt, blocks: &Blocks) -> FirstLook {
        let Learnt { candidates, blocked, unblocked, .. } = learnt;
        let scorers: Vec<Scorer> =
            candidates.iter().map(|candidate| candidate.model.scorer(self.comparisons)).collect();
        let poolings: Vec<Pooling> =
            candidates.iter().map(|candidate| Pooling::of(&candidate.model, self.comparisons)).collect();
        let (edges, _) = score_pairs(self.comparisons, &scorers, blocks, |_| ());
        self.comparisons.remember(edges.iter().map(|edge| (edge.left, edge.right, edge.pattern)));
        let evidence: Vec<Evidence> =
            scorers.iter().zip(&poolings).map(|(scorer, pooling)| self.evidence(scorer, pooling)).collect();
        let sample = clustering::sample(&evidence[0], &edges);
        let at = clustering::choose(&evidence, &candidates, &sample, self.recipe.jury);
        let clusters = match self.recipe.learnt_again {
            true => Some(clustering::first_clusters(&evidence[at], &sample, self.recipe.aliases)),
            false => None,
        };
        FirstLook { candidate: candidates[at].clone(), edges, clusters, blocked, unblocked }
    }

    /// Learns the chosen model again from what its clusters and humans say, rounds it as it will be frozen, and decides with it.
    fn settle(&self, first: FirstLook, labels: &[Label]) -> Candidate {
        let FirstLook { candidate, edges, clusters, blocked, unblocked } = first;
        let Some(FirstClusters { mut believed, beside, .. }) = clusters else {
            return self.decided(Candidate { model: candidate.model.rounded(), ..candidate }, edges);
        };
        let now = |&(left, right, pairs, chance): &(u32, u32, f64, f64)| {
            (self.comparisons.pattern(left, right), pairs, pairs * chance)
        };
        believed.add(beside.iter().map(now));
        let scorer = candidate.model.scorer(self.comparisons);
        let chance = |pattern| model::probability(scorer.weight(pattern));
        model::clamp(&mut believed, &self.asked(labels, &scorer), &blocked, chance);
        let model = model::relearn(self.comparisons, &candidate.model, &believed, &blocked, &unblocked).rounded();
        let expected_matches = model::six_digits(believed.matches.iter().sum());
        self.decided(Candidate { model, expected_matches }, edges)
    }

    /// The candidate with a decision made on a sample of the pairs.
    fn decided(&self, mut candidate: Candidate, mut edges: Vec<Edge>) -> Candidate {
        let scorer = candidate.model.scorer(self.comparisons);
        let pooling = Pooling::of(&candidate.model, self.comparisons);
        let evidence = self.evidence(&scorer, &pooling);
        edges
            .par_iter_mut()
            .for_each(|edge| *edge = Edge::of(edge.left, edge.right, scorer.weight(edge.pattern), edge.pattern));
        let mut decision = clustering::decide(&evidence, &clustering::sample(&evidence, &edges));
        if !self.recipe.context {
            decision.context = None;
        }
        candidate.model.decision = Some(decision);
        candidate
    }

    /// Labels by pattern. Of a record's rows those count that agree best with the other record.
    fn asked(&self, labels: &[Label], scorer: &Scorer) -> BTreeMap<Pattern, Asked> {
        let of = |rows: &[u32]| -> Vec<u32> {
            rows.iter().map(|&row| self.identities.of_record[row as usize]).filter(|&at| at != MISSING).collect()
        };
        let mut asked: BTreeMap<Pattern, Asked> = BTreeMap::new();
        for label in labels {
            let (left, right) = (of(&label.left), of(&label.right));
            let pairs = left.iter().flat_map(|&a| right.iter().map(move |&b| (a.min(b), a.max(b))));
            let patterns = pairs.map(|(a, b)| self.comparisons.pattern(a, b));
            if let Some(pattern) = patterns.max_by_key(|&pattern| (scorer.weight(pattern), pattern)) {
                let slot = asked.entry(pattern).or_default();
                slot.all += 1.0;
                slot.yes += f64::from(u8::from(label.same_person));
            }
        }
        asked
    }

    /// Clusters only what the evidence of pairs joins to the named records.
    fn cluster_around(&self, mut candidate: Candidate, blocks: &Blocks, named: &[bool]) -> Made {
        let scorer = candidate.model.scorer(self.comparisons);
        let pooling = Pooling::of(&candidate.model, self.comparisons);
        let evidence = self.evidence(&scorer, &pooling);
        let cut = clustering::pair_cut(&self.job.cluster);
        let joins = (clustering::pooled_bar(cut), self.guards.one_person());
        let (edges, compared) =
            score_around(self.records, self.identities, self.comparisons, &scorer, blocks, joins, named);
        let decision = Decision { first_cut: cut, context: None, cut, calibration: None };
        let (found, _) = clustering::cluster(&evidence, edges, &decision, Linkage::Pooled, compared);
        candidate.model.decision = Some(decision);
        Made::of(found, Some(candidate))
    }

    /// Scores every candidate pair with a model that is decided, and clusters. A night that learns ends with this pass as well, so that it
    /// links exactly as the nights that come after it with the same model; what it finds for them is left where `before` is given.
    fn score_and_cluster(
        &self,
        mut candidate: Candidate,
        blocks: &Blocks,
        before: Option<&Left>,
        advance: impl Fn(u64) + Sync,
    ) -> Made {
        let scorer = candidate.model.scorer(self.comparisons);
        let pooling = Pooling::of(&candidate.model, self.comparisons);
        let (scored, recalling) = self.score(&scorer, blocks, before, advance);
        let Fresh { edges, compared, recalled } = scored;
        let evidence = Evidence {
            joins: recalling.as_ref().map(|recalling| &recalling.joins),
            ..self.evidence(&scorer, &pooling)
        };
        self.comparisons.remember(edges.iter().map(|edge| (edge.left, edge.right, edge.pattern)));
        // The cut is no lesson: it follows from what the job says a false link costs.
        let decided = candidate.model.decision.take().expect("a model is decided before it is used");
        let decision = Decision { cut: clustering::people_cut(&self.job.cluster), ..decided };
        let (clustering, calibration) = clustering::cluster(&evidence, edges, &decision, self.recipe.linkage, compared);
        candidate.model.decision = Some(Decision { calibration: Some(calibration), ..decision });
        match recalling {
            Some(recalling) => {
                let (recalled, left) = recalling.finish(recalled, self.identities, &clustering.links);
                Made { clustering, chosen: Some(candidate), recalled, left }
            }
            None => Made::of(clustering, Some(candidate)),
        }
    }

    /// Scores every candidate pair that is not known from the night before.
    fn score<'b>(
        &'b self,
        scorer: &Scorer,
        blocks: &Blocks,
        before: Option<&'b Left>,
        advance: impl Fn(u64) + Sync,
    ) -> (Fresh, Option<Recalling<'b>>) {
        let Some(before) = before else {
            let (edges, compared) = score_pairs(self.comparisons, std::slice::from_ref(scorer), blocks, advance);
            return (Fresh { edges, compared, recalled: 0 }, None);
        };
        let looks = Looks::of_all(self.comparisons, self.identities);
        let known = before.compared.tonight(&looks);
        let (fresh, blocks) = score_fresh_pairs(self.comparisons, scorer, blocks, (&looks, &known), advance);
        let identities = known.identities();
        (fresh, Some(Recalling { joins: Joins::new(looks, &before.joined), blocks, identities }))
    }
}
