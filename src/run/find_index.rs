//! The index of `find` in a run, and who of a run's people may not be told of any more.

use super::earlier::{Standing, Today};
use super::withhold::Objecting;
use crate::consent::Authority;
use crate::failure::Result;
use crate::identity::{Ledger, PersonId};
use crate::job::Job;
use crate::look_up::{self, Finder};
use crate::publish::published::PublishedRun;
use crate::publish::{Draft, WrittenFile};

/// Writes `find.index` of the people.parquet in the draft, which holds nobody of whom `authority` says that they object.
pub(super) fn write(job: &Job, draft: &Draft, authority: &Authority) -> Result<WrittenFile> {
    look_up::write_index(job, draft, authority.fingerprint(&key(job)?))
}

fn key(job: &Job) -> Result<[u8; 32]> {
    Ledger::value_key(&job.output, job.id_key_file.as_deref())
}

/// The people of a run of whom an objection tells since it was made.
pub(crate) struct Gone(Option<Standing>);

impl Gone {
    /// By today's lists. Nothing of the run is read where they say what they said when it was made.
    ///
    /// # Errors
    /// OF0535 where a table of the run cannot be read, OF041x where the key is missing.
    pub fn since(job: &Job, run: &PublishedRun, finder: &Finder, authority: &Authority) -> Result<Gone> {
        if authority.fingerprint(&key(job)?) == *finder.fingerprint() {
            return Ok(Gone(None));
        }
        let today = Today::objecting(authority, &Objecting::default());
        Ok(Gone(Some(Standing::of(run, &today)?)))
    }

    pub fn is_gone(&self, person: PersonId) -> bool {
        self.0.as_ref().is_some_and(|standing| standing.is_gone(person))
    }
}
