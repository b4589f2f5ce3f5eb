//! Opt-outs that act on what is released: type 1 and national.
//!
//! They act on the person: one named record or number is enough for everything that is linked to it tonight. Nothing of them is kept: they
//! are read anew whenever something is released.

use super::Authority;
use super::listed::{AllListed, NATIONAL, TYPE_1};
use super::named::Named;
use super::reader::Reader;
use crate::clustering::Partition;
use crate::failure::{Failure, Result};
use crate::job::{Field, Job, NationalList, OptOut, Setting};
use crate::records::{MISSING, Records};
use jiff::civil::Date;

/// What the lists say.
#[derive(Debug, Default)]
pub struct OptOuts {
    pub(super) type_1: Named,
    pub(super) national: Vec<(NationalList, Named)>,
    /// Who stands on which list, of whoever refuses.
    pub(super) listed: AllListed,
}

/// Whom the opt-outs are of, one entry a person.
#[derive(Debug, Clone, Default)]
pub struct OptedOut {
    pub type_1: Vec<bool>,
    pub national: Vec<bool>,
}

/// Reads the lists of both kinds.
///
/// # Errors
/// OF0350 where a line cannot be understood.
pub fn read_opt_outs(job: &Job, authority: &Authority) -> Result<OptOuts> {
    let (opt_outs, wrong) = gather(job, authority);
    wrong.into_iter().next().map_or(Ok(opt_outs), Err)
}

/// What every list says that can be read whole, and why the others cannot.
pub(super) fn gather(job: &Job, authority: &Authority) -> (OptOuts, Vec<Failure>) {
    let (mut reader, mut opt_outs, mut wrong) = (Reader::new(job), OptOuts::default(), Vec::new());
    for opt_out in &job.opt_outs {
        match opt_out {
            OptOut::Type1 { files } => {
                for path in files {
                    let listed = Some(opt_outs.listed.list(job, TYPE_1, path));
                    wrong.extend(reader.named(path, &authority.replaced, false, &mut opt_outs.type_1, listed).err());
                }
            }
            OptOut::National { files, list, .. } => {
                let mut named = Named::default();
                for path in files {
                    let listed = match list {
                        NationalList::Refused => Some(opt_outs.listed.list(job, NATIONAL, path)),
                        NationalList::Allowed => None,
                    };
                    wrong.extend(reader.named(path, &authority.replaced, true, &mut named, listed).err());
                }
                opt_outs.national.push((*list, named));
            }
        }
    }
    (opt_outs, wrong)
}

/// Is there an answer of the national service, and is it young enough on `as_of`? In words what is wrong otherwise.
pub fn national_is_known(job: &Job, as_of: Date) -> std::result::Result<(), String> {
    let mut known = false;
    for opt_out in &job.opt_outs {
        let OptOut::National { checked_on, valid_days, .. } = opt_out else { continue };
        let age = as_of.since(*checked_on).map_or(i64::MAX, |span| i64::from(span.get_days()));
        if !(0..=i64::from(*valid_days)).contains(&age) {
            return Err(format!(
                "the national opt-out was checked on {checked_on}, which is not within {valid_days} days"
            ));
        }
        known = true;
    }
    if known { Ok(()) } else { Err("the job has no [[opt_out]] of kind = \"national\"".into()) }
}

impl OptOuts {
    /// The people of `partition` who have opted out.
    pub fn people(&self, job: &Job, records: &Records, partition: &Partition) -> OptedOut {
        let people = partition.people as usize;
        let mut opted = OptedOut { type_1: vec![false; people], national: vec![false; people] };
        let mark = |rows: Vec<bool>, marks: &mut [bool]| {
            let named = rows.iter().zip(&partition.person).filter(|(named, person)| **named && **person != MISSING);
            named.for_each(|(_, &person)| marks[person as usize] = true);
        };
        mark(self.type_1.marks(job, records), &mut opted.type_1);
        for (list, named) in &self.national {
            let rows = named.marks(job, records);
            match list {
                NationalList::Refused => mark(rows, &mut opted.national),
                NationalList::Allowed => not_allowed(records, partition, &rows, &mut opted.national),
            }
        }
        opted
    }
}

impl OptOuts {
    /// Has the person with these NHS numbers and these records (provider and record_id) a type 1 opt-out?
    pub fn type_1_of(&self, numbers: &[String], records: &[(&str, &str)]) -> bool {
        self.type_1.names(numbers, records)
    }

    /// The same of the national opt-out; nobody without a number passes a list of those who are allowed.
    pub fn national_of(&self, numbers: &[String], records: &[(&str, &str)]) -> bool {
        self.national.iter().any(|(list, named)| match list {
            NationalList::Refused => named.names(numbers, records),
            NationalList::Allowed => {
                numbers.is_empty() || numbers.iter().any(|number| !named.numbers.contains(number.as_str()))
            }
        })
    }
}

/// Marks everybody without an NHS number, and everybody with one that the list does not hold: of two numbers, either may be the one that
/// was opted out.
fn not_allowed(records: &Records, partition: &Partition, allowed: &[bool], marks: &mut [bool]) {
    let numbers = records.clean.get(&Field::NhsNumber);
    let mut has_number = vec![false; marks.len()];
    for (row, &person) in partition.person.iter().enumerate().filter(|(_, person)| **person != MISSING) {
        if numbers.is_some_and(|column| column.code(row) != MISSING) {
            has_number[person as usize] = true;
            marks[person as usize] |= !allowed[row];
        }
    }
    marks.iter_mut().zip(has_number).for_each(|(mark, has)| *mark |= !has);
}

/// The rows that are left of `partition` where general practice rows of people with a type 1 opt-out are nobody's; `None` where there are
/// none to leave out. With it, how many rows were left out.
pub fn without_type_1(
    job: &Job,
    records: &Records,
    partition: &Partition,
    type_1: &[bool],
) -> Option<(Partition, u64)> {
    let practice: Vec<bool> =
        job.providers.iter().map(|provider| provider.setting == Setting::GeneralPractice).collect();
    let mut left = partition.clone();
    let mut rows = 0;
    for (row, person) in left.person.iter_mut().enumerate() {
        if *person != MISSING && type_1[*person as usize] && practice[usize::from(records.provider[row])] {
            *person = MISSING;
            rows += 1;
        }
    }
    (rows > 0).then_some((left, rows))
}
