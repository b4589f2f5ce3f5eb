//! The end of life: who is on a register, what they wish, who knows of it, and whether it came so.
//!
//! In: the carried facts that `[end_of_life]` names, record by record, and the day of each person's death. Out: [`Wishes`], what every record
//! says of wishes, and [`Ending`], what follows for each person; [`EndOfLifeCounts`], how many people that is. Always: nothing that happened
//! after a death counts as having seen the person; what is not known stays not known; the result does not depend on the number of threads.

mod counts;
mod read;
#[cfg(test)]
mod tests;

pub use counts::{AdmissionCount, EndOfLifeCounts, GROUPS, PersonEnding, PlaceCount};
pub use read::{Ending, People, Seen, Wish, WishKind, Wishes, judge};
