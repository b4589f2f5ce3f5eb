//! Several ways of linking the same records, measured alike and side by side: ours, and the published methods of `baselines`.

use super::Options;
use super::cuts::units;
use super::groups::pairs_of;
use super::known::Known;
use super::measures::{BCubed, Pairs, People, measure};
use super::scene::Scene;
use super::traits;
use crate::baselines;
use crate::clustering::Partition;
use crate::model::Recipe;
use serde::Serialize;

/// One way of linking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Linking {
    pub name: String,
    pub pairs: Pairs,
    pub b_cubed: BCubed,
    pub people: People,
    /// Pairs of which a record lacks what linking leans on.
    pub slices: Vec<Slice>,
    /// Records by the step that decided them, for methods that work in steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(&'static str, u64)>,
}

/// The pairs of one slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slice {
    pub name: String,
    pub pairs: Pairs,
}

/// Ours first, then each published method asked for, and ours with each element left out, on the very records that ours linked.
pub(super) fn methods(scene: &Scene, known: &Known, options: &Options) -> Vec<Linking> {
    let mut rows = vec![linking(scene, known, "onefolk", scene.partition())];
    let ablations = if options.ablation { Recipe::ablations() } else { Vec::new() };
    for (words, recipe) in ablations {
        rows.push(linking(scene, known, &format!("onefolk, {words}"), &scene.linked_by(&recipe)));
    }
    for &method in &options.methods {
        let baseline = baselines::link(method, scene.job, &scene.records);
        let steps = baseline.steps.iter().map(|(step, records)| (step.words(), *records)).collect();
        rows.push(Linking { steps, ..linking(scene, known, method.word(), &baseline.partition) });
    }
    rows
}

fn linking(scene: &Scene, known: &Known, name: &str, partition: &Partition) -> Linking {
    let measures = measure(units(known, partition), &["all".to_string()]);
    let (found, measured) = (known.found_in(partition), known.measured(true));
    let slices = traits::slices(&scene.records, known);
    let slice =
        |of: &traits::Trait| Slice { name: of.names[1].clone(), pairs: pairs_of(known, &found, &measured, of, 1) };
    Linking {
        name: name.to_string(),
        pairs: measures.pairs,
        b_cubed: measures.b_cubed,
        people: measures.people,
        slices: slices.iter().map(slice).filter(|slice| slice.pairs.truth > 0).collect(),
        steps: Vec::new(),
    }
}
