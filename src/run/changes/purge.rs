//! What a provider holds that sends only changes, without the rows of people who object.
//!
//! Rows that stay keep their numbers in a column of their own, so that the run that has just been published names them rightly. A record that
//! was taken out is not held any more: once its objection is withdrawn, the provider has to send it again.

use super::state;
use crate::disk;
use crate::intake::FileReport;
use crate::job::standing::{self, EXTRACT, NEXT, StandingList};
use crate::job::{Job, SOURCE_ROW};
use crate::run::{keep, noted};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Takes the rows that run `by`, which is published, has withheld for objections out of what the providers hold. What does not work is
/// told, and done again by the next run.
pub(in crate::run) fn purge(
    job: &Job,
    by: &str,
    files: &[FileReport],
    withheld: &[crate::consent::Withheld],
) -> Vec<String> {
    let mut warnings = Vec::new();
    for (at, provider) in job.providers.iter().enumerate().filter(|(_, provider)| provider.changes.is_some()) {
        let rows: BTreeSet<u32> = keep::objecting(files, withheld, at).into_iter().map(|(_, row)| row).collect();
        if rows.is_empty() {
            continue;
        }
        if let Err(failure) = noted::about_to_purge_held(job, by, &provider.id, rows.len() as u64) {
            warnings.push(format!(
                "what provider {} holds may still have rows of people who object: {failure}",
                provider.id
            ));
            continue;
        }
        match without(&standing::folder(&job.output, &provider.id), by, &rows) {
            Ok(()) => {
                tracing::info!(provider = provider.id, rows = rows.len(), "rows of people who object were taken out")
            }
            Err(error) => warnings.push(format!(
                "what provider {} holds may still have rows of people who object: {}",
                provider.id,
                error.kind()
            )),
        }
    }
    warnings
}

/// Writes the extract in `folder` anew without the rows of these numbers, and puts it in place as a run does that is published.
fn without(folder: &Path, by: &str, rows: &BTreeSet<u32>) -> io::Result<()> {
    // What run `by` has read may wait still: the rows are numbered as it has them.
    if folder.join(NEXT).exists() {
        state::move_on(folder)?;
    }
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let list = standing::read(folder).ok().flatten().ok_or_else(invalid)?;
    let bytes = disk::read(&folder.join(EXTRACT))?;
    if blake3::hash(&bytes).to_hex().as_str() != list.blake3 {
        return Err(invalid());
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut kept = 0;
    for (number, record) in (0u32..).zip(reader.records()) {
        let mut record = record?;
        // Rows are numbered from 1, after the header.
        let number = match list.numbered {
            true if number > 0 => record.iter().next_back().and_then(|text| text.parse().ok()).ok_or_else(invalid)?,
            _ => number,
        };
        if rows.contains(&number) {
            continue;
        }
        if !list.numbered {
            record.push_field(&if number == 0 { SOURCE_ROW.to_string() } else { number.to_string() });
        }
        writer.write_record(&record)?;
        kept += u64::from(number > 0);
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))?;
    let mut made_of = list.made_of;
    made_of.push(list.blake3);
    let list = StandingList {
        run_id: by.to_string(),
        blake3: blake3::hash(&bytes).to_hex().to_string(),
        rows: kept,
        numbered: true,
        made_of,
        ..list
    };
    state::write(&folder.join(NEXT), &list, &bytes)?;
    state::move_on(folder)
}
