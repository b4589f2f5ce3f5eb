//! Linking with a model of another tool: Splink's settings file, named by `[model] file`.

use super::link::Linked;
use super::progress::Progress;
use crate::blocking::Limits;
use crate::clustering::{KEPT_FROM, RecordPair, Settled, join_pairs};
use crate::comparison::{Comparisons, Pattern};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::splink::{self, Blocks, Imported, Names, Prepared, Scorer, Unmapped};
use crate::model::{Frozen, UNITS_PER_BIT, weight_of};
use crate::records::{Column, Identities, MISSING, Records};
use rayon::prelude::*;
use std::path::Path;

/// A Splink model as a job uses it.
pub struct ModelFile {
    imported: Imported,
    names: Names,
    /// What could not be taken over.
    pub unmapped: Vec<Unmapped>,
    /// The file as it stands, for model.json.
    pub text: String,
}

/// Levels of an imported model in a [`Pattern`].
pub struct Levels {
    /// Name, first bit and mask of each comparison that has a place in 64 bits.
    packed: Vec<(String, u32, u64)>,
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
        let (imported, unmapped) = splink::read(path, &names.names)?;
        let text =
            std::fs::read_to_string(path).map_err(|error| Failure::from_io(&error, path, &splink::MODEL_UNREADABLE))?;
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
}

impl Levels {
    fn of(imported: &Imported) -> Levels {
        let (mut packed, mut shift) = (Vec::new(), 0);
        for comparison in &imported.comparisons {
            let bits = u64::BITS - (comparison.levels.len() as u64).leading_zeros();
            if shift + bits <= u64::BITS {
                packed.push((comparison.name.clone(), shift, (1 << bits) - 1));
                shift += bits;
            }
        }
        Levels { packed }
    }

    fn pack(&self, scorer: &Scorer, imported: &Imported, pair: (u32, u32), memory: &mut splink::Memory) -> Pattern {
        let mut pattern = 0;
        for (at, (_, shift, _)) in self.packed.iter().enumerate() {
            let levels = &imported.comparisons[at].levels;
            let level = scorer.level(at, pair.0, pair.1, memory);
            if !levels[level].is_null {
                pattern |= ((levels.len() - level) as u64) << shift;
            }
        }
        pattern
    }

    /// The name of each comparison, and its level in a pattern: 0 is ELSE, as in Splink's `gamma` columns.
    pub fn list(&self) -> impl Iterator<Item = (&str, impl Fn(Pattern) -> Option<u8>)> {
        self.packed.iter().map(|(name, shift, mask)| {
            let level = move |pattern: Pattern| {
                let stored = pattern >> shift & mask;
                (stored > 0).then(|| (stored - 1) as u8)
            };
            (name.as_str(), level)
        })
    }
}

/// Links all records with an imported model: its blocking rules, its weights, and connected components at the job's cut.
pub fn link(job: &Job, records: &Records, settled: &Settled, file: &ModelFile, progress: &Progress) -> Linked {
    let names: Vec<String> = job.custom_fields.iter().map(|field| field.name.clone()).collect();
    let stage = progress.stage("Comparing", None);
    let identities = Identities::apart(records, &names, &settled.keys(), |_| true, |_| true);
    let empty = Column { codes: vec![MISSING; records.len()], ..Column::default() };
    let table = file.names.table(job, records, &empty, |record| identities.of_record[record] != MISSING);
    let prepared = Prepared::new(&file.imported, &table);
    stage.done(format!("{} comparisons of an imported model", file.imported.comparisons.len()));
    let stage = progress.stage("Blocking", None);
    let blocks = Blocks::of(&prepared);
    stage.done(format!("{} imported rules", file.imported.rules.len()));
    let stage = progress.stage("Linking", None);
    let floor = weight_of(KEPT_FROM) as f64 / UNITS_PER_BIT;
    let (found, compared) = splink::predict(&prepared, &blocks, floor, |pairs| stage.advance(pairs));
    let levels = Levels::of(&file.imported);
    let scorer = Scorer::new(&prepared);
    let units = |bits: f64| (bits * UNITS_PER_BIT).round() as i64;
    let pairs: Vec<RecordPair> = found
        .par_iter()
        .map_init(
            || scorer.memory(),
            |memory, pair| RecordPair {
                left: prepared.order[pair.left as usize],
                right: prepared.order[pair.right as usize],
                weight: units(pair.weight),
                pattern: levels.pack(&scorer, &file.imported, (pair.left, pair.right), memory),
            },
        )
        .collect();
    let own = own_weights(records.len(), &prepared, &scorer);
    let clustering = join_pairs(records, &identities, settled, &job.cluster, (&pairs, compared), |record| {
        units(own[record as usize])
    });
    stage.done(format!("{} people", clustering.partition.people));
    Linked {
        identities,
        comparisons: Comparisons::none(),
        clustering,
        model: None,
        imported: Some(levels),
        expected_matches: 0.0,
        training_pairs: 0,
        patterns: 0,
        rules: Vec::new(),
        limits: Limits { cap: 0, weak_rules: false },
    }
}

/// The weight of each record against its own copy, in bits.
fn own_weights(records: usize, prepared: &Prepared, scorer: &Scorer) -> Vec<f64> {
    let mut own = vec![f64::NEG_INFINITY; records];
    let weights: Vec<f64> = (0..prepared.len() as u32)
        .into_par_iter()
        .map_init(|| scorer.memory(), |memory, place| scorer.weight(place, place, memory))
        .collect();
    weights.into_iter().zip(&prepared.order).for_each(|(weight, &record)| own[record as usize] = weight);
    own
}
