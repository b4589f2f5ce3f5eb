//! The lines of a crosswalk: a provider's own record_ids, each beside whom it belongs to.

use super::Source;
use super::key::Keys;
use super::lines::{Cells, Chosen, Column, identifier, known_to};
use crate::best_record::People;
use crate::clustering::Partition;
use crate::job::Release;
use crate::policy;
use crate::records::MISSING;
use rustc_hash::FxHashSet;

/// The records of a release, in the order of its lines: by person in the release's own order, then by provider and record_id.
pub(super) struct Rows {
    /// One row of each record.
    rows: Vec<u32>,
    /// Whose each is.
    pub chosen: Chosen,
}

/// Chooses the records of the providers that the release is limited to. Nobody who is marked sensitive is there, since to be listed
/// tells a place. `partition` are the rows that its purpose may see: outside direct care no general practice row of anybody with a type 1 opt-out.
pub(super) fn choose(source: &Source, partition: &Partition, release: &Release, keys: &Keys) -> Rows {
    let (national, type_1) = (policy::acts_national(release), policy::acts_type_1(release));
    let known =
        known_to(source, partition, release).expect("the check lets no crosswalk through that is limited to nobody");
    let theirs: Vec<bool> =
        source.job.providers.iter().map(|provider| release.patients_of.contains(&provider.id)).collect();
    let mut chosen = Chosen { people: Vec::new(), national: 0, type_1: 0 };
    let (mut seen, mut left_out) = (FxHashSet::default(), FxHashSet::default());
    let mut rows = Vec::new();
    for (row, &person) in partition.person.iter().enumerate() {
        if !theirs[usize::from(source.records.provider[row])] || person == MISSING || !known[person as usize] {
            continue;
        }
        if national && source.opted_out.national[person as usize] {
            left_out.insert(person);
        } else if seen.insert((source.records.key[row], person)) {
            rows.push(row as u32);
        }
    }
    chosen.national = left_out.len() as u64;
    let opted_out = source.opted_out.type_1.iter().zip(&known).filter(|(out, known)| type_1 && **out && **known);
    chosen.type_1 = opted_out.count() as u64;
    let person = |row: u32| partition.person[row as usize];
    rows.sort_by_cached_key(|&row| {
        let at = row as usize;
        let order = keys.order(&source.person_ids[person(row) as usize]);
        (order, source.records.provider[at], source.records.record_id.get(at).to_string())
    });
    chosen.people = rows.iter().map(|&row| person(row)).collect();
    Rows { rows, chosen }
}

/// provider, record_id, and what tells whose it is.
pub(super) fn table<'a>(
    source: &Source<'a>,
    people: &'a People,
    release: &Release,
    rows: &Rows,
    keys: &Keys,
) -> Vec<Column<'a>> {
    let (job, records) = (source.job, source.records);
    let each = |value: &dyn Fn(usize) -> &'a str| {
        Cells::Text(rows.rows.iter().map(|&row| Some(value(row as usize))).collect())
    };
    let provider = each(&|row| job.providers[usize::from(records.provider[row])].id.as_str());
    let record_id = each(&|row| records.record_id.get(row));
    let mut columns = vec![
        Column { name: "provider".into(), cells: provider },
        Column { name: "record_id".into(), cells: record_id },
    ];
    columns.extend(identifier(source, people, release, &rows.chosen, keys));
    columns
}
