//! Deliveries of one provider side by side: yesterday's file that was left beside today's, by the record_ids that both hold.
//!
//! A provider may send several files that tell different things of the same records, such as patients and packages. These hold the same record_ids
//! every night, so that only what the run before did not have breaks the gate.

use super::Gates;
use crate::intake::FileReport;
use crate::job::{Job, Provider};
use crate::records::{MISSING, Records};
use rayon::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// An extract may have this share of its record_ids in common with the provider's others.
const SHARED_MAX: f64 = 0.20;
/// Where one had more than this in the run before, the provider's files are of a kind that share record_ids: shares come and go a little.
const SHARED_BEFORE: f64 = 0.10;
/// Fewer record_ids than this in common stop no night, whatever their share.
const SHARED_FROM: u64 = 5;

/// The record_ids of one extract, of several that its provider has sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::run) struct RecordIds {
    /// Each counted once.
    pub distinct: u64,
    /// Those of them that stand in another extract of the provider as well.
    pub shared: u64,
}

impl RecordIds {
    fn share(self) -> f64 {
        self.shared as f64 / self.distinct.max(1) as f64
    }
}

/// The record_ids of each extract, in the order of `files`; `None` where its provider has one extract only, or sends changes.
///
/// Takes two looks at the number of each row's record, and 5 bytes of memory for each record_id of one such provider a thread: some 0.1 GB and two
/// seconds where all of 25 million rows are of a single provider in several files, next to nothing with 400 of them.
pub(super) fn record_ids(job: &Job, files: &[FileReport], records: &Records) -> Vec<Option<RecordIds>> {
    // Files come provider by provider.
    let mut of_providers: Vec<Range<usize>> = Vec::new();
    for own in files.chunk_by(|left, right| left.provider == right.provider) {
        let from = of_providers.last().map_or(0, |before| before.end);
        of_providers.push(from..from + own.len());
    }
    let of_provider = |own: Range<usize>| {
        let provider = &job.providers[usize::from(files[own.start].provider)];
        if own.len() == 1 || provider.changes.is_some() { vec![None; own.len()] } else { counted(records, own) }
    };
    of_providers.into_par_iter().flat_map_iter(of_provider).collect()
}

/// The same of the extracts of one provider, by their places. Of one provider the numbers of records follow one another.
fn counted(records: &Records, files: Range<usize>) -> Vec<Option<RecordIds>> {
    let place = |file: usize| records.extract.partition_point(|&extract| (extract as usize) < file);
    let rows: Vec<Range<usize>> = files.clone().map(|file| place(file)..place(file + 1)).collect();
    let all = &records.key[place(files.start)..place(files.end)];
    let (least, most) = (all.iter().min().copied().unwrap_or(0), all.iter().max().copied().unwrap_or(0));
    let at = |key: u32| (key - least) as usize;
    // In which extract a record was met last, and whether it was in another one before.
    let mut last = vec![MISSING; (most - least) as usize + 1];
    let mut several = vec![false; last.len()];
    for (file, rows) in (0..).zip(&rows) {
        for at in records.key[rows.clone()].iter().map(|&key| at(key)) {
            several[at] |= last[at] != MISSING && last[at] != file;
            last[at] = file;
        }
    }
    last.fill(MISSING);
    let count = |(file, rows): (u32, &Range<usize>)| {
        let mut ids = RecordIds::default();
        for at in records.key[rows.clone()].iter().map(|&key| at(key)) {
            // A record may have several rows in one extract.
            if last[at] != file {
                last[at] = file;
                ids.distinct += 1;
                ids.shared += u64::from(several[at]);
            }
        }
        Some(ids)
    };
    (0..).zip(&rows).map(count).collect()
}

/// Of the `inputs` of a run.json, by provider: the largest share of an extract's record_ids that stood in another one. A provider of whose extracts the
/// run does not tell it is not there: versions before did not.
pub(super) fn shares(inputs: &Value) -> BTreeMap<String, f64> {
    let mut of_provider: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
    for input in inputs.as_array().into_iter().flatten() {
        let ids = input["record_ids"].as_u64().zip(input["record_ids_shared"].as_u64());
        let share = ids.map(|(distinct, shared)| RecordIds { distinct, shared }.share());
        of_provider.entry(input["provider"].as_str().unwrap_or_default()).or_default().push(share);
    }
    let largest = |shares: Vec<Option<f64>>| match shares.len() {
        // One by itself shares nothing.
        1 => Some(0.0),
        _ => shares.into_iter().try_fold(0.0, |most: f64, share| Some(most.max(share?))),
    };
    of_provider.into_iter().filter_map(|(provider, shares)| Some((provider.to_string(), largest(shares)?))).collect()
}

/// What there is to say of extracts that hold the records of others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SideBySide {
    /// Of providers whose extracts held none of each other in the run before.
    pub new: Vec<String>,
    /// Of those of whom the run before tells nothing.
    pub unknown: Vec<String>,
}

impl Gates<'_> {
    /// Providers that sent several extracts, one of which holds records of the others; nothing of those with which it was so in the run before.
    pub(super) fn side_by_side(&self, files: &[FileReport]) -> SideBySide {
        let mut found = SideBySide::default();
        for (at, provider) in self.job.providers.iter().enumerate() {
            let Some(words) = self.shared_most(at, provider, files) else { continue };
            match self.before.shared.get(&provider.id) {
                Some(before) if *before > SHARED_BEFORE => {}
                Some(_) => found.new.push(words),
                None => found.unknown.push(words),
            }
        }
        found
    }

    /// The extract of a provider that shares most, in words; `None` where none shares more than it may, or where two are of the same bytes, of which
    /// more is said.
    fn shared_most(&self, at: usize, provider: &Provider, files: &[FileReport]) -> Option<String> {
        let own = files.iter().zip(&self.record_ids).filter(|(file, _)| usize::from(file.provider) == at);
        let read: Vec<(&FileReport, RecordIds)> =
            own.filter(|(file, _)| file.rows > 0).filter_map(|(file, ids)| Some((file, (*ids)?))).collect();
        let bytes: BTreeSet<&str> = read.iter().map(|(file, _)| file.blake3.as_str()).collect();
        let is_too_much = |ids: RecordIds| ids.shared >= SHARED_FROM && ids.share() > SHARED_MAX;
        let worst = read.iter().filter(|(_, ids)| is_too_much(*ids)).max_by_key(|(_, ids)| ids.shared);
        let (file, ids) = worst.filter(|_| bytes.len() == read.len())?;
        Some(format!(
            "{} of {} record_ids of {} of provider {} stand in another of its extracts",
            ids.shared, ids.distinct, file.name, provider.id
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;
    use crate::job::Setting;
    use crate::run::changes::Changed;
    use crate::run::gates::{Before, Verdict, Waived};
    use serde_json::json;

    fn job() -> Job {
        example::job(&[("gp", Setting::GeneralPractice, 3), ("acute", Setting::Acute, 3)])
    }

    fn file(provider: u16, name: &str) -> FileReport {
        FileReport { name: name.into(), provider, rows: 50, blake3: name.into(), ..FileReport::default() }
    }

    #[test]
    fn record_ids_are_counted_once_an_extract_and_those_of_others_are_known() {
        let records = Records {
            extract: vec![0, 0, 0, 1, 1, 1, 2, 3, 3, 4],
            key: vec![0, 1, 0, 1, 2, 1, 3, 4, 5, 4],
            ..Records::default()
        };
        let files = [file(0, "a"), file(0, "b"), file(0, "c"), file(1, "d"), file(1, "e")];
        let ids = |distinct: u64, shared: u64| Some(RecordIds { distinct, shared });
        let expected = [ids(2, 1), ids(2, 1), ids(1, 0), ids(2, 1), ids(1, 1)];
        assert_eq!(record_ids(&job(), &files, &records), expected);
        // The last one is not there: the hospital's other one is by itself.
        assert_eq!(record_ids(&job(), &files[..4], &records)[2..], [ids(1, 0), None]);
        assert_eq!(record_ids(&job(), &files[..2], &Records::default()), [ids(0, 0), ids(0, 0)]);
    }

    #[test]
    fn a_run_tells_how_far_its_extracts_held_the_same_records() {
        let inputs = json!([
            { "provider": "gp", "record_ids": 40, "record_ids_shared": 10 },
            { "provider": "gp", "record_ids": 20, "record_ids_shared": 10 },
            { "provider": "acute", "record_ids": null, "record_ids_shared": null },
            // As a version wrote them that did not tell.
            { "provider": "older" },
            { "provider": "older" },
        ]);
        assert_eq!(shares(&inputs), BTreeMap::from([("gp".to_string(), 0.5), ("acute".to_string(), 0.0)]));
    }

    #[test]
    fn an_older_delivery_beside_a_new_one_breaks_the_gate_where_files_shared_nothing_before() {
        // What becomes of the gate, and how much is told; `before` is the share of the run before.
        let judged = |before: Option<f64>, shared: u64, distinct: u64, names: [&str; 2]| {
            let job = job();
            let shares = before.into_iter().map(|share| ("gp".to_string(), share)).collect();
            let rows = BTreeMap::from([("gp".to_string(), 50)]);
            let mut gates = Gates::new(&job, Before { rows, shared: shares, ..Before::default() }, Waived::default());
            gates.record_ids = vec![Some(RecordIds { distinct: 400, shared }), Some(RecordIds { distinct, shared })];
            gates.extract_twice(&names.map(|name| file(0, name)), &Changed::default());
            let outcome = gates.outcomes.remove(0);
            (outcome.outcome, gates.told.len(), outcome.saw)
        };
        let of = |before: Option<f64>, shared: u64, distinct: u64| {
            let (outcome, told, _) = judged(before, shared, distinct, ["old", "new"]);
            (outcome, told)
        };
        let saw = "11 of 11 record_ids of new of provider gp stand in another of its extracts";
        assert_eq!(judged(Some(0.0), 11, 11, ["old", "new"]), (Verdict::Failed, 0, saw.to_string()));
        assert_eq!(of(Some(0.05), 380, 390), (Verdict::Failed, 0), "both are whole");
        assert_eq!(of(Some(1.0), 11, 11), (Verdict::Passed, 0), "files of two purposes");
        assert_eq!(of(Some(0.15), 11, 50), (Verdict::Passed, 0), "it was about as much");
        assert_eq!(of(None, 11, 11), (Verdict::Passed, 1), "nobody knows how it was");
        assert_eq!(of(Some(0.0), 4, 4), (Verdict::Passed, 0), "too few");
        assert_eq!(of(Some(0.0), 10, 50), (Verdict::Passed, 0), "no more than a fifth");
        // Of the same bytes it is said once.
        let (outcome, _, saw) = judged(Some(0.0), 50, 50, ["same", "same"]);
        assert_eq!(outcome, Verdict::Failed);
        assert!(saw.contains("with the same 50 rows") && !saw.contains("record_ids"), "{saw}");
    }
}
