//! Small jobs and records for the tests of this room and of those below it.

use crate::clustering::Partition;
use crate::intake::TextColumn;
use crate::job::{self, Carry, Field, Job, Setting};
use crate::records::{Column, Fact, MISSING, Records};
use std::collections::{BTreeMap, BTreeSet};

/// A job of these providers (id, setting, trust), as of 22 November 2026.
pub(crate) fn job(providers: &[(&str, Setting, u8)]) -> Job {
    let provider = |&(id, setting, trust): &(&str, Setting, u8)| job::Provider {
        id: id.to_string(),
        name: id.to_string(),
        setting,
        globs: Vec::new(),
        files: Vec::new(),
        stale: None,
        vanished: Vec::new(),
        changes: None,
        format: job::Format::default(),
        trust,
        one_record_per_person: false,
        when_missing: job::WhenMissing::Stop,
        stale_days: 0,
        columns: BTreeMap::new(),
        carry: Vec::new(),
        packages: Vec::new(),
    };
    Job {
        path: "job.toml".into(),
        folder: ".".into(),
        name: "example".into(),
        output: "out".into(),
        as_of: jiff::civil::date(2026, 11, 22),
        threads: 0,
        memory_limit: None,
        test_numbers: job::TestNumbers::Auto,
        keep_runs: 7,
        id_key_file: None,
        audit_key_file: None,
        encryption_key: None,
        model_file: None,
        providers: providers.iter().map(provider).collect(),
        custom_fields: Vec::new(),
        cluster: job::ClusterSettings::default(),
        gates: job::Gates::default(),
        local_objections: Vec::new(),
        nhs_number_replaced: Vec::new(),
        never_link: Vec::new(),
        disclosure: job::Disclosure::Hes,
        opt_outs: Vec::new(),
        policy: Default::default(),
        approvers: Vec::new(),
        releases: Vec::new(),
        reference: Default::default(),
        segment_sets: Vec::new(),
        care: Default::default(),
        end_of_life: None,
        cohorts: Vec::new(),
    }
}

/// The same job with a provider, by its place, that has no record_ids: its rows are numbered.
pub(crate) fn numbering(mut job: Job, provider: usize) -> Job {
    let number = job::Source { columns: vec!["row_number".to_string()], ..job::Source::default() };
    job.providers[provider].columns.insert(Field::RecordId, number);
    job
}

/// A record to be: provider, record_id, clean values, carried facts by name.
#[derive(Clone, Default)]
pub(crate) struct Row<'a> {
    pub(crate) provider: u16,
    pub(crate) extract: u32,
    pub(crate) record_id: &'a str,
    pub(crate) verified: bool,
    pub(crate) values: Vec<(Field, &'a str)>,
    /// Values as they were sent.
    pub(crate) sent: Vec<(Field, &'a str)>,
    pub(crate) facts: Vec<(&'a str, &'a str)>,
}

pub(crate) fn records(rows: &[Row], rules: &[Carry]) -> Records {
    let fields: BTreeSet<Field> = rows.iter().flat_map(|row| row.values.iter().map(|value| value.0)).collect();
    let fields_sent: BTreeSet<Field> = rows.iter().flat_map(|row| row.sent.iter().map(|value| value.0)).collect();
    let mut record_id = TextColumn::default();
    rows.iter().for_each(|row| record_id.push(row.record_id));
    let mut seen = BTreeMap::<u32, u32>::new();
    let source_row = rows.iter().map(|row| {
        let seen = seen.entry(row.extract).or_default();
        *seen += 1;
        *seen
    });
    Records {
        provider: rows.iter().map(|row| row.provider).collect(),
        extract: rows.iter().map(|row| row.extract).collect(),
        source_row: source_row.collect(),
        record_id,
        number_verified: rows.iter().map(|row| row.verified).collect(),
        raw: fields_sent.iter().map(|field| (*field, column(rows, |row| value_of(&row.sent, field)))).collect(),
        clean: fields.iter().map(|field| (*field, column(rows, |row| value_of(&row.values, field)))).collect(),
        facts: rules.iter().map(|rule| fact(rows, rule)).collect(),
        ..Records::default()
    }
}

fn fact(rows: &[Row], rule: &Carry) -> Fact {
    Fact { rule: rule.clone(), column: column(rows, |row| value_of(&row.facts, &rule.name.as_str())) }
}

fn value_of<'a, K: PartialEq>(values: &[(K, &'a str)], key: &K) -> Option<&'a str> {
    values.iter().find(|value| value.0 == *key).map(|value| value.1)
}

fn column<'a>(rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> Option<&'a str>) -> Column {
    let mut column = Column::default();
    for row in rows {
        let code = value(row).map_or(MISSING, |value| column.values.intern(value));
        column.codes.push(code);
    }
    column
}

/// Rows of one provider, by record_id only.
pub(crate) fn plain(record_ids: &[&str]) -> Records {
    let row = |&record_id| Row { record_id, ..Row::default() };
    records(&record_ids.iter().map(row).collect::<Vec<_>>(), &[])
}

/// People in the order of first appearance; equal letters are one person.
pub(crate) fn partition(letters: &str) -> Partition {
    let mut order = Vec::new();
    let mut person = Vec::new();
    for letter in letters.chars() {
        let place = order.iter().position(|known| *known == letter).unwrap_or_else(|| {
            order.push(letter);
            order.len() - 1
        });
        person.push(place as u32);
    }
    Partition { person, people: order.len() as u32 }
}

/// Each record an identity of its own, in the order of the rows.
pub(crate) fn identities(count: usize) -> (Vec<u32>, Vec<[u8; 16]>) {
    let id = |row: u32| blake3::hash(&row.to_le_bytes()).as_bytes()[..16].try_into().expect("16 bytes");
    ((0..count as u32).collect(), (0..count as u32).map(id).collect())
}
