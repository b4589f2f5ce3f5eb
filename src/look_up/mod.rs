//! From a name and a date of birth, as somebody says them, to the people of a run whom they may be about.
//!
//! In: a run that is being written (for the index), later a published one and a [`Query`] such as "jon smyth, 12/3/1950". Out: `find.index`
//! in the run's folder; [`Found`], the likeliest first. Always: the index holds nobody and nothing that people.parquet beside it does
//! not; the same people give the same bytes; a question reads what it needs and no more, so that asking takes hardly longer for a large
//! population than for a small one.
//!
//! How likely is told by bits as everywhere: what an agreement is worth is how rare it is among the people of the run, and a
//! difference costs what it says against their being one.

mod alike;
mod born;
mod build;
mod find;
mod index;
mod place;
mod query;
mod score;
#[cfg(test)]
mod tests;

pub use born::BornAlike;
pub(crate) use build::write_index;
pub use find::{Answer, Finder, Found};
pub use place::PlaceAlike;
pub use query::{CODES, Query};
