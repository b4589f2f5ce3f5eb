//! The job itself.

use super::Finding;
use crate::consent;
use crate::job::{Checked, Field, Job, Provider};
use crate::run::gates::PROTECTIVE;

/// What helps where columns have vanished from extracts and nothing else is wrong.
const OF_COLUMNS: &str = "Ask the provider for the column, or correct its name in the job; for one night `onefolk run JOB --waive \
                          column_missing` reads it as empty";
/// The same where it is the column of a field that no night goes on without.
const OF_NEEDED_COLUMNS: &str = "Ask the provider for the column; until it comes take away what was sent, so that the last good extract stands \
                                 (when_missing = \"last\"). Without that of record_id, sensitivity or withheld_identity_reason no night goes \
                                 on, waived or not";
const OF_ALL_ELSE: &str = "`onefolk check JOB` shows all that is wrong with it; what else stands here goes by what of the job can be understood";

const NAME: &str = "job";

/// Whether a night would begin with the job, its lists and the extracts as they are now.
pub(super) fn job(checked: &Checked) -> Finding {
    let Some(first) = checked.problems.first() else { return lists(&checked.provisional) };
    let others = and_more(checked.problems.len());
    let saw = format!("line {}: {}{others}", first.position(&checked.text).0, first.message);
    let of_columns = checked.problems.len() == checked.vanished;
    let advice = match of_columns {
        true if lacks_needed(&checked.provisional) => OF_NEEDED_COLUMNS,
        true => OF_COLUMNS,
        false => OF_ALL_ELSE,
    };
    Finding::fail(NAME, saw, advice)
}

/// Whether an extract lacks a column that the gate `column_missing` lets no night do without.
fn lacks_needed(job: &Job) -> bool {
    let needed: Vec<Field> = PROTECTIVE.into_iter().chain([Field::RecordId]).collect();
    let lacks = |provider: &Provider, field| provider.columns.get(field).is_some_and(|source| provider.lacks(source));
    job.providers.iter().any(|provider| needed.iter().any(|field| lacks(provider, field)))
}

/// Whether a night would begin with the lists and the decisions of a job that is right by itself.
fn lists(job: &Job) -> Finding {
    let wrong = consent::wrong(job);
    let Some(first) = wrong.first() else { return Finding::ok(NAME, "can be run") };
    Finding::fail(NAME, format!("{first}{}", and_more(wrong.len())), first.last_line())
}

/// What to say where one of so many is named.
fn and_more(of: usize) -> String {
    if of > 1 { format!("; and {} more", of - 1) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::{Problem, Setting, Source};

    /// What is advised where the column of this field is gone.
    fn advised(field: Field) -> String {
        let mut job = example::job(&[("gp", Setting::GeneralPractice, 3)]);
        let source = Source { columns: vec!["gone".to_string()], ..Source::default() };
        job.providers[0].columns.insert(field, source);
        job.providers[0].vanished = vec!["gone".to_string()];
        let message = "no column \"gone\"".to_string();
        let label = String::new();
        let problem = Problem { span: 0..0, message, label, help: None, file_missing: false, extract_missing: false };
        let checked = Checked {
            path: "job.toml".into(),
            text: "[job]".into(),
            problems: vec![problem],
            vanished: 1,
            output_is_sure: true,
            provisional: job,
        };
        super::job(&checked).advice
    }

    #[test]
    fn no_waiver_is_advised_that_a_night_would_refuse() {
        assert!(advised(Field::Phone).contains("--waive column_missing"));
        for field in [Field::RecordId, Field::Sensitivity, Field::WithheldIdentityReason] {
            assert!(!advised(field).contains("--waive"), "{}", advised(field));
        }
    }
}
