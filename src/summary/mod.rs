//! What a run shows to others: one page to read, and the same counts as tidy CSV.
//!
//! In: [`Facts`], plain columns that the driver fills. Out: [`Summary`], the bytes of `report.html` and of `summary/*.csv`.
//! Always: every count passes [`disclosure`] before a page or a file sees it (they take [`disclosure::Shown`], which nothing else
//! makes); the same facts give the same bytes on any number of threads; the page asks nothing of any other place and runs no script.

mod advice;
#[cfg(test)]
mod attack;
mod cells;
mod count;
pub mod disclosure;
mod facts;
mod figures;
pub(crate) mod page;
pub(crate) mod pictures;
mod tables;

pub(crate) use cells::rows_name;
pub use facts::{
    Changes, Estimate, EthnicGroup, Facts, FieldQuality, Linkage, NO_AREA, People, Provider, Sex, Status,
    postcode_district,
};

/// The finished summary of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The bytes of `report.html`.
    pub report_html: String,
    /// Name and bytes of each file of `summary/`.
    pub csv: Vec<(String, Vec<u8>)>,
}

/// Counts, protects and draws. Takes a few seconds for millions of people.
pub fn build(facts: &Facts) -> Summary {
    let figures = figures::Figures::new(facts, &count::count(facts));
    Summary { report_html: page::render(&figures).into_string(), csv: tables::all(&figures) }
}

#[cfg(test)]
mod tests;
