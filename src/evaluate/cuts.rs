//! Clusters at every cut: what another false_link_cost or threshold would have given.

use super::known::Known;
use super::measures::{BCubed, Pairs, People, Unit, measure};
use super::scene::Scene;
use crate::clustering::Partition;
use serde::Serialize;

/// Cuts that are tried beside the run's own, as probabilities of an average link.
const CUTS: [f64; 9] = [0.2, 0.5, 0.7, 0.9, 0.97, 0.99, 0.999, 0.9999, 0.999_99];

/// The people that one cut gives, measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    pub probability: f64,
    /// The run's own.
    pub of_the_run: bool,
    pub pairs: Pairs,
    pub b_cubed: BCubed,
    pub people: People,
}

/// Clusters again at each cut: the pairs are scored already, so that each takes a part of the time that linking took.
pub(super) fn cuts(scene: &Scene, known: &Known) -> Vec<Cut> {
    let own = scene.cut();
    let mut cuts = vec![cut_of(known, scene.partition(), own, true)];
    // A cut beside the run's own says nothing new.
    let others = CUTS.iter().copied().filter(|cut| (cut - own).abs() > 0.002 || (1.0 - cut) < (1.0 - own) / 2.0);
    cuts.extend(others.map(|cut| cut_of(known, &scene.partition_at(cut), cut, false)));
    cuts.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    cuts
}

fn cut_of(known: &Known, partition: &Partition, probability: f64, of_the_run: bool) -> Cut {
    let measures = measure(units(known, partition), &["all".to_string()]);
    Cut { probability, of_the_run, pairs: measures.pairs, b_cubed: measures.b_cubed, people: measures.people }
}

/// The measured records as `measure` takes them, providers left out.
pub(super) fn units(known: &Known, partition: &Partition) -> Vec<Unit> {
    let found = known.found_in(partition);
    let unit = |key: u32| Unit { found: found[key as usize], truth: known.truth[key as usize], provider: 0 };
    known.measured(true).into_iter().map(unit).collect()
}
