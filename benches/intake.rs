//! Reading CSV and Parquet: intake beside the bare `csv`, `simd-csv`, `flate2`, `zstd` and `parquet` crates on the same file, in MB/s; and a made-up
//! town from its file to standardised records.
//!
//! `cargo bench --bench intake`. The files are made anew: 64 MB of plain fields, 64 MB with every field quoted, and the plain ones packed and as
//! Parquet, whose figures are MB of the CSV that it came from; and the town's single file of seven fields.

mod town;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use divan::Bencher;
use divan::counter::BytesCount;
use onefolk::intake::read_all;
use onefolk::job::*;
use onefolk::records;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

const BYTES: usize = 64 << 20;
const COLUMNS: [&str; 9] =
    ["PatientID", "NHSNumber", "Forename", "Surname", "DateOfBirth", "Gender", "Address", "Postcode", "Updated"];

/// A file of [`BYTES`] in a folder that stays until the process ends.
fn extract(quoted: bool) -> &'static Path {
    static FILES: [OnceLock<(tempfile::TempDir, PathBuf)>; 2] = [OnceLock::new(), OnceLock::new()];
    let (_, path) = FILES[usize::from(quoted)].get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("extract.csv");
        let style = if quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::with_capacity(BYTES + 1000));
        writer.write_record(COLUMNS).expect("in memory");
        let mut row = 0_usize;
        while writer.get_ref().len() < BYTES {
            let names = ["Amelia", "Siobhán", "Muhammad", "Oluwaseun", "Jo"];
            writer
                .write_record([
                    &format!("P{row:07}"),
                    &format!("999{:07}", row * 7919 % 10_000_000),
                    names[row % names.len()],
                    names[row / 3 % names.len()],
                    &format!("{:04}-{:02}-{:02}", 1930 + row % 90, 1 + row % 12, 1 + row % 28),
                    ["F", "M"][row % 2],
                    &format!("{} Station Road, Willesden", row % 300),
                    &format!("NW{} {}AB", row % 11, row % 10),
                    "2026-11-22",
                ])
                .expect("in memory");
            row += 1;
        }
        std::fs::write(&path, writer.into_inner().expect("in memory")).expect("room in the temporary folder");
        (folder, path)
    });
    path
}

/// The same rows as text columns of one Parquet file.
fn parquet_extract() -> &'static Path {
    static FILE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = FILE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("extract.parquet");
        let mut reader = csv::Reader::from_path(extract(false)).expect("the file");
        let mut columns = COLUMNS.map(|_| StringBuilder::new());
        for row in reader.byte_records().map(|row| row.expect("a clean file")) {
            let text = |field: &[u8]| String::from_utf8(field.to_vec()).expect("UTF-8");
            columns.iter_mut().zip(&row).for_each(|(column, field)| column.append_value(text(field)));
        }
        let arrays = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        let batch = RecordBatch::try_from_iter(COLUMNS.into_iter().zip(arrays)).expect("columns of one length");
        let file = std::fs::File::create(&path).expect("room in the temporary folder");
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(100_000))
            .build();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
        writer.write(&batch).expect("room in the temporary folder");
        writer.close().expect("room in the temporary folder");
        (folder, path)
    });
    path
}

fn job(path: &Path, threads: usize) -> Job {
    let source = |column: &str| Source { columns: vec![column.to_string()], ..Source::default() };
    let columns = BTreeMap::from([
        (Field::RecordId, source("PatientID")),
        (Field::NhsNumber, source("NHSNumber")),
        (Field::GivenName, source("Forename")),
        (Field::FamilyName, source("Surname")),
        (Field::DateOfBirth, source("DateOfBirth")),
        (Field::Sex, source("Gender")),
        (Field::Postcode, source("Postcode")),
    ]);
    let provider = Provider {
        id: "bench".to_string(),
        name: "Bench".to_string(),
        setting: Setting::Other,
        globs: Vec::new(),
        files: vec![path.to_path_buf()],
        format: Format::default(),
        trust: 2,
        stale: None,
        vanished: Vec::new(),
        changes: None,
        stale_days: 0,
        one_record_per_person: false,
        when_missing: WhenMissing::Stop,
        columns,
        carry: Vec::new(),
        packages: Vec::new(),
    };
    Job {
        path: PathBuf::from("job.toml"),
        folder: PathBuf::from("."),
        name: "bench".to_string(),
        output: PathBuf::from("out"),
        as_of: jiff::civil::date(2026, 11, 22),
        threads,
        memory_limit: None,
        test_numbers: TestNumbers::Auto,
        keep_runs: 7,
        id_key_file: None,
        audit_key_file: None,
        encryption_key: None,
        model_file: None,
        providers: vec![provider],
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

/// Seven of nine columns of a file into text columns, with the file's hash.
fn by_intake(bencher: Bencher, path: &Path, threads: usize) {
    let job = job(path, threads);
    bencher
        .counter(BytesCount::new(BYTES))
        .bench(|| read_all(&job, |batch| batch.source_rows.len(), |_| {}).expect("a clean file").batches.len());
}

/// The records alone: no hash, no columns, no check of UTF-8.
fn by_csv(bencher: Bencher, path: &Path) {
    bencher.counter(BytesCount::new(BYTES)).bench(|| {
        let mut reader = csv::Reader::from_path(path).expect("the file");
        let mut record = csv::ByteRecord::new();
        let mut fields = 0;
        while reader.read_byte_record(&mut record).expect("a clean file") {
            fields += record.len();
        }
        fields
    });
}

/// The same by a reader that looks for delimiters and quotes with SIMD instructions.
fn by_simd_csv(bencher: Bencher, path: &Path) {
    bencher.counter(BytesCount::new(BYTES)).bench(|| {
        let file = std::fs::File::open(path).expect("the file");
        let mut reader = simd_csv::ReaderBuilder::with_capacity(1 << 20).from_reader(file);
        let mut record = simd_csv::ByteRecord::new();
        let mut fields = 0;
        while reader.read_byte_record(&mut record).expect("a clean file") {
            fields += record.len();
        }
        fields
    });
}

#[divan::bench_group(sample_count = 5)]
mod plain_csv {
    use super::*;

    #[divan::bench(args = [1, 2])]
    fn onefolk(bencher: Bencher, threads: usize) {
        by_intake(bencher, extract(false), threads);
    }

    #[divan::bench]
    fn csv_crate(bencher: Bencher) {
        by_csv(bencher, extract(false));
    }

    #[divan::bench]
    fn simd_csv_crate(bencher: Bencher) {
        by_simd_csv(bencher, extract(false));
    }
}

#[divan::bench_group(sample_count = 5)]
mod quoted_csv {
    use super::*;

    #[divan::bench(args = [1, 2])]
    fn onefolk(bencher: Bencher, threads: usize) {
        by_intake(bencher, extract(true), threads);
    }

    #[divan::bench]
    fn csv_crate(bencher: Bencher) {
        by_csv(bencher, extract(true));
    }

    #[divan::bench]
    fn simd_csv_crate(bencher: Bencher) {
        by_simd_csv(bencher, extract(true));
    }
}

/// How a file may be packed.
#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Zstd,
}

fn packed(packing: Packing) -> &'static Path {
    static FILES: [OnceLock<(tempfile::TempDir, PathBuf)>; 2] = [OnceLock::new(), OnceLock::new()];
    let (_, path) = FILES[packing as usize].get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plain = std::fs::read(extract(false)).expect("the file");
        let bytes = match packing {
            Packing::Zstd => zstd::encode_all(&plain[..], 3).expect("in memory"),
            Packing::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(&plain).expect("in memory");
                encoder.finish().expect("in memory")
            }
        };
        let path = folder.path().join("extract");
        std::fs::write(&path, bytes).expect("room in the temporary folder");
        (folder, path)
    });
    path
}

/// The bare decoder of a packing on one thread, and nothing done with what it gives.
fn by_decoder(bencher: Bencher, packing: Packing) {
    let packed = std::fs::read(packed(packing)).expect("the file");
    bencher.counter(BytesCount::new(BYTES)).bench(|| {
        let mut plain: Box<dyn Read> = match packing {
            Packing::Gzip => Box::new(flate2::read::GzDecoder::new(&packed[..])),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(&packed[..]).expect("a decoder")),
        };
        std::io::copy(&mut plain, &mut std::io::sink()).expect("a whole stream")
    });
}

/// The plain file packed: one thread unpacks at a time, the others parse meanwhile.
#[divan::bench_group(sample_count = 5)]
mod csv_in_gzip {
    use super::*;

    #[divan::bench(args = [1, 2])]
    fn onefolk(bencher: Bencher, threads: usize) {
        by_intake(bencher, packed(Packing::Gzip), threads);
    }

    #[divan::bench]
    fn flate2_crate(bencher: Bencher) {
        by_decoder(bencher, Packing::Gzip);
    }
}

#[divan::bench_group(sample_count = 5)]
mod csv_in_zstd {
    use super::*;

    #[divan::bench(args = [1, 2])]
    fn onefolk(bencher: Bencher, threads: usize) {
        by_intake(bencher, packed(Packing::Zstd), threads);
    }

    #[divan::bench]
    fn zstd_crate(bencher: Bencher) {
        by_decoder(bencher, Packing::Zstd);
    }
}

/// 500,000 records of 70,000 made-up people in one file.
fn town() -> &'static Path {
    static TOWN: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = TOWN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let town = town::generated(folder.path(), 70_000);
        (folder, town)
    });
    path
}

/// From the town's file to standardised records, on as many threads: what a night does before anything is compared.
#[divan::bench(args = [1, 2], sample_count = 5)]
fn standardised(bencher: Bencher, threads: usize) {
    let mut job = Job::read(&town().join("job.toml")).expect("a job that was generated");
    job.threads = threads;
    let bytes = std::fs::metadata(town().join("records.csv")).expect("it was generated").len();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        pool.install(|| {
            let intake = read_all(&job, |batch| records::intern(&job, batch), |_| {}).expect("a clean file");
            let (mut records, _) = records::merge(&job, intake.batches);
            let cleaned = records::clean(&job, &mut records, None);
            records::quarantine(&job, &mut records, &cleaned.filler_rows);
            records
        })
    });
}

/// The same rows as text columns of a Parquet file.
#[divan::bench_group(sample_count = 5)]
mod parquet_of_text {
    use super::*;

    #[divan::bench(args = [1, 2])]
    fn onefolk(bencher: Bencher, threads: usize) {
        by_intake(bencher, parquet_extract(), threads);
    }

    /// All nine columns as Arrow arrays, on one thread, and nothing done with them.
    #[divan::bench]
    fn parquet_crate(bencher: Bencher) {
        let path = parquet_extract();
        bencher.counter(BytesCount::new(BYTES)).bench(|| {
            let file = std::fs::File::open(path).expect("the file");
            let reader =
                ParquetRecordBatchReaderBuilder::try_new(file).expect("a clean file").build().expect("a reader");
            reader.map(|batch| batch.expect("a clean file").num_rows()).sum::<usize>()
        });
    }
}
