//! Linking, as one step: identities → blocks → model → people.

mod around;
mod scene;

use super::MODEL_DOES_NOT_FIT;
use super::ceiling::{self, Ceiling, Linking};
use super::progress::Progress;
use super::recalling;
use crate::blocking::{self, Blocks, Hashes, Kept, Limits, Memberships, PairPatterns, RuleCount};
use crate::clustering::{self, Clustering, Fresh, Guards, ScoredPairs, Settled};
use crate::comparison::{Comparison, Comparisons, PackedLevel};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::{self, Candidate, FORMS, Form, Model, Recipe};
use crate::recall::{Leaving, Left, Recalled};
use crate::records::{Identities, Records};
use scene::{Made, Scene, Scored};
use std::ops::Deref;

pub use around::{Around, around};

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
}

impl<'a> Taught<'a> {
    /// The model that was learnt before.
    fn before(self) -> Option<&'a Model> {
        match self {
            Taught::Before(model) => Some(model),
            Taught::Now(_) | Taught::By(_) => None,
        }
    }
}

/// What is known of the records before they are linked.
pub struct Grouped {
    pub identities: Identities,
    /// `None` where it has to be found anew.
    comparable: Option<Comparable>,
}

/// What linking makes of the values of identities, where nothing but who holds them hangs on tonight's records.
struct Comparable {
    /// Chosen with what the model of the night keeps of how rare values are.
    comparisons: Comparisons,
    hashes: Hashes,
    kept: Option<KeptBlocks>,
}

/// What blocking found within the limits of the model of the night.
enum KeptBlocks {
    /// Of identities of which some may leave yet.
    All(Box<(Kept, Memberships)>),
    /// Of all that are linked.
    Rest(Box<Blocks>),
}

impl KeptBlocks {
    fn heap_bytes(&self) -> u64 {
        if let KeptBlocks::Rest(blocks) = self { blocks.heap_bytes() } else { 0 }
    }
}

impl Grouped {
    /// Whether nobody needs the values of the records any more to link what is grouped.
    pub fn needs_no_values(&self) -> bool {
        self.comparable.is_some()
    }

    /// The same after rows have left the records ([`Records::retain`] with `stays`).
    pub fn retain(self, records: &Records, stays: &[bool]) -> Grouped {
        let Grouped { identities, comparable } = self;
        let (identities, marks) = identities.retain(records, stays);
        Grouped { comparable: comparable.map(|comparable| comparable.retain(&marks, &identities)), identities }
    }
}

impl Comparable {
    /// The same of the identities marked in `stays`, which are `rest`.
    fn retain(self, stays: &[bool], rest: &Identities) -> Comparable {
        let Comparable { mut comparisons, hashes, kept } = self;
        let features = hashes.of(&comparisons);
        let kept = match kept {
            Some(KeptBlocks::All(all)) => {
                let (kept, blocks) = *all;
                Some(KeptBlocks::Rest(Box::new(kept.retain(blocks, &features, stays))))
            }
            // Nobody leaves twice between two passes.
            Some(KeptBlocks::Rest(_)) | None => None,
        };
        let hashes = features.into_hashes();
        comparisons.retain(stays, rest);
        Comparable { comparisons, hashes, kept }
    }
}

impl From<Identities> for Grouped {
    fn from(identities: Identities) -> Grouped {
        Grouped { identities, comparable: None }
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
    /// Their columns may wait on disk from blocking on, until the ceiling is asked to bring them back.
    Within(&'a mut Records, &'a Ceiling),
    /// They stay as they are, and have to fit into memory with all that they are linked by.
    Beside(&'a Records, &'a Ceiling),
}

impl<'a> From<&'a Records> for Rows<'a> {
    fn from(records: &'a Records) -> Rows<'a> {
        Rows::Stay(records)
    }
}

impl<'a> From<(&'a Records, Option<&'a Ceiling>)> for Rows<'a> {
    fn from((records, ceiling): (&'a Records, Option<&'a Ceiling>)) -> Rows<'a> {
        match ceiling {
            Some(ceiling) => Rows::Beside(records, ceiling),
            None => Rows::Stay(records),
        }
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
            Rows::Stay(records) | Rows::Beside(records, _) => records,
            Rows::Within(records, _) => records,
        }
    }
}

impl Rows<'_> {
    /// Lets columns wait on disk where blocks of so many identities, and what comes after them, need their room; so many bytes of blocks are there.
    fn make_room_for_blocks(&mut self, identities: usize, there: u64) -> Result<()> {
        match self {
            Rows::Stay(_) => Ok(()),
            Rows::Within(records, ceiling) => ceiling.make_room_for_blocks(records, identities, there),
            Rows::Beside(records, ceiling) => ceiling.judge_blocks(records, identities, there),
        }
    }

    /// Whether blocks of so many identities may stand on for the night that comes after a pass.
    fn have_room_to_keep_blocks(&self, identities: usize) -> bool {
        match self {
            Rows::Stay(_) => true,
            Rows::Within(_, ceiling) | Rows::Beside(_, ceiling) => ceiling.has_room_to_keep_blocks(identities),
        }
    }

    /// The same where linking needs the room and they do not wait yet.
    fn make_room(&mut self, need: impl FnOnce() -> Linking) -> Result<()> {
        match self {
            Rows::Stay(_) => Ok(()),
            Rows::Within(records, ceiling) => ceiling.make_room(records, need),
            Rows::Beside(_, ceiling) => ceiling.judge_linking(need),
        }
    }

    /// Gives the records their columns again where they wait.
    fn bring_back(&mut self) -> Result<()> {
        match self {
            Rows::Stay(_) | Rows::Beside(..) => Ok(()),
            Rows::Within(records, ceiling) => ceiling.bring_back(records),
        }
    }

    /// What was scored, in order; it may wait on disk until people are made of so many identities.
    fn in_order(&self, Fresh { kept, compared, recalled }: Fresh, identities: usize) -> Result<Scored> {
        let edges = kept.ascending();
        let pairs = match self {
            Rows::Stay(_) | Rows::Beside(..) => ScoredPairs::Here(edges),
            Rows::Within(_, ceiling) => ceiling.pairs(edges, identities)?,
        };
        Ok(Scored { pairs, compared, recalled })
    }
}

/// Links all records. `grouped` is what is known of them already; `before` is what the night before left, under
/// the very same model and settings (nothing, on a night without one), and asks that this night leaves the same. Columns that wait on disk are
/// not brought back: who links knows when there is room for them.
///
/// # Errors
/// OF0522 where a model that was learnt before does not know what is compared; OF0440 where the job allows too little memory, OF0441 where
/// columns cannot wait on disk.
pub fn link<'r>(
    job: &Job,
    records: impl Into<Rows<'r>>,
    settled: &Settled,
    taught: Taught,
    grouped: Option<Grouped>,
    before: Option<Left>,
    progress: &Progress,
) -> Result<Linked> {
    let mut records: Rows = records.into();
    let recipe = if let Taught::By(recipe) = taught { recipe } else { &Recipe::WHOLE };
    let stage = progress.stage("Comparing", None);
    let Grouped { identities, comparable } =
        grouped.unwrap_or_else(|| identities(job, &records, settled, |_| true).into());
    let frozen = taught.before().and_then(Model::frequencies);
    let Comparable { mut comparisons, hashes, kept } = comparable.unwrap_or_else(|| {
        let comparisons = Comparisons::choose(job, &records, &identities, frozen);
        let hashes = Hashes::gather(&comparisons, &records);
        Comparable { comparisons, hashes, kept: None }
    });
    stage.done(format!("{} distinct identities", identities.len()));
    let fitted = taught.before().map(|model| model.fitted(&comparisons)).transpose();
    let fitted = fitted.map_err(|why| Failure::new(&MODEL_DOES_NOT_FIT, why))?;
    let stage = progress.stage("Blocking", None);
    let guards = Guards::new(&comparisons, &records, &identities, settled, &job.providers);
    // From here on codes are compared: the values that they stand for may wait elsewhere.
    records.make_room_for_blocks(identities.len(), kept.as_ref().map_or(0, KeptBlocks::heap_bytes))?;
    let mut blocks = match (kept, taught.before().and_then(Model::limits)) {
        (Some(KeptBlocks::Rest(blocks)), Some(_)) => {
            drop(hashes);
            *blocks
        }
        (_, Some(limits)) => blocking::block_within(hashes.of(&comparisons), &identities, limits),
        (_, None) => {
            let features = hashes.of(&comparisons);
            blocking::block_with(features, &identities, recipe.weak_rules, recipe.block_size)
        }
    };
    stage.done(format!("{} blocks of at most {}", blocks.len(), blocks.limits.cap));
    let learns = taught.before().is_none();
    // It is asked where the job names a limit: forms are clustered one after another then.
    let forms = u64::from(learns);
    let linking = || Linking { identities: identities.len() as u64, pairs: blocks.distinct_pairs(), forms };
    records.make_room(linking).map_err(|failure| match learns {
        true => failure,
        // What a larger limit makes possible a training makes unnecessary.
        false => ceiling::told_to_train(failure, &blocks.counts, identities.len(), blocks.limits),
    })?;
    let stage = progress.stage("Learning", None);
    let forms: &[Form] = match recipe {
        Recipe { learnt: false, .. } => &[Form::Information],
        Recipe { kinds_of_strangers: false, .. } => &[Form::Plain],
        Recipe { choice_of_form: true, .. } => &FORMS,
        _ => &[Form::Constrained],
    };
    // A night that learns weighs its pairs with several models, so their patterns are kept. A frozen model weighs each as it comes.
    let patterns_of_pairs = match taught {
        Taught::Before(_) => None,
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
    // Blocks go as soon as the last pair is scored: clustering is where a night needs most memory.
    let made = match (frozen, learnt, patterns_of_pairs, taught) {
        (Some(candidate), ..) => {
            let scorer = candidate.model.scorer(&comparisons);
            let advance = |pairs| stage.advance(pairs);
            let (fresh, recalling) = scene.comparing(&comparisons).score(&scorer, &blocks, before, advance);
            drop(blocks);
            let scored = records.in_order(fresh, identities.len())?;
            scene.comparing(&comparisons).cluster(candidate, (scored, recalling))?
        }
        (None, Some(learnt), Some(mut pairs), taught) => {
            let labels = if let Taught::Now(labels) = taught { labels } else { &[] };
            // Everything that meets is listed: what is left of the blocks is by what the next night knows them again.
            let before = before.map(|left| {
                let begun = recalling::begin(&left, &comparisons, &identities, &blocks);
                (left, begun)
            });
            drop(blocks);
            let candidate = scene.settle(&mut comparisons, learnt, &mut pairs, labels);
            // As the nights that come after it with the same model: what a learning night links is what they link.
            let scorer = candidate.model.scorer(&comparisons);
            let (fresh, recalling) = scene.comparing(&comparisons).weigh(&scorer, pairs, before);
            let scored = records.in_order(fresh, identities.len())?;
            scene.comparing(&comparisons).cluster(candidate, (scored, recalling))?
        }
        _ => {
            records.bring_back()?;
            Made::of(clustering::everyone_alone(&records, &identities, settled), None)
        }
    };
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

/// The identities of the records; no lesson comes from those for which `counts` does not hold.
fn identities(job: &Job, records: &Records, settled: &Settled, counts: impl Fn(usize) -> bool + Sync) -> Identities {
    let names = job.custom_names();
    Identities::apart(records, &names, &settled.keys(), |_| true, counts)
}
