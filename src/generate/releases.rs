//! The releases of the demo: five, one of which no rule lets out, agreed to by people who do not exist.

use crate::failure::Result;
use crate::job::Job;
use crate::keys;
use crate::policy;
use std::path::Path;

/// Where the made-up governance lead's key stands.
const KEY: &str = "keys/lead.key";

/// Who agrees, and as what.
const APPROVERS: [(&str, &str); 2] = [("Gwen Overseer", "governance_lead"), ("Lee Partner", "lay_partner")];

/// `[policy]`, `[[approver]]` and `[[release]]`; `practice` is the id of a general practice.
pub(super) fn text(practice: &str) -> String {
    let approvers = APPROVERS.map(|(name, role)| format!("[[approver]]\nname = \"{name}\"\nrole = \"{role}\"\n\n"));
    let basis = |article_9: &str, confidentiality: &str, agreement: &str| {
        format!(
            "legal_basis = {{ article_6 = \"6(1)(e)\", article_9 = \"{article_9}\", confidentiality = \"{confidentiality}\", agreement = \"{agreement}\" }}"
        )
    };
    let [care, planning, research, tables, sale] = [
        basis("9(2)(h)", "implied_consent", "DSA-2026-01"),
        basis("9(2)(h)", "section_251", "DSA-2026-02"),
        basis("9(2)(j)", "section_251", "DSA-2026-03"),
        basis("9(2)(h)", "not_confidential", "DSA-2026-04"),
        basis("9(2)(h)", "explicit_consent", "none"),
    ];
    format!(
        "\n# Who gets what, for what, and who must have agreed. `onefolk policy show job.toml` says how each stands.\n\
         # The private half of the key stands beside it only because nobody here is real.\n\
         [policy]\ngovernance_lead_key = \"{KEY}.pub\"\n\n{}\
         [[release]]\nid = \"care-{practice}\"\nrecipient = \"The practice {practice}\"\nrecipient_kind = \"nhs\"\npurpose = \"direct_care\"\n{care}\n\
         content = \"people\"\nidentifiers = \"nhs_number\"\npatients_of = [\"{practice}\"]\n\
         columns = [\"given_name\", \"family_name\", \"date_of_birth\", \"frailty\", \"unplanned_admissions_12m\", \"care_services\"]\n\
         valid_until = 2027-03-31\napprovals = [\"governance_lead\"]\n\n\
         [[release]]\nid = \"planning-council\"\nrecipient = \"The council's public health team\"\nrecipient_kind = \"local_authority\"\npurpose = \"planning\"\n{planning}\n\
         content = \"people\"\nidentifiers = \"pseudonym\"\n\
         columns = [\"age_band\", \"sex\", \"ethnicity\", \"deprivation_decile\", \"frailty\", \"unplanned_admissions_12m\"]\n\
         valid_until = 2027-03-31\napprovals = [\"governance_lead\", \"lay_partner\"]\n\n\
         [[release]]\nid = \"research-heart\"\nrecipient = \"The university's heart study\"\nrecipient_kind = \"university\"\npurpose = \"research\"\n{research}\n\
         content = \"people\"\nidentifiers = \"pseudonym\"\nminimum_count = 20\n\
         columns = [\"age_band\", \"sex\", \"heart_failure\", \"hypertension\", \"diabetes\", \"year_of_death\"]\n\
         valid_until = 2027-03-31\napprovals = [\"governance_lead\", \"lay_partner\"]\n\n\
         [[release]]\nid = \"tables-for-everybody\"\nrecipient = \"Everybody\"\nrecipient_kind = \"public\"\npurpose = \"planning\"\n{tables}\n\
         content = \"summary\"\nissued_on = [\"2026-11-22\", \"2027-02-22\"]\nvalid_until = 2027-03-31\napprovals = [\"governance_lead\"]\n\n\
         # Refused, whoever agrees: nothing is sold.\n\
         [[release]]\nid = \"insurer\"\nrecipient = \"An insurance company\"\nrecipient_kind = \"company\"\npurpose = \"commercial\"\n{sale}\n\
         content = \"people\"\nidentifiers = \"pseudonym\"\ncolumns = [\"age_band\", \"sex\", \"diabetes\"]\n\
         valid_until = 2027-03-31\napprovals = [\"governance_lead\"]\n",
        approvers.concat()
    )
}

/// Writes the made-up lead's keys; the same for the same seed.
pub(super) fn write_keys(folder: &Path, seed: u64) -> Result<()> {
    let secret = blake3::hash(format!("onefolk generate lead {seed}").as_bytes());
    keys::write_pair(&folder.join(KEY), secret.as_bytes()).map(|_| ())
}

/// Agrees to every release of the job in `folder` in the name of everybody whom it needs, on the job's day.
pub(super) fn approve(folder: &Path) -> Result<()> {
    let job = Job::read(&folder.join("job.toml"))?;
    let lead = keys::read_private(&folder.join(KEY))?;
    let mut lines = Vec::new();
    for release in &job.releases {
        let needed = APPROVERS.iter().filter(|(_, role)| release.approvals.iter().any(|needed| needed == role));
        lines.extend(needed.map(|names| policy::signed(&job, release, [names.0, names.1], &lead)));
    }
    policy::write_approvals(&job.policy.approvals_file, &lines)
}
