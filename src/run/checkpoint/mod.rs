//! Checkpoints: what a night's costly stages have left, in `state/checkpoints/` below the output, so that `run --resume` goes on from there
//! after a kill.
//!
//! In: what reading and linking leave. Out: the same, where the night is the same: the bytes of every extract and list, the job, the model,
//! the key and the program. Always: a checkpoint that is damaged or of another night is not used and its stage is done again; that of reading
//! goes once its night is published, and a plain run begins by removing both, since they hold what the extracts hold; writing one never stops a
//! night. What a night leaves for the next one (`memory`) waits beside them until it is published, and goes with them where it is not; the
//! checkpoint of linking, in which no value stands, is left as well (`again`).

mod again;
pub(super) mod columns;
mod linking;
pub(super) mod pieces;
mod reading;
mod same;

use super::linked_night::LinkedNight;
use super::{Progress, Usable};
use crate::disk;
use crate::intake::FileReport;
use crate::job::Job;
use crate::records::Records;
use again::LinkingKey;
pub(super) use again::{NIGHT, foreseen};
use pieces::{Damaged, Reader, Writer};
use same::Input;
pub(super) use same::{Settings, settings};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Raised whenever a checkpoint of an older version would be read wrongly.
const FORMAT_VERSION: u32 = 7;

/// The file of the checkpoint of linking.
pub(super) const LINKING: &str = "linking";

/// A stage that has a checkpoint; its word stands in run.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Extracts were read and standardised.
    Reading,
    /// Rows were withheld, a model was learnt or taken, people were made.
    Linking,
}

impl Kept {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kept::Reading => "reading",
            Kept::Linking => LINKING,
        }
    }
}

/// What a checkpoint begins with: of which night it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    format: u32,
    stage: Kept,
    /// Hash of all that decides what the stages make of the extracts ([`settings`]).
    settings: [u8; 32],
    inputs: Vec<Input>,
    /// Of linking only, where the next night may take it over: all that it is a function of.
    linking: Option<LinkingKey>,
}

/// The checkpoints of one night.
pub(super) struct Checkpoints<'a> {
    job: &'a Job,
    folder: PathBuf,
    settings: Settings,
    how: Use,
    /// Tells what reading has left from anything else; `None` until it is kept or found.
    read: Option<blake3::Hash>,
    /// All that tonight's linking is a function of.
    linking: Option<LinkingKey>,
    was_linked_before: bool,
    /// Known once the extracts are read: then a later stage's checkpoint can be written or used.
    inputs: Option<Vec<Input>>,
    /// Stages that were not done again.
    reused: Vec<Kept>,
    warnings: Vec<String>,
}

/// How a night uses checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// Those that are there are used where they are of this night.
    pub resume: bool,
    /// New ones are written; those that are there are removed where they are not to be used.
    pub write: bool,
}

/// Stages of a night that was not published, by their words in run.json, that `--resume` may go on from.
pub fn left_unfinished(output: &Path) -> Vec<&'static str> {
    let stages = [Kept::Reading, Kept::Linking].map(Kept::word).into_iter();
    stages.filter(|stage| place(output).join(stage).exists()).collect()
}

/// Removes the checkpoints below `output`; none is no error.
pub(super) fn remove(output: &Path) -> io::Result<()> {
    disk::remove_folder(&place(output))
}

/// Where they stand below `output`, and beside them what a night that is not published yet leaves for the next.
pub(super) fn place(output: &Path) -> PathBuf {
    output.join("state/checkpoints")
}

impl<'a> Checkpoints<'a> {
    pub fn new(job: &'a Job, how: Use, settings: Settings) -> Checkpoints<'a> {
        let mut checkpoints = Checkpoints {
            job,
            folder: place(&job.output),
            settings,
            how,
            read: None,
            linking: None,
            was_linked_before: false,
            inputs: None,
            reused: Vec::new(),
            warnings: Vec::new(),
        };
        if how.write
            && !how.resume
            && let Err(error) = remove(&job.output)
        {
            checkpoints.warnings.push(format!("checkpoints of an earlier run could not be removed: {}", error.kind()));
        }
        checkpoints
    }

    /// What reading left in an earlier attempt at this very night.
    pub fn reading(&mut self, progress: &Progress) -> Option<Usable> {
        if !self.how.resume {
            return None;
        }
        let stage = progress.stage("Resuming", None);
        let job = self.job;
        let found = self.open(Kept::Reading, |reader| reading::get(reader, job));
        let (found, read) = found.unzip();
        self.read = read;
        stage.done(match &found {
            Some(usable) => format!("{} records were read before", usable.records.len()),
            None => "nothing: the night begins anew".into(),
        });
        let usable = found?;
        self.inputs = Input::all(&usable.files);
        Some(usable)
    }

    /// Keeps what reading has left, where it has not come from there.
    pub fn keep_reading(&mut self, usable: &Usable, progress: &Progress) {
        if self.reused.contains(&Kept::Reading) {
            return;
        }
        self.inputs = Input::all(&usable.files);
        self.read = self.keep(Kept::Reading, progress, |writer| reading::put(writer, usable));
    }

    /// What linking left; of `records` those go that were withheld. Only after [`Checkpoints::reading`] has found something.
    pub fn linking(&mut self, records: &mut Records, progress: &Progress) -> Option<LinkedNight> {
        if !self.reused.contains(&Kept::Reading) {
            return None;
        }
        let stage = progress.stage("Resuming", None);
        let found = self.open(Kept::Linking, |reader| linking::get(reader, records)).map(|(found, _)| found);
        stage.done(match &found {
            Some((night, _)) => format!("{} people were found before", night.linked.clustering.partition.people),
            None => "linking had not ended".into(),
        });
        let (night, stay) = found?;
        if stay.contains(&false) {
            records.retain(&stay);
        }
        Some(night)
    }

    /// Keeps what linking has left.
    pub fn keep_linking(&mut self, night: &LinkedNight, progress: &Progress) {
        self.keep(Kept::Linking, progress, |writer| linking::put(writer, night));
    }

    /// Whether anything is kept of this night before it is published.
    pub fn are_written(&self) -> bool {
        self.how.write
    }

    /// Stages that were not done again, in words of run.json, and what somebody should know.
    pub fn outcome(self) -> (Vec<&'static str>, Vec<String>) {
        (self.reused.into_iter().map(Kept::word).collect(), self.warnings)
    }

    /// Reads a checkpoint that is whole and of this night, and tells what it holds; says why where one is there that is not.
    fn open<T>(
        &mut self,
        stage: Kept,
        get: impl FnOnce(&mut Reader) -> Result<T, Damaged>,
    ) -> Option<(T, blake3::Hash)> {
        let path = self.path(stage);
        let mut reader = match Reader::open(&path) {
            Ok(reader) => reader,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.not_used(stage, &format!("it cannot be read: {}", error.kind()));
                return None;
            }
        };
        let header: Header = match reader.get() {
            Ok(header) => header,
            // The pieces of another version may have another form.
            Err(Damaged) => {
                self.not_used(stage, "it is damaged, or another version of onefolk wrote it");
                return None;
            }
        };
        if let Some(why) = self.another_night(&header, stage) {
            self.not_used(stage, &why);
            return None;
        }
        match whole(reader, get) {
            Ok(got) => {
                self.reused.push(stage);
                Some(got)
            }
            Err(Damaged) => {
                self.not_used(stage, "it is damaged");
                None
            }
        }
    }

    /// Why a checkpoint is of another night; `None` where it is of this one.
    fn another_night(&self, header: &Header, stage: Kept) -> Option<String> {
        if header.format != FORMAT_VERSION || header.stage != stage {
            return Some("another version of onefolk wrote it".into());
        }
        if header.settings != self.settings.night {
            return Some("the job, a list, the decisions, the model or the program is another one".into());
        }
        match &self.inputs {
            Some(inputs) => (*inputs != header.inputs).then(|| "it is of other extracts".into()),
            None => same::changed(self.job, &header.inputs).map(|name| format!("{name} is another file by now")),
        }
    }

    fn not_used(&mut self, stage: Kept, why: &str) {
        let word = stage.word();
        self.warnings.push(format!("the checkpoint of {word} was not used, so that this is done again: {why}"));
    }

    /// Writes a checkpoint, and tells what it holds; `None` where there is none.
    fn keep(
        &mut self,
        stage: Kept,
        progress: &Progress,
        put: impl FnOnce(&mut Writer) -> io::Result<()>,
    ) -> Option<blake3::Hash> {
        let inputs = self.inputs.clone().filter(|_| self.how.write)?;
        let told = progress.stage("Checkpoint", None);
        let linking = self.linking.filter(|_| stage == Kept::Linking);
        let header = Header { format: FORMAT_VERSION, stage, settings: self.settings.night, inputs, linking };
        let (path, partial) = (self.path(stage), self.folder.join(format!("{}.partial", stage.word())));
        let written = disk::create_folder(&self.folder)
            .and_then(|()| disk::remove_file(&partial))
            .and_then(|()| Writer::create(&partial))
            .and_then(|mut writer| {
                writer.put(&header)?;
                writer.tell_from_here();
                put(&mut writer)?;
                let told = writer.told();
                writer.finish().map(|()| told)
            })
            .and_then(|told| disk::rename(&partial, &path).map(|()| told));
        let bytes = path.metadata().map_or(0, |file| file.len());
        told.done(format!("{} KiB of {}", bytes.div_ceil(1024), stage.word()));
        written
            .inspect_err(|error| {
                // Its room may be what publishing needs.
                let _ = disk::remove_file(&partial);
                self.warnings.push(format!("no checkpoint of {} could be kept: {}", stage.word(), error.kind()));
            })
            .ok()
    }

    fn path(&self, stage: Kept) -> PathBuf {
        self.folder.join(stage.word())
    }
}

/// What follows the header, where it is whole, and what tells it from anything else.
fn whole<T>(
    mut reader: Reader,
    get: impl FnOnce(&mut Reader) -> Result<T, Damaged>,
) -> Result<(T, blake3::Hash), Damaged> {
    reader.tell_from_here();
    let got = get(&mut reader)?;
    let told = reader.told();
    reader.at_end().map(|()| (got, told))
}
