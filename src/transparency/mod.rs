//! transparency.html and transparency.md: what a run did with people's data, for the public and for lay partners, in plain English.
//!
//! In: [`Told`], facts of this very run. Out: the same page as HTML and as Markdown. Always: every count has passed disclosure control that
//! rounds, because there is a page every night; every sentence rests on a fact of the run, and where nothing is known the page says so; no
//! script, no request.

mod answers;
mod page;
mod pictures;
mod terms;
#[cfg(test)]
mod tests;

use crate::job::{PolicySettings, Release, Setting};
use crate::release::Outcome;
use crate::summary::disclosure::{Control, Shown};
use crate::summary::pictures::Picture;
use std::collections::{BTreeMap, BTreeSet};

/// An organisation that sends records.
#[derive(Debug, Clone)]
pub struct Sender<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub setting: Setting,
    /// Rows that stand in the crosswalk.
    pub records: u64,
}

/// How sure the run is of people who were put together from several records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doubt {
    /// People with more than one record.
    pub people: u64,
    /// How many of them are expected to hold a record of somebody else, by the calibrated probability of each one's weakest link.
    pub wrong: f64,
}

/// The same for the people of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupDoubt {
    /// Such as "women", or "people aged 65 and over".
    pub group: String,
    pub doubt: Doubt,
}

/// What the run before said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// Ids of what it released.
    pub released: BTreeSet<String>,
    /// Ids of the providers whose extracts it read.
    pub senders: BTreeSet<String>,
    pub refused: BTreeSet<String>,
    /// Hash of the definition of each release, by id.
    pub definitions: BTreeMap<String, String>,
}

/// The facts.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    pub job: &'a str,
    pub as_of: jiff::civil::Date,
    pub run_id: &'a str,
    /// How counts are protected in the tables; those of the page are rounded even where these are not.
    pub control: &'a Control,
    pub senders: Vec<Sender<'a>>,
    pub people: u64,
    /// As the job defines them, beside what became of each.
    pub releases: Vec<(&'a Release, &'a Outcome)>,
    /// What raises how many people have to be alike at least in a release.
    pub policy: &'a PolicySettings,
    /// Rows left out because somebody asked for it, and the people whose they are.
    pub local_rows: u64,
    pub local_people: u64,
    /// All rows that may not be used, which the tables tell.
    pub withheld_rows: u64,
    /// Providers whose number of records the tables hide.
    pub records_hidden: BTreeSet<String>,
    /// People with a type 1 opt-out, and with a national one.
    pub type_1: u64,
    pub national: u64,
    /// Small counts that whoever has earlier tables and knows every change since could tell.
    pub unproven: u64,
    pub doubt: Option<Doubt>,
    /// By age, sex and ethnic group.
    pub doubt_of_groups: Vec<GroupDoubt>,
    /// `None` on the first run.
    pub before: Option<Before>,
}

impl Told<'_> {
    /// What the page says of the count of this name.
    fn shown(&self, name: &str, count: u64) -> Shown {
        self.control.rounding().single(name, count)
    }
}

/// The page, twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transparency {
    pub html: String,
    pub markdown: String,
}

/// A heading and what is said below it.
struct Part {
    anchor: &'static str,
    heading: &'static str,
    sentences: Vec<String>,
    points: Vec<String>,
    picture: Option<Picture>,
}

/// Writes the page.
pub fn build(told: &Told) -> Transparency {
    let parts = answers::parts(told);
    Transparency { html: page::html(told, &parts), markdown: page::markdown(told, &parts) }
}
