//! What a run shows to others: one page to read, and the same counts as a workbook and as tidy CSV.
//!
//! In: [`Facts`], plain columns that the driver fills. Out: [`Summary`], the bytes of `report.html`, of `report.xlsx` and of `summary/*.csv`.
//! Always: every count passes [`disclosure`] before a page or a file sees it (they take [`disclosure::Shown`], which nothing else
//! makes); the same facts give the same bytes on any number of threads; the page asks nothing of any other place and runs no script.

mod advice;
#[cfg(test)]
mod attack;
mod care;
mod cells;
mod count;
pub mod disclosure;
mod end_of_life;
mod facts;
mod figures;
mod over_time;
pub(crate) mod page;
pub(crate) mod pictures;
mod shapes;
mod tables;
mod vega_lite;
mod workbook;

pub(crate) use cells::rows_name;
pub use facts::{
    Changes, Estimate, EthnicGroup, Facts, FieldQuality, Linkage, NO_AREA, People, Provider, SegmentSet, Sex, Status,
    postcode_district,
};
pub(crate) use over_time::FILE as OVER_TIME;
pub use over_time::Past;
use std::collections::BTreeSet;
pub(crate) use tables::for_others;

/// The finished summary of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The bytes of `report.html`.
    pub report_html: String,
    /// The bytes of `report.xlsx`: the tables of `summary/`, for whoever works with a spreadsheet.
    pub report_xlsx: Vec<u8>,
    /// Name and bytes of each file of `summary/`.
    pub csv: Vec<(String, Vec<u8>)>,
    /// Name and bytes of the Vega-Lite specification of each picture, beside the tables that they draw.
    pub pictures: Vec<(String, Vec<u8>)>,
    /// What later issues are to be held against. It holds exact counts: it is for the controller only.
    pub issued: disclosure::Issued,
    /// The providers whose number of linked rows the tables hide, so that nothing else tells it.
    pub records_hidden: BTreeSet<String>,
}

impl Summary {
    /// Name within the run and bytes of every file.
    pub fn files(&self) -> impl Iterator<Item = (String, &[u8])> {
        let page = [("report.html", self.report_html.as_bytes()), ("report.xlsx", &self.report_xlsx[..])];
        let page = page.map(|(name, bytes)| (name.to_string(), bytes));
        let beside = self.csv.iter().chain(&self.pictures);
        page.into_iter().chain(beside.map(|(name, bytes)| (format!("summary/{name}"), &bytes[..])))
    }
}

/// Counts, protects and draws. Takes a few seconds for millions of people.
pub fn build(facts: &Facts) -> Summary {
    let figures = figures::Figures::new(facts, &count::count(facts));
    let tables = tables::all(&figures);
    Summary {
        report_html: page::render(&figures).into_string(),
        report_xlsx: workbook::write(&figures, &tables),
        csv: tables.iter().map(|table| (table.shape.file.to_string(), tables::csv(table))).collect(),
        pictures: vega_lite::all(&figures),
        issued: figures.issued.clone(),
        records_hidden: figures.records_hidden(),
    }
}

#[cfg(test)]
mod tests;
