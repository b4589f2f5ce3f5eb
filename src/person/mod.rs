//! One person, as the current run knows them: found by name and date of birth, and shown on one page.
//!
//! In: a job with a current run, and a question or a person_id. Out: an [`Answer`], a [`PersonPage`]; both print as text and as JSON, the page as
//! HTML too. Always: whoever objects today is nobody here, though the run still has them; what the reader must know before relying on
//! the page (its date, the age of each feed, what records disagree in, what waits for review) comes first; names, dates, numbers and
//! places are shown only where they were asked for; whoever is found or shown is in the audit first, and whether identifiers were; of a sensitive person neither place nor provider
//! is shown, as if none were known. Sensitivity is as the run found it: today's extracts are not read.

mod asked;
mod packages;
mod page;
mod shown;
mod shown_html;
mod time_line;
mod wishes;

pub use crate::look_up::{Answer, BornAlike, Found, PlaceAlike, Query};
pub use asked::{Asking, find};
pub use packages::{OverlapLine, PackageLine, Packages};
pub use page::{Bond, Feed, FieldLine, OptOutsLine, PersonPage, ProviderLine, Waiting, page};
pub use wishes::{WishLine, WishesOfPerson};
