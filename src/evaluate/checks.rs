//! What cannot be, in the lives that linking has put together ([`crate::run::impossible`]), with intervals.

use super::interval::{Estimate, wilson};
use super::scene::Scene;
use crate::run::impossible::{Control, controls};
use serde::Serialize;

/// One check over everybody who could fail it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    pub name: &'static str,
    /// What a hit is, in words.
    pub words: &'static str,
    /// What hits estimate: "false_links" or "missed_links".
    pub points_to: &'static str,
    /// People (for shared numbers: numbers) that could fail.
    pub able: u64,
    pub failed: u64,
    pub per_1000: Estimate,
}

/// Runs every check that the mapped fields allow.
pub(super) fn checks(scene: &Scene) -> Vec<Check> {
    controls(scene.job, &scene.records, scene.partition()).into_iter().map(Check::of).collect()
}

impl Check {
    fn of(control: Control) -> Check {
        let Control { name, words, points_to, able, failed } = control;
        let share = wilson(failed, able);
        let times = |value: Option<f64>| value.map(|value| value * 1000.0);
        let per_1000 = Estimate { value: times(share.value), low: times(share.low), high: times(share.high) };
        Check { name, words, points_to, able, failed, per_1000 }
    }
}
