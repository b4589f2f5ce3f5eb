//! A run while it is written, and the steps that publish it.

use super::link_table::{self, LinkTable};
use super::published::{PublishedRun, damaged};
use super::recovery::{self, LINK_PARTIAL};
use super::runs::{self, CURRENT, partial_folder, run_folder};
use super::syncing::Syncing;
use super::table::Written;
use super::tables::{self, Outputs, WithheldRow};
use super::{Lock, OUTPUT_UNWRITABLE, RUN_UNREADABLE, WrittenFile};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::{self, Change, NextEntry};
use rayon::prelude::*;
#[cfg(test)]
use rustc_hash::FxHashSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Bytes of a file that are taken over at a time.
const PIECE: usize = 1 << 20;

/// A run aside, in `runs/.<run_id>.partial/`. Dropped without [`commit`](Draft::commit), it leaves nothing behind.
pub struct Draft<'a> {
    lock: &'a Lock,
    run_id: String,
    folder: PathBuf,
    published: bool,
    /// Other drafts may be written beside it.
    beside: bool,
    syncing: Syncing,
}

/// A run that stands.
#[derive(Debug)]
pub struct Published {
    pub run_id: String,
    /// `runs/<run_id>` below the output.
    pub folder: PathBuf,
    /// Old runs that were removed.
    pub pruned: Vec<String>,
    /// What did not work after the run was published; the next run does it again.
    pub warnings: Vec<String>,
}

impl<'a> Draft<'a> {
    /// Begins a run. [`recover`](super::recover) must have been called under the same lock.
    pub fn create(lock: &'a Lock, run_id: &str) -> Result<Draft<'a>> {
        let folder = partial_folder(lock.output(), run_id);
        let created = disk::remove_folder(&folder).and_then(|()| disk::create_folder(&folder));
        created.map_err(|error| failed(&error, &folder))?;
        let run_id = run_id.to_string();
        Ok(Draft { lock, run_id, folder, published: false, beside: false, syncing: Syncing::default() })
    }

    /// Begins to write a kept run anew, which is to be [replaced](Draft::replace) by it. Others may be written anew at the same time: dropped without
    /// that, it leaves nothing behind and touches nothing of theirs. Large files are synced as soon as they are written.
    pub(crate) fn create_beside(lock: &'a Lock, run_id: &str) -> Result<Draft<'a>> {
        let mut draft = Draft::create(lock, run_id)?.synced_early();
        draft.beside = true;
        Ok(draft)
    }

    /// The same draft, whose large files are synced as soon as they are written: a disk takes its time while processors work on.
    pub(crate) fn synced_early(mut self) -> Draft<'a> {
        // A job of one thread has one: what it does to the disk comes in one order.
        if rayon::current_num_threads() > 1 {
            self.syncing = Syncing::begin();
        }
        self
    }

    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Where the run is written: rooms that write files of their own put them below it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes links.parquet and review.parquet. `review` gives pairs in the grey zone by place in the table, each with why a person
    /// should look, in one word of ours; ids are printed as 32 hexadecimal characters.
    pub fn write_links(
        &self,
        table: LinkTable,
        review: &[(u32, &'static str)],
        identity_ids: &[[u8; 16]],
    ) -> Result<Vec<WrittenFile>> {
        let (links, review) = rayon::join(
            || link_table::write_links(&self.folder, table, identity_ids).inspect(|links| self.whole(links)),
            || link_table::write_review(&self.folder, table, review, identity_ids).inspect(|review| self.whole(review)),
        );
        Ok(vec![links?, review?])
    }

    /// Writes the other six Parquet files, and packages.parquet and wishes.parquet where there are any, in parallel; what was
    /// written comes in a fixed order.
    pub fn write_tables(&self, outputs: &Outputs) -> Result<Vec<WrittenFile>> {
        self.write_tables_then(outputs, || ()).map(|(written, ())| written)
    }

    /// The same; `then` is done as soon as people.parquet stands, beside the rest.
    pub(crate) fn write_tables_then<T: Send>(
        &self,
        outputs: &Outputs,
        then: impl FnOnce() -> T + Send,
    ) -> Result<(Vec<WrittenFile>, T)> {
        tables::write_all(&self.folder, outputs, &|written: &WrittenFile| self.whole(written), then)
    }

    /// Writes withheld.parquet.
    pub(crate) fn write_withheld(&self, rows: &[WithheldRow]) -> Result<WrittenFile> {
        tables::write_withheld_rows(&self.folder, rows)
    }

    /// Writes changes.parquet.
    pub(crate) fn write_changes(&self, changes: &[Change]) -> Result<WrittenFile> {
        tables::write_changes(&self.folder, changes)
    }

    /// What stands in the draft, to be read as one reads a run.
    pub(crate) fn so_far(&self) -> PublishedRun {
        PublishedRun { run_id: self.run_id.clone(), folder: self.folder.clone() }
    }

    /// Says that a file of the run is written to its end.
    pub(super) fn written_whole(&self, path: PathBuf) {
        self.syncing.add(path);
    }

    fn whole(&self, written: &WrittenFile) {
        self.written_whole(self.path(&written.name));
    }

    /// Where a file of the run is written.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes one file; `name` is relative with `/`, such as `summary/people.csv`.
    pub fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<WrittenFile> {
        use io::Write;
        let mut file = self.create_file(name)?;
        let written = file.write_all(bytes).and_then(|()| file.finish());
        written.map_err(|error| failed(&error, &self.folder.join(name)))?;
        let blake3 = blake3::hash(bytes).to_hex().to_string();
        Ok(WrittenFile { name: name.to_string(), bytes: bytes.len() as u64, blake3 })
    }

    /// Writes one file piece by piece.
    pub(crate) fn write_with(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> Result<WrittenFile> {
        let mut written = Written::new(self.create_file(name)?);
        let written = write(&mut written).and_then(|()| written.finish(name));
        let written = written.map_err(|error| failed(&error, &self.folder.join(name)))?;
        self.written_whole(self.folder.join(name));
        Ok(written)
    }

    /// Takes over `files` of a kept run, byte for byte; each stays a file of its own.
    ///
    /// # Errors
    /// OF0535 where one cannot be opened, or is not what is said of it; as of any file that is written where the copy does not come to its end.
    pub(crate) fn take_over(&self, from: &PublishedRun, files: &[WrittenFile]) -> Result<()> {
        files.par_iter().with_max_len(1).try_for_each(|file| {
            let path = from.folder.join(&file.name);
            let held = disk::open(&path).map_err(|error| Failure::from_io(&error, &path, &RUN_UNREADABLE))?;
            let mut held = io::BufReader::with_capacity(PIECE, held);
            let taken = self.write_with(&file.name, |out| io::copy(&mut held, out).map(|_| ()))?;
            if taken == *file { Ok(()) } else { Err(damaged(&path)) }
        })
    }

    /// A new file of the run for somebody else to fill, and to finish.
    ///
    /// # Panics
    /// Where `name` leads out of the run's folder.
    pub(crate) fn create_file(&self, name: &str) -> Result<disk::File> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        assert!(inside, "a file of a run is named relative to it");
        let path = self.folder.join(name);
        let parent = path.parent().unwrap_or(&self.folder);
        // A draft that a signal has removed is not made anew.
        let made = if self.folder.is_dir() { disk::create_folder(parent) } else { Ok(()) };
        made.and_then(|()| disk::create_file(&path)).map_err(|error| failed(&error, &path))
    }

    /// The runs that [`commit`](Draft::commit) is to remove for `keep_runs` runs to stay, this one included: those that were published first. `known`
    /// are the runs of the ledger in the order in which they were published, whatever their dates; one that it does not know goes before all others.
    pub fn beyond(&self, keep_runs: usize, known: &[String]) -> Result<Vec<String>> {
        let mut old = runs::list(self.lock.output())?;
        old.retain(|run| *run != self.run_id);
        old.sort_by_key(|run| known.iter().position(|known| known == run));
        old.truncate(old.len().saturating_sub(keep_runs.saturating_sub(1)));
        Ok(old)
    }

    /// Publishes the run together with the ledger's entry, then removes the old runs that `remove` names.
    ///
    /// On an error nothing is published and nothing of the run is left.
    pub fn commit(mut self, next: &NextEntry, remove: &[String]) -> Result<Published> {
        assert_eq!(self.run_id, next.run_id(), "the ledger's entry is this run's");
        assert!(!remove.contains(&self.run_id), "what is being published stays");
        self.sync()?;
        self.stage(next)?;
        self.reveal()?;
        self.swap()?;
        // From here on the run stands, whatever happens.
        self.published = true;
        let output = self.lock.output();
        let mut warnings = Vec::new();
        let mut pruned = Vec::new();
        // Where the new `current` may not survive a power cut, the old run must: the rest is left to the next run.
        let settled =
            disk::sync_folder(output).map_err(|error| failed(&error, output)).and_then(|()| identity::settle(output));
        match settled {
            Ok(()) => pruned = self.prune(remove, &mut warnings),
            Err(failure) => warnings.push(failure.to_string()),
        }
        Ok(Published { run_id: self.run_id.clone(), folder: run_folder(output, &self.run_id), pruned, warnings })
    }

    /// Puts the draft in the place of the kept run of the same name; a kill at any instant leaves the one or the other, once
    /// [`recover`](super::recover) has looked at it.
    ///
    /// # Panics
    /// Where `current` leads to that run: what stands is never changed.
    pub(crate) fn replace(mut self) -> Result<()> {
        let output = self.lock.output();
        assert_ne!(runs::current_run(output).as_deref(), Some(self.run_id.as_str()), "what stands is never changed");
        self.sync()?;
        self.promise()?;
        // From here on the draft is to stand, now or after the next recovery.
        self.published = true;
        recovery::finish_replacing(output, &self.run_id)
    }

    /// Puts files of the draft, a report and where it is another one run.json, in the place of those that stand in `folder`, a run that was kept; a
    /// kill at any instant leaves the one report or the other, once [`recover`](super::recover) has looked at it.
    pub(crate) fn replace_report(&self, folder: &Path, names: &[&str]) -> Result<()> {
        self.promise_report(folder, names).map_err(|error| failed(&error, folder))?;
        recovery::finish_report(folder)
    }

    /// All up to the one rename that decides that the report takes the place of the one that stands.
    pub(super) fn promise_report(&self, folder: &Path, names: &[&str]) -> io::Result<()> {
        let aside = folder.join(".report.partial");
        let summary = aside.join("summary");
        disk::remove_folder(&aside).and_then(|()| disk::create_folder(&summary))?;
        for name in names {
            let made = self.folder.join(name);
            disk::sync_file(&made).and_then(|()| disk::rename(&made, &aside.join(name)))?;
        }
        disk::sync_folder(&summary)
            .and_then(|()| disk::sync_folder(&aside))
            .and_then(|()| disk::rename(&aside, &runs::report_anew(folder)))
            .and_then(|()| disk::sync_folder(folder))
    }

    /// The one rename that decides that the draft takes the place of the run of its name.
    pub(super) fn promise(&self) -> Result<()> {
        let output = self.lock.output();
        let anew = runs::anew_folder(output, &self.run_id);
        let renamed = disk::rename(&self.folder, &anew).and_then(|()| disk::sync_folder(&output.join("runs")));
        renamed.map_err(|error| failed(&error, &anew))
    }

    /// Step 1: everything in the folder survives a power cut.
    pub(super) fn sync(&self) -> Result<()> {
        let (mut found, mut folders) = (Vec::new(), Vec::new());
        walk(&self.folder, &mut found, &mut folders).map_err(|error| failed(&error, &self.folder))?;
        let synced = self.syncing.end().map_err(|(path, error)| failed(&error, &path))?;
        found.retain(|path| !synced.contains(path));
        let sync_file = |path: &PathBuf| disk::sync_file(path).map_err(|error| failed(&error, path));
        found.par_iter().try_for_each(sync_file)?;
        folders.iter().try_for_each(|path| disk::sync_folder(path).map_err(|error| failed(&error, path)))
    }

    /// Step 2.
    pub(super) fn stage(&self, next: &NextEntry) -> Result<()> {
        identity::stage(self.lock.output(), next)
    }

    /// Step 3: the folder gets its name.
    pub(super) fn reveal(&self) -> Result<()> {
        let folder = run_folder(self.lock.output(), &self.run_id);
        let runs = self.lock.output().join("runs");
        let revealed = disk::rename(&self.folder, &folder).and_then(|()| disk::sync_folder(&runs));
        revealed.map_err(|error| failed(&error, &folder))
    }

    /// Step 4: one rename, the instant that decides.
    pub(super) fn swap(&self) -> Result<()> {
        let output = self.lock.output();
        recovery::remove_link(output)?;
        let link = output.join(LINK_PARTIAL);
        let current = output.join(CURRENT);
        let target = Path::new("runs").join(&self.run_id);
        let swapped = disk::link(&target, &link).and_then(|()| disk::rename(&link, &current));
        swapped.map_err(|error| failed(&error, &current))
    }

    /// Step 6. The run stands already: what goes wrong here is only told.
    fn prune(&self, remove: &[String], warnings: &mut Vec<String>) -> Vec<String> {
        let mut pruned = Vec::new();
        for run in remove {
            match recovery::remove_run(self.lock.output(), run) {
                Ok(()) => pruned.push(run.clone()),
                Err(failure) => warnings.push(failure.to_string()),
            }
        }
        pruned
    }

    /// What was synced as soon as it was written; no more is. For tests.
    #[cfg(test)]
    pub(super) fn synced(&self) -> FxHashSet<PathBuf> {
        self.syncing.end().expect("what was written can be synced")
    }

    /// Ends as a killed process does: nothing is undone. For tests of recovery.
    #[cfg(test)]
    pub(super) fn kill(mut self) {
        self.published = true;
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // What was to be synced is to go.
        let _ = self.syncing.end();
        // The run has failed already, and the next one recovers again: there is nobody to tell.
        let _ = match self.beside {
            true => recovery::give_up(self.lock.output(), &self.run_id),
            false => recovery::recover(self.lock).map(|_| ()),
        };
    }
}

fn failed(error: &io::Error, path: &Path) -> Failure {
    Failure::from_io(error, path, &OUTPUT_UNWRITABLE)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>, folders: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), found, folders)?;
        } else {
            found.push(entry.path());
        }
    }
    folders.push(folder.to_path_buf());
    Ok(())
}
