//! Who is in a cohort now, against the run before.

use super::table::file;
use crate::failure::Result;
use crate::identity::{Change, ChangeKind, PersonId};
use crate::job::Cohort;
use crate::publish::published::{PublishedRun, damaged};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

/// The run before, as far as cohorts are concerned.
pub struct Before {
    run: Option<PublishedRun>,
    /// Cohort → hash of its definition in that run.
    definitions: FxHashMap<String, String>,
    /// People of that run who go by other ids now.
    now: FxHashMap<PersonId, Vec<PersonId>>,
}

/// Both in the order of their ids.
pub(super) struct Since {
    pub entered: Vec<PersonId>,
    pub left: Vec<PersonId>,
}

impl Before {
    /// `changes` are those from that run to this one.
    ///
    /// # Errors
    /// Where run.json of that run cannot be read.
    pub(crate) fn of(run: Option<PublishedRun>, changes: &[Change]) -> Result<Before> {
        let mut definitions = FxHashMap::default();
        if let Some(run) = &run {
            let told: Value =
                serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| damaged(&run.folder.join("run.json")))?;
            for cohort in told["cohorts"].as_array().into_iter().flatten() {
                if let (Some(id), Some(hash)) = (cohort["id"].as_str(), cohort["definition"].as_str()) {
                    definitions.insert(id.to_string(), hash.to_string());
                }
            }
        }
        let moved = |change: &&Change| matches!(change.kind, ChangeKind::Merged | ChangeKind::Split);
        let now = changes.iter().filter(moved).map(|change| (change.person_id, change.into.clone())).collect();
        Ok(Before { run, definitions, now })
    }

    /// Who entered and who left; `None` where the run before had no cohort of this definition.
    pub(super) fn compare(&self, cohort: &Cohort, ids: Vec<PersonId>) -> Result<Option<Since>> {
        let same = self.definitions.get(&cohort.id).is_some_and(|hash| *hash == cohort.definition_hash());
        let Some(run) = self.run.as_ref().filter(|run| same && run.has(&file(&cohort.id))) else { return Ok(None) };
        let mut before: FxHashSet<PersonId> = FxHashSet::default();
        run.each(&file(&cohort.id), &["person_id"], |rows| {
            for id in rows.text("person_id")? {
                let id = id.and_then(PersonId::parse).ok_or_else(|| damaged(&run.folder.join(file(&cohort.id))))?;
                match self.now.get(&id) {
                    Some(into) if !into.is_empty() => before.extend(into),
                    _ => drop(before.insert(id)),
                }
            }
            Ok(())
        })?;
        let now: FxHashSet<PersonId> = ids.iter().copied().collect();
        let sorted = |mut ids: Vec<PersonId>| {
            ids.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
            ids
        };
        Ok(Some(Since {
            entered: sorted(ids.into_iter().filter(|id| !before.contains(id)).collect()),
            left: sorted(before.into_iter().filter(|id| !now.contains(id)).collect()),
        }))
    }
}
