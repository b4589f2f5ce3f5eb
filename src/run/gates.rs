//! Gates that stop a night from being published (DESIGN section 9).

use super::{EXTRACT_ALL_QUARANTINED, TOO_MANY_PEOPLE_CHANGED, TOO_MUCH_QUARANTINED};
use crate::failure::{Failure, Result};
use crate::identity::Ledger;
use crate::intake::{FileReport, Quarantined};
use crate::job::{Job, WhenMissing};

/// Fewer rows than this in quarantine never stop a night, whatever their share: two bad rows of ten are not a broken feed.
const QUARANTINED_MIN: u64 = 5;

/// Too many rows in quarantine, in all or in one extract.
pub fn quarantine(job: &Job, files: &[FileReport], quarantined: &[Quarantined]) -> Result<()> {
    let mut by_file = vec![0u64; files.len()];
    quarantined.iter().for_each(|row| by_file[row.extract as usize] += 1);
    for (file, &bad) in files.iter().zip(&by_file) {
        let optional = job.providers[usize::from(file.provider)].when_missing == WhenMissing::Without;
        if file.rows > 0 && bad == file.rows && !optional {
            return Err(Failure::new(
                &EXTRACT_ALL_QUARANTINED,
                format!("{}: all of its {bad} rows are in quarantine", file.name),
            ));
        }
    }
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let bad: u64 = by_file.iter().sum();
    let share = bad as f64 / rows.max(1) as f64;
    if bad < QUARANTINED_MIN || share <= job.gates.maximum_quarantined {
        return Ok(());
    }
    let worst = (0..files.len()).max_by_key(|&at| by_file[at]).expect("a row came from a file");
    Err(Failure::new(
        &TOO_MUCH_QUARANTINED,
        format!(
            "{bad} of {rows} rows ({:.1} %) are in quarantine, at most {:.1} % may be; most are of {}",
            share * 100.0,
            job.gates.maximum_quarantined * 100.0,
            files[worst].name
        ),
    ))
}

/// The number of people against the run before.
pub fn people(job: &Job, ledger: &Ledger, people: u64) -> Result<()> {
    let Some(before) = ledger.people_of_latest_run().filter(|before| *before > 0) else { return Ok(()) };
    let change = people.abs_diff(before) as f64 / before as f64;
    if change <= job.gates.maximum_people_change {
        return Ok(());
    }
    Err(Failure::new(
        &TOO_MANY_PEOPLE_CHANGED,
        format!(
            "{people} people instead of {before} ({:.1} % changed), at most {:.1} % may change",
            change * 100.0,
            job.gates.maximum_people_change * 100.0
        ),
    ))
}
