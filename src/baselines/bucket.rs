//! Step 4: the bucket of earlier requests that no entry matched, each with its MPS_ID. Rows are never updated.

use super::requests::{Born, Gender, Request};
use crate::records::MISSING;
use rustc_hash::FxHashMap;

/// Rows read of one local identifier; only filler values come near this.
const ROWS_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Rows by local identifier, in the order in which they came.
    by_local_id: FxHashMap<u32, Vec<(Request, u32)>>,
    /// The first entry with this given name, family name, date of birth and postcode.
    by_all: FxHashMap<(u32, u32, Born, u32), u32>,
    /// The first entry with this gender, date of birth and postcode.
    by_place: FxHashMap<(Gender, Born, u32), u32>,
}

impl Bucket {
    /// Whether a request says enough for an MPS_ID: a valid date of birth, and a local identifier or a valid postcode.
    pub fn takes(request: &Request) -> bool {
        request.born.valid && (request.local_id != MISSING || request.whole_postcode)
    }

    pub fn put(&mut self, request: &Request, entry: u32) {
        if request.local_id != MISSING {
            self.by_local_id.entry(request.local_id).or_default().push((*request, entry));
        }
        if request.whole_postcode {
            let all = (request.given, request.family, request.born, request.postcode);
            self.by_all.entry(all).or_insert(entry);
            self.by_place.entry((request.gender, request.born, request.postcode)).or_insert(entry);
        }
    }

    /// The first row that matches.
    pub fn find(&self, request: &Request) -> Option<u32> {
        if !request.born.valid && request.local_id == MISSING {
            return None;
        }
        if request.local_id != MISSING {
            let rows = self.by_local_id.get(&request.local_id)?;
            return rows.iter().take(ROWS_MAX).find(|(row, _)| is_same_patient(request, row)).map(|(_, entry)| *entry);
        }
        if !request.whole_postcode {
            return None;
        }
        if request.given != MISSING && request.family != MISSING {
            return self.by_all.get(&(request.given, request.family, request.born, request.postcode)).copied();
        }
        if request.gender == Gender::None {
            return None;
        }
        self.by_place.get(&(request.gender, request.born, request.postcode)).copied()
    }
}

/// Whether two requests with one local identifier agree on enough.
fn is_same_patient(a: &Request, b: &Request) -> bool {
    let same = |x: u32, y: u32| x != MISSING && x == y;
    let (given, family) = (same(a.given, b.given), same(a.family, b.family));
    let postcode = a.whole_postcode && a.postcode == b.postcode;
    let gender = a.gender != Gender::None && a.gender == b.gender;
    let born = a.born.is(b.born);
    let nameless = |request: &Request| request.given == MISSING || request.family == MISSING;
    let rules = [
        family && born && postcode && (given || gender),
        given && born && postcode,
        given && family && gender && postcode,
        given && family && born,
        born && (nameless(a) || nameless(b)),
    ];
    rules.contains(&true)
}
