//! `onefolk train`: learns a model on purpose and freezes it.

use super::ceiling::Ceiling;
use super::changes::Changed;
use super::gates::{Before, Gates, Waived};
use super::link::{self, Label, Taught};
use super::model::{self, NOTHING_TO_LEARN};
use super::progress::{Progress, Show};
use super::withhold::{Held, withhold};
use super::{Usable, aside, history, interrupt, machine, on_threads, read_usable};
use crate::consent;
use crate::decisions::{self, Answer};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::{Change, Frozen, Labels};
use crate::publish::Lock;
use crate::records::Records;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};

/// What a training has learnt.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The file that the model was written to.
    pub file: PathBuf,
    pub frozen: Frozen,
    /// Against the model before; `None` where there was none.
    pub change: Option<Change>,
    /// Labelled pairs that were not used.
    pub unused: Unused,
}

/// Labelled pairs that say nothing for a training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Unused {
    pub unsure: u64,
    /// A record is in no extract, in quarantine, or withheld.
    pub not_known: u64,
}

/// Reads the extracts, learns a model as a first night does, and freezes it: in `output`, or else where the job's own model stands.
/// `labels` is a file of decisions ([`decisions`]).
///
/// # Errors
/// OF0520 where something else stands in the model's place, OF0523 where nothing can be compared, OF0524 where it cannot be written, OF0440
/// where the job allows too little memory, OF0441 where columns cannot wait on disk; and what reading the extracts and the labels may meet.
pub fn train(job: &Job, labels: Option<&Path>, output: Option<&Path>, show: Show) -> Result<Trained> {
    machine::forget_peak_memory();
    let progress = Progress::new(show);
    on_threads(job, || learn(job, labels, output, &progress))
}

fn learn(job: &Job, labels: Option<&Path>, output: Option<&Path>, progress: &Progress) -> Result<Trained> {
    let lock = Lock::acquire(&job.output, "train")?;
    let interrupt = interrupt::Guard::watch(lock.output());
    let training = || {
        aside::clear(lock.output())?;
        let trained = learn_and_freeze(job, labels, output, progress, &interrupt);
        // What cannot be removed now the next night removes.
        let _ = aside::clear(lock.output());
        trained
    };
    history::kept(&lock, "train", |_| history::Done::default(), training)
}

fn learn_and_freeze(
    job: &Job,
    labels: Option<&Path>,
    output: Option<&Path>,
    progress: &Progress,
    interrupt: &interrupt::Guard,
) -> Result<Trained> {
    let before = model::known(job)?;
    let model_file = output.map(Path::to_path_buf).or_else(|| job.model_file.clone());
    let elsewhere = &Job { model_file, ..job.clone() };
    // What is no model is not written over.
    let _ = model::known(elsewhere)?;
    let decided = labels.map(decisions::read).transpose()?.unwrap_or_default().pairs;
    let mut authority = consent::read(job)?;
    // A model learns from what the data says, and from labels as labels: not from people as humans have put them together.
    authority.decisions.pairs.clear();
    let ceiling = Ceiling::of_training(job);
    ceiling.judge_extracts(job)?;
    let mut usable = read_usable(job, &authority, None, progress)?;
    usable.forget_sent(None);
    let Usable { files, mut records, cleaned, quarantined, .. } = usable;
    // No night is held against the one before: only what is in quarantine counts.
    let mut gates = Gates::new(job, Before::default(), Waived::default());
    gates.judge_extracts(&files, &quarantined, &[], &records, &Changed::default())?;
    ceiling.judge_reading(&records)?;
    let Held { grouped, .. } = withhold(job, &mut records, &authority, (None, None), Some(&ceiling), progress)?;
    let (labels, used, unused) = labels_of(job, &records, &decided);
    let settled = authority.settled(job, &records);
    let within = (&mut records, Some(&ceiling));
    // Nobody asks for values any more: columns that wait by then go with their file.
    let linked = link::link(job, within, &settled, Taught::Now(&labels), grouped, None, progress)?;
    let frozen = model::freeze(job, &linked, &cleaned.formats, used)?
        .ok_or_else(|| Failure::new(&NOTHING_TO_LEARN, format!("{} records were read", records.len())))?;
    let file = model::place(elsewhere);
    interrupt.hold();
    model::write(elsewhere, &file, &frozen)?;
    let change = before.map(|before| Change::between(&before.frozen, &frozen));
    Ok(Trained { file, frozen, change, unused })
}

/// The decisions as labels of rows.
fn labels_of(job: &Job, records: &Records, decided: &[decisions::Decided]) -> (Vec<Label>, Labels, Unused) {
    let (mut labels, mut used, mut unused) = (Vec::new(), Labels::default(), Unused::default());
    let mut rows: FxHashMap<(&str, &str), Vec<u32>> = FxHashMap::default();
    for one in decided {
        rows.entry(one.left.parts()).or_default();
        rows.entry(one.right.parts()).or_default();
    }
    for row in 0..records.len() {
        let provider = job.providers[usize::from(records.provider[row])].id.as_str();
        if let Some(found) = rows.get_mut(&(provider, records.record_id.get(row))) {
            found.push(row as u32);
        }
    }
    for one in decided {
        let (left, right) = (&rows[&one.left.parts()], &rows[&one.right.parts()]);
        if left.is_empty() || right.is_empty() {
            unused.not_known += 1;
            continue;
        }
        let same_person = match one.answer {
            Answer::Yes => true,
            Answer::No => false,
            Answer::Unsure => {
                unused.unsure += 1;
                continue;
            }
        };
        *if same_person { &mut used.yes } else { &mut used.no } += 1;
        labels.push(Label { left: left.clone(), right: right.clone(), same_person });
    }
    (labels, used, unused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn job_in(folder: &Path) -> Job {
        const NAMES: [&str; 7] = ["Asha", "Benedict", "Carys", "Dmitri", "Eleanor", "Farouk", "Gwendolen"];
        let mut extract = String::from("id,given,family,born\n");
        for n in 0..120 {
            // Every third row stands twice but for its record_id.
            let person = n - n % 3 / 2;
            let (given, family) = (NAMES[person % 7], NAMES[person / 7 % 7]);
            extract.push_str(&format!("{n},{given},{family},{}-03-1{}\n", 1950 + person % 40, person % 10));
        }
        fs::write(folder.join("one.csv"), extract).expect("there is room");
        let job = "[job]\nname = \"trained\"\nas_of = 2026-11-22\n[[provider]]\nid = \"one\"\nname = \"One\"\nsetting = \"acute\"\n\
                   files = [\"one.csv\"]\n[provider.columns]\nrecord_id = \"id\"\ngiven_name = \"given\"\nfamily_name = \"family\"\n\
                   date_of_birth = \"born\"\n";
        fs::write(folder.join("job.toml"), job).expect("there is room");
        Job::read(&folder.join("job.toml")).expect("the job is right")
    }

    #[test]
    fn a_training_keeps_to_the_limit_of_its_job() {
        let folder = tempfile::tempdir().expect("a folder");
        let job = job_in(folder.path());
        let limited = Job { memory_limit: Some(1 << 20), ..job.clone() };
        let failure = train(&limited, None, None, Show::Nothing).expect_err("no training fits into a MiB");
        assert_eq!(failure.code.id, "OF0440");
        assert!(failure.what.ends_with("and 1 MiB are allowed"), "{}", failure.what);
        assert!(!model::place(&job).exists());
        // All columns wait, and come to the same model.
        let known = train(&job, None, None, Show::Nothing).expect("there is room");
        fs::write(folder.path().join("columns_wait"), "").expect("there is room");
        let again = train(&job, None, None, Show::Nothing).expect("there is room");
        assert!(again.frozen == known.frozen && again.change.is_some_and(|change| change.same));
        assert!(!aside::folder(&job.output).exists(), "nothing of them stays");
    }
}
