//! May it be released? The built-in rules, what the job adds to them, and who has agreed.
//!
//! In: a release of the job, its approvals, what was issued, and whether the national opt-out is known. Out: the rules that refuse it, by
//! name; none means that it may be made. Always: the rules are data (data/reference/policy.toml) with reason and source; a job makes them
//! stricter and never looser; whatever is unknown refuses; a definition that has changed by one letter needs new agreement.

mod approvals;
mod rules;
#[cfg(test)]
mod tests;

pub use approvals::{Agreed, Approval, Approvals, Hands, approve};
pub(crate) use approvals::{signed, write as write_approvals};
pub use rules::{Known, Refusal, judge};
pub(crate) use rules::{acts_national, acts_type_1, cohort_of, holds_identifier, rule_ids};

use crate::audit;
use crate::consent;
use crate::failure::{Code, Exit, Result};
use crate::job::{Job, Purpose};
use crate::keys;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The codes this room raises (OF072x).
pub static CODES: &[&Code] = &[&APPROVALS_UNUSABLE, &NOT_AN_APPROVER, &NO_SUCH_RELEASE];

static APPROVALS_UNUSABLE: Code = Code {
    id: "OF0720",
    exit: Exit::JobWrong,
    title: "the approvals cannot be read or written",
    next_step: "Correct the file and line that the message names, or take the file out of the backup, then try again",
    explanation: "Agreements to releases stand in the file that [policy] approvals_file names, CSV with the header \
                  release,who,role,date,definition,signature,own_signature (the last may be absent). `onefolk approve` adds lines to it; a line that cannot be read stops \
                  whatever would rest on it.",
};

static NOT_AN_APPROVER: Code = Code {
    id: "OF0721",
    exit: Exit::JobWrong,
    title: "this agreement would not count",
    next_step: "Name an [[approver]] of the job with their role, and sign with the key whose public half [policy] governance_lead_key names, and with the approver's own where [[approver]] names one",
    explanation: "An agreement counts where the job names who agrees with that role, where the role is one that the release needs, and \
                  where it is countersigned with the governance lead's private key. Where the job names a key of the approver, it counts only \
                  where they have signed it themselves (--own-key), which they do before the lead does.",
};

pub(crate) static NO_SUCH_RELEASE: Code = Code {
    id: "OF0722",
    exit: Exit::JobWrong,
    title: "the job has no such release",
    next_step: "Name the id of a [[release]] of the job file, as `onefolk policy show JOB` lists them",
    explanation: "Releases are defined in the job file, and only there.",
};

/// The built-in policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub rule: Vec<Rule>,
    pub purpose: Vec<PurposeRule>,
    pub kind: Vec<ColumnKind>,
}

/// One rule, for people to read; `rules` applies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub says: String,
    /// What the public page says of a refusal by it: one or two plain sentences.
    pub public: String,
    pub reason: String,
    pub source: String,
}

/// What a purpose justifies, and which opt-outs act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeRule {
    pub id: String,
    /// Kinds of columns.
    pub kinds: Vec<String>,
    pub nhs_number: bool,
    pub type_1: bool,
    pub national: bool,
}

/// Columns that are treated alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnKind {
    pub id: String,
    pub columns: Vec<String>,
}

static BUILT_IN: LazyLock<Policy> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/reference/policy.toml")).expect("a test reads the built-in policy")
});

/// The rules that every release is held against.
pub fn built_in() -> &'static Policy {
    &BUILT_IN
}

impl Policy {
    /// What is said of a purpose.
    pub fn of(&self, purpose: Purpose) -> &PurposeRule {
        self.purpose.iter().find(|rule| rule.id == purpose.word()).expect("a test sees that every purpose is there")
    }

    /// The kind of a column of people; carried facts are of the kind `fact`.
    pub fn kind_of(&self, column: &str) -> &str {
        let found = self.kind.iter().find(|kind| kind.columns.iter().any(|known| known == column));
        found.map_or("fact", |kind| kind.id.as_str())
    }
}

/// How one release of a job stands.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    pub id: String,
    pub recipient: String,
    pub purpose: &'static str,
    /// Hash of the definition, which agreements are of.
    pub definition: String,
    pub agreed: Agreed,
    /// Empty where it may be made.
    pub refusals: Vec<Refusal>,
}

/// How every release of a job stands on its `as_of`, in the order of the job, where tables cannot be held against what was issued of the runs
/// `lost_issues`.
///
/// # Errors
/// OF0720 for the approvals, OF0700 for the key of the governance lead or of an approver, OF0710 where the audit cannot be read.
pub fn standing(job: &Job, lost_issues: &[String]) -> Result<Vec<Standing>> {
    let approvals = Approvals::read(job)?;
    let lead = job.policy.governance_lead_key.as_deref().map(keys::read_public).transpose()?;
    let national = consent::national_is_known(job, job.as_of);
    let issues = audit::all_issues(job)?;
    let one = |release: &crate::job::Release| {
        let agreed = approvals.agreed(job, release, lead.as_ref())?;
        let known = Known { agreed: &agreed, national: national.clone(), lost_issues, issues: &issues };
        let refusals = judge(job, release, &known);
        Ok(Standing {
            id: release.id.clone(),
            recipient: release.recipient.clone(),
            purpose: release.purpose.word(),
            definition: release.definition_hash(job),
            agreed,
            refusals,
        })
    };
    job.releases.iter().map(one).collect()
}
