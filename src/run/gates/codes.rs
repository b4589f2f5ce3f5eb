//! Carried categories whose codes nobody had in the run before.

use super::Gates;
use super::columns::{Drift, ROWS_MIN};
use super::percent;
use crate::job::CarryKind;
use crate::records::{MISSING, Records};
use rustc_hash::FxHashMap;

impl Gates<'_> {
    /// How far the codes of each provider's carried categories are from those of the run before.
    pub(super) fn codes_drift(&self, records: &Records) -> Vec<Drift> {
        let maximum = self.job.gates.maximum_column_change.max(f64::MIN_POSITIVE);
        let mut drifts = Vec::new();
        for fact in records.facts.iter().filter(|fact| fact.rule.kind == CarryKind::Category) {
            let Some(known) = self.before.codes.get(&fact.rule.name) else { continue };
            let is_known: Vec<bool> = fact.column.values.iter().map(|value| known.contains(value)).collect();
            // Filled rows and those of new codes, by provider.
            let mut counts: FxHashMap<u16, (u64, u64)> = FxHashMap::default();
            for (row, code) in fact.column.codes.iter().enumerate().filter(|(_, code)| *code != MISSING) {
                let (filled, new) = counts.entry(records.provider[row]).or_default();
                *filled += 1;
                *new += u64::from(!is_known[code as usize]);
            }
            for (provider, (filled, new)) in counts {
                let id = &self.job.providers[usize::from(provider)].id;
                // A provider that has just come brings its own codes.
                if filled < ROWS_MIN || !self.before.rows.contains_key(id) {
                    continue;
                }
                let share = new as f64 / filled as f64;
                let name = &fact.rule.name;
                let words = format!(
                    "{name} of provider {id} has codes that nobody had before in {} of its rows",
                    percent(share)
                );
                drifts.push(Drift { size: share / maximum, words });
            }
        }
        // Equally large ones are told in the same order every time.
        drifts.sort_by(|a, b| a.words.cmp(&b.words));
        drifts
    }
}
