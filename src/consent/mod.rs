//! What may be used at all, and what authorities have decided about numbers and people.
//!
//! In: [`Records`], the lists that the job names, and what humans have decided. Out: which rows are withheld, which numbers were replaced, which pairs may never be
//! linked. Always: a list that cannot be read whole stops the run (a night that ignores an objection is worse than none); no row
//! withheld here trains the model or reaches any output but withheld.parquet.

mod fingerprint;
mod held;
mod listed;
mod lists;
mod named;
mod opt_outs;
mod reader;
#[cfg(test)]
mod tests;
mod texts;

pub(crate) use fingerprint::fingerprint;
pub(crate) use held::Held;
pub(crate) use listed::ListHeld;
pub use lists::{Authority, read, read_seen, wrong};
pub(crate) use named::Key;
pub use opt_outs::{OptOuts, OptedOut, national_is_known, read_opt_outs, without_type_1};
pub(crate) use texts::numbers_in;

use crate::failure::{Code, Exit};
use crate::job::Field;
use crate::records::{MISSING, Records};

/// The codes this room raises (OF035x).
pub static CODES: &[&Code] = &[&LIST_UNUSABLE, &NUMBERS_REPLACED_IN_A_CIRCLE];

pub static LIST_UNUSABLE: Code = Code {
    id: "OF0350",
    exit: Exit::InputUnusable,
    title: "a list of objections, replaced numbers or pairs to keep apart cannot be used",
    next_step: "Correct the file and line that the message names, then run again; nothing was published",
    explanation: "Lists named by [[opt_out]], [[nhs_number_replaced]] and [[never_link]] are read whole before anything is linked. One \
                  line that cannot be understood stops the run, because going on without it could use or join what must not be. \
                  [[opt_out]] files are CSV with a header: nhs_number, or provider,record_id; optionally from,until as ISO dates, \
                  from not after until. Other columns are passed over, but not one that is called nearly from or until, nor cells \
                  beyond those of the header: somebody who stood there would be passed over, too. \
                  [[nhs_number_replaced]] files hold old,new. [[never_link]] files hold two keys a line, each an NHS number or \
                  provider:record_id. A record of a provider with record_id = \"row_number\" cannot be named: its number is another \
                  row's in the next extract.",
};

pub static NUMBERS_REPLACED_IN_A_CIRCLE: Code = Code {
    id: "OF0351",
    exit: Exit::InputUnusable,
    title: "replaced NHS numbers lead round in a circle",
    next_step: "Ask the authority that issued the list for a corrected one, then run again; nothing was published",
    explanation: "Following old,new from line to line must end at a number that is not replaced itself.",
};

/// Why a row may not be used (DESIGN section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum WithheldReason {
    /// Named by a local objection.
    LocalObjection,
    /// Not named, but of the same person.
    LocalObjectionLinked,
    /// The row carries a withheld-identity reason: counted, never linked.
    WithheldIdentity,
    /// A human has decided that the row is no person's.
    NotAPerson,
}

impl WithheldReason {
    pub fn word(self) -> &'static str {
        match self {
            WithheldReason::LocalObjection => "local_objection",
            WithheldReason::LocalObjectionLinked => "local_objection_linked",
            WithheldReason::WithheldIdentity => "withheld_identity",
            WithheldReason::NotAPerson => "not_a_person",
        }
    }
}

/// A row that may not be used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Withheld {
    pub extract: u32,
    pub provider: u16,
    pub record_id: String,
    pub source_row: u32,
    pub reason: WithheldReason,
}

/// Rows that carry a withheld-identity reason.
pub fn withheld_identities(records: &Records) -> Vec<bool> {
    (0..records.len()).map(|row| records.value(Field::WithheldIdentityReason, row).is_some()).collect()
}

/// Takes the marked rows out of `records`.
pub fn withhold(records: &mut Records, marked: &[bool], reason: WithheldReason, withheld: &mut Vec<Withheld>) {
    withhold_all(records, &[(marked, reason)], withheld);
}

/// The same for several reasons at once: columns move once, not once a reason. No row is marked twice. Gives which rows stay.
pub fn withhold_all(
    records: &mut Records,
    marks: &[(&[bool], WithheldReason)],
    withheld: &mut Vec<Withheld>,
) -> Vec<bool> {
    let mut stays = vec![true; records.len()];
    let before = withheld.len();
    for &(marked, reason) in marks {
        for row in (0..records.len()).filter(|&row| marked[row]) {
            stays[row] = false;
            withheld.push(Withheld {
                extract: records.extract[row],
                provider: records.provider[row],
                record_id: records.record_id.get(row).to_string(),
                source_row: records.source_row[row],
                reason,
            });
        }
    }
    if withheld.len() > before {
        records.retain(&stays);
        withheld.sort_by_key(|row| (row.extract, row.source_row));
    }
    stays
}

/// Rewrites replaced numbers to the ones that stand today.
pub fn replace_numbers(records: &mut Records, authority: &Authority) -> u64 {
    let Some(column) = records.clean.get_mut(&Field::NhsNumber) else { return 0 };
    let mut translate: Vec<u32> = (0..column.values.len() as u32).collect();
    for (old, new) in &authority.replaced {
        if let Some(code) = column.values.find(old) {
            translate[code as usize] = column.values.intern(new);
        }
    }
    let now = |code: u32| if code == MISSING { MISSING } else { translate[code as usize] };
    let changed = column.codes.iter().filter(|&code| now(code) != code).count() as u64;
    if changed > 0 {
        column.codes = column.codes.translated(column.values.len(), now);
    }
    changed
}
