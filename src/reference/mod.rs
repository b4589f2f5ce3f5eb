//! What is known of places: the small area, ward and board of a postcode, and how deprived a small area is.
//!
//! In: `[reference]` of the job, which points to files of the Office for National Statistics (its postcode directory) and of the ministry
//! that publishes the English indices of deprivation, and the postcodes that a run has. Out: [`Reference`], what they say of those
//! postcodes. Always: nothing is kept of postcodes that no record has; a postcode that is not listed has no place; the same files give
//! the same codes.

mod read;

pub use read::read;

use crate::failure::{Code, Exit};
use crate::records::{Dictionary, MISSING};
use rustc_hash::FxHashMap;

/// The codes this room raises.
pub static CODES: &[&Code] = &[&REFERENCE_UNUSABLE];

pub(super) static REFERENCE_UNUSABLE: Code = Code {
    id: "OF0380",
    exit: Exit::InputUnusable,
    title: "a reference file cannot be used",
    next_step: "Correct the file or the columns that [reference] names, as the message says, then run again; nothing was published",
    explanation: "[reference] of the job points to the postcode directory of the Office for National Statistics (ONSPD or NSPL) and to the \
                  table of the English indices of deprivation, both CSV, packed with gzip or not, and says in which of their columns what \
                  stands. A file could not be opened, is not CSV in UTF-8, or lacks one of these columns; or a decile is no whole number \
                  from 1 to 10.",
};

/// What one column of places says, one code a place.
#[derive(Debug, Clone, Default)]
pub struct Codes {
    /// [`MISSING`] where nothing is said.
    codes: Vec<u32>,
    values: Dictionary,
}

impl Codes {
    fn push(&mut self, value: Option<&str>) {
        let value = value.map(str::trim).filter(|value| !value.is_empty());
        self.codes.push(value.map_or(MISSING, |value| self.values.intern(value)));
    }

    /// Codes in the order of the dictionary's values.
    pub fn values(&self) -> &Dictionary {
        &self.values
    }
}

/// What the files say of the postcodes of a run.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    place: FxHashMap<String, u32>,
    /// Lower layer super output area, GSS code.
    pub lsoa: Option<Codes>,
    pub ward: Option<Codes>,
    pub icb: Option<Codes>,
    /// Decile of deprivation of each area in `lsoa`, 1 the most deprived; 0 where none is listed.
    pub decile: Option<Vec<u8>>,
}

impl Reference {
    /// The place of a postcode in its normal form ("NW10 4TL").
    pub fn place(&self, postcode: &str) -> Option<u32> {
        self.place.get(postcode).copied()
    }

    /// The decile of a place, 1 the most deprived.
    pub fn decile_of(&self, place: u32) -> Option<u8> {
        let area = self.lsoa.as_ref()?.codes[place as usize];
        self.decile
            .as_ref()
            .filter(|_| area != MISSING)
            .map(|decile| decile[area as usize])
            .filter(|decile| *decile > 0)
    }
}

impl Codes {
    /// The code of a place; [`MISSING`] where nothing is said.
    pub fn of(&self, place: u32) -> u32 {
        self.codes[place as usize]
    }
}
