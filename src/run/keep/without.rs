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
use std::fmt::Write;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

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
    let packers = Packers::default();
    let pack = |batch: Batch| (batch.extract, packers.packed(&batch, &left_out[batch.extract as usize]));
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
    in_csv(Vec::new(), |csv| csv.write_record(&columns))
}

/// Packs rows as CSV in zstd. A block of an extract is a megabyte or two of text: where that were written into new memory each time, giving memory back and
/// having it cleared again would take as long as packing does.
#[derive(Default)]
struct Packer {
    row: csv::ByteRecord,
    text: Vec<u8>,
    packed: Vec<u8>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

impl Packer {
    /// The rows of a batch that may be kept, as one frame: frames one after another are one file.
    fn packed(&mut self, batch: &Batch, left_out: &FxHashSet<u32>) -> io::Result<Vec<u8>> {
        let Packer { row, text, packed, zstd } = self;
        let mut number_text = String::new();
        text.clear();
        *text = in_csv(mem::take(text), |csv| {
            for (at, number) in batch.source_rows.iter().enumerate().filter(|(_, number)| !left_out.contains(number)) {
                row.clear();
                batch.columns.iter().for_each(|column| row.push_field(column.get(at).as_bytes()));
                number_text.clear();
                let _ = write!(number_text, "{number}");
                row.push_field(number_text.as_bytes());
                csv.write_byte_record(row)?;
            }
            Ok(())
        })?;
        let zstd = match zstd {
            Some(zstd) => zstd,
            None => zstd.insert(zstd::bulk::Compressor::new(LEVEL)?),
        };
        packed.clear();
        packed.reserve(zstd::zstd_safe::compress_bound(text.len()));
        zstd.compress_to_buffer(text, packed)?;
        Ok(packed.as_slice().into())
    }
}

/// One packer for each thread that packs.
#[derive(Default)]
struct Packers {
    free: Mutex<Vec<Packer>>,
}

impl Packers {
    fn packed(&self, batch: &Batch, left_out: &FxHashSet<u32>) -> io::Result<Vec<u8>> {
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut packer = free().pop().unwrap_or_default();
        let packed = packer.packed(batch, left_out);
        free().push(packer);
        packed
    }
}

/// What is written as CSV, behind what stands in `text`.
fn in_csv(text: Vec<u8>, write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(text);
    write(&mut writer).map_err(io::Error::from)?;
    writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))
}
