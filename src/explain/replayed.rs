//! What a run linked, read again, and everything that judges pairs of it: for whoever explains, evaluates or compares.

use super::codes::NOTHING_COMPARED;
use crate::clustering::{Evidence, Guards, Settled};
use crate::comparison::Comparisons;
use crate::consent;
use crate::failure::{Failure, Result};
use crate::job::{ClusterSettings, Job};
use crate::model::{Model, Pooling};
use crate::publish::published::{PublishedRun, damaged};
use crate::records::{Identities, Records};
use crate::run;
use crate::run::Ceiling;
use crate::run::progress::Progress;

/// A run's model and records, as the run had them.
pub(crate) struct Replayed {
    pub model: Model,
    pub records: Records,
    pub identities: Identities,
    pub settled: Settled,
}

impl Replayed {
    /// Reads the model of `run`, and the extracts again, below the `ceiling` where there is one; of the decisions only those that the run has seen.
    ///
    /// # Errors
    /// OF0545 where the run has no model, OF0575 where its frequencies are gone, OF0440 where the ceiling is too low; and everything that reading may
    /// meet.
    pub fn of(job: &Job, run: &PublishedRun, ceiling: Option<&Ceiling>, progress: &Progress) -> Result<Replayed> {
        let model: Option<Model> =
            serde_json::from_slice(&run.bytes("model.json")?).map_err(|_| damaged(&run.folder.join("model.json")))?;
        let model = model.ok_or_else(|| Failure::new(&NOTHING_COMPARED, format!("run {}", run.run_id)))?;
        let model = run::with_frequencies(job, model)?;
        let authority = consent::read_seen(job, Some(run.decisions_seen()?))?;
        let records = run::prepare_records(job, &authority, (Some(&model), run.learnt()?), ceiling, progress)?;
        let settled = authority.settled(job, &records);
        let names = job.custom_names();
        let identities = Identities::apart(&records, &names, &settled.keys(), |_| true, |_| true);
        Ok(Replayed { model, records, identities, settled })
    }
}

/// What pairs are judged by.
pub(crate) struct Judging<'a> {
    pub job: &'a Job,
    pub records: &'a Records,
    pub identities: &'a Identities,
    pub comparisons: &'a Comparisons,
    /// Fitted to the comparisons.
    pub model: &'a Model,
    pub settled: &'a Settled,
}

impl Judging<'_> {
    /// Calls `what` with the evidence, people being cut as `settings` say.
    pub fn with<T>(&self, settings: &ClusterSettings, what: impl FnOnce(&Evidence) -> T) -> T {
        let scorer = self.model.scorer(self.comparisons);
        let pooling = Pooling::of(self.model, self.comparisons);
        let guards = Guards::new(self.comparisons, self.records, self.identities, self.settled, &self.job.providers);
        what(&Evidence {
            records: self.records,
            identities: self.identities,
            comparisons: self.comparisons,
            scorer: &scorer,
            guards: &guards,
            settings,
            pooling: &pooling,
            joins: None,
            known: None,
        })
    }
}
