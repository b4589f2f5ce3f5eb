//! What the night before found out and tonight need not: patterns of pairs, and the joins of components.
//!
//! In: what the night before left, and tonight's identities by their [`Looks`]. Out: [`KnownPairs`] for scoring and [`Joins`] for
//! agglomeration. Always: each is kept under everything that it is a function of, so that a night with it and one without it give the
//! same bytes; what is missing, damaged or was left under other settings is worked out; nothing but hashes, levels and counts is kept.
//!
//! Nothing here depends on which run left it: a rollback or a night that failed in between makes it less useful and never wrong.

mod bytes;
mod joins;
mod looks;
mod pairs;

pub use bytes::Unusable;
pub use joins::{Join, Joined, Joining, Joins, KnownJoins, PLACES_MAX};
pub use looks::{Look, Looks};
pub use pairs::{Compared, Comparing, KnownPairs, can_be_left, distinct};

use crate::disk;
use std::io;
use std::path::PathBuf;

/// What the night before left, and where tonight leaves the same.
#[derive(Debug, Default)]
pub struct Left {
    pub compared: Compared,
    pub joined: Joined,
    /// The file that tonight's pairs are written to; `None` where nothing is left for the next night.
    pub tonight: Option<PathBuf>,
}

impl Left {
    /// Begins tonight's file with the sums of looks of its blocks, ascending and each once; `None` where there is to be none.
    pub(crate) fn begin(&self, blocks: &[Look]) -> Option<io::Result<Comparing<disk::File>>> {
        let path = self.tonight.as_ref()?;
        let begin = || {
            path.parent().map_or(Ok(()), disk::create_folder)?;
            disk::remove_file(path)?;
            Comparing::begin(disk::create_file(path)?, blocks)
        };
        // Its room may be what the night needs.
        Some(begin().inspect_err(|_| drop(disk::remove_file(path))))
    }
}

/// What a night leaves for the next, beside its identities and links.
pub struct Leaving {
    /// The bins of its looks, by identity.
    pub bins: Vec<u64>,
    /// Its pairs' file, with its blocks written.
    pub(crate) comparing: io::Result<Comparing<disk::File>>,
    pub joining: Joining,
}

/// What of a night was taken from the night before, and what it was taken from; for run.json.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recalled {
    /// Identities that the night before had as well, with values as common as tonight.
    pub identities: u64,
    /// Candidate pairs of blocks of which the night before had compared all.
    pub pairs: u64,
    /// Components whose joins are those of the night before, and those that were agglomerated; components of so few nodes that this costs
    /// nothing are in neither.
    pub components: u64,
    pub components_agglomerated: u64,
}
