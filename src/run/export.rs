//! The records as linking would see them: for an embedding program, and for `onefolk export`.

use super::progress::Progress;
use super::{Show, on_threads, prepare_records};
use crate::audit::{self, Event, Note};
use crate::consent;
use crate::failure::Result;
use crate::job::Job;
use crate::publish;
use crate::records::Records;
use std::path::Path;

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    pub records: u64,
    pub bytes: u64,
}

/// Reads and standardises every extract of a job; rows in quarantine and withheld rows are left out, as a run leaves them out.
///
/// # Errors
/// As a run's up to linking; no gate is asked.
pub fn standardised(job: &Job, show: Show) -> Result<Records> {
    on_threads(job, || read(job, show))
}

fn read(job: &Job, show: Show) -> Result<Records> {
    let authority = consent::read(job)?;
    prepare_records(job, &authority, (None, false), None, &Progress::new(show))
}

/// Writes the standardised records of a job to a new Parquet file; see [`publish::export_records`].
///
/// # Errors
/// Those of [`standardised`], and where the file exists or cannot be written.
pub fn export(job: &Job, path: &Path, show: Show) -> Result<Exported> {
    on_threads(job, || {
        let records = read(job, show)?;
        let everybody = Note::new(Event::LookUp).with("command", "export").with("records", records.len());
        audit::add(job, &[everybody])?;
        let bytes = publish::export_records(job, &records, path)?;
        Ok(Exported { records: records.len() as u64, bytes })
    })
}
