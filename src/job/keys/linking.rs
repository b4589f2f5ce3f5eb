//! The tables of the job file about how records become people, and what stops a run: `[field.NAME]`, `[model]`, `[cluster]`, `[gates]`,
//! `[[nhs_number_replaced]]`, `[[never_link]]`.

use super::{Kind, Need, Table, key};

pub(in crate::job) static FIELD: Table = Table {
    heading: "[field.NAME]",
    keys: &[key(
        "kind",
        Kind::Word(&["identifier", "name", "date", "category", "text", "number"], &[]),
        Need::Required,
        "How its values are compared.",
    )],
};

pub(in crate::job) static MODEL: Table = Table {
    heading: "[model]",
    keys: &[key(
        "file",
        Kind::Text,
        Need::Optional,
        "Where `onefolk train` writes the model and every run reads it (state/model.json below the output where the job does not say); or \
         Splink's settings JSON, as `save_model_to_json` writes it.",
    )],
};

pub(in crate::job) static CLUSTER: Table = Table {
    heading: "[cluster]",
    keys: &[
        key(
            "false_link_cost",
            Kind::Real(0.001, 1_000_000.0),
            Need::Default("20"),
            "The cut minimises expected (cost x false + missed) links: 20 for care, 1 for research sets.",
        ),
        key(
            "threshold",
            Kind::Share,
            Need::Optional,
            "Instead of the cost: the average-link probability at which clusters stop merging.",
        ),
        key(
            "review_from",
            Kind::Share,
            Need::Default("0.8"),
            "Pairs from this probability up to the cut go to review.",
        ),
    ],
};

pub(in crate::job) static GATES: Table = Table {
    heading: "[gates]",
    keys: &[
        key("maximum_quarantined", Kind::Share, Need::Default("\"5 %\""), "Share of rows in quarantine."),
        key(
            "maximum_people_change",
            Kind::Share,
            Need::Default("\"10 %\""),
            "Change of the number of people against the run before, and share of them that may be gone or divided.",
        ),
        key(
            "maximum_provider_shrink",
            Kind::Share,
            Need::Default("\"20 %\""),
            "Share of a provider's rows that may be missing against the run before.",
        ),
        key(
            "maximum_column_change",
            Kind::Share,
            Need::Default("\"20 %\""),
            "Change, in percentage points, of how often a provider's column is filled or its values understood.",
        ),
        key(
            "maximum_merged",
            Kind::Share,
            Need::Default("\"2 %\""),
            "Share of the people of the run before who may be put together with others.",
        ),
        key(
            "maximum_impossible_rise",
            Kind::Share,
            Need::Default("\"0.5 %\""),
            "Rise, in percentage points, of the share of people with a history that cannot be, such as two dates of death.",
        ),
    ],
};

pub(in crate::job) static NHS_NUMBER_REPLACED: Table = Table {
    heading: "[[nhs_number_replaced]]",
    keys: &[key("files", Kind::Texts, Need::Required, "CSV files: old,new, with or without a header.")],
};

pub(in crate::job) static NEVER_LINK: Table = Table {
    heading: "[[never_link]]",
    keys: &[key(
        "files",
        Kind::Texts,
        Need::Required,
        "CSV files, two keys a line: provider:record_id or an NHS number.",
    )],
};
