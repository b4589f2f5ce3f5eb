//! Extracts that are kept without the rows of people who object: what the job reads of them, as CSV in zstd.
//!
//! Rows that could not be read are left out as well: nobody needs them on a night on which the extract stands in.

use super::list;
use crate::disk;
use crate::failure::Failure;
use crate::intake::{self, Batch, FileReport, wanted_columns};
use crate::job::{self, Job, Kept, KeptFile, Provider, SOURCE_ROW};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// They are written every night and read only where a provider sends nothing: zstd's fastest level.
const LEVEL: i32 = 1;

/// Keeps the extracts of the provider at `at` without the rows of `objecting`: (place among its extracts, source_row).
///
/// # Errors
/// Where an extract is not what the night has read any more, or something cannot be written; then what was kept before is removed, since
/// it holds rows that must not be kept.
pub(super) fn keep(
    job: &Job,
    at: usize,
    folder: &Path,
    own: &[&FileReport],
    objecting: &BTreeSet<(u32, u32)>,
) -> io::Result<()> {
    let done = written(job, at, folder, own, objecting);
    done.inspect_err(|_| {
        let _ = disk::remove_folder(folder);
    })
}

fn written(
    job: &Job,
    at: usize,
    folder: &Path,
    own: &[&FileReport],
    objecting: &BTreeSet<(u32, u32)>,
) -> io::Result<()> {
    let provider = &job.providers[at];
    let since = provider.stale.as_ref().map_or(job.as_of, |stale| stale.since);
    let made_of = made_of(provider, own, objecting);
    if let Some(kept) = job::read_kept(&job.output, &provider.id)
        && kept.made_of.as_ref() == Some(&made_of)
        && kept.files.iter().all(|file| disk::length(&folder.join(&file.place)).is_ok_and(|bytes| bytes == file.bytes))
    {
        return list(folder, &Kept { as_of: since.to_string(), ..kept });
    }
    let alone = Job { providers: vec![provider.clone()], ..job.clone() };
    let pack = |batch: Batch| (batch.extract, packed(&batch, objecting));
    let read = intake::read_all(&alone, pack, |_| ()).map_err(|failure: Failure| io::Error::other(failure.code.id))?;
    let as_read = |(file, own): (&FileReport, &&FileReport)| file.blake3 == own.blake3;
    if read.files.len() != own.len() || !read.files.iter().zip(own).all(as_read) {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let header = zstd::bulk::compress(&header(provider)?, LEVEL)?;
    let mut texts: Vec<Vec<u8>> = own.iter().map(|_| header.clone()).collect();
    for (extract, rows) in read.batches {
        texts[extract as usize].extend(rows?);
    }
    let mut kept = Kept { as_of: since.to_string(), files: Vec::new(), rows_only: true, made_of: Some(made_of) };
    for (file, text) in own.iter().zip(texts) {
        let blake3 = blake3::hash(&text).to_hex().to_string();
        let place = format!("{}/rows.csv.zst", &blake3[..16]);
        let path = folder.join(&place);
        if std::fs::metadata(&path).is_err() {
            disk::create_folder(&folder.join(&blake3[..16]))?;
            disk::replace(&path, &text)?;
        }
        kept.files.push(KeptFile { name: file.name.clone(), place, blake3, bytes: text.len() as u64 });
    }
    list(folder, &kept)
}

/// Tells all that decides what is written: the extracts, how they are read, which rows are left out, and the program.
fn made_of(provider: &Provider, own: &[&FileReport], objecting: &BTreeSet<(u32, u32)>) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("onefolk 2026 what kept extracts are made of");
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    add(&format!("{:?}", Provider { stale: None, ..provider.clone() }));
    own.iter().for_each(|file| [&file.name, &file.blake3].into_iter().for_each(|text| add(text)));
    add(&format!("{objecting:?}"));
    hasher.finalize().to_hex().to_string()
}

fn header(provider: &Provider) -> io::Result<Vec<u8>> {
    let mut columns = wanted_columns(provider);
    columns.push(SOURCE_ROW.to_string());
    in_csv(|csv| csv.write_record(&columns))
}

/// The rows of a batch that may be kept, as one frame of zstd: frames one after another are one file.
fn packed(batch: &Batch, objecting: &BTreeSet<(u32, u32)>) -> io::Result<Vec<u8>> {
    let text = in_csv(|csv| {
        for (row, number) in batch.source_rows.iter().enumerate() {
            if objecting.contains(&(batch.extract, *number)) {
                continue;
            }
            for column in &batch.columns {
                csv.write_field(column.get(row))?;
            }
            csv.write_field(number.to_string())?;
            csv.write_record(None::<&[u8]>)?;
        }
        Ok(())
    })?;
    zstd::bulk::compress(&text, LEVEL)
}

fn in_csv(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer).map_err(io::Error::from)?;
    writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))
}
