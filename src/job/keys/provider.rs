//! The tables of the job file about who sends extracts, and how to read them: `[[provider]]` and what stands in it.

use super::care::PACKAGE;
use super::{Kind, Names, Need, Table, key};
use crate::job::Setting;

const SETTINGS: [&str; Setting::ALL.len()] = {
    let mut words = [""; Setting::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = Setting::ALL[index].word();
        index += 1;
    }
    words
};

pub(in crate::job) static PROVIDER: Table = Table {
    heading: "[[provider]]",
    keys: &[
        key("id", Kind::Text, Need::Required, "Short name: lower-case letters, digits and hyphens; never reused."),
        key("name", Kind::Text, Need::Optional, "Name for people to read; default the id."),
        key("setting", Kind::Word(&SETTINGS, &[]), Need::Required, "Care setting."),
        key("files", Kind::Texts, Need::Required, "Paths or globs of the extracts, relative to the job file."),
        key(
            "format",
            Kind::Word(&["auto", "csv", "parquet", "json_lines", "fixed_width", "xlsx"], &[]),
            Need::Default("\"auto\""),
            "auto finds format, dialect, encoding and compression from the data.",
        ),
        key("delimiter", Kind::Character, Need::Optional, "CSV: the character between values; \"tab\" for a tab."),
        key("quote", Kind::Character, Need::Optional, "CSV: the character around values."),
        key(
            "encoding",
            Kind::Text,
            Need::Optional,
            "A WHATWG label such as \"windows-1252\"; default found from the data.",
        ),
        key("header", Kind::Flag, Need::Optional, "false: the first line is data and columns are \"1\", \"2\", …"),
        key("skip_rows", Kind::Whole(0, 1_000_000), Need::Default("0"), "Lines before the header."),
        key("sheet", Kind::Text, Need::Optional, "XLSX: the sheet; default the first."),
        key("layout", Kind::List(&LAYOUT), Need::Optional, "Fixed width: the columns."),
        key(
            "trust",
            Kind::Whole(1, 5),
            Need::Optional,
            "1 to 5, where the best record must choose; default by setting.",
        ),
        key(
            "mode",
            Kind::Word(&["snapshot", "changes"], &[]),
            Need::Default("\"snapshot\""),
            "Whether the extracts hold all of the provider's records, or only what is new, changed or gone since those before.",
        ),
        key(
            "deleted",
            Kind::Table(&DELETED),
            Need::Optional,
            "mode = \"changes\": which rows say that a record is gone.",
        ),
        key(
            "one_record_per_person",
            Kind::Flag,
            Need::Default("false"),
            "true: two records of this provider are two people, or a reported duplicate.",
        ),
        key(
            "when_missing",
            Kind::Word(&["last", "stop", "without"], &[]),
            Need::Default("\"last\""),
            "An absent or unreadable extract: let the last good one stand, stop the run, or go on without this provider.",
        ),
        key(
            "stale_days",
            Kind::Whole(0, 3650),
            Need::Default("14"),
            "when_missing = \"last\": up to how many days old the last good records may be.",
        ),
        key(
            "columns",
            Kind::Map(Names::Fields, &Kind::Source),
            Need::Required,
            "Canonical field = column, list of columns to join, or table.",
        ),
        key(
            "carry",
            Kind::Map(Names::New, &Kind::Table(&CARRY)),
            Need::Optional,
            "Facts carried to the person, with the rule that combines them.",
        ),
        key(
            "package",
            Kind::List(&PACKAGE),
            Need::Optional,
            "Columns that hold a package of care, one a row; several groups where a row holds several.",
        ),
    ],
};

pub(in crate::job) static LAYOUT: Table = Table {
    heading: "layout",
    keys: &[
        key("column", Kind::Text, Need::Required, "Name of the column."),
        key("start", Kind::Whole(1, 1_000_000), Need::Required, "First character, counted from 1."),
        key("width", Kind::Whole(1, 1_000_000), Need::Required, "Number of characters."),
    ],
};

pub(in crate::job) static SOURCE: Table = Table {
    heading: "a column table",
    keys: &[
        key("column", Kind::Text, Need::Optional, "The column."),
        key("columns", Kind::Texts, Need::Optional, "Several columns, joined by one space."),
        key("format", Kind::Text, Need::Optional, "Date format such as \"%d/%m/%Y\"; default found from the data."),
        key(
            "values",
            Kind::Map(Names::Raw, &Kind::Text),
            Need::Optional,
            "Extends the built-in codes: value in the data = canonical value.",
        ),
        key("verified", Kind::Flag, Need::Optional, "nhs_number only: every number of this provider was traced."),
        key(
            "verified_by",
            Kind::Table(&VERIFIED_BY),
            Need::Optional,
            "nhs_number only: traced where another column says so.",
        ),
    ],
};

pub(in crate::job) static VERIFIED_BY: Table = Table {
    heading: "verified_by",
    keys: &[
        key("column", Kind::Text, Need::Required, "The status column."),
        key("values", Kind::Texts, Need::Required, "Its values that mean verified, such as \"01\"."),
    ],
};

pub(in crate::job) static DELETED: Table = Table {
    heading: "deleted",
    keys: &[
        key("column", Kind::Text, Need::Required, "The column that marks them."),
        key("values", Kind::Texts, Need::Required, "Its values that mean gone, such as \"D\"."),
    ],
};

pub(in crate::job) static CARRY: Table = Table {
    heading: "a carried fact",
    keys: &[
        key("column", Kind::Text, Need::Required, "The column."),
        key(
            "kind",
            Kind::Word(&["flag", "date", "number", "category", "list"], &[]),
            Need::Required,
            "What its values are.",
        ),
        key(
            "combine",
            Kind::Word(&["any", "all", "latest", "earliest", "sum", "count", "max", "union"], &[]),
            Need::Required,
            "How the values of one person become one.",
        ),
        key("format", Kind::Text, Need::Optional, "Date format such as \"%d/%m/%Y\" for kind = \"date\"."),
        key(
            "within",
            Kind::Span,
            Need::Optional,
            "Only facts dated within this span before as_of, such as \"12 months\".",
        ),
        key(
            "place",
            Kind::Flag,
            Need::Default("false"),
            "true: it tells where a person lives; hidden for whoever is marked sensitive, and in small groups of a release.",
        ),
    ],
};
