//! The tables of the job file about whom to look for: `[[cohort]]`.

use super::{Kind, Need, Table, key};
use crate::job::release::Purpose;

const RULE: &str = "A rule in the Common Expression Language over the columns of people.parquet, such as \
                    age >= 75 && unplanned_admissions_12m >= 2.";

pub(in crate::job) static COHORT: Table = Table {
    heading: "[[cohort]]",
    keys: &[
        key("id", Kind::Text, Need::Required, "Short name: lower-case letters, digits and hyphens; names its file."),
        key("name", Kind::Text, Need::Optional, "Name for people to read; default the id."),
        key("where", Kind::Text, Need::Required, RULE),
        key(
            "columns",
            Kind::Texts,
            Need::Optional,
            "Columns of people.parquet beside person_id; the columns that the rule looks at where absent.",
        ),
        key("purpose", Kind::Word(Purpose::WORDS, &[]), Need::Required, "What the cohort is for."),
        key(
            "order_by",
            Kind::Texts,
            Need::Optional,
            "Columns that order it, each with \" descending\" where the largest come first; unknown values come last.",
        ),
        key(
            "limit",
            Kind::Whole(1, 100_000_000),
            Need::Optional,
            "At most so many people, the first in the order; needs order_by.",
        ),
    ],
};
