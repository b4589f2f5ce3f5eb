//! What today's lists and today's extracts say of records, for a run that was made before them.

use crate::consent::{self, Authority, Key, WithheldReason};
use crate::failure::Result;
use crate::job::{Field, Job};
use crate::records::Records;
use crate::run::progress::Progress;
use crate::run::read_usable;
use crate::run::withhold::Objecting;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// What is known today.
pub(in crate::run) struct Today<'a> {
    authority: &'a Authority,
    /// By provider and record_id.
    marks: FxHashMap<String, FxHashMap<String, Mark>>,
    /// NHS numbers of rows that were withheld tonight because an objection names them.
    objecting_numbers: FxHashSet<String>,
    /// NHS numbers of rows that are flagged as sensitive.
    sensitive_numbers: FxHashSet<String>,
    /// NHS numbers of rows that are named or have a withheld identity, by provider: for runs in which its record_ids name nobody.
    numbers_of: FxHashMap<String, Numbers>,
}

/// NHS numbers by which people go from a run that has numbered the rows of their provider.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Numbers {
    /// Of rows that a local objection names.
    objecting: FxHashSet<String>,
    /// Of rows with a withheld-identity reason.
    withheld_identity: FxHashSet<String>,
}

/// What today says of one record.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Mark {
    /// It is of somebody who objects.
    pub objects: bool,
    /// A local objection names it.
    pub named: bool,
    /// It carries a withheld-identity reason.
    pub withheld_identity: bool,
    /// It is flagged S.
    pub sensitive: bool,
    /// The sides of the never-link lines that it is on: line and side.
    pub apart: Vec<(u32, u8)>,
}

impl<'a> Today<'a> {
    /// Reads today's extracts; no gate is asked, and nothing is linked.
    ///
    /// # Errors
    /// Where an extract cannot be read: whoever rolls back without them would publish people who may not be.
    pub fn read(job: &Job, authority: &'a Authority, progress: &Progress) -> Result<Today<'a>> {
        let records = read_usable(job, authority, None, progress)?.records;
        let mut today = Today::of_lists(authority);
        today.mark(job, &records);
        Ok(today)
    }

    /// Who objects, as tonight's night has found out; flags and other lists say nothing here.
    pub fn objecting(authority: &'a Authority, objecting: &Objecting) -> Today<'a> {
        let mut today = Today::of_lists(authority);
        for ((provider, record_id), named) in &objecting.records {
            let mark = today.mark_of(provider, record_id);
            mark.objects = true;
            mark.named |= named;
        }
        today.objecting_numbers = objecting.numbers.clone();
        today
    }

    fn of_lists(authority: &'a Authority) -> Today<'a> {
        let mut today = Today {
            authority,
            marks: FxHashMap::default(),
            objecting_numbers: FxHashSet::default(),
            sensitive_numbers: FxHashSet::default(),
            numbers_of: FxHashMap::default(),
        };
        for (provider, record_id) in authority.named_records() {
            let mark = today.mark_of(provider, record_id);
            (mark.objects, mark.named) = (true, true);
        }
        today
    }

    fn mark(&mut self, job: &Job, records: &Records) {
        let named = self.authority.named(job, records);
        let withheld = consent::withheld_identities(records);
        let number_keys = number_keys(self.authority);
        for row in 0..records.len() {
            let number = records.value(Field::NhsNumber, row);
            let sensitive = records.value(Field::Sensitivity, row).is_some_and(|flag| flag.eq_ignore_ascii_case("s"));
            let apart = number.and_then(|number| number_keys.get(number)).cloned().unwrap_or_default();
            if sensitive {
                self.sensitive_numbers.extend(number.map(str::to_string));
            }
            let provider = &job.providers[usize::from(records.provider[row])];
            // The number of a row says nothing of the row that had it in another run.
            if provider.numbers_rows() || (!(named[row] || withheld[row] || sensitive) && apart.is_empty()) {
                continue;
            }
            if let Some(number) = number.filter(|_| named[row] || withheld[row]) {
                let numbers = self.numbers_of.entry(provider.id.clone()).or_default();
                let into = if named[row] { &mut numbers.objecting } else { &mut numbers.withheld_identity };
                into.insert(self.authority.standing(number).to_string());
            }
            let mark = self.mark_of(&provider.id, records.record_id.get(row));
            mark.objects |= named[row];
            mark.named |= named[row];
            mark.withheld_identity |= withheld[row];
            mark.sensitive |= sensitive;
            mark.apart.extend(apart);
        }
        for (line, keys) in (0..).zip(self.authority.apart()) {
            for (key, side) in [(&keys.0, 0), (&keys.1, 1)] {
                if let Key::Record(provider, record) = key {
                    self.mark_of(provider, record).apart.push((line, side));
                }
            }
        }
    }

    fn mark_of(&mut self, provider: &str, record_id: &str) -> &mut Mark {
        self.marks.entry(provider.to_string()).or_default().entry(record_id.to_string()).or_default()
    }

    /// What today says of a record, where it says anything; it need not be in any extract any more.
    pub fn of_record(&self, provider: &str, record_id: &str) -> Option<&Mark> {
        self.of_provider(provider)?.get(record_id)
    }

    /// What today says of the records of a provider, by their record_ids.
    pub fn of_provider(&self, provider: &str) -> Option<&FxHashMap<String, Mark>> {
        self.marks.get(provider)
    }

    /// Does a local objection name the number?
    pub fn number_objects(&self, number: &str) -> bool {
        self.authority.names_number(number) || self.objecting_numbers.contains(self.authority.standing(number))
    }

    /// The numbers of today's rows of these providers that are named or have a withheld identity.
    pub fn numbers_of(&self, providers: &BTreeSet<String>) -> Numbers {
        let mut all = Numbers::default();
        for numbers in providers.iter().filter_map(|provider| self.numbers_of.get(provider)) {
            all.objecting.extend(numbers.objecting.iter().cloned());
            all.withheld_identity.extend(numbers.withheld_identity.iter().cloned());
        }
        all
    }

    /// Why somebody with this number may not stand, if they may not; `also` are numbers that count beside those of the lists.
    pub fn reason_of_number(&self, number: &str, also: &Numbers) -> Option<WithheldReason> {
        let standing = self.authority.standing(number);
        if self.number_objects(number) || also.objecting.contains(standing) {
            return Some(WithheldReason::LocalObjectionLinked);
        }
        also.withheld_identity.contains(standing).then_some(WithheldReason::WithheldIdentity)
    }

    /// Does a text, such as the raw text of a row that could not be read, hold the NHS number of somebody who objects?
    pub fn text_objects(&self, text: &str) -> bool {
        consent::numbers_in(text).any(|number| self.number_objects(&number))
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
