//! The job itself.

use super::Finding;
use crate::job::Checked;

/// What helps where columns have vanished from extracts and nothing else is wrong.
const OF_COLUMNS: &str = "Ask the provider for the column, or correct its name in the job; for one night `onefolk run JOB --waive \
                          column_missing` reads it as empty";
const OF_ALL_ELSE: &str = "`onefolk check JOB` shows all that is wrong with it; what else stands here goes by what of the job can be understood";

/// Whether a night would begin with the job and the extracts as they are now.
pub(super) fn job(checked: &Checked) -> Finding {
    const NAME: &str = "job";
    let Some(first) = checked.problems.first() else { return Finding::ok(NAME, "can be run") };
    let others = match checked.problems.len() - 1 {
        0 => String::new(),
        others => format!("; and {others} more"),
    };
    let saw = format!("line {}: {}{others}", first.position(&checked.text).0, first.message);
    let of_columns = checked.problems.len() == checked.vanished;
    Finding::fail(NAME, saw, if of_columns { OF_COLUMNS } else { OF_ALL_ELSE })
}
