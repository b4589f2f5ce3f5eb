//! What may stand in a job file: every table, key, type, default and meaning.
//!
//! This description drives both the checker (`shape`) and the JSON Schema (`schema`), so that they cannot drift.

pub(super) mod care;
pub(super) mod end_of_life;
pub(super) mod people;
pub(super) mod release;

/// A table of the job file.
pub(super) struct Table {
    /// As a user writes it: `[[provider]]`.
    pub heading: &'static str,
    pub keys: &'static [Key],
}

pub(super) struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub need: Need,
    /// What it means, for the schema and for `init`.
    pub doc: &'static str,
}

#[derive(Clone, Copy)]
pub(super) enum Need {
    Required,
    Optional,
    /// Optional with this value where absent, as JSON.
    Default(&'static str),
    /// Designed, but not in this version: always refused, never silently accepted.
    Later,
}

/// What a value may be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// One text or a list of at least one.
    Texts,
    /// One of these words; the second list holds words of later versions.
    Word(&'static [&'static str], &'static [&'static str]),
    Flag,
    /// A whole number, both ends included.
    Whole(i64, i64),
    /// A number, both ends included.
    Real(f64, f64),
    /// `"2 %"` or 0.02.
    Share,
    /// A TOML date or its text.
    Date,
    /// One ASCII character, or `"tab"`.
    Character,
    /// `"12 months"`.
    Span,
    /// `"8 GiB"`.
    Size,
    Table(&'static Table),
    /// `[[name]]`.
    List(&'static Table),
    /// A table whose keys are chosen by the job.
    Map(Names, &'static Kind),
    /// A column, a list of columns, or a table of [`SOURCE`].
    Source,
}

/// What the keys of a [`Kind::Map`] are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Built-in fields and the names of `[field.NAME]`.
    Fields,
    /// New names: a lower-case letter, then lower-case letters, digits and `_`.
    New,
    /// Whatever stands in the data.
    Raw,
}

pub(super) const fn key(name: &'static str, kind: Kind, need: Need, doc: &'static str) -> Key {
    Key { name, kind, need, doc }
}

const fn later(name: &'static str) -> Key {
    Key { name, kind: Kind::Text, need: Need::Later, doc: "" }
}

const SETTINGS: [&str; super::Setting::ALL.len()] = {
    let mut words = [""; super::Setting::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = super::Setting::ALL[index].word();
        index += 1;
    }
    words
};

pub(super) static ROOT: Table = Table {
    heading: "the job file",
    keys: &[
        key(
            "job",
            Kind::Table(&JOB),
            Need::Required,
            "What this run is called, where its output goes and as of which day it counts.",
        ),
        key("provider", Kind::List(&PROVIDER), Need::Required, "An organisation that sends extracts."),
        key(
            "field",
            Kind::Map(Names::New, &Kind::Table(&FIELD)),
            Need::Optional,
            "Matching fields beyond the built-in ones.",
        ),
        key("model", Kind::Table(&MODEL), Need::Optional, "The model that runs link with, frozen between trainings."),
        key("cluster", Kind::Table(&CLUSTER), Need::Optional, "When records become one person."),
        key("gates", Kind::Table(&GATES), Need::Optional, "Limits; a run that breaks one publishes nothing."),
        key("opt_out", Kind::List(&OPT_OUT), Need::Optional, "People whose records may not be used."),
        key(
            "nhs_number_replaced",
            Kind::List(&NHS_NUMBER_REPLACED),
            Need::Optional,
            "NHS numbers that the authority replaced: CSV files, old,new.",
        ),
        key(
            "never_link",
            Kind::List(&NEVER_LINK),
            Need::Optional,
            "Pairs that are never one person: CSV files, two keys a line (provider:record_id or an NHS number).",
        ),
        key("policy", Kind::Table(&release::POLICY), Need::Optional, "Rules for what leaves."),
        key("approver", Kind::List(&release::APPROVER), Need::Optional, "Somebody whose agreement to releases counts."),
        key("release", Kind::List(&release::RELEASE), Need::Optional, "What one recipient gets for one purpose."),
        key("cohort", Kind::List(&people::COHORT), Need::Optional, "People who meet a rule."),
        key("segment_set", Kind::List(&people::SEGMENT_SET), Need::Optional, "Groups that part everybody."),
        key(
            "care",
            Kind::Table(&care::CARE),
            Need::Optional,
            "Packages of care: who should have one, and what must follow one.",
        ),
        key(
            "end_of_life",
            Kind::Table(&end_of_life::END_OF_LIFE),
            Need::Optional,
            "Which carried facts tell of the end of life.",
        ),
        key("reference", Kind::Table(&people::REFERENCE), Need::Optional, "Files that say what is known of places."),
        later("report"),
    ],
};

pub(super) static JOB: Table = Table {
    heading: "[job]",
    keys: &[
        key("name", Kind::Text, Need::Optional, "Shown in the report and in run.json; default the job file's name."),
        key("output", Kind::Text, Need::Default("\"out\""), "Folder that holds runs/, current and state/."),
        key("as_of", Kind::Date, Need::Optional, "Reference date for ages, windows and opt-outs; default today (UTC)."),
        key("threads", Kind::Whole(0, 1024), Need::Default("0"), "Threads to use; 0 = all cores."),
        key(
            "test_numbers",
            Kind::Word(&["auto", "accept", "refuse"], &[]),
            Need::Default("\"auto\""),
            "NHS numbers 900-999: auto accepts them when at least half of the job's valid numbers lie there.",
        ),
        key(
            "keep_runs",
            Kind::Whole(1, 10_000),
            Need::Default("14"),
            "Runs kept below runs/, the current one included; older ones are removed once a new one is published.",
        ),
        key(
            "id_key_file",
            Kind::Text,
            Need::Optional,
            "File with the key of the person_ids; default: made in state/ on the first run.",
        ),
        key(
            "audit_key_file",
            Kind::Text,
            Need::Optional,
            "File with the private key that signs the audit (`onefolk keys new`); default: made in state/ on the first run.",
        ),
        key(
            "encryption_key_file",
            Kind::Text,
            Need::Optional,
            "File with the key that runs/ and state/ of the output are encrypted with (`onefolk keys new --encryption`).",
        ),
        key(
            "encryption_key_env",
            Kind::Text,
            Need::Optional,
            "The same key in a variable of the environment: its name, such as \"ONEFOLK_KEY\".",
        ),
        key(
            "memory_limit",
            Kind::Size,
            Need::Optional,
            "Memory that a run may take, such as \"8 GiB\": above it columns and pairs wait on disk; a run that cannot fit ends before it links.",
        ),
    ],
};

pub(super) static PROVIDER: Table = Table {
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
            Kind::List(&care::PACKAGE),
            Need::Optional,
            "Columns that hold a package of care, one a row; several groups where a row holds several.",
        ),
    ],
};

pub(super) static LAYOUT: Table = Table {
    heading: "layout",
    keys: &[
        key("column", Kind::Text, Need::Required, "Name of the column."),
        key("start", Kind::Whole(1, 1_000_000), Need::Required, "First character, counted from 1."),
        key("width", Kind::Whole(1, 1_000_000), Need::Required, "Number of characters."),
    ],
};

pub(super) static SOURCE: Table = Table {
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

pub(super) static VERIFIED_BY: Table = Table {
    heading: "verified_by",
    keys: &[
        key("column", Kind::Text, Need::Required, "The status column."),
        key("values", Kind::Texts, Need::Required, "Its values that mean verified, such as \"01\"."),
    ],
};

pub(super) static DELETED: Table = Table {
    heading: "deleted",
    keys: &[
        key("column", Kind::Text, Need::Required, "The column that marks them."),
        key("values", Kind::Texts, Need::Required, "Its values that mean gone, such as \"D\"."),
    ],
};

pub(super) static CARRY: Table = Table {
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

pub(super) static FIELD: Table = Table {
    heading: "[field.NAME]",
    keys: &[key(
        "kind",
        Kind::Word(&["identifier", "name", "date", "category", "text", "number"], &[]),
        Need::Required,
        "How its values are compared.",
    )],
};

pub(super) static MODEL: Table = Table {
    heading: "[model]",
    keys: &[key(
        "file",
        Kind::Text,
        Need::Optional,
        "Where `onefolk train` writes the model and every run reads it (state/model.json below the output where the job does not say); or \
         Splink's settings JSON, as `save_model_to_json` writes it.",
    )],
};

pub(super) static CLUSTER: Table = Table {
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

pub(super) static GATES: Table = Table {
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

pub(super) static OPT_OUT: Table = Table {
    heading: "[[opt_out]]",
    keys: &[
        key(
            "kind",
            Kind::Word(&["local", "type_1", "national"], &[]),
            Need::Required,
            "local: withheld before matching. type_1: no general practice rows beyond direct care. national: no lines in \
             person-level releases for planning, research and audit.",
        ),
        key(
            "files",
            Kind::Texts,
            Need::Required,
            "CSV files with a header: nhs_number, or provider,record_id; optional from,until (inclusive, ISO dates). \
             national: also one NHS number a line without a header, as the national service sends them.",
        ),
        key(
            "list",
            Kind::Word(&["allowed", "refused"], &[]),
            Need::Optional,
            "national: allowed (the numbers that came back from the check; nobody else may be used) or refused.",
        ),
        key("checked_on", Kind::Date, Need::Optional, "national: the day of the check."),
        key("valid_days", Kind::Whole(1, 21), Need::Optional, "national: how many days the check may be used; 21."),
    ],
};

pub(super) static NHS_NUMBER_REPLACED: Table = Table {
    heading: "[[nhs_number_replaced]]",
    keys: &[key("files", Kind::Texts, Need::Required, "CSV files: old,new, with or without a header.")],
};

pub(super) static NEVER_LINK: Table = Table {
    heading: "[[never_link]]",
    keys: &[key(
        "files",
        Kind::Texts,
        Need::Required,
        "CSV files, two keys a line: provider:record_id or an NHS number.",
    )],
};

impl Kind {
    /// The kind in a message: "`trust` must be …".
    pub(super) fn describe(&self) -> String {
        match self {
            Kind::Text => "text in quotes".into(),
            Kind::Texts => "text in quotes, or a list of texts".into(),
            Kind::Word(words, _) => format!("one of {}", quoted(words)),
            Kind::Flag => "true or false".into(),
            Kind::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Kind::Real(least, most) => format!("a number from {least} to {most}"),
            Kind::Share => "a share such as \"2 %\" or 0.02".into(),
            Kind::Date => "a date such as 2026-11-22".into(),
            Kind::Character => "one ASCII character in quotes, or \"tab\"".into(),
            Kind::Size => "a size from 1 MiB on, such as \"8 GiB\" or \"500 MB\"".into(),
            Kind::Span => "a span such as \"12 months\", \"90 days\" or \"2 years\"".into(),
            Kind::Table(table) => format!("a table ({})", table.heading),
            Kind::List(table) => format!("a list of tables ({})", table.heading),
            Kind::Map(..) => "a table".into(),
            Kind::Source => {
                "a column in quotes, a list of columns, or a table such as { column = \"DOB\", format = \"%d/%m/%Y\" }"
                    .into()
            }
        }
    }
}

/// `"a", "b", "c"`.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
