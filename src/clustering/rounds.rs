//! First clusters of populations that mostly hold the same, one after another: what is joined within a component is worked out once.
//!
//! The joins of a component that is looked at over all its pairs hang on the identities of its nodes alone, and on which of them are joined before all
//! else; those of a larger one on the pairs that were scored as well, so that it is joined anew.

use super::again::NODES_MIN;
use super::pass::{self, MATRIX_MAX, Way, places_together};
use super::{Merge, Population, Sets};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::{Mutex, PoisonError};

/// The identities of a component's nodes, and the pairs of places that are joined before all else.
type Component = (Vec<u32>, Vec<(usize, usize)>);

/// The joins of components, where merges name places; all of one cut.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    known: Mutex<FxHashMap<Component, Vec<Merge>>>,
}

impl Rounds {
    /// The clusters of the first pass over a population, cut at `cut`, which must be the same every time.
    pub fn first_clusters(&self, population: &Population, cut: i64) -> Sets {
        let Population { nodes, together, .. } = *population;
        let (components, sizes) = population.first_components(cut);
        let name = |component: &Vec<u32>| -> Option<Component> {
            let identities = || component.iter().map(|&node| nodes.identity(node)).collect();
            let is_kept = (NODES_MIN..=MATRIX_MAX).contains(&component.len());
            is_kept.then(|| (identities(), places_together(component, together)))
        };
        let names: Vec<Option<Component>> = components.par_iter().map(name).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut merges, mut new_names, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for (component, name) in components.into_iter().zip(names) {
            let before = name.as_ref().and_then(|name| known.get(name));
            match before {
                Some(before) => merges.push(named(before, |place| component[place as usize])),
                None => {
                    new_names.push(name);
                    new.push(component);
                }
            }
        }
        let joined = population.agglomerate(&new, Way::Average, cut, sizes).merges;
        for ((component, name), merges) in new.iter().zip(new_names).zip(&joined) {
            let place = |node: u32| component.binary_search(&node).expect("a node that is joined is in the component");
            known.extend(name.map(|name| (name, named(merges, |node| place(node) as u32))));
        }
        merges.extend(joined);
        pass::clusters(nodes.len(), &merges, cut)
    }
}

/// The same joins, with other names for nodes.
fn named(merges: &[Merge], name: impl Fn(u32) -> u32) -> Vec<Merge> {
    merges.iter().map(|merge| Merge { left: name(merge.left), right: name(merge.right), ..*merge }).collect()
}
