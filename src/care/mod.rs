//! Packages of care: those of all providers, one list a person; where two provide for one need, and where nobody does any more.
//!
//! In: records with columns of packages, and which records are one person. Out: [`Packages`], every package with where it stands on
//! `as_of`; [`overlaps`] and [`ended`], what follows for one person; [`CareCounts`], how many people that is. Always: a package that was
//! sent is there once, if only with what is wrong with it; what is wrong is never judged; the result does not depend on the number of
//! threads. Days are counted since 1970, and a package is there on its first and its last day.

mod counts;
mod judge;
mod package;
mod read;
#[cfg(test)]
mod tests;

pub use counts::{CareCounts, NeedCount, PersonCare, ProviderPackages, RuleCount};
pub use judge::{Overlap, Span, ended, overlaps};
pub use package::{Package, Problem, State};
pub use read::{Packages, People};
