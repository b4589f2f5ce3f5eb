//! Extracts that are kept without the rows of people who object: what the job reads of them, as CSV in zstd.
//!
//! Rows that could not be read are left out as well: nobody needs them on a night on which the extract stands in.

use super::{list, stands};
use crate::disk;
use crate::failure::Failure;
use crate::intake::{self, Batch, FileReport, wanted_columns};
use crate::job::{self, Job, Kept, KeptFile, Provider, SOURCE_ROW};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// They are written every night and read only where a provider sends nothing: zstd's fastest level.
const LEVEL: i32 = 1;

/// Writes the extracts of the provider at `at` without the rows of `objecting` ((place among its extracts, source_row)) below `folder`, unless what is
/// kept of them is the same. Gives the list of what is kept then; until it is [`put`], what was kept before stands.
///
/// # Errors
/// Where an extract is not what the night has read any more, or something cannot be written.
pub(super) fn written(
    job: &Job,
    at: usize,
    folder: &Path,
    own: &[&FileReport],
    objecting: &BTreeSet<(u32, u32)>,
) -> io::Result<Kept> {
    let provider = &job.providers[at];
    let since = provider.stale.as_ref().map_or(job.as_of, |stale| stale.since);
    let (standing, made_of) = (job::kept_folder(&job.output, &provider.id), made_of(provider, own, objecting));
    if let Some(kept) = job::read_kept(&job.output, &provider.id)
        && kept.made_of.as_ref() == Some(&made_of)
        && kept.files.iter().all(|file| stands(&standing.join(&file.place), file.bytes))
    {
        return Ok(Kept { as_of: since.to_string(), ..kept });
    }
    let mut left_out: Vec<FxHashSet<u32>> = vec![FxHashSet::default(); own.len()];
    objecting.iter().for_each(|&(place, row)| {
        left_out[place as usize].insert(row);
    });
    let alone = Job { providers: vec![provider.clone()], ..job.clone() };
    let pack = |batch: Batch| (batch.extract, packed(&batch, &left_out[batch.extract as usize]));
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
        let (part, bytes) = (&blake3[..16], text.len() as u64);
        let place = format!("{part}/rows.csv.zst");
        if !stands(&folder.join(&place), bytes) {
            disk::create_folder(&folder.join(part))?;
            disk::replace_unsynced(&folder.join(&place), &text)?;
        }
        kept.files.push(KeptFile { name: file.name.clone(), place, blake3, bytes });
    }
    Ok(kept)
}

/// Puts what was written below `from` in its place in the provider's `folder`, and lists it; a file that stands there already is the same.
pub(super) fn put(kept: &Kept, from: &Path, folder: &Path) -> io::Result<()> {
    for file in &kept.files {
        let (written, place) = (from.join(&file.place), folder.join(&file.place));
        if !stands(&place, file.bytes) {
            place.parent().map_or(Ok(()), disk::create_folder)?;
            disk::rename(&written, &place)?;
        }
    }
    list(folder, kept)
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
fn packed(batch: &Batch, left_out: &FxHashSet<u32>) -> io::Result<Vec<u8>> {
    let text = in_csv(|csv| {
        for (row, number) in batch.source_rows.iter().enumerate() {
            if left_out.contains(number) {
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
