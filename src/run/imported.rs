//! Linking with a model of another tool: Splink's settings file, named by `[model] file`.

mod told;

use super::ceiling::Ceiling;
use super::link::Linked;
use super::machine;
use super::progress::Progress;
use crate::blocking::{Limits, RuleCount};
use crate::clustering::{self, KEPT_FROM, RecordPair, RecordPairs, Settled, join_pairs};
use crate::comparison::Comparisons;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::{ClusterSettings, Job};
use crate::model::splink::{self, Blocks, Imported, LinkType, Names, Prepared, ScoredPair, Scorer, Unmapped, Unread};
use crate::model::{Frozen, UNITS_PER_BIT, weight_of};
use crate::recall::Recalled;
use crate::records::{Column, Dictionary, Identities, MISSING, Records};
use rayon::prelude::*;
use std::path::Path;

// Fitted to runs of 0.1 to 1 million records (docs/measurements.md, "Memory of a night with an imported model").
/// Bytes of a candidate pair while people are joined: a quarter of them have a chance, take 24 to 44 bytes each and stand twice while they are put in order.
const PAIR_BYTES: u64 = 25;
/// Bytes that tables and report take however few records there are.
const PUBLISHING_BYTES: u64 = 25 << 20;

/// A Splink model as a job uses it.
pub struct ModelFile {
    imported: Imported,
    names: Names,
    /// What could not be taken over.
    pub unmapped: Vec<Unmapped>,
    /// The file as it stands, for model.json.
    pub text: String,
}

impl ModelFile {
    /// Reads the job's model file; `None` where the job names none, or one of ours.
    ///
    /// # Errors
    /// As [`splink::read`].
    pub fn of_job(job: &Job) -> Result<Option<ModelFile>> {
        let named = job.model_file.as_deref().filter(|path| path.exists() && !Frozen::stands_at(path));
        named.map(|path| ModelFile::read(job, path)).transpose()
    }

    /// Reads a model file for a job.
    ///
    /// # Errors
    /// As [`splink::read`].
    pub fn read(job: &Job, path: &Path) -> Result<ModelFile> {
        let names = Names::of(job);
        let (imported, mut unmapped) = splink::read(path, &names.names)?;
        unmapped.extend(nobody_meets(job, &imported));
        let text =
            disk::read_to_string(path).map_err(|error| Failure::from_io(&error, path, &splink::MODEL_UNREADABLE))?;
        Ok(ModelFile { imported, names, unmapped, text })
    }

    /// The comparisons that were taken over, with how many levels each has.
    pub fn comparisons(&self) -> impl Iterator<Item = (&str, usize)> {
        self.imported.comparisons.iter().map(|comparison| (comparison.name.as_str(), comparison.levels.len()))
    }

    /// The blocking rules that were taken over, as SQL.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.imported.rules.iter().map(|rule| rule.sql.as_str())
    }

    /// What somebody should know of values that the model cannot read as what it takes them for.
    pub(super) fn unread(&self, records: &Records) -> Vec<String> {
        let empty = Column::default();
        let unread = splink::unread_values(&self.imported, &self.names.columns(records, &empty));
        let line = |Unread { column, wanted, records, of }: &Unread| {
            let name = &self.names.names[*column];
            format!("{records} of {of} values of `{name}` are not {wanted}: the imported model takes them as missing")
        };
        unread.iter().map(line).collect()
    }
}

/// That only records of different providers meet, where the job has one.
fn nobody_meets(job: &Job, imported: &Imported) -> Option<Unmapped> {
    (imported.link_type == LinkType::LinkOnly && job.providers.len() < 2).then(|| Unmapped {
        what: "link_type `link_only`".into(),
        reason: "only records of different providers are compared, and the job has one: nobody is linked".into(),
        remedy: "Make each table that the model links its own provider, or write `dedupe_only` into the file".into(),
    })
}

/// Links all records with an imported model: its blocking rules, its weights, and connected components at the job's cut.
///
/// # Errors
/// OF0440 where the job allows less memory than that takes.
pub fn link(
    job: &Job,
    records: &Records,
    settled: &Settled,
    file: &ModelFile,
    ceiling: Option<&Ceiling>,
    progress: &Progress,
) -> Result<Linked> {
    let names = job.custom_names();
    let identities = Identities::apart(records, &names, &settled.keys(), |_| true, |_| true);
    link_those(job, records, identities, settled, file, ceiling, progress)
}

/// The same of the records that have an identity.
///
/// # Errors
/// As [`link`].
pub(super) fn link_those(
    job: &Job,
    records: &Records,
    identities: Identities,
    settled: &Settled,
    file: &ModelFile,
    ceiling: Option<&Ceiling>,
    progress: &Progress,
) -> Result<Linked> {
    let stage = progress.stage("Comparing", None);
    let empty = Column::new(vec![MISSING; records.len()], Dictionary::default());
    let table = file.names.table(job, records, &empty, |record| identities.of_record[record] != MISSING);
    let prepared = Prepared::new(&file.imported, &table);
    drop(table);
    stage.done(format!("{} comparisons of an imported model", file.imported.comparisons.len()));
    let stage = progress.stage("Blocking", None);
    let blocks = Blocks::of(&prepared);
    stage.done(format!("{} imported rules", file.imported.rules.len()));
    ceiling
        .map_or(Ok(()), |ceiling| ceiling.allows(records.len(), || added(splink::count_pairs(&prepared, &blocks))))?;
    let stage = progress.stage("Linking", None);
    let scorer = Scorer::new(&prepared);
    let floor = weight_of(KEPT_FROM) as f64 / UNITS_PER_BIT;
    let cut = Cut::of(&job.cluster);
    let pair = |scored: &ScoredPair| RecordPair {
        left: scored.left,
        right: scored.right,
        weight: cut.units(scored.weight),
        pattern: scored.pattern,
    };
    let identity_of: Vec<u32> = prepared.order.iter().map(|&record| identities.of_record[record as usize]).collect();
    let finish = |scored: &[ScoredPair]| RecordPairs::of(scored.iter().map(pair), &identity_of, cut.units);
    let (found, compared) = splink::score_all(&scorer, &blocks, floor, finish, |pairs| stage.advance(pairs));
    drop((blocks, identity_of));
    let own = own_weights(records.len(), &prepared, &scorer, cut);
    drop(scorer);
    let Prepared { order, .. } = prepared;
    let pairs = (found, order.as_slice(), compared);
    let mut clustering = join_pairs(records, &identities, settled, &job.cluster, pairs, |record| own[record as usize]);
    told::without_places(job, records, &identities, file, &mut clustering);
    stage.done(format!("{} people", clustering.partition.people));
    Ok(Linked {
        identities,
        comparisons: Comparisons::none(),
        clustering,
        model: None,
        levels: splink::packed_levels(&file.imported),
        expected_matches: 0.0,
        training_pairs: 0,
        recalled: Recalled::default(),
        leaving: None,
        patterns: 0,
        rules: Vec::new(),
        limits: Limits { cap: 0, cap_last: 60, weak_rules: false },
    })
}

/// Bytes that scoring so many pairs, joining them and publishing what comes of it adds to what is held once blocks are made.
pub(super) fn added(pairs: u64) -> u64 {
    pairs * PAIR_BYTES + PUBLISHING_BYTES
}

/// What an imported model makes of records, as far as a plan tells it.
pub(super) struct Foreseen {
    pub rules: Vec<RuleCount>,
    pub distinct_pairs: u64,
    /// The memory that this process has resident with all blocks made.
    pub blocked: Option<u64>,
}

/// Blocks records as [`link`] does, and goes no further.
pub(super) fn foresee(job: &Job, records: &Records, identities: &Identities, file: &ModelFile) -> Foreseen {
    let empty = Column::new(vec![MISSING; records.len()], Dictionary::default());
    let table = file.names.table(job, records, &empty, |record| identities.of_record[record] != MISSING);
    let prepared = Prepared::new(&file.imported, &table);
    drop(table);
    let blocks = Blocks::of(&prepared);
    let blocked = machine::memory_bytes();
    let rule = |(sql, (blocks, pairs)): (&str, (u64, u64))| RuleCount { rule: sql.to_string(), blocks, pairs, cut: 0 };
    let rules = file.rules().zip(blocks.counts()).map(rule).collect();
    Foreseen { rules, distinct_pairs: splink::count_pairs(&prepared, &blocks), blocked }
}

/// 1/1024 bit.
fn units(bits: f64) -> i64 {
    (bits * UNITS_PER_BIT).round() as i64
}

/// The job's cut: where an imported model is cut is told by the weight itself and not by what is left of it in 1/1024 bit, as its own tool does.
#[derive(Clone, Copy)]
struct Cut {
    bits: f64,
    units: i64,
}

impl Cut {
    fn of(settings: &ClusterSettings) -> Cut {
        let probability = clustering::cut_probability(settings);
        Cut { bits: (probability / (1.0 - probability)).log2(), units: clustering::pair_cut(settings) }
    }

    /// A weight in 1/1024 bit, on the side of the cut where its bits are.
    fn units(self, bits: f64) -> i64 {
        let nearest = units(bits);
        if bits >= self.bits { nearest.max(self.units) } else { nearest.min(self.units - 1) }
    }
}

/// The weight of each record against its own copy, in 1/1024 bit.
fn own_weights(records: usize, prepared: &Prepared, scorer: &Scorer, cut: Cut) -> Vec<i64> {
    let mut own = vec![i64::MIN; records];
    let weights: Vec<i64> = (0..prepared.len() as u32)
        .into_par_iter()
        .map_init(|| scorer.memory(), |memory, place| cut.units(scorer.weight(place, place, memory)))
        .collect();
    weights.into_iter().zip(&prepared.order).for_each(|(weight, &record)| own[record as usize] = weight);
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_a_hair_below_the_cut_does_not_reach_it_by_rounding() {
        let settings = ClusterSettings { threshold: Some(0.999_999), ..ClusterSettings::default() };
        let cut = Cut::of(&settings);
        for off in [1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.5, 7.0] {
            assert!(cut.units(cut.bits - off) < cut.units, "{off} bits below");
            assert!(cut.units(cut.bits + off) >= cut.units, "{off} bits above");
            assert!((cut.units(cut.bits + off) as f64 / UNITS_PER_BIT - cut.bits - off).abs() < 1.5 / UNITS_PER_BIT);
        }
        assert_eq!(cut.units(cut.bits), cut.units);
    }
}
