//! What a night leaves in `state/linking` for the next one (`recall`): `compared` and `joined`, for the owner only. Beside them stands what
//! linking came to as a whole (`checkpoint::NIGHT`).
//!
//! Each file says under which model and settings it was left and whether it is whole. One that is missing, damaged or of other settings is
//! worked out again, so that nothing here can be wrong: only a night can be slower.

use super::checkpoint;
use super::link::Linked;
use super::model::Known;
use crate::disk;
use crate::job::Job;
use crate::model::Frozen;
use crate::recall::{Compared, Joined, Leaving, Left, Unusable, can_be_left};
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// Raised whenever linking itself changes: what another version found is not taken over.
const VERSION: u32 = 2;

/// Files of the folder, by what they hold.
const COMPARED: &str = "compared";
const JOINED: &str = "joined";

pub(super) fn folder(job: &Job) -> PathBuf {
    job.output.join("state/linking")
}

/// What the night before left for one with this model, and what somebody should know of it; nothing where there is no model yet.
pub(super) fn left(job: &Job, known: Option<&Known>) -> (Left, Vec<String>) {
    let Some(known) = known else { return (Left::default(), Vec::new()) };
    let (settings, folder) = (settings(job, &known.as_used(job)), folder(job));
    let mut warnings = Vec::new();
    let (compared, joined) =
        rayon::join(|| Compared::at(&folder.join(COMPARED), &settings), || Joined::at(&folder.join(JOINED), &settings));
    let mut unusable = |name: &str, why: Unusable| match why {
        Unusable::Unreadable(ErrorKind::NotFound) => {}
        Unusable::OfOtherSettings => tracing::info!(file = name, "{why}"),
        Unusable::Damaged | Unusable::Unreadable(_) => warnings.push(format!(
            "state/linking/{name} is not used ({why}): its part of the night before is worked out again"
        )),
    };
    let compared = compared.map_err(|why| unusable(COMPARED, why)).unwrap_or_default();
    let joined = joined.map_err(|why| unusable(JOINED, why)).unwrap_or_default();
    (Left { compared, joined, tonight: None }, warnings)
}

/// Where tonight's pairs are written for the next night.
pub(super) fn tonight(job: &Job) -> PathBuf {
    checkpoint::place(&job.output).join(COMPARED)
}

/// Writes what tonight leaves for the next night beside the checkpoints, where it waits for the night to be published: at once, since it is large
/// and nothing else needs it. What does not work is told and no more.
pub(super) fn write(job: &Job, frozen: Option<&Frozen>, linked: &Linked, leaving: Leaving) -> Option<String> {
    let Leaving { bins, comparing, joining } = leaving;
    let (links, folder) = (&linked.clustering.links, checkpoint::place(&job.output));
    let frozen = frozen.filter(|_| can_be_left(links.len()));
    let write = || -> io::Result<()> {
        // Without a model there is nothing that it could be kept under.
        let Some(settings) = frozen.map(|frozen| settings(job, frozen)) else { return remove_written(job) };
        let pairs = links.iter().map(|edge| (edge.left, edge.right, edge.pattern));
        comparing?.finish((&linked.identities.hash, &bins), pairs, &settings)?.sync_all()?;
        disk::remove_file(&folder.join(JOINED))?;
        joining.write(disk::create_file(&folder.join(JOINED))?, &settings)?.sync_all()
    };
    let error = write().err()?;
    // Their room may be what publishing needs.
    let _ = remove_written(job);
    Some(not_left(&error))
}

fn remove_written(job: &Job) -> io::Result<()> {
    let folder = checkpoint::place(&job.output);
    [COMPARED, JOINED].iter().try_for_each(|name| disk::remove_file(&folder.join(name)))
}

fn not_left(error: &io::Error) -> String {
    format!("state/linking could not be written, so that the next run compares everything: {}", error.kind())
}

/// Puts what a published night has written where the next one looks for it, and takes away what is there where it has written nothing. Where
/// it has taken over what the night `before` it had linked, that stays. What does not work is told and no more: the run stands.
pub(super) fn leave(job: &Job, before: bool) -> Option<String> {
    if before {
        return None;
    }
    let (folder, waiting) = (folder(job), checkpoint::place(&job.output));
    let names = [(COMPARED, COMPARED), (JOINED, JOINED), (checkpoint::LINKING, checkpoint::NIGHT)];
    let moved = disk::create_folder(&folder).and_then(|()| {
        names.iter().try_for_each(|(from, to)| match waiting.join(from).exists() {
            true => disk::rename(&waiting.join(from), &folder.join(to)),
            false => disk::remove_file(&folder.join(to)),
        })
    });
    moved.err().map(|error| not_left(&error))
}

/// A hash of everything but the records that patterns and joins are a function of.
fn settings(job: &Job, frozen: &Frozen) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    add(&VERSION.to_le_bytes());
    add(env!("CARGO_PKG_VERSION").as_bytes());
    add(&frozen.to_json());
    add(&job.cluster.false_link_cost.to_le_bytes());
    add(format!("{:?}", job.cluster.threshold).as_bytes());
    for field in &job.custom_fields {
        add(format!("{field:?}").as_bytes());
    }
    *hasher.finalize().as_bytes()
}
