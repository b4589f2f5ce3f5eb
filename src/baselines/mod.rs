//! How people are linked elsewhere: two published methods on the same records, to be measured beside ours.
//!
//! In: a [`Job`] and its standardised [`Records`]. Out: a [`Baseline`]: a [`Partition`] of the records, and how many records each step
//! decided. Always: every record belongs to exactly one person; the order of rows, files and threads changes nothing; time grows as
//! n log n (every look-up is by a key that holds a date of birth or a number).
//!
//! **`mps`** is the Master Person Service of NHS England, by which its data sets get their Person_ID (NHS England, "The Person_ID
//! Handbook"): cross-check, alphanumeric trace, algorithmic trace, MPS_ID bucket, one-time identifier, each as the handbook describes
//! it. The service traces every request against the Personal Demographics Service (PDS), which knows everybody in England; a job has
//! no PDS. What was adapted for that, and nothing else:
//!
//! - A *register* stands for PDS and is filled by the records themselves. PDS holds every number that was issued, so the records whose
//!   NHS number can be taken for issued (general practice has it, or a provider verified it, or two records have it) come first and
//!   open an entry for each new number. Then come all others with a valid date of birth, and last those without. Within each: general
//!   practice first, then by the provider's trust, then by content.
//! - Since everybody is in PDS, a record that finds nobody (steps 1 to 4) and gets an MPS_ID opens an entry too, and later records are
//!   traced against it; the bucket itself is left with few.
//! - The current values of an entry are those of the record that opened it, completed by the first record that has what is missing;
//!   the values of other matched records are historic. A previous family name is a historic name.
//! - Names are taken as they were sent and cleaned as the service cleans them; the parts of a full name, and all other fields, are
//!   taken standardised, since the service takes requests in its own formats only. The standardised address stands for the
//!   address key of the Postal Address File, `local_id` for the local patient identifier.
//! - Pet forms come from our list of given names, since the service's dictionary is not published.
//! - The handbook lets the algorithmic trace run where a date of birth, gender and postcode are valid "for at least one full block";
//!   here it runs where at least one of the four blocks is complete, which is the kinder reading.
//! - Left out: that a partial date of death lets the alphanumeric trace pass over its mandatory fields.
//!
//! **`deterministic`** is HESID, three passes of exact agreement (HESonline, "PSEUDO_HESID").
//!
//! Neither knows lists of pairs that may never be linked, nor rows that share a record_id: they see each row as it is.

mod bucket;
mod deterministic;
mod mps;
mod register;
mod requests;
mod score;
mod soundex;
#[cfg(test)]
mod tests;

use crate::clustering::Partition;
use crate::job::Job;
use crate::records::{MISSING, Records};

/// A published method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The Master Person Service.
    Mps,
    /// HESID's three passes.
    Deterministic,
}

impl Method {
    pub const ALL: [Method; 2] = [Method::Mps, Method::Deterministic];

    /// The word of the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Method::Mps => "mps",
            Method::Deterministic => "deterministic",
        }
    }

    /// The method with this word.
    pub fn from_word(word: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.word() == word)
    }
}

/// What decided a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    // The Master Person Service, in its order.
    Registered,
    CrossCheck,
    Alphanumeric,
    Algorithmic,
    Bucket,
    NewBucketRow,
    OneTime,
    // HESID.
    NumberPass,
    LocalIdPass,
    PostcodePass,
    NewPatient,
}

impl Step {
    const ALL: [Step; 7] = [
        Step::Registered,
        Step::CrossCheck,
        Step::Alphanumeric,
        Step::Algorithmic,
        Step::Bucket,
        Step::NewBucketRow,
        Step::OneTime,
    ];
    const PASSES: [Step; 4] = [Step::NumberPass, Step::LocalIdPass, Step::PostcodePass, Step::NewPatient];

    /// What the step did, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Step::Registered => "first record of an issued NHS number",
            Step::CrossCheck => "cross-check: NHS number and date of birth",
            Step::Alphanumeric => "alphanumeric trace",
            Step::Algorithmic => "algorithmic trace",
            Step::Bucket => "MPS_ID of an earlier record",
            Step::NewBucketRow => "new MPS_ID",
            Step::OneTime => "one-time identifier",
            Step::NumberPass => "pass 1: sex, date of birth, NHS number",
            Step::LocalIdPass => "pass 2: sex, date of birth, postcode, local identifier",
            Step::PostcodePass => "pass 3: sex, date of birth, postcode",
            Step::NewPatient => "no pass: new patient",
        }
    }
}

/// What a method made of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    pub partition: Partition,
    /// Records by the step that decided them, in the order of the steps.
    pub steps: Vec<(Step, u64)>,
}

impl Baseline {
    /// Numbers people in the order of the records; each record without a `group` ([`MISSING`]) is a person of its own.
    fn new(records: &Records, group: &[u32], steps: Vec<(Step, u64)>) -> Baseline {
        debug_assert_eq!(records.len(), group.len());
        let mut number_of: Vec<u32> =
            vec![MISSING; group.iter().filter(|g| **g != MISSING).max().map_or(0, |g| *g as usize + 1)];
        let mut people = 0;
        let mut next = || {
            people += 1;
            people - 1
        };
        let person = group
            .iter()
            .map(|&group| match group {
                MISSING => next(),
                group => {
                    let number = &mut number_of[group as usize];
                    if *number == MISSING {
                        *number = next();
                    }
                    *number
                }
            })
            .collect();
        Baseline { partition: Partition { person, people }, steps }
    }
}

/// Links `records` by a published method. About 3 µs a record on one core.
pub fn link(method: Method, job: &Job, records: &Records) -> Baseline {
    match method {
        Method::Mps => mps::link(job, records),
        Method::Deterministic => deterministic::link(job, records),
    }
}
