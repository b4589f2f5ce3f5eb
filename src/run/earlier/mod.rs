//! An earlier run as it may stand today: its tables, its accounts and its report, without whom a local objection names.
//!
//! In: a kept run, and [`Today`]: what is known today of who may be published. Out: the run's files anew, in a draft. Always: whoever
//! objects, or is of one person with them, is in no table but withheld.parquet; of whoever is marked sensitive no table but the crosswalk tells a
//! place; and every row is still in exactly one of crosswalk, quarantine and withheld. Nothing is linked anew, and nothing of the run itself is changed.

mod alike;
mod care;
mod changes;
mod cohorts;
mod facts;
mod obeyed;
mod standing;
mod tables;
mod today;
mod told;

pub(super) use alike::alike;
pub(super) use changes::{ChangesLeft, changes_left, write_changes};
pub(super) use cohorts::{write_cohort_changes, write_cohorts};
pub(super) use facts::{Earlier, segment_set, summary, write_summary};
pub(super) use obeyed::Obeyed;
pub(super) use standing::{KEPT_APART_TODAY, Standing};
pub(super) use tables::{Rebuilt, each_row_that_stays, texts_object, write, write_then};
pub(super) use today::Today;
