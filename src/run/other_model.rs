//! A model that no night uses yet: read from any file, to be tried on the job's records.

use super::ceiling::Ceiling;
use super::imported::{self, ModelFile};
use super::link::{self, Linked, Taught};
use super::model::{self, Known};
use super::progress::Progress;
use crate::clustering::Settled;
use crate::failure::Result;
use crate::job::Job;
use crate::model::{LearntFrom, Model};
use crate::publish::published::PublishedRun;
use crate::records::{Identities, Records};
use std::path::Path;

/// Another model for a job, ours or Splink's.
pub struct OtherModel {
    /// The job as it would be with this model.
    pub job: Job,
    splink: Option<ModelFile>,
    ours: Option<Known>,
}

impl OtherModel {
    /// # Errors
    /// OF0520 where the file is absent or no model, OF0575 where the frequencies that belong to it are neither beside it nor beside the
    /// job's own model nor in the state folder.
    pub fn read(job: &Job, path: &Path) -> Result<OtherModel> {
        let named = Job { model_file: Some(path.to_path_buf()), ..job.clone() };
        if let Some(file) = ModelFile::of_job(&named)? {
            return Ok(OtherModel { job: named, splink: Some(file), ours: None });
        }
        let known = model::at(job, path)?;
        Ok(OtherModel { job: named, splink: None, ours: Some(known) })
    }

    /// The model, where it is one of ours.
    pub fn model(&self) -> Option<&Model> {
        self.ours.as_ref().map(|known| &known.frozen.model)
    }

    pub fn learnt_from(&self) -> Option<LearntFrom> {
        self.ours.as_ref().map(|known| known.frozen.learnt_from.clone())
    }

    /// The model that `run` was linked with, as it was kept with the run: the job may name another one since, and a file that it names may say
    /// something else by now.
    ///
    /// # Errors
    /// As [`OtherModel::read`].
    pub(crate) fn of_run(job: &Job, run: &PublishedRun) -> Result<OtherModel> {
        OtherModel::read(job, &run.folder.join("model.json"))
    }

    /// Links the records that have one of the `identities` as a run with this model would, below the `ceiling`; the others are nobody's.
    ///
    /// # Errors
    /// OF0522 where it does not know what is compared, OF0440 where the job allows too little memory.
    pub fn link(
        &self,
        records: &Records,
        identities: Identities,
        settled: &Settled,
        ceiling: &Ceiling,
        progress: &Progress,
    ) -> Result<Linked> {
        if let Some(file) = &self.splink {
            return imported::link_those(&self.job, records, identities, settled, file, Some(ceiling), progress);
        }
        let known = self.ours.as_ref().expect("a model is one of the two kinds");
        link::link(
            &self.job,
            (records, Some(ceiling)),
            settled,
            Taught::Before(&known.frozen.model),
            Some(identities.into()),
            None,
            progress,
        )
    }
}
