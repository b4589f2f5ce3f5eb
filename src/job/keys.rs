//! What may stand in a job file: every table, key, type, default and meaning.
//!
//! This description drives both the checker (`shape`) and the JSON Schema (`schema`), so that they cannot drift.

pub(super) mod care;
pub(super) mod end_of_life;
pub(super) mod linking;
pub(super) mod people;
pub(super) mod provider;
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
    /// A column, a list of columns, or a table of [`provider::SOURCE`].
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

pub(super) static ROOT: Table = Table {
    heading: "the job file",
    keys: &[
        key(
            "job",
            Kind::Table(&JOB),
            Need::Required,
            "What this run is called, where its output goes and as of which day it counts.",
        ),
        key("provider", Kind::List(&provider::PROVIDER), Need::Required, "An organisation that sends extracts."),
        key(
            "field",
            Kind::Map(Names::New, &Kind::Table(&linking::FIELD)),
            Need::Optional,
            "Matching fields beyond the built-in ones.",
        ),
        key(
            "model",
            Kind::Table(&linking::MODEL),
            Need::Optional,
            "The model that runs link with, frozen between trainings.",
        ),
        key("cluster", Kind::Table(&linking::CLUSTER), Need::Optional, "When records become one person."),
        key("gates", Kind::Table(&linking::GATES), Need::Optional, "Limits; a run that breaks one publishes nothing."),
        key("opt_out", Kind::List(&OPT_OUT), Need::Optional, "People whose records may not be used."),
        key(
            "nhs_number_replaced",
            Kind::List(&linking::NHS_NUMBER_REPLACED),
            Need::Optional,
            "NHS numbers that the authority replaced: CSV files, old,new.",
        ),
        key(
            "never_link",
            Kind::List(&linking::NEVER_LINK),
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
        key(
            "threads",
            Kind::Whole(0, super::THREADS_MAX),
            Need::Default("0"),
            "Threads to use, eight a core at most; 0 = all cores.",
        ),
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
            Kind::Size => "a size from 1 MiB to 1024 TiB, such as \"8 GiB\" or \"500 MB\"".into(),
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
