//! What is judged once people are known: against the run before.

use super::{Gates, percent};
use crate::failure::Result;
use crate::identity::{Change, ChangeKind, Ledger};
use crate::run::agreement::Agreement;
use crate::run::impossible::Control;

/// Fewer people than this never stop a night, whatever their share.
const PEOPLE_MIN: u64 = 5;

impl Gates<'_> {
    /// Judges tonight's people.
    ///
    /// # Errors
    /// The codes of the gates.
    pub fn judge_people(
        &mut self,
        ledger: &Ledger,
        people: u64,
        changes: &[Change],
        controls: &[Control],
        agreements: &[Agreement],
    ) -> Result<()> {
        let before = ledger.people_of_latest_run().filter(|before| *before > 0);
        self.column_meaning(agreements);
        self.people_change(before, people, changes);
        self.merges(before, changes);
        self.negative_controls(controls);
        self.close()
    }

    /// The number of people against the run before, and how many of those people are gone or divided: where as many others have come, as where a
    /// provider has numbered its records anew, the number says nothing.
    pub(super) fn people_change(&mut self, before: Option<u64>, people: u64, changes: &[Change]) {
        let maximum = self.job.gates.maximum_people_change;
        let expected = format!("a change of at most {0}, and at most {0} gone or divided", percent(maximum));
        let Some(before) = before else {
            return self.note("people_change", None, format!("{people} people on the first night"), expected);
        };
        let change = people.abs_diff(before) as f64 / before as f64;
        let count = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count() as u64;
        let (gone, divided) = (count(ChangeKind::Retired), count(ChangeKind::Split));
        let lost = (gone + divided) as f64 / before as f64;
        let holds = change <= maximum && (gone + divided < PEOPLE_MIN || lost <= maximum);
        let saw = format!(
            "{people} people instead of {before} ({} changed), {gone} of them gone and {divided} divided ({})",
            percent(change),
            percent(lost)
        );
        self.note("people_change", Some(holds), saw, expected);
    }

    /// People of the run before who are put together with others.
    fn merges(&mut self, before: Option<u64>, changes: &[Change]) {
        let maximum = self.job.gates.maximum_merged;
        let expected = format!("at most {}", percent(maximum));
        let Some(before) = before else {
            return self.note("merges", None, "nobody to merge on the first night".into(), expected);
        };
        let merged = changes.iter().filter(|change| change.kind == ChangeKind::Merged).count() as u64;
        let share = merged as f64 / before as f64;
        let saw = format!("{merged} of {before} people ({}) put together with others", percent(share));
        self.note("merges", Some(merged < PEOPLE_MIN || share <= maximum), saw, expected);
    }

    /// Histories that cannot be, against the run before.
    fn negative_controls(&mut self, controls: &[Control]) {
        let maximum = self.job.gates.maximum_impossible_rise;
        let expected = format!("a rise of at most {:.1} points", maximum * 100.0);
        let share = |able: u64, failed: u64| failed as f64 / able.max(1) as f64;
        let mut worst: Option<(f64, bool, String)> = None;
        for control in controls.iter().filter(|control| control.points_to == "false_links") {
            let Some(&(able, failed)) = self.before.controls.get(control.name) else { continue };
            let rise = share(control.able, control.failed) - share(able, failed);
            let broken = rise > maximum && control.failed >= failed + PEOPLE_MIN;
            let saw = format!(
                "{} of {} people with {}, after {failed} of {able}",
                control.failed, control.able, control.words
            );
            if worst.as_ref().is_none_or(|(known, was, _)| (broken, rise) > (*was, *known)) {
                worst = Some((rise, broken, saw));
            }
        }
        match worst {
            Some((_, broken, saw)) => self.note("negative_controls", Some(!broken), saw, expected),
            None => self.note("negative_controls", None, "no control to compare".into(), expected),
        }
    }
}
