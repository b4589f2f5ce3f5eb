//! The table of the job file about the end of life: `[end_of_life]`.

use super::{Kind, Names, Need, Table, key};

pub(in crate::job) static END_OF_LIFE: Table = Table {
    heading: "[end_of_life]",
    keys: &[
        key("on_register", Kind::Text, Need::Required, "The carried flag of whoever is on an end-of-life register."),
        key(
            "preferred_place_of_death",
            Kind::Text,
            Need::Required,
            "The carried category that says where somebody wishes to die.",
        ),
        key(
            "preferred_place_of_care",
            Kind::Text,
            Need::Optional,
            "The carried category that says where somebody wishes to be cared for.",
        ),
        key("place_of_death", Kind::Text, Need::Optional, "The carried category that says where somebody died."),
        key("decided_on", Kind::Text, Need::Optional, "The carried date on which wishes were decided or reviewed."),
        key(
            "unplanned_admission",
            Kind::Text,
            Need::Optional,
            "The carried date, of any combination, of unplanned admissions.",
        ),
        key(
            "last_days",
            Kind::Whole(1, 3650),
            Need::Default("90"),
            "Unplanned admissions in so many days before a death (or before as_of) are counted.",
        ),
        key(
            "died_within",
            Kind::Span,
            Need::Default("\"12 months\""),
            "Only deaths within this span before as_of are counted.",
        ),
        key(
            "places",
            Kind::Map(Names::Raw, &Kind::Text),
            Need::Optional,
            "What providers write for a place = the one word that the job has for it.",
        ),
    ],
};
