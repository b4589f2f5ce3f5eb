//! What is kept for the nights to come: extracts that may stand in, what providers hold that send only changes, and who objects.

use super::Finding;
use crate::disk;
use crate::job::{self, Job, Provider, WhenMissing, standing};
use crate::publish;
use crate::run;
use rayon::prelude::*;
use std::path::Path;

/// Holds every extract that is kept against its checksum. The next night reads what providers hold that send only changes; last good extracts
/// are read where a provider sends nothing usable.
pub(super) fn extracts(job: &Job) -> Finding {
    const NAME: &str = "kept extracts";
    if publish::lock_owner(&job.output).is_ok_and(|owner| owner.is_some()) {
        return Finding::ok(NAME, "not looked at while a run is under way");
    }
    let (held, good) = (looked_at(job, held), looked_at(job, last_good));
    let damaged = |all: &[(&Provider, bool)]| -> Vec<String> {
        all.iter().filter(|(_, whole)| !whole).map(|(provider, _)| provider.id.clone()).collect()
    };
    let (of_changes, of_extracts) = (damaged(&held), damaged(&good));
    if !of_changes.is_empty() {
        return Finding::fail(
            NAME,
            format!("what is kept in state/changes of {} is not what was written", of_changes.join(", ")),
            "Put that folder back from a backup made after the last run; where there is none, remove it and let the provider send \
             everything once more",
        );
    }
    let stands_in = good.iter().any(|(provider, whole)| !whole && provider.stale.is_some());
    let saw = format!("what is kept in state/inputs of {} is not what was written", of_extracts.join(", "));
    match (of_extracts.is_empty(), stands_in, held.len() + good.len()) {
        (true, _, 0) => Finding::ok(NAME, "none"),
        (true, _, providers) => Finding::ok(NAME, format!("of {providers} providers, every checksum right")),
        (false, true, _) => Finding::fail(
            NAME,
            saw,
            "Put it back from a backup, or put the provider's own extract in place: what is damaged cannot stand in for it",
        ),
        (false, false, _) => {
            Finding::warn(NAME, saw, "Remove that folder: the next night keeps anew what the provider sends")
        }
    }
}

/// The providers of whom something is kept, and whether it is whole.
fn looked_at(job: &Job, look: fn(&Job, &Provider) -> Option<bool>) -> Vec<(&Provider, bool)> {
    let looked = job.providers.par_iter().filter_map(|provider| Some((provider, look(job, provider)?)));
    looked.collect()
}

/// Whether what a provider holds that sends only changes is whole; `None` where it holds nothing.
fn held(job: &Job, provider: &Provider) -> Option<bool> {
    provider.changes.as_ref()?;
    let folder = standing::folder(&job.output, &provider.id);
    // A killed night was putting another in place; the next one ends that.
    if folder.join(standing::NEXT).exists() {
        return None;
    }
    let list = standing::read(&folder).transpose()?;
    Some(list.is_ok_and(|list| is_whole(&folder.join(standing::EXTRACT), &list.blake3)))
}

/// Whether the last good extracts of a provider are whole; `None` where none are kept.
fn last_good(job: &Job, provider: &Provider) -> Option<bool> {
    let folder = job::kept_folder(&job.output, &provider.id);
    let is_kept = provider.changes.is_none() && provider.when_missing == WhenMissing::Last;
    if !is_kept || !folder.join(job::KEPT_LIST).exists() {
        return None;
    }
    let kept = job::read_kept(&job.output, &provider.id);
    Some(kept.is_some_and(|kept| kept.files.iter().all(|file| is_whole(&folder.join(&file.place), &file.blake3))))
}

fn is_whole(path: &Path, blake3: &str) -> bool {
    let mut hasher = blake3::Hasher::new();
    let read = disk::open(path).and_then(|file| hasher.update_reader(file).map(|_| ()));
    read.is_ok() && hasher.finalize().to_hex().as_str() == blake3
}

/// Who objects, as nights remember it beyond the rows by which they found it out.
pub(super) fn objections(job: &Job) -> Finding {
    const NAME: &str = "objections";
    match run::objections_remembered(job) {
        Ok(0) => Finding::ok(NAME, "none are remembered"),
        Ok(objections) => Finding::ok(NAME, format!("{objections} are remembered")),
        Err(failure) => Finding::failure(NAME, &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::identity::example;
    use crate::job::{Changes, Format, Setting};
    use std::fs;

    /// A job whose provider has sent an extract that is kept, or changes, and the place of it.
    fn kept(output: &Path, of_changes: bool) -> (Job, std::path::PathBuf) {
        let mut job = example::job(&[("gp", Setting::GeneralPractice, 3)]);
        job.output = output.to_path_buf();
        job.providers[0].when_missing = WhenMissing::Last;
        let (text, blake3) = ("id\n1\n", blake3::hash(b"id\n1\n").to_hex());
        let (folder, name, list) = match of_changes {
            false => {
                let file = format!(r#"{{"name":"gp.csv","place":"gp.csv","blake3":"{blake3}","bytes":5}}"#);
                let list = format!(r#"{{"as_of":"2026-11-22","files":[{file}]}}"#);
                (job::kept_folder(output, "gp"), "gp.csv", (job::KEPT_LIST, list))
            }
            true => {
                let format = Format::default();
                let changes = Changes { deleted: None, files: vec![], format, standing: None, damaged: false };
                job.providers[0].changes = Some(changes);
                let list = format!(
                    r#"{{"run_id":"2026-11-22-01","as_of":"2026-11-22","blake3":"{blake3}","rows":1,"applied":[]}}"#
                );
                (standing::folder(output, "gp"), standing::EXTRACT, (standing::LIST, list))
            }
        };
        fs::create_dir_all(&folder).expect("there is room");
        fs::write(folder.join(list.0), list.1).expect("there is room");
        fs::write(folder.join(name), text).expect("there is room");
        (job, folder.join(name))
    }

    #[test]
    fn an_extract_that_is_kept_and_damaged_is_found_before_a_night_needs_it() {
        for (of_changes, damaged) in [(false, State::Warn), (true, State::Fail)] {
            let output = tempfile::tempdir().expect("a folder for the test");
            let (mut job, place) = kept(output.path(), of_changes);
            let well = extracts(&job);
            assert_eq!((well.state, well.saw.as_str()), (State::Ok, "of 1 providers, every checksum right"));
            fs::write(&place, "id\n2\n").expect("there is room");
            let found = extracts(&job);
            assert!(found.state == damaged && found.saw.contains(" of gp is not"), "{found:?}");
            fs::remove_file(&place).expect("it stands");
            assert_eq!(extracts(&job).state, damaged);
            job.providers.clear();
            assert_eq!(extracts(&job).saw, "none");
        }
    }

    #[test]
    fn what_is_remembered_of_objections_is_looked_at() {
        let output = tempfile::tempdir().expect("a folder for the test");
        let mut job = example::job(&[("gp", Setting::GeneralPractice, 3)]);
        job.output = output.path().to_path_buf();
        assert_eq!(objections(&job).state, State::Ok);
        fs::create_dir(output.path().join("state")).expect("there is room");
        fs::write(output.path().join("state/objected.json"), "{\"objections\":{").expect("there is room");
        let found = objections(&job);
        assert!(found.state == State::Fail && found.saw.contains("damaged"), "{found:?}");
    }
}
