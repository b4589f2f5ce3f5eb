//! What a job says of releases, of the policy they are held against, and of opt-outs that act on them.

use super::Job;
use super::terms::Terms;
use jiff::civil::Date;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Highest generation of pseudonyms.
pub(crate) const GENERATIONS_MAX: u32 = 1000;

/// Fewest people who may share what a line says of them, where neither release nor policy says more (DOMAIN section 5).
const MINIMUM_COUNT: u32 = 10;

/// `[[opt_out]]` of the kinds that act on releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptOut {
    /// Outside direct care a person's general practice rows, and all that rests on them, are left out.
    Type1 { files: Vec<PathBuf> },
    /// The national data opt-out: acts on person-level releases beyond individual care.
    National { files: Vec<PathBuf>, list: NationalList, checked_on: Date, valid_days: u32 },
}

/// What the files of a national opt-out hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NationalList {
    /// NHS numbers that came back from the check: nobody else may be used.
    Allowed,
    /// People who have opted out.
    Refused,
}

/// `[policy]`: whatever it says makes the built-in rules stricter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySettings {
    /// approvals.csv; default beside the job file.
    pub approvals_file: PathBuf,
    /// Public key that approvals are countersigned with.
    pub governance_lead_key: Option<PathBuf>,
    /// Secret that pseudonyms are made with; made in `state/` where absent.
    pub release_key_file: Option<PathBuf>,
    /// Roles that must have agreed to every release.
    pub approvals: Vec<String>,
    /// Nobody gets fewer people in one group of a person-level release; one that is lower than what is built in lowers nothing.
    pub minimum_count: Option<u32>,
    /// Person-level releases must be encrypted.
    pub encryption: bool,
    pub forbidden_purposes: Vec<Purpose>,
    pub forbidden_recipients: Vec<RecipientKind>,
    pub forbidden_columns: Vec<String>,
}

impl PolicySettings {
    /// Where the secret stands that pseudonyms are made with, of a job with this output.
    pub fn release_key(&self, output: &Path) -> PathBuf {
        self.release_key_file.clone().unwrap_or_else(|| output.join("state/release.key"))
    }

    /// Where `onefolk keys rotate` keeps the secret before that one.
    pub fn release_key_before(&self, output: &Path) -> PathBuf {
        let key = self.release_key(output);
        let mut name = key.file_name().unwrap_or_default().to_os_string();
        name.push(".previous");
        key.with_file_name(name)
    }
}

/// `[[approver]]`: somebody whose agreement counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    pub name: String,
    pub role: String,
    /// Public key of their own; where there is one, their agreement must be signed with it as well.
    pub key: Option<PathBuf>,
}

/// Words of the job file for an enum, in the order of its variants.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$inner])* $variant),+ }

        impl $name {
            /// The words of the job file.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word of the job file.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// The variant with this word.
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// What somebody wants the data for.
    Purpose {
        DirectCare = "direct_care",
        Safeguarding = "safeguarding",
        StatutoryReturn = "statutory_return",
        Planning = "planning",
        Research = "research",
        Audit = "audit",
        Commercial = "commercial",
    }
}

words! {
    /// What kind of organisation the recipient is.
    RecipientKind {
        Nhs = "nhs",
        LocalAuthority = "local_authority",
        University = "university",
        Charity = "charity",
        Company = "company",
        /// A company that works for a controller under a contract, and for nobody else.
        Processor = "processor",
        Public = "public",
    }
}

words! {
    /// `[policy] disclosure`: DOMAIN.md section 5's presets; `summary::disclosure` says what each does.
    Disclosure {
        Hes = "hes",
        HesLegacy = "hes_legacy",
        Tre10 = "tre10",
        Mhsds = "mhsds",
        Cld = "cld",
        Ons5 = "ons_5",
    }
}

impl Disclosure {
    /// What holds where the job says nothing.
    pub const BUILT_IN: Disclosure = Disclosure::Hes;

    pub const ALL: [Disclosure; 6] = [
        Disclosure::Hes,
        Disclosure::HesLegacy,
        Disclosure::Tre10,
        Disclosure::Mhsds,
        Disclosure::Cld,
        Disclosure::Ons5,
    ];
}

words! {
    /// What is released.
    Content {
        /// One line a person.
        People = "people",
        /// One line a record of the providers named: their own record_ids, and whose each is.
        Crosswalk = "crosswalk",
        /// One line for each person of a `[[cohort]]`.
        Cohort = "cohort",
        /// The tables of `summary/`, after disclosure control.
        Summary = "summary",
    }
}

words! {
    /// By what the lines of a person-level release can be told apart.
    Identifiers {
        None = "none",
        Pseudonym = "pseudonym",
        NhsNumber = "nhs_number",
    }
}

words! {
    /// What sets the duty of confidence aside, or satisfies it.
    Confidentiality {
        ImpliedConsent = "implied_consent",
        ExplicitConsent = "explicit_consent",
        Section251 = "section_251",
        Statute = "statute",
        /// Nothing in the release is confidential: counts after disclosure control.
        NotConfidential = "not_confidential",
    }
}

words! {
    /// Why the national data opt-out does not apply to a release for planning, research or audit.
    Exemption {
        ExplicitConsent = "explicit_consent",
        RequiredByLaw = "required_by_law",
        PublicInterest = "public_interest",
        ExemptedByAuthority = "exempted_by_authority",
    }
}

/// The law that a release rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LegalBasis {
    /// UK GDPR article 6, such as `6(1)(e)`.
    pub article_6: String,
    /// UK GDPR article 9, such as `9(2)(h)`.
    pub article_9: String,
    pub confidentiality: Confidentiality,
    /// Reference of the data sharing agreement.
    pub agreement: String,
}

/// `[[release]]`: what one recipient gets for one purpose. Its serialised form, in this order, is what approvals are of, with what the rest of
/// the job makes of it (`terms`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    pub id: String,
    pub recipient: String,
    pub recipient_kind: RecipientKind,
    pub purpose: Purpose,
    pub legal_basis: LegalBasis,
    pub content: Content,
    pub columns: Vec<String>,
    pub identifiers: Identifiers,
    /// Fewest people who may share what a line says of them; 10 where absent. See [`Release::effective_minimum`].
    pub minimum_count: Option<u32>,
    pub valid_until: String,
    /// Roles that must have agreed.
    pub approvals: Vec<String>,
    /// age recipients (X25519).
    pub encrypt_to: Vec<String>,
    /// Only people known to one of these providers.
    pub patients_of: Vec<String>,
    /// Of a processor: for whom it works, and under which contract.
    pub controller: Option<String>,
    pub contract: Option<String>,
    pub national_exemption: Option<Exemption>,
    pub exemption_reference: Option<String>,
    /// Raised to give everybody a new pseudonym.
    pub pseudonym_generation: u32,
    /// The recipient gets a table from the pseudonyms that they had before these, of the generation or the secret before.
    pub overlap: bool,
    /// Days on which tables are issued.
    pub issued_on: Vec<String>,
    /// Runs whose issued tables are lost, which these need not be held against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issues_lost: Vec<String>,
    /// Whose people they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<CohortOf>,
}

/// The `[[cohort]]` of a release. Its definition is part of the release's: whoever agrees, agrees to the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CohortOf {
    pub id: String,
    pub definition: String,
}

impl Release {
    /// Lines about single people, whatever tells them apart.
    pub fn is_person_level(&self) -> bool {
        self.content != Content::Summary
    }

    /// The columns of its lines, beside the one that tells people apart.
    pub fn given_columns(&self) -> Vec<String> {
        match self.content {
            Content::Crosswalk => ["provider", "record_id"].map(String::from).to_vec(),
            Content::People | Content::Cohort | Content::Summary => self.columns.clone(),
        }
    }

    /// Are values that a neighbour may know taken out until enough lines share what is left?
    pub fn is_coarse(&self) -> bool {
        matches!(self.content, Content::People | Content::Cohort) && self.identifiers != Identifiers::NhsNumber
    }

    /// Fewest people who may share what a line says of them: the release's own, which its approvers agree to, or what is built in; `[policy]`
    /// only raises it. `None` where nothing is coarsened.
    pub fn effective_minimum(&self, policy: &PolicySettings) -> Option<u32> {
        let own = self.minimum_count.unwrap_or(MINIMUM_COUNT);
        self.is_coarse().then(|| own.max(policy.minimum_count.unwrap_or(own)))
    }

    /// The minimum, where `[policy]` has raised it.
    pub(super) fn raised_minimum(&self, policy: &PolicySettings) -> Option<u32> {
        let own = self.minimum_count.unwrap_or(MINIMUM_COUNT);
        self.effective_minimum(policy).filter(|least| *least != own)
    }

    /// The hash that approvals are of: any change to the definition, to what `[policy]` makes of it, and to what the facts and packages are
    /// that it names, gives another one.
    pub fn definition_hash(&self, job: &Job) -> String {
        let mut text = serde_json::to_string(self).expect("a definition is plain data");
        let terms = Terms::of(self, job);
        if terms != Terms::default() {
            text.push('\n');
            text += &serde_json::to_string(&terms).expect("terms are plain data");
        }
        blake3::hash(format!("onefolk release 1\n{text}").as_bytes()).to_hex().to_string()
    }

    /// The last day on which it may be made.
    pub fn valid_until(&self) -> Date {
        self.valid_until.parse().expect("the check has read it")
    }
}
