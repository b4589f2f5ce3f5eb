//! What today's lists and today's extracts say of records, for a run that was made before them.

use crate::consent::{self, Authority, Key};
use crate::failure::Result;
use crate::job::{Field, Job};
use crate::records::Records;
use crate::run::progress::Progress;
use crate::run::read_usable;
use rustc_hash::{FxHashMap, FxHashSet};

/// What is known today.
pub(super) struct Today {
    authority: Authority,
    marks: FxHashMap<(String, String), Mark>,
    /// NHS numbers of rows that are flagged as sensitive.
    sensitive_numbers: FxHashSet<String>,
}

/// What today says of one record.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark {
    /// A local objection names it.
    pub objects: bool,
    /// It carries a withheld-identity reason.
    pub withheld_identity: bool,
    /// It is flagged S.
    pub sensitive: bool,
    /// The sides of the never-link lines that it is on: line and side.
    pub apart: Vec<(u32, u8)>,
}

impl Today {
    /// Reads today's lists and extracts; no gate is asked, and nothing is linked.
    ///
    /// # Errors
    /// Where a list or an extract cannot be read: whoever rolls back without them would publish people who may not be.
    pub fn read(job: &Job, progress: &Progress) -> Result<Today> {
        let authority = consent::read(job)?;
        let records = read_usable(job, &authority, None, progress)?.records;
        let mut today = Today { authority, marks: FxHashMap::default(), sensitive_numbers: FxHashSet::default() };
        today.mark(job, &records);
        Ok(today)
    }

    fn mark(&mut self, job: &Job, records: &Records) {
        let named = self.authority.named(job, records);
        let withheld = consent::withheld_identities(records);
        let number_keys = number_keys(&self.authority);
        for row in 0..records.len() {
            let number = records.value(Field::NhsNumber, row);
            let sensitive = records.value(Field::Sensitivity, row).is_some_and(|flag| flag.eq_ignore_ascii_case("s"));
            let apart = number.and_then(|number| number_keys.get(number)).cloned().unwrap_or_default();
            if sensitive {
                self.sensitive_numbers.extend(number.map(str::to_string));
            }
            if !(named[row] || withheld[row] || sensitive) && apart.is_empty() {
                continue;
            }
            let provider = job.providers[usize::from(records.provider[row])].id.clone();
            let mark = self.marks.entry((provider, records.record_id.get(row).to_string())).or_default();
            mark.objects |= named[row];
            mark.withheld_identity |= withheld[row];
            mark.sensitive |= sensitive;
            mark.apart.extend(apart);
        }
        for (line, keys) in (0..).zip(self.authority.apart()) {
            for (key, side) in [(&keys.0, 0), (&keys.1, 1)] {
                if let Key::Record(provider, record) = key {
                    self.marks.entry((provider.clone(), record.clone())).or_default().apart.push((line, side));
                }
            }
        }
    }

    /// What today says of a record; it need not be in any extract any more.
    pub fn of_record(&self, provider: &str, record_id: &str) -> Mark {
        // Most records are marked by nothing, and asking costs two copies.
        let mut mark = match self.marks.is_empty() {
            true => Mark::default(),
            false => self.marks.get(&(provider.to_string(), record_id.to_string())).cloned().unwrap_or_default(),
        };
        mark.objects |= self.authority.names_record(provider, record_id);
        mark
    }

    /// Does a local objection name the number?
    pub fn number_objects(&self, number: &str) -> bool {
        self.authority.names_number(number)
    }

    /// Is somebody with this number flagged as sensitive?
    pub fn number_is_sensitive(&self, number: &str) -> bool {
        self.sensitive_numbers.contains(self.authority.standing(number))
    }
}

/// The never-link lines by the numbers that they name.
fn number_keys(authority: &Authority) -> FxHashMap<String, Vec<(u32, u8)>> {
    let mut keys: FxHashMap<String, Vec<(u32, u8)>> = FxHashMap::default();
    for (line, pair) in (0..).zip(authority.apart()) {
        for (key, side) in [(&pair.0, 0), (&pair.1, 1)] {
            if let Key::Number(number) = key {
                keys.entry(number.clone()).or_default().push((line, side));
            }
        }
    }
    keys
}
