//! What each table of `summary/` is: its file and its columns, each with meaning, unit and suppression rule.

use super::over_time;

/// Stands for what the preset says of counts, and of counts among which are totals.
pub(super) const RULE: &str = "rule";
pub(super) const LOOSE: &str = "rule of totals";
const FROM_SHOWN: &str = "from the rounded counts; empty where one of them is hidden or zero";
const NONE: &str = "none: not a count of people";

/// One table: the name of its file and its columns, each with meaning, unit and suppression rule.
pub(super) struct Shape {
    pub file: &'static str,
    pub columns: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

const AGE_SEX: Shape = Shape {
    file: "people_by_age_sex.csv",
    columns: &[
        ("age_band", "Age in whole years at the date of the run", "five-year band", NONE),
        ("sex", "Sex of the best record", "word", NONE),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const AREA: Shape = Shape {
    file: "people_by_area.csv",
    columns: &[
        (
            "area",
            "Outward postcode of the best record, or places with too few people each, together",
            "postcode district",
            NONE,
        ),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const PROVIDERS: Shape = Shape {
    file: "providers.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("name", "Name in the job file", "text", NONE),
        ("setting", "Kind of care", "word", NONE),
        ("days_old", "Age of the records where the last good extracts stand in; else empty", "days", NONE),
        ("records", "Rows that were linked to a person", "rows", RULE),
        ("people", "People with at least one linked row", "people", RULE),
        ("quarantined", "Rows that could not be used", "rows", RULE),
        ("withheld", "Rows that may not be used", "rows", RULE),
    ],
};
const OVERLAP: Shape = Shape {
    file: "provider_overlap.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("other_provider", "Identifier in the job file", "identifier", NONE),
        (
            "people",
            "People known to both; where counts are not rounded, only of providers that are alone in their kind of care",
            "people",
            RULE,
        ),
        ("percent_of_provider", "Share of the provider's people", "percent", FROM_SHOWN),
    ],
};
const QUARANTINE: Shape = Shape {
    file: "quarantine.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("code", "Why the row could not be used", "word", NONE),
        ("rows", "Rows", "rows", RULE),
    ],
};
const QUALITY: Shape = Shape {
    file: "data_quality.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("field", "Field in the job file", "word", NONE),
        ("records", "Rows that were linked to a person", "rows", RULE),
        ("filled", "Of these, rows with any value", "rows", RULE),
        ("usable", "Of these, rows whose value could be used after cleaning", "rows", RULE),
        ("filled_percent", "Share of records with any value", "percent", FROM_SHOWN),
        ("usable_percent", "Share of records with a usable value", "percent", FROM_SHOWN),
    ],
};
const GROUPS: Shape = Shape {
    file: "people_by_group.csv",
    columns: &[
        ("measure", "status, ethnic_group, known_to, settings, or accounts (rows)", "word", NONE),
        ("group", "The group", "text", NONE),
        (
            "count",
            "People; of the ethnic groups those registered or known here, neither left nor died; of the accounts rows",
            "people or rows",
            LOOSE,
        ),
    ],
};
const SEGMENTS: Shape = Shape {
    file: "segments.csv",
    columns: &[
        ("segment_set", "Identifier in the job file", "identifier", NONE),
        ("segment", "Identifier in the job file or the preset; empty where it is not known", "identifier", NONE),
        ("name", "Name of the segment", "text", NONE),
        ("age_band", "Age in whole years at the date of the run, or All", "band", NONE),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const COHORTS: Shape = Shape {
    file: "cohorts.csv",
    columns: &[
        ("cohort", "Identifier in the job file", "identifier", NONE),
        ("name", "Name in the job file", "text", NONE),
        ("people", "People who meet its rule", "people", RULE),
        ("entered", "Of these, not in it in the run before; empty where that had no such cohort", "people", RULE),
        ("left", "In it in the run before, and not any more; empty where that had no such cohort", "people", RULE),
    ],
};
const LINKAGE: Shape = Shape {
    file: "linkage_quality.csv",
    columns: &[
        ("by", "age, sex, or ethnic_group", "word", NONE),
        ("group", "The group, of those registered or known here", "text", NONE),
        ("people", "People who were put together from several records", "people", RULE),
        (
            "expected_wrong_per_1000",
            "Of 1,000 of them, how many the program expects to hold a record of somebody else: its own estimate",
            "people of 1,000",
            "empty where the group is hidden or has under 100 people",
        ),
    ],
};
pub(super) const OVER_TIME: Shape = Shape {
    file: over_time::FILE,
    columns: &[
        ("run", "The run that printed the line", "identifier", NONE),
        ("as_of", "The date of that run", "date", NONE),
        ("measure", "everybody, status, accounts (rows), or cohort", "word", NONE),
        ("group", "Which status, account or cohort", "identifier", NONE),
        (
            "rule",
            "Of a cohort, the beginning of its rule's hash: figures of other rules are not alike",
            "identifier",
            NONE,
        ),
        ("name", "The group in words", "text", NONE),
        ("count", "People; of the accounts rows", "people or rows", LOOSE),
        ("printed_under", "What that run hid, and to what it rounded", "identifier", NONE),
    ],
};
const PACKAGES: Shape = Shape {
    file: "packages.csv",
    columns: &[
        (
            "measure",
            "with_package, two_providers, ended_without_successor, should_have or gap: docs/care.md says what each counts",
            "word",
            NONE,
        ),
        ("need", "What a package is for, as the job translates it; empty for any", "text", NONE),
        ("rule", "Care rule of the job file; empty where it is none's", "identifier", NONE),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const END_OF_LIFE: Shape = Shape {
    file: "end_of_life.csv",
    columns: &[
        (
            "measure",
            "on_register, wishes_recorded, wishes_known_to_last; died, admitted (unplanned, in the last days), both_places_known, \
             died_where_wished: docs/care.md says what each counts",
            "word",
            NONE,
        ),
        (
            "group",
            "Of those who died: what was known of their wishes, or the place where they wished to die; empty for all",
            "text",
            NONE,
        ),
        ("people", "People; of the register those registered or known here", "people", RULE),
    ],
};
pub(super) const DICTIONARY: Shape = Shape {
    file: "dictionary.csv",
    columns: &[
        ("file", "File of this folder", "name", NONE),
        ("column", "Column of that file", "name", NONE),
        ("meaning", "What it says", "text", NONE),
        ("unit", "What is counted, or the kind of value", "text", NONE),
        ("suppression", "How small counts are protected", "text", NONE),
    ],
};
pub(super) const SHAPES: [&Shape; 14] = [
    &AGE_SEX,
    &AREA,
    &GROUPS,
    &SEGMENTS,
    &COHORTS,
    &OVER_TIME,
    &PACKAGES,
    &END_OF_LIFE,
    &PROVIDERS,
    &OVERLAP,
    &QUARANTINE,
    &QUALITY,
    &LINKAGE,
    &DICTIONARY,
];
