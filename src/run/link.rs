//! Linking, as one step: identities → blocks → model → people.

mod scene;

use super::MODEL_DOES_NOT_FIT;
use super::progress::Progress;
use crate::blocking::{self, Limits, PairPatterns, RuleCount};
use crate::clustering::{self, Clustering, Guards, Settled};
use crate::comparison::{Comparison, Comparisons, PackedLevel};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::{self, Candidate, FORMS, Form, Model, Recipe};
use crate::recall::{Left, Recalled};
use crate::records::{Identities, Records};
use scene::{Made, Scene};

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
    /// Only the marked records and whoever is of one person with them are joined: with a model that was learnt before, or else with one of the
    /// simplest form that is learnt from all records but the marked ones.
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
    // No lesson comes from the marked records.
    let counts = |row: usize| !matches!(taught, Taught::Around(named, None) if named[row]);
    let identities =
        identities.unwrap_or_else(|| Identities::apart(records, &names, &settled.keys(), |_| true, counts));
    let frozen = taught.before().and_then(Model::frequencies);
    let mut comparisons = Comparisons::choose(job, records, &identities, frozen);
    stage.done(format!("{} distinct identities", identities.len()));
    let fitted = match (taught.before().map(|model| model.fitted(&comparisons)).transpose(), taught) {
        // What nobody but those who object has values for: the pass that nobody sees learns for itself.
        (Err(_), Taught::Around(named, Some(_))) => {
            return link(job, records, settled, Taught::Around(named, None), None, before, progress);
        }
        (fitted, _) => fitted.map_err(|why| Failure::new(&MODEL_DOES_NOT_FIT, why))?,
    };
    let stage = progress.stage("Blocking", None);
    let mut blocks = match taught.before().and_then(Model::limits) {
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
    // A night that learns weighs its pairs with several models, so their patterns are kept. A frozen model weighs each as it comes.
    let patterns_of_pairs = match taught {
        Taught::Before(_) | Taught::Around(..) => None,
        Taught::Now(_) | Taught::By(_) => Some(PairPatterns::all(&comparisons, &blocks, |pairs| stage.advance(pairs))),
    };
    let learnt = match taught.before() {
        Some(_) => None,
        None => model::learn(&comparisons, &blocks, patterns_of_pairs.as_ref(), &identities, forms),
    };
    stage.done(match (&learnt, taught.before()) {
        (_, Some(_)) => "nothing: the model is frozen".into(),
        (Some(learnt), _) => format!("{} pairs in {} patterns", learnt.training_pairs, learnt.patterns),
        (None, _) => "nothing to compare".into(),
    });
    let stage = progress.stage("Linking", None);
    let guards = Guards::new(&comparisons, records, &identities, settled, &job.providers);
    let scene = Scene { records, identities: &identities, comparisons: (), guards: &guards, job, recipe };
    let (training_pairs, patterns) = learnt.as_ref().map_or((0, 0), |learnt| (learnt.training_pairs, learnt.patterns));
    let frozen = fitted.map(|model| Candidate { model, expected_matches: 0.0 });
    let (rules, limits) = (std::mem::take(&mut blocks.counts), blocks.limits);
    // Blocks go as soon as the last pair is scored: clustering is where a night needs most memory.
    let made = match (frozen, learnt, patterns_of_pairs, taught) {
        (Some(candidate), _, _, Taught::Around(named, _)) => {
            scene.comparing(&comparisons).cluster_around(candidate, &blocks, named)
        }
        (Some(candidate), ..) => {
            let scene = scene.comparing(&comparisons);
            let scorer = candidate.model.scorer(&comparisons);
            let scored = scene.score(&scorer, &blocks, before, |pairs| stage.advance(pairs));
            drop(blocks);
            scene.cluster(candidate, scored)
        }
        (None, Some(learnt), _, Taught::Around(named, _)) => {
            let candidate = learnt.candidates.into_iter().next().expect("a form was asked for");
            scene.comparing(&comparisons).cluster_around(candidate, &blocks, named)
        }
        (None, Some(learnt), Some(mut pairs), taught) => {
            let labels = if let Taught::Now(labels) = taught { labels } else { &[] };
            let mut first = scene.comparing(&comparisons).first_look(learnt, &pairs);
            first.learn_aliases(&mut comparisons, &mut pairs);
            let scene = scene.comparing(&comparisons);
            let candidate = scene.settle(first, labels);
            // As the nights that come after it with the same model: what a learning night links is what they link.
            let scorer = candidate.model.scorer(&comparisons);
            let scored = scene.weigh(&scorer, &pairs, &blocks, before);
            drop((pairs, blocks));
            scene.cluster(candidate, scored)
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
