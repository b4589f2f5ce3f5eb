//! The three passes of HESID, by which hospital episodes of one patient were found before the Master Person Service.
//!
//! Source: HESonline, "PSEUDO_HESID". (1) sex, date of birth, NHS number; (2) sex, date of birth, postcode, provider, local
//! identifier; (3) sex, date of birth, postcode. A pass is tried only where all that it needs is there and valid: male or female, a day
//! from 1895 to the end of this year, a whole postcode that is not a pseudo one, a number with a right check digit. An index remembers
//! which identifier each combination was given first; a record takes the one that the first successful pass finds.

use super::requests::{Born, Gender, Request, Requests, order};
use super::{Baseline, Step};
use crate::job::Job;
use crate::records::{MISSING, Records};
use rustc_hash::FxHashMap;

/// No earlier date of birth is valid.
const BORN_FROM: u16 = 1895;

/// What a pass looks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Number(Gender, Born, u32),
    /// The local identifier is one of its provider's.
    LocalId(Gender, Born, u32, u32),
    Place(Gender, Born, u32),
}

/// Links the records of a job.
pub(super) fn link(job: &Job, records: &Records) -> Baseline {
    let requests = Requests::gather(records);
    let mut index: FxHashMap<Key, u32> = FxHashMap::default();
    let mut patient_of = vec![MISSING; records.len()];
    let (mut patients, mut counts) = (0, [0u64; Step::PASSES.len()]);
    for record in order(job, records, |_| 0) {
        let keys = keys(&requests.list[record as usize], job.as_of.year());
        let found = keys.iter().position(|key| key.is_some_and(|key| index.contains_key(&key)));
        let patient = match found {
            Some(pass) => index[&keys[pass].expect("it was found")],
            None => {
                patients += 1;
                patients - 1
            }
        };
        counts[found.unwrap_or(Step::PASSES.len() - 1)] += 1;
        patient_of[record as usize] = patient;
        keys.into_iter().flatten().for_each(|key| {
            index.entry(key).or_insert(patient);
        });
    }
    Baseline::new(records, &patient_of, Step::PASSES.into_iter().zip(counts).collect())
}

/// The keys of the three passes, `None` where a value is missing or not valid.
fn keys(request: &Request, last_year: i16) -> [Option<Key>; 3] {
    let (sex, born) = (request.gender, request.born);
    let in_time = (BORN_FROM..=last_year.unsigned_abs()).contains(&born.year);
    if !matches!(sex, Gender::Male | Gender::Female) || !born.valid || !in_time {
        return [None; 3];
    }
    let postcode = request.whole_postcode.then_some(request.postcode);
    [
        (request.number != MISSING).then_some(Key::Number(sex, born, request.number)),
        postcode
            .filter(|_| request.local_id != MISSING)
            .map(|postcode| Key::LocalId(sex, born, postcode, request.local_id)),
        postcode.map(|postcode| Key::Place(sex, born, postcode)),
    ]
}
