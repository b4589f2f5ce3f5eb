//! What a run leaves behind: a small one, its files (`files`), how it is published under every kind of trouble (`swap`), and its tables
//! copied without some rows (`sieve`).

mod files;
mod sieve;
mod swap;

use super::*;
use crate::best_record::{self, Linked, People};
use crate::clustering::{Edge, Partition};
use crate::comparison::PackedLevel;
use crate::consent::{Withheld, WithheldReason};
use crate::failure::{Exit, Result};
use crate::identity::example::{self, Row};
use crate::identity::{self, Identified, Ledger};
use crate::intake::{FileReport, QuarantineCode, Quarantined};
use crate::job::{Carry, CarryKind, Combine, Field, Job, Setting, Within};
use crate::records::Records;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A small run, before it is published.
struct Example {
    job: Job,
    files: Vec<FileReport>,
    records: Records,
    partition: Partition,
    identity_of_record: Vec<u32>,
    identity_ids: Vec<[u8; 16]>,
    links: Vec<Edge>,
    levels: Vec<PackedLevel>,
    review: Vec<(u32, &'static str)>,
    calibration: crate::model::Calibration,
    quarantined: Vec<Quarantined>,
    withheld: Vec<Withheld>,
}

fn rules() -> Vec<Carry> {
    let rule = |name: &str, kind, combine| {
        let within = (combine == Combine::Count).then_some(Within { months: 12, days: 0 });
        Carry { name: name.into(), column: name.into(), kind, combine, format: None, within, place: false }
    };
    vec![
        rule("diabetes", CarryKind::Flag, Combine::Any),
        rule("last_contact", CarryKind::Date, Combine::Latest),
        rule("cost", CarryKind::Number, Combine::Sum),
        rule("frailty", CarryKind::Category, Combine::Latest),
        rule("conditions", CarryKind::List, Combine::Union),
        rule("admissions_12m", CarryKind::Date, Combine::Count),
    ]
}

fn example() -> Example {
    let job = example::job(&[("gp-b", Setting::GeneralPractice, 4), ("acute-a", Setting::Acute, 3)]);
    let gp = Row {
        record_id: "G1",
        verified: true,
        values: vec![
            (Field::NhsNumber, "9990000018"),
            (Field::GivenName, "anne"),
            (Field::FamilyName, "o'brien"),
            (Field::DateOfBirth, "19500301"),
        ],
        facts: vec![("diabetes", "true"), ("cost", "2.5"), ("frailty", "mild"), ("conditions", "b;a")],
        ..Row::default()
    };
    let acute = Row {
        provider: 1,
        extract: 1,
        record_id: "A 1",
        values: vec![(Field::GivenName, "ann"), (Field::FamilyName, "o'brien")],
        facts: vec![("admissions_12m", "2026-05-01"), ("last_contact", "2026-05-02")],
        ..Row::default()
    };
    let stranger = Row { record_id: "A 2", values: vec![(Field::GivenName, "bob")], ..acute.clone() };
    let report = |name: &str| FileReport { name: name.into(), ..FileReport::default() };
    let (identity_of_record, identity_ids) = example::identities(3);
    let levels = [("name", 0), ("date_of_birth", 4)];
    let levels = levels.map(|(name, shift)| PackedLevel { name: name.into(), shift, mask: 15 }).to_vec();
    // Names agree by level 3 and 0; one date is missing, the other agrees by level 1.
    let links = vec![
        Edge { same_person: true, ..Edge::of(0, 1, 10_240, 4) },
        Edge { context: Some(7), ..Edge::of(0, 2, -1536, 1 | 2 << 4) },
    ];
    let review = vec![(0, "grey_zone"), (1, "possible_duplicate_registration")];
    let quarantined = Quarantined {
        extract: 1,
        provider: 1,
        source_row: 3,
        raw: "A3|x".into(),
        code: QuarantineCode::Ragged,
        reason: "2 columns instead of 4".into(),
    };
    let reason = WithheldReason::LocalObjection;
    Example {
        job,
        files: vec![report("in/gp.csv"), report("in/acute.csv")],
        records: example::records(&[gp, acute, stranger], &rules()),
        partition: example::partition("aab"),
        identity_of_record,
        identity_ids,
        links,
        levels,
        review,
        calibration: crate::model::Calibration::default(),
        quarantined: vec![quarantined],
        withheld: vec![Withheld { provider: 0, record_id: "G9".into(), extract: 0, source_row: 9, reason }],
    }
}

impl Example {
    /// What identity and best_record make of it.
    fn judged(&self, output: &Path, run_id: &str) -> (Identified, People) {
        let ledger = Ledger::open(output, None).unwrap();
        let identified = identity::assign(
            &ledger,
            &self.job,
            &self.records,
            &self.partition,
            &self.identity_of_record,
            &self.identity_ids,
            run_id,
        );
        let linked = Linked {
            reference: None,
            weakest_probability: vec![Some(0.999), None],
            in_review: vec![true, false],
            bare: vec![false, true],
            first_seen: identified.first_seen.clone(),
        };
        let people = best_record::combine(&self.job, &self.records, &self.partition, linked);
        (identified, people)
    }

    fn outputs<'a>(&'a self, identified: &'a Identified, people: &'a People) -> Outputs<'a> {
        Outputs {
            job: &self.job,
            files: &self.files,
            records: &self.records,
            partition: &self.partition,
            identity_of_record: &self.identity_of_record,
            identity_ids: &self.identity_ids,
            person_ids: &identified.person_ids,
            people,
            quarantined: &self.quarantined,
            withheld: &self.withheld,
            changes: &identified.changes,
        }
    }

    /// All tables of a run.
    fn write_tables(&self, draft: &Draft, identified: &Identified, people: &People) -> Result<Vec<WrittenFile>> {
        let table =
            LinkTable { links: &self.links, levels: &self.levels, calibration: &self.calibration, masked: None };
        let mut written = draft.write_links(table, &self.review, &self.identity_ids)?;
        written.extend(draft.write_tables(&self.outputs(identified, people))?);
        Ok(written)
    }

    /// A run up to the point where it could be published.
    fn draft<'a>(&self, lock: &'a Lock) -> (Draft<'a>, Identified) {
        recover(lock).unwrap();
        let ledger = Ledger::open(lock.output(), None).unwrap();
        let run_id = next_run_id(lock, self.job.as_of, ledger.runs()).unwrap();
        let (identified, people) = self.judged(lock.output(), &run_id);
        let draft = Draft::create(lock, &run_id).unwrap();
        self.write_tables(&draft, &identified, &people).unwrap();
        draft.write_bytes("summary/people.csv", b"count\n2\n").unwrap();
        (draft, identified)
    }

    fn publish(&self, lock: &Lock, keep_runs: usize) -> Published {
        let (draft, identified) = self.draft(lock);
        let ledger = Ledger::open(lock.output(), None).unwrap();
        let remove = draft.beyond(keep_runs, ledger.runs()).unwrap();
        draft.commit(&identified.next, &remove).unwrap()
    }
}

fn read(path: &Path) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(|batch| batch.unwrap()).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

/// Every column as "name: type", with "?" where it may be null.
fn schema(path: &Path) -> Vec<String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        let kind = match field.data_type() {
            arrow::datatypes::DataType::List(element) => format!("List<{}>", element.data_type()),
            other => other.to_string(),
        };
        format!("{}: {kind}{}", field.name(), if field.is_nullable() { "?" } else { "" })
    };
    builder.schema().fields().iter().map(column).collect()
}

fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Vec<Option<&'a str>> {
    batch[column].as_string::<i32>().iter().collect()
}

fn list(batch: &RecordBatch, column: &str, row: usize) -> Vec<String> {
    batch[column].as_list::<i32>().value(row).as_string::<i32>().iter().map(|text| text.unwrap().to_string()).collect()
}

/// Every regular file below `folder`, by its relative name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(top: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            } else if path.is_dir() {
                walk(top, &path, found);
            } else {
                found.insert(path.strip_prefix(top).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}
