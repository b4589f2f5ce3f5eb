//! Cohorts: the people who meet a rule of the job, in its order; who entered since the run before, and who left.
//!
//! In: `[[cohort]]` and the people of a run. Out: [`members`] of one, for whoever may have them; [`write()`] leaves `cohorts/<id>.parquet`
//! for the controller, and `cohort_changes.parquet` beside its folder. Always: nobody is in a cohort of whom it is not known that the rule holds; the order
//! depends on nothing but the columns and the person_id; whoever is marked sensitive is judged by what is shown of them, as if their place
//! were not known.

mod since;
mod table;

pub use since::Before;
pub(crate) use table::{CHANGES, file};
pub use table::{rewrite, write};

use crate::best_record::{People, column};
use crate::expression::Column;
use crate::failure::{Code, Exit};
use crate::identity::PersonId;
use crate::job::{Cohort, Order};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The codes this room raises (OF074x).
pub static CODES: &[&Code] = &[&NO_SUCH_COHORT];

pub(crate) static NO_SUCH_COHORT: Code = Code {
    id: "OF0740",
    exit: Exit::JobWrong,
    title: "there is no such cohort",
    next_step: "Name one of the ids that the message lists, as they stand in [[cohort]] of the job file",
    explanation: "`onefolk cohort JOB ID` makes one cohort anew from the run that stands. Its id is the `id` of a [[cohort]] of the job \
                  file.",
};

/// One cohort of a run, for run.json and the summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortCount {
    pub id: String,
    pub name: String,
    pub people: u64,
    /// People who were not in it in the run before; `None` where that run had no cohort of this definition.
    pub entered: Option<u64>,
    /// People who were in it then and are not any more.
    pub left: Option<u64>,
    /// Hash of the definition.
    pub definition: String,
}

/// The people of a cohort, by their dense numbers, in its order.
///
/// `person_ids` has one entry a person; `people` may be those of a run, or made anew for a release.
pub fn members(cohort: &Cohort, people: &People, person_ids: &[PersonId]) -> Vec<u32> {
    let holds = cohort.rule.holds(people.len(), |name| column(people, name));
    // Of whom no record is left there is nothing to meet a rule with.
    let chosen = (0..people.len()).filter(|&person| holds[person] && people.records[person] > 0);
    let mut chosen: Vec<u32> = chosen.map(|person| person as u32).collect();
    let order: Vec<(&Order, Column)> =
        cohort.order_by.iter().map(|order| (order, column(people, &order.column))).collect();
    let compare = |one: &u32, other: &u32| {
        let by_columns = order.iter().map(|(order, column)| by_column(order, column, *one as usize, *other as usize));
        let by_columns = by_columns.fold(Ordering::Equal, Ordering::then);
        by_columns.then_with(|| person_ids[*one as usize].as_str().cmp(person_ids[*other as usize].as_str()))
    };
    chosen.par_sort_unstable_by(compare);
    chosen.truncate(cohort.limit.unwrap_or(usize::MAX));
    chosen
}

/// What is not known comes last, whichever way the rest is ordered.
fn by_column(order: &Order, column: &Column, one: usize, other: usize) -> Ordering {
    fn known_first<T>(
        one: Option<T>,
        other: Option<T>,
        descending: bool,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) if descending => order(&other, &one),
            (Some(one), Some(other)) => order(&one, &other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        }
    }
    let descending = order.descending;
    match column {
        Column::Flag(value) => known_first(value(one), value(other), descending, Ord::cmp),
        Column::Number(value) => known_first(value(one), value(other), descending, f64::total_cmp),
        Column::Whole(value) => known_first(value(one), value(other), descending, Ord::cmp),
        Column::Date(value) => known_first(value(one), value(other), descending, Ord::cmp),
        Column::Text(code, values) => {
            let text = |row: usize| code(row).map(|code| values.get(code));
            known_first(text(one), text(other), descending, Ord::cmp)
        }
        Column::List(..) => unreachable!("the check lets no list order a cohort"),
    }
}
