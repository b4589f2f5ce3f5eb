//! What intake promises, on real files.

mod damage;
mod failures;
mod formats;
mod round_trip;
mod whole_file;

use super::open::Sizes;
use super::{Intake, QuarantineCode, read::read_all};
use crate::failure::Result;
use crate::job::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A folder that goes when the test ends.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A provider that wants these columns, as carried facts.
pub(super) fn provider(wanted: &[&str], files: Vec<PathBuf>) -> Provider {
    let carry = |name: &&str| Carry {
        name: name.to_string(),
        column: name.to_string(),
        kind: CarryKind::Category,
        combine: Combine::Latest,
        format: None,
        within: None,
        place: false,
    };
    Provider {
        id: "gp-brent-01".to_string(),
        name: "Brent Medical Centre".to_string(),
        setting: Setting::GeneralPractice,
        globs: vec!["in/*.csv".to_string()],
        files,
        stale: None,
        vanished: Vec::new(),
        changes: None,
        format: Format::default(),
        trust: 4,
        one_record_per_person: true,
        when_missing: WhenMissing::Stop,
        stale_days: 0,
        columns: BTreeMap::new(),
        carry: wanted.iter().map(carry).collect(),
        packages: Vec::new(),
    }
}

pub(super) fn job(folder: &Path, providers: Vec<Provider>, threads: usize) -> Job {
    Job {
        path: folder.join("job.toml"),
        folder: folder.to_path_buf(),
        name: "test".to_string(),
        output: folder.join("out"),
        as_of: jiff::civil::date(2026, 11, 22),
        threads,
        memory_limit: None,
        test_numbers: TestNumbers::Auto,
        keep_runs: 7,
        id_key_file: None,
        audit_key_file: None,
        encryption_key: None,
        model_file: None,
        providers,
        custom_fields: Vec::new(),
        cluster: ClusterSettings::default(),
        gates: Gates::default(),
        local_objections: Vec::new(),
        nhs_number_replaced: Vec::new(),
        never_link: Vec::new(),
        disclosure: Disclosure::Hes,
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

/// Everything that came out of one batch, in plain types.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Seen {
    /// (extract, source_row, values)
    pub rows: Vec<(u32, u32, Vec<String>)>,
    /// (extract, source_row, code, raw)
    pub quarantined: Vec<(u32, u32, QuarantineCode, String)>,
}

pub(super) fn read(job: &Job, sizes: Sizes) -> Result<Intake<Seen>> {
    let consume = |batch: super::Batch| {
        assert!(batch.source_rows.len() + batch.quarantined.len() <= super::rows::BATCH_ROWS_MAX);
        assert!(batch.columns.iter().all(|column| column.len() == batch.source_rows.len()));
        let values = |row: usize| batch.columns.iter().map(|column| column.get(row).to_string()).collect();
        Seen {
            rows: batch
                .source_rows
                .iter()
                .enumerate()
                .map(|(row, &number)| (batch.extract, number, values(row)))
                .collect(),
            quarantined: batch
                .quarantined
                .into_iter()
                .map(|bad| (bad.extract, bad.source_row, bad.code, bad.raw))
                .collect(),
        }
    };
    read_all(job, sizes, &consume, &|_| {})
}

/// All batches as one, checked for the accounts: every row of every file once, numbered from 1.
pub(super) fn joined(intake: &Intake<Seen>) -> Seen {
    let mut all = Seen::default();
    for batch in &intake.batches {
        all.rows.extend(batch.rows.iter().cloned());
        all.quarantined.extend(batch.quarantined.iter().cloned());
    }
    for (extract, file) in intake.files.iter().enumerate() {
        let extract = extract as u32;
        let delivered = all.rows.iter().filter(|row| row.0 == extract).map(|row| row.1);
        let refused: Vec<u32> = all.quarantined.iter().filter(|row| row.0 == extract).map(|row| row.1).collect();
        let mut numbers: Vec<u32> = delivered.chain(refused.iter().copied()).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(1..=file.rows as u32), "rows are numbered from 1 without gaps");
        assert_eq!(refused.len() as u64, file.quarantined);
    }
    all
}

/// Reads one file for these columns.
pub(super) fn read_one(wanted: &[&str], format: Format, bytes: impl AsRef<[u8]>) -> Result<(Seen, super::FileReport)> {
    read_one_in_blocks(wanted, format, bytes, Sizes::default(), 2)
}

pub(super) fn read_one_in_blocks(
    wanted: &[&str],
    format: Format,
    bytes: impl AsRef<[u8]>,
    sizes: Sizes,
    threads: usize,
) -> Result<(Seen, super::FileReport)> {
    let folder = Folder::new();
    let path = folder.write("extract", bytes);
    let job = job(folder.path(), vec![Provider { format, ..provider(wanted, vec![path]) }], threads);
    let intake = read(&job, sizes)?;
    Ok((joined(&intake), intake.files[0].clone()))
}

/// The values of the rows that were delivered.
pub(super) fn values(seen: &Seen) -> Vec<Vec<&str>> {
    seen.rows.iter().map(|row| row.2.iter().map(String::as_str).collect()).collect()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}
