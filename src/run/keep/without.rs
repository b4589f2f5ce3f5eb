//! Extracts that are kept without the rows of people who object: what the job reads of them, as CSV in zstd.
//!
//! Rows that could not be read are left out as well: nobody needs them on a night on which the extract stands in.

use super::lines::{Lines, header};
use super::list;
use super::sent::Sent;
use crate::disk;
use crate::failure::Failure;
use crate::intake::{self, Batch, FileReport};
use crate::job::{self, Job, Kept, KeptFile, Provider};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// The extracts of one provider, as the night has read them.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    /// The provider among those of the job, and its first extract among all.
    pub provider: usize,
    pub first: u32,
    pub files: &'a [&'a FileReport],
    /// What of them has waited.
    pub sent: &'a Sent,
}

/// Keeps the extracts of a provider without the rows of `objecting`: (place among its extracts, source_row).
///
/// # Errors
/// Where an extract that has to be read again is not what the night has read any more, or something cannot be written; then what was kept before is
/// removed, since it holds rows that must not be kept.
pub(super) fn keep(job: &Job, own: Own, folder: &Path, objecting: &BTreeSet<(u32, u32)>) -> io::Result<()> {
    let done = written(job, own, folder, objecting);
    done.inspect_err(|_| {
        let _ = disk::remove_folder(folder);
    })
}

fn written(job: &Job, own: Own, folder: &Path, objecting: &BTreeSet<(u32, u32)>) -> io::Result<()> {
    let provider = &job.providers[own.provider];
    let since = provider.stale.as_ref().map_or(job.as_of, |stale| stale.since);
    let made_of = made_of(provider, own.files, objecting);
    if let Some(kept) = job::read_kept(&job.output, &provider.id)
        && kept.made_of.as_ref() == Some(&made_of)
        && kept.files.iter().all(|file| disk::length(&folder.join(&file.place)).is_ok_and(|bytes| bytes == file.bytes))
    {
        return list(folder, &Kept { as_of: since.to_string(), ..kept });
    }
    let mut left_out: Vec<FxHashSet<u32>> = vec![FxHashSet::default(); own.files.len()];
    for &(place, row) in objecting {
        left_out[place as usize].insert(row);
    }
    let header = header(provider)?;
    let mut kept = Kept { as_of: since.to_string(), files: Vec::new(), rows_only: true, made_of: Some(made_of) };
    for (file, rows) in own.files.iter().zip(rows(job, own, &left_out)?) {
        let text = std::iter::once(&header).chain(&rows).map(Vec::as_slice).collect::<Vec<_>>().concat();
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

/// By extract, frames of the rows that are not `left_out`, in their order.
fn rows(job: &Job, own: Own, left_out: &[FxHashSet<u32>]) -> io::Result<Vec<Vec<Vec<u8>>>> {
    let waited = |((file, left_out), extract): ((&&FileReport, &FxHashSet<u32>), u32)| {
        own.sent.packed(extract, file, |row| left_out.contains(&row))
    };
    let waited: Option<_> = own.files.iter().zip(left_out).zip(own.first..).map(waited).collect();
    waited.map_or_else(|| read_again(job, own, left_out), Ok)
}

fn read_again(job: &Job, own: Own, left_out: &[FxHashSet<u32>]) -> io::Result<Vec<Vec<Vec<u8>>>> {
    let alone = Job { providers: vec![job.providers[own.provider].clone()], ..job.clone() };
    let pack = |batch: Batch| {
        let out = &left_out[batch.extract as usize];
        (batch.extract, Lines::of(&batch).and_then(|lines| lines.packed(|row| out.contains(&row))))
    };
    let read = intake::read_all(&alone, pack, |_| ()).map_err(|failure: Failure| io::Error::other(failure.code.id))?;
    let as_read = |(file, own): (&FileReport, &&FileReport)| file.blake3 == own.blake3;
    if read.files.len() != own.files.len() || !read.files.iter().zip(own.files).all(as_read) {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut rows = vec![Vec::new(); own.files.len()];
    for (extract, frame) in read.batches {
        rows[extract as usize].push(frame?);
    }
    Ok(rows)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent;
    use crate::run::aside;
    use std::fs;

    const JOB: &str = r#"
[job]
name = "kept"
as_of = 2026-11-30
[[provider]]
id = "first"
name = "First"
setting = "hospice"
files = ["first.csv"]
when_missing = "last"
[provider.columns]
record_id = "id"
given_name = "given"
[[provider]]
id = "second"
name = "Second"
setting = "general_practice"
files = ["*.part"]
when_missing = "last"
[provider.columns]
record_id = "id"
given_name = "given"
[[opt_out]]
kind = "local"
files = ["objections.csv"]
"#;

    /// A job of two providers, the second with two extracts of several batches, and what of them has waited.
    fn sent(folder: &Path) -> (Job, Vec<FileReport>, Sent) {
        let rows = |from: u32, to: u32| -> String {
            let lines = (from..to).map(|id| format!("{id},\"{}, née {}\"\n", "x".repeat(400), id % 7));
            std::iter::once("id,given\n".to_string()).chain(lines).collect()
        };
        for (name, text) in [
            ("first.csv", rows(0, 3)),
            ("a.part", rows(10, 9_000)),
            ("b.part", rows(20_000, 26_000)),
            ("objections.csv", "nhs_number\n9990000018\n".into()),
            ("job.toml", JOB.into()),
        ] {
            fs::write(folder.join(name), text).expect("there is room");
        }
        let job = Job::read(&folder.join("job.toml")).expect("it is right");
        let sent = Sent::begin(&job, &consent::read(&job).expect("the list is right"));
        let read = intake::read_all(&job, |batch| sent.put(&batch), |_| ()).expect("extracts can be read");
        (job, read.files, sent)
    }

    #[test]
    fn what_has_waited_is_what_is_read_again_and_what_is_damaged_is_not_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let (job, files, sent) = sent(folder.path());
        let files: Vec<&FileReport> = files.iter().collect();
        let out = |rows: &[u32]| rows.iter().copied().collect::<FxHashSet<u32>>();
        for (provider, first, left_out) in [(0, 0, vec![out(&[2])]), (1, 1, vec![out(&[1, 2, 8_990]), out(&[5_000])])] {
            let own = Own { provider, first, files: &files[first as usize..][..left_out.len()], sent: &sent };
            let waited = |own: Own| -> Option<Vec<Vec<Vec<u8>>>> {
                let of = |nth: usize| {
                    own.sent.packed(own.first + nth as u32, own.files[nth], |row| left_out[nth].contains(&row))
                };
                (0..left_out.len()).map(of).collect()
            };
            let again = read_again(&job, own, &left_out).expect("extracts stand");
            assert_eq!(waited(own).as_ref(), Some(&again));
            assert_eq!(rows(&job, own, &left_out).expect("all is there"), again);
            // Nothing has waited of this one.
            assert_eq!(waited(Own { sent: &Sent::default(), ..own }), None);
            let waiting = aside::folder(&job.output).join("sent");
            let of_own = |name: &str| name.starts_with(&format!("{first}-"));
            for file in fs::read_dir(&waiting).expect("batches wait").map(|entry| entry.expect("it is listed").path()) {
                if of_own(&file.file_name().expect("it has a name").to_string_lossy()) {
                    let bytes = fs::read(&file).expect("it stands");
                    let mut changed = bytes.clone();
                    changed[bytes.len() / 2] ^= 1;
                    for damaged in [&changed[..], &bytes[..bytes.len() - 1], &[]] {
                        fs::write(&file, damaged).expect("it can be changed");
                        assert_eq!(waited(own), None);
                        assert_eq!(rows(&job, own, &left_out).expect("extracts stand"), again);
                    }
                    fs::write(&file, bytes).expect("it can be changed");
                }
            }
        }
    }
}
