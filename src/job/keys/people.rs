//! The tables of the job file about whom to look for, and by what: `[[cohort]]`, `[[segment_set]]`, `[reference]`.

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

static SEGMENT: Table = Table {
    heading: "[[segment_set.segment]]",
    keys: &[
        key(
            "id",
            Kind::Text,
            Need::Required,
            "Short name: lower-case letters, digits and hyphens; a value of the column.",
        ),
        key("name", Kind::Text, Need::Optional, "Name for people to read; default the id."),
        key("where", Kind::Text, Need::Optional, RULE),
        key("otherwise", Kind::Flag, Need::Optional, "true, instead of where: everybody whom no other segment takes."),
    ],
};

pub(in crate::job) static SEGMENT_SET: Table = Table {
    heading: "[[segment_set]]",
    keys: &[
        key("id", Kind::Text, Need::Required, "Its column in people.parquet: lower-case letters, digits and `_`."),
        key("name", Kind::Text, Need::Optional, "Name for people to read; default the id, or the preset's name."),
        key(
            "preset",
            Kind::Word(&["frailty", "bridges_to_health", "london"], &[]),
            Need::Optional,
            "Segments that are built in, instead of the job's own.",
        ),
        key(
            "first_match",
            Kind::Flag,
            Need::Optional,
            "true: the first segment whose rule is true takes the person; false, the default: who meets two rules stops the run.",
        ),
        key("segment", Kind::List(&SEGMENT), Need::Optional, "Its segments: everybody is in exactly one."),
    ],
};

static POSTCODES: Table = Table {
    heading: "postcodes",
    keys: &[
        key(
            "file",
            Kind::Text,
            Need::Required,
            "The ONS postcode directory (ONSPD or NSPL) as CSV, packed with gzip or not.",
        ),
        key("postcode", Kind::Text, Need::Default("\"pcds\""), "Its column of postcodes."),
        key("lsoa", Kind::Text, Need::Optional, "Its column of small areas, such as \"lsoa21\"; becomes `lsoa`."),
        key("ward", Kind::Text, Need::Optional, "Its column of wards, such as \"osward\"; becomes `ward`."),
        key("icb", Kind::Text, Need::Optional, "Its column of integrated care boards, such as \"icb\"; becomes `icb`."),
    ],
};

static DEPRIVATION: Table = Table {
    heading: "deprivation",
    keys: &[
        key("file", Kind::Text, Need::Required, "The English indices of deprivation as CSV: a row a small area."),
        key("lsoa", Kind::Text, Need::Required, "Its column of small areas, of the same year as in postcodes."),
        key("decile", Kind::Text, Need::Required, "Its column of deciles, 1 the most deprived; becomes `imd_decile`."),
    ],
};

pub(in crate::job) static REFERENCE: Table = Table {
    heading: "[reference]",
    keys: &[
        key("postcodes", Kind::Table(&POSTCODES), Need::Required, "Where each postcode lies."),
        key(
            "deprivation",
            Kind::Table(&DEPRIVATION),
            Need::Optional,
            "How deprived each small area is; needs lsoa in postcodes.",
        ),
    ],
};
