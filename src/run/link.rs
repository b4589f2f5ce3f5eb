//! Linking, as one step: identities → blocks → model → people.

mod scene;

use super::MODEL_DOES_NOT_FIT;
use super::aside::Aside;
use super::ceiling::{Ceiling, Linking};
use super::progress::Progress;
use super::recalling;
use crate::blocking::{self, Features, Limits, PairPatterns, RuleCount};
use crate::clustering::{self, Clustering, Guards, Settled};
use crate::comparison::{Comparison, Comparisons, PackedLevel};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::{self, Candidate, FORMS, Form, Model, Recipe};
use crate::recall::{Leaving, Left, Recalled};
use crate::records::{Identities, Records};
use scene::{Made, Scene};
use std::ops::Deref;

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
    pub leaving: Option<Leaving>,
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

/// The records that are linked.
pub enum Rows<'a> {
    /// They stay as they are.
    Stay(&'a Records),
    /// Their columns may wait on disk from blocking on.
    Within(&'a mut Records, &'a Ceiling),
}

impl<'a> From<&'a Records> for Rows<'a> {
    fn from(records: &'a Records) -> Rows<'a> {
        Rows::Stay(records)
    }
}

impl<'a> From<(&'a mut Records, Option<&'a Ceiling>)> for Rows<'a> {
    fn from((records, ceiling): (&'a mut Records, Option<&'a Ceiling>)) -> Rows<'a> {
        match ceiling {
            Some(ceiling) => Rows::Within(records, ceiling),
            None => Rows::Stay(records),
        }
    }
}

impl Deref for Rows<'_> {
    type Target = Records;

    fn deref(&self) -> &Records {
        match self {
            Rows::Stay(records) => records,
            Rows::Within(records, _) => records,
        }
    }
}

impl Rows<'_> {
    /// Puts large columns aside.
    fn put_large_aside(&mut self) -> Result<Option<Aside>> {
        match self {
            Rows::Stay(_) => Ok(None),
            Rows::Within(records, ceiling) => ceiling.put_large_aside(records),
        }
    }

    /// Puts the columns `aside` where linking needs the room and they are not there yet.
    fn make_room(&mut self, aside: &mut Option<Aside>, need: impl FnOnce() -> Linking) -> Result<()> {
        match self {
            Rows::Stay(_) => Ok(()),
            Rows::Within(records, ceiling) => ceiling.make_room(records, aside, need),
        }
    }

    fn bring_back(&mut self, aside: Option<Aside>) -> Result<()> {
        match (self, aside) {
            (Rows::Within(records, _), Some(aside)) => aside.bring_back(records),
            _ => Ok(()),
        }
    }
}

/// Links all records. `identities` are those of the records where they are known already; `before` is what the night before left, under
/// the very same model and settings (nothing, on a night without one), and asks that this night leaves the same.
///
/// # Errors
/// OF0522 where a model that was learnt before does not know what is compared; OF0440 where the job allows too little memory, OF0441 where
/// columns cannot wait on disk.
pub fn link<'r>(
    job: &Job,
    records: impl Into<Rows<'r>>,
    settled: &Settled,
    taught: Taught,
    identities: Option<Identities>,
    before: Option<Left>,
    progress: &Progress,
) -> Result<Linked> {
    let mut records: Rows = records.into();
    let recipe = if let Taught::By(recipe) = taught { recipe } else { &Recipe::WHOLE };
    let names: Vec<String> = job.custom_fields.iter().map(|field| field.name.clone()).collect();
    let stage = progress.stage("Comparing", None);
    // No lesson comes from the marked records.
    let counts = |row: usize| !matches!(taught, Taught::Around(named, None) if named[row]);
    let identities =
        identities.unwrap_or_else(|| Identities::apart(&records, &names, &settled.keys(), |_| true, counts));
    let frozen = taught.before().and_then(Model::frequencies);
    let mut comparisons = Comparisons::choose(job, &records, &identities, frozen);
    stage.done(format!("{} distinct identities", identities.len()));
    let fitted = match (taught.before().map(|model| model.fitted(&comparisons)).transpose(), taught) {
        // What nobody but those who object has values for: the pass that nobody sees learns for itself.
        (Err(_), Taught::Around(named, Some(_))) => {
            return link(job, records, settled, Taught::Around(named, None), None, before, progress);
        }
        (fitted, _) => fitted.map_err(|why| Failure::new(&MODEL_DOES_NOT_FIT, why))?,
    };
    let stage = progress.stage("Blocking", None);
    let features = Features::gather(&comparisons, &records);
    let guards = Guards::new(&comparisons, &records, &identities, settled, &job.providers);
    // From here on codes are compared: the values that they stand for may wait elsewhere.
    let mut aside = records.put_large_aside()?;
    let mut blocks = match taught.before().and_then(Model::limits) {
        Some(limits) => blocking::block_within(features, &identities, limits),
        None => blocking::block_with(features, &identities, recipe.weak_rules, recipe.block_size),
    };
    stage.done(format!("{} blocks of at most {}", blocks.len(), blocks.limits.cap));
    records.make_room(&mut aside, || Linking {
        identities: identities.len() as u64,
        // Only what is around the marked records is joined.
        pairs: if let Taught::Around(..) = taught { 0 } else { blocks.distinct_pairs() },
        learns: taught.before().is_none(),
    })?;
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
    let scene = Scene { records: &records, identities: &identities, comparisons: (), guards: &guards, job, recipe };
    let (training_pairs, patterns) = learnt.as_ref().map_or((0, 0), |learnt| (learnt.training_pairs, learnt.patterns));
    let frozen = fitted.map(|model| Candidate { model, expected_matches: 0.0 });
    let (rules, limits) = (std::mem::take(&mut blocks.counts), blocks.limits);
    let asked = before.is_some();
    let Left { compared, joined } = before.unwrap_or_default();
    // Blocks, and what the night before compared, go as soon as the last pair is scored: clustering is where a night needs most memory.
    let made = match (frozen, learnt, patterns_of_pairs, taught) {
        (Some(candidate), _, _, Taught::Around(named, _)) => {
            scene.comparing(&comparisons).cluster_around(candidate, &blocks, named)
        }
        (Some(candidate), ..) => {
            let scorer = candidate.model.scorer(&comparisons);
            let before = asked.then_some((&compared, &joined));
            let advance = |pairs| stage.advance(pairs);
            let scored = scene.comparing(&comparisons).score(&scorer, &blocks, before, advance);
            drop((blocks, compared));
            scene.comparing(&comparisons).cluster(candidate, scored)
        }
        (None, Some(learnt), _, Taught::Around(named, _)) => {
            let candidate = learnt.candidates.into_iter().next().expect("a form was asked for");
            scene.comparing(&comparisons).cluster_around(candidate, &blocks, named)
        }
        (None, Some(learnt), Some(mut pairs), taught) => {
            let labels = if let Taught::Now(labels) = taught { labels } else { &[] };
            // Everything that meets is listed: what is left of the blocks is by what the next night knows them again.
            let asked = asked.then(|| (recalling::sums(&comparisons, &identities, &blocks), &joined));
            drop(blocks);
            let candidate = scene.settle(&mut comparisons, learnt, &mut pairs, labels);
            // As the nights that come after it with the same model: what a learning night links is what they link.
            let scorer = candidate.model.scorer(&comparisons);
            let scored = scene.comparing(&comparisons).weigh(&scorer, pairs, asked);
            scene.comparing(&comparisons).cluster(candidate, scored)
        }
        _ => {
            records.bring_back(aside.take())?;
            Made::of(clustering::everyone_alone(&records, &identities, settled), None)
        }
    };
    records.bring_back(aside)?;
    let Made { clustering, chosen, recalled, leaving } = made;
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
        leaving,
    })
}
