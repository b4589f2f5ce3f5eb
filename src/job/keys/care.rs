//! The tables of the job file about packages of care: `[[provider.package]]`, `[care]`.

use super::{Kind, Need, Table, key};

pub(in crate::job) static PACKAGE: Table = Table {
    heading: "[[provider.package]]",
    keys: &[
        key("service", Kind::Source, Need::Required, "What is given, such as home care; values may be translated."),
        key(
            "need",
            Kind::Source,
            Need::Optional,
            "What it is for; the service where absent. Values may be translated.",
        ),
        key("start", Kind::Source, Need::Required, "The first day."),
        key("end", Kind::Source, Need::Optional, "The last day; nothing there means that it goes on."),
        key("planned_until", Kind::Source, Need::Optional, "The day up to which it is planned."),
        key(
            "ended_because",
            Kind::Source,
            Need::Optional,
            "Why it ended; need_met, moved_away and died say that nothing has to follow.",
        ),
    ],
};

static RULE: Table = Table {
    heading: "[[care.rule]]",
    keys: &[
        key("id", Kind::Text, Need::Required, "Short name: lower-case letters, digits and hyphens."),
        key("name", Kind::Text, Need::Optional, "Name for people to read; default the id."),
        key(
            "where",
            Kind::Text,
            Need::Required,
            "Who should have a package: a rule in the Common Expression Language over the columns of people.parquet, but for those of \
             packages and segments.",
        ),
        key("need", Kind::Text, Need::Required, "The need that the package should be for."),
    ],
};

pub(in crate::job) static CARE: Table = Table {
    heading: "[care]",
    keys: &[
        key(
            "successor_days",
            Kind::Whole(0, 3650),
            Need::Default("28"),
            "A package that ended more than so many days ago with none after it for its need ended without a successor.",
        ),
        key(
            "ended_within",
            Kind::Span,
            Need::Default("\"12 months\""),
            "Only packages that ended within this span before as_of are asked for a successor.",
        ),
        key("rule", Kind::List(&RULE), Need::Optional, "Who should have a package for which need."),
    ],
};
