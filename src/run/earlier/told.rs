//! What the tables of pairs of an earlier run tell of whoever is marked sensitive today: no level that may tell a place, no context, and what a
//! pair weighs by its other levels. Who was marked then is told the same as then.

use crate::best_record::{comparison_may_tell_place, may_tell_place};
use crate::comparison::Comparisons;
use crate::failure::Result;
use crate::job::Job;
use crate::model::splink::{self, Imported, Names};
use crate::model::{Model, UNITS_PER_BIT, probability};
use crate::publish::published::{PublishedRun, Rows, damaged};
use std::collections::BTreeMap;

/// How the names of columns of levels begin.
const LEVEL: &str = "level_";

pub(super) struct Told {
    /// Columns that are null for whoever is marked.
    pub hidden: Vec<String>,
    /// Columns that the weight is worked out from.
    levels: Vec<String>,
    weighing: Weighing,
    /// A scorer asks for comparisons, and needs none for levels that are known.
    none: Comparisons,
}

/// From the bits that stand there, and the levels, to what a pair weighs as it is told, in 1/1024 bit, and its probability.
type Weigher<'a> = Box<dyn Fn(f64, &[Option<u8>]) -> (i64, f64) + 'a>;

/// What a pair weighs that may not be told whole.
enum Weighing {
    /// By our model: of each column the place of its comparison.
    Ours { model: Box<Model>, places: Vec<usize> },
    /// By another tool's: of each column its comparison and whether it is told. `unseen` says that something that is not told stands in no column.
    Theirs { imported: Box<Imported>, comparisons: Vec<(Option<usize>, bool)>, unseen: bool },
    /// The job cannot read that model any more, or nothing was compared.
    Unknown,
}

impl Told {
    /// # Errors
    /// OF0535 where a file of the run cannot be read.
    pub fn of(job: &Job, run: &PublishedRun, table: &str) -> Result<Told> {
        let mut levels = run.columns(table)?;
        levels.retain(|column| column.starts_with(LEVEL));
        let bytes = run.bytes("model.json")?;
        match serde_json::from_slice::<Option<Model>>(&bytes) {
            Ok(Some(model)) => Ok(Told::ours(model, levels)),
            Ok(None) => Ok(Told::nothing(levels)),
            Err(_) => Ok(Told::theirs(job, &String::from_utf8_lossy(&bytes), levels)),
        }
    }

    fn nothing(hidden: Vec<String>) -> Told {
        Told { hidden, levels: Vec::new(), weighing: Weighing::Unknown, none: Comparisons::none() }
    }

    fn ours(model: Model, columns: Vec<String>) -> Told {
        let (hidden, columns): (Vec<String>, Vec<String>) =
            columns.into_iter().partition(|column| comparison_may_tell_place(comparison(column)));
        let place = |column: String| {
            let at = model.comparisons.iter().position(|known| known == comparison(&column))?;
            Some((column, at))
        };
        let (levels, places): (Vec<String>, Vec<usize>) = columns.into_iter().filter_map(place).unzip();
        let weighing = Weighing::Ours { model: Box::new(model), places };
        Told { hidden, levels, weighing, none: Comparisons::none() }
    }

    fn theirs(job: &Job, text: &str, levels: Vec<String>) -> Told {
        let names = Names::of(job);
        let Ok((imported, _)) = splink::read_text(text, &names.names) else {
            return Told::nothing(levels);
        };
        let is_told = |at: usize| !names.reads(&imported, &imported.comparisons[at], may_tell_place);
        let found = |column: &String| {
            let at = imported.comparisons.iter().position(|known| known.name == comparison(column));
            (at, at.is_some_and(is_told))
        };
        let comparisons: Vec<(Option<usize>, bool)> = levels.iter().map(found).collect();
        let stands = |at: usize| comparisons.iter().any(|(known, _)| *known == Some(at));
        let unseen = (0..imported.comparisons.len()).any(|at| !is_told(at) && !stands(at));
        let hidden = levels.iter().zip(&comparisons).filter(|(_, (_, told))| !told);
        let hidden: Vec<String> = hidden.map(|(column, _)| column.clone()).collect();
        let weighing = Weighing::Theirs { imported: Box::new(imported), comparisons, unseen };
        Told { hidden, levels, weighing, none: Comparisons::none() }
    }

    /// The columns that [`Told::numbers`] reads beside the weight.
    pub fn looks_at(&self) -> impl Iterator<Item = &str> {
        ["probability"].into_iter().chain(self.levels.iter().map(String::as_str))
    }

    /// Weight and probability of every row; other ones where it is to `hide` something.
    pub fn numbers(&self, run: &PublishedRun, rows: &Rows, hide: &[bool]) -> Result<BTreeMap<&'static str, Vec<f64>>> {
        let column = |name: &String| rows.levels(name).ok_or_else(|| damaged(&run.folder));
        let levels: Vec<Vec<Option<u8>>> = self.levels.iter().map(column).collect::<Result<_>>()?;
        let (mut weight, mut chance) = (rows.numbers("weight")?.to_vec(), rows.numbers("probability")?.to_vec());
        let weigher = self.weigher();
        for row in (0..rows.len()).filter(|&row| hide[row]) {
            let own: Vec<Option<u8>> = levels.iter().map(|levels| levels[row]).collect();
            let (units, probability) = weigher(weight[row], &own);
            (weight[row], chance[row]) = (units as f64 / UNITS_PER_BIT, probability);
        }
        Ok(BTreeMap::from([("weight", weight), ("probability", chance)]))
    }

    fn weigher(&self) -> Weigher<'_> {
        match &self.weighing {
            Weighing::Ours { model, places } => {
                let (scorer, calibration) = (model.scorer(&self.none), model.calibration());
                Box::new(move |_: f64, levels: &[Option<u8>]| {
                    let known = levels.iter().zip(places).filter_map(|(level, &at)| Some((at, (*level)?)));
                    let units = scorer.weight_of(known.filter(|(at, level)| *level < model.levels[*at]));
                    (units, calibration.probability(units))
                })
            }
            Weighing::Theirs { imported, comparisons, unseen } => Box::new(move |bits: f64, levels: &[Option<u8>]| {
                let told = told_by(imported, comparisons, *unseen, bits, levels);
                let units = (told * UNITS_PER_BIT).round() as i64;
                (units, probability(units))
            }),
            Weighing::Unknown => Box::new(|_: f64, _: &[Option<u8>]| (0, probability(0))),
        }
    }
}

/// The comparison that a column of levels is of.
fn comparison(column: &str) -> &str {
    column.strip_prefix(LEVEL).unwrap_or(column)
}

/// The bits that stand there less what is not told of them. Where nobody can say how much that is, since it hangs on how common a hidden value is or
/// stands in no column, the bits of the levels that are told.
fn told_by(
    imported: &Imported,
    comparisons: &[(Option<usize>, bool)],
    unseen: bool,
    bits: f64,
    levels: &[Option<u8>],
) -> f64 {
    let (mut hidden, mut told, mut is_known) = (0.0, imported.prior, !unseen);
    for (level, (at, is_told)) in levels.iter().zip(comparisons) {
        let Some(level) = level else { continue };
        let reached = at.and_then(|at| imported.comparisons[at].numbered(usize::from(*level)));
        let worth = reached.map_or(0.0, |reached| reached.weight);
        if *is_told {
            told += worth;
        } else {
            hidden += worth;
            is_known &= reached.is_some_and(|reached| reached.frequency.is_none());
        }
    }
    if is_known { bits - hidden } else { told }
}
