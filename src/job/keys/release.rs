//! The tables of the job file about who gets what: `[policy]`, `[[approver]]`, `[[release]]`.

use super::{Kind, Need, Table, key};
use crate::job::release::{
    Confidentiality, Content, Disclosure, Exemption, GENERATIONS_MAX, Identifiers, Purpose, RecipientKind,
};

pub(in crate::job) static POLICY: Table = Table {
    heading: "[policy]",
    keys: &[
        key(
            "disclosure",
            Kind::Word(Disclosure::WORDS, &[]),
            Need::Default("\"hes\""),
            "Disclosure control of every count that leaves: hes hides 1-7, cld 1-4, mhsds 0-4, and they round the rest to the nearest 5; hes_legacy hides 1-5, ons_5 1-4, tre10 0-9.",
        ),
        key(
            "approvals_file",
            Kind::Text,
            Need::Default("\"approvals.csv\""),
            "Where `onefolk approve` writes agreements to.",
        ),
        key(
            "governance_lead_key",
            Kind::Text,
            Need::Optional,
            "Public key (FILE.pub of `onefolk keys new`) that every approval must be countersigned with.",
        ),
        key(
            "release_key_file",
            Kind::Text,
            Need::Optional,
            "File with the secret that pseudonyms are made with; default: made in state/ with the first release.",
        ),
        key("approvals", Kind::Texts, Need::Optional, "Roles that must have agreed to every release."),
        key(
            "minimum_count",
            Kind::Whole(1, 1000),
            Need::Optional,
            "Least minimum_count of any person-level release; it raises the 10 of those that name none, and lowers nothing.",
        ),
        key("encryption", Kind::Flag, Need::Default("false"), "true: person-level releases must be encrypted."),
        key("forbidden_purposes", Kind::Texts, Need::Optional, "Purposes that nothing is released for."),
        key("forbidden_recipients", Kind::Texts, Need::Optional, "Kinds of recipients that get nothing."),
        key("forbidden_columns", Kind::Texts, Need::Optional, "Columns that nobody gets."),
    ],
};

pub(in crate::job) static APPROVER: Table = Table {
    heading: "[[approver]]",
    keys: &[
        key("name", Kind::Text, Need::Required, "Who."),
        key("role", Kind::Text, Need::Required, "As what, such as governance_lead or lay_partner."),
        key(
            "key",
            Kind::Text,
            Need::Optional,
            "Their own public key (FILE.pub of `onefolk keys new`): an agreement counts only where they have signed it themselves.",
        ),
    ],
};

pub(in crate::job) static LEGAL_BASIS: Table = Table {
    heading: "legal_basis",
    keys: &[
        key("article_6", Kind::Text, Need::Required, "UK GDPR article 6, such as \"6(1)(e)\"."),
        key("article_9", Kind::Text, Need::Required, "UK GDPR article 9, such as \"9(2)(h)\"."),
        key(
            "confidentiality",
            Kind::Word(Confidentiality::WORDS, &[]),
            Need::Required,
            "What satisfies the duty of confidence, or sets it aside.",
        ),
        key("agreement", Kind::Text, Need::Required, "Reference of the data sharing agreement."),
    ],
};

pub(in crate::job) static RELEASE: Table = Table {
    heading: "[[release]]",
    keys: &[
        key("id", Kind::Text, Need::Required, "Short name: lower-case letters, digits and hyphens; names its folder."),
        key("recipient", Kind::Text, Need::Required, "Who gets it."),
        key(
            "recipient_kind",
            Kind::Word(RecipientKind::WORDS, &[]),
            Need::Required,
            "What kind of organisation that is.",
        ),
        key("purpose", Kind::Word(Purpose::WORDS, &[]), Need::Required, "What for."),
        key("legal_basis", Kind::Table(&LEGAL_BASIS), Need::Required, "The law that it rests on."),
        key(
            "content",
            Kind::Word(Content::WORDS, &[]),
            Need::Required,
            "people: one line a person; cohort: one line for each person of a [[cohort]]; crosswalk: the record_ids of patients_of and whose each is; summary: the tables of summary/, after disclosure control.",
        ),
        key(
            "columns",
            Kind::Texts,
            Need::Optional,
            "people, cohort: the columns, and no other; `onefolk policy show` lists them.",
        ),
        key(
            "cohort",
            Kind::Text,
            Need::Optional,
            "cohort: the id of the [[cohort]]; a changed rule needs new approvals.",
        ),
        key(
            "identifiers",
            Kind::Word(Identifiers::WORDS, &[]),
            Need::Optional,
            "By what people can be told apart; none where absent.",
        ),
        key(
            "minimum_count",
            Kind::Whole(1, 1000),
            Need::Optional,
            "people without names: fewest who may share what a line says of them; 10 where absent.",
        ),
        key("valid_until", Kind::Date, Need::Required, "The last day on which it is made."),
        key(
            "approvals",
            Kind::Texts,
            Need::Required,
            "Roles of [[approver]] that must have agreed to this very definition; at least one here or in [policy].",
        ),
        key(
            "encrypt_to",
            Kind::Texts,
            Need::Optional,
            "Lines about people: age recipients (age1…) that the files are encrypted to.",
        ),
        key(
            "patients_of",
            Kind::Texts,
            Need::Optional,
            "people: only those known to one of these providers; crosswalk: whose records.",
        ),
        key("controller", Kind::Text, Need::Optional, "Of a processor: for whom it works."),
        key("contract", Kind::Text, Need::Optional, "Of a processor: under which contract."),
        key(
            "national_exemption",
            Kind::Word(Exemption::WORDS, &[]),
            Need::Optional,
            "Why the national data opt-out does not apply.",
        ),
        key("exemption_reference", Kind::Text, Need::Optional, "The document that says so."),
        key(
            "pseudonym_generation",
            Kind::Whole(1, GENERATIONS_MAX as i64),
            Need::Optional,
            "Raise it to give everybody a new pseudonym; 1 where absent. `onefolk keys rotate` does so without it, with a new secret.",
        ),
        key(
            "overlap",
            Kind::Flag,
            Need::Optional,
            "true gives the recipient a table from the pseudonyms that they had before, of the generation or the secret before, to these; it needs encrypt_to.",
        ),
        key("issued_on", Kind::Texts, Need::Optional, "summary: the days on which it is issued, as ISO dates."),
        key(
            "issues_lost",
            Kind::Texts,
            Need::Optional,
            "summary: run_ids of issued tables that are lost from state/tables; whoever agrees takes it that these are not held against them.",
        ),
    ],
};
