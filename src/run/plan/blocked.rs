//! What a plan finds out of linking: as a run does up to blocking, and no further.

use crate::blocking::{self, Features, RuleCount};
use crate::clustering;
use crate::comparison::Comparisons;
use crate::consent::Authority;
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::Model;
use crate::recall::Looks;
use crate::records::{Identities, Records};
use crate::run::ceiling::{Ceiling, Held, Linking, Need};
use crate::run::imported::{self, Foreseen, ModelFile};
use crate::run::link::Linked;
use crate::run::model::{self, Known, MODEL_DOES_NOT_FIT};
use crate::run::{machine, memory, objected, recalling};

// A run comes to the end of blocking as a plan does, and holds as much there; what planning held is measured, so that wide rows and
// long values are in it. What linking adds is foretold as a run foretells it (`ceiling`).
/// What a plan holds where the system does not tell: bytes of the program, a row and an identity.
const BASE_BYTES: f64 = 55e6;
const ROW_BYTES: f64 = 300.0;
const IDENTITY_BYTES: f64 = 200.0;

/// What blocking finds, and what a run will hold that goes on from it.
pub(super) struct Blocked {
    pub identities: u64,
    pub comparisons: Vec<String>,
    pub rules: Vec<RuleCount>,
    pub cap: usize,
    pub distinct_pairs: u64,
    pub pairs_known: u64,
    /// Bytes that a run holds once blocks are made.
    pub held: u64,
    pub need: Need,
    /// What somebody should know of the model.
    pub warnings: Vec<String>,
}

impl Blocked {
    /// With the model that was learnt before, or the one that will be learnt; where `full`, nothing is taken from the night before.
    ///
    /// # Errors
    /// OF0522 where the model does not know what will be compared.
    pub fn ours(
        job: &Job,
        records: &Records,
        known: Option<&Known>,
        authority: &Authority,
        full: bool,
    ) -> Result<Blocked> {
        let identities = Identities::of(records, &job.custom_names(), |_| true);
        let model = known.map(|known| &known.frozen.model);
        let comparisons = Comparisons::choose(job, records, &identities, model.and_then(Model::frequencies));
        let misfit = misfit(model, &comparisons, || may_leave(job, records, authority))?;
        let features = Features::gather(&comparisons, records);
        let before = held(records.len(), identities.len());
        let blocks = match model.and_then(Model::limits) {
            Some(limits) => blocking::block_within(features, &identities, limits),
            None => blocking::block(features, &identities),
        };
        let blocked = held(records.len(), identities.len());
        let distinct_pairs = blocks.distinct_pairs();
        let pairs_known = known.filter(|_| !full).map_or(0, |known| {
            let (left, _) = memory::left(job, Some(known));
            let looks = Looks::of_all(&comparisons, &identities);
            let (_, known) = recalling::begin_with_known(&left, &looks, &blocks);
            known.map_or(0, |(is_known, _)| clustering::known_pairs(&blocks, &is_known))
        });
        let outgrown = known.and_then(|known| model::outgrown(known, &blocks.counts, identities.len(), blocks.limits));
        let forms = known.map_or_else(|| clustering::forms_at_once(job.memory_limit.is_some()), |_| 0) as u64;
        let linking = Linking { identities: identities.len() as u64, pairs: distinct_pairs, forms };
        let held = Held { before, blocked, can_wait: Ceiling::of(job).can_wait(records) };
        // A run within a limit goes by what it has resident, whatever the allocator may yet give back.
        let held = if job.memory_limit.is_some() { held } else { held.given_back(linking.identities) };
        Ok(Blocked {
            identities: identities.len() as u64,
            comparisons: comparisons.list.iter().map(|comparison| comparison.name.clone()).collect(),
            rules: blocks.counts,
            cap: blocks.limits.cap,
            distinct_pairs,
            pairs_known,
            held: held.blocked,
            need: Need::of(held, linking),
            warnings: misfit.into_iter().chain(outgrown).collect(),
        })
    }

    /// With a model of another tool: nothing of it is known from the night before, and nothing waits on disk.
    pub fn imported(job: &Job, records: &Records, file: &ModelFile) -> Blocked {
        let identities = Identities::of(records, &job.custom_names(), |_| true);
        let Foreseen { rules, distinct_pairs, blocked } = imported::foresee(job, records, &identities, file);
        let blocked = blocked.unwrap_or_else(|| held(records.len(), identities.len()));
        let bytes = blocked + imported::added(distinct_pairs);
        Blocked {
            identities: identities.len() as u64,
            comparisons: file.comparisons().map(|(name, _)| name.to_string()).collect(),
            rules,
            cap: 0,
            distinct_pairs,
            pairs_known: 0,
            held: blocked,
            need: Need { whole: bytes, least: bytes },
            warnings: Vec::new(),
        }
    }

    /// As the night before has linked them, whatever the model: nothing is blocked, and what was found then is told.
    pub fn taken_over(linked: &Linked, records: &Records, known: Option<&Known>) -> Blocked {
        let (identities, limits) = (linked.identities.len(), linked.limits);
        let pairs = linked.clustering.counts.pairs_compared;
        let outgrown = known.and_then(|known| model::outgrown(known, &linked.rules, identities, limits));
        let held = held(records.len(), identities);
        Blocked {
            identities: identities as u64,
            comparisons: linked.levels.iter().map(|level| level.name.clone()).collect(),
            rules: linked.rules.clone(),
            cap: limits.cap,
            distinct_pairs: pairs,
            pairs_known: pairs,
            held,
            need: Need::of_publishing(held, identities as u64),
            warnings: outgrown.into_iter().collect(),
        }
    }
}

/// Why a night would end since its model does not know what is compared, where that hangs on rows that `may_leave` before anything is linked.
///
/// # Errors
/// OF0522 where it does not.
fn misfit(
    model: Option<&Model>,
    comparisons: &Comparisons,
    may_leave: impl FnOnce() -> bool,
) -> Result<Option<String>> {
    let Some(why) = model.and_then(|model| model.fitted(comparisons).err()) else { return Ok(None) };
    match may_leave() {
        true => Ok(Some(format!("the run ends with OF0522 unless all rows that it rests on are withheld: {why}"))),
        false => Err(Failure::new(&MODEL_DOES_NOT_FIT, why)),
    }
}

/// Whether rows may be withheld that a plan, which does not find out who objects, still has.
fn may_leave(job: &Job, records: &Records, authority: &Authority) -> bool {
    authority.named(job, records).contains(&true)
        || authority.decisions.not_people(job, records).0.contains(&true)
        || objected::place(job).exists()
}

/// The memory that this process has resident now.
fn held(rows: usize, identities: usize) -> u64 {
    machine::memory_bytes()
        .unwrap_or((BASE_BYTES + rows as f64 * ROW_BYTES + identities as f64 * IDENTITY_BYTES) as u64)
}
