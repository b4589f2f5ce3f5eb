//! Linking only what is around some records: a pass that nobody sees, which finds out who objects.

use super::scene::Scene;
use super::{Comparable, Grouped, KeptBlocks, Rows, identities};
use crate::blocking::{self, Features, Hashes, Kept, Memberships};
use crate::clustering::{self, Guards, Settled};
use crate::comparison::Comparisons;
use crate::failure::Result;
use crate::job::Job;
use crate::model::{self, FORMS, Model, Recipe};
use crate::records::Identities;
use crate::run::ceiling::Linking;

/// Who is one person with some records.
pub struct Around {
    /// By record, a number that whoever is one person with a named record shares with it and nobody else;
    /// [`MISSING`](crate::records::MISSING) for records that are near nobody named.
    pub person: Vec<u32>,
    /// What was found of all records on the way.
    pub grouped: Grouped,
}

/// Joins only the `named` records and whoever is of one person with them: with the `known` model, or else (and where that does not know what is
/// compared, since nobody but who is named has values for it) with one of the simplest form that is learnt from all records but the named ones.
/// As [`link`](super::link()) it does not bring back columns that wait on disk.
///
/// # Errors
/// OF0440 where the job allows too little memory, OF0441 where columns cannot wait on disk.
pub fn around<'r>(
    job: &Job,
    records: impl Into<Rows<'r>>,
    settled: &Settled,
    named: &[bool],
    known: Option<&Model>,
) -> Result<Around> {
    let mut records: Rows = records.into();
    if let Some(model) = known {
        // With a model nothing is learnt, so that it does not matter who counts.
        let identities = identities(job, &records, settled, |_| true);
        let comparisons = Comparisons::choose(job, &records, &identities, model.frequencies());
        if let Ok(fitted) = model.fitted(&comparisons) {
            let taught = Some((fitted, model));
            let (person, made) = joined(job, &mut records, settled, named, (&comparisons, &identities), taught)?;
            // What tonight's records say of how rare values are is another matter once some have gone.
            let is_frozen = model.frequencies().is_some_and(|frozen| comparisons.are_frozen_by(frozen));
            let comparable = made.filter(|_| is_frozen).map(|(hashes, kept)| {
                let kept = kept.map(|kept| KeptBlocks::All(Box::new(kept)));
                Comparable { comparisons, hashes, kept }
            });
            return Ok(Around { person, grouped: Grouped { identities, comparable } });
        }
    }
    let identities = identities(job, &records, settled, |row| !named[row]);
    let comparisons = Comparisons::choose(job, &records, &identities, None);
    let (person, _) = joined(job, &mut records, settled, named, (&comparisons, &identities), None)?;
    Ok(Around { person, grouped: identities.into() })
}

/// What blocking has made of values, and what it found.
type Blocked = (Hashes, Option<(Kept, Memberships)>);

/// The people of the named records, by record; and what blocking has made of values and found, where the night may block within the same limits.
fn joined(
    job: &Job,
    records: &mut Rows,
    settled: &Settled,
    named: &[bool],
    (comparisons, identities): (&Comparisons, &Identities),
    known: Option<(Model, &Model)>,
) -> Result<(Vec<u32>, Option<Blocked>)> {
    let features = Features::gather(comparisons, records);
    let guards = Guards::new(comparisons, records, identities, settled, &job.providers);
    records.make_room_for_blocks(identities.len(), 0)?;
    let learns = known.is_none();
    let (fitted, limits) = known.map_or((None, None), |(fitted, model)| (Some(fitted), model.limits()));
    let (model, blocks, made) = match (fitted, limits) {
        (Some(fitted), Some(limits)) => {
            let mut kept = records.have_room_to_keep_blocks(identities.len()).then(|| Kept::within(limits));
            let blocks = blocking::memberships_within(&features, identities, limits, kept.as_mut());
            (Some(fitted), blocks, Some((features.into_hashes(), kept)))
        }
        (fitted, _) => {
            let blocks = blocking::block(features, identities);
            // The pass that nobody sees needs no choice among forms.
            let learn = || model::learn(comparisons, &blocks, None, identities, &FORMS[..1]);
            let learnt = || learn()?.candidates.into_iter().next().map(|candidate| candidate.model);
            (fitted.or_else(learnt), blocks.into_memberships(), None)
        }
    };
    // Only what is around the named records is joined.
    records.make_room(|| Linking { identities: identities.len() as u64, pairs: 0, forms: u64::from(learns) })?;
    let Some(model) = model else {
        records.bring_back()?;
        return Ok((clustering::everyone_alone(records, identities, settled).partition.person, None));
    };
    let scene = Scene { records, identities, comparisons, guards: &guards, job, recipe: &Recipe::WHOLE };
    let person = scene.people_around(model, &blocks, named);
    Ok((person, made.map(|(hashes, kept)| (hashes, kept.map(|kept| (kept, blocks))))))
}
