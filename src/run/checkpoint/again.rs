//! What linking left on the night before, for a night on which nothing that linking hangs on has changed: `state/linking/night`.
//!
//! It is the checkpoint of linking of the last night that was published. All that linking is a function of is one hash in its header: what reading left
//! (every byte of it), the job but for its date, the bytes of its lists and which objections stand today, what is remembered of
//! objections, the decisions, the model, the key and the program. A night with the same hash takes it over and gives the same bytes.

use super::pieces::{Reader, Writer};
use super::same::Input;
use super::{Checkpoints, FORMAT_VERSION, Header, Kept, Use, linking, reading, settings, whole};
use crate::consent::Authority;
use crate::disk;
use crate::failure::Result;
use crate::identity::Ledger;
use crate::job::Job;
use crate::recall::Recalled;
use crate::records::Records;
use crate::run::Usable;
use crate::run::imported::ModelFile;
use crate::run::linked_night::LinkedNight;
use crate::run::memory;
use crate::run::model::Known;
use crate::run::objected;
use crate::run::progress::Progress;

/// Its name among what a night leaves for the next one.
pub(in crate::run) const NIGHT: &str = "night";

/// All that linking is a function of, as one hash.
pub(super) type LinkingKey = [u8; 32];

/// What the next night would take over of how the night before has linked, where it reads what is `usable`, and what somebody should know of it. Of the
/// records those go that were withheld then. Nothing is written.
///
/// # Errors
/// OF0413 where there is no key although there must be one.
pub(in crate::run) fn foreseen(
    job: &Job,
    (known, file): (Option<&Known>, Option<&ModelFile>),
    authority: &Authority,
    usable: &mut Usable,
    progress: &Progress,
) -> Result<(Option<LinkedNight>, Vec<String>)> {
    // Before the first night there is no key, and none is to be made here.
    let may_be = memory::folder(job).join(NIGHT).exists();
    if !may_be || !Ledger::key_is_there(&job.output, job.id_key_file.as_deref())? {
        return Ok((None, Vec::new()));
    }
    let how = Use { resume: false, write: false };
    let mut checkpoints = Checkpoints::new(job, how, settings(job, known, file, false)?);
    checkpoints.tell_reading(usable);
    checkpoints.tell_linking(authority);
    let night = checkpoints.linked_before(&mut usable.records, progress);
    Ok((night, checkpoints.outcome().1))
}

impl Checkpoints<'_> {
    /// Works out what tells what reading has left, as [`Checkpoints::keep_reading`] does, where linking was left of the same extracts: only then it is
    /// worth the time.
    fn tell_reading(&mut self, usable: &Usable) {
        self.inputs = Input::all(&usable.files);
        let reader = Reader::open(&memory::folder(self.job).join(NIGHT)).ok();
        let header: Option<Header> = reader.and_then(|mut reader| reader.get().ok());
        if header.is_some_and(|header| Some(header.inputs) == self.inputs) {
            let mut writer = Writer::to_nowhere();
            self.read = reading::put(&mut writer, usable).ok().map(|()| writer.told());
        }
    }

    /// Works out what tells tonight's linking from any other, where it is known what reading has left.
    pub fn tell_linking(&mut self, authority: &Authority) {
        let Some(read) = self.read else { return };
        let mut hasher = blake3::Hasher::new_derive_key("onefolk 2026 all that linking hangs on");
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        add(&self.settings.linking);
        add(read.as_bytes());
        let mut objections: Vec<(&str, &str)> = authority.objections().collect();
        objections.extend(authority.replaced_objections().map(|old| ("replaced", old)));
        objections.sort_unstable();
        objections.iter().for_each(|(one, other)| {
            add(one.as_bytes());
            add(other.as_bytes());
        });
        add(&disk::read(&objected::place(self.job)).unwrap_or_default());
        self.linking = Some(*hasher.finalize().as_bytes());
    }

    /// What linking left on the night before, where it would leave the very same tonight; of `records` those go that were withheld.
    pub fn linked_before(&mut self, records: &mut Records, progress: &Progress) -> Option<LinkedNight> {
        let key = self.linking?;
        let mut reader = Reader::open(&memory::folder(self.job).join(NIGHT)).ok()?;
        let header: Header = reader.get().ok()?;
        if (header.format, header.stage, header.linking) != (FORMAT_VERSION, Kept::Linking, Some(key)) {
            return None;
        }
        let stage = progress.stage("Linking", None);
        let found = whole(reader, |reader| linking::get(reader, records)).ok();
        stage.done(match &found {
            Some(((night, _), _)) => {
                format!(
                    "{} people: nothing that linking hangs on has changed",
                    night.linked.clustering.partition.people
                )
            }
            None => "what the night before left is damaged".into(),
        });
        let Some(((mut night, stay), _)) = found else {
            self.warnings.push("state/linking/night is not used (damaged): linking is done again".into());
            return None;
        };
        if stay.contains(&false) {
            records.retain(&stay);
        }
        let linked = &mut night.linked;
        linked.recalled = Recalled {
            identities: linked.identities.len() as u64,
            pairs: linked.clustering.counts.pairs_compared,
            components: linked.recalled.components + linked.recalled.components_agglomerated,
            components_agglomerated: 0,
        };
        self.was_linked_before = true;
        Some(night)
    }

    /// Whether tonight's linking is that of the night before, so that what that one left stays as it is.
    pub fn was_linked_before(&self) -> bool {
        self.was_linked_before
    }
}
