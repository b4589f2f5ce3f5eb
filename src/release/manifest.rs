//! What a release is, for machines: manifest.json.

use super::{ReleasedFile, Source};
use crate::job::{CohortOf, Content, Exemption, Identifiers, LegalBasis, Purpose, RecipientKind, Release};
use crate::policy::{self, Agreed};
use serde::Serialize;

/// Everything that goes with a release but the data.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    pub release: String,
    pub job: String,
    pub run_id: String,
    pub as_of: String,
    pub recipient: String,
    pub recipient_kind: RecipientKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    pub purpose: Purpose,
    pub legal_basis: LegalBasis,
    pub content: Content,
    pub identifiers: Identifiers,
    pub columns: Vec<String>,
    /// Whose people they are, and the hash of its rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<CohortOf>,
    /// Lines of data; 0 for tables.
    pub lines: u64,
    /// Fewest people who share what a line says of them, as it was applied; null where nothing is coarsened.
    pub minimum_count: Option<u32>,
    /// Of tables: the preset of disclosure control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<&'static str>,
    pub patients_of: Vec<String>,
    /// Of people who opted out, after disclosure control.
    pub left_out: LeftOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national_exemption: Option<Exemption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption_reference: Option<String>,
    pub valid_until: String,
    /// Hash of the definition that was agreed to, and by whom.
    pub definition: String,
    pub approvals: Vec<Approved>,
    /// Ids of the rules that it was held against, none of which refused it.
    pub rules: Vec<&'static str>,
    pub encrypted: bool,
    pub files: Vec<ReleasedFile>,
    pub onefolk: &'static str,
}

/// How many people who opted out it was made without, as it may be told: `*` for few.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LeftOut {
    /// Without any line, for a national opt-out; absent where that does not act on the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national: Option<String>,
    /// Shown without their general practice records, for a type 1 opt-out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_1: Option<String>,
}

/// Somebody who has agreed.
#[derive(Debug, Clone, Serialize)]
pub struct Approved {
    pub who: String,
    pub role: String,
    pub date: String,
}

impl Manifest {
    pub(super) fn of(
        source: &Source,
        release: &Release,
        agreed: &Agreed,
        files: &[ReleasedFile],
        lines: u64,
        left_out: LeftOut,
    ) -> Manifest {
        let approved = agreed.approvals.iter().map(|approval| Approved {
            who: approval.who.clone(),
            role: approval.role.clone(),
            date: approval.date.clone(),
        });
        Manifest {
            release: release.id.clone(),
            job: source.job.name.clone(),
            run_id: source.run_id.to_string(),
            as_of: source.job.as_of.to_string(),
            recipient: release.recipient.clone(),
            recipient_kind: release.recipient_kind,
            controller: release.controller.clone(),
            contract: release.contract.clone(),
            purpose: release.purpose,
            legal_basis: release.legal_basis.clone(),
            content: release.content,
            identifiers: release.identifiers,
            columns: release.given_columns(),
            cohort: release.cohort.clone(),
            lines,
            minimum_count: release.effective_minimum(&source.job.policy),
            disclosure: (release.content == Content::Summary).then(|| source.job.disclosure.word()),
            patients_of: release.patients_of.clone(),
            left_out,
            national_exemption: release.national_exemption,
            exemption_reference: release.exemption_reference.clone(),
            valid_until: release.valid_until.clone(),
            definition: release.definition_hash(source.job),
            approvals: approved.collect(),
            rules: policy::rule_ids(),
            encrypted: !release.encrypt_to.is_empty(),
            files: files.to_vec(),
            onefolk: env!("CARGO_PKG_VERSION"),
        }
    }
}
