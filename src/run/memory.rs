//! What a night leaves in `state/linking` for the next one (`recall`): `compared` and `joined`, for the owner only.
//!
//! Each file says under which model and settings it was left and whether it is whole. One that is missing, damaged or of other settings is
//! worked out again, so that nothing here can be wrong: only a night can be slower.

use super::model::Known;
use crate::disk;
use crate::job::Job;
use crate::model::Frozen;
use crate::recall::{Compared, Joined, Left, Unusable};
use std::io::ErrorKind;
use std::path::PathBuf;

/// Raised whenever linking itself changes: what another version found is not taken over.
const VERSION: u32 = 1;

/// Files of the folder, by what they hold.
const COMPARED: &str = "compared";
const JOINED: &str = "joined";

fn folder(job: &Job) -> PathBuf {
    job.output.join("state/linking")
}

/// What the night before left for one with this model, and what somebody should know of it; nothing where there is no model yet.
pub(super) fn left(job: &Job, known: Option<&Known>) -> (Left, Vec<String>) {
    let Some(known) = known else { return (Left::default(), Vec::new()) };
    let settings = settings(job, &known.as_used(job));
    let mut warnings = Vec::new();
    let (compared, joined) = rayon::join(
        || read(job, COMPARED, |bytes| Compared::from_bytes(bytes, &settings)),
        || read(job, JOINED, |bytes| Joined::from_bytes(bytes, &settings)),
    );
    let mut usable = |name: &str, why: Option<Why>| match why {
        Some(Why::Unusable(Unusable::OfOtherSettings)) => tracing::info!(file = name, "{}", Unusable::OfOtherSettings),
        Some(why) => warnings.push(format!(
            "state/linking/{name} is not used ({}): its part of the night before is worked out again",
            why.words()
        )),
        None => {}
    };
    let compared = compared.map_err(|why| usable(COMPARED, why)).unwrap_or_default();
    let joined = joined.map_err(|why| usable(JOINED, why)).unwrap_or_default();
    (Left { compared, joined }, warnings)
}

/// Why a file is not used.
enum Why {
    Unusable(Unusable),
    Unreadable(ErrorKind),
}

impl Why {
    fn words(&self) -> String {
        match self {
            Why::Unusable(why) => why.to_string(),
            Why::Unreadable(kind) => kind.to_string(),
        }
    }
}

/// One file; `Err(None)` where there is none.
fn read<T>(job: &Job, name: &str, parse: impl Fn(&[u8]) -> Result<T, Unusable>) -> Result<T, Option<Why>> {
    let bytes = disk::read(&folder(job).join(name)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => None,
        kind => Some(Why::Unreadable(kind)),
    })?;
    parse(&bytes).map_err(|why| Some(Why::Unusable(why)))
}

/// Leaves what a published night found for the next one, or takes away what is there where it found nothing that can be left. What does
/// not work is told and no more: the run stands.
pub(super) fn leave(job: &Job, frozen: Option<&Frozen>, left: Option<&Left>) -> Option<String> {
    let folder = folder(job);
    let (Some(frozen), Some(left)) = (frozen, left) else {
        let _ = disk::remove_folder(&folder);
        return None;
    };
    let settings = settings(job, frozen);
    let written = disk::create_folder(&folder).and_then(|()| {
        let (compared, joined) = rayon::join(
            || disk::replace(&folder.join(COMPARED), &left.compared.to_bytes(&settings)),
            || disk::replace(&folder.join(JOINED), &left.joined.to_bytes(&settings)),
        );
        compared.and(joined)
    });
    let error = written.err()?;
    Some(format!("state/linking could not be written, so that the next run compares everything: {}", error.kind()))
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
